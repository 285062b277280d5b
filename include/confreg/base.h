/* SPDX-License-Identifier: MIT */
/**
 * @file base.h
 * What every other public header stands on: the export macro, byte slices and arenas.
 *
 * A *slice* is a borrowed run of bytes, never NUL-terminated by promise. An *arena* is
 * where one operation's results live: everything made in it is dropped at once by
 * creg_arena_clear(). Nothing that lies in an arena is ever freed on its own.
 *
 * The three words for ownership, used throughout the headers:
 *   borrowed      valid for this call only; the library keeps no pointer to it
 *   in the arena  lives as long as the arena that was passed in
 *   owned         you call the matching _free() or _close()
 */
#ifndef CONFREG_BASE_H
#define CONFREG_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(CREG_STATIC)
#define CREG_API
#elif defined(__GNUC__)
#define CREG_API __attribute__((visibility("default")))
#else
#define CREG_API
#endif

#if defined(__GNUC__)
#define CREG_PRINTF(format_at, arguments_at)                                                   \
    __attribute__((format(printf, format_at, arguments_at)))
#else
#define CREG_PRINTF(format_at, arguments_at)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** A borrowed run of bytes. `data` may be NULL when `size` is 0. */
typedef struct creg_slice {
    const char *data;
    size_t size;
} creg_slice;

/** The slice of a NUL-terminated string; NULL gives the empty slice. Threads: any. */
static inline creg_slice creg_slice_of(const char *text)
{
    creg_slice slice;
    slice.data = text;
    slice.size = text == NULL ? 0 : strlen(text);
    return slice;
}

/** The slice of `size` bytes at `data`. Threads: any. */
static inline creg_slice creg_slice_make(const char *data, size_t size)
{
    creg_slice slice;
    slice.data = data;
    slice.size = size;
    return slice;
}

/** True when both slices hold the same bytes. Threads: any. */
static inline bool creg_slice_equal(creg_slice left, creg_slice right)
{
    return left.size == right.size &&
           (left.size == 0 || memcmp(left.data, right.data, left.size) == 0);
}

/**
 * A region that hands out memory and takes it all back at once.
 *
 * The fields are for the inline allocator below and for nobody else. `budget` is the most
 * that the arena may ask of the system; `failed` tells, after an allocation gave NULL,
 * whether the budget (CREG_LIMIT) or the system (CREG_NO_MEMORY) said no.
 *
 * Threads: one thread at a time.
 */
typedef struct creg_arena {
    char *at;                        /* next free byte of the current chunk */
    char *end;                       /* one past its last byte */
    struct creg_arena_chunk *chunks; /* newest first */
    size_t taken;                    /* bytes asked of the system so far */
    size_t budget;                   /* and the most it may ask */
    int failed;                      /* a creg_status, CREG_OK (0) while all is well */
} creg_arena;

/** Make an empty arena; takes no memory until the first allocation. */
CREG_API void creg_arena_init(creg_arena *arena, size_t budget_bytes);

/** Drop everything in the arena. It may be used again. Clearing twice is fine. */
CREG_API void creg_arena_clear(creg_arena *arena);

/** Drop everything, but keep one chunk for the next use: for loops of like operations. */
CREG_API void creg_arena_reset(creg_arena *arena);

/**
 * `size` bytes, aligned for any type of ours (8), contents undefined.
 *
 * NULL when the budget or the system has no more; see `failed`. A size of 0 gives a valid
 * pointer. In the arena.
 */
CREG_API void *creg_arena_alloc(creg_arena *arena, size_t size);

/** Like creg_arena_alloc, zeroed, with the multiplication checked. */
CREG_API void *creg_arena_calloc(creg_arena *arena, size_t count, size_t size);

/**
 * Make a block of this arena larger, in place when it is the newest one.
 *
 * `block` may be NULL. The old bytes are kept. NULL on failure, and then the old block stays.
 */
CREG_API void *creg_arena_grow(creg_arena *arena, void *block, size_t old_size,
                               size_t new_size);

/** A copy of the bytes in the arena, with a NUL behind it (not counted). data NULL on failure. */
CREG_API creg_slice creg_arena_copy(creg_arena *arena, creg_slice bytes);

#ifdef __cplusplus
}
#endif
#endif
