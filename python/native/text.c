/* SPDX-License-Identifier: MIT */
/*
 * Texts in and out. Keys and names are str. Values are bytes in the store and str in Python:
 * reading never fails, whatever another program has written, because bytes that are no UTF-8
 * come out as lone surrogates (PEP 383), and go back as the same bytes.
 */
#include "native/text.h"

#include "native/errors.h"
#include "native/list.h"

int confreg_text(PyObject *object, creg_slice *ret_text)
{
    if (!PyUnicode_Check(object)) {
        PyObject *name = PyType_GetName(Py_TYPE(object));
        if (name != NULL)
            PyErr_Format(PyExc_TypeError, "expected str, not %U", name);
        Py_XDECREF(name);
        return -1;
    }
    Py_ssize_t size = 0;
    const char *data = PyUnicode_AsUTF8AndSize(object, &size);
    if (data == NULL)
        return -1;
    *ret_text = creg_slice_make(data, (size_t)size);
    return 0;
}

int confreg_text_argument(PyObject *object, void *slice)
{
    return confreg_text(object, slice) == 0;
}

int confreg_optional_text_argument(PyObject *object, void *slice)
{
    if (object != Py_None)
        return confreg_text_argument(object, slice);
    *(creg_slice *)slice = creg_slice_make(NULL, 0);
    return 1;
}

static int bytes_slice(PyObject *object, creg_slice *ret_text)
{
    char *data = NULL;
    Py_ssize_t size = 0;
    if (PyBytes_AsStringAndSize(object, &data, &size) != 0)
        return -1;
    *ret_text = creg_slice_make(data, (size_t)size);
    return 0;
}

int confreg_bytes_argument(PyObject *object, void *slice)
{
    if (PyBytes_Check(object))
        return bytes_slice(object, slice) == 0;
    return confreg_text_argument(object, slice);
}

int confreg_seconds_argument(PyObject *object, void *seconds)
{
    double *ret = seconds;
    if (object == Py_None) {
        *ret = -1;
        return 1;
    }
    *ret = PyFloat_AsDouble(object);
    if (PyErr_Occurred())
        return 0;
    if (*ret >= 0)
        return 1;
    PyErr_SetString(PyExc_ValueError, "a timeout is a number of seconds, 0 or more, or None");
    return 0;
}

PyObject *confreg_str(creg_slice text)
{
    return PyUnicode_DecodeUTF8(text.data == NULL ? "" : text.data, (Py_ssize_t)text.size,
                                "surrogateescape");
}

static PyObject *text_item(void *unused, const void *text)
{
    (void)unused;
    return confreg_str(*(const creg_slice *)text);
}

PyObject *confreg_str_list(const creg_names *names)
{
    return CONFREG_LIST(names, text_item, NULL);
}

PyObject *confreg_pairs_dict(const creg_pairs *pairs)
{
    PyObject *dict = PyDict_New();
    for (size_t i = 0; dict != NULL && i < pairs->size; i++) {
        PyObject *key = confreg_str(pairs->items[i].key);
        PyObject *value = key == NULL ? NULL : confreg_str(pairs->items[i].value);
        if (value == NULL || PyDict_SetItem(dict, key, value) != 0)
            Py_CLEAR(dict);
        Py_XDECREF(key);
        Py_XDECREF(value);
    }
    return dict;
}

/* ---- values ------------------------------------------------------------------------------ */

static int refuse_value(confreg_state *state, PyObject *object)
{
    creg_error err;
    creg_error_clear(&err);
    err.status = CREG_UNSUPPORTED_TYPE;
    PyObject *name = PyType_GetName(Py_TYPE(object));
    const char *text = name == NULL ? NULL : PyUnicode_AsUTF8AndSize(name, NULL);
    if (text != NULL) {
        PyOS_snprintf(err.message, sizeof err.message,
                      "a value is a text, a number or a boolean, not %s", text);
        if (object == Py_None)
            PyOS_snprintf(err.hint, sizeof err.hint, "to take a property away, use unset()");
        (void)confreg_raise(state, &err);
    }
    Py_XDECREF(name);
    return -1;
}

/** A str with lone surrogates, as confreg_str() makes them, gives its bytes back. */
static int text_of_str(confreg_value_text *value, PyObject *text)
{
    Py_ssize_t size = 0;
    const char *data = PyUnicode_AsUTF8AndSize(text, &size);
    if (data != NULL) {
        value->owner = Py_NewRef(text);
        value->text = creg_slice_make(data, (size_t)size);
        return 0;
    }
    PyErr_Clear();
    value->owner = PyUnicode_AsEncodedString(text, "utf-8", "surrogateescape");
    return value->owner == NULL ? -1 : bytes_slice(value->owner, &value->text);
}

int confreg_value_text_init(confreg_value_text *value, confreg_state *state, PyObject *object)
{
    *value = (confreg_value_text){{NULL, 0}, NULL};
    if (PyUnicode_Check(object))
        return text_of_str(value, object);
    if (PyBytes_Check(object)) {
        value->owner = Py_NewRef(object);
        return bytes_slice(object, &value->text);
    }
    if (!PyLong_Check(object) && !PyFloat_Check(object))
        return refuse_value(state, object);

    PyObject *text = PyObject_Str(object);
    int result = text == NULL ? -1 : text_of_str(value, text);
    Py_XDECREF(text);
    return result;
}

void confreg_value_text_clear(confreg_value_text *value)
{
    Py_CLEAR(value->owner);
}
