/* SPDX-License-Identifier: MIT */
/*
 * Reading subtrees: ZooKeeper has no range read, so every znode is a call of its own.
 *
 * A walk goes level by level, all calls of a level under way at once: first the data, whose
 * Stat tells which znodes have children, then those children's names. What was read that way
 * is no single moment. So all Stats are asked for once more: where none has changed, everything
 * read was true together in the instant between the two rounds; else the walk starts again.
 */
#include <time.h>

#include "base/hash.h"
#include "store/drivers/zookeeper.h"

enum { SNAPSHOT_TRIES = 12, LOOK_MS = 500 };

/* ---- walking ---------------------------------------------------------------------------- */

static creg_status batch_status(const creg_zookeeper_batch *batch, const char *path,
                                creg_error *err)
{
    if (batch->failed != ZOK)
        return creg_zookeeper_fail(batch->failed, false, path, err);
    return batch->is_out_of_memory ? creg_fail_arena(err, batch->arena) : CREG_OK;
}

bool creg_zookeeper_add_node(creg_zookeeper_walk *walk, creg_zookeeper_batch *batch,
                             const char *path)
{
    creg_arena *arena = batch->arena;
    if (walk->size == walk->capacity) {
        size_t wanted = walk->capacity == 0 ? 64 : walk->capacity * 2;
        creg_zookeeper_node **grown = creg_arena_grow(
            arena, walk->nodes, walk->capacity * sizeof *grown, wanted * sizeof *grown);
        if (grown == NULL)
            return false;
        walk->nodes = grown;
        walk->capacity = wanted;
    }
    creg_zookeeper_node *node = creg_arena_calloc(arena, 1, sizeof *node);
    if (node == NULL)
        return false;
    node->batch = batch;
    node->path = path;
    walk->nodes[walk->size++] = node;
    return true;
}

const char *creg_zookeeper_join(const char *parent, const char *name, creg_arena *arena)
{
    size_t parent_size = strcmp(parent, "/") == 0 ? 0 : strlen(parent);
    size_t name_size = strlen(name);
    char *path = creg_arena_alloc(arena, parent_size + name_size + 2);
    if (path == NULL)
        return NULL;
    memcpy(path, parent, parent_size);
    path[parent_size] = '/';
    memcpy(path + parent_size + 1, name, name_size + 1);
    return path;
}

/* ZooKeeper keeps its own affairs there. */
static bool is_reserved(const char *path)
{
    return strcmp(path, "/zookeeper") == 0;
}

creg_status creg_zookeeper_batch_finish(creg_zookeeper_batch *batch, const char *path,
                                        creg_error *err)
{
    creg_zookeeper_batch_wait(batch, 0);
    return batch_status(batch, path, err);
}

static bool add_children(creg_zookeeper_walk *walk, const creg_zookeeper_node *node)
{
    for (size_t i = 0; i < node->child_count; i++) {
        const char *path =
            creg_zookeeper_join(node->path, node->children[i], node->batch->arena);
        if (path == NULL)
            return false;
        if (!is_reserved(path) && !creg_zookeeper_add_node(walk, node->batch, path))
            return false;
    }
    return true;
}

static void note_newest(creg_zookeeper_walk *walk, const creg_zookeeper_node *node)
{
    if ((uint64_t)node->stat.mzxid > walk->newest)
        walk->newest = (uint64_t)node->stat.mzxid;
    if ((uint64_t)node->stat.pzxid > walk->newest)
        walk->newest = (uint64_t)node->stat.pzxid;
}

static creg_status ask_level_data(zhandle_t *handle, creg_zookeeper_walk *walk, size_t from,
                                  watcher_fn watcher, void *context, creg_error *err)
{
    creg_zookeeper_batch *batch = walk->nodes[from]->batch;
    for (size_t i = from; i < walk->size; i++) {
        creg_zookeeper_ask_data(handle, walk->nodes[i], false, watcher, context);
        creg_zookeeper_batch_ease(batch);
    }
    creg_zookeeper_batch_wait(batch, 0);
    return batch_status(batch, walk->nodes[from]->path, err);
}

