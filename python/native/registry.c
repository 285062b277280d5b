/* SPDX-License-Identifier: MIT */
/*
 * confreg.open() and the Registry: its life, and the table of its methods.
 *
 * The C handle may be shared by threads, so calls need no lock here. What needs care is its
 * end: close() in one thread while another one is in a call. Each call counts as a user, and
 * the last user closes. The count is kept under the GIL, which every begin and end holds.
 */
#include "native/registry.h"

#include "native/entity.h"
#include "native/errors.h"
#include "native/registry_methods.h"
#include "native/text.h"
#include "native/watch.h"

/* ---- calls ------------------------------------------------------------------------------- */

static creg_registry *raise_closed(confreg_registry *registry)
{
    (void)confreg_raise_message(confreg_state_of((PyObject *)registry), CREG_USAGE,
                                "the registry is closed");
    return NULL;
}

creg_registry *confreg_retain(confreg_registry *registry)
{
    if (registry->is_closing)
        return raise_closed(registry);
    registry->users++;
    return registry->handle;
}

static void close_handle(confreg_registry *registry)
{
    creg_registry *handle = registry->handle;
    registry->handle = NULL;
    Py_BEGIN_ALLOW_THREADS
    creg_close(handle);
    Py_END_ALLOW_THREADS
}

void confreg_release(confreg_registry *registry)
{
    registry->users--;
    if (registry->is_closing && registry->users == 0 && registry->handle != NULL)
        close_handle(registry);
}

bool confreg_begin(confreg_registry *registry, confreg_call *call)
{
    call->registry = registry;
    call->handle = confreg_retain(registry);
    call->arena = &call->own;
    call->away = (confreg_away){0};
    call->status = CREG_OK;
    creg_arena_init(&call->own, CONFREG_CALL_BYTES);
    return call->handle != NULL;
}

bool confreg_begin_small(confreg_registry *registry, confreg_call *call)
{
    bool is_open = confreg_begin(registry, call);
    if (is_open && !registry->is_arena_taken) {
        registry->is_arena_taken = true;
        call->arena = &registry->arena;
    }
    return is_open;
}

/* What was answered in the same moment is lost: the exception is all that can be told. */
bool confreg_back(confreg_call *call)
{
    if (!confreg_join(&call->away))
        call->status = call->error.status = CREG_CANCELLED;
    return call->status == CREG_OK;
}

static void drop(confreg_call *call)
{
    confreg_registry *registry = call->registry;
    if (call->arena == &registry->arena) {
        creg_arena_reset(&registry->arena);
        registry->is_arena_taken = false;
    } else {
        creg_arena_clear(&call->own);
    }
    confreg_release(registry);
}

int confreg_end_status(confreg_call *call)
{
    bool is_good = call->status == CREG_OK;
    if (!is_good)
        (void)confreg_raise(confreg_state_of((PyObject *)call->registry), &call->error);
    drop(call);
    return is_good ? 0 : -1;
}

PyObject *confreg_end(confreg_call *call, PyObject *result)
{
    if (result == NULL)
        (void)confreg_end_status(call);
    else
        drop(call);
    return result;
}

PyObject *confreg_end_or(confreg_call *call, PyObject *result, PyObject *fallback)
{
    if (call->status == CREG_NOT_FOUND && fallback != NULL)
        result = Py_NewRef(fallback);
    return confreg_end(call, result);
}

/* ---- opening and closing ----------------------------------------------------------------- */

PyDoc_STRVAR(
    open_doc,
    "open($module, /, url=None, *, timeout=None, read_only=False, create=True, map_size=0,\n"
    "     network_filesystem=False, author=None)\n--\n\n"
    "Open a registry on a store.\n\n"
    "`url` is `lmdb:/path`, `memory:`, `consul://host:8500`, `etcd://host:2379` or\n"
    "`zookeeper://host:2181`; None is an LMDB file in the user's data folder.\n"
    "`timeout` is the deadline of one call in seconds, `create=False` refuses to make\n"
    "a new LMDB file, `map_size` is the first size of its map in bytes, and\n"
    "`network_filesystem=True` allows it on NFS at your own risk. `author` is who is\n"
    "named in the records of what is instantiated.\n\n"
    "The result is a context manager; any number of threads may share it.");

