/* SPDX-License-Identifier: MIT */
/*
 * Between Python's objects and the values of the library.
 *
 * Exact types come first, in the order in which data has them: a render converts its whole
 * context here, so this is counted in what a render costs. Scalars of exact types run no Python
 * code; whatever else may (a Mapping's methods), so that it is held while it is looked at, and a
 * container that changes under our hands gives a strange value but no crash.
 */
#include "native/convert.h"

#include "native/errors.h"

enum { DEPTH_MAX = 200 };

/* ---- slices -------------------------------------------------------------------------------- */

PyObject *confreg_from_slice(creg_slice slice)
{
    return PyUnicode_FromStringAndSize(slice.size == 0 ? "" : slice.data,
                                       (Py_ssize_t)slice.size);
}

int confreg_to_slice(PyObject *object, const char *what, creg_slice *ret)
{
    if (!PyUnicode_Check(object)) {
        PyObject *name = PyType_GetName(Py_TYPE(object));
        PyErr_Format(PyExc_TypeError, "%s must be str, not %V", what, name, "?");
        Py_XDECREF(name);
        return -1;
    }
    Py_ssize_t size;
    const char *text = PyUnicode_AsUTF8AndSize(object, &size);
    if (text == NULL)
        return -1;
    *ret = creg_slice_make(text, (size_t)size);
    return 0;
}

static int no_room(const confreg_converter *converter)
{
    confreg_raise_memory(converter->state, converter->arena);
    return -1;
}

/* ---- scalars ------------------------------------------------------------------------------- */

static int convert_text(confreg_converter *converter, PyObject *object, creg_value *ret)
{
    Py_ssize_t size;
    const char *text = PyUnicode_AsUTF8AndSize(object, &size);
    if (text == NULL)
        return -1;
    if (size > (Py_ssize_t)UINT32_MAX) {
        confreg_raise_message(converter->state, CREG_LIMIT, "a text is longer than 4 GiB");
        return -1;
    }
    creg_slice copy = creg_arena_copy(converter->arena, creg_slice_make(text, (size_t)size));
    if (copy.data == NULL)
        return no_room(converter);
    *ret = creg_value_string(copy);
    if (PyUnicode_GetLength(object) == size)
        ret->flags = CREG_STRING_ASCII;
    return 0;
}

static int convert_bytes(confreg_converter *converter, PyObject *object, creg_value *ret)
{
    char *bytes;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(object, &bytes, &size) != 0)
        return -1;
    creg_slice copy = creg_arena_copy(converter->arena, creg_slice_make(bytes, (size_t)size));
    if (copy.data == NULL)
        return no_room(converter);
    *ret = creg_value_of_kind(CREG_KIND_BYTES);
    ret->as.text = copy.data;
    ret->size = (uint32_t)copy.size;
    return 0;
}

/* Base 16 is what both sides convert in one pass; and Python limits base 10 to 4,300 digits. */
static int convert_big(confreg_converter *converter, PyObject *object, creg_value *ret)
{
    PyObject *digits = PyNumber_ToBase(object, 16);
    creg_slice text;
    if (digits == NULL || confreg_to_slice(digits, "an integer", &text) != 0) {
        Py_XDECREF(digits);
        return -1;
    }
    creg_error err;
    creg_error_clear(&err);
    creg_status status = creg_value_integer(text, 0, converter->arena, ret, &err);
    Py_DECREF(digits);
    if (status == CREG_OK)
        return 0;
    confreg_raise(converter->state, &err);
    return -1;
}

static int convert_integer(confreg_converter *converter, PyObject *object, creg_value *ret)
{
    int overflow;
    long long integer = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (overflow != 0)
        return convert_big(converter, object, ret);
    if (integer == -1 && PyErr_Occurred())
        return -1;
    *ret = creg_value_int(integer);
    return 0;
}

static int convert_float(PyObject *object, creg_value *ret)
{
    double real = PyFloat_AsDouble(object);
    if (real == -1.0 && PyErr_Occurred())
        return -1;
    *ret = creg_value_float(real);
    return 0;
}

