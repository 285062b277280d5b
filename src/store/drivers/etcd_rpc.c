/* SPDX-License-Identifier: MIT */
/*
 * Calls to etcd, and what its statuses mean.
 *
 * Reads are repeated until the deadline while the cluster elects a leader. Writes are sent
 * once: etcd may have done what it did not answer. The exception is an expired token, which
 * is refused before anything is done.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/interrupt.h"
#include "store/drivers/etcd.h"

/* ---- packing ---------------------------------------------------------------------------- */

static void *pb_alloc(void *arena, size_t size)
{
    return creg_arena_alloc(arena, size);
}

static void pb_free(void *arena, void *block)
{
    (void)arena;
    (void)block;
}

void creg_etcd_allocator(creg_arena *arena, ProtobufCAllocator *ret_allocator)
{
    *ret_allocator =
        (ProtobufCAllocator){.alloc = pb_alloc, .free = pb_free, .allocator_data = arena};
}

creg_status creg_etcd_pack(const ProtobufCMessage *message, creg_arena *arena,
                           creg_slice *ret_packed, creg_error *err)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    if (size > CREG_ETCD_REQUEST_MAX)
        return creg_fail(err, CREG_LIMIT, "a request of %zu bytes; etcd takes %d", size,
                         CREG_ETCD_REQUEST_MAX);
    char *bytes = creg_arena_alloc(arena, size);
    if (bytes == NULL)
        return creg_fail_arena(err, arena);
    protobuf_c_message_pack(message, (uint8_t *)bytes);
    *ret_packed = creg_slice_make(bytes, size);
    return CREG_OK;
}

static creg_status unpack(const ProtobufCMessageDescriptor *kind, creg_slice bytes,
                          creg_arena *arena, void *ret_answer, creg_error *err)
{
    ProtobufCAllocator allocator;
    creg_etcd_allocator(arena, &allocator);
    void *message =
        protobuf_c_message_unpack(kind, &allocator, bytes.size, (const uint8_t *)bytes.data);
    if (message == NULL && arena->failed != CREG_OK)
        return creg_fail_arena(err, arena);
    if (message == NULL)
        return creg_fail(err, CREG_UNKNOWN_OUTCOME, "etcd's answer cannot be read");
    memcpy(ret_answer, &(void *){message}, sizeof message);
    return CREG_OK;
}

/* ---- tokens ----------------------------------------------------------------------------- */

const char *creg_etcd_token(creg_driver_state *state, creg_arena *arena)
{
    if (state->user == NULL)
        return NULL;
    pthread_mutex_lock(&state->lock);
    creg_slice copy = creg_arena_copy(arena, creg_slice_of(state->token));
    pthread_mutex_unlock(&state->lock);
    return copy.data;
}

static creg_status keep_token(creg_driver_state *state, const char *token, creg_error *err)
{
    if (strlen(token) >= CREG_ETCD_TOKEN_MAX || strpbrk(token, "\r\n") != NULL)
        return creg_fail(err, CREG_UNAVAILABLE, "etcd gave a token that cannot be used");
    pthread_mutex_lock(&state->lock);
    snprintf(state->token, sizeof state->token, "%s", token);
    pthread_mutex_unlock(&state->lock);
    return CREG_OK;
}

static creg_status fail_status(const creg_grpc_answer *answer, bool is_write, creg_error *err);

creg_status creg_etcd_authenticate(creg_driver_state *state, creg_error *err)
{
    if (state->user == NULL)
        return CREG_OK;
    creg_arena arena;
    creg_arena_init(&arena, 1024 * 1024);
    CregPb__AuthenticateRequest request;
    creg_pb__authenticate_request__init(&request);
    request.name = (char *)(uintptr_t)state->user;
    request.password = (char *)(uintptr_t)state->password;
    creg_grpc_request call = {.method = "/etcdserverpb.Auth/Authenticate",
                              .is_repeatable = true};
    creg_status status = creg_etcd_pack(&request.base, &arena, &call.message, err);
    creg_grpc_answer answer = {0};
    if (status == CREG_OK)
        status = creg_grpc_call(state->http, &call, &arena, &answer, err);
    if (status == CREG_OK && answer.status == CREG_GRPC_INVALID_ARGUMENT)
        status = creg_fail(err, CREG_PERMISSION, "etcd does not accept user and password");
    else if (status == CREG_OK && answer.status != CREG_GRPC_OK &&
             answer.status != CREG_GRPC_FAILED_PRECONDITION)
        status = fail_status(&answer, false, err);
    CregPb__AuthenticateResponse *token = NULL;
    if (status == CREG_OK && answer.status == CREG_GRPC_OK)
        status = unpack(&creg_pb__authenticate_response__descriptor, answer.message, &arena,
                        &token, err);
    /* "authentication is not enabled": the user is not needed, nor is a token. */
    if (status == CREG_OK)
        status = keep_token(state, token == NULL ? "" : token->token, err);
    creg_arena_clear(&arena);
    return status;
}

