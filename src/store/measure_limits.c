/* SPDX-License-Identifier: MIT */
/*
 * How much a store takes: the published limit is tried, and when it is refused the largest
 * size below it that is not.
 *
 * A published limit of 0 means none; then a size is tried that no caller of ours will reach.
 */
#include "base/arena.h"
#include "base/fail.h"
#include "base/limits.h"
#include "store/measure.h"

enum {
    OPERATIONS_TRIED = 20000,
    BYTES_TRIED = 16 * 1024 * 1024,
    PIECE_BYTES = 50000,
    SEGMENT_BYTES = 200
};

/* Does the store take this size? CREG_LIMIT, or another refusal by size: no. */
typedef creg_status (*attempt)(measuring *work, size_t size, creg_error *err);

static bool is_too_large(creg_status status)
{
    return status == CREG_LIMIT || status == CREG_INVALID || status == CREG_NO_SPACE;
}

/* An unclear answer, too, may be a server's way to refuse a size: it drops the connection. */
static creg_status try_size(measuring *work, attempt try, size_t size, bool *ret_taken,
                            creg_error *err)
{
    creg_arena_reset(&work->scratch);
    creg_status status = try(work, size, err);
    *ret_taken = status == CREG_OK;
    if (status == CREG_UNKNOWN_OUTCOME || is_too_large(status))
        status = CREG_OK;
    creg_slice top = status == CREG_OK ? creg_probe_key(work, "size") : work->top;
    return status == CREG_OK ? creg_probe_clear(work, top, err) : status;
}

static creg_status largest(measuring *work, attempt try, size_t published, size_t ceiling,
                           creg_error *err)
{
    size_t most = published == 0 ? ceiling : published;
    bool is_taken;
    creg_status status = try_size(work, try, most, &is_taken, err);
    if (status != CREG_OK)
        return status;
    if (is_taken && published == 0) {
        status = creg_probe_value(work, "unlimited");
        return status == CREG_OK ? creg_probe_note(work, "%zu tried", most) : status;
    }
    work->row->result = is_taken ? CREG_MEASURE_HOLDS : CREG_MEASURE_BROKEN;
    size_t least = is_taken ? most : 0;
    while (!is_taken && most - least > 1 + most / 128) {
        size_t middle = least + (most - least) / 2;
        bool fits;
        status = try_size(work, try, middle, &fits, err);
        if (status != CREG_OK)
            return status;
        if (fits)
            least = middle;
        else
            most = middle;
    }
    status = creg_probe_value(work, "%zu", least);
    if (status == CREG_OK && !is_taken)
        status = creg_probe_note(work, "%zu was expected", published);
    return status;
}

/* ---- operations and bytes of a transaction ---------------------------------------------- */

static creg_status apply_puts(measuring *work, const creg_operation *puts, size_t count,
                              creg_error *err)
{
    creg_transaction transaction = {.operations = puts, .operation_count = count};
    return creg_store_apply(work->store, &transaction, NULL, err);
}

static creg_status try_operations(measuring *work, size_t count, creg_error *err)
{
    creg_operation *puts = creg_arena_calloc(&work->scratch, count, sizeof *puts);
    for (size_t i = 0; puts != NULL && i < count; i++)
        puts[i] = (creg_operation){.kind = CREG_OPERATION_PUT,
                                   .key = creg_probe_key(work, "size/%06zu", i),
                                   .value = creg_slice_of("x")};
    return puts == NULL ? creg_fail_arena(err, &work->scratch)
                        : apply_puts(work, puts, count, err);
}

/* How many of them fit into a transaction's bytes, with the keys that the probe uses. */
static size_t operations_by_bytes(measuring *work)
{
    if (work->limits.transaction_bytes == 0)
        return SIZE_MAX;
    creg_slice key = creg_probe_key(work, "size/%06zu", (size_t)0);
    return work->limits.transaction_bytes / (key.size + 1 + work->limits.operation_bytes);
}

/* Below a long root the bytes are full first; then the number is tried as far as they reach. */
static creg_status probe_operations(measuring *work, creg_error *err)
{
    size_t published = work->limits.transaction_operations;
    size_t fitting = operations_by_bytes(work);
    if (published <= fitting)
        return largest(work, try_operations, published, OPERATIONS_TRIED, err);
    creg_status status = largest(work, try_operations, fitting, OPERATIONS_TRIED, err);
    if (status == CREG_OK && work->row->result == CREG_MEASURE_HOLDS)
        status =
            creg_probe_note(work, "the bytes are full first; %zu are published", published);
    return status;
}

static char *filling(measuring *work, size_t size)
{
    char *bytes = creg_arena_alloc(&work->scratch, size + 1);
    if (bytes != NULL)
        memset(bytes, 'x', size + 1);
    return bytes;
}

