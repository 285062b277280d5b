/* SPDX-License-Identifier: MIT */
/*
 * The registry's inside: the store, the layout, and what a handle remembers.
 *
 * A handle remembers two things only, both of which can never become wrong: that an instance
 * was committed (its id is never given out again, so once it is removed its keys are gone and
 * stay gone), and compiled bodies, by digest. Values are never remembered.
 */
#ifndef CREG_REGISTRY_REGISTRY_H
#define CREG_REGISTRY_REGISTRY_H

#include <stdatomic.h>

#include "confreg/registry.h"
#include "confreg/store.h"
#include "registry/bodies.h"
#include "registry/dn.h"

enum {
    /* Instances that a handle remembers; a slot that is taken over costs one read more. */
    CREG_REMEMBERED = 4096,
    CREG_AUTHOR_SIZE = 320,
    /* Hex digits of a request id that we make, with the closing NUL. */
    CREG_REQUEST_SIZE = 33
};

/** A set of instances, by seeded hash; see creg_instance_set_holds(). */
typedef struct creg_instance_set {
    _Atomic uint64_t slots[CREG_REMEMBERED];
} creg_instance_set;

struct creg_registry {
    creg_store *store;
    creg_layout layout;
    bool shows_all; /* ?visibility=all: instances without a commit record, too */
    size_t
        transaction_operations; /* ?transaction_operations=: tests; 0: what the store takes */
    uint32_t liveness_ms;       /* ?liveness_ms=: when a silent writer counts as dead */
    char author[CREG_AUTHOR_SIZE];
    creg_bodies *bodies;
    creg_instance_set committed; /* instances seen with a commit record */
    creg_instance_set edited;    /* instances seen with the book CREG_BOOK_EDITED */
};

/** Is the instance of this DN in the set? No false yes but by a 64-bit hash; lock-free. */
bool creg_instance_set_holds(const creg_instance_set *set, const creg_dn *dn);

/** Put the instance of this DN in the set. */
void creg_instance_set_add(creg_instance_set *set, const creg_dn *dn);

/** creg_dn_parse with the registry's layout. */
creg_status creg_registry_dn(const creg_registry *registry, creg_slice text, creg_slice path,
                             creg_dn *ret_dn, creg_error *err);

/** The time now as the books write it, "2016-05-19T09:30:00Z", in the arena; data NULL on failure. */
creg_slice creg_registry_now(creg_arena *arena);

/** 128 random bits as 32 hex digits. CREG_IO when the system has no random bytes. */
creg_status creg_request_make(char ret_request[CREG_REQUEST_SIZE], creg_error *err);

/** Sleep a random time, longer for each try that was lost to somebody else. */
void creg_registry_pause(unsigned losses);

#endif
