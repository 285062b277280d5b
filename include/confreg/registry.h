/* SPDX-License-Identifier: MIT */
/**
 * @file registry.h
 * The configuration registry: service templates, instances of them, and their properties.
 *
 * An operator registers a *service template* (a Jinja2 body that renders to JSON or YAML, and
 * the options that it takes). A user *instantiates* it; the rendered tree becomes one plain
 * key per property below instances/USER/NAME/VERSION/ID. Programs read and change those
 * properties, copy parts, and remove the instance. No reader ever sees half an instance, and
 * what was acknowledged is not lost, whatever dies.
 *
 * A *DN* names a thing: "jlopez/cdh/5.7.0/1" and "instances/jlopez/cdh/5.7.0/1" are the same
 * instance, "jlopez/cdh/5.7.0/1/nodes/slave0" is a node of it. In a DN the segments are in the
 * escaped form of creg_key_encode(); names given apart (user, name ...) are plain text.
 *
 * Results live in the arena that the call takes. Threads: a registry may be shared.
 */
#ifndef CONFREG_REGISTRY_H
#define CONFREG_REGISTRY_H

#include "confreg/base.h"
#include "confreg/error.h"
#include "confreg/store.h"
#include "confreg/value.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct creg_registry creg_registry;

/** Options of creg_open; {0} gives the defaults. */
typedef struct creg_open_options {
    creg_store_options store;
    const char *author; /**< who is named in commit records; NULL: user@host */
} creg_open_options;

/**
 * Open a registry on a store URL (see creg_store_open). `?layout=products` in the URL selects
 * the prefixes products/ and clusters/ instead of templates/ and instances/;
 * `?visibility=all` shows instances without a commit record, too. `?liveness_ms=30000` is how
 * long a writer of a large instance may be silent before the store takes it for dead (a store
 * may need up to twice as long, and has a minimum; ZooKeeper has `session_ms` for it).
 *
 * `*ret_registry` is owned: creg_close().
 */
CREG_API creg_status creg_open(const char *url, const creg_open_options *options,
                               creg_registry **ret_registry, creg_error *err);
CREG_API void creg_close(creg_registry *registry);

/** The store below. Borrowed; lives as long as the registry. */
CREG_API creg_store *creg_registry_store(creg_registry *registry);

/* ---- service templates ---------------------------------------------------------------- */

/** A service template, to register or as read back. Unset texts are empty. */
typedef struct creg_template {
    creg_slice name;
    creg_slice version;
    creg_slice description;
    creg_slice body;
    creg_slice type;    /**< "json+jinja2" (also when empty) or "yaml+jinja2" */
    creg_slice options; /**< the JSON document: required, optional, advanced, descriptions */
    creg_slice orchestrator;
    creg_slice logo_url;
    creg_slice undefined;  /**< "strict" (also when empty) or "lenient" */
    creg_slice yaml;       /**< "1.2" (also when empty) or "1.1" */
    creg_slice autoescape; /**< "on" (also when empty) or "off": structure-safe interpolation */
    creg_slice digest;     /**< as read back: of body, type, options and properties */
} creg_template;

/**
 * Register a service template. The body is compiled and the options are checked first.
 *
 * CREG_EXISTS            NAME/VERSION is registered and `replace` is false
 * CREG_TEMPLATE_SYNTAX   line, column and source line of the body
 * CREG_INVALID_OPTIONS   not a JSON object of the four groups
 * CREG_UNSUPPORTED_FORMAT  unknown type
 */
CREG_API creg_status creg_template_register(creg_registry *registry,
                                            const creg_template *template_, bool replace,
                                            creg_error *err);

/** Read one. CREG_NOT_FOUND names near misses in the hint. */
CREG_API creg_status creg_template_get(creg_registry *registry, creg_slice name,
                                       creg_slice version, creg_arena *arena,
                                       creg_template *ret_template, creg_error *err);

typedef struct creg_templates {
    creg_template *items;
    size_t size;
} creg_templates;

/** All, or those of one name (empty: all); bodies, options and orchestrators are left out. Natural order. */
CREG_API creg_status creg_template_list(creg_registry *registry, creg_slice name,
                                        creg_arena *arena, creg_templates *ret_templates,
                                        creg_error *err);

