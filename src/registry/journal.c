/* SPDX-License-Identifier: MIT */
/*
 * Writing journals, carrying them out, and reading as if they had been.
 */
#include "registry/journal.h"

#include "base/fail.h"
#include "base/failpoint.h"
#include "registry/chunks.h"
#include "registry/query.h"
#include "registry/record.h"
#include "registry/send.h"
#include "store/pairs.h"

enum {
    ROUNDS_MAX = 200,   /* against others who write to the same instance */
    OPEN_ROUNDS = 40,   /* of waiting for an open journal, some 25 ms each, then it is lost */
    KEY_CHECKS_MAX = 16 /* conditions that are checked once more with the activation */
};

/* A journal as it lies in the store. */
typedef struct journal {
    creg_intent intent;
    creg_version version;
    creg_operation *operations;
    size_t count;
} journal;

bool creg_journal_is_used(const creg_registry *registry)
{
    unsigned capabilities = creg_store_capabilities(registry->store);
    return (capabilities & CREG_STORE_SMALL_TRANSACTIONS) != 0 ||
           registry->transaction_operations != 0;
}

/* ---- as text ---------------------------------------------------------------------------------- */

static const char *const kinds[] = {
    [CREG_OPERATION_PUT] = "p",
    [CREG_OPERATION_DELETE] = "d",
    [CREG_OPERATION_DELETE_TREE] = "t",
};

/* ["p", key, value]: values may be any bytes, so they are escaped as segments of keys are. The
 * arena remembers a failure. */
static void add_operation(creg_list *list, const creg_operation *operation, creg_arena *arena)
{
    creg_list *row = creg_list_new(arena, 3);
    if (row == NULL)
        return;
    creg_slice value = creg_slice_make("", 0);
    if (operation->kind == CREG_OPERATION_PUT && operation->value.size != 0)
        value = creg_key_encode(operation->value, arena);
    creg_list_append(arena, row, creg_value_cstring(kinds[operation->kind]));
    creg_list_append(arena, row, creg_value_string(operation->key));
    creg_list_append(arena, row, creg_value_string(value));
    creg_list_append(arena, list, creg_value_list(row));
}

static creg_status print_active(const creg_transaction *transaction, creg_slice request,
                                creg_arena *arena, creg_slice *ret_text, creg_error *err)
{
    creg_list *list = creg_list_new(arena, transaction->operation_count);
    for (size_t i = 0; arena->failed == CREG_OK && i < transaction->operation_count; i++)
        add_operation(list, &transaction->operations[i], arena);
    if (arena->failed != CREG_OK)
        return creg_fail_arena(err, arena);
    creg_intent intent = {.request_id = request,
                          .is_change = true,
                          .is_active = true,
                          .key_count = transaction->operation_count,
                          .operations = creg_value_list(list)};
    return creg_intent_print(&intent, arena, ret_text, err);
}

static creg_slice text_at(const creg_list *row, size_t index)
{
    bool is_text = index < row->size && creg_value_is(row->items[index], CREG_KIND_STRING);
    return is_text ? creg_value_text(row->items[index]) : creg_slice_make(NULL, 0);
}

static creg_status parse_operation(creg_value value, creg_arena *arena,
                                   creg_operation *ret_operation, creg_error *err)
{
    creg_slice kind = {NULL, 0};
    if (creg_value_is(value, CREG_KIND_LIST)) {
        kind = text_at(value.as.list, 0);
        ret_operation->key = text_at(value.as.list, 1);
        ret_operation->value = text_at(value.as.list, 2);
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!creg_slice_equal(kind, creg_slice_of(kinds[i])) || ret_operation->key.size == 0)
            continue;
        ret_operation->kind = (creg_operation_kind)i;
        if (ret_operation->value.size == 0)
            return CREG_OK;
        return creg_key_decode(ret_operation->value, arena, &ret_operation->value, err);
    }
    return creg_fail(err, CREG_DAMAGED,
                     "an unfinished change in the registry's books cannot be "
                     "read");
}

