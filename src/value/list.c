/* SPDX-License-Identifier: MIT */
/*
 * Lists: an array that doubles in its arena, in place while it is the newest block there.
 */
#include "base/arena.h"
#include "confreg/value.h"

creg_list *creg_list_new(creg_arena *arena, size_t capacity)
{
    if (capacity > SIZE_MAX / sizeof(creg_value)) {
        arena->failed = CREG_LIMIT;
        return NULL;
    }
    creg_list *list = creg_arena_new(arena, creg_list);
    if (list == NULL)
        return NULL;
    *list = (creg_list){0};
    if (capacity == 0)
        return list;
    list->items = creg_arena_take(arena, capacity * sizeof *list->items);
    if (list->items == NULL)
        return NULL;
    list->capacity = capacity;
    return list;
}

static bool grow(creg_arena *arena, creg_list *list)
{
    size_t wanted = list->capacity < 4 ? 4 : list->capacity * 2;
    creg_value *grown = creg_arena_grow(arena, list->items, list->capacity * sizeof *grown,
                                        wanted * sizeof *grown);
    if (grown == NULL)
        return false;
    list->items = grown;
    list->capacity = wanted;
    return true;
}

bool creg_list_append(creg_arena *arena, creg_list *list, creg_value item)
{
    if (list->size == list->capacity && !grow(arena, list))
        return false;
    list->items[list->size++] = item;
    return true;
}
