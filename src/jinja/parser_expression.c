/* SPDX-License-Identifier: MIT */
/*
 * Expressions.
 *
 * Binary operators are parsed by climbing one table of levels, so that a level of brackets
 * costs five C frames and not thirteen. Operators of one level that follow one another make
 * one chain node (a + b - c is one node with two operands), so a thousand of them do not
 * nest. What does nest (brackets, postfixes, filters) is counted in node->depth.
 */
#include "base/number.h"
#include "jinja/diagnostic.h"
#include "jinja/parser.h"
#include "value/integer.h"

/* Lowest to highest; Jinja2's order, in which ~ binds tighter than + and -. */
typedef enum level {
    LEVEL_NONE,
    LEVEL_OR,
    LEVEL_AND,
    LEVEL_NOT,
    LEVEL_COMPARE,
    LEVEL_MATH1,
    LEVEL_CONCAT,
    LEVEL_MATH2,
    LEVEL_POW,
    LEVEL_UNARY
} level;

/* ---- nodes ---------------------------------------------------------------------------- */

jinja_node *jinja_make_node(jinja_parser *p, jinja_node_kind kind, const jinja_token *place)
{
    if (p->status != CREG_OK)
        return NULL;
    jinja_node *node = creg_arena_new(p->arena, jinja_node);
    if (node == NULL)
        return jinja_parse_fail_arena(p, p->arena);
    *node = (jinja_node){.kind = (uint8_t)kind,
                         .depth = 1,
                         .line = place->line,
                         .at = place->at,
                         .size = place->size};
    return node;
}

/* `node` now has `child` below it; NULL when that is too deep or the child failed. */
static jinja_node *adopt(jinja_parser *p, jinja_node *node, const jinja_node *child)
{
    if (node == NULL || child == NULL)
        return NULL;
    if (child->depth >= p->depth_max)
        return jinja_parse_fail_depth(p);
    if (node->depth <= child->depth)
        node->depth = (uint16_t)(child->depth + 1);
    return node;
}

jinja_node *jinja_make_const(jinja_parser *p, creg_value value, const jinja_token *place)
{
    jinja_node *node = jinja_make_node(p, NODE_CONST, place);
    if (node != NULL)
        node->as.constant = value;
    return node;
}

jinja_node *jinja_make_name(jinja_parser *p, creg_slice text, jinja_name_use use,
                            const jinja_token *place)
{
    jinja_node *node = jinja_make_node(p, NODE_NAME, place);
    if (node == NULL)
        return NULL;
    jinja_name *name = jinja_intern(p, text);
    node->as.name.undefined = jinja_undefined_for_name(p->arena, p->options->undefined, text);
    if (name == NULL || node->as.name.undefined.as.object == NULL)
        return jinja_parse_fail_arena(p, p->arena);
    node->as.name.name = name;
    node->use = (uint8_t)use;
    return node;
}

static void note_load(jinja_parser *p, const jinja_node *node)
{
    uint8_t bit = node->as.name.name->mention;
    if ((p->stored & bit) == 0)
        p->loaded |= bit;
}

static jinja_node *list_node(jinja_parser *p, jinja_node_kind kind, const jinja_token *place,
                             const jinja_vector *items)
{
    jinja_node *node = jinja_make_node(p, kind, place);
    if (node == NULL)
        return NULL;
    for (uint32_t i = 0; i < items->count; i++)
        if (adopt(p, node, items->items[i]) == NULL)
            return NULL;
    node->as.list.items = (jinja_node **)jinja_vector_keep(p, items);
    node->as.list.count = items->count;
    return node->as.list.items == NULL ? NULL : node;
}

/* ---- literals ------------------------------------------------------------------------- */

static bool is_one_of(creg_slice text, const char *first, const char *second)
{
    return creg_slice_equal(text, creg_slice_of(first)) ||
           creg_slice_equal(text, creg_slice_of(second));
}

static jinja_node *parse_name(jinja_parser *p, jinja_tuple_rules rules)
{
    const jinja_token *token = p->token;
    if (!jinja_next_token(p))
        return NULL;
    if (is_one_of(token->text, "true", "True"))
        return jinja_make_const(p, creg_value_bool(true), token);
    if (is_one_of(token->text, "false", "False"))
        return jinja_make_const(p, creg_value_bool(false), token);
    if (is_one_of(token->text, "none", "None"))
        return jinja_make_const(p, creg_value_none(), token);
    if (rules.namespaces && p->token->kind == TOKEN_DOT) {
        if (!jinja_next_token(p))
            return NULL;
        const jinja_token *attribute = jinja_expect(p, TOKEN_NAME);
        jinja_node *node = jinja_make_node(p, NODE_NSREF, token);
        if (node == NULL || attribute == NULL)
            return NULL;
        node->as.nsref.name = jinja_intern(p, token->text);
        node->as.nsref.attribute = jinja_intern(p, attribute->text);
        return p->status == CREG_OK ? node : NULL;
    }
    jinja_node *node = jinja_make_name(p, token->text, USE_LOAD, token);
    if (node != NULL && !rules.targets)
        note_load(p, node);
    return node;
}

