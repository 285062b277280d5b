/* SPDX-License-Identifier: MIT */
/*
 * The promises of store.h, one probe each: what a configuration registry builds upon.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "base/arena.h"
#include "base/fail.h"
#include "store/measure.h"
#include "store/pairs.h"

enum {
    ROUNDS = 50,
    PAGED_KEYS = 25,
    PAGE = 10,
    COUNTERS = 4,
    COUNTS_EACH = 10,
    COUNT_TRIES = 2000,
    QUIET_MS = 150, /* a wait in which nothing happens */
    WAKE_MS = 3000,
    TTL_MS = 1000
};

static void sleep_ms(unsigned duration)
{
    struct timespec pause = {.tv_sec = duration / 1000,
                             .tv_nsec = (long)(duration % 1000) * 1000000};
    nanosleep(&pause, NULL);
}

static creg_status put(measuring *work, const char *name, const char *value, creg_error *err)
{
    return creg_store_put(work->store, creg_probe_key(work, "%s", name), creg_slice_of(value),
                          err);
}

static creg_status list(measuring *work, const char *name, creg_pairs *ret_pairs,
                        creg_error *err)
{
    return creg_store_list(work->store, creg_probe_key(work, "%s", name), &work->scratch,
                           ret_pairs, err);
}

/* The last segments of a list, joined by spaces. */
static creg_slice names_of(measuring *work, const creg_pairs *pairs)
{
    char text[512];
    size_t size = 0;
    for (size_t i = 0; i < pairs->size; i++) {
        creg_slice key = pairs->items[i].key;
        size_t from = work->top.size + 1;
        int more = snprintf(text + size, sizeof text - size, "%s%.*s", i == 0 ? "" : " ",
                            (int)(key.size - from), key.data + from);
        if (more < 0 || (size_t)more >= sizeof text - size)
            break;
        size += (size_t)more;
    }
    return creg_arena_copy(&work->scratch, creg_slice_make(text, size));
}

static creg_status expect_names(measuring *work, const creg_pairs *pairs, const char *expected)
{
    creg_slice found = names_of(work, pairs);
    if (creg_slice_equal(found, creg_slice_of(expected)))
        return creg_probe_holds(work, true, "");
    creg_status status = creg_probe_value(work, "no");
    return status == CREG_OK ? creg_probe_broken(work, "listed '%.*s', expected '%s'",
                                                 CREG_SHOW(found), expected)
                             : status;
}

/* ---- keys, values, lists ---------------------------------------------------------------- */

static creg_status probe_empty_value(measuring *work, creg_error *err)
{
    creg_slice value;
    creg_status status = put(work, "empty", "", err);
    if (status == CREG_OK)
        status = creg_store_get(work->store, creg_probe_key(work, "empty"), &work->scratch,
                                &value, NULL, err);
    if (status != CREG_OK)
        return status;
    creg_status absent = creg_store_get(work->store, creg_probe_key(work, "absent"),
                                        &work->scratch, &value, NULL, err);
    if (absent != CREG_OK && absent != CREG_NOT_FOUND)
        return absent;
    return creg_probe_holds(work, absent == CREG_NOT_FOUND && value.size == 0,
                            "an empty value and no key look alike");
}

static creg_status probe_empty_list(measuring *work, creg_error *err)
{
    creg_pairs pairs;
    creg_status status = list(work, "nothing-here", &pairs, err);
    return status == CREG_OK
               ? creg_probe_holds(work, pairs.size == 0, "a list of nothing is not empty")
               : status;
}

