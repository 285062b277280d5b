/* SPDX-License-Identifier: MIT */
/*
 * Liveness without a server: a row that names a process so exactly that nobody else can be
 * mistaken for it, and a deadline for one that is alive but frozen.
 *
 * Rows are judged inside write transactions only, and one that is found dead is deleted there.
 * So "the fence holds" and "the owner is dead" are totally ordered, whatever the clocks do,
 * and a dead owner never comes back: ids are not used again.
 *
 * A row, numbers in little-endian:
 *
 *     | pid u64 | start time u64 | pid namespace u64 | ttl ms u64 | deadline ms u64 | boot id |
 *
 * Deadlines are on the monotonic clock, which all processes of one boot share; a row of
 * another boot is dead.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/memory.h"
#include "store/drivers/lmdb_internal.h"

enum { BOOT_ID_BYTES = 36, ROW_BYTES = 5 * 8 + BOOT_ID_BYTES, ROW_KEY_BYTES = 2 + 8 };

typedef struct row {
    uint64_t pid;
    uint64_t start_time;
    uint64_t pid_namespace;
    uint64_t ttl_ms;
    uint64_t deadline_ms;
    char boot_id[BOOT_ID_BYTES];
} row;

typedef struct lmdb_liveness {
    uint64_t id;
} lmdb_liveness;

uint64_t creg_lmdb_owner_id(const void *handle)
{
    return ((const lmdb_liveness *)handle)->id;
}

/* ---- who is who ------------------------------------------------------------------------- */

/* Up to `size - 1` bytes of a small file; "" when it cannot be read. */
static void read_small_file(const char *path, char *text, size_t size)
{
    text[0] = '\0';
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t got = read(fd, text, size - 1);
    text[got > 0 ? got : 0] = '\0';
    close(fd);
}

/* Field 22 of /proc/PID/stat; the name in field 2 may hold anything, so count behind its ')'. */
static uint64_t start_time_of(uint64_t pid)
{
    enum { FIELDS_BEHIND_NAME = 20 };
    char path[64];
    char text[1024];
    snprintf(path, sizeof path, "/proc/%llu/stat", (unsigned long long)pid);
    read_small_file(path, text, sizeof text);
    const char *at = strrchr(text, ')');
    for (int i = 0; at != NULL && i < FIELDS_BEHIND_NAME; i++)
        at = strchr(at + 1, ' ');
    return at == NULL ? 0 : strtoull(at + 1, NULL, 10);
}

static uint64_t own_pid_namespace(void)
{
    struct stat facts;
    return stat("/proc/self/ns/pid", &facts) == 0 ? (uint64_t)facts.st_ino : 0;
}

static void read_boot_id(char boot_id[BOOT_ID_BYTES])
{
    char text[BOOT_ID_BYTES + 1];
    memset(text, 0, sizeof text);
    read_small_file("/proc/sys/kernel/random/boot_id", text, sizeof text);
    memcpy(boot_id, text, BOOT_ID_BYTES);
}

static bool process_lives(const row *found)
{
    /* From inside a container the pids of another one cannot be seen: only its deadline. */
    if (found->pid_namespace != own_pid_namespace())
        return true;
    if (kill((pid_t)found->pid, 0) != 0 && errno == ESRCH)
        return false;
    return start_time_of(found->pid) == found->start_time;
}

static bool row_lives(const row *found)
{
    char boot_id[BOOT_ID_BYTES];
    read_boot_id(boot_id);
    return memcmp(boot_id, found->boot_id, BOOT_ID_BYTES) == 0 &&
           creg_clock_ms() < found->deadline_ms && process_lives(found);
}

/* ---- rows in the file ------------------------------------------------------------------- */

/* Big-endian, so that rows lie in the order of their ids. */
static MDB_val row_key(uint64_t id, char bytes[ROW_KEY_BYTES])
{
    memcpy(bytes, LMDB_KEY_LIVENESS, 2);
    for (int i = 0; i < 8; i++)
        bytes[2 + i] = (char)(unsigned char)(id >> (56 - 8 * i) & 0xFF);
    return (MDB_val){.mv_size = ROW_KEY_BYTES, .mv_data = bytes};
}

