/* SPDX-License-Identifier: MIT */
/*
 * From a compiled body to flat pairs, one function a step, and every complaint on the way
 * brought back to the line of the body that it is about.
 *
 * The check of single values is body_check.c.
 */
#include "registry/body.h"

#include "base/arena.h"
#include "base/fail.h"
#include "base/text.h"
#include "base/utf8.h"
#include "format/json.h"
#include "format/yaml.h"
#include "registry/body_check.h"
#include "registry/lint.h"
#include "registry/tree.h"

/*
 * Finding a place walks the text again. A body with a wrong loop has a hundred findings; the
 * first ones get their lines, and nobody waits for the rest.
 */
enum { LINT_WALK_BYTES = 32 * 1024 * 1024, RUN_WALK_BYTES = 1024 * 1024 };

/* ---- kinds ----------------------------------------------------------------------------- */

static bool is_text(creg_slice text, const char *expected)
{
    return creg_slice_equal(text, creg_slice_of(expected));
}

/* One of two words, the first of which is also meant by nothing at all. */
static creg_status choose(creg_slice text, const char *what, const char *usual,
                          const char *other, bool *ret_other, creg_error *err)
{
    *ret_other = is_text(text, other);
    if (text.size == 0 || is_text(text, usual) || *ret_other)
        return CREG_OK;
    return creg_fail(err, CREG_INVALID,
                     "'%s' of a service template is \"%s\" or \"%s\", not '%.*s'", what, usual,
                     other, CREG_SHOW(text));
}

creg_status creg_body_kind_of(const creg_template *template_, creg_body_kind *ret_kind,
                              creg_error *err)
{
    creg_body_kind kind = {.is_yaml = is_text(template_->type, "yaml+jinja2")};
    if (template_->type.size > 0 && !kind.is_yaml && !is_text(template_->type, "json+jinja2")) {
        creg_fail(err, CREG_UNSUPPORTED_FORMAT, "unsupported template type '%.*s'",
                  CREG_SHOW(template_->type));
        creg_error_hint(err, "template types are json+jinja2 and yaml+jinja2");
        return CREG_UNSUPPORTED_FORMAT;
    }
    creg_status status =
        choose(template_->undefined, "undefined", "strict", "lenient", &kind.is_lenient, err);
    if (status == CREG_OK)
        status = choose(template_->yaml, "yaml", "1.2", "1.1", &kind.is_yaml_1_1, err);
    if (status == CREG_OK)
        status =
            choose(template_->autoescape, "autoescape", "on", "off", &kind.is_unescaped, err);
    if (status == CREG_OK)
        *ret_kind = kind;
    return status;
}

unsigned creg_body_kind_index(creg_body_kind kind)
{
    return (kind.is_yaml ? 1u : 0u) | (kind.is_yaml_1_1 ? 2u : 0u) |
           (kind.is_lenient ? 4u : 0u) | (kind.is_unescaped ? 8u : 0u);
}

void creg_body_engine_options(creg_body_kind kind, jinja_options *ret_options)
{
    jinja_options_init(ret_options);
    ret_options->autoescape = kind.is_unescaped ? JINJA_AUTOESCAPE_OFF
                              : kind.is_yaml    ? JINJA_AUTOESCAPE_YAML
                                                : JINJA_AUTOESCAPE_JSON;
    ret_options->undefined = kind.is_lenient ? JINJA_UNDEFINED_DEFAULT : JINJA_UNDEFINED_STRICT;
    ret_options->sandbox = JINJA_SANDBOX_STANDARD;
    ret_options->extensions = JINJA_EXTENSION_DO | JINJA_EXTENSION_LOOPCONTROLS;
    ret_options->packs = JINJA_PACK_CONFIG;
}

static unsigned parse_flags(creg_body_kind kind)
{
    return CREG_PARSE_NUMBERS_AS_WRITTEN | (kind.is_yaml_1_1 ? CREG_PARSE_YAML_1_1 : 0);
}

