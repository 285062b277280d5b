/* SPDX-License-Identifier: MIT */
/*
 * Tokens and trees as text; see dump.h.
 */
#include "dump.h"

#include "jinja/engine.h"
#include "jinja/lexer.h"
#include "value/print.h"

static creg_status finish(creg_text *text, creg_value *ret_text, creg_error *err)
{
    creg_slice slice;
    creg_status status = creg_text_finish(text, &slice, err);
    *ret_text = creg_value_string(slice);
    return status;
}

creg_status dump_tokens(jinja_engine *engine, creg_slice source, creg_arena *arena,
                        creg_value *ret_text, creg_error *err)
{
    jinja_tokens tokens;
    creg_text text;
    creg_status status =
        jinja_lex(&engine->options, source, LEX_TEMPLATE, arena, arena, &tokens, err);
    if (status != CREG_OK)
        return status;
    creg_text_init(&text, arena, SIZE_MAX);
    for (size_t i = 0; i < tokens.count; i++) {
        const jinja_token *token = &tokens.items[i];
        creg_text_format(&text, "%u %s", (unsigned)token->line, jinja_token_name(token->kind));
        if (token->kind == TOKEN_DATA || token->kind == TOKEN_NAME ||
            token->kind == TOKEN_STRING || token->kind == TOKEN_INTEGER ||
            token->kind == TOKEN_FLOAT || token->kind == TOKEN_ERROR) {
            creg_text_byte(&text, ' ');
            creg_value_print(&text, creg_value_string(token->text), true, err);
        }
        creg_text_byte(&text, '\n');
    }
    return finish(&text, ret_text, err);
}

static void put_node(creg_text *text, const jinja_node *node);

static void put_name(creg_text *text, const jinja_name *name)
{
    creg_text_slice(text, name->text);
}

static void put_list(creg_text *text, const char *head, jinja_node **nodes, uint32_t count)
{
    creg_text_format(text, "(%s", head);
    for (uint32_t i = 0; i < count; i++) {
        creg_text_byte(text, ' ');
        put_node(text, nodes[i]);
    }
    creg_text_byte(text, ')');
}

static void put_chain(creg_text *text, const jinja_node *node, const char *head)
{
    static const char *const operators[] = {
        "+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", "<=", ">", ">=", "in", "not in"};
    creg_text_format(text, "(%s ", head);
    put_node(text, node->as.chain.first);
    for (uint32_t i = 0; i < node->as.chain.count; i++) {
        bool named = node->kind == NODE_BINARY || node->kind == NODE_COMPARE;
        creg_text_format(text, " %s%s", named ? operators[node->as.chain.rest[i].op] : "",
                         named ? " " : "");
        put_node(text, node->as.chain.rest[i].node);
    }
    creg_text_byte(text, ')');
}

static void put_call(creg_text *text, const jinja_node *node, const char *head)
{
    const jinja_args *args = node->as.call.args;
    creg_text_format(text, "(%s ", head);
    if (node->as.call.name != NULL)
        put_name(text, node->as.call.name);
    if (node->as.call.name != NULL && node->as.call.subject != NULL)
        creg_text_byte(text, ' ');
    if (node->as.call.subject != NULL)
        put_node(text, node->as.call.subject);
    for (uint32_t i = 0; i < args->count; i++) {
        creg_text_byte(text, ' ');
        put_node(text, args->positional[i]);
    }
    for (uint32_t i = 0; i < args->keyword_count; i++) {
        creg_text_format(text, " %.*s=", (int)args->keywords[i].name->text.size,
                         args->keywords[i].name->text.data);
        put_node(text, args->keywords[i].value);
    }
    if (args->splat != NULL) {
        creg_text_string(text, " *");
        put_node(text, args->splat);
    }
    if (args->keyword_splat != NULL) {
        creg_text_string(text, " **");
        put_node(text, args->keyword_splat);
    }
    creg_text_byte(text, ')');
}

static void put_operands(creg_text *text, const char *head, const jinja_node *a,
                         const jinja_node *b, const jinja_node *c)
{
    const jinja_node *nodes[] = {a, b, c};
    creg_text_format(text, "(%s", head);
    for (size_t i = 0; i < 3; i++) {
        creg_text_byte(text, ' ');
        put_node(text, nodes[i]);
    }
    creg_text_byte(text, ')');
}

