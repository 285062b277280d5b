/* SPDX-License-Identifier: MIT */
/*
 * One instance into another store: through the commit protocol, under the id that it has.
 *
 * So a copier that dies leaves what any dead writer leaves, an intent that a sweep undoes, and
 * the next copy makes that one instance again.
 */
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fail.h"
#include "registry/commit.h"
#include "registry/journal.h"
#include "registry/query.h"
#include "registry/record.h"
#include "registry/remove.h"
#include "registry/sweep.h"
#include "registry/transfer.h"
#include "store/pairs.h"

enum { PATIENCE_MS = 30000, PAUSE_MS = 100 };

/* All that is known of an instance in one store, of one moment. */
typedef struct sighting {
    creg_slice record; /* data NULL: it is not there for anybody */
    bool has_intent;
    creg_slice edited; /* when it was changed after it was made; data NULL: never */
    creg_pairs pairs;  /* its own key, when it has a value, and all below */
} sighting;

static creg_status join_own(const creg_read *own, const creg_read *tree, creg_arena *arena,
                            creg_pairs *ret_pairs, creg_error *err)
{
    *ret_pairs = tree->ret_pairs;
    if (own->ret_pairs.size == 0)
        return CREG_OK;
    size_t size = tree->ret_pairs.size + 1;
    creg_pair *items = creg_arena_calloc(arena, size, sizeof *items);
    if (items == NULL)
        return creg_fail_arena(err, arena);
    items[0] = own->ret_pairs.items[0];
    if (size > 1)
        memcpy(items + 1, tree->ret_pairs.items, (size - 1) * sizeof *items);
    *ret_pairs = (creg_pairs){items, size};
    return CREG_OK;
}

static creg_status look(creg_registry *registry, const creg_dn *dn, creg_arena *arena,
                        sighting *ret_seen, creg_error *err)
{
    enum { EDITED = CREG_SIGHT_READS, OWN, TREE, READS };
    creg_sight sight;
    creg_key edited;
    creg_read reads[READS];
    creg_sight_reads(dn, &sight, reads);
    creg_dn_book(dn, CREG_BOOK_EDITED, &edited);
    reads[EDITED] = (creg_read){.key = creg_key_slice(&edited)};
    reads[OWN] = (creg_read){.key = creg_dn_instance(dn)};
    reads[TREE] = (creg_read){.is_list = true, .key = creg_dn_instance(dn)};
    creg_status status = creg_journal_read(registry, reads, READS, arena, err);
    *ret_seen = (sighting){.record = {NULL, 0}};
    if (status != CREG_OK)
        return status;
    if (reads[0].ret_pairs.size > 0)
        ret_seen->record = reads[0].ret_pairs.items[0].value;
    ret_seen->has_intent = reads[1].ret_pairs.size > 0;
    if (reads[EDITED].ret_pairs.size > 0)
        ret_seen->edited = reads[EDITED].ret_pairs.items[0].value;
    return join_own(&reads[OWN], &reads[TREE], arena, &ret_seen->pairs, err);
}

static bool is_same(const sighting *left, const sighting *right)
{
    return right->record.data != NULL && creg_slice_equal(left->record, right->record) &&
           creg_transfer_is_same(&left->pairs, &right->pairs);
}

/* ---- writing ---------------------------------------------------------------------------- */

static void tell_progress(void *user_data, size_t done, size_t total)
{
    (void)total;
    const creg_transfer *work = user_data;
    size_t all = work->report.keys + done;
    work->options->progress(work->options->user_data, all,
                            work->expected < all ? all : work->expected);
}

static creg_status mark_edited(creg_transfer *work, const creg_dn *dn, const sighting *seen,
                               creg_error *err)
{
    creg_key record, edited;
    creg_dn_book(dn, CREG_BOOK_COMMIT, &record);
    creg_dn_book(dn, CREG_BOOK_EDITED, &edited);
    creg_check check = {.kind = CREG_CHECK_PRESENT, .key = creg_key_slice(&record)};
    creg_operation put = {
        .kind = CREG_OPERATION_PUT, .key = creg_key_slice(&edited), .value = seen->edited};
    if (put.value.data == NULL)
        put.value = creg_registry_now(&work->scratch);
    if (put.value.data == NULL)
        return creg_fail_arena(err, &work->scratch);
    creg_transaction transaction = {
        .checks = &check, .check_count = 1, .operations = &put, .operation_count = 1};
    return creg_store_apply(work->destination->store, &transaction, NULL, err);
}

