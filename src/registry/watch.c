/* SPDX-License-Identifier: MIT */
/*
 * Watching: wait until the store says that something changed, look, and tell the difference
 * to the look before.
 *
 *     wait(prefix, revision) -> look -> compare with the last look -> queue -> next, next, ...
 *           ^                                                            |
 *           '------------------ when the queue is empty -----------------'
 *
 * Every store can do that, so there is one engine and one contract. No event can be lost,
 * because none is ever carried: a look is the truth, and a wake-up only says when to take the
 * next one. The revision is taken before the look, so a change between the two wakes again.
 * What a store cannot vouch for (it was away, went back in time, dropped its history) is told
 * as RESYNC before the differences.
 *
 * A watch looks when creg_watch_next() is called. Only for a descriptor there is a thread that
 * does it instead; `ready` says whose the queue is: the caller's when set, the thread's else.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/memory.h"
#include "registry/watch_diff.h"
#include "registry/watch_view.h"
#include "store/pairs.h"

enum {
    /* How long one wait of the store may take: what a cancel has to wait for. */
    SLICE_LOCAL_MS = 100,
    SLICE_SERVER_MS = 1000,
    SLICE_MOST_MS = 10000,
    SLICE_LOOKS =
        20, /* and at least so many times what a look costs: ZooKeeper looks to wait */
    /* Look without being told so often: a server that hangs, or one that came back younger
     * than the revision that it is asked about, would keep silent for ever. */
    LOOK_EVERY_MS = 10000,
    PAUSE_FIRST_MS = 20,
    PAUSE_MOST_MS = 1000,
    PUMP_ROUND_MS = 1000
};

struct creg_watch {
    creg_watch_view view;
    creg_arena arena; /* of the view */

    /* The last look and the one before it, or the one being taken. */
    creg_arena looks[2];
    unsigned newest; /* index of the look that `state` lies in */
    creg_pairs state;
    creg_slice prefix;      /* that `revision` is of */
    uint64_t revision;      /* to wait with; 0: ask for it first */
    uint64_t last_revision; /* of the last look */
    uint64_t looked_ms;
    uint64_t look_cost_ms;
    unsigned pause_ms;
    bool has_gap; /* continuity was lost since the last look */
    bool is_removed;

    creg_changes queue; /* in the newest look; [next, size) are to be told */
    size_t next;
    creg_position position; /* after the events told so far */
    bool in_snapshot;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    atomic_bool is_cancelled;
    creg_status trouble; /* of the last try to reach the store; CREG_OK */
    creg_error trouble_error;

    bool is_pumped;
    pid_t pid;
    pthread_t pump;
    int pipe[2];
    atomic_bool is_closing;
    bool ready; /* under the lock: the queue, or `failure`, waits for the caller */
    creg_status failure;
    creg_error failure_error;
};

static struct timespec time_of(uint64_t ms)
{
    return (struct timespec){.tv_sec = (time_t)(ms / 1000),
                             .tv_nsec = (long)(ms % 1000) * 1000000};
}

const char *creg_event_kind_text(creg_event_kind kind)
{
    static const char *const texts[] = {
        [CREG_EVENT_SNAPSHOT] = "snapshot", [CREG_EVENT_SNAPSHOT_END] = "snapshot-end",
        [CREG_EVENT_PUT] = "put",           [CREG_EVENT_DELETE] = "delete",
        [CREG_EVENT_RESYNC] = "resync",     [CREG_EVENT_CREATED] = "created",
        [CREG_EVENT_REMOVED] = "removed"};
    return (size_t)kind < sizeof texts / sizeof *texts ? texts[kind] : "unknown";
}

/* ---- looking ----------------------------------------------------------------------------- */

/* A revision of another prefix says nothing; 1 is "nothing is there" on ZooKeeper. */
static bool went_back(const creg_watch *watch, uint64_t revision)
{
    return revision > 1 && revision < watch->last_revision;
}

static void choose_prefix(creg_watch *watch)
{
    creg_slice prefix = creg_watch_view_prefix(&watch->view, &watch->state);
    if (creg_slice_equal(prefix, watch->prefix))
        return;
    watch->prefix = prefix;
    watch->revision = 0;
    watch->last_revision = 0;
}

