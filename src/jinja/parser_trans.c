/* SPDX-License-Identifier: MIT */
/*
 * {% trans %} of the i18n extension.
 *
 * A translatable section becomes the call that Jinja2 makes of it: gettext(text),
 * ngettext(singular, plural, n), with the variables put in by % (old style) or handed to the
 * function (new style). What the functions do is functions.c's business; without a catalogue
 * they give the text itself.
 */
#include <stdio.h>
#include <string.h>

#include "jinja/parser.h"

typedef struct trans_variable {
    const jinja_token *name;
    jinja_node *value;
    bool free; /* only named in the text */
} trans_variable;

typedef struct trans {
    const jinja_token *tag;
    jinja_vector variables; /* of trans_variable *, by first mention */
    jinja_node *plural;     /* the number that decides */
    jinja_node *assignment; /* a call is made once: `_trans` gets its result */
    bool plural_is_num;
    int trimmed; /* -1: not said */
    const jinja_token *context;
    creg_text singular, plural_text;
    bool has_plural, has_names;
    creg_slice first_name; /* in the singular text */
} trans;

static trans_variable *find_variable(const trans *t, creg_slice name)
{
    for (uint32_t i = 0; i < t->variables.count; i++) {
        trans_variable *variable = t->variables.items[i];
        if (creg_slice_equal(variable->name->text, name))
            return variable;
    }
    return NULL;
}

static bool add_variable(jinja_parser *p, trans *t, const jinja_token *name, jinja_node *value)
{
    trans_variable *variable = jinja_parse_alloc(p, 1, sizeof *variable);
    if (variable == NULL || value == NULL)
        return false;
    variable->name = name;
    variable->value = value;
    return jinja_vector_push(p, &t->variables, variable);
}

/* The first variable counts; a call is kept aside so that it is made once. */
static bool choose_plural(jinja_parser *p, trans *t, trans_variable *variable)
{
    t->plural_is_num = creg_slice_equal(variable->name->text, creg_slice_of("num"));
    if (variable->value->kind != NODE_CALL) {
        t->plural = variable->value;
        return true;
    }
    t->assignment = variable->value;
    t->plural = jinja_make_name(p, creg_slice_of("_trans"), USE_LOAD, variable->name);
    variable->value = t->plural;
    return t->plural != NULL;
}

/* One of `a`, `a=expr`, `trimmed`, `notrimmed`. */
static bool parse_trans_variable(jinja_parser *p, trans *t)
{
    const jinja_token *name = jinja_expect(p, TOKEN_NAME);
    if (name == NULL)
        return false;
    if (find_variable(t, name->text) != NULL) {
        jinja_parse_fail(p, "TemplateAssertionError", name->line, name->at,
                         "translatable variable '%.*s' defined twice.", CREG_SHOW(name->text));
        return false;
    }
    jinja_node *value;
    if (jinja_skip_kind(p, TOKEN_ASSIGN)) {
        value = jinja_parse_expression(p, true);
    } else if (t->trimmed < 0 &&
               (jinja_is_name(name, "trimmed") || jinja_is_name(name, "notrimmed"))) {
        t->trimmed = jinja_is_name(name, "trimmed");
        return true;
    } else {
        value = jinja_make_name(p, name->text, USE_LOAD, name);
    }
    if (!add_variable(p, t, name, value))
        return false;
    return t->plural != NULL || choose_plural(p, t, find_variable(t, name->text));
}

static bool parse_trans_head(jinja_parser *p, trans *t)
{
    if (!jinja_next_token(p))
        return false;
    if (p->token->kind == TOKEN_STRING) {
        t->context = p->token;
        if (!jinja_next_token(p))
            return false;
    }
    while (p->token->kind != TOKEN_BLOCK_END) {
        if (t->variables.count > 0 && jinja_expect(p, TOKEN_COMMA) == NULL)
            return false;
        if (jinja_skip_kind(p, TOKEN_COLON))
            break;
        if (!parse_trans_variable(p, t))
            return false;
    }
    return jinja_expect(p, TOKEN_BLOCK_END) != NULL;
}

