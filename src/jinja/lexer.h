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
#include "jinja/token.h"

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

#endif
