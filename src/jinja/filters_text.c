/* SPDX-License-Identifier: MIT */
/*
 * Filters on text: case, padding, trimming, replacing, indenting, cutting. What a str method
 * does in Python the method table does here, too; the frequent cases of ASCII text are done
 * in place, in one pass.
 */
#include "jinja/builtins.h"
#include "jinja/eval.h"

#include "base/unicode.h"
#include "base/utf8.h"

/* ---- case ------------------------------------------------------------------------------- */

static unsigned char upper_ascii(unsigned char c)
{
    return (unsigned)(c - 'a') < 26U ? (unsigned char)(c - 32) : c;
}

static unsigned char lower_ascii(unsigned char c)
{
    return (unsigned)(c - 'A') < 26U ? (unsigned char)(c + 32) : c;
}

/* Map ASCII text byte by byte; `*ret_done` false (and nothing made) when it is not ASCII. */
static creg_status map_ascii(jinja_run *run, creg_value value, bool upper,
                             creg_value *ret_value, bool *ret_done)
{
    creg_slice text = creg_value_text(value);
    *ret_done = creg_utf8_is_ascii(text);
    if (!*ret_done)
        return CREG_OK;
    creg_status status = jinja_charge(run, text.size / 64 + 1);
    if (status != CREG_OK)
        return status;
    char *mapped = creg_arena_take(run->arena, text.size);
    if (mapped == NULL)
        return jinja_fail_arena(run);
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        mapped[i] = (char)(upper ? upper_ascii(c) : lower_ascii(c));
    }
    *ret_value = creg_value_string(creg_slice_make(mapped, text.size));
    ret_value->flags = value.flags & CREG_STRING_MARKUP;
    return CREG_OK;
}

static creg_status change_case(jinja_call *call, bool upper, creg_value *ret_value)
{
    creg_value text;
    bool done = false;
    creg_status status = jinja_str_value(call->run, call->args[0], &text);
    if (status == CREG_OK)
        status = map_ascii(call->run, text, upper, ret_value, &done);
    if (status != CREG_OK || done)
        return status;
    return jinja_call_method(call->run, text, upper ? "upper" : "lower", NULL, 0, ret_value);
}

static creg_status filter_upper(jinja_call *call, creg_value *ret_value)
{
    return change_case(call, true, ret_value);
}

static creg_status filter_lower(jinja_call *call, creg_value *ret_value)
{
    return change_case(call, false, ret_value);
}

/* str(subject).NAME(arguments) */
static creg_status text_method(jinja_call *call, const char *name, const creg_value *arguments,
                               size_t count, creg_value *ret_value)
{
    creg_value text;
    creg_status status = jinja_str_value(call->run, call->args[0], &text);
    if (status != CREG_OK)
        return status;
    return jinja_call_method(call->run, text, name, arguments, count, ret_value);
}

static creg_status filter_capitalize(jinja_call *call, creg_value *ret_value)
{
    return text_method(call, "capitalize", NULL, 0, ret_value);
}

/* What separates the words of `title`: blanks and - ( { [ < */
static bool ends_title_word(uint32_t c)
{
    return c == '-' || c == '(' || c == '{' || c == '[' || c == '<' || creg_unicode_is_space(c);
}

/* The end of the run from `at` on that stands between words, or else of the word. */
static size_t title_part(creg_slice text, size_t at, bool between)
{
    while (at < text.size) {
        size_t width;
        if (ends_title_word(creg_utf8_decode(text.data + at, &width)) != between)
            break;
        at += width;
    }
    return at;
}

