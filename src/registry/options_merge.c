/* SPDX-License-Identifier: MIT */
/*
 * What a user gives, laid over what a service template declares.
 *
 * Everything that is wrong is told at once: who fixes the first of five complaints to see the
 * second stops reading. A value is coerced only where that loses nothing, because "4" for a
 * text and 4 for a count are both meant, while "4 GB" for a count is not.
 */
#include <math.h>

#include "base/fail.h"
#include "base/limits.h"
#include "base/suggest.h"
#include "base/text.h"
#include "format/json.h"
#include "format/numeral.h"
#include "format/yaml.h"
#include "registry/options.h"
#include "value/integer.h"

/* Complaints of one sort, as one list. */
typedef struct complaints {
    creg_text text;
    size_t count;
} complaints;

typedef struct merger {
    const creg_options *declared;
    const creg_map *given; /* may be NULL */
    bool takes_samples;
    creg_arena *arena;
    creg_map *merged;
    creg_map *names; /* declared name -> INT index; given names that are none are unknown */
    complaints missing;
    complaints unknown;
    complaints wrong;
    creg_error *err;
} merger;

static bool is_type(const creg_option *option, const char *type)
{
    return creg_slice_equal(option->type, creg_slice_of(type));
}

/* ---- numbers that were kept as written -------------------------------------------------- */

static creg_status plain_value(creg_value value, creg_arena *arena, size_t depth,
                               creg_value *ret_value, creg_error *err);

static creg_status plain_list(const creg_list *list, creg_arena *arena, size_t depth,
                              creg_value *ret_value, creg_error *err)
{
    creg_list *copy = creg_list_new(arena, list->size);
    if (copy == NULL)
        return creg_fail_arena(err, arena);
    for (size_t i = 0; i < list->size; i++) {
        creg_value item = creg_value_none();
        creg_status status = plain_value(list->items[i], arena, depth - 1, &item, err);
        if (status != CREG_OK)
            return status;
        if (!creg_list_append(arena, copy, item))
            return creg_fail_arena(err, arena);
    }
    *ret_value = creg_value_list(copy);
    return CREG_OK;
}

static creg_status plain_map(const creg_map *map, creg_arena *arena, size_t depth,
                             creg_value *ret_value, creg_error *err)
{
    creg_map *copy = creg_map_new(arena, map->size);
    if (copy == NULL)
        return creg_fail_arena(err, arena);
    for (size_t i = 0; i < map->filled; i++) {
        if (!map->entries[i].used)
            continue;
        creg_value key = creg_value_none();
        creg_value value = creg_value_none();
        creg_status status = plain_value(map->entries[i].key, arena, 1, &key, err);
        if (status == CREG_OK)
            status = plain_value(map->entries[i].value, arena, depth - 1, &value, err);
        if (status != CREG_OK)
            return status;
        if (!creg_map_set(arena, copy, key, value))
            return creg_fail_arena(err, arena);
    }
    *ret_value = creg_value_map(copy);
    return CREG_OK;
}

/* Templates calculate: they get numbers, not numerals. Depth is bounded by CREG_LIMIT_DEPTH. */
static creg_status plain_value(creg_value value, creg_arena *arena, size_t depth,
                               creg_value *ret_value, creg_error *err)
{
    if (depth == 0)
        return creg_fail(err, CREG_LIMIT, "an option nests deeper than %d levels",
                         CREG_LIMIT_DEPTH);
    if (creg_value_is(value, CREG_KIND_NUMBER))
        return creg_yaml_number(creg_value_text(value), arena, ret_value, err);
    if (creg_value_is(value, CREG_KIND_LIST))
        return plain_list(value.as.list, arena, depth, ret_value, err);
    if (creg_value_is(value, CREG_KIND_MAP))
        return plain_map(value.as.map, arena, depth, ret_value, err);
    *ret_value = value;
    return CREG_OK;
}

/* ---- coercing: CREG_NO when the value is not of the type ------------------------------- */

