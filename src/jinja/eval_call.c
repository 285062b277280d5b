/* SPDX-License-Identifier: MIT */
/*
 * Calls: of functions, macros, methods, filters and tests.
 *
 * Arguments are gathered on the C stack when they are few. Where the shape of the call was
 * known while compiling there is a plan, and nothing is bound by name any more.
 */
#include "jinja/eval.h"

#include <string.h>

enum { LOCAL_ARGUMENTS = 4, LOCAL_KEYWORDS = 2 };

/* Arguments of one call, evaluated. */
typedef struct arguments {
    creg_value *positional;
    creg_entry *keywords;
    size_t count, keyword_count;
    size_t capacity, keyword_capacity;
    creg_value local[LOCAL_ARGUMENTS];
    creg_entry local_keywords[LOCAL_KEYWORDS];
} arguments;

static void init(arguments *args)
{
    args->positional = args->local;
    args->keywords = args->local_keywords;
    args->count = args->keyword_count = 0;
    args->capacity = LOCAL_ARGUMENTS;
    args->keyword_capacity = LOCAL_KEYWORDS;
}

static creg_status push(jinja_state *st, arguments *args, creg_value value)
{
    if (args->count == args->capacity) {
        creg_value *grown = creg_arena_take(st->run.arena, args->capacity * 2 * sizeof *grown);
        if (grown == NULL)
            return jinja_fail_arena(&st->run);
        memcpy(grown, args->positional, args->count * sizeof *grown);
        args->positional = grown;
        args->capacity *= 2;
    }
    args->positional[args->count++] = value;
    return CREG_OK;
}

static creg_status push_keyword(jinja_state *st, arguments *args, creg_value name,
                                creg_value value)
{
    creg_status status = jinja_charge(&st->run, args->keyword_count / 8);
    if (status != CREG_OK)
        return status;
    for (size_t i = 0; i < args->keyword_count; i++)
        if (creg_slice_equal(creg_value_text(args->keywords[i].key), creg_value_text(name)))
            return jinja_fail(&st->run, "TypeError",
                              "got multiple values for keyword argument '%.*s'",
                              CREG_SHOW(creg_value_text(name)));
    if (args->keyword_count == args->keyword_capacity) {
        creg_entry *grown =
            creg_arena_take(st->run.arena, args->keyword_capacity * 2 * sizeof *grown);
        if (grown == NULL)
            return jinja_fail_arena(&st->run);
        memcpy(grown, args->keywords, args->keyword_count * sizeof *grown);
        args->keywords = grown;
        args->keyword_capacity *= 2;
    }
    args->keywords[args->keyword_count++] =
        (creg_entry){.key = name, .value = value, .used = true};
    return CREG_OK;
}

static creg_status push_splat(jinja_state *st, arguments *args, creg_value value)
{
    jinja_iterator iterator;
    creg_status status = jinja_iterate(&st->run, value, &iterator);
    if (status == CREG_TEMPLATE_RUNTIME)
        return jinja_fail(&st->run, "TypeError", "argument after * must be an iterable, not %s",
                          creg_value_type_name(value));
    while (status == CREG_OK) {
        creg_value item;
        bool more;
        status = jinja_next(&st->run, &iterator, &item, &more);
        if (status != CREG_OK || !more)
            break;
        status = push(st, args, item);
    }
    return status;
}

static creg_status push_keyword_splat(jinja_state *st, arguments *args, creg_value value)
{
    if (value.kind == CREG_KIND_UNDEFINED)
        return jinja_fail_undefined(&st->run, value); /* asked for its keys() */
    if (value.kind != CREG_KIND_MAP)
        return jinja_fail(&st->run, "TypeError", "argument after ** must be a mapping, not %s",
                          creg_value_type_name(value));
    const creg_map *map = value.as.map;
    creg_status status = CREG_OK;
    for (size_t i = 0; i < map->filled && status == CREG_OK; i++) {
        const creg_entry *entry = &map->entries[i];
        if (!entry->used)
            continue;
        if (entry->key.kind != CREG_KIND_STRING)
            return jinja_fail(&st->run, "TypeError", "keywords must be strings");
        status = push_keyword(st, args, entry->key, entry->value);
    }
    return status;
}

