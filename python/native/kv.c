/* SPDX-License-Identifier: MIT */
/*
 * The plain keys of the store below a registry: `registry.kv`.
 *
 * What is not plain data here, a transaction, is collected in Python (_transaction.py) and
 * given to apply() in one piece.
 */
#include <math.h>
#include <time.h>

#include "native/entity.h"
#include "native/errors.h"
#include "native/list.h"
#include "native/records.h"
#include "native/text.h"
#include "native/watch.h"

typedef struct confreg_kv {
    PyObject_HEAD confreg_registry *registry; /* owned */
} confreg_kv;

/* How long one wait of the store takes: what Ctrl-C and close() have to wait for. */
enum { SLICE_MS = 80 };

PyObject *confreg_kv_new(confreg_registry *registry)
{
    confreg_kv *self =
        (confreg_kv *)confreg_new(confreg_state_of((PyObject *)registry), CONFREG_TYPE_KV);
    if (self != NULL)
        self->registry = (confreg_registry *)Py_NewRef((PyObject *)registry);
    return (PyObject *)self;
}

static void kv_dealloc(PyObject *object)
{
    Py_XDECREF((PyObject *)((confreg_kv *)object)->registry);
    confreg_free(object);
}

static confreg_registry *registry_of(PyObject *self)
{
    return ((confreg_kv *)self)->registry;
}

static creg_store *store_of(const confreg_call *call)
{
    return creg_registry_store(call->handle);
}

/* ---- one key ----------------------------------------------------------------------------- */

/* What becomes of a value that was read. */
typedef PyObject *(*pair_maker)(confreg_state *state, const creg_pair *pair);

static PyObject *value_as_str(confreg_state *state, const creg_pair *pair)
{
    (void)state;
    return confreg_str(pair->value);
}

static PyObject *value_as_bytes(confreg_state *state, const creg_pair *pair)
{
    (void)state;
    return PyBytes_FromStringAndSize(pair->value.data == NULL ? "" : pair->value.data,
                                     (Py_ssize_t)pair->value.size);
}

static PyObject *get_one(PyObject *self, PyObject *args, PyObject *kwargs, const char *format,
                         pair_maker make)
{
    static char *names[] = {"key", "default", NULL};
    creg_pair pair = {0};
    PyObject *fallback = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, format, names, confreg_text_argument,
                                     &pair.key, &fallback))
        return NULL;
    confreg_call call;
    if (!confreg_begin(registry_of(self), &call))
        return NULL;
    bool is_done = CONFREG_RUN(&call, creg_store_get(store_of(&call), pair.key, call.arena,
                                                     &pair.value, &pair.version, &call.error));
    return confreg_end_or(&call, is_done ? make(confreg_state_of(self), &pair) : NULL,
                          fallback);
}

static PyObject *kv_get(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return get_one(self, args, kwargs, "O&|O:get", value_as_str);
}

static PyObject *kv_get_bytes(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return get_one(self, args, kwargs, "O&|O:get_bytes", value_as_bytes);
}

static PyObject *kv_get_pair(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return get_one(self, args, kwargs, "O&|O:get_pair", confreg_record_pair);
}

/* ---- changing ---------------------------------------------------------------------------- */

static PyObject *apply(PyObject *self, const creg_transaction *transaction)
{
    confreg_call call;
    if (!confreg_begin(registry_of(self), &call))
        return NULL;
    bool is_done =
        CONFREG_RUN(&call, creg_store_apply(store_of(&call), transaction, NULL, &call.error));
    return confreg_end(&call, is_done ? Py_NewRef(Py_None) : NULL);
}

static PyObject *change(PyObject *self, const creg_operation *operations, size_t count,
                        PyObject *expected)
{
    creg_check check = {.kind = CREG_CHECK_VERSION, .key = operations[0].key};
    if (expected != NULL && confreg_version_of(expected, &check.version) != 0)
        return NULL;
    creg_transaction transaction = {.checks = &check,
                                    .check_count = expected == NULL ? 0 : 1,
                                    .operations = operations,
                                    .operation_count = count};
    return apply(self, &transaction);
}

