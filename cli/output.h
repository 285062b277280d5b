/* SPDX-License-Identifier: MIT */
/*
 * Results, in every format that -o knows: table, wide, json, yaml, jsonl, name, tree.
 *
 * A command makes a result as values and describes its columns; how it looks is decided
 * here. Data goes to stdout and nothing else does. A table is fitted to the terminal, and
 * never cut when stdout is something else. Control bytes never reach a table or a tree, so
 * that no property can play tricks with the terminal.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "cli.h"

enum {
    CLI_COLUMN_WIDE = 1,  /* in tables only with -o wide */
    CLI_COLUMN_NAME = 2,  /* what -o name prints; shown in tables, too */
    CLI_COLUMN_RIGHT = 4, /* numbers */
    CLI_COLUMN_HIDDEN = 8 /* in no table; for programs */
};

typedef struct cli_column {
    const char *key;   /* in JSON and YAML, and in the row */
    const char *title; /* in tables */
    unsigned flags;
} cli_column;

/** A list of MAPs. `columns` end with a row without a key. */
creg_status cli_print_list(cli_context *cli, const cli_column *columns, const creg_list *rows);

/** One MAP. As a table: one field a line. */
creg_status cli_print_record(cli_context *cli, const cli_column *columns, const creg_map *row);

/**
 * A nested MAP of properties. As a tree (with or without values), as a table of PATH and
 * VALUE, as nested JSON or YAML, as lines of {"path", "value"}, or as paths.
 */
creg_status cli_print_tree(cli_context *cli, const char *root, creg_value tree,
                           bool with_values);

/** Text that is the whole result (a body, a rendering): as it is, or {KEY: text}. */
creg_status cli_print_text(cli_context *cli, const char *key, creg_slice text);

/** What a change is about: its name on stdout, or the record for programs. */
creg_status cli_print_done(cli_context *cli, const cli_column *columns, const creg_map *row);

/** Bytes to stdout as they are. Failures are remembered and reported at the end. */
void cli_write(cli_context *cli, creg_slice bytes);
void cli_write_text(cli_context *cli, const char *text);

/** Flush; sets output_failed or output_closed. */
void cli_output_finish(cli_context *cli);

/** Read -o, --no-headers, --color and the terminal. */
creg_status cli_output_setup(cli_context *cli);

/** Columns of the terminal on stdout; 0 when it is none. */
size_t cli_output_width(void);

/** Text fit for one cell or one line: control bytes as \n, \t, \xHH. */
creg_slice cli_printable(cli_context *cli, creg_slice text);

/** Text of a value in a cell. */
creg_slice cli_cell(cli_context *cli, creg_value value);

/** Count with thousands separators: "14,277". */
const char *cli_count(cli_context *cli, size_t count);

#endif
