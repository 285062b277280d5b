/* SPDX-License-Identifier: MIT */
/* Making, finding and removing instances: methods of Registry. */
#include "native/convert.h"
#include "native/entity.h"
#include "native/errors.h"
#include "native/records.h"
#include "native/registry.h"
#include "native/registry_methods.h"
#include "native/text.h"

/* ---- instantiate ------------------------------------------------------------------------- */

/* What the progress callback needs to run Python while the library works without the GIL. */
typedef struct work {
    PyThreadState *thread;
    PyObject *progress; /* borrowed; may be NULL */
    volatile int is_cancelled;
} work;

/*
 * The library calls this on the thread that called it, between two requests to the store. It
 * is the place where Ctrl-C is noticed: a handler or callback that raises cancels the work,
 * and its exception is what the caller of instantiate() gets.
 */
static void on_progress(void *user_data, size_t done, size_t total)
{
    work *self = user_data;
    if (self->is_cancelled)
        return;
    PyEval_RestoreThread(self->thread);
    bool is_good = PyErr_CheckSignals() == 0;
    if (is_good && self->progress != NULL) {
        PyObject *result =
            PyObject_CallFunction(self->progress, "nn", (Py_ssize_t)done, (Py_ssize_t)total);
        is_good = result != NULL;
        Py_XDECREF(result);
    }
    if (!is_good)
        self->is_cancelled = 1;
    self->thread = PyEval_SaveThread();
}

static PyObject *instantiate(confreg_registry *self, creg_registry *handle,
                             creg_instance_spec *spec, PyObject *progress, confreg_call *call)
{
    confreg_state *state = confreg_state_of((PyObject *)self);
    work work_ = {.progress = progress};
    spec->progress = on_progress;
    spec->user_data = &work_;
    spec->cancel = &work_.is_cancelled;

    creg_instance made;
    work_.thread = PyEval_SaveThread();
    creg_status status = creg_instantiate(handle, spec, call->arena, &made, &call->error);
    PyEval_RestoreThread(work_.thread);
    if (status != CREG_OK)
        return confreg_raise(state, &call->error); /* keeps what the callback raised */
    /* Too late to cancel: it is done. The signal's exception is all that can be told. */
    if (PyErr_Occurred())
        return NULL;
    return spec->dry_run ? confreg_record_plan(state, &made) : confreg_entity_at(self, made.dn);
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
    creg_registry *handle = confreg_begin(self, &call);
    if (handle == NULL)
        return NULL;
    PyObject *result = NULL;
    if (options == NULL ||
        confreg_to_value(confreg_state_of(object), options, call.arena, &spec.options) == 0)
        result = instantiate(self, handle, &spec, progress, &call);
    confreg_end(self, &call);
    return result;
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
    creg_registry *handle = confreg_begin(self, &call);
    if (handle == NULL)
        return NULL;
    creg_instance found;
    creg_status status;
    Py_BEGIN_ALLOW_THREADS
    status = creg_instance_status(handle, request_id, call.arena, &found, &call.error);
    Py_END_ALLOW_THREADS
    PyObject *result = status == CREG_OK ? confreg_entity_at(self, found.dn)
                                         : confreg_raise(confreg_state_of(object), &call.error);
    confreg_end(self, &call);
    return result;
}

static PyObject *record_item(confreg_registry *self, const creg_instance *instance)
{
    return confreg_record_instance(confreg_state_of((PyObject *)self), instance);
}

static PyObject *live_item(confreg_registry *self, const creg_instance *instance)
{
    return confreg_entity_at(self, instance->dn);
}

static PyObject *list_of(confreg_registry *self, const creg_instances *found,
                         PyObject *(*item_of)(confreg_registry *, const creg_instance *))
{
    PyObject *list = PyList_New((Py_ssize_t)found->size);
    for (size_t i = 0; list != NULL && i < found->size; i++) {
        PyObject *item = item_of(self, &found->items[i]);
        if (item == NULL || PyList_SetItem(list, (Py_ssize_t)i, item) != 0)
            Py_CLEAR(list);
    }
    return list;
}

static PyObject *list_instances(PyObject *object, PyObject *args, PyObject *kwargs,
                                PyObject *(*item_of)(confreg_registry *, const creg_instance *))
{
    static char *names[] = {"user", "name", "version", NULL};
    creg_slice user = {NULL, 0}, name = {NULL, 0}, version = {NULL, 0};
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "|O&O&O&", names, confreg_optional_text_argument, &user,
            confreg_optional_text_argument, &name, confreg_optional_text_argument, &version))
        return NULL;
    confreg_registry *self = (confreg_registry *)object;
    confreg_call call;
    creg_registry *handle = confreg_begin(self, &call);
    if (handle == NULL)
        return NULL;
    creg_instances found;
    creg_status status;
    Py_BEGIN_ALLOW_THREADS
    status = creg_instance_list(handle, user, name, version, call.arena, &found, &call.error);
    Py_END_ALLOW_THREADS
    PyObject *result = status == CREG_OK ? list_of(self, &found, item_of)
                                         : confreg_raise(confreg_state_of(object), &call.error);
    confreg_end(self, &call);
    return result;
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
    creg_registry *handle = confreg_begin(self, &call);
    if (handle == NULL)
        return NULL;
    creg_instance found;
    creg_status status;
    Py_BEGIN_ALLOW_THREADS
    status = creg_instance_get(handle, dn, call.arena, &found, &call.error);
    Py_END_ALLOW_THREADS
    PyObject *result;
    if (status != CREG_OK)
        result = confreg_raise(confreg_state_of((PyObject *)self), &call.error);
    else
        result = is_live ? live_item(self, &found) : record_item(self, &found);
    confreg_end(self, &call);
    return result;
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
    creg_registry *handle = confreg_begin(self, &call);
    if (handle == NULL)
        return NULL;
    creg_status status;
    Py_BEGIN_ALLOW_THREADS
    status = creg_deinstantiate(handle, dn, &call.error);
    Py_END_ALLOW_THREADS
    PyObject *result = status == CREG_OK
                           ? Py_NewRef(Py_None)
                           : confreg_raise(confreg_state_of((PyObject *)self), &call.error);
    confreg_end(self, &call);
    return result;
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
    creg_registry *handle = confreg_begin(self, &call);
    if (handle == NULL)
        return NULL;
    creg_names removed = {NULL, 0};
    creg_status status;
    Py_BEGIN_ALLOW_THREADS
    status = creg_deinstantiate_all(handle, user, name, version, all != 0, call.arena, &removed,
                                    &call.error);
    Py_END_ALLOW_THREADS
    PyObject *result = status == CREG_OK ? confreg_str_list(&removed)
                                         : confreg_raise(confreg_state_of(object), &call.error);
    confreg_end(self, &call);
    return result;
}
