/* SPDX-License-Identifier: MIT */
/* Results as the named tuples of confreg/_records.py. */
#ifndef CONFREG_PYTHON_RECORDS_H
#define CONFREG_PYTHON_RECORDS_H

#include "native/module.h"

/** Call a record's class with a tuple of arguments, which is taken over; it may be NULL. */
PyObject *confreg_record(confreg_state *state, confreg_record_id id, PyObject *arguments);

PyObject *confreg_record_version(confreg_state *state, creg_version version);
PyObject *confreg_record_pair(confreg_state *state, const creg_pair *pair);
PyObject *confreg_record_template(confreg_state *state, const creg_template *template_);
PyObject *confreg_record_instance(confreg_state *state, const creg_instance *instance);
PyObject *confreg_record_plan(confreg_state *state, const creg_instance *instance);
PyObject *confreg_record_findings(confreg_state *state, const creg_findings *findings);
PyObject *confreg_record_report(confreg_state *state, const creg_report *report);

/** A Version back into what the library wants; None is "absent". 0 or -1. */
int confreg_version_of(PyObject *object, creg_version *ret_version);

#endif
