/* SPDX-License-Identifier: MIT */
/*
 * Python's regular expressions on PCRE2: where the two dialects differ the pattern is
 * rewritten, and every match runs under limits.
 */
#include "jinja/regex.h"

#include "base/memory.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
    PATTERN_BYTES_MAX = 32 * 1024,
    MATCH_STEPS_MAX = 1000000, /* backtracking of one match: some tens of milliseconds */
    MATCH_HEAP_KIB = 8 * 1024,
    BYTES_A_STEP = 64
};

struct jinja_regex {
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_general_context *general;
};

static void *take(PCRE2_SIZE size, void *user)
{
    (void)user;
    return creg_memory_alloc(size);
}

static void give_back(void *block, void *user)
{
    (void)user;
    creg_memory_free(block);
}

/* ---- from Python's dialect -------------------------------------------------------------- */

/* "{,5}" is "{0,5}" in Python and plain text in PCRE2. */
static bool is_open_count(creg_slice pattern, size_t at)
{
    size_t digits = at + 2;
    if (pattern.data[at] != '{' || digits >= pattern.size || pattern.data[at + 1] != ',')
        return false;
    while (digits < pattern.size && pattern.data[digits] >= '0' && pattern.data[digits] <= '9')
        digits++;
    return digits > at + 2 && digits < pattern.size && pattern.data[digits] == '}';
}

static void translate(creg_slice pattern, creg_text *out)
{
    bool in_class = false;
    for (size_t at = 0; at < pattern.size; at++) {
        char c = pattern.data[at];
        if (c == '\\' && at + 1 < pattern.size) {
            char escaped = pattern.data[++at];
            creg_text_byte(out, '\\');
            creg_text_byte(out, escaped == 'Z' && !in_class ? 'z' : escaped);
            continue;
        }
        if (c == '[' && in_class)
            creg_text_byte(out, '\\'); /* "[[:alpha:]]" is no class of classes in Python */
        creg_text_byte(out, c);
        if (!in_class && is_open_count(pattern, at))
            creg_text_byte(out, '0');
        if (c == '[' && !in_class) {
            in_class = true; /* a ']' right behind the '[' or '[^' is an item */
            if (at + 1 < pattern.size && pattern.data[at + 1] == '^')
                creg_text_byte(out, pattern.data[++at]);
            if (at + 1 < pattern.size && pattern.data[at + 1] == ']') {
                creg_text_string(out, "\\]");
                at++;
            }
        } else if (c == ']') {
            in_class = false;
        }
    }
}

/* ---- compiling -------------------------------------------------------------------------- */

static creg_status fail_memory(jinja_run *run)
{
    return creg_fail(run->err, CREG_NO_MEMORY, "out of memory for a regular expression");
}

static creg_status fail_compile(jinja_run *run, int error, size_t offset)
{
    PCRE2_UCHAR message[160];
    if (error == PCRE2_ERROR_HEAP_FAILED)
        return fail_memory(run);
    if (pcre2_get_error_message(error, message, sizeof message) < 0)
        message[0] = '\0';
    return jinja_fail(run, "ValueError", "not a regular expression: %s at position %zu",
                      (const char *)message, offset);
}

static creg_status compile(jinja_run *run, creg_slice pattern, unsigned flags,
                           jinja_regex *regex)
{
    uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_NO_UTF_CHECK | PCRE2_NEVER_BACKSLASH_C;
    if ((flags & JINJA_REGEX_IGNORECASE) != 0)
        options |= PCRE2_CASELESS;
    if ((flags & JINJA_REGEX_MULTILINE) != 0)
        options |= PCRE2_MULTILINE;

    pcre2_compile_context *context = pcre2_compile_context_create(regex->general);
    if (context == NULL)
        return fail_memory(run);
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    int error;
    PCRE2_SIZE offset;
    regex->code = pcre2_compile((PCRE2_SPTR)pattern.data, pattern.size, options, &error,
                                &offset, context);
    pcre2_compile_context_free(context);
    return regex->code == NULL ? fail_compile(run, error, offset) : CREG_OK;
}

