/* SPDX-License-Identifier: MIT */
/*
 * What a transaction has to know of the tree before it can be written as a multi: which of its
 * paths and of their parents exist, what the keys that it checks or deletes hold, and all that
 * lies below the trees that it deletes or wants empty.
 *
 * A transaction may name thousands of paths, so they are asked for level by level from the top
 * down (below what does not exist nothing has to be asked), the many keys of one directory by
 * one list of its children, and the few of a small transaction all in one round trip.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "store/drivers/zookeeper_facts.h"

enum { LIST_FROM = 4, ASK_AT_ONCE = 40 };

static creg_zookeeper_fact **slot_of(const creg_zookeeper_facts *facts, const char *path,
                                     size_t size)
{
    size_t mask = facts->slots - 1;
    size_t slot = (size_t)creg_hash_bytes(path, size) & mask;
    while (facts->table[slot] != NULL && (facts->table[slot]->path_size != size ||
                                          memcmp(facts->table[slot]->path, path, size) != 0))
        slot = (slot + 1) & mask;
    return &facts->table[slot];
}

static bool grow_table(creg_zookeeper_facts *facts)
{
    facts->slots = facts->slots == 0 ? 256 : facts->slots * 2;
    facts->table = creg_arena_calloc(facts->arena, facts->slots, sizeof *facts->table);
    for (size_t i = 0; facts->table != NULL && i < facts->size; i++)
        *slot_of(facts, facts->items[i]->path, facts->items[i]->path_size) = facts->items[i];
    return facts->table != NULL;
}

static bool make_room_for_fact(creg_zookeeper_facts *facts)
{
    if (facts->size * 2 >= facts->slots && !grow_table(facts))
        return false;
    if (facts->size < facts->capacity)
        return true;
    size_t wanted = facts->capacity == 0 ? 128 : facts->capacity * 2;
    creg_zookeeper_fact **grown = creg_arena_grow(
        facts->arena, facts->items, facts->capacity * sizeof *grown, wanted * sizeof *grown);
    if (grown == NULL)
        return false;
    facts->items = grown;
    facts->capacity = wanted;
    return true;
}

/* The fact about a path, made when there is none yet; NULL when out of memory. */
static creg_zookeeper_fact *fact_of(creg_zookeeper_facts *facts, const char *path, size_t size)
{
    if (!make_room_for_fact(facts))
        return NULL;
    creg_zookeeper_fact **slot = slot_of(facts, path, size);
    if (*slot != NULL)
        return *slot;
    creg_zookeeper_fact *fresh = creg_arena_calloc(facts->arena, 1, sizeof *fresh);
    creg_slice kept = creg_arena_copy(facts->arena, creg_slice_make(path, size));
    if (fresh == NULL || kept.data == NULL)
        return NULL;
    fresh->path = kept.data;
    fresh->path_size = size;
    fresh->node.path = kept.data;
    fresh->node.batch = facts->batch;
    facts->items[facts->size++] = fresh;
    *slot = fresh;
    return fresh;
}

static size_t parent_size(const char *path, size_t size)
{
    while (size > 1 && path[size - 1] != '/')
        size--;
    return size > 1 ? size - 1 : 1; /* "/" is its own parent */
}

creg_zookeeper_fact *creg_zookeeper_fact_parent(creg_zookeeper_facts *facts,
                                                const creg_zookeeper_fact *child)
{
    return *slot_of(facts, child->path, parent_size(child->path, child->path_size));
}

creg_zookeeper_fact *creg_zookeeper_fact_find(creg_zookeeper_facts *facts, creg_slice key)
{
    const char *path = creg_zookeeper_path(key, facts->arena);
    return path == NULL ? NULL : *slot_of(facts, path, strlen(path));
}

