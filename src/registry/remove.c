/* SPDX-License-Identifier: MIT */
/*
 * Removing trees: at once where the store can, else invisible first and gone later.
 */
#include "registry/remove.h"

#include "base/fail.h"
#include "base/failpoint.h"
#include "registry/chunks.h"
#include "registry/record.h"
#include "registry/send.h"

enum {
    SUBTREE_KEYS_MAX = 500, /* keys below one DELETE_TREE, when it has to go in pieces */
    PART_DEPTH = 2          /* nodes/NODE, services/SERVICE */
};

/* One removal: what must hold while it goes on, and the keys of the books. */
typedef struct removal {
    creg_registry *registry;
    const creg_dn *dn;
    creg_key record, intent, edited, request;
    bool has_request;
    size_t key_count; /* as the record says; 0: not known */
    creg_check guard; /* must hold in every transaction */
    creg_liveness *fence;
    creg_arena arena;
} removal;

static creg_status open_removal(removal *work, creg_slice request, creg_error *err)
{
    creg_dn_book(work->dn, CREG_BOOK_COMMIT, &work->record);
    creg_dn_book(work->dn, CREG_BOOK_INTENT, &work->intent);
    creg_dn_book(work->dn, CREG_BOOK_EDITED, &work->edited);
    if (request.size == 0) /* a record that somebody else wrote */
        return CREG_OK;
    creg_slice encoded = creg_key_encode(request, &work->arena);
    if (encoded.data == NULL)
        return creg_fail_arena(err, &work->arena);
    creg_request_book(encoded, &work->request);
    work->has_request = true;
    return CREG_OK;
}

static creg_operation delete_key(const creg_key *key)
{
    return (creg_operation){.kind = CREG_OPERATION_DELETE, .key = creg_key_slice(key)};
}

static creg_status apply(removal *work, const creg_operation *operations, size_t count,
                         creg_error *err)
{
    creg_transaction transaction = {.checks = &work->guard,
                                    .check_count = 1,
                                    .operations = operations,
                                    .operation_count = count,
                                    .fence = work->fence};
    return creg_store_apply(work->registry->store, &transaction, NULL, err);
}

/* The tree, the books and the guard's key in one transaction. */
static creg_status remove_at_once(removal *work, creg_error *err)
{
    creg_slice tree = creg_dn_instance(work->dn);
    creg_operation operations[6];
    size_t count = 0;
    /* Of record and intent one is the guard; the other may be a journal of this instance. */
    operations[count++] = delete_key(&work->record);
    operations[count++] = delete_key(&work->intent);
    operations[count++] = delete_key(&work->edited);
    if (work->has_request)
        operations[count++] = delete_key(&work->request);
    operations[count++] = (creg_operation){.kind = CREG_OPERATION_DELETE, .key = tree};
    operations[count++] = (creg_operation){.kind = CREG_OPERATION_DELETE_TREE, .key = tree};
    return apply(work, operations, count, err);
}

/* ---- in pieces ----------------------------------------------------------------------------- */

