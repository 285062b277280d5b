/* SPDX-License-Identifier: MIT */
/*
 * Floating point numbers as text, and back, exactly as Python does it and whatever the
 * process's locale says. Integers are integer.h's job.
 *
 * Threads: any.
 */
#ifndef CREG_BASE_NUMBER_H
#define CREG_BASE_NUMBER_H

#include "base/text.h"

enum { CREG_FLOAT_REPR_MAX = 32 };

/**
 * Python's repr(float): the shortest digits that read back as the same number ("0.1",
 * "1e+16", "-0.0", "inf", "nan"). Writes no NUL; returns the size.
 */
size_t creg_float_repr(double real, char out[CREG_FLOAT_REPR_MAX]);

/** The shortest digits as 0.DIGITS * 10**point. `digits` takes up to 17; returns how many. */
size_t creg_float_shortest(double positive, char digits[20], int *ret_point);

/** How creg_float_format() lays a number out. */
typedef struct creg_float_layout {
    char type;      /**< 'e', 'f', 'g', or 'r': repr, or with a precision as format(x, ".3") */
    int precision;  /**< digits; below 0: 6, and for 'r' the shortest digits */
    bool alternate; /**< '#': always a point, 'g' keeps its zeros */
    bool upper;     /**< E, INF, NAN */
} creg_float_layout;

/** Append |real| laid out; the sign is the caller's business. Correctly rounded. */
void creg_float_format(creg_text *text, double real, creg_float_layout layout);

/**
 * Python's float(text): blanks around, underscores between digits, digits of any script,
 * "inf", "nan". False when it is not a number. Too large gives infinity. A numeral that is
 * not plain (underscores, other scripts) may have 8192 characters.
 */
bool creg_float_parse(creg_slice text, double *ret_real);

/** The double nearest to a plain ASCII numeral, [-+]DIGITS[.DIGITS][e[-+]DIGITS]: no checks
 * beyond that, no blanks. False when it does not have this form. */
bool creg_float_read(creg_slice numeral, double *ret_real);

/**
 * Prepare text for reading a number as Python does: blanks around it are cut, digits of other
 * scripts become ASCII, underscores between digits go when `underscores`. Every other thing
 * outside ASCII becomes '?'. `out` takes `capacity` bytes. False when it is too long or an
 * underscore stands wrong.
 */
bool creg_number_clean(creg_slice text, bool underscores, char *out, size_t capacity,
                       size_t *ret_size);

#endif
