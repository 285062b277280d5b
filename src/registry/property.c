/* SPDX-License-Identifier: MIT */
/*
 * Changing properties of committed instances.
 *
 * Every change carries the check that the commit record is there, so a removed instance is
 * never brought back by a late writer. It also carries checks that keep the tree a tree: a
 * key with a value has nothing below it (a property "nodes" beside nodes/slave0 would break
 * every reader of nodes), and no key above it has a value.
 *
 * The first change through a handle leaves the book CREG_BOOK_EDITED, so that fsck knows that
 * the digest in the commit record need not match any more.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/fail.h"
#include "base/interrupt.h"
#include "registry/entity.h"
#include "registry/journal.h"
#include "registry/query.h"
#include "registry/registry.h"
#include "registry/send.h"

enum {
    RESENDS = 2,
    PRESENT_MOST = 16, /* properties that are tried as changes of what is there */
    RACES_MAX = 1000,  /* rounds of compare-and-set against others */
    INTEGER_TEXT = 24
};

/* One change on its way. Everything lies in `arena`. */
typedef struct change {
    creg_registry *registry;
    creg_dn dn; /* what the caller named; its instance is the one that changes */
    creg_arena arena;
    creg_key record, edited;
    creg_pairs puts; /* whole keys, sorted by bytes */
    creg_check *checks;
    size_t check_count;
    bool is_repeatable; /* sending it twice does what sending it once does */
} change;

static creg_status begin(change *work, creg_registry *registry, creg_slice dn, creg_slice path,
                         creg_error *err)
{
    *work = (change){.registry = registry};
    creg_arena_init(&work->arena, CREG_LIMIT_OPERATION_BYTES);
    creg_status status = creg_registry_dn(registry, dn, path, &work->dn, err);
    if (status != CREG_OK)
        return status;
    creg_dn_book(&work->dn, CREG_BOOK_COMMIT, &work->record);
    creg_dn_book(&work->dn, CREG_BOOK_EDITED, &work->edited);
    return CREG_OK;
}

/* ---- checks ---------------------------------------------------------------------------------- */

static void add_check(change *work, creg_check_kind kind, creg_slice key, creg_version version)
{
    work->checks[work->check_count++] =
        (creg_check){.kind = kind, .key = key, .version = version};
}

/*
 * The check that the instance is there: always the first. With visibility=all it may have no
 * record; then the least that must hold is that nobody is just writing or removing it.
 */
static creg_status add_sight(change *work, creg_error *err)
{
    creg_sight sight;
    creg_version any = {0};
    creg_slice record = creg_key_slice(&work->record);
    if (!work->registry->shows_all) {
        add_check(work, CREG_CHECK_PRESENT, record, any);
        return CREG_OK;
    }
    creg_read reads[CREG_SIGHT_READS];
    creg_sight_reads(&work->dn, &sight, reads);
    creg_status status = creg_store_read(work->registry->store, reads, CREG_SIGHT_READS,
                                         &work->arena, NULL, err);
    if (status != CREG_OK)
        return status;
    creg_slice intent = creg_arena_copy(&work->arena, creg_key_slice(&sight.intent));
    if (intent.data == NULL)
        return creg_fail_arena(err, &work->arena);
    if (reads[0].ret_pairs.size != 0)
        add_check(work, CREG_CHECK_PRESENT, record, any);
    else
        add_check(work, CREG_CHECK_ABSENT, intent, any);
    return CREG_OK;
}

static int compare_keys(creg_slice left, creg_slice right)
{
    size_t shared = left.size < right.size ? left.size : right.size;
    int order = shared == 0 ? 0 : memcmp(left.data, right.data, shared);
    return order != 0 ? order : (left.size > right.size) - (left.size < right.size);
}

static int compare_pairs(const void *left, const void *right)
{
    return compare_keys(((const creg_pair *)left)->key, ((const creg_pair *)right)->key);
}

static bool is_put(const change *work, creg_slice key)
{
    creg_pair wanted = {.key = key};
    return bsearch(&wanted, work->puts.items, work->puts.size, sizeof wanted, compare_pairs) !=
           NULL;
}

