/* SPDX-License-Identifier: MIT */
/* The escape rule of keys, the rules for names, and the natural order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "case.h"
#include "confreg/store.h"
#include "store/key.h"

static void check_encoding(const char *text, const char *expected)
{
    creg_slice segment = creg_key_encode(creg_slice_of(text), &arena);
    assert_string_equal(segment.data, expected);
    creg_slice back;
    assert_int_equal(creg_key_decode(segment, &arena, &back, NULL), CREG_OK);
    assert_string_equal(back.data, text);
}

static void test_key__plain_names_pass_unchanged(void **state)
{
    (void)state;
    check_encoding("slave0", "slave0");
    check_encoding("5.7.0", "5.7.0");
    check_encoding("__unittests__", "__unittests__");
    check_encoding("a-b_c.d", "a-b_c.d");
}

static void test_key__other_bytes_become_escapes(void **state)
{
    (void)state;
    check_encoding("a/b", "a=2Fb");
    check_encoding("a=b", "a=3Db");
    check_encoding("a,b", "a=2Cb");
    check_encoding("a b", "a=20b");
    check_encoding("\xC3\xA9", "=C3=A9");
    check_encoding("100%", "100=25");
}

static void test_key__dots_never_stand_alone_or_in_pairs(void **state)
{
    (void)state;
    check_encoding(".", "=2E");
    check_encoding("..", ".=2E");
    check_encoding("...", ".=2E.");
    check_encoding("....", ".=2E.=2E");
    check_encoding("a..b", "a.=2Eb");
    check_encoding(".a", ".a");
    check_encoding("a.", "a.");
}

static void test_key__nul_and_invalid_utf8_have_an_encoding(void **state)
{
    (void)state;
    creg_slice segment = creg_key_encode(creg_slice_make("\0\xFF", 2), &arena);
    assert_string_equal(segment.data, "=00=FF");
    creg_slice back;
    assert_int_equal(creg_key_decode(segment, &arena, &back, NULL), CREG_OK);
    assert_int_equal(back.size, 2);
    assert_memory_equal(back.data, "\0\xFF", 2);
}

static void check_refused(const char *segment)
{
    creg_slice text;
    creg_status status = creg_key_decode(creg_slice_of(segment), &arena, &text, &err);
    if (status != CREG_INVALID_NAME)
        fail_msg("decoding '%s' gave %s", segment, creg_status_name(status));
    assert_true(err.message[0] != '\0');
}

static void test_key__decode_refuses_what_encode_never_writes(void **state)
{
    (void)state;
    check_refused("");
    check_refused("=");
    check_refused("=2");
    check_refused("a=2");
    check_refused("=2e"); /* lower case */
    check_refused("=GG");
    check_refused("=41"); /* an 'A' needs no escape */
    check_refused(".");
    check_refused("..");
    check_refused("a..b");
    check_refused("a=2Eb"); /* a single dot inside stands for itself */
    check_refused("a b");
    check_refused("a,b");
    check_refused("a/b");
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Texts rich in the bytes that matter: dots, '=', '/', hex digits, and anything at all. */
static size_t random_text(uint64_t *seed, char *out, size_t most)
{
    static const char rich[] = "..==//2E2F,aA0";
    size_t size = 1 + (size_t)(next_random(seed) % most);
    for (size_t i = 0; i < size; i++) {
        uint64_t pick = next_random(seed);
        out[i] =
            pick % 4 == 0 ? (char)(pick >> 8 & 0xFF) : rich[(pick >> 8) % (sizeof rich - 1)];
    }
    return size;
}

static void test_key__random_texts_round_trip_and_are_writable(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325252u;
    for (int round = 0; round < 200000; round++) {
        char text[24];
        size_t size = random_text(&seed, text, sizeof text);
        creg_slice segment = creg_key_encode(creg_slice_make(text, size), &arena);
        creg_slice back;
        assert_int_equal(creg_key_decode(segment, &arena, &back, NULL), CREG_OK);
        assert_int_equal(back.size, size);
        assert_memory_equal(back.data, text, size);
        if (creg_key_check_write(segment, &err) != CREG_OK)
            fail_msg("%s", err.message);
        creg_arena_reset(&arena);
    }
}

/* Whatever decodes is exactly the encoding of what it decodes to: no two keys for one name. */
static void test_key__random_segments_decode_only_to_their_own_text(void **state)
{
    (void)state;
    uint64_t seed = 1181783497276652981u;
    int accepted = 0;
    for (int round = 0; round < 200000; round++) {
        char bytes[10];
        creg_slice segment = creg_slice_make(bytes, random_text(&seed, bytes, sizeof bytes));
        creg_slice text;
        if (creg_key_decode(segment, &arena, &text, NULL) == CREG_OK) {
            accepted++;
            assert_true(creg_slice_equal(creg_key_encode(text, &arena), segment));
        }
        creg_arena_reset(&arena);
    }
    assert_true(accepted > 100);
}

