/* SPDX-License-Identifier: MIT */
/*
 * Macros, and the bodies of call blocks, as values that can be called.
 */
#include "jinja/eval.h"

#include <stdio.h>

typedef struct macro {
    creg_object base;
    const jinja_macro_def *def;
    jinja_frame *outer;
    jinja_context *context;
    const jinja_template *owner;
} macro;

/* ---- binding arguments ---------------------------------------------------------------- */

/* Keywords that are still to be used. */
typedef struct keyword_set {
    const creg_entry *entries;
    size_t count;
    size_t used;
} keyword_set;

static const creg_entry *take_keyword(keyword_set *set, creg_slice name)
{
    for (size_t i = 0; i < set->count; i++) {
        if (!creg_slice_equal(creg_value_text(set->entries[i].key), name))
            continue;
        set->used++;
        return &set->entries[i];
    }
    return NULL;
}

static bool is_parameter(const jinja_macro_def *def, creg_slice name, size_t from)
{
    for (size_t i = from; i < def->count; i++)
        if (creg_slice_equal(def->parameters[i].name->text, name))
            return true;
    return def->takes_caller && creg_slice_equal(name, creg_slice_of("caller"));
}

/* The keywords that no parameter took. */
static creg_status left_over(jinja_state *st, const jinja_macro_def *def, keyword_set *set,
                             size_t given, creg_value *ret_map)
{
    creg_map *map = creg_map_new(st->run.arena, set->count - set->used);
    if (map == NULL)
        return jinja_fail_arena(&st->run);
    for (size_t i = 0; i < set->count; i++) {
        if (is_parameter(def, creg_value_text(set->entries[i].key), given))
            continue;
        if (!creg_map_set(st->run.arena, map, set->entries[i].key, set->entries[i].value))
            return jinja_fail_arena(&st->run);
    }
    *ret_map = creg_value_map(map);
    return CREG_OK;
}

static const char *name_of(const jinja_macro_def *def, char *out, size_t size)
{
    if (def->name == NULL)
        snprintf(out, size, "None");
    else
        snprintf(out, size, "'%.*s'", CREG_SHOW(def->name->text));
    return out;
}

static creg_status refuse_keywords(jinja_state *st, const jinja_macro_def *def,
                                   const keyword_set *set, size_t given)
{
    char name[260];
    name_of(def, name, sizeof name);
    creg_slice unknown = {NULL, 0};
    for (size_t i = 0; i < set->count; i++) {
        creg_slice key = creg_value_text(set->entries[i].key);
        if (is_parameter(def, key, given))
            continue;
        if (creg_slice_equal(key, creg_slice_of("caller")))
            return jinja_fail(&st->run, "TypeError",
                              "macro %s was invoked with two values for the special caller "
                              "argument. This is most likely a bug.",
                              name);
        unknown = unknown.data == NULL ? key : unknown;
    }
    return jinja_fail(&st->run, "TypeError", "macro %s takes no keyword argument '%.*s'", name,
                      CREG_SHOW(unknown));
}

static creg_status bind_extra(jinja_state *st, const jinja_macro_def *def, jinja_frame *frame,
                              const creg_value *positional, size_t count)
{
    char name[260];
    size_t extra = count > def->count ? count - def->count : 0;
    if (!def->takes_varargs && extra == 0)
        return CREG_OK;
    if (!def->takes_varargs)
        return jinja_fail(&st->run, "TypeError", "macro %s takes not more than %u argument(s)",
                          name_of(def, name, sizeof name), (unsigned)def->count);
    creg_list *list = creg_list_new(st->run.arena, extra);
    if (list == NULL)
        return jinja_fail_arena(&st->run);
    for (size_t i = 0; i < extra; i++)
        if (!creg_list_append(st->run.arena, list, positional[def->count + i]))
            return jinja_fail_arena(&st->run);
    frame->slots[def->varargs_slot] = creg_value_tuple(list);
    return CREG_OK;
}

static creg_status bind_caller(jinja_state *st, const jinja_macro_def *def, jinja_frame *frame,
                               keyword_set *set, bool found)
{
    if (!def->takes_caller || found)
        return CREG_OK;
    const creg_entry *entry = take_keyword(set, creg_slice_of("caller"));
    bool given = entry != NULL && entry->value.kind != CREG_KIND_NONE;
    creg_value caller =
        given ? entry->value : jinja_make_undefined_hint(&st->run, "No caller defined");
    if (!def->names_caller)
        frame->slots[def->caller_slot] = caller;
    return CREG_OK;
}

