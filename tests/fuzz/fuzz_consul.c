/* SPDX-License-Identifier: MIT */
/*
 * Consul's answers: lists, transactions, refusals, single texts. What is taken has the shape that
 * the driver relies on; everything else is an answer "that is not its API's".
 */
#include "base/arena.h"
#include "fuzz.h"
#include "store/drivers/consul.h"

static void entries(creg_slice body, bool is_transaction, creg_arena *arena)
{
    creg_error err;
    creg_consul_entries found;
    creg_status status = creg_consul_parse_entries(body, is_transaction, arena, &found, &err);
    MUST_EXPLAIN(status, &err);
    for (size_t i = 0; status == CREG_OK && i < found.size; i++) {
        const creg_pair *pair = &found.items[i].pair;
        MUST(pair->version.present && pair->version.major > 0);
        MUST(pair->key.data != NULL && pair->value.data != NULL);
        /* Every byte is there to be read. */
        MUST(creg_arena_copy(arena, pair->value).size == pair->value.size);
        MUST(creg_arena_copy(arena, pair->key).size == pair->key.size);
    }
}

static void base64(creg_slice bytes, creg_arena *arena)
{
    creg_text text;
    creg_text_init(&text, arena, 4096 + bytes.size * 2);
    creg_text_string(&text, "[{\"Key\":\"k\",\"ModifyIndex\":1,\"Value\":\"");
    creg_consul_write_base64(&text, bytes);
    creg_text_string(&text, "\"}]");
    creg_slice body;
    creg_error err;
    creg_consul_entries found;
    MUST(creg_text_finish(&text, &body, &err) == CREG_OK);
    MUST(creg_consul_parse_entries(body, false, arena, &found, &err) == CREG_OK);
    MUST(found.size == 1 && creg_slice_equal(found.items[0].pair.value, bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    creg_arena arena;
    creg_arena_init(&arena, FUZZ_MEMORY);
    creg_slice body = fuzz_slice(data, size);
    creg_error err;
    creg_slice text;
    size_t index;
    entries(body, false, &arena);
    entries(body, true, &arena);
    creg_status status = creg_consul_parse_refusal(body, &arena, &index, &text, &err);
    MUST_EXPLAIN(status, &err);
    status = creg_consul_parse_done(body, &arena, &err);
    MUST_EXPLAIN(status, &err);
    status = creg_consul_parse_text(body, "/ID", &arena, &text, &err);
    MUST_EXPLAIN(status, &err);
    base64(body, &arena);
    creg_arena_clear(&arena);
    return 0;
}
