/* SPDX-License-Identifier: MIT */
/*
 * Faults at the seam between the engine and the store; see fault.h for the language.
 *
 * Every call of the engine goes through here, so "before and after each store call" is what
 * is enumerated, and a new call of the engine is enumerated by itself. Bugs of failpoint.h
 * that show in a transaction as a whole are planted here, too; the engine stays clean of them.
 */
#include "store/drivers/fault.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fail.h"
#include "base/failpoint.h"
#include "base/limits.h"

typedef enum action { NOTHING, KILL, FREEZE, LOSE, TWICE, VANISH } action;

struct creg_driver_state {
    const creg_store_driver *inner;
    char name[16]; /* of the calls that count */
    unsigned long at;
    action action;
    bool is_after;
    _Atomic unsigned long calls;
    atomic_bool is_gone;
    uint32_t ttl_ms;
    max_align_t inner_state[];
};

static creg_driver_state *inner_of(creg_driver_state *state)
{
    return (creg_driver_state *)(void *)state->inner_state;
}

/* ---- what is asked for ------------------------------------------------------------------ */

static action read_action(const char *text, bool *ret_after)
{
    static const struct {
        const char *word;
        action action;
        bool is_after;
    } words[] = {
        {"kill-before", KILL, false},
        {"kill-after", KILL, true},
        {"freeze-before", FREEZE, false},
        {"freeze-after", FREEZE, true},
        {"gone-before", VANISH, false},
        {"gone-after", VANISH, true},
        {"lost", LOSE, true},
        {"twice", TWICE, true},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(text, words[i].word) == 0) {
            *ret_after = words[i].is_after;
            return words[i].action;
        }
    return NOTHING;
}

static creg_status read_environment(creg_driver_state *state, creg_error *err)
{
    const char *ttl = getenv("CONFREG_FAILPOINT_TTL_MS");
    state->ttl_ms = ttl == NULL ? 0 : (uint32_t)strtoul(ttl, NULL, 10);
    snprintf(state->name, sizeof state->name, "any");
    const char *text = getenv("CONFREG_FAILPOINT");
    if (text == NULL)
        return CREG_OK;
    char word[16];
    if (sscanf(text, "%15[^:]:%lu:%15s", state->name, &state->at, word) == 3)
        state->action = read_action(word, &state->is_after);
    if (state->action == NOTHING)
        return creg_fail(err, CREG_USAGE, "CONFREG_FAILPOINT=%s is not NAME:NUMBER:ACTION",
                         text);
    return CREG_OK;
}

static void note(const char *format, const char *name, unsigned long number)
{
    const char *path = getenv("CONFREG_FAILPOINT_LOG");
    int descriptor = path == NULL ? -1 : open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (descriptor < 0)
        return;
    dprintf(descriptor, format, name, number);
    close(descriptor);
}

/* ---- one call ----------------------------------------------------------------------------- */

/* Counts the call; true when it is the one. What happens before it happens here. */
static bool enter(creg_driver_state *state, const char *name)
{
    bool counts = strcmp(state->name, "any") == 0 || strcmp(state->name, name) == 0;
    if (!counts)
        return false;
    unsigned long number = atomic_fetch_add(&state->calls, 1) + 1;
    if (state->action == NOTHING || number != state->at)
        return false;
    note("fired %s %lu\n", name, number);
    if (state->is_after)
        return true;
    if (state->action == KILL)
        raise(SIGKILL);
    if (state->action == FREEZE)
        raise(SIGSTOP);
    if (state->action == VANISH)
        atomic_store(&state->is_gone, true);
    return true;
}

static bool is_gone(creg_driver_state *state)
{
    return atomic_load(&state->is_gone);
}

/* What happens behind the call; true when its answer is lost. */
static bool leave(creg_driver_state *state, bool is_chosen)
{
    if (!is_chosen || !state->is_after)
        return false;
    if (state->action == KILL)
        raise(SIGKILL);
    if (state->action == FREEZE)
        raise(SIGSTOP);
    if (state->action == VANISH)
        atomic_store(&state->is_gone, true);
    return state->action == VANISH || state->action == LOSE;
}

static creg_status fail_gone(creg_error *err)
{
    return creg_fail(err, CREG_UNAVAILABLE, "a fault that was asked for: no connection");
}

static creg_status fail_lost(creg_error *err)
{
    if (CREG_BUG(CREG_BUG_UNCLEAR_IS_FAILED))
        return creg_fail(err, CREG_TIMEOUT, "a fault that was asked for: told as a failure");
    return creg_fail(err, CREG_UNKNOWN_OUTCOME,
                     "a fault that was asked for: the reply is lost");
}

/* ---- planted bugs ---------------------------------------------------------------------------- */

static bool holds(creg_slice key, const char *part)
{
    size_t size = strlen(part);
    for (size_t i = 0; i + size <= key.size; i++)
        if (memcmp(key.data + i, part, size) == 0)
            return true;
    return false;
}