static creg_status parse_operations(journal *found, creg_arena *arena, creg_error *err)
{
    if (!found->intent.is_active)
        return CREG_OK;
    if (!creg_value_is(found->intent.operations, CREG_KIND_LIST))
        return creg_fail(err, CREG_DAMAGED,
                         "an unfinished change in the registry's books has no "
                         "operations");
    const creg_list *list = found->intent.operations.as.list;
    found->operations = creg_arena_calloc(arena, list->size, sizeof *found->operations);
    if (found->operations == NULL)
        return creg_fail_arena(err, arena);
    creg_status status = CREG_OK;
    for (size_t i = 0; status == CREG_OK && i < list->size; i++)
        status =
            parse_operation(list->items[i], arena, &found->operations[found->count++], err);
    return status;
}

static creg_status parse(creg_slice key, creg_slice text, creg_arena *arena, journal *ret_found,
                         creg_error *err)
{
    creg_status status = creg_intent_parse(key, text, arena, &ret_found->intent, err);
    return status == CREG_OK ? parse_operations(ret_found, arena, err) : status;
}

/* CREG_NOT_FOUND: there is none. */
static creg_status get(creg_registry *registry, const creg_key *key, creg_arena *arena,
                       journal *ret_found, creg_error *err)
{
    creg_slice text;
    *ret_found = (journal){.count = 0};
    creg_status status = creg_store_get(registry->store, creg_key_slice(key), arena, &text,
                                        &ret_found->version, err);
    return status == CREG_OK ? parse(creg_key_slice(key), text, arena, ret_found, err) : status;
}

/* ---- carrying out -------------------------------------------------------------------------------- */

/* The journal is as it was read: the one condition of everything that is done about it. */
static creg_check unchanged(const creg_key *key, const journal *found)
{
    return (creg_check){
        .kind = CREG_CHECK_VERSION, .key = creg_key_slice(key), .version = found->version};
}

static creg_status drop(creg_registry *registry, const creg_key *key, const journal *found,
                        creg_error *err)
{
    creg_check check = unchanged(key, found);
    creg_operation removal = {.kind = CREG_OPERATION_DELETE, .key = creg_key_slice(key)};
    creg_transaction transaction = {
        .checks = &check, .check_count = 1, .operations = &removal, .operation_count = 1};
    creg_status status =
        creg_send_clearly(registry->store, &transaction, true, NULL, NULL, err);
    return status == CREG_CONFLICT ? CREG_OK : status; /* somebody else did it */
}

static creg_status carry_out(creg_registry *registry, const creg_key *key, const journal *found,
                             creg_error *err)
{
    creg_check check = unchanged(key, found);
    creg_chunks chunks = {.registry = registry,
                          .operations = found->operations,
                          .count = found->count,
                          .checks = &check,
                          .check_count = 1};
    creg_status status = creg_chunks_apply(&chunks, err);
    if (status == CREG_CONFLICT) /* somebody else carried it out to the end */
        return CREG_OK;
    return status == CREG_OK ? drop(registry, key, found, err) : status;
}

static creg_status settle_once(creg_registry *registry, const creg_key *key, unsigned round,
                               creg_arena *arena, bool *ret_again, creg_error *err)
{
    journal found;
    creg_status status = get(registry, key, arena, &found, err);
    *ret_again = false;
    if (status == CREG_NOT_FOUND)
        return CREG_OK;
    if (status != CREG_OK || !found.intent.is_change)
        return status;
    if (found.intent.is_active)
        return carry_out(registry, key, &found, err);
    if (round >= OPEN_ROUNDS)
        return drop(registry, key, &found, err);
    creg_registry_pause(8);
    *ret_again = true;
    return CREG_OK;
}

creg_status creg_journal_settle(creg_registry *registry, const creg_dn *dn, creg_error *err)
{
    creg_key key;
    creg_dn_book(dn, CREG_BOOK_INTENT, &key);
    creg_arena arena;
    creg_arena_init(&arena, CREG_LIMIT_OPERATION_BYTES);
    creg_status status = CREG_OK;
    bool is_again = true;
    for (unsigned round = 0; status == CREG_OK && is_again; round++) {
        creg_arena_reset(&arena);
        status = settle_once(registry, &key, round, &arena, &is_again, err);
    }
    creg_arena_clear(&arena);
    return status;
}

