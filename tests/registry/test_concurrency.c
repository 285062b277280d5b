/* SPDX-License-Identifier: MIT */
/*
 * Many at once: threads on one handle and on their own, processes on one store.
 */
#include "suite.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 6, ROUNDS = 12 };

typedef struct worker {
    pthread_t thread;
    creg_registry *registry;
    int number;
    int failures;
    unsigned char taken[WORKERS * ROUNDS + 1]; /* ids that this one was given */
} worker;

static worker workers[WORKERS];

static void run_workers(void *(*work)(void *), bool share_handle)
{
    memset(workers, 0, sizeof workers);
    for (int i = 0; i < WORKERS; i++) {
        workers[i].number = i;
        workers[i].registry = share_handle ? registry : suite_open_other("");
        assert_int_equal(0, pthread_create(&workers[i].thread, NULL, work, &workers[i]));
    }
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(workers[i].thread, NULL);
        if (!share_handle)
            creg_close(workers[i].registry);
        assert_int_equal(0, workers[i].failures);
    }
}

static bool is_ok(worker *self, creg_status status, const creg_error *own)
{
    if (status == CREG_OK)
        return true;
    print_error("worker %d: %s: %s\n", self->number, creg_status_name(status), own->message);
    self->failures++;
    return false;
}

static void *instantiate(void *argument)
{
    worker *self = argument;
    creg_arena own_arena;
    creg_arena_init(&own_arena, (size_t)1 << 30);
    creg_error own = {.status = CREG_OK};
    for (int i = 0; i < ROUNDS; i++) {
        creg_instance instance;
        creg_instance_spec spec = spec_of("ann", "web", "1.0");
        if (!is_ok(self, creg_instantiate(self->registry, &spec, &own_arena, &instance, &own),
                   &own))
            continue;
        int id = atoi(creg_arena_copy(&own_arena, instance.id).data);
        if (id < 1 || id > WORKERS * ROUNDS || self->taken[id]++ > 0)
            self->failures++;
    }
    creg_arena_clear(&own_arena);
    return NULL;
}

static void expect_every_id_once(void)
{
    for (int id = 1; id <= WORKERS * ROUNDS; id++) {
        int count = 0;
        for (int i = 0; i < WORKERS; i++)
            count += workers[i].taken[id];
        assert_int_equal(1, count);
    }
    creg_report report;
    ok(creg_fsck(registry, false, &arena, &report, &err));
    assert_int_equal(0, report.findings.size);
    assert_int_equal(WORKERS * ROUNDS, report.checked);
}

/* B10, R4 */
static void test_instance__by_threads_on_one_handle(void **state)
{
    (void)state;
    given_web();
    run_workers(instantiate, true);
    expect_every_id_once();
}

static void test_instance__by_threads_on_their_own_handles(void **state)
{
    (void)state;
    given_web();
    run_workers(instantiate, false);
    expect_every_id_once();
}

static void *repeat_request(void *argument)
{
    worker *self = argument;
    creg_arena own_arena;
    creg_arena_init(&own_arena, (size_t)1 << 30);
    creg_error own = {.status = CREG_OK};
    for (int i = 0; i < ROUNDS; i++) {
        char request[16];
        snprintf(request, sizeof request, "r%d", i);
        creg_instance instance;
        creg_instance_spec spec = spec_of("ann", "web", "1.0");
        spec.request_id = S(request);
        if (is_ok(self, creg_instantiate(self->registry, &spec, &own_arena, &instance, &own),
                  &own))
            self->taken[atoi(creg_arena_copy(&own_arena, instance.id).data)]++;
    }
    creg_arena_clear(&own_arena);
    return NULL;
}

static void test_instance__one_request_by_many_is_carried_out_once(void **state)
{
    (void)state;
    given_web();
    run_workers(repeat_request, true);
    creg_instances instances;
    ok(creg_instance_list(registry, S(""), S(""), S(""), &arena, &instances, &err));
    assert_int_equal(ROUNDS, instances.size);
    for (int i = 0; i < WORKERS; i++) /* and everybody was told the same ones */
        for (size_t k = 0; k < instances.size; k++)
            assert_int_equal(
                1, workers[i].taken[atoi(creg_arena_copy(&arena, instances.items[k].id).data)]);
}

static void *count_up(void *argument)
{
    worker *self = argument;
    creg_error own = {.status = CREG_OK};
    for (int i = 0; i < ROUNDS; i++) {
        int64_t value;
        is_ok(self,
              creg_increment(self->registry, S("ann/web/1.0/1"), S("step"), 1, &value, &own),
              &own);
    }
    return NULL;
}

