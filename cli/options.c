/* SPDX-License-Identifier: MIT */
/*
 * Read a command line by the table: words, long options, letters, values.
 *
 * Global options may stand before or after the verb, the others behind it. Nothing may be
 * abbreviated, because a script that leans on an abbreviation breaks when an option is
 * added; a near miss gets a hint instead.
 */
#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "errors.h"
#include "suggest.h"

/* ---- looking into the table ------------------------------------------------------------ */

bool cli_list_holds(const char *list, const char *word)
{
    size_t size = strlen(word);
    while (list != NULL && size > 0) {
        size_t length = strcspn(list, " ");
        if (length == size && memcmp(list, word, size) == 0)
            return true;
        list = list[length] == '\0' ? NULL : list + length + 1;
    }
    return false;
}

const cli_noun *cli_noun_find(const char *word)
{
    for (const cli_noun *noun = cli_nouns; noun->name != NULL; noun++)
        if (strcmp(noun->name, word) == 0 || cli_list_holds(noun->aliases, word))
            return noun;
    return NULL;
}

static bool is_called(const cli_command *command, const char *noun, const char *verb)
{
    if (strcmp(command->noun, noun) != 0 || (command->verb == NULL) != (verb == NULL))
        return false;
    return verb == NULL || strcmp(command->verb, verb) == 0 ||
           cli_list_holds(command->aliases, verb);
}

const cli_command *cli_command_find(const char *noun, const char *verb)
{
    for (const cli_command *command = cli_commands; command->noun != NULL; command++)
        if (is_called(command, noun, verb))
            return command;
    return NULL;
}

static const cli_option *find_name(const cli_option *options, const char *name, size_t size)
{
    for (; options != NULL && options->name != NULL; options++)
        if (strlen(options->name) == size && memcmp(options->name, name, size) == 0)
            return options;
    return NULL;
}

const cli_option *cli_option_find(const cli_command *command, const char *name, size_t size)
{
    const cli_option *found = command == NULL ? NULL : find_name(command->options, name, size);
    return found != NULL ? found : find_name(cli_global_options, name, size);
}

static const cli_option *find_letter(const cli_option *options, char letter)
{
    for (; options != NULL && options->name != NULL; options++)
        if (options->letter == letter)
            return options;
    return NULL;
}

const cli_option *cli_option_find_letter(const cli_command *command, char letter)
{
    const cli_option *found = command == NULL ? NULL : find_letter(command->options, letter);
    return found != NULL ? found : find_letter(cli_global_options, letter);
}

const char *cli_command_title(cli_context *cli, const cli_command *command)
{
    if (command->verb == NULL)
        return command->noun;
    return cli_format_text(cli, "%s %s", command->noun, command->verb);
}

/* ---- what was given -------------------------------------------------------------------- */

const char *cli_option_value(const cli_context *cli, cli_option_id id)
{
    for (size_t at = cli->given_count; at > 0; at--)
        if (cli->given[at - 1].id == id)
            return cli->given[at - 1].value;
    return NULL;
}

bool cli_option_given(const cli_context *cli, cli_option_id id)
{
    for (size_t at = 0; at < cli->given_count; at++)
        if (cli->given[at].id == id)
            return true;
    return false;
}

long long cli_option_number(const cli_context *cli, cli_option_id id, long long otherwise)
{
    const char *value = cli_option_value(cli, id);
    return value == NULL ? otherwise : strtoll(value, NULL, 10);
}

/* ---- checking values ------------------------------------------------------------------- */

static bool is_number(const char *text, bool is_signed)
{
    if (text[0] == '\0' || strchr(" \t\n\v\f\r", text[0]) != NULL ||
        (!is_signed && text[0] == '-'))
        return false;
    char *end;
    errno = 0;
    strtoll(text, &end, 10);
    return *end == '\0' && errno == 0;
}

bool cli_duration_parse(const char *text, unsigned *ret_ms)
{
    if (text[0] < '0' || text[0] > '9')
        return false;
    char *unit;
    errno = 0;
    double number = strtod(text, &unit);
    double scale = strcmp(unit, "ms") == 0                     ? 1
                   : strcmp(unit, "m") == 0                    ? 60000
                   : strcmp(unit, "h") == 0                    ? 3600000
                   : (*unit == '\0' || strcmp(unit, "s") == 0) ? 1000
                                                               : 0;
    double ms = number * scale;
    if (errno != 0 || !(ms >= 1) || ms > 86400000.0)
        return false;
    *ret_ms = (unsigned)ms;
    return true;
}