static creg_status probe_names(measuring *work, creg_error *err)
{
    static const char *const names[] = {"a/b", "..", "%2F", "\xC3\xA4\xE2\x82\xAC", "a b,c=d"};
    creg_pairs pairs;
    creg_status status = CREG_OK;
    size_t count = sizeof names / sizeof names[0];
    for (size_t i = 0; i < count && status == CREG_OK; i++) {
        creg_slice segment = creg_key_encode(creg_slice_of(names[i]), &work->scratch);
        creg_slice key = creg_probe_key(work, "names/%.*s", CREG_SHOW(segment));
        status = creg_store_put(work->store, key, creg_slice_of(names[i]), err);
    }
    if (status == CREG_OK)
        status = list(work, "names", &pairs, err);
    bool holds = status == CREG_OK && pairs.size == count;
    for (size_t i = 0; holds && i < count; i++) {
        creg_slice key = pairs.items[i].key;
        size_t from = work->top.size + sizeof "/names/" - 1;
        creg_slice name;
        holds = creg_key_decode(creg_slice_make(key.data + from, key.size - from),
                                &work->scratch, &name, NULL) == CREG_OK &&
                creg_slice_equal(name, pairs.items[i].value);
    }
    return status == CREG_OK ? creg_probe_holds(work, holds, "names came back changed")
                             : status;
}

static creg_status probe_segments(measuring *work, creg_error *err)
{
    static const char *const keys[] = {"p/1", "p/1/a", "p/1-x", "p/10/a", "p/10"};
    creg_status status = CREG_OK;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0] && status == CREG_OK; i++)
        status = put(work, keys[i], "x", err);
    creg_pairs pairs;
    if (status == CREG_OK)
        status = list(work, "p/1", &pairs, err);
    return status == CREG_OK ? expect_names(work, &pairs, "p/1/a") : status;
}

static creg_status probe_order(measuring *work, creg_error *err)
{
    static const char *const keys[] = {"o/b", "o/a/b", "o/a-", "o/a", "o/B", "o/a10", "o/a2"};
    creg_status status = CREG_OK;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0] && status == CREG_OK; i++)
        status = put(work, keys[i], "x", err);
    creg_pairs pairs;
    if (status == CREG_OK)
        status = list(work, "o", &pairs, err);
    return status == CREG_OK ? expect_names(work, &pairs, "o/B o/a o/a- o/a/b o/a10 o/a2 o/b")
                             : status;
}

static creg_status put_paged_keys(measuring *work, creg_error *err)
{
    creg_operation puts[PAGED_KEYS];
    for (size_t i = 0; i < PAGED_KEYS; i++)
        puts[i] = (creg_operation){.kind = CREG_OPERATION_PUT,
                                   .key = creg_probe_key(work, "page/%02zu/k", i),
                                   .value = creg_slice_of("x")};
    creg_transaction transaction = {.operations = puts, .operation_count = PAGED_KEYS};
    return creg_store_apply(work->store, &transaction, NULL, err);
}

static creg_status probe_paging(measuring *work, creg_error *err)
{
    creg_status status = put_paged_keys(work, err);
    creg_read read = {.is_list = true, .key = creg_probe_key(work, "page"), .limit = PAGE};
    size_t found = 0;
    bool is_joined = true;
    do {
        if (status == CREG_OK)
            status = creg_store_read(work->store, &read, 1, &work->scratch, NULL, err);
        for (size_t i = 0; status == CREG_OK && i < read.ret_pairs.size; i++, found++)
            is_joined =
                is_joined && creg_slice_equal(read.ret_pairs.items[i].key,
                                              creg_probe_key(work, "page/%02zu/k", found));
        if (status == CREG_OK && read.ret_pairs.size > 0)
            read.after = read.ret_pairs.items[read.ret_pairs.size - 1].key;
    } while (status == CREG_OK && read.ret_more && found < PAGED_KEYS);
    return status == CREG_OK ? creg_probe_holds(work, is_joined && found == PAGED_KEYS,
                                                "pages overlap or leave keys out")
                             : status;
}

/* ---- versions and transactions ---------------------------------------------------------- */

static creg_status version_of(measuring *work, creg_slice key, creg_version *ret_version,
                              creg_error *err)
{
    creg_slice value;
    return creg_store_get(work->store, key, &work->scratch, &value, ret_version, err);
}

