/* SPDX-License-Identifier: MIT */
/*
 * Each step of the commit engine fails once, in every way that it can.
 *
 *     every store  [EVERY]    a call of the store: refused, lost, doubled, or another client comes
 *                             in between, or damages the books; from then on or once
 *     every system [EVERY]    a mutex, a thread, a random byte that the system does not give
 *     every memory [EVERY]    an allocation, each block of an arena being one
 *
 * A way (ways.h) is run once to count such steps, then again for each of them and each answer,
 * on a fresh store each; EVERY takes each so-manieth case only. What was told must be true: done
 * is done, failed has left everything as it was, and after a sweep fsck finds nothing. All in one
 * process and on a clock that only pauses move, so that a case takes a millisecond.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../jinja/failing.h"
#include "base/fail.h"
#include "confreg/interrupt.h"
#include "store/drivers/fault.h"
#include "ways.h"

enum {
    TTL_MS = 30000,
    REPLACED_MAX = 12, /* times that another client comes in between */
    BESIDE_MAX = 40,
    CALL_SECONDS = 3, /* that a transaction takes: liveness has to be renewed on the way */
    COMPLAINTS_MAX = 20
};

/* ---- stores ----------------------------------------------------------------------------- */

/* What the store says of itself, and what it takes in truth (0: anything). */
typedef struct kind {
    const char *name;
    const char *query;
    creg_limits limits;
    unsigned capabilities;
    size_t operations;
    bool is_hopeless; /* hardly anything fits; but nothing may be left of it */
} kind;

