/* SPDX-License-Identifier: MIT */
/*
 * The methods of list, tuple and range.
 */
#include "jinja/methods.h"
#include "value/compare.h"

static creg_list *list_of(jinja_call *call)
{
    return call->args[0].as.list;
}

static creg_status give_none(creg_value *ret_value)
{
    *ret_value = creg_value_none();
    return CREG_OK;
}

/* ---- growing ---------------------------------------------------------------------------- */

static creg_status method_append(jinja_call *call, creg_value *ret_value)
{
    if (!creg_list_append(call->run->arena, list_of(call), call->args[1]))
        return jinja_fail_arena(call->run);
    return give_none(ret_value);
}

/* The list itself may be what it is extended with: its items are taken first. */
static creg_status method_extend(jinja_call *call, creg_value *ret_value)
{
    creg_list *more;
    creg_status status = jinja_to_list(call->run, call->args[1], &more);
    for (size_t i = 0; status == CREG_OK && i < more->size; i++)
        if (!creg_list_append(call->run->arena, list_of(call), more->items[i]))
            status = jinja_fail_arena(call->run);
    return status == CREG_OK ? give_none(ret_value) : status;
}

static creg_status method_insert(jinja_call *call, creg_value *ret_value)
{
    creg_list *list = list_of(call);
    int64_t at;
    creg_status status = jinja_argument_index(call, 1, 0, &at);
    if (status == CREG_OK)
        status = jinja_charge(call->run, list->size / 8);
    if (status != CREG_OK)
        return status;
    int64_t size = (int64_t)list->size;
    int64_t end = size;
    jinja_clip_bounds(size, &at, &end);
    size_t place = at > size ? list->size : (size_t)at;
    if (!creg_list_append(call->run->arena, list, creg_value_none()))
        return jinja_fail_arena(call->run);
    memmove(list->items + place + 1, list->items + place,
            (list->size - 1 - place) * sizeof *list->items);
    list->items[place] = call->args[2];
    return give_none(ret_value);
}

/* ---- shrinking -------------------------------------------------------------------------- */

static void remove_at(creg_list *list, size_t at)
{
    memmove(list->items + at, list->items + at + 1,
            (list->size - at - 1) * sizeof *list->items);
    list->size--;
}

static creg_status method_pop(jinja_call *call, creg_value *ret_value)
{
    creg_list *list = list_of(call);
    int64_t at;
    creg_status status = jinja_argument_index(call, 1, -1, &at);
    if (status == CREG_OK)
        status = jinja_charge(call->run, list->size / 64);
    if (status != CREG_OK)
        return status;
    if (list->size == 0)
        return jinja_fail(call->run, "IndexError", "pop from empty list");
    if (at < 0)
        at += (int64_t)list->size;
    if (at < 0 || at >= (int64_t)list->size)
        return jinja_fail(call->run, "IndexError", "pop index out of range");
    *ret_value = list->items[at];
    remove_at(list, (size_t)at);
    return CREG_OK;
}

/* The first equal item from `at` to `end`, or SIZE_MAX. */
static creg_status find_item(jinja_call *call, size_t at, size_t end, size_t *ret_at)
{
    jinja_run *run = call->run;
    *ret_at = SIZE_MAX;
    for (; at < end && at < list_of(call)->size; at++) {
        bool same = false;
        creg_status status = jinja_charge(run, 1);
        if (status == CREG_OK)
            status = jinja_same(run, list_of(call)->items[at], call->args[1], &same);
        if (status != CREG_OK)
            return status;
        if (!same)
            continue;
        *ret_at = at;
        break;
    }
    return CREG_OK;
}

static creg_status method_remove(jinja_call *call, creg_value *ret_value)
{
    size_t at;
    creg_status status = find_item(call, 0, SIZE_MAX, &at);
    if (status != CREG_OK)
        return status;
    if (at == SIZE_MAX)
        return jinja_fail(call->run, "ValueError", "list.remove(x): x not in list");
    remove_at(list_of(call), at);
    return give_none(ret_value);
}

static creg_status method_clear(jinja_call *call, creg_value *ret_value)
{
    list_of(call)->size = 0;
    return give_none(ret_value);
}

/* ---- looking ---------------------------------------------------------------------------- */

/* A bound that, other than a slice's, may not be None. */
static creg_status read_bound(jinja_call *call, size_t index, int64_t otherwise,
                              int64_t *ret_bound)
{
    if (jinja_has(call, index) && creg_value_is(call->args[index], CREG_KIND_NONE))
        return jinja_fail(call->run, "TypeError",
                          "slice indices must be integers or have an __index__ method");
    return jinja_argument_bound(call, index, otherwise, ret_bound);
}

static creg_status method_index(jinja_call *call, creg_value *ret_value)
{
    int64_t start;
    int64_t stop;
    size_t at;
    creg_status status = read_bound(call, 2, 0, &start);
    if (status == CREG_OK)
        status = read_bound(call, 3, INT64_MAX, &stop);
    if (status != CREG_OK)
        return status;
    jinja_clip_bounds((int64_t)list_of(call)->size, &start, &stop);
    status = find_item(call, (size_t)start, (size_t)stop, &at);
    if (status != CREG_OK)
        return status;
    if (at == SIZE_MAX && creg_value_is(call->args[0], CREG_KIND_TUPLE))
        return jinja_fail(call->run, "ValueError", "tuple.index(x): x not in tuple");
    if (at == SIZE_MAX) {
        creg_slice shown = jinja_repr(call->run, call->args[1]);
        return jinja_fail(call->run, "ValueError", "%.*s is not in list", CREG_SHOW(shown));
    }
    *ret_value = creg_value_int((int64_t)at);
    return CREG_OK;
}

