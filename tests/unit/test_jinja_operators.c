/* SPDX-License-Identifier: MIT */
/*
 * What the comparison with Jinja2 cannot see of operators, methods and formatting: limits,
 * fuel, and whether text stays trusted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "confreg/jinja.h"

static creg_arena arena;
static jinja_engine *engine;
static creg_value context;

static int begin(void **state)
{
    (void)state;
    creg_arena_init(&arena, (size_t)512 * 1024 * 1024);
    creg_map *map = creg_map_new(&arena, 0);
    creg_map_set_text(&arena, map, creg_slice_of("data"), creg_value_cstring("data"));
    creg_map_set_text(&arena, map, creg_slice_of("number"), creg_value_int(5));
    context = creg_value_map(map);
    return jinja_engine_new(NULL, &engine, NULL) == CREG_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    jinja_engine_free(engine);
    creg_arena_clear(&arena);
    return 0;
}

static creg_status evaluate(const char *expression, creg_value *ret_value, creg_error *err)
{
    return jinja_evaluate(engine, creg_slice_of(expression), context, &arena, ret_value, err);
}

static void test_limits__size_is_checked_before_the_work(void **state)
{
    (void)state;
    static const char *const greedy[] = {
        "'a' * 10**9",
        "[0] * 10**9",
        "(1, 2) * 10**12",
        "10 ** (10 ** number)",
        "'%1000000000d' % number",
        "'%.1000000000f' % number",
        "'%*d' % (10**10, 1)",
        "'{:1000000000}'.format(number)",
        "'{:.1000000000f}'.format(1.5)",
        "'{:>1000000000}'.format(data)",
        "data.center(10**9)",
        "data.ljust(10**12)",
        "data.zfill(10**10)",
        "'\\t'.expandtabs(10**10)",
        "(5).to_bytes(10**9, 'big')",
        "('a' * 10**6).replace('', 'b' * 1000)",
        "(10**9000) * (10**9000)",
        "('a' * 10**7).strip('b' * 10**6)",
        "'é'.rjust(10**9, 'é')",
    };
    for (size_t i = 0; i < sizeof greedy / sizeof greedy[0]; i++) {
        creg_value value;
        creg_error err = {0};
        creg_status status = evaluate(greedy[i], &value, &err);
        if (status != CREG_LIMIT)
            print_error("%s: %s %s\n", greedy[i], creg_status_name(status), err.message);
        assert_int_equal(status, CREG_LIMIT);
    }
}

/* A list of twice the same list, sixty times over: two to the sixtieth leaves. */
static void test_fuel__comparing_is_paid_for(void **state)
{
    (void)state;
    static const char *const ends[] = {"{{ n.a == n.b }}", "{{ n.a < n.b }}",
                                       "{{ n.a in [n.b] }}", "{{ [n.a].index(n.b) }}"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        char source[400] = "{% set n = namespace(a=[1], b=[1]) %}{% for i in range(60) %}"
                           "{% set n.a = [n.a, n.a] %}{% set n.b = [n.b, n.b] %}{% endfor %}";
        strcat(source, ends[i]);
        jinja_template *template_;
        assert_int_equal(
            jinja_compile(engine, creg_slice_of(""), creg_slice_of(source), &template_, NULL),
            CREG_OK);
        jinja_limits limits = {.fuel = 100000};
        jinja_render_options options = {.limits = &limits};
        creg_slice text;
        creg_error err;
        assert_int_equal(jinja_render(template_, context, &options, &arena, &text, &err),
                         CREG_LIMIT);
        assert_non_null(strstr(err.message, "100000 steps"));
        jinja_template_free(template_);
    }
}

/* Only the template's own text and numbers keep a text trusted. */
static void test_trust__is_lost_to_data_only(void **state)
{
    (void)state;
    static const struct {
        const char *expression;
        bool trusted;
    } cases[] = {
        {"'a' ~ 'b'", true},
        {"'a' + 'b'", true},
        {"'a' * number", true},
        {"'a' + data", false},
        {"data + 'a'", false},
        {"data * 2", false},
        {"'%s' % number", true},
        {"'%s' % data", false},
        {"'%s %s' % ('a', data)", false},
        {"'{}'.format(number)", true},
        {"'{}'.format(data)", false},
        {"'{0:{1}}'.format('a', data|length)", true},
        {"'a-b'.replace('-', '_')", true},
        {"'a-b'.replace('-', data)", false},
        {"'a,b'.upper()", true},
        {"data.upper()", false},
        {"'a b'.split()[0]", true},
        {"data.split()[0]", false},
        {"','.join(['a', 'b'])", true},
        {"','.join(['a', data])", false},
        {"data.join(['a', 'b'])", false},
        {"'abc'[1:]", true},
        {"data[1:]", false},
        {"'a'.encode().decode()", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        creg_value value;
        creg_error err = {0};
        assert_int_equal(evaluate(cases[i].expression, &value, &err), CREG_OK);
        bool trusted = (value.flags & CREG_STRING_TRUSTED) != 0;
        if (trusted != cases[i].trusted)
            print_error("%s is %strusted\n", cases[i].expression, trusted ? "" : "not ");
        assert_int_equal(trusted, cases[i].trusted);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_limits__size_is_checked_before_the_work),
        CASE(test_fuel__comparing_is_paid_for),
        CASE(test_trust__is_lost_to_data_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
