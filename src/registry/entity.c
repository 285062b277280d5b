/* SPDX-License-Identifier: MIT */
/*
 * Reading: properties, lists, parts and whole trees of committed instances.
 *
 * A property read is one plain get once the handle knows that the instance is committed: ids
 * are never given out again, so the key of a removed instance is simply not there. The books
 * are looked at on the first access, and again when something is missing, to say what.
 */
#include "registry/entity.h"

#include <stdlib.h>

#include "base/fail.h"
#include "registry/journal.h"
#include "registry/query.h"
#include "registry/tree.h"

static const creg_slice nothing = {NULL, 0};

/* ---- what is missing --------------------------------------------------------------------------- */

/* The last segments of the entries one level below a key. */
static creg_status names_in(const creg_read *read, creg_arena *arena, creg_names *ret_names,
                            creg_error *err)
{
    creg_slice *items = creg_arena_calloc(arena, read->ret_pairs.size, sizeof *items);
    if (items == NULL)
        return creg_fail_arena(err, arena);
    for (size_t i = 0; i < read->ret_pairs.size; i++) {
        creg_slice key = read->ret_pairs.items[i].key;
        key.size -= key.data[key.size - 1] == '/';
        items[i] = creg_dn_last(key);
    }
    *ret_names = (creg_names){items, read->ret_pairs.size};
    return CREG_OK;
}

static creg_status explain(creg_registry *registry, const creg_dn *dn, creg_arena *arena,
                           creg_error *err)
{
    creg_slice key = creg_dn_key(dn);
    creg_sight sight;
    creg_read reads[CREG_SIGHT_READS + 2];
    creg_read *below = &reads[CREG_SIGHT_READS];
    creg_read *beside = &reads[CREG_SIGHT_READS + 1];
    creg_sight_reads(dn, &sight, reads);
    *below =
        (creg_read){.is_list = true, .key = key, .depth = 1, .keys_only = true, .limit = 1};
    *beside =
        (creg_read){.is_list = true, .key = creg_dn_parent(key), .depth = 1, .keys_only = true};
    creg_status status = creg_journal_read(registry, reads, CREG_SIGHT_READS + 2, arena, err);
    if (status != CREG_OK)
        return status;
    if (!creg_sight_is_clear(registry, dn, reads))
        return creg_query_fail_absent(registry, dn, err);
    if (below->ret_pairs.size != 0)
        return creg_fail(err, CREG_NOT_FOUND, "'%.*s' is a collection, not a property",
                         CREG_SHOW(key));
    creg_fail(err, CREG_NOT_FOUND, "there is no '%.*s' in instance %.*s",
              CREG_SHOW(creg_dn_rest(dn)), CREG_SHOW(creg_dn_instance(dn)));
    creg_names names;
    if (names_in(beside, arena, &names, NULL) == CREG_OK)
        creg_query_hint(creg_dn_last(key), &names, err);
    return CREG_NOT_FOUND;
}

creg_status creg_entity_fail_absent(creg_registry *registry, const creg_dn *dn, creg_error *err)
{
    if (dn->kind == CREG_DN_INSTANCE && creg_dn_rest(dn).size == 0)
        return creg_query_fail_absent(registry, dn, err);
    creg_arena scratch;
    creg_arena_init(&scratch, CREG_LIMIT_OPERATION_BYTES);
    creg_status status = explain(registry, dn, &scratch, err);
    creg_arena_clear(&scratch);
    return status;
}

/* ---- one property ------------------------------------------------------------------------------- */

