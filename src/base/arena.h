/* SPDX-License-Identifier: MIT */
/*
 * The arena's fast path, for code inside the library; the public calls are in confreg/base.h.
 */
#ifndef CREG_BASE_ARENA_H
#define CREG_BASE_ARENA_H

#include "confreg/base.h"

/** Everything in an arena is aligned to this: our widest members are 8 bytes. */
enum { CREG_ARENA_ALIGN = 8 };

void *creg_arena_alloc_slow(creg_arena *arena, size_t size);

/** `size` rounded up to the alignment, at least one unit; 0 when that overflows. */
static inline size_t creg_arena_round(size_t size)
{
    return (size + (size == 0) + (CREG_ARENA_ALIGN - 1)) & ~(size_t)(CREG_ARENA_ALIGN - 1);
}

/** creg_arena_alloc, inline. */
static inline void *creg_arena_take(creg_arena *arena, size_t size)
{
    size_t rounded = creg_arena_round(size);
    if (rounded != 0 && rounded <= (size_t)(arena->end - arena->at)) {
        void *block = arena->at;
        arena->at += rounded;
        return block;
    }
    return creg_arena_alloc_slow(arena, size);
}

/** A new object of a type in the arena, uninitialised; NULL on failure. */
#define creg_arena_new(arena, type) ((type *)creg_arena_take((arena), sizeof(type)))

#endif
