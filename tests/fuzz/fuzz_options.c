/* SPDX-License-Identifier: MIT */
/*
 * Options: a document, and behind a 0xFF byte what a user gives. Whatever is accepted must be
 * accepted again in its JSON form, and merging must say why it refuses.
 */
#include <string.h>

#include "fuzz.h"
#include "registry/options.h"

static void merge(const creg_options *declared, creg_slice text, creg_arena *arena)
{
    creg_error err;
    creg_value given, merged;
    creg_status status =
        creg_yaml_parse(text, "given", CREG_PARSE_NUMBERS_AS_WRITTEN, arena, &given, &err);
    MUST_EXPLAIN(status, &err);
    if (status != CREG_OK)
        return;
    status = creg_options_merge(declared, given, arena, &merged, &err);
    MUST_EXPLAIN(status, &err);
    MUST(status != CREG_OK || creg_value_is(merged, CREG_KIND_MAP));
    status = creg_options_samples(declared, given, arena, &merged, &err);
    MUST_EXPLAIN(status, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *cut = size == 0 ? NULL : memchr(data, 0xFF, size);
    size_t document = cut == NULL ? size : (size_t)(cut - data);
    creg_arena arena;
    creg_arena_init(&arena, FUZZ_MEMORY);
    creg_error err;
    creg_options options, again;
    creg_slice json;
    creg_status status = creg_options_parse(fuzz_slice(data, document), &arena, &options, &err);
    MUST_EXPLAIN(status, &err);
    if (status == CREG_OK &&
        creg_options_to_json(fuzz_slice(data, document), &arena, &json, &err) == CREG_OK) {
        MUST(creg_options_parse(json, &arena, &again, &err) == CREG_OK);
        MUST(again.size == options.size);
    }
    if (status == CREG_OK && cut != NULL)
        merge(&options, fuzz_slice(cut + 1, size - document - 1), &arena);
    creg_arena_clear(&arena);
    return 0;
}
