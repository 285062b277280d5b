/* SPDX-License-Identifier: MIT */
/*
 * Reading subtrees: ZooKeeper has no range read, so every znode is asked for by itself.
 *
 * A walk goes level by level, down all trees that are wanted together, everything of a level
 * asked at once: first the data, whose Stat tells which znodes have children, then those
 * children's names. What was read that way is no single moment. So all Stats are asked for once more: where none has changed, everything
 * read was true together in the instant between the two rounds; else the walk starts again.
 */
#include <time.h>

#include "base/clock.h"
#include "base/hash.h"
#include "store/drivers/zookeeper.h"

enum { SNAPSHOT_TRIES = 12, LOOK_MS = 500, TOGETHER_MOST = 256 };

/* ---- walking ---------------------------------------------------------------------------- */

static creg_status batch_status(const creg_zookeeper_batch *batch, const char *path,
                                creg_error *err)
{
    if (batch->failed != ZOK)
        return creg_zookeeper_fail(batch->failed, false, path, err);
    return batch->is_out_of_memory ? creg_fail_arena(err, batch->arena) : CREG_OK;
}

bool creg_zookeeper_add_node(creg_zookeeper_walk *walk, creg_zookeeper_batch *batch,
                             const char *path, size_t root)
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
    node->root = root;
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
        if (is_reserved(path))
            continue;
        if (!creg_zookeeper_add_node(walk, node->batch, path, node->root))
            return false;
        walk->nodes[walk->size - 1]->level = node->level + 1;
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

/* What is the same for every step of one walk. */
typedef struct descent {
    zhandle_t *handle;
    const creg_zookeeper_root *roots;
    watcher_fn watcher;
    void *watcher_context;
    creg_zookeeper_batch *batch;
    creg_zookeeper_walk *walk;
} descent;

/* Does the walk end at this znode, because its tree is to be cut there? */
static bool is_last(const descent *down, const creg_zookeeper_node *node)
{
    const creg_zookeeper_root *root = &down->roots[node->root];
    return !root->is_tree || (root->depth != 0 && node->level == root->depth);
}

/* The nodes from `from` on whose children are wanted: the walk's, or where it is cut. */
static size_t choose_parents(const descent *down, size_t from, bool are_last,
                             creg_zookeeper_node **ret_parents)
{
    size_t count = 0;
    for (size_t i = from; i < down->walk->size; i++) {
        creg_zookeeper_node *node = down->walk->nodes[i];
        /* With a watcher a leaf is asked, too: a first child must wake the waiter. */
        bool is_parent = node->data_code == ZOK && down->roots[node->root].is_tree &&
                         (node->stat.numChildren > 0 || (down->watcher != NULL && !are_last));
        if (is_parent && is_last(down, node) == are_last)
            ret_parents[count++] = node;
    }
    return count;
}

creg_status creg_zookeeper_check_node(const creg_zookeeper_node *node, creg_error *err)
{
    int code = node->data_code != ZOK ? node->data_code : node->children_code;
    return code == ZOK || code == ZNONODE ? CREG_OK
                                          : creg_zookeeper_fail(code, false, node->path, err);
}

static creg_status check_level(const descent *down, size_t from, creg_error *err)
{
    for (size_t i = from; i < down->walk->size; i++) {
        const creg_zookeeper_node *node = down->walk->nodes[i];
        bool is_gone = node->data_code == ZNONODE || node->children_code == ZNONODE;
        if (is_gone && !(node->level == 0 && node->data_code == ZNONODE))
            return creg_fail(err, CREG_CONFLICT, "'%s' went while it was read", node->path);
        creg_status status = creg_zookeeper_check_node(node, err);
        if (status != CREG_OK)
            return status;
    }
    return CREG_OK;
}

/* In a level that is not large a round trip costs more than asking leaves for children. */
static bool is_asked_together(const descent *down, size_t from)
{
    const creg_zookeeper_walk *walk = down->walk;
    size_t count = walk->size - from;
    if (down->watcher != NULL || count > TOGETHER_MOST ||
        !creg_zookeeper_bulk_is_worth(down->batch->state, 2 * count))
        return false;
    for (size_t i = from; i < walk->size; i++)
        if (is_last(down, walk->nodes[i]))
            return false;
    return true;
}

