/* SPDX-License-Identifier: MIT */
/*
 * The methods of str, Markup and bytes that do not search: case, character classes, padding,
 * join, format, encode. methods_search.c has the others.
 */
#include "base/unicode.h"
#include "base/utf8.h"
#include "jinja/formatting.h"
#include "jinja/methods.h"
#include "value/integer.h"

static creg_status charge_self(jinja_call *call)
{
    return jinja_charge(call->run, call->args[0].size / 64);
}

/* ---- case ------------------------------------------------------------------------------- */

typedef void (*case_mapping)(creg_text *text, creg_slice source);

static creg_status change_case(jinja_call *call, case_mapping mapping, creg_value *ret_value)
{
    creg_text text;
    creg_status status = charge_self(call);
    if (status != CREG_OK)
        return status;
    jinja_text_init(call->run, &text);
    mapping(&text, creg_value_text(call->args[0]));
    return jinja_text_of_self(call, &text, ret_value);
}

static creg_status method_upper(jinja_call *call, creg_value *ret_value)
{
    return change_case(call, creg_unicode_upper, ret_value);
}

static creg_status method_lower(jinja_call *call, creg_value *ret_value)
{
    return change_case(call, creg_unicode_lower, ret_value);
}

static creg_status method_title(jinja_call *call, creg_value *ret_value)
{
    return change_case(call, creg_unicode_title, ret_value);
}

static creg_status method_capitalize(jinja_call *call, creg_value *ret_value)
{
    return change_case(call, creg_unicode_capitalize, ret_value);
}

static creg_status method_swapcase(jinja_call *call, creg_value *ret_value)
{
    return change_case(call, creg_unicode_swapcase, ret_value);
}

/* markupsafe leaves this one to str: no Markup comes back. */
static creg_status method_casefold(jinja_call *call, creg_value *ret_value)
{
    creg_status status = change_case(call, creg_unicode_casefold, ret_value);
    ret_value->flags &= (uint8_t)~CREG_STRING_MARKUP;
    return status;
}

/* Bytes know the case of ASCII only. */
static creg_status map_bytes(jinja_call *call, bool upper, creg_value *ret_value)
{
    creg_value self = call->args[0];
    creg_status status = jinja_charge_bytes(call->run, self.size, 1);
    if (status != CREG_OK)
        return status;
    char *mapped = creg_arena_take(call->run->arena, self.size);
    if (mapped == NULL)
        return jinja_fail_arena(call->run);
    for (size_t i = 0; i < self.size; i++) {
        char byte = self.as.text[i];
        bool changes = upper ? byte >= 'a' && byte <= 'z' : byte >= 'A' && byte <= 'Z';
        mapped[i] = (char)(changes ? byte ^ 0x20 : byte);
    }
    *ret_value = jinja_part(self, mapped, self.size);
    return CREG_OK;
}

static creg_status method_bytes_upper(jinja_call *call, creg_value *ret_value)
{
    return map_bytes(call, true, ret_value);
}

static creg_status method_bytes_lower(jinja_call *call, creg_value *ret_value)
{
    return map_bytes(call, false, ret_value);
}

/* ---- classes ---------------------------------------------------------------------------- */

/* True when every character is one; an empty text gives `empty`. */
static creg_status all_are(jinja_call *call, bool (*is)(uint32_t), bool empty,
                           creg_value *ret_value)
{
    creg_slice text = creg_value_text(call->args[0]);
    creg_status status = charge_self(call);
    bool answer = text.size > 0 || empty;
    for (size_t at = 0; at < text.size && answer;) {
        size_t width;
        answer = is(creg_utf8_decode(text.data + at, &width));
        at += width;
    }
    *ret_value = creg_value_bool(answer);
    return status;
}

static bool is_decimal(uint32_t code_point)
{
    return creg_unicode_decimal(code_point) >= 0;
}

static bool is_ascii(uint32_t code_point)
{
    return code_point < 0x80;
}

static creg_status method_isalnum(jinja_call *call, creg_value *ret_value)
{
    return all_are(call, creg_unicode_is_alnum, false, ret_value);
}

static creg_status method_isalpha(jinja_call *call, creg_value *ret_value)
{
    return all_are(call, creg_unicode_is_alpha, false, ret_value);
}

static creg_status method_isascii(jinja_call *call, creg_value *ret_value)
{
    return all_are(call, is_ascii, true, ret_value);
}

static creg_status method_isdecimal(jinja_call *call, creg_value *ret_value)
{
    return all_are(call, is_decimal, false, ret_value);
}

static creg_status method_isdigit(jinja_call *call, creg_value *ret_value)
{
    return all_are(call, creg_unicode_is_digit, false, ret_value);
}

static creg_status method_isnumeric(jinja_call *call, creg_value *ret_value)
{
    return all_are(call, creg_unicode_is_numeric, false, ret_value);
}

static creg_status method_isprintable(jinja_call *call, creg_value *ret_value)
{
    return all_are(call, creg_unicode_is_printable, true, ret_value);
}

