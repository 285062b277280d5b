/* SPDX-License-Identifier: MIT */
/*
 * The commit protocol for creating; see commit.h for the picture.
 *
 * Every transaction sent from here is harmless when it is sent twice: its checks stop holding
 * as soon as it has happened. So after an unclear answer the same bytes are sent again, and
 * when they are refused the books tell whether it was our own first try that was in the way.
 */
#include "registry/commit.h"

#include <stdio.h>

#include "base/fail.h"
#include "base/failpoint.h"
#include "base/interrupt.h"
#include "registry/chunks.h"
#include "registry/record.h"
#include "registry/remove.h"
#include "registry/send.h"

enum {
    BOOK_OPERATIONS = 3, /* counter, record, request */
    BOOK_CHECKS = 5,
    ID_DIGITS = 20,
    OPERATION_BYTES = 64, /* what a store adds to an operation, when it does not say */
    BOOK_BYTES = 256,     /* of a book's key, seldom more */
    COUNT_SCRATCH_BYTES = 256 * 1024 * 1024
};

/* ---- sending -------------------------------------------------------------------------------- */

/* Sends until the answer is clear; what stays unclear can be asked for by its request id. */
static creg_status send(creg_commit *commit, const creg_transaction *transaction,
                        size_t *ret_failed_check, creg_error *err)
{
    creg_status status = creg_send_clearly(commit->registry->store, transaction, false,
                                           ret_failed_check, NULL, err);
    return status == CREG_UNKNOWN_OUTCOME ? creg_send_unknown(&commit->dn, commit->request, err)
                                          : status;
}

/* Does this book of the instance (record or intent) carry our request id? */
static creg_status is_ours(creg_commit *commit, creg_book book, creg_arena *arena,
                           bool *ret_ours, creg_error *err)
{
    creg_key key;
    creg_dn_book(&commit->dn, book, &key);
    creg_slice text;
    *ret_ours = false;
    creg_status status =
        creg_store_get(commit->registry->store, creg_key_slice(&key), arena, &text, NULL, err);
    if (status == CREG_NOT_FOUND)
        return CREG_OK;
    creg_instance record = {0};
    creg_intent intent = {0};
    if (status == CREG_OK)
        status = book == CREG_BOOK_COMMIT
                     ? creg_record_parse(creg_key_slice(&key), text, arena, &record, err)
                     : creg_intent_parse(creg_key_slice(&key), text, arena, &intent, err);
    if (status != CREG_OK)
        return creg_send_unknown(&commit->dn, commit->request, err);
    creg_slice request = book == CREG_BOOK_COMMIT ? record.request_id : intent.request_id;
    *ret_ours = creg_slice_equal(request, commit->request) && !CREG_BUG(CREG_BUG_NEW_REQUEST);
    return CREG_OK;
}

/*
 * send(), and then a refusal that was caused by our own success counts as success. A driver
 * may resend by itself, so this is asked after every refusal.
 */
static creg_status send_once_for_all(creg_commit *commit, const creg_transaction *transaction,
                                     creg_book book, creg_arena *arena,
                                     size_t *ret_failed_check, creg_error *err)
{
    creg_status status = send(commit, transaction, ret_failed_check, err);
    if (status != CREG_CONFLICT)
        return status;
    bool ours;
    status = is_ours(commit, book, arena, &ours, err);
    if (status != CREG_OK)
        return status;
    return ours ? CREG_OK : CREG_CONFLICT;
}

/* ---- ids ----------------------------------------------------------------------------------- */

/* The highest id in use, by what lies in the store: for the first instance of a version, and
 * where another program took an id without asking. */
static creg_status highest_id(creg_commit *commit, uint64_t *ret_id, creg_error *err)
{
    creg_arena scratch;
    creg_arena_init(&scratch, COUNT_SCRATCH_BYTES);
    creg_read read = {.is_list = true,
                      .key = creg_dn_version_key(&commit->dn),
                      .depth = 1,
                      .keys_only = true};
    creg_status status =
        creg_store_read(commit->registry->store, &read, 1, &scratch, NULL, err);
    if (status == CREG_OK)
        for (size_t i = 0; i < read.ret_pairs.size; i++) {
            creg_slice key = read.ret_pairs.items[i].key;
            key.size -= key.data[key.size - 1] == '/';
            uint64_t id = creg_dn_number(creg_dn_last(key));
            *ret_id = id > *ret_id ? id : *ret_id;
        }
    creg_arena_clear(&scratch);
    return status;
}

