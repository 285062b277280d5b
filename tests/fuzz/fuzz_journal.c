/* SPDX-License-Identifier: MIT */
/*
 * The journal of a large change, as it lies in a store: what is read is a list of operations that
 * can be carried out, and laying it over what a reader sees never reads beyond a key. The reader
 * has no entry of its own, so its file is part of this one.
 */
#include "registry/journal.c"

#include "fuzz.h"

static void lay_over(const journal *over, creg_slice key, creg_arena *arena)
{
    creg_error err;
    creg_pair items[] = {{.key = key, .value = creg_slice_make("v", 1)}};
    creg_read wide = {.is_list = true, .key = creg_slice_of("instances/u/p/1/1")};
    creg_read asked = wide;
    wide.ret_pairs = (creg_pairs){items, 1};
    creg_status status = overlay(over, &wide, &asked, arena, &err);
    MUST(status == CREG_OK || status == CREG_UNAVAILABLE || status == CREG_LIMIT);
    for (size_t i = 1; status == CREG_OK && i < asked.ret_pairs.size; i++)
        MUST(creg_slice_compare(asked.ret_pairs.items[i - 1].key,
                                asked.ret_pairs.items[i].key) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    creg_arena arena;
    creg_arena_init(&arena, FUZZ_MEMORY);
    creg_error err;
    journal found = {.operations = NULL};
    creg_status status = parse(creg_slice_of("_confreg/v1/e/u,p,1,1"), fuzz_slice(data, size),
                               &arena, &found, &err);
    MUST_EXPLAIN(status, &err);
    for (size_t i = 0; status == CREG_OK && i < found.count; i++)
        MUST(found.operations[i].key.size > 0);
    if (status == CREG_OK) {
        lay_over(&found, creg_slice_of("instances/u/p/1/1/a"), &arena);
        lay_over(&found, creg_slice_of("instances/u/p/1/1/a/b"), &arena);
    }
    creg_arena_clear(&arena);
    return 0;
}
