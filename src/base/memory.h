/* SPDX-License-Identifier: MIT */
/*
 * The one door to the system's memory: every allocation of the library that is not in an
 * arena, and every chunk of an arena, comes through here, so that a test can count them and
 * fail the Nth.
 */
#ifndef CREG_BASE_MEMORY_H
#define CREG_BASE_MEMORY_H

#include <stddef.h>

void *creg_memory_alloc(size_t size);
void *creg_memory_calloc(size_t count, size_t size);
void *creg_memory_realloc(void *block, size_t size);
void creg_memory_free(void *block);

/** From this size on a block may lie on huge pages. */
enum { CREG_MEMORY_HUGE = 2 * 1024 * 1024 };

/**
 * creg_memory_alloc for blocks of CREG_MEMORY_HUGE and more, on huge pages where the system
 * gives them on request: one page fault instead of 512, each of which costs as much as
 * writing its page many times over.
 */
void *creg_memory_alloc_huge(size_t size);

/**
 * Tests only (-Dtorture=true): let the Nth allocation from now on fail, and all later ones
 * with `forever`; 0 ends it. Returns how many allocations were asked for since the last call.
 */
unsigned long creg_memory_fail_after(unsigned long nth, int forever);

#endif
