/* SPDX-License-Identifier: MIT */
/*
 * Reading from Consul: one key, one list, or several of them at one moment, which takes a
 * transaction of gets. Names of one level beside other reads are no such operation: they are
 * asked for between two equal answers of the others.
 */
#include "base/arena.h"
#include "base/fail.h"
#include "base/limits.h"
#include "store/drivers/consul.h"

enum { SNAPSHOT_TRIES = 8 };

creg_status creg_consul_get(creg_driver_state *state, creg_slice key, creg_arena *arena,
                            creg_slice *ret_value, creg_version *ret_version, creg_error *err)
{
    creg_http_answer answer;
    creg_status status = creg_consul_get_kv(state, key, "", arena, &answer, err);
    if (status != CREG_OK)
        return status;
    if (answer.status == 404)
        return CREG_NOT_FOUND;
    creg_consul_entries entries;
    status = creg_consul_parse_entries(answer.body, false, arena, &entries, err);
    if (status != CREG_OK)
        return status;
    if (entries.size != 1 || !creg_slice_equal(entries.items[0].pair.key, key))
        return creg_consul_fail_stranger(false, err);
    *ret_value = entries.items[0].pair.value;
    *ret_version = entries.items[0].pair.version;
    return CREG_OK;
}

static creg_status take_entries(const creg_consul_entry *entries, size_t size, creg_read *read,
                                creg_arena *arena, creg_error *err)
{
    creg_pair *items = creg_arena_calloc(arena, size, sizeof *items);
    if (items == NULL)
        return creg_fail_arena(err, arena);
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        /* Recursing from "a/" also gives a key "a/" that somebody made by hand. */
        bool is_prefix_itself = creg_slice_equal(entries[i].pair.key, read->key);
        if (!read->is_list || !is_prefix_itself)
            items[count++] = entries[i].pair;
    }
    if (read->is_list)
        return creg_pairs_cut(items, count, read, arena, err);
    read->ret_pairs = (creg_pairs){items, count};
    return CREG_OK;
}

/* How many entries from `at` on belong to the tree: below it, in rising order. */
static size_t run_of_tree(const creg_consul_entries *entries, size_t at, creg_slice tree)
{
    size_t end = at;
    while (end < entries->size && creg_slice_has_prefix(entries->items[end].pair.key, tree) &&
           (end == at || creg_slice_compare(entries->items[end - 1].pair.key,
                                            entries->items[end].pair.key) < 0))
        end++;
    return end - at;
}

/* Nothing but what was asked for, and each key once. */
static bool is_of_read(const creg_consul_entries *entries, const creg_read *read)
{
    if (read->is_list)
        return run_of_tree(entries, 0, read->key) == entries->size;
    return entries->size == 0 ||
           (entries->size == 1 && creg_slice_equal(entries->items[0].pair.key, read->key));
}

/* Consul tells the names one level down by themselves, without what lies below them. */
static bool is_list_of_names(const creg_read *read)
{
    return read->is_list && read->keys_only && read->names_only && read->depth == 1;
}

static creg_status read_one(creg_driver_state *state, creg_read *read, creg_arena *arena,
                            uint64_t *ret_revision, creg_error *err)
{
    creg_http_answer answer;
    bool is_names = is_list_of_names(read);
    const char *query = is_names ? "keys&separator=/" : read->is_list ? "recurse" : "";
    creg_status status = creg_consul_get_kv(state, read->key, query, arena, &answer, err);
    if (status != CREG_OK)
        return status;
    *ret_revision = answer.consul_index;
    creg_consul_entries entries = {NULL, 0};
    if (answer.status == 200)
        status = is_names ? creg_consul_parse_names(answer.body, arena, &entries, err)
                          : creg_consul_parse_entries(answer.body, false, arena, &entries, err);
    if (status == CREG_OK && !is_of_read(&entries, read))
        status = creg_consul_fail_stranger(false, err);
    if (status == CREG_OK && entries.size == 0 && read->is_list && state->is_doubtful)
        status = creg_consul_check_access(state, read->key, arena, err);
    return status == CREG_OK ? take_entries(entries.items, entries.size, read, arena, err)
                             : status;
}