/* An integer as a person writes it: no leading zeros, which may mean something to somebody. */
static bool is_canonical_integer(creg_slice text)
{
    size_t at = text.size > 0 && text.data[0] == '-' ? 1 : 0;
    if (at == text.size || (text.data[at] == '0' && text.size > 1))
        return false;
    for (; at < text.size; at++)
        if (text.data[at] < '0' || text.data[at] > '9')
            return false;
    return true;
}

static creg_status to_integer(creg_value given, creg_arena *arena, creg_value *ret_value,
                              creg_error *err)
{
    if (creg_value_is(given, CREG_KIND_STRING)) {
        if (!is_canonical_integer(creg_value_text(given)))
            return CREG_NO;
        return creg_numeral_integer(creg_value_text(given), 10, arena, ret_value, err);
    }
    *ret_value = given;
    if (creg_value_is(given, CREG_KIND_INT) || creg_value_is(given, CREG_KIND_BIGINT))
        return CREG_OK;
    bool is_whole = creg_value_is(given, CREG_KIND_FLOAT) && isfinite(given.as.real) &&
                    given.as.real == floor(given.as.real) && fabs(given.as.real) < 9e15;
    if (!is_whole)
        return CREG_NO;
    *ret_value = creg_value_int((int64_t)given.as.real);
    return CREG_OK;
}

static creg_status to_number(creg_value given, creg_arena *arena, creg_value *ret_value,
                             creg_error *err)
{
    if (creg_value_is(given, CREG_KIND_STRING)) {
        if (!creg_json_is_number(creg_value_text(given)))
            return CREG_NO;
        return creg_numeral_value(creg_value_text(given), arena, ret_value, err);
    }
    *ret_value = given;
    bool is_number = creg_value_is(given, CREG_KIND_INT) ||
                     creg_value_is(given, CREG_KIND_BIGINT) ||
                     (creg_value_is(given, CREG_KIND_FLOAT) && isfinite(given.as.real));
    return is_number ? CREG_OK : CREG_NO;
}

static creg_status to_boolean(creg_value given, creg_value *ret_value)
{
    *ret_value = given;
    if (creg_value_is(given, CREG_KIND_BOOL))
        return CREG_OK;
    if (!creg_value_is(given, CREG_KIND_STRING))
        return CREG_NO;
    creg_slice text = creg_value_text(given);
    bool is_true = creg_slice_equal(text, creg_slice_of("true")) ||
                   creg_slice_equal(text, creg_slice_of("True"));
    bool is_false = creg_slice_equal(text, creg_slice_of("false")) ||
                    creg_slice_equal(text, creg_slice_of("False"));
    *ret_value = creg_value_bool(is_true);
    return is_true || is_false ? CREG_OK : CREG_NO;
}

/* A boolean is refused: nobody knows whether true, True or yes was meant. */
static creg_status to_string(creg_value given, creg_arena *arena, creg_value *ret_value,
                             creg_error *err)
{
    *ret_value = given;
    if (creg_value_is(given, CREG_KIND_STRING))
        return CREG_OK;
    creg_slice text;
    creg_status status;
    switch ((creg_kind)given.kind) {
    case CREG_KIND_NUMBER:
    case CREG_KIND_DATE:
        *ret_value = creg_value_string(creg_value_text(given));
        return CREG_OK;
    case CREG_KIND_INT:
    case CREG_KIND_BIGINT:
    case CREG_KIND_FLOAT:
        status = creg_value_str(given, arena, &text, err);
        if (status == CREG_OK)
            *ret_value = creg_value_string(text);
        return status;
    default:
        return CREG_NO;
    }
}

/* A list or map may come as JSON text: the only way to give one on a command line. */
static creg_status to_container(creg_value given, creg_kind kind, creg_arena *arena,
                                creg_value *ret_value)
{
    *ret_value = given;
    if (creg_value_is(given, CREG_KIND_STRING)) {
        creg_fault fault;
        if (creg_json_read(creg_value_text(given), 0, arena, ret_value, &fault, NULL) !=
            CREG_OK)
            return CREG_NO;
    }
    return ret_value->kind == kind ? CREG_OK : CREG_NO;
}