static creg_status create(creg_transfer *work, const creg_dn *dn, const sighting *seen,
                          creg_error *err)
{
    creg_instance record = {0};
    creg_key book;
    creg_dn_book(dn, CREG_BOOK_COMMIT, &book);
    creg_status status =
        creg_record_parse(creg_key_slice(&book), seen->record, &work->scratch, &record, err);
    if (status != CREG_OK)
        return status;
    /* The counter is past this id already: see creg_transfer_counters(). */
    creg_commit commit = {.registry = work->destination,
                          .request = record.request_id,
                          .progress = work->options->progress == NULL ? NULL : tell_progress,
                          .user_data = work,
                          .cancel = work->options->cancel,
                          .dn = *dn,
                          .is_claimed = true};
    status = creg_commit_write(&commit, &seen->pairs, seen->record, &work->scratch, err);
    if (status == CREG_CANCELLED)
        status = creg_transfer_check_cancel(work, err);
    return status == CREG_OK && seen->edited.data != NULL ? mark_edited(work, dn, seen, err)
                                                          : status;
}

/* From `old` to `new`, both sorted: what to put and what to delete. */
static size_t diff(const creg_pairs *old, const creg_pairs *new, creg_operation *operations)
{
    size_t count = 0;
    size_t i = 0;
    size_t j = 0;
    while (i < old->size || j < new->size) {
        int order = i == old->size   ? 1
                    : j == new->size ? -1
                                     : creg_slice_compare(old->items[i].key, new->items[j].key);
        if (order < 0) {
            operations[count++] =
                (creg_operation){.kind = CREG_OPERATION_DELETE, .key = old->items[i++].key};
            continue;
        }
        bool is_kept = order == 0 && creg_slice_equal(old->items[i].value, new->items[j].value);
        if (!is_kept)
            operations[count++] = (creg_operation){.kind = CREG_OPERATION_PUT,
                                                   .key = new->items[j].key,
                                                   .value = new->items[j].value};
        i += order == 0;
        j++;
    }
    return count;
}

/* The same instance with other properties: one change of it. */
static creg_status change(creg_transfer *work, const creg_dn *dn, const sighting *from,
                          const sighting *to, creg_error *err)
{
    creg_key record;
    creg_dn_book(dn, CREG_BOOK_COMMIT, &record);
    creg_operation *operations = creg_arena_calloc(
        &work->scratch, from->pairs.size + to->pairs.size, sizeof *operations);
    if (operations == NULL)
        return creg_fail_arena(err, &work->scratch);
    size_t failed_check = SIZE_MAX;
    creg_check check = {.kind = CREG_CHECK_PRESENT, .key = creg_key_slice(&record)};
    creg_transaction transaction = {.checks = &check,
                                    .check_count = 1,
                                    .operations = operations,
                                    .operation_count =
                                        diff(&to->pairs, &from->pairs, operations)};
    creg_status status =
        creg_journal_apply(work->destination, dn, &transaction, &failed_check, err);
    return status == CREG_OK ? mark_edited(work, dn, from, err) : status;
}

static creg_status replace(creg_transfer *work, const creg_dn *dn, const sighting *from,
                           const sighting *to, creg_error *err)
{
    creg_status status = CREG_LIMIT;
    if (creg_slice_equal(from->record, to->record))
        status = change(work, dn, from, to, err);
    if (status != CREG_LIMIT)
        return status;
    /* Another one of this name, or too large a difference: it is away for a moment. */
    status = creg_remove_instance(work->destination, dn, err);
    return status == CREG_OK ? create(work, dn, from, err) : status;
}

/* Keys that no book knows where the instance has to go. */
static creg_status remove_foreign(creg_transfer *work, const creg_dn *dn, creg_error *err)
{
    creg_slice top = creg_dn_instance(dn);
    creg_operation removal[] = {{.kind = CREG_OPERATION_DELETE, .key = top},
                                {.kind = CREG_OPERATION_DELETE_TREE, .key = top}};
    creg_transaction transaction = {.operations = removal, .operation_count = 2};
    return creg_store_apply(work->destination->store, &transaction, NULL, err);
}

