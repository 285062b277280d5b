/* SPDX-License-Identifier: MIT */
/*
 * The store in a file: LMDB, for one machine and any number of its processes.
 *
 * Readers see a snapshot and never wait; writers take turns, and a transaction has returned
 * only when it is on the disk. What LMDB alone does not give is here and in the lmdb_*.c files
 * beside: versions, long keys, growing, waiting, liveness, and a file that is looked at before
 * it is trusted.
 */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/limits.h"
#include "store/drivers/lmdb_internal.h"
#include "store/pairs.h"

/* ---- open and close --------------------------------------------------------------------- */

/*
 * Shorter than the meta page says is what a cut-off file looks like, and also one whose last
 * pages were allocated, freed and so never written. A child tells them apart: it reads every
 * page in use, and dies where the caller would have died.
 */
static creg_status check_short_file(const char *path, creg_error *err)
{
    creg_status status = creg_lmdb_check_path(path, err);
    if (status == CREG_DAMAGED)
        creg_error_prefix(err, "the file is cut short: ");
    return status;
}

static creg_status lmdb_open(creg_driver_state *state, const creg_store_url *url,
                             const creg_store_options *options, creg_error *err)
{
    char path[LMDB_PATH_BYTES];
    bool is_short = false;
    creg_status status = creg_lmdb_resolve(url->path, path, err);
    if (status == CREG_OK)
        status = creg_lmdb_create(path, url->path.size == 0, options, err);
    if (status == CREG_OK && !options->force_network_filesystem)
        status = creg_lmdb_check_filesystem(path, err);
    if (status == CREG_OK)
        status = creg_lmdb_probe(path, &is_short, err);
    if (status == CREG_OK && is_short)
        status = check_short_file(path, err);
    if (status == CREG_OK)
        status = creg_lmdb_join(path, options, &state->shared, err);
    return status;
}

static void lmdb_close(creg_driver_state *state)
{
    creg_lmdb_leave(state->shared);
}

/* ---- one key ---------------------------------------------------------------------------- */

static creg_version version_of(const lmdb_record *record)
{
    return (creg_version){.present = true, .major = record->revision};
}

/*
 * The record of a key. MDB_NOTFOUND also when another long key has the same hash: it is in
 * `ret_record` then, for put_record() to notice.
 */
static int find_record(MDB_txn *txn, MDB_dbi dbi, creg_slice key, lmdb_record *ret_record)
{
    lmdb_key stored;
    MDB_val data;
    memset(ret_record, 0, sizeof *ret_record);
    creg_lmdb_key_set(&stored, key);
    int code = mdb_get(txn, dbi, &stored.val, &data);
    if (code != MDB_SUCCESS)
        return code;
    if (!creg_lmdb_record_read(stored.val, data, ret_record))
        return MDB_CORRUPTED;
    if (ret_record->long_key.data != NULL && !creg_slice_equal(ret_record->long_key, key))
        return MDB_NOTFOUND;
    return MDB_SUCCESS;
}

static creg_status copy_value(int code, const lmdb_record *record, creg_arena *arena,
                              creg_slice *ret_value, creg_version *ret_version, creg_error *err)
{
    if (code != MDB_SUCCESS)
        return CREG_NOT_FOUND;
    creg_slice value = creg_arena_copy(arena, record->value);
    if (value.data == NULL)
        return creg_fail_arena(err, arena);
    *ret_value = value;
    *ret_version = version_of(record);
    return CREG_OK;
}

static creg_status lmdb_get(creg_driver_state *state, creg_slice key, creg_arena *arena,
                            creg_slice *ret_value, creg_version *ret_version, creg_error *err)
{
    lmdb_shared *shared = state->shared;
    lmdb_record record;
    MDB_txn *txn;
    creg_status status = creg_lmdb_begin_read(shared, &txn, err);
    if (status != CREG_OK)
        return status;
    int code = find_record(txn, shared->dbi, key, &record);
    if (code == MDB_SUCCESS || code == MDB_NOTFOUND)
        status = copy_value(code, &record, arena, ret_value, ret_version, err);
    else
        status = creg_lmdb_fail(err, code, shared->path);
    creg_lmdb_end_read(shared, txn);
    return status;
}

/* ---- lists ------------------------------------------------------------------------------ */

