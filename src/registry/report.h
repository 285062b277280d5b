/* SPDX-License-Identifier: MIT */
/*
 * Reports of fsck, sweep, adopt and lint: findings that are added one by one.
 */
#ifndef CREG_REGISTRY_REPORT_H
#define CREG_REGISTRY_REPORT_H

#include "confreg/registry.h"

/** Add a finding; `rule` is static text, the message is made in the arena. CREG_NO_MEMORY, CREG_LIMIT. */
CREG_PRINTF(6, 7)
creg_status creg_findings_add(creg_findings *findings, creg_arena *arena, const char *rule,
                              bool is_error, creg_error *err, const char *format, ...);

/** Add one that somebody else made; its texts stay where they are. */
creg_status creg_findings_append(creg_findings *findings, creg_arena *arena,
                                 const creg_finding *finding, creg_error *err);

/** Add what an error says, with its place. */
creg_status creg_findings_add_error(creg_findings *findings, creg_arena *arena,
                                    const char *rule, const creg_error *finding,
                                    creg_error *err);

#endif