static bool is_choice(const char *choices, const char *word, size_t size)
{
    while (choices != NULL) {
        size_t length = strcspn(choices, "|");
        if (length == size && size > 0 && memcmp(choices, word, size) == 0)
            return true;
        choices = choices[length] == '\0' ? NULL : choices + length + 1;
    }
    return false;
}

static creg_status fail_choice(cli_context *cli, const char *what, const char *choices,
                               const char *word)
{
    char buffer[64];
    cli_suggest suggest;
    cli_suggest_init(&suggest, word, strlen(word));
    cli_suggest_list(&suggest, choices, '|', buffer, sizeof buffer);
    cli_fail(cli, CREG_USAGE, "%s cannot be '%s'; it is one of %s", what, word, choices);
    if (suggest.best != NULL)
        cli_hint(cli, "did you mean '%s'?", suggest.best);
    return CREG_USAGE;
}

static creg_status check_choices(cli_context *cli, const char *what, const char *choices,
                                 const char *words)
{
    for (const char *at = words;; at++) {
        size_t size = strcspn(at, ",");
        if (!is_choice(choices, at, size))
            return fail_choice(cli, what, choices, cli_text(cli, creg_slice_make(at, size)));
        at += size;
        if (*at == '\0')
            return CREG_OK;
    }
}

static creg_status check_value(cli_context *cli, const char *what, cli_value_kind kind,
                               const char *choices, const char *value)
{
    unsigned ms;
    switch (kind) {
    case CLI_NUMBER:
    case CLI_SIGNED:
        if (is_number(value, kind == CLI_SIGNED))
            return CREG_OK;
        return cli_fail(cli, CREG_USAGE, "%s needs %s number, not '%s'", what,
                        kind == CLI_SIGNED ? "a whole" : "a non-negative whole", value);
    case CLI_DURATION:
        if (cli_duration_parse(value, &ms))
            return CREG_OK;
        cli_fail(cli, CREG_USAGE, "%s needs a time, not '%s'", what, value);
        cli_hint(cli, "like 500ms, 5s or 2m; a bare number is seconds");
        return CREG_USAGE;
    case CLI_CHOICE:
        if (is_choice(choices, value, strlen(value)))
            return CREG_OK;
        return fail_choice(cli, what, choices, value);
    case CLI_CHOICES:
        return check_choices(cli, what, choices, value);
    default:
        return CREG_OK;
    }
}

/* ---- options --------------------------------------------------------------------------- */

static void remember(cli_context *cli, const cli_option *option, const char *value)
{
    size_t old_size = cli->given_count * sizeof *cli->given;
    cli_given *grown =
        creg_arena_grow(&cli->arena, cli->given, old_size, old_size + sizeof *grown);
    if (grown == NULL)
        grown = cli_alloc(cli, SIZE_MAX); /* ends the program */
    cli->given = grown;
    cli->given[cli->given_count++] = (cli_given){.id = option->id, .value = value};
}

static creg_status take_option(cli_context *cli, const cli_option *option, const char *shown,
                               const char *value)
{
    creg_status status =
        value == NULL ? CREG_OK : check_value(cli, shown, option->kind, option->choices, value);
    if (status != CREG_OK)
        return status;
    if (option->id == OPT_HELP)
        cli->help_wanted = true;
    if (option->id == OPT_VERSION)
        cli->version_wanted = true;
    remember(cli, option, value);
    return CREG_OK;
}

static void suggest_options(cli_suggest *suggest, const cli_option *options)
{
    for (; options != NULL && options->name != NULL; options++)
        cli_suggest_word(suggest, options->name);
}

/* An option that other commands know is most likely in the wrong place. */
static const cli_command *who_knows(const char *name, size_t size)
{
    for (const cli_command *command = cli_commands; command->noun != NULL; command++)
        if (!(command->flags & CLI_HIDDEN) && find_name(command->options, name, size) != NULL)
            return command;
    return NULL;
}

static creg_status fail_unknown_option(cli_context *cli, const char *name, size_t size)
{
    const cli_command *command = cli->command;
    const char *title = command == NULL ? "confreg" : cli_command_title(cli, command);
    cli_suggest suggest;
    cli_suggest_init(&suggest, name, size);
    suggest_options(&suggest, command == NULL ? NULL : command->options);
    suggest_options(&suggest, cli_global_options);
    cli_fail(cli, CREG_USAGE, "%s has no option --%.*s", title, (int)size, name);
    const cli_command *other = who_knows(name, size);
    if (suggest.best != NULL)
        cli_hint(cli, "did you mean --%s?", suggest.best);
    else if (command == NULL && other != NULL)
        cli_hint(cli, "--%.*s belongs behind the verb: confreg %s ...", (int)size, name,
                 cli_command_title(cli, other));
    else
        cli_hint(cli, "see: confreg %s--help",
                 command == NULL ? "" : cli_format_text(cli, "%s ", title));
    return CREG_USAGE;
}

