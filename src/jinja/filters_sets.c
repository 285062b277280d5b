/* SPDX-License-Identifier: MIT */
/*
 * The configuration pack: lists as sets, dictionaries merged and taken apart, lists zipped
 * and multiplied.
 */
#include "jinja/builtins.h"

#define PACK JINJA_PACK_CONFIG

static creg_status append(jinja_run *run, creg_list *list, creg_value item)
{
    creg_status status = jinja_charge(run, 1);
    if (status == CREG_OK && !creg_list_append(run->arena, list, item))
        status = jinja_fail_arena(run);
    return status;
}

static creg_status new_list(jinja_run *run, creg_list **ret_list, creg_value *ret_value)
{
    *ret_list = creg_list_new(run->arena, 8);
    if (*ret_list == NULL)
        return jinja_fail_arena(run);
    *ret_value = creg_value_list(*ret_list);
    return CREG_OK;
}

/* ---- membership ------------------------------------------------------------------------- */

/* A bag of values that answers quickly: hashable ones in a map, others in a list. */
typedef struct bag {
    creg_map *hashed;
    creg_list *others;
} bag;

static creg_status bag_init(jinja_run *run, bag *b)
{
    b->hashed = creg_map_new(run->arena, 16);
    b->others = creg_list_new(run->arena, 0);
    return b->hashed == NULL || b->others == NULL ? jinja_fail_arena(run) : CREG_OK;
}

static creg_status bag_has(jinja_run *run, const bag *b, creg_value item, bool *ret_has)
{
    if (creg_value_hashable(item)) {
        *ret_has = creg_map_get(b->hashed, item) != NULL;
        return CREG_OK;
    }
    *ret_has = false;
    creg_status status = jinja_charge(run, b->others->size);
    for (size_t i = 0; i < b->others->size && status == CREG_OK && !*ret_has; i++)
        *ret_has = creg_value_equal(b->others->items[i], item);
    return status;
}

/* Add; `*ret_new` false when an equal one was there. */
static creg_status bag_add(jinja_run *run, bag *b, creg_value item, bool *ret_new)
{
    bool has = false;
    creg_status status = bag_has(run, b, item, &has);
    *ret_new = !has;
    if (status != CREG_OK || has)
        return status;
    bool kept = creg_value_hashable(item)
                    ? creg_map_set(run->arena, b->hashed, item, creg_value_none())
                    : creg_list_append(run->arena, b->others, item);
    return kept ? CREG_OK : jinja_fail_arena(run);
}

static creg_status bag_fill(jinja_run *run, bag *b, const creg_list *list)
{
    creg_status status = bag_init(run, b);
    for (size_t i = 0; i < list->size && status == CREG_OK; i++) {
        bool is_new;
        status = bag_add(run, b, list->items[i], &is_new);
    }
    return status;
}

/* Append the items of `from` that are (or are not) in `other`, each once. */
static creg_status pick(jinja_run *run, const creg_list *from, const bag *other, bool wanted,
                        bag *seen, creg_list *result)
{
    creg_status status = CREG_OK;
    for (size_t i = 0; i < from->size && status == CREG_OK; i++) {
        bool has = false;
        bool is_new = false;
        status = jinja_charge(run, 1);
        if (status == CREG_OK && other != NULL)
            status = bag_has(run, other, from->items[i], &has);
        if (status == CREG_OK && (other == NULL || has == wanted))
            status = bag_add(run, seen, from->items[i], &is_new);
        if (status == CREG_OK && is_new)
            status = append(run, result, from->items[i]);
    }
    return status;
}

typedef struct two_lists {
    creg_list *left;
    creg_list *right;
    bag left_bag;
    bag right_bag;
    bag seen;
    creg_list *result;
} two_lists;

static creg_status read_two(jinja_call *call, two_lists *two, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_status status = jinja_to_list(run, call->args[0], &two->left);
    if (status == CREG_OK)
        status = jinja_to_list(run, call->args[1], &two->right);
    if (status == CREG_OK)
        status = bag_fill(run, &two->left_bag, two->left);
    if (status == CREG_OK)
        status = bag_fill(run, &two->right_bag, two->right);
    if (status == CREG_OK)
        status = bag_init(run, &two->seen);
    return status == CREG_OK ? new_list(run, &two->result, ret_value) : status;
}

static creg_status filter_union(jinja_call *call, creg_value *ret_value)
{
    two_lists two;
    creg_status status = read_two(call, &two, ret_value);
    if (status == CREG_OK)
        status = pick(call->run, two.left, NULL, true, &two.seen, two.result);
    if (status == CREG_OK)
        status = pick(call->run, two.right, NULL, true, &two.seen, two.result);
    return status;
}

