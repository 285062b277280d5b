/* SPDX-License-Identifier: MIT */
/*
 * The methods of int, bool and float.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "jinja/methods.h"
#include "value/integer.h"

static creg_integer_room room_of(const jinja_run *run)
{
    return (creg_integer_room){.arena = run->arena, .digits_max = run->limits.integer_digits};
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
    return status == CREG_OK ? jinja_make_pair(call->run, whole, creg_value_int(1), ret_value)
                             : status;
}

static creg_status read_order(jinja_call *call, size_t index, bool *ret_little)
{
    creg_slice order;
    if (jinja_has(call, index) && creg_value_is(call->args[index], CREG_KIND_UNDEFINED))
        return jinja_fail(call->run, "TypeError", "argument 'byteorder' must be str, not %s",
                          creg_value_type_name(call->args[index]));
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

/* What bytes(value) gives: bytes as they are, or the items of anything that has some. */
static creg_status read_bytes(jinja_call *call, size_t index, creg_slice *ret_bytes)
{
    jinja_run *run = call->run;
    creg_value source = call->args[index];
    if (creg_value_is(source, CREG_KIND_BYTES)) {
        *ret_bytes = creg_value_text(source);
        return CREG_OK;
    }
    if (creg_value_is(source, CREG_KIND_STRING) || creg_value_is_number(source) ||
        creg_value_is(source, CREG_KIND_BOOL) || creg_value_is(source, CREG_KIND_NONE))
        return jinja_fail(run, "TypeError", "cannot convert '%s' object to bytes",
                          creg_value_type_name(source));
    creg_list *items;
    creg_status status = jinja_to_list(run, source, &items);
    if (status != CREG_OK)
        return status;
    char *bytes = creg_arena_alloc(run->arena, items->size);
    if (bytes == NULL)
        return jinja_fail_arena(run);
    for (size_t i = 0; i < items->size; i++) {
        creg_value item = items->items[i];
        bool whole = creg_value_is_integer(item) || creg_value_is(item, CREG_KIND_BOOL);
        if (!whole)
            return jinja_fail(run, "TypeError",
                              "'%s' object cannot be interpreted as an integer",
                              creg_value_type_name(item));
        if (creg_value_is(item, CREG_KIND_BIGINT) || item.as.integer < 0 ||
            item.as.integer > 255)
            return jinja_fail(run, "ValueError", "bytes must be in range(0, 256)");
        bytes[i] = (char)(unsigned char)item.as.integer;
    }
    *ret_bytes = creg_slice_make(bytes, items->size);
    return CREG_OK;
}

/* The digits of base 256, highest first; in two's complement the first may be negative. */
static creg_status read_integer(jinja_run *run, creg_slice bytes, bool little, bool has_sign,
                                creg_integer *ret)
{
    creg_integer_room room = room_of(run);
    creg_integer sum = creg_integer_of(0);
    creg_status status = jinja_charge(run, bytes.size * (1 + bytes.size / 32));
    for (size_t i = 0; i < bytes.size && status == CREG_OK; i++) {
        size_t at = little ? bytes.size - 1 - i : i;
        int64_t digit = (unsigned char)bytes.data[at];
        if (i == 0 && has_sign && digit > 127)
            digit -= 256;
        status = creg_integer_multiply(room, sum, creg_integer_of(256), &sum, run->err);
        if (status == CREG_OK)
            status = creg_integer_add(room, sum, creg_integer_of(digit), &sum, run->err);
    }
    *ret = sum;
    return status;
}