static creg_status read_counter(creg_commit *commit, const creg_key *key, uint64_t *ret_id,
                                creg_error *err)
{
    creg_arena scratch;
    creg_arena_init(&scratch, CREG_LIMIT_VALUE * 2);
    creg_slice text = {NULL, 0};
    commit->counter = (creg_version){0};
    creg_status status = creg_store_get(commit->registry->store, creg_key_slice(key), &scratch,
                                        &text, &commit->counter, err);
    bool is_absent = status == CREG_NOT_FOUND;
    if (status == CREG_OK) {
        *ret_id = creg_dn_number(text);
        if (*ret_id == 0 && !creg_slice_equal(text, creg_slice_of("0")))
            status = creg_fail(err, CREG_DAMAGED, "the counter '%.*s' holds '%.*s', no number",
                               CREG_SHOW(creg_key_slice(key)), CREG_SHOW(text));
    }
    creg_arena_clear(&scratch);
    bool is_enough = !commit->is_taken && !CREG_BUG(CREG_BUG_COUNTER_FROM_MAXIMUM);
    if (!is_absent && (status != CREG_OK || is_enough))
        return status;
    return highest_id(commit, ret_id, err);
}

static creg_slice id_text(uint64_t id, char *buffer, size_t size)
{
    int length = snprintf(buffer, size, "%llu", (unsigned long long)id);
    return creg_slice_make(buffer, (size_t)length);
}

static creg_status set_id(creg_commit *commit, uint64_t id, creg_error *err)
{
    char text[ID_DIGITS + 1];
    commit->id = id;
    return creg_dn_build(&commit->registry->layout, commit->user, commit->name, commit->version,
                         id_text(id, text, sizeof text), &commit->dn, err);
}

/* Moves the counter to the id in hand. */
static creg_status claim_id(creg_commit *commit, const creg_key *counter, creg_error *err)
{
    char text[ID_DIGITS + 1];
    creg_check check = {
        .kind = CREG_CHECK_VERSION, .key = creg_key_slice(counter), .version = commit->counter};
    creg_operation put = {.kind = CREG_OPERATION_PUT,
                          .key = creg_key_slice(counter),
                          .value = id_text(commit->id, text, sizeof text)};
    creg_transaction transaction = {
        .checks = &check, .check_count = 1, .operations = &put, .operation_count = 1};
    creg_status status = creg_store_apply(commit->registry->store, &transaction, NULL, err);
    /* Unclear: at worst the id was claimed for nobody. Take another one. */
    if (status == CREG_UNKNOWN_OUTCOME)
        status = CREG_CONFLICT;
    commit->is_claimed = status == CREG_OK;
    return status;
}

creg_status creg_commit_take_id(creg_commit *commit, bool claim, creg_error *err)
{
    commit->is_claimed = false;
    creg_status status = set_id(commit, 0, err);
    if (status != CREG_OK)
        return status;
    creg_key counter;
    creg_dn_book(&commit->dn, CREG_BOOK_COUNTER, &counter);
    uint64_t last = 0;
    status = read_counter(commit, &counter, &last, err);
    if (status != CREG_OK)
        return status;
    commit->is_taken = false;
    if (last >= CREG_ID_MAX)
        return creg_fail(err, CREG_LIMIT, "no id is left for %.*s %.*s",
                         CREG_SHOW(commit->name), CREG_SHOW(commit->version));
    status = set_id(commit, last + 1, err);
    return status == CREG_OK && claim ? claim_id(commit, &counter, err) : status;
}

/* ---- the books of one create ---------------------------------------------------------------- */

/* Keys and values that the transactions point at. */
typedef struct books {
    creg_key counter, record, intent, request, data;
    creg_slice x; /* the value of the request's book */
    char id[ID_DIGITS + 1];
    creg_slice id_text;
    creg_check checks[BOOK_CHECKS];
    size_t check_count;
} books;

