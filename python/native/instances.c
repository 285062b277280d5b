/* SPDX-License-Identifier: MIT */
/* Making, finding and removing instances: methods of Registry. */
#include "native/convert.h"
#include "native/entity.h"
#include "native/errors.h"
#include "native/list.h"
#include "native/records.h"
#include "native/registry.h"
#include "native/registry_methods.h"
#include "native/text.h"

/* ---- instantiate ------------------------------------------------------------------------- */

/* What the progress callback needs to run Python while the library works without the GIL. */
typedef struct work {
    confreg_call *call;
    PyObject *progress; /* borrowed; may be NULL */
    volatile int is_cancelled;
} work;

/*
 * The library calls this on the thread that called it, between two requests to the store. A
 * callback, or a handler of a signal, that raises cancels the work, which is then undone; its
 * exception is what the caller of instantiate() gets.
 */
static void on_progress(void *user_data, size_t done, size_t total)
{
    work *self = user_data;
    if (self->is_cancelled || self->call->away.is_interrupted)
        return;
    (void)confreg_join(&self->call->away);
    bool is_good = PyErr_CheckSignals() == 0;
    if (is_good && self->progress != NULL) {
        PyObject *result =
            PyObject_CallFunction(self->progress, "nn", (Py_ssize_t)done, (Py_ssize_t)total);
        is_good = result != NULL;
        Py_XDECREF(result);
    }
    if (!is_good)
        self->is_cancelled = 1;
    confreg_leave(&self->call->away);
}

static PyObject *instantiate(confreg_registry *self, creg_instance_spec *spec,
                             PyObject *progress, confreg_call *call)
{
    work work_ = {.call = call, .progress = progress};
    spec->progress = on_progress;
    spec->user_data = &work_;
    spec->cancel = &work_.is_cancelled;

    creg_instance made;
    bool is_done = CONFREG_RUN(
        call, creg_instantiate(call->handle, spec, call->arena, &made, &call->error));
    /* With an exception it was too late to cancel: the exception is all that can be told. */
    if (!is_done || PyErr_Occurred())
        return NULL;
    return spec->dry_run ? confreg_record_plan(confreg_state_of((PyObject *)self), &made)
                         : confreg_entity_at(self, made.dn);
}

PyObject *confreg_instance_instantiate(PyObject *object, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"user",       "name",    "version",  "options",
                            "request_id", "dry_run", "progress", NULL};
    creg_instance_spec spec = {.options = creg_value_none()};
    PyObject *options = NULL, *progress = NULL;
    int dry_run = 0;
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "O&O&O&|O$O&pO:instantiate", names, confreg_text_argument, &spec.user,
            confreg_text_argument, &spec.name, confreg_text_argument, &spec.version, &options,
            confreg_optional_text_argument, &spec.request_id, &dry_run, &progress))
        return NULL;
    spec.dry_run = dry_run != 0;
    if (progress == Py_None)
        progress = NULL;

    confreg_registry *self = (confreg_registry *)object;
    confreg_call call;
    if (!confreg_begin(self, &call))
        return NULL;
    PyObject *result = NULL;
    if (options == NULL ||
        confreg_to_value(confreg_state_of(object), options, call.arena, &spec.options) == 0)
        result = instantiate(self, &spec, progress, &call);
    return confreg_end(&call, result);
}

/* ---- finding ----------------------------------------------------------------------------- */

PyObject *confreg_instance_requested(PyObject *object, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"request_id", NULL};
    creg_slice request_id;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&:requested", names, confreg_text_argument,
                                     &request_id))
        return NULL;
    confreg_registry *self = (confreg_registry *)object;
    confreg_call call;
    if (!confreg_begin(self, &call))
        return NULL;
    creg_instance found;
    bool is_done = CONFREG_RUN(
        &call, creg_instance_status(call.handle, request_id, call.arena, &found, &call.error));
    return confreg_end(&call, is_done ? confreg_entity_at(self, found.dn) : NULL);
}

