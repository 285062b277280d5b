/* SPDX-License-Identifier: MIT */
/*
 * Statements: one function for each tag.
 */
#include <string.h>

#include "jinja/parser.h"

static const creg_slice ends_for[] = {JINJA_WORD("endfor"), JINJA_WORD("else"), {NULL, 0}};
static const creg_slice ends_for_else[] = {JINJA_WORD("endfor"), {NULL, 0}};
static const creg_slice ends_if[] = {
    JINJA_WORD("elif"), JINJA_WORD("else"), JINJA_WORD("endif"), {NULL, 0}};
static const creg_slice ends_if_else[] = {JINJA_WORD("endif"), {NULL, 0}};
static const creg_slice ends_set[] = {JINJA_WORD("endset"), {NULL, 0}};
static const creg_slice ends_with[] = {JINJA_WORD("endwith"), {NULL, 0}};
static const creg_slice ends_autoescape[] = {JINJA_WORD("endautoescape"), {NULL, 0}};
static const creg_slice ends_block[] = {JINJA_WORD("endblock"), {NULL, 0}};
static const creg_slice ends_macro[] = {JINJA_WORD("endmacro"), {NULL, 0}};
static const creg_slice ends_call[] = {JINJA_WORD("endcall"), {NULL, 0}};
static const creg_slice ends_filter[] = {JINJA_WORD("endfilter"), {NULL, 0}};

jinja_stmt *jinja_make_stmt(jinja_parser *p, jinja_stmt_kind kind, uint32_t line, uint32_t at)
{
    jinja_stmt *stmt = creg_arena_new(p->arena, jinja_stmt);
    if (stmt == NULL)
        return jinja_parse_fail_arena(p, p->arena);
    *stmt = (jinja_stmt){.kind = (uint8_t)kind, .line = line, .at = at};
    return stmt;
}

/* A statement placed at its tag's name, which is the current token: stepped over. */
static jinja_stmt *begin_stmt(jinja_parser *p, jinja_stmt_kind kind)
{
    jinja_stmt *stmt = jinja_make_stmt(p, kind, p->token->line, p->token->at);
    if (stmt == NULL || !jinja_next_token(p))
        return NULL;
    stmt->size = (uint32_t)(p->token[-1].size);
    return stmt;
}

/* ---- bodies --------------------------------------------------------------------------- */

/* `: %}` and the body up to one of `ends`; `drop`: step over the end's name. */
static bool parse_inner(jinja_parser *p, const creg_slice *ends, bool drop,
                        jinja_body *ret_body)
{
    jinja_skip_kind(p, TOKEN_COLON);
    if (jinja_expect(p, TOKEN_BLOCK_END) == NULL || !jinja_parse_body(p, ends, ret_body))
        return false;
    return !drop || jinja_next_token(p);
}

static void append_ends(creg_text *text, const creg_slice *ends)
{
    for (size_t i = 0; ends[i].data != NULL; i++)
        creg_text_format(text, "%s'%.*s'", i == 0 ? "" : " or ", CREG_SHOW(ends[i]));
}

static bool is_expected_somewhere(const jinja_parser *p, creg_slice name)
{
    for (uint32_t i = 0; i < p->end_count; i++)
        for (size_t k = 0; p->ends[i][k].data != NULL; k++)
            if (creg_slice_equal(name, p->ends[i][k]))
                return true;
    return false;
}

/* `tag` NULL: the source ended; `extra_ends`: what was looked for there. */
static void fail_unknown_tag(jinja_parser *p, const jinja_token *tag,
                             const creg_slice *extra_ends)
{
    creg_text text;
    creg_text_init(&text, p->scratch, CREG_ERROR_MESSAGE_SIZE);
    const creg_slice *looking = extra_ends != NULL ? extra_ends
                                : p->end_count > 0 ? p->ends[p->end_count - 1]
                                                   : NULL;
    if (tag == NULL)
        creg_text_string(&text, "Unexpected end of template.");
    else
        creg_text_format(&text, "Encountered unknown tag '%.*s'.", CREG_SHOW(tag->text));
    if (looking != NULL && tag != NULL && is_expected_somewhere(p, tag->text)) {
        creg_text_string(&text, " You probably made a nesting mistake. Jinja is expecting this "
                                "tag, but currently looking for ");
        append_ends(&text, looking);
        creg_text_byte(&text, '.');
    } else if (looking != NULL) {
        creg_text_string(&text, " Jinja was looking for the following tags: ");
        append_ends(&text, looking);
        creg_text_byte(&text, '.');
    }
    if (p->tag_count > 0)
        creg_text_format(&text, " The innermost block that needs to be closed is '%.*s'.",
                         CREG_SHOW(p->tags[p->tag_count - 1]));
    const jinja_token *place = tag == NULL ? p->token : tag;
    jinja_parse_fail(p, "TemplateSyntaxError", place->line, place->at, "%.*s", (int)text.size,
                     text.data == NULL ? "" : text.data);
}