static creg_status bind(jinja_state *st, const jinja_macro_def *def, jinja_frame *frame,
                        const creg_value *positional, size_t count, keyword_set *set)
{
    size_t given = count < def->count ? count : def->count;
    bool found_caller = given == def->count && def->names_caller;
    for (size_t i = 0; i < given; i++)
        frame->slots[def->parameters[i].slot] = positional[i];
    for (size_t i = given; i < def->count && set->count > 0; i++) {
        const creg_entry *entry = take_keyword(set, def->parameters[i].name->text);
        if (entry != NULL)
            frame->slots[def->parameters[i].slot] = entry->value;
    }
    found_caller = found_caller || def->names_caller;
    creg_status status = bind_caller(st, def, frame, set, found_caller);
    if (status == CREG_OK && def->takes_kwargs)
        status = left_over(st, def, set, given, &frame->slots[def->kwargs_slot]);
    else if (status == CREG_OK && set->used < set->count)
        status = refuse_keywords(st, def, set, given);
    return status == CREG_OK ? bind_extra(st, def, frame, positional, count) : status;
}

/* Defaults are evaluated inside the macro and see the parameters before them. */
static creg_status fill_defaults(jinja_state *st, const jinja_macro_def *def)
{
    for (uint32_t i = 0; i < def->count; i++) {
        const jinja_parameter *parameter = &def->parameters[i];
        creg_value *slot = &st->slots[parameter->slot];
        if (!jinja_is_missing(*slot))
            continue;
        if (parameter->value == NULL) {
            *slot = jinja_make_undefined_hint(&st->run, "parameter '%.*s' was not provided",
                                              CREG_SHOW(parameter->name->text));
            continue;
        }
        creg_value value;
        creg_status status = jinja_evaluate_node(st, parameter->value, &value);
        if (status != CREG_OK)
            return jinja_at_line(st, def->line, parameter->at, 1, status);
        st->slots[parameter->slot] = value;
    }
    return CREG_OK;
}

/* ---- running -------------------------------------------------------------------------- */

/* What a macro sees is where it was made; what it was called from comes back afterwards. */
typedef struct surroundings {
    creg_value *slots;
    jinja_frame *frame;
    jinja_context *context;
    const jinja_template *owner;
    jinja_output *out;
    bool autoescape;
} surroundings;

static surroundings leave_for(jinja_state *st, const macro *called, jinja_frame *frame)
{
    surroundings before = {st->slots, st->frame, st->context,
                           st->owner, st->out,   st->run.autoescape};
    st->slots = frame->slots;
    st->frame = frame;
    st->owner = called->owner;
    if (st->context != called->context) {
        st->context = called->context;
        st->run.autoescape = called->context->autoescape;
    }
    return before;
}

static void come_back(jinja_state *st, const surroundings *before)
{
    st->slots = before->slots;
    st->frame = before->frame;
    st->context = before->context;
    st->owner = before->owner;
    st->out = before->out;
    st->run.autoescape = before->autoescape;
}

static creg_status run_body(jinja_state *st, const macro *called, jinja_frame *frame,
                            creg_value *ret_text)
{
    jinja_output out;
    surroundings before = leave_for(st, called, frame);
    jinja_output_init(st, &out, st->run.limits.output_bytes);
    st->out = &out;
    jinja_enter_scope(st, &called->def->unit.scope);
    creg_status status = fill_defaults(st, called->def);
    if (status == CREG_OK)
        status = jinja_exec_body(st, &called->def->unit.body);
    come_back(st, &before);
    /* Whether the text is Markup depends on where the macro is used, not where it was made. */
    return status == CREG_OK ? jinja_output_value(st, &out, st->run.autoescape, ret_text)
                             : status;
}

static creg_status enter_call(jinja_state *st)
{
    if (st->run.call_depth >= st->run.limits.call_depth) {
        st->failed_node = NULL;
        creg_status status =
            creg_fail(st->run.err, CREG_LIMIT, "calls nest deeper than %u levels",
                      (unsigned)st->run.limits.call_depth);
        creg_error_hint(st->run.err, "a macro, include or recursive loop calls itself without "
                                     "end? else raise call_depth in jinja_limits");
        return status;
    }
    creg_status status = jinja_check_stack(st);
    if (status == CREG_OK)
        st->run.call_depth++;
    return status;
}