static void append_doubled_percent(creg_text *text, creg_slice data)
{
    for (size_t i = 0; i < data.size; i++) {
        if (data.data[i] == '%')
            creg_text_byte(text, '%');
        creg_text_byte(text, data.data[i]);
    }
}

static bool parse_trans_name(jinja_parser *p, trans *t, creg_text *text, bool is_singular)
{
    if (!jinja_next_token(p))
        return false;
    const jinja_token *name = jinja_expect(p, TOKEN_NAME);
    if (name == NULL || jinja_expect(p, TOKEN_VARIABLE_END) == NULL)
        return false;
    creg_text_format(text, "%%(%.*s)s", (int)name->text.size, name->text.data);
    t->has_names = true;
    if (is_singular && t->first_name.data == NULL)
        t->first_name = name->text;
    /* Free names become variables of their own, but only after those of the head. */
    if (find_variable(t, name->text) != NULL)
        return true;
    if (!add_variable(p, t, name, jinja_make_name(p, name->text, USE_LOAD, name)))
        return false;
    find_variable(t, name->text)->free = true;
    return true;
}

/* The text up to `pluralize` or `endtrans`, which is the current token then. */
static bool parse_trans_text(jinja_parser *p, trans *t, creg_text *text, bool is_singular)
{
    for (;;) {
        const jinja_token *token = p->token;
        if (token->kind == TOKEN_DATA) {
            append_doubled_percent(text, token->text);
            if (!jinja_next_token(p))
                return false;
        } else if (token->kind == TOKEN_VARIABLE_BEGIN) {
            if (!parse_trans_name(p, t, text, is_singular))
                return false;
        } else if (token->kind == TOKEN_BLOCK_BEGIN) {
            if (!jinja_next_token(p))
                return false;
            if (jinja_is_name(p->token, "endtrans"))
                return true;
            bool plural = jinja_is_name(p->token, "pluralize");
            if (plural && is_singular)
                return true;
            jinja_parse_fail(p, "TemplateSyntaxError", p->token->line, p->token->at, "%s",
                             plural
                                 ? "a translatable section can have only one pluralize section"
                                 : "control structures in translatable sections are not "
                                   "allowed");
            return false;
        } else {
            jinja_parse_fail(p, "TemplateSyntaxError", token->line, token->at,
                             "unclosed translation block");
            return false;
        }
    }
}

static bool parse_pluralize(jinja_parser *p, trans *t)
{
    if (!jinja_next_token(p))
        return false;
    if (p->token->kind != TOKEN_BLOCK_END) {
        const jinja_token *name = jinja_expect(p, TOKEN_NAME);
        if (name == NULL)
            return false;
        trans_variable *variable = find_variable(t, name->text);
        if (variable == NULL || variable->free) {
            jinja_parse_fail(p, "TemplateAssertionError", name->line, name->at,
                             "unknown variable '%.*s' for pluralization",
                             CREG_SHOW(name->text));
            return false;
        }
        t->plural = variable->value;
        t->plural_is_num = jinja_is_name(name, "num");
    }
    t->has_plural = true;
    return jinja_expect(p, TOKEN_BLOCK_END) != NULL &&
           parse_trans_text(p, t, &t->plural_text, false);
}

static bool parse_trans_bodies(jinja_parser *p, trans *t)
{
    if (!parse_trans_text(p, t, &t->singular, true))
        return false;
    if (t->plural == NULL && t->first_name.data != NULL) {
        t->plural = find_variable(t, t->first_name)->value;
        t->plural_is_num = creg_slice_equal(t->first_name, creg_slice_of("num"));
    }
    if (jinja_is_name(p->token, "pluralize") && !parse_pluralize(p, t))
        return false;
    if (t->has_plural && t->plural == NULL) {
        jinja_parse_fail(p, "TemplateSyntaxError", t->tag->line, t->tag->at,
                         "pluralize without variables");
        return false;
    }
    return jinja_next_token(p);
}