static PyObject *kv_put(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"key", "value", "expected", NULL};
    creg_operation operation = {.kind = CREG_OPERATION_PUT};
    PyObject *value, *expected = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&O|$O:put", names, confreg_text_argument,
                                     &operation.key, &value, &expected))
        return NULL;
    confreg_value_text text;
    PyObject *result = NULL;
    if (confreg_value_text_init(&text, confreg_state_of(self), value) == 0) {
        operation.value = text.text;
        result = change(self, &operation, 1, expected);
    }
    confreg_value_text_clear(&text);
    return result;
}

static PyObject *kv_delete(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"key", "tree", "expected", NULL};
    creg_slice key;
    int tree = 0;
    PyObject *expected = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&|$pO:delete", names,
                                     confreg_text_argument, &key, &tree, &expected))
        return NULL;
    creg_operation operations[] = {{.kind = CREG_OPERATION_DELETE, .key = key},
                                   {.kind = CREG_OPERATION_DELETE_TREE, .key = key}};
    return change(self, operations, tree ? 2 : 1, expected);
}

/* ---- transactions ------------------------------------------------------------------------ */

/* PyArg_ParseTuple takes anything else for a mistake of its caller's. */
static int need_tuple(PyObject *item, const char *message)
{
    if (PyTuple_Check(item))
        return 0;
    PyErr_SetString(PyExc_TypeError, message);
    return -1;
}

static int check_of(PyObject *item, creg_check *ret_check)
{
    int kind = 0;
    PyObject *version;
    *ret_check = (creg_check){0};
    if (need_tuple(item, "a check is (kind, key, version)") != 0 ||
        !PyArg_ParseTuple(item, "iO&O;a check is (kind, key, version)", &kind,
                          confreg_text_argument, &ret_check->key, &version))
        return -1;
    if (kind < CREG_CHECK_ABSENT || kind > CREG_CHECK_SUBTREE_EMPTY) {
        PyErr_SetString(PyExc_ValueError, "no such kind of check");
        return -1;
    }
    ret_check->kind = (creg_check_kind)kind;
    return confreg_version_of(version, &ret_check->version);
}

static int operation_of(PyObject *item, creg_operation *ret_operation)
{
    int kind = 0;
    *ret_operation = (creg_operation){0};
    if (need_tuple(item, "an operation is (kind, key, value)") != 0 ||
        !PyArg_ParseTuple(item, "iO&O&;an operation is (kind, key, value)", &kind,
                          confreg_text_argument, &ret_operation->key, confreg_bytes_argument,
                          &ret_operation->value))
        return -1;
    if (kind < CREG_OPERATION_PUT || kind > CREG_OPERATION_DELETE_TREE) {
        PyErr_SetString(PyExc_ValueError, "no such kind of operation");
        return -1;
    }
    ret_operation->kind = (creg_operation_kind)kind;
    return 0;
}

static int collect(PyObject *checks, PyObject *operations, creg_check *check,
                   creg_operation *operation)
{
    for (Py_ssize_t i = 0; i < PyTuple_Size(checks); i++)
        if (check_of(PyTuple_GetItem(checks, i), &check[i]) != 0)
            return -1;
    for (Py_ssize_t i = 0; i < PyTuple_Size(operations); i++)
        if (operation_of(PyTuple_GetItem(operations, i), &operation[i]) != 0)
            return -1;
    return 0;
}

static PyObject *apply_tuples(PyObject *self, PyObject *checks, PyObject *operations)
{
    size_t check_count = (size_t)PyTuple_Size(checks);
    size_t operation_count = (size_t)PyTuple_Size(operations);
    creg_arena arena;
    creg_arena_init(&arena, CONFREG_CALL_BYTES);
    creg_check *check = creg_arena_calloc(&arena, check_count, sizeof *check);
    creg_operation *operation = creg_arena_calloc(&arena, operation_count, sizeof *operation);
    PyObject *result = NULL;
    if (check == NULL || operation == NULL) {
        (void)confreg_raise_memory(confreg_state_of(self), &arena);
    } else if (collect(checks, operations, check, operation) == 0) {
        creg_transaction transaction = {check, check_count, operation, operation_count, NULL};
        result = apply(self, &transaction);
    }
    creg_arena_clear(&arena);
    return result;
}

