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

#endif
