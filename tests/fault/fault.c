/* SPDX-License-Identifier: MIT */
/*
 * Proving the commit protocol on one store.
 *
 *     fault points [--store URL] [--every K] [--jobs N] [OPERATION...]
 *     fault bugs   [--store URL] [--jobs N] [NUMBER...]
 *     fault kills  [--store URL] [--count N] [--seed S]
 *     fault crowd  [--store URL] [--processes P] [--each E]
 *     fault load   [--store URL]
 *
 * points: an operation is run once to count its store calls; then once more for every call
 * and every fault (store/drivers/fault.h), each in a store of its own, and judged. `--every K`
 * takes each Kth case. bugs: the same cases with a deliberate bug must find a violation. load:
 * writers and readers go on until standard input ends, and print "ack MILLISECONDS" of the
 * monotonic clock for each create, while somebody else kills the servers.
 * Without --store: LMDB in a folder of its own. Ends with 1 when something was violated.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scenario.h"

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS 0x20
#endif

enum {
    CASES_MAX = 4000,
    JOBS_MAX = 64,
    BUGS = 16,
    WRITERS_AT_ONCE = 4,
    LOAD_PAUSE_MS = 100,
    CREATES_MAX = 24, /* of one writer that is to be killed */
    WRITERS_MAX = 600
};

static const char *const actions[] = {"kill-before",  "kill-after", "freeze-before",
                                      "freeze-after", "lost",       "twice",
                                      "gone-before",  "gone-after"};
enum { ACTIONS = sizeof actions / sizeof actions[0] };

typedef struct options {
    const char *store;
    unsigned every, jobs, count, processes, each, seed;
    char **words;
    int word_count;
} options;

static char folder[] = "/tmp/confreg-fault-XXXXXX";
static char base[URL_SIZE];
static bool is_memory;

static void *share(size_t size)
{
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return page;
}

static void remove_folder(const char *path)
{
    DIR *handle = opendir(path);
    if (handle == NULL) {
        unlink(path);
        return;
    }
    for (struct dirent *entry = readdir(handle); entry != NULL; entry = readdir(handle)) {
        char inside[URL_SIZE];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        remove_folder(inside);
    }
    closedir(handle);
    rmdir(path);
}

/* ---- one case -------------------------------------------------------------------------------- */

typedef struct job {
    scenario scenario;
    shared notes;
    unsigned long calls; /* as counted by the failpoint's log */
    int bug;             /* the deliberate bug that it runs with; 0: none */
    int has_fired;
    int has_ended;
} job;

static job *jobs;
static unsigned long case_number;

static void prepare(job *work, operation op, const char *failpoint)
{
    char name[48];
    memset(work, 0, sizeof *work);
    snprintf(name, sizeof name, "c%ld-%lu", (long)getpid(), ++case_number);
    make_url(base, name, work->scenario.url);
    snprintf(work->scenario.log, URL_SIZE, "%s/%s.log", folder, name);
    snprintf(work->scenario.failpoint, sizeof work->scenario.failpoint, "%s", failpoint);
    work->scenario.operation = op;
    work->scenario.notes = &work->notes;
    work->scenario.is_memory = is_memory;
}

static void read_log(job *work)
{
    char line[80], name[24];
    FILE *file = fopen(work->scenario.log, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        unsigned long number;
        if (sscanf(line, "calls %23s %lu", name, &number) == 2)
            work->calls = number;
        work->has_fired = work->has_fired || strncmp(line, "fired", 5) == 0;
    }
    if (file != NULL)
        fclose(file);
}

static int begin(job *work)
{
    int child = fork_child();
    if (child != 0)
        return child;
    alarm(300);
    if (work->bug != 0) {
        char number[8];
        snprintf(number, sizeof number, "%d", work->bug);
        setenv("CONFREG_BUG", number, 1);
    }
    run_scenario(&work->scenario);
    read_log(work);
    work->has_ended = 1;
    if (strncmp(work->scenario.url, "lmdb:", 5) == 0)
        remove_folder(work->scenario.url + 5);
    exit(0);
}

typedef struct tally {
    long cases, fired, violated, looks;
    long told[4]; /* done, failed, unknown, nothing */
} tally;

