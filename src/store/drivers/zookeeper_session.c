/* SPDX-License-Identifier: MIT */
/*
 * The session with ZooKeeper, and its asynchronous calls in batches.
 *
 * The client library reconnects by itself but not after its session expired, nor to a server
 * that is younger than the session: then a new handle is made by the next call. What was under way when a connection broke comes back with
 * an error that says nothing about whether it was done.
 */
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "store/drivers/zookeeper.h"

enum {
    RESOLUTION_DELAY_MS = 30000,
    PATH_MOST = CREG_LIMIT_KEY + 256 /* and the name of what ties a key to its writer */
};

const char *creg_zookeeper_path(creg_slice key, creg_arena *arena)
{
    while (key.size > 0 && key.data[key.size - 1] == '/')
        key.size--;
    char *path = creg_arena_alloc(arena, key.size + 2);
    if (path == NULL)
        return NULL;
    path[0] = '/';
    if (key.size > 0)
        memcpy(path + 1, key.data, key.size);
    path[key.size + 1] = '\0';
    return path;
}

/* ---- the session ------------------------------------------------------------------------ */

static void keep_quiet(const char *message)
{
    (void)message;
}

static void watch_session(zhandle_t *handle, int type, int session_state, const char *path,
                          void *context)
{
    (void)path;
    creg_driver_state *state = context;
    if (type != ZOO_SESSION_EVENT || state == NULL)
        return;
    pthread_mutex_lock(&state->lock);
    /* An event of a handle that was given up must not speak for the new one. */
    if (state->handle == NULL || state->handle == handle) {
        bool was_connected = state->is_connected;
        state->is_connected = session_state == ZOO_CONNECTED_STATE;
        if (was_connected && !state->is_connected)
            state->lost_ms = creg_clock_ms();
        if (session_state == ZOO_EXPIRED_SESSION_STATE)
            state->is_expired = true;
        if (session_state == ZOO_AUTH_FAILED_STATE)
            state->is_denied = true;
    }
    pthread_cond_broadcast(&state->changed);
    pthread_mutex_unlock(&state->lock);
}

/*
 * While its session is one that may only read, the client's thread asks servers for a better
 * one, and waits for their answers without end; closing would wait for the thread. We never ask
 * for such sessions, so it is no ZooKeeper that answers there: the handle is left to the process.
 */
static void leave(zhandle_t *handle)
{
    if (zoo_state(handle) == ZOO_READONLY_STATE)
        zoo_set_context(handle, NULL);
    else
        zookeeper_close(handle);
}

static creg_status start_session(creg_driver_state *state, creg_error *err)
{
    zhandle_t *handle = zookeeper_init2(state->hosts, watch_session, (int)state->session_ms,
                                        NULL, state, 0, keep_quiet);
    if (handle == NULL)
        return creg_fail(err, CREG_UNAVAILABLE, "no ZooKeeper server could be reached");
    /* Else the client looks the servers' names up each time that it looks at its socket. */
    zoo_set_servers_resolution_delay(handle, RESOLUTION_DELAY_MS);
    if (state->digest != NULL)
        zoo_add_auth(handle, "digest", state->digest, (int)strlen(state->digest), NULL, NULL);
    state->handle = handle;
    state->is_expired = false;
    state->lost_ms = creg_clock_ms();
    return CREG_OK;
}

creg_status creg_zookeeper_connect(creg_driver_state *state, creg_error *err)
{
    zoo_set_debug_level(0);
    pthread_mutex_lock(&state->lock);
    creg_status status = start_session(state, err);
    pthread_mutex_unlock(&state->lock);
    if (status != CREG_OK)
        return status;
    zhandle_t *handle;
    status = creg_zookeeper_handle(state, creg_clock_ms() + state->timeout_ms, &handle, err);
    if (status == CREG_OK)
        creg_zookeeper_release(state);
    return status;
}

void creg_zookeeper_disconnect(creg_driver_state *state)
{
    pthread_mutex_lock(&state->lock);
    zhandle_t *handle = state->handle;
    state->handle = NULL;
    pthread_mutex_unlock(&state->lock);
    if (handle != NULL)
        leave(handle); /* joins the client's threads: never under our lock */
}