/* ---- output --------------------------------------------------------------------------- */

/* Text and {{ }} that follow one another become one statement. */
typedef struct pending_output {
    jinja_vector items;
} pending_output;

static bool add_output(jinja_parser *p, pending_output *out, creg_slice text, jinja_node *node,
                       uint32_t line, uint32_t at)
{
    jinja_output_item *item = creg_arena_new(p->scratch, jinja_output_item);
    if (item == NULL) {
        jinja_parse_fail_arena(p, p->scratch);
        return false;
    }
    *item = (jinja_output_item){.text = text, .node = node, .line = line, .at = at};
    return jinja_vector_push(p, &out->items, item);
}

static jinja_stmt *output_stmt(jinja_parser *p, pending_output *out)
{
    jinja_output_item *first = out->items.items[0];
    jinja_stmt *stmt = jinja_make_stmt(p, STMT_OUTPUT, first->line, first->at);
    if (stmt == NULL)
        return NULL;
    stmt->as.output.items = jinja_parse_alloc(p, out->items.count, sizeof(jinja_output_item));
    if (stmt->as.output.items == NULL)
        return NULL;
    for (uint32_t i = 0; i < out->items.count; i++)
        stmt->as.output.items[i] = *(jinja_output_item *)out->items.items[i];
    stmt->as.output.count = out->items.count;
    out->items.count = 0;
    return stmt;
}

static bool flush_output(jinja_parser *p, pending_output *out, jinja_vector *body)
{
    if (out->items.count == 0)
        return true;
    jinja_stmt *stmt = output_stmt(p, out);
    return stmt != NULL && jinja_vector_push(p, body, stmt);
}

static bool parse_variable(jinja_parser *p, pending_output *out)
{
    const jinja_token *open = p->token;
    if (!jinja_next_token(p))
        return false;
    jinja_node *node = jinja_parse_tuple(p, (jinja_tuple_rules){0});
    if (node == NULL)
        return false;
    if (!add_output(p, out, creg_slice_make(NULL, 0), node, node->line, open->at))
        return false;
    return jinja_expect(p, TOKEN_VARIABLE_END) != NULL;
}

static jinja_stmt *parse_print(jinja_parser *p)
{
    const jinja_token *tag = p->token;
    pending_output out = {{0}};
    if (!jinja_next_token(p))
        return NULL;
    while (p->token->kind != TOKEN_BLOCK_END) {
        if (out.items.count > 0 && jinja_expect(p, TOKEN_COMMA) == NULL)
            return NULL;
        jinja_node *node = jinja_parse_expression(p, true);
        if (node == NULL ||
            !add_output(p, &out, creg_slice_make(NULL, 0), node, node->line, node->at))
            return NULL;
    }
    if (out.items.count == 0)
        return jinja_make_stmt(p, STMT_OUTPUT, tag->line, tag->at);
    return output_stmt(p, &out);
}

/* ---- for, if -------------------------------------------------------------------------- */

/* Behind a comma neither `in` nor `recursive` ends the tuple, though Jinja2 seems to mean it:
 * `for a, in x` is an error there, and so it is here. */