static void count_case(const job *work, tally *sum)
{
    const shared *notes = &work->notes;
    sum->cases++;
    sum->fired += work->has_fired;
    sum->looks += atomic_load(&notes->looks);
    sum->told[!notes->is_told                       ? 3
              : notes->told == CREG_OK              ? 0
              : notes->told == CREG_UNKNOWN_OUTCOME ? 2
                                                    : 1]++;
    bool is_bad = atomic_load(&notes->violations) > 0 || !work->has_ended;
    sum->violated += is_bad;
    if (!is_bad || work->bug != 0)
        return;
    printf("VIOLATION in %s at %s (told %s):\n", operation_names[work->scenario.operation],
           work->scenario.failpoint[0] == '\0' ? "no fault" : work->scenario.failpoint,
           notes->is_told ? creg_status_name(notes->told) : "nothing");
    for (int i = 0; i < SAYINGS && notes->sayings[i][0] != '\0'; i++)
        printf("    %s\n", notes->sayings[i]);
    if (!work->has_ended)
        printf("    the case did not end\n");
}

/* A bug that was noticed once needs no more cases. */
static bool is_settled(const job *work, const tally *sums)
{
    return work->bug != 0 && sums[work->bug].violated > 0;
}

/* The next of jobs[*next..count) that is to be run, or NULL. */
static job *take(size_t *next, size_t count, const tally *sums)
{
    while (*next < count && is_settled(&jobs[*next], sums))
        ++*next;
    return *next < count ? &jobs[(*next)++] : NULL;
}

/* Runs jobs[first..count), so many at once; the sums are by the jobs' bug. */
static void run_jobs(size_t first, size_t count, unsigned at_once, tally *sums)
{
    int children[JOBS_MAX] = {0};
    job *of[JOBS_MAX];
    size_t next = first, busy = 0;
    do {
        for (unsigned i = 0; i < at_once; i++)
            if (children[i] == 0 && (of[i] = take(&next, count, sums)) != NULL) {
                children[i] = begin(of[i]);
                busy++;
            }
        int status;
        int ended = busy > 0 ? wait(&status) : -1;
        for (unsigned i = 0; i < at_once && ended > 0; i++)
            if (children[i] == ended) {
                children[i] = 0;
                busy--;
                count_case(of[i], &sums[of[i]->bug]);
            }
    } while (busy > 0 || next < count);
}

/* ---- every point --------------------------------------------------------------------------------- */

static bool applies(const char *action)
{
    return !is_memory || (strncmp(action, "kill", 4) != 0 && strncmp(action, "freeze", 6) != 0);
}

/* Appends the cases of one operation to the jobs; each Kth of them. */
static size_t enumerate(operation op, unsigned long calls, unsigned every, unsigned *turn,
                        size_t count)
{
    for (unsigned long at = 1; at <= calls; at++)
        for (unsigned i = 0; i < ACTIONS; i++) {
            char failpoint[48];
            if (!applies(actions[i]) || (*turn)++ % every != 0 || count == CASES_MAX)
                continue;
            snprintf(failpoint, sizeof failpoint, "any:%lu:%s", at, actions[i]);
            prepare(&jobs[count++], op, failpoint);
        }
    return count;
}

static bool is_wanted(const options *wanted, operation op)
{
    for (int i = 0; i < wanted->word_count; i++)
        if (strcmp(wanted->words[i], operation_names[op]) == 0)
            return true;
    return wanted->word_count == 0;
}

/* How many store calls each operation makes; run without a fault, and judged as well. */
static void count_calls(const options *wanted, unsigned long calls[OPERATIONS], tally *sum)
{
    size_t count = 0;
    for (int op = 0; op < OPERATIONS; op++)
        if (is_wanted(wanted, (operation)op) && !(is_memory && op >= SWEEP_ONCE))
            prepare(&jobs[count++], (operation)op, "");
    run_jobs(0, count, wanted->jobs, sum);
    for (size_t i = 0; i < count; i++)
        calls[jobs[i].scenario.operation] = jobs[i].calls;
}

static void print_tally(const char *what, const tally *sum, long started)
{
    printf("%s: %ld cases, %ld faults, told %ld done, %ld failed, %ld unknown, %ld nothing; "
           "%ld looks, %ld violated, %.1f s\n",
           what, sum->cases, sum->fired, sum->told[0], sum->told[1], sum->told[2], sum->told[3],
           sum->looks, sum->violated, (double)(now_ms() - started) / 1000);
    fflush(stdout);
}