static bool is_same(creg_version left, creg_version right)
{
    return left.present == right.present && left.major == right.major &&
           left.minor == right.minor;
}

/* CREG_OK: written; CREG_CONFLICT: refused. */
static creg_status put_if(measuring *work, const creg_check *check, creg_slice key,
                          const char *value, creg_error *err)
{
    creg_operation operation = {
        .kind = CREG_OPERATION_PUT, .key = key, .value = creg_slice_of(value)};
    creg_transaction transaction = {
        .checks = check, .check_count = 1, .operations = &operation, .operation_count = 1};
    return creg_store_apply(work->store, &transaction, NULL, err);
}

static creg_status probe_compare_and_set(measuring *work, creg_error *err)
{
    creg_check check = {.kind = CREG_CHECK_VERSION, .key = creg_probe_key(work, "cas")};
    creg_status status = put(work, "cas", "1", err);
    if (status == CREG_OK)
        status = version_of(work, check.key, &check.version, err);
    if (status == CREG_OK)
        status = put(work, "cas", "2", err);
    if (status != CREG_OK)
        return status;
    creg_status stale = put_if(work, &check, check.key, "3", err);
    if (stale != CREG_OK && stale != CREG_CONFLICT)
        return stale;
    status = version_of(work, check.key, &check.version, err);
    if (status == CREG_OK)
        status = put_if(work, &check, check.key, "3", err);
    if (status != CREG_OK && status != CREG_CONFLICT)
        return status;
    return creg_probe_holds(work, stale == CREG_CONFLICT && status == CREG_OK,
                            "a condition on a version is not kept");
}

static creg_status probe_made_anew(measuring *work, creg_error *err)
{
    creg_slice key = creg_probe_key(work, "anew");
    creg_version before = {0};
    creg_version after = {0};
    creg_status status = put(work, "anew", "x", err);
    if (status == CREG_OK)
        status = version_of(work, key, &before, err);
    if (status == CREG_OK)
        status = creg_probe_clear(work, key, err);
    if (status == CREG_OK)
        status = put(work, "anew", "x", err);
    if (status == CREG_OK)
        status = version_of(work, key, &after, err);
    return status == CREG_OK
               ? creg_probe_holds(work, !is_same(before, after),
                                  "a key made anew has the version of the old one")
               : status;
}

static creg_status probe_same_value(measuring *work, creg_error *err)
{
    creg_slice key = creg_probe_key(work, "same");
    creg_version before = {0};
    creg_version after = {0};
    creg_status status = put(work, "same", "x", err);
    if (status == CREG_OK)
        status = version_of(work, key, &before, err);
    if (status == CREG_OK)
        status = put(work, "same", "x", err);
    if (status == CREG_OK)
        status = version_of(work, key, &after, err);
    if (status != CREG_OK)
        return status;
    bool is_expected =
        (creg_store_capabilities(work->store) & CREG_STORE_SAME_VALUE_IS_NO_CHANGE) != 0;
    bool is_found = is_same(before, after);
    work->row->result = CREG_MEASURE_FACT;
    status = creg_probe_value(work, is_found ? "no" : "yes");
    return status == CREG_OK && is_found != is_expected
               ? creg_probe_broken(work, "the driver expects the opposite")
               : status;
}

static creg_status probe_whole(measuring *work, creg_error *err)
{
    creg_check check = {.kind = CREG_CHECK_PRESENT, .key = creg_probe_key(work, "missing")};
    creg_operation puts[10];
    for (size_t i = 0; i < 10; i++)
        puts[i] = (creg_operation){.kind = CREG_OPERATION_PUT,
                                   .key = creg_probe_key(work, "whole/%zu", i),
                                   .value = creg_slice_of("x")};
    creg_transaction transaction = {
        .checks = &check, .check_count = 1, .operations = puts, .operation_count = 10};
    creg_status refused = creg_store_apply(work->store, &transaction, NULL, err);
    if (refused != CREG_OK && refused != CREG_CONFLICT)
        return refused;
    creg_pairs pairs;
    creg_status status = list(work, "whole", &pairs, err);
    return status == CREG_OK
               ? creg_probe_holds(work, refused == CREG_CONFLICT && pairs.size == 0,
                                  "a refused transaction left something")
               : status;
}

