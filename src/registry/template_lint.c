/* SPDX-License-Identifier: MIT */
/*
 * Linting a service template: all that an instantiate would find out, without writing, and
 * what it would not complain about but somebody should know.
 *
 *   rule             error?  what
 *   template-type    yes     unknown type, or value of undefined, yaml, autoescape
 *   options          yes     the options document, or the options given, are refused
 *   syntax           yes     the body does not compile
 *   unknown-name     yes     a name that nothing supplies (a warning with undefined=lenient)
 *   render           yes     the trial render failed
 *   rendered-text    yes     what it gave is not JSON or YAML, or an option changed its structure
 *   tree             yes     what it says cannot be stored
 *   shape-...                see registry/lint.h
 *   unescaped-option no      autoescape=off, and an option inside quotes without |tojson
 *
 * Each step needs the one before it, so lint stops at the first that fails: complaints about
 * what was never rendered would help nobody.
 */
#include "base/fail.h"
#include "registry/body.h"
#include "registry/options.h"
#include "registry/registry.h"
#include "registry/report.h"

/* The names that every body may use; see creg_body_context(). */
static const char *const supplied[] = {
    "opts",       "user",      "servicename",  "product",   "version",
    "instancedn", "clusterdn", "instancename", "clusterid", "instanceid",
};

/* One lint on its way. A step that finds an error sets `is_over`. */
typedef struct linting {
    creg_registry *registry;
    const creg_template *template_;
    creg_value given;
    creg_arena *arena;
    creg_error *err;
    creg_error found;
    creg_findings findings;
    jinja_template *compiled;
    creg_body_kind kind;
    creg_value options;
    bool is_over;
} linting;

/* What a step returned: a failure of the template is a finding, one of ours is ours. */
static creg_status judge(linting *work, const char *rule, creg_status status)
{
    if (status == CREG_OK)
        return CREG_OK;
    work->is_over = true;
    if (status == CREG_NO_MEMORY || status == CREG_INTERNAL || status == CREG_CANCELLED) {
        if (work->err != NULL)
            *work->err = work->found;
        return status;
    }
    return creg_findings_add_error(&work->findings, work->arena, rule, &work->found, work->err);
}

static creg_status lint_kind(linting *work)
{
    return judge(work, "template-type",
                 creg_body_kind_of(work->template_, &work->kind, &work->found));
}

static creg_status lint_options(linting *work)
{
    creg_options declared;
    creg_status status =
        creg_options_parse(work->template_->options, work->arena, &declared, &work->found);
    if (status == CREG_OK)
        status = creg_options_samples(&declared, work->given, work->arena, &work->options,
                                      &work->found);
    return judge(work, "options", status);
}

static creg_status lint_syntax(linting *work)
{
    return judge(work, "syntax",
                 creg_bodies_compile(work->registry->bodies, work->template_, &work->compiled,
                                     &work->found));
}

static bool is_supplied(creg_slice name)
{
    for (size_t i = 0; i < sizeof supplied / sizeof supplied[0]; i++)
        if (creg_slice_equal(name, creg_slice_of(supplied[i])))
            return true;
    return false;
}

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_';
}

/* Line and column where a name first stands as a word of its own; 0 when it does not. */
static void find_word(creg_slice body, creg_slice word, uint32_t *ret_line,
                      uint32_t *ret_column)
{
    *ret_line = 0;
    *ret_column = 0;
    for (size_t i = 0; i + word.size <= body.size; i++) {
        bool begins = i == 0 || !is_word_byte(body.data[i - 1]);
        bool ends = i + word.size == body.size || !is_word_byte(body.data[i + word.size]);
        if (begins && ends && memcmp(body.data + i, word.data, word.size) == 0) {
            creg_place_of(body, i, ret_line, ret_column);
            return;
        }
    }
}

static creg_status lint_names(linting *work)
{
    creg_value names;
    creg_status status = jinja_undeclared(work->compiled, work->arena, &names, work->err);
    for (size_t i = 0; status == CREG_OK && i < names.as.list->size; i++) {
        creg_slice name = creg_value_text(names.as.list->items[i]);
        if (is_supplied(name))
            continue;
        status = creg_findings_add(&work->findings, work->arena, "unknown-name",
                                   !work->kind.is_lenient, work->err, "nothing supplies '%.*s'",
                                   CREG_SHOW(name));
        if (status == CREG_OK) {
            creg_finding *finding = &work->findings.items[work->findings.size - 1];
            find_word(work->template_->body, name, &finding->line, &finding->column);
        }
    }
    return status;
}

