/* SPDX-License-Identifier: MIT */
/*
 * Numerals to values: which of the three kinds of number a text is, as Python has it.
 */
#include "format/numeral.h"

#include <math.h>

#include "base/fail.h"
#include "base/limits.h"
#include "base/number.h"
#include "value/integer.h"

/* Most integers are short; they need no arena and no big arithmetic. */
static bool read_small(creg_slice digits, unsigned base, int64_t *ret_integer)
{
    if (digits.size == 0 || digits.size > 18 || base != 10)
        return false;
    bool negative = digits.data[0] == '-';
    size_t at = negative || digits.data[0] == '+' ? 1 : 0;
    if (at == digits.size)
        return false;
    int64_t number = 0;
    for (; at < digits.size; at++) {
        if (digits.data[at] < '0' || digits.data[at] > '9')
            return false;
        number = number * 10 + (digits.data[at] - '0');
    }
    *ret_integer = negative ? -number : number;
    return true;
}

creg_status creg_numeral_integer(creg_slice digits, unsigned base, creg_arena *arena,
                                 creg_value *ret_value, creg_error *err)
{
    int64_t small;
    if (read_small(digits, base, &small)) {
        *ret_value = creg_value_int(small);
        return CREG_OK;
    }
    creg_integer_room room = {arena, CREG_LIMIT_INTEGER_DIGITS};
    creg_integer integer;
    creg_status status = creg_integer_parse(room, digits, base, &integer, err);
    if (status != CREG_OK)
        return status;
    *ret_value = creg_value_of_integer(integer);
    return CREG_OK;
}

creg_status creg_numeral_float(creg_slice numeral, creg_value *ret_value, creg_error *err)
{
    double real;
    if (!creg_float_read(numeral, &real))
        return creg_fail(err, CREG_INVALID, "'%.*s' is not a number", CREG_SHOW(numeral));
    if (isinf(real))
        return creg_fail(err, CREG_INVALID, "the number %.*s is too large", CREG_SHOW(numeral));
    *ret_value = creg_value_float(real);
    return CREG_OK;
}

creg_status creg_numeral_value(creg_slice numeral, creg_arena *arena, creg_value *ret_value,
                               creg_error *err)
{
    for (size_t i = 0; i < numeral.size; i++)
        if (numeral.data[i] == '.' || numeral.data[i] == 'e' || numeral.data[i] == 'E')
            return creg_numeral_float(numeral, ret_value, err);
    return creg_numeral_integer(numeral, 10, arena, ret_value, err);
}
