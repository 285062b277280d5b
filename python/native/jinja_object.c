/* SPDX-License-Identifier: MIT */
/*
 * Python's objects and callables as templates meet them.
 *
 * Data is converted once, before the render; what is no data (functions, generators, objects
 * with attributes) stays in Python, and the engine comes back for what a template asks of it.
 * Names that begin with an underscore are never looked up, whatever the sandbox says.
 */
#include "native/jinja.h"

/** An object of Python in one run; in the run's arena. */
typedef struct host {
    confreg_run *run;
    PyObject *object; /* borrowed from run->kept */
} host;

/* ---- what a template may do with an object --------------------------------------------------- */

/* The text stays in the arena of the call. */
static int copy_text(PyObject *text, creg_arena *arena, creg_slice *ret)
{
    creg_slice slice;
    if (confreg_to_slice(text, "the text of an object", &slice) != 0)
        return -1;
    *ret = creg_arena_copy(arena, slice);
    if (ret->data == NULL)
        PyErr_NoMemory();
    return ret->data == NULL ? -1 : 0;
}

static creg_status host_print(void *user, bool as_repr, creg_arena *arena, creg_slice *ret_text,
                              creg_error *err)
{
    host *self = user;
    confreg_run *run = confreg_callback_begin(self->run, err);
    if (run == NULL)
        return CREG_TEMPLATE_RUNTIME;
    PyObject *text = as_repr ? PyObject_Repr(self->object) : PyObject_Str(self->object);
    int result = text == NULL ? -1 : copy_text(text, arena, ret_text);
    Py_XDECREF(text);
    return confreg_callback_end(run, result != 0, err);
}

static bool host_equal(void *user, void *other)
{
    host *left = user;
    host *right = other;
    if (left->object == right->object)
        return true;
    confreg_run *run = confreg_callback_begin(left->run, NULL);
    if (run == NULL)
        return false;
    int result = PyObject_RichCompareBool(left->object, right->object, Py_EQ);
    confreg_callback_end(run, result < 0, NULL);
    return result > 0;
}

static uint64_t host_hash(void *user)
{
    host *self = user;
    confreg_run *run = confreg_callback_begin(self->run, NULL);
    if (run == NULL)
        return 0;
    Py_hash_t hash = PyObject_Hash(self->object);
    if (hash == -1)
        PyErr_Clear(); /* unhashable: equality decides */
    confreg_callback_end(run, false, NULL);
    return (uint64_t)hash;
}

static bool host_truthy(void *user)
{
    host *self = user;
    confreg_run *run = confreg_callback_begin(self->run, NULL);
    if (run == NULL)
        return false;
    int result = PyObject_IsTrue(self->object);
    confreg_callback_end(run, result < 0, NULL);
    return result > 0;
}

/* Convert what a look-up gave; `absent`: the exception says that there is no such thing. */
static creg_status finish_lookup(confreg_run *run, PyObject *found, bool absent,
                                 creg_arena *arena, creg_value *ret_value, creg_error *err)
{
    if (absent)
        PyErr_Clear();
    int result = absent          ? 0
                 : found == NULL ? -1
                                 : confreg_run_convert(run, found, arena, ret_value);
    Py_XDECREF(found);
    creg_status status = confreg_callback_end(run, result != 0, err);
    return absent ? CREG_NOT_FOUND : status;
}

static creg_status host_attribute(void *user, creg_slice name, creg_arena *arena,
                                  creg_value *ret_value, creg_error *err)
{
    host *self = user;
    if (name.size > 0 && name.data[0] == '_')
        return CREG_NOT_FOUND;
    confreg_run *run = confreg_callback_begin(self->run, err);
    if (run == NULL)
        return CREG_TEMPLATE_RUNTIME;
    PyObject *text = confreg_from_slice(name);
    PyObject *found = text == NULL ? NULL : PyObject_GetAttr(self->object, text);
    Py_XDECREF(text);
    bool absent = found == NULL && PyErr_ExceptionMatches(PyExc_AttributeError);
    return finish_lookup(run, found, absent, arena, ret_value, err);
}

static creg_status host_item(void *user, creg_value key, creg_arena *arena,
                             creg_value *ret_value, creg_error *err)
{
    host *self = user;
    confreg_run *run = confreg_callback_begin(self->run, err);
    if (run == NULL)
        return CREG_TEMPLATE_RUNTIME;
    PyObject *index = confreg_run_read(run, key);
    PyObject *found = index == NULL ? NULL : PyObject_GetItem(self->object, index);
    Py_XDECREF(index);
    bool absent = found == NULL && (PyErr_ExceptionMatches(PyExc_LookupError) ||
                                    PyErr_ExceptionMatches(PyExc_TypeError) ||
                                    PyErr_ExceptionMatches(PyExc_AttributeError));
    return finish_lookup(run, found, absent, arena, ret_value, err);
}