static bool parse_for_head(jinja_parser *p, jinja_for *loop)
{
    loop->target = jinja_parse_tuple(p, (jinja_tuple_rules){.targets = true});
    if (!jinja_make_target(p, loop->target, USE_STORE) || jinja_expect_name(p, "in") == NULL)
        return false;
    loop->iter = jinja_parse_tuple(p, (jinja_tuple_rules){.no_condition = true});
    if (loop->iter == NULL)
        return false;
    if (jinja_skip_name(p, "if")) {
        loop->test = jinja_parse_expression(p, true);
        if (loop->test == NULL)
            return false;
    }
    loop->recursive = jinja_skip_name(p, "recursive");
    return p->status == CREG_OK;
}

static bool parse_for_bodies(jinja_parser *p, jinja_for *loop)
{
    uint32_t scoped_blocks = p->scoped_blocks;
    jinja_mentions before = jinja_mentions_begin(p);
    bool fine = parse_inner(p, ends_for, false, &loop->body);
    uint8_t used = jinja_mentions_end(p, before, true);
    if (!fine)
        return false;
    bool has_else = jinja_is_name(p->token, "else");
    if (!jinja_next_token(p))
        return false;
    if (has_else && !parse_inner(p, ends_for_else, true, &loop->otherwise))
        return false;
    loop->extended =
        loop->recursive || (used & MENTION_LOOP) != 0 || p->scoped_blocks > scoped_blocks;
    return true;
}

static jinja_stmt *parse_for(jinja_parser *p)
{
    jinja_stmt *stmt = begin_stmt(p, STMT_FOR);
    jinja_for *loop = jinja_parse_alloc(p, 1, sizeof *loop);
    if (stmt == NULL || loop == NULL)
        return NULL;
    stmt->as.loop = loop;
    uint32_t stores = p->loop_stores;
    if (!parse_for_head(p, loop) || !parse_for_bodies(p, loop))
        return NULL;
    if (p->loop_stores > stores) {
        loop->loop_store_line = p->loop_store_line;
        loop->loop_store_at = p->loop_store_at;
    }
    return stmt;
}

static bool parse_branch(jinja_parser *p, jinja_vector *branches, uint32_t line, uint32_t at)
{
    jinja_if_branch *branch = creg_arena_calloc(p->scratch, 1, sizeof *branch);
    if (branch == NULL) {
        jinja_parse_fail_arena(p, p->scratch);
        return false;
    }
    branch->line = line;
    branch->at = at;
    branch->test = jinja_parse_tuple(p, (jinja_tuple_rules){.no_condition = true});
    return branch->test != NULL && parse_inner(p, ends_if, false, &branch->body) &&
           jinja_vector_push(p, branches, branch);
}

static jinja_stmt *parse_if(jinja_parser *p)
{
    jinja_stmt *stmt = begin_stmt(p, STMT_IF);
    jinja_vector branches = {0};
    if (stmt == NULL || !parse_branch(p, &branches, stmt->line, stmt->at))
        return NULL;
    while (jinja_is_name(p->token, "elif")) {
        if (!jinja_next_token(p) || !parse_branch(p, &branches, p->token->line, p->token->at))
            return NULL;
    }
    bool has_else = jinja_is_name(p->token, "else");
    if (!jinja_next_token(p) ||
        (has_else && !parse_inner(p, ends_if_else, true, &stmt->as.cond.otherwise)))
        return NULL;
    stmt->as.cond.branches = jinja_parse_alloc(p, branches.count, sizeof(jinja_if_branch));
    if (stmt->as.cond.branches == NULL)
        return NULL;
    for (uint32_t i = 0; i < branches.count; i++)
        stmt->as.cond.branches[i] = *(jinja_if_branch *)branches.items[i];
    stmt->as.cond.count = branches.count;
    return stmt;
}

/* ---- set, with, do -------------------------------------------------------------------- */

static jinja_stmt *parse_set(jinja_parser *p)
{
    jinja_stmt *stmt = begin_stmt(p, STMT_SET);
    if (stmt == NULL)
        return NULL;
    jinja_node *target =
        jinja_parse_tuple(p, (jinja_tuple_rules){.targets = true, .namespaces = true});
    if (!jinja_make_target(p, target, USE_STORE))
        return NULL;
    if (jinja_skip_kind(p, TOKEN_ASSIGN)) {
        stmt->as.set.target = target;
        stmt->as.set.value = jinja_parse_tuple(p, (jinja_tuple_rules){0});
        return stmt->as.set.value == NULL ? NULL : stmt;
    }
    stmt->kind = STMT_SET_BLOCK;
    stmt->as.set_block.target = target;
    stmt->as.set_block.filter = jinja_parse_filters(p, NULL, false);
    if (p->status != CREG_OK || !parse_inner(p, ends_set, true, &stmt->as.set_block.body))
        return NULL;
    return stmt;
}

