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

/**
 * Tests only (-Dtorture=true): let the Nth allocation from now on fail, and all later ones
 * with `forever`; 0 ends it. Returns how many allocations were asked for since the last call.
 */
unsigned long creg_memory_fail_after(unsigned long nth, int forever);

#endif
