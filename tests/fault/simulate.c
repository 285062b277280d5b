/* SPDX-License-Identifier: MIT */
/*
 * The whole protocol as a play: clients, network, clock and store in one thread, from one seed.
 *
 * Each client (a writer, a remover, a sweeper, a reader ...) is a coroutine that runs the real
 * engine on the real memory driver and stops before every store call. Whose call goes on is the
 * seed's choice; so is what becomes of it: its reply is lost, it never arrives, it arrives late, it
 * arrives twice, its client is never heard of again, or so much time passes that the living are
 * taken for dead. The clock is a number (clock_gettime and nanosleep are replaced when this is
 * linked), so nothing waits. The judge is that of the fault tests (look.c): I1 to I12.
 *
 *     simulate seeds FIRST COUNT      one run a seed; a violation names the seed
 *     simulate all SWITCHES           two writers and a reader: every order of their calls with
 *                                     at most so many switches away from one who could go on
 *     simulate bugs COUNT             each deliberate bug must be noticed within so many seeds
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/failpoint.h"
#include "base/memory.h"
#include "look.h"
#include "store/drivers/fault.h"
#include "store/liveness.h"

enum {
    ACTORS = 6,
    STACK_BYTES = 512 * 1024,
    LATE_MAX = 16,
    CHOICES_MAX = 4096,
    STEPS_MAX = 20000,
    JUMPS_MAX = 3,
    TTL_MS = 30000,
    TARGET = 1,
    WITNESS = 10, /* its name begins as the target's */
    HANG_SECONDS = 300
};

typedef enum role {
    CREATE_PIECES,
    CREATE_ONCE,
    REPEAT, /* the request of CREATE_PIECES by another client */
    REMOVE,
    SET,
    SET_MANY,
    SWEEP,
    READ,
    ROLES
} role;

static const char *const role_names[ROLES] = {
    "create-pieces", "create-once", "repeat", "remove", "set", "set-many", "sweep", "read"};

typedef struct actor {
    ucontext_t context;
    char *stack;
    role role;
    creg_registry *registry;
    bool has_ended;
    bool is_gone; /* crashed: nothing of it arrives any more */
    bool is_told;
    creg_status told;
    char message[160];
} actor;

/* A transaction that is still on its way, with memory of its own. */
typedef struct late {
    creg_driver_state *state;
    creg_transaction transaction;
    creg_liveness fence;
    uint64_t handle; /* what the memory driver's handle holds */
    creg_arena arena;
} late;

/* Where choices come from: a seed, or a path that is walked once more and varied at its end. */
typedef struct chooser {
    uint64_t random;
    bool is_exhaustive;
    unsigned char taken[CHOICES_MAX], options[CHOICES_MAX];
    size_t size, depth;
    int switches_left;
} chooser;

static struct {
    chooser choices;
    creg_store_driver inner; /* the table under the gate */
    ucontext_t director;
    actor actors[ACTORS];
    size_t actor_count;
    actor *on_stage; /* NULL: setting up, or judging; nothing is spoiled then */
    late row[LATE_MAX];
    size_t late_count;
    int64_t now_ns;
    int jumps;
    shared notes;
    memory seen;
    char url[96];
    uint64_t trace; /* of every call and choice: the same seed gives the same */
} world;

/* ---- the clock -------------------------------------------------------------------------- */

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time);
int __wrap_nanosleep(const struct timespec *duration, struct timespec *left);
int __real_clock_gettime(clockid_t clock, struct timespec *ret_time);
void __wrap_creg_fault_wrap(creg_store_driver *table, const creg_store_driver *inner);
void __real_creg_fault_wrap(creg_store_driver *table, const creg_store_driver *inner);

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    (void)clock;
    world.now_ns += 1000;
    *ret_time = (struct timespec){.tv_sec = (time_t)(world.now_ns / 1000000000),
                                  .tv_nsec = (long)(world.now_ns % 1000000000)};
    return 0;
}

/* Engines pause for a time that depends on the process; here it is always the same. */
int __wrap_nanosleep(const struct timespec *duration, struct timespec *left)
{
    (void)duration;
    (void)left;
    world.now_ns += 20 * 1000000;
    return 0;
}

/* ---- choosing --------------------------------------------------------------------------- */

static void note(uint64_t what)
{
    world.trace = (world.trace ^ what) * 0x100000001B3u;
}

