/* SPDX-License-Identifier: MIT */
/*
 * Putting a place of a template into an error: line, column, the line's text, an underline,
 * and a sentence on what to do for the messages that people meet most.
 */
#ifndef JINJA_DIAGNOSTIC_H
#define JINJA_DIAGNOSTIC_H

#include "jinja/runtime.h"

/**
 * Name the place. `line` is the line that Jinja2 would tell; `at` and `size` (bytes) tell the
 * column and the underline when they lie on that line. `err` may be NULL.
 */
void jinja_diagnose(creg_error *err, creg_slice name, creg_slice source, uint32_t line,
                    uint32_t at, uint32_t size);

/** The candidate nearest to `name` in spelling, or an empty slice when none is near. */
typedef struct jinja_nearest {
    creg_slice name; /* what was asked for */
    creg_slice best;
    size_t distance;
} jinja_nearest;

void jinja_nearest_init(jinja_nearest *nearest, creg_slice name);
void jinja_nearest_offer(jinja_nearest *nearest, creg_slice candidate);

#endif