static void test_key__no_room_in_the_arena_is_told(void **state)
{
    (void)state;
    creg_arena small;
    creg_arena_init(&small, 16);
    assert_null(creg_key_encode(creg_slice_of("a b c"), &small).data);
    creg_slice text;
    assert_int_equal(creg_key_decode(creg_slice_of("a=20b"), &small, &text, NULL), CREG_LIMIT);
    creg_arena_clear(&small);
}

static void check_name(const char *name, creg_status expected)
{
    creg_error_clear(&err);
    assert_int_equal(creg_name_check(creg_slice_of(name), "template name", &err), expected);
    if (expected != CREG_OK)
        assert_memory_equal(err.message, "template name", 13);
}

static void test_key__names_are_checked(void **state)
{
    (void)state;
    check_name("hadoop", CREG_OK);
    check_name("caf\xC3\xA9", CREG_OK);
    check_name("with space", CREG_OK);
    check_name("...", CREG_OK);
    check_name("", CREG_INVALID_NAME);
    check_name(".", CREG_INVALID_NAME);
    check_name("..", CREG_INVALID_NAME);
    check_name("a/b", CREG_INVALID_NAME);
    check_name("a\nb", CREG_INVALID_NAME);
    check_name("a\x7F", CREG_INVALID_NAME);
    check_name("\xFF", CREG_INVALID_NAME);
    check_name("\xC0\x80", CREG_INVALID_NAME);         /* overlong */
    check_name("\xED\xA0\x80", CREG_INVALID_NAME);     /* surrogate */
    check_name("\xF4\x90\x80\x80", CREG_INVALID_NAME); /* past U+10FFFF */
    check_name("\xE2\x82", CREG_INVALID_NAME);         /* cut short */
    assert_int_equal(creg_name_check(creg_slice_make("a\0b", 3), "name", NULL),
                     CREG_INVALID_NAME);
}

static void test_key__names_end_at_255_bytes(void **state)
{
    (void)state;
    char name[257];
    memset(name, 'x', sizeof name);
    name[255] = '\0';
    check_name(name, CREG_OK);
    name[255] = 'x';
    name[256] = '\0';
    check_name(name, CREG_INVALID_NAME);
}

static void test_key__a_slash_is_data_in_rendered_text(void **state)
{
    (void)state;
    assert_int_equal(creg_key_text_check(creg_slice_of("a/b"), "key", NULL), CREG_OK);
    assert_int_equal(creg_key_text_check(creg_slice_of(".."), "key", NULL), CREG_INVALID_NAME);
}

static void check_key(const char *key, creg_status to_read, creg_status to_write)
{
    if (creg_key_check_read(creg_slice_of(key), NULL) != to_read)
        fail_msg("reading '%s' should give %s", key, creg_status_name(to_read));
    if (creg_key_check_write(creg_slice_of(key), NULL) != to_write)
        fail_msg("writing '%s' should give %s", key, creg_status_name(to_write));
}

static void test_key__keys_of_others_are_read_but_not_written(void **state)
{
    (void)state;
    check_key("a/b/c", CREG_OK, CREG_OK);
    check_key("_confreg/v1/c/u,p,5.7,1", CREG_OK, CREG_OK);
    check_key("a=20b", CREG_OK, CREG_OK);
    check_key("a b", CREG_OK, CREG_INVALID_NAME);
    check_key("\xC3\xA9", CREG_OK, CREG_INVALID_NAME);
    check_key("a..b", CREG_OK, CREG_INVALID_NAME);
    check_key("", CREG_INVALID_NAME, CREG_INVALID_NAME);
    check_key("/a", CREG_INVALID_NAME, CREG_INVALID_NAME);
    check_key("a/", CREG_INVALID_NAME, CREG_INVALID_NAME);
    check_key("a//b", CREG_INVALID_NAME, CREG_INVALID_NAME);
    check_key("a/./b", CREG_INVALID_NAME, CREG_INVALID_NAME);
    check_key("a/../b", CREG_INVALID_NAME, CREG_INVALID_NAME);
    check_key("a\tb", CREG_INVALID_NAME, CREG_INVALID_NAME);
}

/* The verdict on a key is the same with and without what is known from the one before it. */
static void check_behind(const char *known, const char *key, size_t shared,
                         creg_status expected)
{
    creg_slice one = creg_slice_of(known);
    creg_slice two = creg_slice_of(key);
    assert_int_equal(creg_key_shared(one, two), shared);
    assert_int_equal(creg_key_check_write(one, NULL), CREG_OK);
    if (creg_key_check_write_behind(two, shared, NULL) != expected)
        fail_msg("'%s' behind '%s' should give %s", key, known, creg_status_name(expected));
    assert_int_equal(creg_key_check_write(two, NULL), expected);
}

