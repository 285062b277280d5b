/* SPDX-License-Identifier: MIT */
/*
 * confreg instance: create, list, show, tree, status, rm, and the lists of parts.
 * Properties are in cmd_property.c.
 */
#include <string.h>

#include "cli.h"
#include "errors.h"
#include "input.h"
#include "names.h"
#include "output.h"
#include "progress.h"

/* ---- how an instance is shown ----------------------------------------------------------- */

static const cli_column instance_columns[] = {
    {"dn", "DN", CLI_COLUMN_NAME},
    {"status", "STATUS", 0},
    {"keys", "KEYS", CLI_COLUMN_RIGHT},
    {"created", "CREATED", 0},
    {"author", "AUTHOR", 0},
    {"digest", "DIGEST", CLI_COLUMN_WIDE},
    {"template_digest", "TEMPLATE DIGEST", CLI_COLUMN_WIDE},
    {"request_id", "REQUEST", CLI_COLUMN_WIDE},
    {NULL, NULL, 0}};

static const cli_column record_columns[] = {{"dn", "dn", CLI_COLUMN_NAME},
                                            {"status", "status", 0},
                                            {"keys", "keys", 0},
                                            {"created", "created", 0},
                                            {"author", "author", 0},
                                            {"options", "options", 0},
                                            {"request_id", "request", 0},
                                            {"digest", "digest", 0},
                                            {"template_digest", "template digest", 0},
                                            {NULL, NULL, 0}};

/* Options come as JSON text; programs get them as a value. */
static creg_value parsed_options(cli_context *cli, creg_slice text)
{
    creg_value value;
    if (text.size > 0 && creg_json_parse(text, "options", CREG_PARSE_NUMBERS_AS_WRITTEN,
                                         &cli->arena, &value, NULL) == CREG_OK)
        return value;
    return cli_bytes(cli, text);
}

static creg_map *instance_row(cli_context *cli, const creg_instance *instance)
{
    creg_map *row = cli_map(cli);
    cli_map_put_slice(cli, row, "dn", instance->dn);
    cli_map_put_slice(cli, row, "user", instance->user);
    cli_map_put_slice(cli, row, "name", instance->name);
    cli_map_put_slice(cli, row, "version", instance->version);
    cli_map_put_slice(cli, row, "id", instance->id);
    cli_map_put_slice(cli, row, "status", instance->status);
    cli_map_put(cli, row, "keys", creg_value_int((int64_t)instance->key_count));
    cli_map_put_slice(cli, row, "created", instance->created);
    cli_map_put_slice(cli, row, "author", instance->author);
    cli_map_put_slice(cli, row, "digest", instance->digest);
    cli_map_put_slice(cli, row, "template_digest", instance->template_digest);
    cli_map_put_slice(cli, row, "request_id", instance->request_id);
    return row;
}

static creg_map *instance_record(cli_context *cli, const creg_instance *instance)
{
    creg_map *row = instance_row(cli, instance);
    cli_map_put(cli, row, "options", parsed_options(cli, instance->options));
    return row;
}

/* ---- create ----------------------------------------------------------------------------- */

static const cli_column pair_columns[] = {
    {"key", "KEY", CLI_COLUMN_NAME}, {"value", "VALUE", 0}, {NULL, NULL, 0}};

static creg_status print_pairs(cli_context *cli, const creg_instance *instance)
{
    creg_list *rows = cli_list(cli);
    for (size_t at = 0; at < instance->pairs.size; at++) {
        creg_map *row = cli_map(cli);
        cli_map_put_slice(cli, row, "key", instance->pairs.items[at].key);
        cli_map_put_slice(cli, row, "value", instance->pairs.items[at].value);
        cli_list_add(cli, rows, creg_value_map(row));
    }
    cli_note(cli, "nothing was written; %s keys would be",
             cli_count(cli, instance->pairs.size));
    return cli_print_list(cli, pair_columns, rows);
}

