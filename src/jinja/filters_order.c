/* SPDX-License-Identifier: MIT */
/*
 * Filters that compare items: sort, dictsort, min, max, unique, groupby. All of them ignore
 * case unless told otherwise, and sort stably.
 */
#include "jinja/builtins.h"
#include "jinja/eval.h"

/* The items of an iterable as sort items; keys are left to the caller. */
static creg_status collect(jinja_run *run, creg_value iterable, jinja_sort_item **ret_items,
                           size_t *ret_count)
{
    creg_list *list;
    creg_status status = jinja_to_list(run, iterable, &list);
    if (status != CREG_OK)
        return status;
    jinja_sort_item *items = creg_arena_calloc(run->arena, list->size, sizeof *items);
    if (items == NULL)
        return jinja_fail_arena(run);
    for (size_t i = 0; i < list->size; i++)
        items[i].value = list->items[i];
    *ret_items = items;
    *ret_count = list->size;
    return CREG_OK;
}

static creg_status fill_keys(jinja_run *run, const jinja_item_key *key, jinja_sort_item *items,
                             size_t count)
{
    creg_status status = CREG_OK;
    for (size_t i = 0; i < count && status == CREG_OK; i++)
        status = jinja_item_key_get(run, key, items[i].value, &items[i].key);
    return status;
}

static creg_status list_of_items(jinja_run *run, const jinja_sort_item *items, size_t count,
                                 creg_value *ret_value)
{
    creg_list *list = creg_list_new(run->arena, count);
    if (list == NULL)
        return jinja_fail_arena(run);
    for (size_t i = 0; i < count; i++)
        if (!creg_list_append(run->arena, list, items[i].value))
            return jinja_fail_arena(run);
    *ret_value = creg_value_list(list);
    return CREG_OK;
}

/* ---- sort ------------------------------------------------------------------------------- */

/* Python compares the keys of `sort` inside lists: equal values need not be ordered. */
static creg_status is_less_in_list(jinja_run *run, creg_value left, creg_value right,
                                   bool *ret_less)
{
    bool simple =
        (creg_value_is(left, CREG_KIND_INT) || creg_value_is(left, CREG_KIND_STRING)) &&
        left.kind == right.kind;
    if (!simple) {
        bool equal;
        creg_status status = jinja_same(run, left, right, &equal);
        if (status != CREG_OK)
            return status;
        if (equal) {
            *ret_less = false;
            return CREG_OK;
        }
    }
    return jinja_is_less(run, left, right, ret_less);
}

/* Keys of several attributes are lists in `list`; the first unequal pair decides. */
static creg_status is_less_by_many(jinja_run *run, creg_value left, creg_value right,
                                   bool *ret_less)
{
    for (size_t i = 0; i < left.as.list->size; i++) {
        bool equal;
        creg_status status =
            jinja_same(run, left.as.list->items[i], right.as.list->items[i], &equal);
        if (status != CREG_OK)
            return status;
        if (!equal)
            return jinja_is_less(run, left.as.list->items[i], right.as.list->items[i],
                                 ret_less);
    }
    *ret_less = false;
    return CREG_OK;
}

static creg_status key_list(jinja_run *run, const jinja_item_key *keys, size_t key_count,
                            creg_value item, creg_value *ret_value)
{
    creg_list *list = creg_list_new(run->arena, key_count);
    if (list == NULL)
        return jinja_fail_arena(run);
    for (size_t i = 0; i < key_count; i++) {
        creg_value part;
        creg_status status = jinja_item_key_get(run, &keys[i], item, &part);
        if (status != CREG_OK)
            return status;
        if (!creg_list_append(run->arena, list, part))
            return jinja_fail_arena(run);
    }
    *ret_value = creg_value_list(list);
    return CREG_OK;
}

/* sort(attribute='a,b'): one key for each part between commas. */
static creg_status read_many_keys(jinja_run *run, creg_slice attributes, bool fold,
                                  jinja_item_key **ret_keys, size_t *ret_count)
{
    size_t count = 1;
    for (size_t i = 0; i < attributes.size; i++)
        count += attributes.data[i] == ',' ? 1 : 0;
    jinja_item_key *keys = creg_arena_calloc(run->arena, count, sizeof *keys);
    if (keys == NULL)
        return jinja_fail_arena(run);

    size_t start = 0;
    size_t at = 0;
    creg_status status = CREG_OK;
    for (size_t i = 0; i <= attributes.size && status == CREG_OK; i++) {
        if (i < attributes.size && attributes.data[i] != ',')
            continue;
        creg_slice part = creg_slice_make(attributes.data + start, i - start);
        status = jinja_item_key_init(run, creg_value_string(part), fold, &keys[at++]);
        start = i + 1;
    }
    *ret_keys = keys;
    *ret_count = count;
    return status;
}

static creg_status sort_by_many(jinja_run *run, creg_slice attributes, bool fold, bool reverse,
                                jinja_sort_item *items, size_t count)
{
    jinja_item_key *keys = NULL;
    size_t key_count = 0;
    creg_status status = read_many_keys(run, attributes, fold, &keys, &key_count);
    for (size_t i = 0; i < count && status == CREG_OK; i++)
        status = key_list(run, keys, key_count, items[i].value, &items[i].key);
    if (status == CREG_OK)
        status = jinja_sort(run, items, count, reverse, is_less_by_many);
    return status;
}