/* Fill the queue with what `seen` has that the last look had not. */
static creg_status compare(creg_watch *watch, const creg_pairs *seen, bool is_there,
                           bool is_lost, creg_arena *arena, creg_error *err)
{
    creg_changes changes = {NULL, 0};
    creg_status status = CREG_OK;
    if (!is_there)
        status = creg_changes_add(&changes, CREG_EVENT_REMOVED, NULL, NULL, arena, err);
    else if (is_lost)
        status = creg_changes_add(&changes, CREG_EVENT_RESYNC, NULL, NULL, arena, err);
    if (status == CREG_OK && is_there)
        status = creg_changes_compare(&changes, &watch->state, seen, arena, err);
    if (status != CREG_OK)
        return status;
    watch->queue = changes;
    watch->next = 0;
    return CREG_OK;
}

/* Take a look at the revision that is known already, and queue what is new. */
static creg_status take_look(creg_watch *watch, creg_error *err)
{
    uint64_t began = creg_clock_ms();
    unsigned other = 1 - watch->newest;
    creg_arena *arena = &watch->looks[other];
    creg_arena_reset(arena);
    watch->queue = (creg_changes){NULL, 0};
    watch->next = 0;
    creg_pairs seen;
    bool is_there;
    creg_status status = creg_watch_view_read(&watch->view, arena, &seen, &is_there, err);
    bool is_lost = watch->has_gap || went_back(watch, watch->revision);
    if (status == CREG_OK)
        status = compare(watch, &seen, is_there, is_lost, arena, err);
    if (status != CREG_OK)
        return status;

    /* The store was away and nothing happened meanwhile: nobody needs to know. */
    bool is_same =
        watch->revision == watch->last_revision && !went_back(watch, watch->revision);
    if (is_lost && watch->queue.size == 1 && is_there && is_same)
        watch->queue.size = 0;
    watch->has_gap = false;
    watch->last_revision = watch->revision;
    watch->looked_ms = creg_clock_ms();
    watch->look_cost_ms = watch->looked_ms - began;
    if (watch->queue.size > 0) {
        watch->state = seen;
        watch->newest = other;
    }
    choose_prefix(watch);
    return CREG_OK;
}

/* ---- waiting ------------------------------------------------------------------------------ */

static uint64_t slice_ms(const creg_watch *watch)
{
    unsigned capabilities = creg_store_capabilities(watch->view.registry->store);
    uint64_t slice =
        (capabilities & CREG_STORE_NEEDS_FENCE) != 0 ? SLICE_SERVER_MS : SLICE_LOCAL_MS;
    if (slice < SLICE_LOOKS * watch->look_cost_ms)
        slice = SLICE_LOOKS * watch->look_cost_ms;
    return slice < SLICE_MOST_MS ? slice : SLICE_MOST_MS;
}

static bool is_look_due(const creg_watch *watch)
{
    uint64_t every = LOOK_EVERY_MS + 50 * watch->look_cost_ms;
    return creg_clock_ms() - watch->looked_ms >= every;
}

/* Learn the revision to look at. CREG_TIMEOUT: there is no reason to look. */
static creg_status wait_for_change(creg_watch *watch, uint64_t deadline, creg_error *err)
{
    creg_store *store = watch->view.registry->store;
    uint64_t seen = 0;
    if (watch->revision != 0 && is_look_due(watch))
        watch->revision = 0;
    if (watch->revision != 0) {
        uint64_t now = creg_clock_ms();
        uint64_t slice = slice_ms(watch);
        uint64_t left = deadline > now ? deadline - now : 0;
        creg_status status =
            creg_store_wait(store, watch->prefix, watch->revision,
                            (uint32_t)(left < slice ? left : slice), &seen, err);
        if (status != CREG_OK)
            return status;
        watch->revision = seen;
        if (seen != 0)
            return CREG_OK;
        watch->has_gap = true;
    }
    creg_status status = creg_store_wait(store, watch->prefix, 0, 0, &seen, err);
    if (status == CREG_OK)
        watch->revision = seen;
    /* "Nothing changed" would be no answer to this question. */
    return status == CREG_TIMEOUT ? CREG_UNAVAILABLE : status;
}