static creg_status ask_level_children(zhandle_t *handle, creg_zookeeper_walk *walk, size_t from,
                                      watcher_fn watcher, void *context, creg_error *err)
{
    creg_zookeeper_batch *batch = walk->nodes[from]->batch;
    for (size_t i = from; i < walk->size; i++) {
        creg_zookeeper_node *node = walk->nodes[i];
        /* With a watcher a leaf is asked, too: a first child must wake the waiter. */
        bool is_wanted =
            node->data_code == ZOK && (node->stat.numChildren > 0 || watcher != NULL);
        if (!is_wanted)
            continue;
        creg_zookeeper_ask_children(handle, node, watcher, context);
        creg_zookeeper_batch_ease(batch);
    }
    creg_zookeeper_batch_wait(batch, 0);
    return batch_status(batch, walk->nodes[from]->path, err);
}

creg_status creg_zookeeper_check_node(const creg_zookeeper_node *node, creg_error *err)
{
    int code = node->data_code != ZOK ? node->data_code : node->children_code;
    return code == ZOK || code == ZNONODE ? CREG_OK
                                          : creg_zookeeper_fail(code, false, node->path, err);
}

static creg_status check_level(const creg_zookeeper_walk *walk, size_t from, bool is_root,
                               creg_error *err)
{
    for (size_t i = from; i < walk->size; i++) {
        const creg_zookeeper_node *node = walk->nodes[i];
        bool is_gone = node->data_code == ZNONODE || node->children_code == ZNONODE;
        if (is_gone && !(is_root && node->data_code == ZNONODE))
            return creg_fail(err, CREG_CONFLICT, "'%s' went while it was read", node->path);
        creg_status status = creg_zookeeper_check_node(node, err);
        if (status != CREG_OK)
            return status;
    }
    return CREG_OK;
}

/* One level: its data, its children unless it is the last one, and no surprises. */
static creg_status read_level(zhandle_t *handle, creg_zookeeper_walk *walk, size_t from,
                              bool is_root, bool is_last, watcher_fn watcher, void *context,
                              creg_error *err)
{
    creg_status status = ask_level_data(handle, walk, from, watcher, context, err);
    if (status == CREG_OK && !is_last)
        status = ask_level_children(handle, walk, from, watcher, context, err);
    return status == CREG_OK ? check_level(walk, from, is_root, err) : status;
}

creg_status creg_zookeeper_walk_tree(zhandle_t *handle, const char *path, uint32_t depth,
                                     watcher_fn watcher, void *watcher_context,
                                     creg_zookeeper_batch *batch, creg_zookeeper_walk *walk,
                                     creg_error *err)
{
    size_t root = walk->size;
    if (!creg_zookeeper_add_node(walk, batch, path))
        return creg_fail_arena(err, batch->arena);
    size_t from = root;
    for (uint32_t level = 0; from < walk->size; level++) {
        size_t end = walk->size;
        bool is_last = depth != 0 && level == depth;
        creg_status status = read_level(handle, walk, from, from == root, is_last, watcher,
                                        watcher_context, err);
        if (status != CREG_OK)
            return status;
        if (walk->nodes[root]->data_code == ZNONODE)
            return CREG_OK; /* stays in the walk: its absence is verified like anything else */
        for (size_t i = from; i < end; i++) {
            note_newest(walk, walk->nodes[i]);
            if (!is_last && !add_children(walk, walk->nodes[i]))
                return creg_fail_arena(err, batch->arena);
        }
        if (is_last)
            return creg_zookeeper_find_keys(handle, from, batch, walk, err);
        from = end;
    }
    return CREG_OK;
}

/* ---- one moment ------------------------------------------------------------------------- */

static bool is_same(const creg_zookeeper_node *before, const creg_zookeeper_node *now)
{
    if (before->data_code != now->data_code)
        return false;
    return now->data_code != ZOK ||
           (before->stat.czxid == now->stat.czxid && before->stat.mzxid == now->stat.mzxid &&
            before->stat.pzxid == now->stat.pzxid);
}

