/* SPDX-License-Identifier: MIT */
/*
 * What the files of the LMDB driver share.
 *
 *   lmdb.c           the driver's table: reads and transactions
 *   lmdb_env.c       one LMDB environment a file and process: open, grow, reopen, read handles
 *   lmdb_files.c     the folder and the file before LMDB sees them: create, probe, refuse
 *   lmdb_records.c   keys and records as they lie in the file
 *   lmdb_liveness.c  rows that tell whether their writer still lives
 *   lmdb_check.c     walking the whole file in a child process
 *
 * Everything lies in LMDB's one unnamed database. Keys that begin with a NUL byte are ours:
 *
 *   \0f    format, "confreg 1"
 *   \0r    revision of the store: u64, one more for each transaction
 *   \0o    id of the newest liveness row: u64
 *   \0l..  liveness rows, by id (u64, big-endian)
 */
#ifndef CREG_STORE_LMDB_INTERNAL_H
#define CREG_STORE_LMDB_INTERNAL_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "base/hash.h"
#include "confreg/sys/store_driver.h"

enum {
    LMDB_KEY_BYTES = 511, /* the most that LMDB takes (its build-time default) */
    LMDB_HASH_BYTES = CREG_HASH_DIGEST_BYTES,
    /* Longer keys are stored as so many bytes, a mark and a hash: 511 in all. */
    LMDB_PLAIN_BYTES = LMDB_KEY_BYTES - 1 - LMDB_HASH_BYTES,
    LMDB_POOL_SIZE = 32, /* read handles that are kept for reuse */
    LMDB_READERS = 2046  /* slots of the reader table: 64 bytes each, over all processes */
};

#define LMDB_FORMAT "confreg 1"
#define LMDB_MAP_SIZE ((uint64_t)16 << 30) /* sparse: costs address space, no disk */

/** One environment, shared by all handles of this process on the same file. */
typedef struct lmdb_shared {
    MDB_env *env; /* NULL after a reopening that failed; the next call tries again */
    MDB_dbi dbi;
    /* Shared by every transaction, taken alone to grow the map or to open the file anew. */
    pthread_rwlock_t gate;
    _Atomic(MDB_txn *) pool[LMDB_POOL_SIZE]; /* reset read handles, or NULL */
    pthread_mutex_t wake_lock;
    pthread_cond_t wake; /* a transaction of this process was committed */
    bool is_read_only;
    dev_t device;
    ino_t inode;
    size_t users;             /* handles; guarded by the lock of the table */
    struct lmdb_shared *next; /* in the table */
    uint64_t map_size;        /* as first asked for */
    char path[];              /* of the folder */
} lmdb_shared;

struct creg_driver_state {
    lmdb_shared *shared;
};

/* ---- lmdb_env.c ------------------------------------------------------------------------- */

/** Join or open the environment of a folder that was probed. */
creg_status creg_lmdb_join(const char *path, const creg_store_options *options,
                           lmdb_shared **ret_shared, creg_error *err);
void creg_lmdb_leave(lmdb_shared *shared);

/** A read transaction (with the gate held), out of the pool when there is one. */
creg_status creg_lmdb_begin_read(lmdb_shared *shared, MDB_txn **ret_txn, creg_error *err);
void creg_lmdb_end_read(lmdb_shared *shared, MDB_txn *txn);

/** The work of one write transaction; it may run again after the map has grown. */
typedef int (*creg_lmdb_work)(MDB_txn *txn, void *data);

/** For `creg_lmdb_work`: roll back, the reason is in the work's own data. */
enum { LMDB_WORK_REFUSED = 1 << 20 };

/**
 * Run `work` in a write transaction and commit it. An LMDB code that the work returns ends it;
 * the map grows and the file is opened anew as needed. LMDB_WORK_REFUSED gives CREG_CONFLICT
 * without a message.
 */
creg_status creg_lmdb_write(lmdb_shared *shared, creg_lmdb_work work, void *data,
                            creg_error *err);

/** The status for an LMDB code, with a message that names the folder. */
creg_status creg_lmdb_fail(creg_error *err, int code, const char *path);

/** Tell waiting threads of this process to look. */
void creg_lmdb_wake(lmdb_shared *shared);

/* ---- lmdb_files.c ----------------------------------------------------------------------- */

enum { LMDB_PATH_BYTES = 4096 };

/** The folder that a URL path means ("" is the user's), with a NUL, in `path`. */
creg_status creg_lmdb_resolve(creg_slice url_path, char path[LMDB_PATH_BYTES], creg_error *err);

/** Make folder and file if they are missing (and may be made). The file appears whole or not. */
creg_status creg_lmdb_create(const char *path, bool is_default,
                             const creg_store_options *options, creg_error *err);

/**
 * mdb_env_open, one process at a time; its code.
 *
 * The first opener zeroes the transaction number in LMDB's lock file and fills it in a little
 * later. One who is killed in between leaves the zero to whoever was waiting behind it, who
 * takes the lock file for ready, counts on from there, and commits what no later reader will
 * find: an acknowledged write is lost. With a lock of our own, open.lock, the next opener is
 * always the first one again and starts from the file. The kernel drops the lock of a dead
 * process.
 */
