/* SPDX-License-Identifier: MIT */
/*
 * The classes of live objects, their names and comparison, and the parts that they have.
 *
 * An attribute is looked up in a dict of the class's own names first, made once per class:
 * a failed generic lookup would build and drop an AttributeError, which costs more than the
 * read from LMDB does.
 */
#include "native/entity.h"

#include "native/errors.h"
#include "native/list.h"
#include "native/records.h"
#include "native/text.h"
#include "native/watch.h"

/* ---- making ------------------------------------------------------------------------------ */

/** True when the text is "FOLDER/SEGMENT"; `ret_rest` is what may follow. */
static bool starts_with_part(creg_slice text, const char *folder, creg_slice *ret_rest)
{
    size_t size = strlen(folder);
    if (text.size <= size + 1 || memcmp(text.data, folder, size) != 0 || text.data[size] != '/')
        return false;
    const char *name = text.data + size + 1;
    size_t left = text.size - size - 1;
    const char *slash = memchr(name, '/', left);
    size_t name_size = slash == NULL ? left : (size_t)(slash - name);
    size_t skipped = name_size + (slash == NULL ? 0 : 1);
    *ret_rest = creg_slice_make(name + skipped, left - skipped);
    return name_size != 0;
}

/** Which class stands for what lies at `rest` below an instance. */
static confreg_type_id type_of(creg_slice rest)
{
    creg_slice below = {NULL, 0};
    if (rest.size == 0)
        return CONFREG_TYPE_INSTANCE;
    if (starts_with_part(rest, "services", &below))
        return below.size == 0 ? CONFREG_TYPE_SERVICE : CONFREG_TYPE_ENTITY;
    if (!starts_with_part(rest, "nodes", &below))
        return CONFREG_TYPE_ENTITY;
    if (below.size == 0)
        return CONFREG_TYPE_NODE;
    creg_slice more = {NULL, 0};
    if (starts_with_part(below, "disks", &more) && more.size == 0)
        return CONFREG_TYPE_DISK;
    if (starts_with_part(below, "networks", &more) && more.size == 0)
        return CONFREG_TYPE_NETWORK;
    return CONFREG_TYPE_ENTITY;
}

