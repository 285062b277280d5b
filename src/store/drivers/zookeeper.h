/* SPDX-License-Identifier: MIT */
/*
 * What the files of the ZooKeeper driver share.
 *
 * zookeeper.c is the driver, zookeeper_session.c the connection and its asynchronous calls,
 * zookeeper_bulk.c many reads as one request (over zookeeper_wire.c), zookeeper_walk.c and
 * zookeeper_cut.c read subtrees, zookeeper_facts.c and zookeeper_plan.c make a transaction into
 * a multi.
 *
 * A key "a/b" is the znode "/a/b". Every interior znode must exist, so a znode with NULL data
 * is a mere directory and no key; a znode with empty data is a key with an empty value. The
 * two arrive as length -1 and 0 and are never mixed up. A segment that begins with '~' cannot
 * come from a key of ours: it names the ephemeral child that ties a key to its writer.
 */
#ifndef CREG_STORE_DRIVERS_ZOOKEEPER_H
#define CREG_STORE_DRIVERS_ZOOKEEPER_H

#include <pthread.h>
#include <zookeeper/zookeeper.h>

#include "base/arena.h"
#include "base/fail.h"
#include "base/interrupt.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "confreg/sys/store_driver.h"
#include "store/drivers/zookeeper_wire.h"
#include "store/pairs.h"

enum {
    /* jute.maxbuffer is 0xfffff bytes for a whole packet; a larger one loses the connection. */
    CREG_ZOOKEEPER_PACKET_MAX = 1000000,
    CREG_ZOOKEEPER_IN_FLIGHT = 4000,
    /* So many reads at once are worth the connection for multi-reads; and when it is there. */
    CREG_ZOOKEEPER_BULK_FROM = 48,
    CREG_ZOOKEEPER_BULK_LEAST = 2,
    CREG_ZOOKEEPER_LIVE_NAME = 48,
    CREG_ZOOKEEPER_FLOORS = 32
};

/* The connection for multi-reads: begun when the first one is wanted. */
typedef struct creg_zookeeper_bulk {
    pthread_mutex_t lock; /* held while a multi-read is under way; guards all that follows */
    creg_wire wire;
    size_t at_once;         /* reads that one request should hold */
    uint32_t patience_ms;   /* how long the server may be silent */
    uint64_t away_until_ms; /* it failed: not again before */
    bool is_unknown;        /* the server is too old to know of multi-reads */
} creg_zookeeper_bulk;

struct creg_driver_state {
    creg_arena arena;
    creg_zookeeper_bulk bulk;
    const char *hosts;   /* "h1:2181,h2:2181" */
    const char *digest;  /* "user:password"; NULL: none */
    bool is_private;     /* new znodes are for their creator only */
    bool is_synced;      /* reads see every acknowledged write of anybody */
    uint32_t timeout_ms; /* deadline of one call */
    uint32_t session_ms; /* session timeout that is asked for */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    zhandle_t *handle;
    bool is_connected;
    uint64_t lost_ms; /* when the connection was lost, or the session was begun */
    bool is_expired;
    bool is_denied;  /* the server refused the credentials */
    uint64_t serial; /* names of liveness children */
    uint64_t events; /* watches that fired */
    size_t users;    /* calls that have the handle */
    size_t given_up; /* and those of them that only wait for its end */
    uint64_t ended;  /* sessions that ended that way */

    /* The newest change that a wait saw below a prefix, by the prefix's hash: a list that is
     * cut at a depth does not see everything that its revision stands for. */
    struct {
        uint64_t prefix, revision;
    } floors[CREG_ZOOKEEPER_FLOORS];
};

/* ---- session ---------------------------------------------------------------------------- */

creg_status creg_zookeeper_connect(creg_driver_state *state, creg_error *err);
void creg_zookeeper_disconnect(creg_driver_state *state);

/**
 * The handle of a live session, waiting for one up to the deadline. Every CREG_OK needs a
 * creg_zookeeper_release() when the handle is not used any more. CREG_UNAVAILABLE.
 */
creg_status creg_zookeeper_handle(creg_driver_state *state, uint64_t deadline_ms,
                                  zhandle_t **ret_handle, creg_error *err);

void creg_zookeeper_release(creg_driver_state *state);

/** Has the session ended, as far as we can know? The caller holds the lock. */
bool creg_zookeeper_is_lost(const creg_driver_state *state);

/**
 * A number of asynchronous calls that are waited for together. Completions run in the
 * client's own thread and do nothing but fill their slot and count down.
 */