static int run_points(const options *wanted)
{
    long started = now_ms();
    unsigned long calls[OPERATIONS] = {0};
    tally all = {0};
    unsigned turn = wanted->seed;
    count_calls(wanted, calls, &all);
    print_tally("without a fault", &all, started);
    for (int op = 0; op < OPERATIONS; op++) {
        if (calls[op] == 0)
            continue;
        char name[48];
        tally sum = {0};
        size_t count = enumerate((operation)op, calls[op], wanted->every, &turn, 0);
        run_jobs(0, count, wanted->jobs, &sum);
        snprintf(name, sizeof name, "%s, %lu calls", operation_names[op], calls[op]);
        print_tally(name, &sum, started);
        all.cases += sum.cases;
        all.violated += sum.violated;
        all.looks += sum.looks;
    }
    printf("points: %ld looks in %.1f s; %ld passed, %ld failed\n", all.looks,
           (double)(now_ms() - started) / 1000, all.cases - all.violated, all.violated);
    return all.violated != 0;
}

/* ---- deliberate bugs ------------------------------------------------------------------------------- */

/* What a bug has to survive unnoticed: a choice of all cases, the dangerous ones first. */
static const struct {
    operation operation;
    const char *failpoint;
} bug_cases[] = {
    {CREATE_PIECES, "apply:4:freeze-before"},
    {CREATE_PIECES, "apply:4:kill-before"},
    {CREATE_ONCE, "apply:1:freeze-before"},
    {CREATE_ONCE, "apply:1:lost"},
    {CREATE_PIECES, "live-release:1:freeze-before"},
    {DELETE_PIECES, "apply:2:freeze-before"},
    {DELETE_PIECES, "apply:3:kill-before"},
    {DELETE_ONCE, ""},
    {DELETE_ONCE, "apply:1:freeze-before"},
    {DELETE_ONCE, "apply:1:freeze-after"},
    {SWEEP_PIECES, ""},
    {SWEEP_ONCE, ""},
    {COPY, "apply:1:lost"},
    {SET, "apply:1:lost"},
    {DELETE_PIECES, ""},
    {CREATE_PIECES, "apply:7:lost"},
    {SET_MANY, "apply:2:freeze-before"},
    {SET_MANY, "apply:3:freeze-after"},
    {SET_MANY, "apply:4:kill-before"},
    {REPEAT, ""},
};
enum { BUG_CASES = sizeof bug_cases / sizeof bug_cases[0] };

/* What shows only while a writer's liveness lasts is missed where the machine stalls for longer. */
enum { ROUNDS = 3 };

/* Appends to jobs[0..count): every bug with the first case, every bug with the second, and so on. */
static size_t prepare_bugs(const int *bugs, size_t bug_count, size_t count)
{
    for (size_t i = 0; i < BUG_CASES; i++)
        for (size_t k = 0; k < bug_count; k++) {
            prepare(&jobs[count], bug_cases[i].operation, bug_cases[i].failpoint);
            jobs[count++].bug = bugs[k];
        }
    return count;
}

static const char *first_saying(int bug, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (jobs[i].bug == bug && jobs[i].notes.sayings[0][0] != '\0')
            return jobs[i].notes.sayings[0];
    return "";
}

/* Without a bug nothing may be violated; with one, something must. */
static bool print_bug(int bug, const tally *sum, const char *said)
{
    bool is_good = (bug == 0) == (sum->violated == 0);
    printf("bug %2d: %ld cases, %ld violated%s%s%s\n", bug, sum->cases, sum->violated,
           *said == '\0' ? "" : ", first: ", said, is_good ? "" : "  <-- NOT AS IT SHOULD BE");
    return is_good;
}

