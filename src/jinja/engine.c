/* SPDX-License-Identifier: MIT */
/*
 * Engines: options, host functions, globals, and the cache of loaded templates.
 */
#include "jinja/engine.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "jinja/eval.h"

/* ---- options -------------------------------------------------------------------------- */

void jinja_options_init(jinja_options *options)
{
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
}

static uint64_t first_of(uint64_t given, uint64_t otherwise, uint64_t limit)
{
    return given != 0 ? given : otherwise != 0 ? otherwise : limit;
}

jinja_limits jinja_limits_in_force(const jinja_limits *given, const jinja_limits *otherwise)
{
    static const jinja_limits none;
    given = given == NULL ? &none : given;
    otherwise = otherwise == NULL ? &none : otherwise;
    return (jinja_limits){
        .fuel = first_of(given->fuel, otherwise->fuel, CREG_LIMIT_TEMPLATE_FUEL),
        .memory_bytes =
            first_of(given->memory_bytes, otherwise->memory_bytes, CREG_LIMIT_TEMPLATE_MEMORY),
        .output_bytes =
            first_of(given->output_bytes, otherwise->output_bytes, CREG_LIMIT_TEMPLATE_OUTPUT),
        .source_bytes =
            first_of(given->source_bytes, otherwise->source_bytes, CREG_LIMIT_TEMPLATE_SOURCE),
        .parse_depth = (uint32_t)first_of(given->parse_depth, otherwise->parse_depth,
                                          CREG_LIMIT_TEMPLATE_PARSE_DEPTH),
        .call_depth = (uint32_t)first_of(given->call_depth, otherwise->call_depth,
                                         CREG_LIMIT_TEMPLATE_CALL_DEPTH),
        .integer_digits = (uint32_t)first_of(given->integer_digits, otherwise->integer_digits,
                                             CREG_LIMIT_INTEGER_DIGITS),
        .range_size = (uint32_t)first_of(given->range_size, otherwise->range_size,
                                         CREG_LIMIT_TEMPLATE_RANGE),
    };
}

/* ---- engines -------------------------------------------------------------------------- */

enum { ENGINE_BYTES = 64 * 1024 * 1024 };

static bool keep_text(creg_arena *arena, const char **text)
{
    if (*text == NULL)
        return true;
    *text = creg_arena_copy(arena, creg_slice_of(*text)).data;
    return *text != NULL;
}

/* The caller's texts may go; empty delimiters would match everywhere. */
static creg_status keep_options(jinja_engine *engine, creg_error *err)
{
    jinja_options *options = &engine->options;
    const char **texts[] = {&options->block_start,           &options->block_end,
                            &options->variable_start,        &options->variable_end,
                            &options->comment_start,         &options->comment_end,
                            &options->line_statement_prefix, &options->line_comment_prefix,
                            &options->newline_sequence};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (*texts[i] != NULL && **texts[i] == '\0')
            return creg_fail(err, CREG_USAGE, "a delimiter of the template engine is empty");
        if (!keep_text(&engine->arena, texts[i]))
            return creg_fail_arena(err, &engine->arena);
    }
    return CREG_OK;
}

static creg_status set_up(jinja_engine *engine, const jinja_options *options, creg_error *err)
{
    creg_arena_init(&engine->arena, ENGINE_BYTES);
    jinja_options_init(&engine->options);
    if (options != NULL) {
        size_t size = options->struct_size == 0 || options->struct_size > sizeof *options
                          ? sizeof *options
                          : options->struct_size;
        memcpy(&engine->options, options, size);
    }
    engine->limits = jinja_limits_in_force(&engine->options.limits, NULL);
    engine->options.limits = engine->limits;
    creg_status status = keep_options(engine, err);
    return status == CREG_OK ? jinja_fill_globals(engine, err) : status;
}

