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
 * end in '/' or are empty; an empty `data` is never NULL. Results go into the arena that is
 * passed, with whole keys, which store.c cuts again. `err` may be NULL.
 *
 * Operations of a transaction arrive sorted by key bytes; no key has two of them, and none lies
 * below a DELETE_TREE of the same transaction (store.c has dropped such deletes and refused
 * such puts). Lists go through store/pairs.h, which knows depth, paging and order.
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

/** A store URL, taken apart by store.c. All borrowed for open(). */
typedef struct creg_store_url {
    creg_slice scheme;      /**< "lmdb" */
    creg_slice authority;   /**< "h1:2379,h2:2379", without credentials; "" for files */
    creg_slice path;        /**< with `has_file_path`: the path behind the scheme; else empty */
    creg_slice user;        /**< credentials when the URL had them, else data NULL */
    creg_slice password;    /**< never to be shown in a message, a log or a fact */
    creg_slice root;        /**< key prefix, with closing '/', or "" */
    const creg_pair *query; /**< name/value of ?a=b&c=d, decoded */
    size_t query_count;
} creg_store_url;

/** The driver's own state: `private_size` zeroed bytes that store.c allocates and frees. */
typedef struct creg_driver_state creg_driver_state;

typedef struct creg_store_driver {
    const char *name;           /**< "lmdb" */
    const char *const *schemes; /**< URL schemes, NULL-ended: {"zookeeper", "zk", NULL} */
    size_t private_size;
    unsigned capabilities; /**< CREG_STORE_... bits of store.h */
    bool has_file_path;    /**< the URL's path names a file, and the root is in `?root=`; else
                                  the path is the root */
    const char *const *parameters; /**< NULL-ended names allowed in the query beside the common
                                        ones; NULL: any, the driver looks at them itself */
    creg_limits limits;            /**< known before any server was asked */

    /** must. Contact the store; on failure release what was taken, close() is not called. */
    creg_status (*open)(creg_driver_state *state, const creg_store_url *url,
                        const creg_store_options *options, creg_error *err);
    /** must. */
    void (*close)(creg_driver_state *state);
    /** may be NULL: nothing is done. In place of close() in a child of fork(): free memory and
     *  descriptors, but send nothing, join no thread, and unlock nothing of the parent. */
    void (*abandon)(creg_driver_state *state);
    /** must. One key: CREG_NOT_FOUND when absent (store.c writes that message). The fast path
     *  of every property read. `ret_version` is never NULL. */
    creg_status (*get)(creg_driver_state *state, creg_slice key, creg_arena *arena,
                       creg_slice *ret_value, creg_version *ret_version, creg_error *err);
    /** must. Fill ret_pairs and ret_more of each read, all of one moment. */
    creg_status (*read)(creg_driver_state *state, creg_read *reads, size_t count,
                        creg_arena *arena, uint64_t *ret_revision, creg_error *err);
    /** must. All or nothing; see creg_store_apply for the statuses. `ret_failed_check` is never
     *  NULL and SIZE_MAX already. */
    creg_status (*apply)(creg_driver_state *state, const creg_transaction *transaction,
                         size_t *ret_failed_check, creg_error *err);
    /** may be NULL: store.c then polls the revision of an empty read. With `revision` 0 it
     *  returns at once and names the present one. CREG_OK with `*ret_revision` 0 says that the
     *  history since `revision` is lost, and with it the proof that nothing is missing. */
    creg_status (*wait)(creg_driver_state *state, creg_slice prefix, uint64_t revision,
                        uint32_t timeout_ms, uint64_t *ret_revision, creg_error *err);
    /** all four: may be NULL when CREG_STORE_NEEDS_FENCE is not set. `*ret_handle` is the
     *  driver's own; `*ttl_ms` is the wish (never 0) and becomes what was granted. */
    creg_status (*liveness_open)(creg_driver_state *state, creg_slice name, uint32_t *ttl_ms,
                                 void **ret_handle, creg_error *err);
    creg_status (*liveness_renew)(creg_driver_state *state, void *handle, creg_error *err);
    void (*liveness_release)(creg_driver_state *state, void *handle);
    creg_status (*liveness_check)(creg_driver_state *state, creg_slice key, bool *ret_alive,
                                  creg_error *err);
    /** may be NULL: the table's `limits` hold. */
    creg_status (*learn_limits)(creg_driver_state *state, creg_limits *ret_limits,
                                creg_error *err);
    /** may be NULL. Append facts with creg_pairs_fact(); `ret_facts` already holds some. */
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
