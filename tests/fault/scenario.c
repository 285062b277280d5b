/* SPDX-License-Identifier: MIT */
/*
 * The roles of a fault case; see scenario.h.
 *
 * Every role is a process that opens the store for itself, so that nothing but the store is
 * shared. On memory, which has one process only, they run one after the other, without readers.
 */
#include "scenario.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    HANG_SECONDS = 120,
    SWEEP_PATIENCE_MS = 30000,
    WITNESS = 110, /* its name begins with the target's */
    TARGET = 11
};

const char *const operation_names[OPERATIONS] = {
    "create-once", "create-pieces", "delete-once", "delete-pieces", "copy",
    "set",         "set-many",      "sweep-once",  "sweep-pieces",  "repeat"};

long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void sleep_ms(long duration)
{
    struct timespec pause = {.tv_sec = duration / 1000, .tv_nsec = duration % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

void make_url(const char *base, const char *name, char url[URL_SIZE])
{
    bool is_memory = strncmp(base, "memory:", 7) == 0;
    snprintf(url, URL_SIZE, "%s%s%s", base, is_memory ? "" : "/", name);
}

creg_registry *open_or_die(const char *url, const char *parameters)
{
    char whole[URL_SIZE + 128];
    snprintf(whole, sizeof whole, "%s%s%s", url, *parameters == '\0' ? "" : "?", parameters);
    creg_registry *registry = NULL;
    creg_error err;
    for (int tries = 0; tries < 20; tries++) {
        creg_status status = creg_open(whole, NULL, &registry, &err);
        if (status == CREG_OK)
            return registry;
        if (status != CREG_UNAVAILABLE && status != CREG_TIMEOUT)
            break;
        sleep_ms(250);
    }
    fprintf(stderr, "cannot open %s: %s\n", whole, err.message);
    _exit(4);
}

int fork_child(void)
{
    fflush(NULL);
    pid_t child = fork();
    if (child < 0) {
        perror("fork");
        exit(1);
    }
    if (child == 0)
        alarm(HANG_SECONDS);
    return child;
}

void await(int child, int expected_signal, const char *who, shared *notes)
{
    int status;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status) && WTERMSIG(status) == expected_signal)
        return;
    if (WIFSIGNALED(status))
        violated(notes, "the %s died of signal %d", who, WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        violated(notes, "the %s ended with %d", who, WEXITSTATUS(status));
}

static bool is_pieces(operation op)
{
    return op == CREATE_PIECES || op == DELETE_PIECES || op == SWEEP_PIECES || op == REPEAT;
}

static bool is_delete(operation op)
{
    return op == DELETE_ONCE || op == DELETE_PIECES;
}

static bool is_sweep(operation op)
{
    return op == SWEEP_ONCE || op == SWEEP_PIECES;
}

static bool is_create(operation op)
{
    return op == CREATE_ONCE || op == CREATE_PIECES || op == REPEAT;
}

/* Everybody has to know that there may be a journal, where the store itself would need none. */
static creg_registry *open_role(const scenario *case_)
{
    return open_or_die(case_->url,
                       case_->operation == SET_MANY ? "transaction_operations=12" : "");
}

/* ---- roles ---------------------------------------------------------------------------------- */

static void must(creg_status status, const char *what, const creg_error *err)
{
    if (status == CREG_OK)
        return;
    fprintf(stderr, "%s: %s: %s\n", what, creg_status_name(status), err->message);
    exit(5);
}

static void put_counter(creg_registry *registry, const char *value)
{
    creg_error err;
    must(
        creg_store_put(creg_registry_store(registry), S("_confreg/v1/n/u,t,1"), S(value), &err),
        "counter", &err);
}

static int create_or_die(creg_registry *registry, const char *token)
{
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 28);
    creg_instance instance;
    creg_error err;
    must(create(registry, token, &arena, &instance, &err), token, &err);
    int id = atoi(creg_arena_copy(&arena, instance.id).data);
    creg_arena_clear(&arena);
    return id;
}

