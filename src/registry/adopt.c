/* SPDX-License-Identifier: MIT */
/*
 * Adopting: instances that other programs wrote get the books that ours have.
 *
 * Nothing of theirs is changed or renamed. Keys that we could not write ourselves are listed:
 * they stay in the tree, and only programs that know their spelling reach them.
 */
#include "registry/adopt.h"

#include "base/fail.h"
#include "registry/query.h"
#include "registry/record.h"
#include "registry/report.h"
#include "registry/tree.h"

enum { FOREIGN_KEYS_SHOWN = 20 };

/* All keys of an instance, its own value first, as one moment has them. */
static creg_status read_tree(creg_registry *registry, const creg_dn *dn, creg_arena *arena,
                             creg_pairs *ret_pairs, creg_error *err)
{
    creg_slice top = creg_dn_instance(dn);
    creg_read reads[] = {{.key = top}, {.is_list = true, .key = top}};
    creg_status status = creg_store_read(registry->store, reads, 2, arena, NULL, err);
    if (status != CREG_OK)
        return status;
    size_t own = reads[0].ret_pairs.size;
    size_t below = reads[1].ret_pairs.size;
    creg_pair *items = creg_arena_calloc(arena, own + below, sizeof *items);
    if (items == NULL)
        return creg_fail_arena(err, arena);
    if (own != 0)
        items[0] = reads[0].ret_pairs.items[0];
    if (below != 0)
        memcpy(items + own, reads[1].ret_pairs.items, below * sizeof *items);
    *ret_pairs = (creg_pairs){items, own + below};
    return CREG_OK;
}

static creg_status describe(creg_registry *registry, const creg_dn *dn, const creg_pairs *pairs,
                            creg_arena *arena, creg_slice *ret_request, creg_slice *ret_record,
                            creg_error *err)
{
    char request[CREG_REQUEST_SIZE];
    creg_status status = creg_request_make(request, err);
    if (status != CREG_OK)
        return status;
    char digest[CREG_TREE_DIGEST_SIZE];
    size_t strip = dn->instance_size + 1;
    bool has_own = pairs->size != 0 && pairs->items[0].key.size < strip;
    creg_pairs below = {pairs->items + has_own, pairs->size - has_own};
    creg_tree_digest(&below, strip, digest);
    creg_instance instance = {.request_id = creg_arena_copy(arena, creg_slice_of(request)),
                              .key_count = pairs->size,
                              .digest = creg_slice_of(digest),
                              .created = creg_registry_now(arena),
                              .author = creg_slice_of(registry->author)};
    if (arena->failed != CREG_OK)
        return creg_fail_arena(err, arena);
    *ret_request = instance.request_id;
    return creg_record_print(&instance, arena, ret_record, err);
}

static creg_status write_books(creg_registry *registry, const creg_dn *dn, creg_version old,
                               creg_slice request, creg_slice record, creg_arena *arena,
                               creg_error *err)
{
    creg_key commit, intent, counter, by_request;
    creg_dn_book(dn, CREG_BOOK_COMMIT, &commit);
    creg_dn_book(dn, CREG_BOOK_INTENT, &intent);
    creg_dn_book(dn, CREG_BOOK_COUNTER, &counter);
    creg_request_book(request, &by_request);
    creg_read last = {.key = creg_key_slice(&counter)};
    creg_status status = creg_store_read(registry->store, &last, 1, arena, NULL, err);
    if (status != CREG_OK)
        return status;
    bool has_last = last.ret_pairs.size != 0;
    creg_slice id = creg_dn_last(creg_dn_instance(dn));
    bool is_higher =
        creg_dn_number(id) > (has_last ? creg_dn_number(last.ret_pairs.items[0].value) : 0);
    creg_version last_version = has_last ? last.ret_pairs.items[0].version : (creg_version){0};

    creg_check checks[] = {
        {.kind = CREG_CHECK_VERSION, .key = creg_key_slice(&commit), .version = old},
        {.kind = CREG_CHECK_ABSENT, .key = creg_key_slice(&intent)},
        {.kind = CREG_CHECK_VERSION, .key = creg_key_slice(&counter), .version = last_version},
    };
    creg_operation operations[] = {
        {.kind = CREG_OPERATION_PUT, .key = creg_key_slice(&commit), .value = record},
        {.kind = CREG_OPERATION_PUT,
         .key = creg_key_slice(&by_request),
         .value = creg_book_name(creg_key_slice(&commit))},
        {.kind = CREG_OPERATION_PUT, .key = creg_key_slice(&counter), .value = id},
    };
    creg_transaction transaction = {.checks = checks,
                                    .check_count = 3,
                                    .operations = operations,
                                    .operation_count = is_higher ? 3 : 2};
    return creg_store_apply(registry->store, &transaction, NULL, err);
}

