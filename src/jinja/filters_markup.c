/* SPDX-License-Identifier: MIT */
/*
 * Filters that make text safe for HTML, URLs and attributes, or take markup away. Scanners
 * are linear: no regular expressions that hostile text could make slow.
 */
#include "jinja/builtins.h"

#include "base/unicode.h"
#include "base/utf8.h"

/* ---- escape, safe ----------------------------------------------------------------------- */

static creg_status filter_escape(jinja_call *call, creg_value *ret_value)
{
    return jinja_escape(call->run, call->args[0], ret_value);
}

static creg_status filter_forceescape(jinja_call *call, creg_value *ret_value)
{
    creg_value text;
    creg_status status = jinja_str_value(call->run, call->args[0], &text);
    if (status != CREG_OK)
        return status;
    text.flags = 0;
    return jinja_escape(call->run, text, ret_value);
}

static creg_status filter_safe(jinja_call *call, creg_value *ret_value)
{
    creg_status status = jinja_str_value(call->run, call->args[0], ret_value);
    if (status == CREG_OK)
        ret_value->flags |= CREG_STRING_MARKUP;
    return status;
}

static creg_status filter_raw_fragment(jinja_call *call, creg_value *ret_value)
{
    creg_status status = jinja_str_value(call->run, call->args[0], ret_value);
    if (status == CREG_OK)
        ret_value->flags |= CREG_STRING_RAW;
    return status;
}

/* ---- striptags -------------------------------------------------------------------------- */

/* Find `needle` in `text` from `at` on: its offset, or SIZE_MAX. */
static size_t find_text(creg_slice text, size_t at, const char *needle)
{
    size_t size = strlen(needle);
    while (at < text.size && text.size - at >= size) {
        const char *found = memchr(text.data + at, needle[0], text.size - at - size + 1);
        if (found == NULL)
            return SIZE_MAX;
        if (memcmp(found, needle, size) == 0)
            return (size_t)(found - text.data);
        at = (size_t)(found - text.data) + 1;
    }
    return SIZE_MAX;
}

static bool ends_with(const creg_text *text, const char *end)
{
    size_t size = strlen(end);
    return text->size >= size && memcmp(text->data + text->size - size, end, size) == 0;
}

/* The end of the comment whose "<!--" ends at `at`: its mark may share the dashes. */
static size_t comment_end(creg_slice text, size_t at)
{
    creg_slice rest = creg_slice_make(text.data + at, text.size - at);
    if (rest.size >= 1 && rest.data[0] == '>')
        return at + 1;
    if (rest.size >= 2 && rest.data[0] == '-' && rest.data[1] == '>')
        return at + 2;
    size_t found = find_text(text, at, "-->");
    return found == SIZE_MAX ? SIZE_MAX : found + 3;
}

/*
 * Drop <!-- comments -->. What is left may form a new mark with the text around, so the mark
 * is looked for at the end of the output rather than in the input.
 */
static void strip_comments(creg_slice text, creg_text *out)
{
    for (size_t at = 0; at < text.size && out->failed == CREG_OK;) {
        creg_text_byte(out, text.data[at++]);
        if (text.data[at - 1] != '-' || !ends_with(out, "<!--"))
            continue;
        size_t end = comment_end(text, at);
        if (end == SIZE_MAX) {
            creg_text_append(out, text.data + at, text.size - at);
            return;
        }
        out->size -= 4;
        at = end;
    }
}

static void strip_tags(creg_slice text, creg_text *out)
{
    size_t at = 0;
    while (at < text.size) {
        size_t open = find_text(text, at, "<");
        size_t close = open == SIZE_MAX ? SIZE_MAX : find_text(text, open, ">");
        if (close == SIZE_MAX)
            break;
        creg_text_append(out, text.data + at, open - at);
        at = close + 1;
    }
    if (at < text.size)
        creg_text_append(out, text.data + at, text.size - at);
}

/* " ".join(text.split()) */
static void collapse_blanks(creg_slice text, creg_text *out)
{
    bool pending = false;
    for (size_t at = 0; at < text.size && out->failed == CREG_OK;) {
        size_t width;
        if (creg_unicode_is_space(creg_utf8_decode(text.data + at, &width))) {
            pending = out->size > 0;
        } else {
            if (pending)
                creg_text_byte(out, ' ');
            pending = false;
            creg_text_append(out, text.data + at, width);
        }
        at += width;
    }
}

