/* SPDX-License-Identifier: MIT */
/*
 * Commit records and intents to JSON and back.
 */
#include "registry/record.h"

#include "base/fail.h"
#include "confreg/value.h"

enum {
    FORMAT = 1,
    DIGITS = 15 /* of a count: more than any tree, and far from overflow */
};

static const creg_json_style compact = {.compact = true};

/* ---- printing ---------------------------------------------------------------------------- */

/* Keys are static text, so they need no copy. The arena remembers a failure. */
static void put(creg_arena *arena, creg_map *map, const char *name, creg_value value)
{
    if (map != NULL)
        creg_map_set(arena, map, creg_value_cstring(name), value);
}

static void put_text(creg_arena *arena, creg_map *map, const char *name, creg_slice text)
{
    put(arena, map, name, creg_value_string(text));
}

static creg_status options_value(creg_slice json, creg_arena *arena, creg_value *ret_options,
                                 creg_error *err)
{
    if (json.size != 0)
        return creg_json_parse(json, "options", CREG_PARSE_NUMBERS_AS_WRITTEN, arena,
                               ret_options, err);
    creg_map *none = creg_map_new(arena, 0);
    if (none == NULL)
        return creg_fail_arena(err, arena);
    *ret_options = creg_value_map(none);
    return CREG_OK;
}

creg_status creg_record_print(const creg_instance *instance, creg_arena *arena,
                              creg_slice *ret_text, creg_error *err)
{
    creg_value options;
    creg_status status = options_value(instance->options, arena, &options, err);
    if (status != CREG_OK)
        return status;
    creg_map *map = creg_map_new(arena, 8);
    put(arena, map, "f", creg_value_int(FORMAT));
    put_text(arena, map, "r", instance->request_id);
    put(arena, map, "n", creg_value_int((int64_t)instance->key_count));
    put_text(arena, map, "d", instance->digest);
    put_text(arena, map, "t", instance->created);
    put_text(arena, map, "by", instance->author);
    put_text(arena, map, "tpl", instance->template_digest);
    put(arena, map, "o", options);
    if (arena->failed != CREG_OK)
        return creg_fail_arena(err, arena);
    return creg_json_print(creg_value_map(map), &compact, arena, ret_text, err);
}

creg_status creg_intent_print(const creg_intent *intent, creg_arena *arena,
                              creg_slice *ret_text, creg_error *err)
{
    creg_map *map = creg_map_new(arena, 4);
    creg_slice operation = creg_slice_of(intent->is_change   ? "change"
                                         : intent->is_delete ? "delete"
                                                             : "create");
    put(arena, map, "f", creg_value_int(FORMAT));
    put_text(arena, map, "r", intent->request_id);
    put_text(arena, map, "op", operation);
    put(arena, map, "n", creg_value_int((int64_t)intent->key_count));
    if (intent->is_change)
        put_text(arena, map, "s", creg_slice_of(intent->is_active ? "active" : "open"));
    if (intent->is_active)
        put(arena, map, "o", intent->operations);
    if (arena->failed != CREG_OK)
        return creg_fail_arena(err, arena);
    return creg_json_print(creg_value_map(map), &compact, arena, ret_text, err);
}

/* ---- parsing ----------------------------------------------------------------------------- */

static creg_slice text_of(const creg_map *map, const char *name)
{
    const creg_value *found = creg_map_get_text(map, creg_slice_of(name));
    bool is_text = found != NULL && creg_value_is(*found, CREG_KIND_STRING);
    return is_text ? creg_value_text(*found) : creg_slice_make("", 0);
}

/* A count, or -1. Numbers come as written, so that the options keep their spelling. */
static int64_t integer_of(const creg_map *map, const char *name)
{
    const creg_value *found = creg_map_get_text(map, creg_slice_of(name));
    if (found == NULL || !creg_value_is(*found, CREG_KIND_NUMBER) || found->size > DIGITS)
        return -1;
    int64_t integer = 0;
    for (uint32_t i = 0; i < found->size; i++) {
        char digit = found->as.text[i];
        if (digit < '0' || digit > '9')
            return -1;
        integer = integer * 10 + (digit - '0');
    }
    return integer;
}