static creg_status method_isspace(jinja_call *call, creg_value *ret_value)
{
    return all_are(call, creg_unicode_is_space, false, ret_value);
}

static creg_status method_isidentifier(jinja_call *call, creg_value *ret_value)
{
    creg_slice text = creg_value_text(call->args[0]);
    size_t width;
    creg_status status = all_are(call, creg_unicode_is_name_part, false, ret_value);
    if (text.size > 0 && !creg_unicode_is_name_start(creg_utf8_decode(text.data, &width)))
        *ret_value = creg_value_bool(false);
    return status;
}

/* islower() and isupper(): no letter of the other case (or title case), and one of this. */
static creg_status only_case(jinja_call *call, bool upper, creg_value *ret_value)
{
    creg_slice text = creg_value_text(call->args[0]);
    creg_status status = charge_self(call);
    bool any = false;
    *ret_value = creg_value_bool(false);
    for (size_t at = 0; at < text.size;) {
        size_t width;
        uint32_t code_point = creg_utf8_decode(text.data + at, &width);
        bool is_upper = creg_unicode_is_upper(code_point);
        bool is_lower = creg_unicode_is_lower(code_point);
        if (creg_unicode_is_title(code_point) || (upper ? is_lower : is_upper))
            return status;
        any = any || (upper ? is_upper : is_lower);
        at += width;
    }
    *ret_value = creg_value_bool(any);
    return status;
}

static creg_status method_islower(jinja_call *call, creg_value *ret_value)
{
    return only_case(call, false, ret_value);
}

static creg_status method_isupper(jinja_call *call, creg_value *ret_value)
{
    return only_case(call, true, ret_value);
}

/* Upper and title case begin words, lower case goes on with them. */
static creg_status method_istitle(jinja_call *call, creg_value *ret_value)
{
    creg_slice text = creg_value_text(call->args[0]);
    creg_status status = charge_self(call);
    bool any = false;
    bool inside = false;
    *ret_value = creg_value_bool(false);
    for (size_t at = 0; at < text.size;) {
        size_t width;
        uint32_t code_point = creg_utf8_decode(text.data + at, &width);
        bool begins = creg_unicode_is_upper(code_point) || creg_unicode_is_title(code_point);
        bool follows = creg_unicode_is_lower(code_point);
        if ((begins && inside) || (follows && !inside))
            return status;
        inside = begins || follows;
        any = any || inside;
        at += width;
    }
    *ret_value = creg_value_bool(any);
    return status;
}

/* ---- padding ---------------------------------------------------------------------------- */

static creg_status read_fill(jinja_call *call, uint32_t *ret_fill)
{
    *ret_fill = ' ';
    if (!jinja_has(call, 2))
        return CREG_OK;
    creg_status status = jinja_escape_argument(call, 2);
    if (status != CREG_OK)
        return status;
    creg_value fill = call->args[2];
    if (!creg_value_is(fill, CREG_KIND_STRING))
        return jinja_fail(call->run, "TypeError",
                          "The fill character must be a unicode character, not %s",
                          creg_value_type_name(fill));
    size_t width = 0;
    if (fill.size > 0)
        *ret_fill = creg_utf8_decode(fill.as.text, &width);
    if (fill.size == 0 || width != fill.size)
        return jinja_fail(call->run, "TypeError",
                          "The fill character must be exactly one character long");
    return CREG_OK;
}

/* How many characters are missing to the width that argument 1 asks for; charged. */
static creg_status read_padding(jinja_call *call, size_t *ret_padding)
{
    int64_t width;
    creg_status status = jinja_argument_index(call, 1, 0, &width);
    if (status != CREG_OK)
        return status;
    size_t length = creg_utf8_count(creg_value_text(call->args[0]));
    *ret_padding = width > 0 && (size_t)width > length ? (size_t)width - length : 0;
    status = charge_self(call);
    return status == CREG_OK ? jinja_charge_bytes(call->run, *ret_padding, 4) : status;
}

static creg_status pad(jinja_call *call, size_t left, size_t right, uint32_t fill,
                       creg_value *ret_value)
{
    creg_text text;
    jinja_text_init(call->run, &text);
    jinja_append_fill(&text, fill, left);
    creg_text_slice(&text, creg_value_text(call->args[0]));
    jinja_append_fill(&text, fill, right);
    return jinja_text_of_self(call, &text, ret_value);
}

static creg_status method_ljust(jinja_call *call, creg_value *ret_value)
{
    uint32_t fill;
    size_t padding;
    creg_status status = read_padding(call, &padding);
    if (status == CREG_OK)
        status = read_fill(call, &fill);
    return status == CREG_OK ? pad(call, 0, padding, fill, ret_value) : status;
}

static creg_status method_rjust(jinja_call *call, creg_value *ret_value)
{
    uint32_t fill;
    size_t padding;
    creg_status status = read_padding(call, &padding);
    if (status == CREG_OK)
        status = read_fill(call, &fill);
    return status == CREG_OK ? pad(call, padding, 0, fill, ret_value) : status;
}

