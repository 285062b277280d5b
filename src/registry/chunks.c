/* SPDX-License-Identifier: MIT */
/*
 * A few threads that take the next piece of a row of operations until none is left.
 *
 * The caller's thread is one of them: it alone calls back. The row is cut as it is taken, into
 * pieces of about the same size, so that no writer ends long after the others.
 */
#include "registry/chunks.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/interrupt.h"
#include "registry/send.h"

enum {
    WRITERS_MAX = 16,
    PIECE_MAX = 1000,     /* operations; more are no faster, and cannot be cancelled */
    OPERATION_BYTES = 64, /* what a store adds to an operation, when it does not say */
    FENCE_OPERATIONS = 2
};

/* ---- the row of operations -------------------------------------------------------------------- */

typedef struct crew {
    const creg_chunks *chunks;
    size_t operations_max; /* of one piece */
    size_t weight_max;
    size_t bytes_max; /* 0: any */
    size_t operation_bytes;
    size_t writers;

    pthread_mutex_t lock; /* guards what follows */
    size_t next;
    size_t done;
    uint64_t renewed;
    pthread_cond_t ended;
    size_t running;     /* writers but the caller */
    bool is_given_up;   /* the caller was interrupted */
    creg_status status; /* the first failure stops all */
    creg_error failure;
} crew;

typedef struct piece {
    size_t at, count;
} piece;

static size_t weight_of(const creg_chunks *chunks, size_t index)
{
    return chunks->weights == NULL ? 1 : chunks->weights[index];
}

/* How many operations from `at` on fit one transaction: at least one. */
static size_t cut(const crew *crew_, size_t at)
{
    const creg_chunks *chunks = crew_->chunks;
    size_t bytes = 0;
    size_t weight = 0;
    size_t size = 0;
    for (; at + size < chunks->count && size < crew_->operations_max; size++) {
        const creg_operation *operation = &chunks->operations[at + size];
        bytes += operation->key.size + operation->value.size + crew_->operation_bytes;
        weight += weight_of(chunks, at + size);
        bool is_full =
            (crew_->bytes_max != 0 && bytes > crew_->bytes_max) || weight > crew_->weight_max;
        if (is_full && size > 0)
            break;
    }
    return size;
}

static size_t least(size_t left, size_t right)
{
    return left < right ? left : right;
}

/* As many pieces as are needed, but of equal size, and one for each writer if that is more. */
static size_t even_size(size_t count, size_t most, size_t writers)
{
    size_t pieces = (count + most - 1) / most;
    if (pieces > 1 && pieces % writers != 0)
        pieces += writers - pieces % writers;
    return pieces == 0 ? 1 : (count + pieces - 1) / pieces;
}

static creg_status size_pieces(crew *crew_, creg_error *err)
{
    const creg_chunks *chunks = crew_->chunks;
    creg_limits limits;
    creg_status status = creg_send_limits(chunks->registry, &limits, err);
    if (status != CREG_OK)
        return status;
    size_t most = limits.transaction_operations;
    size_t extra = chunks->check_count + (chunks->fence != NULL ? FENCE_OPERATIONS : 0);
    most = most == 0 ? SIZE_MAX : most - least(most - 1, extra);
    crew_->weight_max = PIECE_MAX;
    crew_->writers = limits.writers == 0 ? 1 : least(limits.writers, WRITERS_MAX);
    crew_->operations_max = even_size(chunks->count, least(most, PIECE_MAX), crew_->writers);
    crew_->bytes_max = limits.transaction_bytes;
    crew_->operation_bytes =
        limits.operation_bytes == 0 ? OPERATION_BYTES : limits.operation_bytes;
    return CREG_OK;
}

/* ---- writers ------------------------------------------------------------------------------------ */

/* Somebody else's failure, or the caller's wish: no further piece is taken. */
static bool take_piece(crew *crew_, piece *ret_piece)
{
    const creg_chunks *chunks = crew_->chunks;
    pthread_mutex_lock(&crew_->lock);
    if (crew_->status == CREG_OK && chunks->cancel != NULL && *chunks->cancel != 0)
        crew_->status =
            creg_fail(&crew_->failure, CREG_CANCELLED, "cancelled, nothing was done");
    bool is_taken = crew_->status == CREG_OK && crew_->next < chunks->count;
    if (is_taken) {
        ret_piece->at = crew_->next;
        ret_piece->count = cut(crew_, crew_->next);
        crew_->next += ret_piece->count;
    }
    pthread_mutex_unlock(&crew_->lock);
    return is_taken;
}

static void give_back(crew *crew_, const piece *done, creg_status status, const creg_error *err)
{
    pthread_mutex_lock(&crew_->lock);
    if (status == CREG_OK)
        crew_->done += done->count;
    else if (crew_->status == CREG_OK) {
        crew_->status = status;
        crew_->failure = *err;
    }
    pthread_mutex_unlock(&crew_->lock);
}

/* Whoever comes by first when a third of the time has passed renews for all. */
static creg_status keep_alive(crew *crew_, creg_error *err)
{
    creg_liveness *fence = crew_->chunks->fence;
    if (fence == NULL)
        return CREG_OK;
    uint64_t now = creg_clock_ms();
    pthread_mutex_lock(&crew_->lock);
    uint64_t before = crew_->renewed;
    bool is_due = now - before >= creg_liveness_ttl(fence) / 3;
    if (is_due)
        crew_->renewed = now;
    pthread_mutex_unlock(&crew_->lock);
    if (!is_due)
        return CREG_OK;
    creg_status status = creg_liveness_renew(fence, err);
    if (status == CREG_OK || status == CREG_CONFLICT)
        return status;
    /* Not now; the fence itself will tell whether it was too late. */
    pthread_mutex_lock(&crew_->lock);
    crew_->renewed = before;
    pthread_mutex_unlock(&crew_->lock);
    return CREG_OK;
}

