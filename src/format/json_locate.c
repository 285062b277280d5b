/* SPDX-License-Identifier: MIT */
/*
 * From a path to the bytes of a JSON text.
 *
 * The parser keeps no positions, because almost nobody asks. Who has a complaint about a value
 * pays for a second walk here. The text was found to be JSON before (at least up to the place
 * that is looked for), so the walk trusts it and only takes care never to leave it.
 */
#include "format/json.h"

#include "base/text.h"

typedef struct walker {
    const char *start;
    const char *at;
    const char *end;
} walker;

static void skip_space(walker *walk)
{
    while (walk->at < walk->end &&
           (*walk->at == ' ' || *walk->at == '\t' || *walk->at == '\n' || *walk->at == '\r'))
        walk->at++;
}

static void skip_string(walker *walk)
{
    walk->at++;
    while (walk->at < walk->end && *walk->at != '"')
        walk->at += *walk->at == '\\' ? 2 : 1;
    walk->at = walk->end - walk->at > 1 ? walk->at + 1 : walk->end;
}

static bool ends_word(char byte)
{
    return byte == ',' || byte == ']' || byte == '}' || byte == ':' || byte == ' ' ||
           byte == '\t' || byte == '\n' || byte == '\r';
}

static void skip_word(walker *walk)
{
    while (walk->at < walk->end && !ends_word(*walk->at))
        walk->at++;
}

/* One value with all that is in it. Brackets are counted, not matched: the text is JSON. */
static void skip_value(walker *walk)
{
    size_t open = 0;
    do {
        skip_space(walk);
        if (walk->at >= walk->end)
            return;
        char byte = *walk->at;
        if (byte == '"')
            skip_string(walk);
        else if (byte == '[' || byte == '{') {
            open++;
            walk->at++;
        } else if (byte == ']' || byte == '}') {
            open--;
            walk->at++;
        } else if (byte == ',' || byte == ':')
            walk->at++;
        else
            skip_word(walk);
    } while (open > 0);
}

static unsigned hex_value(const char *digits)
{
    unsigned value = 0;
    for (int i = 0; i < 4; i++) {
        char digit = digits[i];
        unsigned part = digit <= '9'   ? (unsigned)(digit - '0')
                        : digit <= 'F' ? (unsigned)(digit - 'A' + 10)
                                       : (unsigned)(digit - 'a' + 10);
        value = value << 4 | (part & 15);
    }
    return value;
}

static char simple_escape(char letter)
{
    switch (letter) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return letter;
    }
}

/* The code point of an escape at `raw` (behind the backslash); moves `raw` behind it. */
static uint32_t take_escape(const char **raw)
{
    char letter = *(*raw)++;
    if (letter != 'u')
        return (uint32_t)(unsigned char)simple_escape(letter);
    uint32_t code_point = hex_value(*raw);
    *raw += 4;
    if (code_point < 0xD800 || code_point > 0xDBFF)
        return code_point;
    uint32_t low = hex_value(*raw + 2);
    *raw += 6;
    return 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00);
}

/* Does the string between the quotes at `raw` say `key`? */
static bool string_says(creg_slice raw, creg_slice key)
{
    if (memchr(raw.data, '\\', raw.size) == NULL)
        return creg_slice_equal(raw, key);
    creg_arena scratch;
    creg_arena_init(&scratch, raw.size * 2 + 65536);
    creg_text text;
    creg_text_init(&text, &scratch, raw.size);
    const char *at = raw.data;
    const char *end = raw.data + raw.size;
    while (at < end) {
        if (*at != '\\') {
            creg_text_byte(&text, *at++);
            continue;
        }
        at++;
        creg_text_code_point(&text, take_escape(&at));
    }
    bool same =
        text.failed == CREG_OK && creg_slice_equal(creg_slice_make(text.data, text.size), key);
    creg_arena_clear(&scratch);
    return same;
}

static bool member_matches(const creg_step *step, size_t index, creg_slice raw_key)
{
    if (creg_value_is(step->key, CREG_KIND_UNDEFINED))
        return step->index == index;
    return string_says(raw_key, creg_value_text(step->key));
}

/* Go to item or member `step` of the container at `walk`; `ret_key` is the member's key. */
static bool enter(walker *walk, const creg_step *step, creg_extent *ret_key)
{
    skip_space(walk);
    if (walk->at >= walk->end || *walk->at != (step->is_item ? '[' : '{'))
        return false;
    walk->at++;
    for (size_t index = 0;; index++) {
        skip_space(walk);
        if (walk->at >= walk->end || *walk->at == ']' || *walk->at == '}')
            return false;
        const char *key = walk->at;
        if (!step->is_item) {
            skip_string(walk);
            *ret_key =
                (creg_extent){(size_t)(key - walk->start), (size_t)(walk->at - walk->start)};
            creg_slice raw = creg_slice_make(key + 1, (size_t)(walk->at - key) - 2);
            skip_space(walk);
            walk->at++;
            skip_space(walk);
            if (member_matches(step, index, raw))
                return true;
        } else if (step->index == index)
            return true;
        skip_value(walk);
        skip_space(walk);
        if (walk->at < walk->end && *walk->at == ',')
            walk->at++;
    }
}

bool creg_json_locate(creg_slice text, creg_path path, creg_extent *ret_extent)
{
    walker walk = {text.data, text.data, text.data + text.size};
    creg_extent key = {0, 0};
    for (size_t i = 0; i < path.size; i++)
        if (!enter(&walk, &path.steps[i], &key))
            return false;
    if (path.on_key && path.size > 0 && !path.steps[path.size - 1].is_item) {
        *ret_extent = key;
        return true;
    }
    skip_space(&walk);
    ret_extent->begin = (size_t)(walk.at - walk.start);
    skip_value(&walk);
    ret_extent->end = (size_t)(walk.at - walk.start);
    return true;
}

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

static bool is_digit_at(const char *at, const char *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

bool creg_json_is_number(creg_slice text)
{
    const char *at = text.data;
    const char *end = text.data + text.size;
    if (at < end && *at == '-')
        at++;
    if (!is_digit_at(at, end))
        return false;
    at = *at == '0' ? at + 1 : skip_digits(at, end);
    if (at < end && *at == '.') {
        if (!is_digit_at(at + 1, end))
            return false;
        at = skip_digits(at + 1, end);
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        if (!is_digit_at(at, end))
            return false;
        at = skip_digits(at, end);
    }
    return at == end;
}