/** `dn` is in its full form; its first `instance_size` bytes are the instance's. */
static PyObject *entity_new(confreg_registry *registry, creg_slice dn, size_t instance_size)
{
    confreg_state *state = confreg_state_of((PyObject *)registry);
    size_t skipped = dn.size > instance_size ? instance_size + 1 : instance_size;
    confreg_type_id id = type_of(creg_slice_make(dn.data + skipped, dn.size - skipped));
    confreg_entity *self = (confreg_entity *)confreg_new(state, id);
    if (self == NULL)
        return NULL;
    self->registry = (confreg_registry *)Py_NewRef((PyObject *)registry);
    self->instance_size = instance_size;
    self->own_names = state->own_names[id];
    self->dn = PyUnicode_DecodeUTF8(dn.data, (Py_ssize_t)dn.size, NULL);
    if (self->dn == NULL || confreg_text(self->dn, &self->text) != 0) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

/** The DN as the caller wrote it, in its full form, in the arena. */
static creg_slice full_dn(creg_slice given, creg_slice instance, creg_arena *arena)
{
    while (given.size > 0 && given.data[given.size - 1] == '/')
        given.size--;
    bool is_full =
        given.size >= instance.size && memcmp(given.data, instance.data, instance.size) == 0;
    if (is_full)
        return given;
    const char *slash = memchr(instance.data, '/', instance.size);
    size_t root = (size_t)(slash - instance.data) + 1;
    char *text = creg_arena_alloc(arena, root + given.size);
    if (text == NULL)
        return creg_slice_make(NULL, 0);
    memcpy(text, instance.data, root);
    memcpy(text + root, given.data, given.size);
    return creg_slice_make(text, root + given.size);
}

PyObject *confreg_entity_at(confreg_registry *registry, creg_slice dn)
{
    confreg_state *state = confreg_state_of((PyObject *)registry);
    confreg_call call;
    if (!confreg_begin_small(registry, &call))
        return NULL;
    PyObject *result = NULL;
    creg_slice instance; /* parsing only: the store is not asked, so the GIL is kept */
    call.status = creg_instance_of(call.handle, dn, call.arena, &instance, &call.error);
    if (call.status == CREG_OK) {
        creg_slice full = full_dn(dn, instance, call.arena);
        result = full.data == NULL ? confreg_raise_memory(state, call.arena)
                                   : entity_new(registry, full, instance.size);
    }
    return confreg_end(&call, result);
}

creg_slice confreg_entity_segment(confreg_state *state, creg_slice name, creg_arena *arena)
{
    creg_error err;
    creg_slice segment = {NULL, 0};
    if (creg_name_check(name, "name", &err) != CREG_OK) {
        (void)confreg_raise(state, &err);
        return segment;
    }
    segment = creg_key_encode(name, arena);
    if (segment.data == NULL)
        (void)confreg_raise_memory(state, arena);
    return segment;
}

PyObject *confreg_entity_below(confreg_entity *entity, const char *folder, creg_slice name)
{
    creg_arena arena;
    creg_arena_init(&arena, CONFREG_CALL_BYTES);
    creg_slice segment =
        confreg_entity_segment(confreg_state_of((PyObject *)entity), name, &arena);
    PyObject *name_text = segment.data == NULL ? NULL : confreg_str(segment);
    PyObject *below = name_text == NULL
                          ? NULL
                          : PyUnicode_FromFormat("%U/%s/%U", entity->dn, folder, name_text);
    Py_XDECREF(name_text);
    creg_arena_clear(&arena);
    if (below == NULL)
        return NULL;

    creg_slice text;
    PyObject *result = NULL;
    if (confreg_text(below, &text) == 0)
        result = entity_new(entity->registry, text, entity->instance_size);
    Py_DECREF(below);
    return result;
}

/* Not a flag but a function, so that it holds for classes derived in Python, too. */
static PyObject *entity_refuse_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    (void)args;
    (void)kwargs;
    PyObject *name = PyType_GetName(type);
    if (name != NULL)
        PyErr_Format(PyExc_TypeError, "cannot create '%U': use the methods of a Registry",
                     name);
    Py_XDECREF(name);
    return NULL;
}

static void entity_dealloc(PyObject *object)
{
    confreg_entity *self = (confreg_entity *)object;
    Py_XDECREF((PyObject *)self->registry);
    Py_XDECREF(self->dn);
    confreg_free(object);
}

/* ---- attributes -------------------------------------------------------------------------- */

/** Names that Python itself asks for, and names of the class: never the store's. */
static bool is_own(const confreg_entity *self, PyObject *name)
{
    if (PyDict_GetItemWithError(self->own_names, name) != NULL)
        return true;
    creg_slice text;
    if (confreg_text(name, &text) != 0) {
        PyErr_Clear(); /* not a text that a store could hold: the generic way tells */
        return true;
    }
    return text.size > 4 && memcmp(text.data, "__", 2) == 0 &&
           memcmp(text.data + text.size - 2, "__", 2) == 0;
}

static PyObject *entity_getattro(PyObject *object, PyObject *name)
{
    confreg_entity *self = (confreg_entity *)object;
    if (is_own(self, name))
        return PyObject_GenericGetAttr(object, name);
    return confreg_property_attribute(self, name);
}

static int entity_setattro(PyObject *object, PyObject *name, PyObject *value)
{
    confreg_entity *self = (confreg_entity *)object;
    if (!is_own(self, name))
        return confreg_property_assign(self, name, value);
    PyErr_Format(PyExc_AttributeError,
                 "'%U' belongs to the class; a property of that name is set with set()", name);
    return -1;
}

/* ---- names and comparison ---------------------------------------------------------------- */

static PyObject *get_dn(PyObject *self, void *unused)
{
    (void)unused;
    return Py_NewRef(((confreg_entity *)self)->dn);
}

static PyObject *get_registry(PyObject *self, void *unused)
{
    (void)unused;
    return Py_NewRef((PyObject *)((confreg_entity *)self)->registry);
}

