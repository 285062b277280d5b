/* SPDX-License-Identifier: MIT */
/*
 * One contract of watching on every store: snapshot, deltas, cursors, time, cancelling.
 */
#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "watching.h"

enum { SOON = 10000, QUIET = 300 };

#define expect_next(wanted, watch) assert_string_equal(wanted, next_line((watch), SOON))
#define expect_quiet(watch) assert_string_equal("(TIMEOUT)", next_line((watch), QUIET))

static void pause_ms(unsigned ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}

/* ---- keys ------------------------------------------------------------------------------- */

static void test_watch__snapshot_comes_first_and_ends(void **state)
{
    (void)state;
    put_raw("w/b", "2");
    put_raw("w/a", "1");
    put_raw("wa/c", "not ours");
    creg_watch *watch = given_watch("w", CREG_WATCH_KEYS, true);
    expect_next("snapshot w/a=1", watch);
    expect_next("snapshot w/b=2", watch);
    expect_next("snapshot-end", watch);
    expect_quiet(watch);
    creg_watch_close(watch);
}

static void test_watch__empty_snapshot_is_only_its_end(void **state)
{
    (void)state;
    creg_watch *watch = given_watch("w", CREG_WATCH_KEYS, true);
    expect_next("snapshot-end", watch);
    put_raw("w/a", "1");
    expect_next("put w/a=1", watch);
    creg_watch_close(watch);
}

static void test_watch__changes_come_one_by_one_in_order(void **state)
{
    (void)state;
    put_raw("w/a", "1");
    creg_watch *watch = given_watch("w", CREG_WATCH_KEYS, false);
    expect_quiet(watch);
    put_raw("w/a", "2");
    expect_next("put w/a=2 (was 1)", watch);
    put_raw("w/z", "");
    expect_next("put w/z=", watch);
    delete_raw("w/a");
    expect_next("delete w/a", watch);
    put_raw("w/a", "3");
    expect_next("put w/a=3", watch);
    expect_quiet(watch);
    creg_watch_close(watch);
}

static void test_watch__deletes_come_before_puts(void **state)
{
    (void)state;
    put_raw("w/a", "1");
    put_raw("w/z", "1");
    creg_watch *watch = given_watch("w", CREG_WATCH_KEYS, false);
    put_raw("w/m", "1");
    put_raw("w/c", "1");
    delete_raw("w/z");
    creg_event event;
    ok(creg_watch_next(watch, SOON, &arena, &event, &err));
    expect_text("w/z", event.path);
    assert_int_equal(event.kind, CREG_EVENT_DELETE);
    assert_true(event.more);
    /* Two new keys come in the order in which they were made, on every store. */
    expect_next("put w/m=1", watch);
    ok(creg_watch_next(watch, SOON, &arena, &event, &err));
    expect_text("w/c", event.path);
    assert_false(event.more);
    creg_watch_close(watch);
}

static void test_watch__what_happened_between_two_looks_is_merged(void **state)
{
    (void)state;
    put_raw("w/back", "1");
    creg_watch *watch = given_watch("w", CREG_WATCH_KEYS, false);
    for (int i = 0; i < 20; i++) {
        char value[16];
        snprintf(value, sizeof value, "%d", i);
        put_raw("w/n", value);
    }
    put_raw("w/back", "2");
    put_raw("w/back", "1");
    put_raw("w/gone", "1");
    delete_raw("w/gone");
    expect_next("put w/n=19", watch);
    expect_quiet(watch);
    creg_watch_close(watch);
}

static void test_watch__the_same_value_is_no_event(void **state)
{
    (void)state;
    put_raw("w/a", "1");
    creg_watch *watch = given_watch("w", CREG_WATCH_KEYS, false);
    put_raw("w/a", "1");
    expect_quiet(watch);
    creg_watch_close(watch);
}

static void test_watch__a_prefix_is_whole_segments(void **state)
{
    (void)state;
    creg_watch *watch = given_watch("w/1", CREG_WATCH_KEYS, false);
    put_raw("w/10/a", "1");
    put_raw("w/1-x", "1");
    expect_quiet(watch);
    put_raw("w/1/a", "1");
    expect_next("put w/1/a=1", watch);
    creg_watch_close(watch);
}

