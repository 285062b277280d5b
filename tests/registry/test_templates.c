/* SPDX-License-Identifier: MIT */
/*
 * Service templates: register, read, list, lint, deregister.
 */
#include "suite.h"

static creg_template web(void)
{
    return (creg_template){.name = S("web"),
                           .version = S("1.0"),
                           .description = S("a web site"),
                           .body = S("{\"a\": {{ opts.n }}}"),
                           .options = S("{\"optional\": {\"n\": 1}}")};
}

static void test_template__comes_back_as_registered(void **state)
{
    (void)state;
    creg_template in = web();
    in.orchestrator = S("print('hi')\n");
    in.logo_url = S("http://x/logo.png");
    in.type = S("yaml+jinja2");
    in.body = S("a: {{ opts.n }}\n");
    in.undefined = S("lenient");
    in.yaml = S("1.1");
    in.autoescape = S("off");
    ok(creg_template_register(registry, &in, false, &err));
    creg_template out;
    ok(creg_template_get(registry, S("web"), S("1.0"), &arena, &out, &err));
    expect_text("web", out.name);
    expect_text("1.0", out.version);
    expect_text("a web site", out.description);
    expect_text("a: {{ opts.n }}\n", out.body);
    expect_text("yaml+jinja2", out.type);
    expect_text("{\"optional\": {\"n\": 1}}", out.options);
    expect_text("print('hi')\n", out.orchestrator);
    expect_text("http://x/logo.png", out.logo_url);
    expect_text("lenient", out.undefined);
    expect_text("1.1", out.yaml);
    expect_text("off", out.autoescape);
    assert_int_equal(32, out.digest.size);
}

static void test_template__lies_in_the_store_as_upstream_has_it(void **state)
{
    (void)state;
    creg_template in = web();
    ok(creg_template_register(registry, &in, false, &err));
    assert_string_equal("templates/web/1.0/description=a web site\n"
                        "templates/web/1.0/logo_url=\n"
                        "templates/web/1.0/name=web\n"
                        "templates/web/1.0/options={\"optional\": {\"n\": 1}}\n"
                        "templates/web/1.0/orchestrator=\n"
                        "templates/web/1.0/template={\"a\": {{ opts.n }}}\n"
                        "templates/web/1.0/templatetype=json+jinja2\n"
                        "templates/web/1.0/version=1.0\n",
                        dump());
}

/* B17 */
static void test_template__is_not_replaced_unless_asked(void **state)
{
    (void)state;
    creg_template in = web();
    in.undefined = S("lenient");
    ok(creg_template_register(registry, &in, false, &err));
    const char *before = dump();
    in.body = S("{}");
    expect(CREG_EXISTS, creg_template_register(registry, &in, false, &err));
    assert_string_equal(before, dump());
    in.undefined = S("");
    ok(creg_template_register(registry, &in, true, &err));
    creg_template out;
    ok(creg_template_get(registry, S("web"), S("1.0"), &arena, &out, &err));
    expect_text("{}", out.body);
    expect_text("", out.undefined); /* what is not given any more is gone */
}

static void test_template__digest_tells_what_is_rendered(void **state)
{
    (void)state;
    creg_template in = web();
    creg_template first, second;
    ok(creg_template_register(registry, &in, false, &err));
    ok(creg_template_get(registry, S("web"), S("1.0"), &arena, &first, &err));
    in.description = S("other words");
    ok(creg_template_register(registry, &in, true, &err));
    ok(creg_template_get(registry, S("web"), S("1.0"), &arena, &second, &err));
    assert_true(creg_slice_equal(first.digest, second.digest));
    in.undefined = S("lenient");
    ok(creg_template_register(registry, &in, true, &err));
    ok(creg_template_get(registry, S("web"), S("1.0"), &arena, &second, &err));
    assert_false(creg_slice_equal(first.digest, second.digest));
}

