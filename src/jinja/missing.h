/* SPDX-License-Identifier: MIT */
/*
 * All names that a strict render misses, in one error.
 */
#ifndef JINJA_MISSING_H
#define JINJA_MISSING_H

#include "jinja/engine.h"

/**
 * A strict render failed on an undefined name: put all the others that the template reads and
 * nothing supplies into the error, each with its place, and the nearest spelling as a hint.
 *
 * `err` (may be NULL) holds the first failure and keeps its place.
 */
void jinja_list_missing(const jinja_template *template_, creg_value context, creg_error *err);

#endif
