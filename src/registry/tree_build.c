/* SPDX-License-Identifier: MIT */
/*
 * Flat pairs to a tree of values, and what else is done with sorted pairs.
 *
 * A sorted list of keys is a tree already: what lies below one segment stands together. So a
 * node is a range of pairs and the number of bytes that its keys share; a worklist of nodes
 * replaces recursion, because the depth of a foreign tree is not ours to choose.
 */
#include "registry/tree.h"

#include <assert.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/fail.h"
#include "base/sort.h"
#include "base/utf8.h"

/* The pairs [first, last) are one node; their keys go on at `offset`. */
typedef struct node {
    size_t first;
    size_t last;
    size_t offset;
    creg_map *map; /* to be filled */
    struct node *next;
} node;

/* What becomes one entry of a map or one item of a list. */
typedef struct child {
    creg_slice segment;
    creg_slice name; /* decoded */
    size_t first;
    size_t last;
    bool is_deep;
} child;

/* A buffer of children, used again for each node; `spare` is the sort's. */
typedef struct children {
    child *items;
    child *spare;
    size_t count;
    size_t room;
} children;

typedef struct builder {
    const creg_pair *pairs;
    creg_arena *arena;
    creg_arena scratch;
    node *work;
    children members; /* of the map in work */
    children items;   /* of a list in it */
    creg_error *err;
} builder;

static creg_slice rest_of(const builder *build, size_t pair, size_t offset)
{
    creg_slice key = build->pairs[pair].key;
    return creg_slice_make(key.data + offset, key.size - offset);
}

/* ---- names ----------------------------------------------------------------------------- */

/* A segment that we did not write is shown as it is stored; bytes that are no text, escaped. */
static creg_slice raw_name(builder *build, creg_slice segment)
{
    return creg_utf8_valid(segment) ? segment : creg_key_encode(segment, build->arena);
}

static bool name_child(builder *build, child *fresh)
{
    creg_slice segment = fresh->segment;
    bool is_plain = memchr(segment.data, '=', segment.size) == NULL;
    bool is_ours =
        !is_plain && creg_key_decode(segment, build->arena, &fresh->name, NULL) == CREG_OK;
    if (!is_ours || !creg_utf8_valid(fresh->name))
        fresh->name = raw_name(build, segment);
    return fresh->name.data != NULL;
}

static int by_name(const void *left, const void *right)
{
    const child *one = left;
    const child *two = right;
    int order = creg_name_compare(one->name, two->name);
    return order != 0 ? order : (int)one->is_deep - (int)two->is_deep;
}

/* ---- children -------------------------------------------------------------------------- */

static child *add_child(builder *build, children *set)
{
    if (set->count == set->room) {
        size_t room = set->room == 0 ? 64 : set->room * 2;
        child *grown = creg_arena_grow(&build->scratch, set->items, set->room * sizeof *grown,
                                       room * sizeof *grown);
        set->spare = creg_arena_alloc(&build->scratch, room * sizeof *grown);
        if (grown == NULL || set->spare == NULL)
            return NULL;
        set->items = grown;
        set->room = room;
    }
    return &set->items[set->count++];
}

static bool has_prefix(creg_slice text, creg_slice prefix)
{
    return text.size >= prefix.size && memcmp(text.data, prefix.data, prefix.size) == 0;
}

/* The end of the run of pairs whose keys go on with `prefix` ("segment/"). */
static size_t end_of_run(const builder *build, const node *work, size_t first,
                         creg_slice prefix)
{
    size_t last = first + 1;
    while (last < work->last && has_prefix(rest_of(build, last, work->offset), prefix))
        last++;
    return last;
}

static bool list_children(builder *build, const node *work, children *set)
{
    set->count = 0;
    for (size_t i = work->first; i < work->last;) {
        creg_slice rest = rest_of(build, i, work->offset);
        if (rest.size == 0) {
            i++; /* "key/", cut by the listing: the node is there, what is in it is not */
            continue;
        }
        const char *slash = memchr(rest.data, '/', rest.size);
        size_t size = slash == NULL ? rest.size : (size_t)(slash - rest.data);
        creg_slice prefix = creg_slice_make(rest.data, size + 1);
        size_t last = slash == NULL ? i + 1 : end_of_run(build, work, i, prefix);
        child *fresh = add_child(build, set);
        if (fresh == NULL)
            return false;
        *fresh = (child){.segment = creg_slice_make(rest.data, size),
                         .first = i,
                         .last = last,
                         .is_deep = slash != NULL};
        if (!name_child(build, fresh))
            return false;
        i = last;
    }
    if (set->count > 1)
        creg_sort(set->items, set->count, sizeof(child), by_name, set->spare);
    return true;
}

/* ---- values ---------------------------------------------------------------------------- */

static creg_value text_value(creg_slice text)
{
    creg_value value = creg_value_string(text);
    if (!creg_utf8_valid(text))
        value.kind = CREG_KIND_BYTES;
    return value;
}

