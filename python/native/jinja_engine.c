/* SPDX-License-Identifier: MIT */
/*
 * The two types below confreg.jinja: an engine with its options, and a compiled template.
 *
 * An engine never changes after it was made; confreg/jinja.py makes a new one when filters or
 * options changed, and the old one lives on as long as its templates do.
 */
#include "native/jinja.h"

#include <stddef.h>

/* ---- options --------------------------------------------------------------------------------- */

typedef enum option_kind { TEXT, FLAG, CHOICE, LIMIT32, LIMIT64, LIMIT_SIZE } option_kind;

#define OPTION(name, kind, field)                                                              \
    {                                                                                          \
        name, kind, offsetof(jinja_options, field)                                             \
    }

static const struct {
    const char *name;
    option_kind kind;
    size_t offset;
} option_rows[] = {
    OPTION("block_start_string", TEXT, block_start),
    OPTION("block_end_string", TEXT, block_end),
    OPTION("variable_start_string", TEXT, variable_start),
    OPTION("variable_end_string", TEXT, variable_end),
    OPTION("comment_start_string", TEXT, comment_start),
    OPTION("comment_end_string", TEXT, comment_end),
    OPTION("line_statement_prefix", TEXT, line_statement_prefix),
    OPTION("line_comment_prefix", TEXT, line_comment_prefix),
    OPTION("newline_sequence", TEXT, newline_sequence),
    OPTION("trim_blocks", FLAG, trim_blocks),
    OPTION("lstrip_blocks", FLAG, lstrip_blocks),
    OPTION("keep_trailing_newline", FLAG, keep_trailing_newline),
    OPTION("newstyle_gettext", FLAG, newstyle_gettext),
    OPTION("autoescape", CHOICE, autoescape),
    OPTION("undefined", CHOICE, undefined),
    OPTION("sandbox", CHOICE, sandbox),
    OPTION("extensions", CHOICE, extensions),
    OPTION("packs", CHOICE, packs),
    OPTION("random_seed", LIMIT64, random_seed),
    OPTION("fuel", LIMIT64, limits.fuel),
    OPTION("memory_bytes", LIMIT_SIZE, limits.memory_bytes),
    OPTION("output_bytes", LIMIT_SIZE, limits.output_bytes),
    OPTION("source_bytes", LIMIT_SIZE, limits.source_bytes),
    OPTION("parse_depth", LIMIT32, limits.parse_depth),
    OPTION("call_depth", LIMIT32, limits.call_depth),
    OPTION("integer_digits", LIMIT32, limits.integer_digits),
    OPTION("range_size", LIMIT32, limits.range_size),
};

static int set_text(const char **field, PyObject *value)
{
    *field = value == Py_None ? NULL : PyUnicode_AsUTF8AndSize(value, NULL);
    return *field == NULL && value != Py_None ? -1 : 0;
}

static int set_number(void *field, option_kind kind, PyObject *value)
{
    unsigned long long number = PyLong_AsUnsignedLongLong(value);
    if (PyErr_Occurred())
        return -1;
    if ((kind == LIMIT32 || kind == CHOICE) && number > UINT32_MAX) {
        PyErr_SetString(PyExc_OverflowError, "an option of the template engine is too large");
        return -1;
    }
    uint32_t small = (uint32_t)number;
    uint64_t large = number;
    size_t size = (size_t)number;
    if (kind == LIMIT64)
        memcpy(field, &large, sizeof large);
    else if (kind == LIMIT_SIZE)
        memcpy(field, &size, sizeof size);
    else
        memcpy(field, &small, sizeof small);
    return 0;
}

static int set_option(jinja_options *options, size_t row, PyObject *value)
{
    void *field = (char *)options + option_rows[row].offset;
    if (option_rows[row].kind == TEXT)
        return set_text(field, value);
    if (option_rows[row].kind != FLAG)
        return set_number(field, option_rows[row].kind, value);
    int truth = PyObject_IsTrue(value);
    *(bool *)field = truth > 0;
    return truth < 0 ? -1 : 0;
}

