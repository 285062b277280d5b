/* SPDX-License-Identifier: MIT */
/*
 * Distance of words as optimal string alignment: insert, delete, replace, swap neighbours.
 */
#include "suggest.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST = 63 };

static int smallest(int a, int b, int c)
{
    int least = a < b ? a : b;
    return least < c ? least : c;
}

/* Three rows are enough: the current one and two before it. */
static int distance(const char *left, size_t left_size, const char *right, size_t right_size)
{
    int rows[3][LONGEST + 1];
    for (size_t column = 0; column <= right_size; column++)
        rows[0][column] = (int)column;
    for (size_t at = 1; at <= left_size; at++) {
        int *row = rows[at % 3];
        const int *above = rows[(at + 2) % 3];
        const int *two_above = rows[(at + 1) % 3];
        row[0] = (int)at;
        for (size_t column = 1; column <= right_size; column++) {
            int differs = left[at - 1] != right[column - 1];
            row[column] =
                smallest(above[column] + 1, row[column - 1] + 1, above[column - 1] + differs);
            if (at > 1 && column > 1 && left[at - 1] == right[column - 2] &&
                left[at - 2] == right[column - 1] && two_above[column - 2] + 1 < row[column])
                row[column] = two_above[column - 2] + 1;
        }
    }
    return rows[left_size % 3][right_size];
}

void cli_suggest_init(cli_suggest *suggest, const char *wanted, size_t wanted_size)
{
    suggest->wanted = wanted;
    suggest->wanted_size = wanted_size;
    suggest->best = NULL;
    suggest->best_distance = wanted_size <= 2 ? 2 : 3; /* must be less than this */
}

void cli_suggest_word(cli_suggest *suggest, const char *word)
{
    size_t size = strlen(word);
    if (size > LONGEST || suggest->wanted_size > LONGEST || suggest->wanted_size == 0)
        return;
    int slips = distance(suggest->wanted, suggest->wanted_size, word, size);
    /* "temp" for "template": a beginning of at least three letters counts as one slip. */
    if (suggest->wanted_size >= 3 && size > suggest->wanted_size &&
        memcmp(word, suggest->wanted, suggest->wanted_size) == 0)
        slips = 1;
    /* Half of a word mistyped is another word. */
    if (slips >= suggest->best_distance || (size_t)slips * 2 > size)
        return;
    suggest->best = word;
    suggest->best_distance = slips;
}

void cli_suggest_list(cli_suggest *suggest, const char *list, char separator, char *buffer,
                      size_t buffer_size)
{
    char word[LONGEST + 1];
    while (list != NULL && *list != '\0') {
        const char *end = strchr(list, separator);
        size_t size = end == NULL ? strlen(list) : (size_t)(end - list);
        const char *before = suggest->best;
        if (size < sizeof word) {
            memcpy(word, list, size);
            word[size] = '\0';
            cli_suggest_word(suggest, word);
        }
        if (suggest->best != before && suggest->best == word) {
            snprintf(buffer, buffer_size, "%s", word);
            suggest->best = buffer;
        }
        list = end == NULL ? NULL : end + 1;
    }
}