/*
 * Reads as a transaction: single keys first, so that what follows them in the answer belongs
 * to trees. A "get" of a missing key fails the whole; then that key is asserted to be missing
 * instead, and the rest is asked again.
 */
static creg_status ask_snapshot(creg_driver_state *state, const creg_read *reads, size_t count,
                                const bool *is_missing, creg_arena *arena,
                                creg_http_answer *ret_answer, creg_error *err)
{
    creg_text body;
    creg_text_init(&body, arena, 4 * CREG_CONSUL_BODY_MAX);
    creg_text_byte(&body, '[');
    bool is_first = true;
    for (int lists = 0; lists <= 1; lists++)
        for (size_t i = 0; i < count; i++) {
            if (reads[i].is_list != (lists == 1))
                continue;
            const char *verb = lists == 1      ? "get-tree"
                               : is_missing[i] ? "check-not-exists"
                                               : "get";
            creg_consul_verb read = {.verb = verb, .key = reads[i].key};
            creg_consul_write_verb(&body, &read, &is_first);
        }
    creg_text_byte(&body, ']');
    creg_slice text;
    creg_status status = creg_text_finish(&body, &text, err);
    return status == CREG_OK
               ? creg_consul_send_transaction(state, text, false, arena, ret_answer, err)
               : status;
}

/* Which read the refused operation `index` was: single keys stand first. */
static size_t read_of_operation(const creg_read *reads, size_t count, size_t index)
{
    for (size_t i = 0; i < count; i++)
        if (!reads[i].is_list && index-- == 0)
            return i;
    return SIZE_MAX;
}

static creg_status take_snapshot(creg_driver_state *state, const creg_consul_entries *entries,
                                 creg_read *reads, size_t count, const bool *is_missing,
                                 creg_arena *arena, creg_error *err)
{
    size_t at = 0;
    for (int lists = 0; lists <= 1; lists++)
        for (size_t i = 0; i < count; i++) {
            if (reads[i].is_list != (lists == 1))
                continue;
            size_t size = 0;
            if (lists == 1)
                size = run_of_tree(entries, at, reads[i].key);
            else if (!is_missing[i] && at < entries->size)
                size = 1;
            /* What is denied is left out of an answer, too. */
            bool is_left_out =
                lists == 0 && !is_missing[i] &&
                (size == 0 || !creg_slice_equal(entries->items[at].pair.key, reads[i].key));
            if (is_left_out)
                return creg_fail(err, CREG_PERMISSION, "consul denied the request");
            creg_status status = CREG_OK;
            if (lists == 1 && size == 0 && state->is_doubtful)
                status = creg_consul_check_access(state, reads[i].key, arena, err);
            if (status == CREG_OK)
                status = take_entries(entries->items + at, size, &reads[i], arena, err);
            if (status != CREG_OK)
                return status;
            at += size;
        }
    return at == entries->size ? CREG_OK : creg_consul_fail_stranger(false, err);
}

/* Transactions name no index: the newest entry's is at most too old, which wakes a wait early. */
static uint64_t newest_index(const creg_consul_entries *entries)
{
    uint64_t newest = 1;
    for (size_t i = 0; i < entries->size; i++)
        if (entries->items[i].pair.version.major > newest)
            newest = entries->items[i].pair.version.major;
    return newest;
}

