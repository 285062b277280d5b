/* SPDX-License-Identifier: MIT */
/*
 * Values as JSON text, laid out as Python's json.dumps lays it out.
 *
 * Nesting is a stack of our own, so that a value that contains itself ends in CREG_LIMIT.
 */
#include <math.h>

#include "base/arena.h"
#include "base/fail.h"
#include "base/limits.h"
#include "base/number.h"
#include "base/sort.h"
#include "base/text.h"
#include "base/utf8.h"
#include "format/json.h"
#include "format/yaml.h"

/* A container that is being written. */
typedef struct frame {
    bool is_list;
    const creg_value *items;   /* of a list */
    const creg_entry *entries; /* of a map: without holes, sorted when asked */
    size_t count;
    size_t done;
} frame;

typedef struct writer {
    creg_text text;
    const creg_json_style *style;
    creg_arena *arena;
    creg_error *err;
    size_t depth;
    frame stack[CREG_LIMIT_DEPTH];
} writer;

/* ---- scalars --------------------------------------------------------------------------- */

static void write_unit(creg_text *text, uint32_t unit)
{
    static const char hex[] = "0123456789abcdef";
    char escape[6] = {
        '\\',          'u', hex[unit >> 12 & 15], hex[unit >> 8 & 15], hex[unit >> 4 & 15],
        hex[unit & 15]};
    creg_text_append(text, escape, sizeof escape);
}

static void write_escape(creg_text *text, uint32_t code_point)
{
    switch (code_point) {
    case '"':
        creg_text_append(text, "\\\"", 2);
        return;
    case '\\':
        creg_text_append(text, "\\\\", 2);
        return;
    case '\n':
        creg_text_append(text, "\\n", 2);
        return;
    case '\r':
        creg_text_append(text, "\\r", 2);
        return;
    case '\t':
        creg_text_append(text, "\\t", 2);
        return;
    case '\b':
        creg_text_append(text, "\\b", 2);
        return;
    case '\f':
        creg_text_append(text, "\\f", 2);
        return;
    default:
        break;
    }
    if (code_point < 0x10000) {
        write_unit(text, code_point);
        return;
    }
    write_unit(text, 0xD800 + ((code_point - 0x10000) >> 10));
    write_unit(text, 0xDC00 + ((code_point - 0x10000) & 0x3FF));
}

/* json.dumps escapes U+007F only together with everything outside ASCII. */
static bool goes_plain(char byte, bool ascii)
{
    unsigned char unit = (unsigned char)byte;
    if (unit < 0x20 || unit == '"' || unit == '\\')
        return false;
    return !ascii || unit < 0x7F;
}

static void write_string(creg_text *text, creg_slice string, bool ascii)
{
    creg_text_byte(text, '"');
    size_t plain = 0;
    size_t at = 0;
    while (at < string.size) {
        if (goes_plain(string.data[at], ascii)) {
            at++;
            continue;
        }
        creg_text_append(text, string.data + plain, at - plain);
        size_t size;
        write_escape(text, creg_utf8_decode(string.data + at, &size));
        at += size;
        plain = at;
    }
    creg_text_append(text, string.data + plain, string.size - plain);
    creg_text_byte(text, '"');
}

static creg_status write_float(writer *write, double real)
{
    if (!isfinite(real))
        return creg_fail(write->err, CREG_UNSUPPORTED_TYPE, "JSON has no %s",
                         isnan(real) ? "NaN" : "Infinity");
    char digits[CREG_FLOAT_REPR_MAX];
    creg_text_append(&write->text, digits, creg_float_repr(real, digits));
    return CREG_OK;
}

static creg_status write_bigint(writer *write, creg_value value)
{
    creg_slice digits;
    creg_status status = creg_value_str(value, write->arena, &digits, write->err);
    if (status == CREG_OK)
        creg_text_slice(&write->text, digits);
    return status;
}

static creg_status write_scalar(writer *write, creg_value value);

/* A numeral goes out as it was written when JSON knows the form; 0o17 and .5 go out as numbers. */
static creg_status write_written(writer *write, creg_value value)
{
    creg_slice numeral = creg_value_text(value);
    if (creg_json_is_number(numeral)) {
        creg_text_slice(&write->text, numeral);
        return CREG_OK;
    }
    creg_value number;
    creg_status status = creg_yaml_number(numeral, write->arena, &number, write->err);
    return status == CREG_OK ? write_scalar(write, number) : status;
}

static creg_status fail_type(writer *write, creg_value value)
{
    return creg_fail(write->err, CREG_UNSUPPORTED_TYPE,
                     "a value of type %s is not JSON serializable",
                     creg_value_type_name(value));
}

static creg_status write_scalar(writer *write, creg_value value)
{
    switch ((creg_kind)value.kind) {
    case CREG_KIND_NONE:
        creg_text_string(&write->text, "null");
        return CREG_OK;
    case CREG_KIND_BOOL:
        creg_text_string(&write->text, value.as.integer != 0 ? "true" : "false");
        return CREG_OK;
    case CREG_KIND_INT:
        creg_text_int(&write->text, value.as.integer);
        return CREG_OK;
    case CREG_KIND_BIGINT:
        return write_bigint(write, value);
    case CREG_KIND_FLOAT:
        return write_float(write, value.as.real);
    case CREG_KIND_NUMBER:
        return write_written(write, value);
    case CREG_KIND_STRING:
        write_string(&write->text, creg_value_text(value), write->style->ascii);
        return CREG_OK;
    default:
        return fail_type(write, value);
    }
}

/* ---- keys ------------------------------------------------------------------------------ */

