/* SPDX-License-Identifier: MIT */
/*
 * What the files of the template engine's Python face share.
 *
 *     jinja_engine.c   the two types: an engine with its options, a compiled template
 *     jinja_run.c      one call of the library: the GIL goes, callbacks take it back, errors
 *     jinja_object.c   Python's objects and callables as templates meet them
 *
 * These types are what confreg/jinja.py builds Environment and Template from; nothing else
 * uses them. What is easier said in Python (making exceptions, finding sources) is a method of
 * the `hooks` that every engine has.
 */
#ifndef CONFREG_PYTHON_JINJA_H
#define CONFREG_PYTHON_JINJA_H

#include "confreg/jinja.h"
#include "native/away.h"
#include "native/convert.h"
#include "native/errors.h"

typedef struct confreg_engine {
    PyObject_HEAD jinja_engine *engine;
    jinja_sandbox sandbox;
    PyObject *hooks;
    PyObject *functions;        /* a tuple: the callables behind `links` */
    struct confreg_link *links; /* of filters and tests; the engine points to them */
} confreg_engine;

/** A filter or test that is a Python callable. */
typedef struct confreg_link {
    PyObject *function; /* borrowed from `functions` */
} confreg_link;

/** One call of the library by this thread. */
typedef struct confreg_run {
    confreg_engine *engine;
    confreg_state *state;
    creg_arena arena;
    PyObject *kept; /* a list: objects that values of this call stand for */
    creg_error err;
    confreg_away away;
    unsigned held; /* callbacks that found the GIL with us */
} confreg_run;

/* ---- jinja_run.c ---------------------------------------------------------------------------- */

/** Begin: an arena. -1 with an exception. Every begin needs its confreg_run_end(). */
int confreg_run_begin(confreg_run *run, confreg_engine *engine);
void confreg_run_end(confreg_run *run);

/** Give the GIL away until confreg_run_join(). Only the library is called in between. */
void confreg_run_leave(confreg_run *run);
void confreg_run_join(confreg_run *run);

/** Set the exception for a call that failed (`run->err`); always NULL. A callback's is kept. */
PyObject *confreg_run_raise(confreg_run *run);

/**
 * In a callback: take the GIL back. `run` NULL: of the call that this thread is in. NULL when
 * an exception of an earlier callback is on its way already: fail at once. Every success needs
 * confreg_callback_end().
 */
confreg_run *confreg_callback_begin(confreg_run *run, creg_error *err);

/** Give the GIL away again; the status when Python raised: its exception stays pending. */
creg_status confreg_callback_end(confreg_run *run, bool raised, creg_error *err);

/* ---- jinja_object.c ------------------------------------------------------------------------- */

/** Convert for a template: objects of every kind become values of this run. */
int confreg_run_convert(confreg_run *run, PyObject *object, creg_arena *arena, creg_value *ret);

/** The Python object of a value of this run. */
PyObject *confreg_run_read(confreg_run *run, creg_value value);

/** A filter or test of Python; `user` is a confreg_link. */
creg_status confreg_call_link(void *user, const jinja_arguments *arguments, creg_arena *arena,
                              creg_value *ret_value, creg_error *err);

/** hooks.finalize; `user` is the engine. */
creg_status confreg_call_finalize(void *user, const jinja_arguments *arguments,
                                  creg_arena *arena, creg_value *ret_value, creg_error *err);

/** hooks.source(name), hooks.escapes(name); `user` is the engine. */
creg_status confreg_call_loader(void *user, creg_slice name, creg_arena *arena,
                                creg_slice *ret_source, creg_error *err);
bool confreg_call_autoescape(void *user, creg_slice name);

#endif
