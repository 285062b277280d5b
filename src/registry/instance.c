/* SPDX-License-Identifier: MIT */
/*
 * Instantiate: the whole product on one page.
 *
 *     template + options -> render -> parse -> lint -> flatten -> commit
 *
 * This is the one file that holds both ends, the template engine and the store; how each step
 * is done stands elsewhere (template.c, options.c, body.c, commit.c). Read creg_instantiate()
 * at the bottom first.
 */
#include "base/fail.h"
#include "base/failpoint.h"
#include "registry/body.h"
#include "registry/commit.h"
#include "registry/options.h"
#include "registry/query.h"
#include "registry/record.h"
#include "registry/registry.h"
#include "registry/sweep.h"
#include "registry/template.h"
#include "registry/tree.h"

enum {
    /* After so many losses against faster writers, the id is taken before rendering. */
    LOSSES_BEFORE_CLAIM = 3,
    LOSSES_MAX = 1000
};

/* One instantiation on its way. What the caller gets lies in `arena`, all else in `scratch`. */
typedef struct making {
    creg_registry *registry;
    const creg_instance_spec *spec;
    creg_arena *arena;
    creg_arena scratch;
    char request[CREG_REQUEST_SIZE]; /* when the caller gave none */
    creg_template template_;
    creg_compiled *compiled;
    creg_value options;       /* merged: what the body sees as `opts` */
    creg_slice given_options; /* JSON: for the record */
    creg_commit commit;
    creg_pairs pairs;
    creg_instance instance;
    bool is_done;
} making;

/* Has this very request been carried out already? Then its instance is the answer. */
static creg_status find_repeated(making *work, creg_error *err)
{
    if (work->spec->request_id.size == 0)
        return CREG_OK;
    creg_instance found;
    creg_status status =
        creg_query_request(work->registry, work->spec->request_id, work->arena, &found, err);
    if (status == CREG_NOT_FOUND)
        return CREG_OK;
    if (status != CREG_OK)
        return status;
    if (!creg_slice_equal(found.user, work->spec->user) ||
        !creg_slice_equal(found.name, work->spec->name) ||
        !creg_slice_equal(found.version, work->spec->version))
        return creg_fail(err, CREG_CONFLICT, "request %.*s was used before: it made %.*s",
                         CREG_SHOW(work->spec->request_id), CREG_SHOW(found.dn));
    work->instance = found;
    work->instance.was_repeated = true;
    work->is_done = true;
    return CREG_OK;
}

static creg_status start(making *work, creg_error *err)
{
    const creg_instance_spec *spec = work->spec;
    creg_dn any;
    creg_status status = creg_dn_build(&work->registry->layout, spec->user, spec->name,
                                       spec->version, creg_slice_of("1"), &any, err);
    if (status == CREG_OK)
        status = find_repeated(work, err);
    if (status == CREG_OK && spec->request_id.size == 0)
        status = creg_request_make(work->request, err);
    work->commit = (creg_commit){
        .registry = work->registry,
        .user = spec->user,
        .name = spec->name,
        .version = spec->version,
        .request = spec->request_id.size != 0 ? spec->request_id : creg_slice_of(work->request),
        .progress = spec->progress,
        .user_data = spec->user_data,
        .cancel = spec->cancel,
    };
    return status;
}

static creg_status load_template(making *work, creg_error *err)
{
    creg_status status =
        creg_template_get(work->registry, work->spec->name, work->spec->version, &work->scratch,
                          &work->template_, err);
    if (status == CREG_OK)
        status =
            creg_bodies_borrow(work->registry->bodies, &work->template_, &work->compiled, err);
    return status;
}

static creg_status print_given(making *work, creg_error *err)
{
    static const creg_json_style compact = {.compact = true};
    work->given_options = creg_slice_of("{}");
    if (creg_value_is(work->spec->options, CREG_KIND_NONE) ||
        creg_value_is(work->spec->options, CREG_KIND_UNDEFINED))
        return CREG_OK;
    return creg_json_print(work->spec->options, &compact, work->arena, &work->given_options,
                           err);
}

static creg_status merge_options(making *work, creg_error *err)
{
    creg_options declared;
    creg_status status =
        creg_options_parse(work->template_.options, &work->scratch, &declared, err);
    if (status == CREG_OK)
        status = creg_options_merge(&declared, work->spec->options, &work->scratch,
                                    &work->options, err);
    return status == CREG_OK ? print_given(work, err) : status;
}