static creg_status sort_by_one(jinja_run *run, creg_value attribute, bool fold, bool reverse,
                               jinja_sort_item *items, size_t count)
{
    jinja_item_key key;
    creg_status status = jinja_item_key_init(run, attribute, fold, &key);
    if (status == CREG_OK)
        status = fill_keys(run, &key, items, count);
    if (status == CREG_OK)
        status = jinja_sort(run, items, count, reverse, is_less_in_list);
    return status;
}

static creg_status filter_sort(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    jinja_sort_item *items = NULL;
    size_t count = 0;
    bool reverse = false;
    bool case_sensitive = false;
    creg_value attribute = jinja_argument(call, 3, creg_value_none());
    creg_status status = collect(run, call->args[0], &items, &count);
    if (status == CREG_OK)
        status = jinja_argument_flag(call, 1, &reverse);
    if (status == CREG_OK)
        status = jinja_argument_bool(call, 2, false, &case_sensitive);
    if (status != CREG_OK)
        return status;

    creg_slice text = creg_value_text(attribute);
    if (creg_value_is(attribute, CREG_KIND_STRING) && text.size > 0 &&
        memchr(text.data, ',', text.size) != NULL)
        status = sort_by_many(run, text, !case_sensitive, reverse, items, count);
    else
        status = sort_by_one(run, attribute, !case_sensitive, reverse, items, count);
    return status == CREG_OK ? list_of_items(run, items, count, ret_value) : status;
}

/* ---- dictsort --------------------------------------------------------------------------- */

static creg_status dictsort_items(jinja_run *run, const creg_map *map, bool by_value, bool fold,
                                  jinja_sort_item **ret_items)
{
    jinja_sort_item *items = creg_arena_calloc(run->arena, map->size, sizeof *items);
    if (items == NULL)
        return jinja_fail_arena(run);
    creg_status status = jinja_charge(run, map->size);
    size_t count = 0;
    for (size_t i = 0; i < map->filled && status == CREG_OK; i++) {
        const creg_entry *entry = &map->entries[i];
        if (!entry->used)
            continue;
        jinja_sort_item *item = &items[count++];
        item->key = by_value ? entry->value : entry->key;
        status = jinja_make_pair(run, entry->key, entry->value, &item->value);
        if (status == CREG_OK && fold)
            status = jinja_fold_case(run, item->key, &item->key);
    }
    *ret_items = items;
    return status;
}

static creg_status read_dictsort_by(jinja_call *call, bool *ret_by_value)
{
    creg_value by = jinja_argument(call, 2, creg_value_cstring("key"));
    if (jinja_is_strict_undefined(by))
        return jinja_fail_undefined(call->run, by);
    *ret_by_value = creg_value_equal(by, creg_value_cstring("value"));
    if (*ret_by_value || creg_value_equal(by, creg_value_cstring("key")))
        return CREG_OK;
    return jinja_fail(call->run, "FilterArgumentError",
                      "You can only sort by either \"key\" or \"value\"");
}

static creg_status filter_dictsort(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_value source = call->args[0];
    bool case_sensitive = false;
    bool reverse = false;
    bool by_value = false;
    creg_status status = read_dictsort_by(call, &by_value);
    if (status != CREG_OK)
        return status;
    status = jinja_require_map(run, source);
    if (status == CREG_OK)
        status = jinja_argument_bool(call, 1, false, &case_sensitive);
    if (status == CREG_OK)
        status = jinja_argument_flag(call, 3, &reverse);

    jinja_sort_item *items = NULL;
    if (status == CREG_OK)
        status = dictsort_items(run, source.as.map, by_value, !case_sensitive, &items);
    if (status == CREG_OK)
        status = jinja_sort(run, items, source.as.map->size, reverse, jinja_is_less);
    return status == CREG_OK ? list_of_items(run, items, source.as.map->size, ret_value)
                             : status;
}

/* ---- min, max --------------------------------------------------------------------------- */

static creg_status keep_extreme(jinja_run *run, const jinja_item_key *key, bool largest,
                                jinja_iterator *iterator, creg_value *best)
{
    creg_value best_key;
    creg_status status = jinja_item_key_get(run, key, *best, &best_key);
    while (status == CREG_OK) {
        creg_value item;
        creg_value item_key;
        bool more = false;
        bool better = false;
        status = jinja_next(run, iterator, &item, &more);
        if (status != CREG_OK || !more)
            return status;
        status = jinja_item_key_get(run, key, item, &item_key);
        if (status == CREG_OK && largest)
            status = jinja_compare(run, JINJA_GREATER, item_key, best_key, &better);
        else if (status == CREG_OK)
            status = jinja_is_less(run, item_key, best_key, &better);
        if (status == CREG_OK && better) {
            *best = item;
            best_key = item_key;
        }
    }
    return status;
}

