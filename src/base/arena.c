/* SPDX-License-Identifier: MIT */
/*
 * Bump allocation in chunks that double up to a huge page, under a byte budget.
 *
 *     chunks -> [ newest | used......|at   free   |end ] -> [ older ] -> [ oldest ]
 *
 * A block larger than a chunk gets one of its own. Under -Darena_debug=true every block is
 * its own chunk, so that valgrind and ASan see each one.
 */
#include "base/arena.h"

#include "base/memory.h"
#include "confreg/error.h"

typedef struct creg_arena_chunk {
    struct creg_arena_chunk *older;
    size_t size; /* of the whole chunk, this header included */
} chunk;

enum {
    FIRST_CHUNK = 4 * 1024,
    LAST_SMALL_CHUNK = 256 * 1024, /* behind it chunks are as large as a huge page */
    HEADER = (sizeof(chunk) + CREG_ARENA_ALIGN - 1) & ~(size_t)(CREG_ARENA_ALIGN - 1)
};

void creg_arena_init(creg_arena *arena, size_t budget_bytes)
{
    memset(arena, 0, sizeof *arena);
    arena->budget = budget_bytes;
}

static void free_chunks(chunk *newest)
{
    while (newest != NULL) {
        chunk *older = newest->older;
        creg_memory_free(newest);
        newest = older;
    }
}

void creg_arena_clear(creg_arena *arena)
{
    free_chunks(arena->chunks);
    creg_arena_init(arena, arena->budget);
}

void creg_arena_reset(creg_arena *arena)
{
    chunk *kept = arena->chunks;
    if (kept == NULL) {
        arena->failed = CREG_OK;
        return;
    }
    free_chunks(kept->older);
    kept->older = NULL;
    arena->at = (char *)kept + HEADER;
    arena->end = (char *)kept + kept->size;
    arena->taken = kept->size;
    arena->failed = CREG_OK;
}

static size_t next_chunk_size(const creg_arena *arena, size_t needed)
{
#ifdef CREG_ARENA_DEBUG
    (void)arena;
    return needed;
#else
    size_t size = arena->chunks == NULL ? FIRST_CHUNK : arena->chunks->size * 2;
    if (size > LAST_SMALL_CHUNK)
        size = CREG_MEMORY_HUGE;
    if (size < FIRST_CHUNK)
        size = FIRST_CHUNK;
    /* Near the budget, take what is left rather than fail with room to spare. */
    size_t left = arena->budget - arena->taken;
    if (size > left)
        size = left;
    return size < needed ? needed : size;
#endif
}

void *creg_arena_alloc_slow(creg_arena *arena, size_t size)
{
    size_t rounded = creg_arena_round(size);
    if (rounded == 0 || rounded > SIZE_MAX - HEADER ||
        rounded + HEADER > arena->budget - arena->taken) {
        arena->failed = CREG_LIMIT;
        return NULL;
    }
    size_t needed = rounded + HEADER;
    size_t wanted = next_chunk_size(arena, needed);
    chunk *fresh =
        wanted < CREG_MEMORY_HUGE ? creg_memory_alloc(wanted) : creg_memory_alloc_huge(wanted);
    if (fresh == NULL) {
        arena->failed = CREG_NO_MEMORY;
        return NULL;
    }
    fresh->size = wanted;
    arena->taken += wanted;
    char *block = (char *)fresh + HEADER;

    /* A block of its own goes behind the current chunk, whose free room stays in use. */
    bool keep_current =
        arena->chunks != NULL && wanted == needed && (size_t)(arena->end - arena->at) > 0;
    if (keep_current) {
        fresh->older = arena->chunks->older;
        arena->chunks->older = fresh;
        return block;
    }
    fresh->older = arena->chunks;
    arena->chunks = fresh;
    arena->at = block + rounded;
    arena->end = (char *)fresh + wanted;
    return block;
}

void *creg_arena_alloc(creg_arena *arena, size_t size)
{
    return creg_arena_take(arena, size);
}

void *creg_arena_calloc(creg_arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        arena->failed = CREG_LIMIT;
        return NULL;
    }
    void *block = creg_arena_take(arena, count * size);
    if (block != NULL)
        memset(block, 0, count * size);
    return block;
}

void *creg_arena_grow(creg_arena *arena, void *block, size_t old_size, size_t new_size)
{
    size_t old_rounded = creg_arena_round(old_size);
    bool is_newest = block != NULL && (char *)block + old_rounded == arena->at;
    size_t rounded = creg_arena_round(new_size);
    if (is_newest && rounded >= old_rounded &&
        rounded - old_rounded <= (size_t)(arena->end - arena->at)) {
        arena->at += rounded - old_rounded;
        return block;
    }
    void *fresh = creg_arena_take(arena, new_size);
    if (fresh != NULL && block != NULL && old_size > 0)
        memcpy(fresh, block, old_size < new_size ? old_size : new_size);
    return fresh;
}

creg_slice creg_arena_copy(creg_arena *arena, creg_slice bytes)
{
    char *copy = bytes.size == SIZE_MAX ? NULL : creg_arena_take(arena, bytes.size + 1);
    if (copy == NULL)
        return creg_slice_make(NULL, 0);
    if (bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    copy[bytes.size] = '\0';
    return creg_slice_make(copy, bytes.size);
}
