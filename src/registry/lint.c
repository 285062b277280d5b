/* SPDX-License-Identifier: MIT */
/*
 * The shape of a rendered tree against what its readers look for.
 *
 * Every container has a role that follows from its owner's role and its key: the map at
 * nodes/NODE is a NODE, what is at nodes/NODE/disks are its DISKS. A known name in a place
 * where its role makes no sense is the finding.
 */
#include "registry/lint.h"

#include "base/arena.h"
#include "base/fail.h"
#include "base/limits.h"
#include "base/text.h"
#include "registry/tree.h"

typedef enum role {
    ROOT,
    NODES,
    NODE,
    DISKS,
    DISK,
    NETWORKS,
    NETWORK,
    NODE_SERVICES, /* names of services */
    SERVICES,
    SERVICE,
    SERVICE_NODES, /* names of nodes */
    OTHER          /* anything that readers do not know by name */
} role;

typedef struct frame {
    creg_value container;
    role role;
    size_t at;      /* next entry or item */
    size_t item;    /* number of the current item, for its step */
    creg_value key; /* of the current entry */
} frame;

typedef struct linter {
    creg_arena *arena;
    const creg_map *nodes; /* of the tree; NULL: none */
    const creg_map *services;
    creg_lint_findings findings;
    size_t room;
    creg_error *err;
    size_t depth;
    frame stack[CREG_LIMIT_DEPTH];
} linter;

static bool is_list(creg_value value)
{
    return creg_value_is(value, CREG_KIND_LIST) || creg_value_is(value, CREG_KIND_TUPLE);
}

static bool is_map(creg_value value)
{
    return creg_value_is(value, CREG_KIND_MAP);
}

static bool is_container(creg_value value)
{
    return is_list(value) || is_map(value);
}

static bool is_empty(creg_value value)
{
    return (is_list(value) && value.as.list->size == 0) ||
           (is_map(value) && value.as.map->size == 0);
}

static bool is_named(creg_value key, const char *name)
{
    return creg_value_is(key, CREG_KIND_STRING) &&
           creg_slice_equal(creg_value_text(key), creg_slice_of(name));
}

/* ---- findings -------------------------------------------------------------------------- */

static creg_path path_here(linter *lint)
{
    creg_step steps[CREG_LIMIT_DEPTH];
    for (size_t i = 0; i < lint->depth; i++) {
        const frame *level = &lint->stack[i];
        steps[i] = (creg_step){is_list(level->container), level->item, level->key};
    }
    creg_path path = {steps, lint->depth, true};
    return creg_path_copy(path, lint->arena);
}

static creg_lint_finding *add_finding(linter *lint)
{
    creg_lint_findings *findings = &lint->findings;
    if (findings->size == lint->room) {
        size_t room = lint->room == 0 ? 8 : lint->room * 2;
        creg_lint_finding *grown = creg_arena_grow(
            lint->arena, findings->items, lint->room * sizeof *grown, room * sizeof *grown);
        if (grown == NULL)
            return NULL;
        findings->items = grown;
        lint->room = room;
    }
    return &findings->items[findings->size++];
}

/* The message is "PATH: WHAT". */
static creg_status find(linter *lint, bool is_error, const char *rule, const char *what)
{
    if (lint->findings.size == CREG_LINT_FINDINGS_MAX)
        return CREG_OK;
    creg_path path = path_here(lint);
    creg_slice shown = creg_path_text(path, lint->arena);
    creg_text text;
    creg_text_init(&text, lint->arena, CREG_ERROR_MESSAGE_SIZE);
    creg_text_format(&text, "%.*s: %s", CREG_SHOW(shown), what);
    creg_slice message;
    creg_status status = creg_text_finish(&text, &message, lint->err);
    if (status != CREG_OK)
        return status;
    creg_lint_finding *finding = add_finding(lint);
    if (finding == NULL || (path.steps == NULL && path.size > 0))
        return creg_fail_arena(lint->err, lint->arena);
    *finding = (creg_lint_finding){.path = path};
    finding->finding.rule = creg_slice_of(rule);
    finding->finding.message = message;
    finding->finding.is_error = is_error;
    return CREG_OK;
}

/* ---- places ---------------------------------------------------------------------------- */

/* A name that means something, where it belongs, and what is said when it is elsewhere. */
typedef struct place_row {
    const char *name;
    role owners[2];
    const char *rule;
    const char *what;
} place_row;