static PyObject *kv_apply(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"checks", "operations", NULL};
    PyObject *checks, *operations;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO:apply", names, &checks, &operations))
        return NULL;
    /* Tuples of our own: they keep the texts alive, and nobody changes them meanwhile. */
    PyObject *check_tuple = PySequence_Tuple(checks);
    PyObject *operation_tuple = PySequence_Tuple(operations);
    PyObject *result = NULL;
    if (check_tuple != NULL && operation_tuple != NULL)
        result = apply_tuples(self, check_tuple, operation_tuple);
    Py_XDECREF(check_tuple);
    Py_XDECREF(operation_tuple);
    return result;
}

static PyObject *kv_transaction(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyObject_CallFunctionObjArgs(
        confreg_state_of(self)->records[CONFREG_RECORD_TRANSACTION], self, NULL);
}

/* ---- lists ------------------------------------------------------------------------------- */

static PyObject *key_item(void *unused, const void *pair)
{
    (void)unused;
    return confreg_str(((const creg_pair *)pair)->key);
}

static PyObject *pair_item(void *state, const void *pair)
{
    return confreg_record_pair(state, pair);
}

static PyObject *pairs_as_keys(confreg_state *state, const creg_pairs *pairs)
{
    return CONFREG_LIST(pairs, key_item, state);
}

static PyObject *pairs_as_dict(confreg_state *state, const creg_pairs *pairs)
{
    (void)state;
    return confreg_pairs_dict(pairs);
}

static PyObject *pairs_as_records(confreg_state *state, const creg_pairs *pairs)
{
    return CONFREG_LIST(pairs, pair_item, state);
}

static PyObject *list_pairs(PyObject *self, PyObject *args, PyObject *kwargs,
                            const char *format, bool keys_only,
                            PyObject *(*make)(confreg_state *, const creg_pairs *))
{
    static char *names[] = {"prefix", "depth", "after", "limit", NULL};
    creg_read read = {.is_list = true, .keys_only = keys_only};
    unsigned int depth = 0;
    Py_ssize_t limit = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, format, names, confreg_text_argument,
                                     &read.key, &depth, confreg_text_argument, &read.after,
                                     &limit))
        return NULL;
    if (limit < 0) {
        PyErr_SetString(PyExc_ValueError, "limit is 0 (no limit) or more");
        return NULL;
    }
    read.depth = depth;
    read.limit = (size_t)limit;
    confreg_call call;
    if (!confreg_begin(registry_of(self), &call))
        return NULL;
    bool is_done = CONFREG_RUN(
        &call, creg_store_read(store_of(&call), &read, 1, call.arena, NULL, &call.error));
    return confreg_end(&call, is_done ? make(confreg_state_of(self), &read.ret_pairs) : NULL);
}

static PyObject *kv_list(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return list_pairs(self, args, kwargs, "|O&$IO&n:list", false, pairs_as_dict);
}

static PyObject *kv_keys(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return list_pairs(self, args, kwargs, "|O&$IO&n:keys", true, pairs_as_keys);
}

static PyObject *kv_pairs(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return list_pairs(self, args, kwargs, "|O&$IO&n:pairs", false, pairs_as_records);
}

/* ---- several reads of one moment --------------------------------------------------------- */

static int add_pairs(PyObject *dict, const creg_pairs *pairs)
{
    PyObject *more = confreg_pairs_dict(pairs);
    int result = more == NULL ? -1 : PyDict_Update(dict, more);
    Py_XDECREF(more);
    return result;
}

