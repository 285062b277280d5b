/* SPDX-License-Identifier: MIT */
/*
 * The portable calls: what every driver would do alike is done here, once.
 *
 * Keys are checked, the root is put before them and taken off the results, sizes are compared
 * with the limits before anything is sent, and a handle that came through a fork is refused.
 */
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fail.h"
#include "store/key.h"
#include "store/pairs.h"
#include "store/store_internal.h"

/* Longest key that is put together on the stack by the read of one property. */
enum { STACK_KEY_BYTES = 1024 };

creg_status creg_store_enter(const creg_store *store, creg_error *err)
{
    /* The counter is enough for fork(); asking for the pid, too, catches a bare clone(). It is
     * left to the calls that cost a round trip or a sync anyway. */
    if (store->generation == creg_fork_generation())
        return CREG_OK;
    return creg_fail(err, CREG_FORKED,
                     "this store was opened before a fork; open it again in the child");
}

static creg_status enter_slow(const creg_store *store, creg_error *err)
{
    creg_status status = creg_store_enter(store, err);
    if (status == CREG_OK && store->pid != getpid())
        return creg_fail(err, CREG_FORKED, "this store was opened in another process");
    return status;
}

creg_slice creg_store_whole_key(const creg_store *store, creg_slice key, const char *closing,
                                creg_arena *arena)
{
    size_t root_size = store->root.size;
    size_t closing_size = strlen(closing);
    if (key.size == 0) {
        /* "everything": the root itself, whose '/' is there already or not wanted. */
        if (closing_size == 0 && root_size > 0)
            root_size--;
        return creg_slice_make(store->root.data, root_size);
    }
    if (root_size == 0 && closing_size == 0)
        return key;
    char *whole = creg_arena_take(arena, root_size + key.size + closing_size);
    if (whole == NULL)
        return creg_slice_make(NULL, 0);
    memcpy(whole, store->root.data, root_size);
    memcpy(whole + root_size, key.data, key.size);
    memcpy(whole + root_size + key.size, closing, closing_size);
    return creg_slice_make(whole, root_size + key.size + closing_size);
}

/* ---- reading ---------------------------------------------------------------------------- */

static creg_status fail_absent(creg_slice key, creg_error *err)
{
    return creg_fail(err, CREG_NOT_FOUND, "key '%.*s' does not exist", CREG_SHOW(key));
}

/* The key behind the root; on the caller's stack when it fits, since this is the hot path. */
static creg_slice join_root(const creg_store *store, creg_slice key, char *stack,
                            creg_arena *arena)
{
    size_t size = store->root.size + key.size;
    if (store->root.size == 0 || size > STACK_KEY_BYTES)
        return creg_store_whole_key(store, key, "", arena);
    memcpy(stack, store->root.data, store->root.size);
    memcpy(stack + store->root.size, key.data, key.size);
    return creg_slice_make(stack, size);
}

creg_status creg_store_get(creg_store *store, creg_slice key, creg_arena *arena,
                           creg_slice *ret_value, creg_version *ret_version, creg_error *err)
{
    creg_status status = creg_store_enter(store, err);
    if (status == CREG_OK)
        status = creg_key_check_read(key, err);
    if (status != CREG_OK)
        return status;

    char stack[STACK_KEY_BYTES];
    creg_slice whole = join_root(store, key, stack, arena);
    if (whole.data == NULL)
        return creg_fail_arena(err, arena);
    creg_version version;
    status = store->driver->get(store->state, whole, arena, ret_value,
                                ret_version == NULL ? &version : ret_version, err);
    return status == CREG_NOT_FOUND ? fail_absent(key, err) : status;
}

static creg_status check_read(const creg_read *read, creg_error *err)
{
    if (!read->is_list || read->key.size > 0) {
        creg_status status = creg_key_check_read(read->key, err);
        if (status != CREG_OK)
            return status;
    }
    creg_slice after = read->after;
    if (!read->is_list || after.size == 0)
        return CREG_OK;
    if (after.data[after.size - 1] == '/')
        after.size--;
    return creg_key_check_read(after, err);
}

/* The caller's read with whole keys; results are still empty. */
static creg_status make_whole(const creg_store *store, const creg_read *read, creg_arena *arena,
                              creg_read *ret_whole, creg_error *err)
{
    creg_status status = check_read(read, err);
    if (status != CREG_OK)
        return status;
    *ret_whole = *read;
    ret_whole->ret_pairs = (creg_pairs){NULL, 0};
    ret_whole->ret_more = false;
    ret_whole->key = creg_store_whole_key(store, read->key, read->is_list ? "/" : "", arena);
    if (read->is_list && read->after.size > 0)
        ret_whole->after = creg_store_whole_key(store, read->after, "", arena);
    else
        ret_whole->after = creg_slice_make("", 0);
    if (ret_whole->key.data == NULL || ret_whole->after.data == NULL)
        return creg_fail_arena(err, arena);
    return CREG_OK;
}

