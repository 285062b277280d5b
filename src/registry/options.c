/* SPDX-License-Identifier: MIT */
/*
 * Option documents: which options a service template declares, and reading what a user gives.
 * Laying one over the other is options_merge.c.
 */
#include "registry/options.h"

#include "base/fail.h"
#include "base/limits.h"
#include "base/suggest.h"
#include "base/text.h"

static const char *const groups[] = {"required", "optional", "advanced"};
enum { GROUPS = sizeof groups / sizeof groups[0] };

static const char descriptions_group[] = "descriptions";

typedef struct declaration {
    creg_arena *arena;
    creg_options options;
    size_t room;
    const creg_map *descriptions; /* may be NULL */
    creg_map *seen;               /* name -> group */
    creg_error *err;
} declaration;

/* ---- text ------------------------------------------------------------------------------ */

static creg_slice without_space(creg_slice text)
{
    size_t at = 0;
    while (at < text.size && strchr(" \t\r\n", text.data[at]) != NULL)
        at++;
    return creg_slice_make(text.data + at, text.size - at);
}

static bool looks_like_json(creg_slice text)
{
    creg_slice start = without_space(text);
    return start.size > 0 && start.data[0] == '{';
}

/* What is wrong with an options document has one status; limits keep theirs. */
static creg_status as_options_error(creg_status status, creg_error *err)
{
    if (status != CREG_INVALID)
        return status;
    if (err != NULL)
        err->status = CREG_INVALID_OPTIONS;
    return CREG_INVALID_OPTIONS;
}

static creg_status read_text(creg_slice text, const char *name, unsigned flags,
                             creg_arena *arena, creg_value *ret_value, creg_error *err)
{
    if (text.size > CREG_LIMIT_OPTIONS_BYTES)
        return creg_fail(err, CREG_LIMIT, "more than %d bytes of options",
                         CREG_LIMIT_OPTIONS_BYTES);
    creg_status status = looks_like_json(text)
                             ? creg_json_parse(text, name, flags, arena, ret_value, err)
                             : creg_yaml_parse(text, name, flags, arena, ret_value, err);
    return as_options_error(status, err);
}

static const char *name_of_kind(creg_value value)
{
    switch ((creg_kind)value.kind) {
    case CREG_KIND_NONE:
        return "null";
    case CREG_KIND_BOOL:
        return "a boolean";
    case CREG_KIND_STRING:
        return "text";
    case CREG_KIND_LIST:
    case CREG_KIND_TUPLE:
        return "a list";
    case CREG_KIND_MAP:
        return "a map";
    default:
        return "a number";
    }
}

/* ---- the document's shape -------------------------------------------------------------- */

static bool is_group(creg_slice name)
{
    for (size_t i = 0; i < GROUPS; i++)
        if (creg_slice_equal(name, creg_slice_of(groups[i])))
            return true;
    return creg_slice_equal(name, creg_slice_of(descriptions_group));
}

static creg_status fail_group(creg_slice name, creg_error *err)
{
    creg_suggest suggest = creg_suggest_begin(name);
    for (size_t i = 0; i < GROUPS; i++)
        creg_suggest_offer(&suggest, creg_slice_of(groups[i]));
    creg_suggest_offer(&suggest, creg_slice_of(descriptions_group));
    creg_fail(err, CREG_INVALID_OPTIONS, "'%.*s' is no group of an options document",
              CREG_SHOW(name));
    if (suggest.best.data != NULL)
        creg_error_hint(err, "did you mean '%.*s'?", CREG_SHOW(suggest.best));
    else
        creg_error_hint(err, "the groups are required, optional, advanced and descriptions");
    return CREG_INVALID_OPTIONS;
}

/* Every key is a group, every group a map with text keys that are not empty. */
static creg_status check_group(const creg_entry *entry, creg_error *err)
{
    creg_slice group = creg_value_text(entry->key);
    if (!creg_value_is(entry->key, CREG_KIND_STRING))
        return creg_fail(err, CREG_INVALID_OPTIONS,
                         "a group of an options document has a name that is no text");
    if (!is_group(group))
        return fail_group(group, err);
    if (!creg_value_is(entry->value, CREG_KIND_MAP))
        return creg_fail(err, CREG_INVALID_OPTIONS,
                         "the group '%.*s' must be a map of option names, not %s",
                         CREG_SHOW(group), name_of_kind(entry->value));
    const creg_map *members = entry->value.as.map;
    for (size_t i = 0; i < members->filled; i++) {
        creg_value name = members->entries[i].key;
        if (!creg_value_is(name, CREG_KIND_STRING) || name.size == 0)
            return creg_fail(
                err, CREG_INVALID_OPTIONS, "the group '%.*s' has an option whose name is %s",
                CREG_SHOW(group), creg_value_is(name, CREG_KIND_STRING) ? "empty" : "no text");
    }
    return CREG_OK;
}

static creg_status check_document(creg_value document, creg_error *err)
{
    if (!creg_value_is(document, CREG_KIND_MAP))
        return creg_fail(err, CREG_INVALID_OPTIONS,
                         "an options document must be a map of groups, not %s",
                         name_of_kind(document));
    creg_status status = CREG_OK;
    const creg_map *map = document.as.map;
    for (size_t i = 0; i < map->filled && status == CREG_OK; i++)
        status = check_group(&map->entries[i], err);
    return status;
}

static const creg_map *group_of(creg_value document, const char *name)
{
    const creg_value *group = creg_map_get_text(document.as.map, creg_slice_of(name));
    return group == NULL ? NULL : group->as.map;
}

