/* SPDX-License-Identifier: MIT */
/*
 * A transaction as callers write it, checked and turned into the one form that drivers take.
 *
 * The stores disagree about what a transaction may hold: etcd refuses one key twice, Consul
 * applies both in order, ZooKeeper needs parents first. So the narrowest rule holds for all,
 * and operations go down sorted by key, which is what LMDB wants to be fast, too.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/fail.h"
#include "store/key.h"
#include "store/liveness.h"
#include "store/pairs.h"
#include "store/store_internal.h"

/* What is being prepared, for the steps below. */
typedef struct preparation {
    const creg_store *store;
    creg_limits limits;
    creg_arena *arena;
    size_t bytes;     /* of all keys and values: a lower bound of what any store will send */
    bool is_unsorted; /* a key does not lie behind the one before it */
    bool has_tree;    /* a DELETE_TREE, which may cover other operations */
    bool is_changed;  /* drivers cannot take the operations as the caller wrote them */
    creg_error *err;
} preparation;

/* ---- sizes ------------------------------------------------------------------------------ */

static creg_status check_key_size(preparation *prep, creg_slice key)
{
    size_t size = prep->store->root.size + key.size;
    if (prep->limits.key_bytes == 0 || size <= prep->limits.key_bytes)
        return CREG_OK;
    return creg_fail(prep->err, CREG_LIMIT, "key '%.*s...' is %zu bytes long, %s takes %zu",
                     key.size < 80 ? (int)key.size : 80, key.data, size,
                     prep->store->driver->name, prep->limits.key_bytes);
}

static creg_status check_value_size(preparation *prep, const creg_operation *operation)
{
    if (prep->limits.value_bytes == 0 || operation->value.size <= prep->limits.value_bytes)
        return CREG_OK;
    return creg_fail(prep->err, CREG_LIMIT, "the value of '%.*s' has %zu bytes, %s takes %zu",
                     CREG_SHOW(operation->key), operation->value.size,
                     prep->store->driver->name, prep->limits.value_bytes);
}

static creg_status check_totals(preparation *prep, const creg_transaction *transaction)
{
    size_t count =
        transaction->operation_count + transaction->check_count + (transaction->fence != NULL);
    size_t most = prep->limits.transaction_operations;
    if (most != 0 && count > most)
        return creg_fail(prep->err, CREG_LIMIT,
                         "a transaction of %zu operations and checks, %s takes %zu", count,
                         prep->store->driver->name, most);
    /* One bare put is no transaction to any store; the limit of a value is enough for it. */
    bool is_bare = count == 1 && transaction->operation_count == 1;
    most = prep->limits.transaction_bytes;
    if (most != 0 && prep->bytes > most && !is_bare)
        return creg_fail(prep->err, CREG_LIMIT, "a transaction of %zu bytes, %s takes %zu",
                         prep->bytes, prep->store->driver->name, most);
    return CREG_OK;
}

/* ---- single checks and operations ------------------------------------------------------- */

static creg_status prepare_check(preparation *prep, creg_check *check)
{
    bool is_subtree = check->kind == CREG_CHECK_SUBTREE_EMPTY;
    if (!is_subtree || check->key.size > 0) {
        creg_status status = creg_key_check_read(check->key, prep->err);
        if (status != CREG_OK)
            return status;
    }
    creg_status status = check_key_size(prep, check->key);
    if (status != CREG_OK)
        return status;
    check->key = creg_store_whole_key(prep->store, check->key, "", prep->arena);
    if (check->key.data == NULL)
        return creg_fail_arena(prep->err, prep->arena);
    prep->bytes += check->key.size;
    return CREG_OK;
}

static bool is_tree(const creg_operation *operation)
{
    return operation->kind == CREG_OPERATION_DELETE_TREE;
}

