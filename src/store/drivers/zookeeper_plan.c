/* SPDX-License-Identifier: MIT */
/*
 * From a transaction to one multi, which ZooKeeper takes whole or not at all.
 *
 * A multi can create, set, delete and check versions, and each of them depends on what is
 * there: a put is a create or a set, its parents may be missing, a subtree has to be known to
 * be deleted. So the facts are read first, the multi is written as it must be if they still
 * hold, and it fails when they no longer do; then the facts are read again. What a multi
 * cannot say directly:
 *
 *     absent, and nothing else touches it   create and delete it: the create fails if it exists
 *     delete of a key with keys below       set its data to NULL: it becomes a directory
 *     fence                                 check of the ephemeral child that ties the key
 *
 * Where the facts can be guessed they are not read at all: the multi verifies them anyhow, and
 * a refusal leads back to reading. One bare put is taken for a change of what is there; the
 * puts of a large new instance, which nobody else may write to, for creates below directories
 * that its earlier pieces made. They are planned and sent in turn, and the server carries them
 * out in the order in which they were sent, so a piece may count on one that is under way.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/hash.h"
#include "store/drivers/zookeeper_facts.h"

enum { PLAN_TRIES = 20 };

/* What a step of the multi came from, to tell what its failure means. */
enum { FROM_FENCE = -1, FROM_FACT = -2 };

typedef struct plan {
    creg_driver_state *state;
    const creg_transaction *transaction;
    creg_zookeeper_liveness *fence;
    bool is_guess; /* nothing was read */
    zhandle_t *handle;
    creg_zookeeper_batch *batch;
    creg_arena *arena;
    creg_zookeeper_facts facts;

    zoo_op_t *steps;
    int *origins;
    size_t step_count;
    size_t step_capacity;
    size_t bytes;
} plan;

/* ---- checks ----------------------------------------------------------------------------- */

static bool has_key(const creg_zookeeper_fact *about)
{
    return about->exists && about->node.data_code == ZOK && about->node.has_data;
}

static bool is_version(const creg_zookeeper_fact *about, creg_version version)
{
    if (!version.present || !has_key(about))
        return version.present == has_key(about);
    return (uint64_t)about->node.stat.czxid == version.major &&
           (uint64_t)about->node.stat.version == version.minor;
}

static bool is_empty(const creg_zookeeper_walk *tree)
{
    for (size_t i = 1; i < tree->size; i++)
        if (tree->nodes[i]->has_data)
            return false;
    return true;
}

static creg_status evaluate_checks(plan *work, size_t *ret_failed_check, creg_error *err)
{
    size_t tree = 0;
    for (size_t i = 0; i < work->transaction->check_count; i++) {
        const creg_check *check = &work->transaction->checks[i];
        const creg_zookeeper_fact *about = creg_zookeeper_fact_find(&work->facts, check->key);
        if (about == NULL)
            return creg_fail_arena(err, work->arena);
        bool holds = check->kind == CREG_CHECK_ABSENT    ? !has_key(about)
                     : check->kind == CREG_CHECK_PRESENT ? has_key(about)
                     : check->kind == CREG_CHECK_VERSION ? is_version(about, check->version)
                                                         : is_empty(&work->facts.trees[tree]);
        tree += check->kind == CREG_CHECK_SUBTREE_EMPTY;
        if (holds)
            continue;
        *ret_failed_check = i;
        return creg_fail(err, CREG_CONFLICT, "'%.*s' is not as it was expected",
                         CREG_SHOW(check->key));
    }
    return CREG_OK;
}

/* ---- steps ------------------------------------------------------------------------------ */

static zoo_op_t *add_step(plan *work, int origin, size_t bytes)
{
    if (work->step_count == work->step_capacity) {
        size_t old = work->step_capacity;
        size_t wanted = old == 0 ? 64 : old * 2;
        zoo_op_t *steps = creg_arena_grow(work->arena, work->steps, old * sizeof *steps,
                                          wanted * sizeof *steps);
        int *origins = creg_arena_grow(work->arena, work->origins, old * sizeof *origins,
                                       wanted * sizeof *origins);
        if (steps == NULL || origins == NULL)
            return NULL;
        work->steps = steps;
        work->origins = origins;
        work->step_capacity = wanted;
    }
    work->bytes += bytes;
    work->origins[work->step_count] = origin;
    return &work->steps[work->step_count++];
}

