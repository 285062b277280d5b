/* SPDX-License-Identifier: MIT */
/*
 * Is the file sound? Every page in use is read, in a child process.
 *
 * LMDB has no checksums: a damaged page shows as SIGBUS, SIGSEGV, a failed assertion, an
 * endless tree, or a record that makes no sense. The child meets all of these in the place of
 * the caller, and says through a pipe how far it came. What reads well but is wrong, only the
 * digests of the registry can tell.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fail.h"
#include "store/drivers/lmdb_internal.h"
#include "store/pairs.h"

enum { REPORT_BYTES = 512 };
#define REPORT_SOUND "sound"

/* ---- in the child ----------------------------------------------------------------------- */

/* The child has one thread and one job: its pipe and the place where it is may be static. */
static int report_fd;

/* A signal, an assertion or the end of main: whatever comes first speaks, then the child ends. */
CREG_PRINTF(1, 2) static _Noreturn void report(const char *format, ...)
{
    char text[REPORT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t wanted = size < 0 ? 0 : (size_t)size < sizeof text ? (size_t)size : sizeof text - 1;
    ssize_t written = write(report_fd, text, wanted);
    _exit(written == (ssize_t)wanted ? 0 : 1);
}

static void on_assertion(MDB_env *env, const char *message)
{
    (void)env;
    report("LMDB found its own tree broken: %s", message);
}

/* Touches every byte, so that a page that is not there is met here. */
static unsigned sum_bytes(MDB_val data)
{
    const unsigned char *at = data.mv_data;
    unsigned sum = 0;
    for (size_t i = 0; i < data.mv_size; i++)
        sum += at[i];
    return sum;
}

static volatile unsigned sink; /* keeps sum_bytes() from being optimised away */

static void must(int code, const char *what)
{
    if (code != MDB_SUCCESS)
        report("%s: %s", what, mdb_strerror(code));
}

static bool is_own_key(MDB_val key)
{
    return key.mv_size > 0 && *(const char *)key.mv_data == '\0';
}

static void check_record(MDB_val key, MDB_val data, uint64_t revision)
{
    lmdb_record record;
    lmdb_key again;
    if (is_own_key(key))
        return;
    if (key.mv_size == 0 || !creg_lmdb_record_read(key, data, &record))
        report("a record is damaged, of a key that begins '%.*s'",
               (int)(key.mv_size > 100 ? 100 : key.mv_size), (const char *)key.mv_data);
    creg_slice whole = creg_lmdb_whole_key(key, &record);
    creg_lmdb_key_set(&again, whole);
    if (again.val.mv_size != key.mv_size ||
        memcmp(again.val.mv_data, key.mv_data, key.mv_size) != 0)
        report("a long key and its hash differ: '%.*s'", CREG_SHOW(whole));
    if (record.revision == 0 || record.revision > revision)
        report("key '%.*s' has revision %llu, the store has %llu", CREG_SHOW(whole),
               (unsigned long long)record.revision, (unsigned long long)revision);
}

/* Walks one of LMDB's trees from end to end; more entries than it counts is a circle. */
static void walk(MDB_txn *txn, MDB_dbi dbi, bool holds_records, uint64_t revision)
{
    MDB_cursor *cursor;
    MDB_stat stat;
    MDB_val key;
    MDB_val data;
    char last_bytes[LMDB_KEY_BYTES];
    creg_slice last = {NULL, 0};
    must(mdb_stat(txn, dbi, &stat), "the tree cannot be read");
    must(mdb_cursor_open(txn, dbi, &cursor), "the tree cannot be read");
    size_t count = 0;
    int code = mdb_cursor_get(cursor, &key, &data, MDB_FIRST);
    for (; code == MDB_SUCCESS; code = mdb_cursor_get(cursor, &key, &data, MDB_NEXT)) {
        sink += sum_bytes(data);
        if (++count > stat.ms_entries)
            report("the tree has more entries than it counts");
        if (!holds_records)
            continue;
        creg_slice now = creg_slice_make(key.mv_data, key.mv_size);
        if (key.mv_size > LMDB_KEY_BYTES || (count > 1 && creg_slice_compare(last, now) >= 0))
            report("keys are out of order, entry %zu", count);
        memcpy(last_bytes, now.data, now.size);
        last = creg_slice_make(last_bytes, now.size);
        check_record(key, data, revision);
    }
    if (code != MDB_NOTFOUND)
        must(code, "the tree cannot be read to its end");
    if (count != stat.ms_entries)
        report("the tree counts %zu entries and has %zu", stat.ms_entries, count);
    mdb_cursor_close(cursor);
}

static void walk_all(const char *path)
{
    enum { FREE_DBI = 0 }; /* LMDB's own list of free pages is a tree like the others */
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    uint64_t revision;
    must(mdb_env_create(&env), "no environment");
    must(mdb_env_set_assert(env, on_assertion), "no environment");
    must(mdb_env_set_maxreaders(env, LMDB_READERS), "no environment");
    must(creg_lmdb_open_env(env, path, MDB_RDONLY | MDB_NOTLS), "it cannot be opened");
    must(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), "it cannot be read");
    must(mdb_dbi_open(txn, NULL, 0, &dbi), "it has no database");
    must(creg_lmdb_get_number(txn, dbi, LMDB_KEY_REVISION, &revision), "it has no revision");
    walk(txn, FREE_DBI, false, 0);
    walk(txn, dbi, true, revision);
    mdb_txn_abort(txn);
    mdb_env_close(env);
}

