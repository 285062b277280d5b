/* SPDX-License-Identifier: MIT */
/*
 * HTML's character references back to characters, by the rules of the HTML standard that
 * Python's html.unescape follows: names with or without ';', the longest that fits; numbers
 * with the old meanings of 0x80 to 0x9F.
 */
#include "jinja/builtins.h"

#include "jinja/html_entities.h"

/* The longest name that does without ';', such as "frac34". */
enum { BARE_NAME_MAX = 6 };

/* What browsers make of the control characters 0x80 to 0x9F. */
static const uint16_t windows_1252[32] = {
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178,
};

static bool is_noncharacter(uint32_t c)
{
    bool control = (c < 0x20 && c != '\t' && c != '\n' && c != '\f' && c != '\r') || c == 0x7F;
    return control || (c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFE) == 0xFFFE;
}

static void append_code(creg_text *out, uint32_t c)
{
    if (c >= 0x80 && c <= 0x9F)
        c = windows_1252[c - 0x80];
    else if (c == 0 || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        c = 0xFFFD;
    else if (is_noncharacter(c))
        return;
    creg_text_code_point(out, c);
}

static int digit_value(char c, uint32_t base)
{
    int value = -1;
    if (c >= '0' && c <= '9')
        value = c - '0';
    else if (c >= 'a' && c <= 'f')
        value = c - 'a' + 10;
    else if (c >= 'A' && c <= 'F')
        value = c - 'A' + 10;
    return value < (int)base ? value : -1;
}

/* "#123;" or "#x7b;" at `at`; how many bytes it takes, 0 when it is none. */
static size_t take_number(const char *at, size_t left, creg_text *out)
{
    bool hex = left > 1 && (at[1] == 'x' || at[1] == 'X');
    uint32_t base = hex ? 16 : 10;
    size_t start = hex ? 2 : 1;
    size_t size = start;
    uint32_t number = 0;
    for (; size < left && digit_value(at[size], base) >= 0; size++)
        if (number <= 0x10FFFF) /* past it, all are the same */
            number = number * base + (uint32_t)digit_value(at[size], base);
    if (size == start)
        return 0;
    append_code(out, number);
    return size < left && at[size] == ';' ? size + 1 : size;
}

/* The index of a name, or HTML_ENTITIES. */
static size_t find_entity(const char *name, size_t size)
{
    size_t low = 0;
    size_t high = HTML_ENTITIES;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *entry = html_entity_text + html_entity_at[middle];
        int order = strncmp(name, entry, size);
        if (order == 0 && entry[size] == '\0')
            return middle;
        if (order > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return HTML_ENTITIES;
}

static bool ends_name(char c)
{
    return c == '\0' || c == '\t' || c == '\n' || c == '\f' || c == ' ' || c == '<' ||
           c == '&' || c == '#' || c == ';';
}

/* The longest name at `at`; how many bytes it takes, 0 when there is none. */
static size_t take_name(const char *at, size_t left, creg_text *out)
{
    size_t longest = 0;
    while (longest < left && longest < HTML_ENTITY_NAME_MAX && !ends_name(at[longest]))
        longest++;
    if (longest < left && at[longest] == ';' && longest > 0)
        longest++;
    for (size_t size = longest; size > 1; size--) {
        /* Names without ';' are short, so a long near miss is not tried at each length. */
        if (at[size - 1] != ';' && size > BARE_NAME_MAX)
            size = BARE_NAME_MAX;
        size_t found = find_entity(at, size);
        if (found == HTML_ENTITIES)
            continue;
        size_t start = html_entity_at[found] + size + 1;
        creg_text_append(out, html_entity_text + start, html_entity_at[found + 1] - start);
        return size;
    }
    return 0;
}

void jinja_html_unescape(creg_slice text, creg_text *out)
{
    const char *at = text.data;
    size_t left = text.size;
    while (left > 0 && out->failed == CREG_OK) {
        const char *mark = memchr(at, '&', left);
        size_t plain = mark == NULL ? left : (size_t)(mark - at);
        creg_text_append(out, at, plain);
        at += plain;
        left -= plain;
        if (left == 0)
            return;
        size_t size = left > 1 && at[1] == '#' ? take_number(at + 1, left - 1, out)
                                               : take_name(at + 1, left - 1, out);
        if (size == 0)
            creg_text_byte(out, '&');
        at += size + 1;
        left -= size + 1;
    }
}
