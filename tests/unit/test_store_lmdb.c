/* SPDX-License-Identifier: MIT */
/*
 * What can happen to a store in a file: full maps, full disks, cut, foreign and damaged files,
 * folders without rights, processes that are killed. Each test works in a folder of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "confreg/store.h"
#include "store/drivers/lmdb_internal.h"

typedef struct folder {
    char path[64];
    char url[160];
    creg_arena arena;
    creg_error err;
} folder;

static int set_up(void **state)
{
    folder *f = calloc(1, sizeof *f);
    if (f == NULL)
        return -1;
    strcpy(f->path, "/tmp/confreg-lmdb-XXXXXX");
    if (mkdtemp(f->path) == NULL) {
        free(f);
        return -1;
    }
    snprintf(f->url, sizeof f->url, "lmdb:%s", f->path);
    creg_arena_init(&f->arena, (size_t)1 << 30);
    *state = f;
    return 0;
}

static void remove_file(const folder *f, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    unlink(path);
}

static int tear_down(void **state)
{
    folder *f = *state;
    remove_file(f, "data.mdb");
    remove_file(f, "lock.mdb");
    remove_file(f, "copy.mdb");
    rmdir(f->path);
    creg_arena_clear(&f->arena);
    free(f);
    return 0;
}

static creg_store *must_open_with(folder *f, const creg_store_options *options)
{
    creg_store *store = NULL;
    if (creg_store_open(f->url, options, &store, &f->err) != CREG_OK)
        fail_msg("opening: %s", f->err.message);
    return store;
}

static creg_store *must_open(folder *f)
{
    return must_open_with(f, NULL);
}

static void check_open_fails(folder *f, creg_status wanted, const char *part)
{
    creg_store *store = NULL;
    creg_status status = creg_store_open(f->url, NULL, &store, &f->err);
    if (status != wanted || strstr(f->err.message, part) == NULL)
        fail_msg("opening gave %s: '%s'; wanted %s with '%s'", creg_status_name(status),
                 status == CREG_OK ? "" : f->err.message, creg_status_name(wanted), part);
}

static void must_put(folder *f, creg_store *store, const char *key, const char *value)
{
    creg_status status =
        creg_store_put(store, creg_slice_of(key), creg_slice_of(value), &f->err);
    if (status != CREG_OK)
        fail_msg("put %s gave %s: %s", key, creg_status_name(status), f->err.message);
}

static bool holds(folder *f, creg_store *store, const char *key, const char *value)
{
    creg_slice found;
    return creg_store_get(store, creg_slice_of(key), &f->arena, &found, NULL, &f->err) ==
               CREG_OK &&
           creg_slice_equal(found, creg_slice_of(value));
}

static size_t count_below(folder *f, creg_store *store, const char *prefix)
{
    creg_pairs pairs = {NULL, 0};
    assert_int_equal(creg_store_list(store, creg_slice_of(prefix), &f->arena, &pairs, &f->err),
                     CREG_OK);
    return pairs.size;
}

/* `count` puts of `size` bytes below t/ in one transaction. */
static creg_status put_many(folder *f, creg_store *store, size_t count, size_t size,
                            char letter)
{
    creg_operation *operations = creg_arena_calloc(&f->arena, count, sizeof *operations);
    char *value = creg_arena_alloc(&f->arena, size + 1);
    memset(value, letter, size);
    for (size_t i = 0; i < count; i++) {
        char key[32];
        snprintf(key, sizeof key, "t/%07zu", i);
        operations[i] = (creg_operation){.kind = CREG_OPERATION_PUT,
                                         .key = creg_arena_copy(&f->arena, creg_slice_of(key)),
                                         .value = creg_slice_make(value, size)};
    }
    creg_transaction transaction = {.operations = operations, .operation_count = count};
    return creg_store_apply(store, &transaction, NULL, &f->err);
}

static void data_path(const folder *f, char path[128])
{
    snprintf(path, 128, "%s/data.mdb", f->path);
}

static off_t data_size(const folder *f)
{
    char path[128];
    struct stat facts;
    data_path(f, path);
    return stat(path, &facts) == 0 ? facts.st_size : -1;
}

/* Runs `work` in a child; its exit code, or 1000 + the signal that ended it. */
static int in_child(folder *f, int (*work)(folder *f))
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(work(f));
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* ---- creating --------------------------------------------------------------------------- */