static creg_status probe_subtree_check(measuring *work, creg_error *err)
{
    creg_check check = {.kind = CREG_CHECK_SUBTREE_EMPTY, .key = creg_probe_key(work, "sub")};
    creg_status before = put_if(work, &check, creg_probe_key(work, "mark"), "1", err);
    creg_status status = before == CREG_OK ? put(work, "sub/a/b", "x", err) : before;
    if (status != CREG_OK)
        return status;
    creg_status after = put_if(work, &check, creg_probe_key(work, "mark"), "2", err);
    if (after != CREG_OK && after != CREG_CONFLICT)
        return after;
    return creg_probe_holds(work, after == CREG_CONFLICT,
                            "something below was not seen by the condition");
}

/* ---- several at once -------------------------------------------------------------------- */

/* One of several that count the same key up. */
typedef struct counter {
    measuring work; /* a copy with its own scratch */
    creg_status status;
    creg_error err;
    pthread_t thread;
} counter;

static creg_status count_once(measuring *work, creg_slice key, creg_error *err)
{
    for (int tries = 0; tries < COUNT_TRIES; tries++) {
        creg_slice value = {NULL, 0};
        creg_check check = {.kind = CREG_CHECK_VERSION, .key = key};
        creg_status status =
            creg_store_get(work->store, key, &work->scratch, &value, &check.version, err);
        if (status != CREG_OK)
            return status;
        char text[16];
        unsigned number = 0;
        for (size_t i = 0; i < value.size; i++)
            number = number * 10 + (unsigned)(value.data[i] - '0');
        snprintf(text, sizeof text, "%u", number + 1);
        status = put_if(work, &check, key, text, err);
        if (status != CREG_CONFLICT)
            return status;
    }
    return creg_fail(err, CREG_TIMEOUT, "%d tries to change one key", COUNT_TRIES);
}

static void *count(void *argument)
{
    counter *self = argument;
    creg_slice key = creg_probe_key(&self->work, "counter");
    for (int i = 0; i < COUNTS_EACH && self->status == CREG_OK; i++)
        self->status = count_once(&self->work, key, &self->err);
    creg_arena_clear(&self->work.scratch);
    return NULL;
}

static creg_status count_together(measuring *work, creg_error *err)
{
    counter counters[COUNTERS];
    size_t started = 0;
    creg_status status = CREG_OK;
    for (; started < COUNTERS; started++) {
        counter *one = &counters[started];
        *one = (counter){.work = *work};
        if (started % 2 == 1 && work->other != NULL)
            one->work.store = work->other;
        creg_arena_init(&one->work.scratch, (size_t)64 * 1024 * 1024);
        if (pthread_create(&one->thread, NULL, count, one) != 0)
            break;
    }
    for (size_t i = 0; i < started; i++) {
        pthread_join(counters[i].thread, NULL);
        if (status == CREG_OK && counters[i].status != CREG_OK) {
            status = counters[i].status;
            *err = counters[i].err;
        }
    }
    return status == CREG_OK && started < COUNTERS
               ? creg_fail(err, CREG_NO_MEMORY, "a thread could not be started")
               : status;
}

static creg_status probe_lost_updates(measuring *work, creg_error *err)
{
    creg_status status = put(work, "counter", "0", err);
    if (status == CREG_OK)
        status = count_together(work, err);
    creg_slice value;
    if (status == CREG_OK)
        status = creg_store_get(work->store, creg_probe_key(work, "counter"), &work->scratch,
                                &value, NULL, err);
    if (status != CREG_OK)
        return status;
    char expected[16];
    snprintf(expected, sizeof expected, "%d", COUNTERS * COUNTS_EACH);
    return creg_probe_holds(work, creg_slice_equal(value, creg_slice_of(expected)),
                            "changes of several writers were lost");
}