static void test_watch__one_key_can_be_watched(void **state)
{
    (void)state;
    creg_watch *watch = given_watch("w/key", CREG_WATCH_KEYS, false);
    put_raw("w/key", "1");
    expect_next("put w/key=1", watch);
    put_raw("w/key", "2");
    expect_next("put w/key=2 (was 1)", watch);
    delete_raw("w/key");
    expect_next("delete w/key", watch);
    creg_watch_close(watch);
}

static void test_watch__everything_can_be_watched(void **state)
{
    (void)state;
    creg_watch *watch = given_watch("", CREG_WATCH_KEYS, true);
    expect_next("snapshot-end", watch);
    put_raw("top", "1");
    expect_next("put top=1", watch);
    creg_watch_close(watch);
}

static void test_watch__values_may_be_any_bytes(void **state)
{
    (void)state;
    creg_watch *watch = given_watch("w", CREG_WATCH_KEYS, false);
    creg_slice bytes = creg_slice_make("\0\xff\n", 3);
    ok(creg_store_put(creg_registry_store(registry), S("w/raw"), bytes, &err));
    creg_event event;
    ok(creg_watch_next(watch, SOON, &arena, &event, &err));
    assert_true(creg_slice_equal(event.value, bytes));
    creg_watch_close(watch);
}

/* ---- cursors ------------------------------------------------------------------------------ */

static creg_slice cursor_of(creg_watch *watch)
{
    creg_slice cursor;
    ok(creg_watch_cursor(watch, &arena, &cursor, &err));
    return cursor;
}

static creg_watch *resumed(creg_slice cursor, const creg_pairs *known)
{
    creg_watch_options options = {.scope = CREG_WATCH_KEYS, .cursor = cursor, .known = known};
    creg_watch *watch = NULL;
    ok(creg_watch_open(registry, S("w"), &options, &watch, &err));
    return watch;
}

static void test_watch__cursor_goes_on_in_silence_when_nothing_changed(void **state)
{
    (void)state;
    put_raw("w/a", "1");
    creg_watch *watch = given_watch("w", CREG_WATCH_KEYS, false);
    put_raw("w/b", "2");
    expect_next("put w/b=2", watch);
    creg_slice cursor = cursor_of(watch);
    creg_watch_close(watch);
    suite_reopen();
    watch = resumed(cursor, NULL);
    expect_quiet(watch);
    put_raw("w/c", "3");
    expect_next("put w/c=3", watch);
    creg_watch_close(watch);
}

static void test_watch__cursor_resyncs_when_something_changed(void **state)
{
    (void)state;
    put_raw("w/a", "1");
    creg_watch *watch = given_watch("w", CREG_WATCH_KEYS, false);
    creg_slice cursor = cursor_of(watch);
    creg_watch_close(watch);
    put_raw("w/a", "2");
    watch = resumed(cursor, NULL);
    expect_next("resync", watch);
    expect_next("snapshot w/a=2", watch);
    expect_next("snapshot-end", watch);
    expect_quiet(watch);
    creg_watch_close(watch);
}

static void test_watch__cursor_with_what_was_known_gives_the_differences(void **state)
{
    (void)state;
    mirror copy;
    mirror_init(&copy);
    for (int i = 0; i < 5; i++) {
        char key[16];
        snprintf(key, sizeof key, "w/k%d", i);
        put_raw(key, "old");
    }
    creg_watch *watch = given_watch("w", CREG_WATCH_KEYS, true);
    mirror_drain(&copy, watch, QUIET);
    creg_slice cursor = cursor_of(watch);
    creg_watch_close(watch);
    delete_raw("w/k0");
    put_raw("w/k3", "new");
    put_raw("w/k9", "more");
    creg_pairs known = mirror_pairs(&copy);
    watch = resumed(cursor, &known);
    expect_next("delete w/k0", watch);
    creg_slice between = cursor_of(watch);
    mirror_drain(&copy, watch, QUIET);
    assert_int_equal(copy.events[CREG_EVENT_RESYNC], 0);
    assert_false(creg_slice_equal(between, cursor_of(watch)));
    assert_string_equal(mirror_value(&copy, "w/k3"), "new");
    assert_string_equal(mirror_value(&copy, "w/k9"), "more");
    creg_watch_close(watch);
    mirror_clear(&copy);
}

