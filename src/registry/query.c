/* SPDX-License-Identifier: MIT */
/*
 * Listing and finding instances through their commit records.
 *
 * The books of one user lie together, "U,..." , and the ',' keeps user "u" and user "u2"
 * apart; so a list by user, name and version is one run of keys, and a run of pages.
 */
#include "registry/query.h"

#include <stdlib.h>

#include "base/fail.h"
#include "base/suggest.h"
#include "registry/journal.h"
#include "registry/record.h"

enum {
    PAGE = 1000,
    /* Reads in one request where the store names no limit of its own. */
    READS_AT_ONCE = 1000,
    HINT_NAMES_MAX = 1000
};

/* ---- sorting and hints ---------------------------------------------------------------------- */

static int compare_names(const void *left, const void *right)
{
    return creg_name_compare(*(const creg_slice *)left, *(const creg_slice *)right);
}

void creg_names_sort(creg_names *names)
{
    if (names->size > 1)
        qsort(names->items, names->size, sizeof names->items[0], compare_names);
}

static int compare_instances(const void *left, const void *right)
{
    return creg_name_compare(((const creg_instance *)left)->dn,
                             ((const creg_instance *)right)->dn);
}

/* ---- filters --------------------------------------------------------------------------------- */

static creg_status encode_name(creg_slice name, const char *what, creg_arena *arena,
                               creg_slice *ret_segment, creg_error *err)
{
    *ret_segment = creg_slice_make(NULL, 0);
    if (name.size == 0)
        return CREG_OK;
    creg_status status = creg_name_check(name, what, err);
    if (status != CREG_OK)
        return status;
    *ret_segment = creg_key_encode(name, arena);
    return ret_segment->data == NULL ? creg_fail_arena(err, arena) : CREG_OK;
}

creg_status creg_filter_make(creg_slice user, creg_slice name, creg_slice version,
                             creg_arena *arena, creg_filter *ret_filter, creg_error *err)
{
    creg_status status = encode_name(user, "user", arena, &ret_filter->user, err);
    if (status == CREG_OK)
        status = encode_name(name, "service template name", arena, &ret_filter->name, err);
    if (status == CREG_OK)
        status =
            encode_name(version, "service template version", arena, &ret_filter->version, err);
    return status;
}

/* Part `index` of "U,P,V,ID". */
static creg_slice part_of(creg_slice x, size_t index)
{
    size_t start = 0;
    for (size_t i = 0; i <= x.size; i++) {
        if (i < x.size && x.data[i] != ',')
            continue;
        if (index-- == 0)
            return creg_slice_make(x.data + start, i - start);
        start = i + 1;
    }
    return creg_slice_make(NULL, 0);
}

static bool passes(const creg_filter *filter, creg_slice x)
{
    const creg_slice wanted[] = {filter->user, filter->name, filter->version};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (wanted[i].size != 0 && !creg_slice_equal(wanted[i], part_of(x, i)))
            return false;
    return true;
}

/* The beginning that all keys of the filter share: "_confreg/v1/c/U,P,". */
static void shared_beginning(const creg_filter *filter, creg_key *ret_key)
{
    const creg_slice comma = creg_slice_of(",");
    const creg_slice parts[] = {filter->user, filter->name, filter->version};
    ret_key->size = 0;
    creg_key_append(ret_key, creg_book_folder(CREG_BOOK_COMMIT));
    creg_key_append(ret_key, creg_slice_of("/"));
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && parts[i].size != 0; i++) {
        creg_key_append(ret_key, parts[i]);
        creg_key_append(ret_key, comma);
    }
}

static bool begins_with(creg_slice text, creg_slice beginning)
{
    return text.size >= beginning.size &&
           memcmp(text.data, beginning.data, beginning.size) == 0;
}

/* Keeps what passes; true when the run of keys goes on behind this page. */
static bool keep_passing(const creg_filter *filter, creg_slice beginning, const creg_read *read,
                         creg_pairs *pairs)
{
    for (size_t i = 0; i < read->ret_pairs.size; i++) {
        creg_pair pair = read->ret_pairs.items[i];
        if (!begins_with(pair.key, beginning))
            return false;
        creg_slice x = creg_book_name(pair.key);
        if (x.size != 0 && passes(filter, x))
            pairs->items[pairs->size++] = pair;
    }
    return read->ret_more;
}

