/* SPDX-License-Identifier: MIT */
/*
 * One row a driver: the only place that names them all.
 */
#include "store/driver_table.h"

extern const creg_store_driver creg_driver_memory;
extern const creg_store_driver creg_driver_lmdb;
#ifdef CREG_WITH_CONSUL
extern const creg_store_driver creg_driver_consul;
#endif
#ifdef CREG_WITH_ETCD
extern const creg_store_driver creg_driver_etcd;
#endif
#ifdef CREG_WITH_ZOOKEEPER
extern const creg_store_driver creg_driver_zookeeper;
#endif

static const creg_store_driver *const drivers[] = {
    &creg_driver_lmdb,      &creg_driver_memory,
#ifdef CREG_WITH_CONSUL
    &creg_driver_consul,
#endif
#ifdef CREG_WITH_ETCD
    &creg_driver_etcd,
#endif
#ifdef CREG_WITH_ZOOKEEPER
    &creg_driver_zookeeper,
#endif
};

/* So that "not in this build" and "no such store" are two different answers. */
static const char *const all_schemes[] = {"lmdb", "memory", "consul",    "http", "https",
                                          "etcd", "etcds",  "zookeeper", "zk",   NULL};

static bool is_among(creg_slice scheme, const char *const *schemes)
{
    for (; *schemes != NULL; schemes++)
        if (creg_slice_equal(scheme, creg_slice_of(*schemes)))
            return true;
    return false;
}

const creg_store_driver *creg_driver_find(creg_slice scheme)
{
    for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++)
        if (is_among(scheme, drivers[i]->schemes))
            return drivers[i];
    return NULL;
}

bool creg_driver_is_known(creg_slice scheme)
{
    return is_among(scheme, all_schemes);
}