static creg_status probe_linearizable(measuring *work, creg_error *err)
{
    creg_slice key = creg_probe_key(work, "fresh");
    unsigned stale = 0;
    creg_status status = CREG_OK;
    for (unsigned round = 0; round < ROUNDS && status == CREG_OK; round++) {
        char text[16];
        snprintf(text, sizeof text, "%u", round);
        creg_slice value = {NULL, 0};
        status = creg_store_put(work->store, key, creg_slice_of(text), err);
        if (status == CREG_OK)
            status = creg_store_get(work->other, key, &work->scratch, &value, NULL, err);
        if (status == CREG_NOT_FOUND)
            status = CREG_OK;
        stale += !creg_slice_equal(value, creg_slice_of(text));
    }
    if (status == CREG_OK)
        status = creg_probe_value(work, stale == 0 ? "yes" : "no");
    return status == CREG_OK && stale > 0
               ? creg_probe_broken(work, "%u of %d reads did not see the write before them",
                                   stale, ROUNDS)
               : status;
}

typedef struct swapper {
    creg_store *store;
    creg_slice left, right;
    atomic_int stop;
    creg_status status;
    creg_error err;
} swapper;

static void *swap(void *argument)
{
    swapper *self = argument;
    for (unsigned i = 0; atomic_load(&self->stop) == 0 && self->status == CREG_OK; i++) {
        char text[16];
        snprintf(text, sizeof text, "%u", i);
        creg_operation puts[] = {
            {.kind = CREG_OPERATION_PUT, .key = self->left, .value = creg_slice_of(text)},
            {.kind = CREG_OPERATION_PUT, .key = self->right, .value = creg_slice_of(text)}};
        creg_transaction transaction = {.operations = puts, .operation_count = 2};
        self->status = creg_store_apply(self->store, &transaction, NULL, &self->err);
    }
    return NULL;
}

static creg_status count_torn_reads(measuring *work, const swapper *writer, unsigned *ret_torn,
                                    creg_error *err)
{
    creg_status status = CREG_OK;
    for (unsigned round = 0; round < ROUNDS && status == CREG_OK; round++) {
        creg_read reads[] = {{.key = writer->left}, {.key = writer->right}};
        status = creg_store_read(work->store, reads, 2, &work->scratch, NULL, err);
        if (status == CREG_CONFLICT) { /* no moment, which is allowed, and no torn one */
            status = CREG_OK;
            continue;
        }
        if (status != CREG_OK)
            break;
        bool is_even = reads[0].ret_pairs.size == reads[1].ret_pairs.size &&
                       (reads[0].ret_pairs.size == 0 ||
                        creg_slice_equal(reads[0].ret_pairs.items[0].value,
                                         reads[1].ret_pairs.items[0].value));
        *ret_torn += !is_even;
    }
    return status;
}

static creg_status probe_one_moment(measuring *work, creg_error *err)
{
    swapper writer = {.store = work->other,
                      .left = creg_probe_key(work, "pair/left"),
                      .right = creg_probe_key(work, "pair/right")};
    pthread_t thread;
    unsigned torn = 0;
    if (pthread_create(&thread, NULL, swap, &writer) != 0)
        return creg_fail(err, CREG_NO_MEMORY, "a thread could not be started");
    creg_status status = count_torn_reads(work, &writer, &torn, err);
    atomic_store(&writer.stop, 1);
    pthread_join(thread, NULL);
    if (status == CREG_OK && writer.status != CREG_OK) {
        *err = writer.err;
        status = writer.status;
    }
    return status == CREG_OK
               ? creg_probe_holds(work, torn == 0, "two keys were read of different moments")
               : status;
}

/* ---- waiting ---------------------------------------------------------------------------- */