/* ---- statuses --------------------------------------------------------------------------- */

static bool says(creg_slice text, const char *words)
{
    size_t size = strlen(words);
    for (size_t i = 0; i + size <= text.size; i++)
        if (memcmp(text.data + i, words, size) == 0)
            return true;
    return false;
}

static creg_status fail_status(const creg_grpc_answer *answer, bool is_write, creg_error *err)
{
    creg_status status;
    switch (answer->status) {
    case CREG_GRPC_PERMISSION_DENIED:
    case CREG_GRPC_UNAUTHENTICATED:
        status = creg_fail(err, CREG_PERMISSION, "etcd denied the request");
        break;
    case CREG_GRPC_RESOURCE_EXHAUSTED:
        status = says(answer->reason, "space")
                     ? creg_fail(err, CREG_NO_SPACE,
                                 "etcd's database is full; nothing "
                                 "was done")
                     : creg_fail(err, CREG_LIMIT, "too large for one request to etcd");
        break;
    case CREG_GRPC_INVALID_ARGUMENT:
        status = says(answer->reason, "too large") || says(answer->reason, "too many")
                     ? creg_fail(err, CREG_LIMIT, "too large for one request to etcd")
                 : says(answer->reason, "user name is empty")
                     ? creg_fail(err, CREG_PERMISSION, "etcd wants a user")
                     : creg_fail(err, CREG_INVALID, "etcd refused the request");
        break;
    case CREG_GRPC_NOT_FOUND:
        status = creg_fail(err, CREG_NOT_FOUND, "etcd does not know it");
        break;
    case CREG_GRPC_OUT_OF_RANGE:
        status = creg_fail(err, CREG_CONFLICT, "the revision is compacted");
        break;
    default:
        /* No leader, a changed one, or no status at all: whatever was sent may be done. */
        status = is_write ? creg_fail(err, CREG_UNKNOWN_OUTCOME,
                                      "etcd failed; the change may have been made")
                          : creg_fail(err, CREG_UNAVAILABLE, "etcd cannot answer now");
    }
    creg_error_detail(err, "gRPC status %ld: %.*s", answer->status, CREG_SHOW(answer->reason));
    return status;
}

/* Nothing was asked to be done, so there is no outcome that could be unknown. */
static creg_status of_call(const creg_etcd_call *call, creg_status status, creg_error *err)
{
    if (status != CREG_UNKNOWN_OUTCOME || call->is_write)
        return status;
    if (err != NULL)
        err->status = CREG_UNAVAILABLE;
    return CREG_UNAVAILABLE;
}

static bool is_expired_token(const creg_driver_state *state, const creg_grpc_answer *answer)
{
    return state->user != NULL && (answer->status == CREG_GRPC_UNAUTHENTICATED ||
                                   says(answer->reason, "invalid auth token") ||
                                   says(answer->reason, "revision of auth store is old"));
}

creg_status creg_etcd_send(creg_driver_state *state, const creg_etcd_call *call,
                           creg_arena *arena, void *ret_answer, creg_error *err)
{
    uint64_t deadline = creg_clock_ms() + state->timeout_ms;
    creg_grpc_request request = {.method = call->method, .is_repeatable = !call->is_write};
    creg_status status = creg_etcd_pack(call->request, arena, &request.message, err);
    bool is_renewed = false;
    for (unsigned round = 0; status == CREG_OK; round++) {
        creg_grpc_answer answer = {0};
        request.token = creg_etcd_token(state, arena);
        status = creg_grpc_call(state->http, &request, arena, &answer, err);
        if (status == CREG_OK && answer.status == CREG_GRPC_OK)
            return of_call(call, unpack(call->answer, answer.message, arena, ret_answer, err),
                           err);
        if (status != CREG_OK)
            return of_call(call, status, err);
        if (is_expired_token(state, &answer) && !is_renewed) {
            is_renewed = true;
            status = creg_etcd_authenticate(state, err);
            continue;
        }
        status = fail_status(&answer, call->is_write, err);
        uint64_t now = creg_clock_ms();
        if (status != CREG_UNAVAILABLE || now >= deadline)
            return status;
        if (!creg_http_pause(round, deadline - now))
            return creg_fail_interrupted(err);
        status = CREG_OK;
    }
    return status;
}