static void test_watch__cursor_in_a_snapshot_begins_it_again(void **state)
{
    (void)state;
    put_raw("w/a", "1");
    put_raw("w/b", "1");
    creg_watch *watch = given_watch("w", CREG_WATCH_KEYS, true);
    expect_next("snapshot w/a=1", watch);
    creg_slice cursor = cursor_of(watch);
    creg_watch_close(watch);
    watch = resumed(cursor, NULL);
    expect_next("resync", watch);
    expect_next("snapshot w/a=1", watch);
    creg_watch_close(watch);
}

static void test_watch__cursor_of_another_target_is_refused(void **state)
{
    (void)state;
    creg_watch *watch = given_watch("v", CREG_WATCH_KEYS, false);
    const char *wrong[] = {"w1-", "w2-0-0-0", "nonsense", "w1-0000000000000000-1-0",
                           "w1-0123456789abcdef-0-00000000000000000000000000000000-"};
    creg_watch_options options = {.scope = CREG_WATCH_KEYS, .cursor = cursor_of(watch)};
    creg_watch *other = NULL;
    expect(CREG_INVALID, creg_watch_open(registry, S("w"), &options, &other, &err));
    creg_watch_close(watch);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        options.cursor = S(wrong[i]);
        expect(CREG_INVALID, creg_watch_open(registry, S("w"), &options, &other, &err));
    }
    assert_null(other);
}

/* ---- instances ------------------------------------------------------------------------------ */

static void set(creg_slice dn, const char *path, const char *value)
{
    creg_property property = {.path = S(path), .value = S(value)};
    ok(creg_set(registry, dn, &property, 1, NULL, &err));
}

static void test_watch__properties_of_an_instance(void **state)
{
    (void)state;
    given_web();
    creg_slice dn = given_instance("ann", "web", "1.0");
    creg_slice other = given_instance("ann", "web", "1.0");
    creg_watch *watch = given_watch(dn.data, CREG_WATCH_DN, false);
    set(other, "status", "running");
    set(dn, "nodes/slave1/status", "running");
    creg_event event;
    ok(creg_watch_next(watch, SOON, &arena, &event, &err));
    expect_text("instances/ann/web/1.0/1", event.dn);
    expect_text("nodes/slave1/status", event.path);
    expect_text("running", event.value);
    expect_text("_", event.old_value);
    expect_quiet(watch);
    creg_watch_close(watch);
}

static void test_watch__a_part_and_a_single_property(void **state)
{
    (void)state;
    given_web();
    creg_slice dn = given_instance("ann", "web", "1.0");
    creg_watch *node = given_watch(below(dn, "nodes/slave1").data, CREG_WATCH_DN, false);
    creg_watch *property = given_watch(below(dn, "status").data, CREG_WATCH_DN, true);
    expect_next("snapshot instances/ann/web/1.0/1/status=registered", property);
    expect_next("snapshot-end", property);
    set(dn, "nodes/slave10/status", "up");
    set(dn, "nodes/slave1/status", "up");
    expect_next("put status=up (was _)", node);
    expect_quiet(property);
    set(dn, "status", "running");
    expect_next("put instances/ann/web/1.0/1/status=running (was registered)", property);
    expect_quiet(node);
    creg_watch_close(node);
    creg_watch_close(property);
}

static void test_watch__removal_is_told_once(void **state)
{
    (void)state;
    given_web();
    creg_slice dn = given_instance("ann", "web", "1.0");
    creg_watch *watch = given_watch(dn.data, CREG_WATCH_DN, false);
    creg_watch *part = given_watch(below(dn, "nodes/slave1").data, CREG_WATCH_DN, false);
    creg_slice cursor = cursor_of(watch);
    ok(creg_deinstantiate(registry, dn, &err));
    expect_next("removed instances/ann/web/1.0/1", watch);
    expect_next("(NOT_FOUND)", watch);
    expect_said("was removed");
    expect_next("removed instances/ann/web/1.0/1/nodes/slave1", part);
    creg_watch_close(part);
    creg_watch_close(watch);
    creg_watch_options options = {.cursor = cursor};
    ok(creg_watch_open(registry, dn, &options, &watch, &err));
    expect_next("removed instances/ann/web/1.0/1", watch);
    expect_next("(NOT_FOUND)", watch);
    creg_watch_close(watch);
}

