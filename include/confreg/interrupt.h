/* SPDX-License-Identifier: MIT */
/**
 * @file interrupt.h
 * Giving up a call that waits: for programs that learn of Ctrl-C only when they look, as
 * interpreters do.
 */
#ifndef CONFREG_INTERRUPT_H
#define CONFREG_INTERRUPT_H

#include <stdbool.h>

#include "confreg/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Shall the call be given up? Asked on the thread that calls; must not call the library. */
typedef bool (*creg_interrupt)(void *user);

/**
 * From now on `ask(user)` is asked on this thread whenever a call of it has waited for a server
 * for CREG_INTERRUPT_MS, and about as often while it renders; true gives the call up. NULL: nobody
 * is asked, as before the first call.
 *
 * CREG_CANCELLED        what such a call returns
 * CREG_UNKNOWN_OUTCOME  the same when a change was sent and not answered
 *
 * The store is left as by a process that was killed then: readers see all of a change or
 * nothing, and a sweep may have something to do. `ask` shall go on saying true until the call
 * has returned. A wait for the lock of another process (a commit to LMDB) is not given up; one
 * for ZooKeeper not before the calls of other threads on the same store have ended, too.
 * Threads: each has its own question.
 */
CREG_API void creg_interrupt_set(creg_interrupt ask, void *user);

enum { CREG_INTERRUPT_MS = 20 };

#ifdef __cplusplus
}
#endif
#endif