static creg_status gather_splats(jinja_state *st, const jinja_args *from, arguments *args)
{
    creg_value value;
    creg_status status = CREG_OK;
    if (from->splat != NULL) {
        status = jinja_evaluate_node(st, from->splat, &value);
        if (status == CREG_OK)
            status = push_splat(st, args, value);
    }
    if (status == CREG_OK && from->keyword_splat != NULL) {
        status = jinja_evaluate_node(st, from->keyword_splat, &value);
        if (status == CREG_OK)
            status = push_keyword_splat(st, args, value);
    }
    return status;
}

static creg_status gather(jinja_state *st, const jinja_args *from, arguments *args)
{
    creg_value value;
    creg_status status = jinja_charge(&st->run, 1 + from->count + from->keyword_count);
    for (uint32_t i = 0; i < from->count && status == CREG_OK; i++) {
        status = jinja_evaluate_node(st, from->positional[i], &value);
        if (status == CREG_OK)
            status = push(st, args, value);
    }
    for (uint32_t i = 0; i < from->keyword_count && status == CREG_OK; i++) {
        status = jinja_evaluate_node(st, from->keywords[i].value, &value);
        creg_value name = creg_value_string(from->keywords[i].name->text);
        if (status == CREG_OK)
            status = push_keyword(st, args, name, value);
    }
    if (status == CREG_OK && (from->splat != NULL || from->keyword_splat != NULL))
        status = gather_splats(st, from, args);
    return status;
}

/* ---- functions as values -------------------------------------------------------------- */

typedef struct function_object {
    creg_object base;
    const jinja_builtin *builtin;
} function_object;

static const char *class_name_of(const char *name)
{
    static const char *const rows[][2] = {{"range", "range"},
                                          {"dict", "dict"},
                                          {"cycler", "jinja2.utils.Cycler"},
                                          {"joiner", "jinja2.utils.Joiner"},
                                          {"namespace", "jinja2.utils.Namespace"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i][0], name) == 0)
            return rows[i][1];
    return NULL;
}

static creg_status print_function(const creg_object *object, bool as_repr, creg_arena *arena,
                                  creg_slice *ret_text, creg_error *err)
{
    const function_object *function = (const function_object *)(const void *)object;
    const char *class_name = class_name_of(function->builtin->name);
    creg_text text;
    (void)as_repr;
    creg_text_init(&text, arena, SIZE_MAX);
    if (class_name != NULL)
        creg_text_format(&text, "<class '%s'>", class_name);
    else
        creg_text_format(&text, "<function %s>",
                         strcmp(function->builtin->name, "lipsum") == 0
                             ? "generate_lorem_ipsum"
                             : function->builtin->name);
    return creg_text_finish(&text, ret_text, err);
}

static creg_status call_function(jinja_run *run, creg_object *object,
                                 const creg_value *positional, size_t count,
                                 const creg_entry *keywords, size_t keyword_count,
                                 creg_value *ret_value)
{
    const function_object *function = (const function_object *)(void *)object;
    return jinja_invoke(run, function->builtin, positional, count, keywords, keyword_count,
                        ret_value);
}

static const jinja_class type_class = {
    .base = {.type_name = "type", .print = print_function},
    .call = call_function,
};
static const jinja_class function_class = {
    .base = {.type_name = "function", .print = print_function},
    .call = call_function,
};

creg_value jinja_make_function(creg_arena *arena, const jinja_builtin *builtin)
{
    function_object *function = creg_arena_new(arena, function_object);
    if (function == NULL)
        return jinja_missing();
    bool is_type = class_name_of(builtin->name) != NULL;
    *function = (function_object){.base = {is_type ? &type_class.base : &function_class.base},
                                  .builtin = builtin};
    return creg_value_object(&function->base);
}

