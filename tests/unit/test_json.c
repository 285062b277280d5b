/* SPDX-License-Identifier: MIT */
/*
 * JSON: what is read, what is refused and where, how it is printed, and finding values again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/limits.h"
#include "case.h"
#include "format/json.h"

static creg_value parse_with(const char *text, unsigned flags)
{
    creg_value value = creg_value_undefined();
    creg_status status =
        creg_json_parse(creg_slice_of(text), "in.json", flags, &arena, &value, &err);
    if (status != CREG_OK)
        print_error("%s: %s\n", text, err.message);
    assert_int_equal(status, CREG_OK);
    return value;
}

static creg_value parse(const char *text)
{
    return parse_with(text, 0);
}

static void assert_repr(creg_value value, const char *expected)
{
    creg_slice text;
    assert_int_equal(creg_value_repr(value, &arena, &text, &err), CREG_OK);
    char *copy = test_calloc(text.size + 1, 1);
    memcpy(copy, text.data, text.size);
    assert_string_equal(copy, expected);
    test_free(copy);
}

static void assert_refused(const char *text, creg_status status, uint32_t line, uint32_t column,
                           const char *message)
{
    creg_value value;
    assert_int_equal(creg_json_parse(creg_slice_of(text), "in.json", 0, &arena, &value, &err),
                     status);
    if (strstr(err.message, message) == NULL)
        fail_msg("'%s' is not in '%s'", message, err.message);
    assert_int_equal(err.line, line);
    assert_int_equal(err.column, column);
    assert_string_equal(err.source, "in.json");
}

static void assert_printed(creg_value value, creg_json_style style, const char *expected)
{
    creg_slice text;
    assert_int_equal(creg_json_print(value, &style, &arena, &text, &err), CREG_OK);
    assert_string_equal(text.data, expected);
}

/* ---- reading --------------------------------------------------------------------------- */

static void test_json__numbers_are_what_python_makes_of_them(void **state)
{
    (void)state;
    assert_repr(parse("[1, -0, 2.50, 1e4, -9223372036854775808, 9223372036854775807]"),
                "[1, 0, 2.5, 10000.0, -9223372036854775808, 9223372036854775807]");
    creg_value big = parse("[9223372036854775808, 18446744073709551616, -9223372036854775809]");
    assert_repr(big, "[9223372036854775808, 18446744073709551616, -9223372036854775809]");
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(big.as.list->items[i].kind, CREG_KIND_BIGINT);
}

static void test_json__numbers_as_written_keep_their_spelling(void **state)
{
    (void)state;
    creg_value value = parse_with("[5.10, 1e400, -0, 1E+2]", CREG_PARSE_NUMBERS_AS_WRITTEN);
    const char *expected[] = {"5.10", "1e400", "-0", "1E+2"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(value.as.list->items[i].kind, CREG_KIND_NUMBER);
        assert_true(creg_slice_equal(creg_value_text(value.as.list->items[i]),
                                     creg_slice_of(expected[i])));
    }
}

static void test_json__the_value_does_not_point_into_the_text(void **state)
{
    (void)state;
    char text[] = "{\"key\": [\"text\", 12]}";
    creg_value value;
    assert_int_equal(creg_json_parse(creg_slice_of(text), NULL, 0, &arena, &value, &err),
                     CREG_OK);
    memset(text, 'x', sizeof text - 1);
    assert_repr(value, "{'key': ['text', 12]}");
}

static void test_json__escapes_are_undone(void **state)
{
    (void)state;
    assert_repr(parse("\"\\u00e9\\ud83d\\ude00\\n\\/\""), "'é😀\\n/'");
}

static void test_json__duplicate_key_names_both_places(void **state)
{
    (void)state;
    assert_refused("{\"a\": 1,\n \"b\": {\"x\": 1,\n  \"é\": \"é\", \"\\u0078\": 2}}",
                   CREG_INVALID, 3, 13, "duplicate key 'x' (first at line 2 column 8)");
    assert_string_equal(err.snippet, "  \"é\": \"é\", \"\\u0078\": 2}}");
    assert_refused("{\"a\": [1, {\"k\": {\"z\": 1}, \"k\": {}}]}", CREG_INVALID, 1, 27,
                   "duplicate key 'k' (first at line 1 column 12)");
}

static void test_json__what_is_no_json_is_refused_in_its_place(void **state)
{
    (void)state;
    assert_refused("{\"a\":\n NaN}", CREG_INVALID, 2, 2, "not JSON");
    assert_refused("[Infinity]", CREG_INVALID, 1, 2, "not JSON");
    assert_refused("[1e400]", CREG_INVALID, 1, 2, "too large");
    assert_refused("[\"\\ud800\"]", CREG_INVALID, 1, 9, "surrogate");
    assert_refused("[1,]", CREG_INVALID, 1, 3, "trailing comma");
    assert_refused("", CREG_INVALID, 1, 1, "empty");
    assert_refused("{} {}", CREG_INVALID, 1, 4, "not JSON");
    assert_refused("[\"\xff\"]", CREG_INVALID, 1, 3, "not JSON");
    assert_refused("not json", CREG_INVALID, 1, 1, "not JSON");
    assert_refused("[01]", CREG_INVALID, 1, 2, "not JSON");
}