/* ---- the context ----------------------------------------------------------------------- */

/* The text with each byte `from` replaced by a word. */
static creg_slice replace(creg_slice text, const char *slash, const char *dot,
                          creg_arena *arena)
{
    creg_text out;
    creg_text_init(&out, arena, text.size * 2 + 1);
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '/')
            creg_text_string(&out, slash);
        else if (text.data[i] == '.')
            creg_text_string(&out, dot);
        else
            creg_text_byte(&out, text.data[i]);
    }
    creg_slice result = {NULL, 0};
    (void)creg_text_finish(&out, &result, NULL); /* data stays NULL on failure */
    return result;
}

creg_slice creg_body_cluster_id(creg_slice dn, creg_arena *arena)
{
    return replace(dn, "--", "__", arena);
}

creg_status creg_body_context(const creg_body_names *names, creg_value options,
                              creg_arena *arena, creg_value *ret_context, creg_error *err)
{
    creg_slice instancename = replace(names->dn, "-", ".", arena);
    creg_slice clusterid = creg_body_cluster_id(names->dn, arena);
    const struct {
        const char *name;
        creg_value value;
    } rows[] = {
        {"opts", options},
        {"user", creg_value_string(names->user)},
        {"servicename", creg_value_string(names->name)},
        {"product", creg_value_string(names->name)},
        {"version", creg_value_string(names->version)},
        {"instancedn", creg_value_string(names->dn)},
        {"clusterdn", creg_value_string(names->dn)},
        {"instancename", creg_value_string(instancename)},
        {"clusterid", creg_value_string(clusterid)},
        {"instanceid", creg_value_string(names->id)},
    };
    size_t count = sizeof rows / sizeof rows[0];
    creg_map *context = creg_map_new(arena, count);
    bool ok = context != NULL && instancename.data != NULL && clusterid.data != NULL;
    for (size_t i = 0; i < count && ok; i++)
        ok = creg_map_set(arena, context, creg_value_cstring(rows[i].name), rows[i].value);
    if (!ok)
        return creg_fail_arena(err, arena);
    *ret_context = creg_value_map(context);
    return CREG_OK;
}

/* ---- places ---------------------------------------------------------------------------- */

/* The last piece that begins at or before `at`; pieces begin at 0 and are in order. */
static const jinja_piece *find_piece(const jinja_trace *trace, size_t at)
{
    size_t low = 0;
    size_t high = trace->size;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (trace->pieces[middle].output_at <= at)
            low = middle;
        else
            high = middle;
    }
    return trace->size == 0 ? NULL : &trace->pieces[low];
}

void creg_body_place(const creg_body_result *result, size_t at, uint32_t *ret_line,
                     uint32_t *ret_column)
{
    creg_slice text = result->text;
    const jinja_piece *piece = find_piece(&result->trace, at);
    *ret_line = piece == NULL ? 0 : piece->line;
    *ret_column = piece == NULL ? 0 : piece->column;
    if (piece == NULL || !piece->is_literal)
        return;
    for (size_t i = piece->output_at; i < at && i < text.size; i++) {
        if (text.data[i] == '\n') {
            ++*ret_line;
            *ret_column = 1;
        } else if (!creg_utf8_is_tail(text.data[i])) {
            ++*ret_column;
        }
    }
}

/* The rendered line itself: what the parser saw is often not what the author thinks of. */
static void show_rendered_line(creg_error *err, creg_slice text, size_t at)
{
    if (at > text.size)
        at = text.size;
    uint32_t line;
    uint32_t column;
    creg_place_of(text, at, &line, &column);
    size_t begin = at;
    while (begin > 0 && text.data[begin - 1] != '\n')
        begin--;
    size_t end = at;
    while (end < text.size && text.data[end] != '\n')
        end++;
    creg_slice shown = creg_slice_make(text.data + begin, end - begin);
    creg_error_detail(err, "rendered line %u: %.*s", line, CREG_SHOW(shown));
}

