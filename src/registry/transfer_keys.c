/* SPDX-License-Identifier: MIT */
/*
 * Service templates, counters and plain keys into another store.
 *
 * Plain keys are walked in both stores side by side, a page at a time: both give them in the
 * order of bytes, so what is missing or differs shows without looking anything up.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/fail.h"
#include "registry/transfer.h"
#include "store/pairs.h"

enum {
    PAGE = 2000,
    BATCH = 25, /* puts with a condition each: fits every store's transaction */
    BATCH_BYTES = 200 * 1000,
    RACES_MAX = 100,
    CHECKED_MAX = 20
};

/* ---- counters --------------------------------------------------------------------------- */

static creg_status raise_once(creg_transfer *work, const creg_pair *counter, creg_error *err)
{
    creg_slice text = {NULL, 0};
    creg_check check = {.kind = CREG_CHECK_VERSION, .key = counter->key};
    creg_status status = creg_store_get(work->destination->store, counter->key, &work->scratch,
                                        &text, &check.version, err);
    if (status != CREG_OK && status != CREG_NOT_FOUND)
        return status;
    if (status == CREG_OK && creg_name_compare(text, counter->value) >= 0)
        return CREG_OK;
    creg_operation put = {
        .kind = CREG_OPERATION_PUT, .key = counter->key, .value = counter->value};
    creg_transaction transaction = {
        .checks = &check, .check_count = 1, .operations = &put, .operation_count = 1};
    return creg_store_apply(work->destination->store, &transaction, NULL, err);
}

/* "_confreg/v1/n/U,P,V" stands for "instances/U/P/V". */
static bool is_wanted(const creg_transfer *work, creg_slice key)
{
    creg_key instance = {.size = 0};
    creg_slice x = creg_book_name(key);
    if (x.size == 0)
        return false;
    creg_key_append(&instance, work->source->layout.instances);
    creg_key_append(&instance, creg_slice_of("/"));
    creg_key_append(&instance, x);
    for (size_t i = 0; i < instance.size; i++)
        if (instance.data[i] == ',')
            instance.data[i] = '/';
    creg_slice version = creg_key_slice(&instance);
    creg_slice prefix = work->prefix;
    bool is_prefix_below = prefix.size > version.size && prefix.data[version.size] == '/' &&
                           memcmp(prefix.data, version.data, version.size) == 0;
    return is_prefix_below || creg_transfer_covers(work, version);
}

creg_status creg_transfer_counters(creg_transfer *work, creg_error *err)
{
    creg_arena listed;
    creg_arena_init(&listed, CREG_LIMIT_OPERATION_BYTES);
    creg_pairs counters = {NULL, 0};
    creg_status status = creg_store_list(
        work->source->store, creg_book_folder(CREG_BOOK_COUNTER), &listed, &counters, err);
    for (size_t i = 0; status == CREG_OK && i < counters.size; i++) {
        if (!is_wanted(work, counters.items[i].key) || work->options->dry_run)
            continue;
        for (int races = 0; races < RACES_MAX; races++) {
            creg_arena_reset(&work->scratch);
            status = raise_once(work, &counters.items[i], err);
            if (status != CREG_CONFLICT)
                break;
            creg_registry_pause((unsigned)(races < 8 ? races : 8));
        }
    }
    creg_arena_clear(&listed);
    return status;
}

/* ---- a few keys that belong together ---------------------------------------------------- */

static creg_status read_unit(creg_registry *registry, creg_slice key, bool with_tree,
                             creg_arena *arena, creg_pairs *ret_pairs, creg_error *err)
{
    creg_read reads[] = {{.key = key}, {.is_list = true, .key = key}};
    creg_status status =
        creg_store_read(registry->store, reads, with_tree ? 2 : 1, arena, NULL, err);
    if (status != CREG_OK)
        return status;
    size_t own = reads[0].ret_pairs.size;
    size_t below = with_tree ? reads[1].ret_pairs.size : 0;
    *ret_pairs = own == 0 ? reads[1].ret_pairs : reads[0].ret_pairs;
    if (own == 0 || below == 0)
        return CREG_OK;
    creg_pair *items = creg_arena_calloc(arena, below + 1, sizeof *items);
    if (items == NULL)
        return creg_fail_arena(err, arena);
    items[0] = reads[0].ret_pairs.items[0];
    memcpy(items + 1, reads[1].ret_pairs.items, below * sizeof *items);
    *ret_pairs = (creg_pairs){items, below + 1};
    return CREG_OK;
}

static bool holds_key(const creg_pairs *pairs, creg_slice key)
{
    for (size_t i = 0; i < pairs->size; i++)
        if (creg_slice_equal(pairs->items[i].key, key))
            return true;
    return false;
}

