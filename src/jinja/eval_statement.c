/* SPDX-License-Identifier: MIT */
/*
 * Statements other than loops, output and those about other templates; and how units and
 * scopes are entered.
 */
#include "jinja/builtins.h"
#include "jinja/eval.h"

#include <string.h>

/* ---- units and scopes ----------------------------------------------------------------- */

enum { FRAME_CHUNK = 16 * 1024 };

static jinja_frame *take_frame(jinja_state *st, const jinja_unit *unit)
{
    size_t size = sizeof(jinja_frame) + unit->slot_count * sizeof(creg_value);
    if (unit->captured)
        return creg_arena_take(st->run.arena, size);
    if (size > (size_t)(st->frame_end - st->frame_at)) {
        if (size > FRAME_CHUNK)
            return creg_arena_take(st->run.arena, size);
        char *chunk = creg_arena_take(st->run.arena, FRAME_CHUNK);
        if (chunk == NULL)
            return NULL;
        st->frame_at = chunk;
        st->frame_end = chunk + FRAME_CHUNK;
    }
    jinja_frame *frame = (jinja_frame *)(void *)st->frame_at;
    st->frame_at += size;
    return frame;
}

jinja_frame *jinja_enter_unit(jinja_state *st, const jinja_unit *unit, jinja_frame *outer)
{
    jinja_frame *frame = take_frame(st, unit);
    if (frame == NULL)
        return NULL;
    frame->outer = outer;
    for (uint32_t i = 0; i < unit->slot_count; i++)
        frame->slots[i] = jinja_missing();
    for (uint32_t i = 0; i < unit->resolve_count; i++)
        frame->slots[unit->resolves[i].slot] =
            jinja_context_find(st->context, unit->resolves[i].name->text);
    return frame;
}

void jinja_leave_unit(jinja_state *st, const jinja_unit *unit, jinja_frame *frame)
{
    /* Frames leave in the order opposite to their coming; one that began a new chunk keeps
     * that chunk for the next. */
    size_t size = sizeof(jinja_frame) + unit->slot_count * sizeof(creg_value);
    if (!unit->captured && (char *)frame + size == st->frame_at)
        st->frame_at = (char *)frame;
}

void jinja_enter_scope(jinja_state *st, const jinja_scope_info *scope)
{
    for (uint32_t i = 0; i < scope->load_count; i++) {
        const jinja_slot_load *load = &scope->loads[i];
        creg_value *slot = &st->slots[load->slot];
        if (load->kind == LOAD_RESOLVE)
            *slot = jinja_context_find(st->context, load->name->text);
        else if (load->kind == LOAD_ALIAS)
            *slot = *jinja_slot(st, load->from_slot, load->from_up);
        else
            *slot = jinja_missing();
    }
}

void jinja_clear_scope(jinja_state *st, const jinja_scope_info *scope)
{
    for (uint32_t i = 0; i < scope->own_count; i++)
        st->slots[scope->own_slots[i]] = jinja_missing();
}

/* ---- places --------------------------------------------------------------------------- */

creg_status jinja_exec_body(jinja_state *st, const jinja_body *body)
{
    for (uint32_t i = 0; i < body->count; i++) {
        const jinja_stmt *stmt = body->items[i];
        creg_status status = stmt->exec(st, stmt);
        if (status != CREG_OK)
            return status;
    }
    return CREG_OK;
}

static creg_status at_stmt(jinja_state *st, const jinja_stmt *stmt, creg_status status)
{
    return status == CREG_OK ? CREG_OK
                             : jinja_at_line(st, stmt->line, stmt->at, stmt->size, status);
}

/* ---- assigning ------------------------------------------------------------------------ */

static creg_status assign_namespace(jinja_state *st, const jinja_node *target, creg_value value)
{
    creg_value object = *jinja_slot(st, target->slot, target->up);
    const jinja_class *class_ = object.kind == CREG_KIND_OBJECT ? jinja_class_of(object) : NULL;
    if (class_ == NULL || class_->set_attribute == NULL)
        return jinja_at_node(st, target,
                             jinja_fail(&st->run, "TemplateRuntimeError",
                                        "cannot assign attribute on non-namespace object"));
    return class_->set_attribute(&st->run, object.as.object, target->as.nsref.attribute->text,
                                 value);
}

