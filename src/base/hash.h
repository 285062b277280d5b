/* SPDX-License-Identifier: MIT */
/*
 * Hashing for tables: XXH3 with a seed that differs from process to process, so that nobody
 * can prepare keys that all fall into one slot. Never stored, never sent; the digest without
 * a seed is for that.
 */
#ifndef CREG_BASE_HASH_H
#define CREG_BASE_HASH_H

#include "confreg/base.h"

/** The seed of this process; the first call draws it. Threads: any. */
uint64_t creg_hash_seed(void);

/** The hash of some bytes. Threads: any. */
uint64_t creg_hash_bytes(const void *data, size_t size);

enum { CREG_HASH_DIGEST_BYTES = 16 };

/**
 * XXH3-128 of some bytes, without a seed, in its canonical order of bytes: the same everywhere
 * and for ever, so this one may be stored. It tells difference, not tampering. Threads: any.
 */
void creg_hash_digest(const void *data, size_t size, char digest[CREG_HASH_DIGEST_BYTES]);

/** The hash of one number, mixed with `salt` (a tag that keeps kinds apart). Threads: any. */
uint64_t creg_hash_number(uint64_t number, uint64_t salt);

#endif