static bool is_below(creg_slice key, creg_slice top)
{
    return key.size > top.size && key.data[top.size] == '/' &&
           memcmp(key.data, top.data, top.size) == 0;
}

/* No key between the instance and this one may have a value. Shared ones are checked once. */
static creg_status add_ancestor_checks(change *work, size_t index, creg_error *err)
{
    creg_slice key = work->puts.items[index].key;
    creg_slice previous =
        index == 0 ? creg_slice_make(NULL, 0) : work->puts.items[index - 1].key;
    for (creg_slice above = creg_dn_parent(key); above.size > work->dn.instance_size;
         above = creg_dn_parent(above)) {
        if (is_put(work, above))
            return creg_fail(err, CREG_INVALID_NAME,
                             "'%.*s' cannot have a value and '%.*s' below it", CREG_SHOW(above),
                             CREG_SHOW(key));
        if (is_below(previous, above))
            break; /* that one checked the rest of the way */
        add_check(work, CREG_CHECK_ABSENT, above, (creg_version){0});
    }
    return CREG_OK;
}

static size_t depth_of(creg_slice key)
{
    size_t depth = 1;
    for (size_t i = 0; i < key.size; i++)
        depth += key.data[i] == '/';
    return depth;
}

static creg_status add_shape_checks(change *work, creg_error *err)
{
    for (size_t i = 0; i < work->puts.size; i++) {
        creg_slice key = work->puts.items[i].key;
        if (i > 0 && creg_slice_equal(key, work->puts.items[i - 1].key))
            return creg_fail(err, CREG_INVALID, "'%.*s' is to be set twice", CREG_SHOW(key));
        add_check(work, CREG_CHECK_SUBTREE_EMPTY, key, (creg_version){0});
        creg_status status = add_ancestor_checks(work, i, err);
        if (status != CREG_OK)
            return status;
    }
    return CREG_OK;
}

/* What must hold first: the instance, and the version that the caller knows. */
static creg_status begin_checks(change *work, creg_slice expected_key,
                                const creg_version *expected, creg_error *err)
{
    size_t most = 2;
    for (size_t i = 0; i < work->puts.size; i++)
        most += 1 + depth_of(work->puts.items[i].key);
    work->check_count = 0;
    work->checks = creg_arena_calloc(&work->arena, most, sizeof *work->checks);
    if (work->checks == NULL)
        return creg_fail_arena(err, &work->arena);
    creg_status status = add_sight(work, err);
    if (status == CREG_OK && expected != NULL)
        add_check(work, CREG_CHECK_VERSION, expected_key, *expected);
    return status;
}

static creg_status make_checks(change *work, creg_slice expected_key,
                               const creg_version *expected, creg_error *err)
{
    creg_status status = begin_checks(work, expected_key, expected, err);
    return status == CREG_OK ? add_shape_checks(work, err) : status;
}

/* ---- why it was refused -------------------------------------------------------------------------- */

/* Does this check hold now? */
static creg_status holds(change *work, const creg_check *check, creg_arena *scratch,
                         bool *ret_holds, creg_error *err)
{
    bool is_list = check->kind == CREG_CHECK_SUBTREE_EMPTY;
    creg_read read = {
        .is_list = is_list, .key = check->key, .keys_only = true, .limit = is_list ? 1 : 0};
    creg_status status = creg_store_read(work->registry->store, &read, 1, scratch, NULL, err);
    bool is_there = status == CREG_OK && read.ret_pairs.size != 0;
    bool is_present = check->kind == CREG_CHECK_PRESENT;
    *ret_holds = check->kind != CREG_CHECK_VERSION && is_there == is_present;
    return status;
}

/* A store may not tell which check failed: the first one that does not hold now, or none. */
static creg_status first_broken(change *work, size_t *ret_index, creg_error *err)
{
    creg_arena scratch;
    creg_arena_init(&scratch, CREG_LIMIT_OPERATION_BYTES);
    creg_status status = CREG_OK;
    bool is_good = true;
    size_t index = 0;
    while (status == CREG_OK && index < work->check_count) {
        status = holds(work, &work->checks[index], &scratch, &is_good, err);
        if (!is_good)
            break;
        index++;
    }
    creg_arena_clear(&scratch);
    *ret_index = index;
    return status;
}