static jinja_node *parse_strings(jinja_parser *p)
{
    const jinja_token *first = p->token;
    creg_slice text = first->text;
    if (!jinja_next_token(p))
        return NULL;
    if (p->token->kind == TOKEN_STRING) {
        creg_text joined;
        creg_text_init(&joined, p->arena, SIZE_MAX);
        creg_text_slice(&joined, text);
        while (p->token->kind == TOKEN_STRING) {
            creg_text_slice(&joined, p->token->text);
            if (!jinja_next_token(p))
                return NULL;
        }
        if (creg_text_finish(&joined, &text, NULL) != CREG_OK)
            return jinja_parse_fail_arena(p, p->arena);
    }
    creg_value value = creg_value_string(text);
    value.flags = CREG_STRING_TRUSTED;
    return jinja_make_const(p, value, first);
}

static jinja_node *parse_float(jinja_parser *p, const jinja_token *token)
{
    double real = 0;
    if (!creg_float_parse(token->text, &real))
        return jinja_parse_fail(p, "TemplateSyntaxError", token->line, token->at,
                                "could not convert string to float");
    return jinja_make_const(p, creg_value_float(real), token);
}

static jinja_node *parse_number(jinja_parser *p)
{
    const jinja_token *token = p->token;
    if (!jinja_next_token(p))
        return NULL;
    if (token->kind == TOKEN_FLOAT)
        return parse_float(p, token);
    creg_integer_room room = {.arena = p->arena,
                              .digits_max = p->engine->limits.integer_digits};
    creg_integer integer;
    creg_status status = creg_integer_parse(room, token->text, 0, &integer, p->err);
    if (status == CREG_OK)
        return jinja_make_const(p, creg_value_of_integer(integer), token);
    p->status = status;
    if (status == CREG_LIMIT)
        creg_error_hint(p->err, "raise integer_digits in jinja_limits");
    jinja_diagnose(p->err, p->name, p->source, token->line, token->at, token->size);
    return NULL;
}

static jinja_node *parse_list(jinja_parser *p)
{
    const jinja_token *open = p->token;
    jinja_vector items = {0};
    if (!jinja_next_token(p))
        return NULL;
    while (p->token->kind != TOKEN_RBRACKET) {
        if (items.count > 0 && jinja_expect(p, TOKEN_COMMA) == NULL)
            return NULL;
        if (p->token->kind == TOKEN_RBRACKET)
            break;
        jinja_node *item = jinja_parse_expression(p, true);
        if (item == NULL || !jinja_vector_push(p, &items, item))
            return NULL;
    }
    if (jinja_expect(p, TOKEN_RBRACKET) == NULL)
        return NULL;
    return list_node(p, NODE_LIST, open, &items);
}

static jinja_node *parse_dict(jinja_parser *p)
{
    const jinja_token *open = p->token;
    jinja_vector items = {0};
    if (!jinja_next_token(p))
        return NULL;
    while (p->token->kind != TOKEN_RBRACE) {
        if (items.count > 0 && jinja_expect(p, TOKEN_COMMA) == NULL)
            return NULL;
        if (p->token->kind == TOKEN_RBRACE)
            break;
        jinja_node *key = jinja_parse_expression(p, true);
        if (key == NULL || jinja_expect(p, TOKEN_COLON) == NULL)
            return NULL;
        jinja_node *value = jinja_parse_expression(p, true);
        if (value == NULL || !jinja_vector_push(p, &items, key) ||
            !jinja_vector_push(p, &items, value))
            return NULL;
    }
    if (jinja_expect(p, TOKEN_RBRACE) == NULL)
        return NULL;
    jinja_node *node = list_node(p, NODE_DICT, open, &items);
    if (node != NULL)
        node->as.list.count /= 2;
    return node;
}

static jinja_node *parse_parentheses(jinja_parser *p)
{
    if (!jinja_next_token(p))
        return NULL;
    /* Any expression may stand in brackets; whether it can be a target is checked later. */
    jinja_node *node = jinja_parse_tuple(p, (jinja_tuple_rules){.parenthesised = true});
    if (node == NULL || jinja_expect(p, TOKEN_RPAREN) == NULL)
        return NULL;
    return node;
}

