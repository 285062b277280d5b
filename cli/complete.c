/* SPDX-License-Identifier: MIT */
/*
 * __complete WORD...: candidates for the last word, one a line, "candidate TAB description".
 *
 * The scripts of all shells call this, so what is offered comes from the table and the store
 * alone. ":file" or ":folder" as a line of its own asks the shell to complete names of files.
 * The store gets 300 ms: after that the shell goes on without its names. Nothing is made or
 * changed, and no error is shown: a prompt is no place for it.
 */
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "cli.h"
#include "help.h"
#include "output.h"

enum { PATIENCE_MS = 300 };

typedef struct request {
    cli_context *cli;
    cli_context *line;  /* what the words before the last one say */
    const char *word;   /* the last word, behind "--option=" */
    const char *before; /* what stands before it in the same word */
} request;

/* ---- offering --------------------------------------------------------------------------- */

static void offer(request *completion, const char *candidate, const char *text)
{
    cli_context *cli = completion->cli;
    if (strncmp(candidate, completion->word, strlen(completion->word)) != 0)
        return;
    cli_write_text(cli, completion->before);
    cli_write(cli, cli_printable(cli, creg_slice_of(candidate)));
    if (text != NULL && text[0] != '\0')
        cli_write_text(cli, cli_format_text(cli, "\t%s", text));
    cli_write_text(cli, "\n");
}

static void offer_slice(request *completion, creg_slice candidate, const char *text)
{
    offer(completion, cli_text(completion->cli, candidate), text);
}

static void offer_choices(request *completion, const char *choices)
{
    while (choices != NULL) {
        size_t size = strcspn(choices, "|");
        offer_slice(completion, creg_slice_make(choices, size), NULL);
        choices = choices[size] == '\0' ? NULL : choices + size + 1;
    }
}

static void offer_first_words(request *completion)
{
    for (const cli_noun *noun = cli_nouns; noun->name != NULL; noun++)
        offer(completion, noun->name, noun->summary);
    for (const cli_command *command = cli_commands; command->noun != NULL; command++)
        if (command->verb == NULL && !(command->flags & CLI_HIDDEN))
            offer(completion, command->noun, command->summary);
}

static void offer_verbs(request *completion, const char *noun)
{
    for (const cli_command *command = cli_commands; command->noun != NULL; command++)
        if (command->verb != NULL && strcmp(command->noun, noun) == 0)
            offer(completion, command->verb, command->summary);
}

static void offer_option_names(request *completion, const cli_option *options)
{
    for (; options != NULL && options->name != NULL; options++)
        offer(completion, cli_format_text(completion->cli, "--%s", options->name),
              options->help);
}

/* ---- names from the store --------------------------------------------------------------- */

static void give_up(int number)
{
    (void)number;
    _exit(0);
}

static bool open_store(request *completion)
{
    cli_context *cli = completion->cli;
    struct sigaction action = {.sa_handler = give_up};
    struct itimerval timer = {.it_value = {.tv_usec = PATIENCE_MS * 1000}};
    cli_output_finish(cli); /* what is known without a store reaches the shell in any case */
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
    cli->given = completion->line->given; /* --store */
    cli->given_count = completion->line->given_count;
    cli->timeout_ms = PATIENCE_MS;
    return cli_open(cli, CLI_OPEN_READ) == CREG_OK;
}

static creg_slice line_word(const request *completion, size_t at)
{
    return cli_word(completion->line, at);
}

static void offer_templates(request *completion, bool versions, creg_slice name)
{
    cli_context *cli = completion->cli;
    creg_templates templates;
    if (!open_store(completion) ||
        creg_template_list(cli->registry, versions ? name : creg_slice_of(""), &cli->arena,
                           &templates, NULL) != CREG_OK)
        return;
    for (size_t at = 0; at < templates.size; at++) {
        const creg_template *item = &templates.items[at];
        bool seen = at > 0 && creg_slice_equal(item->name, templates.items[at - 1].name);
        if (versions)
            offer_slice(completion, item->version, cli_text(cli, item->description));
        else if (!seen)
            offer_slice(completion, item->name, NULL);
    }
}

