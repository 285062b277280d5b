/* SPDX-License-Identifier: MIT */
/*
 * Statements, units and whole templates, while they are compiled: see resolve.h.
 */
#include "jinja/resolve.h"

#include <stdlib.h>
#include <string.h>

#include "jinja/diagnostic.h"
#include "jinja/eval.h"
#include "jinja/fold.h"

static bool resolve_body(jinja_parser *p, const jinja_static_frame *fr, const jinja_body *body);

/* The frame of a scope inside: what Jinja2's Frame(parent) keeps. */
static jinja_static_frame inner_frame(const jinja_static_frame *outer, jinja_scope *scope)
{
    jinja_static_frame inner = *outer;
    inner.scope = scope;
    inner.toplevel = false;
    inner.soft = false;
    return inner;
}

/* ---- output --------------------------------------------------------------------------- */

static bool is_structured(const jinja_parser *p)
{
    return p->options->autoescape == JINJA_AUTOESCAPE_JSON ||
           p->options->autoescape == JINJA_AUTOESCAPE_YAML;
}

/* What Jinja2 prints of a constant tree: settled now, whatever will be true later. */
static void early_text(jinja_parser *p, const jinja_static_frame *fr, jinja_output_item *item)
{
    bool early = fr->escape == ESCAPE_VOLATILE || p->folds_more;
    bool escapes =
        fr->escape == ESCAPE_VOLATILE ? fr->escapes_constants : fr->escape == ESCAPE_ON;
    creg_slice text;
    if (!early || item->node == NULL || is_structured(p) ||
        !jinja_is_constant(fr->escape, item->node) ||
        !jinja_fold_text(p->engine, p->arena, item->node, escapes, &text))
        return;
    item->text = text.data == NULL ? creg_slice_make("", 0) : text;
    item->node = NULL;
}

/* The text that a constant prints as, when the text around it does not matter. */
static bool const_text(jinja_parser *p, const jinja_static_frame *fr, jinja_output_item *item)
{
    if (item->node == NULL || item->node->kind != NODE_CONST || is_structured(p) ||
        fr->escape != ESCAPE_OFF || p->options->finalize != NULL)
        return true;
    creg_slice text;
    if (creg_value_str(item->node->as.constant, p->arena, &text, NULL) != CREG_OK)
        return true; /* it will say so when it is printed */
    item->text = text.data == NULL ? creg_slice_make("", 0) : text;
    item->node = NULL;
    return true;
}

/* {{ x|e }}: x itself, written with entities. */
static void write_escaped(const jinja_parser *p, jinja_output_item *item)
{
    const jinja_node *node = item->node;
    if (node == NULL || node->kind != NODE_FILTER || node->as.call.builtin == NULL ||
        node->as.call.args->count + node->as.call.args->keyword_count > 0 ||
        node->as.call.plan == NULL || is_structured(p) || p->options->finalize != NULL)
        return;
    creg_slice name = creg_slice_of(node->as.call.builtin->name);
    if (!creg_slice_equal(name, creg_slice_of("e")) &&
        !creg_slice_equal(name, creg_slice_of("escape")))
        return;
    item->escapes = true;
    item->node = node->as.call.subject;
}

static bool resolve_output(jinja_parser *p, const jinja_static_frame *fr, jinja_stmt *stmt)
{
    enum { VALUE_ROOM = 32 };
    size_t cost = 1;
    for (uint32_t i = 0; i < stmt->as.output.count; i++) {
        jinja_output_item *item = &stmt->as.output.items[i];
        if (!jinja_resolve_node(p, fr, item->node) || !const_text(p, fr, item))
            return false;
        early_text(p, fr, item);
        write_escaped(p, item);
        if (item->node == NULL && is_structured(p)) {
            item->memo = jinja_parse_alloc(p, 1, sizeof *item->memo);
            if (item->memo == NULL)
                return false;
        }
        cost += 1 + item->text.size / 64;
        stmt->as.output.room += item->node == NULL ? item->text.size : VALUE_ROOM;
    }
    stmt->cost = cost > UINT32_MAX ? UINT32_MAX : (uint32_t)cost;
    stmt->check_extends = fr->check_extends;
    return true;
}

/* ---- for ------------------------------------------------------------------------------ */