/* A witness whose id begins as the target's does, then the target, if there is to be one. */
static void set_up(scenario *case_)
{
    creg_registry *registry = open_role(case_);
    register_body(registry);
    put_counter(registry, "109");
    create_or_die(registry, "witness");
    put_counter(registry, "10");
    if (!is_create(case_->operation) && !is_sweep(case_->operation))
        create_or_die(registry, "target");
    memory *before = calloc(1, sizeof *before);
    before->witness = WITNESS;
    look(registry, before, false, case_->notes);
    free(before);
    creg_close(registry);
}

static const char *session_parameter(const scenario *case_)
{
    return strncmp(case_->url, "zookeeper:", 10) == 0 ? "&session_ms=2000" : "";
}

/* What a sweep is to find: a create that was killed half-way. */
static void leave_debris(scenario *case_)
{
    char parameters[96], ttl[16];
    snprintf(parameters, sizeof parameters, "transaction_operations=12%s",
             session_parameter(case_));
    snprintf(ttl, sizeof ttl, "%d", TTL_MS);
    setenv("CONFREG_FAILPOINT_TTL_MS", ttl, 1);
    setenv("CONFREG_FAILPOINT", "apply:4:kill-before", 1);
    create_or_die(open_or_die(case_->url, parameters),
                  case_->operation == REPEAT ? "victim" : "debris");
    exit(6);
}

static void await_death(scenario *case_)
{
    creg_registry *registry = open_role(case_);
    bool is_alive = true;
    for (long end = now_ms() + SWEEP_PATIENCE_MS; is_alive && now_ms() < end; sleep_ms(50))
        if (creg_liveness_check(creg_registry_store(registry), S("_confreg/v1/i/u,t,1,11"),
                                &is_alive, NULL) != CREG_OK)
            is_alive = true;
    if (is_alive)
        violated(case_->notes, "a dead writer is held for alive");
    creg_close(registry);
}

/* More properties than a transaction takes here, so that a journal carries them. */
static creg_status set_many(creg_registry *registry, creg_error *err)
{
    static const char *const parts[] = {"cpu", "mem"};
    char paths[2 * NODES][24];
    creg_property properties[2 * NODES];
    for (int i = 0; i < 2 * NODES; i++) {
        snprintf(paths[i], sizeof paths[i], "nodes/node%d/%s", i / 2, parts[i % 2]);
        properties[i] = (creg_property){S(paths[i]), S(AFTER)};
    }
    return creg_set(registry, S("instances/u/t/1/11"), properties, 2 * NODES, NULL, err);
}

static creg_status act(scenario *case_, creg_registry *registry, creg_error *err)
{
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 28);
    creg_instance instance;
    creg_report report;
    creg_property poke = {S("poke"), S("7")};
    creg_slice target = S("instances/u/t/1/11");
    creg_status status;
    if (is_create(case_->operation)) {
        status = create(registry, "victim", &arena, &instance, err);
        if (status == CREG_OK)
            snprintf(case_->notes->dn, sizeof case_->notes->dn, "%.*s", (int)instance.dn.size,
                     instance.dn.data);
    } else if (is_delete(case_->operation)) {
        status = creg_deinstantiate(registry, target, err);
    } else if (case_->operation == COPY) {
        status = creg_copy(registry, S("instances/u/t/1/11/nodes/node1"),
                           S("instances/u/t/1/11/nodes/node10"), NULL, NULL, err);
    } else if (case_->operation == SET) {
        status = creg_set(registry, target, &poke, 1, NULL, err);
    } else if (case_->operation == SET_MANY) {
        status = set_many(registry, err);
    } else {
        status = creg_sweep(registry, &arena, &report, err);
    }
    creg_arena_clear(&arena);
    return status;
}

