/* SPDX-License-Identifier: MIT */
/*
 * One engine and its templates, shared by many threads: compiling, loading and rendering at
 * once must give what one thread gets. Under -Db_sanitize=thread this is the engine's race test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "confreg/jinja.h"
#include "registry/bodies.h"

enum { THREADS = 8, ROUNDS = 60, BODIES = 90 };

/* ---- one engine --------------------------------------------------------------------------- */

static const char *const sources[][2] = {
    {"base", "<{% block title %}base{% endblock %}>{% include 'part' %}"},
    {"part", "{{ names|sort|join(',') }}{% import 'lib' as lib %}{{ lib.double(n) }}"},
    {"lib", "{% macro double(x) %}{{ x * 2 }}{% endmacro %}{% set seen = [] %}"},
    {"page", "{% extends 'base' %}{% block title %}{{ super() }}-{{ n ** 30 }}{% endblock %}"},
    {"loop",
     "{% for k, v in pairs|dictsort %}{{ loop.index }}{{ k }}={{ v|tojson }};{% endfor %}"
     "{% set ns = namespace(total=0) %}{% for i in range(20) %}"
     "{% set ns.total = ns.total + i %}{% endfor %}{{ ns.total }}"},
    {"change",
     "{% do names.append('z') %}{{ names|length }}{{ '%05d|%s'|format(n, names[0]) }}"},
};
enum { SOURCES = sizeof sources / sizeof sources[0] };

static creg_status load(void *user, creg_slice name, creg_arena *arena, creg_slice *ret_source,
                        creg_error *err)
{
    (void)user;
    (void)arena;
    (void)err;
    for (size_t i = 0; i < SOURCES; i++) {
        if (!creg_slice_equal(name, creg_slice_of(sources[i][0])))
            continue;
        *ret_source = creg_slice_of(sources[i][1]);
        return CREG_OK;
    }
    return CREG_NOT_FOUND;
}

typedef struct shared {
    jinja_engine *engine;
    creg_value context;
    char expected[SOURCES][400];
} shared;

/* Template `which` rendered with the common context; "" when anything fails. */
static void render(const shared *all, size_t which, char *out, size_t size)
{
    creg_arena arena;
    creg_error err;
    creg_slice text;
    const jinja_template *loaded;
    out[0] = '\0';
    creg_arena_init(&arena, (size_t)64 * 1024 * 1024);
    creg_status status =
        jinja_load(all->engine, creg_slice_of(sources[which][0]), &loaded, &err);
    if (status == CREG_OK)
        status = jinja_render(loaded, all->context, NULL, &arena, &text, &err);
    if (status == CREG_OK)
        snprintf(out, size, "%.*s", (int)text.size, text.data);
    creg_arena_clear(&arena);
}

/* A body of its own, compiled by the shared engine while others compile and render. */
static bool compile_own(const shared *all, size_t number)
{
    char source[120];
    char expected[40];
    creg_arena arena;
    creg_error err;
    creg_slice text = {NULL, 0};
    jinja_template *own;
    snprintf(source, sizeof source, "{%% include 'part' %%}{{ %zu + 1 }}", number);
    snprintf(expected, sizeof expected, "a,b,c%d%zu", 14, number + 1);
    creg_arena_init(&arena, (size_t)64 * 1024 * 1024);
    bool fine = jinja_compile(all->engine, creg_slice_of("own"), creg_slice_of(source), &own,
                              &err) == CREG_OK;
    if (fine) {
        fine = jinja_render(own, all->context, NULL, &arena, &text, &err) == CREG_OK &&
               creg_slice_equal(text, creg_slice_of(expected));
        jinja_template_free(own);
    }
    creg_arena_clear(&arena);
    return fine;
}