/* An odd blank goes left when the width is odd: CPython's rule. */
static creg_status method_center(jinja_call *call, creg_value *ret_value)
{
    uint32_t fill;
    size_t padding;
    creg_status status = read_padding(call, &padding);
    if (status == CREG_OK)
        status = read_fill(call, &fill);
    if (status != CREG_OK)
        return status;
    size_t width = padding + creg_utf8_count(creg_value_text(call->args[0]));
    size_t left = padding / 2 + (padding & width & 1);
    return pad(call, left, padding - left, fill, ret_value);
}

static creg_status method_zfill(jinja_call *call, creg_value *ret_value)
{
    size_t padding;
    creg_status status = read_padding(call, &padding);
    if (status != CREG_OK)
        return status;
    creg_slice source = creg_value_text(call->args[0]);
    bool has_sign = source.size > 0 && (source.data[0] == '+' || source.data[0] == '-');
    creg_text text;
    jinja_text_init(call->run, &text);
    creg_text_append(&text, source.data, has_sign);
    creg_text_fill(&text, '0', padding);
    creg_text_append(&text, source.data + has_sign, source.size - has_sign);
    return jinja_text_of_self(call, &text, ret_value);
}

static creg_status method_expandtabs(jinja_call *call, creg_value *ret_value)
{
    int64_t tab;
    creg_slice source = creg_value_text(call->args[0]);
    creg_status status = jinja_argument_index(call, 1, 8, &tab);
    if (status == CREG_OK)
        status = charge_self(call);
    if (status != CREG_OK)
        return status;
    creg_text text;
    size_t column = 0;
    jinja_text_init(call->run, &text);
    for (size_t at = 0; at < source.size && text.failed == CREG_OK;) {
        size_t width = creg_utf8_width(source.data[at]);
        if (source.data[at] == '\t') {
            size_t blanks = tab > 0 ? (size_t)tab - column % (size_t)tab : 0;
            creg_text_fill(&text, ' ', blanks);
            column += blanks;
        } else {
            creg_text_append(&text, source.data + at, width);
            bool breaks = source.data[at] == '\n' || source.data[at] == '\r';
            column = breaks ? 0 : column + 1;
        }
        at += width;
    }
    return jinja_text_of_self(call, &text, ret_value);
}

/* ---- join and format -------------------------------------------------------------------- */

static creg_status fail_join(jinja_call *call, size_t index, creg_value item)
{
    return jinja_fail(call->run, "TypeError", "sequence item %zu: expected %s, %s found", index,
                      creg_value_is(call->args[0], CREG_KIND_STRING) ? "str instance"
                                                                     : "a bytes-like object",
                      creg_value_type_name(item));
}

static creg_status join_item(jinja_call *call, creg_text *text, size_t index, creg_value item,
                             bool *trusted)
{
    creg_value self = call->args[0];
    bool item_trusted = (item.flags & CREG_STRING_TRUSTED) != 0;
    creg_status status = CREG_OK;
    if (jinja_is_markup(self))
        status = jinja_escape(call->run, item, &item);
    else if (item.kind != self.kind)
        status = fail_join(call, index, item);
    if (status != CREG_OK)
        return status;
    *trusted = *trusted && item_trusted;
    if (index > 0)
        creg_text_slice(text, creg_value_text(self));
    creg_text_slice(text, creg_value_text(item));
    return jinja_charge(call->run, (item.size + self.size) / 64);
}

static creg_status begin_join(jinja_call *call, jinja_iterator *iterator)
{
    creg_value items = call->args[1];
    bool scalar = creg_value_is_number(items) || creg_value_is(items, CREG_KIND_NONE);
    if (scalar && !jinja_is_markup(call->args[0]))
        return jinja_fail(call->run, "TypeError", "can only join an iterable");
    return jinja_iterate(call->run, items, iterator);
}

static creg_status method_join(jinja_call *call, creg_value *ret_value)
{
    jinja_iterator iterator;
    creg_text text;
    bool more = true;
    bool trusted = true;
    creg_status status = begin_join(call, &iterator);
    jinja_text_init(call->run, &text);
    for (size_t index = 0; status == CREG_OK && text.failed == CREG_OK; index++) {
        creg_value item;
        status = jinja_next(call->run, &iterator, &item, &more);
        if (status != CREG_OK || !more)
            break;
        status = join_item(call, &text, index, item, &trusted);
    }
    if (status != CREG_OK)
        return status;
    status = jinja_text_of_self(call, &text, ret_value);
    if (!trusted)
        ret_value->flags &= (uint8_t)~CREG_STRING_TRUSTED;
    return status;
}

static creg_status method_format(jinja_call *call, creg_value *ret_value)
{
    return jinja_format_braces(call->run, call->args[0], call->rest, call->rest_count,
                               call->keywords, call->keyword_count, ret_value);
}

/* markupsafe leaves this one to str outside a sandbox: nothing is escaped. */
static creg_status method_format_map(jinja_call *call, creg_value *ret_value)
{
    creg_value format = call->args[0];
    if (call->run->options->sandbox == JINJA_SANDBOX_NONE)
        format.flags &= (uint8_t)~CREG_STRING_MARKUP;
    jinja_format_source source = {.mapping = call->args[1]};
    return jinja_format_fields(call->run, format, &source, ret_value);
}

