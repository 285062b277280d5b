/* SPDX-License-Identifier: MIT */
/*
 * A tree of values to flat pairs. The way back is tree_build.c.
 *
 * The children of each container are sorted before they are walked, so the pairs come out
 * sorted by their bytes and nobody has to sort thousands of long keys that all begin alike.
 * The key is built in one buffer on the way down; a leaf copies it once.
 */
#include "registry/tree.h"

#include "base/arena.h"
#include "base/fail.h"
#include "base/limits.h"
#include "base/sort.h"
#include "store/key.h"

/* A key or list element on its way to become a segment. */
typedef struct child {
    creg_slice segment; /* encoded */
    creg_value key;     /* as in the tree; of a list: the element */
    creg_value value;   /* of a list element: empty text */
    size_t index;
    bool is_deep; /* a container: its keys go on with '/' */
} child;

typedef struct frame {
    size_t first; /* its children in the flattener's stack of them */
    size_t count;
    size_t next;
    size_t key_size; /* of the key's buffer before the child's segment */
    bool is_list;
} frame;

typedef struct flattener {
    creg_arena *arena;
    creg_arena scratch; /* children, and segments that had to be encoded */
    child *children;    /* of all open containers, as a stack: it stays small and warm */
    child *spare;       /* the sort's, as large */
    size_t children_room;
    creg_pair *pairs;
    size_t count;
    size_t room;
    creg_path *where;
    creg_error *err;
    size_t depth;
    char key[CREG_LIMIT_KEY];
    frame stack[CREG_LIMIT_DEPTH];
} flattener;

/* ---- complaints ------------------------------------------------------------------------ */

/* The way to the child that is being looked at, with `last` (may be NULL) as one more step. */
static creg_path path_here(const flattener *flat, creg_step *steps, const child *last,
                           bool last_is_item)
{
    size_t size = 0;
    for (size_t i = 0; i < flat->depth; i++) {
        const frame *level = &flat->stack[i];
        if (level->next == 0)
            break; /* its children are only being listed: `last` is one of them */
        const child *current = &flat->children[level->first + level->next - 1];
        steps[size++] = (creg_step){level->is_list, current->index, current->key};
    }
    if (last != NULL)
        steps[size++] = (creg_step){last_is_item, last->index, last->key};
    return (creg_path){steps, size, false};
}

/* Put the path before the message and hand it to the caller. */
static creg_status add_path(flattener *flat, creg_status status, creg_path path)
{
    if (flat->where != NULL)
        *flat->where = creg_path_copy(path, flat->arena);
    creg_slice text = creg_path_text(path, &flat->scratch);
    if (text.size > 0)
        creg_error_prefix(flat->err, "%.*s: ", CREG_SHOW(text));
    return status;
}

static creg_status complain(flattener *flat, creg_status status, const child *last,
                            bool is_item, bool on_key)
{
    creg_step steps[CREG_LIMIT_DEPTH + 1];
    creg_path path = path_here(flat, steps, last, is_item);
    path.on_key = on_key;
    return add_path(flat, status, path);
}

/* ---- scalars --------------------------------------------------------------------------- */

static bool is_list(creg_value value)
{
    return creg_value_is(value, CREG_KIND_LIST) || creg_value_is(value, CREG_KIND_TUPLE);
}

static bool is_container(creg_value value)
{
    return is_list(value) || creg_value_is(value, CREG_KIND_MAP);
}

/* What people call it in a template or a document. */
static const char *name_of_kind(creg_value value)
{
    switch ((creg_kind)value.kind) {
    case CREG_KIND_NONE:
        return "null";
    case CREG_KIND_DATE:
        return "a date";
    case CREG_KIND_BYTES:
        return "binary data";
    case CREG_KIND_LIST:
    case CREG_KIND_TUPLE:
        return "a list";
    case CREG_KIND_MAP:
        return "a map";
    case CREG_KIND_UNDEFINED:
        return "an undefined value";
    default:
        return creg_value_type_name(value);
    }
}

creg_status creg_tree_scalar(creg_value value, creg_arena *arena, creg_slice *ret_text,
                             creg_error *err)
{
    switch ((creg_kind)value.kind) {
    case CREG_KIND_STRING:
    case CREG_KIND_NUMBER:
        *ret_text = creg_value_text(value);
        return CREG_OK;
    case CREG_KIND_BOOL:
        *ret_text = creg_slice_of(value.as.integer != 0 ? "True" : "False");
        return CREG_OK;
    case CREG_KIND_INT:
    case CREG_KIND_BIGINT:
    case CREG_KIND_FLOAT:
        return creg_value_str(value, arena, ret_text, err);
    default:
        break;
    }
    creg_fail(err, CREG_UNSUPPORTED_TYPE, "%s cannot be stored as a property",
              name_of_kind(value));
    creg_error_hint(err, "properties are text, numbers, booleans, and lists of these");
    return CREG_UNSUPPORTED_TYPE;
}