/* Bytes of a jute request: 9 of header, strings with their length, an ACL of at most 31. */
static size_t step_bytes(const char *path, creg_slice value)
{
    return 9 + 4 + strlen(path) + 4 + value.size + 36;
}

static const struct ACL_vector *acl_of(const plan *work)
{
    return work->state->is_private ? &ZOO_CREATOR_ALL_ACL : &ZOO_OPEN_ACL_UNSAFE;
}

static bool add_check(plan *work, const char *path, int version, int origin)
{
    zoo_op_t *step = add_step(work, origin, step_bytes(path, creg_slice_make("", 0)) - 32);
    if (step != NULL)
        zoo_check_op_init(step, path, version);
    return step != NULL;
}

/* `version` -1: whatever it holds by now. */
static bool add_delete_of(plan *work, const char *path, int version, int origin)
{
    zoo_op_t *step = add_step(work, origin, step_bytes(path, creg_slice_make("", 0)) - 32);
    if (step != NULL)
        zoo_delete_op_init(step, path, version);
    return step != NULL;
}

static bool add_delete(plan *work, const char *path, int origin)
{
    return add_delete_of(work, path, -1, origin);
}

/* `value` data NULL: a directory. */
static bool add_create(plan *work, const char *path, creg_slice value, int mode, int origin)
{
    zoo_op_t *step = add_step(work, origin, step_bytes(path, value));
    if (step != NULL)
        zoo_create_op_init(step, path, value.data, value.data == NULL ? -1 : (int)value.size,
                           acl_of(work), mode, NULL, 0);
    return step != NULL;
}

static bool add_set(plan *work, const char *path, creg_slice value, int origin)
{
    zoo_op_t *step = add_step(work, origin, step_bytes(path, value));
    if (step != NULL)
        zoo_set_op_init(step, path, value.data, value.data == NULL ? -1 : (int)value.size, -1,
                        NULL);
    return step != NULL;
}

static bool add_parents(plan *work, const creg_zookeeper_fact *child)
{
    creg_zookeeper_fact *parent = creg_zookeeper_fact_parent(&work->facts, child);
    if (parent->exists || parent->is_made)
        return true;
    if (!add_parents(work, parent))
        return false;
    parent->is_made = true;
    return add_create(work, parent->path, creg_slice_make(NULL, 0), ZOO_PERSISTENT, FROM_FACT);
}

/* The topmost of the missing ancestors: if it is still missing, so is all below. */
static const creg_zookeeper_fact *topmost_missing(plan *work, const creg_zookeeper_fact *about)
{
    const creg_zookeeper_fact *parent = creg_zookeeper_fact_parent(&work->facts, about);
    while (!parent->exists && parent->path_size > 1) {
        about = parent;
        parent = creg_zookeeper_fact_parent(&work->facts, about);
    }
    return about;
}