/* ---- translate -------------------------------------------------------------------------- */

static creg_status fail_table(jinja_call *call)
{
    return jinja_fail(call->run, "TypeError",
                      "character mapping must return integer, None or str");
}

static creg_status append_translated(jinja_call *call, creg_text *text, const char *at,
                                     size_t width, const creg_value *found)
{
    if (found == NULL) {
        creg_text_append(text, at, width);
        return CREG_OK;
    }
    if (creg_value_is(*found, CREG_KIND_NONE))
        return CREG_OK;
    if (creg_value_is(*found, CREG_KIND_STRING)) {
        creg_text_slice(text, creg_value_text(*found));
        return CREG_OK;
    }
    if (!creg_value_is(*found, CREG_KIND_INT))
        return fail_table(call);
    int64_t code_point = found->as.integer;
    bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    if (code_point < 0 || code_point > 0x10FFFF || surrogate)
        return jinja_fail(call->run, "ValueError",
                          "character mapping must be in range(0x110000)");
    creg_text_code_point(text, (uint32_t)code_point);
    return CREG_OK;
}

/* table[code_point]: of a map by key, of a list, tuple or text by position. NULL: not there. */
static const creg_value *find_translation(creg_value table, uint32_t code_point,
                                          creg_value *character)
{
    if (creg_value_is(table, CREG_KIND_MAP))
        return creg_map_get(table.as.map, creg_value_int(code_point));
    if (!creg_value_is(table, CREG_KIND_STRING))
        return code_point < table.as.list->size ? &table.as.list->items[code_point] : NULL;
    creg_slice text = creg_value_text(table);
    size_t at = creg_utf8_offset(text, code_point);
    if (at >= text.size)
        return NULL;
    *character =
        creg_value_string(creg_slice_make(text.data + at, creg_utf8_width(text.data[at])));
    return character;
}

static creg_status method_translate(jinja_call *call, creg_value *ret_value)
{
    creg_slice source = creg_value_text(call->args[0]);
    creg_status status = jinja_escape_argument(call, 1);
    if (status != CREG_OK)
        return status;
    creg_value table = call->args[1];
    bool by_position = creg_value_is(table, CREG_KIND_LIST) ||
                       creg_value_is(table, CREG_KIND_TUPLE) ||
                       creg_value_is(table, CREG_KIND_STRING);
    if (creg_value_is(table, CREG_KIND_UNDEFINED))
        return jinja_fail_undefined(call->run, table);
    if (!by_position && !creg_value_is(table, CREG_KIND_MAP))
        return jinja_fail(call->run, "TypeError", "'%s' object is not subscriptable",
                          creg_value_type_name(table));
    creg_text text;
    jinja_text_init(call->run, &text);
    status = jinja_charge(call->run, source.size / 16);
    for (size_t at = 0; at < source.size && status == CREG_OK;) {
        size_t width;
        creg_value character;
        uint32_t code_point = creg_utf8_decode(source.data + at, &width);
        const creg_value *found = find_translation(table, code_point, &character);
        status = append_translated(call, &text, source.data + at, width, found);
        if (status == CREG_OK && creg_value_is(table, CREG_KIND_STRING))
            status = jinja_charge(call->run, table.size / 64);
        at += width;
    }
    return status == CREG_OK ? jinja_text_of_self(call, &text, ret_value) : status;
}

static creg_status table_set(jinja_call *call, creg_map *table, creg_value key,
                             creg_value value)
{
    if (!creg_map_set(call->run->arena, table, key, value))
        return jinja_fail_arena(call->run);
    return jinja_charge(call->run, 1);
}

static creg_status table_of_pairs(jinja_call *call, creg_map *table)
{
    creg_slice from = creg_value_text(call->args[1]);
    creg_slice to = creg_value_text(call->args[2]);
    if (creg_utf8_count(from) != creg_utf8_count(to))
        return jinja_fail(call->run, "ValueError",
                          "the first two maketrans arguments must have equal length");
    creg_status status = CREG_OK;
    for (size_t at = 0, other = 0; at < from.size && status == CREG_OK;) {
        size_t width;
        size_t other_width;
        creg_value key = creg_value_int(creg_utf8_decode(from.data + at, &width));
        creg_value value = creg_value_int(creg_utf8_decode(to.data + other, &other_width));
        status = table_set(call, table, key, value);
        at += width;
        other += other_width;
    }
    return status;
}