static uint64_t draw(void)
{
    uint64_t *random = &world.choices.random;
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

static unsigned choose(unsigned options)
{
    chooser *from = &world.choices;
    unsigned taken = 0;
    if (!from->is_exhaustive) {
        taken = (unsigned)(draw() % options);
    } else if (options > 1 && from->depth < CHOICES_MAX) {
        if (from->depth == from->size) {
            from->taken[from->size] = 0;
            from->options[from->size++] = (unsigned char)options;
        }
        taken = from->taken[from->depth++];
    }
    note(taken);
    return taken;
}

static bool happens(unsigned percent)
{
    return !world.choices.is_exhaustive && draw() % 100 < percent;
}

/* The next path in depth-first order; false when there is none. */
static bool next_path(chooser *from)
{
    while (from->size > 0 && from->taken[from->size - 1] + 1 == from->options[from->size - 1])
        from->size--;
    if (from->size == 0)
        return false;
    from->taken[from->size - 1]++;
    return true;
}

/* ---- the network ------------------------------------------------------------------------ */

static creg_slice keep(creg_arena *arena, creg_slice slice)
{
    return slice.data == NULL ? slice : creg_arena_copy(arena, slice);
}

static void put_off(creg_driver_state *state, const creg_transaction *sent)
{
    if (world.late_count == LATE_MAX)
        return;
    late *kept = &world.row[world.late_count++];
    creg_arena_init(&kept->arena, (size_t)1 << 24);
    creg_check *checks = creg_arena_calloc(&kept->arena, sent->check_count + 1, sizeof *checks);
    creg_operation *operations =
        creg_arena_calloc(&kept->arena, sent->operation_count + 1, sizeof *operations);
    for (size_t i = 0; i < sent->check_count; i++) {
        checks[i] = sent->checks[i];
        checks[i].key = keep(&kept->arena, checks[i].key);
    }
    for (size_t i = 0; i < sent->operation_count; i++) {
        operations[i] = sent->operations[i];
        operations[i].key = keep(&kept->arena, operations[i].key);
        operations[i].value = keep(&kept->arena, operations[i].value);
    }
    kept->state = state;
    kept->transaction = *sent;
    kept->transaction.checks = checks;
    kept->transaction.operations = operations;
    if (sent->fence == NULL)
        return;
    memcpy(&kept->handle, creg_liveness_handle(sent->fence), sizeof kept->handle);
    kept->fence = (creg_liveness){.handle = &kept->handle};
    kept->transaction.fence = &kept->fence;
}

static void deliver(size_t at)
{
    late *arriving = &world.row[at];
    size_t failed_check = SIZE_MAX;
    (void)world.inner.apply(arriving->state, &arriving->transaction, &failed_check, NULL);
    creg_arena_clear(&arriving->arena);
    world.row[at] = world.row[--world.late_count];
    /* Its transaction points into itself. */
    if (at < world.late_count && world.row[at].transaction.fence != NULL) {
        world.row[at].fence.handle = &world.row[at].handle;
        world.row[at].transaction.fence = &world.row[at].fence;
    }
}

/* Every store call of an actor comes by here; false: it is not heard of any more. */
static bool pass_gate(uint64_t kind)
{
    actor *self = world.on_stage;
    if (self == NULL)
        return true;
    swapcontext(&self->context, &world.director);
    note(kind << 8 | (uint64_t)(self - world.actors));
    if (!self->is_gone && happens(1))
        self->is_gone = true;
    return !self->is_gone;
}

static creg_status fail_gone(creg_error *err)
{
    return creg_fail(err, CREG_UNAVAILABLE, "simulated: no connection");
}

static creg_status fail_unclear(creg_error *err)
{
    if (CREG_BUG(CREG_BUG_UNCLEAR_IS_FAILED))
        return creg_fail(err, CREG_TIMEOUT, "simulated: told as a failure");
    return creg_fail(err, CREG_UNKNOWN_OUTCOME, "simulated: the reply is lost");
}

static creg_status gate_apply(creg_driver_state *state, const creg_transaction *transaction,
                              size_t *ret_failed_check, creg_error *err)
{
    if (!pass_gate(1))
        return fail_gone(err);
    if (world.on_stage == NULL || !happens(20))
        return world.inner.apply(state, transaction, ret_failed_check, err);
    switch (draw() % 5) {
    case 0: /* the request is lost */
        return fail_unclear(err);
    case 1: /* it arrives late */
        put_off(state, transaction);
        return fail_unclear(err);
    case 2: /* it arrives, and later once more */
        put_off(state, transaction);
        return world.inner.apply(state, transaction, ret_failed_check, err);
    case 3: /* its sender is gone as soon as it has arrived */
        world.on_stage->is_gone = true;
        (void)world.inner.apply(state, transaction, ret_failed_check, err);
        return fail_unclear(err);
    default: /* the reply is lost */
        (void)world.inner.apply(state, transaction, ret_failed_check, err);
        return fail_unclear(err);
    }
}

static creg_status gate_get(creg_driver_state *state, creg_slice key, creg_arena *arena,
                            creg_slice *ret_value, creg_version *ret_version, creg_error *err)
{
    return pass_gate(2) ? world.inner.get(state, key, arena, ret_value, ret_version, err)
                        : fail_gone(err);
}

static creg_status gate_read(creg_driver_state *state, creg_read *reads, size_t count,
                             creg_arena *arena, uint64_t *ret_revision, creg_error *err)
{
    return pass_gate(3) ? world.inner.read(state, reads, count, arena, ret_revision, err)
                        : fail_gone(err);
}

static creg_status gate_renew(creg_driver_state *state, void *handle, creg_error *err)
{
    return pass_gate(4) ? world.inner.liveness_renew(state, handle, err) : fail_gone(err);
}

static creg_status gate_check(creg_driver_state *state, creg_slice key, bool *ret_alive,
                              creg_error *err)
{
    return pass_gate(5) ? world.inner.liveness_check(state, key, ret_alive, err)
                        : fail_gone(err);
}

static void gate_release(creg_driver_state *state, void *handle)
{
    if (pass_gate(6))
        world.inner.liveness_release(state, handle);
    else
        creg_memory_free(handle); /* the store does not hear of it */
}

void __wrap_creg_fault_wrap(creg_store_driver *table, const creg_store_driver *inner)
{
    __real_creg_fault_wrap(table, inner);
    world.inner = *table;
    table->apply = gate_apply;
    table->get = gate_get;
    table->read = gate_read;
    table->liveness_renew = gate_renew;
    table->liveness_check = gate_check;
    table->liveness_release = gate_release;
}

/* ---- roles ------------------------------------------------------------------------------ */

static creg_status set_many(creg_registry *registry, creg_error *err)
{
    char paths[2 * NODES][24];
    creg_property properties[2 * NODES];
    for (int i = 0; i < 2 * NODES; i++) {
        snprintf(paths[i], sizeof paths[i], "nodes/node%d/%s", i / 2,
                 i % 2 == 0 ? "cpu" : "mem");
        properties[i] = (creg_property){S(paths[i]), S(AFTER)};
    }
    return creg_set(registry, S("instances/u/t/1/1"), properties, 2 * NODES, NULL, err);
}

static creg_status act(const actor *self, creg_error *err)
{
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 26);
    creg_instance instance;
    creg_report report;
    creg_property poke = {S("poke"), S("7")};
    creg_status status = CREG_OK;
    switch (self->role) {
    case CREATE_PIECES:
    case REPEAT:
        status = create(self->registry, "request", &arena, &instance, err);
        break;
    case CREATE_ONCE:
        status = create(self->registry, "other", &arena, &instance, err);
        break;
    case REMOVE:
        status = creg_deinstantiate(self->registry, S("instances/u/t/1/1"), err);
        break;
    case SET:
        status = creg_set(self->registry, S("instances/u/t/1/1"), &poke, 1, NULL, err);
        break;
    case SET_MANY:
        status = set_many(self->registry, err);
        break;
    case SWEEP:
        status = creg_sweep(self->registry, &arena, &report, err);
        break;
    default:
        look(self->registry, &world.seen, true, &world.notes);
    }
    creg_arena_clear(&arena);
    return status;
}

