/* SPDX-License-Identifier: MIT */
/*
 * What a render promises beyond Jinja2's own behaviour (the fixtures and the corpus hold
 * that): structure-safe output and its trace, limits, the untouched context, all missing
 * names at once, places in errors.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "confreg/jinja.h"

typedef struct bench {
    jinja_engine *engine;
    jinja_options options;
    jinja_limits limits;
    jinja_trace trace;
    creg_arena arena;
    creg_value context;
    creg_error err;
    creg_slice text;
} bench;

static void begin(bench *b, const char *context)
{
    memset(b, 0, sizeof *b);
    jinja_options_init(&b->options);
    creg_arena_init(&b->arena, (size_t)1 << 30);
    creg_status status =
        creg_json_parse(creg_slice_of(context), "context", 0, &b->arena, &b->context, &b->err);
    assert_int_equal(status, CREG_OK);
}

static void end(bench *b)
{
    jinja_engine_free(b->engine);
    creg_arena_clear(&b->arena);
}

static creg_status render_with(bench *b, const char *source, jinja_render_options options)
{
    jinja_template *compiled = NULL;
    if (b->engine == NULL)
        assert_int_equal(jinja_engine_new(&b->options, &b->engine, &b->err), CREG_OK);
    creg_status status = jinja_compile(b->engine, creg_slice_of("body"), creg_slice_of(source),
                                       &compiled, &b->err);
    if (status == CREG_OK)
        status = jinja_render(compiled, b->context, &options, &b->arena, &b->text, &b->err);
    jinja_template_free(compiled);
    return status;
}

static creg_status render(bench *b, const char *source)
{
    return render_with(b, source, (jinja_render_options){0});
}

static void assert_text(const bench *b, const char *expected)
{
    char got[1024];
    snprintf(got, sizeof got, "%.*s", (int)b->text.size, b->text.data);
    assert_string_equal(got, expected);
}

static void assert_renders(jinja_autoescape mode, const char *context, const char *source,
                           const char *expected)
{
    bench b;
    begin(&b, context);
    b.options.autoescape = mode;
    creg_status status = render(&b, source);
    if (status != CREG_OK)
        print_error("%s\n", b.err.message);
    assert_int_equal(status, CREG_OK);
    assert_text(&b, expected);
    end(&b);
}

/* ---- structure-safe output ------------------------------------------------------------- */

static void test_jinja__json_value_in_quotes_is_escaped(void **state)
{
    (void)state;
    assert_renders(JINJA_AUTOESCAPE_JSON, "{\"x\": \"a\\\", \\\"admin\\\": \\\"1\\n\"}",
                   "{\"a\": \"{{ x }}\"}", "{\"a\": \"a\\\", \\\"admin\\\": \\\"1\\n\"}");
}

static void test_jinja__json_value_outside_quotes_is_checked(void **state)
{
    (void)state;
    bench b;
    begin(&b, "{\"x\": \"1, \\\"b\\\": 2\", \"n\": 5}");
    b.options.autoescape = JINJA_AUTOESCAPE_JSON;
    jinja_render_options options = {.ret_trace = &b.trace};
    assert_int_equal(render_with(&b, "{\"n\": {{ n }},\n \"a\": {{ x }}}", options), CREG_OK);
    assert_int_equal(b.trace.size, 5);
    assert_true(b.trace.pieces[0].is_literal);
    assert_false(b.trace.pieces[1].is_checked); /* a number */
    assert_true(b.trace.pieces[3].is_checked);
    assert_int_equal(b.trace.pieces[3].line, 2);
    assert_int_equal(b.trace.pieces[3].column, 7);
    end(&b);
}

static void test_jinja__json_quotes_are_followed_behind_values(void **state)
{
    (void)state;
    assert_renders(
        JINJA_AUTOESCAPE_JSON, "{\"n\": 5, \"s\": \"t\", \"q\": \"a\\\"b\"}",
        "[{{ n }}, \"{{ q }}\", {{ s }}, \"{{ q }}{{ n }}\", {{ none }}, \"{{ q }}\"]",
        "[5, \"a\\\"b\", t, \"a\\\"b5\", None, \"a\\\"b\"]");
    assert_renders(
        JINJA_AUTOESCAPE_YAML, "{\"n\": 5, \"q\": \"a\\\"b\"}",
        "{% for i in [1, 2] %}a{{ i }}: {{ n }}\nb{{ i }}: \"{{ q }}\"\n{% endfor %}",
        "a1: 5\nb1: \"a\\\"b\"\na2: 5\nb2: \"a\\\"b\"\n");
}

