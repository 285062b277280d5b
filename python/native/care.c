/* SPDX-License-Identifier: MIT */
/* Copying parts, and the care of the store: methods of Registry. */
#include "native/errors.h"
#include "native/records.h"
#include "native/registry.h"
#include "native/registry_methods.h"
#include "native/text.h"

PyObject *confreg_care_copy(PyObject *object, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"source", "target", "membership", "keep_runtime", "dry_run", NULL};
    creg_slice source, target;
    int membership = 0, keep_runtime = 0, dry_run = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&O&|$ppp:copy", names,
                                     confreg_text_argument, &source, confreg_text_argument,
                                     &target, &membership, &keep_runtime, &dry_run))
        return NULL;
    confreg_registry *self = (confreg_registry *)object;
    confreg_call call;
    creg_registry *handle = confreg_begin(self, &call);
    if (handle == NULL)
        return NULL;
    creg_copy_options options = {membership != 0, keep_runtime != 0, dry_run != 0};
    size_t count = 0;
    creg_status status;
    Py_BEGIN_ALLOW_THREADS
    status = creg_copy(handle, source, target, &options, &count, &call.error);
    Py_END_ALLOW_THREADS
    PyObject *result = status == CREG_OK ? PyLong_FromSize_t(count)
                                         : confreg_raise(confreg_state_of(object), &call.error);
    confreg_end(self, &call);
    return result;
}

/* ---- fsck, sweep, adopt ------------------------------------------------------------------ */

typedef creg_status (*care_function)(creg_registry *, bool, creg_arena *, creg_report *,
                                     creg_error *);

static creg_status sweep(creg_registry *registry, bool unused, creg_arena *arena,
                         creg_report *ret_report, creg_error *err)
{
    (void)unused;
    return creg_sweep(registry, arena, ret_report, err);
}

static PyObject *care(PyObject *object, care_function function, bool flag)
{
    confreg_registry *self = (confreg_registry *)object;
    confreg_call call;
    creg_registry *handle = confreg_begin(self, &call);
    if (handle == NULL)
        return NULL;
    creg_report report = {0};
    creg_status status;
    Py_BEGIN_ALLOW_THREADS
    status = function(handle, flag, call.arena, &report, &call.error);
    Py_END_ALLOW_THREADS
    PyObject *result = status == CREG_OK
                           ? confreg_record_report(confreg_state_of(object), &report)
                           : confreg_raise(confreg_state_of(object), &call.error);
    confreg_end(self, &call);
    return result;
}

PyObject *confreg_care_fsck(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"repair", NULL};
    int repair = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$p:fsck", names, &repair))
        return NULL;
    return care(self, creg_fsck, repair != 0);
}

PyObject *confreg_care_sweep(PyObject *self, PyObject *unused)
{
    (void)unused;
    return care(self, sweep, false);
}

PyObject *confreg_care_adopt(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"dry_run", NULL};
    int dry_run = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$p:adopt", names, &dry_run))
        return NULL;
    return care(self, creg_adopt, dry_run != 0);
}
