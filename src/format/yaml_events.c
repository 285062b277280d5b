/* SPDX-License-Identifier: MIT */
/*
 * Driving libyaml, and what tags say.
 */
#include "format/yaml_events.h"

#include "base/fail.h"
#include "base/limits.h"
#include "base/utf8.h"

#define TAG_PREFIX "tag:yaml.org,2002:"

static creg_slice without_mark(creg_slice text)
{
    if (text.size < 3 || memcmp(text.data, "\xEF\xBB\xBF", 3) != 0)
        return text;
    return creg_slice_make(text.data + 3, text.size - 3);
}

creg_status creg_yaml_events_open(creg_yaml_events *events, creg_slice text, creg_error *err)
{
    if (text.size > CREG_LIMIT_DOCUMENT)
        return creg_fail(err, CREG_LIMIT, "more than %d bytes of YAML", CREG_LIMIT_DOCUMENT);
    memset(events, 0, sizeof *events);
    if (yaml_parser_initialize(&events->parser) == 0)
        return creg_fail(err, CREG_NO_MEMORY, "out of memory");
    events->text = text;
    events->parsed = without_mark(text);
    events->is_ascii = creg_utf8_is_ascii(text);
    /* Without this, a text could make itself UTF-16 with its first two bytes. */
    yaml_parser_set_encoding(&events->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(
        &events->parser, (const unsigned char *)(text.size == 0 ? "" : events->parsed.data),
        events->parsed.size);
    return CREG_OK;
}

static void drop_event(creg_yaml_events *events)
{
    if (events->has_event)
        yaml_event_delete(&events->event);
    events->has_event = false;
}

/* The reader counts bytes, everybody after it code points. */
static size_t problem_offset(creg_yaml_events *events)
{
    const yaml_parser_t *parser = &events->parser;
    if (parser->error == YAML_READER_ERROR)
        return parser->problem_offset + (events->text.size - events->parsed.size);
    return creg_yaml_offset(events, parser->problem_mark.index);
}

static creg_status fail_syntax(creg_yaml_events *events, creg_fault *fault, creg_error *err)
{
    const yaml_parser_t *parser = &events->parser;
    if (parser->error == YAML_MEMORY_ERROR)
        return creg_fail(err, CREG_NO_MEMORY, "out of memory");
    fault->at = problem_offset(events);
    fault->has_place = true;
    const char *problem = parser->problem == NULL ? "syntax error" : parser->problem;
    if (parser->context == NULL)
        return creg_fail(err, CREG_INVALID, "not YAML: %s", problem);
    return creg_fail(err, CREG_INVALID, "not YAML: %s %s", problem, parser->context);
}

creg_status creg_yaml_events_next(creg_yaml_events *events, creg_fault *fault, creg_error *err)
{
    drop_event(events);
    if (yaml_parser_parse(&events->parser, &events->event) == 0)
        return fail_syntax(events, fault, err);
    events->has_event = true;
    return CREG_OK;
}

bool creg_yaml_events_done(const creg_yaml_events *events)
{
    return events->has_event && events->event.type == YAML_STREAM_END_EVENT;
}

void creg_yaml_events_close(creg_yaml_events *events)
{
    drop_event(events);
    yaml_parser_delete(&events->parser);
}

size_t creg_yaml_offset(creg_yaml_events *events, size_t index)
{
    creg_slice text = events->parsed;
    if (events->is_ascii)
        return index < text.size ? index : text.size;
    if (index < events->known_index)
        events->known_index = events->known_at = 0;
    while (events->known_index < index && events->known_at < text.size) {
        events->known_at++;
        while (events->known_at < text.size && creg_utf8_is_tail(text.data[events->known_at]))
            events->known_at++;
        events->known_index++;
    }
    return events->known_at + (events->text.size - text.size);
}

/* ---- tags ------------------------------------------------------------------------------ */

typedef struct tag_row {
    const char *name;
    creg_yaml_type type;
    unsigned flags; /* must be on for the tag to be known */
} tag_row;

static const tag_row scalar_tags[] = {
    {TAG_PREFIX "str", CREG_YAML_STRING, 0},
    {TAG_PREFIX "int", CREG_YAML_INT, 0},
    {TAG_PREFIX "float", CREG_YAML_FLOAT, 0},
    {TAG_PREFIX "bool", CREG_YAML_BOOL, 0},
    {TAG_PREFIX "null", CREG_YAML_NULL, 0},
    {TAG_PREFIX "merge", CREG_YAML_MERGE, 0},
    {TAG_PREFIX "timestamp", CREG_YAML_DATE, CREG_PARSE_YAML_1_1},
};

/* The tag as it is usually written, "!!str", where that is short. */
static creg_status fail_tag(const char *tag, creg_error *err)
{
    size_t prefix = sizeof TAG_PREFIX - 1;
    if (strncmp(tag, TAG_PREFIX, prefix) == 0)
        return creg_fail(err, CREG_INVALID, "the tag '!!%.200s' is not supported here",
                         tag + prefix);
    return creg_fail(err, CREG_INVALID, "the tag '%.200s' is not supported here", tag);
}

static creg_status type_of_tag(const char *tag, unsigned flags, creg_yaml_type *ret_type,
                               creg_error *err)
{
    for (size_t i = 0; i < sizeof scalar_tags / sizeof scalar_tags[0]; i++)
        if (strcmp(tag, scalar_tags[i].name) == 0 && (scalar_tags[i].flags & ~flags) == 0) {
            *ret_type = scalar_tags[i].type;
            return CREG_OK;
        }
    return fail_tag(tag, err);
}

static bool keeps_text(creg_yaml_type type, unsigned flags)
{
    bool is_number = type == CREG_YAML_INT || type == CREG_YAML_FLOAT;
    return type == CREG_YAML_STRING || type == CREG_YAML_DATE || type == CREG_YAML_MERGE ||
           (is_number && (flags & CREG_PARSE_NUMBERS_AS_WRITTEN) != 0);
}

creg_status creg_yaml_event_scalar(const creg_yaml_events *events, unsigned flags,
                                   creg_arena *arena, creg_value *ret_value,
                                   creg_yaml_type *ret_type, creg_error *err)
{
    const yaml_event_t *event = &events->event;
    creg_slice text =
        creg_slice_make((const char *)event->data.scalar.value, event->data.scalar.length);
    const char *tag = (const char *)event->data.scalar.tag;
    *ret_type = CREG_YAML_STRING;
    /* "!" says: not by its form, so it is text. PyYAML does not mind. */
    bool is_bare = tag != NULL && strcmp(tag, "!") == 0;
    bool by_form = tag == NULL ? event->data.scalar.plain_implicit != 0
                               : is_bare && (flags & CREG_PARSE_YAML_1_1) != 0 &&
                                     event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (tag != NULL && !is_bare) {
        creg_status status = type_of_tag(tag, flags, ret_type, err);
        if (status != CREG_OK)
            return status;
    } else if (by_form) {
        *ret_type = creg_yaml_resolve(text, flags);
    }
    if (keeps_text(*ret_type, flags)) {
        text = creg_arena_copy(arena, text);
        if (text.data == NULL)
            return creg_fail_arena(err, arena);
    }
    return creg_yaml_scalar(text, *ret_type, flags, arena, ret_value, err);
}

creg_status creg_yaml_event_check_tag(const creg_yaml_events *events, bool is_list,
                                      creg_error *err)
{
    const yaml_event_t *event = &events->event;
    const yaml_char_t *tag =
        is_list ? event->data.sequence_start.tag : event->data.mapping_start.tag;
    const char *expected = is_list ? TAG_PREFIX "seq" : TAG_PREFIX "map";
    if (tag == NULL || strcmp((const char *)tag, "!") == 0 ||
        strcmp((const char *)tag, expected) == 0)
        return CREG_OK;
    return fail_tag((const char *)tag, err);
}
