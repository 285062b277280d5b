/* SPDX-License-Identifier: MIT */
/*
 * The cache of compiled bodies: a short list, the last used first.
 *
 *     newest -> [cdh/5.7.0 | 2 renders] -> [mongodb/3.0] -> ... at most KEPT
 *
 * A list and a linear search, because a registry has tens of service templates and one render
 * costs a thousand times a walk. Compiling happens outside the lock: two threads may compile
 * the same body at once, and the second one's work is dropped.
 */
#include "registry/bodies.h"

#include <pthread.h>

#include "base/fail.h"
#include "base/memory.h"

enum { KEPT = 64 };

struct creg_compiled {
    struct creg_compiled *older;
    jinja_template *compiled;
    creg_body_kind kind;
    unsigned borrowers;
    bool is_cached; /* in the list; else the last borrower frees it */
    char digest[64];
    char name[CREG_ERROR_NAME_SIZE]; /* "cdh/5.7.0", for errors */
};

struct creg_bodies {
    pthread_mutex_t lock;
    jinja_engine *engines[CREG_BODY_KINDS]; /* made when first needed */
    creg_compiled *newest;
    size_t count;
};

creg_bodies *creg_bodies_new(void)
{
    creg_bodies *bodies = creg_memory_calloc(1, sizeof *bodies);
    if (bodies != NULL && pthread_mutex_init(&bodies->lock, NULL) != 0) {
        creg_memory_free(bodies);
        return NULL;
    }
    return bodies;
}

static void free_compiled(creg_compiled *compiled)
{
    jinja_template_free(compiled->compiled);
    creg_memory_free(compiled);
}

void creg_bodies_free(creg_bodies *bodies)
{
    if (bodies == NULL)
        return;
    while (bodies->newest != NULL) {
        creg_compiled *compiled = bodies->newest;
        bodies->newest = compiled->older;
        free_compiled(compiled);
    }
    for (size_t i = 0; i < CREG_BODY_KINDS; i++)
        jinja_engine_free(bodies->engines[i]);
    pthread_mutex_destroy(&bodies->lock);
    creg_memory_free(bodies);
}

static creg_status engine_of(creg_bodies *bodies, creg_body_kind kind,
                             jinja_engine **ret_engine, creg_error *err)
{
    jinja_engine **engine = &bodies->engines[creg_body_kind_index(kind)];
    creg_status status = CREG_OK;
    pthread_mutex_lock(&bodies->lock);
    if (*engine == NULL) {
        jinja_options options;
        creg_body_engine_options(kind, &options);
        status = jinja_engine_new(&options, engine, err);
    }
    *ret_engine = *engine;
    pthread_mutex_unlock(&bodies->lock);
    return status;
}

static void write_name(const creg_template *template_, char *name, size_t size)
{
    size_t at = 0;
    creg_slice parts[] = {template_->name, creg_slice_of("/"), template_->version};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        for (size_t k = 0; k < parts[i].size && at + 1 < size; k++)
            name[at++] = parts[i].data[k];
    name[at] = '\0';
}

creg_status creg_bodies_compile(creg_bodies *bodies, const creg_template *template_,
                                jinja_template **ret_compiled, creg_error *err)
{
    creg_body_kind kind;
    creg_status status = creg_body_kind_of(template_, &kind, err);
    if (status != CREG_OK)
        return status;
    jinja_engine *engine;
    status = engine_of(bodies, kind, &engine, err);
    if (status != CREG_OK)
        return status;
    char name[CREG_ERROR_NAME_SIZE];
    write_name(template_, name, sizeof name);
    return jinja_compile(engine, creg_slice_of(name), template_->body, ret_compiled, err);
}

/* ---- the list; the lock is held ----------------------------------------------------------- */

