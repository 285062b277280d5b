/* SPDX-License-Identifier: MIT */
/*
 * The part of listing that is the same in every driver: where a scan starts, what one key
 * becomes at a given depth, and when the page is full.
 *
 * A driver walks its keys in byte order from creg_pairs_start() and hands each to
 * creg_pairs_add(), which says how to go on.
 */
#ifndef CREG_STORE_PAIRS_H
#define CREG_STORE_PAIRS_H

#include "confreg/store.h"

/** What a driver does after it added one key. */
typedef enum creg_pairs_next {
    CREG_PAIRS_NEXT,  /**< go on with the next key */
    CREG_PAIRS_SKIP,  /**< the rest of creg_pairs_builder.cut is one entry: seek behind it */
    CREG_PAIRS_FULL,  /**< the page is full, there is more: stop */
    CREG_PAIRS_FAILED /**< no memory: stop; see the arena */
} creg_pairs_next;

typedef struct creg_pairs_builder {
    const creg_read *read;
    creg_arena *arena;
    creg_pair *items;
    size_t size;
    size_t capacity;
    creg_slice cut; /**< the newest entry that stands for a subtree, with its '/'; or empty */
    bool more;
} creg_pairs_builder;

/** Start the answer to one list. `read` and `arena` must outlive the builder. */
void creg_pairs_begin(creg_pairs_builder *builder, const creg_read *read, creg_arena *arena);

/**
 * The smallest key (inclusive) that a scan for `read` has to look at: the prefix, or what
 * comes behind `after`. In the arena or borrowed from `read`; data NULL when out of memory.
 */
creg_slice creg_pairs_start(const creg_read *read, creg_arena *arena);

/** The smallest key that lies behind everything below `cut` ("a/b/" gives "a/b0"). */
creg_slice creg_pairs_behind(creg_slice cut, creg_arena *arena);

/** Is the key part of what `read` (a list) asks for? */
bool creg_pairs_covers(const creg_read *read, creg_slice key);

/**
 * One more key of the list, in byte order; it must lie below the prefix. Key and value are
 * copied into the arena (the value only when it is wanted).
 */
creg_pairs_next creg_pairs_add(creg_pairs_builder *builder, creg_slice key, creg_slice value,
                               creg_version version);

/** Like creg_pairs_add for bytes that live in the arena already: nothing is copied. */
creg_pairs_next creg_pairs_add_borrowed(creg_pairs_builder *builder, creg_slice key,
                                        creg_slice value, creg_version version);

/** The one pair of a read that is no list: neither prefix, depth nor limit are looked at. */
creg_pairs_next creg_pairs_add_key(creg_pairs_builder *builder, creg_slice key,
                                   creg_slice value, creg_version version);

/** Store the result in `read`. CREG_NO_MEMORY or CREG_LIMIT when the arena gave out. */
creg_status creg_pairs_finish(creg_pairs_builder *builder, creg_read *read, creg_error *err);

/** Sort by key bytes. Equal keys keep no particular order. */
void creg_pairs_sort(creg_pair *items, size_t size);

/**
 * The answer to `read` out of everything below its prefix, unsorted; `items` is reordered and
 * its bytes live in the arena. For stores that can only give all.
 */
creg_status creg_pairs_cut(creg_pair *items, size_t size, creg_read *read, creg_arena *arena,
                           creg_error *err);

/** Append one name/value to a list of facts, as a driver's info() does. */
CREG_PRINTF(4, 5)
creg_status creg_pairs_fact(creg_pairs *facts, creg_arena *arena, const char *name,
                            const char *format, ...);

/** Order by bytes, a prefix first. <0, 0, >0 */
static inline int creg_slice_compare(creg_slice left, creg_slice right)
{
    size_t shared = left.size < right.size ? left.size : right.size;
    int order = shared == 0 ? 0 : memcmp(left.data, right.data, shared);
    if (order != 0)
        return order;
    return (left.size > right.size) - (left.size < right.size);
}

/** Does `text` begin with `prefix`? */
static inline bool creg_slice_has_prefix(creg_slice text, creg_slice prefix)
{
    return text.size >= prefix.size &&
           (prefix.size == 0 || memcmp(text.data, prefix.data, prefix.size) == 0);
}

#endif
