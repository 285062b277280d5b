/* SPDX-License-Identifier: MIT */
/*
 * The one look-up path: `.name`, `[key]`, |attr, map, groupby and format all come here, so
 * that the sandbox's rule is asked in one place and cannot be walked around.
 *
 * Nothing of the host is reachable: the attributes of a value are the methods of methods.c
 * and what an object's class offers. Python's dunder attributes are known by name, to say
 * "unsafe" where Jinja2's sandbox says it; the few that object_model.c has need no sandbox.
 */
#include <string.h>

#include "base/utf8.h"
#include "jinja/eval.h"

/* ---- the sandbox ---------------------------------------------------------------------- */

/* Attributes that every Python object has. */
static bool is_common_dunder(creg_slice name)
{
    static const char *const names[] = {
        "__class__",   "__delattr__", "__dir__",           "__doc__",          "__eq__",
        "__format__",  "__ge__",      "__getattribute__",  "__getstate__",     "__gt__",
        "__hash__",    "__init__",    "__init_subclass__", "__le__",           "__lt__",
        "__ne__",      "__new__",     "__reduce__",        "__reduce_ex__",    "__repr__",
        "__setattr__", "__sizeof__",  "__str__",           "__subclasshook__",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (creg_slice_equal(name, creg_slice_of(names[i])))
            return true;
    return false;
}

static bool is_container_dunder(creg_slice name)
{
    static const char *const names[] = {
        "__len__",  "__getitem__", "__iter__",    "__contains__", "__add__",  "__mul__",
        "__rmul__", "__setitem__", "__delitem__", "__iadd__",     "__imul__", "__reversed__",
        "__mod__",  "__rmod__",    "__or__",      "__ror__",      "__ior__"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (creg_slice_equal(name, creg_slice_of(names[i])))
            return true;
    return false;
}

/* What Jinja2's class for undefined values answers with a complaint, or with nothing. */
static bool is_undefined_dunder(creg_slice name)
{
    static const char *const names[] = {
        "__add__",  "__radd__", "__sub__",     "__rsub__",     "__mul__",      "__rmul__",
        "__mod__",  "__rmod__", "__truediv__", "__rtruediv__", "__floordiv__", "__rfloordiv__",
        "__pow__",  "__rpow__", "__pos__",     "__neg__",      "__int__",      "__float__",
        "__call__", "__len__",  "__iter__",    "__bool__",     "__getitem__"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (creg_slice_equal(name, creg_slice_of(names[i])))
            return true;
    return false;
}

static bool is_function_dunder(creg_slice name)
{
    static const char *const names[] = {
        "__call__",    "__name__",     "__qualname__", "__module__",
        "__globals__", "__code__",     "__closure__",  "__self__",
        "__func__",    "__defaults__", "__dict__",     "__kwdefaults__",
        "__mro__",     "__bases__",    "__base__",     "__subclasses__"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (creg_slice_equal(name, creg_slice_of(names[i])))
            return true;
    return false;
}

/* Would Python find this attribute, though we have it not? */
static bool python_has(creg_value object, creg_slice name)
{
    if (name.size < 5 || memcmp(name.data, "__", 2) != 0)
        return false;
    if (is_common_dunder(name))
        return true;
    switch (object.kind) {
    case CREG_KIND_STRING:
    case CREG_KIND_BYTES:
    case CREG_KIND_LIST:
    case CREG_KIND_TUPLE:
    case CREG_KIND_SET:
    case CREG_KIND_MAP:
    case CREG_KIND_RANGE:
        return is_container_dunder(name);
    case CREG_KIND_BOOL:
    case CREG_KIND_INT:
    case CREG_KIND_BIGINT:
    case CREG_KIND_FLOAT:
        return creg_slice_equal(name, creg_slice_of("__add__"));
    case CREG_KIND_OBJECT:
        return is_function_dunder(name);
    default:
        return false;
    }
}

bool jinja_is_safe(const jinja_run *run, creg_value object, creg_slice name)
{
    if (run->options->sandbox == JINJA_SANDBOX_NONE)
        return true;
    if (name.size > 0 && name.data[0] == '_')
        return false;
    return run->options->sandbox != JINJA_SANDBOX_IMMUTABLE ||
           !jinja_method_changes(object, name);
}

creg_status jinja_about_to_change(jinja_run *run, creg_slice name)
{
    jinja_state *st = jinja_state_of(run);
    if (st->context_is_ours || !jinja_name_changes(name))
        return CREG_OK;
    st->restart = true;
    return creg_fail(run->err, CREG_INTERNAL, "the render begins again with a copied context");
}

/* ---- bound methods -------------------------------------------------------------------- */

typedef struct bound_method {
    creg_object base;
    creg_value self;
    const jinja_builtin *method;
} bound_method;

static creg_status print_method(const creg_object *object, bool as_repr, creg_arena *arena,
                                creg_slice *ret_text, creg_error *err)
{
    const bound_method *bound = (const bound_method *)(const void *)object;
    creg_text text;
    (void)as_repr;
    creg_text_init(&text, arena, SIZE_MAX);
    /* Without the address that Python shows: a template need not know where our heap is. */
    creg_text_format(&text, "<built-in method %s of %s object>", bound->method->name,
                     creg_value_type_name(bound->self));
    return creg_text_finish(&text, ret_text, err);
}

static creg_status call_method(jinja_run *run, creg_object *object,
                               const creg_value *positional, size_t count,
                               const creg_entry *keywords, size_t keyword_count,
                               creg_value *ret_value)
{
    const bound_method *bound = (const bound_method *)(void *)object;
    creg_value local[8];
    creg_value *values = local;
    if (count + 1 > sizeof local / sizeof local[0]) {
        values = creg_arena_calloc(run->arena, count + 1, sizeof *values);
        if (values == NULL)
            return jinja_fail_arena(run);
    }
    values[0] = bound->self;
    if (count > 0)
        memcpy(values + 1, positional, count * sizeof *values);
    return jinja_invoke(run, bound->method, values, count + 1, keywords, keyword_count,
                        ret_value);
}

static const jinja_class method_class = {
    .base = {.type_name = "builtin_function_or_method", .print = print_method},
    .call = call_method,
};

creg_status jinja_bind_method(jinja_run *run, creg_value self, const jinja_builtin *method,
                              creg_value *ret_value)
{
    bound_method *bound = creg_arena_new(run->arena, bound_method);
    if (bound == NULL)
        return jinja_fail_arena(run);
    *bound = (bound_method){.base = {&method_class.base}, .self = self, .method = method};
    *ret_value = creg_value_object(&bound->base);
    return CREG_OK;
}

/* ---- items ---------------------------------------------------------------------------- */

static bool normalise_index(int64_t index, size_t size, size_t *ret_at)
{
    if (index < 0)
        index += (int64_t)size;
    if (index < 0 || (uint64_t)index >= size)
        return false;
    *ret_at = (size_t)index;
    return true;
}

static bool string_item(jinja_run *run, creg_value text, int64_t index, creg_value *ret_value)
{
    /* No failure leaves from here; the next step meets what is left of the fuel. */
    uint64_t price = text.size / 16;
    run->fuel = run->fuel > price ? run->fuel - price : 0;
    creg_slice slice = creg_value_text(text);
    size_t count = creg_utf8_count(slice);
    size_t at;
    if (!normalise_index(index, count, &at))
        return false;
    at = count == slice.size ? at : creg_utf8_offset(slice, at);
    creg_value item =
        creg_value_string(creg_slice_make(slice.data + at, creg_utf8_width(slice.data[at])));
    item.flags = text.flags & CREG_STRING_MARKUP;
    *ret_value = item;
    return true;
}

static bool sequence_item(jinja_run *run, creg_value object, int64_t index,
                          creg_value *ret_value)
{
    size_t at;
    switch (object.kind) {
    case CREG_KIND_LIST:
    case CREG_KIND_TUPLE:
        if (!normalise_index(index, object.as.list->size, &at))
            return false;
        *ret_value = object.as.list->items[at];
        return true;
    case CREG_KIND_STRING:
        return string_item(run, object, index, ret_value);
    case CREG_KIND_RANGE:
        if (!normalise_index(index, (size_t)object.as.range->size, &at))
            return false;
        *ret_value =
            creg_value_int(object.as.range->start + (int64_t)at * object.as.range->step);
        return true;
    case CREG_KIND_BYTES:
        if (!normalise_index(index, object.size, &at))
            return false;
        *ret_value = creg_value_int((unsigned char)object.as.text[at]);
        return true;
    default:
        return false;
    }
}

/* Python's object[key]: CREG_NOT_FOUND for TypeError and LookupError, whose words nobody
 * reads. */
static creg_status find_item(jinja_run *run, creg_value object, creg_value key,
                             creg_value *ret_value)
{
    if (object.kind == CREG_KIND_MAP) {
        const creg_value *found =
            creg_value_hashable(key) ? creg_map_get(object.as.map, key) : NULL;
        if (found == NULL)
            return CREG_NOT_FOUND;
        *ret_value = *found;
        return CREG_OK;
    }
    if (object.kind == CREG_KIND_OBJECT) {
        const jinja_class *class_ = jinja_class_of(object);
        return class_->item == NULL ? CREG_NOT_FOUND
                                    : class_->item(run, object.as.object, key, ret_value);
    }
    if (key.kind != CREG_KIND_INT && key.kind != CREG_KIND_BOOL)
        return CREG_NOT_FOUND;
    bool found = sequence_item(run, object, key.as.integer, ret_value);
    if (run->fuel == 0)
        return jinja_fail_fuel(run);
    return found ? CREG_OK : CREG_NOT_FOUND;
}

/* ---- attributes ----------------------------------------------------------------------- */

/* The few attributes of plain values that are no methods. */
static bool plain_attribute(creg_value object, creg_slice name, creg_value *ret_value)
{
    bool is_float = object.kind == CREG_KIND_FLOAT;
    bool is_integer = object.kind >= CREG_KIND_BOOL && object.kind <= CREG_KIND_BIGINT;
    if (object.kind == CREG_KIND_TUPLE && object.aux == JINJA_TUPLE_GROUP) {
        bool grouper = creg_slice_equal(name, creg_slice_of("grouper"));
        if (!grouper && !creg_slice_equal(name, creg_slice_of("list")))
            return false;
        *ret_value = object.as.list->items[grouper ? 0 : 1];
        return true;
    }
    if (!is_float && !is_integer)
        return false;
    if (creg_slice_equal(name, creg_slice_of("real")) ||
        (is_integer && creg_slice_equal(name, creg_slice_of("numerator"))))
        *ret_value = object.kind == CREG_KIND_BOOL ? creg_value_int(object.as.integer) : object;
    else if (creg_slice_equal(name, creg_slice_of("imag")))
        *ret_value = is_float ? creg_value_float(0.0) : creg_value_int(0);
    else if (is_integer && creg_slice_equal(name, creg_slice_of("denominator")))
        *ret_value = creg_value_int(1);
    else
        return false;
    return true;
}

/* Python's getattr(object, name) under the sandbox; CREG_NOT_FOUND for AttributeError. */
static creg_status find_attribute(jinja_run *run, creg_value object, creg_slice name,
                                  creg_value *ret_value)
{
    creg_status status = CREG_NOT_FOUND;
    if (object.kind == CREG_KIND_OBJECT) {
        const jinja_class *class_ = jinja_class_of(object);
        if (class_->attribute != NULL)
            status = class_->attribute(run, object.as.object, name, ret_value);
        if (status == CREG_OK && !jinja_is_safe(run, object, name))
            *ret_value = jinja_make_unsafe(run, object, name);
        if (status != CREG_NOT_FOUND)
            return status;
    }
    if (plain_attribute(object, name, ret_value))
        return CREG_OK;
    const jinja_builtin *method = jinja_find_method(object, name);
    if (method == NULL && !python_has(object, name))
        return CREG_NOT_FOUND;
    if (method == NULL && run->options->sandbox == JINJA_SANDBOX_NONE)
        return jinja_object_model(run, object, name, ret_value);
    if (!jinja_is_safe(run, object, name)) {
        *ret_value = jinja_make_unsafe(run, object, name);
        return CREG_OK;
    }
    status = jinja_about_to_change(run, name);
    return status == CREG_OK ? jinja_bind_method(run, object, method, ret_value) : status;
}

/* What Jinja2's class for undefined values knows of itself. */
static bool undefined_attribute(jinja_run *run, creg_value object, creg_slice name,
                                creg_value *ret_value)
{
    const jinja_undefined_info *info = jinja_undefined_of(object);
    if (info == NULL || name.size == 0 || name.data[0] != '_')
        return false;
    bool is_hint = creg_slice_equal(name, creg_slice_of("_undefined_hint"));
    bool is_unsafe = run->options->sandbox != JINJA_SANDBOX_NONE &&
                     (is_common_dunder(name) || is_undefined_dunder(name));
    if (!is_hint && !is_unsafe && !creg_slice_equal(name, creg_slice_of("_undefined_name")))
        return false;
    if (run->options->sandbox != JINJA_SANDBOX_NONE)
        *ret_value = jinja_make_unsafe(run, object, name);
    else if (!is_hint)
        *ret_value = info->key;
    else
        *ret_value =
            info->hint.data == NULL ? creg_value_none() : creg_value_string(info->hint);
    return true;
}

/* `.name` and `[key]` of an undefined value. */
static creg_status look_into_undefined(jinja_run *run, creg_value object, creg_value *ret_value)
{
    if (jinja_undefined_mode(object) != JINJA_UNDEFINED_CHAINABLE)
        return jinja_fail_undefined(run, object);
    *ret_value = object;
    return CREG_OK;
}

creg_status jinja_get_attribute(jinja_run *run, creg_value object, creg_slice name,
                                creg_value *ret_value)
{
    if (object.kind == CREG_KIND_UNDEFINED)
        return undefined_attribute(run, object, name, ret_value)
                   ? CREG_OK
                   : look_into_undefined(run, object, ret_value);
    creg_status status = find_attribute(run, object, name, ret_value);
    if (status == CREG_NOT_FOUND)
        status = find_item(run, object, creg_value_string(name), ret_value);
    if (status != CREG_NOT_FOUND)
        return status;
    *ret_value = jinja_make_undefined_in(run, object, creg_value_string(name));
    return CREG_OK;
}

creg_status jinja_get_item(jinja_run *run, creg_value object, creg_value key,
                           creg_value *ret_value)
{
    if (object.kind == CREG_KIND_UNDEFINED)
        return look_into_undefined(run, object, ret_value);
    if (key.kind == CREG_KIND_UNDEFINED &&
        jinja_undefined_mode(key) == JINJA_UNDEFINED_STRICT && object.kind == CREG_KIND_MAP)
        return jinja_fail_undefined(run, key);
    creg_status status = find_item(run, object, key, ret_value);
    if (status == CREG_NOT_FOUND && key.kind == CREG_KIND_STRING)
        status = find_attribute(run, object, creg_value_text(key), ret_value);
    if (status != CREG_NOT_FOUND)
        return status;
    *ret_value = jinja_make_undefined_in(run, object, key);
    return CREG_OK;
}
