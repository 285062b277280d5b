/* SPDX-License-Identifier: MIT */
/*
 * A stable sort of an array that takes no memory of its own and cannot be made slow.
 */
#ifndef CREG_BASE_SORT_H
#define CREG_BASE_SORT_H

#include <stddef.h>

/** <0, 0, >0 for two items. */
typedef int (*creg_sort_order)(const void *left, const void *right);

/**
 * Sort `count` items of `size` bytes (at most 256) by merging. `spare` has room for as many
 * items. Items in order cost one comparison each.
 */
void creg_sort(void *items, size_t count, size_t size, creg_sort_order order, void *spare);

#endif