static creg_status unpack(jinja_state *st, const jinja_node *target, creg_value value)
{
    uint32_t count = target->as.list.count;
    jinja_iterator iterator;
    creg_value item;
    bool more;
    creg_status status = jinja_iterate(&st->run, value, &iterator);
    if (status == CREG_TEMPLATE_RUNTIME)
        return jinja_fail(&st->run, "TypeError", "cannot unpack non-iterable %s object",
                          creg_value_type_name(value));
    for (uint32_t i = 0; i < count && status == CREG_OK; i++) {
        status = jinja_next(&st->run, &iterator, &item, &more);
        if (status == CREG_OK && !more)
            return jinja_fail(&st->run, "ValueError",
                              "not enough values to unpack (expected %u, got %u)",
                              (unsigned)count, (unsigned)i);
        if (status == CREG_OK)
            status = jinja_assign(st, target->as.list.items[i], item);
    }
    if (status != CREG_OK)
        return status;
    status = jinja_next(&st->run, &iterator, &item, &more);
    if (status == CREG_OK && more)
        return jinja_fail(&st->run, "ValueError", "too many values to unpack (expected %u)",
                          (unsigned)count);
    return status;
}

creg_status jinja_assign(jinja_state *st, const jinja_node *target, creg_value value)
{
    if (target->kind == NODE_NAME) {
        *jinja_slot(st, target->slot, target->up) = value;
        return CREG_OK;
    }
    if (target->kind == NODE_NSREF)
        return assign_namespace(st, target, value);
    return jinja_at_node(st, target, unpack(st, target, value));
}

static creg_status export_name(jinja_state *st, creg_slice name, creg_value value, bool offer)
{
    jinja_context *context = st->context;
    if (context->vars == NULL)
        context->vars = creg_map_new(st->run.arena, 8);
    if (context->exported == NULL)
        context->exported = creg_map_new(st->run.arena, 8);
    if (context->vars == NULL || context->exported == NULL)
        return jinja_fail_arena(&st->run);
    creg_value key = creg_value_string(name);
    if (!creg_map_set(st->run.arena, context->vars, key, value))
        return jinja_fail_arena(&st->run);
    if (name.size > 0 && name.data[0] == '_')
        return CREG_OK;
    if (!offer) {
        creg_map_remove(context->exported, key);
        return CREG_OK;
    }
    return creg_map_set(st->run.arena, context->exported, key, creg_value_none())
               ? CREG_OK
               : jinja_fail_arena(&st->run);
}

creg_status jinja_export(jinja_state *st, const jinja_node *target, bool offer)
{
    if (target->kind == NODE_NAME)
        return export_name(st, target->as.name.name->text,
                           *jinja_slot(st, target->slot, target->up), offer);
    creg_status status = CREG_OK;
    for (uint32_t i = 0; target->kind == NODE_TUPLE && i < target->as.list.count; i++) {
        status = jinja_export(st, target->as.list.items[i], offer);
        if (status != CREG_OK)
            break;
    }
    return status;
}

static creg_status assign_stmt(jinja_state *st, const jinja_stmt *stmt,
                               const jinja_node *target, creg_value value)
{
    creg_status status = jinja_assign(st, target, value);
    if (status == CREG_OK && stmt->toplevel)
        status = jinja_export(st, target, true);
    return at_stmt(st, stmt, status);
}

static creg_status exec_set(jinja_state *st, const jinja_stmt *stmt)
{
    creg_value value;
    creg_status status = jinja_charge(&st->run, 1);
    if (status == CREG_OK)
        status = jinja_evaluate_node(st, stmt->as.set.value, &value);
    if (status != CREG_OK)
        return at_stmt(st, stmt, status);
    return assign_stmt(st, stmt, stmt->as.set.target, value);
}

/* ---- buffers -------------------------------------------------------------------------- */

/* The body of a set or filter block as a string. */
static creg_status capture(jinja_state *st, const jinja_stmt *stmt, creg_value *ret_text)
{
    jinja_output out;
    jinja_output *before = st->out;
    jinja_output_init(st, &out, st->run.limits.output_bytes);
    st->out = &out;
    jinja_enter_scope(st, &stmt->as.set_block.scope);
    creg_status status = jinja_exec_body(st, &stmt->as.set_block.body);
    st->out = before;
    if (status != CREG_OK)
        return status;
    bool markup =
        stmt->escape == ESCAPE_ON || (stmt->escape == ESCAPE_VOLATILE && st->run.autoescape);
    return at_stmt(st, stmt, jinja_output_value(st, &out, markup, ret_text));
}

