/* SPDX-License-Identifier: MIT */
/*
 * "Did you mean": the nearest of some words to a mistyped one.
 *
 * Feed the words one by one; the nearest within two slips of the finger stays. A swap of
 * neighbours counts as one slip. Short words must be nearer, or everything would match.
 */
#ifndef CLI_SUGGEST_H
#define CLI_SUGGEST_H

#include <stddef.h>

typedef struct cli_suggest {
    const char *wanted;
    size_t wanted_size;
    const char *best; /* borrowed from whoever fed it; NULL when nothing is near */
    int best_distance;
} cli_suggest;

void cli_suggest_init(cli_suggest *suggest, const char *wanted, size_t wanted_size);
void cli_suggest_word(cli_suggest *suggest, const char *word);

/** Feed each word of a list separated by `separator`; needs memory for the word that wins. */
void cli_suggest_list(cli_suggest *suggest, const char *list, char separator, char *buffer,
                      size_t buffer_size);

#endif