typedef enum instance_field { FIELD_USER, FIELD_NAME, FIELD_VERSION, FIELD_DN } instance_field;

/* With or without the root's name, as the user began. */
static creg_slice dn_as_begun(const request *completion, creg_slice dn)
{
    const char *slash = memchr(dn.data, '/', dn.size);
    size_t root = slash == NULL ? 0 : (size_t)(slash + 1 - dn.data);
    size_t typed = strlen(completion->word);
    if (typed > 0 && strncmp(dn.data, completion->word, typed < root ? typed : root) == 0)
        return dn;
    return creg_slice_make(dn.data + root, dn.size - root);
}

static creg_slice field_of(const request *completion, const creg_instance *instance,
                           instance_field field)
{
    switch (field) {
    case FIELD_USER:
        return instance->user;
    case FIELD_NAME:
        return instance->name;
    case FIELD_VERSION:
        return instance->version;
    default:
        return dn_as_begun(completion, instance->dn);
    }
}

static void offer_instances(request *completion, instance_field field)
{
    cli_context *cli = completion->cli;
    creg_instances instances;
    creg_slice any = creg_slice_of("");
    bool by_user = field == FIELD_NAME || field == FIELD_VERSION;
    if (!open_store(completion) ||
        creg_instance_list(cli->registry, by_user ? line_word(completion, 0) : any,
                           field == FIELD_VERSION ? line_word(completion, 1) : any, any,
                           &cli->arena, &instances, NULL) != CREG_OK)
        return;
    creg_slice last = any;
    for (size_t at = 0; at < instances.size; at++) {
        creg_slice value = field_of(completion, &instances.items[at], field);
        if (at == 0 || !creg_slice_equal(value, last))
            offer_slice(completion, value, cli_text(cli, instances.items[at].status));
        last = value;
    }
}

static const char *folder_of(cli_context *cli, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? "" : cli_text(cli, creg_slice_make(path, (size_t)(slash - path)));
}

/* What lies below `owner` (a DN), in the folder of the path that was begun. */
static void offer_children(request *completion, const char *owner, const char *leaf_ending)
{
    cli_context *cli = completion->cli;
    creg_value tree;
    const char *folder = folder_of(cli, completion->word);
    const char *joint = owner[0] == '\0' || folder[0] == '\0' ? "" : "/";
    const char *dn = cli_format_text(cli, "%s%s%s", owner, joint, folder);
    if (creg_tree(cli->registry, creg_slice_of(dn), 2, &cli->arena, &tree, NULL) != CREG_OK ||
        !creg_value_is(tree, CREG_KIND_MAP))
        return;
    const creg_map *map = tree.as.map;
    for (size_t at = 0; at < map->filled; at++) {
        if (!map->entries[at].used)
            continue;
        bool inner = creg_value_is(map->entries[at].value, CREG_KIND_MAP);
        offer(completion,
              cli_format_text(cli, "%s%s%s%s", folder, folder[0] == '\0' ? "" : "/",
                              cli_text(cli, creg_value_text(map->entries[at].key)),
                              inner ? "/" : leaf_ending),
              NULL);
    }
}

/* An instance has four names, and a fifth before them when the root is spelled out. */
static bool reaches_below_instance(const char *word)
{
    size_t slashes = 0;
    for (const char *at = word; *at != '\0'; at++)
        slashes += *at == '/';
    bool rooted = strncmp(word, "instances/", 10) == 0 || strncmp(word, "clusters/", 9) == 0;
    return slashes >= (rooted ? 5u : 4u);
}

static void offer_parts(request *completion)
{
    if (!reaches_below_instance(completion->word))
        offer_instances(completion, FIELD_DN);
    else if (open_store(completion))
        offer_children(completion, "", "");
}

static void offer_paths(request *completion, const char *leaf_ending)
{
    if (completion->line->word_count > 0 && strchr(completion->word, '=') == NULL &&
        open_store(completion))
        offer_children(completion, completion->line->words[0], leaf_ending);
}