static creg_status exec_set_block(jinja_state *st, const jinja_stmt *stmt)
{
    creg_value value;
    creg_status status = capture(st, stmt, &value);
    if (status != CREG_OK)
        return status;
    if (!st->run.autoescape)
        value.flags &= (uint8_t)~CREG_STRING_MARKUP;
    if (stmt->as.set_block.filter != NULL) {
        status = jinja_eval_buffer_filters(st, stmt->as.set_block.filter, value, &value);
        if (status == CREG_OK && st->run.autoescape)
            status = jinja_str_value(&st->run, value, &value);
    }
    if (status == CREG_OK && st->run.autoescape)
        value.flags |= CREG_STRING_MARKUP;
    if (status == CREG_OK)
        status = assign_stmt(st, stmt, stmt->as.set_block.target, value);
    if (stmt->clears)
        jinja_clear_scope(st, &stmt->as.set_block.scope);
    return at_stmt(st, stmt, status);
}

static creg_status exec_filter_block(jinja_state *st, const jinja_stmt *stmt)
{
    creg_value value;
    creg_status status = capture(st, stmt, &value);
    if (status != CREG_OK)
        return status;
    status = jinja_eval_buffer_filters(st, stmt->as.set_block.filter, value, &value);
    if (status == CREG_OK)
        status = jinja_write_value(st, stmt, value);
    return at_stmt(st, stmt, status);
}

/* ---- if, with, autoescape, do --------------------------------------------------------- */

static creg_status exec_if(jinja_state *st, const jinja_stmt *stmt)
{
    for (uint32_t i = 0; i < stmt->as.cond.count; i++) {
        const jinja_if_branch *branch = &stmt->as.cond.branches[i];
        creg_value value;
        bool truth = false;
        creg_status status = jinja_charge(&st->run, 1);
        if (status == CREG_OK)
            status = jinja_evaluate_node(st, branch->test, &value);
        if (status == CREG_OK)
            status = jinja_at_node(st, branch->test, jinja_truthy(&st->run, value, &truth));
        if (status != CREG_OK)
            return jinja_at_line(st, branch->line, branch->at, 2, status);
        if (truth)
            return jinja_exec_body(st, &branch->body);
    }
    return jinja_exec_body(st, &stmt->as.cond.otherwise);
}

static creg_status exec_with(jinja_state *st, const jinja_stmt *stmt)
{
    creg_status status = jinja_charge(&st->run, 1);
    jinja_enter_scope(st, &stmt->as.with.scope);
    for (uint32_t i = 0; i < stmt->as.with.count && status == CREG_OK; i++) {
        creg_value value;
        status = jinja_evaluate_node(st, stmt->as.with.values[i], &value);
        if (status == CREG_OK)
            status = jinja_assign(st, stmt->as.with.targets[i], value);
    }
    if (status != CREG_OK)
        return at_stmt(st, stmt, status);
    return jinja_exec_body(st, &stmt->as.with.body);
}

static creg_status exec_autoescape(jinja_state *st, const jinja_stmt *stmt)
{
    creg_value value;
    bool truth = false;
    jinja_enter_scope(st, &stmt->as.with.scope);
    creg_status status = jinja_evaluate_node(st, stmt->as.with.values[0], &value);
    if (status == CREG_OK)
        status = jinja_truthy(&st->run, value, &truth);
    if (status != CREG_OK)
        return at_stmt(st, stmt, status);
    bool before = st->run.autoescape;
    jinja_context *context = st->context;
    st->run.autoescape = context->autoescape = truth;
    status = jinja_exec_body(st, &stmt->as.with.body);
    st->run.autoescape = context->autoescape = before;
    return status;
}

static creg_status exec_do(jinja_state *st, const jinja_stmt *stmt)
{
    creg_value value;
    creg_status status = jinja_charge(&st->run, 1);
    if (status == CREG_OK)
        status = jinja_evaluate_node(st, stmt->as.node, &value);
    return at_stmt(st, stmt, status);
}

static creg_status exec_break(jinja_state *st, const jinja_stmt *stmt)
{
    (void)st;
    return stmt->kind == STMT_BREAK ? JINJA_FLOW_BREAK : JINJA_FLOW_CONTINUE;
}

/* ---- macro, call, debug --------------------------------------------------------------- */

