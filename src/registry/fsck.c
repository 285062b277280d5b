/* SPDX-License-Identifier: MIT */
/*
 * Checking the books against what lies in the store, and mending what can be mended safely.
 *
 *   rule                    error?  what                                         --repair
 *   record-unreadable       yes     a commit record that is no record            a fresh one
 *   record-without-data     yes     a record, and not one key of the instance    removed
 *   digest-differs          yes     never edited, yet not what was written       -
 *   counter-low             yes     the counter is below an id that was given    raised
 *   intent-beside-record    yes     committed and unfinished at once             dropped
 *   request-missing         no      the request id of a record finds nothing     written
 *   unfinished              no      a dead writer's work                         swept
 *   unrecorded              no      keys of another program, or a lost record    - (adopt)
 *   stale-request           no      a request's book that leads nowhere          dropped
 *   stale-edit              no      a mark of edits without an instance          dropped
 *
 * How edits are told from damage: a record has the digest of the tree as it was instantiated.
 * The first change through the library leaves the book CREG_BOOK_EDITED, and from then on the
 * digest proves nothing. Without that book a difference is damage, or the work of a program
 * that writes to the store directly; fsck cannot know which, so it never "repairs" a tree.
 *
 * Every repair is a transaction under the versions that were read: what somebody changes
 * meanwhile is left to the next run.
 */
#include "base/fail.h"
#include "registry/adopt.h"
#include "registry/query.h"
#include "registry/record.h"
#include "registry/registry.h"
#include "registry/remove.h"
#include "registry/report.h"
#include "registry/sweep.h"
#include "registry/tree.h"

/* One run. Findings lie in `arena`, what is read on the way in the `scratch` of each step. */
typedef struct fsck {
    creg_registry *registry;
    bool repair;
    creg_arena *arena;
    creg_report report;
    creg_error *err;
} fsck;

/* ---- telling and mending ---------------------------------------------------------------------- */

static creg_status tell(fsck *run, const char *rule, bool is_error, creg_slice dn,
                        const char *what)
{
    return creg_findings_add(&run->report.findings, run->arena, rule, is_error, run->err,
                             "%.*s: %s", CREG_SHOW(dn), what);
}

/* The outcome of a repair: somebody else being faster is no failure. */
static creg_status count_repair(fsck *run, creg_status status)
{
    if (status == CREG_CONFLICT || status == CREG_NOT_FOUND)
        return CREG_OK;
    run->report.changed += status == CREG_OK;
    return status;
}

/* One operation while a key is as it was read. */
static creg_status mend(fsck *run, creg_slice key, creg_version version,
                        creg_operation operation)
{
    if (!run->repair)
        return CREG_OK;
    creg_check check = {.kind = CREG_CHECK_VERSION, .key = key, .version = version};
    creg_transaction transaction = {
        .checks = &check, .check_count = 1, .operations = &operation, .operation_count = 1};
    return count_repair(run,
                        creg_store_apply(run->registry->store, &transaction, NULL, run->err));
}

static creg_status drop(fsck *run, const creg_pair *pair)
{
    creg_operation operation = {.kind = CREG_OPERATION_DELETE, .key = pair->key};
    return mend(run, pair->key, pair->version, operation);
}

/* ---- one instance ------------------------------------------------------------------------------- */

/* What one moment shows of an instance. */
typedef struct sight {
    creg_dn dn;
    creg_key keys[4]; /* record, intent, edited, counter */
    creg_read reads[6];
    creg_instance record;
} sight;

enum { RECORD, INTENT, EDITED, COUNTER, OWN, TREE, READS };

static creg_status look(fsck *run, sight *at, creg_arena *scratch)
{
    static const creg_book books[] = {CREG_BOOK_COMMIT, CREG_BOOK_INTENT, CREG_BOOK_EDITED,
                                      CREG_BOOK_COUNTER};
    for (size_t i = 0; i < sizeof books / sizeof books[0]; i++) {
        creg_dn_book(&at->dn, books[i], &at->keys[i]);
        at->reads[i] = (creg_read){.key = creg_key_slice(&at->keys[i])};
    }
    at->reads[OWN] = (creg_read){.key = creg_dn_instance(&at->dn)};
    at->reads[TREE] = (creg_read){.is_list = true, .key = creg_dn_instance(&at->dn)};
    return creg_store_read(run->registry->store, at->reads, READS, scratch, NULL, run->err);
}

static bool has(const sight *at, size_t read)
{
    return at->reads[read].ret_pairs.size != 0;
}

static const creg_pair *pair_of(const sight *at, size_t read)
{
    return &at->reads[read].ret_pairs.items[0];
}