/* One level: its data, its children unless it is the last one, and no surprises. */
static creg_status read_level(const descent *down, size_t from, creg_zookeeper_node **parents,
                              size_t *ret_count, creg_error *err)
{
    creg_zookeeper_walk *walk = down->walk;
    creg_zookeeper_node **level = walk->nodes + from;
    size_t size = walk->size - from;
    bool is_together = is_asked_together(down, from) &&
                       creg_zookeeper_bulk_read(down->batch->state, down->handle, level, size,
                                                CREG_ZOOKEEPER_BOTH);
    down->batch->is_bulk = down->batch->is_bulk || is_together;
    creg_status status = CREG_OK;
    if (!is_together)
        status =
            creg_zookeeper_ask_all(down->handle, down->batch, level, size, CREG_ZOOKEEPER_DATA,
                                   down->watcher, down->watcher_context, err);
    if (status != CREG_OK)
        return status;
    *ret_count = choose_parents(down, from, false, parents);
    if (*ret_count > 0 && !is_together)
        status = creg_zookeeper_ask_all(down->handle, down->batch, parents, *ret_count,
                                        CREG_ZOOKEEPER_CHILDREN, down->watcher,
                                        down->watcher_context, err);
    return status == CREG_OK ? check_level(down, from, err) : status;
}

static creg_status walk_down(const descent *down, creg_error *err)
{
    creg_zookeeper_walk *walk = down->walk;
    for (size_t from = 0; from < walk->size;) {
        size_t end = walk->size;
        size_t count;
        creg_zookeeper_node **parents =
            creg_arena_calloc(down->batch->arena, end - from, sizeof *parents);
        if (parents == NULL)
            return creg_fail_arena(err, down->batch->arena);
        creg_status status = read_level(down, from, parents, &count, err);
        if (status != CREG_OK)
            return status;
        for (size_t i = from; i < end; i++)
            note_newest(walk, walk->nodes[i]);
        for (size_t i = 0; i < count; i++)
            if (!add_children(walk, parents[i]))
                return creg_fail_arena(err, down->batch->arena);
        from = end;
    }
    return CREG_OK;
}