static jinja_node *clone_target(jinja_parser *p, const jinja_node *target)
{
    jinja_node *copy = jinja_parse_alloc(p, 1, sizeof *copy);
    if (copy == NULL)
        return NULL;
    *copy = *target;
    if (target->kind != NODE_TUPLE)
        return copy;
    copy->as.list.items = jinja_parse_alloc(p, target->as.list.count, sizeof(jinja_node *));
    if (copy->as.list.items == NULL)
        return NULL;
    for (uint32_t i = 0; i < target->as.list.count; i++) {
        copy->as.list.items[i] = clone_target(p, target->as.list.items[i]);
        if (copy->as.list.items[i] == NULL)
            return NULL;
    }
    return copy;
}

static bool resolve_for_test(jinja_parser *p, const jinja_static_frame *fr, jinja_for *loop,
                             jinja_unit *unit)
{
    jinja_scope *scope = jinja_scope_new(p, fr->scope, unit);
    if (scope == NULL || !jinja_visit_parameters(p, scope, loop->target) ||
        !jinja_visit_expression(p, scope, loop->test))
        return false;
    jinja_static_frame inner = inner_frame(fr, scope);
    loop->test_target = clone_target(p, loop->target);
    return loop->test_target != NULL && jinja_resolve_target(p, &inner, loop->test_target) &&
           jinja_resolve_node(p, &inner, loop->test) &&
           jinja_scope_finish(p, scope, &loop->test_scope);
}

static bool resolve_for_else(jinja_parser *p, const jinja_static_frame *fr, jinja_for *loop,
                             jinja_unit *unit)
{
    jinja_scope *scope = jinja_scope_new(p, fr->scope, unit);
    if (scope == NULL || !jinja_visit_body(p, scope, &loop->otherwise))
        return false;
    jinja_static_frame inner = inner_frame(fr, scope);
    return jinja_scope_finish(p, scope, &loop->else_scope) &&
           resolve_body(p, &inner, &loop->otherwise);
}

static bool resolve_for_body(jinja_parser *p, const jinja_static_frame *fr, jinja_for *loop,
                             jinja_unit *unit)
{
    jinja_scope *scope = jinja_scope_new(p, fr->scope, unit);
    if (scope == NULL)
        return false;
    if (loop->extended) {
        jinja_name *name = jinja_intern(p, creg_slice_of("loop"));
        jinja_ref *ref = jinja_scope_parameter(p, scope, name);
        if (ref == NULL)
            return false;
        loop->loop_slot = ref->slot;
    }
    if (!jinja_visit_parameters(p, scope, loop->target) ||
        !jinja_visit_body(p, scope, &loop->body))
        return false;
    jinja_static_frame inner = inner_frame(fr, scope);
    inner.in_loop = true;
    return jinja_resolve_target(p, &inner, loop->target) &&
           jinja_scope_finish(p, scope, &loop->scope) && resolve_body(p, &inner, &loop->body);
}

static bool resolve_for(jinja_parser *p, const jinja_static_frame *fr, jinja_stmt *stmt)
{
    jinja_for *loop = stmt->as.loop;
    jinja_unit *unit = fr->scope->unit;
    if (loop->recursive) {
        loop->unit = jinja_parse_alloc(p, 1, sizeof(jinja_unit));
        if (loop->unit == NULL)
            return false;
        loop->unit->outer = unit;
        loop->unit->captured = true;
        unit->captured = true;
        unit = loop->unit;
    }
    /* `stmt->escape`: what the text of a recursive call becomes. */
    stmt->escape = (uint8_t)fr->escape;
    if (!jinja_resolve_node(p, fr, loop->iter) ||
        (loop->test != NULL && !resolve_for_test(p, fr, loop, unit)))
        return false;
    if (loop->loop_store_line > 0) {
        jinja_parse_fail(p, "TemplateAssertionError", loop->loop_store_line,
                         loop->loop_store_at,
                         "Can't assign to special loop variable in for-loop target");
        return false;
    }
    if (!resolve_for_body(p, fr, loop, unit) || !resolve_for_else(p, fr, loop, unit))
        return false;
    stmt->clears = unit->captured;
    return true;
}

/* ---- other scopes --------------------------------------------------------------------- */