static creg_status filter_intersect(jinja_call *call, creg_value *ret_value)
{
    two_lists two;
    creg_status status = read_two(call, &two, ret_value);
    if (status == CREG_OK)
        status = pick(call->run, two.left, &two.right_bag, true, &two.seen, two.result);
    return status;
}

static creg_status filter_difference(jinja_call *call, creg_value *ret_value)
{
    two_lists two;
    creg_status status = read_two(call, &two, ret_value);
    if (status == CREG_OK)
        status = pick(call->run, two.left, &two.right_bag, false, &two.seen, two.result);
    return status;
}

static creg_status filter_symmetric_difference(jinja_call *call, creg_value *ret_value)
{
    two_lists two;
    creg_status status = read_two(call, &two, ret_value);
    if (status == CREG_OK)
        status = pick(call->run, two.left, &two.right_bag, false, &two.seen, two.result);
    if (status == CREG_OK)
        status = pick(call->run, two.right, &two.left_bag, false, &two.seen, two.result);
    return status;
}

/* ---- combine ---------------------------------------------------------------------------- */

typedef enum list_merge {
    LISTS_REPLACE,
    LISTS_KEEP,
    LISTS_APPEND,
    LISTS_PREPEND,
    LISTS_APPEND_NEW,
    LISTS_PREPEND_NEW
} list_merge;

typedef struct merging {
    jinja_run *run;
    bool recursive;
    list_merge lists;
} merging;

static creg_status read_list_merge(jinja_call *call, list_merge *ret_lists)
{
    static const char *const names[] = {"replace", "keep",      "append",
                                        "prepend", "append_rp", "prepend_rp"};
    creg_slice name;
    creg_status status = jinja_argument_text(call, 2, creg_slice_of("replace"), &name);
    if (status != CREG_OK)
        return status;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (creg_slice_equal(name, creg_slice_of(names[i]))) {
            *ret_lists = (list_merge)i;
            return CREG_OK;
        }
    }
    return jinja_fail(call->run, "FilterArgumentError",
                      "combine: 'list_merge' argument can only be equal to 'replace', 'keep', "
                      "'append', 'prepend', 'append_rp' or 'prepend_rp'");
}

static creg_status append_all(const merging *m, creg_list *result, const creg_list *from,
                              const creg_list *without)
{
    bag skipped;
    creg_status status = CREG_OK;
    if (without != NULL)
        status = bag_fill(m->run, &skipped, without);
    for (size_t i = 0; i < from->size && status == CREG_OK; i++) {
        bool skip = false;
        if (without != NULL)
            status = bag_has(m->run, &skipped, from->items[i], &skip);
        if (status == CREG_OK && !skip)
            status = append(m->run, result, from->items[i]);
    }
    return status;
}

static creg_status merge_lists(const merging *m, creg_list *old, creg_list *new,
                               creg_value *ret_value)
{
    if (m->lists == LISTS_REPLACE || m->lists == LISTS_KEEP) {
        *ret_value = creg_value_list(m->lists == LISTS_KEEP ? old : new);
        return CREG_OK;
    }
    bool only_new = m->lists == LISTS_APPEND_NEW || m->lists == LISTS_PREPEND_NEW;
    bool old_first = m->lists == LISTS_APPEND || m->lists == LISTS_APPEND_NEW;
    creg_list *result;
    creg_status status = new_list(m->run, &result, ret_value);
    if (status == CREG_OK && !old_first)
        status = append_all(m, result, new, NULL);
    if (status == CREG_OK)
        status = append_all(m, result, old, only_new ? new : NULL);
    if (status == CREG_OK && old_first)
        status = append_all(m, result, new, NULL);
    return status;
}

static creg_status copy_map(jinja_run *run, const creg_map *source, creg_map **ret_map)
{
    creg_map *map = creg_map_new(run->arena, source->size);
    creg_status status = jinja_charge(run, source->size + 1);
    if (map == NULL)
        return jinja_fail_arena(run);
    for (size_t i = 0; i < source->filled && status == CREG_OK; i++) {
        const creg_entry *entry = &source->entries[i];
        if (entry->used && !creg_map_set(run->arena, map, entry->key, entry->value))
            status = jinja_fail_arena(run);
    }
    *ret_map = map;
    return status;
}

static creg_status merge_maps(const merging *m, const creg_map *old, const creg_map *new,
                              size_t depth, creg_value *ret_value);