/* Python lets these be keys too, and writes them as the text of their JSON form. */
static bool is_key(creg_value key)
{
    return key.kind >= CREG_KIND_NONE && key.kind <= CREG_KIND_NUMBER;
}

static creg_status write_key(writer *write, creg_value key)
{
    if (creg_value_is(key, CREG_KIND_STRING))
        return write_scalar(write, key);
    if (!is_key(key))
        return creg_fail(write->err, CREG_UNSUPPORTED_TYPE,
                         "keys must be text, numbers, booleans or null, not %s",
                         creg_value_type_name(key));
    creg_text_byte(&write->text, '"');
    creg_status status = write_scalar(write, key);
    creg_text_byte(&write->text, '"');
    return status;
}

static int by_key(const void *left, const void *right)
{
    creg_slice one = creg_value_text(((const creg_entry *)left)->key);
    creg_slice two = creg_value_text(((const creg_entry *)right)->key);
    size_t shorter = one.size < two.size ? one.size : two.size;
    int order = shorter == 0 ? 0 : memcmp(one.data, two.data, shorter);
    if (order != 0)
        return order;
    return one.size < two.size ? -1 : one.size > two.size;
}

static bool all_text(const creg_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!creg_value_is(entries[i].key, CREG_KIND_STRING))
            return false;
    return true;
}

/* Entries without holes, sorted when the style asks: the map itself stays as it is. */
static creg_status list_entries(writer *write, const creg_map *map,
                                const creg_entry **ret_entries)
{
    *ret_entries = map->entries;
    if (map->size == map->filled && !write->style->sort_keys)
        return CREG_OK;
    creg_entry *copy = creg_arena_calloc(write->arena, map->size * 2, sizeof *copy);
    if (copy == NULL)
        return creg_fail_arena(write->err, write->arena);
    size_t count = 0;
    for (size_t i = 0; i < map->filled; i++)
        if (map->entries[i].used)
            copy[count++] = map->entries[i];
    *ret_entries = copy;
    if (!write->style->sort_keys)
        return CREG_OK;
    if (!all_text(copy, count))
        return creg_fail(write->err, CREG_UNSUPPORTED_TYPE,
                         "only keys that are text can be sorted");
    creg_sort(copy, count, sizeof *copy, by_key, copy + count);
    return CREG_OK;
}

/* ---- layout ---------------------------------------------------------------------------- */

static void write_newline(writer *write)
{
    creg_text_byte(&write->text, '\n');
    creg_text_fill(&write->text, ' ', write->depth * (size_t)write->style->indent);
}

static void write_separator(writer *write, bool first)
{
    if (!first)
        creg_text_byte(&write->text, ',');
    if (write->style->indent > 0)
        write_newline(write);
    else if (!first && !write->style->compact)
        creg_text_byte(&write->text, ' ');
}

static bool is_list(creg_value value)
{
    return creg_value_is(value, CREG_KIND_LIST) || creg_value_is(value, CREG_KIND_TUPLE);
}

static creg_status open_container(writer *write, creg_value value)
{
    frame fresh = {.is_list = is_list(value)};
    if (fresh.is_list) {
        fresh.items = value.as.list->items;
        fresh.count = value.as.list->size;
    } else {
        fresh.count = value.as.map->size;
    }
    if (fresh.count == 0) {
        creg_text_string(&write->text, fresh.is_list ? "[]" : "{}");
        return CREG_OK;
    }
    if (write->depth == CREG_LIMIT_DEPTH)
        return creg_fail(write->err, CREG_LIMIT, "nested deeper than %d levels",
                         CREG_LIMIT_DEPTH);
    if (!fresh.is_list) {
        creg_status status = list_entries(write, value.as.map, &fresh.entries);
        if (status != CREG_OK)
            return status;
    }
    creg_text_byte(&write->text, fresh.is_list ? '[' : '{');
    write->stack[write->depth++] = fresh;
    return CREG_OK;
}

static void close_container(writer *write)
{
    const frame *top = &write->stack[--write->depth];
    if (write->style->indent > 0)
        write_newline(write);
    creg_text_byte(&write->text, top->is_list ? ']' : '}');
}

static creg_status write_value(writer *write, creg_value value)
{
    if (is_list(value) || creg_value_is(value, CREG_KIND_MAP))
        return open_container(write, value);
    return write_scalar(write, value);
}

static creg_status write_next(writer *write, frame *top)
{
    write_separator(write, top->done == 0);
    if (top->is_list)
        return write_value(write, top->items[top->done++]);
    const creg_entry *entry = &top->entries[top->done++];
    creg_status status = write_key(write, entry->key);
    if (status != CREG_OK)
        return status;
    creg_text_byte(&write->text, ':');
    if (!write->style->compact)
        creg_text_byte(&write->text, ' ');
    return write_value(write, entry->value);
}

static creg_status write_tree(writer *write, creg_value value)
{
    creg_status status = write_value(write, value);
    while (status == CREG_OK && write->depth > 0 && write->text.failed == CREG_OK) {
        frame *top = &write->stack[write->depth - 1];
        if (top->done == top->count)
            close_container(write);
        else
            status = write_next(write, top);
    }
    return status;
}

creg_status creg_json_print(creg_value value, const creg_json_style *style, creg_arena *arena,
                            creg_slice *ret_text, creg_error *err)
{
    static const creg_json_style one_line = {0};
    writer write;
    creg_text_init(&write.text, arena, CREG_LIMIT_DOCUMENT);
    write.style = style == NULL ? &one_line : style;
    write.arena = arena;
    write.err = err;
    write.depth = 0;
    creg_status status = write_tree(&write, value);
    if (status != CREG_OK)
        return status;
    return creg_text_finish(&write.text, ret_text, err);
}
