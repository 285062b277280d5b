/* SPDX-License-Identifier: MIT */
/*
 * YAML text to values, over libyaml's events.
 *
 * libyaml knows the syntax; the tree is built here, because everything that makes YAML
 * dangerous or surprising is decided while building: what a plain scalar means, duplicate
 * keys, merge keys, aliases that multiply, nesting. The event loop has a stack of its own and
 * stops at CREG_LIMIT_DEPTH before libyaml's cost, quadratic in open flow brackets, can show.
 *
 * libyaml takes its memory from malloc and has no hook for that: the parser and the one
 * event that is alive are always deleted, on every path.
 */
#include "format/yaml.h"

#include <yaml.h>

#include "base/arena.h"
#include "base/fail.h"
#include "base/limits.h"
#include "format/yaml_events.h"

/* Aliases may make a document this many times larger, once it is worth looking at. */
enum { EXPANSION_MAX = 10, EXPANSION_FREE_NODES = 100000 };

enum { NO_ANCHOR = UINT32_MAX };

/* A container that is being filled. */
typedef struct frame {
    creg_value value;
    creg_value key;   /* of the member that waits for its value */
    creg_value merge; /* what "<<" brought, or UNDEFINED */
    size_t nodes;     /* in it so far, aliases expanded */
    size_t merge_at;  /* offset of "<<" */
    uint32_t anchor;
    bool has_key;
    bool key_is_merge;
} frame;

typedef struct anchor {
    creg_value value;
    size_t nodes;
    bool is_open; /* its container is not complete yet */
} anchor;

typedef struct reader {
    creg_yaml_events events;
    unsigned flags;
    creg_arena *arena;
    creg_value root;
    bool has_root;
    size_t written;         /* nodes in the text */
    size_t expanded;        /* nodes with aliases counted as what they stand for */
    creg_map *anchor_index; /* name -> INT, an index of `anchors` */
    anchor *anchors;
    size_t anchor_count;
    size_t anchor_room;
    creg_yaml_extents *extents; /* may be NULL */
    size_t extent_room;
    creg_fault *fault;
    creg_error *err;
    size_t depth;
    frame stack[CREG_LIMIT_DEPTH];
} reader;

static void set_fault(reader *read, const yaml_mark_t *mark)
{
    read->fault->at = creg_yaml_offset(&read->events, mark->index);
    read->fault->has_place = true;
}

static creg_status fail_here(reader *read, creg_status status, const char *message)
{
    set_fault(read, &read->events.event.start_mark);
    return creg_fail(read->err, status, "%s", message);
}

static creg_status fail_memory(reader *read)
{
    return creg_fail_arena(read->err, read->arena);
}

/* ---- counting -------------------------------------------------------------------------- */

static creg_status count_nodes(reader *read, size_t written, size_t expanded)
{
    read->written += written;
    read->expanded += expanded;
    if (read->expanded > CREG_LIMIT_YAML_NODES) {
        set_fault(read, &read->events.event.start_mark);
        return creg_fail(read->err, CREG_LIMIT, "more than %d nodes of YAML",
                         CREG_LIMIT_YAML_NODES);
    }
    if (read->expanded > EXPANSION_FREE_NODES && read->expanded / EXPANSION_MAX > read->written)
        return fail_here(read, CREG_LIMIT, "aliases make the document too large");
    return CREG_OK;
}

/* ---- anchors --------------------------------------------------------------------------- */

static bool make_anchor_room(reader *read)
{
    if (read->anchor_count < read->anchor_room)
        return true;
    size_t room = read->anchor_room == 0 ? 16 : read->anchor_room * 2;
    anchor *grown = creg_arena_grow(read->arena, read->anchors,
                                    read->anchor_room * sizeof *grown, room * sizeof *grown);
    if (grown == NULL)
        return false;
    read->anchors = grown;
    read->anchor_room = room;
    return true;
}

