/* SPDX-License-Identifier: MIT */
/*
 * The methods of int, bool and float.
 */
#include <math.h>

#include "jinja/methods.h"
#include "value/integer.h"

static creg_integer_room room_of(const jinja_run *run)
{
    return (creg_integer_room){.arena = run->arena, .digits_max = run->limits.integer_digits};
}

static creg_status give_pair(jinja_run *run, creg_value first, creg_value second,
                             creg_value *ret_value)
{
    creg_list *pair = creg_list_new(run->arena, 2);
    if (pair == NULL)
        return jinja_fail_arena(run);
    pair->items[0] = first;
    pair->items[1] = second;
    pair->size = 2;
    *ret_value = creg_value_tuple(pair);
    return CREG_OK;
}

/* ---- int -------------------------------------------------------------------------------- */

static creg_status method_bit_length(jinja_call *call, creg_value *ret_value)
{
    size_t bits = creg_integer_bits(creg_value_to_integer(call->args[0]));
    *ret_value = creg_value_int((int64_t)bits);
    return CREG_OK;
}

static creg_status method_bit_count(jinja_call *call, creg_value *ret_value)
{
    size_t ones = creg_integer_ones(creg_value_to_integer(call->args[0]));
    *ret_value = creg_value_int((int64_t)ones);
    return CREG_OK;
}

static creg_status method_conjugate(jinja_call *call, creg_value *ret_value)
{
    return jinja_positive(call->run, call->args[0], ret_value);
}

static creg_status method_int_ratio(jinja_call *call, creg_value *ret_value)
{
    creg_value whole;
    creg_status status = jinja_positive(call->run, call->args[0], &whole);
    return status == CREG_OK ? give_pair(call->run, whole, creg_value_int(1), ret_value)
                             : status;
}

static creg_status read_order(jinja_call *call, size_t index, bool *ret_little)
{
    creg_slice order;
    creg_status status = jinja_argument_text(call, index, creg_slice_of("big"), &order);
    if (status != CREG_OK)
        return status;
    *ret_little = creg_slice_equal(order, creg_slice_of("little"));
    if (!*ret_little && !creg_slice_equal(order, creg_slice_of("big")))
        return jinja_fail(call->run, "ValueError",
                          "byteorder must be either 'little' or 'big'");
    return CREG_OK;
}

/* Does it fit into so many bytes, in two's complement when it has a sign? */
static creg_status check_bytes(jinja_call *call, creg_integer integer, int64_t length,
                               bool has_sign)
{
    if (length < 0)
        return jinja_fail(call->run, "ValueError", "length argument must be non-negative");
    if (creg_integer_sign(integer) < 0 && !has_sign)
        return jinja_fail(call->run, "OverflowError", "can't convert negative int to unsigned");
    size_t bits = creg_integer_bits(integer);
    if (has_sign && creg_integer_sign(integer) > 0)
        bits++;
    /* -128 has as many bits as 128, but fits where -129 does not. */
    if (creg_integer_sign(integer) < 0 && creg_integer_ones(integer) > 1)
        bits++;
    if (bits > (uint64_t)length * 8)
        return jinja_fail(call->run, "OverflowError", "int too big to convert");
    return jinja_charge_bytes(call->run, (size_t)length, 1);
}

/* Byte by byte, lowest first: floor division makes two's complement by itself. */
static creg_status write_bytes(jinja_call *call, creg_integer integer, char *bytes,
                               size_t length)
{
    creg_status status = CREG_OK;
    for (size_t i = 0; i < length && status == CREG_OK; i++) {
        creg_integer byte = {0};
        status = creg_integer_divide(room_of(call->run), integer, creg_integer_of(256),
                                     &integer, &byte, call->run->err);
        bytes[i] = (char)(unsigned char)byte.small;
    }
    return status;
}

static void turn_round(char *bytes, size_t length)
{
    for (size_t i = 0, j = length; i + 1 < j; i++) {
        char swapped = bytes[i];
        bytes[i] = bytes[--j];
        bytes[j] = swapped;
    }
}

static creg_status method_to_bytes(jinja_call *call, creg_value *ret_value)
{
    creg_integer integer = creg_value_to_integer(call->args[0]);
    int64_t length;
    bool little;
    bool has_sign;
    creg_status status = jinja_argument_index(call, 1, 1, &length);
    if (status == CREG_OK)
        status = read_order(call, 2, &little);
    if (status == CREG_OK)
        status = jinja_argument_bool(call, 3, false, &has_sign);
    if (status == CREG_OK)
        status = check_bytes(call, integer, length, has_sign);
    /* Each byte of a big integer is a division of all of it. */
    if (status == CREG_OK && integer.big != NULL)
        status =
            jinja_charge(call->run, (uint64_t)length * (1 + creg_integer_bits(integer) / 32));
    if (status != CREG_OK)
        return status;
    char *bytes = creg_arena_alloc(call->run->arena, (size_t)length);
    if (bytes == NULL)
        return jinja_fail_arena(call->run);
    status = write_bytes(call, integer, bytes, (size_t)length);
    if (!little)
        turn_round(bytes, (size_t)length);
    *ret_value = creg_value_string(creg_slice_make(bytes, (size_t)length));
    ret_value->kind = CREG_KIND_BYTES;
    return status;
}