static void add_check(books *books_, creg_check_kind kind, const creg_key *key)
{
    books_->checks[books_->check_count++] =
        (creg_check){.kind = kind, .key = creg_key_slice(key)};
}

/* What must hold for the first write under the id in hand. */
static creg_status open_books(creg_commit *commit, books *books_, creg_arena *arena,
                              creg_error *err)
{
    creg_dn_book(&commit->dn, CREG_BOOK_COUNTER, &books_->counter);
    creg_dn_book(&commit->dn, CREG_BOOK_COMMIT, &books_->record);
    creg_dn_book(&commit->dn, CREG_BOOK_INTENT, &books_->intent);
    books_->data.size = 0;
    creg_key_append(&books_->data, creg_dn_instance(&commit->dn));
    creg_slice request = creg_key_encode(commit->request, arena);
    if (request.data == NULL)
        return creg_fail_arena(err, arena);
    creg_request_book(request, &books_->request);
    books_->x = creg_book_name(creg_key_slice(&books_->record));
    books_->id_text = id_text(commit->id, books_->id, sizeof books_->id);

    books_->check_count = 0;
    add_check(books_, CREG_CHECK_ABSENT, &books_->record);
    add_check(books_, CREG_CHECK_ABSENT, &books_->intent);
    add_check(books_, CREG_CHECK_ABSENT, &books_->request);
    add_check(books_, CREG_CHECK_SUBTREE_EMPTY, &books_->data);
    if (!commit->is_claimed) {
        add_check(books_, CREG_CHECK_VERSION, &books_->counter);
        books_->checks[books_->check_count - 1].version = commit->counter;
    }
    return CREG_OK;
}

static creg_operation put(const creg_key *key, creg_slice value)
{
    return (creg_operation){
        .kind = CREG_OPERATION_PUT, .key = creg_key_slice(key), .value = value};
}

/* The counter's check is the last one; any other that fails means that the id is taken. */
static void note_loss(creg_commit *commit, const books *books_, size_t failed_check)
{
    bool is_counter = !commit->is_claimed && failed_check == books_->check_count - 1;
    commit->is_taken = !is_counter;
}

/* Puts of all pairs, with room for `before` operations in front of them. */
static creg_operation *operations_for(const creg_pairs *pairs, size_t before, creg_arena *arena,
                                      creg_error *err)
{
    creg_operation *operations =
        creg_arena_alloc(arena, (pairs->size + before) * sizeof *operations);
    if (operations == NULL) {
        creg_fail_arena(err, arena);
        return NULL;
    }
    for (size_t i = 0; i < pairs->size; i++)
        operations[before + i] = (creg_operation){.kind = CREG_OPERATION_PUT,
                                                  .key = pairs->items[i].key,
                                                  .value = pairs->items[i].value};
    return operations;
}

static bool is_cancelled(const creg_commit *commit)
{
    return commit->cancel != NULL && *commit->cancel != 0;
}

static void tell_progress(const creg_commit *commit, size_t done, size_t total)
{
    if (commit->progress != NULL)
        commit->progress(commit->user_data, done, total);
}

/* ---- one transaction ------------------------------------------------------------------------- */

static creg_status write_at_once(creg_commit *commit, books *books_, const creg_pairs *pairs,
                                 creg_slice record, creg_arena *arena, creg_error *err)
{
    /* The books come first: in the order of their bytes a store has nothing to sort. */
    size_t count = commit->is_claimed ? BOOK_OPERATIONS - 1 : BOOK_OPERATIONS;
    creg_operation *operations = operations_for(pairs, count, arena, err);
    if (operations == NULL)
        return (creg_status)arena->failed;
    operations[0] = put(&books_->record, record);
    if (!commit->is_claimed)
        operations[1] = put(&books_->counter, books_->id_text);
    operations[count - 1] = put(&books_->request, books_->x);
    creg_transaction transaction = {.checks = books_->checks,
                                    .check_count = books_->check_count,
                                    .operations = operations,
                                    .operation_count = count + pairs->size};
    tell_progress(commit, 0, pairs->size);
    size_t failed_check = SIZE_MAX;
    creg_status status =
        send_once_for_all(commit, &transaction, CREG_BOOK_COMMIT, arena, &failed_check, err);
    if (status == CREG_CONFLICT)
        note_loss(commit, books_, failed_check);
    if (status == CREG_OK)
        tell_progress(commit, pairs->size, pairs->size);
    return status;
}