static PyObject *snapshot(confreg_state *state, const creg_read *reads, size_t count,
                          uint64_t revision)
{
    PyObject *values = PyDict_New();
    for (size_t i = 0; values != NULL && i < count; i++)
        if (add_pairs(values, &reads[i].ret_pairs) != 0)
            Py_CLEAR(values);
    if (values == NULL)
        return NULL;
    return confreg_record(state, CONFREG_RECORD_SNAPSHOT,
                          Py_BuildValue("(KN)", (unsigned long long)revision, values));
}

static PyObject *read_tuples(PyObject *self, PyObject *keys, PyObject *prefixes)
{
    confreg_state *state = confreg_state_of(self);
    confreg_call call;
    if (!confreg_begin(registry_of(self), &call))
        return NULL;
    size_t key_count = (size_t)PyTuple_Size(keys);
    size_t count = key_count + (size_t)PyTuple_Size(prefixes);
    creg_read *reads = creg_arena_calloc(call.arena, count, sizeof *reads);
    bool is_good = reads != NULL;
    for (size_t i = 0; is_good && i < count; i++) {
        reads[i].is_list = i >= key_count;
        PyObject *name = reads[i].is_list
                             ? PyTuple_GetItem(prefixes, (Py_ssize_t)(i - key_count))
                             : PyTuple_GetItem(keys, (Py_ssize_t)i);
        is_good = confreg_text(name, &reads[i].key) == 0;
    }
    PyObject *result = NULL;
    if (is_good) {
        uint64_t revision = 0;
        if (CONFREG_RUN(&call, creg_store_read(store_of(&call), reads, count, call.arena,
                                               &revision, &call.error)))
            result = snapshot(state, reads, count, revision);
    } else if (reads == NULL) {
        result = confreg_raise_memory(state, call.arena);
    }
    return confreg_end(&call, result);
}

static PyObject *kv_read(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"keys", "prefixes", NULL};
    PyObject *keys = NULL, *prefixes = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OO:read", names, &keys, &prefixes))
        return NULL;
    PyObject *key_tuple = keys == NULL ? PyTuple_New(0) : PySequence_Tuple(keys);
    PyObject *prefix_tuple = prefixes == NULL ? PyTuple_New(0) : PySequence_Tuple(prefixes);
    PyObject *result = NULL;
    if (key_tuple != NULL && prefix_tuple != NULL)
        result = read_tuples(self, key_tuple, prefix_tuple);
    Py_XDECREF(key_tuple);
    Py_XDECREF(prefix_tuple);
    return result;
}

/* ---- waiting ----------------------------------------------------------------------------- */

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/** Waits slice by slice. CREG_CANCELLED comes with an exception set. */
static creg_status wait_in_slices(PyObject *self, confreg_call *call, creg_slice prefix,
                                  uint64_t revision, double timeout, uint64_t *ret_revision)
{
    double end = timeout < 0 ? HUGE_VAL : seconds_now() + timeout;
    for (;;) {
        double left = end - seconds_now();
        uint32_t slice_ms = SLICE_MS;
        if (left * 1000 < SLICE_MS)
            slice_ms = left <= 0 ? 0 : (uint32_t)(left * 1000) + 1;
        (void)CONFREG_RUN(call, creg_store_wait(store_of(call), prefix, revision, slice_ms,
                                                ret_revision, &call->error));
        if (PyErr_CheckSignals() != 0)
            return CREG_CANCELLED;
        if (call->status != CREG_TIMEOUT || left * 1000 <= SLICE_MS)
            return call->status;
        if (registry_of(self)->is_closing) {
            (void)confreg_raise_message(confreg_state_of(self), CREG_CANCELLED,
                                        "the registry was closed");
            return CREG_CANCELLED;
        }
    }
}

static PyObject *kv_wait(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"prefix", "revision", "timeout", NULL};
    creg_slice prefix = {NULL, 0};
    unsigned long long revision = 0;
    double timeout = -1;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O&KO&:wait", names, confreg_text_argument,
                                     &prefix, &revision, confreg_seconds_argument, &timeout))
        return NULL;
    confreg_call call;
    if (!confreg_begin(registry_of(self), &call))
        return NULL;
    uint64_t seen = revision;
    creg_status status = wait_in_slices(self, &call, prefix, revision, timeout, &seen);
    PyObject *result = NULL;
    if (status == CREG_OK || status == CREG_TIMEOUT)
        result = confreg_record(confreg_state_of(self), CONFREG_RECORD_WAITED,
                                Py_BuildValue("(KO)", (unsigned long long)seen,
                                              status == CREG_OK ? Py_True : Py_False));
    return confreg_end(&call, result);
}

