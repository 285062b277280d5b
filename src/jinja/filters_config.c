/* SPDX-License-Identifier: MIT */
/*
 * The configuration pack, plain part: what Ansible's and Salt's templates expect for
 * booleans, comments, paths and shells. The other parts: filters_codec.c, filters_sets.c,
 * filters_regex.c, filters_yaml.c, filters_address.c, tests_config.c.
 */
#include "jinja/builtins.h"
#include "jinja/eval.h"

#include "base/search.h"
#include "base/unicode.h"
#include "base/utf8.h"

#define PACK JINJA_PACK_CONFIG

/* ---- bool, ternary, mandatory, type_debug ----------------------------------------------- */

static creg_status filter_bool(jinja_call *call, creg_value *ret_value)
{
    static const char *const words[] = {"yes", "on", "1", "true"};
    creg_value value = call->args[0];
    *ret_value = value;
    if (creg_value_is(value, CREG_KIND_NONE) || creg_value_is(value, CREG_KIND_BOOL))
        return CREG_OK;
    if (creg_value_is(value, CREG_KIND_UNDEFINED) &&
        jinja_undefined_mode(value) == JINJA_UNDEFINED_STRICT)
        return jinja_fail_undefined(call->run, value);
    bool truth = creg_value_equal(value, creg_value_int(1));
    if (creg_value_is(value, CREG_KIND_STRING))
        for (size_t i = 0; i < sizeof words / sizeof words[0] && !truth; i++)
            truth = jinja_is_any_case(creg_value_text(value), words[i]);
    *ret_value = creg_value_bool(truth);
    return CREG_OK;
}

static creg_status filter_ternary(jinja_call *call, creg_value *ret_value)
{
    bool truth = false;
    creg_value none = jinja_argument(call, 3, creg_value_none());
    if (creg_value_is(call->args[0], CREG_KIND_NONE) && !creg_value_is(none, CREG_KIND_NONE)) {
        *ret_value = none;
        return CREG_OK;
    }
    creg_status status = jinja_truthy(call->run, call->args[0], &truth);
    *ret_value = call->args[truth ? 1 : 2];
    return status;
}

static creg_status filter_mandatory(jinja_call *call, creg_value *ret_value)
{
    *ret_value = call->args[0];
    if (!creg_value_is(call->args[0], CREG_KIND_UNDEFINED))
        return CREG_OK;
    creg_slice message = {0};
    creg_status status = CREG_OK;
    if (jinja_has(call, 1) && !creg_value_is(call->args[1], CREG_KIND_NONE))
        status = jinja_str(call->run, call->args[1], &message);
    if (status != CREG_OK)
        return status;
    if (message.size > 0)
        return jinja_fail(call->run, "UndefinedError", "%.*s", CREG_SHOW(message));
    return jinja_fail(call->run, "UndefinedError", "Mandatory variable not defined.");
}

static creg_status filter_type_debug(jinja_call *call, creg_value *ret_value)
{
    *ret_value = creg_value_cstring(creg_value_type_name(call->args[0]));
    return CREG_OK;
}

/* ---- comment ---------------------------------------------------------------------------- */

typedef struct comment_style {
    const char *name;
    const char *beginning;
    const char *decoration;
    const char *end;
} comment_style;

static const comment_style comment_styles[] = {
    {"plain", "", "# ", ""},        {"erlang", "", "% ", ""},      {"c", "", "// ", ""},
    {"cblock", "/*", " * ", " */"}, {"xml", "<!--", " - ", "-->"},
};

typedef struct comment {
    creg_slice beginning;
    creg_slice decoration;
    creg_slice end;
    creg_slice newline;
    creg_slice prefix;
    creg_slice postfix;
    int64_t prefix_count;
    int64_t postfix_count;
} comment;

static creg_slice trim_right(creg_slice text)
{
    while (text.size > 0 && strchr(" \t\r\n\f\v", text.data[text.size - 1]) != NULL)
        text.size--;
    return text;
}