static void *work(void *argument)
{
    const shared *all = argument;
    char text[400];
    size_t wrong = 0;
    for (size_t i = 0; i < ROUNDS; i++) {
        size_t which = i % SOURCES;
        render(all, which, text, sizeof text);
        wrong += strcmp(text, all->expected[which]) != 0;
        wrong += !compile_own(all, i);
    }
    return (void *)(uintptr_t)wrong;
}

static void make_engine(shared *all)
{
    creg_error err;
    jinja_options options;
    jinja_options_init(&options);
    options.loader = load;
    options.extensions = JINJA_EXTENSION_DO;
    assert_int_equal(jinja_engine_new(&options, &all->engine, &err), CREG_OK);
}

static void test_jinja_threads__one_engine_serves_all(void **state)
{
    (void)state;
    shared all = {0};
    creg_arena arena;
    creg_error err;
    creg_arena_init(&arena, (size_t)1024 * 1024);
    const char *context =
        "{\"names\": [\"c\", \"a\", \"b\"], \"n\": 7, \"pairs\": {\"y\": 1, \"x\": 2}}";
    assert_int_equal(
        creg_json_parse(creg_slice_of(context), NULL, 0, &arena, &all.context, &err), CREG_OK);
    make_engine(&all);
    for (size_t i = 0; i < SOURCES; i++) {
        render(&all, i, all.expected[i], sizeof all.expected[i]);
        assert_true(all.expected[i][0] != '\0' || strcmp(sources[i][0], "lib") == 0);
    }
    jinja_engine_free(all.engine);
    make_engine(&all); /* again without anything loaded: the threads race for the first load */

    pthread_t threads[THREADS];
    void *wrong;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &all), 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_int_equal((uintptr_t)wrong, 0);
    }
    jinja_engine_free(all.engine);
    creg_arena_clear(&arena);
}

/* ---- the cache of bodies ------------------------------------------------------------------ */

/* More bodies than the cache keeps, so that it drops some while others render them. */
static void *borrow(void *argument)
{
    creg_bodies *bodies = argument;
    size_t wrong = 0;
    for (size_t i = 0; i < ROUNDS * 3; i++) {
        char body[80];
        char digest[20];
        char expected[20];
        size_t number = (i * 7) % BODIES;
        snprintf(body, sizeof body, "{\"a\": \"{{ %zu * 2 }}\"}", number);
        snprintf(digest, sizeof digest, "%016zx", number + 1);
        snprintf(expected, sizeof expected, "{\"a\": \"%zu\"}", number * 2);
        creg_template template_ = {.name = creg_slice_of("n"),
                                   .version = creg_slice_of("1"),
                                   .type = creg_slice_of("json+jinja2"),
                                   .body = creg_slice_of(body),
                                   .digest = creg_slice_of(digest)};
        creg_compiled *compiled = NULL;
        creg_error err;
        creg_arena arena;
        creg_slice text = {NULL, 0};
        if (creg_bodies_borrow(bodies, &template_, &compiled, &err) != CREG_OK) {
            wrong++;
            continue;
        }
        creg_arena_init(&arena, (size_t)8 * 1024 * 1024);
        creg_body run = creg_compiled_body(compiled, &template_);
        creg_status status =
            jinja_render(run.compiled, creg_value_none(), NULL, &arena, &text, &err);
        wrong += status != CREG_OK || !creg_slice_equal(text, creg_slice_of(expected));
        creg_arena_clear(&arena);
        creg_bodies_release(bodies, compiled);
    }
    return (void *)(uintptr_t)wrong;
}

static void test_jinja_threads__bodies_are_dropped_while_they_are_used(void **state)
{
    (void)state;
    creg_bodies *bodies = creg_bodies_new();
    pthread_t threads[THREADS];
    void *wrong;
    assert_non_null(bodies);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, borrow, bodies), 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_int_equal((uintptr_t)wrong, 0);
    }
    creg_bodies_free(bodies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jinja_threads__one_engine_serves_all),
        cmocka_unit_test(test_jinja_threads__bodies_are_dropped_while_they_are_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