/* A cursor over the keys below a prefix, in the order of LMDB. */
typedef struct scan {
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val data;
    creg_slice prefix; /* as much of it as LMDB's keys can show */
    int code;          /* MDB_NOTFOUND at the end */
} scan;

static bool holds_prefix(MDB_val key, creg_slice prefix)
{
    return creg_slice_has_prefix(creg_slice_make(key.mv_data, key.mv_size), prefix);
}

static creg_slice shown_part(creg_slice text)
{
    size_t most = LMDB_PLAIN_BYTES;
    return creg_slice_make(text.data, text.size < most ? text.size : most);
}

static void scan_move(scan *at, MDB_cursor_op how)
{
    at->code = mdb_cursor_get(at->cursor, &at->key, &at->data, how);
    if (at->code == MDB_SUCCESS && !holds_prefix(at->key, at->prefix))
        at->code = MDB_NOTFOUND;
}

/* To the first key at or behind `start`; a little before it when `start` is long. */
static void scan_seek(scan *at, creg_slice start)
{
    static char behind_ours[] =
        "\1"; /* our own keys begin with NUL and are nobody's business */
    lmdb_key stored;
    creg_slice shown = shown_part(start);
    creg_lmdb_key_set(&stored, shown);
    at->key = stored.val;
    if (shown.size == 0)
        at->key = (MDB_val){.mv_size = 1, .mv_data = behind_ours};
    scan_move(at, MDB_SET_RANGE);
}

/* The record under the cursor; sets MDB_CORRUPTED and gives false when it is none. */
static bool scan_record(scan *at, lmdb_record *ret_record)
{
    if (creg_lmdb_record_read(at->key, at->data, ret_record))
        return true;
    at->code = MDB_CORRUPTED;
    return false;
}

/* Where a list is read to, beside the scan that reads it. */
typedef struct listing {
    scan at;
    creg_read *read;
    creg_pairs_builder builder;
    creg_arena *arena;
} listing;

/*
 * All long keys that share their first bytes, sorted by what LMDB cannot see. The cursor ends
 * behind them. The pairs point into the map, for the time of this transaction.
 */
static bool gather_group(listing *list, creg_pair **ret_items, size_t *ret_size)
{
    creg_pair *items = NULL;
    size_t size = 0;
    size_t capacity = 0;
    char group[LMDB_PLAIN_BYTES];
    memcpy(group, list->at.key.mv_data, sizeof group);
    while (list->at.code == MDB_SUCCESS && creg_lmdb_key_is_long(list->at.key) &&
           memcmp(list->at.key.mv_data, group, sizeof group) == 0) {
        lmdb_record record;
        if (!scan_record(&list->at, &record))
            return false;
        if (size == capacity) {
            size_t wanted = capacity == 0 ? 16 : capacity * 2;
            creg_pair *grown = creg_arena_grow(list->arena, items, capacity * sizeof *items,
                                               wanted * sizeof *items);
            if (grown == NULL)
                return false;
            items = grown;
            capacity = wanted;
        }
        items[size++] = (creg_pair){
            .key = record.long_key, .value = record.value, .version = version_of(&record)};
        scan_move(&list->at, MDB_NEXT);
    }
    creg_pairs_sort(items, size);
    *ret_items = items;
    *ret_size = size;
    return true;
}

static creg_pairs_next add_group(listing *list)
{
    creg_pair *items;
    size_t size;
    creg_pairs_next next = CREG_PAIRS_NEXT;
    if (!gather_group(list, &items, &size))
        return CREG_PAIRS_FAILED;
    for (size_t i = 0; i < size; i++) {
        if (!creg_pairs_covers(list->read, items[i].key))
            continue;
        next = creg_pairs_add(&list->builder, items[i].key, items[i].value, items[i].version);
        if (next == CREG_PAIRS_FULL || next == CREG_PAIRS_FAILED)
            return next;
    }
    /* A cut that LMDB cannot see lies within the group, which is done. */
    bool is_done = next == CREG_PAIRS_SKIP && list->builder.cut.size > LMDB_PLAIN_BYTES;
    return is_done ? CREG_PAIRS_NEXT : next;
}

static creg_pairs_next add_one(listing *list)
{
    lmdb_record record;
    if (!scan_record(&list->at, &record))
        return CREG_PAIRS_FAILED;
    creg_slice key = creg_lmdb_whole_key(list->at.key, &record);
    creg_pairs_next next = CREG_PAIRS_NEXT;
    if (creg_pairs_covers(list->read, key))
        next = creg_pairs_add(&list->builder, key, record.value, version_of(&record));
    if (next == CREG_PAIRS_NEXT)
        scan_move(&list->at, MDB_NEXT);
    return next;
}