/* The narrow door for what is written; `before` has come through it when it is a put, too. */
static creg_status check_operation_key(preparation *prep, const creg_operation *operation,
                                       const creg_operation *before)
{
    creg_slice key = operation->key;
    size_t shared = before == NULL ? 0 : creg_key_shared(before->key, key);
    bool is_behind = before == NULL ||
                     (shared < key.size &&
                      (shared == before->key.size || (unsigned char)before->key.data[shared] <
                                                         (unsigned char)key.data[shared]));
    prep->is_unsorted = prep->is_unsorted || !is_behind;
    if (operation->kind != CREG_OPERATION_PUT)
        return creg_key_check_read(key, prep->err);
    bool is_known = before != NULL && before->kind == CREG_OPERATION_PUT;
    return creg_key_check_write_behind(key, is_known ? shared : 0, prep->err);
}

static creg_status check_operation(preparation *prep, const creg_transaction *transaction,
                                   size_t index)
{
    const creg_operation *operation = &transaction->operations[index];
    bool is_put = operation->kind == CREG_OPERATION_PUT;
    if (operation->bind_liveness && transaction->fence == NULL)
        return creg_fail(prep->err, CREG_USAGE,
                         "key '%.*s' is to be bound to a liveness, but there is no fence",
                         CREG_SHOW(operation->key));
    creg_status status =
        check_operation_key(prep, operation, index == 0 ? NULL : operation - 1);
    if (status == CREG_OK && is_put)
        status = check_value_size(prep, operation);
    if (status == CREG_OK)
        status = check_key_size(prep, operation->key);
    prep->bytes += prep->store->root.size + operation->key.size;
    if (is_put)
        prep->bytes += operation->value.size;
    prep->has_tree = prep->has_tree || is_tree(operation);
    prep->is_changed = prep->is_changed ||
                       (is_put ? operation->value.data == NULL : operation->value.size > 0);
    return status;
}

static creg_status prepare_checks(preparation *prep, creg_transaction *transaction)
{
    size_t count = transaction->check_count;
    creg_check *checks = creg_arena_calloc(prep->arena, count, sizeof *checks);
    if (checks == NULL)
        return creg_fail_arena(prep->err, prep->arena);
    for (size_t i = 0; i < count; i++) {
        checks[i] = transaction->checks[i];
        creg_status status = prepare_check(prep, &checks[i]);
        if (status != CREG_OK)
            return status;
    }
    transaction->checks = checks;
    return CREG_OK;
}

/* ---- order and duplicates --------------------------------------------------------------- */

static int compare_operations(const void *left, const void *right)
{
    const creg_operation *a = left;
    const creg_operation *b = right;
    int order = creg_slice_compare(a->key, b->key);
    return order != 0 ? order : (int)a->kind - (int)b->kind;
}

static creg_slice without_root(const preparation *prep, creg_slice whole)
{
    size_t skip = prep->store->root.size;
    return creg_slice_make(whole.data + skip, whole.size - skip);
}

static creg_status check_duplicates(preparation *prep, const creg_operation *operations,
                                    size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (creg_slice_equal(operations[i - 1].key, operations[i].key) &&
            is_tree(&operations[i - 1]) == is_tree(&operations[i])) {
            creg_slice key = without_root(prep, operations[i].key);
            return creg_fail(prep->err, CREG_USAGE, "key '%.*s' is in one transaction twice",
                             CREG_SHOW(key));
        }
    return CREG_OK;
}

/* Position of the first operation whose key lies at or behind `tree` and a '/'. */
static size_t first_below(const creg_operation *operations, size_t count, creg_slice tree)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        creg_slice key = operations[middle].key;
        size_t shared = key.size < tree.size ? key.size : tree.size;
        int order = memcmp(key.data, tree.data, shared);
        if (order == 0 && key.size > tree.size)
            order = (unsigned char)key.data[tree.size] < '/' ? -1 : 1;
        else if (order == 0)
            order = -1;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_below(creg_slice key, creg_slice tree)
{
    return key.size > tree.size && creg_slice_has_prefix(key, tree) &&
           key.data[tree.size] == '/';
}

