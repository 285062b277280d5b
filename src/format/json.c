/* SPDX-License-Identifier: MIT */
/*
 * JSON text to values, through yyjson.
 *
 * yyjson checks the grammar, the UTF-8 and the escapes; this file adds what a configuration
 * must not contain without a word (duplicate keys) or without an end (nesting), and keeps
 * numbers exact. Text is parsed in place in one copy that lies in the arena, so strings cost
 * nothing more; yyjson's own tree is given back at once.
 */
#include "format/json.h"

#include <yyjson.h>

#include "base/arena.h"
#include "base/fail.h"
#include "base/limits.h"
#include "base/memory.h"
#include "format/numeral.h"

/* A container that is being filled. */
typedef struct frame {
    yyjson_val *next; /* the next item or key */
    size_t count;
    size_t done; /* items or members taken so far */
    creg_value value;
} frame;

typedef struct reader {
    creg_arena *arena;
    creg_slice source; /* as the caller gave it, for finding places */
    bool as_written;
    creg_fault *fault;
    creg_error *err;
    size_t depth;
    frame stack[CREG_LIMIT_DEPTH];
} reader;

/* ---- yyjson's memory ------------------------------------------------------------------- */

/*
 * What yyjson's own tree takes: counted against what the caller's arena may still ask for,
 * and given back at once. It grows by doubling, so it lies outside of the arena, where the
 * smaller ones would stay.
 */
typedef struct tree_memory {
    size_t left;
    creg_status failed; /* why there was no more */
} tree_memory;

static void *count_block(tree_memory *memory, size_t before, size_t size, void *block)
{
    if (block == NULL)
        memory->failed = CREG_NO_MEMORY;
    else
        memory->left += before - size;
    return block;
}

static bool has_left(tree_memory *memory, size_t before, size_t size)
{
    if (size <= before || size - before <= memory->left)
        return true;
    memory->failed = CREG_LIMIT;
    return false;
}

static void *tree_alloc(void *context, size_t size)
{
    tree_memory *memory = context;
    return has_left(memory, 0, size) ? count_block(memory, 0, size, creg_memory_alloc(size))
                                     : NULL;
}

static void *tree_grow(void *context, void *block, size_t before, size_t size)
{
    tree_memory *memory = context;
    return has_left(memory, before, size)
               ? count_block(memory, before, size, creg_memory_realloc(block, size))
               : NULL;
}

static void tree_free(void *context, void *block)
{
    (void)context;
    creg_memory_free(block);
}

/* ---- places ---------------------------------------------------------------------------- */

/* The way to the member that is being read: by number, since keys may be what is wrong. */
static creg_path path_here(const reader *read, creg_step *steps, bool on_key)
{
    for (size_t i = 0; i < read->depth; i++) {
        const frame *top = &read->stack[i];
        steps[i] = (creg_step){.is_item = creg_value_is(top->value, CREG_KIND_LIST),
                               .index = top->done - 1,
                               .key = creg_value_undefined()};
    }
    return (creg_path){steps, read->depth, on_key};
}

static void set_fault_here(reader *read, bool on_key)
{
    creg_step steps[CREG_LIMIT_DEPTH];
    creg_extent extent;
    if (!creg_json_locate(read->source, path_here(read, steps, on_key), &extent))
        return;
    read->fault->at = extent.begin;
    read->fault->has_place = true;
}

static void set_fault_first(reader *read, size_t index)
{
    creg_step steps[CREG_LIMIT_DEPTH];
    creg_path path = path_here(read, steps, true);
    creg_extent extent;
    steps[path.size - 1].index = index;
    if (!creg_json_locate(read->source, path, &extent))
        return;
    read->fault->other = extent.begin;
    read->fault->has_other = true;
}

static creg_status fail_duplicate(reader *read, creg_slice key)
{
    const creg_map *map = read->stack[read->depth - 1].value.as.map;
    size_t first = 0;
    while (first < map->filled &&
           !creg_slice_equal(creg_value_text(map->entries[first].key), key))
        first++;
    set_fault_here(read, true);
    set_fault_first(read, first);
    return creg_fail(read->err, CREG_INVALID, "duplicate key '%.*s'", CREG_SHOW(key));
}

static creg_status fail_depth(reader *read)
{
    set_fault_here(read, false);
    return creg_fail(read->err, CREG_LIMIT, "nested deeper than %d levels", CREG_LIMIT_DEPTH);
}

