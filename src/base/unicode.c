/* SPDX-License-Identifier: MIT */
/*
 * Character classes and case as CPython 3.11 sees them.
 *
 * ASCII is answered here without a table. For the rest libunistring 1.0 has the same Unicode
 * version as CPython 3.11 (14.0). Two things are CPython's own: numeric ideographs count as
 * numeric, and a capital sigma becomes the final form by the letters around it.
 */
#include "base/unicode.h"

#include <unicase.h>
#include <unictype.h>

#include "base/utf8.h"

/* ---- classes -------------------------------------------------------------------------- */

static bool has_category(uint32_t code_point, uint32_t mask)
{
    return uc_is_general_category_withtable(code_point, mask);
}

static bool is_ascii_letter(uint32_t code_point)
{
    return (code_point | 0x20) >= 'a' && (code_point | 0x20) <= 'z';
}

bool creg_unicode_is_space(uint32_t code_point)
{
    if (code_point < 0x80)
        return code_point == ' ' || (code_point >= 0x09 && code_point <= 0x0D) ||
               (code_point >= 0x1C && code_point <= 0x1F);
    if (has_category(code_point, UC_CATEGORY_MASK_Zs))
        return true;
    int direction = uc_bidi_class(code_point);
    return direction == UC_BIDI_WS || direction == UC_BIDI_B || direction == UC_BIDI_S;
}

bool creg_unicode_is_printable(uint32_t code_point)
{
    if (code_point < 0x7F)
        return code_point >= 0x20;
    return !has_category(code_point, UC_CATEGORY_MASK_Cc | UC_CATEGORY_MASK_Cf |
                                         UC_CATEGORY_MASK_Cs | UC_CATEGORY_MASK_Co |
                                         UC_CATEGORY_MASK_Cn | UC_CATEGORY_MASK_Zl |
                                         UC_CATEGORY_MASK_Zp | UC_CATEGORY_MASK_Zs);
}

bool creg_unicode_is_alpha(uint32_t code_point)
{
    if (code_point < 0x80)
        return is_ascii_letter(code_point);
    return has_category(code_point, UC_CATEGORY_MASK_L);
}

int creg_unicode_decimal(uint32_t code_point)
{
    if (code_point < 0x80)
        return code_point >= '0' && code_point <= '9' ? (int)(code_point - '0') : -1;
    return uc_decimal_value(code_point);
}

bool creg_unicode_is_digit(uint32_t code_point)
{
    if (code_point < 0x80)
        return code_point >= '0' && code_point <= '9';
    return uc_digit_value(code_point) >= 0;
}

/* The ideographs that stand for numbers: in the Unihan data, which libunistring leaves out. */
static const uint32_t numeric_ideographs[] = {
    0x3405,  0x3483,  0x382A,  0x3B4D,  0x4E00,  0x4E03,  0x4E07,  0x4E09,  0x4E5D,  0x4E8C,
    0x4E94,  0x4E96,  0x4EBF,  0x4EC0,  0x4EDF,  0x4EE8,  0x4F0D,  0x4F70,  0x5104,  0x5146,
    0x5169,  0x516B,  0x516D,  0x5341,  0x5343,  0x5344,  0x5345,  0x534C,  0x53C1,  0x53C2,
    0x53C3,  0x53C4,  0x56DB,  0x58F1,  0x58F9,  0x5E7A,  0x5EFE,  0x5EFF,  0x5F0C,  0x5F0D,
    0x5F0E,  0x5F10,  0x62FE,  0x634C,  0x67D2,  0x6F06,  0x7396,  0x767E,  0x8086,  0x842C,
    0x8CAE,  0x8CB3,  0x8D30,  0x9621,  0x9646,  0x964C,  0x9678,  0x96F6,  0x20001, 0x20064,
    0x200E2, 0x20121, 0x2092A, 0x20983, 0x2098C, 0x2099C, 0x20AEA, 0x20AFD, 0x20B19, 0x22390,
    0x22998, 0x23B1B, 0x2626D,
};