/* The MAP of a book's text, of a format that we know and with a count. */
static creg_status parse_book(creg_slice key, creg_slice text, creg_arena *arena,
                              const creg_map **ret_map, creg_error *err)
{
    *ret_map = NULL;
    creg_value value;
    creg_status status =
        creg_json_parse(text, NULL, CREG_PARSE_NUMBERS_AS_WRITTEN, arena, &value, NULL);
    if (status == CREG_NO_MEMORY || arena->failed != CREG_OK)
        return creg_fail_arena(err, arena);
    if (status == CREG_OK && creg_value_is(value, CREG_KIND_MAP)) {
        *ret_map = value.as.map;
        if (integer_of(value.as.map, "f") > FORMAT)
            return creg_fail(err, CREG_UNSUPPORTED,
                             "'%.*s' was written by a newer version of confreg",
                             CREG_SHOW(key));
        if (integer_of(value.as.map, "f") == FORMAT && integer_of(value.as.map, "n") >= 0)
            return CREG_OK;
    }
    creg_fail(err, CREG_DAMAGED, "'%.*s' in the registry's books cannot be read",
              CREG_SHOW(key));
    creg_error_hint(err, "'confreg store fsck' tells what is damaged");
    return CREG_DAMAGED;
}

creg_status creg_record_parse(creg_slice key, creg_slice text, creg_arena *arena,
                              creg_instance *instance, creg_error *err)
{
    const creg_map *map;
    creg_status status = parse_book(key, text, arena, &map, err);
    if (status != CREG_OK)
        return status;
    instance->request_id = text_of(map, "r");
    instance->key_count = (size_t)integer_of(map, "n");
    instance->digest = text_of(map, "d");
    instance->created = text_of(map, "t");
    instance->author = text_of(map, "by");
    instance->template_digest = text_of(map, "tpl");
    const creg_value *options = creg_map_get_text(map, creg_slice_of("o"));
    instance->options = creg_slice_of("{}");
    if (options == NULL || !creg_value_truthy(*options))
        return CREG_OK;
    return creg_json_print(*options, &compact, arena, &instance->options, err);
}

creg_status creg_intent_parse(creg_slice key, creg_slice text, creg_arena *arena,
                              creg_intent *ret_intent, creg_error *err)
{
    const creg_map *map;
    creg_status status = parse_book(key, text, arena, &map, err);
    if (status != CREG_OK)
        return status;
    ret_intent->request_id = text_of(map, "r");
    ret_intent->is_delete = creg_slice_equal(text_of(map, "op"), creg_slice_of("delete"));
    ret_intent->is_change = creg_slice_equal(text_of(map, "op"), creg_slice_of("change"));
    ret_intent->is_active = creg_slice_equal(text_of(map, "s"), creg_slice_of("active"));
    ret_intent->operations = creg_value_none();
    const creg_value *operations = creg_map_get_text(map, creg_slice_of("o"));
    if (operations != NULL)
        ret_intent->operations = *operations;
    ret_intent->key_count = (size_t)integer_of(map, "n");
    return CREG_OK;
}

creg_status creg_record_names(const creg_dn *dn, creg_arena *arena, creg_instance *instance,
                              creg_error *err)
{
    instance->dn = creg_arena_copy(arena, creg_dn_instance(dn));
    if (instance->dn.data == NULL)
        return creg_fail_arena(err, arena);
    creg_slice names =
        creg_slice_make(instance->dn.data + dn->head_size, dn->instance_size - dn->head_size);
    creg_slice *parts[] = {&instance->user, &instance->name, &instance->version, &instance->id};
    creg_status status = CREG_OK;
    for (size_t i = 0; status == CREG_OK && i < sizeof parts / sizeof parts[0]; i++)
        status = creg_key_decode(creg_dn_segment(names, i), arena, parts[i], err);
    return status;
}
