/* SPDX-License-Identifier: MIT */
/*
 * The objects that cycler(), joiner() and namespace() make.
 */
#include "jinja/builtins.h"

static bool is_name(creg_slice name, const char *wanted)
{
    return creg_slice_equal(name, creg_slice_of(wanted));
}

static creg_status refuse_arguments(jinja_run *run, const char *name, size_t count,
                                    size_t keyword_count)
{
    if (keyword_count > 0)
        return jinja_fail(run, "TypeError", "%s() got an unexpected keyword argument", name);
    if (count > 0)
        return jinja_fail(run, "TypeError",
                          "%s() takes 1 positional argument but %zu were given", name,
                          count + 1);
    return CREG_OK;
}

/* ---- cycler ----------------------------------------------------------------------------- */

typedef struct cycler cycler;

/* A method bound to its cycler; both live inside it, so that asking for one costs nothing. */
typedef struct cycler_method {
    creg_object base;
    cycler *self;
    bool resets;
} cycler_method;

struct cycler {
    creg_object base;
    creg_list *items;
    size_t at;
    cycler_method next;
    cycler_method reset;
};

static creg_status method_call(jinja_run *run, creg_object *object,
                               const creg_value *positional, size_t count,
                               const creg_entry *keywords, size_t keyword_count,
                               creg_value *ret_value)
{
    (void)positional;
    (void)keywords;
    cycler_method *method = (cycler_method *)(void *)object;
    cycler *self = method->self;
    creg_status status = refuse_arguments(run, method->resets ? "Cycler.reset" : "Cycler.next",
                                          count, keyword_count);
    if (status != CREG_OK)
        return status;
    if (method->resets) {
        self->at = 0;
        *ret_value = creg_value_none();
    } else {
        *ret_value = self->items->items[self->at];
        self->at = (self->at + 1) % self->items->size;
    }
    return CREG_OK;
}

static const jinja_class method_class = {
    .base = {.type_name = "method"},
    .call = method_call,
};

static creg_status cycler_attribute(jinja_run *run, creg_object *object, creg_slice name,
                                    creg_value *ret_value)
{
    (void)run;
    cycler *self = (cycler *)(void *)object;
    if (is_name(name, "next"))
        *ret_value = creg_value_object(&self->next.base);
    else if (is_name(name, "reset"))
        *ret_value = creg_value_object(&self->reset.base);
    else if (is_name(name, "current"))
        *ret_value = self->items->items[self->at];
    else if (is_name(name, "pos"))
        *ret_value = creg_value_int((int64_t)self->at);
    else if (is_name(name, "items"))
        *ret_value = creg_value_tuple(self->items);
    else
        return CREG_NOT_FOUND;
    return CREG_OK;
}

static const jinja_class cycler_class = {
    .base = {.type_name = "Cycler"},
    .attribute = cycler_attribute,
};

creg_status jinja_function_cycler(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    if (call->rest_count == 0)
        return jinja_fail(run, "RuntimeError", "at least one item has to be provided");
    cycler *self = creg_arena_new(run->arena, cycler);
    creg_list *items = creg_list_new(run->arena, call->rest_count);
    if (self == NULL || items == NULL)
        return jinja_fail_arena(run);
    for (size_t i = 0; i < call->rest_count; i++)
        if (!creg_list_append(run->arena, items, call->rest[i]))
            return jinja_fail_arena(run);
    *self = (cycler){.base = {&cycler_class.base}, .items = items};
    self->next = (cycler_method){.base = {&method_class.base}, .self = self};
    self->reset = (cycler_method){.base = {&method_class.base}, .self = self, .resets = true};
    *ret_value = creg_value_object(&self->base);
    return CREG_OK;
}

/* ---- joiner ----------------------------------------------------------------------------- */

typedef struct joiner {
    creg_object base;
    creg_value separator; /* with its flags: a literal one stays the template's own text */
    bool used;
} joiner;

