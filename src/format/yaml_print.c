/* SPDX-License-Identifier: MIT */
/*
 * Values as block-style YAML that reads back as the same values.
 *
 *     nodes:
 *       slave0:
 *         cpu: 2
 *         tags:
 *           - a
 *           - "no"
 *
 * Text is quoted wherever YAML 1.2 or YAML 1.1 would see something else in it, so that it does
 * not matter who reads the result. Text of several lines becomes a literal block when that
 * can hold it exactly.
 */
#include <math.h>

#include "base/arena.h"
#include "base/fail.h"
#include "base/limits.h"
#include "base/number.h"
#include "base/text.h"
#include "base/utf8.h"
#include "format/yaml.h"

/* libyaml sees a key without "?" in front only if it is at most 1024 long, escapes counted. */
enum { INDENT = 2, SIMPLE_KEY_MAX = 128 };

typedef struct frame {
    creg_value value;
    size_t at; /* next item or entry */
    size_t indent;
    bool is_inline; /* its first line follows "- " on the line that is open */
} frame;

typedef struct writer {
    creg_text text;
    creg_arena *arena;
    creg_error *err;
    size_t depth;
    frame stack[CREG_LIMIT_DEPTH];
} writer;

/* ---- text ------------------------------------------------------------------------------ */

/* What libyaml takes unescaped; NEL, LS and PS are line breaks to it, so they are not text. */
static bool is_printable(uint32_t code_point)
{
    if (code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0))
        return false;
    return code_point != 0x2028 && code_point != 0x2029 && code_point != 0xFEFF &&
           code_point != 0xFFFE && code_point != 0xFFFF;
}

static bool all_printable(creg_slice text, bool or_newline)
{
    for (size_t at = 0; at < text.size;) {
        size_t size;
        uint32_t code_point = creg_utf8_decode(text.data + at, &size);
        if (!is_printable(code_point) && !(or_newline && code_point == '\n'))
            return false;
        at += size;
    }
    return true;
}

static bool is_plain_start(char first)
{
    return (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z') ||
           (first >= '0' && first <= '9') || first == '/' || first == '_' || first == '.' ||
           first == '+' || first == '(' || first == '$' || (unsigned char)first >= 0x80;
}

/* ": " and " #" end a plain scalar, and so does a ':' at its end. */
static bool has_mark(creg_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        bool last = i + 1 == text.size;
        if (text.data[i] == ':' && (last || text.data[i + 1] == ' '))
            return true;
        if (text.data[i] == '#' && i > 0 && text.data[i - 1] == ' ')
            return true;
    }
    return false;
}

static bool reads_as_text(creg_slice text)
{
    return creg_yaml_resolve(text, 0) == CREG_YAML_STRING &&
           creg_yaml_resolve(text, CREG_PARSE_YAML_1_1) == CREG_YAML_STRING;
}

static bool goes_plain(creg_slice text)
{
    if (text.size == 0 || !is_plain_start(text.data[0]) || text.data[text.size - 1] == ' ')
        return false;
    if (text.size >= 3 && memcmp(text.data, "...", 3) == 0)
        return false;
    return !has_mark(text) && all_printable(text, false) && reads_as_text(text);
}

static void write_escape(creg_text *text, uint32_t code_point)
{
    switch (code_point) {
    case '"':
        creg_text_string(text, "\\\"");
        return;
    case '\\':
        creg_text_string(text, "\\\\");
        return;
    case '\n':
        creg_text_string(text, "\\n");
        return;
    case '\r':
        creg_text_string(text, "\\r");
        return;
    case '\t':
        creg_text_string(text, "\\t");
        return;
    default:
        break;
    }
    if (code_point < 0x100)
        creg_text_format(text, "\\x%02X", (unsigned)code_point);
    else
        creg_text_format(text, "\\u%04X", (unsigned)code_point);
}

static void write_quoted(creg_text *text, creg_slice string)
{
    creg_text_byte(text, '"');
    for (size_t at = 0; at < string.size;) {
        size_t size;
        uint32_t code_point = creg_utf8_decode(string.data + at, &size);
        if (is_printable(code_point) && code_point != '"' && code_point != '\\')
            creg_text_append(text, string.data + at, size);
        else
            write_escape(text, code_point);
        at += size;
    }
    creg_text_byte(text, '"');
}