/* A key and all its ancestors become known paths. */
static creg_zookeeper_fact *add_key(creg_zookeeper_facts *facts, creg_slice key)
{
    const char *path = creg_zookeeper_path(key, facts->arena);
    if (path == NULL)
        return NULL;
    size_t size = strlen(path);
    creg_zookeeper_fact *found = fact_of(facts, path, size);
    while (found != NULL && size > 1) {
        size = parent_size(path, size);
        creg_zookeeper_fact *parent = fact_of(facts, path, size);
        if (parent == NULL)
            return NULL;
        bool is_known = parent->is_directory;
        parent->is_directory = true;
        parent->keys_below++;
        if (is_known)
            break;
    }
    return found;
}

creg_status creg_zookeeper_facts_collect(creg_zookeeper_facts *facts, creg_error *err)
{
    const creg_transaction *transaction = facts->transaction;
    creg_zookeeper_fact *root = fact_of(facts, "/", 1);
    bool is_fine = root != NULL;
    if (is_fine) {
        root->exists = true;
        root->is_directory = true;
    }
    for (size_t i = 0; i < transaction->check_count && is_fine; i++)
        is_fine = add_key(facts, transaction->checks[i].key) != NULL;
    for (size_t i = 0; i < transaction->operation_count && is_fine; i++)
        is_fine = add_key(facts, transaction->operations[i].key) != NULL;
    return is_fine ? CREG_OK : creg_fail_arena(err, facts->arena);
}

static size_t depth_of(const creg_zookeeper_fact *about)
{
    size_t depth = 0;
    for (size_t i = 0; i < about->path_size && about->path_size > 1; i++)
        depth += about->path[i] == '/';
    return depth;
}

static creg_status wait_all(creg_zookeeper_facts *facts, creg_error *err)
{
    creg_zookeeper_batch_wait(facts->batch, 0);
    if (facts->batch->failed != ZOK)
        return creg_zookeeper_fail(facts->batch->failed, false, "/", err);
    return facts->batch->is_out_of_memory ? creg_fail_arena(err, facts->arena) : CREG_OK;
}

static bool is_unread(const creg_zookeeper_fact *about)
{
    return !about->is_known && !about->exists;
}

static bool is_listed(const creg_zookeeper_fact *directory)
{
    return directory->keys_below >= LIST_FROM && directory->node.child_count > 0;
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static bool has_child(const creg_zookeeper_fact *directory, const char *name)
{
    return bsearch(&name, directory->node.children, directory->node.child_count, sizeof name,
                   compare_names) != NULL;
}

static creg_status ask_nodes(creg_zookeeper_facts *facts, creg_zookeeper_node *const *nodes,
                             size_t count, creg_zookeeper_question question, creg_error *err)
{
    return count == 0 ? wait_all(facts, err)
                      : creg_zookeeper_ask_all(facts->handle, facts->batch, nodes, count,
                                               question, NULL, NULL, err);
}

/* Directories with many keys of interest are listed, the others' keys asked one by one. */
static creg_status ask_level(creg_zookeeper_facts *facts, creg_zookeeper_fact *const *level,
                             size_t size, creg_zookeeper_node **nodes, creg_error *err)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        creg_zookeeper_fact *parent = creg_zookeeper_fact_parent(facts, level[i]);
        if (!parent->exists || !is_unread(level[i]))
            continue;
        if (is_listed(parent))
            level[i]->exists = has_child(parent, strrchr(level[i]->path, '/') + 1);
        else
            nodes[count++] = &level[i]->node;
    }
    return ask_nodes(facts, nodes, count, CREG_ZOOKEEPER_STAT, err);
}

static creg_status list_level(creg_zookeeper_facts *facts, creg_zookeeper_fact *const *level,
                              size_t size, creg_zookeeper_node **nodes, creg_error *err)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++)
        if (level[i]->exists && level[i]->keys_below >= LIST_FROM)
            nodes[count++] = &level[i]->node;
    creg_status status = ask_nodes(facts, nodes, count, CREG_ZOOKEEPER_CHILDREN, err);
    for (size_t i = 0; i < size && status == CREG_OK; i++)
        if (level[i]->node.child_count > 1)
            qsort(level[i]->node.children, level[i]->node.child_count,
                  sizeof *level[i]->node.children, compare_names);
    return status;
}