static const place_row places[] = {
    {"networks",
     {NODE, NODE},
     "shape-networks-under-node",
     "'networks' belongs under a node (nodes/NODE/networks); check its indentation"},
    {"disks",
     {NODE, NODE},
     "shape-disks-under-node",
     "'disks' belongs under a node (nodes/NODE/disks); check its indentation"},
    {"services",
     {ROOT, NODE},
     "shape-services-under-node",
     "'services' belongs at the top or under a node (nodes/NODE/services); check its "
     "indentation"},
    {"nodes",
     {ROOT, SERVICE},
     "shape-nodes-place",
     "'nodes' belongs at the top or under a service (services/SERVICE/nodes); check its "
     "indentation"},
};

static const place_row *find_place(creg_value key)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (is_named(key, places[i].name))
            return &places[i];
    return NULL;
}

static bool holds_maps(creg_value value)
{
    if (!is_map(value))
        return false;
    const creg_map *map = value.as.map;
    for (size_t i = 0; i < map->filled; i++)
        if (map->entries[i].used && is_map(map->entries[i].value))
            return true;
    return false;
}

/* Among the parts of a node no other thing can have been meant. */
static bool breaks_readers(role owner, const place_row *place, creg_value value)
{
    switch (owner) {
    case NODES:
    case DISKS:
    case DISK:
    case NETWORKS:
    case NETWORK:
    case NODE_SERVICES:
        return true;
    case SERVICES:
        return strcmp(place->name, "nodes") == 0;
    case ROOT:
        return holds_maps(value);
    default:
        return false;
    }
}

static creg_status check_place(linter *lint, role owner, creg_value key, creg_value value,
                               bool *ret_misplaced)
{
    *ret_misplaced = false;
    const place_row *place = find_place(key);
    if (place == NULL || !is_container(value) || is_empty(value) || owner == place->owners[0] ||
        owner == place->owners[1])
        return CREG_OK;
    *ret_misplaced = true;
    return find(lint, breaks_readers(owner, place, value), place->rule, place->what);
}

/* ---- roles ----------------------------------------------------------------------------- */

static role role_of(role owner, creg_value key)
{
    switch (owner) {
    case ROOT:
        return is_named(key, "nodes") ? NODES : is_named(key, "services") ? SERVICES : OTHER;
    case NODES:
        return NODE;
    case NODE:
        if (is_named(key, "disks"))
            return DISKS;
        if (is_named(key, "networks"))
            return NETWORKS;
        return is_named(key, "services") ? NODE_SERVICES : OTHER;
    case DISKS:
        return DISK;
    case NETWORKS:
        return NETWORK;
    case SERVICES:
        return SERVICE;
    case SERVICE:
        return is_named(key, "nodes") ? SERVICE_NODES : OTHER;
    default:
        return OTHER;
    }
}

static const char *expected_form(role part, creg_value value)
{
    switch (part) {
    case NODES:
    case SERVICES:
    case DISKS:
    case NETWORKS:
    case NODE:
    case SERVICE:
    case DISK:
    case NETWORK:
        return is_map(value) ? NULL : "readers look for a map of named things here";
    case NODE_SERVICES:
    case SERVICE_NODES:
        return is_container(value) ? NULL : "readers look for a list here";
    default:
        return NULL;
    }
}

static creg_status check_form(linter *lint, role part, creg_value value)
{
    const char *what = expected_form(part, value);
    if (what == NULL || is_empty(value))
        return CREG_OK;
    return find(lint, false, "shape-not-a-collection", what);
}

/* ---- names ----------------------------------------------------------------------------- */

/* Bodies write these where somebody fills in the value later. */
static bool is_placeholder(creg_slice text)
{
    return text.size == 0 || creg_slice_equal(text, creg_slice_of("_")) ||
           creg_slice_equal(text, creg_slice_of("X"));
}

/* In NODE or SERVICE, whose frame is below the current one: does `name` repeat the key? */
static creg_status check_name(linter *lint, role owner, creg_value key, creg_value value)
{
    if ((owner != NODE && owner != SERVICE) || !is_named(key, "name") || is_container(value))
        return CREG_OK;
    creg_slice name;
    creg_slice segment;
    if (creg_tree_scalar(value, lint->arena, &name, NULL) != CREG_OK ||
        creg_tree_scalar(lint->stack[lint->depth - 2].key, lint->arena, &segment, NULL) !=
            CREG_OK)
        return CREG_OK; /* flatten refuses it with a better message */
    if (is_placeholder(name) || creg_slice_equal(name, segment))
        return CREG_OK;
    return find(lint, false, "shape-name-differs",
                "the name is another one than the key that it is stored under");
}

