/* SPDX-License-Identifier: MIT */
/*
 * confreg store: info, fsck, sweep, adopt. The others are in cmd_store_check.c and _copy.c.
 */
#include "cli.h"
#include "errors.h"
#include "output.h"

/* ---- info ------------------------------------------------------------------------------- */

static const cli_column fact_columns[] = {
    {"fact", "FACT", CLI_COLUMN_NAME}, {"value", "VALUE", 0}, {NULL, NULL, 0}};

static void add_limit(cli_context *cli, creg_map *facts, const char *name, size_t limit)
{
    cli_map_put(cli, facts, name,
                limit == 0 ? creg_value_cstring("unlimited") : creg_value_int((int64_t)limit));
}

static creg_status read_facts(cli_context *cli, creg_map *facts)
{
    creg_pairs pairs;
    creg_limits limits;
    creg_status status = creg_store_info(cli_store(cli), &cli->arena, &pairs, &cli->err);
    if (status == CREG_OK)
        status = creg_store_limits(cli_store(cli), &limits, &cli->err);
    if (status != CREG_OK)
        return status;
    cli_map_put(cli, facts, "driver",
                creg_value_cstring(creg_store_driver_name(cli_store(cli))));
    /* This command opens every store for reading only; that is no fact about the store. */
    for (size_t at = 0; at < pairs.size; at++)
        if (!creg_slice_equal(pairs.items[at].key, creg_slice_of("read_only")))
            cli_map_put_slice(cli, facts, cli_text(cli, pairs.items[at].key),
                              pairs.items[at].value);
    add_limit(cli, facts, "max_transaction_operations", limits.transaction_operations);
    add_limit(cli, facts, "max_transaction_bytes", limits.transaction_bytes);
    add_limit(cli, facts, "max_key_bytes", limits.key_bytes);
    add_limit(cli, facts, "max_value_bytes", limits.value_bytes);
    return CREG_OK;
}

/* Facts differ from store to store, so the columns are made of what is there. */
static creg_status print_facts(cli_context *cli, const creg_map *facts)
{
    if (cli->format == CLI_JSON || cli->format == CLI_YAML || cli->format == CLI_JSONL ||
        cli->format == CLI_TREE)
        return cli_print_record(
            cli, (const cli_column[]){{"driver", "driver", CLI_COLUMN_NAME}, {NULL, NULL, 0}},
            facts);
    creg_list *rows = cli_list(cli);
    for (size_t at = 0; at < facts->filled; at++) {
        if (!facts->entries[at].used)
            continue;
        creg_map *row = cli_map(cli);
        cli_map_put(cli, row, "fact", facts->entries[at].key);
        cli_map_put(cli, row, "value", facts->entries[at].value);
        cli_list_add(cli, rows, creg_value_map(row));
    }
    return cli_print_list(cli, fact_columns, rows);
}

creg_status cmd_store_info(cli_context *cli)
{
    creg_map *facts = cli_map(cli);
    creg_status status = cli_open(cli, CLI_OPEN_READ);
    if (status == CREG_OK)
        status = read_facts(cli, facts);
    return status == CREG_OK ? print_facts(cli, facts) : status;
}

/* ---- reports ---------------------------------------------------------------------------- */

static const cli_column finding_columns[] = {{"severity", "SEVERITY", 0},
                                             {"rule", "RULE", CLI_COLUMN_NAME},
                                             {"message", "MESSAGE", 0},
                                             {NULL, NULL, 0}};

static creg_list *finding_rows(cli_context *cli, const creg_findings *findings)
{
    creg_list *rows = cli_list(cli);
    for (size_t at = 0; at < findings->size; at++) {
        const creg_finding *finding = &findings->items[at];
        creg_map *row = cli_map(cli);
        cli_map_put(cli, row, "severity",
                    creg_value_cstring(finding->is_error ? "error" : "warning"));
        cli_map_put_slice(cli, row, "rule", finding->rule);
        cli_map_put_slice(cli, row, "message", finding->message);
        cli_list_add(cli, rows, creg_value_map(row));
    }
    return rows;
}

