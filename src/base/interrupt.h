/* SPDX-License-Identifier: MIT */
/*
 * What waits asks here whether to go on. The question is the caller's (confreg/interrupt.h) and
 * known by thread, because whoever waits is many layers below the call that it waits for.
 */
#ifndef CREG_BASE_INTERRUPT_H
#define CREG_BASE_INTERRUPT_H

#include <stdint.h>

#include "confreg/error.h"
#include "confreg/interrupt.h"

/** Is there anybody to ask on this thread? If not, one long wait is as good as short ones. */
bool creg_is_interruptible(void);

/** Ask. False when there is nobody. Never under a lock: the question may take its time. */
bool creg_is_interrupted(void);

/** CREG_CANCELLED: given up before anything was done. */
creg_status creg_fail_interrupted(creg_error *err);

/** Sleep; false when it was given up. */
bool creg_interrupt_sleep(uint64_t duration_ms);

#endif