/* ---- in pieces ------------------------------------------------------------------------------- */

/* One create in pieces, on its way. */
typedef struct chunked {
    creg_commit *commit;
    books *books;
    creg_liveness *liveness;
    bool is_announced;
} chunked;

static creg_status open_liveness(chunked *work, creg_error *err)
{
    creg_status status =
        creg_liveness_open(work->commit->registry->store, creg_key_slice(&work->books->intent),
                           work->commit->registry->liveness_ms, &work->liveness, err);
    return status;
}

/* T0: the id becomes ours, and an intent says that somebody alive is writing here. */
static creg_status announce(chunked *work, size_t key_count, creg_arena *arena, creg_error *err)
{
    creg_commit *commit = work->commit;
    creg_intent intent = {.request_id = commit->request, .key_count = key_count};
    creg_slice text;
    creg_status status = creg_intent_print(&intent, arena, &text, err);
    if (status != CREG_OK)
        return status;
    creg_operation operations[3];
    size_t count = 0;
    operations[count] = put(&work->books->intent, text);
    operations[count++].bind_liveness = true;
    operations[count++] = put(&work->books->request, work->books->x);
    if (!commit->is_claimed)
        operations[count++] = put(&work->books->counter, work->books->id_text);
    creg_transaction transaction = {.checks = work->books->checks,
                                    .check_count = work->books->check_count,
                                    .operations = operations,
                                    .operation_count = count,
                                    .fence = work->liveness};
    size_t failed_check = SIZE_MAX;
    status =
        send_once_for_all(commit, &transaction, CREG_BOOK_INTENT, arena, &failed_check, err);
    if (status == CREG_CONFLICT)
        note_loss(commit, work->books, failed_check);
    /* Unclear or done: an intent may be there, so there may be something to undo. */
    work->is_announced = status == CREG_OK || status == CREG_UNKNOWN_OUTCOME;
    return status;
}

/* Tk: puts under the fence. The same keys and values again do no harm while the fence holds. */
static creg_status write_chunks(chunked *work, const creg_pairs *pairs, creg_arena *arena,
                                creg_error *err)
{
    creg_commit *commit = work->commit;
    creg_operation *operations = operations_for(pairs, 0, arena, err);
    if (operations == NULL)
        return (creg_status)arena->failed;
    tell_progress(commit, 0, pairs->size);
    creg_chunks chunks = {.registry = commit->registry,
                          .operations = operations,
                          .count = pairs->size,
                          .fence = work->liveness,
                          .progress = commit->progress,
                          .user_data = commit->user_data,
                          .cancel = commit->cancel};
    return creg_chunks_apply(&chunks, err);
}

/* Tc: the record makes the instance visible; the intent has done its work. */
static creg_status finish(chunked *work, creg_slice record, creg_arena *arena, creg_error *err)
{
    books *books_ = work->books;
    creg_check checks[] = {
        {.kind = CREG_CHECK_PRESENT, .key = creg_key_slice(&books_->intent)},
        {.kind = CREG_CHECK_ABSENT, .key = creg_key_slice(&books_->record)},
    };
    creg_operation operations[] = {
        put(&books_->record, record),
        {.kind = CREG_OPERATION_DELETE, .key = creg_key_slice(&books_->intent)},
    };
    creg_transaction transaction = {.checks = checks,
                                    .check_count = sizeof checks / sizeof checks[0],
                                    .operations = operations,
                                    .operation_count = sizeof operations / sizeof operations[0],
                                    .fence = work->liveness};
    creg_status status =
        send_once_for_all(work->commit, &transaction, CREG_BOOK_COMMIT, arena, NULL, err);
    if (status == CREG_CONFLICT)
        return creg_fail(err, CREG_UNAVAILABLE,
                         "the store took this writer for dead; nothing was created");
    return status;
}