static jinja_node *parse_primary(jinja_parser *p, jinja_tuple_rules rules)
{
    creg_slice found;
    switch (p->token->kind) {
    case TOKEN_NAME:
        return parse_name(p, rules);
    case TOKEN_STRING:
        return parse_strings(p);
    case TOKEN_INTEGER:
    case TOKEN_FLOAT:
        return parse_number(p);
    case TOKEN_LPAREN:
        return parse_parentheses(p);
    case TOKEN_LBRACKET:
        return parse_list(p);
    case TOKEN_LBRACE:
        return parse_dict(p);
    default:
        found = jinja_describe(p->token);
        return jinja_parse_fail(p, "TemplateSyntaxError", p->token->line, p->token->at,
                                "unexpected '%.*s'", CREG_SHOW(found));
    }
}

/* ---- calls ---------------------------------------------------------------------------- */

typedef struct args_builder {
    jinja_vector positional, keywords;
    jinja_node *splat, *keyword_splat;
    uint16_t depth;
} args_builder;

static bool deepen(args_builder *args, const jinja_node *node)
{
    if (node == NULL)
        return false;
    if (node->depth > args->depth)
        args->depth = node->depth;
    return true;
}

static bool add_keyword(jinja_parser *p, args_builder *args)
{
    const jinja_token *key = p->token;
    if (!jinja_next_two(p))
        return false;
    jinja_keyword *keyword = jinja_parse_alloc(p, 1, sizeof *keyword);
    if (keyword == NULL)
        return false;
    keyword->name = jinja_intern(p, key->text);
    keyword->value = jinja_parse_expression(p, true);
    return deepen(args, keyword->value) && jinja_vector_push(p, &args->keywords, keyword);
}

static bool parse_argument(jinja_parser *p, args_builder *args, const jinja_token *open)
{
    bool allowed;
    if (p->token->kind == TOKEN_MUL) {
        allowed = args->splat == NULL && args->keyword_splat == NULL;
        if (allowed && jinja_next_token(p))
            return deepen(args, args->splat = jinja_parse_expression(p, true));
    } else if (p->token->kind == TOKEN_POW) {
        allowed = args->keyword_splat == NULL;
        if (allowed && jinja_next_token(p))
            return deepen(args, args->keyword_splat = jinja_parse_expression(p, true));
    } else if (p->token->kind == TOKEN_NAME && jinja_look(p)->kind == TOKEN_ASSIGN) {
        allowed = args->keyword_splat == NULL;
        if (allowed)
            return add_keyword(p, args);
    } else {
        allowed =
            args->splat == NULL && args->keyword_splat == NULL && args->keywords.count == 0;
        if (allowed) {
            jinja_node *value = jinja_parse_expression(p, true);
            return deepen(args, value) && jinja_vector_push(p, &args->positional, value);
        }
    }
    if (!allowed)
        jinja_parse_fail(p, "TemplateSyntaxError", open->line, open->at,
                         "invalid syntax for function call expression");
    return false;
}

static jinja_args *keep_args(jinja_parser *p, const args_builder *args)
{
    jinja_args *kept = jinja_parse_alloc(p, 1, sizeof *kept);
    if (kept == NULL)
        return NULL;
    kept->positional = (jinja_node **)jinja_vector_keep(p, &args->positional);
    kept->count = args->positional.count;
    kept->keywords = jinja_parse_alloc(p, args->keywords.count, sizeof(jinja_keyword));
    kept->keyword_count = args->keywords.count;
    kept->splat = args->splat;
    kept->keyword_splat = args->keyword_splat;
    if (kept->positional == NULL || kept->keywords == NULL)
        return NULL;
    for (uint32_t i = 0; i < args->keywords.count; i++)
        kept->keywords[i] = *(jinja_keyword *)args->keywords.items[i];
    return kept;
}

static bool parse_arguments(jinja_parser *p, args_builder *args)
{
    const jinja_token *open = jinja_expect(p, TOKEN_LPAREN);
    bool need_comma = false;
    if (open == NULL)
        return false;
    while (p->token->kind != TOKEN_RPAREN) {
        if (need_comma) {
            if (jinja_expect(p, TOKEN_COMMA) == NULL)
                return false;
            if (p->token->kind == TOKEN_RPAREN)
                break;
        }
        if (!parse_argument(p, args, open))
            return false;
        need_comma = true;
    }
    return jinja_expect(p, TOKEN_RPAREN) != NULL;
}