creg_status creg_query_records(creg_registry *registry, const creg_filter *filter,
                               bool keys_only, creg_arena *arena, creg_pairs *ret_pairs,
                               creg_error *err)
{
    creg_key beginning;
    shared_beginning(filter, &beginning);
    /* Without a user there is nothing to skip: one list, of one moment. */
    bool is_run = filter->user.size != 0;
    creg_read read = {.is_list = true,
                      .key = creg_book_folder(CREG_BOOK_COMMIT),
                      .depth = 1,
                      .keys_only = keys_only,
                      .after = is_run ? creg_key_slice(&beginning) : creg_slice_make(NULL, 0),
                      .limit = is_run ? PAGE : 0};
    creg_pairs pairs = {NULL, 0};
    for (bool more = true; more;) {
        creg_status status = creg_store_read(registry->store, &read, 1, arena, NULL, err);
        if (status != CREG_OK)
            return status;
        size_t size = pairs.size * sizeof *pairs.items;
        pairs.items = creg_arena_grow(arena, pairs.items, size,
                                      size + (read.ret_pairs.size + 1) * sizeof *pairs.items);
        if (pairs.items == NULL)
            return creg_fail_arena(err, arena);
        more = keep_passing(filter, creg_key_slice(&beginning), &read, &pairs);
        if (read.ret_pairs.size != 0)
            read.after = read.ret_pairs.items[read.ret_pairs.size - 1].key;
    }
    *ret_pairs = pairs;
    return CREG_OK;
}

creg_status creg_query_dns(creg_registry *registry, const creg_filter *filter,
                           creg_arena *arena, creg_names *ret_dns, creg_error *err)
{
    creg_pairs pairs;
    creg_status status = creg_query_records(registry, filter, true, arena, &pairs, err);
    if (status != CREG_OK)
        return status;
    creg_slice *items = creg_arena_calloc(arena, pairs.size, sizeof *items);
    if (items == NULL)
        return creg_fail_arena(err, arena);
    for (size_t i = 0; i < pairs.size; i++) {
        creg_dn dn;
        status =
            creg_dn_of_books(&registry->layout, creg_book_name(pairs.items[i].key), &dn, err);
        if (status != CREG_OK)
            return status;
        items[i] = creg_arena_copy(arena, creg_dn_instance(&dn));
        if (items[i].data == NULL)
            return creg_fail_arena(err, arena);
    }
    *ret_dns = (creg_names){items, pairs.size};
    creg_names_sort(ret_dns);
    return CREG_OK;
}

/* ---- many reads, and who may be seen ----------------------------------------------------------- */

creg_status creg_query_many(creg_registry *registry, creg_read *reads, size_t count,
                            creg_arena *arena, creg_error *err)
{
    creg_limits limits;
    creg_status status = creg_store_limits(registry->store, &limits, err);
    size_t most = READS_AT_ONCE;
    if (limits.transaction_operations != 0 && limits.transaction_operations < most)
        most = limits.transaction_operations;
    for (size_t at = 0; status == CREG_OK && at < count; at += most) {
        size_t now = count - at < most ? count - at : most;
        status = creg_store_read(registry->store, reads + at, now, arena, NULL, err);
    }
    return status;
}

void creg_sight_reads(const creg_dn *dn, creg_sight *sight, creg_read *reads)
{
    creg_dn_book(dn, CREG_BOOK_COMMIT, &sight->record);
    creg_dn_book(dn, CREG_BOOK_INTENT, &sight->intent);
    reads[0] = (creg_read){.key = creg_key_slice(&sight->record)};
    reads[1] = (creg_read){.key = creg_key_slice(&sight->intent), .is_unlikely = true};
}

bool creg_sight_is_clear(creg_registry *registry, const creg_dn *dn, const creg_read *reads)
{
    bool is_committed = reads[0].ret_pairs.size != 0;
    if (is_committed)
        creg_instance_set_add(&registry->committed, dn);
    return is_committed || (registry->shows_all && reads[1].ret_pairs.size == 0);
}