static creg_status method_count(jinja_call *call, creg_value *ret_value)
{
    int64_t count = 0;
    creg_status status = CREG_OK;
    for (size_t at = 0; status == CREG_OK;) {
        status = find_item(call, at, SIZE_MAX, &at);
        if (at == SIZE_MAX)
            break;
        count++;
        at++;
    }
    *ret_value = creg_value_int(count);
    return status;
}

static creg_status method_copy(jinja_call *call, creg_value *ret_value)
{
    creg_list *copy;
    creg_status status = jinja_to_list(call->run, call->args[0], &copy);
    if (status == CREG_OK)
        *ret_value = creg_value_list(copy);
    return status;
}

/* ---- order ------------------------------------------------------------------------------ */

static creg_status method_reverse(jinja_call *call, creg_value *ret_value)
{
    creg_list *list = list_of(call);
    creg_status status = jinja_charge(call->run, list->size / 8);
    for (size_t i = 0, j = list->size; i + 1 < j; i++) {
        creg_value swapped = list->items[i];
        list->items[i] = list->items[--j];
        list->items[j] = swapped;
    }
    return status == CREG_OK ? give_none(ret_value) : status;
}

static creg_status sort_key(jinja_call *call, creg_value item, creg_value *ret_key)
{
    if (!jinja_has(call, 1) || creg_value_is(call->args[1], CREG_KIND_NONE)) {
        *ret_key = item;
        return CREG_OK;
    }
    return jinja_call_value(call->run, call->args[1], &item, 1, NULL, 0, ret_key);
}

static creg_status method_sort(jinja_call *call, creg_value *ret_value)
{
    creg_list *list = list_of(call);
    size_t count = list->size;
    bool reverse;
    creg_status status = jinja_argument_flag(call, 2, &reverse);
    if (status == CREG_OK)
        status = jinja_charge_bytes(call->run, count, sizeof(jinja_sort_item));
    if (status != CREG_OK)
        return status;
    jinja_sort_item *items = creg_arena_alloc(call->run->arena, count * sizeof *items);
    if (items == NULL)
        return jinja_fail_arena(call->run);
    for (size_t i = 0; i < count && status == CREG_OK; i++) {
        items[i].value = list->items[i];
        status = sort_key(call, list->items[i], &items[i].key);
        if (status == CREG_OK && list->size != count)
            status = jinja_fail(call->run, "ValueError", "list modified during sort");
    }
    if (status == CREG_OK)
        status = jinja_sort(call->run, items, count, reverse, jinja_is_less);
    if (status != CREG_OK)
        return status;
    for (size_t i = 0; i < count; i++)
        list->items[i] = items[i].value;
    return give_none(ret_value);
}

/* ---- range ------------------------------------------------------------------------------ */

static creg_status range_position(jinja_call *call, int64_t *ret_at)
{
    const creg_range *range = call->args[0].as.range;
    creg_value item = call->args[1];
    bool inside;
    creg_status status = jinja_contains(call->run, call->args[0], item, &inside);
    *ret_at = -1;
    if (status != CREG_OK || !inside)
        return status;
    int64_t number =
        creg_value_is(item, CREG_KIND_FLOAT) ? (int64_t)item.as.real : item.as.integer;
    *ret_at = (number - range->start) / range->step;
    return CREG_OK;
}

static creg_status method_range_index(jinja_call *call, creg_value *ret_value)
{
    int64_t at;
    creg_status status = range_position(call, &at);
    if (status != CREG_OK)
        return status;
    if (at < 0) {
        creg_slice shown = jinja_repr(call->run, call->args[1]);
        return jinja_fail(call->run, "ValueError", "%.*s is not in range", CREG_SHOW(shown));
    }
    *ret_value = creg_value_int(at);
    return CREG_OK;
}

static creg_status method_range_count(jinja_call *call, creg_value *ret_value)
{
    int64_t at;
    creg_status status = range_position(call, &at);
    *ret_value = creg_value_int(at >= 0);
    return status;
}

/* ---- tables ----------------------------------------------------------------------------- */

const jinja_builtin jinja_methods_list[] = {
    {"append", method_append, "append(object, /)", "Add one item at the end.", 0, 0},
    {"clear", method_clear, "clear()", "Remove all items.", 0, 0},
    {"copy", method_copy, "copy()", "A new list of the same items.", 0, 0},
    {"count", method_count, "count(value, /)", "How many are equal.", 0, 0},
    {"extend", method_extend, "extend(iterable, /)", "Add many items at the end.", 0, 0},
    {"index", method_index, "index(value, start=0, stop=None, /)", "Where it is.", 0, 0},
    {"insert", method_insert, "insert(index, object, /)", "Add one item at a place.", 0, 0},
    {"pop", method_pop, "pop(index=-1, /)", "Remove one item and give it.", 0, 0},
    {"remove", method_remove, "remove(value, /)", "Remove the first that is equal.", 0, 0},
    {"reverse", method_reverse, "reverse()", "Turn it round, in place.", 0, 0},
    {"sort", method_sort, "sort(*, key=None, reverse=False)", "Sort it, in place.", 0, 0},
    JINJA_ROW_END,
};

const jinja_builtin jinja_methods_tuple[] = {
    {"count", method_count, "count(value, /)", "How many are equal.", 0, 0},
    {"index", method_index, "index(value, start=0, stop=None, /)", "Where it is.", 0, 0},
    JINJA_ROW_END,
};

const jinja_builtin jinja_methods_range[] = {
    {"count", method_range_count, "count(value, /)", "How many are equal.", 0, 0},
    {"index", method_range_index, "index(value, /)", "Where it is.", 0, 0},
    JINJA_ROW_END,
};
