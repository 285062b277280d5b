/* SPDX-License-Identifier: MIT */
/*
 * Two sorted sets of pairs, merged; and the digest of one.
 */
#include "registry/watch_diff.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/fail.h"
#include "base/hash.h"
#include "base/sort.h"
#include "store/pairs.h"

enum {
    FIRST_ROOM = 16,
    /* "w1-" three numbers of 16 digits, the count and what is watched, and their dashes. */
    CURSOR_SIZE = 3 + 4 * 17,
};

/* ---- changes -------------------------------------------------------------------------------- */

/* Room doubles: it is what the size reaches whenever it is a power of two. */
static bool make_room(creg_changes *changes, creg_arena *arena)
{
    size_t size = changes->size;
    bool is_full = size == 0 || (size >= FIRST_ROOM && (size & (size - 1)) == 0);
    if (!is_full)
        return true;
    size_t room = size == 0 ? FIRST_ROOM : 2 * size;
    creg_change *items =
        creg_arena_grow(arena, changes->items, size * sizeof *items, room * sizeof *items);
    if (items == NULL)
        return false;
    changes->items = items;
    return true;
}

creg_status creg_changes_add(creg_changes *changes, creg_event_kind kind,
                             const creg_pair *before, const creg_pair *after, creg_arena *arena,
                             creg_error *err)
{
    if (!make_room(changes, arena))
        return creg_fail_arena(err, arena);
    changes->items[changes->size++] =
        (creg_change){.kind = kind, .before = before, .after = after};
    return CREG_OK;
}

/* DELETEs stand before PUTs; a PUT before a newer one. */
static int compare_changes(const void *left_item, const void *right_item)
{
    const creg_change *left = left_item;
    const creg_change *right = right_item;
    if (left->after == NULL || right->after == NULL)
        return (left->after != NULL) - (right->after != NULL);
    uint64_t one = left->after->version.major;
    uint64_t other = right->after->version.major;
    return (one > other) - (one < other);
}

static creg_status sort_changes(creg_changes *changes, size_t from, creg_arena *arena,
                                creg_error *err)
{
    size_t count = changes->size - from;
    if (count < 2)
        return CREG_OK;
    void *spare = creg_arena_calloc(arena, count, sizeof *changes->items);
    if (spare == NULL)
        return creg_fail_arena(err, arena);
    creg_sort(changes->items + from, count, sizeof *changes->items, compare_changes, spare);
    return CREG_OK;
}

/* <0: only `before` has it, >0: only `after`, 0: both. */
static int side_of(const creg_pairs *before, size_t b, const creg_pairs *after, size_t a)
{
    if (b == before->size)
        return 1;
    if (a == after->size)
        return -1;
    return creg_slice_compare(before->items[b].key, after->items[a].key);
}

creg_status creg_changes_compare(creg_changes *changes, const creg_pairs *before,
                                 const creg_pairs *after, creg_arena *arena, creg_error *err)
{
    size_t from = changes->size;
    creg_status status = CREG_OK;
    for (size_t b = 0, a = 0; status == CREG_OK && (b < before->size || a < after->size);) {
        int side = side_of(before, b, after, a);
        const creg_pair *old = side <= 0 ? &before->items[b++] : NULL;
        const creg_pair *new = side >= 0 ? &after->items[a++] : NULL;
        if (new == NULL)
            status = creg_changes_add(changes, CREG_EVENT_DELETE, old, NULL, arena, err);
        else if (old == NULL || !creg_slice_equal(old->value, new->value))
            status = creg_changes_add(changes, CREG_EVENT_PUT, old, new, arena, err);
    }
    return status == CREG_OK ? sort_changes(changes, from, arena, err) : status;
}

creg_status creg_changes_snapshot(creg_changes *changes, const creg_pairs *after,
                                  creg_arena *arena, creg_error *err)
{
    creg_status status = CREG_OK;
    for (size_t i = 0; i < after->size && status == CREG_OK; i++)
        status =
            creg_changes_add(changes, CREG_EVENT_SNAPSHOT, NULL, &after->items[i], arena, err);
    if (status == CREG_OK)
        status = creg_changes_add(changes, CREG_EVENT_SNAPSHOT_END, NULL, NULL, arena, err);
    return status;
}

/* ---- positions -------------------------------------------------------------------------------- */

static uint64_t number_at(const char *bytes)
{
    uint64_t number = 0;
    for (size_t i = 0; i < sizeof number; i++)
        number = number << 8 | (unsigned char)bytes[i];
    return number;
}