static const kind kinds[] = {
    {"anything at once", "", {0}, 0, 0},
    {"a dozen by the URL", "transaction_operations=12", {0}, 0, 0},
    {"two dozen, four writers",
     "",
     {.transaction_operations = 24, .writers = 4},
     CREG_STORE_SMALL_TRANSACTIONS,
     24},
    {"by bytes, deletes key by key",
     "",
     {.transaction_bytes = 4000, .operation_bytes = 20, .writers = 3},
     CREG_STORE_DELETES_KEY_BY_KEY,
     0},
    {"bytes and operations, key by key",
     "",
     {.transaction_operations = 30, .transaction_bytes = 4000},
     CREG_STORE_DELETES_KEY_BY_KEY | CREG_STORE_SMALL_TRANSACTIONS,
     30},
    {"by bytes only", "", {.transaction_bytes = 4000}, 0, 0},
    {"far too few", "", {.transaction_operations = 3}, 0, 0, true},
    {"few, and it does not say so", "", {0}, 0, 24, true},
    {"fewer than any bytes",
     "",
     {.transaction_bytes = 100000},
     CREG_STORE_SMALL_TRANSACTIONS,
     24},
    {"fewer than it says",
     "",
     {.transaction_operations = 200},
     CREG_STORE_SMALL_TRANSACTIONS,
     24},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* ---- what becomes of one step ----------------------------------------------------------- */

typedef enum answer {
    NOTHING,     /* the step is counted only */
    REFUSED,     /* with `status`, before anything is done */
    GONE,        /* the same from then on */
    LOST,        /* done, told as unclear, and then the other client comes, if there is one */
    NOT_ARRIVED, /* not done, and told as unclear */
    UNCLEAR_ON,  /* the same from then on */
    LOST_ON,     /* done, told as unclear, from then on */
    TWICE,       /* it arrives a second time */
    DEAD,        /* the store takes the writer for dead from then on */
    MEANWHILE,   /* another client comes first */
    ALWAYS,      /* before this step and the next ones */
    CANCELLED,   /* the caller asks for it */
    INTERRUPTED, /* the caller's thread is asked to stop */
    CUT_OFF      /* the same, and what was sent is unclear */
} answer;

typedef struct fault {
    const char *name;
    answer answer;
    creg_status status;
    void (*act)(scene *s);
    bool only_writes; /* it is no answer to a read */
    bool is_damage;   /* what is left is not to be judged */
    bool is_endless;  /* it never stops; for the first step only */
} fault;

static void damage(scene *s, const char *key, const char *value)
{
    must(creg_store_put(creg_registry_store(s->other), S(key), S(value), &s->err), s, key);
}

static void damage_record(scene *s)
{
    damage(s, "_confreg/v1/c/u,t,1,1", "no record");
}

static void damage_intent(scene *s)
{
    damage(s, "_confreg/v1/i/u,t,1,1", "{\"f\":1,\"n\":1,\"op\":\"change\",\"s\":\"active\"}");
}

static void damage_journal(scene *s)
{
    damage(s, "_confreg/v1/i/u,t,1,1",
           "{\"f\":1,\"n\":1,\"op\":\"change\",\"s\":\"active\",\"o\":[1]}");
}

static void damage_counter(scene *s)
{
    damage(s, "_confreg/v1/n/u,t,1", "-1");
}

static void empty_counter(scene *s)
{
    damage(s, "_confreg/v1/n/u,t,1", "");
}

static void damage_request(scene *s)
{
    damage(s, "_confreg/v1/r/fresh", "no,dn");
}

static void newer_record(scene *s)
{
    damage(s, "_confreg/v1/c/u,t,1,1", "{\"f\":99,\"n\":1}");
}

static const fault faults[] = {
    {"unavailable", REFUSED, CREG_UNAVAILABLE, NULL, false, false},
    {"denied", REFUSED, CREG_PERMISSION, NULL, false, false},
    {"out of memory", REFUSED, CREG_NO_MEMORY, NULL, false, false},
    {"damaged", REFUSED, CREG_DAMAGED, NULL, false, false},
    {"too large", REFUSED, CREG_LIMIT, NULL, true, false},
    {"gone", GONE, CREG_UNAVAILABLE, NULL, false, false},
    {"denied from then on", GONE, CREG_PERMISSION, NULL, false, false},
    {"too large from then on", GONE, CREG_LIMIT, NULL, true, false},
    {"lost", LOST, CREG_UNKNOWN_OUTCOME, NULL, true, false},
    {"not arrived", NOT_ARRIVED, CREG_UNKNOWN_OUTCOME, NULL, true, false},
    {"unclear from then on", UNCLEAR_ON, CREG_UNKNOWN_OUTCOME, NULL, true, false},
    {"done, and unclear from then on", LOST_ON, CREG_UNKNOWN_OUTCOME, NULL, true, false},
    {"twice", TWICE, CREG_OK, NULL, true, false},
    {"dead", DEAD, CREG_CONFLICT, NULL, false, false},
    {"dead, and swept", DEAD, CREG_CONFLICT, other_sweeps, false, false},
    {"another creates", MEANWHILE, CREG_OK, other_creates, false, false},
    {"others create", ALWAYS, CREG_OK, other_creates, false, false},
    {"another repeats", MEANWHILE, CREG_OK, other_repeats, false, false},
    {"another removes", MEANWHILE, CREG_OK, other_removes, false, false},
    {"another changes", MEANWHILE, CREG_OK, other_changes, false, false},
    {"others change", ALWAYS, CREG_OK, other_changes, false, false},
    {"another sweeps", MEANWHILE, CREG_OK, other_sweeps, false, false},
    {"another begins to remove", MEANWHILE, CREG_OK, other_begins_removal, false, true},
    {"another leaves a journal", MEANWHILE, CREG_OK, other_leaves_journal, false, true},
    {"others leave journals", ALWAYS, CREG_OK, other_leaves_journal, false, true, true},
    {"keys are taken away", MEANWHILE, CREG_OK, other_takes_keys_away, false, true},
    {"lost, and swept", LOST, CREG_UNKNOWN_OUTCOME, other_sweeps, true, false},
    {"the record is damaged", MEANWHILE, CREG_OK, damage_record, false, true},
    {"the record is newer", MEANWHILE, CREG_OK, newer_record, false, true},
    {"the intent is damaged", MEANWHILE, CREG_OK, damage_intent, false, true},
    {"the journal is damaged", MEANWHILE, CREG_OK, damage_journal, false, true},
    {"the counter is damaged", MEANWHILE, CREG_OK, damage_counter, false, true},
    {"the counter is empty", MEANWHILE, CREG_OK, empty_counter, false, true},
    {"the request is damaged", MEANWHILE, CREG_OK, damage_request, false, true},
    {"cancelled", CANCELLED, CREG_CANCELLED, NULL, false, false},
    {"interrupted", INTERRUPTED, CREG_CANCELLED, NULL, false, false},
    {"cut off", CUT_OFF, CREG_UNKNOWN_OUTCOME, NULL, false, false},
};
enum { FAULTS = sizeof faults / sizeof faults[0] };

/* ---- the gate --------------------------------------------------------------------------- */

/* The engine's writers come by here, too: counted under the lock, carried out beside it. */
static struct {
    pthread_mutex_t lock;
    pthread_rwlock_t fence; /* nobody is taken for dead while a transaction is under way */
    creg_store_driver inner;
    const kind *kind;
    const fault *fault; /* NULL: count */
    void (*beside)(scene *s);
    scene *scene;
    const creg_driver_state *opened, *victim; /* the last one; the one that is spoiled */
    unsigned long at, steps, replaced;
    bool is_on, is_system; /* who is counted: calls of the store, or of the system */
    bool is_spoiling;      /* from spoil_store() on, whoever acts meanwhile */
    bool is_dead, is_interrupted;
    int64_t now_ns;
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .fence = PTHREAD_RWLOCK_INITIALIZER};

static bool lasts(answer answer_)
{
    return answer_ == GONE || answer_ == UNCLEAR_ON || answer_ == LOST_ON || answer_ == ALWAYS;
}

static void declare_dead(void)
{
    pthread_mutex_unlock(&gate.lock);
    pthread_rwlock_wrlock(&gate.fence);
    pthread_mutex_lock(&gate.lock);
    gate.is_dead = true;
    pthread_rwlock_unlock(&gate.fence);
}

/* The other client's calls come through the gate as well, and are not counted. */
static void act(void (*work)(scene *s))
{
    gate.is_on = false;
    gate.scene->has_company = true;
    pthread_mutex_unlock(&gate.lock);
    work(gate.scene);
    pthread_mutex_lock(&gate.lock);
    gate.is_on = true;
}

/* Counts a step; what becomes of it, once whatever comes before it has happened. */
static answer pass(bool is_write)
{
    answer ret = NOTHING;
    pthread_mutex_lock(&gate.lock);
    unsigned long step = gate.is_on && !gate.is_system ? ++gate.steps : 0;
    if (gate.is_on && is_write)
        gate.now_ns += CALL_SECONDS * INT64_C(1000000000);
    const fault *chosen = gate.fault;
    bool is_chosen = step != 0 && chosen != NULL &&
                     (step == gate.at || (step > gate.at && lasts(chosen->answer)));
    if (is_chosen && (is_write || !chosen->only_writes))
        ret = chosen->answer;
    if (ret == DEAD)
        declare_dead();
    if (ret == CANCELLED)
        gate.scene->cancel = 1;
    if (ret == INTERRUPTED || ret == CUT_OFF)
        gate.is_interrupted = true;
    if ((ret == DEAD || ret == MEANWHILE || ret == ALWAYS) && chosen->act != NULL &&
        (chosen->is_endless || gate.replaced++ < REPLACED_MAX))
        act(chosen->act);
    if (step != 0 && step <= BESIDE_MAX && gate.beside != NULL)
        act(gate.beside);
    pthread_mutex_unlock(&gate.lock);
    return ret;
}

static creg_status refuse(creg_error *err)
{
    return creg_fail(err, gate.fault->status, "asked for: %s", gate.fault->name);
}

static creg_status gate_open(creg_driver_state *state, const creg_store_url *url,
                             const creg_store_options *options, creg_error *err)
{
    gate.opened = state;
    return gate.inner.open(state, url, options, err);
}

static creg_status gate_get(creg_driver_state *state, creg_slice key, creg_arena *arena,
                            creg_slice *ret_value, creg_version *ret_version, creg_error *err)
{
    answer got = pass(false);
    if (got == REFUSED || got == GONE)
        return refuse(err);
    return gate.inner.get(state, key, arena, ret_value, ret_version, err);
}

static creg_status gate_read(creg_driver_state *state, creg_read *reads, size_t count,
                             creg_arena *arena, uint64_t *ret_revision, creg_error *err)
{
    answer got = pass(false);
    if (got == REFUSED || got == GONE)
        return refuse(err);
    return gate.inner.read(state, reads, count, arena, ret_revision, err);
}

/*
 * The victim's calls only, not those of another client that comes in between; those of its
 * other writers meanwhile, too.
 */
static bool is_spoiled(const creg_driver_state *state)
{
    pthread_mutex_lock(&gate.lock);
    bool answer_ = gate.is_spoiling && state == gate.victim;
    pthread_mutex_unlock(&gate.lock);
    return answer_;
}

static bool is_dead(void)
{
    pthread_mutex_lock(&gate.lock);
    bool answer_ = gate.is_dead;
    pthread_mutex_unlock(&gate.lock);
    return answer_;
}

static bool is_too_large(const creg_driver_state *state, const creg_transaction *transaction)
{
    size_t most = is_spoiled(state) ? gate.kind->operations : 0;
    return most != 0 && transaction->check_count + transaction->operation_count > most;
}

static creg_status apply(creg_driver_state *state, const creg_transaction *transaction,
                         answer got, size_t *ret_failed_check, creg_error *err)
{
    if (got == REFUSED || got == GONE || got == NOT_ARRIVED || got == UNCLEAR_ON)
        return refuse(err);
    if (is_spoiled(state) && is_dead() && transaction->fence != NULL)
        return creg_fail(err, CREG_CONFLICT, "asked for: the liveness of this writer is lost");
    if (is_too_large(state, transaction))
        return creg_fail(err, CREG_LIMIT, "asked for: too many operations");
    creg_status status = gate.inner.apply(state, transaction, ret_failed_check, err);
    size_t failed_again;
    if (got == TWICE)
        (void)gate.inner.apply(state, transaction, &failed_again, NULL);
    if ((got != LOST && got != LOST_ON && got != CUT_OFF) || status != CREG_OK)
        return status;
    return refuse(err);
}

static creg_status gate_apply(creg_driver_state *state, const creg_transaction *transaction,
                              size_t *ret_failed_check, creg_error *err)
{
    answer got = pass(true);
    pthread_rwlock_rdlock(&gate.fence);
    creg_status status = apply(state, transaction, got, ret_failed_check, err);
    pthread_rwlock_unlock(&gate.fence);
    if (got == LOST && gate.fault->act != NULL) {
        pthread_mutex_lock(&gate.lock);
        act(gate.fault->act);
        pthread_mutex_unlock(&gate.lock);
    }
    return status;
}

static creg_status gate_live_open(creg_driver_state *state, creg_slice name, uint32_t *ttl_ms,
                                  void **ret_handle, creg_error *err)
{
    answer got = pass(false);
    if (got == REFUSED || got == GONE)
        return refuse(err);
    return gate.inner.liveness_open(state, name, ttl_ms, ret_handle, err);
}

static creg_status gate_live_renew(creg_driver_state *state, void *handle, creg_error *err)
{
    answer got = pass(false);
    if (got == REFUSED || got == GONE)
        return refuse(err);
    if (is_spoiled(state) && is_dead())
        return creg_fail(err, CREG_CONFLICT, "asked for: the liveness is lost");
    return gate.inner.liveness_renew(state, handle, err);
}

static creg_status gate_live_check(creg_driver_state *state, creg_slice key, bool *ret_alive,
                                   creg_error *err)
{
    answer got = pass(false);
    if (got == REFUSED || got == GONE)
        return refuse(err);
    creg_status status = gate.inner.liveness_check(state, key, ret_alive, err);
    if (is_dead())
        *ret_alive = false;
    return status;
}

static creg_status gate_limits(creg_driver_state *state, creg_limits *ret_limits,
                               creg_error *err)
{
    answer got = pass(false);
    if (got == REFUSED || got == GONE)
        return refuse(err);
    creg_limits limits = gate.inner.limits;
    *ret_limits = limits;
    if (gate.kind->is_hopeless && !is_spoiled(state))
        return CREG_OK;
    limits.transaction_operations = gate.kind->limits.transaction_operations;
    limits.transaction_bytes = gate.kind->limits.transaction_bytes;
    limits.operation_bytes = gate.kind->limits.operation_bytes;
    limits.writers = gate.kind->limits.writers;
    *ret_limits = limits;
    return CREG_OK;
}

void __wrap_creg_fault_wrap(creg_store_driver *table, const creg_store_driver *inner);
void __real_creg_fault_wrap(creg_store_driver *table, const creg_store_driver *inner);

void __wrap_creg_fault_wrap(creg_store_driver *table, const creg_store_driver *inner)
{
    __real_creg_fault_wrap(table, inner);
    gate.inner = *table;
    table->capabilities |= gate.kind->capabilities;
    table->open = gate_open;
    table->get = gate_get;
    table->read = gate_read;
    table->apply = gate_apply;
    table->liveness_open = gate_live_open;
    table->liveness_renew = gate_live_renew;
    table->liveness_check = gate_live_check;
    table->learn_limits = gate_limits;
}

/* ---- the system ------------------------------------------------------------------------- */

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time);
int __real_clock_gettime(clockid_t clock, struct timespec *ret_time);
int __wrap_nanosleep(const struct timespec *duration, struct timespec *left);
int __wrap_pthread_mutex_init(pthread_mutex_t *lock, const pthread_mutexattr_t *attributes);
int __real_pthread_mutex_init(pthread_mutex_t *lock, const pthread_mutexattr_t *attributes);
int __wrap_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes);
int __real_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*begin)(void *), void *argument);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*begin)(void *), void *argument);
int __wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *old);
int __real_pthread_sigmask(int how, const sigset_t *set, sigset_t *old);
int __wrap_open(const char *path, int flags, ...);
int __real_open(const char *path, int flags, ...);
ssize_t __wrap_read(int file, void *bytes, size_t size);
ssize_t __real_read(int file, void *bytes, size_t size);
struct tm *__wrap_gmtime_r(const time_t *time_, struct tm *ret_parts);
struct tm *__real_gmtime_r(const time_t *time_, struct tm *ret_parts);

