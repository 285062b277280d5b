/* SPDX-License-Identifier: MIT */
/*
 * etcd v3 as a driver, over gRPC.
 *
 * A transaction has at most 128 operations a level, but levels nest, and their charges add up
 * along one path only: 42 transactions of 42 transactions of 42 operations are 74,088 in one
 * atomic request. So the size of a request is the only limit that counts. All conditions
 * stand at the root, where they decide for the whole; inside, a failed one would only skip its
 * own branch.
 *
 *     root   compares, then [ txn txn ... ]       42
 *     below           [ txn txn ... ]             42
 *     leaf            [ put put ... ]             42
 *
 * Liveness is a lease that holds a key of its own below the bound one, "KEY/~live.LEASE": the
 * bound key itself must survive its writer. The fence compares that key's lease; a key that
 * is gone has none.
 */
#include <stdio.h>

#include "base/clock.h"
#include "store/checks.h"
#include "store/drivers/etcd.h"

enum {
    FLAT_MAX = 120,
    BRANCHES = 42,
    PAGE_KEYS = 10000,
    READS_MAX = 100,
    SESSION_KEY_MAX = CREG_LIMIT_KEY + 48
};

typedef struct lease {
    int64_t id;
    char key[SESSION_KEY_MAX]; /* of the liveness key; "" before any bond */
} lease;

/* ---- bytes ------------------------------------------------------------------------------ */

static ProtobufCBinaryData bytes_of(creg_slice slice)
{
    return (ProtobufCBinaryData){.len = slice.size, .data = (uint8_t *)(uintptr_t)slice.data};
}

static creg_slice slice_of(ProtobufCBinaryData bytes)
{
    return creg_slice_make(bytes.len == 0 ? "" : (const char *)bytes.data, bytes.len);
}

/* The key and something behind it, in the arena. */
static creg_slice join(creg_slice key, const char *behind, creg_arena *arena)
{
    size_t size = strlen(behind);
    char *joined = creg_arena_alloc(arena, key.size + size);
    if (joined == NULL)
        return creg_slice_make(NULL, 0);
    if (key.size > 0)
        memcpy(joined, key.data, key.size);
    memcpy(joined + key.size, behind, size);
    return creg_slice_make(joined, key.size + size);
}

/* Bounds of everything that begins with `prefix`, which ends in '/' or is empty. */
static bool range_of_prefix(creg_slice prefix, creg_arena *arena, ProtobufCBinaryData *ret_key,
                            ProtobufCBinaryData *ret_end)
{
    if (prefix.size == 0) {
        *ret_key = bytes_of(creg_slice_make("\0", 1));
        *ret_end = bytes_of(creg_slice_make("\0", 1)); /* from there to the last key */
        return true;
    }
    creg_slice end = creg_arena_copy(arena, prefix);
    if (end.data == NULL)
        return false;
    char *last = (char *)(uintptr_t)end.data + end.size - 1;
    *last = (char)(*last + 1);
    *ret_key = bytes_of(prefix);
    *ret_end = bytes_of(end);
    return true;
}

static bool range_below(creg_slice key, const char *behind, creg_arena *arena,
                        ProtobufCBinaryData *ret_key, ProtobufCBinaryData *ret_end)
{
    creg_slice prefix = key.size == 0 ? key : join(key, behind, arena);
    return (key.size == 0 || prefix.data != NULL) &&
           range_of_prefix(prefix, arena, ret_key, ret_end);
}

/* Is it one of our liveness keys, which no reader shall see? */
static bool is_liveness(creg_slice key)
{
    static const char name[] = "~live.";
    size_t start = key.size;
    while (start > 0 && key.data[start - 1] != '/')
        start--;
    return key.size - start >= sizeof name - 1 &&
           memcmp(key.data + start, name, sizeof name - 1) == 0;
}

/* ---- open ------------------------------------------------------------------------------- */

static void etcd_close(creg_driver_state *state)
{
    creg_http_free(state->http);
    pthread_mutex_destroy(&state->lock);
    creg_arena_clear(&state->arena);
}

static void etcd_abandon(creg_driver_state *state)
{
    creg_http_abandon(state->http);
    creg_arena_clear(&state->arena);
}

static creg_status get_status(creg_driver_state *state, creg_arena *arena,
                              CregPb__StatusResponse **ret_status, creg_error *err)
{
    CregPb__StatusRequest request = CREG_PB__STATUS_REQUEST__INIT;
    creg_etcd_call call = {.method = "/etcdserverpb.Maintenance/Status",
                           .request = &request.base,
                           .answer = &creg_pb__status_response__descriptor};
    return creg_etcd_send(state, &call, arena, ret_status, err);
}

