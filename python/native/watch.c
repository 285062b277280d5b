/* SPDX-License-Identifier: MIT */
/*
 * Watches: iterators of events, with a timeout, a cancel from any thread and a descriptor.
 *
 * Waiting is done by poll() on the watch's own descriptor, in slices, so that Ctrl-C and
 * cancel() are noticed at once on every store, whatever its driver is doing just now. A watch
 * that never has to wait never gets the thread that the descriptor needs.
 *
 *     next: creg_watch_next(0) -- an event? --> give it
 *              ^                    | none yet
 *              '--- poll(descriptor, slice) --- signals? closed? time over?
 */
#include "native/watch.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "native/errors.h"
#include "native/records.h"
#include "native/registry_methods.h"
#include "native/text.h"

enum { SLICE_MS = 50 };

typedef struct confreg_watch {
    PyObject_HEAD confreg_registry *registry; /* owned, and retained while `handle` is open */
    creg_watch *handle;
    struct confreg_watch *next; /* of the registry's open watches */
    struct confreg_watch *previous;
    double timeout; /* of an iteration step, in seconds; negative is for ever */
    int descriptor; /* -1 until somebody had to wait */
    pid_t pid;      /* of the process that opened it: its thread is in no other */
    bool is_busy;   /* a thread is in the library with it, without the GIL */
    bool is_closing;
    bool is_cancelled;
    bool is_over; /* the iteration has ended */
    creg_arena arena;
    bool is_kept;    /* an event that came together with a signal is the next one */
    creg_event kept; /* in the arena */
} confreg_watch;

/* ---- the list of open ones --------------------------------------------------------------- */

static void link_watch(confreg_watch *self)
{
    self->next = self->registry->watches;
    if (self->next != NULL)
        self->next->previous = self;
    self->registry->watches = self;
}

static void unlink_watch(confreg_watch *self)
{
    if (self->next != NULL)
        self->next->previous = self->previous;
    if (self->previous != NULL)
        self->previous->next = self->next;
    else
        self->registry->watches = self->next;
    self->next = self->previous = NULL;
}

static void cancel(confreg_watch *self)
{
    self->is_cancelled = true;
    if (self->handle != NULL)
        creg_watch_cancel(self->handle);
}

void confreg_watch_cancel_all(confreg_registry *registry)
{
    for (confreg_watch *watch = registry->watches; watch != NULL; watch = watch->next)
        cancel(watch);
}

/* ---- opening ----------------------------------------------------------------------------- */

typedef struct watch_request {
    creg_slice target;
    creg_watch_options options;
    creg_pairs known;
    double timeout;
} watch_request;

/** {path: value} of what the caller had when it took the cursor. */
static int known_pairs(confreg_state *state, PyObject *known, creg_arena *arena,
                       creg_pairs *ret_pairs)
{
    if (!PyDict_Check(known)) {
        PyErr_SetString(PyExc_TypeError, "known is a dict of paths to values");
        return -1;
    }
    creg_pair *items = creg_arena_calloc(arena, (size_t)PyDict_Size(known), sizeof *items);
    if (items == NULL) {
        (void)confreg_raise_memory(state, arena);
        return -1;
    }
    *ret_pairs = (creg_pairs){items, 0};
    PyObject *path, *value;
    Py_ssize_t at = 0;
    while (PyDict_Next(known, &at, &path, &value)) {
        confreg_value_text text;
        creg_pair *pair = &items[ret_pairs->size++];
        int result = confreg_text(path, &pair->key);
        if (result == 0 && (result = confreg_value_text_init(&text, state, value)) == 0)
            pair->value = creg_arena_copy(arena, text.text);
        else
            return -1;
        confreg_value_text_clear(&text);
        if (pair->value.data == NULL) {
            (void)confreg_raise_memory(state, arena);
            return -1;
        }
    }
    return 0;
}