static bool resolve_if(jinja_parser *p, const jinja_static_frame *fr, jinja_stmt *stmt)
{
    jinja_static_frame soft = *fr;
    soft.soft = true;
    for (uint32_t i = 0; i < stmt->as.cond.count; i++)
        if (!jinja_resolve_node(p, &soft, stmt->as.cond.branches[i].test) ||
            !resolve_body(p, &soft, &stmt->as.cond.branches[i].body))
            return false;
    return resolve_body(p, &soft, &stmt->as.cond.otherwise);
}

static bool resolve_set_block(jinja_parser *p, const jinja_static_frame *fr, jinja_stmt *stmt)
{
    jinja_scope *scope = jinja_scope_new(p, fr->scope, fr->scope->unit);
    if (scope == NULL || !jinja_visit_body(p, scope, &stmt->as.set_block.body))
        return false;
    /* The filter's arguments are not part of the body that Jinja2 looks through. */
    jinja_static_frame inner = inner_frame(fr, scope);
    inner.check_extends = false;
    bool fine = jinja_visit_expression(p, scope, stmt->as.set_block.filter) &&
                jinja_scope_finish(p, scope, &stmt->as.set_block.scope) &&
                resolve_body(p, &inner, &stmt->as.set_block.body) &&
                jinja_resolve_target(p, fr, stmt->as.set_block.target) &&
                jinja_resolve_node(p, &inner, stmt->as.set_block.filter);
    stmt->toplevel = fr->toplevel;
    stmt->escape = (uint8_t)fr->escape;
    return fine;
}

static bool resolve_filter_block(jinja_parser *p, const jinja_static_frame *fr,
                                 jinja_stmt *stmt)
{
    jinja_scope *scope = jinja_scope_new(p, fr->scope, fr->scope->unit);
    if (scope == NULL || !jinja_visit_body(p, scope, &stmt->as.set_block.body) ||
        !jinja_visit_expression(p, scope, stmt->as.set_block.filter))
        return false;
    jinja_static_frame inner = inner_frame(fr, scope);
    stmt->escape = (uint8_t)fr->escape;
    return jinja_scope_finish(p, scope, &stmt->as.set_block.scope) &&
           resolve_body(p, &inner, &stmt->as.set_block.body) &&
           jinja_resolve_node(p, &inner, stmt->as.set_block.filter);
}

static bool resolve_with(jinja_parser *p, const jinja_static_frame *fr, jinja_stmt *stmt)
{
    jinja_scope *scope = jinja_scope_new(p, fr->scope, fr->scope->unit);
    if (scope == NULL)
        return false;
    for (uint32_t i = 0; i < stmt->as.with.count; i++)
        if (!jinja_visit_target(p, scope, stmt->as.with.targets[i]))
            return false;
    if (!jinja_visit_body(p, scope, &stmt->as.with.body))
        return false;
    jinja_static_frame inner = inner_frame(fr, scope);
    for (uint32_t i = 0; i < stmt->as.with.count; i++)
        if (!jinja_resolve_target(p, &inner, stmt->as.with.targets[i]) ||
            !jinja_resolve_node(p, fr, stmt->as.with.values[i]))
            return false;
    return jinja_scope_finish(p, scope, &stmt->as.with.scope) &&
           resolve_body(p, &inner, &stmt->as.with.body);
}

static bool resolve_autoescape(jinja_parser *p, const jinja_static_frame *fr, jinja_stmt *stmt)
{
    jinja_scope *scope = jinja_scope_new(p, fr->scope, fr->scope->unit);
    jinja_node *value = stmt->as.with.values[0];
    if (scope == NULL || !jinja_visit_expression(p, scope, value) ||
        !jinja_visit_body(p, scope, &stmt->as.with.body))
        return false;
    jinja_static_frame inner = inner_frame(fr, scope);
    if (!jinja_resolve_node(p, &inner, value) ||
        !jinja_scope_finish(p, scope, &stmt->as.with.scope))
        return false;
    if (fr->escape != ESCAPE_VOLATILE)
        inner.escapes_constants = fr->escape == ESCAPE_ON;
    if (value->kind != NODE_CONST)
        inner.escape = ESCAPE_VOLATILE;
    else
        inner.escape = creg_value_truthy(value->as.constant) ? ESCAPE_ON : ESCAPE_OFF;
    return resolve_body(p, &inner, &stmt->as.with.body);
}