static void test_lmdb__a_new_folder_is_private(void **state)
{
    folder *f = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/new", f->path);
    snprintf(f->url, sizeof f->url, "lmdb:%s", path);
    creg_store *store = must_open(f);
    struct stat facts;
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0700);
    creg_store_close(store);
    store = must_open(f);
    creg_store_close(store);
    char file[160];
    snprintf(file, sizeof file, "%s/data.mdb", path);
    unlink(file);
    snprintf(file, sizeof file, "%s/lock.mdb", path);
    unlink(file);
    snprintf(file, sizeof file, "%s/open.lock", path);
    unlink(file);
    assert_int_equal(rmdir(path), 0); /* nothing else was left in it */
}

static void test_lmdb__the_default_folder_follows_xdg(void **state)
{
    folder *f = *state;
    char data[128];
    snprintf(data, sizeof data, "%s/deep/share", f->path);
    setenv("XDG_DATA_HOME", data, 1);
    creg_store *store;
    assert_int_equal(creg_store_open(NULL, NULL, &store, &f->err), CREG_OK);
    must_put(f, store, "a", "1");
    creg_store_close(store);
    assert_int_equal(creg_store_open("lmdb:", NULL, &store, &f->err), CREG_OK);
    assert_true(holds(f, store, "a", "1"));
    creg_store_close(store);
    unsetenv("XDG_DATA_HOME");
    char command[256];
    snprintf(command, sizeof command, "rm -r '%s/deep'", f->path);
    assert_int_equal(system(command), 0);
}

static void test_lmdb__no_create_and_read_only_make_nothing(void **state)
{
    folder *f = *state;
    creg_store *store;
    creg_store_options options = {.no_create = true};
    assert_int_equal(creg_store_open(f->url, &options, &store, &f->err), CREG_NOT_FOUND);
    options = (creg_store_options){.read_only = true};
    assert_int_equal(creg_store_open(f->url, &options, &store, &f->err), CREG_NOT_FOUND);
    assert_int_equal(data_size(f), -1);
}

static void test_lmdb__a_missing_parent_is_an_error(void **state)
{
    folder *f = *state;
    snprintf(f->url, sizeof f->url, "lmdb:%s/no/such", f->path);
    check_open_fails(f, CREG_NOT_FOUND, "no/such");
}

static void *open_at_once(void *data)
{
    folder *f = data;
    creg_store *store = NULL;
    creg_error err;
    creg_status status = creg_store_open(f->url, NULL, &store, &err);
    if (status == CREG_OK)
        status = creg_store_put(store, creg_slice_of("a"), creg_slice_of("1"), &err);
    creg_store_close(store);
    return status == CREG_OK ? NULL : data;
}

static void test_lmdb__threads_may_create_at_once(void **state)
{
    folder *f = *state;
    pthread_t threads[8];
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, open_at_once, f), 0);
    for (int i = 0; i < 8; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
}

static int open_and_put(folder *f)
{
    return open_at_once(f) == NULL ? 0 : 1;
}

