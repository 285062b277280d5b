/* SPDX-License-Identifier: MIT */
/*
 * __table: the table as JSON, so that tests can walk every command, option and example.
 */
#include "cli.h"
#include "output.h"

static creg_value examples_of(cli_context *cli, const cli_example *examples)
{
    creg_list *list = cli_list(cli);
    for (; examples != NULL && examples->command != NULL; examples++)
        cli_list_add(cli, list, creg_value_cstring(examples->command));
    return creg_value_list(list);
}

static creg_value options_of(cli_context *cli, const cli_option *options)
{
    creg_list *list = cli_list(cli);
    for (; options != NULL && options->name != NULL; options++)
        cli_list_add(cli, list, creg_value_cstring(options->name));
    return creg_value_list(list);
}

static creg_value arguments_of(cli_context *cli, const cli_argument *arguments)
{
    creg_list *list = cli_list(cli);
    for (; arguments != NULL && arguments->name != NULL; arguments++)
        cli_list_add(cli, list, creg_value_cstring(arguments->name));
    return creg_value_list(list);
}

static void add_row(cli_context *cli, creg_list *rows, const char *title, const char *summary,
                    const cli_example *examples, const cli_command *command)
{
    creg_map *row = cli_map(cli);
    cli_map_put(cli, row, "title", creg_value_cstring(title));
    cli_map_put(cli, row, "summary", creg_value_cstring(summary));
    cli_map_put(cli, row, "examples", examples_of(cli, examples));
    cli_map_put(cli, row, "options",
                options_of(cli, command == NULL ? NULL : command->options));
    cli_map_put(cli, row, "arguments",
                arguments_of(cli, command == NULL ? NULL : command->arguments));
    cli_list_add(cli, rows, creg_value_map(row));
}

creg_status cmd_table(cli_context *cli)
{
    static const cli_column columns[] = {{"title", "TITLE", CLI_COLUMN_NAME}, {NULL, NULL, 0}};
    creg_list *rows = cli_list(cli);
    add_row(cli, rows, "", "", cli_top_examples, NULL);
    for (const cli_noun *noun = cli_nouns; noun->name != NULL; noun++)
        add_row(cli, rows, noun->name, noun->summary, noun->examples, NULL);
    for (const cli_command *command = cli_commands; command->noun != NULL; command++)
        if (!(command->flags & CLI_HIDDEN))
            add_row(cli, rows, cli_command_title(cli, command), command->summary,
                    command->examples, command);
    return cli_print_list(cli, columns, rows);
}
