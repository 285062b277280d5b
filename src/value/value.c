/* SPDX-License-Identifier: MIT */
/*
 * Questions about a single value: its truth and the name of its type.
 */
#include "confreg/value.h"

bool creg_value_truthy(creg_value value)
{
    switch ((creg_kind)value.kind) {
    case CREG_KIND_UNDEFINED:
    case CREG_KIND_NONE:
        return false;
    case CREG_KIND_BOOL:
    case CREG_KIND_INT:
        return value.as.integer != 0;
    case CREG_KIND_BIGINT:
        return true;
    case CREG_KIND_FLOAT:
        return value.as.real != 0;
    case CREG_KIND_STRING:
    case CREG_KIND_BYTES:
    case CREG_KIND_NUMBER:
    case CREG_KIND_DATE:
        return value.size != 0;
    case CREG_KIND_LIST:
    case CREG_KIND_TUPLE:
        return value.as.list->size != 0;
    case CREG_KIND_MAP:
    case CREG_KIND_SET:
        return value.as.map->size != 0;
    case CREG_KIND_RANGE:
        return value.as.range->size != 0;
    case CREG_KIND_OBJECT:
        return value.as.object->object_class->truthy == NULL ||
               value.as.object->object_class->truthy(value.as.object);
    }
    return false;
}

const char *creg_value_type_name(creg_value value)
{
    static const char *const names[] = {
        [CREG_KIND_UNDEFINED] = "Undefined",
        [CREG_KIND_NONE] = "NoneType",
        [CREG_KIND_BOOL] = "bool",
        [CREG_KIND_INT] = "int",
        [CREG_KIND_BIGINT] = "int",
        [CREG_KIND_FLOAT] = "float",
        [CREG_KIND_NUMBER] = "number",
        [CREG_KIND_DATE] = "datetime",
        [CREG_KIND_STRING] = "str",
        [CREG_KIND_BYTES] = "bytes",
        [CREG_KIND_LIST] = "list",
        [CREG_KIND_TUPLE] = "tuple",
        [CREG_KIND_SET] = "set",
        [CREG_KIND_MAP] = "dict",
        [CREG_KIND_RANGE] = "range",
    };
    bool has_class = value.kind == CREG_KIND_OBJECT ||
                     (value.kind == CREG_KIND_UNDEFINED && value.as.object != NULL);
    if (has_class)
        return value.as.object->object_class->type_name;
    if (value.kind == CREG_KIND_STRING && (value.flags & CREG_STRING_MARKUP) != 0)
        return "Markup";
    return value.kind < CREG_KIND_OBJECT ? names[value.kind] : "object";
}