void creg_query_hint(creg_slice wanted, const creg_names *names, creg_error *err)
{
    creg_suggest search = creg_suggest_begin(wanted);
    for (size_t i = 0; i < names->size; i++)
        creg_suggest_offer(&search, names->items[i]);
    if (search.best.data != NULL)
        creg_error_hint(err, "did you mean '%.*s'?", CREG_SHOW(search.best));
}

creg_status creg_query_fail_absent(creg_registry *registry, const creg_dn *dn, creg_error *err)
{
    creg_slice wanted = creg_dn_instance(dn);
    creg_fail(err, CREG_NOT_FOUND, "there is no instance %.*s", CREG_SHOW(wanted));
    if (err == NULL)
        return CREG_NOT_FOUND;
    creg_arena scratch;
    creg_arena_init(&scratch, CREG_LIMIT_OPERATION_BYTES);
    creg_filter filter = {.user = creg_dn_segment(wanted, 1)};
    creg_names names;
    creg_status status = creg_query_dns(registry, &filter, &scratch, &names, NULL);
    if (status == CREG_OK && names.size <= HINT_NAMES_MAX)
        creg_query_hint(wanted, &names, err);
    creg_arena_clear(&scratch);
    return CREG_NOT_FOUND;
}

/* ---- one instance -------------------------------------------------------------------------------- */

static bool status_key(const creg_dn *dn, creg_key *ret_key)
{
    ret_key->size = 0;
    return creg_key_append(ret_key, creg_dn_instance(dn)) &&
           creg_key_append(ret_key, creg_slice_of("/status"));
}

/* The value of a read of one key; empty when it is not there. */
static creg_slice value_of(const creg_read *read)
{
    return read->ret_pairs.size == 0 ? creg_slice_make("", 0) : read->ret_pairs.items[0].value;
}

static creg_status fill_instance(const creg_dn *dn, const creg_read *record,
                                 creg_slice status_text, creg_arena *arena,
                                 creg_instance *instance, creg_error *err)
{
    *instance = (creg_instance){.status = status_text, .options = creg_slice_of("{}")};
    creg_status status = creg_record_names(dn, arena, instance, err);
    if (status == CREG_OK && record->ret_pairs.size != 0)
        status = creg_record_parse(record->ret_pairs.items[0].key,
                                   record->ret_pairs.items[0].value, arena, instance, err);
    return status;
}

creg_status creg_query_instance(creg_registry *registry, const creg_dn *dn, creg_arena *arena,
                                creg_instance *ret_instance, creg_error *err)
{
    creg_sight sight;
    creg_key status_at;
    enum { STATUS = CREG_SIGHT_READS, ANY, OWN, READS };
    creg_read reads[READS];
    creg_sight_reads(dn, &sight, reads);
    /* An instance whose DN leaves no room for "/status" has none. */
    creg_slice status_of =
        status_key(dn, &status_at) ? creg_key_slice(&status_at) : creg_key_slice(&sight.record);
    reads[STATUS] = (creg_read){.key = status_of};
    reads[ANY] = (creg_read){.is_list = true,
                             .key = creg_dn_instance(dn),
                             .depth = 1,
                             .keys_only = true,
                             .limit = 1};
    reads[OWN] = (creg_read){.key = creg_dn_instance(dn)};
    creg_status status =
        creg_journal_read(registry, reads, registry->shows_all ? READS : ANY, arena, err);
    if (status != CREG_OK)
        return status;
    bool is_there = reads[0].ret_pairs.size != 0 || reads[ANY].ret_pairs.size != 0 ||
                    reads[OWN].ret_pairs.size != 0;
    if (!creg_sight_is_clear(registry, dn, reads) || !is_there)
        return creg_query_fail_absent(registry, dn, err);
    bool has_status = creg_slice_equal(reads[STATUS].key, creg_key_slice(&status_at));
    return fill_instance(dn, &reads[0],
                         has_status ? value_of(&reads[STATUS]) : creg_slice_make("", 0), arena,
                         ret_instance, err);
}

creg_status creg_instance_get(creg_registry *registry, creg_slice dn, creg_arena *arena,
                              creg_instance *ret_instance, creg_error *err)
{
    creg_dn parsed;
    creg_status status = creg_registry_dn(registry, dn, creg_slice_make(NULL, 0), &parsed, err);
    if (status != CREG_OK)
        return status;
    if (parsed.kind != CREG_DN_INSTANCE)
        return creg_fail(err, CREG_INVALID_NAME, "'%.*s' is the DN of %s, not of an instance",
                         CREG_SHOW(dn), creg_dn_kind_text(parsed.kind));
    return creg_query_instance(registry, &parsed, arena, ret_instance, err);
}