/* Key and value are digested apart, so that no two pairs run into each other. */
static void digest_pair(const creg_pair *pair, uint64_t ret_sums[2])
{
    char digests[2 * CREG_HASH_DIGEST_BYTES];
    char whole[CREG_HASH_DIGEST_BYTES];
    creg_hash_digest(pair->key.data, pair->key.size, digests);
    creg_hash_digest(pair->value.data, pair->value.size, digests + CREG_HASH_DIGEST_BYTES);
    creg_hash_digest(digests, sizeof digests, whole);
    ret_sums[0] = number_at(whole);
    ret_sums[1] = number_at(whole + CREG_HASH_DIGEST_BYTES / 2);
}

void creg_position_add(creg_position *position, const creg_pair *pair)
{
    uint64_t sums[2];
    digest_pair(pair, sums);
    position->count++;
    position->sums[0] += sums[0];
    position->sums[1] += sums[1];
}

void creg_position_remove(creg_position *position, const creg_pair *pair)
{
    uint64_t sums[2];
    digest_pair(pair, sums);
    position->count--;
    position->sums[0] -= sums[0];
    position->sums[1] -= sums[1];
}

creg_position creg_position_of(const creg_pairs *pairs)
{
    creg_position position = {0};
    for (size_t i = 0; i < pairs->size; i++)
        creg_position_add(&position, &pairs->items[i]);
    return position;
}

bool creg_position_equal(const creg_position *left, const creg_position *right)
{
    return left->count == right->count && left->sums[0] == right->sums[0] &&
           left->sums[1] == right->sums[1];
}

static uint64_t digest_of(creg_slice watched)
{
    char digest[CREG_HASH_DIGEST_BYTES];
    creg_hash_digest(watched.data, watched.size, digest);
    return number_at(digest);
}

creg_status creg_position_print(const creg_position *position, creg_slice watched,
                                creg_arena *arena, creg_slice *ret_text, creg_error *err)
{
    char text[CURSOR_SIZE + 1];
    int size =
        snprintf(text, sizeof text, "w1-%016" PRIx64 "-%" PRIx64 "-%016" PRIx64 "%016" PRIx64,
                 digest_of(watched), position->count, position->sums[0], position->sums[1]);
    creg_slice copy = creg_arena_copy(arena, creg_slice_make(text, (size_t)size));
    if (copy.data == NULL)
        return creg_fail_arena(err, arena);
    *ret_text = copy;
    return CREG_OK;
}

/* Lower-case hex digits, at most `most`, at `*at`, which moves behind them. */
static bool take_hex(const char **at, unsigned most, uint64_t *ret_number)
{
    uint64_t number = 0;
    unsigned count = 0;
    for (; count < most; count++, (*at)++) {
        char digit = **at;
        if (digit >= '0' && digit <= '9')
            number = number << 4 | (uint64_t)(digit - '0');
        else if (digit >= 'a' && digit <= 'f')
            number = number << 4 | (uint64_t)(digit - 'a' + 10);
        else
            break;
    }
    *ret_number = number;
    return count > 0;
}

static bool take_dash(const char **at)
{
    return *(*at)++ == '-';
}

creg_status creg_position_parse(creg_slice text, creg_slice watched,
                                creg_position *ret_position, creg_error *err)
{
    char copy[CURSOR_SIZE + 1] = {0};
    if (text.size < 3 || text.size > CURSOR_SIZE || memcmp(text.data, "w1-", 3) != 0)
        return creg_fail(err, CREG_INVALID, "'%.*s' is not the cursor of a watch",
                         CREG_SHOW(text));
    memcpy(copy, text.data, text.size);
    const char *at = copy + 3;
    uint64_t scope;
    creg_position position;
    bool is_sound = take_hex(&at, 16, &scope) && take_dash(&at) &&
                    take_hex(&at, 16, &position.count) && take_dash(&at) &&
                    take_hex(&at, 16, &position.sums[0]) &&
                    take_hex(&at, 16, &position.sums[1]) && at == copy + text.size;
    if (!is_sound)
        return creg_fail(err, CREG_INVALID, "'%.*s' is not the cursor of a watch",
                         CREG_SHOW(text));
    if (scope != digest_of(watched))
        return creg_fail(err, CREG_INVALID, "the cursor is of a watch of something else");
    *ret_position = position;
    return CREG_OK;
}