static PyObject *registry_open(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"url",    "timeout",  "read_only",
                            "create", "map_size", "network_filesystem",
                            "author", NULL};
    const char *url = NULL;
    double timeout = -1;
    int read_only = 0, create = 1, network = 0;
    unsigned long long map_size = 0;
    creg_open_options options = {0};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|z$O&ppKpz:open", names, &url,
                                     confreg_seconds_argument, &timeout, &read_only, &create,
                                     &map_size, &network, &options.author))
        return NULL;
    if (timeout > 4000000 || timeout == 0) {
        PyErr_SetString(PyExc_ValueError, "a timeout is between 0.001 and 4,000,000 seconds");
        return NULL;
    }
    options.store = (creg_store_options){.map_size = map_size,
                                         .read_only = read_only != 0,
                                         .no_create = create == 0,
                                         .force_network_filesystem = network != 0};
    if (timeout > 0)
        options.store.timeout_ms = timeout < 0.001 ? 1 : (uint32_t)(timeout * 1000);

    confreg_state *state = PyModule_GetState(module);
    confreg_registry *self = (confreg_registry *)confreg_new(state, CONFREG_TYPE_REGISTRY);
    if (self == NULL)
        return NULL;
    self->is_closing = true; /* nothing to release until it is open */
    creg_arena_init(&self->arena, CONFREG_CALL_BYTES);
    creg_error err;
    confreg_away away = {0};
    confreg_leave(&away);
    creg_status status = creg_open(url, &options, &self->handle, &err);
    bool is_good = confreg_join(&away) && status == CREG_OK;
    if (status != CREG_OK) {
        self->handle = NULL;
        (void)confreg_raise(state, &err);
    }
    if (!is_good) {
        Py_DECREF(self);
        return NULL;
    }
    self->is_closing = false;
    return (PyObject *)self;
}

static PyObject *registry_close(PyObject *object, PyObject *unused)
{
    (void)unused;
    confreg_registry *self = (confreg_registry *)object;
    if (!self->is_closing) {
        self->users++; /* or a watch that is cancelled would close it under our feet */
        self->is_closing = true;
        confreg_watch_cancel_all(self);
        confreg_release(self);
    }
    Py_RETURN_NONE;
}

static PyObject *registry_enter(PyObject *self, PyObject *unused)
{
    (void)unused;
    if (((confreg_registry *)self)->is_closing)
        return (PyObject *)raise_closed((confreg_registry *)self);
    return Py_NewRef(self);
}

static PyObject *registry_exit(PyObject *self, PyObject *args)
{
    (void)args;
    return registry_close(self, NULL);
}

static void registry_dealloc(PyObject *object)
{
    confreg_registry *self = (confreg_registry *)object;
    if (self->handle != NULL)
        close_handle(self);
    creg_arena_clear(&self->arena);
    confreg_free(object);
}

/* ---- what it tells of itself ------------------------------------------------------------- */

/* The URL may hold a password, so the driver's name is all that is shown. */
static PyObject *registry_repr(PyObject *object)
{
    confreg_registry *self = (confreg_registry *)object;
    if (self->is_closing)
        return PyUnicode_FromString("<confreg.Registry, closed>");
    return PyUnicode_FromFormat("<confreg.Registry on %s>",
                                creg_store_driver_name(creg_registry_store(self->handle)));
}

static PyObject *get_closed(PyObject *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(((confreg_registry *)self)->is_closing);
}

static PyObject *get_driver(PyObject *object, void *unused)
{
    (void)unused;
    confreg_registry *self = (confreg_registry *)object;
    if (self->is_closing)
        return (PyObject *)raise_closed(self);
    return PyUnicode_FromString(creg_store_driver_name(creg_registry_store(self->handle)));
}