static void test_jinja__json_template_text_is_structure(void **state)
{
    (void)state;
    bench b;
    begin(&b, "{\"x\": \"q\\\"\"}");
    b.options.autoescape = JINJA_AUTOESCAPE_JSON;
    jinja_render_options options = {.ret_trace = &b.trace};
    const char *body = "{% macro pair(k) %}\"{{ k }}\": \"{{ x }}\"{% endmacro %}"
                       "{% set sep = joiner(', ') %}"
                       "{ {{ sep() }}{{ pair('a') }}{{ sep() }}{{ pair('b') }} }";
    assert_int_equal(render_with(&b, body, options), CREG_OK);
    assert_text(&b, "{ \"a\": \"q\\\"\", \"b\": \"q\\\"\" }");
    for (size_t i = 0; i < b.trace.size; i++)
        assert_false(b.trace.pieces[i].is_checked);
    end(&b);
}

static void test_jinja__json_macro_with_data_outside_is_checked(void **state)
{
    (void)state;
    bench b;
    begin(&b, "{\"x\": \"1, 2\"}");
    b.options.autoescape = JINJA_AUTOESCAPE_JSON;
    jinja_render_options options = {.ret_trace = &b.trace};
    assert_int_equal(
        render_with(&b, "{% macro m() %}[{{ x }}]{% endmacro %}{{ m() }}", options), CREG_OK);
    assert_true(b.trace.pieces[b.trace.size - 1].is_checked);
    end(&b);
}

static void test_jinja__json_value_behind_backslash_is_refused(void **state)
{
    (void)state;
    bench b;
    begin(&b, "{\"x\": \"\\\"\"}");
    b.options.autoescape = JINJA_AUTOESCAPE_JSON;
    assert_int_equal(render(&b, "{\"a\": \"\\{{ x }}\"}"), CREG_TEMPLATE_RUNTIME);
    end(&b);
}

static void test_jinja__yaml_single_quotes_are_doubled(void **state)
{
    (void)state;
    assert_renders(JINJA_AUTOESCAPE_YAML, "{\"x\": \"it's\"}", "a: '{{ x }}'\nb: \"{{ x }}\"\n",
                   "a: 'it''s'\nb: \"it's\"");
}

static void test_jinja__yaml_newline_in_single_quotes_is_refused(void **state)
{
    (void)state;
    bench b;
    begin(&b, "{\"x\": \"a\\nb\"}");
    b.options.autoescape = JINJA_AUTOESCAPE_YAML;
    assert_int_equal(render(&b, "a: '{{ x }}'"), CREG_TEMPLATE_RUNTIME);
    assert_int_equal(b.err.line, 1);
    end(&b);
}

static void test_jinja__yaml_quotes_in_plain_and_block_scalars_are_text(void **state)
{
    (void)state;
    assert_renders(
        JINJA_AUTOESCAPE_YAML, "{\"x\": \"a\\\"b\"}",
        "# don't\ncmd: echo \"{{ x }}\"\nrun: |\n  it's \"{{ x }}\"\nend: \"{{ x }}\"",
        "# don't\ncmd: echo \"a\"b\"\nrun: |\n  it's \"a\"b\"\nend: \"a\\\"b\"");
}

static void test_jinja__yaml_flow_scalars_are_followed(void **state)
{
    (void)state;
    assert_renders(JINJA_AUTOESCAPE_YAML, "{\"x\": \"a\\\"b\"}", "l: [80, \"{{ x }}\"]",
                   "l: [80, \"a\\\"b\"]");
}

static void test_jinja__raw_fragment_goes_in_as_it_is(void **state)
{
    (void)state;
    assert_renders(JINJA_AUTOESCAPE_JSON, "{\"x\": \"\\\"b\\\": 1\"}",
                   "{ {{ x|raw_fragment }} }", "{ \"b\": 1 }");
}

/* ---- the context ------------------------------------------------------------------------ */