static size_t count_errors(const creg_findings *findings)
{
    size_t errors = 0;
    for (size_t at = 0; at < findings->size; at++)
        errors += findings->items[at].is_error;
    return errors;
}

static size_t count_rule(const creg_findings *findings, const char *rule)
{
    size_t count = 0;
    for (size_t at = 0; at < findings->size; at++)
        count += creg_slice_equal(findings->items[at].rule, creg_slice_of(rule));
    return count;
}

static creg_status print_report(cli_context *cli, const creg_report *report, const char *done)
{
    creg_list *rows = finding_rows(cli, &report->findings);
    cli_note(cli, "%s instances checked, %s %s", cli_count(cli, report->checked),
             cli_count(cli, report->changed), done);
    if (cli->format != CLI_JSON && cli->format != CLI_YAML && cli->format != CLI_JSONL)
        return cli_print_list(cli, finding_columns, rows);
    creg_map *map = cli_map(cli);
    cli_map_put(cli, map, "checked", creg_value_int((int64_t)report->checked));
    cli_map_put(cli, map, "changed", creg_value_int((int64_t)report->changed));
    cli_map_put(cli, map, "findings", creg_value_list(rows));
    return cli_print_record(cli, finding_columns, map);
}

/* After a repair only a second look tells whether all is well. */
static creg_status look_again(cli_context *cli, size_t *ret_errors)
{
    creg_report report;
    creg_status status = creg_fsck(cli->registry, false, &cli->arena, &report, &cli->err);
    if (status == CREG_OK)
        *ret_errors = count_errors(&report.findings);
    return status;
}

creg_status cmd_store_fsck(cli_context *cli)
{
    creg_report report;
    bool repair = cli_option_given(cli, OPT_REPAIR);
    creg_status status = cli_open(cli, repair ? CLI_OPEN_CHANGE : CLI_OPEN_READ);
    if (status == CREG_OK)
        status = creg_fsck(cli->registry, repair, &cli->arena, &report, &cli->err);
    if (status != CREG_OK)
        return status;
    cli->changed = repair && report.changed > 0;
    size_t errors = count_errors(&report.findings);
    status = print_report(cli, &report, "repaired");
    if (status == CREG_OK && repair && errors > 0)
        status = look_again(cli, &errors);
    if (status != CREG_OK || errors == 0)
        return status;
    cli_fail(cli, CREG_DAMAGED, "%s finding%s left", cli_count(cli, errors),
             errors == 1 ? "" : "s");
    if (!repair)
        cli_hint(cli, "confreg store fsck --repair mends what can be mended");
    return CREG_DAMAGED;
}

creg_status cmd_store_sweep(cli_context *cli)
{
    creg_report report;
    creg_status status = cli_open(cli, CLI_OPEN_CHANGE);
    if (status == CREG_OK)
        status = creg_sweep(cli->registry, &cli->arena, &report, &cli->err);
    if (status != CREG_OK)
        return status;
    cli->changed = report.changed > 0;
    return print_report(cli, &report, "swept");
}

creg_status cmd_store_adopt(cli_context *cli)
{
    creg_report report;
    bool dry_run = cli_option_given(cli, OPT_DRY_RUN);
    creg_status status = cli_open(cli, dry_run ? CLI_OPEN_READ : CLI_OPEN_CHANGE);
    if (status == CREG_OK)
        status = creg_adopt(cli->registry, dry_run, &cli->arena, &report, &cli->err);
    if (status != CREG_OK)
        return status;
    cli->changed = !dry_run && report.changed > 0;
    if (dry_run)
        report.changed = count_rule(&report.findings, "adopted");
    return print_report(cli, &report, dry_run ? "would be adopted" : "adopted");
}