/* Who waits for the time of day (a condition's deadline) needs the real one. */
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    if (clock != CLOCK_MONOTONIC)
        return __real_clock_gettime(clock, ret_time);
    pthread_mutex_lock(&gate.lock);
    gate.now_ns += 1000;
    *ret_time = (struct timespec){.tv_sec = (time_t)(gate.now_ns / 1000000000),
                                  .tv_nsec = (long)(gate.now_ns % 1000000000)};
    pthread_mutex_unlock(&gate.lock);
    return 0;
}

/* A second for every pause: patience ends after some dozen tries, and renewals come due. */
int __wrap_nanosleep(const struct timespec *duration, struct timespec *left)
{
    (void)duration;
    (void)left;
    pthread_mutex_lock(&gate.lock);
    gate.now_ns += 1000000000;
    pthread_mutex_unlock(&gate.lock);
    return 0;
}

/* Is this the call of the system that fails? Or does the caller cancel just now? */
static bool system_fails(void)
{
    pthread_mutex_lock(&gate.lock);
    unsigned long step = gate.is_on && gate.is_system ? ++gate.steps : 0;
    bool is_chosen = step != 0 && step == gate.at;
    bool is_cancel = is_chosen && gate.fault->answer == CANCELLED;
    if (is_cancel)
        gate.scene->cancel = 1;
    pthread_mutex_unlock(&gate.lock);
    return is_chosen && !is_cancel;
}

