/* SPDX-License-Identifier: MIT */
/*
 * What every file of the extension shares: the state of one module object, and how a subject
 * adds its types to it.
 *
 * There is one state per interpreter and import, and no other memory that lives longer than a
 * call: nothing here is global. A type that is made with confreg_add_type() finds its state
 * with confreg_state_of(); none of ours can be subclassed in Python, so that always works.
 */
#ifndef CONFREG_PYTHON_MODULE_H
#define CONFREG_PYTHON_MODULE_H

#include <Python.h>
#include <stdbool.h>

#include "confreg/confreg.h"

/* Everything that one call makes on the way; the same ceiling as the library's own. */
#define CONFREG_CALL_BYTES ((size_t)2 * 1024 * 1024 * 1024)

typedef enum confreg_type_id {
    CONFREG_TYPE_REGISTRY,
    CONFREG_TYPE_KV,
    CONFREG_TYPE_ENTITY,
    CONFREG_TYPE_INSTANCE,
    CONFREG_TYPE_NODE,
    CONFREG_TYPE_SERVICE,
    CONFREG_TYPE_DISK,
    CONFREG_TYPE_NETWORK,
    CONFREG_TYPE_WATCH,
    CONFREG_TYPE_JINJA_ENVIRONMENT,
    CONFREG_TYPE_JINJA_TEMPLATE,
    CONFREG_TYPE_JINJA_MARKUP,
    CONFREG_TYPE_JINJA_HELPER,
    CONFREG_TYPE_COUNT
} confreg_type_id;

/* Classes of confreg/records.py and the like that results are made of. */
typedef enum confreg_record_id {
    CONFREG_RECORD_VERSION,
    CONFREG_RECORD_PAIR,
    CONFREG_RECORD_SNAPSHOT,
    CONFREG_RECORD_WAITED,
    CONFREG_RECORD_LIMITS,
    CONFREG_RECORD_TEMPLATE,
    CONFREG_RECORD_OPTION,
    CONFREG_RECORD_FINDING,
    CONFREG_RECORD_INSTANCE,
    CONFREG_RECORD_PLAN,
    CONFREG_RECORD_REPORT,
    CONFREG_RECORD_EVENT,
    CONFREG_RECORD_EVENT_KINDS, /* a tuple in the order of creg_event_kind */
    CONFREG_RECORD_TRANSACTION,
    CONFREG_RECORD_ASYNC_WATCH,
    CONFREG_RECORD_COUNT
} confreg_record_id;

enum { CONFREG_EXCEPTION_MAX = 40 };

typedef struct confreg_state {
    PyObject *exceptions[CONFREG_EXCEPTION_MAX]; /* in the order of errors.c */
    PyObject *types[CONFREG_TYPE_COUNT];
    PyObject *own_names[CONFREG_TYPE_COUNT]; /* of entities: the names that are the class's */
    PyObject *records[CONFREG_RECORD_COUNT];
} confreg_state;

/** The state of an object of one of our types. */
static inline confreg_state *confreg_state_of(PyObject *object)
{
    return (confreg_state *)PyType_GetModuleState(Py_TYPE(object));
}

/**
 * Make a type of the module, keep it in the state and, when `is_public`, name it in the module.
 * `base` may be NULL. 0, or -1 with an exception set.
 */
int confreg_add_type(PyObject *module, confreg_type_id id, PyType_Spec *spec, PyObject *base,
                     bool is_public);

/** An object of one of our types, zeroed behind its head; NULL with an exception set. */
PyObject *confreg_new(confreg_state *state, confreg_type_id id);

/** Free the memory of an object and drop its type: the end of every tp_dealloc. */
void confreg_free(PyObject *object);

/** What pickle and copy get: a TypeError that says why. METH_NOARGS `__reduce__`. */
PyObject *confreg_refuse_pickle(PyObject *self, PyObject *unused);

/* A method with keywords, in a PyMethodDef. */
#define CONFREG_KEYWORDS(function)                                                             \
    (PyCFunction)(void (*)(void))(function), METH_VARARGS | METH_KEYWORDS

#define CONFREG_NO_PICKLE                                                                      \
    {                                                                                          \
        "__reduce__", confreg_refuse_pickle, METH_NOARGS,                                      \
            "Refused: what an open handle stands for cannot be pickled."                       \
    }

/* What each subject adds to the module; 0, or -1 with an exception set. */
int confreg_add_errors(PyObject *module);
int confreg_add_registry(PyObject *module);
int confreg_add_kv(PyObject *module);
int confreg_add_entities(PyObject *module);
int confreg_add_watch(PyObject *module);
int confreg_add_jinja(PyObject *module);

#endif