/* Removes what we wrote, as a sweep would; if that fails, a sweep will. */
static void undo(chunked *work)
{
    creg_arena scratch;
    creg_arena_init(&scratch, CREG_LIMIT_VALUE * 2);
    creg_slice text;
    creg_version version;
    creg_store *store = work->commit->registry->store;
    creg_status status = creg_store_get(store, creg_key_slice(&work->books->intent), &scratch,
                                        &text, &version, NULL);
    if (status == CREG_OK)
        (void)creg_remove_debris(work->commit->registry, &work->commit->dn,
                                 work->commit->request, version, work->liveness, NULL);
    creg_arena_clear(&scratch);
}

static creg_status write_in_pieces(creg_commit *commit, books *books_, const creg_pairs *pairs,
                                   creg_slice record, creg_arena *arena, creg_error *err)
{
    chunked work = {.commit = commit, .books = books_};
    creg_status status = open_liveness(&work, err);
    if (status != CREG_OK)
        return status;
    status = announce(&work, pairs->size, arena, err);
    bool has_begun = status == CREG_OK;
    if (has_begun && CREG_BUG(CREG_BUG_RECORD_FIRST))
        (void)finish(&work, record, arena, err);
    if (has_begun)
        status = write_chunks(&work, pairs, arena, err);
    /* Up to here an unclear answer is a clear failure: without a record nothing is visible. */
    if (status == CREG_UNKNOWN_OUTCOME)
        status = creg_fail(err, CREG_UNAVAILABLE,
                           "the store stopped answering; nothing was "
                           "created");
    else if (has_begun && status == CREG_CONFLICT)
        status = creg_fail(err, CREG_UNAVAILABLE,
                           "the store took this writer for dead; nothing was created");
    if (status == CREG_OK)
        status = finish(&work, record, arena, err);
    if (status == CREG_OK)
        tell_progress(commit, pairs->size, pairs->size);
    /* What an interrupted writer has sent may arrive later than an undo: a sweep undoes it, once
     * our liveness is gone and the fence refuses it. */
    else if (work.is_announced && status != CREG_UNKNOWN_OUTCOME && !creg_is_interrupted())
        undo(&work);
    creg_liveness_release(work.liveness);
    return status;
}

/* ---- which way ------------------------------------------------------------------------------- */

static bool fits_at_once(const creg_limits *limits, const creg_pairs *pairs, creg_slice record)
{
    size_t operations = pairs->size + BOOK_OPERATIONS + BOOK_CHECKS;
    if (limits->transaction_operations != 0 && operations > limits->transaction_operations)
        return false;
    if (limits->transaction_bytes == 0)
        return true;
    size_t each = limits->operation_bytes == 0 ? OPERATION_BYTES : limits->operation_bytes;
    size_t bytes = record.size + (BOOK_OPERATIONS + BOOK_CHECKS) * (each + BOOK_BYTES);
    for (size_t i = 0; i < pairs->size; i++)
        bytes += pairs->items[i].key.size + pairs->items[i].value.size + each;
    return bytes <= limits->transaction_bytes;
}

static bool has_limits(const creg_limits *limits)
{
    return limits->transaction_operations != 0 || limits->transaction_bytes != 0;
}

creg_status creg_commit_write(creg_commit *commit, const creg_pairs *pairs, creg_slice record,
                              creg_arena *arena, creg_error *err)
{
    if (is_cancelled(commit))
        return creg_fail(err, CREG_CANCELLED, "cancelled, nothing was done");
    creg_limits limits;
    creg_status status = creg_send_limits(commit->registry, &limits, err);
    if (status != CREG_OK)
        return status;
    books books_;
    status = open_books(commit, &books_, arena, err);
    if (status != CREG_OK)
        return status;

    bool is_small = fits_at_once(&limits, pairs, record);
    if (is_small)
        status = write_at_once(commit, &books_, pairs, record, arena, err);
    /* The estimate may be too low for this store: then it says so, and has done nothing. */
    if (!is_small || (status == CREG_LIMIT && has_limits(&limits)))
        status = write_in_pieces(commit, &books_, pairs, record, arena, err);
    if (status == CREG_OK)
        creg_instance_set_add(&commit->registry->committed, &commit->dn);
    return status;
}