static void test_watch__absent_instances_and_bad_names_are_refused(void **state)
{
    (void)state;
    creg_watch *watch = NULL;
    creg_watch_options all = {.scope = CREG_WATCH_INSTANCES};
    creg_watch_options keys = {.scope = CREG_WATCH_KEYS};
    expect(CREG_NOT_FOUND, creg_watch_open(registry, S("ann/web/1.0/1"), NULL, &watch, &err));
    expect(CREG_INVALID_NAME, creg_watch_open(registry, S("ann/web"), NULL, &watch, &err));
    expect(CREG_INVALID_NAME, creg_watch_open(registry, S("a/b/c/d"), &all, &watch, &err));
    expect(CREG_INVALID_NAME, creg_watch_open(registry, S("a//c"), &all, &watch, &err));
    expect(CREG_INVALID_NAME, creg_watch_open(registry, S("/w"), &keys, &watch, &err));
    assert_null(watch);
}

static void test_watch__instances_come_and_go(void **state)
{
    (void)state;
    given_web();
    given_instance("ann", "web", "1.0");
    creg_watch *watch = given_watch("", CREG_WATCH_INSTANCES, true);
    creg_watch *bob = given_watch("bob", CREG_WATCH_INSTANCES, false);
    expect_next("snapshot instances/ann/web/1.0/1=", watch);
    expect_next("snapshot-end", watch);
    creg_slice dn = given_instance("bob", "web", "1.0");
    expect_next("created instances/bob/web/1.0/1", watch);
    expect_next("created instances/bob/web/1.0/1", bob);
    set(dn, "status", "running");
    given_instance("ann-b", "web", "1.0");
    expect_next("created instances/ann-b/web/1.0/1", watch);
    ok(creg_deinstantiate(registry, dn, &err));
    expect_next("removed instances/bob/web/1.0/1", watch);
    expect_next("removed instances/bob/web/1.0/1", bob);
    expect_quiet(watch);
    expect_quiet(bob);
    creg_watch_close(watch);
    creg_watch_close(bob);
}

/* ---- time, threads, processes ----------------------------------------------------------------- */

static void test_watch__timeout_is_kept(void **state)
{
    (void)state;
    creg_watch *watch = given_watch("w", CREG_WATCH_KEYS, false);
    uint64_t start = clock_ms();
    expect_quiet(watch);
    uint64_t spent = clock_ms() - start;
    assert_in_range(spent, QUIET - 10, QUIET + 3000);
    start = clock_ms();
    assert_string_equal("(TIMEOUT)", next_line(watch, 0));
    assert_in_range(clock_ms() - start, 0, 2000);
    creg_watch_close(watch);
}

typedef struct later {
    creg_watch *watch;
    const char *key;
    unsigned after_ms;
} later;

static void *cancel_later(void *data)
{
    later *job = data;
    pause_ms(job->after_ms);
    creg_watch_cancel(job->watch);
    return NULL;
}

static void *put_later(void *data)
{
    later *job = data;
    pause_ms(job->after_ms);
    creg_store_put(creg_registry_store(registry), S(job->key), S("later"), NULL);
    return NULL;
}

static void cancel_during_next(bool with_descriptor)
{
    creg_watch *watch = given_watch("w", CREG_WATCH_KEYS, false);
    int descriptor = -1;
    if (with_descriptor)
        ok(creg_watch_descriptor(watch, &descriptor, &err));
    later job = {.watch = watch, .after_ms = 150};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_later, &job), 0);
    uint64_t start = clock_ms();
    assert_string_equal("(CANCELLED)", next_line(watch, 60000));
    assert_in_range(clock_ms() - start, 100, 5000);
    pthread_join(thread, NULL);
    assert_string_equal("(CANCELLED)", next_line(watch, 0));
    creg_watch_close(watch);
}

static void test_watch__cancel_from_another_thread(void **state)
{
    (void)state;
    cancel_during_next(false);
    cancel_during_next(true);
}