/* ---- writing --------------------------------------------------------------------------------------- */

/* One change on its way into a journal. */
typedef struct writing {
    creg_registry *registry;
    const creg_transaction *transaction;
    creg_key key;
    char request[CREG_REQUEST_SIZE];
    journal mine; /* as it lies in the store now */
    creg_arena arena;
} writing;

static creg_status put_text(writing *work, const creg_check *checks, size_t count,
                            creg_slice text, bool *ret_was_unclear, creg_error *err)
{
    creg_operation put = {
        .kind = CREG_OPERATION_PUT, .key = creg_key_slice(&work->key), .value = text};
    creg_transaction transaction = {
        .checks = checks, .check_count = count, .operations = &put, .operation_count = 1};
    return creg_send_clearly(work->registry->store, &transaction, false, NULL, ret_was_unclear,
                             err);
}

/* Reads back what was written: its version guards the rest. CREG_CONFLICT: it is not ours. Then
 * `mine` stays as it was: what is dropped after a failure must not be somebody else's, and a
 * removal's intent lies under the same key. */
static creg_status read_back(writing *work, bool is_active, creg_error *err)
{
    journal found;
    creg_status status = get(work->registry, &work->key, &work->arena, &found, err);
    if (status == CREG_NOT_FOUND)
        return creg_fail(err, CREG_CONFLICT, "somebody else was faster");
    if (status != CREG_OK)
        return status;
    if (found.intent.is_active != is_active ||
        !creg_slice_equal(found.intent.request_id, creg_slice_of(work->request)))
        return creg_fail(err, CREG_CONFLICT, "somebody else was faster");
    work->mine = found;
    return CREG_OK;
}

static creg_status open_journal(writing *work, creg_error *err)
{
    creg_intent intent = {.request_id = creg_slice_of(work->request), .is_change = true};
    creg_slice text;
    creg_status status = creg_intent_print(&intent, &work->arena, &text, err);
    creg_check is_free = {.kind = CREG_CHECK_ABSENT, .key = creg_key_slice(&work->key)};
    if (status == CREG_OK)
        status = put_text(work, &is_free, 1, text, NULL, err);
    /* Unclear or refused: it may be there all the same, by our own first try. */
    if (status == CREG_OK || status == CREG_CONFLICT || status == CREG_UNKNOWN_OUTCOME)
        status = read_back(work, false, err);
    return status;
}

static bool holds(const creg_check *check, const creg_read *read)
{
    bool is_there = read->ret_pairs.size != 0;
    if (check->kind == CREG_CHECK_PRESENT)
        return is_there;
    if (check->kind != CREG_CHECK_VERSION || !check->version.present || !is_there)
        return check->kind == CREG_CHECK_VERSION ? is_there == check->version.present
                                                 : !is_there;
    creg_version version = read->ret_pairs.items[0].version;
    return version.major == check->version.major && version.minor == check->version.minor;
}

/* While the journal is open nobody else writes here, so what holds now will hold. */
static creg_status look_at_checks(writing *work, size_t *ret_failed_check, creg_error *err)
{
    const creg_transaction *transaction = work->transaction;
    size_t count = transaction->check_count;
    creg_read *reads = creg_arena_calloc(&work->arena, count, sizeof *reads);
    if (reads == NULL)
        return creg_fail_arena(err, &work->arena);
    for (size_t i = 0; i < count; i++) {
        bool is_tree = transaction->checks[i].kind == CREG_CHECK_SUBTREE_EMPTY;
        reads[i] = (creg_read){.is_list = is_tree,
                               .key = transaction->checks[i].key,
                               .keys_only = true,
                               .limit = is_tree ? 1 : 0};
    }
    creg_status status = creg_query_many(work->registry, reads, count, &work->arena, err);
    for (size_t i = 0; status == CREG_OK && i < count; i++) {
        creg_slice key = transaction->checks[i].key;
        bool is_lock = creg_slice_equal(key, creg_key_slice(&work->key));
        if (is_lock || holds(&transaction->checks[i], &reads[i]))
            continue;
        *ret_failed_check = i;
        status =
            creg_fail(err, CREG_CONFLICT, "'%.*s' is not as it was expected", CREG_SHOW(key));
    }
    return status;
}

