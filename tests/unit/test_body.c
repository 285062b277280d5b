/* SPDX-License-Identifier: MIT */
/*
 * From body to pairs: what is stored, what an option may not do, and that every complaint
 * names the line of the body.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "registry/body.h"

static creg_arena arena;
static creg_error err;
static creg_body_result result;

static const creg_body_kind JSON = {0};
static const creg_body_kind YAML = {.is_yaml = true};

static int set_up(void **state)
{
    (void)state;
    creg_arena_init(&arena, (size_t)256 * 1024 * 1024);
    creg_error_clear(&err);
    memset(&result, 0, sizeof result);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    creg_arena_clear(&arena);
    return 0;
}

static creg_status run(creg_body_kind kind, const char *source, const char *options)
{
    jinja_options engine_options;
    jinja_engine *engine;
    jinja_template *compiled;
    creg_body_engine_options(kind, &engine_options);
    assert_int_equal(jinja_engine_new(&engine_options, &engine, &err), CREG_OK);
    creg_status status =
        jinja_compile(engine, creg_slice_of("cdh/5.7"), creg_slice_of(source), &compiled, &err);
    if (status == CREG_OK) {
        creg_value opts;
        creg_value context;
        assert_int_equal(creg_json_parse(creg_slice_of(options), NULL, 0, &arena, &opts, &err),
                         CREG_OK);
        creg_body_names names = {.user = creg_slice_of("jlopez"),
                                 .name = creg_slice_of("cdh"),
                                 .version = creg_slice_of("5.7"),
                                 .id = creg_slice_of("3"),
                                 .dn = creg_slice_of("instances/jlopez/cdh/5.7/3")};
        assert_int_equal(creg_body_context(&names, opts, &arena, &context, &err), CREG_OK);
        creg_body body = {.compiled = compiled,
                          .source = creg_slice_of(source),
                          .name = "cdh/5.7",
                          .kind = kind};
        status = creg_body_run(&body, context, creg_slice_of("dn"), &arena, &result, &err);
        jinja_template_free(compiled);
    }
    jinja_engine_free(engine);
    return status;
}

static void assert_pairs(creg_body_kind kind, const char *source, const char *options,
                         const char *expected)
{
    creg_status status = run(kind, source, options);
    if (status != CREG_OK)
        print_error("%s (line %u): %s\n", err.message, err.line, err.detail);
    assert_int_equal(status, CREG_OK);
    char shown[4096] = "";
    size_t size = 0;
    for (size_t i = 0; i < result.pairs.size; i++) {
        const creg_pair *pair = &result.pairs.items[i];
        size += (size_t)snprintf(shown + size, sizeof shown - size, "%.*s=%.*s;",
                                 (int)pair->key.size - 3, pair->key.data + 3,
                                 (int)pair->value.size, pair->value.data);
    }
    assert_string_equal(shown, expected);
}

static void assert_refused(creg_body_kind kind, const char *source, const char *options,
                           creg_status status, uint32_t line, uint32_t column,
                           const char *message)
{
    creg_status found = run(kind, source, options);
    if (strstr(err.message, message) == NULL)
        fail_msg("'%s' is not in '%s'", message, err.message);
    assert_int_equal(found, status);
    assert_int_equal(err.line, line);
    if (column != 0)
        assert_int_equal(err.column, column);
    assert_string_equal(err.source, "cdh/5.7");
}

/* ---- what is stored -------------------------------------------------------------------- */

static void test_body__json_becomes_pairs(void **state)
{
    (void)state;
    assert_pairs(
        JSON,
        "{% set comma = joiner(',') %}{\"nodes\": {\n"
        "{% for n in range(opts['slaves.number']) %}{{ comma() }}\n"
        "  \"slave{{ n }}\": {\"cpu\": {{ opts.cpu }}, \"v\": 5.10}\n"
        "{% endfor %}}}",
        "{\"slaves.number\": 2, \"cpu\": 4}",
        "nodes/slave0/cpu=4;nodes/slave0/v=5.10;nodes/slave1/cpu=4;nodes/slave1/v=5.10;");
}