creg_status jinja_enter_call(jinja_state *st)
{
    return enter_call(st);
}

static creg_status call_macro(jinja_run *run, creg_object *object, const creg_value *positional,
                              size_t count, const creg_entry *keywords, size_t keyword_count,
                              creg_value *ret_value)
{
    jinja_state *st = jinja_state_of(run);
    const macro *called = (const macro *)(void *)object;
    creg_status status = enter_call(st);
    if (status != CREG_OK)
        return status;
    jinja_context *context = st->context;
    st->context = called->context; /* names are looked up where the macro was made */
    jinja_frame *frame = jinja_enter_unit(st, &called->def->unit, called->outer);
    st->context = context;
    if (frame == NULL) {
        run->call_depth--;
        return jinja_fail_arena(run);
    }
    keyword_set set = {.entries = keywords, .count = keyword_count};
    status = bind(st, called->def, frame, positional, count, &set);
    if (status == CREG_OK)
        status = run_body(st, called, frame, ret_value);
    jinja_leave_unit(st, &called->def->unit, frame);
    run->call_depth--;
    return status;
}

/* ---- the macro as an object ----------------------------------------------------------- */

static creg_status print_macro(const creg_object *object, bool as_repr, creg_arena *arena,
                               creg_slice *ret_text, creg_error *err)
{
    const macro *self = (const macro *)(const void *)object;
    creg_text text;
    (void)as_repr;
    creg_text_init(&text, arena, SIZE_MAX);
    if (self->def->name == NULL)
        creg_text_string(&text, "<Macro anonymous>");
    else
        creg_text_format(&text, "<Macro '%.*s'>", CREG_SHOW(self->def->name->text));
    return creg_text_finish(&text, ret_text, err);
}

static creg_status parameter_names(jinja_run *run, const jinja_macro_def *def,
                                   creg_value *ret_value)
{
    creg_list *list = creg_list_new(run->arena, def->count);
    if (list == NULL)
        return jinja_fail_arena(run);
    for (uint32_t i = 0; i < def->count; i++)
        if (!creg_list_append(run->arena, list,
                              creg_value_string(def->parameters[i].name->text)))
            return jinja_fail_arena(run);
    *ret_value = creg_value_tuple(list);
    return CREG_OK;
}

static creg_status macro_attribute(jinja_run *run, creg_object *object, creg_slice name,
                                   creg_value *ret_value)
{
    const jinja_macro_def *def = ((const macro *)(void *)object)->def;
    if (creg_slice_equal(name, creg_slice_of("name")))
        *ret_value = def->name == NULL ? creg_value_none() : creg_value_string(def->name->text);
    else if (creg_slice_equal(name, creg_slice_of("arguments")))
        return parameter_names(run, def, ret_value);
    else if (creg_slice_equal(name, creg_slice_of("catch_kwargs")))
        *ret_value = creg_value_bool(def->takes_kwargs);
    else if (creg_slice_equal(name, creg_slice_of("catch_varargs")))
        *ret_value = creg_value_bool(def->takes_varargs);
    else if (creg_slice_equal(name, creg_slice_of("caller")))
        *ret_value = creg_value_bool(def->takes_caller);
    else if (creg_slice_equal(name, creg_slice_of("explicit_caller")))
        *ret_value = creg_value_bool(def->names_caller);
    else
        return CREG_NOT_FOUND;
    return CREG_OK;
}

static const jinja_class macro_class = {
    .base = {.type_name = "Macro", .print = print_macro},
    .attribute = macro_attribute,
    .call = call_macro,
};

creg_status jinja_make_macro(jinja_state *st, const jinja_macro_def *def, creg_value *ret_macro)
{
    macro *made = creg_arena_new(st->run.arena, macro);
    if (made == NULL)
        return jinja_fail_arena(&st->run);
    *made = (macro){.base = {&macro_class.base},
                    .def = def,
                    .outer = st->frame,
                    .context = st->context,
                    .owner = st->owner};
    *ret_macro = creg_value_object(&made->base);
    return CREG_OK;
}