/* ---- macros --------------------------------------------------------------------------- */

static bool declare_special(jinja_parser *p, jinja_scope *scope, const char *text,
                            uint32_t *ret_slot)
{
    jinja_name *name = jinja_intern(p, creg_slice_of(text));
    jinja_ref *ref = jinja_scope_parameter(p, scope, name);
    if (ref == NULL)
        return false;
    *ret_slot = ref->slot;
    return true;
}

static jinja_parameter *find_parameter(const jinja_macro_def *def, const char *text)
{
    for (uint32_t i = 0; i < def->count; i++)
        if (creg_slice_equal(def->parameters[i].name->text, creg_slice_of(text)))
            return &def->parameters[i];
    return NULL;
}

/* caller, kwargs and varargs exist where the body mentions them. */
static bool declare_specials(jinja_parser *p, jinja_scope *scope, jinja_macro_def *def)
{
    const jinja_parameter *caller = find_parameter(def, "caller");
    def->names_caller = caller != NULL;
    if ((def->mentions & MENTION_CALLER) != 0) {
        if (caller != NULL && caller->value == NULL) {
            jinja_parse_fail(p, "TemplateAssertionError", def->line, caller->at,
                             "When defining macros or call blocks the special \"caller\" "
                             "argument must be omitted or be given a default.");
            return false;
        }
        def->takes_caller = true;
        if (caller == NULL && !declare_special(p, scope, "caller", &def->caller_slot))
            return false;
    }
    def->takes_kwargs =
        (def->mentions & MENTION_KWARGS) != 0 && find_parameter(def, "kwargs") == NULL;
    def->takes_varargs =
        (def->mentions & MENTION_VARARGS) != 0 && find_parameter(def, "varargs") == NULL;
    return (!def->takes_kwargs || declare_special(p, scope, "kwargs", &def->kwargs_slot)) &&
           (!def->takes_varargs || declare_special(p, scope, "varargs", &def->varargs_slot));
}

static bool declare_parameters(jinja_parser *p, jinja_scope *scope, jinja_macro_def *def)
{
    uint32_t list = ++p->name_lists;
    for (uint32_t i = 0; i < def->count; i++) {
        jinja_note_in_list(p, list, def->parameters[i].name, false, def->parameters[i].line,
                           def->parameters[i].at);
        jinja_ref *ref = jinja_scope_parameter(p, scope, def->parameters[i].name);
        if (ref == NULL)
            return false;
        def->parameters[i].slot = ref->slot;
    }
    for (uint32_t i = 0; i < def->count; i++)
        if (!jinja_visit_expression(p, scope, def->parameters[i].value))
            return false;
    return true;
}

static bool resolve_macro_def(jinja_parser *p, const jinja_static_frame *fr,
                              jinja_macro_def *def)
{
    def->unit.outer = fr->scope->unit;
    fr->scope->unit->captured = true;
    jinja_scope *scope = jinja_scope_new(p, fr->scope, &def->unit);
    if (scope == NULL || !declare_parameters(p, scope, def) ||
        !declare_specials(p, scope, def) || !jinja_visit_body(p, scope, &def->unit.body))
        return false;
    jinja_static_frame inner = inner_frame(fr, scope);
    inner.check_extends = false;
    inner.in_loop = false;
    for (uint32_t i = 0; i < def->count; i++)
        if (!jinja_resolve_node(p, &inner, def->parameters[i].value))
            return false;
    return jinja_scope_finish(p, scope, &def->unit.scope) &&
           resolve_body(p, &inner, &def->unit.body);
}

static bool resolve_macro(jinja_parser *p, const jinja_static_frame *fr, jinja_stmt *stmt)
{
    stmt->toplevel = fr->toplevel;
    stmt->escape = (uint8_t)fr->escape;
    if (!resolve_macro_def(p, fr, stmt->as.macro.def))
        return false;
    if (stmt->kind == STMT_MACRO)
        return jinja_resolve_target(p, fr, stmt->as.macro.target);
    return jinja_resolve_node(p, fr, stmt->as.macro.call);
}

/* ---- blocks and other templates ------------------------------------------------------- */