/* A class method in Python: of the integer that it is called on only the type matters. */
static creg_status method_from_bytes(jinja_call *call, creg_value *ret_value)
{
    bool little;
    bool has_sign;
    creg_slice bytes = {NULL, 0};
    creg_integer integer = creg_integer_of(0);
    creg_status status = read_order(call, 2, &little);
    if (status == CREG_OK)
        status = jinja_argument_bool(call, 3, false, &has_sign);
    if (status == CREG_OK)
        status = read_bytes(call, 1, &bytes);
    if (status == CREG_OK)
        status = read_integer(call->run, bytes, little, has_sign, &integer);
    bool is_bool = creg_value_is(call->args[0], CREG_KIND_BOOL); /* the class is bool then */
    *ret_value = is_bool ? creg_value_bool(creg_integer_sign(integer) != 0)
                         : creg_value_of_integer(integer);
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
    return jinja_make_pair(call->run, creg_value_of_integer(top), creg_value_of_integer(bottom),
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

static int hex_digit(char byte)
{
    char small = (char)(byte | 0x20);
    return byte >= '0' && byte <= '9'     ? byte - '0'
           : small >= 'a' && small <= 'f' ? small - 'a' + 10
                                          : -1;
}

static bool skip_byte(creg_slice *text, char wanted)
{
    if (text->size == 0 || (text->data[0] | 0x20) != wanted)
        return false;
    *text = creg_slice_make(text->data + 1, text->size - 1);
    return true;
}

/* p+12; a number that no float reaches stays below what a long holds. */
static bool read_exponent(creg_slice *text, long *ret_exponent)
{
    enum { FAR = 100000000 };
    bool negative = text->size > 0 && text->data[0] == '-';
    if (text->size > 0 && (text->data[0] == '-' || text->data[0] == '+'))
        *text = creg_slice_make(text->data + 1, text->size - 1);
    long value = 0;
    size_t digits = 0;
    for (; digits < text->size && text->data[digits] >= '0' && text->data[digits] <= '9';
         digits++)
        value = value >= FAR ? FAR : value * 10 + (text->data[digits] - '0');
    *text = creg_slice_make(text->data + digits, text->size - digits);
    *ret_exponent = negative ? -value : value;
    return digits > 0;
}

/*
 * [0x] digits [. digits] [p exponent] into what strtod takes: without the point, which is not
 * the same in all locales. False: no such number.
 */
static bool plain_hex(creg_slice text, creg_text *out)
{
    creg_slice rest = text;
    if (skip_byte(&rest, '0') && skip_byte(&rest, 'x'))
        text = rest;
    size_t digits = 0;
    long exponent = 0;
    long behind = 0; /* digits behind the point */
    bool has_point = false;
    creg_text_string(out, "0x");
    for (; text.size > 0; text = creg_slice_make(text.data + 1, text.size - 1)) {
        if (text.data[0] == '.' && !has_point) {
            has_point = true;
            continue;
        }
        if (hex_digit(text.data[0]) < 0)
            break;
        creg_text_byte(out, text.data[0]);
        digits++;
        behind += has_point;
    }
    if (digits == 0 || (skip_byte(&text, 'p') && !read_exponent(&text, &exponent)))
        return false;
    creg_text_format(out, "p%ld", exponent - 4 * behind);
    return text.size == 0;
}

static bool is_word(creg_slice text, const char *word)
{
    while (*word != '\0' && skip_byte(&text, *word))
        word++;
    return *word == '\0' && text.size == 0;
}

static creg_slice without_blanks(creg_slice text)
{
    while (text.size > 0 && strchr(" \t\n\v\f\r", text.data[0]) != NULL)
        text = creg_slice_make(text.data + 1, text.size - 1);
    while (text.size > 0 && strchr(" \t\n\v\f\r", text.data[text.size - 1]) != NULL)
        text.size--;
    return text;
}

/* A class method, too. */
static creg_status method_fromhex(jinja_call *call, creg_value *ret_value)
{
    if (!creg_value_is(call->args[1], CREG_KIND_STRING))
        return jinja_fail(call->run, "TypeError", "bad argument type for built-in operation");
    creg_slice text = without_blanks(creg_value_text(call->args[1]));
    bool negative = text.size > 0 && text.data[0] == '-';
    if (text.size > 0 && (text.data[0] == '-' || text.data[0] == '+'))
        text = creg_slice_make(text.data + 1, text.size - 1);
    creg_text plain;
    creg_value number;
    jinja_text_init(call->run, &plain);
    creg_status status = jinja_charge(call->run, text.size / 16);
    if (status != CREG_OK)
        return status;
    double real = 0;
    if (is_word(text, "inf") || is_word(text, "infinity"))
        real = INFINITY;
    else if (is_word(text, "nan"))
        real = NAN;
    else if (!plain_hex(text, &plain))
        return jinja_fail(call->run, "ValueError", "invalid hexadecimal floating-point string");
    if (plain.size > 0) {
        creg_text_byte(&plain, '\0');
        status = jinja_text_value(call->run, &plain, &number);
        if (status != CREG_OK)
            return status;
        real = strtod(creg_value_text(number).data, NULL);
        if (isinf(real))
            return jinja_fail(call->run, "OverflowError",
                              "hexadecimal value too large to represent as a float");
    }
    *ret_value = creg_value_float(negative ? -real : real);
    return CREG_OK;
}

/* ---- tables ----------------------------------------------------------------------------- */

const jinja_builtin jinja_methods_int[] = {
    {"as_integer_ratio", method_int_ratio, "as_integer_ratio()", "Itself and 1.", 0, 0},
    {"bit_count", method_bit_count, "bit_count()", "How many bits are one.", 0, 0},
    {"bit_length", method_bit_length, "bit_length()", "How many bits it needs.", 0, 0},
    {"conjugate", method_conjugate, "conjugate()", "Itself.", 0, 0},
    {"from_bytes", method_from_bytes, "from_bytes(bytes, byteorder='big', *, signed=False)",
     "The integer that bytes hold.", 0, 0},
    {"to_bytes", method_to_bytes, "to_bytes(length=1, byteorder='big', *, signed=False)",
     "As bytes.", 0, 0},
    JINJA_ROW_END,
};

const jinja_builtin jinja_methods_float[] = {
    {"as_integer_ratio", method_float_ratio, "as_integer_ratio()", "As an exact fraction.", 0,
     0},
    {"conjugate", method_conjugate, "conjugate()", "Itself.", 0, 0},
    {"fromhex", method_fromhex, "fromhex(string, /)", "The float that hex() wrote.", 0, 0},
    {"hex", method_hex, "hex()", "In hexadecimal.", 0, 0},
    {"is_integer", method_is_integer, "is_integer()", "Is it a whole number?", 0, 0},
    JINJA_ROW_END,
};