/* Puts of the new keys, deletes of old ones; what is there must still be as it was seen. */
static creg_status write_unit(creg_transfer *work, creg_slice key, bool with_tree,
                              const creg_pairs *from, const creg_pairs *to, creg_error *err)
{
    creg_arena *arena = &work->scratch;
    creg_operation *operations =
        creg_arena_calloc(arena, from->size + to->size, sizeof *operations);
    creg_check *checks = creg_arena_calloc(arena, to->size + 2, sizeof *checks);
    if (operations == NULL || checks == NULL)
        return creg_fail_arena(err, arena);
    creg_transaction transaction = {.checks = checks, .operations = operations};
    for (size_t i = 0; i < from->size; i++)
        operations[transaction.operation_count++] =
            (creg_operation){.kind = CREG_OPERATION_PUT,
                             .key = from->items[i].key,
                             .value = from->items[i].value};
    for (size_t i = 0; i < to->size; i++)
        if (!holds_key(from, to->items[i].key))
            operations[transaction.operation_count++] =
                (creg_operation){.kind = CREG_OPERATION_DELETE, .key = to->items[i].key};
    for (size_t i = 0; i < to->size && to->size <= CHECKED_MAX; i++)
        checks[transaction.check_count++] = (creg_check){.kind = CREG_CHECK_VERSION,
                                                         .key = to->items[i].key,
                                                         .version = to->items[i].version};
    if (to->size == 0 && with_tree)
        checks[transaction.check_count++] =
            (creg_check){.kind = CREG_CHECK_SUBTREE_EMPTY, .key = key};
    if (to->size == 0)
        checks[transaction.check_count++] = (creg_check){.kind = CREG_CHECK_ABSENT, .key = key};
    return creg_store_apply(work->destination->store, &transaction, NULL, err);
}

creg_status creg_transfer_unit(creg_transfer *work, creg_slice key, bool with_tree,
                               creg_error *err)
{
    creg_pairs from, to;
    creg_status status = read_unit(work->source, key, with_tree, &work->scratch, &from, err);
    if (status == CREG_OK && from.size > 0)
        status = read_unit(work->destination, key, with_tree, &work->scratch, &to, err);
    if (status != CREG_OK || from.size == 0)
        return status;
    bool is_same = creg_transfer_is_same(&from, &to);
    if (work->is_verify) {
        creg_transfer_digest(work, &from, &to);
        return is_same ? CREG_OK : creg_transfer_differs(work, key, err);
    }
    bool is_left = !is_same && to.size > 0 && !work->options->force;
    bool is_written = !is_same && !is_left;
    if (is_left)
        status = creg_transfer_differs(work, key, err);
    if (is_written && !work->options->dry_run)
        status = write_unit(work, key, with_tree, &from, &to, err);
    if (status == CREG_OK)
        creg_transfer_count(work, from.size, is_written ? from.size : 0);
    return status;
}

/* ---- plain keys ------------------------------------------------------------------------- */

/* The keys below a prefix of one store, one after the other, with a page of them in memory. */
typedef struct stream {
    creg_store *store;
    creg_slice prefix;
    creg_arena page;
    creg_pairs pairs;
    size_t at;
    bool is_more;
    creg_key last;
} stream;

static void start(stream *stream_, creg_registry *registry, creg_slice prefix)
{
    *stream_ = (stream){.store = registry->store, .prefix = prefix, .is_more = true};
    creg_arena_init(&stream_->page, CREG_LIMIT_OPERATION_BYTES);
}

static creg_status fill(stream *stream_, creg_error *err)
{
    creg_arena_reset(&stream_->page);
    creg_read read = {.is_list = true,
                      .key = stream_->prefix,
                      .after = creg_key_slice(&stream_->last),
                      .limit = PAGE};
    creg_status status = creg_store_read(stream_->store, &read, 1, &stream_->page, NULL, err);
    if (status != CREG_OK)
        return status;
    stream_->pairs = read.ret_pairs;
    stream_->at = 0;
    stream_->is_more = read.ret_more && read.ret_pairs.size > 0;
    if (read.ret_pairs.size > 0) {
        stream_->last.size = 0;
        creg_key_append(&stream_->last, read.ret_pairs.items[read.ret_pairs.size - 1].key);
    }
    return CREG_OK;
}

/* The key at hand, NULL at the end. */
static const creg_pair *at_hand(const stream *stream_)
{
    return stream_->at < stream_->pairs.size ? &stream_->pairs.items[stream_->at] : NULL;
}

static creg_status refill(stream *stream_, creg_error *err)
{
    return at_hand(stream_) == NULL && stream_->is_more ? fill(stream_, err) : CREG_OK;
}

typedef struct batch {
    creg_operation puts[BATCH];
    creg_check checks[BATCH];
    size_t count;
    size_t bytes;
} batch;

