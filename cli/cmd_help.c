/* SPDX-License-Identifier: MIT */
/*
 * help: pages, and the topics that come from elsewhere than the table. version.
 */
#include <string.h>

#include "cli.h"
#include "errors.h"
#include "help.h"
#include "output.h"
#include "suggest.h"

/* ---- builtins of the template engine ---------------------------------------------------- */

static const cli_column builtin_columns[] = {
    {"name", "NAME", CLI_COLUMN_NAME | CLI_COLUMN_HIDDEN},
    {"usage", "USAGE", 0},
    {"pack", "PACK", CLI_COLUMN_WIDE},
    {"text", "WHAT IT DOES", 0},
    {NULL, NULL, 0}};

static creg_status print_builtins(cli_context *cli, jinja_builtin_kind kind)
{
    size_t count = 0;
    const jinja_builtin_info *info = jinja_builtins(kind, &count);
    creg_list *rows = cli_list(cli);
    for (size_t at = 0; at < count; at++) {
        creg_map *row = cli_map(cli);
        cli_map_put(cli, row, "name", creg_value_cstring(info[at].name));
        cli_map_put(cli, row, "usage", creg_value_cstring(info[at].usage));
        cli_map_put(cli, row, "text", creg_value_cstring(info[at].text));
        cli_map_put(cli, row, "pack",
                    creg_value_cstring(info[at].pack == JINJA_PACK_CONFIG ? "config" : ""));
        cli_list_add(cli, rows, creg_value_map(row));
    }
    return cli_print_list(cli, builtin_columns, rows);
}

/* ---- topics of two columns -------------------------------------------------------------- */

static creg_status print_topic(cli_context *cli, const cli_topic_row *topic, const char *key,
                               const char *title)
{
    const cli_column columns[] = {
        {key, title, CLI_COLUMN_NAME}, {"meaning", "MEANING", 0}, {NULL, NULL, 0}};
    creg_list *rows = cli_list(cli);
    for (; topic->name != NULL; topic++) {
        creg_map *row = cli_map(cli);
        cli_map_put(cli, row, key, creg_value_cstring(topic->name));
        cli_map_put(cli, row, "meaning", creg_value_cstring(topic->text));
        cli_list_add(cli, rows, creg_value_map(row));
    }
    return cli_print_list(cli, columns, rows);
}

static creg_status print_global_options(cli_context *cli)
{
    static const cli_column columns[] = {
        {"option", "OPTION", CLI_COLUMN_NAME}, {"meaning", "MEANING", 0}, {NULL, NULL, 0}};
    creg_list *rows = cli_list(cli);
    for (const cli_option *option = cli_global_options; option->name != NULL; option++) {
        creg_map *row = cli_map(cli);
        cli_map_put(cli, row, "option",
                    creg_value_cstring(cli_format_text(
                        cli, "--%s%s%s", option->name, option->value == NULL ? "" : " ",
                        option->value == NULL ? "" : option->value)));
        cli_map_put(cli, row, "meaning", creg_value_cstring(option->help));
        cli_list_add(cli, rows, creg_value_map(row));
    }
    return cli_print_list(cli, columns, rows);
}

static creg_status fail_topic(cli_context *cli, const char *word)
{
    cli_suggest suggest;
    cli_suggest_init(&suggest, word, strlen(word));
    for (const cli_topic_row *topic = cli_topics; topic->name != NULL; topic++)
        cli_suggest_word(&suggest, topic->name);
    for (const cli_noun *noun = cli_nouns; noun->name != NULL; noun++)
        cli_suggest_word(&suggest, noun->name);
    for (const cli_command *command = cli_commands; command->noun != NULL; command++)
        if (command->verb == NULL && !(command->flags & CLI_HIDDEN))
            cli_suggest_word(&suggest, command->noun);
    cli_fail(cli, CREG_USAGE, "there is no help on '%s'", word);
    if (suggest.best != NULL)
        cli_hint(cli, "did you mean: confreg help %s?", suggest.best);
    else
        cli_hint(cli, "see: confreg help");
    return CREG_USAGE;
}

static creg_status print_named_topic(cli_context *cli, const char *word)
{
    if (strcmp(word, "filters") == 0)
        return print_builtins(cli, JINJA_FILTERS);
    if (strcmp(word, "tests") == 0)
        return print_builtins(cli, JINJA_TESTS);
    if (strcmp(word, "functions") == 0)
        return print_builtins(cli, JINJA_FUNCTIONS);
    if (strcmp(word, "exit-codes") == 0)
        return print_topic(cli, cli_exit_codes, "code", "CODE");
    if (strcmp(word, "environment") == 0)
        return print_topic(cli, cli_environment, "variable", "VARIABLE");
    if (strcmp(word, "options") == 0)
        return print_global_options(cli);
    return fail_topic(cli, word);
}

static creg_status print_noun_or_verb(cli_context *cli, const cli_noun *noun)
{
    if (cli->word_count == 1)
        return cli_help_page(cli, noun, NULL);
    const cli_command *command = cli_command_find(noun->name, cli->words[1]);
    if (command != NULL && cli->word_count == 2)
        return cli_help_page(cli, noun, command);
    return fail_topic(cli, cli->words[cli->word_count - 1]);
}

creg_status cmd_help(cli_context *cli)
{
    if (cli->word_count == 0)
        return cli_help_page(cli, NULL, NULL);
    const cli_noun *noun = cli_noun_find(cli->words[0]);
    if (noun != NULL)
        return print_noun_or_verb(cli, noun);
    const cli_command *command = cli_command_find(cli->words[0], NULL);
    if (cli->word_count > 1)
        return fail_topic(cli, cli->words[1]);
    if (command != NULL && !(command->flags & CLI_HIDDEN))
        return cli_help_page(cli, NULL, command);
    return print_named_topic(cli, cli->words[0]);
}

creg_status cmd_version(cli_context *cli)
{
    static const cli_column columns[] = {{"name", "NAME", CLI_COLUMN_HIDDEN},
                                         {"version", "VERSION", CLI_COLUMN_NAME},
                                         {NULL, NULL, 0}};
    if (cli->format == CLI_TABLE || cli->format == CLI_WIDE || cli->format == CLI_TREE) {
        cli_write_text(cli, cli_format_text(cli, "confreg %s\n", creg_version_text()));
        return CREG_OK;
    }
    creg_map *row = cli_map(cli);
    cli_map_put(cli, row, "name", creg_value_cstring("confreg"));
    cli_map_put(cli, row, "version", creg_value_cstring(creg_version_text()));
    return cli_print_record(cli, columns, row);
}
