/* SPDX-License-Identifier: MIT */
/*
 * Template text to tokens.
 *
 * Jinja2's lexer is a set of regular expressions tried in order; most questions that users
 * ask about whitespace are answered by that order, so this file keeps it: in template text
 * `raw` first, then the start tags longest first; inside a tag the end tag first (unless a
 * bracket is open), then blanks, floats, integers, names, strings, operators.
 */
#include "jinja/lexer.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistr.h>

#include "jinja/scan.h"
#include "jinja/string_escapes.h"

typedef enum begin_kind {
    BEGIN_NONE,
    BEGIN_RAW,
    BEGIN_COMMENT,
    BEGIN_BLOCK,
    BEGIN_VARIABLE,
    BEGIN_LINE_STATEMENT,
    BEGIN_LINE_COMMENT
} begin_kind;

/* One way to start a tag; sorted as Jinja2 tries them. */
typedef struct begin_rule {
    begin_kind kind;
    creg_slice text;
    int rank; /* order among equally long ones: by the names Jinja2 gives them */
} begin_rule;

typedef struct lexer {
    const jinja_options *options;
    creg_slice block_start, block_end, variable_start, variable_end, comment_start, comment_end,
        line_statement, line_comment, newline;
    begin_rule rules[5];
    size_t rule_count;
    bool first_byte[256]; /* may a tag begin with it? */
    bool has_line_rules;
    int only_first; /* when all tags begin with the same byte: that byte, else -1 */

    creg_slice source;
    size_t at;
    uint32_t line;
    bool line_starting; /* the last piece ended in a newline */

    char *brackets; /* the closing ones that are due */
    size_t bracket_count, bracket_capacity;

    jinja_token *tokens;
    size_t count, capacity;
    creg_arena *keep, *scratch;
    bool failed; /* an error token was written: stop */
    bool no_memory;
} lexer;

/* A match of a start tag. */
typedef struct begin {
    begin_kind kind;
    size_t at, end; /* of the tag with its sign */
    char sign;      /* '-', '+' or 0 */
} begin;

/* ---- small scanners ------------------------------------------------------------------- */

/* Where the text [from, to) ends when the blanks at its end are cut. */
static size_t strip_right(const lexer *lx, size_t from, size_t to)
{
    while (to > from) {
        size_t back = to - 1;
        while (back > from && ((unsigned char)lx->source.data[back] & 0xC0) == 0x80)
            back--;
        if (jinja_space_size(lx->source, back) != to - back)
            break;
        to = back;
    }
    return to;
}

static bool looking_at(const lexer *lx, size_t at, creg_slice text)
{
    if (at > lx->source.size || text.size > lx->source.size - at)
        return false;
    /* Delimiters have two bytes or three, and mostly the first one differs. */
    for (size_t i = 0; i < text.size; i++)
        if (lx->source.data[at + i] != text.data[i])
            return false;
    return true;
}

static bool is_line_start(const lexer *lx, size_t at)
{
    return at == 0 || lx->source.data[at - 1] == '\n';
}

/* Move on to `to`, counting lines. */
static void advance(lexer *lx, size_t to)
{
    const char *p = lx->source.data + lx->at;
    const char *end = lx->source.data + to;
    while (p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        if (newline == NULL)
            break;
        lx->line++;
        p = newline + 1;
    }
    if (to > lx->at)
        lx->line_starting = lx->source.data[to - 1] == '\n';
    lx->at = to;
}

/* Move on to `to`, which is further, over a piece of one line. */
static void step(lexer *lx, size_t to)
{
    lx->line_starting = false;
    lx->at = to;
}

/* ---- writing tokens ------------------------------------------------------------------- */

static jinja_token *push(lexer *lx, jinja_token_kind kind, size_t at, size_t end)
{
    if (lx->count == lx->capacity) {
        size_t capacity = lx->capacity * 2;
        void *grown =
            creg_arena_grow(lx->scratch, lx->tokens, lx->capacity * sizeof(jinja_token),
                            capacity * sizeof(jinja_token));
        if (grown == NULL) {
            lx->failed = lx->no_memory = true;
            return &lx->tokens[lx->count - 1];
        }
        lx->tokens = grown;
        lx->capacity = capacity;
    }
    jinja_token *token = &lx->tokens[lx->count++];
    token->kind = kind;
    token->line = lx->line;
    token->at = (uint32_t)at;
    token->size = (uint32_t)(end - at);
    token->text = creg_slice_make(lx->source.data + at, end - at);
    return token;
}

