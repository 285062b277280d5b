/* SPDX-License-Identifier: MIT */
/**
 * @file store_driver.h
 * For authors of drivers: the table that turns one store into *the* store.
 *
 * store.c has already done what is the same for all: it checked keys, values and duplicate
 * operations, put the root before every key, compared sizes with the limits and noticed a
 * fork. A driver turns each operation into requests and each answer into a status, and adds
 * nothing else. Nobody but store.c calls through this table.
 *
 * Keys in every operation are whole keys (root included, no leading '/'), prefixes of lists
 * end in '/' or are empty. Results go into the arena that is passed.
 *
 * A new driver: copy the shape of src/store/drivers/memory.c, add one row to
 * src/store/driver_table.c, and run the conformance suite on its URL.
 */
#ifndef CONFREG_SYS_STORE_DRIVER_H
#define CONFREG_SYS_STORE_DRIVER_H

#include "confreg/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a driver can do (bits). */
enum {
    CREG_STORE_ATOMIC_BATCH = 1, /**< a transaction of any size is atomic (no chunked commit) */
    CREG_STORE_SNAPSHOT_READ = 2, /**< several reads see one moment */
    CREG_STORE_NEEDS_FENCE = 4,  /**< writers can die half-way: chunked commits need liveness */
    CREG_STORE_MULTI_PROCESS = 8 /**< other processes may change it */
};

/** A store URL, taken apart by store.c. All borrowed for open(). */
typedef struct creg_store_url {
    creg_slice scheme;    /**< "lmdb" */
    creg_slice authority; /**< "h1:2379,h2:2379", without credentials; "" for files */
    creg_slice path;      /**< the file path of LMDB; the root of the others is in `root` */
    creg_slice user;      /**< credentials, when the URL had them */
    creg_slice password;
    creg_slice root;      /**< key prefix, with closing '/', or "" */
    const creg_pair *query; /**< name/value of ?a=b&c=d, decoded */
    size_t query_count;
} creg_store_url;

/** The driver's own state: `private_size` zeroed bytes that store.c allocates and frees. */
typedef struct creg_driver_state creg_driver_state;

typedef struct creg_store_driver {
    const char *name;        /**< "lmdb" */
    const char *const *schemes; /**< URL schemes, NULL-ended: {"zookeeper", "zk", NULL} */
    size_t private_size;
    unsigned capabilities;
    creg_limits limits;      /**< known before any server was asked */

    /** must. Contact the store; on failure release what was taken, close() is not called. */
    creg_status (*open)(creg_driver_state *state, const creg_store_url *url,
                        const creg_store_options *options, creg_error *err);
    /** must. */
    void (*close)(creg_driver_state *state);
    /** must. One key: CREG_NOT_FOUND when absent. The fast path of every property read. */
    creg_status (*get)(creg_driver_state *state, creg_slice key, creg_arena *arena,
                       creg_slice *ret_value, creg_version *ret_version, creg_error *err);
    /** must. Fill ret_pairs and ret_more of each read, all of one moment. */
    creg_status (*read)(creg_driver_state *state, creg_read *reads, size_t count,
                        creg_arena *arena, uint64_t *ret_revision, creg_error *err);
    /** must. All or nothing; see creg_store_apply for the statuses. */
    creg_status (*apply)(creg_driver_state *state, const creg_transaction *transaction,
                         size_t *ret_failed_check, creg_error *err);
    /** may be NULL: store.c then polls the revision of an empty read. */
    creg_status (*wait)(creg_driver_state *state, creg_slice prefix, uint64_t revision,
                        uint32_t timeout_ms, uint64_t *ret_revision, creg_error *err);
    /** may be NULL when CREG_STORE_NEEDS_FENCE is not set. `*ret_handle` is the driver's own. */
    creg_status (*liveness_open)(creg_driver_state *state, creg_slice name, uint32_t *ttl_ms,
                                 void **ret_handle, creg_error *err);
    creg_status (*liveness_renew)(creg_driver_state *state, void *handle, creg_error *err);
    void (*liveness_release)(creg_driver_state *state, void *handle);
    creg_status (*liveness_check)(creg_driver_state *state, creg_slice key, bool *ret_alive,
                                  creg_error *err);
    /** may be NULL: the table's `limits` hold. */
    creg_status (*learn_limits)(creg_driver_state *state, creg_limits *ret_limits,
                                creg_error *err);
    /** may be NULL. Append facts (name, value) to an arena array. */
    creg_status (*info)(creg_driver_state *state, creg_arena *arena, creg_pairs *ret_facts,
                        creg_error *err);
    /** may be NULL: nothing to check. */
    creg_status (*check)(creg_driver_state *state, creg_error *err);
} creg_store_driver;

/** The driver's handle of a liveness that creg_liveness_open() gave: for a fence in apply(). */
CREG_API void *creg_liveness_handle(const creg_liveness *liveness);

#ifdef __cplusplus
}
#endif
#endif
