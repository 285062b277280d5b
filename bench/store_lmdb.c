/* SPDX-License-Identifier: MIT */
/*
 * What the store in a file costs: store_lmdb [FOLDER]
 *
 * Median of many runs of: one get, one put with its sync, a transaction of 14,277 puts (an
 * instance with 200 nodes), a list of them, and the same for the bare library where that is a
 * fair question (the get). One line each: name, median, unit.
 */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "confreg/store.h"

enum { KEYS = 14277, GETS = 200000, BATCH = 100, PUTS = 200, TREES = 25, LISTS = 40 };

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static void report(const char *name, double *samples, size_t count)
{
    qsort(samples, count, sizeof *samples, compare);
    printf("%-34s %12.0f ns   (best %.0f, p90 %.0f)\n", name, samples[count / 2], samples[0],
           samples[count * 9 / 10]);
}

static void must(creg_status status, const creg_error *err)
{
    if (status == CREG_OK)
        return;
    fprintf(stderr, "%s: %s\n", creg_status_name(status), err->message);
    exit(1);
}

static char keys[KEYS][96];
static creg_operation operations[KEYS];

/* The shape of a real instance: 200 nodes of 71 properties. `shuffles`: in no order at all. */
static void make_operations(int id, bool shuffles)
{
    for (int i = 0; i < KEYS; i++) {
        int at = shuffles ? (int)((long)i * 7919 % KEYS) : i;
        snprintf(keys[i], sizeof keys[i], "instances/jlopez/cdh/5.7.0/%d/nodes/slave%03d/p%02d",
                 id, at / 71, at % 71);
        operations[i] = (creg_operation){.kind = CREG_OPERATION_PUT,
                                         .key = creg_slice_of(keys[i]),
                                         .value = creg_slice_of("a value of some bytes")};
    }
}

static void apply_tree(creg_store *store, int id, bool shuffles, double *sample,
                       creg_error *err)
{
    make_operations(id, shuffles);
    creg_transaction transaction = {.operations = operations, .operation_count = KEYS};
    double start = now_ns();
    must(creg_store_apply(store, &transaction, NULL, err), err);
    *sample = now_ns() - start;
    char prefix[64];
    snprintf(prefix, sizeof prefix, "instances/jlopez/cdh/5.7.0/%d", id);
    creg_operation gone = {.kind = CREG_OPERATION_DELETE_TREE, .key = creg_slice_of(prefix)};
    creg_transaction clean = {.operations = &gone, .operation_count = 1};
    must(creg_store_apply(store, &clean, NULL, err), err);
}

static void bench_trees(creg_store *store, creg_error *err)
{
    double samples[TREES];
    for (int i = 0; i < TREES; i++)
        apply_tree(store, 7, false, &samples[i], err);
    report("14,277 puts in order, with fsync", samples, TREES);
    for (int i = 0; i < TREES; i++)
        apply_tree(store, 7, true, &samples[i], err);
    report("14,277 puts shuffled, with fsync", samples, TREES);
}

static void bench_puts(creg_store *store, creg_error *err)
{
    double samples[PUTS];
    for (int i = 0; i < PUTS; i++) {
        double start = now_ns();
        must(creg_store_put(store, creg_slice_of(keys[i * 37]), creg_slice_of("new"), err),
             err);
        samples[i] = now_ns() - start;
    }
    report("put with fsync", samples, PUTS);
}

static void bench_gets(creg_store *store, const char *name, creg_error *err)
{
    static double samples[GETS / BATCH];
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 20);
    for (int i = 0; i < GETS / BATCH; i++) {
        double start = now_ns();
        for (int k = 0; k < BATCH; k++) {
            creg_slice value;
            creg_slice key = creg_slice_of(keys[(i * BATCH + k) * 37 % KEYS]);
            must(creg_store_get(store, key, &arena, &value, NULL, err), err);
            creg_arena_reset(&arena);
        }
        samples[i] = (now_ns() - start) / BATCH;
    }
    report(name, samples, GETS / BATCH);
    creg_arena_clear(&arena);
}

static void bench_lists(creg_store *store, creg_error *err)
{
    double samples[LISTS];
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 30);
    for (int i = 0; i < LISTS; i++) {
        creg_pairs pairs;
        double start = now_ns();
        must(creg_store_list(store, creg_slice_of("instances/jlopez/cdh/5.7.0/1"), &arena,
                             &pairs, err),
             err);
        samples[i] = now_ns() - start;
        if (pairs.size != KEYS)
            exit(1);
        creg_arena_clear(&arena);
    }
    report("list of 14,277", samples, LISTS);
}

/* mdb_get in one read transaction: the floor under any get. */
static void bench_bare_gets(const char *folder)
{
    static double samples[GETS / BATCH];
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    if (mdb_env_create(&env) != 0 ||
        mdb_env_open(env, folder, MDB_RDONLY | MDB_NOTLS, 0) != 0 ||
        mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0 ||
        mdb_dbi_open(txn, NULL, 0, &dbi) != 0)
        exit(1);
    for (int i = 0; i < GETS / BATCH; i++) {
        double start = now_ns();
        for (int k = 0; k < BATCH; k++) {
            char *text = keys[(i * BATCH + k) * 37 % KEYS];
            MDB_val key = {strlen(text), text};
            MDB_val data;
            mdb_txn_reset(txn);
            if (mdb_txn_renew(txn) != 0 || mdb_get(txn, dbi, &key, &data) != 0)
                exit(1);
        }
        samples[i] = (now_ns() - start) / BATCH;
    }
    report("bare LMDB: renew, get, reset", samples, GETS / BATCH);
    mdb_txn_abort(txn);
    mdb_env_close(env);
}

int main(int argc, char **argv)
{
    char folder[256] = "store_lmdb-XXXXXX";
    char url[300];
    creg_error err;
    creg_store *store;
    if (argc > 1)
        snprintf(folder, sizeof folder, "%s", argv[1]);
    else if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(url, sizeof url, "lmdb:%s", folder);
    must(creg_store_open(url, NULL, &store, &err), &err);
    make_operations(1, false);
    creg_transaction transaction = {.operations = operations, .operation_count = KEYS};
    must(creg_store_apply(store, &transaction, NULL, &err), &err);

    bench_gets(store, "get of one property", &err);
    bench_lists(store, &err);
    bench_puts(store, &err);
    bench_trees(store, &err);
    make_operations(1, false);
    creg_store_close(store);
    bench_bare_gets(folder);
    snprintf(url, sizeof url, "%s/data.mdb", folder);
    unlink(url);
    snprintf(url, sizeof url, "%s/lock.mdb", folder);
    unlink(url);
    rmdir(folder);
    return 0;
}