/* ---- by request ------------------------------------------------------------------------------------ */

/* The instance of X when this very request made it. */
static creg_status instance_of_request(creg_registry *registry, creg_slice x,
                                       creg_slice request, creg_arena *arena,
                                       creg_instance *ret_instance, creg_error *err)
{
    creg_dn dn;
    creg_status status = creg_dn_of_books(&registry->layout, x, &dn, err);
    if (status != CREG_OK)
        return status;
    /* The writer first, the record second: a writer who is gone commits no more. */
    creg_key intent;
    creg_dn_book(&dn, CREG_BOOK_INTENT, &intent);
    bool is_alive = false;
    status = creg_liveness_check(registry->store, creg_key_slice(&intent), &is_alive, err);
    if (status == CREG_OK)
        status = creg_query_instance(registry, &dn, arena, ret_instance, err);
    bool is_made = status == CREG_OK && creg_slice_equal(ret_instance->request_id, request);
    if (is_made || (status != CREG_OK && status != CREG_NOT_FOUND))
        return status;
    if (is_alive) {
        creg_fail(err, CREG_CONFLICT, "request %.*s is being written as %.*s",
                  CREG_SHOW(request), CREG_SHOW(creg_dn_instance(&dn)));
        creg_error_hint(err, "ask again in a moment");
        return CREG_CONFLICT;
    }
    return creg_fail(err, CREG_NOT_FOUND, "nothing was committed for request %.*s",
                     CREG_SHOW(request));
}

static creg_status check_request(creg_slice request, creg_error *err)
{
    creg_status status = creg_name_check(request, "request id", err);
    size_t most = sizeof err->request_id - 1;
    if (status == CREG_OK && request.size > most)
        return creg_fail(err, CREG_INVALID_NAME, "request id '%.*s' is longer than %zu bytes",
                         CREG_SHOW(request), most);
    return status;
}

creg_status creg_query_request(creg_registry *registry, creg_slice request, creg_arena *arena,
                               creg_instance *ret_instance, creg_error *err)
{
    creg_status status = check_request(request, err);
    if (status != CREG_OK)
        return status;
    creg_slice segment = creg_key_encode(request, arena);
    if (segment.data == NULL)
        return creg_fail_arena(err, arena);
    creg_key key;
    creg_request_book(segment, &key);
    creg_slice x;
    status = creg_store_get(registry->store, creg_key_slice(&key), arena, &x, NULL, err);
    if (status == CREG_NOT_FOUND)
        return creg_fail(err, CREG_NOT_FOUND, "nothing was committed for request %.*s",
                         CREG_SHOW(request));
    if (status != CREG_OK)
        return status;
    return instance_of_request(registry, x, request, arena, ret_instance, err);
}

creg_status creg_instance_status(creg_registry *registry, creg_slice request_id,
                                 creg_arena *arena, creg_instance *ret_instance,
                                 creg_error *err)
{
    return creg_query_request(registry, request_id, arena, ret_instance, err);
}

/* ---- lists ------------------------------------------------------------------------------------------ */

/* The names of books, as a set. */
static creg_status add_books(const creg_pairs *books, creg_arena *arena, creg_map *known,
                             creg_error *err)
{
    for (size_t i = 0; i < books->size; i++)
        if (!creg_map_set(arena, known, creg_value_string(creg_book_name(books->items[i].key)),
                          creg_value_none()))
            return creg_fail_arena(err, arena);
    return CREG_OK;
}

/* "instances/U/P/V/ID" or "instances/U/P/V/ID/" as a DN; false when it is something else. */
static bool dn_of_entry(creg_registry *registry, creg_slice key, creg_dn *ret_dn)
{
    creg_slice none = {NULL, 0};
    return creg_registry_dn(registry, key, none, ret_dn, NULL) == CREG_OK &&
           ret_dn->kind == CREG_DN_INSTANCE;
}

