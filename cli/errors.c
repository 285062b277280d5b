/* SPDX-License-Identifier: MIT */
/*
 * Print errors and notes, for people and as JSON.
 */
#include "errors.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistr.h>
#include <uniwidth.h>

static void flatten(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            *text = ' ';
}

/* A cut, or a mistyped argument, may leave bytes that are not UTF-8: show '?' instead. */
static void repair(char *text)
{
    size_t size = strlen(text);
    const uint8_t *bad = u8_check((const uint8_t *)text, size);
    while (bad != NULL) {
        text[bad - (const uint8_t *)text] = '?';
        bad = u8_check((const uint8_t *)text, size);
    }
}

creg_status(cli_fail)(cli_context *cli, creg_status status, const char *format, ...)
{
    creg_error_clear(&cli->err);
    cli->err.status = status;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(cli->err.message, sizeof cli->err.message, format, arguments);
    va_end(arguments);
    flatten(cli->err.message);
    repair(cli->err.message);
    return status;
}

void cli_hint(cli_context *cli, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(cli->err.hint, sizeof cli->err.hint, format, arguments);
    va_end(arguments);
    flatten(cli->err.hint);
    repair(cli->err.hint);
}

static creg_status status_of_errno(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
        return CREG_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return CREG_PERMISSION;
    case ENOSPC:
        return CREG_NO_SPACE;
    case ENOMEM:
        return CREG_NO_MEMORY;
    default:
        return CREG_IO;
    }
}

creg_status cli_fail_errno(cli_context *cli, const char *what, int number)
{
    return cli_fail(cli, status_of_errno(number), "%s: %s", what, strerror(number));
}

/* ---- for people ------------------------------------------------------------------------ */

static const char *paint(const cli_context *cli, const char *code)
{
    return cli->color_err ? code : "";
}

static void print_spaces(int count)
{
    for (int at = 0; at < count; at++)
        fputc(' ', stderr);
}

/* How many columns the first `points` code points of the line take on a terminal. */
static int width_of_points(const char *line, size_t points, size_t *ret_bytes)
{
    const uint8_t *at = (const uint8_t *)line;
    const uint8_t *end = at + strlen(line);
    int width = 0;
    for (; points > 0 && at < end; points--) {
        ucs4_t point;
        int size = u8_mbtoucr(&point, at, (size_t)(end - at));
        int columns = size < 0 ? 1 : uc_width(point, "UTF-8");
        width += columns < 0 ? 1 : columns;
        at += size < 0 ? 1 : size;
    }
    *ret_bytes = (size_t)(at - (const uint8_t *)line);
    return width;
}

static void print_underline(const cli_context *cli, int gutter)
{
    const creg_error *err = &cli->err;
    if (err->column == 0)
        return;
    size_t bytes;
    size_t rest_bytes;
    int before = width_of_points(err->snippet, err->column - 1, &bytes);
    if (err->snippet[bytes] == '\0' && bytes > 0 && err->column - 1 > bytes)
        return; /* the place lies behind the cut */
    int length =
        width_of_points(err->snippet + bytes, err->length == 0 ? 1 : err->length, &rest_bytes);
    print_spaces(gutter);
    fprintf(stderr, " | ");
    print_spaces(before);
    fputs(paint(cli, "\033[31m"), stderr);
    for (int at = 0; at < (length < 1 ? 1 : length); at++)
        fputc('^', stderr);
    fprintf(stderr, "%s\n", paint(cli, "\033[0m"));
}

static void print_place(const cli_context *cli)
{
    const creg_error *err = &cli->err;
    if (err->line == 0 && err->source[0] == '\0')
        return;
    fprintf(stderr, "  %s", err->source[0] != '\0' ? err->source : "line");
    if (err->line != 0)
        fprintf(stderr, "%s%u", err->source[0] != '\0' ? ":" : " ", err->line);
    if (err->line != 0 && err->column != 0)
        fprintf(stderr, ":%u", err->column);
    fputc('\n', stderr);
    if (err->line == 0 || err->snippet[0] == '\0')
        return;
    int gutter = fprintf(stderr, "    %u", err->line);
    fprintf(stderr, " | %s\n", err->snippet);
    print_underline(cli, gutter);
}

