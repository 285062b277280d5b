/* SPDX-License-Identifier: MIT */
/*
 * Many operations as several transactions, several of them under way at once.
 *
 * For changes that nobody can see before they are complete (an instance without its record),
 * or that somebody else would complete (a journal): then it does not matter in which order
 * the pieces arrive. Each carries the same checks and the same fence, so that all of them are
 * refused from the moment one of these no longer holds, and each is harmless when it arrives
 * twice. How many go at once is the driver's affair: creg_limits.writers.
 */
#ifndef CREG_REGISTRY_CHUNKS_H
#define CREG_REGISTRY_CHUNKS_H

#include "registry/registry.h"

typedef struct creg_chunks {
    creg_registry *registry;
    const creg_operation *operations; /* of different keys */
    const uint32_t *weights; /* how many keys each stands for (DELETE_TREE); NULL: one each */
    size_t count;
    const creg_check *checks; /* of every piece */
    size_t check_count;
    creg_liveness *fence; /* of every piece, and renewed on the way; may be NULL */
    /* Called by the caller's thread only; may be NULL. */
    void (*progress)(void *user_data, size_t done, size_t total);
    void *user_data;
    const volatile int *cancel;
} creg_chunks;

/**
 * Apply all operations. When it returns nothing is under way any more.
 *
 * CREG_OK               every piece is acknowledged
 * CREG_CONFLICT         a check or the fence does not hold
 * CREG_CANCELLED        `cancel` was set
 * CREG_UNKNOWN_OUTCOME  a piece got no clear answer, though it was sent again and again
 * On any failure no further piece is begun; some of them may have been applied.
 */
creg_status creg_chunks_apply(const creg_chunks *chunks, creg_error *err);

#endif