/* Does something on the other handle a moment after the wait has begun. */
typedef struct late_change {
    measuring *work;
    creg_operation operation;
    uint64_t changed_us;
    creg_status status;
    creg_error err;
} late_change;

static void *change_late(void *argument)
{
    late_change *self = argument;
    sleep_ms(QUIET_MS);
    creg_transaction transaction = {.operations = &self->operation, .operation_count = 1};
    self->status = creg_store_apply(self->work->other, &transaction, NULL, &self->err);
    self->changed_us = creg_probe_now_us();
    return NULL;
}

/* Waits for `prefix` while the change happens; CREG_TIMEOUT: it did not wake. */
static creg_status wait_for(measuring *work, const char *prefix,
                            const creg_operation *operation, uint32_t most_ms,
                            int64_t *ret_late_us, creg_error *err)
{
    creg_slice whole = creg_probe_key(work, "%s", prefix);
    creg_read read = {.is_list = true, .key = whole};
    uint64_t revision = 0;
    creg_status status = creg_store_read(work->store, &read, 1, &work->scratch, &revision, err);
    if (status != CREG_OK)
        return status;
    late_change change = {.work = work, .operation = *operation};
    pthread_t thread;
    if (pthread_create(&thread, NULL, change_late, &change) != 0)
        return creg_fail(err, CREG_NO_MEMORY, "a thread could not be started");
    status = creg_store_wait(work->store, whole, revision, most_ms, &revision, err);
    uint64_t woken = creg_probe_now_us();
    pthread_join(thread, NULL);
    *ret_late_us = (int64_t)woken - (int64_t)change.changed_us;
    if (change.status != CREG_OK) {
        *err = change.err;
        return change.status;
    }
    return status;
}

static creg_status tell_wake(measuring *work, creg_status status, int64_t late_us)
{
    if (status == CREG_TIMEOUT)
        return creg_probe_holds(work, false, "the wait did not wake");
    if (status != CREG_OK)
        return status;
    /* The wait may come back before the writer has its own answer. */
    return creg_probe_value(work, "%lld", late_us < 0 ? 0LL : (long long)late_us);
}

static creg_status probe_wake_by_put(measuring *work, creg_error *err)
{
    creg_operation operation = {.kind = CREG_OPERATION_PUT,
                                .key = creg_probe_key(work, "wait/new"),
                                .value = creg_slice_of("x")};
    int64_t late_us = 0;
    creg_status status = put(work, "wait/old", "x", err);
    if (status == CREG_OK)
        status = wait_for(work, "wait", &operation, WAKE_MS, &late_us, err);
    return tell_wake(work, status, late_us);
}

static creg_status probe_wake_by_delete(measuring *work, creg_error *err)
{
    creg_operation operation = {.kind = CREG_OPERATION_DELETE,
                                .key = creg_probe_key(work, "gone/b")};
    int64_t late_us = 0;
    creg_status status = put(work, "gone/a", "x", err);
    if (status == CREG_OK)
        status = put(work, "gone/b", "x", err);
    if (status == CREG_OK)
        status = wait_for(work, "gone", &operation, WAKE_MS, &late_us, err);
    return tell_wake(work, status, late_us);
}

static creg_status probe_wake_elsewhere(measuring *work, creg_error *err)
{
    creg_operation operation = {.kind = CREG_OPERATION_PUT,
                                .key = creg_probe_key(work, "elsewhere"),
                                .value = creg_slice_of("x")};
    int64_t late_us = 0;
    creg_status status = put(work, "here/a", "x", err);
    if (status == CREG_OK)
        status = wait_for(work, "here", &operation, 3 * QUIET_MS, &late_us, err);
    work->row->result = CREG_MEASURE_FACT;
    if (status != CREG_OK && status != CREG_TIMEOUT)
        return status;
    return creg_probe_value(work, status == CREG_OK ? "yes" : "no");
}

