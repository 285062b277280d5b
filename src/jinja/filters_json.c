/* SPDX-License-Identifier: MIT */
/*
 * JSON as Python's json.dumps writes it: sorted keys, ASCII only, NaN and Infinity allowed.
 *
 * creg_json_print() writes strict JSON for stores and people; this writer copies what
 * templates have always got from Jinja's tojson, its HTML-safe escapes included.
 */
#include "jinja/builtins.h"

#include "base/integer.h"
#include "base/number.h"
#include "base/utf8.h"

#include <math.h>

/* A container being written, to tell a circle from mere depth. */
typedef struct nesting {
    const struct nesting *outer;
    const void *container;
    size_t depth;
} nesting;

typedef struct writer {
    jinja_run *run;
    const jinja_json_style *style;
    creg_text *out;
} writer;

static creg_status write_value(const writer *w, creg_value value, const nesting *outer);

/* ---- texts and numbers ------------------------------------------------------------------ */

/* 0: as it is; 'u': \u00XX; 'h': likewise when HTML-safe; 'a': when ASCII only; else the letter
 * of a short escape. */
static const char escapes[128] = {
    ['\b'] = 'b',  ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r', ['"'] = '"',
    ['\\'] = '\\', ['<'] = 'h',  ['>'] = 'h',  ['&'] = 'h',  ['\''] = 'h', [0] = 'u',
    [1] = 'u',     [2] = 'u',    [3] = 'u',    [4] = 'u',    [5] = 'u',    [6] = 'u',
    [7] = 'u',     [11] = 'u',   [14] = 'u',   [15] = 'u',   [16] = 'u',   [17] = 'u',
    [18] = 'u',    [19] = 'u',   [20] = 'u',   [21] = 'u',   [22] = 'u',   [23] = 'u',
    [24] = 'u',    [25] = 'u',   [26] = 'u',   [27] = 'u',   [28] = 'u',   [29] = 'u',
    [30] = 'u',    [31] = 'u',   [127] = 'a',
};

static void append_unit(creg_text *out, uint32_t unit)
{
    static const char hex[] = "0123456789abcdef";
    char escaped[6] = {
        '\\',          'u', hex[unit >> 12 & 15], hex[unit >> 8 & 15], hex[unit >> 4 & 15],
        hex[unit & 15]};
    creg_text_append(out, escaped, sizeof escaped);
}

static void append_code_point(creg_text *out, uint32_t c)
{
    if (c < 0x10000) {
        append_unit(out, c);
        return;
    }
    append_unit(out, 0xD7C0 + (c >> 10)); /* the surrogate pair of UTF-16 */
    append_unit(out, 0xDC00 + (c & 0x3FF));
}

static bool is_plain(const writer *w, unsigned char c)
{
    if (c >= 0x80)
        return !w->style->ascii;
    return escapes[c] == 0 || (escapes[c] == 'h' && !w->style->html_safe) ||
           (escapes[c] == 'a' && !w->style->ascii);
}

static void write_text(const writer *w, creg_slice text)
{
    creg_text *out = w->out;
    creg_text_byte(out, '"');
    for (size_t at = 0; at < text.size;) {
        size_t start = at;
        while (at < text.size && is_plain(w, (unsigned char)text.data[at]))
            at++;
        creg_text_append(out, text.data + start, at - start);
        if (at == text.size)
            break;
        size_t width;
        uint32_t c = creg_utf8_decode(text.data + at, &width);
        at += width;
        if (c < 0x7F && escapes[c] != 'u' && escapes[c] != 'h') {
            char escaped[2] = {'\\', escapes[c]};
            creg_text_append(out, escaped, 2);
        } else {
            append_code_point(out, c);
        }
    }
    creg_text_byte(out, '"');
}

static void write_float(const writer *w, double real)
{
    if (isnan(real)) {
        creg_text_string(w->out, "NaN");
    } else if (isinf(real)) {
        creg_text_string(w->out, real < 0 ? "-Infinity" : "Infinity");
    } else {
        char digits[CREG_FLOAT_REPR_MAX];
        creg_text_append(w->out, digits, creg_float_repr(real, digits));
    }
}

