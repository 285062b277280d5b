/* SPDX-License-Identifier: MIT */
/*
 * Option documents: shapes that are taken or refused, and merging with exact coercion.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/suggest.h"
#include "case.h"
#include "registry/options.h"

static const char document[] = "{\"advanced\": {\"hdfs.replication\": 3},\n"
                               " \"required\": {\"slaves.number\": 4, \"name\": \"x\"},\n"
                               " \"optional\": {\"ratio\": 0.5, \"ha\": false, \"tags\": "
                               "[\"a\"], \"extra\": {}, \"any\": null},\n"
                               " \"descriptions\": {\"slaves.number\": \"How many\"}}";

static creg_options declared(const char *text)
{
    creg_options options = {NULL, 0};
    creg_status status = creg_options_parse(creg_slice_of(text), &arena, &options, &err);
    if (status != CREG_OK)
        print_error("%s\n", err.message);
    assert_int_equal(status, CREG_OK);
    return options;
}

static creg_value given(const char *text)
{
    creg_value value;
    assert_int_equal(creg_yaml_parse(creg_slice_of(text), "given",
                                     CREG_PARSE_NUMBERS_AS_WRITTEN, &arena, &value, &err),
                     CREG_OK);
    return value;
}

static void assert_merged(const char *options, const char *user, const char *expected)
{
    creg_options set = declared(options);
    creg_value merged;
    creg_status status = creg_options_merge(&set, given(user), &arena, &merged, &err);
    if (status != CREG_OK)
        print_error("%s\n", err.message);
    assert_int_equal(status, CREG_OK);
    creg_slice text;
    assert_int_equal(creg_value_repr(merged, &arena, &text, &err), CREG_OK);
    assert_int_equal(text.size, strlen(expected));
    assert_memory_equal(text.data, expected, text.size);
}

static void assert_merge_refused(const char *options, const char *user, const char *message)
{
    creg_options set = declared(options);
    creg_value merged;
    assert_int_equal(creg_options_merge(&set, given(user), &arena, &merged, &err),
                     CREG_INVALID_OPTIONS);
    assert_string_equal(err.message, message);
}

static void assert_document_refused(const char *text, const char *message)
{
    creg_options options;
    assert_int_equal(creg_options_parse(creg_slice_of(text), &arena, &options, &err),
                     CREG_INVALID_OPTIONS);
    assert_int_equal(err.status, CREG_INVALID_OPTIONS);
    if (strstr(err.message, message) == NULL)
        fail_msg("'%s' is not in '%s'", message, err.message);
}

/* ---- documents ------------------------------------------------------------------------- */

static void test_options__groups_have_their_order_and_types(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"slaves.number", "required", "integer"},
        {"name", "required", "string"},
        {"ratio", "optional", "number"},
        {"ha", "optional", "boolean"},
        {"tags", "optional", "list"},
        {"extra", "optional", "object"},
        {"any", "optional", ""},
        {"hdfs.replication", "advanced", "integer"},
    };
    creg_options options = declared(document);
    assert_int_equal(options.size, 8);
    for (size_t i = 0; i < 8; i++) {
        assert_true(creg_slice_equal(options.items[i].name, creg_slice_of(rows[i][0])));
        assert_true(creg_slice_equal(options.items[i].group, creg_slice_of(rows[i][1])));
        assert_true(creg_slice_equal(options.items[i].type, creg_slice_of(rows[i][2])));
    }
    assert_true(creg_slice_equal(options.items[0].description, creg_slice_of("How many")));
    assert_int_equal(options.items[1].description.size, 0);
}

static void test_options__yaml_is_taken_and_becomes_json(void **state)
{
    (void)state;
    const char *text = "required:\n  n: 2 # two\noptional:\n  v: 5.10\n";
    assert_int_equal(declared(text).size, 2);
    creg_slice json;
    assert_int_equal(creg_options_to_json(creg_slice_of(text), &arena, &json, &err), CREG_OK);
    assert_string_equal(json.data,
                        "{\n  \"required\": {\n    \"n\": 2\n  },\n  \"optional\": {\n"
                        "    \"v\": 5.10\n  }\n}");
    assert_int_equal(creg_options_to_json(creg_slice_of(document), &arena, &json, &err),
                     CREG_OK);
    assert_ptr_equal(json.data, document);
}

static void test_options__nothing_declares_nothing(void **state)
{
    (void)state;
    assert_int_equal(declared("").size, 0);
    assert_int_equal(declared(" \n").size, 0);
    assert_int_equal(declared("{}").size, 0);
    assert_int_equal(declared("{\"required\": {}}").size, 0);
    creg_slice json;
    assert_int_equal(creg_options_to_json(creg_slice_of(""), &arena, &json, &err), CREG_OK);
    assert_string_equal(json.data, "{}");
}

