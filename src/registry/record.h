/* SPDX-License-Identifier: MIT */
/*
 * What the books say: commit records and intents, as JSON with short names.
 *
 *     commit record  {"f":1, "r":request id, "n":keys, "d":tree digest, "t":UTC, "by":author,
 *                     "tpl":template digest, "o":{options that the user gave}}
 *     intent         {"f":1, "r":request id, "op":"create"|"delete"|"change", "n":keys}
 *                    a change has "s":"open"|"active" and "o":[operations], too: journal.h
 *
 * "f" is the format. A reader passes over names that it does not know, so a later version may
 * add some; a change of meaning gets a new number, and then an old reader refuses.
 */
#ifndef CREG_REGISTRY_RECORD_H
#define CREG_REGISTRY_RECORD_H

#include "confreg/base.h"
#include "confreg/error.h"
#include "confreg/registry.h"
#include "registry/dn.h"

/** A commit record as JSON, in the arena. `options` of the instance may be empty: {}. */
creg_status creg_record_print(const creg_instance *instance, creg_arena *arena,
                              creg_slice *ret_text, creg_error *err);

/**
 * Read a commit record into the fields of `instance` that it holds; the others stay. Text is
 * in the arena. `key` is for messages.
 *
 * CREG_DAMAGED      not a commit record
 * CREG_UNSUPPORTED  of a newer format
 */
creg_status creg_record_parse(creg_slice key, creg_slice text, creg_arena *arena,
                              creg_instance *instance, creg_error *err);

/** Fill dn, user, name, version and id of an instance from its DN; in the arena. */
creg_status creg_record_names(const creg_dn *dn, creg_arena *arena, creg_instance *instance,
                              creg_error *err);

/** What somebody began to do with an instance. */
typedef struct creg_intent {
    creg_slice request_id;
    bool is_delete; /* else create, or: */
    bool is_change; /* a journal; see journal.h */
    bool is_active; /* of a change: it has happened for every reader */
    size_t key_count;
    creg_value operations; /* of an active change: a LIST */
} creg_intent;

/** As the functions for commit records. */
creg_status creg_intent_print(const creg_intent *intent, creg_arena *arena,
                              creg_slice *ret_text, creg_error *err);
creg_status creg_intent_parse(creg_slice key, creg_slice text, creg_arena *arena,
                              creg_intent *ret_intent, creg_error *err);

#endif