/* ---- segments -------------------------------------------------------------------------- */

/* Bytes that stand for themselves; a dot does, too, unless another one stands before it. */
static const bool stands_for_itself[256] = {
    ['-'] = true, ['_'] = true, ['0'] = true, ['1'] = true, ['2'] = true, ['3'] = true,
    ['4'] = true, ['5'] = true, ['6'] = true, ['7'] = true, ['8'] = true, ['9'] = true,
    ['A'] = true, ['B'] = true, ['C'] = true, ['D'] = true, ['E'] = true, ['F'] = true,
    ['G'] = true, ['H'] = true, ['I'] = true, ['J'] = true, ['K'] = true, ['L'] = true,
    ['M'] = true, ['N'] = true, ['O'] = true, ['P'] = true, ['Q'] = true, ['R'] = true,
    ['S'] = true, ['T'] = true, ['U'] = true, ['V'] = true, ['W'] = true, ['X'] = true,
    ['Y'] = true, ['Z'] = true, ['a'] = true, ['b'] = true, ['c'] = true, ['d'] = true,
    ['e'] = true, ['f'] = true, ['g'] = true, ['h'] = true, ['i'] = true, ['j'] = true,
    ['k'] = true, ['l'] = true, ['m'] = true, ['n'] = true, ['o'] = true, ['p'] = true,
    ['q'] = true, ['r'] = true, ['s'] = true, ['t'] = true, ['u'] = true, ['v'] = true,
    ['w'] = true, ['x'] = true, ['y'] = true, ['z'] = true,
};

/* Most segments need neither a copy nor the slow checks. */
static bool is_plain(creg_slice text)
{
    if (text.size == 0 || text.size > CREG_LIMIT_NAME)
        return false;
    bool after_dot = text.size == 1; /* a lone dot is not plain */
    for (size_t i = 0; i < text.size; i++) {
        bool is_dot = text.data[i] == '.';
        if (is_dot ? after_dot : !stands_for_itself[(unsigned char)text.data[i]])
            return false;
        after_dot = is_dot;
    }
    return true;
}

/* The segment of a text; the status's message has no path yet. */
static creg_status make_segment(flattener *flat, creg_slice text, bool is_item,
                                creg_slice *ret_segment)
{
    if (is_plain(text)) {
        *ret_segment = text;
        return CREG_OK;
    }
    const char *what = is_item ? "list element" : "key";
    creg_status status = creg_key_text_check(text, what, flat->err);
    if (status != CREG_OK)
        return status;
    *ret_segment = creg_key_encode(text, &flat->scratch);
    return ret_segment->data == NULL ? creg_fail_arena(flat->err, &flat->scratch) : CREG_OK;
}

static creg_status key_child(flattener *flat, const creg_entry *entry, size_t index,
                             child *ret_child)
{
    creg_slice text;
    *ret_child = (child){.key = entry->key,
                         .value = entry->value,
                         .index = index,
                         .is_deep = is_container(entry->value)};
    creg_status status = creg_tree_scalar(entry->key, &flat->scratch, &text, flat->err);
    if (status == CREG_OK)
        status = make_segment(flat, text, false, &ret_child->segment);
    if (status != CREG_OK)
        return complain(flat, status, ret_child, false, true);
    return CREG_OK;
}

static creg_status element_child(flattener *flat, creg_value element, size_t index,
                                 child *ret_child)
{
    creg_slice text;
    *ret_child =
        (child){.key = element, .index = index, .value = creg_value_string(creg_slice_of(""))};
    creg_status status;
    if (is_container(element))
        status = creg_fail(flat->err, CREG_NESTED_LISTS,
                           "%s inside a list; a list may hold only text, numbers and booleans",
                           name_of_kind(element));
    else
        status = creg_tree_scalar(element, &flat->scratch, &text, flat->err);
    if (status == CREG_OK)
        status = make_segment(flat, text, true, &ret_child->segment);
    if (status != CREG_OK)
        return complain(flat, status, ret_child, true, false);
    return CREG_OK;
}

/* ---- children -------------------------------------------------------------------------- */

