/* SPDX-License-Identifier: MIT */
/*
 * pprint: Python's pprint.pformat with its defaults, 80 columns and sorted keys; and with a depth
 * and several items a line for `{% debug %}`.
 *
 * What fits on a line is written on one. To know, it is tried: the attempt goes straight to
 * the output and is taken back when it grows past the line, so that the work stays bounded
 * however large the value is.
 */
#include "jinja/builtins.h"

#include "base/unicode.h"
#include "base/utf8.h"

enum { LINE_WIDTH = 80 };

typedef struct printer {
    jinja_run *run;
    creg_text *out;
    size_t depth;    /* containers below it are "..."; 0: none are */
    bool is_compact; /* as many items of a sequence on a line as fit */
} printer;

/* Where a value stands: its column, what must still fit behind it, how deep. */
typedef struct place {
    size_t indent;
    size_t allowance;
    size_t level;
} place;

static creg_status print_value(const printer *p, creg_value value, place at);
static creg_status repr_value(const printer *p, creg_value value, size_t stop, size_t level);

static size_t room_at(place at)
{
    size_t used = at.indent + at.allowance;
    return used < LINE_WIDTH ? LINE_WIDTH - used : 0;
}

static creg_status check_level(const printer *p, size_t level)
{
    if (level > CREG_LIMIT_DEPTH)
        return jinja_fail(p->run, "RecursionError", "maximum recursion depth exceeded");
    return jinja_charge(p->run, 1);
}

/* ---- sorted keys ------------------------------------------------------------------------ */

/* Keys that Python cannot order are ordered by the names of their types. */
static creg_status is_less_somehow(jinja_run *run, creg_value left, creg_value right,
                                   bool *ret_less)
{
    creg_error *err = run->err;
    run->err = NULL; /* a TypeError here is no failure */
    creg_status status = jinja_compare(run, JINJA_LESS, left, right, ret_less);
    run->err = err;
    if (status == CREG_OK)
        return CREG_OK;
    if (status != CREG_TEMPLATE_RUNTIME)
        return jinja_compare(run, JINJA_LESS, left, right, ret_less);
    *ret_less = strcmp(creg_value_type_name(left), creg_value_type_name(right)) < 0;
    return CREG_OK;
}

static creg_status sorted_items(jinja_run *run, const creg_map *map,
                                jinja_sort_item **ret_items)
{
    creg_status status = jinja_sort_items_of(run, map, ret_items);
    return status == CREG_OK ? jinja_sort(run, *ret_items, map->size, false, is_less_somehow)
                             : status;
}

/* ---- on one line ------------------------------------------------------------------------ */

/* The attempt is over once the output has passed `stop`. */
static bool is_over(const printer *p, size_t stop)
{
    return p->out->size > stop || p->out->failed != CREG_OK;
}

/* What is too deep is not looked into. */
static bool is_too_deep(const printer *p, size_t size, size_t level)
{
    return p->depth != 0 && size > 0 && level >= p->depth;
}

static creg_status repr_items(const printer *p, const creg_list *list, size_t stop,
                              size_t level)
{
    creg_status status = CREG_OK;
    if (is_too_deep(p, list->size, level)) {
        creg_text_string(p->out, "...");
        return CREG_OK;
    }
    for (size_t i = 0; i < list->size && status == CREG_OK && !is_over(p, stop); i++) {
        if (i > 0)
            creg_text_append(p->out, ", ", 2);
        status = repr_value(p, list->items[i], stop, level + 1);
    }
    return status;
}

static creg_status repr_map(const printer *p, const creg_map *map, size_t stop, size_t level)
{
    if (is_too_deep(p, map->size, level)) {
        creg_text_string(p->out, "{...}");
        return CREG_OK;
    }
    jinja_sort_item *items = NULL;
    creg_status status = sorted_items(p->run, map, &items);
    creg_text_byte(p->out, '{');
    for (size_t i = 0; status == CREG_OK && i < map->size && !is_over(p, stop); i++) {
        if (i > 0)
            creg_text_append(p->out, ", ", 2);
        status = repr_value(p, items[i].key, stop, level + 1);
        creg_text_append(p->out, ": ", 2);
        if (status == CREG_OK)
            status = repr_value(p, items[i].value, stop, level + 1);
    }
    creg_text_byte(p->out, '}');
    return status;
}