static PyObject *open_watch(confreg_registry *registry, watch_request *request, PyObject *known,
                            creg_arena *arena)
{
    confreg_state *state = confreg_state_of((PyObject *)registry);
    if (known != NULL && known != Py_None) {
        if (known_pairs(state, known, arena, &request->known) != 0)
            return NULL;
        request->options.known = &request->known;
    }
    confreg_watch *self = (confreg_watch *)confreg_new(state, CONFREG_TYPE_WATCH);
    if (self == NULL)
        return NULL;
    creg_arena_init(&self->arena, CONFREG_CALL_BYTES);
    self->descriptor = -1;
    self->pid = getpid();
    self->timeout = request->timeout;
    self->registry = (confreg_registry *)Py_NewRef((PyObject *)registry);

    creg_error err;
    creg_status status = CREG_USAGE;
    creg_watch *opened = NULL;
    creg_registry *handle = confreg_retain(registry);
    if (handle == NULL) {
        Py_DECREF(self);
        return NULL;
    }
    confreg_away away = {0};
    confreg_leave(&away);
    status = creg_watch_open(handle, request->target, &request->options, &opened, &err);
    if (!confreg_join(&away) && status == CREG_OK) {
        creg_watch_close(opened);
        status = err.status = CREG_CANCELLED;
    }
    if (status != CREG_OK) {
        confreg_release(registry);
        Py_DECREF(self);
        return confreg_raise(state, &err);
    }
    self->handle = opened;
    link_watch(self);
    if (registry->is_closing) /* close() came while we were opening */
        cancel(self);
    return (PyObject *)self;
}

#define WATCH_OPTIONS "snapshot", "cursor", "known", "timeout", NULL

static PyObject *watch_one(confreg_registry *registry, watch_request *request, PyObject *known)
{
    creg_arena arena;
    creg_arena_init(&arena, CONFREG_CALL_BYTES);
    PyObject *watch = open_watch(registry, request, known, &arena);
    creg_arena_clear(&arena);
    return watch;
}

/** A target and the options: `format` begins with what the target is. */
static PyObject *watch_target(confreg_registry *registry, creg_watch_scope scope,
                              const char *format, char **names, PyObject *args,
                              PyObject *kwargs)
{
    watch_request request = {.timeout = -1, .options = {.scope = scope}};
    PyObject *known = NULL;
    int snapshot = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, format, names, confreg_text_argument,
                                     &request.target, &snapshot, confreg_optional_text_argument,
                                     &request.options.cursor, &known, confreg_seconds_argument,
                                     &request.timeout))
        return NULL;
    request.options.with_snapshot = snapshot != 0;
    return watch_one(registry, &request, known);
}

PyObject *confreg_watch_dn(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"dn", WATCH_OPTIONS};
    return watch_target((confreg_registry *)self, CREG_WATCH_DN, "O&|$pO&OO&:watch", names,
                        args, kwargs);
}

PyObject *confreg_watch_keys(confreg_registry *registry, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"prefix", WATCH_OPTIONS};
    return watch_target(registry, CREG_WATCH_KEYS, "|O&$pO&OO&:watch", names, args, kwargs);
}

PyObject *confreg_watch_entity(confreg_registry *registry, creg_slice dn, PyObject *args,
                               PyObject *kwargs)
{
    static char *names[] = {WATCH_OPTIONS};
    watch_request request = {.timeout = -1, .target = dn};
    PyObject *known = NULL;
    int snapshot = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$pO&OO&:watch", names, &snapshot,
                                     confreg_optional_text_argument, &request.options.cursor,
                                     &known, confreg_seconds_argument, &request.timeout))
        return NULL;
    request.options.with_snapshot = snapshot != 0;
    return watch_one(registry, &request, known);
}