/* Keeps the entries that no book knows, once each: an instance may have a value and a tree. */
static creg_status keep_unknown(creg_registry *registry, const creg_pairs *entries,
                                creg_map *known, creg_arena *arena, creg_names *names,
                                creg_error *err)
{
    names->items = creg_arena_calloc(arena, entries->size, sizeof *names->items);
    if (names->items == NULL)
        return creg_fail_arena(err, arena);
    names->size = 0;
    for (size_t i = 0; i < entries->size; i++) {
        creg_dn dn;
        creg_key book;
        if (!dn_of_entry(registry, entries->items[i].key, &dn))
            continue;
        creg_dn_book(&dn, CREG_BOOK_COMMIT, &book);
        creg_slice x = creg_book_name(creg_key_slice(&book));
        if (creg_map_get_text(known, x) != NULL)
            continue;
        creg_slice name = creg_arena_copy(arena, creg_dn_instance(&dn));
        if (name.data == NULL || !creg_map_set_text(arena, known, x, creg_value_none()))
            return creg_fail_arena(err, arena);
        names->items[names->size++] = name;
    }
    return CREG_OK;
}

creg_status creg_query_unrecorded(creg_registry *registry, creg_arena *arena,
                                  creg_names *ret_dns, creg_error *err)
{
    creg_read reads[] = {
        {.is_list = true, .key = registry->layout.instances, .depth = 4, .keys_only = true},
        {.is_list = true,
         .key = creg_book_folder(CREG_BOOK_COMMIT),
         .depth = 1,
         .keys_only = true},
        {.is_list = true,
         .key = creg_book_folder(CREG_BOOK_INTENT),
         .depth = 1,
         .keys_only = true},
    };
    creg_status status = creg_store_read(registry->store, reads, 3, arena, NULL, err);
    if (status != CREG_OK)
        return status;
    creg_map *known = creg_map_new(arena, reads[1].ret_pairs.size);
    if (known == NULL)
        return creg_fail_arena(err, arena);
    status = add_books(&reads[1].ret_pairs, arena, known, err);
    if (status == CREG_OK)
        status = add_books(&reads[2].ret_pairs, arena, known, err);
    if (status == CREG_OK)
        status = keep_unknown(registry, &reads[0].ret_pairs, known, arena, ret_dns, err);
    if (status == CREG_OK)
        creg_names_sort(ret_dns);
    return status;
}

/* Adds instances without a record (visibility=all): other programs wrote them. */
static creg_status add_unrecorded(creg_registry *registry, const creg_filter *filter,
                                  creg_arena *arena, creg_instances *instances, creg_error *err)
{
    creg_names names;
    creg_status status = creg_query_unrecorded(registry, arena, &names, err);
    if (status != CREG_OK)
        return status;
    size_t size = instances->size * sizeof *instances->items;
    instances->items = creg_arena_grow(arena, instances->items, size,
                                       size + (names.size + 1) * sizeof *instances->items);
    if (instances->items == NULL)
        return creg_fail_arena(err, arena);
    for (size_t i = 0; status == CREG_OK && i < names.size; i++) {
        creg_dn dn;
        creg_key book;
        dn_of_entry(registry, names.items[i], &dn);
        creg_dn_book(&dn, CREG_BOOK_COMMIT, &book);
        creg_read none = {.is_list = false};
        if (passes(filter, creg_book_name(creg_key_slice(&book))))
            status = fill_instance(&dn, &none, creg_slice_make("", 0), arena,
                                   &instances->items[instances->size++], err);
    }
    return status;
}

/* The status of one instance, under its journal. */
static creg_status read_status_under(creg_registry *registry, const creg_dn *dn,
                                     creg_instance *instance, creg_arena *arena,
                                     creg_error *err)
{
    creg_sight sight;
    creg_key key;
    creg_read reads[CREG_SIGHT_READS + 1];
    creg_sight_reads(dn, &sight, reads);
    if (!status_key(dn, &key))
        return CREG_OK;
    creg_slice kept = creg_arena_copy(arena, creg_key_slice(&key));
    if (kept.data == NULL)
        return creg_fail_arena(err, arena);
    reads[CREG_SIGHT_READS] = (creg_read){.key = kept};
    creg_status status = creg_journal_read(registry, reads, CREG_SIGHT_READS + 1, arena, err);
    if (status == CREG_OK)
        instance->status = value_of(&reads[CREG_SIGHT_READS]);
    return status;
}