static void assert_untouched(const char *source, const char *expected)
{
    bench b;
    begin(&b, "{\"l\": [1]}");
    creg_status status = render(&b, source);
    if (status != CREG_OK)
        print_error("%s\n", b.err.message);
    assert_int_equal(status, CREG_OK);
    assert_text(&b, expected);
    assert_int_equal(creg_map_get_text(b.context.as.map, creg_slice_of("l"))->as.list->size, 1);
    end(&b);
}

static void test_jinja__append_leaves_the_context_alone(void **state)
{
    (void)state;
    assert_untouched("{{ l.append(2) }}{{ l }}", "None[1, 2]");
}

static void test_jinja__method_by_computed_name_leaves_the_context_alone(void **state)
{
    (void)state;
    assert_untouched("x{{ l['app' ~ 'end'](2) }}{{ l }}", "xNone[1, 2]");
    assert_untouched("{% set f = l|attr('append') %}{{ f(3) }}{{ l }}", "None[1, 3]");
}

/* ---- limits ----------------------------------------------------------------------------- */

static void assert_limited(const char *source, jinja_limits limits, const char *word)
{
    bench b;
    begin(&b, "{}");
    jinja_render_options options = {.limits = &limits};
    assert_int_equal(render_with(&b, source, options), CREG_LIMIT);
    if (strstr(b.err.message, word) == NULL)
        print_error("message: %s\n", b.err.message);
    assert_non_null(strstr(b.err.message, word));
    assert_true(b.err.line >= 1);
    assert_true(b.err.hint[0] != '\0');
    end(&b);
}

static void test_jinja__limits_say_which_and_where(void **state)
{
    (void)state;
    jinja_limits fuel = {.fuel = 1000};
    jinja_limits output = {.output_bytes = 100};
    jinja_limits memory = {.memory_bytes = 1024 * 1024};
    assert_limited("{% for i in range(100000) %}{% endfor %}", fuel, "steps");
    assert_limited("{% for i in range(100000) %}text{% endfor %}", output, "output");
    assert_limited("{{ ('x' * 10000000)|length }}", memory, "memory");
    assert_limited("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", (jinja_limits){0},
                   "nest");
    assert_limited("{{ 10 ** (10 ** 10) }}", (jinja_limits){0}, "digits");
}

static void test_jinja__deep_source_is_a_limit(void **state)
{
    (void)state;
    enum { DEPTH = 5000 };
    static char source[DEPTH * 4 + 16];
    bench b;
    begin(&b, "{}");
    memset(source, '(', DEPTH + 3);
    memcpy(source, "{{ ", 3);
    strcpy(source + DEPTH + 3, "1");
    assert_int_equal(render(&b, source), CREG_LIMIT);
    end(&b);
    begin(&b, "{}");
    strcpy(source, "{{ 1");
    for (int i = 0; i < DEPTH; i++)
        strcat(source + i * 2 + 4, "+1");
    strcat(source, " }}");
    assert_int_equal(render(&b, source), CREG_OK);
    assert_text(&b, "5001");
    end(&b);
}

static void *run_deep(void *user)
{
    bench *b = user;
    static char source[4096];
    size_t at = (size_t)snprintf(source, sizeof source, "{%% macro m(n) %%}{{ ");
    for (int i = 0; i < 60; i++)
        at += (size_t)snprintf(source + at, sizeof source - at, "(1 + ");
    at += (size_t)snprintf(source + at, sizeof source - at, "(m(n + 1)|length)");
    for (int i = 0; i < 60; i++)
        at += (size_t)snprintf(source + at, sizeof source - at, ")");
    snprintf(source + at, sizeof source - at, " }}{%% endmacro %%}{{ m(0) }}");
    creg_status status = render(b, source);
    b->limits.fuel = (uint64_t)status;
    return NULL;
}

