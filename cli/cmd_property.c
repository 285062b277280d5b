/* SPDX-License-Identifier: MIT */
/*
 * confreg instance: get, set, unset, copy, tags: what changes the properties of an instance.
 */
#include <string.h>
#include <unistr.h>

#include "cli.h"
#include "errors.h"
#include "input.h"
#include "output.h"

/* ---- get -------------------------------------------------------------------------------- */

static const cli_column value_columns[] = {
    {"path", "PATH", CLI_COLUMN_NAME}, {"value", "VALUE", 0}, {NULL, NULL, 0}};

static creg_status get_row(cli_context *cli, creg_slice dn, creg_slice path, creg_map **ret_row)
{
    creg_slice value;
    creg_status status =
        creg_get(cli->registry, dn, path, &cli->arena, &value, NULL, &cli->err);
    if (status != CREG_OK)
        return status;
    creg_map *row = cli_map(cli);
    cli_map_put_slice(cli, row, "dn", dn);
    cli_map_put_slice(cli, row, "path", path);
    cli_map_put_slice(cli, row, "value", value);
    *ret_row = row;
    return CREG_OK;
}

/* The text and a newline: what a shell's $(...) wants. A terminal gets no control bytes. */
static creg_status print_value(cli_context *cli, const creg_map *row)
{
    const creg_value *value = creg_map_get_text(row, creg_slice_of("value"));
    creg_slice text = creg_value_is(*value, CREG_KIND_STRING) ? creg_value_text(*value)
                                                              : cli_cell(cli, *value);
    cli_write(cli, cli_output_width() > 0 ? cli_printable(cli, text) : text);
    cli_write_text(cli, "\n");
    return CREG_OK;
}

/* DN/PATH in one word: the instance ends behind its fourth name. */
static creg_status split_dn(cli_context *cli, creg_slice word, creg_slice *ret_dn,
                            creg_slice *ret_path)
{
    creg_status status = creg_instance_of(cli->registry, word, &cli->arena, ret_dn, &cli->err);
    if (status != CREG_OK)
        return status;
    const char *root = memchr(ret_dn->data, '/', ret_dn->size);
    creg_slice bare =
        root == NULL
            ? *ret_dn
            : creg_slice_make(root + 1, ret_dn->size - (size_t)(root + 1 - ret_dn->data));
    /* The word may begin with the root's name or not. */
    size_t skip =
        word.size >= ret_dn->size && memcmp(word.data, ret_dn->data, ret_dn->size) == 0
            ? ret_dn->size
            : bare.size;
    if (word.size <= skip + 1) {
        cli_fail(cli, CREG_USAGE, "instance get: %s is an instance, not a property",
                 cli->words[0]);
        cli_hint(
            cli,
            "usage: confreg instance get DN PATH; all of it: confreg instance tree %s --values",
            cli->words[0]);
        return CREG_USAGE;
    }
    *ret_path = creg_slice_make(word.data + skip + 1, word.size - skip - 1);
    return CREG_OK;
}

static creg_status get_one(cli_context *cli, creg_slice dn, creg_slice path)
{
    creg_map *row;
    creg_status status = get_row(cli, dn, path, &row);
    if (status != CREG_OK)
        return status;
    return cli->format == CLI_TABLE ? print_value(cli, row)
                                    : cli_print_record(cli, value_columns, row);
}

creg_status cmd_instance_get(cli_context *cli)
{
    creg_slice dn = cli_word(cli, 0);
    creg_slice path = cli_word(cli, 1);
    creg_status status = cli_open(cli, CLI_OPEN_READ);
    if (status == CREG_OK && cli->word_count == 1)
        status = split_dn(cli, cli_word(cli, 0), &dn, &path);
    if (status != CREG_OK)
        return status;
    if (cli->word_count <= 2)
        return get_one(cli, dn, path);
    creg_list *rows = cli_list(cli);
    for (size_t at = 1; at < cli->word_count; at++) {
        creg_map *row;
        status = get_row(cli, dn, cli_word(cli, at), &row);
        if (status != CREG_OK)
            return status;
        cli_list_add(cli, rows, creg_value_map(row));
    }
    return cli_print_list(cli, value_columns, rows);
}

