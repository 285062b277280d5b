/* SPDX-License-Identifier: MIT */
/*
 * Help pages from the table, on stdout.
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli.h"

/** The page of a command, of a noun (`command` NULL), or of the program (both NULL). */
creg_status cli_help_page(cli_context *cli, const cli_noun *noun, const cli_command *command);

/** A topic of two columns, for help and for the man page. Ends with a row without a name. */
typedef struct cli_topic_row {
    const char *name;
    const char *text;
} cli_topic_row;

extern const cli_topic_row cli_exit_codes[];
extern const cli_topic_row cli_environment[];
extern const cli_topic_row cli_topics[];

#endif
