/* SPDX-License-Identifier: MIT */
/* Service templates: the methods of Registry that register, read and check them. */
#include "native/convert.h"
#include "native/errors.h"
#include "native/records.h"
#include "native/registry.h"
#include "native/registry_methods.h"
#include "native/text.h"

/** The options document: a str is JSON already, anything else is written as JSON. */
static int options_document(confreg_state *state, PyObject *options, creg_arena *arena,
                            creg_slice *ret_text)
{
    if (options == NULL || options == Py_None) {
        *ret_text = creg_slice_of("{}");
        return 0;
    }
    if (PyUnicode_Check(options))
        return confreg_text(options, ret_text);

    creg_value value;
    if (confreg_to_value(state, options, arena, &value) != 0)
        return -1;
    creg_error err;
    if (creg_json_print(value, &(creg_json_style){0}, arena, ret_text, &err) == CREG_OK)
        return 0;
    (void)confreg_raise(state, &err);
    return -1;
}

PyObject *confreg_template_register(PyObject *object, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {
        "name",     "version",   "body", "options",    "description", "type", "orchestrator",
        "logo_url", "undefined", "yaml", "autoescape", "replace",     NULL};
    creg_template t = {0};
    PyObject *options = NULL;
    int replace = 0;
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "O&O&O&|O$O&O&O&O&O&O&O&p:register", names, confreg_text_argument,
            &t.name, confreg_text_argument, &t.version, confreg_text_argument, &t.body,
            &options, confreg_text_argument, &t.description, confreg_text_argument, &t.type,
            confreg_text_argument, &t.orchestrator, confreg_text_argument, &t.logo_url,
            confreg_text_argument, &t.undefined, confreg_text_argument, &t.yaml,
            confreg_text_argument, &t.autoescape, &replace))
        return NULL;

    confreg_registry *self = (confreg_registry *)object;
    confreg_state *state = confreg_state_of(object);
    confreg_call call;
    creg_registry *handle = confreg_begin(self, &call);
    if (handle == NULL)
        return NULL;
    creg_template stored;
    creg_status status = CREG_INTERNAL;
    PyObject *result = NULL;
    if (options_document(state, options, call.arena, &t.options) == 0) {
        Py_BEGIN_ALLOW_THREADS
        status = creg_template_register(handle, &t, replace != 0, &call.error);
        if (status == CREG_OK)
            status =
                creg_template_get(handle, t.name, t.version, call.arena, &stored, &call.error);
        Py_END_ALLOW_THREADS
        result = status == CREG_OK ? confreg_record_template(state, &stored)
                                   : confreg_raise(state, &call.error);
    }
    confreg_end(self, &call);
    return result;
}

/* What both readers of one template begin with. */
static int name_and_version(PyObject *args, PyObject *kwargs, const char *format,
                            creg_slice *name, creg_slice *version)
{
    static char *names[] = {"name", "version", NULL};
    return PyArg_ParseTupleAndKeywords(args, kwargs, format, names, confreg_text_argument, name,
                                       confreg_text_argument, version);
}

PyObject *confreg_template_get(PyObject *object, PyObject *args, PyObject *kwargs)
{
    creg_slice name, version;
    if (!name_and_version(args, kwargs, "O&O&:template", &name, &version))
        return NULL;
    confreg_registry *self = (confreg_registry *)object;
    confreg_call call;
    creg_registry *handle = confreg_begin(self, &call);
    if (handle == NULL)
        return NULL;
    creg_template found;
    creg_status status;
    Py_BEGIN_ALLOW_THREADS
    status = creg_template_get(handle, name, version, call.arena, &found, &call.error);
    Py_END_ALLOW_THREADS
    PyObject *result = status == CREG_OK
                           ? confreg_record_template(confreg_state_of(object), &found)
                           : confreg_raise(confreg_state_of(object), &call.error);
    confreg_end(self, &call);
    return result;
}

static PyObject *template_records(confreg_state *state, const creg_templates *templates)
{
    PyObject *list = PyList_New((Py_ssize_t)templates->size);
    for (size_t i = 0; list != NULL && i < templates->size; i++) {
        PyObject *record = confreg_record_template(state, &templates->items[i]);
        if (record == NULL || PyList_SetItem(list, (Py_ssize_t)i, record) != 0)
            Py_CLEAR(list);
    }
    return list;
}

PyObject *confreg_template_list(PyObject *object, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"name", NULL};
    creg_slice name = {NULL, 0};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O&:templates", names,
                                     confreg_optional_text_argument, &name))
        return NULL;
    confreg_registry *self = (confreg_registry *)object;
    confreg_call call;
    creg_registry *handle = confreg_begin(self, &call);
    if (handle == NULL)
        return NULL;
    creg_templates found;
    creg_status status;
    Py_BEGIN_ALLOW_THREADS
    status = creg_template_list(handle, name, call.arena, &found, &call.error);
    Py_END_ALLOW_THREADS
    PyObject *result = status == CREG_OK ? template_records(confreg_state_of(object), &found)
                                         : confreg_raise(confreg_state_of(object), &call.error);
    confreg_end(self, &call);
    return result;
}

