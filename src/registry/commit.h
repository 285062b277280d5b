/* SPDX-License-Identifier: MIT */
/*
 * Writing a new instance, all or nothing, under an id that nobody else can get.
 *
 *     counter n = 41                          the id in hand is 42
 *     { n unchanged, c/X absent, r/R absent, nothing below instances/X }
 *         -> { n = 42, put c/X, put r/R = X, put every key }
 *
 * That is one transaction wherever it fits. Where it does not, the same in pieces: an intent
 * i/X that the store ties to our being alive, the keys in chunks that are refused once we are
 * taken for dead (the fence), and last the commit record. Nobody reads an instance without
 * its record, so what a dead writer leaves is invisible, and a sweep removes it.
 *
 * A call ends in done, in failed with nothing left, or in CREG_UNKNOWN_OUTCOME with the DN
 * and the request id to ask with; never in a "failed" that later turns out done.
 */
#ifndef CREG_REGISTRY_COMMIT_H
#define CREG_REGISTRY_COMMIT_H

#include "registry/registry.h"

/** An instance on its way into the store. Set the first group, zero the rest. */
typedef struct creg_commit {
    creg_registry *registry;
    creg_slice user, name, version; /* plain text */
    creg_slice request;             /* the request id, plain text, never empty */
    void (*progress)(void *user_data, size_t done, size_t total);
    void *user_data;
    const volatile int *cancel;

    creg_dn dn; /* under the id in hand */
    uint64_t id;
    creg_version counter; /* of n, as read */
    bool is_claimed;      /* n was moved to the id already */
    bool is_taken;        /* the id in hand turned out to be taken: count again */
} creg_commit;

/**
 * Take the next id in hand: `dn` and `id` are set. Nothing is written yet, unless `claim`:
 * then the id is ours from now on, at the price of a gap if nothing becomes of it. That is
 * for a writer who lost too often to faster ones.
 *
 * CREG_INVALID_NAME  a name that is none
 * CREG_CONFLICT      (with `claim`) somebody was faster: call again
 */
creg_status creg_commit_take_id(creg_commit *commit, bool claim, creg_error *err);

/**
 * Write the keys and the record under the id in hand.
 *
 * `pairs` have keys below the instance's; `record` is the commit record as JSON.
 *
 * CREG_CONFLICT         the id, or the request id, was taken by somebody else meanwhile
 * CREG_CANCELLED        `cancel` was set; nothing is left
 * CREG_UNKNOWN_OUTCOME  with `dn` and `request_id` in the error
 */
creg_status creg_commit_write(creg_commit *commit, const creg_pairs *pairs, creg_slice record,
                              creg_arena *arena, creg_error *err);

#endif
