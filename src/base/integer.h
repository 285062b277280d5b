/* SPDX-License-Identifier: MIT */
/*
 * Integers of any size, with Python's arithmetic.
 *
 * A creg_integer is a 64-bit number, or a pointer to a big one in an arena; a big one never
 * holds what fits into 64 bits. Results are immutable. Every operation takes the most
 * decimal digits that a result may have, checks it before the work, and answers CREG_LIMIT
 * past it: `10**10**10` costs nothing.
 *
 * CREG_LIMIT      too many digits, or the arena's budget is used up
 * CREG_NO_MEMORY  the system has none
 *
 * Threads: any; an arena belongs to one.
 */
#ifndef CREG_BASE_INTEGER_H
#define CREG_BASE_INTEGER_H

#include "base/text.h"

struct creg_bigint;

typedef struct creg_integer {
    struct creg_bigint *big; /**< NULL: the number is `small` */
    int64_t small;
} creg_integer;

static inline creg_integer creg_integer_of(int64_t small)
{
    creg_integer integer = {NULL, small};
    return integer;
}

/** Where results go and how large they may be. */
typedef struct creg_integer_room {
    creg_arena *arena;
    uint32_t digits_max;
} creg_integer_room;

creg_status creg_integer_add(creg_integer_room room, creg_integer left, creg_integer right,
                             creg_integer *ret_sum, creg_error *err);
creg_status creg_integer_subtract(creg_integer_room room, creg_integer left, creg_integer right,
                                  creg_integer *ret_difference, creg_error *err);
creg_status creg_integer_multiply(creg_integer_room room, creg_integer left, creg_integer right,
                                  creg_integer *ret_product, creg_error *err);
creg_status creg_integer_negate(creg_integer_room room, creg_integer integer,
                                creg_integer *ret_negated, creg_error *err);

/** Floor division and its remainder (sign of the divisor), which must not be 0. Either
 * result may be NULL. */
creg_status creg_integer_divide(creg_integer_room room, creg_integer left, creg_integer right,
                                creg_integer *ret_quotient, creg_integer *ret_remainder,
                                creg_error *err);

/** base ** exponent; the exponent must not be negative. */
creg_status creg_integer_power(creg_integer_room room, creg_integer base, creg_integer exponent,
                               creg_integer *ret_power, creg_error *err);

/** left / right as the nearest double; right must not be 0. `*ret_fits` false: too large. */
creg_status creg_integer_ratio(creg_integer left, creg_integer right, double *ret_ratio,
                               bool *ret_fits, creg_error *err);

/** The nearest double (ties to even); false when it is too large for one. */
bool creg_integer_to_double(creg_integer integer, double *ret_real);

/** The whole part of a finite double. */
creg_status creg_integer_from_double(creg_integer_room room, double real,
                                     creg_integer *ret_integer, creg_error *err);

/** -1, 0 or 1. */
int creg_integer_compare(creg_integer left, creg_integer right);

/** -1, 0 or 1, exactly, whatever the double's size; 2 when it is a NaN. */
int creg_integer_compare_double(creg_integer left, double right);

/** -1, 0 or 1. */
int creg_integer_sign(creg_integer integer);

bool creg_integer_is_odd(creg_integer integer);

/** Bits of the magnitude (Python's int.bit_length()). */
size_t creg_integer_bits(creg_integer integer);

/** How many bits of the magnitude are one. */
size_t creg_integer_ones(creg_integer integer);

/** Append in a base from 2 to 36, lower-case letters, "-" in front of negative ones. */
void creg_integer_print(creg_text *text, creg_integer integer, unsigned base);

/**
 * Python's int(text, base); base 0 takes the prefix's word for it.
 *
 * CREG_INVALID  not an integer, message and type as Python's ValueError
 */
creg_status creg_integer_parse(creg_integer_room room, creg_slice text, unsigned base,
                               creg_integer *ret_integer, creg_error *err);

/** A copy in another arena; NULL: see arena->failed. */
struct creg_bigint *creg_bigint_copy(creg_arena *arena, const struct creg_bigint *big);

/** A hash of a big integer by its value. */
uint64_t creg_bigint_hash(const struct creg_bigint *big);

#endif
