/* SPDX-License-Identifier: MIT */
/*
 * confreg kv export and import.
 *
 * The JSON form is the one of `consul kv export`, tabs included, so that either tool reads
 * what the other wrote: [{"key": ..., "flags": 0, "value": base64}]. JSON lines have one such
 * object a line, YAML the same list.
 */
#include <string.h>

#include "base64.h"
#include "batch.h"
#include "cli.h"
#include "errors.h"
#include "input.h"
#include "output.h"

typedef enum transfer_format { TRANSFER_JSON, TRANSFER_JSONL, TRANSFER_YAML } transfer_format;

static transfer_format format_named(const char *name)
{
    if (strcmp(name, "jsonl") == 0)
        return TRANSFER_JSONL;
    return strcmp(name, "yaml") == 0 ? TRANSFER_YAML : TRANSFER_JSON;
}

/* ---- export ----------------------------------------------------------------------------- */

static creg_status json_text(cli_context *cli, creg_slice key, creg_slice *ret_text)
{
    creg_value value = cli_bytes(cli, key);
    if (!creg_value_is(value, CREG_KIND_STRING))
        return cli_fail(cli, CREG_UNSUPPORTED_TYPE,
                        "a key of the store is not UTF-8 and cannot be exported");
    creg_json_style style = {.indent = 0};
    return creg_json_print(value, &style, &cli->arena, ret_text, &cli->err);
}

static creg_status export_pair(cli_context *cli, const creg_pair *pair, transfer_format format,
                               bool last)
{
    creg_slice key;
    creg_status status = json_text(cli, pair->key, &key);
    if (status != CREG_OK)
        return status;
    const char *quoted = cli_text(cli, key);
    char *value = cli_alloc(cli, cli_base64_size(pair->value.size));
    cli_base64_encode(pair->value, value);
    if (format == TRANSFER_JSON)
        cli_write_text(
            cli,
            cli_format_text(
                cli, "\t{\n\t\t\"key\": %s,\n\t\t\"flags\": 0,\n\t\t\"value\": \"%s\"\n\t}%s\n",
                quoted, value, last ? "" : ","));
    else if (format == TRANSFER_JSONL)
        cli_write_text(cli,
                       cli_format_text(cli, "{\"key\": %s, \"flags\": 0, \"value\": \"%s\"}\n",
                                       quoted, value));
    else
        cli_write_text(cli, cli_format_text(cli, "- key: %s\n  flags: 0\n  value: \"%s\"\n",
                                            quoted, value));
    return CREG_OK;
}

creg_status cmd_kv_export(cli_context *cli)
{
    creg_pairs pairs;
    const char *name = cli_option_value(cli, OPT_FORMAT);
    if (name == NULL)
        name = cli->format == CLI_YAML ? "yaml" : cli->format == CLI_JSONL ? "jsonl" : "json";
    transfer_format format = format_named(name);
    creg_status status = cli_open(cli, CLI_OPEN_READ);
    if (status == CREG_OK)
        status = cli_pairs_at(cli, cli_prefix(cli, cli_word(cli, 0)), false, &pairs);
    if (status != CREG_OK)
        return status;
    bool empty = pairs.size == 0 && format != TRANSFER_JSONL;
    cli_write_text(cli, empty ? "[]\n" : format == TRANSFER_JSON ? "[\n" : "");
    for (size_t at = 0; at < pairs.size && status == CREG_OK && !cli->output_failed; at++)
        status = export_pair(cli, &pairs.items[at], format, at + 1 == pairs.size);
    cli_write_text(cli, format == TRANSFER_JSON && !empty ? "]\n" : "");
    return status;
}

/* ---- import: reading -------------------------------------------------------------------- */

static creg_status fail_entry(cli_context *cli, size_t number, const char *what)
{
    cli_fail(cli, CREG_INVALID, "%s: entry %zu %s", cli_input_name(cli->words[0]), number,
             what);
    cli_hint(cli, "an entry is {\"key\": \"a/b\", \"flags\": 0, \"value\": \"base64\"}");
    return CREG_INVALID;
}

static creg_status read_entry(cli_context *cli, creg_value entry, size_t number,
                              creg_operation *ret_put)
{
    if (!creg_value_is(entry, CREG_KIND_MAP))
        return fail_entry(cli, number, "is not an object");
    const creg_value *key = creg_map_get_text(entry.as.map, creg_slice_of("key"));
    const creg_value *value = creg_map_get_text(entry.as.map, creg_slice_of("value"));
    if (key == NULL || !creg_value_is(*key, CREG_KIND_STRING) || key->size == 0)
        return fail_entry(cli, number, "has no key");
    *ret_put = (creg_operation){.kind = CREG_OPERATION_PUT, .key = creg_value_text(*key)};
    /* Consul writes null for a value that was never set. */
    if (value != NULL && creg_value_is(*value, CREG_KIND_NONE))
        return CREG_OK;
    if (value == NULL || !creg_value_is(*value, CREG_KIND_STRING))
        return fail_entry(cli, number, "has no value");
    char *bytes = cli_alloc(cli, value->size + 3);
    size_t size;
    if (!cli_base64_decode(creg_value_text(*value), bytes, &size))
        return fail_entry(cli, number, "has a value that is not base64");
    ret_put->value = creg_slice_make(bytes, size);
    return CREG_OK;
}

