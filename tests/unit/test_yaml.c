/* SPDX-License-Identifier: MIT */
/*
 * YAML inside the library: where scalars stand, finding values, limits. What documents mean
 * is in tests/format and tests/oracle/test_format.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "base/limits.h"
#include "case.h"
#include "format/yaml.h"

/* All extents as "kind[text]", kinds: p, q, b; k in front for a key, m for "<<". */
static void assert_extents(const char *text, const char *expected)
{
    creg_value value;
    creg_yaml_extents extents;
    creg_fault fault;
    assert_int_equal(
        creg_yaml_read(creg_slice_of(text), 0, &arena, &value, &extents, &fault, &err),
        CREG_OK);
    char shown[2048] = "";
    size_t size = 0;
    for (size_t i = 0; i < extents.size; i++) {
        const creg_yaml_extent *one = &extents.items[i];
        size += (size_t)snprintf(shown + size, sizeof shown - size, "%s%s%c[%.*s]",
                                 one->is_key ? "k" : "", one->is_merge ? "m" : "",
                                 "pqb"[one->style], (int)(one->extent.end - one->extent.begin),
                                 text + one->extent.begin);
    }
    assert_string_equal(shown, expected);
}

static void test_yaml__extents_are_bytes_of_the_text(void **state)
{
    (void)state;
    assert_extents("é: [ü, 'ö', \"x y\" ]\nb:\n", "kp[é]p[ü]q['ö']q[\"x y\"]kp[b]p[]");
    assert_extents("\xEF\xBB\xBF"
                   "a: \xC3\xA9 b\n",
                   "kp[a]p[\xC3\xA9 b]");
    assert_extents("a: two\n  lines\nb: |\n  x\n  y\nc: 1\n",
                   "kp[a]p[two\n  lines]kp[b]b[|\n  x\n  y\n]kp[c]p[1]");
}

static void test_yaml__extents_leave_anchors_and_tags_out(void **state)
{
    (void)state;
    assert_extents("a: &x !!str b\nc: !!str &y 'd'\ne: *x\nf: &z\n",
                   "kp[a]p[b]kp[c]q['d']kp[e]kp[f]p[]");
    assert_extents("m: {<<: {a: 1}}\nn: <<\n", "kp[m]kmp[<<]kp[a]p[1]kp[n]p[<<]");
}

static creg_step key_step(const char *key)
{
    return (creg_step){.is_item = false, .key = creg_value_cstring(key)};
}

static creg_step item_step(size_t index)
{
    return (creg_step){.is_item = true, .index = index};
}

static void assert_found(const char *text, creg_path path, size_t line, size_t column)
{
    creg_extent extent;
    uint32_t found_line;
    uint32_t found_column;
    assert_true(creg_yaml_locate(creg_slice_of(text), 0, path, &extent));
    creg_place_of(creg_slice_of(text), extent.begin, &found_line, &found_column);
    assert_int_equal(found_line, line);
    assert_int_equal(found_column, column);
}

static void test_yaml__values_and_keys_are_located(void **state)
{
    (void)state;
    const char *text = "é:\n  - 1\n  - x: {y: z}\n    \"k\": [a, b]\nbase: &b {q: 1}\n"
                       "m:\n  <<: *b\n  own: 1\n";
    creg_step steps[] = {key_step("é"), item_step(1), key_step("k"), item_step(1)};
    assert_found(text, (creg_path){steps, 4, false}, 4, 14);
    assert_found(text, (creg_path){steps, 3, true}, 4, 5);
    assert_found(text, (creg_path){steps, 2, false}, 3, 5);
    assert_found(text, (creg_path){steps, 1, true}, 1, 1);
    creg_step merged[] = {key_step("m"), key_step("q")};
    assert_found(text, (creg_path){merged, 2, false}, 7, 3);
    merged[1] = key_step("own");
    assert_found(text, (creg_path){merged, 2, false}, 8, 8);
    creg_step missing[] = {key_step("é"), item_step(2)};
    creg_extent extent;
    assert_false(
        creg_yaml_locate(creg_slice_of(text), 0, (creg_path){missing, 2, false}, &extent));
}