static void test_body__yaml_becomes_pairs(void **state)
{
    (void)state;
    assert_pairs(
        YAML,
        "# made for {{ user }}\n"
        "mode: 0755\nha: {{ opts.ha }}\nname: {{ opts.name }}\n"
        "text: |\n  {{ opts.name }}\nlist: [{{ opts.name }}, b]\n",
        "{\"ha\": true, \"name\": \"two words\"}",
        "ha=True;list/b=;list/two=20words=;mode=0755;name=two words;text=two words\n;");
}

static void test_body__yaml_1_1_is_what_old_bodies_count_on(void **state)
{
    (void)state;
    creg_body_kind old = {.is_yaml = true, .is_yaml_1_1 = true};
    assert_pairs(old, "a: no\nb: 1_000\n", "{}", "a=False;b=1_000;");
    assert_pairs(YAML, "a: no\nb: 1_000\n", "{}", "a=no;b=1_000;");
    assert_refused(old, "a: 1\nb: 2016-05-19\n", "{}", CREG_UNSUPPORTED_TYPE, 2, 4,
                   "b: a date");
}

static void test_body__both_generations_of_names_are_there(void **state)
{
    (void)state;
    assert_pairs(JSON,
                 "{\"a\": \"{{ user }} {{ servicename }} {{ product }} {{ version }}\","
                 "\"b\": \"{{ instancedn }} {{ clusterdn }}\","
                 "\"c\": \"{{ instancename }}\", \"d\": \"{{ clusterid }}\","
                 "\"e\": \"{{ instanceid }}\"}",
                 "{}",
                 "a=jlopez cdh cdh 5.7;b=instances/jlopez/cdh/5.7/3 instances/jlopez/cdh/5.7/3;"
                 "c=instances-jlopez-cdh-5.7-3;d=instances--jlopez--cdh--5__7--3;e=3;");
}

/* ---- what is refused, and where -------------------------------------------------------- */

static const char seed[] = "nodes:\n"
                           "{% for n in range(2) %}\n"
                           "  master{{ n }}:\n"
                           "    disks:\n"
                           "      disk1:\n"
                           "        name: disk1\n"
                           "        networks:\n"
                           "          eth0: {address: _}\n"
                           "{% endfor %}\n";

static void test_body__the_seeds_indentation_is_refused_at_its_line(void **state)
{
    (void)state;
    assert_refused(YAML, seed, "{}", CREG_INVALID, 7, 9, "'networks' belongs under a node");
    assert_string_equal(err.snippet, "        networks:");
    assert_string_equal(err.hint, "1 more like this; lint the template to see them all");
}

static void test_body__null_is_refused_at_its_line(void **state)
{
    (void)state;
    assert_refused(YAML, "a: 1\n{% if true %}\nnodes:\n{% endif %}\n", "{}",
                   CREG_UNSUPPORTED_TYPE, 3, 0, "nodes: null");
    assert_refused(JSON, "{\"a\": 1,\n\n \"b\": {\"c\": null}}", "{}", CREG_UNSUPPORTED_TYPE, 3,
                   13, "b/c: null");
}

static void test_body__duplicate_keys_name_both_lines_of_the_body(void **state)
{
    (void)state;
    const char *source = "{# one #}\n"
                         "{% for i in range(3) %}x{{ i }}: 1\n"
                         "{% endfor %}n:\n"
                         "  status: a\n"
                         "  cpu: 1\n"
                         "  status: b\n";
    assert_refused(YAML, source, "{}", CREG_INVALID, 6, 3,
                   "duplicate key 'status' (first at line 4 column 3)");
    assert_string_equal(err.detail, "rendered line 8:   status: b");
}

