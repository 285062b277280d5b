/* SPDX-License-Identifier: MIT */
/*
 * Pages of pairs: sorted by bytes, cut by depth, limited, and the place to go on from.
 *
 * In byte order everything below "a/b/" lies together, so a cut entry is made at the first key
 * below it and the rest is skipped: a list of depth 1 over a million keys costs one seek an
 * entry, not a million steps.
 */
#include "store/pairs.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/fail.h"

/* ---- where a scan starts ---------------------------------------------------------------- */

creg_slice creg_pairs_behind(creg_slice cut, creg_arena *arena)
{
    char *behind = creg_arena_take(arena, cut.size);
    if (behind == NULL)
        return creg_slice_make(NULL, 0);
    memcpy(behind, cut.data, cut.size);
    behind[cut.size - 1] = '/' + 1;
    return creg_slice_make(behind, cut.size);
}

creg_slice creg_pairs_start(const creg_read *read, creg_arena *arena)
{
    creg_slice after = read->after;
    if (after.size == 0 || creg_slice_compare(after, read->key) < 0)
        return read->key.data == NULL ? creg_slice_make("", 0) : read->key;
    if (after.data[after.size - 1] == '/')
        return creg_pairs_behind(after, arena);
    /* The smallest key behind `after` is `after` and a NUL. */
    creg_slice start = creg_arena_copy(arena, after);
    return start.data == NULL ? start : creg_slice_make(start.data, start.size + 1);
}

bool creg_pairs_covers(const creg_read *read, creg_slice key)
{
    if (!creg_slice_has_prefix(key, read->key))
        return false;
    creg_slice after = read->after;
    if (after.size == 0)
        return true;
    bool is_below = after.data[after.size - 1] == '/' && creg_slice_has_prefix(key, after);
    return !is_below && creg_slice_compare(key, after) > 0;
}

/* ---- building a page -------------------------------------------------------------------- */

/* The key up to and with the '/' that ends the last allowed segment; or empty: not too deep. */
static creg_slice cut_at_depth(const creg_read *read, creg_slice key)
{
    uint32_t left = read->depth;
    if (left == 0)
        return creg_slice_make(NULL, 0);
    for (size_t i = read->key.size; i < key.size; i++)
        if (key.data[i] == '/' && --left == 0)
            return creg_slice_make(key.data, i + 1);
    return creg_slice_make(NULL, 0);
}

void creg_pairs_begin(creg_pairs_builder *builder, const creg_read *read, creg_arena *arena)
{
    *builder = (creg_pairs_builder){.read = read, .arena = arena};
}

static bool make_room(creg_pairs_builder *builder)
{
    if (builder->size < builder->capacity)
        return true;
    size_t wanted = builder->capacity == 0 ? 16 : builder->capacity * 2;
    creg_pair *grown =
        creg_arena_grow(builder->arena, builder->items, builder->capacity * sizeof *grown,
                        wanted * sizeof *grown);
    if (grown == NULL)
        return false;
    builder->items = grown;
    builder->capacity = wanted;
    return true;
}

/* Value and key as they are wanted; false when the arena has no more room. */
static bool fill_pair(creg_pairs_builder *builder, creg_pair *pair, creg_slice value,
                      bool is_wanted, bool copies)
{
    pair->value = creg_slice_make("", 0);
    if (is_wanted)
        pair->value = copies ? creg_arena_copy(builder->arena, value) : value;
    if (copies)
        pair->key = creg_arena_copy(builder->arena, pair->key);
    return pair->key.data != NULL && pair->value.data != NULL;
}

static creg_pairs_next add_pair(creg_pairs_builder *builder, creg_slice key, creg_slice value,
                                creg_version version, bool copies)
{
    const creg_read *read = builder->read;
    if (builder->cut.size > 0 && creg_slice_has_prefix(key, builder->cut))
        return CREG_PAIRS_SKIP;
    if (read->limit != 0 && builder->size == read->limit) {
        builder->more = true;
        return CREG_PAIRS_FULL;
    }
    if (!make_room(builder))
        return CREG_PAIRS_FAILED;

    creg_slice cut = cut_at_depth(read, key);
    bool is_cut = cut.size > 0;
    creg_pair pair = {.key = is_cut ? cut : key};
    if (!is_cut)
        pair.version = version;
    if (!fill_pair(builder, &pair, value, !is_cut && !read->keys_only, copies))
        return CREG_PAIRS_FAILED;
    builder->items[builder->size++] = pair;
    builder->cut = is_cut ? pair.key : creg_slice_make(NULL, 0);
    return is_cut ? CREG_PAIRS_SKIP : CREG_PAIRS_NEXT;
}