static bool is_worth_retrying(creg_status status)
{
    switch (status) {
    case CREG_UNAVAILABLE:
    case CREG_TIMEOUT:
    case CREG_UNKNOWN_OUTCOME:
    case CREG_CONFLICT: /* the store would not hold still */
    case CREG_IO:
        return true;
    default:
        return false;
    }
}

/* Sleep before the next try, unless it is cancelled meanwhile. */
static void pause_after(creg_watch *watch, uint64_t deadline)
{
    unsigned pause = watch->pause_ms == 0 ? PAUSE_FIRST_MS : watch->pause_ms;
    watch->pause_ms = pause * 2 < PAUSE_MOST_MS ? pause * 2 : PAUSE_MOST_MS;
    /* Many watches that lost one server shall not come back in step. */
    uint64_t jitter = (uint64_t)(creg_clock_ms() ^ (uintptr_t)watch >> 6) % (pause / 2);
    uint64_t until = creg_clock_ms() + pause / 2 + jitter;
    struct timespec time = time_of(until < deadline ? until : deadline);
    pthread_mutex_lock(&watch->lock);
    int result = 0;
    while (!atomic_load(&watch->is_cancelled) && !atomic_load(&watch->is_closing) &&
           result != ETIMEDOUT)
        result = pthread_cond_timedwait(&watch->changed, &watch->lock, &time);
    pthread_mutex_unlock(&watch->lock);
}

/* Remember what went wrong, for the caller whose time ends before it is over. */
static void note_trouble(creg_watch *watch, creg_status status, const creg_error *error)
{
    pthread_mutex_lock(&watch->lock);
    watch->trouble = status;
    if (status != CREG_OK)
        watch->trouble_error = *error;
    pthread_mutex_unlock(&watch->lock);
    if (status == CREG_OK) {
        watch->pause_ms = 0;
        return;
    }
    watch->revision = 0;
    if (status != CREG_CONFLICT)
        watch->has_gap = true;
}

/* One wait, and one look if it says so. CREG_TIMEOUT: nothing to tell. */
static creg_status try_once(creg_watch *watch, uint64_t deadline, creg_error *err)
{
    creg_error error = {0};
    creg_status status = wait_for_change(watch, deadline, &error);
    bool is_quiet = status == CREG_TIMEOUT;
    if (status == CREG_OK)
        status = take_look(watch, &error);
    if (status == CREG_OK || is_quiet) {
        note_trouble(watch, CREG_OK, NULL);
        return is_quiet || watch->queue.size == 0 ? CREG_TIMEOUT : CREG_OK;
    }
    if (is_worth_retrying(status)) {
        note_trouble(watch, status, &error);
        pause_after(watch, deadline);
        return CREG_TIMEOUT;
    }
    watch->revision = 0;
    if (err != NULL)
        *err = error;
    return status;
}

/* Until something is queued: CREG_OK; or CREG_TIMEOUT, CREG_CANCELLED, what cannot be retried. */
static creg_status fill(creg_watch *watch, uint64_t deadline, creg_error *err)
{
    for (;;) {
        if (atomic_load(&watch->is_cancelled) || atomic_load(&watch->is_closing))
            return CREG_CANCELLED;
        creg_status status = try_once(watch, deadline, err);
        if (status != CREG_TIMEOUT || creg_clock_ms() >= deadline)
            return status;
    }
}

/* ---- the thread that looks for the descriptor ------------------------------------------------ */

static void show(creg_watch *watch)
{
    char byte = 0;
    ssize_t written = write(watch->pipe[1], &byte, 1);
    (void)written; /* a full pipe is readable, too */
}

static void unshow(creg_watch *watch)
{
    char bytes[16];
    while (read(watch->pipe[0], bytes, sizeof bytes) > 0)
        continue;
}

