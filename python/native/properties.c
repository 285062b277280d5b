/* SPDX-License-Identifier: MIT */
/*
 * Reading and changing what lies below a live object: its attributes and its methods.
 *
 * A path is in the form of a DN: segments joined by '/', names escaped. What an attribute
 * names is one segment of plain text, so it is escaped here when it needs to be.
 */
#include "native/convert.h"
#include "native/entity.h"
#include "native/errors.h"
#include "native/records.h"
#include "native/text.h"
#include "native/watch.h"

/* ---- paths ------------------------------------------------------------------------------- */

static bool is_plain(creg_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] <= ' ' || (unsigned char)text.data[i] >= 0x7f)
            return false;
    return text.size != 0;
}

/** The path of an attribute. 0, or -1 with an exception set. */
static int attribute_path(confreg_entity *self, PyObject *name, creg_arena *arena,
                          creg_slice *ret_path)
{
    if (confreg_text(name, ret_path) != 0)
        return -1;
    if (is_plain(*ret_path))
        return 0;
    *ret_path = confreg_entity_segment(confreg_state_of((PyObject *)self), *ret_path, arena);
    return ret_path->data == NULL ? -1 : 0;
}

/* ---- reading ----------------------------------------------------------------------------- */

/** One read; the value lives in the call's arena until confreg_end(). */
static bool read_property(confreg_entity *self, creg_slice path, confreg_call *call,
                          creg_slice *ret_value, creg_version *ret_version)
{
    return CONFREG_RUN(call, creg_get(call->handle, self->text, path, call->arena, ret_value,
                                      ret_version, &call->error));
}

PyObject *confreg_property_attribute(confreg_entity *self, PyObject *name)
{
    confreg_call call;
    if (!confreg_begin_small(self->registry, &call))
        return NULL;
    PyObject *result = NULL;
    creg_slice path, value;
    if (attribute_path(self, name, call.arena, &path) == 0)
        result = read_property(self, path, &call, &value, NULL)
                     ? confreg_str(value)
                     : confreg_raise_attribute(confreg_state_of((PyObject *)self), &call.error);
    return confreg_end(&call, result);
}

/** The text at a path, or `fallback` (may be NULL: an exception) when it is not there. */
static PyObject *get_text(confreg_entity *self, creg_slice path, PyObject *fallback)
{
    confreg_call call;
    if (!confreg_begin_small(self->registry, &call))
        return NULL;
    creg_slice value;
    bool is_done = read_property(self, path, &call, &value, NULL);
    return confreg_end_or(&call, is_done ? confreg_str(value) : NULL, fallback);
}

static int parse_get(PyObject *args, PyObject *kwargs, const char *format, creg_slice *path,
                     PyObject **fallback)
{
    static char *names[] = {"path", "default", NULL};
    *fallback = NULL;
    return PyArg_ParseTupleAndKeywords(args, kwargs, format, names, confreg_text_argument, path,
                                       fallback);
}

static PyObject *property_get(PyObject *self, PyObject *args, PyObject *kwargs)
{
    creg_slice path;
    PyObject *fallback;
    if (!parse_get(args, kwargs, "O&|O:get", &path, &fallback))
        return NULL;
    return get_text((confreg_entity *)self, path, fallback);
}

static PyObject *property_get_pair(PyObject *object, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"path", NULL};
    creg_pair pair;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&:get_pair", names, confreg_text_argument,
                                     &pair.key))
        return NULL;
    confreg_entity *self = (confreg_entity *)object;
    confreg_call call;
    if (!confreg_begin_small(self->registry, &call))
        return NULL;
    bool is_done = read_property(self, pair.key, &call, &pair.value, &pair.version);
    return confreg_end(&call,
                       is_done ? confreg_record_pair(confreg_state_of(object), &pair) : NULL);
}

PyObject *confreg_property_list(confreg_entity *self, creg_slice path, PyObject *fallback)
{
    confreg_call call;
    if (!confreg_begin(self->registry, &call))
        return NULL;
    creg_names items;
    bool is_done = CONFREG_RUN(
        &call, creg_get_list(call.handle, self->text, path, call.arena, &items, &call.error));
    return confreg_end_or(&call, is_done ? confreg_str_list(&items) : NULL, fallback);
}

