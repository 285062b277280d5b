/* SPDX-License-Identifier: MIT */
/*
 * Filling a symbol table: which names a body reads and assigns in its own scope.
 *
 * The visit stops where another scope begins (the body of a loop, a macro, a block ...); what
 * such a statement reads outside of its body still counts here.
 */
#include "jinja/scope.h"

static bool visit_all(jinja_parser *p, jinja_scope *scope, jinja_node **nodes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!jinja_visit_expression(p, scope, nodes[i]))
            return false;
    return true;
}

static bool visit_arguments(jinja_parser *p, jinja_scope *scope, const jinja_args *args)
{
    if (!visit_all(p, scope, args->positional, args->count))
        return false;
    for (uint32_t i = 0; i < args->keyword_count; i++)
        if (!jinja_visit_expression(p, scope, args->keywords[i].value))
            return false;
    return jinja_visit_expression(p, scope, args->splat) &&
           jinja_visit_expression(p, scope, args->keyword_splat);
}

static bool visit_chain(jinja_parser *p, jinja_scope *scope, const jinja_node *node)
{
    if (!jinja_visit_expression(p, scope, node->as.chain.first))
        return false;
    for (uint32_t i = 0; i < node->as.chain.count; i++)
        if (!jinja_visit_expression(p, scope, node->as.chain.rest[i].node))
            return false;
    return true;
}

static bool visit_operands(jinja_parser *p, jinja_scope *scope, const jinja_node *first,
                           const jinja_node *second, const jinja_node *third)
{
    return jinja_visit_expression(p, scope, first) &&
           jinja_visit_expression(p, scope, second) && jinja_visit_expression(p, scope, third);
}

bool jinja_visit_expression(jinja_parser *p, jinja_scope *scope, const jinja_node *node)
{
    if (node == NULL)
        return true;
    switch ((jinja_node_kind)node->kind) {
    case NODE_CONST:
        return true;
    case NODE_NAME:
        return jinja_scope_load(p, scope, node->as.name.name);
    case NODE_NSREF:
        return jinja_scope_load(p, scope, node->as.nsref.name);
    case NODE_LIST:
    case NODE_TUPLE:
        return visit_all(p, scope, node->as.list.items, node->as.list.count);
    case NODE_DICT:
        return visit_all(p, scope, node->as.list.items, node->as.list.count * 2);
    case NODE_NOT:
    case NODE_NEG:
    case NODE_POS:
    case NODE_MARK_SAFE:
        return jinja_visit_expression(p, scope, node->as.operands.first);
    case NODE_COND:
        return visit_operands(p, scope, node->as.operands.first, node->as.operands.second,
                              node->as.operands.third);
    case NODE_BINARY:
    case NODE_AND:
    case NODE_OR:
    case NODE_COMPARE:
    case NODE_CONCAT:
        return visit_chain(p, scope, node);
    case NODE_GETATTR:
        return jinja_visit_expression(p, scope, node->as.attribute.object);
    case NODE_GETITEM:
        return visit_operands(p, scope, node->as.item.object, node->as.item.key, NULL);
    case NODE_SLICE:
        return jinja_visit_expression(p, scope, node->as.slice.object) &&
               visit_operands(p, scope, node->as.slice.start, node->as.slice.stop,
                              node->as.slice.step);
    case NODE_CALL:
    case NODE_FILTER:
    case NODE_TEST:
        return jinja_visit_expression(p, scope, node->as.call.subject) &&
               visit_arguments(p, scope, node->as.call.args);
    }
    return true;
}

bool jinja_visit_target(jinja_parser *p, jinja_scope *scope, const jinja_node *node)
{
    if (node->kind == NODE_NSREF)
        return jinja_scope_load(p, scope, node->as.nsref.name);
    if (node->kind == NODE_NAME) {
        if (node->use == USE_PARAM)
            return jinja_scope_parameter(p, scope, node->as.name.name) != NULL;
        return jinja_scope_store(p, scope, node->as.name.name);
    }
    for (uint32_t i = 0; i < node->as.list.count; i++)
        if (!jinja_visit_target(p, scope, node->as.list.items[i]))
            return false;
    return true;
}