static void be_victim(scenario *case_)
{
    char parameters[96], ttl[16];
    snprintf(parameters, sizeof parameters, "%s%s",
             is_pieces(case_->operation) || case_->operation == SET_MANY
                 ? "transaction_operations=12"
                 : "read_only=0",
             session_parameter(case_));
    snprintf(ttl, sizeof ttl, "%d", TTL_MS);
    setenv("CONFREG_FAILPOINT_TTL_MS", ttl, 1);
    setenv("CONFREG_FAILPOINT_LOG", case_->log, 1);
    if (case_->failpoint[0] != '\0')
        setenv("CONFREG_FAILPOINT", case_->failpoint, 1);
    creg_registry *registry = open_or_die(case_->url, parameters);
    creg_error err = {.status = CREG_OK};
    case_->notes->told = act(case_, registry, &err);
    snprintf(case_->notes->message, sizeof case_->notes->message, "%.150s", err.message);
    case_->notes->is_told = 1;
    creg_close(registry);
    unsetenv("CONFREG_FAILPOINT");
    unsetenv("CONFREG_FAILPOINT_LOG");
}

static void be_reader(scenario *case_)
{
    creg_registry *registry = open_role(case_);
    memory *before = calloc(1, sizeof *before);
    before->witness = WITNESS;
    while (!atomic_load(&case_->notes->stop)) {
        look(registry, before, is_delete(case_->operation), case_->notes);
        sleep_ms(2);
    }
    creg_close(registry);
}

/* Sets a property of an instance that is being removed: it must not come back by that. */
static void be_setter(scenario *case_)
{
    creg_registry *registry = open_role(case_);
    creg_property poke = {S("poke"), S("1")};
    while (!atomic_load(&case_->notes->stop_setter))
        (void)creg_set(registry, S("instances/u/t/1/11"), &poke, 1, NULL, NULL);
    creg_close(registry);
}

static void sweep_once(creg_registry *registry)
{
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 28);
    creg_report report;
    (void)creg_sweep(registry, &arena, &report, NULL);
    creg_arena_clear(&arena);
}

void sweep_all(const char *url, shared *notes)
{
    creg_registry *registry = open_or_die(url, "");
    int left = 1;
    for (long end = now_ms() + SWEEP_PATIENCE_MS; left != 0 && now_ms() < end;) {
        sweep_once(registry);
        left = count_intents(registry);
        if (left != 0)
            sleep_ms(100);
    }
    if (left != 0)
        violated(notes, "%d intents are not swept", left);
    creg_close(registry);
}

/* While the victim is frozen: first it is alive, then the store takes it for dead, and the
 * world goes on. */
static void be_world(scenario *case_, long started)
{
    creg_registry *registry = open_role(case_);
    /* A journal is carried on by whoever comes by, its writer alive or not; and the intents of
     * who died before may be swept. */
    bool is_free = case_->operation >= SET_MANY;
    int intents = is_free ? 0 : count_intents(registry);
    sweep_once(registry);
    bool is_young = now_ms() - started < TTL_MS * 6 / 10;
    if (is_young && intents > 0 && count_intents(registry) < intents)
        violated(case_->notes, "I7: a living writer was swept");
    create_or_die(registry, "bystander");
    case_->notes->has_bystander = 1;
    bool has_liveness = is_pieces(case_->operation);
    for (long end = now_ms() + (has_liveness ? TTL_MS * 5 / 2 : 100); now_ms() < end;
         sleep_ms(100))
        sweep_once(registry);
    creg_close(registry);
}

/* ---- the judge --------------------------------------------------------------------------------- */

static bool is_definite(const shared *notes)
{
    return notes->is_told && notes->told != CREG_OK && notes->told != CREG_UNKNOWN_OUTCOME;
}

/* Told and true must agree; what was told as unknown may be either. */
static void judge_told(scenario *case_, bool is_done)
{
    shared *notes = case_->notes;
    if (notes->is_told && notes->told == CREG_OK && !is_done)
        violated(notes, "I6: acknowledged and lost");
    if (is_definite(notes) && is_done)
        violated(notes, "I6: told %s (%s), but done", creg_status_name(notes->told),
                 notes->message);
}