/* Give the value a name; a name that is used again means the newer value from here on. */
static creg_status add_anchor(reader *read, const yaml_char_t *name, anchor fresh,
                              uint32_t *ret_index)
{
    *ret_index = NO_ANCHOR;
    if (name == NULL)
        return CREG_OK;
    if (read->anchor_index == NULL)
        read->anchor_index = creg_map_new(read->arena, 8);
    if (read->anchor_index == NULL || !make_anchor_room(read))
        return fail_memory(read);
    *ret_index = (uint32_t)read->anchor_count;
    read->anchors[read->anchor_count++] = fresh;
    if (!creg_map_set_text(read->arena, read->anchor_index, creg_slice_of((const char *)name),
                           creg_value_int(*ret_index)))
        return fail_memory(read);
    return CREG_OK;
}

static creg_status fail_alias(reader *read, const char *what)
{
    set_fault(read, &read->events.event.start_mark);
    return creg_fail(read->err, CREG_INVALID, "alias '%.200s' %s",
                     (const char *)read->events.event.data.alias.anchor, what);
}

static creg_status find_anchor(reader *read, anchor *ret_anchor)
{
    creg_slice name = creg_slice_of((const char *)read->events.event.data.alias.anchor);
    const creg_value *index = NULL;
    if (read->anchor_index != NULL)
        index = creg_map_get_text(read->anchor_index, name);
    if (index == NULL)
        return fail_alias(read, "has no anchor before it");
    *ret_anchor = read->anchors[index->as.integer];
    return ret_anchor->is_open ? fail_alias(read, "stands inside what it names") : CREG_OK;
}

/* ---- maps ------------------------------------------------------------------------------ */

static bool is_scalar_key(creg_value key)
{
    return !creg_value_is(key, CREG_KIND_LIST) && !creg_value_is(key, CREG_KIND_MAP);
}

/* Where the key stood first; the path is known from the keys that are being read. */
static void set_fault_first(reader *read, creg_value key)
{
    creg_step steps[CREG_LIMIT_DEPTH];
    for (size_t i = 0; i < read->depth; i++) {
        const frame *level = &read->stack[i];
        bool is_item = creg_value_is(level->value, CREG_KIND_LIST);
        steps[i] = (creg_step){.is_item = is_item,
                               .index = is_item ? level->value.as.list->size : 0,
                               .key = level->key};
    }
    /* An item that is being read is in its list already. */
    for (size_t i = 0; i + 1 < read->depth; i++)
        if (steps[i].is_item)
            steps[i].index--;
    steps[read->depth - 1].key = key;
    creg_path path = {steps, read->depth, true};
    creg_extent extent;
    if (!creg_yaml_locate(read->events.text, read->flags, path, &extent))
        return;
    read->fault->other = extent.begin;
    read->fault->has_other = true;
}

static creg_status fail_duplicate(reader *read, creg_value key)
{
    creg_slice shown = creg_slice_of("<<");
    set_fault(read, &read->events.event.start_mark);
    if (!creg_value_is(key, CREG_KIND_UNDEFINED)) {
        set_fault_first(read, key);
        creg_status status = creg_value_str(key, read->arena, &shown, read->err);
        if (status != CREG_OK)
            return status;
    }
    return creg_fail(read->err, CREG_INVALID, "duplicate key '%.*s'", CREG_SHOW(shown));
}

static creg_status take_merge_key(reader *read, frame *top)
{
    size_t at = creg_yaml_offset(&read->events, read->events.event.start_mark.index);
    if (!creg_value_is(top->merge, CREG_KIND_UNDEFINED)) {
        creg_status status = fail_duplicate(read, creg_value_undefined());
        read->fault->other = top->merge_at;
        read->fault->has_other = true;
        return status;
    }
    top->merge_at = at;
    top->has_key = true;
    top->key_is_merge = true;
    return CREG_OK;
}

/* Keys are noted in the map at once, so that a duplicate is seen where it stands. */
static creg_status take_key(reader *read, frame *top, creg_value key, bool is_merge)
{
    if (is_merge)
        return take_merge_key(read, top);
    if (!is_scalar_key(key))
        return fail_here(read, CREG_INVALID, "a key must be a scalar");
    creg_map *map = top->value.as.map;
    size_t size = map->size;
    if (!creg_map_set(read->arena, map, key, creg_value_none()))
        return fail_memory(read);
    if (map->size == size)
        return fail_duplicate(read, key);
    top->key = key;
    top->has_key = true;
    return CREG_OK;
}