static creg_status explain_conflict(change *work, size_t failed_check, creg_error *err)
{
    creg_status status = CREG_OK;
    if (failed_check >= work->check_count)
        status = first_broken(work, &failed_check, err);
    if (status != CREG_OK)
        return status;
    if (failed_check == 0) /* see add_sight() */
        return creg_query_fail_absent(work->registry, &work->dn, err);
    creg_slice key = creg_dn_key(&work->dn);
    creg_check_kind kind = CREG_CHECK_VERSION;
    if (failed_check < work->check_count) {
        key = work->checks[failed_check].key;
        kind = work->checks[failed_check].kind;
    }
    if (kind == CREG_CHECK_SUBTREE_EMPTY)
        return creg_fail(err, CREG_INVALID_NAME,
                         "'%.*s' is a collection; it cannot have a value", CREG_SHOW(key));
    if (kind == CREG_CHECK_ABSENT)
        return creg_fail(err, CREG_INVALID_NAME,
                         "'%.*s' is a property; nothing can be set below it", CREG_SHOW(key));
    return creg_fail(err, CREG_CONFLICT, "'%.*s' was changed by somebody else", CREG_SHOW(key));
}

/* ---- sending -------------------------------------------------------------------------------------- */

static creg_status send(change *work, const creg_transaction *transaction, size_t *ret_failed,
                        creg_error *err)
{
    bool was_unclear = false;
    creg_status status = CREG_OK;
    for (unsigned tries = 0; tries <= RESENDS; tries++) {
        status = creg_journal_apply(work->registry, &work->dn, transaction, ret_failed, err);
        was_unclear = was_unclear || status == CREG_UNKNOWN_OUTCOME;
        bool is_worth_it = status == CREG_UNKNOWN_OUTCOME && work->is_repeatable;
        if (!is_worth_it || creg_is_interrupted())
            break;
        creg_registry_pause(tries);
    }
    if (status == CREG_OK || !was_unclear)
        return status;
    /* A repeat was refused or failed, but the first try may have gone through. */
    return creg_send_unknown(&work->dn, creg_slice_make(NULL, 0), err);
}

/* Sends operations with the book of edits; `operations` has room for one more. A refusal is
 * not explained: `*ret_failed` is the check that did not hold, or SIZE_MAX. */
static creg_status try_apply(change *work, creg_operation *operations, size_t count,
                             size_t *ret_failed, creg_error *err)
{
    bool is_known = creg_instance_set_holds(&work->registry->edited, &work->dn);
    if (!is_known) {
        creg_slice now = creg_registry_now(&work->arena);
        if (now.data == NULL)
            return creg_fail_arena(err, &work->arena);
        operations[count++] = (creg_operation){
            .kind = CREG_OPERATION_PUT, .key = creg_key_slice(&work->edited), .value = now};
    }
    creg_transaction transaction = {.checks = work->checks,
                                    .check_count = work->check_count,
                                    .operations = operations,
                                    .operation_count = count};
    *ret_failed = SIZE_MAX;
    creg_status status = send(work, &transaction, ret_failed, err);
    if (status == CREG_OK && !is_known)
        creg_instance_set_add(&work->registry->edited, &work->dn);
    return status;
}

static creg_status apply(change *work, creg_operation *operations, size_t count,
                         creg_error *err)
{
    size_t failed_check;
    creg_status status = try_apply(work, operations, count, &failed_check, err);
    return status == CREG_CONFLICT ? explain_conflict(work, failed_check, err) : status;
}

static creg_operation *put_operations(change *work, creg_error *err)
{
    creg_operation *operations =
        creg_arena_calloc(&work->arena, work->puts.size + 1, sizeof *operations);
    if (operations == NULL) {
        creg_fail_arena(err, &work->arena);
        return NULL;
    }
    for (size_t i = 0; i < work->puts.size; i++)
        operations[i] = (creg_operation){.kind = CREG_OPERATION_PUT,
                                         .key = work->puts.items[i].key,
                                         .value = work->puts.items[i].value};
    return operations;
}

static creg_status apply_puts(change *work, creg_error *err)
{
    creg_operation *operations = put_operations(work, err);
    return operations == NULL ? (creg_status)work->arena.failed
                              : apply(work, operations, work->puts.size, err);
}