static bool parse_with_pair(jinja_parser *p, jinja_vector *targets, jinja_vector *values)
{
    if (targets->count > 0 && jinja_expect(p, TOKEN_COMMA) == NULL)
        return false;
    jinja_node *target = jinja_parse_tuple(p, (jinja_tuple_rules){.targets = true});
    if (!jinja_make_target(p, target, USE_PARAM) || jinja_expect(p, TOKEN_ASSIGN) == NULL)
        return false;
    jinja_node *value = jinja_parse_expression(p, true);
    return value != NULL && jinja_vector_push(p, targets, target) &&
           jinja_vector_push(p, values, value);
}

static jinja_stmt *parse_with(jinja_parser *p)
{
    jinja_stmt *stmt = begin_stmt(p, STMT_WITH);
    jinja_vector targets = {0};
    jinja_vector values = {0};
    if (stmt == NULL)
        return NULL;
    while (p->token->kind != TOKEN_BLOCK_END)
        if (!parse_with_pair(p, &targets, &values))
            return NULL;
    stmt->as.with.targets = (jinja_node **)jinja_vector_keep(p, &targets);
    stmt->as.with.values = (jinja_node **)jinja_vector_keep(p, &values);
    stmt->as.with.count = targets.count;
    if (p->status != CREG_OK || !parse_inner(p, ends_with, true, &stmt->as.with.body))
        return NULL;
    return stmt;
}

static jinja_stmt *parse_autoescape(jinja_parser *p)
{
    jinja_stmt *stmt = begin_stmt(p, STMT_AUTOESCAPE);
    jinja_vector values = {0};
    if (stmt == NULL)
        return NULL;
    jinja_node *value = jinja_parse_expression(p, true);
    if (value == NULL || !jinja_vector_push(p, &values, value))
        return NULL;
    stmt->as.with.values = (jinja_node **)jinja_vector_keep(p, &values);
    stmt->as.with.count = 1;
    if (p->status != CREG_OK || !parse_inner(p, ends_autoescape, true, &stmt->as.with.body))
        return NULL;
    return stmt;
}

static jinja_stmt *parse_do(jinja_parser *p)
{
    jinja_stmt *stmt = begin_stmt(p, STMT_DO);
    if (stmt == NULL)
        return NULL;
    stmt->as.node = jinja_parse_tuple(p, (jinja_tuple_rules){0});
    return stmt->as.node == NULL ? NULL : stmt;
}

/* ---- block, extends, include, import -------------------------------------------------- */

static bool is_blank(creg_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] != ' ' && (text.data[i] < '\t' || text.data[i] > '\r'))
            return false;
    return true;
}

static bool is_blank_body(const jinja_body *body)
{
    for (uint32_t i = 0; i < body->count; i++) {
        const jinja_stmt *stmt = body->items[i];
        if (stmt->kind != STMT_OUTPUT)
            return false;
        for (uint32_t k = 0; k < stmt->as.output.count; k++)
            if (stmt->as.output.items[k].node != NULL ||
                !is_blank(stmt->as.output.items[k].text))
                return false;
    }
    return true;
}

static bool parse_block_body(jinja_parser *p, jinja_block *block)
{
    jinja_mentions before = jinja_mentions_begin(p);
    bool fine = parse_inner(p, ends_block, true, &block->unit.body);
    block->mentions = jinja_mentions_end(p, before, false);
    return fine;
}

