/* SPDX-License-Identifier: MIT */
/* YAML: as for JSON, with both schemas; a document that was read prints and reads back equal. */
#include "fuzz.h"

/* libyaml is quadratic in some inputs: a long one tells nothing that a short one does not. */
enum { INPUT_SIZE = 16 * 1024 };

static void round_trip(creg_value value, creg_arena *arena)
{
    creg_error err;
    creg_slice text;
    creg_value back;
    creg_status status = creg_yaml_print(value, arena, &text, &err);
    MUST_EXPLAIN(status, &err);
    if (status != CREG_OK)
        return;
    status = creg_yaml_parse(text, "printed", 0, arena, &back, &err);
    if (status == CREG_LIMIT)
        return;
    MUST(status == CREG_OK);
    /* NaN is not equal to itself, as in Python; then the text must be. */
    creg_slice again;
    MUST(creg_yaml_print(back, arena, &again, &err) == CREG_OK);
    MUST(creg_slice_equal(text, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned flags[] = {0, CREG_PARSE_NUMBERS_AS_WRITTEN, CREG_PARSE_YAML_1_1,
                                     CREG_PARSE_YAML_1_1 | CREG_PARSE_NUMBERS_AS_WRITTEN};
    if (size > INPUT_SIZE)
        return 0;
    creg_arena arena;
    creg_arena_init(&arena, FUZZ_MEMORY);
    for (size_t at = 0; at < sizeof flags / sizeof *flags; at++) {
        creg_error err;
        creg_value value;
        creg_status status = creg_yaml_parse(fuzz_slice(data, size), "fuzz.yaml", flags[at],
                                             &arena, &value, &err);
        MUST_EXPLAIN(status, &err);
        if (status == CREG_OK && flags[at] == 0)
            round_trip(value, &arena);
    }
    creg_arena_clear(&arena);
    return 0;
}
