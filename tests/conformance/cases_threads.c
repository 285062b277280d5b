/* SPDX-License-Identifier: MIT */
/* One handle, many threads: nothing is lost, and a reader never sees half a transaction. */
#include <pthread.h>
#include <stdatomic.h>

#include "suite.h"

enum { THREADS = 16 };

typedef struct worker {
    suite *s;
    int number;
    int operations;
    unsigned long failures;
    atomic_bool *is_over;
} worker;

/* A server answers in a millisecond what a file answers in one thousandth of it. */
static int operations_of(const suite *s)
{
    return (s->capabilities & CREG_STORE_NEEDS_FENCE) != 0 ? 50 : 1000;
}

static void run_threads(suite *s, void *(*run)(void *), int count, int operations,
                        const char *what)
{
    pthread_t threads[THREADS];
    worker workers[THREADS];
    int started = 0;
    for (; started < count; started++) {
        workers[started] = (worker){s, started, operations, 0, NULL};
        if (pthread_create(&threads[started], NULL, run, &workers[started]) != 0)
            break;
    }
    CHECK(started == count, "only %d threads", started);
    unsigned long failures = 0;
    for (int i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
        failures += workers[i].failures;
    }
    CHECK(failures == 0, "%lu failures: %s", failures, what);
}

/* One write to seven reads of what was written, each on keys of its own. */
static void *own_keys(void *data)
{
    worker *w = data;
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 20);
    char key[32];
    char value[32] = "";
    for (int i = 0; i < w->operations; i++) {
        snprintf(key, sizeof key, "t/%d/%d", w->number, i / 8);
        if (i % 8 == 0) {
            snprintf(value, sizeof value, "%d-%d", w->number, i);
            w->failures += creg_store_put(w->s->store, creg_slice_of(key), creg_slice_of(value),
                                          NULL) != CREG_OK;
        } else {
            creg_slice found = {NULL, 0};
            creg_status status =
                creg_store_get(w->s->store, creg_slice_of(key), &arena, &found, NULL, NULL);
            w->failures += status != CREG_OK || !creg_slice_equal(found, creg_slice_of(value));
        }
        creg_arena_reset(&arena);
    }
    creg_arena_clear(&arena);
    return NULL;
}

static void threads_on_their_own_keys(suite *s)
{
    int operations = operations_of(s);
    run_threads(s, own_keys, THREADS, operations, "a value was not what was written");
    creg_pairs pairs = {NULL, 0};
    CHECK_STATUS(creg_store_list(s->store, creg_slice_of("t"), &s->arena, &pairs, &s->err),
                 CREG_OK);
    size_t wanted = (size_t)THREADS * (size_t)((operations + 7) / 8);
    CHECK(pairs.size == wanted, "%zu keys, not %zu", pairs.size, wanted);
}

/* Adds 1 to the counter, again and again until nobody was in between. */
static bool increment(creg_store *store, const char *key, creg_arena *arena)
{
    for (int tries = 0; tries < 100000; tries++) {
        creg_slice value = {"0", 1};
        creg_version version = {false, 0, 0};
        creg_status status =
            creg_store_get(store, creg_slice_of(key), arena, &value, &version, NULL);
        if (status != CREG_OK && status != CREG_NOT_FOUND)
            return false;
        if (status == CREG_NOT_FOUND)
            version = (creg_version){false, 0, 0};
        char number[32];
        creg_slice text = creg_arena_copy(arena, value);
        snprintf(number, sizeof number, "%d", atoi(text.data) + 1);
        creg_check check = check_version(key, version);
        creg_operation operation = op_put(key, number);
        creg_transaction transaction = {&check, 1, &operation, 1, NULL};
        status = creg_store_apply(store, &transaction, NULL, NULL);
        creg_arena_reset(arena);
        if (status != CREG_CONFLICT)
            return status == CREG_OK;
    }
    return false;
}

static void *count_up(void *data)
{
    worker *w = data;
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 20);
    for (int i = 0; i < w->operations; i++)
        w->failures += !increment(w->s->store, "counter", &arena);
    creg_arena_clear(&arena);
    return NULL;
}

static void a_counter_loses_nothing(suite *s)
{
    enum { EACH = 20, COUNTERS = 8 };
    run_threads(s, count_up, COUNTERS, EACH, "an increment failed");
    CHECK(atoi(value_of(s, "counter")) == COUNTERS * EACH, "the counter is %s, not %d",
          value_of(s, "counter"), COUNTERS * EACH);
}

