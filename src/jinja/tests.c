/* SPDX-License-Identifier: MIT */
/*
 * The tests behind `is`: types, numbers, comparisons, membership, registration.
 */
#include "jinja/builtins.h"
#include "jinja/engine.h"
#include "jinja/eval.h"
#include "jinja/methods.h"

#include "base/unicode.h"
#include "base/utf8.h"

static creg_status answer(bool truth, creg_value *ret_value)
{
    *ret_value = creg_value_bool(truth);
    return CREG_OK;
}

/* ---- what kind of value ----------------------------------------------------------------- */

static creg_status test_defined(jinja_call *call, creg_value *ret_value)
{
    return answer(!creg_value_is(call->args[0], CREG_KIND_UNDEFINED), ret_value);
}

static creg_status test_undefined(jinja_call *call, creg_value *ret_value)
{
    return answer(creg_value_is(call->args[0], CREG_KIND_UNDEFINED), ret_value);
}

static creg_status test_none(jinja_call *call, creg_value *ret_value)
{
    return answer(creg_value_is(call->args[0], CREG_KIND_NONE), ret_value);
}

static creg_status test_boolean(jinja_call *call, creg_value *ret_value)
{
    return answer(creg_value_is(call->args[0], CREG_KIND_BOOL), ret_value);
}

static creg_status test_true(jinja_call *call, creg_value *ret_value)
{
    creg_value value = call->args[0];
    return answer(creg_value_is(value, CREG_KIND_BOOL) && value.as.integer != 0, ret_value);
}

static creg_status test_false(jinja_call *call, creg_value *ret_value)
{
    creg_value value = call->args[0];
    return answer(creg_value_is(value, CREG_KIND_BOOL) && value.as.integer == 0, ret_value);
}

static bool is_integer(creg_value value)
{
    return creg_value_is(value, CREG_KIND_INT) || creg_value_is(value, CREG_KIND_BIGINT);
}

static creg_status test_integer(jinja_call *call, creg_value *ret_value)
{
    return answer(is_integer(call->args[0]), ret_value);
}

static creg_status test_float(jinja_call *call, creg_value *ret_value)
{
    return answer(creg_value_is(call->args[0], CREG_KIND_FLOAT), ret_value);
}

static creg_status test_number(jinja_call *call, creg_value *ret_value)
{
    creg_value value = call->args[0];
    return answer(is_integer(value) || creg_value_is(value, CREG_KIND_BOOL) ||
                      creg_value_is(value, CREG_KIND_FLOAT) ||
                      creg_value_is(value, CREG_KIND_NUMBER),
                  ret_value);
}

static creg_status test_string(jinja_call *call, creg_value *ret_value)
{
    return answer(creg_value_is(call->args[0], CREG_KIND_STRING), ret_value);
}

static creg_status test_mapping(jinja_call *call, creg_value *ret_value)
{
    return answer(creg_value_is(call->args[0], CREG_KIND_MAP), ret_value);
}

/* Has it len() and [ ]? Python's undefined has both, unless it is strict. */
static creg_status test_sequence(jinja_call *call, creg_value *ret_value)
{
    creg_value value = call->args[0];
    switch ((creg_kind)value.kind) {
    case CREG_KIND_STRING:
    case CREG_KIND_BYTES:
    case CREG_KIND_LIST:
    case CREG_KIND_TUPLE:
    case CREG_KIND_MAP:
    case CREG_KIND_RANGE:
        return answer(true, ret_value);
    case CREG_KIND_UNDEFINED:
        return answer(jinja_undefined_mode(value) != JINJA_UNDEFINED_STRICT, ret_value);
    case CREG_KIND_OBJECT:
        return answer(jinja_class_of(value)->length != NULL &&
                          jinja_class_of(value)->item != NULL,
                      ret_value);
    default:
        return answer(false, ret_value);
    }
}

static creg_status test_iterable(jinja_call *call, creg_value *ret_value)
{
    creg_value value = call->args[0];
    switch ((creg_kind)value.kind) {
    case CREG_KIND_UNDEFINED:
        if (jinja_undefined_mode(value) == JINJA_UNDEFINED_STRICT)
            return jinja_fail_undefined(call->run, value);
        return answer(true, ret_value);
    case CREG_KIND_STRING:
    case CREG_KIND_BYTES:
    case CREG_KIND_LIST:
    case CREG_KIND_TUPLE:
    case CREG_KIND_SET:
    case CREG_KIND_MAP:
    case CREG_KIND_RANGE:
        return answer(true, ret_value);
    case CREG_KIND_OBJECT:
        return answer(jinja_class_of(value)->next != NULL ||
                          jinja_class_of(value)->iterate != NULL,
                      ret_value);
    default:
        return answer(false, ret_value);
    }
}

/* Undefined is callable in Python: the call itself is what fails. */
static creg_status test_callable(jinja_call *call, creg_value *ret_value)
{
    creg_value value = call->args[0];
    bool truth =
        creg_value_is(value, CREG_KIND_UNDEFINED) ||
        (creg_value_is(value, CREG_KIND_OBJECT) && jinja_class_of(value)->call != NULL);
    return answer(truth, ret_value);
}