/* A driver's server may answer what it was not asked: what is cut off below must be there. */
static creg_status check_result(const creg_read *whole, creg_error *err)
{
    const creg_pairs *pairs = &whole->ret_pairs;
    bool is_fine = whole->is_list || pairs->size == 0 ||
                   (pairs->size == 1 && creg_slice_equal(pairs->items[0].key, whole->key));
    return is_fine
               ? CREG_OK
               : creg_fail(err, CREG_UNAVAILABLE, "the store answered another key than '%.*s'",
                           CREG_SHOW(whole->key));
}

static void take_results(const creg_store *store, creg_read *read, const creg_read *whole)
{
    size_t skip = store->root.size;
    read->ret_pairs = whole->ret_pairs;
    read->ret_more = whole->ret_more;
    /* Lists are without values already; the driver has no reason to look for one key's. */
    if (read->keys_only && !read->is_list && read->ret_pairs.size > 0)
        read->ret_pairs.items[0].value = creg_slice_make("", 0);
    for (size_t i = 0; skip > 0 && i < read->ret_pairs.size; i++) {
        creg_slice *key = &read->ret_pairs.items[i].key;
        *key = creg_slice_make(key->data + skip, key->size - skip);
    }
}

creg_status creg_store_read(creg_store *store, creg_read *reads, size_t count,
                            creg_arena *arena, uint64_t *ret_revision, creg_error *err)
{
    creg_status status = creg_store_enter(store, err);
    if (status != CREG_OK)
        return status;
    creg_read *whole = creg_arena_calloc(arena, count, sizeof *whole);
    if (whole == NULL)
        return creg_fail_arena(err, arena);
    for (size_t i = 0; i < count && status == CREG_OK; i++)
        status = make_whole(store, &reads[i], arena, &whole[i], err);
    if (status != CREG_OK)
        return status;

    uint64_t revision = 0;
    status = store->driver->read(store->state, whole, count, arena, &revision, err);
    for (size_t i = 0; i < count && status == CREG_OK; i++)
        status = check_result(&whole[i], err);
    if (status != CREG_OK)
        return status;
    for (size_t i = 0; i < count; i++)
        take_results(store, &reads[i], &whole[i]);
    if (ret_revision != NULL)
        *ret_revision = revision;
    return CREG_OK;
}

creg_status creg_store_list(creg_store *store, creg_slice prefix, creg_arena *arena,
                            creg_pairs *ret_pairs, creg_error *err)
{
    creg_read read = {.is_list = true, .key = prefix};
    creg_status status = creg_store_read(store, &read, 1, arena, NULL, err);
    if (status == CREG_OK)
        *ret_pairs = read.ret_pairs;
    return status;
}

/* ---- writing ---------------------------------------------------------------------------- */

creg_status creg_store_apply(creg_store *store, const creg_transaction *transaction,
                             size_t *ret_failed_check, creg_error *err)
{
    size_t failed_check = SIZE_MAX;
    creg_status status = enter_slow(store, err);
    if (status != CREG_OK)
        return status;
    creg_arena arena;
    creg_arena_init(&arena, CREG_LIMIT_OPERATION_BYTES);

    creg_transaction prepared;
    status = creg_transaction_prepare(store, transaction, &arena, &prepared, err);
    if (status == CREG_OK)
        status = store->driver->apply(store->state, &prepared, &failed_check, err);
    if (status == CREG_CONFLICT && ret_failed_check != NULL)
        *ret_failed_check = failed_check;
    creg_arena_clear(&arena);
    return status;
}

creg_status creg_store_put(creg_store *store, creg_slice key, creg_slice value, creg_error *err)
{
    creg_operation put = {.kind = CREG_OPERATION_PUT, .key = key, .value = value};
    creg_transaction transaction = {.operations = &put, .operation_count = 1};
    return creg_store_apply(store, &transaction, NULL, err);
}

/* ---- waiting ---------------------------------------------------------------------------- */

static void sleep_ms(uint64_t duration)
{
    struct timespec pause = {.tv_sec = (time_t)(duration / 1000),
                             .tv_nsec = (long)(duration % 1000) * 1000000};
    nanosleep(&pause, NULL);
}