/** "USER/NAME/VERSION" of those that are given; a gap is a ValueError. */
static int instances_target(confreg_state *state, const creg_slice names[3], creg_arena *arena,
                            creg_slice *ret_target)
{
    char *text =
        creg_arena_alloc(arena, 3 * (names[0].size + names[1].size + names[2].size) + 3);
    if (text == NULL) {
        (void)confreg_raise_memory(state, arena);
        return -1;
    }
    size_t size = 0;
    for (unsigned i = 0; i < 3; i++) {
        if (names[i].size == 0)
            continue;
        if (i > 0 && names[i - 1].size == 0) {
            PyErr_SetString(PyExc_ValueError,
                            "a name needs a user, and a version needs a name");
            return -1;
        }
        creg_slice segment = creg_key_encode(names[i], arena);
        if (segment.data == NULL) {
            (void)confreg_raise_memory(state, arena);
            return -1;
        }
        if (i > 0)
            text[size++] = '/';
        memcpy(text + size, segment.data, segment.size);
        size += segment.size;
    }
    *ret_target = creg_slice_make(text, size);
    return 0;
}

PyObject *confreg_watch_instances(PyObject *object, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"user", "name", "version", WATCH_OPTIONS};
    watch_request request = {.timeout = -1, .options = {.scope = CREG_WATCH_INSTANCES}};
    creg_slice parts[3] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    PyObject *known = NULL;
    int snapshot = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O&O&O&$pO&OO&:watch_instances", names,
                                     confreg_optional_text_argument, &parts[0],
                                     confreg_optional_text_argument, &parts[1],
                                     confreg_optional_text_argument, &parts[2], &snapshot,
                                     confreg_optional_text_argument, &request.options.cursor,
                                     &known, confreg_seconds_argument, &request.timeout))
        return NULL;
    request.options.with_snapshot = snapshot != 0;
    creg_arena arena;
    creg_arena_init(&arena, CONFREG_CALL_BYTES);
    PyObject *watch = NULL;
    if (instances_target(confreg_state_of(object), parts, &arena, &request.target) == 0)
        watch = open_watch((confreg_registry *)object, &request, known, &arena);
    creg_arena_clear(&arena);
    return watch;
}

/* ---- use by one thread at a time --------------------------------------------------------- */

static int enter(confreg_watch *self)
{
    confreg_state *state = confreg_state_of((PyObject *)self);
    if (self->handle == NULL || self->is_closing) {
        (void)confreg_raise_message(state, CREG_USAGE, "the watch is closed");
        return -1;
    }
    if (self->pid != getpid()) {
        (void)confreg_raise_message(state, CREG_FORKED,
                                    "the watch was opened before fork; open it again");
        return -1;
    }
    if (self->is_busy) {
        (void)confreg_raise_message(state, CREG_USAGE, "another thread is using this watch");
        return -1;
    }
    self->is_busy = true;
    return 0;
}

static void close_now(confreg_watch *self)
{
    creg_watch *handle = self->handle;
    self->handle = NULL;
    self->is_busy = true; /* so that nobody else begins meanwhile */
    unlink_watch(self);
    Py_BEGIN_ALLOW_THREADS
    creg_watch_close(handle);
    Py_END_ALLOW_THREADS
    self->is_busy = false;
    confreg_release(self->registry);
}

static void leave(confreg_watch *self)
{
    self->is_busy = false;
    if (self->is_closing && self->handle != NULL)
        close_now(self);
}

/* ---- the next event ---------------------------------------------------------------------- */

static PyObject *text_or_none(creg_slice text, bool is_there)
{
    return is_there ? confreg_str(text) : Py_NewRef(Py_None);
}

