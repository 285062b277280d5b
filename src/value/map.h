/* SPDX-License-Identifier: MIT */
/*
 * Maps inside the library: what confreg/value.h offers, plus whole-map operations.
 */
#ifndef CREG_VALUE_MAP_H
#define CREG_VALUE_MAP_H

#include "confreg/value.h"

/** The entry of a key, or NULL. Valid until the map changes. */
creg_entry *creg_map_find(const creg_map *map, creg_value key);

/** A copy with the same keys and values (shared, not copied), without holes. NULL: see
 * arena->failed. */
creg_map *creg_map_copy(creg_arena *arena, const creg_map *map);

/** Remove everything. */
void creg_map_clear(creg_map *map);

/** The newest entry, or NULL when there is none. */
creg_entry *creg_map_last(const creg_map *map);

#endif