/* The moment in which the change happens. */
static creg_status activate(writing *work, bool *ret_was_unclear, creg_error *err)
{
    const creg_transaction *transaction = work->transaction;
    creg_slice text;
    creg_status status =
        print_active(transaction, creg_slice_of(work->request), &work->arena, &text, err);
    if (status != CREG_OK)
        return status;
    creg_check checks[KEY_CHECKS_MAX + 1] = {unchanged(&work->key, &work->mine)};
    size_t count = 1;
    for (size_t i = 0; i < transaction->check_count && count < KEY_CHECKS_MAX + 1; i++) {
        const creg_check *check = &transaction->checks[i];
        if (check->kind != CREG_CHECK_SUBTREE_EMPTY &&
            !creg_slice_equal(check->key, creg_key_slice(&work->key)))
            checks[count++] = *check;
    }
    size_t most = work->registry->transaction_operations;
    if (most != 0 && count + 1 > most) /* a test's small figure */
        count = most - 1;
    return put_text(work, checks, count, text, ret_was_unclear, err);
}

/* Whatever became of the activation: is the journal active now? */
static creg_status settle_activation(writing *work, creg_status status, bool was_unclear,
                                     creg_error *err)
{
    if (status != CREG_OK && status != CREG_CONFLICT && status != CREG_UNKNOWN_OUTCOME)
        return status;
    creg_status found = read_back(work, true, status == CREG_OK ? err : NULL);
    if (found == CREG_OK)
        return CREG_OK;
    /* Ours, but carried out by somebody else already? */
    if (status == CREG_OK && found == CREG_CONFLICT)
        return CREG_CANCELLED;
    if (status == CREG_CONFLICT && !was_unclear)
        return CREG_CONFLICT;
    return creg_fail(err, CREG_UNKNOWN_OUTCOME, "the store did not answer clearly");
}

/* One try. CREG_CONFLICT with `*ret_failed_check` SIZE_MAX: somebody else was faster. */
static creg_status write_once(writing *work, size_t *ret_failed_check, creg_error *err)
{
    creg_status status = open_journal(work, err);
    if (status != CREG_OK)
        return status;
    status = look_at_checks(work, ret_failed_check, err);
    bool was_unclear = false;
    if (status == CREG_OK && CREG_BUG(CREG_BUG_NO_JOURNAL)) {
        work->mine.operations = (creg_operation *)(uintptr_t)work->transaction->operations;
        work->mine.count = work->transaction->operation_count;
        return carry_out(work->registry, &work->key, &work->mine, err);
    }
    if (status == CREG_OK) {
        status = activate(work, &was_unclear, err);
        status = settle_activation(work, status, was_unclear, err);
        if (status == CREG_CANCELLED)
            return CREG_OK;
        /* It has happened. What cannot be carried out now, the next writer or a sweep does. */
        if (status == CREG_OK)
            (void)carry_out(work->registry, &work->key, &work->mine, NULL);
    }
    if (status != CREG_OK && status != CREG_UNKNOWN_OUTCOME)
        (void)drop(work->registry, &work->key, &work->mine, NULL);
    return status;
}

static creg_status write_journal(creg_registry *registry, const creg_dn *dn,
                                 const creg_transaction *transaction, size_t *ret_failed_check,
                                 creg_error *err)
{
    writing work = {.registry = registry, .transaction = transaction};
    creg_dn_book(dn, CREG_BOOK_INTENT, &work.key);
    creg_arena_init(&work.arena, CREG_LIMIT_OPERATION_BYTES);
    creg_status status = creg_request_make(work.request, err);
    if (status == CREG_OK)
        status = write_once(&work, ret_failed_check, err);
    creg_arena_clear(&work.arena);
    return status;
}

