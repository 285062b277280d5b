/* SPDX-License-Identifier: MIT */
/*
 * From an item to what a filter compares: the `attribute=` path, read once per call, and
 * the case folding that Jinja's ordering filters do unless told otherwise.
 */
#include "jinja/builtins.h"

static bool is_digits(creg_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    return text.size > 0 && text.size < 19;
}

/* "0" in a path is an index, everything else a name. */
static creg_value path_part(creg_slice text)
{
    if (!is_digits(text))
        return creg_value_string(text);
    int64_t index = 0;
    for (size_t i = 0; i < text.size; i++)
        index = index * 10 + (text.data[i] - '0');
    return creg_value_int(index);
}

static creg_status split_path(jinja_run *run, creg_slice path, jinja_item_key *ret_key)
{
    size_t count = 1;
    for (size_t i = 0; i < path.size; i++)
        count += path.data[i] == '.' ? 1 : 0;
    creg_status status = jinja_charge(run, count);
    if (status != CREG_OK)
        return status;
    creg_value *parts = creg_arena_calloc(run->arena, count, sizeof *parts);
    if (parts == NULL)
        return jinja_fail_arena(run);

    size_t start = 0;
    size_t at = 0;
    for (size_t i = 0; i <= path.size; i++) {
        if (i == path.size || path.data[i] == '.') {
            parts[at++] = path_part(creg_slice_make(path.data + start, i - start));
            start = i + 1;
        }
    }
    ret_key->parts = parts;
    ret_key->count = count;
    return CREG_OK;
}

creg_status jinja_item_key_init(jinja_run *run, creg_value attribute, bool fold,
                                jinja_item_key *ret_key)
{
    *ret_key = (jinja_item_key){.otherwise = jinja_missing(), .fold = fold};
    if (jinja_is_missing(attribute) || creg_value_is(attribute, CREG_KIND_NONE))
        return CREG_OK;
    if (creg_value_is(attribute, CREG_KIND_STRING))
        return split_path(run, creg_value_text(attribute), ret_key);

    creg_value *part = creg_arena_new(run->arena, creg_value);
    if (part == NULL)
        return jinja_fail_arena(run);
    *part = attribute;
    ret_key->parts = part;
    ret_key->count = 1;
    return CREG_OK;
}

creg_status jinja_item_key_get(jinja_run *run, const jinja_item_key *key, creg_value item,
                               creg_value *ret_value)
{
    for (size_t i = 0; i < key->count; i++) {
        creg_status status = jinja_get_item(run, item, key->parts[i], &item);
        if (status != CREG_OK)
            return status;
        if (creg_value_is(item, CREG_KIND_UNDEFINED) && !jinja_is_missing(key->otherwise))
            item = key->otherwise;
    }
    if (key->fold)
        return jinja_fold_case(run, item, ret_value);
    *ret_value = item;
    return CREG_OK;
}

/* 0: all bytes are ASCII and none a capital; 1: ASCII with capitals; 2: beyond ASCII. */
static int case_class(creg_slice text)
{
    unsigned char beyond = 0;
    unsigned capitals = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        beyond |= c;
        capitals |= (unsigned)(c - 'A') < 26U;
    }
    return beyond >= 0x80 ? 2 : (int)capitals;
}

creg_status jinja_fold_case(jinja_run *run, creg_value value, creg_value *ret_value)
{
    if (!creg_value_is(value, CREG_KIND_STRING)) {
        *ret_value = value;
        return CREG_OK;
    }
    creg_slice text = creg_value_text(value);
    int class = case_class(text);
    if (class == 2)
        return jinja_call_method(run, value, "lower", NULL, 0, ret_value);
    if (class == 1) {
        char *lower = creg_arena_take(run->arena, text.size);
        if (lower == NULL)
            return jinja_fail_arena(run);
        for (size_t i = 0; i < text.size; i++) {
            unsigned char c = (unsigned char)text.data[i];
            lower[i] = (char)((unsigned)(c - 'A') < 26U ? c + 32 : c);
        }
        text.data = lower;
    }
    *ret_value = creg_value_string(text);
    return CREG_OK;
}