/* CREG_CONFLICT when anything of the walk has changed since it was read. */
static creg_status verify(zhandle_t *handle, const creg_zookeeper_walk *walk,
                          creg_zookeeper_batch *batch, creg_error *err)
{
    creg_zookeeper_node *again = creg_arena_calloc(batch->arena, walk->size, sizeof *again);
    if (again == NULL)
        return creg_fail_arena(err, batch->arena);
    for (size_t i = 0; i < walk->size; i++) {
        again[i].batch = batch;
        again[i].path = walk->nodes[i]->path;
        creg_zookeeper_ask_data(handle, &again[i], true, NULL, NULL);
        creg_zookeeper_batch_ease(batch);
    }
    creg_zookeeper_batch_wait(batch, 0);
    creg_status status = batch_status(batch, "/", err);
    for (size_t i = 0; i < walk->size && status == CREG_OK; i++)
        if (!is_same(walk->nodes[i], &again[i]))
            status = creg_fail(err, CREG_CONFLICT, "'%s' changed while it was read",
                               walk->nodes[i]->path);
    return status;
}

/* ---- reads ------------------------------------------------------------------------------ */

static creg_version version_of(const creg_zookeeper_node *node)
{
    return (creg_version){.present = true,
                          .major = (uint64_t)node->stat.czxid,
                          .minor = (uint64_t)node->stat.version};
}

static creg_status take_list(const creg_zookeeper_walk *walk, size_t from, size_t to,
                             creg_read *read, creg_arena *arena, creg_error *err)
{
    creg_pair *items = creg_arena_calloc(arena, to - from, sizeof *items);
    if (items == NULL)
        return creg_fail_arena(err, arena);
    size_t size = 0;
    for (size_t i = from + 1; i < to; i++) { /* the root itself is not below itself */
        const creg_zookeeper_node *node = walk->nodes[i];
        if (!node->has_data)
            continue;
        items[size++] = (creg_pair){.key = creg_slice_of(node->path + 1),
                                    .value = node->data,
                                    .version = version_of(node)};
    }
    return creg_pairs_cut(items, size, read, arena, err);
}

static creg_status take_key(const creg_zookeeper_node *node, creg_read *read, creg_arena *arena,
                            creg_error *err)
{
    read->ret_pairs = (creg_pairs){NULL, 0};
    if (node->data_code != ZOK || !node->has_data)
        return CREG_OK;
    creg_pair *pair = creg_arena_new(arena, creg_pair);
    if (pair == NULL)
        return creg_fail_arena(err, arena);
    *pair = (creg_pair){.key = read->key, .value = node->data, .version = version_of(node)};
    read->ret_pairs = (creg_pairs){pair, 1};
    return CREG_OK;
}

/*
 * A list that is cut looks at a part of its subtrees only, while a wait looks at everything:
 * it may return at once with a newer revision. The next such list then names that one, or a
 * caller who reads and waits in turn would never come to rest.
 */
static uint64_t at_least_floor(creg_driver_state *state, creg_slice prefix, uint64_t revision)
{
    uint64_t hash = creg_hash_bytes(prefix.data, prefix.size);
    size_t slot = (size_t)(hash % CREG_ZOOKEEPER_FLOORS);
    pthread_mutex_lock(&state->lock);
    bool is_newer =
        state->floors[slot].prefix == hash && state->floors[slot].revision > revision;
    if (is_newer)
        revision = state->floors[slot].revision;
    pthread_mutex_unlock(&state->lock);
    return revision;
}

static void set_floor(creg_driver_state *state, creg_slice prefix, uint64_t revision)
{
    uint64_t hash = creg_hash_bytes(prefix.data, prefix.size);
    size_t slot = (size_t)(hash % CREG_ZOOKEEPER_FLOORS);
    pthread_mutex_lock(&state->lock);
    state->floors[slot].prefix = hash;
    state->floors[slot].revision = revision;
    pthread_mutex_unlock(&state->lock);
}

