/* SPDX-License-Identifier: MIT */
/*
 * Strict base64: padding required, no white space, unused bits zero. So one value has one
 * spelling, and a damaged export is noticed.
 */
#include "base64.h"

static const char letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t cli_base64_size(size_t size)
{
    return (size + 2) / 3 * 4 + 1;
}

size_t cli_base64_encode(creg_slice bytes, char *to)
{
    const unsigned char *from = (const unsigned char *)bytes.data;
    char *start = to;
    for (size_t at = 0; at < bytes.size; at += 3) {
        size_t left = bytes.size - at;
        uint32_t group = (uint32_t)from[at] << 16;
        if (left > 1)
            group |= (uint32_t)from[at + 1] << 8;
        if (left > 2)
            group |= from[at + 2];
        *to++ = letters[group >> 18];
        *to++ = letters[group >> 12 & 63];
        *to++ = left > 1 ? letters[group >> 6 & 63] : '=';
        *to++ = left > 2 ? letters[group & 63] : '=';
    }
    *to = '\0';
    return (size_t)(to - start);
}

static int value_of(char letter)
{
    if (letter == '\0')
        return -1;
    const char *found = strchr(letters, letter);
    return found == NULL ? -1 : (int)(found - letters);
}

/* Four characters, of which the last `padding` are '='. */
static bool decode_group(const char *four, int padding, uint32_t *ret_group)
{
    uint32_t group = 0;
    for (int at = 0; at < 4; at++) {
        int value = at < 4 - padding ? value_of(four[at]) : 0;
        if (value < 0)
            return false;
        group = group << 6 | (uint32_t)value;
    }
    *ret_group = group;
    uint32_t unused = padding == 2 ? 0xFFFF : padding == 1 ? 0xFF : 0;
    return (group & unused) == 0;
}

bool cli_base64_decode(creg_slice text, char *to, size_t *ret_size)
{
    if (text.size % 4 != 0)
        return false;
    char *start = to;
    for (size_t at = 0; at < text.size; at += 4) {
        const char *four = text.data + at;
        bool last = at + 4 == text.size;
        int padding = !last || four[3] != '=' ? 0 : four[2] != '=' ? 1 : 2;
        uint32_t group;
        if (!decode_group(four, padding, &group))
            return false;
        *to++ = (char)(group >> 16 & 0xFF);
        if (padding < 2)
            *to++ = (char)(group >> 8 & 0xFF);
        if (padding < 1)
            *to++ = (char)(group & 0xFF);
    }
    *ret_size = (size_t)(to - start);
    return true;
}
