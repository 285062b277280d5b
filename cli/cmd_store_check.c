/* SPDX-License-Identifier: MIT */
/*
 * confreg store check: is the store sound, and what does a live one take and keep?
 */
#include <string.h>

#include "cli.h"
#include "errors.h"
#include "output.h"
#include "progress.h"

static const cli_column columns[] = {{"group", "GROUP", 0},   {"name", "NAME", CLI_COLUMN_NAME},
                                     {"value", "VALUE", 0},   {"unit", "UNIT", 0},
                                     {"result", "RESULT", 0}, {"note", "NOTE", 0},
                                     {NULL, NULL, 0}};

static const char *result_text(creg_measure_result result)
{
    switch (result) {
    case CREG_MEASURE_FACT:
        return "";
    case CREG_MEASURE_HOLDS:
        return "ok";
    case CREG_MEASURE_BROKEN:
        return "broken";
    case CREG_MEASURE_LEFT_OUT:
        return "left out";
    }
    return "";
}

/* Digits with a unit are a number for programs; versions and addresses stay text. */
static creg_value value_of(cli_context *cli, const creg_measure *measure)
{
    int64_t number = 0;
    bool is_number =
        measure->unit[0] != '\0' && measure->value.size > 0 && measure->value.size < 19;
    for (size_t at = 0; is_number && at < measure->value.size; at++) {
        char digit = measure->value.data[at];
        is_number = digit >= '0' && digit <= '9';
        number = number * 10 + (digit - '0');
    }
    return is_number ? creg_value_int(number) : cli_bytes(cli, measure->value);
}

static creg_status print_measures(cli_context *cli, const creg_measures *measures,
                                  size_t *ret_broken)
{
    creg_list *rows = cli_list(cli);
    for (size_t at = 0; at < measures->size; at++) {
        const creg_measure *measure = &measures->items[at];
        creg_map *row = cli_map(cli);
        cli_map_put(cli, row, "group", creg_value_cstring(measure->group));
        cli_map_put_slice(cli, row, "name", measure->name);
        cli_map_put(cli, row, "value", value_of(cli, measure));
        cli_map_put(cli, row, "unit", creg_value_cstring(measure->unit));
        cli_map_put(cli, row, "result", creg_value_cstring(result_text(measure->result)));
        cli_map_put_slice(cli, row, "note", measure->note);
        cli_list_add(cli, rows, creg_value_map(row));
        *ret_broken += measure->result == CREG_MEASURE_BROKEN;
    }
    return cli_print_list(cli, columns, rows);
}

static creg_status measure(cli_context *cli)
{
    cli_meter meter;
    cli_meter_start(&meter, cli, "measures");
    creg_measure_options options = {.store = {.timeout_ms = cli->timeout_ms, .no_create = true},
                                    .is_quick = cli_option_given(cli, OPT_QUICK),
                                    .progress = cli_meter_show,
                                    .user_data = &meter,
                                    .cancel = &cli_cancel};
    creg_measures measures;
    creg_status status =
        creg_store_measure(cli->store_url, &options, &cli->arena, &measures, &cli->err);
    cli_meter_end(&meter);
    if (status != CREG_OK)
        return status;
    size_t broken = 0;
    status = print_measures(cli, &measures, &broken);
    if (status != CREG_OK || broken == 0)
        return status;
    return cli_fail(cli, CREG_NO, "%s promise%s broken", cli_count(cli, broken),
                    broken == 1 ? " is" : "s are");
}

static bool is_read_only(cli_context *cli)
{
    const char *parameter = creg_store_parameter(cli_store(cli), "read_only");
    return cli_option_given(cli, OPT_READ_ONLY) ||
           (parameter != NULL && strcmp(parameter, "1") == 0);
}

creg_status cmd_store_check(cli_context *cli)
{
    if (cli->word_count > 0)
        cli->store_word = cli->words[0];
    creg_status status = cli_open(cli, CLI_OPEN_READ);
    if (status == CREG_OK)
        status = creg_store_check(cli_store(cli), &cli->err);
    if (status != CREG_OK)
        return status;
    cli_note(cli, "the store is sound");
    return is_read_only(cli) ? CREG_OK : measure(cli);
}
