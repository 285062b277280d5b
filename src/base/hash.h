/* SPDX-License-Identifier: MIT */
/*
 * Hashing for tables: XXH3 with a seed that differs from process to process, so that nobody
 * can prepare keys that all fall into one slot. Never stored, never sent.
 */
#ifndef CREG_BASE_HASH_H
#define CREG_BASE_HASH_H

#include "confreg/base.h"

/** The seed of this process; the first call draws it. Threads: any. */
uint64_t creg_hash_seed(void);

/** The hash of some bytes. Threads: any. */
uint64_t creg_hash_bytes(const void *data, size_t size);

/** The hash of one number, mixed with `salt` (a tag that keeps kinds apart). Threads: any. */
uint64_t creg_hash_number(uint64_t number, uint64_t salt);

#endif
