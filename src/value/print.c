/* SPDX-License-Identifier: MIT */
/*
 * Values as Python's str() and repr() print them.
 *
 * A container that holds itself prints as "[...]" there, so the chain of open containers is
 * kept, on the stack, in `frame`. An object prints itself and may print other values on the
 * way; `nesting` carries the depth across that call, because the object cannot.
 */
#include "value/print.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/number.h"
#include "base/unicode.h"
#include "value/integer.h"

typedef struct frame {
    const struct frame *outer;
    const void *container;
    unsigned depth;
} frame;

/* Where failures go, and what the printing may still cost. */
typedef struct printing {
    creg_error *err;
    uint64_t *work; /* NULL: whatever it takes */
} printing;

static _Thread_local unsigned nesting;

static creg_status print_at(creg_text *text, creg_value value, bool as_repr, const frame *outer,
                            const printing *how);

/* False, with the error filled, when the price is more than is left. */
static bool pay(const printing *how, uint64_t price)
{
    if (how->work == NULL)
        return true;
    bool enough = *how->work > price;
    *how->work = enough ? *how->work - price : 0;
    if (!enough)
        creg_fail(how->err, CREG_LIMIT, "printing costs more steps than are left");
    return enough;
}

static void print_float(creg_text *text, double real)
{
    if (creg_text_reserve(text, CREG_FLOAT_REPR_MAX))
        text->size += creg_float_repr(real, text->data + text->size);
}

void creg_value_print_bytes(creg_text *text, creg_slice bytes)
{
    bool has_single = bytes.size > 0 && memchr(bytes.data, '\'', bytes.size) != NULL;
    bool has_double = bytes.size > 0 && memchr(bytes.data, '"', bytes.size) != NULL;
    char quote = has_single && !has_double ? '"' : '\'';
    creg_text_byte(text, 'b');
    creg_text_byte(text, quote);
    for (size_t i = 0; i < bytes.size; i++) {
        char byte = bytes.data[i];
        if (byte == quote || byte == '\\')
            creg_text_format(text, "\\%c", byte);
        else if (byte == '\n' || byte == '\r' || byte == '\t')
            creg_text_format(text, "\\%c", byte == '\n' ? 'n' : byte == '\r' ? 'r' : 't');
        else if ((unsigned char)byte < 0x20 || (unsigned char)byte >= 0x7F)
            creg_text_format(text, "\\x%02x", (unsigned)(unsigned char)byte);
        else
            creg_text_byte(text, byte);
    }
    creg_text_byte(text, quote);
}

static void print_string(creg_text *text, creg_value value, bool as_repr)
{
    if (!as_repr) {
        creg_text_slice(text, creg_value_text(value));
        return;
    }
    bool is_markup = (value.flags & CREG_STRING_MARKUP) != 0;
    if (is_markup)
        creg_text_string(text, "Markup(");
    creg_unicode_repr(text, creg_value_text(value));
    if (is_markup)
        creg_text_byte(text, ')');
}

static void print_range(creg_text *text, const creg_range *range)
{
    creg_text_string(text, "range(");
    creg_text_int(text, range->start);
    creg_text_string(text, ", ");
    creg_text_int(text, range->stop);
    if (range->step != 1) {
        creg_text_string(text, ", ");
        creg_text_int(text, range->step);
    }
    creg_text_byte(text, ')');
}

static creg_status print_object(creg_text *text, const creg_object *object, bool as_repr,
                                const frame *outer, const printing *how)
{
    const creg_object_class *class = object->object_class;
    if (class->print == NULL) {
        creg_text_format(text, "<%s object>", class->type_name);
        return CREG_OK;
    }
    unsigned saved = nesting;
    nesting = (outer == NULL ? saved : outer->depth) + 1;
    if (nesting > CREG_LIMIT_DEPTH) {
        nesting = saved;
        return creg_fail(how->err, CREG_LIMIT, "value nested deeper than %d levels",
                         CREG_LIMIT_DEPTH);
    }
    creg_slice printed = {0};
    creg_status status = class->print(object, as_repr, text->arena, &printed, how->err);
    nesting = saved;
    if (status == CREG_OK)
        creg_text_slice(text, printed);
    return status;
}

static creg_status print_items(creg_text *text, const creg_list *list, const frame *self,
                               const printing *how)
{
    for (size_t i = 0; i < list->size; i++) {
        if (i > 0)
            creg_text_append(text, ", ", 2);
        creg_status status = print_at(text, list->items[i], true, self, how);
        if (status != CREG_OK || text->failed != CREG_OK)
            return status;
    }
    return CREG_OK;
}

static creg_status print_list(creg_text *text, creg_value value, const frame *self,
                              const printing *how)
{
    bool is_tuple = value.kind == CREG_KIND_TUPLE;
    creg_text_byte(text, is_tuple ? '(' : '[');
    creg_status status = print_items(text, value.as.list, self, how);
    if (is_tuple && value.as.list->size == 1)
        creg_text_byte(text, ',');
    creg_text_byte(text, is_tuple ? ')' : ']');
    return status;
}

static creg_status print_map(creg_text *text, creg_value value, const frame *self,
                             const printing *how)
{
    const creg_map *map = value.as.map;
    bool first = true;
    creg_text_byte(text, '{');
    for (size_t i = 0; i < map->filled; i++) {
        const creg_entry *entry = &map->entries[i];
        if (!entry->used)
            continue;
        if (!first)
            creg_text_append(text, ", ", 2);
        first = false;
        creg_status status = print_at(text, entry->key, true, self, how);
        if (status == CREG_OK && value.kind == CREG_KIND_MAP) {
            creg_text_append(text, ": ", 2);
            status = print_at(text, entry->value, true, self, how);
        }
        if (status != CREG_OK || text->failed != CREG_OK)
            return status;
    }
    creg_text_byte(text, '}');
    return CREG_OK;
}