static void put_node(creg_text *text, const jinja_node *node)
{
    if (node == NULL) {
        creg_text_string(text, "_");
        return;
    }
    switch ((jinja_node_kind)node->kind) {
    case NODE_CONST:
        creg_value_print(text, node->as.constant, true, NULL);
        return;
    case NODE_NAME:
        put_name(text, node->as.name.name);
        creg_text_format(text, "@%u", (unsigned)node->slot);
        if (node->up > 0)
            creg_text_format(text, "^%u", (unsigned)node->up);
        return;
    case NODE_NSREF:
        put_name(text, node->as.nsref.name);
        creg_text_byte(text, '.');
        put_name(text, node->as.nsref.attribute);
        return;
    case NODE_LIST:
        put_list(text, "list", node->as.list.items, node->as.list.count);
        return;
    case NODE_TUPLE:
        put_list(text, "tuple", node->as.list.items, node->as.list.count);
        return;
    case NODE_DICT:
        put_list(text, "dict", node->as.list.items, node->as.list.count * 2);
        return;
    case NODE_NOT:
        put_list(text, "not", (jinja_node *[]){node->as.operands.first}, 1);
        return;
    case NODE_NEG:
        put_list(text, "neg", (jinja_node *[]){node->as.operands.first}, 1);
        return;
    case NODE_POS:
        put_list(text, "pos", (jinja_node *[]){node->as.operands.first}, 1);
        return;
    case NODE_MARK_SAFE:
        put_list(text, "safe", (jinja_node *[]){node->as.operands.first}, 1);
        return;
    case NODE_BINARY:
        put_chain(text, node, "math");
        return;
    case NODE_AND:
        put_chain(text, node, "and");
        return;
    case NODE_OR:
        put_chain(text, node, "or");
        return;
    case NODE_COMPARE:
        put_chain(text, node, "compare");
        return;
    case NODE_CONCAT:
        put_chain(text, node, "concat");
        return;
    case NODE_COND:
        put_operands(text, "if", node->as.operands.first, node->as.operands.second,
                     node->as.operands.third);
        return;
    case NODE_GETATTR:
        creg_text_string(text, "(. ");
        put_node(text, node->as.attribute.object);
        creg_text_byte(text, ' ');
        put_name(text, node->as.attribute.name);
        creg_text_byte(text, ')');
        return;
    case NODE_GETITEM:
        put_list(text, "item", (jinja_node *[]){node->as.item.object, node->as.item.key}, 2);
        return;
    case NODE_SLICE:
        creg_text_string(text, "(slice ");
        put_node(text, node->as.slice.object);
        put_operands(text, "", node->as.slice.start, node->as.slice.stop, node->as.slice.step);
        creg_text_byte(text, ')');
        return;
    case NODE_CALL:
        put_call(text, node, "call");
        return;
    case NODE_FILTER:
        put_call(text, node, "filter");
        return;
    case NODE_TEST:
        put_call(text, node, "test");
        return;
    }
}

static void put_body(creg_text *text, const jinja_body *body, int depth);

static void put_line(creg_text *text, int depth, const char *word)
{
    creg_text_fill(text, ' ', (size_t)depth * 2);
    creg_text_string(text, word);
}

static void put_output(creg_text *text, const jinja_stmt *stmt, int depth)
{
    put_line(text, depth, "output");
    for (uint32_t i = 0; i < stmt->as.output.count; i++) {
        creg_text_byte(text, ' ');
        if (stmt->as.output.items[i].node != NULL)
            put_node(text, stmt->as.output.items[i].node);
        else
            creg_value_print(text, creg_value_string(stmt->as.output.items[i].text), true,
                             NULL);
    }
    creg_text_byte(text, '\n');
}

static void put_for(creg_text *text, const jinja_for *loop, int depth)
{
    put_line(text, depth, loop->recursive ? "for recursive " : "for ");
    put_node(text, loop->target);
    creg_text_string(text, " in ");
    put_node(text, loop->iter);
    if (loop->test != NULL) {
        creg_text_string(text, " if ");
        put_node(text, loop->test);
    }
    creg_text_string(text, loop->extended ? " with loop\n" : "\n");
    put_body(text, &loop->body, depth + 1);
    if (loop->otherwise.count > 0) {
        put_line(text, depth, "else\n");
        put_body(text, &loop->otherwise, depth + 1);
    }
}

static void put_if(creg_text *text, const jinja_stmt *stmt, int depth)
{
    for (uint32_t i = 0; i < stmt->as.cond.count; i++) {
        put_line(text, depth, i == 0 ? "if " : "elif ");
        put_node(text, stmt->as.cond.branches[i].test);
        creg_text_byte(text, '\n');
        put_body(text, &stmt->as.cond.branches[i].body, depth + 1);
    }
    if (stmt->as.cond.otherwise.count > 0) {
        put_line(text, depth, "else\n");
        put_body(text, &stmt->as.cond.otherwise, depth + 1);
    }
}

