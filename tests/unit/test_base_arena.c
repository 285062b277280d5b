/* SPDX-License-Identifier: MIT */
/*
 * The arena: budget, growth in place, reuse after a reset.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/text.h"

static void test_arena__budget_refuses_and_says_limit(void **state)
{
    (void)state;
    creg_arena arena;
    creg_arena_init(&arena, 64 * 1024);

    void *block = creg_arena_alloc(&arena, 128 * 1024);

    assert_null(block);
    assert_int_equal(arena.failed, CREG_LIMIT);
    assert_non_null(creg_arena_alloc(&arena, 1024));
    creg_arena_clear(&arena);
}

static void test_arena__blocks_do_not_overlap(void **state)
{
    (void)state;
    creg_arena arena;
    creg_arena_init(&arena, 16 * 1024 * 1024);
    unsigned char *blocks[500];
    for (size_t i = 0; i < 500; i++) {
        blocks[i] = creg_arena_alloc(&arena, i * 7);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % CREG_ARENA_ALIGN, 0);
        memset(blocks[i], (int)(i & 0xFF), i * 7);
    }
    for (size_t i = 0; i < 500; i++)
        for (size_t at = 0; at < i * 7; at++)
            assert_int_equal(blocks[i][at], i & 0xFF);
    creg_arena_clear(&arena);
}

static void test_arena__grow_keeps_the_bytes(void **state)
{
    (void)state;
    creg_arena arena;
    creg_arena_init(&arena, 16 * 1024 * 1024);
    size_t size = 3;
    unsigned char *block = creg_arena_alloc(&arena, size);
    memset(block, 0x5A, size);
    while (size < 1000000) {
        block = creg_arena_grow(&arena, block, size, size * 3);
        assert_non_null(block);
        for (size_t at = 0; at < size; at++)
            assert_int_equal(block[at], 0x5A);
        size *= 3;
        memset(block, 0x5A, size);
    }
    creg_arena_clear(&arena);
}

static void test_arena__reset_keeps_one_chunk(void **state)
{
    (void)state;
    creg_arena arena;
    creg_arena_init(&arena, 16 * 1024 * 1024);
    for (int i = 0; i < 1000; i++)
        creg_arena_alloc(&arena, 100);
    creg_arena_reset(&arena);
    size_t taken = arena.taken;
    for (int i = 0; i < 100; i++)
        creg_arena_alloc(&arena, 100);
#ifndef CREG_ARENA_DEBUG /* where every block is an allocation there are no chunks to keep */
    assert_int_equal(arena.taken, taken);
#else
    assert_true(arena.taken > taken);
#endif
    creg_arena_clear(&arena);
}

static void test_text__limit_is_sticky(void **state)
{
    (void)state;
    creg_arena arena;
    creg_arena_init(&arena, 1024 * 1024);
    creg_text text;
    creg_text_init(&text, &arena, 10);
    creg_text_string(&text, "12345678");
    creg_text_string(&text, "90AB");
    creg_text_string(&text, "x");
    creg_slice built;
    creg_error err;
    assert_int_equal(creg_text_finish(&text, &built, &err), CREG_LIMIT);
    creg_arena_clear(&arena);
}

static void test_text__exactly_the_limit_fits(void **state)
{
    (void)state;
    creg_arena arena;
    creg_arena_init(&arena, 1024 * 1024);
    creg_text text;
    creg_text_init(&text, &arena, 10);
    creg_text_string(&text, "1234567890");
    creg_slice built;
    assert_int_equal(creg_text_finish(&text, &built, NULL), CREG_OK);
    assert_int_equal(built.size, 10);
    assert_string_equal(built.data, "1234567890");
    creg_arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena__budget_refuses_and_says_limit),
        cmocka_unit_test(test_arena__blocks_do_not_overlap),
        cmocka_unit_test(test_arena__grow_keeps_the_bytes),
        cmocka_unit_test(test_arena__reset_keeps_one_chunk),
        cmocka_unit_test(test_text__limit_is_sticky),
        cmocka_unit_test(test_text__exactly_the_limit_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