/* B19 */
static void test_template__bad_ones_are_refused_at_register(void **state)
{
    (void)state;
    static const struct {
        const char *body, *type, *options, *undefined;
        creg_status status;
    } rows[] = {
        {"{% if %}", "", "", "", CREG_TEMPLATE_SYNTAX},
        {"{{ ", "", "", "", CREG_TEMPLATE_SYNTAX},
        {"{}", "xml+jinja2", "", "", CREG_UNSUPPORTED_FORMAT},
        {"{}", "", "{'a': 1}", "", CREG_INVALID_OPTIONS},
        {"{}", "", "[]", "", CREG_INVALID_OPTIONS},
        {"{}", "", "{\"required\": 5}", "", CREG_INVALID_OPTIONS},
        {"{}", "", "{\"requird\": {}}", "", CREG_INVALID_OPTIONS},
        {"{}", "", "{\"required\": {\"a\": 1, \"a\": 2}}", "", CREG_INVALID_OPTIONS},
        {"{}", "", "", "loose", CREG_INVALID},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        creg_template in = {.name = S("web"),
                            .version = S("1.0"),
                            .body = S(rows[i].body),
                            .type = S(rows[i].type),
                            .options = S(rows[i].options),
                            .undefined = S(rows[i].undefined)};
        expect(rows[i].status, creg_template_register(registry, &in, false, &err));
    }
    assert_string_equal("", dump());
}

static void test_template__syntax_error_has_a_place(void **state)
{
    (void)state;
    creg_template in = web();
    in.body = S("{\n\"a\": 1\n{% endfor %}}");
    expect(CREG_TEMPLATE_SYNTAX, creg_template_register(registry, &in, false, &err));
    assert_int_equal(3, err.line);
    assert_string_equal("web/1.0", err.source);
    assert_non_null(strstr(err.snippet, "endfor"));
}

static const char long_name[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

static const creg_slice bad_names[] = {
    {"", 0},
    {".", 1},
    {"..", 2},
    {"a/b", 3},
    {"a\0b", 3},
    {"a\nb", 3},
    {"\xff\xfe", 2},
    {"\xc0\xaf", 2},
    {"\x7f", 1},
    {"\xed\xa0\x80", 3},
    {long_name, sizeof long_name - 1},
};

static void test_template__bad_names_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_names / sizeof bad_names[0]; i++) {
        creg_template in = web();
        creg_template out;
        in.name = bad_names[i];
        expect(CREG_INVALID_NAME, creg_template_register(registry, &in, false, &err));
        expect_said("name");
        in = web();
        in.version = bad_names[i];
        expect(CREG_INVALID_NAME, creg_template_register(registry, &in, false, &err));
        expect_said("version");
        expect(CREG_INVALID_NAME,
               creg_template_get(registry, bad_names[i], S("1"), &arena, &out, &err));
        expect(CREG_INVALID_NAME,
               creg_template_deregister(registry, S("a"), bad_names[i], &arena, NULL, &err));
    }
    assert_string_equal("", dump());
}

/* B26 */
static void test_template__odd_names_stay_apart(void **state)
{
    (void)state;
    static const char *const names[] = {"c++", "a b", "a?b", "a%b",  "a#b",
                                        "a=b", "a,b", "ü",   "a..b", "..."};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        given_template(names[i], "1.0", "{\"a\": 1}", "");
        creg_template out;
        ok(creg_template_get(registry, S(names[i]), S("1.0"), &arena, &out, &err));
        expect_text(names[i], out.name);
        creg_slice dn = given_instance(names[i], names[i], "1.0");
        assert_string_equal("1", property_of(dn, "a"));
        creg_instance instance;
        ok(creg_instance_get(registry, dn, &arena, &instance, &err));
        expect_text(names[i], instance.user);
        expect_text(names[i], instance.name);
    }
    creg_templates list;
    ok(creg_template_list(registry, S(""), &arena, &list, &err));
    assert_int_equal(sizeof names / sizeof names[0], list.size);
}