/* A put and a delete of what is below may share a key: then either stands first. */
static bool is_put(const plan *work, creg_slice key)
{
    const creg_operation *operations = work->transaction->operations;
    size_t low = 0;
    for (size_t high = work->transaction->operation_count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (creg_slice_compare(operations[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < work->transaction->operation_count; low++) {
        if (!creg_slice_equal(operations[low].key, key))
            return false;
        if (operations[low].kind == CREG_OPERATION_PUT)
            return true;
    }
    return false;
}

/* Is the path, or something below it, created by the puts? Then the create proves absence. */
static bool is_made_by_puts(const plan *work, const creg_zookeeper_fact *about)
{
    for (size_t i = 0; i < work->transaction->operation_count; i++) {
        const creg_operation *operation = &work->transaction->operations[i];
        size_t size = about->path_size - 1; /* without the leading '/' */
        if (operation->kind == CREG_OPERATION_PUT && operation->key.size >= size &&
            memcmp(operation->key.data, about->path + 1, size) == 0 &&
            (operation->key.size == size || operation->key.data[size] == '/'))
            return true;
    }
    return false;
}

static bool add_absence(plan *work, const creg_zookeeper_fact *about, int origin)
{
    const creg_zookeeper_fact *missing = topmost_missing(work, about);
    if (is_made_by_puts(work, missing))
        return true;
    return add_create(work, missing->path, creg_slice_make(NULL, 0), ZOO_PERSISTENT, origin) &&
           add_delete(work, missing->path, origin);
}

/* In the transaction that ties a key to the writer, creating the tie is the fence. */
static bool is_binding(const creg_transaction *transaction)
{
    for (size_t i = 0; i < transaction->operation_count; i++)
        if (transaction->operations[i].kind == CREG_OPERATION_PUT &&
            transaction->operations[i].bind_liveness)
            return true;
    return false;
}

static bool add_checks(plan *work)
{
    if (work->fence != NULL && work->fence->path[0] != '\0' && !is_binding(work->transaction) &&
        !add_check(work, work->fence->path, 0, FROM_FENCE))
        return false;
    for (size_t i = 0; i < work->transaction->check_count; i++) {
        const creg_check *check = &work->transaction->checks[i];
        const creg_zookeeper_fact *about = creg_zookeeper_fact_find(&work->facts, check->key);
        if (about == NULL)
            return false;
        bool is_added = true;
        if (about->exists)
            is_added = about->path_size == 1 ||
                       add_check(work, about->path, about->node.stat.version, (int)i);
        else if (!is_put(work, check->key) || check->kind == CREG_CHECK_SUBTREE_EMPTY)
            is_added = add_absence(work, about, (int)i);
        if (!is_added)
            return false;
    }
    return true;
}

static bool add_put(plan *work, const creg_operation *operation)
{
    creg_zookeeper_fact *about = creg_zookeeper_fact_find(&work->facts, operation->key);
    creg_slice value = operation->value;
    if (value.data == NULL)
        value.data = "";
    if (about == NULL)
        return false;
    if (about->exists || about->is_made)
        return add_set(work, about->path, value, FROM_FACT);
    if (!add_parents(work, about))
        return false;
    about->is_made = true;
    return add_create(work, about->path, value, ZOO_PERSISTENT, FROM_FACT);
}

static bool add_bond(plan *work, const creg_operation *operation)
{
    creg_zookeeper_liveness *fence = work->fence;
    if (!operation->bind_liveness || fence == NULL)
        return true;
    /* Kept before it is known whether it happens: an unknown outcome must not lose the fence. */
    snprintf(fence->path, sizeof fence->path, "/%.*s/%s", (int)operation->key.size,
             operation->key.data, fence->name);
    return add_create(work, fence->path, creg_slice_make("", 0), ZOO_EPHEMERAL, FROM_FACT);
}

static bool add_live_deletes(plan *work, const creg_zookeeper_node *node)
{
    for (size_t i = 0; i < node->live_count; i++) {
        creg_text text;
        creg_text_init(&text, work->arena, CREG_LIMIT_KEY + 64);
        creg_text_format(&text, "%s/%s", node->path, node->live[i]);
        creg_slice path;
        if (creg_text_finish(&text, &path, NULL) != CREG_OK ||
            !add_delete(work, path.data, FROM_FACT))
            return false;
    }
    return true;
}

/* Children first; a root that is itself a key stays, a mere directory goes. */
static bool add_tree_delete(plan *work, const creg_zookeeper_walk *tree)
{
    for (size_t i = tree->size; i-- > 0;) {
        const creg_zookeeper_node *node = tree->nodes[i];
        bool is_kept =
            i == 0 && (node->has_data || is_put(work, creg_slice_of(node->path + 1)));
        if (node->data_code != ZOK || is_kept)
            continue;
        /* The root goes as a directory only: it may have become somebody's key meanwhile. */
        int version = i == 0 ? node->stat.version : -1;
        if (!add_live_deletes(work, node) ||
            !add_delete_of(work, node->path, version, FROM_FACT))
            return false;
    }
    return true;
}

static bool add_key_delete(plan *work, const creg_operation *operation)
{
    const creg_zookeeper_fact *about = creg_zookeeper_fact_find(&work->facts, operation->key);
    if (about == NULL)
        return false;
    /* Somebody may make it meanwhile: then the multi has to fail, and is written anew. */
    if (!about->exists)
        return add_absence(work, about, FROM_FACT);
    const creg_zookeeper_node *node = &about->node;
    if (!has_key(about)) /* a directory, as long as nobody puts something into it */
        return about->path_size == 1 ||
               add_check(work, about->path, node->stat.version, FROM_FACT);
    if (!add_live_deletes(work, node))
        return false;
    return node->child_count > 0
               ? add_set(work, about->path, creg_slice_make(NULL, 0), FROM_FACT)
               : add_delete(work, about->path, FROM_FACT);
}

static bool add_operations(plan *work)
{
    size_t tree = 0;
    for (size_t i = 0; i < work->transaction->check_count; i++)
        tree += work->transaction->checks[i].kind == CREG_CHECK_SUBTREE_EMPTY;
    for (size_t i = 0; i < work->transaction->operation_count; i++) {
        const creg_operation *operation = &work->transaction->operations[i];
        bool is_added = true;
        if (operation->kind == CREG_OPERATION_PUT)
            is_added = add_put(work, operation) && add_bond(work, operation);
        else if (operation->kind == CREG_OPERATION_DELETE)
            is_added = add_key_delete(work, operation);
        else
            is_added = add_tree_delete(work, &work->facts.trees[tree++]);
        if (!is_added)
            return false;
    }
    return true;
}

/* ---- sending ---------------------------------------------------------------------------- */

static void take_multi(int code, const void *context)
{
    creg_zookeeper_node *answer = (creg_zookeeper_node *)(uintptr_t)context;
    pthread_mutex_lock(&answer->batch->lock);
    answer->data_code = code;
    answer->batch->pending--;
    if (answer->batch->pending <= answer->batch->awaited)
        pthread_cond_signal(&answer->batch->done);
    pthread_mutex_unlock(&answer->batch->lock);
}

/* The step that failed: the others of a refused multi say "rolled back" or "not tried". */
static size_t failed_step(const zoo_op_result_t *results, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (results[i].err != ZOK && results[i].err != ZRUNTIMEINCONSISTENCY)
            return i;
    return 0;
}

/* A result that the server did not send is still what send_multi() wrote there. */
static bool are_done(const zoo_op_result_t *results, size_t count)
{
    size_t done = 0;
    while (done < count && results[done].err == ZOK)
        done++;
    return done == count;
}

static creg_status judge(const plan *work, int code, const zoo_op_result_t *results,
                         bool *ret_again, creg_error *err)
{
    if (code == ZOK)
        return are_done(results, work->step_count)
                   ? CREG_OK
                   : creg_zookeeper_fail(ZMARSHALLINGERROR, true, "/", err);
    bool is_refused = code == ZNODEEXISTS || code == ZNONODE || code == ZBADVERSION ||
                      code == ZNOTEMPTY || code == ZNOCHILDRENFOREPHEMERALS;
    if (!is_refused)
        return creg_zookeeper_fail(code, true, "/", err);
    size_t step = failed_step(results, work->step_count);
    if (work->origins[step] != FROM_FENCE)
        *ret_again = true; /* the facts have changed: read them again */
    return creg_fail(err, CREG_CONFLICT,
                     work->origins[step] == FROM_FENCE
                         ? "the liveness of the writer is lost"
                         : "somebody else was faster; nothing was done");
}

/* A multi on its way. */
typedef struct sending {
    zoo_op_result_t *results;
    creg_zookeeper_node answer;
} sending;

static creg_status send_multi(plan *work, sending *ret_sending, creg_error *err)
{
    if (work->bytes > CREG_ZOOKEEPER_PACKET_MAX)
        return creg_fail(err, CREG_LIMIT, "a transaction of %zu bytes; ZooKeeper takes %d",
                         work->bytes, CREG_ZOOKEEPER_PACKET_MAX);
    *ret_sending = (sending){.answer = {.batch = work->batch}};
    ret_sending->results =
        creg_arena_calloc(work->arena, work->step_count, sizeof *ret_sending->results);
    if (ret_sending->results == NULL)
        return creg_fail_arena(err, work->arena);
    for (size_t i = 0; i < work->step_count; i++)
        ret_sending->results[i].err = ZRUNTIMEINCONSISTENCY;
    if (!creg_zookeeper_batch_start(work->batch))
        return creg_fail_interrupted(err); /* not sent */
    int code = zoo_amulti(work->handle, (int)work->step_count, work->steps,
                          ret_sending->results, take_multi, &ret_sending->answer);
    if (code == ZOK)
        return CREG_OK;
    creg_zookeeper_batch_failed(work->batch, ZOK);
    return creg_zookeeper_fail(code, false, "/", err); /* not sent */
}

static creg_status finish_multi(plan *work, const sending *sent, bool *ret_again,
                                creg_error *err)
{
    creg_zookeeper_batch_wait(work->batch, 0);
    if (work->batch->is_given_up)
        return creg_zookeeper_fail(ZCLOSING, true, "/", err);
    return judge(work, sent->answer.data_code, sent->results, ret_again, err);
}

/* ---- guessing --------------------------------------------------------------------------- */

static uint64_t hash_of(const creg_zookeeper_fact *about)
{
    uint64_t hash = creg_hash_bytes(about->path, about->path_size);
    return hash == 0 ? 1 : hash;
}

static uint64_t *known_slot(uint64_t *known, size_t slots, uint64_t hash)
{
    size_t slot = (size_t)hash & (slots - 1);
    while (known[slot] != 0 && known[slot] != hash)
        slot = (slot + 1) & (slots - 1);
    return &known[slot];
}

static bool grow_known(creg_zookeeper_liveness *fence)
{
    size_t slots = fence->known_slots == 0 ? 256 : fence->known_slots * 2;
    uint64_t *grown = creg_memory_calloc(slots, sizeof *grown);
    if (grown == NULL)
        return false;
    for (size_t i = 0; i < fence->known_slots; i++)
        if (fence->known[i] != 0)
            *known_slot(grown, slots, fence->known[i]) = fence->known[i];
    creg_memory_free(fence->known);
    fence->known = grown;
    fence->known_slots = slots;
    return true;
}

/* Directories that are there, or will be when what was sent before has been carried out. */
static void note_directories(plan *work)
{
    creg_zookeeper_liveness *fence = work->fence;
    for (size_t i = 0; i < work->facts.size; i++) {
        const creg_zookeeper_fact *about = work->facts.items[i];
        if (!about->is_directory || !(about->exists || about->is_made))
            continue;
        bool has_room = fence->known_count * 2 < fence->known_slots || grow_known(fence);
        if (!has_room)
            return; /* then more has to be read */
        uint64_t *slot = known_slot(fence->known, fence->known_slots, hash_of(about));
        fence->known_count += *slot == 0;
        *slot = hash_of(about);
    }
}

static void forget_directories(creg_zookeeper_liveness *fence)
{
    if (fence->known_slots > 0)
        memset(fence->known, 0, fence->known_slots * sizeof *fence->known);
    fence->known_count = 0;
}

static bool is_only_puts(const creg_transaction *transaction)
{
    for (size_t i = 0; i < transaction->operation_count; i++)
        if (transaction->operations[i].kind != CREG_OPERATION_PUT)
            return false;
    return transaction->check_count == 0 && !is_binding(transaction);
}

/* One put and nothing else: a guess that costs no more than reading first would. */
static bool is_bare_put(const creg_transaction *transaction)
{
    return transaction->operation_count == 1 && transaction->fence == NULL &&
           is_only_puts(transaction);
}

static bool can_guess(const plan *work)
{
    if (is_bare_put(work->transaction))
        return true;
    return work->fence != NULL && work->fence->known_count > 0 &&
           is_only_puts(work->transaction);
}

/* The caller holds the fence's lock, if there is one. */
static void guess_facts(plan *work)
{
    bool is_change = is_bare_put(work->transaction);
    for (size_t i = 0; i < work->facts.size; i++) {
        creg_zookeeper_fact *about = work->facts.items[i];
        about->exists =
            is_change || about->path_size == 1 ||
            *known_slot(work->fence->known, work->fence->known_slots, hash_of(about)) != 0;
    }
}

/* ---- one try ---------------------------------------------------------------------------- */

/* From the transaction to a multi that was sent, if there is anything to send. */
static creg_status plan_and_send(plan *work, sending *sent, size_t *ret_failed_check,
                                 bool *ret_again, creg_error *err)
{
    creg_status status = creg_zookeeper_facts_collect(&work->facts, err);
    work->is_guess = work->is_guess && can_guess(work);
    if (status == CREG_OK && work->is_guess)
        guess_facts(work);
    else if (status == CREG_OK)
        status = creg_zookeeper_facts_read(&work->facts, err);
    if (status == CREG_CONFLICT)
        *ret_again = true; /* something went while it was walked */
    if (status == CREG_OK)
        status = evaluate_checks(work, ret_failed_check, err);
    if (status != CREG_OK)
        return status;
    if (!add_checks(work) || !add_operations(work))
        return creg_fail_arena(err, work->arena);
    if (work->step_count > 0)
        status = send_multi(work, sent, err);
    if (status == CREG_OK && work->fence != NULL)
        note_directories(work);
    return status;
}

static creg_status try_once(plan *work, size_t *ret_failed_check, bool *ret_again,
                            creg_error *err)
{
    sending sent;
    if (work->fence != NULL)
        pthread_mutex_lock(&work->fence->lock);
    creg_status status = plan_and_send(work, &sent, ret_failed_check, ret_again, err);
    if (work->fence != NULL)
        pthread_mutex_unlock(&work->fence->lock);
    if (status == CREG_OK && work->step_count > 0)
        status = finish_multi(work, &sent, ret_again, err);
    if (status == CREG_OK || work->fence == NULL)
        return status;
    pthread_mutex_lock(&work->fence->lock);
    forget_directories(work->fence);
    pthread_mutex_unlock(&work->fence->lock);
    return status;
}

creg_status creg_zookeeper_apply(creg_driver_state *state, const creg_transaction *transaction,
                                 size_t *ret_failed_check, creg_error *err)
{
    uint64_t deadline = creg_clock_ms() + state->timeout_ms;
    creg_arena arena;
    creg_arena_init(&arena, CREG_LIMIT_OPERATION_BYTES);
    creg_status status = CREG_CONFLICT;
    bool is_again = true;
    for (unsigned round = 0; is_again && round < PLAN_TRIES; round++) {
        creg_arena_reset(&arena);
        zhandle_t *handle;
        is_again = false;
        status = creg_zookeeper_handle(state, deadline, &handle, err);
        if (status != CREG_OK)
            break;
        creg_zookeeper_batch batch;
        creg_zookeeper_batch_init(&batch, state, &arena);
        plan work = {.state = state,
                     .transaction = transaction,
                     .is_guess = round == 0,
                     .handle = handle,
                     .batch = &batch,
                     .arena = &arena,
                     .facts = {.transaction = transaction,
                               .handle = handle,
                               .batch = &batch,
                               .arena = &arena}};
        if (transaction->fence != NULL)
            work.fence = creg_liveness_handle(transaction->fence);
        status = try_once(&work, ret_failed_check, &is_again, err);
        creg_zookeeper_batch_wait(&batch, 0);
        creg_zookeeper_batch_clear(&batch);
        creg_zookeeper_release(state);
        if (batch.is_given_up && status == CREG_UNAVAILABLE) {
            status = creg_fail_interrupted(err);
            break;
        }
        /* Reads before the multi that failed for want of a server may simply be repeated. */
        if (status == CREG_UNAVAILABLE && creg_clock_ms() < deadline)
            is_again = true;
    }
    creg_arena_clear(&arena);
    return status;
}