/* What the manual promises; a sanitizer's frames are several times as large. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SMALL_STACK = 4 * 512 * 1024 };
#else
enum { SMALL_STACK = 512 * 1024 };
#endif

static void test_jinja__recursion_fits_a_small_stack(void **state)
{
    (void)state;
    bench b;
    pthread_t thread;
    pthread_attr_t attributes;
    begin(&b, "{}");
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, SMALL_STACK);
    assert_int_equal(pthread_create(&thread, &attributes, run_deep, &b), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    assert_int_equal(b.limits.fuel, CREG_LIMIT);
    end(&b);
}

static void test_jinja__cancel_stops_a_loop(void **state)
{
    (void)state;
    static volatile int cancel = 1;
    bench b;
    begin(&b, "{}");
    jinja_render_options options = {.cancel = &cancel};
    assert_int_equal(render_with(&b, "{% for i in range(9) %}x{% endfor %}", options),
                     CREG_CANCELLED);
    end(&b);
}

/* ---- errors ------------------------------------------------------------------------------ */

static void test_jinja__strict_lists_all_missing_names(void **state)
{
    (void)state;
    bench b;
    begin(&b, "{\"opts\": {\"slaves\": 2}, \"user\": \"u\"}");
    b.options.undefined = JINJA_UNDEFINED_STRICT;
    jinja_render_options options = {.collect_undefined = true};
    const char *body = "{{ usr }}\n{{ user }}{{ maybe|default('x') }}{{ opts['slave'] }}\n"
                       "{{ version }}{% if other is defined %}{{ other }}{% endif %}";
    assert_int_equal(render_with(&b, body, options), CREG_TEMPLATE_UNDEFINED);
    assert_non_null(strstr(b.err.message, "usr (line 1:4)"));
    assert_non_null(strstr(b.err.message, "opts['slave'] (line 2"));
    assert_non_null(strstr(b.err.message, "version (line 3:4)"));
    assert_null(strstr(b.err.message, "maybe"));
    assert_null(strstr(b.err.message, "other"));
    assert_string_equal(b.err.hint, "did you mean 'user'?");
    assert_int_equal(b.err.line, 1);
    end(&b);
}

static void test_jinja__error_has_place_and_snippet(void **state)
{
    (void)state;
    bench b;
    begin(&b, "{}");
    assert_int_equal(render(&b, "a\n  {{ 1 / 0 }}"), CREG_TEMPLATE_RUNTIME);
    assert_string_equal(b.err.type, "ZeroDivisionError");
    assert_string_equal(b.err.message, "division by zero");
    assert_string_equal(b.err.source, "body");
    assert_int_equal(b.err.line, 2);
    assert_int_equal(b.err.column, 8);
    assert_string_equal(b.err.snippet, "  {{ 1 / 0 }}");
    end(&b);
}

static void test_jinja__source_that_is_not_utf8_is_refused(void **state)
{
    (void)state;
    bench b;
    begin(&b, "{}");
    assert_int_equal(render(&b, "a\xFF"), CREG_INVALID);
    end(&b);
}

/* ---- the rest of the interface ------------------------------------------------------------ */

static void test_jinja__expressions_give_values(void **state)
{
    (void)state;
    bench b;
    creg_value value;
    begin(&b, "{\"a\": {\"b\": [1, 2]}}");
    assert_int_equal(jinja_engine_new(NULL, &b.engine, &b.err), CREG_OK);
    assert_int_equal(jinja_evaluate(b.engine, creg_slice_of("a.b[1] + 40"), b.context, &b.arena,
                                    &value, &b.err),
                     CREG_OK);
    assert_int_equal(value.kind, CREG_KIND_INT);
    assert_int_equal(value.as.integer, 42);
    assert_int_equal(
        jinja_evaluate(b.engine, creg_slice_of("nope"), b.context, &b.arena, &value, &b.err),
        CREG_OK);
    assert_int_equal(value.kind, CREG_KIND_NONE);
    assert_int_equal(
        jinja_evaluate(b.engine, creg_slice_of("1 +"), b.context, &b.arena, &value, &b.err),
        CREG_TEMPLATE_SYNTAX);
    end(&b);
}