static void test_options__wrong_shapes_are_refused(void **state)
{
    (void)state;
    assert_document_refused("[1]", "must be a map of groups, not a list");
    assert_document_refused("text", "must be a map of groups, not text");
    assert_document_refused("{\"requird\": {}}", "'requird' is no group");
    assert_string_equal(err.hint, "did you mean 'required'?");
    assert_document_refused("{\"slaves.number\": 4}", "'slaves.number' is no group");
    assert_document_refused("{\"required\": [\"a\"]}",
                            "'required' must be a map of option names");
    assert_document_refused("{\"required\": null}", "not null");
    assert_document_refused("{\"optional\": {\"\": 1}}", "whose name is empty");
    assert_document_refused("optional: {1: 1}", "whose name is no text");
    assert_document_refused("{\"descriptions\": {\"a\": 1}}",
                            "description of 'a' must be text");
    assert_document_refused("{\"required\": {\"a\": 1}, \"advanced\": {\"a\": 2}}",
                            "in two groups, required and advanced");
    assert_document_refused("{\"required\": {\"a\": 1,\n \"a\": 2}}", "duplicate key 'a'");
    assert_int_equal(err.line, 2);
    assert_document_refused("{'required': {}}", "not JSON");
    assert_document_refused("a: b: c", "not YAML");
}

/* ---- merging --------------------------------------------------------------------------- */

static void test_options__defaults_are_overlaid(void **state)
{
    (void)state;
    assert_merged(document, "{\"slaves.number\": 2, \"name\": \"n\", \"ha\": true}",
                  "{'slaves.number': 2, 'name': 'n', 'ratio': 0.5, 'ha': True, 'tags': ['a'], "
                  "'extra': {}, 'any': None, 'hdfs.replication': 3}");
    assert_merged("{\"optional\": {\"a\": 1}}", "", "{'a': 1}");
}

static void test_options__text_is_coerced_where_that_is_exact(void **state)
{
    (void)state;
    assert_merged("{\"optional\": {\"i\": 1}}", "{\"i\": \"2\"}", "{'i': 2}");
    assert_merged("{\"optional\": {\"i\": 1}}", "{\"i\": \"-12\"}", "{'i': -12}");
    assert_merged("{\"optional\": {\"i\": 1}}", "{\"i\": 2.0}", "{'i': 2}");
    assert_merged("{\"optional\": {\"i\": 1}}", "{\"i\": 9223372036854775808}",
                  "{'i': 9223372036854775808}");
    assert_merged("{\"optional\": {\"b\": false}}", "{\"b\": \"true\"}", "{'b': True}");
    assert_merged("{\"optional\": {\"b\": true}}", "{\"b\": \"False\"}", "{'b': False}");
    assert_merged("{\"optional\": {\"f\": 0.5}}", "{\"f\": \"1e3\"}", "{'f': 1000.0}");
    assert_merged("{\"optional\": {\"f\": 0.5}}", "{\"f\": 4}", "{'f': 4}");
    assert_merged("{\"optional\": {\"l\": []}}", "{\"l\": \"[1, \\\"a\\\"]\"}",
                  "{'l': [1, 'a']}");
    assert_merged("{\"optional\": {\"m\": {}}}", "{\"m\": \"{\\\"a\\\": 1}\"}",
                  "{'m': {'a': 1}}");
}

static void test_options__a_string_option_stays_text(void **state)
{
    (void)state;
    assert_merged("{\"optional\": {\"s\": \"x\"}}", "{\"s\": \"4\"}", "{'s': '4'}");
    assert_merged("{\"optional\": {\"s\": \"x\"}}", "{\"s\": 2}", "{'s': '2'}");
    assert_merged("{\"optional\": {\"s\": \"x\"}}", "{\"s\": 5.10}", "{'s': '5.10'}");
    assert_merged("{\"optional\": {\"s\": \"x\"}}", "s: 0755", "{'s': '0755'}");
    assert_merged("{\"optional\": {\"s\": \"x\"}}", "s: no", "{'s': 'no'}");
}

static void test_options__bodies_get_numbers_not_numerals(void **state)
{
    (void)state;
    assert_merged("{\"optional\": {\"l\": [], \"m\": {}, \"a\": null}}",
                  "l: [1, 2.50]\nm: {x: {y: 3}}\na: 0x10\n",
                  "{'l': [1, 2.5], 'm': {'x': {'y': 3}}, 'a': 16}");
}