static PyObject *event_record(confreg_state *state, const creg_event *event)
{
    PyObject *kind =
        PyTuple_GetItem(state->records[CONFREG_RECORD_EVENT_KINDS], (Py_ssize_t)event->kind);
    if (kind == NULL)
        return NULL;
    bool is_put = event->kind == CREG_EVENT_PUT;
    PyObject *dn = confreg_str(event->dn);
    PyObject *path = confreg_str(event->path);
    PyObject *value = text_or_none(event->value, is_put || event->kind == CREG_EVENT_SNAPSHOT);
    PyObject *old = text_or_none(event->old_value, (is_put && !event->was_absent) ||
                                                       event->kind == CREG_EVENT_DELETE);
    PyObject *revision = PyLong_FromUnsignedLongLong(event->revision);
    PyObject *fields = NULL;
    if (dn != NULL && path != NULL && value != NULL && old != NULL && revision != NULL)
        fields =
            PyTuple_Pack(8, kind, dn, path, value, old, event->was_absent ? Py_True : Py_False,
                         event->more ? Py_True : Py_False, revision);
    Py_XDECREF(dn);
    Py_XDECREF(path);
    Py_XDECREF(value);
    Py_XDECREF(old);
    Py_XDECREF(revision);
    return confreg_record(state, CONFREG_RECORD_EVENT, fields);
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/** Wait a slice, or less. 0, or -1 when a signal handler raised. */
static int wait_slice(confreg_watch *self, double seconds_left)
{
    int wait_ms = SLICE_MS;
    if (seconds_left * 1000 < SLICE_MS)
        wait_ms = (int)(seconds_left * 1000) + 1;
    struct pollfd waited = {.fd = self->descriptor, .events = POLLIN};
    int error;
    Py_BEGIN_ALLOW_THREADS
    error = poll(&waited, 1, wait_ms) < 0 ? errno : 0;
    Py_END_ALLOW_THREADS
    if (error != 0 && error != EINTR) {
        errno = error;
        PyErr_SetFromErrno(PyExc_OSError);
        return -1;
    }
    return PyErr_CheckSignals();
}

/** One look. When there is nothing and the caller will wait, get the descriptor, too. */
static creg_status ask(confreg_watch *self, bool will_wait, creg_event *ret_event,
                       creg_error *err)
{
    if (self->is_kept) {
        self->is_kept = false;
        *ret_event = self->kept;
        return CREG_OK;
    }
    creg_arena_reset(&self->arena);
    confreg_away away = {0};
    confreg_leave(&away);
    creg_status status = creg_watch_next(self->handle, 0, &self->arena, ret_event, err);
    if (status == CREG_TIMEOUT && will_wait && self->descriptor < 0) {
        creg_status opened = creg_watch_descriptor(self->handle, &self->descriptor, err);
        if (opened != CREG_OK)
            status = opened;
    }
    if (confreg_join(&away))
        return status;
    self->is_kept = status == CREG_OK;
    if (self->is_kept)
        self->kept = *ret_event;
    return CREG_CANCELLED;
}

/**
 * CREG_OK with an event, CREG_TIMEOUT without; else `err` says. CREG_CANCELLED may come with
 * an exception set, of a signal handler. The watch is entered.
 */
static creg_status wait_event(confreg_watch *self, double timeout, creg_event *ret_event,
                              creg_error *err)
{
    double end = timeout < 0 ? HUGE_VAL : seconds_now() + timeout;
    for (;;) {
        creg_status status = ask(self, timeout != 0, ret_event, err);
        bool may_pass =
            status == CREG_TIMEOUT || status == CREG_UNAVAILABLE || status == CREG_IO;
        double left = timeout == 0 ? 0 : end - seconds_now();
        if (!may_pass || left <= 0)
            return status;
        if (self->is_closing || self->is_cancelled || wait_slice(self, left) != 0)
            return CREG_CANCELLED;
    }
}

/** An event, or NULL with CREG_TIMEOUT, CREG_CANCELLED, CREG_NOT_FOUND or an exception. */
static PyObject *next_event(confreg_watch *self, double timeout, creg_status *ret_status,
                            creg_error *err)
{
    if (enter(self) != 0)
        return NULL;
    creg_event event;
    *ret_status = wait_event(self, timeout, &event, err);
    PyObject *record = NULL;
    if (*ret_status == CREG_OK)
        record = event_record(confreg_state_of((PyObject *)self), &event);
    leave(self);
    return record;
}

static PyObject *watch_iternext(PyObject *object)
{
    confreg_watch *self = (confreg_watch *)object;
    if (self->is_over || self->is_cancelled)
        return NULL;
    creg_error err;
    creg_status status = CREG_OK;
    PyObject *event = next_event(self, self->timeout, &status, &err);
    if (event != NULL || PyErr_Occurred())
        return event;
    self->is_over = status != CREG_TIMEOUT;
    if (status == CREG_TIMEOUT || status == CREG_CANCELLED || status == CREG_NOT_FOUND)
        return NULL;
    self->is_over = false; /* "the next call tries again" */
    return confreg_raise(confreg_state_of(object), &err);
}

static PyObject *watch_next(PyObject *object, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"timeout", NULL};
    double timeout = -1;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O&:next", names, confreg_seconds_argument,
                                     &timeout))
        return NULL;
    confreg_watch *self = (confreg_watch *)object;
    creg_error err;
    creg_status status = CREG_OK;
    if (self->is_cancelled)
        return confreg_raise_message(confreg_state_of(object), CREG_CANCELLED,
                                     "the watch was cancelled");
    PyObject *event = next_event(self, timeout, &status, &err);
    if (event != NULL || PyErr_Occurred())
        return event;
    if (status == CREG_TIMEOUT)
        Py_RETURN_NONE;
    if (status == CREG_CANCELLED)
        return confreg_raise_message(confreg_state_of(object), CREG_CANCELLED,
                                     "the watch was cancelled");
    return confreg_raise(confreg_state_of(object), &err);
}