const jinja_builtin *jinja_function_of(creg_value value)
{
    if (value.kind != CREG_KIND_OBJECT)
        return NULL;
    const jinja_class *class_ = jinja_class_of(value);
    if (class_ != &type_class && class_ != &function_class)
        return NULL;
    return ((const function_object *)(const void *)value.as.object)->builtin;
}

/* ---- calling -------------------------------------------------------------------------- */

creg_status jinja_call_value(jinja_run *run, creg_value callable, const creg_value *positional,
                             size_t count, const creg_entry *keywords, size_t keyword_count,
                             creg_value *ret_value)
{
    if (callable.kind == CREG_KIND_UNDEFINED)
        return jinja_fail_undefined(run, callable);
    const jinja_class *class_ =
        callable.kind == CREG_KIND_OBJECT ? jinja_class_of(callable) : NULL;
    if (class_ == NULL || class_->call == NULL)
        return jinja_fail(run, "TypeError", "'%s' object is not callable",
                          creg_value_type_name(callable));
    return class_->call(run, callable.as.object, positional, count, keywords, keyword_count,
                        ret_value);
}

static creg_status call_planned(jinja_state *st, const jinja_node *node, creg_value *first,
                                creg_value *ret_value);

static bool has_no_arguments(const jinja_args *args)
{
    return args->count == 0 && args->keyword_count == 0 && args->splat == NULL &&
           args->keyword_splat == NULL;
}

creg_status jinja_eval_call(jinja_state *st, const jinja_node *node, creg_value *ret_value)
{
    creg_value callee;
    creg_status status = jinja_evaluate_node(st, node->as.call.subject, &callee);
    if (status != CREG_OK)
        return status;
    if (node->as.call.plan != NULL && jinja_function_of(callee) == node->as.call.builtin)
        return call_planned(st, node, NULL, ret_value);
    arguments args;
    init(&args);
    if (!has_no_arguments(node->as.call.args))
        status = gather(st, node->as.call.args, &args);
    else
        status = jinja_charge(&st->run, 1);
    if (status == CREG_OK)
        status = jinja_call_value(&st->run, callee, args.positional, args.count, args.keywords,
                                  args.keyword_count, ret_value);
    return jinja_at_node(st, node, status);
}

creg_status jinja_eval_call_with_caller(jinja_state *st, const jinja_node *node,
                                        creg_value caller, creg_value *ret_value)
{
    creg_value callee;
    arguments args;
    init(&args);
    creg_status status = jinja_evaluate_node(st, node->as.call.subject, &callee);
    if (status == CREG_OK)
        status = gather(st, node->as.call.args, &args);
    if (status == CREG_OK)
        status = push_keyword(st, &args, creg_value_cstring("caller"), caller);
    if (status == CREG_OK)
        status = jinja_call_value(&st->run, callee, args.positional, args.count, args.keywords,
                                  args.keyword_count, ret_value);
    return jinja_at_node(st, node, status);
}

/* The method `name` of a plain value, when using it needs no look-up as an item first. */
static const jinja_builtin *method_of(jinja_state *st, creg_value self, const jinja_name *name)
{
    if (self.kind == CREG_KIND_OBJECT || self.kind == CREG_KIND_UNDEFINED)
        return NULL;
    if (!jinja_is_safe(&st->run, self, name->text))
        return NULL;
    return jinja_find_method(self, name->text);
}

static creg_status call_method(jinja_state *st, const jinja_node *node, creg_value self,
                               const jinja_builtin *method, creg_value *ret_value)
{
    arguments args;
    init(&args);
    creg_status status = push(st, &args, self);
    if (status == CREG_OK)
        status = gather(st, node->as.call.args, &args);
    if (status == CREG_OK && node->as.call.subject->as.attribute.name->changes)
        status =
            jinja_about_to_change(&st->run, node->as.call.subject->as.attribute.name->text);
    if (status == CREG_OK)
        status = jinja_invoke(&st->run, method, args.positional, args.count, args.keywords,
                              args.keyword_count, ret_value);
    return jinja_at_node(st, node, status);
}

