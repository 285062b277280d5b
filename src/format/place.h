/* SPDX-License-Identifier: MIT */
/*
 * Places in a document: a path from the root, a range of bytes, and line and column for an
 * error. JSON and YAML share these, and so does whoever maps a complaint about rendered text
 * back to the template that it was rendered from.
 */
#ifndef CREG_FORMAT_PLACE_H
#define CREG_FORMAT_PLACE_H

#include "confreg/base.h"
#include "confreg/error.h"
#include "confreg/value.h"

/** One step down: an item of a list, or the value of a key. */
typedef struct creg_step {
    bool is_item;
    size_t index;   /* of an item */
    creg_value key; /* else: STRING, or whatever scalar the parser made of the key */
} creg_step;

/** The way from the root to a value; with `on_key`, to the key of the last step itself. */
typedef struct creg_path {
    const creg_step *steps;
    size_t size;
    bool on_key;
} creg_path;

/** The bytes from `begin` up to, not including, `end`. */
typedef struct creg_extent {
    size_t begin;
    size_t end;
} creg_extent;

/** Where in the text a parser gave up; `other` is the first of two places, if there are two. */
typedef struct creg_fault {
    size_t at;
    size_t other;
    bool has_place;
    bool has_other;
} creg_fault;

/** Line and column (from 1, columns in code points) of a byte offset. Offsets past the end count as the end. */
void creg_place_of(creg_slice text, size_t at, uint32_t *ret_line, uint32_t *ret_column);

/**
 * Put a fault's place into an error that a parser filled: source name, line, column, snippet,
 * and for two places "(first at line L column C)" behind the message. `name` may be NULL.
 */
void creg_place_fault(creg_error *err, const char *name, creg_slice text,
                      const creg_fault *fault);

/** The path as people write it, "nodes/slave0/tags[2]", in the arena; data NULL on failure. */
creg_slice creg_path_text(creg_path path, creg_arena *arena);

/** A copy in the arena, steps included (keys stay where they are). steps NULL on failure when size is not 0. */
creg_path creg_path_copy(creg_path path, creg_arena *arena);

#endif