static creg_status merge_values(const merging *m, creg_value old, creg_value new, size_t depth,
                                creg_value *ret_value)
{
    if (creg_value_is(old, CREG_KIND_MAP) && creg_value_is(new, CREG_KIND_MAP) && m->recursive)
        return merge_maps(m, old.as.map, new.as.map, depth + 1, ret_value);
    if (creg_value_is(old, CREG_KIND_LIST) && creg_value_is(new, CREG_KIND_LIST))
        return merge_lists(m, old.as.list, new.as.list, ret_value);
    *ret_value = new;
    return CREG_OK;
}

static creg_status merge_maps(const merging *m, const creg_map *old, const creg_map *new,
                              size_t depth, creg_value *ret_value)
{
    if (depth > CREG_LIMIT_DEPTH)
        return jinja_fail(m->run, "RecursionError", "combine: dictionaries nest too deep");
    creg_map *result = NULL;
    creg_status status = copy_map(m->run, old, &result);
    for (size_t i = 0; i < new->filled &&status == CREG_OK; i++) {
        const creg_entry *entry = &new->entries[i];
        if (!entry->used)
            continue;
        creg_value value = entry->value;
        const creg_value *before = creg_map_get(old, entry->key);
        status = jinja_charge(m->run, 1);
        if (status == CREG_OK && before != NULL)
            status = merge_values(m, *before, entry->value, depth, &value);
        if (status == CREG_OK && !creg_map_set(m->run->arena, result, entry->key, value))
            status = jinja_fail_arena(m->run);
    }
    *ret_value = creg_value_map(result);
    return status;
}

/* One argument: a mapping, or a list of mappings. */
static creg_status combine_term(const merging *m, creg_value term, creg_value *result)
{
    if (creg_value_is(term, CREG_KIND_LIST)) {
        creg_status status = CREG_OK;
        for (size_t i = 0; i < term.as.list->size && status == CREG_OK; i++) {
            creg_value item = term.as.list->items[i];
            status =
                creg_value_is(item, CREG_KIND_LIST)
                    ? jinja_fail(m->run, "FilterArgumentError",
                                 "failed to combine variables, expected dicts but got a list")
                    : combine_term(m, item, result);
        }
        return status;
    }
    if (creg_value_is(term, CREG_KIND_UNDEFINED))
        return jinja_fail_undefined(m->run, term);
    if (!creg_value_is(term, CREG_KIND_MAP))
        return jinja_fail(m->run, "FilterArgumentError",
                          "failed to combine variables, expected dicts but got a '%s'",
                          creg_value_type_name(term));
    return merge_maps(m, result->as.map, term.as.map, 0, result);
}

static creg_status filter_combine(jinja_call *call, creg_value *ret_value)
{
    merging m = {.run = call->run};
    creg_status status = jinja_argument_bool(call, 1, false, &m.recursive);
    if (status == CREG_OK)
        status = read_list_merge(call, &m.lists);
    creg_map *empty = creg_map_new(call->run->arena, 0);
    if (empty == NULL)
        return jinja_fail_arena(call->run);
    *ret_value = creg_value_map(empty);
    if (status == CREG_OK)
        status = combine_term(&m, call->args[0], ret_value);
    for (size_t i = 0; i < call->rest_count && status == CREG_OK; i++)
        status = combine_term(&m, call->rest[i], ret_value);
    return status;
}

/* ---- dict2items, items2dict, flatten ---------------------------------------------------- */

static creg_status read_two_names(jinja_call *call, creg_slice *ret_key, creg_slice *ret_value)
{
    creg_status status = jinja_argument_text(call, 1, creg_slice_of("key"), ret_key);
    return status == CREG_OK ? jinja_argument_text(call, 2, creg_slice_of("value"), ret_value)
                             : status;
}

static creg_status filter_dict2items(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_slice key_name;
    creg_slice value_name;
    creg_list *list;
    creg_value source = call->args[0];
    if (creg_value_is(source, CREG_KIND_UNDEFINED))
        return jinja_fail_undefined(run, source);
    if (!creg_value_is(source, CREG_KIND_MAP))
        return jinja_fail(run, "TypeError", "dict2items requires a dictionary, got %s instead.",
                          creg_value_type_name(source));
    creg_status status = read_two_names(call, &key_name, &value_name);
    if (status == CREG_OK)
        status = new_list(run, &list, ret_value);
    for (size_t i = 0; status == CREG_OK && i < source.as.map->filled; i++) {
        const creg_entry *entry = &source.as.map->entries[i];
        if (!entry->used)
            continue;
        creg_map *item = creg_map_new(run->arena, 2);
        if (item == NULL || !creg_map_set_text(run->arena, item, key_name, entry->key) ||
            !creg_map_set_text(run->arena, item, value_name, entry->value))
            return jinja_fail_arena(run);
        status = append(run, list, creg_value_map(item));
    }
    return status;
}

