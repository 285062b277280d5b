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
#include <stdatomic.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/fail.h"
#include "base/interrupt.h"
#include "base/limits.h"
#include "base/memory.h"
#include "store/checks.h"
#include "store/drivers/consul.h"

enum {
    OPERATIONS_OLD = 64, /* before Consul 1.14 */
    OPERATIONS_NEW = 128,
    SNAPSHOT_TRIES = 8,
    SESSION_ID_MAX = 64,
    SESSION_TTL_MIN_MS = 10000, /* session_ttl_min, as servers come */
    PATH_MAX_BYTES = 3 * CREG_LIMIT_KEY + 1024
};

struct creg_driver_state {
    creg_arena arena;
    creg_consul_config config;
    creg_http *http;
    uint32_t timeout_ms;
    bool is_doubtful;         /* reading just below the root is denied: lists may hide keys */
    atomic_size_t operations; /* 0: not asked yet */
};

typedef struct session {
    char id[SESSION_ID_MAX];
    char key[CREG_LIMIT_KEY + 1]; /* the key that it locks; "" before the first */
} session;

/* ---- requests --------------------------------------------------------------------------- */

static const char DENIED[] = "ermission denied"; /* with a large or a small p */

static bool has_text(creg_slice haystack, const char *needle)
{
    size_t size = strlen(needle);
    for (size_t i = 0; i + size <= haystack.size; i++)
        if (memcmp(haystack.data + i, needle, size) == 0)
            return true;
    return false;
}

static creg_status fail_answer(const creg_http_answer *answer, bool is_write, creg_error *err)
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
        status = has_text(answer->body, "Enterprise")
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

/* Reads are tried again while the servers elect a leader, until the deadline of the call. */
static creg_status send_read(creg_driver_state *state, creg_http_request *request,
                             creg_arena *arena, creg_http_answer *ret_answer, creg_error *err)
{
    request->is_repeatable = true;
    uint64_t deadline = creg_http_now_ms() + state->timeout_ms;
    for (unsigned round = 0;; round++) {
        creg_status status = creg_http_send(state->http, request, arena, ret_answer, err);
        uint64_t now = creg_http_now_ms();
        if (status != CREG_OK || ret_answer->status != 500 || now >= deadline)
            return status;
        if (!creg_http_pause(round, deadline - now))
            return creg_fail_interrupted(err);
    }
}

static creg_status make_path(const creg_driver_state *state, creg_slice key, const char *query,
                             bool is_read, creg_arena *arena, const char **ret_path,
                             creg_error *err)
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

/* What is answered, but not by Consul: a proxy's page, or something else on its port. */
static creg_status fail_stranger(bool is_write, creg_error *err)
{
    static const char text[] = "what answers there is not consul";
    return is_write
               ? creg_fail(err, CREG_UNKNOWN_OUTCOME, "%s; the change may have been made", text)
               : creg_fail(err, CREG_UNAVAILABLE, "%s", text);
}

/* GET below /v1/kv. CREG_OK for 200 and 404; the answer's status tells. Consul's own "not
 * found" has an index, which tells it from that of another server. */
static creg_status get_kv(creg_driver_state *state, creg_slice key, const char *query,
                          creg_arena *arena, creg_http_answer *ret_answer, creg_error *err)
{
    creg_http_request request = {.method = "GET"};
    creg_status status = make_path(state, key, query, true, arena, &request.path, err);
    if (status == CREG_OK)
        status = send_read(state, &request, arena, ret_answer, err);
    if (status == CREG_OK && ret_answer->status != 200 && ret_answer->status != 404)
        status = fail_answer(ret_answer, false, err);
    bool is_stranger = status == CREG_OK && ret_answer->status == 404 &&
                       (ret_answer->consul_index == 0 || ret_answer->body.size > 0);
    return is_stranger ? fail_stranger(false, err) : status;
}

/* ---- open ------------------------------------------------------------------------------- */

