/* SPDX-License-Identifier: MIT */
/*
 * Man pages from the table: confreg.1, confreg-NOUN.1, confreg-NOUN-VERB.1.
 *
 * Plain man(7) macros, which every reader of man pages has understood since 1979.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "errors.h"
#include "help.h"

/* Roff takes a backslash, and a dot or quote at the beginning of a line, for itself; a bare
   '-' would become a hyphen that cannot be pasted into a shell. */
static void put_text(FILE *page, const char *text)
{
    bool line_start = true;
    for (; *text != '\0'; text++) {
        if (line_start && (*text == '.' || *text == '\''))
            fputs("\\&", page);
        if (*text == '\\')
            fputs("\\e", page);
        else if (*text == '-')
            fputs("\\-", page);
        else
            fputc(*text, page);
        line_start = *text == '\n';
    }
}

static void put_line(FILE *page, const char *text)
{
    put_text(page, text);
    fputc('\n', page);
}

/* Quotes end the argument of a macro. */
static void put_macro(FILE *page, const char *macro, const char *text)
{
    fprintf(page, ".%s \"", macro);
    for (; *text != '\0'; text++)
        if (*text == '"')
            fputs("\"\"", page);
        else if (*text == '-')
            fputs("\\-", page);
        else
            fputc(*text, page);
    fputs("\"\n", page);
}

static void put_header(FILE *page, const char *title, const char *summary)
{
    char upper[128];
    size_t at = 0;
    for (; title[at] != '\0' && at + 1 < sizeof upper; at++)
        upper[at] = (char)(title[at] >= 'a' && title[at] <= 'z' ? title[at] - 32 : title[at]);
    upper[at] = '\0';
    fprintf(page, ".\\\" Made from the table of the command by 'confreg __man'. Do not edit.\n"
                  ".\\\" SPDX-License-Identifier: MIT\n");
    fprintf(page, ".TH \"%s\" 1 \"\" \"confreg %s\" \"confreg manual\"\n.SH NAME\n", upper,
            creg_version_text());
    put_text(page, title);
    fputs(" \\- ", page);
    put_line(page, summary);
}

static void put_paragraphs(FILE *page, const char *text)
{
    for (bool first = true; text != NULL && *text != '\0'; first = false) {
        const char *end = strstr(text, "\n\n");
        size_t size = end == NULL ? strlen(text) : (size_t)(end - text);
        char paragraph[2048];
        snprintf(paragraph, sizeof paragraph, "%.*s", (int)size, text);
        fputs(first ? "" : ".PP\n", page);
        put_line(page, paragraph);
        text = end == NULL ? NULL : end + 2;
    }
}

static void put_option(FILE *page, const cli_option *option)
{
    fputs(".TP\n", page);
    if (option->letter != 0)
        fprintf(page, "\\fB\\-%c\\fR, ", option->letter);
    fputs("\\fB", page);
    put_text(page, "--");
    put_text(page, option->name);
    fputs("\\fR", page);
    if (option->value != NULL) {
        fputs(" \\fI", page);
        put_text(page, option->value);
        fputs("\\fR", page);
    }
    fputc('\n', page);
    put_text(page, option->help);
    fputs(option->required ? " (required)" : "", page);
    fputs(".\n", page);
    if (option->choices == NULL)
        return;
    fputs("One of ", page);
    for (const char *at = option->choices; *at != '\0'; at++)
        if (*at == '|')
            fputs(", ", page);
        else
            fputc(*at, page);
    fputs(".\n", page);
}

static void put_options(FILE *page, const char *heading, const cli_option *options)
{
    if (options == NULL || options->name == NULL)
        return;
    put_macro(page, "SH", heading);
    for (; options->name != NULL; options++)
        put_option(page, options);
}

static void put_arguments(FILE *page, const cli_argument *arguments)
{
    if (arguments == NULL || arguments->name == NULL)
        return;
    put_macro(page, "SH", "ARGUMENTS");
    for (; arguments->name != NULL; arguments++) {
        fputs(".TP\n\\fI", page);
        put_text(page, arguments->name);
        fputs("\\fR\n", page);
        put_text(page, arguments->help);
        fputs(".\n", page);
    }
}