static creg_status coerce(const creg_option *option, creg_value given, creg_arena *arena,
                          creg_value *ret_value, creg_error *err)
{
    if (is_type(option, "string"))
        return to_string(given, arena, ret_value, err);
    creg_value plain;
    creg_status status = plain_value(given, arena, CREG_LIMIT_DEPTH, &plain, err);
    if (status != CREG_OK)
        return status;
    if (is_type(option, "integer"))
        return to_integer(plain, arena, ret_value, err);
    if (is_type(option, "number"))
        return to_number(plain, arena, ret_value, err);
    if (is_type(option, "boolean"))
        return to_boolean(plain, ret_value);
    if (is_type(option, "list"))
        return to_container(plain, CREG_KIND_LIST, arena, ret_value);
    if (is_type(option, "object"))
        return to_container(plain, CREG_KIND_MAP, arena, ret_value);
    *ret_value = plain; /* declared as null: anything goes */
    return CREG_OK;
}

/* ---- complaints ------------------------------------------------------------------------ */

static void add_name(complaints *list, creg_slice name)
{
    creg_text_format(&list->text, "%s'%.*s'", list->count == 0 ? "" : ", ", CREG_SHOW(name));
    list->count++;
}

static creg_status complain_wrong(merger *merge, const creg_option *option, creg_value given)
{
    creg_slice shown;
    creg_status status = creg_value_repr(given, merge->arena, &shown, merge->err);
    if (status != CREG_OK)
        return status;
    add_name(&merge->wrong, option->name);
    bool vowel = is_type(option, "integer") || is_type(option, "object");
    creg_text_format(&merge->wrong.text, " must be %s %.*s, not %.*s", vowel ? "an" : "a",
                     CREG_SHOW(option->type), CREG_SHOW(shown));
    return CREG_OK;
}

/* The whole document is a likely thing to give by mistake; its groups are no options. */
static bool is_group_name(creg_slice name)
{
    return creg_slice_equal(name, creg_slice_of("required")) ||
           creg_slice_equal(name, creg_slice_of("optional")) ||
           creg_slice_equal(name, creg_slice_of("advanced"));
}

static void complain_unknown(merger *merge, creg_slice name, creg_value value)
{
    creg_suggest suggest = creg_suggest_begin(name);
    for (size_t i = 0; i < merge->declared->size; i++)
        creg_suggest_offer(&suggest, merge->declared->items[i].name);
    add_name(&merge->unknown, name);
    if (suggest.best.data != NULL)
        creg_text_format(&merge->unknown.text, " (did you mean '%.*s'?)",
                         CREG_SHOW(suggest.best));
    else if (is_group_name(name) && creg_value_is(value, CREG_KIND_MAP))
        creg_text_string(&merge->unknown.text, " (give the options without their groups)");
}

static void add_part(creg_text *message, const char *one, const char *many,
                     const complaints *part)
{
    if (part->count == 0)
        return;
    if (message->size > 0)
        creg_text_string(message, "; ");
    creg_text_string(message, part->count == 1 ? one : many);
    creg_text_append(message, part->text.data, part->text.size);
}

static creg_status judge(merger *merge)
{
    creg_text message;
    creg_text_init(&message, merge->arena, CREG_ERROR_MESSAGE_SIZE * 4);
    add_part(&message, "missing required option ", "missing required options ",
             &merge->missing);
    add_part(&message, "unknown option ", "unknown options ", &merge->unknown);
    add_part(&message, "option ", "option ", &merge->wrong);
    if (message.size == 0)
        return CREG_OK;
    return creg_fail(merge->err, CREG_INVALID_OPTIONS, "%.*s", (int)message.size, message.data);
}

/* ---- merging --------------------------------------------------------------------------- */

