/* SPDX-License-Identifier: MIT */
/**
 * @file store.h
 * One key/value store, whichever it is: LMDB in a file, memory, Consul, etcd, ZooKeeper.
 *
 * Keys are segments joined by '/', values are bytes; an empty value and no key are two
 * different things. Names reach a key through creg_key_encode(), which makes any text a
 * segment that every store accepts. A prefix always means whole segments: the prefix "a/1"
 * covers "a/1" below ("a/1/..."), never "a/10". The root in the URL is put before every key
 * and taken off every result, so nobody above ever sees it.
 *
 * Threads: a creg_store may be shared by any number of threads. After fork() the child gets
 * CREG_FORKED and opens its own. A store is closed by one thread when nobody uses it.
 */
#ifndef CONFREG_STORE_H
#define CONFREG_STORE_H

#include "confreg/base.h"
#include "confreg/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct creg_store creg_store;

/** What a store can do (bits of creg_store_capabilities). */
enum {
    CREG_STORE_ATOMIC_BATCH = 1, /**< a transaction of any size is atomic (no chunked commit) */
    CREG_STORE_SNAPSHOT_READ = 2, /**< several reads see one moment */
    CREG_STORE_NEEDS_FENCE = 4, /**< writers can die half-way: chunked commits need liveness */
    CREG_STORE_MULTI_PROCESS = 8,            /**< other processes may change it */
    CREG_STORE_SAME_VALUE_IS_NO_CHANGE = 16, /**< writing the value that is there already keeps
                                                 the version and wakes nobody (Consul) */
    CREG_STORE_SMALL_TRANSACTIONS = 32, /**< some dozens of operations (Consul) or of conditions
                                             (etcd), so that even a change of one node may need
                                             several */
    CREG_STORE_DELETES_KEY_BY_KEY = 64  /**< a DELETE_TREE counts as many operations as it has
                                             keys, which are all read first (ZooKeeper) */
};

/**
 * Which state of a key a reader saw. Compare only versions of one key in one store.
 *
 * `present` false means "the key was absent", which is not the same as any number.
 */
typedef struct creg_version {
    bool present;
    uint64_t major; /**< revision, ModifyIndex, czxid, ... */
    uint64_t minor; /**< ZooKeeper's data version; 0 elsewhere */
} creg_version;

/** One key and its value, in the arena of the call that made it. */
typedef struct creg_pair {
    creg_slice key;
    creg_slice value; /**< empty when only keys were asked for */
    creg_version version;
} creg_pair;

typedef struct creg_pairs {
    creg_pair *items;
    size_t size;
} creg_pairs;

/** Options of creg_store_open; {0} gives the defaults. */
typedef struct creg_store_options {
    uint32_t timeout_ms; /**< deadline of one call; 0: that of the URL, else 5,000 */
    uint64_t map_size;   /**< LMDB: first size of the map; 0: the default. It grows by itself */
    bool read_only;      /**< refuse every change */
    bool no_create;      /**< CREG_NOT_FOUND instead of making a new LMDB file */
    bool force_network_filesystem; /**< LMDB: allow NFS and its like, at your own risk */
} creg_store_options;

/**
 * Open a store by URL. NULL or "" means "lmdb:" in the user's data folder
 * ($XDG_DATA_HOME/confreg, else ~/.local/share/confreg).
 *
 *     lmdb:/path/to/folder   memory:   consul://host:8500/root?dc=   etcd://h1,h2/root
 *     zookeeper://h1,h2/chroot        trace+URL prints every store call on stderr
 *
 * The root is the path of a server's URL, and `?root=a/b` where the path is a file. The
 * environment CONFREG_TRACE=store traces every store. Common parameters of the query:
 * root, timeout_ms, read_only (1 or 0), layout, visibility; drivers have their own.
 *
 * CREG_USAGE        the URL is wrong, or its driver is not in this build
 * CREG_UNAVAILABLE  no server answered
 * CREG_DAMAGED      the file is not a store, or is cut short
 * CREG_PERMISSION   no right to open it
 *
 * `*ret_store` is owned: creg_store_close().
 */
CREG_API creg_status creg_store_open(const char *url, const creg_store_options *options,
                                     creg_store **ret_store, creg_error *err);

