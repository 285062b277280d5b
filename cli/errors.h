/* SPDX-License-Identifier: MIT */
/*
 * One voice for everything that goes wrong, and for the notes beside the data.
 *
 *     confreg: error: MESSAGE
 *       body.json:41:27
 *         41 |   "number": {{ opts['slave.number'] }},
 *            |                ^^^^^^^^^^^^^^^^^^^^
 *       store: what the store itself said
 *       hint: what to do
 *
 * With --error-format=json the same as one line of JSON. All of it goes to stderr.
 */
#ifndef CLI_ERRORS_H
#define CLI_ERRORS_H

#include "cli.h"

/** Fill the context's error and return its status. Control bytes become spaces. */
CREG_PRINTF(3, 4)
creg_status cli_fail(cli_context *cli, creg_status status, const char *format, ...);

#ifdef CREG_ANALYZER /* an analyzer looks into one file at a time; no failure is CREG_OK */
#define cli_fail(cli, status, ...)                                                             \
    ({                                                                                         \
        (cli_fail)((cli), (status), __VA_ARGS__);                                              \
        (creg_status)(status);                                                                 \
    })
#endif

/** Say what to do about the error that was just filled. */
CREG_PRINTF(2, 3) void cli_hint(cli_context *cli, const char *format, ...);

/** Why a system call failed, with the name of what it was about. */
creg_status cli_fail_errno(cli_context *cli, const char *what, int number);

/** Print the error of the context. */
void cli_error_print(cli_context *cli);

/** A note on stderr ("registered hadoop 1.0"); nothing with -q. */
CREG_PRINTF(2, 3) void cli_note(cli_context *cli, const char *format, ...);

/** A note that -q does not silence: something the user must know. */
CREG_PRINTF(2, 3) void cli_warn(cli_context *cli, const char *format, ...);

#endif