static int set_options(jinja_options *options, PyObject *given)
{
    for (size_t i = 0; i < sizeof option_rows / sizeof *option_rows; i++) {
        PyObject *value = PyDict_GetItemString(given, option_rows[i].name);
        if (value != NULL && set_option(options, i, value) != 0)
            return -1;
    }
    return 0;
}

/* ---- filters and tests ------------------------------------------------------------------------ */

typedef creg_status (*add_function)(jinja_engine *engine, const char *name,
                                    jinja_host_function function, void *user, creg_error *err);

static int add_one(confreg_engine *self, add_function add, PyObject *name, PyObject *function,
                   size_t at)
{
    const char *text = PyUnicode_AsUTF8AndSize(name, NULL);
    if (text == NULL ||
        PyTuple_SetItem(self->functions, (Py_ssize_t)at, Py_NewRef(function)) != 0)
        return -1;
    self->links[at].function = function;
    creg_error err;
    creg_error_clear(&err);
    if (add(self->engine, text, confreg_call_link, &self->links[at], &err) == CREG_OK)
        return 0;
    confreg_raise(confreg_state_of((PyObject *)self), &err);
    return -1;
}

static int add_all(confreg_engine *self, add_function add, PyObject *functions, size_t *at)
{
    PyObject *name;
    PyObject *function;
    Py_ssize_t position = 0;
    while (PyDict_Next(functions, &position, &name, &function))
        if (add_one(self, add, name, function, (*at)++) != 0)
            return -1;
    return 0;
}

