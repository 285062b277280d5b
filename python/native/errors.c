/* SPDX-License-Identifier: MIT */
/*
 * The tree of exceptions, and the making of one from a creg_error.
 *
 * Which class stands for which status is said in the public status list; here is what the
 * classes are. Each derives from RegistryError and, where Python has a word for it, from the
 * standard class, so that `except LookupError` and `except OSError` do what they say.
 */
#include "native/errors.h"

/* X(name, bases, what it means) in an order in which bases come first. */
#define EXCEPTIONS(X)                                                                          \
    X("RegistryError", "Exception",                                                            \
      "The base of all: `message`, `hint`, `status`, `detail` (what the store said) and "      \
      "`retry` ('no', 'safe' or 'unknown').")                                                  \
    X("StoreError", "RegistryError OSError", "Something about the store itself.")              \
    X("StoreIOError", "StoreError", "Input or output failed; nothing was done.")               \
    X("StoreUnreachable", "StoreError", "No server answered; nothing was done.")               \
    X("StoreTimeout", "StoreError TimeoutError", "No answer in time; nothing was done.")       \
    X("OutcomeUnknown", "StoreError",                                                          \
      "Sent, but no answer: it may have happened. `dn` and `request_id` tell what to ask.")    \
    X("StoreDamaged", "StoreError", "The store is damaged.")                                   \
    X("StoreFull", "StoreError", "No space left for the store; nothing was done.")             \
    X("PermissionDenied", "StoreError PermissionError", "The store refuses it.")               \
    X("KeyDoesNotExist", "RegistryError LookupError", "There is no such key or thing.")        \
    X("NoSuchProperty", "KeyDoesNotExist AttributeError",                                      \
      "The attribute of a live object names a property that is not there.")                    \
    X("AlreadyExists", "RegistryError", "It exists already.")                                  \
    X("ConflictError", "RegistryError", "Somebody else changed it, or it is still in use.")    \
    X("LimitExceeded", "RegistryError", "Too large, too deep or too long.")                    \
    X("UsageError", "RegistryError ValueError", "Wrong use of a call, or a wrong URL.")        \
    X("InvalidError", "RegistryError ValueError", "The data is not valid.")                    \
    X("InvalidName", "InvalidError", "Not a valid name, key or DN.")                           \
    X("InvalidOptionsError", "InvalidError", "Options are missing, unknown or malformed.")     \
    X("NestedListsNotSupportedError", "InvalidError", "A list in a list, or a map in a list.") \
    X("UnsupportedTypeError", "InvalidError TypeError", "No text stands for such a value.")    \
    X("UnsupportedTemplateFormatError", "InvalidError", "No such type of service template.")   \
    X("TemplateError", "RegistryError",                                                        \
      "Something about a template: `line`, `column`, `snippet`, `source`.")                    \
    X("TemplateSyntaxError", "TemplateError ValueError", "The template cannot be parsed.")     \
    X("TemplateRuntimeError", "TemplateError", "The template failed while it was rendered.")   \
    X("UndefinedError", "TemplateRuntimeError", "The template uses a name nobody supplied.")   \
    X("SecurityError", "TemplateRuntimeError", "The template's sandbox refused it.")           \
    X("TemplateNotFound", "TemplateError LookupError", "The loader knows no such template.")   \
    X("NotSupportedError", "RegistryError NotImplementedError", "This store cannot do it.")    \
    X("ForkedError", "RegistryError RuntimeError",                                             \
      "The handle was opened before fork(); the child opens its own.")                         \
    X("CancelledError", "RegistryError", "Cancelled; nothing was done.")                       \
    X("InternalError", "RegistryError RuntimeError", "An error of ours; please report it.")

static const struct {
    const char *name;
    const char *bases;
    const char *doc;
} exceptions[] = {
#define EXCEPTION_ROW(name, bases, doc) {name, bases, doc},
    EXCEPTIONS(EXCEPTION_ROW)
#undef EXCEPTION_ROW
};

enum { EXCEPTION_COUNT = sizeof exceptions / sizeof *exceptions };
_Static_assert((int)EXCEPTION_COUNT <= (int)CONFREG_EXCEPTION_MAX,
               "raise CONFREG_EXCEPTION_MAX");

/* ---- the classes ------------------------------------------------------------------------- */

