/* SPDX-License-Identifier: MIT */
/*
 * What the tests of watches share: a mirror that is fed with events, and compared with the
 * store.
 */
#ifndef WATCHING_H
#define WATCHING_H

#include "suite.h"

/** What a consumer has after the events so far. */
typedef struct mirror {
    creg_arena arena;
    creg_pair *items;
    size_t size;
    size_t room;
    size_t events[CREG_EVENT_REMOVED + 1]; /* by kind */
} mirror;

void mirror_init(mirror *copy);
void mirror_clear(mirror *copy);

/** Apply one event; the test fails when it contradicts what the mirror has. */
void mirror_take(mirror *copy, const creg_event *event);

/** Apply events until the watch is silent for `quiet_ms`; returns how many. */
size_t mirror_drain(mirror *copy, creg_watch *watch, uint32_t quiet_ms);

/** As creg_watch_options.known. */
creg_pairs mirror_pairs(const mirror *copy);

/** Does the mirror hold exactly what the store has below `prefix` (raw keys)? */
void mirror_check_keys(const mirror *copy, const char *prefix);

/** The value, or "(none)". */
const char *mirror_value(const mirror *copy, const char *path);

/** The next event as one line: "put a/b=2 (was 1)"; "timeout", "cancelled" ... */
const char *next_line(creg_watch *watch, uint32_t timeout_ms);

creg_watch *given_watch(const char *target, creg_watch_scope scope, bool with_snapshot);

uint64_t clock_ms(void);

#endif