static PyObject *kv_watch(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return confreg_watch_keys(registry_of(self), args, kwargs);
}

/* ---- about the store --------------------------------------------------------------------- */

static PyObject *kv_info(PyObject *self, PyObject *unused)
{
    (void)unused;
    confreg_call call;
    if (!confreg_begin(registry_of(self), &call))
        return NULL;
    creg_pairs facts;
    bool is_done =
        CONFREG_RUN(&call, creg_store_info(store_of(&call), call.arena, &facts, &call.error));
    return confreg_end(&call, is_done ? confreg_pairs_dict(&facts) : NULL);
}

static PyObject *limits_record(confreg_state *state, const creg_limits *limits)
{
    return confreg_record(state, CONFREG_RECORD_LIMITS,
                          Py_BuildValue("(nnnnnI)", (Py_ssize_t)limits->transaction_operations,
                                        (Py_ssize_t)limits->transaction_bytes,
                                        (Py_ssize_t)limits->key_bytes,
                                        (Py_ssize_t)limits->value_bytes,
                                        (Py_ssize_t)limits->operation_bytes, limits->writers));
}

static PyObject *kv_limits(PyObject *self, PyObject *unused)
{
    (void)unused;
    confreg_call call;
    if (!confreg_begin(registry_of(self), &call))
        return NULL;
    creg_limits limits;
    bool is_done = CONFREG_RUN(&call, creg_store_limits(store_of(&call), &limits, &call.error));
    return confreg_end(&call, is_done ? limits_record(confreg_state_of(self), &limits) : NULL);
}

static PyObject *kv_check(PyObject *self, PyObject *unused)
{
    (void)unused;
    confreg_call call;
    if (!confreg_begin(registry_of(self), &call))
        return NULL;
    bool is_done = CONFREG_RUN(&call, creg_store_check(store_of(&call), &call.error));
    return confreg_end(&call, is_done ? Py_NewRef(Py_None) : NULL);
}

static PyObject *get_capabilities(PyObject *self, void *unused)
{
    (void)unused;
    static const char *const names[] = {
        "atomic-batch",      "snapshot-read",           "needs-fence",
        "multi-process",     "same-value-is-no-change", "small-transactions",
        "deletes-key-by-key"}; /* in the order of the bits */
    confreg_call call;
    if (!confreg_begin(registry_of(self), &call))
        return NULL;
    unsigned bits = creg_store_capabilities(store_of(&call));
    PyObject *set = PySet_New(NULL);
    for (unsigned i = 0; set != NULL && i < sizeof names / sizeof *names; i++) {
        if ((bits & (1U << i)) == 0)
            continue;
        PyObject *name = PyUnicode_FromString(names[i]);
        if (name == NULL || PySet_Add(set, name) != 0)
            Py_CLEAR(set);
        Py_XDECREF(name);
    }
    PyObject *result = set == NULL ? NULL : PyFrozenSet_New(set);
    Py_XDECREF(set);
    return confreg_end(&call, result);
}

static PyObject *kv_repr(PyObject *self)
{
    return PyUnicode_FromFormat("<confreg.KV of %R>", (PyObject *)registry_of(self));
}

/* ---- the type ---------------------------------------------------------------------------- */

/* clang-format off */
#define LISTER(name, function, what)                                                           \
    {name, CONFREG_KEYWORDS(function),                                                         \
     name "($self, /, prefix='', *, depth=0, after='', limit=0)\n--\n\n" what "\n\n"           \
     "Only whole segments count: 'a/1' covers 'a/1/b', not 'a/10'. Deeper than `depth`, a\n"  \
     "key is given once, cut, with a closing '/'. `limit` and `after` (the last key of the\n"\
     "page before) read page by page."}