static void perform(void)
{
    actor *self = world.on_stage;
    creg_error err = {.status = CREG_OK};
    self->told = act(self, &err);
    self->is_told = !self->is_gone;
    snprintf(self->message, sizeof self->message, "%.150s", err.message);
    self->has_ended = true;
    swapcontext(&self->context, &world.director);
}

static void enter_stage(role part)
{
    static char *stacks[ACTORS];
    actor *self = &world.actors[world.actor_count];
    if (stacks[world.actor_count] == NULL)
        stacks[world.actor_count] = malloc(STACK_BYTES);
    *self = (actor){.role = part, .stack = stacks[world.actor_count++]};
    const char *end = part == CREATE_ONCE ? "" : "?transaction_operations=12";
    char url[128];
    snprintf(url, sizeof url, "%s%s", world.url, end);
    creg_error err;
    if (self->stack == NULL || creg_open(url, NULL, &self->registry, &err) != CREG_OK)
        abort();
    getcontext(&self->context);
    self->context.uc_stack.ss_sp = self->stack;
    self->context.uc_stack.ss_size = STACK_BYTES;
    self->context.uc_link = NULL;
    makecontext(&self->context, perform, 0);
}

/* ---- the director ----------------------------------------------------------------------- */

static void step(actor *next)
{
    world.on_stage = next;
    swapcontext(&world.director, &next->context);
    world.on_stage = NULL;
}

