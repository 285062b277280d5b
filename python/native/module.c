/* SPDX-License-Identifier: MIT */
/*
 * The module object: multi-phase initialisation, its state, and what all types have in common.
 *
 * Every interpreter that imports the module gets a state of its own; subinterpreters and a
 * second import after the first was dropped both work.
 */
#include "native/module.h"

int confreg_add_type(PyObject *module, confreg_type_id id, PyType_Spec *spec, PyObject *base,
                     bool is_public)
{
    confreg_state *state = PyModule_GetState(module);
    PyObject *type = PyType_FromModuleAndSpec(module, spec, base);
    if (type == NULL)
        return -1;

    state->types[id] = type;
    return is_public ? PyModule_AddType(module, (PyTypeObject *)type) : 0;
}

PyObject *confreg_new(confreg_state *state, confreg_type_id id)
{
    return PyType_GenericAlloc((PyTypeObject *)state->types[id], 0);
}

void confreg_free(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(object);
    Py_DECREF(type);
}

PyObject *confreg_refuse_pickle(PyObject *self, PyObject *unused)
{
    (void)unused;
    PyObject *name = PyType_GetName(Py_TYPE(self));
    if (name != NULL)
        PyErr_Format(PyExc_TypeError,
                     "cannot pickle '%U': it belongs to an open registry of this process; "
                     "pass the store's URL and the DN instead",
                     name);
    Py_XDECREF(name);
    return NULL;
}

/* ---- classes that are easier said in Python ---------------------------------------------- */

static const struct {
    confreg_record_id id;
    const char *module;
    const char *name;
} record_names[] = {
    {CONFREG_RECORD_VERSION, "confreg._records", "Version"},
    {CONFREG_RECORD_PAIR, "confreg._records", "Pair"},
    {CONFREG_RECORD_SNAPSHOT, "confreg._records", "Snapshot"},
    {CONFREG_RECORD_WAITED, "confreg._records", "Waited"},
    {CONFREG_RECORD_LIMITS, "confreg._records", "Limits"},
    {CONFREG_RECORD_TEMPLATE, "confreg._records", "Template"},
    {CONFREG_RECORD_OPTION, "confreg._records", "Option"},
    {CONFREG_RECORD_FINDING, "confreg._records", "Finding"},
    {CONFREG_RECORD_INSTANCE, "confreg._records", "InstanceRecord"},
    {CONFREG_RECORD_PLAN, "confreg._records", "Plan"},
    {CONFREG_RECORD_REPORT, "confreg._records", "Report"},
    {CONFREG_RECORD_EVENT, "confreg._records", "Event"},
    {CONFREG_RECORD_EVENT_KINDS, "confreg._records", "EVENT_KINDS"},
    {CONFREG_RECORD_TRANSACTION, "confreg._transaction", "Transaction"},
    {CONFREG_RECORD_ASYNC_WATCH, "confreg._async", "AsyncWatch"},
};

static int load_records(confreg_state *state)
{
    for (size_t i = 0; i < sizeof record_names / sizeof *record_names; i++) {
        PyObject *module = PyImport_ImportModule(record_names[i].module);
        if (module == NULL)
            return -1;
        PyObject *record = PyObject_GetAttrString(module, record_names[i].name);
        Py_DECREF(module);
        if (record == NULL)
            return -1;
        state->records[record_names[i].id] = record;
    }
    return 0;
}

/* ---- the life of the module -------------------------------------------------------------- */

static int module_exec(PyObject *module)
{
    static int (*const subjects[])(PyObject *) = {confreg_add_errors, confreg_add_registry,
                                                  confreg_add_kv,     confreg_add_entities,
                                                  confreg_add_watch,  confreg_add_jinja};
    if (load_records(PyModule_GetState(module)) != 0)
        return -1;
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
        if (subjects[i](module) != 0)
            return -1;
    return PyModule_AddStringConstant(module, "__version__", creg_version_text());
}

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
    confreg_state *state = PyModule_GetState(module);
    for (size_t i = 0; i < CONFREG_EXCEPTION_MAX; i++)
        Py_VISIT(state->exceptions[i]);
    for (size_t i = 0; i < CONFREG_TYPE_COUNT; i++) {
        Py_VISIT(state->types[i]);
        Py_VISIT(state->own_names[i]);
    }
    for (size_t i = 0; i < CONFREG_RECORD_COUNT; i++)
        Py_VISIT(state->records[i]);
    return 0;
}

static int module_clear(PyObject *module)
{
    confreg_state *state = PyModule_GetState(module);
    for (size_t i = 0; i < CONFREG_EXCEPTION_MAX; i++)
        Py_CLEAR(state->exceptions[i]);
    for (size_t i = 0; i < CONFREG_TYPE_COUNT; i++) {
        Py_CLEAR(state->types[i]);
        Py_CLEAR(state->own_names[i]);
    }
    for (size_t i = 0; i < CONFREG_RECORD_COUNT; i++)
        Py_CLEAR(state->records[i]);
    return 0;
}

static void module_free(void *module)
{
    (void)module_clear(module);
}

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, (void *)(uintptr_t)module_exec},
                                          {0, NULL}};

static struct PyModuleDef module_definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "confreg._native",
    .m_doc = "The configuration registry, in C. Import `confreg` instead.",
    .m_size = sizeof(confreg_state),
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC PyInit__native(void);

PyMODINIT_FUNC PyInit__native(void)
{
    return PyModuleDef_Init(&module_definition);
}