static void test_options__what_is_not_exact_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"\"4 GB\"", "\"\"", "\" 2\"", "\"007\"", "2.5",
                                        "true",     "null", "[2]",    "\"1e3\"", "\"-\""};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char user[64];
        snprintf(user, sizeof user, "{\"i\": %s}", wrong[i]);
        creg_options set = declared("{\"optional\": {\"i\": 1}}");
        creg_value merged;
        assert_int_equal(creg_options_merge(&set, given(user), &arena, &merged, &err),
                         CREG_INVALID_OPTIONS);
    }
    assert_merge_refused("{\"optional\": {\"i\": 1}}", "{\"i\": \"4 GB\"}",
                         "option 'i' must be an integer, not '4 GB'");
    assert_merge_refused("{\"optional\": {\"b\": true}}", "{\"b\": 1}",
                         "option 'b' must be a boolean, not 1");
    assert_merge_refused("{\"optional\": {\"b\": true}}", "{\"b\": \"yes\"}",
                         "option 'b' must be a boolean, not 'yes'");
    assert_merge_refused("{\"optional\": {\"s\": \"x\"}}", "{\"s\": true}",
                         "option 's' must be a string, not True");
    assert_merge_refused("{\"optional\": {\"l\": []}}", "{\"l\": \"a,b\"}",
                         "option 'l' must be a list, not 'a,b'");
    assert_merge_refused("{\"optional\": {\"f\": 0.5}}", "{\"f\": \"nan\"}",
                         "option 'f' must be a number, not 'nan'");
}

static void test_options__all_complaints_come_at_once(void **state)
{
    (void)state;
    assert_merge_refused(
        document, "{\"slaves.numbr\": 2, \"ratio\": \"x\", \"zzz\": 1}",
        "missing required options 'slaves.number', 'name'; unknown options "
        "'slaves.numbr' (did you mean 'slaves.number'?), 'zzz'; option 'ratio' "
        "must be a number, not 'x'");
    assert_merge_refused("{\"required\": {\"a\": 1}}", "", "missing required option 'a'");
}

static void test_options__the_whole_document_is_no_set_of_options(void **state)
{
    (void)state;
    assert_merge_refused("{\"required\": {\"a\": 1}}", "{\"required\": {\"a\": 2}}",
                         "missing required option 'a'; unknown option 'required' (give the "
                         "options without their groups)");
}

static void test_options__samples_stand_in_for_required_ones(void **state)
{
    (void)state;
    creg_options set = declared(document);
    creg_value merged;
    assert_int_equal(creg_options_samples(&set, creg_value_none(), &arena, &merged, &err),
                     CREG_OK);
    assert_int_equal(
        creg_map_get_text(merged.as.map, creg_slice_of("slaves.number"))->as.integer, 4);
}

static void test_options__given_must_be_a_map(void **state)
{
    (void)state;
    creg_value value;
    creg_options set = declared("");
    assert_int_equal(creg_options_merge(&set, creg_value_int(1), &arena, &value, &err),
                     CREG_INVALID_OPTIONS);
}

/* ---- near names ------------------------------------------------------------------------ */

static size_t distance(const char *left, const char *right)
{
    return creg_edit_distance(creg_slice_of(left), creg_slice_of(right), 9);
}

static void test_suggest__distances(void **state)
{
    (void)state;
    assert_int_equal(distance("", ""), 0);
    assert_int_equal(distance("abc", "abc"), 0);
    assert_int_equal(distance("abc", "abd"), 1);
    assert_int_equal(distance("abc", "ab"), 1);
    assert_int_equal(distance("ab", "ba"), 1);
    assert_int_equal(distance("kitten", "sitting"), 3);
    assert_int_equal(distance("", "abc"), 3);
    assert_int_equal(creg_edit_distance(creg_slice_of("kitten"), creg_slice_of("sitting"), 2),
                     3);
}

static void test_suggest__the_nearest_wins_and_far_ones_never(void **state)
{
    (void)state;
    creg_suggest suggest = creg_suggest_begin(creg_slice_of("slave.number"));
    creg_suggest_offer(&suggest, creg_slice_of("slaves.numbers"));
    creg_suggest_offer(&suggest, creg_slice_of("slaves.number"));
    creg_suggest_offer(&suggest, creg_slice_of("slaves.size"));
    assert_true(creg_slice_equal(suggest.best, creg_slice_of("slaves.number")));
    suggest = creg_suggest_begin(creg_slice_of("cpu"));
    creg_suggest_offer(&suggest, creg_slice_of("mem"));
    assert_null(suggest.best.data);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_options__groups_have_their_order_and_types),
        TEST(test_options__yaml_is_taken_and_becomes_json),
        TEST(test_options__nothing_declares_nothing),
        TEST(test_options__wrong_shapes_are_refused),
        TEST(test_options__defaults_are_overlaid),
        TEST(test_options__text_is_coerced_where_that_is_exact),
        TEST(test_options__a_string_option_stays_text),
        TEST(test_options__bodies_get_numbers_not_numerals),
        TEST(test_options__what_is_not_exact_is_refused),
        TEST(test_options__all_complaints_come_at_once),
        TEST(test_options__the_whole_document_is_no_set_of_options),
        TEST(test_options__samples_stand_in_for_required_ones),
        TEST(test_options__given_must_be_a_map),
        TEST(test_suggest__distances),
        TEST(test_suggest__the_nearest_wins_and_far_ones_never),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
