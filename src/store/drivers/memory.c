/* SPDX-License-Identifier: MIT */
/*
 * The reference driver: a sorted map in memory under one lock.
 *
 * What the other drivers must do is said here in its plainest form; the conformance suite holds
 * them all to it. `memory:` is private to the handle, `memory:NAME` is shared by all handles of
 * the process and lives until the last of them is closed.
 *
 * The map is a skip list: keys in byte order along the lowest level, each higher level skips
 * about three quarters of the one below.
 *
 *     level 1   head ----------------------> "b" ---------> (end)
 *     level 0   head -> "a" -> "a/x" ------> "b" -> "c" --> (end)
 */
#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/limits.h"
#include "base/memory.h"
#include "confreg/sys/store_driver.h"
#include "store/pairs.h"

enum { HEIGHT_MAX = 16 };

typedef struct node {
    creg_slice key;
    creg_slice value;
    uint64_t revision; /* of the transaction that wrote it */
    uint64_t owner;    /* id of the liveness that it is bound to; 0: none */
    int height;
    struct node *next[];
} node;

typedef struct owner {
    uint64_t id;
    uint32_t ttl_ms;
    uint64_t deadline_ms;
    struct owner *next;
} owner;

typedef struct memory_map {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    node *head;                     /* has HEIGHT_MAX levels and no key */
    uint64_t revision;              /* grows by one a transaction; 1 before the first */
    uint64_t random;                /* state of the generator of heights */
    owner *owners;                  /* those that are neither released nor found dead */
    uint64_t owner_last;            /* id of the newest owner; ids are never used again */
    size_t users;                   /* handles, guarded by the lock of the table of names */
    struct memory_map *next;        /* in that table */
    char name[CREG_LIMIT_NAME + 1]; /* "" when private */
} memory_map;

struct creg_driver_state {
    memory_map *map;
};

/* ---- maps by name ----------------------------------------------------------------------- */

static pthread_mutex_t names_lock = PTHREAD_MUTEX_INITIALIZER;
static memory_map *names;
static pthread_once_t names_once = PTHREAD_ONCE_INIT;

static void names_take(void)
{
    pthread_mutex_lock(&names_lock);
}

static void names_give(void)
{
    pthread_mutex_unlock(&names_lock);
}

/* A child must not inherit a lock that a thread of its parent holds. What was shared stays the
 * parent's: a map may be half-way through a change. */
static void names_forget(void)
{
    names = NULL;
    pthread_mutex_unlock(&names_lock);
}

static void names_watch_forks(void)
{
    pthread_atfork(names_take, names_give, names_forget);
}

static void free_nodes(memory_map *map)
{
    node *at = map->head;
    while (at != NULL) {
        node *next = at->next[0];
        creg_memory_free(at);
        at = next;
    }
}

static void map_free(memory_map *map)
{
    free_nodes(map);
    while (map->owners != NULL) {
        owner *next = map->owners->next;
        creg_memory_free(map->owners);
        map->owners = next;
    }
    pthread_cond_destroy(&map->changed);
    pthread_mutex_destroy(&map->lock);
    creg_memory_free(map);
}

static bool make_locks(memory_map *map)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return false;
    bool is_made = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
                   pthread_cond_init(&map->changed, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    if (is_made && pthread_mutex_init(&map->lock, NULL) != 0) {
        pthread_cond_destroy(&map->changed);
        is_made = false;
    }
    return is_made;
}

static memory_map *map_new(creg_slice name)
{
    memory_map *map = creg_memory_calloc(1, sizeof *map);
    node *head = creg_memory_calloc(1, sizeof *head + HEIGHT_MAX * sizeof(node *));
    if (map == NULL || head == NULL || !make_locks(map)) {
        creg_memory_free(head);
        creg_memory_free(map);
        return NULL;
    }
    memcpy(map->name, name.data, name.size);
    head->height = HEIGHT_MAX;
    map->head = head;
    map->revision = 1;
    map->random = 88172645463325252u;
    map->users = 1;
    return map;
}

static memory_map *map_of_name(creg_slice name)
{
    pthread_once(&names_once, names_watch_forks);
    names_take();
    memory_map *map = names;
    while (map != NULL && !creg_slice_equal(creg_slice_of(map->name), name))
        map = map->next;
    if (map != NULL) {
        map->users++;
    } else {
        map = map_new(name);
        if (map != NULL) {
            map->next = names;
            names = map;
        }
    }
    names_give();
    return map;
}