static creg_status report_created(cli_context *cli, const creg_instance *instance,
                                  double elapsed_ms)
{
    cli->changed = !instance->was_repeated;
    if (instance->was_repeated)
        cli_note(cli, "the request was done before; nothing was written");
    else
        cli_note(cli, "created, %s keys in %.0f ms", cli_count(cli, instance->key_count),
                 elapsed_ms);
    creg_map *row = instance_record(cli, instance);
    cli_map_put(cli, row, "was_repeated", creg_value_bool(instance->was_repeated));
    return cli_print_done(cli, record_columns, row);
}

creg_status cmd_instance_create(cli_context *cli)
{
    cli_meter meter;
    creg_instance instance;
    creg_instance_spec spec = {.user = cli_word(cli, 0),
                               .name = cli_word(cli, 1),
                               .version = cli_word(cli, 2),
                               .request_id =
                                   creg_slice_of(cli_option_value(cli, OPT_REQUEST_ID)),
                               .dry_run = cli_option_given(cli, OPT_DRY_RUN),
                               .progress = cli_meter_show,
                               .user_data = &meter,
                               .cancel = &cli_cancel};
    creg_status status = cli_read_options(cli, CLI_FOR_TEMPLATE, &spec.options);
    if (status == CREG_OK)
        status = cli_open(cli, spec.dry_run ? CLI_OPEN_READ : CLI_OPEN_CHANGE);
    if (status != CREG_OK)
        return status;

    cli_meter_start(&meter, cli, "keys written");
    status = creg_instantiate(cli->registry, &spec, &cli->arena, &instance, &cli->err);
    cli_meter_end(&meter);
    if (status != CREG_OK)
        return status;
    return spec.dry_run ? print_pairs(cli, &instance)
                        : report_created(cli, &instance, cli_now_ms() - meter.started_ms);
}

creg_status cmd_instance_status(cli_context *cli)
{
    creg_instance instance;
    creg_slice request = creg_slice_of(cli_option_value(cli, OPT_REQUEST));
    creg_status status = cli_open(cli, CLI_OPEN_READ);
    if (status == CREG_OK)
        status =
            creg_instance_status(cli->registry, request, &cli->arena, &instance, &cli->err);
    if (status != CREG_OK)
        return status;
    return cli_print_record(cli, record_columns, instance_record(cli, &instance));
}

/* ---- list, show, tree ------------------------------------------------------------------- */

creg_status cmd_instance_list(cli_context *cli)
{
    creg_instances instances;
    creg_status status = cli_open(cli, CLI_OPEN_READ);
    if (status == CREG_OK)
        status = creg_instance_list(cli->registry, cli_word(cli, 0), cli_word(cli, 1),
                                    cli_word(cli, 2), &cli->arena, &instances, &cli->err);
    if (status != CREG_OK)
        return status;
    creg_list *rows = cli_list(cli);
    for (size_t at = 0; at < instances.size; at++)
        cli_list_add(cli, rows, creg_value_map(instance_row(cli, &instances.items[at])));
    if (instances.size == 0 && cli->format <= CLI_WIDE)
        cli_note(cli, "no instance");
    return cli_print_list(cli, instance_columns, rows);
}

creg_status cmd_instance_show(cli_context *cli)
{
    creg_instance instance;
    creg_status status = cli_open(cli, CLI_OPEN_READ);
    if (status == CREG_OK)
        status = creg_instance_get(cli->registry, cli_word(cli, 0), &cli->arena, &instance,
                                   &cli->err);
    if (status != CREG_OK)
        return status;
    return cli_print_record(cli, record_columns, instance_record(cli, &instance));
}

creg_status cmd_instance_tree(cli_context *cli)
{
    creg_value tree;
    long long depth = cli_option_number(cli, OPT_DEPTH, 0);
    creg_status status = cli_open(cli, CLI_OPEN_READ);
    if (status == CREG_OK)
        status =
            creg_tree(cli->registry, cli_word(cli, 0), depth > UINT32_MAX ? 0 : (uint32_t)depth,
                      &cli->arena, &tree, &cli->err);
    if (status != CREG_OK)
        return status;
    return cli_print_tree(cli, cli->words[0], tree, cli_option_given(cli, OPT_VALUES));
}

