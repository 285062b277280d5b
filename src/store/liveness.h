/* SPDX-License-Identifier: MIT */
/*
 * The liveness handle, for the files of the store layer.
 */
#ifndef CREG_STORE_LIVENESS_H
#define CREG_STORE_LIVENESS_H

#include "confreg/store.h"
#include "confreg/sys/store_driver.h"

struct creg_liveness {
    creg_store *store; /* borrowed: released before the store is closed */
    void *handle;      /* the driver's own */
    uint32_t ttl_ms;   /* as granted */
};

#endif
