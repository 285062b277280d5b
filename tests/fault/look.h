/* SPDX-License-Identifier: MIT */
/*
 * Looking at a store while others write, die and sweep: the invariants I1 to I12.
 *
 * Instances of these tests have a known shape (see look.c), so that a foreign, missing or
 * stale key is seen from the raw keys alone, without the registry's own digests.
 */
#ifndef FAULT_LOOK_H
#define FAULT_LOOK_H

#include <stdatomic.h>

#include "confreg/confreg.h"

#define S(text) creg_slice_of(text)

/* What "cpu" and "mem" of every node of an instance say, before and after a large change. */
#define BEFORE "2"
#define AFTER "9"

enum { ID_MAX = 4096, NODES = 10, KEYS = 42, COPIED_KEYS = 4, SAYINGS = 6, SAYING_SIZE = 240 };

/** What a case's processes share. All of it lies in one MAP_SHARED page. */
typedef struct shared {
    atomic_int violations;
    char sayings[SAYINGS][SAYING_SIZE]; /* the first few violations */
    atomic_int stop;                    /* readers end */
    atomic_int stop_setter;
    atomic_long looks;  /* snapshots that readers judged */
    atomic_int highest; /* id that was ever seen in use */
    /* what the victim was told */
    int is_told;
    creg_status told;
    char dn[128];
    char message[160];
    int has_bystander; /* somebody else created while the victim was frozen */
} shared;

/** What a reader remembers between two looks. */
typedef struct memory {
    int witness; /* id of an instance that was made out of turn and must stay; 0: none */
    unsigned long counter;
    unsigned char seen[ID_MAX]; /* was committed once */
} memory;

/** Note a violation. */
void violated(shared *notes, const char *format, ...);

/** The service template of these tests; must succeed. */
void register_body(creg_registry *registry);

/** Instantiate for user "u"; the request id and `token` (an option) are the same text. */
creg_status create(creg_registry *registry, const char *token, creg_arena *arena,
                   creg_instance *ret_instance, creg_error *err);

/** One look at raw keys of one moment, and one through the registry. `may_vanish`: instances
 *  are removed in this scenario. */
void look(creg_registry *registry, memory *before, bool may_vanish, shared *notes);

/** Has the large change been made to this instance's tree? */
bool is_changed(creg_value tree);

/** How many committed instances carry this token; their id in `*ret_id`. */
int count_token(creg_registry *registry, const char *token, int *ret_id, shared *notes);

/** Intents that are there; -1 when the store does not answer. */
int count_intents(creg_registry *registry);

/** Raw keys below an instance, by id. */
int count_keys(creg_registry *registry, int id);

#endif