static creg_status filter_title(jinja_call *call, creg_value *ret_value)
{
    creg_slice text;
    creg_status status = jinja_str(call->run, call->args[0], &text);
    if (status == CREG_OK)
        status = jinja_charge(call->run, text.size / 16 + 1);
    if (status != CREG_OK)
        return status;
    creg_text out;
    jinja_text_init(call->run, &out);
    for (size_t at = 0; at < text.size;) {
        size_t end = title_part(text, at, true);
        creg_text_append(&out, text.data + at, end - at);
        if (end == text.size)
            break;
        size_t word = end;
        size_t width = creg_utf8_width(text.data[word]);
        at = title_part(text, word, false);
        creg_unicode_upper(&out, creg_slice_make(text.data + word, width));
        creg_unicode_lower(&out, creg_slice_make(text.data + word + width, at - word - width));
    }
    return jinja_text_value(call->run, &out, ret_value);
}

/* ---- padding, trimming, replacing ------------------------------------------------------- */

static creg_status filter_center(jinja_call *call, creg_value *ret_value)
{
    creg_value width = jinja_argument(call, 1, creg_value_int(80));
    if (creg_value_is(width, CREG_KIND_INT) && width.as.integer > 0) {
        creg_status status = jinja_charge_bytes(call->run, (size_t)width.as.integer, 1);
        if (status != CREG_OK)
            return status;
    }
    return text_method(call, "center", &width, 1, ret_value);
}

static bool is_blank(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte == ' ' || (byte >= '\t' && byte <= '\r') || (byte >= 0x1C && byte <= 0x1F);
}

static creg_status filter_trim(jinja_call *call, creg_value *ret_value)
{
    creg_value chars = jinja_argument(call, 1, creg_value_none());
    creg_value value = call->args[0];
    bool simple =
        creg_value_is(value, CREG_KIND_STRING) && creg_value_is(chars, CREG_KIND_NONE);
    if (!simple)
        return text_method(call, "strip", &chars, 1, ret_value);
    creg_slice text = creg_value_text(value);
    while (text.size > 0 && is_blank(text.data[0])) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && is_blank(text.data[text.size - 1]))
        text.size--;
    *ret_value = creg_value_string(text);
    ret_value->flags = value.flags & CREG_STRING_MARKUP;
    bool ascii_ends = text.size == 0 || ((unsigned char)text.data[0] < 0x80 &&
                                         (unsigned char)text.data[text.size - 1] < 0x80);
    return ascii_ends ? CREG_OK : text_method(call, "strip", &chars, 1, ret_value);
}

/* Under autoescape a Markup part makes the subject Markup, and then the parts are escaped. */
static creg_status replace_subject(jinja_call *call, creg_value *ret_text)
{
    creg_value source = call->args[0];
    bool escapes = jinja_has_html(call->args[1]) ||
                   (jinja_has_html(call->args[2]) && !jinja_has_html(source));
    return escapes ? jinja_escape(call->run, source, ret_text)
                   : jinja_str_value(call->run, source, ret_text);
}

static creg_status filter_replace(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    bool autoescape = run->autoescape;
    creg_value text = call->args[0];
    creg_value parts[3];
    creg_status status =
        autoescape ? replace_subject(call, &text) : jinja_str_value(run, text, &text);
    for (size_t i = 0; i < 2 && status == CREG_OK; i++) {
        status = jinja_str_value(run, call->args[i + 1], &parts[i]);
        if (!autoescape)
            parts[i].flags = 0;
    }
    if (status != CREG_OK)
        return status;
    if (!autoescape)
        text.flags = 0;
    parts[2] = jinja_argument(call, 3, creg_value_int(-1));
    if (creg_value_is(parts[2], CREG_KIND_NONE))
        parts[2] = creg_value_int(-1);
    return jinja_call_method(run, text, "replace", parts, 3, ret_value);
}

