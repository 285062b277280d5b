/* SPDX-License-Identifier: MIT */
/*
 * The road from a service template's body to flat pairs:
 *
 *     context -> render (jinja) -> check options -> parse (format) -> lint -> flatten (tree)
 *
 * and back for every complaint: an error or finding about the rendered text is given with the
 * line and column of the *body*, through the trace of the render. Compiled bodies and the
 * store are the registry's business; nothing here keeps state.
 *
 *     jinja_options options;
 *     creg_body_kind kind;
 *     creg_body_kind_of(template_, &kind, err);
 *     creg_body_engine_options(&kind, &options);       one engine a kind is enough
 *     ... jinja_engine_new, jinja_compile, cache ...
 *     creg_body body = { .compiled = compiled, .source = template_->body, .kind = kind };
 *     creg_body_context(&names, opts, arena, &context, err);
 *     creg_body_run(&body, context, dn, arena, &result, err);
 */
#ifndef CREG_REGISTRY_BODY_H
#define CREG_REGISTRY_BODY_H

#include "confreg/base.h"
#include "confreg/error.h"
#include "confreg/jinja.h"
#include "confreg/registry.h"
#include "confreg/store.h"
#include "confreg/value.h"
#include "format/place.h"

/** What a body is, from the properties of its service template. Compare the fields. */
typedef struct creg_body_kind {
    bool is_yaml;      /* yaml+jinja2, else json+jinja2 */
    bool is_yaml_1_1;  /* yaml=1.1 */
    bool is_lenient;   /* undefined=lenient */
    bool is_unescaped; /* autoescape=off */
} creg_body_kind;

/** How many different kinds there are: for an array of engines. */
enum { CREG_BODY_KINDS = 16 };

/** A body, ready to run. Borrowed pointers, all of them. */
typedef struct creg_body {
    const jinja_template *compiled;
    creg_slice source; /* the body's text: for snippets */
    const char *name;  /* what errors call it ("cdh/5.7.0"); may be NULL */
    creg_body_kind kind;
    const volatile int *cancel; /* when not NULL: non-zero stops the render */
} creg_body;

/** What a body may know of its instance. All plain text, but the DN ("instances/U/P/V/ID"). */
typedef struct creg_body_names {
    creg_slice user;
    creg_slice name; /* seen as servicename and product */
    creg_slice version;
    creg_slice id; /* seen as instanceid */
    creg_slice dn; /* seen as instancedn and clusterdn; instancename, clusterid come from it */
} creg_body_names;

/** What a run gives; all in the arena. */
typedef struct creg_body_result {
    creg_slice text; /* as rendered */
    jinja_trace trace;
    creg_value tree;        /* as parsed, numbers as written */
    creg_pairs pairs;       /* sorted by key bytes, under the prefix */
    creg_findings findings; /* of lint, with places in the body; in a large text only the
                                first ones (errors before warnings) have one */
} creg_body_result;

/**
 * The kind of a service template.
 *
 * CREG_UNSUPPORTED_FORMAT  unknown `type`
 * CREG_INVALID             unknown value of `undefined`, `yaml` or `autoescape`
 */
creg_status creg_body_kind_of(const creg_template *template_, creg_body_kind *ret_kind,
                              creg_error *err);

/** A number below CREG_BODY_KINDS, different for each kind. */
unsigned creg_body_kind_index(creg_body_kind kind);

/** The engine's options for a kind: jinja_options_init() and what the kind asks for. */
void creg_body_engine_options(creg_body_kind kind, jinja_options *ret_options);

/** The MAP that a body is rendered with. `options` is the MAP of creg_options_merge; shared, not copied. */
creg_status creg_body_context(const creg_body_names *names, creg_value options,
                              creg_arena *arena, creg_value *ret_context, creg_error *err);

/** '/' -> "--", '.' -> "__": what upstream's clients call the id of a DN. In the arena; data NULL on failure. */
creg_slice creg_body_cluster_id(creg_slice dn, creg_arena *arena);

/* ---- the steps, in order; each fills its part of the result --------------------------- */

/** Render: `text` and `trace`. Statuses of jinja_render. */
creg_status creg_body_render(const creg_body *body, creg_value context, creg_arena *arena,
                             creg_body_result *result, creg_error *err);

/**
 * Parse the text: `tree`. Values that stand outside quotes must lie inside one scalar.
 *
 * CREG_INVALID  not JSON or YAML, a duplicate key (both places), or the value of an
 *               expression that is more than one scalar; line and column are the body's
 * CREG_LIMIT    nested too deep, too large
 */
creg_status creg_body_parse(const creg_body *body, creg_arena *arena, creg_body_result *result,
                            creg_error *err);

/**
 * Lint the tree: `findings`, nearly all with their places. Fails only for want of memory;
 * errors found are for the caller to judge. creg_body_run() looks for fewer places.
 */
creg_status creg_body_lint(const creg_body *body, creg_arena *arena, creg_body_result *result,
                           creg_error *err);

/** Flatten the tree: `pairs` under `prefix`. Statuses of creg_tree_flatten, with the body's line. */
creg_status creg_body_flatten(const creg_body *body, creg_slice prefix, creg_arena *arena,
                              creg_body_result *result, creg_error *err);

/**
 * All steps. A finding that is an error refuses the run: CREG_INVALID with its message and
 * place (the hint tells how many more there are). Threads: any, each with its own arena.
 */
creg_status creg_body_run(const creg_body *body, creg_value context, creg_slice prefix,
                          creg_arena *arena, creg_body_result *ret_result, creg_error *err);

/** Where the byte `at` of the rendered text came from: line and column of the body. */
void creg_body_place(const creg_body_result *result, size_t at, uint32_t *ret_line,
                     uint32_t *ret_column);

#endif