/* A value that fills a transaction by itself goes without its condition. */
static creg_status put_singly(creg_transfer *work, const batch *batch_, creg_error *err)
{
    creg_status status = CREG_OK;
    for (size_t i = 0; i < batch_->count && status == CREG_OK; i++)
        status = creg_store_put(work->destination->store, batch_->puts[i].key,
                                batch_->puts[i].value, err);
    return status;
}

static creg_status flush(creg_transfer *work, batch *batch_, creg_error *err)
{
    if (batch_->count == 0)
        return CREG_OK;
    creg_transaction transaction = {.checks = batch_->checks,
                                    .check_count = batch_->count,
                                    .operations = batch_->puts,
                                    .operation_count = batch_->count};
    creg_status status = CREG_OK;
    if (!work->options->dry_run)
        status = creg_store_apply(work->destination->store, &transaction, NULL, err);
    if (status == CREG_LIMIT)
        status = put_singly(work, batch_, err);
    if (status == CREG_CONFLICT)
        return creg_fail(err, CREG_CONFLICT,
                         "keys below '%.*s' are being changed by somebody else; run it again",
                         CREG_SHOW(creg_dn_parent(batch_->puts[0].key)));
    if (status == CREG_OK)
        creg_transfer_count(work, 0, batch_->count);
    *batch_ = (batch){.count = 0};
    return status;
}

static creg_status add_put(creg_transfer *work, batch *batch_, const creg_pair *from,
                           const creg_pair *to, creg_error *err)
{
    size_t bytes = from->key.size * 2 + from->value.size;
    creg_status status = CREG_OK;
    if (batch_->count == BATCH || batch_->bytes + bytes > BATCH_BYTES)
        status = flush(work, batch_, err);
    batch_->bytes += bytes;
    batch_->puts[batch_->count] =
        (creg_operation){.kind = CREG_OPERATION_PUT, .key = from->key, .value = from->value};
    batch_->checks[batch_->count] =
        to == NULL ? (creg_check){.kind = CREG_CHECK_ABSENT, .key = from->key}
                   : (creg_check){
                         .kind = CREG_CHECK_VERSION, .key = from->key, .version = to->version};
    batch_->count++;
    return status;
}

/* `to` NULL: the destination does not have it. */
static creg_status copy_key(creg_transfer *work, batch *batch_, const creg_pair *from,
                            const creg_pair *to, creg_error *err)
{
    bool is_same = to != NULL && creg_slice_equal(from->value, to->value);
    if (work->is_verify) {
        creg_pairs left = {(creg_pair[]){*from}, 1};
        creg_pairs right = {(creg_pair[]){to == NULL ? *from : *to}, to == NULL ? 0 : 1};
        creg_transfer_digest(work, &left, &right);
        return is_same ? CREG_OK : creg_transfer_differs(work, from->key, err);
    }
    creg_transfer_count(work, 1, 0);
    if (is_same)
        return CREG_OK;
    if (to != NULL && !work->options->force)
        return creg_transfer_differs(work, from->key, err);
    return add_put(work, batch_, from, to, err);
}

/* The destination's key that is the same or the next; its own extra keys are passed over. */
static creg_status catch_up(stream *to, creg_slice key, const creg_pair **ret_match,
                            creg_error *err)
{
    *ret_match = NULL;
    for (;;) {
        creg_status status = refill(to, err);
        const creg_pair *pair = at_hand(to);
        if (status != CREG_OK || pair == NULL)
            return status;
        int order = creg_slice_compare(pair->key, key);
        if (order == 0)
            *ret_match = pair;
        if (order >= 0)
            return CREG_OK;
        to->at++;
    }
}

static creg_status walk(creg_transfer *work, stream *from, stream *to, creg_error *err)
{
    batch batch_ = {.count = 0};
    for (;;) {
        creg_status status = CREG_OK;
        if (at_hand(from) == NULL) {
            /* What is to be written points into the page that goes. */
            status = flush(work, &batch_, err);
            if (status == CREG_OK)
                status = creg_transfer_check_cancel(work, err);
            if (status == CREG_OK)
                status = refill(from, err);
        }
        const creg_pair *pair = at_hand(from);
        if (status != CREG_OK || pair == NULL)
            return status;
        const creg_pair *match;
        status = catch_up(to, pair->key, &match, err);
        if (status == CREG_OK)
            status = copy_key(work, &batch_, pair, match, err);
        if (status != CREG_OK)
            return status;
        from->at++;
    }
}

creg_status creg_transfer_keys(creg_transfer *work, creg_slice prefix, creg_error *err)
{
    stream from, to;
    start(&from, work->source, prefix);
    start(&to, work->destination, prefix);
    creg_status status = walk(work, &from, &to, err);
    creg_arena_clear(&from.page);
    creg_arena_clear(&to.page);
    return status;
}