creg_status creg_zookeeper_walk_trees(zhandle_t *handle, const creg_zookeeper_root *roots,
                                      size_t count, watcher_fn watcher, void *watcher_context,
                                      creg_zookeeper_batch *batch, creg_zookeeper_walk *walk,
                                      creg_error *err)
{
    descent down = {handle, roots, watcher, watcher_context, batch, walk};
    for (size_t i = 0; i < count; i++)
        if (!creg_zookeeper_add_node(walk, batch, roots[i].path, i))
            return creg_fail_arena(err, batch->arena);
    creg_status status = walk_down(&down, err);
    if (status != CREG_OK)
        return status;
    creg_zookeeper_node **tops = creg_arena_calloc(batch->arena, walk->size, sizeof *tops);
    if (tops == NULL)
        return creg_fail_arena(err, batch->arena);
    size_t cut = choose_parents(&down, 0, true, tops);
    return creg_zookeeper_find_keys(handle, tops, cut, batch, walk, err);
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
    creg_zookeeper_node **asked = creg_arena_calloc(batch->arena, walk->size, sizeof *asked);
    if (again == NULL || asked == NULL)
        return creg_fail_arena(err, batch->arena);
    for (size_t i = 0; i < walk->size; i++) {
        asked[i] = &again[i];
        again[i].batch = batch;
        again[i].path = walk->nodes[i]->path;
    }
    creg_status status = creg_zookeeper_ask_all(handle, batch, asked, walk->size,
                                                CREG_ZOOKEEPER_STAT, NULL, NULL, err);
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

/* The pairs of every list, in the order of the walk: counted first, then filled in. */
static creg_status sort_out(const creg_zookeeper_walk *walk, creg_read *reads, size_t count,
                            creg_arena *arena, creg_error *err)
{
    for (size_t i = 0; i < count; i++)
        reads[i].ret_pairs = (creg_pairs){NULL, 0};
    for (size_t i = count; i < walk->size; i++)
        reads[walk->nodes[i]->root].ret_pairs.size += walk->nodes[i]->has_data;
    for (size_t i = 0; i < count; i++) {
        creg_pairs *pairs = &reads[i].ret_pairs;
        pairs->items = creg_arena_calloc(arena, pairs->size + 1, sizeof *pairs->items);
        if (pairs->items == NULL)
            return creg_fail_arena(err, arena);
        pairs->size = 0;
    }
    for (size_t i = 0; i < walk->size; i++) {
        const creg_zookeeper_node *node = walk->nodes[i];
        creg_pairs *pairs = &reads[node->root].ret_pairs;
        /* The root of a list is not below itself, that of a key is all there is. */
        bool is_wanted = node->data_code == ZOK && node->has_data &&
                         (node->level > 0 || !reads[node->root].is_list);
        if (is_wanted)
            pairs->items[pairs->size++] = (creg_pair){.key = creg_slice_of(node->path + 1),
                                                      .value = node->data,
                                                      .version = version_of(node)};
    }
    return CREG_OK;
}

static creg_status take_reads(const creg_zookeeper_walk *walk, creg_read *reads, size_t count,
                              creg_arena *arena, creg_error *err)
{
    creg_status status = sort_out(walk, reads, count, arena, err);
    for (size_t i = 0; i < count && status == CREG_OK; i++) {
        creg_pairs found = reads[i].ret_pairs;
        if (reads[i].is_list)
            status = creg_pairs_cut(found.items, found.size, &reads[i], arena, err);
    }
    return status;
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

static creg_zookeeper_root *make_roots(const creg_read *reads, size_t count, creg_arena *arena)
{
    creg_zookeeper_root *roots = creg_arena_calloc(arena, count, sizeof *roots);
    for (size_t i = 0; roots != NULL && i < count; i++) {
        const char *path = creg_zookeeper_path(reads[i].key, arena);
        if (path == NULL)
            return NULL;
        roots[i] = (creg_zookeeper_root){path, reads[i].is_list, reads[i].depth};
    }
    return roots;
}

/* One try: everything is asked for, then everything is verified. */
static creg_status read_once(creg_driver_state *state, zhandle_t *handle, creg_read *reads,
                             size_t count, creg_zookeeper_batch *batch, uint64_t *ret_revision,
                             creg_error *err)
{
    creg_zookeeper_root *roots = make_roots(reads, count, batch->arena);
    if (roots == NULL)
        return creg_fail_arena(err, batch->arena);
    creg_zookeeper_walk walk = {0};
    if (state->is_synced)
        creg_zookeeper_ask_sync(handle, batch);
    creg_status status =
        creg_zookeeper_walk_trees(handle, roots, count, NULL, NULL, batch, &walk, err);
    /* A single znode is one answer of the server, and so one moment already. */
    if (status == CREG_OK && walk.size > 1)
        status = verify(handle, &walk, batch, err);
    if (status == CREG_OK)
        status = take_reads(&walk, reads, count, batch->arena, err);
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
    uint64_t deadline = creg_clock_ms() + state->timeout_ms;
    creg_error attempt = {0};
    creg_status status = CREG_CONFLICT;
    for (unsigned round = 0; round < SNAPSHOT_TRIES; round++) {
        zhandle_t *handle;
        status = creg_zookeeper_handle(state, deadline, &handle, &attempt);
        if (status != CREG_OK)
            break;
        creg_zookeeper_batch batch;
        creg_zookeeper_batch_init(&batch, state, arena);
        status = read_once(state, handle, reads, count, &batch, ret_revision, &attempt);
        creg_zookeeper_batch_wait(&batch, 0);
        creg_zookeeper_batch_clear(&batch);
        creg_zookeeper_release(state);
        if (batch.is_given_up && status == CREG_UNAVAILABLE) {
            status = creg_fail_interrupted(&attempt);
            break;
        }
        bool is_repeatable = status == CREG_CONFLICT || status == CREG_UNAVAILABLE;
        if (!is_repeatable || creg_clock_ms() >= deadline)
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
    creg_zookeeper_batch_init(&batch, state, arena);
    creg_zookeeper_walk walk = {0};
    const char *path = creg_zookeeper_path(prefix, arena);
    creg_zookeeper_root root = {path, true, 0};
    creg_status status = path == NULL ? creg_fail_arena(err, arena)
                                      : creg_zookeeper_walk_trees(handle, &root, 1, watch_tree,
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
        uint64_t now = creg_clock_ms();
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
    uint64_t deadline = creg_clock_ms() + timeout_ms;
    creg_arena arena;
    creg_arena_init(&arena, CREG_LIMIT_OPERATION_BYTES);
    creg_status status;
    for (;;) {
        creg_arena_reset(&arena);
        uint64_t events = count_events(state);
        zhandle_t *handle;
        status =
            creg_zookeeper_handle(state, creg_clock_ms() + state->timeout_ms, &handle, err);
        if (status == CREG_OK) {
            status = watch_once(state, handle, prefix, &arena, ret_revision, err);
            creg_zookeeper_release(state);
        }
        if (status == CREG_CONFLICT) {
            pause_ms(2);
            continue; /* changed while it was read: read again */
        }
        if (status == CREG_OK)
            set_floor(state, prefix, *ret_revision);
        if (status != CREG_OK || *ret_revision != revision)
            break;
        if (creg_clock_ms() >= deadline) {
            status = creg_fail(err, CREG_TIMEOUT, "nothing changed in %u ms", timeout_ms);
            break;
        }
        wait_for_event(state, events, deadline);
    }
    creg_arena_clear(&arena);
    return status;
}
