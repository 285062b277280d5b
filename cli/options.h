/* SPDX-License-Identifier: MIT */
/*
 * The shape of the one table that describes the command, and its parser.
 *
 * table.c holds the rows: nouns, verbs, positionals, options, examples. Everything that must
 * agree with them is made from them: parsing (options.c), help and man pages (help.c),
 * completion (complete.c), did-you-mean (suggest.c). A new command is one row and one
 * function; see docs/ADDING_A_COMMAND.md.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "confreg/error.h"

typedef struct cli_context cli_context;

/* What a value is: how it is checked, and what completion offers for it. */
typedef enum cli_value_kind {
    CLI_NONE,     /* a flag: no value */
    CLI_TEXT,     /* anything; nothing to offer */
    CLI_NUMBER,   /* a non-negative integer */
    CLI_SIGNED,   /* an integer */
    CLI_DURATION, /* 500ms, 5s, 2m; a bare number is seconds */
    CLI_CHOICE,   /* one of `choices` */
    CLI_CHOICES,  /* several of `choices`, separated by commas */
    CLI_FILE,     /* a file of the user's */
    CLI_FOLDER,
    CLI_STORE_URL,
    CLI_TEMPLATE_NAME,
    CLI_TEMPLATE_VERSION, /* of the template name before it */
    CLI_USER,
    CLI_INSTANCE_NAME,    /* of the user before it */
    CLI_INSTANCE_VERSION, /* of the user and name before it */
    CLI_DN,               /* an instance */
    CLI_PART_DN,          /* an instance or something below one */
    CLI_PATH,             /* a property below the DN before it */
    CLI_ASSIGNMENT,       /* PATH=VALUE below the DN before it */
    CLI_OPTION_PAIR,      /* k=v, k an option of the service template before it */
    CLI_KEY,              /* a raw key of the store */
    CLI_COMMAND           /* a word of this table */
} cli_value_kind;

/* Every option has a number, so that a mistyped name does not compile. */
typedef enum cli_option_id {
    OPT_STORE,
    OPT_OUTPUT,
    OPT_QUIET,
    OPT_VERBOSE,
    OPT_COLOR,
    OPT_NO_HEADERS,
    OPT_TIMEOUT,
    OPT_YES,
    OPT_ERROR_FORMAT,
    OPT_PROGRESS,
    OPT_HELP,
    OPT_VERSION,
    OPT_FILE,
    OPT_OPTIONS,
    OPT_TYPE,
    OPT_DESCRIPTION,
    OPT_ORCHESTRATOR,
    OPT_LOGO_URL,
    OPT_UNDEFINED,
    OPT_YAML,
    OPT_AUTOESCAPE,
    OPT_REPLACE,
    OPT_BODY,
    OPT_SET,
    OPT_SET_JSON,
    OPT_SET_FILE,
    OPT_DRY_RUN,
    OPT_REQUEST_ID,
    OPT_REQUEST,
    OPT_DEPTH,
    OPT_VALUES,
    OPT_IF_VALUE,
    OPT_IF_ABSENT,
    OPT_INCREMENT,
    OPT_TREE,
    OPT_MEMBERSHIP,
    OPT_KEEP_RUNTIME,
    OPT_ALL,
    OPT_RECURSE,
    OPT_CAS,
    OPT_FORCE,
    OPT_FORMAT,
    OPT_REPAIR,
    OPT_CONTEXT,
    OPT_TRIM_BLOCKS,
    OPT_LSTRIP_BLOCKS,
    OPT_KEEP_TRAILING_NEWLINE,
    OPT_TEMPLATES,
    OPT_PACKS,
    OPT_EXTENSIONS,
    OPT_LIMIT,
    OPT_AFTER,
    OPT_MERGE,
    OPT_EXEC,
    OPT_FOR,
    OPT_FOR_TIME, /* --timeout of a watch: how long to stay, not how long a call may take */
    OPT_CURSOR,
    OPT_SNAPSHOT,
    OPT_QUICK,
    OPT_READ_ONLY,
    OPT_PREFIX,
    OPT_VERIFY,
    OPT_COUNT
} cli_option_id;

