/* SPDX-License-Identifier: MIT */
/*
 * The folder and the file, before LMDB sees them.
 *
 * LMDB maps the file into memory and trusts it: a file that is cut short kills the process, a
 * file of somebody else gives whatever it gives. So the file is looked at with plain reads
 * first. It is also made with care: complete, under another name, then linked into place, so
 * that an empty file is never a store that was just being made, but always a damaged one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/vfs.h>
#endif

#include "base/fail.h"
#include "store/drivers/lmdb_internal.h"

/* ---- paths ------------------------------------------------------------------------------ */

bool creg_lmdb_file_path(const char *path, const char *name, char out[LMDB_PATH_BYTES])
{
    int size = snprintf(out, LMDB_PATH_BYTES, "%s/%s", path, name);
    return size > 0 && size < LMDB_PATH_BYTES;
}

static creg_status fail_long_path(creg_error *err)
{
    return creg_fail(err, CREG_USAGE, "the path of the store is too long");
}

static creg_status default_path(char path[LMDB_PATH_BYTES], creg_error *err)
{
    const char *data = getenv("XDG_DATA_HOME");
    if (data != NULL && data[0] == '/')
        return creg_lmdb_file_path(data, "confreg", path) ? CREG_OK : fail_long_path(err);
    const char *home = getenv("HOME");
    if (home == NULL || home[0] != '/') {
        creg_fail(err, CREG_USAGE, "no folder for the store: HOME is not set");
        creg_error_hint(err, "name one: lmdb:/path/to/folder");
        return CREG_USAGE;
    }
    return creg_lmdb_file_path(home, ".local/share/confreg", path) ? CREG_OK
                                                                   : fail_long_path(err);
}

creg_status creg_lmdb_resolve(creg_slice url_path, char path[LMDB_PATH_BYTES], creg_error *err)
{
    if (url_path.size == 0)
        return default_path(path, err);
    if (url_path.size >= LMDB_PATH_BYTES)
        return fail_long_path(err);
    memcpy(path, url_path.data, url_path.size);
    path[url_path.size] = '\0';
    return CREG_OK;
}

static creg_status fail_errno(creg_error *err, int code, const char *path)
{
    return creg_lmdb_fail(err, code, path);
}

/* mkdir -p, for the user's own data folder: what is made is for nobody else's eyes. */
static creg_status make_parents(const char *path, creg_error *err)
{
    char part[LMDB_PATH_BYTES];
    snprintf(part, sizeof part, "%s", path);
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return fail_errno(err, errno, part);
        *slash = '/';
    }
    return CREG_OK;
}

/* ---- file systems ----------------------------------------------------------------------- */

bool creg_lmdb_is_network(unsigned long type)
{
    /* f_type is a signed word: SMB's numbers come sign-extended on some machines. */
    switch (type & 0xFFFFFFFFul) {
    case 0x6969:     /* NFS */
    case 0x517B:     /* SMB */
    case 0xFF534D42: /* CIFS */
    case 0xFE534D42: /* SMB2 */
    case 0x73757245: /* Coda */
    case 0x5346414F: /* AFS (OpenAFS) */
    case 0x6B414653: /* AFS (kernel) */
    case 0x564C:     /* NCP */
    case 0x01021997: /* 9P */
    case 0x00C36400: /* Ceph */
    case 0x0BD00BD0: /* Lustre */
    case 0x47504653: /* GPFS */
    case 0x19830326: /* BeeGFS */
    case 0x01161970: /* GFS2 */
    case 0x7461636F: /* OCFS2 */
        return true;
    default:
        return false;
    }
}

creg_status creg_lmdb_check_filesystem(const char *path, creg_error *err)
{
#ifdef __linux__
    struct statfs facts;
    if (statfs(path, &facts) != 0)
        return fail_errno(err, errno, path);
    if (creg_lmdb_is_network((unsigned long)facts.f_type)) {
        creg_fail(err, CREG_UNSUPPORTED,
                  "%s lies on a network file system, where LMDB loses data", path);
        creg_error_hint(err, "keep it on a local disk, or use consul:, etcd: or zookeeper:");
        return CREG_UNSUPPORTED;
    }
#else
    (void)path;
    (void)err;
#endif
    return CREG_OK;
}