static creg_status etcd_open(creg_driver_state *state, const creg_store_url *url,
                             const creg_store_options *options, creg_error *err)
{
    creg_arena_init(&state->arena, 1024 * 1024);
    pthread_mutex_init(&state->lock, NULL);
    state->timeout_ms = options->timeout_ms;
    creg_status status = creg_etcd_configure(state, url, err);
    state->somewhere = url->root.size == 0 ? creg_slice_make("\0", 1)
                                           : creg_arena_copy(&state->arena, url->root);
    if (status == CREG_OK)
        status = creg_etcd_authenticate(state, err);
    CregPb__StatusResponse *facts;
    if (status == CREG_OK)
        status = get_status(state, &state->arena, &facts, err);
    if (status != CREG_OK)
        etcd_close(state);
    return status;
}

/* ---- reading ---------------------------------------------------------------------------- */

static creg_version version_of(const CregPb__KeyValue *entry)
{
    return (creg_version){.present = true, .major = (uint64_t)entry->mod_revision};
}

static creg_status send_range(creg_driver_state *state, const CregPb__RangeRequest *request,
                              creg_arena *arena, CregPb__RangeResponse **ret_answer,
                              creg_error *err)
{
    creg_etcd_call call = {.method = "/etcdserverpb.KV/Range",
                           .request = &request->base,
                           .answer = &creg_pb__range_response__descriptor};
    return creg_etcd_send(state, &call, arena, ret_answer, err);
}

static bool is_in_range(const CregPb__KeyValue *entry, const CregPb__RangeRequest *request)
{
    creg_slice key = slice_of(entry->key);
    creg_slice first = slice_of(request->key);
    creg_slice end = slice_of(request->range_end);
    if (entry->mod_revision <= 0)
        return false;
    if (end.size == 0)
        return creg_slice_equal(key, first);
    bool is_open = end.size == 1 && end.data[0] == '\0';
    return creg_slice_compare(key, first) >= 0 && (is_open || creg_slice_compare(key, end) < 0);
}

/* Is this what was asked for? Every answer of etcd has a header, and keys in rising order; one
 * that is not so would be taken for absent keys, or lead a list in circles. */
static creg_status check_range(const CregPb__RangeResponse *answer,
                               const CregPb__RangeRequest *request, creg_error *err)
{
    bool is_fine = answer->header != NULL && answer->header->revision > 0 &&
                   !(answer->more && answer->n_kvs == 0);
    for (size_t i = 0; is_fine && i < answer->n_kvs; i++)
        is_fine = is_in_range(answer->kvs[i], request) &&
                  (i == 0 || creg_slice_compare(slice_of(answer->kvs[i - 1]->key),
                                                slice_of(answer->kvs[i]->key)) < 0);
    return is_fine ? CREG_OK
                   : creg_fail(err, CREG_UNAVAILABLE,
                               "etcd gave an answer that is not to "
                               "what was asked");
}

static creg_status etcd_get(creg_driver_state *state, creg_slice key, creg_arena *arena,
                            creg_slice *ret_value, creg_version *ret_version, creg_error *err)
{
    CregPb__RangeRequest request = CREG_PB__RANGE_REQUEST__INIT;
    request.key = bytes_of(key);
    request.serializable = state->is_serializable;
    CregPb__RangeResponse *answer;
    creg_status status = send_range(state, &request, arena, &answer, err);
    if (status == CREG_OK)
        status = check_range(answer, &request, err);
    if (status != CREG_OK)
        return status;
    if (answer->n_kvs == 0)
        return CREG_NOT_FOUND;
    *ret_value = slice_of(answer->kvs[0]->value);
    *ret_version = version_of(answer->kvs[0]);
    return CREG_OK;
}

static creg_status fill_range(const creg_driver_state *state, const creg_read *read,
                              creg_arena *arena, CregPb__RangeRequest *ret_request,
                              creg_error *err)
{
    creg_pb__range_request__init(ret_request);
    ret_request->serializable = state->is_serializable;
    if (!read->is_list) {
        ret_request->key = bytes_of(read->key);
        return CREG_OK;
    }
    ret_request->keys_only = read->keys_only;
    if (!range_of_prefix(read->key, arena, &ret_request->key, &ret_request->range_end))
        return creg_fail_arena(err, arena);
    if (read->after.size > 0) {
        creg_slice start = creg_pairs_start(read, arena);
        if (start.data == NULL)
            return creg_fail_arena(err, arena);
        if (creg_slice_compare(start, read->key) > 0)
            ret_request->key = bytes_of(start);
    }
    return CREG_OK;
}