static void offer_keys(request *completion)
{
    cli_context *cli = completion->cli;
    creg_read read = {.is_list = true,
                      .key = creg_slice_of(folder_of(cli, completion->word)),
                      .depth = 1,
                      .keys_only = true,
                      .limit = 1000};
    if (!open_store(completion) ||
        creg_store_read(cli_store(cli), &read, 1, &cli->arena, NULL, NULL) != CREG_OK)
        return;
    for (size_t at = 0; at < read.ret_pairs.size; at++)
        offer_slice(completion, read.ret_pairs.items[at].key, NULL);
}

/* The service template that the line names so far. */
static bool find_template(const request *completion, creg_slice *ret_name,
                          creg_slice *ret_version)
{
    const cli_command *command = completion->line->command;
    const cli_argument *row = command == NULL ? NULL : command->arguments;
    for (size_t at = 0; row != NULL && row[at].name != NULL; at++) {
        if (row[at].kind == CLI_TEMPLATE_NAME)
            *ret_name = line_word(completion, at);
        if (row[at].kind == CLI_TEMPLATE_VERSION)
            *ret_version = line_word(completion, at);
    }
    return ret_name->size > 0 && ret_version->size > 0;
}

static void offer_option_pairs(request *completion)
{
    cli_context *cli = completion->cli;
    creg_template template_;
    creg_options options;
    creg_slice name = {NULL, 0};
    creg_slice version = {NULL, 0};
    if (!find_template(completion, &name, &version) || strchr(completion->word, '=') != NULL ||
        !open_store(completion) ||
        creg_template_get(cli->registry, name, version, &cli->arena, &template_, NULL) !=
            CREG_OK ||
        creg_template_options(&template_, &cli->arena, &options, NULL) != CREG_OK)
        return;
    for (size_t at = 0; at < options.size; at++)
        offer(completion, cli_format_text(cli, "%s=", cli_text(cli, options.items[at].name)),
              cli_text(cli, options.items[at].description));
}

/* ---- what goes here --------------------------------------------------------------------- */

static void offer_urls(request *completion)
{
    offer_choices(completion, "lmdb:|memory:|consul://|etcd://|etcds://|zookeeper://");
}

static void offer_help_words(request *completion)
{
    const cli_noun *noun =
        completion->line->word_count == 1 ? cli_noun_find(completion->line->words[0]) : NULL;
    if (noun != NULL)
        offer_verbs(completion, noun->name);
    if (completion->line->word_count > 0)
        return;
    offer_first_words(completion);
    for (const cli_topic_row *topic = cli_topics; topic->name != NULL; topic++)
        offer(completion, topic->name, topic->text);
}

static void offer_kind(request *completion, cli_value_kind kind, const char *choices)
{
    switch (kind) {
    case CLI_CHOICE:
    case CLI_CHOICES:
        offer_choices(completion, choices);
        break;
    case CLI_FILE:
        cli_write_text(completion->cli, ":file\n");
        break;
    case CLI_FOLDER:
        cli_write_text(completion->cli, ":folder\n");
        break;
    case CLI_STORE_URL:
        offer_urls(completion);
        break;
    case CLI_TEMPLATE_NAME:
        offer_templates(completion, false, creg_slice_of(""));
        break;
    case CLI_TEMPLATE_VERSION:
        offer_templates(completion, true,
                        line_word(completion, completion->line->word_count - 1));
        break;
    case CLI_USER:
        offer_instances(completion, FIELD_USER);
        break;
    case CLI_INSTANCE_NAME:
        offer_instances(completion, FIELD_NAME);
        break;
    case CLI_INSTANCE_VERSION:
        offer_instances(completion, FIELD_VERSION);
        break;
    case CLI_DN:
        offer_instances(completion, FIELD_DN);
        break;
    case CLI_PART_DN:
        offer_parts(completion);
        break;
    case CLI_PATH:
        offer_paths(completion, "");
        break;
    case CLI_ASSIGNMENT:
        offer_paths(completion, "=");
        break;
    case CLI_OPTION_PAIR:
        offer_option_pairs(completion);
        break;
    case CLI_KEY:
        offer_keys(completion);
        break;
    case CLI_COMMAND:
        offer_help_words(completion);
        break;
    default:
        break;
    }
}

