/* SPDX-License-Identifier: MIT */
/*
 * The methods of Registry, by subject, with the documentation that Python shows.
 *
 * A type has one table of methods, but its subjects live in files of their own. So the rows
 * stand here, registry.c puts them together, and this page is the manual of the class.
 */
#ifndef CONFREG_PYTHON_REGISTRY_METHODS_H
#define CONFREG_PYTHON_REGISTRY_METHODS_H

#include "native/module.h"

/* ---- templates.c ------------------------------------------------------------------------- */

PyObject *confreg_template_register(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *confreg_template_get(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *confreg_template_list(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *confreg_template_deregister(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *confreg_template_options(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *confreg_template_lint(PyObject *self, PyObject *args, PyObject *kwargs);

/* clang-format off */
#define CONFREG_TEMPLATE_METHODS                                                               \
    {"register", CONFREG_KEYWORDS(confreg_template_register),                                  \
     "register($self, /, name, version, body, options=None, *, description='',\n"             \
     "         type='json+jinja2', orchestrator='', logo_url='', undefined='strict',\n"       \
     "         yaml='1.2', autoescape='on', replace=False)\n--\n\n"                            \
     "Register a service template; the body is compiled and the options are checked first.\n\n"\
     "`body` is a Jinja2 text that renders to JSON or YAML, by `type`. `options` is the\n"    \
     "document of the groups required, optional, advanced and descriptions, as JSON text or\n"\
     "as a dict. AlreadyExists unless `replace`; TemplateSyntaxError has line and column."},   \
    {"template", CONFREG_KEYWORDS(confreg_template_get),                                       \
     "template($self, /, name, version)\n--\n\n"                                              \
     "The service template NAME VERSION. KeyDoesNotExist has near misses in its hint."},       \
    {"templates", CONFREG_KEYWORDS(confreg_template_list),                                     \
     "templates($self, /, name=None)\n--\n\n"                                                 \
     "All service templates, or those of one name, in natural order. Bodies, options and\n"   \
     "orchestrators are left out."},                                                           \
    {"deregister", CONFREG_KEYWORDS(confreg_template_deregister),                              \
     "deregister($self, /, name, version)\n--\n\n"                                            \
     "Remove a service template. Gives the DNs of the instances that came from it; they\n"    \
     "stay as they are."},                                                                     \
    {"options", CONFREG_KEYWORDS(confreg_template_options),                                    \
     "options($self, /, name, version)\n--\n\n"                                               \
     "The options that a service template takes, in the order of its document."},              \
    {"lint", CONFREG_KEYWORDS(confreg_template_lint),                                          \
     "lint($self, /, body, options=None, *, type='json+jinja2', undefined='strict',\n"        \
     "     yaml='1.2', autoescape='on', values=None)\n--\n\n"                                  \
     "Compile and check a service template without writing anything: syntax, names that\n"    \
     "nothing supplies, a trial render with the declared defaults and `values` over them,\n"  \
     "and the shape of the tree. Gives a list of Finding; empty is good."}

/* ---- instances.c ------------------------------------------------------------------------- */

PyObject *confreg_instance_instantiate(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *confreg_instance_requested(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *confreg_instance_query(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *confreg_instance_list(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *confreg_instance_get(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *confreg_instance_deinstantiate(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *confreg_instance_deinstantiate_all(PyObject *self, PyObject *args, PyObject *kwargs);

#define CONFREG_INSTANCE_METHODS                                                               \
    {"instantiate", CONFREG_KEYWORDS(confreg_instance_instantiate),                            \
     "instantiate($self, /, user, name, version, options=None, *, request_id=None,\n"         \
     "            dry_run=False, progress=None)\n--\n\n"                                       \
     "Render the service template NAME VERSION for a user and write the tree under a new\n"   \
     "id, all of it or nothing.\n\n"                                                           \
     "`options` maps names to values. The same `request_id` gives the same instance, so a\n"  \
     "call that ended in OutcomeUnknown can be repeated with the id that it carries.\n"       \
     "`dry_run=True` does everything but write, and gives a Plan instead of an Instance.\n"   \
     "`progress(done, total)` is called now and then; what it raises stops and undoes."},      \
    {"requested", CONFREG_KEYWORDS(confreg_instance_requested),                                \
     "requested($self, /, request_id)\n--\n\n"                                                \
     "The Instance that a request made. KeyDoesNotExist: nothing was committed for it."},      \
    {"query", CONFREG_KEYWORDS(confreg_instance_query),                                        \
     "query($self, /, user=None, name=None, version=None)\n--\n\n"                            \
     "The records of instances by user, name and version; None means any. Natural order."},    \
    {"instances", CONFREG_KEYWORDS(confreg_instance_list),                                     \
     "instances($self, /, user=None, name=None, version=None)\n--\n\n"                        \
     "The same as live Instance objects."},                                                    \
    {"instance", CONFREG_KEYWORDS(confreg_instance_get),                                       \
     "instance($self, /, dn)\n--\n\n"                                                         \
     "The Instance of a DN ('jlopez/cdh/5.7.0/1'). KeyDoesNotExist when there is none; use\n" \
     "at() to get the object without asking the store."},                                      \
    {"deinstantiate", CONFREG_KEYWORDS(confreg_instance_deinstantiate),                        \
     "deinstantiate($self, /, dn)\n--\n\nRemove exactly one instance."},                      \
    {"deinstantiate_all", CONFREG_KEYWORDS(confreg_instance_deinstantiate_all),                \
     "deinstantiate_all($self, /, user, name, version, *, all=False)\n--\n\n"                 \
     "Remove the one instance of user, name and version, or with `all` every one. Gives\n"    \
     "the DNs that were removed. ConflictError when there are several and `all` is false."}

/* ---- care.c ------------------------------------------------------------------------------ */

PyObject *confreg_care_copy(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *confreg_care_fsck(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *confreg_care_sweep(PyObject *self, PyObject *unused);
PyObject *confreg_care_adopt(PyObject *self, PyObject *args, PyObject *kwargs);

#define CONFREG_CARE_METHODS                                                                   \
    {"copy", CONFREG_KEYWORDS(confreg_care_copy),                                              \
     "copy($self, /, source, target, *, membership=False, keep_runtime=False,\n"              \
     "     dry_run=False)\n--\n\n"                                                             \
     "Copy a node, or any part of an instance, under a new DN, at once or not at all. Gives\n"\
     "the number of keys. `membership` lets a copied node join the services it runs,\n"       \
     "`keep_runtime` keeps status, address, host and the like instead of resetting them."},    \
    {"fsck", CONFREG_KEYWORDS(confreg_care_fsck),                                              \
     "fsck($self, /, *, repair=False)\n--\n\n"                                                \
     "Check records, digests, counters and orphans. Gives a Report."},                         \
    {"sweep", confreg_care_sweep, METH_NOARGS,                                                 \
     "sweep($self, /)\n--\n\nUndo what dead writers left. Gives a Report."},                  \
    {"adopt", CONFREG_KEYWORDS(confreg_care_adopt),                                            \
     "adopt($self, /, *, dry_run=False)\n--\n\n"                                              \
     "Give instances that other programs wrote a commit record. Gives a Report."}

/* ---- watch.c ----------------------------------------------------------------------------- */

PyObject *confreg_watch_dn(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *confreg_watch_instances(PyObject *self, PyObject *args, PyObject *kwargs);

#define CONFREG_WATCH_METHODS                                                                  \
    {"watch", CONFREG_KEYWORDS(confreg_watch_dn),                                              \
     "watch($self, /, dn, *, snapshot=False, cursor=None, known=None, timeout=None)\n--\n\n"  \
     "Watch an instance or a part of it: an iterator of Event, for `for` and `async for`.\n\n"\
     "Nothing that happens after this call returned is missed. `snapshot` first tells what\n" \
     "is there. `cursor` goes on where Watch.cursor() was taken, `known` ({path: value}) is\n"\
     "what the caller had then. Iteration ends after `timeout` seconds without an event,\n"   \
     "when the instance is removed, or by Watch.cancel() from any thread."},                   \
    {"watch_instances", CONFREG_KEYWORDS(confreg_watch_instances),                             \
     "watch_instances($self, /, user=None, name=None, version=None, *, snapshot=False,\n"     \
     "                cursor=None, known=None, timeout=None)\n--\n\n"                          \
     "Watch which instances there are: CREATED and REMOVED events."}
/* clang-format on */

#endif