static void test_watch__next_wakes_when_something_happens(void **state)
{
    (void)state;
    creg_watch *watch = given_watch("w", CREG_WATCH_KEYS, false);
    later job = {.key = "w/x", .after_ms = 200};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, put_later, &job), 0);
    uint64_t start = clock_ms();
    assert_string_equal("put w/x=later", next_line(watch, 20000));
    assert_in_range(clock_ms() - start, 150, 5000);
    pthread_join(thread, NULL);
    creg_watch_close(watch);
}

static int readable(int descriptor, int timeout_ms)
{
    struct pollfd file = {.fd = descriptor, .events = POLLIN};
    return poll(&file, 1, timeout_ms);
}

static void test_watch__descriptor_is_readable_while_events_wait(void **state)
{
    (void)state;
    put_raw("w/a", "1");
    creg_watch *watch = given_watch("w", CREG_WATCH_KEYS, true);
    int descriptor = -1;
    ok(creg_watch_descriptor(watch, &descriptor, &err));
    assert_int_equal(readable(descriptor, SOON), 1);
    expect_next("snapshot w/a=1", watch);
    assert_int_equal(readable(descriptor, 0), 1);
    expect_next("snapshot-end", watch);
    assert_int_equal(readable(descriptor, QUIET), 0);
    assert_string_equal("(TIMEOUT)", next_line(watch, 0));
    for (int i = 0; i < 10; i++) {
        char value[16];
        snprintf(value, sizeof value, "%d", i);
        put_raw("w/b", value);
        assert_int_equal(readable(descriptor, SOON), 1);
        creg_event event;
        ok(creg_watch_next(watch, 0, &arena, &event, &err));
        expect_text(value, event.value);
        assert_int_equal(readable(descriptor, 0), 0);
    }
    creg_watch_cancel(watch);
    assert_int_equal(readable(descriptor, 0), 1);
    creg_watch_close(watch);
}

static void test_watch__descriptor_tells_the_end_of_an_instance(void **state)
{
    (void)state;
    given_web();
    creg_slice dn = given_instance("ann", "web", "1.0");
    creg_watch *watch = given_watch(dn.data, CREG_WATCH_DN, false);
    int descriptor = -1;
    ok(creg_watch_descriptor(watch, &descriptor, &err));
    ok(creg_deinstantiate(registry, dn, &err));
    assert_int_equal(readable(descriptor, SOON), 1);
    assert_string_equal("removed instances/ann/web/1.0/1", next_line(watch, 0));
    assert_int_equal(readable(descriptor, 0), 1);
    assert_string_equal("(NOT_FOUND)", next_line(watch, 0));
    creg_watch_close(watch);
}

static void test_watch__another_process_is_heard(void **state)
{
    (void)state;
    if (strncmp(store_url, "memory:", 7) == 0)
        skip();
#ifdef __SANITIZE_THREAD__ /* ends a child that starts threads, as libzookeeper does */
    if (strncmp(store_url, "zookeeper:", 10) == 0)
        skip();
#endif
    creg_watch *watch = given_watch("w", CREG_WATCH_KEYS, false);
    pid_t child = fork();
    if (child == 0) {
        creg_registry *own = NULL;
        if (creg_open(store_url, NULL, &own, NULL) != CREG_OK)
            _exit(1);
        pause_ms(100);
        creg_status status =
            creg_store_put(creg_registry_store(own), S("w/child"), S("hello"), NULL);
        creg_close(own);
        _exit(status == CREG_OK ? 0 : 2);
    }
    expect_next("put w/child=hello", watch);
    int code = -1;
    waitpid(child, &code, 0);
    assert_int_equal(code, 0);
    creg_watch_close(watch);
}

static void test_watch__a_forked_child_is_refused(void **state)
{
    (void)state;
    creg_watch *watch = given_watch("w", CREG_WATCH_KEYS, false);
    int descriptor = -1;
    ok(creg_watch_descriptor(watch, &descriptor, &err));
    creg_watch *plain = given_watch("w", CREG_WATCH_KEYS, false);
    pid_t child = fork();
    if (child == 0) {
        creg_event event;
        creg_status status = creg_watch_next(plain, 5000, &arena, &event, &err);
        creg_watch_close(plain);
        creg_watch_close(watch);
        _exit(status == CREG_FORKED ? 0 : 1);
    }
    int code = -1;
    waitpid(child, &code, 0);
    assert_int_equal(code, 0);
    creg_watch_close(plain);
    creg_watch_close(watch);
}

