/* SPDX-License-Identifier: MIT */
/*
 * Which instances there are, for the rest of the registry: asked of the commit records only,
 * so the cost is of instances, never of their keys.
 */
#ifndef CREG_REGISTRY_QUERY_H
#define CREG_REGISTRY_QUERY_H

#include "registry/registry.h"

/** Names as segments of keys; an empty one means any. */
typedef struct creg_filter {
    creg_slice user, name, version;
} creg_filter;

/** Check and encode the names of a filter; in the arena. CREG_INVALID_NAME. */
creg_status creg_filter_make(creg_slice user, creg_slice name, creg_slice version,
                             creg_arena *arena, creg_filter *ret_filter, creg_error *err);

/** The commit books that pass the filter, in byte order; with `keys_only`, without records. */
creg_status creg_query_records(creg_registry *registry, const creg_filter *filter,
                               bool keys_only, creg_arena *arena, creg_pairs *ret_pairs,
                               creg_error *err);

/** DNs of the instances that pass the filter, in natural order. */
creg_status creg_query_dns(creg_registry *registry, const creg_filter *filter,
                           creg_arena *arena, creg_names *ret_dns, creg_error *err);

/** DNs of instances that lie in the store without a record or an intent, in natural order. */
creg_status creg_query_unrecorded(creg_registry *registry, creg_arena *arena,
                                  creg_names *ret_dns, creg_error *err);

/** One instance with its status. CREG_NOT_FOUND, with near misses in the hint. */
creg_status creg_query_instance(creg_registry *registry, const creg_dn *dn, creg_arena *arena,
                                creg_instance *ret_instance, creg_error *err);

/**
 * The instance that a request made. CREG_NOT_FOUND: none.
 * CREG_CONFLICT: it is being written by somebody who is alive.
 */
creg_status creg_query_request(creg_registry *registry, creg_slice request, creg_arena *arena,
                               creg_instance *ret_instance, creg_error *err);

/**
 * Several reads for which one moment is not needed, in as few requests as the store's limits
 * allow.
 */
creg_status creg_query_many(creg_registry *registry, creg_read *reads, size_t count,
                            creg_arena *arena, creg_error *err);

/** The reads that tell whether an instance may be seen: put them in front of your own. */
enum { CREG_SIGHT_READS = 2 };

typedef struct creg_sight {
    creg_key record;
    creg_key intent;
} creg_sight;

/** Fill the first CREG_SIGHT_READS reads. `sight` keeps their keys and must outlive them. */
void creg_sight_reads(const creg_dn *dn, creg_sight *sight, creg_read *reads);

/**
 * What they tell: is the instance committed, or (visibility=all) at least nobody's unfinished
 * work? A committed one is remembered.
 */
bool creg_sight_is_clear(creg_registry *registry, const creg_dn *dn, const creg_read *reads);

/** CREG_NOT_FOUND "there is no instance ...", with near misses in the hint. */
creg_status creg_query_fail_absent(creg_registry *registry, const creg_dn *dn, creg_error *err);

/** "did you mean" in the hint of an error that is set, when one of the names is close. */
void creg_query_hint(creg_slice wanted, const creg_names *names, creg_error *err);

/** Sort names as people count. */
void creg_names_sort(creg_names *names);

#endif
