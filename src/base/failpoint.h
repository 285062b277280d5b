/* SPDX-License-Identifier: MIT */
/*
 * Deliberate bugs in the commit protocol, to prove that the fault tests would notice them.
 *
 * Only the libraries of tests/fault are compiled with CREG_FAILPOINTS; everywhere else
 * CREG_BUG() is the constant false, and neither a test nor a byte of this is left. The faults
 * themselves (kill, freeze, lost reply ...) need no line in the engine: see
 * store/drivers/fault.c, which also plants the bugs that a transaction shows as a whole.
 */
#ifndef CREG_BASE_FAILPOINT_H
#define CREG_BASE_FAILPOINT_H

#include <stdbool.h>

typedef enum creg_bug {
    CREG_BUG_NO_FENCE = 1,         /* writers go on after they were taken for dead */
    CREG_BUG_RECORD_FIRST,         /* the commit record before the last key */
    CREG_BUG_PREFIX_WITHOUT_SLASH, /* removing 1 removes 10, too */
    CREG_BUG_COUNTER_STAYS,        /* the counter is not moved: ids are given out again */
    CREG_BUG_COUNTER_FROM_MAXIMUM, /* the next id is the highest one there is, plus one */
    CREG_BUG_NEW_REQUEST,          /* a retry under a new request id */
    CREG_BUG_READERS_TRUST_KEYS,   /* readers do not ask for the commit record */
    CREG_BUG_KEYS_BEFORE_RECORD,   /* removing takes the keys first */
    CREG_BUG_SWEEP_THE_LIVING,     /* the sweep does not ask whether the writer lives */
    CREG_BUG_UNCLEAR_IS_FAILED,    /* a lost reply is told as a failure */
    CREG_BUG_SWEEP_LEAVES_KEYS,    /* the sweep takes the intent only */
    CREG_BUG_NO_CHECKS,            /* a create that checks nothing */
    CREG_BUG_INTENT_STAYS,         /* record and intent at once */
    CREG_BUG_SET_WITHOUT_RECORD,   /* a property set brings a removed instance back */
    CREG_BUG_NO_JOURNAL,           /* a large change goes out in pieces without one */
    CREG_BUG_NO_OVERLAY,           /* readers do not lay an open journal over what they read */
    CREG_BUG_COUNT
} creg_bug;

#ifdef CREG_FAILPOINTS
#define CREG_BUG(bug) creg_bug_is(bug)
/** Is this the bug whose number the environment's CONFREG_BUG has? Threads: any. */
bool creg_bug_is(creg_bug bug);
#else
#define CREG_BUG(bug) false
#endif

#endif