/* ---- set ------------------------------------------------------------------------------------------- */

static creg_status add_put(change *work, creg_slice dn, const creg_property *property,
                           creg_error *err)
{
    creg_dn target;
    creg_status status = creg_registry_dn(work->registry, dn, property->path, &target, err);
    if (status != CREG_OK)
        return status;
    creg_slice key = creg_arena_copy(&work->arena, creg_dn_key(&target));
    if (key.data == NULL)
        return creg_fail_arena(err, &work->arena);
    work->puts.items[work->puts.size++] = (creg_pair){.key = key, .value = property->value};
    return CREG_OK;
}

static creg_status collect_puts(change *work, creg_slice dn, const creg_property *properties,
                                size_t count, creg_slice *ret_first, creg_error *err)
{
    work->puts.items = creg_arena_calloc(&work->arena, count, sizeof *work->puts.items);
    if (work->puts.items == NULL)
        return creg_fail_arena(err, &work->arena);
    for (size_t i = 0; i < count; i++) {
        creg_status status = add_put(work, dn, &properties[i], err);
        if (status != CREG_OK)
            return status;
    }
    *ret_first = work->puts.items[0].key;
    qsort(work->puts.items, count, sizeof *work->puts.items, compare_pairs);
    return CREG_OK;
}

/*
 * The usual case: what is set is there already. Then nothing has to be looked at around it,
 * because whoever made it did. CREG_CONFLICT, without a message: it is another case.
 */
static creg_status change_present(change *work, creg_error *err)
{
    creg_status status = begin_checks(work, creg_slice_make(NULL, 0), NULL, err);
    if (status != CREG_OK)
        return status;
    for (size_t i = 0; i < work->puts.size; i++)
        add_check(work, CREG_CHECK_PRESENT, work->puts.items[i].key, (creg_version){0});
    creg_operation *operations = put_operations(work, err);
    if (operations == NULL)
        return (creg_status)work->arena.failed;
    size_t failed_check;
    return try_apply(work, operations, work->puts.size, &failed_check, err);
}

/* Few enough that a wrong guess costs little; and what is set twice is told elsewhere. */
static bool may_be_present(const change *work, const creg_version *expected)
{
    if (expected != NULL || work->puts.size > PRESENT_MOST)
        return false;
    for (size_t i = 1; i < work->puts.size; i++)
        if (creg_slice_equal(work->puts.items[i].key, work->puts.items[i - 1].key))
            return false;
    return true;
}

static creg_status set(change *work, creg_slice dn, const creg_property *properties,
                       size_t count, const creg_version *expected, creg_error *err)
{
    creg_slice first;
    work->is_repeatable = expected == NULL;
    creg_status status = collect_puts(work, dn, properties, count, &first, err);
    if (status == CREG_OK && may_be_present(work, expected)) {
        status = change_present(work, err);
        if (status != CREG_CONFLICT)
            return status;
        status = CREG_OK;
    }
    if (status == CREG_OK)
        status = make_checks(work, first, expected, err);
    return status == CREG_OK ? apply_puts(work, err) : status;
}

creg_status creg_set(creg_registry *registry, creg_slice dn, const creg_property *properties,
                     size_t count, const creg_version *expected, creg_error *err)
{
    change work;
    creg_status status = begin(&work, registry, dn, creg_slice_make(NULL, 0), err);
    if (status == CREG_OK && count > 0)
        status = set(&work, dn, properties, count, expected, err);
    creg_arena_clear(&work.arena);
    if (status == CREG_OK)
        creg_error_clear(err);
    return status;
}

/* ---- compare and set, increment ----------------------------------------------------------------------- */

/* What a property holds now; `version.present` false: nothing. */
typedef struct current {
    creg_slice value;
    creg_version version;
} current;

