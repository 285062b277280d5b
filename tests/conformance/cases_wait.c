/* SPDX-License-Identifier: MIT */
/* Waiting for changes: at once, in time, in vain, from other handles and threads. */
#include <pthread.h>

#include "suite.h"

static uint64_t revision_now(suite *s)
{
    uint64_t revision = 0;
    CHECK_STATUS(creg_store_read(s->store, NULL, 0, &s->arena, &revision, &s->err), CREG_OK);
    return revision;
}

static creg_status wait_below(suite *s, const char *prefix, uint64_t revision, uint32_t ms,
                              uint64_t *ret_revision)
{
    return creg_store_wait(s->store, creg_slice_of(prefix), revision, ms, ret_revision,
                           &s->err);
}

static void revision_zero_returns_at_once(suite *s)
{
    uint64_t revision = 0;
    uint64_t start = clock_ms();
    CHECK_STATUS(wait_below(s, "", 0, 10000, &revision), CREG_OK);
    CHECK(clock_ms() - start < 2000, "it took %llu ms",
          (unsigned long long)(clock_ms() - start));
    CHECK(revision != 0, "the revision is 0");
}

static void nothing_changes(suite *s)
{
    put(s, "a/b", "1");
    uint64_t revision = revision_now(s);
    uint64_t seen = 0;
    uint64_t start = clock_ms();
    creg_status status = CREG_OK;
    /* A server may wake for no reason; then it is asked again, as every caller does. */
    for (int i = 0; i < 5 && status == CREG_OK; i++) {
        status = wait_below(s, "a", revision, 300, &seen);
        if (status == CREG_OK)
            revision = seen;
    }
    CHECK_STATUS(status, CREG_TIMEOUT);
    CHECK(clock_ms() - start >= 290, "it came back after %llu ms",
          (unsigned long long)(clock_ms() - start));
    CHECK(seen == revision, "the revision changed from %llu to %llu",
          (unsigned long long)revision, (unsigned long long)seen);
}

static void no_time_at_all(suite *s)
{
    put(s, "a", "1");
    uint64_t revision = revision_now(s);
    uint64_t start = clock_ms();
    creg_status status = wait_below(s, "", revision, 0, NULL);
    CHECK(status == CREG_TIMEOUT || status == CREG_OK, "it gave %s", creg_status_name(status));
    CHECK(clock_ms() - start < 2000, "it took %llu ms",
          (unsigned long long)(clock_ms() - start));
}

static void a_change_before_the_call_counts(suite *s)
{
    put(s, "a/b", "1");
    uint64_t revision = revision_now(s);
    put(s, "a/b", "2");
    uint64_t seen = 0;
    uint64_t start = clock_ms();
    CHECK_STATUS(wait_below(s, "a", revision, 10000, &seen), CREG_OK);
    CHECK(clock_ms() - start < 3000, "it waited for what had happened");
    CHECK(seen != revision, "the revision stayed");
}

/* Another thread changes something after a while. */
typedef struct change {
    suite *s;
    creg_operation operation;
    unsigned after_ms;
    creg_status status;
} change;

static void *make_change(void *data)
{
    change *later = data;
    creg_transaction transaction = {.operations = &later->operation, .operation_count = 1};
    sleep_ms(later->after_ms);
    later->status = creg_store_apply(later->s->store, &transaction, NULL, NULL);
    return NULL;
}

static void expect_wake(suite *s, const char *prefix, creg_operation operation)
{
    change later = {s, operation, 150, CREG_OK};
    uint64_t revision = revision_now(s);
    uint64_t start = clock_ms();
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, make_change, &later) == 0, "no thread");
    creg_status status = wait_below(s, prefix, revision, 10000, NULL);
    uint64_t spent = clock_ms() - start;
    pthread_join(thread, NULL);
    CHECK_STATUS(status, CREG_OK);
    CHECK_STATUS(later.status, CREG_OK);
    CHECK(spent < 5000, "it took %llu ms to hear of it", (unsigned long long)spent);
}