int creg_lmdb_open_env(MDB_env *env, const char *folder, unsigned flags);

/**
 * Look at the file without LMDB: is it one, and is it as long as it says?
 * `*ret_is_short` when only the latter is not so.
 */
creg_status creg_lmdb_probe(const char *path, bool *ret_is_short, creg_error *err);

/** Is this f_type of statfs() a file system over a network? */
bool creg_lmdb_is_network(unsigned long type);
creg_status creg_lmdb_check_filesystem(const char *path, creg_error *err);

/** Bytes free for this user where the folder lies; 0 when that cannot be found out. */
uint64_t creg_lmdb_free_bytes(const char *path);

/** path/name in `out`; false when it is too long. */
bool creg_lmdb_file_path(const char *path, const char *name, char out[LMDB_PATH_BYTES]);

/* ---- lmdb_lift.c ------------------------------------------------------------------------ */

enum { LMDB_LIFT_MAX = 256 };

/** Records that were taken out for the time of a long run of puts. */
typedef struct creg_lmdb_lift {
    struct {
        creg_slice key, data;
    } items[LMDB_LIFT_MAX];
    size_t size;
    creg_arena arena; /* of the copies */
} creg_lmdb_lift;

void creg_lmdb_lift_init(creg_lmdb_lift *lift);

/**
 * Take out the record under the cursor (`key` and `data`) and what else may stand on its page
 * behind it; nothing when that is too much. The cursor may stand anywhere afterwards.
 */
int creg_lmdb_lift_up(MDB_cursor *cursor, MDB_val key, MDB_val data, creg_lmdb_lift *lift);

/** Put them back as they were, and drop the copies. */
int creg_lmdb_lift_down(MDB_cursor *cursor, creg_lmdb_lift *lift);

/* ---- lmdb_records.c --------------------------------------------------------------------- */

typedef struct lmdb_key {
    MDB_val val; /* points to the caller's bytes, or to `bytes` */
    char bytes[LMDB_KEY_BYTES];
} lmdb_key;

typedef struct lmdb_record {
    uint64_t revision;
    uint64_t owner;      /* liveness row that the key is bound to; 0: none */
    creg_slice long_key; /* the whole key, when LMDB's holds only a hash of it */
    creg_slice value;
} lmdb_record;

/** The stored form of a key; `key` must outlive it. */
void creg_lmdb_key_set(lmdb_key *stored, creg_slice key);

/** Is this the stored form of a key that was too long? */
bool creg_lmdb_key_is_long(MDB_val stored);

/** The bytes as LMDB wants them: not const, but never written to. */
MDB_val creg_lmdb_val(creg_slice bytes);

size_t creg_lmdb_record_size(const lmdb_record *record);
void creg_lmdb_record_write(const lmdb_record *record, char *out);

/** False when the bytes are no record. Everything in it points into `data`. */
bool creg_lmdb_record_read(MDB_val stored_key, MDB_val data, lmdb_record *ret_record);

/** The key as callers know it. */
static inline creg_slice creg_lmdb_whole_key(MDB_val stored, const lmdb_record *record)
{
    if (record->long_key.data != NULL)
        return record->long_key;
    return creg_slice_make(stored.mv_data, stored.mv_size);
}

uint64_t creg_lmdb_load_u64(const void *bytes);
void creg_lmdb_store_u64(void *bytes, uint64_t number);

/** A number of ours (LMDB_REVISION, ...); 0 when it is not there yet. Returns an LMDB code. */
int creg_lmdb_get_number(MDB_txn *txn, MDB_dbi dbi, const char *name, uint64_t *ret_number);
int creg_lmdb_put_number(MDB_txn *txn, MDB_dbi dbi, const char *name, uint64_t number);

/* Names of our own keys: two bytes, the first is NUL. */
#define LMDB_KEY_FORMAT "\0f"
#define LMDB_KEY_REVISION "\0r"
#define LMDB_KEY_OWNER "\0o"
#define LMDB_KEY_LIVENESS "\0l"

/* ---- lmdb_liveness.c -------------------------------------------------------------------- */

/** The id in a handle that liveness_open gave. */
uint64_t creg_lmdb_owner_id(const void *handle);

/** Does the owner with this id live? Returns an LMDB code. */
int creg_lmdb_owner_lives(MDB_txn *txn, MDB_dbi dbi, uint64_t id, bool *ret_lives);

creg_status creg_lmdb_liveness_open(creg_driver_state *state, creg_slice name, uint32_t *ttl_ms,
                                    void **ret_handle, creg_error *err);
creg_status creg_lmdb_liveness_renew(creg_driver_state *state, void *handle, creg_error *err);
void creg_lmdb_liveness_release(creg_driver_state *state, void *handle);
creg_status creg_lmdb_liveness_check(creg_driver_state *state, creg_slice key, bool *ret_alive,
                                     creg_error *err);

/* ---- lmdb_check.c ----------------------------------------------------------------------- */

/** Walk the whole file in a child process. CREG_DAMAGED with what is wrong. */
creg_status creg_lmdb_check_path(const char *path, creg_error *err);

#endif