static creg_status host_iterate(void *user, creg_arena *arena, creg_value *ret_iterable,
                                creg_error *err)
{
    host *self = user;
    confreg_run *run = confreg_callback_begin(self->run, err);
    if (run == NULL)
        return CREG_TEMPLATE_RUNTIME;
    PyObject *iterator = PyObject_GetIter(self->object);
    int result =
        iterator == NULL ? -1 : confreg_run_convert(run, iterator, arena, ret_iterable);
    Py_XDECREF(iterator);
    return confreg_callback_end(run, result != 0, err);
}

static creg_status host_next(void *user, creg_arena *arena, creg_value *ret_item,
                             creg_error *err)
{
    host *self = user;
    confreg_run *run = confreg_callback_begin(self->run, err);
    if (run == NULL)
        return CREG_TEMPLATE_RUNTIME;
    PyObject *item = PyIter_Next(self->object);
    bool at_end = item == NULL && !PyErr_Occurred();
    int result = at_end         ? 0
                 : item == NULL ? -1
                                : confreg_run_convert(run, item, arena, ret_item);
    Py_XDECREF(item);
    creg_status status = confreg_callback_end(run, result != 0, err);
    return at_end ? CREG_NOT_FOUND : status;
}

static creg_status host_length(void *user, size_t *ret_length, creg_error *err)
{
    host *self = user;
    confreg_run *run = confreg_callback_begin(self->run, err);
    if (run == NULL)
        return CREG_TEMPLATE_RUNTIME;
    Py_ssize_t length = PyObject_Size(self->object);
    *ret_length = (size_t)length;
    return confreg_callback_end(run, length < 0, err);
}

static creg_status host_contains(void *user, creg_value needle, bool *ret_contains,
                                 creg_error *err)
{
    host *self = user;
    confreg_run *run = confreg_callback_begin(self->run, err);
    if (run == NULL)
        return CREG_TEMPLATE_RUNTIME;
    PyObject *object = confreg_run_read(run, needle);
    int result = object == NULL ? -1 : PySequence_Contains(self->object, object);
    Py_XDECREF(object);
    *ret_contains = result > 0;
    return confreg_callback_end(run, result < 0, err);
}

/* ---- calling --------------------------------------------------------------------------------- */

static PyObject *read_positional(confreg_run *run, const jinja_arguments *arguments)
{
    PyObject *tuple = PyTuple_New((Py_ssize_t)arguments->count);
    for (size_t i = 0; tuple != NULL && i < arguments->count; i++) {
        PyObject *item = confreg_run_read(run, arguments->positional[i]);
        if (item == NULL || PyTuple_SetItem(tuple, (Py_ssize_t)i, item) != 0)
            Py_CLEAR(tuple);
    }
    return tuple;
}

static PyObject *read_keywords(confreg_run *run, const jinja_arguments *arguments)
{
    PyObject *dict = PyDict_New();
    for (size_t i = 0; dict != NULL && i < arguments->keyword_count; i++) {
        PyObject *key = confreg_from_slice(creg_value_text(arguments->keywords[i].key));
        PyObject *value =
            key == NULL ? NULL : confreg_run_read(run, arguments->keywords[i].value);
        if (value == NULL || PyDict_SetItem(dict, key, value) != 0)
            Py_CLEAR(dict);
        Py_XDECREF(key);
        Py_XDECREF(value);
    }
    return dict;
}

static PyObject *call_with(confreg_run *run, PyObject *function,
                           const jinja_arguments *arguments)
{
    PyObject *positional = read_positional(run, arguments);
    PyObject *keywords = NULL;
    if (positional != NULL && arguments->keyword_count > 0)
        keywords = read_keywords(run, arguments);
    PyObject *result = positional == NULL || PyErr_Occurred()
                           ? NULL
                           : PyObject_Call(function, positional, keywords);
    Py_XDECREF(positional);
    Py_XDECREF(keywords);
    return result;
}

