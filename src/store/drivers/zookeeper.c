/* SPDX-License-Identifier: MIT */
/*
 * ZooKeeper as a driver, over the project's own C client.
 *
 * Liveness is an ephemeral child of the bound key: the server takes it away when our session
 * is gone, and a check of it in a multi is the fence. The packaged client speaks no TLS; a URL
 * that asks for it is refused rather than answered in the clear.
 */
#include "store/drivers/zookeeper.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/secret.h"
#include "store/setting.h"

enum { SESSION_MIN_MS = 2000, SESSION_MAX_MS = 10000, OPERATIONS_MAX = 4000, RETRY_MS = 20 };

/* ---- open ------------------------------------------------------------------------------- */

static creg_status refuse_tls(const creg_store_url *url, creg_error *err)
{
    static const char *const names[] = {"tls", "ca_file", "cert_file", "key_file"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (creg_setting(url, names[i], NULL) == NULL)
            continue;
        creg_fail(err, CREG_UNSUPPORTED, "the ZooKeeper client of this system has no TLS");
        creg_error_hint(err, "run stunnel, or another TLS proxy, beside this program and name "
                             "its local port in the URL");
        return CREG_UNSUPPORTED;
    }
    return CREG_OK;
}

static creg_status read_hosts(creg_driver_state *state, const creg_store_url *url,
                              creg_error *err)
{
    creg_text text;
    creg_text_init(&text, &state->arena, 8192);
    size_t start = 0;
    for (size_t at = 0; at <= url->authority.size; at++) {
        if (at < url->authority.size && url->authority.data[at] != ',')
            continue;
        creg_slice host = creg_slice_make(url->authority.data + start, at - start);
        const char *colon = memchr(host.data, ':', host.size);
        if (text.size > 0)
            creg_text_byte(&text, ',');
        creg_text_slice(&text, host);
        if (colon == NULL)
            creg_text_string(&text, ":2181");
        start = at + 1;
    }
    creg_slice hosts;
    creg_status status = creg_text_finish(&text, &hosts, err);
    state->hosts = hosts.data;
    return status;
}

static creg_status read_credentials(creg_driver_state *state, const creg_store_url *url,
                                    creg_error *err)
{
    const char *file = creg_setting(url, "digest_file", NULL);
    creg_status status = CREG_OK;
    if (file != NULL) {
        status = creg_secret_read_file(file, &state->arena, &state->digest, err);
    } else if (url->user.data != NULL) {
        creg_text text;
        creg_slice digest;
        creg_text_init(&text, &state->arena, 4096);
        creg_text_slice(&text, url->user);
        creg_text_byte(&text, ':');
        creg_text_slice(&text, url->password);
        status = creg_text_finish(&text, &digest, err);
        state->digest = digest.data;
    } else {
        state->digest = creg_secret_environment("CONFREG_ZOOKEEPER_DIGEST");
    }
    if (status == CREG_OK && state->digest != NULL && strchr(state->digest, ':') == NULL)
        return creg_fail(err, CREG_USAGE, "a ZooKeeper digest is written user:password");
    const char *acl = creg_setting(url, "acl", NULL);
    state->is_private = acl != NULL ? strcmp(acl, "private") == 0 : state->digest != NULL;
    if (acl != NULL && strcmp(acl, "private") != 0 && strcmp(acl, "open") != 0)
        return creg_fail(err, CREG_USAGE, "store URL: acl is private or open");
    if (state->is_private && state->digest == NULL)
        return creg_fail(err, CREG_USAGE, "store URL: acl=private needs credentials");
    return status;
}

static creg_status read_session_ms(creg_driver_state *state, const creg_store_url *url,
                                   creg_error *err)
{
    const char *text = creg_setting(url, "session_ms", NULL);
    /* The client gives up a silent server, and what is under way there, after two thirds of its
     * session: that is what ends a call, so it must not be later than the call's deadline. */
    uint64_t wanted = (uint64_t)state->timeout_ms * 3 / 2;
    state->session_ms = wanted < SESSION_MIN_MS   ? SESSION_MIN_MS
                        : wanted > SESSION_MAX_MS ? SESSION_MAX_MS
                                                  : (uint32_t)wanted;
    if (text == NULL)
        return CREG_OK;
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || value < 100 || value > 3600000)
        return creg_fail(err, CREG_USAGE, "store URL: session_ms is 100 to 3600000");
    state->session_ms = (uint32_t)value;
    return CREG_OK;
}