static jinja_stmt *parse_block(jinja_parser *p)
{
    jinja_stmt *stmt = begin_stmt(p, STMT_BLOCK);
    jinja_block *block = jinja_parse_alloc(p, 1, sizeof *block);
    const jinja_token *name = p->status == CREG_OK ? jinja_expect(p, TOKEN_NAME) : NULL;
    if (stmt == NULL || block == NULL || name == NULL)
        return NULL;
    stmt->as.block = block;
    block->name = jinja_intern(p, name->text);
    block->line = stmt->line;
    block->at = name->at;
    block->scoped = jinja_skip_name(p, "scoped");
    block->required = jinja_skip_name(p, "required");
    p->scoped_blocks += block->scoped;
    if (p->status == CREG_OK && p->token->kind == TOKEN_SUB)
        return jinja_parse_fail(p, "TemplateSyntaxError", p->token->line, p->token->at,
                                "Block names in Jinja have to be valid Python identifiers and "
                                "may not contain hyphens, use an underscore instead.");
    if (p->status != CREG_OK || !parse_block_body(p, block))
        return NULL;
    if (block->required && !is_blank_body(&block->unit.body))
        return jinja_parse_fail(p, "TemplateSyntaxError", p->token->line, p->token->at,
                                "Required blocks can only contain comments or whitespace");
    if (p->token->kind == TOKEN_NAME && creg_slice_equal(p->token->text, name->text) &&
        !jinja_next_token(p))
        return NULL;
    return jinja_vector_push(p, &p->blocks, stmt) ? stmt : NULL;
}

static jinja_stmt *parse_extends(jinja_parser *p)
{
    jinja_stmt *stmt = begin_stmt(p, STMT_EXTENDS);
    if (stmt == NULL)
        return NULL;
    stmt->as.other.name = jinja_parse_expression(p, true);
    p->result->has_extends = p->result->has_others = true;
    return stmt->as.other.name == NULL ? NULL : stmt;
}

/* `with context` or `without context`: gives whether it stood there. */
static bool parse_context_mode(jinja_parser *p, bool *ret_with)
{
    bool with = jinja_is_name(p->token, "with");
    if (!(with || jinja_is_name(p->token, "without")) ||
        !jinja_is_name(jinja_look(p), "context"))
        return false;
    *ret_with = with;
    jinja_next_token(p);
    if (p->status == CREG_OK)
        jinja_next_token(p);
    return true;
}

static jinja_stmt *parse_include(jinja_parser *p)
{
    jinja_stmt *stmt = begin_stmt(p, STMT_INCLUDE);
    if (stmt == NULL)
        return NULL;
    p->result->has_others = true;
    stmt->as.other.name = jinja_parse_expression(p, true);
    if (stmt->as.other.name == NULL)
        return NULL;
    if (jinja_is_name(p->token, "ignore") && jinja_is_name(jinja_look(p), "missing")) {
        stmt->as.other.ignore_missing = true;
        if (!jinja_next_two(p))
            return NULL;
    }
    stmt->as.other.with_context = true;
    parse_context_mode(p, &stmt->as.other.with_context);
    return p->status == CREG_OK ? stmt : NULL;
}

/* A NAME node that stores. */
static jinja_node *parse_target_name(jinja_parser *p)
{
    const jinja_token *token = jinja_expect(p, TOKEN_NAME);
    if (token == NULL)
        return NULL;
    static const char *const literals[] = {"true", "false", "none", "True", "False", "None"};
    for (size_t i = 0; i < sizeof literals / sizeof literals[0]; i++)
        if (creg_slice_equal(token->text, creg_slice_of(literals[i])))
            return jinja_parse_fail(p, "TemplateSyntaxError", token->line, token->at,
                                    "can't assign to 'name'");
    jinja_node *node = jinja_make_name(p, token->text, USE_STORE, token);
    if (node != NULL)
        jinja_note_store(p, node);
    return node;
}

static jinja_stmt *parse_import(jinja_parser *p)
{
    jinja_stmt *stmt = begin_stmt(p, STMT_IMPORT);
    if (stmt == NULL)
        return NULL;
    p->result->has_others = true;
    stmt->as.other.name = jinja_parse_expression(p, true);
    if (stmt->as.other.name == NULL || jinja_expect_name(p, "as") == NULL)
        return NULL;
    stmt->as.other.target = parse_target_name(p);
    if (stmt->as.other.target == NULL)
        return NULL;
    parse_context_mode(p, &stmt->as.other.with_context);
    return p->status == CREG_OK ? stmt : NULL;
}

