/* SPDX-License-Identifier: MIT */
/*
 * libyaml's event stream over text in memory: one event alive at a time, places in bytes,
 * errors as ours. The reader and the locator of YAML are both loops over this.
 */
#ifndef CREG_FORMAT_YAML_EVENTS_H
#define CREG_FORMAT_YAML_EVENTS_H

#include <yaml.h>

#include "format/yaml.h"

typedef struct creg_yaml_events {
    yaml_parser_t parser;
    yaml_event_t event; /* the current one; deleted by the next call */
    bool has_event;
    bool is_ascii;
    creg_slice text;   /* as given */
    creg_slice parsed; /* without a byte order mark, which libyaml takes only when it guesses */
    size_t known_index; /* a code point ... */
    size_t known_at;    /* ... and its byte: marks come nearly in order */
} creg_yaml_events;

/** Start. On CREG_OK, creg_yaml_events_close() must follow. `text` is borrowed until then. */
creg_status creg_yaml_events_open(creg_yaml_events *events, creg_slice text, creg_error *err);

/** Go to the next event. CREG_INVALID with the fault's place when the text is not YAML. */
creg_status creg_yaml_events_next(creg_yaml_events *events, creg_fault *fault, creg_error *err);

/** Is the current event the last one? */
bool creg_yaml_events_done(const creg_yaml_events *events);

/** Free what libyaml holds. */
void creg_yaml_events_close(creg_yaml_events *events);

/** The byte offset of a mark's index, which counts code points. */
size_t creg_yaml_offset(creg_yaml_events *events, size_t index);

/** The value of the current event, a scalar, in the arena; by its tag, else by its form. */
creg_status creg_yaml_event_scalar(const creg_yaml_events *events, unsigned flags,
                                   creg_arena *arena, creg_value *ret_value,
                                   creg_yaml_type *ret_type, creg_error *err);

/** Does the tag of the current event, the start of a list or map, say just that? */
creg_status creg_yaml_event_check_tag(const creg_yaml_events *events, bool is_list,
                                      creg_error *err);

#endif