static int get_row(MDB_txn *txn, MDB_dbi dbi, uint64_t id, row *ret_row)
{
    char bytes[ROW_KEY_BYTES];
    MDB_val key = row_key(id, bytes);
    MDB_val data;
    int code = mdb_get(txn, dbi, &key, &data);
    if (code != MDB_SUCCESS)
        return code;
    if (data.mv_size != ROW_BYTES)
        return MDB_CORRUPTED;
    const char *at = data.mv_data;
    ret_row->pid = creg_lmdb_load_u64(at);
    ret_row->start_time = creg_lmdb_load_u64(at + 8);
    ret_row->pid_namespace = creg_lmdb_load_u64(at + 16);
    ret_row->ttl_ms = creg_lmdb_load_u64(at + 24);
    ret_row->deadline_ms = creg_lmdb_load_u64(at + 32);
    memcpy(ret_row->boot_id, at + 40, BOOT_ID_BYTES);
    return code;
}

static int put_row(MDB_txn *txn, MDB_dbi dbi, uint64_t id, const row *wanted)
{
    char bytes[ROW_KEY_BYTES];
    char record[ROW_BYTES];
    MDB_val key = row_key(id, bytes);
    MDB_val data = {.mv_size = sizeof record, .mv_data = record};
    creg_lmdb_store_u64(record, wanted->pid);
    creg_lmdb_store_u64(record + 8, wanted->start_time);
    creg_lmdb_store_u64(record + 16, wanted->pid_namespace);
    creg_lmdb_store_u64(record + 24, wanted->ttl_ms);
    creg_lmdb_store_u64(record + 32, wanted->deadline_ms);
    memcpy(record + 40, wanted->boot_id, BOOT_ID_BYTES);
    return mdb_put(txn, dbi, &key, &data, 0);
}

