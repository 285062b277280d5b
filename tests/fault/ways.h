/* SPDX-License-Identifier: MIT */
/*
 * The ways through the commit engine, one call of the registry each, for tests in which one
 * thing on the way fails: how its store is prepared, the call, and whether it has happened.
 */
#ifndef FAULT_WAYS_H
#define FAULT_WAYS_H

#include "look.h"

/** What a way works with. */
typedef struct scene {
    creg_registry *registry; /* of the one whose call is spoiled */
    creg_registry *source;   /* of a copy between stores, else NULL */
    creg_registry *other;    /* the same store; nothing of it is spoiled */
    creg_arena arena;        /* of the spoiled call */
    creg_arena kept;         /* of everything else */
    creg_error err;
    volatile int cancel;
    bool has_company; /* another client has come in between */
    shared notes;
} scene;

typedef struct way {
    const char *name;
    void (*prepare)(scene *s); /* before anything fails; may be NULL */
    creg_status (*run)(scene *s);
    bool (*has_happened)(scene *s); /* NULL: it only reads, and judges by itself what it read */
    const char *left;         /* what fsck may find after a failure: it was there before */
    creg_status wanted;       /* of an unspoiled run; CREG_LIMIT: or CREG_OK */
    bool is_stepwise;         /* a failure may leave some of its steps done, each whole */
    bool needs_journals;      /* only where changes may be too large for a transaction */
    void (*beside)(scene *s); /* what another client does before each of its first calls */
} way;

extern const way ways[];
extern const size_t way_count;

/** Ends the program when what a test does for itself fails. */
void must(creg_status status, const scene *s, const char *what);

/** What another client does meanwhile: each is a whole call of `other`. */
void other_creates(scene *s);
void other_repeats(scene *s); /* the request of the way "create" */
void other_removes(scene *s);
void other_changes(scene *s); /* too much for one transaction of a small store */
void other_sweeps(scene *s);
void other_begins_removal(scene *s);  /* and goes no further */
void other_leaves_journal(scene *s);  /* the same of a change */
void other_takes_keys_away(scene *s); /* a program that knows nothing of the books */

#endif
