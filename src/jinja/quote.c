/* SPDX-License-Identifier: MIT */
/*
 * Following the quotes of JSON and YAML output, byte by byte; see output.h.
 *
 * A literal is the same each time, so what it does to the state is remembered with it: a loop
 * that writes it a thousand times scans it once. States inside a block scalar or a line's
 * indentation carry a column and are not remembered.
 */
#include "jinja/output.h"

#include <string.h>

void jinja_quote_init(jinja_quote *quote)
{
    *quote = (jinja_quote){.mode = MODE_INDENT};
}

jinja_quote_style jinja_quote_style_of(const jinja_quote *quote)
{
    switch (quote->mode) {
    case MODE_DOUBLE:
    case MODE_ESCAPE:
        return QUOTE_STYLE_DOUBLE;
    case MODE_SINGLE:
        return QUOTE_STYLE_SINGLE;
    default:
        return QUOTE_STYLE_NONE;
    }
}

/* ---- JSON ----------------------------------------------------------------------------- */

static void follow_json(jinja_quote *quote, creg_slice text)
{
    uint8_t mode = quote->mode == MODE_INDENT ? MODE_BETWEEN : quote->mode;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (mode == MODE_BETWEEN)
            mode = byte == '"' ? MODE_DOUBLE : MODE_BETWEEN;
        else if (mode == MODE_ESCAPE)
            mode = MODE_DOUBLE;
        else if (byte == '\\')
            mode = MODE_ESCAPE;
        else if (byte == '"')
            mode = MODE_BETWEEN;
    }
    quote->mode = mode;
}

/* ---- YAML ----------------------------------------------------------------------------- */

static void begin_line(jinja_quote *quote)
{
    quote->mode = MODE_INDENT;
    quote->column = 0;
}

static void open_flow(jinja_quote *quote)
{
    if (quote->flow < QUOTE_FLOW_MAX)
        quote->flow++;
    quote->mode = MODE_BETWEEN;
}

static void close_flow(jinja_quote *quote)
{
    if (quote->flow > 0)
        quote->flow--;
    quote->mode = MODE_BETWEEN;
}

/* A byte where a scalar may begin. */
static void step_between(jinja_quote *quote, char byte)
{
    switch (byte) {
    case '\n':
        begin_line(quote);
        return;
    case ' ':
    case '\t':
    case ',':
    case ':':
    case '?':
    case '-':
        return;
    case '"':
        quote->mode = MODE_DOUBLE;
        return;
    case '\'':
        quote->mode = MODE_SINGLE;
        return;
    case '#':
        quote->mode = MODE_COMMENT;
        return;
    case '[':
    case '{':
        open_flow(quote);
        return;
    case ']':
    case '}':
        close_flow(quote);
        return;
    case '|':
    case '>':
        quote->mode = quote->flow == 0 ? MODE_BLOCK_HEAD : MODE_WORD;
        return;
    default:
        quote->mode = MODE_WORD;
        return;
    }
}

/* Blanks and dashes before the first scalar of a line: a key's column is its indentation. */
static void step_indent(jinja_quote *quote, char byte)
{
    quote->indent = quote->column;
    if (byte == ' ' || byte == '-') {
        quote->column++;
        return;
    }
    step_between(quote, byte);
}

static void step_word(jinja_quote *quote, char byte)
{
    uint8_t before = quote->mode;
    quote->mode = MODE_WORD;
    if (byte == '\n') {
        begin_line(quote);
    } else if (quote->flow > 0 &&
               (byte == ',' || byte == '[' || byte == ']' || byte == '{' || byte == '}')) {
        quote->mode = MODE_BETWEEN;
        step_between(quote, byte);
    } else if (byte == ' ' || byte == '\t') {
        quote->mode = before == MODE_WORD_COLON ? MODE_BETWEEN : MODE_WORD_SPACE;
    } else if (byte == '#' && before == MODE_WORD_SPACE) {
        quote->mode = MODE_COMMENT;
    } else if (byte == ':') {
        quote->mode = MODE_WORD_COLON;
    }
}