static creg_status filter_format(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    if (call->rest_count > 0 && call->keyword_count > 0)
        return jinja_fail(run, "FilterArgumentError",
                          "can't handle positional and keyword arguments at the same time");
    creg_value format;
    creg_value arguments;
    creg_status status = jinja_str_value(run, call->args[0], &format);
    if (status != CREG_OK)
        return status;
    if (call->keyword_count > 0) {
        creg_map *map = creg_map_new(run->arena, call->keyword_count);
        for (size_t i = 0; map != NULL && i < call->keyword_count; i++)
            if (!creg_map_set(run->arena, map, call->keywords[i].key, call->keywords[i].value))
                map = NULL;
        arguments = creg_value_map(map);
        status = map == NULL ? jinja_fail_arena(run) : CREG_OK;
    } else {
        creg_list *list = creg_list_new(run->arena, call->rest_count);
        for (size_t i = 0; list != NULL && i < call->rest_count; i++)
            if (!creg_list_append(run->arena, list, call->rest[i]))
                list = NULL;
        arguments = creg_value_tuple(list);
        status = list == NULL ? jinja_fail_arena(run) : CREG_OK;
    }
    return status == CREG_OK ? jinja_format_percent(run, format, arguments, ret_value) : status;
}

static creg_status filter_string(jinja_call *call, creg_value *ret_value)
{
    return jinja_str_value(call->run, call->args[0], ret_value);
}

/* ---- indent ----------------------------------------------------------------------------- */

typedef struct indentation {
    creg_slice unit;
    bool first;
    bool blank;
} indentation;

/* The width as text: so many spaces, or the string itself. */
static creg_status read_indent_unit(jinja_call *call, creg_slice *ret_unit)
{
    if (jinja_has(call, 1) && creg_value_is(call->args[1], CREG_KIND_STRING)) {
        *ret_unit = creg_value_text(call->args[1]);
        return CREG_OK;
    }
    if (jinja_has(call, 1) && creg_value_is(call->args[1], CREG_KIND_FLOAT))
        return jinja_fail(call->run, "TypeError",
                          "can't multiply sequence by non-int of type 'float'");
    int64_t width;
    creg_status status = jinja_argument_int(call, 1, 4, &width);
    if (status != CREG_OK)
        return status;
    static const char spaces[] = "                                ";
    if (width < 0)
        width = 0;
    *ret_unit = creg_slice_make(spaces, (size_t)width);
    if ((size_t)width < sizeof spaces)
        return CREG_OK;
    status = jinja_charge_bytes(call->run, (size_t)width, 1);
    if (status != CREG_OK)
        return status;
    char *filled = creg_arena_take(call->run->arena, (size_t)width);
    if (filled == NULL)
        return jinja_fail_arena(call->run);
    memset(filled, ' ', (size_t)width);
    *ret_unit = creg_slice_make(filled, (size_t)width);
    return CREG_OK;
}

/* The next line break from `at` on; `end` when there is none. */
static const char *find_break(const char *at, const char *end, size_t *ret_size)
{
    for (; at < end; at++) {
        unsigned char c = (unsigned char)*at;
        if (c > 0x1E && c != 0xC2 && c != 0xE2)
            continue;
        *ret_size = jinja_line_break(at, end);
        if (*ret_size > 0)
            return at;
    }
    *ret_size = 0;
    return end;
}

static void indent_lines(creg_slice text, const indentation *style, creg_text *out)
{
    const char *at = text.data;
    const char *end = text.data + text.size;
    if (style->first)
        creg_text_slice(out, style->unit);
    for (bool is_first = true;; is_first = false) {
        size_t size;
        const char *stop = find_break(at, end, &size);
        if (!is_first) {
            creg_text_byte(out, '\n');
            if (stop > at || style->blank)
                creg_text_slice(out, style->unit);
        }
        creg_text_append(out, at, (size_t)(stop - at));
        at = stop + size;
        if (size == 0 || out->failed != CREG_OK)
            return;
    }
}

/* In Jinja the text is added to: what is no text fails there. */
static creg_status check_indentable(jinja_run *run, creg_value source)
{
    if (creg_value_is(source, CREG_KIND_STRING))
        return CREG_OK;
    if (creg_value_is(source, CREG_KIND_UNDEFINED))
        return jinja_fail_undefined(run, source);
    if (creg_value_is(source, CREG_KIND_LIST))
        return jinja_fail(run, "AttributeError", "'list' object has no attribute 'splitlines'");
    if (creg_value_is(source, CREG_KIND_TUPLE))
        return jinja_fail(run, "TypeError",
                          "can only concatenate tuple (not \"str\") to tuple");
    return jinja_fail(run, "TypeError", "unsupported operand type(s) for +=: '%s' and 'str'",
                      creg_value_type_name(source));
}

