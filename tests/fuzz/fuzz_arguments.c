/* SPDX-License-Identifier: MIT */
/*
 * Words of a command line: the input is cut at NULs into arguments. They are understood, or
 * refused with a message.
 */
#include <signal.h>
#include <string.h>

#include "cli.h"
#include "fuzz.h"
#include "options.h"

enum { WORDS_MAX = 32 };

/* main.c's own, which is not part of this. */
volatile sig_atomic_t cli_cancel;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1);
    MUST(copy != NULL);
    memcpy(copy, data, size);
    copy[size] = '\0';
    static char program[] = "confreg";
    char *words[WORDS_MAX + 2] = {program};
    int count = 1;
    for (size_t at = 0; at <= size && count <= WORDS_MAX; at += strlen(copy + at) + 1)
        words[count++] = copy + at;
    cli_context *cli = calloc(1, sizeof *cli);
    MUST(cli != NULL);
    creg_arena_init(&cli->arena, FUZZ_MEMORY);
    creg_status status = cli_options_parse(cli, count, words);
    if (status == CREG_OK)
        MUST(cli->command != NULL || cli->help_wanted || cli->version_wanted);
    else
        MUST(cli->err.status == status && cli->err.message[0] != '\0');
    creg_arena_clear(&cli->arena);
    free(cli);
    free(copy);
    return 0;
}
