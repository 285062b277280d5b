/* SPDX-License-Identifier: MIT */
/*
 * "Did you mean": the known name that is nearest to one that nobody knows.
 */
#ifndef CREG_BASE_SUGGEST_H
#define CREG_BASE_SUGGEST_H

#include "confreg/base.h"

/**
 * How many letters must be added, dropped, changed or swapped with a neighbour to make one
 * name of the other; `most + 1` when it is more than `most`. Bytes, not letters, where names
 * are not ASCII. Names over 64 bytes are never near. Threads: any.
 */
size_t creg_edit_distance(creg_slice left, creg_slice right, size_t most);

/** The search, for candidates that come one by one. Start with creg_suggest_begin. */
typedef struct creg_suggest {
    creg_slice wanted;
    creg_slice best; /* the nearest so far; data NULL: none near enough */
    size_t distance;
} creg_suggest;

/** Names are near up to two changes, short ones up to one. `wanted` is borrowed. */
creg_suggest creg_suggest_begin(creg_slice wanted);

/** Look at one more known name. Borrowed: `best` may point to it. The first of equals stays. */
void creg_suggest_offer(creg_suggest *suggest, creg_slice known);

#endif
