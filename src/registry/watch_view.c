/* SPDX-License-Identifier: MIT */
/*
 * The three things that can be watched, each as a set of pairs.
 *
 * An instance is looked at together with its commit record, in one moment, so a watch sees
 * what readers see: never a part of one. Instances themselves are watched by their records
 * alone: a commit writes one, a removal takes one away, and nothing else does.
 */
#include "registry/watch_view.h"

#include "base/fail.h"
#include "base/text.h"
#include "registry/journal.h"
#include "store/pairs.h"

enum { FILTER_NAMES = 3 };

/* ---- making -------------------------------------------------------------------------------- */

/* "USER/NAME/VERSION", of which the last ones may be missing. */
static creg_status make_filter(creg_slice target, creg_arena *arena, creg_filter *ret_filter,
                               creg_error *err)
{
    creg_slice names[FILTER_NAMES + 1] = {{NULL, 0}};
    for (size_t i = 0; i <= FILTER_NAMES && target.size > 0; i++) {
        names[i] = creg_dn_segment(target, i);
        creg_slice text;
        if (names[i].size == 0)
            break;
        creg_status status = creg_key_decode(names[i], arena, &text, err);
        if (status != CREG_OK)
            return status;
    }
    size_t size = names[0].size;
    for (size_t i = 1; i < FILTER_NAMES; i++)
        size += names[i].size == 0 ? 0 : names[i].size + 1;
    if (size != target.size)
        return creg_fail(err, CREG_INVALID_NAME,
                         "'%.*s' is not USER, USER/NAME or USER/NAME/VERSION",
                         CREG_SHOW(target));
    *ret_filter = (creg_filter){.user = names[0], .name = names[1], .version = names[2]};
    return CREG_OK;
}

creg_status creg_watch_view_make(creg_registry *registry, creg_slice target,
                                 creg_watch_scope scope, creg_arena *arena,
                                 creg_watch_view *ret_view, creg_error *err)
{
    if (target.size > 0 && target.data[target.size - 1] == '/')
        target.size--;
    *ret_view = (creg_watch_view){
        .registry = registry, .scope = scope, .target = creg_arena_copy(arena, target)};
    if (ret_view->target.data == NULL)
        return creg_fail_arena(err, arena);
    switch (scope) {
    case CREG_WATCH_DN:
        return creg_registry_dn(registry, ret_view->target, creg_slice_make(NULL, 0),
                                &ret_view->dn, err);
    case CREG_WATCH_INSTANCES:
        return make_filter(ret_view->target, arena, &ret_view->filter, err);
    case CREG_WATCH_KEYS:
        return CREG_OK; /* the store checks the key when it is read */
    }
    return creg_fail(err, CREG_USAGE, "%d is no scope of a watch", (int)scope);
}

creg_status creg_watch_view_name(const creg_watch_view *view, creg_arena *arena,
                                 creg_slice *ret_name, creg_error *err)
{
    creg_text text;
    creg_text_init(&text, arena, 2 * CREG_LIMIT_KEY);
    creg_text_format(&text, "%d ", (int)view->scope);
    /* A DN has two spellings, with and without the root's name: take the whole key. */
    creg_text_slice(&text,
                    view->scope == CREG_WATCH_DN ? creg_dn_key(&view->dn) : view->target);
    return creg_text_finish(&text, ret_name, err);
}

/* ---- looking --------------------------------------------------------------------------------- */

/* The pair at a key and those below it as one sorted list, without the first `skip` bytes. */
static creg_status join(const creg_read *own, const creg_read *below, size_t skip,
                        creg_arena *arena, creg_pairs *ret_pairs, creg_error *err)
{
    size_t count = own->ret_pairs.size + below->ret_pairs.size;
    creg_pair *items = creg_arena_calloc(arena, count, sizeof *items);
    if (items == NULL)
        return creg_fail_arena(err, arena);
    if (own->ret_pairs.size > 0)
        items[0] = own->ret_pairs.items[0];
    for (size_t i = own->ret_pairs.size; i < count; i++)
        items[i] = below->ret_pairs.items[i - own->ret_pairs.size];
    for (size_t i = 0; i < count; i++) {
        creg_slice key = items[i].key;
        size_t cut = key.size < skip ? key.size : skip;
        items[i].key = creg_slice_make(key.data + cut, key.size - cut);
    }
    *ret_pairs = (creg_pairs){items, count};
    return CREG_OK;
}