static void print_plain(const cli_context *cli)
{
    const creg_error *err = &cli->err;
    fprintf(stderr, "confreg: %serror:%s %s\n", paint(cli, "\033[1;31m"), paint(cli, "\033[0m"),
            err->message[0] != '\0' ? err->message : creg_status_text(err->status));
    print_place(cli);
    if (err->detail[0] != '\0')
        fprintf(stderr, "  store: %s\n", err->detail);
    if (err->dn[0] != '\0')
        fprintf(stderr, "  instance: %s\n", err->dn);
    if (err->request_id[0] != '\0')
        fprintf(stderr, "  request: %s\n", err->request_id);
    if (err->hint[0] != '\0')
        fprintf(stderr, "  %shint:%s %s\n", paint(cli, "\033[36m"), paint(cli, "\033[0m"),
                err->hint);
    else if (err->request_id[0] != '\0')
        fprintf(stderr, "  %shint:%s ask with: confreg instance status --request %s\n",
                paint(cli, "\033[36m"), paint(cli, "\033[0m"), err->request_id);
}

/* ---- for programs ---------------------------------------------------------------------- */

/* By hand, because running out of memory must be reportable, too. */
static void print_json_text(const char *text)
{
    fputc('"', stderr);
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\')
            fprintf(stderr, "\\%c", byte);
        else if (byte < 0x20)
            fprintf(stderr, "\\u%04x", byte);
        else
            fputc(byte, stderr);
    }
    fputc('"', stderr);
}

static void print_json_field(const char *name, const char *text)
{
    if (text[0] == '\0')
        return;
    fprintf(stderr, ", \"%s\": ", name);
    print_json_text(text);
}

static void print_json_place(const creg_error *err)
{
    print_json_field("source", err->source);
    if (err->line != 0)
        fprintf(stderr, ", \"line\": %u", err->line);
    if (err->column != 0)
        fprintf(stderr, ", \"column\": %u", err->column);
    if (err->length != 0)
        fprintf(stderr, ", \"length\": %u", err->length);
    print_json_field("snippet", err->snippet);
}

static void print_json(const creg_error *err)
{
    static const char *const retries[] = {"no", "safe", "unknown"};
    fprintf(stderr, "{\"error\": {\"status\": \"%s\", \"exit_code\": %d, \"retry\": \"%s\"",
            creg_status_name(err->status), creg_status_exit_code(err->status),
            retries[creg_status_retry(err->status)]);
    print_json_field("message",
                     err->message[0] != '\0' ? err->message : creg_status_text(err->status));
    print_json_field("type", err->type);
    print_json_place(err);
    print_json_field("detail", err->detail);
    print_json_field("dn", err->dn);
    print_json_field("request_id", err->request_id);
    print_json_field("hint", err->hint);
    fprintf(stderr, "}}\n");
}

void cli_error_print(cli_context *cli)
{
    repair(cli->err.snippet);
    if (cli->error_json)
        print_json(&cli->err);
    else
        print_plain(cli);
}

/* ---- notes ----------------------------------------------------------------------------- */

CREG_PRINTF(3, 0)
static void print_note(const cli_context *cli, const char *kind, const char *format,
                       va_list arguments)
{
    char text[2048];
    vsnprintf(text, sizeof text, format, arguments);
    flatten(text);
    repair(text);
    if (!cli->error_json) {
        fprintf(stderr, "confreg: %s%s\n", kind, text);
        return;
    }
    fprintf(stderr, "{\"%s\": ", kind[0] == '\0' ? "note" : "warning");
    print_json_text(text);
    fprintf(stderr, "}\n");
}

void cli_note(cli_context *cli, const char *format, ...)
{
    if (cli->quiet)
        return;
    va_list arguments;
    va_start(arguments, format);
    print_note(cli, "", format, arguments);
    va_end(arguments);
}

void cli_warn(cli_context *cli, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_note(cli, "warning: ", format, arguments);
    va_end(arguments);
}