/* Answers arrive in the order of keys; pairs_cut sorts what is sorted already. */
static creg_status add_entries(const CregPb__RangeResponse *answer, creg_arena *arena,
                               creg_pairs *pairs, size_t *capacity, creg_error *err)
{
    if (pairs->size + answer->n_kvs > *capacity) {
        size_t wanted = pairs->size + answer->n_kvs;
        if (wanted < *capacity * 2)
            wanted = *capacity * 2;
        creg_pair *grown = creg_arena_grow(arena, pairs->items, *capacity * sizeof *grown,
                                           wanted * sizeof *grown);
        if (grown == NULL)
            return creg_fail_arena(err, arena);
        pairs->items = grown;
        *capacity = wanted;
    }
    for (size_t i = 0; i < answer->n_kvs; i++) {
        creg_slice key = slice_of(answer->kvs[i]->key);
        if (is_liveness(key))
            continue;
        pairs->items[pairs->size++] = (creg_pair){.key = key,
                                                  .value = slice_of(answer->kvs[i]->value),
                                                  .version = version_of(answer->kvs[i])};
    }
    return CREG_OK;
}

static creg_status take_read(const creg_pairs *pairs, creg_read *read, creg_arena *arena,
                             creg_error *err)
{
    if (read->is_list)
        return creg_pairs_cut(pairs->items, pairs->size, read, arena, err);
    read->ret_pairs = *pairs;
    return CREG_OK;
}

/* A long list comes in pages of one revision. */
static creg_status read_pages(creg_driver_state *state, creg_read *read, creg_arena *arena,
                              uint64_t *ret_revision, creg_error *err)
{
    CregPb__RangeRequest request;
    creg_status status = fill_range(state, read, arena, &request, err);
    creg_pairs pairs = {NULL, 0};
    size_t capacity = 0;
    /* With cut subtrees nobody knows how many keys make a page. */
    bool is_limited = read->is_list && read->depth == 0 && read->limit > 0;
    request.limit = read->is_list ? PAGE_KEYS : 0;
    for (bool more = status == CREG_OK; more;) {
        CregPb__RangeResponse *answer;
        status = send_range(state, &request, arena, &answer, err);
        if (status == CREG_OK)
            status = check_range(answer, &request, err);
        if (status == CREG_OK)
            status = add_entries(answer, arena, &pairs, &capacity, err);
        if (status != CREG_OK)
            return status;
        *ret_revision = request.revision != 0 ? (uint64_t)request.revision
                                              : (uint64_t)answer->header->revision;
        request.revision = (int64_t)*ret_revision;
        more = answer->more && answer->n_kvs > 0 && !(is_limited && pairs.size > read->limit);
        if (more) {
            creg_slice last = slice_of(answer->kvs[answer->n_kvs - 1]->key);
            creg_slice next = creg_arena_copy(arena, last); /* and the NUL behind it */
            if (next.data == NULL)
                return creg_fail_arena(err, arena);
            request.key = bytes_of(creg_slice_make(next.data, next.size + 1));
        }
    }
    return status == CREG_OK ? take_read(&pairs, read, arena, err) : status;
}

/* At most READS_MAX reads in one transaction, at `*revision` if that is not 0, which is set. */
static creg_status read_some(creg_driver_state *state, creg_read *reads, size_t count,
                             creg_arena *arena, uint64_t *revision, creg_error *err)
{
    CregPb__RangeRequest *ranges = creg_arena_calloc(arena, count, sizeof *ranges);
    CregPb__RequestOp *operations = creg_arena_calloc(arena, count, sizeof *operations);
    CregPb__RequestOp **listed = creg_arena_calloc(arena, count, sizeof *listed);
    if (ranges == NULL || operations == NULL || listed == NULL)
        return creg_fail_arena(err, arena);
    creg_status status = CREG_OK;
    for (size_t i = 0; i < count && status == CREG_OK; i++) {
        status = fill_range(state, &reads[i], arena, &ranges[i], err);
        ranges[i].revision = (int64_t)*revision;
        creg_pb__request_op__init(&operations[i]);
        operations[i].request_case = CREG_PB__REQUEST_OP__REQUEST_REQUEST_RANGE;
        operations[i].request_range = &ranges[i];
        listed[i] = &operations[i];
    }
    CregPb__TxnRequest request = CREG_PB__TXN_REQUEST__INIT;
    request.success = listed;
    request.n_success = count;
    creg_etcd_call call = {.method = "/etcdserverpb.KV/Txn",
                           .request = &request.base,
                           .answer = &creg_pb__txn_response__descriptor};
    CregPb__TxnResponse *answer;
    if (status == CREG_OK)
        status = creg_etcd_send(state, &call, arena, &answer, err);
    if (status != CREG_OK)
        return status;
    if (answer->n_responses != count || answer->header == NULL)
        return creg_fail(err, CREG_UNAVAILABLE, "etcd answered %zu of %zu reads",
                         answer->n_responses, count);
    if (*revision == 0)
        *revision = (uint64_t)answer->header->revision;
    for (size_t i = 0; i < count && status == CREG_OK; i++) {
        const CregPb__RangeResponse *range = answer->responses[i]->response_range;
        if (range == NULL)
            return creg_fail(err, CREG_UNAVAILABLE, "etcd answered a read with something else");
        creg_pairs pairs = {NULL, 0};
        size_t capacity = 0;
        status = check_range(range, &ranges[i], err);
        if (status == CREG_OK)
            status = add_entries(range, arena, &pairs, &capacity, err);
        if (status == CREG_OK)
            status = take_read(&pairs, &reads[i], arena, err);
    }
    return status;
}

