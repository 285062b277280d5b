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
    if (!confreg_begin(self, &call))
        return NULL;
    creg_copy_options options = {membership != 0, keep_runtime != 0, dry_run != 0};
    size_t count = 0;
    bool is_done = CONFREG_RUN(
        &call, creg_copy(call.handle, source, target, &options, &count, &call.error));
    return confreg_end(&call, is_done ? PyLong_FromSize_t(count) : NULL);
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
    if (!confreg_begin(self, &call))
        return NULL;
    creg_report report = {0};
    bool is_done =
        CONFREG_RUN(&call, function(call.handle, flag, call.arena, &report, &call.error));
    return confreg_end(&call, is_done ? confreg_record_report(confreg_state_of(object), &report)
                                      : NULL);
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
