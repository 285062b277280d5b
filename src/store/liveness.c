/* SPDX-License-Identifier: MIT */
/*
 * Liveness handles: what the store itself takes away when their owner is gone.
 *
 * The driver makes and ends them; here they are tied to their store, so that a fence can never
 * be taken to another one.
 */
#include "store/liveness.h"

#include "base/fail.h"
#include "base/memory.h"
#include "store/key.h"
#include "store/store_internal.h"

creg_status creg_liveness_open(creg_store *store, creg_slice name, uint32_t ttl_ms,
                               creg_liveness **ret_liveness, creg_error *err)
{
    creg_status status = creg_store_enter(store, err);
    if (status != CREG_OK)
        return status;
    if (store->driver->liveness_open == NULL)
        return creg_fail(err, CREG_UNSUPPORTED, "%s has no liveness", store->driver->name);
    if (store->options.read_only)
        return creg_fail(err, CREG_PERMISSION, "the store was opened to read only");
    creg_liveness *liveness = creg_memory_calloc(1, sizeof *liveness);
    if (liveness == NULL)
        return creg_fail(err, CREG_NO_MEMORY, "out of memory");
    liveness->store = store;
    liveness->ttl_ms = ttl_ms == 0 ? DEFAULT_TTL_MS : ttl_ms;
    status = store->driver->liveness_open(store->state, name, &liveness->ttl_ms,
                                          &liveness->handle, err);
    if (status != CREG_OK) {
        creg_memory_free(liveness);
        return status;
    }
    *ret_liveness = liveness;
    return CREG_OK;
}

creg_status creg_liveness_renew(creg_liveness *liveness, creg_error *err)
{
    creg_store *store = liveness->store;
    creg_status status = creg_store_enter(store, err);
    if (status != CREG_OK)
        return status;
    return store->driver->liveness_renew(store->state, liveness->handle, err);
}

uint32_t creg_liveness_ttl(const creg_liveness *liveness)
{
    return liveness->ttl_ms;
}

void *creg_liveness_handle(const creg_liveness *liveness)
{
    return liveness->handle;
}

void creg_liveness_release(creg_liveness *liveness)
{
    if (liveness == NULL)
        return;
    creg_store *store = liveness->store;
    /* In a child of fork() it is the parent's: leave it alone. */
    if (creg_store_enter(store, NULL) == CREG_OK)
        store->driver->liveness_release(store->state, liveness->handle);
    creg_memory_free(liveness);
}

creg_status creg_liveness_check(creg_store *store, creg_slice key, bool *ret_alive,
                                creg_error *err)
{
    creg_status status = creg_store_enter(store, err);
    if (status == CREG_OK)
        status = creg_key_check_read(key, err);
    if (status != CREG_OK)
        return status;
    if (store->driver->liveness_check == NULL)
        return creg_fail(err, CREG_UNSUPPORTED, "%s has no liveness", store->driver->name);
    creg_arena arena;
    creg_arena_init(&arena, (size_t)64 * 1024);
    creg_slice whole = creg_store_whole_key(store, key, "", &arena);
    if (whole.data == NULL)
        status = creg_fail_arena(err, &arena);
    else
        status = store->driver->liveness_check(store->state, whole, ret_alive, err);
    creg_arena_clear(&arena);
    return status;
}
