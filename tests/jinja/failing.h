/* SPDX-License-Identifier: MIT */
/*
 * Let the Nth allocation fail, and count what was not given back.
 *
 * In a plain build malloc itself is replaced, so that the libraries under us fail, too
 * (libtommath, PCRE2, yyjson). Under a sanitizer, whose malloc has to stay, the library's own
 * door fails (creg_memory_fail_after, -Dtorture=true), and leaks are the sanitizer's to find.
 */
#ifndef TESTS_JINJA_FAILING_H
#define TESTS_JINJA_FAILING_H

#include <stdbool.h>

/** Can this build do it? */
bool failing_possible(void);

/** Are blocks that are kept counted? A sanitizer finds them by itself. */
bool failing_counts(void);

/** From now on the Nth allocation fails; 0: none, they are counted only. */
void failing_begin(unsigned long nth);

/** Ends it: how many were asked for, and how many blocks more than before are still held. */
unsigned long failing_end(long *ret_held);

/** What the test itself does in between neither fails nor counts as asked for. */
void failing_pause(void);
void failing_resume(void);

#endif
