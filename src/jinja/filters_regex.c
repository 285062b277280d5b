/* SPDX-License-Identifier: MIT */
/*
 * The configuration pack: regular expressions as filters and tests.
 */
#include "jinja/regex.h"

#include "base/unicode.h"

#define PACK JINJA_PACK_CONFIG

/* ---- opening a pattern ------------------------------------------------------------------ */

typedef struct matching {
    jinja_run *run;
    jinja_regex *regex;
    jinja_regex_walk walk;
} matching;

/* The subject as text and the pattern of argument 1, under the flags of two others. */
static creg_status open_matching(jinja_call *call, size_t ignorecase_at, size_t multiline_at,
                                 matching *m)
{
    jinja_run *run = call->run;
    creg_slice pattern;
    bool ignorecase;
    bool multiline = false;
    *m = (matching){.run = run};
    creg_status status = jinja_str(run, call->args[0], &m->walk.text);
    if (status == CREG_OK)
        status = jinja_argument_text(call, 1, creg_slice_of(""), &pattern);
    if (status == CREG_OK)
        status = jinja_argument_bool(call, ignorecase_at, false, &ignorecase);
    if (status == CREG_OK)
        status = jinja_argument_bool(call, multiline_at, false, &multiline);
    if (status != CREG_OK)
        return status;
    unsigned flags =
        (ignorecase ? JINJA_REGEX_IGNORECASE : 0U) | (multiline ? JINJA_REGEX_MULTILINE : 0U);
    return jinja_regex_new(run, pattern, flags, &m->regex);
}

/* ---- regex_replace ---------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static creg_status append_group(const matching *m, const jinja_match *match, size_t group,
                                creg_text *out)
{
    if (group >= match->groups)
        return jinja_fail(m->run, "ValueError", "invalid group reference %zu", group);
    creg_text_slice(out, jinja_match_group(match, m->walk.text, group));
    return CREG_OK;
}

/* The number that a name or number between '<' and '>' means, SIZE_MAX for none. */
static size_t group_number(const matching *m, creg_slice name)
{
    size_t number = 0;
    for (size_t i = 0; i < name.size; i++) {
        if (!is_digit(name.data[i]) || number > 9999)
            return jinja_regex_group(m->regex, name);
        number = number * 10 + (size_t)(name.data[i] - '0');
    }
    return name.size == 0 ? SIZE_MAX : number;
}

/* "\g<name>" at `at`, which points to the 'g'; how far it reaches. */
static creg_status append_named(const matching *m, const jinja_match *match, creg_slice text,
                                size_t at, creg_text *out, size_t *ret_size)
{
    const char *close = NULL;
    if (at + 1 < text.size && text.data[at + 1] == '<')
        close = memchr(text.data + at, '>', text.size - at);
    if (close == NULL)
        return jinja_fail(m->run, "ValueError", "missing group name in the replacement");
    creg_slice name = creg_slice_make(text.data + at + 2, (size_t)(close - text.data) - at - 2);
    size_t number = group_number(m, name);
    if (number == SIZE_MAX)
        return jinja_fail(m->run, "IndexError", "unknown group name '%.*s'", CREG_SHOW(name));
    *ret_size = name.size + 3;
    return append_group(m, match, number, out);
}

/* The letter escapes of a replacement: their character, or 0. */
static char escaped_letter(char c)
{
    static const char letters[] = "abfnrtv";
    static const char means[] = "\a\b\f\n\r\t\v";
    const char *found = c == '\0' ? NULL : strchr(letters, c);
    return found == NULL ? '\0' : means[found - letters];
}

static creg_status append_escape(const matching *m, const jinja_match *match, creg_slice text,
                                 size_t at, creg_text *out, size_t *ret_size)
{
    char c = text.data[at];
    *ret_size = 1;
    if (c == 'g')
        return append_named(m, match, text, at, out, ret_size);
    if (is_digit(c) && c != '0') {
        size_t group = (size_t)(c - '0');
        if (at + 1 < text.size && is_digit(text.data[at + 1])) {
            group = group * 10 + (size_t)(text.data[at + 1] - '0');
            *ret_size = 2;
        }
        return append_group(m, match, group, out);
    }
    if (c == '0') {
        creg_text_byte(out, '\0');
    } else if (escaped_letter(c) != '\0') {
        creg_text_byte(out, escaped_letter(c));
    } else if (c == '\\') {
        creg_text_byte(out, '\\');
    } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
        return jinja_fail(m->run, "ValueError", "bad escape \\%c in the replacement", c);
    } else {
        creg_text_byte(out, '\\');
        creg_text_byte(out, c);
    }
    return CREG_OK;
}