static void a_put_wakes(suite *s)
{
    put(s, "a/b", "1");
    expect_wake(s, "a", op_put("a/b", "2"));
    expect_wake(s, "a", op_put("a/new", "1"));
    expect_wake(s, "", op_put("other", "1"));
}

static void the_first_key_wakes(suite *s)
{
    expect_wake(s, "none/yet", op_put("none/yet/x", ""));
}

static void a_delete_wakes(suite *s)
{
    put(s, "a/b", "1");
    put(s, "a/c/d", "1");
    expect_wake(s, "a", op_delete("a/b"));
    expect_wake(s, "a", op_delete_tree("a/c"));
}

static void another_handle_wakes(suite *s)
{
    creg_store *other = suite_open(s, NULL);
    REQUIRE(other != NULL, "no second handle");
    uint64_t revision = revision_now(s);
    CHECK_STATUS(creg_store_put(other, creg_slice_of("x"), creg_slice_of("1"), &s->err),
                 CREG_OK);
    uint64_t seen = 0;
    CHECK_STATUS(wait_below(s, "", revision, 5000, &seen), CREG_OK);
    CHECK(strcmp(value_of(s, "x"), "1") == 0, "the change cannot be read yet");
    creg_store_close(other);
}

static void wait_then_read_misses_nothing(suite *s)
{
    enum { CHANGES = 20 };
    uint64_t revision = revision_now(s);
    int last = -1;
    for (int i = 0; i < CHANGES; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        put(s, "w/n", number);
        CHECK_STATUS(wait_below(s, "w", revision, 5000, &revision), CREG_OK);
        const char *value = value_of(s, "w/n");
        int now = value == NULL ? -1 : atoi(value);
        CHECK(now >= last, "the value went back from %d to %d", last, now);
        last = now;
    }
    CHECK(last == CHANGES - 1, "the last value seen is %d", last);
}

/* Who reads a list that ends at a depth and waits with its revision must come to rest, though
 * what changed last lies deeper than the list looks. */
static void a_cut_list_comes_to_rest(suite *s)
{
    static const char *const last[] = {"w/t/k00", "w/t/k07", "w/t/k01"};
    for (int i = 0; i < 20; i++) {
        char key[32];
        snprintf(key, sizeof key, "w/t/k%02d", i);
        put(s, key, "1");
    }
    for (size_t i = 0; i < sizeof last / sizeof last[0]; i++) {
        put(s, last[i], "2");
        creg_status status = CREG_OK;
        for (int round = 0; status == CREG_OK && round < 5; round++) {
            creg_read read = {
                .is_list = true, .key = creg_slice_of("w"), .depth = 1, .keys_only = true};
            uint64_t revision = 0;
            CHECK_STATUS(creg_store_read(s->store, &read, 1, &s->arena, &revision, &s->err),
                         CREG_OK);
            status = wait_below(s, "w", revision, 200, NULL);
        }
        CHECK(status == CREG_TIMEOUT, "after %s changed it gave %s", last[i],
              creg_status_name(status));
    }
}

static void bad_prefix(suite *s)
{
    CHECK_STATUS(wait_below(s, "a/", 1, 10, NULL), CREG_INVALID_NAME);
    CHECK_STATUS(wait_below(s, "/", 1, 10, NULL), CREG_INVALID_NAME);
}

const suite_case cases_wait[] = {
    {"wait__revision_zero_returns_at_once", revision_zero_returns_at_once},
    {"wait__nothing_changes", nothing_changes},
    {"wait__no_time_at_all", no_time_at_all},
    {"wait__a_change_before_the_call_counts", a_change_before_the_call_counts},
    {"wait__a_put_wakes", a_put_wakes},
    {"wait__the_first_key_wakes", the_first_key_wakes},
    {"wait__a_delete_wakes", a_delete_wakes},
    {"wait__another_handle_wakes", another_handle_wakes},
    {"wait__wait_then_read_misses_nothing", wait_then_read_misses_nothing},
    {"wait__a_cut_list_comes_to_rest", a_cut_list_comes_to_rest},
    {"wait__bad_prefix", bad_prefix},
    {NULL, NULL},
};