/** One option of a service template, described. */
typedef struct creg_option {
    creg_slice name;
    creg_slice group; /**< "required", "optional", "advanced" */
    creg_value value; /**< the declared default (a sample, for required ones) */
    creg_slice type;  /**< "integer", "number", "boolean", "string", "list", "object" */
    creg_slice description;
} creg_option;

typedef struct creg_options {
    creg_option *items;
    size_t size;
} creg_options;

/** The options that a template takes, in the order of the document. */
CREG_API creg_status creg_template_options(const creg_template *template_, creg_arena *arena,
                                           creg_options *ret_options, creg_error *err);

typedef struct creg_names {
    creg_slice *items;
    size_t size;
} creg_names;

/**
 * Remove a service template. `ret_instances` (may be NULL) gets the DNs of the instances that
 * still come from it; they stay as they are. CREG_NOT_FOUND when there is none.
 */
CREG_API creg_status creg_template_deregister(creg_registry *registry, creg_slice name,
                                              creg_slice version, creg_arena *arena,
                                              creg_names *ret_instances, creg_error *err);

/** One complaint of lint. */
typedef struct creg_finding {
    creg_slice rule; /**< "shape-networks-under-node", "unescaped-option" ... */
    creg_slice message;
    uint32_t line; /**< of the body, from 1; 0 when there is no place */
    uint32_t column;
    bool is_error; /**< an instantiate would be refused; else a warning */
} creg_finding;

typedef struct creg_findings {
    creg_finding *items;
    size_t size;
} creg_findings;

/**
 * Check a service template without writing anything: syntax, names that nothing supplies,
 * a trial render with the declared defaults (and `options`, a MAP, over them; NONE: none),
 * and the shape of the tree.
 */
CREG_API creg_status creg_template_lint(creg_registry *registry, const creg_template *template_,
                                        creg_value options, creg_arena *arena,
                                        creg_findings *ret_findings, creg_error *err);

/* ---- instances ------------------------------------------------------------------------ */

/** What to instantiate. */
typedef struct creg_instance_spec {
    creg_slice user;
    creg_slice name;
    creg_slice version;
    creg_value
        options; /**< MAP of option name to value; NONE or zeroed for none. Text is coerced */
    creg_slice request_id; /**< idempotency key: the same id gives the same instance; empty: a
                                 fresh one */
    bool dry_run;          /**< do everything but write */
    /** called now and then with keys written so far and in all; may be NULL */
    void (*progress)(void *user_data, size_t done, size_t total);
    void *user_data;
    const volatile int *cancel; /**< when not NULL: non-zero stops and undoes */
} creg_instance_spec;

/** What a commit record tells of an instance. */
typedef struct creg_instance {
    creg_slice dn;                      /**< "instances/jlopez/cdh/5.7.0/1" */
    creg_slice user, name, version, id; /**< plain text */
    creg_slice status; /**< the instance's own property `status`; empty when it has none */
    size_t key_count;
    creg_slice digest; /**< of the tree as instantiated, 32 hex digits */
    creg_slice template_digest;
    creg_slice request_id;
    creg_slice created; /**< RFC 3339, UTC */
    creg_slice author;
    creg_slice options; /**< JSON: what the user gave */
    bool was_repeated;  /**< creg_instantiate: the request id was known, nothing was written */
    creg_pairs pairs;   /**< creg_instantiate with dry_run: the keys that would be written */
} creg_instance;

/**
 * Render a service template for a user and write the tree, all or nothing, under a new id.
 *
 * CREG_NOT_FOUND        no such service template
 * CREG_INVALID_OPTIONS  names all missing and all unknown options (with "did you mean")
 * CREG_TEMPLATE_*       the body failed; line and column of the body
 * CREG_INVALID, CREG_NESTED_LISTS, CREG_UNSUPPORTED_TYPE  the rendered text or tree is refused,
 *                       with the line of the body
 * CREG_UNKNOWN_OUTCOME  the store did not answer; `err->dn` and `err->request_id` are set, and
 *                       creg_instance_status() or a repeat with the same id tells
 */
CREG_API creg_status creg_instantiate(creg_registry *registry, const creg_instance_spec *spec,
                                      creg_arena *arena, creg_instance *ret_instance,
                                      creg_error *err);