/* object.name(...): a method is called without making a bound one first. */
creg_status jinja_eval_call_method(jinja_state *st, const jinja_node *node,
                                   creg_value *ret_value)
{
    const jinja_node *subject = node->as.call.subject;
    creg_value self;
    creg_value callee;
    if (subject->detail != LOOP_OTHER)
        return jinja_eval_call(st, node, ret_value);
    creg_status status = jinja_evaluate_node(st, subject->as.attribute.object, &self);
    if (status != CREG_OK)
        return status;
    const jinja_name *name = subject->as.attribute.name;
    const jinja_builtin *method = method_of(st, self, name);
    if (method != NULL)
        return call_method(st, node, self, method, ret_value);
    status =
        jinja_at_node(st, subject, jinja_get_attribute(&st->run, self, name->text, &callee));
    if (status != CREG_OK)
        return status;
    arguments args;
    init(&args);
    status = gather(st, node->as.call.args, &args);
    if (status == CREG_OK)
        status = jinja_call_value(&st->run, callee, args.positional, args.count, args.keywords,
                                  args.keyword_count, ret_value);
    return jinja_at_node(st, node, status);
}

/* ---- by plan -------------------------------------------------------------------------- */

static creg_status fill_slots(jinja_state *st, const jinja_node *node, creg_value *first,
                              creg_value *slots)
{
    const jinja_plan *plan = node->as.call.plan;
    const jinja_args *args = node->as.call.args;
    size_t at = 0;
    creg_status status = CREG_OK;
    for (uint8_t i = 0; plan->has_gaps && i < plan->count; i++)
        slots[i] = jinja_missing();
    if (first != NULL)
        slots[plan->slot[at++]] = *first;
    for (uint32_t i = 0; i < args->count && status == CREG_OK; i++)
        status = jinja_evaluate_node(st, args->positional[i], &slots[plan->slot[at++]]);
    for (uint32_t i = 0; i < args->keyword_count && status == CREG_OK; i++)
        status = jinja_evaluate_node(st, args->keywords[i].value, &slots[plan->slot[at++]]);
    return status;
}

static creg_status call_planned(jinja_state *st, const jinja_node *node, creg_value *first,
                                creg_value *ret_value)
{
    creg_value local[4];
    creg_value *slots = local;
    const jinja_plan *plan = node->as.call.plan;
    creg_status status = jinja_charge(&st->run, plan->count);
    if (status != CREG_OK)
        return status;
    if (plan->count > sizeof local / sizeof local[0]) {
        slots = creg_arena_take(st->run.arena, plan->count * sizeof *slots);
        if (slots == NULL)
            return jinja_fail_arena(&st->run);
    }
    status = fill_slots(st, node, first, slots);
    if (status != CREG_OK)
        return status;
    return jinja_at_node(st, node, jinja_invoke_planned(&st->run, plan, slots, ret_value));
}

/* ---- filters -------------------------------------------------------------------------- */

/* Jinja2 puts a function that takes positional arguments only in the place of a filter that
 * it does not know, so a keyword is what fails first. */
static creg_status fail_unknown(jinja_run *run, const jinja_node *node, const arguments *args)
{
    const char *what = node->kind == NODE_FILTER ? "filter" : "test";
    creg_slice name = node->as.call.name->text;
    if (args->keyword_count == 0)
        return jinja_fail(run, "TemplateRuntimeError", "No %s named '%.*s' found.", what,
                          CREG_SHOW(name));
    creg_status status =
        jinja_fail(run, "TypeError", "%.*s() got an unexpected keyword argument '%.*s'",
                   CREG_SHOW(name), CREG_SHOW(creg_value_text(args->keywords[0].key)));
    creg_error_hint(run->err, "there is no %s of this name", what);
    return status;
}

