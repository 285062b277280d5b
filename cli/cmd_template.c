/* SPDX-License-Identifier: MIT */
/*
 * confreg template: register, list, show, options, lint, rm.
 */
#include <string.h>

#include "cli.h"
#include "errors.h"
#include "input.h"
#include "names.h"
#include "output.h"

/* ---- register --------------------------------------------------------------------------- */

static creg_slice option_slice(const cli_context *cli, cli_option_id id)
{
    return creg_slice_of(cli_option_value(cli, id));
}

static creg_status read_optional_file(cli_context *cli, cli_option_id id, creg_slice *ret_text)
{
    const char *path = cli_option_value(cli, id);
    *ret_text = creg_slice_of("");
    return path == NULL ? CREG_OK : cli_read_file(cli, path, ret_text);
}

/* What --file and the options beside it say. */
static creg_status read_template(cli_context *cli, creg_template *template_)
{
    const char *path = cli_option_value(cli, OPT_FILE);
    creg_status status = cli_read_file(cli, path, &template_->body);
    if (status == CREG_OK)
        status = read_optional_file(cli, OPT_OPTIONS, &template_->options);
    if (status == CREG_OK)
        status = read_optional_file(cli, OPT_ORCHESTRATOR, &template_->orchestrator);
    template_->type = option_slice(cli, OPT_TYPE);
    if (template_->type.size == 0)
        template_->type = creg_slice_of(cli_is_yaml_name(path) ? "yaml+jinja2" : "json+jinja2");
    template_->description = option_slice(cli, OPT_DESCRIPTION);
    template_->logo_url = option_slice(cli, OPT_LOGO_URL);
    template_->undefined = option_slice(cli, OPT_UNDEFINED);
    template_->yaml = option_slice(cli, OPT_YAML);
    template_->autoescape = option_slice(cli, OPT_AUTOESCAPE);
    return status;
}

static const char *count_options(cli_context *cli, const creg_template *template_)
{
    creg_options options;
    if (creg_template_options(template_, &cli->arena, &options, NULL) != CREG_OK)
        return "";
    size_t required = 0;
    for (size_t at = 0; at < options.size; at++)
        required += creg_slice_equal(options.items[at].group, creg_slice_of("required"));
    return cli_format_text(cli, " (%zu option%s, %zu required)", options.size,
                           options.size == 1 ? "" : "s", required);
}

static const cli_column done_columns[] = {{"dn", "DN", CLI_COLUMN_NAME},
                                          {"name", "NAME", 0},
                                          {"version", "VERSION", 0},
                                          {NULL, NULL, 0}};

static creg_map *done_row(cli_context *cli, creg_slice name, creg_slice version)
{
    creg_map *row = cli_map(cli);
    cli_map_put(cli, row, "dn", creg_value_cstring(cli_template_dn(cli, name, version)));
    cli_map_put_slice(cli, row, "name", name);
    cli_map_put_slice(cli, row, "version", version);
    return row;
}

/* The library calls a body by its template's name; the person who runs us has a file. */
static void place_in_file(cli_context *cli)
{
    if (cli->err.line != 0)
        snprintf(cli->err.source, sizeof cli->err.source, "%s",
                 cli_input_name(cli_option_value(cli, OPT_FILE)));
}

static bool is_about_body(creg_status status)
{
    return status == CREG_TEMPLATE_SYNTAX || status == CREG_TEMPLATE_UNDEFINED ||
           status == CREG_TEMPLATE_RUNTIME || status == CREG_TEMPLATE_SECURITY;
}

creg_status cmd_template_register(cli_context *cli)
{
    creg_template template_ = {.name = cli_word(cli, 0), .version = cli_word(cli, 1)};
    creg_status status = creg_name_check(template_.name, "template name", &cli->err);
    if (status == CREG_OK)
        status = creg_name_check(template_.version, "template version", &cli->err);
    if (status == CREG_OK)
        status = read_template(cli, &template_);
    if (status == CREG_OK)
        status = cli_open(cli, CLI_OPEN_CREATE);
    if (status != CREG_OK)
        return status;

    bool replace = cli_option_given(cli, OPT_REPLACE);
    status = creg_template_register(cli->registry, &template_, replace, &cli->err);
    if (is_about_body(status))
        place_in_file(cli);
    if (status == CREG_EXISTS)
        cli_hint(cli, "--replace registers over it");
    if (status != CREG_OK)
        return status;
    cli->changed = true;
    cli_note(cli, "registered %s %s%s", cli->words[0], cli->words[1],
             count_options(cli, &template_));
    return cli_print_done(cli, done_columns, done_row(cli, template_.name, template_.version));
}