static creg_status table_of_map(jinja_call *call, creg_map *table)
{
    const creg_map *source = call->args[1].as.map;
    creg_status status = CREG_OK;
    for (size_t i = 0; i < source->filled && status == CREG_OK; i++) {
        creg_value key = source->entries[i].key;
        if (!source->entries[i].used)
            continue;
        if (creg_value_is(key, CREG_KIND_STRING)) {
            size_t width = 0;
            uint32_t code_point = key.size == 0 ? 0 : creg_utf8_decode(key.as.text, &width);
            if (key.size == 0 || width != key.size)
                return jinja_fail(call->run, "ValueError",
                                  "string keys in translate table must be of length 1");
            key = creg_value_int(code_point);
        } else if (!creg_value_is(key, CREG_KIND_INT)) {
            return jinja_fail(call->run, "TypeError",
                              "keys in translate table must be strings or integers");
        }
        status = table_set(call, table, key, source->entries[i].value);
    }
    return status;
}

static creg_status table_of_removed(jinja_call *call, creg_map *table)
{
    creg_slice removed = creg_value_text(call->args[3]);
    creg_status status = CREG_OK;
    for (size_t at = 0; at < removed.size && status == CREG_OK;) {
        size_t width;
        creg_value key = creg_value_int(creg_utf8_decode(removed.data + at, &width));
        status = table_set(call, table, key, creg_value_none());
        at += width;
    }
    return status;
}

static creg_status check_maketrans(jinja_call *call)
{
    if (!jinja_has(call, 2)) {
        if (creg_value_is(call->args[1], CREG_KIND_MAP))
            return CREG_OK;
        return jinja_fail(call->run, "TypeError",
                          "if you give only one argument to maketrans it must be a dict");
    }
    for (size_t i = 1; i <= 3; i++) {
        if (!jinja_has(call, i) || creg_value_is(call->args[i], CREG_KIND_STRING))
            continue;
        if (i == 1)
            return jinja_fail(call->run, "TypeError",
                              "first maketrans argument must be a string if there is a second "
                              "argument");
        return jinja_fail(call->run, "TypeError",
                          "maketrans() argument %zu must be str, not %s", i,
                          creg_value_type_name(call->args[i]));
    }
    return CREG_OK;
}

static creg_status method_maketrans(jinja_call *call, creg_value *ret_value)
{
    creg_status status = check_maketrans(call);
    if (status != CREG_OK)
        return status;
    creg_map *table = creg_map_new(call->run->arena, 0);
    if (table == NULL)
        return jinja_fail_arena(call->run);
    status = jinja_has(call, 2) ? table_of_pairs(call, table) : table_of_map(call, table);
    if (status == CREG_OK && jinja_has(call, 3))
        status = table_of_removed(call, table);
    *ret_value = creg_value_map(table);
    return status;
}

/* ---- encode and decode ------------------------------------------------------------------ */

typedef enum encoding { UTF_8, LATIN_1, ASCII } encoding;

/* Names are compared as Python does: case and the kind of dash do not matter. */
static bool is_name(creg_slice name, const char *wanted)
{
    size_t at = 0;
    for (size_t i = 0; i < name.size; i++) {
        char byte = name.data[i];
        if (byte >= 'A' && byte <= 'Z')
            byte = (char)(byte + 0x20);
        if (byte == '_' || byte == ' ')
            byte = '-';
        if (wanted[at] == '\0' || wanted[at++] != byte)
            return false;
    }
    return wanted[at] == '\0';
}

static creg_status read_encoding(jinja_call *call, encoding *ret_encoding)
{
    creg_slice name;
    if (jinja_has(call, 1) && creg_value_is(call->args[1], CREG_KIND_UNDEFINED))
        return jinja_fail(call->run, "TypeError", "argument 'encoding' must be str, not %s",
                          creg_value_type_name(call->args[1]));
    creg_status status = jinja_argument_text(call, 1, creg_slice_of("utf-8"), &name);
    if (status != CREG_OK)
        return status;
    if (is_name(name, "utf-8") || is_name(name, "utf8"))
        *ret_encoding = UTF_8;
    else if (is_name(name, "latin-1") || is_name(name, "latin1") || is_name(name, "iso-8859-1"))
        *ret_encoding = LATIN_1;
    else if (is_name(name, "ascii") || is_name(name, "us-ascii"))
        *ret_encoding = ASCII;
    else
        return jinja_fail(call->run, "LookupError", "unknown encoding: %.*s", CREG_SHOW(name));
    return CREG_OK;
}

/* What to do with a character that the encoding does not have. */
static creg_status append_unencodable(jinja_call *call, creg_text *text, creg_slice errors,
                                      const char *codec, uint32_t code_point, size_t index,
                                      uint32_t limit)
{
    if (is_name(errors, "ignore"))
        return CREG_OK;
    if (is_name(errors, "replace"))
        creg_text_byte(text, '?');
    else if (is_name(errors, "xmlcharrefreplace"))
        creg_text_format(text, "&#%u;", (unsigned)code_point);
    else if (is_name(errors, "backslashreplace"))
        creg_text_format(text,
                         code_point < 0x100     ? "\\x%02x"
                         : code_point < 0x10000 ? "\\u%04x"
                                                : "\\U%08x",
                         (unsigned)code_point);
    else if (is_name(errors, "strict"))
        return jinja_fail(call->run, "UnicodeEncodeError",
                          code_point < 0x100
                              ? "'%s' codec can't encode character '\\x%02x' in position %zu: "
                                "ordinal not in range(%u)"
                              : "'%s' codec can't encode character '\\u%04x' in position %zu: "
                                "ordinal not in range(%u)",
                          codec, (unsigned)code_point, index, (unsigned)limit);
    else
        return jinja_fail(call->run, "LookupError", "unknown error handler name '%.*s'",
                          CREG_SHOW(errors));
    return CREG_OK;
}