/* 1 when it was one of an exact type, 0 when it is something else, -1 with an exception. */
static inline int convert_scalar(confreg_converter *converter, PyObject *object,
                                 creg_value *ret)
{
    PyTypeObject *type = Py_TYPE(object);
    if (type == &PyUnicode_Type)
        return convert_text(converter, object, ret) == 0 ? 1 : -1;
    if (type == &PyLong_Type)
        return convert_integer(converter, object, ret) == 0 ? 1 : -1;
    if (object == Py_None)
        *ret = creg_value_none();
    else if (type == &PyBool_Type)
        *ret = creg_value_bool(object == Py_True);
    else if (type == &PyFloat_Type)
        return convert_float(object, ret) == 0 ? 1 : -1;
    else
        return 0;
    return 1;
}

/* ---- containers ---------------------------------------------------------------------------- */

static int convert_deep(confreg_converter *converter, PyObject *object, creg_value *ret);

/* What a container holds, borrowed from it. */
static inline int convert_held(confreg_converter *converter, PyObject *object, creg_value *ret)
{
    int scalar = convert_scalar(converter, object, ret);
    if (scalar != 0)
        return scalar > 0 ? 0 : -1;
    Py_INCREF(object);
    int result = convert_deep(converter, object, ret);
    Py_DECREF(object);
    return result;
}

static int set_entry(confreg_converter *converter, creg_map *map, PyObject *key,
                     PyObject *value)
{
    creg_value converted;
    creg_value name;
    Py_INCREF(key); /* converting the value may take it out of the dict */
    int result = convert_held(converter, value, &converted);
    if (result == 0)
        result = convert_held(converter, key, &name);
    Py_DECREF(key);
    if (result != 0)
        return -1;
    if (name.kind != CREG_KIND_STRING && !creg_value_hashable(name)) {
        confreg_raise_message(converter->state, CREG_UNSUPPORTED_TYPE,
                              "a key of a dict is of a type that cannot be a key");
        return -1;
    }
    return creg_map_set(converter->arena, map, name, converted) ? 0 : no_room(converter);
}

static int convert_dict(confreg_converter *converter, PyObject *object, creg_value *ret)
{
    creg_map *map = creg_map_new(converter->arena, (size_t)PyDict_Size(object));
    if (map == NULL)
        return no_room(converter);
    PyObject *key;
    PyObject *value;
    Py_ssize_t at = 0;
    int result = 0;
    while (result == 0 && PyDict_Next(object, &at, &key, &value))
        result = set_entry(converter, map, key, value);
    *ret = creg_value_map(map);
    return result;
}

/* The list was made with room for as many items as the object had. */
static int append_item(confreg_converter *converter, creg_list *list, PyObject *item)
{
    if (convert_held(converter, item, &list->items[list->size]) != 0)
        return -1;
    list->size++;
    return 0;
}

static int convert_list(confreg_converter *converter, PyObject *object, creg_value *ret)
{
    Py_ssize_t size = PyList_Size(object);
    creg_list *list = creg_list_new(converter->arena, (size_t)size);
    if (list == NULL)
        return no_room(converter);
    int result = 0;
    for (Py_ssize_t i = 0; result == 0 && i < size; i++) {
        PyObject *item = PyList_GetItem(object, i);
        if (item == NULL) { /* it has become shorter meanwhile */
            PyErr_Clear();
            break;
        }
        result = append_item(converter, list, item);
    }
    *ret = creg_value_list(list);
    return result;
}

static int convert_tuple(confreg_converter *converter, PyObject *object, creg_value *ret)
{
    Py_ssize_t size = PyTuple_Size(object);
    creg_list *list = creg_list_new(converter->arena, (size_t)size);
    if (list == NULL)
        return no_room(converter);
    int result = 0;
    for (Py_ssize_t i = 0; result == 0 && i < size; i++)
        result = append_item(converter, list, PyTuple_GetItem(object, i));
    *ret = creg_value_tuple(list);
    return result;
}

static int set_member(confreg_converter *converter, creg_map *map, PyObject *item)
{
    creg_value member;
    if (confreg_convert(converter, item, &member) != 0)
        return -1;
    if (!creg_value_hashable(member)) {
        confreg_raise_message(converter->state, CREG_UNSUPPORTED_TYPE,
                              "a member of a set is of a type that cannot be one");
        return -1;
    }
    return creg_map_set(converter->arena, map, member, creg_value_none()) ? 0
                                                                          : no_room(converter);
}