creg_status jinja_engine_new(const jinja_options *options, jinja_engine **ret_engine,
                             creg_error *err)
{
    jinja_engine *engine = creg_memory_calloc(1, sizeof *engine);
    if (engine == NULL)
        return creg_fail(err, CREG_NO_MEMORY, "out of memory");
    if (pthread_mutex_init(&engine->lock, NULL) != 0) {
        creg_memory_free(engine);
        return creg_fail(err, CREG_NO_MEMORY, "out of memory for a lock");
    }
    creg_status status = set_up(engine, options, err);
    if (status == CREG_OK)
        *ret_engine = engine;
    else
        jinja_engine_free(engine);
    return status;
}

void jinja_engine_free(jinja_engine *engine)
{
    if (engine == NULL)
        return;
    for (size_t i = 0; i < CACHE_BUCKETS; i++) {
        jinja_cached *cached = engine->cache[i];
        while (cached != NULL) {
            jinja_cached *next = cached->next;
            jinja_template_free(cached->compiled);
            creg_memory_free(cached);
            cached = next;
        }
    }
    pthread_mutex_destroy(&engine->lock);
    creg_arena_clear(&engine->arena);
    creg_memory_free(engine);
}

/* ---- globals and host functions ------------------------------------------------------- */

creg_status jinja_fill_globals(jinja_engine *engine, creg_error *err)
{
    size_t count;
    const jinja_builtin_info *rows = jinja_builtins(JINJA_FUNCTIONS, &count);
    engine->globals = creg_map_new(&engine->arena, count);
    for (size_t i = 0; engine->globals != NULL && i < count; i++) {
        const jinja_builtin *row =
            jinja_find_builtin(engine, JINJA_FUNCTIONS, creg_slice_of(rows[i].name));
        if (row == NULL)
            continue;
        creg_value function = jinja_make_function(&engine->arena, row);
        if (jinja_is_missing(function) ||
            !creg_map_set(&engine->arena, engine->globals, creg_value_cstring(rows[i].name),
                          function))
            return creg_fail_arena(err, &engine->arena);
    }
    return engine->globals == NULL ? creg_fail_arena(err, &engine->arena) : CREG_OK;
}

const jinja_host *jinja_find_host(const jinja_engine *engine, jinja_builtin_kind kind,
                                  creg_slice name)
{
    for (const jinja_host *host = engine->hosts[kind]; host != NULL; host = host->next)
        if (creg_slice_equal(name, creg_slice_of(host->name)))
            return host;
    return NULL;
}

creg_status jinja_call_host(jinja_run *run, const jinja_host *host,
                            const creg_value *positional, size_t count,
                            const creg_entry *keywords, size_t keyword_count,
                            creg_value *ret_value)
{
    return jinja_call_function(run, host->function, host->user, positional, count, keywords,
                               keyword_count, ret_value);
}

static creg_status call_host_object(jinja_run *run, creg_object *object,
                                    const creg_value *positional, size_t count,
                                    const creg_entry *keywords, size_t keyword_count,
                                    creg_value *ret_value)
{
    return jinja_call_host(run, (const jinja_host *)(void *)object, positional, count, keywords,
                           keyword_count, ret_value);
}

static const jinja_class host_class = {.base = {.type_name = "function"},
                                       .call = call_host_object};

static creg_status add_host(jinja_engine *engine, jinja_builtin_kind kind, const char *name,
                            jinja_host_function function, void *user, jinja_host **ret_host,
                            creg_error *err)
{
    if (name == NULL || *name == '\0' || function == NULL)
        return creg_fail(err, CREG_USAGE, "a host function needs a name and a function");
    creg_slice copy = creg_arena_copy(&engine->arena, creg_slice_of(name));
    jinja_host *host = creg_arena_new(&engine->arena, jinja_host);
    if (copy.data == NULL || host == NULL)
        return creg_fail_arena(err, &engine->arena);
    *host = (jinja_host){.base = {&host_class.base},
                         .next = engine->hosts[kind],
                         .name = copy.data,
                         .function = function,
                         .user = user};
    engine->hosts[kind] = host;
    *ret_host = host;
    return CREG_OK;
}

