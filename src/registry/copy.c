/* SPDX-License-Identifier: MIT */
/*
 * Copying a node, or any other subtree, under a new name: at once, or not at all.
 *
 * What a plain replace of text gets wrong, and what is done here instead:
 *   - only the exact segment is renamed: slave1 does not touch slave10;
 *   - values are renamed where they are the old name, or have it as a whole word of a path
 *     ("/data/slave1/disk1"), never inside another word;
 *   - in another instance, the names of the old instance (its DN, with '/' or '-', and the id
 *     that upstream made of it) become those of the new one, by the same rule;
 *   - what a running part reported about itself is reset, or two nodes would share an address:
 *         status, host, id, nspid -> "_"      progress, step -> "0"      address -> "dynamic"
 *     where these are properties of the part itself or of a disk or network of it;
 *   - on request a node joins the node lists of the services that the old one is in.
 */
#include "base/fail.h"
#include "base/text.h"
#include "registry/body.h"
#include "registry/entity.h"
#include "registry/journal.h"
#include "registry/query.h"
#include "registry/registry.h"
#include "registry/send.h"

enum { RENAMES = 5 };

/* One text that becomes another, wherever '/' or an end stands on both of its sides. */
typedef struct rename_rule {
    creg_slice old;
    creg_slice new;
} rename_rule;

/* One copy on its way; everything lies in `arena`. */
typedef struct copying {
    creg_registry *registry;
    creg_dn from, to;
    const creg_copy_options *options;
    creg_arena arena;
    creg_sight from_sight, to_sight;
    creg_read reads[9];
    rename_rule rules[RENAMES];
    size_t rule_count;
    creg_operation *operations;
    size_t operation_count;
} copying;

enum {
    FROM_SIGHT = 0,
    TO_SIGHT = CREG_SIGHT_READS,
    FROM_OWN = 2 * CREG_SIGHT_READS,
    FROM_TREE,
    TO_OWN,
    TO_TREE,
    MEMBERS,
    READS
};

/* ---- what may be copied where ------------------------------------------------------------------ */

static bool is_at_or_below(creg_slice key, creg_slice top)
{
    return key.size >= top.size && memcmp(key.data, top.data, top.size) == 0 &&
           (key.size == top.size || key.data[top.size] == '/');
}

static creg_status check_kinds(const copying *work, creg_error *err)
{
    const creg_dn *from = &work->from;
    const creg_dn *to = &work->to;
    if (from->kind == CREG_DN_INSTANCE || to->kind == CREG_DN_INSTANCE) {
        creg_fail(err, CREG_INVALID_NAME, "a whole instance cannot be copied");
        creg_error_hint(err, "instantiate its service template once more");
        return CREG_INVALID_NAME;
    }
    if (from->kind != to->kind)
        return creg_fail(err, CREG_INVALID_NAME, "'%.*s' names %s and '%.*s' %s",
                         CREG_SHOW(creg_dn_key(from)), creg_dn_kind_text(from->kind),
                         CREG_SHOW(creg_dn_key(to)), creg_dn_kind_text(to->kind));
    if (creg_slice_equal(creg_dn_key(from), creg_dn_key(to)))
        return creg_fail(err, CREG_EXISTS, "'%.*s' cannot be copied to itself",
                         CREG_SHOW(creg_dn_key(from)));
    if (is_at_or_below(creg_dn_key(to), creg_dn_key(from)))
        return creg_fail(err, CREG_INVALID_NAME, "'%.*s' lies inside '%.*s'",
                         CREG_SHOW(creg_dn_key(to)), CREG_SHOW(creg_dn_key(from)));
    return CREG_OK;
}

/* ---- reading, all of one moment ------------------------------------------------------------------ */