static creg_status encode_narrow(jinja_call *call, encoding into, creg_slice errors,
                                 creg_text *text)
{
    creg_slice source = creg_value_text(call->args[0]);
    uint32_t limit = into == ASCII ? 128 : 256;
    const char *codec = into == ASCII ? "ascii" : "latin-1";
    creg_status status = CREG_OK;
    size_t index = 0;
    for (size_t at = 0; at < source.size && status == CREG_OK; index++) {
        size_t width;
        uint32_t code_point = creg_utf8_decode(source.data + at, &width);
        if (code_point < limit)
            creg_text_byte(text, (char)(unsigned char)code_point);
        else
            status = append_unencodable(call, text, errors, codec, code_point, index, limit);
        at += width;
    }
    return status;
}

static creg_status method_encode(jinja_call *call, creg_value *ret_value)
{
    encoding into = UTF_8;
    creg_slice errors;
    creg_status status = read_encoding(call, &into);
    if (status == CREG_OK)
        status = jinja_argument_text(call, 2, creg_slice_of("strict"), &errors);
    if (status == CREG_OK)
        status = charge_self(call);
    if (status != CREG_OK)
        return status;
    *ret_value = jinja_part(call->args[0], call->args[0].as.text, call->args[0].size);
    if (into != UTF_8) {
        creg_text text;
        jinja_text_init(call->run, &text);
        status = encode_narrow(call, into, errors, &text);
        if (status == CREG_OK)
            status = jinja_text_value(call->run, &text, ret_value);
    }
    ret_value->kind = CREG_KIND_BYTES;
    ret_value->flags = 0;
    return status;
}

/* What is wrong with UTF-8 at `at`, and over how many bytes: the longest beginning of a
 * sequence that could have gone on. */
static const char *explain_utf8(creg_slice bytes, size_t at, size_t *ret_size)
{
    *ret_size = 1;
    unsigned char lead = (unsigned char)bytes.data[at];
    if (lead < 0xC2 || lead > 0xF4)
        return "invalid start byte";
    size_t wanted = creg_utf8_width((char)lead);
    for (size_t size = 1; size < wanted; size++) {
        if (at + size == bytes.size)
            return "unexpected end of data";
        unsigned char byte = (unsigned char)bytes.data[at + size];
        bool narrow =
            size == 1 && ((lead == 0xE0 && byte < 0xA0) || (lead == 0xED && byte > 0x9F) ||
                          (lead == 0xF0 && byte < 0x90) || (lead == 0xF4 && byte > 0x8F));
        if (narrow || !creg_utf8_is_tail((char)byte))
            break;
        *ret_size = size + 1;
    }
    return "invalid continuation byte";
}

static creg_status fail_decode(jinja_call *call, const char *codec, size_t at, size_t size,
                               const char *reason)
{
    if (size > 1)
        return jinja_fail(call->run, "UnicodeDecodeError",
                          "'%s' codec can't decode bytes in position %zu-%zu: %s", codec, at,
                          at + size - 1, reason);
    return jinja_fail(call->run, "UnicodeDecodeError",
                      "'%s' codec can't decode byte 0x%02x in position %zu: %s", codec,
                      (unsigned)(unsigned char)call->args[0].as.text[at], at, reason);
}

/* What no valid UTF-8 begins with: a byte of another encoding, or an error. `*at` moves on. */
static creg_status decode_byte(jinja_call *call, creg_text *text, encoding from,
                               creg_slice errors, size_t *at)
{
    size_t size = 1;
    size_t start = *at;
    creg_slice bytes = creg_value_text(call->args[0]);
    unsigned char byte = (unsigned char)bytes.data[start];
    const char *reason = "ordinal not in range(128)";
    if (from == UTF_8)
        reason = explain_utf8(bytes, start, &size);
    *at += size;
    if (from == LATIN_1 || byte < 0x80)
        creg_text_code_point(text, byte);
    else if (is_name(errors, "replace"))
        creg_text_code_point(text, 0xFFFD);
    else if (!is_name(errors, "ignore"))
        return fail_decode(call, from == ASCII ? "ascii" : "utf-8", start, size, reason);
    return CREG_OK;
}

