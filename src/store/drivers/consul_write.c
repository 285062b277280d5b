/* SPDX-License-Identifier: MIT */
/*
 * From our transaction to one of Consul's, which it takes whole or not at all.
 */
#include <stdio.h>

#include "base/arena.h"
#include "base/fail.h"
#include "base/limits.h"
#include "store/checks.h"
#include "store/drivers/consul.h"

static void write_check(creg_text *body, const creg_check *check, bool *is_first)
{
    creg_consul_verb verb = {.key = check->key};
    switch (check->kind) {
    case CREG_CHECK_ABSENT:
        verb.verb = "check-not-exists";
        break;
    case CREG_CHECK_PRESENT:
        verb.verb = "get"; /* fails when there is none */
        break;
    case CREG_CHECK_VERSION:
        verb.verb = check->version.present ? "check-index" : "check-not-exists";
        verb.index = check->version.present ? check->version.major : 0;
        break;
    case CREG_CHECK_SUBTREE_EMPTY:
        verb.verb = "get-tree"; /* looked at before; keeps the numbers of the others */
        break;
    }
    creg_consul_write_verb(body, &verb, is_first);
}

static creg_status write_operation(creg_text *body, const creg_operation *operation,
                                   const creg_consul_session *bound, creg_arena *arena,
                                   bool *is_first, creg_error *err)
{
    creg_consul_verb verb = {.key = operation->key};
    creg_text tree;
    switch (operation->kind) {
    case CREG_OPERATION_PUT:
        verb.verb = "set";
        verb.value = operation->value;
        if (operation->bind_liveness && bound != NULL) {
            verb.verb = "lock";
            verb.session = creg_slice_of(bound->id);
        }
        break;
    case CREG_OPERATION_DELETE:
        verb.verb = "delete";
        break;
    case CREG_OPERATION_DELETE_TREE:
        verb.verb = "delete-tree";
        creg_text_init(&tree, arena, 2 * CREG_LIMIT_KEY);
        creg_text_slice(&tree, operation->key);
        creg_text_byte(&tree, '/');
        creg_status status = creg_text_finish(&tree, &verb.key, err);
        if (status != CREG_OK)
            return status;
        break;
    }
    creg_consul_write_verb(body, &verb, is_first);
    return CREG_OK;
}

/* In the transaction that binds the session, the lock itself is the fence. */
static bool needs_fence(const creg_transaction *transaction, const creg_consul_session *bound)
{
    for (size_t i = 0; i < transaction->operation_count; i++)
        if (transaction->operations[i].kind == CREG_OPERATION_PUT &&
            transaction->operations[i].bind_liveness)
            return false;
    return bound != NULL && bound->key[0] != '\0';
}

static creg_status write_body(const creg_transaction *transaction,
                              const creg_consul_session *bound, creg_arena *arena,
                              creg_slice *ret_body, creg_error *err)
{
    creg_text body;
    creg_text_init(&body, arena, 8 * CREG_CONSUL_BODY_MAX);
    creg_text_byte(&body, '[');
    bool is_first = true;
    for (size_t i = 0; i < transaction->check_count; i++)
        write_check(&body, &transaction->checks[i], &is_first);
    if (needs_fence(transaction, bound)) {
        creg_consul_verb fence = {.verb = "check-session",
                                  .key = creg_slice_of(bound->key),
                                  .session = creg_slice_of(bound->id)};
        creg_consul_write_verb(&body, &fence, &is_first);
    }
    creg_status status = CREG_OK;
    for (size_t i = 0; i < transaction->operation_count && status == CREG_OK; i++)
        status =
            write_operation(&body, &transaction->operations[i], bound, arena, &is_first, err);
    creg_text_byte(&body, ']');
    return status == CREG_OK ? creg_text_finish(&body, ret_body, err) : status;
}

static creg_status fail_refused(const creg_transaction *transaction, creg_slice body,
                                creg_arena *arena, size_t *ret_failed_check, creg_error *err)
{
    size_t index;
    creg_slice reason;
    if (creg_consul_parse_refusal(body, arena, &index, &reason, NULL) != CREG_OK)
        return creg_consul_fail_stranger(true, err);
    if (creg_consul_is_denial(reason))
        return creg_fail(err, CREG_PERMISSION, "consul denied the change");
    *ret_failed_check = index < transaction->check_count ? index : SIZE_MAX;
    creg_status status =
        creg_fail(err, CREG_CONFLICT, "somebody else was faster; nothing was done");
    creg_error_detail(err, "%.*s", CREG_SHOW(reason));
    return status;
}