static creg_status check_tree(fsck *run, const sight *at)
{
    creg_slice dn = creg_dn_instance(&at->dn);
    const creg_pairs *tree = &at->reads[TREE].ret_pairs;
    size_t count = tree->size + at->reads[OWN].ret_pairs.size;
    if (has(at, EDITED))
        return CREG_OK;
    if (count == 0 && at->record.key_count != 0) {
        creg_status status =
            tell(run, "record-without-data", true, dn,
                 "the commit record is there, but not one key of the instance");
        if (status != CREG_OK || !run->repair)
            return status;
        return count_repair(run, creg_remove_instance(run->registry, &at->dn, run->err));
    }
    char digest[CREG_TREE_DIGEST_SIZE];
    creg_tree_digest(tree, dn.size + 1, digest);
    if (count == at->record.key_count &&
        creg_slice_equal(at->record.digest, creg_slice_of(digest)))
        return CREG_OK;
    return creg_findings_add(
        &run->report.findings, run->arena, "digest-differs", true, run->err,
        "%.*s: %zu keys were written and never edited through confreg, but "
        "%zu other ones are there: damage, or a program that writes to the "
        "store itself",
        CREG_SHOW(dn), at->record.key_count, count);
}

static creg_status check_counter(fsck *run, const sight *at)
{
    creg_slice id = creg_dn_last(creg_dn_instance(&at->dn));
    creg_slice last = has(at, COUNTER) ? pair_of(at, COUNTER)->value : creg_slice_make("", 0);
    if (creg_dn_number(id) <= creg_dn_number(last))
        return CREG_OK;
    creg_status status = tell(run, "counter-low", true, creg_dn_instance(&at->dn),
                              "the counter of ids is lower than this id, which would be given "
                              "out again");
    creg_version version = has(at, COUNTER) ? pair_of(at, COUNTER)->version : (creg_version){0};
    creg_slice key = creg_key_slice(&at->keys[COUNTER]);
    creg_operation raise = {.kind = CREG_OPERATION_PUT, .key = key, .value = id};
    return status == CREG_OK ? mend(run, key, version, raise) : status;
}

static creg_status check_intent(fsck *run, const sight *at)
{
    if (!has(at, INTENT))
        return CREG_OK;
    creg_intent intent;
    const creg_pair *pair = pair_of(at, INTENT);
    creg_status status = creg_intent_parse(pair->key, pair->value, run->arena, &intent, NULL);
    if (status == CREG_OK &&
        intent.is_change) /* a journal: check_intents tells, sweeps finish */
        return CREG_OK;
    status = tell(run, "intent-beside-record", true, creg_dn_instance(&at->dn),
                  "it is committed, and marked as unfinished, too");
    return status == CREG_OK ? drop(run, pair_of(at, INTENT)) : status;
}

static creg_status check_request(fsck *run, const sight *at, creg_arena *scratch)
{
    creg_slice segment = {NULL, 0};
    if (at->record.request_id.size != 0)
        segment = creg_key_encode(at->record.request_id, scratch);
    if (segment.size == 0 || segment.size > CREG_LIMIT_NAME)
        return CREG_OK;
    creg_key key;
    creg_request_book(segment, &key);
    creg_read read = {.key = creg_key_slice(&key)};
    creg_status status =
        creg_store_read(run->registry->store, &read, 1, scratch, NULL, run->err);
    if (status != CREG_OK || read.ret_pairs.size != 0)
        return status;
    status = tell(run, "request-missing", false, creg_dn_instance(&at->dn),
                  "its request id does not lead to it");
    creg_operation put = {.kind = CREG_OPERATION_PUT,
                          .key = creg_key_slice(&key),
                          .value = creg_book_name(creg_key_slice(&at->keys[RECORD]))};
    return status == CREG_OK ? mend(run, put.key, (creg_version){0}, put) : status;
}

static creg_status check_unreadable(fsck *run, const sight *at)
{
    creg_status status = tell(run, "record-unreadable", true, creg_dn_instance(&at->dn),
                              "its commit record cannot be read");
    if (status != CREG_OK || !run->repair)
        return status;
    return count_repair(
        run, creg_adopt_one(run->registry, &at->dn, pair_of(at, RECORD)->version, run->err));
}

static creg_status check_instance(fsck *run, creg_slice book, creg_arena *scratch)
{
    sight at = {.record = {.key_count = 0}};
    if (creg_dn_of_books(&run->registry->layout, creg_book_name(book), &at.dn, NULL) != CREG_OK)
        return tell(run, "record-unreadable", true, book, "it names no instance");
    creg_status status = look(run, &at, scratch);
    if (status != CREG_OK || !has(&at, RECORD)) /* removed meanwhile */
        return status;
    run->report.checked++;
    const creg_pair *record = pair_of(&at, RECORD);
    status = creg_record_parse(record->key, record->value, scratch, &at.record, run->err);
    if (status == CREG_DAMAGED)
        return check_unreadable(run, &at);
    if (status == CREG_OK)
        status = check_tree(run, &at);
    if (status == CREG_OK)
        status = check_counter(run, &at);
    if (status == CREG_OK)
        status = check_intent(run, &at);
    if (status == CREG_OK)
        status = check_request(run, &at, scratch);
    return status;
}