static creg_status read_all(copying *work, creg_key *services, creg_error *err)
{
    creg_read *reads = work->reads;
    creg_slice from = creg_dn_key(&work->from);
    creg_slice to = creg_dn_key(&work->to);
    creg_sight_reads(&work->from, &work->from_sight, &reads[FROM_SIGHT]);
    creg_sight_reads(&work->to, &work->to_sight, &reads[TO_SIGHT]);
    reads[FROM_OWN] = (creg_read){.key = from};
    reads[FROM_TREE] = (creg_read){.is_list = true, .key = from};
    reads[TO_OWN] = (creg_read){.key = to};
    reads[TO_TREE] =
        (creg_read){.is_list = true, .key = to, .depth = 1, .keys_only = true, .limit = 1};
    services->size = 0;
    bool fits = creg_key_append(services, creg_dn_instance(&work->to)) &&
                creg_key_append(services, creg_slice_of("/services"));
    bool joins = work->options->membership && work->from.kind == CREG_DN_NODE && fits;
    reads[MEMBERS] = (creg_read){
        .is_list = true, .key = creg_key_slice(services), .depth = 3, .keys_only = true};
    size_t count = joins ? READS : MEMBERS;
    creg_status status =
        creg_store_read(work->registry->store, reads, count, &work->arena, NULL, err);
    bool has_journal = status == CREG_OK && (reads[FROM_SIGHT + 1].ret_pairs.size != 0 ||
                                             reads[TO_SIGHT + 1].ret_pairs.size != 0);
    if (has_journal)
        status = creg_journal_settle(work->registry, &work->from, err);
    if (has_journal && status == CREG_OK)
        status = creg_journal_settle(work->registry, &work->to, err);
    if (has_journal && status == CREG_OK)
        status = creg_store_read(work->registry->store, reads, count, &work->arena, NULL, err);
    if (status != CREG_OK)
        return status;
    bool is_there = reads[FROM_OWN].ret_pairs.size + reads[FROM_TREE].ret_pairs.size != 0;
    if (!creg_sight_is_clear(work->registry, &work->from, &reads[FROM_SIGHT]) || !is_there)
        return creg_entity_fail_absent(work->registry, &work->from, err);
    if (!creg_sight_is_clear(work->registry, &work->to, &reads[TO_SIGHT]))
        return creg_query_fail_absent(work->registry, &work->to, err);
    if (reads[TO_OWN].ret_pairs.size + reads[TO_TREE].ret_pairs.size != 0)
        return creg_fail(err, CREG_EXISTS, "'%.*s' exists already", CREG_SHOW(to));
    return CREG_OK;
}

/* ---- renaming values -------------------------------------------------------------------------------- */

static void add_rule(copying *work, creg_slice old, creg_slice new)
{
    if (old.size != 0 && !creg_slice_equal(old, new))
        work->rules[work->rule_count++] = (rename_rule){old, new};
}

/* "instances/u/p/v/1" as "instances-u-p-v-1": the `instancename` that bodies see. */
static creg_slice instance_name(const creg_dn *dn, creg_arena *arena)
{
    creg_slice text = creg_dn_instance(dn);
    char *name = creg_arena_alloc(arena, text.size + 1);
    for (size_t i = 0; name != NULL && i < text.size; i++)
        name[i] = text.data[i] == '/' ? '-' : text.data[i];
    return creg_slice_make(name, name == NULL ? 0 : text.size);
}

static creg_slice without_root(const creg_dn *dn)
{
    return creg_slice_make(dn->key.data + dn->head_size, dn->instance_size - dn->head_size);
}

static creg_status make_rules(copying *work, creg_error *err)
{
    creg_arena *arena = &work->arena;
    const creg_dn *from = &work->from;
    const creg_dn *to = &work->to;
    /* The longer names first: each place in a value is renamed once. */
    add_rule(work, creg_dn_instance(from), creg_dn_instance(to));
    add_rule(work, without_root(from), without_root(to));
    add_rule(work, instance_name(from, arena), instance_name(to, arena));
    add_rule(work, creg_body_cluster_id(creg_dn_instance(from), arena),
             creg_body_cluster_id(creg_dn_instance(to), arena));
    creg_slice old = creg_dn_last(creg_dn_key(from));
    creg_slice new = creg_dn_last(creg_dn_key(to));
    creg_status status = creg_key_decode(old, arena, &old, err);
    if (status == CREG_OK)
        status = creg_key_decode(new, arena, &new, err);
    add_rule(work, old, new);
    return arena->failed != CREG_OK ? creg_fail_arena(err, arena) : status;
}