static bool parse_imported_name(jinja_parser *p, jinja_vector *names)
{
    jinja_node *target = parse_target_name(p);
    if (target == NULL)
        return false;
    const jinja_name *name = target->as.name.name;
    if (name->text.data[0] == '_') {
        jinja_parse_fail(p, "TemplateAssertionError", target->line, target->at,
                         "names starting with an underline can not be imported");
        return false;
    }
    if (jinja_skip_name(p, "as"))
        target = parse_target_name(p);
    jinja_import_name *row = jinja_parse_alloc(p, 1, sizeof *row);
    if (row == NULL || target == NULL)
        return false;
    *row = (jinja_import_name){.name = name, .alias = target->as.name.name, .target = target};
    return jinja_vector_push(p, names, row);
}

static bool parse_imported_names(jinja_parser *p, jinja_stmt *stmt, jinja_vector *names)
{
    for (;;) {
        if (names->count > 0 && jinja_expect(p, TOKEN_COMMA) == NULL)
            return false;
        if (p->token->kind != TOKEN_NAME)
            return jinja_expect(p, TOKEN_NAME) != NULL;
        if (parse_context_mode(p, &stmt->as.other.with_context))
            return p->status == CREG_OK;
        if (!parse_imported_name(p, names))
            return false;
        if (parse_context_mode(p, &stmt->as.other.with_context) ||
            p->token->kind != TOKEN_COMMA)
            return p->status == CREG_OK;
    }
}

static jinja_stmt *parse_from(jinja_parser *p)
{
    jinja_stmt *stmt = begin_stmt(p, STMT_FROM_IMPORT);
    jinja_vector names = {0};
    if (stmt == NULL)
        return NULL;
    p->result->has_others = true;
    stmt->as.other.name = jinja_parse_expression(p, true);
    if (stmt->as.other.name == NULL || jinja_expect_name(p, "import") == NULL ||
        !parse_imported_names(p, stmt, &names))
        return NULL;
    stmt->as.other.names = jinja_parse_alloc(p, names.count, sizeof(jinja_import_name));
    if (stmt->as.other.names == NULL)
        return NULL;
    for (uint32_t i = 0; i < names.count; i++)
        stmt->as.other.names[i] = *(jinja_import_name *)names.items[i];
    stmt->as.other.count = names.count;
    return stmt;
}

/* ---- macro, call, filter -------------------------------------------------------------- */

static bool parse_parameter(jinja_parser *p, jinja_vector *parameters, bool *had_default)
{
    const jinja_token *place = p->token;
    jinja_node *target = parse_target_name(p);
    jinja_parameter *parameter = jinja_parse_alloc(p, 1, sizeof *parameter);
    if (target == NULL || parameter == NULL)
        return false;
    parameter->name = target->as.name.name;
    parameter->line = place->line;
    parameter->at = place->at;
    if (jinja_skip_kind(p, TOKEN_ASSIGN)) {
        *had_default = true;
        parameter->value = jinja_parse_expression(p, true);
    } else if (*had_default) {
        jinja_parse_fail(p, "TemplateSyntaxError", p->token->line, p->token->at,
                         "non-default argument follows default argument");
    }
    return p->status == CREG_OK && jinja_vector_push(p, parameters, parameter);
}

static bool parse_signature(jinja_parser *p, jinja_macro_def *def)
{
    jinja_vector parameters = {0};
    bool had_default = false;
    if (jinja_expect(p, TOKEN_LPAREN) == NULL)
        return false;
    while (p->token->kind != TOKEN_RPAREN) {
        if (parameters.count > 0 && jinja_expect(p, TOKEN_COMMA) == NULL)
            return false;
        if (!parse_parameter(p, &parameters, &had_default))
            return false;
    }
    if (jinja_expect(p, TOKEN_RPAREN) == NULL)
        return false;
    def->parameters = jinja_parse_alloc(p, parameters.count, sizeof(jinja_parameter));
    if (def->parameters == NULL)
        return false;
    for (uint32_t i = 0; i < parameters.count; i++)
        def->parameters[i] = *(jinja_parameter *)parameters.items[i];
    def->count = parameters.count;
    return true;
}