static jinja_node *call_node(jinja_parser *p, jinja_node_kind kind, jinja_node *subject,
                             creg_slice name, const args_builder *args,
                             const jinja_token *place)
{
    jinja_node *node = jinja_make_node(p, kind, place);
    if (node == NULL || (subject != NULL && adopt(p, node, subject) == NULL))
        return NULL;
    if (args->depth >= p->depth_max)
        return jinja_parse_fail_depth(p);
    if (node->depth <= args->depth)
        node->depth = (uint16_t)(args->depth + 1);
    node->as.call.subject = subject;
    node->as.call.name = name.data == NULL ? NULL : jinja_intern(p, name);
    node->as.call.args = keep_args(p, args);
    return p->status == CREG_OK ? node : NULL;
}

static jinja_node *parse_call(jinja_parser *p, jinja_node *callee)
{
    const jinja_token *open = p->token;
    args_builder args = {0};
    if (!parse_arguments(p, &args))
        return NULL;
    return call_node(p, NODE_CALL, callee, creg_slice_make(NULL, 0), &args, open);
}

/* ---- postfixes ------------------------------------------------------------------------ */

static jinja_node *item_node(jinja_parser *p, jinja_node *object, jinja_node *key,
                             const jinja_token *place)
{
    jinja_node *node = jinja_make_node(p, NODE_GETITEM, place);
    if (adopt(p, node, object) == NULL || adopt(p, node, key) == NULL)
        return NULL;
    node->as.item.object = object;
    node->as.item.key = key;
    return node;
}

static jinja_node *parse_dot(jinja_parser *p, jinja_node *object)
{
    const jinja_token *dot = p->token;
    if (!jinja_next_token(p))
        return NULL;
    const jinja_token *token = p->token;
    if (token->kind == TOKEN_NAME) {
        jinja_node *node = jinja_make_node(p, NODE_GETATTR, token);
        if (adopt(p, node, object) == NULL || !jinja_next_token(p))
            return NULL;
        node->line = dot->line;
        node->as.attribute.object = object;
        node->as.attribute.name = jinja_intern(p, token->text);
        return p->status == CREG_OK ? node : NULL;
    }
    if (token->kind != TOKEN_INTEGER) {
        if (token->kind != TOKEN_EOF && !jinja_next_token(p))
            return NULL; /* Jinja2 reads on before it complains */
        return jinja_parse_fail(p, "TemplateSyntaxError", token->line, token->at,
                                "expected name or number");
    }
    jinja_node *key = parse_number(p);
    return key == NULL ? NULL : item_node(p, object, key, dot);
}

static bool ends_subscript(const jinja_parser *p)
{
    return p->token->kind == TOKEN_RBRACKET || p->token->kind == TOKEN_COMMA;
}

/* One bound of a slice that may be left out; false after failing. */
static bool parse_bound(jinja_parser *p, jinja_node **ret)
{
    *ret = NULL;
    if (p->token->kind == TOKEN_COLON || ends_subscript(p))
        return true;
    *ret = jinja_parse_expression(p, true);
    return *ret != NULL;
}

static jinja_node *parse_slice(jinja_parser *p, jinja_node *start, const jinja_token *place)
{
    jinja_node *node = jinja_make_node(p, NODE_SLICE, place);
    jinja_node *stop = NULL;
    jinja_node *step = NULL;
    if (node == NULL || jinja_expect(p, TOKEN_COLON) == NULL || !parse_bound(p, &stop))
        return NULL;
    if (jinja_skip_kind(p, TOKEN_COLON) && !parse_bound(p, &step))
        return NULL;
    if ((start != NULL && adopt(p, node, start) == NULL) ||
        (stop != NULL && adopt(p, node, stop) == NULL) ||
        (step != NULL && adopt(p, node, step) == NULL))
        return NULL;
    node->as.slice.start = start;
    node->as.slice.stop = stop;
    node->as.slice.step = step;
    return node;
}

static jinja_node *parse_subscript_item(jinja_parser *p)
{
    const jinja_token *place = p->token;
    if (place->kind == TOKEN_COLON)
        return parse_slice(p, NULL, place);
    jinja_node *node = jinja_parse_expression(p, true);
    if (node == NULL || p->token->kind != TOKEN_COLON)
        return node;
    return parse_slice(p, node, place);
}

static jinja_node *subscript_tuple(jinja_parser *p, const jinja_vector *keys,
                                   const jinja_token *open)
{
    for (uint32_t i = 0; i < keys->count; i++) {
        jinja_node *key = keys->items[i];
        if (key->kind != NODE_SLICE)
            continue;
        key->as.slice.object = jinja_make_const(p, creg_value_none(), open);
        if (key->as.slice.object == NULL)
            return NULL;
        if (p->sliced_line == 0) {
            p->sliced_line = open->line; /* told when the template is otherwise right */
            p->sliced_at = open->at;
        }
    }
    return list_node(p, NODE_TUPLE, open, keys);
}