/* ---- list ------------------------------------------------------------------------------- */

static const cli_column list_columns[] = {{"dn", "DN", CLI_COLUMN_NAME | CLI_COLUMN_HIDDEN},
                                          {"name", "NAME", 0},
                                          {"version", "VERSION", 0},
                                          {"type", "TYPE", 0},
                                          {"undefined", "UNDEFINED", CLI_COLUMN_WIDE},
                                          {"yaml", "YAML", CLI_COLUMN_WIDE},
                                          {"autoescape", "AUTOESCAPE", CLI_COLUMN_WIDE},
                                          {"digest", "DIGEST", CLI_COLUMN_WIDE},
                                          {"logo_url", "LOGO", CLI_COLUMN_WIDE},
                                          {"description", "DESCRIPTION", 0},
                                          {NULL, NULL, 0}};

static creg_slice or_else(creg_slice text, const char *otherwise)
{
    return text.size > 0 ? text : creg_slice_of(otherwise);
}

static creg_map *template_row(cli_context *cli, const creg_template *template_)
{
    creg_map *row = done_row(cli, template_->name, template_->version);
    cli_map_put_slice(cli, row, "description", template_->description);
    cli_map_put_slice(cli, row, "type", or_else(template_->type, "json+jinja2"));
    cli_map_put_slice(cli, row, "undefined", or_else(template_->undefined, "strict"));
    cli_map_put_slice(cli, row, "yaml", or_else(template_->yaml, "1.2"));
    cli_map_put_slice(cli, row, "autoescape", or_else(template_->autoescape, "on"));
    cli_map_put_slice(cli, row, "logo_url", template_->logo_url);
    cli_map_put_slice(cli, row, "digest", template_->digest);
    return row;
}

creg_status cmd_template_list(cli_context *cli)
{
    creg_templates templates;
    creg_status status = cli_open(cli, CLI_OPEN_READ);
    if (status == CREG_OK)
        status = creg_template_list(cli->registry, cli_word(cli, 0), &cli->arena, &templates,
                                    &cli->err);
    if (status != CREG_OK)
        return status;
    creg_list *rows = cli_list(cli);
    for (size_t at = 0; at < templates.size; at++)
        cli_list_add(cli, rows, creg_value_map(template_row(cli, &templates.items[at])));
    if (templates.size == 0 && cli->format <= CLI_WIDE)
        cli_note(cli, "no service template%s",
                 cli->word_count > 0 ? " of this name" : " is registered");
    return cli_print_list(cli, list_columns, rows);
}

/* ---- show and options ------------------------------------------------------------------- */

static const cli_column option_columns[] = {{"name", "OPTION", CLI_COLUMN_NAME},
                                            {"group", "GROUP", 0},
                                            {"type", "TYPE", 0},
                                            {"default", "DEFAULT", 0},
                                            {"description", "DESCRIPTION", 0},
                                            {NULL, NULL, 0}};

static creg_status option_rows(cli_context *cli, const creg_template *template_,
                               creg_list **ret_rows)
{
    creg_options options;
    creg_status status = creg_template_options(template_, &cli->arena, &options, &cli->err);
    creg_list *rows = cli_list(cli);
    for (size_t at = 0; status == CREG_OK && at < options.size; at++) {
        const creg_option *option = &options.items[at];
        creg_map *row = cli_map(cli);
        cli_map_put_slice(cli, row, "name", option->name);
        cli_map_put_slice(cli, row, "group", option->group);
        cli_map_put_slice(cli, row, "type", option->type);
        cli_map_put(cli, row, "default", option->value);
        cli_map_put_slice(cli, row, "description", option->description);
        cli_list_add(cli, rows, creg_value_map(row));
    }
    *ret_rows = rows;
    return status;
}