static creg_compiled *find(creg_bodies *bodies, creg_slice digest)
{
    for (creg_compiled **at = &bodies->newest; *at != NULL; at = &(*at)->older) {
        creg_compiled *found = *at;
        if (!creg_slice_equal(creg_slice_of(found->digest), digest))
            continue;
        *at = found->older; /* to the front: it is the last used now */
        found->older = bodies->newest;
        bodies->newest = found;
        found->borrowers++;
        return found;
    }
    return NULL;
}

static void drop_oldest(creg_bodies *bodies)
{
    creg_compiled **at = &bodies->newest;
    while ((*at)->older != NULL)
        at = &(*at)->older;
    creg_compiled *oldest = *at;
    *at = NULL;
    bodies->count--;
    oldest->is_cached = false;
    if (oldest->borrowers == 0)
        free_compiled(oldest);
}

static void insert(creg_bodies *bodies, creg_compiled *compiled)
{
    compiled->older = bodies->newest;
    compiled->is_cached = true;
    bodies->newest = compiled;
    bodies->count++;
    if (bodies->count > KEPT)
        drop_oldest(bodies);
}

/* ---- borrowing ---------------------------------------------------------------------------- */

static creg_status compile(creg_bodies *bodies, const creg_template *template_,
                           creg_compiled **ret_compiled, creg_error *err)
{
    if (template_->digest.size >= sizeof(*ret_compiled)->digest)
        return creg_fail(err, CREG_INTERNAL, "the digest of a service template is too long");
    creg_compiled *compiled = creg_memory_calloc(1, sizeof *compiled);
    if (compiled == NULL)
        return creg_fail(err, CREG_NO_MEMORY, "out of memory");
    creg_status status = creg_body_kind_of(template_, &compiled->kind, err);
    if (status == CREG_OK)
        status = creg_bodies_compile(bodies, template_, &compiled->compiled, err);
    if (status != CREG_OK) {
        creg_memory_free(compiled);
        return status;
    }
    compiled->borrowers = 1;
    memcpy(compiled->digest, template_->digest.data, template_->digest.size);
    write_name(template_, compiled->name, sizeof compiled->name);
    *ret_compiled = compiled;
    return CREG_OK;
}

static creg_compiled *find_locked(creg_bodies *bodies, creg_slice digest)
{
    pthread_mutex_lock(&bodies->lock);
    creg_compiled *found = find(bodies, digest);
    pthread_mutex_unlock(&bodies->lock);
    return found;
}

/* Puts a fresh body in the cache, unless somebody was faster: then theirs is the one to use. */
static creg_compiled *share(creg_bodies *bodies, creg_slice digest, creg_compiled *fresh)
{
    pthread_mutex_lock(&bodies->lock);
    creg_compiled *found = find(bodies, digest);
    if (found == NULL)
        insert(bodies, fresh);
    pthread_mutex_unlock(&bodies->lock);
    if (found == NULL)
        return fresh;
    free_compiled(fresh);
    return found;
}

creg_status creg_bodies_borrow(creg_bodies *bodies, const creg_template *template_,
                               creg_compiled **ret_compiled, creg_error *err)
{
    *ret_compiled = find_locked(bodies, template_->digest);
    if (*ret_compiled != NULL)
        return CREG_OK;
    creg_compiled *fresh = NULL;
    creg_status status = compile(bodies, template_, &fresh, err);
    if (status == CREG_OK)
        *ret_compiled = share(bodies, template_->digest, fresh);
    return status;
}

void creg_bodies_release(creg_bodies *bodies, creg_compiled *compiled)
{
    if (compiled == NULL)
        return;
    pthread_mutex_lock(&bodies->lock);
    compiled->borrowers--;
    bool is_last = compiled->borrowers == 0 && !compiled->is_cached;
    pthread_mutex_unlock(&bodies->lock);
    if (is_last)
        free_compiled(compiled);
}

creg_body creg_compiled_body(const creg_compiled *compiled, const creg_template *template_)
{
    return (creg_body){.compiled = compiled->compiled,
                       .source = template_->body,
                       .name = compiled->name,
                       .kind = compiled->kind};
}