static creg_status filter_striptags(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_slice text;
    creg_status status = jinja_str(run, call->args[0], &text);
    if (status == CREG_OK)
        status = jinja_charge(run, text.size / 2 + 1);
    if (status != CREG_OK)
        return status;

    creg_text stage[4];
    for (size_t i = 0; i < 4; i++)
        jinja_text_init(run, &stage[i]);
    strip_comments(text, &stage[0]);
    strip_tags(creg_slice_make(stage[0].data, stage[0].size), &stage[1]);
    collapse_blanks(creg_slice_make(stage[1].data, stage[1].size), &stage[2]);
    jinja_html_unescape(creg_slice_make(stage[2].data, stage[2].size), &stage[3]);
    for (size_t i = 0; i < 4; i++) {
        status = jinja_text_value(run, &stage[i], ret_value);
        if (status != CREG_OK)
            return status;
    }
    return CREG_OK;
}

/* ---- xmlattr ---------------------------------------------------------------------------- */

static creg_status check_attribute_name(jinja_run *run, creg_value key)
{
    if (!creg_value_is(key, CREG_KIND_STRING))
        return jinja_fail(run, "TypeError", "expected string or bytes-like object, got '%s'",
                          creg_value_type_name(key));
    creg_slice name = creg_value_text(key);
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        if (c == ' ' || (c >= '\t' && c <= '\r') || c == '/' || c == '>' || c == '=')
            return jinja_fail(run, "ValueError", "Invalid character in attribute name: %.*s",
                              CREG_SHOW(jinja_repr(run, key)));
    }
    return CREG_OK;
}

static creg_status append_attribute(jinja_run *run, const creg_entry *entry, creg_text *out)
{
    creg_value key;
    creg_value value;
    creg_status status = check_attribute_name(run, entry->key);
    if (status == CREG_OK)
        status = jinja_escape(run, entry->key, &key);
    if (status == CREG_OK)
        status = jinja_escape(run, entry->value, &value);
    if (status != CREG_OK)
        return status;
    if (out->size > 0)
        creg_text_byte(out, ' ');
    creg_text_slice(out, creg_value_text(key));
    creg_text_string(out, "=\"");
    creg_text_slice(out, creg_value_text(value));
    creg_text_byte(out, '"');
    return CREG_OK;
}

static bool is_absent(creg_value value)
{
    return creg_value_is(value, CREG_KIND_NONE) || creg_value_is(value, CREG_KIND_UNDEFINED);
}

static creg_status append_attributes(jinja_run *run, const creg_map *map, creg_text *out)
{
    creg_status status = jinja_charge(run, map->filled);
    for (size_t i = 0; i < map->filled && status == CREG_OK; i++) {
        const creg_entry *entry = &map->entries[i];
        if (entry->used && !is_absent(entry->value))
            status = append_attribute(run, entry, out);
    }
    return status;
}

static creg_status filter_xmlattr(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_value source = call->args[0];
    bool autospace;
    creg_status status = jinja_argument_bool(call, 1, true, &autospace);
    if (status != CREG_OK)
        return status;
    status = jinja_require_map(run, source);
    if (status != CREG_OK)
        return status;
    creg_text out;
    jinja_text_init(run, &out);
    status = append_attributes(run, source.as.map, &out);
    if (status != CREG_OK)
        return status;

    creg_value attributes;
    status = jinja_text_value(run, &out, &attributes);
    if (status == CREG_OK && autospace && attributes.size > 0)
        status = jinja_add(run, creg_value_cstring(" "), attributes, &attributes);
    if (run->autoescape)
        attributes.flags |= CREG_STRING_MARKUP;
    *ret_value = attributes;
    return status;
}

/* ---- urlencode -------------------------------------------------------------------------- */

static bool is_url_safe(unsigned char c)
{
    unsigned char letter = (unsigned char)(c | 0x20);
    return (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-' || c == '~';
}

/* urllib's quote(); in a query '/' is quoted too, and a space is '+'. */
static void quote_url(creg_slice text, bool query, creg_text *out)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (is_url_safe(c) || (c == '/' && !query)) {
            creg_text_byte(out, (char)c);
        } else if (c == ' ' && query) {
            creg_text_byte(out, '+');
        } else {
            char quoted[3] = {'%', hex[c >> 4], hex[c & 15]};
            creg_text_append(out, quoted, 3);
        }
    }
}