static void test_jinja__names_are_told_without_rendering(void **state)
{
    (void)state;
    bench b;
    jinja_template *compiled;
    creg_value names;
    creg_slice text;
    begin(&b, "{}");
    assert_int_equal(jinja_engine_new(NULL, &b.engine, &b.err), CREG_OK);
    const char *source = "{% set a = b %}{{ a }}{% for x in range(c) %}{{ x }}{% endfor %}"
                         "{% include ['one', other] %}{% import 'lib' as l %}";
    assert_int_equal(
        jinja_compile(b.engine, creg_slice_of("t"), creg_slice_of(source), &compiled, &b.err),
        CREG_OK);
    assert_int_equal(jinja_undeclared(compiled, &b.arena, &names, &b.err), CREG_OK);
    assert_int_equal(creg_value_repr(names, &b.arena, &text, &b.err), CREG_OK);
    assert_memory_equal(text.data, "['b', 'c', 'other']", text.size);
    assert_int_equal(jinja_referenced(compiled, &b.arena, &names, &b.err), CREG_OK);
    assert_int_equal(creg_value_repr(names, &b.arena, &text, &b.err), CREG_OK);
    assert_memory_equal(text.data, "['one', None, 'lib']", text.size);
    jinja_template_free(compiled);
    end(&b);
}

static creg_status shout(void *user, const jinja_arguments *arguments, creg_arena *arena,
                         creg_value *ret_value, creg_error *err)
{
    (void)user;
    (void)arena;
    (void)err;
    *ret_value = creg_value_int((int64_t)(arguments->count + 10 * arguments->keyword_count));
    return CREG_OK;
}

static void test_jinja__host_functions_are_called(void **state)
{
    (void)state;
    bench b;
    begin(&b, "{}");
    assert_int_equal(jinja_engine_new(NULL, &b.engine, &b.err), CREG_OK);
    assert_int_equal(jinja_add_filter(b.engine, "f", shout, NULL, &b.err), CREG_OK);
    assert_int_equal(jinja_add_function(b.engine, "g", shout, NULL, &b.err), CREG_OK);
    assert_int_equal(jinja_add_global(b.engine, "k", creg_value_int(7), &b.err), CREG_OK);
    assert_int_equal(render(&b, "{{ 1|f(2, z=3) }} {{ g() }} {{ k }} {{ [1]|map('f')|list }}"),
                     CREG_OK);
    assert_text(&b, "12 0 7 [1]");
    end(&b);
}

/* ---- objects of the host ----------------------------------------------------------------- */

/* A counter: an attribute, an item, a call, an iterator that ends at `limit`. */
typedef struct counter {
    int64_t at, limit;
} counter;

static creg_status counter_attribute(void *user, creg_slice name, creg_arena *arena,
                                     creg_value *ret_value, creg_error *err)
{
    const counter *self = user;
    (void)arena;
    (void)err;
    if (!creg_slice_equal(name, creg_slice_of("at")) &&
        !creg_slice_equal(name, creg_slice_of("_at")))
        return CREG_NOT_FOUND;
    *ret_value = creg_value_int(self->at);
    return CREG_OK;
}

static creg_status counter_call(void *user, const jinja_arguments *arguments, creg_arena *arena,
                                creg_value *ret_value, creg_error *err)
{
    const counter *self = user;
    (void)arena;
    (void)err;
    *ret_value = creg_value_int(self->limit + (int64_t)arguments->count);
    return CREG_OK;
}

static creg_status counter_next(void *user, creg_arena *arena, creg_value *ret_item,
                                creg_error *err)
{
    counter *self = user;
    (void)arena;
    (void)err;
    if (self->at == self->limit)
        return CREG_NOT_FOUND;
    *ret_item = creg_value_int(self->at++);
    return CREG_OK;
}

static const jinja_object_class counter_class = {
    .attribute = counter_attribute, .call = counter_call, .next = counter_next};

static void put_counter(bench *b, counter *self)
{
    creg_value value;
    assert_int_equal(
        jinja_object_new(&counter_class, "counter", self, &b->arena, &value, &b->err), CREG_OK);
    assert_ptr_equal(jinja_object_user(value), self);
    assert_null(jinja_object_user(b->context));
    assert_true(creg_map_set_text(&b->arena, b->context.as.map, creg_slice_of("c"), value));
}

static void test_jinja__host_objects_do_what_their_class_says(void **unused)
{
    (void)unused;
    bench b;
    counter self = {.at = 1, .limit = 3};
    begin(&b, "{}");
    put_counter(&b, &self);
    assert_int_equal(render(&b, "{{ c.at }} {{ c.no }} {{ c(5) }} "
                                "{% for i in c %}{{ i }}{% endfor %} {{ c.at }}"),
                     CREG_OK);
    assert_text(&b, "1  4 12 3");
    assert_int_equal(render(&b, "{{ c + 1 }}"), CREG_TEMPLATE_RUNTIME);
    assert_int_equal(render(&b, "{{ c|length }}"), CREG_TEMPLATE_RUNTIME);
    end(&b);
}