static bool is_open(const frame *outer, const void *container)
{
    for (; outer != NULL; outer = outer->outer)
        if (outer->container == container)
            return true;
    return false;
}

static creg_status print_container(creg_text *text, creg_value value, const frame *outer,
                                   const printing *how)
{
    bool is_list = value.kind == CREG_KIND_LIST || value.kind == CREG_KIND_TUPLE;
    const void *container = is_list ? (const void *)value.as.list : (const void *)value.as.map;
    if (is_open(outer, container)) {
        creg_text_string(text, value.kind == CREG_KIND_LIST    ? "[...]"
                               : value.kind == CREG_KIND_TUPLE ? "(...)"
                                                               : "{...}");
        return CREG_OK;
    }
    if (value.kind == CREG_KIND_SET && value.as.map->size == 0) {
        creg_text_string(text, "set()");
        return CREG_OK;
    }
    frame self = {.outer = outer, .container = container};
    self.depth = (outer == NULL ? nesting : outer->depth) + 1;
    if (self.depth > CREG_LIMIT_DEPTH)
        return creg_fail(how->err, CREG_LIMIT, "value nested deeper than %d levels",
                         CREG_LIMIT_DEPTH);
    /* Looking for it among the open ones takes longer the deeper it is. */
    if (!pay(how, 1 + self.depth / 8 + (is_list ? value.as.list->size : value.as.map->size)))
        return CREG_LIMIT;
    if (is_list)
        return print_list(text, value, &self, how);
    return print_map(text, value, &self, how);
}

/* The digits cost by the square of the size. */
static creg_status print_big(creg_text *text, creg_value value, const printing *how)
{
    uint64_t words = 1 + creg_integer_bits(creg_value_to_integer(value)) / 64;
    if (!pay(how, words * words / 5 + 1))
        return CREG_LIMIT;
    creg_integer_print(text, creg_value_to_integer(value), 10);
    return CREG_OK;
}

static creg_status print_at(creg_text *text, creg_value value, bool as_repr, const frame *outer,
                            const printing *how)
{
    switch ((creg_kind)value.kind) {
    case CREG_KIND_UNDEFINED:
        creg_text_string(text, as_repr ? "Undefined" : "");
        return CREG_OK;
    case CREG_KIND_NONE:
        creg_text_append(text, "None", 4);
        return CREG_OK;
    case CREG_KIND_BOOL:
        creg_text_string(text, value.as.integer != 0 ? "True" : "False");
        return CREG_OK;
    case CREG_KIND_INT:
        creg_text_int(text, value.as.integer);
        return CREG_OK;
    case CREG_KIND_BIGINT:
        return print_big(text, value, how);
    case CREG_KIND_FLOAT:
        print_float(text, value.as.real);
        return CREG_OK;
    case CREG_KIND_NUMBER:
    case CREG_KIND_DATE:
        creg_text_slice(text, creg_value_text(value));
        return CREG_OK;
    case CREG_KIND_STRING:
        if (value.size >= 64 && !pay(how, as_repr ? value.size : value.size / 64))
            return CREG_LIMIT;
        print_string(text, value, as_repr);
        return CREG_OK;
    case CREG_KIND_BYTES:
        creg_value_print_bytes(text, creg_value_text(value));
        return CREG_OK;
    case CREG_KIND_RANGE:
        print_range(text, value.as.range);
        return CREG_OK;
    case CREG_KIND_OBJECT:
        return print_object(text, value.as.object, as_repr, outer, how);
    case CREG_KIND_LIST:
    case CREG_KIND_TUPLE:
    case CREG_KIND_SET:
    case CREG_KIND_MAP:
        return print_container(text, value, outer, how);
    }
    return creg_fail(how->err, CREG_INTERNAL, "value of unknown kind %u", (unsigned)value.kind);
}

creg_status creg_value_print(creg_text *text, creg_value value, bool as_repr, creg_error *err)
{
    const printing how = {.err = err};
    return print_at(text, value, as_repr, NULL, &how);
}

creg_status creg_value_print_within(creg_text *text, creg_value value, bool as_repr,
                                    uint64_t *work, creg_error *err)
{
    const printing how = {.err = err, .work = work};
    return print_at(text, value, as_repr, NULL, &how);
}

static creg_status print_whole(creg_value value, bool as_repr, creg_arena *arena,
                               creg_slice *ret_text, creg_error *err)
{
    creg_text text;
    creg_text_init(&text, arena, arena->budget);
    creg_status status = creg_value_print(&text, value, as_repr, err);
    return status == CREG_OK ? creg_text_finish(&text, ret_text, err) : status;
}

creg_status creg_value_str(creg_value value, creg_arena *arena, creg_slice *ret_text,
                           creg_error *err)
{
    if (value.kind == CREG_KIND_STRING) {
        *ret_text = creg_value_text(value);
        return CREG_OK;
    }
    return print_whole(value, false, arena, ret_text, err);
}

creg_status creg_value_repr(creg_value value, creg_arena *arena, creg_slice *ret_text,
                            creg_error *err)
{
    return print_whole(value, true, arena, ret_text, err);
}