static creg_status run_listing(listing *list, creg_error *err)
{
    creg_slice start = creg_pairs_start(list->read, list->arena);
    if (start.data == NULL)
        return creg_fail_arena(err, list->arena);
    scan_seek(&list->at, start);
    while (list->at.code == MDB_SUCCESS) {
        bool is_long = creg_lmdb_key_is_long(list->at.key);
        creg_pairs_next next = is_long ? add_group(list) : add_one(list);
        if (next == CREG_PAIRS_FULL || next == CREG_PAIRS_FAILED)
            break;
        if (next == CREG_PAIRS_SKIP) {
            creg_slice behind = creg_pairs_behind(list->builder.cut, list->arena);
            if (behind.data == NULL)
                return creg_fail_arena(err, list->arena);
            scan_seek(&list->at, behind);
        }
    }
    return CREG_OK;
}

static creg_status read_list(lmdb_shared *shared, MDB_txn *txn, creg_read *read,
                             creg_arena *arena, creg_error *err)
{
    listing list = {.at = {.prefix = shown_part(read->key)}, .read = read, .arena = arena};
    int code = mdb_cursor_open(txn, shared->dbi, &list.at.cursor);
    if (code != MDB_SUCCESS)
        return creg_lmdb_fail(err, code, shared->path);
    creg_pairs_begin(&list.builder, read, arena);
    creg_status status = run_listing(&list, err);
    mdb_cursor_close(list.at.cursor);
    if (status == CREG_OK && list.at.code != MDB_SUCCESS && list.at.code != MDB_NOTFOUND)
        return creg_lmdb_fail(err, list.at.code, shared->path);
    return status == CREG_OK ? creg_pairs_finish(&list.builder, read, err) : status;
}

static creg_status read_key(lmdb_shared *shared, MDB_txn *txn, creg_read *read,
                            creg_arena *arena, creg_error *err)
{
    creg_pairs_builder builder;
    lmdb_record record;
    creg_pairs_begin(&builder, read, arena);
    int code = find_record(txn, shared->dbi, read->key, &record);
    if (code != MDB_SUCCESS && code != MDB_NOTFOUND)
        return creg_lmdb_fail(err, code, shared->path);
    if (code == MDB_SUCCESS)
        creg_pairs_add_key(&builder, read->key, record.value, version_of(&record));
    return creg_pairs_finish(&builder, read, err);
}

static creg_status lmdb_read(creg_driver_state *state, creg_read *reads, size_t count,
                             creg_arena *arena, uint64_t *ret_revision, creg_error *err)
{
    lmdb_shared *shared = state->shared;
    MDB_txn *txn;
    creg_status status = creg_lmdb_begin_read(shared, &txn, err);
    if (status != CREG_OK)
        return status;
    for (size_t i = 0; i < count && status == CREG_OK; i++)
        status = reads[i].is_list ? read_list(shared, txn, &reads[i], arena, err)
                                  : read_key(shared, txn, &reads[i], arena, err);
    if (status == CREG_OK) {
        int code = creg_lmdb_get_number(txn, shared->dbi, LMDB_KEY_REVISION, ret_revision);
        if (code != MDB_SUCCESS)
            status = creg_lmdb_fail(err, code, shared->path);
    }
    creg_lmdb_end_read(shared, txn);
    return status;
}

/* ---- transactions ----------------------------------------------------------------------- */

enum {
    LONG_RUN = 128,  /* puts in a row, for which moving their followers away pays */
    LOOK_EVERY = 32, /* operations: looking costs as much as a put */
};

/* One transaction on its way through creg_lmdb_write, and why it was refused. */
typedef struct apply_job {
    MDB_dbi dbi;
    const creg_transaction *transaction;
    uint64_t revision; /* of the keys that are put */
    uint64_t owner;    /* of the fence; 0: none */
    size_t failed_check;
    bool is_fence_lost;
} apply_job;

/* Is there a key below `tree` ("" is everything)? */
static int find_below(MDB_txn *txn, MDB_dbi dbi, creg_slice tree, bool *ret_found);