/* More than one transaction takes are read at the revision of the first. */
static creg_status read_many(creg_driver_state *state, creg_read *reads, size_t count,
                             creg_arena *arena, uint64_t *ret_revision, creg_error *err)
{
    *ret_revision = 0;
    creg_status status = CREG_OK;
    for (size_t at = 0; status == CREG_OK && at < count; at += READS_MAX) {
        size_t now = count - at < READS_MAX ? count - at : READS_MAX;
        status = read_some(state, reads + at, now, arena, ret_revision, err);
    }
    return status;
}

static creg_status etcd_read(creg_driver_state *state, creg_read *reads, size_t count,
                             creg_arena *arena, uint64_t *ret_revision, creg_error *err)
{
    creg_read nothing = {.key = state->somewhere, .keys_only = true};
    creg_status status;
    int tries = 0;
    do {
        status = count > 1 ? read_many(state, reads, count, arena, ret_revision, err)
                           : read_pages(state, count == 1 ? reads : &nothing, arena,
                                        ret_revision, err);
    } while (status == CREG_CONFLICT && ++tries < 5); /* compacted between two pages */
    return status;
}

/* ---- transactions ----------------------------------------------------------------------- */

typedef struct plan {
    const creg_transaction *transaction;
    lease *bound;
    creg_arena *arena;
    CregPb__Compare **compares;
    size_t compare_count;
    CregPb__RequestOp **operations;
    size_t operation_count;
} plan;

static bool is_binding(const creg_transaction *transaction)
{
    for (size_t i = 0; i < transaction->operation_count; i++)
        if (transaction->operations[i].kind == CREG_OPERATION_PUT &&
            transaction->operations[i].bind_liveness)
            return true;
    return false;
}

static CregPb__Compare *add_compare(plan *work, CregPb__Compare__Target target)
{
    CregPb__Compare *compare = creg_arena_new(work->arena, CregPb__Compare);
    if (compare == NULL)
        return NULL;
    creg_pb__compare__init(compare);
    compare->target = target;
    work->compares[work->compare_count++] = compare;
    return compare;
}

static bool add_check(plan *work, const creg_check *check)
{
    bool is_version = check->kind == CREG_CHECK_VERSION && check->version.present;
    CregPb__Compare *compare = add_compare(work, is_version ? CREG_PB__COMPARE__TARGET__MOD
                                                            : CREG_PB__COMPARE__TARGET__CREATE);
    if (compare == NULL)
        return false;
    compare->key = bytes_of(check->key);
    if (is_version) {
        compare->target_union_case = CREG_PB__COMPARE__TARGET_UNION_MOD_REVISION;
        compare->mod_revision = (int64_t)check->version.major;
        return true;
    }
    compare->target_union_case = CREG_PB__COMPARE__TARGET_UNION_CREATE_REVISION;
    compare->create_revision = 0;
    if (check->kind == CREG_CHECK_PRESENT)
        compare->result = CREG_PB__COMPARE__RESULT__GREATER;
    if (check->kind == CREG_CHECK_SUBTREE_EMPTY)
        return range_below(check->key, "/", work->arena, &compare->key, &compare->range_end);
    return true;
}

static bool add_fence(plan *work)
{
    if (work->bound == NULL || work->bound->key[0] == '\0' || is_binding(work->transaction))
        return true;
    CregPb__Compare *compare = add_compare(work, CREG_PB__COMPARE__TARGET__LEASE);
    if (compare == NULL)
        return false;
    compare->key = bytes_of(creg_slice_of(work->bound->key));
    compare->target_union_case = CREG_PB__COMPARE__TARGET_UNION_LEASE;
    compare->lease = work->bound->id;
    return true;
}