static void put_rows(FILE *page, const char *heading, const cli_topic_row *rows)
{
    put_macro(page, "SH", heading);
    for (; rows->name != NULL; rows++) {
        fputs(".TP\n\\fB", page);
        put_text(page, rows->name);
        fputs("\\fR\n", page);
        put_text(page, rows->text);
        fputs(".\n", page);
    }
}

static void put_examples(FILE *page, const cli_example *examples)
{
    if (examples->command == NULL)
        return;
    put_macro(page, "SH", "EXAMPLES");
    for (bool first = true; examples->command != NULL; examples++, first = false) {
        fputs(first ? "" : ".PP\n", page);
        put_text(page, examples->text);
        bool asks = examples->text[strlen(examples->text) - 1] == '?';
        fprintf(page, "%s\n.PP\n.RS 4\n.nf\n", asks ? "" : ":");
        put_line(page, examples->command);
        fputs(".fi\n.RE\n", page);
    }
}

static void put_reference(FILE *page, const char *name, bool last)
{
    fputs(".BR ", page);
    put_text(page, name);
    fprintf(page, " (1)%s\n", last ? "" : ",");
}

/* ---- pages ------------------------------------------------------------------------------ */

static void put_synopsis(FILE *page, const cli_command *command)
{
    put_macro(page, "SH", "SYNOPSIS");
    fprintf(page, "\\fBconfreg %s%s%s\\fR", command->noun, command->verb == NULL ? "" : " ",
            command->verb == NULL ? "" : command->verb);
    for (const cli_argument *row = command->arguments; row != NULL && row->name != NULL; row++)
        fprintf(page, row->optional ? " [\\fI%s\\fR%s]" : " \\fI%s\\fR%s", row->name,
                row->many ? "..." : "");
    for (const cli_option *row = command->options; row != NULL && row->name != NULL; row++)
        if (row->required)
            fprintf(page, " \\fB\\-\\-%s\\fR \\fI%s\\fR", row->name, row->value);
    fputs(" [\\fIoptions\\fR]\n", page);
}

static void put_command_page(FILE *page, const cli_command *command, const char *title)
{
    put_header(page, title, command->summary);
    put_synopsis(page, command);
    if (command->text != NULL) {
        put_macro(page, "SH", "DESCRIPTION");
        put_paragraphs(page, command->text);
    }
    put_arguments(page, command->arguments);
    put_options(page, "OPTIONS", command->options);
    put_macro(page, "SH", "OTHER OPTIONS AND EXIT STATUS");
    put_line(
        page,
        "See confreg(1) for the options of every command, the exit codes and the environment.");
    put_examples(page, command->examples);
    put_macro(page, "SH", "SEE ALSO");
    if (command->verb != NULL) {
        char noun[64];
        snprintf(noun, sizeof noun, "confreg-%s", command->noun);
        put_reference(page, noun, false);
    }
    put_reference(page, "confreg", true);
}

static void put_verbs(FILE *page, const char *noun)
{
    for (const cli_command *command = cli_commands; command->noun != NULL; command++) {
        bool listed = noun == NULL ? command->verb == NULL && !(command->flags & CLI_HIDDEN)
                                   : command->verb != NULL && strcmp(command->noun, noun) == 0;
        if (!listed)
            continue;
        fprintf(page, ".TP\n.BR confreg\\-%s%s%s (1)\n", command->noun,
                noun == NULL ? "" : "\\-", noun == NULL ? "" : command->verb);
        put_text(page, command->summary);
        fputs(".\n", page);
    }
}

static void put_noun_page(FILE *page, const cli_noun *noun, const char *title)
{
    put_header(page, title, noun->summary);
    put_macro(page, "SH", "SYNOPSIS");
    fprintf(page, "\\fBconfreg %s\\fR \\fIVERB\\fR [\\fIarguments\\fR] [\\fIoptions\\fR]\n",
            noun->name);
    if (noun->text != NULL) {
        put_macro(page, "SH", "DESCRIPTION");
        put_paragraphs(page, noun->text);
    }
    put_macro(page, "SH", "VERBS");
    put_verbs(page, noun->name);
    put_examples(page, noun->examples);
    put_macro(page, "SH", "SEE ALSO");
    put_reference(page, "confreg", true);
}