/* True when the caller was the last user and has to free the map. */
static bool leave_name(memory_map *map)
{
    names_take();
    bool is_last = --map->users == 0;
    for (memory_map **at = &names; is_last && *at != NULL; at = &(*at)->next)
        if (*at == map) {
            *at = map->next;
            break;
        }
    names_give();
    return is_last;
}

static creg_status memory_open(creg_driver_state *state, const creg_store_url *url,
                               const creg_store_options *options, creg_error *err)
{
    (void)options;
    if (url->path.size > CREG_LIMIT_NAME)
        return creg_fail(err, CREG_USAGE, "the name of a memory store has at most %d bytes",
                         CREG_LIMIT_NAME);
    state->map = url->path.size == 0 ? map_new(url->path) : map_of_name(url->path);
    return state->map == NULL ? creg_fail(err, CREG_NO_MEMORY, "out of memory") : CREG_OK;
}

static void memory_close(creg_driver_state *state)
{
    memory_map *map = state->map;
    if (map->name[0] == '\0' || leave_name(map))
        map_free(map);
}

/* ---- the skip list ---------------------------------------------------------------------- */

/* The first node at or behind `key`; `before` (may be NULL) gets its neighbours on each level. */
static node *find(const memory_map *map, creg_slice key, node **before)
{
    node *at = map->head;
    for (int level = HEIGHT_MAX - 1; level >= 0; level--) {
        while (at->next[level] != NULL && creg_slice_compare(at->next[level]->key, key) < 0)
            at = at->next[level];
        if (before != NULL)
            before[level] = at;
    }
    return at->next[0];
}

static node *find_exact(const memory_map *map, creg_slice key)
{
    node *found = find(map, key, NULL);
    return found != NULL && creg_slice_equal(found->key, key) ? found : NULL;
}

static bool is_below(creg_slice key, creg_slice tree)
{
    if (tree.size == 0)
        return true;
    return key.size > tree.size && key.data[tree.size] == '/' &&
           creg_slice_has_prefix(key, tree);
}

/*
 * The first node below `tree`. "tree-x" lies between "tree" and "tree/...", so the search is
 * for the tree with its '/': by stepping from "tree" over what sorts before '/'.
 */
static node *find_below(const memory_map *map, creg_slice tree)
{
    node *at = map->head;
    for (int level = HEIGHT_MAX - 1; level >= 0; level--)
        for (node *next = at->next[level]; next != NULL; next = at->next[level]) {
            size_t shared = next->key.size < tree.size ? next->key.size : tree.size;
            int order = memcmp(next->key.data, tree.data, shared);
            bool is_before = order < 0 || (order == 0 && tree.size > 0 &&
                                           (next->key.size <= tree.size ||
                                            (unsigned char)next->key.data[tree.size] < '/'));
            if (!is_before)
                break;
            at = next;
        }
    node *found = at->next[0];
    return found != NULL && is_below(found->key, tree) ? found : NULL;
}

static int random_height(memory_map *map)
{
    map->random ^= map->random << 13;
    map->random ^= map->random >> 7;
    map->random ^= map->random << 17;
    int height = 1;
    for (uint64_t bits = map->random; height < HEIGHT_MAX && (bits & 3) == 0; bits >>= 2)
        height++;
    return height;
}

static node *node_new(memory_map *map, creg_slice key, creg_slice value)
{
    int height = random_height(map);
    size_t links = (size_t)height * sizeof(node *);
    node *fresh = creg_memory_alloc(sizeof *fresh + links + key.size + value.size);
    if (fresh == NULL)
        return NULL;
    char *bytes = (char *)fresh + sizeof *fresh + links;
    memcpy(bytes, key.data, key.size);
    memcpy(bytes + key.size, value.data, value.size);
    fresh->key = creg_slice_make(bytes, key.size);
    fresh->value = creg_slice_make(bytes + key.size, value.size);
    fresh->height = height;
    return fresh;
}

static void unlink_node(node *found, node **before)
{
    for (int level = 0; level < found->height; level++)
        if (before[level]->next[level] == found)
            before[level]->next[level] = found->next[level];
    creg_memory_free(found);
}

