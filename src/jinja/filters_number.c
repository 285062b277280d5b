/* SPDX-License-Identifier: MIT */
/*
 * Filters on numbers: abs, float, int, round, filesizeformat.
 */
#include "jinja/builtins.h"
#include "jinja/methods.h"

#include "base/number.h"
#include "value/integer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Enough for the digits of the largest double and as many behind the point. */
enum { ROUND_DIGITS_MAX = 324, ROUND_TEXT = 800 };

static creg_integer_room room_of(jinja_run *run)
{
    creg_integer_room room = {run->arena, run->limits.integer_digits};
    return room;
}

static bool is_integer(creg_value value)
{
    return creg_value_is(value, CREG_KIND_INT) || creg_value_is(value, CREG_KIND_BOOL) ||
           creg_value_is(value, CREG_KIND_BIGINT);
}

/* ---- abs -------------------------------------------------------------------------------- */

static creg_status filter_abs(jinja_call *call, creg_value *ret_value)
{
    creg_value value = call->args[0];
    if (creg_value_is(value, CREG_KIND_FLOAT)) {
        *ret_value = creg_value_float(fabs(value.as.real));
        return CREG_OK;
    }
    if (!is_integer(value))
        return jinja_fail(call->run, "TypeError", "bad operand type for abs(): '%s'",
                          creg_value_type_name(value));
    if (creg_integer_sign(creg_value_to_integer(value)) < 0)
        return jinja_negate(call->run, value, ret_value);
    *ret_value = creg_value_of_integer(creg_value_to_integer(value));
    return CREG_OK;
}

/* ---- float, int ------------------------------------------------------------------------- */

/* Python's float(value). `*ret_found` false where it raises TypeError or ValueError. */
static creg_status to_float(jinja_run *run, creg_value value, double *ret_real, bool *ret_found)
{
    *ret_found = true;
    switch ((creg_kind)value.kind) {
    case CREG_KIND_FLOAT:
        *ret_real = value.as.real;
        return CREG_OK;
    case CREG_KIND_INT:
    case CREG_KIND_BOOL:
    case CREG_KIND_BIGINT:
        if (creg_integer_to_double(creg_value_to_integer(value), ret_real))
            return CREG_OK;
        return jinja_fail(run, "OverflowError", "int too large to convert to float");
    case CREG_KIND_STRING:
    case CREG_KIND_BYTES:
    case CREG_KIND_NUMBER:
        *ret_found = creg_float_parse(creg_value_text(value), ret_real);
        return CREG_OK;
    case CREG_KIND_UNDEFINED:
        return jinja_fail_undefined(run, value);
    default:
        *ret_found = false;
        return CREG_OK;
    }
}

static creg_status filter_float(jinja_call *call, creg_value *ret_value)
{
    double real = 0;
    bool found;
    creg_status status = to_float(call->run, call->args[0], &real, &found);
    if (status != CREG_OK)
        return status;
    *ret_value =
        found ? creg_value_float(real) : jinja_argument(call, 1, creg_value_float(0.0));
    return CREG_OK;
}

/* int() of a double. `*ret_found` false for nan (a ValueError in Python). */
static creg_status whole_part(jinja_run *run, double real, creg_value *ret_value,
                              bool *ret_found)
{
    *ret_found = !isnan(real);
    if (!*ret_found)
        return CREG_OK;
    if (isinf(real))
        return jinja_fail(run, "OverflowError", "cannot convert float infinity to integer");
    creg_integer integer;
    creg_status status = creg_integer_from_double(room_of(run), real, &integer, run->err);
    if (status == CREG_OK)
        *ret_value = creg_value_of_integer(integer);
    return status;
}

/* int(text, base), or else int(float(text)), as the filter tries them. */
static creg_status parse_int(jinja_run *run, creg_slice text, int64_t base,
                             creg_value *ret_value, bool *ret_found)
{
    creg_integer integer;
    *ret_found = true;
    /* Reading digits costs by their square; more than the limit allows are not read. */
    uint64_t digits =
        text.size < run->limits.integer_digits ? text.size : run->limits.integer_digits;
    creg_status charged = text.size < 32 ? CREG_OK : jinja_charge_words(run, digits / 16);
    if (charged != CREG_OK)
        return charged;
    if (base == 0 || (base >= 2 && base <= 36)) {
        creg_error ignored;
        creg_status status =
            creg_integer_parse(room_of(run), text, (unsigned)base, &integer, &ignored);
        if (status == CREG_OK) {
            *ret_value = creg_value_of_integer(integer);
            return CREG_OK;
        }
        if (run->arena->failed != CREG_OK)
            return jinja_fail_arena(run);
    }
    double real;
    *ret_found = creg_float_parse(text, &real) && isfinite(real);
    return *ret_found ? whole_part(run, real, ret_value, ret_found) : CREG_OK;
}

