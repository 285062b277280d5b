/* SPDX-License-Identifier: MIT */
/*
 * Cutting a template into tokens, by Jinja2's rules for delimiters and whitespace.
 *
 * The whole source is cut before parsing. An error of the lexer becomes a token too: Jinja2
 * reads lazily, so a parser error further up wins, and so it does here.
 */
#ifndef JINJA_LEXER_H
#define JINJA_LEXER_H

#include "jinja/runtime.h"

typedef enum jinja_token_kind {
    TOKEN_EOF,
    TOKEN_DATA,
    TOKEN_BLOCK_BEGIN,
    TOKEN_BLOCK_END,
    TOKEN_VARIABLE_BEGIN,
    TOKEN_VARIABLE_END,
    TOKEN_NAME,
    TOKEN_STRING,
    TOKEN_INTEGER,
    TOKEN_FLOAT,
    TOKEN_ADD,
    TOKEN_SUB,
    TOKEN_MUL,
    TOKEN_DIV,
    TOKEN_FLOORDIV,
    TOKEN_MOD,
    TOKEN_POW,
    TOKEN_TILDE,
    TOKEN_EQ,
    TOKEN_NE,
    TOKEN_LT,
    TOKEN_LTEQ,
    TOKEN_GT,
    TOKEN_GTEQ,
    TOKEN_ASSIGN,
    TOKEN_DOT,
    TOKEN_COLON,
    TOKEN_PIPE,
    TOKEN_COMMA,
    TOKEN_SEMICOLON,
    TOKEN_LPAREN,
    TOKEN_RPAREN,
    TOKEN_LBRACKET,
    TOKEN_RBRACKET,
    TOKEN_LBRACE,
    TOKEN_RBRACE,
    TOKEN_ERROR /* text: the message */
} jinja_token_kind;

typedef struct jinja_token {
    jinja_token_kind kind;
    uint32_t line; /* counted from 1 */
    uint32_t at;   /* byte offset in the normalised source */
    uint32_t size; /* bytes there */
    creg_slice
        text; /* NAME, DATA, numbers: their text; STRING: unescaped; ERROR: the message */
} jinja_token;

typedef struct jinja_tokens {
    jinja_token *items; /* the last one is EOF or ERROR */
    size_t count;
    creg_slice source; /* newlines are \n, the last one is gone unless kept */
} jinja_tokens;

/** What a source begins in: template text, or the inside of an expression. */
typedef enum jinja_lex_start { LEX_TEMPLATE, LEX_EXPRESSION } jinja_lex_start;

/**
 * Cut `source`. `keep` receives what the tree will point to (the normalised source, unescaped
 * texts); the tokens themselves go to `scratch`.
 *
 * CREG_LIMIT, CREG_NO_MEMORY only: errors of the text are tokens.
 */
creg_status jinja_lex(const jinja_options *options, creg_slice source, jinja_lex_start start,
                      creg_arena *keep, creg_arena *scratch, jinja_tokens *ret_tokens,
                      creg_error *err);

/** As messages call a kind of token: "end of print statement", "integer", "+". */
const char *jinja_token_name(jinja_token_kind kind);

#endif