/* ---- building the call ---------------------------------------------------------------- */

/* Runs of blanks with a newline become one space; the ends are cut. */
static creg_slice trimmed_text(jinja_parser *p, creg_slice text)
{
    creg_text out;
    creg_text_init(&out, p->arena, SIZE_MAX);
    size_t at = 0;
    while (at < text.size) {
        size_t end = at;
        bool newline = false;
        while (end < text.size && strchr(" \t\n\v\f\r", text.data[end]) != NULL)
            newline = text.data[end++] == '\n' || newline;
        bool at_edge = out.size == 0 || end == text.size;
        if (end > at && newline && !at_edge)
            creg_text_byte(&out, ' ');
        else if (end > at && !at_edge)
            creg_text_append(&out, text.data + at, end - at);
        if (end < text.size)
            creg_text_byte(&out, text.data[end++]);
        at = end;
    }
    creg_slice result = creg_slice_make("", 0);
    if (creg_text_finish(&out, &result, NULL) != CREG_OK)
        jinja_parse_fail_arena(p, p->arena);
    return result;
}

static creg_slice single_percent(jinja_parser *p, creg_slice text)
{
    creg_text out;
    creg_text_init(&out, p->arena, SIZE_MAX);
    for (size_t i = 0; i < text.size; i++) {
        creg_text_byte(&out, text.data[i]);
        if (text.data[i] == '%' && i + 1 < text.size && text.data[i + 1] == '%')
            i++;
    }
    creg_slice result = creg_slice_make("", 0);
    if (creg_text_finish(&out, &result, NULL) != CREG_OK)
        jinja_parse_fail_arena(p, p->arena);
    return result;
}

static jinja_node *text_node(jinja_parser *p, const trans *t, creg_text *text)
{
    creg_slice slice;
    if (creg_text_finish(text, &slice, NULL) != CREG_OK)
        return jinja_parse_fail_arena(p, p->arena);
    if (!t->has_names && !p->options->newstyle_gettext)
        slice = single_percent(p, slice);
    if (t->trimmed > 0)
        slice = trimmed_text(p, slice);
    creg_value value = creg_value_string(slice);
    value.flags = CREG_STRING_TRUSTED;
    return jinja_make_const(p, value, t->tag);
}

static bool push_argument(jinja_parser *p, jinja_vector *arguments, jinja_node *node)
{
    return node != NULL && jinja_vector_push(p, arguments, node);
}

static bool collect_arguments(jinja_parser *p, trans *t, jinja_vector *arguments)
{
    if (t->context != NULL) {
        creg_value value = creg_value_string(t->context->text);
        if (!push_argument(p, arguments, jinja_make_const(p, value, t->context)))
            return false;
    }
    if (!push_argument(p, arguments, text_node(p, t, &t->singular)))
        return false;
    if (!t->has_plural)
        return true;
    return push_argument(p, arguments, text_node(p, t, &t->plural_text)) &&
           push_argument(p, arguments, t->plural);
}

static bool add_keywords(jinja_parser *p, const trans *t, jinja_args *args)
{
    args->keywords = jinja_parse_alloc(p, t->variables.count, sizeof(jinja_keyword));
    if (args->keywords == NULL)
        return false;
    for (uint32_t i = 0; i < t->variables.count; i++) {
        const trans_variable *variable = t->variables.items[i];
        if (t->plural_is_num && t->has_plural && jinja_is_name(variable->name, "num"))
            continue; /* the function knows it as its number */
        args->keywords[args->keyword_count++] = (jinja_keyword){
            .name = jinja_intern(p, variable->name->text), .value = variable->value};
    }
    return true;
}

