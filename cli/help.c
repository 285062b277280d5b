/* SPDX-License-Identifier: MIT */
/*
 * Help pages and topics.
 */
#include "help.h"

#include <string.h>

#include "errors.h"
#include "output.h"

enum { INDENT = 2, TEXT_AT = 28, WIDEST_PAGE = 100 };

const cli_topic_row cli_exit_codes[] = {
    {"0", "done"},
    {"1", "the answer is \"no\""},
    {"2", "the command was mistyped, or is not supported by this store"},
    {"3", "not found: a service template, an instance, a property, a key, a file"},
    {"4", "exists already, or was changed by somebody else"},
    {"5", "the store did not answer, or a file could not be read; nothing was done"},
    {"6", "the outcome is unknown: ask with the request id that the error tells"},
    {"7", "the service template, the options or the data are not valid"},
    {"8", "permission denied"},
    {"9", "the store is damaged"},
    {"10", "a limit was exceeded, or memory or disk are full"},
    {"130",
     "stopped by Ctrl-C, nothing left half done (141: stdout was closed, 143: by SIGTERM)"},
    {NULL, NULL}};

const cli_topic_row cli_environment[] = {
    {"CONFREG_STORE", "URL of the store when --store is not given; may hold credentials"},
    {"CONFREG_TRACE", "store: print every call of the store on stderr"},
    {"XDG_DATA_HOME", "folder of the default store is confreg in here; else ~/.local/share"},
    {"CONSUL_HTTP_TOKEN",
     "and the other variables of Consul's own tools, when the store is consul:"},
    {"ETCDCTL_USER", "and the other variables of etcdctl, when the store is etcd:"},
    {"NO_COLOR", "when set and not empty, no colour"},
    {"TERM", "dumb: no colour"},
    {"COLUMNS", "width that tables are fitted to, on a terminal"},
    {"LC_ALL, LC_CTYPE, LANG", "with UTF-8 in them: trees are drawn with lines, else in ASCII"},
    {NULL, NULL}};

const cli_topic_row cli_topics[] = {{"filters", "the filters that templates may use"},
                                    {"tests", "the tests behind `is`"},
                                    {"functions", "the functions that every template may call"},
                                    {"exit-codes", "what the exit code tells"},
                                    {"environment", "the variables that are read"},
                                    {"options", "the options that every command takes"},
                                    {NULL, NULL}};

/* ---- layout ----------------------------------------------------------------------------- */

static size_t page_width(void)
{
    size_t width = cli_output_width();
    if (width == 0)
        return 80;
    return width > WIDEST_PAGE ? WIDEST_PAGE : width < 40 ? 40 : width;
}

static void print_blanks(cli_context *cli, size_t count)
{
    while (count-- > 0)
        cli_write_text(cli, " ");
}

static void print_heading(cli_context *cli, const char *text)
{
    cli_write_text(cli, cli->color_out ? "\n\033[1m" : "\n");
    cli_write_text(cli, text);
    cli_write_text(cli, cli->color_out ? "\033[0m\n" : "\n");
}

/* One paragraph word by word; the cursor stands at column `at`, lines begin at `left`. */
static void print_wrapped(cli_context *cli, const char *text, size_t at, size_t left)
{
    size_t width = page_width();
    bool first = true;
    while (*text != '\0') {
        size_t size = strcspn(text, " ");
        if (!first && at + 1 + size > width) {
            cli_write_text(cli, "\n");
            print_blanks(cli, left);
            at = left;
        } else if (!first) {
            cli_write_text(cli, " ");
            at++;
        }
        cli_write(cli, creg_slice_make(text, size));
        at += size;
        text += size + strspn(text + size, " ");
        first = false;
    }
    cli_write_text(cli, "\n");
}

static void print_paragraphs(cli_context *cli, const char *text)
{
    while (text != NULL && *text != '\0') {
        const char *end = strstr(text, "\n\n");
        size_t size = end == NULL ? strlen(text) : (size_t)(end - text);
        cli_write_text(cli, "\n");
        print_wrapped(cli, cli_text(cli, creg_slice_make(text, size)), 0, 0);
        text = end == NULL ? NULL : end + 2;
    }
}

static void print_entry(cli_context *cli, const char *name, const char *text)
{
    size_t size = strlen(name);
    print_blanks(cli, INDENT);
    cli_write_text(cli, name);
    if (size + INDENT + 2 > TEXT_AT) {
        cli_write_text(cli, "\n");
        print_blanks(cli, TEXT_AT);
    } else {
        print_blanks(cli, TEXT_AT - size - INDENT);
    }
    print_wrapped(cli, text, TEXT_AT, TEXT_AT);
}

static void print_rows(cli_context *cli, const cli_topic_row *rows)
{
    for (; rows->name != NULL; rows++)
        print_entry(cli, rows->name, rows->text);
}

/* ---- pieces of a page ------------------------------------------------------------------- */

static void print_examples(cli_context *cli, const cli_example *examples)
{
    if (examples == NULL || examples->command == NULL)
        return;
    print_heading(cli, "Examples:");
    for (; examples->command != NULL; examples++) {
        cli_write_text(cli, cli_format_text(cli, "  # %s\n", examples->text));
        for (const char *line = examples->command; *line != '\0';) {
            size_t size = strcspn(line, "\n");
            cli_write_text(cli, cli_format_text(cli, "  %.*s\n", (int)size, line));
            line += size + (line[size] == '\n');
        }
    }
}

static const char *option_name(cli_context *cli, const cli_option *option)
{
    const char *letter =
        option->letter == 0 ? "    " : cli_format_text(cli, "-%c, ", option->letter);
    return cli_format_text(cli, "%s--%s%s%s", letter, option->name,
                           option->value == NULL ? "" : " ",
                           option->value == NULL ? "" : option->value);
}