static creg_status repr_plain(const printer *p, creg_value value)
{
    return jinja_print(p->run, p->out, value, true);
}

static creg_status repr_value(const printer *p, creg_value value, size_t stop, size_t level)
{
    creg_status status = check_level(p, level);
    if (status != CREG_OK)
        return status;
    if (creg_value_is(value, CREG_KIND_MAP))
        return repr_map(p, value.as.map, stop, level);
    if (creg_value_is(value, CREG_KIND_LIST)) {
        creg_text_byte(p->out, '[');
        status = repr_items(p, value.as.list, stop, level);
        creg_text_byte(p->out, ']');
        return status;
    }
    if (creg_value_is(value, CREG_KIND_TUPLE) && value.aux != JINJA_TUPLE_GROUP) {
        creg_text_byte(p->out, '(');
        status = repr_items(p, value.as.list, stop, level);
        creg_text_string(p->out, value.as.list->size == 1 ? ",)" : ")");
        return status;
    }
    return repr_plain(p, value);
}

/* Does the output from `start` on have at most `room` characters? */
static bool fits(const printer *p, size_t start, size_t room)
{
    creg_slice text = creg_slice_make(p->out->data + start, p->out->size - start);
    return p->out->failed != CREG_OK || creg_utf8_count(text) <= room;
}

/* ---- on several lines ------------------------------------------------------------------- */

static void new_line(const printer *p, size_t indent)
{
    creg_text_byte(p->out, '\n');
    creg_text_fill(p->out, ' ', indent);
}

static creg_status print_items(const printer *p, const creg_value *items, size_t count,
                               place at)
{
    creg_status status = CREG_OK;
    for (size_t i = 0; i < count && status == CREG_OK; i++) {
        bool last = i + 1 == count;
        if (i > 0) {
            creg_text_byte(p->out, ',');
            new_line(p, at.indent + 1);
        }
        place inner = {at.indent + 1, last ? at.allowance : 1, at.level};
        status = print_value(p, items[i], inner);
    }
    return status;
}

/* The same with as many of them on a line as fit; what fits on none is split. */
static creg_status print_items_compactly(const printer *p, const creg_value *items,
                                         size_t count, place at)
{
    size_t most = LINE_WIDTH - (at.indent < LINE_WIDTH ? at.indent : LINE_WIDTH);
    size_t room = most;
    bool breaks = false;
    creg_status status = CREG_OK;
    for (size_t i = 0; i < count && status == CREG_OK; i++) {
        bool last = i + 1 == count;
        size_t kept = last ? at.allowance : 0;
        size_t start = p->out->size;
        status = repr_value(p, items[i], start + most * 4, at.level);
        if (status != CREG_OK || p->out->failed != CREG_OK)
            break;
        size_t size =
            2 + creg_utf8_count(creg_slice_make(p->out->data + start, p->out->size - start));
        p->out->size = start;
        bool is_new_line = room < size + kept;
        if (is_new_line)
            room = most;
        bool is_whole = room >= size + kept;
        if (i > 0)
            creg_text_byte(p->out, ',');
        if (i > 0 && (is_new_line || breaks))
            new_line(p, at.indent + 1);
        else if (i > 0)
            creg_text_byte(p->out, ' ');
        breaks = !is_whole;
        if (is_whole)
            room -= size;
        place inner = {at.indent + 1, last ? at.allowance : 1, at.level};
        status = is_whole ? repr_value(p, items[i], SIZE_MAX, at.level)
                          : print_value(p, items[i], inner);
    }
    return status;
}