static creg_status get_template(cli_context *cli, creg_template *ret_template)
{
    creg_slice name;
    creg_slice version;
    creg_status status = cli_template_words(cli, &name, &version);
    if (status == CREG_OK)
        status = cli_open(cli, CLI_OPEN_READ);
    if (status == CREG_OK)
        status = creg_template_get(cli->registry, name, version, &cli->arena, ret_template,
                                   &cli->err);
    return status;
}

static creg_status show_all(cli_context *cli, const creg_template *template_)
{
    creg_list *options;
    creg_status status = option_rows(cli, template_, &options);
    if (status != CREG_OK)
        return status;
    creg_map *row = template_row(cli, template_);
    cli_map_put(cli, row, "body_bytes", creg_value_int((int64_t)template_->body.size));
    bool for_people = cli->format == CLI_TABLE || cli->format == CLI_WIDE;
    if (!for_people) {
        cli_map_put_slice(cli, row, "body", template_->body);
        cli_map_put_slice(cli, row, "orchestrator", template_->orchestrator);
        cli_map_put(cli, row, "options", creg_value_list(options));
    }
    static const cli_column columns[] = {{"dn", "dn", CLI_COLUMN_NAME},
                                         {"type", "type", 0},
                                         {"description", "description", 0},
                                         {"undefined", "undefined", 0},
                                         {"yaml", "yaml", 0},
                                         {"autoescape", "autoescape", 0},
                                         {"logo_url", "logo_url", 0},
                                         {"digest", "digest", 0},
                                         {"body_bytes", "body bytes", 0},
                                         {NULL, NULL, 0}};
    status = cli_print_record(cli, columns, row);
    if (status != CREG_OK || !for_people || options->size == 0)
        return status;
    cli_write_text(cli, "\n");
    return cli_print_list(cli, option_columns, options);
}

creg_status cmd_template_show(cli_context *cli)
{
    bool body = cli_option_given(cli, OPT_BODY);
    bool options = cli_option_given(cli, OPT_OPTIONS);
    if (body && options)
        return cli_fail(cli, CREG_USAGE, "template show: --body or --options, not both");
    creg_template template_;
    creg_status status = get_template(cli, &template_);
    if (status != CREG_OK)
        return status;
    if (body)
        return cli_print_text(cli, "body", template_.body);
    if (options)
        return cli_print_text(cli, "options", template_.options);
    return show_all(cli, &template_);
}

creg_status cmd_template_options(cli_context *cli)
{
    creg_template template_;
    creg_list *rows;
    creg_status status = get_template(cli, &template_);
    if (status == CREG_OK)
        status = option_rows(cli, &template_, &rows);
    return status == CREG_OK ? cli_print_list(cli, option_columns, rows) : status;
}

/* ---- lint ------------------------------------------------------------------------------- */

static const cli_column finding_columns[] = {
    {"file", "FILE", CLI_COLUMN_HIDDEN},
    {"line", "LINE", CLI_COLUMN_RIGHT},
    {"column", "COLUMN", CLI_COLUMN_RIGHT | CLI_COLUMN_WIDE},
    {"severity", "SEVERITY", 0},
    {"rule", "RULE", CLI_COLUMN_NAME},
    {"message", "MESSAGE", 0},
    {NULL, NULL, 0}};

static creg_map *finding_row(cli_context *cli, const char *file, const creg_finding *finding)
{
    creg_map *row = cli_map(cli);
    cli_map_put(cli, row, "file", creg_value_cstring(file));
    cli_map_put(cli, row, "line", creg_value_int(finding->line));
    cli_map_put(cli, row, "column", creg_value_int(finding->column));
    cli_map_put(cli, row, "severity",
                creg_value_cstring(finding->is_error ? "error" : "warning"));
    cli_map_put_slice(cli, row, "rule", finding->rule);
    cli_map_put_slice(cli, row, "message", finding->message);
    return row;
}

/* As compilers print, so that editors jump to the line. */
static void print_finding(cli_context *cli, const char *file, const creg_finding *finding)
{
    cli_write_text(cli, file);
    if (finding->line != 0)
        cli_write_text(cli, cli_format_text(cli, ":%u", finding->line));
    if (finding->line != 0 && finding->column != 0)
        cli_write_text(cli, cli_format_text(cli, ":%u", finding->column));
    cli_write_text(cli, finding->is_error ? ": error: " : ": warning: ");
    cli_write(cli, cli_printable(cli, finding->message));
    cli_write_text(cli, " [");
    cli_write(cli, cli_printable(cli, finding->rule));
    cli_write_text(cli, "]\n");
}

