/* SPDX-License-Identifier: MIT */
/*
 * Many raw keys at once: reading what lies at a prefix, writing more than one transaction.
 */
#ifndef CLI_BATCH_H
#define CLI_BATCH_H

#include "cli.h"

/** A prefix as the store wants it: without a closing '/'. */
creg_slice cli_prefix(cli_context *cli, creg_slice word);

/** The key itself, when it is there, and everything below it, of one moment. */
creg_status cli_pairs_at(cli_context *cli, creg_slice prefix, bool keys_only,
                         creg_pairs *ret_pairs);

/**
 * Apply operations: in one transaction where the store can take it, else in as few as it can,
 * with progress. Sets `changed`. On a failure or Ctrl-C in between, the message tells how many
 * were done. `checks` (may be NULL) must hold when the first transaction happens.
 */
creg_status cli_apply_all(cli_context *cli, const creg_operation *operations, size_t count,
                          const char *what);
creg_status cli_apply_checked(cli_context *cli, const creg_check *checks, size_t check_count,
                              const creg_operation *operations, size_t count, const char *what);

#endif