static void test_body__text_that_is_no_document_is_refused(void **state)
{
    (void)state;
    assert_refused(JSON, "{\"a\": [\n{% for n in range(2) %} {{ n }},\n{% endfor %}]}", "{}",
                   CREG_INVALID, 2, 0, "trailing comma");
    assert_refused(YAML, "a: 1\n  b: 2\n", "{}", CREG_INVALID, 2, 4, "not YAML");
    assert_refused(JSON, "{\"a\": NaN}", "{}", CREG_INVALID, 1, 7, "not JSON");
    assert_refused(JSON, "[1]", "{}", CREG_INVALID, 1, 1, "it must be a map");
    assert_refused(JSON, "{\"a\": [[1]]}", "{}", CREG_NESTED_LISTS, 1, 8, "a[0]");
}

static void test_body__all_undefined_names_are_told(void **state)
{
    (void)state;
    assert_int_equal(run(JSON, "{\"a\": \"{{ nope }}\",\n\"b\": \"{{ opts.missing }}\"}", "{}"),
                     CREG_TEMPLATE_UNDEFINED);
    assert_non_null(strstr(err.message, "nope"));
    assert_non_null(strstr(err.message, "missing"));
    creg_body_kind lenient = {.is_lenient = true};
    assert_pairs(lenient, "{\"a\": \"{{ nope }}\"}", "{}", "a=;");
}

/* ---- what an option may not do --------------------------------------------------------- */

static void test_body__an_option_cannot_leave_its_quotes(void **state)
{
    (void)state;
    const char *evil = "{\"x\": \"x\\\", \\\"admin\\\": \\\"1\"}";
    assert_pairs(JSON, "{\"a\": \"{{ opts.x }}\"}", evil, "a=x\", \"admin\": \"1;");
    assert_pairs(YAML, "a: \"{{ opts.x }}\"\n", evil, "a=x\", \"admin\": \"1;");
    assert_pairs(YAML, "a: '{{ opts.x }}'\n", "{\"x\": \"it's', admin: '1\"}",
                 "a=it's', admin: '1;");
}

static void test_body__an_option_outside_quotes_stays_one_scalar(void **state)
{
    (void)state;
    assert_refused(JSON, "{\"n\": 1,\n \"a\": {{ opts.x }}}",
                   "{\"x\": \"1, \\\"admin\\\": 1\"}", CREG_INVALID, 2, 0,
                   "the value '1, \"admin\": 1' is not one JSON scalar");
    assert_string_equal(err.snippet, " \"a\": {{ opts.x }}}");
    assert_refused(JSON, "{\"a\": {{ opts.x }}, \"b\": {{ opts.y }}}",
                   "{\"x\": \"\\\"a\", \"y\": \"b\\\"\"}", CREG_INVALID, 1, 0, "'\"a'");
    assert_pairs(JSON, "{\"a\": 1{{ opts.x }}, \"b\": {{ opts.y }}}",
                 "{\"x\": \"2\", \"y\": \"true\"}", "a=12;b=True;");
    assert_refused(YAML, "n: 1\na: {{ opts.x }}\n", "{\"x\": \"v\\nadmin: 1\"}", CREG_INVALID,
                   2, 0, "is not one YAML scalar");
    assert_refused(YAML, "a: {{ opts.x }}\n", "{\"x\": \"{admin: 1}\"}", CREG_INVALID, 1, 0,
                   "'{admin: 1}'");
    assert_refused(YAML, "a: [{{ opts.x }}]\n", "{\"x\": \"b, c\"}", CREG_INVALID, 1, 0,
                   "'b, c'");
}

static void test_body__an_option_brings_no_quotes_tags_or_anchors(void **state)
{
    (void)state;
    static const char *const values[] = {"\\\"q\\\"", "'q'", "|",     ">-",  "&a b",
                                         "!!str b",   "# c", "b # c", "<<",  "b: c",
                                         "- b",       "b ",  "'",     "\\\""};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char options[64];
        snprintf(options, sizeof options, "{\"x\": \"%s\"}", values[i]);
        creg_status status = run(YAML, "a: {{ opts.x }}\nb: 1\n", options);
        if (strcmp(values[i], "<<") == 0)
            assert_int_equal(status, CREG_OK); /* as a value it is text */
        else if (status != CREG_INVALID)
            fail_msg("%s gave %s", values[i], creg_status_name(status));
    }
    assert_refused(YAML, "a:\n  {{ opts.x }}: {b: 1}\n", "{\"x\": \"<<\"}", CREG_INVALID, 2, 0,
                   "'<<'");
}

