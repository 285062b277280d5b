/* SPDX-License-Identifier: MIT */
/*
 * The four kinds of undefined: what they say, and how using one fails.
 *
 * An undefined value points to a record of what was looked for and where, so that the
 * message can be made when, and only when, somebody uses it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "jinja/eval.h"
#include "jinja/parser.h"

static const creg_object_class classes[] = {
    [JINJA_UNDEFINED_DEFAULT] = {.type_name = "Undefined"},
    [JINJA_UNDEFINED_CHAINABLE] = {.type_name = "ChainableUndefined"},
    [JINJA_UNDEFINED_DEBUG] = {.type_name = "DebugUndefined"},
    [JINJA_UNDEFINED_STRICT] = {.type_name = "StrictUndefined"},
};

static creg_value make(creg_arena *arena, jinja_undefined mode, jinja_undefined_info **ret_info)
{
    creg_value value = creg_value_undefined();
    jinja_undefined_info *info = creg_arena_new(arena, jinja_undefined_info);
    *ret_info = info;
    if (info == NULL)
        return value; /* the allocation that follows says so */
    *info = (jinja_undefined_info){.base = {&classes[mode]},
                                   .mode = (uint8_t)mode,
                                   .object = jinja_missing(),
                                   .key = creg_value_none(),
                                   .type = "UndefinedError"};
    value.as.object = &info->base;
    return value;
}

creg_value jinja_undefined_for_name(creg_arena *arena, jinja_undefined mode, creg_slice name)
{
    jinja_undefined_info *info;
    creg_value value = make(arena, mode, &info);
    if (info != NULL)
        info->key = creg_value_string(name);
    return value;
}

creg_value jinja_make_undefined_in(jinja_run *run, creg_value object, creg_value key)
{
    jinja_undefined_info *info;
    creg_value value = make(run->arena, run->options->undefined, &info);
    if (info != NULL) {
        info->object = object;
        info->key = key;
    }
    return value;
}

creg_value jinja_make_lenient(jinja_run *run, creg_slice hint)
{
    jinja_undefined_info *info;
    creg_value value = make(run->arena, JINJA_UNDEFINED_DEFAULT, &info);
    if (info != NULL)
        info->hint = hint;
    return value;
}

static creg_slice formatted_hint(creg_arena *arena, const char *hint, va_list arguments)
{
    char text[CREG_ERROR_MESSAGE_SIZE];
    vsnprintf(text, sizeof text, hint, arguments);
    creg_slice copy = creg_arena_copy(arena, creg_slice_of(text));
    return copy.data == NULL ? creg_slice_of("undefined") : copy;
}

creg_value jinja_make_undefined_hint(jinja_run *run, const char *hint, ...)
{
    jinja_undefined_info *info;
    creg_value value = make(run->arena, run->options->undefined, &info);
    va_list arguments;
    va_start(arguments, hint);
    if (info != NULL)
        info->hint = formatted_hint(run->arena, hint, arguments);
    va_end(arguments);
    return value;
}

creg_value jinja_make_unsafe(jinja_run *run, creg_value object, creg_slice name)
{
    creg_value value =
        jinja_make_undefined_hint(run, "access to attribute '%.*s' of '%s' object is unsafe.",
                                  CREG_SHOW(name), creg_value_type_name(object));
    jinja_undefined_info *info = (jinja_undefined_info *)(void *)value.as.object;
    if (info != NULL) {
        info->object = object;
        info->key = creg_value_string(name);
        info->type = "SecurityError";
    }
    return value;
}

/* ---- wording -------------------------------------------------------------------------- */

