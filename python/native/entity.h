/* SPDX-License-Identifier: MIT */
/*
 * Live objects: an instance and its nodes, services, disks and networks.
 *
 * An object is a DN and a registry, nothing more: it holds no data, asks the store each time,
 * and may name what is not there. Its attributes are properties in the store, but for the
 * names that its class has.
 */
#ifndef CONFREG_PYTHON_ENTITY_H
#define CONFREG_PYTHON_ENTITY_H

#include "native/registry.h"

typedef struct confreg_entity {
    PyObject_HEAD confreg_registry *registry; /* owned */
    PyObject *dn;                             /* str */
    creg_slice text;                          /* its UTF-8, borrowed from it */
    size_t instance_size;                     /* bytes of `text` that are the instance's DN */
    PyObject *own_names;                      /* borrowed from the state: a dict */
} confreg_entity;

/** The object of a DN in any of its forms. InvalidName when it is none. */
PyObject *confreg_entity_at(confreg_registry *registry, creg_slice dn);

/** confreg_entity_at of the object's DN and a path below it. */
PyObject *confreg_entity_below(confreg_entity *entity, const char *folder, creg_slice name);

/** A plain name as a segment of a DN, in the arena; data NULL with an exception set. */
creg_slice confreg_entity_segment(confreg_state *state, creg_slice name, creg_arena *arena);

/** The plain name of a segment; InvalidName when it is none that we write. */
PyObject *confreg_entity_plain(confreg_state *state, creg_slice segment);

/* Shared with the methods of Registry: by DN, and for Instance. */
PyObject *confreg_instance_record_of(confreg_registry *registry, creg_slice dn, bool is_live);
PyObject *confreg_instance_remove(confreg_registry *registry, creg_slice dn);
PyObject *confreg_kv_new(confreg_registry *registry);

/* ---- properties.c ------------------------------------------------------------------------ */

/** What `entity.name` reads; NoSuchProperty when it is not there. */
PyObject *confreg_property_attribute(confreg_entity *entity, PyObject *name);

/** What `entity.name = value` and `del entity.name` (value NULL) do. */
int confreg_property_assign(confreg_entity *entity, PyObject *name, PyObject *value);

/** The items of a list property; an empty list when there is none and `may_lack`. */
PyObject *confreg_property_list(confreg_entity *entity, creg_slice path, PyObject *fallback);

extern PyMethodDef confreg_property_methods[];

#endif
