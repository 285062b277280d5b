/* SPDX-License-Identifier: MIT */
/*
 * One call of the template engine: the GIL is given away for it, and taken back in callbacks.
 *
 * The engine calls back without telling for whom, so the call that a thread is in is known by
 * thread: `current` is set exactly while the GIL is given away. Calls nest (a filter may render,
 * too); what runs in a callback is no part of the call around it.
 *
 * An exception that a callback raises stays pending in the thread's state; the engine is told a
 * failure, and when it is back the exception goes on its way.
 */
#include "native/jinja.h"

static _Thread_local confreg_run *current;

int confreg_run_begin(confreg_run *run, confreg_engine *engine)
{
    memset(run, 0, offsetof(confreg_run, err));
    creg_error_clear(&run->err);
    run->engine = engine;
    run->state = confreg_state_of((PyObject *)engine);
    run->away = (confreg_away){0};
    run->held = 0;
    if (engine->engine == NULL) {
        PyErr_SetString(PyExc_ValueError, "the engine was not set up");
        return -1;
    }
    creg_arena_init(&run->arena, CONFREG_CALL_BYTES);
    return 0;
}

void confreg_run_end(confreg_run *run)
{
    creg_arena_clear(&run->arena);
    Py_CLEAR(run->kept);
}

void confreg_run_leave(confreg_run *run)
{
    current = run;
    confreg_leave(&run->away);
}

void confreg_run_join(confreg_run *run)
{
    (void)confreg_join(&run->away); /* what was raised is seen as that of a callback is */
    current = NULL;
}

/* ---- callbacks ---------------------------------------------------------------------------- */

static creg_status failed(creg_error *err)
{
    if (err != NULL) {
        creg_error_clear(err);
        err->status = CREG_TEMPLATE_RUNTIME;
        PyOS_snprintf(err->type, sizeof err->type, "RuntimeError");
        PyOS_snprintf(err->message, sizeof err->message, "a function of the program failed");
    }
    return CREG_TEMPLATE_RUNTIME;
}

/* A value may be hashed or printed while it is converted: then the GIL is with us. */
static void take_gil(confreg_run *run)
{
    if (run->away.thread == NULL)
        run->held++;
    else
        confreg_run_join(run);
}

static void give_gil(confreg_run *run)
{
    if (run->held > 0)
        run->held--;
    else
        confreg_run_leave(run);
}

confreg_run *confreg_callback_begin(confreg_run *run, creg_error *err)
{
    if (run == NULL)
        run = current;
    take_gil(run);
    if (!PyErr_Occurred())
        return run;
    confreg_callback_end(run, true, err);
    return NULL;
}

creg_status confreg_callback_end(confreg_run *run, bool raised, creg_error *err)
{
    give_gil(run);
    return raised ? failed(err) : CREG_OK;
}

/* ---- errors --------------------------------------------------------------------------------- */

/* An exception of a callback gets a note that says where in the template it happened. */
static void add_place(const creg_error *err)
{
    PyObject *type;
    PyObject *value;
    PyObject *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    PyObject *note =
        PyUnicode_FromFormat("in template %s%s%s, line %u", err->source[0] == '\0' ? "" : "'",
                             err->source[0] == '\0' ? "<template>" : err->source,
                             err->source[0] == '\0' ? "" : "'", (unsigned)err->line);
    PyObject *done = note == NULL ? NULL : PyObject_CallMethod(value, "add_note", "O", note);
    Py_XDECREF(note);
    Py_XDECREF(done);
    PyErr_Clear(); /* of add_note: the first one matters more */
    PyErr_Restore(type, value, traceback);
}

static bool is_of_template(creg_status status)
{
    switch (status) {
    case CREG_TEMPLATE_SYNTAX:
    case CREG_TEMPLATE_UNDEFINED:
    case CREG_TEMPLATE_RUNTIME:
    case CREG_TEMPLATE_NOT_FOUND:
    case CREG_TEMPLATE_SECURITY:
        return true;
    default:
        return false;
    }
}

static PyObject *text_or_empty(const char *text)
{
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
}

/* hooks.error() makes it: the classes are Jinja2's, and those of Python that templates raise. */
static PyObject *make_error(const confreg_run *run)
{
    const creg_error *err = &run->err;
    PyObject *message = text_or_empty(err->message);
    PyObject *snippet = text_or_empty(err->snippet);
    PyObject *source = text_or_empty(err->source);
    PyObject *hint = text_or_empty(err->hint);
    PyObject *made = NULL;
    if (message != NULL && snippet != NULL && source != NULL && hint != NULL)
        made = PyObject_CallMethod(run->engine->hooks, "error", "ssOOOOII",
                                   creg_status_python(err->status), err->type, message, source,
                                   snippet, hint, (unsigned)err->line, (unsigned)err->column);
    Py_XDECREF(message);
    Py_XDECREF(snippet);
    Py_XDECREF(source);
    Py_XDECREF(hint);
    return made;
}

PyObject *confreg_run_raise(confreg_run *run)
{
    if (PyErr_Occurred()) {
        if (run->err.line != 0)
            add_place(&run->err);
        return NULL;
    }
    if (!is_of_template(run->err.status))
        return confreg_raise(run->state, &run->err);
    PyObject *error = make_error(run);
    if (error != NULL)
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    Py_XDECREF(error);
    return NULL;
}