/** Close; NULL is fine. */
CREG_API void creg_store_close(creg_store *store);

/**
 * Read one key.
 *
 * On CREG_OK `ret_value` (and `ret_version`, when not NULL) are set, the value in the arena.
 *
 * CREG_NOT_FOUND  the key does not exist (an empty value is CREG_OK with size 0)
 */
CREG_API creg_status creg_store_get(creg_store *store, creg_slice key, creg_arena *arena,
                                    creg_slice *ret_value, creg_version *ret_version,
                                    creg_error *err);

/** What to read: one key, or what lies below a prefix. */
typedef struct creg_read {
    bool is_list;
    creg_slice key; /**< the key; or the prefix, without a closing '/'; "" is everything */
    /* for lists */
    uint32_t depth;   /**< at most so many segments below the prefix; 0: all. A deeper key is
                             reported once, cut at that depth with a closing '/', no value and
                             no version */
    bool keys_only;   /**< values stay empty */
    creg_slice after; /**< start behind this key (exclusive); empty: from the start. The last
                             key of a page, cut ones with their '/', goes on behind it */
    size_t limit;     /**< at most so many pairs; 0: no limit */
    /* hints: they change what the answer costs, and are never wrong */
    bool names_only;  /**< with `keys_only`: versions may stay empty, too */
    bool is_unlikely; /**< this key will probably not be there */
    /* results, in the arena */
    creg_pairs ret_pairs; /**< one or none for a key; sorted by bytes for a list. The key at
                               the prefix itself is not below it and not in the list */
    bool ret_more;        /**< the limit cut the list short; continue after the last key */
} creg_read;

/**
 * Several reads of one moment: no change of anybody lies between them.
 *
 * A key that does not exist gives an empty `ret_pairs`, not an error.
 *
 * CREG_CONFLICT  the store could not give one moment after several tries (ZooKeeper)
 */
CREG_API creg_status creg_store_read(creg_store *store, creg_read *reads, size_t count,
                                     creg_arena *arena, uint64_t *ret_revision,
                                     creg_error *err);

/** creg_store_read of one list. */
CREG_API creg_status creg_store_list(creg_store *store, creg_slice prefix, creg_arena *arena,
                                     creg_pairs *ret_pairs, creg_error *err);

/** What must be true for a transaction to happen. */
typedef enum creg_check_kind {
    CREG_CHECK_ABSENT,       /**< the key does not exist */
    CREG_CHECK_PRESENT,      /**< it does */
    CREG_CHECK_VERSION,      /**< it is as it was read (absent included) */
    CREG_CHECK_SUBTREE_EMPTY /**< nothing lies below the key */
} creg_check_kind;

typedef struct creg_check {
    creg_check_kind kind;
    creg_slice key;
    creg_version version;
} creg_check;

typedef enum creg_operation_kind {
    CREG_OPERATION_PUT,
    CREG_OPERATION_DELETE,     /**< a missing key is fine */
    CREG_OPERATION_DELETE_TREE /**< everything below the key; not the key itself */
} creg_operation_kind;

typedef struct creg_operation {
    creg_operation_kind kind;
    creg_slice key;
    creg_slice value;
    bool bind_liveness; /**< PUT: the key shall be tied to `liveness` of the transaction */
} creg_operation;

typedef struct creg_liveness creg_liveness;

/**
 * A transaction: all checks hold and all operations happen, or nothing does.
 *
 * One operation a key at most (a DELETE and a DELETE_TREE of one key are two different keys:
 * itself, and what is below); a DELETE_TREE may not cover a key that is also put. The empty
 * key is refused but for SUBTREE_EMPTY, where it means the whole store below its root.
 * Everything is borrowed for the call.
 */
typedef struct creg_transaction {
    const creg_check *checks;
    size_t check_count;
    const creg_operation *operations;
    size_t operation_count;
    creg_liveness *fence; /**< may be NULL; else its owner must still be alive */
} creg_transaction;