static void test_lmdb__processes_may_create_at_once(void **state)
{
    folder *f = *state;
    pid_t children[6];
    fflush(NULL);
    for (int i = 0; i < 6; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(open_and_put(f));
    }
    for (int i = 0; i < 6; i++) {
        int status;
        waitpid(children[i], &status, 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    creg_store *store = must_open(f);
    assert_true(holds(f, store, "a", "1"));
    creg_store_close(store);
}

/*
 * A process that is killed inside mdb_env_open must not have let another one in behind it:
 * whoever holds open.lock is alone in there, and a second opener waits.
 */
static void test_lmdb__openers_wait_for_each_other(void **state)
{
    folder *f = *state;
    creg_store_close(must_open(f));
    char path[600];
    snprintf(path, sizeof path, "%s/open.lock", f->path);
    int lock = open(path, O_RDWR);
    assert_true(lock >= 0);
    assert_int_equal(flock(lock, LOCK_EX), 0);

    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        close(lock);
        _exit(open_and_put(f));
    }
    struct timespec pause = {.tv_nsec = 200 * 1000 * 1000};
    nanosleep(&pause, NULL);
    int status;
    assert_int_equal(waitpid(child, &status, WNOHANG), 0);

    close(lock);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- the map ---------------------------------------------------------------------------- */

static void test_lmdb__the_map_grows_within_a_transaction(void **state)
{
    folder *f = *state;
    creg_store_options options = {.map_size = 64 * 1024};
    creg_store *store = must_open_with(f, &options);
    assert_int_equal(put_many(f, store, 20000, 100, 'a'), CREG_OK);
    assert_int_equal(count_below(f, store, "t"), 20000);
    assert_true(data_size(f) > 1024 * 1024);
    assert_int_equal(put_many(f, store, 40000, 100, 'b'), CREG_OK);
    assert_int_equal(count_below(f, store, "t"), 40000);
    assert_int_equal(creg_store_check(store, &f->err), CREG_OK);
    creg_store_close(store);
}

static int grow_in_child(folder *f)
{
    creg_store_options options = {.map_size = (uint64_t)1 << 30};
    creg_store *store = NULL;
    if (creg_store_open(f->url, &options, &store, NULL) != CREG_OK)
        return 1;
    if (put_many(f, store, 20000, 100, 'c') != CREG_OK)
        return 2;
    creg_store_close(store);
    return 0;
}

static void test_lmdb__another_process_grows_the_map(void **state)
{
    folder *f = *state;
    creg_store_options options = {.map_size = 64 * 1024};
    creg_store *store = must_open_with(f, &options);
    must_put(f, store, "a", "1");
    assert_true(holds(f, store, "a", "1"));
    assert_int_equal(in_child(f, grow_in_child), 0);
    assert_int_equal(count_below(f, store, "t"), 20000); /* a reader meets the larger file */
    must_put(f, store, "b", "2");                        /* and so does a writer */
    assert_true(holds(f, store, "b", "2"));
    creg_store_close(store);
}

/* Readers are at work while the map is replaced under them. */
typedef struct reading {
    folder *f;
    creg_store *store;
    atomic_bool is_over;
    atomic_ulong failures;
} reading;

static void *read_on(void *data)
{
    reading *r = data;
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 28);
    while (!atomic_load(&r->is_over)) {
        creg_slice value;
        creg_pairs pairs;
        r->failures +=
            creg_store_get(r->store, creg_slice_of("a"), &arena, &value, NULL, NULL) != CREG_OK;
        r->failures +=
            creg_store_list(r->store, creg_slice_of("t"), &arena, &pairs, NULL) != CREG_OK;
        creg_arena_reset(&arena);
    }
    creg_arena_clear(&arena);
    return NULL;
}

static void test_lmdb__the_map_grows_beside_readers(void **state)
{
    folder *f = *state;
    creg_store_options options = {.map_size = 64 * 1024};
    reading r = {.f = f, .store = must_open_with(f, &options)};
    must_put(f, r.store, "a", "1");
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, read_on, &r);
    for (size_t count = 500; count <= 8000; count *= 2)
        assert_int_equal(put_many(f, r.store, count, 200, 'x'), CREG_OK);
    atomic_store(&r.is_over, true);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(r.failures, 0);
    creg_store_close(r.store);
}

static int open_with_little_memory(folder *f)
{
    /* Half a gigabyte more than this process has already. */
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%lu", &pages) != 1)
        return 3;
    fclose(file);
    rlim_t most = (rlim_t)pages * 4096 + ((rlim_t)512 << 20);
    struct rlimit limit = {most, most};
    setrlimit(RLIMIT_AS, &limit);
    creg_store *store = NULL;
    if (creg_store_open(f->url, NULL, &store, &f->err) != CREG_OK) {
        fprintf(stderr, "%s\n", f->err.message);
        return 1;
    }
    creg_status status = creg_store_put(store, creg_slice_of("a"), creg_slice_of("1"), NULL);
    creg_store_close(store);
    return status == CREG_OK ? 0 : 2;
}

static void test_lmdb__little_address_space_is_enough(void **state)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    (void)state;
    (void)open_with_little_memory;
    skip(); /* the sanitizer itself takes terabytes of addresses */
#else
    assert_int_equal(in_child(*state, open_with_little_memory), 0);
#endif
}

static void test_lmdb__handles_of_a_process_share_one_file(void **state)
{
    folder *f = *state;
    creg_store_options reader = {.read_only = true};
    creg_store *first = must_open(f);
    must_put(f, first, "a", "1");
    creg_store *second = must_open_with(f, &reader);
    creg_store_close(first);
    assert_true(holds(f, second, "a", "1"));
    /* The one that is left only reads: a writer makes the shared file writable again. */
    creg_store *third = must_open(f);
    must_put(f, third, "a", "2");
    assert_true(holds(f, second, "a", "2"));
    assert_int_equal(creg_store_put(second, creg_slice_of("a"), creg_slice_of("3"), &f->err),
                     CREG_PERMISSION);
    creg_store_close(second);
    must_put(f, third, "a", "4");
    creg_store_close(third);

    second = must_open_with(f, &reader);
    first = must_open(f); /* from a file opened to read only to one opened to write */
    must_put(f, first, "a", "5");
    assert_true(holds(f, second, "a", "5"));
    creg_store_close(first);
    creg_store_close(second);
}

