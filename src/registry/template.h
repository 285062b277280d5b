/* SPDX-License-Identifier: MIT */
/*
 * Service templates in the store, for the rest of the registry.
 */
#ifndef CREG_REGISTRY_TEMPLATE_H
#define CREG_REGISTRY_TEMPLATE_H

#include "registry/registry.h"

/**
 * Fill a template from the pairs below its key, as a list read them. Texts are in the pairs.
 * An empty list gives CREG_NOT_FOUND, with near misses in the hint (that reads the store).
 */
creg_status creg_template_of_pairs(creg_registry *registry, creg_slice name, creg_slice version,
                                   const creg_pairs *pairs, creg_arena *arena,
                                   creg_template *ret_template, creg_error *err);

#endif