static creg_status to_int(jinja_call *call, creg_value *ret_value, bool *ret_found)
{
    creg_value value = call->args[0];
    *ret_found = true;
    if (is_integer(value)) {
        *ret_value = creg_value_of_integer(creg_value_to_integer(value));
        return CREG_OK;
    }
    if (creg_value_is(value, CREG_KIND_FLOAT))
        return whole_part(call->run, value.as.real, ret_value, ret_found);
    if (creg_value_is(value, CREG_KIND_UNDEFINED))
        return jinja_fail_undefined(call->run, value);
    bool is_text = creg_value_is(value, CREG_KIND_STRING) ||
                   creg_value_is(value, CREG_KIND_BYTES) ||
                   creg_value_is(value, CREG_KIND_NUMBER);
    *ret_found = false;
    if (!is_text)
        return CREG_OK;
    creg_value base = jinja_argument(call, 2, creg_value_int(10));
    bool usable = creg_value_is(base, CREG_KIND_INT) || creg_value_is(base, CREG_KIND_BOOL);
    return parse_int(call->run, creg_value_text(value), usable ? base.as.integer : -1,
                     ret_value, ret_found);
}

static creg_status filter_int(jinja_call *call, creg_value *ret_value)
{
    bool found;
    creg_status status = to_int(call, ret_value, &found);
    if (status == CREG_OK && !found)
        *ret_value = jinja_argument(call, 1, creg_value_int(0));
    return status;
}

/* ---- round ------------------------------------------------------------------------------ */

/* |real| to a multiple of 10**places, places > 0, ties to even on the exact value. */
static double round_to_power(double real, int64_t places)
{
    char text[ROUND_TEXT];
    int exponent = 0; /* |real| is about 10**exponent */
    snprintf(text, sizeof text, "%.17e", real);
    const char *mark = strchr(text, 'e');
    if (mark != NULL)
        exponent = (int)strtol(mark + 1, NULL, 10);
    if (exponent >= places) { /* at least one digit stays */
        snprintf(text, sizeof text, "%.*e", (int)(exponent - places), real);
        return strtod(text, NULL);
    }
    /* No digit stays: it is 0 or one unit, and exactly half goes to the even 0. */
    if (places - exponent > 1)
        return 0.0;
    snprintf(text, sizeof text, "5e%lld", (long long)places - 1);
    double half = strtod(text, NULL);
    snprintf(text, sizeof text, "1e%lld", (long long)places);
    return real > half ? strtod(text, NULL) : 0.0;
}

/* Python's round(float, places): correct for the exact binary value, ties to even. */
static creg_status round_float(jinja_run *run, double real, int64_t places,
                               creg_value *ret_value)
{
    double rounded = real;
    if (isfinite(real) && places < -308) {
        rounded = copysign(0.0, real);
    } else if (isfinite(real) && places < 0) {
        rounded = copysign(round_to_power(fabs(real), -places), real);
    } else if (isfinite(real) && places < ROUND_DIGITS_MAX) {
        char text[ROUND_TEXT];
        snprintf(text, sizeof text, "%.*f", (int)places, real);
        rounded = strtod(text, NULL);
    }
    if (isinf(rounded) && !isinf(real))
        return jinja_fail(run, "OverflowError", "rounded value too large to represent");
    *ret_value = creg_value_float(rounded);
    return CREG_OK;
}

