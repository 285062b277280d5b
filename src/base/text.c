/* SPDX-License-Identifier: MIT */
/*
 * The growing buffer: doubling in the arena, in place while it is the newest block there.
 */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

void creg_text_init(creg_text *text, creg_arena *arena, size_t limit)
{
    memset(text, 0, sizeof *text);
    text->arena = arena;
    text->limit = limit;
}

bool creg_text_reserve_slow(creg_text *text, size_t extra)
{
    if (text->failed != CREG_OK)
        return false;
    if (extra > text->limit || text->size > text->limit - extra) {
        text->failed = CREG_LIMIT;
        return false;
    }
    size_t wanted = text->capacity < 64 ? 64 : text->capacity * 2;
    if (wanted < text->size + extra)
        wanted = text->size + extra;
    if (wanted > text->limit)
        wanted = text->limit;
    char *grown = creg_arena_grow(text->arena, text->data, text->capacity, wanted);
    if (grown == NULL) {
        text->failed = (creg_status)text->arena->failed;
        return false;
    }
    text->data = grown;
    text->capacity = wanted;
    return true;
}

void creg_text_string(creg_text *text, const char *string)
{
    creg_text_append(text, string, strlen(string));
}

void creg_text_fill(creg_text *text, char byte, size_t count)
{
    if (count == 0 || !creg_text_reserve(text, count))
        return;
    memset(text->data + text->size, byte, count);
    text->size += count;
}

void creg_text_format(creg_text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int needed = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (needed < 0 || !creg_text_reserve(text, (size_t)needed + 1))
        return;
    va_start(arguments, format);
    vsnprintf(text->data + text->size, (size_t)needed + 1, format, arguments);
    va_end(arguments);
    text->size += (size_t)needed;
}

void creg_text_int(creg_text *text, int64_t integer)
{
    char digits[20];
    size_t at = sizeof digits;
    uint64_t rest = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (integer < 0)
        creg_text_byte(text, '-');
    creg_text_append(text, digits + at, sizeof digits - at);
}

void creg_text_code_point(creg_text *text, uint32_t code_point)
{
    char bytes[4];
    size_t size;
    if (code_point < 0x80) {
        bytes[0] = (char)code_point;
        size = 1;
    } else if (code_point < 0x800) {
        bytes[0] = (char)(0xC0 | code_point >> 6);
        bytes[1] = (char)(0x80 | (code_point & 0x3F));
        size = 2;
    } else if (code_point < 0x10000) {
        bytes[0] = (char)(0xE0 | code_point >> 12);
        bytes[1] = (char)(0x80 | (code_point >> 6 & 0x3F));
        bytes[2] = (char)(0x80 | (code_point & 0x3F));
        size = 3;
    } else {
        bytes[0] = (char)(0xF0 | code_point >> 18);
        bytes[1] = (char)(0x80 | (code_point >> 12 & 0x3F));
        bytes[2] = (char)(0x80 | (code_point >> 6 & 0x3F));
        bytes[3] = (char)(0x80 | (code_point & 0x3F));
        size = 4;
    }
    creg_text_append(text, bytes, size);
}

creg_status creg_text_finish(creg_text *text, creg_slice *ret_text, creg_error *err)
{
    if (text->failed == CREG_LIMIT)
        return creg_fail(err, CREG_LIMIT, "text of more than %zu bytes", text->limit);
    if (text->failed != CREG_OK)
        return creg_fail_arena(err, text->arena);
    /* The closing NUL may stand past the limit: it is ours, not the text's. */
    if (text->size == text->capacity) {
        char *grown = creg_arena_grow(text->arena, text->data, text->capacity, text->size + 1);
        if (grown == NULL)
            return creg_fail_arena(err, text->arena);
        text->data = grown;
        text->capacity = text->size + 1;
    }
    text->data[text->size] = '\0';
    *ret_text = creg_slice_make(text->data, text->size);
    return CREG_OK;
}
