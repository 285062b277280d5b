/* SPDX-License-Identifier: MIT */
/*
 * Liveness on Consul: a session without health checks, which lives as long as it is renewed, and
 * the lock that it holds on the key of its writer.
 */
#include <stdio.h>

#include "base/arena.h"
#include "base/fail.h"
#include "base/limits.h"
#include "base/memory.h"
#include "store/drivers/consul.h"

enum { SESSION_TTL_MIN_MS = 10000 /* session_ttl_min, as servers come */ };

static creg_status send_session(creg_driver_state *state, const char *verb, const char *id,
                                creg_slice body, creg_arena *arena,
                                creg_http_answer *ret_answer, creg_error *err)
{
    char path[768];
    snprintf(path, sizeof path, "/v1/session/%s%s%s?%s", verb, id[0] == '\0' ? "" : "/", id,
             state->config.scope);
    /* Creating twice leaves a session that expires by itself; the others may be repeated. */
    creg_http_request request = {
        .method = "PUT", .path = path, .body = body, .is_repeatable = true};
    return creg_http_send(state->http, &request, arena, ret_answer, err);
}

static creg_status create_session(creg_driver_state *state, creg_slice name, uint32_t ttl_ms,
                                  creg_arena *arena, creg_http_answer *ret_answer,
                                  creg_error *err)
{
    creg_text text;
    creg_text_init(&text, arena, 4096);
    creg_text_string(&text, "{\"Name\":\"confreg ");
    for (size_t i = 0; i < name.size && i < 128; i++) {
        bool is_plain = name.data[i] >= ' ' && name.data[i] < 0x7F && name.data[i] != '"' &&
                        name.data[i] != '\\';
        creg_text_byte(&text, is_plain ? name.data[i] : '_');
    }
    /* No health checks: the session must depend on nothing but being renewed. */
    creg_text_format(&text,
                     "\",\"TTL\":\"%ums\",\"Behavior\":\"release\",\"LockDelay\":\"0s\","
                     "\"Checks\":[],\"NodeChecks\":[]}",
                     ttl_ms);
    creg_slice body;
    creg_status status = creg_text_finish(&text, &body, err);
    return status == CREG_OK ? send_session(state, "create", "", body, arena, ret_answer, err)
                             : status;
}

static creg_status open_session(creg_driver_state *state, creg_slice name, uint32_t *ttl_ms,
                                creg_arena *arena, creg_consul_session *bound, creg_error *err)
{
    creg_http_answer answer;
    creg_status status = create_session(state, name, *ttl_ms, arena, &answer, err);
    if (status == CREG_OK && answer.status != 200 && *ttl_ms < SESSION_TTL_MIN_MS) {
        *ttl_ms = SESSION_TTL_MIN_MS; /* the server's minimum */
        status = create_session(state, name, *ttl_ms, arena, &answer, err);
    }
    if (status != CREG_OK)
        return status;
    if (answer.status != 200)
        return creg_consul_fail_answer(&answer, false, err);
    creg_slice id;
    status = creg_consul_parse_text(answer.body, "/ID", arena, &id, err);
    if (status != CREG_OK)
        return status;
    bool is_usable = id.size > 0 && id.size < CREG_CONSUL_SESSION_ID;
    for (size_t i = 0; is_usable && i < id.size; i++)
        is_usable = (id.data[i] >= '0' && id.data[i] <= '9') || id.data[i] == '-' ||
                    (id.data[i] >= 'a' && id.data[i] <= 'f');
    if (!is_usable)
        return creg_fail(err, CREG_UNAVAILABLE, "consul gave a session without a usable id");
    memcpy(bound->id, id.data, id.size);
    return CREG_OK;
}

creg_status creg_consul_liveness_open(creg_driver_state *state, creg_slice name,
                                      uint32_t *ttl_ms, void **ret_handle, creg_error *err)
{
    creg_consul_session *bound = creg_memory_calloc(1, sizeof *bound);
    if (bound == NULL)
        return creg_fail(err, CREG_NO_MEMORY, "out of memory");
    creg_arena arena;
    creg_arena_init(&arena, 1024 * 1024);
    creg_status status = open_session(state, name, ttl_ms, &arena, bound, err);
    creg_arena_clear(&arena);
    if (status == CREG_OK)
        *ret_handle = bound;
    else
        creg_memory_free(bound);
    return status;
}

creg_status creg_consul_liveness_renew(creg_driver_state *state, void *handle, creg_error *err)
{
    const creg_consul_session *bound = handle;
    creg_arena arena;
    creg_arena_init(&arena, 1024 * 1024);
    creg_http_answer answer;
    creg_status status =
        send_session(state, "renew", bound->id, creg_slice_make("", 0), &arena, &answer, err);
    if (status == CREG_OK && answer.status == 404)
        status = creg_fail(err, CREG_CONFLICT, "the liveness is lost: its session is gone");
    else if (status == CREG_OK && answer.status != 200)
        status = creg_consul_fail_answer(&answer, false, err);
    creg_arena_clear(&arena);
    return status;
}

/* Best effort: a session that is not destroyed expires by itself. */
void creg_consul_liveness_release(creg_driver_state *state, void *handle)
{
    creg_consul_session *bound = handle;
    creg_arena arena;
    creg_arena_init(&arena, 1024 * 1024);
    creg_http_answer answer;
    send_session(state, "destroy", bound->id, creg_slice_make("", 0), &arena, &answer, NULL);
    creg_arena_clear(&arena);
    creg_memory_free(bound);
}

creg_status creg_consul_liveness_check(creg_driver_state *state, creg_slice key,
                                       bool *ret_alive, creg_error *err)
{
    creg_arena arena;
    creg_arena_init(&arena, CREG_LIMIT_OPERATION_BYTES);
    creg_http_answer answer;
    creg_consul_entries entries = {NULL, 0};
    creg_status status = creg_consul_get_kv(state, key, "", &arena, &answer, err);
    if (status == CREG_OK && answer.status == 200)
        status = creg_consul_parse_entries(answer.body, false, &arena, &entries, err);
    if (status == CREG_OK)
        *ret_alive = entries.size > 0 && entries.items[0].session.size > 0;
    creg_arena_clear(&arena);
    return status;
}
