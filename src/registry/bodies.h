/* SPDX-License-Identifier: MIT */
/*
 * Compiled bodies, shared by threads and found again by digest.
 *
 * A compiled body is immutable, so it is lent to any number of renders at once; the cache
 * counts who has it, and frees it when nobody does and newer ones have taken its place.
 * The digest covers everything that compiling depends on, so an entry never gets stale.
 */
#ifndef CREG_REGISTRY_BODIES_H
#define CREG_REGISTRY_BODIES_H

#include "confreg/error.h"
#include "confreg/registry.h"
#include "registry/body.h"

typedef struct creg_bodies creg_bodies;
typedef struct creg_compiled creg_compiled;

/** Owned: creg_bodies_free(). NULL without memory. */
creg_bodies *creg_bodies_new(void);
/** Free; NULL is fine. Every body must have been given back. */
void creg_bodies_free(creg_bodies *bodies);

/**
 * Borrow the compiled body of a service template whose digest is set: compile it, or take it
 * from the cache. Give it back with creg_bodies_release().
 *
 * CREG_TEMPLATE_SYNTAX, CREG_UNSUPPORTED_FORMAT, CREG_INVALID, CREG_LIMIT  see body.h
 */
creg_status creg_bodies_borrow(creg_bodies *bodies, const creg_template *template_,
                               creg_compiled **ret_compiled, creg_error *err);
void creg_bodies_release(creg_bodies *bodies, creg_compiled *compiled);

/** The body to run; `source` is the template's own. Valid until the release. */
creg_body creg_compiled_body(const creg_compiled *compiled, const creg_template *template_);

/**
 * Compile for once, past the cache: what register and lint do with a body that may be wrong.
 * Owned: jinja_template_free().
 */
creg_status creg_bodies_compile(creg_bodies *bodies, const creg_template *template_,
                                jinja_template **ret_compiled, creg_error *err);

#endif