static creg_status read_dn(const creg_watch_view *view, creg_arena *arena,
                           creg_pairs *ret_pairs, bool *ret_is_there, creg_error *err)
{
    enum { OWN = CREG_SIGHT_READS, BELOW, READS };
    creg_sight sight;
    creg_read reads[READS];
    creg_slice key = creg_dn_key(&view->dn);
    creg_sight_reads(&view->dn, &sight, reads);
    reads[OWN] = (creg_read){.key = key};
    reads[BELOW] = (creg_read){.is_list = true, .key = key};
    creg_status status = creg_journal_read(view->registry, reads, READS, arena, err);
    if (status != CREG_OK)
        return status;
    *ret_is_there = creg_sight_is_clear(view->registry, &view->dn, reads);
    /* Without a record (visibility=all) an instance is there while something of it is. */
    if (reads[0].ret_pairs.size == 0 && view->dn.kind == CREG_DN_INSTANCE &&
        reads[OWN].ret_pairs.size + reads[BELOW].ret_pairs.size == 0)
        *ret_is_there = false;
    *ret_pairs = (creg_pairs){NULL, 0};
    return *ret_is_there ? join(&reads[OWN], &reads[BELOW], key.size + 1, arena, ret_pairs, err)
                         : CREG_OK;
}

static creg_status read_keys(const creg_watch_view *view, creg_arena *arena,
                             creg_pairs *ret_pairs, creg_error *err)
{
    creg_read reads[2] = {{.is_list = true, .key = view->target}, {.key = view->target}};
    size_t count = view->target.size == 0 ? 1 : 2;
    creg_status status = creg_store_read(view->registry->store, reads, count, arena, NULL, err);
    return status == CREG_OK ? join(&reads[1], &reads[0], 0, arena, ret_pairs, err) : status;
}

static creg_status read_instances(const creg_watch_view *view, creg_arena *arena,
                                  creg_pairs *ret_pairs, creg_error *err)
{
    creg_status status =
        creg_query_records(view->registry, &view->filter, true, arena, ret_pairs, err);
    for (size_t i = 0; status == CREG_OK && i < ret_pairs->size; i++) {
        creg_pair *pair = &ret_pairs->items[i];
        creg_dn dn;
        status = creg_dn_of_books(&view->registry->layout, creg_book_name(pair->key), &dn, err);
        if (status != CREG_OK)
            return status;
        pair->key = creg_arena_copy(arena, creg_dn_instance(&dn));
        pair->value = creg_slice_make("", 0);
        if (pair->key.data == NULL)
            return creg_fail_arena(err, arena);
    }
    /* "a,b" and "a/b" stand in different places among "a-b". */
    if (status == CREG_OK)
        creg_pairs_sort(ret_pairs->items, ret_pairs->size);
    return status;
}

creg_status creg_watch_view_read(const creg_watch_view *view, creg_arena *arena,
                                 creg_pairs *ret_pairs, bool *ret_is_there, creg_error *err)
{
    *ret_is_there = true;
    switch (view->scope) {
    case CREG_WATCH_DN:
        return read_dn(view, arena, ret_pairs, ret_is_there, err);
    case CREG_WATCH_INSTANCES:
        return read_instances(view, arena, ret_pairs, err);
    case CREG_WATCH_KEYS:
        break;
    }
    return read_keys(view, arena, ret_pairs, err);
}

creg_slice creg_watch_view_prefix(const creg_watch_view *view, const creg_pairs *pairs)
{
    switch (view->scope) {
    case CREG_WATCH_DN:
        return creg_dn_instance(&view->dn);
    case CREG_WATCH_INSTANCES:
        return creg_book_folder(CREG_BOOK_COMMIT);
    case CREG_WATCH_KEYS:
        break;
    }
    /* A prefix does not cover the key at it. While that key is there, or nothing is, so that
     * it may be the one to come, wait one level higher. */
    bool is_folder =
        pairs == NULL || (pairs->size > 0 && pairs->items[0].key.size > view->target.size);
    return is_folder ? view->target : creg_dn_parent(view->target);
}
