/* SPDX-License-Identifier: MIT */
/*
 * A driver that wraps another one and lets one of its calls go wrong: for the fault tests.
 *
 *     CONFREG_FAILPOINT=apply:3:kill-after
 *
 * names the kind of call (open of a liveness is "live-open"; "any" counts all), the how-manieth
 * of them since the store was opened, and what happens there:
 *
 *     kill-before, kill-after      SIGKILL to ourselves
 *     freeze-before, freeze-after  SIGSTOP to ourselves; somebody else thaws us
 *     lost                         the call is made, its answer is lost
 *     twice                        the call is made twice at once; the first answer counts
 *     gone-before, gone-after      the store cannot be reached any more, from here on
 *
 * A lost answer of a transaction is CREG_UNKNOWN_OUTCOME, of any other call CREG_UNAVAILABLE.
 * CONFREG_FAILPOINT_LOG names a file that gets a line when it happened, and one with the
 * number of calls when the store is closed. CONFREG_FAILPOINT_TTL_MS shortens every liveness.
 * The environment is read when a store is opened.
 */
#ifndef CREG_STORE_FAULT_H
#define CREG_STORE_FAULT_H

#include "confreg/sys/store_driver.h"

/** As creg_trace_wrap() and creg_trace_bind(). */
void creg_fault_wrap(creg_store_driver *table, const creg_store_driver *inner);
void creg_fault_bind(creg_driver_state *state, const creg_store_driver *inner);

#endif