int __wrap_pthread_mutex_init(pthread_mutex_t *lock, const pthread_mutexattr_t *attributes)
{
    return system_fails() ? ENOMEM : __real_pthread_mutex_init(lock, attributes);
}

int __wrap_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes)
{
    return system_fails() ? ENOMEM : __real_pthread_cond_init(condition, attributes);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*begin)(void *), void *argument)
{
    return system_fails() ? EAGAIN : __real_pthread_create(thread, attributes, begin, argument);
}

int __wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
    return system_fails() ? EINVAL : __real_pthread_sigmask(how, set, old);
}

/* Of the engine it opens nothing but /dev/urandom; other libraries may make files. */
int __wrap_open(const char *path, int flags, ...)
{
    int mode = 0;
    va_list arguments;
    va_start(arguments, flags);
    if ((flags & O_CREAT) != 0)
        mode = va_arg(arguments, int);
    va_end(arguments);
    if (!system_fails())
        return __real_open(path, flags, mode);
    errno = EMFILE;
    return -1;
}

ssize_t __wrap_read(int file, void *bytes, size_t size)
{
    if (!system_fails())
        return __real_read(file, bytes, size);
    errno = gate.fault == &faults[0] ? EINTR : EIO; /* the first is tried again */
    return -1;
}

struct tm *__wrap_gmtime_r(const time_t *time_, struct tm *ret_parts)
{
    return system_fails() ? NULL : __real_gmtime_r(time_, ret_parts);
}