/* A scalar that JSON has a word for; false: it is none. */
static bool write_scalar(const writer *w, creg_value value)
{
    switch ((creg_kind)value.kind) {
    case CREG_KIND_NONE:
        creg_text_string(w->out, "null");
        return true;
    case CREG_KIND_BOOL:
        creg_text_string(w->out, value.as.integer != 0 ? "true" : "false");
        return true;
    case CREG_KIND_INT:
        creg_text_int(w->out, value.as.integer);
        return true;
    case CREG_KIND_BIGINT:
        creg_integer_print(w->out, (creg_integer){.big = value.as.big}, 10);
        return true;
    case CREG_KIND_FLOAT:
        write_float(w, value.as.real);
        return true;
    case CREG_KIND_NUMBER: /* a numeral from a document, kept as written */
        creg_text_slice(w->out, creg_value_text(value));
        return true;
    default:
        return false;
    }
}

/* ---- containers ------------------------------------------------------------------------- */

static creg_status enter(const writer *w, const nesting *outer, const void *container,
                         nesting *ret_inner)
{
    size_t depth = outer == NULL ? 1 : outer->depth + 1;
    *ret_inner = (nesting){.outer = outer, .container = container, .depth = depth};
    if (depth <= CREG_LIMIT_DEPTH)
        return CREG_OK;
    for (; outer != NULL; outer = outer->outer)
        if (outer->container == container)
            return jinja_fail(w->run, "ValueError", "Circular reference detected");
    return jinja_fail(w->run, "RecursionError",
                      "maximum recursion depth exceeded while encoding a JSON object");
}

static void write_break(const writer *w, size_t depth)
{
    if (!w->style->has_indent)
        return;
    creg_text_byte(w->out, '\n');
    for (size_t i = 0; i < depth; i++)
        creg_text_slice(w->out, w->style->indent);
}

static void write_comma(const writer *w, size_t depth)
{
    creg_text_string(w->out, w->style->has_indent ? "," : ", ");
    write_break(w, depth);
}

static creg_status write_list(const writer *w, const creg_list *list, const nesting *outer)
{
    nesting inner;
    creg_status status = enter(w, outer, list, &inner);
    if (status != CREG_OK)
        return status;
    creg_text_byte(w->out, '[');
    for (size_t i = 0; i < list->size && status == CREG_OK; i++) {
        if (i > 0)
            write_comma(w, inner.depth);
        else
            write_break(w, inner.depth);
        status = write_value(w, list->items[i], &inner);
    }
    if (list->size > 0)
        write_break(w, inner.depth - 1);
    creg_text_byte(w->out, ']');
    return status;
}

static creg_status write_key(const writer *w, creg_value key)
{
    if (creg_value_is(key, CREG_KIND_STRING)) {
        write_text(w, creg_value_text(key));
        return CREG_OK;
    }
    creg_text_byte(w->out, '"');
    if (!write_scalar(w, key))
        return jinja_fail(w->run, "TypeError",
                          "keys must be str, int, float, bool or None, not %s",
                          creg_value_type_name(key));
    creg_text_byte(w->out, '"');
    return CREG_OK;
}

static creg_status sorted_entries(const writer *w, const creg_map *map,
                                  jinja_sort_item **ret_items)
{
    creg_status status = jinja_sort_items_of(w->run, map, ret_items);
    return status == CREG_OK && w->style->sort_keys
               ? jinja_sort(w->run, *ret_items, map->size, false, jinja_is_less)
               : status;
}

