/* SPDX-License-Identifier: MIT */
/*
 * Consul's key/value store as a driver, over its HTTP API.
 *
 *     get          GET /v1/kv/KEY
 *     one list     GET /v1/kv/PREFIX/?recurse           (X-Consul-Index is the revision)
 *     names        GET /v1/kv/PREFIX/?keys&separator=/   of one level
 *     many reads   PUT /v1/txn of get and get-tree       one moment
 *     apply        PUT /v1/txn, at most 64 or 128 operations: asked of the server
 *     wait         a blocking query on the prefix
 *     liveness     a session that holds a lock on the bound key; the fence is check-session
 *
 * Consul has no check for an empty subtree. It is looked up before the transaction, which is
 * enough for us: nobody else writes below an id that is not his, and ids are claimed by
 * compare-and-set. A reader of a stale server is not possible by default: reads ask for
 * "consistent", and `?consistency=default` gives that up for fewer round trips.
 */
#include <stdio.h>

#include "base/arena.h"
#include "base/fail.h"
#include "base/limits.h"
#include "store/drivers/consul.h"

enum {
    OPERATIONS_OLD = 64, /* before Consul 1.14 */
    OPERATIONS_NEW = 128
};

/* ---- open ------------------------------------------------------------------------------- */

/* A token that is none would make keys look absent; say so at once. */
static creg_status check_token(creg_driver_state *state, creg_arena *arena, creg_error *err)
{
    if (state->config.headers[0] == NULL)
        return CREG_OK;
    creg_http_request request = {.method = "GET", .path = "/v1/acl/token/self"};
    creg_http_answer answer;
    creg_status status = creg_consul_send_read(state, &request, arena, &answer, err);
    if (status == CREG_OK && answer.status == 403)
        return creg_fail(err, CREG_PERMISSION, "consul does not accept the token");
    return status; /* other answers: no ACLs here, or a token of the old kind */
}

/* Servers before 1.11 know no partitions, and do not say so: they would use the only one. All
 * free servers refuse a namespace, and those that know namespaces know of partitions. */
static creg_status check_partitions(creg_driver_state *state, creg_slice root, creg_error *err)
{
    creg_http_answer answer;
    creg_slice key = root.size == 0 ? creg_slice_of("_") : root;
    return creg_consul_get_kv(state, key, "ns=default", &state->arena, &answer, err);
}

/* One request: is there a leader, and may we read below our root? A token may be for parts of
 * it; then every empty list has to be doubted. */
static creg_status check_root(creg_driver_state *state, creg_slice root, creg_error *err)
{
    if (state->config.has_partition) {
        creg_status known = check_partitions(state, root, err);
        if (known != CREG_OK)
            return known;
    }
    creg_status status = creg_consul_check_access(state, root, &state->arena, err);
    if (status != CREG_PERMISSION)
        return status;
    state->is_doubtful = true;
    return check_token(state, &state->arena, err);
}

static void consul_close(creg_driver_state *state)
{
    creg_http_free(state->http);
    creg_arena_clear(&state->arena);
}

static void consul_abandon(creg_driver_state *state)
{
    creg_http_abandon(state->http);
    creg_arena_clear(&state->arena);
}

static creg_status consul_open(creg_driver_state *state, const creg_store_url *url,
                               const creg_store_options *options, creg_error *err)
{
    creg_arena_init(&state->arena, 1024 * 1024);
    state->timeout_ms = options->timeout_ms;
    creg_status status =
        creg_consul_config_read(url, options->timeout_ms, &state->arena, &state->config, err);
    if (status == CREG_OK)
        status = creg_http_new(&state->config.http, &state->http, err);
    if (status == CREG_OK)
        status = check_root(state, url->root, err);
    if (status != CREG_OK)
        consul_close(state);
    return status;
}

/* ---- waiting ---------------------------------------------------------------------------- */

static creg_status consul_wait(creg_driver_state *state, creg_slice prefix, uint64_t revision,
                               uint32_t timeout_ms, uint64_t *ret_revision, creg_error *err)
{
    creg_arena arena;
    creg_arena_init(&arena, CREG_LIMIT_OPERATION_BYTES);
    uint32_t wait_ms = timeout_ms > 600000 ? 600000 : timeout_ms < 1 ? 1 : timeout_ms;
    char query[96];
    snprintf(query, sizeof query, "keys&separator=/&index=%llu&wait=%ums",
             (unsigned long long)revision, wait_ms);
    /* Consul adds up to a sixteenth of the wait so that clients do not come back all at once. */
    creg_http_request request = {.method = "GET",
                                 .is_repeatable = true,
                                 .is_long_poll = true,
                                 .timeout_ms = wait_ms + wait_ms / 16 + state->timeout_ms};
    creg_http_answer answer;
    creg_status status =
        creg_consul_make_path(state, prefix, query, true, &arena, &request.path, err);
    if (status == CREG_OK)
        status = creg_http_send(state->http, &request, &arena, &answer, err);
    if (status == CREG_OK && answer.status != 200 && answer.status != 404)
        status = creg_consul_fail_answer(&answer, false, err);
    if (status == CREG_OK) {
        /* An index that went backwards (a restored server) is a change as well. */
        *ret_revision = answer.consul_index == 0 ? 1 : answer.consul_index;
        if (*ret_revision == revision)
            status = creg_fail(err, CREG_TIMEOUT, "nothing changed in %u ms", timeout_ms);
    }
    creg_arena_clear(&arena);
    return status;
}

/* ---- limits and facts ------------------------------------------------------------------- */