/* ---- one instance ----------------------------------------------------------------------- */

static creg_status verify(creg_transfer *work, const creg_dn *dn, const sighting *from,
                          const sighting *to, creg_error *err)
{
    creg_key book;
    creg_dn_book(dn, CREG_BOOK_COMMIT, &book);
    creg_pair records[] = {{.key = creg_key_slice(&book), .value = from->record},
                           {.key = creg_key_slice(&book), .value = to->record}};
    creg_pairs left = {&records[0], 1};
    creg_pairs right = {&records[1], to->record.data == NULL ? 0 : 1};
    creg_transfer_digest(work, &left, &right);
    creg_transfer_digest(work, &from->pairs, &to->pairs);
    return is_same(from, to) ? CREG_OK : creg_transfer_differs(work, creg_dn_instance(dn), err);
}

typedef enum outcome { DONE, LEFT, AGAIN } outcome;

/* One look at the destination, and what follows from it. */
static creg_status settle(creg_transfer *work, const creg_dn *dn, const sighting *from,
                          outcome *ret_outcome, creg_error *err)
{
    bool is_forced = work->options->force;
    sighting to;
    creg_status status = look(work->destination, dn, &work->scratch, &to, err);
    *ret_outcome = DONE;
    if (status != CREG_OK || work->is_verify)
        return status == CREG_OK ? verify(work, dn, from, &to, err) : status;
    if (is_same(from, &to)) {
        creg_transfer_count(work, from->pairs.size, 0);
        bool is_unmarked =
            from->edited.data != NULL && to.edited.data == NULL && !work->options->dry_run;
        return is_unmarked ? mark_edited(work, dn, from, err) : CREG_OK;
    }
    bool is_there = to.record.data != NULL || (to.pairs.size > 0 && !to.has_intent);
    if (is_there && !is_forced) {
        *ret_outcome = LEFT;
        creg_transfer_count(work, from->pairs.size, 0);
        return creg_transfer_differs(work, creg_dn_instance(dn), err);
    }
    if (work->options->dry_run) {
        creg_transfer_count(work, from->pairs.size, from->pairs.size);
        return CREG_OK;
    }
    /* The request id is that of the source: a killed copier's intent would pass for ours. */
    if (to.record.data == NULL && to.has_intent) {
        *ret_outcome = AGAIN;
        return creg_fail(err, CREG_CONFLICT, "somebody else is writing it; try again later");
    }
    if (to.record.data != NULL)
        status = replace(work, dn, from, &to, err);
    else if (is_there)
        status = remove_foreign(work, dn, err);
    if (status == CREG_OK && to.record.data == NULL)
        status = create(work, dn, from, err);
    if (status == CREG_CONFLICT)
        *ret_outcome = AGAIN;
    else if (status == CREG_OK)
        creg_transfer_count(work, from->pairs.size, from->pairs.size);
    return status;
}

/* Somebody else is writing it, or the store still takes a killed copier for alive. */
static creg_status wait_for_others(creg_transfer *work, creg_error *err)
{
    struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    nanosleep(&pause, NULL);
    creg_status status = creg_transfer_check_cancel(work, err);
    creg_report swept;
    return status == CREG_OK ? creg_sweep(work->destination, &work->scratch, &swept, err)
                             : status;
}

creg_status creg_transfer_instance(creg_transfer *work, creg_slice x, creg_error *err)
{
    creg_dn dn;
    sighting from;
    creg_status status = creg_dn_of_books(&work->source->layout, x, &dn, err);
    if (status == CREG_OK)
        status = look(work->source, &dn, &work->scratch, &from, err);
    if (status != CREG_OK || from.record.data == NULL)
        return status; /* removed meanwhile */
    if (!work->is_verify)
        work->report.instances++;
    /* A session may outlive its owner by twice its time, which ZooKeeper sets by itself. */
    uint64_t end = creg_clock_ms() + PATIENCE_MS + (uint64_t)work->destination->liveness_ms * 2;
    outcome result = AGAIN;
    while (result == AGAIN) {
        status = settle(work, &dn, &from, &result, err);
        if (result != AGAIN || creg_clock_ms() >= end)
            break;
        status = wait_for_others(work, err);
        if (status != CREG_OK)
            break;
    }
    return status;
}
