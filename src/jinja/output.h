/* SPDX-License-Identifier: MIT */
/*
 * Following the quotes of JSON and YAML output; why is told in output.c.
 */
#ifndef JINJA_OUTPUT_H
#define JINJA_OUTPUT_H

#include <stdatomic.h>

#include "base/text.h"
#include "confreg/jinja.h"

/**
 * Where in a document the output stands.
 *
 *     JSON   MODE_BETWEEN  MODE_DOUBLE  MODE_ESCAPE
 *     YAML   those, and: a line's indentation, a plain scalar, what may end one, '...',
 *            comments, and block scalars (| and >), which end where a line is indented less
 */
typedef enum jinja_quote_mode {
    MODE_BETWEEN,      /* a scalar may begin here */
    MODE_INDENT,       /* YAML: only blanks so far on this line */
    MODE_WORD,         /* YAML: inside a plain scalar; quotes are text */
    MODE_WORD_SPACE,   /* YAML: a blank inside it: # begins a comment */
    MODE_WORD_COLON,   /* YAML: a colon inside it: a blank makes it a key */
    MODE_DOUBLE,       /* inside "..." */
    MODE_ESCAPE,       /* behind a backslash there */
    MODE_SINGLE,       /* YAML: inside '...' */
    MODE_SINGLE_END,   /* YAML: behind a ' there: the end, or the first half of '' */
    MODE_COMMENT,      /* YAML */
    MODE_BLOCK_HEAD,   /* YAML: behind | or >, until the end of the line */
    MODE_BLOCK,        /* YAML: inside a block scalar */
    MODE_BLOCK_INDENT, /* YAML: in the blanks that begin a line of it */
    MODE_COUNT
} jinja_quote_mode;

enum { QUOTE_FLOW_MAX = 3, QUOTE_MEMO = MODE_COUNT * (QUOTE_FLOW_MAX + 1) };

typedef struct jinja_quote {
    uint8_t mode;
    uint8_t flow;    /* depth of [ and {, counted up to QUOTE_FLOW_MAX */
    uint16_t indent; /* of the line: where its first scalar begins */
    uint16_t column; /* while in the indentation */
    uint16_t block;  /* lines of the block scalar are indented more than this */
} jinja_quote;

/** What a literal does to the state, by the state before it; found out on first use. */
typedef struct jinja_quote_memo {
    _Atomic uint32_t after[QUOTE_MEMO];
} jinja_quote_memo;

typedef enum jinja_quote_style {
    QUOTE_STYLE_NONE,
    QUOTE_STYLE_DOUBLE,
    QUOTE_STYLE_SINGLE
} jinja_quote_style;

void jinja_quote_init(jinja_quote *quote);

/** Which kind of quotes is open. */
jinja_quote_style jinja_quote_style_of(const jinja_quote *quote);

/** Follow text that is structure. */
void jinja_quote_follow(jinja_autoescape format, jinja_quote *quote, creg_slice text);

/** Follow a literal; `memo` (may be NULL) remembers. */
void jinja_quote_literal(jinja_autoescape format, jinja_quote *quote, creg_slice text,
                         jinja_quote_memo *memo);

/** Data was written outside of quotes: part of a plain scalar, whatever it holds. */
void jinja_quote_data(jinja_autoescape format, jinja_quote *quote, creg_slice text);

/** Append text escaped for the open quotes; gives what is wrong, or NULL. */
const char *jinja_quote_escape(jinja_autoescape format, jinja_quote *quote, creg_slice text,
                               creg_text *out);

#endif