PyObject *confreg_template_deregister(PyObject *object, PyObject *args, PyObject *kwargs)
{
    creg_slice name, version;
    if (!name_and_version(args, kwargs, "O&O&:deregister", &name, &version))
        return NULL;
    confreg_registry *self = (confreg_registry *)object;
    confreg_call call;
    creg_registry *handle = confreg_begin(self, &call);
    if (handle == NULL)
        return NULL;
    creg_names instances = {NULL, 0};
    creg_status status;
    Py_BEGIN_ALLOW_THREADS
    status =
        creg_template_deregister(handle, name, version, call.arena, &instances, &call.error);
    Py_END_ALLOW_THREADS
    PyObject *result = status == CREG_OK ? confreg_str_list(&instances)
                                         : confreg_raise(confreg_state_of(object), &call.error);
    confreg_end(self, &call);
    return result;
}

/* ---- what a template takes, and whether it is right -------------------------------------- */

static PyObject *option_record(confreg_state *state, const creg_option *option)
{
    PyObject *name = confreg_str(option->name);
    PyObject *group = confreg_str(option->group);
    PyObject *value = confreg_from_value(state, option->value);
    PyObject *type = confreg_str(option->type);
    PyObject *description = confreg_str(option->description);
    PyObject *fields = NULL;
    if (name != NULL && group != NULL && value != NULL && type != NULL && description != NULL)
        fields = PyTuple_Pack(5, name, group, value, type, description);
    Py_XDECREF(name);
    Py_XDECREF(group);
    Py_XDECREF(value);
    Py_XDECREF(type);
    Py_XDECREF(description);
    return confreg_record(state, CONFREG_RECORD_OPTION, fields);
}

static PyObject *option_records(confreg_state *state, const creg_options *options)
{
    PyObject *list = PyList_New((Py_ssize_t)options->size);
    for (size_t i = 0; list != NULL && i < options->size; i++) {
        PyObject *record = option_record(state, &options->items[i]);
        if (record == NULL || PyList_SetItem(list, (Py_ssize_t)i, record) != 0)
            Py_CLEAR(list);
    }
    return list;
}

PyObject *confreg_template_options(PyObject *object, PyObject *args, PyObject *kwargs)
{
    creg_slice name, version;
    if (!name_and_version(args, kwargs, "O&O&:options", &name, &version))
        return NULL;
    confreg_registry *self = (confreg_registry *)object;
    confreg_call call;
    creg_registry *handle = confreg_begin(self, &call);
    if (handle == NULL)
        return NULL;
    creg_template found;
    creg_options options;
    creg_status status;
    Py_BEGIN_ALLOW_THREADS
    status = creg_template_get(handle, name, version, call.arena, &found, &call.error);
    if (status == CREG_OK)
        status = creg_template_options(&found, call.arena, &options, &call.error);
    Py_END_ALLOW_THREADS
    PyObject *result = status == CREG_OK ? option_records(confreg_state_of(object), &options)
                                         : confreg_raise(confreg_state_of(object), &call.error);
    confreg_end(self, &call);
    return result;
}

static PyObject *lint(confreg_registry *self, creg_registry *handle, const creg_template *t,
                      PyObject *values, confreg_call *call)
{
    confreg_state *state = confreg_state_of((PyObject *)self);
    creg_value given = creg_value_none();
    if (values != NULL && confreg_to_value(state, values, call->arena, &given) != 0)
        return NULL;
    creg_findings findings;
    creg_status status;
    Py_BEGIN_ALLOW_THREADS
    status = creg_template_lint(handle, t, given, call->arena, &findings, &call->error);
    Py_END_ALLOW_THREADS
    return status == CREG_OK ? confreg_record_findings(state, &findings)
                             : confreg_raise(state, &call->error);
}

PyObject *confreg_template_lint(PyObject *object, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"body", "options",    "type",   "undefined",
                            "yaml", "autoescape", "values", NULL};
    creg_template t = {.name = {"template", 8}, .version = {"0", 1}};
    PyObject *options = NULL, *values = NULL;
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "O&|O$O&O&O&O&O:lint", names, confreg_text_argument, &t.body,
            &options, confreg_text_argument, &t.type, confreg_text_argument, &t.undefined,
            confreg_text_argument, &t.yaml, confreg_text_argument, &t.autoescape, &values))
        return NULL;
    confreg_registry *self = (confreg_registry *)object;
    confreg_call call;
    creg_registry *handle = confreg_begin(self, &call);
    if (handle == NULL)
        return NULL;
    PyObject *result = NULL;
    if (options_document(confreg_state_of(object), options, call.arena, &t.options) == 0)
        result = lint(self, handle, &t, values, &call);
    confreg_end(self, &call);
    return result;
}