static bool is_numeric_ideograph(uint32_t code_point)
{
    size_t low = 0;
    size_t high = sizeof numeric_ideographs / sizeof numeric_ideographs[0];
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (numeric_ideographs[middle] == code_point)
            return true;
        if (numeric_ideographs[middle] < code_point)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

bool creg_unicode_is_numeric(uint32_t code_point)
{
    if (code_point < 0x80)
        return code_point >= '0' && code_point <= '9';
    return uc_numeric_value(code_point).denominator != 0 || is_numeric_ideograph(code_point);
}

bool creg_unicode_is_alnum(uint32_t code_point)
{
    return creg_unicode_is_alpha(code_point) || creg_unicode_is_numeric(code_point) ||
           creg_unicode_is_digit(code_point);
}

bool creg_unicode_is_lower(uint32_t code_point)
{
    if (code_point < 0x80)
        return code_point >= 'a' && code_point <= 'z';
    return uc_is_property_lowercase(code_point);
}

bool creg_unicode_is_upper(uint32_t code_point)
{
    if (code_point < 0x80)
        return code_point >= 'A' && code_point <= 'Z';
    return uc_is_property_uppercase(code_point);
}

bool creg_unicode_is_title(uint32_t code_point)
{
    return code_point >= 0x80 && has_category(code_point, UC_CATEGORY_MASK_Lt);
}

bool creg_unicode_is_cased(uint32_t code_point)
{
    if (code_point < 0x80)
        return is_ascii_letter(code_point);
    return uc_is_property_cased(code_point);
}

bool creg_unicode_is_name_start(uint32_t code_point)
{
    if (code_point < 0x80)
        return is_ascii_letter(code_point) || code_point == '_';
    return uc_is_property_xid_start(code_point);
}

bool creg_unicode_is_name_part(uint32_t code_point)
{
    if (code_point < 0x80)
        return is_ascii_letter(code_point) || code_point == '_' ||
               (code_point >= '0' && code_point <= '9');
    return uc_is_property_xid_continue(code_point);
}

/* ---- case of one character ------------------------------------------------------------ */

typedef enum mapping { TO_LOWER, TO_UPPER, TO_TITLE, TO_FOLD } mapping;

static char map_ascii(char byte, mapping to)
{
    if (to == TO_LOWER || to == TO_FOLD)
        return byte >= 'A' && byte <= 'Z' ? (char)(byte + 0x20) : byte;
    return byte >= 'a' && byte <= 'z' ? (char)(byte - 0x20) : byte;
}

/* One character may become up to three; the buffer has room, so libunistring allocates
 * nothing. Without a language there are no Turkish or Lithuanian rules, as in Python. */
static void append_mapped(creg_text *text, uint32_t code_point, mapping to)
{
    if (code_point < 0x80) {
        creg_text_byte(text, map_ascii((char)code_point, to));
        return;
    }
    uint32_t mapped[8];
    size_t count = sizeof mapped / sizeof mapped[0];
    uint32_t *result = NULL;
    if (to == TO_LOWER)
        result = u32_tolower(&code_point, 1, NULL, NULL, mapped, &count);
    else if (to == TO_UPPER)
        result = u32_toupper(&code_point, 1, NULL, NULL, mapped, &count);
    else if (to == TO_TITLE)
        result = u32_totitle(&code_point, 1, NULL, NULL, mapped, &count);
    else
        result = u32_casefold(&code_point, 1, NULL, NULL, mapped, &count);
    if (result != mapped) {
        text->failed = CREG_NO_MEMORY;
        return;
    }
    for (size_t i = 0; i < count; i++)
        creg_text_code_point(text, mapped[i]);
}

/* ---- case of text --------------------------------------------------------------------- */

enum { CAPITAL_SIGMA = 0x3A3, SMALL_SIGMA = 0x3C3, FINAL_SIGMA = 0x3C2 };

static bool cased_before(creg_slice source, size_t at)
{
    while (at > 0) {
        size_t width;
        at = creg_utf8_before(source, at);
        uint32_t code_point = creg_utf8_decode(source.data + at, &width);
        if (!uc_is_property_case_ignorable(code_point))
            return creg_unicode_is_cased(code_point);
    }
    return false;
}

static bool cased_after(creg_slice source, size_t at)
{
    while (at < source.size) {
        size_t width;
        uint32_t code_point = creg_utf8_decode(source.data + at, &width);
        if (!uc_is_property_case_ignorable(code_point))
            return creg_unicode_is_cased(code_point);
        at += width;
    }
    return false;
}

/* The character at `at`, `width` bytes, in lower case. */
static void append_lower(creg_text *text, creg_slice source, size_t at, uint32_t code_point,
                         size_t width)
{
    if (code_point != CAPITAL_SIGMA) {
        append_mapped(text, code_point, TO_LOWER);
        return;
    }
    bool final = cased_before(source, at) && !cased_after(source, at + width);
    creg_text_code_point(text, final ? FINAL_SIGMA : SMALL_SIGMA);
}

static void append_ascii(creg_text *text, creg_slice source, mapping to)
{
    if (!creg_text_reserve(text, source.size))
        return;
    for (size_t i = 0; i < source.size; i++)
        text->data[text->size + i] = map_ascii(source.data[i], to);
    text->size += source.size;
}

static void map_all(creg_text *text, creg_slice source, mapping to)
{
    if (creg_utf8_is_ascii(source)) {
        append_ascii(text, source, to);
        return;
    }
    for (size_t at = 0; at < source.size;) {
        size_t width;
        uint32_t code_point = creg_utf8_decode(source.data + at, &width);
        if (to == TO_LOWER)
            append_lower(text, source, at, code_point, width);
        else
            append_mapped(text, code_point, to);
        at += width;
    }
}

void creg_unicode_upper(creg_text *text, creg_slice source)
{
    map_all(text, source, TO_UPPER);
}

void creg_unicode_lower(creg_text *text, creg_slice source)
{
    map_all(text, source, TO_LOWER);
}

void creg_unicode_casefold(creg_text *text, creg_slice source)
{
    map_all(text, source, TO_FOLD);
}

void creg_unicode_title(creg_text *text, creg_slice source)
{
    bool inside_word = false;
    for (size_t at = 0; at < source.size;) {
        size_t width;
        uint32_t code_point = creg_utf8_decode(source.data + at, &width);
        if (inside_word)
            append_lower(text, source, at, code_point, width);
        else
            append_mapped(text, code_point, TO_TITLE);
        inside_word = creg_unicode_is_cased(code_point);
        at += width;
    }
}

void creg_unicode_capitalize(creg_text *text, creg_slice source)
{
    for (size_t at = 0; at < source.size;) {
        size_t width;
        uint32_t code_point = creg_utf8_decode(source.data + at, &width);
        if (at == 0)
            append_mapped(text, code_point, TO_TITLE);
        else
            append_lower(text, source, at, code_point, width);
        at += width;
    }
}

void creg_unicode_swapcase(creg_text *text, creg_slice source)
{
    for (size_t at = 0; at < source.size;) {
        size_t width;
        uint32_t code_point = creg_utf8_decode(source.data + at, &width);
        if (creg_unicode_is_upper(code_point))
            append_lower(text, source, at, code_point, width);
        else if (creg_unicode_is_lower(code_point))
            append_mapped(text, code_point, TO_UPPER);
        else
            creg_text_code_point(text, code_point);
        at += width;
    }
}

/* ---- repr ----------------------------------------------------------------------------- */

static void append_escaped(creg_text *text, uint32_t code_point)
{
    if (code_point == '\n')
        creg_text_string(text, "\\n");
    else if (code_point == '\r')
        creg_text_string(text, "\\r");
    else if (code_point == '\t')
        creg_text_string(text, "\\t");
    else if (code_point < 0x100)
        creg_text_format(text, "\\x%02x", (unsigned)code_point);
    else if (code_point < 0x10000)
        creg_text_format(text, "\\u%04x", (unsigned)code_point);
    else
        creg_text_format(text, "\\U%08x", (unsigned)code_point);
}

/* The bytes from `at` on that show as they are: no quote, backslash, control or non-ASCII. */
static size_t plain_run(creg_slice source, size_t at, char quote)
{
    size_t start = at;
    while (at < source.size) {
        unsigned char byte = (unsigned char)source.data[at];
        if (byte < 0x20 || byte >= 0x7F || byte == '\\' || source.data[at] == quote)
            break;
        at++;
    }
    return at - start;
}

static bool holds(creg_slice source, char byte)
{
    return source.size > 0 && memchr(source.data, byte, source.size) != NULL;
}

void creg_unicode_repr(creg_text *text, creg_slice source)
{
    char quote = holds(source, '\'') && !holds(source, '"') ? '"' : '\'';
    creg_text_byte(text, quote);
    for (size_t at = 0; at < source.size;) {
        size_t run = plain_run(source, at, quote);
        creg_text_append(text, source.data + at, run);
        at += run;
        if (at == source.size)
            break;
        size_t width;
        uint32_t code_point = creg_utf8_decode(source.data + at, &width);
        if (code_point == (uint32_t)(unsigned char)quote || code_point == '\\') {
            creg_text_byte(text, '\\');
            creg_text_byte(text, (char)code_point);
        } else if (creg_unicode_is_printable(code_point)) {
            creg_text_append(text, source.data + at, width);
        } else {
            append_escaped(text, code_point);
        }
        at += width;
    }
    creg_text_byte(text, quote);
}