static int add_functions(confreg_engine *self, PyObject *filters, PyObject *tests)
{
    Py_ssize_t count = PyDict_Size(filters) + PyDict_Size(tests);
    if (count < 0)
        return -1;
    self->functions = PyTuple_New(count);
    self->links = PyMem_Calloc((size_t)count + 1, sizeof *self->links);
    if (self->functions == NULL || self->links == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    size_t at = 0;
    return add_all(self, jinja_add_filter, filters, &at) == 0 &&
                   add_all(self, jinja_add_test, tests, &at) == 0
               ? 0
               : -1;
}

/* ---- the engine ------------------------------------------------------------------------------- */

static int has_hook(PyObject *hooks, const char *name)
{
    PyObject *hook = PyObject_GetAttrString(hooks, name);
    int result = hook == NULL ? -1 : hook != Py_None;
    Py_XDECREF(hook);
    return result;
}

static int set_hooks(confreg_engine *self, jinja_options *options)
{
    int loads = has_hook(self->hooks, "source");
    int escapes = has_hook(self->hooks, "escapes");
    int finalizes = has_hook(self->hooks, "finalize");
    if (loads < 0 || escapes < 0 || finalizes < 0)
        return -1;
    options->loader = loads ? confreg_call_loader : NULL;
    options->autoescape_for = escapes ? confreg_call_autoescape : NULL;
    options->finalize = finalizes ? confreg_call_finalize : NULL;
    options->loader_user = options->autoescape_user = options->finalize_user = self;
    return 0;
}

static int set_up(confreg_engine *self, PyObject *given, PyObject *filters, PyObject *tests)
{
    jinja_options options;
    jinja_options_init(&options);
    if (set_options(&options, given) != 0 || set_hooks(self, &options) != 0)
        return -1;
    creg_error err;
    creg_error_clear(&err);
    self->sandbox = options.sandbox;
    if (jinja_engine_new(&options, &self->engine, &err) != CREG_OK) {
        confreg_raise(confreg_state_of((PyObject *)self), &err);
        return -1;
    }
    return add_functions(self, filters, tests);
}

static int engine_init(PyObject *object, PyObject *args, PyObject *kwargs)
{
    confreg_engine *self = (confreg_engine *)object;
    PyObject *hooks;
    PyObject *options;
    PyObject *filters;
    PyObject *tests;
    (void)kwargs;
    if (!PyArg_ParseTuple(args, "OO!O!O!:JinjaEngine", &hooks, &PyDict_Type, &options,
                          &PyDict_Type, &filters, &PyDict_Type, &tests))
        return -1;
    if (self->engine != NULL) {
        PyErr_SetString(PyExc_TypeError, "an engine is set up once");
        return -1;
    }
    self->hooks = Py_NewRef(hooks);
    return set_up(self, options, filters, tests);
}

static int engine_traverse(PyObject *object, visitproc visit, void *arg)
{
    confreg_engine *self = (confreg_engine *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->hooks);
    Py_VISIT(self->functions);
    return 0;
}

/* `links` borrow from `functions`; no render can run when this is called. */
static int engine_clear(PyObject *object)
{
    confreg_engine *self = (confreg_engine *)object;
    Py_CLEAR(self->hooks);
    Py_CLEAR(self->functions);
    return 0;
}

static void engine_dealloc(PyObject *object)
{
    confreg_engine *self = (confreg_engine *)object;
    PyObject_GC_UnTrack(object);
    engine_clear(object);
    jinja_engine_free(self->engine);
    PyMem_Free(self->links);
    confreg_free(object);
}

/* ---- templates -------------------------------------------------------------------------------- */

typedef struct confreg_template {
    PyObject_HEAD confreg_engine *engine;
    jinja_template *own; /* NULL: it is the engine's */
    const jinja_template *template_;
} confreg_template;

static PyObject *wrap_template(confreg_engine *engine, jinja_template *own,
                               const jinja_template *template_)
{
    PyObject *object =
        confreg_new(confreg_state_of((PyObject *)engine), CONFREG_TYPE_JINJA_TEMPLATE);
    if (object == NULL) {
        jinja_template_free(own);
        return NULL;
    }
    confreg_template *self = (confreg_template *)object;
    self->engine = (confreg_engine *)Py_NewRef((PyObject *)engine);
    self->own = own;
    self->template_ = template_;
    return object;
}

static PyObject *engine_compile(PyObject *object, PyObject *args)
{
    confreg_engine *self = (confreg_engine *)object;
    PyObject *source;
    PyObject *name;
    creg_slice text;
    creg_slice label;
    confreg_run run;
    if (!PyArg_ParseTuple(args, "UU:compile", &source, &name) ||
        confreg_to_slice(source, "a template", &text) != 0 ||
        confreg_to_slice(name, "the name of a template", &label) != 0 ||
        confreg_run_begin(&run, self) != 0)
        return NULL;
    jinja_template *compiled = NULL;
    confreg_run_leave(&run);
    creg_status status = jinja_compile(self->engine, label, text, &compiled, &run.err);
    confreg_run_join(&run);
    PyObject *result = NULL;
    if (status != CREG_OK)
        confreg_run_raise(&run);
    else if (PyErr_Occurred())
        jinja_template_free(compiled);
    else
        result = wrap_template(self, compiled, compiled);
    confreg_run_end(&run);
    return result;
}

static PyObject *engine_load(PyObject *object, PyObject *name)
{
    confreg_engine *self = (confreg_engine *)object;
    creg_slice label;
    confreg_run run;
    if (confreg_to_slice(name, "the name of a template", &label) != 0 ||
        confreg_run_begin(&run, self) != 0)
        return NULL;
    const jinja_template *template_ = NULL;
    confreg_run_leave(&run);
    creg_status status = jinja_load(self->engine, label, &template_, &run.err);
    confreg_run_join(&run);
    if (status == CREG_NOT_FOUND) {
        run.err.status = CREG_TEMPLATE_NOT_FOUND;
        PyOS_snprintf(run.err.message, sizeof run.err.message, "%.*s",
                      (int)(label.size > 500 ? 500 : label.size), label.data);
    }
    PyObject *result = NULL;
    if (status != CREG_OK || PyErr_Occurred())
        confreg_run_raise(&run);
    else
        result = wrap_template(self, NULL, template_);
    confreg_run_end(&run);
    return result;
}

static PyObject *engine_evaluate(PyObject *object, PyObject *args)
{
    confreg_engine *self = (confreg_engine *)object;
    PyObject *expression;
    PyObject *context;
    creg_slice text;
    creg_value values;
    creg_value value = creg_value_none();
    confreg_run run;
    if (!PyArg_ParseTuple(args, "UO!:evaluate", &expression, &PyDict_Type, &context) ||
        confreg_to_slice(expression, "an expression", &text) != 0 ||
        confreg_run_begin(&run, self) != 0)
        return NULL;
    PyObject *result = NULL;
    if (confreg_run_convert(&run, context, &run.arena, &values) == 0) {
        confreg_run_leave(&run);
        creg_status status =
            jinja_evaluate(self->engine, text, values, &run.arena, &value, &run.err);
        confreg_run_join(&run);
        result = status != CREG_OK || PyErr_Occurred() ? confreg_run_raise(&run)
                                                       : confreg_run_read(&run, value);
    }
    confreg_run_end(&run);
    return result;
}

/* The globals of the program, in front of the engine's own. */
static int convert_globals(confreg_run *run, PyObject *globals, jinja_render_options *options)
{
    creg_value value;
    if (globals == Py_None)
        return 0;
    if (!PyDict_Check(globals)) {
        PyErr_SetString(PyExc_TypeError, "the globals are a dict");
        return -1;
    }
    if (confreg_run_convert(run, globals, &run->arena, &value) != 0)
        return -1;
    options->globals = value.as.map;
    return 0;
}

static PyObject *render(confreg_template *self, confreg_run *run, PyObject *context,
                        PyObject *globals)
{
    creg_value values;
    jinja_render_options options = {.owns_context = true};
    if (confreg_run_convert(run, context, &run->arena, &values) != 0 ||
        convert_globals(run, globals, &options) != 0)
        return NULL;
    creg_slice text;
    confreg_run_leave(run);
    creg_status status =
        jinja_render(self->template_, values, &options, &run->arena, &text, &run->err);
    confreg_run_join(run);
    if (status != CREG_OK || PyErr_Occurred())
        return confreg_run_raise(run);
    return confreg_from_slice(text);
}

/* render(context, globals): a dict and a dict or None. */
static PyObject *template_render(PyObject *object, PyObject *const *args, Py_ssize_t count)
{
    confreg_template *self = (confreg_template *)object;
    confreg_run run;
    if (count != 2 || !PyDict_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "render() takes a dict, and a dict or None");
        return NULL;
    }
    if (confreg_run_begin(&run, self->engine) != 0)
        return NULL;
    PyObject *result = render(self, &run, args[0], args[1]);
    confreg_run_end(&run);
    return result;
}