static bool is_mergeable(creg_value value)
{
    if (creg_value_is(value, CREG_KIND_MAP))
        return true;
    if (!creg_value_is(value, CREG_KIND_LIST))
        return false;
    for (size_t i = 0; i < value.as.list->size; i++)
        if (!creg_value_is(value.as.list->items[i], CREG_KIND_MAP))
            return false;
    return true;
}

static void take_value(frame *top, creg_value value)
{
    creg_map *map = top->value.as.map;
    top->has_key = false;
    if (top->key_is_merge)
        top->merge = value;
    else
        map->entries[map->filled - 1].value = value; /* take_key put it there */
    top->key_is_merge = false;
}

static bool overlay(reader *read, creg_map *map, const creg_map *more)
{
    for (size_t i = 0; i < more->filled; i++)
        if (more->entries[i].used &&
            !creg_map_set(read->arena, map, more->entries[i].key, more->entries[i].value))
            return false;
    return true;
}

/* Merged maps first, the earlier ones over the later ones, then the map's own keys over all. */
static bool overlay_all(reader *read, creg_map *fresh, const frame *top)
{
    if (creg_value_is(top->merge, CREG_KIND_MAP) && !overlay(read, fresh, top->merge.as.map))
        return false;
    if (creg_value_is(top->merge, CREG_KIND_LIST))
        for (size_t i = top->merge.as.list->size; i > 0; i--)
            if (!overlay(read, fresh, top->merge.as.list->items[i - 1].as.map))
                return false;
    return overlay(read, fresh, top->value.as.map);
}

/* The map keeps its address: its owner and an anchor know it by that. */
static creg_status finish_merge(reader *read, frame *top)
{
    if (creg_value_is(top->merge, CREG_KIND_UNDEFINED))
        return CREG_OK;
    if (!is_mergeable(top->merge)) {
        read->fault->at = top->merge_at;
        read->fault->has_place = true;
        return creg_fail(read->err, CREG_INVALID, "'<<' takes a map or a list of maps");
    }
    creg_map *fresh = creg_map_new(read->arena, top->value.as.map->size);
    if (fresh == NULL || !overlay_all(read, fresh, top))
        return fail_memory(read);
    *top->value.as.map = *fresh;
    return CREG_OK;
}

/* ---- placing values -------------------------------------------------------------------- */

/* Give a value to whoever waits for it: the open container, or the document. */
static creg_status place_value(reader *read, creg_value value, bool is_merge)
{
    if (read->depth == 0) {
        read->root = value;
        read->has_root = true;
        return CREG_OK;
    }
    frame *top = &read->stack[read->depth - 1];
    if (creg_value_is(top->value, CREG_KIND_LIST))
        return creg_list_append(read->arena, top->value.as.list, value) ? CREG_OK
                                                                        : fail_memory(read);
    if (!top->has_key)
        return take_key(read, top, value, is_merge);
    take_value(top, value);
    return CREG_OK;
}

static bool expects_key(const reader *read)
{
    if (read->depth == 0)
        return false;
    const frame *top = &read->stack[read->depth - 1];
    return creg_value_is(top->value, CREG_KIND_MAP) && !top->has_key;
}

static void add_to_owner(reader *read, size_t nodes)
{
    if (read->depth > 0)
        read->stack[read->depth - 1].nodes += nodes;
}

/* ---- events ---------------------------------------------------------------------------- */