/* The rule that applies at this place of a value, or NULL. */
static const rename_rule *rule_at(const copying *work, creg_slice value, size_t at)
{
    if (at > 0 && value.data[at - 1] != '/')
        return NULL;
    for (size_t i = 0; i < work->rule_count; i++) {
        creg_slice old = work->rules[i].old;
        creg_slice rest = creg_slice_make(value.data + at, value.size - at);
        if (is_at_or_below(rest, old))
            return &work->rules[i];
    }
    return NULL;
}

static creg_status rename_value(copying *work, creg_slice value, creg_slice *ret_value,
                                creg_error *err)
{
    creg_text text;
    creg_text_init(&text, &work->arena, CREG_LIMIT_OPERATION_BYTES);
    size_t kept = 0; /* so much of the value is in the text already */
    for (size_t at = 0; at < value.size;) {
        const rename_rule *rule = rule_at(work, value, at);
        if (rule == NULL) {
            at++;
            continue;
        }
        creg_text_append(&text, value.data + kept, at - kept);
        creg_text_slice(&text, rule->new);
        at += rule->old.size;
        kept = at;
    }
    *ret_value = value;
    if (kept == 0)
        return CREG_OK;
    creg_text_append(&text, value.data + kept, value.size - kept);
    return creg_text_finish(&text, ret_value, err);
}

/* ---- what a running part reported ------------------------------------------------------------------ */

static const struct {
    const char *name;
    const char *fresh;
} run_time[] = {
    {"status", "_"}, {"host", "_"},          {"id", "_"}, {"nspid", "_"}, {"progress", "0"},
    {"step", "0"},   {"address", "dynamic"},
};

/* The property itself, or one of a disk or network: "status", "networks/eth0/address". */
static bool is_of_part(creg_slice path)
{
    creg_slice first = creg_dn_segment(path, 0);
    if (first.size == path.size)
        return true;
    bool is_part = creg_slice_equal(first, creg_slice_of("disks")) ||
                   creg_slice_equal(first, creg_slice_of("networks"));
    return is_part && creg_dn_segment(path, 2).size != 0 && creg_dn_segment(path, 3).size == 0;
}

/* The value that a run-time property starts with; false for every other property. */
static bool fresh_value(creg_slice path, creg_slice value, creg_slice *ret_value)
{
    if (path.size == 0 || !is_of_part(path))
        return false;
    creg_slice name = creg_dn_last(path);
    for (size_t i = 0; i < sizeof run_time / sizeof run_time[0]; i++) {
        if (!creg_slice_equal(name, creg_slice_of(run_time[i].name)))
            continue;
        /* Never reported yet: leave the word that the template chose for that. */
        bool is_unset = value.size == 0 || creg_slice_equal(value, creg_slice_of("_"));
        *ret_value = is_unset ? value : creg_slice_of(run_time[i].fresh);
        return true;
    }
    return false;
}

/* ---- keys --------------------------------------------------------------------------------------------- */

static creg_status fail_long(creg_slice key, creg_error *err)
{
    return creg_fail(err, CREG_LIMIT, "the copy of '%.*s' would have too long a key",
                     CREG_SHOW(key));
}

/* The new key: `to`, and behind it the path with every exact segment renamed. */
static creg_status new_key(copying *work, creg_slice path, creg_slice *ret_key, creg_error *err)
{
    creg_slice old = creg_dn_last(creg_dn_key(&work->from));
    creg_slice new = creg_dn_last(creg_dn_key(&work->to));
    creg_key key = {.size = 0};
    bool fits = creg_key_append(&key, creg_dn_key(&work->to));
    for (size_t at = 0; path.size != 0 && at <= path.size;) {
        const char *slash = memchr(path.data + at, '/', path.size - at);
        size_t size = slash == NULL ? path.size - at : (size_t)(slash - path.data) - at;
        creg_slice segment = creg_slice_make(path.data + at, size);
        fits = fits && creg_key_append(&key, creg_slice_of("/")) &&
               creg_key_append(&key, creg_slice_equal(segment, old) ? new : segment);
        at += size + 1;
    }
    if (!fits)
        return fail_long(path, err);
    *ret_key = creg_arena_copy(&work->arena, creg_key_slice(&key));
    return ret_key->data == NULL ? creg_fail_arena(err, &work->arena) : CREG_OK;
}

