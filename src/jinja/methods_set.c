/* SPDX-License-Identifier: MIT */
/*
 * The methods of set. A set is a map whose values are None.
 */
#include "jinja/formatting.h"
#include "jinja/methods.h"
#include "value/compare.h"
#include "value/map.h"

static creg_map *set_of(jinja_call *call)
{
    return call->args[0].as.map;
}

static creg_status give_none(creg_value *ret_value)
{
    *ret_value = creg_value_none();
    return CREG_OK;
}

static void give_set(creg_map *set, creg_value *ret_value)
{
    *ret_value = creg_value_map(set);
    ret_value->kind = CREG_KIND_SET;
}

static creg_status add_key(jinja_run *run, creg_map *set, creg_value key)
{
    creg_status status = jinja_check_key(run, key);
    if (status == CREG_OK)
        status = jinja_charge(run, 1);
    if (status == CREG_OK && !creg_map_set(run->arena, set, key, creg_value_none()))
        status = jinja_fail_arena(run);
    return status;
}

static creg_status add_all(jinja_run *run, creg_map *set, creg_value iterable)
{
    creg_list *items;
    creg_status status = jinja_to_list(run, iterable, &items);
    for (size_t i = 0; status == CREG_OK && i < items->size; i++)
        status = add_key(run, set, items->items[i]);
    return status;
}

static creg_status new_set(jinja_run *run, creg_map **ret_set)
{
    *ret_set = creg_map_new(run->arena, 0);
    return *ret_set == NULL ? jinja_fail_arena(run) : CREG_OK;
}

/* Any iterable as a set; a set stays itself. */
static creg_status as_set(jinja_run *run, creg_value iterable, creg_map **ret_set)
{
    if (creg_value_is(iterable, CREG_KIND_SET)) {
        *ret_set = iterable.as.map;
        return CREG_OK;
    }
    creg_status status = new_set(run, ret_set);
    return status == CREG_OK ? add_all(run, *ret_set, iterable) : status;
}

/* What of `left` is in `right`, or is not. */
static creg_status filter(jinja_run *run, const creg_map *left, const creg_map *right,
                          bool inside, creg_map *into)
{
    creg_status status = CREG_OK;
    for (size_t i = 0; i < left->filled && status == CREG_OK; i++) {
        const creg_entry *entry = &left->entries[i];
        if (entry->used && (creg_map_find(right, entry->key) != NULL) == inside)
            status = add_key(run, into, entry->key);
    }
    return status;
}

/* ---- one item --------------------------------------------------------------------------- */

static creg_status method_add(jinja_call *call, creg_value *ret_value)
{
    creg_status status = add_key(call->run, set_of(call), call->args[1]);
    return status == CREG_OK ? give_none(ret_value) : status;
}

static creg_status remove_key(jinja_call *call, bool must, creg_value *ret_value)
{
    creg_status status = jinja_check_key(call->run, call->args[1]);
    if (status != CREG_OK)
        return status;
    if (!creg_map_remove(set_of(call), call->args[1]) && must)
        return jinja_fail_key(call->run, call->args[1]);
    return give_none(ret_value);
}

static creg_status method_discard(jinja_call *call, creg_value *ret_value)
{
    return remove_key(call, false, ret_value);
}

static creg_status method_remove(jinja_call *call, creg_value *ret_value)
{
    return remove_key(call, true, ret_value);
}

static creg_status method_pop(jinja_call *call, creg_value *ret_value)
{
    const creg_map *set = set_of(call);
    size_t at = 0;
    while (at < set->filled && !set->entries[at].used)
        at++;
    if (at == set->filled)
        return jinja_fail(call->run, "KeyError", "'pop from an empty set'");
    *ret_value = set->entries[at].key;
    creg_map_remove(set_of(call), *ret_value);
    return CREG_OK;
}

static creg_status method_clear(jinja_call *call, creg_value *ret_value)
{
    creg_map_clear(set_of(call));
    return give_none(ret_value);
}

static creg_status method_copy(jinja_call *call, creg_value *ret_value)
{
    creg_status status = jinja_charge(call->run, set_of(call)->size);
    if (status != CREG_OK)
        return status;
    creg_map *copy = creg_map_copy(call->run->arena, set_of(call));
    if (copy == NULL)
        return jinja_fail_arena(call->run);
    give_set(copy, ret_value);
    return CREG_OK;
}

/* ---- two sets --------------------------------------------------------------------------- */

/* Union, intersection and difference take any number of iterables. */
typedef creg_status (*combination)(jinja_run *run, const creg_map *left, creg_value right,
                                   creg_map *into);

static creg_status unite(jinja_run *run, const creg_map *left, creg_value right, creg_map *into)
{
    creg_status status = filter(run, left, left, true, into);
    return status == CREG_OK ? add_all(run, into, right) : status;
}

static creg_status intersect(jinja_run *run, const creg_map *left, creg_value right,
                             creg_map *into)
{
    creg_map *other;
    creg_status status = as_set(run, right, &other);
    return status == CREG_OK ? filter(run, left, other, true, into) : status;
}

static creg_status subtract(jinja_run *run, const creg_map *left, creg_value right,
                            creg_map *into)
{
    creg_map *other;
    creg_status status = as_set(run, right, &other);
    return status == CREG_OK ? filter(run, left, other, false, into) : status;
}

static creg_status differ(jinja_run *run, const creg_map *left, creg_value right,
                          creg_map *into)
{
    creg_map *other;
    creg_status status = as_set(run, right, &other);
    if (status == CREG_OK)
        status = filter(run, left, other, false, into);
    return status == CREG_OK ? filter(run, other, left, false, into) : status;
}