bool jinja_visit_parameters(jinja_parser *p, jinja_scope *scope, const jinja_node *target)
{
    if (target->kind == NODE_NAME)
        return jinja_scope_parameter(p, scope, target->as.name.name) != NULL;
    for (uint32_t i = 0; target->kind == NODE_TUPLE && i < target->as.list.count; i++)
        if (!jinja_visit_parameters(p, scope, target->as.list.items[i]))
            return false;
    return true;
}

static bool visit_output(jinja_parser *p, jinja_scope *scope, const jinja_stmt *stmt)
{
    for (uint32_t i = 0; i < stmt->as.output.count; i++)
        if (!jinja_visit_expression(p, scope, stmt->as.output.items[i].node))
            return false;
    return true;
}

/* The elif branches nest in Jinja2's tree: what the second test reads is read on some ways
 * only, but reading asks for nothing that depends on the way. */
static bool visit_if(jinja_parser *p, jinja_scope *scope, const jinja_stmt *stmt)
{
    if (!jinja_visit_expression(p, scope, stmt->as.cond.branches[0].test))
        return false;
    uint32_t stores = scope->stores;
    for (uint32_t i = 0; i < stmt->as.cond.count; i++) {
        const jinja_if_branch *branch = &stmt->as.cond.branches[i];
        if ((i > 0 && !jinja_visit_expression(p, scope, branch->test)) ||
            !jinja_visit_body(p, scope, &branch->body))
            return false;
    }
    if (!jinja_visit_body(p, scope, &stmt->as.cond.otherwise))
        return false;
    jinja_scope_branches(scope, stores);
    return true;
}

static bool visit_other(jinja_parser *p, jinja_scope *scope, const jinja_stmt *stmt)
{
    if (!jinja_visit_expression(p, scope, stmt->as.other.name))
        return false;
    if (stmt->kind == STMT_IMPORT)
        return jinja_visit_target(p, scope, stmt->as.other.target);
    for (uint32_t i = 0; stmt->kind == STMT_FROM_IMPORT && i < stmt->as.other.count; i++)
        if (!jinja_visit_target(p, scope, stmt->as.other.names[i].target))
            return false;
    return true;
}

static bool visit_stmt(jinja_parser *p, jinja_scope *scope, const jinja_stmt *stmt)
{
    switch ((jinja_stmt_kind)stmt->kind) {
    case STMT_OUTPUT:
        return visit_output(p, scope, stmt);
    case STMT_FOR:
        return jinja_visit_expression(p, scope, stmt->as.loop->iter);
    case STMT_IF:
        return visit_if(p, scope, stmt);
    case STMT_SET:
        return jinja_visit_expression(p, scope, stmt->as.set.value) &&
               jinja_visit_target(p, scope, stmt->as.set.target);
    case STMT_SET_BLOCK:
        return jinja_visit_target(p, scope, stmt->as.set_block.target);
    case STMT_FILTER_BLOCK:
        return jinja_visit_expression(p, scope, stmt->as.set_block.filter);
    case STMT_MACRO:
        return jinja_visit_target(p, scope, stmt->as.macro.target);
    case STMT_CALL_BLOCK:
        return jinja_visit_expression(p, scope, stmt->as.macro.call);
    case STMT_WITH:
        return visit_all(p, scope, stmt->as.with.values, stmt->as.with.count);
    case STMT_EXTENDS:
    case STMT_INCLUDE:
    case STMT_IMPORT:
    case STMT_FROM_IMPORT:
        return visit_other(p, scope, stmt);
    case STMT_DO:
        return jinja_visit_expression(p, scope, stmt->as.node);
    case STMT_AUTOESCAPE:
    case STMT_BLOCK:
    case STMT_BREAK:
    case STMT_CONTINUE:
    case STMT_DEBUG:
        return true;
    }
    return true;
}

bool jinja_visit_body(jinja_parser *p, jinja_scope *scope, const jinja_body *body)
{
    for (uint32_t i = 0; i < body->count; i++)
        if (!visit_stmt(p, scope, body->items[i]))
            return false;
    return true;
}