/* ---- set -------------------------------------------------------------------------------- */

static const cli_column set_columns[] = {{"dn", "DN", CLI_COLUMN_NAME},
                                         {"properties", "PROPERTIES", CLI_COLUMN_RIGHT},
                                         {NULL, NULL, 0}};

/* A change of properties has no result that a person waits for; programs get a record. */
static creg_status report_change(cli_context *cli, const char *what, size_t count)
{
    cli->changed = true;
    cli_note(cli, "%s %s propert%s of %s", what, cli_count(cli, count),
             count == 1 ? "y" : "ies", cli->words[0]);
    if (cli->format <= CLI_WIDE || cli->format == CLI_TREE)
        return CREG_OK;
    creg_map *row = cli_map(cli);
    cli_map_put(cli, row, "dn", creg_value_cstring(cli->words[0]));
    cli_map_put(cli, row, "properties", creg_value_int((int64_t)count));
    return cli_print_record(cli, set_columns, row);
}

/* In an assignment a bare '-' is a value like any other; stdin is @-. */
static creg_status read_assigned(cli_context *cli, const char *text, creg_slice *ret_value)
{
    if (strcmp(text, "-") != 0)
        return cli_read_value(cli, text, ret_value);
    *ret_value = creg_slice_of("-");
    return CREG_OK;
}

static creg_status read_properties(cli_context *cli, creg_property *properties)
{
    for (size_t at = 1; at < cli->word_count; at++) {
        const char *path;
        const char *text;
        creg_status status = cli_split_pair(cli, cli->words[at], "instance set", &path, &text);
        if (status == CREG_OK)
            status = read_assigned(cli, text, &properties[at - 1].value);
        if (status != CREG_OK)
            return status;
        properties[at - 1].path = creg_slice_of(path);
    }
    return CREG_OK;
}

static creg_status set_all(cli_context *cli)
{
    size_t count = cli->word_count - 1;
    creg_property *properties = cli_alloc(cli, count * sizeof *properties);
    creg_status status = read_properties(cli, properties);
    if (status == CREG_OK)
        status = cli_open(cli, CLI_OPEN_CHANGE);
    if (status == CREG_OK)
        status = creg_set(cli->registry, cli_word(cli, 0), properties, count, NULL, &cli->err);
    return status == CREG_OK ? report_change(cli, "set", count) : status;
}

static creg_status set_if(cli_context *cli)
{
    creg_property property;
    const char *expected = cli_option_value(cli, OPT_IF_VALUE);
    if (cli->word_count != 2)
        return cli_fail(cli, CREG_USAGE,
                        "instance set: --if-value and --if-absent go with one PATH=VALUE");
    if (expected != NULL && cli_option_given(cli, OPT_IF_ABSENT))
        return cli_fail(cli, CREG_USAGE, "instance set: --if-value or --if-absent, not both");
    creg_status status = read_properties(cli, &property);
    if (status == CREG_OK)
        status = cli_open(cli, CLI_OPEN_CHANGE);
    if (status == CREG_OK)
        status = creg_compare_and_set(cli->registry, cli_word(cli, 0), property.path,
                                      creg_slice_of(expected), property.value, &cli->err);
    return status == CREG_OK ? report_change(cli, "set", 1) : status;
}

static creg_status print_sum(cli_context *cli, const char *path, int64_t sum)
{
    cli->changed = true;
    creg_map *row = cli_map(cli);
    cli_map_put(cli, row, "dn", creg_value_cstring(cli->words[0]));
    cli_map_put(cli, row, "path", creg_value_cstring(path));
    cli_map_put(cli, row, "value", creg_value_int(sum));
    if (cli->format != CLI_TABLE && cli->format != CLI_WIDE)
        return cli_print_record(cli, value_columns, row);
    cli_write_text(cli, cli_format_text(cli, "%lld\n", (long long)sum));
    return CREG_OK;
}

