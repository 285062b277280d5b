/* SPDX-License-Identifier: MIT */
/*
 * One render from beginning to end.
 *
 * Everything goes into the caller's arena, whose budget is narrowed for the time of the
 * render. The caller's context is used as it is. Only a template that calls methods which
 * change their object gets a deep copy: known beforehand when the template names such a
 * method; found out on the way otherwise (an included template, a method reached by a
 * computed name), and then the render begins again with the copy.
 */
#include <string.h>
#include <time.h>

#include "base/interrupt.h"
#include "jinja/diagnostic.h"
#include "jinja/eval.h"
#include "jinja/missing.h"

creg_status jinja_at_line(jinja_state *st, uint32_t line, uint32_t at, uint32_t size,
                          creg_status status)
{
    if (status == CREG_OK || status == JINJA_FLOW_BREAK || status == JINJA_FLOW_CONTINUE ||
        st->run.err == NULL || st->run.err->line != 0 || st->owner == NULL)
        return status;
    const jinja_node *node = st->failed_node;
    if (node != NULL && node->line == line) {
        at = node->at;
        size = node->size;
    }
    st->failed_node = NULL;
    if (status == CREG_LIMIT && st->run.err->hint[0] == '\0')
        creg_error_hint(st->run.err, "make the template do less, or raise the limit in "
                                     "jinja_limits");
    jinja_diagnose(st->run.err, st->owner->name, st->owner->source, line, at, size);
    return status;
}

/* ---- random ---------------------------------------------------------------------------- */