/* So many bytes in all, counted as the limit counts them. */
static creg_status try_bytes(measuring *work, size_t bytes, creg_error *err)
{
    creg_operation puts[BYTES_TRIED / PIECE_BYTES + 2];
    const char *text = filling(work, PIECE_BYTES);
    if (text == NULL)
        return creg_fail_arena(err, &work->scratch);
    size_t count = 0;
    while (count < sizeof puts / sizeof puts[0]) {
        creg_slice key = creg_probe_key(work, "size/%06zu", count);
        size_t overhead = key.size + work->limits.operation_bytes;
        if (key.data == NULL || bytes <= overhead)
            break;
        size_t left = bytes - overhead;
        creg_slice value = creg_slice_make(text, left < PIECE_BYTES ? left : PIECE_BYTES);
        puts[count++] =
            (creg_operation){.kind = CREG_OPERATION_PUT, .key = key, .value = value};
        bytes = left - value.size;
    }
    return apply_puts(work, puts, count, err);
}

static creg_status probe_bytes(measuring *work, creg_error *err)
{
    return largest(work, try_bytes, work->limits.transaction_bytes, BYTES_TRIED, err);
}

/* ---- keys and values -------------------------------------------------------------------- */

static creg_status try_value(measuring *work, size_t size, creg_error *err)
{
    const char *text = filling(work, size);
    if (text == NULL)
        return creg_fail_arena(err, &work->scratch);
    creg_slice key = creg_probe_key(work, "size/value");
    creg_slice read;
    creg_status status = creg_store_put(work->store, key, creg_slice_make(text, size), err);
    if (status == CREG_OK)
        status = creg_store_get(work->store, key, &work->scratch, &read, NULL, err);
    if (status == CREG_OK && (read.size != size || memcmp(read.data, text, size) != 0))
        status = creg_fail(err, CREG_DAMAGED, "a value of %zu bytes came back changed", size);
    return status;
}

static creg_status probe_value(measuring *work, creg_error *err)
{
    return largest(work, try_value, work->limits.value_bytes, BYTES_TRIED, err);
}

static creg_status try_checked_value(measuring *work, size_t size, creg_error *err)
{
    const char *text = filling(work, size);
    if (text == NULL)
        return creg_fail_arena(err, &work->scratch);
    creg_check check = {.kind = CREG_CHECK_ABSENT, .key = creg_probe_key(work, "size/other")};
    creg_operation put = {.kind = CREG_OPERATION_PUT,
                          .key = creg_probe_key(work, "size/value"),
                          .value = creg_slice_make(text, size)};
    creg_transaction transaction = {
        .checks = &check, .check_count = 1, .operations = &put, .operation_count = 1};
    return creg_store_apply(work->store, &transaction, NULL, err);
}

/* Smaller than a bare value where a transaction is text (Consul): a fact, no promise. */
static creg_status probe_checked_value(measuring *work, creg_error *err)
{
    size_t most = work->limits.value_bytes;
    if (work->limits.transaction_bytes != 0 && work->limits.transaction_bytes < most)
        most = work->limits.transaction_bytes - 2 * (work->limits.operation_bytes + 64);
    creg_status status = largest(work, try_checked_value, most, BYTES_TRIED, err);
    return status;
}

static creg_status try_key(measuring *work, size_t size, creg_error *err)
{
    creg_slice key = creg_probe_key(work, "size");
    char text[CREG_LIMIT_KEY + 1];
    if (key.data == NULL || size > CREG_LIMIT_KEY || size <= key.size + 2)
        return creg_fail(err, CREG_LIMIT, "no key of %zu bytes", size);
    memcpy(text, key.data, key.size);
    for (size_t i = key.size; i < size; i++)
        text[i] = (i - key.size) % SEGMENT_BYTES == 0 && i + 1 < size ? '/' : 'k';
    creg_slice whole = creg_slice_make(text, size);
    creg_slice read;
    creg_status status = creg_store_put(work->store, whole, creg_slice_of("x"), err);
    return status == CREG_OK
               ? creg_store_get(work->store, whole, &work->scratch, &read, NULL, err)
               : status;
}

static creg_status probe_key(measuring *work, creg_error *err)
{
    return largest(work, try_key, work->limits.key_bytes, CREG_LIMIT_KEY, err);
}

const creg_probe creg_probes_limits[] = {
    {"transaction_operations", "operations", probe_operations, 0},
    {"transaction_bytes", "bytes", probe_bytes, 0},
    {"value_bytes", "bytes", probe_value, 0},
    {"checked_value_bytes", "bytes", probe_checked_value, 0},
    {"key_bytes", "bytes", probe_key, 0},
    {NULL, NULL, NULL, 0}};
