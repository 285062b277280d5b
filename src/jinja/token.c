/* SPDX-License-Identifier: MIT */
/*
 * The names of tokens, and the operators' texts; see token.h.
 */
#include "jinja/token.h"

const char *jinja_token_name(jinja_token_kind kind)
{
    static const char *const names[] = {
        [TOKEN_EOF] = "end of template",
        [TOKEN_DATA] = "template data / text",
        [TOKEN_BLOCK_BEGIN] = "begin of statement block",
        [TOKEN_BLOCK_END] = "end of statement block",
        [TOKEN_VARIABLE_BEGIN] = "begin of print statement",
        [TOKEN_VARIABLE_END] = "end of print statement",
        [TOKEN_NAME] = "name",
        [TOKEN_STRING] = "string",
        [TOKEN_INTEGER] = "integer",
        [TOKEN_FLOAT] = "float",
        [TOKEN_ADD] = "+",
        [TOKEN_SUB] = "-",
        [TOKEN_MUL] = "*",
        [TOKEN_DIV] = "/",
        [TOKEN_FLOORDIV] = "//",
        [TOKEN_MOD] = "%",
        [TOKEN_POW] = "**",
        [TOKEN_TILDE] = "~",
        [TOKEN_EQ] = "==",
        [TOKEN_NE] = "!=",
        [TOKEN_LT] = "<",
        [TOKEN_LTEQ] = "<=",
        [TOKEN_GT] = ">",
        [TOKEN_GTEQ] = ">=",
        [TOKEN_ASSIGN] = "=",
        [TOKEN_DOT] = ".",
        [TOKEN_COLON] = ":",
        [TOKEN_PIPE] = "|",
        [TOKEN_COMMA] = ",",
        [TOKEN_SEMICOLON] = ";",
        [TOKEN_LPAREN] = "(",
        [TOKEN_RPAREN] = ")",
        [TOKEN_LBRACKET] = "[",
        [TOKEN_RBRACKET] = "]",
        [TOKEN_LBRACE] = "{",
        [TOKEN_RBRACE] = "}",
        [TOKEN_ERROR] = "error",
    };
    return names[kind];
}

static jinja_token_kind double_operator(char first, char second)
{
    if (first == '/' && second == '/')
        return TOKEN_FLOORDIV;
    if (first == '*' && second == '*')
        return TOKEN_POW;
    if (second != '=')
        return TOKEN_EOF;
    switch (first) {
    case '=':
        return TOKEN_EQ;
    case '!':
        return TOKEN_NE;
    case '<':
        return TOKEN_LTEQ;
    case '>':
        return TOKEN_GTEQ;
    default:
        return TOKEN_EOF;
    }
}

static jinja_token_kind single_operator(char byte)
{
    static const uint8_t kinds[128] = {
        ['+'] = TOKEN_ADD,    ['-'] = TOKEN_SUB,       ['*'] = TOKEN_MUL,
        ['/'] = TOKEN_DIV,    ['%'] = TOKEN_MOD,       ['~'] = TOKEN_TILDE,
        ['<'] = TOKEN_LT,     ['>'] = TOKEN_GT,        ['='] = TOKEN_ASSIGN,
        ['.'] = TOKEN_DOT,    [':'] = TOKEN_COLON,     ['|'] = TOKEN_PIPE,
        [','] = TOKEN_COMMA,  [';'] = TOKEN_SEMICOLON, ['('] = TOKEN_LPAREN,
        [')'] = TOKEN_RPAREN, ['['] = TOKEN_LBRACKET,  [']'] = TOKEN_RBRACKET,
        ['{'] = TOKEN_LBRACE, ['}'] = TOKEN_RBRACE,
    };
    unsigned char index = (unsigned char)byte;
    return index < 128 ? (jinja_token_kind)kinds[index] : TOKEN_EOF;
}

jinja_token_kind jinja_token_operator(char first, char second, size_t *ret_size)
{
    jinja_token_kind kind = double_operator(first, second);
    *ret_size = kind == TOKEN_EOF ? 1 : 2;
    return kind == TOKEN_EOF ? single_operator(first) : kind;
}
