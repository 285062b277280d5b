/* SPDX-License-Identifier: MIT */
/*
 * Is a rendered tree shaped as its readers expect?
 *
 *     nodes/NODE/{disks,networks}/NAME/...   nodes/NODE/services = [SERVICE...]
 *     services/SERVICE/...                   services/SERVICE/nodes = [NODE...]
 *
 * A key at the wrong depth parses and stores without a word, and then some program fails to
 * find it far away and much later. An error here is what surely breaks a reader; everything
 * that may be meant is a warning. Trees of any other shape pass: only keys with these names
 * are looked at.
 *
 *   rule                         error?    what
 *   shape-networks-under-node    yes *     networks is not at nodes/NODE/networks
 *   shape-disks-under-node       yes *     disks is not at nodes/NODE/disks
 *   shape-services-under-node    yes *     services is neither at the top nor at nodes/NODE/services
 *   shape-nodes-place            yes *     nodes is neither at the top nor at services/SERVICE/nodes
 *   shape-unknown-node           yes       services/SERVICE/nodes names a node that is not there
 *   shape-unknown-service        warning   nodes/NODE/services names a service that is not there
 *   shape-not-a-collection       warning   a scalar or list where readers look for named parts
 *   shape-name-differs           warning   the property `name` of a node or service is another
 *   duplicate-element            warning   a list has an element twice; it is stored once
 *
 * "*": among the parts of a node (nodes/disks, nodes/NODE/disks/DISK/networks ...), and for
 * networks and disks that hold maps at the top; a warning elsewhere, where it may be data.
 */
#ifndef CREG_REGISTRY_LINT_H
#define CREG_REGISTRY_LINT_H

#include "confreg/base.h"
#include "confreg/error.h"
#include "confreg/registry.h"
#include "confreg/value.h"
#include "format/place.h"

/** So many findings are kept; a wrong loop would repeat one for every node. */
enum { CREG_LINT_FINDINGS_MAX = 100 };

/** A finding and where in the tree it is; `finding.line` is 0 until somebody maps the path. */
typedef struct creg_lint_finding {
    creg_finding finding;
    creg_path path; /* in the arena, its keys in the tree */
} creg_lint_finding;

typedef struct creg_lint_findings {
    creg_lint_finding *items;
    size_t size;
} creg_lint_findings;

/**
 * Look at a tree (a MAP, as the parsers give it). Findings are in the arena, in the order of
 * the document. An empty list is a good tree. `ret_findings` is set on CREG_OK only.
 *
 * CREG_LIMIT, CREG_NO_MEMORY  the arena has no more room, or the tree nests too deep
 */
creg_status creg_lint_tree(creg_value tree, creg_arena *arena, creg_lint_findings *ret_findings,
                           creg_error *err);

#endif