static creg_status take_option(merger *merge, const creg_option *option)
{
    const creg_value *given = NULL;
    if (merge->given != NULL)
        given = creg_map_get_text(merge->given, option->name);
    bool is_required = creg_slice_equal(option->group, creg_slice_of("required"));
    if (given == NULL && is_required && !merge->takes_samples) {
        add_name(&merge->missing, option->name);
        return CREG_OK;
    }
    creg_value value = option->value;
    creg_status status = CREG_OK;
    if (given != NULL)
        status = coerce(option, *given, merge->arena, &value, merge->err);
    if (status == CREG_NO)
        return complain_wrong(merge, option, *given);
    if (status != CREG_OK) {
        creg_error_prefix(merge->err, "option '%.*s': ", CREG_SHOW(option->name));
        return status;
    }
    if (!creg_map_set(merge->arena, merge->merged, creg_value_string(option->name), value))
        return creg_fail_arena(merge->err, merge->arena);
    return CREG_OK;
}

static bool note_names(merger *merge)
{
    for (size_t i = 0; i < merge->declared->size; i++)
        if (!creg_map_set(merge->arena, merge->names,
                          creg_value_string(merge->declared->items[i].name),
                          creg_value_int((int64_t)i)))
            return false;
    return true;
}

/* Names in YAML may be numbers: `1: x` is the option "1" to whoever wrote it, but not to us. */
static creg_status find_unknown(merger *merge)
{
    for (size_t i = 0; merge->given != NULL && i < merge->given->filled; i++) {
        const creg_entry *entry = &merge->given->entries[i];
        if (!entry->used)
            continue;
        creg_slice name;
        creg_status status = creg_value_str(entry->key, merge->arena, &name, merge->err);
        if (status != CREG_OK)
            return status;
        if (!creg_value_is(entry->key, CREG_KIND_STRING) ||
            creg_map_get_text(merge->names, name) == NULL)
            complain_unknown(merge, name, entry->value);
    }
    return CREG_OK;
}

static creg_status merge_all(merger *merge)
{
    creg_status status = CREG_OK;
    for (size_t i = 0; i < merge->declared->size && status == CREG_OK; i++)
        status = take_option(merge, &merge->declared->items[i]);
    if (status == CREG_OK)
        status = find_unknown(merge);
    return status == CREG_OK ? judge(merge) : status;
}

static creg_status merge_options(const creg_options *declared, creg_value given,
                                 bool takes_samples, creg_arena *arena, creg_value *ret_options,
                                 creg_error *err)
{
    bool is_nothing =
        creg_value_is(given, CREG_KIND_NONE) || creg_value_is(given, CREG_KIND_UNDEFINED);
    if (!is_nothing && !creg_value_is(given, CREG_KIND_MAP))
        return creg_fail(err, CREG_INVALID_OPTIONS,
                         "options must be a map of names to values, not %s",
                         creg_value_type_name(given));
    merger merge = {
        .declared = declared, .takes_samples = takes_samples, .arena = arena, .err = err};
    merge.given = creg_value_is(given, CREG_KIND_MAP) ? given.as.map : NULL;
    merge.merged = creg_map_new(arena, declared->size);
    merge.names = creg_map_new(arena, declared->size);
    if (merge.merged == NULL || merge.names == NULL || !note_names(&merge))
        return creg_fail_arena(err, arena);
    creg_text_init(&merge.missing.text, arena, CREG_ERROR_MESSAGE_SIZE);
    creg_text_init(&merge.unknown.text, arena, CREG_ERROR_MESSAGE_SIZE);
    creg_text_init(&merge.wrong.text, arena, CREG_ERROR_MESSAGE_SIZE);
    creg_status status = merge_all(&merge);
    if (status == CREG_OK)
        *ret_options = creg_value_map(merge.merged);
    return status;
}

creg_status creg_options_merge(const creg_options *declared, creg_value given,
                               creg_arena *arena, creg_value *ret_options, creg_error *err)
{
    return merge_options(declared, given, false, arena, ret_options, err);
}

creg_status creg_options_samples(const creg_options *declared, creg_value given,
                                 creg_arena *arena, creg_value *ret_options, creg_error *err)
{
    return merge_options(declared, given, true, arena, ret_options, err);
}