/* A token that is none would make keys look absent; say so at once. */
static creg_status check_token(creg_driver_state *state, creg_arena *arena, creg_error *err)
{
    if (state->config.headers[0] == NULL)
        return CREG_OK;
    creg_http_request request = {.method = "GET", .path = "/v1/acl/token/self"};
    creg_http_answer answer;
    creg_status status = send_read(state, &request, arena, &answer, err);
    if (status == CREG_OK && answer.status == 403)
        return creg_fail(err, CREG_PERMISSION, "consul does not accept the token");
    return status; /* other answers: no ACLs here, or a token of the old kind */
}

/*
 * Consul leaves out of a list what the token must not see, so that "denied" looks like
 * "nothing there". A single key is refused aloud: whether it exists does not matter.
 */
static creg_status check_access(creg_driver_state *state, creg_slice prefix, creg_arena *arena,
                                creg_error *err)
{
    creg_text text;
    creg_text_init(&text, arena, CREG_LIMIT_KEY + 16);
    creg_text_slice(&text, prefix);
    creg_text_byte(&text, '_');
    creg_slice key;
    creg_status status = creg_text_finish(&text, &key, err);
    creg_http_answer answer;
    if (status == CREG_OK)
        status = get_kv(state, key, "", arena, &answer, err);
    creg_consul_entries entries;
    return status == CREG_OK && answer.status == 200
               ? creg_consul_parse_entries(answer.body, false, arena, &entries, err)
               : status;
}

/* Servers before 1.11 know no partitions, and do not say so: they would use the only one. All
 * free servers refuse a namespace, and those that know namespaces know of partitions. */
static creg_status check_partitions(creg_driver_state *state, creg_slice root, creg_error *err)
{
    creg_http_answer answer;
    creg_slice key = root.size == 0 ? creg_slice_of("_") : root;
    return get_kv(state, key, "ns=default", &state->arena, &answer, err);
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
    creg_status status = check_access(state, root, &state->arena, err);
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

/* ---- reading ---------------------------------------------------------------------------- */

static creg_status consul_get(creg_driver_state *state, creg_slice key, creg_arena *arena,
                              creg_slice *ret_value, creg_version *ret_version, creg_error *err)
{
    creg_http_answer answer;
    creg_status status = get_kv(state, key, "", arena, &answer, err);
    if (status != CREG_OK)
        return status;
    if (answer.status == 404)
        return CREG_NOT_FOUND;
    creg_consul_entries entries;
    status = creg_consul_parse_entries(answer.body, false, arena, &entries, err);
    if (status != CREG_OK)
        return status;
    if (entries.size != 1 || !creg_slice_equal(entries.items[0].pair.key, key))
        return fail_stranger(false, err);
    *ret_value = entries.items[0].pair.value;
    *ret_version = entries.items[0].pair.version;
    return CREG_OK;
}

static creg_status take_entries(const creg_consul_entry *entries, size_t size, creg_read *read,
                                creg_arena *arena, creg_error *err)
{
    creg_pair *items = creg_arena_calloc(arena, size, sizeof *items);
    if (items == NULL)
        return creg_fail_arena(err, arena);
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        /* Recursing from "a/" also gives a key "a/" that somebody made by hand. */
        bool is_prefix_itself = creg_slice_equal(entries[i].pair.key, read->key);
        if (!read->is_list || !is_prefix_itself)
            items[count++] = entries[i].pair;
    }
    if (read->is_list)
        return creg_pairs_cut(items, count, read, arena, err);
    read->ret_pairs = (creg_pairs){items, count};
    return CREG_OK;
}

/* How many entries from `at` on belong to the tree: below it, in rising order. */
static size_t run_of_tree(const creg_consul_entries *entries, size_t at, creg_slice tree)
{
    size_t end = at;
    while (end < entries->size && creg_slice_has_prefix(entries->items[end].pair.key, tree) &&
           (end == at || creg_slice_compare(entries->items[end - 1].pair.key,
                                            entries->items[end].pair.key) < 0))
        end++;
    return end - at;
}

/* Nothing but what was asked for, and each key once. */
static bool is_of_read(const creg_consul_entries *entries, const creg_read *read)
{
    if (read->is_list)
        return run_of_tree(entries, 0, read->key) == entries->size;
    return entries->size == 0 ||
           (entries->size == 1 && creg_slice_equal(entries->items[0].pair.key, read->key));
}