static creg_status copy_findings(linting *work, const creg_findings *findings)
{
    creg_status status = CREG_OK;
    for (size_t i = 0; status == CREG_OK && i < findings->size; i++)
        status =
            creg_findings_append(&work->findings, work->arena, &findings->items[i], work->err);
    return status;
}

static creg_status lint_tree(linting *work)
{
    creg_body body = {
        .compiled = work->compiled, .source = work->template_->body, .kind = work->kind};
    creg_slice dn = creg_slice_of("instances/user/name/version/1");
    creg_body_names names = {.user = creg_slice_of("user"),
                             .name = work->template_->name,
                             .version = work->template_->version,
                             .id = creg_slice_of("1"),
                             .dn = dn};
    creg_value context;
    creg_body_result result = {.text = {NULL, 0}};
    creg_status status =
        creg_body_context(&names, work->options, work->arena, &context, work->err);
    if (status != CREG_OK)
        return status;
    status = judge(work, "render",
                   creg_body_render(&body, context, work->arena, &result, &work->found));
    if (!work->is_over)
        status = judge(work, "rendered-text",
                       creg_body_parse(&body, work->arena, &result, &work->found));
    if (!work->is_over)
        status = creg_body_lint(&body, work->arena, &result, work->err);
    if (status == CREG_OK && !work->is_over)
        status = copy_findings(work, &result.findings);
    if (status == CREG_OK && !work->is_over)
        status = judge(work, "tree",
                       creg_body_flatten(&body, dn, work->arena, &result, &work->found));
    return status;
}

/* The end of the expression that begins at `at`, or the end of the text. */
static size_t expression_end(creg_slice body, size_t at)
{
    while (at + 1 < body.size && !(body.data[at] == '}' && body.data[at + 1] == '}'))
        at++;
    return at;
}

static bool holds(creg_slice text, const char *wanted)
{
    size_t size = strlen(wanted);
    for (size_t i = 0; i + size <= text.size; i++)
        if (memcmp(text.data + i, wanted, size) == 0)
            return true;
    return false;
}

/* `"{{ opts[...] }}"` with escaping switched off: a quote in the option breaks the document. */
static creg_status lint_escapes(linting *work)
{
    creg_slice body = work->template_->body;
    creg_status status = CREG_OK;
    for (size_t i = 0; work->kind.is_unescaped && status == CREG_OK && i + 2 < body.size; i++) {
        if (body.data[i] != '"' || body.data[i + 1] != '{' || body.data[i + 2] != '{')
            continue;
        size_t end = expression_end(body, i);
        creg_slice expression = creg_slice_make(body.data + i, end - i);
        if (!holds(expression, "opts") || holds(expression, "tojson"))
            continue;
        status = creg_findings_add(&work->findings, work->arena, "unescaped-option", false,
                                   work->err,
                                   "an option stands in quotes unescaped; a quote in "
                                   "it would change the structure");
        if (status == CREG_OK) {
            creg_finding *finding = &work->findings.items[work->findings.size - 1];
            creg_place_of(body, i, &finding->line, &finding->column);
        }
    }
    return status;
}

creg_status creg_template_lint(creg_registry *registry, const creg_template *template_,
                               creg_value options, creg_arena *arena,
                               creg_findings *ret_findings, creg_error *err)
{
    linting work = {.registry = registry,
                    .template_ = template_,
                    .given = options,
                    .arena = arena,
                    .err = err};
    static creg_status (*const steps[])(linting *) = {lint_kind,    lint_syntax,  lint_names,
                                                      lint_escapes, lint_options, lint_tree};
    creg_status status = CREG_OK;
    for (size_t i = 0; status == CREG_OK && !work.is_over && i < sizeof steps / sizeof steps[0];
         i++)
        status = steps[i](&work);
    jinja_template_free(work.compiled);
    if (status == CREG_OK)
        *ret_findings = work.findings;
    return status;
}