static void put_nouns(FILE *page)
{
    for (const cli_noun *noun = cli_nouns; noun->name != NULL; noun++) {
        fprintf(page, ".TP\n.BR confreg\\-%s (1)\n", noun->name);
        put_text(page, noun->summary);
        fputs(".\n", page);
    }
}

static void put_top_page(FILE *page)
{
    put_header(page, "confreg", "a configuration registry over a key/value store");
    put_macro(page, "SH", "SYNOPSIS");
    fputs("\\fBconfreg\\fR \\fINOUN VERB\\fR [\\fIarguments\\fR] [\\fIoptions\\fR]\n", page);
    put_macro(page, "SH", "DESCRIPTION");
    put_paragraphs(page, "An operator registers service templates: Jinja2 texts that render to "
                         "JSON or YAML, with the options "
                         "that they take. A user makes instances of them; the rendered tree "
                         "becomes one key for each property. "
                         "Programs read and change the properties, copy parts, and remove the "
                         "instance. No reader ever sees "
                         "half an instance.\n\n"
                         "Data goes to stdout, everything else to stderr. An argument that is "
                         "a value may be @FILE or - for "
                         "stdin. -- ends the options.");
    put_macro(page, "SH", "NOUNS");
    put_nouns(page);
    put_macro(page, "SH", "OTHER COMMANDS");
    put_verbs(page, NULL);
    put_options(page, "OPTIONS OF EVERY COMMAND", cli_global_options);
    put_rows(page, "EXIT STATUS", cli_exit_codes);
    put_rows(page, "ENVIRONMENT", cli_environment);
    put_examples(page, cli_top_examples);
}

/* ---- files ------------------------------------------------------------------------------ */

static FILE *open_page(cli_context *cli, const char *folder, const char *title)
{
    const char *path = cli_format_text(cli, "%s/%s.1", folder, title);
    FILE *page = fopen(path, "w");
    if (page == NULL)
        cli_fail_errno(cli, path, errno);
    return page;
}

static creg_status close_page(cli_context *cli, FILE *page, const char *title)
{
    bool bad = ferror(page) != 0;
    if (fclose(page) != 0 || bad)
        return cli_fail_errno(cli, title, errno);
    return CREG_OK;
}

static creg_status write_command(cli_context *cli, const char *folder,
                                 const cli_command *command)
{
    const char *title =
        command->verb == NULL
            ? cli_format_text(cli, "confreg-%s", command->noun)
            : cli_format_text(cli, "confreg-%s-%s", command->noun, command->verb);
    FILE *page = open_page(cli, folder, title);
    if (page == NULL)
        return cli->err.status;
    put_command_page(page, command, title);
    return close_page(cli, page, title);
}

static creg_status write_noun(cli_context *cli, const char *folder, const cli_noun *noun)
{
    const char *title = cli_format_text(cli, "confreg-%s", noun->name);
    FILE *page = open_page(cli, folder, title);
    if (page == NULL)
        return cli->err.status;
    put_noun_page(page, noun, title);
    return close_page(cli, page, title);
}

creg_status cmd_man(cli_context *cli)
{
    if (cli->word_count != 1)
        return cli_fail(cli, CREG_USAGE, "__man needs one folder");
    const char *folder = cli->words[0];
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return cli_fail_errno(cli, folder, errno);
    FILE *page = open_page(cli, folder, "confreg");
    if (page == NULL)
        return cli->err.status;
    put_top_page(page);
    creg_status status = close_page(cli, page, "confreg.1");
    for (const cli_noun *noun = cli_nouns; status == CREG_OK && noun->name != NULL; noun++)
        status = write_noun(cli, folder, noun);
    for (const cli_command *command = cli_commands; status == CREG_OK && command->noun != NULL;
         command++)
        if (!(command->flags & CLI_HIDDEN))
            status = write_command(cli, folder, command);
    return status;
}
