/* SPDX-License-Identifier: MIT */
/*
 * malloc and its kin, with a failpoint in torture builds.
 */
#include "base/memory.h"

#include <stdlib.h>

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

void *creg_memory_calloc(size_t count, size_t size)
{
    return refuse() ? NULL : calloc(count == 0 ? 1 : count, size == 0 ? 1 : size);
}

void *creg_memory_realloc(void *block, size_t size)
{
    return refuse() ? NULL : realloc(block, size == 0 ? 1 : size);
}

void creg_memory_free(void *block) { free(block); }