uint64_t creg_lmdb_free_bytes(const char *path)
{
    struct statvfs facts;
    if (statvfs(path, &facts) != 0)
        return 0;
    return (uint64_t)facts.f_bavail * (uint64_t)facts.f_frsize;
}

/* ---- making a store --------------------------------------------------------------------- */

/* Writes the first transaction of a fresh environment. Returns an LMDB code. */
static int write_format(MDB_env *env)
{
    static char name[] = LMDB_KEY_FORMAT;
    static char text[] = LMDB_FORMAT;
    MDB_txn *txn;
    MDB_dbi dbi;
    int code = mdb_txn_begin(env, NULL, 0, &txn);
    if (code != MDB_SUCCESS)
        return code;
    MDB_val key = {.mv_size = 2, .mv_data = name};
    MDB_val data = {.mv_size = sizeof text - 1, .mv_data = text};
    code = mdb_dbi_open(txn, NULL, 0, &dbi);
    if (code == MDB_SUCCESS)
        code = mdb_put(txn, dbi, &key, &data, 0);
    if (code == MDB_SUCCESS)
        code = creg_lmdb_put_number(txn, dbi, LMDB_KEY_REVISION, 1);
    if (code == MDB_SUCCESS)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return code;
}

static int make_file(const char *file)
{
    MDB_env *env;
    int code = mdb_env_create(&env);
    if (code != MDB_SUCCESS)
        return code;
    code = mdb_env_open(env, file, MDB_NOSUBDIR | MDB_NOLOCK, 0660);
    if (code == MDB_SUCCESS)
        code = write_format(env);
    mdb_env_close(env);
    return code;
}

/* The name must be on the disk, too, before anybody is told that the store exists. */
static int sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int code = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    return code;
}

/* EEXIST: another process was first, which is as good. Where there are no links, rename. */
static int publish(const char *fresh, const char *file)
{
    if (link(fresh, file) == 0 || errno == EEXIST)
        return 0;
    if ((errno == EPERM || errno == ENOTSUP || errno == EMLINK) && rename(fresh, file) == 0)
        return 0;
    return errno;
}

static creg_status create_file(const char *path, creg_error *err)
{
    static _Atomic unsigned counter;
    char name[64];
    char fresh[LMDB_PATH_BYTES];
    char file[LMDB_PATH_BYTES];
    snprintf(name, sizeof name, ".new-%ld-%u", (long)getpid(), counter++);
    if (!creg_lmdb_file_path(path, name, fresh) || !creg_lmdb_file_path(path, "data.mdb", file))
        return fail_long_path(err);

    unlink(fresh); /* of an earlier process with this pid that died half-way */
    int code = make_file(fresh);
    if (code == MDB_SUCCESS)
        code = publish(fresh, file);
    unlink(fresh);
    if (code == MDB_SUCCESS)
        code = sync_folder(path);
    return code == MDB_SUCCESS ? CREG_OK : creg_lmdb_fail(err, code, path);
}

static creg_status fail_missing(const char *path, creg_error *err)
{
    return creg_fail(err, CREG_NOT_FOUND, "there is no store in %s", path);
}

static creg_status create_folder(const char *path, bool is_default, creg_error *err)
{
    creg_status status = is_default ? make_parents(path, err) : CREG_OK;
    if (status == CREG_OK && mkdir(path, 0700) != 0 && errno != EEXIST)
        return fail_errno(err, errno, path);
    return status;
}

creg_status creg_lmdb_create(const char *path, bool is_default,
                             const creg_store_options *options, creg_error *err)
{
    bool may_create = !options->no_create && !options->read_only;
    char file[LMDB_PATH_BYTES];
    if (!creg_lmdb_file_path(path, "data.mdb", file))
        return fail_long_path(err);
    struct stat facts;
    if (stat(path, &facts) != 0) {
        if (errno != ENOENT)
            return fail_errno(err, errno, path);
        creg_status status =
            may_create ? create_folder(path, is_default, err) : fail_missing(path, err);
        if (status != CREG_OK)
            return status;
    } else if (!S_ISDIR(facts.st_mode)) {
        return creg_fail(err, CREG_DAMAGED, "%s is a file; a store of LMDB is a folder", path);
    }
    if (stat(file, &facts) == 0)
        return CREG_OK;
    if (errno != ENOENT)
        return fail_errno(err, errno, file);
    return may_create ? create_file(path, err) : fail_missing(path, err);
}