static bool parse_macro_body(jinja_parser *p, jinja_macro_def *def, const creg_slice *ends)
{
    jinja_mentions before = jinja_mentions_begin(p);
    bool fine = parse_inner(p, ends, true, &def->unit.body);
    def->mentions = jinja_mentions_end(p, before, true);
    return fine;
}

static jinja_stmt *parse_macro(jinja_parser *p)
{
    jinja_stmt *stmt = begin_stmt(p, STMT_MACRO);
    jinja_macro_def *def = jinja_parse_alloc(p, 1, sizeof *def);
    if (stmt == NULL || def == NULL)
        return NULL;
    stmt->as.macro.def = def;
    def->line = stmt->line;
    stmt->as.macro.target = parse_target_name(p);
    if (stmt->as.macro.target == NULL)
        return NULL;
    def->name = stmt->as.macro.target->as.name.name;
    if (!parse_signature(p, def) || !parse_macro_body(p, def, ends_macro))
        return NULL;
    return stmt;
}

static jinja_stmt *parse_call_block(jinja_parser *p)
{
    jinja_stmt *stmt = begin_stmt(p, STMT_CALL_BLOCK);
    jinja_macro_def *def = jinja_parse_alloc(p, 1, sizeof *def);
    if (stmt == NULL || def == NULL)
        return NULL;
    stmt->as.macro.def = def;
    def->line = stmt->line;
    if (p->token->kind == TOKEN_LPAREN && !parse_signature(p, def))
        return NULL;
    jinja_node *call = jinja_parse_expression(p, true);
    if (call == NULL)
        return NULL;
    if (call->kind != NODE_CALL)
        return jinja_parse_fail(p, "TemplateSyntaxError", stmt->line, call->at,
                                "expected call");
    stmt->as.macro.call = call;
    return parse_macro_body(p, def, ends_call) ? stmt : NULL;
}

static jinja_stmt *parse_filter_block(jinja_parser *p)
{
    jinja_stmt *stmt = begin_stmt(p, STMT_FILTER_BLOCK);
    if (stmt == NULL)
        return NULL;
    stmt->as.set_block.filter = jinja_parse_filters(p, NULL, true);
    if (stmt->as.set_block.filter == NULL ||
        !parse_inner(p, ends_filter, true, &stmt->as.set_block.body))
        return NULL;
    return stmt;
}

/* ---- which tag is it? ----------------------------------------------------------------- */

static jinja_stmt *parse_break(jinja_parser *p)
{
    return begin_stmt(p, STMT_BREAK);
}
static jinja_stmt *parse_continue(jinja_parser *p)
{
    return begin_stmt(p, STMT_CONTINUE);
}
static jinja_stmt *parse_debug(jinja_parser *p)
{
    return begin_stmt(p, STMT_DEBUG);
}

static const struct tag_row {
    creg_slice name;
    jinja_stmt *(*parse)(jinja_parser *p);
    unsigned extension; /* that it needs, or 0 */
} tag_rows[] = {
    {JINJA_WORD("for"), parse_for, 0},
    {JINJA_WORD("if"), parse_if, 0},
    {JINJA_WORD("set"), parse_set, 0},
    {JINJA_WORD("block"), parse_block, 0},
    {JINJA_WORD("extends"), parse_extends, 0},
    {JINJA_WORD("print"), parse_print, 0},
    {JINJA_WORD("macro"), parse_macro, 0},
    {JINJA_WORD("include"), parse_include, 0},
    {JINJA_WORD("from"), parse_from, 0},
    {JINJA_WORD("import"), parse_import, 0},
    {JINJA_WORD("with"), parse_with, 0},
    {JINJA_WORD("autoescape"), parse_autoescape, 0},
    {JINJA_WORD("call"), parse_call_block, 0},
    {JINJA_WORD("filter"), parse_filter_block, 0},
    {JINJA_WORD("do"), parse_do, JINJA_EXTENSION_DO},
    {JINJA_WORD("break"), parse_break, JINJA_EXTENSION_LOOPCONTROLS},
    {JINJA_WORD("continue"), parse_continue, JINJA_EXTENSION_LOOPCONTROLS},
    {JINJA_WORD("debug"), parse_debug, JINJA_EXTENSION_DEBUG},
};