static creg_status append_replacement(const matching *m, const jinja_match *match,
                                      creg_slice replacement, creg_text *out)
{
    creg_status status = CREG_OK;
    for (size_t at = 0; at < replacement.size && status == CREG_OK;) {
        size_t size = 1;
        if (replacement.data[at] != '\\') {
            creg_text_byte(out, replacement.data[at]);
        } else if (++at == replacement.size) {
            status = jinja_fail(m->run, "ValueError", "bad escape (end of pattern)");
        } else {
            status = append_escape(m, match, replacement, at, out, &size);
        }
        at += size;
    }
    return status;
}

static creg_status replace_all(matching *m, creg_slice replacement, creg_text *out)
{
    size_t copied = 0;
    for (;;) {
        jinja_match match;
        bool found;
        creg_status status = jinja_regex_next(m->run, m->regex, &m->walk, &match, &found);
        if (status != CREG_OK)
            return status;
        size_t until = found ? match.offsets[0] : m->walk.text.size;
        creg_text_append(out, m->walk.text.data + copied, until - copied);
        if (!found || out->failed != CREG_OK)
            return CREG_OK;
        status = append_replacement(m, &match, replacement, out);
        if (status != CREG_OK)
            return status;
        copied = match.offsets[1];
    }
}

static creg_status filter_regex_replace(jinja_call *call, creg_value *ret_value)
{
    matching m;
    creg_slice replacement;
    creg_text out;
    jinja_text_init(call->run, &out);
    creg_status status = open_matching(call, 3, 4, &m);
    if (status == CREG_OK)
        status = jinja_argument_text(call, 2, creg_slice_of(""), &replacement);
    if (status == CREG_OK)
        status = replace_all(&m, replacement, &out);
    if (status == CREG_OK)
        status = jinja_text_value(call->run, &out, ret_value);
    jinja_regex_free(m.regex);
    return status;
}

/* ---- regex_search, regex_findall -------------------------------------------------------- */

static creg_status append_text(jinja_run *run, creg_list *list, creg_slice text)
{
    return creg_list_append(run->arena, list, creg_value_string(text)) ? CREG_OK
                                                                       : jinja_fail_arena(run);
}

/* "\\1" or "\\g<name>" as an argument: a group of the match. */
static creg_status append_asked(const matching *m, const jinja_match *match, creg_value asked,
                                creg_list *list)
{
    creg_slice text = creg_value_text(asked);
    size_t number = SIZE_MAX;
    if (creg_value_is(asked, CREG_KIND_STRING) && text.size > 1 && text.data[0] == '\\') {
        bool named = text.size > 4 && text.data[1] == 'g';
        number = named ? group_number(m, creg_slice_make(text.data + 3, text.size - 4))
                       : group_number(m, creg_slice_make(text.data + 1, text.size - 1));
    }
    if (number == SIZE_MAX)
        return jinja_fail(m->run, "FilterArgumentError", "Unknown argument");
    if (number >= match->groups)
        return jinja_fail(m->run, "IndexError", "no such group");
    if (match->offsets[2 * number] == SIZE_MAX)
        return creg_list_append(m->run->arena, list, creg_value_none())
                   ? CREG_OK
                   : jinja_fail_arena(m->run);
    return append_text(m->run, list, jinja_match_group(match, m->walk.text, number));
}

static creg_status search(jinja_call *call, matching *m, creg_value *ret_value)
{
    jinja_match match;
    bool found;
    creg_status status = jinja_regex_next(m->run, m->regex, &m->walk, &match, &found);
    *ret_value = creg_value_none();
    if (status != CREG_OK || !found)
        return status;
    if (call->rest_count == 0) {
        *ret_value = creg_value_string(jinja_match_group(&match, m->walk.text, 0));
        return CREG_OK;
    }
    creg_list *list = creg_list_new(m->run->arena, call->rest_count);
    if (list == NULL)
        return jinja_fail_arena(m->run);
    for (size_t i = 0; i < call->rest_count && status == CREG_OK; i++)
        status = append_asked(m, &match, call->rest[i], list);
    *ret_value = creg_value_list(list);
    return status;
}

static creg_status filter_regex_search(jinja_call *call, creg_value *ret_value)
{
    matching m;
    creg_status status = open_matching(call, 2, 3, &m);
    if (status == CREG_OK)
        status = search(call, &m, ret_value);
    jinja_regex_free(m.regex);
    return status;
}

/* What findall gives of one match: the whole, the only group, or a tuple of the groups. */
static creg_status found_value(const matching *m, const jinja_match *match,
                               creg_value *ret_value)
{
    if (match->groups <= 2) {
        *ret_value =
            creg_value_string(jinja_match_group(match, m->walk.text, match->groups - 1));
        return CREG_OK;
    }
    creg_list *groups = creg_list_new(m->run->arena, match->groups - 1);
    if (groups == NULL)
        return jinja_fail_arena(m->run);
    creg_status status = CREG_OK;
    for (size_t i = 1; i < match->groups && status == CREG_OK; i++)
        status = append_text(m->run, groups, jinja_match_group(match, m->walk.text, i));
    *ret_value = creg_value_tuple(groups);
    return status;
}

