/* SPDX-License-Identifier: MIT */
/*
 * What became of a set of pairs: the difference between two looks, and a text that names one.
 *
 *     before   a=1  b=2        d=4          both sorted by bytes
 *     after    a=1  b=5  c=3
 *     changes  DELETE d, PUT b (was 2), PUT c
 *
 * A change is one of value. Versions only give the order, because stores disagree about them:
 * Consul keeps the version when the same value is put, the others do not.
 *
 * Nothing here touches a store.
 */
#ifndef CREG_REGISTRY_WATCH_DIFF_H
#define CREG_REGISTRY_WATCH_DIFF_H

#include "confreg/registry.h"

/** One change. The pairs are borrowed from the two looks; NULL: it was or is not there. */
typedef struct creg_change {
    creg_event_kind kind;
    const creg_pair *before;
    const creg_pair *after;
} creg_change;

/** Changes in the making, in an arena. */
typedef struct creg_changes {
    creg_change *items;
    size_t size;
} creg_changes;

/** One more change. CREG_NO_MEMORY, CREG_LIMIT. */
creg_status creg_changes_add(creg_changes *changes, creg_event_kind kind,
                             const creg_pair *before, const creg_pair *after, creg_arena *arena,
                             creg_error *err);

/**
 * Append DELETEs by key, then PUTs by version and key, that make `before` into `after`. Both
 * are sorted by key bytes.
 */
creg_status creg_changes_compare(creg_changes *changes, const creg_pairs *before,
                                 const creg_pairs *after, creg_arena *arena, creg_error *err);

/** Append `after` as a snapshot, with its end. */
creg_status creg_changes_snapshot(creg_changes *changes, const creg_pairs *after,
                                  creg_arena *arena, creg_error *err);

/**
 * A set of pairs by count and digest. The digest is the sum of those of the pairs, so one pair
 * more or less is one addition, in any order.
 */
typedef struct creg_position {
    uint64_t count;
    uint64_t sums[2];
} creg_position;

void creg_position_add(creg_position *position, const creg_pair *pair);
void creg_position_remove(creg_position *position, const creg_pair *pair);
creg_position creg_position_of(const creg_pairs *pairs);
bool creg_position_equal(const creg_position *left, const creg_position *right);

/** As text, with what is watched (any bytes) mixed in. In the arena. */
creg_status creg_position_print(const creg_position *position, creg_slice watched,
                                creg_arena *arena, creg_slice *ret_text, creg_error *err);

/** CREG_INVALID: not such a text, or of something else than `watched`. */
creg_status creg_position_parse(creg_slice text, creg_slice watched,
                                creg_position *ret_position, creg_error *err);

#endif
