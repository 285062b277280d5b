/* SPDX-License-Identifier: MIT */
/*
 * ZooKeeper by its own C client alone: creates and deletes in multis, reads pipelined.
 */
#define THREADED /* the client's synchronous calls */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zookeeper/zookeeper.h>

#include "bare.h"

enum {
    MULTI_BYTES = 800 * 1000,
    MULTI_OPERATIONS = 4000,
    PATH_BYTES = 1024,
    /* Under way at once. With all of a large tree the server hears no ping: the session ends. */
    MULTIS_MOST = 8
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static size_t pending;
static size_t awaited; /* the waiter sleeps until no more than these are pending */
static zhandle_t *session;

static void begin(void)
{
    pthread_mutex_lock(&lock);
    pending++;
    pthread_mutex_unlock(&lock);
}

static void end(int code)
{
    if (code != ZOK && code != ZNODEEXISTS)
        bench_fail("zookeeper", zerror(code));
    pthread_mutex_lock(&lock);
    if (--pending <= awaited)
        pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

static void wait_for(size_t most)
{
    pthread_mutex_lock(&lock);
    awaited = most;
    while (pending > most)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static void wait_all(void)
{
    wait_for(0);
}

static void ignore(zhandle_t *handle, int type, int state, const char *path, void *context)
{
    (void)handle;
    (void)type;
    (void)state;
    (void)path;
    (void)context;
}

static void *open_client(const char *hosts)
{
    zoo_set_debug_level(0);
    session = zookeeper_init(hosts, ignore, 10000, NULL, NULL, 0);
    for (int i = 0; i < 5000 && zoo_state(session) != ZOO_CONNECTED_STATE; i++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return session;
}

static void close_client(void *client)
{
    (void)client;
    zookeeper_close(session);
}

/* ---- writing ---------------------------------------------------------------------------- */

/* Every znode of the tree, parents first. `is_directory` has no value. */
typedef struct znode {
    char *path;
    creg_slice value;
    bool is_directory;
} znode;

static void add(znode **nodes, size_t *count, const char *path, size_t size, creg_slice value,
                bool is_directory)
{
    if ((*count & (*count + 1)) == 0) /* 0, 1, 3, 7: full */
        *nodes = realloc(*nodes, (*count * 2 + 2) * sizeof **nodes);
    char *kept = malloc(size + 1);
    memcpy(kept, path, size);
    kept[size] = '\0';
    (*nodes)[(*count)++] = (znode){kept, value, is_directory};
}

/* Sorted pairs share their ancestors with the one before. */
static znode *znodes_of(const creg_pairs *pairs, size_t *ret_count)
{
    znode *nodes = NULL;
    char before[PATH_BYTES] = "";
    *ret_count = 0;
    for (size_t i = 0; i < pairs->size; i++) {
        char path[PATH_BYTES];
        snprintf(path, sizeof path, "/bare/%.*s", (int)pairs->items[i].key.size,
                 pairs->items[i].key.data);
        size_t size = strlen(path);
        for (size_t at = 1; at < size; at++) {
            bool is_new =
                path[at] == '/' && (strncmp(path, before, at) != 0 || before[at] != '/');
            if (is_new)
                add(&nodes, ret_count, path, at, (creg_slice){NULL, 0}, true);
        }
        add(&nodes, ret_count, path, size, pairs->items[i].value, false);
        memcpy(before, path, size + 1);
    }
    return nodes;
}

static void free_znodes(znode *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(nodes[i].path);
    free(nodes);
}

static void take_multi(int code, const void *context)
{
    (void)context;
    end(code);
}

static void take_path(int code, const char *value, const void *context)
{
    (void)value;
    (void)context;
    end(code);
}

/* "/bare/instances/jlopez/hadoop/1.0" and above stay for all rounds. */
static size_t make_top(const znode *nodes, size_t count)
{
    size_t at = 0;
    for (; at < count && at < 5; at++) {
        begin();
        zoo_acreate(session, nodes[at].path, NULL, -1, &ZOO_OPEN_ACL_UNSAFE, 0, take_path,
                    NULL);
        wait_all();
    }
    return at;
}

/* As many multis as the limits ask for, MULTIS_MOST of them under way at once. */
static double send_multis(const zoo_op_t *steps, const size_t *bytes, size_t count)
{
    zoo_op_result_t *results = calloc(count, sizeof *results);
    double start = bench_now_ms();
    for (size_t at = 0; at < count;) {
        size_t size = 0;
        size_t sum = 0;
        while (at + size < count && size < MULTI_OPERATIONS &&
               sum + bytes[at + size] < MULTI_BYTES)
            sum += bytes[at + size++];
        wait_for(MULTIS_MOST - 1);
        begin();
        zoo_amulti(session, (int)size, steps + at, results + at, take_multi, NULL);
        at += size;
    }
    wait_all();
    double took = bench_now_ms() - start;
    free(results);
    return took;
}

static double create(void *client, const creg_pairs *pairs)
{
    (void)client;
    size_t count;
    znode *nodes = znodes_of(pairs, &count);
    size_t first = make_top(nodes, count);
    zoo_op_t *steps = calloc(count, sizeof *steps);
    size_t *bytes = calloc(count, sizeof *bytes);
    for (size_t i = first; i < count; i++) {
        const znode *node = &nodes[i];
        zoo_create_op_init(&steps[i - first], node->path,
                           node->is_directory      ? NULL
                           : node->value.size == 0 ? ""
                                                   : node->value.data,
                           node->is_directory ? -1 : (int)node->value.size,
                           &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0);
        bytes[i - first] = strlen(node->path) + node->value.size + 53;
    }
    double took = send_multis(steps, bytes, count - first);
    free(steps);
    free(bytes);
    free_znodes(nodes, count);
    return took;
}

static double remove_tree(void *client, const creg_pairs *pairs, creg_slice top)
{
    (void)client;
    (void)top;
    size_t count;
    znode *nodes = znodes_of(pairs, &count);
    zoo_op_t *steps = calloc(count, sizeof *steps);
    size_t *bytes = calloc(count, sizeof *bytes);
    size_t kept = count < 5 ? count : 5;
    for (size_t i = count; i-- > kept;) {
        zoo_delete_op_init(&steps[count - 1 - i], nodes[i].path, -1);
        bytes[count - 1 - i] = strlen(nodes[i].path) + 21;
    }
    double took = send_multis(steps, bytes, count - kept);
    free(steps);
    free(bytes);
    free_znodes(nodes, count);
    return took;
}

/* ---- reading ---------------------------------------------------------------------------- */

static void take_children(int code, const struct String_vector *names, const struct Stat *stat,
                          const void *context);

static void take_data(int code, const char *value, int size, const struct Stat *stat,
                      const void *context)
{
    (void)value;
    (void)size;
    char *path = (char *)(uintptr_t)context;
    if (code == ZOK && stat->numChildren > 0) {
        begin();
        zoo_aget_children2(session, path, 0, take_children, path);
    } else {
        free(path);
    }
    end(code);
}

static void ask(const char *path, size_t size, const char *name)
{
    char *child = malloc(size + strlen(name) + 2);
    sprintf(child, "%.*s%s%s", (int)size, path, name[0] == '\0' ? "" : "/", name);
    begin();
    zoo_aget(session, child, 0, take_data, child);
}

static void take_children(int code, const struct String_vector *names, const struct Stat *stat,
                          const void *context)
{
    (void)stat;
    char *path = (char *)(uintptr_t)context;
    for (int i = 0; code == ZOK && i < names->count; i++)
        ask(path, strlen(path), names->data[i]);
    free(path);
    end(code);
}

static double tree(void *client, creg_slice top)
{
    (void)client;
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "/bare/%.*s", (int)top.size, top.data);
    double start = bench_now_ms();
    ask(path, strlen(path), "");
    wait_all();
    return bench_now_ms() - start;
}

static double nodes(void *client, creg_slice top)
{
    (void)client;
    char path[PATH_BYTES];
    struct String_vector names;
    snprintf(path, sizeof path, "/bare/%.*s/nodes", (int)top.size, top.data);
    double start = bench_now_ms();
    if (zoo_get_children(session, path, 0, &names) != ZOK)
        bench_fail(path, "not there");
    double took = bench_now_ms() - start;
    deallocate_String_vector(&names);
    return took;
}

static double get(void *client, creg_slice key)
{
    (void)client;
    char path[PATH_BYTES], value[4096];
    int size = sizeof value;
    snprintf(path, sizeof path, "/bare/%.*s", (int)key.size, key.data);
    double start = bench_now_ms();
    begin(); /* a read that is not stale takes a sync; both are under way together */
    zoo_async(session, "/", take_path, NULL);
    if (zoo_get(session, path, 0, value, &size, NULL) != ZOK)
        bench_fail(path, "not there");
    wait_all();
    return bench_now_ms() - start;
}

static double set(void *client, creg_slice key, creg_slice value)
{
    (void)client;
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "/bare/%.*s", (int)key.size, key.data);
    double start = bench_now_ms();
    if (zoo_set(session, path, value.data, (int)value.size, -1) != ZOK)
        bench_fail(path, "not set");
    return bench_now_ms() - start;
}

const bare bare_zookeeper = {.scheme = "zookeeper",
                             .open = open_client,
                             .close = close_client,
                             .create = create,
                             .tree = tree,
                             .nodes = nodes,
                             .get = get,
                             .set = set,
                             .remove = remove_tree,
                             .one_by_one = NULL};
