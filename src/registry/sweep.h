/* SPDX-License-Identifier: MIT */
/*
 * Undoing what dead writers left, for the rest of the registry.
 */
#ifndef CREG_REGISTRY_SWEEP_H
#define CREG_REGISTRY_SWEEP_H

#include "registry/registry.h"

/** Sweep at most `most` intents. creg_sweep() without a bound. */
creg_status creg_sweep_some(creg_registry *registry, size_t most, creg_arena *arena,
                            creg_report *report, creg_error *err);

/**
 * Undo what a dead writer left of this request, so that it can be repeated. A living writer,
 * a committed instance and a request that nobody began are left as they are: CREG_OK.
 */
creg_status creg_sweep_request(creg_registry *registry, creg_slice request, creg_arena *arena,
                               creg_error *err);

#endif