static CregPb__RequestOp *add_operation(plan *work)
{
    CregPb__RequestOp *operation = creg_arena_new(work->arena, CregPb__RequestOp);
    if (operation == NULL)
        return NULL;
    creg_pb__request_op__init(operation);
    work->operations[work->operation_count++] = operation;
    return operation;
}

static bool add_put(plan *work, creg_slice key, creg_slice value, int64_t lease_id)
{
    CregPb__RequestOp *operation = add_operation(work);
    CregPb__PutRequest *put = creg_arena_new(work->arena, CregPb__PutRequest);
    if (operation == NULL || put == NULL)
        return false;
    creg_pb__put_request__init(put);
    put->key = bytes_of(key);
    put->value = bytes_of(value);
    put->lease = lease_id;
    operation->request_case = CREG_PB__REQUEST_OP__REQUEST_REQUEST_PUT;
    operation->request_put = put;
    return true;
}

/* `behind` NULL: the key itself; else everything that begins with key and `behind`. */
static bool add_delete(plan *work, creg_slice key, const char *behind)
{
    CregPb__RequestOp *operation = add_operation(work);
    CregPb__DeleteRangeRequest *removal =
        creg_arena_new(work->arena, CregPb__DeleteRangeRequest);
    if (operation == NULL || removal == NULL)
        return false;
    creg_pb__delete_range_request__init(removal);
    removal->key = bytes_of(key);
    operation->request_case = CREG_PB__REQUEST_OP__REQUEST_REQUEST_DELETE_RANGE;
    operation->request_delete_range = removal;
    return behind == NULL ||
           range_below(key, behind, work->arena, &removal->key, &removal->range_end);
}

static bool add_bond(plan *work, creg_slice key)
{
    lease *bound = work->bound;
    if (bound == NULL)
        return true;
    /* Kept before it is known whether it happens: an unknown outcome must not lose the fence. */
    snprintf(bound->key, sizeof bound->key, "%.*s/~live.%016llx", (int)key.size, key.data,
             (unsigned long long)bound->id);
    return add_put(work, creg_slice_of(bound->key), creg_slice_make("", 0), bound->id);
}

static bool add_request(plan *work, const creg_operation *operation)
{
    switch (operation->kind) {
    case CREG_OPERATION_PUT:
        return add_put(work, operation->key, operation->value, 0) &&
               (!operation->bind_liveness || add_bond(work, operation->key));
    case CREG_OPERATION_DELETE:
        return add_delete(work, operation->key, NULL) &&
               add_delete(work, operation->key, "/~live.");
    case CREG_OPERATION_DELETE_TREE:
        return add_delete(work, operation->key, "/");
    }
    return false;
}

static bool make_requests(plan *work)
{
    const creg_transaction *transaction = work->transaction;
    work->compares =
        creg_arena_calloc(work->arena, transaction->check_count + 1, sizeof *work->compares);
    work->operations = creg_arena_calloc(work->arena, transaction->operation_count * 2 + 1,
                                         sizeof *work->operations);
    if (work->compares == NULL || work->operations == NULL)
        return false;
    bool is_made = true;
    for (size_t i = 0; i < transaction->check_count && is_made; i++)
        is_made = add_check(work, &transaction->checks[i]);
    is_made = is_made && add_fence(work);
    for (size_t i = 0; i < transaction->operation_count && is_made; i++)
        is_made = add_request(work, &transaction->operations[i]);
    return is_made;
}

/* Replace the operations by transactions of `each` operations. */
static bool nest(plan *work, size_t each)
{
    size_t groups = (work->operation_count + each - 1) / each;
    CregPb__RequestOp **outer = creg_arena_calloc(work->arena, groups, sizeof *outer);
    CregPb__RequestOp *operations = creg_arena_calloc(work->arena, groups, sizeof *operations);
    CregPb__TxnRequest *inner = creg_arena_calloc(work->arena, groups, sizeof *inner);
    if (outer == NULL || operations == NULL || inner == NULL)
        return false;
    for (size_t i = 0; i < groups; i++) {
        size_t left = work->operation_count - i * each;
        creg_pb__txn_request__init(&inner[i]);
        inner[i].success = work->operations + i * each;
        inner[i].n_success = left < each ? left : each;
        creg_pb__request_op__init(&operations[i]);
        operations[i].request_case = CREG_PB__REQUEST_OP__REQUEST_REQUEST_TXN;
        operations[i].request_txn = &inner[i];
        outer[i] = &operations[i];
    }
    work->operations = outer;
    work->operation_count = groups;
    return true;
}