/* Python's round(int, places) for places < 0: to a multiple of 10**-places, ties to even. */
static creg_status round_integer(jinja_run *run, creg_value value, int64_t places,
                                 creg_value *ret_value)
{
    creg_integer number = creg_value_to_integer(value);
    *ret_value = creg_value_of_integer(number);
    if (places >= 0)
        return CREG_OK;
    if (places < -(int64_t)run->limits.integer_digits) {
        *ret_value = creg_value_int(0);
        return CREG_OK;
    }
    creg_status status = jinja_charge_words(run, 1 + creg_integer_bits(number) / 64);
    if (status != CREG_OK)
        return status;
    creg_integer_room room = room_of(run);
    creg_integer unit;
    creg_integer quotient;
    creg_integer rest;
    creg_integer doubled;
    status = creg_integer_power(room, creg_integer_of(10), creg_integer_of(-places), &unit,
                                run->err);
    if (status == CREG_OK)
        status = creg_integer_divide(room, number, unit, &quotient, &rest, run->err);
    if (status == CREG_OK)
        status = creg_integer_add(room, rest, rest, &doubled, run->err);
    if (status != CREG_OK)
        return status;
    int order = creg_integer_compare(doubled, unit);
    if (order > 0 || (order == 0 && creg_integer_is_odd(quotient)))
        status = creg_integer_add(room, quotient, creg_integer_of(1), &quotient, run->err);
    if (status == CREG_OK)
        status = creg_integer_multiply(room, quotient, unit, &quotient, run->err);
    if (status == CREG_OK)
        *ret_value = creg_value_of_integer(quotient);
    return status;
}

/* Of a float, Python cuts a precision that is too large for it. */
static creg_status read_places(jinja_call *call, bool is_float, int64_t *ret_places)
{
    if (is_float && jinja_has(call, 1) && creg_value_is(call->args[1], CREG_KIND_BIGINT))
        return jinja_argument_bound(call, 1, 0, ret_places);
    return jinja_argument_index(call, 1, 0, ret_places);
}

static creg_status round_common(jinja_call *call, creg_value *ret_value)
{
    creg_value value = call->args[0];
    int64_t places = 0;
    bool is_float = creg_value_is(value, CREG_KIND_FLOAT);
    if (!is_float && !is_integer(value))
        return jinja_fail(call->run, "TypeError", "type %s doesn't define __round__ method",
                          creg_value_type_name(value));
    bool whole = jinja_has(call, 1) && creg_value_is(call->args[1], CREG_KIND_NONE);
    if (!whole) {
        creg_status status = read_places(call, is_float, &places);
        if (status != CREG_OK)
            return status;
    }
    if (!is_float)
        return round_integer(call->run, value, places, ret_value);
    creg_status status = round_float(call->run, value.as.real, places, ret_value);
    if (status != CREG_OK || !whole)
        return status;
    bool found; /* round(x, none) is an int */
    status = whole_part(call->run, ret_value->as.real, ret_value, &found);
    if (status == CREG_OK && !found)
        status = jinja_fail(call->run, "ValueError", "cannot convert float NaN to integer");
    return status;
}

/* math.ceil or math.floor of a number, an integer. */
static creg_status to_whole(jinja_run *run, creg_value value, bool up, creg_value *ret_value)
{
    if (is_integer(value)) {
        *ret_value = creg_value_of_integer(creg_value_to_integer(value));
        return CREG_OK;
    }
    if (!creg_value_is(value, CREG_KIND_FLOAT))
        return jinja_fail(run, "TypeError", "must be real number, not %s",
                          creg_value_type_name(value));
    bool found;
    double real = up ? ceil(value.as.real) : floor(value.as.real);
    creg_status status = whole_part(run, real, ret_value, &found);
    if (status == CREG_OK && !found)
        status = jinja_fail(run, "ValueError", "cannot convert float NaN to integer");
    return status;
}

/* What `*` with an integer repeats instead of multiplying. */
static bool is_repeatable(creg_value value)
{
    return creg_value_is(value, CREG_KIND_STRING) || creg_value_is(value, CREG_KIND_BYTES) ||
           creg_value_is(value, CREG_KIND_LIST) || creg_value_is(value, CREG_KIND_TUPLE);
}

