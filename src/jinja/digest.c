/* SPDX-License-Identifier: MIT */
/*
 * Digests by name, from Nettle.
 */
#include "jinja/digest.h"

#include <nettle/md5.h>
#include <nettle/nettle-meta.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>

typedef union context {
    struct md5_ctx md5;
    struct sha1_ctx sha1;
    struct sha256_ctx sha256; /* and 224 */
    struct sha512_ctx sha512; /* and 384 */
} context;

_Static_assert(SHA512_DIGEST_SIZE <= JINJA_DIGEST_MAX, "room for the longest digest");

size_t jinja_digest(creg_slice name, creg_slice data, unsigned char out[JINJA_DIGEST_MAX])
{
    const struct nettle_hash *const known[] = {&nettle_md5,    &nettle_sha1,   &nettle_sha224,
                                               &nettle_sha256, &nettle_sha384, &nettle_sha512};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const struct nettle_hash *hash = known[i];
        if (!creg_slice_equal(name, creg_slice_of(hash->name)))
            continue;
        context state;
        hash->init(&state);
        hash->update(&state, data.size, (const uint8_t *)data.data);
        hash->digest(&state, hash->digest_size, out);
        return hash->digest_size;
    }
    return 0;
}