static creg_status check_instances(fsck *run, creg_arena *scratch)
{
    creg_pairs records;
    creg_filter all = {.user = {NULL, 0}};
    creg_status status =
        creg_query_records(run->registry, &all, true, scratch, &records, run->err);
    creg_arena one; /* a tree at a time */
    creg_arena_init(&one, CREG_LIMIT_OPERATION_BYTES);
    for (size_t i = 0; status == CREG_OK && i < records.size; i++) {
        status = check_instance(run, records.items[i].key, &one);
        creg_arena_reset(&one);
    }
    creg_arena_clear(&one);
    return status;
}

/* ---- what belongs to no instance ------------------------------------------------------------------- */

static creg_status check_unfinished(fsck *run, creg_arena *scratch)
{
    if (run->repair) {
        creg_report swept;
        creg_status status = creg_sweep_some(run->registry, 0, run->arena, &swept, run->err);
        run->report.changed += swept.changed;
        for (size_t i = 0; status == CREG_OK && i < swept.findings.size; i++)
            status = creg_findings_append(&run->report.findings, run->arena,
                                          &swept.findings.items[i], run->err);
        return status;
    }
    creg_read read = {.is_list = true, .key = creg_book_folder(CREG_BOOK_INTENT), .depth = 1};
    creg_status status =
        creg_store_read(run->registry->store, &read, 1, scratch, NULL, run->err);
    for (size_t i = 0; status == CREG_OK && i < read.ret_pairs.size; i++) {
        creg_slice key = read.ret_pairs.items[i].key;
        bool is_alive = true;
        if (creg_book_name(key).size == 0)
            continue;
        status = creg_liveness_check(run->registry->store, key, &is_alive, run->err);
        if (status == CREG_OK && !is_alive)
            status = tell(run, "unfinished", false, key,
                          "a dead writer left it; sweep finishes or undoes it");
    }
    return status;
}

static creg_status check_unrecorded(fsck *run, creg_arena *scratch)
{
    creg_names names;
    creg_status status = creg_query_unrecorded(run->registry, scratch, &names, run->err);
    for (size_t i = 0; status == CREG_OK && i < names.size; i++)
        status = tell(run, "unrecorded", false, names.items[i],
                      "keys without a commit record; adopt it, or remove the keys");
    return status;
}

static bool is_known_instance(const creg_pairs *records, creg_slice x)
{
    size_t low = 0;
    size_t high = records->size;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        creg_slice name = creg_dn_last(records->items[middle].key);
        size_t shared = name.size < x.size ? name.size : x.size;
        int order = memcmp(name.data, x.data, shared);
        if (order == 0 && name.size == x.size)
            return true;
        if (order < 0 || (order == 0 && name.size < x.size))
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* Books that lead to no instance, as one moment shows all of them. */
static creg_status check_stale(fsck *run, creg_arena *scratch)
{
    creg_read reads[] = {
        {.is_list = true,
         .key = creg_book_folder(CREG_BOOK_COMMIT),
         .depth = 1,
         .keys_only = true},
        {.is_list = true,
         .key = creg_book_folder(CREG_BOOK_INTENT),
         .depth = 1,
         .keys_only = true},
        {.is_list = true, .key = creg_book_folder(CREG_BOOK_REQUEST), .depth = 1},
        {.is_list = true, .key = creg_book_folder(CREG_BOOK_EDITED), .depth = 1},
    };
    creg_status status =
        creg_store_read(run->registry->store, reads, 4, scratch, NULL, run->err);
    for (size_t kind = 2; status == CREG_OK && kind < 4; kind++) {
        const creg_pairs *books = &reads[kind].ret_pairs;
        for (size_t i = 0; status == CREG_OK && i < books->size; i++) {
            creg_slice name = creg_book_name(books->items[i].key);
            creg_slice x = kind == 2 ? books->items[i].value : name;
            if (name.size == 0 || is_known_instance(&reads[0].ret_pairs, x) ||
                is_known_instance(&reads[1].ret_pairs, x))
                continue;
            status = tell(run, kind == 2 ? "stale-request" : "stale-edit", false,
                          books->items[i].key, "it belongs to no instance");
            if (status == CREG_OK)
                status = drop(run, &books->items[i]);
        }
    }
    return status;
}

creg_status creg_fsck(creg_registry *registry, bool repair, creg_arena *arena,
                      creg_report *ret_report, creg_error *err)
{
    creg_status status = creg_store_check(registry->store, err);
    if (status != CREG_OK && status != CREG_UNSUPPORTED)
        return status;
    fsck run = {.registry = registry, .repair = repair, .arena = arena, .err = err};
    creg_arena scratch;
    creg_arena_init(&scratch, CREG_LIMIT_OPERATION_BYTES);
    static creg_status (*const checks[])(fsck *, creg_arena *) = {
        check_instances, check_unfinished, check_unrecorded, check_stale};
    status = CREG_OK;
    for (size_t i = 0; status == CREG_OK && i < sizeof checks / sizeof checks[0]; i++) {
        status = checks[i](&run, &scratch);
        creg_arena_reset(&scratch);
    }
    creg_arena_clear(&scratch);
    if (status == CREG_OK)
        *ret_report = run.report;
    return status;
}