static bool resolve_block_stmt(jinja_parser *p, const jinja_static_frame *fr, jinja_stmt *stmt)
{
    stmt->toplevel = fr->toplevel;
    stmt->as.block->unit.block_name = stmt->as.block->name;
    return !stmt->as.block->scoped || jinja_scope_locals(p, fr->scope, &stmt->as.block->locals);
}

static bool resolve_other(jinja_parser *p, const jinja_static_frame *fr, jinja_stmt *stmt)
{
    stmt->toplevel = fr->toplevel;
    if (stmt->kind == STMT_EXTENDS && !fr->toplevel) {
        jinja_parse_fail(p, "TemplateAssertionError", stmt->line, stmt->at,
                         "cannot use extend from a non top-level scope");
        return false;
    }
    if (!jinja_resolve_node(p, fr, stmt->as.other.name))
        return false;
    if (stmt->kind == STMT_IMPORT && !jinja_resolve_target(p, fr, stmt->as.other.target))
        return false;
    for (uint32_t i = 0; stmt->kind == STMT_FROM_IMPORT && i < stmt->as.other.count; i++)
        if (!jinja_resolve_target(p, fr, stmt->as.other.names[i].target))
            return false;
    return !stmt->as.other.with_context ||
           jinja_scope_locals(p, fr->scope, &stmt->as.other.locals);
}

static bool resolve_leave_loop(jinja_parser *p, const jinja_static_frame *fr,
                               const jinja_stmt *stmt)
{
    if (fr->in_loop)
        return true;
    jinja_parse_fail(p, "SyntaxError", stmt->line, stmt->at,
                     stmt->kind == STMT_BREAK ? "'break' outside loop"
                                              : "'continue' not properly in loop");
    return false;
}

static bool resolve_set(jinja_parser *p, const jinja_static_frame *fr, jinja_stmt *stmt)
{
    stmt->toplevel = fr->toplevel;
    return jinja_resolve_node(p, fr, stmt->as.set.value) &&
           jinja_resolve_target(p, fr, stmt->as.set.target);
}

static bool resolve_stmt(jinja_parser *p, const jinja_static_frame *fr, jinja_stmt *stmt)
{
    stmt->cost = 1;
    stmt->exec = jinja_choose_exec(stmt);
    switch ((jinja_stmt_kind)stmt->kind) {
    case STMT_OUTPUT:
        stmt->escape = (uint8_t)fr->escape;
        if (!resolve_output(p, fr, stmt))
            return false;
        stmt->exec = jinja_choose_output(p->options, stmt);
        return true;
    case STMT_FOR:
        return resolve_for(p, fr, stmt);
    case STMT_IF:
        return resolve_if(p, fr, stmt);
    case STMT_SET:
        return resolve_set(p, fr, stmt);
    case STMT_SET_BLOCK:
        return resolve_set_block(p, fr, stmt);
    case STMT_FILTER_BLOCK:
        return resolve_filter_block(p, fr, stmt);
    case STMT_MACRO:
    case STMT_CALL_BLOCK:
        return resolve_macro(p, fr, stmt);
    case STMT_WITH:
        return resolve_with(p, fr, stmt);
    case STMT_AUTOESCAPE:
        return resolve_autoescape(p, fr, stmt);
    case STMT_BLOCK:
        return resolve_block_stmt(p, fr, stmt);
    case STMT_EXTENDS:
    case STMT_INCLUDE:
    case STMT_IMPORT:
    case STMT_FROM_IMPORT:
        return resolve_other(p, fr, stmt);
    case STMT_DO:
        return jinja_resolve_node(p, fr, stmt->as.node);
    case STMT_BREAK:
    case STMT_CONTINUE:
        return resolve_leave_loop(p, fr, stmt);
    case STMT_DEBUG:
        stmt->escape = (uint8_t)fr->escape;
        return true;
    }
    return true;
}

static bool resolve_body(jinja_parser *p, const jinja_static_frame *fr, const jinja_body *body)
{
    for (uint32_t i = 0; i < body->count; i++)
        if (!resolve_stmt(p, fr, body->items[i]))
            return false;
    return true;
}

/* ---- units ---------------------------------------------------------------------------- */

static int by_place(const void *left, const void *right)
{
    const jinja_stmt *a = *(const jinja_stmt *const *)left;
    const jinja_stmt *b = *(const jinja_stmt *const *)right;
    return a->at < b->at ? -1 : a->at > b->at;
}