/* Which check failed: etcd does not say, so the failure branch reads all their keys. */
static void find_failed_check(creg_driver_state *state, const creg_transaction *transaction,
                              creg_arena *arena, size_t *ret_failed_check)
{
    for (size_t i = 0; i < transaction->check_count; i++) {
        const creg_check *check = &transaction->checks[i];
        creg_read read = {.key = check->key};
        bool is_tree = check->kind == CREG_CHECK_SUBTREE_EMPTY;
        if (is_tree) {
            read.is_list = true;
            read.limit = 1;
            read.keys_only = true;
            read.after = creg_slice_make("", 0);
            read.key = check->key.size == 0 ? check->key : join(check->key, "/", arena);
        }
        uint64_t revision;
        if (read.key.data == NULL ||
            etcd_read(state, &read, 1, arena, &revision, NULL) != CREG_OK)
            return;
        bool has_any = read.ret_pairs.size > 0;
        bool holds = check->kind == CREG_CHECK_PRESENT ? has_any : !has_any;
        if (check->kind == CREG_CHECK_VERSION)
            holds = check->version.present == has_any &&
                    (!has_any || read.ret_pairs.items[0].version.major == check->version.major);
        if (!holds) {
            *ret_failed_check = i;
            return;
        }
    }
}

static creg_status apply_in(creg_driver_state *state, const creg_transaction *transaction,
                            creg_arena *arena, size_t *ret_failed_check, creg_error *err)
{
    plan work = {.transaction = transaction, .arena = arena};
    if (transaction->fence != NULL)
        work.bound = creg_liveness_handle(transaction->fence);
    creg_status status = creg_checks_are_numbers(transaction, ret_failed_check, err);
    if (status != CREG_OK)
        return status;
    bool is_made = make_requests(&work);
    if (is_made && work.compare_count > FLAT_MAX)
        return creg_fail(err, CREG_LIMIT, "%zu conditions; etcd takes %d", work.compare_count,
                         FLAT_MAX);
    for (int level = 0;
         is_made && work.operation_count > (level == 0 ? FLAT_MAX : BRANCHES) && level < 2;
         level++)
        is_made = nest(&work, BRANCHES);
    if (!is_made)
        return creg_fail_arena(err, arena);
    if (work.operation_count > FLAT_MAX)
        return creg_fail(err, CREG_LIMIT, "too many operations for one transaction of etcd");

    CregPb__TxnRequest request = CREG_PB__TXN_REQUEST__INIT;
    request.compare = work.compares;
    request.n_compare = work.compare_count;
    request.success = work.operations;
    request.n_success = work.operation_count;
    creg_etcd_call call = {.method = "/etcdserverpb.KV/Txn",
                           .request = &request.base,
                           .answer = &creg_pb__txn_response__descriptor,
                           .is_write = true};
    CregPb__TxnResponse *answer;
    status = creg_etcd_send(state, &call, arena, &answer, err);
    if (status != CREG_OK)
        return status;
    /* Every answer of etcd has a header; without one "not done" may just be what is missing. */
    if (answer->header == NULL)
        return creg_fail(err, CREG_UNKNOWN_OUTCOME,
                         "etcd's answer cannot be read; the change may have been made");
    if (answer->succeeded)
        return CREG_OK;
    find_failed_check(state, transaction, arena, ret_failed_check);
    return creg_fail(err, CREG_CONFLICT, "somebody else was faster; nothing was done");
}

static creg_status etcd_apply(creg_driver_state *state, const creg_transaction *transaction,
                              size_t *ret_failed_check, creg_error *err)
{
    creg_arena arena;
    creg_arena_init(&arena, CREG_LIMIT_OPERATION_BYTES);
    creg_status status = apply_in(state, transaction, &arena, ret_failed_check, err);
    creg_arena_clear(&arena);
    return status;
}

/* ---- waiting ---------------------------------------------------------------------------- */

typedef struct awaited {
    creg_arena *arena;
    uint64_t revision; /* of the first change, 0 until then */
    bool is_compacted;
    bool is_refused;
} awaited;

static bool take_event(void *user, creg_slice message)
{
    awaited *seen = user;
    ProtobufCAllocator allocator;
    creg_etcd_allocator(seen->arena, &allocator);
    CregPb__WatchResponse *response = creg_pb__watch_response__unpack(
        &allocator, message.size, (const uint8_t *)message.data);
    if (response == NULL) {
        seen->is_refused = true;
        return false;
    }
    if (response->canceled) {
        seen->is_compacted = response->compact_revision > 0;
        seen->is_refused = !seen->is_compacted;
        seen->revision = response->header != NULL ? (uint64_t)response->header->revision : 0;
        return false;
    }
    if (response->n_events == 0)
        return true; /* "created", or a sign of life */
    seen->revision = response->header != NULL ? (uint64_t)response->header->revision : 1;
    return false;
}