/* ---- float ------------------------------------------------------------------------------ */

static creg_status method_is_integer(jinja_call *call, creg_value *ret_value)
{
    double real = call->args[0].as.real;
    *ret_value = creg_value_bool(isfinite(real) && trunc(real) == real);
    return CREG_OK;
}

static creg_status power_of_two(jinja_run *run, int exponent, creg_integer *ret)
{
    return creg_integer_power(room_of(run), creg_integer_of(2), creg_integer_of(exponent), ret,
                              run->err);
}

/* mantissa * 2**exponent with an odd mantissa is the ratio in lowest terms. */
static creg_status method_float_ratio(jinja_call *call, creg_value *ret_value)
{
    double real = call->args[0].as.real;
    if (isinf(real))
        return jinja_fail(call->run, "OverflowError",
                          "cannot convert Infinity to integer ratio");
    if (isnan(real))
        return jinja_fail(call->run, "ValueError", "cannot convert NaN to integer ratio");
    int exponent;
    double fraction = frexp(real, &exponent);
    for (; fraction != trunc(fraction); exponent--)
        fraction *= 2;
    creg_integer top = creg_integer_of((int64_t)fraction);
    creg_integer bottom = creg_integer_of(1);
    creg_integer power;
    creg_status status = power_of_two(call->run, exponent < 0 ? -exponent : exponent, &power);
    if (status == CREG_OK && exponent > 0)
        status = creg_integer_multiply(room_of(call->run), top, power, &top, call->run->err);
    else if (exponent < 0)
        bottom = power;
    if (status != CREG_OK)
        return status;
    return give_pair(call->run, creg_value_of_integer(top), creg_value_of_integer(bottom),
                     ret_value);
}

static void append_hex_digits(creg_text *text, uint64_t fraction)
{
    for (int shift = 48; shift >= 0; shift -= 4)
        creg_text_byte(text, "0123456789abcdef"[fraction >> shift & 15]);
}

static creg_status method_hex(jinja_call *call, creg_value *ret_value)
{
    double real = call->args[0].as.real;
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    int exponent = (int)(bits >> 52 & 0x7FF);
    creg_text text;
    jinja_text_init(call->run, &text);
    if (isnan(real)) {
        creg_text_string(&text, "nan");
        return jinja_text_value(call->run, &text, ret_value);
    }
    if (signbit(real))
        creg_text_byte(&text, '-');
    if (isinf(real)) {
        creg_text_string(&text, "inf");
    } else if (real == 0) {
        creg_text_string(&text, "0x0.0p+0");
    } else {
        creg_text_string(&text, exponent == 0 ? "0x0." : "0x1.");
        append_hex_digits(&text, bits & 0xFFFFFFFFFFFFFu);
        creg_text_format(&text, "p%+d", exponent == 0 ? -1022 : exponent - 1023);
    }
    return jinja_text_value(call->run, &text, ret_value);
}

/* ---- tables ----------------------------------------------------------------------------- */

const jinja_builtin jinja_methods_int[] = {
    {"as_integer_ratio", method_int_ratio, "as_integer_ratio()", "Itself and 1.", 0, 0},
    {"bit_count", method_bit_count, "bit_count()", "How many bits are one.", 0, 0},
    {"bit_length", method_bit_length, "bit_length()", "How many bits it needs.", 0, 0},
    {"conjugate", method_conjugate, "conjugate()", "Itself.", 0, 0},
    {"to_bytes", method_to_bytes, "to_bytes(length=1, byteorder='big', *, signed=False)",
     "As bytes.", 0, 0},
    JINJA_ROW_END,
};

const jinja_builtin jinja_methods_float[] = {
    {"as_integer_ratio", method_float_ratio, "as_integer_ratio()", "As an exact fraction.", 0,
     0},
    {"conjugate", method_conjugate, "conjugate()", "Itself.", 0, 0},
    {"hex", method_hex, "hex()", "In hexadecimal.", 0, 0},
    {"is_integer", method_is_integer, "is_integer()", "Is it a whole number?", 0, 0},
    JINJA_ROW_END,
};