/* Consul cannot check this inside the transaction; see the head of this file. */
static creg_status check_empty_subtrees(creg_driver_state *state,
                                        const creg_transaction *transaction, creg_arena *arena,
                                        size_t *ret_failed_check, creg_error *err)
{
    for (size_t i = 0; i < transaction->check_count; i++) {
        const creg_check *check = &transaction->checks[i];
        if (check->kind != CREG_CHECK_SUBTREE_EMPTY)
            continue;
        creg_text tree;
        creg_text_init(&tree, arena, 2 * CREG_LIMIT_KEY);
        creg_text_slice(&tree, check->key);
        if (check->key.size > 0)
            creg_text_byte(&tree, '/');
        creg_slice prefix;
        creg_status status = creg_text_finish(&tree, &prefix, err);
        creg_http_answer answer;
        if (status == CREG_OK)
            status = creg_consul_get_kv(state, prefix, "keys&separator=/", arena, &answer, err);
        if (status != CREG_OK)
            return status;
        if (answer.status == 200) {
            *ret_failed_check = i;
            return creg_fail(err, CREG_CONFLICT, "something lies below '%.*s'",
                             CREG_SHOW(check->key));
        }
    }
    return CREG_OK;
}

/* One put without any condition goes as it is: it may be larger than a transaction. */
static bool is_plain_put(const creg_transaction *transaction)
{
    return transaction->check_count == 0 && transaction->fence == NULL &&
           transaction->operation_count == 1 &&
           transaction->operations[0].kind == CREG_OPERATION_PUT;
}

static creg_status put_plain(creg_driver_state *state, const creg_operation *put,
                             creg_arena *arena, creg_error *err)
{
    creg_http_request request = {
        .method = "PUT", .body = put->value.data == NULL ? creg_slice_make("", 0) : put->value};
    creg_status status =
        creg_consul_make_path(state, put->key, "", false, arena, &request.path, err);
    creg_http_answer answer;
    if (status == CREG_OK)
        status = creg_http_send(state->http, &request, arena, &answer, err);
    if (status == CREG_OK && answer.status != 200)
        return creg_consul_fail_answer(&answer, true, err);
    if (status == CREG_OK && !creg_consul_has_text(answer.body, "true"))
        return creg_consul_fail_stranger(true, err);
    return status;
}

/* Before it is known whether it happens: an unknown outcome must not lose the fence. */
static void remember_lock(const creg_transaction *transaction, creg_consul_session *bound)
{
    for (size_t i = 0; bound != NULL && i < transaction->operation_count; i++) {
        const creg_operation *operation = &transaction->operations[i];
        if (operation->kind == CREG_OPERATION_PUT && operation->bind_liveness)
            snprintf(bound->key, sizeof bound->key, "%.*s", (int)operation->key.size,
                     operation->key.data);
    }
}

static creg_status apply_in(creg_driver_state *state, const creg_transaction *transaction,
                            creg_arena *arena, size_t *ret_failed_check, creg_error *err)
{
    if (is_plain_put(transaction))
        return put_plain(state, &transaction->operations[0], arena, err);
    creg_consul_session *bound =
        transaction->fence == NULL ? NULL : creg_liveness_handle(transaction->fence);
    creg_status status = creg_checks_are_numbers(transaction, ret_failed_check, err);
    if (status == CREG_OK)
        status = check_empty_subtrees(state, transaction, arena, ret_failed_check, err);
    creg_slice body;
    if (status == CREG_OK)
        status = write_body(transaction, bound, arena, &body, err);
    remember_lock(transaction, bound);
    creg_http_answer answer;
    if (status == CREG_OK)
        status = creg_consul_send_transaction(state, body, true, arena, &answer, err);
    if (status != CREG_OK)
        return status;
    if (answer.status == 409)
        return fail_refused(transaction, answer.body, arena, ret_failed_check, err);
    if (answer.status == 400 && creg_consul_has_text(answer.body, "too many operations"))
        return creg_fail(err, CREG_LIMIT, "too many operations for one transaction of consul");
    if (answer.status != 200)
        return creg_consul_fail_answer(&answer, true, err);
    return creg_consul_parse_done(answer.body, arena, NULL) == CREG_OK
               ? CREG_OK
               : creg_consul_fail_stranger(true, err);
}

creg_status creg_consul_apply(creg_driver_state *state, const creg_transaction *transaction,
                              size_t *ret_failed_check, creg_error *err)
{
    creg_arena arena;
    creg_arena_init(&arena, CREG_LIMIT_OPERATION_BYTES);
    creg_status status = apply_in(state, transaction, &arena, ret_failed_check, err);
    creg_arena_clear(&arena);
    return status;
}
