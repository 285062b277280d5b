/* SPDX-License-Identifier: MIT */
/*
 * Many reads as one request: the server's "multi-read" (3.6 and later).
 *
 * One read costs a ZooKeeper server a tenth of a millisecond, most of it in handing the request
 * from thread to thread; a thousand of them in one request cost a few. The packaged client
 * library cannot send one, so this file does, on a connection of its own to the same server.
 *
 * It is only ever a faster way. Whatever is the matter (an old server, a connection that is
 * refused or breaks) it says "not done", stays away for a while, and the caller asks one by one.
 * Each call lets the server catch up with its leader first, so that what is read through here
 * is never older than what was read before.
 */
#include "store/drivers/zookeeper.h"

#include <unistd.h>

#include "base/clock.h"

enum {
    AT_ONCE_LEAST = 64, /* reads in one request; how many more is learnt from the answers */
    AT_ONCE_MOST = 2000,
    ANSWER_SMALL = 256 * 1024, /* bytes: the next request may ask for more */
    ANSWER_LARGE = 2 * 1024 * 1024,
    REQUEST_MOST = 400 * 1000, /* bytes, well below jute.maxbuffer */
    UNDER_WAY = 2,
    STAY_AWAY_MS = 5000,
    TYPE_GET_DATA = 4,
    TYPE_GET_CHILDREN = 8,
    TYPE_SYNC = 9,
    TYPE_MULTI_READ = 22,
    TYPE_ERROR = -1
};

/* ---- the connection --------------------------------------------------------------------- */

void creg_zookeeper_bulk_init(creg_zookeeper_bulk *bulk)
{
    pthread_mutex_init(&bulk->lock, NULL);
    bulk->wire.socket = -1;
}

void creg_zookeeper_bulk_clear(creg_zookeeper_bulk *bulk)
{
    creg_wire_close(&bulk->wire);
    pthread_mutex_destroy(&bulk->lock);
}

void creg_zookeeper_bulk_abandon(creg_zookeeper_bulk *bulk)
{
    if (bulk->wire.socket >= 0)
        close(bulk->wire.socket); /* the session is the parent's: say nothing */
    creg_memory_free(bulk->wire.out.bytes);
    creg_memory_free(bulk->wire.packet);
}

/* Half of a call's time, for each step anew: the ordinary way takes the other half. */
static uint64_t patience(const creg_zookeeper_bulk *bulk)
{
    return creg_clock_ms() + bulk->patience_ms;
}

/* A session that was silent for long may be gone, and the client may have changed servers. */
static bool is_good(const creg_wire *wire, const struct sockaddr_storage *server)
{
    return wire->socket >= 0 && memcmp(&wire->server, server, sizeof *server) == 0 &&
           creg_clock_ms() - wire->used_ms < wire->session_ms / 2;
}

/* The caller holds the lock of the connection. */
static bool connect_bulk(creg_driver_state *state, zhandle_t *handle)
{
    creg_zookeeper_bulk *bulk = &state->bulk;
    struct sockaddr_storage server;
    socklen_t size = sizeof server;
    memset(&server, 0, sizeof server);
    if (zookeeper_get_connected_host(handle, (struct sockaddr *)&server, &size) == NULL)
        return false;
    if (is_good(&bulk->wire, &server))
        return true;
    creg_wire_close(&bulk->wire);
    bulk->at_once = AT_ONCE_LEAST;
    return creg_wire_open(&bulk->wire, (struct sockaddr *)&server, size, state->session_ms,
                          state->digest, patience(bulk));
}

/* ---- requests --------------------------------------------------------------------------- */

static void put_sync(creg_wire *wire)
{
    size_t begin = creg_wire_begin(&wire->out);
    creg_wire_put_int(&wire->out, ++wire->xid);
    creg_wire_put_int(&wire->out, TYPE_SYNC);
    creg_wire_put_bytes(&wire->out, "/", 1);
    creg_wire_end(&wire->out, begin);
}

static void put_step(creg_wire_out *out, int32_t type, bool is_end)
{
    creg_wire_put_int(out, type);
    creg_wire_put_byte(out, is_end);
    creg_wire_put_int(out, -1);
}