static creg_status call_python(PyObject *function, const jinja_arguments *arguments,
                               creg_arena *arena, creg_value *ret_value, creg_error *err)
{
    confreg_run *run = confreg_callback_begin(NULL, err);
    if (run == NULL)
        return CREG_TEMPLATE_RUNTIME;
    PyObject *result = call_with(run, function, arguments);
    int done = result == NULL ? -1 : confreg_run_convert(run, result, arena, ret_value);
    Py_XDECREF(result);
    return confreg_callback_end(run, done != 0, err);
}

creg_status confreg_call_link(void *user, const jinja_arguments *arguments, creg_arena *arena,
                              creg_value *ret_value, creg_error *err)
{
    const confreg_link *link = user;
    return call_python(link->function, arguments, arena, ret_value, err);
}

/* hooks.callable() refuses what the sandbox forbids and binds what asks for the environment. */
static creg_status host_call(void *user, const jinja_arguments *arguments, creg_arena *arena,
                             creg_value *ret_value, creg_error *err)
{
    host *self = user;
    confreg_run *run = confreg_callback_begin(self->run, err);
    if (run == NULL)
        return CREG_TEMPLATE_RUNTIME;
    PyObject *function = PyObject_CallMethod(run->engine->hooks, "callable", "O", self->object);
    PyObject *result = function == NULL ? NULL : call_with(run, function, arguments);
    int done = result == NULL ? -1 : confreg_run_convert(run, result, arena, ret_value);
    Py_XDECREF(function);
    Py_XDECREF(result);
    return confreg_callback_end(run, done != 0, err);
}

creg_status confreg_call_finalize(void *user, const jinja_arguments *arguments,
                                  creg_arena *arena, creg_value *ret_value, creg_error *err)
{
    confreg_engine *engine = user;
    confreg_run *run = confreg_callback_begin(NULL, err);
    if (run == NULL)
        return CREG_TEMPLATE_RUNTIME;
    PyObject *function = PyObject_GetAttrString(engine->hooks, "finalize");
    PyObject *result = function == NULL ? NULL : call_with(run, function, arguments);
    int done = result == NULL ? -1 : confreg_run_convert(run, result, arena, ret_value);
    Py_XDECREF(function);
    Py_XDECREF(result);
    return confreg_callback_end(run, done != 0, err);
}

/* ---- loading --------------------------------------------------------------------------------- */

static int load(confreg_engine *engine, creg_slice name, creg_arena *arena,
                creg_slice *ret_source, bool *ret_found)
{
    PyObject *text = confreg_from_slice(name);
    PyObject *source =
        text == NULL ? NULL : PyObject_CallMethod(engine->hooks, "source", "O", text);
    *ret_found = source != NULL && source != Py_None;
    int result = source == NULL ? -1 : *ret_found ? copy_text(source, arena, ret_source) : 0;
    Py_XDECREF(text);
    Py_XDECREF(source);
    return result;
}

creg_status confreg_call_loader(void *user, creg_slice name, creg_arena *arena,
                                creg_slice *ret_source, creg_error *err)
{
    bool found = false;
    confreg_run *run = confreg_callback_begin(NULL, err);
    if (run == NULL)
        return CREG_TEMPLATE_RUNTIME;
    int result = load(user, name, arena, ret_source, &found);
    creg_status status = confreg_callback_end(run, result != 0, err);
    if (status != CREG_OK || found)
        return status;
    if (err != NULL) {
        creg_error_clear(err);
        err->status = CREG_NOT_FOUND;
        PyOS_snprintf(err->message, sizeof err->message, "%.*s",
                      (int)(name.size > 500 ? 500 : name.size), name.data);
    }
    return CREG_NOT_FOUND;
}

bool confreg_call_autoescape(void *user, creg_slice name)
{
    confreg_engine *engine = user;
    confreg_run *run = confreg_callback_begin(NULL, NULL);
    if (run == NULL)
        return true;
    PyObject *text = confreg_from_slice(name);
    PyObject *answer =
        text == NULL ? NULL : PyObject_CallMethod(engine->hooks, "escapes", "O", text);
    int result = answer == NULL ? -1 : PyObject_IsTrue(answer);
    Py_XDECREF(text);
    Py_XDECREF(answer);
    confreg_callback_end(run, result < 0, NULL);
    return result != 0;
}

/* ---- into the engine ------------------------------------------------------------------------- */

static bool type_has(PyObject *object, const char *name)
{
    return PyObject_HasAttrString((PyObject *)Py_TYPE(object), name) != 0;
}