static const cli_argument *argument_at(const cli_command *command, size_t at)
{
    const cli_argument *row = command->arguments;
    for (; row != NULL && row->name != NULL && at > 0 && !row->many; at--)
        row++;
    return row != NULL && row->name != NULL ? row : NULL;
}

static void offer_word(request *completion)
{
    const cli_context *line = completion->line;
    if (completion->word[0] == '-') {
        offer_option_names(completion, line->command == NULL ? NULL : line->command->options);
        offer_option_names(completion, cli_global_options);
    } else if (line->command != NULL) {
        const cli_argument *row = argument_at(line->command, line->word_count);
        if (row != NULL)
            offer_kind(completion, row->kind, row->choices);
    } else if (line->noun != NULL) {
        offer_verbs(completion, line->noun->name);
    } else {
        offer_first_words(completion);
    }
}

/* ---- the line so far -------------------------------------------------------------------- */

static void take_line_word(cli_context *line, const char *word)
{
    if (line->command != NULL)
        line->words[line->word_count++] = word;
    else if (line->noun != NULL)
        line->command = cli_command_find(line->noun->name, word);
    else if ((line->noun = cli_noun_find(word)) == NULL)
        line->command = cli_command_find(word, NULL);
}

/* The option whose value the next word is, or NULL. */
static const cli_option *take_line_option(cli_context *line, const char *word)
{
    const cli_option *option;
    if (word[1] == '-') {
        size_t size = strcspn(word + 2, "=");
        option = cli_option_find(line->command, word + 2, size);
        if (option != NULL && word[2 + size] == '=')
            line->given[line->given_count++] =
                (cli_given){.id = option->id, .value = word + 3 + size};
        return option != NULL && option->value != NULL && word[2 + size] == '\0' ? option
                                                                                 : NULL;
    }
    option = cli_option_find_letter(line->command, word[strlen(word) - 1]);
    return option != NULL && option->value != NULL && word[2] == '\0' ? option : NULL;
}

static const cli_option *read_line(cli_context *line, const char *const *words, size_t count)
{
    const cli_option *waiting = NULL;
    for (size_t at = 0; at < count; at++) {
        const char *word = words[at];
        if (waiting != NULL) {
            line->given[line->given_count++] = (cli_given){.id = waiting->id, .value = word};
            waiting = NULL;
        } else if (word[0] == '-' && word[1] != '\0' && strcmp(word, "--") != 0) {
            waiting = take_line_option(line, word);
        } else if (strcmp(word, "--") != 0) {
            take_line_word(line, word);
        }
    }
    return waiting;
}

creg_status cmd_complete(cli_context *cli)
{
    cli_context line = {.arena = {NULL}};
    size_t count = cli->word_count == 0 ? 0 : cli->word_count - 1;
    line.words = cli_alloc(cli, (count + 1) * sizeof *line.words);
    line.given = cli_alloc(cli, (count + 1) * sizeof *line.given);
    const cli_option *waiting = read_line(&line, cli->words, count);
    request completion = {.cli = cli,
                          .line = &line,
                          .word = cli->word_count == 0 ? "" : cli->words[count],
                          .before = ""};

    /* --option=value in one word */
    const char *equals = strchr(completion.word, '=');
    if (waiting == NULL && strncmp(completion.word, "--", 2) == 0 && equals != NULL) {
        waiting = cli_option_find(line.command, completion.word + 2,
                                  (size_t)(equals - completion.word) - 2);
        completion.before = cli_text(
            cli, creg_slice_make(completion.word, (size_t)(equals + 1 - completion.word)));
        completion.word = equals + 1;
    }
    if (waiting != NULL)
        offer_kind(&completion, waiting->kind, waiting->choices);
    else
        offer_word(&completion);
    return CREG_OK;
}
