/* SPDX-License-Identifier: MIT */
/*
 * Chunks are as large as the store says it can take; LMDB takes everything in one.
 */
#include "batch.h"

#include <string.h>

#include "errors.h"
#include "output.h"
#include "progress.h"

creg_slice cli_prefix(cli_context *cli, creg_slice word)
{
    (void)cli;
    while (word.size > 0 && word.data[word.size - 1] == '/')
        word.size--;
    return word;
}

creg_status cli_pairs_at(cli_context *cli, creg_slice prefix, bool keys_only,
                         creg_pairs *ret_pairs)
{
    creg_read reads[2] = {{.is_list = true, .key = prefix, .keys_only = keys_only},
                          {.key = prefix, .keys_only = keys_only}};
    size_t count = prefix.size == 0 ? 1 : 2; /* "" is no key */
    creg_status status =
        creg_store_read(cli_store(cli), reads, count, &cli->arena, NULL, &cli->err);
    if (status != CREG_OK)
        return status;
    *ret_pairs = reads[0].ret_pairs;
    if (count == 1 || reads[1].ret_pairs.size == 0)
        return CREG_OK;
    creg_pair *items = cli_alloc(cli, (ret_pairs->size + 1) * sizeof *items);
    items[0] = reads[1].ret_pairs.items[0];
    if (ret_pairs->size > 0)
        memcpy(items + 1, ret_pairs->items, ret_pairs->size * sizeof *items);
    *ret_pairs = (creg_pairs){.items = items, .size = ret_pairs->size + 1};
    return CREG_OK;
}

/* How many operations from the first one fit into one transaction; at least one. */
static size_t chunk_size(const creg_limits *limits, const creg_operation *operations,
                         size_t count)
{
    enum { OVERHEAD = 64 };
    size_t bytes = 0;
    size_t size = 0;
    while (size < count) {
        bytes += operations[size].key.size + operations[size].value.size + OVERHEAD;
        bool too_many =
            limits->transaction_operations != 0 && size == limits->transaction_operations;
        bool too_large = limits->transaction_bytes != 0 && bytes > limits->transaction_bytes;
        if (size > 0 && (too_many || too_large))
            break;
        size++;
    }
    return size;
}

static creg_status tell_how_far(cli_context *cli, creg_status status, size_t done, size_t count,
                                const char *what)
{
    if (done > 0)
        cli_warn(cli, "%s of %s %s", cli_count(cli, done), cli_count(cli, count), what);
    return status;
}

creg_status cli_apply_all(cli_context *cli, const creg_operation *operations, size_t count,
                          const char *what)
{
    return cli_apply_checked(cli, NULL, 0, operations, count, what);
}

creg_status cli_apply_checked(cli_context *cli, const creg_check *checks, size_t check_count,
                              const creg_operation *operations, size_t count, const char *what)
{
    creg_limits limits;
    creg_status status = creg_store_limits(cli_store(cli), &limits, &cli->err);
    cli_meter meter;
    cli_meter_start(&meter, cli, what);
    size_t done = 0;
    while (status == CREG_OK && done < count) {
        status = cli_check_cancel(cli);
        size_t size = chunk_size(&limits, operations + done, count - done);
        creg_transaction chunk = {.checks = checks,
                                  .check_count = done == 0 ? check_count : 0,
                                  .operations = operations + done,
                                  .operation_count = size};
        if (status == CREG_OK)
            status = creg_store_apply(cli_store(cli), &chunk, NULL, &cli->err);
        if (status != CREG_OK)
            break;
        done += size;
        cli->changed = true;
        cli_meter_show(&meter, done, count);
    }
    cli_meter_end(&meter);
    return status == CREG_OK ? CREG_OK : tell_how_far(cli, status, done, count, what);
}
