/* SPDX-License-Identifier: MIT */
/*
 * A driver that wraps another one and tells on stderr what is asked of it.
 */
#ifndef CREG_STORE_TRACE_H
#define CREG_STORE_TRACE_H

#include "confreg/sys/store_driver.h"

/** Fill `table` with the wrapper of `inner`; it has the same name, abilities and limits. */
void creg_trace_wrap(creg_store_driver *table, const creg_store_driver *inner);

/** Tell a fresh state (of the wrapper's private_size, zeroed) which driver it wraps. */
void creg_trace_bind(creg_driver_state *state, const creg_store_driver *inner);

#endif