/* Consul tells the names one level down by themselves, without what lies below them. */
static bool is_list_of_names(const creg_read *read)
{
    return read->is_list && read->keys_only && read->names_only && read->depth == 1;
}

static creg_status read_one(creg_driver_state *state, creg_read *read, creg_arena *arena,
                            uint64_t *ret_revision, creg_error *err)
{
    creg_http_answer answer;
    bool is_names = is_list_of_names(read);
    const char *query = is_names ? "keys&separator=/" : read->is_list ? "recurse" : "";
    creg_status status = get_kv(state, read->key, query, arena, &answer, err);
    if (status != CREG_OK)
        return status;
    *ret_revision = answer.consul_index;
    creg_consul_entries entries = {NULL, 0};
    if (answer.status == 200)
        status = is_names ? creg_consul_parse_names(answer.body, arena, &entries, err)
                          : creg_consul_parse_entries(answer.body, false, arena, &entries, err);
    if (status == CREG_OK && !is_of_read(&entries, read))
        status = fail_stranger(false, err);
    if (status == CREG_OK && entries.size == 0 && read->is_list && state->is_doubtful)
        status = check_access(state, read->key, arena, err);
    return status == CREG_OK ? take_entries(entries.items, entries.size, read, arena, err)
                             : status;
}

static creg_status send_transaction(creg_driver_state *state, creg_slice body, bool is_write,
                                    creg_arena *arena, creg_http_answer *ret_answer,
                                    creg_error *err)
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
    return send_read(state, &request, arena, ret_answer, err);
}

/*
 * Reads as a transaction: single keys first, so that what follows them in the answer belongs
 * to trees. A "get" of a missing key fails the whole; then that key is asserted to be missing
 * instead, and the rest is asked again.
 */
static creg_status ask_snapshot(creg_driver_state *state, const creg_read *reads, size_t count,
                                const bool *is_missing, creg_arena *arena,
                                creg_http_answer *ret_answer, creg_error *err)
{
    creg_text body;
    creg_text_init(&body, arena, 4 * CREG_CONSUL_BODY_MAX);
    creg_text_byte(&body, '[');
    bool is_first = true;
    for (int lists = 0; lists <= 1; lists++)
        for (size_t i = 0; i < count; i++) {
            if (reads[i].is_list != (lists == 1))
                continue;
            const char *verb = lists == 1      ? "get-tree"
                               : is_missing[i] ? "check-not-exists"
                                               : "get";
            creg_consul_verb read = {.verb = verb, .key = reads[i].key};
            creg_consul_write_verb(&body, &read, &is_first);
        }
    creg_text_byte(&body, ']');
    creg_slice text;
    creg_status status = creg_text_finish(&body, &text, err);
    return status == CREG_OK ? send_transaction(state, text, false, arena, ret_answer, err)
                             : status;
}

/* Which read the refused operation `index` was: single keys stand first. */
static size_t read_of_operation(const creg_read *reads, size_t count, size_t index)
{
    for (size_t i = 0; i < count; i++)
        if (!reads[i].is_list && index-- == 0)
            return i;
    return SIZE_MAX;
}

static creg_status take_snapshot(creg_driver_state *state, const creg_consul_entries *entries,
                                 creg_read *reads, size_t count, const bool *is_missing,
                                 creg_arena *arena, creg_error *err)
{
    size_t at = 0;
    for (int lists = 0; lists <= 1; lists++)
        for (size_t i = 0; i < count; i++) {
            if (reads[i].is_list != (lists == 1))
                continue;
            size_t size = 0;
            if (lists == 1)
                size = run_of_tree(entries, at, reads[i].key);
            else if (!is_missing[i] && at < entries->size)
                size = 1;
            /* What is denied is left out of an answer, too. */
            bool is_left_out =
                lists == 0 && !is_missing[i] &&
                (size == 0 || !creg_slice_equal(entries->items[at].pair.key, reads[i].key));
            if (is_left_out)
                return creg_fail(err, CREG_PERMISSION, "consul denied the request");
            creg_status status = CREG_OK;
            if (lists == 1 && size == 0 && state->is_doubtful)
                status = check_access(state, reads[i].key, arena, err);
            if (status == CREG_OK)
                status = take_entries(entries->items + at, size, &reads[i], arena, err);
            if (status != CREG_OK)
                return status;
            at += size;
        }
    return at == entries->size ? CREG_OK : fail_stranger(false, err);
}