static creg_status read_comment(jinja_call *call, const comment_style *style, comment *shape)
{
    creg_status status =
        jinja_argument_text(call, 4, creg_slice_of(style->decoration), &shape->decoration);
    creg_slice around = trim_right(shape->decoration);
    if (status == CREG_OK)
        status =
            jinja_argument_text(call, 2, creg_slice_of(style->beginning), &shape->beginning);
    if (status == CREG_OK)
        status = jinja_argument_text(call, 3, creg_slice_of(style->end), &shape->end);
    if (status == CREG_OK)
        status = jinja_argument_text(call, 5, creg_slice_of("\n"), &shape->newline);
    if (status == CREG_OK)
        status = jinja_argument_text(call, 6, around, &shape->prefix);
    if (status == CREG_OK)
        status = jinja_argument_int(call, 7, 1, &shape->prefix_count);
    if (status == CREG_OK)
        status = jinja_argument_text(call, 8, around, &shape->postfix);
    if (status == CREG_OK)
        status = jinja_argument_int(call, 9, 1, &shape->postfix_count);
    return status;
}

static void append_decorated(creg_text *out, creg_slice text, const comment *shape)
{
    size_t at = 0;
    for (;;) {
        size_t stop =
            shape->newline.size == 0 ? SIZE_MAX : creg_search(text, shape->newline, at);
        size_t end = stop == SIZE_MAX ? text.size : stop;
        /* A decoration alone on its line has no blanks behind it. */
        bool bare = stop == at;
        creg_text_slice(out, bare ? trim_right(shape->decoration) : shape->decoration);
        creg_text_append(out, text.data + at, end - at);
        if (stop == SIZE_MAX || out->failed != CREG_OK)
            return;
        creg_text_slice(out, shape->newline);
        at = stop + shape->newline.size;
    }
}

static creg_status append_comment(jinja_run *run, creg_text *out, creg_slice text,
                                  const comment *shape)
{
    int64_t lines = (shape->prefix_count > 0 ? shape->prefix_count : 0) +
                    (shape->postfix_count > 0 ? shape->postfix_count : 0);
    creg_status status = jinja_charge_bytes(run, (size_t)lines, shape->newline.size + 1);
    if (status != CREG_OK)
        return status;
    if (shape->beginning.size > 0) {
        creg_text_slice(out, shape->beginning);
        creg_text_slice(out, shape->newline);
    }
    bool only_newline = creg_slice_equal(shape->prefix, shape->newline);
    for (int64_t i = 0; shape->prefix.size > 0 && i < shape->prefix_count; i++) {
        creg_text_slice(out, shape->prefix);
        if (!only_newline)
            creg_text_slice(out, shape->newline);
    }
    append_decorated(out, text, shape);
    for (int64_t i = 0; i < shape->postfix_count; i++) {
        creg_text_slice(out, shape->newline);
        creg_text_slice(out, shape->postfix);
    }
    if (shape->end.size > 0) {
        creg_text_slice(out, shape->newline);
        creg_text_slice(out, shape->end);
    }
    return CREG_OK;
}

static creg_status filter_comment(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_slice name;
    creg_slice text;
    creg_status status = jinja_argument_text(call, 1, creg_slice_of("plain"), &name);
    if (status == CREG_OK)
        status = jinja_str(run, call->args[0], &text);
    if (status != CREG_OK)
        return status;
    const comment_style *style = NULL;
    for (size_t i = 0; i < sizeof comment_styles / sizeof comment_styles[0]; i++)
        if (creg_slice_equal(name, creg_slice_of(comment_styles[i].name)))
            style = &comment_styles[i];
    if (style == NULL)
        return jinja_fail(
            run, "FilterArgumentError",
            "Invalid style '%.*s'. Available styles: plain, erlang, c, cblock, xml",
            CREG_SHOW(name));
    comment shape;
    creg_text out;
    jinja_text_init(run, &out);
    status = read_comment(call, style, &shape);
    if (status == CREG_OK)
        status = append_comment(run, &out, text, &shape);
    return status == CREG_OK ? jinja_text_value(run, &out, ret_value) : status;
}

/* ---- quote ------------------------------------------------------------------------------ */