/* One try: everything is asked for, then everything is verified. */
static creg_status read_once(creg_driver_state *state, zhandle_t *handle, creg_read *reads,
                             size_t count, creg_zookeeper_batch *batch, uint64_t *ret_revision,
                             creg_error *err)
{
    creg_arena *arena = batch->arena;
    size_t *starts = creg_arena_calloc(arena, count + 1, sizeof *starts);
    if (starts == NULL)
        return creg_fail_arena(err, arena);
    creg_zookeeper_walk walk = {0};
    if (state->is_synced)
        creg_zookeeper_ask_sync(handle, batch);
    creg_status status = CREG_OK;
    for (size_t i = 0; i < count && status == CREG_OK; i++) {
        starts[i] = walk.size;
        /* While calls are under way the arena belongs to their completions. */
        creg_zookeeper_batch_wait(batch, 0);
        const char *path = creg_zookeeper_path(reads[i].key, arena);
        if (path == NULL)
            return creg_fail_arena(err, arena);
        if (reads[i].is_list) {
            status = creg_zookeeper_walk_tree(handle, path, reads[i].depth, NULL, NULL, batch,
                                              &walk, err);
        } else if (creg_zookeeper_add_node(&walk, batch, path)) {
            status = ask_level_data(handle, &walk, starts[i], NULL, NULL, err);
            if (status == CREG_OK)
                status = creg_zookeeper_check_node(walk.nodes[starts[i]], err);
            note_newest(&walk, walk.nodes[starts[i]]);
        } else {
            status = creg_fail_arena(err, arena);
        }
    }
    creg_zookeeper_batch_wait(batch, 0);
    if (status != CREG_OK)
        return status;
    starts[count] = walk.size;
    /* A single znode is one answer of the server, and so one moment already. */
    if (walk.size > 1)
        status = verify(handle, &walk, batch, err);
    for (size_t i = 0; i < count && status == CREG_OK; i++)
        status = reads[i].is_list
                     ? take_list(&walk, starts[i], starts[i + 1], &reads[i], arena, err)
                     : take_key(walk.nodes[starts[i]], &reads[i], arena, err);
    *ret_revision = walk.newest == 0 ? 1 : walk.newest;
    bool is_cut = count == 1 && reads[0].is_list && reads[0].depth != 0;
    if (status == CREG_OK && is_cut)
        *ret_revision = at_least_floor(state, reads[0].key, *ret_revision);
    return status;
}

static void pause_ms(unsigned duration)
{
    struct timespec pause = {.tv_nsec = (long)duration * 1000000};
    nanosleep(&pause, NULL);
}

creg_status creg_zookeeper_read(creg_driver_state *state, creg_read *reads, size_t count,
                                creg_arena *arena, uint64_t *ret_revision, creg_error *err)
{
    /* The client does not tell the zxid of an answer: the newest change there is must do. */
    creg_read everything = {.is_list = true, .key = creg_slice_make("", 0), .limit = 1};
    if (count == 0) {
        reads = &everything;
        count = 1;
    }
    uint64_t deadline = creg_zookeeper_now_ms() + state->timeout_ms;
    creg_error attempt = {0};
    creg_status status = CREG_CONFLICT;
    for (unsigned round = 0; round < SNAPSHOT_TRIES; round++) {
        zhandle_t *handle;
        status = creg_zookeeper_handle(state, deadline, &handle, &attempt);
        if (status != CREG_OK)
            break;
        creg_zookeeper_batch batch;
        creg_zookeeper_batch_init(&batch, arena);
        status = read_once(state, handle, reads, count, &batch, ret_revision, &attempt);
        creg_zookeeper_batch_wait(&batch, 0);
        creg_zookeeper_batch_clear(&batch);
        bool is_repeatable = status == CREG_CONFLICT || status == CREG_UNAVAILABLE;
        if (!is_repeatable || creg_zookeeper_now_ms() >= deadline)
            break;
        pause_ms(round < 6 ? 1u << round : 64);
    }
    if (status != CREG_OK && err != NULL)
        *err = attempt;
    return status;
}

/* ---- waiting ---------------------------------------------------------------------------- */