/* ---- parts ------------------------------------------------------------------------------ */

static const cli_column part_columns[] = {
    {"name", "NAME", 0}, {"dn", "DN", CLI_COLUMN_NAME}, {NULL, NULL, 0}};

static creg_map *part_row(cli_context *cli, creg_slice dn)
{
    size_t at = dn.size;
    while (at > 0 && dn.data[at - 1] != '/')
        at--;
    creg_slice segment = creg_slice_make(dn.data + at, dn.size - at);
    creg_slice name;
    if (creg_key_decode(segment, &cli->arena, &name, NULL) != CREG_OK)
        name = segment;
    creg_map *row = cli_map(cli);
    cli_map_put_slice(cli, row, "name", name);
    cli_map_put_slice(cli, row, "dn", dn);
    return row;
}

static creg_status print_parts(cli_context *cli, creg_part part)
{
    creg_names dns;
    creg_status status = cli_open(cli, CLI_OPEN_READ);
    if (status == CREG_OK)
        status =
            creg_parts(cli->registry, cli_word(cli, 0), part, &cli->arena, &dns, &cli->err);
    if (status != CREG_OK)
        return status;
    creg_list *rows = cli_list(cli);
    for (size_t at = 0; at < dns.size; at++)
        cli_list_add(cli, rows, creg_value_map(part_row(cli, dns.items[at])));
    return cli_print_list(cli, part_columns, rows);
}

creg_status cmd_instance_nodes(cli_context *cli)
{
    return print_parts(cli, CREG_PART_NODES);
}

creg_status cmd_instance_services(cli_context *cli)
{
    return print_parts(cli, CREG_PART_SERVICES);
}

creg_status cmd_instance_disks(cli_context *cli)
{
    return print_parts(cli, CREG_PART_DISKS);
}

creg_status cmd_instance_networks(cli_context *cli)
{
    return print_parts(cli, CREG_PART_NETWORKS);
}

/* ---- rm --------------------------------------------------------------------------------- */

static const cli_column removed_columns[] = {{"dn", "DN", CLI_COLUMN_NAME}, {NULL, NULL, 0}};

static creg_status print_removed(cli_context *cli, const creg_names *dns)
{
    creg_list *rows = cli_list(cli);
    for (size_t at = 0; at < dns->size; at++) {
        creg_map *row = cli_map(cli);
        cli_map_put_slice(cli, row, "dn", dns->items[at]);
        cli_list_add(cli, rows, creg_value_map(row));
        cli_note(cli, "removed %s", cli_text(cli, dns->items[at]));
    }
    if (cli->format <= CLI_WIDE)
        return CREG_OK;
    return cli_print_list(cli, removed_columns, rows);
}

/* What was shown and agreed to is removed, and nothing that came later. */
static creg_status remove_each(cli_context *cli, creg_names *dns)
{
    size_t wanted = dns->size;
    creg_status status = CREG_OK;
    for (dns->size = 0; dns->size < wanted; dns->size++) {
        status = cli_check_cancel(cli);
        if (status == CREG_OK)
            status = creg_deinstantiate(cli->registry, dns->items[dns->size], &cli->err);
        if (status != CREG_OK)
            break;
        cli->changed = true;
    }
    creg_error first = cli->err;
    creg_status printed = print_removed(cli, dns);
    if (status == CREG_OK)
        return printed;
    cli->err = first;
    return status;
}

static creg_status confirm_all(cli_context *cli, const creg_names *dns)
{
    if (dns->size < 2)
        return CREG_OK;
    for (size_t at = 0; at < dns->size && !cli->yes; at++)
        cli_warn(cli, "would remove %s", cli_text(cli, dns->items[at]));
    return cli_confirm(cli,
                       cli_format_text(cli, "remove %s instances?", cli_count(cli, dns->size)));
}