static PyObject *get_kv(PyObject *self, void *unused)
{
    (void)unused;
    return confreg_kv_new((confreg_registry *)self);
}

PyDoc_STRVAR(at_doc,
             "at($self, dn, /)\n--\n\n"
             "The live object of a DN, without looking whether it is there: an Instance, a\n"
             "Node, Service, Disk or Network of one, or an Entity for any other part.\n"
             "'jlopez/cdh/5.7.0/1' and 'instances/jlopez/cdh/5.7.0/1' are the same.");

static PyObject *registry_at(PyObject *self, PyObject *dn)
{
    creg_slice text;
    if (confreg_text(dn, &text) != 0)
        return NULL;
    return confreg_entity_at((confreg_registry *)self, text);
}

/* ---- the type ---------------------------------------------------------------------------- */

static PyMethodDef registry_methods[] = {
    {"close", registry_close, METH_NOARGS,
     "close($self, /)\n--\n\n"
     "Close the store. Calls that are under way end first; watches are cancelled."},
    {"__enter__", registry_enter, METH_NOARGS, "__enter__($self, /)\n--\n\nThe registry."},
    {"__exit__", registry_exit, METH_VARARGS,
     "__exit__($self, kind=None, error=None, traceback=None, /)\n--\n\nClose the registry."},
    {"at", registry_at, METH_O, at_doc},
    CONFREG_TEMPLATE_METHODS,
    CONFREG_INSTANCE_METHODS,
    CONFREG_CARE_METHODS,
    CONFREG_WATCH_METHODS,
    CONFREG_NO_PICKLE,
    {0}};

static PyGetSetDef registry_getset[] = {
    {"closed", get_closed, NULL, "Whether close() was called.", NULL},
    {"driver", get_driver, NULL, "The kind of store: 'lmdb', 'consul' ...", NULL},
    {"kv", get_kv, NULL, "The plain keys of the store below the registry.", NULL},
    {0}};

static PyType_Slot registry_slots[] = {
    {Py_tp_doc, "An open registry: service templates, instances of them, and their keys.\n\n"
                "Made by open(). Use it as a context manager, or call close()."},
    {Py_tp_dealloc, (void *)(uintptr_t)registry_dealloc},
    {Py_tp_repr, (void *)(uintptr_t)registry_repr},
    {Py_tp_methods, registry_methods},
    {Py_tp_getset, registry_getset},
    {0, NULL}};

static PyType_Spec registry_spec = {
    .name = "confreg.Registry",
    .basicsize = sizeof(confreg_registry),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = registry_slots,
};

/* ---- names ------------------------------------------------------------------------------- */

static PyObject *module_escape(PyObject *module, PyObject *name)
{
    creg_slice text;
    if (confreg_text(name, &text) != 0)
        return NULL;
    creg_arena arena;
    creg_arena_init(&arena, CONFREG_CALL_BYTES);
    creg_slice segment = confreg_entity_segment(PyModule_GetState(module), text, &arena);
    PyObject *result = segment.data == NULL ? NULL : confreg_str(segment);
    creg_arena_clear(&arena);
    return result;
}

static PyObject *module_unescape(PyObject *module, PyObject *segment)
{
    creg_slice text;
    if (confreg_text(segment, &text) != 0)
        return NULL;
    return confreg_entity_plain(PyModule_GetState(module), text);
}

static PyMethodDef module_methods[] = {
    {"open", CONFREG_KEYWORDS(registry_open), open_doc},
    {"escape", module_escape, METH_O,
     "escape($module, name, /)\n--\n\n"
     "A plain name as one segment of a DN, path or key: 'a b' is 'a=20b'."},
    {"unescape", module_unescape, METH_O,
     "unescape($module, segment, /)\n--\n\nThe plain name of a segment."},
    {0}};

int confreg_add_registry(PyObject *module)
{
    if (confreg_add_type(module, CONFREG_TYPE_REGISTRY, &registry_spec, NULL, true) != 0)
        return -1;
    return PyModule_AddFunctions(module, module_methods);
}