static creg_status copy_pair(copying *work, const creg_pair *pair, creg_error *err)
{
    size_t top = creg_dn_key(&work->from).size;
    bool is_own = pair->key.size == top;
    creg_slice path =
        creg_slice_make(pair->key.data + top + !is_own, pair->key.size - top - !is_own);
    creg_operation *put = &work->operations[work->operation_count++];
    put->kind = CREG_OPERATION_PUT;
    creg_status status = new_key(work, path, &put->key, err);
    if (status != CREG_OK)
        return status;
    if (!work->options->keep_runtime && fresh_value(path, pair->value, &put->value))
        return CREG_OK;
    return rename_value(work, pair->value, &put->value, err);
}

static creg_status copy_pairs(copying *work, creg_error *err)
{
    const creg_pairs *own = &work->reads[FROM_OWN].ret_pairs;
    const creg_pairs *tree = &work->reads[FROM_TREE].ret_pairs;
    size_t most = own->size + tree->size + work->reads[MEMBERS].ret_pairs.size + 2;
    work->operations = creg_arena_calloc(&work->arena, most, sizeof *work->operations);
    if (work->operations == NULL)
        return creg_fail_arena(err, &work->arena);
    creg_status status = CREG_OK;
    if (own->size != 0)
        status = copy_pair(work, &own->items[0], err);
    for (size_t i = 0; status == CREG_OK && i < tree->size; i++)
        status = copy_pair(work, &tree->items[i], err);
    return status;
}

/* ---- membership ----------------------------------------------------------------------------------------- */

/* Does the old node run this service, by its own list? */
static bool runs(const copying *work, creg_slice service)
{
    creg_slice top = creg_dn_key(&work->from);
    const creg_pairs *tree = &work->reads[FROM_TREE].ret_pairs;
    for (size_t i = 0; i < tree->size; i++) {
        creg_slice path = creg_slice_make(tree->items[i].key.data + top.size + 1,
                                          tree->items[i].key.size - top.size - 1);
        if (creg_slice_equal(creg_dn_segment(path, 0), creg_slice_of("services")) &&
            creg_slice_equal(creg_dn_segment(path, 1), service))
            return true;
    }
    return false;
}

static creg_status join_service(copying *work, creg_slice service, creg_error *err)
{
    creg_key key = {.size = 0};
    const creg_slice parts[] = {creg_dn_instance(&work->to), creg_slice_of("/services/"),
                                service, creg_slice_of("/nodes/"),
                                creg_dn_last(creg_dn_key(&work->to))};
    bool fits = true;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        fits = fits && creg_key_append(&key, parts[i]);
    if (!fits)
        return fail_long(service, err);
    creg_operation *put = &work->operations[work->operation_count++];
    put->kind = CREG_OPERATION_PUT;
    put->key = creg_arena_copy(&work->arena, creg_key_slice(&key));
    put->value = creg_slice_make("", 0);
    return put->key.data == NULL ? creg_fail_arena(err, &work->arena) : CREG_OK;
}

/* The part of a member's key behind "instances/U/P/V/ID/services/". */
static creg_slice member_path(const copying *work, size_t index)
{
    creg_slice key = work->reads[MEMBERS].ret_pairs.items[index].key;
    size_t base = creg_dn_instance(&work->to).size + sizeof("/services/") - 1;
    return creg_slice_make(key.data + base, key.size - base);
}

/* Has the service this node in its list? */
static bool lists(const copying *work, creg_slice service, creg_slice node)
{
    for (size_t i = 0; i < work->reads[MEMBERS].ret_pairs.size; i++) {
        creg_slice path = member_path(work, i);
        if (creg_slice_equal(creg_dn_segment(path, 0), service) &&
            creg_slice_equal(creg_dn_segment(path, 1), creg_slice_of("nodes")) &&
            creg_slice_equal(creg_dn_segment(path, 2), node))
            return true;
    }
    return false;
}