static creg_status read_current(change *work, current *ret_current, creg_error *err)
{
    *ret_current = (current){.value = {NULL, 0}};
    creg_sight sight;
    creg_read reads[CREG_SIGHT_READS + 1];
    creg_read *property = &reads[CREG_SIGHT_READS];
    creg_sight_reads(&work->dn, &sight, reads);
    *property = (creg_read){.key = creg_dn_key(&work->dn)};
    creg_status status = creg_store_read(work->registry->store, reads, CREG_SIGHT_READS + 1,
                                         &work->arena, NULL, err);
    /* What is to be changed has to be what lies in the store, not what a journal says. */
    if (status == CREG_OK && reads[1].ret_pairs.size != 0) {
        status = creg_journal_settle(work->registry, &work->dn, err);
        if (status == CREG_OK)
            status = creg_store_read(work->registry->store, reads, CREG_SIGHT_READS + 1,
                                     &work->arena, NULL, err);
    }
    if (status != CREG_OK)
        return status;
    if (!creg_sight_is_clear(work->registry, &work->dn, reads))
        return creg_query_fail_absent(work->registry, &work->dn, err);
    if (property->ret_pairs.size != 0) {
        ret_current->value = property->ret_pairs.items[0].value;
        ret_current->version = property->ret_pairs.items[0].version;
    }
    return CREG_OK;
}

/* One put of the property that the change names, if it still is as it was read. */
static creg_status put_if_current(change *work, creg_slice value, const current *now,
                                  creg_error *err)
{
    creg_pair put = {.key = creg_dn_key(&work->dn), .value = value};
    work->puts = (creg_pairs){&put, 1};
    work->check_count = 0;
    creg_status status = make_checks(work, put.key, &now->version, err);
    return status == CREG_OK ? apply_puts(work, err) : status;
}

static bool is_as_expected(const current *now, creg_slice old)
{
    if (old.data == NULL)
        return !now->version.present;
    return now->version.present && creg_slice_equal(now->value, old);
}

static creg_status fail_not_as_expected(const change *work, const current *now, creg_error *err)
{
    if (!now->version.present)
        return creg_fail(err, CREG_CONFLICT, "'%.*s' does not exist",
                         CREG_SHOW(creg_dn_key(&work->dn)));
    return creg_fail(err, CREG_CONFLICT, "'%.*s' holds '%.*s' by now",
                     CREG_SHOW(creg_dn_key(&work->dn)), CREG_SHOW(now->value));
}

/* A conflict that only means "changed and changed back" is no answer: look again. */
static creg_status compare_and_set(change *work, creg_slice old, creg_slice value,
                                   creg_error *err)
{
    creg_status status = CREG_CONFLICT;
    for (unsigned races = 0; status == CREG_CONFLICT && races < RACES_MAX; races++) {
        current now;
        status = read_current(work, &now, err);
        if (status == CREG_OK && !is_as_expected(&now, old))
            return fail_not_as_expected(work, &now, err);
        if (status == CREG_OK)
            status = put_if_current(work, value, &now, err);
    }
    return status;
}

creg_status creg_compare_and_set(creg_registry *registry, creg_slice dn, creg_slice path,
                                 creg_slice old, creg_slice value, creg_error *err)
{
    change work;
    creg_status status = begin(&work, registry, dn, path, err);
    if (status == CREG_OK)
        status = compare_and_set(&work, old, value, err);
    creg_arena_clear(&work.arena);
    if (status == CREG_OK)
        creg_error_clear(err);
    return status;
}