/* ---- cut, foreign and damaged files ----------------------------------------------------- */

static void make_store(folder *f)
{
    creg_store *store = must_open(f);
    assert_int_equal(put_many(f, store, 3000, 300, 'v'), CREG_OK);
    creg_store_close(store);
}

static void test_lmdb__a_cut_file_is_refused_at_any_length(void **state)
{
    folder *f = *state;
    make_store(f);
    off_t whole = data_size(f);
    char path[128];
    data_path(f, path);
    for (int i = 60; i >= 0; i--) {
        assert_int_equal(truncate(path, whole * i / 64), 0);
        creg_store *store = NULL;
        creg_status status = creg_store_open(f->url, NULL, &store, &f->err);
        if (status != CREG_DAMAGED)
            fail_msg("cut to %lld of %lld bytes it gave %s", (long long)(whole * i / 64),
                     (long long)whole, creg_status_name(status));
        assert_true(f->err.message[0] != '\0');
    }
}

/* The last pages of a file may be free and never written: shorter, and sound all the same. */
static void test_lmdb__a_short_but_sound_file_opens(void **state)
{
    folder *f = *state;
    creg_store *store = must_open(f);
    char path[128];
    data_path(f, path);
    /* A large value at the end of the file, deleted again: its pages are free. */
    must_put(f, store, "a", "1");
    char *large = creg_arena_alloc(&f->arena, 400001);
    memset(large, 'x', 400000);
    large[400000] = '\0';
    must_put(f, store, "large", large);
    off_t with_large = data_size(f);
    creg_operation gone = {.kind = CREG_OPERATION_DELETE, .key = creg_slice_of("large")};
    creg_transaction transaction = {.operations = &gone, .operation_count = 1};
    assert_int_equal(creg_store_apply(store, &transaction, NULL, &f->err), CREG_OK);
    for (int i = 0; i < 10; i++)
        must_put(f, store, "a", "1"); /* what is in use moves to the free pages in front */
    creg_store_close(store);
    bool is_short = false;
    int opened = 0;
    for (off_t cut = 4096; cut <= 300000; cut += 4096) {
        assert_int_equal(truncate(path, with_large - cut), 0);
        store = NULL;
        creg_status status = creg_store_open(f->url, NULL, &store, &f->err);
        if (status != CREG_OK)
            break; /* from here on a page in use was cut, and that is said */
        opened++;
        assert_true(holds(f, store, "a", "1"));
        creg_store_close(store);
    }
    assert_int_equal(creg_lmdb_probe(f->path, &is_short, &f->err), CREG_OK);
    assert_true(is_short);
    assert_true(opened > 0);
}

static void write_data(const folder *f, const char *bytes, size_t size)
{
    char path[128];
    data_path(f, path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static void test_lmdb__foreign_files_are_refused(void **state)
{
    folder *f = *state;
    char text[9000];
    memset(text, 'x', sizeof text);
    write_data(f, text, sizeof text);
    check_open_fails(f, CREG_DAMAGED, "not a file of LMDB");
    write_data(f, "SQLite format 3", 16);
    check_open_fails(f, CREG_DAMAGED, "not a file of LMDB");
    write_data(f, "", 0);
    check_open_fails(f, CREG_DAMAGED, "empty");
}

static void test_lmdb__a_file_in_place_of_the_folder_is_refused(void **state)
{
    folder *f = *state;
    make_store(f);
    snprintf(f->url, sizeof f->url, "lmdb:%s/data.mdb", f->path);
    check_open_fails(f, CREG_DAMAGED, "folder");
}

static void test_lmdb__lmdb_files_of_others_are_refused(void **state)
{
    folder *f = *state;
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    char text[] = "theirs";
    MDB_val val = {sizeof text, text};
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, f->path, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &val, &val, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    check_open_fails(f, CREG_DAMAGED, "no store of this program");
}

static void test_lmdb__a_format_of_the_future_is_refused(void **state)
{
    folder *f = *state;
    make_store(f);
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    char name[] = LMDB_KEY_FORMAT;
    char text[] = "confreg 9";
    MDB_val key = {2, name};
    MDB_val data = {sizeof text - 1, text};
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, f->path, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &key, &data, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    check_open_fails(f, CREG_DAMAGED, "confreg 9");
}

static void overwrite(const folder *f, off_t at, int byte, size_t size)
{
    char path[128];
    char bytes[4096];
    memset(bytes, byte, sizeof bytes);
    data_path(f, path);
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, size, at), (ssize_t)size);
    close(fd);
}