/* Transactions name no index: the newest entry's is at most too old, which wakes a wait early. */
static uint64_t newest_index(const creg_consul_entries *entries)
{
    uint64_t newest = 1;
    for (size_t i = 0; i < entries->size; i++)
        if (entries->items[i].pair.version.major > newest)
            newest = entries->items[i].pair.version.major;
    return newest;
}

static creg_status read_snapshot(creg_driver_state *state, creg_read *reads, size_t count,
                                 creg_arena *arena, uint64_t *ret_revision, creg_error *err)
{
    bool *is_missing = creg_arena_calloc(arena, count, sizeof *is_missing);
    if (is_missing == NULL)
        return creg_fail_arena(err, arena);
    for (size_t i = 0; i < count; i++)
        is_missing[i] = !reads[i].is_list && reads[i].is_unlikely;
    for (size_t round = 0; round < count + SNAPSHOT_TRIES; round++) {
        creg_http_answer answer;
        creg_status status = ask_snapshot(state, reads, count, is_missing, arena, &answer, err);
        if (status != CREG_OK)
            return status;
        if (answer.status == 409) {
            size_t index;
            creg_slice reason;
            status = creg_consul_parse_refusal(answer.body, arena, &index, &reason, err);
            if (status != CREG_OK)
                return status;
            if (has_text(reason, DENIED))
                return creg_fail(err, CREG_PERMISSION, "consul denied the request");
            size_t refused = read_of_operation(reads, count, index);
            if (refused == SIZE_MAX)
                return fail_answer(&answer, false, err);
            is_missing[refused] = !is_missing[refused];
            continue;
        }
        if (answer.status != 200)
            return fail_answer(&answer, false, err);
        creg_consul_entries entries;
        status = creg_consul_parse_entries(answer.body, true, arena, &entries, err);
        if (status == CREG_OK)
            status = take_snapshot(state, &entries, reads, count, is_missing, arena, err);
        *ret_revision = newest_index(&entries);
        return status;
    }
    return creg_fail(err, CREG_CONFLICT, "keys came and went while they were read");
}

static creg_status read_keys(creg_driver_state *state, creg_read *reads, size_t count,
                             creg_arena *arena, uint64_t *ret_revision, creg_error *err)
{
    return count == 1 ? read_one(state, reads, arena, ret_revision, err)
                      : read_snapshot(state, reads, count, arena, ret_revision, err);
}

/* Where the one list of names stands among single keys; SIZE_MAX: it is another case. */
static size_t find_names(const creg_read *reads, size_t count)
{
    size_t found = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        if (!reads[i].is_list)
            continue;
        if (found != SIZE_MAX || !is_list_of_names(&reads[i]))
            return SIZE_MAX;
        found = i;
    }
    return found;
}

static bool are_same(const creg_read *before, const creg_read *now, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const creg_pairs *old = &before[i].ret_pairs;
        const creg_pairs *new = &now[i].ret_pairs;
        bool is_same =
            old->size == new->size &&
            (old->size == 0 || old->items[0].version.major == new->items[0].version.major);
        if (!is_same)
            return false;
    }
    return true;
}

/*
 * Names cannot be part of a transaction. The keys that are wanted with them are read before and
 * after: when nothing of them has changed, all of it was true when the names were read.
 */