static creg_status read_level(creg_zookeeper_facts *facts, creg_zookeeper_fact **level,
                              size_t size, creg_zookeeper_node **nodes, creg_error *err)
{
    creg_status status = ask_level(facts, level, size, nodes, err);
    if (status != CREG_OK)
        return status;
    for (size_t i = 0; i < size; i++)
        if (level[i]->node.data_code == ZOK && level[i]->node.stat.czxid != 0)
            level[i]->exists = true;
    return list_level(facts, level, size, nodes, err);
}

/* The answer about a path that was asked for by itself. */
static creg_status take_fact(creg_zookeeper_facts *facts, creg_zookeeper_fact *about,
                             creg_error *err)
{
    int code = about->node.data_code;
    about->exists = code == ZOK;
    about->is_known = true;
    if (code != ZOK && code != ZNONODE)
        return creg_zookeeper_fail(code, false, about->path, err);
    for (creg_zookeeper_fact *parent = about; about->exists && parent->path_size > 1;) {
        parent = creg_zookeeper_fact_parent(facts, parent);
        parent->exists = true;
    }
    return CREG_OK;
}

static creg_status read_together(creg_zookeeper_facts *facts, creg_zookeeper_fact *const *asked,
                                 size_t size, creg_error *err)
{
    creg_zookeeper_node **nodes = creg_arena_calloc(facts->arena, size, sizeof *nodes);
    if (nodes == NULL)
        return creg_fail_arena(err, facts->arena);
    for (size_t i = 0; i < size; i++)
        nodes[i] = &asked[i]->node;
    creg_status status = ask_nodes(facts, nodes, size, CREG_ZOOKEEPER_DATA, err);
    for (size_t i = 0; i < size && status == CREG_OK; i++)
        status = take_fact(facts, asked[i], err);
    return status;
}

/* Something has to be there already, so most of the rest will be. */
static bool expects_presence(const creg_transaction *transaction)
{
    for (size_t i = 0; i < transaction->check_count; i++)
        if (transaction->checks[i].kind == CREG_CHECK_PRESENT)
            return true;
    return false;
}

/* Only what the transaction names: the parents of what exists need not be asked for. */
static creg_status read_named(creg_zookeeper_facts *facts, creg_error *err)
{
    const creg_transaction *transaction = facts->transaction;
    size_t count = transaction->check_count + transaction->operation_count;
    if (count > ASK_AT_ONCE || !expects_presence(transaction))
        return CREG_OK;
    creg_zookeeper_fact *asked[ASK_AT_ONCE];
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_check = i < transaction->check_count;
        creg_zookeeper_fact *about = creg_zookeeper_fact_find(
            facts, is_check ? transaction->checks[i].key
                            : transaction->operations[i - transaction->check_count].key);
        if (about == NULL)
            return creg_fail_arena(err, facts->arena);
        if (!is_unread(about))
            continue;
        about->is_known = true; /* and not asked for again */
        asked[size++] = about;
    }
    return read_together(facts, asked, size, err);
}

/* Everything down to a depth in one round trip: a small transaction knows all after it. */
static creg_status read_top(creg_zookeeper_facts *facts, const size_t *depths, size_t most,
                            creg_error *err)
{
    creg_zookeeper_fact **asked = creg_arena_calloc(facts->arena, facts->size, sizeof *asked);
    if (asked == NULL)
        return creg_fail_arena(err, facts->arena);
    size_t size = 0;
    for (size_t i = 0; i < facts->size; i++)
        if (depths[i] > 0 && depths[i] <= most && is_unread(facts->items[i]))
            asked[size++] = facts->items[i];
    return read_together(facts, asked, size, err);
}

static size_t count_at(const creg_zookeeper_facts *facts, const size_t *depths, size_t depth)
{
    size_t count = 0;
    for (size_t i = 0; i < facts->size; i++)
        count += depths[i] == depth && is_unread(facts->items[i]);
    return count;
}