static void test_body__a_comment_holds_a_line_of_anything(void **state)
{
    (void)state;
    assert_pairs(YAML, "a: 1 # {{ opts.x }}\n# {{ opts.x }}\nb: 2\n",
                 "{\"x\": \"it's {all} \\\"fine\\\": #\"}", "a=1;b=2;");
    assert_refused(YAML, "a: 1 # {{ opts.x }}\n", "{\"x\": \"x\\nadmin: 1\"}", CREG_INVALID, 1,
                   0, "is not one YAML scalar");
    assert_refused(YAML, "a: 1{{ opts.x }}\n", "{\"x\": \" # x\"}", CREG_INVALID, 1, 0,
                   "is not one YAML scalar");
}

static void test_body__ways_around_the_check_are_asked_for(void **state)
{
    (void)state;
    assert_pairs(YAML, "a: {{ opts.x | raw_fragment }}\n", "{\"x\": \"{admin: 1}\"}",
                 "a/admin=1;");
    creg_body_kind off = {.is_unescaped = true};
    assert_pairs(off, "{\"a\": \"{{ opts.x }}\"}", "{\"x\": \"x\\\", \\\"admin\\\": \\\"1\"}",
                 "a=x;admin=1;");
}

static void test_body__tojson_stands_without_quotes(void **state)
{
    (void)state;
    const char *list = "{\"x\": [\"p\", \"q\\\"\"]}";
    assert_pairs(JSON, "{\"a\": {{ opts.x | tojson }}}", list, "a/p=;a/q=22=;");
    assert_pairs(YAML, "a: {{ opts.x | tojson }}\n", list, "a/p=;a/q=22=;");
}

/* ---- kinds ----------------------------------------------------------------------------- */

static void test_body__kinds_come_from_the_template(void **state)
{
    (void)state;
    creg_body_kind kind;
    creg_template template_ = {0};
    assert_int_equal(creg_body_kind_of(&template_, &kind, &err), CREG_OK);
    assert_int_equal(creg_body_kind_index(kind), 0);
    template_.type = creg_slice_of("yaml+jinja2");
    template_.yaml = creg_slice_of("1.1");
    template_.undefined = creg_slice_of("lenient");
    template_.autoescape = creg_slice_of("off");
    assert_int_equal(creg_body_kind_of(&template_, &kind, &err), CREG_OK);
    assert_int_equal(creg_body_kind_index(kind), CREG_BODY_KINDS - 1);
    template_.autoescape = creg_slice_of("maybe");
    assert_int_equal(creg_body_kind_of(&template_, &kind, &err), CREG_INVALID);
    assert_string_equal(err.message,
                        "'autoescape' of a service template is \"on\" or \"off\", not 'maybe'");
    template_.type = creg_slice_of("xml+jinja2");
    assert_int_equal(creg_body_kind_of(&template_, &kind, &err), CREG_UNSUPPORTED_FORMAT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_body__json_becomes_pairs),
        TEST(test_body__yaml_becomes_pairs),
        TEST(test_body__yaml_1_1_is_what_old_bodies_count_on),
        TEST(test_body__both_generations_of_names_are_there),
        TEST(test_body__the_seeds_indentation_is_refused_at_its_line),
        TEST(test_body__null_is_refused_at_its_line),
        TEST(test_body__duplicate_keys_name_both_lines_of_the_body),
        TEST(test_body__text_that_is_no_document_is_refused),
        TEST(test_body__all_undefined_names_are_told),
        TEST(test_body__an_option_cannot_leave_its_quotes),
        TEST(test_body__an_option_outside_quotes_stays_one_scalar),
        TEST(test_body__an_option_brings_no_quotes_tags_or_anchors),
        TEST(test_body__a_comment_holds_a_line_of_anything),
        TEST(test_body__ways_around_the_check_are_asked_for),
        TEST(test_body__tojson_stands_without_quotes),
        TEST(test_body__kinds_come_from_the_template),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