/* ---- values ---------------------------------------------------------------------------- */

static creg_slice text_of(yyjson_val *node)
{
    return creg_slice_make(unsafe_yyjson_get_raw(node), unsafe_yyjson_get_len(node));
}

static creg_value written_number(creg_slice numeral)
{
    creg_value value = creg_value_of_kind(CREG_KIND_NUMBER);
    value.as.text = numeral.data;
    value.size = (uint32_t)numeral.size;
    return value;
}

/* yyjson hands over as raw text what 64 bits cannot hold, or all of them when asked. */
static creg_status read_raw(reader *read, yyjson_val *node, creg_value *ret_value)
{
    creg_slice numeral = text_of(node);
    if (read->as_written) {
        *ret_value = written_number(numeral);
        return CREG_OK;
    }
    creg_status status = creg_numeral_value(numeral, read->arena, ret_value, read->err);
    if (status != CREG_OK)
        set_fault_here(read, false);
    return status;
}

static creg_status read_number(reader *read, yyjson_val *node, creg_value *ret_value)
{
    if (unsafe_yyjson_is_real(node)) {
        *ret_value = creg_value_float(unsafe_yyjson_get_real(node));
        return CREG_OK;
    }
    if (unsafe_yyjson_is_sint(node) || unsafe_yyjson_get_uint(node) <= INT64_MAX) {
        *ret_value = creg_value_int(unsafe_yyjson_get_sint(node));
        return CREG_OK;
    }
    char digits[24];
    uint64_t rest = unsafe_yyjson_get_uint(node);
    size_t at = sizeof digits;
    for (; rest != 0; rest /= 10)
        digits[--at] = (char)('0' + rest % 10);
    return creg_numeral_integer(creg_slice_make(digits + at, sizeof digits - at), 10,
                                read->arena, ret_value, read->err);
}

/* Open a container: it goes on the stack, and its value is complete as far as its owner minds. */
static creg_status open_container(reader *read, yyjson_val *node, creg_value *ret_value)
{
    if (read->depth == CREG_LIMIT_DEPTH)
        return fail_depth(read);
    size_t count = unsafe_yyjson_get_len(node);
    if (unsafe_yyjson_is_arr(node))
        *ret_value = creg_value_list(creg_list_new(read->arena, count));
    else
        *ret_value = creg_value_map(creg_map_new(read->arena, count));
    if (ret_value->as.list == NULL)
        return creg_fail_arena(read->err, read->arena);
    read->stack[read->depth++] = (frame){unsafe_yyjson_get_first(node), count, 0, *ret_value};
    return CREG_OK;
}

static creg_status read_node(reader *read, yyjson_val *node, creg_value *ret_value)
{
    switch (unsafe_yyjson_get_type(node)) {
    case YYJSON_TYPE_NULL:
        *ret_value = creg_value_none();
        return CREG_OK;
    case YYJSON_TYPE_BOOL:
        *ret_value = creg_value_bool(unsafe_yyjson_get_bool(node));
        return CREG_OK;
    case YYJSON_TYPE_STR:
        *ret_value = creg_value_string(text_of(node));
        return CREG_OK;
    case YYJSON_TYPE_RAW:
        return read_raw(read, node, ret_value);
    case YYJSON_TYPE_NUM:
        return read_number(read, node, ret_value);
    case YYJSON_TYPE_ARR:
    case YYJSON_TYPE_OBJ:
        return open_container(read, node, ret_value);
    default:
        return creg_fail(read->err, CREG_INTERNAL, "a JSON value of unknown type");
    }
}

static creg_status read_item(reader *read, frame *top)
{
    yyjson_val *node = top->next;
    creg_list *list = top->value.as.list;
    top->next = unsafe_yyjson_get_next(node);
    top->done++;
    creg_value item;
    creg_status status = read_node(read, node, &item);
    if (status != CREG_OK)
        return status;
    return creg_list_append(read->arena, list, item) ? CREG_OK
                                                     : creg_fail_arena(read->err, read->arena);
}

