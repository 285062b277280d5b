/* SPDX-License-Identifier: MIT */
/*
 * What users hand in: files, stdin, literals, and options from several places.
 *
 * An argument that is a value may be a literal, `@FILE` (the bytes of a file), `-` or `@-`
 * (stdin); `@@...` is a literal that begins with `@`. Options of an instance come from
 * -f FILE, --set, --set-json and --set-file, in the order of the command line: the last wins.
 */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include "cli.h"

/** The bytes of a file, or of stdin for "-". `cli_input_name` tells what errors call it. */
creg_status cli_read_file(cli_context *cli, const char *path, creg_slice *ret_bytes);
const char *cli_input_name(const char *path);

/** A value as above. */
creg_status cli_read_value(cli_context *cli, const char *text, creg_slice *ret_bytes);

/** A JSON or YAML document: by the file's ending, else JSON when it begins with { or [. */
creg_status cli_read_document(cli_context *cli, const char *path, unsigned flags,
                              creg_value *ret_value);

/** Does the file's name end so that it holds YAML? */
bool cli_is_yaml_name(const char *path);

/* What options are read for. */
typedef enum cli_purpose {
    CLI_FOR_TEMPLATE, /* options: "a.b=c" sets "a.b"; numbers stay as written */
    CLI_FOR_RENDER    /* a context: "a.b=c" reaches into {"a": {"b": c}} */
} cli_purpose;

/** Options from -f or -c, --set, --set-json and --set-file, in order, into one MAP. */
creg_status cli_read_options(cli_context *cli, cli_purpose purpose, creg_value *ret_options);

/** Split "k=v" at the first '='; CREG_USAGE when there is none or the key is empty. */
creg_status cli_split_pair(cli_context *cli, const char *pair, const char *what,
                           const char **ret_key, const char **ret_value);

#endif