/*
 * For drivers that cannot wait: compare revisions, at first often, later at leisure. An empty
 * list of reads costs the store next to nothing and still names the revision.
 */
static creg_status wait_by_polling(creg_store *store, uint64_t revision, uint32_t timeout_ms,
                                   creg_arena *arena, uint64_t *ret_revision, creg_error *err)
{
    uint64_t deadline = creg_clock_ms() + timeout_ms;
    for (uint64_t pause = 2;; pause = pause < 50 ? pause * 2 : 50) {
        creg_status status =
            store->driver->read(store->state, NULL, 0, arena, ret_revision, err);
        if (status != CREG_OK || *ret_revision != revision)
            return status;
        uint64_t now = creg_clock_ms();
        if (now >= deadline)
            return creg_fail(err, CREG_TIMEOUT, "nothing changed in %u ms", timeout_ms);
        sleep_ms(pause < deadline - now ? pause : deadline - now);
        creg_arena_reset(arena);
    }
}

creg_status creg_store_wait(creg_store *store, creg_slice prefix, uint64_t revision,
                            uint32_t timeout_ms, uint64_t *ret_revision, creg_error *err)
{
    creg_status status = enter_slow(store, err);
    if (status == CREG_OK && prefix.size > 0)
        status = creg_key_check_read(prefix, err);
    if (status != CREG_OK)
        return status;
    creg_arena arena;
    creg_arena_init(&arena, CREG_LIMIT_OPERATION_BYTES);

    uint64_t seen = revision;
    creg_slice whole = creg_store_whole_key(store, prefix, "/", &arena);
    if (whole.data == NULL)
        status = creg_fail_arena(err, &arena);
    else if (store->driver->wait == NULL)
        status = wait_by_polling(store, revision, timeout_ms, &arena, &seen, err);
    else
        status = store->driver->wait(store->state, whole, revision, timeout_ms, &seen, err);
    if ((status == CREG_OK || status == CREG_TIMEOUT) && ret_revision != NULL)
        *ret_revision = seen;
    creg_arena_clear(&arena);
    return status;
}

/* ---- facts ------------------------------------------------------------------------------ */

creg_status creg_store_limits_now(const creg_store *store, creg_limits *ret_limits,
                                  creg_error *err)
{
    *ret_limits = store->driver->limits;
    if (store->driver->learn_limits == NULL)
        return CREG_OK;
    return store->driver->learn_limits(store->state, ret_limits, err);
}

creg_status creg_store_limits(creg_store *store, creg_limits *ret_limits, creg_error *err)
{
    creg_status status = enter_slow(store, err);
    if (status != CREG_OK)
        return status;
    creg_limits limits;
    status = creg_store_limits_now(store, &limits, err);
    if (status != CREG_OK)
        return status;
    /* What is left for the caller's own keys below the root. */
    if (limits.key_bytes > store->root.size)
        limits.key_bytes -= store->root.size;
    if (limits.operation_bytes != 0)
        limits.operation_bytes += store->root.size;
    *ret_limits = limits;
    return CREG_OK;
}

creg_status creg_store_info(creg_store *store, creg_arena *arena, creg_pairs *ret_facts,
                            creg_error *err)
{
    creg_status status = enter_slow(store, err);
    if (status != CREG_OK)
        return status;
    creg_pairs facts = {NULL, 0};
    status = creg_pairs_fact(&facts, arena, "driver", "%s", store->driver->name);
    if (status == CREG_OK && store->root.size > 0)
        status = creg_pairs_fact(&facts, arena, "root", "%.*s", (int)store->root.size - 1,
                                 store->root.data);
    if (status == CREG_OK && store->options.read_only)
        status = creg_pairs_fact(&facts, arena, "read_only", "yes");
    if (status != CREG_OK)
        return creg_fail_arena(err, arena);
    if (store->driver->info != NULL)
        status = store->driver->info(store->state, arena, &facts, err);
    if (status == CREG_OK)
        *ret_facts = facts;
    return status;
}

const char *creg_store_driver_name(const creg_store *store)
{
    return store->driver->name;
}

unsigned creg_store_capabilities(const creg_store *store)
{
    return store->driver->capabilities;
}

const char *creg_store_parameter(const creg_store *store, const char *name)
{
    const creg_slice *value = creg_url_find(&store->url, name);
    return value == NULL ? NULL : value->data;
}

creg_status creg_store_check(creg_store *store, creg_error *err)
{
    creg_status status = enter_slow(store, err);
    if (status != CREG_OK || store->driver->check == NULL)
        return status;
    return store->driver->check(store->state, err);
}
