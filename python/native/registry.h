/* SPDX-License-Identifier: MIT */
/* An open registry, and the protocol by which every other file calls the library on it. */
#ifndef CONFREG_PYTHON_REGISTRY_H
#define CONFREG_PYTHON_REGISTRY_H

#include "native/module.h"

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
 *     creg_registry *handle = confreg_begin(registry, &call);
 *     if (handle == NULL)
 *         return NULL;
 *     creg_status status;
 *     Py_BEGIN_ALLOW_THREADS
 *     status = creg_...(handle, ..., call.arena, ..., &call.error);
 *     Py_END_ALLOW_THREADS
 *     PyObject *result = status == CREG_OK ? ... : confreg_raise(state, &call.error);
 *     confreg_end(registry, &call);
 *     return result;
 */
typedef struct confreg_call {
    creg_arena *arena; /* for everything that the call makes; gone with confreg_end() */
    creg_arena own;
    creg_error error;
} confreg_call;

/** NULL with an exception set when the registry is closed. Needs the GIL. */
creg_registry *confreg_begin(confreg_registry *registry, confreg_call *call);

/** The same with the registry's own arena when it is free: for calls that make little. */
creg_registry *confreg_begin_small(confreg_registry *registry, confreg_call *call);

void confreg_end(confreg_registry *registry, confreg_call *call);

/** A use without a call, for watches: keeps the handle open until confreg_release(). */
creg_registry *confreg_retain(confreg_registry *registry);
void confreg_release(confreg_registry *registry);

#endif