/* Give the error the place in the body of what stands at `at` in the rendered text. */
static void set_place(const creg_body *body, const creg_body_result *result, size_t at,
                      creg_error *err)
{
    if (err == NULL)
        return;
    uint32_t line;
    uint32_t column;
    creg_body_place(result, at, &line, &column);
    creg_error_place(err, body->name, line, column, 0);
    creg_error_snippet(err, body->source);
    show_rendered_line(err, result->text, at);
}

static void set_fault(const creg_body *body, const creg_body_result *result,
                      const creg_fault *fault, creg_error *err)
{
    if (err == NULL || !fault->has_place)
        return;
    set_place(body, result, fault->at, err);
    if (!fault->has_other)
        return;
    uint32_t line;
    uint32_t column;
    creg_body_place(result, fault->other, &line, &column);
    size_t used = strlen(err->message);
    char message[CREG_ERROR_MESSAGE_SIZE];
    memcpy(message, err->message, used + 1);
    err->message[0] = '\0';
    creg_error_prefix(err, "%.*s (first at line %u column %u)", (int)used, message, line,
                      column);
}

/* The nearest thing on the way to `path` that the text has. */
static bool locate(const creg_body *body, const creg_body_result *result, creg_path path,
                   size_t *ret_at)
{
    creg_extent extent;
    for (;; path.size--) {
        bool found =
            body->kind.is_yaml
                ? creg_yaml_locate(result->text, parse_flags(body->kind), path, &extent)
                : creg_json_locate(result->text, path, &extent);
        if (found)
            *ret_at = extent.begin;
        if (found || path.size == 0)
            return found;
    }
}

/* ---- the steps ------------------------------------------------------------------------- */

creg_status creg_body_render(const creg_body *body, creg_value context, creg_arena *arena,
                             creg_body_result *result, creg_error *err)
{
    jinja_render_options options = {.ret_trace = &result->trace,
                                    .cancel = body->cancel,
                                    .collect_undefined = !body->kind.is_lenient};
    return jinja_render(body->compiled, context, &options, arena, &result->text, err);
}

static creg_status fail_piece(const creg_body *body, const creg_body_result *result,
                              creg_extent piece, creg_error *err)
{
    creg_slice value =
        creg_slice_make(result->text.data + piece.begin, piece.end - piece.begin);
    creg_fail(err, CREG_INVALID, "the value '%.*s' is not one %s scalar by itself",
              CREG_SHOW(value), body->kind.is_yaml ? "YAML" : "JSON");
    set_place(body, result, piece.begin, err);
    creg_error_hint(err, "put the expression into quotes, or write it with |tojson; "
                         "|raw_fragment lets any text through");
    return CREG_INVALID;
}

static creg_status parse_json(const creg_body *body, creg_arena *arena,
                              creg_body_result *result, creg_fault *fault, creg_error *err)
{
    creg_extent piece;
    if (!body->kind.is_unescaped && creg_body_check_json(result->text, &result->trace, &piece))
        return fail_piece(body, result, piece, err);
    return creg_json_read(result->text, parse_flags(body->kind), arena, &result->tree, fault,
                          err);
}

static creg_status parse_yaml(const creg_body *body, creg_arena *arena,
                              creg_body_result *result, creg_fault *fault, creg_error *err)
{
    creg_yaml_extents extents;
    creg_yaml_extents *wanted = body->kind.is_unescaped ? NULL : &extents;
    creg_status status = creg_yaml_read(result->text, parse_flags(body->kind), arena,
                                        &result->tree, wanted, fault, err);
    creg_extent piece;
    if (status == CREG_OK && wanted != NULL &&
        creg_body_check_yaml(result->text, &result->trace, wanted, &piece))
        return fail_piece(body, result, piece, err);
    return status;
}