/** What became of a request. CREG_NOT_FOUND: nothing was committed for it. */
CREG_API creg_status creg_instance_status(creg_registry *registry, creg_slice request_id,
                                          creg_arena *arena, creg_instance *ret_instance,
                                          creg_error *err);

typedef struct creg_instances {
    creg_instance *items;
    size_t size;
} creg_instances;

/** Instances by user, name and version; an empty slice means any. Natural order. */
CREG_API creg_status creg_instance_list(creg_registry *registry, creg_slice user,
                                        creg_slice name, creg_slice version, creg_arena *arena,
                                        creg_instances *ret_instances, creg_error *err);

/** One instance by DN. CREG_NOT_FOUND; CREG_INVALID_NAME when the DN is not an instance's. */
CREG_API creg_status creg_instance_get(creg_registry *registry, creg_slice dn,
                                       creg_arena *arena, creg_instance *ret_instance,
                                       creg_error *err);

/** Remove exactly one instance. */
CREG_API creg_status creg_deinstantiate(creg_registry *registry, creg_slice dn,
                                        creg_error *err);

/**
 * The seed's form: remove the instance of user, name, version when there is exactly one.
 *
 * CREG_CONFLICT  several, and `all` is false; `ret_instances` lists them
 * `ret_instances` (may be NULL) gets what was removed.
 */
CREG_API creg_status creg_deinstantiate_all(creg_registry *registry, creg_slice user,
                                            creg_slice name, creg_slice version, bool all,
                                            creg_arena *arena, creg_names *ret_instances,
                                            creg_error *err);

/* ---- parts and properties ------------------------------------------------------------- */

typedef enum creg_part {
    CREG_PART_NODES,
    CREG_PART_SERVICES,
    CREG_PART_DISKS,
    CREG_PART_NETWORKS
} creg_part;

/**
 * The parts of an instance (nodes, services), a node (disks, networks, services) or a service
 * (nodes): their DNs, in natural order. A node's services and a service's nodes are given as
 * the DNs of the services and nodes of the instance. None is an empty list, not an error.
 *
 * CREG_NOT_FOUND     the owner does not exist
 * CREG_INVALID_NAME  that kind of thing has no such parts
 */
CREG_API creg_status creg_parts(creg_registry *registry, creg_slice dn, creg_part part,
                                creg_arena *arena, creg_names *ret_dns, creg_error *err);

/** The DN of the instance that a part belongs to. In the arena. */
CREG_API creg_status creg_instance_of(creg_registry *registry, creg_slice dn, creg_arena *arena,
                                      creg_slice *ret_dn, creg_error *err);

/**
 * Read one property: `path` is below `dn`, segments joined by '/' ("nodes/slave0/status").
 *
 * CREG_NOT_FOUND  no such property, or no such instance: the message tells which, the hint
 *                 names near misses
 */
CREG_API creg_status creg_get(creg_registry *registry, creg_slice dn, creg_slice path,
                              creg_arena *arena, creg_slice *ret_value,
                              creg_version *ret_version, creg_error *err);

/** A property that is a list: CSV text or child keys, whichever it is ("tags", "check_ports"). */
CREG_API creg_status creg_get_list(creg_registry *registry, creg_slice dn, creg_slice path,
                                   creg_arena *arena, creg_names *ret_items, creg_error *err);

typedef struct creg_property {
    creg_slice path;
    creg_slice value;
} creg_property;

/**
 * Set properties of one instance, all or nothing. Never brings a removed instance back.
 *
 * `expected` (may be NULL) must match the first property's version: CREG_CONFLICT otherwise.
 */
CREG_API creg_status creg_set(creg_registry *registry, creg_slice dn,
                              const creg_property *properties, size_t count,
                              const creg_version *expected, creg_error *err);

/** Set one property if its value is still `old` (data NULL: if it is absent). CREG_CONFLICT. */
CREG_API creg_status creg_compare_and_set(creg_registry *registry, creg_slice dn,
                                          creg_slice path, creg_slice old, creg_slice value,
                                          creg_error *err);