/* ---- many writers -------------------------------------------------------------------------------- */

enum { WRITERS = 4, CHANGES_EACH = 250, KEYS = 16 };

static void *write_many(void *data)
{
    unsigned writer = (unsigned)(uintptr_t)data;
    creg_store *store = creg_registry_store(registry);
    for (unsigned i = 0; i < CHANGES_EACH; i++) {
        char key[32], value[32];
        snprintf(key, sizeof key, "w/%u/k%u", writer, i * 7 % KEYS);
        snprintf(value, sizeof value, "%u", i);
        creg_operation operation = {.kind =
                                        i % 9 == 8 ? CREG_OPERATION_DELETE : CREG_OPERATION_PUT,
                                    .key = S(key),
                                    .value = S(value)};
        creg_transaction transaction = {.operations = &operation, .operation_count = 1};
        creg_store_apply(store, &transaction, NULL, NULL);
    }
    return NULL;
}

static void many_writers(bool with_descriptor)
{
    mirror copy;
    mirror_init(&copy);
    creg_watch *watch = given_watch("w", CREG_WATCH_KEYS, true);
    int descriptor = -1;
    if (with_descriptor)
        ok(creg_watch_descriptor(watch, &descriptor, &err));
    pthread_t threads[WRITERS];
    for (unsigned i = 0; i < WRITERS; i++)
        pthread_create(&threads[i], NULL, write_many, (void *)(uintptr_t)i);
    mirror_drain(&copy, watch, QUIET);
    for (unsigned i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    mirror_drain(&copy, watch, 2 * QUIET);
    mirror_check_keys(&copy, "w");
    assert_int_equal(copy.events[CREG_EVENT_RESYNC], 0);
    creg_watch_close(watch);
    mirror_clear(&copy);
}

static void test_watch__many_writers_end_in_the_same_state(void **state)
{
    (void)state;
    many_writers(false);
}

static void test_watch__many_writers_by_descriptor(void **state)
{
    (void)state;
    many_writers(true);
}

int main(void)
{
    const struct CMUnitTest watch[] = {
        TEST(test_watch__snapshot_comes_first_and_ends),
        TEST(test_watch__empty_snapshot_is_only_its_end),
        TEST(test_watch__changes_come_one_by_one_in_order),
        TEST(test_watch__deletes_come_before_puts),
        TEST(test_watch__what_happened_between_two_looks_is_merged),
        TEST(test_watch__the_same_value_is_no_event),
        TEST(test_watch__a_prefix_is_whole_segments),
        TEST(test_watch__one_key_can_be_watched),
        TEST(test_watch__everything_can_be_watched),
        TEST(test_watch__values_may_be_any_bytes),
        TEST(test_watch__cursor_goes_on_in_silence_when_nothing_changed),
        TEST(test_watch__cursor_resyncs_when_something_changed),
        TEST(test_watch__cursor_with_what_was_known_gives_the_differences),
        TEST(test_watch__cursor_in_a_snapshot_begins_it_again),
        TEST(test_watch__cursor_of_another_target_is_refused),
        TEST(test_watch__properties_of_an_instance),
        TEST(test_watch__a_part_and_a_single_property),
        TEST(test_watch__removal_is_told_once),
        TEST(test_watch__absent_instances_and_bad_names_are_refused),
        TEST(test_watch__instances_come_and_go),
        TEST(test_watch__timeout_is_kept),
        TEST(test_watch__cancel_from_another_thread),
        TEST(test_watch__next_wakes_when_something_happens),
        TEST(test_watch__descriptor_is_readable_while_events_wait),
        TEST(test_watch__descriptor_tells_the_end_of_an_instance),
        TEST(test_watch__another_process_is_heard),
        TEST(test_watch__a_forked_child_is_refused),
        TEST(test_watch__many_writers_end_in_the_same_state),
        TEST(test_watch__many_writers_by_descriptor),
    };
    return SUITE_RUN(watch);
}