creg_status jinja_add_filter(jinja_engine *engine, const char *name,
                             jinja_host_function function, void *user, creg_error *err)
{
    jinja_host *host = NULL;
    return add_host(engine, JINJA_FILTERS, name, function, user, &host, err);
}

creg_status jinja_add_test(jinja_engine *engine, const char *name, jinja_host_function function,
                           void *user, creg_error *err)
{
    jinja_host *host = NULL;
    return add_host(engine, JINJA_TESTS, name, function, user, &host, err);
}

creg_status jinja_add_function(jinja_engine *engine, const char *name,
                               jinja_host_function function, void *user, creg_error *err)
{
    jinja_host *host = NULL;
    creg_status status = add_host(engine, JINJA_FUNCTIONS, name, function, user, &host, err);
    if (status != CREG_OK)
        return status;
    bool fine = creg_map_set(&engine->arena, engine->globals, creg_value_cstring(host->name),
                             creg_value_object(&host->base));
    return fine ? CREG_OK : creg_fail_arena(err, &engine->arena);
}

creg_status jinja_add_global(jinja_engine *engine, const char *name, creg_value value,
                             creg_error *err)
{
    creg_value copy;
    creg_status status = creg_value_copy(&engine->arena, value, &copy, err);
    if (status != CREG_OK)
        return status;
    bool fine = creg_map_set_text(&engine->arena, engine->globals, creg_slice_of(name), copy);
    return fine ? CREG_OK : creg_fail_arena(err, &engine->arena);
}

/* ---- templates ------------------------------------------------------------------------ */

static bool escapes_by_name(const jinja_options *options, creg_slice name)
{
    if (options->autoescape_for == NULL || options->autoescape == JINJA_AUTOESCAPE_JSON ||
        options->autoescape == JINJA_AUTOESCAPE_YAML)
        return options->autoescape == JINJA_AUTOESCAPE_HTML;
    return options->autoescape_for(options->autoescape_user, name);
}

static creg_status check_source(const jinja_engine *engine, creg_slice name, creg_slice source,
                                creg_error *err)
{
    if (source.size > engine->limits.source_bytes) {
        creg_status status =
            creg_fail(err, CREG_LIMIT, "template '%.*s' is longer than %zu bytes",
                      CREG_SHOW(name), engine->limits.source_bytes);
        creg_error_hint(err, "split it, or raise source_bytes in jinja_limits");
        return status;
    }
    size_t bad = creg_utf8_check(source);
    if (bad < source.size)
        return creg_fail(err, CREG_INVALID, "template '%.*s' is not UTF-8 at byte %zu",
                         CREG_SHOW(name), bad);
    return CREG_OK;
}

static creg_status compile(jinja_engine *engine, creg_slice name, creg_slice source,
                           bool is_expression, jinja_template **ret_template, creg_error *err)
{
    creg_status status = check_source(engine, name, source, err);
    if (status != CREG_OK)
        return status;
    jinja_template *fresh = creg_memory_calloc(1, sizeof *fresh);
    if (fresh == NULL)
        return creg_fail(err, CREG_NO_MEMORY, "out of memory");
    fresh->engine = engine;
    fresh->escapes = escapes_by_name(&engine->options, name);
    creg_arena_init(&fresh->arena, engine->limits.memory_bytes);
    fresh->name = creg_arena_copy(&fresh->arena, name);
    if (fresh->name.data == NULL)
        status = creg_fail_arena(err, &fresh->arena);
    if (status == CREG_OK)
        status = jinja_compile_into(fresh, source, is_expression, err);
    /* Whatever made do without memory: a tree that was built so is not to be run. */
    if (status == CREG_OK && fresh->arena.failed != CREG_OK)
        status = creg_fail_arena(err, &fresh->arena);
    if (status == CREG_OK)
        *ret_template = fresh;
    else
        jinja_template_free(fresh);
    return status;
}

