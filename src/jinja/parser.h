/* SPDX-License-Identifier: MIT */
/*
 * What the files of the parser share: the token stream, name table and failing.
 *
 * Every parse function gives NULL (or false) once something failed; the reason is in
 * `status` and the error then, and nobody looks at a token any more.
 */
#ifndef JINJA_PARSER_H
#define JINJA_PARSER_H

#include "jinja/ast.h"
#include "jinja/engine.h"
#include "jinja/lexer.h"

/** A growing list of pointers, in scratch memory. */
typedef struct jinja_vector {
    void **items;
    uint32_t count, capacity;
} jinja_vector;

enum { NAME_BUCKETS = 64, TAG_STACK = 256 };

typedef struct jinja_parser {
    jinja_engine *engine;
    const jinja_options *options;
    jinja_template *result;
    creg_arena *arena;        /* of the template: the tree */
    creg_arena *scratch;      /* gone when parsing ends */
    const jinja_token *token; /* the current one */
    creg_slice source;
    creg_slice name; /* of the template */
    uint32_t depth, depth_max;
    creg_status status;
    creg_error *err;

    jinja_name *buckets[NAME_BUCKETS];

    /* Which special names the body being parsed reads and assigns (MENTION_ bits). */
    uint8_t loaded, stored;
    uint32_t scoped_blocks;                  /* seen so far */
    uint32_t loop_store_line, loop_store_at; /* last assignment to `loop` */
    uint32_t loop_stores;                    /* how many so far */

    uint32_t tag_count, end_count; /* of the stacks below */

    /* The first name that a list of parameters or keywords has twice. Python refuses it when
     * Jinja2 has found everything else in order, and so do we. */
    uint32_t name_lists;          /* seen so far */
    const jinja_name *twice_name; /* NULL: none */
    bool twice_keyword;
    uint32_t twice_line, twice_at;
    /** where a[1:2, 3] first puts a slice into a tuple; 0: nowhere */
    uint32_t sliced_line, sliced_at;

    bool folds_more; /* a constant is sliced: see constant trees in fold.c */

    jinja_vector blocks;     /* of jinja_stmt *, in order */
    jinja_vector others;     /* of jinja_stmt *: extends, include, import, from import */
    jinja_vector undeclared; /* of jinja_name *: what only the context can give */
    jinja_vector reads;      /* of jinja_read * */

    /* For "you probably made a nesting mistake". Last, because they begin as they are. */
    creg_slice tags[TAG_STACK];
    const creg_slice *ends[TAG_STACK];
} jinja_parser;

/** The initialiser of a slice of a literal, whose size the compiler knows. */
#define JINJA_WORD(literal)                                                                    \
    {                                                                                          \
        literal, sizeof(literal) - 1                                                           \
    }

/* ---- parser.c ------------------------------------------------------------------------- */

/** Fail with a syntax error (or `type`) at a line; gives NULL for the caller to return. */
CREG_PRINTF(5, 6)
void *jinja_parse_fail(jinja_parser *p, const char *type, uint32_t line, uint32_t at,
                       const char *format, ...);
void *jinja_parse_fail_arena(jinja_parser *p, const creg_arena *arena);
void *jinja_parse_fail_depth(jinja_parser *p);

/** Zeroed memory of the template; NULL after failing. */
void *jinja_parse_alloc(jinja_parser *p, size_t count, size_t size);

bool jinja_vector_grow(jinja_parser *p, jinja_vector *vector);
static inline bool jinja_vector_push(jinja_parser *p, jinja_vector *vector, void *item)
{
    if (vector->count == vector->capacity && !jinja_vector_grow(p, vector))
        return false;
    vector->items[vector->count++] = item;
    return true;
}
/** A copy in the template's memory, of exactly the size. */
void **jinja_vector_keep(jinja_parser *p, const jinja_vector *vector);

jinja_name *jinja_intern(jinja_parser *p, creg_slice text);

/** Fail with what the current token, an error of the lexer, says; gives false. */
bool jinja_fail_token(jinja_parser *p);
static inline bool jinja_check_token(jinja_parser *p)
{
    return p->token->kind != TOKEN_ERROR || jinja_fail_token(p);
}