/* ---- probing ---------------------------------------------------------------------------- */

/*
 * LMDB's first two pages are its meta pages; the one with the higher transaction id is in
 * force. These offsets are its on-disk format, version 1, on a 64-bit machine.
 */
enum {
    META_MAGIC_AT = 16,
    META_VERSION_AT = 20,
    META_PAGE_SIZE_AT = 40,
    META_LAST_PAGE_AT = 136,
    META_TXN_AT = 144,
    META_BYTES = 152
};
static const uint32_t META_MAGIC = 0xBEEFC0DE;

typedef struct meta {
    bool is_valid;
    uint32_t version;
    uint32_t page_size;
    uint64_t last_page;
    uint64_t transaction;
} meta;

static void read_meta(int fd, off_t at, meta *ret_meta)
{
    unsigned char bytes[META_BYTES];
    uint32_t magic;
    memset(ret_meta, 0, sizeof *ret_meta);
    if (pread(fd, bytes, sizeof bytes, at) != (ssize_t)sizeof bytes)
        return;
    memcpy(&magic, bytes + META_MAGIC_AT, 4);
    memcpy(&ret_meta->version, bytes + META_VERSION_AT, 4);
    memcpy(&ret_meta->page_size, bytes + META_PAGE_SIZE_AT, 4);
    memcpy(&ret_meta->last_page, bytes + META_LAST_PAGE_AT, 8);
    memcpy(&ret_meta->transaction, bytes + META_TXN_AT, 8);
    uint32_t size = ret_meta->page_size;
    ret_meta->is_valid =
        magic == META_MAGIC && size >= 256 && size <= 65536 && (size & (size - 1)) == 0;
}

static creg_status probe_fd(int fd, const char *file, bool *ret_is_short, creg_error *err)
{
    struct stat facts;
    if (fstat(fd, &facts) != 0)
        return fail_errno(err, errno, file);
    if (!S_ISREG(facts.st_mode))
        return creg_fail(err, CREG_DAMAGED, "%s is not a file", file);
    meta first;
    meta second;
    read_meta(fd, 0, &first);
    if (!first.is_valid)
        return creg_fail(err, CREG_DAMAGED,
                         facts.st_size == 0 ? "%s is empty: it was cut off"
                                            : "%s is not a file of LMDB",
                         file);
    if (first.version != 1)
        return creg_fail(err, CREG_DAMAGED, "%s has version %u of LMDB's format, not 1", file,
                         first.version);
    read_meta(fd, (off_t)first.page_size, &second);
    if (!second.is_valid || second.page_size != first.page_size)
        return creg_fail(err, CREG_DAMAGED, "%s is damaged: its second meta page is gone",
                         file);
    /* Asked last: a writer that works right now lets the file grow before the meta page. */
    if (fstat(fd, &facts) != 0)
        return fail_errno(err, errno, file);
    const meta *newest = second.transaction > first.transaction ? &second : &first;
    uint64_t pages = (uint64_t)facts.st_size / first.page_size;
    *ret_is_short = newest->last_page >= pages;
    return CREG_OK;
}

creg_status creg_lmdb_probe(const char *path, bool *ret_is_short, creg_error *err)
{
    char file[LMDB_PATH_BYTES];
    if (!creg_lmdb_file_path(path, "data.mdb", file))
        return fail_long_path(err);
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(err, errno, file);
    creg_status status = probe_fd(fd, file, ret_is_short, err);
    close(fd);
    return status;
}

/* ---- opening ---------------------------------------------------------------------------- */

/* -1 when the folder takes no such file: then nothing is written there either. */
static int take_open_lock(const char *folder)
{
    char path[LMDB_PATH_BYTES + sizeof "/open.lock"];
    snprintf(path, sizeof path, "%s/open.lock", folder);
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
    while (file >= 0 && flock(file, LOCK_EX) != 0 && errno == EINTR)
        continue;
    return file;
}

int creg_lmdb_open_env(MDB_env *env, const char *folder, unsigned flags)
{
    int lock = take_open_lock(folder);
    int code = mdb_env_open(env, folder, flags, 0660);
    if (lock >= 0)
        close(lock);
    return code;
}