static void test_template__absent_one_gets_a_hint(void **state)
{
    (void)state;
    given_template("hadoop", "1.0", "{}", "");
    given_template("hadoop", "2.0", "{}", "");
    given_template("mongodb", "3.0", "{}", "");
    creg_template out;
    expect(CREG_NOT_FOUND,
           creg_template_get(registry, S("hadop"), S("1.0"), &arena, &out, &err));
    expect_said("did you mean 'hadoop'");
    expect(CREG_NOT_FOUND,
           creg_template_get(registry, S("hadoop"), S("1"), &arena, &out, &err));
    expect_said("1.0");
    expect_said("2.0");
    expect(CREG_NOT_FOUND,
           creg_template_get(registry, S("mongodb"), S("1"), &arena, &out, &err));
    expect_said("3.0");
}

/* B4 */
static void test_template__list_is_exact_and_natural(void **state)
{
    (void)state;
    given_template("cdh", "5.10.0", "{}", "");
    given_template("cdh", "5.7.0", "{}", "");
    given_template("cdh-extra", "1", "{}", "");
    given_template("a10", "1", "{}", "");
    given_template("a2", "1", "{}", "");
    creg_templates list;
    ok(creg_template_list(registry, S("cdh"), &arena, &list, &err));
    assert_int_equal(2, list.size);
    expect_text("5.7.0", list.items[0].version);
    expect_text("5.10.0", list.items[1].version);
    expect_text("json+jinja2", list.items[0].type);
    expect_text("", list.items[0].body);
    ok(creg_template_list(registry, S(""), &arena, &list, &err));
    assert_int_equal(5, list.size);
    expect_text("a2", list.items[0].name);
    expect_text("a10", list.items[1].name);
    ok(creg_template_list(registry, S("none"), &arena, &list, &err));
    assert_int_equal(0, list.size);
}

static void test_template__list_shows_descriptions(void **state)
{
    (void)state;
    creg_template in = web();
    in.type = S("yaml+jinja2");
    in.undefined = S("lenient");
    ok(creg_template_register(registry, &in, false, &err));
    creg_templates list;
    ok(creg_template_list(registry, S(""), &arena, &list, &err));
    assert_int_equal(1, list.size);
    expect_text("a web site", list.items[0].description);
    expect_text("yaml+jinja2", list.items[0].type);
    expect_text("lenient", list.items[0].undefined);
}

/* B3 */
static void test_template__deregister_takes_exactly_one(void **state)
{
    (void)state;
    given_template("cdh", "5.7", "{}", "");
    given_template("cdh", "5.7.0", "{}", "");
    ok(creg_template_deregister(registry, S("cdh"), S("5.7"), &arena, NULL, &err));
    creg_template out;
    expect(CREG_NOT_FOUND, creg_template_get(registry, S("cdh"), S("5.7"), &arena, &out, &err));
    ok(creg_template_get(registry, S("cdh"), S("5.7.0"), &arena, &out, &err));
    expect(CREG_NOT_FOUND,
           creg_template_deregister(registry, S("cdh"), S("5.7"), &arena, NULL, &err));
}

/* B32 */
static void test_template__deregister_tells_its_instances(void **state)
{
    (void)state;
    given_template("web", "1", "{\"a\": 1}", "");
    given_template("web", "1.0", "{\"a\": 1}", "");
    given_instance("ann", "web", "1");
    given_instance("bob", "web", "1");
    given_instance("bob", "web", "1.0");
    creg_names names;
    ok(creg_template_deregister(registry, S("web"), S("1"), &arena, &names, &err));
    assert_string_equal("instances/ann/web/1/1 instances/bob/web/1/1", names_of(names));
    assert_string_equal("1", property_of(S("ann/web/1/1"), "a"));
}

