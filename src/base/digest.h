/* SPDX-License-Identifier: MIT */
/*
 * XXH3-128 over bytes that come piece by piece: tells damage and difference, not tampering.
 * The same on every machine and for ever; digests are stored. Threads: any, each its own.
 */
#ifndef CREG_BASE_DIGEST_H
#define CREG_BASE_DIGEST_H

#include <stddef.h>

/** Hex digits of a digest, with the closing NUL. */
enum { CREG_DIGEST_SIZE = 33 };

/** One running digest; its bytes are libxxhash's. */
typedef struct creg_digest {
    _Alignas(64) unsigned char state[640];
} creg_digest;

void creg_digest_begin(creg_digest *digest);
void creg_digest_add(creg_digest *digest, const void *data, size_t size);

/** The 32 hex digits of all that was added, and a NUL. */
void creg_digest_finish(const creg_digest *digest, char ret_hex[CREG_DIGEST_SIZE]);

#endif