static creg_status find_all(matching *m, creg_value *ret_value)
{
    creg_list *list = creg_list_new(m->run->arena, 4);
    if (list == NULL)
        return jinja_fail_arena(m->run);
    *ret_value = creg_value_list(list);
    for (;;) {
        jinja_match match;
        bool found;
        creg_value value;
        creg_status status = jinja_regex_next(m->run, m->regex, &m->walk, &match, &found);
        if (status != CREG_OK || !found)
            return status;
        status = found_value(m, &match, &value);
        if (status != CREG_OK)
            return status;
        if (!creg_list_append(m->run->arena, list, value))
            return jinja_fail_arena(m->run);
    }
}

static creg_status filter_regex_findall(jinja_call *call, creg_value *ret_value)
{
    matching m;
    creg_status status = open_matching(call, 3, 2, &m);
    if (status == CREG_OK)
        status = find_all(&m, ret_value);
    jinja_regex_free(m.regex);
    return status;
}

/* ---- regex_escape ----------------------------------------------------------------------- */

static creg_status filter_regex_escape(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_slice type;
    creg_slice text;
    creg_status status = jinja_argument_text(call, 1, creg_slice_of("python"), &type);
    if (status == CREG_OK)
        status = jinja_str(run, call->args[0], &text);
    if (status == CREG_OK)
        status = jinja_charge(run, text.size / 64 + 1);
    if (status != CREG_OK)
        return status;
    const char *special = NULL;
    if (creg_slice_equal(type, creg_slice_of("python")))
        special = "()[]{}?*+-|^$\\.&~# \t\n\r\v\f";
    else if (creg_slice_equal(type, creg_slice_of("posix_basic")))
        special = "[].^$*\\";
    else
        return jinja_fail(run, "FilterArgumentError", "Invalid regex type (%.*s)",
                          CREG_SHOW(type));
    creg_text out;
    jinja_text_init(run, &out);
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] != '\0' && strchr(special, text.data[i]) != NULL)
            creg_text_byte(&out, '\\');
        creg_text_byte(&out, text.data[i]);
    }
    return jinja_text_value(run, &out, ret_value);
}

const jinja_builtin jinja_filters_regex[] = {
    {"regex_escape", filter_regex_escape, "regex_escape(re_type='python')",
     "A text whose characters mean themselves in a pattern.", PACK, 0},
    {"regex_findall", filter_regex_findall,
     "regex_findall(regex, multiline=false, ignorecase=false)", "All matches.", PACK, 0},
    {"regex_replace", filter_regex_replace,
     "regex_replace(pattern='', replacement='', ignorecase=false, multiline=false)",
     "Replace all matches; \\1 and \\g<name> in the replacement are groups.", PACK, 0},
    {"regex_search", filter_regex_search,
     "regex_search(regex, *args, ignorecase=false, multiline=false)",
     "The first match, or the groups asked for ('\\\\1'); none when there is none.", PACK, 0},
    JINJA_ROW_END,
};

/* ---- tests ------------------------------------------------------------------------------ */

static creg_status test_pattern(jinja_call *call, bool anchored, creg_value *ret_value)
{
    matching m;
    jinja_match match;
    bool found = false;
    creg_status status = open_matching(call, 2, 3, &m);
    m.walk.anchored = anchored;
    if (status == CREG_OK)
        status = jinja_regex_next(m.run, m.regex, &m.walk, &match, &found);
    *ret_value = creg_value_bool(found);
    jinja_regex_free(m.regex);
    return status;
}

static creg_status test_match(jinja_call *call, creg_value *ret_value)
{
    return test_pattern(call, true, ret_value);
}

static creg_status test_search(jinja_call *call, creg_value *ret_value)
{
    return test_pattern(call, false, ret_value);
}

static creg_status test_regex(jinja_call *call, creg_value *ret_value)
{
    creg_slice type;
    creg_status status = jinja_argument_text(call, 4, creg_slice_of("search"), &type);
    if (status != CREG_OK)
        return status;
    return test_pattern(call, creg_slice_equal(type, creg_slice_of("match")), ret_value);
}

const jinja_builtin jinja_tests_regex[] = {
    {"match", test_match, "match(pattern='', ignorecase=false, multiline=false)",
     "Does the text begin with a match?", PACK, 0},
    {"regex", test_regex,
     "regex(pattern='', ignorecase=false, multiline=false, match_type='search')",
     "Is there a match?", PACK, 0},
    {"search", test_search, "search(pattern='', ignorecase=false, multiline=false)",
     "Is there a match anywhere in the text?", PACK, 0},
    JINJA_ROW_END,
};