creg_status jinja_compile(jinja_engine *engine, creg_slice name, creg_slice source,
                          jinja_template **ret_template, creg_error *err)
{
    return compile(engine, name, source, false, ret_template, err);
}

creg_status jinja_compile_expression(jinja_engine *engine, creg_slice source,
                                     jinja_template **ret_template, creg_error *err)
{
    return compile(engine, creg_slice_make("", 0), source, true, ret_template, err);
}

void jinja_template_free(jinja_template *template_)
{
    if (template_ == NULL)
        return;
    creg_arena_clear(&template_->arena);
    creg_memory_free(template_);
}

/* ---- loading -------------------------------------------------------------------------- */

static size_t bucket_of(creg_slice name)
{
    size_t hash = 5381;
    for (size_t i = 0; i < name.size; i++)
        hash = hash * 33 + (unsigned char)name.data[i];
    return hash % CACHE_BUCKETS;
}

static jinja_template *find_cached(jinja_engine *engine, creg_slice name)
{
    jinja_template *found = NULL;
    pthread_mutex_lock(&engine->lock);
    for (const jinja_cached *cached = engine->cache[bucket_of(name)];
         cached != NULL && found == NULL; cached = cached->next)
        if (creg_slice_equal(cached->name, name))
            found = cached->compiled;
    pthread_mutex_unlock(&engine->lock);
    return found;
}

/* Two threads may have compiled the same one: the first stays, `fresh` may be dropped. */
static jinja_template *put_cached(jinja_engine *engine, jinja_cached *cached)
{
    jinja_cached **bucket = &engine->cache[bucket_of(cached->name)];
    pthread_mutex_lock(&engine->lock);
    jinja_cached *other = *bucket;
    while (other != NULL && !creg_slice_equal(other->name, cached->name))
        other = other->next;
    if (other == NULL) {
        cached->next = *bucket;
        *bucket = cached;
    }
    pthread_mutex_unlock(&engine->lock);
    if (other == NULL)
        return cached->compiled;
    jinja_template_free(cached->compiled);
    creg_memory_free(cached);
    return other->compiled;
}

static creg_status load_source(jinja_engine *engine, creg_slice name, creg_arena *arena,
                               creg_slice *ret_source, creg_error *err)
{
    if (engine->options.loader == NULL)
        return creg_fail(err, CREG_NOT_FOUND, "there is no loader for template '%.*s'",
                         CREG_SHOW(name));
    return engine->options.loader(engine->options.loader_user, name, arena, ret_source, err);
}

static creg_status load_and_compile(jinja_engine *engine, creg_slice name,
                                    jinja_cached **ret_cached, creg_error *err)
{
    creg_arena arena;
    creg_arena_init(&arena, engine->limits.memory_bytes);
    creg_slice source;
    jinja_template *compiled = NULL;
    creg_status status = load_source(engine, name, &arena, &source, err);
    if (status == CREG_OK)
        status = jinja_compile(engine, name, source, &compiled, err);
    creg_arena_clear(&arena);
    if (status != CREG_OK)
        return status;
    jinja_cached *cached = creg_memory_calloc(1, sizeof *cached);
    if (cached == NULL) {
        jinja_template_free(compiled);
        return creg_fail(err, CREG_NO_MEMORY, "out of memory");
    }
    cached->name = compiled->name;
    cached->compiled = compiled;
    *ret_cached = cached;
    return CREG_OK;
}

creg_status jinja_load(jinja_engine *engine, creg_slice name,
                       const jinja_template **ret_template, creg_error *err)
{
    *ret_template = find_cached(engine, name);
    if (*ret_template != NULL)
        return CREG_OK;
    jinja_cached *cached = NULL;
    creg_status status = load_and_compile(engine, name, &cached, err);
    if (status == CREG_OK)
        *ret_template = put_cached(engine, cached);
    return status;
}