creg_status creg_adopt_one(creg_registry *registry, const creg_dn *dn, creg_version old,
                           creg_error *err)
{
    creg_arena scratch;
    creg_arena_init(&scratch, CREG_LIMIT_OPERATION_BYTES);
    creg_pairs pairs = {NULL, 0};
    creg_slice request = {NULL, 0};
    creg_slice record = {NULL, 0};
    creg_status status = read_tree(registry, dn, &scratch, &pairs, err);
    if (status == CREG_OK)
        status = describe(registry, dn, &pairs, &scratch, &request, &record, err);
    if (status == CREG_OK)
        status = write_books(registry, dn, old, request, record, &scratch, err);
    creg_arena_clear(&scratch);
    return status;
}

/* ---- all of them ------------------------------------------------------------------------------ */

/* Is this key one that we could have written? There is one spelling of each; others are no DN. */
static bool is_our_spelling(creg_registry *registry, creg_slice key)
{
    creg_dn dn;
    return creg_registry_dn(registry, key, creg_slice_make(NULL, 0), &dn, NULL) == CREG_OK;
}

static creg_status list_foreign_keys(creg_registry *registry, const creg_dn *dn,
                                     creg_arena *arena, creg_report *report, creg_error *err)
{
    creg_read read = {.is_list = true, .key = creg_dn_instance(dn), .keys_only = true};
    creg_status status = creg_store_read(registry->store, &read, 1, arena, NULL, err);
    size_t count = 0;
    for (size_t i = 0; status == CREG_OK && i < read.ret_pairs.size; i++) {
        creg_slice key = read.ret_pairs.items[i].key;
        if (is_our_spelling(registry, key) || count++ >= FOREIGN_KEYS_SHOWN)
            continue;
        status = creg_findings_add(&report->findings, arena, "foreign-key", false, err,
                                   "'%.*s' is not spelled as this registry spells keys; it can "
                                   "be listed, but not named",
                                   CREG_SHOW(key));
    }
    if (status == CREG_OK && count > FOREIGN_KEYS_SHOWN)
        status = creg_findings_add(&report->findings, arena, "foreign-key", false, err,
                                   "%zu more keys like that in %.*s",
                                   count - FOREIGN_KEYS_SHOWN, CREG_SHOW(creg_dn_instance(dn)));
    return status;
}

/* Instances whose very DN we could not write: they are told, and left alone. */
static creg_status list_foreign_names(creg_registry *registry, creg_arena *arena,
                                      creg_report *report, creg_error *err)
{
    creg_read read = {
        .is_list = true, .key = registry->layout.instances, .depth = 4, .keys_only = true};
    creg_status status = creg_store_read(registry->store, &read, 1, arena, NULL, err);
    for (size_t i = 0; status == CREG_OK && i < read.ret_pairs.size; i++) {
        creg_slice key = read.ret_pairs.items[i].key;
        key.size -= key.data[key.size - 1] == '/';
        if (creg_dn_segment(key, 4).size == 0 || is_our_spelling(registry, key))
            continue;
        status = creg_findings_add(&report->findings, arena, "foreign-name", true, err,
                                   "'%.*s' is not spelled as this registry spells names; it "
                                   "cannot be adopted",
                                   CREG_SHOW(key));
    }
    return status;
}

static creg_status adopt(creg_registry *registry, creg_slice name, bool dry_run,
                         creg_arena *arena, creg_report *report, creg_error *err)
{
    creg_dn dn; /* creg_query_unrecorded() gives nothing that is none */
    (void)creg_registry_dn(registry, name, creg_slice_make(NULL, 0), &dn, err);
    report->checked++;
    creg_status status = list_foreign_keys(registry, &dn, arena, report, err);
    if (status == CREG_OK && !dry_run)
        status = creg_adopt_one(registry, &dn, (creg_version){0}, err);
    if (status == CREG_CONFLICT)
        return creg_findings_add(&report->findings, arena, "busy", false, err,
                                 "%.*s was changed meanwhile; run adopt again",
                                 CREG_SHOW(name));
    if (status != CREG_OK)
        return status;
    report->changed += !dry_run;
    return creg_findings_add(&report->findings, arena, "adopted", false, err, "%s %.*s",
                             dry_run ? "would adopt" : "adopted", CREG_SHOW(name));
}

creg_status creg_adopt(creg_registry *registry, bool dry_run, creg_arena *arena,
                       creg_report *ret_report, creg_error *err)
{
    *ret_report = (creg_report){.checked = 0};
    creg_names names;
    creg_status status = creg_query_unrecorded(registry, arena, &names, err);
    for (size_t i = 0; status == CREG_OK && i < names.size; i++)
        status = adopt(registry, names.items[i], dry_run, arena, ret_report, err);
    if (status == CREG_OK)
        status = list_foreign_names(registry, arena, ret_report, err);
    return status;
}
