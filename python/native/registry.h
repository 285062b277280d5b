/* SPDX-License-Identifier: MIT */
/* An open registry, and the protocol by which every other file calls the library on it. */
#ifndef CONFREG_PYTHON_REGISTRY_H
#define CONFREG_PYTHON_REGISTRY_H

#include "native/away.h"

struct confreg_watch;

typedef struct confreg_registry {
    PyObject_HEAD creg_registry *handle; /* NULL once it is closed */
    size_t users;        /* calls under way and open watches; all fields under the GIL */
    bool is_closing;     /* no new calls; the last user closes the handle */
    bool is_arena_taken; /* `arena` serves one call at a time, others bring their own */
    creg_arena arena;
    struct confreg_watch *watches; /* open ones, so that close() can wake them */
} confreg_registry;

/**
 * One call of the library. Between begin and end the handle stays open, whoever closes it.
 *
 *     confreg_call call;
 *     if (!confreg_begin(registry, &call))
 *         return NULL;
 *     bool is_done = CONFREG_RUN(&call, creg_...(call.handle, ..., call.arena, &call.error));
 *     return confreg_end(&call, is_done ? ... : NULL);
 */
typedef struct confreg_call {
    confreg_registry *registry; /* borrowed */
    creg_registry *handle;
    creg_arena *arena; /* for everything that the call makes; gone with confreg_end() */
    creg_arena own;
    confreg_away away;
    creg_status status;
    creg_error error;
} confreg_call;

/** False with an exception set when the registry is closed. Needs the GIL. */
bool confreg_begin(confreg_registry *registry, confreg_call *call);

/** The same with the registry's own arena when it is free: for calls that make little. */
bool confreg_begin_small(confreg_registry *registry, confreg_call *call);

/** The status of an expression that is evaluated without the GIL: true when it is CREG_OK. */
#define CONFREG_RUN(call, expression)                                                          \
    (confreg_leave(&(call)->away), (call)->status = (expression), confreg_back(call))

/** confreg_join(); true when the call has succeeded and nothing was raised meanwhile. */
bool confreg_back(confreg_call *call);

/**
 * The end: `result`, or NULL with an exception, which is that of the library's call when it
 * failed and nobody has raised another one. confreg_end_or() gives `fallback` (may be NULL) for
 * what the store does not have; confreg_end_status() is 0, or -1 with the exception.
 */
PyObject *confreg_end(confreg_call *call, PyObject *result);
PyObject *confreg_end_or(confreg_call *call, PyObject *result, PyObject *fallback);
int confreg_end_status(confreg_call *call);

/** A use without a call, for watches: keeps the handle open until confreg_release(). */
creg_registry *confreg_retain(confreg_registry *registry);
void confreg_release(confreg_registry *registry);

#endif
