/* SPDX-License-Identifier: MIT */
/*
 * Trees: a JSON document is flattened to pairs or refused; from pairs to a tree to pairs nothing
 * may change, ever.
 */
#include "fuzz.h"
#include "registry/tree.h"

static void same_pairs(const creg_pairs *left, const creg_pairs *right)
{
    MUST(left->size == right->size);
    for (size_t at = 0; at < left->size; at++) {
        MUST(creg_slice_equal(left->items[at].key, right->items[at].key));
        MUST(creg_slice_equal(left->items[at].value, right->items[at].value));
    }
}

static void round_trip(creg_value tree, creg_arena *arena)
{
    creg_error err;
    creg_pairs pairs = {0}, again = {0};
    creg_value back;
    creg_slice prefix = creg_slice_of("instances/u/p/1.0/1");
    creg_status status = creg_tree_flatten(tree, prefix, arena, &pairs, NULL, &err);
    MUST_EXPLAIN(status, &err);
    if (status != CREG_OK)
        return;
    status = creg_tree_build(&pairs, prefix, arena, &back, &err);
    MUST_EXPLAIN(status, &err);
    if (status != CREG_OK)
        return;
    status = creg_tree_flatten(back, prefix, arena, &again, NULL, &err);
    MUST_EXPLAIN(status, &err);
    if (status == CREG_OK)
        same_pairs(&pairs, &again);
    else
        MUST(status == CREG_LIMIT || status == CREG_NO_MEMORY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    creg_arena arena;
    creg_arena_init(&arena, FUZZ_MEMORY);
    creg_error err;
    creg_value tree;
    if (creg_json_parse(fuzz_slice(data, size), NULL, CREG_PARSE_NUMBERS_AS_WRITTEN, &arena,
                        &tree, &err) == CREG_OK)
        round_trip(tree, &arena);
    creg_arena_clear(&arena);
    return 0;
}