static creg_status apply_row(jinja_state *st, const jinja_node *node, arguments *args,
                             creg_value *ret_value)
{
    if (node->as.call.host != NULL)
        return jinja_call_host(&st->run, node->as.call.host, args->positional, args->count,
                               args->keywords, args->keyword_count, ret_value);
    if (node->as.call.builtin != NULL)
        return jinja_invoke(&st->run, node->as.call.builtin, args->positional, args->count,
                            args->keywords, args->keyword_count, ret_value);
    return fail_unknown(&st->run, node, args);
}

static creg_status apply_to(jinja_state *st, const jinja_node *node, creg_value subject,
                            creg_value *ret_value)
{
    arguments args;
    init(&args);
    creg_status status = push(st, &args, subject);
    if (status == CREG_OK)
        status = gather(st, node->as.call.args, &args);
    if (status == CREG_OK)
        status = apply_row(st, node, &args, ret_value);
    return jinja_at_node(st, node, status);
}

creg_status jinja_eval_filter(jinja_state *st, const jinja_node *node, creg_value *ret_value)
{
    creg_value subject;
    creg_status status = jinja_evaluate_node(st, node->as.call.subject, &subject);
    return status == CREG_OK ? apply_to(st, node, subject, ret_value) : status;
}

creg_status jinja_eval_filter_planned(jinja_state *st, const jinja_node *node,
                                      creg_value *ret_value)
{
    creg_value subject;
    creg_status status = jinja_evaluate_node(st, node->as.call.subject, &subject);
    return status == CREG_OK ? call_planned(st, node, &subject, ret_value) : status;
}

creg_status jinja_eval_test(jinja_state *st, const jinja_node *node, creg_value *ret_value)
{
    return jinja_eval_filter(st, node, ret_value);
}

creg_status jinja_eval_test_planned(jinja_state *st, const jinja_node *node,
                                    creg_value *ret_value)
{
    return jinja_eval_filter_planned(st, node, ret_value);
}

creg_status jinja_eval_buffer_filters(jinja_state *st, const jinja_node *node, creg_value text,
                                      creg_value *ret_value)
{
    creg_value subject = text;
    if (node->as.call.subject != NULL) {
        creg_status status =
            jinja_eval_buffer_filters(st, node->as.call.subject, text, &subject);
        if (status != CREG_OK)
            return status;
    }
    return node->as.call.plan != NULL ? call_planned(st, node, &subject, ret_value)
                                      : apply_to(st, node, subject, ret_value);
}

/* ---- filters and tests by name -------------------------------------------------------- */

static creg_status apply_named(jinja_run *run, jinja_builtin_kind kind, creg_slice name,
                               creg_value value, const creg_value *positional, size_t count,
                               const creg_entry *keywords, size_t keyword_count,
                               creg_value *ret_value)
{
    const jinja_host *host = jinja_find_host(run->engine, kind, name);
    const jinja_builtin *builtin =
        host == NULL ? jinja_find_builtin(run->engine, kind, name) : NULL;
    if (host == NULL && builtin == NULL)
        return jinja_fail(run, "TemplateRuntimeError", "No %s named '%.*s'.",
                          kind == JINJA_FILTERS ? "filter" : "test", CREG_SHOW(name));
    creg_value local[LOCAL_ARGUMENTS];
    creg_value *values = local;
    if (count + 1 > LOCAL_ARGUMENTS) {
        values = creg_arena_calloc(run->arena, count + 1, sizeof *values);
        if (values == NULL)
            return jinja_fail_arena(run);
    }
    values[0] = value;
    if (count > 0)
        memcpy(values + 1, positional, count * sizeof *values);
    if (host != NULL)
        return jinja_call_host(run, host, values, count + 1, keywords, keyword_count,
                               ret_value);
    return jinja_invoke(run, builtin, values, count + 1, keywords, keyword_count, ret_value);
}

creg_status jinja_apply_filter(jinja_run *run, creg_slice name, creg_value value,
                               const creg_value *positional, size_t count,
                               const creg_entry *keywords, size_t keyword_count,
                               creg_value *ret_value)
{
    return apply_named(run, JINJA_FILTERS, name, value, positional, count, keywords,
                       keyword_count, ret_value);
}