static creg_status make_locks(creg_driver_state *state, creg_error *err)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    bool is_made = pthread_mutex_init(&state->lock, NULL) == 0 &&
                   pthread_cond_init(&state->changed, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    return is_made ? CREG_OK : creg_fail(err, CREG_NO_MEMORY, "out of memory");
}

static void zookeeper_driver_close(creg_driver_state *state)
{
    creg_zookeeper_disconnect(state);
    creg_zookeeper_bulk_clear(&state->bulk);
    pthread_cond_destroy(&state->changed);
    pthread_mutex_destroy(&state->lock);
    creg_arena_clear(&state->arena);
}

/* The client's threads are not in this process, and its socket is the parent's: leave both. */
static void zookeeper_driver_abandon(creg_driver_state *state)
{
    creg_zookeeper_bulk_abandon(&state->bulk);
    creg_arena_clear(&state->arena);
}

static creg_status zookeeper_driver_open(creg_driver_state *state, const creg_store_url *url,
                                         const creg_store_options *options, creg_error *err)
{
    creg_arena_init(&state->arena, 1024 * 1024);
    state->timeout_ms = options->timeout_ms;
    const char *consistency = creg_setting(url, "consistency", NULL);
    state->is_synced = consistency == NULL || strcmp(consistency, "sequential") != 0;
    creg_status status = refuse_tls(url, err);
    if (status == CREG_OK)
        status = read_hosts(state, url, err);
    if (status == CREG_OK)
        status = read_credentials(state, url, err);
    if (status == CREG_OK)
        status = read_session_ms(state, url, err);
    if (status == CREG_OK)
        status = make_locks(state, err);
    if (status != CREG_OK) {
        creg_arena_clear(&state->arena);
        return status;
    }
    creg_zookeeper_bulk_init(&state->bulk);
    status = creg_zookeeper_connect(state, err);
    if (status != CREG_OK)
        zookeeper_driver_close(state);
    return status;
}

/* ---- one key ---------------------------------------------------------------------------- */

/* Sync and read go out together: one round trip for an answer that is not stale. */
static creg_status get_once(creg_driver_state *state, const char *path, creg_arena *arena,
                            creg_slice *ret_value, creg_version *ret_version, creg_error *err)
{
    zhandle_t *handle;
    creg_status status =
        creg_zookeeper_handle(state, creg_clock_ms() + state->timeout_ms, &handle, err);
    if (status != CREG_OK)
        return status;
    creg_zookeeper_batch batch;
    creg_zookeeper_batch_init(&batch, state, arena);
    creg_zookeeper_node node = {.batch = &batch, .path = path};
    if (state->is_synced)
        creg_zookeeper_ask_sync(handle, &batch);
    creg_zookeeper_ask_data(handle, &node, false, NULL, NULL);
    creg_zookeeper_batch_wait(&batch, 0);
    creg_zookeeper_batch_clear(&batch);
    creg_zookeeper_release(state);
    if (batch.is_given_up)
        return creg_fail_interrupted(err);
    if (batch.failed != ZOK)
        return creg_zookeeper_fail(batch.failed, false, path, err);
    if (batch.is_out_of_memory)
        return creg_fail_arena(err, arena);
    if (node.data_code == ZNONODE || (node.data_code == ZOK && !node.has_data))
        return CREG_NOT_FOUND;
    if (node.data_code != ZOK)
        return creg_zookeeper_fail(node.data_code, false, path, err);
    *ret_value = node.data;
    *ret_version = (creg_version){.present = true,
                                  .major = (uint64_t)node.stat.czxid,
                                  .minor = (uint64_t)node.stat.version};
    return CREG_OK;
}

static creg_status zookeeper_driver_get(creg_driver_state *state, creg_slice key,
                                        creg_arena *arena, creg_slice *ret_value,
                                        creg_version *ret_version, creg_error *err)
{
    const char *path = creg_zookeeper_path(key, arena);
    if (path == NULL)
        return creg_fail_arena(err, arena);
    uint64_t deadline = creg_clock_ms() + state->timeout_ms;
    for (;;) {
        creg_status status = get_once(state, path, arena, ret_value, ret_version, err);
        if (status != CREG_UNAVAILABLE || creg_clock_ms() >= deadline)
            return status;
        if (!creg_interrupt_sleep(RETRY_MS))
            return creg_fail_interrupted(err);
    }
}