static void test_lmdb__a_broken_meta_page_is_refused(void **state)
{
    folder *f = *state;
    make_store(f);
    overwrite(f, 16, 0x55, 4);
    check_open_fails(f, CREG_DAMAGED, "not a file of LMDB");
}

/* Whatever page is destroyed: check() lives, and says DAMAGED for every page that is in use. */
static void test_lmdb__check_survives_every_damaged_page(void **state)
{
    folder *f = *state;
    make_store(f);
    char path[128];
    data_path(f, path);
    off_t pages = data_size(f) / 4096;
    char *whole = creg_arena_alloc(&f->arena, (size_t)data_size(f));
    int fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, whole, (size_t)data_size(f)), data_size(f));
    close(fd);
    int found = 0;
    int tried = 0;
    for (off_t page = 2; page < pages; page += 1 + pages / 60) {
        creg_store *store = must_open(f);
        overwrite(f, page * 4096, page % 2 == 0 ? 0 : 0xA5, 4096);
        creg_status status = creg_store_check(store, &f->err);
        assert_true(status == CREG_OK || status == CREG_DAMAGED);
        tried++;
        found += status == CREG_DAMAGED;
        fd = open(path, O_WRONLY);
        assert_int_equal(pwrite(fd, whole + page * 4096, 4096, page * 4096), 4096);
        close(fd);
        assert_int_equal(creg_store_check(store, &f->err), CREG_OK);
        creg_store_close(store);
    }
    /* The few that are not found are free pages. */
    if (found * 10 < tried * 8)
        fail_msg("only %d of %d damaged pages were found", found, tried);
}

static void test_lmdb__check_finds_wrong_records(void **state)
{
    folder *f = *state;
    make_store(f);
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    char name[] = "t/0000007";
    char text[] = "short";
    MDB_val key = {sizeof name - 1, name};
    MDB_val data = {sizeof text - 1, text};
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, f->path, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &key, &data, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    creg_store *store = must_open(f);
    assert_int_equal(creg_store_check(store, &f->err), CREG_DAMAGED);
    assert_non_null(strstr(f->err.message, "t/0000007"));
    creg_slice value;
    assert_int_equal(
        creg_store_get(store, creg_slice_of(name), &f->arena, &value, NULL, &f->err),
        CREG_DAMAGED);
    creg_store_close(store);
}

/* ---- no space, no rights ---------------------------------------------------------------- */

/* RLIMIT_FSIZE is a disk that is full for this process only. */
static int fill_the_disk(folder *f)
{
    creg_store *store = NULL;
    if (creg_store_open(f->url, NULL, &store, NULL) != CREG_OK)
        return 1;
    if (creg_store_put(store, creg_slice_of("a"), creg_slice_of("1"), NULL) != CREG_OK)
        return 2;
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {256 * 1024, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &limit);
    creg_status status = put_many(f, store, 5000, 200, 'x');
    if (status != CREG_NO_SPACE) {
        fprintf(stderr, "%s: %s\n", creg_status_name(status), f->err.message);
        return 3;
    }
    if (strstr(f->err.message, "free") == NULL)
        return 4;
    if (count_below(f, store, "t") != 0 || !holds(f, store, "a", "1"))
        return 5;
    limit.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &limit);
    if (put_many(f, store, 5000, 200, 'y') != CREG_OK || count_below(f, store, "t") != 5000)
        return 6;
    if (creg_store_check(store, NULL) != CREG_OK)
        return 7;
    creg_store_close(store);
    return 0;
}

static void test_lmdb__a_full_disk_changes_nothing(void **state)
{
    assert_int_equal(in_child(*state, fill_the_disk), 0);
}

/* A real one, where the test may mount: every size from "just opened" on fails or works whole. */
static void test_lmdb__a_full_file_system_changes_nothing(void **state)
{
    folder *f = *state;
    char command[256];
    for (int kib = 200; kib <= 1500; kib += 100) {
        snprintf(command, sizeof command, "mount -t tmpfs -o size=%dk none %s 2>/dev/null", kib,
                 f->path);
        if (getuid() != 0 || system(command) != 0)
            skip();
        creg_store *store = must_open(f);
        must_put(f, store, "a", "1");
        creg_status status = put_many(f, store, 3000, 200, 'x');
        size_t there = count_below(f, store, "t");
        bool is_kept = holds(f, store, "a", "1");
        creg_status sound = creg_store_check(store, NULL);
        creg_store_close(store);
        snprintf(command, sizeof command, "umount %s", f->path);
        assert_int_equal(system(command), 0);
        if (status != CREG_OK && status != CREG_NO_SPACE)
            fail_msg("%d KiB gave %s: %s", kib, creg_status_name(status), f->err.message);
        assert_int_equal(there, status == CREG_OK ? 3000 : 0);
        assert_true(is_kept);
        assert_int_equal(sound, CREG_OK);
    }
}