static int holds(MDB_txn *txn, MDB_dbi dbi, const creg_check *check, bool *ret_holds)
{
    if (check->kind == CREG_CHECK_SUBTREE_EMPTY) {
        bool is_found;
        int code = find_below(txn, dbi, check->key, &is_found);
        *ret_holds = !is_found;
        return code;
    }
    lmdb_record record;
    int code = find_record(txn, dbi, check->key, &record);
    if (code != MDB_SUCCESS && code != MDB_NOTFOUND)
        return code;
    bool is_present = code == MDB_SUCCESS;
    bool is_same =
        is_present == check->version.present &&
        (!is_present || (record.revision == check->version.major && check->version.minor == 0));
    *ret_holds = check->kind == CREG_CHECK_ABSENT    ? !is_present
                 : check->kind == CREG_CHECK_PRESENT ? is_present
                                                     : is_same;
    return MDB_SUCCESS;
}

static int run_checks(MDB_txn *txn, apply_job *job)
{
    if (job->transaction->fence != NULL) {
        bool is_alive;
        int code = creg_lmdb_owner_lives(txn, job->dbi, job->owner, &is_alive);
        job->is_fence_lost = code == MDB_SUCCESS && !is_alive;
        if (code != MDB_SUCCESS || !is_alive)
            return code != MDB_SUCCESS ? code : LMDB_WORK_REFUSED;
    }
    for (size_t i = 0; i < job->transaction->check_count; i++) {
        bool is_held = false;
        int code = holds(txn, job->dbi, &job->transaction->checks[i], &is_held);
        if (code != MDB_SUCCESS)
            return code;
        if (!is_held) {
            job->failed_check = i;
            return LMDB_WORK_REFUSED;
        }
    }
    return MDB_SUCCESS;
}

/* Two long keys with one hash cannot both be stored: better refused than one of them lost. */
static int check_collision(MDB_txn *txn, MDB_dbi dbi, creg_slice key)
{
    lmdb_record record;
    int code = find_record(txn, dbi, key, &record);
    if (code != MDB_NOTFOUND)
        return code;
    return record.long_key.data == NULL ? MDB_SUCCESS : MDB_BAD_VALSIZE;
}

/* Sorted keys make the cursor fast: LMDB looks first at the page where it stands. */
static int put_record(MDB_cursor *cursor, apply_job *job, const creg_operation *operation)
{
    lmdb_key stored;
    lmdb_record record = {.revision = job->revision, .value = operation->value};
    creg_lmdb_key_set(&stored, operation->key);
    if (creg_lmdb_key_is_long(stored.val)) {
        int code = check_collision(mdb_cursor_txn(cursor), job->dbi, operation->key);
        if (code != MDB_SUCCESS)
            return code;
        record.long_key = operation->key;
    }
    if (operation->bind_liveness)
        record.owner = job->owner;
    MDB_val data = {.mv_size = creg_lmdb_record_size(&record), .mv_data = NULL};
    int code = mdb_cursor_put(cursor, &stored.val, &data, MDB_RESERVE);
    if (code == MDB_SUCCESS)
        creg_lmdb_record_write(&record, data.mv_data);
    return code;
}

static int delete_key(MDB_cursor *cursor, apply_job *job, creg_slice key)
{
    lmdb_record record;
    int code = find_record(mdb_cursor_txn(cursor), job->dbi, key, &record);
    if (code != MDB_SUCCESS)
        return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
    lmdb_key stored;
    creg_lmdb_key_set(&stored, key);
    code = mdb_cursor_get(cursor, &stored.val, NULL, MDB_SET);
    return code == MDB_SUCCESS ? mdb_cursor_del(cursor, 0) : code;
}

/* `tree` and a '/' ("" stays empty): the prefix of all that lies below. */
typedef struct tree_prefix {
    creg_slice text;
    char bytes[CREG_LIMIT_KEY + 1];
} tree_prefix;

static bool set_tree_prefix(tree_prefix *prefix, creg_slice tree)
{
    if (tree.size > CREG_LIMIT_KEY)
        return false;
    memcpy(prefix->bytes, tree.data, tree.size);
    prefix->bytes[tree.size] = '/';
    prefix->text = creg_slice_make(prefix->bytes, tree.size == 0 ? 0 : tree.size + 1);
    return true;
}