static creg_status probe_quiet_wait(measuring *work, creg_error *err)
{
    creg_status status = put(work, "quiet/a", "x", err);
    creg_slice prefix = creg_probe_key(work, "quiet");
    creg_read read = {.is_list = true, .key = prefix};
    uint64_t revision = 0;
    if (status == CREG_OK)
        status = creg_store_read(work->store, &read, 1, &work->scratch, &revision, err);
    if (status != CREG_OK)
        return status;
    uint64_t begun = creg_probe_now_us();
    status = creg_store_wait(work->store, prefix, revision, QUIET_MS, &revision, err);
    uint64_t took_ms = (creg_probe_now_us() - begun) / 1000;
    if (status != CREG_OK && status != CREG_TIMEOUT)
        return status;
    creg_status told = creg_probe_value(work, "%llu", (unsigned long long)took_ms);
    if (told == CREG_OK && took_ms > (uint64_t)QUIET_MS * 4)
        return creg_probe_broken(work, "%d ms were asked for", QUIET_MS);
    return told;
}

/* ---- liveness --------------------------------------------------------------------------- */

static creg_status bind_liveness(measuring *work, const char *name, creg_liveness *liveness,
                                 creg_error *err)
{
    creg_operation operation = {.kind = CREG_OPERATION_PUT,
                                .key = creg_probe_key(work, "%s", name),
                                .value = creg_slice_of("x"),
                                .bind_liveness = true};
    creg_transaction transaction = {
        .operations = &operation, .operation_count = 1, .fence = liveness};
    return creg_store_apply(work->store, &transaction, NULL, err);
}

static creg_status probe_ttl(measuring *work, creg_error *err)
{
    creg_liveness *liveness;
    creg_status status =
        creg_liveness_open(work->store, creg_slice_of("confreg check"), TTL_MS, &liveness, err);
    if (status != CREG_OK)
        return status;
    work->row->result = CREG_MEASURE_FACT;
    status = creg_probe_value(work, "%u", creg_liveness_ttl(liveness));
    if (status == CREG_OK)
        status = creg_probe_note(work, "%d was asked for", TTL_MS);
    creg_liveness_release(liveness);
    return status;
}

/* Milliseconds until the owner of the key is taken for dead; `most_ms` when it never was. */
static creg_status time_of_death(measuring *work, const char *name, uint64_t most_ms,
                                 uint64_t *ret_ms, creg_error *err)
{
    uint64_t begun = creg_probe_now_us();
    bool is_alive = true;
    creg_status status = CREG_OK;
    while (is_alive && status == CREG_OK && *ret_ms < most_ms) {
        status =
            creg_liveness_check(work->store, creg_probe_key(work, "%s", name), &is_alive, err);
        *ret_ms = (creg_probe_now_us() - begun) / 1000;
        if (work->cancel != NULL && *work->cancel != 0)
            return creg_fail(err, CREG_CANCELLED, "stopped");
        if (is_alive)
            sleep_ms(10);
    }
    return status;
}

static creg_status probe_release(measuring *work, creg_error *err)
{
    creg_liveness *liveness;
    creg_status status = creg_liveness_open(work->store, creg_slice_of("confreg check"),
                                            10 * TTL_MS, &liveness, err);
    if (status != CREG_OK)
        return status;
    bool is_alive = false;
    status = bind_liveness(work, "bound", liveness, err);
    if (status == CREG_OK)
        status =
            creg_liveness_check(work->store, creg_probe_key(work, "bound"), &is_alive, err);
    creg_liveness_release(liveness);
    uint64_t took_ms = 0;
    if (status == CREG_OK)
        status = time_of_death(work, "bound", WAKE_MS, &took_ms, err);
    if (status != CREG_OK)
        return status;
    status = creg_probe_value(work, "%llu", (unsigned long long)took_ms);
    if (status == CREG_OK && (!is_alive || took_ms >= WAKE_MS))
        return creg_probe_broken(work, is_alive ? "it outlived its release"
                                                : "it was dead while it was held");
    return status;
}