/* A literal block holds printable lines; the first must show its own indentation. */
static bool goes_literal(creg_slice text)
{
    if (text.size == 0 || memchr(text.data, '\n', text.size) == NULL)
        return false;
    return text.data[0] != ' ' && text.data[0] != '\n' && all_printable(text, true);
}

static void write_literal_line(creg_text *text, creg_slice line, size_t indent)
{
    if (line.size > 0) {
        creg_text_fill(text, ' ', indent);
        creg_text_slice(text, line);
    }
    creg_text_byte(text, '\n');
}

static void write_literal(creg_text *text, creg_slice string, size_t indent)
{
    size_t newlines = 0;
    while (newlines < string.size && string.data[string.size - 1 - newlines] == '\n')
        newlines++;
    creg_text_string(text, newlines == 0 ? "|-\n" : newlines == 1 ? "|\n" : "|+\n");
    const char *at = string.data;
    const char *end = string.data + string.size;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *line_end = newline == NULL ? end : newline;
        write_literal_line(text, creg_slice_make(at, (size_t)(line_end - at)), indent);
        at = newline == NULL ? end : newline + 1;
    }
}

static void write_text(creg_text *text, creg_slice string)
{
    if (goes_plain(string))
        creg_text_slice(text, string);
    else
        write_quoted(text, string);
}

/* ---- scalars --------------------------------------------------------------------------- */

/* YAML 1.1 sees a float only where there is a point: 1e+16 goes out as 1.0e+16. */
static void write_float(creg_text *text, double real)
{
    if (!isfinite(real)) {
        creg_text_string(text, isnan(real) ? ".nan" : real < 0 ? "-.inf" : ".inf");
        return;
    }
    char digits[CREG_FLOAT_REPR_MAX];
    size_t size = creg_float_repr(real, digits);
    const char *exponent = memchr(digits, 'e', size);
    if (exponent == NULL || memchr(digits, '.', size) != NULL) {
        creg_text_append(text, digits, size);
        return;
    }
    size_t mantissa = (size_t)(exponent - digits);
    creg_text_append(text, digits, mantissa);
    creg_text_string(text, ".0");
    creg_text_append(text, exponent, size - mantissa);
}

static creg_status write_scalar(writer *write, creg_value value)
{
    creg_text *text = &write->text;
    creg_slice digits;
    creg_status status;
    switch ((creg_kind)value.kind) {
    case CREG_KIND_NONE:
        creg_text_string(text, "null");
        return CREG_OK;
    case CREG_KIND_BOOL:
        creg_text_string(text, value.as.integer != 0 ? "true" : "false");
        return CREG_OK;
    case CREG_KIND_INT:
        creg_text_int(text, value.as.integer);
        return CREG_OK;
    case CREG_KIND_BIGINT:
        status = creg_value_str(value, write->arena, &digits, write->err);
        if (status == CREG_OK)
            creg_text_slice(text, digits);
        return status;
    case CREG_KIND_FLOAT:
        write_float(text, value.as.real);
        return CREG_OK;
    case CREG_KIND_NUMBER:
    case CREG_KIND_DATE:
        creg_text_slice(text, creg_value_text(value));
        return CREG_OK;
    case CREG_KIND_STRING:
        write_text(text, creg_value_text(value));
        return CREG_OK;
    default:
        return creg_fail(write->err, CREG_UNSUPPORTED_TYPE,
                         "a value of type %s cannot be written as YAML",
                         creg_value_type_name(value));
    }
}

/* ---- containers ------------------------------------------------------------------------ */

static bool is_list(creg_value value)
{
    return creg_value_is(value, CREG_KIND_LIST) || creg_value_is(value, CREG_KIND_TUPLE);
}

static bool is_container(creg_value value)
{
    return is_list(value) || creg_value_is(value, CREG_KIND_MAP);
}

static size_t size_of(creg_value value)
{
    return is_list(value) ? value.as.list->size : value.as.map->size;
}

static creg_status open_container(writer *write, creg_value value, size_t indent,
                                  bool is_inline)
{
    if (write->depth == CREG_LIMIT_DEPTH)
        return creg_fail(write->err, CREG_LIMIT, "nested deeper than %d levels",
                         CREG_LIMIT_DEPTH);
    write->stack[write->depth++] =
        (frame){.value = value, .indent = indent, .is_inline = is_inline};
    return CREG_OK;
}