/* Moves on to a key that is really below `prefix`: a long one may only look so. */
static void scan_to_below(scan *at, creg_slice prefix)
{
    while (at->code == MDB_SUCCESS) {
        lmdb_record record;
        if (!scan_record(at, &record) ||
            creg_slice_has_prefix(creg_lmdb_whole_key(at->key, &record), prefix))
            return;
        scan_move(at, MDB_NEXT);
    }
}

static int find_below(MDB_txn *txn, MDB_dbi dbi, creg_slice tree, bool *ret_found)
{
    tree_prefix prefix;
    *ret_found = false;
    if (!set_tree_prefix(&prefix, tree))
        return MDB_SUCCESS; /* nothing below it would have fit */
    scan at = {.prefix = shown_part(prefix.text)};
    int code = mdb_cursor_open(txn, dbi, &at.cursor);
    if (code != MDB_SUCCESS)
        return code;
    scan_seek(&at, prefix.text);
    scan_to_below(&at, prefix.text);
    mdb_cursor_close(at.cursor);
    *ret_found = at.code == MDB_SUCCESS;
    return at.code == MDB_NOTFOUND ? MDB_SUCCESS : at.code;
}

static int delete_tree(MDB_cursor *cursor, creg_slice tree)
{
    tree_prefix prefix;
    if (!set_tree_prefix(&prefix, tree))
        return MDB_SUCCESS;
    scan at = {.cursor = cursor, .prefix = shown_part(prefix.text)};
    scan_seek(&at, prefix.text);
    for (scan_to_below(&at, prefix.text); at.code == MDB_SUCCESS;
         scan_to_below(&at, prefix.text)) {
        int code = mdb_cursor_del(cursor, 0);
        if (code != MDB_SUCCESS)
            return code;
        scan_move(&at, MDB_NEXT); /* after a deletion: the one that took its place */
    }
    return at.code == MDB_NOTFOUND ? MDB_SUCCESS : at.code;
}

static int run_operation(MDB_cursor *cursor, apply_job *job, const creg_operation *operation)
{
    switch (operation->kind) {
    case CREG_OPERATION_PUT:
        return put_record(cursor, job, operation);
    case CREG_OPERATION_DELETE:
        return delete_key(cursor, job, operation->key);
    case CREG_OPERATION_DELETE_TREE:
        return delete_tree(cursor, operation->key);
    }
    return EINVAL;
}

/* Do all operations of this run put keys, in front of the one that stands in the file? */
static bool lies_before(const creg_operation *run, MDB_val follower)
{
    lmdb_key last;
    creg_lmdb_key_set(&last, run[LONG_RUN - 1].key);
    creg_slice one = creg_slice_make(last.val.mv_data, last.val.mv_size);
    if (creg_slice_compare(one, creg_slice_make(follower.mv_data, follower.mv_size)) >= 0)
        return false;
    for (size_t i = 0; i < LONG_RUN; i++)
        if (run[i].kind != CREG_OPERATION_PUT)
            return false;
    return true;
}

/* When a long run of puts begins here, room is made for it; see lmdb_lift.c. */
static int prepare_run(MDB_cursor *cursor, const creg_operation *run, creg_lmdb_lift *lift)
{
    lmdb_key first;
    MDB_val data;
    creg_lmdb_key_set(&first, run->key);
    MDB_val found = first.val;
    int code = mdb_cursor_get(cursor, &found, &data, MDB_SET_RANGE);
    if (code != MDB_SUCCESS)
        return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
    return lies_before(run, found) ? creg_lmdb_lift_up(cursor, found, data, lift) : MDB_SUCCESS;
}

/* Is the operation still in front of what was taken out? */
static bool is_in_run(const creg_operation *operation, const creg_lmdb_lift *lift)
{
    lmdb_key stored;
    creg_lmdb_key_set(&stored, operation->key);
    return operation->kind == CREG_OPERATION_PUT &&
           creg_slice_compare(creg_slice_make(stored.val.mv_data, stored.val.mv_size),
                              lift->items[0].key) < 0;
}

static int run_with_cursor(MDB_cursor *cursor, apply_job *job, creg_lmdb_lift *lift)
{
    const creg_transaction *transaction = job->transaction;
    int code = MDB_SUCCESS;
    for (size_t i = 0; i < transaction->operation_count && code == MDB_SUCCESS; i++) {
        const creg_operation *operation = &transaction->operations[i];
        if (lift->size > 0 && !is_in_run(operation, lift))
            code = creg_lmdb_lift_down(cursor, lift);
        else if (lift->size == 0 && i % LOOK_EVERY == 0 &&
                 transaction->operation_count - i >= LONG_RUN)
            code = prepare_run(cursor, operation, lift);
        if (code == MDB_SUCCESS)
            code = run_operation(cursor, job, operation);
    }
    return code;
}

