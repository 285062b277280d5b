/* SPDX-License-Identifier: MIT */
/*
 * UTF-8, with a fast way for the ASCII that most configuration is.
 */
#include "base/utf8.h"

#define HIGH_BITS 0x8080808080808080u

static uint64_t load_word(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* The offset of the first byte from `at` on that is not ASCII. */
static size_t skip_ascii(creg_slice text, size_t at)
{
    while (text.size - at >= 8 && (load_word(text.data + at) & HIGH_BITS) == 0)
        at += 8;
    while (at < text.size && (unsigned char)text.data[at] < 0x80)
        at++;
    return at;
}

bool creg_utf8_is_ascii(creg_slice text)
{
    return skip_ascii(text, 0) == text.size;
}

/* The size of the valid sequence at `bytes`, or 0. The second byte decides overlong forms,
 * surrogates and the upper end. */
static size_t sequence_size(const unsigned char *bytes, size_t left)
{
    unsigned char lead = bytes[0];
    size_t size = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (size == 0 || size > left || lead > 0xF4)
        return 0;
    if (size == 1)
        return 1;
    unsigned char lowest = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned char highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (bytes[1] < lowest || bytes[1] > highest)
        return 0;
    for (size_t i = 2; i < size; i++)
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
    return size;
}

size_t creg_utf8_check(creg_slice text)
{
    size_t at = 0;
    while (at < text.size) {
        at = skip_ascii(text, at);
        if (at == text.size)
            break;
        size_t size = sequence_size((const unsigned char *)text.data + at, text.size - at);
        if (size == 0)
            return at;
        at += size;
    }
    return at;
}

size_t creg_utf8_count(creg_slice text)
{
    size_t tails = 0;
    for (size_t at = 0; at < text.size; at++)
        tails += creg_utf8_is_tail(text.data[at]);
    return text.size - tails;
}

/* Eight bytes at a time while none of them is outside ASCII; then code point by code point. */
size_t creg_utf8_offset(creg_slice text, size_t index)
{
    size_t at = 0;
    while (index > 0 && at < text.size) {
        if (index >= 8 && text.size - at >= 8 && (load_word(text.data + at) & HIGH_BITS) == 0) {
            at += 8;
            index -= 8;
            continue;
        }
        at += creg_utf8_width(text.data[at]);
        index--;
    }
    return at;
}

size_t creg_utf8_encode(uint32_t code_point, char bytes[4])
{
    if (code_point < 0x80) {
        bytes[0] = (char)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        bytes[0] = (char)(0xC0 | code_point >> 6);
        bytes[1] = (char)(0x80 | (code_point & 0x3F));
        return 2;
    }
    if (code_point < 0x10000) {
        bytes[0] = (char)(0xE0 | code_point >> 12);
        bytes[1] = (char)(0x80 | (code_point >> 6 & 0x3F));
        bytes[2] = (char)(0x80 | (code_point & 0x3F));
        return 3;
    }
    bytes[0] = (char)(0xF0 | code_point >> 18);
    bytes[1] = (char)(0x80 | (code_point >> 12 & 0x3F));
    bytes[2] = (char)(0x80 | (code_point >> 6 & 0x3F));
    bytes[3] = (char)(0x80 | (code_point & 0x3F));
    return 4;
}
