/* SPDX-License-Identifier: MIT */
/*
 * UTF-8, searching, hashing and the edges of numbers. What Python can check better is in
 * tests/oracle/test_value.py.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/integer.h"
#include "base/number.h"
#include "base/search.h"
#include "base/utf8.h"

static void test_utf8__refuses_what_is_not_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        size_t good; /* bytes in front of the first wrong one */
    } cases[] = {
        {"abc", 3, 3},
        {"", 0, 0},
        {"a\xFFz", 3, 1},
        {"\x80", 1, 0},
        {"\xC0\x80", 2, 0},
        {"\xC1\xBF", 2, 0}, /* overlong */
        {"\xE0\x80\x80", 3, 0},
        {"\xF0\x80\x80\x80", 4, 0},
        {"\xED\xA0\x80", 3, 0},     /* a surrogate */
        {"\xF4\x90\x80\x80", 4, 0}, /* past U+10FFFF */
        {"ab\xE2\x82", 4, 2},       /* cut off */
        {"\xE2\x82\xAC", 3, 3},
        {"\xF4\x8F\xBF\xBF", 4, 4},
        {"12345678\xC3\xA9"
         "12345678\xC3",
         19, 18},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        creg_slice text = creg_slice_make(cases[i].bytes, cases[i].size);
        assert_int_equal(creg_utf8_check(text), cases[i].good);
    }
}

static void test_utf8__offsets_and_counts_agree(void **state)
{
    (void)state;
    creg_slice text = creg_slice_of("aé€😀 plain ascii that is long enough é end");
    size_t index = 0;
    for (size_t at = 0; at < text.size; index++) {
        size_t size;
        assert_int_equal(creg_utf8_offset(text, index), at);
        uint32_t code_point = creg_utf8_decode(text.data + at, &size);
        char again[4];
        assert_int_equal(creg_utf8_encode(code_point, again), size);
        assert_memory_equal(again, text.data + at, size);
        assert_int_equal(creg_utf8_before(text, at + size), at);
        at += size;
    }
    assert_int_equal(creg_utf8_count(text), index);
    assert_int_equal(creg_utf8_offset(text, index + 5), text.size);
}

/* Every needle at every place of a text over two letters, against a plain loop. */
static void test_search__finds_what_a_plain_loop_finds(void **state)
{
    (void)state;
    char bytes[400];
    uint32_t random = 12345;
    for (size_t i = 0; i < sizeof bytes; i++) {
        random = random * 1103515245u + 12345u;
        bytes[i] = (random >> 24) % 7 == 0 ? 'b' : 'a';
    }
    creg_slice text = creg_slice_make(bytes, sizeof bytes);
    for (size_t size = 1; size < 80; size += 3) {
        for (size_t from = 0; from + size <= sizeof bytes; from += 17) {
            creg_slice needle = creg_slice_make(bytes + from, size);
            size_t first = 0;
            while (memcmp(bytes + first, needle.data, size) != 0)
                first++;
            size_t last = sizeof bytes - size;
            while (memcmp(bytes + last, needle.data, size) != 0)
                last--;
            assert_int_equal(creg_search(text, needle, 0), first);
            assert_int_equal(creg_search(text, needle, from), from);
            assert_int_equal(creg_search_last(text, needle, text.size), last);
            assert_int_equal(creg_search_last(text, needle, from + size), from);
        }
    }
}

static void test_search__edges(void **state)
{
    (void)state;
    creg_slice text = creg_slice_of("abc");
    creg_slice nothing = {0};
    assert_int_equal(creg_search(text, nothing, 3), 3);
    assert_int_equal(creg_search(text, nothing, 4), SIZE_MAX);
    assert_int_equal(creg_search(nothing, text, 0), SIZE_MAX);
    assert_int_equal(creg_search(text, creg_slice_of("abcd"), 0), SIZE_MAX);
    assert_int_equal(creg_search_last(text, nothing, 3), 3);
    assert_int_equal(creg_search_last(text, creg_slice_of("c"), 2), SIZE_MAX);
}