static void map_remove(memory_map *map, creg_slice key)
{
    node *before[HEIGHT_MAX];
    node *found = find(map, key, before);
    if (found != NULL && creg_slice_equal(found->key, key))
        unlink_node(found, before);
}

static void map_remove_tree(memory_map *map, creg_slice tree)
{
    for (node *at = find_below(map, tree); at != NULL; at = find_below(map, tree))
        map_remove(map, at->key);
}

/* Cannot fail: the node was made before the first change. */
static void map_put(memory_map *map, node *fresh)
{
    node *before[HEIGHT_MAX];
    node *found = find(map, fresh->key, before);
    if (found != NULL && creg_slice_equal(found->key, fresh->key))
        unlink_node(found, before);
    for (int level = 0; level < fresh->height; level++) {
        fresh->next[level] = before[level]->next[level];
        before[level]->next[level] = fresh;
    }
}

/* ---- owners ----------------------------------------------------------------------------- */

static owner **find_owner(memory_map *map, uint64_t id)
{
    owner **at = &map->owners;
    while (*at != NULL && (*at)->id != id)
        at = &(*at)->next;
    return at;
}

static void remove_owner(memory_map *map, uint64_t id)
{
    owner **at = find_owner(map, id);
    if (*at == NULL)
        return;
    owner *gone = *at;
    *at = gone->next;
    creg_memory_free(gone);
}

/* One who is found past the deadline is gone from then on, whatever the clock does later. */
static owner *live_owner(memory_map *map, uint64_t id)
{
    owner *found = id == 0 ? NULL : *find_owner(map, id);
    if (found == NULL || creg_clock_ms() < found->deadline_ms)
        return found;
    remove_owner(map, id);
    return NULL;
}

/* The handle is a number of its own: it must stay valid when the owner is found dead. */
typedef struct memory_liveness {
    uint64_t id;
} memory_liveness;

static creg_status memory_liveness_open(creg_driver_state *state, creg_slice name,
                                        uint32_t *ttl_ms, void **ret_handle, creg_error *err)
{
    (void)name;
    memory_map *map = state->map;
    memory_liveness *handle = creg_memory_alloc(sizeof *handle);
    owner *fresh = creg_memory_alloc(sizeof *fresh);
    if (handle == NULL || fresh == NULL) {
        creg_memory_free(handle);
        creg_memory_free(fresh);
        return creg_fail(err, CREG_NO_MEMORY, "out of memory");
    }
    pthread_mutex_lock(&map->lock);
    *fresh = (owner){.id = ++map->owner_last,
                     .ttl_ms = *ttl_ms,
                     .deadline_ms = creg_clock_ms() + *ttl_ms,
                     .next = map->owners};
    map->owners = fresh;
    handle->id = fresh->id;
    pthread_mutex_unlock(&map->lock);
    *ret_handle = handle;
    return CREG_OK;
}

static creg_status memory_liveness_renew(creg_driver_state *state, void *handle,
                                         creg_error *err)
{
    memory_map *map = state->map;
    pthread_mutex_lock(&map->lock);
    owner *found = live_owner(map, ((memory_liveness *)handle)->id);
    if (found != NULL)
        found->deadline_ms = creg_clock_ms() + found->ttl_ms;
    pthread_mutex_unlock(&map->lock);
    return found != NULL ? CREG_OK : creg_fail(err, CREG_CONFLICT, "the liveness is lost");
}

static void memory_liveness_release(creg_driver_state *state, void *handle)
{
    memory_map *map = state->map;
    pthread_mutex_lock(&map->lock);
    remove_owner(map, ((memory_liveness *)handle)->id);
    pthread_mutex_unlock(&map->lock);
    creg_memory_free(handle);
}

static creg_status memory_liveness_check(creg_driver_state *state, creg_slice key,
                                         bool *ret_alive, creg_error *err)
{
    (void)err;
    memory_map *map = state->map;
    pthread_mutex_lock(&map->lock);
    node *found = find_exact(map, key);
    *ret_alive = found != NULL && live_owner(map, found->owner) != NULL;
    pthread_mutex_unlock(&map->lock);
    return CREG_OK;
}

/* ---- reading ---------------------------------------------------------------------------- */

static creg_version version_of(const node *found)
{
    return (creg_version){.present = found != NULL,
                          .major = found != NULL ? found->revision : 0};
}