static void *run_pump(void *data)
{
    creg_watch *watch = data;
    pthread_mutex_lock(&watch->lock);
    while (!atomic_load(&watch->is_closing)) {
        if (watch->ready || watch->is_removed || atomic_load(&watch->is_cancelled)) {
            pthread_cond_wait(&watch->changed, &watch->lock);
            continue;
        }
        pthread_mutex_unlock(&watch->lock);
        creg_error error = {0};
        creg_status status = fill(watch, creg_clock_ms() + PUMP_ROUND_MS, &error);
        pthread_mutex_lock(&watch->lock);
        if (status == CREG_TIMEOUT || status == CREG_CANCELLED)
            continue;
        watch->failure = status;
        watch->failure_error = error;
        watch->ready = true;
        show(watch);
        pthread_cond_broadcast(&watch->changed);
    }
    pthread_mutex_unlock(&watch->lock);
    return NULL;
}

static creg_status open_pipe(creg_watch *watch, creg_error *err)
{
    if (pipe(watch->pipe) != 0)
        return creg_fail(err, CREG_IO, "no descriptor for the watch: error %d", errno);
    for (int i = 0; i < 2; i++) {
        fcntl(watch->pipe[i], F_SETFD, FD_CLOEXEC);
        fcntl(watch->pipe[i], F_SETFL, O_NONBLOCK);
    }
    return CREG_OK;
}

/* Signals are for the threads of the program. */
static int start_pump(creg_watch *watch)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&watch->pump, NULL, run_pump, watch);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

creg_status creg_watch_descriptor(creg_watch *watch, int *ret_descriptor, creg_error *err)
{
    if (!watch->is_pumped) {
        creg_status status = open_pipe(watch, err);
        if (status != CREG_OK)
            return status;
        watch->ready = watch->next < watch->queue.size;
        if (watch->ready || watch->is_removed || atomic_load(&watch->is_cancelled))
            show(watch);
        int code = start_pump(watch);
        if (code != 0) {
            close(watch->pipe[0]);
            close(watch->pipe[1]);
            return creg_fail(err, CREG_IO, "no thread for the watch: error %d", code);
        }
        pthread_mutex_lock(&watch->lock);
        watch->is_pumped = true;
        pthread_mutex_unlock(&watch->lock);
        watch->pid = getpid();
    }
    *ret_descriptor = watch->pipe[0];
    return CREG_OK;
}

/* Wait until the queue is ours. */
static creg_status wait_for_pump(creg_watch *watch, uint64_t deadline, creg_error *err)
{
    struct timespec until = time_of(deadline);
    pthread_mutex_lock(&watch->lock);
    int result = 0;
    while (!watch->ready && !atomic_load(&watch->is_cancelled) && result != ETIMEDOUT)
        result = pthread_cond_timedwait(&watch->changed, &watch->lock, &until);
    creg_status status = watch->ready ? watch->failure : CREG_TIMEOUT;
    if (atomic_load(&watch->is_cancelled))
        status = CREG_CANCELLED;
    else if (watch->ready && status != CREG_OK) {
        if (err != NULL)
            *err = watch->failure_error;
        watch->failure = CREG_OK;
        watch->ready = false;
        unshow(watch);
        pthread_cond_broadcast(&watch->changed);
    }
    pthread_mutex_unlock(&watch->lock);
    return status;
}

/* The queue is empty: it is the thread's again. The end of a watch stays readable. */
static void give_back(creg_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    watch->ready = false;
    if (!watch->is_removed && !atomic_load(&watch->is_cancelled))
        unshow(watch);
    pthread_cond_broadcast(&watch->changed);
    pthread_mutex_unlock(&watch->lock);
}

/* ---- telling --------------------------------------------------------------------------------- */

static void advance(creg_watch *watch, const creg_change *change)
{
    bool is_snapshot =
        change->kind == CREG_EVENT_SNAPSHOT || change->kind == CREG_EVENT_SNAPSHOT_END;
    if (change->kind == CREG_EVENT_REMOVED || (is_snapshot && !watch->in_snapshot))
        watch->position = (creg_position){0};
    watch->in_snapshot = change->kind == CREG_EVENT_SNAPSHOT;
    if (change->before != NULL)
        creg_position_remove(&watch->position, change->before);
    if (change->after != NULL)
        creg_position_add(&watch->position, change->after);
}