static creg_status joiner_call(jinja_run *run, creg_object *object,
                               const creg_value *positional, size_t count,
                               const creg_entry *keywords, size_t keyword_count,
                               creg_value *ret_value)
{
    (void)positional;
    (void)keywords;
    joiner *self = (joiner *)(void *)object;
    if (count + keyword_count > 0)
        return refuse_arguments(run, "Joiner.__call__", count, keyword_count);
    if (self->used) {
        *ret_value = self->separator;
    } else {
        *ret_value = creg_value_cstring("");
        ret_value->flags = CREG_STRING_TRUSTED | CREG_STRING_ASCII;
        self->used = true;
    }
    return CREG_OK;
}

static creg_status joiner_attribute(jinja_run *run, creg_object *object, creg_slice name,
                                    creg_value *ret_value)
{
    (void)run;
    joiner *self = (joiner *)(void *)object;
    if (is_name(name, "sep"))
        *ret_value = self->separator;
    else if (is_name(name, "used"))
        *ret_value = creg_value_bool(self->used);
    else
        return CREG_NOT_FOUND;
    return CREG_OK;
}

static const jinja_class joiner_class = {
    .base = {.type_name = "Joiner"},
    .attribute = joiner_attribute,
    .call = joiner_call,
};

creg_status jinja_function_joiner(jinja_call *call, creg_value *ret_value)
{
    creg_value comma = creg_value_cstring(", ");
    comma.flags = CREG_STRING_TRUSTED | CREG_STRING_ASCII;
    joiner *self = creg_arena_new(call->run->arena, joiner);
    if (self == NULL)
        return jinja_fail_arena(call->run);
    *self = (joiner){.base = {&joiner_class.base}, .separator = jinja_argument(call, 0, comma)};
    *ret_value = creg_value_object(&self->base);
    return CREG_OK;
}

/* ---- namespace -------------------------------------------------------------------------- */

typedef struct name_space {
    creg_object base;
    creg_map *attributes;
} name_space;

static creg_status namespace_attribute(jinja_run *run, creg_object *object, creg_slice name,
                                       creg_value *ret_value)
{
    (void)run;
    const name_space *self = (const name_space *)(const void *)object;
    const creg_value *found = creg_map_get_text(self->attributes, name);
    if (found == NULL)
        return CREG_NOT_FOUND;
    *ret_value = *found;
    return CREG_OK;
}

static creg_status namespace_set_attribute(jinja_run *run, creg_object *object, creg_slice name,
                                           creg_value value)
{
    const name_space *self = (const name_space *)(const void *)object;
    creg_value *found = creg_map_get_text(self->attributes, name);
    if (found != NULL) {
        *found = value;
        return CREG_OK;
    }
    return creg_map_set_text(run->arena, self->attributes, name, value) ? CREG_OK
                                                                        : jinja_fail_arena(run);
}

static creg_status namespace_print(const creg_object *object, bool as_repr, creg_arena *arena,
                                   creg_slice *ret_text, creg_error *err)
{
    (void)as_repr;
    const name_space *self = (const name_space *)(const void *)object;
    creg_slice attributes;
    creg_status status =
        creg_value_repr(creg_value_map(self->attributes), arena, &attributes, err);
    if (status != CREG_OK)
        return status;
    creg_text text;
    creg_text_init(&text, arena, attributes.size + 16);
    creg_text_string(&text, "<Namespace ");
    creg_text_slice(&text, attributes);
    creg_text_byte(&text, '>');
    return creg_text_finish(&text, ret_text, err);
}

static const jinja_class namespace_class = {
    .base = {.type_name = "Namespace", .print = namespace_print},
    .attribute = namespace_attribute,
    .set_attribute = namespace_set_attribute,
};

creg_status jinja_function_namespace(jinja_call *call, creg_value *ret_value)
{
    creg_map *attributes;
    creg_status status = jinja_make_map(call, &attributes);
    if (status != CREG_OK)
        return status;
    name_space *self = creg_arena_new(call->run->arena, name_space);
    if (self == NULL)
        return jinja_fail_arena(call->run);
    *self = (name_space){.base = {&namespace_class.base}, .attributes = attributes};
    *ret_value = creg_value_object(&self->base);
    return CREG_OK;
}
