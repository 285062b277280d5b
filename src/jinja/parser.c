/* SPDX-License-Identifier: MIT */
/*
 * The token stream, the name table, and how parsing fails.
 *
 * The grammar is in parser_expression.c and parser_statement.c. Messages are Jinja2's own,
 * because people search the web for them; the hint says what it means.
 */
#include "jinja/parser.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "jinja/diagnostic.h"
#include "jinja/eval.h"

/* ---- failing -------------------------------------------------------------------------- */

void *jinja_parse_fail(jinja_parser *p, const char *type, uint32_t line, uint32_t at,
                       const char *format, ...)
{
    if (p->status != CREG_OK)
        return NULL;
    char message[CREG_ERROR_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    p->status = creg_fail(p->err, CREG_TEMPLATE_SYNTAX, "%s", message);
    creg_error_type(p->err, type);
    jinja_diagnose(p->err, p->name, p->source, line, at, 0);
    return NULL;
}

void *jinja_parse_fail_arena(jinja_parser *p, const creg_arena *arena)
{
    if (p->status == CREG_OK)
        p->status = creg_fail_arena(p->err, arena);
    return NULL;
}

void *jinja_parse_fail_depth(jinja_parser *p)
{
    if (p->status != CREG_OK)
        return NULL;
    p->status = creg_fail(p->err, CREG_LIMIT, "the template nests deeper than %u levels",
                          (unsigned)p->depth_max);
    creg_error_hint(p->err,
                    "simplify the expression, or raise limits.parse_depth of the engine");
    jinja_diagnose(p->err, p->name, p->source, p->token->line, p->token->at, p->token->size);
    return NULL;
}

bool jinja_enter(jinja_parser *p)
{
    if (p->depth >= p->depth_max) {
        jinja_parse_fail_depth(p);
        return false;
    }
    p->depth++;
    return true;
}

/* ---- memory --------------------------------------------------------------------------- */

void *jinja_parse_alloc(jinja_parser *p, size_t count, size_t size)
{
    void *block = creg_arena_calloc(p->arena, count, size);
    return block == NULL ? jinja_parse_fail_arena(p, p->arena) : block;
}

bool jinja_vector_grow(jinja_parser *p, jinja_vector *vector)
{
    uint32_t capacity = vector->capacity == 0 ? 8 : vector->capacity * 2;
    void **grown = creg_arena_grow(p->scratch, vector->items, vector->capacity * sizeof(void *),
                                   capacity * sizeof(void *));
    if (grown == NULL) {
        jinja_parse_fail_arena(p, p->scratch);
        return false;
    }
    vector->items = grown;
    vector->capacity = capacity;
    return true;
}

void **jinja_vector_keep(jinja_parser *p, const jinja_vector *vector)
{
    void **kept = creg_arena_take(p->arena, vector->count * sizeof(void *));
    if (kept == NULL)
        return jinja_parse_fail_arena(p, p->arena);
    if (vector->count > 0)
        memcpy(kept, vector->items, vector->count * sizeof(void *));
    return kept;
}

/* ---- names ---------------------------------------------------------------------------- */

static uint8_t mention_of(creg_slice text)
{
    static const struct {
        creg_slice name;
        uint8_t bit;
    } rows[] = {
        {JINJA_WORD("loop"), MENTION_LOOP},     {JINJA_WORD("caller"), MENTION_CALLER},
        {JINJA_WORD("kwargs"), MENTION_KWARGS}, {JINJA_WORD("varargs"), MENTION_VARARGS},
        {JINJA_WORD("self"), MENTION_SELF},     {JINJA_WORD("super"), MENTION_SUPER}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (creg_slice_equal(text, rows[i].name))
            return rows[i].bit;
    return 0;
}

static bool may_change_its_object(creg_slice text)
{
    static const creg_slice names[] = {JINJA_WORD("append"),
                                       JINJA_WORD("extend"),
                                       JINJA_WORD("insert"),
                                       JINJA_WORD("remove"),
                                       JINJA_WORD("pop"),
                                       JINJA_WORD("clear"),
                                       JINJA_WORD("sort"),
                                       JINJA_WORD("reverse"),
                                       JINJA_WORD("update"),
                                       JINJA_WORD("setdefault"),
                                       JINJA_WORD("popitem"),
                                       JINJA_WORD("add"),
                                       JINJA_WORD("discard"),
                                       JINJA_WORD("difference_update"),
                                       JINJA_WORD("intersection_update"),
                                       JINJA_WORD("symmetric_difference_update")};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (creg_slice_equal(text, names[i]))
            return true;
    return false;
}

bool jinja_name_changes(creg_slice text)
{
    return may_change_its_object(text);
}

static uint32_t bucket_of(creg_slice text)
{
    uint32_t hash = (uint32_t)text.size * 31;
    for (size_t i = 0; i < text.size && i < 16; i++)
        hash = hash * 33 + (unsigned char)text.data[i];
    return (hash ^ (hash >> 7)) % NAME_BUCKETS;
}

jinja_name *jinja_intern(jinja_parser *p, creg_slice text)
{
    jinja_name **bucket = &p->buckets[bucket_of(text)];
    for (jinja_name *name = *bucket; name != NULL; name = name->next)
        if (creg_slice_equal(name->text, text))
            return name;
    jinja_name *fresh = jinja_parse_alloc(p, 1, sizeof *fresh);
    if (fresh == NULL)
        return NULL;
    fresh->text = text;
    fresh->mention = mention_of(text);
    fresh->changes = may_change_its_object(text);
    fresh->next = *bucket;
    *bucket = fresh;
    return fresh;
}

/* ---- tokens --------------------------------------------------------------------------- */

bool jinja_fail_token(jinja_parser *p)
{
    jinja_parse_fail(p, "TemplateSyntaxError", p->token->line, p->token->at, "%.*s",
                     (int)p->token->text.size, p->token->text.data);
    return false;
}

const jinja_token *jinja_look(const jinja_parser *p)
{
    return p->token->kind == TOKEN_EOF ? p->token : p->token + 1;
}

bool jinja_skip_kind(jinja_parser *p, jinja_token_kind kind)
{
    return p->token->kind == kind && (jinja_next_token(p) || true);
}

bool jinja_skip_name(jinja_parser *p, const char *name)
{
    return jinja_is_name(p->token, name) && (jinja_next_token(p) || true);
}

creg_slice jinja_describe(const jinja_token *token)
{
    return token->kind == TOKEN_NAME ? token->text
                                     : creg_slice_of(jinja_token_name(token->kind));
}

static const jinja_token *expect(jinja_parser *p, bool as_expected, const char *expected)
{
    const jinja_token *token = p->token;
    if (p->status != CREG_OK)
        return NULL;
    if (as_expected)
        return jinja_next_token(p) ? token : NULL;
    if (token->kind == TOKEN_EOF)
        return jinja_parse_fail(p, "TemplateSyntaxError", token->line, token->at,
                                "unexpected end of template, expected '%s'.", expected);
    creg_slice got = jinja_describe(token);
    return jinja_parse_fail(p, "TemplateSyntaxError", token->line, token->at,
                            "expected token '%s', got '%.*s'", expected, CREG_SHOW(got));
}

const jinja_token *jinja_expect(jinja_parser *p, jinja_token_kind kind)
{
    const jinja_token *token = p->token;
    if (token->kind != kind || p->status != CREG_OK)
        return expect(p, false, jinja_token_name(kind));
    return jinja_next_token(p) ? token : NULL;
}

const jinja_token *jinja_expect_name(jinja_parser *p, const char *name)
{
    return expect(p, jinja_is_name(p->token, name), name);
}

/* ---- what a body mentions ------------------------------------------------------------- */

jinja_mentions jinja_mentions_begin(jinja_parser *p)
{
    jinja_mentions before = {p->loaded, p->stored};
    p->loaded = p->stored = 0;
    return before;
}

uint8_t jinja_mentions_end(jinja_parser *p, jinja_mentions before, bool merge)
{
    uint8_t loaded = p->loaded;
    uint8_t stored = p->stored;
    p->loaded = before.loaded;
    p->stored = before.stored;
    if (merge) {
        p->loaded |= (uint8_t)(loaded & ~before.stored);
        p->stored |= stored;
    }
    return loaded;
}

void jinja_note_store(jinja_parser *p, const jinja_node *node)
{
    uint8_t bit = node->as.name.name->mention;
    p->stored |= bit;
    if (bit == MENTION_LOOP) {
        p->loop_store_line = node->line;
        p->loop_store_at = node->at;
        p->loop_stores++;
    }
}

/* ---- the whole template --------------------------------------------------------------- */

static creg_status parse_all(jinja_parser *p)
{
    jinja_body body;
    if (!jinja_check_token(p) || !jinja_parse_body(p, NULL, &body))
        return p->status;
    jinja_resolve_template(p, body, p->loaded);
    return p->status;
}

static creg_status parse_expression_only(jinja_parser *p)
{
    if (!jinja_check_token(p))
        return p->status;
    jinja_node *node = jinja_parse_expression(p, true);
    if (node == NULL)
        return p->status;
    if (p->token->kind != TOKEN_EOF) {
        jinja_parse_fail(p, "TemplateSyntaxError", p->token->line, p->token->at,
                         "chunk after expression");
        return p->status;
    }
    p->result->expression = node;
    jinja_resolve_expression(p, node);
    return p->status;
}

creg_status jinja_compile_into(jinja_template *result, creg_slice source, bool is_expression,
                               creg_error *err)
{
    creg_arena scratch;
    creg_arena_init(&scratch, result->arena.budget);
    jinja_parser *p = creg_arena_new(&scratch, jinja_parser);
    if (p == NULL)
        return creg_fail_arena(err, &scratch);
    memset(p, 0, offsetof(jinja_parser, tags)); /* the two stacks have counts */
    p->engine = result->engine;
    p->options = &result->engine->options;
    p->result = result;
    p->arena = &result->arena;
    p->scratch = &scratch;
    p->name = result->name;
    p->depth_max = result->engine->limits.parse_depth;
    p->err = err;
    jinja_tokens tokens;
    creg_status status =
        jinja_lex(p->options, source, is_expression ? LEX_EXPRESSION : LEX_TEMPLATE, p->arena,
                  p->scratch, &tokens, err);
    if (status == CREG_OK) {
        p->token = tokens.items;
        p->source = result->source = tokens.source;
        status = is_expression ? parse_expression_only(p) : parse_all(p);
    }
    creg_arena_clear(&scratch);
    return status;
}