static void put_read(creg_wire_out *out, int32_t type, const char *path)
{
    put_step(out, type, false);
    creg_wire_put_bytes(out, path, strlen(path));
    creg_wire_put_byte(out, false); /* no watch */
}

/* One request for as many of the nodes as it may hold; how many they are. */
static size_t put_reads(creg_zookeeper_bulk *bulk, creg_zookeeper_node *const *nodes,
                        size_t count, creg_zookeeper_question question)
{
    creg_wire_out *out = &bulk->wire.out;
    size_t begin = creg_wire_begin(out);
    creg_wire_put_int(out, ++bulk->wire.xid);
    creg_wire_put_int(out, TYPE_MULTI_READ);
    size_t size = 0;
    for (; size < count && size < bulk->at_once && out->size - begin < REQUEST_MOST; size++) {
        if (question != CREG_ZOOKEEPER_CHILDREN)
            put_read(out, TYPE_GET_DATA, nodes[size]->path);
        if (question == CREG_ZOOKEEPER_CHILDREN || question == CREG_ZOOKEEPER_BOTH)
            put_read(out, TYPE_GET_CHILDREN, nodes[size]->path);
    }
    put_step(out, -1, true);
    creg_wire_end(out, begin);
    return size;
}

/* ---- answers ---------------------------------------------------------------------------- */

static void take_stat(creg_wire_in *in, struct Stat *stat)
{
    stat->czxid = creg_wire_get_long(in);
    stat->mzxid = creg_wire_get_long(in);
    stat->ctime = creg_wire_get_long(in);
    stat->mtime = creg_wire_get_long(in);
    stat->version = creg_wire_get_int(in);
    stat->cversion = creg_wire_get_int(in);
    stat->aversion = creg_wire_get_int(in);
    stat->ephemeralOwner = creg_wire_get_long(in);
    stat->dataLength = creg_wire_get_int(in);
    stat->numChildren = creg_wire_get_int(in);
    stat->pzxid = creg_wire_get_long(in);
}

static void take_data(creg_wire_in *in, creg_zookeeper_node *node, bool is_stat)
{
    const char *bytes;
    int32_t size = creg_wire_get_bytes(in, &bytes);
    node->data_code = ZOK;
    node->has_data = size >= 0;
    node->data = creg_slice_make("", 0);
    if (size > 0 && !is_stat) {
        node->data = creg_arena_copy(node->batch->arena, creg_slice_make(bytes, (size_t)size));
        if (node->data.data == NULL)
            node->batch->is_out_of_memory = true;
    }
    take_stat(in, &node->stat);
    in->failed = in->failed || !creg_zookeeper_is_sound(node, size, &node->stat);
}

static void take_children(creg_wire_in *in, creg_zookeeper_node *node)
{
    int32_t count = creg_wire_get_int(in);
    /* Each name takes at least its length's four bytes: no more of them can be here. */
    if (count < 0 || (size_t)count > in->size / 4) {
        in->failed = true;
        return;
    }
    node->children_code = ZOK;
    bool has_room = creg_zookeeper_begin_children(node, (size_t)count);
    for (int32_t i = 0; i < count && has_room && !in->failed; i++) {
        const char *name;
        int32_t size = creg_wire_get_bytes(in, &name);
        if (size < 0 || !creg_zookeeper_add_child(node, creg_slice_make(name, (size_t)size)))
            in->failed = true;
    }
}

/* The answer to one read of a node: of its children or of its data. */
static void take_read(creg_wire_in *in, creg_zookeeper_node *node, bool is_children,
                      bool is_stat)
{
    int32_t type = creg_wire_get_int(in);
    (void)creg_wire_get_byte(in);
    (void)creg_wire_get_int(in);
    if (type == TYPE_ERROR) {
        int *code = is_children ? &node->children_code : &node->data_code;
        *code = creg_wire_get_int(in);
        in->failed = in->failed || *code == ZOK;
    } else if (type == TYPE_GET_CHILDREN && is_children) {
        take_children(in, node);
    } else if (type == TYPE_GET_DATA && !is_children) {
        take_data(in, node, is_stat);
    } else {
        in->failed = true;
    }
}