static int delete_row(MDB_txn *txn, MDB_dbi dbi, uint64_t id)
{
    char bytes[ROW_KEY_BYTES];
    MDB_val key = row_key(id, bytes);
    int code = mdb_del(txn, dbi, &key, NULL);
    return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

int creg_lmdb_owner_lives(MDB_txn *txn, MDB_dbi dbi, uint64_t id, bool *ret_lives)
{
    row found;
    *ret_lives = false;
    int code = id == 0 ? MDB_NOTFOUND : get_row(txn, dbi, id, &found);
    if (code == MDB_NOTFOUND)
        return MDB_SUCCESS;
    if (code == MDB_SUCCESS)
        *ret_lives = row_lives(&found);
    return code;
}

/* ---- the calls -------------------------------------------------------------------------- */

/* One job for creg_lmdb_write; which fields count depends on the work. */
typedef struct liveness_job {
    MDB_dbi dbi;
    uint64_t id;
    uint32_t ttl_ms;
    creg_slice key;
    bool is_alive;
    bool is_read_only;
} liveness_job;

static int open_row(MDB_txn *txn, void *data)
{
    liveness_job *job = data;
    row fresh = {.pid = (uint64_t)getpid(),
                 .start_time = start_time_of((uint64_t)getpid()),
                 .pid_namespace = own_pid_namespace(),
                 .ttl_ms = job->ttl_ms,
                 .deadline_ms = creg_clock_ms() + job->ttl_ms};
    read_boot_id(fresh.boot_id);
    int code = creg_lmdb_get_number(txn, job->dbi, LMDB_KEY_OWNER, &job->id);
    job->id++;
    if (code == MDB_SUCCESS)
        code = creg_lmdb_put_number(txn, job->dbi, LMDB_KEY_OWNER, job->id);
    if (code == MDB_SUCCESS)
        code = put_row(txn, job->dbi, job->id, &fresh);
    return code;
}

creg_status creg_lmdb_liveness_open(creg_driver_state *state, creg_slice name, uint32_t *ttl_ms,
                                    void **ret_handle, creg_error *err)
{
    (void)name;
    lmdb_liveness *handle = creg_memory_alloc(sizeof *handle);
    if (handle == NULL)
        return creg_fail(err, CREG_NO_MEMORY, "out of memory");
    liveness_job job = {.dbi = state->shared->dbi, .ttl_ms = *ttl_ms};
    creg_status status = creg_lmdb_write(state->shared, open_row, &job, err);
    if (status != CREG_OK) {
        creg_memory_free(handle);
        return status;
    }
    handle->id = job.id;
    *ret_handle = handle;
    return CREG_OK;
}

static int renew_row(MDB_txn *txn, void *data)
{
    liveness_job *job = data;
    row found;
    job->is_alive = false;
    int code = get_row(txn, job->dbi, job->id, &found);
    if (code == MDB_NOTFOUND)
        return MDB_SUCCESS;
    if (code != MDB_SUCCESS)
        return code;
    job->is_alive = row_lives(&found);
    if (!job->is_alive)
        return delete_row(txn, job->dbi, job->id);
    found.deadline_ms = creg_clock_ms() + found.ttl_ms;
    return put_row(txn, job->dbi, job->id, &found);
}

creg_status creg_lmdb_liveness_renew(creg_driver_state *state, void *handle, creg_error *err)
{
    liveness_job job = {.dbi = state->shared->dbi, .id = creg_lmdb_owner_id(handle)};
    creg_status status = creg_lmdb_write(state->shared, renew_row, &job, err);
    if (status == CREG_OK && !job.is_alive)
        return creg_fail(err, CREG_CONFLICT, "the liveness is lost");
    return status;
}

static int release_row(MDB_txn *txn, void *data)
{
    liveness_job *job = data;
    return delete_row(txn, job->dbi, job->id);
}

/* When the row cannot be deleted now, its deadline ends it; there is nobody to tell. */
void creg_lmdb_liveness_release(creg_driver_state *state, void *handle)
{
    liveness_job job = {.dbi = state->shared->dbi, .id = creg_lmdb_owner_id(handle)};
    creg_lmdb_write(state->shared, release_row, &job, NULL);
    creg_memory_free(handle);
}

/* Whoever is found dead is deleted at once: what was told to one caller stays true for all. */
static int check_row(MDB_txn *txn, void *data)
{
    liveness_job *job = data;
    lmdb_key key;
    lmdb_record record;
    MDB_val found;
    job->is_alive = false;
    creg_lmdb_key_set(&key, job->key);
    int code = mdb_get(txn, job->dbi, &key.val, &found);
    if (code == MDB_NOTFOUND)
        return MDB_SUCCESS;
    if (code != MDB_SUCCESS)
        return code;
    if (!creg_lmdb_record_read(key.val, found, &record))
        return MDB_CORRUPTED;
    code = creg_lmdb_owner_lives(txn, job->dbi, record.owner, &job->is_alive);
    if (code == MDB_SUCCESS && !job->is_alive && record.owner != 0 && !job->is_read_only)
        code = delete_row(txn, job->dbi, record.owner);
    return code;
}

/* A file that was opened to read only: nothing can be deleted, so nothing is settled by it. */
static creg_status check_reading(lmdb_shared *shared, liveness_job *job, creg_error *err)
{
    MDB_txn *txn;
    creg_status status = creg_lmdb_begin_read(shared, &txn, err);
    if (status != CREG_OK)
        return status;
    job->is_read_only = true;
    int code = check_row(txn, job);
    creg_lmdb_end_read(shared, txn);
    return code == MDB_SUCCESS ? CREG_OK : creg_lmdb_fail(err, code, shared->path);
}

creg_status creg_lmdb_liveness_check(creg_driver_state *state, creg_slice key, bool *ret_alive,
                                     creg_error *err)
{
    lmdb_shared *shared = state->shared;
    liveness_job job = {.dbi = shared->dbi, .key = key};
    creg_status status = shared->is_read_only ? check_reading(shared, &job, err)
                                              : creg_lmdb_write(shared, check_row, &job, err);
    if (status == CREG_OK)
        *ret_alive = job.is_alive;
    return status;
}