static void test_yaml__a_number_as_written_is_found_as_a_key(void **state)
{
    (void)state;
    creg_value key = creg_value_of_kind(CREG_KIND_NUMBER);
    key.as.text = "0755";
    key.size = 4;
    creg_step step = {.is_item = false, .key = key};
    creg_extent extent;
    assert_true(creg_yaml_locate(creg_slice_of("'0755': 1\n0755: 2\n"),
                                 CREG_PARSE_NUMBERS_AS_WRITTEN, (creg_path){&step, 1, true},
                                 &extent));
    assert_int_equal(extent.begin, 10);
}

static void test_yaml__kept_numerals_mean_numbers(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"5.10", "5.1"},   {"0o17", "15"}, {"0755", "755"},     {"1_000", "1000"},
        {"22:22", "1342"}, {".5", "0.5"},  {"-1e3", "-1000.0"}, {"1:30.5", "90.5"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        creg_value number;
        creg_slice text;
        assert_int_equal(creg_yaml_number(creg_slice_of(rows[i][0]), &arena, &number, &err),
                         CREG_OK);
        assert_int_equal(creg_value_repr(number, &arena, &text, &err), CREG_OK);
        assert_int_equal(text.size, strlen(rows[i][1]));
        assert_memory_equal(text.data, rows[i][1], text.size);
    }
    creg_value number;
    assert_int_equal(creg_yaml_number(creg_slice_of("abc"), &arena, &number, &err),
                     CREG_INVALID);
}

/* libyaml alone needs 20 seconds for this. */
static void test_yaml__open_brackets_end_at_once(void **state)
{
    (void)state;
    size_t size = 100000;
    char *text = creg_arena_alloc(&arena, size);
    memset(text, '[', size);
    clock_t begin = clock();
    creg_value value;
    assert_int_equal(
        creg_yaml_parse(creg_slice_make(text, size), NULL, 0, &arena, &value, &err),
        CREG_LIMIT);
    assert_true(clock() - begin < CLOCKS_PER_SEC);
    assert_int_equal(err.column, CREG_LIMIT_DEPTH + 1);
}

static void test_yaml__too_many_nodes_are_refused(void **state)
{
    (void)state;
    size_t count = CREG_LIMIT_YAML_NODES + 1;
    char *text = creg_arena_alloc(&arena, count * 4);
    for (size_t i = 0; i < count; i++)
        memcpy(text + i * 4, "- a\n", 4);
    creg_value value;
    assert_int_equal(
        creg_yaml_parse(creg_slice_make(text, count * 4), NULL, 0, &arena, &value, &err),
        CREG_LIMIT);
}

static void test_yaml__a_full_arena_is_a_limit(void **state)
{
    (void)state;
    creg_arena small;
    creg_arena_init(&small, 16 * 1024);
    size_t size = 40000;
    char *text = creg_arena_alloc(&arena, size);
    for (size_t i = 0; i < size; i += 4)
        memcpy(text + i, "- a\n", 4);
    creg_value value;
    assert_int_equal(
        creg_yaml_parse(creg_slice_make(text, size), NULL, 0, &small, &value, &err),
        CREG_LIMIT);
    creg_arena_clear(&small);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_yaml__extents_are_bytes_of_the_text),
        TEST(test_yaml__extents_leave_anchors_and_tags_out),
        TEST(test_yaml__values_and_keys_are_located),
        TEST(test_yaml__a_number_as_written_is_found_as_a_key),
        TEST(test_yaml__kept_numerals_mean_numbers),
        TEST(test_yaml__open_brackets_end_at_once),
        TEST(test_yaml__too_many_nodes_are_refused),
        TEST(test_yaml__a_full_arena_is_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