static creg_status test_escaped(jinja_call *call, creg_value *ret_value)
{
    return answer(jinja_has_html(call->args[0]), ret_value);
}

/* ---- the same, and what has one of each -------------------------------------------------- */

static bool is_same_float(double left, double right)
{
    return memcmp(&left, &right, sizeof left) == 0;
}

/* Python's `is`, as far as values have an identity: small things by value, containers by
 * address, texts by where they lie (constants of a template are shared). */
static bool is_same(creg_value left, creg_value right)
{
    if (left.kind != right.kind)
        return false;
    switch ((creg_kind)left.kind) {
    case CREG_KIND_NONE:
        return true;
    case CREG_KIND_BOOL:
    case CREG_KIND_INT:
        return left.as.integer == right.as.integer;
    case CREG_KIND_FLOAT:
        return is_same_float(left.as.real, right.as.real);
    case CREG_KIND_STRING:
        return (left.flags & CREG_STRING_MARKUP) == (right.flags & CREG_STRING_MARKUP) &&
               creg_slice_equal(creg_value_text(left), creg_value_text(right));
    default: /* everything else lives behind a pointer */
        return left.as.text == right.as.text;
    }
}

static creg_status test_sameas(jinja_call *call, creg_value *ret_value)
{
    return answer(is_same(call->args[0], call->args[1]), ret_value);
}

/* ---- numbers ---------------------------------------------------------------------------- */

/* value % divisor == rest, by Python's rules for whatever the types are. */
static creg_status has_rest(jinja_call *call, creg_value divisor, int64_t rest,
                            creg_value *ret_value)
{
    creg_value remainder;
    bool equal = false;
    creg_status status = jinja_modulo(call->run, call->args[0], divisor, &remainder);
    if (status == CREG_OK)
        status = jinja_equal(call->run, remainder, creg_value_int(rest), &equal);
    return status == CREG_OK ? answer(equal, ret_value) : status;
}

static creg_status test_odd(jinja_call *call, creg_value *ret_value)
{
    return has_rest(call, creg_value_int(2), 1, ret_value);
}

static creg_status test_even(jinja_call *call, creg_value *ret_value)
{
    return has_rest(call, creg_value_int(2), 0, ret_value);
}

static creg_status test_divisibleby(jinja_call *call, creg_value *ret_value)
{
    return has_rest(call, call->args[1], 0, ret_value);
}

/* ---- case ------------------------------------------------------------------------------- */

/* str.islower() or isupper(): some cased character, and all of them of this case. */
static creg_status has_case(jinja_call *call, bool upper, creg_value *ret_value)
{
    creg_slice text;
    creg_status status = jinja_str(call->run, call->args[0], &text);
    if (status == CREG_OK)
        status = jinja_charge(call->run, text.size / 64 + 1);
    if (status != CREG_OK)
        return status;
    bool any = false;
    for (size_t at = 0; at < text.size;) {
        size_t width;
        uint32_t c = creg_utf8_decode(text.data + at, &width);
        bool is_lower = creg_unicode_is_lower(c);
        bool is_upper = creg_unicode_is_upper(c);
        if ((upper ? is_lower : is_upper) || creg_unicode_is_title(c))
            return answer(false, ret_value);
        any = any || (upper ? is_upper : is_lower);
        at += width;
    }
    return answer(any, ret_value);
}

static creg_status test_lower(jinja_call *call, creg_value *ret_value)
{
    return has_case(call, false, ret_value);
}

static creg_status test_upper(jinja_call *call, creg_value *ret_value)
{
    return has_case(call, true, ret_value);
}

/* ---- comparing -------------------------------------------------------------------------- */

static creg_status test_eq(jinja_call *call, creg_value *ret_value)
{
    bool equal = false;
    creg_status status = jinja_equal(call->run, call->args[0], call->args[1], &equal);
    return status == CREG_OK ? answer(equal, ret_value) : status;
}

static creg_status test_ne(jinja_call *call, creg_value *ret_value)
{
    bool equal = false;
    creg_status status = jinja_equal(call->run, call->args[0], call->args[1], &equal);
    return status == CREG_OK ? answer(!equal, ret_value) : status;
}

static creg_status compare(jinja_call *call, jinja_comparison comparison, creg_value *ret_value)
{
    bool truth = false;
    creg_status status =
        jinja_compare(call->run, comparison, call->args[0], call->args[1], &truth);
    return status == CREG_OK ? answer(truth, ret_value) : status;
}

static creg_status test_lt(jinja_call *call, creg_value *ret_value)
{
    return compare(call, JINJA_LESS, ret_value);
}

static creg_status test_le(jinja_call *call, creg_value *ret_value)
{
    return compare(call, JINJA_LESS_EQUAL, ret_value);
}

static creg_status test_gt(jinja_call *call, creg_value *ret_value)
{
    return compare(call, JINJA_GREATER, ret_value);
}