static bool is_known(const linter *lint, const creg_map *known, creg_value name)
{
    creg_slice text;
    if (known == NULL || creg_tree_scalar(name, lint->arena, &text, NULL) != CREG_OK)
        return false;
    if (creg_map_get_text(known, text) != NULL)
        return true;
    /* A key such as 1 is no text in the map, but the same segment in the store. */
    creg_value written = name;
    written.kind = CREG_KIND_NUMBER;
    return (creg_value_is(name, CREG_KIND_STRING) || creg_value_is(name, CREG_KIND_NUMBER)) &&
           creg_map_get(known, written) != NULL;
}

static creg_status check_reference(linter *lint, role owner, creg_value name)
{
    if (owner == SERVICE_NODES && !is_known(lint, lint->nodes, name))
        return find(lint, true, "shape-unknown-node",
                    "the service runs on a node that is not among 'nodes'");
    if (owner == NODE_SERVICES && !is_known(lint, lint->services, name))
        return find(lint, false, "shape-unknown-service",
                    "the node runs a service that is not among 'services'");
    return CREG_OK;
}

/* ---- the walk -------------------------------------------------------------------------- */

static creg_status push(linter *lint, creg_value container, role part)
{
    if (lint->depth == CREG_LIMIT_DEPTH)
        return creg_fail(lint->err, CREG_LIMIT, "nested deeper than %d levels",
                         CREG_LIMIT_DEPTH);
    lint->stack[lint->depth++] =
        (frame){.container = container, .role = part, .key = creg_value_undefined()};
    return CREG_OK;
}

static creg_status visit_entry(linter *lint, frame *top, const creg_entry *entry)
{
    top->key = entry->key;
    role part = role_of(top->role, entry->key);
    bool misplaced;
    creg_status status = check_place(lint, top->role, entry->key, entry->value, &misplaced);
    if (status != CREG_OK || misplaced)
        return status;
    status = check_form(lint, part, entry->value);
    if (status == CREG_OK)
        status = check_name(lint, top->role, entry->key, entry->value);
    if (status == CREG_OK)
        status = check_reference(lint, top->role, entry->key);
    if (status == CREG_OK && is_container(entry->value))
        status = push(lint, entry->value, part);
    return status;
}

/* Items are few or the list is sorted out by the map: each is looked up once. */
static creg_status check_repeated(linter *lint, frame *top)
{
    const creg_list *list = top->container.as.list;
    creg_map *seen = creg_map_new(lint->arena, list->size);
    if (seen == NULL)
        return creg_fail_arena(lint->err, lint->arena);
    creg_status status = CREG_OK;
    for (size_t i = 0; i < list->size && status == CREG_OK; i++) {
        creg_slice text;
        if (creg_tree_scalar(list->items[i], lint->arena, &text, NULL) != CREG_OK)
            continue;
        size_t size = seen->size;
        if (!creg_map_set(lint->arena, seen, creg_value_string(text), creg_value_none()))
            return creg_fail_arena(lint->err, lint->arena);
        top->item = i;
        if (seen->size == size)
            status = find(lint, false, "duplicate-element",
                          "the list has this element twice; it is stored once");
    }
    return status;
}

static creg_status visit_list(linter *lint, frame *top)
{
    const creg_list *list = top->container.as.list;
    creg_status status = list->size > 1 ? check_repeated(lint, top) : CREG_OK;
    for (size_t i = 0; i < list->size && status == CREG_OK; i++) {
        top->item = i;
        if (!is_container(list->items[i])) /* flatten refuses nested ones */
            status = check_reference(lint, top->role, list->items[i]);
    }
    lint->depth--;
    return status;
}

static creg_status visit(linter *lint, frame *top)
{
    if (is_list(top->container))
        return visit_list(lint, top);
    const creg_map *map = top->container.as.map;
    if (top->at == map->filled) {
        lint->depth--;
        return CREG_OK;
    }
    const creg_entry *entry = &map->entries[top->at++];
    return entry->used ? visit_entry(lint, top, entry) : CREG_OK;
}

static const creg_map *top_map(creg_value tree, const char *name)
{
    const creg_value *value = creg_map_get_text(tree.as.map, creg_slice_of(name));
    return value != NULL && is_map(*value) ? value->as.map : NULL;
}

creg_status creg_lint_tree(creg_value tree, creg_arena *arena, creg_lint_findings *ret_findings,
                           creg_error *err)
{
    linter lint;
    memset(&lint, 0, offsetof(linter, stack));
    lint.arena = arena;
    lint.err = err;
    creg_status status = CREG_OK;
    if (is_map(tree)) { /* flatten refuses any other document */
        lint.nodes = top_map(tree, "nodes");
        lint.services = top_map(tree, "services");
        status = push(&lint, tree, ROOT);
    }
    while (status == CREG_OK && lint.depth > 0)
        status = visit(&lint, &lint.stack[lint.depth - 1]);
    if (status == CREG_OK)
        *ret_findings = lint.findings;
    return status;
}
