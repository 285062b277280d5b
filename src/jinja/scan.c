/* SPDX-License-Identifier: MIT */
/*
 * How far a piece of a tag goes; see scan.h.
 */
#include "jinja/scan.h"

#include <unictype.h>
#include <unistr.h>

/* ---- blanks --------------------------------------------------------------------------- */

enum { O = JINJA_BYTE_OTHER, S = JINJA_BYTE_SPACE, D = JINJA_BYTE_DIGIT, W = JINJA_BYTE_WORD };
/* clang-format off */
const uint8_t jinja_byte_classes[128] = {
    O, O, O, O, O, O, O, O, O, S, S, S, S, S, O, O,
    O, O, O, O, O, O, O, O, O, O, O, O, S, S, S, S,
    S, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O,
    D, D, D, D, D, D, D, D, D, D, O, O, O, O, O, O,
    O, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
    W, W, W, W, W, W, W, W, W, W, W, O, O, O, O, W,
    O, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
    W, W, W, W, W, W, W, W, W, W, W, O, O, O, O, O,
};
/* clang-format on */

size_t jinja_wide_space_size(creg_slice source, size_t at)
{
    ucs4_t code;
    int size = u8_mbtouc(&code, (const uint8_t *)source.data + at, source.size - at);
    bool blank = code == 0x85 || code == 0xA0 || code == 0x1680 ||
                 (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 ||
                 code == 0x202F || code == 0x205F || code == 0x3000;
    return blank ? (size_t)size : 0;
}

/* ---- numbers -------------------------------------------------------------------------- */

static bool is_base_digit(char byte, int base)
{
    if (base == 2)
        return byte == '0' || byte == '1';
    if (base == 8)
        return byte >= '0' && byte <= '7';
    return jinja_is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

/* Digits with single underscores between them, from a digit on; `at` itself when none. */
static size_t scan_digits(creg_slice source, size_t at)
{
    if (!jinja_is_digit(jinja_byte_at(source, at)))
        return at;
    for (;;) {
        if (jinja_is_digit(jinja_byte_at(source, at)))
            at++;
        else if (jinja_byte_at(source, at) == '_' &&
                 jinja_is_digit(jinja_byte_at(source, at + 1)))
            at += 2;
        else
            return at;
    }
}

static size_t scan_exponent(creg_slice source, size_t at)
{
    if (jinja_byte_at(source, at) != 'e' && jinja_byte_at(source, at) != 'E')
        return at;
    size_t digits = at + 1;
    if (jinja_byte_at(source, digits) == '+' || jinja_byte_at(source, digits) == '-')
        digits++;
    size_t end = scan_digits(source, digits);
    return end == digits ? at : end;
}

size_t jinja_scan_float(creg_slice source, size_t at)
{
    if (at > 0 && source.data[at - 1] == '.')
        return at;
    size_t whole = scan_digits(source, at);
    if (whole == at)
        return at;
    size_t fraction = whole;
    if (jinja_byte_at(source, whole) == '.' && jinja_is_digit(jinja_byte_at(source, whole + 1)))
        fraction = scan_digits(source, whole + 1);
    size_t end = scan_exponent(source, fraction);
    return end == whole ? at : end;
}

static size_t scan_based(creg_slice source, size_t at, int base)
{
    size_t end = at + 2;
    for (;;) {
        size_t digit = jinja_byte_at(source, end) == '_' ? end + 1 : end;
        if (!is_base_digit(jinja_byte_at(source, digit), base))
            break;
        end = digit + 1;
    }
    return end == at + 2 ? at : end;
}

size_t jinja_scan_integer(creg_slice source, size_t at)
{
    char first = jinja_byte_at(source, at);
    if (!jinja_is_digit(first))
        return at;
    if (first != '0')
        return scan_digits(source, at);
    char mark = jinja_byte_at(source, at + 1);
    int base = mark == 'b' || mark == 'B'   ? 2
               : mark == 'o' || mark == 'O' ? 8
               : mark == 'x' || mark == 'X' ? 16
                                            : 0;
    size_t end = base == 0 ? at : scan_based(source, at, base);
    if (end > at)
        return end;
    end = at + 1;
    for (;;) {
        size_t digit = jinja_byte_at(source, end) == '_' ? end + 1 : end;
        if (jinja_byte_at(source, digit) != '0')
            return end;
        end = digit + 1;
    }
}

/* ---- names and strings ----------------------------------------------------------------- */

size_t jinja_scan_wide_name(creg_slice source, size_t at, bool *ret_valid)
{
    size_t begin_at = at;
    bool valid = !jinja_is_digit(jinja_byte_at(source, at));
    while (at < source.size) {
        unsigned char byte = (unsigned char)source.data[at];
        if (byte < 0x80) {
            if (!jinja_is_ascii_word((char)byte))
                break;
            at++;
            continue;
        }
        ucs4_t code;
        int size = u8_mbtouc(&code, (const uint8_t *)source.data + at, source.size - at);
        bool continues = uc_is_property_xid_continue(code);
        bool word = continues || uc_is_general_category_withtable(code, UC_CATEGORY_MASK_L |
                                                                            UC_CATEGORY_MASK_N);
        if (!word)
            break;
        valid = valid && (at == begin_at ? uc_is_property_xid_start(code) : continues);
        at += (size_t)size;
    }
    *ret_valid = valid;
    return at;
}

size_t jinja_scan_string(creg_slice source, size_t at)
{
    char quote = jinja_byte_at(source, at);
    for (size_t p = at + 1; p < source.size; p++) {
        if (source.data[p] == '\\')
            p++;
        else if (source.data[p] == quote)
            return p + 1;
    }
    return at;
}
