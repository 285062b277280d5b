/* SPDX-License-Identifier: MIT */
/*
 * Python's arithmetic on values.
 *
 * Integers of 64 bits and doubles are done here; what outgrows them goes to base/integer.h.
 * Every text or sequence is charged before it is made. Markup escapes the other operand of +
 * and %, as markupsafe does. Comparing is compare.c's job, slicing slice.c's.
 */
#include <math.h>

#include "jinja/builtins.h"
#include "jinja/eval.h"
#include "jinja/methods.h"
#include "value/integer.h"

static bool is_kind(creg_value value, creg_kind kind)
{
    return value.kind == (uint8_t)kind;
}

static creg_integer_room room_of(jinja_run *run)
{
    return (creg_integer_room){.arena = run->arena, .digits_max = run->limits.integer_digits};
}

/* ---- failing -------------------------------------------------------------------------- */

static creg_status fail_operands(jinja_run *run, const char *sign, creg_value left,
                                 creg_value right)
{
    if (is_kind(left, CREG_KIND_UNDEFINED))
        return jinja_fail_undefined(run, left);
    if (is_kind(right, CREG_KIND_UNDEFINED))
        return jinja_fail_undefined(run, right);
    return jinja_fail(run, "TypeError", "unsupported operand type(s) for %s: '%s' and '%s'",
                      sign, creg_value_type_name(left), creg_value_type_name(right));
}

static creg_status fail_too_large(jinja_run *run)
{
    return jinja_fail(run, "OverflowError", "int too large to convert to float");
}

static creg_status fail_zero(jinja_run *run, const char *message)
{
    return jinja_fail(run, "ZeroDivisionError", "%s", message);
}

/* ---- numbers -------------------------------------------------------------------------- */

static bool both_numbers(creg_value left, creg_value right)
{
    return creg_value_is_number(left) && creg_value_is_number(right);
}

static bool any_float(creg_value left, creg_value right)
{
    return is_kind(left, CREG_KIND_FLOAT) || is_kind(right, CREG_KIND_FLOAT);
}

static creg_status to_double(jinja_run *run, creg_value number, double *ret_real)
{
    if (is_kind(number, CREG_KIND_FLOAT))
        *ret_real = number.as.real;
    else if (!creg_integer_to_double(creg_value_to_integer(number), ret_real))
        return fail_too_large(run);
    return CREG_OK;
}

static creg_status to_doubles(jinja_run *run, creg_value left, creg_value right,
                              double *ret_left, double *ret_right)
{
    creg_status status = to_double(run, left, ret_left);
    return status == CREG_OK ? to_double(run, right, ret_right) : status;
}

/* Big arithmetic costs by the digits; charge it before the work. Dividing four thousand digits
 * by one takes 30 microseconds, as multiplying them with as many does. */
static creg_status charge_integers(jinja_run *run, creg_integer left, creg_integer right)
{
    if (left.big == NULL && right.big == NULL)
        return CREG_OK;
    uint64_t words = 1 + creg_integer_bits(left) / 64;
    uint64_t others = 1 + creg_integer_bits(right) / 64;
    return jinja_charge(run, words * others / 16 + 8 * (words + others));
}

typedef creg_status (*integer_operation)(creg_integer_room room, creg_integer left,
                                         creg_integer right, creg_integer *ret_result,
                                         creg_error *err);

static creg_status on_integers(jinja_run *run, integer_operation operation, creg_value left,
                               creg_value right, creg_value *ret_value)
{
    creg_integer first = creg_value_to_integer(left);
    creg_integer second = creg_value_to_integer(right);
    creg_integer result = {0};
    creg_status status = charge_integers(run, first, second);
    if (status == CREG_OK)
        status = operation(room_of(run), first, second, &result, run->err);
    if (status == CREG_OK)
        *ret_value = creg_value_of_integer(result);
    return status;
}

/* ---- text and sequences --------------------------------------------------------------- */

static bool is_markup(creg_value value)
{
    return jinja_is_markup(value);
}

