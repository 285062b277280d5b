/* SPDX-License-Identifier: MIT */
/*
 * What reading and changing properties share: saying precisely why something is not there.
 */
#ifndef CREG_REGISTRY_ENTITY_H
#define CREG_REGISTRY_ENTITY_H

#include "registry/registry.h"

/**
 * CREG_NOT_FOUND for a property, after looking what is missing: the instance, or the property
 * (with near misses), or that it is a collection. Another status when the store failed.
 */
creg_status creg_entity_fail_absent(creg_registry *registry, const creg_dn *dn,
                                    creg_error *err);

#endif