/* The first access: the books and the key in one request. */
static creg_status get_with_sight(creg_registry *registry, const creg_dn *dn, creg_arena *arena,
                                  creg_slice *ret_value, creg_version *ret_version,
                                  creg_error *err)
{
    creg_sight sight;
    creg_read reads[CREG_SIGHT_READS + 1];
    creg_read *property = &reads[CREG_SIGHT_READS];
    creg_sight_reads(dn, &sight, reads);
    *property = (creg_read){.key = creg_dn_key(dn)};
    creg_status status = creg_journal_read(registry, reads, CREG_SIGHT_READS + 1, arena, err);
    if (status != CREG_OK)
        return status;
    if (!creg_sight_is_clear(registry, dn, reads) || property->ret_pairs.size == 0)
        return CREG_NOT_FOUND;
    *ret_value = property->ret_pairs.items[0].value;
    if (ret_version != NULL)
        *ret_version = property->ret_pairs.items[0].version;
    return CREG_OK;
}

creg_status creg_get(creg_registry *registry, creg_slice dn, creg_slice path, creg_arena *arena,
                     creg_slice *ret_value, creg_version *ret_version, creg_error *err)
{
    creg_dn property;
    creg_status status = creg_registry_dn(registry, dn, path, &property, err);
    if (status != CREG_OK)
        return status;
    bool is_plain = creg_instance_set_holds(&registry->committed, &property) &&
                    !creg_journal_is_used(registry);
    if (is_plain)
        status = creg_store_get(registry->store, creg_dn_key(&property), arena, ret_value,
                                ret_version, err);
    else
        status = get_with_sight(registry, &property, arena, ret_value, ret_version, err);
    return status == CREG_NOT_FOUND ? creg_entity_fail_absent(registry, &property, err)
                                    : status;
}

/* ---- lists --------------------------------------------------------------------------------------- */

