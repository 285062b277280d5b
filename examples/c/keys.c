/* SPDX-License-Identifier: MIT */
/*
 * A store without a registry: two programs count in one key, and neither loses what the other
 * wrote. Then everything below a prefix, in order.
 *
 *     cc keys.c $(pkg-config --cflags --libs confreg) && ./a.out lmdb:/tmp/confreg-keys
 */
#include <stdio.h>
#include <stdlib.h>

#include <confreg/store.h>

static creg_slice counter;

/* Write `number` if the key is still as it was when `version` was read. */
static creg_status put_unchanged(creg_store *store, long number, creg_version version,
                                 creg_error *err)
{
    char text[32];
    snprintf(text, sizeof text, "%ld", number);
    creg_check check = {CREG_CHECK_VERSION, counter, version};
    creg_operation put = {CREG_OPERATION_PUT, counter, creg_slice_of(text), false};
    creg_transaction transaction = {&check, 1, &put, 1, NULL};
    return creg_store_apply(store, &transaction, NULL, err);
}

static creg_status read_counter(creg_store *store, creg_arena *arena, long *ret_number,
                                creg_version *ret_version, creg_error *err)
{
    creg_slice text;
    creg_status status = creg_store_get(store, counter, arena, &text, ret_version, err);
    char digits[32] = "0";
    if (status == CREG_OK)
        snprintf(digits, sizeof digits, "%.*s", (int)text.size, text.data);
    *ret_number = strtol(digits, NULL, 10);
    return status;
}

/* What both read at first, only one may write; the other is told, and reads again. */
static creg_status count_twice(creg_store *store, creg_arena *arena, creg_error *err)
{
    long number;
    creg_version seen;
    creg_status status = creg_store_put(store, counter, creg_slice_of("7"), err);
    if (status == CREG_OK)
        status = read_counter(store, arena, &number, &seen, err);
    if (status == CREG_OK)
        status = put_unchanged(store, number + 1, seen, err);
    if (status != CREG_OK)
        return status;

    status = put_unchanged(store, number + 1, seen, err);
    printf("the second: %s\n", creg_status_text(status));
    if (status != CREG_CONFLICT)
        return status;
    status = read_counter(store, arena, &number, &seen, err);
    return status == CREG_OK ? put_unchanged(store, number + 1, seen, err) : status;
}

static creg_status print_below(creg_store *store, const char *prefix, creg_arena *arena,
                               creg_error *err)
{
    creg_pairs pairs;
    creg_status status = creg_store_list(store, creg_slice_of(prefix), arena, &pairs, err);
    if (status != CREG_OK)
        return status;
    for (size_t at = 0; at < pairs.size; at++)
        printf("%.*s = %.*s\n", (int)pairs.items[at].key.size, pairs.items[at].key.data,
               (int)pairs.items[at].value.size, pairs.items[at].value.data);
    return CREG_OK;
}

int main(int argc, char **argv)
{
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1024 * 1024);
    creg_error err;
    creg_store *store = NULL;
    counter = creg_slice_of("example/counter");

    creg_status status = creg_store_open(argc > 1 ? argv[1] : "memory:", NULL, &store, &err);
    if (status == CREG_OK)
        status = count_twice(store, &arena, &err);
    if (status == CREG_OK)
        status = print_below(store, "example", &arena, &err);
    if (status != CREG_OK)
        fprintf(stderr, "keys: %s: %s\n", creg_status_text(status), err.message);
    creg_store_close(store);
    creg_arena_clear(&arena);
    return creg_status_exit_code(status);
}