static struct timespec after_ms(clockid_t clock, uint64_t duration)
{
    struct timespec until;
    clock_gettime(clock, &until);
    until.tv_sec += (time_t)(duration / 1000);
    until.tv_nsec += (long)(duration % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    return until;
}

/* Or less, when somebody must be asked whether to go on. The caller holds the lock. */
static bool wait_until(creg_driver_state *state, uint64_t deadline_ms)
{
    uint64_t now = creg_clock_ms();
    uint64_t left = deadline_ms > now ? deadline_ms - now : 0;
    if (creg_is_interruptible() && left > CREG_INTERRUPT_MS)
        left = CREG_INTERRUPT_MS;
    struct timespec until = after_ms(CLOCK_MONOTONIC, left);
    if (pthread_cond_timedwait(&state->changed, &state->lock, &until) == 0)
        return true;
    pthread_mutex_unlock(&state->lock);
    bool goes_on = !creg_is_interrupted();
    pthread_mutex_lock(&state->lock);
    return goes_on;
}

/*
 * The client gives a session up only when a server says that it expired. One that knows less
 * than the session has seen (restored from a backup, or wiped) turns it away without a word,
 * for ever; so a session that was cut off for longer than it lives is given up here.
 */
bool creg_zookeeper_is_lost(const creg_driver_state *state)
{
    return state->is_expired ||
           (!state->is_connected && creg_clock_ms() - state->lost_ms >= state->session_ms);
}

/* The caller holds the lock, and does so again afterwards. */
static creg_status renew_session(creg_driver_state *state, creg_error *err)
{
    zhandle_t *old = state->handle;
    state->handle = NULL;
    state->is_connected = false;
    creg_status status = start_session(state, err);
    if (old != NULL) {
        pthread_mutex_unlock(&state->lock);
        leave(old); /* joins the client's threads: never under our lock */
        pthread_mutex_lock(&state->lock);
    }
    return status;
}

creg_status creg_zookeeper_handle(creg_driver_state *state, uint64_t deadline_ms,
                                  zhandle_t **ret_handle, creg_error *err)
{
    creg_status status = CREG_OK;
    pthread_mutex_lock(&state->lock);
    for (;;) {
        if (creg_zookeeper_is_lost(state))
            status = renew_session(state, err);
        if (status != CREG_OK || state->is_connected || state->is_denied)
            break;
        if (creg_clock_ms() >= deadline_ms) {
            status = creg_fail(err, CREG_UNAVAILABLE, "no ZooKeeper server could be reached");
            break;
        }
        if (!wait_until(state, deadline_ms)) {
            status = creg_fail_interrupted(err);
            break;
        }
    }
    if (status == CREG_OK && state->is_denied)
        status = creg_fail(err, CREG_PERMISSION, "ZooKeeper does not accept the credentials");
    state->users += status == CREG_OK;
    *ret_handle = state->handle;
    pthread_mutex_unlock(&state->lock);
    return status;
}

void creg_zookeeper_release(creg_driver_state *state)
{
    pthread_mutex_lock(&state->lock);
    state->users--;
    pthread_mutex_unlock(&state->lock);
}

creg_status creg_zookeeper_fail(int code, bool is_write, const char *path, creg_error *err)
{
    creg_status status;
    switch (code) {
    case ZNOAUTH:
    case ZAUTHFAILED:
        status = creg_fail(err, CREG_PERMISSION, "ZooKeeper denies access to '%s'", path);
        break;
    case ZCONNECTIONLOSS:
    case ZOPERATIONTIMEOUT:
    case ZSESSIONEXPIRED:
    case ZCLOSING:
    case ZSESSIONMOVED:
        status = is_write ? creg_fail(err, CREG_UNKNOWN_OUTCOME,
                                      "ZooKeeper did not answer; the change may have been made")
                          : creg_fail(err, CREG_UNAVAILABLE, "ZooKeeper cannot answer now");
        break;
    case ZSYSTEMERROR:
    case ZRUNTIMEINCONSISTENCY:
    case ZDATAINCONSISTENCY:
    case ZMARSHALLINGERROR:
        status = is_write ? creg_fail(err, CREG_UNKNOWN_OUTCOME,
                                      "ZooKeeper's answer cannot be read; the change may have "
                                      "been made")
                          : creg_fail(err, CREG_UNAVAILABLE,
                                      "ZooKeeper gave an answer that cannot be read");
        break;
    case ZBADARGUMENTS:
        status =
            creg_fail(err, CREG_INVALID_NAME, "ZooKeeper does not take the key '%s'", path);
        break;
    default:
        status = creg_fail(err, CREG_IO, "ZooKeeper failed on '%s'", path);
    }
    creg_error_detail(err, "%s (%d)", zerror(code), code);
    return status;
}

/* ---- batches ---------------------------------------------------------------------------- */

void creg_zookeeper_batch_init(creg_zookeeper_batch *batch, creg_driver_state *state,
                               creg_arena *arena)
{
    memset(batch, 0, sizeof *batch);
    batch->state = state;
    pthread_mutex_init(&batch->lock, NULL);
    pthread_cond_init(&batch->done, NULL);
    batch->arena = arena;
}

void creg_zookeeper_batch_clear(creg_zookeeper_batch *batch)
{
    if (batch->is_given_up) {
        pthread_mutex_lock(&batch->state->lock);
        batch->state->given_up--;
        pthread_mutex_unlock(&batch->state->lock);
    }
    pthread_cond_destroy(&batch->done);
    pthread_mutex_destroy(&batch->lock);
}

bool creg_zookeeper_batch_start(creg_zookeeper_batch *batch)
{
    if (batch->is_given_up)
        return false;
    pthread_mutex_lock(&batch->lock);
    batch->pending++;
    pthread_mutex_unlock(&batch->lock);
    return true;
}

/* Errors about the connection concern the whole batch; all others belong to their znode. */
static void note_code(creg_zookeeper_batch *batch, int code)
{
    bool is_lost = code == ZCONNECTIONLOSS || code == ZOPERATIONTIMEOUT ||
                   code == ZSESSIONEXPIRED || code == ZCLOSING || code == ZSESSIONMOVED ||
                   code == ZINVALIDSTATE || code == ZMARSHALLINGERROR;
    if (is_lost && batch->failed == ZOK)
        batch->failed = code;
}

/* The caller holds the lock. */
static void finish_one(creg_zookeeper_batch *batch)
{
    batch->pending--;
    /* Waking the waiter for each of thousands of answers costs more than the answers. */
    if (batch->pending <= batch->awaited)
        pthread_cond_signal(&batch->done);
}

void creg_zookeeper_batch_failed(creg_zookeeper_batch *batch, int code)
{
    pthread_mutex_lock(&batch->lock);
    if (batch->failed == ZOK)
        batch->failed = code;
    finish_one(batch);
    pthread_mutex_unlock(&batch->lock);
}

/* Closing is safe when nobody but those who wait in vain has the handle; then nothing more is
 * written to their batches. The next call begins another session. */
static void end_session(creg_driver_state *state)
{
    zhandle_t *handle = state->handle;
    state->handle = NULL;
    state->is_connected = false;
    state->is_expired = true;
    if (handle == NULL)
        return; /* another thread is at it */
    pthread_mutex_unlock(&state->lock);
    leave(handle);
    pthread_mutex_lock(&state->lock);
    state->ended++;
}

/* True when the client has let go of the batch. */
static bool give_up(creg_zookeeper_batch *batch)
{
    creg_driver_state *state = batch->state;
    pthread_mutex_lock(&state->lock);
    if (!batch->is_given_up) {
        batch->is_given_up = true;
        batch->ended = state->ended;
        state->given_up++;
    }
    if (batch->ended == state->ended && state->given_up == state->users)
        end_session(state);
    bool is_let_go = batch->ended != state->ended;
    pthread_mutex_unlock(&state->lock);
    return is_let_go;
}

/* The caller holds the lock of the batch, and does so again afterwards. */
static void wait_a_while(creg_zookeeper_batch *batch)
{
    struct timespec until = after_ms(CLOCK_REALTIME, CREG_INTERRUPT_MS);
    if (pthread_cond_timedwait(&batch->done, &batch->lock, &until) == 0)
        return;
    pthread_mutex_unlock(&batch->lock);
    bool is_let_go = creg_is_interrupted() && give_up(batch);
    pthread_mutex_lock(&batch->lock);
    if (is_let_go)
        batch->pending = 0;
    if (batch->is_given_up)
        batch->failed = ZCLOSING;
}

void creg_zookeeper_batch_wait(creg_zookeeper_batch *batch, size_t most)
{
    bool may_stop = creg_is_interruptible();
    pthread_mutex_lock(&batch->lock);
    batch->awaited = most;
    while (batch->pending > most) {
        if (may_stop)
            wait_a_while(batch);
        else
            pthread_cond_wait(&batch->done, &batch->lock);
    }
    pthread_mutex_unlock(&batch->lock);
}

void creg_zookeeper_batch_ease(creg_zookeeper_batch *batch)
{
    pthread_mutex_lock(&batch->lock);
    bool is_full = batch->pending >= CREG_ZOOKEEPER_IN_FLIGHT;
    pthread_mutex_unlock(&batch->lock);
    if (is_full)
        creg_zookeeper_batch_wait(batch, CREG_ZOOKEEPER_IN_FLIGHT / 4);
}

/* ---- calls ------------------------------------------------------------------------------ */

/* The client hands on what it could not read, too: lengths without bytes, and Stats that it never
 * filled. The server counts the same things twice, which tells. Only its own first znodes have
 * no zxids. */
static bool is_stat(const creg_zookeeper_node *node, const struct Stat *stat)
{
    bool is_early = strcmp(node->path, "/") == 0 || strncmp(node->path, "/zookeeper", 10) == 0;
    return stat->numChildren >= 0 && stat->dataLength >= 0 &&
           (is_early || (stat->czxid > 0 && stat->mzxid > 0 && stat->pzxid > 0));
}

bool creg_zookeeper_is_sound(const creg_zookeeper_node *node, int size, const struct Stat *stat)
{
    return is_stat(node, stat) && size >= -1 && stat->dataLength == (size < 0 ? 0 : size);
}

/* The caller holds the lock. */
static void note_unreadable(creg_zookeeper_batch *batch)
{
    if (batch->failed == ZOK)
        batch->failed = ZMARSHALLINGERROR;
}

static void take_data(int code, const char *value, int size, const struct Stat *stat,
                      const void *context)
{
    creg_zookeeper_node *node = (creg_zookeeper_node *)(uintptr_t)context;
    creg_zookeeper_batch *batch = node->batch;
    pthread_mutex_lock(&batch->lock);
    note_code(batch, code);
    node->data_code = code;
    if (code == ZOK && !creg_zookeeper_is_sound(node, size, stat)) {
        note_unreadable(batch);
    } else if (code == ZOK) {
        node->stat = *stat;
        node->has_data = size >= 0;
        if (size > 0) {
            node->data = creg_arena_copy(batch->arena, creg_slice_make(value, (size_t)size));
            batch->is_out_of_memory = batch->is_out_of_memory || node->data.data == NULL;
        } else {
            node->data = creg_slice_make("", 0);
        }
    }
    finish_one(batch);
    pthread_mutex_unlock(&batch->lock);
}

static void take_stat(int code, const struct Stat *stat, const void *context)
{
    creg_zookeeper_node *node = (creg_zookeeper_node *)(uintptr_t)context;
    creg_zookeeper_batch *batch = node->batch;
    pthread_mutex_lock(&batch->lock);
    note_code(batch, code);
    node->data_code = code;
    if (code == ZOK && is_stat(node, stat))
        node->stat = *stat;
    else if (code == ZOK)
        note_unreadable(batch);
    finish_one(batch);
    pthread_mutex_unlock(&batch->lock);
}

void creg_zookeeper_ask_data(zhandle_t *handle, creg_zookeeper_node *node, bool only_stat,
                             watcher_fn watcher, void *watcher_context)
{
    if (!creg_zookeeper_batch_start(node->batch))
        return;
    int code = only_stat
                   ? zoo_awexists(handle, node->path, watcher, watcher_context, take_stat, node)
                   : zoo_awget(handle, node->path, watcher, watcher_context, take_data, node);
    if (code != ZOK)
        creg_zookeeper_batch_failed(node->batch, code);
}

bool creg_zookeeper_begin_children(creg_zookeeper_node *node, size_t count)
{
    creg_arena *arena = node->batch->arena;
    node->children = creg_arena_calloc(arena, count, sizeof *node->children);
    node->live = creg_arena_calloc(arena, count, sizeof *node->live);
    node->child_count = 0;
    node->live_count = 0;
    bool has_room = node->children != NULL && node->live != NULL;
    node->batch->is_out_of_memory = node->batch->is_out_of_memory || !has_room;
    return has_room;
}

bool creg_zookeeper_add_child(creg_zookeeper_node *node, creg_slice name)
{
    static const char live[] = "~live.";
    size_t size = strlen(node->path) + 1 + name.size;
    if (name.size == 0 || size > PATH_MOST || memchr(name.data, '/', name.size) != NULL ||
        memchr(name.data, '\0', name.size) != NULL)
        return false;
    const char *kept = creg_arena_copy(node->batch->arena, name).data;
    if (kept == NULL)
        node->batch->is_out_of_memory = true;
    else if (strncmp(kept, live, sizeof live - 1) == 0)
        node->live[node->live_count++] = kept;
    else
        node->children[node->child_count++] = kept;
    return true;
}

/* The caller holds the batch's lock: it guards the arena, too. False: they cannot be names. */
static bool copy_children(creg_zookeeper_node *node, const struct String_vector *names)
{
    size_t count = (size_t)names->count;
    bool has_room = creg_zookeeper_begin_children(node, count);
    bool is_fine = true;
    for (size_t i = 0; has_room && is_fine && i < count; i++)
        is_fine = creg_zookeeper_add_child(node, creg_slice_of(names->data[i]));
    return is_fine;
}

static void take_children(int code, const struct String_vector *names, const struct Stat *stat,
                          const void *context)
{
    creg_zookeeper_node *node = (creg_zookeeper_node *)(uintptr_t)context;
    creg_zookeeper_batch *batch = node->batch;
    pthread_mutex_lock(&batch->lock);
    note_code(batch, code);
    node->children_code = code;
    if (code == ZOK) {
        /* pzxid of this answer belongs to this list of children. */
        node->stat.pzxid = stat->pzxid;
        node->stat.cversion = stat->cversion;
        bool is_fine = is_stat(node, stat) && names->count == stat->numChildren;
        if (!is_fine || !copy_children(node, names))
            note_unreadable(batch);
    }
    finish_one(batch);
    pthread_mutex_unlock(&batch->lock);
}

void creg_zookeeper_ask_children(zhandle_t *handle, creg_zookeeper_node *node,
                                 watcher_fn watcher, void *watcher_context)
{
    if (!creg_zookeeper_batch_start(node->batch))
        return;
    int code =
        zoo_awget_children2(handle, node->path, watcher, watcher_context, take_children, node);
    if (code != ZOK)
        creg_zookeeper_batch_failed(node->batch, code);
}

static void take_sync(int code, const char *value, const void *context)
{
    (void)value;
    creg_zookeeper_batch *batch = (creg_zookeeper_batch *)(uintptr_t)context;
    pthread_mutex_lock(&batch->lock);
    if (code != ZOK && batch->failed == ZOK)
        batch->failed = code;
    finish_one(batch);
    pthread_mutex_unlock(&batch->lock);
}

void creg_zookeeper_ask_sync(zhandle_t *handle, creg_zookeeper_batch *batch)
{
    if (!creg_zookeeper_batch_start(batch))
        return;
    int code = zoo_async(handle, "/", take_sync, batch);
    if (code != ZOK)
        creg_zookeeper_batch_failed(batch, code);
}

/* ---- many at once ----------------------------------------------------------------------- */

static void ask_one(zhandle_t *handle, creg_zookeeper_node *node,
                    creg_zookeeper_question question, watcher_fn watcher, void *context)
{
    if (question == CREG_ZOOKEEPER_CHILDREN)
        creg_zookeeper_ask_children(handle, node, watcher, context);
    else
        creg_zookeeper_ask_data(handle, node, question == CREG_ZOOKEEPER_STAT, watcher,
                                context);
}

creg_status creg_zookeeper_ask_all(zhandle_t *handle, creg_zookeeper_batch *batch,
                                   creg_zookeeper_node *const *nodes, size_t count,
                                   creg_zookeeper_question question, watcher_fn watcher,
                                   void *watcher_context, creg_error *err)
{
    bool is_many = count > 0 && watcher == NULL &&
                   (batch->is_bulk || creg_zookeeper_bulk_is_worth(batch->state, count));
    bool is_done =
        is_many && creg_zookeeper_bulk_read(batch->state, handle, nodes, count, question);
    if (!is_done && batch->is_bulk && count > 0) /* one by one could be older than before */
        return creg_fail(err, CREG_UNAVAILABLE, "ZooKeeper cannot answer now");
    batch->is_bulk = batch->is_bulk || is_done;
    for (size_t i = 0; i < count && !is_done; i++) {
        ask_one(handle, nodes[i], question, watcher, watcher_context);
        creg_zookeeper_batch_ease(batch);
    }
    return creg_zookeeper_batch_finish(batch, count == 0 ? "/" : nodes[0]->path, err);
}
