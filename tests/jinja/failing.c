/* SPDX-License-Identifier: MIT */
/*
 * Failing allocations; see failing.h.
 */
#include "failing.h"

#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define REPLACES_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                     \
    __has_feature(memory_sanitizer)
#define REPLACES_MALLOC 0
#endif
#endif
#if !defined(REPLACES_MALLOC) && defined(__GLIBC__)
#define REPLACES_MALLOC 1
#elif !defined(REPLACES_MALLOC)
#define REPLACES_MALLOC 0
#endif

#if REPLACES_MALLOC

static bool counts; /* between begin and end */
static bool paused; /* the test's own work */
static unsigned long asked, fail_at;
static long held;

/* glibc's own entries, which stay when malloc is replaced. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

static bool refuse(void)
{
    if (!counts || paused)
        return false;
    asked++;
    if (asked != fail_at)
        return false;
    errno = ENOMEM;
    return true;
}

static void *hold(void *block)
{
    held += counts && block != NULL;
    return block;
}

void *malloc(size_t size)
{
    return refuse() ? NULL : hold(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return refuse() ? NULL : hold(__libc_calloc(count, size));
}

void *realloc(void *block, size_t size)
{
    if (refuse())
        return NULL;
    void *moved = __libc_realloc(block, size);
    return block == NULL ? hold(moved) : moved;
}

int posix_memalign(void **ret_block, size_t alignment, size_t size)
{
    void *block = refuse() ? NULL : hold(__libc_memalign(alignment, size));
    if (block == NULL)
        return ENOMEM;
    *ret_block = block;
    return 0;
}

void free(void *block)
{
    held -= counts && block != NULL;
    __libc_free(block);
}

bool failing_possible(void)
{
    return true;
}

bool failing_counts(void)
{
    return true;
}

void failing_begin(unsigned long nth)
{
    asked = 0;
    held = 0;
    fail_at = nth;
    paused = false;
    counts = true;
}

unsigned long failing_end(long *ret_held)
{
    counts = false;
    *ret_held = held;
    return asked;
}

void failing_pause(void)
{
    paused = true;
}

void failing_resume(void)
{
    paused = false;
}

#else

static unsigned long asked, fail_at;

bool failing_possible(void)
{
    creg_memory_fail_after(0, 0);
    creg_memory_free(creg_memory_alloc(1));
    return creg_memory_fail_after(0, 0) == 1;
}

bool failing_counts(void)
{
    return false;
}

void failing_begin(unsigned long nth)
{
    asked = 0;
    fail_at = nth;
    creg_memory_fail_after(nth, 0);
}

unsigned long failing_end(long *ret_held)
{
    *ret_held = 0;
    return asked + creg_memory_fail_after(0, 0);
}

void failing_pause(void)
{
    asked += creg_memory_fail_after(0, 0);
}

void failing_resume(void)
{
    creg_memory_fail_after(fail_at > asked ? fail_at - asked : 0, 0);
}

#endif
