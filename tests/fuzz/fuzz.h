/* SPDX-License-Identifier: MIT */
/*
 * What every fuzz target shares: memory that is bounded, and a way to say "this must hold".
 *
 * A target is one function, as libFuzzer calls it. Without libFuzzer the same object is linked
 * with replay.c, which runs the files of a corpus through it: that is a test of every build.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include "confreg/confreg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Small enough that a bomb is refused at once, large enough for every honest input. */
#define FUZZ_MEMORY ((size_t)64 * 1024 * 1024)

/* Not assert(): must hold in release builds, too. */
#define MUST(condition)                                                                        \
    do {                                                                                       \
        if (!(condition)) {                                                                    \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);     \
            abort();                                                                           \
        }                                                                                      \
    } while (0)

/* A failure has a status, a message, and never leaves the status out of the list. */
#define MUST_EXPLAIN(status, err)                                                              \
    MUST((status) == CREG_OK || ((err)->status == (status) && (err)->message[0] != '\0' &&     \
                                 (status) != CREG_INTERNAL))

static inline creg_slice fuzz_slice(const uint8_t *data, size_t size)
{
    return creg_slice_make((const char *)data, size);
}

#endif
