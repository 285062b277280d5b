/* SPDX-License-Identifier: MIT */
/*
 * Names of service templates as commands take and print them: NAME VERSION, NAME/VERSION, or
 * templates/NAME/VERSION, which is what `-o name` prints.
 */
#ifndef CLI_NAMES_H
#define CLI_NAMES_H

#include "cli.h"

/** NAME and VERSION of the first words of the command. CREG_USAGE when one is missing. */
creg_status cli_template_words(cli_context *cli, creg_slice *ret_name, creg_slice *ret_version);

/** "templates/NAME/VERSION", escaped like a DN. */
const char *cli_template_dn(cli_context *cli, creg_slice name, creg_slice version);

/**
 * Ask a person whether to go on. True with --yes.
 *
 * CREG_USAGE      there is no terminal to ask on, and no --yes
 * CREG_NO         the answer was no
 * CREG_CANCELLED  Ctrl-C
 */
creg_status cli_confirm(cli_context *cli, const char *question);

#endif