static creg_status take_long(cli_context *cli, int argc, char **argv, int *at)
{
    const char *name = argv[*at] + 2;
    size_t size = strcspn(name, "=");
    const cli_option *option = cli_option_find(cli->command, name, size);
    if (option == NULL)
        return fail_unknown_option(cli, name, size);

    const char *shown = cli_format_text(cli, "--%s", option->name);
    bool joined = name[size] == '=';
    if (option->value == NULL && joined)
        return cli_fail(cli, CREG_USAGE, "%s takes no value", shown);
    if (option->value != NULL && !joined && *at + 1 >= argc)
        return cli_fail(cli, CREG_USAGE, "%s needs a value: %s %s", shown, shown,
                        option->value);
    const char *value = option->value == NULL ? NULL : joined ? name + size + 1 : argv[++*at];
    ++*at;
    return take_option(cli, option, shown, value);
}

/* One word of letters: -qv, -o json, -ojson. */
static creg_status take_letters(cli_context *cli, int argc, char **argv, int *at)
{
    const char *letters = argv[(*at)++] + 1;
    for (; *letters != '\0'; letters++) {
        const cli_option *option = cli_option_find_letter(cli->command, *letters);
        if (option == NULL) {
            cli_fail(cli, CREG_USAGE, "%s has no option -%c",
                     cli->command == NULL ? "confreg" : cli_command_title(cli, cli->command),
                     *letters);
            cli_hint(cli, "an argument that begins with a dash goes behind --");
            return CREG_USAGE;
        }
        const char *shown = cli_format_text(cli, "-%c", *letters);
        const char *value = NULL;
        if (option->value != NULL) {
            if (letters[1] == '\0' && *at >= argc)
                return cli_fail(cli, CREG_USAGE, "%s needs a value: %s %s", shown, shown,
                                option->value);
            value = letters[1] != '\0' ? letters + 1 : argv[(*at)++];
        }
        creg_status status = take_option(cli, option, shown, value);
        if (status != CREG_OK || option->value != NULL)
            return status;
    }
    return CREG_OK;
}

/* ---- words ----------------------------------------------------------------------------- */

static void suggest_nouns(cli_suggest *suggest)
{
    for (const cli_noun *noun = cli_nouns; noun->name != NULL; noun++)
        cli_suggest_word(suggest, noun->name);
    for (const cli_command *command = cli_commands; command->noun != NULL; command++)
        if (command->verb == NULL && !(command->flags & CLI_HIDDEN))
            cli_suggest_word(suggest, command->noun);
}

static const cli_command *noun_of_verb(const char *verb)
{
    for (const cli_command *command = cli_commands; command->noun != NULL; command++)
        if (command->verb != NULL && is_called(command, command->noun, verb))
            return command;
    return NULL;
}

static creg_status fail_unknown_noun(cli_context *cli, const char *word)
{
    cli_suggest suggest;
    cli_suggest_init(&suggest, word, strlen(word));
    suggest_nouns(&suggest);
    const cli_command *other = noun_of_verb(word);
    cli_fail(cli, CREG_USAGE, "there is no command '%s'", word);
    if (other != NULL)
        cli_hint(cli, "did you mean: confreg %s?", cli_command_title(cli, other));
    else if (suggest.best != NULL)
        cli_hint(cli, "did you mean: confreg %s?", suggest.best);
    else
        cli_hint(cli, "see: confreg help");
    return CREG_USAGE;
}

static creg_status fail_unknown_verb(cli_context *cli, const char *word)
{
    cli_suggest suggest;
    cli_suggest_init(&suggest, word, strlen(word));
    for (const cli_command *command = cli_commands; command->noun != NULL; command++)
        if (command->verb != NULL && strcmp(command->noun, cli->noun->name) == 0)
            cli_suggest_word(&suggest, command->verb);
    cli_fail(cli, CREG_USAGE, "%s has no verb '%s'", cli->noun->name, word);
    if (suggest.best != NULL)
        cli_hint(cli, "did you mean: confreg %s %s?", cli->noun->name, suggest.best);
    else
        cli_hint(cli, "see: confreg %s --help", cli->noun->name);
    return CREG_USAGE;
}

