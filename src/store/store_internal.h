/* SPDX-License-Identifier: MIT */
/*
 * What the files of the store layer share: the open store, and the steps of its calls.
 */
#ifndef CREG_STORE_INTERNAL_H
#define CREG_STORE_INTERNAL_H

#include <sys/types.h>

#include "base/limits.h"
#include "confreg/store.h"
#include "confreg/sys/store_driver.h"
#include "net/url.h"

enum {
    DEFAULT_TIMEOUT_MS = 5000,
    DEFAULT_TTL_MS = 30000,
    URL_BYTES_MAX = 64 * 1024 /* an arena for one URL */
};

struct creg_store {
    const creg_store_driver *driver;
    creg_driver_state *state;
    creg_store_driver traced;   /* the table of `driver` when it is wrapped by trace.c */
    creg_store_options options; /* defaults and the URL's parameters filled in */
    creg_slice root;            /* "" or "a/b/"; in `arena` */
    creg_url url;               /* in `arena` */
    creg_arena arena;           /* lives as long as the store; written by open only */
    unsigned long generation;   /* of creg_fork_generation() when it was opened */
    pid_t pid;
};

/** CREG_FORKED when this process is not the one that opened the store. */
creg_status creg_store_enter(const creg_store *store, creg_error *err);

/** How often this process is the child of a fork that happened after the library was loaded. */
unsigned long creg_fork_generation(void);

/**
 * `key` behind the root, in the arena (or the key itself when there is no root). `closing` is
 * "" or "/"; it is not put behind an empty whole key. data NULL when out of memory.
 */
creg_slice creg_store_whole_key(const creg_store *store, creg_slice key, const char *closing,
                                creg_arena *arena);

/**
 * Check a transaction and turn it into what drivers take: whole keys, operations sorted by key
 * bytes, deletes below a DELETE_TREE dropped. In the arena. Statuses of creg_store_apply.
 */
creg_status creg_transaction_prepare(const creg_store *store,
                                     const creg_transaction *transaction, creg_arena *arena,
                                     creg_transaction *ret_prepared, creg_error *err);

/** What the store can take now: learned limits, or those of the table. */
creg_status creg_store_limits_now(const creg_store *store, creg_limits *ret_limits,
                                  creg_error *err);

#endif