/* The lost update of the scheduler's `step` */
static void test_increment__loses_none(void **state)
{
    (void)state;
    given_web();
    creg_slice dn = given_instance("ann", "web", "1.0");
    run_workers(count_up, true);
    char wanted[16];
    snprintf(wanted, sizeof wanted, "%d", WORKERS * ROUNDS);
    assert_string_equal(wanted, property_of(dn, "step"));
}

/* Some make and remove, others look: whoever is listed is whole. */
static atomic_bool is_over;

static void *make_and_remove(void *argument)
{
    worker *self = argument;
    creg_arena own_arena;
    creg_arena_init(&own_arena, (size_t)1 << 30);
    creg_error own = {.status = CREG_OK};
    for (int i = 0; i < ROUNDS * 2; i++) {
        creg_instance instance;
        creg_instance_spec spec = spec_of("ann", "web", "1.0");
        if (is_ok(self, creg_instantiate(self->registry, &spec, &own_arena, &instance, &own),
                  &own))
            is_ok(self, creg_deinstantiate(self->registry, instance.dn, &own), &own);
        creg_arena_clear(&own_arena);
    }
    is_over = true;
    return NULL;
}

static void *look(void *argument)
{
    worker *self = argument;
    creg_arena own_arena;
    creg_arena_init(&own_arena, (size_t)1 << 30);
    creg_error own = {.status = CREG_OK};
    while (!is_over) {
        creg_instances instances = {NULL, 0};
        is_ok(self,
              creg_instance_list(self->registry, S("ann"), S(""), S(""), &own_arena, &instances,
                                 &own),
              &own);
        for (size_t i = 0; i < instances.size; i++) {
            creg_value tree;
            creg_status status =
                creg_tree(self->registry, instances.items[i].dn, 0, &own_arena, &tree, &own);
            bool is_gone = status == CREG_NOT_FOUND; /* removed since the list */
            if (!is_gone && is_ok(self, status, &own) && tree.as.map->size != 4)
                self->failures++;
        }
        creg_arena_clear(&own_arena);
    }
    return NULL;
}

static void *make_or_look(void *argument)
{
    return ((worker *)argument)->number % 2 == 0 ? make_and_remove(argument) : look(argument);
}

static void test_readers__see_whole_instances_only(void **state)
{
    (void)state;
    given_web();
    is_over = false;
    run_workers(make_or_look, true);
}

/* ---- processes ----------------------------------------------------------------------------------- */

static void test_instance__by_processes(void **state)
{
    (void)state;
    if (strncmp(store_url, "memory:", 7) == 0)
        skip(); /* a memory store belongs to one process */
    given_web();
    creg_close(registry);
    registry = NULL;
    for (int i = 0; i < WORKERS; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            creg_arena own_arena;
            creg_arena_init(&own_arena, (size_t)1 << 30);
            creg_registry *own;
            int failures = creg_open(store_url, NULL, &own, NULL) != CREG_OK;
            for (int k = 0; failures == 0 && k < ROUNDS; k++) {
                creg_instance instance;
                creg_instance_spec spec = spec_of("ann", "web", "1.0");
                failures +=
                    creg_instantiate(own, &spec, &own_arena, &instance, NULL) != CREG_OK;
            }
            creg_close(own);
            creg_arena_clear(&own_arena);
            _exit(failures != 0);
        }
    }
    for (int i = 0; i < WORKERS; i++) {
        int status;
        assert_true(wait(&status) > 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    ok(creg_open(store_url, NULL, &registry, &err));
    creg_instances instances;
    ok(creg_instance_list(registry, S("ann"), S(""), S(""), &arena, &instances, &err));
    assert_int_equal(WORKERS * ROUNDS, instances.size);
    char last[16];
    snprintf(last, sizeof last, "%d", WORKERS * ROUNDS);
    expect_text(last, instances.items[instances.size - 1].id);
}

/* B30 */
static void test_handle__after_fork_is_refused(void **state)
{
    (void)state;
    given_web();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        creg_arena own_arena;
        creg_arena_init(&own_arena, (size_t)1 << 30);
        creg_instances instances;
        creg_slice none = {NULL, 0};
        _exit(creg_instance_list(registry, none, none, none, &own_arena, &instances, NULL) ==
                      CREG_FORKED
                  ? 0
                  : 1);
    }
    int status;
    assert_true(wait(&status) > 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(0, WEXITSTATUS(status));
    given_instance("ann", "web", "1.0");
}

int main(void)
{
    static const struct CMUnitTest concurrency[] = {
        TEST(test_instance__by_threads_on_one_handle),
        TEST(test_instance__by_threads_on_their_own_handles),
        TEST(test_instance__one_request_by_many_is_carried_out_once),
        TEST(test_increment__loses_none),
        TEST(test_readers__see_whole_instances_only),
        TEST(test_instance__by_processes),
        TEST(test_handle__after_fork_is_refused),
    };
    return SUITE_RUN(concurrency);
}
