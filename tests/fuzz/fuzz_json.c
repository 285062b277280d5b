/* SPDX-License-Identifier: MIT */
/* JSON: any bytes are read or refused with a reason; what was read prints and reads back equal. */
#include "fuzz.h"

static void round_trip(creg_value value, const creg_json_style *style, unsigned flags,
                       creg_arena *arena)
{
    creg_error err;
    creg_slice text, again;
    creg_value back;
    creg_status status = creg_json_print(value, style, arena, &text, &err);
    MUST_EXPLAIN(status, &err);
    if (status != CREG_OK) /* memory, or a double that no JSON can say */
        return;
    status = creg_json_parse(text, "printed", flags, arena, &back, &err);
    if (status == CREG_LIMIT)
        return;
    MUST(status == CREG_OK);
    MUST(creg_value_equal(value, back));
    MUST(creg_json_print(back, style, arena, &again, &err) == CREG_OK);
    MUST(creg_slice_equal(text, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const creg_json_style styles[] = {
        {0}, {.compact = true, .ascii = true}, {.indent = 2, .sort_keys = true}};
    creg_arena arena;
    creg_arena_init(&arena, FUZZ_MEMORY);
    for (unsigned flags = 0; flags <= CREG_PARSE_NUMBERS_AS_WRITTEN; flags++) {
        creg_error err;
        creg_value value;
        creg_status status =
            creg_json_parse(fuzz_slice(data, size), "fuzz.json", flags, &arena, &value, &err);
        MUST_EXPLAIN(status, &err);
        if (status != CREG_OK)
            continue;
        for (size_t at = 0; at < sizeof styles / sizeof *styles; at++)
            if (!styles[at].sort_keys)
                round_trip(value, &styles[at], flags, &arena);
    }
    creg_arena_clear(&arena);
    return 0;
}
