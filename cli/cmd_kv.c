/* SPDX-License-Identifier: MIT */
/*
 * confreg kv: get, put, list, rm, copy. Raw keys, any bytes. Export and import are in
 * cmd_transfer.c.
 */
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "cli.h"
#include "errors.h"
#include "input.h"
#include "output.h"

/* ---- versions --------------------------------------------------------------------------- */

static const char *version_text(cli_context *cli, creg_version version)
{
    if (!version.present)
        return "absent";
    if (version.minor == 0)
        return cli_format_text(cli, "%llu", (unsigned long long)version.major);
    return cli_format_text(cli, "%llu.%llu", (unsigned long long)version.major,
                           (unsigned long long)version.minor);
}

static creg_status parse_version(cli_context *cli, const char *text, creg_version *ret_version)
{
    *ret_version = (creg_version){.present = false};
    if (strcmp(text, "absent") == 0)
        return CREG_OK;
    char *end = NULL;
    bool digit = text[0] >= '0' && text[0] <= '9';
    unsigned long long major = strtoull(text, &end, 10);
    unsigned long long minor = 0;
    if (digit && *end == '.' && end[1] >= '0' && end[1] <= '9')
        minor = strtoull(end + 1, &end, 10);
    if (!digit || *end != '\0') {
        cli_fail(cli, CREG_USAGE, "--cas needs a version, not '%s'", text);
        cli_hint(cli, "'confreg kv get KEY -o json' tells it; 'absent' means: no such key yet");
        return CREG_USAGE;
    }
    *ret_version = (creg_version){.present = true, .major = major, .minor = minor};
    return CREG_OK;
}

/* ---- get and put ------------------------------------------------------------------------ */

static const cli_column pair_columns[] = {{"key", "KEY", CLI_COLUMN_NAME},
                                          {"value", "VALUE", 0},
                                          {"version", "VERSION", CLI_COLUMN_WIDE},
                                          {NULL, NULL, 0}};

/* To a program every byte as it is; to a terminal nothing that could take it over. */
static creg_status print_bytes(cli_context *cli, creg_slice value)
{
    bool terminal = cli_output_width() > 0;
    cli_write(cli, terminal ? cli_cell(cli, cli_bytes(cli, value)) : value);
    if (terminal)
        cli_write_text(cli, "\n");
    return CREG_OK;
}

static creg_status fail_no_key(cli_context *cli, const char *key)
{
    return cli_fail(cli, CREG_NOT_FOUND, "there is no key '%s'", key);
}

creg_status cmd_kv_get(cli_context *cli)
{
    creg_slice value;
    creg_version version;
    creg_slice key = cli_word(cli, 0);
    creg_status status = cli_open(cli, CLI_OPEN_READ);
    if (status != CREG_OK)
        return status;
    status = creg_store_get(cli_store(cli), key, &cli->arena, &value, &version, &cli->err);
    if (status == CREG_NOT_FOUND)
        return fail_no_key(cli, cli->words[0]);
    if (status != CREG_OK)
        return status;
    if (cli->format == CLI_TABLE)
        return print_bytes(cli, value);
    creg_map *row = cli_map(cli);
    cli_map_put_slice(cli, row, "key", key);
    cli_map_put_slice(cli, row, "value", value);
    cli_map_put(cli, row, "version", creg_value_cstring(version_text(cli, version)));
    return cli_print_record(cli, pair_columns, row);
}

static creg_status put_checked(cli_context *cli, creg_slice key, creg_slice value,
                               const char *cas)
{
    creg_check check = {.kind = CREG_CHECK_VERSION, .key = key};
    creg_status status = parse_version(cli, cas, &check.version);
    if (status != CREG_OK)
        return status;
    creg_operation put = {.kind = CREG_OPERATION_PUT, .key = key, .value = value};
    creg_transaction transaction = {
        .checks = &check, .check_count = 1, .operations = &put, .operation_count = 1};
    status = creg_store_apply(cli_store(cli), &transaction, NULL, &cli->err);
    if (status == CREG_CONFLICT) {
        cli_fail(cli, CREG_CONFLICT, "key '%s' is not at version %s any more", cli->words[0],
                 cas);
        cli_hint(cli, "see: confreg kv get %s -o json", cli->words[0]);
    }
    return status;
}

