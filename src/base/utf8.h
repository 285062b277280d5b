/* SPDX-License-Identifier: MIT */
/*
 * UTF-8: checking what comes from outside, and walking what is known to be valid.
 *
 * "Valid" is RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF. Everything
 * but creg_utf8_check() takes valid text and an index or offset that lies inside it.
 * Threads: any.
 */
#ifndef CREG_BASE_UTF8_H
#define CREG_BASE_UTF8_H

#include "confreg/base.h"

/** The offset of the first byte that is not part of valid UTF-8, or text.size. */
size_t creg_utf8_check(creg_slice text);

static inline bool creg_utf8_valid(creg_slice text)
{
    return creg_utf8_check(text) == text.size;
}

/** True when every byte is below 0x80. */
bool creg_utf8_is_ascii(creg_slice text);

/** How many code points. */
size_t creg_utf8_count(creg_slice text);

/** The byte offset of code point `index`; text.size when there are no more than `index`. */
size_t creg_utf8_offset(creg_slice text, size_t index);

/** Bytes of the sequence that begins with `lead`. */
static inline size_t creg_utf8_width(char lead)
{
    unsigned char byte = (unsigned char)lead;
    return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

/** Is it a byte in the middle of a sequence? */
static inline bool creg_utf8_is_tail(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

/** The code point at `at`; `*ret_size` is how many bytes it takes. */
static inline uint32_t creg_utf8_decode(const char *at, size_t *ret_size)
{
    const unsigned char *bytes = (const unsigned char *)at;
    if (bytes[0] < 0x80) {
        *ret_size = 1;
        return bytes[0];
    }
    if (bytes[0] < 0xE0) {
        *ret_size = 2;
        return (bytes[0] & 0x1Fu) << 6 | (bytes[1] & 0x3Fu);
    }
    if (bytes[0] < 0xF0) {
        *ret_size = 3;
        return (bytes[0] & 0x0Fu) << 12 | (bytes[1] & 0x3Fu) << 6 | (bytes[2] & 0x3Fu);
    }
    *ret_size = 4;
    return (bytes[0] & 0x07u) << 18 | (bytes[1] & 0x3Fu) << 12 | (bytes[2] & 0x3Fu) << 6 |
           (bytes[3] & 0x3Fu);
}

/** The offset of the code point before offset `at` (which is not 0). */
static inline size_t creg_utf8_before(creg_slice text, size_t at)
{
    do
        at--;
    while (at > 0 && creg_utf8_is_tail(text.data[at]));
    return at;
}

/** Write a code point; returns its size, 1 to 4. */
size_t creg_utf8_encode(uint32_t code_point, char bytes[4]);

#endif