static PyObject *get_instance(PyObject *object, void *unused)
{
    (void)unused;
    confreg_entity *self = (confreg_entity *)object;
    return entity_new(self->registry, creg_slice_make(self->text.data, self->instance_size),
                      self->instance_size);
}

PyObject *confreg_entity_plain(confreg_state *state, creg_slice segment)
{
    creg_arena arena;
    creg_arena_init(&arena, CONFREG_CALL_BYTES);
    creg_error err;
    creg_slice text;
    creg_status status = creg_key_decode(segment, &arena, &text, &err);
    PyObject *result = status == CREG_OK ? confreg_str(text) : confreg_raise(state, &err);
    creg_arena_clear(&arena);
    return result;
}

/** The segment that is `from_end` before the last one. */
static creg_slice segment_from_end(creg_slice text, unsigned from_end)
{
    size_t end = text.size;
    for (;;) {
        size_t start = end;
        while (start > 0 && text.data[start - 1] != '/')
            start--;
        if (from_end == 0 || start == 0)
            return creg_slice_make(text.data + start, end - start);
        from_end--;
        end = start - 1;
    }
}

/* The closure is how far before the end the segment stands. */
static PyObject *get_segment(PyObject *object, void *from_end)
{
    confreg_entity *self = (confreg_entity *)object;
    return confreg_entity_plain(confreg_state_of(object),
                                segment_from_end(self->text, (unsigned)(uintptr_t)from_end));
}

static PyObject *entity_str(PyObject *self)
{
    return get_dn(self, NULL);
}

static PyObject *entity_repr(PyObject *object)
{
    PyObject *name = PyType_GetName(Py_TYPE(object));
    PyObject *text = name == NULL
                         ? NULL
                         : PyUnicode_FromFormat("%U(%R)", name, ((confreg_entity *)object)->dn);
    Py_XDECREF(name);
    return text;
}

static Py_hash_t entity_hash(PyObject *self)
{
    return PyObject_Hash(((confreg_entity *)self)->dn);
}

/* By DN, in the natural order of names: slave2 before slave10. */
static PyObject *entity_compare(PyObject *left, PyObject *right, int operation)
{
    confreg_state *state = confreg_state_of(left);
    int is_entity = PyObject_IsInstance(right, state->types[CONFREG_TYPE_ENTITY]);
    if (is_entity < 0)
        return NULL;
    if (is_entity == 0)
        Py_RETURN_NOTIMPLEMENTED;
    int order =
        creg_name_compare(((confreg_entity *)left)->text, ((confreg_entity *)right)->text);
    Py_RETURN_RICHCOMPARE(order, 0, operation);
}

/* ---- parts ------------------------------------------------------------------------------- */

static PyObject *part_item(void *entity, const void *dn)
{
    const confreg_entity *self = entity;
    return entity_new(self->registry, *(const creg_slice *)dn, self->instance_size);
}

/* The closure is the creg_part. */
static PyObject *get_parts(PyObject *object, void *part)
{
    confreg_entity *self = (confreg_entity *)object;
    confreg_call call;
    if (!confreg_begin(self->registry, &call))
        return NULL;
    creg_names dns;
    bool is_done =
        CONFREG_RUN(&call, creg_parts(call.handle, self->text, (creg_part)(uintptr_t)part,
                                      call.arena, &dns, &call.error));
    return confreg_end(&call, is_done ? CONFREG_LIST(&dns, part_item, self) : NULL);
}

static PyObject *part_named(PyObject *self, PyObject *name, const char *folder)
{
    creg_slice text;
    if (confreg_text(name, &text) != 0)
        return NULL;
    return confreg_entity_below((confreg_entity *)self, folder, text);
}

static PyObject *entity_node(PyObject *self, PyObject *name)
{
    return part_named(self, name, "nodes");
}

static PyObject *entity_service(PyObject *self, PyObject *name)
{
    return part_named(self, name, "services");
}

static PyObject *entity_disk(PyObject *self, PyObject *name)
{
    return part_named(self, name, "disks");
}

static PyObject *entity_network(PyObject *self, PyObject *name)
{
    return part_named(self, name, "networks");
}

