/* SPDX-License-Identifier: MIT */
/*
 * Which methods a type has, and what the method files share.
 */
#include "jinja/methods.h"
#include "jinja/eval.h"

/* ---- finding ---------------------------------------------------------------------------- */

/* The tables are short: the first letter decides nearly always. */
static const jinja_builtin *find_row(const jinja_builtin *rows, creg_slice name)
{
    for (; rows->name != NULL; rows++) {
        if (rows->name[0] != name.data[0])
            continue;
        if (strncmp(rows->name, name.data, name.size) == 0 && rows->name[name.size] == '\0')
            return rows;
    }
    return NULL;
}

static const jinja_builtin *rows_of(creg_value self)
{
    switch ((creg_kind)self.kind) {
    case CREG_KIND_STRING:
        return jinja_methods_text;
    case CREG_KIND_BYTES:
        return jinja_methods_bytes;
    case CREG_KIND_LIST:
        return jinja_methods_list;
    case CREG_KIND_TUPLE:
        return jinja_methods_tuple;
    case CREG_KIND_MAP:
        return jinja_methods_map;
    case CREG_KIND_SET:
        return jinja_methods_set;
    case CREG_KIND_RANGE:
        return jinja_methods_range;
    case CREG_KIND_BOOL:
    case CREG_KIND_INT:
    case CREG_KIND_BIGINT:
        return jinja_methods_int;
    case CREG_KIND_FLOAT:
        return jinja_methods_float;
    default:
        return NULL;
    }
}

const jinja_builtin *jinja_find_method(creg_value self, creg_slice name)
{
    const jinja_builtin *rows = rows_of(self);
    if (rows == NULL || name.size == 0)
        return NULL;
    const jinja_builtin *row = find_row(rows, name);
    if (row == NULL && jinja_is_markup(self))
        row = find_row(jinja_methods_markup, name);
    return row;
}

static bool is_one_of(creg_slice name, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strlen(*names) == name.size && memcmp(*names, name.data, name.size) == 0)
            return true;
    return false;
}

bool jinja_method_changes(creg_value self, creg_slice name)
{
    static const char *const of_list[] = {"append", "clear",   "extend", "insert", "pop",
                                          "remove", "reverse", "sort",   NULL};
    static const char *const of_map[] = {"clear",      "pop",    "popitem",
                                         "setdefault", "update", NULL};
    static const char *const of_set[] = {
        "add", "clear",  "difference_update",           "discard", "intersection_update",
        "pop", "remove", "symmetric_difference_update", "update",  NULL};
    switch ((creg_kind)self.kind) {
    case CREG_KIND_LIST:
        return is_one_of(name, of_list);
    case CREG_KIND_MAP:
        return is_one_of(name, of_map);
    case CREG_KIND_SET:
        return is_one_of(name, of_set);
    default:
        return false;
    }
}

/* ---- helpers ---------------------------------------------------------------------------- */

uint8_t jinja_kept_flags(creg_value self)
{
    return self.flags & (CREG_STRING_MARKUP | CREG_STRING_TRUSTED);
}

creg_value jinja_part(creg_value self, const char *data, size_t size)
{
    self.flags = jinja_kept_flags(self);
    self.as.text = data;
    self.size = (uint32_t)size;
    return self;
}

creg_status jinja_text_of_self(jinja_call *call, creg_text *text, creg_value *ret_value)
{
    creg_value self = call->args[0];
    creg_status status = jinja_text_value(call->run, text, ret_value);
    ret_value->kind = self.kind;
    ret_value->flags = jinja_kept_flags(self);
    return status;
}

creg_status jinja_escape_argument(jinja_call *call, size_t index)
{
    if (!jinja_is_markup(call->args[0]) || !jinja_has(call, index))
        return CREG_OK;
    creg_value *value = &call->args[index];
    if (!creg_value_is(*value, CREG_KIND_STRING) && !jinja_has_html(*value))
        return CREG_OK;
    return jinja_escape(call->run, *value, value);
}

creg_status jinja_argument_bound(jinja_call *call, size_t index, int64_t otherwise,
                                 int64_t *ret_bound)
{
    *ret_bound = otherwise;
    if (!jinja_has(call, index) || creg_value_is(call->args[index], CREG_KIND_NONE))
        return CREG_OK;
    creg_value value = call->args[index];
    if (creg_value_is(value, CREG_KIND_INT) || creg_value_is(value, CREG_KIND_BOOL)) {
        *ret_bound = value.as.integer == INT64_MIN ? -INT64_MAX : value.as.integer;
        return CREG_OK;
    }
    if (creg_value_is(value, CREG_KIND_BIGINT)) {
        bool less;
        creg_status status = jinja_is_less(call->run, value, creg_value_int(0), &less);
        *ret_bound = less ? -INT64_MAX : INT64_MAX;
        return status;
    }
    return jinja_fail(call->run, "TypeError",
                      "slice indices must be integers or None or have an __index__ method");
}

void jinja_clip_bounds(int64_t size, int64_t *start, int64_t *stop)
{
    if (*stop > size)
        *stop = size;
    else if (*stop < 0)
        *stop = *stop + size < 0 ? 0 : *stop + size;
    if (*start < 0)
        *start = *start + size < 0 ? 0 : *start + size;
}

creg_status jinja_check_key(jinja_run *run, creg_value key)
{
    if (jinja_is_strict_undefined(key))
        return jinja_fail_undefined(run, key);
    if (key.kind == CREG_KIND_STRING || creg_value_hashable(key))
        return CREG_OK;
    /* Of a tuple, the item inside is what Python names. */
    while (creg_value_is(key, CREG_KIND_TUPLE)) {
        size_t i = 0;
        const creg_list *items = key.as.list;
        while (i < items->size && creg_value_hashable(items->items[i]))
            i++;
        if (i == items->size)
            break;
        key = items->items[i];
    }
    return jinja_fail(run, "TypeError", "unhashable type: '%s'", creg_value_type_name(key));
}