/* A transaction of one read more than the old limit: taken, or refused by its number. */
static creg_status probe_operations(creg_driver_state *state, creg_arena *arena,
                                    size_t *ret_operations, creg_error *err)
{
    creg_text body;
    creg_text_init(&body, arena, CREG_CONSUL_BODY_MAX);
    creg_text_byte(&body, '[');
    bool is_first = true;
    creg_consul_verb probe = {.verb = "get-tree", .key = creg_slice_of("_confreg/probe/")};
    for (int i = 0; i <= OPERATIONS_OLD; i++)
        creg_consul_write_verb(&body, &probe, &is_first);
    creg_text_byte(&body, ']');
    creg_slice text;
    creg_status status = creg_text_finish(&body, &text, err);
    creg_http_answer answer;
    if (status == CREG_OK)
        status = creg_consul_send_transaction(state, text, false, arena, &answer, err);
    if (status == CREG_OK)
        *ret_operations = answer.status == 200 ? OPERATIONS_NEW : OPERATIONS_OLD;
    return status;
}

static creg_status consul_learn_limits(creg_driver_state *state, creg_limits *ret_limits,
                                       creg_error *err)
{
    size_t operations = atomic_load(&state->operations);
    creg_status status = CREG_OK;
    if (operations == 0) {
        creg_arena arena;
        creg_arena_init(&arena, CREG_LIMIT_OPERATION_BYTES);
        status = probe_operations(state, &arena, &operations, err);
        creg_arena_clear(&arena);
        if (status == CREG_OK)
            atomic_store(&state->operations, operations);
    }
    ret_limits->transaction_operations = operations;
    return status;
}

/* Who may not read the agent's affairs does not see its version; that is no failure. */
static creg_status add_version(creg_driver_state *state, creg_arena *arena,
                               creg_pairs *ret_facts, creg_error *err)
{
    creg_http_request request = {.method = "GET", .path = "/v1/agent/self"};
    creg_http_answer answer;
    creg_slice version;
    creg_status status = creg_consul_send_read(state, &request, arena, &answer, err);
    if (status != CREG_OK || answer.status != 200)
        return status;
    status = creg_consul_parse_text(answer.body, "/Config/Version", arena, &version, err);
    return status == CREG_OK
               ? creg_pairs_fact(ret_facts, arena, "server", "consul %.*s", CREG_SHOW(version))
               : status;
}

static creg_status add_leader(creg_driver_state *state, creg_arena *arena,
                              creg_pairs *ret_facts, creg_error *err)
{
    creg_http_request request = {.method = "GET", .path = "/v1/status/leader"};
    creg_http_answer answer;
    creg_slice leader;
    creg_status status = creg_consul_send_read(state, &request, arena, &answer, err);
    if (status == CREG_OK && answer.status != 200)
        status = creg_consul_fail_answer(&answer, false, err);
    if (status == CREG_OK)
        status = creg_consul_parse_text(answer.body, "", arena, &leader, err);
    return status == CREG_OK
               ? creg_pairs_fact(ret_facts, arena, "leader", "%.*s", CREG_SHOW(leader))
               : status;
}

static creg_status consul_info(creg_driver_state *state, creg_arena *arena,
                               creg_pairs *ret_facts, creg_error *err)
{
    creg_limits limits;
    creg_status status = add_version(state, arena, ret_facts, err);
    if (status == CREG_OK)
        status = add_leader(state, arena, ret_facts, err);
    if (status == CREG_OK)
        status = consul_learn_limits(state, &limits, err);
    if (status == CREG_OK)
        status = creg_pairs_fact(ret_facts, arena, "transaction_operations", "%zu",
                                 limits.transaction_operations);
    if (status == CREG_OK)
        status = creg_pairs_fact(
            ret_facts, arena, "consistency", "%s",
            state->config.consistency[0] == '\0' ? "default" : state->config.consistency + 1);
    return status;
}

static const char *const schemes[] = {"consul", "http", "https", NULL};
static const char *const parameters[] = {
    "dc",      "ns",      "partition", "consistency", "token_file",  "tls", "insecure",
    "ca_file", "ca_path", "cert_file", "key_file",    "server_name", NULL};

const creg_store_driver creg_driver_consul = {
    .name = "consul",
    .schemes = schemes,
    .private_size = sizeof(struct creg_driver_state),
    .capabilities = CREG_STORE_SNAPSHOT_READ | CREG_STORE_NEEDS_FENCE |
                    CREG_STORE_MULTI_PROCESS | CREG_STORE_SAME_VALUE_IS_NO_CHANGE |
                    CREG_STORE_SMALL_TRANSACTIONS,
    .parameters = parameters,
    /* Raw bytes: base64 makes 4/3 of a value, and each operation has some sixty of framing. */
    .limits = {.transaction_operations = OPERATIONS_OLD,
               .transaction_bytes = 370 * 1024,
               .key_bytes = CREG_LIMIT_KEY,
               .value_bytes = CREG_LIMIT_VALUE,
               .operation_bytes = 64,
               .writers = 8},

    .open = consul_open,
    .close = consul_close,
    .abandon = consul_abandon,
    .get = creg_consul_get,
    .read = creg_consul_read,
    .apply = creg_consul_apply,
    .wait = consul_wait,
    .liveness_open = creg_consul_liveness_open,
    .liveness_renew = creg_consul_liveness_renew,
    .liveness_release = creg_consul_liveness_release,
    .liveness_check = creg_consul_liveness_check,
    .learn_limits = consul_learn_limits,
    .info = consul_info,
};