/* The set combined with each of `others` in turn, as a new set. */
static creg_status combine(jinja_call *call, combination with, const creg_value *others,
                           size_t count, creg_map **ret_set)
{
    creg_value self = call->args[0];
    creg_map *result;
    creg_status status = new_set(call->run, &result);
    if (status == CREG_OK && count == 0)
        status = filter(call->run, self.as.map, self.as.map, true, result);
    for (size_t i = 0; i < count && status == CREG_OK; i++) {
        status = new_set(call->run, &result);
        if (status == CREG_OK)
            status = with(call->run, self.as.map, others[i], result);
        self.as.map = result;
    }
    *ret_set = result;
    return status;
}

static creg_status give_combined(jinja_call *call, combination with, creg_value *ret_value)
{
    creg_map *result;
    creg_status status = combine(call, with, call->rest, call->rest_count, &result);
    if (status == CREG_OK)
        give_set(result, ret_value);
    return status;
}

/* ..._update(): the set itself becomes the result. */
static creg_status become_combined(jinja_call *call, combination with, const creg_value *others,
                                   size_t count, creg_value *ret_value)
{
    creg_map *result;
    creg_status status = combine(call, with, others, count, &result);
    if (status != CREG_OK)
        return status;
    uint64_t version = set_of(call)->version;
    *set_of(call) = *result;
    set_of(call)->version = version + 1;
    return give_none(ret_value);
}

static creg_status method_union(jinja_call *call, creg_value *ret_value)
{
    return give_combined(call, unite, ret_value);
}

static creg_status method_intersection(jinja_call *call, creg_value *ret_value)
{
    return give_combined(call, intersect, ret_value);
}

static creg_status method_difference(jinja_call *call, creg_value *ret_value)
{
    return give_combined(call, subtract, ret_value);
}

static creg_status method_symmetric_difference(jinja_call *call, creg_value *ret_value)
{
    creg_map *result;
    creg_status status = combine(call, differ, &call->args[1], 1, &result);
    if (status == CREG_OK)
        give_set(result, ret_value);
    return status;
}

static creg_status method_update(jinja_call *call, creg_value *ret_value)
{
    return become_combined(call, unite, call->rest, call->rest_count, ret_value);
}

static creg_status method_intersection_update(jinja_call *call, creg_value *ret_value)
{
    return become_combined(call, intersect, call->rest, call->rest_count, ret_value);
}

static creg_status method_difference_update(jinja_call *call, creg_value *ret_value)
{
    return become_combined(call, subtract, call->rest, call->rest_count, ret_value);
}

static creg_status method_symmetric_difference_update(jinja_call *call, creg_value *ret_value)
{
    return become_combined(call, differ, &call->args[1], 1, ret_value);
}

static creg_status method_isdisjoint(jinja_call *call, creg_value *ret_value)
{
    creg_map *common;
    creg_status status = combine(call, intersect, &call->args[1], 1, &common);
    if (status == CREG_OK)
        *ret_value = creg_value_bool(common->size == 0);
    return status;
}

static creg_status compare_with(jinja_call *call, bool reversed, creg_value *ret_value)
{
    creg_map *other;
    creg_status status = as_set(call->run, call->args[1], &other);
    if (status == CREG_OK)
        status = jinja_charge(call->run, set_of(call)->size);
    if (status == CREG_OK)
        *ret_value = creg_value_bool(reversed ? creg_map_keys_within(other, set_of(call))
                                              : creg_map_keys_within(set_of(call), other));
    return status;
}

static creg_status method_issubset(jinja_call *call, creg_value *ret_value)
{
    return compare_with(call, false, ret_value);
}

static creg_status method_issuperset(jinja_call *call, creg_value *ret_value)
{
    return compare_with(call, true, ret_value);
}

const jinja_builtin jinja_methods_set[] = {
    {"add", method_add, "add(item, /)", "Put an item in.", 0, 0},
    {"clear", method_clear, "clear()", "Remove all items.", 0, 0},
    {"copy", method_copy, "copy()", "A new set of the same items.", 0, 0},
    {"difference", method_difference, "difference(*others)", "Without what others hold.", 0, 0},
    {"difference_update", method_difference_update, "difference_update(*others)",
     "Remove what others hold.", 0, 0},
    {"discard", method_discard, "discard(item, /)", "Remove an item if it is there.", 0, 0},
    {"intersection", method_intersection, "intersection(*others)", "What all hold.", 0, 0},
    {"intersection_update", method_intersection_update, "intersection_update(*others)",
     "Keep what all hold.", 0, 0},
    {"isdisjoint", method_isdisjoint, "isdisjoint(other, /)", "Nothing in common?", 0, 0},
    {"issubset", method_issubset, "issubset(other, /)", "All of it in the other?", 0, 0},
    {"issuperset", method_issuperset, "issuperset(other, /)", "All of the other in it?", 0, 0},
    {"pop", method_pop, "pop()", "Remove one item and give it.", 0, 0},
    {"remove", method_remove, "remove(item, /)", "Remove an item.", 0, 0},
    {"symmetric_difference", method_symmetric_difference, "symmetric_difference(other, /)",
     "What just one holds.", 0, 0},
    {"symmetric_difference_update", method_symmetric_difference_update,
     "symmetric_difference_update(other, /)", "Keep what just one holds.", 0, 0},
    {"union", method_union, "union(*others)", "What any holds.", 0, 0},
    {"update", method_update, "update(*others)", "Add what others hold.", 0, 0},
    JINJA_ROW_END,
};