/* Position of the first key from `low` on that does not begin with `prefix` and a '/'. */
static size_t end_of_subtree(const creg_pairs *keys, size_t low, creg_slice prefix)
{
    size_t high = keys->size;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        creg_slice key = keys->items[middle].key;
        bool is_below = key.size > prefix.size && key.data[prefix.size] == '/' &&
                        memcmp(key.data, prefix.data, prefix.size) == 0;
        if (is_below)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The key's part up to the segment that begins at `at`, that one included. */
static creg_slice through_segment(creg_slice key, size_t at)
{
    const char *slash = memchr(key.data + at, '/', key.size - at);
    return creg_slice_make(key.data, slash == NULL ? key.size : (size_t)(slash - key.data));
}

/*
 * The largest subtree that begins with this key and is small enough to go at once; else the
 * key alone. Whole subtrees, because ZooKeeper's directories are removed with them only.
 */
static creg_operation next_delete(const creg_pairs *keys, size_t at, size_t top_size,
                                  size_t *ret_count)
{
    creg_slice key = keys->items[at].key;
    creg_slice tree = through_segment(key, top_size + 1);
    while (tree.size < key.size) {
        *ret_count = end_of_subtree(keys, at, tree) - at;
        if (*ret_count <= SUBTREE_KEYS_MAX)
            return (creg_operation){.kind = CREG_OPERATION_DELETE_TREE, .key = tree};
        tree = through_segment(key, tree.size + 1);
    }
    *ret_count = 1;
    return (creg_operation){.kind = CREG_OPERATION_DELETE, .key = key};
}

static creg_status delete_all(removal *work, const creg_operation *operations,
                              const uint32_t *weights, size_t count, creg_error *err)
{
    creg_chunks chunks = {.registry = work->registry,
                          .operations = operations,
                          .weights = weights,
                          .count = count,
                          .checks = &work->guard,
                          .check_count = 1,
                          .fence = work->fence};
    return creg_chunks_apply(&chunks, err);
}

static creg_status list_keys(removal *work, uint32_t depth, creg_pairs *ret_keys,
                             creg_operation **ret_operations, uint32_t **ret_weights,
                             creg_error *err)
{
    creg_read read = {
        .is_list = true, .key = creg_dn_instance(work->dn), .depth = depth, .keys_only = true};
    creg_status status =
        creg_store_read(work->registry->store, &read, 1, &work->arena, NULL, err);
    if (status != CREG_OK)
        return status;
    size_t size = read.ret_pairs.size;
    *ret_keys = read.ret_pairs;
    *ret_operations = creg_arena_calloc(&work->arena, size, sizeof **ret_operations);
    *ret_weights = creg_arena_calloc(&work->arena, size, sizeof **ret_weights);
    bool is_made = *ret_operations != NULL && *ret_weights != NULL;
    return is_made ? CREG_OK : creg_fail_arena(err, &work->arena);
}

/* Everything below the instance's key but the few directories that hold large subtrees. */
static creg_status remove_by_keys(removal *work, creg_error *err)
{
    creg_slice top = creg_dn_instance(work->dn);
    creg_pairs keys;
    creg_operation *operations;
    uint32_t *weights;
    creg_status status = list_keys(work, 0, &keys, &operations, &weights, err);
    if (status != CREG_OK)
        return status;
    size_t count = 0;
    for (size_t at = 0; at < keys.size; count++) {
        size_t below;
        operations[count] = next_delete(&keys, at, top.size, &below);
        weights[count] = (uint32_t)below;
        at += below;
    }
    return delete_all(work, operations, weights, count, err);
}

static bool take_part(creg_slice key, creg_operation *part)
{
    bool is_subtree = key.data[key.size - 1] == '/';
    key.size -= is_subtree;
    *part = (creg_operation){
        .kind = is_subtree ? CREG_OPERATION_DELETE_TREE : CREG_OPERATION_DELETE, .key = key};
    return is_subtree;
}

/*
 * The same without reading every key: whole nodes and services, of about the size that the
 * number of keys lets expect. CREG_LIMIT when one of them turns out to be too large.
 */
static creg_status remove_by_parts(removal *work, creg_error *err)
{
    creg_pairs parts;
    creg_operation *operations;
    uint32_t *weights;
    creg_status status = list_keys(work, PART_DEPTH, &parts, &operations, &weights, err);
    if (status != CREG_OK)
        return status;
    size_t subtrees = 0;
    for (size_t i = 0; i < parts.size; i++) {
        weights[i] = take_part(parts.items[i].key, &operations[i]);
        subtrees += weights[i];
    }
    size_t each = subtrees == 0 ? 1 : work->key_count / subtrees + 1;
    if (each > SUBTREE_KEYS_MAX)
        each = SUBTREE_KEYS_MAX;
    for (size_t i = 0; i < parts.size; i++)
        weights[i] = weights[i] == 0 ? 1 : (uint32_t)each;
    return delete_all(work, operations, weights, parts.size, err);
}

static bool reads_before_deleting(const creg_registry *registry)
{
    unsigned capabilities = creg_store_capabilities(registry->store);
    return (capabilities & CREG_STORE_DELETES_KEY_BY_KEY) != 0;
}

static creg_status remove_subtrees(removal *work, creg_error *err)
{
    creg_status status = CREG_LIMIT;
    if (reads_before_deleting(work->registry) && work->key_count > 0)
        status = remove_by_parts(work, err);
    return status == CREG_LIMIT ? remove_by_keys(work, err) : status;
}

/* The tree is gone; now the instance's own key, the books, and last the intent that guards. */
static creg_status remove_rest(removal *work, creg_error *err)
{
    creg_slice top = creg_dn_instance(work->dn);
    creg_operation operations[5];
    size_t count = 0;
    operations[count++] = delete_key(&work->edited);
    operations[count++] = delete_key(&work->intent);
    if (work->has_request)
        operations[count++] = delete_key(&work->request);
    operations[count++] = (creg_operation){.kind = CREG_OPERATION_DELETE, .key = top};
    operations[count++] = (creg_operation){.kind = CREG_OPERATION_DELETE_TREE, .key = top};
    return apply(work, operations, count, err);
}

/* An intent to delete takes the record's place: from here on nobody sees the instance. */
static creg_status hide(removal *work, const creg_intent *intent, creg_error *err)
{
    creg_slice text;
    creg_status status = creg_intent_print(intent, &work->arena, &text, err);
    if (status != CREG_OK)
        return status;
    creg_operation operations[] = {
        {.kind = CREG_OPERATION_DELETE, .key = creg_key_slice(&work->record)},
        {.kind = CREG_OPERATION_PUT,
         .key = creg_key_slice(&work->intent),
         .value = text,
         .bind_liveness = true},
    };
    status = apply(work, operations, sizeof operations / sizeof operations[0], err);
    work->guard =
        (creg_check){.kind = CREG_CHECK_PRESENT, .key = creg_key_slice(&work->intent)};
    return status;
}

static creg_status remove_in_pieces(removal *work, const creg_intent *intent, creg_error *err)
{
    creg_status status =
        creg_liveness_open(work->registry->store, creg_key_slice(&work->intent),
                           work->registry->liveness_ms, &work->fence, err);
    if (status != CREG_OK)
        return status;
    if (CREG_BUG(CREG_BUG_KEYS_BEFORE_RECORD))
        (void)remove_subtrees(work, err);
    status = hide(work, intent, err);
    bool is_hidden = status == CREG_OK;
    if (is_hidden)
        status = remove_subtrees(work, err);
    if (status == CREG_OK)
        status = remove_rest(work, err);
    creg_liveness_release(work->fence);
    /* Once it is invisible it is removed; a sweep takes what is left of it. */
    return is_hidden ? CREG_OK : status;
}

/* ---- on request ------------------------------------------------------------------------------ */

static creg_status fail_absent(const creg_dn *dn, creg_error *err)
{
    return creg_fail(err, CREG_NOT_FOUND, "there is no instance %.*s",
                     CREG_SHOW(creg_dn_instance(dn)));
}

/* Is a refusal or an unclear answer really the end of the instance? Ask. */
static creg_status settle(removal *work, creg_status status, bool was_unclear, creg_error *err)
{
    if (status == CREG_OK)
        return CREG_OK;
    creg_slice text;
    creg_status found = creg_store_get(work->registry->store, creg_key_slice(&work->record),
                                       &work->arena, &text, NULL, NULL);
    if (found == CREG_NOT_FOUND)
        return was_unclear ? CREG_OK : fail_absent(work->dn, err);
    if (was_unclear)
        return creg_send_unknown(work->dn, creg_slice_make(NULL, 0), err);
    return status;
}

/* Where it is known beforehand, the attempt is spared: it would read every key. */
static bool must_go_in_pieces(const creg_registry *registry, size_t key_count)
{
    size_t most = registry->transaction_operations;
    creg_limits limits;
    if (most == 0 && reads_before_deleting(registry) &&
        creg_store_limits(registry->store, &limits, NULL) == CREG_OK)
        most = limits.transaction_operations;
    return most != 0 && key_count > most;
}

static creg_status remove_committed(removal *work, const creg_instance *record, creg_error *err)
{
    creg_status status = CREG_LIMIT;
    if (!must_go_in_pieces(work->registry, record->key_count))
        status = remove_at_once(work, err);
    bool was_unclear = status == CREG_UNKNOWN_OUTCOME;
    if (was_unclear) /* harmless to repeat: an id is never given out again */
        status = remove_at_once(work, err);
    creg_intent intent = {
        .request_id = record->request_id, .is_delete = true, .key_count = record->key_count};
    if (status == CREG_LIMIT)
        status = remove_in_pieces(work, &intent, err);
    return settle(work, status, was_unclear || status == CREG_UNKNOWN_OUTCOME, err);
}

creg_status creg_remove_instance(creg_registry *registry, const creg_dn *dn, creg_error *err)
{
    removal work = {.registry = registry, .dn = dn};
    creg_arena_init(&work.arena, CREG_LIMIT_OPERATION_BYTES);
    creg_dn_book(dn, CREG_BOOK_COMMIT, &work.record);
    creg_slice text;
    creg_instance record = {0};
    work.guard = (creg_check){.kind = CREG_CHECK_PRESENT, .key = creg_key_slice(&work.record)};
    creg_status status =
        creg_store_get(registry->store, work.guard.key, &work.arena, &text, NULL, err);
    if (status == CREG_NOT_FOUND)
        status = fail_absent(dn, err);
    else if (status == CREG_OK)
        status = creg_record_parse(work.guard.key, text, &work.arena, &record, err);
    work.key_count = record.key_count;
    if (status == CREG_OK)
        status = open_removal(&work, record.request_id, err);
    if (status == CREG_OK)
        status = remove_committed(&work, &record, err);
    creg_arena_clear(&work.arena);
    return status;
}

/* ---- what dead writers left -------------------------------------------------------------------- */

creg_status creg_remove_debris(creg_registry *registry, const creg_dn *dn, creg_slice request,
                               creg_version version, creg_liveness *fence, creg_error *err)
{
    removal work = {.registry = registry, .dn = dn, .fence = fence};
    creg_arena_init(&work.arena, CREG_LIMIT_OPERATION_BYTES);
    creg_status status = open_removal(&work, request, err);
    work.guard = (creg_check){
        .kind = CREG_CHECK_VERSION, .key = creg_key_slice(&work.intent), .version = version};
    if (status == CREG_OK)
        status = remove_at_once(&work, err);
    if (status == CREG_LIMIT) {
        status = remove_subtrees(&work, err);
        if (status == CREG_OK)
            status = remove_rest(&work, err);
    }
    creg_arena_clear(&work.arena);
    return status;
}
