/* SPDX-License-Identifier: MIT */
/*
 * The insides of an engine and of a compiled template.
 */
#ifndef JINJA_ENGINE_H
#define JINJA_ENGINE_H

#include <pthread.h>
#include <stdatomic.h>

#include "jinja/ast.h"

/** A filter, test or function of the host program. */
typedef struct jinja_host {
    creg_object base; /* a function is a value, too */
    struct jinja_host *next;
    const char *name;
    jinja_host_function function;
    void *user;
} jinja_host;

/** A template that the loader gave, compiled once. */
typedef struct jinja_cached {
    struct jinja_cached *next;
    creg_slice name;
    jinja_template *compiled;
} jinja_cached;

enum { CACHE_BUCKETS = 64 };

struct jinja_engine {
    jinja_options options;
    jinja_limits limits;  /* no zeros */
    creg_arena arena;     /* options' texts, host functions, globals */
    creg_map *globals;    /* name -> value */
    jinja_host *hosts[3]; /* by jinja_builtin_kind */
    pthread_mutex_t lock; /* of the cache */
    jinja_cached *cache[CACHE_BUCKETS];
    atomic_uint_fast64_t serial; /* varies the random state of renders */
};

/** A place that reads a name of the context, or an item of it by a constant key. */
typedef struct jinja_read {
    const jinja_node *node; /* NAME, GETATTR, or GETITEM with a constant key */
    bool guarded;           /* under `is defined`, `default` and the like */
} jinja_read;

struct jinja_template {
    jinja_engine *engine;
    creg_arena arena;
    creg_slice name;
    creg_slice source; /* newlines are \n */
    jinja_unit root;
    jinja_stmt **blocks; /* of every level, in order */
    uint32_t block_count;
    jinja_stmt **others; /* extends, include, import, from import */
    const jinja_name **undeclared;
    jinja_read **reads;
    uint32_t other_count, undeclared_count, read_count;
    jinja_node *expression; /* jinja_evaluate only */
    bool changes;           /* calls a method that may change a value of the context */
    bool escapes;           /* for HTML, where the template says nothing else */
    bool has_extends;
    bool has_others;          /* includes, imports or extends */
    _Atomic size_t size_hint; /* of the last output */
};

const jinja_host *jinja_find_host(const jinja_engine *engine, jinja_builtin_kind kind,
                                  creg_slice name);
creg_status jinja_call_host(jinja_run *run, const jinja_host *host,
                            const creg_value *positional, size_t count,
                            const creg_entry *keywords, size_t keyword_count,
                            creg_value *ret_value);

/**
 * Call a function of the host: charged, and with lists in the place of the engine's own
 * iterators and views, which no host could read (host_object.c).
 */
creg_status jinja_call_function(jinja_run *run, jinja_host_function function, void *user,
                                const creg_value *positional, size_t count,
                                const creg_entry *keywords, size_t keyword_count,
                                creg_value *ret_value);

/** The globals that the engine itself offers: functions.c's rows and the host's. */
creg_status jinja_fill_globals(jinja_engine *engine, creg_error *err);

/** Parse and resolve into `result`, whose engine, arena and name are set. */
creg_status jinja_compile_into(jinja_template *result, creg_slice source, bool is_expression,
                               creg_error *err);

/** An expression by itself: `result->expression`. For jinja_evaluate. */
creg_status jinja_compile_expression(jinja_engine *engine, creg_slice source,
                                     jinja_template **ret_template, creg_error *err);

/** The defaults of base/limits.h where `given` (may be NULL) and `otherwise` have zeros. */
jinja_limits jinja_limits_in_force(const jinja_limits *given, const jinja_limits *otherwise);

#endif