static int run_operations(MDB_txn *txn, apply_job *job)
{
    MDB_cursor *cursor;
    creg_lmdb_lift lift;
    int code = mdb_cursor_open(txn, job->dbi, &cursor);
    if (code != MDB_SUCCESS)
        return code;
    creg_lmdb_lift_init(&lift);
    code = run_with_cursor(cursor, job, &lift);
    int settled = code == MDB_SUCCESS ? creg_lmdb_lift_down(cursor, &lift) : code;
    creg_arena_clear(&lift.arena);
    mdb_cursor_close(cursor);
    return settled;
}

static int run_transaction(MDB_txn *txn, void *data)
{
    apply_job *job = data;
    int code = run_checks(txn, job);
    if (code != MDB_SUCCESS || job->transaction->operation_count == 0)
        return code;
    code = creg_lmdb_get_number(txn, job->dbi, LMDB_KEY_REVISION, &job->revision);
    job->revision++;
    if (code == MDB_SUCCESS)
        code = run_operations(txn, job);
    if (code == MDB_SUCCESS)
        code = creg_lmdb_put_number(txn, job->dbi, LMDB_KEY_REVISION, job->revision);
    return code;
}

static creg_status fail_refused(const apply_job *job, creg_error *err)
{
    if (job->is_fence_lost)
        return creg_fail(err, CREG_CONFLICT, "the liveness of this writer is lost");
    creg_slice key = job->transaction->checks[job->failed_check].key;
    return creg_fail(err, CREG_CONFLICT, "key '%.*s' is not as expected", CREG_SHOW(key));
}

static creg_status lmdb_apply(creg_driver_state *state, const creg_transaction *transaction,
                              size_t *ret_failed_check, creg_error *err)
{
    apply_job job = {
        .dbi = state->shared->dbi, .transaction = transaction, .failed_check = SIZE_MAX};
    if (transaction->fence != NULL)
        job.owner = creg_lmdb_owner_id(creg_liveness_handle(transaction->fence));
    creg_status status = creg_lmdb_write(state->shared, run_transaction, &job, err);
    if (status == CREG_CONFLICT) {
        *ret_failed_check = job.failed_check;
        return fail_refused(&job, err);
    }
    if (status == CREG_OK && transaction->operation_count > 0)
        creg_lmdb_wake(state->shared);
    return status;
}

/* ---- waiting ---------------------------------------------------------------------------- */

static void wait_for_wake(lmdb_shared *shared, uint64_t until_ms)
{
    struct timespec until = {.tv_sec = (time_t)(until_ms / 1000),
                             .tv_nsec = (long)(until_ms % 1000) * 1000000};
    pthread_mutex_lock(&shared->wake_lock);
    pthread_cond_timedwait(&shared->wake, &shared->wake_lock, &until);
    pthread_mutex_unlock(&shared->wake_lock);
}

static creg_status read_revision(lmdb_shared *shared, uint64_t *ret_revision, creg_error *err)
{
    MDB_txn *txn;
    creg_status status = creg_lmdb_begin_read(shared, &txn, err);
    if (status != CREG_OK)
        return status;
    int code = creg_lmdb_get_number(txn, shared->dbi, LMDB_KEY_REVISION, ret_revision);
    creg_lmdb_end_read(shared, txn);
    return code == MDB_SUCCESS ? CREG_OK : creg_lmdb_fail(err, code, shared->path);
}

/*
 * A change of this process wakes at once; one of another process is seen within 10 ms. Looking
 * costs a quarter of a microsecond, and so needs no signal between processes, which one that
 * was killed between commit and signal would have kept to itself.
 */
static creg_status lmdb_wait(creg_driver_state *state, creg_slice prefix, uint64_t revision,
                             uint32_t timeout_ms, uint64_t *ret_revision, creg_error *err)
{
    enum { LOOK_EVERY_MS = 10 };
    (void)prefix;
    uint64_t deadline = creg_clock_ms() + timeout_ms;
    for (;;) {
        creg_status status = read_revision(state->shared, ret_revision, err);
        if (status != CREG_OK || *ret_revision != revision)
            return status;
        uint64_t now = creg_clock_ms();
        if (now >= deadline)
            return creg_fail(err, CREG_TIMEOUT, "nothing changed in %u ms", timeout_ms);
        uint64_t until = now + LOOK_EVERY_MS;
        wait_for_wake(state->shared, until < deadline ? until : deadline);
    }
}