/* In the exhaustive scope staying with the same actor is free and always the first choice. */
static actor *choose_actor(actor *last)
{
    actor *ready[ACTORS];
    unsigned count = 0;
    bool can_stay = last != NULL && !last->has_ended;
    if (can_stay)
        ready[count++] = last;
    for (size_t i = 0; i < world.actor_count; i++)
        if (!world.actors[i].has_ended && &world.actors[i] != last)
            ready[count++] = &world.actors[i];
    if (count == 0)
        return NULL;
    if (can_stay && world.choices.is_exhaustive && world.choices.switches_left == 0)
        return last;
    actor *next = ready[choose(count)];
    world.choices.switches_left -= can_stay && next != last;
    return next;
}

static void direct(void)
{
    actor *next = NULL;
    for (int steps = 0; steps < STEPS_MAX; steps++) {
        if (world.late_count > 0 && happens(10))
            deliver((size_t)(draw() % world.late_count));
        if (world.jumps < JUMPS_MAX && happens(2)) {
            world.jumps++;
            world.now_ns += (int64_t)(TTL_MS + 1000) * 1000000;
        }
        next = choose_actor(next);
        if (next == NULL)
            return;
        step(next);
    }
    violated(&world.notes, "a call never ends");
    _exit(2);
}

/* ---- before and after ------------------------------------------------------------------- */

static void must(creg_status status, const creg_error *err)
{
    if (status == CREG_OK)
        return;
    fprintf(stderr, "simulate: %s\n", err->message);
    _exit(3);
}

static void create_by(creg_registry *registry, const char *counter, const char *token)
{
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 26);
    creg_instance instance;
    creg_error err;
    creg_store *store = creg_registry_store(registry);
    must(creg_store_put(store, S("_confreg/v1/n/u,t,1"), S(counter), &err), &err);
    must(create(registry, token, &arena, &instance, &err), &err);
    creg_arena_clear(&arena);
}

static creg_registry *set_stage(void)
{
    creg_registry *registry;
    creg_error err;
    char url[128];
    snprintf(url, sizeof url, "%s?transaction_operations=12", world.url);
    must(creg_open(url, NULL, &registry, &err), &err);
    register_body(registry);
    create_by(registry, "9", "witness");
    create_by(registry, "0", "target");
    create_by(registry, "11", "removed"); /* the highest id is not the last one */
    must(creg_deinstantiate(registry, S("instances/u/t/1/12"), &err), &err);
    world.seen.witness = WITNESS;
    look(registry, &world.seen, true, &world.notes);
    return registry;
}

static void sweep_until_clean(creg_registry *registry)
{
    for (int tries = 0; tries < 20 && count_intents(registry) != 0; tries++) {
        world.now_ns += (int64_t)(TTL_MS + 1000) * 1000000;
        creg_arena arena;
        creg_arena_init(&arena, (size_t)1 << 26);
        creg_report report;
        (void)creg_sweep(registry, &arena, &report, NULL);
        creg_arena_clear(&arena);
    }
    if (count_intents(registry) != 0)
        violated(&world.notes, "intents are not swept");
}

static const actor *find_role(role part)
{
    for (size_t i = 0; i < world.actor_count; i++)
        if (world.actors[i].role == part)
            return &world.actors[i];
    return NULL;
}

