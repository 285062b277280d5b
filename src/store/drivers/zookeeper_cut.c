/* SPDX-License-Identifier: MIT */
/*
 * Is there any key below these znodes? For lists that end at a depth.
 *
 * "Below slave0 lies something" is all that such a list says of a subtree of thousands, so one
 * key of it is enough. Nearly always the first child of the first child is one. A subtree of
 * nothing but empty directories, which deletes leave, has to be looked through.
 */
#include "store/drivers/zookeeper.h"

/* The search in one subtree: paths that are still to be looked at, the next one last. */
typedef struct search {
    creg_zookeeper_node *node; /* at hand; NULL: a path is to be taken */
    const char **paths;
    size_t size;
    size_t capacity;
    size_t root;
    bool is_over;
} search;

static bool push_children(search *search_, creg_arena *arena)
{
    const creg_zookeeper_node *node = search_->node;
    size_t wanted = search_->size + node->child_count;
    if (wanted > search_->capacity) {
        const char **grown =
            creg_arena_grow(arena, search_->paths, search_->capacity * sizeof *grown,
                            wanted * 2 * sizeof *grown);
        if (grown == NULL)
            return false;
        search_->paths = grown;
        search_->capacity = wanted * 2;
    }
    for (size_t i = node->child_count; i-- > 0;) {
        const char *path = creg_zookeeper_join(node->path, node->children[i], arena);
        if (path == NULL)
            return false;
        search_->paths[search_->size++] = path;
    }
    return true;
}

static creg_status fail_gone(const creg_zookeeper_node *node, int code, creg_error *err)
{
    return code == ZNONODE
               ? creg_fail(err, CREG_CONFLICT, "'%s' went while it was read", node->path)
               : creg_zookeeper_fail(code, false, node->path, err);
}

/* The znodes at hand of the searches that go on. */
static size_t at_hand(const search *searches, size_t count, creg_zookeeper_node **ret_nodes)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        if (!searches[i].is_over && searches[i].node != NULL)
            ret_nodes[size++] = searches[i].node;
    return size;
}

/* The children of every znode at hand. */
static creg_status open_all(zhandle_t *handle, search *searches, size_t count,
                            creg_zookeeper_node **nodes, creg_zookeeper_batch *batch,
                            creg_error *err)
{
    creg_status status =
        creg_zookeeper_ask_all(handle, batch, nodes, at_hand(searches, count, nodes),
                               CREG_ZOOKEEPER_CHILDREN, NULL, NULL, err);
    for (size_t i = 0; i < count && status == CREG_OK; i++) {
        search *one = &searches[i];
        if (one->is_over || one->node == NULL)
            continue;
        if (one->node->children_code != ZOK)
            return fail_gone(one->node, one->node->children_code, err);
        if (!push_children(one, batch->arena))
            return creg_fail_arena(err, batch->arena);
        one->node = NULL;
    }
    return status;
}

/* The next path of each search becomes the znode at hand, and is in the walk from now on. */
static bool take_all(search *searches, size_t count, creg_zookeeper_batch *batch,
                     creg_zookeeper_walk *walk)
{
    for (size_t i = 0; i < count; i++) {
        search *one = &searches[i];
        one->is_over = one->is_over || one->size == 0;
        if (one->is_over)
            continue;
        if (!creg_zookeeper_add_node(walk, batch, one->paths[--one->size], one->root))
            return false;
        one->node = walk->nodes[walk->size - 1];
        one->node->level = UINT32_MAX; /* anywhere below the root */
    }
    return true;
}

static creg_status look_at_all(zhandle_t *handle, search *searches, size_t count,
                               creg_zookeeper_node **nodes, creg_zookeeper_batch *batch,
                               creg_zookeeper_walk *walk, size_t *ret_left, creg_error *err)
{
    creg_status status =
        creg_zookeeper_ask_all(handle, batch, nodes, at_hand(searches, count, nodes),
                               CREG_ZOOKEEPER_DATA, NULL, NULL, err);
    *ret_left = 0;
    for (size_t i = 0; i < count && status == CREG_OK; i++) {
        search *one = &searches[i];
        if (one->is_over)
            continue;
        const creg_zookeeper_node *node = one->node;
        if (node->data_code != ZOK)
            return fail_gone(node, node->data_code, err);
        uint64_t newest = (uint64_t)(node->stat.mzxid > node->stat.pzxid ? node->stat.mzxid
                                                                         : node->stat.pzxid);
        walk->newest = newest > walk->newest ? newest : walk->newest;
        one->is_over = node->has_data;
        if (node->stat.numChildren == 0)
            one->node = NULL;
        *ret_left += !one->is_over;
    }
    return status;
}

creg_status creg_zookeeper_find_keys(zhandle_t *handle, creg_zookeeper_node *const *tops,
                                     size_t count, creg_zookeeper_batch *batch,
                                     creg_zookeeper_walk *walk, creg_error *err)
{
    search *searches = creg_arena_calloc(batch->arena, count, sizeof *searches);
    creg_zookeeper_node **nodes = creg_arena_calloc(batch->arena, count, sizeof *nodes);
    if (searches == NULL || nodes == NULL)
        return creg_fail_arena(err, batch->arena);
    for (size_t i = 0; i < count; i++) {
        searches[i].node = tops[i];
        searches[i].root = tops[i]->root;
    }
    creg_status status = CREG_OK;
    for (size_t left = count; left > 0 && status == CREG_OK;) {
        status = open_all(handle, searches, count, nodes, batch, err);
        if (status == CREG_OK && !take_all(searches, count, batch, walk))
            status = creg_fail_arena(err, batch->arena);
        if (status == CREG_OK)
            status = look_at_all(handle, searches, count, nodes, batch, walk, &left, err);
    }
    return status;
}
