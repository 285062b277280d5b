/* SPDX-License-Identifier: MIT */
/*
 * Giving one instance a commit record by what lies in the store: for adopt and for fsck.
 */
#ifndef CREG_REGISTRY_ADOPT_H
#define CREG_REGISTRY_ADOPT_H

#include "registry/registry.h"

/**
 * Write a commit record for the keys that are there. `old` is the version of the record as
 * read (absent for adopt). The counter is raised to the id when it is lower.
 *
 * CREG_CONFLICT  somebody changed the books meanwhile
 */
creg_status creg_adopt_one(creg_registry *registry, const creg_dn *dn, creg_version old,
                           creg_error *err);

#endif