static void judge_create(scenario *case_, creg_registry *registry)
{
    shared *notes = case_->notes;
    int id = 0;
    int count = count_token(registry, "victim", &id, notes);
    if (count > 1)
        violated(notes, "I12: one request made %d instances", count);
    judge_told(case_, count == 1);
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 28);
    creg_instance found = {0}, again = {0};
    creg_error err;
    creg_status status = creg_instance_status(registry, S("victim"), &arena, &found, &err);
    if ((status == CREG_OK) != (count == 1) || (status != CREG_OK && status != CREG_NOT_FOUND))
        violated(notes, "I12: status of the request is %s, instances %d",
                 creg_status_name(status), count);
    int highest = atomic_load(&notes->highest);
    status = create(registry, "victim", &arena, &again, &err);
    if (status != CREG_OK)
        violated(notes, "the repeat failed: %s", err.message);
    int new_id = status == CREG_OK ? atoi(creg_arena_copy(&arena, again.id).data) : 0;
    if (count == 1 && new_id != id)
        violated(notes, "I12: the repeat made %d beside %d", new_id, id);
    if (count == 0 && new_id <= highest)
        violated(notes, "I4: id %d was given out again", new_id);
    creg_arena_clear(&arena);
}

static void judge_delete(scenario *case_, creg_registry *registry)
{
    shared *notes = case_->notes;
    int id = 0;
    bool is_there = count_token(registry, "target", &id, notes) == 1;
    judge_told(case_, !is_there);
    if (!is_there && count_keys(registry, TARGET) != 0)
        violated(notes, "I9: removed, and %d keys are left", count_keys(registry, TARGET));
    creg_status status = creg_deinstantiate(registry, S("instances/u/t/1/11"), NULL);
    if (status != (is_there ? CREG_OK : CREG_NOT_FOUND))
        violated(notes, "removing again says %s", creg_status_name(status));
    if (count_keys(registry, TARGET) != 0)
        violated(notes, "I9: %d keys are left", count_keys(registry, TARGET));
}

static void judge_copy(scenario *case_, creg_registry *registry)
{
    bool is_done = count_keys(registry, TARGET) == KEYS + COPIED_KEYS;
    judge_told(case_, is_done);
    creg_status status = creg_copy(registry, S("instances/u/t/1/11/nodes/node1"),
                                   S("instances/u/t/1/11/nodes/node10"), NULL, NULL, NULL);
    if (status != (is_done ? CREG_EXISTS : CREG_OK))
        violated(case_->notes, "copying again says %s", creg_status_name(status));
}

static void judge_set(scenario *case_, creg_registry *registry)
{
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 20);
    creg_slice value = {NULL, 0};
    creg_status status =
        creg_get(registry, S("instances/u/t/1/11"), S("poke"), &arena, &value, NULL, NULL);
    if (status != CREG_OK)
        violated(case_->notes, "the property cannot be read: %s", creg_status_name(status));
    judge_told(case_, creg_slice_equal(value, S("7")));
    creg_arena_clear(&arena);
}

static void judge_set_many(scenario *case_, creg_registry *registry)
{
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 24);
    creg_value tree;
    creg_error err;
    creg_status status = creg_tree(registry, S("instances/u/t/1/11"), 0, &arena, &tree, &err);
    if (status != CREG_OK)
        violated(case_->notes, "the tree cannot be read: %s", err.message);
    else
        judge_told(case_, is_changed(tree));
    status = set_many(registry, &err);
    if (status != CREG_OK)
        violated(case_->notes, "setting again fails: %s", err.message);
    creg_arena_clear(&arena);
}

static void judge_sweep(scenario *case_, creg_registry *registry)
{
    int id = 0;
    if (count_token(registry, "debris", &id, case_->notes) != 0)
        violated(case_->notes, "I6: a dead writer's instance is visible");
    if (count_keys(registry, TARGET) != 0)
        violated(case_->notes, "I2: %d keys of a dead writer are left",
                 count_keys(registry, TARGET));
    id = create_or_die(registry, "debris");
    if (id <= TARGET)
        violated(case_->notes, "I4: id %d was given out again", id);
}