static creg_status increment(cli_context *cli)
{
    const char *path = cli->words[1];
    if (cli->word_count != 2 || strchr(path, '=') != NULL) {
        cli_fail(cli, CREG_USAGE, "instance set: --increment goes with one PATH, and no value");
        cli_hint(cli, "usage: confreg instance set DN PATH --increment N");
        return CREG_USAGE;
    }
    if (cli_option_given(cli, OPT_IF_VALUE) || cli_option_given(cli, OPT_IF_ABSENT))
        return cli_fail(cli, CREG_USAGE, "instance set: --increment takes no condition");
    int64_t sum;
    creg_status status = cli_open(cli, CLI_OPEN_CHANGE);
    if (status == CREG_OK)
        status = creg_increment(cli->registry, cli_word(cli, 0), creg_slice_of(path),
                                cli_option_number(cli, OPT_INCREMENT, 1), &sum, &cli->err);
    return status == CREG_OK ? print_sum(cli, path, sum) : status;
}

creg_status cmd_instance_set(cli_context *cli)
{
    if (cli_option_given(cli, OPT_INCREMENT))
        return increment(cli);
    if (cli_option_given(cli, OPT_IF_VALUE) || cli_option_given(cli, OPT_IF_ABSENT))
        return set_if(cli);
    return set_all(cli);
}

creg_status cmd_instance_unset(cli_context *cli)
{
    creg_status status = cli_open(cli, CLI_OPEN_CHANGE);
    if (status == CREG_OK)
        status = creg_unset(cli->registry, cli_word(cli, 0), cli_word(cli, 1),
                            cli_option_given(cli, OPT_TREE), &cli->err);
    if (status != CREG_OK)
        return status;
    cli->changed = true;
    cli_note(cli, "removed %s of %s", cli->words[1], cli->words[0]);
    return CREG_OK;
}

/* ---- copy ------------------------------------------------------------------------------- */

static const cli_column copy_columns[] = {
    {"dn", "DN", CLI_COLUMN_NAME}, {"keys", "KEYS", CLI_COLUMN_RIGHT}, {NULL, NULL, 0}};

creg_status cmd_instance_copy(cli_context *cli)
{
    creg_copy_options options = {.membership = cli_option_given(cli, OPT_MEMBERSHIP),
                                 .keep_runtime = cli_option_given(cli, OPT_KEEP_RUNTIME),
                                 .dry_run = cli_option_given(cli, OPT_DRY_RUN)};
    size_t count = 0;
    creg_status status = cli_open(cli, options.dry_run ? CLI_OPEN_READ : CLI_OPEN_CHANGE);
    if (status == CREG_OK)
        status = creg_copy(cli->registry, cli_word(cli, 0), cli_word(cli, 1), &options, &count,
                           &cli->err);
    if (status != CREG_OK)
        return status;
    cli->changed = !options.dry_run;
    cli_note(cli, options.dry_run ? "nothing was written; %s keys would be" : "copied, %s keys",
             cli_count(cli, count));
    creg_map *row = cli_map(cli);
    cli_map_put(cli, row, "dn", creg_value_cstring(cli->words[1]));
    cli_map_put(cli, row, "keys", creg_value_int((int64_t)count));
    return cli_print_done(cli, copy_columns, row);
}

/* ---- tags ------------------------------------------------------------------------------- */

creg_status cmd_instance_tags(cli_context *cli)
{
    static const cli_column columns[] = {{"item", "ITEM", CLI_COLUMN_NAME}, {NULL, NULL, 0}};
    creg_slice path = cli->word_count > 1 ? cli_word(cli, 1) : creg_slice_of("tags");
    creg_names items;
    creg_status status = cli_open(cli, CLI_OPEN_READ);
    if (status == CREG_OK)
        status = creg_get_list(cli->registry, cli_word(cli, 0), path, &cli->arena, &items,
                               &cli->err);
    if (status != CREG_OK)
        return status;
    creg_list *rows = cli_list(cli);
    for (size_t at = 0; at < items.size; at++) {
        creg_map *row = cli_map(cli);
        cli_map_put_slice(cli, row, "item", items.items[at]);
        cli_list_add(cli, rows, creg_value_map(row));
    }
    return cli_print_list(cli, columns, rows);
}