typedef creg_status (*ask_names)(const jinja_template *template_, creg_arena *arena,
                                 creg_value *ret_names, creg_error *err);

static PyObject *names_of(PyObject *object, ask_names ask)
{
    confreg_template *self = (confreg_template *)object;
    confreg_run run;
    creg_value names;
    if (confreg_run_begin(&run, self->engine) != 0)
        return NULL;
    PyObject *result = ask(self->template_, &run.arena, &names, &run.err) == CREG_OK
                           ? confreg_from_value(run.state, names)
                           : confreg_run_raise(&run);
    confreg_run_end(&run);
    return result;
}

static PyObject *template_undeclared(PyObject *self, PyObject *unused)
{
    (void)unused;
    return names_of(self, jinja_undeclared);
}

static PyObject *template_referenced(PyObject *self, PyObject *unused)
{
    (void)unused;
    return names_of(self, jinja_referenced);
}

static int template_traverse(PyObject *object, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(object));
    Py_VISIT((PyObject *)((confreg_template *)object)->engine);
    return 0;
}

static void template_dealloc(PyObject *object)
{
    confreg_template *self = (confreg_template *)object;
    PyObject_GC_UnTrack(object);
    jinja_template_free(self->own);
    Py_XDECREF((PyObject *)self->engine);
    confreg_free(object);
}