/* The transaction and the condition that no journal is open, which stands last. */
static creg_status apply_beside(creg_registry *registry, const creg_dn *dn,
                                const creg_transaction *transaction, creg_check *checks,
                                size_t *ret_failed_check, creg_error *err)
{
    creg_key key;
    creg_dn_book(dn, CREG_BOOK_INTENT, &key);
    creg_transaction guarded = *transaction;
    for (size_t i = 0; i < transaction->check_count; i++)
        checks[i] = transaction->checks[i];
    checks[guarded.check_count++] =
        (creg_check){.kind = CREG_CHECK_ABSENT, .key = creg_key_slice(&key)};
    guarded.checks = checks;
    creg_limits limits;
    creg_status status = creg_send_limits(registry, &limits, err);
    size_t most = limits.transaction_operations;
    if (status == CREG_OK && most != 0 && guarded.check_count + guarded.operation_count > most)
        return CREG_LIMIT;
    return status == CREG_OK
               ? creg_store_apply(registry->store, &guarded, ret_failed_check, err)
               : status;
}

/* Was it a journal that was in the way? Then it is settled, and the change is tried again. */
static creg_status was_journal(creg_registry *registry, const creg_dn *dn, size_t own_checks,
                               size_t failed_check, bool *ret_again, creg_error *err)
{
    creg_key key;
    creg_dn_book(dn, CREG_BOOK_INTENT, &key);
    creg_arena arena;
    creg_arena_init(&arena, CREG_LIMIT_OPERATION_BYTES);
    journal found;
    creg_error own = {.status = CREG_OK};
    creg_status status = get(registry, &key, &arena, &found, &own);
    bool is_gone = status == CREG_NOT_FOUND && failed_check == own_checks;
    bool is_there = status == CREG_OK && found.intent.is_change;
    creg_arena_clear(&arena);
    *ret_again = is_gone || is_there;
    if (is_there)
        return creg_journal_settle(registry, dn, err);
    if (status == CREG_OK || status == CREG_NOT_FOUND)
        return CREG_OK;
    if (err != NULL)
        *err = own;
    return status;
}

creg_status creg_journal_apply(creg_registry *registry, const creg_dn *dn,
                               const creg_transaction *transaction, size_t *ret_failed_check,
                               creg_error *err)
{
    *ret_failed_check = SIZE_MAX;
    if (!creg_journal_is_used(registry))
        return creg_store_apply(registry->store, transaction, ret_failed_check, err);
    creg_arena arena;
    creg_arena_init(&arena, CREG_LIMIT_OPERATION_BYTES);
    size_t own_checks = transaction->check_count;
    creg_check *checks = creg_arena_calloc(&arena, own_checks + 1, sizeof *checks);
    creg_status status = checks == NULL ? creg_fail_arena(err, &arena) : CREG_CONFLICT;
    bool is_again = status == CREG_CONFLICT;
    for (unsigned round = 0; is_again && round < ROUNDS_MAX; round++) {
        if (round > 0)
            creg_registry_pause(round);
        *ret_failed_check = SIZE_MAX;
        is_again = false;
        status = apply_beside(registry, dn, transaction, checks, ret_failed_check, err);
        if (status == CREG_LIMIT)
            status = write_journal(registry, dn, transaction, ret_failed_check, err);
        if (status != CREG_CONFLICT || *ret_failed_check < own_checks)
            continue;
        creg_status settled =
            was_journal(registry, dn, own_checks, *ret_failed_check, &is_again, err);
        status = settled == CREG_OK ? CREG_CONFLICT : settled;
        is_again = is_again && settled == CREG_OK;
    }
    if (*ret_failed_check == own_checks)
        *ret_failed_check = SIZE_MAX;
    creg_arena_clear(&arena);
    return status;
}

/* ---- reading ------------------------------------------------------------------------------------------ */

static bool is_at(creg_slice key, const creg_operation *operation)
{
    if (operation->kind != CREG_OPERATION_DELETE_TREE)
        return creg_slice_equal(key, operation->key);
    return key.size > operation->key.size && key.data[operation->key.size] == '/' &&
           creg_slice_has_prefix(key, operation->key);
}

/* Is what lies at this key no longer true? */
static bool is_overlaid(const journal *over, creg_slice key)
{
    for (size_t i = 0; i < over->count; i++)
        if (is_at(key, &over->operations[i]))
            return true;
    return false;
}