/* The order of the keys that come of them: a container's segment is followed by a '/'. */
static int by_segment(const void *left, const void *right)
{
    const child *one = left;
    const child *two = right;
    size_t shorter =
        one->segment.size < two->segment.size ? one->segment.size : two->segment.size;
    int order = memcmp(one->segment.data, two->segment.data, shorter);
    if (order != 0)
        return order;
    if (one->segment.size == two->segment.size)
        return (int)one->is_deep - (int)two->is_deep;
    bool one_ends = one->segment.size == shorter;
    const child *ending = one_ends ? one : two;
    const child *longer = one_ends ? two : one;
    int sign = one_ends ? 1 : -1;
    if (!ending->is_deep)
        return -sign;
    return '/' < (unsigned char)longer->segment.data[shorter] ? -sign : sign;
}

static child *children_of(const flattener *flat, const frame *fresh)
{
    return flat->children + fresh->first;
}

static creg_status list_entries(flattener *flat, const creg_map *map, frame *fresh)
{
    child *children = children_of(flat, fresh);
    creg_status status = CREG_OK;
    for (size_t i = 0; i < map->filled && status == CREG_OK; i++) {
        if (!map->entries[i].used)
            continue;
        status = key_child(flat, &map->entries[i], fresh->count, &children[fresh->count]);
        fresh->count++;
    }
    return status;
}

static creg_status list_elements(flattener *flat, const creg_list *list, frame *fresh)
{
    child *children = children_of(flat, fresh);
    creg_status status = CREG_OK;
    for (size_t i = 0; i < list->size && status == CREG_OK; i++)
        status = element_child(flat, list->items[i], i, &children[fresh->count++]);
    return status;
}

/* 1 and "1" are two keys of a map, but one key of a store. */
static creg_status check_same_text(flattener *flat, const frame *fresh)
{
    const child *children = children_of(flat, fresh);
    bool all_text = true;
    for (size_t i = 0; i < fresh->count; i++)
        all_text = all_text && creg_value_is(children[i].key, CREG_KIND_STRING);
    if (all_text)
        return CREG_OK;
    creg_map *seen = creg_map_new(&flat->scratch, fresh->count);
    if (seen == NULL)
        return creg_fail_arena(flat->err, &flat->scratch);
    for (size_t i = 0; i < fresh->count; i++) {
        const child *one = &children[i];
        if (!creg_map_set(&flat->scratch, seen, creg_value_string(one->segment), one->key))
            return creg_fail_arena(flat->err, &flat->scratch);
        if (seen->size <= i) {
            creg_fail(flat->err, CREG_INVALID, "two keys of this map have the same text");
            return complain(flat, CREG_INVALID, one, false, true);
        }
    }
    return CREG_OK;
}

/* A store's key is there or not: an element that the list has twice is stored once. */
static size_t drop_repeated(child *children, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !creg_slice_equal(children[kept - 1].segment, children[i].segment))
            children[kept++] = children[i];
    return kept;
}

/* Room for the children of one more container above those of the open ones. */
static bool make_child_room(flattener *flat, size_t first, size_t count)
{
    if (flat->children != NULL && first + count <= flat->children_room)
        return true;
    size_t room = (first + count) * 2 + 64;
    child *grown = creg_arena_alloc(&flat->scratch, room * sizeof *grown);
    flat->spare = creg_arena_alloc(&flat->scratch, room * sizeof *grown);
    if (grown == NULL || flat->spare == NULL)
        return false;
    if (first > 0)
        memcpy(grown, flat->children, first * sizeof *grown);
    flat->children = grown;
    flat->children_room = room;
    return true;
}

static creg_status list_children(flattener *flat, creg_value container, frame *fresh)
{
    fresh->is_list = is_list(container);
    size_t count = fresh->is_list ? container.as.list->size : container.as.map->size;
    if (!make_child_room(flat, fresh->first, count))
        return creg_fail_arena(flat->err, &flat->scratch);
    creg_status status = fresh->is_list ? list_elements(flat, container.as.list, fresh)
                                        : list_entries(flat, container.as.map, fresh);
    if (status == CREG_OK && !fresh->is_list)
        status = check_same_text(flat, fresh);
    if (status != CREG_OK)
        return status;
    child *children = children_of(flat, fresh);
    creg_sort(children, fresh->count, sizeof *children, by_segment, flat->spare);
    if (fresh->is_list)
        fresh->count = drop_repeated(children, fresh->count);
    return CREG_OK;
}

/* ---- the walk -------------------------------------------------------------------------- */