creg_pairs_next creg_pairs_add(creg_pairs_builder *builder, creg_slice key, creg_slice value,
                               creg_version version)
{
    return add_pair(builder, key, value, version, true);
}

creg_pairs_next creg_pairs_add_borrowed(creg_pairs_builder *builder, creg_slice key,
                                        creg_slice value, creg_version version)
{
    if (value.data == NULL)
        value = creg_slice_make("", 0);
    return add_pair(builder, key, value, version, false);
}

creg_pairs_next creg_pairs_add_key(creg_pairs_builder *builder, creg_slice key,
                                   creg_slice value, creg_version version)
{
    creg_pair pair = {.key = key, .version = version};
    if (!make_room(builder) ||
        !fill_pair(builder, &pair, value, !builder->read->keys_only, true))
        return CREG_PAIRS_FAILED;
    builder->items[builder->size++] = pair;
    return CREG_PAIRS_NEXT;
}

creg_status creg_pairs_finish(creg_pairs_builder *builder, creg_read *read, creg_error *err)
{
    if (builder->arena->failed != CREG_OK)
        return creg_fail_arena(err, builder->arena);
    read->ret_pairs.items = builder->items;
    read->ret_pairs.size = builder->size;
    read->ret_more = builder->more;
    return CREG_OK;
}

/* ---- for stores without an order -------------------------------------------------------- */

static int compare_pairs(const void *left, const void *right)
{
    return creg_slice_compare(((const creg_pair *)left)->key, ((const creg_pair *)right)->key);
}

void creg_pairs_sort(creg_pair *items, size_t size)
{
    for (size_t i = 1; i < size; i++)
        if (creg_slice_compare(items[i - 1].key, items[i].key) > 0) {
            qsort(items, size, sizeof *items, compare_pairs);
            return;
        }
}

creg_status creg_pairs_cut(creg_pair *items, size_t size, creg_read *read, creg_arena *arena,
                           creg_error *err)
{
    creg_pairs_sort(items, size);
    for (size_t i = 1; i < size; i++)
        if (creg_slice_equal(items[i - 1].key, items[i].key))
            return creg_fail(err, CREG_UNAVAILABLE, "the store listed the key '%.*s' twice",
                             CREG_SHOW(items[i].key));
    creg_pairs_builder builder;
    creg_pairs_begin(&builder, read, arena);
    for (size_t i = 0; i < size; i++) {
        if (!creg_pairs_covers(read, items[i].key))
            continue;
        creg_pairs_next next =
            creg_pairs_add_borrowed(&builder, items[i].key, items[i].value, items[i].version);
        if (next == CREG_PAIRS_FULL || next == CREG_PAIRS_FAILED)
            break;
    }
    return creg_pairs_finish(&builder, read, err);
}

/* ---- facts ------------------------------------------------------------------------------ */

creg_status creg_pairs_fact(creg_pairs *facts, creg_arena *arena, const char *name,
                            const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);

    creg_pair fact = {.key = creg_arena_copy(arena, creg_slice_of(name)),
                      .value = creg_arena_copy(arena, creg_slice_of(text))};
    creg_pair *grown = creg_arena_grow(arena, facts->items, facts->size * sizeof *grown,
                                       (facts->size + 1) * sizeof *grown);
    if (fact.key.data == NULL || fact.value.data == NULL || grown == NULL)
        return arena->failed == CREG_LIMIT ? CREG_LIMIT : CREG_NO_MEMORY;
    grown[facts->size] = fact;
    facts->items = grown;
    facts->size++;
    return CREG_OK;
}