static creg_status check_descriptions(const creg_map *descriptions, creg_error *err)
{
    for (size_t i = 0; descriptions != NULL && i < descriptions->filled; i++)
        if (!creg_value_is(descriptions->entries[i].value, CREG_KIND_STRING))
            return creg_fail(err, CREG_INVALID_OPTIONS,
                             "the description of '%.*s' must be text, not %s",
                             CREG_SHOW(creg_value_text(descriptions->entries[i].key)),
                             name_of_kind(descriptions->entries[i].value));
    return CREG_OK;
}

/* ---- options --------------------------------------------------------------------------- */

static creg_slice type_of(creg_value value)
{
    switch ((creg_kind)value.kind) {
    case CREG_KIND_BOOL:
        return creg_slice_of("boolean");
    case CREG_KIND_INT:
    case CREG_KIND_BIGINT:
        return creg_slice_of("integer");
    case CREG_KIND_FLOAT:
        return creg_slice_of("number");
    case CREG_KIND_STRING:
        return creg_slice_of("string");
    case CREG_KIND_LIST:
        return creg_slice_of("list");
    case CREG_KIND_MAP:
        return creg_slice_of("object");
    default:
        return creg_slice_of("");
    }
}

static creg_slice description_of(const declaration *declare, creg_slice name)
{
    const creg_value *text = NULL;
    if (declare->descriptions != NULL)
        text = creg_map_get_text(declare->descriptions, name);
    return text == NULL ? creg_slice_of("") : creg_value_text(*text);
}

static creg_status check_once(declaration *declare, creg_slice name, const char *group)
{
    const creg_value *other = creg_map_get_text(declare->seen, name);
    if (other != NULL)
        return creg_fail(declare->err, CREG_INVALID_OPTIONS,
                         "the option '%.*s' is in two groups, %.*s and %s", CREG_SHOW(name),
                         CREG_SHOW(creg_value_text(*other)), group);
    if (!creg_map_set(declare->arena, declare->seen, creg_value_string(name),
                      creg_value_cstring(group)))
        return creg_fail_arena(declare->err, declare->arena);
    return CREG_OK;
}

static creg_option *add_option(declaration *declare)
{
    creg_options *options = &declare->options;
    if (options->size == declare->room) {
        size_t room = declare->room == 0 ? 32 : declare->room * 2;
        creg_option *grown =
            creg_arena_grow(declare->arena, options->items, declare->room * sizeof *grown,
                            room * sizeof *grown);
        if (grown == NULL)
            return NULL;
        options->items = grown;
        declare->room = room;
    }
    return &options->items[options->size++];
}

static creg_status declare_group(declaration *declare, const creg_map *members,
                                 const char *group)
{
    for (size_t i = 0; members != NULL && i < members->filled; i++) {
        creg_slice name = creg_value_text(members->entries[i].key);
        creg_status status = check_once(declare, name, group);
        if (status != CREG_OK)
            return status;
        creg_option *option = add_option(declare);
        if (option == NULL)
            return creg_fail_arena(declare->err, declare->arena);
        *option = (creg_option){.name = name,
                                .group = creg_slice_of(group),
                                .value = members->entries[i].value,
                                .type = type_of(members->entries[i].value),
                                .description = description_of(declare, name)};
    }
    return CREG_OK;
}

static creg_status declare_document(creg_value document, creg_arena *arena,
                                    creg_options *ret_options, creg_error *err)
{
    declaration declare = {.arena = arena, .err = err};
    creg_status status = check_document(document, err);
    if (status != CREG_OK)
        return status;
    declare.descriptions = group_of(document, descriptions_group);
    status = check_descriptions(declare.descriptions, err);
    if (status != CREG_OK)
        return status;
    declare.seen = creg_map_new(arena, 0);
    if (declare.seen == NULL)
        return creg_fail_arena(err, arena);
    for (size_t i = 0; i < GROUPS && status == CREG_OK; i++)
        status = declare_group(&declare, group_of(document, groups[i]), groups[i]);
    *ret_options = declare.options;
    return status;
}

/* ---- the calls ------------------------------------------------------------------------- */

creg_status creg_options_parse(creg_slice text, creg_arena *arena, creg_options *ret_options,
                               creg_error *err)
{
    creg_options options = {NULL, 0};
    creg_status status = CREG_OK;
    if (without_space(text).size > 0) {
        creg_value document;
        status = read_text(text, "options", 0, arena, &document, err);
        if (status == CREG_OK)
            status = declare_document(document, arena, &options, err);
    }
    if (status == CREG_OK)
        *ret_options = options;
    return status;
}

creg_status creg_options_to_json(creg_slice text, creg_arena *arena, creg_slice *ret_json,
                                 creg_error *err)
{
    creg_options options;
    creg_status status = creg_options_parse(text, arena, &options, err);
    if (status != CREG_OK)
        return status;
    if (without_space(text).size == 0) {
        *ret_json = creg_slice_of("{}");
        return CREG_OK;
    }
    if (looks_like_json(text)) {
        *ret_json = text;
        return CREG_OK;
    }
    /* Numbers as written, so that 5.10 in the YAML is 5.10 in the JSON. */
    static const creg_json_style style = {.indent = 2};
    creg_value document;
    status = read_text(text, "options", CREG_PARSE_NUMBERS_AS_WRITTEN, arena, &document, err);
    return status == CREG_OK ? creg_json_print(document, &style, arena, ret_json, err) : status;
}
