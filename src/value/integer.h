/* SPDX-License-Identifier: MIT */
/*
 * Between creg_value and the integers of base/integer.h.
 */
#ifndef CREG_VALUE_INTEGER_H
#define CREG_VALUE_INTEGER_H

#include "base/integer.h"
#include "confreg/value.h"

/** BOOL, INT or BIGINT? Python's isinstance(value, int). */
static inline bool creg_value_is_integer(creg_value value)
{
    return value.kind >= CREG_KIND_BOOL && value.kind <= CREG_KIND_BIGINT;
}

/** BOOL, INT, BIGINT or FLOAT? */
static inline bool creg_value_is_number(creg_value value)
{
    return value.kind >= CREG_KIND_BOOL && value.kind <= CREG_KIND_FLOAT;
}

/** The integer in a BOOL, INT or BIGINT. */
static inline creg_integer creg_value_to_integer(creg_value value)
{
    if (value.kind == CREG_KIND_BIGINT)
        return (creg_integer){.big = value.as.big, .small = 0};
    return creg_integer_of(value.as.integer);
}

/** INT or BIGINT. */
static inline creg_value creg_value_of_integer(creg_integer integer)
{
    if (integer.big == NULL)
        return creg_value_int(integer.small);
    creg_value value = creg_value_of_kind(CREG_KIND_BIGINT);
    value.as.big = integer.big;
    return value;
}

#endif