static PyObject *property_get_list(PyObject *self, PyObject *args, PyObject *kwargs)
{
    creg_slice path;
    PyObject *fallback;
    if (!parse_get(args, kwargs, "O&|O:get_list", &path, &fallback))
        return NULL;
    return confreg_property_list((confreg_entity *)self, path, fallback);
}

/* ---- typed reading ----------------------------------------------------------------------- */

static PyObject *refuse_text(PyObject *object, creg_slice path, PyObject *text,
                             const char *what)
{
    PyErr_Clear();
    PyObject *name = confreg_str(path);
    PyObject *message =
        name == NULL ? NULL
                     : PyUnicode_FromFormat("the property %U is not %s: %R", name, what, text);
    Py_XDECREF(name);
    const char *plain = message == NULL ? NULL : PyUnicode_AsUTF8AndSize(message, NULL);
    if (plain != NULL)
        (void)confreg_raise_message(confreg_state_of(object), CREG_INVALID, plain);
    Py_XDECREF(message);
    return NULL;
}

static PyObject *int_of(PyObject *text)
{
    return PyNumber_Long(text);
}

static PyObject *float_of(PyObject *text)
{
    return PyFloat_FromString(text);
}

static PyObject *bool_of(PyObject *text)
{
    static const struct {
        const char *text;
        bool truth;
    } words[] = {{"True", true}, {"true", true},   {"1", true},      {"yes", true},
                 {"on", true},   {"False", false}, {"false", false}, {"0", false},
                 {"no", false},  {"off", false}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (PyUnicode_CompareWithASCIIString(text, words[i].text) == 0)
            return PyBool_FromLong(words[i].truth);
    PyErr_SetNone(PyExc_ValueError);
    return NULL;
}

static PyObject *get_typed(PyObject *object, PyObject *args, PyObject *kwargs,
                           const char *format, PyObject *(*convert)(PyObject *),
                           const char *what)
{
    creg_slice path;
    PyObject *fallback;
    if (!parse_get(args, kwargs, format, &path, &fallback))
        return NULL;
    PyObject *text = get_text((confreg_entity *)object, path, fallback);
    if (text == NULL || text == fallback)
        return text;
    PyObject *value = convert(text);
    if (value == NULL && PyErr_ExceptionMatches(PyExc_ValueError))
        (void)refuse_text(object, path, text, what);
    Py_DECREF(text);
    return value;
}

static PyObject *property_get_int(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return get_typed(self, args, kwargs, "O&|O:get_int", int_of, "an integer");
}

static PyObject *property_get_float(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return get_typed(self, args, kwargs, "O&|O:get_float", float_of, "a number");
}

static PyObject *property_get_bool(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return get_typed(self, args, kwargs, "O&|O:get_bool", bool_of, "a boolean");
}

/* ---- changing ---------------------------------------------------------------------------- */

static int set_properties(confreg_entity *self, const creg_property *properties, size_t count,
                          const creg_version *expected)
{
    confreg_call call;
    if (!confreg_begin(self->registry, &call))
        return -1;
    (void)CONFREG_RUN(
        &call, creg_set(call.handle, self->text, properties, count, expected, &call.error));
    return confreg_end_status(&call);
}

static int set_one(confreg_entity *self, creg_slice path, PyObject *value,
                   const creg_version *expected)
{
    confreg_value_text text;
    int result = confreg_value_text_init(&text, confreg_state_of((PyObject *)self), value);
    if (result == 0) {
        creg_property property = {path, text.text};
        result = set_properties(self, &property, 1, expected);
    }
    confreg_value_text_clear(&text);
    return result;
}

static int unset(confreg_entity *self, creg_slice path, bool tree, bool is_attribute)
{
    confreg_call call;
    if (!confreg_begin(self->registry, &call))
        return -1;
    bool is_done =
        CONFREG_RUN(&call, creg_unset(call.handle, self->text, path, tree, &call.error));
    if (!is_done && is_attribute)
        (void)confreg_raise_attribute(confreg_state_of((PyObject *)self), &call.error);
    return confreg_end_status(&call);
}

int confreg_property_assign(confreg_entity *self, PyObject *name, PyObject *value)
{
    creg_arena arena;
    creg_arena_init(&arena, CONFREG_CALL_BYTES);
    creg_slice path;
    int result = attribute_path(self, name, &arena, &path);
    if (result == 0)
        result =
            value == NULL ? unset(self, path, false, true) : set_one(self, path, value, NULL);
    creg_arena_clear(&arena);
    return result;
}

static PyObject *property_set(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"path", "value", "expected", NULL};
    creg_slice path;
    PyObject *value, *expected = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&O|$O:set", names, confreg_text_argument,
                                     &path, &value, &expected))
        return NULL;
    creg_version version;
    if (expected != NULL && confreg_version_of(expected, &version) != 0)
        return NULL;
    if (set_one((confreg_entity *)self, path, value, expected == NULL ? NULL : &version) != 0)
        return NULL;
    Py_RETURN_NONE;
}