static int become_nobody(void)
{
    return setgid(65534) != 0 || setuid(65534) != 0;
}

static int open_as_nobody(folder *f)
{
    creg_store *store = NULL;
    if (become_nobody() != 0)
        return 100;
    return creg_store_open(f->url, NULL, &store, &f->err) == CREG_PERMISSION ? 0 : 1;
}

static void test_lmdb__no_rights_is_permission(void **state)
{
    folder *f = *state;
    if (getuid() != 0)
        skip();
    make_store(f);
    assert_int_equal(in_child(f, open_as_nobody), 0); /* the folder is closed: 0700 */
    char path[128];
    data_path(f, path);
    chmod(f->path, 0555);
    chmod(path, 0444);
    assert_int_equal(in_child(f, open_as_nobody), 0); /* it can be read, not written */
    snprintf(f->url, sizeof f->url, "lmdb:%s/new", f->path);
    assert_int_equal(in_child(f, open_as_nobody), 0); /* no folder can be made there */
    chmod(f->path, 0700);
}

static void test_lmdb__network_file_systems_are_known(void **state)
{
    (void)state;
    assert_true(creg_lmdb_is_network(0x6969));
    assert_true(creg_lmdb_is_network(0xFF534D42));
    assert_true(creg_lmdb_is_network(~0ul << 32 | 0xFE534D42));
    assert_false(creg_lmdb_is_network(0xEF53));     /* ext4 */
    assert_false(creg_lmdb_is_network(0x01021994)); /* tmpfs */
    assert_false(creg_lmdb_is_network(0x58465342)); /* xfs */
}

/* ---- processes that die ----------------------------------------------------------------- */

/* Writes n/0, n/1, ... and tells each through the pipe only after it is acknowledged. */
static int write_until_killed(folder *f, int fd)
{
    creg_store *store = NULL;
    if (creg_store_open(f->url, NULL, &store, NULL) != CREG_OK)
        return 1;
    for (uint32_t i = 0;; i++) {
        char one[24];
        char two[24];
        snprintf(one, sizeof one, "p%d/%u/a", (int)getpid(), i);
        snprintf(two, sizeof two, "p%d/%u/b", (int)getpid(), i);
        creg_operation operations[] = {{.kind = CREG_OPERATION_PUT,
                                        .key = creg_slice_of(one),
                                        .value = creg_slice_of(one)},
                                       {.kind = CREG_OPERATION_PUT,
                                        .key = creg_slice_of(two),
                                        .value = creg_slice_of(one)}};
        creg_transaction transaction = {.operations = operations, .operation_count = 2};
        if (creg_store_apply(store, &transaction, NULL, NULL) != CREG_OK ||
            write(fd, &i, sizeof i) != (ssize_t)sizeof i)
            return 2;
    }
}

static void sleep_us(long duration)
{
    struct timespec pause = {0, duration * 1000};
    nanosleep(&pause, NULL);
}

/* Everything that was acknowledged is there, and no transaction is there by half. */
static void check_after_kill(folder *f, pid_t child, uint32_t acknowledged)
{
    creg_store *store = must_open(f);
    char prefix[24];
    snprintf(prefix, sizeof prefix, "p%d", (int)child);
    size_t count = count_below(f, store, prefix);
    assert_true(count % 2 == 0);
    if (count / 2 < acknowledged)
        fail_msg("%u were acknowledged, %zu are there", acknowledged, count / 2);
    if (count / 2 > acknowledged + 1)
        fail_msg("%u were acknowledged, but %zu are there", acknowledged, count / 2);
    must_put(f, store, "after", "1");
    creg_store_close(store);
}

