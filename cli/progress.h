/* SPDX-License-Identifier: MIT */
/*
 * How far a long command is: on a terminal after half a second, with rate and time left;
 * as lines of JSON with --progress=json; never with -q. Always on stderr.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "cli.h"

typedef struct cli_meter {
    cli_context *cli;
    const char *what; /* "keys written" */
    double started_ms;
    double shown_ms; /* of the last line; 0: none yet */
    bool enabled;
} cli_meter;

void cli_meter_start(cli_meter *meter, cli_context *cli, const char *what);

/** Fits creg_instance_spec.progress; `user_data` is the meter. */
void cli_meter_show(void *user_data, size_t done, size_t total);

/** Wipe the line. */
void cli_meter_end(cli_meter *meter);

#endif
