/* SPDX-License-Identifier: MIT */
/* fork(), and several processes on one store. */
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suite.h"

/* Runs `work` in a child; its result is the exit code, 0 to 100. */
/* Why no child of fork() can use the store, or NULL. */
static const char *why_no_children(const suite *s)
{
    if ((s->capabilities & CREG_STORE_MULTI_PROCESS) == 0)
        return "one process only";
#ifdef __SANITIZE_THREAD__ /* ends a child that starts threads, as libzookeeper does */
    if (strncmp(s->url, "zookeeper:", 10) == 0)
        return "ThreadSanitizer";
#endif
    return NULL;
}

static int in_child(suite *s, int (*work)(suite *s))
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(work(s));
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child)
        return 101;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 102;
}

/* Each call on the parent's handle must say FORKED; the number of the first that does not. */
static int use_parents_handle(suite *s)
{
    creg_slice value;
    creg_pairs pairs;
    creg_limits limits;
    creg_liveness *liveness;
    uint64_t revision;
    bool alive;
    creg_slice key = creg_slice_of("a");
    if (creg_store_get(s->store, key, &s->arena, &value, NULL, NULL) != CREG_FORKED)
        return 1;
    if (creg_store_list(s->store, key, &s->arena, &pairs, NULL) != CREG_FORKED)
        return 2;
    if (creg_store_put(s->store, key, key, NULL) != CREG_FORKED)
        return 3;
    if (creg_store_wait(s->store, key, 1, 1000, &revision, NULL) != CREG_FORKED)
        return 4;
    if (creg_liveness_open(s->store, key, 1000, &liveness, NULL) != CREG_FORKED)
        return 5;
    if (creg_liveness_check(s->store, key, &alive, NULL) != CREG_FORKED)
        return 6;
    if (creg_store_limits(s->store, &limits, NULL) != CREG_FORKED)
        return 7;
    if (creg_store_info(s->store, &s->arena, &pairs, NULL) != CREG_FORKED)
        return 8;
    if (creg_store_check(s->store, NULL) != CREG_FORKED)
        return 9;
    creg_store_close(s->store);
    return 0;
}

static void a_child_is_told(suite *s)
{
    put(s, "a", "1");
    CHECK(in_child(s, use_parents_handle) == 0, "call %d of the child was not refused",
          in_child(s, use_parents_handle));
    CHECK(strcmp(value_of(s, "a"), "1") == 0, "the parent's handle is broken");
    put(s, "a", "2");
    CHECK(strcmp(value_of(s, "a"), "2") == 0, "the parent cannot write");
}

static int open_anew(suite *s)
{
    s->store = suite_open(s, NULL);
    if (s->store == NULL)
        return 1;
    const char *value = value_of(s, "a");
    if (value == NULL || strcmp(value, "1") != 0)
        return 2;
    put(s, "b", "child");
    creg_store_close(s->store);
    return 0;
}

static void a_child_opens_its_own(suite *s)
{
    if (why_no_children(s) != NULL)
        SKIP(why_no_children(s));
    put(s, "a", "1");
    int code = in_child(s, open_anew);
    CHECK(code == 0, "the child failed at %d", code);
    const char *value = value_of(s, "b");
    CHECK(value != NULL && strcmp(value, "child") == 0, "the child's write is not there");
    put(s, "a", "2");
}

static int count_up(suite *s)
{
    enum { EACH = 25 };
    creg_store *store = suite_open(s, NULL);
    if (store == NULL)
        return 1;
    for (int i = 0; i < EACH;) {
        creg_slice value = {"0", 1};
        creg_version version = {false, 0, 0};
        creg_status status =
            creg_store_get(store, creg_slice_of("n"), &s->arena, &value, &version, NULL);
        if (status != CREG_OK && status != CREG_NOT_FOUND)
            return 2;
        char number[32];
        snprintf(number, sizeof number, "%d", atoi(creg_arena_copy(&s->arena, value).data) + 1);
        creg_check check = check_version("n", version);
        creg_operation operation = op_put("n", number);
        creg_transaction transaction = {&check, 1, &operation, 1, NULL};
        status = creg_store_apply(store, &transaction, NULL, NULL);
        if (status != CREG_OK && status != CREG_CONFLICT)
            return 3;
        i += status == CREG_OK;
    }
    creg_store_close(store);
    return 0;
}

static void processes_count_together(suite *s)
{
    enum { PROCESSES = 4, EACH = 25 };
    if (why_no_children(s) != NULL)
        SKIP(why_no_children(s));
    pid_t children[PROCESSES];
    fflush(NULL);
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(count_up(s));
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = 0;
        waitpid(children[i], &status, 0);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "process %d ended with %x", i,
              status);
    }
    CHECK(atoi(value_of(s, "n")) == PROCESSES * EACH, "the counter is %s", value_of(s, "n"));
}

static int put_after_a_while(suite *s)
{
    creg_store *store = suite_open(s, NULL);
    if (store == NULL)
        return 1;
    sleep_ms(150);
    creg_status status =
        creg_store_put(store, creg_slice_of("w/x"), creg_slice_of("child"), NULL);
    creg_store_close(store);
    return status == CREG_OK ? 0 : 2;
}

static void another_process_wakes(suite *s)
{
    if (why_no_children(s) != NULL)
        SKIP(why_no_children(s));
    uint64_t revision = 0;
    creg_store_read(s->store, NULL, 0, &s->arena, &revision, &s->err);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(put_after_a_while(s));
    uint64_t start = clock_ms();
    CHECK_STATUS(creg_store_wait(s->store, creg_slice_of("w"), revision, 10000, NULL, &s->err),
                 CREG_OK);
    CHECK(clock_ms() - start < 5000, "it took %llu ms",
          (unsigned long long)(clock_ms() - start));
    int status;
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with %x", status);
    CHECK(value_of(s, "w/x") != NULL, "the change cannot be read");
}

static int die_with_liveness(suite *s)
{
    creg_store *store = suite_open(s, NULL);
    creg_liveness *liveness;
    if (store == NULL ||
        creg_liveness_open(store, creg_slice_of("case"), 60000, &liveness, NULL) != CREG_OK)
        return 1;
    creg_operation bound = op_put("i/x", "");
    bound.bind_liveness = true;
    creg_transaction transaction = {NULL, 0, &bound, 1, liveness};
    return creg_store_apply(store, &transaction, NULL, NULL) == CREG_OK ? 0 : 2;
}

static void a_dead_process_is_not_alive(suite *s)
{
    if (why_no_children(s) != NULL)
        SKIP(why_no_children(s));
    if ((s->capabilities & CREG_STORE_NEEDS_FENCE) != 0)
        SKIP("a server takes its time; tests/services does this");
    int code = in_child(s, die_with_liveness);
    REQUIRE(code == 0, "the child failed at %d", code);
    bool alive = true;
    CHECK_STATUS(creg_liveness_check(s->store, creg_slice_of("i/x"), &alive, &s->err), CREG_OK);
    CHECK(!alive, "a dead process is said to live");
}

const suite_case cases_process[] = {
    {"fork__a_child_is_told", a_child_is_told},
    {"fork__a_child_opens_its_own", a_child_opens_its_own},
    {"process__count_together", processes_count_together},
    {"process__another_one_wakes", another_process_wakes},
    {"process__a_dead_one_is_not_alive", a_dead_process_is_not_alive},
    {NULL, NULL},
};
