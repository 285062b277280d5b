/* SPDX-License-Identifier: MIT */
/*
 * How far a piece of a tag goes: blanks, a number, a name, a string.
 *
 * Each takes the source and where in it the piece would begin, and gives where it ends: `at`
 * itself when there is none. The rules are those of the regular expressions of Jinja2's lexer.
 * Threads: any.
 */
#ifndef JINJA_SCAN_H
#define JINJA_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "confreg/base.h"

static inline char jinja_byte_at(creg_slice source, size_t at)
{
    return at < source.size ? source.data[at] : '\0';
}

static inline bool jinja_is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* What a byte is; one of a longer character is WIDE. */
typedef enum jinja_byte_class {
    JINJA_BYTE_OTHER,
    JINJA_BYTE_SPACE,
    JINJA_BYTE_DIGIT,
    JINJA_BYTE_WORD, /* a letter or _ */
    JINJA_BYTE_WIDE
} jinja_byte_class;

extern const uint8_t jinja_byte_classes[128];

static inline jinja_byte_class jinja_byte_class_of(char byte)
{
    unsigned char index = (unsigned char)byte;
    return index < 128 ? (jinja_byte_class)jinja_byte_classes[index] : JINJA_BYTE_WIDE;
}

static inline bool jinja_is_ascii_word(char byte)
{
    jinja_byte_class kind = jinja_byte_class_of(byte);
    return kind == JINJA_BYTE_WORD || kind == JINJA_BYTE_DIGIT;
}

/** The same as jinja_space_size(), of a character beyond ASCII. */
size_t jinja_wide_space_size(creg_slice source, size_t at);

/** Size of the blank character at `at` as Python's \s sees it; 0: none. */
static inline size_t jinja_space_size(creg_slice source, size_t at)
{
    jinja_byte_class kind = jinja_byte_class_of(jinja_byte_at(source, at));
    return kind == JINJA_BYTE_WIDE ? jinja_wide_space_size(source, at)
                                   : kind == JINJA_BYTE_SPACE;
}

static inline size_t jinja_skip_spaces(creg_slice source, size_t at)
{
    size_t size;
    while ((size = jinja_space_size(source, at)) != 0)
        at += size;
    return at;
}

/** With a fraction, an exponent or both; none behind a dot. */
size_t jinja_scan_float(creg_slice source, size_t at);
size_t jinja_scan_integer(creg_slice source, size_t at);

/** The same as jinja_scan_name(), with characters beyond ASCII. */
size_t jinja_scan_wide_name(creg_slice source, size_t at, bool *ret_valid);

/** A run of word characters; *ret_valid: is it an identifier of Python? */
static inline size_t jinja_scan_name(creg_slice source, size_t at, bool *ret_valid)
{
    size_t end = at;
    while (jinja_is_ascii_word(jinja_byte_at(source, end)))
        end++;
    if (jinja_byte_class_of(jinja_byte_at(source, end)) == JINJA_BYTE_WIDE)
        return jinja_scan_wide_name(source, at, ret_valid);
    *ret_valid = !jinja_is_digit(jinja_byte_at(source, at));
    return end;
}

/** In the quotes of source.data[at]; `at`, too, when the closing one is missing. */
size_t jinja_scan_string(creg_slice source, size_t at);

#endif
