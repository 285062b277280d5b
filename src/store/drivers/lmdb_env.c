/* SPDX-License-Identifier: MIT */
/*
 * One LMDB environment for each file and process.
 *
 * LMDB forbids to open a file twice in a process (closing one would drop the locks of both),
 * so handles on the same file share one, found by device and inode in a table. The table is
 * also where a grown map and a reopened file become known to all of them: everybody works
 * under a shared gate, and who changes the map takes it alone.
 */
#include "store/drivers/lmdb_internal.h"

#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/memory.h"

/* ---- codes ------------------------------------------------------------------------------ */

/* "ulimit -f" is a disk that is full for this process alone. */
static bool has_size_limit(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

static creg_status fail_full(creg_error *err, int code, const char *path)
{
    uint64_t free_bytes = creg_lmdb_free_bytes(path);
    creg_fail(err, CREG_NO_SPACE,
              "no space left for the store in %s: %llu KiB are free; "
              "nothing was done",
              path, (unsigned long long)(free_bytes / 1024));
    creg_error_detail(err, "%s%s", mdb_strerror(code),
                      has_size_limit() ? "; this process has a limit of file size" : "");
    return CREG_NO_SPACE;
}

/* LMDB reports a full disk as EIO when a write came back short. */
static bool is_disk_full(int code, const char *path)
{
    enum { ALMOST_NOTHING = 1024 * 1024 };
    if (code == ENOSPC || code == EDQUOT || code == EFBIG)
        return true;
    return code == EIO && (creg_lmdb_free_bytes(path) < ALMOST_NOTHING || has_size_limit());
}

static creg_status status_of(int code)
{
    switch (code) {
    case EACCES:
    case EPERM:
    case EROFS:
        return CREG_PERMISSION;
    case ENOENT:
        return CREG_NOT_FOUND;
    case ENOMEM:
        return CREG_NO_MEMORY;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
        return CREG_DAMAGED;
    case MDB_TXN_FULL:
    case MDB_READERS_FULL:
    case MDB_BAD_VALSIZE:
        return CREG_LIMIT;
    default:
        return CREG_IO;
    }
}

creg_status creg_lmdb_fail(creg_error *err, int code, const char *path)
{
    if (is_disk_full(code, path))
        return fail_full(err, code, path);
    creg_status status = status_of(code);
    creg_fail(err, status, "store in %s: %s", path, mdb_strerror(code));
    if (code == MDB_READERS_FULL)
        creg_error_hint(err, "more than %d readers at once, over all processes", LMDB_READERS);
    if (status == CREG_DAMAGED)
        creg_error_hint(err, "run: confreg store check; then restore a backup");
    return status;
}

/* ---- the table -------------------------------------------------------------------------- */

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static lmdb_shared *table;
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void table_take(void)
{
    pthread_mutex_lock(&table_lock);
}

static void table_give(void)
{
    pthread_mutex_unlock(&table_lock);
}

/*
 * In a child of fork() the environments are the parent's: using or even closing them would
 * touch the parent's slots in the reader table. They are left alone, and the child opens its
 * own. (The memory that stays behind is a few kilobytes and address space.)
 */
static void table_forget(void)
{
    table = NULL;
    pthread_mutex_unlock(&table_lock);
}

static void table_watch_forks(void)
{
    pthread_atfork(table_take, table_give, table_forget);
}

/* ---- opening and closing LMDB ----------------------------------------------------------- */

static int open_with_map(MDB_env *env, const lmdb_shared *shared, uint64_t map_size)
{
    unsigned flags = MDB_NOTLS | (shared->is_read_only ? MDB_RDONLY : 0);
    int code = mdb_env_set_maxreaders(env, LMDB_READERS);
    if (code == MDB_SUCCESS)
        code = mdb_env_set_mapsize(env, (size_t)map_size);
    if (code != MDB_SUCCESS)
        return code;
    return creg_lmdb_open_env(env, shared->path, flags);
}

/* A process with little address space (RLIMIT_AS) gets as large a map as it can. */
static int open_env(lmdb_shared *shared)
{
    enum { SMALLEST_TRY = 1024 * 1024 };
    int code;
    for (uint64_t size = shared->map_size;; size /= 2) {
        MDB_env *env;
        code = mdb_env_create(&env);
        if (code != MDB_SUCCESS)
            return code;
        code = open_with_map(env, shared, size);
        if (code == MDB_SUCCESS) {
            shared->env = env;
            return code;
        }
        mdb_env_close(env);
        if (code != ENOMEM || size / 2 < SMALLEST_TRY)
            return code;
    }
}

/* The format is looked at in the same transaction that opens the database. */
static creg_status open_database(lmdb_shared *shared, creg_error *err)
{
    static char name[] = LMDB_KEY_FORMAT;
    MDB_txn *txn;
    int code = mdb_txn_begin(shared->env, NULL, MDB_RDONLY, &txn);
    if (code != MDB_SUCCESS)
        return creg_lmdb_fail(err, code, shared->path);
    MDB_val key = {.mv_size = 2, .mv_data = name};
    MDB_val data = {0, NULL};
    code = mdb_dbi_open(txn, NULL, 0, &shared->dbi);
    if (code == MDB_SUCCESS)
        code = mdb_get(txn, shared->dbi, &key, &data);
    creg_slice format = creg_slice_make(data.mv_data, data.mv_size);
    creg_status status = CREG_OK;
    if (code == MDB_NOTFOUND || code == MDB_INCOMPATIBLE)
        status = creg_fail(err, CREG_DAMAGED, "%s/data.mdb is no store of this program",
                           shared->path);
    else if (code != MDB_SUCCESS)
        status = creg_lmdb_fail(err, code, shared->path);
    else if (!creg_slice_equal(format, creg_slice_of(LMDB_FORMAT)))
        status = creg_fail(err, CREG_DAMAGED, "%s has the format '%.*s', not '%s'",
                           shared->path, CREG_SHOW(format), LMDB_FORMAT);
    mdb_txn_abort(txn);
    return status;
}

static void drain_pool(lmdb_shared *shared)
{
    for (int i = 0; i < LMDB_POOL_SIZE; i++) {
        MDB_txn *txn = atomic_exchange(&shared->pool[i], NULL);
        if (txn != NULL)
            mdb_txn_abort(txn);
    }
}

static void close_env(lmdb_shared *shared)
{
    drain_pool(shared);
    if (shared->env != NULL)
        mdb_env_close(shared->env);
    shared->env = NULL;
}

static creg_status start_env(lmdb_shared *shared, creg_error *err)
{
    int code = open_env(shared);
    if (code != MDB_SUCCESS)
        return creg_lmdb_fail(err, code, shared->path);
    int dead;
    mdb_reader_check(shared->env, &dead);
    creg_status status = open_database(shared, err);
    if (status != CREG_OK)
        close_env(shared);
    return status;
}

/* ---- handles join and leave ------------------------------------------------------------- */

static void free_shared(lmdb_shared *shared)
{
    pthread_rwlock_destroy(&shared->gate);
    pthread_mutex_destroy(&shared->wake_lock);
    pthread_cond_destroy(&shared->wake);
    creg_memory_free(shared);
}

static bool make_locks(lmdb_shared *shared)
{
    pthread_condattr_t attributes;
    if (pthread_rwlock_init(&shared->gate, NULL) != 0)
        return false;
    bool is_made = pthread_mutex_init(&shared->wake_lock, NULL) == 0;
    if (is_made && pthread_condattr_init(&attributes) == 0) {
        if (pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
            pthread_cond_init(&shared->wake, &attributes) == 0) {
            pthread_condattr_destroy(&attributes);
            return true;
        }
        pthread_condattr_destroy(&attributes);
    }
    if (is_made)
        pthread_mutex_destroy(&shared->wake_lock);
    pthread_rwlock_destroy(&shared->gate);
    return false;
}

static creg_status new_shared(const char *path, const struct stat *file,
                              const creg_store_options *options, lmdb_shared **ret_shared,
                              creg_error *err)
{
    size_t path_size = strlen(path) + 1;
    lmdb_shared *shared = creg_memory_calloc(1, sizeof *shared + path_size);
    if (shared == NULL || !make_locks(shared)) {
        creg_memory_free(shared);
        return creg_fail(err, CREG_NO_MEMORY, "out of memory");
    }
    memcpy(shared->path, path, path_size);
    shared->device = file->st_dev;
    shared->inode = file->st_ino;
    shared->is_read_only = options->read_only;
    shared->map_size = options->map_size == 0 ? LMDB_MAP_SIZE : options->map_size;
    shared->users = 1;
    creg_status status = start_env(shared, err);
    if (status != CREG_OK) {
        free_shared(shared);
        return status;
    }
    *ret_shared = shared;
    return CREG_OK;
}

/* A handle that wants to write needs more than the first one, which only read, has opened. */
static creg_status make_writable(lmdb_shared *shared, creg_error *err)
{
    pthread_rwlock_wrlock(&shared->gate);
    close_env(shared);
    shared->is_read_only = false;
    creg_status status = start_env(shared, err);
    if (status != CREG_OK) {
        shared->is_read_only = true;
        start_env(shared, NULL); /* when even that fails, the next call tries again */
    }
    pthread_rwlock_unlock(&shared->gate);
    return status;
}

static creg_status join_locked(const char *path, const struct stat *file,
                               const creg_store_options *options, lmdb_shared **ret_shared,
                               creg_error *err)
{
    lmdb_shared *shared = table;
    while (shared != NULL && (shared->device != file->st_dev || shared->inode != file->st_ino))
        shared = shared->next;
    creg_status status = CREG_OK;
    if (shared == NULL) {
        status = new_shared(path, file, options, &shared, err);
        if (status != CREG_OK)
            return status;
        shared->next = table;
        table = shared;
    } else {
        if (shared->is_read_only && !options->read_only)
            status = make_writable(shared, err);
        if (status != CREG_OK)
            return status;
        shared->users++;
    }
    *ret_shared = shared;
    return CREG_OK;
}

creg_status creg_lmdb_join(const char *path, const creg_store_options *options,
                           lmdb_shared **ret_shared, creg_error *err)
{
    char file[LMDB_PATH_BYTES];
    struct stat facts;
    if (!creg_lmdb_file_path(path, "data.mdb", file))
        return creg_fail(err, CREG_USAGE, "the path of the store is too long");
    if (stat(file, &facts) != 0)
        return creg_lmdb_fail(err, errno, path);
    pthread_once(&table_once, table_watch_forks);
    table_take();
    creg_status status = join_locked(path, &facts, options, ret_shared, err);
    table_give();
    return status;
}

void creg_lmdb_leave(lmdb_shared *shared)
{
    table_take();
    bool is_last = --shared->users == 0;
    for (lmdb_shared **at = &table; is_last && *at != NULL; at = &(*at)->next)
        if (*at == shared) {
            *at = shared->next;
            break;
        }
    /* Closed before anybody can open the file again: see the head of this file. */
    if (is_last)
        close_env(shared);
    table_give();
    if (is_last)
        free_shared(shared);
}

/* ---- growing and reopening -------------------------------------------------------------- */

/* Both take the gate alone; several threads may want the same at once, so look again. */

static int grow_map(lmdb_shared *shared, uint64_t seen_size)
{
    pthread_rwlock_wrlock(&shared->gate);
    MDB_envinfo info;
    int code = shared->env == NULL ? MDB_PANIC : mdb_env_info(shared->env, &info);
    if (code == MDB_SUCCESS && info.me_mapsize <= seen_size) {
        int dead; /* a dead reader may be why no page could be used again */
        mdb_reader_check(shared->env, &dead);
        code = seen_size > SIZE_MAX / 2
                   ? ENOMEM
                   : mdb_env_set_mapsize(shared->env, (size_t)seen_size * 2);
    }
    pthread_rwlock_unlock(&shared->gate);
    return code;
}

/* Another process has a larger map and has used it. */
static int adopt_map(lmdb_shared *shared)
{
    pthread_rwlock_wrlock(&shared->gate);
    MDB_envinfo info;
    MDB_stat facts;
    int code = shared->env == NULL ? MDB_PANIC : mdb_env_set_mapsize(shared->env, 0);
    if (code == MDB_SUCCESS)
        code = mdb_env_info(shared->env, &info);
    if (code == MDB_SUCCESS)
        code = mdb_env_stat(shared->env, &facts);
    if (code == MDB_SUCCESS) {
        size_t needed = (info.me_last_pgno + 1) * facts.ms_psize;
        if (info.me_mapsize < needed)
            code = mdb_env_set_mapsize(shared->env, needed);
    }
    pthread_rwlock_unlock(&shared->gate);
    return code;
}

/* After a meta page could not be written LMDB refuses everything until it is opened anew. */
static creg_status reopen(lmdb_shared *shared, creg_error *err)
{
    pthread_rwlock_wrlock(&shared->gate);
    creg_status status = CREG_OK;
    MDB_txn *txn;
    int code = MDB_PANIC;
    if (shared->env != NULL)
        code = mdb_txn_begin(shared->env, NULL, MDB_RDONLY, &txn);
    if (code == MDB_SUCCESS) {
        mdb_txn_abort(txn); /* another thread was first */
    } else {
        close_env(shared);
        status = start_env(shared, err);
    }
    pthread_rwlock_unlock(&shared->gate);
    return status;
}

/*
 * What may help after `code`. CREG_OK: try again. Else the failure to report. `seen_size` is
 * the size of the map while `code` came about.
 */
static creg_status mend(lmdb_shared *shared, int code, uint64_t seen_size, creg_error *err)
{
    int result;
    switch (code) {
    case MDB_PANIC:
        return reopen(shared, err);
    case MDB_MAP_RESIZED:
        result = adopt_map(shared);
        break;
    case MDB_MAP_FULL:
        result = grow_map(shared, seen_size);
        if (result != MDB_SUCCESS && result != MDB_PANIC)
            return creg_fail(err, CREG_NO_SPACE,
                             "store in %s: the map of %llu MiB is full and cannot grow: %s",
                             shared->path, (unsigned long long)(seen_size >> 20),
                             mdb_strerror(result));
        break;
    default:
        return creg_lmdb_fail(err, code, shared->path);
    }
    if (result == MDB_SUCCESS || result == MDB_PANIC)
        return CREG_OK;
    return creg_lmdb_fail(err, result, shared->path);
}

enum { MEND_TRIES = 64 }; /* doublings of a map from a page to all that 64 bits can name */

/* ---- read transactions ------------------------------------------------------------------ */

/* Threads start at different places, so that they seldom meet. */
static unsigned pool_start(void)
{
    union {
        pthread_t thread;
        unsigned char bytes[sizeof(pthread_t)];
    } self;
    memset(self.bytes, 0, sizeof self.bytes);
    self.thread = pthread_self();
    uint64_t number;
    memcpy(&number, self.bytes,
           sizeof number < sizeof self.bytes ? sizeof number : sizeof self.bytes);
    return (unsigned)((number * 0x9E3779B97F4A7C15u) >> 59);
}

static MDB_txn *take_pooled(lmdb_shared *shared)
{
    enum { LOOKS = 4 };
    unsigned start = pool_start();
    for (unsigned i = 0; i < LOOKS; i++) {
        _Atomic(MDB_txn *) *slot = &shared->pool[(start + i) % LMDB_POOL_SIZE];
        if (atomic_load_explicit(slot, memory_order_relaxed) == NULL)
            continue;
        MDB_txn *txn = atomic_exchange(slot, NULL);
        if (txn != NULL)
            return txn;
    }
    return NULL;
}

static void give_pooled(lmdb_shared *shared, MDB_txn *txn)
{
    enum { LOOKS = 4 };
    unsigned start = pool_start();
    for (unsigned i = 0; i < LOOKS; i++) {
        MDB_txn *expected = NULL;
        if (atomic_compare_exchange_strong(&shared->pool[(start + i) % LMDB_POOL_SIZE],
                                           &expected, txn))
            return;
    }
    mdb_txn_abort(txn);
}

static int begin_fresh(lmdb_shared *shared, MDB_txn **ret_txn)
{
    if (shared->env == NULL)
        return MDB_PANIC;
    int code = mdb_txn_begin(shared->env, NULL, MDB_RDONLY, ret_txn);
    if (code != MDB_READERS_FULL)
        return code;
    /* Slots of dead processes are not freed by anybody else. */
    int dead;
    mdb_reader_check(shared->env, &dead);
    drain_pool(shared);
    return mdb_txn_begin(shared->env, NULL, MDB_RDONLY, ret_txn);
}

static int begin_once(lmdb_shared *shared, MDB_txn **ret_txn)
{
    MDB_txn *txn = shared->env == NULL ? NULL : take_pooled(shared);
    if (txn == NULL)
        return begin_fresh(shared, ret_txn);
    int code = mdb_txn_renew(txn);
    if (code != MDB_SUCCESS) {
        mdb_txn_abort(txn);
        return code;
    }
    *ret_txn = txn;
    return code;
}

static void end_once(lmdb_shared *shared, MDB_txn *txn)
{
    mdb_txn_reset(txn);
    give_pooled(shared, txn);
}

/*
 * LMDB takes the number T of the newest transaction first and copies its meta page second. The
 * page of T is also that of T + 2, so a reader that was stopped in between may copy a page
 * that is just being written: not yet on the disk, even half of it (seen with 0.9.24: a reader
 * went back by one transaction). T + 2 cannot have begun while T is the newest one, so the
 * copy is good when, after it, T still is: in the file, or for a second reader.
 */
static bool is_newest(lmdb_shared *shared, MDB_txn *txn)
{
    MDB_envinfo info;
    atomic_thread_fence(memory_order_acquire);
    return mdb_env_info(shared->env, &info) == MDB_SUCCESS &&
           info.me_last_txnid == mdb_txn_id(txn);
}

static int begin_settled(lmdb_shared *shared, MDB_txn **ret_txn)
{
    MDB_txn *txn;
    int code = begin_once(shared, &txn);
    while (code == MDB_SUCCESS && !is_newest(shared, txn)) {
        MDB_txn *second = NULL;
        code = begin_once(shared, &second);
        if (code == MDB_SUCCESS && mdb_txn_id(second) == mdb_txn_id(txn)) {
            end_once(shared, second);
            break;
        }
        end_once(shared, txn);
        txn = second;
    }
    if (code == MDB_SUCCESS)
        *ret_txn = txn;
    return code;
}

creg_status creg_lmdb_begin_read(lmdb_shared *shared, MDB_txn **ret_txn, creg_error *err)
{
    int code = MDB_SUCCESS;
    for (int i = 0; i < MEND_TRIES; i++) {
        pthread_rwlock_rdlock(&shared->gate);
        code = begin_settled(shared, ret_txn);
        if (code == MDB_SUCCESS)
            return CREG_OK;
        pthread_rwlock_unlock(&shared->gate);
        creg_status status = mend(shared, code, 0, err);
        if (status != CREG_OK)
            return status;
    }
    return creg_lmdb_fail(err, code, shared->path);
}

void creg_lmdb_end_read(lmdb_shared *shared, MDB_txn *txn)
{
    end_once(shared, txn);
    pthread_rwlock_unlock(&shared->gate);
}

/* ---- write transactions ----------------------------------------------------------------- */

static int write_once(lmdb_shared *shared, creg_lmdb_work work, void *data,
                      uint64_t *ret_map_size, bool *ret_in_commit)
{
    *ret_in_commit = false;
    if (shared->env == NULL)
        return MDB_PANIC;
    MDB_envinfo info;
    MDB_txn *txn;
    int code = mdb_env_info(shared->env, &info);
    if (code != MDB_SUCCESS)
        return code;
    *ret_map_size = info.me_mapsize;
    code = mdb_txn_begin(shared->env, NULL, 0, &txn);
    if (code != MDB_SUCCESS)
        return code;
    code = work(txn, data);
    if (code != MDB_SUCCESS) {
        mdb_txn_abort(txn);
        return code;
    }
    *ret_in_commit = true;
    return mdb_txn_commit(txn);
}

/*
 * When writing or syncing the pages fails, the meta page was not touched: nothing was done.
 * Only a meta page that could not be written leaves it open, and then LMDB is in panic.
 */
static bool is_in_panic(lmdb_shared *shared)
{
    MDB_txn *txn;
    pthread_rwlock_rdlock(&shared->gate);
    int code = MDB_PANIC;
    if (shared->env != NULL)
        code = mdb_txn_begin(shared->env, NULL, MDB_RDONLY, &txn);
    if (code == MDB_SUCCESS)
        mdb_txn_abort(txn);
    pthread_rwlock_unlock(&shared->gate);
    return code == MDB_PANIC;
}

static creg_status fail_commit(lmdb_shared *shared, int code, creg_error *err)
{
    if (!is_in_panic(shared))
        return creg_lmdb_fail(err, code, shared->path);
    reopen(shared, NULL); /* when that fails, the next call tries again */
    creg_fail(err, CREG_UNKNOWN_OUTCOME,
              "store in %s: the commit itself could not be written: %s", shared->path,
              mdb_strerror(code));
    creg_error_detail(err, "%llu KiB are free",
                      (unsigned long long)(creg_lmdb_free_bytes(shared->path) / 1024));
    return CREG_UNKNOWN_OUTCOME;
}

creg_status creg_lmdb_write(lmdb_shared *shared, creg_lmdb_work work, void *data,
                            creg_error *err)
{
    int code = MDB_SUCCESS;
    for (int i = 0; i < MEND_TRIES; i++) {
        uint64_t map_size = 0;
        bool in_commit;
        pthread_rwlock_rdlock(&shared->gate);
        code = write_once(shared, work, data, &map_size, &in_commit);
        pthread_rwlock_unlock(&shared->gate);
        if (code == MDB_SUCCESS)
            return CREG_OK;
        if (code == LMDB_WORK_REFUSED)
            return CREG_CONFLICT;
        if (in_commit && code != MDB_MAP_FULL)
            return fail_commit(shared, code, err);
        creg_status status = mend(shared, code, map_size, err);
        if (status != CREG_OK)
            return status;
    }
    return creg_lmdb_fail(err, code, shared->path);
}

void creg_lmdb_wake(lmdb_shared *shared)
{
    pthread_mutex_lock(&shared->wake_lock);
    pthread_cond_broadcast(&shared->wake);
    pthread_mutex_unlock(&shared->wake_lock);
}
