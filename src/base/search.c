/* SPDX-License-Identifier: MIT */
/*
 * Finding bytes in bytes.
 *
 * Short needles are found by their first byte and a comparison; its worst case is bounded by
 * their length. Long ones by a rolling hash (modulo the prime 2**61 - 1) whose multiplier is
 * this process's secret, so that nobody can build a text full of false matches.
 */
#include "base/search.h"

#include "base/hash.h"

enum { SHORT_NEEDLE = 32 };

static bool stands_at(creg_slice text, creg_slice needle, size_t at)
{
    return memcmp(text.data + at, needle.data, needle.size) == 0;
}

static size_t find_short(creg_slice text, creg_slice needle, size_t from)
{
    size_t last = text.size - needle.size;
    while (from <= last) {
        const char *hit = memchr(text.data + from, needle.data[0], last - from + 1);
        if (hit == NULL)
            return SIZE_MAX;
        size_t at = (size_t)(hit - text.data);
        if (stands_at(text, needle, at))
            return at;
        from = at + 1;
    }
    return SIZE_MAX;
}

__extension__ typedef unsigned __int128 wide;

#define PRIME ((uint64_t)0x1FFFFFFFFFFFFFFF)

static uint64_t multiplier(void)
{
    return creg_hash_seed() % (PRIME - 1000) + 500;
}

/* hash * factor + more, modulo PRIME. */
static uint64_t roll(uint64_t hash, uint64_t factor, uint64_t more)
{
    wide product = (wide)hash * factor + more;
    uint64_t folded = (uint64_t)(product & PRIME) + (uint64_t)(product >> 61);
    return folded >= PRIME ? folded - PRIME : folded;
}

static uint64_t byte_at(creg_slice bytes, size_t at)
{
    return (uint64_t)(unsigned char)bytes.data[at] + 1;
}

/* multiplier ** (size - 1): what the oldest byte of a window has been multiplied with. */
static uint64_t oldest_factor(size_t size)
{
    uint64_t factor = 1;
    for (size_t i = 1; i < size; i++)
        factor = roll(factor, multiplier(), 0);
    return factor;
}

/* Take the oldest byte out of the window and the next one in. */
static uint64_t slide(uint64_t hash, uint64_t oldest, uint64_t base, uint64_t next)
{
    uint64_t rest = hash >= oldest ? hash - oldest : hash + PRIME - oldest;
    return roll(rest, base, next);
}

static size_t find_long(creg_slice text, creg_slice needle, size_t from)
{
    uint64_t base = multiplier();
    uint64_t oldest = oldest_factor(needle.size);
    uint64_t wanted = 0;
    uint64_t rolling = 0;
    for (size_t i = 0; i < needle.size; i++) {
        wanted = roll(wanted, base, byte_at(needle, i));
        rolling = roll(rolling, base, byte_at(text, from + i));
    }
    for (size_t at = from;; at++) {
        if (rolling == wanted && stands_at(text, needle, at))
            return at;
        if (at + needle.size >= text.size)
            return SIZE_MAX;
        rolling = slide(rolling, roll(oldest, byte_at(text, at), 0), base,
                        byte_at(text, at + needle.size));
    }
}

size_t creg_search(creg_slice text, creg_slice needle, size_t from)
{
    if (from > text.size || needle.size > text.size - from)
        return SIZE_MAX;
    if (needle.size == 0)
        return from;
    if (needle.size <= SHORT_NEEDLE)
        return find_short(text, needle, from);
    return find_long(text, needle, from);
}

static size_t find_last_long(creg_slice text, creg_slice needle, size_t to)
{
    uint64_t base = multiplier();
    uint64_t oldest = oldest_factor(needle.size);
    uint64_t wanted = 0;
    uint64_t rolling = 0;
    size_t at = to - needle.size;
    for (size_t i = needle.size; i > 0; i--) {
        wanted = roll(wanted, base, byte_at(needle, i - 1));
        rolling = roll(rolling, base, byte_at(text, at + i - 1));
    }
    for (;; at--) {
        if (rolling == wanted && stands_at(text, needle, at))
            return at;
        if (at == 0)
            return SIZE_MAX;
        rolling = slide(rolling, roll(oldest, byte_at(text, at + needle.size - 1), 0), base,
                        byte_at(text, at - 1));
    }
}

size_t creg_search_last(creg_slice text, creg_slice needle, size_t to)
{
    if (to > text.size)
        to = text.size;
    if (needle.size > to)
        return SIZE_MAX;
    if (needle.size == 0)
        return to;
    if (needle.size > SHORT_NEEDLE)
        return find_last_long(text, needle, to);
    for (size_t at = to - needle.size + 1; at > 0; at--)
        if (text.data[at - 1] == needle.data[0] && stands_at(text, needle, at - 1))
            return at - 1;
    return SIZE_MAX;
}
