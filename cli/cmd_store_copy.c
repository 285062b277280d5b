/* SPDX-License-Identifier: MIT */
/*
 * confreg store copy: from one store to another.
 */
#include "cli.h"
#include "errors.h"
#include "output.h"
#include "progress.h"

static const cli_column columns[] = {
    {"what", "WHAT", CLI_COLUMN_NAME}, {"count", "COUNT", 0}, {NULL, NULL, 0}};
static const cli_column record_columns[] = {{"keys", "KEYS", CLI_COLUMN_NAME}, {NULL, NULL, 0}};

static creg_status open_one(cli_context *cli, const char *word, bool is_read,
                            creg_registry **ret_registry)
{
    const char *url;
    creg_status status = cli_store_word(cli, word, &url);
    if (status != CREG_OK)
        return status;
    creg_open_options options = {
        .store = {.timeout_ms = cli->timeout_ms, .read_only = is_read, .no_create = is_read}};
    if (cli->verbose > 1)
        url = cli_format_text(cli, "trace+%s", url);
    status = creg_open(url, &options, ret_registry, &cli->err);
    if (status == CREG_NOT_FOUND && cli->err.hint[0] == '\0')
        cli_hint(cli, "the source has to exist; only the destination is made");
    return status;
}

static creg_list *findings_of(cli_context *cli, const creg_transfer_report *report)
{
    creg_list *rows = cli_list(cli);
    for (size_t at = 0; at < report->findings.size; at++) {
        const creg_finding *finding = &report->findings.items[at];
        creg_map *row = cli_map(cli);
        cli_map_put_slice(cli, row, "rule", finding->rule);
        cli_map_put_slice(cli, row, "key", finding->message);
        cli_list_add(cli, rows, creg_value_map(row));
    }
    return rows;
}

static creg_status print_record(cli_context *cli, const creg_transfer_report *report)
{
    creg_map *map = cli_map(cli);
    cli_map_put(cli, map, "instances", creg_value_int((int64_t)report->instances));
    cli_map_put(cli, map, "templates", creg_value_int((int64_t)report->templates));
    cli_map_put(cli, map, "keys", creg_value_int((int64_t)report->keys));
    cli_map_put(cli, map, "written", creg_value_int((int64_t)report->written));
    cli_map_put(cli, map, "differing", creg_value_int((int64_t)report->differing));
    if (report->source_digest.size > 0) {
        cli_map_put(cli, map, "unequal", creg_value_int((int64_t)report->unequal));
        cli_map_put_slice(cli, map, "source_digest", report->source_digest);
        cli_map_put_slice(cli, map, "destination_digest", report->destination_digest);
    }
    cli_map_put(cli, map, "findings", creg_value_list(findings_of(cli, report)));
    return cli_print_record(cli, record_columns, map);
}

static void add_count(cli_context *cli, creg_list *rows, const char *what, size_t count)
{
    creg_map *row = cli_map(cli);
    cli_map_put(cli, row, "what", creg_value_cstring(what));
    cli_map_put(cli, row, "count", creg_value_int((int64_t)count));
    cli_list_add(cli, rows, creg_value_map(row));
}

static creg_status print_table(cli_context *cli, const creg_transfer_report *report)
{
    creg_list *rows = cli_list(cli);
    add_count(cli, rows, "instances", report->instances);
    add_count(cli, rows, "templates", report->templates);
    add_count(cli, rows, "keys", report->keys);
    add_count(cli, rows, "written", report->written);
    add_count(cli, rows, "differing", report->differing);
    creg_status status = cli_print_list(cli, columns, rows);
    for (size_t at = 0; at < report->findings.size; at++)
        cli_warn(cli, "%s: %s", cli_text(cli, report->findings.items[at].rule),
                 cli_text(cli, report->findings.items[at].message));
    if (report->source_digest.size > 0)
        cli_note(cli, "digest %s in the source, %s in the destination",
                 cli_text(cli, report->source_digest),
                 cli_text(cli, report->destination_digest));
    return status;
}

static creg_status judge(cli_context *cli, const creg_transfer_report *report)
{
    if (report->differing > 0) {
        cli_fail(cli, CREG_EXISTS, "%s %s in the destination and %s left as %s",
                 cli_count(cli, report->differing),
                 report->differing == 1 ? "thing differs" : "things differ",
                 report->differing == 1 ? "was" : "were",
                 report->differing == 1 ? "it is" : "they are");
        cli_hint(cli, "--force replaces them");
        return CREG_EXISTS;
    }
    if (report->unequal > 0)
        return cli_fail(cli, CREG_NO,
                        "the stores differ: somebody changed one of them meanwhile, "
                        "or the copy is wrong");
    return CREG_OK;
}

static creg_status copy(cli_context *cli, creg_registry *source, creg_registry *destination,
                        creg_transfer_report *report)
{
    cli_meter meter;
    cli_meter_start(&meter, cli, "keys");
    creg_transfer_options options = {.prefix = creg_slice_of(cli_option_value(cli, OPT_PREFIX)),
                                     .force = cli_option_given(cli, OPT_FORCE),
                                     .verify = cli_option_given(cli, OPT_VERIFY),
                                     .dry_run = cli_option_given(cli, OPT_DRY_RUN),
                                     .progress = cli_meter_show,
                                     .user_data = &meter,
                                     .cancel = &cli_cancel};
    creg_status status =
        creg_store_copy(source, destination, &options, &cli->arena, report, &cli->err);
    cli_meter_end(&meter);
    cli->changed = !options.dry_run && report->written > 0;
    if (status != CREG_OK && cli->changed)
        cli_warn(cli,
                 "%s keys were written; what is there is whole, and the same command goes on",
                 cli_count(cli, report->written));
    return status;
}

static bool is_record(const cli_context *cli)
{
    return cli->format == CLI_JSON || cli->format == CLI_YAML || cli->format == CLI_JSONL;
}

creg_status cmd_store_copy(cli_context *cli)
{
    creg_registry *source = NULL;
    creg_registry *destination = NULL;
    creg_transfer_report report = {.keys = 0};
    creg_status status = open_one(cli, cli->words[0], true, &source);
    if (status == CREG_OK)
        status = open_one(cli, cli->words[1], false, &destination);
    if (status == CREG_OK)
        status = copy(cli, source, destination, &report);
    if (status == CREG_OK)
        status = is_record(cli) ? print_record(cli, &report) : print_table(cli, &report);
    if (status == CREG_OK)
        status = judge(cli, &report);
    creg_close(destination);
    creg_close(source);
    return status;
}