/** Step to the next token; false when it is an error of the lexer. */
static inline bool jinja_next_token(jinja_parser *p)
{
    if (p->token->kind != TOKEN_EOF)
        p->token++;
    return jinja_check_token(p);
}

/** Past a token and the one behind it, which was looked at before. */
static inline bool jinja_next_two(jinja_parser *p)
{
    if (!jinja_next_token(p))
        return false;
    return jinja_next_token(p);
}

const jinja_token *jinja_look(const jinja_parser *p);
static inline bool jinja_is_word(const jinja_token *token, creg_slice word)
{
    return token->kind == TOKEN_NAME && creg_slice_equal(token->text, word);
}
/** With a literal: its size is known when this is compiled. */
static inline bool jinja_is_name(const jinja_token *token, const char *name)
{
    return jinja_is_word(token, creg_slice_of(name));
}
/** Skip the current token if it is of this kind or name; gives whether. */
bool jinja_skip_kind(jinja_parser *p, jinja_token_kind kind);
bool jinja_skip_name(jinja_parser *p, const char *name);
/** The current token if it is as expected, stepping on; NULL after failing. */
const jinja_token *jinja_expect(jinja_parser *p, jinja_token_kind kind);
const jinja_token *jinja_expect_name(jinja_parser *p, const char *name);
/** As messages describe a token: a name's text, or the kind. */
creg_slice jinja_describe(const jinja_token *token);

bool jinja_enter(jinja_parser *p); /* one level deeper; false at the limit */
static inline void jinja_leave(jinja_parser *p)
{
    p->depth--;
}

typedef struct jinja_mentions {
    uint8_t loaded, stored;
} jinja_mentions;

jinja_mentions jinja_mentions_begin(jinja_parser *p);
/** The names that the body read; `merge`: the body around it reads them, too. */
uint8_t jinja_mentions_end(jinja_parser *p, jinja_mentions before, bool merge);
void jinja_note_store(jinja_parser *p, const jinja_node *node);

/* ---- parser_expression.c -------------------------------------------------------------- */

/** What a tuple may hold. */
typedef struct jinja_tuple_rules {
    bool targets;       /* names and literals only, to be assigned to */
    bool namespaces;    /* `ns.name` is a target, too */
    bool no_condition;  /* `a if b` does not belong to it */
    bool parenthesised; /* () is the empty tuple */
} jinja_tuple_rules;

jinja_node *jinja_make_node(jinja_parser *p, jinja_node_kind kind, const jinja_token *place);
jinja_node *jinja_make_const(jinja_parser *p, creg_value value, const jinja_token *place);
jinja_node *jinja_make_name(jinja_parser *p, creg_slice text, jinja_name_use use,
                            const jinja_token *place);
jinja_node *jinja_parse_expression(jinja_parser *p, bool with_condition);
jinja_node *jinja_parse_tuple(jinja_parser *p, jinja_tuple_rules rules);
/** `| name(args) | ...` over `subject` (NULL: a buffer); `inline_start`: the first has no |. */
jinja_node *jinja_parse_filters(jinja_parser *p, jinja_node *subject, bool inline_start);
/** Make an expression a target of assignment, or fail. */
bool jinja_make_target(jinja_parser *p, jinja_node *node, jinja_name_use use);

/* ---- parser_statement.c, parser_trans.c ----------------------------------------------- */

/** Everything up to one of `ends` (an empty one ends them; NULL: none), or the end. */
bool jinja_parse_body(jinja_parser *p, const creg_slice *ends, jinja_body *ret_body);
jinja_stmt *jinja_make_stmt(jinja_parser *p, jinja_stmt_kind kind, uint32_t line, uint32_t at);
/** `{% trans %}`: up to two statements. */
bool jinja_parse_trans(jinja_parser *p, jinja_vector *into);

/* ---- resolve.c ------------------------------------------------------------------------ */

/** Names to slots, folding, functions: what remains after parsing `body`. */
bool jinja_resolve_template(jinja_parser *p, jinja_body body, uint8_t mentions);
bool jinja_resolve_expression(jinja_parser *p, jinja_node *node);

/** creg_value UNDEFINED for a name, in the template's memory. */
creg_value jinja_undefined_for_name(creg_arena *arena, jinja_undefined mode, creg_slice name);

#endif