/**
 * Apply a transaction. On CREG_OK it is durable and seen by every later read.
 *
 * CREG_CONFLICT         a check did not hold; `*ret_failed_check` (may be NULL) says which,
 *                       or SIZE_MAX for the fence or an unknown one. Nothing was done
 * CREG_LIMIT            too large for one transaction of this store: see creg_store_limits;
 *                       operations, checks and the fence all count. Nothing was done
 * CREG_USAGE            one key twice, a put below a DELETE_TREE, a fence of another store
 * CREG_INVALID_NAME     a key that not every store could hold
 * CREG_PERMISSION       the store was opened to read only
 * CREG_NO_SPACE         disk or quota full; nothing was done
 * CREG_UNKNOWN_OUTCOME  sent, but no answer: it may have happened, or still may
 */
CREG_API creg_status creg_store_apply(creg_store *store, const creg_transaction *transaction,
                                      size_t *ret_failed_check, creg_error *err);

/** creg_store_apply of one PUT without a check. */
CREG_API creg_status creg_store_put(creg_store *store, creg_slice key, creg_slice value,
                                    creg_error *err);

/**
 * Wait until something below the prefix has changed since `revision` (of an earlier read or
 * wait; 0 returns at once), or the time is over.
 *
 * A return is no proof of a change, and several changes may give one return: read again. A
 * `*ret_revision` of 0 says that the store has forgotten what happened since `revision` (etcd
 * was compacted): read again, and wait with 0.
 *
 * CREG_TIMEOUT  nothing changed in time (`*ret_revision` is set all the same)
 */
CREG_API creg_status creg_store_wait(creg_store *store, creg_slice prefix, uint64_t revision,
                                     uint32_t timeout_ms, uint64_t *ret_revision,
                                     creg_error *err);

/**
 * Liveness: something that the store itself takes away when this process is gone (a Consul
 * session, an etcd lease, a ZooKeeper session, a row with pid and start time in LMDB). A
 * transaction that names it as fence is refused from that moment on, for ever.
 *
 * Owned: creg_liveness_release() ends it and frees it (NULL is fine). `ttl_ms` is a wish;
 * creg_liveness_ttl() tells what was granted.
 */
CREG_API creg_status creg_liveness_open(creg_store *store, creg_slice name, uint32_t ttl_ms,
                                        creg_liveness **ret_liveness, creg_error *err);
CREG_API creg_status creg_liveness_renew(creg_liveness *liveness, creg_error *err);
CREG_API uint32_t creg_liveness_ttl(const creg_liveness *liveness);
CREG_API void creg_liveness_release(creg_liveness *liveness);

/**
 * Is the owner of the key that was put with bind_liveness still alive? False, too, for a key
 * that is absent or was put without it. What becomes of the key of a dead owner is the
 * store's affair: etcd and ZooKeeper take it away, the others keep it.
 */
CREG_API creg_status creg_liveness_check(creg_store *store, creg_slice key, bool *ret_alive,
                                         creg_error *err);

/** What a store can take, learned from the server where it tells. 0 means no limit. */
typedef struct creg_limits {
    size_t transaction_operations;
    size_t transaction_bytes;
    size_t key_bytes;
    size_t value_bytes;
    size_t operation_bytes; /**< what a request adds to key and value of each operation, and
                                 counts in transaction_bytes; 0: not known */
    unsigned writers;       /**< so many transactions at once are the fastest; 0: one */
} creg_limits;

/** Ask for the limits; a driver that must ask its server does so once. */
CREG_API creg_status creg_store_limits(creg_store *store, creg_limits *ret_limits,
                                       creg_error *err);

/** Facts about an open store, as name/value pairs in the arena ("driver", "path", "server"...). */
CREG_API creg_status creg_store_info(creg_store *store, creg_arena *arena,
                                     creg_pairs *ret_facts, creg_error *err);

/** CREG_STORE_... bits. Threads: any. */
CREG_API unsigned creg_store_capabilities(const creg_store *store);

/**
 * A parameter of the URL's query (`layout` of "?layout=products"), NULL when it was not given.
 * NUL-terminated, borrowed from the store, lives as long as it. Threads: any.
 */
CREG_API const char *creg_store_parameter(const creg_store *store, const char *name);

/** The driver's name: "lmdb". Static text. */
CREG_API const char *creg_store_driver_name(const creg_store *store);