/* Marks what the tree at `at` covers anyway; a put there would depend on the order. */
static creg_status cover(preparation *prep, const creg_operation *operations, size_t count,
                         size_t at, bool *is_covered)
{
    creg_slice tree = operations[at].key;
    for (size_t i = first_below(operations, count, tree);
         i < count && is_below(operations[i].key, tree); i++) {
        if (operations[i].kind == CREG_OPERATION_PUT) {
            creg_slice key = without_root(prep, operations[i].key);
            return creg_fail(prep->err, CREG_USAGE,
                             "key '%.*s' is put and deleted with its tree in one transaction",
                             CREG_SHOW(key));
        }
        is_covered[i] = true;
    }
    return CREG_OK;
}

static creg_status drop_covered(preparation *prep, creg_operation *operations, size_t *count)
{
    bool *is_covered = creg_arena_calloc(prep->arena, *count, sizeof *is_covered);
    if (is_covered == NULL)
        return creg_fail_arena(prep->err, prep->arena);
    for (size_t i = 0; i < *count; i++) {
        creg_status status = CREG_OK;
        if (is_tree(&operations[i]) && !is_covered[i])
            status = cover(prep, operations, *count, i, is_covered);
        if (status != CREG_OK)
            return status;
    }
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++)
        if (!is_covered[i])
            operations[kept++] = operations[i];
    *count = kept;
    return CREG_OK;
}

/* A copy of the operations as drivers want them: whole keys, "" for what has no value. */
static creg_operation *copy_operations(preparation *prep, const creg_transaction *transaction)
{
    size_t count = transaction->operation_count;
    creg_operation *operations = creg_arena_take(prep->arena, count * sizeof *operations);
    for (size_t i = 0; operations != NULL && i < count; i++) {
        creg_operation *copy = &operations[i];
        *copy = transaction->operations[i];
        copy->key = creg_store_whole_key(prep->store, copy->key, "", prep->arena);
        if (copy->key.data == NULL)
            return NULL;
        if (copy->kind != CREG_OPERATION_PUT || copy->value.size == 0)
            copy->value = creg_slice_make("", 0);
    }
    return operations;
}

static creg_status put_in_order(preparation *prep, creg_operation *operations, size_t *count)
{
    creg_status status = CREG_OK;
    if (prep->is_unsorted) {
        qsort(operations, *count, sizeof *operations, compare_operations);
        status = check_duplicates(prep, operations, *count);
    }
    return status == CREG_OK && prep->has_tree ? drop_covered(prep, operations, count) : status;
}

/* An instance's thousands of puts come as drivers want them, and are then not even copied. */
static creg_status prepare_operations(preparation *prep, creg_transaction *transaction)
{
    size_t count = transaction->operation_count;
    for (size_t i = 0; i < count; i++) {
        creg_status status = check_operation(prep, transaction, i);
        if (status != CREG_OK)
            return status;
    }
    bool is_whole = prep->store->root.size == 0;
    if (is_whole && !prep->is_changed && !prep->is_unsorted && !prep->has_tree)
        return CREG_OK;
    creg_operation *operations = copy_operations(prep, transaction);
    if (operations == NULL)
        return creg_fail_arena(prep->err, prep->arena);
    creg_status status = put_in_order(prep, operations, &count);
    transaction->operations = operations;
    transaction->operation_count = count;
    return status;
}

creg_status creg_transaction_prepare(const creg_store *store,
                                     const creg_transaction *transaction, creg_arena *arena,
                                     creg_transaction *ret_prepared, creg_error *err)
{
    if (store->options.read_only)
        return creg_fail(err, CREG_PERMISSION, "the store was opened to read only");
    if (transaction->fence != NULL && transaction->fence->store != store)
        return creg_fail(err, CREG_USAGE, "the fence belongs to another store");
    preparation prep = {.store = store, .arena = arena, .err = err};
    creg_status status = creg_store_limits_now(store, &prep.limits, err);
    if (status != CREG_OK)
        return status;
    *ret_prepared = *transaction;
    status = prepare_checks(&prep, ret_prepared);
    if (status == CREG_OK)
        status = prepare_operations(&prep, ret_prepared);
    if (status == CREG_OK)
        status = check_totals(&prep, transaction);
    return status;
}