static bool is_sequence(creg_value value)
{
    return is_kind(value, CREG_KIND_STRING) || is_kind(value, CREG_KIND_BYTES) ||
           is_kind(value, CREG_KIND_LIST) || is_kind(value, CREG_KIND_TUPLE);
}

/* Two texts in a row: trusted when both are, Markup when `flags` says so. */
static creg_status join_texts(jinja_run *run, creg_value left, creg_value right,
                              creg_value *ret_value)
{
    size_t size = (size_t)left.size + right.size;
    creg_status status = jinja_charge_bytes(run, size, 1);
    if (status != CREG_OK)
        return status;
    char *joined = creg_arena_take(run->arena, size);
    if (joined == NULL)
        return jinja_fail_arena(run);
    if (left.size > 0)
        memcpy(joined, left.as.text, left.size);
    if (right.size > 0)
        memcpy(joined + left.size, right.as.text, right.size);
    *ret_value = left;
    ret_value->flags = left.flags & right.flags &
                       (CREG_STRING_MARKUP | CREG_STRING_TRUSTED | CREG_STRING_ASCII);
    ret_value->size = (uint32_t)size;
    ret_value->as.text = joined;
    return CREG_OK;
}

static creg_status join_lists(jinja_run *run, creg_value left, creg_value right,
                              creg_value *ret_value)
{
    size_t size = left.as.list->size + right.as.list->size;
    creg_status status = jinja_charge(run, size);
    if (status == CREG_OK)
        status = jinja_charge_bytes(run, size, sizeof(creg_value));
    if (status != CREG_OK)
        return status;
    creg_list *joined = creg_list_new(run->arena, size);
    if (joined == NULL)
        return jinja_fail_arena(run);
    if (left.as.list->size > 0)
        memcpy(joined->items, left.as.list->items, left.as.list->size * sizeof(creg_value));
    if (right.as.list->size > 0)
        memcpy(joined->items + left.as.list->size, right.as.list->items,
               right.as.list->size * sizeof(creg_value));
    joined->size = size;
    *ret_value =
        is_kind(left, CREG_KIND_LIST) ? creg_value_list(joined) : creg_value_tuple(joined);
    return CREG_OK;
}

static creg_status join_strings(jinja_run *run, creg_value left, creg_value right,
                                creg_value *ret_value)
{
    if (is_markup(left) != is_markup(right)) {
        creg_value *plain = is_markup(left) ? &right : &left;
        uint8_t trusted = plain->flags & CREG_STRING_TRUSTED;
        creg_status status = jinja_escape(run, *plain, plain);
        if (status != CREG_OK)
            return status;
        plain->flags |= trusted;
    }
    return join_texts(run, left, right, ret_value);
}

static creg_status fail_add(jinja_run *run, creg_value left, creg_value right)
{
    bool undefined = is_kind(left, CREG_KIND_UNDEFINED) || is_kind(right, CREG_KIND_UNDEFINED);
    if (undefined || !is_sequence(left) || is_markup(left))
        return fail_operands(run, "+", left, right);
    if (is_kind(left, CREG_KIND_BYTES))
        return jinja_fail(run, "TypeError", "can't concat %s to bytes",
                          creg_value_type_name(right));
    const char *name = creg_value_type_name(left);
    return jinja_fail(run, "TypeError", "can only concatenate %s (not \"%s\") to %s", name,
                      creg_value_type_name(right), name);
}