static jinja_node *parse_brackets(jinja_parser *p, jinja_node *object)
{
    const jinja_token *open = p->token;
    jinja_vector keys = {0};
    if (!jinja_next_token(p))
        return NULL;
    while (p->token->kind != TOKEN_RBRACKET) {
        if (keys.count > 0 && jinja_expect(p, TOKEN_COMMA) == NULL)
            return NULL;
        jinja_node *key = parse_subscript_item(p);
        if (key == NULL || !jinja_vector_push(p, &keys, key))
            return NULL;
    }
    if (jinja_expect(p, TOKEN_RBRACKET) == NULL)
        return NULL;
    jinja_node *key = keys.count == 1 ? keys.items[0] : subscript_tuple(p, &keys, open);
    if (key == NULL)
        return NULL;
    if (key->kind != NODE_SLICE)
        return item_node(p, object, key, open);
    key->as.slice.object = object;
    return adopt(p, key, object);
}

static jinja_node *parse_postfix(jinja_parser *p, jinja_node *node)
{
    while (node != NULL) {
        if (p->token->kind == TOKEN_DOT)
            node = parse_dot(p, node);
        else if (p->token->kind == TOKEN_LBRACKET)
            node = parse_brackets(p, node);
        else if (p->token->kind == TOKEN_LPAREN)
            node = parse_call(p, node);
        else
            break;
    }
    return node;
}

/* ---- filters and tests ---------------------------------------------------------------- */

/* `a.b.c`, as filters and tests may be called. */
static bool parse_dotted_name(jinja_parser *p, creg_slice *ret_name)
{
    const jinja_token *token = jinja_expect(p, TOKEN_NAME);
    if (token == NULL)
        return false;
    *ret_name = token->text;
    if (p->token->kind != TOKEN_DOT)
        return true;
    creg_text joined;
    creg_text_init(&joined, p->arena, SIZE_MAX);
    creg_text_slice(&joined, token->text);
    while (p->token->kind == TOKEN_DOT) {
        if (!jinja_next_token(p) || (token = jinja_expect(p, TOKEN_NAME)) == NULL)
            return false;
        creg_text_byte(&joined, '.');
        creg_text_slice(&joined, token->text);
    }
    if (creg_text_finish(&joined, ret_name, NULL) == CREG_OK)
        return true;
    jinja_parse_fail_arena(p, p->arena);
    return false;
}

jinja_node *jinja_parse_filters(jinja_parser *p, jinja_node *subject, bool inline_start)
{
    jinja_node *node = subject;
    while (inline_start || p->token->kind == TOKEN_PIPE) {
        if (!inline_start && !jinja_next_token(p))
            return NULL;
        inline_start = false;
        const jinja_token *place = p->token;
        creg_slice name;
        args_builder args = {0};
        if (!parse_dotted_name(p, &name))
            return NULL;
        if (p->token->kind == TOKEN_LPAREN && !parse_arguments(p, &args))
            return NULL;
        node = call_node(p, NODE_FILTER, node, name, &args, place);
        if (node == NULL)
            return NULL;
    }
    return node;
}

static bool begins_test_argument(const jinja_parser *p)
{
    switch (p->token->kind) {
    case TOKEN_NAME:
        return !jinja_is_name(p->token, "else") && !jinja_is_name(p->token, "or") &&
               !jinja_is_name(p->token, "and");
    case TOKEN_STRING:
    case TOKEN_INTEGER:
    case TOKEN_FLOAT:
    case TOKEN_LPAREN:
    case TOKEN_LBRACKET:
    case TOKEN_LBRACE:
        return true;
    default:
        return false;
    }
}

static bool parse_test_arguments(jinja_parser *p, args_builder *args)
{
    if (p->token->kind == TOKEN_LPAREN)
        return parse_arguments(p, args);
    if (!begins_test_argument(p))
        return p->status == CREG_OK;
    if (jinja_is_name(p->token, "is")) {
        jinja_parse_fail(p, "TemplateSyntaxError", p->token->line, p->token->at,
                         "You cannot chain multiple tests with is");
        return false;
    }
    jinja_node *argument = parse_postfix(p, parse_primary(p, (jinja_tuple_rules){0}));
    return deepen(args, argument) && jinja_vector_push(p, &args->positional, argument);
}

static jinja_node *negated(jinja_parser *p, jinja_node *node, const jinja_token *place)
{
    jinja_node *outer = jinja_make_node(p, NODE_NOT, place);
    if (adopt(p, outer, node) == NULL)
        return NULL;
    outer->as.operands.first = node;
    return outer;
}