/** A class of ours that is made already, else one of Python's; a new reference. */
static PyObject *class_named(const confreg_state *state, const char *name, size_t size)
{
    for (size_t i = 0; i < EXCEPTION_COUNT && state->exceptions[i] != NULL; i++)
        if (strlen(exceptions[i].name) == size && memcmp(exceptions[i].name, name, size) == 0)
            return Py_NewRef(state->exceptions[i]);

    char text[64];
    PyOS_snprintf(text, sizeof text, "%.*s", (int)size, name);
    PyObject *builtins = PyImport_ImportModule("builtins");
    PyObject *found = builtins == NULL ? NULL : PyObject_GetAttrString(builtins, text);
    Py_XDECREF(builtins);
    return found;
}

static PyObject *bases_of(const confreg_state *state, const char *names)
{
    PyObject *bases = PyList_New(0);
    while (bases != NULL && *names != '\0') {
        size_t size = strcspn(names, " ");
        PyObject *base = class_named(state, names, size);
        if (base == NULL || PyList_Append(bases, base) != 0)
            Py_CLEAR(bases);
        Py_XDECREF(base);
        names += size + (names[size] == ' ');
    }
    PyObject *tuple = bases == NULL ? NULL : PyList_AsTuple(bases);
    Py_XDECREF(bases);
    return tuple;
}

/** `message` of any of them, also of one that somebody made in Python. */
static PyObject *get_message(PyObject *self, void *unused)
{
    (void)unused;
    PyObject *arguments = PyObject_GetAttrString(self, "args");
    if (arguments == NULL)
        return NULL;
    PyObject *first = PyTuple_Size(arguments) > 0 ? PyTuple_GetItem(arguments, 0) : NULL;
    PyObject *text = first == NULL ? PyUnicode_FromString("") : PyObject_Str(first);
    Py_DECREF(arguments);
    return text;
}

static PyGetSetDef base_getset[] = {
    {"message", get_message, NULL, "What happened, in one line.", NULL}, {0}};

static PyObject *make_base(PyObject *module, PyObject *bases)
{
    PyType_Slot slots[] = {{Py_tp_doc, (void *)(uintptr_t)exceptions[0].doc},
                           {Py_tp_getset, base_getset},
                           {0, NULL}};
    PyType_Spec spec = {.name = "confreg.RegistryError",
                        .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
                        .slots = slots};
    return PyType_FromModuleAndSpec(module, &spec, bases);
}

static PyObject *make_class(PyObject *module, size_t index)
{
    confreg_state *state = PyModule_GetState(module);
    PyObject *bases = bases_of(state, exceptions[index].bases);
    if (bases == NULL)
        return NULL;

    PyObject *made;
    if (index == 0) {
        made = make_base(module, bases);
    } else {
        char name[80];
        PyOS_snprintf(name, sizeof name, "confreg.%s", exceptions[index].name);
        made = PyErr_NewExceptionWithDoc(name, exceptions[index].doc, bases, NULL);
    }
    Py_DECREF(bases);
    return made;
}

/* What an exception says when it was not made from an error of the library. */
static int set_defaults(PyObject *base)
{
    static const char *const texts[] = {"hint",    "status", "detail",     "retry", "source",
                                        "snippet", "dn",     "request_id", "type"};
    PyObject *empty = PyUnicode_FromString("");
    PyObject *zero = PyLong_FromLong(0);
    int result = empty == NULL || zero == NULL ? -1 : 0;
    for (size_t i = 0; result == 0 && i < sizeof texts / sizeof *texts; i++)
        result = PyObject_SetAttrString(base, texts[i], empty);
    if (result == 0)
        result = PyObject_SetAttrString(base, "line", zero);
    if (result == 0)
        result = PyObject_SetAttrString(base, "column", zero);
    Py_XDECREF(empty);
    Py_XDECREF(zero);
    return result;
}

int confreg_add_errors(PyObject *module)
{
    confreg_state *state = PyModule_GetState(module);
    for (size_t i = 0; i < EXCEPTION_COUNT; i++) {
        state->exceptions[i] = make_class(module, i);
        if (state->exceptions[i] == NULL ||
            PyModule_AddObjectRef(module, exceptions[i].name, state->exceptions[i]) != 0)
            return -1;
    }
    return set_defaults(state->exceptions[0]);
}