/* Instances with an intent are asked one by one: it may be a journal, which overlays them. */
static creg_status read_statuses_under(creg_registry *registry, const creg_pairs *intents,
                                       creg_instances *instances, creg_arena *arena,
                                       creg_error *err)
{
    creg_status status = CREG_OK;
    for (size_t i = 0; status == CREG_OK && i < intents->size; i++) {
        creg_dn dn;
        creg_slice x = creg_book_name(intents->items[i].key);
        bool is_known =
            x.size != 0 && creg_dn_of_books(&registry->layout, x, &dn, NULL) == CREG_OK;
        for (size_t k = 0; is_known && status == CREG_OK && k < instances->size; k++)
            if (creg_slice_equal(instances->items[k].dn, creg_dn_instance(&dn)))
                status = read_status_under(registry, &dn, &instances->items[k], arena, err);
    }
    return status;
}

static creg_status read_statuses(creg_registry *registry, creg_instances *instances,
                                 creg_arena *arena, creg_error *err)
{
    creg_read *reads = creg_arena_calloc(arena, instances->size, sizeof *reads);
    if (reads == NULL)
        return creg_fail_arena(err, arena);
    static const char property[] = "/status";
    for (size_t i = 0; i < instances->size; i++) {
        creg_slice dn = instances->items[i].dn;
        char *key = creg_arena_alloc(arena, dn.size + sizeof property);
        if (key == NULL)
            return creg_fail_arena(err, arena);
        memcpy(key, dn.data, dn.size);
        memcpy(key + dn.size, property, sizeof property);
        reads[i].key = creg_slice_make(key, dn.size + sizeof property - 1);
    }
    /* The intents first: a journal that is opened later is somebody's at the same time. */
    creg_read intents = {
        .is_list = true, .key = creg_book_folder(CREG_BOOK_INTENT), .keys_only = true};
    creg_status status = CREG_OK;
    if (creg_journal_is_used(registry))
        status = creg_store_read(registry->store, &intents, 1, arena, NULL, err);
    if (status == CREG_OK)
        status = creg_query_many(registry, reads, instances->size, arena, err);
    for (size_t i = 0; status == CREG_OK && i < instances->size; i++)
        instances->items[i].status = value_of(&reads[i]);
    return status == CREG_OK
               ? read_statuses_under(registry, &intents.ret_pairs, instances, arena, err)
               : status;
}

static creg_status add_recorded(creg_registry *registry, const creg_pairs *records,
                                creg_arena *arena, creg_instances *instances, creg_error *err)
{
    creg_status status = CREG_OK;
    for (size_t i = 0; status == CREG_OK && i < records->size; i++) {
        creg_dn dn;
        creg_pairs one = {&records->items[i], 1};
        creg_read record = {.ret_pairs = one};
        status = creg_dn_of_books(&registry->layout, creg_book_name(records->items[i].key), &dn,
                                  err);
        if (status == CREG_OK)
            status = fill_instance(&dn, &record, creg_slice_make("", 0), arena,
                                   &instances->items[instances->size++], err);
    }
    return status;
}

creg_status creg_instance_list(creg_registry *registry, creg_slice user, creg_slice name,
                               creg_slice version, creg_arena *arena,
                               creg_instances *ret_instances, creg_error *err)
{
    creg_filter filter;
    creg_pairs records;
    creg_status status = creg_filter_make(user, name, version, arena, &filter, err);
    if (status == CREG_OK)
        status = creg_query_records(registry, &filter, false, arena, &records, err);
    if (status != CREG_OK)
        return status;
    creg_instances instances = {creg_arena_calloc(arena, records.size, sizeof *instances.items),
                                0};
    if (instances.items == NULL)
        return creg_fail_arena(err, arena);
    status = add_recorded(registry, &records, arena, &instances, err);
    if (status == CREG_OK && registry->shows_all)
        status = add_unrecorded(registry, &filter, arena, &instances, err);
    if (status == CREG_OK)
        status = read_statuses(registry, &instances, arena, err);
    if (status != CREG_OK)
        return status;
    if (instances.size > 1)
        qsort(instances.items, instances.size, sizeof *instances.items, compare_instances);
    *ret_instances = instances;
    return CREG_OK;
}