static creg_status put_item(jinja_run *run, creg_map *map, creg_value item, creg_slice key_name,
                            creg_slice value_name)
{
    const creg_value *key = NULL;
    const creg_value *value = NULL;
    if (creg_value_is(item, CREG_KIND_MAP)) {
        key = creg_map_get_text(item.as.map, key_name);
        value = creg_map_get_text(item.as.map, value_name);
    }
    if (key == NULL || value == NULL)
        return jinja_fail(run, "FilterArgumentError",
                          "items2dict requires each dictionary in the list to contain the keys "
                          "'%.*s' and '%.*s'",
                          CREG_SHOW(key_name), CREG_SHOW(value_name));
    if (!creg_value_hashable(*key))
        return jinja_fail(run, "TypeError", "unhashable type: '%s'",
                          creg_value_type_name(*key));
    return creg_map_set(run->arena, map, *key, *value) ? CREG_OK : jinja_fail_arena(run);
}

static creg_status filter_items2dict(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_slice key_name;
    creg_slice value_name;
    creg_list *list;
    creg_status status = read_two_names(call, &key_name, &value_name);
    if (status == CREG_OK)
        status = jinja_to_list(run, call->args[0], &list);
    if (status != CREG_OK)
        return status;
    creg_map *map = creg_map_new(run->arena, list->size);
    if (map == NULL)
        return jinja_fail_arena(run);
    for (size_t i = 0; i < list->size && status == CREG_OK; i++)
        status = put_item(run, map, list->items[i], key_name, value_name);
    *ret_value = creg_value_map(map);
    return status;
}

typedef struct flattening {
    jinja_run *run;
    creg_list *result;
    bool skip_nulls;
} flattening;

static bool is_null(creg_value value)
{
    if (creg_value_is(value, CREG_KIND_NONE))
        return true;
    creg_slice text = creg_value_text(value);
    return creg_value_is(value, CREG_KIND_STRING) &&
           (creg_slice_equal(text, creg_slice_of("None")) ||
            creg_slice_equal(text, creg_slice_of("null")));
}

static creg_status flatten(const flattening *f, creg_value value, int64_t levels, size_t depth)
{
    if (depth > CREG_LIMIT_DEPTH)
        return jinja_fail(f->run, "RecursionError", "flatten: lists nest too deep");
    creg_list *items = value.as.list;
    creg_status status = CREG_OK;
    for (size_t i = 0; i < items->size && status == CREG_OK; i++) {
        creg_value item = items->items[i];
        bool nested =
            creg_value_is(item, CREG_KIND_LIST) || creg_value_is(item, CREG_KIND_TUPLE);
        if (f->skip_nulls && is_null(item))
            continue;
        if (nested && levels != 0)
            status = flatten(f, item, levels - 1, depth + 1);
        else
            status = append(f->run, f->result, item);
    }
    return status;
}

static creg_status filter_flatten(jinja_call *call, creg_value *ret_value)
{
    flattening f = {.run = call->run};
    int64_t levels = -1;
    creg_list *list;
    creg_status status = jinja_to_list(call->run, call->args[0], &list);
    if (status == CREG_OK && jinja_has(call, 1) &&
        !creg_value_is(call->args[1], CREG_KIND_NONE))
        status = jinja_argument_int(call, 1, -1, &levels);
    if (status == CREG_OK)
        status = jinja_argument_bool(call, 2, true, &f.skip_nulls);
    if (status == CREG_OK)
        status = new_list(call->run, &f.result, ret_value);
    return status == CREG_OK ? flatten(&f, creg_value_list(list), levels, 0) : status;
}

const jinja_builtin jinja_filters_sets[] = {
    {"combine", filter_combine, "combine(*args, recursive=false, list_merge='replace')",
     "Mappings merged, the later ones winning.", PACK, 0},
    {"dict2items", filter_dict2items, "dict2items(key_name='key', value_name='value')",
     "A mapping as a list of {key, value}.", PACK, 0},
    {"difference", filter_difference, "difference(b)",
     "The items that are not in b, each once.", PACK, 0},
    {"flatten", filter_flatten, "flatten(levels=none, skip_nulls=true)",
     "A list of lists as one list.", PACK, 0},
    {"intersect", filter_intersect, "intersect(b)", "The items that are in b too, each once.",
     PACK, 0},
    {"items2dict", filter_items2dict, "items2dict(key_name='key', value_name='value')",
     "A list of {key, value} as a mapping.", PACK, 0},
    {"symmetric_difference", filter_symmetric_difference, "symmetric_difference(b)",
     "The items that are in one of the lists only.", PACK, 0},
    {"union", filter_union, "union(b)", "The items of both lists, each once.", PACK, 0},
    JINJA_ROW_END,
};
