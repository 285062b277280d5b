/* SPDX-License-Identifier: MIT */
/*
 * Sweeping: every intent whose owner the store no longer holds for alive is undone.
 *
 * No clock of ours takes part. Sessions, leases and the like never come back, and every write
 * of an owner is refused from the moment it is taken for dead; so what is read as dead stays
 * dead, and two sweepers at once do no harm.
 */
#include "registry/sweep.h"

#include "base/fail.h"
#include "registry/journal.h"
#include "registry/record.h"
#include "registry/remove.h"
#include "registry/report.h"

/* Committed, and the intent is still there: only by a fault. The record counts. */
static creg_status drop_intent(creg_registry *registry, const creg_key *record,
                               const creg_pair *intent, creg_error *err)
{
    creg_check checks[] = {
        {.kind = CREG_CHECK_PRESENT, .key = creg_key_slice(record)},
        {.kind = CREG_CHECK_VERSION, .key = intent->key, .version = intent->version},
    };
    creg_operation drop = {.kind = CREG_OPERATION_DELETE, .key = intent->key};
    creg_transaction transaction = {
        .checks = checks, .check_count = 2, .operations = &drop, .operation_count = 1};
    return creg_store_apply(registry->store, &transaction, NULL, err);
}

static creg_status undo(creg_registry *registry, const creg_dn *dn, const creg_pair *pair,
                        creg_arena *arena, creg_error *err)
{
    creg_intent intent;
    creg_status status = creg_intent_parse(pair->key, pair->value, arena, &intent, err);
    if (status == CREG_OK && intent.is_change)
        return creg_journal_settle(registry, dn, err);
    if (status != CREG_OK)
        return status;
    creg_key record;
    creg_dn_book(dn, CREG_BOOK_COMMIT, &record);
    creg_slice text;
    status = creg_store_get(registry->store, creg_key_slice(&record), arena, &text, NULL, err);
    if (status == CREG_OK)
        return drop_intent(registry, &record, pair, err);
    if (status != CREG_NOT_FOUND)
        return status;
    return creg_remove_debris(registry, dn, intent.request_id, pair->version, NULL, err);
}

static creg_status sweep_one(creg_registry *registry, const creg_pair *pair, creg_arena *arena,
                             creg_report *report, creg_error *err)
{
    creg_dn dn;
    creg_status status =
        creg_dn_of_books(&registry->layout, creg_book_name(pair->key), &dn, err);
    bool is_alive = false;
    if (status == CREG_OK)
        status = creg_liveness_check(registry->store, pair->key, &is_alive, err);
    report->checked++;
    if (status != CREG_OK || is_alive)
        return status;
    status = undo(registry, &dn, pair, arena, err);
    if (status == CREG_CONFLICT) /* another sweeper was faster */
        return CREG_OK;
    if (status != CREG_OK)
        return status;
    report->changed++;
    return creg_findings_add(&report->findings, arena, "unfinished", false, err,
                             "finished, or removed, what a dead writer left of %.*s",
                             CREG_SHOW(creg_dn_instance(&dn)));
}

/* A request that names an instance without record and intent: by a fault, or a sweep that died. */
static creg_status drop_request(creg_registry *registry, const creg_dn *dn,
                                const creg_key *request, creg_version version, creg_error *err)
{
    creg_key record, intent;
    creg_dn_book(dn, CREG_BOOK_COMMIT, &record);
    creg_dn_book(dn, CREG_BOOK_INTENT, &intent);
    creg_check checks[] = {
        {.kind = CREG_CHECK_ABSENT, .key = creg_key_slice(&record)},
        {.kind = CREG_CHECK_ABSENT, .key = creg_key_slice(&intent)},
        {.kind = CREG_CHECK_VERSION, .key = creg_key_slice(request), .version = version},
    };
    creg_operation drop = {.kind = CREG_OPERATION_DELETE, .key = creg_key_slice(request)};
    creg_transaction transaction = {
        .checks = checks, .check_count = 3, .operations = &drop, .operation_count = 1};
    creg_status status = creg_store_apply(registry->store, &transaction, NULL, err);
    return status == CREG_CONFLICT ? CREG_OK : status; /* it is what it should be by now */
}

creg_status creg_sweep_request(creg_registry *registry, creg_slice request, creg_arena *arena,
                               creg_error *err)
{
    creg_slice segment = creg_key_encode(request, arena);
    if (segment.data == NULL)
        return creg_fail_arena(err, arena);
    creg_key key, intent;
    creg_request_book(segment, &key);
    creg_slice x;
    creg_version version;
    creg_dn dn;
    creg_status status =
        creg_store_get(registry->store, creg_key_slice(&key), arena, &x, &version, err);
    if (status == CREG_OK)
        status = creg_dn_of_books(&registry->layout, x, &dn, err);
    if (status != CREG_OK)
        return status == CREG_NOT_FOUND ? CREG_OK : status;
    creg_dn_book(&dn, CREG_BOOK_INTENT, &intent);
    creg_pair left = {.key = creg_key_slice(&intent)};
    status = creg_store_get(registry->store, left.key, arena, &left.value, &left.version, err);
    if (status == CREG_NOT_FOUND)
        return drop_request(registry, &dn, &key, version, err);
    creg_report report = {.checked = 0};
    return status == CREG_OK ? sweep_one(registry, &left, arena, &report, err) : status;
}

creg_status creg_sweep_some(creg_registry *registry, size_t most, creg_arena *arena,
                            creg_report *report, creg_error *err)
{
    *report = (creg_report){.checked = 0};
    creg_read read = {
        .is_list = true, .key = creg_book_folder(CREG_BOOK_INTENT), .limit = most};
    creg_status status = creg_store_read(registry->store, &read, 1, arena, NULL, err);
    for (size_t i = 0; status == CREG_OK && i < read.ret_pairs.size; i++) {
        creg_slice x = creg_book_name(read.ret_pairs.items[i].key);
        /* Sentinels, and what a driver itself keeps below an intent. */
        bool is_intent =
            x.size != 0 && creg_dn_segment(read.ret_pairs.items[i].key, 4).size == 0;
        if (is_intent)
            status = sweep_one(registry, &read.ret_pairs.items[i], arena, report, err);
    }
    return status;
}

creg_status creg_sweep(creg_registry *registry, creg_arena *arena, creg_report *ret_report,
                       creg_error *err)
{
    return creg_sweep_some(registry, 0, arena, ret_report, err);
}