static void test_jinja__the_sandbox_is_asked_before_the_host(void **unused)
{
    (void)unused;
    bench b;
    counter self = {.at = 1, .limit = 3};
    begin(&b, "{}");
    b.options.sandbox = JINJA_SANDBOX_STANDARD;
    put_counter(&b, &self);
    assert_int_equal(render(&b, "[{{ c._at }}]"), CREG_OK);
    assert_text(&b, "[]");
    end(&b);
}

static void test_jinja__globals_of_a_render_come_first(void **unused)
{
    (void)unused;
    bench b;
    begin(&b, "{\"n\": 1}");
    creg_map *globals = creg_map_new(&b.arena, 2);
    creg_map_set_text(&b.arena, globals, creg_slice_of("k"), creg_value_int(8));
    creg_map_set_text(&b.arena, globals, creg_slice_of("n"), creg_value_int(9));
    assert_int_equal(jinja_engine_new(NULL, &b.engine, &b.err), CREG_OK);
    assert_int_equal(jinja_add_global(b.engine, "k", creg_value_int(7), &b.err), CREG_OK);
    jinja_render_options options = {.globals = globals};
    assert_int_equal(render_with(&b, "{{ k }}{{ n }}", options), CREG_OK);
    assert_text(&b, "81");
    assert_int_equal(render(&b, "{{ k }}{{ n }}"), CREG_OK);
    assert_text(&b, "71");
    end(&b);
}

static void test_jinja__an_owned_context_is_changed_in_place(void **unused)
{
    (void)unused;
    bench b;
    begin(&b, "{\"l\": [1]}");
    const creg_value *list = creg_map_get_text(b.context.as.map, creg_slice_of("l"));
    assert_int_equal(render(&b, "{{ l.append(2) }}{{ l }}"), CREG_OK);
    assert_int_equal(list->as.list->size, 1);
    jinja_render_options options = {.owns_context = true};
    assert_int_equal(render_with(&b, "{{ l.append(2) }}{{ l }}", options), CREG_OK);
    assert_text(&b, "None[1, 2]");
    assert_int_equal(list->as.list->size, 2);
    end(&b);
}

static creg_status dash_for_none(void *user, const jinja_arguments *arguments,
                                 creg_arena *arena, creg_value *ret_value, creg_error *err)
{
    (void)user;
    (void)arena;
    (void)err;
    bool none = creg_value_is(arguments->positional[0], CREG_KIND_NONE);
    *ret_value = none ? creg_value_cstring("-") : arguments->positional[0];
    return CREG_OK;
}

static bool is_named_body(void *user, creg_slice name)
{
    (void)user;
    return creg_slice_equal(name, creg_slice_of("body"));
}

static void test_jinja__finalize_and_autoescape_by_name(void **unused)
{
    (void)unused;
    bench b;
    begin(&b, "{\"x\": null, \"y\": \"<\"}");
    b.options.finalize = dash_for_none;
    b.options.autoescape_for = is_named_body;
    assert_int_equal(render(&b, "{{ x }}{{ none }}{{ y }}{{ 1 }}<"), CREG_OK);
    assert_text(&b, "--&lt;1<");
    end(&b);
}

/* A global belongs to all renders and all threads: what one of them appends stays its own. */
static void test_jinja__a_global_list_is_not_changed(void **state)
{
    (void)state;
    bench b;
    creg_value list;
    begin(&b, "{\"g\": {\"a\": [1]}}");
    const creg_value globals = b.context;
    b.context = creg_value_none();
    b.options.extensions = JINJA_EXTENSION_DO;
    assert_int_equal(jinja_engine_new(&b.options, &b.engine, &b.err), CREG_OK);
    assert_int_equal(creg_json_parse(creg_slice_of("[1, [2]]"), "", 0, &b.arena, &list, &b.err),
                     CREG_OK);
    assert_int_equal(jinja_add_global(b.engine, "l", list, &b.err), CREG_OK);
    const char *body =
        "{% do l.append(3) %}{% do (l|attr('append'))(4) %}{% do l[1].append(5) %}"
        "{% do g.a.append(6) %}{{ l }}{{ g }}";
    creg_arena kept = b.arena;
    creg_arena_init(&b.arena, (size_t)1 << 30);
    for (int round = 0; round < 4; round++) {
        jinja_render_options options = {.globals = globals.as.map,
                                        .owns_context = round % 2 == 1};
        assert_int_equal(render_with(&b, body, options), CREG_OK);
        assert_text(&b, "[1, [2, 5], 3, 4]{'a': [1, 6]}");
        creg_arena_clear(&b.arena); /* with it all that the render made */
    }
    creg_arena_clear(&kept);
    end(&b);
}