/* ---- readers beside a writer ------------------------------------------------------------ */

static void *write_pairs(void *data)
{
    worker *w = data;
    for (int i = 0; i < w->operations; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        /* "pair/3" comes and goes, "pair/2" moves: the list has always the same sum. */
        creg_operation operations[] = {op_put("pair/1", number), op_put("pair/2", number),
                                       i % 2 == 0 ? op_put("pair/3", number)
                                                  : op_delete("pair/3")};
        creg_transaction transaction = {NULL, 0, operations, 3, NULL};
        w->failures += creg_store_apply(w->s->store, &transaction, NULL, NULL) != CREG_OK;
    }
    atomic_store(w->is_over, true);
    return NULL;
}

static bool all_equal(const creg_pairs *pairs)
{
    for (size_t i = 1; i < pairs->size; i++)
        if (!creg_slice_equal(pairs->items[0].value, pairs->items[i].value))
            return false;
    return true;
}

static void *read_pairs(void *data)
{
    worker *w = data;
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 20);
    uint64_t last = 0;
    while (!atomic_load(w->is_over)) {
        creg_read reads[] = {{.is_list = true, .key = creg_slice_of("pair")},
                             {.key = creg_slice_of("pair/1")},
                             {.key = creg_slice_of("pair/2")}};
        uint64_t revision = 0;
        creg_status status = creg_store_read(w->s->store, reads, 3, &arena, &revision, NULL);
        if (status == CREG_CONFLICT)
            continue; /* the store says that it could not give one moment: honest */
        bool is_whole = status == CREG_OK && all_equal(&reads[0].ret_pairs) &&
                        reads[1].ret_pairs.size == 1 && reads[2].ret_pairs.size == 1 &&
                        creg_slice_equal(reads[1].ret_pairs.items[0].value,
                                         reads[2].ret_pairs.items[0].value) &&
                        creg_slice_equal(reads[0].ret_pairs.items[0].value,
                                         reads[1].ret_pairs.items[0].value);
        w->failures += !is_whole || revision < last;
        last = revision;
        creg_arena_reset(&arena);
    }
    creg_arena_clear(&arena);
    return NULL;
}

static void readers_see_whole_transactions(suite *s)
{
    enum { READERS = 3 };
    atomic_bool is_over = false;
    creg_operation first[] = {op_put("pair/1", "x"), op_put("pair/2", "x")};
    CHECK_STATUS(apply(s, NULL, 0, first, 2, NULL), CREG_OK);
    worker writer = {s, 0, operations_of(s), 0, &is_over};
    worker readers[READERS];
    pthread_t threads[READERS + 1];
    for (int i = 0; i < READERS; i++) {
        readers[i] = (worker){s, i, 0, 0, &is_over};
        pthread_create(&threads[i], NULL, read_pairs, &readers[i]);
    }
    pthread_create(&threads[READERS], NULL, write_pairs, &writer);
    for (int i = 0; i <= READERS; i++)
        pthread_join(threads[i], NULL);
    CHECK(writer.failures == 0, "%lu writes failed", writer.failures);
    for (int i = 0; i < READERS; i++)
        CHECK(readers[i].failures == 0, "reader %d saw %lu halves", i, readers[i].failures);
}

/* Handles are opened and closed while others work on the same store. */
static void *open_and_close(void *data)
{
    worker *w = data;
    char key[32];
    snprintf(key, sizeof key, "h/%d", w->number);
    for (int i = 0; i < w->operations; i++) {
        creg_store *store = suite_open(w->s, NULL);
        if (store == NULL) {
            w->failures++;
            continue;
        }
        w->failures +=
            creg_store_put(store, creg_slice_of(key), creg_slice_of("x"), NULL) != CREG_OK;
        creg_store_close(store);
    }
    return NULL;
}

static void handles_come_and_go(suite *s)
{
    run_threads(s, open_and_close, 6, 20, "a handle did not work");
    CHECK(strcmp(shown_keys(s, "h"), "h/0 h/1 h/2 h/3 h/4 h/5 ") == 0, "left: '%s'",
          shown_keys(s, "h"));
}

const suite_case cases_threads[] = {
    {"threads__on_their_own_keys", threads_on_their_own_keys},
    {"threads__a_counter_loses_nothing", a_counter_loses_nothing},
    {"threads__readers_see_whole_transactions", readers_see_whole_transactions},
    {"threads__handles_come_and_go", handles_come_and_go},
    {NULL, NULL},
};