static creg_status watch(creg_driver_state *state, creg_slice prefix, uint64_t revision,
                         uint32_t timeout_ms, creg_arena *arena, awaited *seen, creg_error *err)
{
    CregPb__WatchCreateRequest create = CREG_PB__WATCH_CREATE_REQUEST__INIT;
    if (!range_of_prefix(prefix, arena, &create.key, &create.range_end))
        return creg_fail_arena(err, arena);
    create.start_revision = (int64_t)revision + 1;
    CregPb__WatchRequest request = CREG_PB__WATCH_REQUEST__INIT;
    request.request_union_case = CREG_PB__WATCH_REQUEST__REQUEST_UNION_CREATE_REQUEST;
    request.create_request = &create;
    creg_grpc_request call = {.method = "/etcdserverpb.Watch/Watch",
                              .timeout_ms = timeout_ms == 0 ? 1 : timeout_ms,
                              .take = take_event,
                              .take_user = seen,
                              .token = creg_etcd_token(state, arena)};
    creg_status status = creg_etcd_pack(&request.base, arena, &call.message, err);
    creg_grpc_answer answer = {0};
    return status == CREG_OK ? creg_grpc_call(state->http, &call, arena, &answer, err) : status;
}

static creg_status etcd_wait(creg_driver_state *state, creg_slice prefix, uint64_t revision,
                             uint32_t timeout_ms, uint64_t *ret_revision, creg_error *err)
{
    creg_arena arena;
    creg_arena_init(&arena, CREG_LIMIT_OPERATION_BYTES);
    if (revision == 0) { /* a watch from the start would ask for the whole history */
        creg_status answered = etcd_read(state, NULL, 0, &arena, ret_revision, err);
        creg_arena_clear(&arena);
        return answered;
    }
    awaited seen = {.arena = &arena};
    uint64_t deadline = creg_clock_ms() + timeout_ms;
    creg_status status = watch(state, prefix, revision, timeout_ms, &arena, &seen, err);
    *ret_revision = revision;
    if (status == CREG_OK && seen.is_refused) {
        status = creg_etcd_authenticate(state, err); /* the likely reason, if there is a user */
        *ret_revision = revision;
    } else if (status == CREG_OK && seen.is_compacted) {
        *ret_revision = 0;
    } else if (status == CREG_OK && seen.revision > 0) {
        *ret_revision = seen.revision;
    } else if (status == CREG_OK || status == CREG_UNKNOWN_OUTCOME ||
               status == CREG_UNAVAILABLE) {
        /* The stream broke or ended, or the time is over: nothing was asked to be done. */
        status = creg_clock_ms() + 20 >= deadline
                     ? creg_fail(err, CREG_TIMEOUT, "nothing changed in %u ms", timeout_ms)
                     : creg_fail(err, CREG_UNAVAILABLE, "the watch on etcd broke off");
    }
    creg_arena_clear(&arena);
    return status;
}

/* ---- liveness --------------------------------------------------------------------------- */

static creg_status etcd_liveness_open(creg_driver_state *state, creg_slice name,
                                      uint32_t *ttl_ms, void **ret_handle, creg_error *err)
{
    (void)name;
    creg_arena arena;
    creg_arena_init(&arena, 1024 * 1024);
    CregPb__LeaseGrantRequest request = CREG_PB__LEASE_GRANT_REQUEST__INIT;
    request.ttl = ((int64_t)*ttl_ms + 999) / 1000;
    /* A lease too many expires by itself, so the call may be repeated. */
    creg_etcd_call call = {.method = "/etcdserverpb.Lease/LeaseGrant",
                           .request = &request.base,
                           .answer = &creg_pb__lease_grant_response__descriptor};
    CregPb__LeaseGrantResponse *answer;
    creg_status status = creg_etcd_send(state, &call, &arena, &answer, err);
    lease *bound = NULL;
    bool is_granted = status == CREG_OK && answer->id != 0 && answer->ttl > 0 &&
                      answer->ttl <= (int64_t)(UINT32_MAX / 1000);
    if (status == CREG_OK && !is_granted)
        status = creg_fail(err, CREG_UNAVAILABLE, "etcd gave a lease that cannot be used");
    if (status == CREG_OK) {
        bound = creg_memory_calloc(1, sizeof *bound);
        if (bound == NULL)
            status = creg_fail(err, CREG_NO_MEMORY, "out of memory");
    }
    if (status == CREG_OK) {
        bound->id = answer->id;
        *ttl_ms = (uint32_t)(answer->ttl * 1000);
        *ret_handle = bound;
    }
    creg_arena_clear(&arena);
    return status;
}