typedef struct cli_option {
    cli_option_id id;
    char letter;       /* 0: none */
    const char *name;  /* without the dashes */
    const char *value; /* what help calls the value: "FILE"; NULL for a flag */
    cli_value_kind kind;
    const char *choices; /* "json|yaml" */
    bool required;
    const char *help; /* one sentence without a full stop; may be long */
} cli_option;

typedef struct cli_argument {
    const char *name; /* "DN" */
    cli_value_kind kind;
    bool optional;
    bool many; /* the last one may repeat */
    const char *choices;
    const char *help;
} cli_argument;

typedef struct cli_example {
    const char *text;    /* what it shows */
    const char *command; /* runnable as it stands, from tests/cli/examples */
} cli_example;

typedef enum cli_format {
    CLI_TABLE,
    CLI_WIDE,
    CLI_JSON,
    CLI_YAML,
    CLI_JSONL,
    CLI_NAME,
    CLI_TREE
} cli_format;

enum {
    CLI_WRITES = 1,     /* changes the store: Ctrl-C asks it to stop, and does not kill it */
    CLI_HIDDEN = 2,     /* in no help, man page or completion */
    CLI_TAKES_ALL = 4,  /* every word behind it is an argument, dashes or not */
    CLI_READS_FIRST = 8 /* looks before it changes: needs a store that exists */
};

typedef struct cli_command {
    const char *noun; /* "template"; or the whole command, when `verb` is NULL */
    const char *verb;
    const char *aliases; /* other spellings of the verb, separated by spaces; may be NULL */
    const char *summary; /* one line, no full stop */
    const char *text;    /* paragraphs, separated by empty lines; may be NULL */
    const cli_argument *arguments; /* up to a row without a name; may be NULL */
    const cli_option *options;     /* up to a row without a name; may be NULL */
    const cli_example *examples;   /* up to a row without a command */
    cli_format format;             /* when -o is not given */
    unsigned flags;
    creg_status (*run)(cli_context *cli);
} cli_command;

typedef struct cli_noun {
    const char *name;
    const char *aliases;
    const char *summary;
    const char *text;
    const cli_example *examples;
} cli_noun;

/* The table (table.c). Each ends with a row without a name. */
extern const cli_noun cli_nouns[];
extern const cli_command cli_commands[];
extern const cli_option cli_global_options[];
extern const cli_example cli_top_examples[];

/* One option as it was given. */
typedef struct cli_given {
    cli_option_id id;
    const char *value; /* NULL for a flag */
} cli_given;

/** The noun that a word names, alias or not; NULL. */
const cli_noun *cli_noun_find(const char *word);

/** The command of a noun (or the whole command, `verb` NULL), alias or not; NULL. */
const cli_command *cli_command_find(const char *noun, const char *verb);

/** An option of a command (may be NULL) or a global one, by name of `size` bytes; NULL. */
const cli_option *cli_option_find(const cli_command *command, const char *name, size_t size);
const cli_option *cli_option_find_letter(const cli_command *command, char letter);

/** Does the space-separated list hold the word? */
bool cli_list_holds(const char *list, const char *word);

/** "template register", in memory of the context. */
const char *cli_command_title(cli_context *cli, const cli_command *command);

/**
 * Read the command line into the context: command, words, options.
 *
 * CREG_USAGE  what was mistyped, with did-you-mean in the hint
 */
creg_status cli_options_parse(cli_context *cli, int argc, char **argv);

/** The last value given for an option, or NULL. */
const char *cli_option_value(const cli_context *cli, cli_option_id id);
bool cli_option_given(const cli_context *cli, cli_option_id id);

/** The number given for an option, or `otherwise`. Checked while parsing. */
long long cli_option_number(const cli_context *cli, cli_option_id id, long long otherwise);

/** Read a duration ("500ms", "2m", "5") into milliseconds; false when it is none. */
bool cli_duration_parse(const char *text, unsigned *ret_ms);

#endif