static creg_status print_list(const printer *p, const creg_list *list, const char *open,
                              const char *close, place at)
{
    creg_text_string(p->out, open);
    at.allowance += strlen(close);
    creg_status status = p->is_compact ? print_items_compactly(p, list->items, list->size, at)
                                       : print_items(p, list->items, list->size, at);
    creg_text_string(p->out, close);
    return status;
}

static creg_status print_set(const printer *p, const creg_map *set, place at)
{
    jinja_sort_item *items = NULL;
    creg_status status = sorted_items(p->run, set, &items);
    creg_list *keys = creg_list_new(p->run->arena, set->size);
    if (status != CREG_OK)
        return status;
    for (size_t i = 0; keys != NULL && i < set->size; i++)
        if (!creg_list_append(p->run->arena, keys, items[i].key))
            keys = NULL;
    return keys == NULL ? jinja_fail_arena(p->run) : print_list(p, keys, "{", "}", at);
}

static creg_status print_map(const printer *p, const creg_map *map, place at)
{
    jinja_sort_item *items = NULL;
    creg_status status = sorted_items(p->run, map, &items);
    creg_text_byte(p->out, '{');
    for (size_t i = 0; status == CREG_OK && i < map->size; i++) {
        bool last = i + 1 == map->size;
        size_t start = p->out->size;
        status = repr_value(p, items[i].key, SIZE_MAX, at.level);
        creg_slice key = creg_slice_make(p->out->data + start, p->out->size - start);
        place inner = {at.indent + 1 + creg_utf8_count(key) + 2, last ? at.allowance + 1 : 1,
                       at.level};
        creg_text_append(p->out, ": ", 2);
        if (status == CREG_OK)
            status = print_value(p, items[i].value, inner);
        if (!last) {
            creg_text_byte(p->out, ',');
            new_line(p, at.indent + 1);
        }
    }
    creg_text_byte(p->out, '}');
    return status;
}

/* ---- long texts ------------------------------------------------------------------------- */

/* Pieces of a long text, each printed on a line of its own. */
typedef struct pieces {
    const printer *p;
    size_t indent;
    size_t count;
} pieces;

static void add_piece(pieces *list, creg_slice text)
{
    if (list->count++ > 0)
        new_line(list->p, list->indent);
    creg_unicode_repr(list->p->out, text);
}

/* How many characters repr() would take, found by writing it and taking it back. */
static size_t repr_size(const printer *p, creg_slice text)
{
    size_t start = p->out->size;
    creg_unicode_repr(p->out, text);
    if (p->out->failed != CREG_OK)
        return 0;
    size_t count = creg_utf8_count(creg_slice_make(p->out->data + start, p->out->size - start));
    p->out->size = start;
    return count;
}

/* The end of the word at `at` and the blanks behind it. */
static size_t word_end(creg_slice text, size_t at)
{
    bool blanks = false;
    while (at < text.size) {
        size_t width;
        bool is_blank = creg_unicode_is_space(creg_utf8_decode(text.data + at, &width));
        if (blanks && !is_blank)
            break;
        blanks = is_blank;
        at += width;
    }
    return at;
}

/* Fill pieces with as many words as fit in `room`, `last_room` for the very last. */
static void split_line(pieces *list, creg_slice line, size_t room, size_t last_room)
{
    size_t start = 0;
    for (size_t at = 0; at < line.size;) {
        size_t end = word_end(line, at);
        size_t limit = end == line.size ? last_room : room;
        creg_slice candidate = creg_slice_make(line.data + start, end - start);
        if (repr_size(list->p, candidate) > limit) {
            if (at > start)
                add_piece(list, creg_slice_make(line.data + start, at - start));
            start = at;
        }
        at = end;
    }
    if (start < line.size)
        add_piece(list, creg_slice_make(line.data + start, line.size - start));
}

/* One line of the text with its line break: its size. */
static size_t line_size(creg_slice text, size_t at)
{
    const char *end = text.data + text.size;
    const char *stop = text.data + at;
    while (stop < end && jinja_line_break(stop, end) == 0)
        stop++;
    return (size_t)(stop - text.data) + jinja_line_break(stop, end) - at;
}