/* ---- liveness --------------------------------------------------------------------------- */

static creg_status zookeeper_liveness_open(creg_driver_state *state, creg_slice name,
                                           uint32_t *ttl_ms, void **ret_handle, creg_error *err)
{
    (void)name;
    zhandle_t *handle;
    creg_status status =
        creg_zookeeper_handle(state, creg_clock_ms() + state->timeout_ms, &handle, err);
    if (status != CREG_OK)
        return status;
    *ttl_ms = (uint32_t)zoo_recv_timeout(handle); /* what the server granted the session */
    unsigned long long session = (unsigned long long)zoo_client_id(handle)->client_id;
    creg_zookeeper_release(state);
    creg_zookeeper_liveness *bond = creg_memory_calloc(1, sizeof *bond);
    if (bond == NULL)
        return creg_fail(err, CREG_NO_MEMORY, "out of memory");
    pthread_mutex_init(&bond->lock, NULL);
    pthread_mutex_lock(&state->lock);
    uint64_t serial = ++state->serial;
    pthread_mutex_unlock(&state->lock);
    snprintf(bond->name, sizeof bond->name, "~live.%llx.%llx", session,
             (unsigned long long)serial);
    *ret_handle = bond;
    return CREG_OK;
}

/* The client's own pings renew the session; what is left to do is to see that it still is. */
static creg_status zookeeper_liveness_renew(creg_driver_state *state, void *handle,
                                            creg_error *err)
{
    const creg_zookeeper_liveness *bond = handle;
    if (bond->path[0] == '\0')
        return CREG_OK;
    creg_arena arena;
    creg_arena_init(&arena, 1024 * 1024);
    creg_slice value;
    creg_version version;
    creg_status status = zookeeper_driver_get(state, creg_slice_of(bond->path + 1), &arena,
                                              &value, &version, err);
    creg_arena_clear(&arena);
    return status != CREG_NOT_FOUND
               ? status
               : creg_fail(err, CREG_CONFLICT, "the liveness is lost: its session is gone");
}

static void take_nothing(int code, const void *context)
{
    (void)code;
    (void)context;
}

static void zookeeper_liveness_release(creg_driver_state *state, void *handle)
{
    creg_zookeeper_liveness *bond = handle;
    zhandle_t *session;
    if (bond->path[0] != '\0' &&
        creg_zookeeper_handle(state, creg_clock_ms() + 100, &session, NULL) == CREG_OK) {
        zoo_adelete(session, bond->path, -1, take_nothing, NULL); /* else it goes with us */
        creg_zookeeper_release(state);
    }
    pthread_mutex_destroy(&bond->lock);
    creg_memory_free(bond->known);
    creg_memory_free(bond);
}

static creg_status zookeeper_liveness_check(creg_driver_state *state, creg_slice key,
                                            bool *ret_alive, creg_error *err)
{
    creg_arena arena;
    creg_arena_init(&arena, 64 * 1024 * 1024);
    zhandle_t *handle;
    creg_status status =
        creg_zookeeper_handle(state, creg_clock_ms() + state->timeout_ms, &handle, err);
    bool has_handle = status == CREG_OK;
    const char *path = creg_zookeeper_path(key, &arena);
    if (status == CREG_OK && path == NULL)
        status = creg_fail_arena(err, &arena);
    if (status == CREG_OK) {
        creg_zookeeper_batch batch;
        creg_zookeeper_batch_init(&batch, state, &arena);
        creg_zookeeper_node node = {.batch = &batch, .path = path};
        creg_zookeeper_ask_sync(handle, &batch);
        creg_zookeeper_batch_wait(&batch, 0); /* the arena is the completions' from here on */
        if (batch.failed == ZOK)
            creg_zookeeper_ask_children(handle, &node, NULL, NULL);
        creg_zookeeper_batch_wait(&batch, 0);
        creg_zookeeper_batch_clear(&batch);
        if (batch.failed != ZOK)
            status = creg_zookeeper_fail(batch.failed, false, path, err);
        else if (node.children_code != ZOK && node.children_code != ZNONODE)
            status = creg_zookeeper_fail(node.children_code, false, path, err);
        *ret_alive = node.live_count > 0;
    }
    if (has_handle)
        creg_zookeeper_release(state);
    creg_arena_clear(&arena);
    return status;
}

