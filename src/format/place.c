/* SPDX-License-Identifier: MIT */
/*
 * Offsets to lines and columns, and paths to text. Only error paths come here, so a walk from
 * the start of the text each time is fine.
 */
#include "format/place.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/fail.h"
#include "base/text.h"

/* A path in a message: long enough for any sane one, short enough to leave room for words. */
enum { PATH_TEXT_MAX = 4096 };

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

static uint32_t clamp_u32(size_t number)
{
    return number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
}

void creg_place_of(creg_slice text, size_t at, uint32_t *ret_line, uint32_t *ret_column)
{
    if (at > text.size)
        at = text.size;
    size_t line = 1;
    size_t line_at = 0;
    for (size_t i = 0; i < at; i++)
        if (text.data[i] == '\n') {
            line++;
            line_at = i + 1;
        }
    size_t column = 1;
    for (size_t i = line_at; i < at; i++)
        if (!is_continuation(text.data[i]))
            column++;
    *ret_line = clamp_u32(line);
    *ret_column = clamp_u32(column);
}

static void append_message(creg_error *err, const char *more)
{
    size_t used = strlen(err->message);
    snprintf(err->message + used, sizeof err->message - used, "%s", more);
}

void creg_place_fault(creg_error *err, const char *name, creg_slice text,
                      const creg_fault *fault)
{
    if (err == NULL || !fault->has_place)
        return;
    uint32_t line;
    uint32_t column;
    creg_place_of(text, fault->at, &line, &column);
    creg_error_place(err, name, line, column, 0);
    creg_error_snippet(err, text);
    if (!fault->has_other)
        return;
    creg_place_of(text, fault->other, &line, &column);
    char other[64];
    snprintf(other, sizeof other, " (first at line %u column %u)", line, column);
    append_message(err, other);
}

static void append_key(creg_text *text, creg_value key)
{
    creg_slice shown;
    if (creg_value_str(key, text->arena, &shown, NULL) != CREG_OK)
        shown = creg_slice_of("?");
    creg_text_slice(text, shown);
}

static void append_step(creg_text *text, const creg_step *step)
{
    if (step->is_item) {
        creg_text_format(text, "[%zu]", step->index);
        return;
    }
    if (text->size > 0)
        creg_text_byte(text, '/');
    append_key(text, step->key);
}

creg_slice creg_path_text(creg_path path, creg_arena *arena)
{
    creg_text text;
    creg_text_init(&text, arena, PATH_TEXT_MAX);
    for (size_t i = 0; i < path.size; i++)
        append_step(&text, &path.steps[i]);
    creg_slice result = {NULL, 0};
    if (creg_text_finish(&text, &result, NULL) == CREG_LIMIT && text.failed == CREG_LIMIT &&
        arena->failed == CREG_OK)
        return creg_slice_make(text.data, text.size);
    return result;
}

creg_path creg_path_copy(creg_path path, creg_arena *arena)
{
    creg_path copy = {NULL, path.size, path.on_key};
    creg_step *steps = creg_arena_alloc(arena, path.size * sizeof *steps);
    if (steps != NULL && path.size > 0)
        memcpy(steps, path.steps, path.size * sizeof *steps);
    copy.steps = steps;
    return copy;
}