/** A property that is a list; one that is not there is an empty one. */
static PyObject *list_or_empty(PyObject *object, const char *name)
{
    PyObject *none = PyList_New(0);
    PyObject *list = none == NULL ? NULL
                                  : confreg_property_list((confreg_entity *)object,
                                                          creg_slice_of(name), none);
    Py_XDECREF(none);
    return list;
}

static PyObject *get_tags(PyObject *self, void *unused)
{
    (void)unused;
    return list_or_empty(self, "tags");
}

static PyObject *get_check_ports(PyObject *self, void *unused)
{
    (void)unused;
    PyObject *texts = list_or_empty(self, "check_ports");
    if (texts == NULL)
        return NULL;
    PyObject *ports = PyList_New(0);
    for (Py_ssize_t i = 0; ports != NULL && i < PyList_Size(texts); i++) {
        PyObject *port = PyNumber_Long(PyList_GetItem(texts, i));
        if (port == NULL || PyList_Append(ports, port) != 0)
            Py_CLEAR(ports);
        Py_XDECREF(port);
    }
    Py_DECREF(texts);
    return ports;
}

/* ---- what instances have more ------------------------------------------------------------ */

static PyObject *instance_record(PyObject *object, PyObject *unused)
{
    (void)unused;
    confreg_entity *self = (confreg_entity *)object;
    return confreg_instance_record_of(self->registry, self->text, false);
}

static PyObject *instance_deinstantiate(PyObject *object, PyObject *unused)
{
    (void)unused;
    confreg_entity *self = (confreg_entity *)object;
    return confreg_instance_remove(self->registry, self->text);
}

/* ---- the classes ------------------------------------------------------------------------- */

#define SEGMENT(name, from_end, doc)                                                           \
    {                                                                                          \
        name, get_segment, NULL, doc, (void *)(uintptr_t)(from_end)                            \
    }
#define PARTS(name, part, doc)                                                                 \
    {                                                                                          \
        name, get_parts, NULL, doc, (void *)(uintptr_t)(part)                                  \
    }
#define PART(name, function, what)                                                             \
    {                                                                                          \
        name, function, METH_O,                                                                \
            name "($self, name, /)\n--\n\nThe " what                                           \
                 " of that name, without looking whether it is "                               \
                 "there."                                                                      \
    }

static PyGetSetDef entity_getset[] = {
    {"dn", get_dn, NULL, "The DN, in its full form.", NULL},
    {"registry", get_registry, NULL, "The registry that it lies in.", NULL},
    {"instance", get_instance, NULL, "The Instance that it is, or is a part of.", NULL},
    SEGMENT("name", 0, "The last name of the DN."),
    {0}};

static PyGetSetDef instance_getset[] = {
    SEGMENT("user", 3, "Whose instance it is."),
    SEGMENT("name", 2, "The name of its service template."),
    SEGMENT("version", 1, "The version of its service template."),
    SEGMENT("id", 0, "The id among the user's instances of that template."),
    PARTS("nodes", CREG_PART_NODES, "Its nodes, in natural order."),
    PARTS("services", CREG_PART_SERVICES, "Its services, in natural order."),
    {0}};

static PyMethodDef instance_methods[] = {
    PART("node", entity_node, "node"),
    PART("service", entity_service, "service"),
    {"record", instance_record, METH_NOARGS,
     "record($self, /)\n--\n\nWhat its commit record tells."},
    {"deinstantiate", instance_deinstantiate, METH_NOARGS,
     "deinstantiate($self, /)\n--\n\nRemove the instance."},
    {0}};

static PyGetSetDef node_getset[] = {
    PARTS("services", CREG_PART_SERVICES, "The services that run on it."),
    PARTS("disks", CREG_PART_DISKS, "Its disks, in natural order."),
    PARTS("networks", CREG_PART_NETWORKS, "Its networks, in natural order."),
    {"tags", get_tags, NULL, "Its tags; an empty list when there are none.", NULL},
    {"check_ports", get_check_ports, NULL, "Its ports to check, as numbers.", NULL},
    {0}};

static PyMethodDef node_methods[] = {
    PART("disk", entity_disk, "disk"), PART("network", entity_network, "network"), {0}};