/* Behind a closing quote nothing but an indicator can follow: ": ", ",", "]" ... */
static void step_single_end(jinja_quote *quote, char byte)
{
    if (byte == '\'') {
        quote->mode = MODE_SINGLE;
        return;
    }
    quote->mode = MODE_BETWEEN;
    step_between(quote, byte);
}

static void step_block_indent(jinja_quote *quote, char byte)
{
    if (byte == ' ') {
        quote->column++;
    } else if (byte == '\n') {
        quote->column = 0;
    } else if (quote->column > quote->block || quote->block == UINT16_MAX) {
        quote->mode = MODE_BLOCK;
    } else {
        quote->mode = MODE_INDENT;
        step_indent(quote, byte);
    }
}

static void begin_block_line(jinja_quote *quote)
{
    quote->mode = MODE_BLOCK_INDENT;
    quote->column = 0;
}

static void step_yaml(jinja_quote *quote, char byte)
{
    switch ((jinja_quote_mode)quote->mode) {
    case MODE_BETWEEN:
        step_between(quote, byte);
        return;
    case MODE_INDENT:
        step_indent(quote, byte);
        return;
    case MODE_WORD:
    case MODE_WORD_SPACE:
    case MODE_WORD_COLON:
        step_word(quote, byte);
        return;
    case MODE_DOUBLE:
        if (byte == '\\')
            quote->mode = MODE_ESCAPE;
        else if (byte == '"')
            quote->mode = MODE_BETWEEN;
        return;
    case MODE_ESCAPE:
        quote->mode = MODE_DOUBLE;
        return;
    case MODE_SINGLE:
        if (byte == '\'')
            quote->mode = MODE_SINGLE_END;
        return;
    case MODE_SINGLE_END:
        step_single_end(quote, byte);
        return;
    case MODE_COMMENT:
        if (byte == '\n')
            begin_line(quote);
        return;
    case MODE_BLOCK_HEAD:
        if (byte == '\n') {
            quote->block = quote->indent;
            begin_block_line(quote);
        }
        return;
    case MODE_BLOCK:
        if (byte == '\n')
            begin_block_line(quote);
        return;
    case MODE_BLOCK_INDENT:
        step_block_indent(quote, byte);
        return;
    case MODE_COUNT:
        return;
    }
}

void jinja_quote_follow(jinja_autoescape format, jinja_quote *quote, creg_slice text)
{
    if (format == JINJA_AUTOESCAPE_JSON) {
        follow_json(quote, text);
        return;
    }
    for (size_t i = 0; i < text.size; i++)
        step_yaml(quote, text.data[i]);
}

/* ---- remembering ---------------------------------------------------------------------- */

/* Do the columns matter for what happens next? Then nothing is remembered. */
static bool has_column(const jinja_quote *quote)
{
    return quote->mode == MODE_INDENT || quote->mode >= MODE_BLOCK_HEAD;
}

/* 1 | mode | flow | changed | indent, or column when the text ends in an indentation */
static uint32_t pack(const jinja_quote *quote, bool new_line)
{
    uint32_t number = quote->mode == MODE_INDENT ? quote->column : quote->indent;
    return 1u | (uint32_t)quote->mode << 1 | (uint32_t)quote->flow << 5 |
           (uint32_t)new_line << 8 | number << 16;
}

static void unpack(jinja_quote *quote, uint32_t packed)
{
    quote->mode = (uint8_t)(packed >> 1 & 0xF);
    quote->flow = (uint8_t)(packed >> 5 & 0x3);
    if ((packed >> 8 & 1) == 0)
        return;
    quote->indent = quote->column = (uint16_t)(packed >> 16);
}

void jinja_quote_literal(jinja_autoescape format, jinja_quote *quote, creg_slice text,
                         jinja_quote_memo *memo)
{
    bool json = format == JINJA_AUTOESCAPE_JSON;
    if (memo == NULL || (!json && has_column(quote))) {
        jinja_quote_follow(format, quote, text);
        return;
    }
    size_t key = (size_t)quote->mode * (QUOTE_FLOW_MAX + 1) + quote->flow;
    uint32_t known = atomic_load_explicit(&memo->after[key], memory_order_relaxed);
    if (known != 0) {
        unpack(quote, known);
        return;
    }
    jinja_quote_follow(format, quote, text);
    bool new_line = memchr(text.data, '\n', text.size) != NULL;
    if (json || quote->mode < MODE_BLOCK_HEAD)
        atomic_store_explicit(&memo->after[key], pack(quote, new_line && !json),
                              memory_order_relaxed);
}