static creg_status find_extreme(jinja_call *call, bool largest, creg_value *ret_value)
{
    jinja_run *run = call->run;
    jinja_iterator iterator;
    jinja_item_key key;
    creg_value best;
    bool more = false;
    bool case_sensitive;
    creg_status status = jinja_argument_bool(call, 1, false, &case_sensitive);
    if (status == CREG_OK)
        status = jinja_iterate(run, call->args[0], &iterator);
    if (status == CREG_OK)
        status = jinja_next(run, &iterator, &best, &more);
    if (status != CREG_OK)
        return status;
    if (!more) {
        *ret_value = jinja_make_undefined_hint(run, "No aggregated item, sequence was empty.");
        return CREG_OK;
    }
    status = jinja_item_key_init(run, jinja_argument(call, 2, creg_value_none()),
                                 !case_sensitive, &key);
    if (status == CREG_OK)
        status = keep_extreme(run, &key, largest, &iterator, &best);
    if (status == CREG_OK)
        *ret_value = best;
    return status;
}

static creg_status filter_min(jinja_call *call, creg_value *ret_value)
{
    return find_extreme(call, false, ret_value);
}

static creg_status filter_max(jinja_call *call, creg_value *ret_value)
{
    return find_extreme(call, true, ret_value);
}

/* ---- groupby ---------------------------------------------------------------------------- */

static creg_status add_group(jinja_run *run, creg_list *groups, creg_value grouper,
                             creg_list *items)
{
    creg_value group;
    creg_status status = jinja_make_pair(run, grouper, creg_value_list(items), &group);
    if (status != CREG_OK)
        return status;
    group.aux = JINJA_TUPLE_GROUP;
    return creg_list_append(run->arena, groups, group) ? CREG_OK : jinja_fail_arena(run);
}

/* One group from items[start]: its end, and the items with an equal key. */
static creg_status take_group(jinja_run *run, const jinja_sort_item *items, size_t start,
                              size_t count, creg_list **ret_items, size_t *ret_end)
{
    creg_list *list = creg_list_new(run->arena, 4);
    if (list == NULL)
        return jinja_fail_arena(run);
    size_t at = start;
    bool same = true;
    while (same) {
        if (!creg_list_append(run->arena, list, items[at++].value))
            return jinja_fail_arena(run);
        if (at == count)
            break;
        creg_status status = jinja_equal(run, items[start].key, items[at].key, &same);
        if (status != CREG_OK)
            return status;
    }
    *ret_items = list;
    *ret_end = at;
    return CREG_OK;
}

static creg_status make_groups(jinja_run *run, const jinja_item_key *label,
                               const jinja_sort_item *items, size_t count, creg_list *groups)
{
    size_t at = 0;
    while (at < count) {
        creg_list *members = NULL;
        creg_value grouper;
        creg_status status = take_group(run, items, at, count, &members, &at);
        if (status == CREG_OK)
            status = jinja_item_key_get(run, label, members->items[0], &grouper);
        if (status == CREG_OK)
            status = add_group(run, groups, grouper, members);
        if (status != CREG_OK)
            return status;
    }
    return CREG_OK;
}

static creg_status filter_groupby(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    jinja_item_key key;
    bool case_sensitive = false;
    creg_status status = jinja_argument_bool(call, 3, false, &case_sensitive);
    if (status == CREG_OK)
        status = jinja_item_key_init(run, call->args[1], !case_sensitive, &key);
    if (status != CREG_OK)
        return status;
    creg_value otherwise = jinja_argument(call, 2, creg_value_none());
    if (!creg_value_is(otherwise, CREG_KIND_NONE))
        key.otherwise = otherwise;

    jinja_sort_item *items = NULL;
    size_t count = 0;
    status = collect(run, call->args[0], &items, &count);
    if (status == CREG_OK)
        status = fill_keys(run, &key, items, count);
    if (status == CREG_OK)
        status = jinja_sort(run, items, count, false, jinja_is_less);
    if (status != CREG_OK)
        return status;

    creg_list *groups = creg_list_new(run->arena, 8);
    if (groups == NULL)
        return jinja_fail_arena(run);
    key.fold = false; /* a group is called as its first item spells it */
    *ret_value = creg_value_list(groups);
    return make_groups(run, &key, items, count, groups);
}

const jinja_builtin jinja_filters_order[] = {
    {"dictsort", filter_dictsort, "dictsort(case_sensitive=false, by='key', reverse=false)",
     "The (key, value) pairs of a mapping, sorted by key or by value.", 0, 0},
    {"groupby", filter_groupby, "groupby(attribute, default=none, case_sensitive=false)",
     "Sort items by an attribute and give (grouper, list) pairs, one for each value.", 0, 0},
    {"max", filter_max, "max(case_sensitive=false, attribute=none)", "The largest item.", 0, 0},
    {"min", filter_min, "min(case_sensitive=false, attribute=none)", "The smallest item.", 0,
     0},
    {"sort", filter_sort, "sort(reverse=false, case_sensitive=false, attribute=none)",
     "A sorted list; attribute='a,b.c' sorts by several.", 0, 0},
    JINJA_ROW_END,
};