static creg_slice *new_names(cli_context *cli, size_t count)
{
    return cli_alloc(cli, (count + 1) * sizeof(creg_slice));
}

static bool is_named(const creg_names *dns, creg_slice dn)
{
    for (size_t at = 0; at < dns->size; at++)
        if (creg_slice_equal(dns->items[at], dn))
            return true;
    return false;
}

/* A typo in the third DN must not be found out after two are gone. */
static creg_status look_up_all(cli_context *cli, creg_names *ret_dns)
{
    *ret_dns = (creg_names){.items = new_names(cli, cli->word_count)};
    for (size_t at = 0; at < cli->word_count; at++) {
        creg_instance instance;
        creg_status status = creg_instance_get(cli->registry, cli_word(cli, at), &cli->arena,
                                               &instance, &cli->err);
        if (status != CREG_OK)
            return status;
        if (!is_named(ret_dns, instance.dn))
            ret_dns->items[ret_dns->size++] = instance.dn;
    }
    return CREG_OK;
}

static creg_status remove_dns(cli_context *cli)
{
    creg_names dns;
    creg_status status = look_up_all(cli, &dns);
    if (status == CREG_OK)
        status = confirm_all(cli, &dns);
    return status == CREG_OK ? remove_each(cli, &dns) : status;
}

static creg_status remove_all_of_version(cli_context *cli)
{
    creg_instances instances;
    creg_status status =
        creg_instance_list(cli->registry, cli_word(cli, 0), cli_word(cli, 1), cli_word(cli, 2),
                           &cli->arena, &instances, &cli->err);
    if (status != CREG_OK)
        return status;
    if (instances.size == 0)
        return cli_fail(cli, CREG_NOT_FOUND, "there is no instance of %s/%s/%s", cli->words[0],
                        cli->words[1], cli->words[2]);
    creg_names dns = {.items = new_names(cli, instances.size), .size = instances.size};
    for (size_t at = 0; at < instances.size; at++)
        dns.items[at] = instances.items[at].dn;
    status = confirm_all(cli, &dns);
    return status == CREG_OK ? remove_each(cli, &dns) : status;
}

/* The three words of the seed: one instance, or a list to choose from. */
static creg_status remove_only_one(cli_context *cli)
{
    creg_names dns = {.size = 0};
    creg_status status =
        creg_deinstantiate_all(cli->registry, cli_word(cli, 0), cli_word(cli, 1),
                               cli_word(cli, 2), false, &cli->arena, &dns, &cli->err);
    if (status == CREG_CONFLICT) {
        for (size_t at = 0; at < dns.size; at++)
            cli_warn(cli, "there is %s", cli_text(cli, dns.items[at]));
        cli_hint(cli, "name one by its DN, or remove all of them with --all");
    }
    if (status != CREG_OK)
        return status;
    cli->changed = true;
    return print_removed(cli, &dns);
}

static bool is_three_names(const cli_context *cli)
{
    for (size_t at = 0; at < cli->word_count; at++)
        if (strchr(cli->words[at], '/') != NULL)
            return false;
    return cli->word_count == 3;
}

creg_status cmd_instance_rm(cli_context *cli)
{
    bool all = cli_option_given(cli, OPT_ALL);
    bool three = is_three_names(cli);
    if (all && !three) {
        cli_fail(cli, CREG_USAGE, "instance rm: --all goes with USER NAME VERSION");
        cli_hint(cli, "usage: confreg instance rm USER NAME VERSION --all");
        return CREG_USAGE;
    }
    creg_status status = cli_open(cli, CLI_OPEN_CHANGE);
    if (status != CREG_OK)
        return status;
    if (!three)
        return remove_dns(cli);
    return all ? remove_all_of_version(cli) : remove_only_one(cli);
}