static creg_slice copy_or_fail(creg_arena *arena, creg_slice text, bool *failed)
{
    creg_slice copy = creg_arena_copy(arena, text);
    *failed |= copy.data == NULL;
    return copy;
}

static creg_event_kind kind_of(const creg_watch *watch, const creg_change *change)
{
    if (watch->view.scope != CREG_WATCH_INSTANCES)
        return change->kind;
    return change->kind == CREG_EVENT_PUT      ? CREG_EVENT_CREATED
           : change->kind == CREG_EVENT_DELETE ? CREG_EVENT_REMOVED
                                               : change->kind;
}

static creg_status make_event(creg_watch *watch, const creg_change *change, creg_arena *arena,
                              creg_event *ret_event, creg_error *err)
{
    bool failed = false;
    const creg_pair *pair = change->after != NULL ? change->after : change->before;
    creg_slice key =
        pair == NULL ? creg_slice_make("", 0) : copy_or_fail(arena, pair->key, &failed);
    creg_slice none = creg_slice_make("", 0);
    creg_event event = {.kind = kind_of(watch, change),
                        .dn = none,
                        .path = none,
                        .value = none,
                        .old_value = none,
                        .revision = watch->last_revision,
                        .more = watch->next + 1 < watch->queue.size};
    if (watch->view.scope == CREG_WATCH_INSTANCES)
        event.dn = key;
    else
        event.path = key;
    if (watch->view.scope == CREG_WATCH_DN)
        event.dn = copy_or_fail(arena, creg_dn_key(&watch->view.dn), &failed);
    if (change->after != NULL)
        event.value = copy_or_fail(arena, change->after->value, &failed);
    if (change->before != NULL)
        event.old_value = copy_or_fail(arena, change->before->value, &failed);
    event.was_absent = change->kind == CREG_EVENT_PUT && change->before == NULL;
    if (failed)
        return creg_fail_arena(err, arena);
    *ret_event = event;
    return CREG_OK;
}

/* The first of the queue; it stays there when it cannot be told. */
static creg_status tell(creg_watch *watch, creg_arena *arena, creg_event *ret_event,
                        creg_error *err)
{
    const creg_change *change = &watch->queue.items[watch->next];
    creg_status status = make_event(watch, change, arena, ret_event, err);
    if (status != CREG_OK)
        return status;
    advance(watch, change);
    watch->is_removed |= change->kind == CREG_EVENT_REMOVED;
    watch->next++;
    if (watch->is_pumped && watch->next == watch->queue.size)
        give_back(watch);
    return CREG_OK;
}

static creg_status fail_removed(const creg_watch *watch, creg_error *err)
{
    return creg_fail(err, CREG_NOT_FOUND, "instance %.*s was removed",
                     CREG_SHOW(creg_dn_instance(&watch->view.dn)));
}

/* The time is over: because nothing happened, or because nobody answered? */
static creg_status fail_quiet(creg_watch *watch, uint32_t timeout_ms, creg_error *err)
{
    pthread_mutex_lock(&watch->lock);
    creg_status trouble = watch->trouble;
    if (trouble != CREG_OK && err != NULL)
        *err = watch->trouble_error;
    pthread_mutex_unlock(&watch->lock);
    if (trouble == CREG_OK)
        return creg_fail(err, CREG_TIMEOUT, "nothing changed in %u ms", timeout_ms);
    /* CREG_TIMEOUT means that all is well here, and nothing was asked to be done. */
    bool is_plain = trouble == CREG_UNAVAILABLE || trouble == CREG_IO;
    if (!is_plain && err != NULL)
        err->status = CREG_UNAVAILABLE;
    return is_plain ? trouble : CREG_UNAVAILABLE;
}

creg_status creg_watch_next(creg_watch *watch, uint32_t timeout_ms, creg_arena *arena,
                            creg_event *ret_event, creg_error *err)
{
    uint64_t deadline = creg_clock_ms() + timeout_ms;
    creg_status status = CREG_OK;
    if (atomic_load(&watch->is_cancelled))
        status = CREG_CANCELLED;
    else if (watch->is_removed)
        return fail_removed(watch, err);
    else if (watch->is_pumped)
        status = wait_for_pump(watch, deadline, err);
    else if (watch->next == watch->queue.size)
        status = fill(watch, deadline, err);

    if (status == CREG_OK)
        return tell(watch, arena, ret_event, err);
    if (status == CREG_CANCELLED)
        return creg_fail(err, status, "the watch was cancelled");
    return status == CREG_TIMEOUT ? fail_quiet(watch, timeout_ms, err) : status;
}