/** The properties of a dict, each with what keeps its value alive. 0, or -1. */
static int collect_properties(confreg_state *state, PyObject *dict, creg_property *properties,
                              confreg_value_text *values, size_t *count)
{
    PyObject *path, *value;
    Py_ssize_t at = 0;
    while (PyDict_Next(dict, &at, &path, &value)) {
        size_t i = *count;
        if (confreg_text(path, &properties[i].path) != 0)
            return -1;
        int result = confreg_value_text_init(&values[i], state, value);
        *count = i + 1; /* to be cleared, whatever it is */
        if (result != 0)
            return -1;
        properties[i].value = values[i].text;
    }
    return 0;
}

static PyObject *update_with(confreg_entity *self, PyObject *dict)
{
    size_t most = (size_t)PyDict_Size(dict);
    size_t count = 0;
    creg_arena arena;
    creg_arena_init(&arena, CONFREG_CALL_BYTES);
    creg_property *properties = creg_arena_calloc(&arena, most, sizeof *properties);
    confreg_value_text *values = creg_arena_calloc(&arena, most, sizeof *values);
    confreg_state *state = confreg_state_of((PyObject *)self);
    int result = 0;
    if (properties == NULL || values == NULL) {
        (void)confreg_raise_memory(state, &arena);
        result = -1;
    }
    if (result == 0)
        result = collect_properties(state, dict, properties, values, &count);
    if (result == 0 && count > 0)
        result = set_properties(self, properties, count, NULL);
    for (size_t i = 0; i < count; i++)
        confreg_value_text_clear(&values[i]);
    creg_arena_clear(&arena);
    return result == 0 ? Py_NewRef(Py_None) : NULL;
}

static PyObject *property_update(PyObject *self, PyObject *args, PyObject *kwargs)
{
    PyObject *mapping = NULL;
    if (!PyArg_ParseTuple(args, "|O:update", &mapping))
        return NULL;
    /* A dict of our own: conversions below may run Python, and dicts may change under it. */
    PyObject *all = PyDict_New();
    bool is_good = all != NULL && (mapping == NULL || PyDict_Update(all, mapping) == 0) &&
                   (kwargs == NULL || PyDict_Update(all, kwargs) == 0);
    PyObject *result = is_good ? update_with((confreg_entity *)self, all) : NULL;
    Py_XDECREF(all);
    return result;
}

static PyObject *property_unset(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"path", "tree", NULL};
    creg_slice path;
    int tree = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&|$p:unset", names, confreg_text_argument,
                                     &path, &tree))
        return NULL;
    if (unset((confreg_entity *)self, path, tree != 0, false) != 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *compare_and_set(confreg_entity *self, creg_slice path, creg_slice old,
                                 creg_slice value)
{
    confreg_call call;
    if (!confreg_begin(self->registry, &call))
        return NULL;
    bool is_done = CONFREG_RUN(
        &call, creg_compare_and_set(call.handle, self->text, path, old, value, &call.error));
    return confreg_end(&call, is_done ? Py_NewRef(Py_None) : NULL);
}

static PyObject *property_compare_and_set(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"path", "old", "new", NULL};
    creg_slice path;
    PyObject *old, *new;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&OO:compare_and_set", names,
                                     confreg_text_argument, &path, &old, &new))
        return NULL;
    confreg_state *state = confreg_state_of(self);
    confreg_value_text before = {{NULL, 0}, NULL}, after = {{NULL, 0}, NULL};
    PyObject *result = NULL;
    if ((old == Py_None || confreg_value_text_init(&before, state, old) == 0) &&
        confreg_value_text_init(&after, state, new) == 0)
        result = compare_and_set((confreg_entity *)self, path, before.text, after.text);
    confreg_value_text_clear(&before);
    confreg_value_text_clear(&after);
    return result;
}