/* ceil or floor of value * 10**precision, divided by the same. */
static creg_status round_directed(jinja_call *call, bool up, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_value scale;
    creg_value whole;
    creg_value precision = jinja_argument(call, 1, creg_value_int(0));
    creg_status status = jinja_power(run, creg_value_int(10), precision, &scale);
    /* A sequence times an integer is a sequence, and that is no number: not made to be refused. */
    if (status == CREG_OK && is_repeatable(call->args[0]) && is_integer(scale))
        return to_whole(run, call->args[0], up, &whole);
    if (status == CREG_OK)
        status = jinja_multiply(run, call->args[0], scale, &whole);
    if (status == CREG_OK)
        status = to_whole(run, whole, up, &whole);
    return status == CREG_OK ? jinja_divide(run, whole, scale, ret_value) : status;
}

static creg_status filter_round(jinja_call *call, creg_value *ret_value)
{
    creg_value method = jinja_argument(call, 2, creg_value_cstring("common"));
    creg_slice name = {0};
    if (creg_value_is(method, CREG_KIND_STRING))
        name = creg_value_text(method);
    if (creg_slice_equal(name, creg_slice_of("common")))
        return round_common(call, ret_value);
    if (creg_slice_equal(name, creg_slice_of("ceil")))
        return round_directed(call, true, ret_value);
    if (creg_slice_equal(name, creg_slice_of("floor")))
        return round_directed(call, false, ret_value);
    creg_status status = jinja_check_key(call->run, method); /* it is looked for in a set */
    if (status != CREG_OK)
        return status;
    return jinja_fail(call->run, "FilterArgumentError", "method must be common, ceil or floor");
}

/* ---- filesizeformat --------------------------------------------------------------------- */

static const char *const decimal_units[] = {"kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"};
static const char *const binary_units[] = {"KiB", "MiB", "GiB", "TiB",
                                           "PiB", "EiB", "ZiB", "YiB"};
enum { UNITS = 8 };

/* The unit above each prefix, rounded once. */
static const double decimal_bounds[UNITS] = {1e6, 1e9, 1e12, 1e15, 1e18, 1e21, 1e24, 1e27};

static void print_size(creg_text *text, double bytes, bool binary)
{
    size_t at = 0;
    double bound = binary ? 0x1p20 : decimal_bounds[0];
    while (at + 1 < UNITS && !(bytes < bound)) {
        at++;
        bound = binary ? bound * 1024 : decimal_bounds[at];
    }
    creg_text_format(text, "%.1f %s", (binary ? 1024.0 : 1000.0) * bytes / bound,
                     binary ? binary_units[at] : decimal_units[at]);
}

static creg_status filter_filesizeformat(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    double bytes = 0;
    bool found;
    bool binary;
    creg_status status = jinja_argument_bool(call, 1, false, &binary);
    if (status == CREG_OK)
        status = to_float(run, call->args[0], &bytes, &found);
    if (status != CREG_OK)
        return status;
    if (!found && creg_value_is(call->args[0], CREG_KIND_STRING))
        return jinja_fail(run, "ValueError", "could not convert string to float: %.*s",
                          CREG_SHOW(jinja_repr(run, call->args[0])));
    if (!found)
        return jinja_fail(run, "TypeError",
                          "float() argument must be a string or a real number, not '%s'",
                          creg_value_type_name(call->args[0]));
    if (isinf(bytes) && bytes < 0)
        return jinja_fail(run, "OverflowError", "cannot convert float infinity to integer");

    creg_text text;
    jinja_text_init(run, &text);
    if (bytes == 1)
        creg_text_string(&text, "1 Byte");
    else if (bytes < (binary ? 1024 : 1000))
        creg_text_format(&text, "%.0f Bytes", trunc(bytes) + 0.0);
    else
        print_size(&text, bytes, binary);
    return jinja_text_value(run, &text, ret_value);
}

const jinja_builtin jinja_filters_number[] = {
    {"abs", filter_abs, "abs()", "The number without its sign.", 0, 0},
    {"filesizeformat", filter_filesizeformat, "filesizeformat(binary=false)",
     "Bytes as people write them: 13 kB, 4.1 MB, or KiB and MiB.", 0, 0},
    {"float", filter_float, "float(default=0.0)", "As a floating point number, or the default.",
     0, 0},
    {"int", filter_int, "int(default=0, base=10)", "As a whole number, or the default.", 0, 0},
    {"round", filter_round, "round(precision=0, method='common')",
     "Rounded to so many digits; 'ceil' and 'floor' go one way.", 0, 0},
    JINJA_ROW_END,
};
