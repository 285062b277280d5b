/* SPDX-License-Identifier: MIT */
/*
 * Comparing inside the library: what confreg/value.h offers, plus order and identity.
 * Threads: any.
 */
#ifndef CREG_VALUE_COMPARE_H
#define CREG_VALUE_COMPARE_H

#include "confreg/value.h"

/** How two values stand to each other. */
typedef enum creg_order {
    CREG_ORDER_LESS = -1,
    CREG_ORDER_EQUAL = 0,
    CREG_ORDER_GREATER = 1,
    CREG_ORDER_NEITHER = 2,   /**< a NaN: every comparison is false */
    CREG_ORDER_IMPOSSIBLE = 3 /**< Python has no < between such values */
} creg_order;

/**
 * Python's order: numbers among each other, text, bytes, lists, tuples item by item.
 *
 * When it is IMPOSSIBLE, `ret_left` and `ret_right` (may be NULL) are the two values, perhaps
 * deep inside, that have no order. Sets have none here: their < means "is a subset of".
 * `work` as in creg_value_equal_within; NULL: a fixed amount.
 */
creg_order creg_value_order(creg_value left, creg_value right, uint64_t *work,
                            creg_value *ret_left, creg_value *ret_right);

/**
 * creg_value_equal and creg_value_same for those who count: about one step of `*work` an item
 * that is looked at. When it does not reach, `*work` is 0 and the answer means nothing.
 */
bool creg_value_equal_within(creg_value left, creg_value right, uint64_t *work);
bool creg_value_same_within(creg_value left, creg_value right, uint64_t *work);

/** Python's `left is right or left == right`: how containers look for an item, so that a NaN
 * is found again. */
bool creg_value_same(creg_value left, creg_value right);

/** Is every key of `left` in `right`? */
bool creg_map_keys_within(const creg_map *left, const creg_map *right);

#endif