static bool is_known_to(creg_registry *registry, const char *token)
{
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 26);
    creg_instance instance;
    creg_status status = creg_instance_status(registry, S(token), &arena, &instance, NULL);
    creg_arena_clear(&arena);
    return status == CREG_OK;
}

/* I6 and I12, for one request. */
static void judge_create(creg_registry *registry, const actor *writer, const char *token,
                         bool is_alone)
{
    int id = 0;
    int count = count_token(registry, token, &id, &world.notes);
    if (count > 1)
        violated(&world.notes, "I6: the request '%s' made %d instances", token, count);
    if ((count == 1) != is_known_to(registry, token))
        violated(&world.notes, "I12: '%s' has %d instances, its status says otherwise", token,
                 count);
    if (writer == NULL || !writer->is_told)
        return;
    if (writer->told == CREG_OK && count != 1)
        violated(&world.notes, "I6: '%s' was acknowledged, and is not there", token);
    if (writer->told != CREG_OK && writer->told != CREG_UNKNOWN_OUTCOME && is_alone &&
        count != 0)
        violated(&world.notes, "I6: '%s' was told as failed (%s), and is there", token,
                 writer->message);
}

static void judge_target(creg_registry *registry)
{
    int id = 0;
    int count = count_token(registry, "target", &id, &world.notes);
    const actor *remover = find_role(REMOVE);
    bool is_removed = remover != NULL && remover->is_told && remover->told == CREG_OK;
    bool may_be_removed = remover != NULL && (!remover->is_told || remover->told == CREG_OK ||
                                              remover->told == CREG_UNKNOWN_OUTCOME);
    if (is_removed && count != 0)
        violated(&world.notes, "I6: the removal was acknowledged, and it is there");
    if (!may_be_removed && count != 1)
        violated(&world.notes, "I6: nobody removed it, and it is gone");
    if (count == 0 && count_keys(registry, TARGET) != 0)
        violated(&world.notes, "I9: %d keys are left of a removed instance",
                 count_keys(registry, TARGET));
    if (count_token(registry, "witness", &id, &world.notes) != 1)
        violated(&world.notes, "I10: the neighbour is gone");
}

static void judge_books(creg_registry *registry)
{
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 26);
    creg_report report;
    creg_error err;
    creg_status status = creg_fsck(registry, false, &arena, &report, &err);
    if (status != CREG_OK)
        violated(&world.notes, "fsck failed: %.120s", err.message);
    else if (report.findings.size != 0)
        violated(&world.notes, "fsck is not content: %.*s",
                 CREG_SHOW(report.findings.items[0].message));
    creg_arena_clear(&arena);
}

static void judge(creg_registry *registry)
{
    while (world.late_count > 0)
        deliver(0);
    sweep_until_clean(registry);
    look(registry, &world.seen, true, &world.notes);
    const actor *repeat = find_role(REPEAT);
    const actor *pieces = find_role(CREATE_PIECES);
    judge_create(registry, pieces, "request", repeat == NULL);
    judge_create(registry, repeat, "request", pieces == NULL);
    judge_create(registry, find_role(CREATE_ONCE), "other", true);
    judge_target(registry);
    judge_books(registry);
}

static bool play(const role *cast, size_t count, unsigned long number)
{
    memset(&world.notes, 0, sizeof world.notes);
    memset(&world.seen, 0, sizeof world.seen);
    world.actor_count = 0;
    world.jumps = 0;
    world.now_ns = (int64_t)1700000000 * 1000000000;
    world.trace = 0xCBF29CE484222325u;
    snprintf(world.url, sizeof world.url, "memory:play%lu", number);
    creg_registry *registry = set_stage();
    for (size_t i = 0; i < count; i++)
        enter_stage(cast[i]);
    direct();
    judge(registry);
    for (size_t i = 0; i < count; i++)
        creg_close(world.actors[i].registry);
    creg_close(registry);
    return atomic_load(&world.notes.violations) == 0;
}

/* ---- seeds ------------------------------------------------------------------------------ */

static void tell(const char *what, unsigned long number)
{
    printf("%s %lu:", what, number);
    for (size_t i = 0; i < world.actor_count; i++)
        printf(" %s=%s", role_names[world.actors[i].role],
               world.actors[i].is_told ? creg_status_name(world.actors[i].told) : "gone");
    printf("\n");
    int count = atomic_load(&world.notes.violations);
    for (int i = 0; i < count && i < SAYINGS; i++)
        printf("    %s\n", world.notes.sayings[i]);
}

