/* SPDX-License-Identifier: MIT */
/*
 * Commit records and intents: what a store hands us is read or called damaged; what was read is
 * written and read again with the same meaning.
 */
#include "fuzz.h"
#include "registry/record.h"

static void commit_record(creg_slice key, creg_slice text, creg_arena *arena)
{
    creg_error err;
    creg_slice printed;
    creg_instance instance = {0}, again = {0};
    creg_status status = creg_record_parse(key, text, arena, &instance, &err);
    MUST_EXPLAIN(status, &err);
    if (status != CREG_OK)
        return;
    status = creg_record_print(&instance, arena, &printed, &err);
    MUST_EXPLAIN(status, &err);
    if (status != CREG_OK)
        return;
    MUST(creg_record_parse(key, printed, arena, &again, &err) == CREG_OK);
    MUST(creg_slice_equal(instance.request_id, again.request_id));
    MUST(creg_slice_equal(instance.digest, again.digest));
    MUST(creg_slice_equal(instance.author, again.author));
    MUST(instance.key_count == again.key_count);
}

static void intent(creg_slice key, creg_slice text, creg_arena *arena)
{
    creg_error err;
    creg_slice printed;
    creg_intent one, again;
    creg_status status = creg_intent_parse(key, text, arena, &one, &err);
    MUST_EXPLAIN(status, &err);
    if (status != CREG_OK)
        return;
    MUST(creg_intent_print(&one, arena, &printed, &err) == CREG_OK);
    MUST(creg_intent_parse(key, printed, arena, &again, &err) == CREG_OK);
    MUST(one.is_delete == again.is_delete && one.key_count == again.key_count);
    MUST(creg_slice_equal(one.request_id, again.request_id));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    creg_arena arena;
    creg_arena_init(&arena, FUZZ_MEMORY);
    creg_slice key = creg_slice_of("_confreg/v1/c/u,p,1.0,1");
    commit_record(key, fuzz_slice(data, size), &arena);
    intent(key, fuzz_slice(data, size), &arena);
    creg_arena_clear(&arena);
    return 0;
}
