/* SPDX-License-Identifier: MIT */
/* From a creg_error to the exception that stands for it. */
#ifndef CONFREG_PYTHON_ERRORS_H
#define CONFREG_PYTHON_ERRORS_H

#include "native/module.h"

/**
 * Set the exception for an error of the library; always NULL, so that it can be returned. An
 * exception that is set already (a signal handler's, a callback's) is kept instead.
 */
PyObject *confreg_raise(confreg_state *state, const creg_error *err);

/** Like confreg_raise for a property that an attribute names: NotFound is an AttributeError, too. */
PyObject *confreg_raise_attribute(confreg_state *state, const creg_error *err);

/** Set the exception of a status with a message of our own; always NULL. */
PyObject *confreg_raise_message(confreg_state *state, creg_status status, const char *message);

/** Set the exception for an arena that has no more room; always NULL. */
PyObject *confreg_raise_memory(confreg_state *state, const creg_arena *arena);

#endif