static creg_status read_beside_names(creg_driver_state *state, creg_read *reads, size_t count,
                                     size_t names, creg_arena *arena, uint64_t *ret_revision,
                                     creg_error *err)
{
    creg_read *before = creg_arena_calloc(arena, 2 * count, sizeof *before);
    if (before == NULL)
        return creg_fail_arena(err, arena);
    creg_read *after = before + count;
    size_t keys = count - 1;
    for (size_t i = 0; i < keys; i++)
        before[i] = after[i] = reads[i < names ? i : i + 1];
    uint64_t revision;
    creg_status status = read_keys(state, before, keys, arena, &revision, err);
    for (unsigned round = 0; status == CREG_OK && round < SNAPSHOT_TRIES; round++) {
        status = read_one(state, &reads[names], arena, ret_revision, err);
        if (status == CREG_OK)
            status = read_keys(state, after, keys, arena, &revision, err);
        if (status == CREG_OK && are_same(before, after, keys)) {
            for (size_t i = 0; i < keys; i++)
                reads[i < names ? i : i + 1] = after[i];
            return CREG_OK;
        }
        memcpy(before, after, keys * sizeof *before);
    }
    return status == CREG_OK
               ? creg_fail(err, CREG_CONFLICT, "keys came and went while they were read")
               : status;
}

static creg_status consul_read(creg_driver_state *state, creg_read *reads, size_t count,
                               creg_arena *arena, uint64_t *ret_revision, creg_error *err)
{
    size_t names = count > 1 ? find_names(reads, count) : SIZE_MAX;
    if (names != SIZE_MAX)
        return read_beside_names(state, reads, count, names, arena, ret_revision, err);
    if (count > 0)
        return read_keys(state, reads, count, arena, ret_revision, err);
    /* Only the revision: that of the whole table. */
    creg_http_answer answer;
    creg_status status =
        get_kv(state, creg_slice_make("", 0), "keys&separator=/", arena, &answer, err);
    if (status == CREG_OK)
        *ret_revision = answer.consul_index;
    return status;
}

/* ---- writing ---------------------------------------------------------------------------- */

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
                                   const session *bound, creg_arena *arena, bool *is_first,
                                   creg_error *err)
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
static bool needs_fence(const creg_transaction *transaction, const session *bound)
{
    for (size_t i = 0; i < transaction->operation_count; i++)
        if (transaction->operations[i].kind == CREG_OPERATION_PUT &&
            transaction->operations[i].bind_liveness)
            return false;
    return bound != NULL && bound->key[0] != '\0';
}

static creg_status write_body(const creg_transaction *transaction, const session *bound,
                              creg_arena *arena, creg_slice *ret_body, creg_error *err)
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
        return fail_stranger(true, err);
    if (has_text(reason, DENIED))
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
            status = get_kv(state, prefix, "keys&separator=/", arena, &answer, err);
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
    creg_status status = make_path(state, put->key, "", false, arena, &request.path, err);
    creg_http_answer answer;
    if (status == CREG_OK)
        status = creg_http_send(state->http, &request, arena, &answer, err);
    if (status == CREG_OK && answer.status != 200)
        return fail_answer(&answer, true, err);
    if (status == CREG_OK && !has_text(answer.body, "true"))
        return fail_stranger(true, err);
    return status;
}

/* Before it is known whether it happens: an unknown outcome must not lose the fence. */
static void remember_lock(const creg_transaction *transaction, session *bound)
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
    session *bound =
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
        status = send_transaction(state, body, true, arena, &answer, err);
    if (status != CREG_OK)
        return status;
    if (answer.status == 409)
        return fail_refused(transaction, answer.body, arena, ret_failed_check, err);
    if (answer.status == 400 && has_text(answer.body, "too many operations"))
        return creg_fail(err, CREG_LIMIT, "too many operations for one transaction of consul");
    if (answer.status != 200)
        return fail_answer(&answer, true, err);
    return creg_consul_parse_done(answer.body, arena, NULL) == CREG_OK
               ? CREG_OK
               : fail_stranger(true, err);
}