static char *repeated(const char *piece, size_t count)
{
    size_t size = strlen(piece);
    char *text = test_malloc(size * count + 1);
    for (size_t i = 0; i < count; i++)
        memcpy(text + i * size, piece, size);
    text[size * count] = '\0';
    return text;
}

static void test_json__depth_is_bounded(void **state)
{
    (void)state;
    char deep[2 * CREG_LIMIT_DEPTH + 3];
    size_t depth = CREG_LIMIT_DEPTH;
    memset(deep, '[', depth);
    memset(deep + depth, ']', depth);
    deep[2 * depth] = '\0';
    parse(deep);
    memset(deep, '[', depth + 1);
    memset(deep + depth + 1, ']', depth + 1);
    deep[2 * depth + 2] = '\0';
    assert_refused(deep, CREG_LIMIT, 1, CREG_LIMIT_DEPTH + 1, "nested deeper");
    char *bomb = repeated("[", 100000);
    assert_refused(bomb, CREG_INVALID, 1, 100001, "not JSON");
    test_free(bomb);
}

static void test_json__integers_of_too_many_digits_are_refused(void **state)
{
    (void)state;
    char *digits = repeated("7", CREG_LIMIT_INTEGER_DIGITS + 1);
    assert_refused(digits, CREG_LIMIT, 1, 1, "");
    test_free(digits);
}

static void test_json__a_full_arena_is_a_limit(void **state)
{
    (void)state;
    creg_arena small;
    creg_arena_init(&small, 8 * 1024);
    char *text = repeated("[1],", 1000);
    size_t size = strlen(text);
    char *list = test_malloc(size + 2);
    list[0] = '[';
    memcpy(list + 1, text, size);
    list[size] = ']';
    list[size + 1] = '\0';
    creg_value value;
    assert_int_equal(creg_json_parse(creg_slice_of(list), NULL, 0, &small, &value, &err),
                     CREG_LIMIT);
    test_free(list);
    test_free(text);
    creg_arena_clear(&small);
}

/* ---- finding --------------------------------------------------------------------------- */

static creg_step key_step(const char *key)
{
    return (creg_step){.is_item = false, .key = creg_value_cstring(key)};
}

static creg_step item_step(size_t index)
{
    return (creg_step){.is_item = true, .index = index};
}

static void assert_found(const char *text, creg_path path, const char *expected)
{
    creg_extent extent;
    assert_true(creg_json_locate(creg_slice_of(text), path, &extent));
    assert_int_equal(extent.end - extent.begin, strlen(expected));
    assert_memory_equal(text + extent.begin, expected, strlen(expected));
}

static void test_json__values_and_keys_are_located(void **state)
{
    (void)state;
    const char *text =
        " {\"a\" : [1, {\"q]\\\"\": \"}\"}, [true ]], \"\\u0062\":{\"c\":-1.5}} ";
    creg_step steps[] = {key_step("a"), item_step(1), key_step("q]\"")};
    assert_found(text, (creg_path){steps, 3, false}, "\"}\"");
    assert_found(text, (creg_path){steps, 3, true}, "\"q]\\\"\"");
    assert_found(text, (creg_path){steps, 2, false}, "{\"q]\\\"\": \"}\"}");
    creg_step other[] = {key_step("b"), key_step("c")};
    assert_found(text, (creg_path){other, 2, false}, "-1.5");
    assert_found(text, (creg_path){other, 1, true}, "\"\\u0062\"");
    creg_step missing[] = {key_step("a"), item_step(3)};
    creg_extent extent;
    assert_false(
        creg_json_locate(creg_slice_of(text), (creg_path){missing, 2, false}, &extent));
    missing[1] = key_step("x");
    assert_false(
        creg_json_locate(creg_slice_of(text), (creg_path){missing, 2, false}, &extent));
}

/* ---- printing -------------------------------------------------------------------------- */

static void test_json__layouts_are_those_of_python(void **state)
{
    (void)state;
    creg_value value = parse("{\"b\": [1, 2.5, {}], \"a\": null, \"c\": []}");
    assert_printed(value, (creg_json_style){0},
                   "{\"b\": [1, 2.5, {}], \"a\": null, \"c\": []}");
    assert_printed(value, (creg_json_style){.compact = true, .sort_keys = true},
                   "{\"a\":null,\"b\":[1,2.5,{}],\"c\":[]}");
    assert_printed(
        value, (creg_json_style){.indent = 2},
        "{\n  \"b\": [\n    1,\n    2.5,\n    {}\n  ],\n  \"a\": null,\n  \"c\": []\n}");
}