static creg_status filter_indent(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_value source = call->args[0];
    indentation style;
    creg_status status = read_indent_unit(call, &style.unit);
    if (status == CREG_OK)
        status = check_indentable(run, source);
    if (status == CREG_OK)
        status = jinja_argument_bool(call, 2, false, &style.first);
    if (status == CREG_OK)
        status = jinja_argument_bool(call, 3, false, &style.blank);
    if (status == CREG_OK)
        status = jinja_charge(run, source.size / 64 + 1);
    if (status != CREG_OK)
        return status;

    creg_text out;
    jinja_text_init(run, &out);
    creg_text_reserve(&out, source.size + style.unit.size);
    creg_slice text = creg_value_text(source);
    if (text.size > 0 && text.data[text.size - 1] == '\r')
        text.size--; /* Jinja adds "\n" before it splits: "\r" at the end makes no line */
    indent_lines(text, &style, &out);
    status = jinja_text_value(run, &out, ret_value);
    if (status == CREG_OK)
        ret_value->flags = source.flags & CREG_STRING_MARKUP;
    return status;
}

/* ---- truncate, wordcount ---------------------------------------------------------------- */

typedef struct cutting {
    creg_value length; /* any number, as long as nothing has to be cut */
    creg_value leeway;
    int64_t end_length; /* code points of `end` */
    creg_value end;
} cutting;

static creg_status check_at_least(jinja_run *run, const char *name, creg_value value,
                                  int64_t least)
{
    bool enough;
    creg_status status =
        jinja_compare(run, JINJA_GREATER_EQUAL, value, creg_value_int(least), &enough);
    if (status != CREG_OK || enough)
        return status;
    creg_slice shown;
    status = jinja_str(run, value, &shown);
    if (status != CREG_OK)
        return status;
    return jinja_fail(run, "AssertionError", "expected %s >= %lld, got %.*s", name,
                      (long long)least, CREG_SHOW(shown));
}

static creg_status read_cutting(jinja_call *call, cutting *cut)
{
    jinja_run *run = call->run;
    size_t end_length = 0;
    cut->length = jinja_argument(call, 1, creg_value_int(255));
    cut->end = jinja_argument(call, 3, creg_value_cstring("..."));
    cut->leeway = jinja_argument(call, 4, creg_value_none());
    if (creg_value_is(cut->leeway, CREG_KIND_NONE))
        cut->leeway = creg_value_int(5);
    creg_status status = jinja_length(run, cut->end, &end_length);
    if (status != CREG_OK)
        return status;
    cut->end_length = (int64_t)end_length;
    status = check_at_least(run, "length", cut->length, cut->end_length);
    return status == CREG_OK ? check_at_least(run, "leeway", cut->leeway, 0) : status;
}

/* Is it so short that it stays as it is? */
static creg_status fits(jinja_run *run, const cutting *cut, size_t length, bool *ret_fits)
{
    creg_value most;
    creg_status status = jinja_add(run, cut->length, cut->leeway, &most);
    return status == CREG_OK ? jinja_compare(run, JINJA_LESS_EQUAL,
                                             creg_value_int((int64_t)length), most, ret_fits)
                             : status;
}

/* Up to the last blank, if there is one. */
static creg_slice drop_last_word(creg_slice text)
{
    for (size_t at = text.size; at > 0; at--)
        if (text.data[at - 1] == ' ')
            return creg_slice_make(text.data, at - 1);
    return text;
}