static creg_status exec_macro(jinja_state *st, const jinja_stmt *stmt)
{
    creg_value value;
    creg_status status = jinja_make_macro(st, stmt->as.macro.def, &value);
    if (status != CREG_OK)
        return at_stmt(st, stmt, status);
    return assign_stmt(st, stmt, stmt->as.macro.target, value);
}

static creg_status exec_call_block(jinja_state *st, const jinja_stmt *stmt)
{
    creg_value caller;
    creg_value value;
    creg_status status = jinja_make_macro(st, stmt->as.macro.def, &caller);
    if (status == CREG_OK)
        status = jinja_eval_call_with_caller(st, stmt->as.macro.call, caller, &value);
    if (status == CREG_OK)
        status = jinja_write_value(st, stmt, value);
    return at_stmt(st, stmt, status);
}

static bool list_builtins(jinja_state *st, jinja_builtin_kind kind, creg_map *into,
                          const char *name)
{
    size_t count;
    const jinja_builtin_info *rows = jinja_builtins(kind, &count);
    creg_list *list = creg_list_new(st->run.arena, count);
    for (size_t i = 0; list != NULL && i < count; i++)
        if ((rows[i].pack & ~st->run.options->packs) == 0 &&
            !creg_list_append(st->run.arena, list, creg_value_cstring(rows[i].name)))
            return false;
    return list != NULL &&
           creg_map_set(st->run.arena, into, creg_value_cstring(name), creg_value_list(list));
}

static creg_map *all_names(jinja_state *st)
{
    creg_map *names = creg_map_new(st->run.arena, 16);
    const creg_map *vars = st->context->vars;
    for (const jinja_layer *layer = st->context->layers; names != NULL && layer != NULL;
         layer = layer->next)
        for (size_t i = 0; i < layer->map->filled; i++)
            if (layer->map->entries[i].used &&
                creg_map_get(names, layer->map->entries[i].key) == NULL &&
                !creg_map_set(st->run.arena, names, layer->map->entries[i].key,
                              layer->map->entries[i].value))
                return NULL;
    for (size_t i = 0; names != NULL && vars != NULL && i < vars->filled; i++)
        if (vars->entries[i].used &&
            !creg_map_set(st->run.arena, names, vars->entries[i].key, vars->entries[i].value))
            return NULL;
    return names;
}

static creg_status exec_debug(jinja_state *st, const jinja_stmt *stmt)
{
    creg_map *names = all_names(st);
    creg_map *all = creg_map_new(st->run.arena, 4);
    if (names == NULL || all == NULL ||
        !creg_map_set(st->run.arena, all, creg_value_cstring("context"),
                      creg_value_map(names)) ||
        !list_builtins(st, JINJA_FILTERS, all, "filters") ||
        !list_builtins(st, JINJA_TESTS, all, "tests"))
        return at_stmt(st, stmt, jinja_fail_arena(&st->run));
    creg_value text;
    creg_status status = jinja_pprint_for_debug(&st->run, creg_value_map(all), &text);
    if (status == CREG_OK)
        status = jinja_write_value(st, stmt, text);
    return at_stmt(st, stmt, status);
}

/* ---- which function? ------------------------------------------------------------------ */

jinja_exec jinja_choose_exec(const jinja_stmt *stmt)
{
    switch ((jinja_stmt_kind)stmt->kind) {
    case STMT_OUTPUT:
        return NULL; /* output.c chooses, once the mode is known */
    case STMT_FOR:
        return jinja_exec_for;
    case STMT_IF:
        return exec_if;
    case STMT_SET:
        return exec_set;
    case STMT_SET_BLOCK:
        return exec_set_block;
    case STMT_FILTER_BLOCK:
        return exec_filter_block;
    case STMT_MACRO:
        return exec_macro;
    case STMT_CALL_BLOCK:
        return exec_call_block;
    case STMT_WITH:
        return exec_with;
    case STMT_AUTOESCAPE:
        return exec_autoescape;
    case STMT_BLOCK:
        return jinja_exec_block;
    case STMT_EXTENDS:
        return jinja_exec_extends;
    case STMT_INCLUDE:
        return jinja_exec_include;
    case STMT_IMPORT:
        return jinja_exec_import;
    case STMT_FROM_IMPORT:
        return jinja_exec_from_import;
    case STMT_DO:
        return exec_do;
    case STMT_BREAK:
    case STMT_CONTINUE:
        return exec_break;
    case STMT_DEBUG:
        return exec_debug;
    }
    return NULL;
}