/* ---- the other methods ------------------------------------------------------------------- */

static PyObject *watch_cursor(PyObject *object, PyObject *unused)
{
    (void)unused;
    confreg_watch *self = (confreg_watch *)object;
    if (enter(self) != 0)
        return NULL;
    creg_arena arena;
    creg_arena_init(&arena, CONFREG_CALL_BYTES);
    creg_error err;
    creg_slice cursor;
    creg_status status;
    confreg_away away = {0};
    confreg_leave(&away);
    status = creg_watch_cursor(self->handle, &arena, &cursor, &err);
    if (!confreg_join(&away))
        status = err.status = CREG_CANCELLED;
    PyObject *result =
        status == CREG_OK ? confreg_str(cursor) : confreg_raise(confreg_state_of(object), &err);
    creg_arena_clear(&arena);
    leave(self);
    return result;
}

static PyObject *watch_fileno(PyObject *object, PyObject *unused)
{
    (void)unused;
    confreg_watch *self = (confreg_watch *)object;
    if (self->descriptor >= 0 && self->handle != NULL)
        return PyLong_FromLong(self->descriptor);
    if (enter(self) != 0)
        return NULL;
    creg_error err;
    creg_status status;
    confreg_away away = {0};
    confreg_leave(&away);
    status = creg_watch_descriptor(self->handle, &self->descriptor, &err);
    if (!confreg_join(&away))
        status = err.status = CREG_CANCELLED;
    leave(self);
    if (status != CREG_OK)
        return confreg_raise(confreg_state_of(object), &err);
    return PyLong_FromLong(self->descriptor);
}

static PyObject *watch_cancel(PyObject *self, PyObject *unused)
{
    (void)unused;
    cancel((confreg_watch *)self);
    Py_RETURN_NONE;
}

static PyObject *watch_close(PyObject *object, PyObject *unused)
{
    (void)unused;
    confreg_watch *self = (confreg_watch *)object;
    if (self->handle == NULL)
        Py_RETURN_NONE;
    self->is_closing = true;
    self->is_over = true;
    if (self->is_busy)
        cancel(self); /* the thread that uses it closes it on its way out */
    else
        close_now(self);
    Py_RETURN_NONE;
}

static PyObject *watch_enter(PyObject *self, PyObject *unused)
{
    (void)unused;
    return Py_NewRef(self);
}

static PyObject *watch_exit(PyObject *self, PyObject *args)
{
    (void)args;
    return watch_close(self, NULL);
}

