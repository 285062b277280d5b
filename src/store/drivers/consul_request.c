/* SPDX-License-Identifier: MIT */
/*
 * Requests to Consul, and what its answers mean.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/interrupt.h"
#include "base/limits.h"
#include "store/drivers/consul.h"

enum { PATH_MAX_BYTES = 3 * CREG_LIMIT_KEY + 1024 };

bool creg_consul_has_text(creg_slice haystack, const char *needle)
{
    size_t size = strlen(needle);
    for (size_t i = 0; i + size <= haystack.size; i++)
        if (memcmp(haystack.data + i, needle, size) == 0)
            return true;
    return false;
}

bool creg_consul_is_denial(creg_slice reason)
{
    return creg_consul_has_text(reason, "ermission denied"); /* with a large or a small p */
}

creg_status creg_consul_fail_answer(const creg_http_answer *answer, bool is_write,
                                    creg_error *err)
{
    int size = (int)(answer->body.size > 300 ? 300 : answer->body.size);
    creg_status status;
    switch (answer->status) {
    case 401:
    case 403:
        status = creg_fail(err, CREG_PERMISSION, "consul denied the request");
        break;
    case 413:
        status = creg_fail(err, CREG_LIMIT, "too large for one request to consul");
        break;
    case 400:
        status = creg_consul_has_text(answer->body, "Enterprise")
                     ? creg_fail(err, CREG_UNSUPPORTED,
                                 "this consul server has no namespaces and no partitions")
                     : creg_fail(err, CREG_INVALID, "consul refused the request");
        break;
    case 429:
        status = creg_fail(err, CREG_UNAVAILABLE, "consul limits the rate of requests");
        break;
    default:
        /* A follower answers 500 when its leader went away in mid-request: it may be done. */
        status = is_write ? creg_fail(err, CREG_UNKNOWN_OUTCOME,
                                      "consul failed; the change may have been made")
                          : creg_fail(err, CREG_UNAVAILABLE, "consul cannot answer now");
    }
    creg_error_detail(err, "HTTP %ld: %.*s", answer->status, size, answer->body.data);
    return status;
}

creg_status creg_consul_send_read(creg_driver_state *state, creg_http_request *request,
                                  creg_arena *arena, creg_http_answer *ret_answer,
                                  creg_error *err)
{
    request->is_repeatable = true;
    uint64_t deadline = creg_clock_ms() + state->timeout_ms;
    for (unsigned round = 0;; round++) {
        creg_status status = creg_http_send(state->http, request, arena, ret_answer, err);
        uint64_t now = creg_clock_ms();
        if (status != CREG_OK || ret_answer->status != 500 || now >= deadline)
            return status;
        if (!creg_http_pause(round, deadline - now))
            return creg_fail_interrupted(err);
    }
}

creg_status creg_consul_make_path(const creg_driver_state *state, creg_slice key,
                                  const char *query, bool is_read, creg_arena *arena,
                                  const char **ret_path, creg_error *err)
{
    creg_slice escaped = creg_http_escape(key, true, arena);
    if (escaped.data == NULL)
        return creg_fail_arena(err, arena);
    creg_text text;
    creg_text_init(&text, arena, PATH_MAX_BYTES);
    creg_text_string(&text, "/v1/kv/");
    creg_text_slice(&text, escaped);
    creg_text_format(&text, "?%s%s%s", query, is_read ? state->config.consistency : "",
                     state->config.scope);
    creg_slice path;
    creg_status status = creg_text_finish(&text, &path, err);
    if (status == CREG_OK)
        *ret_path = path.data;
    return status;
}

creg_status creg_consul_fail_stranger(bool is_write, creg_error *err)
{
    static const char text[] = "what answers there is not consul";
    return is_write
               ? creg_fail(err, CREG_UNKNOWN_OUTCOME, "%s; the change may have been made", text)
               : creg_fail(err, CREG_UNAVAILABLE, "%s", text);
}

creg_status creg_consul_get_kv(creg_driver_state *state, creg_slice key, const char *query,
                               creg_arena *arena, creg_http_answer *ret_answer, creg_error *err)
{
    creg_http_request request = {.method = "GET"};
    creg_status status =
        creg_consul_make_path(state, key, query, true, arena, &request.path, err);
    if (status == CREG_OK)
        status = creg_consul_send_read(state, &request, arena, ret_answer, err);
    if (status == CREG_OK && ret_answer->status != 200 && ret_answer->status != 404)
        status = creg_consul_fail_answer(ret_answer, false, err);
    bool is_stranger = status == CREG_OK && ret_answer->status == 404 &&
                       (ret_answer->consul_index == 0 || ret_answer->body.size > 0);
    return is_stranger ? creg_consul_fail_stranger(false, err) : status;
}

creg_status creg_consul_check_access(creg_driver_state *state, creg_slice prefix,
                                     creg_arena *arena, creg_error *err)
{
    creg_text text;
    creg_text_init(&text, arena, CREG_LIMIT_KEY + 16);
    creg_text_slice(&text, prefix);
    creg_text_byte(&text, '_');
    creg_slice key;
    creg_status status = creg_text_finish(&text, &key, err);
    creg_http_answer answer;
    if (status == CREG_OK)
        status = creg_consul_get_kv(state, key, "", arena, &answer, err);
    creg_consul_entries entries;
    return status == CREG_OK && answer.status == 200
               ? creg_consul_parse_entries(answer.body, false, arena, &entries, err)
               : status;
}

creg_status creg_consul_send_transaction(creg_driver_state *state, creg_slice body,
                                         bool is_write, creg_arena *arena,
                                         creg_http_answer *ret_answer, creg_error *err)
{
    if (body.size > CREG_CONSUL_BODY_MAX)
        return creg_fail(err, CREG_LIMIT,
                         "a transaction of %zu bytes; consul takes %d (values count 4/3)",
                         body.size, CREG_CONSUL_BODY_MAX);
    creg_text text;
    creg_text_init(&text, arena, 2048);
    creg_text_format(&text, "/v1/txn?%s%s", is_write ? "" : state->config.consistency,
                     state->config.scope);
    creg_slice path;
    creg_status status = creg_text_finish(&text, &path, err);
    if (status != CREG_OK)
        return status;
    creg_http_request request = {.method = "PUT", .path = path.data, .body = body};
    if (is_write)
        return creg_http_send(state->http, &request, arena, ret_answer, err);
    return creg_consul_send_read(state, &request, arena, ret_answer, err);
}