/* ---- values --------------------------------------------------------------------------- */

void jinja_quote_data(jinja_autoescape format, jinja_quote *quote, creg_slice text)
{
    if (format == JINJA_AUTOESCAPE_JSON)
        return; /* JSON has no plain scalars: behind the value all is as before it */
    if (text.size > 0 && quote->mode != MODE_BLOCK && quote->mode != MODE_COMMENT)
        quote->mode = quote->mode == MODE_BLOCK_INDENT ? MODE_BLOCK : MODE_WORD;
}

static void escape_byte(jinja_autoescape format, unsigned char byte, creg_text *out)
{
    switch (byte) {
    case '"':
        creg_text_append(out, "\\\"", 2);
        return;
    case '\\':
        creg_text_append(out, "\\\\", 2);
        return;
    case '\n':
        creg_text_append(out, "\\n", 2);
        return;
    case '\r':
        creg_text_append(out, "\\r", 2);
        return;
    case '\t':
        creg_text_append(out, "\\t", 2);
        return;
    case '\b':
        creg_text_append(out, "\\b", 2);
        return;
    case '\f':
        creg_text_append(out, "\\f", 2);
        return;
    default:
        creg_text_format(out, format == JINJA_AUTOESCAPE_JSON ? "\\u%04x" : "\\x%02x", byte);
        return;
    }
}

/* YAML treats these as line breaks or refuses them: U+0085, U+2028, U+2029, U+FEFF. */
static size_t special_in_yaml(const char *at, size_t left, const char **ret_escape)
{
    static const struct {
        const char *bytes, *escape;
    } rows[] = {{"\xC2\x85", "\\N"},
                {"\xE2\x80\xA8", "\\L"},
                {"\xE2\x80\xA9", "\\P"},
                {"\xEF\xBB\xBF", "\\uFEFF"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t size = strlen(rows[i].bytes);
        if (size <= left && memcmp(at, rows[i].bytes, size) == 0) {
            *ret_escape = rows[i].escape;
            return size;
        }
    }
    return 0;
}

static void escape_double(jinja_autoescape format, creg_slice text, creg_text *out)
{
    size_t plain = 0;
    for (size_t i = 0; i < text.size;) {
        unsigned char byte = (unsigned char)text.data[i];
        const char *escape = NULL;
        size_t special = format == JINJA_AUTOESCAPE_YAML && byte >= 0xC2
                             ? special_in_yaml(text.data + i, text.size - i, &escape)
                             : 0;
        bool needs = byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7F;
        if (special == 0 && !needs) {
            i++;
            continue;
        }
        creg_text_append(out, text.data + plain, i - plain);
        if (special != 0)
            creg_text_string(out, escape);
        else
            escape_byte(format, byte, out);
        i += special != 0 ? special : 1;
        plain = i;
    }
    creg_text_append(out, text.data + plain, text.size - plain);
}

static const char *escape_single(creg_slice text, creg_text *out)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        const char *escape;
        if (byte < 0x20 || byte == 0x7F ||
            (byte >= 0xC2 && special_in_yaml(text.data + i, text.size - i, &escape) != 0))
            return "a line break or control character cannot stand in a single-quoted YAML "
                   "scalar";
        if (byte == '\'')
            creg_text_byte(out, '\'');
        creg_text_byte(out, (char)byte);
    }
    return NULL;
}

const char *jinja_quote_escape(jinja_autoescape format, jinja_quote *quote, creg_slice text,
                               creg_text *out)
{
    if (quote->mode == MODE_ESCAPE)
        return "a value cannot stand behind a backslash inside quotes";
    if (quote->mode == MODE_SINGLE)
        return escape_single(text, out);
    escape_double(format, text, out);
    return NULL;
}
