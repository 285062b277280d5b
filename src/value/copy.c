/* SPDX-License-Identifier: MIT */
/*
 * Deep copies from one arena into another.
 *
 * Objects stay shared: they belong to whoever made them. What a value holds twice is copied
 * twice; the target arena's budget bounds that, and the depth bounds what holds itself.
 */
#include "base/arena.h"
#include "base/fail.h"
#include "base/integer.h"
#include "base/limits.h"
#include "confreg/value.h"

static creg_status copy_at(creg_arena *arena, creg_value value, unsigned depth,
                           creg_value *ret_copy, creg_error *err);

static creg_status copy_text(creg_arena *arena, creg_value value, creg_value *ret_copy,
                             creg_error *err)
{
    creg_slice copy = creg_arena_copy(arena, creg_value_text(value));
    if (copy.data == NULL)
        return creg_fail_arena(err, arena);
    value.as.text = copy.data;
    *ret_copy = value;
    return CREG_OK;
}

static creg_status copy_big(creg_arena *arena, creg_value value, creg_value *ret_copy,
                            creg_error *err)
{
    value.as.big = creg_bigint_copy(arena, value.as.big);
    if (value.as.big == NULL)
        return creg_fail_arena(err, arena);
    *ret_copy = value;
    return CREG_OK;
}

static creg_status copy_range(creg_arena *arena, creg_value value, creg_value *ret_copy,
                              creg_error *err)
{
    creg_range *copy = creg_arena_new(arena, creg_range);
    if (copy == NULL)
        return creg_fail_arena(err, arena);
    *copy = *value.as.range;
    value.as.range = copy;
    *ret_copy = value;
    return CREG_OK;
}

static creg_status copy_list(creg_arena *arena, creg_value value, unsigned depth,
                             creg_value *ret_copy, creg_error *err)
{
    const creg_list *source = value.as.list;
    creg_list *copy = creg_list_new(arena, source->size);
    if (copy == NULL)
        return creg_fail_arena(err, arena);
    for (size_t i = 0; i < source->size; i++) {
        creg_status status = copy_at(arena, source->items[i], depth, &copy->items[i], err);
        if (status != CREG_OK)
            return status;
        copy->size++;
    }
    value.as.list = copy;
    *ret_copy = value;
    return CREG_OK;
}

static creg_status copy_entry(creg_arena *arena, creg_map *copy, const creg_entry *entry,
                              unsigned depth, creg_error *err)
{
    creg_value key;
    creg_value item;
    creg_status status = copy_at(arena, entry->key, depth, &key, err);
    if (status == CREG_OK)
        status = copy_at(arena, entry->value, depth, &item, err);
    if (status != CREG_OK)
        return status;
    return creg_map_set(arena, copy, key, item) ? CREG_OK : creg_fail_arena(err, arena);
}

static creg_status copy_map(creg_arena *arena, creg_value value, unsigned depth,
                            creg_value *ret_copy, creg_error *err)
{
    const creg_map *source = value.as.map;
    creg_map *copy = creg_map_new(arena, source->size);
    if (copy == NULL)
        return creg_fail_arena(err, arena);
    for (size_t i = 0; i < source->filled; i++) {
        if (!source->entries[i].used)
            continue;
        creg_status status = copy_entry(arena, copy, &source->entries[i], depth, err);
        if (status != CREG_OK)
            return status;
    }
    value.as.map = copy;
    *ret_copy = value;
    return CREG_OK;
}

static creg_status copy_at(creg_arena *arena, creg_value value, unsigned depth,
                           creg_value *ret_copy, creg_error *err)
{
    switch ((creg_kind)value.kind) {
    case CREG_KIND_STRING:
    case CREG_KIND_BYTES:
    case CREG_KIND_NUMBER:
    case CREG_KIND_DATE:
        return copy_text(arena, value, ret_copy, err);
    case CREG_KIND_BIGINT:
        return copy_big(arena, value, ret_copy, err);
    case CREG_KIND_RANGE:
        return copy_range(arena, value, ret_copy, err);
    case CREG_KIND_LIST:
    case CREG_KIND_TUPLE:
    case CREG_KIND_SET:
    case CREG_KIND_MAP:
        break;
    default:
        *ret_copy = value;
        return CREG_OK;
    }
    if (depth == 0)
        return creg_fail(err, CREG_LIMIT, "value nested deeper than %d levels",
                         CREG_LIMIT_DEPTH);
    if (value.kind == CREG_KIND_LIST || value.kind == CREG_KIND_TUPLE)
        return copy_list(arena, value, depth - 1, ret_copy, err);
    return copy_map(arena, value, depth - 1, ret_copy, err);
}

creg_status creg_value_copy(creg_arena *arena, creg_value value, creg_value *ret_copy,
                            creg_error *err)
{
    return copy_at(arena, value, CREG_LIMIT_DEPTH, ret_copy, err);
}
