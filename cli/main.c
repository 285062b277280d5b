/* SPDX-License-Identifier: MIT */
/*
 * The program `confreg`: read the command line, run one command, end with its exit code.
 *
 * Signals: the first Ctrl-C asks a command that changes the store to stop, which it does with
 * nothing half done; the second one leaves at once, and so does the first for a command that
 * only reads. SIGPIPE is ignored, because a store's socket must not kill us in the middle of
 * a commit; a closed stdout ends the output quietly instead.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "errors.h"
#include "help.h"
#include "output.h"

volatile sig_atomic_t cli_cancel;
static volatile sig_atomic_t leave_at_once = 1;

/* As large as the largest result; the pages are taken when they are used. */
#define ARENA_BUDGET ((size_t)4 * 1024 * 1024 * 1024)

enum { EXIT_SIGNAL = 128, EXIT_OUTCOME_UNKNOWN = 6 };

static void on_signal(int number)
{
    if (cli_cancel || leave_at_once)
        _exit(EXIT_SIGNAL + number);
    cli_cancel = number;
}

/* No SA_RESTART: a read of stdin must end when the user says stop. */
static void catch_signals(const cli_context *cli)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_handler = on_signal;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    leave_at_once = cli->command == NULL || !(cli->command->flags & CLI_WRITES);
}

/* A program started with a closed stdout must not write its data into the next file opened. */
static void fill_standard_descriptors(void)
{
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++)
        if (fcntl(descriptor, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY) != descriptor)
            _exit(creg_status_exit_code(CREG_IO));
}

/* Errors of the command line itself must already be in the form that was asked for. */
static void read_error_format(cli_context *cli, int argc, char **argv)
{
    for (int at = 1; at < argc && strcmp(argv[at], "--") != 0; at++) {
        const char *next = at + 1 < argc ? argv[at + 1] : "";
        if (strcmp(argv[at], "--error-format=json") == 0 ||
            (strcmp(argv[at], "--error-format") == 0 && strcmp(next, "json") == 0))
            cli->error_json = true;
    }
}

static void read_global_options(cli_context *cli)
{
    const char *progress = cli_option_value(cli, OPT_PROGRESS);
    const char *timeout = cli_option_value(cli, OPT_TIMEOUT);
    const char *errors = cli_option_value(cli, OPT_ERROR_FORMAT);
    cli->error_json = errors != NULL ? strcmp(errors, "json") == 0 : cli->error_json;
    cli->quiet = cli_option_given(cli, OPT_QUIET);
    cli->yes = cli_option_given(cli, OPT_YES);
    for (size_t at = 0; at < cli->given_count; at++)
        cli->verbose += cli->given[at].id == OPT_VERBOSE;
    if (timeout != NULL)
        cli_duration_parse(timeout, &cli->timeout_ms);
    if (progress != NULL)
        cli->progress = strcmp(progress, "json") == 0  ? CLI_PROGRESS_JSON
                        : strcmp(progress, "off") == 0 ? CLI_PROGRESS_OFF
                                                       : CLI_PROGRESS_AUTO;
}

static creg_status run(cli_context *cli)
{
    if (cli->help_wanted)
        return cli_help_page(cli, cli->noun, cli->command);
    if (cli->version_wanted)
        return cmd_version(cli);
    double started = cli_now_ms();
    creg_status status = cli->command->run(cli);
    if (cli->verbose > 0)
        fprintf(stderr, "confreg: %s took %.1f ms\n", cli_command_title(cli, cli->command),
                cli_now_ms() - started);
    return status;
}

/* After a change, a lost answer is not "nothing was done": the caller has to look. */
static int exit_code_of_output(const cli_context *cli)
{
    if (cli->output_closed)
        return EXIT_SIGNAL + SIGPIPE;
    return cli->changed ? EXIT_OUTCOME_UNKNOWN : creg_status_exit_code(cli->err.status);
}

static int finish(cli_context *cli, creg_status status)
{
    if (status != CREG_OK && !cli->output_failed && cli->err.status != CREG_OK) {
        fflush(stdout);
        cli_error_print(cli);
    }
    cli_output_finish(cli);
    if (cli->output_failed && !cli->output_closed)
        cli_error_print(cli);
    if (status == CREG_CANCELLED && cli_cancel)
        return EXIT_SIGNAL + cli_cancel;
    if (cli->output_failed && (status == CREG_OK || status == cli->err.status))
        return exit_code_of_output(cli);
    return creg_status_exit_code(status);
}

int main(int argc, char **argv)
{
    fill_standard_descriptors();
    static cli_context cli;
    creg_arena_init(&cli.arena, ARENA_BUDGET);
    read_error_format(&cli, argc, argv);

    creg_status status = cli_options_parse(&cli, argc, argv);
    catch_signals(&cli);
    cli_output_setup(&cli);
    if (status == CREG_OK) {
        read_global_options(&cli);
        status = run(&cli);
    }
    creg_close(cli.registry);
    int code = finish(&cli, status);
    creg_arena_clear(&cli.arena);
    return code;
}