static int run_bugs(const options *wanted)
{
    int bugs[BUGS + 1], bad = 0;
    size_t bug_count = 0;
    tally sums[BUGS + 1] = {{0}};
    for (int i = 0; i < wanted->word_count; i++) {
        int bug = atoi(wanted->words[i]);
        if (bug < 0 || bug > BUGS || bug_count > BUGS) {
            fprintf(stderr, "bugs: the numbers are 0 (none) to %d, each once\n", BUGS);
            return 2;
        }
        bugs[bug_count++] = bug;
    }
    for (int bug = 0; wanted->word_count == 0 && bug <= BUGS; bug++)
        bugs[bug_count++] = bug;
    size_t count = prepare_bugs(bugs, bug_count, 0);
    run_jobs(0, count, wanted->jobs, sums);
    for (int round = 1; round < ROUNDS; round++) {
        size_t first = count;
        for (size_t i = 0; i < bug_count; i++)
            if (bugs[i] != 0 && sums[bugs[i]].violated == 0)
                count = prepare_bugs(&bugs[i], 1, count);
        run_jobs(first, count, 4, sums);
    }
    for (size_t i = 0; i < bug_count; i++)
        bad |= !print_bug(bugs[i], &sums[bugs[i]], first_saying(bugs[i], count));
    return bad;
}

/* ---- killed at random ---------------------------------------------------------------------------------- */

enum { NOTHING_YET, CREATING, CREATED, REMOVING, REMOVED, FAILED, STATES };

typedef struct crime {
    shared notes;
    unsigned char state[WRITERS_MAX][CREATES_MAX];
    short id[WRITERS_MAX][CREATES_MAX];
    bool is_load; /* nobody is killed: acknowledgements are told, and most goes again */
} crime;

static void token_of(int writer, int number, char *token)
{
    sprintf(token, "w%d-%d", writer, number);
}

static void remove_row(creg_registry *registry, crime *scene, int writer, int number)
{
    char text[64];
    snprintf(text, sizeof text, "instances/u/t/1/%d", scene->id[writer][number]);
    scene->state[writer][number] = REMOVING;
    if (creg_deinstantiate(registry, S(text), NULL) == CREG_OK)
        scene->state[writer][number] = REMOVED;
}

/* One row of the scene: CREATES_MAX creates, some of which are removed again. */
static void write_row(creg_registry *registry, crime *scene, int writer)
{
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 28);
    for (int i = 0; i < CREATES_MAX; i++) {
        char token[32];
        creg_instance instance;
        creg_error err;
        if (scene->is_load && atomic_load(&scene->notes.stop))
            break;
        token_of(writer, i, token);
        scene->state[writer][i] = CREATING;
        creg_status status = create(registry, token, &arena, &instance, &err);
        /* A slow machine may lose a lease: then nothing may have come of it. */
        if (status != CREG_OK && status != CREG_UNKNOWN_OUTCOME)
            scene->state[writer][i] = FAILED;
        if (status != CREG_OK)
            continue;
        scene->id[writer][i] = (short)atoi(creg_arena_copy(&arena, instance.id).data);
        scene->state[writer][i] = CREATED;
        if (scene->is_load) {
            printf("ack %ld\n", now_ms());
            fflush(stdout);
            sleep_ms(LOAD_PAUSE_MS);
        }
        if (scene->is_load ? i % 8 != 0 : i % 3 == 2)
            remove_row(registry, scene, writer, i);
        creg_arena_reset(&arena);
    }
    creg_arena_clear(&arena);
}

/* Every other writer writes in pieces. */
static creg_registry *open_writer(const char *url, int writer, const char *ttl_ms,
                                  const char *session)
{
    char parameters[96];
    bool is_zookeeper = strncmp(url, "zookeeper:", 10) == 0;
    snprintf(parameters, sizeof parameters, "%s%s",
             writer % 2 == 0 ? "transaction_operations=12" : "read_only=0",
             is_zookeeper ? session : "");
    setenv("CONFREG_FAILPOINT_TTL_MS", ttl_ms, 1);
    return open_or_die(url, parameters);
}

static void write_until_killed(const char *url, crime *scene, int writer)
{
    write_row(open_writer(url, writer, "2000", "&session_ms=2000"), scene, writer);
    pause();
}

static void judge_writer(creg_registry *registry, crime *scene, int writer, creg_arena *arena,
                         int *ret_alive)
{
    for (int i = 0; i < CREATES_MAX && scene->state[writer][i] != NOTHING_YET; i++) {
        char token[32];
        creg_instance found;
        creg_error err;
        token_of(writer, i, token);
        creg_status status = creg_instance_status(registry, S(token), arena, &found, &err);
        bool is_there = status == CREG_OK;
        int state = scene->state[writer][i];
        if (status != CREG_OK && status != CREG_NOT_FOUND)
            violated(&scene->notes, "I12: status of %s: %s", token, err.message);
        if (state == CREATED && !is_there)
            violated(&scene->notes, "I6: %s was acknowledged and is lost", token);
        if (state == FAILED && is_there)
            violated(&scene->notes, "I6: %s was told as failed and is there", token);
        if (state == REMOVED && is_there)
            violated(&scene->notes, "I9: %s was removed and is there", token);
        if (is_there && scene->id[writer][i] != 0 &&
            atoi(creg_arena_copy(arena, found.id).data) != scene->id[writer][i])
            violated(&scene->notes, "I12: %s has another id", token);
        *ret_alive += is_there;
    }
}