/* ---- facts ------------------------------------------------------------------------------ */

/* The version is told by the word "srvr" on a connection of its own, and by nothing else. A
 * server may be set not to answer it; then this fact is left out. */
static size_t ask_server(zhandle_t *handle, char *answer, size_t size)
{
    struct sockaddr_storage address;
    socklen_t address_size = sizeof address;
    if (zookeeper_get_connected_host(handle, (struct sockaddr *)&address, &address_size) ==
        NULL)
        return 0;
    int connection = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection < 0)
        return 0;
    struct timeval patience = {.tv_sec = 1};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    size_t filled = 0;
    if (connect(connection, (struct sockaddr *)&address, address_size) == 0 &&
        send(connection, "srvr", 4, MSG_NOSIGNAL) == 4) {
        ssize_t more;
        do {
            more = recv(connection, answer + filled, size - 1 - filled, 0);
            filled += more > 0 ? (size_t)more : 0;
        } while (more > 0 && filled < size - 1);
    }
    close(connection);
    return filled;
}

static creg_status add_version(zhandle_t *handle, creg_arena *arena, creg_pairs *ret_facts)
{
    static const char label[] = "Zookeeper version: ";
    char answer[2048];
    answer[ask_server(handle, answer, sizeof answer)] = '\0';
    const char *version = strstr(answer, label);
    if (version == NULL)
        return CREG_OK;
    version += sizeof label - 1;
    return creg_pairs_fact(ret_facts, arena, "server", "zookeeper %.*s",
                           (int)strcspn(version, "-, \n"), version);
}

static creg_status zookeeper_driver_info(creg_driver_state *state, creg_arena *arena,
                                         creg_pairs *ret_facts, creg_error *err)
{
    zhandle_t *handle;
    creg_status status =
        creg_zookeeper_handle(state, creg_clock_ms() + state->timeout_ms, &handle, err);
    if (status != CREG_OK)
        return status;
    status = creg_pairs_fact(ret_facts, arena, "servers", "%s", state->hosts);
    if (status == CREG_OK)
        status = add_version(handle, arena, ret_facts);
    if (status == CREG_OK)
        status = creg_pairs_fact(ret_facts, arena, "session_timeout_ms", "%d",
                                 zoo_recv_timeout(handle));
    creg_zookeeper_release(state);
    if (status == CREG_OK)
        status = creg_pairs_fact(ret_facts, arena, "acl", "%s",
                                 state->is_private ? "private" : "open");
    return status;
}

static const char *const schemes[] = {"zookeeper", "zk", NULL};
static const char *const parameters[] = {"acl",         "digest_file", "session_ms",
                                         "consistency", "tls",         "ca_file",
                                         "cert_file",   "key_file",    NULL};

const creg_store_driver creg_driver_zookeeper = {
    .name = "zookeeper",
    .schemes = schemes,
    .private_size = sizeof(struct creg_driver_state),
    .capabilities = CREG_STORE_SNAPSHOT_READ | CREG_STORE_NEEDS_FENCE |
                    CREG_STORE_MULTI_PROCESS | CREG_STORE_DELETES_KEY_BY_KEY,
    .parameters = parameters,
    /* One multi is one packet below jute.maxbuffer; apply() counts its bytes exactly. */
    .limits = {.transaction_operations = OPERATIONS_MAX,
               .transaction_bytes = 800 * 1000,
               .key_bytes = CREG_LIMIT_KEY,
               .value_bytes = CREG_LIMIT_VALUE,
               .operation_bytes = 64,
               .writers = 4},

    .open = zookeeper_driver_open,
    .close = zookeeper_driver_close,
    .abandon = zookeeper_driver_abandon,
    .get = zookeeper_driver_get,
    .read = creg_zookeeper_read,
    .apply = creg_zookeeper_apply,
    .wait = creg_zookeeper_wait,
    .liveness_open = zookeeper_liveness_open,
    .liveness_renew = zookeeper_liveness_renew,
    .liveness_release = zookeeper_liveness_release,
    .liveness_check = zookeeper_liveness_check,
    .info = zookeeper_driver_info,
};