static creg_yaml_style style_of(yaml_scalar_style_t style)
{
    if (style == YAML_PLAIN_SCALAR_STYLE || style == YAML_ANY_SCALAR_STYLE)
        return CREG_YAML_PLAIN;
    if (style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE)
        return CREG_YAML_BLOCK;
    return CREG_YAML_QUOTED;
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* The end of the space, and the comments in it, that begin at `at`. */
static size_t skip_space(creg_slice text, size_t at)
{
    while (at < text.size && (is_space(text.data[at]) || text.data[at] == '#')) {
        if (text.data[at] == '#')
            while (at < text.size && text.data[at] != '\n')
                at++;
        else
            at++;
    }
    return at;
}

/* libyaml lets a scalar begin at its anchor or tag; the text itself begins behind them. */
static creg_extent extent_of_scalar(reader *read)
{
    const yaml_event_t *event = &read->events.event;
    creg_slice text = read->events.text;
    creg_extent extent = {creg_yaml_offset(&read->events, event->start_mark.index),
                          creg_yaml_offset(&read->events, event->end_mark.index)};
    if (event->data.scalar.anchor == NULL && event->data.scalar.tag == NULL)
        return extent;
    while (extent.begin < extent.end &&
           (text.data[extent.begin] == '&' || text.data[extent.begin] == '!')) {
        while (extent.begin < extent.end && !is_space(text.data[extent.begin]))
            extent.begin++;
        extent.begin = skip_space(text, extent.begin);
    }
    if (extent.begin > extent.end)
        extent.begin = extent.end;
    return extent;
}

static creg_status note_extent(reader *read, bool is_merge)
{
    creg_yaml_extents *extents = read->extents;
    if (extents == NULL)
        return CREG_OK;
    if (extents->size == read->extent_room) {
        size_t room = read->extent_room == 0 ? 64 : read->extent_room * 2;
        creg_yaml_extent *grown = creg_arena_grow(
            read->arena, extents->items, extents->size * sizeof *grown, room * sizeof *grown);
        if (grown == NULL)
            return fail_memory(read);
        extents->items = grown;
        read->extent_room = room;
    }
    extents->items[extents->size++] = (creg_yaml_extent){
        .extent = extent_of_scalar(read),
        .style = style_of(read->events.event.data.scalar.style),
        .is_key = expects_key(read),
        .is_merge = is_merge,
    };
    return CREG_OK;
}

static creg_status on_scalar(reader *read)
{
    creg_value value;
    creg_yaml_type type;
    creg_status status = creg_yaml_event_scalar(&read->events, read->flags, read->arena, &value,
                                                &type, read->err);
    if (status != CREG_OK) {
        set_fault(read, &read->events.event.start_mark);
        return status;
    }
    bool is_merge = type == CREG_YAML_MERGE && expects_key(read);
    status = note_extent(read, is_merge);
    if (status == CREG_OK)
        status = count_nodes(read, 1, 1);
    uint32_t index;
    anchor named = {value, 1, false};
    if (status == CREG_OK)
        status = add_anchor(read, read->events.event.data.scalar.anchor, named, &index);
    if (status != CREG_OK)
        return status;
    add_to_owner(read, 1);
    return place_value(read, value, is_merge);
}

static creg_status on_alias(reader *read)
{
    anchor named = {0};
    creg_status status = find_anchor(read, &named);
    if (status == CREG_OK)
        status = count_nodes(read, 1, named.nodes);
    if (status != CREG_OK)
        return status;
    add_to_owner(read, named.nodes);
    return place_value(read, named.value, false);
}

static creg_status make_container(reader *read, bool is_list, creg_value *ret_value)
{
    if (is_list)
        *ret_value = creg_value_list(creg_list_new(read->arena, 0));
    else
        *ret_value = creg_value_map(creg_map_new(read->arena, 0));
    return ret_value->as.list == NULL ? fail_memory(read) : CREG_OK;
}

static creg_status push(reader *read, creg_value value, const yaml_char_t *name)
{
    frame fresh = {.value = value,
                   .key = creg_value_undefined(),
                   .merge = creg_value_undefined(),
                   .nodes = 1};
    anchor named = {value, 0, true};
    creg_status status = add_anchor(read, name, named, &fresh.anchor);
    if (status == CREG_OK)
        read->stack[read->depth++] = fresh;
    return status;
}

static creg_status on_start(reader *read, bool is_list, const yaml_char_t *name)
{
    if (read->depth == CREG_LIMIT_DEPTH) {
        set_fault(read, &read->events.event.start_mark);
        return creg_fail(read->err, CREG_LIMIT, "nested deeper than %d levels",
                         CREG_LIMIT_DEPTH);
    }
    if (expects_key(read))
        return fail_here(read, CREG_INVALID, "a key must be a scalar");
    creg_status status = creg_yaml_event_check_tag(&read->events, is_list, read->err);
    if (status != CREG_OK) {
        set_fault(read, &read->events.event.start_mark);
        return status;
    }
    creg_value value;
    status = count_nodes(read, 1, 1);
    if (status == CREG_OK)
        status = make_container(read, is_list, &value);
    if (status == CREG_OK)
        status = place_value(read, value, false);
    return status == CREG_OK ? push(read, value, name) : status;
}

static creg_status on_end(reader *read)
{
    frame *top = &read->stack[read->depth - 1];
    creg_status status = CREG_OK;
    if (creg_value_is(top->value, CREG_KIND_MAP))
        status = finish_merge(read, top);
    if (top->anchor != NO_ANCHOR) {
        read->anchors[top->anchor].nodes = top->nodes;
        read->anchors[top->anchor].is_open = false;
    }
    read->depth--;
    add_to_owner(read, top->nodes);
    return status;
}

static creg_status on_document(reader *read)
{
    if (!read->has_root)
        return CREG_OK;
    return fail_here(read, CREG_INVALID, "a second YAML document begins; one is expected");
}

static creg_status on_event(reader *read)
{
    const yaml_event_t *event = &read->events.event;
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return on_document(read);
    case YAML_SCALAR_EVENT:
        return on_scalar(read);
    case YAML_ALIAS_EVENT:
        return on_alias(read);
    case YAML_SEQUENCE_START_EVENT:
        return on_start(read, true, event->data.sequence_start.anchor);
    case YAML_MAPPING_START_EVENT:
        return on_start(read, false, event->data.mapping_start.anchor);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_end(read);
    default:
        return CREG_OK;
    }
}