/* What becomes of an instance that was found; the context is the registry. */
static PyObject *record_item(void *self, const void *instance)
{
    return confreg_record_instance(confreg_state_of(self), instance);
}

static PyObject *live_item(void *self, const void *instance)
{
    return confreg_entity_at(self, ((const creg_instance *)instance)->dn);
}

static PyObject *list_instances(PyObject *object, PyObject *args, PyObject *kwargs,
                                confreg_item item_of)
{
    static char *names[] = {"user", "name", "version", NULL};
    creg_slice user = {NULL, 0}, name = {NULL, 0}, version = {NULL, 0};
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "|O&O&O&", names, confreg_optional_text_argument, &user,
            confreg_optional_text_argument, &name, confreg_optional_text_argument, &version))
        return NULL;
    confreg_registry *self = (confreg_registry *)object;
    confreg_call call;
    if (!confreg_begin(self, &call))
        return NULL;
    creg_instances found;
    bool is_done = CONFREG_RUN(&call, creg_instance_list(call.handle, user, name, version,
                                                         call.arena, &found, &call.error));
    return confreg_end(&call, is_done ? CONFREG_LIST(&found, item_of, self) : NULL);
}

PyObject *confreg_instance_query(PyObject *object, PyObject *args, PyObject *kwargs)
{
    return list_instances(object, args, kwargs, record_item);
}

PyObject *confreg_instance_list(PyObject *object, PyObject *args, PyObject *kwargs)
{
    return list_instances(object, args, kwargs, live_item);
}

static int parse_dn(PyObject *args, PyObject *kwargs, const char *format, creg_slice *ret_dn)
{
    static char *names[] = {"dn", NULL};
    return PyArg_ParseTupleAndKeywords(args, kwargs, format, names, confreg_text_argument,
                                       ret_dn);
}

PyObject *confreg_instance_record_of(confreg_registry *self, creg_slice dn, bool is_live)
{
    confreg_call call;
    if (!confreg_begin(self, &call))
        return NULL;
    creg_instance found;
    confreg_item item_of = is_live ? live_item : record_item;
    bool is_done =
        CONFREG_RUN(&call, creg_instance_get(call.handle, dn, call.arena, &found, &call.error));
    return confreg_end(&call, is_done ? item_of(self, &found) : NULL);
}

PyObject *confreg_instance_get(PyObject *self, PyObject *args, PyObject *kwargs)
{
    creg_slice dn;
    if (!parse_dn(args, kwargs, "O&:instance", &dn))
        return NULL;
    return confreg_instance_record_of((confreg_registry *)self, dn, true);
}

/* ---- removing ---------------------------------------------------------------------------- */

PyObject *confreg_instance_remove(confreg_registry *self, creg_slice dn)
{
    confreg_call call;
    if (!confreg_begin(self, &call))
        return NULL;
    bool is_done = CONFREG_RUN(&call, creg_deinstantiate(call.handle, dn, &call.error));
    return confreg_end(&call, is_done ? Py_NewRef(Py_None) : NULL);
}

PyObject *confreg_instance_deinstantiate(PyObject *self, PyObject *args, PyObject *kwargs)
{
    creg_slice dn;
    if (!parse_dn(args, kwargs, "O&:deinstantiate", &dn))
        return NULL;
    return confreg_instance_remove((confreg_registry *)self, dn);
}

PyObject *confreg_instance_deinstantiate_all(PyObject *object, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"user", "name", "version", "all", NULL};
    creg_slice user, name, version;
    int all = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&O&O&|$p:deinstantiate_all", names,
                                     confreg_text_argument, &user, confreg_text_argument, &name,
                                     confreg_text_argument, &version, &all))
        return NULL;
    confreg_registry *self = (confreg_registry *)object;
    confreg_call call;
    if (!confreg_begin(self, &call))
        return NULL;
    creg_names removed = {NULL, 0};
    bool is_done =
        CONFREG_RUN(&call, creg_deinstantiate_all(call.handle, user, name, version, all != 0,
                                                  call.arena, &removed, &call.error));
    return confreg_end(&call, is_done ? confreg_str_list(&removed) : NULL);
}