creg_status jinja_add(jinja_run *run, creg_value left, creg_value right, creg_value *ret_value)
{
    int64_t sum;
    if (is_kind(left, CREG_KIND_INT) && is_kind(right, CREG_KIND_INT) &&
        !__builtin_add_overflow(left.as.integer, right.as.integer, &sum)) {
        *ret_value = creg_value_int(sum);
        return CREG_OK;
    }
    if (both_numbers(left, right)) {
        double first;
        double second;
        if (!any_float(left, right))
            return on_integers(run, creg_integer_add, left, right, ret_value);
        creg_status status = to_doubles(run, left, right, &first, &second);
        if (status == CREG_OK)
            *ret_value = creg_value_float(first + second);
        return status;
    }
    /* A chainable undefined value knows how it looks as HTML: as nothing. */
    if (is_markup(left) && is_kind(right, CREG_KIND_UNDEFINED) &&
        jinja_undefined_mode(right) == JINJA_UNDEFINED_CHAINABLE) {
        *ret_value = left;
        return CREG_OK;
    }
    if (left.kind != right.kind || !is_sequence(left))
        return fail_add(run, left, right);
    if (is_kind(left, CREG_KIND_STRING))
        return join_strings(run, left, right, ret_value);
    if (is_kind(left, CREG_KIND_BYTES))
        return join_texts(run, left, right, ret_value);
    return join_lists(run, left, right, ret_value);
}

static creg_status subtract_sets(jinja_run *run, const creg_map *left, const creg_map *right,
                                 creg_value *ret_value)
{
    creg_status status = jinja_charge(run, left->size);
    if (status != CREG_OK)
        return status;
    creg_map *rest = creg_map_new(run->arena, left->size);
    if (rest == NULL)
        return jinja_fail_arena(run);
    for (size_t i = 0; i < left->filled; i++) {
        const creg_entry *entry = &left->entries[i];
        if (!entry->used || creg_map_get(right, entry->key) != NULL)
            continue;
        if (!creg_map_set(run->arena, rest, entry->key, creg_value_none()))
            return jinja_fail_arena(run);
    }
    *ret_value = creg_value_map(rest);
    ret_value->kind = CREG_KIND_SET;
    return CREG_OK;
}

creg_status jinja_to_set(jinja_run *run, creg_value value, creg_map **ret_set)
{
    creg_list *items;
    creg_status status = jinja_to_list(run, value, &items);
    if (status != CREG_OK)
        return status;
    creg_map *set = creg_map_new(run->arena, items->size);
    if (set == NULL)
        return jinja_fail_arena(run);
    for (size_t i = 0; i < items->size; i++) {
        status = jinja_check_key(run, items->items[i]);
        if (status != CREG_OK)
            return status;
        if (!creg_map_set(run->arena, set, items->items[i], creg_value_none()))
            return jinja_fail_arena(run);
    }
    *ret_set = set;
    return CREG_OK;
}

bool jinja_is_set_view(creg_value value)
{
    const jinja_view *view = jinja_as_view(value);
    return view != NULL && view->what != JINJA_VIEW_VALUES;
}

static creg_status subtract_views(jinja_run *run, creg_value left, creg_value right,
                                  creg_value *ret_value)
{
    creg_map *first = NULL;
    creg_map *second = NULL;
    creg_status status = jinja_to_set(run, left, &first);
    if (status == CREG_OK)
        status = jinja_to_set(run, right, &second);
    return status == CREG_OK ? subtract_sets(run, first, second, ret_value) : status;
}

creg_status jinja_subtract(jinja_run *run, creg_value left, creg_value right,
                           creg_value *ret_value)
{
    int64_t difference;
    if (is_kind(left, CREG_KIND_INT) && is_kind(right, CREG_KIND_INT) &&
        !__builtin_sub_overflow(left.as.integer, right.as.integer, &difference)) {
        *ret_value = creg_value_int(difference);
        return CREG_OK;
    }
    if (is_kind(left, CREG_KIND_SET) && is_kind(right, CREG_KIND_SET))
        return subtract_sets(run, left.as.map, right.as.map, ret_value);
    if (jinja_is_set_view(left) || jinja_is_set_view(right))
        return subtract_views(run, left, right, ret_value);
    if (!both_numbers(left, right))
        return fail_operands(run, "-", left, right);
    if (!any_float(left, right))
        return on_integers(run, creg_integer_subtract, left, right, ret_value);
    double first;
    double second;
    creg_status status = to_doubles(run, left, right, &first, &second);
    if (status == CREG_OK)
        *ret_value = creg_value_float(first - second);
    return status;
}

/* ---- repetition ----------------------------------------------------------------------- */