/* One piece; in smaller ones where the store takes less than we thought. */
static creg_status send_piece(crew *crew_, const piece *work, creg_error *err)
{
    const creg_chunks *chunks = crew_->chunks;
    size_t size = work->count;
    creg_status status = CREG_OK;
    for (size_t at = work->at; status == CREG_OK && at < work->at + work->count;) {
        size_t count = least(size, work->at + work->count - at);
        creg_transaction transaction = {.checks = chunks->checks,
                                        .check_count = chunks->check_count,
                                        .operations = chunks->operations + at,
                                        .operation_count = count,
                                        .fence = chunks->fence};
        status = keep_alive(crew_, err);
        if (status == CREG_OK)
            status =
                creg_send_clearly(chunks->registry->store, &transaction, true, NULL, NULL, err);
        if (status == CREG_OK) {
            at += count;
        } else if (status == CREG_LIMIT && count > 1) {
            size = count / 2;
            status = CREG_OK;
        }
    }
    return status;
}

static void work_on(crew *crew_, bool is_caller)
{
    const creg_chunks *chunks = crew_->chunks;
    piece next;
    while (take_piece(crew_, &next)) {
        creg_error err = {.status = CREG_OK};
        creg_status status = send_piece(crew_, &next, &err);
        give_back(crew_, &next, status, &err);
        if (!is_caller || chunks->progress == NULL)
            continue;
        pthread_mutex_lock(&crew_->lock);
        size_t done = crew_->done;
        pthread_mutex_unlock(&crew_->lock);
        chunks->progress(chunks->user_data, done, chunks->count);
    }
}

/* When the caller gives up, all do. */
static bool is_given_up(void *argument)
{
    crew *crew_ = argument;
    pthread_mutex_lock(&crew_->lock);
    bool answer = crew_->is_given_up;
    pthread_mutex_unlock(&crew_->lock);
    return answer;
}

static void *run_writer(void *argument)
{
    crew *crew_ = argument;
    creg_interrupt_set(is_given_up, crew_);
    work_on(crew_, false);
    pthread_mutex_lock(&crew_->lock);
    crew_->running--;
    pthread_cond_signal(&crew_->ended);
    pthread_mutex_unlock(&crew_->lock);
    return NULL;
}

/* Signals are for the caller's thread; a writer that cannot be started is done without. */
static size_t start_writers(crew *crew_, pthread_t *threads)
{
    size_t pieces = (crew_->chunks->count + crew_->operations_max - 1) / crew_->operations_max;
    size_t wanted = least(crew_->writers, pieces);
    sigset_t all, before;
    sigfillset(&all);
    if (wanted < 2 || pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return 0;
    size_t count = 0;
    pthread_mutex_lock(&crew_->lock);
    while (count + 1 < wanted && pthread_create(&threads[count], NULL, run_writer, crew_) == 0)
        count++;
    crew_->running = count;
    pthread_mutex_unlock(&crew_->lock);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return count;
}

static void give_up(crew *crew_)
{
    pthread_mutex_lock(&crew_->lock);
    crew_->is_given_up = true;
    if (crew_->status == CREG_OK)
        crew_->status = creg_fail_interrupted(&crew_->failure);
    pthread_mutex_unlock(&crew_->lock);
}

/* The others write on: a while at most, so that the caller can be asked. */
static bool is_anybody_at_work(crew *crew_)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += CREG_INTERRUPT_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&crew_->lock);
    if (crew_->running > 0)
        pthread_cond_timedwait(&crew_->ended, &crew_->lock, &until);
    bool answer = crew_->running > 0;
    pthread_mutex_unlock(&crew_->lock);
    return answer;
}

static void await_writers(crew *crew_, const pthread_t *threads, size_t count)
{
    bool is_given_up = creg_is_interrupted();
    while (!is_given_up && creg_is_interruptible() && is_anybody_at_work(crew_))
        is_given_up = creg_is_interrupted();
    if (is_given_up)
        give_up(crew_);
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

creg_status creg_chunks_apply(const creg_chunks *chunks, creg_error *err)
{
    crew crew_ = {.chunks = chunks, .renewed = creg_clock_ms()};
    creg_status status = size_pieces(&crew_, err);
    if (status != CREG_OK)
        return status;
    if (pthread_mutex_init(&crew_.lock, NULL) != 0)
        return creg_fail(err, CREG_NO_MEMORY, "out of memory");
    if (pthread_cond_init(&crew_.ended, NULL) != 0) {
        pthread_mutex_destroy(&crew_.lock);
        return creg_fail(err, CREG_NO_MEMORY, "out of memory");
    }
    pthread_t threads[WRITERS_MAX];
    size_t count = start_writers(&crew_, threads);
    work_on(&crew_, true);
    await_writers(&crew_, threads, count);
    pthread_cond_destroy(&crew_.ended);
    pthread_mutex_destroy(&crew_.lock);
    if (crew_.status != CREG_OK && err != NULL)
        *err = crew_.failure;
    return crew_.status;
}
