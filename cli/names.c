/* SPDX-License-Identifier: MIT */
/*
 * Names of service templates, and the question before a removal.
 */
#include "names.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "errors.h"

/* ---- names ------------------------------------------------------------------------------ */

static creg_status split_name(cli_context *cli, const char *word, creg_slice *ret_name,
                              creg_slice *ret_version)
{
    static const char *const roots[] = {"templates/", "products/"};
    const char *rest = word;
    for (size_t at = 0; at < 2; at++)
        if (strncmp(word, roots[at], strlen(roots[at])) == 0 &&
            strchr(word + strlen(roots[at]), '/') != NULL)
            rest = word + strlen(roots[at]);
    const char *slash = strchr(rest, '/');
    if (slash == NULL) {
        cli_fail(cli, CREG_USAGE, "%s: VERSION is missing",
                 cli_command_title(cli, cli->command));
        cli_hint(cli, "usage: confreg %s NAME VERSION", cli_command_title(cli, cli->command));
        return CREG_USAGE;
    }
    creg_status status = creg_key_decode(creg_slice_make(rest, (size_t)(slash - rest)),
                                         &cli->arena, ret_name, &cli->err);
    if (status == CREG_OK)
        status = creg_key_decode(creg_slice_of(slash + 1), &cli->arena, ret_version, &cli->err);
    return status;
}

creg_status cli_template_words(cli_context *cli, creg_slice *ret_name, creg_slice *ret_version)
{
    if (cli->word_count < 2)
        return split_name(cli, cli->words[0], ret_name, ret_version);
    *ret_name = cli_word(cli, 0);
    *ret_version = cli_word(cli, 1);
    return CREG_OK;
}

static const char *encoded(cli_context *cli, creg_slice name)
{
    return cli_text(cli, creg_key_encode(name, &cli->arena));
}

const char *cli_template_dn(cli_context *cli, creg_slice name, creg_slice version)
{
    return cli_format_text(cli, "templates/%s/%s", encoded(cli, name), encoded(cli, version));
}

/* ---- asking ----------------------------------------------------------------------------- */

/* Ctrl-C may come between the question and the read, or interrupt another thread than this
 * one: a read alone would wait on, so what it said is looked for between short waits. */
static ssize_t read_answer(char *answer, size_t size)
{
    struct pollfd terminal = {.fd = STDIN_FILENO, .events = POLLIN};
    while (!cli_cancel) {
        int ready = poll(&terminal, 1, 50);
        if (ready > 0)
            return read(STDIN_FILENO, answer, size);
        if (ready < 0 && errno != EINTR)
            return -1;
    }
    return -1;
}

creg_status cli_confirm(cli_context *cli, const char *question)
{
    if (cli->yes)
        return CREG_OK;
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
        cli_fail(cli, CREG_USAGE, "%s", question);
        cli_hint(cli, "there is no terminal to answer on: add --yes");
        return CREG_USAGE;
    }
    fprintf(stderr, "confreg: %s [y/N] ", question);
    fflush(stderr);
    char answer[16] = "";
    ssize_t size = read_answer(answer, sizeof answer - 1);
    if (size > 0 && (answer[0] == 'y' || answer[0] == 'Y'))
        return CREG_OK;
    if (cli_cancel)
        return cli_check_cancel(cli);
    return cli_fail(cli, CREG_NO, "nothing was removed");
}