static jinja_node *parse_test(jinja_parser *p, jinja_node *subject)
{
    const jinja_token *is = p->token;
    if (!jinja_next_token(p))
        return NULL;
    bool negate = jinja_skip_name(p, "not");
    const jinja_token *place = p->token;
    creg_slice name;
    args_builder args = {0};
    if (!parse_dotted_name(p, &name) || !parse_test_arguments(p, &args))
        return NULL;
    jinja_node *node = call_node(p, NODE_TEST, subject, name, &args, place);
    if (node != NULL)
        node->line = is->line;
    return node != NULL && negate ? negated(p, node, is) : node;
}

static jinja_node *parse_filters_and_tests(jinja_parser *p, jinja_node *node)
{
    while (node != NULL) {
        if (p->token->kind == TOKEN_PIPE)
            node = jinja_parse_filters(p, node, false);
        else if (jinja_is_name(p->token, "is"))
            node = parse_test(p, node);
        else if (p->token->kind == TOKEN_LPAREN)
            node = parse_call(p, node);
        else
            break;
    }
    return node;
}

/* ---- operators ------------------------------------------------------------------------ */

static jinja_node *parse_unary(jinja_parser *p, bool with_filters)
{
    const jinja_token *sign = p->token;
    jinja_node *node;
    if (sign->kind == TOKEN_SUB || sign->kind == TOKEN_ADD) {
        if (!jinja_enter(p) || !jinja_next_token(p))
            return NULL;
        jinja_node *operand = parse_unary(p, false);
        jinja_leave(p);
        node = jinja_make_node(p, sign->kind == TOKEN_SUB ? NODE_NEG : NODE_POS, sign);
        if (adopt(p, node, operand) == NULL)
            return NULL;
        node->as.operands.first = operand;
    } else {
        node = parse_primary(p, (jinja_tuple_rules){0});
    }
    node = parse_postfix(p, node);
    return with_filters ? parse_filters_and_tests(p, node) : node;
}

static level name_level(const jinja_parser *p, jinja_operator *ret_op)
{
    if (jinja_is_name(p->token, "or"))
        return LEVEL_OR;
    if (jinja_is_name(p->token, "and"))
        return LEVEL_AND;
    *ret_op = OP_IN;
    if (jinja_is_name(p->token, "in"))
        return LEVEL_COMPARE;
    *ret_op = OP_NOT_IN;
    bool not_in = jinja_is_name(p->token, "not") && jinja_is_name(jinja_look(p), "in");
    return not_in ? LEVEL_COMPARE : LEVEL_NONE;
}

/* The level of the operator at the current token, and which operator it is. */
static level operator_level(const jinja_parser *p, jinja_operator *ret_op)
{
    switch (p->token->kind) {
    case TOKEN_NAME:
        return name_level(p, ret_op);
    case TOKEN_EQ:
        *ret_op = OP_EQ;
        return LEVEL_COMPARE;
    case TOKEN_NE:
        *ret_op = OP_NE;
        return LEVEL_COMPARE;
    case TOKEN_LT:
        *ret_op = OP_LT;
        return LEVEL_COMPARE;
    case TOKEN_LTEQ:
        *ret_op = OP_LE;
        return LEVEL_COMPARE;
    case TOKEN_GT:
        *ret_op = OP_GT;
        return LEVEL_COMPARE;
    case TOKEN_GTEQ:
        *ret_op = OP_GE;
        return LEVEL_COMPARE;
    case TOKEN_ADD:
        *ret_op = OP_ADD;
        return LEVEL_MATH1;
    case TOKEN_SUB:
        *ret_op = OP_SUBTRACT;
        return LEVEL_MATH1;
    case TOKEN_TILDE:
        return LEVEL_CONCAT;
    case TOKEN_MUL:
        *ret_op = OP_MULTIPLY;
        return LEVEL_MATH2;
    case TOKEN_DIV:
        *ret_op = OP_DIVIDE;
        return LEVEL_MATH2;
    case TOKEN_FLOORDIV:
        *ret_op = OP_FLOOR_DIVIDE;
        return LEVEL_MATH2;
    case TOKEN_MOD:
        *ret_op = OP_MODULO;
        return LEVEL_MATH2;
    case TOKEN_POW:
        *ret_op = OP_POWER;
        return LEVEL_POW;
    default:
        return LEVEL_NONE;
    }
}

static jinja_node *parse_climbing(jinja_parser *p, level lowest);