typedef struct creg_zookeeper_batch {
    creg_driver_state *state;
    bool is_given_up; /* interrupted, and counted in the state: nothing more is asked */
    uint64_t ended;   /* sessions that had ended before that */
    bool is_bulk; /* multi-reads were used: what follows must not be older, so it uses them */
    pthread_mutex_t lock;
    pthread_cond_t done;
    size_t pending;
    size_t awaited;    /* the waiter wants to hear of no more than so many pending */
    int failed;        /* the first error that is no answer: connection or session lost */
    creg_arena *arena; /* results are copied here, under the lock */
    bool is_out_of_memory;
} creg_zookeeper_batch;

void creg_zookeeper_batch_init(creg_zookeeper_batch *batch, creg_driver_state *state,
                               creg_arena *arena);
void creg_zookeeper_batch_clear(creg_zookeeper_batch *batch);
/** One more is under way; false when the batch was given up, and with it the handle. */
bool creg_zookeeper_batch_start(creg_zookeeper_batch *batch);
/** Take back a start whose call was not taken by the client. */
void creg_zookeeper_batch_failed(creg_zookeeper_batch *batch, int code);
/**
 * Wait until at most `most` calls are under way. A caller that is interrupted meanwhile ends the
 * session once all who use it have given up: only then does the client let go of what is ours.
 */
void creg_zookeeper_batch_wait(creg_zookeeper_batch *batch, size_t most);
/** Between calls that are started: wait when very many are under way, until a good part is done. */
void creg_zookeeper_batch_ease(creg_zookeeper_batch *batch);

/** One znode as asked for: fill `path`, `wants_*`, then ask; the rest is the answer. */
typedef struct creg_zookeeper_node {
    creg_zookeeper_batch *batch;
    const char *path; /* NUL-terminated */
    size_t root;      /* of a walk: which of its roots this is, or is below of */
    uint32_t level;   /* below that root */
    int data_code;    /* ZOK, ZNONODE, ... of the data */
    int children_code;
    bool has_data; /* not NULL: it is a key */
    creg_slice data;
    struct Stat stat;
    const char **children; /* NUL-terminated names, without those of liveness */
    size_t child_count;
    const char **live; /* names of its liveness children */
    size_t live_count;
} creg_zookeeper_node;

/** Ask for data (or, with `only_stat`, just the Stat) of a znode; `watcher` may be NULL. */
void creg_zookeeper_ask_data(zhandle_t *handle, creg_zookeeper_node *node, bool only_stat,
                             watcher_fn watcher, void *watcher_context);
void creg_zookeeper_ask_children(zhandle_t *handle, creg_zookeeper_node *node,
                                 watcher_fn watcher, void *watcher_context);
/** Room for the names of `count` children; with the batch's lock held, as the next. */
bool creg_zookeeper_begin_children(creg_zookeeper_node *node, size_t count);
/** False: it cannot be the name of a child. */
bool creg_zookeeper_add_child(creg_zookeeper_node *node, creg_slice name);
/** Does the Stat belong to data of this size (-1: none)? What was cut short is told by that. */
bool creg_zookeeper_is_sound(const creg_zookeeper_node *node, int size,
                             const struct Stat *stat);
/** Let the server catch up with its leader before the calls that follow. */
void creg_zookeeper_ask_sync(zhandle_t *handle, creg_zookeeper_batch *batch);

typedef enum creg_zookeeper_question {
    CREG_ZOOKEEPER_DATA,
    CREG_ZOOKEEPER_STAT,
    CREG_ZOOKEEPER_CHILDREN,
    CREG_ZOOKEEPER_BOTH /* data and children; by multi-reads only */
} creg_zookeeper_question;

/**
 * Ask the same of many znodes, and wait for the answers: as multi-reads when they are many,
 * else one by one. With a watcher always one by one, because only such reads can set watches.
 * Of children asked in bulk the Stat is not told. CREG_UNAVAILABLE: connection lost.
 */
creg_status creg_zookeeper_ask_all(zhandle_t *handle, creg_zookeeper_batch *batch,
                                   creg_zookeeper_node *const *nodes, size_t count,
                                   creg_zookeeper_question question, watcher_fn watcher,
                                   void *watcher_context, creg_error *err);

/* ---- multi-reads ------------------------------------------------------------------------ */

void creg_zookeeper_bulk_init(creg_zookeeper_bulk *bulk);
void creg_zookeeper_bulk_clear(creg_zookeeper_bulk *bulk);
/** In a child of fork(): the connection is the parent's. */
void creg_zookeeper_bulk_abandon(creg_zookeeper_bulk *bulk);

