/* SPDX-License-Identifier: MIT */
/*
 * The facts that a transaction on ZooKeeper is planned by: see zookeeper_facts.c. Everything
 * lives in the arena of the try that asked.
 */
#ifndef CREG_STORE_DRIVERS_ZOOKEEPER_FACTS_H
#define CREG_STORE_DRIVERS_ZOOKEEPER_FACTS_H

#include "store/drivers/zookeeper.h"

/* A path, and what is known about it. "/" is its own parent. */
typedef struct creg_zookeeper_fact {
    const char *path;
    size_t path_size;
    bool exists;
    bool is_made;      /* the multi creates it */
    bool is_directory; /* somebody needs it as a parent */
    bool is_known;     /* its data was read already, or it is not there */
    size_t keys_below; /* direct children that the transaction asks about */
    creg_zookeeper_node node;
} creg_zookeeper_fact;

typedef struct creg_zookeeper_facts {
    const creg_transaction *transaction;
    zhandle_t *handle;
    creg_zookeeper_batch *batch;
    creg_arena *arena;

    creg_zookeeper_fact **items; /* in the order of finding */
    size_t size;
    size_t capacity;
    creg_zookeeper_fact **table; /* open addressing by path */
    size_t slots;

    creg_zookeeper_walk *trees; /* one a DELETE_TREE or SUBTREE_EMPTY, checks first */
    size_t tree_count;
} creg_zookeeper_facts;

/** Makes a fact of every key that the transaction names, and of all their parents. Nothing is
 * asked yet. CREG_LIMIT, CREG_NO_MEMORY. */
creg_status creg_zookeeper_facts_collect(creg_zookeeper_facts *facts, creg_error *err);

/**
 * Asks the server for all that the transaction has to know; no older than the call.
 * CREG_CONFLICT: something went while it was read, so it has to be read again. CREG_PERMISSION,
 * CREG_UNAVAILABLE, CREG_LIMIT, CREG_NO_MEMORY.
 */
creg_status creg_zookeeper_facts_read(creg_zookeeper_facts *facts, creg_error *err);

/** The fact about a key that was collected; NULL: out of memory. */
creg_zookeeper_fact *creg_zookeeper_fact_find(creg_zookeeper_facts *facts, creg_slice key);

creg_zookeeper_fact *creg_zookeeper_fact_parent(creg_zookeeper_facts *facts,
                                                const creg_zookeeper_fact *child);

#endif
