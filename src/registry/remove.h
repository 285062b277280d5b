/* SPDX-License-Identifier: MIT */
/*
 * Taking instances away: on request, and what dead writers left.
 *
 * One transaction takes the commit record, the books and the whole tree. Where the tree is
 * too large for that, the record goes first and an intent takes its place: from that moment
 * nobody sees the instance, and whoever dies on the way is finished by the next sweep.
 */
#ifndef CREG_REGISTRY_REMOVE_H
#define CREG_REGISTRY_REMOVE_H

#include "registry/registry.h"

/**
 * Remove a committed instance.
 *
 * CREG_NOT_FOUND        there is none
 * CREG_UNKNOWN_OUTCOME  with `dn` in the error; asking for the instance tells
 */
creg_status creg_remove_instance(creg_registry *registry, const creg_dn *dn, creg_error *err);

/**
 * Remove what an unfinished create or delete left: the tree, the intent and the request.
 *
 * It happens only while the intent is as `version` says (and `fence`, may be NULL, holds), so
 * that two who try do no harm. `request` is the intent's request id, plain text.
 *
 * CREG_CONFLICT  the intent is another one now, or gone
 */
creg_status creg_remove_debris(creg_registry *registry, const creg_dn *dn, creg_slice request,
                               creg_version version, creg_liveness *fence, creg_error *err);

#endif
