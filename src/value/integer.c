/* SPDX-License-Identifier: MIT */
/*
 * Integers of any size as text, for programs that have their own: in base 16 a language whose
 * big integers are binary, too, converts in one pass.
 */
#include "value/integer.h"

#include "base/fail.h"

creg_status creg_value_integer(creg_slice text, unsigned base, creg_arena *arena,
                               creg_value *ret_value, creg_error *err)
{
    creg_integer integer;
    creg_integer_room room = {.arena = arena, .digits_max = UINT32_MAX};
    if (base == 1 || base > 36)
        return creg_fail(err, CREG_USAGE, "there are no integers in base %u", base);
    creg_status status = creg_integer_parse(room, text, base, &integer, err);
    if (status == CREG_OK)
        *ret_value = creg_value_of_integer(integer);
    return status;
}

creg_status creg_value_digits(creg_value value, unsigned base, creg_arena *arena,
                              creg_slice *ret_text, creg_error *err)
{
    if (!creg_value_is_integer(value) || base < 2 || base > 36)
        return creg_fail(err, CREG_USAGE, "no digits in base %u of a value of type %s", base,
                         creg_value_type_name(value));
    creg_text text;
    creg_text_init(&text, arena, SIZE_MAX);
    creg_integer_print(&text, creg_value_to_integer(value), base);
    return creg_text_finish(&text, ret_text, err);
}