/* The header of an answer: is it to the request `xid`, and was that understood? */
static bool take_header(creg_zookeeper_bulk *bulk, creg_wire_in *in, int32_t xid)
{
    bool is_ours = creg_wire_get_int(in) == xid;
    (void)creg_wire_get_long(in);
    int32_t code = creg_wire_get_int(in);
    bulk->is_unknown = bulk->is_unknown || (is_ours && code == ZUNIMPLEMENTED);
    return is_ours && code == ZOK && !in->failed;
}

static bool take_reads(creg_zookeeper_bulk *bulk, int32_t xid,
                       creg_zookeeper_node *const *nodes, size_t count,
                       creg_zookeeper_question question)
{
    creg_wire_in in;
    if (!creg_wire_receive(&bulk->wire, patience(bulk), &in) || !take_header(bulk, &in, xid))
        return false;
    if (in.size > ANSWER_LARGE && bulk->at_once > AT_ONCE_LEAST)
        bulk->at_once /= 2;
    else if (in.size < ANSWER_SMALL && bulk->at_once < AT_ONCE_MOST)
        bulk->at_once *= 2;
    for (size_t i = 0; i < count && !in.failed; i++) {
        if (question != CREG_ZOOKEEPER_CHILDREN)
            take_read(&in, nodes[i], false, question == CREG_ZOOKEEPER_STAT);
        if (question == CREG_ZOOKEEPER_CHILDREN || question == CREG_ZOOKEEPER_BOTH)
            take_read(&in, nodes[i], true, false);
    }
    return !in.failed;
}

/* ---- all together ----------------------------------------------------------------------- */

/* A request that was sent and not answered yet. */
typedef struct under_way {
    int32_t xid;
    size_t at, count;
} under_way;

/* Two requests at a time: the server works on one while we take the other's answer apart. */
static bool exchange(creg_zookeeper_bulk *bulk, creg_zookeeper_node *const *nodes, size_t count,
                     creg_zookeeper_question question)
{
    under_way row[UNDER_WAY];
    size_t sent = 0;
    size_t first = 0;
    size_t last = 0;
    put_sync(&bulk->wire);
    int32_t sync = bulk->wire.xid;
    while (sent < count || first < last) {
        while (sent < count && last - first < UNDER_WAY) {
            size_t size = put_reads(bulk, nodes + sent, count - sent, question);
            row[last++ % UNDER_WAY] = (under_way){bulk->wire.xid, sent, size};
            sent += size;
            if (!creg_wire_send(&bulk->wire, patience(bulk)))
                return false;
        }
        creg_wire_in in;
        if (sync != 0 && (!creg_wire_receive(&bulk->wire, patience(bulk), &in) ||
                          !take_header(bulk, &in, sync)))
            return false;
        sync = 0;
        const under_way *oldest = &row[first++ % UNDER_WAY];
        if (!take_reads(bulk, oldest->xid, nodes + oldest->at, oldest->count, question))
            return false;
    }
    return true;
}

bool creg_zookeeper_bulk_is_worth(creg_driver_state *state, size_t count)
{
    if (count < CREG_ZOOKEEPER_BULK_LEAST || count >= CREG_ZOOKEEPER_BULK_FROM)
        return count >= CREG_ZOOKEEPER_BULK_FROM;
    /* Somebody else is just using it: few reads are faster beside that than after it. */
    if (pthread_mutex_trylock(&state->bulk.lock) != 0)
        return false;
    bool is_there = state->bulk.wire.socket >= 0;
    pthread_mutex_unlock(&state->bulk.lock);
    return is_there;
}

bool creg_zookeeper_bulk_read(creg_driver_state *state, zhandle_t *handle,
                              creg_zookeeper_node *const *nodes, size_t count,
                              creg_zookeeper_question question)
{
    creg_zookeeper_bulk *bulk = &state->bulk;
    pthread_mutex_lock(&bulk->lock);
    bulk->patience_ms = state->timeout_ms / 2;
    bool is_done = !bulk->is_unknown && creg_clock_ms() >= bulk->away_until_ms &&
                   connect_bulk(state, handle) && exchange(bulk, nodes, count, question);
    if (!is_done && creg_clock_ms() >= bulk->away_until_ms) {
        creg_wire_close(&bulk->wire);
        bulk->away_until_ms = creg_clock_ms() + STAY_AWAY_MS;
    }
    pthread_mutex_unlock(&bulk->lock);
    return is_done;
}
