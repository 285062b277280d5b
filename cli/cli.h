/* SPDX-License-Identifier: MIT */
/*
 * What every command of the program is handed: its words and options, the output it
 * writes to, the registry it opens, and the error it fills.
 *
 * Only public headers of the library are used here, so the command is also the proof that
 * they are enough. All memory is in one arena: a command runs once and the process ends.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <signal.h>
#include <stdio.h>

#include "confreg/confreg.h"

#include "options.h"

typedef enum cli_progress_mode {
    CLI_PROGRESS_AUTO,
    CLI_PROGRESS_OFF,
    CLI_PROGRESS_JSON
} cli_progress_mode;

struct cli_context {
    creg_arena arena;
    creg_error err;

    /* the command line */
    const cli_noun *noun;
    const cli_command *command;
    const char **words;
    size_t word_count;
    cli_given *given;
    size_t given_count;
    bool help_wanted;
    bool version_wanted;

    /* global options, read */
    cli_format format;
    bool format_given;
    bool quiet;
    int verbose;
    bool headers;
    bool yes;
    bool error_json;
    bool color_out;
    bool color_err;
    bool utf8; /* the terminal's characters: lines of trees, the ellipsis */
    unsigned timeout_ms;
    cli_progress_mode progress;

    const char *store_word; /* a URL among the words, in place of --store; NULL: none */
    const char *store_url;  /* NULL: the default store */
    creg_registry *registry;
    bool changed; /* the store was changed: a failure to print is no "nothing done" */
    bool output_failed;
    bool output_closed; /* the reader went away (a pipe to head) */
};

/* Not zero after SIGINT or SIGTERM: the number of the signal. */
extern volatile sig_atomic_t cli_cancel;

/** How a command opens its store. */
typedef enum cli_open_mode {
    CLI_OPEN_READ,   /* must exist, is not changed */
    CLI_OPEN_CHANGE, /* must exist */
    CLI_OPEN_CREATE  /* made when it is not there */
} cli_open_mode;

/** Open the registry once; it is closed at the end of the program. */
creg_status cli_open(cli_context *cli, cli_open_mode mode);
/** A fault while the file behind this URL is read ends the command as "damaged" (damage.c). */
void cli_damage_expect(const char *url);

/** A URL on the command line: CREG_USAGE when it holds credentials. "env:NAME" is the URL in that
 *  variable of the environment, which may. */
creg_status cli_store_word(cli_context *cli, const char *word, const char **ret_url);

/** The store below the open registry. */
creg_store *cli_store(cli_context *cli);

/** Memory of the program; ends it with exit code 10 when there is none. */
void *cli_alloc(cli_context *cli, size_t size);

/** printf into memory of the program. */
CREG_PRINTF(2, 3) const char *cli_format_text(cli_context *cli, const char *format, ...);

/** The slice with a NUL behind it. */
const char *cli_text(cli_context *cli, creg_slice slice);

/** A word of the command line as a slice; empty when there are not so many. */
creg_slice cli_word(const cli_context *cli, size_t at);

/** Milliseconds of a clock that only goes forward. */
double cli_now_ms(void);

/** CREG_CANCELLED once the user has asked to stop. */
creg_status cli_check_cancel(cli_context *cli);

/* Makers of pieces of results; they end the program when memory runs out. */
creg_map *cli_map(cli_context *cli);
creg_list *cli_list(cli_context *cli);
void cli_map_put(cli_context *cli, creg_map *map, const char *key, creg_value value);
void cli_map_put_slice(cli_context *cli, creg_map *map, const char *key, creg_slice text);
void cli_list_add(cli_context *cli, creg_list *list, creg_value item);

/** Bytes of the store as a value: text, or {"b64": ...} when they are not UTF-8. */
creg_value cli_bytes(cli_context *cli, creg_slice bytes);

/* The commands (cmd_*.c). */
creg_status cmd_template_register(cli_context *cli);
creg_status cmd_template_list(cli_context *cli);
creg_status cmd_template_show(cli_context *cli);
creg_status cmd_template_options(cli_context *cli);
creg_status cmd_template_lint(cli_context *cli);
creg_status cmd_template_rm(cli_context *cli);
creg_status cmd_instance_create(cli_context *cli);
creg_status cmd_instance_list(cli_context *cli);
creg_status cmd_instance_show(cli_context *cli);
creg_status cmd_instance_tree(cli_context *cli);
creg_status cmd_instance_get(cli_context *cli);
creg_status cmd_instance_set(cli_context *cli);
creg_status cmd_instance_unset(cli_context *cli);
creg_status cmd_instance_copy(cli_context *cli);
creg_status cmd_instance_nodes(cli_context *cli);
creg_status cmd_instance_services(cli_context *cli);
creg_status cmd_instance_disks(cli_context *cli);
creg_status cmd_instance_networks(cli_context *cli);
creg_status cmd_instance_tags(cli_context *cli);
creg_status cmd_instance_status(cli_context *cli);
creg_status cmd_instance_rm(cli_context *cli);
creg_status cmd_instance_watch(cli_context *cli);
creg_status cmd_instance_wait(cli_context *cli);
creg_status cmd_kv_watch(cli_context *cli);
creg_status cmd_kv_get(cli_context *cli);
creg_status cmd_kv_put(cli_context *cli);
creg_status cmd_kv_list(cli_context *cli);
creg_status cmd_kv_rm(cli_context *cli);
creg_status cmd_kv_copy(cli_context *cli);
creg_status cmd_kv_export(cli_context *cli);
creg_status cmd_kv_import(cli_context *cli);
creg_status cmd_store_info(cli_context *cli);
creg_status cmd_store_check(cli_context *cli);
creg_status cmd_store_copy(cli_context *cli);
creg_status cmd_store_fsck(cli_context *cli);
creg_status cmd_store_sweep(cli_context *cli);
creg_status cmd_store_adopt(cli_context *cli);
creg_status cmd_render(cli_context *cli);
creg_status cmd_doctor(cli_context *cli);
creg_status cmd_help(cli_context *cli);
creg_status cmd_completion(cli_context *cli);
creg_status cmd_version(cli_context *cli);
creg_status cmd_complete(cli_context *cli);
creg_status cmd_man(cli_context *cli);
creg_status cmd_table(cli_context *cli);

#endif
