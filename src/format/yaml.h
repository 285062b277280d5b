/* SPDX-License-Identifier: MIT */
/*
 * YAML, as the rest of the library uses it beyond the public calls of confreg/value.h:
 * what a plain scalar means, where each scalar stands in the text, and finding a value.
 */
#ifndef CREG_FORMAT_YAML_H
#define CREG_FORMAT_YAML_H

#include "format/place.h"

/** What a scalar is, once its tag or its form has told. */
typedef enum creg_yaml_type {
    CREG_YAML_STRING,
    CREG_YAML_NULL,
    CREG_YAML_BOOL,
    CREG_YAML_INT,
    CREG_YAML_FLOAT,
    CREG_YAML_DATE, /* YAML 1.1 only */
    CREG_YAML_MERGE /* "<<" */
} creg_yaml_type;

/**
 * What a plain scalar without a tag is: by the core schema of YAML 1.2, or with
 * CREG_PARSE_YAML_1_1 in `flags` as PyYAML resolves it. Threads: any.
 */
creg_yaml_type creg_yaml_resolve(creg_slice plain, unsigned flags);

/**
 * The value of a scalar of a type. Text of STRING, DATE and (with
 * CREG_PARSE_NUMBERS_AS_WRITTEN) NUMBER is borrowed from `text`; the rest is in the arena.
 *
 * CREG_INVALID  the text is not of that type
 * CREG_LIMIT    an integer of too many digits
 */
creg_status creg_yaml_scalar(creg_slice text, creg_yaml_type type, unsigned flags,
                             creg_arena *arena, creg_value *ret_value, creg_error *err);

/** The number that a kept numeral (CREG_KIND_NUMBER) means: by YAML 1.2, which includes JSON, else by 1.1. */
creg_status creg_yaml_number(creg_slice numeral, creg_arena *arena, creg_value *ret_value,
                             creg_error *err);

/** How a scalar is written. */
typedef enum creg_yaml_style {
    CREG_YAML_PLAIN,
    CREG_YAML_QUOTED, /* '...' or "..." */
    CREG_YAML_BLOCK   /* | or > */
} creg_yaml_style;

/** Where one scalar stands: quotes and block header included. Empty for a value left out. */
typedef struct creg_yaml_extent {
    creg_extent extent;
    creg_yaml_style style;
    bool is_key;
    bool is_merge;
} creg_yaml_extent;

/** All scalars of a document, in its order; in an arena. */
typedef struct creg_yaml_extents {
    creg_yaml_extent *items;
    size_t size;
} creg_yaml_extents;

/**
 * creg_yaml_parse, but the error has no line yet: `ret_fault` has the offsets (written on
 * failure only). `ret_extents` (may be NULL) gets the place of every scalar, in the arena.
 */
creg_status creg_yaml_read(creg_slice text, unsigned flags, creg_arena *arena,
                           creg_value *ret_value, creg_yaml_extents *ret_extents,
                           creg_fault *ret_fault, creg_error *err);

/**
 * Find a value (or with `on_key` the key) in YAML text that was parsed before; keys are
 * compared as `flags` reads them. What came through an alias or a merge key is found where
 * the alias or the "<<" stands. False when it is not there.
 */
bool creg_yaml_locate(creg_slice text, unsigned flags, creg_path path, creg_extent *ret_extent);

#endif
