/* SPDX-License-Identifier: MIT */
/*
 * One fault case: a store of its own, a victim that meets its fault, readers all the while,
 * whoever sweeps afterwards, and a judge that knows nothing but the store and what the victim
 * was told.
 */
#ifndef FAULT_SCENARIO_H
#define FAULT_SCENARIO_H

#include "look.h"

typedef enum operation {
    CREATE_ONCE,
    CREATE_PIECES,
    DELETE_ONCE,
    DELETE_PIECES,
    COPY,
    SET,
    SET_MANY,   /* a journal */
    SWEEP_ONCE, /* from here on somebody has died before */
    SWEEP_PIECES,
    REPEAT, /* of a dead writer's request, before anybody sweeps */
    OPERATIONS
} operation;

extern const char *const operation_names[OPERATIONS];

enum { URL_SIZE = 512, TTL_MS = 2000 };

typedef struct scenario {
    char url[URL_SIZE];
    char log[URL_SIZE]; /* of the failpoint */
    operation operation;
    char failpoint[48]; /* "" for none */
    shared *notes;
    bool is_memory; /* all roles in one process */
} scenario;

/** Make `url` of a case from the store's, with a root (folder, name) of its own. */
void make_url(const char *base, const char *name, char url[URL_SIZE]);

/** Open, or end the process. `parameters` is "" or "a=b&c=d". */
creg_registry *open_or_die(const char *url, const char *parameters);

/** Run the whole case in this process and its children. */
void run_scenario(scenario *scenario_);

/** fork() that does not fail; the child is ended by an alarm if it hangs. */
int fork_child(void);

/** Wait for the end of a child; what is not exit(0) (or `expected_signal`) is a violation. */
void await(int child, int expected_signal, const char *who, shared *notes);

/** Sweep until no intent is left. */
void sweep_all(const char *url, shared *notes);

long now_ms(void);
void sleep_ms(long duration);

#endif