static creg_status quote_value(jinja_run *run, creg_value value, bool query, creg_text *out)
{
    creg_slice text = creg_value_text(value);
    creg_status status = CREG_OK;
    if (!creg_value_is(value, CREG_KIND_BYTES))
        status = jinja_str(run, value, &text);
    if (status == CREG_OK)
        status = jinja_charge(run, text.size / 64 + 1);
    if (status == CREG_OK)
        quote_url(text, query, out);
    return status;
}

/* One "key=value" of something that unpacks into two. */
static creg_status quote_pair(jinja_run *run, creg_value pair, creg_text *out)
{
    creg_list *parts;
    creg_status status = CREG_OK;
    if (creg_value_is(pair, CREG_KIND_LIST) || creg_value_is(pair, CREG_KIND_TUPLE))
        parts = pair.as.list;
    else
        status = jinja_to_list(run, pair, &parts);
    if (status == CREG_TEMPLATE_RUNTIME)
        return jinja_fail(run, "TypeError", "cannot unpack non-iterable %s object",
                          creg_value_type_name(pair));
    if (status != CREG_OK)
        return status;
    if (parts->size < 2)
        return jinja_fail(run, "ValueError",
                          "not enough values to unpack (expected 2, got %zu)", parts->size);
    if (parts->size > 2)
        return jinja_fail(run, "ValueError", "too many values to unpack (expected 2)");
    if (out->size > 0)
        creg_text_byte(out, '&');
    status = quote_value(run, parts->items[0], true, out);
    creg_text_byte(out, '=');
    return status == CREG_OK ? quote_value(run, parts->items[1], true, out) : status;
}

static bool is_iterable(creg_value value)
{
    switch ((creg_kind)value.kind) {
    case CREG_KIND_UNDEFINED:
    case CREG_KIND_BYTES:
    case CREG_KIND_LIST:
    case CREG_KIND_TUPLE:
    case CREG_KIND_SET:
    case CREG_KIND_MAP:
    case CREG_KIND_RANGE:
        return true;
    case CREG_KIND_OBJECT:
        return jinja_class_of(value)->next != NULL || jinja_class_of(value)->iterate != NULL;
    default:
        return false;
    }
}

static creg_status quote_pairs(jinja_run *run, creg_value source, creg_text *out)
{
    jinja_iterator iterator;
    creg_status status = CREG_OK;
    if (creg_value_is(source, CREG_KIND_MAP))
        status = jinja_call_method(run, source, "items", NULL, 0, &source);
    if (status == CREG_OK)
        status = jinja_iterate(run, source, &iterator);
    while (status == CREG_OK) {
        creg_value pair;
        bool more;
        status = jinja_next(run, &iterator, &pair, &more);
        if (status != CREG_OK || !more)
            break;
        status = quote_pair(run, pair, out);
    }
    return status;
}

static creg_status filter_urlencode(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_text out;
    jinja_text_init(run, &out);
    creg_status status = is_iterable(call->args[0])
                             ? quote_pairs(run, call->args[0], &out)
                             : quote_value(run, call->args[0], false, &out);
    return status == CREG_OK ? jinja_text_value(run, &out, ret_value) : status;
}

const jinja_builtin jinja_filters_markup[] = {
    {"e", filter_escape, "e()", "Alias of escape.", 0, 0},
    {"escape", filter_escape, "escape()", "Escape & < > ' \" for HTML, unless it is Markup.", 0,
     0},
    {"forceescape", filter_forceescape, "forceescape()", "Escape for HTML, Markup too.", 0, 0},
    {"raw_fragment", filter_raw_fragment, "raw_fragment()",
     "Put the text into structured output as it is: it may change the structure.", 0, 0},
    {"safe", filter_safe, "safe()", "Mark as Markup: autoescape leaves it alone.", 0, 0},
    {"striptags", filter_striptags, "striptags()",
     "Without tags and comments, blanks collapsed, character references resolved.", 0, 0},
    {"urlencode", filter_urlencode, "urlencode()",
     "Quote for a URL; a mapping or pairs give a query string.", 0, 0},
    {"xmlattr", filter_xmlattr, "xmlattr(autospace=true)",
     "Attributes of an HTML or XML tag from a mapping.", 0, 0},
    JINJA_ROW_END,
};