/* ---- one run ---------------------------------------------------------------------------- */

static unsigned long runs, failures;

static bool is_interrupted(void *user)
{
    (void)user;
    pthread_mutex_lock(&gate.lock);
    bool answer_ = gate.is_interrupted;
    pthread_mutex_unlock(&gate.lock);
    return answer_;
}

static creg_registry *open_on(scene *s, const char *url)
{
    creg_registry *registry = NULL;
    must(creg_open(url, NULL, &registry, &s->err), s, "open");
    return registry;
}

static void begin(scene *s, const way *way_)
{
    static unsigned number;
    char url[96];
    memset(s, 0, sizeof *s);
    creg_arena_init(&s->arena, (size_t)1 << 28);
    creg_arena_init(&s->kept, (size_t)1 << 28);
    snprintf(url, sizeof url, "memory:every%u?%s", number++, gate.kind->query);
    gate.scene = s;
    gate.steps = 0;
    gate.replaced = 0;
    gate.beside = way_->beside;
    gate.is_dead = false;
    gate.is_interrupted = false;
    s->registry = open_on(s, url);
    gate.victim = gate.opened;
    s->other = open_on(s, url);
    register_body(s->other);
    if (way_->prepare != NULL)
        way_->prepare(s);
    creg_error_clear(&s->err);
}