static int convert_set(confreg_converter *converter, PyObject *object, creg_value *ret)
{
    creg_map *map = creg_map_new(converter->arena, 0);
    PyObject *iterator = map == NULL ? NULL : PyObject_GetIter(object);
    if (iterator == NULL)
        return map == NULL ? no_room(converter) : -1;
    int result = 0;
    PyObject *item;
    while (result == 0 && (item = PyIter_Next(iterator)) != NULL) {
        result = set_member(converter, map, item);
        Py_DECREF(item);
    }
    Py_DECREF(iterator);
    *ret = creg_value_of_kind(CREG_KIND_SET);
    ret->as.map = map;
    return result == 0 && PyErr_Occurred() ? -1 : result;
}

/* ---- what is not exactly one of the builtin types ------------------------------------------- */

/* Is it what collections.abc calls `name`? -1 with an exception. */
static int is_abstract(PyObject *object, const char *name)
{
    PyObject *module = PyImport_ImportModule("collections.abc");
    PyObject *class = module == NULL ? NULL : PyObject_GetAttrString(module, name);
    int result = class == NULL ? -1 : PyObject_IsInstance(object, class);
    Py_XDECREF(class);
    Py_XDECREF(module);
    return result;
}

/* Convert a plain copy: dict(object), list(object). */
static int convert_copy(confreg_converter *converter, PyObject *object, PyTypeObject *type,
                        creg_value *ret)
{
    PyObject *copy = PyObject_CallFunctionObjArgs((PyObject *)type, object, NULL);
    if (copy == NULL)
        return -1;
    int result = type == &PyDict_Type   ? convert_dict(converter, copy, ret)
                 : type == &PyList_Type ? convert_list(converter, copy, ret)
                                        : convert_set(converter, copy, ret);
    Py_DECREF(copy);
    return result;
}

static int refuse(const confreg_converter *converter, PyObject *object)
{
    char message[200];
    PyObject *name = PyType_GetName(Py_TYPE(object));
    const char *text = name == NULL ? NULL : PyUnicode_AsUTF8AndSize(name, NULL);
    if (text != NULL) {
        PyOS_snprintf(message, sizeof message,
                      "no value stands for an object of type '%.100s': use None, bool, int, "
                      "float, str, list or dict",
                      text);
        confreg_raise_message(converter->state, CREG_UNSUPPORTED_TYPE, message);
    }
    Py_XDECREF(name);
    return -1;
}

static int convert_abstract(confreg_converter *converter, PyObject *object, creg_value *ret)
{
    static const struct {
        const char *name;
        PyTypeObject *type;
    } rows[] = {{"Mapping", &PyDict_Type}, {"Sequence", &PyList_Type}, {"Set", &PySet_Type}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int is = is_abstract(object, rows[i].name);
        if (is < 0)
            return -1;
        if (is)
            return convert_copy(converter, object, rows[i].type, ret);
    }
    return converter->other != NULL ? converter->other(converter, object, ret)
                                    : refuse(converter, object);
}

static int read_int64(PyObject *object, const char *name, int64_t *ret)
{
    PyObject *number = PyObject_GetAttrString(object, name);
    long long value = number == NULL ? -1 : PyLong_AsLongLong(number);
    Py_XDECREF(number);
    *ret = value;
    return value == -1 && PyErr_Occurred() ? -1 : 0;
}

static int convert_range(confreg_converter *converter, PyObject *object, creg_value *ret)
{
    creg_range *range = creg_arena_alloc(converter->arena, sizeof *range);
    if (range == NULL)
        return no_room(converter);
    range->size = PyObject_Size(object);
    if (range->size < 0 || read_int64(object, "start", &range->start) != 0 ||
        read_int64(object, "stop", &range->stop) != 0 ||
        read_int64(object, "step", &range->step) != 0)
        return -1;
    *ret = creg_value_of_kind(CREG_KIND_RANGE);
    ret->as.range = range;
    return 0;
}

/* Is it markupsafe's Markup, or anything else that says it is HTML already? */
static int mark_markup(PyObject *object, creg_value *ret)
{
    if (PyObject_HasAttrString(object, "__html__"))
        ret->flags |= CREG_STRING_MARKUP;
    return 0;
}