/**
 * Is the store as sound as it can tell by itself? LMDB walks the whole file in a child
 * process, so that a damaged page cannot take the caller with it.
 *
 * CREG_DAMAGED  with what is wrong in the message
 */
CREG_API creg_status creg_store_check(creg_store *store, creg_error *err);

/* ---- measuring -------------------------------------------------------------------------- */

/** What became of one thing that was measured. */
typedef enum creg_measure_result {
    CREG_MEASURE_FACT,    /**< just so; nothing was promised */
    CREG_MEASURE_HOLDS,   /**< as promised by this header or by creg_store_limits */
    CREG_MEASURE_BROKEN,  /**< not as promised: `note` says what was seen */
    CREG_MEASURE_LEFT_OUT /**< not measured: `note` says why */
} creg_measure_result;

/** One row of the matrix; in the arena. */
typedef struct creg_measure {
    const char *group; /**< "server", "limits", "semantics" or "latency"; static */
    creg_slice name;   /**< "transaction_operations" */
    creg_slice value;  /**< as text: "64", "unlimited", "yes" */
    const char *unit;  /**< "operations", "bytes", "ms", "us" or ""; static */
    creg_measure_result result;
    creg_slice note; /**< one line, or empty */
} creg_measure;

typedef struct creg_measures {
    creg_measure *items;
    size_t size;
} creg_measures;

/** Options of creg_store_measure; {0} gives the defaults. */
typedef struct creg_measure_options {
    creg_store_options store;
    bool is_quick; /**< leave out what takes seconds: how liveness runs out */
    void (*progress)(void *user_data, size_t done, size_t total); /**< may be NULL */
    void *user_data;
    const volatile int *cancel; /**< when not NULL: non-zero stops */
} creg_measure_options;

/**
 * Try out what a live store takes and keeps: sizes, conditions, lists, waiting, liveness, times.
 *
 * It works with the calls of this header alone, on one or two handles of its own, below
 * "_confreg/check/" and a random name, and removes that at the end, also after a failure. A
 * process that is killed meanwhile leaves it. Takes a second or two, and on slow sessions as
 * long as these need to run out. `options` may be NULL.
 *
 * CREG_PERMISSION  the store is opened to read only, or its server refuses to write
 * CREG_CANCELLED   `cancel` was set
 * and what creg_store_open says. A promise that does not hold is a row, not a failure.
 */
CREG_API creg_status creg_store_measure(const char *url, const creg_measure_options *options,
                                        creg_arena *arena, creg_measures *ret_measures,
                                        creg_error *err);

/* ---- keys ------------------------------------------------------------------------------ */

/**
 * Any text as one segment of a key: bytes outside [A-Za-z0-9._-] become =HH, a lone "." is
 * =2E, every second dot of a run is =2E. Total: every non-empty text has one encoding, and
 * no two have the same. The empty text stays empty, which is no segment: see creg_name_check.
 * In the arena; data NULL when the arena has no more room. Threads: any.
 */
CREG_API creg_slice creg_key_encode(creg_slice text, creg_arena *arena);

/** The text of an encoded segment. CREG_INVALID_NAME when it is not one that we write. */
CREG_API creg_status creg_key_decode(creg_slice segment, creg_arena *arena,
                                     creg_slice *ret_text, creg_error *err);

/**
 * May this be a name that a caller gives (user, template, node, property segment)?
 *
 * CREG_INVALID_NAME  empty, ".", "..", a '/' or control byte in it, not UTF-8, over 255 bytes;
 *                    the message begins with `what` ("template name")
 */
CREG_API creg_status creg_name_check(creg_slice name, const char *what, creg_error *err);

/**
 * Order of names as people count: slave2 before slave10. <0, 0, >0.
 *
 * Both texts are read as a row of items: a run of digits is one number of any size, any other
 * byte is itself. Rows compare item by item; where one ends first, it is the smaller. A number
 * stands where the digits stand among the bytes; '/' stands before every other byte, so that
 * whole keys come out as a tree. Equal rows ("a1", "a01") are ordered by their bytes: 0 means
 * the same bytes. A total order. Threads: any.
 */
CREG_API int creg_name_compare(creg_slice left, creg_slice right);

#ifdef __cplusplus
}
#endif
#endif