/* ---- facts and check -------------------------------------------------------------------- */

static creg_status add_facts(const lmdb_shared *shared, MDB_txn *txn, creg_arena *arena,
                             creg_pairs *facts)
{
    MDB_envinfo info;
    MDB_stat stat;
    uint64_t revision;
    mdb_env_info(shared->env, &info);
    mdb_stat(txn, shared->dbi, &stat);
    if (creg_lmdb_get_number(txn, shared->dbi, LMDB_KEY_REVISION, &revision) != MDB_SUCCESS)
        revision = 0;
    unsigned long long used = (unsigned long long)(info.me_last_pgno + 1) * stat.ms_psize;
    creg_status status = creg_pairs_fact(facts, arena, "path", "%s", shared->path);
    if (status == CREG_OK)
        status = creg_pairs_fact(facts, arena, "format", "%s", LMDB_FORMAT);
    if (status == CREG_OK)
        status = creg_pairs_fact(facts, arena, "library", "%s", mdb_version(NULL, NULL, NULL));
    if (status == CREG_OK)
        status =
            creg_pairs_fact(facts, arena, "revision", "%llu", (unsigned long long)revision);
    if (status == CREG_OK)
        status = creg_pairs_fact(facts, arena, "entries", "%zu", stat.ms_entries);
    if (status == CREG_OK)
        status = creg_pairs_fact(facts, arena, "file_bytes", "%llu", used);
    if (status == CREG_OK)
        status = creg_pairs_fact(facts, arena, "map_bytes", "%zu", info.me_mapsize);
    if (status == CREG_OK)
        status = creg_pairs_fact(facts, arena, "free_bytes", "%llu",
                                 (unsigned long long)creg_lmdb_free_bytes(shared->path));
    if (status == CREG_OK)
        status = creg_pairs_fact(facts, arena, "reader_slots", "%u of %u", info.me_numreaders,
                                 info.me_maxreaders);
    return status;
}

static creg_status lmdb_info(creg_driver_state *state, creg_arena *arena, creg_pairs *ret_facts,
                             creg_error *err)
{
    MDB_txn *txn;
    creg_status status = creg_lmdb_begin_read(state->shared, &txn, err);
    if (status != CREG_OK)
        return status;
    status = add_facts(state->shared, txn, arena, ret_facts);
    creg_lmdb_end_read(state->shared, txn);
    return status == CREG_OK ? CREG_OK : creg_fail_arena(err, arena);
}

static creg_status lmdb_check(creg_driver_state *state, creg_error *err)
{
    bool is_short;
    const char *path = state->shared->path;
    creg_status status = creg_lmdb_probe(path, &is_short, err);
    return status == CREG_OK ? creg_lmdb_check_path(path, err) : status;
}

static const char *const lmdb_schemes[] = {"lmdb", NULL};
static const char *const lmdb_parameters[] = {NULL};

const creg_store_driver creg_driver_lmdb = {
    .name = "lmdb",
    .schemes = lmdb_schemes,
    .private_size = sizeof(struct creg_driver_state),
    .capabilities =
        CREG_STORE_ATOMIC_BATCH | CREG_STORE_SNAPSHOT_READ | CREG_STORE_MULTI_PROCESS,
    .limits = {.key_bytes = CREG_LIMIT_KEY, .value_bytes = CREG_LIMIT_VALUE},
    .has_file_path = true,
    .parameters = lmdb_parameters,

    .open = lmdb_open,
    .close = lmdb_close,
    .abandon = NULL, /* see table_forget() in lmdb_env.c */
    .get = lmdb_get,
    .read = lmdb_read,
    .apply = lmdb_apply,
    .wait = lmdb_wait,
    .liveness_open = creg_lmdb_liveness_open,
    .liveness_renew = creg_lmdb_liveness_renew,
    .liveness_release = creg_lmdb_liveness_release,
    .liveness_check = creg_lmdb_liveness_check,
    .info = lmdb_info,
    .check = lmdb_check,
};