static int convert_other(confreg_converter *converter, PyObject *object, creg_value *ret)
{
    if (PyUnicode_Check(object))
        return convert_text(converter, object, ret) != 0 ? -1 : mark_markup(object, ret);
    if (PyLong_Check(object))
        return convert_integer(converter, object, ret);
    if (PyFloat_Check(object))
        return convert_float(object, ret);
    if (PyBytes_Check(object))
        return convert_bytes(converter, object, ret);
    if (PyDict_Check(object))
        return convert_dict(converter, object, ret);
    if (PyList_Check(object))
        return convert_list(converter, object, ret);
    if (PyAnySet_Check(object))
        return convert_set(converter, object, ret);
    if (Py_TYPE(object) == &PyRange_Type)
        return convert_range(converter, object, ret);
    if (PyTuple_Check(object)) /* one with named fields is looked into by their names */
        return converter->other != NULL && PyObject_HasAttrString(object, "_fields")
                   ? converter->other(converter, object, ret)
                   : convert_tuple(converter, object, ret);
    return convert_abstract(converter, object, ret);
}

static int convert_one(confreg_converter *converter, PyObject *object, creg_value *ret)
{
    PyTypeObject *type = Py_TYPE(object);
    if (type == &PyDict_Type)
        return convert_dict(converter, object, ret);
    if (type == &PyList_Type)
        return convert_list(converter, object, ret);
    if (type == &PyTuple_Type)
        return convert_tuple(converter, object, ret);
    return convert_other(converter, object, ret);
}

static int convert_deep(confreg_converter *converter, PyObject *object, creg_value *ret)
{
    if (converter->depth == DEPTH_MAX) {
        confreg_raise_message(converter->state, CREG_LIMIT,
                              "the data nests deeper than 200 levels, or contains itself");
        return -1;
    }
    converter->depth++;
    int result = convert_one(converter, object, ret);
    converter->depth--;
    return result;
}

int confreg_convert(confreg_converter *converter, PyObject *object, creg_value *ret)
{
    return convert_held(converter, object, ret);
}

int confreg_to_value(confreg_state *state, PyObject *object, creg_arena *arena, creg_value *ret)
{
    confreg_converter converter = {.state = state, .arena = arena};
    return confreg_convert(&converter, object, ret);
}

/* ---- the way back ---------------------------------------------------------------------------- */

static PyObject *read_big(confreg_reader *reader, creg_value value)
{
    creg_arena arena;
    creg_arena_init(&arena, CONFREG_CALL_BYTES);
    creg_slice digits;
    creg_error err;
    creg_error_clear(&err);
    PyObject *result = NULL;
    if (creg_value_digits(value, 16, &arena, &digits, &err) == CREG_OK) {
        creg_slice text = creg_arena_copy(&arena, digits); /* with the NUL that Python needs */
        result = text.data == NULL ? confreg_raise_memory(reader->state, &arena)
                                   : PyLong_FromString(text.data, NULL, 16);
    } else {
        confreg_raise(reader->state, &err);
    }
    creg_arena_clear(&arena);
    return result;
}

/* A numeral as it was written: int where Python's int() takes it, else float. */
static PyObject *read_number(creg_slice numeral)
{
    PyObject *text = confreg_from_slice(numeral);
    if (text == NULL)
        return NULL;
    PyObject *number = PyObject_CallFunctionObjArgs((PyObject *)&PyLong_Type, text, NULL);
    if (number == NULL && PyErr_ExceptionMatches(PyExc_ValueError)) {
        PyErr_Clear();
        number = PyFloat_FromString(text);
    }
    Py_DECREF(text);
    return number;
}

static PyObject *read_list(confreg_reader *reader, const creg_list *list)
{
    PyObject *result = PyList_New((Py_ssize_t)list->size);
    for (size_t i = 0; result != NULL && i < list->size; i++) {
        PyObject *item = confreg_read(reader, list->items[i]);
        if (item == NULL || PyList_SetItem(result, (Py_ssize_t)i, item) != 0)
            Py_CLEAR(result);
    }
    return result;
}

static PyObject *read_tuple(confreg_reader *reader, const creg_list *list)
{
    PyObject *result = PyTuple_New((Py_ssize_t)list->size);
    for (size_t i = 0; result != NULL && i < list->size; i++) {
        PyObject *item = confreg_read(reader, list->items[i]);
        if (item == NULL || PyTuple_SetItem(result, (Py_ssize_t)i, item) != 0)
            Py_CLEAR(result);
    }
    return result;
}