static creg_status method_decode(jinja_call *call, creg_value *ret_value)
{
    encoding from = UTF_8;
    creg_slice errors;
    creg_slice source = creg_value_text(call->args[0]);
    creg_status status = read_encoding(call, &from);
    if (status == CREG_OK)
        status = jinja_argument_text(call, 2, creg_slice_of("strict"), &errors);
    if (status == CREG_OK)
        status = charge_self(call);
    creg_text text;
    jinja_text_init(call->run, &text);
    for (size_t at = 0; at < source.size && status == CREG_OK;) {
        size_t valid = 0;
        if (from == UTF_8)
            valid = creg_utf8_check(creg_slice_make(source.data + at, source.size - at));
        creg_text_append(&text, source.data + at, valid);
        at += valid;
        if (at < source.size)
            status = decode_byte(call, &text, from, errors, &at);
    }
    return status == CREG_OK ? jinja_text_value(call->run, &text, ret_value) : status;
}

static creg_status method_hex(jinja_call *call, creg_value *ret_value)
{
    creg_slice source = creg_value_text(call->args[0]);
    creg_status status = jinja_charge_bytes(call->run, source.size, 2);
    if (status != CREG_OK)
        return status;
    creg_text text;
    jinja_text_init(call->run, &text);
    for (size_t i = 0; i < source.size; i++)
        creg_text_format(&text, "%02x", (unsigned)(unsigned char)source.data[i]);
    return jinja_text_value(call->run, &text, ret_value);
}

/* ---- Markup ----------------------------------------------------------------------------- */

static creg_status method_unescape(jinja_call *call, creg_value *ret_value)
{
    creg_text text;
    creg_status status = charge_self(call);
    if (status != CREG_OK)
        return status;
    jinja_text_init(call->run, &text);
    jinja_html_unescape(creg_value_text(call->args[0]), &text);
    return jinja_text_value(call->run, &text, ret_value);
}

static creg_status method_striptags(jinja_call *call, creg_value *ret_value)
{
    return jinja_apply_filter(call->run, creg_slice_of("striptags"), call->args[0], NULL, 0,
                              NULL, 0, ret_value);
}

static creg_status method_escape(jinja_call *call, creg_value *ret_value)
{
    return jinja_escape(call->run, call->args[1], ret_value);
}

/* ---- tables ----------------------------------------------------------------------------- */

const jinja_builtin jinja_methods_text[] = {
    {"capitalize", method_capitalize, "capitalize()", "First letter upper, rest lower.", 0, 0},
    {"casefold", method_casefold, "casefold()", "For comparing without case.", 0, 0},
    {"center", method_center, "center(width, fillchar=' ', /)", "Pad on both sides.", 0, 0},
    {"count", jinja_method_count, "count(sub, start=None, end=None, /)", "How often.", 0, 0},
    {"encode", method_encode, "encode(encoding='utf-8', errors='strict')", "As bytes.", 0, 0},
    {"endswith", jinja_method_endswith, "endswith(suffix, start=None, end=None, /)",
     "Does it end so?", 0, 0},
    {"expandtabs", method_expandtabs, "expandtabs(tabsize=8)", "Tabs to blanks.", 0, 0},
    {"find", jinja_method_find, "find(sub, start=None, end=None, /)", "Where, or -1.", 0, 0},
    {"format", method_format, "format(*args, **kwargs)", "Fill replacement fields.", 0, 0},
    {"format_map", method_format_map, "format_map(mapping, /)", "Fill fields from a map.", 0,
     0},
    {"index", jinja_method_index, "index(sub, start=None, end=None, /)", "Where.", 0, 0},
    {"isalnum", method_isalnum, "isalnum()", "Letters and digits only?", 0, 0},
    {"isalpha", method_isalpha, "isalpha()", "Letters only?", 0, 0},
    {"isascii", method_isascii, "isascii()", "ASCII only?", 0, 0},
    {"isdecimal", method_isdecimal, "isdecimal()", "Decimal digits only?", 0, 0},
    {"isdigit", method_isdigit, "isdigit()", "Digits only?", 0, 0},
    {"isidentifier", method_isidentifier, "isidentifier()", "May it be a name?", 0, 0},
    {"islower", method_islower, "islower()", "Lower case?", 0, 0},
    {"isnumeric", method_isnumeric, "isnumeric()", "Numeric only?", 0, 0},
    {"isprintable", method_isprintable, "isprintable()", "Printable only?", 0, 0},
    {"isspace", method_isspace, "isspace()", "Blanks only?", 0, 0},
    {"istitle", method_istitle, "istitle()", "Every word capitalised?", 0, 0},
    {"isupper", method_isupper, "isupper()", "Upper case?", 0, 0},
    {"join", method_join, "join(iterable, /)", "Put it between the items.", 0, 0},
    {"ljust", method_ljust, "ljust(width, fillchar=' ', /)", "Pad on the right.", 0, 0},
    {"lower", method_lower, "lower()", "In lower case.", 0, 0},
    {"lstrip", jinja_method_lstrip, "lstrip(chars=None, /)", "Strip the left end.", 0, 0},
    {"maketrans", method_maketrans, "maketrans(x, y=None, z=None, /)",
     "A table for translate().", 0, 0},
    {"partition", jinja_method_partition, "partition(sep, /)", "Split in three.", 0, 0},
    {"removeprefix", jinja_method_removeprefix, "removeprefix(prefix, /)",
     "Without this beginning.", 0, 0},
    {"removesuffix", jinja_method_removesuffix, "removesuffix(suffix, /)", "Without this end.",
     0, 0},
    {"replace", jinja_method_replace, "replace(old, new, count=-1, /)", "With parts replaced.",
     0, 0},
    {"rfind", jinja_method_rfind, "rfind(sub, start=None, end=None, /)", "Where last, or -1.",
     0, 0},
    {"rindex", jinja_method_rindex, "rindex(sub, start=None, end=None, /)", "Where last.", 0,
     0},
    {"rjust", method_rjust, "rjust(width, fillchar=' ', /)", "Pad on the left.", 0, 0},
    {"rpartition", jinja_method_rpartition, "rpartition(sep, /)", "Split in three, from right.",
     0, 0},
    {"rsplit", jinja_method_rsplit, "rsplit(sep=None, maxsplit=-1)", "Split, from the right.",
     0, 0},
    {"rstrip", jinja_method_rstrip, "rstrip(chars=None, /)", "Strip the right end.", 0, 0},
    {"split", jinja_method_split, "split(sep=None, maxsplit=-1)", "Split into a list.", 0, 0},
    {"splitlines", jinja_method_splitlines, "splitlines(keepends=False)", "The lines.", 0, 0},
    {"startswith", jinja_method_startswith, "startswith(prefix, start=None, end=None, /)",
     "Does it begin so?", 0, 0},
    {"strip", jinja_method_strip, "strip(chars=None, /)", "Strip both ends.", 0, 0},
    {"swapcase", method_swapcase, "swapcase()", "Upper to lower, lower to upper.", 0, 0},
    {"title", method_title, "title()", "Every word capitalised.", 0, 0},
    {"translate", method_translate, "translate(table, /)", "Characters mapped by a table.", 0,
     0},
    {"upper", method_upper, "upper()", "In upper case.", 0, 0},
    {"zfill", method_zfill, "zfill(width, /)", "Pad with zeros behind the sign.", 0, 0},
    JINJA_ROW_END,
};

