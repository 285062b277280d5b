/* SPDX-License-Identifier: MIT */
/*
 * Failing, charging, and the conversions that every part of a render needs.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "jinja/eval.h"
#include "value/integer.h"
#include "value/print.h"

/* ---- failing -------------------------------------------------------------------------- */

static creg_status status_of(const char *type)
{
    static const struct {
        const char *type;
        creg_status status;
    } rows[] = {
        {"UndefinedError", CREG_TEMPLATE_UNDEFINED},
        {"SecurityError", CREG_TEMPLATE_SECURITY},
        {"TemplateNotFound", CREG_TEMPLATE_NOT_FOUND},
        {"TemplatesNotFound", CREG_TEMPLATE_NOT_FOUND},
        {"TemplateSyntaxError", CREG_TEMPLATE_SYNTAX},
        {"TemplateAssertionError", CREG_TEMPLATE_SYNTAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(type, rows[i].type) == 0)
            return rows[i].status;
    return CREG_TEMPLATE_RUNTIME;
}

creg_status(jinja_fail)(jinja_run *run, const char *type, const char *format, ...)
{
    char message[CREG_ERROR_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    jinja_state_of(run)->failed_node = NULL;
    creg_status status = creg_fail(run->err, status_of(type), "%s", message);
    creg_error_type(run->err, type);
    return status;
}

static creg_status fail_limit(jinja_run *run, const char *what, unsigned long long value,
                              const char *field)
{
    jinja_state_of(run)->failed_node = NULL;
    creg_status status =
        creg_fail(run->err, CREG_LIMIT, "the render needs more than %llu %s", value, what);
    creg_error_hint(run->err, "the template does too much, or raise %s in jinja_limits", field);
    return status;
}

creg_status(jinja_fail_arena)(jinja_run *run)
{
    if (run->arena->failed == CREG_NO_MEMORY) {
        jinja_state_of(run)->failed_node = NULL;
        return creg_fail_arena(run->err, run->arena);
    }
    return fail_limit(run, "bytes of memory", run->limits.memory_bytes, "memory_bytes");
}

creg_status jinja_fail_fuel(jinja_run *run)
{
    run->fuel = 0;
    return fail_limit(run, "steps", run->limits.fuel, "fuel");
}

creg_status jinja_charge_bytes(jinja_run *run, size_t count, size_t each)
{
    if (each != 0 && count > run->limits.memory_bytes / each)
        return fail_limit(run, "bytes of memory", run->limits.memory_bytes, "memory_bytes");
    /* Near its budget an arena has taken all of it, and there is room in the last chunk. */
    size_t left = run->arena->budget - run->arena->taken;
    size_t room = (size_t)(run->arena->end - run->arena->at);
    if (count * each > left && count * each > room)
        return fail_limit(run, "bytes of memory", run->limits.memory_bytes, "memory_bytes");
    return jinja_charge(run, count * each / 64);
}

#ifdef __SANITIZE_ADDRESS__
enum { STACK_MAX = 1024 * 1024 }; /* frames have red zones: the same depth takes more */
#else
enum { STACK_MAX = 256 * 1024 };
#endif

creg_status jinja_check_stack(jinja_state *st)
{
    char here;
    size_t used =
        (size_t)(st->stack_base > &here ? st->stack_base - &here : &here - st->stack_base);
    if (used <= STACK_MAX)
        return CREG_OK;
    st->failed_node = NULL;
    creg_status status =
        creg_fail(st->run.err, CREG_LIMIT, "calls nest too deep for the stack (%u levels)",
                  (unsigned)st->run.call_depth);
    creg_error_hint(st->run.err,
                    "a macro, include or recursive loop calls itself without end?");
    return status;
}

/* ---- truth and text ------------------------------------------------------------------- */

creg_status jinja_truthy(jinja_run *run, creg_value value, bool *ret_truth)
{
    if (value.kind == CREG_KIND_UNDEFINED) {
        *ret_truth = false;
        bool strict = jinja_undefined_mode(value) == JINJA_UNDEFINED_STRICT;
        return strict ? jinja_fail_undefined(run, value) : CREG_OK;
    }
    *ret_truth = creg_value_truthy(value);
    return CREG_OK;
}

creg_status jinja_text_value(jinja_run *run, creg_text *text, creg_value *ret_value)
{
    creg_slice slice;
    if (text->failed != CREG_OK || creg_text_finish(text, &slice, NULL) != CREG_OK)
        return jinja_fail_arena(run);
    *ret_value = creg_value_string(slice);
    return jinja_charge(run, slice.size / 64);
}

creg_status jinja_make_pair(jinja_run *run, creg_value first, creg_value second,
                            creg_value *ret_pair)
{
    creg_list *pair = creg_list_new(run->arena, 2);
    if (pair == NULL)
        return jinja_fail_arena(run);
    pair->items[0] = first;
    pair->items[1] = second;
    pair->size = 2;
    *ret_pair = creg_value_tuple(pair);
    return CREG_OK;
}

creg_status jinja_print(jinja_run *run, creg_text *text, creg_value value, bool as_repr)
{
    creg_status status = creg_value_print_within(text, value, as_repr, &run->fuel, run->err);
    return status == CREG_LIMIT && run->fuel == 0 ? jinja_fail_fuel(run) : status;
}

creg_status jinja_str_value(jinja_run *run, creg_value value, creg_value *ret_text)
{
    if (value.kind == CREG_KIND_STRING) {
        *ret_text = value;
        return CREG_OK;
    }
    creg_slice slice = {NULL, 0};
    if (value.kind == CREG_KIND_UNDEFINED) {
        creg_status status = jinja_undefined_text(run, value, &slice);
        *ret_text = creg_value_string(slice);
        return status;
    }
    creg_text text;
    jinja_text_init(run, &text);
    creg_status status = jinja_print(run, &text, value, false);
    return status == CREG_OK ? jinja_text_value(run, &text, ret_text) : status;
}

creg_status jinja_str(jinja_run *run, creg_value value, creg_slice *ret_text)
{
    creg_value text;
    creg_status status = jinja_str_value(run, value, &text);
    if (status == CREG_OK)
        *ret_text = creg_value_text(text);
    return status;
}

/* ---- escaping ------------------------------------------------------------------------- */

/* Entities by byte; NULL for what stays. */
static const struct entity {
    const char *text;
    size_t size;
} entities[256] = {
    ['&'] = {"&amp;", 5}, ['<'] = {"&lt;", 4},   ['>'] = {"&gt;", 4},
    ['"'] = {"&#34;", 5}, ['\''] = {"&#39;", 5},
};

/* How many bytes from `at` on need no entity. */
static size_t plain_run(creg_slice slice, size_t at)
{
    size_t end = at;
    while (end < slice.size && entities[(unsigned char)slice.data[end]].text == NULL)
        end++;
    return end - at;
}

void jinja_escape_into(creg_text *text, creg_slice slice)
{
    size_t at = 0;
    while (at < slice.size) {
        size_t plain = plain_run(slice, at);
        creg_text_append(text, slice.data + at, plain);
        at += plain;
        if (at == slice.size)
            return;
        const struct entity *entity = &entities[(unsigned char)slice.data[at++]];
        creg_text_append(text, entity->text, entity->size);
    }
}

creg_status jinja_escape(jinja_run *run, creg_value value, creg_value *ret_markup)
{
    creg_status status = jinja_str_value(run, value, &value);
    if (status != CREG_OK)
        return status;
    if ((value.flags & CREG_STRING_MARKUP) != 0) {
        *ret_markup = value;
        return CREG_OK;
    }
    creg_slice slice = creg_value_text(value);
    if (plain_run(slice, 0) < slice.size) {
        creg_text text;
        jinja_text_init(run, &text);
        jinja_escape_into(&text, slice);
        uint8_t flags = value.flags;
        status = jinja_text_value(run, &text, &value);
        value.flags = flags & CREG_STRING_TRUSTED;
    }
    value.flags |= CREG_STRING_MARKUP;
    *ret_markup = value;
    return status;
}