static creg_status consul_apply(creg_driver_state *state, const creg_transaction *transaction,
                                size_t *ret_failed_check, creg_error *err)
{
    creg_arena arena;
    creg_arena_init(&arena, CREG_LIMIT_OPERATION_BYTES);
    creg_status status = apply_in(state, transaction, &arena, ret_failed_check, err);
    creg_arena_clear(&arena);
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
    creg_status status = make_path(state, prefix, query, true, &arena, &request.path, err);
    if (status == CREG_OK)
        status = creg_http_send(state->http, &request, &arena, &answer, err);
    if (status == CREG_OK && answer.status != 200 && answer.status != 404)
        status = fail_answer(&answer, false, err);
    if (status == CREG_OK) {
        /* An index that went backwards (a restored server) is a change as well. */
        *ret_revision = answer.consul_index == 0 ? 1 : answer.consul_index;
        if (*ret_revision == revision)
            status = creg_fail(err, CREG_TIMEOUT, "nothing changed in %u ms", timeout_ms);
    }
    creg_arena_clear(&arena);
    return status;
}

/* ---- liveness --------------------------------------------------------------------------- */

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
                                creg_arena *arena, session *bound, creg_error *err)
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
        return fail_answer(&answer, false, err);
    creg_slice id;
    status = creg_consul_parse_text(answer.body, "/ID", arena, &id, err);
    if (status != CREG_OK)
        return status;
    bool is_usable = id.size > 0 && id.size < SESSION_ID_MAX;
    for (size_t i = 0; is_usable && i < id.size; i++)
        is_usable = (id.data[i] >= '0' && id.data[i] <= '9') || id.data[i] == '-' ||
                    (id.data[i] >= 'a' && id.data[i] <= 'f');
    if (!is_usable)
        return creg_fail(err, CREG_UNAVAILABLE, "consul gave a session without a usable id");
    memcpy(bound->id, id.data, id.size);
    return CREG_OK;
}

static creg_status consul_liveness_open(creg_driver_state *state, creg_slice name,
                                        uint32_t *ttl_ms, void **ret_handle, creg_error *err)
{
    session *bound = creg_memory_calloc(1, sizeof *bound);
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

static creg_status consul_liveness_renew(creg_driver_state *state, void *handle,
                                         creg_error *err)
{
    const session *bound = handle;
    creg_arena arena;
    creg_arena_init(&arena, 1024 * 1024);
    creg_http_answer answer;
    creg_status status =
        send_session(state, "renew", bound->id, creg_slice_make("", 0), &arena, &answer, err);
    if (status == CREG_OK && answer.status == 404)
        status = creg_fail(err, CREG_CONFLICT, "the liveness is lost: its session is gone");
    else if (status == CREG_OK && answer.status != 200)
        status = fail_answer(&answer, false, err);
    creg_arena_clear(&arena);
    return status;
}

/* Best effort: a session that is not destroyed expires by itself. */
static void consul_liveness_release(creg_driver_state *state, void *handle)
{
    session *bound = handle;
    creg_arena arena;
    creg_arena_init(&arena, 1024 * 1024);
    creg_http_answer answer;
    send_session(state, "destroy", bound->id, creg_slice_make("", 0), &arena, &answer, NULL);
    creg_arena_clear(&arena);
    creg_memory_free(bound);
}

static creg_status consul_liveness_check(creg_driver_state *state, creg_slice key,
                                         bool *ret_alive, creg_error *err)
{
    creg_arena arena;
    creg_arena_init(&arena, CREG_LIMIT_OPERATION_BYTES);
    creg_http_answer answer;
    creg_consul_entries entries = {NULL, 0};
    creg_status status = get_kv(state, key, "", &arena, &answer, err);
    if (status == CREG_OK && answer.status == 200)
        status = creg_consul_parse_entries(answer.body, false, &arena, &entries, err);
    if (status == CREG_OK)
        *ret_alive = entries.size > 0 && entries.items[0].session.size > 0;
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
        status = send_transaction(state, text, false, arena, &answer, err);
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
    creg_status status = send_read(state, &request, arena, &answer, err);
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
    creg_status status = send_read(state, &request, arena, &answer, err);
    if (status == CREG_OK && answer.status != 200)
        status = fail_answer(&answer, false, err);
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
    .get = consul_get,
    .read = consul_read,
    .apply = consul_apply,
    .wait = consul_wait,
    .liveness_open = consul_liveness_open,
    .liveness_renew = consul_liveness_renew,
    .liveness_release = consul_liveness_release,
    .liveness_check = consul_liveness_check,
    .learn_limits = consul_learn_limits,
    .info = consul_info,
};