static PyMethodDef kv_methods[] = {
    {"get", CONFREG_KEYWORDS(kv_get),
     "get($self, /, key, default=...)\n--\n\n"
     "The value of a key as str; bytes that are no UTF-8 become lone surrogates."},
    {"get_bytes", CONFREG_KEYWORDS(kv_get_bytes),
     "get_bytes($self, /, key, default=...)\n--\n\nThe value of a key as bytes."},
    {"get_pair", CONFREG_KEYWORDS(kv_get_pair),
     "get_pair($self, /, key, default=...)\n--\n\nThe value of a key with its version."},
    {"put", CONFREG_KEYWORDS(kv_put),
     "put($self, /, key, value, *, expected=...)\n--\n\n"
     "Write a key. With `expected` (a Version, or None for \"absent\") only if that is its\n"
     "version: ConflictError otherwise."},
    {"delete", CONFREG_KEYWORDS(kv_delete),
     "delete($self, /, key, *, tree=False, expected=...)\n--\n\n"
     "Remove a key; with `tree`, whatever lies below it, too. A missing key is fine."},
    {"apply", CONFREG_KEYWORDS(kv_apply),
     "apply($self, /, checks, operations)\n--\n\n"
     "Apply a transaction as transaction() collects it."},
    {"transaction", kv_transaction, METH_NOARGS,
     "transaction($self, /)\n--\n\n"
     "A transaction to fill in a `with` block: all checks hold and everything happens, or\n"
     "nothing does."},
    LISTER("list", kv_list, "All keys below a prefix with their values, sorted by bytes."),
    LISTER("keys", kv_keys, "All keys below a prefix, sorted by bytes."),
    LISTER("pairs", kv_pairs, "All keys below a prefix with values and versions."),
    {"read", CONFREG_KEYWORDS(kv_read),
     "read($self, /, keys=(), prefixes=())\n--\n\n"
     "Several keys, and all that lies below prefixes, at one moment. Keys that do not exist\n"
     "are left out."},
    {"wait", CONFREG_KEYWORDS(kv_wait),
     "wait($self, /, prefix='', revision=0, timeout=None)\n--\n\n"
     "Wait until something below the prefix may have changed since `revision` (of read() or\n"
     "an earlier wait; 0 returns at once), or `timeout` seconds are over. Read again after it."},
    {"watch", CONFREG_KEYWORDS(kv_watch),
     "watch($self, /, prefix='', *, snapshot=False, cursor=None, known=None, timeout=None)\n"
     "--\n\nWatch the key `prefix` and what lies below it; see Registry.watch()."},
    {"info", kv_info, METH_NOARGS, "info($self, /)\n--\n\nFacts about the open store."},
    {"limits", kv_limits, METH_NOARGS,
     "limits($self, /)\n--\n\nWhat one transaction of the store can take."},
    {"check", kv_check, METH_NOARGS,
     "check($self, /)\n--\n\nStoreDamaged unless the store is as sound as it can tell."},
    CONFREG_NO_PICKLE,
    {0}};
/* clang-format on */

static PyGetSetDef kv_getset[] = {
    {"capabilities", get_capabilities, NULL, "What the store can do, as a set of words.", NULL},
    {0}};

static PyType_Slot kv_slots[] = {
    {Py_tp_doc, "Plain keys and values of the store below a registry."},
    {Py_tp_dealloc, (void *)(uintptr_t)kv_dealloc},
    {Py_tp_repr, (void *)(uintptr_t)kv_repr},
    {Py_tp_methods, kv_methods},
    {Py_tp_getset, kv_getset},
    {0, NULL}};

static PyType_Spec kv_spec = {
    .name = "confreg.KV",
    .basicsize = sizeof(confreg_kv),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = kv_slots,
};

int confreg_add_kv(PyObject *module)
{
    return confreg_add_type(module, CONFREG_TYPE_KV, &kv_spec, NULL, true);
}