static creg_status memory_get(creg_driver_state *state, creg_slice key, creg_arena *arena,
                              creg_slice *ret_value, creg_version *ret_version, creg_error *err)
{
    memory_map *map = state->map;
    creg_slice value = {NULL, 0};
    pthread_mutex_lock(&map->lock);
    const node *found = find_exact(map, key);
    creg_version version = version_of(found);
    if (found != NULL)
        value = creg_arena_copy(arena, found->value);
    pthread_mutex_unlock(&map->lock);

    if (!version.present)
        return CREG_NOT_FOUND;
    if (value.data == NULL)
        return creg_fail_arena(err, arena);
    *ret_value = value;
    *ret_version = version;
    return CREG_OK;
}

static creg_status read_list(const memory_map *map, creg_read *read, creg_arena *arena,
                             creg_error *err)
{
    creg_pairs_builder builder;
    creg_pairs_begin(&builder, read, arena);
    creg_slice start = creg_pairs_start(read, arena);
    if (start.data == NULL)
        return creg_fail_arena(err, arena);
    creg_pairs_next next = CREG_PAIRS_NEXT;
    for (node *at = find(map, start, NULL);
         at != NULL && creg_slice_has_prefix(at->key, read->key);) {
        next = creg_pairs_add(&builder, at->key, at->value, version_of(at));
        if (next == CREG_PAIRS_FULL || next == CREG_PAIRS_FAILED)
            break;
        at = at->next[0];
        if (next == CREG_PAIRS_SKIP) {
            creg_slice behind = creg_pairs_behind(builder.cut, arena);
            if (behind.data == NULL)
                return creg_fail_arena(err, arena);
            at = find(map, behind, NULL);
        }
    }
    return creg_pairs_finish(&builder, read, err);
}

static creg_status read_key(const memory_map *map, creg_read *read, creg_arena *arena,
                            creg_error *err)
{
    creg_pairs_builder builder;
    creg_pairs_begin(&builder, read, arena);
    const node *found = find_exact(map, read->key);
    if (found != NULL)
        creg_pairs_add_key(&builder, found->key, found->value, version_of(found));
    return creg_pairs_finish(&builder, read, err);
}

static creg_status memory_read(creg_driver_state *state, creg_read *reads, size_t count,
                               creg_arena *arena, uint64_t *ret_revision, creg_error *err)
{
    memory_map *map = state->map;
    creg_status status = CREG_OK;
    pthread_mutex_lock(&map->lock);
    for (size_t i = 0; i < count && status == CREG_OK; i++)
        status = reads[i].is_list ? read_list(map, &reads[i], arena, err)
                                  : read_key(map, &reads[i], arena, err);
    *ret_revision = map->revision;
    pthread_mutex_unlock(&map->lock);
    return status;
}

/* ---- transactions ----------------------------------------------------------------------- */

static bool check_holds(const memory_map *map, const creg_check *check)
{
    if (check->kind == CREG_CHECK_SUBTREE_EMPTY)
        return find_below(map, check->key) == NULL;
    const node *found = find_exact(map, check->key);
    switch (check->kind) {
    case CREG_CHECK_ABSENT:
        return found == NULL;
    case CREG_CHECK_PRESENT:
        return found != NULL;
    case CREG_CHECK_VERSION:
        return check->version.present == (found != NULL) &&
               (found == NULL ||
                (found->revision == check->version.major && check->version.minor == 0));
    case CREG_CHECK_SUBTREE_EMPTY:
        break;
    }
    return false;
}

static uint64_t fence_id(const creg_transaction *transaction)
{
    if (transaction->fence == NULL)
        return 0;
    return ((memory_liveness *)creg_liveness_handle(transaction->fence))->id;
}

static creg_status run_checks(memory_map *map, const creg_transaction *transaction,
                              size_t *ret_failed_check, creg_error *err)
{
    if (transaction->fence != NULL && live_owner(map, fence_id(transaction)) == NULL)
        return creg_fail(err, CREG_CONFLICT, "the liveness of this writer is lost");
    for (size_t i = 0; i < transaction->check_count; i++)
        if (!check_holds(map, &transaction->checks[i])) {
            *ret_failed_check = i;
            return creg_fail(err, CREG_CONFLICT, "key '%.*s' is not as expected",
                             CREG_SHOW(transaction->checks[i].key));
        }
    return CREG_OK;
}