static creg_status read_snapshot(creg_driver_state *state, creg_read *reads, size_t count,
                                 creg_arena *arena, uint64_t *ret_revision, creg_error *err)
{
    bool *is_missing = creg_arena_calloc(arena, count, sizeof *is_missing);
    if (is_missing == NULL)
        return creg_fail_arena(err, arena);
    for (size_t i = 0; i < count; i++)
        is_missing[i] = !reads[i].is_list && reads[i].is_unlikely;
    for (size_t round = 0; round < count + SNAPSHOT_TRIES; round++) {
        creg_http_answer answer;
        creg_status status = ask_snapshot(state, reads, count, is_missing, arena, &answer, err);
        if (status != CREG_OK)
            return status;
        if (answer.status == 409) {
            size_t index;
            creg_slice reason;
            status = creg_consul_parse_refusal(answer.body, arena, &index, &reason, err);
            if (status != CREG_OK)
                return status;
            if (creg_consul_is_denial(reason))
                return creg_fail(err, CREG_PERMISSION, "consul denied the request");
            size_t refused = read_of_operation(reads, count, index);
            if (refused == SIZE_MAX)
                return creg_consul_fail_answer(&answer, false, err);
            is_missing[refused] = !is_missing[refused];
            continue;
        }
        if (answer.status != 200)
            return creg_consul_fail_answer(&answer, false, err);
        creg_consul_entries entries;
        status = creg_consul_parse_entries(answer.body, true, arena, &entries, err);
        if (status == CREG_OK)
            status = take_snapshot(state, &entries, reads, count, is_missing, arena, err);
        *ret_revision = newest_index(&entries);
        return status;
    }
    return creg_fail(err, CREG_CONFLICT, "keys came and went while they were read");
}

static creg_status read_keys(creg_driver_state *state, creg_read *reads, size_t count,
                             creg_arena *arena, uint64_t *ret_revision, creg_error *err)
{
    return count == 1 ? read_one(state, reads, arena, ret_revision, err)
                      : read_snapshot(state, reads, count, arena, ret_revision, err);
}

/* Where the one list of names stands among single keys; SIZE_MAX: it is another case. */
static size_t find_names(const creg_read *reads, size_t count)
{
    size_t found = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        if (!reads[i].is_list)
            continue;
        if (found != SIZE_MAX || !is_list_of_names(&reads[i]))
            return SIZE_MAX;
        found = i;
    }
    return found;
}

static bool are_same(const creg_read *before, const creg_read *now, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const creg_pairs *old = &before[i].ret_pairs;
        const creg_pairs *new = &now[i].ret_pairs;
        bool is_same =
            old->size == new->size &&
            (old->size == 0 || old->items[0].version.major == new->items[0].version.major);
        if (!is_same)
            return false;
    }
    return true;
}

/*
 * Names cannot be part of a transaction. The keys that are wanted with them are read before and
 * after: when nothing of them has changed, all of it was true when the names were read.
 */
static creg_status read_beside_names(creg_driver_state *state, creg_read *reads, size_t count,
                                     size_t names, creg_arena *arena, uint64_t *ret_revision,
                                     creg_error *err)
{
    creg_read *before = creg_arena_calloc(arena, 2 * count, sizeof *before);
    if (before == NULL)
        return creg_fail_arena(err, arena);
    creg_read *after = before + count;
    size_t keys = count - 1;
    for (size_t i = 0; i < keys; i++)
        before[i] = after[i] = reads[i < names ? i : i + 1];
    uint64_t revision;
    creg_status status = read_keys(state, before, keys, arena, &revision, err);
    for (unsigned round = 0; status == CREG_OK && round < SNAPSHOT_TRIES; round++) {
        status = read_one(state, &reads[names], arena, ret_revision, err);
        if (status == CREG_OK)
            status = read_keys(state, after, keys, arena, &revision, err);
        if (status == CREG_OK && are_same(before, after, keys)) {
            for (size_t i = 0; i < keys; i++)
                reads[i < names ? i : i + 1] = after[i];
            return CREG_OK;
        }
        memcpy(before, after, keys * sizeof *before);
    }
    return status == CREG_OK
               ? creg_fail(err, CREG_CONFLICT, "keys came and went while they were read")
               : status;
}

creg_status creg_consul_read(creg_driver_state *state, creg_read *reads, size_t count,
                             creg_arena *arena, uint64_t *ret_revision, creg_error *err)
{
    size_t names = count > 1 ? find_names(reads, count) : SIZE_MAX;
    if (names != SIZE_MAX)
        return read_beside_names(state, reads, count, names, arena, ret_revision, err);
    if (count > 0)
        return read_keys(state, reads, count, arena, ret_revision, err);
    /* Only the revision: that of the whole table. */
    creg_http_answer answer;
    creg_status status = creg_consul_get_kv(state, creg_slice_make("", 0), "keys&separator=/",
                                            arena, &answer, err);
    if (status == CREG_OK)
        *ret_revision = answer.consul_index;
    return status;
}