static jinja_node *call_of(jinja_parser *p, trans *t)
{
    char function[16];
    snprintf(function, sizeof function, "%s%sgettext", t->has_plural ? "n" : "",
             t->context != NULL ? "p" : "");
    creg_slice name = creg_arena_copy(p->arena, creg_slice_of(function));
    jinja_vector arguments = {0};
    jinja_node *node = jinja_make_node(p, NODE_CALL, t->tag);
    jinja_args *args = jinja_parse_alloc(p, 1, sizeof *args);
    if (node == NULL || args == NULL || name.data == NULL ||
        !collect_arguments(p, t, &arguments))
        return NULL;
    args->positional = (jinja_node **)jinja_vector_keep(p, &arguments);
    args->count = arguments.count;
    node->as.call.args = args;
    node->as.call.subject = jinja_make_name(p, name, USE_LOAD, t->tag);
    if (node->as.call.subject == NULL || args->positional == NULL)
        return NULL;
    return p->options->newstyle_gettext && !add_keywords(p, t, args) ? NULL : node;
}

/* `text % {'a': a, ...}` */
static jinja_node *formatted(jinja_parser *p, const trans *t, jinja_node *text)
{
    jinja_node *dict = jinja_make_node(p, NODE_DICT, t->tag);
    jinja_node *node = jinja_make_node(p, NODE_BINARY, t->tag);
    jinja_operand *operand = jinja_parse_alloc(p, 1, sizeof *operand);
    jinja_vector items = {0};
    if (dict == NULL || node == NULL || operand == NULL)
        return NULL;
    for (uint32_t i = 0; i < t->variables.count; i++) {
        const trans_variable *variable = t->variables.items[i];
        creg_value key = creg_value_string(variable->name->text);
        if (!push_argument(p, &items, jinja_make_const(p, key, variable->name)) ||
            !jinja_vector_push(p, &items, variable->value))
            return NULL;
    }
    dict->as.list.items = (jinja_node **)jinja_vector_keep(p, &items);
    dict->as.list.count = t->variables.count;
    *operand =
        (jinja_operand){.op = OP_MODULO, .line = t->tag->line, .at = t->tag->at, .node = dict};
    node->as.chain.first = text;
    node->as.chain.rest = operand;
    node->as.chain.count = 1;
    return p->status == CREG_OK ? node : NULL;
}

static jinja_node *trans_node(jinja_parser *p, trans *t)
{
    jinja_node *call = call_of(p, t);
    if (call == NULL || p->options->newstyle_gettext)
        return call;
    jinja_node *safe = jinja_make_node(p, NODE_MARK_SAFE, t->tag);
    if (safe == NULL)
        return NULL;
    safe->as.operands.first = call;
    return t->variables.count == 0 ? safe : formatted(p, t, safe);
}

static bool push_assignment(jinja_parser *p, const trans *t, jinja_vector *into)
{
    jinja_stmt *stmt = jinja_make_stmt(p, STMT_SET, t->tag->line, t->tag->at);
    if (stmt == NULL)
        return false;
    stmt->as.set.target = jinja_make_name(p, creg_slice_of("_trans"), USE_STORE, t->tag);
    stmt->as.set.value = t->assignment;
    return stmt->as.set.target != NULL && jinja_vector_push(p, into, stmt);
}

bool jinja_parse_trans(jinja_parser *p, jinja_vector *into)
{
    trans t = {.tag = p->token, .trimmed = -1};
    creg_text_init(&t.singular, p->arena, SIZE_MAX);
    creg_text_init(&t.plural_text, p->arena, SIZE_MAX);
    if (!parse_trans_head(p, &t) || !parse_trans_bodies(p, &t))
        return false;
    jinja_node *node = trans_node(p, &t);
    jinja_stmt *stmt = jinja_make_stmt(p, STMT_OUTPUT, t.tag->line, t.tag->at);
    if (node == NULL || stmt == NULL || (t.assignment != NULL && !push_assignment(p, &t, into)))
        return false;
    stmt->as.output.items = jinja_parse_alloc(p, 1, sizeof(jinja_output_item));
    if (stmt->as.output.items == NULL)
        return false;
    stmt->as.output.items[0] =
        (jinja_output_item){.node = node, .line = node->line, .at = node->at};
    stmt->as.output.count = 1;
    return jinja_vector_push(p, into, stmt);
}