static creg_status prepare(jinja_run *run, creg_slice pattern, unsigned flags,
                           jinja_regex *regex)
{
    regex->general = pcre2_general_context_create(take, give_back, NULL);
    if (regex->general == NULL)
        return fail_memory(run);
    creg_status status = compile(run, pattern, flags, regex);
    if (status != CREG_OK)
        return status;
    regex->data = pcre2_match_data_create_from_pattern(regex->code, regex->general);
    regex->context = pcre2_match_context_create(regex->general);
    if (regex->data == NULL || regex->context == NULL)
        return fail_memory(run);
    pcre2_set_match_limit(regex->context, MATCH_STEPS_MAX);
    pcre2_set_heap_limit(regex->context, MATCH_HEAP_KIB);
    return CREG_OK;
}

creg_status jinja_regex_new(jinja_run *run, creg_slice pattern, unsigned flags,
                            jinja_regex **ret_regex)
{
    if (pattern.size > PATTERN_BYTES_MAX)
        return jinja_fail(run, "ValueError", "a regular expression of %zu bytes is too long",
                          pattern.size);
    creg_text text;
    jinja_text_init(run, &text);
    translate(pattern, &text);
    creg_value translated;
    creg_status status = jinja_text_value(run, &text, &translated);
    if (status == CREG_OK)
        status = jinja_charge(run, 16 + pattern.size);
    if (status != CREG_OK)
        return status;

    jinja_regex *regex = creg_memory_calloc(1, sizeof *regex);
    if (regex == NULL)
        return fail_memory(run);
    creg_slice source = creg_value_text(translated);
    if (source.size == 0)
        source.data = "";
    status = prepare(run, source, flags, regex);
    if (status == CREG_OK)
        *ret_regex = regex;
    else
        jinja_regex_free(regex);
    return status;
}

void jinja_regex_free(jinja_regex *regex)
{
    if (regex == NULL)
        return;
    pcre2_match_context_free(regex->context);
    pcre2_match_data_free(regex->data);
    pcre2_code_free(regex->code);
    pcre2_general_context_free(regex->general);
    creg_memory_free(regex);
}

/* ---- matching --------------------------------------------------------------------------- */

static creg_status fail_match(jinja_run *run, int result)
{
    if (result == PCRE2_ERROR_MATCHLIMIT || result == PCRE2_ERROR_HEAPLIMIT ||
        result == PCRE2_ERROR_DEPTHLIMIT) {
        creg_status status =
            creg_fail(run->err, CREG_LIMIT, "a regular expression needs more than %d steps",
                      MATCH_STEPS_MAX);
        creg_error_hint(run->err, "make the pattern unambiguous: nested repeats such as (a+)+ "
                                  "take forever");
        return status;
    }
    if (result == PCRE2_ERROR_NOMEMORY)
        return fail_memory(run);
    return jinja_fail(run, "ValueError", "matching failed (%d)", result);
}

creg_status jinja_regex_next(jinja_run *run, jinja_regex *regex, jinja_regex_walk *walk,
                             jinja_match *ret_match, bool *ret_found)
{
    *ret_found = false;
    if (walk->at > walk->text.size)
        return CREG_OK;
    uint32_t options = PCRE2_NO_UTF_CHECK;
    options |= walk->after_empty ? PCRE2_NOTEMPTY_ATSTART : 0;
    options |= walk->anchored ? PCRE2_ANCHORED : 0;
    const char *data = walk->text.size == 0 ? "" : walk->text.data;
    int result = pcre2_match(regex->code, (PCRE2_SPTR)data, walk->text.size, walk->at, options,
                             regex->data, regex->context);
    size_t looked_at = walk->text.size - walk->at;
    if (result == PCRE2_ERROR_NOMATCH)
        return jinja_charge(run, 8 + looked_at / BYTES_A_STEP);
    if (result < 0)
        return fail_match(run, result);

    const size_t *offsets = pcre2_get_ovector_pointer(regex->data);
    looked_at = offsets[1] > walk->at ? offsets[1] - walk->at : 0;
    creg_status status = jinja_charge(run, 8 + looked_at / BYTES_A_STEP);
    if (status != CREG_OK)
        return status;
    ret_match->offsets = offsets;
    ret_match->groups = pcre2_get_ovector_count(regex->data);
    walk->at = offsets[1];
    walk->after_empty = offsets[0] == offsets[1];
    *ret_found = true;
    return CREG_OK;
}

size_t jinja_regex_group(const jinja_regex *regex, creg_slice name)
{
    char text[64];
    if (name.size >= sizeof text)
        return SIZE_MAX;
    memcpy(text, name.data, name.size);
    text[name.size] = '\0';
    int number = pcre2_substring_number_from_name(regex->code, (PCRE2_SPTR)text);
    return number < 0 ? SIZE_MAX : (size_t)number;
}
