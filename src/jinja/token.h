/* SPDX-License-Identifier: MIT */
/*
 * What the lexer cuts a template into.
 */
#ifndef JINJA_TOKEN_H
#define JINJA_TOKEN_H

#include <stdint.h>

#include "confreg/base.h"

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

/** As messages call a kind of token: "end of print statement", "integer", "+". */
const char *jinja_token_name(jinja_token_kind kind);
/** The operator that begins with these two bytes, and its size; TOKEN_EOF: none does. */
jinja_token_kind jinja_token_operator(char first, char second, size_t *ret_size);

#endif