static void judge_kills(const char *url, crime *scene, unsigned writers)
{
    creg_registry *registry = open_or_die(url, "");
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 30);
    int alive = 0;
    for (unsigned writer = 0; writer < writers; writer++)
        judge_writer(registry, scene, (int)writer, &arena, &alive);
    creg_slice any = {NULL, 0};
    creg_instances listed = {NULL, 0};
    creg_report report = {.checked = 0};
    creg_error err;
    if (creg_instance_list(registry, S("u"), any, any, &arena, &listed, &err) != CREG_OK ||
        (int)listed.size != alive)
        violated(&scene->notes, "I8: %zu are listed, %d requests were carried out", listed.size,
                 alive);
    if (creg_fsck(registry, false, &arena, &report, &err) != CREG_OK ||
        report.findings.size > 0)
        violated(&scene->notes, "fsck has %zu findings", report.findings.size);
    memory *before = calloc(1, sizeof *before);
    look(registry, before, true, &scene->notes);
    printf("kills: %d instances live at the end\n", alive);
    creg_close(registry);
}

static void watch_scene(const char *url, crime *scene)
{
    creg_registry *registry = open_or_die(url, "");
    memory *before = calloc(1, sizeof *before);
    while (!atomic_load(&scene->notes.stop)) {
        look(registry, before, true, &scene->notes);
        sweep_all(url, &scene->notes);
    }
    creg_close(registry);
}

static int begin_writer(const char *url, crime *scene, int writer)
{
    int child = fork_child();
    if (child == 0)
        write_until_killed(url, scene, writer);
    return child;
}

static int run_role(void (*role)(const char *, crime *), const char *url, crime *scene)
{
    int child = fork_child();
    if (child != 0)
        return child;
    alarm(0);
    role(url, scene);
    exit(0);
}

static void set_body(const char *url, crime *scene)
{
    (void)scene;
    creg_registry *registry = open_or_die(url, "");
    register_body(registry);
    creg_close(registry);
}

static void look_on(const char *url, crime *scene)
{
    creg_registry *registry = open_or_die(url, "");
    memory *before = calloc(1, sizeof *before);
    while (!atomic_load(&scene->notes.stop))
        look(registry, before, true, &scene->notes);
    creg_close(registry);
}

static void sweep_scene(const char *url, crime *scene)
{
    sweep_all(url, &scene->notes);
}

static int tell(const char *what, const shared *notes)
{
    for (int i = 0; i < SAYINGS && notes->sayings[i][0] != '\0'; i++)
        printf("VIOLATION in %s: %s\n", what, notes->sayings[i]);
    return atomic_load(&notes->violations) != 0;
}

static void print_scene(const char *what, const crime *scene, long started)
{
    long states[STATES] = {0};
    for (unsigned i = 0; i < WRITERS_MAX; i++)
        for (int k = 0; k < CREATES_MAX; k++)
            states[scene->state[i][k]]++;
    printf("%s: %ld created, %ld removed, %ld told as failed, %ld cut short or unknown; %ld "
           "looks, %d violations, %.1f s\n",
           what, states[CREATED] + states[REMOVING] + states[REMOVED], states[REMOVED],
           states[FAILED], states[CREATING] + states[REMOVING],
           atomic_load(&scene->notes.looks), atomic_load(&scene->notes.violations),
           (double)(now_ms() - started) / 1000);
}