creg_status creg_watch_cursor(creg_watch *watch, creg_arena *arena, creg_slice *ret_cursor,
                              creg_error *err)
{
    creg_slice name;
    creg_status status = creg_watch_view_name(&watch->view, arena, &name, err);
    return status == CREG_OK
               ? creg_position_print(&watch->position, name, arena, ret_cursor, err)
               : status;
}

void creg_watch_cancel(creg_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    atomic_store(&watch->is_cancelled, true);
    if (watch->is_pumped)
        show(watch);
    pthread_cond_broadcast(&watch->changed);
    pthread_mutex_unlock(&watch->lock);
}

/* ---- opening ---------------------------------------------------------------------------------- */

/* What the caller has takes the place of the last look. */
static creg_status take_known(creg_watch *watch, const creg_pairs *known, creg_error *err)
{
    creg_arena *arena = &watch->looks[watch->newest];
    creg_pair *items = creg_arena_calloc(arena, known->size, sizeof *items);
    bool failed = items == NULL;
    for (size_t i = 0; i < known->size && !failed; i++) {
        items[i].key = copy_or_fail(arena, known->items[i].key, &failed);
        items[i].value = watch->view.scope == CREG_WATCH_INSTANCES
                             ? creg_slice_make("", 0)
                             : copy_or_fail(arena, known->items[i].value, &failed);
    }
    if (failed)
        return creg_fail_arena(err, arena);
    creg_pairs_sort(items, known->size);
    watch->state = (creg_pairs){items, known->size};
    return CREG_OK;
}

/* Go on behind a cursor. `state` is what is there now, in the newest look. */
static creg_status resume(creg_watch *watch, const creg_watch_options *options, creg_error *err)
{
    creg_arena *arena = &watch->looks[watch->newest];
    creg_slice name;
    creg_status status = creg_watch_view_name(&watch->view, arena, &name, err);
    if (status == CREG_OK)
        status = creg_position_parse(options->cursor, name, &watch->position, err);
    creg_position now = creg_position_of(&watch->state);
    if (status != CREG_OK || creg_position_equal(&watch->position, &now))
        return status;
    status = creg_changes_add(&watch->queue, CREG_EVENT_RESYNC, NULL, NULL, arena, err);
    return status == CREG_OK ? creg_changes_snapshot(&watch->queue, &watch->state, arena, err)
                             : status;
}

/* The same for a caller who still has what it was told. */
static creg_status resume_known(creg_watch *watch, const creg_watch_options *options,
                                creg_error *err)
{
    creg_pairs now = watch->state;
    creg_arena *arena = &watch->looks[watch->newest];
    watch->newest = 1 - watch->newest; /* the caller's pairs go where the look before was */
    creg_slice name;
    creg_status status = take_known(watch, options->known, err);
    if (status == CREG_OK)
        status = creg_watch_view_name(&watch->view, arena, &name, err);
    if (status == CREG_OK)
        status = creg_position_parse(options->cursor, name, &watch->position, err);
    if (status != CREG_OK)
        return status;
    creg_position known = creg_position_of(&watch->state);
    bool is_lost = !creg_position_equal(&watch->position, &known);
    watch->position = known;
    status = compare(watch, &now, true, is_lost, arena, err);
    watch->state = now;
    watch->newest = 1 - watch->newest;
    return status;
}

/* The queue that a watch begins with, once the first look is taken. */
static creg_status begin(creg_watch *watch, const creg_watch_options *options, bool is_there,
                         creg_error *err)
{
    creg_arena *arena = &watch->looks[watch->newest];
    bool resumes = options->cursor.size > 0;
    if (!is_there && !resumes)
        return creg_query_fail_absent(watch->view.registry, &watch->view.dn, err);
    if (!is_there)
        return creg_changes_add(&watch->queue, CREG_EVENT_REMOVED, NULL, NULL, arena, err);
    if (resumes)
        return options->known != NULL ? resume_known(watch, options, err)
                                      : resume(watch, options, err);
    if (options->with_snapshot)
        return creg_changes_snapshot(&watch->queue, &watch->state, arena, err);
    watch->position = creg_position_of(&watch->state);
    return CREG_OK;
}