static bool does(const creg_transaction *transaction, creg_operation_kind kind,
                 const char *part)
{
    for (size_t i = 0; i < transaction->operation_count; i++)
        if (transaction->operations[i].kind == kind &&
            holds(transaction->operations[i].key, part))
            return true;
    return false;
}

static bool binds(const creg_transaction *transaction)
{
    for (size_t i = 0; i < transaction->operation_count; i++)
        if (transaction->operations[i].bind_liveness)
            return true;
    return false;
}

static void drop_operations(creg_transaction *transaction, creg_operation *operations,
                            creg_operation_kind kind, const char *part)
{
    size_t kept = 0;
    for (size_t i = 0; i < transaction->operation_count; i++)
        if (operations[i].kind != kind || !holds(operations[i].key, part))
            operations[kept++] = operations[i];
    transaction->operation_count = kept;
}

/* The neighbour whose name is longer by a digit goes, too. */
static bool take_neighbour(creg_transaction *transaction, creg_operation *operations,
                           creg_arena *arena)
{
    size_t count = transaction->operation_count;
    creg_operation tree = {.kind = CREG_OPERATION_PUT};
    if (count > 0)
        tree = operations[count - 1];
    if (tree.kind != CREG_OPERATION_DELETE_TREE || !holds(tree.key, "instances/"))
        return true;
    char *key = creg_arena_take(arena, tree.key.size + 1);
    if (key == NULL)
        return false;
    memcpy(key, tree.key.data, tree.key.size);
    key[tree.key.size] = '0';
    tree.key = creg_slice_make(key, tree.key.size + 1);
    operations[transaction->operation_count++] = tree;
    return true;
}

/* Rewrites `transaction` as the bug that is asked for would have sent it. */
static bool plant(creg_transaction *transaction, creg_arena *arena)
{
    creg_operation *operations =
        creg_arena_calloc(arena, transaction->operation_count + 1, sizeof *operations);
    if (operations == NULL)
        return false;
    if (transaction->operation_count > 0)
        memcpy(operations, transaction->operations,
               transaction->operation_count * sizeof *operations);
    transaction->operations = operations;
    bool is_create = does(transaction, CREG_OPERATION_PUT, "_confreg/v1/n/");
    bool is_edit = does(transaction, CREG_OPERATION_PUT, "_confreg/v1/e/") ||
                   (transaction->fence == NULL && !is_create &&
                    does(transaction, CREG_OPERATION_PUT, "instances/"));
    if (CREG_BUG(CREG_BUG_NO_FENCE) && !binds(transaction))
        transaction->fence = NULL;
    if (CREG_BUG(CREG_BUG_COUNTER_STAYS))
        drop_operations(transaction, operations, CREG_OPERATION_PUT, "_confreg/v1/n/");
    if (CREG_BUG(CREG_BUG_INTENT_STAYS) &&
        does(transaction, CREG_OPERATION_PUT, "_confreg/v1/c/"))
        drop_operations(transaction, operations, CREG_OPERATION_DELETE, "_confreg/v1/i/");
    if (CREG_BUG(CREG_BUG_SWEEP_LEAVES_KEYS) &&
        does(transaction, CREG_OPERATION_DELETE, "_confreg/v1/i/"))
        drop_operations(transaction, operations, CREG_OPERATION_DELETE_TREE, "instances/");
    if ((CREG_BUG(CREG_BUG_NO_CHECKS) && is_create) ||
        (CREG_BUG(CREG_BUG_SET_WITHOUT_RECORD) && is_edit))
        transaction->check_count = 0;
    if (CREG_BUG(CREG_BUG_PREFIX_WITHOUT_SLASH))
        return take_neighbour(transaction, operations, arena);
    return true;
}

static creg_status apply_once(creg_driver_state *state, const creg_transaction *transaction,
                              size_t *ret_failed_check, creg_error *err)
{
    creg_arena arena;
    creg_arena_init(&arena, CREG_LIMIT_OPERATION_BYTES);
    creg_transaction changed = *transaction;
    creg_status status = plant(&changed, &arena) ? CREG_OK : creg_fail_arena(err, &arena);
    if (status == CREG_OK && changed.operation_count + changed.check_count > 0)
        status = state->inner->apply(inner_of(state), &changed, ret_failed_check, err);
    creg_arena_clear(&arena);
    return status;
}

/* ---- the calls --------------------------------------------------------------------------------- */

static creg_status fault_open(creg_driver_state *state, const creg_store_url *url,
                              const creg_store_options *options, creg_error *err)
{
    creg_status status = read_environment(state, err);
    return status == CREG_OK ? state->inner->open(inner_of(state), url, options, err) : status;
}

static void fault_close(creg_driver_state *state)
{
    note("calls %s %lu\n", state->name, atomic_load(&state->calls));
    state->inner->close(inner_of(state));
}

static void fault_abandon(creg_driver_state *state)
{
    state->inner->abandon(inner_of(state));
}