static void test_template__options_are_described(void **state)
{
    (void)state;
    given_template("web", "1.0", "{}",
                   "{\"required\": {\"slaves.number\": 4}, \"optional\": {\"mem\": \"4G\"},"
                   " \"advanced\": {\"fast\": true}, \"descriptions\": {\"mem\": \"Memory\"}}");
    creg_template out;
    creg_options options;
    ok(creg_template_get(registry, S("web"), S("1.0"), &arena, &out, &err));
    ok(creg_template_options(&out, &arena, &options, &err));
    assert_int_equal(3, options.size);
    expect_text("slaves.number", options.items[0].name);
    expect_text("required", options.items[0].group);
    expect_text("integer", options.items[0].type);
    expect_text("Memory", options.items[1].description);
    expect_text("boolean", options.items[2].type);
}

static void test_template__of_upstream_can_be_used(void **state)
{
    (void)state;
    put_raw("templates/old/1.0/name", "old");
    put_raw("templates/old/1.0/version", "1.0");
    put_raw("templates/old/1.0/template", "{\"n\": {{ opts.n }}}");
    put_raw("templates/old/1.0/options",
            "{\"required\": {}, \"optional\": {\"n\": 3}, \"advanced\": {}}");
    put_raw("templates/old/1.0/sub/template", "not this one");
    creg_slice dn = given_instance("ann", "old", "1.0");
    assert_string_equal("3", property_of(dn, "n"));
}

static void test_template__changed_behind_our_back_is_compiled_again(void **state)
{
    (void)state;
    given_template("web", "1.0", "{\"a\": 1}", "");
    assert_string_equal("1", property_of(given_instance("ann", "web", "1.0"), "a"));
    put_raw("templates/web/1.0/template", "{\"a\": 2}");
    assert_string_equal("2", property_of(given_instance("ann", "web", "1.0"), "a"));
}

static void test_template__more_bodies_than_the_cache_keeps(void **state)
{
    (void)state;
    char name[16];
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 80; i++) {
            char body[32];
            snprintf(name, sizeof name, "t%d", i);
            snprintf(body, sizeof body, "{\"a\": \"v%d\"}", i);
            if (round == 0)
                given_template(name, "1", body, "");
            snprintf(body, sizeof body, "v%d", i);
            assert_string_equal(body, property_of(given_instance("ann", name, "1"), "a"));
        }
}

/* ---- lint ---------------------------------------------------------------------------------- */

static creg_findings lint(const char *type, const char *body, const char *options)
{
    creg_template in = {.name = S("t"),
                        .version = S("1"),
                        .type = S(type),
                        .body = S(body),
                        .options = S(options)};
    creg_findings findings;
    ok(creg_template_lint(registry, &in, creg_value_none(), &arena, &findings, &err));
    return findings;
}

static void expect_finding(creg_findings findings, const char *rule, uint32_t line,
                           bool is_error)
{
    for (size_t i = 0; i < findings.size; i++)
        if (creg_slice_equal(findings.items[i].rule, S(rule))) {
            assert_int_equal(line, findings.items[i].line);
            assert_int_equal(is_error, findings.items[i].is_error);
            return;
        }
    for (size_t i = 0; i < findings.size; i++)
        print_error("found %.*s: %.*s\n", SHOW(findings.items[i].rule),
                    SHOW(findings.items[i].message));
    fail_msg("no finding of rule %s", rule);
}

static void test_lint__good_template_has_no_findings(void **state)
{
    (void)state;
    assert_int_equal(0, lint("", "{\"nodes\": {\"n\": {\"name\": \"n\"}}, \"a\": {{ opts.n }}}",
                             "{\"required\": {\"n\": 1}}")
                            .size);
    assert_string_equal("", dump());
}

