/* SPDX-License-Identifier: MIT */
/*
 * What is a URL or an e-mail address in running text, as Jinja's urlize sees it.
 *
 * Jinja2 decides by regular expressions; these scanners accept the same texts and look at
 * each byte a fixed number of times, so that no text can make them slow.
 */
#include "jinja/urlize.h"

#include "base/unicode.h"
#include "base/utf8.h"

static creg_slice cut(creg_slice text, size_t start, size_t end)
{
    return creg_slice_make(text.data + start, end - start);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool starts_with_any_case(creg_slice text, const char *start)
{
    size_t size = strlen(start);
    if (text.size < size)
        return false;
    for (size_t i = 0; i < size; i++)
        if (lower(text.data[i]) != start[i])
            return false;
    return true;
}

/* The offset of a byte from `at` on, or the text's size. */
static size_t find_byte(creg_slice text, size_t at, char byte)
{
    const char *found = at < text.size ? memchr(text.data + at, byte, text.size - at) : NULL;
    return found == NULL ? text.size : (size_t)(found - text.data);
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static bool is_word(uint32_t c)
{
    return c == '_' || creg_unicode_is_alnum(c);
}

/* Counts the characters when all of them are word characters or stand in `others`; else 0. */
size_t jinja_count_word(creg_slice text, const char *others)
{
    size_t count = 0;
    for (size_t at = 0; at < text.size; count++) {
        size_t width;
        uint32_t c = creg_utf8_decode(text.data + at, &width);
        bool other = c > 0 && c < 0x80 && strchr(others, (int)c) != NULL;
        if (!other && !is_word(c))
            return 0;
        at += width;
    }
    return count;
}

/* ---- hosts ------------------------------------------------------------------------------ */

/* Digits of any script, `least` to `most` of them. */
static bool is_digits(creg_slice text, size_t least, size_t most)
{
    size_t count = 0;
    for (size_t at = 0; at < text.size; count++) {
        size_t width;
        if (creg_unicode_decimal(creg_utf8_decode(text.data + at, &width)) < 0)
            return false;
        at += width;
    }
    return count >= least && count <= most;
}

static bool is_letters(creg_slice text, size_t least, size_t most)
{
    for (size_t i = 0; i < text.size; i++)
        if (lower(text.data[i]) < 'a' || lower(text.data[i]) > 'z')
            return false;
    return text.size >= least && text.size <= most;
}

static bool is_top_level(creg_slice label)
{
    if (is_letters(label, 2, 63))
        return true;
    if (!starts_with_any_case(label, "xn--"))
        return false;
    size_t count = jinja_count_word(cut(label, 4, label.size), "%");
    return count >= 2 && count <= 59;
}

static bool is_basic_top_level(creg_slice label)
{
    static const char *const known[] = {"com", "net", "int",  "edu",
                                        "gov", "org", "info", "mil"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (label.size == strlen(known[i]) && starts_with_any_case(label, known[i]))
            return true;
    return false;
}

/* "a.b.c": are all labels but the last made of word characters, '%' and '-', and is the last
 * a top level domain? Without a scheme labels have 2 to 63 characters, and one is needed. */
static bool is_domain(creg_slice host, bool bare)
{
    size_t labels = 0;
    size_t at = 0;
    for (size_t dot = find_byte(host, 0, '.'); dot < host.size; labels++) {
        size_t count = jinja_count_word(cut(host, at, dot), "%-");
        if (count == 0 || (bare && (count < 2 || count > 63)))
            return false;
        at = dot + 1;
        dot = find_byte(host, at, '.');
    }
    creg_slice last = cut(host, at, host.size);
    return bare ? labels > 0 && is_basic_top_level(last) : is_top_level(last);
}

static bool is_ipv4(creg_slice host)
{
    size_t at = 0;
    for (int part = 0; part < 4; part++) {
        size_t end = part < 3 ? find_byte(host, at, '.') : host.size;
        if (end > host.size || (part < 3 && end == host.size) ||
            !is_digits(cut(host, at, end), 1, 3))
            return false;
        at = end + 1;
    }
    return true;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'f');
}

/* Inside the brackets: two groups of up to four digits that end in ':', then up to six whose
 * ':' may be missing. */
static bool is_ipv6(creg_slice text)
{
    size_t groups = 0;
    size_t digits = 0;
    for (size_t at = 0; at <= text.size; at++) {
        bool ends = at == text.size;
        if (!ends && is_hex(text.data[at])) {
            digits++;
            continue;
        }
        if (!ends && text.data[at] != ':')
            return false;
        if (groups < 2 && (ends || digits > 4))
            return false;
        groups += groups < 2 || (digits == 0 && !ends) ? 1 : (digits + 3) / 4;
        digits = 0;
    }
    return groups >= 2 && groups <= 8;
}

/* What follows the host: nothing, or ":12345". */
static bool is_port(creg_slice text)
{
    return text.size == 0 || (text.data[0] == ':' && is_digits(cut(text, 1, text.size), 1, 5));
}

static bool is_bracketed(creg_slice host)
{
    size_t close = find_byte(host, 0, ']');
    return host.size > 0 && host.data[0] == '[' && close < host.size &&
           is_ipv6(cut(host, 1, close)) && is_port(cut(host, close + 1, host.size));
}

bool jinja_is_url(creg_slice text)
{
    size_t scheme = 0;
    bool www = false;
    if (starts_with_any_case(text, "http://"))
        scheme = 7;
    else if (starts_with_any_case(text, "https://"))
        scheme = 8;
    else if (starts_with_any_case(text, "www."))
        www = true;

    size_t end = scheme; /* of host and port */
    while (end < text.size && !is_one_of(text.data[end], "/?#"))
        end++;
    creg_slice rest = cut(text, scheme, end);
    if (scheme > 0 && is_bracketed(rest))
        return true;
    size_t colon = find_byte(rest, 0, ':');
    creg_slice host = cut(rest, 0, colon);
    if (!is_port(cut(rest, colon, rest.size)))
        return false;
    if (scheme > 0)
        return is_domain(host, false) || is_ipv4(host);
    return (www && is_domain(cut(host, 4, host.size), false)) || is_domain(host, true);
}

bool jinja_is_email(creg_slice text)
{
    size_t at = text.size;
    while (at > 0 && text.data[at - 1] != '@')
        at--;
    if (at < 2) /* something must stand before the '@' */
        return false;
    creg_slice host = cut(text, at, text.size);
    size_t dot = host.size;
    while (dot > 0 && host.data[dot - 1] != '.')
        dot--;
    if (dot < 2 || host.data[0] == '.' || host.data[0] == '-')
        return false;
    return jinja_count_word(host, ".-") > 0 &&
           jinja_count_word(cut(host, dot, host.size), "") > 0;
}