static PyGetSetDef service_getset[] = {
    PARTS("nodes", CREG_PART_NODES, "The nodes that run it, in natural order."), {0}};

static PyType_Slot entity_slots[] = {
    {Py_tp_doc, "A part of an instance: its attributes are properties in the store.\n\n"
                "Reading an attribute reads the store, assigning writes it, `del` takes the\n"
                "property away. Names that the class itself has are reached by get() and\n"
                "set(). Objects are equal, ordered and hashed by their DN."},
    {Py_tp_new, (void *)(uintptr_t)entity_refuse_new},
    {Py_tp_dealloc, (void *)(uintptr_t)entity_dealloc},
    {Py_tp_getattro, (void *)(uintptr_t)entity_getattro},
    {Py_tp_setattro, (void *)(uintptr_t)entity_setattro},
    {Py_tp_str, (void *)(uintptr_t)entity_str},
    {Py_tp_repr, (void *)(uintptr_t)entity_repr},
    {Py_tp_hash, (void *)(uintptr_t)entity_hash},
    {Py_tp_richcompare, (void *)(uintptr_t)entity_compare},
    {Py_tp_methods, confreg_property_methods},
    {Py_tp_getset, entity_getset},
    {0, NULL}};

static PyType_Slot instance_slots[] = {{Py_tp_doc, "A live instance of a service template."},
                                       {Py_tp_getset, instance_getset},
                                       {Py_tp_methods, instance_methods},
                                       {0, NULL}};
static PyType_Slot node_slots[] = {{Py_tp_doc, "A node of an instance."},
                                   {Py_tp_getset, node_getset},
                                   {Py_tp_methods, node_methods},
                                   {0, NULL}};
static PyType_Slot service_slots[] = {
    {Py_tp_doc, "A service of an instance."}, {Py_tp_getset, service_getset}, {0, NULL}};
static PyType_Slot disk_slots[] = {{Py_tp_doc, "A disk of a node."}, {0, NULL}};
static PyType_Slot network_slots[] = {{Py_tp_doc, "A network of a node."}, {0, NULL}};

static const struct {
    confreg_type_id id;
    const char *name;
    PyType_Slot *slots;
} classes[] = {
    {CONFREG_TYPE_ENTITY, "confreg.Entity", entity_slots},
    {CONFREG_TYPE_INSTANCE, "confreg.Instance", instance_slots},
    {CONFREG_TYPE_NODE, "confreg.Node", node_slots},
    {CONFREG_TYPE_SERVICE, "confreg.Service", service_slots},
    {CONFREG_TYPE_DISK, "confreg.Disk", disk_slots},
    {CONFREG_TYPE_NETWORK, "confreg.Network", network_slots},
};

/** All names that a class answers itself, as the keys of a dict. */
static PyObject *names_of(PyObject *type)
{
    PyObject *names = PyObject_Dir(type);
    PyObject *dict = names == NULL ? NULL : PyDict_New();
    for (Py_ssize_t i = 0; dict != NULL && i < PyList_Size(names); i++)
        if (PyDict_SetItem(dict, PyList_GetItem(names, i), Py_None) != 0)
            Py_CLEAR(dict);
    Py_XDECREF(names);
    return dict;
}

int confreg_add_entities(PyObject *module)
{
    confreg_state *state = PyModule_GetState(module);
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        confreg_type_id id = classes[i].id;
        bool is_base = id == CONFREG_TYPE_ENTITY;
        PyType_Spec spec = {.name = classes[i].name,
                            .basicsize = sizeof(confreg_entity),
                            /* The base is open to our own classes only; see the stubs. */
                            .flags = Py_TPFLAGS_DEFAULT | (is_base ? Py_TPFLAGS_BASETYPE : 0UL),
                            .slots = classes[i].slots};
        if (confreg_add_type(module, id, &spec,
                             is_base ? NULL : state->types[CONFREG_TYPE_ENTITY], true) != 0)
            return -1;
        state->own_names[id] = names_of(state->types[id]);
        if (state->own_names[id] == NULL)
            return -1;
    }
    return 0;
}