creg_status cmd_kv_put(cli_context *cli)
{
    creg_slice value;
    creg_slice key = cli_word(cli, 0);
    const char *cas = cli_option_value(cli, OPT_CAS);
    creg_status status = cli_read_value(cli, cli->words[1], &value);
    if (status == CREG_OK)
        status = cli_open(cli, CLI_OPEN_CREATE);
    if (status != CREG_OK)
        return status;
    status = cas == NULL ? creg_store_put(cli_store(cli), key, value, &cli->err)
                         : put_checked(cli, key, value, cas);
    if (status != CREG_OK)
        return status;
    cli->changed = true;
    cli_note(cli, "wrote %s, %s bytes", cli->words[0], cli_count(cli, value.size));
    return CREG_OK;
}

/* ---- list ------------------------------------------------------------------------------- */

static const cli_column key_columns[] = {{"key", "KEY", CLI_COLUMN_NAME}, {NULL, NULL, 0}};

creg_status cmd_kv_list(cli_context *cli)
{
    bool values = cli_option_given(cli, OPT_VALUES) || cli->format == CLI_WIDE;
    long long depth = cli_option_number(cli, OPT_DEPTH, 0);
    creg_read read = {.is_list = true,
                      .key = cli_prefix(cli, cli_word(cli, 0)),
                      .depth = depth > UINT32_MAX ? 0 : (uint32_t)depth,
                      .keys_only = !values,
                      .after = creg_slice_of(cli_option_value(cli, OPT_AFTER)),
                      .limit = (size_t)cli_option_number(cli, OPT_LIMIT, 0)};
    creg_status status = cli_open(cli, CLI_OPEN_READ);
    if (status == CREG_OK)
        status = creg_store_read(cli_store(cli), &read, 1, &cli->arena, NULL, &cli->err);
    if (status != CREG_OK)
        return status;
    creg_list *rows = cli_list(cli);
    for (size_t at = 0; at < read.ret_pairs.size; at++) {
        const creg_pair *pair = &read.ret_pairs.items[at];
        creg_map *row = cli_map(cli);
        cli_map_put_slice(cli, row, "key", pair->key);
        if (values)
            cli_map_put_slice(cli, row, "value", pair->value);
        if (values)
            cli_map_put(cli, row, "version",
                        creg_value_cstring(version_text(cli, pair->version)));
        cli_list_add(cli, rows, creg_value_map(row));
    }
    if (read.ret_more)
        cli_note(cli, "there are more; go on with --after %s",
                 cli_text(cli, read.ret_pairs.items[read.ret_pairs.size - 1].key));
    return cli_print_list(cli, values ? pair_columns : key_columns, rows);
}

/* ---- rm --------------------------------------------------------------------------------- */

static creg_status remove_one(cli_context *cli, creg_slice key)
{
    creg_check check = {.kind = CREG_CHECK_PRESENT, .key = key};
    creg_operation remove = {.kind = CREG_OPERATION_DELETE, .key = key};
    creg_transaction transaction = {
        .checks = &check, .check_count = 1, .operations = &remove, .operation_count = 1};
    creg_status status = creg_store_apply(cli_store(cli), &transaction, NULL, &cli->err);
    if (status == CREG_CONFLICT)
        return fail_no_key(cli, cli->words[0]);
    if (status != CREG_OK)
        return status;
    cli->changed = true;
    cli_note(cli, "removed %s", cli->words[0]);
    return CREG_OK;
}

/* The keys that are there now, so that we can tell how many went. */
static creg_status remove_below(cli_context *cli, creg_slice prefix)
{
    creg_pairs pairs;
    creg_status status = cli_pairs_at(cli, prefix, true, &pairs);
    if (status == CREG_OK && pairs.size == 0)
        return cli_fail(cli, CREG_NOT_FOUND, "there is no key at or below '%s'", cli->words[0]);
    if (status != CREG_OK)
        return status;
    creg_operation *operations = cli_alloc(cli, pairs.size * sizeof *operations);
    for (size_t at = 0; at < pairs.size; at++)
        operations[at] =
            (creg_operation){.kind = CREG_OPERATION_DELETE, .key = pairs.items[at].key};
    status = cli_apply_all(cli, operations, pairs.size, "keys removed");
    if (status == CREG_OK)
        cli_note(cli, "removed %s keys", cli_count(cli, pairs.size));
    return status;
}