static creg_status push(flattener *flat, creg_value container, size_t key_size)
{
    if (flat->depth == CREG_LIMIT_DEPTH) {
        creg_fail(flat->err, CREG_LIMIT, "nested deeper than %d levels", CREG_LIMIT_DEPTH);
        return complain(flat, CREG_LIMIT, NULL, false, false);
    }
    const frame *top = flat->depth == 0 ? NULL : &flat->stack[flat->depth - 1];
    frame fresh = {.key_size = key_size, .first = top == NULL ? 0 : top->first + top->count};
    creg_status status = list_children(flat, container, &fresh);
    if (status == CREG_OK)
        flat->stack[flat->depth++] = fresh;
    return status;
}

static creg_status fail_key_size(flattener *flat)
{
    creg_fail(flat->err, CREG_LIMIT, "the key is longer than %d bytes", CREG_LIMIT_KEY);
    return complain(flat, CREG_LIMIT, NULL, false, true);
}

/* The first guess is generous: growing copies what is there and touches fresh pages. */
static bool make_pair_room(flattener *flat)
{
    if (flat->count < flat->room)
        return true;
    size_t room = flat->room == 0 ? 1024 : flat->room * 4;
    creg_pair *grown = creg_arena_alloc(flat->arena, room * sizeof *grown);
    if (grown == NULL)
        return false;
    if (flat->count > 0)
        memcpy(grown, flat->pairs, flat->count * sizeof *grown);
    flat->pairs = grown;
    flat->room = room;
    return true;
}

static creg_status add_pair(flattener *flat, creg_slice key, creg_slice value)
{
    if (flat->count == CREG_LIMIT_INSTANCE_KEYS)
        return creg_fail(flat->err, CREG_LIMIT, "more than %d properties",
                         CREG_LIMIT_INSTANCE_KEYS);
    char *copy = creg_arena_take(flat->arena, key.size);
    if (copy == NULL || !make_pair_room(flat))
        return creg_fail_arena(flat->err, flat->arena);
    memcpy(copy, key.data, key.size);
    creg_pair *pair = &flat->pairs[flat->count++];
    memset(pair, 0, sizeof *pair);
    pair->key = creg_slice_make(copy, key.size);
    pair->value = value;
    return CREG_OK;
}

static creg_status emit(flattener *flat, creg_value value, size_t key_size)
{
    creg_slice text;
    creg_status status = creg_tree_scalar(value, flat->arena, &text, flat->err);
    if (status == CREG_OK && text.size > CREG_LIMIT_VALUE)
        status =
            creg_fail(flat->err, CREG_LIMIT, "a value of %zu bytes; at most %d are possible",
                      text.size, CREG_LIMIT_VALUE);
    if (status != CREG_OK)
        return complain(flat, status, NULL, false, false);
    return add_pair(flat, creg_slice_make(flat->key, key_size), text);
}

static creg_status visit(flattener *flat, frame *top)
{
    const child *next = &flat->children[top->first + top->next++];
    size_t key_size = top->key_size + next->segment.size;
    if (key_size + (next->is_deep ? 1 : 0) > sizeof flat->key)
        return fail_key_size(flat);
    memcpy(flat->key + top->key_size, next->segment.data, next->segment.size);
    if (!next->is_deep)
        return emit(flat, next->value, key_size);
    flat->key[key_size] = '/';
    return push(flat, next->value, key_size + 1);
}

static creg_status start(flattener *flat, creg_value tree, creg_slice prefix)
{
    if (!creg_value_is(tree, CREG_KIND_MAP))
        return creg_fail(flat->err, CREG_INVALID, "the document is %s; it must be a map",
                         name_of_kind(tree));
    if (prefix.size + 1 > sizeof flat->key)
        return fail_key_size(flat);
    if (prefix.size == 0)
        return push(flat, tree, 0);
    memcpy(flat->key, prefix.data, prefix.size);
    flat->key[prefix.size] = '/';
    return push(flat, tree, prefix.size + 1);
}

creg_status creg_tree_flatten(creg_value tree, creg_slice prefix, creg_arena *arena,
                              creg_pairs *ret_pairs, creg_path *ret_where, creg_error *err)
{
    flattener flat;
    memset(&flat, 0, offsetof(flattener, key));
    flat.arena = arena;
    flat.where = ret_where;
    flat.err = err;
    if (ret_where != NULL)
        *ret_where = (creg_path){NULL, 0, false};
    creg_arena_init(&flat.scratch, CREG_LIMIT_OPERATION_BYTES);
    creg_status status = start(&flat, tree, prefix);
    while (status == CREG_OK && flat.depth > 0) {
        frame *top = &flat.stack[flat.depth - 1];
        if (top->next == top->count)
            flat.depth--;
        else
            status = visit(&flat, top);
    }
    creg_arena_clear(&flat.scratch);
    if (status == CREG_OK)
        *ret_pairs = (creg_pairs){flat.pairs, flat.count};
    return status;
}