/* Where to wait is known only after a look; then look again, behind a revision of that place. */
static creg_status look_first(creg_watch *watch, bool *ret_is_there, creg_error *err)
{
    creg_arena *arena = &watch->looks[watch->newest];
    watch->prefix = creg_watch_view_prefix(&watch->view, NULL);
    for (int tries = 0; watch->revision == 0 && tries < 3; tries++) {
        uint64_t began = creg_clock_ms();
        creg_arena_reset(arena);
        creg_status status = creg_store_wait(watch->view.registry->store, watch->prefix, 0, 0,
                                             &watch->revision, err);
        if (status == CREG_OK)
            status =
                creg_watch_view_read(&watch->view, arena, &watch->state, ret_is_there, err);
        if (status != CREG_OK)
            return status;
        watch->last_revision = watch->revision;
        watch->looked_ms = creg_clock_ms();
        watch->look_cost_ms = watch->looked_ms - began;
        choose_prefix(watch);
    }
    return CREG_OK;
}

static creg_status init_locks(creg_watch *watch, creg_error *err)
{
    pthread_condattr_t attributes;
    if (pthread_mutex_init(&watch->lock, NULL) != 0)
        return creg_fail(err, CREG_NO_MEMORY, "no lock for the watch");
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    int code = pthread_cond_init(&watch->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (code == 0)
        return CREG_OK;
    pthread_mutex_destroy(&watch->lock);
    return creg_fail(err, CREG_NO_MEMORY, "no lock for the watch");
}

creg_status creg_watch_open(creg_registry *registry, creg_slice target,
                            const creg_watch_options *options, creg_watch **ret_watch,
                            creg_error *err)
{
    static const creg_watch_options defaults = {.scope = CREG_WATCH_DN};
    if (options == NULL)
        options = &defaults;
    creg_watch *watch = creg_memory_calloc(1, sizeof *watch);
    if (watch == NULL)
        return creg_fail(err, CREG_NO_MEMORY, "out of memory");
    creg_status status = init_locks(watch, err);
    if (status != CREG_OK) {
        creg_memory_free(watch);
        return status;
    }
    atomic_init(&watch->is_cancelled, false);
    atomic_init(&watch->is_closing, false);
    creg_arena_init(&watch->arena, CREG_LIMIT_OPERATION_BYTES);
    for (int i = 0; i < 2; i++)
        creg_arena_init(&watch->looks[i], CREG_LIMIT_OPERATION_BYTES);
    status = creg_watch_view_make(registry, target, options->scope, &watch->arena, &watch->view,
                                  err);
    bool is_there = false;
    if (status == CREG_OK)
        status = look_first(watch, &is_there, err);
    if (status == CREG_OK)
        status = begin(watch, options, is_there, err);
    if (status == CREG_OK)
        *ret_watch = watch;
    else
        creg_watch_close(watch);
    return status;
}

static void end_pump(creg_watch *watch)
{
    /* In the child of a fork there is no such thread. */
    if (watch->pid == getpid()) {
        pthread_mutex_lock(&watch->lock);
        atomic_store(&watch->is_closing, true);
        pthread_cond_broadcast(&watch->changed);
        pthread_mutex_unlock(&watch->lock);
        pthread_join(watch->pump, NULL);
    }
    close(watch->pipe[0]);
    close(watch->pipe[1]);
}

void creg_watch_close(creg_watch *watch)
{
    if (watch == NULL)
        return;
    if (watch->is_pumped)
        end_pump(watch);
    for (int i = 0; i < 2; i++)
        creg_arena_clear(&watch->looks[i]);
    creg_arena_clear(&watch->arena);
    pthread_cond_destroy(&watch->changed);
    pthread_mutex_destroy(&watch->lock);
    creg_memory_free(watch);
}