static void end(scene *s)
{
    creg_close(s->registry);
    creg_close(s->other);
    creg_close(s->source);
    creg_arena_clear(&s->arena);
    creg_arena_clear(&s->kept);
}

/* After a sweep nothing may be left but whole instances and their books. */
static void judge_rest(scene *s, const char *left)
{
    creg_report report;
    gate.is_dead = false;
    creg_status status = creg_sweep(s->other, &s->kept, &report, &s->err);
    if (status != CREG_OK)
        violated(&s->notes, "the sweep says: %s", s->err.message);
    if (count_intents(s->other) != 0)
        violated(&s->notes, "%d intents are left", count_intents(s->other));
    status = creg_fsck(s->other, false, &s->kept, &report, &s->err);
    if (status != CREG_OK)
        violated(&s->notes, "fsck says: %s", s->err.message);
    for (size_t i = 0; status == CREG_OK && i < report.findings.size; i++)
        if (!creg_slice_equal(report.findings.items[i].rule, S(left)))
            violated(
                &s->notes, "fsck finds %.*s: %.*s", (int)report.findings.items[i].rule.size,
                report.findings.items[i].rule.data, (int)report.findings.items[i].message.size,
                report.findings.items[i].message.data);
}

/* What others did meanwhile may have been the same, or have undone it. */
static void judge_telling(scene *s, const way *way_, creg_status told)
{
    bool has_happened = way_->has_happened(s);
    if (told == CREG_OK && !has_happened && !s->has_company)
        violated(&s->notes, "it says done, and is not");
    bool is_failure = told != CREG_OK && told != CREG_UNKNOWN_OUTCOME;
    if (is_failure && has_happened && !s->has_company && !way_->is_stepwise)
        violated(&s->notes, "it says failed, and is done");
}

static void complain(const way *way_, const scene *s, creg_status told, const char *message)
{
    if (failures++ >= COMPLAINTS_MAX)
        return;
    printf("%s on %s, step %lu %s (told %s: %s):\n", way_->name, gate.kind->name, gate.at,
           gate.fault == NULL ? "" : gate.fault->name, creg_status_name(told), message);
    for (int i = 0; i < SAYINGS && s->notes.sayings[i][0] != '\0'; i++)
        printf("    %s\n", s->notes.sayings[i]);
}

/* `spoil`: begins to count, `unspoil` ends it. The number of steps. */
static unsigned long run(const way *way_, void (*spoil)(void),
                         unsigned long (*unspoil)(scene *))
{
    scene s;
    begin(&s, way_);
    spoil();
    creg_status told = way_->run(&s);
    unsigned long steps = unspoil(&s);
    char message[CREG_ERROR_MESSAGE_SIZE];
    memcpy(message, s.err.message, sizeof message);
    bool is_damage = gate.fault != NULL && gate.fault->is_damage;
    bool is_wanted = told == way_->wanted || (told == CREG_OK && way_->wanted == CREG_LIMIT);
    if (gate.at == 0 && !is_wanted && !gate.kind->is_hopeless)
        violated(&s.notes, "an unspoiled run is %s", creg_status_name(told));
    if (told == CREG_INTERNAL)
        violated(&s.notes, "it takes the blame");
    if (!is_damage && way_->has_happened != NULL)
        judge_telling(&s, way_, told);
    if (!is_damage)
        judge_rest(&s, way_->left);
    runs++;
    if (atomic_load(&s.notes.violations) > 0)
        complain(way_, &s, told, message);
    end(&s);
    return steps;
}

