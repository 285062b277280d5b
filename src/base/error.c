/* SPDX-License-Identifier: MIT */
/*
 * The status list as tables, and the caller-owned error object.
 *
 * Nothing here allocates, so that "out of memory" can be reported, too.
 */
#include "confreg/error.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/fail.h"

typedef struct status_row {
    const char *name;
    const char *text;
    const char *python;
    int exit_code;
    creg_retry retry;
} status_row;

static const status_row rows[] = {
#define STATUS_ROW(name_, number_, exit_code_, retry_, python_, text_)                         \
    [number_] = {.name = #name_,                                                               \
                 .text = (text_),                                                              \
                 .python = (python_),                                                          \
                 .exit_code = (exit_code_),                                                    \
                 .retry = CREG_RETRY_##retry_},
    CREG_STATUS_LIST(STATUS_ROW)
#undef STATUS_ROW
};

static const status_row *row_of(creg_status status)
{
    size_t count = sizeof rows / sizeof rows[0];
    size_t number = (size_t)status;
    return number < count ? &rows[number] : &rows[CREG_INTERNAL];
}

const char *creg_status_text(creg_status status)
{
    return row_of(status)->text;
}

const char *creg_status_name(creg_status status)
{
    return row_of(status)->name;
}

int creg_status_exit_code(creg_status status)
{
    return row_of(status)->exit_code;
}

creg_retry creg_status_retry(creg_status status)
{
    return row_of(status)->retry;
}

const char *creg_status_python(creg_status status)
{
    return row_of(status)->python;
}

void creg_error_clear(creg_error *err)
{
    if (err != NULL)
        memset(err, 0, sizeof *err);
}

/* A cut in the middle of a UTF-8 sequence would make the message invalid; cut before it. */
static void trim_partial_character(char *text, size_t size)
{
    size_t length = strlen(text);
    if (length + 1 < size)
        return;
    size_t at = length;
    while (at > 0 && ((unsigned char)text[at - 1] & 0xC0) == 0x80)
        at--;
    if (at == 0)
        return;
    unsigned char lead = (unsigned char)text[at - 1];
    size_t wanted = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (length - (at - 1) < wanted)
        text[at - 1] = '\0';
}

/* One line whatever the pieces hold: a control byte in a name must not fake a second message. */
static void flatten_control_bytes(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            *text = ' ';
}

CREG_PRINTF(3, 0)
static void write_text(char *text, size_t size, const char *format, va_list arguments)
{
    vsnprintf(text, size, format, arguments);
    trim_partial_character(text, size);
    flatten_control_bytes(text);
}

creg_status(creg_fail)(creg_error *err, creg_status status, const char *format, ...)
{
    if (err == NULL)
        return status;
    creg_error_clear(err);
    err->status = status;
    va_list arguments;
    va_start(arguments, format);
    write_text(err->message, sizeof err->message, format, arguments);
    va_end(arguments);
    return status;
}

void creg_error_hint(creg_error *err, const char *format, ...)
{
    if (err == NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    write_text(err->hint, sizeof err->hint, format, arguments);
    va_end(arguments);
}

void creg_error_detail(creg_error *err, const char *format, ...)
{
    if (err == NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    write_text(err->detail, sizeof err->detail, format, arguments);
    va_end(arguments);
}

void creg_error_prefix(creg_error *err, const char *format, ...)
{
    if (err == NULL)
        return;
    char joined[CREG_ERROR_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    write_text(joined, sizeof joined, format, arguments);
    va_end(arguments);
    size_t used = strlen(joined);
    size_t rest = strlen(err->message);
    if (rest > sizeof joined - 1 - used)
        rest = sizeof joined - 1 - used;
    memcpy(joined + used, err->message, rest);
    joined[used + rest] = '\0';
    trim_partial_character(joined, sizeof joined);
    memcpy(err->message, joined, used + rest + 1);
}

void creg_error_place(creg_error *err, const char *source, uint32_t line, uint32_t column,
                      uint32_t length)
{
    if (err == NULL)
        return;
    if (source != NULL)
        snprintf(err->source, sizeof err->source, "%s", source);
    err->line = line;
    err->column = column;
    err->length = length;
}

void creg_error_snippet(creg_error *err, creg_slice text)
{
    if (err == NULL || err->line == 0)
        return;
    const char *at = text.data;
    const char *end = text.data + text.size;
    for (uint32_t line = 1; line < err->line && at != NULL; line++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        at = newline == NULL ? NULL : newline + 1;
    }
    if (at == NULL || at >= end)
        return;
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    size_t size = (size_t)((newline == NULL ? end : newline) - at);
    if (size > 0 && at[size - 1] == '\r')
        size--;
    snprintf(err->snippet, sizeof err->snippet, "%.*s", (int)(size > 255 ? 255 : size), at);
    trim_partial_character(err->snippet, sizeof err->snippet);
    flatten_control_bytes(err->snippet);
}

void creg_error_type(creg_error *err, const char *type)
{
    if (err != NULL)
        snprintf(err->type, sizeof err->type, "%s", type);
}

creg_status(creg_fail_arena)(creg_error *err, const creg_arena *arena)
{
    if (arena->failed == CREG_LIMIT)
        return creg_fail(err, CREG_LIMIT, "more than %zu bytes of memory needed",
                         arena->budget);
    return creg_fail(err, CREG_NO_MEMORY, "out of memory");
}
