/* SPDX-License-Identifier: MIT */
/* Service templates: the methods of Registry that register, read and check them. */
#include "native/convert.h"
#include "native/errors.h"
#include "native/list.h"
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

static creg_status register_and_read(confreg_call *call, const creg_template *t, bool replace,
                                     creg_template *ret_stored)
{
    creg_status status = creg_template_register(call->handle, t, replace, &call->error);
    if (status != CREG_OK)
        return status;
    return creg_template_get(call->handle, t->name, t->version, call->arena, ret_stored,
                             &call->error);
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
    if (!confreg_begin(self, &call))
        return NULL;
    creg_template stored;
    bool is_done = options_document(state, options, call.arena, &t.options) == 0 &&
                   CONFREG_RUN(&call, register_and_read(&call, &t, replace != 0, &stored));
    return confreg_end(&call, is_done ? confreg_record_template(state, &stored) : NULL);
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
    if (!confreg_begin(self, &call))
        return NULL;
    creg_template found;
    bool is_done = CONFREG_RUN(
        &call, creg_template_get(call.handle, name, version, call.arena, &found, &call.error));
    return confreg_end(
        &call, is_done ? confreg_record_template(confreg_state_of(object), &found) : NULL);
}

static PyObject *template_record(void *state, const void *element)
{
    return confreg_record_template(state, element);
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
    if (!confreg_begin(self, &call))
        return NULL;
    creg_templates found;
    bool is_done = CONFREG_RUN(
        &call, creg_template_list(call.handle, name, call.arena, &found, &call.error));
    return confreg_end(&call,
                       is_done ? CONFREG_LIST(&found, template_record, confreg_state_of(object))
                               : NULL);
}

PyObject *confreg_template_deregister(PyObject *object, PyObject *args, PyObject *kwargs)
{
    creg_slice name, version;
    if (!name_and_version(args, kwargs, "O&O&:deregister", &name, &version))
        return NULL;
    confreg_registry *self = (confreg_registry *)object;
    confreg_call call;
    if (!confreg_begin(self, &call))
        return NULL;
    creg_names instances = {NULL, 0};
    bool is_done =
        CONFREG_RUN(&call, creg_template_deregister(call.handle, name, version, call.arena,
                                                    &instances, &call.error));
    return confreg_end(&call, is_done ? confreg_str_list(&instances) : NULL);
}

/* ---- what a template takes, and whether it is right -------------------------------------- */

static PyObject *option_record(void *state, const void *element)
{
    const creg_option *option = element;
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

static creg_status read_options(confreg_call *call, creg_slice name, creg_slice version,
                                creg_options *ret_options)
{
    creg_template found;
    creg_status status =
        creg_template_get(call->handle, name, version, call->arena, &found, &call->error);
    if (status != CREG_OK)
        return status;
    return creg_template_options(&found, call->arena, ret_options, &call->error);
}

PyObject *confreg_template_options(PyObject *object, PyObject *args, PyObject *kwargs)
{
    creg_slice name, version;
    if (!name_and_version(args, kwargs, "O&O&:options", &name, &version))
        return NULL;
    confreg_registry *self = (confreg_registry *)object;
    confreg_call call;
    if (!confreg_begin(self, &call))
        return NULL;
    creg_options options;
    bool is_done = CONFREG_RUN(&call, read_options(&call, name, version, &options));
    return confreg_end(&call,
                       is_done ? CONFREG_LIST(&options, option_record, confreg_state_of(object))
                               : NULL);
}

static PyObject *lint(confreg_state *state, const creg_template *t, PyObject *values,
                      confreg_call *call)
{
    creg_value given = creg_value_none();
    if (values != NULL && confreg_to_value(state, values, call->arena, &given) != 0)
        return NULL;
    creg_findings findings;
    bool is_done = CONFREG_RUN(
        call, creg_template_lint(call->handle, t, given, call->arena, &findings, &call->error));
    return is_done ? confreg_record_findings(state, &findings) : NULL;
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
    if (!confreg_begin(self, &call))
        return NULL;
    PyObject *result = NULL;
    confreg_state *state = confreg_state_of(object);
    if (options_document(state, options, call.arena, &t.options) == 0)
        result = lint(state, &t, values, &call);
    return confreg_end(&call, result);
}