static size_t facts_at(const creg_zookeeper_facts *facts, const size_t *depths, size_t depth,
                       creg_zookeeper_fact **level)
{
    size_t size = 0;
    for (size_t i = 0; i < facts->size; i++)
        if (depths[i] == depth)
            level[size++] = facts->items[i];
    return size;
}

/*
 * From the top down: below what does not exist nothing has to be asked. The first levels hold
 * few znodes and are asked for together, which is all that a new instance needs.
 */
static creg_status read_existence(creg_zookeeper_facts *facts, creg_error *err)
{
    creg_zookeeper_fact **level = creg_arena_calloc(facts->arena, facts->size, sizeof *level);
    size_t *depths = creg_arena_calloc(facts->arena, facts->size, sizeof *depths);
    creg_zookeeper_node **nodes = creg_arena_calloc(facts->arena, facts->size, sizeof *nodes);
    if (level == NULL || depths == NULL || nodes == NULL)
        return creg_fail_arena(err, facts->arena);
    size_t deepest = 0;
    for (size_t i = 0; i < facts->size; i++) {
        depths[i] = depth_of(facts->items[i]);
        deepest = depths[i] > deepest ? depths[i] : deepest;
    }
    size_t top = 0;
    for (size_t asked = 0; top < deepest; top++) {
        asked += count_at(facts, depths, top + 1);
        if (asked > ASK_AT_ONCE)
            break;
    }
    creg_status status = read_top(facts, depths, top, err);
    if (status == CREG_OK && top < deepest)
        status = list_level(facts, level, facts_at(facts, depths, top, level), nodes, err);
    for (size_t depth = top + 1; depth <= deepest && status == CREG_OK; depth++)
        status = read_level(facts, level, facts_at(facts, depths, depth, level), nodes, err);
    return status;
}

/* Keys that are checked or deleted: their data and versions, and the names of what is below. */
static creg_status read_details(creg_zookeeper_facts *facts, creg_error *err)
{
    const creg_transaction *transaction = facts->transaction;
    size_t count = transaction->check_count + transaction->operation_count;
    creg_zookeeper_fact **asked = creg_arena_calloc(facts->arena, count, sizeof *asked);
    if (asked == NULL)
        return creg_fail_arena(err, facts->arena);
    for (size_t i = 0; i < count; i++) {
        bool is_check = i < transaction->check_count;
        const creg_operation *operation =
            is_check ? NULL : &transaction->operations[i - transaction->check_count];
        bool is_wanted = is_check || operation->kind == CREG_OPERATION_DELETE;
        if (is_wanted)
            asked[i] = creg_zookeeper_fact_find(facts, is_check ? transaction->checks[i].key
                                                                : operation->key);
        if (is_wanted && asked[i] == NULL)
            return creg_fail_arena(err, facts->arena);
    }
    for (size_t i = 0; i < count; i++) {
        if (asked[i] == NULL || !asked[i]->exists)
            continue;
        if (!asked[i]->is_known)
            creg_zookeeper_ask_data(facts->handle, &asked[i]->node, false, NULL, NULL);
        if (i >= transaction->check_count &&
            (!asked[i]->is_known || asked[i]->node.stat.numChildren > 0))
            creg_zookeeper_ask_children(facts->handle, &asked[i]->node, NULL, NULL);
        creg_zookeeper_batch_ease(facts->batch);
    }
    creg_status status = wait_all(facts, err);
    for (size_t i = 0; i < count && status == CREG_OK; i++)
        if (asked[i] != NULL && asked[i]->exists)
            status = creg_zookeeper_check_node(&asked[i]->node, err);
    return status;
}

static bool wants_tree(const creg_transaction *transaction, size_t index)
{
    if (index < transaction->check_count)
        return transaction->checks[index].kind == CREG_CHECK_SUBTREE_EMPTY;
    index -= transaction->check_count;
    return transaction->operations[index].kind == CREG_OPERATION_DELETE_TREE;
}

