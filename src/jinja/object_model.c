/* SPDX-License-Identifier: MIT */
/*
 * The little of Python's object model that templates ask for: `x.__class__`, its `__name__`,
 * and a few methods by the names that operators have (`xs.__len__()`).
 *
 * A class is a name and nothing else: it is not called, has no bases and leads nowhere. Under
 * a sandbox lookup.c never comes here, because all of these names are unsafe there.
 */
#include <string.h>

#include "base/hash.h"
#include "jinja/builtins.h"
#include "jinja/eval.h"
#include "jinja/methods.h"

/* ---- classes -------------------------------------------------------------------------- */

typedef struct class_object {
    creg_object base;
    const char *module; /* with its dot, or "" */
    const char *name;
} class_object;

static creg_status class_attribute(jinja_run *run, creg_object *object, creg_slice name,
                                   creg_value *ret_value)
{
    (void)run;
    if (!creg_slice_equal(name, creg_slice_of("__name__")))
        return CREG_NOT_FOUND;
    *ret_value =
        creg_value_string(creg_slice_of(((const class_object *)(const void *)object)->name));
    return CREG_OK;
}

static creg_status print_class(const creg_object *object, bool as_repr, creg_arena *arena,
                               creg_slice *ret_text, creg_error *err)
{
    const class_object *self = (const class_object *)(const void *)object;
    creg_text text;
    (void)as_repr;
    creg_text_init(&text, arena, SIZE_MAX);
    creg_text_format(&text, "<class '%s%s'>", self->module, self->name);
    return creg_text_finish(&text, ret_text, err);
}

static bool equal_classes(const creg_object *left, creg_value right)
{
    const class_object *self = (const class_object *)(const void *)left;
    const jinja_builtin *function = jinja_function_of(right); /* dict, range ... */
    if (function != NULL)
        return strcmp(self->name, function->name) == 0;
    if (!creg_value_is(right, CREG_KIND_OBJECT) ||
        right.as.object->object_class != left->object_class)
        return false;
    const class_object *other = (const class_object *)(const void *)right.as.object;
    return strcmp(self->name, other->name) == 0;
}

static uint64_t hash_class(const creg_object *object)
{
    const class_object *self = (const class_object *)(const void *)object;
    return creg_hash_bytes(self->name, strlen(self->name));
}

static const jinja_class class_class = {
    .base = {.type_name = "type",
             .print = print_class,
             .equal = equal_classes,
             .hash = hash_class},
    .attribute = class_attribute,
};

static creg_status make_class(jinja_run *run, creg_value value, creg_value *ret_value)
{
    class_object *self = creg_arena_new(run->arena, class_object);
    if (self == NULL)
        return jinja_fail_arena(run);
    *self = (class_object){.base = {&class_class.base},
                           .module = jinja_type_module(value),
                           .name = creg_value_type_name(value)};
    *ret_value = creg_value_object(&self->base);
    return CREG_OK;
}

/* ---- operators by name ------------------------------------------------------------------ */

static creg_status dunder_add(jinja_call *call, creg_value *ret_value)
{
    return jinja_add(call->run, call->args[0], call->args[1], ret_value);
}

static creg_status dunder_contains(jinja_call *call, creg_value *ret_value)
{
    bool contains = false;
    creg_status status = jinja_contains(call->run, call->args[0], call->args[1], &contains);
    *ret_value = creg_value_bool(contains);
    return status;
}

static creg_status fail_item(jinja_run *run, creg_value object, creg_value key)
{
    if (!creg_value_is(object, CREG_KIND_MAP))
        return jinja_fail(run, "IndexError", "%s index out of range",
                          creg_value_type_name(object));
    creg_slice text = jinja_repr(run, key);
    return jinja_fail(run, "KeyError", "%.*s", CREG_SHOW(text));
}

static creg_status dunder_getitem(jinja_call *call, creg_value *ret_value)
{
    creg_value object = call->args[0];
    creg_value key = call->args[1];
    if (creg_value_is(object, CREG_KIND_MAP)) {
        creg_status status = jinja_check_key(call->run, key);
        const creg_value *found = status == CREG_OK ? creg_map_get(object.as.map, key) : NULL;
        if (found != NULL)
            *ret_value = *found;
        return found != NULL || status != CREG_OK ? status : fail_item(call->run, object, key);
    }
    if (!creg_value_is(key, CREG_KIND_INT) && !creg_value_is(key, CREG_KIND_BOOL))
        return jinja_fail(call->run, "TypeError",
                          "%s indices must be integers or slices, not %s",
                          creg_value_type_name(object), creg_value_type_name(key));
    creg_status status = jinja_get_item(call->run, object, key, ret_value);
    bool missing = status == CREG_OK && ret_value->kind == CREG_KIND_UNDEFINED;
    return missing ? fail_item(call->run, object, key) : status;
}

static creg_status dunder_len(jinja_call *call, creg_value *ret_value)
{
    size_t length = 0;
    creg_status status = jinja_length(call->run, call->args[0], &length);
    *ret_value = creg_value_int((int64_t)length);
    return status;
}

enum { ADDS = 1, HOLDS = 2, INDEXED = 4 };

static const struct {
    jinja_builtin row;
    unsigned needs;
} operators[] = {
    {{"__add__", dunder_add, "__add__(value, /)", "self + value", 0, 0}, ADDS},
    {{"__contains__", dunder_contains, "__contains__(value, /)", "value in self", 0, 0}, HOLDS},
    {{"__getitem__", dunder_getitem, "__getitem__(key, /)", "self[key]", 0, 0}, INDEXED},
    {{"__len__", dunder_len, "__len__()", "How many items.", 0, 0}, HOLDS},
};

static unsigned abilities(creg_value value)
{
    switch ((creg_kind)value.kind) {
    case CREG_KIND_BOOL:
    case CREG_KIND_INT:
    case CREG_KIND_BIGINT:
    case CREG_KIND_FLOAT:
        return ADDS;
    case CREG_KIND_STRING:
    case CREG_KIND_BYTES:
    case CREG_KIND_LIST:
    case CREG_KIND_TUPLE:
        return ADDS | HOLDS | INDEXED;
    case CREG_KIND_MAP:
    case CREG_KIND_RANGE:
        return HOLDS | INDEXED;
    case CREG_KIND_SET:
        return HOLDS;
    default:
        return 0;
    }
}

creg_status jinja_object_model(jinja_run *run, creg_value object, creg_slice name,
                               creg_value *ret_value)
{
    if (creg_slice_equal(name, creg_slice_of("__class__")))
        return make_class(run, object, ret_value);
    unsigned able = abilities(object);
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++)
        if (creg_slice_equal(name, creg_slice_of(operators[i].row.name)) &&
            (able & operators[i].needs) != 0)
            return jinja_bind_method(run, object, &operators[i].row, ret_value);
    return CREG_NOT_FOUND;
}