/* The caller's handlers have no business with a child that is expected to crash. */
static void forget_handlers(void)
{
    static const int deadly[] = {SIGBUS, SIGSEGV, SIGABRT, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++)
        signal(deadly[i], SIG_DFL);
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
}

static _Noreturn void run_child(const char *path, int fd)
{
    report_fd = fd;
    forget_handlers();
    walk_all(path);
    report("%s", REPORT_SOUND);
}

/* ---- in the parent ---------------------------------------------------------------------- */

/* All that the child says, until it ends. */
static size_t read_report(int fd, char text[REPORT_BYTES])
{
    size_t size = 0;
    while (size < REPORT_BYTES - 1) {
        ssize_t got = read(fd, text + size, REPORT_BYTES - 1 - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        size += (size_t)got;
    }
    text[size] = '\0';
    return size;
}

/* 0 when it cannot be known: a program that ignores SIGCHLD gets no status of its children. */
static int signal_of(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return 0;
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static creg_status judge(const char *path, const char *text, size_t size, int signal_number,
                         creg_error *err)
{
    if (strcmp(text, REPORT_SOUND) == 0)
        return CREG_OK;
    if (size > 0)
        creg_fail(err, CREG_DAMAGED, "store in %s is damaged: %s", path, text);
    else if (signal_number == SIGBUS)
        creg_fail(err, CREG_DAMAGED, "store in %s is damaged: a page is missing (SIGBUS)",
                  path);
    else
        creg_fail(err, CREG_DAMAGED, "store in %s is damaged: reading it ended with signal %d",
                  path, signal_number);
    creg_error_hint(err, "restore a backup, or export what can still be read");
    return CREG_DAMAGED;
}

creg_status creg_lmdb_check_path(const char *path, creg_error *err)
{
    int ends[2];
    char text[REPORT_BYTES];
    if (pipe(ends) != 0)
        return creg_fail(err, CREG_IO, "no pipe for the check: error %d", errno);
    pid_t child = fork();
    if (child < 0) {
        close(ends[0]);
        close(ends[1]);
        return creg_fail(err, CREG_IO, "no process for the check: error %d", errno);
    }
    if (child == 0) {
        close(ends[0]);
        run_child(path, ends[1]);
    }
    close(ends[1]);
    size_t size = read_report(ends[0], text);
    close(ends[0]);
    return judge(path, text, size, signal_of(child), err);
}