/* Texts count for what they take: the room that the arena has already is not to be missed. */
static void test_jinja__a_memory_limit_can_be_used_up(void **state)
{
    (void)state;
    bench b;
    begin(&b, "{}");
    b.options.extensions = JINJA_EXTENSION_DO;
    jinja_limits limits = {.memory_bytes = 300 * 1024};
    jinja_render_options options = {.limits = &limits};
    creg_arena kept = b.arena;
    creg_arena_init(&b.arena, (size_t)1 << 30);
    const char *fits =
        "{% set l = [] %}{% for i in range(800) %}{% do l.append('a' * (300 + 0 * i)) %}"
        "{% endfor %}{{ l|length }}";
    assert_int_equal(render_with(&b, fits, options), CREG_OK);
    assert_text(&b, "800");
    creg_arena_clear(&b.arena);
    const char *too_much =
        "{% set l = [] %}{% for i in range(1100) %}{% do l.append('a' * (300 + 0 * i)) %}"
        "{% endfor %}{{ l|length }}";
    assert_int_equal(render_with(&b, too_much, options), CREG_LIMIT);
    creg_arena_clear(&kept);
    end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jinja__json_value_in_quotes_is_escaped),
        cmocka_unit_test(test_jinja__json_value_outside_quotes_is_checked),
        cmocka_unit_test(test_jinja__json_quotes_are_followed_behind_values),
        cmocka_unit_test(test_jinja__json_template_text_is_structure),
        cmocka_unit_test(test_jinja__json_macro_with_data_outside_is_checked),
        cmocka_unit_test(test_jinja__json_value_behind_backslash_is_refused),
        cmocka_unit_test(test_jinja__yaml_single_quotes_are_doubled),
        cmocka_unit_test(test_jinja__yaml_newline_in_single_quotes_is_refused),
        cmocka_unit_test(test_jinja__yaml_quotes_in_plain_and_block_scalars_are_text),
        cmocka_unit_test(test_jinja__yaml_flow_scalars_are_followed),
        cmocka_unit_test(test_jinja__raw_fragment_goes_in_as_it_is),
        cmocka_unit_test(test_jinja__append_leaves_the_context_alone),
        cmocka_unit_test(test_jinja__method_by_computed_name_leaves_the_context_alone),
        cmocka_unit_test(test_jinja__limits_say_which_and_where),
        cmocka_unit_test(test_jinja__deep_source_is_a_limit),
        cmocka_unit_test(test_jinja__recursion_fits_a_small_stack),
        cmocka_unit_test(test_jinja__cancel_stops_a_loop),
        cmocka_unit_test(test_jinja__strict_lists_all_missing_names),
        cmocka_unit_test(test_jinja__error_has_place_and_snippet),
        cmocka_unit_test(test_jinja__source_that_is_not_utf8_is_refused),
        cmocka_unit_test(test_jinja__expressions_give_values),
        cmocka_unit_test(test_jinja__names_are_told_without_rendering),
        cmocka_unit_test(test_jinja__host_functions_are_called),
        cmocka_unit_test(test_jinja__host_objects_do_what_their_class_says),
        cmocka_unit_test(test_jinja__the_sandbox_is_asked_before_the_host),
        cmocka_unit_test(test_jinja__globals_of_a_render_come_first),
        cmocka_unit_test(test_jinja__an_owned_context_is_changed_in_place),
        cmocka_unit_test(test_jinja__a_global_list_is_not_changed),
        cmocka_unit_test(test_jinja__a_memory_limit_can_be_used_up),
        cmocka_unit_test(test_jinja__finalize_and_autoescape_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
