/* SPDX-License-Identifier: MIT */
/*
 * Names, keys and DNs: the escape is total and reversible, order is an order, and a DN that is
 * taken apart can be put together again.
 */
#include <string.h>

#include "fuzz.h"
#include "registry/dn.h"

static void encode(creg_slice text, creg_arena *arena)
{
    creg_error err;
    creg_slice back;
    creg_slice segment = creg_key_encode(text, arena);
    MUST(segment.data != NULL);
    MUST(memchr(segment.data, '/', segment.size) == NULL);
    if (text.size != 0) {
        MUST(creg_key_decode(segment, arena, &back, &err) == CREG_OK);
        MUST(creg_slice_equal(back, text));
    }
}

static void decode(creg_slice segment, creg_arena *arena)
{
    creg_error err;
    creg_slice text;
    creg_status status = creg_key_decode(segment, arena, &text, &err);
    MUST_EXPLAIN(status, &err);
    if (status == CREG_OK) /* only what we write is accepted */
        MUST(creg_slice_equal(creg_key_encode(text, arena), segment));
}

static void order(creg_slice left, creg_slice right)
{
    int one = creg_name_compare(left, right);
    int other = creg_name_compare(right, left);
    MUST((one < 0) == (other > 0) && (one == 0) == (other == 0));
    MUST((one == 0) == creg_slice_equal(left, right));
    MUST(creg_name_compare(left, left) == 0);
}

static void take_apart(creg_slice text)
{
    creg_error err;
    creg_dn dn, again;
    creg_status status =
        creg_dn_parse(&creg_layout_instances, text, creg_slice_of(""), &dn, &err);
    MUST_EXPLAIN(status, &err);
    if (status != CREG_OK)
        return;
    MUST(dn.head_size < dn.instance_size && dn.instance_size <= dn.key.size);
    status = creg_dn_parse(&creg_layout_instances, creg_dn_key(&dn), creg_slice_of(""), &again,
                           &err);
    MUST(status == CREG_OK);
    MUST(creg_slice_equal(creg_dn_key(&dn), creg_dn_key(&again)));
    MUST(dn.kind == again.kind);
    creg_key book;
    creg_dn_book(&dn, CREG_BOOK_COMMIT, &book);
    MUST(creg_dn_of_books(&creg_layout_instances, creg_book_name(creg_key_slice(&book)), &again,
                          &err) == CREG_OK);
    MUST(creg_slice_equal(creg_dn_instance(&dn), creg_dn_instance(&again)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    creg_arena arena;
    creg_arena_init(&arena, FUZZ_MEMORY);
    creg_slice all = fuzz_slice(data, size);
    creg_error err;
    creg_status status = creg_name_check(all, "name", &err);
    MUST_EXPLAIN(status, &err);
    encode(all, &arena);
    decode(all, &arena);
    order(fuzz_slice(data, size / 2), fuzz_slice(data + size / 2, size - size / 2));
    take_apart(all);
    creg_arena_clear(&arena);
    return 0;
}