static creg_status take_first_word(cli_context *cli, const char *word)
{
    cli->noun = cli_noun_find(word);
    if (cli->noun != NULL)
        return CREG_OK;
    cli->command = cli_command_find(word, NULL);
    return cli->command != NULL ? CREG_OK : fail_unknown_noun(cli, word);
}

static creg_status take_word(cli_context *cli, const char *word)
{
    if (cli->command != NULL) {
        cli->words[cli->word_count++] = word;
        return CREG_OK;
    }
    if (cli->noun == NULL)
        return take_first_word(cli, word);
    cli->command = cli_command_find(cli->noun->name, word);
    return cli->command != NULL ? CREG_OK : fail_unknown_verb(cli, word);
}

/* ---- is it all there? ------------------------------------------------------------------ */

static void hint_usage(cli_context *cli)
{
    const char *usage =
        cli_format_text(cli, "usage: confreg %s", cli_command_title(cli, cli->command));
    for (const cli_argument *row = cli->command->arguments; row != NULL && row->name != NULL;
         row++)
        usage = cli_format_text(cli, row->optional ? "%s [%s%s]" : "%s %s%s", usage, row->name,
                                row->many ? "..." : "");
    for (const cli_option *row = cli->command->options; row != NULL && row->name != NULL; row++)
        if (row->required)
            usage = cli_format_text(cli, "%s --%s %s", usage, row->name, row->value);
    cli_hint(cli, "%s", usage);
}

static creg_status check_words(cli_context *cli)
{
    const cli_argument *row = cli->command->arguments;
    size_t at = 0;
    for (; row != NULL && row->name != NULL && at < cli->word_count; at++) {
        creg_status status =
            check_value(cli, row->name, row->kind, row->choices, cli->words[at]);
        if (status != CREG_OK)
            return status;
        if (!row->many)
            row++;
    }
    bool missing = row != NULL && row->name != NULL && !row->optional &&
                   !(row->many && at > 0 && at > (size_t)(row - cli->command->arguments));
    if (missing)
        cli_fail(cli, CREG_USAGE, "%s: %s is missing", cli_command_title(cli, cli->command),
                 row->name);
    else if (at < cli->word_count)
        cli_fail(cli, CREG_USAGE, "%s: one argument too many: '%s'",
                 cli_command_title(cli, cli->command), cli->words[at]);
    else
        return CREG_OK;
    hint_usage(cli);
    return CREG_USAGE;
}

static creg_status check_options(cli_context *cli)
{
    for (const cli_option *row = cli->command->options; row != NULL && row->name != NULL; row++)
        if (row->required && !cli_option_given(cli, row->id)) {
            cli_fail(cli, CREG_USAGE, "%s needs --%s %s", cli_command_title(cli, cli->command),
                     row->name, row->value);
            hint_usage(cli);
            return CREG_USAGE;
        }
    return CREG_OK;
}

static creg_status check_complete(cli_context *cli)
{
    if (cli->help_wanted || cli->version_wanted)
        return CREG_OK;
    if (cli->command == NULL && cli->noun == NULL) {
        cli_fail(cli, CREG_USAGE, "which command?");
        cli_hint(cli, "see: confreg help");
        return CREG_USAGE;
    }
    if (cli->command == NULL) {
        cli_fail(cli, CREG_USAGE, "%s needs a verb", cli->noun->name);
        cli_hint(cli, "see: confreg %s --help", cli->noun->name);
        return CREG_USAGE;
    }
    creg_status status = check_words(cli);
    return status == CREG_OK ? check_options(cli) : status;
}

static creg_status take_next(cli_context *cli, int argc, char **argv, int *at,
                             bool *options_ended)
{
    const char *word = argv[*at];
    bool takes_all = cli->command != NULL && (cli->command->flags & CLI_TAKES_ALL);
    if (takes_all || *options_ended || word[0] != '-' || word[1] == '\0') {
        ++*at;
        return take_word(cli, word);
    }
    if (strcmp(word, "--") == 0) {
        *options_ended = true;
        ++*at;
        return CREG_OK;
    }
    return word[1] == '-' ? take_long(cli, argc, argv, at) : take_letters(cli, argc, argv, at);
}

creg_status cli_options_parse(cli_context *cli, int argc, char **argv)
{
    cli->words = cli_alloc(cli, (size_t)argc * sizeof *cli->words);
    bool options_ended = false;
    for (int at = 1; at < argc;) {
        creg_status status = take_next(cli, argc, argv, &at, &options_ended);
        if (status != CREG_OK)
            return status;
    }
    return check_complete(cli);
}
