/* SPDX-License-Identifier: MIT */
/* Watches, as the rest of the extension sees them. */
#ifndef CONFREG_PYTHON_WATCH_H
#define CONFREG_PYTHON_WATCH_H

#include "native/registry.h"

/** A watch of a live object; the arguments are the options. */
PyObject *confreg_watch_entity(confreg_registry *registry, creg_slice dn, PyObject *args,
                               PyObject *kwargs);

/** A watch of keys; the arguments are the prefix and the options. */
PyObject *confreg_watch_keys(confreg_registry *registry, PyObject *args, PyObject *kwargs);

/** Cancel all open watches of a registry that is being closed. */
void confreg_watch_cancel_all(confreg_registry *registry);

#endif
