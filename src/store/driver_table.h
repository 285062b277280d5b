/* SPDX-License-Identifier: MIT */
/*
 * The drivers of this build.
 */
#ifndef CREG_STORE_DRIVER_TABLE_H
#define CREG_STORE_DRIVER_TABLE_H

#include "confreg/sys/store_driver.h"

/** The driver for a scheme, NULL when no driver of this build has it. */
const creg_store_driver *creg_driver_find(creg_slice scheme);

/** Is the scheme one that a fuller build would know? */
bool creg_driver_is_known(creg_slice scheme);

#endif