CREG_PRINTF(3, 4) static void fail(lexer *lx, size_t at, const char *format, ...)
{
    jinja_token *token = push(lx, TOKEN_ERROR, at, at < lx->source.size ? at + 1 : at);
    lx->failed = true;
    char message[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    token->text = creg_arena_copy(lx->scratch, creg_slice_of(message));
    if (token->text.data == NULL)
        lx->no_memory = true;
}

static void finish_text(lexer *lx, jinja_token *token, creg_text *text)
{
    creg_slice slice;
    creg_status status = creg_text_finish(text, &slice, NULL);
    if (status != CREG_OK)
        lx->failed = lx->no_memory = true;
    else
        token->text = slice;
}

/* The text with the configured newline sequence in place of \n. */
static void put_newlines(lexer *lx, jinja_token *token)
{
    if (lx->newline.size == 1 && lx->newline.data[0] == '\n')
        return;
    if (memchr(token->text.data, '\n', token->text.size) == NULL)
        return;
    creg_text text;
    creg_text_init(&text, lx->keep, SIZE_MAX);
    for (size_t i = 0; i < token->text.size; i++) {
        if (token->text.data[i] == '\n')
            creg_text_slice(&text, lx->newline);
        else
            creg_text_byte(&text, token->text.data[i]);
    }
    finish_text(lx, token, &text);
}

static void push_data(lexer *lx, size_t at, size_t end)
{
    if (end > at)
        put_newlines(lx, push(lx, TOKEN_DATA, at, end));
}

/* ---- start tags ----------------------------------------------------------------------- */

static size_t raw_end_tag(const lexer *lx, size_t at, bool with_plus)
{
    if (jinja_byte_at(lx->source, at) == '-' && looking_at(lx, at + 1, lx->block_end))
        return jinja_skip_spaces(lx->source, at + 1 + lx->block_end.size);
    if (with_plus && jinja_byte_at(lx->source, at) == '+' &&
        looking_at(lx, at + 1, lx->block_end))
        return at + 1 + lx->block_end.size;
    if (!looking_at(lx, at, lx->block_end))
        return 0;
    at += lx->block_end.size;
    bool trim = with_plus && lx->options->trim_blocks && jinja_byte_at(lx->source, at) == '\n';
    return trim ? at + 1 : at;
}

static char sign_at(const lexer *lx, size_t at)
{
    char byte = jinja_byte_at(lx->source, at);
    return byte == '-' || byte == '+' ? byte : '\0';
}

static bool match_raw(const lexer *lx, size_t at, const char *word, bool is_end, begin *ret)
{
    if (!looking_at(lx, at, lx->block_start))
        return false;
    size_t p = at + lx->block_start.size;
    char sign = sign_at(lx, p);
    p = jinja_skip_spaces(lx->source, p + (sign != '\0'));
    creg_slice name = creg_slice_of(word);
    if (!looking_at(lx, p, name))
        return false;
    size_t end = raw_end_tag(lx, jinja_skip_spaces(lx->source, p + name.size), is_end);
    if (end == 0)
        return false;
    *ret = (begin){.kind = BEGIN_RAW, .at = at, .end = end, .sign = sign};
    return true;
}

static size_t match_line_statement(const lexer *lx, size_t at, creg_slice prefix)
{
    if (!is_line_start(lx, at))
        return 0;
    while (jinja_byte_at(lx->source, at) == ' ' || jinja_byte_at(lx->source, at) == '\t' ||
           jinja_byte_at(lx->source, at) == '\v')
        at++;
    return looking_at(lx, at, prefix) ? at + prefix.size : 0;
}

static bool follows_word(const lexer *lx, size_t at)
{
    if (at == 0)
        return false;
    size_t back = at - 1;
    while (back > 0 && ((unsigned char)lx->source.data[back] & 0xC0) == 0x80)
        back--;
    return jinja_space_size(lx->source, back) == 0;
}

static size_t match_line_comment(const lexer *lx, size_t at, creg_slice prefix)
{
    if (!is_line_start(lx, at) && !follows_word(lx, at))
        return 0;
    size_t size;
    while ((size = jinja_space_size(lx->source, at)) != 0 &&
           jinja_byte_at(lx->source, at) != '\n' && jinja_byte_at(lx->source, at) != '\r')
        at += size;
    return looking_at(lx, at, prefix) ? at + prefix.size : 0;
}

static size_t match_rule(const lexer *lx, size_t at, const begin_rule *rule)
{
    if (rule->kind == BEGIN_LINE_STATEMENT)
        return match_line_statement(lx, at, rule->text);
    if (rule->kind == BEGIN_LINE_COMMENT)
        return match_line_comment(lx, at, rule->text);
    return looking_at(lx, at, rule->text) ? at + rule->text.size : 0;
}

static bool match_begin(const lexer *lx, size_t at, begin *ret)
{
    if (match_raw(lx, at, "raw", false, ret))
        return true;
    for (size_t i = 0; i < lx->rule_count; i++) {
        size_t end = match_rule(lx, at, &lx->rules[i]);
        if (end == 0)
            continue;
        char sign = sign_at(lx, end);
        *ret = (begin){
            .kind = lx->rules[i].kind, .at = at, .end = end + (sign != '\0'), .sign = sign};
        return true;
    }
    return false;
}

/* The next place at or after `at` where a tag could begin; the source's size: none. */
static size_t next_candidate(const lexer *lx, size_t at)
{
    if (at >= lx->source.size)
        return lx->source.size;
    if (lx->only_first >= 0) {
        const char *found = memchr(lx->source.data + at, lx->only_first, lx->source.size - at);
        return found == NULL ? lx->source.size : (size_t)(found - lx->source.data);
    }
    if (lx->has_line_rules)
        return at;
    while (at < lx->source.size && !lx->first_byte[(unsigned char)lx->source.data[at]])
        at++;
    return at;
}

static bool find_begin(const lexer *lx, begin *ret)
{
    /* A line rule may match the empty rest of the source, too. */
    for (size_t at = next_candidate(lx, lx->at); at < lx->source.size;
         at = next_candidate(lx, at + 1))
        if (match_begin(lx, at, ret))
            return true;
    return false;
}

/* Where the text before a tag ends, by the tag's sign and lstrip_blocks. */
static size_t stripped_end(const lexer *lx, const begin *tag)
{
    if (tag->sign == '-')
        return strip_right(lx, lx->at, tag->at);
    if (tag->sign == '+' || !lx->options->lstrip_blocks || tag->kind == BEGIN_VARIABLE)
        return tag->at;
    size_t line_at = tag->at;
    while (line_at > lx->at && lx->source.data[line_at - 1] != '\n')
        line_at--;
    bool at_line_start = line_at > lx->at || lx->line_starting;
    if (at_line_start && strip_right(lx, line_at, tag->at) == line_at)
        return line_at;
    return tag->at;
}

/* ---- inside of tags ------------------------------------------------------------------- */

static void open_bracket(lexer *lx, char closing)
{
    if (lx->bracket_count == lx->bracket_capacity) {
        size_t capacity = lx->bracket_capacity == 0 ? 64 : lx->bracket_capacity * 2;
        char *grown =
            creg_arena_grow(lx->scratch, lx->brackets, lx->bracket_capacity, capacity);
        if (grown == NULL) {
            lx->failed = lx->no_memory = true;
            return;
        }
        lx->brackets = grown;
        lx->bracket_capacity = capacity;
    }
    lx->brackets[lx->bracket_count++] = closing;
}

static bool close_bracket(lexer *lx, char byte)
{
    if (lx->bracket_count == 0) {
        fail(lx, lx->at, "unexpected '%c'", byte);
        return false;
    }
    char expected = lx->brackets[--lx->bracket_count];
    if (expected == byte)
        return true;
    fail(lx, lx->at, "unexpected '%c', expected '%c'", byte, expected);
    return false;
}

static bool balance(lexer *lx, jinja_token_kind kind)
{
    switch (kind) {
    case TOKEN_LPAREN:
        open_bracket(lx, ')');
        return true;
    case TOKEN_LBRACKET:
        open_bracket(lx, ']');
        return true;
    case TOKEN_LBRACE:
        open_bracket(lx, '}');
        return true;
    case TOKEN_RPAREN:
        return close_bracket(lx, ')');
    case TOKEN_RBRACKET:
        return close_bracket(lx, ']');
    case TOKEN_RBRACE:
        return close_bracket(lx, '}');
    default:
        return true;
    }
}

/* Python counts characters, not bytes. */
static size_t code_points_before(const lexer *lx, size_t at)
{
    size_t count = 0;
    for (size_t i = 0; i < at; i++)
        count += ((unsigned char)lx->source.data[i] & 0xC0) != 0x80;
    return count;
}

static void fail_unexpected_char(lexer *lx)
{
    unsigned char byte = (unsigned char)lx->source.data[lx->at];
    size_t offset = code_points_before(lx, lx->at);
    ucs4_t code;
    int size =
        u8_mbtouc(&code, (const uint8_t *)lx->source.data + lx->at, lx->source.size - lx->at);
    if (byte == '\'')
        fail(lx, lx->at, "unexpected char \"'\" at %zu", offset);
    else if (byte == '\\')
        fail(lx, lx->at, "unexpected char '\\\\' at %zu", offset);
    else if (byte < 0x20 || byte == 0x7F)
        fail(lx, lx->at, "unexpected char '\\x%02x' at %zu", byte, offset);
    else
        fail(lx, lx->at, "unexpected char '%.*s' at %zu", size, lx->source.data + lx->at,
             offset);
}

static void lex_operator(lexer *lx)
{
    char first = lx->source.data[lx->at];
    size_t size;
    jinja_token_kind kind =
        jinja_token_operator(first, jinja_byte_at(lx->source, lx->at + 1), &size);
    if (kind == TOKEN_EOF) {
        fail_unexpected_char(lx);
        return;
    }
    if (!balance(lx, kind))
        return;
    push(lx, kind, lx->at, lx->at + size);
    step(lx, lx->at + size);
}

/* ---- string literals ------------------------------------------------------------------ */

static void unescape(lexer *lx, jinja_token *token)
{
    creg_text text;
    creg_text_init(&text, lx->keep, SIZE_MAX);
    const char *problem = jinja_unescape(token->text, &text);
    if (problem == NULL) {
        finish_text(lx, token, &text);
        return;
    }
    lx->count--; /* the error takes the place of the string */
    fail(lx, token->at, "%s", problem);
}

static void lex_string(lexer *lx, size_t end)
{
    jinja_token *token = push(lx, TOKEN_STRING, lx->at, end);
    token->text = creg_slice_make(lx->source.data + lx->at + 1, end - lx->at - 2);
    put_newlines(lx, token);
    if (memchr(token->text.data, '\\', token->text.size) != NULL)
        unescape(lx, token);
    if (!lx->failed)
        advance(lx, end);
}

/* ---- states --------------------------------------------------------------------------- */

static void lex_name_or_other(lexer *lx)
{
    bool valid = true;
    size_t end = jinja_scan_name(lx->source, lx->at, &valid);
    if (end > lx->at) {
        if (!valid) {
            fail(lx, lx->at, "Invalid character in identifier");
            return;
        }
        push(lx, TOKEN_NAME, lx->at, end);
        step(lx, end);
        return;
    }
    char byte = lx->source.data[lx->at];
    end = byte == '\'' || byte == '"' ? jinja_scan_string(lx->source, lx->at) : lx->at;
    if (end > lx->at)
        lex_string(lx, end);
    else
        lex_operator(lx);
}

/* Gives whether there were any. */
static bool step_over_spaces(lexer *lx)
{
    size_t end = jinja_skip_spaces(lx->source, lx->at);
    if (end == lx->at)
        return false;
    if (end == lx->at + 1 && lx->source.data[lx->at] != '\n')
        step(lx, end);
    else
        advance(lx, end);
    return true;
}

/* One token of an expression (blanks give none). */
static void lex_inside(lexer *lx)
{
    if (step_over_spaces(lx))
        return;
    if (jinja_is_digit(lx->source.data[lx->at])) {
        size_t end = jinja_scan_float(lx->source, lx->at);
        jinja_token_kind kind = TOKEN_FLOAT;
        if (end == lx->at) {
            end = jinja_scan_integer(lx->source, lx->at);
            kind = TOKEN_INTEGER;
        }
        push(lx, kind, lx->at, end);
        step(lx, end);
        return;
    }
    lex_name_or_other(lx);
}

/* Could an end tag begin here? Asked in front of every token, so cheaply. */
static bool may_end(const lexer *lx, size_t at, creg_slice tag)
{
    char byte = jinja_byte_at(lx->source, at);
    return byte == tag.data[0] || byte == '-' || byte == '+';
}

/* The end tag of a block or comment at `at`: where it ends, 0 when there is none. */
static size_t match_end(const lexer *lx, size_t at, creg_slice tag)
{
    if (!may_end(lx, at, tag))
        return 0;
    char sign = sign_at(lx, at);
    if (sign != '\0' && looking_at(lx, at + 1, tag)) {
        size_t end = at + 1 + tag.size;
        return sign == '-' ? jinja_skip_spaces(lx->source, end) : end;
    }
    if (!looking_at(lx, at, tag))
        return 0;
    size_t end = at + tag.size;
    return lx->options->trim_blocks && jinja_byte_at(lx->source, end) == '\n' ? end + 1 : end;
}

static size_t match_variable_end(const lexer *lx)
{
    if (!may_end(lx, lx->at, lx->variable_end))
        return 0;
    if (jinja_byte_at(lx->source, lx->at) == '-' &&
        looking_at(lx, lx->at + 1, lx->variable_end))
        return jinja_skip_spaces(lx->source, lx->at + 1 + lx->variable_end.size);
    return looking_at(lx, lx->at, lx->variable_end) ? lx->at + lx->variable_end.size : 0;
}

/* `\s*(\n|$)`: up to the last newline of a run of blanks, or the end of the source. */
static size_t match_line_end(const lexer *lx)
{
    size_t end = jinja_skip_spaces(lx->source, lx->at);
    if (end == lx->source.size)
        return end + 1; /* one more than the end, so that 0 stays "no match" */
    while (end > lx->at && lx->source.data[end - 1] != '\n')
        end--;
    return end > lx->at ? end + 1 : 0;
}

static size_t match_tag_end(const lexer *lx, begin_kind kind)
{
    if (lx->bracket_count > 0)
        return 0;
    if (kind == BEGIN_VARIABLE)
        return match_variable_end(lx);
    if (kind == BEGIN_LINE_STATEMENT) {
        size_t end = match_line_end(lx);
        return end;
    }
    return match_end(lx, lx->at, lx->block_end);
}

static void lex_tag(lexer *lx, begin_kind kind)
{
    while (!lx->failed) {
        size_t end = match_tag_end(lx, kind);
        if (end > 0) {
            if (kind == BEGIN_LINE_STATEMENT)
                end--;
            push(lx, kind == BEGIN_VARIABLE ? TOKEN_VARIABLE_END : TOKEN_BLOCK_END, lx->at,
                 end);
            advance(lx, end);
            return;
        }
        if (lx->at >= lx->source.size)
            return;
        lex_inside(lx);
    }
}

static void lex_comment(lexer *lx)
{
    if (lx->at >= lx->source.size)
        return;
    for (size_t at = lx->at; at < lx->source.size; at++) {
        size_t end = match_end(lx, at, lx->comment_end);
        if (end > 0) {
            advance(lx, end);
            return;
        }
    }
    fail(lx, lx->at, "Missing end of comment tag");
}

static void lex_line_comment(lexer *lx)
{
    const char *newline = memchr(lx->source.data + lx->at, '\n', lx->source.size - lx->at);
    advance(lx, newline == NULL ? lx->source.size : (size_t)(newline - lx->source.data));
}

static void lex_raw(lexer *lx)
{
    if (lx->at >= lx->source.size)
        return;
    for (size_t at = lx->at; at < lx->source.size; at++) {
        begin tag;
        if (!match_raw(lx, at, "endraw", true, &tag))
            continue;
        push_data(lx, lx->at, stripped_end(lx, &tag));
        advance(lx, tag.end);
        return;
    }
    fail(lx, lx->at, "Missing end of raw directive");
}

static void enter_tag(lexer *lx, const begin *tag)
{
    size_t at = lx->at;
    advance(lx, tag->end);
    switch (tag->kind) {
    case BEGIN_RAW:
        lex_raw(lx);
        return;
    case BEGIN_COMMENT:
        lex_comment(lx);
        return;
    case BEGIN_LINE_COMMENT:
        lex_line_comment(lx);
        return;
    default:
        break;
    }
    push(lx, tag->kind == BEGIN_VARIABLE ? TOKEN_VARIABLE_BEGIN : TOKEN_BLOCK_BEGIN, at,
         lx->at);
    lex_tag(lx, tag->kind);
}

static void lex_template(lexer *lx)
{
    while (!lx->failed && lx->at < lx->source.size) {
        begin tag;
        if (!find_begin(lx, &tag)) {
            push_data(lx, lx->at, lx->source.size);
            advance(lx, lx->source.size);
            return;
        }
        push_data(lx, lx->at, stripped_end(lx, &tag));
        advance(lx, tag.at);
        enter_tag(lx, &tag);
    }
}

/* ---- set-up --------------------------------------------------------------------------- */

static creg_slice or_default(const char *text, const char *otherwise)
{
    return creg_slice_of(text == NULL ? otherwise : text);
}

static void add_rule(lexer *lx, begin_kind kind, creg_slice text, int rank)
{
    if (text.data == NULL)
        return;
    begin_rule rule = {.kind = kind, .text = text, .rank = rank};
    size_t at = lx->rule_count++;
    while (at > 0 &&
           (lx->rules[at - 1].text.size < text.size ||
            (lx->rules[at - 1].text.size == text.size && lx->rules[at - 1].rank < rank))) {
        lx->rules[at] = lx->rules[at - 1];
        at--;
    }
    lx->rules[at] = rule;
}

static void index_first_bytes(lexer *lx)
{
    lx->has_line_rules = lx->line_statement.data != NULL || lx->line_comment.data != NULL;
    lx->only_first = -1;
    if (lx->has_line_rules)
        return;
    bool same = true;
    for (size_t i = 0; i < lx->rule_count; i++) {
        unsigned char first = (unsigned char)lx->rules[i].text.data[0];
        lx->first_byte[first] = true;
        same = same && first == (unsigned char)lx->rules[0].text.data[0];
    }
    if (same)
        lx->only_first = (unsigned char)lx->rules[0].text.data[0];
}

static void set_up(lexer *lx)
{
    const jinja_options *options = lx->options;
    lx->block_start = or_default(options->block_start, "{%");
    lx->block_end = or_default(options->block_end, "%}");
    lx->variable_start = or_default(options->variable_start, "{{");
    lx->variable_end = or_default(options->variable_end, "}}");
    lx->comment_start = or_default(options->comment_start, "{#");
    lx->comment_end = or_default(options->comment_end, "#}");
    lx->line_statement = creg_slice_of(options->line_statement_prefix);
    lx->line_comment = creg_slice_of(options->line_comment_prefix);
    lx->newline = or_default(options->newline_sequence, "\n");
    add_rule(lx, BEGIN_BLOCK, lx->block_start, 0);
    add_rule(lx, BEGIN_COMMENT, lx->comment_start, 1);
    add_rule(lx, BEGIN_LINE_COMMENT, lx->line_comment, 2);
    add_rule(lx, BEGIN_LINE_STATEMENT, lx->line_statement, 3);
    add_rule(lx, BEGIN_VARIABLE, lx->variable_start, 4);
    index_first_bytes(lx);
    lx->line = 1;
    lx->line_starting = true;
}

/* The source with every newline as \n, the last one cut; in `keep`. */
static bool normalise(lexer *lx, creg_slice source)
{
    char *copy = creg_arena_take(lx->keep, source.size + 1);
    if (copy == NULL)
        return false;
    size_t size = 0;
    if (source.size == 0 || memchr(source.data, '\r', source.size) == NULL) {
        if (source.size > 0)
            memcpy(copy, source.data, source.size);
        size = source.size;
    } else {
        for (size_t i = 0; i < source.size; i++) {
            char byte = source.data[i];
            if (byte == '\r' && i + 1 < source.size && source.data[i + 1] == '\n')
                continue;
            copy[size++] = byte == '\r' ? '\n' : byte;
        }
    }
    if (!lx->options->keep_trailing_newline && size > 0 && copy[size - 1] == '\n')
        size--;
    copy[size] = '\0';
    lx->source = creg_slice_make(copy, size);
    return true;
}

static void push_eof(lexer *lx)
{
    uint32_t line = lx->count == 0 ? 1 : lx->tokens[lx->count - 1].line;
    push(lx, TOKEN_EOF, lx->source.size, lx->source.size)->line = line;
}

creg_status jinja_lex(const jinja_options *options, creg_slice source, jinja_lex_start start,
                      creg_arena *keep, creg_arena *scratch, jinja_tokens *ret_tokens,
                      creg_error *err)
{
    lexer lx = {.options = options, .keep = keep, .scratch = scratch};
    set_up(&lx);
    lx.capacity = source.size / 12 + 16;
    lx.tokens = creg_arena_take(scratch, lx.capacity * sizeof(jinja_token));
    if (lx.tokens == NULL)
        return creg_fail_arena(err, scratch);
    if (!normalise(&lx, source))
        return creg_fail_arena(err, keep);
    if (start == LEX_EXPRESSION)
        lex_tag(&lx, BEGIN_VARIABLE);
    if (!lx.failed)
        lex_template(&lx);
    if (!lx.failed)
        push_eof(&lx);
    if (lx.no_memory)
        return creg_fail_arena(err, keep->failed != CREG_OK ? keep : scratch);
    *ret_tokens = (jinja_tokens){.items = lx.tokens, .count = lx.count, .source = lx.source};
    return CREG_OK;
}