static void test_hash__same_bytes_same_hash(void **state)
{
    (void)state;
    assert_true(creg_hash_seed() != 0);
    assert_true(creg_hash_bytes("abc", 3) == creg_hash_bytes("abcd", 3));
    assert_true(creg_hash_bytes("abc", 3) != creg_hash_bytes("abd", 3));
    assert_true(creg_hash_bytes(NULL, 0) == creg_hash_bytes("", 0));
}

static void test_integer__limits_are_refused_before_the_work(void **state)
{
    (void)state;
    creg_arena arena;
    creg_arena_init(&arena, 4096);
    creg_integer_room room = {&arena, 1000};
    creg_integer result;
    creg_error err;
    creg_integer huge = creg_integer_of(1000000000);
    assert_int_equal(creg_integer_power(room, creg_integer_of(10), huge, &result, &err),
                     CREG_LIMIT);
    assert_string_equal(err.message, "integer of more than 1000 digits");
    creg_arena_clear(&arena);
}

static void test_integer__arena_budget_is_reported(void **state)
{
    (void)state;
    creg_arena arena;
    creg_arena_init(&arena, 64);
    creg_integer_room room = {&arena, 10000};
    creg_integer result;
    creg_error err;
    creg_status status =
        creg_integer_power(room, creg_integer_of(10), creg_integer_of(2000), &result, &err);
    assert_int_equal(status, CREG_LIMIT);
    creg_arena_clear(&arena);
}

static void test_integer__smallest_of_64_bits(void **state)
{
    (void)state;
    creg_arena arena;
    creg_arena_init(&arena, 1 << 20);
    creg_integer_room room = {&arena, 100};
    creg_integer low = creg_integer_of(INT64_MIN);
    creg_integer result;
    assert_int_equal(creg_integer_negate(room, low, &result, NULL), CREG_OK);
    assert_non_null(result.big);
    assert_int_equal(creg_integer_negate(room, result, &result, NULL), CREG_OK);
    assert_null(result.big);
    assert_true(result.small == INT64_MIN);
    assert_int_equal(creg_integer_divide(room, low, creg_integer_of(-1), &result, NULL, NULL),
                     CREG_OK);
    assert_non_null(result.big);
    creg_arena_clear(&arena);
}

/* A program that has set a locale with a decimal comma must read and write the same. */
static void test_number__locale_changes_nothing(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "ps_AF"};
    size_t i = 0;
    while (i < 4 && setlocale(LC_ALL, names[i]) == NULL)
        i++;
    if (i == 4)
        skip();
    creg_arena arena;
    creg_arena_init(&arena, 1 << 20);
    creg_text text;
    creg_slice printed;
    creg_text_init(&text, &arena, 1000);
    creg_float_format(&text, 1234.5678, (creg_float_layout){.type = 'f', .precision = 2});
    creg_text_byte(&text, ' ');
    creg_float_format(&text, 1234.5678, (creg_float_layout){.type = 'e', .precision = 3});
    assert_int_equal(creg_text_finish(&text, &printed, NULL), CREG_OK);
    assert_string_equal(printed.data, "1234.57 1.235e+03");
    double real;
    assert_true(creg_float_parse(creg_slice_of("0.1234567890123456789"), &real));
    assert_true(real == 0.1234567890123456789);
    setlocale(LC_ALL, "C");
    creg_arena_clear(&arena);
}

static void test_number__a_very_long_numeral_is_read(void **state)
{
    (void)state;
    char digits[20000];
    memset(digits, '1', sizeof digits);
    digits[1] = '.';
    double real;
    assert_true(creg_float_parse(creg_slice_make(digits, sizeof digits), &real));
    assert_true(real == 1.1111111111111112);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8__refuses_what_is_not_utf8),
        cmocka_unit_test(test_utf8__offsets_and_counts_agree),
        cmocka_unit_test(test_search__finds_what_a_plain_loop_finds),
        cmocka_unit_test(test_search__edges),
        cmocka_unit_test(test_hash__same_bytes_same_hash),
        cmocka_unit_test(test_integer__limits_are_refused_before_the_work),
        cmocka_unit_test(test_integer__arena_budget_is_reported),
        cmocka_unit_test(test_integer__smallest_of_64_bits),
        cmocka_unit_test(test_number__locale_changes_nothing),
        cmocka_unit_test(test_number__a_very_long_numeral_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
