/* SPDX-License-Identifier: MIT */
/*
 * A stable sort whose comparison may fail, comparing short runs in the order in which
 * Python's sort does, so that a TypeError names the same pair of types and unordered values
 * (nan) land in the same places.
 */
#include "jinja/builtins.h"

/* Runs up to this length are sorted by insertion, as CPython's minimal runs are. */
enum { SHORT_RUN = 63 };

typedef struct sorter {
    jinja_run *run;
    jinja_less less;
    jinja_sort_item *items;
    jinja_sort_item *spare;
} sorter;

static bool is_plain_text(creg_value value)
{
    return creg_value_is(value, CREG_KIND_STRING);
}

static int compare_text(creg_value left, creg_value right)
{
    size_t common = left.size < right.size ? left.size : right.size;
    int order = common == 0 ? 0 : memcmp(left.as.text, right.as.text, common);
    return order != 0 ? order : (left.size > right.size) - (left.size < right.size);
}

creg_status jinja_is_less(jinja_run *run, creg_value left, creg_value right, bool *ret_less)
{
    if (creg_value_is(left, CREG_KIND_INT) && creg_value_is(right, CREG_KIND_INT)) {
        *ret_less = left.as.integer < right.as.integer;
        return CREG_OK;
    }
    if (is_plain_text(left) && is_plain_text(right)) {
        *ret_less = compare_text(left, right) < 0; /* UTF-8 sorts as its code points do */
        return CREG_OK;
    }
    return jinja_compare(run, JINJA_LESS, left, right, ret_less);
}

static creg_status is_before(const sorter *s, size_t left, size_t right, bool *ret_before)
{
    creg_status status = jinja_charge(s->run, 1);
    if (status != CREG_OK)
        return status;
    return s->less(s->run, s->items[left].key, s->items[right].key, ret_before);
}

static void reverse_items(jinja_sort_item *items, size_t count)
{
    for (size_t i = 0; i + 1 < count - i; i++) {
        jinja_sort_item other = items[i];
        items[i] = items[count - 1 - i];
        items[count - 1 - i] = other;
    }
}

/* How many items from `start` are ordered already; a falling run is turned around. */
static creg_status count_run(const sorter *s, size_t start, size_t end, size_t *ret_end)
{
    *ret_end = end;
    if (end - start < 2)
        return CREG_OK;
    bool falling;
    creg_status status = is_before(s, start + 1, start, &falling);
    size_t at = start + 2;
    for (; status == CREG_OK && at < end; at++) {
        bool before;
        status = is_before(s, at, at - 1, &before);
        if (status == CREG_OK && before != falling)
            break;
    }
    if (status != CREG_OK)
        return status;
    if (falling)
        reverse_items(s->items + start, at - start);
    *ret_end = at;
    return CREG_OK;
}

/* Insert the items from `sorted` on, each at the place that a binary search gives. */
static creg_status insert_rest(const sorter *s, size_t start, size_t sorted, size_t end)
{
    for (size_t at = sorted; at < end; at++) {
        size_t low = start;
        size_t high = at;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            bool before;
            creg_status status = is_before(s, at, middle, &before);
            if (status != CREG_OK)
                return status;
            if (before)
                high = middle;
            else
                low = middle + 1;
        }
        jinja_sort_item item = s->items[at];
        memmove(s->items + low + 1, s->items + low, (at - low) * sizeof item);
        s->items[low] = item;
    }
    return CREG_OK;
}

static creg_status sort_short(const sorter *s, size_t start, size_t end)
{
    size_t sorted;
    creg_status status = count_run(s, start, end, &sorted);
    return status == CREG_OK ? insert_rest(s, start, sorted, end) : status;
}

/* Merge two neighbouring sorted runs through the spare memory; equal items keep order. */
static creg_status merge(const sorter *s, size_t start, size_t middle, size_t end)
{
    bool before;
    creg_status status = is_before(s, middle, middle - 1, &before);
    if (status != CREG_OK || !before)
        return status;

    size_t left = start;
    size_t right = middle;
    size_t out = 0;
    while (left < middle && right < end) {
        status = is_before(s, right, left, &before);
        if (status != CREG_OK)
            return status;
        s->spare[out++] = s->items[before ? right++ : left++];
    }
    memcpy(s->spare + out, s->items + left, (middle - left) * sizeof *s->items);
    out += middle - left;
    memcpy(s->items + start, s->spare, out * sizeof *s->items);
    return CREG_OK;
}

static creg_status sort_long(sorter *s, size_t count)
{
    s->spare = creg_arena_calloc(s->run->arena, count, sizeof *s->spare);
    if (s->spare == NULL)
        return jinja_fail_arena(s->run);
    creg_status status = CREG_OK;
    for (size_t start = 0; start < count && status == CREG_OK; start += SHORT_RUN)
        status = sort_short(s, start, count - start < SHORT_RUN ? count : start + SHORT_RUN);
    for (size_t width = SHORT_RUN; width < count && status == CREG_OK; width *= 2)
        for (size_t start = 0; start + width < count && status == CREG_OK; start += 2 * width)
            status = merge(s, start, start + width,
                           count - start < 2 * width ? count : start + 2 * width);
    return status;
}

creg_status jinja_sort_items_of(jinja_run *run, const creg_map *map,
                                jinja_sort_item **ret_items)
{
    jinja_sort_item *items = creg_arena_calloc(run->arena, map->size, sizeof *items);
    if (items == NULL)
        return jinja_fail_arena(run);
    size_t count = 0;
    for (size_t i = 0; i < map->filled; i++) {
        if (!map->entries[i].used)
            continue;
        items[count].key = map->entries[i].key;
        items[count++].value = map->entries[i].value;
    }
    *ret_items = items;
    return CREG_OK;
}

creg_status jinja_sort(jinja_run *run, jinja_sort_item *items, size_t count, bool reverse,
                       jinja_less less)
{
    if (count < 2)
        return CREG_OK;
    sorter s = {.run = run, .less = less, .items = items};
    /* Reversing before and after keeps equal items in their order, as Python does it. */
    if (reverse)
        reverse_items(items, count);
    creg_status status = count <= SHORT_RUN ? sort_short(&s, 0, count) : sort_long(&s, count);
    if (reverse)
        reverse_items(items, count);
    return status;
}