static uint64_t random_seed(jinja_engine *engine)
{
    uint64_t serial = atomic_fetch_add_explicit(&engine->serial, 1, memory_order_relaxed);
    uint64_t seed = engine->options.random_seed;
    if (seed == 0) {
        struct timespec now = {0};
        clock_gettime(CLOCK_REALTIME, &now);
        seed = (uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 30 ^ (uintptr_t)&now ^
               serial * 0x9E3779B97F4A7C15u;
    }
    return seed == 0 ? 1 : seed;
}

/* ---- the state ------------------------------------------------------------------------- */

static void set_up(jinja_state *st, const jinja_template *template_,
                   const jinja_render_options *options, creg_arena *arena, creg_error *err)
{
    jinja_engine *engine = template_->engine;
    memset(st, 0, sizeof *st);
    st->run.arena = arena;
    st->run.engine = engine;
    st->run.options = &engine->options;
    st->run.limits =
        jinja_limits_in_force(options == NULL ? NULL : options->limits, &engine->limits);
    st->run.fuel = st->run.limits.fuel;
    st->run.err = err;
    st->run.random_state = random_seed(engine);
    st->owner = template_;
    st->cancel = options == NULL ? NULL : options->cancel;
    st->may_stop = st->cancel != NULL || creg_is_interruptible();
    st->collect = options != NULL && options->collect_undefined;
    st->owns_context = options != NULL && options->owns_context;
    st->given_globals = options == NULL ? NULL : options->globals;
    st->structured = engine->options.autoescape == JINJA_AUTOESCAPE_JSON ||
                     engine->options.autoescape == JINJA_AUTOESCAPE_YAML;
}

static creg_status context_map(jinja_state *st, creg_value context, const creg_map **ret_map)
{
    *ret_map = NULL;
    if (context.kind == CREG_KIND_NONE || context.kind == CREG_KIND_UNDEFINED)
        return CREG_OK;
    if (context.kind != CREG_KIND_MAP)
        return creg_fail(st->run.err, CREG_USAGE, "the context of a render is a map, not %s",
                         creg_value_type_name(context));
    creg_value map = context;
    if (st->context_is_ours && !st->owns_context) {
        creg_status status = creg_value_copy(st->run.arena, context, &map, st->run.err);
        if (status != CREG_OK)
            return status;
    }
    *ret_map = map.as.map;
    return CREG_OK;
}

static bool holds_containers(const creg_map *map)
{
    for (size_t i = 0; i < map->filled; i++) {
        creg_kind kind = (creg_kind)map->entries[i].value.kind;
        if (map->entries[i].used && (kind == CREG_KIND_LIST || kind == CREG_KIND_MAP ||
                                     kind == CREG_KIND_SET || kind == CREG_KIND_TUPLE))
            return true;
    }
    return false;
}

/* Globals on top of others. They belong to all renders: one that may change them has its own. */
static creg_status add_globals(jinja_state *st, const creg_map *map)
{
    if (st->context_is_ours && holds_containers(map)) {
        creg_value own = creg_value_map((creg_map *)(uintptr_t)map); /* read only here */
        creg_status status = creg_value_copy(st->run.arena, own, &own, st->run.err);
        if (status != CREG_OK)
            return status;
        map = own.as.map;
    }
    st->globals = jinja_layer_new(st, map, st->globals);
    return st->globals == NULL ? jinja_fail_arena(&st->run) : CREG_OK;
}

static creg_status begin_context(jinja_state *st, const jinja_template *template_,
                                 creg_value given)
{
    const creg_map *map;
    creg_status status = context_map(st, given, &map);
    if (status == CREG_OK)
        status = add_globals(st, st->run.engine->globals);
    if (status == CREG_OK && st->given_globals != NULL)
        status = add_globals(st, st->given_globals);
    if (status != CREG_OK)
        return status;
    const jinja_layer *layers =
        map == NULL ? st->globals : jinja_layer_new(st, map, st->globals);
    st->context = layers == NULL ? NULL : jinja_context_new(st, template_, layers);
    if (st->context == NULL)
        return jinja_fail_arena(&st->run);
    st->run.autoescape = st->context->autoescape;
    return CREG_OK;
}

/* The render may ask the system for memory_bytes more than the arena has now. */
static size_t narrow(creg_arena *arena, size_t memory_bytes)
{
    size_t before = arena->budget;
    size_t most =
        arena->taken > SIZE_MAX - memory_bytes ? SIZE_MAX : arena->taken + memory_bytes;
    if (most < arena->budget)
        arena->budget = most;
    return before;
}

/* ---- rendering ------------------------------------------------------------------------- */

static uint32_t column_of(creg_slice source, size_t at)
{
    size_t begin = at;
    while (begin > 0 && begin <= source.size && source.data[begin - 1] != '\n')
        begin--;
    return (uint32_t)(at - begin + 1);
}

/*
 * Offsets become columns now that nobody waits. A loop leaves the same few places over and
 * over, so the last column found is kept for each of them.
 */
static void finish_trace(const jinja_state *st, jinja_tracer *tracer, jinja_trace *ret_trace)
{
    enum { KNOWN = 256 };
    struct {
        uint32_t at;
        uint32_t column; /* 0: none yet */
    } known[KNOWN];
    memset(known, 0, sizeof known);
    for (size_t i = 0; i < tracer->size; i++) {
        uint32_t at = tracer->pieces[i].column;
        if (known[at % KNOWN].column == 0 || known[at % KNOWN].at != at) {
            known[at % KNOWN].at = at;
            known[at % KNOWN].column = column_of(st->owner->source, at);
        }
        tracer->pieces[i].column = known[at % KNOWN].column;
    }
    ret_trace->pieces = tracer->pieces;
    ret_trace->size = tracer->size;
}

static creg_status render_once(jinja_state *st, const jinja_template *template_,
                               creg_value context, const jinja_render_options *options,
                               creg_slice *ret_text)
{
    jinja_tracer tracer = {0};
    jinja_output out;
    creg_status status = begin_context(st, template_, context);
    if (status != CREG_OK)
        return status;
    jinja_output_init(st, &out, st->run.limits.output_bytes);
    size_t hint = atomic_load_explicit(&template_->size_hint, memory_order_relaxed);
    if (hint > 0 && hint < st->run.limits.memory_bytes / 2)
        creg_text_reserve(&out.text, hint + 64);
    bool traced = options != NULL && options->ret_trace != NULL;
    out.tracer = traced ? &tracer : NULL;
    st->out = &out;
    status = jinja_run_root(st, template_, st->context);
    if (status != CREG_OK)
        return status;
    creg_value text;
    status = jinja_output_value(st, &out, false, &text);
    if (status != CREG_OK)
        return status;
    *ret_text = creg_value_text(text);
    if (traced)
        finish_trace(st, &tracer, options->ret_trace);
    return CREG_OK;
}

/* What was made without the memory that it asked for (a note on what is undefined) may have
 * changed what came after it: then neither the text nor another error is to be believed. */
static creg_status check_memory(jinja_state *st, creg_status status)
{
    if (st->run.arena->failed == CREG_OK || status == CREG_NO_MEMORY || status == CREG_LIMIT)
        return status;
    st->restart = false;
    return jinja_fail_arena(&st->run);
}

static creg_status render_with(const jinja_template *template_, creg_value context,
                               const jinja_render_options *options, creg_arena *arena,
                               bool copy, bool *ret_restart, creg_slice *ret_text,
                               creg_error *err)
{
    char base;
    jinja_state st;
    set_up(&st, template_, options, arena, err);
    st.stack_base = &base;
    st.context_is_ours = copy || st.owns_context;
    size_t budget = narrow(arena, st.run.limits.memory_bytes);
    arena->failed = CREG_OK; /* of an earlier use */
    creg_status status = render_once(&st, template_, context, options, ret_text);
    status = check_memory(&st, status);
    arena->budget = budget;
    *ret_restart = st.restart;
    if (status == CREG_TEMPLATE_UNDEFINED && st.collect)
        jinja_list_missing(template_, context, err);
    return status;
}

creg_status jinja_render(const jinja_template *template_, creg_value context,
                         const jinja_render_options *options, creg_arena *arena,
                         creg_slice *ret_text, creg_error *err)
{
    bool restart = false;
    creg_slice text = {NULL, 0};
    creg_error_clear(err);
    creg_status status = render_with(template_, context, options, arena, template_->changes,
                                     &restart, &text, err);
    if (restart) {
        creg_error_clear(err);
        status = render_with(template_, context, options, arena, true, &restart, &text, err);
    }
    if (status != CREG_OK)
        return status;
    /* A hint only: whoever writes last may win. The template is const but for it. */
    atomic_store_explicit(&((jinja_template *)(uintptr_t)template_)->size_hint, text.size,
                          memory_order_relaxed);
    *ret_text = text;
    return CREG_OK;
}

/* ---- expressions ----------------------------------------------------------------------- */

static creg_status evaluate_once(jinja_state *st, const jinja_template *compiled,
                                 creg_value context, creg_value *ret_value)
{
    jinja_output out;
    creg_status status = begin_context(st, compiled, context);
    if (status != CREG_OK)
        return status;
    jinja_output_init(st, &out, st->run.limits.output_bytes);
    st->out = &out;
    jinja_frame *frame = jinja_enter_unit(st, &compiled->root, NULL);
    if (frame == NULL)
        return jinja_fail_arena(&st->run);
    st->frame = frame;
    st->slots = frame->slots;
    jinja_enter_scope(st, &compiled->root.scope);
    creg_value value;
    status = jinja_evaluate_node(st, compiled->expression, &value);
    if (status != CREG_OK)
        return jinja_at_line(st, compiled->expression->line, compiled->expression->at,
                             compiled->expression->size, status);
    if (value.kind == CREG_KIND_UNDEFINED)
        value = creg_value_none();
    /* The tree, and with it constant text, goes when this call ends. */
    return creg_value_copy(st->run.arena, value, ret_value, st->run.err);
}

static creg_status evaluate_with(const jinja_template *compiled, creg_value context,
                                 creg_arena *arena, bool copy, bool *ret_restart,
                                 creg_value *ret_value, creg_error *err)
{
    char base;
    jinja_state st;
    set_up(&st, compiled, NULL, arena, err);
    st.stack_base = &base;
    st.context_is_ours = copy;
    size_t budget = narrow(arena, st.run.limits.memory_bytes);
    arena->failed = CREG_OK; /* of an earlier use */
    creg_status status = evaluate_once(&st, compiled, context, ret_value);
    status = check_memory(&st, status);
    arena->budget = budget;
    *ret_restart = st.restart;
    return status;
}

creg_status jinja_evaluate(jinja_engine *engine, creg_slice expression, creg_value context,
                           creg_arena *arena, creg_value *ret_value, creg_error *err)
{
    jinja_template *compiled;
    bool restart = false;
    creg_status status = jinja_compile_expression(engine, expression, &compiled, err);
    if (status != CREG_OK)
        return status;
    creg_error_clear(err);
    creg_value value = creg_value_none();
    status = evaluate_with(compiled, context, arena, compiled->changes, &restart, &value, err);
    if (restart) {
        creg_error_clear(err);
        status = evaluate_with(compiled, context, arena, true, &restart, &value, err);
    }
    jinja_template_free(compiled);
    if (status == CREG_OK)
        *ret_value = value;
    return status;
}