/* The new node joins each service of its instance that the old node runs, or is listed by. */
static creg_status join_services(copying *work, creg_error *err)
{
    creg_slice old = creg_dn_last(creg_dn_key(&work->from));
    creg_slice new = creg_dn_last(creg_dn_key(&work->to));
    bool is_same = creg_slice_equal(creg_dn_instance(&work->from), creg_dn_instance(&work->to));
    creg_slice previous = {NULL, 0};
    creg_status status = CREG_OK;
    for (size_t i = 0; status == CREG_OK && i < work->reads[MEMBERS].ret_pairs.size; i++) {
        creg_slice service = creg_dn_segment(member_path(work, i), 0);
        if (creg_slice_equal(service, previous))
            continue;
        previous = service;
        bool joins = runs(work, service) || (is_same && lists(work, service, old));
        if (joins && !lists(work, service, new))
            status = join_service(work, service, err);
    }
    return status;
}

/* ---- writing ------------------------------------------------------------------------------------------------ */

/* What must still hold: both instances, and nothing at, below or above the new place. */
static size_t make_checks(copying *work, creg_check *checks)
{
    size_t count = 0;
    const creg_read *from = &work->reads[FROM_SIGHT];
    const creg_read *into = &work->reads[TO_SIGHT];
    if (into->ret_pairs.size != 0)
        checks[count++] = (creg_check){.kind = CREG_CHECK_PRESENT, .key = into->key};
    if (from->ret_pairs.size != 0 && !creg_slice_equal(from->key, into->key))
        checks[count++] = (creg_check){.kind = CREG_CHECK_PRESENT, .key = from->key};
    creg_slice to = creg_dn_key(&work->to);
    checks[count++] = (creg_check){.kind = CREG_CHECK_SUBTREE_EMPTY, .key = to};
    for (creg_slice above = to; above.size > work->to.instance_size;
         above = creg_dn_parent(above))
        checks[count++] = (creg_check){.kind = CREG_CHECK_ABSENT, .key = above};
    return count;
}

static creg_status write_copy(copying *work, creg_error *err)
{
    creg_key edited;
    creg_dn_book(&work->to, CREG_BOOK_EDITED, &edited);
    creg_slice now = creg_registry_now(&work->arena);
    creg_check *checks =
        creg_arena_calloc(&work->arena, creg_dn_key(&work->to).size + 4, sizeof *checks);
    if (now.data == NULL || checks == NULL)
        return creg_fail_arena(err, &work->arena);
    size_t count = work->operation_count;
    work->operations[count++] = (creg_operation){
        .kind = CREG_OPERATION_PUT, .key = creg_key_slice(&edited), .value = now};
    creg_transaction transaction = {.checks = checks,
                                    .check_count = make_checks(work, checks),
                                    .operations = work->operations,
                                    .operation_count = count};
    size_t failed_check;
    creg_status status =
        creg_journal_apply(work->registry, &work->to, &transaction, &failed_check, err);
    if (status == CREG_UNKNOWN_OUTCOME)
        return creg_send_unknown(&work->to, creg_slice_make(NULL, 0), err);
    if (status != CREG_CONFLICT)
        return status;
    return creg_fail(err, CREG_CONFLICT, "'%.*s' or its surroundings were changed meanwhile",
                     CREG_SHOW(creg_dn_key(&work->to)));
}

static creg_status copy(copying *work, creg_error *err)
{
    creg_key services;
    creg_status status = check_kinds(work, err);
    if (status == CREG_OK)
        status = read_all(work, &services, err);
    if (status == CREG_OK)
        status = make_rules(work, err);
    if (status == CREG_OK)
        status = copy_pairs(work, err);
    if (status == CREG_OK)
        status = join_services(work, err);
    if (status == CREG_OK && !work->options->dry_run)
        status = write_copy(work, err);
    return status;
}

creg_status creg_copy(creg_registry *registry, creg_slice from, creg_slice to,
                      const creg_copy_options *options, size_t *ret_count, creg_error *err)
{
    static const creg_copy_options defaults = {.dry_run = false};
    creg_slice none = {NULL, 0};
    copying work = {.registry = registry, .options = options == NULL ? &defaults : options};
    creg_arena_init(&work.arena, CREG_LIMIT_OPERATION_BYTES);
    creg_status status = creg_registry_dn(registry, from, none, &work.from, err);
    if (status == CREG_OK)
        status = creg_registry_dn(registry, to, none, &work.to, err);
    if (status == CREG_OK)
        status = copy(&work, err);
    if (status == CREG_OK && ret_count != NULL)
        *ret_count = work.operation_count;
    creg_arena_clear(&work.arena);
    return status;
}
