/* SPDX-License-Identifier: MIT */
/*
 * Insertion sort in short runs, then merging of neighbouring runs.
 *
 * The C library's qsort may allocate, is not stable everywhere, and is quadratic somewhere.
 */
#include "base/sort.h"

#include <string.h>

enum { RUN = 8, ITEM_MAX = 256 };

typedef struct sorter {
    char *spare;
    size_t size;
    creg_sort_order order;
} sorter;

static void insert_sort(const sorter *sort, char *items, size_t count)
{
    char held[ITEM_MAX];
    for (size_t i = 1; i < count; i++) {
        char *at = items + i * sort->size;
        if (sort->order(at - sort->size, at) <= 0)
            continue;
        memcpy(held, at, sort->size);
        do {
            memcpy(at, at - sort->size, sort->size);
            at -= sort->size;
        } while (at > items && sort->order(at - sort->size, held) > 0);
        memcpy(at, held, sort->size);
    }
}

/* Merge [0, middle) and [middle, count), both sorted. The left one moves out of the way. */
static void merge(const sorter *sort, char *items, size_t middle, size_t count)
{
    size_t size = sort->size;
    char *right = items + middle * size;
    char *end = items + count * size;
    if (sort->order(right - size, right) <= 0)
        return;
    memcpy(sort->spare, items, middle * size);
    const char *left = sort->spare;
    const char *left_end = sort->spare + middle * size;
    char *out = items;
    while (left < left_end && right < end) {
        if (sort->order(right, left) < 0) {
            memcpy(out, right, size);
            right += size;
        } else {
            memcpy(out, left, size);
            left += size;
        }
        out += size;
    }
    memcpy(out, left, (size_t)(left_end - left));
}

void creg_sort(void *items, size_t count, size_t size, creg_sort_order order, void *spare)
{
    sorter sort = {spare, size, order};
    char *first = items;
    for (size_t at = 0; at < count; at += RUN)
        insert_sort(&sort, first + at * size, count - at < RUN ? count - at : RUN);
    for (size_t run = RUN; run < count; run *= 2)
        for (size_t at = 0; at + run < count; at += 2 * run)
            merge(&sort, first + at * size, run, count - at < 2 * run ? count - at : 2 * run);
}
