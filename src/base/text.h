/* SPDX-License-Identifier: MIT */
/*
 * A growing buffer of bytes with a ceiling, in an arena.
 *
 * Appending never needs a check of its own: the first failure sticks, later appends do
 * nothing, and creg_text_finish() tells. So code that builds text reads straight.
 */
#ifndef CREG_BASE_TEXT_H
#define CREG_BASE_TEXT_H

#include "base/fail.h"
#include "confreg/base.h"
#include "confreg/error.h"

typedef struct creg_text {
    char *data;
    size_t size;
    size_t capacity;
    size_t limit; /* the most that `size` may become */
    creg_arena *arena;
    creg_status failed; /* CREG_OK, CREG_LIMIT or CREG_NO_MEMORY */
} creg_text;

/** An empty buffer in the arena that may grow to `limit` bytes. Takes no memory yet. */
void creg_text_init(creg_text *text, creg_arena *arena, size_t limit);

/** Room for `extra` more bytes; false (and sticky) when there is none. */
bool creg_text_reserve_slow(creg_text *text, size_t extra);

static inline bool creg_text_reserve(creg_text *text, size_t extra)
{
    return extra <= text->capacity - text->size || creg_text_reserve_slow(text, extra);
}

static inline void creg_text_append(creg_text *text, const char *data, size_t size)
{
    if (size == 0 || !creg_text_reserve(text, size))
        return;
    memcpy(text->data + text->size, data, size);
    text->size += size;
}

static inline void creg_text_slice(creg_text *text, creg_slice slice)
{
    creg_text_append(text, slice.data, slice.size);
}

static inline void creg_text_byte(creg_text *text, char byte)
{
    if (creg_text_reserve(text, 1))
        text->data[text->size++] = byte;
}

/** Append a NUL-terminated string. */
void creg_text_string(creg_text *text, const char *string);

/** Append `count` times the same byte. */
void creg_text_fill(creg_text *text, char byte, size_t count);

/** Append as printf would. */
CREG_PRINTF(2, 3) void creg_text_format(creg_text *text, const char *format, ...);

/** Append an integer in decimal. */
void creg_text_int(creg_text *text, int64_t integer);

/** Append a code point as UTF-8. */
void creg_text_code_point(creg_text *text, uint32_t code_point);

/** What was built, with a NUL behind it (not counted), or why it could not be. */
creg_status creg_text_finish(creg_text *text, creg_slice *ret_text, creg_error *err);

#endif