static void test_key__a_key_is_judged_alike_behind_another_one(void **state)
{
    (void)state;
    check_behind("nodes/slave1/cpu", "nodes/slave1/disks", 13, CREG_OK);
    check_behind("nodes/slave1/cpu", "nodes/slave1/cpu", 16, CREG_OK);
    check_behind("nodes/slave1/cpu", "nodes/slave1/cpu/x", 16, CREG_OK);
    check_behind("nodes/slave1/cpu", "nodes/slave1/cpu x", 16, CREG_INVALID_NAME);
    check_behind("nodes/slave1/cpu", "nodes/slave1/", 13, CREG_INVALID_NAME);
    check_behind("nodes/slave1/cpu", "nodes/slave1//a", 13, CREG_INVALID_NAME);
    check_behind("nodes/slave1/cpu", "nodes/slave1/..", 13, CREG_INVALID_NAME);
    check_behind("a/b.x", "a/b..", 4, CREG_INVALID_NAME);
    check_behind("a/.x", "a/.", 3, CREG_INVALID_NAME);
    check_behind("a/b", "", 0, CREG_INVALID_NAME);
    check_behind("a", "b\n", 0, CREG_INVALID_NAME);
}

static int order(const char *left, const char *right)
{
    int result = creg_name_compare(creg_slice_of(left), creg_slice_of(right));
    return (result > 0) - (result < 0);
}

static void check_less(const char *left, const char *right)
{
    if (order(left, right) != -1 || order(right, left) != 1)
        fail_msg("'%s' should come before '%s'", left, right);
}

static void test_key__natural_order_counts(void **state)
{
    (void)state;
    check_less("slave2", "slave10");
    check_less("slave9", "slave10");
    check_less("5.7.0", "5.10.0");
    check_less("a", "a0");
    check_less("a1", "a1b");
    check_less("a1b", "a2");
    check_less("99999999999999999999998", "99999999999999999999999");
    check_less("9", "100000000000000000000000000");
    check_less("", "a");
    check_less("a-1", "a1");
    check_less("1", "a");
    check_less("a/z", "a-b"); /* a subtree stays together */
    check_less("a/z", "a1");
    assert_int_equal(order("x1y", "x1y"), 0);
}

static void test_key__equal_numbers_are_ordered_by_their_bytes(void **state)
{
    (void)state;
    check_less("a01", "a1");
    check_less("a001", "a01");
    check_less("a01b3", "a1b3");
    check_less("a01b2", "a1b3");
    check_less("a1b2", "a01b3"); /* the number later in the name decides before the zeros */
    check_less("a0", "a00");
}

static void test_key__natural_order_is_total(void **state)
{
    (void)state;
    uint64_t seed = 2463534242u;
    for (int round = 0; round < 300000; round++) {
        char texts[3][6];
        creg_slice slices[3];
        for (int i = 0; i < 3; i++) {
            static const char rich[] = "0129a/-";
            size_t size = (size_t)(next_random(&seed) % 6);
            for (size_t k = 0; k < size; k++)
                texts[i][k] = rich[next_random(&seed) % (sizeof rich - 1)];
            slices[i] = creg_slice_make(texts[i], size);
        }
        int ab = creg_name_compare(slices[0], slices[1]);
        int ba = creg_name_compare(slices[1], slices[0]);
        int bc = creg_name_compare(slices[1], slices[2]);
        int ac = creg_name_compare(slices[0], slices[2]);
        assert_true((ab < 0) == (ba > 0) && (ab == 0) == (ba == 0));
        assert_true((ab == 0) == creg_slice_equal(slices[0], slices[1]));
        if (ab <= 0 && bc <= 0)
            assert_true(ac <= 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key__plain_names_pass_unchanged),
        cmocka_unit_test(test_key__other_bytes_become_escapes),
        cmocka_unit_test(test_key__dots_never_stand_alone_or_in_pairs),
        cmocka_unit_test(test_key__nul_and_invalid_utf8_have_an_encoding),
        cmocka_unit_test(test_key__decode_refuses_what_encode_never_writes),
        cmocka_unit_test(test_key__random_texts_round_trip_and_are_writable),
        cmocka_unit_test(test_key__random_segments_decode_only_to_their_own_text),
        cmocka_unit_test(test_key__no_room_in_the_arena_is_told),
        cmocka_unit_test(test_key__names_are_checked),
        cmocka_unit_test(test_key__names_end_at_255_bytes),
        cmocka_unit_test(test_key__a_slash_is_data_in_rendered_text),
        cmocka_unit_test(test_key__keys_of_others_are_read_but_not_written),
        cmocka_unit_test(test_key__a_key_is_judged_alike_behind_another_one),
        cmocka_unit_test(test_key__natural_order_counts),
        cmocka_unit_test(test_key__equal_numbers_are_ordered_by_their_bytes),
        cmocka_unit_test(test_key__natural_order_is_total),
    };
    return cmocka_run_group_tests_name("store/key", tests, set_up, tear_down);
}