/* The operands that follow `first` on one level: one vector of jinja_operand. */
static bool parse_operands(jinja_parser *p, level lv, jinja_vector *operands,
                           uint32_t *last_line)
{
    jinja_operator op = OP_ADD;
    while (operator_level(p, &op) == lv) {
        jinja_operand *operand = jinja_parse_alloc(p, 1, sizeof *operand);
        if (operand == NULL)
            return false;
        *last_line = p->token->line;
        operand->op = op;
        operand->line = p->token->line;
        operand->at = p->token->at;
        bool two_tokens =
            p->token->kind == TOKEN_NAME && op == OP_NOT_IN && lv == LEVEL_COMPARE;
        if (!jinja_next_token(p) || (two_tokens && !jinja_next_token(p)))
            return false;
        operand->node = parse_climbing(p, (level)(lv + 1));
        if (operand->node == NULL || !jinja_vector_push(p, operands, operand))
            return false;
    }
    return p->status == CREG_OK;
}

static jinja_node_kind kind_of_level(level lv)
{
    switch (lv) {
    case LEVEL_OR:
        return NODE_OR;
    case LEVEL_AND:
        return NODE_AND;
    case LEVEL_COMPARE:
        return NODE_COMPARE;
    case LEVEL_CONCAT:
        return NODE_CONCAT;
    default:
        return NODE_BINARY;
    }
}

static jinja_node *chain_node(jinja_parser *p, level lv, jinja_node *first,
                              const jinja_vector *operands, const jinja_token *place)
{
    jinja_node *node = jinja_make_node(p, kind_of_level(lv), place);
    if (adopt(p, node, first) == NULL)
        return NULL;
    node->as.chain.rest = jinja_parse_alloc(p, operands->count, sizeof(jinja_operand));
    if (node->as.chain.rest == NULL)
        return NULL;
    node->as.chain.first = first;
    node->as.chain.count = operands->count;
    for (uint32_t i = 0; i < operands->count; i++) {
        node->as.chain.rest[i] = *(jinja_operand *)operands->items[i];
        if (adopt(p, node, node->as.chain.rest[i].node) == NULL)
            return NULL;
    }
    return node;
}

static jinja_node *parse_level(jinja_parser *p, level lv, jinja_node *first,
                               const jinja_token *place)
{
    jinja_vector operands = {0};
    uint32_t last_line = place->line;
    if (!parse_operands(p, lv, &operands, &last_line))
        return NULL;
    jinja_node *node = chain_node(p, lv, first, &operands, place);
    if (node == NULL)
        return NULL;
    node->at = operands.count == 1 ? ((jinja_operand *)operands.items[0])->at : place->at;
    node->size = 1;
    /* The line that Jinja2 gives to the outermost of the nodes that it would build. */
    if (lv == LEVEL_COMPARE)
        node->line = p->token->line;
    else if (lv != LEVEL_CONCAT && operands.count > 1)
        node->line = last_line;
    return node;
}

static jinja_node *parse_not(jinja_parser *p)
{
    const jinja_token *place = p->token;
    if (!jinja_enter(p) || !jinja_next_token(p))
        return NULL;
    jinja_node *operand = parse_climbing(p, LEVEL_NOT);
    jinja_leave(p);
    return operand == NULL ? NULL : negated(p, operand, place);
}

/* An expression whose operators are all of level `lowest` or higher. */
static jinja_node *parse_climbing(jinja_parser *p, level lowest)
{
    const jinja_token *place = p->token;
    level reached = LEVEL_UNARY; /* what stands on the left so far binds so tightly */
    jinja_node *node;
    if (lowest <= LEVEL_NOT && jinja_is_name(p->token, "not")) {
        node = parse_not(p);
        reached = LEVEL_NOT;
    } else {
        node = parse_unary(p, true);
    }
    while (node != NULL) {
        jinja_operator op = OP_ADD;
        level lv = operator_level(p, &op);
        if (lv == LEVEL_NONE || lv < lowest || lv >= reached)
            break;
        node = parse_level(p, lv, node, place);
        reached = lv;
    }
    return node;
}

static jinja_node *parse_condition(jinja_parser *p)
{
    const jinja_token *place = p->token;
    jinja_node *value = parse_climbing(p, LEVEL_OR);
    while (value != NULL && jinja_skip_name(p, "if")) {
        jinja_node *node = jinja_make_node(p, NODE_COND, place);
        jinja_node *test = parse_climbing(p, LEVEL_OR);
        jinja_node *otherwise = NULL;
        if (adopt(p, node, value) == NULL || adopt(p, node, test) == NULL)
            return NULL;
        if (jinja_skip_name(p, "else")) {
            otherwise = jinja_parse_expression(p, true);
            if (adopt(p, node, otherwise) == NULL)
                return NULL;
        }
        node->as.operands.first = test;
        node->as.operands.second = value;
        node->as.operands.third = otherwise;
        value = node;
        place = p->token;
    }
    return p->status == CREG_OK ? value : NULL;
}

