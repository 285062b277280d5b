/* SPDX-License-Identifier: MIT */
/*
 * Between measure.c and the probes of limits, semantics and times.
 *
 * A probe finds out one thing with the portable calls alone, as any caller could, and fills one
 * row. What it writes lies below work->top, which is removed when all is done.
 */
#ifndef CREG_STORE_MEASURE_H
#define CREG_STORE_MEASURE_H

#include "confreg/store.h"

typedef struct measuring {
    creg_store *store;
    creg_store *other; /* a second handle; NULL where handles do not share a store */
    creg_limits limits;
    creg_slice top;     /* "_confreg/check/5f3a..." */
    creg_arena *arena;  /* of the caller: what rows point at */
    creg_arena scratch; /* emptied before each probe */
    creg_measure *row;
    const volatile int *cancel;
} measuring;

/** A probe: CREG_OK with the row filled, or why it could not find out. */
typedef creg_status (*creg_probe_function)(measuring *work, creg_error *err);

enum { CREG_PROBE_TWO_HANDLES = 1, CREG_PROBE_LIVENESS = 2, CREG_PROBE_SLOW = 4 };

typedef struct creg_probe {
    const char *name;
    const char *unit;
    creg_probe_function run;
    unsigned needs; /* CREG_PROBE_... */
} creg_probe;

/* Ended by a row without a name. */
extern const creg_probe creg_probes_limits[];
extern const creg_probe creg_probes_semantics[];
extern const creg_probe creg_probes_latency[];

/** A key below the top: printf of what follows "TOP/", in scratch. data NULL without memory. */
CREG_PRINTF(2, 3) creg_slice creg_probe_key(measuring *work, const char *format, ...);

/** The row's value, note, or the end of a promise: broken, and why. */
CREG_PRINTF(2, 3) creg_status creg_probe_value(measuring *work, const char *format, ...);
CREG_PRINTF(2, 3) creg_status creg_probe_note(measuring *work, const char *format, ...);
CREG_PRINTF(2, 3) creg_status creg_probe_broken(measuring *work, const char *format, ...);

/** The row of a promise: "yes", or "no" and broken with the note. */
creg_status creg_probe_holds(measuring *work, bool holds, const char *note);

/** Remove everything below a key, whatever its size. */
creg_status creg_probe_clear(measuring *work, creg_slice key, creg_error *err);

uint64_t creg_probe_now_us(void);

#endif