/* Something that is too long, but no text. */
static creg_status fail_truncate(jinja_run *run, creg_value source, bool killwords)
{
    const char *type = creg_value_type_name(source);
    if (creg_value_is(source, CREG_KIND_MAP))
        return jinja_fail(run, "TypeError", "unhashable type: 'slice'");
    if (creg_value_is(source, CREG_KIND_SET) || creg_value_is(source, CREG_KIND_OBJECT))
        return jinja_fail(run, "TypeError", "'%s' object is not subscriptable", type);
    if (killwords)
        return jinja_fail(run, "TypeError", "can only concatenate %s (not \"str\") to %s", type,
                          type);
    return jinja_fail(run, "AttributeError", "'%s' object has no attribute 'rsplit'", type);
}

static creg_status filter_truncate(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_value source = call->args[0];
    cutting cut;
    size_t length = 0;
    creg_status status = read_cutting(call, &cut);
    if (status == CREG_OK)
        status = jinja_length(run, source, &length);
    bool short_enough = false;
    if (status == CREG_OK)
        status = fits(run, &cut, length, &short_enough);
    if (status != CREG_OK)
        return status;
    *ret_value = source;
    if (short_enough)
        return CREG_OK;
    bool killwords; /* looked at when something has to be cut */
    status = jinja_argument_bool(call, 2, false, &killwords);
    if (status != CREG_OK)
        return status;
    if (!creg_value_is(cut.length, CREG_KIND_INT) && !creg_value_is(cut.length, CREG_KIND_BOOL))
        return jinja_fail(run, "TypeError",
                          "slice indices must be integers or None or have an __index__ method");
    if (!creg_value_is(source, CREG_KIND_STRING))
        return fail_truncate(run, source, killwords);

    creg_slice text = creg_value_text(source);
    text.size = creg_utf8_offset(text, (size_t)(cut.length.as.integer - cut.end_length));
    if (!killwords)
        text = drop_last_word(text);
    creg_value start = creg_value_string(text);
    start.flags = source.flags & CREG_STRING_MARKUP;
    return jinja_add(run, start, cut.end, ret_value);
}

static creg_status filter_wordcount(jinja_call *call, creg_value *ret_value)
{
    creg_slice text;
    creg_status status = jinja_str(call->run, call->args[0], &text);
    if (status == CREG_OK)
        status = jinja_charge(call->run, text.size / 64 + 1);
    if (status != CREG_OK)
        return status;
    int64_t words = 0;
    bool inside = false;
    for (size_t at = 0; at < text.size;) {
        size_t width;
        uint32_t c = creg_utf8_decode(text.data + at, &width);
        bool is_word = c == '_' || creg_unicode_is_alnum(c);
        words += is_word && !inside ? 1 : 0;
        inside = is_word;
        at += width;
    }
    *ret_value = creg_value_int(words);
    return CREG_OK;
}

const jinja_builtin jinja_filters_text[] = {
    {"capitalize", filter_capitalize, "capitalize()",
     "First character upper case, the rest lower.", 0, 0},
    {"center", filter_center, "center(width=80)", "In the middle of a field of spaces.", 0, 0},
    {"format", filter_format, "format(*args, **kwargs)",
     "Printf-style: '%s has %d'|format(name, count).", 0, 0},
    {"indent", filter_indent, "indent(width=4, first=false, blank=false)",
     "Indent each line but the first and the empty ones.", 0, 0},
    {"lower", filter_lower, "lower()", "In lower case.", 0, 0},
    {"replace", filter_replace, "replace(old, new, count=none)",
     "Replace one text by another, everywhere or `count` times.", 0, 0},
    {"string", filter_string, "string()", "As text; Markup stays Markup.", 0, 0},
    {"title", filter_title, "title()", "The First Letter Of Each Word In Upper Case.", 0, 0},
    {"trim", filter_trim, "trim(chars=none)", "Without blanks (or these characters) around it.",
     0, 0},
    {"truncate", filter_truncate,
     "truncate(length=255, killwords=false, end='...', leeway=none)",
     "Cut to a length, at a word's end unless killwords.", 0, 0},
    {"upper", filter_upper, "upper()", "In upper case.", 0, 0},
    {"wordcount", filter_wordcount, "wordcount()", "How many words.", 0, 0},
    JINJA_ROW_END,
};