/* ---- the text -------------------------------------------------------------------------- */

static creg_status read_events(reader *read)
{
    creg_status status = CREG_OK;
    while (status == CREG_OK && !creg_yaml_events_done(&read->events)) {
        status = creg_yaml_events_next(&read->events, read->fault, read->err);
        if (status == CREG_OK)
            status = on_event(read);
    }
    return status;
}

static void init_reader(reader *read, unsigned flags, creg_arena *arena, creg_fault *fault,
                        creg_error *err)
{
    memset(read, 0, offsetof(reader, stack));
    read->flags = flags;
    read->arena = arena;
    read->root = creg_value_none();
    read->fault = fault;
    read->err = err;
}

creg_status creg_yaml_read(creg_slice text, unsigned flags, creg_arena *arena,
                           creg_value *ret_value, creg_yaml_extents *ret_extents,
                           creg_fault *ret_fault, creg_error *err)
{
    memset(ret_fault, 0, sizeof *ret_fault);
    reader read;
    init_reader(&read, flags, arena, ret_fault, err);
    creg_yaml_extents extents = {NULL, 0};
    read.extents = ret_extents == NULL ? NULL : &extents;
    creg_status status = creg_yaml_events_open(&read.events, text, err);
    if (status != CREG_OK)
        return status;
    status = read_events(&read);
    creg_yaml_events_close(&read.events);
    if (status != CREG_OK)
        return status;
    *ret_value = read.root;
    if (ret_extents != NULL)
        *ret_extents = extents;
    return CREG_OK;
}

creg_status creg_yaml_parse(creg_slice text, const char *name, unsigned flags,
                            creg_arena *arena, creg_value *ret_value, creg_error *err)
{
    creg_fault fault;
    creg_status status = creg_yaml_read(text, flags, arena, ret_value, NULL, &fault, err);
    if (status != CREG_OK)
        creg_place_fault(err, name, text, &fault);
    return status;
}