const jinja_builtin jinja_methods_markup[] = {
    {"escape", method_escape, "escape(s)", "Escape for HTML.", 0, 0},
    {"striptags", method_striptags, "striptags()", "Without tags.", 0, 0},
    {"unescape", method_unescape, "unescape()", "Character references resolved.", 0, 0},
    JINJA_ROW_END,
};

const jinja_builtin jinja_methods_bytes[] = {
    {"count", jinja_method_count, "count(sub, start=None, end=None, /)", "How often.", 0, 0},
    {"decode", method_decode, "decode(encoding='utf-8', errors='strict')", "As text.", 0, 0},
    {"endswith", jinja_method_endswith, "endswith(suffix, start=None, end=None, /)",
     "Does it end so?", 0, 0},
    {"find", jinja_method_find, "find(sub, start=None, end=None, /)", "Where, or -1.", 0, 0},
    {"hex", method_hex, "hex()", "In hexadecimal.", 0, 0},
    {"index", jinja_method_index, "index(sub, start=None, end=None, /)", "Where.", 0, 0},
    {"join", method_join, "join(iterable, /)", "Put it between the items.", 0, 0},
    {"lower", method_bytes_lower, "lower()", "In lower case.", 0, 0},
    {"lstrip", jinja_method_lstrip, "lstrip(chars=None, /)", "Strip the left end.", 0, 0},
    {"partition", jinja_method_partition, "partition(sep, /)", "Split in three.", 0, 0},
    {"removeprefix", jinja_method_removeprefix, "removeprefix(prefix, /)",
     "Without this beginning.", 0, 0},
    {"removesuffix", jinja_method_removesuffix, "removesuffix(suffix, /)", "Without this end.",
     0, 0},
    {"replace", jinja_method_replace, "replace(old, new, count=-1, /)", "With parts replaced.",
     0, 0},
    {"rfind", jinja_method_rfind, "rfind(sub, start=None, end=None, /)", "Where last, or -1.",
     0, 0},
    {"rindex", jinja_method_rindex, "rindex(sub, start=None, end=None, /)", "Where last.", 0,
     0},
    {"rpartition", jinja_method_rpartition, "rpartition(sep, /)", "Split in three, from right.",
     0, 0},
    {"rsplit", jinja_method_rsplit, "rsplit(sep=None, maxsplit=-1)", "Split, from the right.",
     0, 0},
    {"rstrip", jinja_method_rstrip, "rstrip(chars=None, /)", "Strip the right end.", 0, 0},
    {"split", jinja_method_split, "split(sep=None, maxsplit=-1)", "Split into a list.", 0, 0},
    {"splitlines", jinja_method_splitlines, "splitlines(keepends=False)", "The lines.", 0, 0},
    {"startswith", jinja_method_startswith, "startswith(prefix, start=None, end=None, /)",
     "Does it begin so?", 0, 0},
    {"strip", jinja_method_strip, "strip(chars=None, /)", "Strip both ends.", 0, 0},
    {"upper", method_bytes_upper, "upper()", "In upper case.", 0, 0},
    JINJA_ROW_END,
};
