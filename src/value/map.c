/* SPDX-License-Identifier: MIT */
/*
 * The ordered dictionary.
 *
 * Up to eight entries are searched one by one, without any hash: that is what most maps of a
 * template are, and comparing sizes and a few bytes is cheaper than hashing. Past that
 * an index of open slots (never more than half full) leads from hash to entry; a slot holds
 * the entry's number plus one. A removed entry stays as a hole, and its slot still leads to
 * it, so that probing goes on behind it; holes go when the entries are next rearranged.
 */
#include "value/map.h"

#include "base/arena.h"
#include "base/hash.h"
#include "value/compare.h"

enum { LINEAR_MAX = 8, FIRST_CAPACITY = 4 };

/* ---- looking up ----------------------------------------------------------------------- */

static inline uint64_t load_8(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static inline uint32_t load_4(const char *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* memcmp for the short names that keys are, without a call: two loads, which may overlap,
 * cover up to sixteen bytes. The end goes first, because names of one map begin alike. */
static inline bool same_bytes(const char *left, const char *right, size_t size)
{
    if (size >= 8) {
        if (load_8(left + size - 8) != load_8(right + size - 8) ||
            load_8(left) != load_8(right))
            return false;
        return size <= 16 || memcmp(left + 8, right + 8, size - 16) == 0;
    }
    if (size >= 4)
        return load_4(left + size - 4) == load_4(right + size - 4) &&
               load_4(left) == load_4(right);
    for (size_t i = 0; i < size; i++)
        if (left[i] != right[i])
            return false;
    return true;
}

static inline bool is_text_key(const creg_entry *entry, creg_slice key)
{
    return entry->key.size == key.size && entry->key.kind == CREG_KIND_STRING && entry->used &&
           same_bytes(entry->key.as.text, key.data, key.size);
}

static inline creg_entry *find_text_linear(const creg_map *map, creg_slice key)
{
    for (size_t i = 0; i < map->filled; i++)
        if (is_text_key(&map->entries[i], key))
            return &map->entries[i];
    return NULL;
}

static creg_entry *find_text_hashed(const creg_map *map, creg_slice key, uint64_t hash)
{
    size_t mask = map->slots - 1;
    for (size_t slot = (size_t)hash & mask; map->index[slot] != 0; slot = (slot + 1) & mask) {
        creg_entry *entry = &map->entries[map->index[slot] - 1];
        if (entry->hash == hash && is_text_key(entry, key))
            return entry;
    }
    return NULL;
}

static creg_entry *find_linear(const creg_map *map, creg_value key)
{
    for (size_t i = 0; i < map->filled; i++)
        if (map->entries[i].used && creg_value_same(map->entries[i].key, key))
            return &map->entries[i];
    return NULL;
}

static creg_entry *find_hashed(const creg_map *map, creg_value key, uint64_t hash)
{
    size_t mask = map->slots - 1;
    for (size_t slot = (size_t)hash & mask; map->index[slot] != 0; slot = (slot + 1) & mask) {
        creg_entry *entry = &map->entries[map->index[slot] - 1];
        if (entry->hash == hash && entry->used && creg_value_same(entry->key, key))
            return entry;
    }
    return NULL;
}

creg_entry *creg_map_find(const creg_map *map, creg_value key)
{
    if (key.kind == CREG_KIND_STRING) {
        creg_slice text = creg_value_text(key);
        if (map->slots == 0)
            return find_text_linear(map, text);
        return find_text_hashed(map, text, creg_hash_bytes(text.data, text.size));
    }
    if (map->slots == 0)
        return find_linear(map, key);
    return find_hashed(map, key, creg_value_hash(key));
}

creg_value *creg_map_get(const creg_map *map, creg_value key)
{
    creg_entry *entry = creg_map_find(map, key);
    return entry == NULL ? NULL : &entry->value;
}

creg_value *creg_map_get_text(const creg_map *map, creg_slice key)
{
    creg_entry *entry;
    if (map->slots == 0)
        entry = find_text_linear(map, key);
    else
        entry = find_text_hashed(map, key, creg_hash_bytes(key.data, key.size));
    return entry == NULL ? NULL : &entry->value;
}

/* ---- room ----------------------------------------------------------------------------- */

static size_t slots_for(size_t capacity)
{
    size_t slots = 2 * LINEAR_MAX;
    while (slots < capacity * 2)
        slots *= 2;
    return slots;
}

static void enter(creg_map *map, size_t number)
{
    size_t mask = map->slots - 1;
    size_t slot = (size_t)map->entries[number].hash & mask;
    while (map->index[slot] != 0)
        slot = (slot + 1) & mask;
    map->index[slot] = (uint32_t)number + 1;
}

static void squeeze_out_holes(creg_map *map)
{
    size_t kept = 0;
    for (size_t i = 0; i < map->filled; i++)
        if (map->entries[i].used)
            map->entries[kept++] = map->entries[i];
    map->filled = kept;
}

static void fill_index(creg_map *map)
{
    memset(map->index, 0, map->slots * sizeof *map->index);
    for (size_t i = 0; i < map->filled; i++)
        enter(map, i);
}

/* Maps without an index have not hashed their keys yet. */
static void hash_keys(creg_map *map)
{
    for (size_t i = 0; i < map->filled; i++)
        if (map->entries[i].used)
            map->entries[i].hash = creg_value_hash(map->entries[i].key);
}

static bool make_index(creg_arena *arena, creg_map *map, size_t capacity)
{
    size_t slots = slots_for(capacity);
    uint32_t *index = creg_arena_take(arena, slots * sizeof *index);
    if (index == NULL)
        return false;
    if (map->slots == 0)
        hash_keys(map);
    map->index = index;
    map->slots = slots;
    squeeze_out_holes(map);
    fill_index(map);
    return true;
}

static bool enlarge(creg_arena *arena, creg_map *map)
{
    size_t wanted = map->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : map->capacity * 2;
    if (wanted >= UINT32_MAX / 2) {
        arena->failed = CREG_LIMIT;
        return false;
    }
    creg_entry *grown = creg_arena_grow(arena, map->entries, map->capacity * sizeof *grown,
                                        wanted * sizeof *grown);
    if (grown == NULL)
        return false;
    map->entries = grown;
    if (wanted > LINEAR_MAX && !make_index(arena, map, wanted))
        return false;
    map->capacity = wanted;
    return true;
}

/* Room for one more entry. When a quarter is holes, rearranging is enough. */
static bool make_room(creg_arena *arena, creg_map *map)
{
    if (map->filled < map->capacity)
        return true;
    if (map->filled - map->size <= map->capacity / 4)
        return enlarge(arena, map);
    squeeze_out_holes(map);
    if (map->slots != 0)
        fill_index(map);
    return true;
}

creg_map *creg_map_new(creg_arena *arena, size_t capacity)
{
    if (capacity >= UINT32_MAX / 2) {
        arena->failed = CREG_LIMIT;
        return NULL;
    }
    creg_map *map = creg_arena_new(arena, creg_map);
    if (map == NULL)
        return NULL;
    *map = (creg_map){0};
    if (capacity == 0)
        return map;
    map->entries = creg_arena_take(arena, capacity * sizeof *map->entries);
    if (map->entries == NULL || (capacity > LINEAR_MAX && !make_index(arena, map, capacity)))
        return NULL;
    map->capacity = capacity;
    return map;
}

/* ---- changing ------------------------------------------------------------------------- */

static bool add(creg_arena *arena, creg_map *map, creg_value key, creg_value value)
{
    if (!make_room(arena, map))
        return false;
    creg_entry *entry = &map->entries[map->filled];
    *entry = (creg_entry){.key = key, .value = value, .used = true};
    if (map->slots != 0) {
        entry->hash = creg_value_hash(key);
        enter(map, map->filled);
    }
    map->filled++;
    map->size++;
    map->version++;
    return true;
}

bool creg_map_set(creg_arena *arena, creg_map *map, creg_value key, creg_value value)
{
    creg_entry *entry = creg_map_find(map, key);
    if (entry == NULL)
        return add(arena, map, key, value);
    entry->value = value;
    return true;
}

bool creg_map_set_text(creg_arena *arena, creg_map *map, creg_slice key, creg_value value)
{
    creg_value *place = creg_map_get_text(map, key);
    if (place != NULL) {
        *place = value;
        return true;
    }
    creg_slice copy = creg_arena_copy(arena, key);
    return copy.data != NULL && add(arena, map, creg_value_string(copy), value);
}

bool creg_map_remove(creg_map *map, creg_value key)
{
    creg_entry *entry = creg_map_find(map, key);
    if (entry == NULL)
        return false;
    entry->used = false;
    map->size--;
    map->version++;
    if (map->size == 0)
        creg_map_clear(map);
    return true;
}

void creg_map_clear(creg_map *map)
{
    map->size = 0;
    map->filled = 0;
    map->version++;
    if (map->slots != 0)
        memset(map->index, 0, map->slots * sizeof *map->index);
}

creg_map *creg_map_copy(creg_arena *arena, const creg_map *map)
{
    creg_map *copy = creg_map_new(arena, map->size);
    for (size_t i = 0; copy != NULL && i < map->filled; i++) {
        const creg_entry *entry = &map->entries[i];
        if (entry->used && !add(arena, copy, entry->key, entry->value))
            return NULL;
    }
    return copy;
}

creg_entry *creg_map_last(const creg_map *map)
{
    for (size_t i = map->filled; i > 0; i--)
        if (map->entries[i - 1].used)
            return &map->entries[i - 1];
    return NULL;
}
