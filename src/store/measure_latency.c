/* SPDX-License-Identifier: MIT */
/*
 * How long the common calls take, from here to the answer: a write's includes the disk of
 * whoever has to agree.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/fail.h"
#include "store/measure.h"

enum { ROUNDS = 50, LISTED = 100, PUT_TOGETHER = 10 };

typedef creg_status (*timed)(measuring *work, unsigned round, creg_error *err);

static int compare_times(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static creg_status time_it(measuring *work, timed call, creg_error *err)
{
    uint64_t times[ROUNDS];
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t begun = creg_probe_now_us();
        creg_status status = call(work, i, err);
        times[i] = creg_probe_now_us() - begun;
        if (status != CREG_OK)
            return status;
    }
    qsort(times, ROUNDS, sizeof times[0], compare_times);
    creg_status status = creg_probe_value(work, "%llu", (unsigned long long)times[ROUNDS / 2]);
    return status == CREG_OK
               ? creg_probe_note(work, "%llu to %llu in %d calls", (unsigned long long)times[0],
                                 (unsigned long long)times[ROUNDS - 1], ROUNDS)
               : status;
}

static creg_status get(measuring *work, unsigned round, creg_error *err)
{
    (void)round;
    creg_slice value;
    return creg_store_get(work->store, creg_probe_key(work, "time/one"), &work->scratch, &value,
                          NULL, err);
}

static creg_status probe_get(measuring *work, creg_error *err)
{
    creg_status status =
        creg_store_put(work->store, creg_probe_key(work, "time/one"), creg_slice_of("x"), err);
    return status == CREG_OK ? time_it(work, get, err) : status;
}

static creg_status get_absent(measuring *work, unsigned round, creg_error *err)
{
    (void)round;
    creg_slice value;
    creg_status status = creg_store_get(work->store, creg_probe_key(work, "time/absent"),
                                        &work->scratch, &value, NULL, err);
    return status == CREG_NOT_FOUND ? CREG_OK : status;
}

static creg_status probe_get_absent(measuring *work, creg_error *err)
{
    return time_it(work, get_absent, err);
}

/* Another value each time: an equal one may be no change. */
static creg_slice text_of(measuring *work, unsigned round)
{
    creg_slice key = creg_probe_key(work, "%u", round);
    return creg_slice_make(key.data + work->top.size + 1, key.size - work->top.size - 1);
}

static creg_status put(measuring *work, unsigned round, creg_error *err)
{
    return creg_store_put(work->store, creg_probe_key(work, "time/put"), text_of(work, round),
                          err);
}

static creg_status probe_put(measuring *work, creg_error *err)
{
    return time_it(work, put, err);
}

static creg_status put_together(measuring *work, unsigned round, creg_error *err)
{
    creg_check check = {.kind = CREG_CHECK_ABSENT, .key = creg_probe_key(work, "time/absent")};
    creg_operation puts[PUT_TOGETHER];
    for (unsigned i = 0; i < PUT_TOGETHER; i++)
        puts[i] = (creg_operation){.kind = CREG_OPERATION_PUT,
                                   .key = creg_probe_key(work, "time/many/%u", i),
                                   .value = text_of(work, round)};
    creg_transaction transaction = {.checks = &check,
                                    .check_count = 1,
                                    .operations = puts,
                                    .operation_count = PUT_TOGETHER};
    return creg_store_apply(work->store, &transaction, NULL, err);
}

static creg_status probe_put_together(measuring *work, creg_error *err)
{
    return time_it(work, put_together, err);
}

static creg_status list(measuring *work, unsigned round, creg_error *err)
{
    (void)round;
    creg_pairs pairs;
    return creg_store_list(work->store, creg_probe_key(work, "time/list"), &work->scratch,
                           &pairs, err);
}

static creg_status probe_list(measuring *work, creg_error *err)
{
    creg_status status = CREG_OK;
    for (unsigned at = 0; at < LISTED && status == CREG_OK; at += PUT_TOGETHER) {
        creg_operation puts[PUT_TOGETHER];
        for (unsigned i = 0; i < PUT_TOGETHER; i++)
            puts[i] = (creg_operation){.kind = CREG_OPERATION_PUT,
                                       .key = creg_probe_key(work, "time/list/%03u", at + i),
                                       .value = creg_slice_of("x")};
        creg_transaction transaction = {.operations = puts, .operation_count = PUT_TOGETHER};
        status = creg_store_apply(work->store, &transaction, NULL, err);
    }
    return status == CREG_OK ? time_it(work, list, err) : status;
}

const creg_probe creg_probes_latency[] = {
    {"get", "us", probe_get, 0},
    {"get_of_an_absent_key", "us", probe_get_absent, 0},
    {"put", "us", probe_put, 0},
    {"transaction_of_10_puts", "us", probe_put_together, 0},
    {"list_of_100_keys", "us", probe_list, 0},
    {NULL, NULL, NULL, 0}};