/* The module that Python would print before the name of a class of its own. */
const char *jinja_type_module(creg_value value)
{
    static const struct {
        const char *type, *module;
    } rows[] = {
        {"LoopContext", "jinja2.runtime."},
        {"Macro", "jinja2.runtime."},
        {"BlockReference", "jinja2.runtime."},
        {"TemplateReference", "jinja2.runtime."},
        {"Namespace", "jinja2.utils."},
        {"Cycler", "jinja2.utils."},
        {"Joiner", "jinja2.utils."},
        {"TemplateModule", "jinja2.environment."},
        {"Undefined", "jinja2.runtime."},
        {"StrictUndefined", "jinja2.runtime."},
        {"ChainableUndefined", "jinja2.runtime."},
        {"DebugUndefined", "jinja2.runtime."},
        {"Markup", "markupsafe."},
    };
    const char *type = creg_value_type_name(value);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].type, type) == 0)
            return rows[i].module;
    return "";
}

void jinja_type_repr(creg_value value, char *out, size_t size)
{
    if (value.kind == CREG_KIND_NONE)
        snprintf(out, size, "None");
    else
        snprintf(out, size, "%s%s object", jinja_type_module(value),
                 creg_value_type_name(value));
}

static void key_repr(jinja_run *run, creg_value key, char *out, size_t size)
{
    creg_slice text = creg_slice_of("?");
    if (creg_value_repr(key, run->arena, &text, NULL) != CREG_OK)
        text = creg_slice_of("?");
    snprintf(out, size, "%.*s", CREG_SHOW(text));
}

static void message_of(jinja_run *run, const jinja_undefined_info *info, char *out, size_t size)
{
    char key[256];
    char type[128];
    key_repr(run, info->key, key, sizeof key);
    if (info->hint.data != NULL) {
        snprintf(out, size, "%.*s", (int)info->hint.size, info->hint.data);
    } else if (jinja_is_missing(info->object)) {
        snprintf(out, size, "%s is undefined", key);
    } else {
        jinja_type_repr(info->object, type, sizeof type);
        if (info->key.kind == CREG_KIND_STRING)
            snprintf(out, size, "'%s' has no attribute %s", type, key);
        else
            snprintf(out, size, "%s has no element %s", type, key);
    }
}

creg_status(jinja_fail_undefined)(jinja_run *run, creg_value undefined)
{
    const jinja_undefined_info *info = jinja_undefined_of(undefined);
    if (info == NULL)
        return jinja_fail(run, "UndefinedError", "a value is undefined");
    char message[CREG_ERROR_MESSAGE_SIZE];
    message_of(run, info, message, sizeof message);
    creg_status status = jinja_fail(run, info->type, "%s", message);
    if (run->err != NULL && strcmp(info->type, "UndefinedError") == 0)
        creg_error_hint(run->err, "give it a value, or a default: {{ name|default('x') }}");
    return status;
}

static creg_status debug_text(jinja_run *run, const jinja_undefined_info *info,
                              creg_slice *ret_text)
{
    char key[256];
    char type[128];
    creg_text text;
    key_repr(run, info->key, key, sizeof key);
    jinja_text_init(run, &text);
    creg_text_string(&text, "{{ ");
    if (info->hint.data != NULL) {
        creg_text_string(&text, "undefined value printed: ");
        creg_text_slice(&text, info->hint);
    } else if (jinja_is_missing(info->object)) {
        creg_text_slice(&text, creg_value_text(info->key));
    } else {
        jinja_type_repr(info->object, type, sizeof type);
        creg_text_format(&text, "no such element: %s[%s]", type, key);
    }
    creg_text_string(&text, " }}");
    return creg_text_finish(&text, ret_text, run->err);
}

creg_status jinja_undefined_text(jinja_run *run, creg_value undefined, creg_slice *ret_text)
{
    const jinja_undefined_info *info = jinja_undefined_of(undefined);
    if (jinja_undefined_mode(undefined) == JINJA_UNDEFINED_STRICT)
        return jinja_fail_undefined(run, undefined);
    if (info != NULL && info->mode == JINJA_UNDEFINED_DEBUG)
        return debug_text(run, info, ret_text);
    *ret_text = creg_slice_make("", 0);
    return CREG_OK;
}