static void test_lmdb__nothing_acknowledged_is_lost_by_a_kill(void **state)
{
    enum { KILLS = 50 };
    folder *f = *state;
    unsigned total = 0;
    for (int i = 0; i < KILLS; i++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) {
            close(ends[0]);
            _exit(write_until_killed(f, ends[1]));
        }
        close(ends[1]);
        uint32_t number;
        uint32_t acknowledged = 0;
        /* At least a few, then at any moment. */
        while (acknowledged < 3 && read(ends[0], &number, sizeof number) > 0)
            acknowledged = number + 1;
        sleep_us(i * 211 % 4000);
        kill(child, SIGKILL);
        while (read(ends[0], &number, sizeof number) == (ssize_t)sizeof number)
            acknowledged = number + 1;
        close(ends[0]);
        waitpid(child, NULL, 0);
        check_after_kill(f, child, acknowledged);
        total += acknowledged;
    }
    assert_true(total >= 3 * KILLS);
    creg_store *store = must_open(f);
    assert_int_equal(creg_store_check(store, &f->err), CREG_OK);
    creg_store_close(store);
}

/* Killed while it reads, a process leaves slots behind; they are taken back. */
static int die_reading(folder *f)
{
    creg_store *store = NULL;
    if (creg_store_open(f->url, NULL, &store, NULL) != CREG_OK)
        return 1;
    creg_slice value;
    creg_store_get(store, creg_slice_of("a"), &f->arena, &value, NULL, NULL);
    return 0; /* without closing */
}

static unsigned slots_in_use(folder *f, creg_store *store)
{
    creg_pairs facts = {NULL, 0};
    assert_int_equal(creg_store_info(store, &f->arena, &facts, &f->err), CREG_OK);
    for (size_t i = 0; i < facts.size; i++)
        if (creg_slice_equal(facts.items[i].key, creg_slice_of("reader_slots")))
            return (unsigned)atoi(facts.items[i].value.data);
    fail_msg("reader_slots is not among the facts");
    return 0;
}

static void test_lmdb__slots_of_dead_readers_are_taken_back(void **state)
{
    folder *f = *state;
    creg_store *keeper = must_open(f);
    must_put(f, keeper, "a", "1");
    for (int i = 0; i < 20; i++)
        assert_int_equal(in_child(f, die_reading), 0);
    assert_true(slots_in_use(f, keeper) < 10);
    creg_store_close(keeper);
}

static creg_store *parents;

static int use_both_handles(folder *f)
{
    creg_slice value;
    if (creg_store_get(parents, creg_slice_of("a"), &f->arena, &value, NULL, NULL) !=
        CREG_FORKED)
        return 1;
    creg_store *own = NULL;
    if (creg_store_open(f->url, NULL, &own, NULL) != CREG_OK)
        return 2;
    if (creg_store_put(own, creg_slice_of("child"), creg_slice_of("1"), NULL) != CREG_OK)
        return 3;
    creg_store_close(parents);
    if (!holds(f, own, "child", "1"))
        return 4;
    creg_store_close(own);
    return 0;
}

static void test_lmdb__a_hundred_children_leave_the_parent_alone(void **state)
{
    folder *f = *state;
    parents = must_open(f);
    must_put(f, parents, "a", "1");
    for (int i = 0; i < 100; i++) {
        assert_int_equal(in_child(f, use_both_handles), 0);
        assert_true(holds(f, parents, "child", "1"));
        if (i % 10 == 0)
            must_put(f, parents, "a", "1");
    }
    creg_store_close(parents);
}

/* ---- long runs of puts ------------------------------------------------------------------ */

enum { RUN_KEYS = 2000, FOLLOWERS = 60, LARGE_VALUE = 9000 };

static void put_followers(folder *f, creg_store *store, creg_slice large)
{
    for (int i = 0; i < FOLLOWERS; i++) {
        char key[32];
        snprintf(key, sizeof key, "z/%02d", i);
        creg_slice value = i % 7 == 0 ? large : creg_slice_of(key);
        assert_int_equal(creg_store_put(store, creg_slice_of(key), value, &f->err), CREG_OK);
    }
    assert_int_equal(creg_store_put(store, creg_slice_of("a"), creg_slice_of("1"), &f->err),
                     CREG_OK);
}

/* A sorted run, then the deletion of a key that had to make room for it. */
static void apply_run(folder *f, creg_store *store)
{
    static char keys[RUN_KEYS][64];
    static creg_operation operations[RUN_KEYS + 1];
    for (int i = 0; i < RUN_KEYS; i++) {
        snprintf(keys[i], sizeof keys[i], "m/instances/of/somebody/nodes/slave%04d", i);
        operations[i] = (creg_operation){.kind = CREG_OPERATION_PUT,
                                         .key = creg_slice_of(keys[i]),
                                         .value = creg_slice_of("some value of a property")};
    }
    operations[RUN_KEYS] =
        (creg_operation){.kind = CREG_OPERATION_DELETE, .key = creg_slice_of("z/01")};
    creg_transaction transaction = {.operations = operations, .operation_count = RUN_KEYS + 1};
    assert_int_equal(creg_store_apply(store, &transaction, NULL, &f->err), CREG_OK);
}

