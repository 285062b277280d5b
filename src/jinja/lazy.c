/* SPDX-License-Identifier: MIT */
/*
 * Lazy sequences: what map, select, batch and their kin give. As Python's generators they
 * do nothing before the first item is asked for, run once, and stay empty after a failure.
 */
#include "jinja/builtins.h"
#include "jinja/eval.h"

enum { FRESH, WAITING, RUNNING, DONE };

static creg_status advance(jinja_run *run, jinja_lazy *lazy, bool fresh, creg_value *ret_item,
                           bool *ret_more)
{
    *ret_more = true;
    creg_status status = CREG_OK;
    if (fresh && lazy->begin != NULL)
        status = lazy->begin(run, lazy, ret_more);
    if (status == CREG_OK && *ret_more)
        status = lazy->step(run, lazy, ret_item, ret_more);
    return status;
}

static creg_status lazy_next(jinja_run *run, creg_object *object, creg_value *ret_item)
{
    jinja_lazy *lazy = (jinja_lazy *)(void *)object;
    if (lazy->state == DONE)
        return CREG_NOT_FOUND;
    if (lazy->state == RUNNING)
        return jinja_fail(run, "ValueError", "generator already executing");

    /* One over the other over the other: each takes some of the C stack. */
    creg_status status = jinja_check_stack(jinja_state_of(run));
    if (status != CREG_OK)
        return status;
    bool fresh = lazy->state == FRESH;
    bool more;
    lazy->state = RUNNING;
    status = advance(run, lazy, fresh, ret_item, &more);
    lazy->state = status == CREG_OK && more ? WAITING : DONE;
    return status == CREG_OK && !more ? CREG_NOT_FOUND : status;
}

static creg_status lazy_print(const creg_object *object, bool as_repr, creg_arena *arena,
                              creg_slice *ret_text, creg_error *err)
{
    (void)as_repr;
    const jinja_lazy *lazy = (const jinja_lazy *)(const void *)object;
    creg_text text;
    creg_text_init(&text, arena, CREG_LIMIT_NAME);
    creg_text_byte(&text, '<');
    creg_text_string(&text, lazy->label);
    creg_text_byte(&text, '>');
    return creg_text_finish(&text, ret_text, err);
}

static const jinja_class lazy_class = {
    .base = {.type_name = "generator", .print = lazy_print},
    .next = lazy_next,
};

creg_status jinja_lazy_new(jinja_run *run, size_t size, const char *label,
                           jinja_lazy_begin begin, jinja_lazy_step step, creg_value source,
                           jinja_lazy **ret_lazy)
{
    jinja_lazy *lazy = creg_arena_calloc(run->arena, 1, size);
    if (lazy == NULL)
        return jinja_fail_arena(run);
    lazy->base.object_class = &lazy_class.base;
    lazy->begin = begin;
    lazy->step = step;
    lazy->label = label;
    lazy->source = source;
    *ret_lazy = lazy;
    return CREG_OK;
}

creg_status jinja_lazy_iterate(jinja_run *run, jinja_lazy *lazy, bool *ret_more)
{
    *ret_more = true;
    return jinja_iterate(run, lazy->source, &lazy->iterator);
}