static bool play_seed(unsigned long seed)
{
    world.choices = (chooser){.random = (seed + 1) * 0x9E3779B97F4A7C15u};
    role cast[ACTORS];
    size_t count = 0;
    cast[count++] = CREATE_PIECES;
    unsigned all = (1u << ROLES) - 2;
    while (count < 3 + draw() % (ACTORS - 2)) {
        role next = (role)(draw() % ROLES);
        if ((all >> next & 1) == 0 && next != READ)
            continue;
        all &= ~(1u << next);
        cast[count++] = next;
    }
    return play(cast, count, seed);
}

static int run_seeds(unsigned long first, unsigned long count)
{
    unsigned long failed = 0;
    for (unsigned long seed = first; seed < first + count; seed++) {
        if (!play_seed(seed)) {
            failed++;
            tell("seed", seed);
        }
        uint64_t trace = world.trace;
        if (seed % 100 == 0 && (play_seed(seed), world.trace != trace)) {
            failed++;
            printf("seed %lu: a second run went another way\n", seed);
        }
    }
    printf("%lu seeds, %lu with a violation\n", count, failed);
    return failed == 0 ? 0 : 1;
}

/* ---- every order ------------------------------------------------------------------------ */

static int run_all(int switches)
{
    static const role cast[] = {CREATE_ONCE, REMOVE, READ};
    unsigned long runs = 0;
    unsigned long failed = 0;
    world.choices = (chooser){.is_exhaustive = true};
    do {
        world.choices.depth = 0;
        world.choices.switches_left = switches;
        if (!play(cast, sizeof cast / sizeof cast[0], runs++)) {
            failed++;
            tell("order", runs);
        }
    } while (failed < 10 && next_path(&world.choices));
    printf("%lu orders, %lu with a violation\n", runs, failed);
    return failed == 0 ? 0 : 1;
}

/* ---- deliberate bugs -------------------------------------------------------------------- */

static unsigned long seeds_to_notice(creg_bug bug, unsigned long most)
{
    int ends[2];
    if (pipe(ends) != 0)
        return 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        char number[16];
        snprintf(number, sizeof number, "%d", bug);
        setenv("CONFREG_BUG", number, 1);
        unsigned long seed = 0;
        while (seed < most && play_seed(seed))
            seed++;
        seed++;
        (void)!write(ends[1], &seed, sizeof seed);
        exit(seed > most); /* what was printed was flushed before the fork */
    }
    int status = 1;
    unsigned long seeds = 0;
    close(ends[1]);
    if (child > 0)
        waitpid(child, &status, 0);
    /* One that ends the process, or never a call, is noticed as well. */
    bool has_told = read(ends[0], &seeds, sizeof seeds) == (ssize_t)sizeof seeds;
    close(ends[0]);
    return !has_told ? 1 : seeds > most ? 0 : seeds;
}

static int run_bugs(unsigned long most)
{
    int missed = 0;
    for (int bug = 1; bug < CREG_BUG_COUNT; bug++) {
        if (bug == CREG_BUG_COUNTER_FROM_MAXIMUM)
            continue; /* beside a counter that is there it costs a read and breaks nothing */
        unsigned long seeds = seeds_to_notice((creg_bug)bug, most);
        printf("bug %d: %s after %lu seeds\n", bug, seeds == 0 ? "NOT noticed" : "noticed",
               seeds == 0 ? most : seeds);
        missed += seeds == 0;
    }
    printf("%d bugs, %d not noticed\n", CREG_BUG_COUNT - 2, missed);
    return missed == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    alarm(HANG_SECONDS * (getenv("CONFREG_TEST_LONG") != NULL ? 20 : 1));
    unsigned long numbers[2] = {0, 0};
    for (int i = 2; i < argc && i < 4; i++)
        numbers[i - 2] = strtoul(argv[i], NULL, 10);
    if (argc == 4 && strcmp(argv[1], "seeds") == 0)
        return run_seeds(numbers[0], numbers[1]);
    if (argc == 3 && strcmp(argv[1], "all") == 0)
        return run_all((int)numbers[0]);
    if (argc == 3 && strcmp(argv[1], "bugs") == 0)
        return run_bugs(numbers[0]);
    fprintf(stderr, "simulate seeds FIRST COUNT | all SWITCHES | bugs COUNT\n");
    return 2;
}