/* ---- the types -------------------------------------------------------------------------------- */

static PyMethodDef engine_methods[] = {
    {"compile", engine_compile, METH_VARARGS, "compile(source, name): a template of its own."},
    {"load", engine_load, METH_O, "load(name): a template by the loader, kept by the engine."},
    {"evaluate", engine_evaluate, METH_VARARGS, "evaluate(expression, context): its value."},
    CONFREG_NO_PICKLE,
    {0},
};

static PyType_Slot engine_slots[] = {
    {Py_tp_doc, "The engine below confreg.jinja.Environment."},
    {Py_tp_init, engine_init},
    {Py_tp_new, PyType_GenericNew},
    {Py_tp_methods, engine_methods},
    {Py_tp_traverse, engine_traverse},
    {Py_tp_clear, engine_clear},
    {Py_tp_dealloc, engine_dealloc},
    {0, NULL},
};

static PyType_Spec engine_spec = {
    .name = "confreg._native.JinjaEngine",
    .basicsize = sizeof(confreg_engine),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = engine_slots,
};

static PyMethodDef template_methods[] = {
    {"render", (PyCFunction)(void (*)(void))template_render, METH_FASTCALL,
     "render(context, globals): the text."},
    {"undeclared", template_undeclared, METH_NOARGS, "Names that only the context can give."},
    {"referenced", template_referenced, METH_NOARGS, "Templates that it names."},
    CONFREG_NO_PICKLE,
    {0},
};

static PyType_Slot template_slots[] = {
    {Py_tp_doc, "The compiled template below confreg.jinja.Template."},
    {Py_tp_methods, template_methods},
    {Py_tp_traverse, template_traverse},
    {Py_tp_dealloc, template_dealloc},
    {0, NULL},
};

static PyType_Spec template_spec = {
    .name = "confreg._native.JinjaTemplate",
    .basicsize = sizeof(confreg_template),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = template_slots,
};

/* ---- the builtins, by name -------------------------------------------------------------------- */

static int append_names(PyObject *list, jinja_builtin_kind kind, unsigned packs)
{
    size_t count;
    const jinja_builtin_info *rows = jinja_builtins(kind, &count);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].pack != 0 && (rows[i].pack & packs) == 0)
            continue;
        PyObject *row = Py_BuildValue("(sss)", rows[i].name, rows[i].usage, rows[i].text);
        int result = row == NULL ? -1 : PyList_Append(list, row);
        Py_XDECREF(row);
        if (result != 0)
            return -1;
    }
    return 0;
}

/* jinja_builtins(kind, packs): (name, usage, text) of all filters (0), tests (1), functions (2). */
static PyObject *list_builtins(PyObject *module, PyObject *args)
{
    int kind;
    unsigned packs;
    (void)module;
    if (!PyArg_ParseTuple(args, "iI:jinja_builtins", &kind, &packs))
        return NULL;
    if (kind < JINJA_FILTERS || kind > JINJA_FUNCTIONS) {
        PyErr_SetString(PyExc_ValueError, "kind is 0, 1 or 2");
        return NULL;
    }
    PyObject *list = PyList_New(0);
    if (list != NULL && append_names(list, (jinja_builtin_kind)kind, packs) != 0)
        Py_CLEAR(list);
    return list;
}

static PyMethodDef functions[] = {
    {"jinja_builtins", list_builtins, METH_VARARGS,
     "jinja_builtins(kind, packs): (name, usage, text) of each builtin."},
    {0},
};

int confreg_add_jinja(PyObject *module)
{
    return confreg_add_type(module, CONFREG_TYPE_JINJA_ENVIRONMENT, &engine_spec, NULL, true) ==
                       0 &&
                   confreg_add_type(module, CONFREG_TYPE_JINJA_TEMPLATE, &template_spec, NULL,
                                    true) == 0
               ? PyModule_AddFunctions(module, functions)
               : -1;
}
