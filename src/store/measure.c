/* SPDX-License-Identifier: MIT */
/*
 * What a live store can really take and keep: tried out, not asked for.
 *
 * Servers are set up in many ways (request sizes, session times, consistency), and versions
 * differ. The conformance suite holds our drivers to their promises; this holds a server that
 * somebody runs to the same ones, under a prefix of its own that is taken away afterwards.
 */
#include "store/measure.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#include "base/arena.h"
#include "base/fail.h"
#include "base/limits.h"
#include "base/text.h"
#include "store/pairs.h"
#include "store/store_internal.h"

enum { TEXT_MAX = 4096, CLEAR_PAGE = 1000, ROWS_MAX = 128 };

/* ---- what probes share ------------------------------------------------------------------ */

uint64_t creg_probe_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static creg_slice print(creg_arena *arena, const char *format, va_list arguments)
{
    char text[TEXT_MAX];
    int size = vsnprintf(text, sizeof text, format, arguments);
    size_t length = size < 0 ? 0 : (size_t)size;
    return creg_arena_copy(
        arena, creg_slice_make(text, length < sizeof text ? length : sizeof text - 1));
}

creg_slice creg_probe_key(measuring *work, const char *format, ...)
{
    char below[TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(below, sizeof below, format, arguments);
    va_end(arguments);
    creg_text text;
    creg_slice key = {NULL, 0};
    creg_text_init(&text, &work->scratch, 2 * TEXT_MAX);
    creg_text_slice(&text, work->top);
    creg_text_byte(&text, '/');
    creg_text_string(&text, below);
    creg_text_finish(&text, &key, NULL);
    return key;
}

static creg_status take(measuring *work, creg_slice *target, const char *format,
                        va_list arguments)
{
    *target = print(work->arena, format, arguments);
    return target->data == NULL ? CREG_NO_MEMORY : CREG_OK;
}

creg_status creg_probe_value(measuring *work, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    creg_status status = take(work, &work->row->value, format, arguments);
    va_end(arguments);
    return status;
}

creg_status creg_probe_note(measuring *work, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    creg_status status = take(work, &work->row->note, format, arguments);
    va_end(arguments);
    return status;
}

creg_status creg_probe_broken(measuring *work, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    work->row->result = CREG_MEASURE_BROKEN;
    creg_status status = take(work, &work->row->note, format, arguments);
    va_end(arguments);
    return status;
}

creg_status creg_probe_holds(measuring *work, bool holds, const char *note)
{
    creg_status status = creg_probe_value(work, holds ? "yes" : "no");
    if (holds || status != CREG_OK)
        return status;
    return creg_probe_broken(work, "%s", note);
}

/* ---- taking away ------------------------------------------------------------------------ */

static creg_status delete_pairs(measuring *work, const creg_pairs *pairs, creg_error *err)
{
    size_t most = work->limits.transaction_operations;
    if (most == 0 || most > CLEAR_PAGE)
        most = CLEAR_PAGE;
    creg_operation operations[CLEAR_PAGE];
    creg_status status = CREG_OK;
    for (size_t at = 0; at < pairs->size && status == CREG_OK; at += most) {
        size_t count = pairs->size - at < most ? pairs->size - at : most;
        for (size_t i = 0; i < count; i++)
            operations[i] = (creg_operation){.kind = CREG_OPERATION_DELETE,
                                             .key = pairs->items[at + i].key};
        creg_transaction removal = {.operations = operations, .operation_count = count};
        status = creg_store_apply(work->store, &removal, NULL, err);
    }
    return status;
}

static creg_status clear_in_pieces(measuring *work, creg_slice key, creg_error *err)
{
    creg_status status = CREG_OK;
    for (bool more = true; more && status == CREG_OK;) {
        creg_arena page;
        creg_arena_init(&page, CREG_LIMIT_OPERATION_BYTES);
        creg_read read = {.is_list = true, .key = key, .keys_only = true, .limit = CLEAR_PAGE};
        status = creg_store_read(work->store, &read, 1, &page, NULL, err);
        if (status == CREG_OK)
            status = delete_pairs(work, &read.ret_pairs, err);
        more = read.ret_more;
        creg_arena_clear(&page);
    }
    return status;
}

creg_status creg_probe_clear(measuring *work, creg_slice key, creg_error *err)
{
    creg_operation removal[] = {{.kind = CREG_OPERATION_DELETE_TREE, .key = key},
                                {.kind = CREG_OPERATION_DELETE, .key = key}};
    creg_transaction transaction = {.operations = removal, .operation_count = 2};
    creg_status status = creg_store_apply(work->store, &transaction, NULL, err);
    if (status != CREG_LIMIT)
        return status;
    status = clear_in_pieces(work, key, err);
    return status == CREG_OK ? creg_store_apply(work->store, &transaction, NULL, err) : status;
}

/* ---- rows ------------------------------------------------------------------------------- */

typedef struct table {
    const char *group;
    const creg_probe *probes;
} table;

static const table tables[] = {{"limits", creg_probes_limits},
                               {"semantics", creg_probes_semantics},
                               {"latency", creg_probes_latency}};

static creg_measure *add_row(creg_measures *measures, const char *group, const char *name,
                             const char *unit)
{
    if (measures->size == ROWS_MAX)
        return NULL;
    creg_measure *row = &measures->items[measures->size++];
    *row = (creg_measure){.group = group,
                          .name = creg_slice_of(name),
                          .unit = unit,
                          .value = creg_slice_make("", 0),
                          .note = creg_slice_make("", 0)};
    return row;
}

static creg_status add_facts(measuring *work, creg_measures *measures, creg_error *err)
{
    creg_pairs facts;
    creg_status status = creg_store_info(work->store, work->arena, &facts, err);
    for (size_t i = 0; i < facts.size && status == CREG_OK; i++) {
        creg_measure *row = add_row(measures, "server", "", "");
        if (row == NULL)
            break;
        row->name = facts.items[i].key;
        row->value = facts.items[i].value;
    }
    return status;
}

static const char *reason_to_leave_out(const measuring *work, unsigned needs, bool is_quick)
{
    if ((needs & CREG_PROBE_TWO_HANDLES) != 0 && work->other == NULL)
        return "another handle would not see this store";
    if ((needs & CREG_PROBE_LIVENESS) != 0 && work->store->driver->liveness_open == NULL)
        return "this store has no liveness";
    if ((needs & CREG_PROBE_SLOW) != 0 && is_quick)
        return "takes seconds";
    return NULL;
}

/* Failures that say nothing about what was probed, and would befall the next probe, too. */
static bool ends_all(creg_status status)
{
    return status == CREG_UNAVAILABLE || status == CREG_PERMISSION || status == CREG_FORKED ||
           status == CREG_NO_MEMORY || status == CREG_UNKNOWN_OUTCOME ||
           status == CREG_CANCELLED || status == CREG_NO_SPACE;
}

static creg_status run_probe(measuring *work, const creg_probe *probe, bool is_quick,
                             creg_error *err)
{
    const char *reason = reason_to_leave_out(work, probe->needs, is_quick);
    if (reason != NULL) {
        work->row->result = CREG_MEASURE_LEFT_OUT;
        work->row->note = creg_slice_of(reason);
        return CREG_OK;
    }
    if (work->cancel != NULL && *work->cancel != 0)
        return creg_fail(err, CREG_CANCELLED, "stopped");
    creg_arena_reset(&work->scratch);
    creg_error failure = {0};
    creg_status status = probe->run(work, &failure);
    if (status == CREG_OK)
        return CREG_OK;
    if (ends_all(status)) {
        if (err != NULL)
            *err = failure;
        return status;
    }
    return creg_probe_broken(work, "%s", failure.message);
}

static creg_status run_all(measuring *work, const creg_measure_options *options,
                           creg_measures *measures, creg_error *err)
{
    size_t done = 0;
    size_t total = 0;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        for (const creg_probe *probe = tables[i].probes; probe->name != NULL; probe++)
            total++;
    creg_status status = CREG_OK;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        const creg_probe *probe = tables[i].probes;
        for (; probe->name != NULL && status == CREG_OK; probe++) {
            if (options->progress != NULL)
                options->progress(options->user_data, done++, total);
            work->row = add_row(measures, tables[i].group, probe->name, probe->unit);
            if (work->row == NULL)
                return creg_fail(err, CREG_LIMIT, "more than %d rows", ROWS_MAX);
            if (tables[i].probes == creg_probes_semantics)
                work->row->result = CREG_MEASURE_HOLDS;
            status = run_probe(work, probe, options->is_quick, err);
        }
    }
    if (status == CREG_OK && options->progress != NULL)
        options->progress(options->user_data, total, total);
    return status;
}