/** Remove a property; with `tree`, whatever lies below it, too. CREG_NOT_FOUND. */
CREG_API creg_status creg_unset(creg_registry *registry, creg_slice dn, creg_slice path,
                                bool tree, creg_error *err);

/** Add to an integer property (absent counts as 0), atomically. CREG_INVALID: not an integer. */
CREG_API creg_status creg_increment(creg_registry *registry, creg_slice dn, creg_slice path,
                                    int64_t by, int64_t *ret_value, creg_error *err);

/**
 * Everything below a DN as a nested MAP (lists come back as LISTs of text), natural order.
 * `depth` 0: all.
 */
CREG_API creg_status creg_tree(creg_registry *registry, creg_slice dn, uint32_t depth,
                               creg_arena *arena, creg_value *ret_tree, creg_error *err);

/** How creg_copy copies. */
typedef struct creg_copy_options {
    bool membership;   /**< a copied node joins the node lists of the services it runs */
    bool keep_runtime; /**< keep status, address, host, id ... instead of resetting them */
    bool dry_run;
} creg_copy_options;

/**
 * Copy a node, or any subtree of an instance, under a new name, at once or not at all.
 *
 * Exact segments are renamed (slave0 never touches slave01), `name` and whole-word values that
 * named the old part are fixed, run-time properties are reset. Both DNs lie in committed
 * instances; they may be different ones.
 *
 * CREG_EXISTS     something lies at `to` already
 * `*ret_count` (may be NULL): keys written
 */
CREG_API creg_status creg_copy(creg_registry *registry, creg_slice from, creg_slice to,
                               const creg_copy_options *options, size_t *ret_count,
                               creg_error *err);

/* ---- watching ------------------------------------------------------------------------- */

/**
 * A watch tells what changes, on every store alike. It is a pull: ask creg_watch_next() as
 * often as you like; nothing piles up meanwhile. Changes that happened between two looks at
 * the store are merged, never lost: after all events of a look are applied, what you have is
 * what the store had. A value that was written again, or changed there and back, is no event.
 */
typedef struct creg_watch creg_watch;

/** What to watch. */
typedef enum creg_watch_scope {
    CREG_WATCH_DN,        /**< an instance or a part of it: `target` is the DN */
    CREG_WATCH_INSTANCES, /**< which instances there are; `target` is "", "USER", "USER/NAME" or
                               "USER/NAME/VERSION", in the escaped form of a DN */
    CREG_WATCH_KEYS       /**< raw keys: `target` itself and what lies below it; "" is all */
} creg_watch_scope;

/** Options of creg_watch_open; {0} watches an instance from now on. */
typedef struct creg_watch_options {
    creg_watch_scope scope;
    bool with_snapshot; /**< first what is there: SNAPSHOT ..., SNAPSHOT_END */
    creg_slice cursor;  /**< go on where creg_watch_cursor() was taken; empty: from now */
    /** With a cursor: what the caller has (key: the events' `path`, for CREG_WATCH_INSTANCES
     *  their `dn`). With it the watch tells exactly what differs now; without it, only
     *  whether anything does, and then begins with RESYNC and a snapshot. Borrowed. */
    const creg_pairs *known;
} creg_watch_options;

typedef enum creg_event_kind {
    CREG_EVENT_SNAPSHOT,     /**< one of what is there: path and value, or the DN */
    CREG_EVENT_SNAPSHOT_END, /**< that was all of it: what is not among it, is not */
    CREG_EVENT_PUT,          /**< path has a new value */
    CREG_EVENT_DELETE,       /**< path is gone */
    CREG_EVENT_RESYNC,       /**< continuity was lost: the server was away, came back with other
                                  data, or forgot its history. What differs from the events so
                                  far follows; what came and went meanwhile is not told */
    CREG_EVENT_CREATED,      /**< CREG_WATCH_INSTANCES: `dn` was committed */
    CREG_EVENT_REMOVED       /**< `dn` was removed. For CREG_WATCH_DN the last event there is:
                                  everything below is gone, and no DELETE is sent for it */
} creg_event_kind;