static const struct tag_row *find_tag(const jinja_parser *p)
{
    for (size_t i = 0; i < sizeof tag_rows / sizeof tag_rows[0]; i++) {
        const struct tag_row *row = &tag_rows[i];
        bool enabled = row->extension == 0 || (p->options->extensions & row->extension) != 0;
        if (enabled && jinja_is_word(p->token, row->name))
            return row;
    }
    return NULL;
}

static bool parse_tag(jinja_parser *p, const struct tag_row *row, jinja_vector *body)
{
    if (row == NULL)
        return jinja_parse_trans(p, body);
    jinja_stmt *stmt = row->parse(p);
    return stmt != NULL && jinja_vector_push(p, body, stmt);
}

static bool note_other(jinja_parser *p, const jinja_vector *body, uint32_t from)
{
    for (uint32_t i = from; i < body->count; i++) {
        uint8_t kind = ((jinja_stmt *)body->items[i])->kind;
        bool other = kind == STMT_EXTENDS || kind == STMT_INCLUDE || kind == STMT_IMPORT ||
                     kind == STMT_FROM_IMPORT;
        if (other && !jinja_vector_push(p, &p->others, body->items[i]))
            return false;
    }
    return true;
}

static bool parse_statement(jinja_parser *p, jinja_vector *body)
{
    const jinja_token *tag = p->token;
    if (tag->kind != TOKEN_NAME) {
        jinja_parse_fail(p, "TemplateSyntaxError", tag->line, tag->at, "tag name expected");
        return false;
    }
    const struct tag_row *row = find_tag(p);
    bool is_trans =
        (p->options->extensions & JINJA_EXTENSION_I18N) != 0 && jinja_is_name(tag, "trans");
    if (row == NULL && !is_trans) {
        fail_unknown_tag(p, tag, NULL);
        return false;
    }
    if (p->tag_count == TAG_STACK || !jinja_enter(p)) {
        jinja_parse_fail_depth(p);
        return false;
    }
    p->tags[p->tag_count++] = tag->text;
    uint32_t count = body->count;
    bool fine = parse_tag(p, row, body) && note_other(p, body, count);
    if (p->status == CREG_OK)
        p->tag_count--;
    jinja_leave(p);
    return fine && p->status == CREG_OK;
}

static bool is_end(const jinja_token *token, const creg_slice *ends)
{
    for (size_t i = 0; ends != NULL && ends[i].data != NULL; i++)
        if (jinja_is_word(token, ends[i]))
            return true;
    return false;
}

/* Pieces until an end tag (then *ret_ended) or the end of the source. */
static bool parse_pieces(jinja_parser *p, const creg_slice *ends, jinja_vector *body)
{
    pending_output out = {{0}};
    while (p->token->kind != TOKEN_EOF) {
        const jinja_token *token = p->token;
        if (token->kind == TOKEN_DATA) {
            if (!add_output(p, &out, token->text, NULL, token->line, token->at) ||
                !jinja_next_token(p))
                return false;
        } else if (token->kind == TOKEN_VARIABLE_BEGIN) {
            if (!parse_variable(p, &out))
                return false;
        } else {
            if (!flush_output(p, &out, body) || !jinja_next_token(p))
                return false;
            if (is_end(p->token, ends))
                return true;
            if (!parse_statement(p, body) || jinja_expect(p, TOKEN_BLOCK_END) == NULL)
                return false;
        }
    }
    if (ends != NULL) {
        fail_unknown_tag(p, NULL, ends);
        return false;
    }
    return flush_output(p, &out, body);
}

bool jinja_parse_body(jinja_parser *p, const creg_slice *ends, jinja_body *ret_body)
{
    jinja_vector body = {0};
    if (ends != NULL && p->end_count == TAG_STACK) {
        jinja_parse_fail_depth(p);
        return false;
    }
    if (ends != NULL)
        p->ends[p->end_count++] = ends;
    bool fine = parse_pieces(p, ends, &body);
    if (ends != NULL)
        p->end_count--;
    if (!fine)
        return false;
    ret_body->items = (jinja_stmt **)jinja_vector_keep(p, &body);
    ret_body->count = body.count;
    return ret_body->items != NULL;
}