/* ---- the whole -------------------------------------------------------------------------- */

static creg_status name_top(measuring *work, creg_error *err)
{
    uint64_t random;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        return creg_fail(err, CREG_IO, "no random bytes");
    char text[64];
    int size =
        snprintf(text, sizeof text, "_confreg/check/%016llx", (unsigned long long)random);
    work->top = creg_arena_copy(work->arena, creg_slice_make(text, (size_t)size));
    return work->top.data == NULL ? creg_fail_arena(err, work->arena) : CREG_OK;
}

static creg_status open_both(measuring *work, const char *url,
                             const creg_measure_options *options, creg_error *err)
{
    creg_status status = creg_store_open(url, &options->store, &work->store, err);
    if (status != CREG_OK)
        return status;
    if (work->store->options.read_only)
        return creg_fail(err, CREG_PERMISSION,
                         "measuring writes, and the store was opened to read only");
    if ((creg_store_capabilities(work->store) & CREG_STORE_MULTI_PROCESS) != 0)
        status = creg_store_open(url, &options->store, &work->other, err);
    return status == CREG_OK ? creg_store_limits(work->store, &work->limits, err) : status;
}

static creg_status measure(measuring *work, const creg_measure_options *options,
                           creg_measures *measures, creg_error *err)
{
    measures->items = creg_arena_calloc(work->arena, ROWS_MAX, sizeof *measures->items);
    if (measures->items == NULL)
        return creg_fail_arena(err, work->arena);
    creg_status status = name_top(work, err);
    if (status == CREG_OK)
        status = add_facts(work, measures, err);
    if (status != CREG_OK)
        return status;
    status = run_all(work, options, measures, err);
    /* Also after a failure: what lies there is nobody's but ours. */
    creg_error failure = {0};
    creg_status cleared = creg_probe_clear(work, work->top, &failure);
    if (status == CREG_OK && cleared != CREG_OK) {
        if (err != NULL)
            *err = failure;
        creg_error_hint(err, "remove what is left: confreg kv rm %.*s --recurse",
                        CREG_SHOW(work->top));
        return cleared;
    }
    return status;
}

creg_status creg_store_measure(const char *url, const creg_measure_options *options,
                               creg_arena *arena, creg_measures *ret_measures, creg_error *err)
{
    static const creg_measure_options defaults = {0};
    if (options == NULL)
        options = &defaults;
    measuring work = {.arena = arena, .cancel = options->cancel};
    creg_arena_init(&work.scratch, CREG_LIMIT_OPERATION_BYTES);
    creg_measures measures = {NULL, 0};
    creg_status status = open_both(&work, url, options, err);
    if (status == CREG_OK)
        status = measure(&work, options, &measures, err);
    if (status == CREG_OK)
        *ret_measures = measures;
    creg_store_close(work.other);
    creg_store_close(work.store);
    creg_arena_clear(&work.scratch);
    return status;
}