/** One event. Texts are in the arena of creg_watch_next(). */
typedef struct creg_event {
    creg_event_kind kind;
    creg_slice dn;        /**< the whole DN watched, or that came or went; empty for keys */
    creg_slice path;      /**< below the DN ("" is the DN itself); for keys the whole key */
    creg_slice value;     /**< SNAPSHOT, PUT */
    creg_slice old_value; /**< PUT, DELETE */
    bool was_absent;      /**< PUT: there was no such path before */
    bool more;            /**< further events of the same look follow at once: what you have is
                               not yet a state that the store had */
    uint64_t revision;    /**< of the look; compare only within one watch */
} creg_event;

/** "put", "snapshot-end" ... Static text. Threads: any. */
CREG_API const char *creg_event_kind_text(creg_event_kind kind);

/**
 * Begin to watch. The first look is taken here, so a watch misses nothing that happens after
 * this call returned.
 *
 * CREG_NOT_FOUND     there is no such instance (with a cursor: REMOVED is the first event)
 * CREG_INVALID_NAME  the target is none of the scope
 * CREG_INVALID       the cursor is none, or of another target
 * and what the store says.
 *
 * `*ret_watch` is owned: creg_watch_close(), before the registry. Threads: a watch belongs to
 * one; only creg_watch_cancel() may come from another.
 */
CREG_API creg_status creg_watch_open(creg_registry *registry, creg_slice target,
                                     const creg_watch_options *options, creg_watch **ret_watch,
                                     creg_error *err);

/**
 * The next event, or wait for one at most `timeout_ms` (0: do not wait). DELETEs of a look come
 * before its PUTs, and PUTs in the order of the store's versions, so far as it keeps one.
 *
 * CREG_TIMEOUT      nothing happened in time
 * CREG_UNAVAILABLE, CREG_IO  the store could not be asked, or would not hold still. It is tried again all the while,
 *                   and told only when the time is over (plus one deadline of the store at
 *                   most). The next call goes on trying
 * CREG_CANCELLED    creg_watch_cancel() was called; so says every later call
 * CREG_NOT_FOUND    the instance was removed, and that was told
 * Others (PERMISSION, DAMAGED, NO_MEMORY ...) are told at once; the next call tries again.
 */
CREG_API creg_status creg_watch_next(creg_watch *watch, uint32_t timeout_ms, creg_arena *arena,
                                     creg_event *ret_event, creg_error *err);

/**
 * Where the watch stands after the last event that it gave, as a text that another process may
 * resume with. It names the state itself (count and digest), so it is never taken for another
 * one, and stays good after the store was compacted, restarted or copied. In the arena.
 */
CREG_API creg_status creg_watch_cursor(creg_watch *watch, creg_arena *arena,
                                       creg_slice *ret_cursor, creg_error *err);

/**
 * A descriptor for poll(): readable while creg_watch_next() would not wait. It belongs to the
 * watch; do not read it. The first call starts a thread in the watch that looks for you.
 */
CREG_API creg_status creg_watch_descriptor(creg_watch *watch, int *ret_descriptor,
                                           creg_error *err);

/**
 * Make creg_watch_next() return CREG_CANCELLED: at once with a descriptor, else within a second
 * as a rule. Threads: any; not from a signal handler.
 */
CREG_API void creg_watch_cancel(creg_watch *watch);

/** End it; NULL is fine. */
CREG_API void creg_watch_close(creg_watch *watch);

/* ---- care of the store ---------------------------------------------------------------- */

/** What fsck, sweep and adopt found and did. */
typedef struct creg_report {
    creg_findings findings;
    size_t checked; /**< instances looked at */
    size_t changed; /**< instances adopted, swept or repaired */
} creg_report;

/** Check records, digests, counters and orphans. CREG_OK with findings, CREG_DAMAGED if the file is. */
CREG_API creg_status creg_fsck(creg_registry *registry, bool repair, creg_arena *arena,
                               creg_report *ret_report, creg_error *err);

/** Undo what dead writers left. */
CREG_API creg_status creg_sweep(creg_registry *registry, creg_arena *arena,
                                creg_report *ret_report, creg_error *err);

/** Give instances that other programs wrote a commit record. */
CREG_API creg_status creg_adopt(creg_registry *registry, bool dry_run, creg_arena *arena,
                                creg_report *ret_report, creg_error *err);

#ifdef __cplusplus
}
#endif
#endif