static creg_status write_map(const writer *w, const creg_map *map, const nesting *outer)
{
    nesting inner;
    jinja_sort_item *items = NULL;
    creg_status status = enter(w, outer, map, &inner);
    if (status == CREG_OK)
        status = sorted_entries(w, map, &items);
    if (status != CREG_OK)
        return status;
    creg_text_byte(w->out, '{');
    for (size_t i = 0; i < map->size && status == CREG_OK; i++) {
        if (i > 0)
            write_comma(w, inner.depth);
        else
            write_break(w, inner.depth);
        status = write_key(w, items[i].key);
        creg_text_append(w->out, ": ", 2);
        if (status == CREG_OK)
            status = write_value(w, items[i].value, &inner);
    }
    if (map->size > 0)
        write_break(w, inner.depth - 1);
    creg_text_byte(w->out, '}');
    return status;
}

static creg_status write_value(const writer *w, creg_value value, const nesting *outer)
{
    creg_status status = jinja_charge(w->run, 1);
    if (status != CREG_OK)
        return status;
    if (w->out->failed != CREG_OK) {
        creg_value ignored;
        return jinja_text_value(w->run, w->out, &ignored);
    }
    switch ((creg_kind)value.kind) {
    case CREG_KIND_STRING:
        write_text(w, creg_value_text(value));
        return CREG_OK;
    case CREG_KIND_LIST:
    case CREG_KIND_TUPLE:
        return write_list(w, value.as.list, outer);
    case CREG_KIND_MAP:
        return write_map(w, value.as.map, outer);
    case CREG_KIND_BIGINT:
        return jinja_print(w->run, w->out, value, false);
    default:
        break;
    }
    if (write_scalar(w, value))
        return CREG_OK;
    return jinja_fail(w->run, "TypeError", "Object of type %s is not JSON serializable",
                      creg_value_type_name(value));
}

creg_status jinja_json_write(jinja_run *run, creg_value value, const jinja_json_style *style,
                             creg_value *ret_text)
{
    creg_text out;
    jinja_text_init(run, &out);
    writer w = {.run = run, .style = style, .out = &out};
    creg_status status = write_value(&w, value, NULL);
    if (status == CREG_OK)
        status = jinja_charge(run, out.size / 64);
    return status == CREG_OK ? jinja_text_value(run, &out, ret_text) : status;
}

creg_status jinja_json_indent(jinja_call *call, size_t index, jinja_json_style *style)
{
    if (!jinja_has(call, index) || creg_value_is(call->args[index], CREG_KIND_NONE))
        return CREG_OK;
    style->has_indent = true;
    creg_value indent = call->args[index];
    if (creg_value_is(indent, CREG_KIND_STRING)) {
        style->indent = creg_value_text(indent);
        return CREG_OK;
    }
    int64_t width;
    creg_status status = jinja_argument_int(call, index, 0, &width);
    if (status != CREG_OK || width <= 0)
        return status;
    status = jinja_charge_bytes(call->run, (size_t)width, 1);
    if (status != CREG_OK)
        return status;
    char *spaces = creg_arena_take(call->run->arena, (size_t)width);
    if (spaces == NULL)
        return jinja_fail_arena(call->run);
    memset(spaces, ' ', (size_t)width);
    style->indent = creg_slice_make(spaces, (size_t)width);
    return CREG_OK;
}

static creg_status filter_tojson(jinja_call *call, creg_value *ret_value)
{
    jinja_json_style style = {.sort_keys = true, .ascii = true, .html_safe = true};
    creg_status status = CREG_OK;
    if (!creg_value_is(call->args[0],
                       CREG_KIND_STRING)) /* nobody asks how a text is indented */
        status = jinja_json_indent(call, 1, &style);
    if (status == CREG_OK)
        status = jinja_json_write(call->run, call->args[0], &style, ret_value);
    /* A whole JSON value, put there on purpose: it may bring structure of its own outside
     * quotes; inside them it is escaped like any text. */
    if (status == CREG_OK)
        ret_value->flags |= CREG_STRING_MARKUP | CREG_STRING_TRUSTED;
    return status;
}

const jinja_builtin jinja_filters_json[] = {
    {"tojson", filter_tojson, "tojson(indent=none)",
     "As JSON with sorted keys, safe inside HTML and <script>.", 0, 0},
    JINJA_ROW_END,
};