static int read_entry(confreg_reader *reader, const creg_entry *entry, PyObject *result)
{
    PyObject *key = confreg_read(reader, entry->key);
    PyObject *value = key == NULL ? NULL : confreg_read(reader, entry->value);
    int done = value == NULL ? -1 : PyDict_SetItem(result, key, value);
    Py_XDECREF(key);
    Py_XDECREF(value);
    return done;
}

static PyObject *read_map(confreg_reader *reader, const creg_map *map)
{
    PyObject *result = PyDict_New();
    for (size_t i = 0; result != NULL && i < map->filled; i++)
        if (map->entries[i].used && read_entry(reader, &map->entries[i], result) != 0)
            Py_CLEAR(result);
    return result;
}

static PyObject *read_set(confreg_reader *reader, const creg_map *map)
{
    PyObject *result = PySet_New(NULL);
    for (size_t i = 0; result != NULL && i < map->filled; i++) {
        if (!map->entries[i].used)
            continue;
        PyObject *member = confreg_read(reader, map->entries[i].key);
        if (member == NULL || PySet_Add(result, member) != 0)
            Py_CLEAR(result);
        Py_XDECREF(member);
    }
    return result;
}

static PyObject *read_range(const creg_range *range)
{
    return PyObject_CallFunction((PyObject *)&PyRange_Type, "LLL", (long long)range->start,
                                 (long long)range->stop, (long long)range->step);
}

/* Kinds that JSON has not, when nobody told what to make of them. */
static PyObject *read_strange(confreg_reader *reader, creg_value value)
{
    if (value.kind == CREG_KIND_UNDEFINED)
        Py_RETURN_NONE;
    if (value.kind == CREG_KIND_STRING)
        return confreg_from_slice(creg_value_text(value));
    creg_arena arena;
    creg_arena_init(&arena, CONFREG_CALL_BYTES);
    creg_slice text;
    creg_error err;
    creg_error_clear(&err);
    PyObject *result = creg_value_str(value, &arena, &text, &err) == CREG_OK
                           ? confreg_from_slice(text)
                           : confreg_raise(reader->state, &err);
    creg_arena_clear(&arena);
    return result;
}

static PyObject *read_container(confreg_reader *reader, creg_value value)
{
    if (Py_EnterRecursiveCall(" while reading a value"))
        return NULL;
    PyObject *result = NULL;
    switch ((creg_kind)value.kind) {
    case CREG_KIND_LIST:
        result = read_list(reader, value.as.list);
        break;
    case CREG_KIND_TUPLE:
        result = read_tuple(reader, value.as.list);
        break;
    case CREG_KIND_SET:
        result = read_set(reader, value.as.map);
        break;
    default:
        result = read_map(reader, value.as.map);
        break;
    }
    Py_LeaveRecursiveCall();
    return result;
}

PyObject *confreg_read(confreg_reader *reader, creg_value value)
{
    switch ((creg_kind)value.kind) {
    case CREG_KIND_NONE:
        Py_RETURN_NONE;
    case CREG_KIND_BOOL:
        return PyBool_FromLong(value.as.integer != 0);
    case CREG_KIND_INT:
        return PyLong_FromLongLong(value.as.integer);
    case CREG_KIND_BIGINT:
        return read_big(reader, value);
    case CREG_KIND_FLOAT:
        return PyFloat_FromDouble(value.as.real);
    case CREG_KIND_NUMBER:
        return read_number(creg_value_text(value));
    case CREG_KIND_STRING:
        if ((value.flags & CREG_STRING_MARKUP) != 0)
            break;
        return confreg_from_slice(creg_value_text(value));
    case CREG_KIND_DATE:
        return confreg_from_slice(creg_value_text(value));
    case CREG_KIND_BYTES:
        return PyBytes_FromStringAndSize(value.as.text, (Py_ssize_t)value.size);
    case CREG_KIND_LIST:
    case CREG_KIND_TUPLE:
    case CREG_KIND_SET:
    case CREG_KIND_MAP:
        return read_container(reader, value);
    case CREG_KIND_RANGE:
        return read_range(value.as.range);
    case CREG_KIND_UNDEFINED:
    case CREG_KIND_OBJECT:
    default:
        break;
    }
    return reader->other != NULL ? reader->other(reader, value) : read_strange(reader, value);
}

PyObject *confreg_from_value(confreg_state *state, creg_value value)
{
    confreg_reader reader = {.state = state};
    return confreg_read(&reader, value);
}