creg_status creg_body_parse(const creg_body *body, creg_arena *arena, creg_body_result *result,
                            creg_error *err)
{
    creg_fault fault = {0};
    creg_status status = body->kind.is_yaml ? parse_yaml(body, arena, result, &fault, err)
                                            : parse_json(body, arena, result, &fault, err);
    if (status != CREG_OK)
        set_fault(body, result, &fault, err);
    return status;
}

/* Places for as many findings as `budget` bytes of walking allow; one at least, errors first. */
static void place_findings(const creg_body *body, const creg_body_result *result,
                           creg_lint_findings *found, size_t budget)
{
    size_t left = 1 + budget / (result->text.size + 1);
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < found->size && left > 0; i++) {
            creg_finding *finding = &found->items[i].finding;
            if (finding->is_error != (pass == 0))
                continue;
            size_t at;
            if (locate(body, result, found->items[i].path, &at))
                creg_body_place(result, at, &finding->line, &finding->column);
            left--;
        }
}

static creg_status lint(const creg_body *body, creg_arena *arena, creg_body_result *result,
                        size_t budget, creg_error *err)
{
    creg_lint_findings found;
    creg_status status = creg_lint_tree(result->tree, arena, &found, err);
    if (status != CREG_OK)
        return status;
    creg_finding *items = creg_arena_calloc(arena, found.size, sizeof *items);
    if (items == NULL)
        return creg_fail_arena(err, arena);
    place_findings(body, result, &found, budget);
    for (size_t i = 0; i < found.size; i++)
        items[i] = found.items[i].finding;
    result->findings = (creg_findings){items, found.size};
    return CREG_OK;
}

creg_status creg_body_lint(const creg_body *body, creg_arena *arena, creg_body_result *result,
                           creg_error *err)
{
    return lint(body, arena, result, LINT_WALK_BYTES, err);
}

creg_status creg_body_flatten(const creg_body *body, creg_slice prefix, creg_arena *arena,
                              creg_body_result *result, creg_error *err)
{
    creg_path where;
    creg_status status =
        creg_tree_flatten(result->tree, prefix, arena, &result->pairs, &where, err);
    size_t at;
    if (status != CREG_OK && err != NULL && locate(body, result, where, &at))
        set_place(body, result, at, err);
    return status;
}

/* The first finding that is an error refuses the body. */
static creg_status judge_findings(const creg_body *body, const creg_body_result *result,
                                  creg_error *err)
{
    const creg_finding *first = NULL;
    size_t errors = 0;
    for (size_t i = 0; i < result->findings.size; i++) {
        const creg_finding *finding = &result->findings.items[i];
        if (finding->is_error && errors++ == 0)
            first = finding;
    }
    if (first == NULL)
        return CREG_OK;
    creg_fail(err, CREG_INVALID, "%.*s [%.*s]", (int)first->message.size, first->message.data,
              CREG_SHOW(first->rule));
    creg_error_place(err, body->name, first->line, first->column, 0);
    creg_error_snippet(err, body->source);
    if (errors > 1)
        creg_error_hint(err, "%zu more like this; lint the template to see them all",
                        errors - 1);
    return CREG_INVALID;
}

creg_status creg_body_run(const creg_body *body, creg_value context, creg_slice prefix,
                          creg_arena *arena, creg_body_result *ret_result, creg_error *err)
{
    creg_body_result result = {0};
    creg_status status = creg_body_render(body, context, arena, &result, err);
    if (status == CREG_OK)
        status = creg_body_parse(body, arena, &result, err);
    if (status == CREG_OK)
        status = lint(body, arena, &result, RUN_WALK_BYTES, err);
    if (status == CREG_OK)
        status = judge_findings(body, &result, err);
    if (status == CREG_OK)
        status = creg_body_flatten(body, prefix, arena, &result, err);
    if (status == CREG_OK)
        *ret_result = result;
    return status;
}