static int run_kills(const options *wanted)
{
    long started = now_ms();
    char url[URL_SIZE];
    char name[48];
    crime *scene = share(sizeof *scene);
    unsigned writers = wanted->count < WRITERS_MAX ? wanted->count : WRITERS_MAX;
    snprintf(name, sizeof name, "k%ld", (long)getpid());
    make_url(base, name, url);
    srand(wanted->seed);
    await(run_role(set_body, url, scene), 0, "set-up", &scene->notes);
    int readers[] = {run_role(look_on, url, scene), run_role(watch_scene, url, scene)};
    for (unsigned first = 0; first < writers; first += WRITERS_AT_ONCE) {
        int children[WRITERS_AT_ONCE];
        unsigned size = writers - first < WRITERS_AT_ONCE ? writers - first : WRITERS_AT_ONCE;
        for (unsigned i = 0; i < size; i++)
            children[i] = begin_writer(url, scene, (int)(first + i));
        for (unsigned i = 0; i < size; i++) {
            sleep_ms(20 + rand() % 300);
            kill(children[i], SIGKILL);
            await(children[i], SIGKILL, "writer", &scene->notes);
        }
    }
    atomic_store(&scene->notes.stop, 1);
    for (size_t i = 0; i < 2; i++)
        await(readers[i], 0, "reader", &scene->notes);
    await(run_role(sweep_scene, url, scene), 0, "sweeper", &scene->notes);
    int judge = fork_child();
    if (judge == 0) {
        judge_kills(url, scene, writers);
        exit(0);
    }
    await(judge, 0, "judge", &scene->notes);
    printf("kills: %u writers killed (seed %u)\n", writers, wanted->seed);
    print_scene("kills", scene, started);
    return tell("kills", &scene->notes);
}

/* ---- while servers die --------------------------------------------------------------------- */

static void write_on(const char *url, crime *scene, int process)
{
    creg_registry *registry = open_writer(url, process, "10000", "");
    for (int row = process; row < WRITERS_MAX && !atomic_load(&scene->notes.stop);
         row += WRITERS_AT_ONCE)
        write_row(registry, scene, row);
    creg_close(registry);
}

static void judge_all(const char *url, crime *scene)
{
    judge_kills(url, scene, WRITERS_MAX);
}

static int run_load(const options *wanted)
{
    (void)wanted;
    long started = now_ms();
    char url[URL_SIZE], name[48];
    crime *scene = share(sizeof *scene);
    scene->is_load = true;
    snprintf(name, sizeof name, "l%ld", (long)getpid());
    make_url(base, name, url);
    await(run_role(set_body, url, scene), 0, "set-up", &scene->notes);
    int readers[] = {run_role(look_on, url, scene), run_role(watch_scene, url, scene)};
    int writers[WRITERS_AT_ONCE];
    for (int i = 0; i < WRITERS_AT_ONCE; i++) {
        writers[i] = fork_child();
        if (writers[i] == 0) {
            alarm(0);
            write_on(url, scene, i);
            exit(0);
        }
    }
    while (getchar() != EOF)
        continue;
    atomic_store(&scene->notes.stop, 1);
    for (int i = 0; i < WRITERS_AT_ONCE; i++)
        await(writers[i], 0, "writer", &scene->notes);
    for (size_t i = 0; i < 2; i++)
        await(readers[i], 0, "reader", &scene->notes);
    await(run_role(sweep_scene, url, scene), 0, "sweeper", &scene->notes);
    await(run_role(judge_all, url, scene), 0, "judge", &scene->notes);
    print_scene("load", scene, started);
    return tell("load", &scene->notes);
}

/* ---- a crowd -------------------------------------------------------------------------------------------- */

static void be_one_of(const char *url, crime *scene, unsigned process, unsigned each)
{
    creg_registry *registry = open_or_die(url, "");
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 28);
    for (unsigned i = 0; i < each; i++) {
        creg_instance instance;
        creg_error err;
        char token[32];
        snprintf(token, sizeof token, "p%u-%u", process, i);
        creg_status status = create(registry, token, &arena, &instance, &err);
        if (status != CREG_OK)
            violated(&scene->notes, "%s: %s", creg_status_name(status), err.message);
        creg_arena_reset(&arena);
    }
    creg_close(registry);
}

static void judge_crowd(const char *url, crime *scene, size_t wanted)
{
    creg_registry *registry = open_or_die(url, "");
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 30);
    creg_slice any = {NULL, 0};
    creg_instances listed = {NULL, 0};
    if (creg_instance_list(registry, S("u"), any, any, &arena, &listed, NULL) != CREG_OK ||
        listed.size != wanted)
        violated(&scene->notes, "I4: %zu instances of %zu", listed.size, wanted);
    for (size_t i = 0; i < listed.size; i++)
        if (atoi(creg_arena_copy(&arena, listed.items[i].id).data) != (int)i + 1)
            violated(&scene->notes, "I4: a gap or a double at id %zu", i + 1);
    memory *before = calloc(1, sizeof *before);
    look(registry, before, false, &scene->notes);
    creg_close(registry);
}