/* The key is borrowed from the arena already; the version is one that nothing else has. */
static creg_pair pair_of(const journal *over, const creg_operation *put, const creg_read *read)
{
    return (creg_pair){.key = put->key,
                       .value = read->keys_only ? creg_slice_make("", 0) : put->value,
                       .version = {.present = true,
                                   .major = over->version.major,
                                   .minor = over->version.minor + 1}};
}

static bool is_asked_for(const creg_read *read, creg_slice key)
{
    if (!read->is_list)
        return creg_slice_equal(read->key, key);
    return key.size > read->key.size && key.data[read->key.size] == '/' &&
           creg_slice_has_prefix(key, read->key);
}

/* `asked` is the caller's read, `wide` the same without depth, page and limit, with results. */
static creg_status overlay(const journal *over, const creg_read *wide, creg_read *asked,
                           creg_arena *arena, creg_error *err)
{
    creg_pair *items =
        creg_arena_calloc(arena, wide->ret_pairs.size + over->count, sizeof *items);
    char *prefix = creg_arena_alloc(arena, asked->key.size + 1);
    if (items == NULL || prefix == NULL)
        return creg_fail_arena(err, arena);
    size_t size = 0;
    for (size_t i = 0; i < wide->ret_pairs.size; i++)
        if (!is_overlaid(over, wide->ret_pairs.items[i].key))
            items[size++] = wide->ret_pairs.items[i];
    for (size_t i = 0; i < over->count; i++)
        if (over->operations[i].kind == CREG_OPERATION_PUT &&
            is_asked_for(asked, over->operations[i].key))
            items[size++] = pair_of(over, &over->operations[i], asked);
    if (!asked->is_list) {
        asked->ret_pairs = (creg_pairs){items, size};
        return CREG_OK;
    }
    creg_read cut = *asked;
    memcpy(prefix, asked->key.data, asked->key.size);
    prefix[asked->key.size] = '/';
    cut.key = creg_slice_make(prefix, asked->key.size + 1);
    creg_status status = creg_pairs_cut(items, size, &cut, arena, err);
    asked->ret_pairs = cut.ret_pairs;
    asked->ret_more = cut.ret_more;
    return status;
}

static creg_status read_over(creg_registry *registry, creg_read *reads, size_t count,
                             creg_arena *arena, bool *ret_done, creg_error *err)
{
    creg_read *wide = creg_arena_calloc(arena, count, sizeof *wide);
    if (wide == NULL)
        return creg_fail_arena(err, arena);
    for (size_t i = 0; i < count; i++)
        wide[i] = (creg_read){
            .is_list = reads[i].is_list, .key = reads[i].key, .keys_only = reads[i].keys_only};
    creg_status status = creg_store_read(registry->store, wide, count, arena, NULL, err);
    *ret_done = status != CREG_OK || wide[1].ret_pairs.size != 0;
    if (status != CREG_OK || !*ret_done)
        return status;
    const creg_pair *intent = &wide[1].ret_pairs.items[0];
    journal over = {.version = intent->version};
    status = parse(intent->key, intent->value, arena, &over, err);
    for (size_t i = 0; status == CREG_OK && i < count; i++)
        status = overlay(&over, &wide[i], &reads[i], arena, err);
    if (over.intent.is_change)
        reads[1].ret_pairs.size = 0;
    return status;
}

creg_status creg_journal_read(creg_registry *registry, creg_read *reads, size_t count,
                              creg_arena *arena, creg_error *err)
{
    for (;;) {
        creg_status status = creg_store_read(registry->store, reads, count, arena, NULL, err);
        if (status != CREG_OK || !creg_journal_is_used(registry) ||
            reads[1].ret_pairs.size == 0 || CREG_BUG(CREG_BUG_NO_OVERLAY))
            return status;
        bool is_done = true; /* without memory nothing is to be asked again */
        status = read_over(registry, reads, count, arena, &is_done, err);
        if (is_done)
            return status;
        /* The journal went between the two reads: what it said is in the store by now. */
    }
}