static void test_lint__names_each_fault(void **state)
{
    (void)state;
    expect_finding(lint("toml", "", ""), "template-type", 0, true);
    expect_finding(lint("", "{\n{% for %}", ""), "syntax", 2, true);
    expect_finding(lint("", "{}", "nonsense: ["), "options", 1, true);
    expect_finding(lint("", "{\n\"a\": {{ nobody }}}", ""), "unknown-name", 2, true);
    expect_finding(lint("", "{\n\"a\": {{ 1 // 0 }}}", ""), "render", 2, true);
    expect_finding(lint("", "{\n\"a\": 1,\n\"a\": 2}", ""), "rendered-text", 3, true);
    expect_finding(lint("", "{\"a\": 1,\n\"b\": null}", ""), "tree", 2, true);
}

/* B1, B2: the seed's FIXME, at its line */
static void test_lint__misindented_networks(void **state)
{
    (void)state;
    creg_findings findings = lint("yaml+jinja2",
                                  "nodes:\n"
                                  "  master0:\n"
                                  "    name: master0\n"
                                  "    disks:\n"
                                  "      disk1:\n"
                                  "        type: sata\n"
                                  "        networks:\n"
                                  "          eth0:\n"
                                  "            networkname: admin\n",
                                  "");
    expect_finding(findings, "shape-networks-under-node", 7, true);
}

static void test_lint__takes_given_options(void **state)
{
    (void)state;
    creg_template in = {.name = S("t"),
                        .version = S("1"),
                        .body = S("{\"a\": {{ 10 // opts.n }}}"),
                        .options = S("{\"optional\": {\"n\": 1}}")};
    creg_findings findings;
    ok(creg_template_lint(registry, &in, options_of("{\"n\": 0}"), &arena, &findings, &err));
    expect_finding(findings, "render", 1, true);
    ok(creg_template_lint(registry, &in, options_of("{\"m\": 0}"), &arena, &findings, &err));
    expect_finding(findings, "options", 0, true);
}

static void test_lint__unescaped_option(void **state)
{
    (void)state;
    creg_template in = {.name = S("t"),
                        .version = S("1"),
                        .body = S("{\"a\": 1,\n\"b\": \"{{ opts['n'] }}\"}"),
                        .options = S("{\"optional\": {\"n\": \"x\"}}"),
                        .autoescape = S("off")};
    creg_findings findings;
    ok(creg_template_lint(registry, &in, creg_value_none(), &arena, &findings, &err));
    expect_finding(findings, "unescaped-option", 2, false);
    in.autoescape = S("");
    ok(creg_template_lint(registry, &in, creg_value_none(), &arena, &findings, &err));
    assert_int_equal(0, findings.size);
}

int main(void)
{
    static const struct CMUnitTest templates[] = {
        TEST(test_template__comes_back_as_registered),
        TEST(test_template__lies_in_the_store_as_upstream_has_it),
        TEST(test_template__is_not_replaced_unless_asked),
        TEST(test_template__digest_tells_what_is_rendered),
        TEST(test_template__bad_ones_are_refused_at_register),
        TEST(test_template__syntax_error_has_a_place),
        TEST(test_template__bad_names_are_refused),
        TEST(test_template__odd_names_stay_apart),
        TEST(test_template__absent_one_gets_a_hint),
        TEST(test_template__list_is_exact_and_natural),
        TEST(test_template__list_shows_descriptions),
        TEST(test_template__deregister_takes_exactly_one),
        TEST(test_template__deregister_tells_its_instances),
        TEST(test_template__options_are_described),
        TEST(test_template__of_upstream_can_be_used),
        TEST(test_template__changed_behind_our_back_is_compiled_again),
        TEST(test_template__more_bodies_than_the_cache_keeps),
        TEST(test_lint__good_template_has_no_findings),
        TEST(test_lint__names_each_fault),
        TEST(test_lint__misindented_networks),
        TEST(test_lint__takes_given_options),
        TEST(test_lint__unescaped_option),
    };
    return SUITE_RUN(templates);
}