static creg_status etcd_liveness_renew(creg_driver_state *state, void *handle, creg_error *err)
{
    const lease *bound = handle;
    creg_arena arena;
    creg_arena_init(&arena, 1024 * 1024);
    CregPb__LeaseRequest request = CREG_PB__LEASE_REQUEST__INIT;
    request.id = bound->id;
    creg_etcd_call call = {.method = "/etcdserverpb.Lease/LeaseKeepAlive",
                           .request = &request.base,
                           .answer = &creg_pb__lease_keep_alive_response__descriptor};
    CregPb__LeaseKeepAliveResponse *answer;
    creg_status status = creg_etcd_send(state, &call, &arena, &answer, err);
    if (status == CREG_OK && answer->ttl <= 0)
        status = creg_fail(err, CREG_CONFLICT, "the liveness is lost: its lease is gone");
    creg_arena_clear(&arena);
    return status;
}

/* Best effort: a lease that is not revoked expires by itself. */
static void etcd_liveness_release(creg_driver_state *state, void *handle)
{
    lease *bound = handle;
    creg_arena arena;
    creg_arena_init(&arena, 1024 * 1024);
    CregPb__LeaseRequest request = CREG_PB__LEASE_REQUEST__INIT;
    request.id = bound->id;
    creg_etcd_call call = {.method = "/etcdserverpb.Lease/LeaseRevoke",
                           .is_write = true,
                           .request = &request.base,
                           .answer = &creg_pb__lease_keep_alive_response__descriptor};
    CregPb__LeaseKeepAliveResponse *answer;
    creg_etcd_send(state, &call, &arena, &answer, NULL);
    creg_arena_clear(&arena);
    creg_memory_free(bound);
}

static creg_status etcd_liveness_check(creg_driver_state *state, creg_slice key,
                                       bool *ret_alive, creg_error *err)
{
    creg_arena arena;
    creg_arena_init(&arena, 1024 * 1024);
    CregPb__RangeRequest request = CREG_PB__RANGE_REQUEST__INIT;
    request.count_only = true;
    CregPb__RangeResponse *answer = NULL;
    creg_status status = CREG_OK;
    if (!range_below(key, "/~live.", &arena, &request.key, &request.range_end))
        status = creg_fail_arena(err, &arena);
    if (status == CREG_OK)
        status = send_range(state, &request, &arena, &answer, err);
    if (status == CREG_OK)
        *ret_alive = answer->count > 0;
    creg_arena_clear(&arena);
    return status;
}

/* ---- facts ------------------------------------------------------------------------------ */

static creg_status etcd_info(creg_driver_state *state, creg_arena *arena, creg_pairs *ret_facts,
                             creg_error *err)
{
    CregPb__StatusResponse *facts;
    creg_status status = get_status(state, arena, &facts, err);
    if (status == CREG_OK)
        status = creg_pairs_fact(ret_facts, arena, "server", "etcd %s", facts->version);
    if (status == CREG_OK)
        status = creg_pairs_fact(ret_facts, arena, "database_bytes", "%lld",
                                 (long long)facts->dbsize);
    if (status == CREG_OK)
        status =
            creg_pairs_fact(ret_facts, arena, "revision", "%lld",
                            (long long)(facts->header == NULL ? 0 : facts->header->revision));
    return status;
}

static const char *const schemes[] = {"etcd", "etcds", NULL};
static const char *const parameters[] = {
    "user",        "password_file", "ca_file", "cert_file",   "key_file",
    "server_name", "insecure",      "tls",     "consistency", NULL};

const creg_store_driver creg_driver_etcd = {
    .name = "etcd",
    .schemes = schemes,
    .private_size = sizeof(struct creg_driver_state),
    .capabilities = CREG_STORE_SNAPSHOT_READ | CREG_STORE_NEEDS_FENCE |
                    CREG_STORE_MULTI_PROCESS | CREG_STORE_SMALL_TRANSACTIONS,
    .parameters = parameters,
    /* Keys and values as they are; the request adds some ten bytes an operation, and may have
     * 1.5 MiB. Nesting would take 74,088 operations, but so many do not fit the bytes. */
    .limits = {.transaction_operations = 25000,
               .transaction_bytes = 1480 * 1000,
               .key_bytes = CREG_LIMIT_KEY,
               .value_bytes = CREG_LIMIT_VALUE,
               .operation_bytes = 10,
               .writers = 4},

    .open = etcd_open,
    .close = etcd_close,
    .abandon = etcd_abandon,
    .get = etcd_get,
    .read = etcd_read,
    .apply = etcd_apply,
    .wait = etcd_wait,
    .liveness_open = etcd_liveness_open,
    .liveness_renew = etcd_liveness_renew,
    .liveness_release = etcd_liveness_release,
    .liveness_check = etcd_liveness_check,
    .info = etcd_info,
};