/* ---- one exception ----------------------------------------------------------------------- */

/** Borrowed from the state, or one of Python's own. */
static PyObject *class_of_name(const confreg_state *state, const char *name)
{
    for (size_t i = 0; i < EXCEPTION_COUNT; i++)
        if (strcmp(exceptions[i].name, name) == 0)
            return state->exceptions[i];
    return strcmp(name, "MemoryError") == 0 ? PyExc_MemoryError : state->exceptions[0];
}

static int set_text(PyObject *exception, const char *name, const char *text)
{
    if (text[0] == '\0')
        return 0; /* the class says "" already */
    PyObject *value = PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
    int result = value == NULL ? -1 : PyObject_SetAttrString(exception, name, value);
    Py_XDECREF(value);
    return result;
}

static int set_number(PyObject *exception, const char *name, uint32_t number)
{
    if (number == 0)
        return 0;
    PyObject *value = PyLong_FromUnsignedLong(number);
    int result = value == NULL ? -1 : PyObject_SetAttrString(exception, name, value);
    Py_XDECREF(value);
    return result;
}

static const char *retry_text(creg_status status)
{
    switch (creg_status_retry(status)) {
    case CREG_RETRY_SAFE:
        return "safe";
    case CREG_RETRY_UNKNOWN:
        return "unknown";
    case CREG_RETRY_NO:
    default:
        return "no";
    }
}

/** The hint is shown below a traceback, as a note. */
static int add_hint(PyObject *exception, const char *hint)
{
    if (hint[0] == '\0')
        return 0;
    PyObject *note = PyUnicode_FromFormat("hint: %s", hint);
    PyObject *done =
        note == NULL ? NULL : PyObject_CallMethod(exception, "add_note", "O", note);
    Py_XDECREF(note);
    Py_XDECREF(done);
    return done == NULL ? -1 : set_text(exception, "hint", hint);
}

static int fill(PyObject *exception, const creg_error *err)
{
    if (set_text(exception, "status", creg_status_name(err->status)) != 0 ||
        set_text(exception, "retry", retry_text(err->status)) != 0 ||
        set_text(exception, "detail", err->detail) != 0 ||
        set_text(exception, "type", err->type) != 0 ||
        set_text(exception, "source", err->source) != 0 ||
        set_text(exception, "snippet", err->snippet) != 0 ||
        set_text(exception, "dn", err->dn) != 0 ||
        set_text(exception, "request_id", err->request_id) != 0 ||
        set_number(exception, "line", err->line) != 0 ||
        set_number(exception, "column", err->column) != 0)
        return -1;
    return add_hint(exception, err->hint);
}

static PyObject *raise_class(PyObject *class, const creg_error *err)
{
    if (PyErr_Occurred())
        return NULL;
    PyObject *message =
        PyUnicode_DecodeUTF8(err->message, (Py_ssize_t)strlen(err->message), "replace");
    PyObject *exception =
        message == NULL ? NULL : PyObject_CallFunctionObjArgs(class, message, NULL);
    Py_XDECREF(message);
    if (exception == NULL)
        return NULL;
    if (class == PyExc_MemoryError || fill(exception, err) == 0)
        PyErr_SetObject(class, exception);
    Py_DECREF(exception);
    return NULL;
}

PyObject *confreg_raise(confreg_state *state, const creg_error *err)
{
    return raise_class(class_of_name(state, creg_status_python(err->status)), err);
}

PyObject *confreg_raise_attribute(confreg_state *state, const creg_error *err)
{
    if (err->status != CREG_NOT_FOUND)
        return confreg_raise(state, err);
    return raise_class(class_of_name(state, "NoSuchProperty"), err);
}

PyObject *confreg_raise_message(confreg_state *state, creg_status status, const char *message)
{
    creg_error err;
    creg_error_clear(&err);
    err.status = status;
    PyOS_snprintf(err.message, sizeof err.message, "%s", message);
    return confreg_raise(state, &err);
}

PyObject *confreg_raise_memory(confreg_state *state, const creg_arena *arena)
{
    if (arena->failed == CREG_LIMIT)
        return confreg_raise_message(state, CREG_LIMIT, "the call needs too much memory");
    return PyErr_NoMemory();
}