static creg_status fail_zombie(measuring *work, creg_liveness *liveness, creg_error *err)
{
    creg_operation operation = {.kind = CREG_OPERATION_PUT,
                                .key = creg_probe_key(work, "zombie"),
                                .value = creg_slice_of("x")};
    creg_transaction transaction = {
        .operations = &operation, .operation_count = 1, .fence = liveness};
    creg_status status = creg_store_apply(work->store, &transaction, NULL, err);
    if (status == CREG_CONFLICT)
        return CREG_OK;
    return status == CREG_OK ? creg_probe_broken(work, "a dead owner could still write")
                             : status;
}

/* Where the handle itself keeps it alive (ZooKeeper), it does not run out: a fact, too. */
static creg_status probe_expiry(measuring *work, creg_error *err)
{
    creg_liveness *liveness;
    creg_status status =
        creg_liveness_open(work->store, creg_slice_of("confreg check"), TTL_MS, &liveness, err);
    if (status != CREG_OK)
        return status;
    uint64_t most_ms = (uint64_t)creg_liveness_ttl(liveness) * 2 + 3000;
    uint64_t took_ms = 0;
    work->row->result = CREG_MEASURE_FACT;
    status = bind_liveness(work, "mortal", liveness, err);
    if (status == CREG_OK)
        status = time_of_death(work, "mortal", most_ms, &took_ms, err);
    bool is_dead = took_ms < most_ms;
    if (status == CREG_OK && is_dead)
        status = creg_probe_value(work, "%llu", (unsigned long long)took_ms);
    else if (status == CREG_OK)
        status = creg_probe_value(work, "none");
    if (status == CREG_OK && is_dead)
        status =
            creg_probe_note(work, "not renewed, granted %u ms", creg_liveness_ttl(liveness));
    else if (status == CREG_OK)
        status = creg_probe_note(work, "lives as long as the session of its handle");
    if (status == CREG_OK && is_dead)
        status = fail_zombie(work, liveness, err);
    creg_liveness_release(liveness);
    return status;
}

const creg_probe creg_probes_semantics[] = {
    {"empty_value_is_a_value", "", probe_empty_value, 0},
    {"empty_list", "", probe_empty_list, 0},
    {"any_name", "", probe_names, 0},
    {"prefix_is_whole_segments", "", probe_segments, 0},
    {"order_by_bytes", "", probe_order, 0},
    {"pages_join", "", probe_paging, 0},
    {"compare_and_set", "", probe_compare_and_set, 0},
    {"made_anew_is_another_version", "", probe_made_anew, 0},
    {"same_value_is_a_change", "", probe_same_value, 0},
    {"refused_transaction_leaves_nothing", "", probe_whole, 0},
    {"condition_on_empty_subtree", "", probe_subtree_check, 0},
    {"no_lost_updates", "", probe_lost_updates, 0},
    {"read_sees_every_write", "", probe_linearizable, CREG_PROBE_TWO_HANDLES},
    {"reads_of_one_moment", "", probe_one_moment, CREG_PROBE_TWO_HANDLES},
    {"wait_ends_in_time", "ms", probe_quiet_wait, 0},
    {"wait_wakes_by_put", "us", probe_wake_by_put, CREG_PROBE_TWO_HANDLES},
    {"wait_wakes_by_delete", "us", probe_wake_by_delete, CREG_PROBE_TWO_HANDLES},
    {"wait_wakes_by_change_elsewhere", "", probe_wake_elsewhere, CREG_PROBE_TWO_HANDLES},
    {"liveness_granted", "ms", probe_ttl, CREG_PROBE_LIVENESS},
    {"liveness_ends_by_release", "ms", probe_release, CREG_PROBE_LIVENESS},
    {"liveness_runs_out", "ms", probe_expiry, CREG_PROBE_LIVENESS | CREG_PROBE_SLOW},
    {NULL, NULL, NULL, 0}};