static PyObject *watch_aiter(PyObject *self)
{
    return PyObject_CallFunctionObjArgs(
        confreg_state_of(self)->records[CONFREG_RECORD_ASYNC_WATCH], self, NULL);
}

static PyObject *get_timeout(PyObject *object, void *unused)
{
    (void)unused;
    confreg_watch *self = (confreg_watch *)object;
    return self->timeout < 0 ? Py_NewRef(Py_None) : PyFloat_FromDouble(self->timeout);
}

static PyObject *get_cancelled(PyObject *object, void *unused)
{
    (void)unused;
    return PyBool_FromLong(((confreg_watch *)object)->is_cancelled);
}

static PyObject *get_closed(PyObject *object, void *unused)
{
    (void)unused;
    confreg_watch *self = (confreg_watch *)object;
    return PyBool_FromLong(self->handle == NULL || self->is_closing);
}

static void watch_dealloc(PyObject *object)
{
    confreg_watch *self = (confreg_watch *)object;
    if (self->handle != NULL)
        close_now(self);
    creg_arena_clear(&self->arena);
    Py_XDECREF((PyObject *)self->registry);
    confreg_free(object);
}

/* ---- the type ---------------------------------------------------------------------------- */

static PyMethodDef watch_methods[] = {
    {"next", CONFREG_KEYWORDS(watch_next),
     "next($self, /, timeout=None)\n--\n\n"
     "The next event, or None when `timeout` seconds passed without one.\n\n"
     "CancelledError after cancel(), KeyDoesNotExist once the instance was removed and that\n"
     "was told, StoreUnreachable when the store could not be asked all the while."},
    {"cursor", watch_cursor, METH_NOARGS,
     "cursor($self, /)\n--\n\n"
     "Where the watch stands after its last event, as a text that resumes it anywhere."},
    {"fileno", watch_fileno, METH_NOARGS,
     "fileno($self, /)\n--\n\n"
     "A descriptor for select() and event loops: readable while next() would not wait. Do\n"
     "not read it."},
    {"cancel", watch_cancel, METH_NOARGS,
     "cancel($self, /)\n--\n\nEnd the iteration, from any thread."},
    {"close", watch_close, METH_NOARGS, "close($self, /)\n--\n\nEnd the watch."},
    {"__enter__", watch_enter, METH_NOARGS, "__enter__($self, /)\n--\n\nThe watch."},
    {"__exit__", watch_exit, METH_VARARGS,
     "__exit__($self, kind=None, error=None, traceback=None, /)\n--\n\nClose the watch."},
    CONFREG_NO_PICKLE,
    {0}};

static PyGetSetDef watch_getset[] = {
    {"timeout", get_timeout, NULL, "Seconds without an event that end an iteration.", NULL},
    {"cancelled", get_cancelled, NULL, "Whether cancel() was called.", NULL},
    {"closed", get_closed, NULL, "Whether it was closed.", NULL},
    {0}};

static PyType_Slot watch_slots[] = {
    {Py_tp_doc, "An iterator of events, for `for` and `async for`. One thread uses it at a\n"
                "time; only cancel() and close() may come from another."},
    {Py_tp_dealloc, (void *)(uintptr_t)watch_dealloc},
    {Py_tp_iter, (void *)(uintptr_t)PyObject_SelfIter},
    {Py_tp_iternext, (void *)(uintptr_t)watch_iternext},
    {Py_am_aiter, (void *)(uintptr_t)watch_aiter},
    {Py_tp_methods, watch_methods},
    {Py_tp_getset, watch_getset},
    {0, NULL}};

static PyType_Spec watch_spec = {
    .name = "confreg.Watch",
    .basicsize = sizeof(confreg_watch),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = watch_slots,
};

int confreg_add_watch(PyObject *module)
{
    return confreg_add_type(module, CONFREG_TYPE_WATCH, &watch_spec, NULL, true);
}