/* A whole decimal integer, as people and templates write it. */
static bool read_integer(creg_slice text, int64_t *ret_integer)
{
    char digits[INTEGER_TEXT];
    if (text.size == 0 || text.size >= sizeof digits)
        return false;
    size_t at = text.data[0] == '-' ? 1 : 0;
    for (size_t i = at; i < text.size; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    if (at == text.size)
        return false;
    int64_t integer = 0;
    for (size_t i = at; i < text.size; i++) {
        int64_t digit = at == 1 ? -(text.data[i] - '0') : text.data[i] - '0';
        if (integer > INT64_MAX / 10 || integer < INT64_MIN / 10)
            return false;
        integer *= 10;
        if ((digit > 0 && integer > INT64_MAX - digit) ||
            (digit < 0 && integer < INT64_MIN - digit))
            return false;
        integer += digit;
    }
    *ret_integer = integer;
    return true;
}

static creg_status add(const change *work, const current *now, int64_t by, int64_t *ret_sum,
                       creg_error *err)
{
    int64_t integer = 0;
    creg_slice key = creg_dn_key(&work->dn);
    if (now->version.present && !read_integer(now->value, &integer))
        return creg_fail(err, CREG_INVALID, "'%.*s' holds '%.*s', not an integer",
                         CREG_SHOW(key), CREG_SHOW(now->value));
    if ((by > 0 && integer > INT64_MAX - by) || (by < 0 && integer < INT64_MIN - by))
        return creg_fail(err, CREG_INVALID, "'%.*s' would no longer fit 64 bits",
                         CREG_SHOW(key));
    *ret_sum = integer + by;
    return CREG_OK;
}

static creg_status increment(change *work, int64_t by, int64_t *ret_sum, creg_error *err)
{
    creg_status status = CREG_CONFLICT;
    for (unsigned races = 0; status == CREG_CONFLICT && races < RACES_MAX; races++) {
        if (races > 0)
            creg_registry_pause(races / 8);
        current now;
        status = read_current(work, &now, err);
        if (status == CREG_OK)
            status = add(work, &now, by, ret_sum, err);
        if (status != CREG_OK)
            return status;
        char text[INTEGER_TEXT];
        int size = snprintf(text, sizeof text, "%lld", (long long)*ret_sum);
        status = put_if_current(work, creg_slice_make(text, (size_t)size), &now, err);
    }
    return status;
}

creg_status creg_increment(creg_registry *registry, creg_slice dn, creg_slice path, int64_t by,
                           int64_t *ret_value, creg_error *err)
{
    change work;
    int64_t sum = 0;
    creg_status status = begin(&work, registry, dn, path, err);
    if (status == CREG_OK)
        status = increment(&work, by, &sum, err);
    creg_arena_clear(&work.arena);
    if (status != CREG_OK)
        return status;
    creg_error_clear(err);
    if (ret_value != NULL)
        *ret_value = sum;
    return CREG_OK;
}

/* ---- unset ---------------------------------------------------------------------------------------------- */

static creg_status fail_collection(const change *work, creg_error *err)
{
    creg_fail(err, CREG_NOT_FOUND, "'%.*s' is a collection, not a property",
              CREG_SHOW(creg_dn_key(&work->dn)));
    creg_error_hint(err, "ask for the tree to be removed, if that is meant");
    return CREG_NOT_FOUND;
}

static creg_status unset(change *work, bool tree, creg_error *err)
{
    creg_slice key = creg_dn_key(&work->dn);
    creg_read reads[] = {
        {.key = key},
        {.is_list = true, .key = key, .depth = 1, .keys_only = true, .limit = 1},
    };
    creg_status status = CREG_OK;
    if (creg_journal_is_used(work->registry))
        status = creg_journal_settle(work->registry, &work->dn, err);
    if (status == CREG_OK)
        status = creg_store_read(work->registry->store, reads, 2, &work->arena, NULL, err);
    if (status != CREG_OK)
        return status;
    bool has_value = reads[0].ret_pairs.size != 0;
    bool has_tree = reads[1].ret_pairs.size != 0;
    if (!has_value && has_tree && !tree)
        return fail_collection(work, err);
    if (!has_value && !has_tree)
        return creg_entity_fail_absent(work->registry, &work->dn, err);

    status = make_checks(work, key, NULL, err);
    creg_operation operations[3] = {{.kind = CREG_OPERATION_DELETE, .key = key},
                                    {.kind = CREG_OPERATION_DELETE_TREE, .key = key}};
    return status == CREG_OK ? apply(work, operations, tree ? 2 : 1, err) : status;
}

creg_status creg_unset(creg_registry *registry, creg_slice dn, creg_slice path, bool tree,
                       creg_error *err)
{
    change work;
    creg_status status = begin(&work, registry, dn, path, err);
    work.is_repeatable = true;
    if (status == CREG_OK && work.dn.kind == CREG_DN_INSTANCE && tree)
        status = creg_fail(err, CREG_INVALID_NAME,
                           "'%.*s' is a whole instance; remove it as such", CREG_SHOW(dn));
    if (status == CREG_OK)
        status = unset(&work, tree, err);
    creg_arena_clear(&work.arena);
    if (status == CREG_OK)
        creg_error_clear(err);
    return status;
}