static int run_crowd(const options *wanted)
{
    long started = now_ms();
    char url[URL_SIZE], name[48];
    crime *scene = share(sizeof *scene);
    snprintf(name, sizeof name, "w%ld", (long)getpid());
    make_url(base, name, url);
    await(run_role(set_body, url, scene), 0, "set-up", &scene->notes);
    int children[JOBS_MAX];
    unsigned processes = wanted->processes < JOBS_MAX ? wanted->processes : JOBS_MAX;
    for (unsigned i = 0; i < processes; i++) {
        children[i] = fork_child();
        if (children[i] == 0) {
            alarm(600); /* ZooKeeper on a busy machine needs minutes */
            be_one_of(url, scene, i, wanted->each);
            exit(0);
        }
    }
    for (unsigned i = 0; i < processes; i++)
        await(children[i], 0, "one of the crowd", &scene->notes);
    int judge = fork_child();
    if (judge == 0) {
        alarm(600);
        judge_crowd(url, scene, (size_t)processes * wanted->each);
        exit(0);
    }
    await(judge, 0, "judge", &scene->notes);
    printf("crowd: %u processes x %u, %d violations, %.1f s\n", processes, wanted->each,
           atomic_load(&scene->notes.violations), (double)(now_ms() - started) / 1000);
    return tell("the crowd", &scene->notes);
}

/* ---- the command -------------------------------------------------------------------------------------------- */

static unsigned *number_option(options *wanted, const char *word)
{
    return strcmp(word, "--every") == 0       ? &wanted->every
           : strcmp(word, "--jobs") == 0      ? &wanted->jobs
           : strcmp(word, "--count") == 0     ? &wanted->count
           : strcmp(word, "--processes") == 0 ? &wanted->processes
           : strcmp(word, "--each") == 0      ? &wanted->each
           : strcmp(word, "--seed") == 0      ? &wanted->seed
                                              : NULL;
}

static int read_options(int count, char **arguments, options *wanted)
{
    int at = 2;
    for (; at + 1 < count && arguments[at][0] == '-'; at += 2) {
        unsigned *number = number_option(wanted, arguments[at]);
        if (strcmp(arguments[at], "--store") == 0)
            wanted->store = arguments[at + 1];
        else if (number != NULL)
            *number = (unsigned)strtoul(arguments[at + 1], NULL, 10);
        else
            return -1;
    }
    wanted->words = arguments + at;
    wanted->word_count = count - at;
    return wanted->every == 0 || wanted->jobs == 0 || wanted->jobs > JOBS_MAX ? -1 : 0;
}

/* Here processes end where a fault strikes, and what they hold ends with them: leaks are looked
 * for in tests/failing and the unit tests. Read by AddressSanitizer, if it is there. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

int main(int count, char **arguments)
{
    static const struct {
        const char *name;
        int (*run)(const options *wanted);
    } commands[] = {
        {"points", run_points}, {"bugs", run_bugs}, {"kills", run_kills},
        {"crowd", run_crowd},   {"load", run_load},
    };
    options wanted = {.every = 1,
                      .jobs = 6,
                      .count = 50,
                      .processes = 16,
                      .each = 25,
                      .seed = (unsigned)time(NULL),
                      .store = getenv("CONFREG_TEST_STORE")};
    if (count < 2 || read_options(count, arguments, &wanted) != 0 || mkdtemp(folder) == NULL) {
        fprintf(stderr, "usage: fault points|bugs|kills|crowd|load [--store URL] ...\n");
        return 2;
    }
    if (wanted.store == NULL || strcmp(wanted.store, "lmdb:") == 0)
        snprintf(base, sizeof base, "lmdb:%s", folder);
    else
        snprintf(base, sizeof base, "%s", wanted.store);
    is_memory = strncmp(base, "memory:", 7) == 0;
    jobs = share(sizeof *jobs * CASES_MAX);
    int status = 2;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].name, arguments[1]) == 0)
            status = commands[i].run(&wanted);
    remove_folder(folder);
    return status;
}