static creg_status repeat_text(jinja_run *run, creg_value text, size_t times,
                               creg_value *ret_value)
{
    if (text.size > 0 && times > PTRDIFF_MAX / text.size)
        return jinja_fail(run, "OverflowError", "repeated string is too long");
    creg_status status = jinja_charge_bytes(run, times, text.size);
    if (status != CREG_OK)
        return status;
    size_t size = times * text.size;
    if (size > UINT32_MAX)
        return jinja_charge_bytes(run, SIZE_MAX, 1);
    char *bytes = creg_arena_take(run->arena, size);
    if (bytes == NULL)
        return jinja_fail_arena(run);
    if (text.size == 1)
        memset(bytes, text.as.text[0], times);
    for (size_t i = 0; i < times && text.size > 1; i++)
        memcpy(bytes + i * text.size, text.as.text, text.size);
    *ret_value = text;
    ret_value->size = (uint32_t)size;
    ret_value->as.text = bytes;
    return CREG_OK;
}

static creg_status repeat_list(jinja_run *run, creg_value value, size_t times,
                               creg_value *ret_value)
{
    const creg_list *source = value.as.list;
    creg_status status = jinja_charge_bytes(run, times, source->size * sizeof(creg_value));
    if (status == CREG_OK)
        status = jinja_charge(run, times * source->size);
    if (status != CREG_OK)
        return status;
    creg_list *repeated = creg_list_new(run->arena, times * source->size);
    if (repeated == NULL)
        return jinja_fail_arena(run);
    for (size_t i = 0; i < times && source->size > 0; i++)
        memcpy(repeated->items + i * source->size, source->items,
               source->size * sizeof(creg_value));
    repeated->size = times * source->size;
    *ret_value =
        is_kind(value, CREG_KIND_LIST) ? creg_value_list(repeated) : creg_value_tuple(repeated);
    return CREG_OK;
}

static creg_status repeat(jinja_run *run, creg_value sequence, creg_value count,
                          creg_value *ret_value)
{
    if (is_kind(count, CREG_KIND_UNDEFINED))
        return jinja_fail_undefined(run, count);
    if (!creg_value_is_integer(count))
        return jinja_fail(run, "TypeError", "can't multiply sequence by non-int of type '%s'",
                          creg_value_type_name(count));
    creg_integer times = creg_value_to_integer(count);
    if (times.big != NULL)
        return jinja_fail(run, "OverflowError", "cannot fit 'int' into an index-sized integer");
    size_t repeats = times.small < 0 ? 0 : (size_t)times.small;
    if (is_kind(sequence, CREG_KIND_LIST) || is_kind(sequence, CREG_KIND_TUPLE))
        return repeat_list(run, sequence, repeats, ret_value);
    return repeat_text(run, sequence, repeats, ret_value);
}

creg_status jinja_multiply(jinja_run *run, creg_value left, creg_value right,
                           creg_value *ret_value)
{
    int64_t product;
    if (is_kind(left, CREG_KIND_INT) && is_kind(right, CREG_KIND_INT) &&
        !__builtin_mul_overflow(left.as.integer, right.as.integer, &product)) {
        *ret_value = creg_value_int(product);
        return CREG_OK;
    }
    if (is_kind(left, CREG_KIND_UNDEFINED))
        return jinja_fail_undefined(run, left);
    /* Markup has a * of its own, which knows integers only; then comes the other operand's. */
    if (is_sequence(left) && !(is_markup(left) && !creg_value_is_integer(right)))
        return repeat(run, left, right, ret_value);
    if (is_sequence(right) && !(is_markup(right) && !creg_value_is_integer(left)))
        return repeat(run, right, left, ret_value);
    if (!both_numbers(left, right))
        return fail_operands(run, "*", left, right);
    if (!any_float(left, right))
        return on_integers(run, creg_integer_multiply, left, right, ret_value);
    double first;
    double second;
    creg_status status = to_doubles(run, left, right, &first, &second);
    if (status == CREG_OK)
        *ret_value = creg_value_float(first * second);
    return status;
}