static creg_status parse_lines(cli_context *cli, creg_slice text, creg_list *entries)
{
    const char *at = text.data;
    const char *end = text.data + text.size;
    for (size_t line = 1; at < end; line++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t size = (size_t)((newline == NULL ? end : newline) - at);
        creg_value entry;
        creg_status status = CREG_OK;
        if (size > 0)
            status = creg_json_parse(creg_slice_make(at, size), cli_input_name(cli->words[0]),
                                     0, &cli->arena, &entry, &cli->err);
        if (status != CREG_OK) {
            cli->err.line = (uint32_t)line; /* the parser saw one line only */
            return status;
        }
        if (size > 0)
            cli_list_add(cli, entries, entry);
        at += size + (newline != NULL);
    }
    return CREG_OK;
}

static creg_status parse_list(cli_context *cli, creg_slice text, transfer_format format,
                              creg_list **ret_entries)
{
    const char *name = cli_input_name(cli->words[0]);
    creg_value document;
    creg_status status =
        format == TRANSFER_YAML
            ? creg_yaml_parse(text, name, 0, &cli->arena, &document, &cli->err)
            : creg_json_parse(text, name, 0, &cli->arena, &document, &cli->err);
    if (status != CREG_OK)
        return status;
    if (!creg_value_is(document, CREG_KIND_LIST))
        return cli_fail(cli, CREG_INVALID, "%s: not a list of keys and values, but a %s", name,
                        creg_value_type_name(document));
    *ret_entries = document.as.list;
    return CREG_OK;
}

static bool ends_with(const char *text, const char *ending)
{
    size_t size = strlen(text);
    size_t length = strlen(ending);
    return size >= length && strcmp(text + size - length, ending) == 0;
}

static transfer_format format_of_input(const cli_context *cli)
{
    const char *name = cli_option_value(cli, OPT_FORMAT);
    if (name != NULL)
        return format_named(name);
    if (cli_is_yaml_name(cli->words[0]))
        return TRANSFER_YAML;
    return ends_with(cli->words[0], ".jsonl") ? TRANSFER_JSONL : TRANSFER_JSON;
}

static creg_status read_entries(cli_context *cli, creg_list **ret_entries)
{
    creg_slice text;
    const char *path = cli->words[0];
    transfer_format format = format_of_input(cli);
    creg_status status = cli_read_file(cli, path[0] == '@' ? path + 1 : path, &text);
    if (status != CREG_OK)
        return status;
    *ret_entries = cli_list(cli);
    return format == TRANSFER_JSONL ? parse_lines(cli, text, *ret_entries)
                                    : parse_list(cli, text, format, ret_entries);
}

/* ---- import: one transaction may write a key only once ---------------------------------- */

static creg_status refuse_twice(cli_context *cli, const creg_operation *operations,
                                size_t count)
{
    creg_map *seen = cli_map(cli);
    for (size_t at = 0; at < count; at++) {
        if (creg_map_get_text(seen, operations[at].key) != NULL)
            return cli_fail(cli, CREG_INVALID, "%s: key '%s' is there twice",
                            cli_input_name(cli->words[0]), cli_text(cli, operations[at].key));
        cli_map_put(cli, seen, cli_text(cli, operations[at].key), creg_value_none());
    }
    return CREG_OK;
}

static creg_status read_operations(cli_context *cli, creg_operation **ret_operations,
                                   size_t *ret_count)
{
    creg_list *entries;
    creg_status status = read_entries(cli, &entries);
    if (status != CREG_OK)
        return status;
    creg_operation *operations = cli_alloc(cli, (entries->size + 1) * sizeof *operations);
    for (size_t at = 0; at < entries->size; at++) {
        status = read_entry(cli, entries->items[at], at + 1, &operations[at]);
        if (status != CREG_OK)
            return status;
    }
    *ret_operations = operations;
    *ret_count = entries->size;
    return refuse_twice(cli, operations, entries->size);
}

creg_status cmd_kv_import(cli_context *cli)
{
    creg_operation *operations;
    size_t count;
    creg_status status = read_operations(cli, &operations, &count);
    if (status != CREG_OK)
        return status;
    if (cli_option_given(cli, OPT_DRY_RUN)) {
        cli_note(cli, "nothing was written; %s keys would be", cli_count(cli, count));
        return CREG_OK;
    }
    status = cli_open(cli, CLI_OPEN_CREATE);
    if (status == CREG_OK)
        status = cli_apply_all(cli, operations, count, "keys written");
    if (status == CREG_OK)
        cli_note(cli, "imported %s keys", cli_count(cli, count));
    return status;
}