static PyObject *property_increment(PyObject *object, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"path", "by", NULL};
    creg_slice path;
    long long by = 1;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&|L:increment", names,
                                     confreg_text_argument, &path, &by))
        return NULL;
    confreg_entity *self = (confreg_entity *)object;
    confreg_call call;
    if (!confreg_begin(self->registry, &call))
        return NULL;
    int64_t value = 0;
    bool is_done = CONFREG_RUN(
        &call, creg_increment(call.handle, self->text, path, by, &value, &call.error));
    return confreg_end(&call, is_done ? PyLong_FromLongLong(value) : NULL);
}

/* ---- trees ------------------------------------------------------------------------------- */

static PyObject *tree_of(confreg_entity *self, uint32_t depth)
{
    confreg_state *state = confreg_state_of((PyObject *)self);
    confreg_call call;
    if (!confreg_begin(self->registry, &call))
        return NULL;
    creg_value tree;
    bool is_done = CONFREG_RUN(
        &call, creg_tree(call.handle, self->text, depth, call.arena, &tree, &call.error));
    return confreg_end(&call, is_done ? confreg_from_value(state, tree) : NULL);
}

static PyObject *property_tree(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"depth", NULL};
    unsigned int depth = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|I:tree", names, &depth))
        return NULL;
    return tree_of((confreg_entity *)self, depth);
}

static PyObject *property_to_dict(PyObject *object, PyObject *unused)
{
    (void)unused;
    confreg_entity *self = (confreg_entity *)object;
    PyObject *tree = tree_of(self, 1);
    PyObject *dict = tree == NULL ? NULL : PyDict_New();
    if (dict == NULL || PyDict_SetItemString(dict, "dn", self->dn) != 0) {
        Py_XDECREF(tree);
        Py_XDECREF(dict);
        return NULL;
    }
    PyObject *name, *value;
    Py_ssize_t at = 0;
    while (dict != NULL && PyDict_Next(tree, &at, &name, &value))
        if (PyUnicode_Check(value) && PyDict_SetItem(dict, name, value) != 0)
            Py_CLEAR(dict);
    Py_DECREF(tree);
    return dict;
}

/* ---- copies ------------------------------------------------------------------------------ */

/** Where a copy goes: a plain name is a sibling, anything with a '/' is a DN. */
static PyObject *copy_target(confreg_entity *self, creg_slice target)
{
    if (memchr(target.data, '/', target.size) != NULL)
        return confreg_entity_at(self->registry, target);
    creg_slice text = self->text;
    while (text.size > 0 && text.data[text.size - 1] != '/')
        text.size--;
    creg_arena arena;
    creg_arena_init(&arena, CONFREG_CALL_BYTES);
    creg_slice segment =
        confreg_entity_segment(confreg_state_of((PyObject *)self), target, &arena);
    char *whole =
        segment.data == NULL ? NULL : creg_arena_alloc(&arena, text.size + segment.size);
    PyObject *result = NULL;
    if (whole != NULL) {
        memcpy(whole, text.data, text.size);
        memcpy(whole + text.size, segment.data, segment.size);
        result =
            confreg_entity_at(self->registry, creg_slice_make(whole, text.size + segment.size));
    } else if (segment.data != NULL) {
        (void)confreg_raise_memory(confreg_state_of((PyObject *)self), &arena);
    }
    creg_arena_clear(&arena);
    return result;
}