/** Is it worth a multi-read to ask so many? */
bool creg_zookeeper_bulk_is_worth(creg_driver_state *state, size_t count);

/**
 * Ask the same of all nodes by multi-reads. False: not done, though some nodes may have been
 * filled in; ask them in the ordinary way. Nothing of their batch may be under way that uses
 * its arena.
 */
bool creg_zookeeper_bulk_read(creg_driver_state *state, zhandle_t *handle,
                              creg_zookeeper_node *const *nodes, size_t count,
                              creg_zookeeper_question question);

/** The status of an answer that is neither ZOK nor expected; `is_write` makes loss ambiguous. */
creg_status creg_zookeeper_fail(int code, bool is_write, const char *path, creg_error *err);

/** "/" and the key, NUL-terminated, in the arena; NULL when it has no more room. */
const char *creg_zookeeper_path(creg_slice key, creg_arena *arena);

/* ---- walking ---------------------------------------------------------------------------- */

typedef struct creg_zookeeper_walk {
    creg_zookeeper_node **nodes; /* every znode from the root of the walk down, parents first */
    size_t size;
    size_t capacity;
    uint64_t newest; /* greatest zxid of any change seen */
} creg_zookeeper_walk;

/** Was the znode answered, or is it absent? Else the failure: denied, for one. */
creg_status creg_zookeeper_check_node(const creg_zookeeper_node *node, creg_error *err);

/** What one walk starts from. */
typedef struct creg_zookeeper_root {
    const char *path;
    bool is_tree;   /* everything below it, too */
    uint32_t depth; /* of a tree: only so many levels; 0: all */
} creg_zookeeper_root;

/**
 * All roots with their data, and what lies below those that are trees, appended to the walk,
 * the roots first; node.root is the index of the root. All go down together, level by level.
 * `watcher` (may be NULL) is set on every znode. An absent root has no nodes below it. Of each
 * subtree that lies deeper than `depth` one key, if it has any.
 * CREG_CONFLICT: a znode went while it was read; start again.
 */
creg_status creg_zookeeper_walk_trees(zhandle_t *handle, const creg_zookeeper_root *roots,
                                      size_t count, watcher_fn watcher, void *watcher_context,
                                      creg_zookeeper_batch *batch, creg_zookeeper_walk *walk,
                                      creg_error *err);

/* Steps of a walk, for zookeeper_cut.c. Nothing may be under way when a node is added. */
bool creg_zookeeper_add_node(creg_zookeeper_walk *walk, creg_zookeeper_batch *batch,
                             const char *path, size_t root);
/** The path of a child, in the arena; NULL when it has no more room. */
const char *creg_zookeeper_join(const char *parent, const char *name, creg_arena *arena);
/** Wait for the batch; CREG_UNAVAILABLE when the connection went, or no memory. */
creg_status creg_zookeeper_batch_finish(creg_zookeeper_batch *batch, const char *path,
                                        creg_error *err);

/**
 * Add one key from below each of these nodes, which have children, or all that was looked at
 * when there is none. Their data was read already, their children were not.
 */
creg_status creg_zookeeper_find_keys(zhandle_t *handle, creg_zookeeper_node *const *tops,
                                     size_t count, creg_zookeeper_batch *batch,
                                     creg_zookeeper_walk *walk, creg_error *err);

creg_status creg_zookeeper_read(creg_driver_state *state, creg_read *reads, size_t count,
                                creg_arena *arena, uint64_t *ret_revision, creg_error *err);
creg_status creg_zookeeper_wait(creg_driver_state *state, creg_slice prefix, uint64_t revision,
                                uint32_t timeout_ms, uint64_t *ret_revision, creg_error *err);

/* ---- writing ---------------------------------------------------------------------------- */

typedef struct creg_zookeeper_liveness {
    char name[CREG_ZOOKEEPER_LIVE_NAME]; /* of the ephemeral child: "~live.5f3a..." */
    char path[CREG_LIMIT_KEY + CREG_ZOOKEEPER_LIVE_NAME + 4]; /* whole; "" before any bond */

    /* Directories that exist, as far as this writer knows, by the hashes of their paths: what
     * he wrote under the fence he need not ask for. A guess, which the multi verifies. */
    pthread_mutex_t lock; /* from planning a transaction on until it is sent */
    uint64_t *known;      /* open addressing; 0: free */
    size_t known_count;
    size_t known_slots;
} creg_zookeeper_liveness;

creg_status creg_zookeeper_apply(creg_driver_state *state, const creg_transaction *transaction,
                                 size_t *ret_failed_check, creg_error *err);

#endif
