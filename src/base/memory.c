/* SPDX-License-Identifier: MIT */
/*
 * malloc and its kin, with a failpoint in torture builds.
 */
#define _DEFAULT_SOURCE /* for madvise(), which POSIX has under another name and without huge pages */
#include "base/memory.h"

#include <stdlib.h>
#include <sys/mman.h>

#ifdef CREG_TORTURE
#include <stdatomic.h>
#include <stdbool.h>

static atomic_ulong asked;
static atomic_ulong fail_at;
static atomic_bool fail_forever;

unsigned long creg_memory_fail_after(unsigned long nth, int forever)
{
    atomic_store(&fail_at, nth);
    atomic_store(&fail_forever, forever != 0);
    return atomic_exchange(&asked, 0);
}

static bool refuse(void)
{
    unsigned long number = atomic_fetch_add(&asked, 1) + 1;
    unsigned long limit = atomic_load(&fail_at);
    if (limit == 0)
        return false;
    return number == limit || (number > limit && atomic_load(&fail_forever));
}
#else
unsigned long creg_memory_fail_after(unsigned long nth, int forever)
{
    (void)nth;
    (void)forever;
    return 0;
}

#define refuse() 0
#endif

void *creg_memory_alloc(size_t size)
{
    return refuse() ? NULL : malloc(size == 0 ? 1 : size);
}

void *creg_memory_alloc_huge(size_t size)
{
    void *block = NULL;
    if (refuse() || posix_memalign(&block, CREG_MEMORY_HUGE, size) != 0)
        return NULL;
#ifdef MADV_HUGEPAGE
    /* Advice: when the kernel has no huge pages, small ones do. */
    (void)madvise(block, size - size % CREG_MEMORY_HUGE, MADV_HUGEPAGE);
#endif
    return block;
}

void *creg_memory_calloc(size_t count, size_t size)
{
    return refuse() ? NULL : calloc(count == 0 ? 1 : count, size == 0 ? 1 : size);
}

void *creg_memory_realloc(void *block, size_t size)
{
    return refuse() ? NULL : realloc(block, size == 0 ? 1 : size);
}

void creg_memory_free(void *block)
{
    free(block);
}