/* The context is the driver's state, which outlives every handle: a watch may fire long after
 * the wait that set it. */
static void watch_tree(zhandle_t *handle, int type, int session_state, const char *path,
                       void *context)
{
    (void)handle;
    (void)session_state;
    (void)path;
    creg_driver_state *state = context;
    if (type == ZOO_NOTWATCHING_EVENT)
        return;
    pthread_mutex_lock(&state->lock);
    state->events++;
    pthread_cond_broadcast(&state->changed);
    pthread_mutex_unlock(&state->lock);
}

static uint64_t count_events(creg_driver_state *state)
{
    pthread_mutex_lock(&state->lock);
    uint64_t events = state->events;
    pthread_mutex_unlock(&state->lock);
    return events;
}

static creg_status watch_once(creg_driver_state *state, zhandle_t *handle, creg_slice prefix,
                              creg_arena *arena, uint64_t *ret_newest, creg_error *err)
{
    creg_zookeeper_batch batch;
    creg_zookeeper_batch_init(&batch, arena);
    creg_zookeeper_walk walk = {0};
    const char *path = creg_zookeeper_path(prefix, arena);
    creg_status status = path == NULL ? creg_fail_arena(err, arena)
                                      : creg_zookeeper_walk_tree(handle, path, 0, watch_tree,
                                                                 state, &batch, &walk, err);
    if (status == CREG_OK && walk.nodes[0]->data_code == ZNONODE) {
        creg_zookeeper_ask_data(handle, walk.nodes[0], true, watch_tree, state);
        creg_zookeeper_batch_wait(&batch, 0);
        status = batch_status(&batch, path, err);
    }
    creg_zookeeper_batch_wait(&batch, 0);
    creg_zookeeper_batch_clear(&batch);
    *ret_newest = walk.newest == 0 ? 1 : walk.newest;
    return status;
}

static void wait_for_event(creg_driver_state *state, uint64_t seen, uint64_t deadline)
{
    pthread_mutex_lock(&state->lock);
    while (state->events == seen && !creg_zookeeper_is_lost(state)) {
        uint64_t now = creg_zookeeper_now_ms();
        if (now >= deadline)
            break;
        /* Nothing tells that a session was lost in silence: look from time to time. */
        uint64_t left = deadline - now < LOOK_MS ? deadline - now : LOOK_MS;
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        uint64_t nanoseconds = (uint64_t)until.tv_nsec + left % 1000 * 1000000;
        until.tv_sec += (time_t)(left / 1000 + nanoseconds / 1000000000);
        until.tv_nsec = (long)(nanoseconds % 1000000000);
        pthread_cond_timedwait(&state->changed, &state->lock, &until);
    }
    pthread_mutex_unlock(&state->lock);
}

creg_status creg_zookeeper_wait(creg_driver_state *state, creg_slice prefix, uint64_t revision,
                                uint32_t timeout_ms, uint64_t *ret_revision, creg_error *err)
{
    uint64_t deadline = creg_zookeeper_now_ms() + timeout_ms;
    creg_arena arena;
    creg_arena_init(&arena, CREG_LIMIT_OPERATION_BYTES);
    creg_status status;
    for (;;) {
        creg_arena_reset(&arena);
        uint64_t events = count_events(state);
        zhandle_t *handle;
        status = creg_zookeeper_handle(state, creg_zookeeper_now_ms() + state->timeout_ms,
                                       &handle, err);
        if (status == CREG_OK)
            status = watch_once(state, handle, prefix, &arena, ret_revision, err);
        if (status == CREG_CONFLICT) {
            pause_ms(2);
            continue; /* changed while it was read: read again */
        }
        if (status == CREG_OK)
            set_floor(state, prefix, *ret_revision);
        if (status != CREG_OK || *ret_revision != revision)
            break;
        if (creg_zookeeper_now_ms() >= deadline) {
            status = creg_fail(err, CREG_TIMEOUT, "nothing changed in %u ms", timeout_ms);
            break;
        }
        wait_for_event(state, events, deadline);
    }
    creg_arena_clear(&arena);
    return status;
}
