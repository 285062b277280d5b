/* SPDX-License-Identifier: MIT */
/*
 * Seeded hashing for tables.
 *
 * The seed is drawn once. Two threads that race for the first draw agree through the
 * compare-and-swap: one seed wins, both use it. A seed of 0 means "not drawn yet".
 */
#include "base/hash.h"

#include <stdatomic.h>
#include <sys/random.h>
#include <time.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static _Atomic uint64_t process_seed;

static uint64_t draw_seed(void)
{
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, 0) == (ssize_t)sizeof seed && seed != 0)
        return seed;
    /* No entropy device: still not the same in every process, which is all we can do. */
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    seed = (uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 32 ^ (uint64_t)(uintptr_t)&now;
    return seed | 1;
}

static uint64_t first_seed(void)
{
    uint64_t expected = 0;
    uint64_t drawn = draw_seed();
    if (atomic_compare_exchange_strong(&process_seed, &expected, drawn))
        return drawn;
    return expected;
}

uint64_t creg_hash_seed(void)
{
    uint64_t seed = atomic_load_explicit(&process_seed, memory_order_relaxed);
    return seed != 0 ? seed : first_seed();
}

uint64_t creg_hash_bytes(const void *data, size_t size)
{
    /* xxhash refuses NULL in checked builds even when there is nothing to read. */
    return XXH3_64bits_withSeed(size == 0 ? "" : data, size, creg_hash_seed());
}

uint64_t creg_hash_number(uint64_t number, uint64_t salt)
{
    uint64_t mixed = number ^ creg_hash_seed() ^ salt * 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ mixed >> 32) * 0xD6E8FEB86659FD93u;
    mixed = (mixed ^ mixed >> 32) * 0xD6E8FEB86659FD93u;
    return mixed ^ mixed >> 32;
}

void creg_hash_digest(const void *data, size_t size, char digest[CREG_HASH_DIGEST_BYTES])
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(data, size));
    memcpy(digest, canonical.digest, CREG_HASH_DIGEST_BYTES);
}