static creg_status print_findings(cli_context *cli, const char *file,
                                  const creg_findings *findings)
{
    creg_list *rows = cli_list(cli);
    size_t errors = 0;
    for (size_t at = 0; at < findings->size; at++) {
        const creg_finding *finding = &findings->items[at];
        errors += finding->is_error;
        if (cli->format == CLI_TABLE)
            print_finding(cli, file, finding);
        else
            cli_list_add(cli, rows, creg_value_map(finding_row(cli, file, finding)));
    }
    creg_status status =
        cli->format == CLI_TABLE ? CREG_OK : cli_print_list(cli, finding_columns, rows);
    if (status != CREG_OK)
        return status;
    if (findings->size == 0)
        cli_note(cli, "%s: no findings", file);
    return errors > 0 ? CREG_INVALID : CREG_OK;
}

static creg_status template_to_lint(cli_context *cli, creg_template *ret_template,
                                    const char **ret_file)
{
    const char *path = cli_option_value(cli, OPT_FILE);
    if (path == NULL && cli->word_count == 0) {
        cli_fail(cli, CREG_USAGE, "template lint: lint what?");
        cli_hint(cli, "usage: confreg template lint NAME VERSION, or --file FILE");
        return CREG_USAGE;
    }
    if (path != NULL && cli->word_count > 0)
        return cli_fail(cli, CREG_USAGE,
                        "template lint: NAME VERSION or --file FILE, not both");
    if (path == NULL) {
        creg_status status = get_template(cli, ret_template);
        if (status == CREG_OK)
            *ret_file = cli_template_dn(cli, ret_template->name, ret_template->version);
        return status;
    }
    *ret_file = cli_input_name(path);
    ret_template->name = creg_slice_of("lint");
    ret_template->version = creg_slice_of("0");
    creg_status status = read_template(cli, ret_template);
    /* Nothing is read or written: a store that lives as long as this command will do. */
    if (status == CREG_OK)
        status = creg_open("memory:", NULL, &cli->registry, &cli->err);
    return status;
}

creg_status cmd_template_lint(cli_context *cli)
{
    creg_template template_ = {.body = {NULL, 0}};
    const char *file = NULL;
    creg_value options;
    creg_findings findings;
    creg_status status = template_to_lint(cli, &template_, &file);
    if (status == CREG_OK)
        status = cli_read_options(cli, CLI_FOR_TEMPLATE, &options);
    if (status != CREG_OK)
        return status;
    status = creg_template_lint(cli->registry, &template_, options, &cli->arena, &findings,
                                &cli->err);
    if (status != CREG_OK && cli->err.line != 0)
        snprintf(cli->err.source, sizeof cli->err.source, "%s", file);
    return status == CREG_OK ? print_findings(cli, file, &findings) : status;
}

/* ---- rm --------------------------------------------------------------------------------- */

creg_status cmd_template_rm(cli_context *cli)
{
    creg_slice name;
    creg_slice version;
    creg_names instances;
    creg_status status = cli_template_words(cli, &name, &version);
    if (status == CREG_OK)
        status = cli_open(cli, CLI_OPEN_CHANGE);
    if (status == CREG_OK)
        status = creg_template_deregister(cli->registry, name, version, &cli->arena, &instances,
                                          &cli->err);
    if (status != CREG_OK)
        return status;
    cli->changed = true;
    creg_map *row = done_row(cli, name, version);
    creg_list *left = cli_list(cli);
    for (size_t at = 0; at < instances.size; at++) {
        cli_list_add(cli, left, cli_bytes(cli, instances.items[at]));
        cli_note(cli, "%s still comes from it", cli_text(cli, instances.items[at]));
    }
    cli_map_put(cli, row, "instances", creg_value_list(left));
    cli_note(cli, "removed %s", cli_template_dn(cli, name, version));
    return cli_print_done(cli, done_columns, row);
}
