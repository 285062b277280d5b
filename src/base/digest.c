/* SPDX-License-Identifier: MIT */
/*
 * XXH3-128 as hex text. libxxhash hides the size of its state unless asked; nobody else of us
 * has to know it.
 */
#include "base/digest.h"

#define XXH_STATIC_LINKING_ONLY /* for a state that is not on the heap */
#include <xxhash.h>

_Static_assert(sizeof(XXH3_state_t) <= sizeof(creg_digest), "room for libxxhash's state");

static XXH3_state_t *state_of(creg_digest *digest)
{
    return (XXH3_state_t *)(void *)digest->state;
}

void creg_digest_begin(creg_digest *digest)
{
    XXH3_128bits_reset(state_of(digest));
}

void creg_digest_add(creg_digest *digest, const void *data, size_t size)
{
    if (size > 0)
        XXH3_128bits_update(state_of(digest), data, size);
}

void creg_digest_finish(const creg_digest *digest, char ret_hex[CREG_DIGEST_SIZE])
{
    static const char hex[] = "0123456789abcdef";
    creg_digest copy = *digest;
    XXH128_canonical_t bytes;
    XXH128_canonicalFromHash(&bytes, XXH3_128bits_digest(state_of(&copy)));
    for (size_t i = 0; i < sizeof bytes.digest; i++) {
        ret_hex[2 * i] = hex[bytes.digest[i] >> 4];
        ret_hex[2 * i + 1] = hex[bytes.digest[i] & 15];
    }
    ret_hex[2 * sizeof bytes.digest] = '\0';
}