static PyObject *property_copy(PyObject *object, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"target", "membership", "keep_runtime", NULL};
    creg_slice target;
    int membership = 0, keep_runtime = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&|$pp:copy", names, confreg_text_argument,
                                     &target, &membership, &keep_runtime))
        return NULL;
    confreg_entity *self = (confreg_entity *)object;
    confreg_entity *copy = (confreg_entity *)copy_target(self, target);
    if (copy == NULL)
        return NULL;
    confreg_call call;
    if (!confreg_begin(self->registry, &call)) {
        Py_DECREF(copy);
        return NULL;
    }
    creg_copy_options options = {membership != 0, keep_runtime != 0, false};
    if (!CONFREG_RUN(
            &call, creg_copy(call.handle, self->text, copy->text, &options, NULL, &call.error)))
        Py_CLEAR(copy);
    return confreg_end(&call, (PyObject *)copy);
}

static PyObject *property_watch(PyObject *object, PyObject *args, PyObject *kwargs)
{
    confreg_entity *self = (confreg_entity *)object;
    return confreg_watch_entity(self->registry, self->text, args, kwargs);
}

/* ---- the table --------------------------------------------------------------------------- */

#define GETTER(name, function, what)                                                           \
    {                                                                                          \
        name, CONFREG_KEYWORDS(function),                                                      \
            name "($self, /, path, default=...)\n--\n\nRead a property " what                  \
                 "; `default`, when it is given, stands for one that is not there."            \
    }

/* clang-format off */
PyMethodDef confreg_property_methods[] = {
    GETTER("get", property_get, "as text"),
    GETTER("get_int", property_get_int, "as an integer"),
    GETTER("get_float", property_get_float, "as a number"),
    GETTER("get_bool", property_get_bool, "as a boolean: True, true, yes, on, 1 or their like"),
    GETTER("get_list", property_get_list, "that is a list: child keys, or text with commas"),
    {"get_pair", CONFREG_KEYWORDS(property_get_pair),
     "get_pair($self, /, path)\n--\n\n"
     "Read a property with its version, for `expected` of set()."},
    {"set", CONFREG_KEYWORDS(property_set),
     "set($self, /, path, value, *, expected=...)\n--\n\n"
     "Set a property to a text, number or boolean; never brings a removed instance back.\n\n"
     "With `expected` (a Version, or None for \"absent\") only if that is its version:\n"
     "ConflictError otherwise."},
    {"update", CONFREG_KEYWORDS(property_update),
     "update($self, mapping={}, /, **properties)\n--\n\n"
     "Set several properties, all of them or none."},
    {"unset", CONFREG_KEYWORDS(property_unset),
     "unset($self, /, path, *, tree=False)\n--\n\n"
     "Take a property away; with `tree`, whatever lies below it, too."},
    {"compare_and_set", CONFREG_KEYWORDS(property_compare_and_set),
     "compare_and_set($self, /, path, old, new)\n--\n\n"
     "Set a property if its value is still `old` (None: if it is absent). ConflictError."},
    {"increment", CONFREG_KEYWORDS(property_increment),
     "increment($self, /, path, by=1)\n--\n\n"
     "Add to an integer property, atomically, and give the sum. An absent one counts as 0."},
    {"tree", CONFREG_KEYWORDS(property_tree),
     "tree($self, /, depth=0)\n--\n\n"
     "Everything below as plain data: nested dicts, lists of text. `depth` 0 is all."},
    {"to_dict", property_to_dict, METH_NOARGS,
     "to_dict($self, /)\n--\n\n"
     "The DN (as 'dn') and the object's own properties, without its parts."},
    {"copy", CONFREG_KEYWORDS(property_copy),
     "copy($self, /, target, *, membership=False, keep_runtime=False)\n--\n\n"
     "Copy it to a new name beside it, or to a DN, at once or not at all; see\n"
     "Registry.copy(). Gives the new object."},
    {"watch", CONFREG_KEYWORDS(property_watch),
     "watch($self, /, *, snapshot=False, cursor=None, known=None, timeout=None)\n--\n\n"
     "Watch what changes below it; see Registry.watch()."},
    CONFREG_NO_PICKLE,
    {0}};
/* clang-format on */