/* ---- division ------------------------------------------------------------------------- */

static creg_status divide_integers(jinja_run *run, creg_value left, creg_value right,
                                   creg_value *ret_value)
{
    creg_integer first = creg_value_to_integer(left);
    creg_integer second = creg_value_to_integer(right);
    if (creg_integer_sign(second) == 0)
        return fail_zero(run, "division by zero");
    creg_status status = charge_integers(run, first, second);
    double ratio = 0;
    bool fits = true;
    if (status == CREG_OK)
        status = creg_integer_ratio(first, second, &ratio, &fits, run->err);
    if (status != CREG_OK)
        return status;
    if (!fits)
        return jinja_fail(run, "OverflowError",
                          "integer division result too large for a float");
    *ret_value = creg_value_float(ratio);
    return CREG_OK;
}

creg_status jinja_divide(jinja_run *run, creg_value left, creg_value right,
                         creg_value *ret_value)
{
    if (!both_numbers(left, right))
        return fail_operands(run, "/", left, right);
    if (!any_float(left, right))
        return divide_integers(run, left, right, ret_value);
    double first;
    double second;
    creg_status status = to_doubles(run, left, right, &first, &second);
    if (status != CREG_OK)
        return status;
    if (second == 0)
        return fail_zero(run, "float division by zero");
    *ret_value = creg_value_float(first / second);
    return CREG_OK;
}

/* Quotient rounded down and the remainder with the divisor's sign, in doubles: the remainder
 * is exact, and the quotient is made from it rather than by dividing. */
static void divide_doubles(double left, double right, double *ret_quotient,
                           double *ret_remainder)
{
    double remainder = fmod(left, right);
    double quotient = (left - remainder) / right;
    if (remainder == 0) {
        remainder = copysign(0.0, right);
    } else if ((right < 0) != (remainder < 0)) {
        remainder += right;
        quotient -= 1.0;
    }
    if (quotient == 0) {
        quotient = copysign(0.0, left / right);
    } else {
        double whole = floor(quotient);
        quotient = quotient - whole > 0.5 ? whole + 1.0 : whole;
    }
    *ret_quotient = quotient;
    *ret_remainder = remainder;
}

static creg_status divide_whole(jinja_run *run, creg_value left, creg_value right,
                                creg_value *ret_quotient, creg_value *ret_remainder)
{
    creg_integer first = creg_value_to_integer(left);
    creg_integer second = creg_value_to_integer(right);
    creg_integer quotient = {0};
    creg_integer remainder = {0};
    if (creg_integer_sign(second) == 0)
        return fail_zero(run, ret_quotient != NULL ? "integer division or modulo by zero"
                                                   : "integer modulo by zero");
    creg_status status = charge_integers(run, first, second);
    if (status == CREG_OK)
        status = creg_integer_divide(room_of(run), first, second,
                                     ret_quotient != NULL ? &quotient : NULL,
                                     ret_remainder != NULL ? &remainder : NULL, run->err);
    if (status != CREG_OK)
        return status;
    if (ret_quotient != NULL)
        *ret_quotient = creg_value_of_integer(quotient);
    if (ret_remainder != NULL)
        *ret_remainder = creg_value_of_integer(remainder);
    return CREG_OK;
}

creg_status jinja_floor_divide(jinja_run *run, creg_value left, creg_value right,
                               creg_value *ret_value)
{
    if (!both_numbers(left, right))
        return fail_operands(run, "//", left, right);
    if (!any_float(left, right))
        return divide_whole(run, left, right, ret_value, NULL);
    double first;
    double second;
    double remainder;
    creg_status status = to_doubles(run, left, right, &first, &second);
    if (status != CREG_OK)
        return status;
    if (second == 0)
        return fail_zero(run, "float floor division by zero");
    *ret_value = creg_value_float(0);
    divide_doubles(first, second, &ret_value->as.real, &remainder);
    return CREG_OK;
}