/* ---- calls of the store, calls of the system -------------------------------------------- */

static void spoil_store(void)
{
    creg_interrupt_set(is_interrupted, NULL);
    gate.is_on = gate.is_spoiling = true;
}

static unsigned long unspoil_store(scene *s)
{
    (void)s;
    gate.is_on = gate.is_spoiling = false;
    creg_interrupt_set(NULL, NULL);
    return gate.steps;
}

static unsigned long every = 1, cases;

static bool is_taken(void)
{
    return cases++ % every == 0;
}

static void each_answer(const way *way_)
{
    gate.fault = NULL;
    gate.at = 0;
    unsigned long steps = run(way_, spoil_store, unspoil_store);
    for (unsigned long at = 1; at <= steps; at++)
        for (size_t i = 0; i < FAULTS; i++)
            if ((at == 1 || !faults[i].is_endless) && is_taken()) {
                gate.at = at;
                gate.fault = &faults[i];
                run(way_, spoil_store, unspoil_store);
            }
}

/* The fault only says how a read fails: to be tried again, or for good; or not at all. */
static void each_call(const way *way_)
{
    gate.fault = NULL;
    gate.at = 0;
    gate.is_system = true;
    unsigned long steps = run(way_, spoil_store, unspoil_store);
    for (unsigned long at = 1; at <= steps; at++)
        for (size_t i = 0; i < FAULTS; i++)
            if ((i < 2 || faults[i].answer == CANCELLED) && is_taken()) {
                gate.at = at;
                gate.fault = &faults[i];
                run(way_, spoil_store, unspoil_store);
            }
    gate.is_system = false;
}

/* ---- allocations ------------------------------------------------------------------------ */

static void spoil_memory(void)
{
    failing_begin(gate.at);
}

static unsigned long unspoil_memory(scene *s)
{
    long held;
    creg_arena_clear(&s->arena);
    return failing_end(&held);
}

static void each_allocation(const way *way_)
{
    gate.fault = NULL;
    gate.at = 0;
    unsigned long steps = run(way_, spoil_memory, unspoil_memory);
    for (unsigned long at = 1; at <= steps; at++)
        if (is_taken()) {
            gate.at = at;
            run(way_, spoil_memory, unspoil_memory);
        }
}

/* ---- all of them ------------------------------------------------------------------------ */

static bool has_journals(const kind *kind_)
{
    return (kind_->capabilities & CREG_STORE_SMALL_TRANSACTIONS) != 0 || *kind_->query != '\0';
}

static int usage(void)
{
    fprintf(stderr, "every store | system | memory [EVERY]\n");
    return 2;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*each)(const way *way_);
    } parts[] = {{"store", each_answer}, {"system", each_call}, {"memory", each_allocation}};
    void (*each)(const way *way_) = NULL;
    for (size_t i = 0; argc > 1 && i < sizeof parts / sizeof parts[0]; i++)
        if (strcmp(argv[1], parts[i].name) == 0)
            each = parts[i].each;
    if (each == NULL || argc > 3)
        return usage();
    if (each == each_allocation && !failing_possible()) {
        printf("no allocation can fail here: a sanitizer needs -Dtorture=true\n");
        return 77;
    }
    const char *longer = getenv("CONFREG_TEST_LONG");
    if (argc == 3 && (longer == NULL || longer[0] == '\0'))
        every = strtoul(argv[2], NULL, 10);
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < KINDS; i++)
        for (size_t k = 0; k < way_count; k++) {
            gate.kind = &kinds[i];
            if (!ways[k].needs_journals || has_journals(&kinds[i]))
                each(&ways[k]);
        }
    printf("%lu of %lu runs with a violation\n", failures, runs);
    return failures == 0 ? 0 : 1;
}