/* The one rule of tree.h: all children are leaves with empty values. */
static bool is_list(const builder *build, const node *work)
{
    for (size_t i = work->first; i < work->last; i++) {
        creg_slice rest = rest_of(build, i, work->offset);
        if (build->pairs[i].value.size > 0 || rest.size == 0 ||
            memchr(rest.data, '/', rest.size) != NULL)
            return false;
    }
    return true;
}

/* Items are leaves, so the list is complete at once. */
static bool build_list(builder *build, const node *work, creg_value *ret_value)
{
    creg_list *list = creg_list_new(build->arena, work->last - work->first);
    bool ok = list != NULL && list_children(build, work, &build->items);
    for (size_t i = 0; ok && i < build->items.count; i++)
        ok =
            creg_list_append(build->arena, list, creg_value_string(build->items.items[i].name));
    *ret_value = creg_value_list(list);
    return ok;
}

static bool build_map(builder *build, const node *wanted, creg_value *ret_value)
{
    node *work = creg_arena_new(&build->scratch, node);
    creg_map *map = creg_map_new(build->arena, 0);
    if (work == NULL || map == NULL)
        return false;
    *work = *wanted;
    work->map = map;
    work->next = build->work;
    build->work = work;
    *ret_value = creg_value_map(map);
    return true;
}

static bool build_child(builder *build, const node *work, const child *one, bool is_map,
                        creg_value *ret_value)
{
    if (!one->is_deep) {
        *ret_value = text_value(build->pairs[one->first].value);
        return true;
    }
    node below = {
        .first = one->first, .last = one->last, .offset = work->offset + one->segment.size + 1};
    if (!is_map && is_list(build, &below))
        return build_list(build, &below, ret_value);
    return build_map(build, &below, ret_value);
}

/* A key with a value *and* children: the value goes into the map, under the empty name. */
static bool add_own_value(builder *build, const node *work, const child *leaf,
                          const child *deep)
{
    creg_value value;
    if (!build_child(build, work, deep, true, &value))
        return false;
    creg_value own = text_value(build->pairs[leaf->first].value);
    return creg_map_set(build->arena, value.as.map, creg_value_cstring(""), own) &&
           creg_map_set(build->arena, work->map, creg_value_string(leaf->name), value);
}

static bool add_entry(builder *build, const node *work, child *one)
{
    if (creg_map_get_text(work->map, one->name) != NULL)
        one->name = raw_name(build, one->segment);
    creg_value value;
    return one->name.data != NULL && build_child(build, work, one, false, &value) &&
           creg_map_set(build->arena, work->map, creg_value_string(one->name), value);
}

static bool fill_map(builder *build, const node *work)
{
    children *set = &build->members;
    if (!list_children(build, work, set))
        return false;
    for (size_t i = 0; i < set->count; i++) {
        assert(set->items != NULL);
        child *one = &set->items[i];
        const child *two = i + 1 < set->count ? one + 1 : NULL;
        bool is_both = two != NULL && !one->is_deep && two->is_deep &&
                       creg_slice_equal(one->segment, two->segment);
        bool ok = is_both ? add_own_value(build, work, one, two) : add_entry(build, work, one);
        if (!ok)
            return false;
        i += is_both ? 1 : 0;
    }
    return true;
}

static creg_status fail_arenas(const builder *build)
{
    bool result_is_full = build->arena->failed != CREG_OK;
    return creg_fail_arena(build->err, result_is_full ? build->arena : &build->scratch);
}

creg_status creg_tree_build(const creg_pairs *pairs, creg_slice prefix, creg_arena *arena,
                            creg_value *ret_tree, creg_error *err)
{
    builder build = {.pairs = pairs->items, .arena = arena, .err = err};
    creg_arena_init(&build.scratch, arena->budget);
    node root = {
        .first = 0, .last = pairs->size, .offset = prefix.size == 0 ? 0 : prefix.size + 1};
    creg_value tree;
    bool ok = build_map(&build, &root, &tree);
    while (ok && build.work != NULL) {
        node *work = build.work;
        build.work = work->next;
        ok = fill_map(&build, work);
    }
    creg_status status = ok ? CREG_OK : fail_arenas(&build);
    creg_arena_clear(&build.scratch);
    if (status == CREG_OK)
        *ret_tree = tree;
    return status;
}

/* ---- the digest of sorted pairs --------------------------------------------------------- */

static void add_pair(creg_digest *digest, const creg_pair *pair, size_t strip)
{
    unsigned char length[9] = {0}; /* the NUL behind the key, then eight bytes */
    for (size_t i = 0; i < 8; i++)
        length[i + 1] = (unsigned char)((uint64_t)pair->value.size >> (8 * i) & 0xFF);
    if (pair->key.size > strip)
        creg_digest_add(digest, pair->key.data + strip, pair->key.size - strip);
    creg_digest_add(digest, length, sizeof length);
    creg_digest_add(digest, pair->value.data, pair->value.size);
}

void creg_tree_digest(const creg_pairs *pairs, size_t strip,
                      char ret_digest[CREG_TREE_DIGEST_SIZE])
{
    creg_digest digest;
    creg_digest_begin(&digest);
    for (size_t i = 0; i < pairs->size; i++)
        add_pair(&digest, &pairs->items[i], strip);
    creg_digest_finish(&digest, ret_digest);
}