creg_status cmd_kv_rm(cli_context *cli)
{
    bool recurse = cli_option_given(cli, OPT_RECURSE);
    creg_slice prefix = cli_prefix(cli, cli_word(cli, 0));
    if (recurse && prefix.size == 0 && !cli_option_given(cli, OPT_FORCE)) {
        cli_fail(cli, CREG_USAGE, "kv rm: that would remove every key of the store");
        cli_hint(cli, "if that is what you want, add --force");
        return CREG_USAGE;
    }
    if (!recurse && prefix.size == 0)
        return cli_fail(cli, CREG_USAGE, "kv rm: KEY is empty");
    creg_status status = cli_open(cli, CLI_OPEN_CHANGE);
    if (status != CREG_OK)
        return status;
    return recurse ? remove_below(cli, prefix) : remove_one(cli, cli_word(cli, 0));
}

/* ---- copy ------------------------------------------------------------------------------- */

static creg_slice moved_key(cli_context *cli, creg_slice key, creg_slice from, creg_slice to)
{
    return creg_slice_of(
        cli_format_text(cli, "%s%s", cli_text(cli, to), cli_text(cli, key) + from.size));
}

static bool is_inside(creg_slice outer, creg_slice inner)
{
    return inner.size >= outer.size && memcmp(outer.data, inner.data, outer.size) == 0 &&
           (inner.size == outer.size || inner.data[outer.size] == '/');
}

static creg_status read_source(cli_context *cli, creg_slice from, creg_pairs *ret_pairs)
{
    creg_read read = {.key = from};
    creg_status status;
    if (cli_option_given(cli, OPT_RECURSE)) {
        status = cli_pairs_at(cli, from, false, ret_pairs);
    } else {
        status = creg_store_read(cli_store(cli), &read, 1, &cli->arena, NULL, &cli->err);
        *ret_pairs = read.ret_pairs;
    }
    if (status == CREG_OK && ret_pairs->size == 0)
        return fail_no_key(cli, cli->words[0]);
    return status;
}

static creg_status write_copies(cli_context *cli, const creg_pairs *pairs, creg_slice from,
                                creg_slice to)
{
    creg_operation *operations = cli_alloc(cli, pairs->size * sizeof *operations);
    for (size_t at = 0; at < pairs->size; at++)
        operations[at] = (creg_operation){.kind = CREG_OPERATION_PUT,
                                          .key = moved_key(cli, pairs->items[at].key, from, to),
                                          .value = pairs->items[at].value};
    const creg_check free_checks[] = {{.kind = CREG_CHECK_ABSENT, .key = to},
                                      {.kind = CREG_CHECK_SUBTREE_EMPTY, .key = to}};
    size_t check_count = cli_option_given(cli, OPT_FORCE)     ? 0
                         : cli_option_given(cli, OPT_RECURSE) ? 2
                                                              : 1;
    creg_status status = cli_apply_checked(cli, free_checks, check_count, operations,
                                           pairs->size, "keys copied");
    if (status != CREG_CONFLICT)
        return status;
    cli_fail(cli, CREG_EXISTS, "something is at '%s' already", cli->words[1]);
    cli_hint(cli, "--force writes over it");
    return CREG_EXISTS;
}

creg_status cmd_kv_copy(cli_context *cli)
{
    creg_pairs pairs = {.size = 0};
    creg_slice from = cli_prefix(cli, cli_word(cli, 0));
    creg_slice to = cli_prefix(cli, cli_word(cli, 1));
    if (from.size == 0 || to.size == 0)
        return cli_fail(cli, CREG_USAGE, "kv copy: a key is empty");
    if (is_inside(from, to) && (cli_option_given(cli, OPT_RECURSE) || from.size == to.size))
        return cli_fail(cli, CREG_USAGE, "kv copy: '%s' cannot be copied into itself",
                        cli->words[0]);
    creg_status status = cli_open(cli, CLI_OPEN_CHANGE);
    if (status == CREG_OK)
        status = read_source(cli, from, &pairs);
    if (status == CREG_OK)
        status = write_copies(cli, &pairs, from, to);
    if (status == CREG_OK)
        cli_note(cli, "copied %s key%s", cli_count(cli, pairs.size),
                 pairs.size == 1 ? "" : "s");
    return status;
}