static const char *spaced_choices(cli_context *cli, const char *choices)
{
    const char *text = "";
    while (choices != NULL) {
        size_t size = strcspn(choices, "|");
        text = cli_format_text(cli, "%s%s%.*s", text, text[0] == '\0' ? "" : ", ", (int)size,
                               choices);
        choices = choices[size] == '\0' ? NULL : choices + size + 1;
    }
    return text;
}

static void print_option(cli_context *cli, const cli_option *option)
{
    const char *text = option->help;
    if (option->required)
        text = cli_format_text(cli, "%s (required)", text);
    if (option->choices != NULL)
        text = cli_format_text(cli, "%s [%s]", text, spaced_choices(cli, option->choices));
    print_entry(cli, option_name(cli, option), text);
}

static void print_options(cli_context *cli, const char *heading, const cli_option *options)
{
    if (options == NULL || options->name == NULL)
        return;
    print_heading(cli, heading);
    for (; options->name != NULL; options++)
        print_option(cli, options);
}

static void print_arguments(cli_context *cli, const cli_argument *arguments)
{
    if (arguments == NULL || arguments->name == NULL)
        return;
    print_heading(cli, "Arguments:");
    for (; arguments->name != NULL; arguments++)
        print_entry(cli, arguments->name,
                    arguments->choices == NULL
                        ? arguments->help
                        : cli_format_text(cli, "%s [%s]", arguments->help,
                                          spaced_choices(cli, arguments->choices)));
}

/* The same on every page, so only their names; `confreg help options` explains them. */
static void print_global_options(cli_context *cli)
{
    const char *names = "";
    for (const cli_option *option = cli_global_options; option->name != NULL; option++)
        names =
            cli_format_text(cli, "%s%s--%s", names, names[0] == '\0' ? "" : " ", option->name);
    print_heading(cli, "Options of every command (confreg help options):");
    print_blanks(cli, INDENT);
    print_wrapped(cli, names, INDENT, INDENT);
}

static const char *usage_of(cli_context *cli, const cli_command *command)
{
    const char *usage = cli_format_text(cli, "confreg %s", cli_command_title(cli, command));
    for (const cli_argument *row = command->arguments; row != NULL && row->name != NULL; row++)
        usage = cli_format_text(cli, row->optional ? "%s [%s%s]" : "%s %s%s", usage, row->name,
                                row->many ? "..." : "");
    for (const cli_option *row = command->options; row != NULL && row->name != NULL; row++)
        if (row->required)
            usage = cli_format_text(cli, "%s --%s %s", usage, row->name, row->value);
    return cli_format_text(cli, "%s [options]", usage);
}

/* ---- pages ------------------------------------------------------------------------------ */

static void print_command_page(cli_context *cli, const cli_command *command)
{
    cli_write_text(cli, cli_format_text(cli, "confreg %s - %s\n",
                                        cli_command_title(cli, command), command->summary));
    print_heading(cli, "Usage:");
    print_blanks(cli, INDENT);
    print_wrapped(cli, usage_of(cli, command), INDENT, INDENT + 4);
    if (command->aliases != NULL)
        cli_write_text(cli, cli_format_text(cli, "  (%s may also be called %s)\n",
                                            command->verb, command->aliases));
    print_paragraphs(cli, command->text);
    print_arguments(cli, command->arguments);
    print_options(cli, "Options:", command->options);
    print_global_options(cli);
    print_examples(cli, command->examples);
}

static void print_verbs(cli_context *cli, const char *noun)
{
    for (const cli_command *command = cli_commands; command->noun != NULL; command++)
        if (command->verb != NULL && strcmp(command->noun, noun) == 0)
            print_entry(cli, command->verb, command->summary);
}

static void print_noun_page(cli_context *cli, const cli_noun *noun)
{
    cli_write_text(cli, cli_format_text(cli, "confreg %s - %s\n", noun->name, noun->summary));
    print_heading(cli, "Usage:");
    cli_write_text(
        cli, cli_format_text(cli, "  confreg %s VERB [arguments] [options]\n", noun->name));
    if (noun->aliases != NULL)
        cli_write_text(cli, cli_format_text(cli, "  (%s may also be called %s)\n", noun->name,
                                            noun->aliases));
    print_paragraphs(cli, noun->text);
    print_heading(cli, "Verbs:");
    print_verbs(cli, noun->name);
    print_global_options(cli);
    print_examples(cli, noun->examples);
    cli_write_text(cli, cli_format_text(cli, "\nMore: confreg help %s VERB\n", noun->name));
}

static void print_top_page(cli_context *cli)
{
    cli_write_text(cli, "confreg - a configuration registry over a key/value store\n");
    print_heading(cli, "Usage:");
    cli_write_text(cli, "  confreg NOUN VERB [arguments] [options]\n");
    print_heading(cli, "Nouns:");
    for (const cli_noun *noun = cli_nouns; noun->name != NULL; noun++)
        print_entry(cli, noun->name, noun->summary);
    print_heading(cli, "Other commands:");
    for (const cli_command *command = cli_commands; command->noun != NULL; command++)
        if (command->verb == NULL && !(command->flags & CLI_HIDDEN))
            print_entry(cli, command->noun, command->summary);
    print_options(cli,
                  "Options of every command, before or after the verb:", cli_global_options);
    print_heading(cli, "Topics (confreg help TOPIC):");
    print_rows(cli, cli_topics);
    print_examples(cli, cli_top_examples);
}

creg_status cli_help_page(cli_context *cli, const cli_noun *noun, const cli_command *command)
{
    if (command != NULL)
        print_command_page(cli, command);
    else if (noun != NULL)
        print_noun_page(cli, noun);
    else
        print_top_page(cli);
    return CREG_OK;
}