static jinja_object_class class_for(PyObject *object)
{
    bool is_type = PyType_Check(object);
    bool iterates = PyIter_Check(object) != 0;
    return (jinja_object_class){
        .print = host_print,
        .equal = host_equal,
        .hash = host_hash,
        .truthy = host_truthy,
        .attribute = host_attribute,
        .item = !is_type && type_has(object, "__getitem__") ? host_item : NULL,
        .call = PyCallable_Check(object) ? host_call : NULL,
        .next = iterates ? host_next : NULL,
        .iterate = !iterates && type_has(object, "__iter__") ? host_iterate : NULL,
        .length = type_has(object, "__len__") ? host_length : NULL,
        .contains = type_has(object, "__contains__") ? host_contains : NULL,
    };
}

static int keep(confreg_run *run, PyObject *object)
{
    if (run->kept == NULL)
        run->kept = PyList_New(0);
    return run->kept == NULL ? -1 : PyList_Append(run->kept, object);
}

static int type_name(PyObject *object, creg_arena *arena, const char **ret)
{
    PyObject *name = PyType_GetName(Py_TYPE(object));
    creg_slice text;
    int result = name == NULL ? -1 : copy_text(name, arena, &text);
    Py_XDECREF(name);
    if (result == 0)
        *ret = text.data;
    return result;
}

static int make_host(confreg_run *run, PyObject *object, creg_arena *arena, creg_value *ret)
{
    const char *name;
    if (keep(run, object) != 0 || type_name(object, arena, &name) != 0)
        return -1;
    host *self = creg_arena_alloc(arena, sizeof *self);
    jinja_object_class class_ = class_for(object);
    creg_error err;
    creg_error_clear(&err);
    if (self == NULL || jinja_object_new(&class_, name, self, arena, ret, &err) != CREG_OK) {
        confreg_raise_memory(run->state, arena);
        return -1;
    }
    *self = (host){.run = run, .object = object};
    return 0;
}

/* What knows its own HTML: markupsafe's protocol. */
static int convert_html(confreg_run *run, PyObject *object, creg_arena *arena, creg_value *ret)
{
    PyObject *html = PyObject_CallMethod(object, "__html__", NULL);
    int result = html == NULL ? -1 : confreg_run_convert(run, html, arena, ret);
    Py_XDECREF(html);
    if (result == 0 && creg_value_is(*ret, CREG_KIND_STRING))
        ret->flags |= CREG_STRING_MARKUP;
    return result;
}

static int convert_other(confreg_converter *converter, PyObject *object, creg_value *ret)
{
    confreg_run *run = converter->user;
    if (type_has(object, "__html__"))
        return convert_html(run, object, converter->arena, ret);
    if (type_has(object, "_confreg_undefined")) {
        *ret = creg_value_undefined();
        return 0;
    }
    return make_host(run, object, converter->arena, ret);
}

int confreg_run_convert(confreg_run *run, PyObject *object, creg_arena *arena, creg_value *ret)
{
    confreg_converter converter = {
        .state = run->state, .arena = arena, .other = convert_other, .user = run};
    return confreg_convert(&converter, object, ret);
}

/* ---- and out again --------------------------------------------------------------------------- */

static PyObject *read_markup(confreg_run *run, creg_value value)
{
    PyObject *text = confreg_from_slice(creg_value_text(value));
    PyObject *markup =
        text == NULL ? NULL : PyObject_CallMethod(run->engine->hooks, "markup", "O", text);
    Py_XDECREF(text);
    return markup;
}

/* A macro, a cycler, a namespace: the engine's own, of no use to Python but as text. */
static PyObject *read_as_text(confreg_run *run, creg_value value)
{
    creg_slice text;
    creg_error err;
    creg_error_clear(&err);
    creg_status status = creg_value_str(value, &run->arena, &text, &err);
    if (PyErr_Occurred())
        return NULL;
    return status == CREG_OK ? confreg_from_slice(text) : confreg_raise(run->state, &err);
}

static PyObject *read_other(confreg_reader *reader, creg_value value)
{
    confreg_run *run = reader->user;
    if (value.kind == CREG_KIND_STRING)
        return read_markup(run, value);
    if (value.kind == CREG_KIND_UNDEFINED)
        return PyObject_CallMethod(run->engine->hooks, "undefined", NULL);
    host *self = jinja_object_user(value);
    if (self != NULL)
        return Py_NewRef(self->object);
    return read_as_text(run, value);
}

PyObject *confreg_run_read(confreg_run *run, creg_value value)
{
    confreg_reader reader = {.state = run->state, .other = read_other, .user = run};
    return confreg_read(&reader, value);
}