/* The tree as it will lie in the store, under the id in hand. */
static creg_status render(making *work, creg_arena *arena, creg_error *err)
{
    creg_instance *instance = &work->instance;
    *instance = (creg_instance){0};
    creg_status status = creg_record_names(&work->commit.dn, work->arena, instance, err);
    if (status != CREG_OK)
        return status;
    creg_body_names names = {.user = instance->user,
                             .name = instance->name,
                             .version = instance->version,
                             .id = instance->id,
                             .dn = instance->dn};
    creg_value context;
    status = creg_body_context(&names, work->options, arena, &context, err);
    if (status != CREG_OK)
        return status;
    creg_body body = creg_compiled_body(work->compiled, &work->template_);
    body.cancel = work->spec->cancel;
    creg_body_result result;
    status = creg_body_run(&body, context, instance->dn, arena, &result, err);
    if (status == CREG_OK)
        work->pairs = result.pairs;
    return status;
}

static bool is_status(creg_slice key, creg_slice dn)
{
    static const char property[] = "/status";
    return key.size == dn.size + sizeof property - 1 &&
           memcmp(key.data + dn.size, property, sizeof property - 1) == 0;
}

/* What the commit record will say. */
static creg_status describe(making *work, creg_error *err)
{
    creg_instance *instance = &work->instance;
    char digest[CREG_TREE_DIGEST_SIZE];
    creg_tree_digest(&work->pairs, instance->dn.size + 1, digest);
    instance->digest = creg_arena_copy(work->arena, creg_slice_of(digest));
    instance->template_digest = creg_arena_copy(work->arena, work->template_.digest);
    instance->request_id = creg_arena_copy(work->arena, work->commit.request);
    instance->created = creg_registry_now(work->arena);
    instance->author = creg_arena_copy(work->arena, creg_slice_of(work->registry->author));
    instance->options = work->given_options;
    instance->key_count = work->pairs.size;
    instance->status = creg_slice_of("");
    for (size_t i = 0; i < work->pairs.size; i++)
        if (is_status(work->pairs.items[i].key, instance->dn))
            instance->status = creg_arena_copy(work->arena, work->pairs.items[i].value);
    return work->arena->failed != CREG_OK ? creg_fail_arena(err, work->arena) : CREG_OK;
}

static creg_status commit(making *work, creg_arena *arena, creg_error *err)
{
    creg_slice record;
    creg_status status = creg_record_print(&work->instance, arena, &record, err);
    if (status == CREG_OK)
        status = creg_commit_write(&work->commit, &work->pairs, record, arena, err);
    work->is_done = status == CREG_OK;
    return status;
}

/* One try under one id. CREG_CONFLICT: somebody else was faster. */
static creg_status try_id(making *work, unsigned losses, creg_error *err)
{
    /* A dry run shows its keys to the caller; they have to outlive us. */
    creg_arena own;
    creg_arena_init(&own, CREG_LIMIT_OPERATION_BYTES);
    creg_arena *arena = work->spec->dry_run ? work->arena : &own;
    bool is_claim = losses >= LOSSES_BEFORE_CLAIM && !work->spec->dry_run;

    creg_status status = creg_commit_take_id(&work->commit, is_claim, err);
    if (status == CREG_OK)
        status = render(work, arena, err);
    if (status == CREG_OK)
        status = describe(work, err);
    if (status == CREG_OK && work->spec->dry_run) {
        work->instance.pairs = work->pairs;
        work->is_done = true;
    } else if (status == CREG_OK) {
        status = commit(work, arena, err);
    }
    creg_arena_clear(&own);
    return status;
}

static creg_status try_ids(making *work, creg_error *err)
{
    creg_status status = CREG_OK;
    for (unsigned losses = 0; status == CREG_OK && !work->is_done; losses++) {
        status = try_id(work, losses, err);
        if (status != CREG_CONFLICT || losses == LOSSES_MAX)
            continue;
        creg_registry_pause(losses);
        if (CREG_BUG(CREG_BUG_NEW_REQUEST)) {
            status = creg_request_make(work->request, err);
            work->commit.request = creg_slice_of(work->request);
            continue;
        }
        status = find_repeated(work, err); /* was it our own request that was faster? */
        if (status == CREG_OK && !work->is_done && work->spec->request_id.size != 0)
            status = creg_sweep_request(work->registry, work->spec->request_id, &work->scratch,
                                        err); /* or one of it who died */
    }
    return status;
}

creg_status creg_instantiate(creg_registry *registry, const creg_instance_spec *spec,
                             creg_arena *arena, creg_instance *ret_instance, creg_error *err)
{
    making work = {.registry = registry, .spec = spec, .arena = arena};
    creg_arena_init(&work.scratch, CREG_LIMIT_OPERATION_BYTES);

    creg_status status = start(&work, err);
    if (status == CREG_OK && !work.is_done)
        status = load_template(&work, err);
    if (status == CREG_OK && !work.is_done)
        status = merge_options(&work, err);
    if (status == CREG_OK && !work.is_done)
        status = try_ids(&work, err);
    if (status == CREG_OK) {
        creg_error_clear(err); /* of ids that were lost to others on the way */
        *ret_instance = work.instance;
    }
    creg_bodies_release(registry->bodies, work.compiled);
    creg_arena_clear(&work.scratch);
    return status;
}