static void test_json__strings_are_escaped_as_python_does(void **state)
{
    (void)state;
    creg_value value = parse("\"\\u0001\\t\\\"\\\\\\u007f\\u00e9\\ud83d\\ude00/\"");
    assert_printed(value, (creg_json_style){0}, "\"\\u0001\\t\\\"\\\\\x7fé😀/\"");
    assert_printed(value, (creg_json_style){.ascii = true},
                   "\"\\u0001\\t\\\"\\\\\\u007f\\u00e9\\ud83d\\ude00/\"");
}

static void test_json__many_keys_are_sorted_by_bytes(void **state)
{
    (void)state;
    creg_map *map = creg_map_new(&arena, 0);
    for (int i = 0; i < 40; i++) {
        char key[8];
        snprintf(key, sizeof key, "k%d", i * 7 % 40);
        creg_map_set_text(&arena, map, creg_slice_of(key), creg_value_int(i));
    }
    creg_map_remove(map, creg_value_cstring("k3"));
    creg_slice text;
    creg_json_style style = {.sort_keys = true};
    assert_int_equal(creg_json_print(creg_value_map(map), &style, &arena, &text, &err),
                     CREG_OK);
    assert_memory_equal(text.data, "{\"k0\": 0, \"k1\": 23, \"k10\": 30, ", 31);
    assert_null(strstr(text.data, "\"k3\""));
}

static void test_json__keys_that_python_turns_into_text(void **state)
{
    (void)state;
    creg_map *map = creg_map_new(&arena, 0);
    creg_map_set(&arena, map, creg_value_int(7), creg_value_int(1));
    creg_map_set(&arena, map, creg_value_none(), creg_value_int(2));
    creg_map_set(&arena, map, creg_value_float(1.5), creg_value_int(3));
    assert_printed(creg_value_map(map), (creg_json_style){0},
                   "{\"7\": 1, \"null\": 2, \"1.5\": 3}");
}

static void test_json__what_json_cannot_say_is_refused(void **state)
{
    (void)state;
    creg_slice text;
    assert_int_equal(creg_json_print(creg_value_float(1e308 * 10), NULL, &arena, &text, &err),
                     CREG_UNSUPPORTED_TYPE);
    assert_int_equal(creg_json_print(creg_value_undefined(), NULL, &arena, &text, &err),
                     CREG_UNSUPPORTED_TYPE);
    creg_list *loop = creg_list_new(&arena, 1);
    creg_list_append(&arena, loop, creg_value_list(loop));
    assert_int_equal(creg_json_print(creg_value_list(loop), NULL, &arena, &text, &err),
                     CREG_LIMIT);
}

/* A key is the same however it is spelled, and is shown as it was. */
static void test_json__duplicates_are_found_behind_escapes(void **state)
{
    (void)state;
    assert_refused("{\"\\b\\f\\n\\r\\t\\/\": 1, \"\\u0008\\u000C\\u000a\\u000d\\u0009/\": 2}",
                   CREG_INVALID, 1, 21, "duplicate key");
    assert_refused("{\"\\uD83D\\uDE00\": 1, \"\xF0\x9F\x98\x80\": 2}", CREG_INVALID, 1, 21,
                   "duplicate key");
}

static void test_json__control_characters_have_their_letters(void **state)
{
    (void)state;
    assert_printed(creg_value_cstring("\b\f\n\r\t\x01\x7f\"\\/"), (creg_json_style){0},
                   "\"\\b\\f\\n\\r\\t\\u0001\x7f\\\"\\\\/\"");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_json__numbers_are_what_python_makes_of_them),
        TEST(test_json__numbers_as_written_keep_their_spelling),
        TEST(test_json__the_value_does_not_point_into_the_text),
        TEST(test_json__escapes_are_undone),
        TEST(test_json__duplicate_key_names_both_places),
        TEST(test_json__duplicates_are_found_behind_escapes),
        TEST(test_json__control_characters_have_their_letters),
        TEST(test_json__what_is_no_json_is_refused_in_its_place),
        TEST(test_json__depth_is_bounded),
        TEST(test_json__integers_of_too_many_digits_are_refused),
        TEST(test_json__a_full_arena_is_a_limit),
        TEST(test_json__values_and_keys_are_located),
        TEST(test_json__layouts_are_those_of_python),
        TEST(test_json__strings_are_escaped_as_python_does),
        TEST(test_json__many_keys_are_sorted_by_bytes),
        TEST(test_json__keys_that_python_turns_into_text),
        TEST(test_json__what_json_cannot_say_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