static creg_status test_ge(jinja_call *call, creg_value *ret_value)
{
    return compare(call, JINJA_GREATER_EQUAL, ret_value);
}

static creg_status test_in(jinja_call *call, creg_value *ret_value)
{
    bool contains = false;
    creg_status status = jinja_contains(call->run, call->args[1], call->args[0], &contains);
    return status == CREG_OK ? answer(contains, ret_value) : status;
}

/* ---- registration ----------------------------------------------------------------------- */

static creg_status is_registered(jinja_call *call, jinja_builtin_kind kind,
                                 creg_value *ret_value)
{
    creg_value name = call->args[0];
    creg_status status = jinja_check_key(call->run, name); /* looked up in a dictionary */
    if (status != CREG_OK)
        return status;
    if (!creg_value_is(name, CREG_KIND_STRING))
        return answer(false, ret_value);
    const jinja_engine *engine = call->run->engine;
    bool known = jinja_find_host(engine, kind, creg_value_text(name)) != NULL ||
                 jinja_find_builtin(engine, kind, creg_value_text(name)) != NULL;
    return answer(known, ret_value);
}

static creg_status test_filter(jinja_call *call, creg_value *ret_value)
{
    return is_registered(call, JINJA_FILTERS, ret_value);
}

static creg_status test_test(jinja_call *call, creg_value *ret_value)
{
    return is_registered(call, JINJA_TESTS, ret_value);
}

const jinja_builtin jinja_tests_table[] = {
    {"!=", test_ne, "!=(other, /)", "Alias of ne.", 0, 0},
    {"<", test_lt, "<(other, /)", "Alias of lt.", 0, 0},
    {"<=", test_le, "<=(other, /)", "Alias of le.", 0, 0},
    {"==", test_eq, "==(other, /)", "Alias of eq.", 0, 0},
    {">", test_gt, ">(other, /)", "Alias of gt.", 0, 0},
    {">=", test_ge, ">=(other, /)", "Alias of ge.", 0, 0},
    {"boolean", test_boolean, "boolean()", "Is it true or false?", 0, 0},
    {"callable", test_callable, "callable()", "Can it be called?", 0, 0},
    {"defined", test_defined, "defined()", "Is it anything but undefined?", 0, 0},
    {"divisibleby", test_divisibleby, "divisibleby(num)",
     "Is nothing left when divided by num?", 0, 0},
    {"eq", test_eq, "eq(other, /)", "Is it equal?", 0, 0},
    {"equalto", test_eq, "equalto(other, /)", "Alias of eq.", 0, 0},
    {"escaped", test_escaped, "escaped()", "Is it Markup?", 0, 0},
    {"even", test_even, "even()", "Is it an even number?", 0, 0},
    {"false", test_false, "false()", "Is it false itself?", 0, 0},
    {"filter", test_filter, "filter()", "Is there a filter of this name?", 0, 0},
    {"float", test_float, "float()", "Is it a floating point number?", 0, 0},
    {"ge", test_ge, "ge(other, /)", "Is it greater or equal?", 0, 0},
    {"greaterthan", test_gt, "greaterthan(other, /)", "Alias of gt.", 0, 0},
    {"gt", test_gt, "gt(other, /)", "Is it greater?", 0, 0},
    {"in", test_in, "in(seq)", "Is it in the sequence, text or mapping?", 0, 0},
    {"integer", test_integer, "integer()", "Is it a whole number (and no boolean)?", 0, 0},
    {"iterable", test_iterable, "iterable()", "Can one loop over it?", 0, 0},
    {"le", test_le, "le(other, /)", "Is it less or equal?", 0, 0},
    {"lessthan", test_lt, "lessthan(other, /)", "Alias of lt.", 0, 0},
    {"lower", test_lower, "lower()", "Is the text in lower case?", 0, 0},
    {"lt", test_lt, "lt(other, /)", "Is it less?", 0, 0},
    {"mapping", test_mapping, "mapping()", "Is it a mapping?", 0, 0},
    {"ne", test_ne, "ne(other, /)", "Is it not equal?", 0, 0},
    {"none", test_none, "none()", "Is it none?", 0, 0},
    {"number", test_number, "number()", "Is it a number (or boolean)?", 0, 0},
    {"odd", test_odd, "odd()", "Is it an odd number?", 0, 0},
    {"sameas", test_sameas, "sameas(other)", "Is it the very same thing?", 0, 0},
    {"sequence", test_sequence, "sequence()", "Has it a length and items by index or key?", 0,
     0},
    {"string", test_string, "string()", "Is it text?", 0, 0},
    {"test", test_test, "test()", "Is there a test of this name?", 0, 0},
    {"true", test_true, "true()", "Is it true itself?", 0, 0},
    {"undefined", test_undefined, "undefined()", "Is it undefined?", 0, 0},
    {"upper", test_upper, "upper()", "Is the text in upper case?", 0, 0},
    JINJA_ROW_END,
};
