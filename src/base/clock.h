/* SPDX-License-Identifier: MIT */
/*
 * The clock of deadlines: milliseconds that only ever grow, from no particular beginning.
 */
#ifndef CREG_BASE_CLOCK_H
#define CREG_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t creg_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

#endif