static void judge_rest(scenario *case_, creg_registry *registry)
{
    shared *notes = case_->notes;
    int id = 0;
    if (count_token(registry, "witness", &id, notes) != 1 || id != WITNESS)
        violated(notes, "I10: the witness is gone");
    if (notes->has_bystander && count_token(registry, "bystander", &id, notes) != 1)
        violated(notes, "I6: the bystander's instance is gone");
    int highest = atomic_load(&notes->highest);
    int next = create_or_die(registry, "next");
    if (next <= highest)
        violated(notes, "I4: id %d was given out again", next);
    put_counter(registry, "200"); /* as the witness needs it, which was made out of turn */
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 28);
    creg_report report;
    creg_error err;
    if (creg_fsck(registry, false, &arena, &report, &err) != CREG_OK)
        violated(notes, "fsck: %s", err.message);
    for (size_t i = 0; i < report.findings.size; i++)
        violated(notes, "fsck: %.*s", (int)report.findings.items[i].message.size,
                 report.findings.items[i].message.data);
    creg_arena_clear(&arena);
}

static void be_judge(scenario *case_)
{
    creg_registry *registry = open_role(case_);
    memory *before = calloc(1, sizeof *before);
    before->witness = WITNESS;
    look(registry, before, true, case_->notes);
    if (is_create(case_->operation))
        judge_create(case_, registry);
    else if (is_delete(case_->operation))
        judge_delete(case_, registry);
    else if (case_->operation == COPY)
        judge_copy(case_, registry);
    else if (case_->operation == SET)
        judge_set(case_, registry);
    else if (case_->operation == SET_MANY)
        judge_set_many(case_, registry);
    else
        judge_sweep(case_, registry);
    judge_rest(case_, registry);
    look(registry, before, true, case_->notes);
    free(before);
    creg_close(registry);
}

/* ---- the case ------------------------------------------------------------------------------------ */

static void run_role(scenario *case_, void (*role)(scenario *), const char *who)
{
    if (case_->is_memory) {
        role(case_);
        return;
    }
    int child = fork_child();
    if (child == 0) {
        role(case_);
        exit(0);
    }
    await(child, 0, who, case_->notes);
}

static void sweep_case(scenario *case_)
{
    sweep_all(case_->url, case_->notes);
}

static int start(scenario *case_, void (*role)(scenario *))
{
    int child = fork_child();
    if (child != 0)
        return child;
    role(case_);
    exit(0);
}

static void run_victim(scenario *case_)
{
    long started = now_ms();
    int victim = start(case_, be_victim);
    int status;
    waitpid(victim, &status, WUNTRACED);
    if (!WIFSTOPPED(status)) {
        if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
            violated(case_->notes, "the victim died of signal %d", WTERMSIG(status));
        if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
            violated(case_->notes, "the victim ended with %d", WEXITSTATUS(status));
        return;
    }
    int world = fork_child();
    if (world == 0) {
        be_world(case_, started);
        exit(0);
    }
    await(world, 0, "bystander", case_->notes);
    kill(victim, SIGCONT);
    await(victim, 0, "thawed victim", case_->notes);
}

static void run_alone(scenario *case_)
{
    creg_registry *keeper = open_role(case_);
    set_up(case_);
    be_victim(case_);
    sweep_case(case_);
    be_judge(case_);
    creg_close(keeper);
}

void run_scenario(scenario *case_)
{
    if (case_->is_memory) {
        run_alone(case_);
        return;
    }
    run_role(case_, set_up, "set-up");
    if (case_->operation >= SWEEP_ONCE) {
        await(start(case_, leave_debris), SIGKILL, "writer to be killed", case_->notes);
        run_role(case_, await_death, "waiter");
    }
    int reader = start(case_, be_reader);
    int setter = is_delete(case_->operation) ? start(case_, be_setter) : 0;
    run_victim(case_);
    run_role(case_, sweep_case, "sweeper");
    atomic_store(&case_->notes->stop_setter, 1);
    if (setter != 0)
        await(setter, 0, "setter", case_->notes);
    run_role(case_, be_judge, "judge");
    atomic_store(&case_->notes->stop, 1);
    await(reader, 0, "reader", case_->notes);
}