static void put_macro(creg_text *text, const jinja_stmt *stmt, int depth)
{
    const jinja_macro_def *def = stmt->as.macro.def;
    put_line(text, depth, stmt->kind == STMT_MACRO ? "macro " : "call ");
    put_node(text, stmt->kind == STMT_MACRO ? stmt->as.macro.target : stmt->as.macro.call);
    for (uint32_t i = 0; i < def->count; i++) {
        creg_text_byte(text, ' ');
        put_name(text, def->parameters[i].name);
        if (def->parameters[i].value != NULL) {
            creg_text_byte(text, '=');
            put_node(text, def->parameters[i].value);
        }
    }
    creg_text_byte(text, '\n');
    put_body(text, &def->unit.body, depth + 1);
}

static void put_with(creg_text *text, const jinja_stmt *stmt, int depth)
{
    put_line(text, depth, stmt->kind == STMT_WITH ? "with" : "autoescape");
    for (uint32_t i = 0; i < stmt->as.with.count; i++) {
        creg_text_byte(text, ' ');
        if (stmt->kind == STMT_WITH) {
            put_node(text, stmt->as.with.targets[i]);
            creg_text_byte(text, '=');
        }
        put_node(text, stmt->as.with.values[i]);
    }
    creg_text_byte(text, '\n');
    put_body(text, &stmt->as.with.body, depth + 1);
}

static void put_stmt(creg_text *text, const jinja_stmt *stmt, int depth)
{
    static const char *const words[] = {
        [STMT_EXTENDS] = "extends ",
        [STMT_INCLUDE] = "include ",
        [STMT_IMPORT] = "import ",
        [STMT_FROM_IMPORT] = "from ",
        [STMT_BREAK] = "break",
        [STMT_CONTINUE] = "continue",
        [STMT_DEBUG] = "debug",
        [STMT_DO] = "do ",
        [STMT_SET] = "set ",
        [STMT_SET_BLOCK] = "set block ",
        [STMT_FILTER_BLOCK] = "filter block ",
        [STMT_BLOCK] = "block ",
    };
    switch ((jinja_stmt_kind)stmt->kind) {
    case STMT_OUTPUT:
        put_output(text, stmt, depth);
        return;
    case STMT_FOR:
        put_for(text, stmt->as.loop, depth);
        return;
    case STMT_IF:
        put_if(text, stmt, depth);
        return;
    case STMT_MACRO:
    case STMT_CALL_BLOCK:
        put_macro(text, stmt, depth);
        return;
    case STMT_WITH:
    case STMT_AUTOESCAPE:
        put_with(text, stmt, depth);
        return;
    default:
        break;
    }
    put_line(text, depth, words[stmt->kind]);
    if (stmt->kind == STMT_SET) {
        put_node(text, stmt->as.set.target);
        creg_text_string(text, " = ");
        put_node(text, stmt->as.set.value);
    } else if (stmt->kind == STMT_SET_BLOCK || stmt->kind == STMT_FILTER_BLOCK) {
        put_node(text, stmt->as.set_block.target);
        creg_text_byte(text, ' ');
        put_node(text, stmt->as.set_block.filter);
    } else if (stmt->kind == STMT_DO) {
        put_node(text, stmt->as.node);
    } else if (stmt->kind == STMT_BLOCK) {
        put_name(text, stmt->as.block->name);
        creg_text_string(text, stmt->as.block->scoped ? " scoped" : "");
        creg_text_string(text, stmt->as.block->required ? " required" : "");
    } else if (stmt->kind >= STMT_EXTENDS && stmt->kind <= STMT_FROM_IMPORT) {
        put_node(text, stmt->as.other.name);
        creg_text_string(text, stmt->as.other.with_context ? " with context" : "");
    }
    creg_text_byte(text, '\n');
    if (stmt->kind == STMT_SET_BLOCK || stmt->kind == STMT_FILTER_BLOCK)
        put_body(text, &stmt->as.set_block.body, depth + 1);
    if (stmt->kind == STMT_BLOCK)
        put_body(text, &stmt->as.block->unit.body, depth + 1);
}

static void put_body(creg_text *text, const jinja_body *body, int depth)
{
    for (uint32_t i = 0; i < body->count; i++)
        put_stmt(text, body->items[i], depth);
}

creg_status dump_tree(jinja_engine *engine, creg_slice source, creg_arena *arena,
                      creg_value *ret_text, creg_error *err)
{
    jinja_template *compiled;
    creg_text text;
    creg_status status = jinja_compile(engine, creg_slice_of(""), source, &compiled, err);
    if (status != CREG_OK)
        return status;
    creg_text_init(&text, arena, SIZE_MAX);
    put_body(&text, &compiled->root.body, 0);
    status = finish(&text, ret_text, err);
    jinja_template_free(compiled);
    return status;
}