/* A value behind "key:" or at the top; `indent` is that of what lies below it. */
static creg_status write_member_value(writer *write, creg_value value, size_t indent)
{
    creg_text *text = &write->text;
    if (is_container(value) && size_of(value) > 0) {
        creg_text_byte(text, '\n');
        return open_container(write, value, indent, false);
    }
    creg_text_byte(text, ' ');
    if (creg_value_is(value, CREG_KIND_STRING) && goes_literal(creg_value_text(value))) {
        write_literal(text, creg_value_text(value), indent);
        return CREG_OK;
    }
    creg_status status = CREG_OK;
    if (is_container(value))
        creg_text_string(text, is_list(value) ? "[]" : "{}");
    else
        status = write_scalar(write, value);
    creg_text_byte(text, '\n');
    return status;
}

/* Items open on the line of their "-": lists and maps go on there. */
static creg_status write_item(writer *write, creg_value value, size_t indent)
{
    if (!is_container(value) || size_of(value) == 0) {
        creg_text_byte(&write->text, '-');
        return write_member_value(write, value, indent);
    }
    creg_text_string(&write->text, "- ");
    return open_container(write, value, indent, true);
}

static creg_status write_key(writer *write, creg_value key)
{
    if (is_container(key))
        return creg_fail(write->err, CREG_UNSUPPORTED_TYPE,
                         "a key of type %s cannot be written as YAML",
                         creg_value_type_name(key));
    bool is_long = creg_value_is(key, CREG_KIND_BIGINT) ||
                   (key.kind >= CREG_KIND_NUMBER && key.size > SIMPLE_KEY_MAX);
    if (is_long)
        creg_text_string(&write->text, "? ");
    size_t indent = write->stack[write->depth - 1].indent;
    creg_status status = write_scalar(write, key);
    if (is_long) {
        creg_text_byte(&write->text, '\n');
        creg_text_fill(&write->text, ' ', indent);
    }
    creg_text_byte(&write->text, ':');
    return status;
}

static void begin_line(writer *write, frame *top)
{
    if (!top->is_inline)
        creg_text_fill(&write->text, ' ', top->indent);
    top->is_inline = false;
}

/* The next entry in use, or NULL at the end. */
static const creg_entry *next_entry(frame *top)
{
    const creg_map *map = top->value.as.map;
    while (top->at < map->filled && !map->entries[top->at].used)
        top->at++;
    return top->at < map->filled ? &map->entries[top->at++] : NULL;
}

static creg_status write_next_item(writer *write, frame *top)
{
    const creg_list *list = top->value.as.list;
    if (top->at == list->size) {
        write->depth--;
        return CREG_OK;
    }
    begin_line(write, top);
    return write_item(write, list->items[top->at++], top->indent + INDENT);
}

static creg_status write_next_member(writer *write, frame *top)
{
    const creg_entry *entry = next_entry(top);
    if (entry == NULL) {
        write->depth--;
        return CREG_OK;
    }
    begin_line(write, top);
    creg_status status = write_key(write, entry->key);
    return status == CREG_OK ? write_member_value(write, entry->value, top->indent + INDENT)
                             : status;
}

static creg_status write_root(writer *write, creg_value value)
{
    if (is_container(value) && size_of(value) > 0)
        return open_container(write, value, 0, false);
    creg_status status = CREG_OK;
    if (is_container(value))
        creg_text_string(&write->text, is_list(value) ? "[]" : "{}");
    else
        status = write_scalar(write, value);
    creg_text_byte(&write->text, '\n');
    return status;
}

creg_status creg_yaml_print(creg_value value, creg_arena *arena, creg_slice *ret_text,
                            creg_error *err)
{
    writer write;
    creg_text_init(&write.text, arena, CREG_LIMIT_DOCUMENT);
    write.arena = arena;
    write.err = err;
    write.depth = 0;
    creg_status status = write_root(&write, value);
    while (status == CREG_OK && write.depth > 0 && write.text.failed == CREG_OK) {
        frame *top = &write.stack[write.depth - 1];
        status =
            is_list(top->value) ? write_next_item(&write, top) : write_next_member(&write, top);
    }
    if (status != CREG_OK)
        return status;
    return creg_text_finish(&write.text, ret_text, err);
}