static int by_name_and_place(const void *left, const void *right)
{
    const jinja_stmt *a = *(const jinja_stmt *const *)left;
    const jinja_stmt *b = *(const jinja_stmt *const *)right;
    if (a->as.block->name != b->as.block->name)
        return a->as.block->name < b->as.block->name ? -1 : 1;
    return by_place(left, right);
}

static bool check_blocks(jinja_parser *p, jinja_stmt **blocks, uint32_t count)
{
    qsort(blocks, count, sizeof(jinja_stmt *), by_name_and_place);
    const jinja_stmt *twice = NULL;
    for (uint32_t i = 1; i < count; i++)
        if (blocks[i]->as.block->name == blocks[i - 1]->as.block->name &&
            (twice == NULL || blocks[i]->at < twice->at))
            twice = blocks[i];
    qsort(blocks, count, sizeof(jinja_stmt *), by_place);
    if (twice == NULL)
        return true;
    jinja_parse_fail(p, "TemplateAssertionError", twice->line, twice->as.block->at,
                     "block '%.*s' defined twice", CREG_SHOW(twice->as.block->name->text));
    return false;
}

static bool resolve_unit(jinja_parser *p, jinja_static_frame *fr, jinja_unit *unit,
                         uint8_t mentions, bool has_super)
{
    unit->self_slot = unit->super_slot = JINJA_NO_SLOT;
    fr->scope = jinja_scope_new(p, NULL, unit);
    if (fr->scope == NULL)
        return false;
    if ((mentions & MENTION_SELF) != 0 &&
        !declare_special(p, fr->scope, "self", &unit->self_slot))
        return false;
    if (has_super && (mentions & MENTION_SUPER) != 0 &&
        !declare_special(p, fr->scope, "super", &unit->super_slot))
        return false;
    return jinja_visit_body(p, fr->scope, &unit->body) &&
           jinja_scope_finish(p, fr->scope, &unit->scope) && resolve_body(p, fr, &unit->body);
}

static jinja_escape_mode first_escape(const jinja_parser *p)
{
    return p->result->escapes ? ESCAPE_ON : ESCAPE_OFF;
}

static bool keep_lists(jinja_parser *p)
{
    jinja_template *result = p->result;
    result->others = (jinja_stmt **)jinja_vector_keep(p, &p->others);
    result->other_count = p->others.count;
    result->undeclared = (const jinja_name **)jinja_vector_keep(p, &p->undeclared);
    result->undeclared_count = p->undeclared.count;
    result->reads = (jinja_read **)jinja_vector_keep(p, &p->reads);
    result->read_count = p->reads.count;
    return p->status == CREG_OK;
}

bool jinja_resolve_template(jinja_parser *p, jinja_body body, uint8_t mentions)
{
    jinja_template *result = p->result;
    result->blocks = (jinja_stmt **)jinja_vector_keep(p, &p->blocks);
    result->block_count = p->blocks.count;
    if (result->blocks == NULL || !check_blocks(p, result->blocks, result->block_count))
        return false;
    result->root.body = body;
    jinja_static_frame root = {
        .toplevel = true, .check_extends = result->has_extends, .escape = first_escape(p)};
    if (!resolve_unit(p, &root, &result->root, mentions, false))
        return false;
    for (uint32_t i = 0; i < result->block_count; i++) {
        jinja_block *block = result->blocks[i]->as.block;
        jinja_static_frame fr = {.escape = first_escape(p)};
        if (!resolve_unit(p, &fr, &block->unit, block->mentions, true))
            return false;
    }
    return jinja_refuse_as_python(p) && keep_lists(p);
}

bool jinja_resolve_expression(jinja_parser *p, jinja_node *node)
{
    jinja_unit *unit = &p->result->root;
    unit->self_slot = unit->super_slot = JINJA_NO_SLOT;
    jinja_static_frame root = {.scope = jinja_scope_new(p, NULL, unit),
                               .escape = first_escape(p)};
    return root.scope != NULL && jinja_visit_expression(p, root.scope, node) &&
           jinja_scope_finish(p, root.scope, &unit->scope) &&
           jinja_resolve_node(p, &root, node) && jinja_refuse_as_python(p) && keep_lists(p);
}