static void print_pieces(pieces *list, creg_slice text, size_t room, size_t last_room)
{
    for (size_t at = 0; at < text.size && list->p->out->failed == CREG_OK;) {
        creg_slice line = creg_slice_make(text.data + at, line_size(text, at));
        at += line.size;
        size_t limit = at == text.size ? last_room : room;
        if (repr_size(list->p, line) <= limit)
            add_piece(list, line);
        else
            split_line(list, line, room, limit);
    }
}

static creg_status print_text(const printer *p, creg_slice text, place at)
{
    creg_status status = jinja_charge(p->run, text.size); /* each word is tried several times */
    if (status != CREG_OK)
        return status;
    bool outermost = at.level == 1;
    if (outermost) {
        at.indent++;
        at.allowance++;
    }
    size_t room = at.indent < LINE_WIDTH ? LINE_WIDTH - at.indent : 0;
    size_t start = p->out->size;
    pieces list = {.p = p, .indent = at.indent};
    if (outermost)
        creg_text_byte(p->out, '(');
    print_pieces(&list, text, room, room_at(at));
    if (list.count <= 1 && p->out->failed == CREG_OK) {
        p->out->size = start; /* one piece stands without parentheses */
        creg_unicode_repr(p->out, text);
    } else if (outermost) {
        creg_text_byte(p->out, ')');
    }
    return CREG_OK;
}

static creg_status print_split(const printer *p, creg_value value, place at)
{
    switch ((creg_kind)value.kind) {
    case CREG_KIND_STRING:
        return print_text(p, creg_value_text(value), at);
    case CREG_KIND_LIST:
        return print_list(p, value.as.list, "[", "]", at);
    case CREG_KIND_TUPLE:
        return print_list(p, value.as.list, "(", value.as.list->size == 1 ? ",)" : ")", at);
    case CREG_KIND_SET:
        return print_set(p, value.as.map, at);
    default:
        return print_map(p, value.as.map, at);
    }
}

/* May it be laid out on several lines? */
static bool is_splittable(creg_value value)
{
    switch ((creg_kind)value.kind) {
    case CREG_KIND_STRING:
        return value.size > 0 && !jinja_is_markup(value);
    case CREG_KIND_LIST:
    case CREG_KIND_MAP:
        return true;
    case CREG_KIND_SET:
        return value.as.map->size > 0;
    case CREG_KIND_TUPLE:
        return value.aux != JINJA_TUPLE_GROUP;
    default:
        return false;
    }
}

static creg_status print_value(const printer *p, creg_value value, place at)
{
    creg_status status = check_level(p, at.level);
    if (status != CREG_OK)
        return status;
    size_t start = p->out->size;
    size_t room = room_at(at);
    bool splittable = is_splittable(value);
    size_t stop = splittable ? start + room * 4 : SIZE_MAX; /* a character has up to 4 bytes */
    status = repr_value(p, value, stop, at.level);
    if (status != CREG_OK || !splittable || fits(p, start, room))
        return status;
    p->out->size = start;
    at.level++;
    return print_split(p, value, at);
}

static creg_status print(printer p, creg_value value, creg_value *ret_text)
{
    creg_text out;
    jinja_text_init(p.run, &out);
    p.out = &out;
    creg_status status = print_value(&p, value, (place){0, 0, 0});
    return status == CREG_OK ? jinja_text_value(p.run, &out, ret_text) : status;
}

creg_status jinja_pprint_for_debug(jinja_run *run, creg_value value, creg_value *ret_text)
{
    printer p = {.run = run, .depth = 3, .is_compact = true};
    return print(p, value, ret_text);
}

static creg_status filter_pprint(jinja_call *call, creg_value *ret_value)
{
    printer p = {.run = call->run};
    return print(p, call->args[0], ret_value);
}

const jinja_builtin jinja_filters_pprint[] = {
    {"pprint", filter_pprint, "pprint()", "Laid out for reading, as Python's pprint does it.",
     0, 0},
    JINJA_ROW_END,
};