static creg_status read_member(reader *read, frame *top)
{
    yyjson_val *key = top->next;
    yyjson_val *node = key + 1;
    creg_map *map = top->value.as.map;
    top->next = unsafe_yyjson_get_next(node);
    top->done++;
    creg_value value;
    size_t size = map->size;
    size_t depth = read->depth;
    creg_status status = read_node(read, node, &value);
    if (status != CREG_OK)
        return status;
    if (!creg_map_set(read->arena, map, creg_value_string(text_of(key)), value))
        return creg_fail_arena(read->err, read->arena);
    if (map->size == size) {
        read->depth = depth; /* the place is the key's, not the first thing in the value */
        return fail_duplicate(read, text_of(key));
    }
    return CREG_OK;
}

static creg_status read_tree(reader *read, yyjson_val *root, creg_value *ret_value)
{
    creg_status status = read_node(read, root, ret_value);
    while (status == CREG_OK && read->depth > 0) {
        frame *top = &read->stack[read->depth - 1];
        if (top->done == top->count)
            read->depth--;
        else if (creg_value_is(top->value, CREG_KIND_LIST))
            status = read_item(read, top);
        else
            status = read_member(read, top);
    }
    return status;
}

/* ---- the text -------------------------------------------------------------------------- */

static creg_status fail_syntax(reader *read, const yyjson_read_err *fault,
                               const tree_memory *memory)
{
    if (fault->code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) {
        if (memory->failed == CREG_NO_MEMORY)
            return creg_fail(read->err, CREG_NO_MEMORY, "out of memory");
        read->arena->failed = CREG_LIMIT;
        return creg_fail_arena(read->err, read->arena);
    }
    read->fault->at = fault->pos;
    read->fault->has_place = true;
    return creg_fail(read->err, CREG_INVALID, "not JSON: %s", fault->msg);
}

/* yyjson reads a few bytes past the end of a text that it parses in place. */
static char *copy_padded(creg_slice text, creg_arena *arena)
{
    char *copy = creg_arena_alloc(arena, text.size + YYJSON_PADDING_SIZE);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text.data, text.size);
    memset(copy + text.size, 0, YYJSON_PADDING_SIZE);
    return copy;
}

static creg_status check_size(reader *read)
{
    if (read->source.size > CREG_LIMIT_DOCUMENT)
        return creg_fail(read->err, CREG_LIMIT, "more than %d bytes of JSON",
                         CREG_LIMIT_DOCUMENT);
    if (read->source.size == 0) {
        read->fault->has_place = true;
        return creg_fail(read->err, CREG_INVALID, "not JSON: the text is empty");
    }
    return CREG_OK;
}

static creg_status read_text(reader *read, creg_value *ret_value)
{
    char *copy = copy_padded(read->source, read->arena);
    if (copy == NULL)
        return creg_fail_arena(read->err, read->arena);
    tree_memory memory = {.left = read->arena->budget - read->arena->taken};
    yyjson_alc allocator = {tree_alloc, tree_grow, tree_free, &memory};
    yyjson_read_flag flags =
        YYJSON_READ_INSITU |
        (read->as_written ? YYJSON_READ_NUMBER_AS_RAW : YYJSON_READ_BIGNUM_AS_RAW);
    yyjson_read_err fault;
    yyjson_doc *document = yyjson_read_opts(copy, read->source.size, flags, &allocator, &fault);
    if (document == NULL)
        return fail_syntax(read, &fault, &memory);
    creg_status status = read_tree(read, yyjson_doc_get_root(document), ret_value);
    yyjson_doc_free(document);
    return status;
}

creg_status creg_json_read(creg_slice text, unsigned flags, creg_arena *arena,
                           creg_value *ret_value, creg_fault *ret_fault, creg_error *err)
{
    memset(ret_fault, 0, sizeof *ret_fault);
    reader read;
    read.arena = arena;
    read.source = text;
    read.as_written = (flags & CREG_PARSE_NUMBERS_AS_WRITTEN) != 0;
    read.fault = ret_fault;
    read.err = err;
    read.depth = 0;
    creg_status status = check_size(&read);
    if (status != CREG_OK)
        return status;
    return read_text(&read, ret_value);
}

creg_status creg_json_parse(creg_slice text, const char *name, unsigned flags,
                            creg_arena *arena, creg_value *ret_value, creg_error *err)
{
    creg_fault fault;
    creg_status status = creg_json_read(text, flags, arena, ret_value, &fault, err);
    if (status != CREG_OK)
        creg_place_fault(err, name, text, &fault);
    return status;
}