static creg_slice trimmed(creg_slice text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 &&
           (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

/* "a, b,,c" as a, b and c. */
static creg_status split_csv(creg_slice text, creg_arena *arena, creg_names *ret_items,
                             creg_error *err)
{
    size_t most = 1;
    for (size_t i = 0; i < text.size; i++)
        most += text.data[i] == ',';
    creg_names items = {creg_arena_calloc(arena, most, sizeof *items.items), 0};
    if (items.items == NULL)
        return creg_fail_arena(err, arena);
    size_t start = 0;
    for (size_t i = 0; i <= text.size; i++) {
        if (i < text.size && text.data[i] != ',')
            continue;
        creg_slice item = trimmed(creg_slice_make(text.data + start, i - start));
        if (item.size != 0)
            items.items[items.size++] = item;
        start = i + 1;
    }
    *ret_items = items;
    return CREG_OK;
}

static creg_status decode_names(creg_names *names, creg_arena *arena)
{
    for (size_t i = 0; i < names->size; i++) {
        creg_slice text;
        if (creg_key_decode(names->items[i], arena, &text, NULL) == CREG_OK)
            names->items[i] = text;
    }
    creg_names_sort(names);
    return CREG_OK;
}

creg_status creg_get_list(creg_registry *registry, creg_slice dn, creg_slice path,
                          creg_arena *arena, creg_names *ret_items, creg_error *err)
{
    creg_dn property;
    creg_status status = creg_registry_dn(registry, dn, path, &property, err);
    if (status != CREG_OK)
        return status;
    creg_sight sight;
    creg_read reads[CREG_SIGHT_READS + 2];
    creg_read *csv = &reads[CREG_SIGHT_READS];
    creg_read *children = &reads[CREG_SIGHT_READS + 1];
    creg_sight_reads(&property, &sight, reads);
    *csv = (creg_read){.key = creg_dn_key(&property)};
    *children = (creg_read){
        .is_list = true, .key = creg_dn_key(&property), .depth = 1, .keys_only = true};
    status = creg_journal_read(registry, reads, CREG_SIGHT_READS + 2, arena, err);
    if (status != CREG_OK)
        return status;
    bool is_there = csv->ret_pairs.size != 0 || children->ret_pairs.size != 0;
    if (!creg_sight_is_clear(registry, &property, reads) || !is_there)
        return creg_entity_fail_absent(registry, &property, err);
    if (csv->ret_pairs.size != 0)
        return split_csv(csv->ret_pairs.items[0].value, arena, ret_items, err);
    status = names_in(children, arena, ret_items, err);
    return status == CREG_OK ? decode_names(ret_items, arena) : status;
}

/* ---- parts ---------------------------------------------------------------------------------------- */

static const char *const part_names[] = {
    [CREG_PART_NODES] = "nodes",
    [CREG_PART_SERVICES] = "services",
    [CREG_PART_DISKS] = "disks",
    [CREG_PART_NETWORKS] = "networks",
};

/* Which parts a kind of thing has; `is_membership`: names of parts of the instance. */
static bool has_parts(creg_dn_kind kind, creg_part part, bool *ret_is_membership)
{
    bool is_pair = part == CREG_PART_NODES || part == CREG_PART_SERVICES;
    *ret_is_membership = kind != CREG_DN_INSTANCE && is_pair;
    switch (kind) {
    case CREG_DN_INSTANCE:
        return is_pair;
    case CREG_DN_NODE:
        return part != CREG_PART_NODES;
    case CREG_DN_SERVICE:
        return part == CREG_PART_NODES;
    default:
        return false;
    }
}

static creg_status fail_no_parts(const creg_dn *dn, creg_part part, creg_error *err)
{
    creg_fail(err, CREG_INVALID_NAME, "'%.*s' names %s, which has no %s",
              CREG_SHOW(creg_dn_key(dn)), creg_dn_kind_text(dn->kind), part_names[part]);
    creg_error_hint(err, "an instance has nodes and services, a node has disks, networks and "
                         "services, a service has nodes");
    return CREG_INVALID_NAME;
}

/* "instances/U/P/V/ID" + "/nodes/" + name, in the arena. */
static creg_slice member_dn(const creg_dn *dn, creg_part part, creg_slice name,
                            creg_arena *arena)
{
    creg_key key = {.size = 0};
    bool fits = creg_key_append(&key, creg_dn_instance(dn)) &&
                creg_key_append(&key, creg_slice_of("/")) &&
                creg_key_append(&key, creg_slice_of(part_names[part])) &&
                creg_key_append(&key, creg_slice_of("/")) && creg_key_append(&key, name);
    return creg_arena_copy(arena, fits ? creg_key_slice(&key) : name);
}

/*
 * The entries of a collection as DNs. A plain key beside the parts ("nodes/count") is a
 * property and no part; among members it is what they look like.
 */
static creg_status collect(const creg_dn *owner, creg_part part, bool is_membership,
                           const creg_pairs *entries, creg_arena *arena, creg_names *ret_dns,
                           creg_error *err)
{
    creg_names dns = {creg_arena_calloc(arena, entries->size, sizeof *dns.items), 0};
    if (dns.items == NULL)
        return creg_fail_arena(err, arena);
    for (size_t i = 0; i < entries->size; i++) {
        creg_slice key = entries->items[i].key;
        bool is_tree = key.data[key.size - 1] == '/';
        key.size -= is_tree;
        if (!is_tree && !is_membership)
            continue;
        if (is_membership)
            key = member_dn(owner, part, creg_dn_last(key), arena);
        if (key.data == NULL)
            return creg_fail_arena(err, arena);
        dns.items[dns.size++] = key;
    }
    creg_names_sort(&dns);
    *ret_dns = dns;
    return CREG_OK;
}

creg_status creg_parts(creg_registry *registry, creg_slice dn, creg_part part,
                       creg_arena *arena, creg_names *ret_dns, creg_error *err)
{
    creg_dn owner;
    creg_status status = creg_registry_dn(registry, dn, nothing, &owner, err);
    if (status != CREG_OK)
        return status;
    bool is_membership;
    if (!has_parts(owner.kind, part, &is_membership))
        return fail_no_parts(&owner, part, err);

    creg_dn collection;
    status = creg_registry_dn(registry, creg_dn_key(&owner), creg_slice_of(part_names[part]),
                              &collection, err);
    if (status != CREG_OK)
        return status;
    creg_sight sight;
    creg_read reads[CREG_SIGHT_READS + 2];
    creg_read *parts = &reads[CREG_SIGHT_READS];
    creg_read *anything = &reads[CREG_SIGHT_READS + 1];
    creg_sight_reads(&owner, &sight, reads);
    *parts = (creg_read){.is_list = true,
                         .key = creg_dn_key(&collection),
                         .depth = 1,
                         .keys_only = true,
                         .names_only = true};
    *anything = (creg_read){
        .is_list = true, .key = creg_dn_key(&owner), .depth = 1, .keys_only = true, .limit = 1};
    /* An instance is there because its record is, whatever lies below it. */
    bool is_told_by_record = owner.kind == CREG_DN_INSTANCE && !registry->shows_all;
    size_t count = CREG_SIGHT_READS + (is_told_by_record ? 1 : 2);
    status = creg_journal_read(registry, reads, count, arena, err);
    if (status != CREG_OK)
        return status;
    bool is_committed = owner.kind == CREG_DN_INSTANCE && reads[0].ret_pairs.size != 0;
    bool is_there = is_committed || anything->ret_pairs.size != 0;
    if (!creg_sight_is_clear(registry, &owner, reads) || !is_there)
        return creg_entity_fail_absent(registry, &owner, err);
    return collect(&owner, part, is_membership, &parts->ret_pairs, arena, ret_dns, err);
}

creg_status creg_instance_of(creg_registry *registry, creg_slice dn, creg_arena *arena,
                             creg_slice *ret_dn, creg_error *err)
{
    creg_dn part;
    creg_status status = creg_registry_dn(registry, dn, nothing, &part, err);
    if (status != CREG_OK)
        return status;
    creg_slice copy = creg_arena_copy(arena, creg_dn_instance(&part));
    if (copy.data == NULL)
        return creg_fail_arena(err, arena);
    *ret_dn = copy;
    return CREG_OK;
}

/* ---- trees ----------------------------------------------------------------------------------------- */

creg_status creg_tree(creg_registry *registry, creg_slice dn, uint32_t depth, creg_arena *arena,
                      creg_value *ret_tree, creg_error *err)
{
    creg_dn top;
    creg_status status = creg_registry_dn(registry, dn, nothing, &top, err);
    if (status != CREG_OK)
        return status;
    creg_sight sight;
    creg_read reads[CREG_SIGHT_READS + 2];
    creg_read *own = &reads[CREG_SIGHT_READS];
    creg_read *below = &reads[CREG_SIGHT_READS + 1];
    creg_sight_reads(&top, &sight, reads);
    *own = (creg_read){.key = creg_dn_key(&top), .is_unlikely = top.kind != CREG_DN_OTHER};
    *below = (creg_read){.is_list = true, .key = creg_dn_key(&top), .depth = depth};
    status = creg_journal_read(registry, reads, CREG_SIGHT_READS + 2, arena, err);
    if (status != CREG_OK)
        return status;
    bool is_empty_instance = top.kind == CREG_DN_INSTANCE && reads[0].ret_pairs.size != 0;
    bool is_there = is_empty_instance || own->ret_pairs.size != 0 || below->ret_pairs.size != 0;
    if (!creg_sight_is_clear(registry, &top, reads) || !is_there)
        return creg_entity_fail_absent(registry, &top, err);
    if (own->ret_pairs.size != 0 && below->ret_pairs.size == 0) {
        *ret_tree = creg_value_string(own->ret_pairs.items[0].value);
        return CREG_OK;
    }
    creg_slice prefix = creg_arena_copy(arena, creg_dn_key(&top));
    if (prefix.data == NULL)
        return creg_fail_arena(err, arena);
    return creg_tree_build(&below->ret_pairs, prefix, arena, ret_tree, err);
}
