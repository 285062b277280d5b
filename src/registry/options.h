/* SPDX-License-Identifier: MIT */
/*
 * The options of a service template: what it declares, and what a user gives over that.
 *
 *     {"required":     {"slaves.number": 4},          a sample; the user must give it
 *      "optional":     {"slaves.cpu": 2},             a default
 *      "advanced":     {"hdfs.replication": 3},       a default that few people touch
 *      "descriptions": {"slaves.number": "How many"}}
 *
 * Every group may be missing. Names are flat: a dot in one means nothing. The type of the
 * declared value is the type of the option; null (type "") takes anything.
 */
#ifndef CREG_REGISTRY_OPTIONS_H
#define CREG_REGISTRY_OPTIONS_H

#include "confreg/base.h"
#include "confreg/error.h"
#include "confreg/registry.h"
#include "confreg/value.h"

/**
 * Read an options document, JSON (when its first character is '{') or YAML. An empty text
 * declares no options. Everything is in the arena; order: required, optional, advanced, and
 * within a group that of the document.
 *
 * CREG_INVALID_OPTIONS  not such a document: syntax (with line and column), an unknown group
 *                       (with "did you mean"), a group or description of the wrong type, an
 *                       option in two groups, an empty name
 * CREG_LIMIT            larger than CREG_LIMIT_OPTIONS_BYTES, or nested too deep
 */
creg_status creg_options_parse(creg_slice text, creg_arena *arena, creg_options *ret_options,
                               creg_error *err);

/**
 * An options document as JSON text, for the store (programs read it back with a JSON parser):
 * JSON comes back unchanged, YAML is rewritten. Statuses as creg_options_parse, which it
 * calls: what it returns is a sound document. An empty text gives "{}".
 */
creg_status creg_options_to_json(creg_slice text, creg_arena *arena, creg_slice *ret_json,
                                 creg_error *err);

/**
 * The options that a body sees: the declared values overlaid by `given` (a MAP with text keys,
 * or NONE), each given value coerced to its option's type where that is exact:
 *
 *     "2" -> 2, "true" -> True, "0.5" -> 0.5, 2 -> "2", "4" stays "4" for a string option,
 *     '["a"]' -> ["a"], '{"a": 1}' -> {"a": 1}; 2.0 -> 2
 *
 * The result is a MAP in the arena, in the order of `declared`. It may share containers with
 * `declared` and `given`; nobody may change them afterwards.
 *
 * CREG_INVALID_OPTIONS  one message that names all required options not given, all unknown
 *                       ones (with "did you mean") and all values of the wrong type
 */
creg_status creg_options_merge(const creg_options *declared, creg_value given,
                               creg_arena *arena, creg_value *ret_options, creg_error *err);

/** As creg_options_merge with nothing given, and the samples of required options taken: for lint. */
creg_status creg_options_samples(const creg_options *declared, creg_value given,
                                 creg_arena *arena, creg_value *ret_options, creg_error *err);

#endif
