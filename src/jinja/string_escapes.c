/* SPDX-License-Identifier: MIT */
/*
 * Backslashes in string literals, as Python's unicode-escape codec reads them.
 */
#include "jinja/string_escapes.h"

#include <stdint.h>
#include <string.h>
#include <uniname.h>
#include <unistr.h>

typedef struct unescaper {
    creg_slice body; /* between the quotes */
    size_t at;       /* of the character behind the backslash */
    creg_text *text;
    const char *problem;
} unescaper;

static int hex_value(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return -1;
}

static void put_code_point(unescaper *un, uint32_t code)
{
    if (code > 0x10FFFF)
        un->problem = "illegal Unicode character";
    else if (code >= 0xD800 && code <= 0xDFFF)
        un->problem = "surrogates not allowed";
    else
        creg_text_code_point(un->text, code);
}

static void unescape_hex(unescaper *un, size_t digits, const char *problem)
{
    uint32_t code = 0;
    size_t at = un->at + 1;
    for (size_t i = 0; i < digits; i++, at++) {
        int value = at < un->body.size ? hex_value(un->body.data[at]) : -1;
        if (value < 0) {
            un->problem = problem;
            return;
        }
        code = code * 16 + (uint32_t)value;
    }
    un->at = at;
    put_code_point(un, code);
}

static void unescape_octal(unescaper *un)
{
    uint32_t code = 0;
    size_t digits = 0;
    while (digits < 3 && un->at < un->body.size && un->body.data[un->at] >= '0' &&
           un->body.data[un->at] <= '7') {
        code = code * 8 + (uint32_t)(un->body.data[un->at] - '0');
        un->at++;
        digits++;
    }
    put_code_point(un, code);
}

static void unescape_name(unescaper *un)
{
    size_t open = un->at + 1;
    const char *close = open < un->body.size && un->body.data[open] == '{'
                            ? memchr(un->body.data + open, '}', un->body.size - open)
                            : NULL;
    if (close == NULL) {
        un->problem = "malformed \\N character escape";
        return;
    }
    char name[UNINAME_MAX];
    size_t size = (size_t)(close - (un->body.data + open)) - 1;
    ucs4_t code = UNINAME_INVALID;
    if (size < sizeof name) {
        memcpy(name, un->body.data + open + 1, size);
        name[size] = '\0';
        code = unicode_name_character(name);
    }
    if (code == UNINAME_INVALID) {
        un->problem = "unknown Unicode character name";
        return;
    }
    un->at = open + size + 2;
    put_code_point(un, code);
}

/* Python escapes what is not ASCII first: "\é" becomes a backslash and the text "xe9". */
static void unescape_unknown(unescaper *un)
{
    creg_text_byte(un->text, '\\');
    ucs4_t code;
    int size =
        u8_mbtouc(&code, (const uint8_t *)un->body.data + un->at, un->body.size - un->at);
    if (code < 0x80)
        creg_text_byte(un->text, (char)code);
    else
        creg_text_format(un->text,
                         code < 0x100     ? "x%02x"
                         : code < 0x10000 ? "u%04x"
                                          : "U%08x",
                         (unsigned)code);
    un->at += (size_t)size;
}

static int simple_escape(char byte)
{
    switch (byte) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case 'a':
        return '\a';
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'v':
        return '\v';
    case '\\':
    case '\'':
    case '"':
        return byte;
    default:
        return -1;
    }
}

static void unescape_one(unescaper *un)
{
    char byte = un->body.data[un->at];
    int simple = simple_escape(byte);
    if (simple >= 0) {
        creg_text_byte(un->text, (char)simple);
        un->at++;
    } else if (byte == '\n') {
        un->at++; /* a continued line */
    } else if (byte >= '0' && byte <= '7') {
        unescape_octal(un);
    } else if (byte == 'x') {
        unescape_hex(un, 2, "truncated \\xXX escape");
    } else if (byte == 'u') {
        unescape_hex(un, 4, "truncated \\uXXXX escape");
    } else if (byte == 'U') {
        unescape_hex(un, 8, "truncated \\UXXXXXXXX escape");
    } else if (byte == 'N') {
        unescape_name(un);
    } else {
        unescape_unknown(un);
    }
}

const char *jinja_unescape(creg_slice body, creg_text *text)
{
    unescaper un = {.body = body, .text = text};
    while (un.at < body.size && un.problem == NULL) {
        const char *from = body.data + un.at;
        const char *backslash = memchr(from, '\\', body.size - un.at);
        size_t plain = backslash == NULL ? body.size - un.at : (size_t)(backslash - from);
        creg_text_append(text, from, plain);
        un.at += plain + (backslash != NULL);
        if (backslash != NULL)
            unescape_one(&un);
    }
    return un.problem;
}