static size_t leaf_pages(const folder *f)
{
    MDB_env *env;
    MDB_stat facts;
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, f->path, MDB_RDONLY, 0600), 0);
    assert_int_equal(mdb_env_stat(env, &facts), 0);
    mdb_env_close(env);
    return facts.ms_leaf_pages;
}

static void check_followers(folder *f, creg_store *store, creg_slice large,
                            const creg_pairs *before)
{
    creg_pairs pairs;
    assert_int_equal(creg_store_list(store, creg_slice_of("z"), &f->arena, &pairs, &f->err),
                     CREG_OK);
    assert_int_equal(pairs.size, FOLLOWERS - 1);
    for (size_t i = 0; i < pairs.size; i++) {
        size_t number = i == 0 ? 0 : i + 1;
        const creg_pair *then = &before->items[number];
        assert_true(creg_slice_equal(pairs.items[i].key, then->key));
        assert_true(creg_slice_equal(pairs.items[i].value, then->value));
        assert_int_equal(pairs.items[i].version.major, then->version.major);
    }
    assert_int_equal(before->items[0].value.size, large.size);
}

static void test_lmdb__a_long_run_fills_pages_and_leaves_what_follows_as_it_was(void **state)
{
    folder *f = *state;
    static char bytes[LARGE_VALUE];
    memset(bytes, 'x', sizeof bytes);
    creg_slice large = creg_slice_make(bytes, sizeof bytes);
    creg_store *store = NULL;
    assert_int_equal(creg_store_open(f->url, NULL, &store, &f->err), CREG_OK);
    put_followers(f, store, large);
    creg_pairs before;
    assert_int_equal(creg_store_list(store, creg_slice_of("z"), &f->arena, &before, &f->err),
                     CREG_OK);
    apply_run(f, store);
    check_followers(f, store, large, &before);
    creg_pairs run;
    assert_int_equal(creg_store_list(store, creg_slice_of("m"), &f->arena, &run, &f->err),
                     CREG_OK);
    assert_int_equal(run.size, RUN_KEYS);
    creg_store_close(store);
    /* 2,000 records of 39 + 33 + 10 bytes: half-full pages would be 80. */
    assert_in_range(leaf_pages(f), 35, 52);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_lmdb__a_long_run_fills_pages_and_leaves_what_follows_as_it_was),
        TEST(test_lmdb__a_new_folder_is_private),
        TEST(test_lmdb__the_default_folder_follows_xdg),
        TEST(test_lmdb__no_create_and_read_only_make_nothing),
        TEST(test_lmdb__a_missing_parent_is_an_error),
        TEST(test_lmdb__threads_may_create_at_once),
        TEST(test_lmdb__processes_may_create_at_once),
        TEST(test_lmdb__openers_wait_for_each_other),
        TEST(test_lmdb__the_map_grows_within_a_transaction),
        TEST(test_lmdb__another_process_grows_the_map),
        TEST(test_lmdb__the_map_grows_beside_readers),
        TEST(test_lmdb__little_address_space_is_enough),
        TEST(test_lmdb__handles_of_a_process_share_one_file),
        TEST(test_lmdb__a_cut_file_is_refused_at_any_length),
        TEST(test_lmdb__a_short_but_sound_file_opens),
        TEST(test_lmdb__foreign_files_are_refused),
        TEST(test_lmdb__a_file_in_place_of_the_folder_is_refused),
        TEST(test_lmdb__lmdb_files_of_others_are_refused),
        TEST(test_lmdb__a_format_of_the_future_is_refused),
        TEST(test_lmdb__a_broken_meta_page_is_refused),
        TEST(test_lmdb__check_survives_every_damaged_page),
        TEST(test_lmdb__check_finds_wrong_records),
        TEST(test_lmdb__a_full_disk_changes_nothing),
        TEST(test_lmdb__a_full_file_system_changes_nothing),
        TEST(test_lmdb__no_rights_is_permission),
        TEST(test_lmdb__network_file_systems_are_known),
        TEST(test_lmdb__nothing_acknowledged_is_lost_by_a_kill),
        TEST(test_lmdb__slots_of_dead_readers_are_taken_back),
        TEST(test_lmdb__a_hundred_children_leave_the_parent_alone),
    };
    return cmocka_run_group_tests_name("store/lmdb", tests, NULL, NULL);
}