static creg_status fault_get(creg_driver_state *state, creg_slice key, creg_arena *arena,
                             creg_slice *ret_value, creg_version *ret_version, creg_error *err)
{
    bool is_chosen = enter(state, "get");
    if (is_gone(state))
        return fail_gone(err);
    creg_status status =
        state->inner->get(inner_of(state), key, arena, ret_value, ret_version, err);
    return leave(state, is_chosen) ? fail_gone(err) : status;
}

static creg_status fault_read(creg_driver_state *state, creg_read *reads, size_t count,
                              creg_arena *arena, uint64_t *ret_revision, creg_error *err)
{
    bool is_chosen = enter(state, "read");
    if (is_gone(state))
        return fail_gone(err);
    creg_status status =
        state->inner->read(inner_of(state), reads, count, arena, ret_revision, err);
    return leave(state, is_chosen) ? fail_gone(err) : status;
}

static creg_status fault_apply(creg_driver_state *state, const creg_transaction *transaction,
                               size_t *ret_failed_check, creg_error *err)
{
    bool is_chosen = enter(state, "apply");
    if (is_gone(state))
        return fail_gone(err);
    creg_status status = apply_once(state, transaction, ret_failed_check, err);
    if (is_chosen && state->action == TWICE) {
        size_t failed_check = SIZE_MAX;
        (void)apply_once(state, transaction, &failed_check, NULL);
    }
    return leave(state, is_chosen) ? fail_lost(err) : status;
}

static creg_status fault_wait(creg_driver_state *state, creg_slice prefix, uint64_t revision,
                              uint32_t timeout_ms, uint64_t *ret_revision, creg_error *err)
{
    return state->inner->wait(inner_of(state), prefix, revision, timeout_ms, ret_revision, err);
}

static creg_status fault_liveness_open(creg_driver_state *state, creg_slice name,
                                       uint32_t *ttl_ms, void **ret_handle, creg_error *err)
{
    bool is_chosen = enter(state, "live-open");
    if (is_gone(state))
        return fail_gone(err);
    if (state->ttl_ms != 0)
        *ttl_ms = state->ttl_ms;
    creg_status status =
        state->inner->liveness_open(inner_of(state), name, ttl_ms, ret_handle, err);
    if (!leave(state, is_chosen))
        return status;
    /* Whoever lost the answer cannot release it either: it stays, as it would in earnest. */
    return fail_gone(err);
}

static creg_status fault_liveness_renew(creg_driver_state *state, void *handle, creg_error *err)
{
    bool is_chosen = enter(state, "live-renew");
    if (is_gone(state))
        return fail_gone(err);
    creg_status status = state->inner->liveness_renew(inner_of(state), handle, err);
    return leave(state, is_chosen) ? fail_gone(err) : status;
}

static void fault_liveness_release(creg_driver_state *state, void *handle)
{
    bool is_chosen = enter(state, "live-release");
    if (is_gone(
            state)) /* nobody hears of it; the handle's memory goes with the test's process */
        return;
    state->inner->liveness_release(inner_of(state), handle);
    leave(state, is_chosen);
}

static creg_status fault_liveness_check(creg_driver_state *state, creg_slice key,
                                        bool *ret_alive, creg_error *err)
{
    bool is_chosen = enter(state, "live-check");
    if (is_gone(state))
        return fail_gone(err);
    creg_status status = state->inner->liveness_check(inner_of(state), key, ret_alive, err);
    if (CREG_BUG(CREG_BUG_SWEEP_THE_LIVING))
        *ret_alive = false;
    return leave(state, is_chosen) ? fail_gone(err) : status;
}

static creg_status fault_learn_limits(creg_driver_state *state, creg_limits *ret_limits,
                                      creg_error *err)
{
    return state->inner->learn_limits(inner_of(state), ret_limits, err);
}

static creg_status fault_info(creg_driver_state *state, creg_arena *arena,
                              creg_pairs *ret_facts, creg_error *err)
{
    return state->inner->info(inner_of(state), arena, ret_facts, err);
}

static creg_status fault_check(creg_driver_state *state, creg_error *err)
{
    return state->inner->check(inner_of(state), err);
}

/* ---- the table ----------------------------------------------------------------------------------- */

void creg_fault_wrap(creg_store_driver *table, const creg_store_driver *inner)
{
    *table = *inner;
    table->private_size = sizeof(struct creg_driver_state) + inner->private_size;
    table->open = fault_open;
    table->close = fault_close;
    table->get = fault_get;
    table->read = fault_read;
    table->apply = fault_apply;
    table->abandon = inner->abandon == NULL ? NULL : fault_abandon;
    table->wait = inner->wait == NULL ? NULL : fault_wait;
    table->learn_limits = inner->learn_limits == NULL ? NULL : fault_learn_limits;
    table->info = inner->info == NULL ? NULL : fault_info;
    table->check = inner->check == NULL ? NULL : fault_check;
    if (inner->liveness_open == NULL)
        return;
    table->liveness_open = fault_liveness_open;
    table->liveness_renew = fault_liveness_renew;
    table->liveness_release = fault_liveness_release;
    table->liveness_check = fault_liveness_check;
}

void creg_fault_bind(creg_driver_state *state, const creg_store_driver *inner)
{
    state->inner = inner;
}
