/* SPDX-License-Identifier: MIT */
/*
 * What a watch looks at, and one look at it: the same set of sorted pairs for every scope.
 */
#ifndef CREG_REGISTRY_WATCH_VIEW_H
#define CREG_REGISTRY_WATCH_VIEW_H

#include "registry/query.h"
#include "registry/registry.h"

/** What is watched. The texts are in the arena of creg_watch_view_make(). */
typedef struct creg_watch_view {
    creg_registry *registry;
    creg_watch_scope scope;
    creg_dn dn;         /* CREG_WATCH_DN */
    creg_filter filter; /* CREG_WATCH_INSTANCES */
    creg_slice target;  /* as given, without a closing '/' */
} creg_watch_view;

/** CREG_INVALID_NAME: the target is none of the scope. */
creg_status creg_watch_view_make(creg_registry *registry, creg_slice target,
                                 creg_watch_scope scope, creg_arena *arena,
                                 creg_watch_view *ret_view, creg_error *err);

/**
 * One look: pairs of one moment, sorted by bytes, their keys as events name them (the path
 * below the DN, the DN of an instance, the whole key). `*ret_is_there` is false when the
 * instance of a DN may not be seen; then there are no pairs.
 */
creg_status creg_watch_view_read(const creg_watch_view *view, creg_arena *arena,
                                 creg_pairs *ret_pairs, bool *ret_is_there, creg_error *err);

/** The prefix to wait below, given what was there (NULL: not known). Borrowed from the view,
 *  or static. */
creg_slice creg_watch_view_prefix(const creg_watch_view *view, const creg_pairs *pairs);

/** Scope and target as bytes that no other view has; in the arena. */
creg_status creg_watch_view_name(const creg_watch_view *view, creg_arena *arena,
                                 creg_slice *ret_name, creg_error *err);

#endif