jinja_node *jinja_parse_expression(jinja_parser *p, bool with_condition)
{
    if (p->status != CREG_OK || !jinja_enter(p))
        return NULL;
    jinja_node *node = with_condition ? parse_condition(p) : parse_climbing(p, LEVEL_OR);
    jinja_leave(p);
    return p->status == CREG_OK ? node : NULL;
}

/* ---- tuples and targets --------------------------------------------------------------- */

static bool ends_tuple(const jinja_parser *p)
{
    return p->token->kind == TOKEN_VARIABLE_END || p->token->kind == TOKEN_BLOCK_END ||
           p->token->kind == TOKEN_RPAREN;
}

static jinja_node *parse_tuple_item(jinja_parser *p, jinja_tuple_rules rules)
{
    return rules.targets ? parse_primary(p, rules)
                         : jinja_parse_expression(p, !rules.no_condition);
}

static jinja_node *parse_no_item(jinja_parser *p, jinja_tuple_rules rules)
{
    if (rules.parenthesised)
        return list_node(p, NODE_TUPLE, p->token, &(jinja_vector){0});
    creg_slice found = jinja_describe(p->token);
    return jinja_parse_fail(p, "TemplateSyntaxError", p->token->line, p->token->at,
                            "Expected an expression, got '%.*s'", CREG_SHOW(found));
}

jinja_node *jinja_parse_tuple(jinja_parser *p, jinja_tuple_rules rules)
{
    if (ends_tuple(p))
        return parse_no_item(p, rules);
    jinja_node *item = parse_tuple_item(p, rules);
    if (item == NULL || p->token->kind != TOKEN_COMMA)
        return item;
    const jinja_token *place = p->token;
    jinja_vector items = {0};
    if (!jinja_vector_push(p, &items, item))
        return NULL;
    while (p->token->kind == TOKEN_COMMA) {
        place = p->token; /* the last comma */
        if (!jinja_next_token(p))
            return NULL;
        if (ends_tuple(p))
            break;
        item = parse_tuple_item(p, rules);
        if (item == NULL || !jinja_vector_push(p, &items, item))
            return NULL;
    }
    return list_node(p, NODE_TUPLE, place, &items);
}

static const char *kind_name(const jinja_node *node)
{
    static const char *const names[] = {
        [NODE_CONST] = "const",     [NODE_NAME] = "name",     [NODE_NSREF] = "nsref",
        [NODE_LIST] = "list",       [NODE_TUPLE] = "tuple",   [NODE_DICT] = "dict",
        [NODE_NOT] = "not",         [NODE_NEG] = "neg",       [NODE_POS] = "pos",
        [NODE_AND] = "and",         [NODE_OR] = "or",         [NODE_COMPARE] = "compare",
        [NODE_CONCAT] = "concat",   [NODE_COND] = "condexpr", [NODE_GETATTR] = "getattr",
        [NODE_GETITEM] = "getitem", [NODE_SLICE] = "getitem", [NODE_CALL] = "call",
        [NODE_FILTER] = "filter",   [NODE_TEST] = "test",     [NODE_MARK_SAFE] = "marksafe",
    };
    static const char *const operators[] = {"add",      "sub", "mul", "div",
                                            "floordiv", "mod", "pow"};
    if (node->kind == NODE_BINARY)
        return operators[node->as.chain.rest[node->as.chain.count - 1].op];
    return names[node->kind];
}

static bool can_assign(const jinja_node *node)
{
    if (node->kind == NODE_NAME || node->kind == NODE_NSREF)
        return true;
    if (node->kind != NODE_TUPLE)
        return false;
    for (uint32_t i = 0; i < node->as.list.count; i++)
        if (!can_assign(node->as.list.items[i]))
            return false;
    return true;
}

static void mark_target(jinja_parser *p, jinja_node *node, jinja_name_use use)
{
    if (node->kind == NODE_NAME) {
        node->use = (uint8_t)use;
        jinja_note_store(p, node);
    } else if (node->kind == NODE_TUPLE) {
        for (uint32_t i = 0; i < node->as.list.count; i++)
            mark_target(p, node->as.list.items[i], use);
    }
}

bool jinja_make_target(jinja_parser *p, jinja_node *node, jinja_name_use use)
{
    if (node == NULL)
        return false;
    if (!can_assign(node)) {
        jinja_parse_fail(p, "TemplateSyntaxError", node->line, node->at, "can't assign to '%s'",
                         kind_name(node));
        return false;
    }
    mark_target(p, node, use);
    return true;
}
