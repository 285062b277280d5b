/* SPDX-License-Identifier: MIT */
/*
 * From a path to the bytes of a YAML text: a second walk over the events, for complaints.
 *
 * The walk follows the text, not the value that was built: what an alias or a merge key
 * brought in is found where the alias or the "<<" stands.
 */
#include "format/yaml.h"

#include "base/arena.h"
#include "base/limits.h"
#include "format/yaml_events.h"

typedef struct walker {
    creg_yaml_events events;
    unsigned flags;
    creg_arena scratch; /* for the keys on the way */
    creg_extent key;    /* of the member that was entered last */
    bool is_final;      /* an alias or a merge key: no text below it */
} walker;

static bool next(walker *walk)
{
    creg_fault fault;
    return !creg_yaml_events_done(&walk->events) &&
           creg_yaml_events_next(&walk->events, &fault, NULL) == CREG_OK;
}

static yaml_event_type_t type(const walker *walk)
{
    return walk->events.event.type;
}

static bool is_start(yaml_event_type_t event)
{
    return event == YAML_SEQUENCE_START_EVENT || event == YAML_MAPPING_START_EVENT;
}

static bool is_end(yaml_event_type_t event)
{
    return event == YAML_SEQUENCE_END_EVENT || event == YAML_MAPPING_END_EVENT;
}

static creg_extent extent_here(walker *walk)
{
    size_t begin = creg_yaml_offset(&walk->events, walk->events.event.start_mark.index);
    size_t end = creg_yaml_offset(&walk->events, walk->events.event.end_mark.index);
    return (creg_extent){begin, end};
}

/* From the first event of a node to the first event behind it. */
static bool skip_node(walker *walk)
{
    size_t open = 0;
    do {
        if (is_start(type(walk)))
            open++;
        else if (is_end(type(walk)))
            open--;
        if (!next(walk))
            return false;
    } while (open > 0);
    return true;
}

static bool is_same_key(creg_value found, creg_value wanted)
{
    return found.kind == wanted.kind && creg_value_equal(found, wanted);
}

/* Is the current event this key? Notes a merge key on the way. */
static bool key_matches(walker *walk, creg_value wanted, creg_extent *ret_merge,
                        bool *ret_has_merge)
{
    if (type(walk) != YAML_SCALAR_EVENT)
        return false;
    creg_value key;
    creg_yaml_type key_type;
    if (creg_yaml_event_scalar(&walk->events, walk->flags, &walk->scratch, &key, &key_type,
                               NULL) != CREG_OK)
        return false;
    if (key_type == CREG_YAML_MERGE) {
        *ret_merge = extent_here(walk);
        *ret_has_merge = true;
        return false;
    }
    return is_same_key(key, wanted);
}

static bool enter_map(walker *walk, creg_value wanted)
{
    creg_extent merge = {0, 0};
    bool has_merge = false;
    while (type(walk) != YAML_MAPPING_END_EVENT) {
        bool found = key_matches(walk, wanted, &merge, &has_merge);
        walk->key = extent_here(walk);
        if (!skip_node(walk))
            return false;
        if (found)
            return true;
        if (!skip_node(walk))
            return false;
    }
    walk->key = merge;
    walk->is_final = true;
    return has_merge;
}

static bool enter_list(walker *walk, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (type(walk) == YAML_SEQUENCE_END_EVENT || !skip_node(walk))
            return false;
    return type(walk) != YAML_SEQUENCE_END_EVENT;
}

static bool enter(walker *walk, const creg_step *step)
{
    yaml_event_type_t here = type(walk);
    if (here == YAML_ALIAS_EVENT) {
        walk->key = extent_here(walk);
        walk->is_final = true;
        return true;
    }
    if (here != (step->is_item ? YAML_SEQUENCE_START_EVENT : YAML_MAPPING_START_EVENT))
        return false;
    if (!next(walk))
        return false;
    return step->is_item ? enter_list(walk, step->index) : enter_map(walk, step->key);
}

static bool find_root(walker *walk)
{
    while (next(walk))
        if (is_start(type(walk)) || type(walk) == YAML_SCALAR_EVENT)
            return true;
    return false;
}

static bool walk_path(walker *walk, creg_path path, creg_extent *ret_extent)
{
    if (!find_root(walk))
        return false;
    for (size_t i = 0; i < path.size && !walk->is_final; i++)
        if (!enter(walk, &path.steps[i]))
            return false;
    bool wants_key = path.on_key && path.size > 0 && !path.steps[path.size - 1].is_item;
    *ret_extent = walk->is_final || wants_key ? walk->key : extent_here(walk);
    return true;
}

bool creg_yaml_locate(creg_slice text, unsigned flags, creg_path path, creg_extent *ret_extent)
{
    walker walk;
    memset(&walk, 0, sizeof walk);
    if (creg_yaml_events_open(&walk.events, text, NULL) != CREG_OK)
        return false;
    walk.flags = flags;
    creg_arena_init(&walk.scratch, CREG_LIMIT_OPERATION_BYTES);
    bool found = walk_path(&walk, path, ret_extent);
    creg_arena_clear(&walk.scratch);
    creg_yaml_events_close(&walk.events);
    return found;
}