static bool is_shell_safe(creg_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && (c == 0 || c >= 0x80 || strchr("@%+=:,./-_", c) == NULL))
            return false;
    }
    return text.size > 0;
}

static creg_status filter_quote(jinja_call *call, creg_value *ret_value)
{
    creg_slice text = {0};
    creg_status status = CREG_OK;
    if (!creg_value_is(call->args[0], CREG_KIND_NONE))
        status = jinja_str(call->run, call->args[0], &text);
    if (status != CREG_OK)
        return status;
    if (is_shell_safe(text)) {
        *ret_value = creg_value_string(text);
        return CREG_OK;
    }
    creg_text out;
    jinja_text_init(call->run, &out);
    creg_text_byte(&out, '\'');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\'')
            creg_text_string(&out, "'\"'\"'");
        else
            creg_text_byte(&out, text.data[i]);
    }
    creg_text_byte(&out, '\'');
    return jinja_text_value(call->run, &out, ret_value);
}

/* ---- paths ------------------------------------------------------------------------------ */

/* Where the last part of a path begins. */
static size_t base_start(creg_slice path)
{
    size_t at = path.size;
    while (at > 0 && path.data[at - 1] != '/')
        at--;
    return at;
}

static creg_status filter_basename(jinja_call *call, creg_value *ret_value)
{
    creg_slice path;
    creg_status status = jinja_str(call->run, call->args[0], &path);
    if (status != CREG_OK)
        return status;
    size_t at = base_start(path);
    *ret_value = creg_value_string(creg_slice_make(path.data + at, path.size - at));
    return CREG_OK;
}

static creg_status filter_dirname(jinja_call *call, creg_value *ret_value)
{
    creg_slice path;
    creg_status status = jinja_str(call->run, call->args[0], &path);
    if (status != CREG_OK)
        return status;
    size_t size = base_start(path);
    size_t kept = size;
    while (kept > 0 && path.data[kept - 1] == '/')
        kept--;
    *ret_value = creg_value_string(creg_slice_make(path.data, kept > 0 ? kept : size));
    return CREG_OK;
}

/* ("name", ".ext"); dots that begin a name are part of it. */
static creg_status filter_splitext(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_slice path;
    creg_status status = jinja_str(run, call->args[0], &path);
    if (status != CREG_OK)
        return status;
    size_t base = base_start(path);
    size_t first = base;
    while (first < path.size && path.data[first] == '.')
        first++;
    size_t dot = path.size;
    for (size_t at = path.size; at > first; at--) {
        if (path.data[at - 1] == '.') {
            dot = at - 1;
            break;
        }
    }
    creg_slice root = creg_slice_make(path.data, dot);
    creg_slice extension = creg_slice_make(path.data + dot, path.size - dot);
    return jinja_make_pair(run, creg_value_string(root), creg_value_string(extension),
                           ret_value);
}

const jinja_builtin jinja_filters_config[] = {
    {"basename", filter_basename, "basename()", "The last part of a path.", PACK, 0},
    {"bool", filter_bool, "bool()", "True for yes, on, 1 and true, else false.", PACK, 0},
    {"comment", filter_comment,
     "comment(style='plain', beginning='', end='', decoration='# ', newline='\\n', prefix='#', "
     "prefix_count=1, postfix='#', postfix_count=1)",
     "Each line as a comment: plain, erlang, c, cblock or xml.", PACK, 0},
    {"dirname", filter_dirname, "dirname()", "A path without its last part.", PACK, 0},
    {"mandatory", filter_mandatory, "mandatory(msg=none)", "Fail when it is undefined.", PACK,
     0},
    {"quote", filter_quote, "quote()", "Quoted for a POSIX shell.", PACK, 0},
    {"splitext", filter_splitext, "splitext()", "A path as (everything before, extension).",
     PACK, 0},
    {"ternary", filter_ternary, "ternary(true_val, false_val, none_val=none)",
     "One value when it is true, another when it is not.", PACK, 0},
    {"type_debug", filter_type_debug, "type_debug()", "The name of its type.", PACK, 0},
    JINJA_ROW_END,
};