/* Every node that will be put, made before anything changes: from here on nothing can fail. */
static creg_status make_nodes(memory_map *map, const creg_transaction *transaction,
                              node **nodes, creg_error *err)
{
    for (size_t i = 0; i < transaction->operation_count; i++) {
        const creg_operation *operation = &transaction->operations[i];
        if (operation->kind != CREG_OPERATION_PUT)
            continue;
        nodes[i] = node_new(map, operation->key, operation->value);
        if (nodes[i] == NULL) {
            while (i-- > 0)
                creg_memory_free(nodes[i]);
            return creg_fail(err, CREG_NO_MEMORY, "out of memory");
        }
        nodes[i]->revision = map->revision + 1;
        nodes[i]->owner = operation->bind_liveness ? fence_id(transaction) : 0;
    }
    return CREG_OK;
}

static void run_operations(memory_map *map, const creg_transaction *transaction, node **nodes)
{
    for (size_t i = 0; i < transaction->operation_count; i++)
        switch (transaction->operations[i].kind) {
        case CREG_OPERATION_PUT:
            map_put(map, nodes[i]);
            break;
        case CREG_OPERATION_DELETE:
            map_remove(map, transaction->operations[i].key);
            break;
        case CREG_OPERATION_DELETE_TREE:
            map_remove_tree(map, transaction->operations[i].key);
            break;
        }
    map->revision++;
    pthread_cond_broadcast(&map->changed);
}

static creg_status memory_apply(creg_driver_state *state, const creg_transaction *transaction,
                                size_t *ret_failed_check, creg_error *err)
{
    memory_map *map = state->map;
    size_t count = transaction->operation_count;
    node **nodes = creg_memory_calloc(count == 0 ? 1 : count, sizeof *nodes);
    if (nodes == NULL)
        return creg_fail(err, CREG_NO_MEMORY, "out of memory");
    pthread_mutex_lock(&map->lock);
    creg_status status = run_checks(map, transaction, ret_failed_check, err);
    if (status == CREG_OK)
        status = make_nodes(map, transaction, nodes, err);
    if (status == CREG_OK && count > 0)
        run_operations(map, transaction, nodes);
    pthread_mutex_unlock(&map->lock);
    creg_memory_free(nodes);
    return status;
}

/* ---- waiting ---------------------------------------------------------------------------- */

static creg_status memory_wait(creg_driver_state *state, creg_slice prefix, uint64_t revision,
                               uint32_t timeout_ms, uint64_t *ret_revision, creg_error *err)
{
    (void)prefix;
    memory_map *map = state->map;
    struct timespec deadline;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += (time_t)(timeout_ms / 1000);
    deadline.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (deadline.tv_nsec >= 1000000000) {
        deadline.tv_sec++;
        deadline.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&map->lock);
    int result = 0;
    while (map->revision == revision && result != ETIMEDOUT)
        result = pthread_cond_timedwait(&map->changed, &map->lock, &deadline);
    *ret_revision = map->revision;
    pthread_mutex_unlock(&map->lock);
    if (*ret_revision == revision)
        return creg_fail(err, CREG_TIMEOUT, "nothing changed in %u ms", timeout_ms);
    return CREG_OK;
}

static const char *const memory_schemes[] = {"memory", NULL};
static const char *const memory_parameters[] = {NULL};

const creg_store_driver creg_driver_memory = {
    .name = "memory",
    .schemes = memory_schemes,
    .private_size = sizeof(struct creg_driver_state),
    .capabilities = CREG_STORE_ATOMIC_BATCH | CREG_STORE_SNAPSHOT_READ,
    .limits = {.key_bytes = CREG_LIMIT_KEY, .value_bytes = CREG_LIMIT_VALUE},
    .has_file_path = true,
    .parameters = memory_parameters,

    .open = memory_open,
    .close = memory_close,
    .abandon = NULL, /* the map may be half-way through a change of the parent: leave it */
    .get = memory_get,
    .read = memory_read,
    .apply = memory_apply,
    .wait = memory_wait,
    .liveness_open = memory_liveness_open,
    .liveness_renew = memory_liveness_renew,
    .liveness_release = memory_liveness_release,
    .liveness_check = memory_liveness_check,
};