creg_status jinja_modulo(jinja_run *run, creg_value left, creg_value right,
                         creg_value *ret_value)
{
    if (is_kind(left, CREG_KIND_STRING))
        return jinja_format_percent(run, left, right, ret_value);
    if (!both_numbers(left, right))
        return fail_operands(run, "%", left, right);
    if (!any_float(left, right))
        return divide_whole(run, left, right, NULL, ret_value);
    double first;
    double second;
    double quotient;
    creg_status status = to_doubles(run, left, right, &first, &second);
    if (status != CREG_OK)
        return status;
    if (second == 0)
        return fail_zero(run, "float modulo");
    *ret_value = creg_value_float(0);
    divide_doubles(first, second, &quotient, &ret_value->as.real);
    return CREG_OK;
}

/* ---- power ---------------------------------------------------------------------------- */

static creg_status power_doubles(jinja_run *run, double base, double exponent,
                                 creg_value *ret_value)
{
    if (base == 0 && exponent < 0)
        return fail_zero(run, "0.0 cannot be raised to a negative power");
    /* Python would go on with a complex number; there are none here. */
    if (base < 0 && isfinite(base) && isfinite(exponent) && floor(exponent) != exponent)
        return jinja_fail(run, "ValueError",
                          "negative number cannot be raised to a fractional power");
    double power = pow(base, exponent);
    if (isinf(power) && isfinite(base) && isfinite(exponent))
        return jinja_fail(run, "OverflowError", "(34, 'Numerical result out of range')");
    *ret_value = creg_value_float(power);
    return CREG_OK;
}

static creg_status power_integers(jinja_run *run, creg_value left, creg_value right,
                                  creg_value *ret_value)
{
    creg_integer base = creg_value_to_integer(left);
    creg_integer exponent = creg_value_to_integer(right);
    creg_integer power = {0};
    /* What the result will cost is bounded by the digits it may have. */
    creg_status status = CREG_OK;
    if (exponent.big == NULL && exponent.small > 64)
        status = jinja_charge(run, (uint64_t)run->limits.integer_digits / 8);
    if (status == CREG_OK)
        status = creg_integer_power(room_of(run), base, exponent, &power, run->err);
    if (status == CREG_OK)
        *ret_value = creg_value_of_integer(power);
    return status;
}

creg_status jinja_power(jinja_run *run, creg_value left, creg_value right,
                        creg_value *ret_value)
{
    if (!both_numbers(left, right))
        return fail_operands(run, "** or pow()", left, right);
    bool whole = !any_float(left, right);
    if (whole && creg_integer_sign(creg_value_to_integer(right)) >= 0)
        return power_integers(run, left, right, ret_value);
    double base;
    double exponent;
    creg_status status = to_doubles(run, left, right, &base, &exponent);
    return status == CREG_OK ? power_doubles(run, base, exponent, ret_value) : status;
}

/* ---- one operand ---------------------------------------------------------------------- */

static creg_status fail_operand(jinja_run *run, char sign, creg_value value)
{
    if (is_kind(value, CREG_KIND_UNDEFINED))
        return jinja_fail_undefined(run, value);
    return jinja_fail(run, "TypeError", "bad operand type for unary %c: '%s'", sign,
                      creg_value_type_name(value));
}

creg_status jinja_negate(jinja_run *run, creg_value value, creg_value *ret_value)
{
    if (is_kind(value, CREG_KIND_FLOAT)) {
        *ret_value = creg_value_float(-value.as.real);
        return CREG_OK;
    }
    if (!creg_value_is_integer(value))
        return fail_operand(run, '-', value);
    creg_integer negated = {0};
    creg_status status =
        creg_integer_negate(room_of(run), creg_value_to_integer(value), &negated, run->err);
    if (status == CREG_OK)
        *ret_value = creg_value_of_integer(negated);
    return status;
}

creg_status jinja_positive(jinja_run *run, creg_value value, creg_value *ret_value)
{
    if (!creg_value_is_number(value))
        return fail_operand(run, '+', value);
    *ret_value = is_kind(value, CREG_KIND_BOOL) ? creg_value_int(value.as.integer) : value;
    return CREG_OK;
}