/* The trees that the transaction asks about; ret_roots those of them that have to be read. */
static creg_status choose_trees(creg_zookeeper_facts *facts, creg_zookeeper_root *roots,
                                size_t *ret_count, creg_error *err)
{
    const creg_transaction *transaction = facts->transaction;
    for (size_t i = 0; i < transaction->check_count + transaction->operation_count; i++) {
        if (!wants_tree(transaction, i))
            continue;
        bool is_check = i < transaction->check_count;
        creg_zookeeper_fact *root = creg_zookeeper_fact_find(
            facts, is_check ? transaction->checks[i].key
                            : transaction->operations[i - transaction->check_count].key);
        if (root == NULL)
            return creg_fail_arena(err, facts->arena);
        creg_zookeeper_walk *tree = &facts->trees[facts->tree_count];
        facts->tree_count++;
        bool is_leaf = root->is_known && root->node.stat.numChildren == 0;
        if (root->exists && is_leaf) {
            tree->nodes = creg_arena_calloc(facts->arena, 1, sizeof *tree->nodes);
            if (tree->nodes == NULL)
                return creg_fail_arena(err, facts->arena);
            tree->nodes[tree->size++] = &root->node;
        } else if (root->exists) {
            tree->capacity = ++*ret_count; /* which root it is, counted from 1 */
            roots[*ret_count - 1] = (creg_zookeeper_root){root->path, true, 0};
        }
    }
    return CREG_OK;
}

/* Each tree gets its own of the nodes that were read together; parents still come first. */
static creg_status share_out(creg_zookeeper_facts *facts, const creg_zookeeper_walk *all,
                             size_t count, creg_error *err)
{
    size_t *sizes = creg_arena_calloc(facts->arena, count, sizeof *sizes);
    creg_zookeeper_walk **owners = creg_arena_calloc(facts->arena, count, sizeof *owners);
    if (sizes == NULL || owners == NULL)
        return creg_fail_arena(err, facts->arena);
    for (size_t i = 0; i < all->size; i++)
        sizes[all->nodes[i]->root]++;
    for (size_t i = 0; i < facts->tree_count; i++) {
        creg_zookeeper_walk *tree = &facts->trees[i];
        if (tree->capacity == 0)
            continue;
        size_t root = tree->capacity - 1;
        owners[root] = tree;
        tree->nodes = creg_arena_calloc(facts->arena, sizes[root], sizeof *tree->nodes);
        if (tree->nodes == NULL)
            return creg_fail_arena(err, facts->arena);
    }
    for (size_t i = 0; i < all->size; i++) {
        creg_zookeeper_walk *tree = owners[all->nodes[i]->root];
        tree->nodes[tree->size++] = all->nodes[i];
    }
    return CREG_OK;
}

static creg_status walk_trees(creg_zookeeper_facts *facts, creg_error *err)
{
    const creg_transaction *transaction = facts->transaction;
    size_t most = transaction->check_count + transaction->operation_count;
    creg_zookeeper_root *roots = creg_arena_calloc(facts->arena, most, sizeof *roots);
    facts->trees = creg_arena_calloc(facts->arena, most, sizeof *facts->trees);
    if (roots == NULL || facts->trees == NULL)
        return creg_fail_arena(err, facts->arena);
    size_t count = 0;
    creg_status status = choose_trees(facts, roots, &count, err);
    if (status != CREG_OK || count == 0)
        return status;
    creg_zookeeper_walk all = {0};
    status = creg_zookeeper_walk_trees(facts->handle, roots, count, NULL, NULL, facts->batch,
                                       &all, err);
    return status == CREG_OK ? share_out(facts, &all, count, err) : status;
}

creg_status creg_zookeeper_facts_read(creg_zookeeper_facts *facts, creg_error *err)
{
    /* Answers come in the order of the calls: what follows sees all that was before the sync. */
    creg_zookeeper_ask_sync(facts->handle, facts->batch);
    creg_status status = read_named(facts, err);
    if (status == CREG_OK)
        status = read_existence(facts, err);
    if (status == CREG_OK)
        status = read_details(facts, err);
    return status == CREG_OK ? walk_trees(facts, err) : status;
}
