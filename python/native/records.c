/* SPDX-License-Identifier: MIT */
/* The library's plain results, field by field, in the order of the classes in _records.py. */
#include "native/records.h"

#include "native/list.h"
#include "native/text.h"

PyObject *confreg_record(confreg_state *state, confreg_record_id id, PyObject *arguments)
{
    if (arguments == NULL)
        return NULL;
    PyObject *record = PyObject_Call(state->records[id], arguments, NULL);
    Py_DECREF(arguments);
    return record;
}

/* For "O&" of Py_BuildValue. */
static PyObject *text_field(void *slice)
{
    return confreg_str(*(const creg_slice *)slice);
}

static PyObject *flag_field(void *flag)
{
    return PyBool_FromLong(*(const bool *)flag);
}

/* Py_BuildValue takes no pointers to const. */
#define TEXT(field) text_field, (void *)(uintptr_t) & (field)
#define FLAG(field) flag_field, (void *)(uintptr_t) & (field)

PyObject *confreg_record_version(confreg_state *state, creg_version version)
{
    return confreg_record(state, CONFREG_RECORD_VERSION,
                          Py_BuildValue("(O&KK)", FLAG(version.present),
                                        (unsigned long long)version.major,
                                        (unsigned long long)version.minor));
}

int confreg_version_of(PyObject *object, creg_version *ret_version)
{
    *ret_version = (creg_version){0};
    if (object == Py_None)
        return 0;
    if (!PyTuple_Check(object)) {
        PyErr_SetString(PyExc_TypeError, "expected a Version, or None for an absent key");
        return -1;
    }
    int present = 0;
    unsigned long long major = 0, minor = 0;
    if (!PyArg_ParseTuple(object, "pKK;expected a Version", &present, &major, &minor))
        return -1;
    *ret_version = (creg_version){.present = present != 0, .major = major, .minor = minor};
    return 0;
}

PyObject *confreg_record_pair(confreg_state *state, const creg_pair *pair)
{
    PyObject *version = confreg_record_version(state, pair->version);
    if (version == NULL)
        return NULL;
    return confreg_record(
        state, CONFREG_RECORD_PAIR,
        Py_BuildValue("(O&O&N)", TEXT(pair->key), TEXT(pair->value), version));
}

PyObject *confreg_record_template(confreg_state *state, const creg_template *t)
{
    PyObject *fields =
        Py_BuildValue("(O&O&O&O&O&O&O&O&O&O&O&O&)", TEXT(t->name), TEXT(t->version),
                      TEXT(t->description), TEXT(t->body), TEXT(t->type), TEXT(t->options),
                      TEXT(t->orchestrator), TEXT(t->logo_url), TEXT(t->undefined),
                      TEXT(t->yaml), TEXT(t->autoescape), TEXT(t->digest));
    return confreg_record(state, CONFREG_RECORD_TEMPLATE, fields);
}

PyObject *confreg_record_instance(confreg_state *state, const creg_instance *i)
{
    PyObject *fields = Py_BuildValue(
        "(O&O&O&O&O&O&nO&O&O&O&O&O&O&)", TEXT(i->dn), TEXT(i->user), TEXT(i->name),
        TEXT(i->version), TEXT(i->id), TEXT(i->status), (Py_ssize_t)i->key_count,
        TEXT(i->digest), TEXT(i->template_digest), TEXT(i->request_id), TEXT(i->created),
        TEXT(i->author), TEXT(i->options), FLAG(i->was_repeated));
    return confreg_record(state, CONFREG_RECORD_INSTANCE, fields);
}

PyObject *confreg_record_plan(confreg_state *state, const creg_instance *instance)
{
    PyObject *record = confreg_record_instance(state, instance);
    PyObject *values = record == NULL ? NULL : confreg_pairs_dict(&instance->pairs);
    if (values == NULL) {
        Py_XDECREF(record);
        return NULL;
    }
    return confreg_record(state, CONFREG_RECORD_PLAN, Py_BuildValue("(NN)", record, values));
}

static PyObject *finding_record(void *state, const void *element)
{
    const creg_finding *finding = element;
    return confreg_record(state, CONFREG_RECORD_FINDING,
                          Py_BuildValue("(O&O&IIO&)", TEXT(finding->rule),
                                        TEXT(finding->message), finding->line, finding->column,
                                        FLAG(finding->is_error)));
}

PyObject *confreg_record_findings(confreg_state *state, const creg_findings *findings)
{
    return CONFREG_LIST(findings, finding_record, state);
}

PyObject *confreg_record_report(confreg_state *state, const creg_report *report)
{
    PyObject *findings = confreg_record_findings(state, &report->findings);
    if (findings == NULL)
        return NULL;
    return confreg_record(state, CONFREG_RECORD_REPORT,
                          Py_BuildValue("(Nnn)", findings, (Py_ssize_t)report->checked,
                                        (Py_ssize_t)report->changed));
}
