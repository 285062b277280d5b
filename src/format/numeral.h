/* SPDX-License-Identifier: MIT */
/*
 * Numerals to values, for the parsers and for who kept a number as it was written.
 */
#ifndef CREG_FORMAT_NUMERAL_H
#define CREG_FORMAT_NUMERAL_H

#include "confreg/error.h"
#include "confreg/value.h"

/**
 * An INT or BIGINT from digits of a base (2 to 36), a sign in front allowed, nothing else.
 *
 * CREG_LIMIT  more than CREG_LIMIT_INTEGER_DIGITS digits, or the arena
 */
creg_status creg_numeral_integer(creg_slice digits, unsigned base, creg_arena *arena,
                                 creg_value *ret_value, creg_error *err);

/**
 * A FLOAT from a plain decimal numeral, [-+]DIGITS[.DIGITS][e[-+]DIGITS].
 *
 * CREG_INVALID  too large for a double
 */
creg_status creg_numeral_float(creg_slice numeral, creg_value *ret_value, creg_error *err);

/** INT, BIGINT or FLOAT from a decimal numeral: a float when it has a point or an exponent. */
creg_status creg_numeral_value(creg_slice numeral, creg_arena *arena, creg_value *ret_value,
                               creg_error *err);

#endif
