/* SPDX-License-Identifier: MIT */
/*
 * Is there any key below these znodes? For lists that end at a depth.
 *
 * "Below slave0 lies something" is all that such a list says of a subtree of thousands, so one
 * key of it is enough. Which of the children is one? Siblings resemble each other: all
 * children of one of them are looked at first, and the names that are keys there are tried
 * first in the others. A subtree of nothing but empty directories, which deletes leave, has to
 * be looked through.
 */
#include "store/drivers/zookeeper.h"

enum { HINTS_MAX = 16, LEADERS_MAX = 16, LEARN_FROM = 8 };

/* Names that were found to be keys in one subtree, and so may be in others. */
typedef struct hints {
    const char *names[HINTS_MAX];
    size_t size;
} hints;

/* The search in one subtree: paths that are still to be looked at, the next one last. */
typedef struct search {
    creg_zookeeper_node *node; /* at hand; NULL: a path is to be taken */
    const char **paths;
    size_t size;
    size_t capacity;
    size_t root;
    bool is_over;
} search;

static bool is_hinted(const hints *known, const char *name)
{
    for (size_t i = 0; i < known->size; i++)
        if (strcmp(known->names[i], name) == 0)
            return true;
    return false;
}

static bool make_room(search *search_, size_t more, creg_arena *arena)
{
    size_t wanted = search_->size + more;
    if (wanted <= search_->capacity)
        return true;
    const char **grown = creg_arena_grow(
        arena, search_->paths, search_->capacity * sizeof *grown, wanted * 2 * sizeof *grown);
    if (grown == NULL)
        return false;
    search_->paths = grown;
    search_->capacity = wanted * 2;
    return true;
}

/* The last one is looked at next: the hinted ones come last. */
static bool push_children(search *search_, const hints *known, creg_arena *arena)
{
    const creg_zookeeper_node *node = search_->node;
    if (!make_room(search_, node->child_count, arena))
        return false;
    for (int hinted = 0; hinted <= 1; hinted++)
        for (size_t i = node->child_count; i-- > 0;) {
            if (is_hinted(known, node->children[i]) != (hinted == 1))
                continue;
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
    for (size_t i = 0; i < count && status == CREG_OK; i++)
        if (!searches[i].is_over && searches[i].node != NULL &&
            searches[i].node->children_code != ZOK)
            return fail_gone(searches[i].node, searches[i].node->children_code, err);
    return status;
}

/* What was opened becomes paths to look at. */
static bool push_all(search *searches, size_t count, const hints *known, creg_arena *arena)
{
    for (size_t i = 0; i < count; i++) {
        search *one = &searches[i];
        if (one->is_over || one->node == NULL)
            continue;
        if (!push_children(one, known, arena))
            return false;
        one->node = NULL;
    }
    return true;
}

static bool are_siblings(const char *left, const char *right)
{
    size_t size = (size_t)(strrchr(left, '/') - left) + 1;
    return strncmp(left, right, size) == 0 && strchr(right + size, '/') == NULL;
}

/* All children of the first of each row of siblings. */
static size_t choose_samples(const search *searches, size_t count, creg_zookeeper_batch *batch,
                             creg_zookeeper_node *samples, size_t most)
{
    size_t size = 0;
    size_t leaders = 0;
    for (size_t i = 0; i < count && leaders < LEADERS_MAX; i++) {
        const creg_zookeeper_node *node = searches[i].node;
        if (i > 0 && are_siblings(searches[i - 1].node->path, node->path))
            continue;
        leaders++;
        for (size_t k = 0; k < node->child_count && size < most; k++) {
            const char *path = creg_zookeeper_join(node->path, node->children[k], batch->arena);
            if (path != NULL)
                samples[size++] = (creg_zookeeper_node){.batch = batch, .path = path};
        }
    }
    return size;
}

/* Only for the sake of the order: what goes wrong here will be told by the search itself. */
static creg_status learn(zhandle_t *handle, const search *searches, size_t count,
                         creg_zookeeper_node **nodes, creg_zookeeper_batch *batch,
                         hints *ret_known, creg_error *err)
{
    creg_zookeeper_node *samples = creg_arena_calloc(batch->arena, count, sizeof *samples);
    if (samples == NULL)
        return creg_fail_arena(err, batch->arena);
    size_t size = choose_samples(searches, count, batch, samples, count);
    for (size_t i = 0; i < size; i++)
        nodes[i] = &samples[i];
    creg_status status = creg_zookeeper_ask_all(handle, batch, nodes, size, CREG_ZOOKEEPER_DATA,
                                                NULL, NULL, err);
    for (size_t i = 0; i < size && status == CREG_OK && ret_known->size < HINTS_MAX; i++) {
        const char *name = strrchr(samples[i].path, '/') + 1;
        bool is_key = samples[i].data_code == ZOK && samples[i].has_data;
        if (is_key && !is_hinted(ret_known, name))
            ret_known->names[ret_known->size++] = name;
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
    hints known = {.size = 0};
    bool is_first = true;
    for (size_t left = count; left > 0 && status == CREG_OK; is_first = false) {
        status = open_all(handle, searches, count, nodes, batch, err);
        if (status == CREG_OK && is_first && count >= LEARN_FROM)
            status = learn(handle, searches, count, nodes, batch, &known, err);
        bool has_room = status != CREG_OK || (push_all(searches, count, &known, batch->arena) &&
                                              take_all(searches, count, batch, walk));
        if (!has_room)
            status = creg_fail_arena(err, batch->arena);
        if (status == CREG_OK)
            status = look_at_all(handle, searches, count, nodes, batch, walk, &left, err);
    }
    return status;
}
