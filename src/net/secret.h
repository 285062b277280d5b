/* SPDX-License-Identifier: MIT */
/*
 * Credentials from where they may stand: a file that only its owner can read, or the
 * environment. Never a command line, never a message.
 */
#ifndef CREG_NET_SECRET_H
#define CREG_NET_SECRET_H

#include "confreg/base.h"
#include "confreg/error.h"

/**
 * The first line of a small file, in the arena, NUL-terminated.
 *
 * CREG_PERMISSION  others than the owner may read it: the hint says chmod 600
 * CREG_USAGE       it cannot be read, is empty, or is no regular file
 */
creg_status creg_secret_read_file(const char *path, creg_arena *arena, const char **ret_text,
                                  creg_error *err);

/** An environment variable; NULL when it is unset or empty. */
const char *creg_secret_environment(const char *name);

#endif
