/* SPDX-License-Identifier: MIT */
/*
 * Read the arguments of a builtin, with Python's complaints about the wrong type.
 */
#include "jinja/runtime.h"

creg_status jinja_argument_int(jinja_call *call, size_t index, int64_t otherwise,
                               int64_t *ret_integer)
{
    if (!jinja_has(call, index)) {
        *ret_integer = otherwise;
        return CREG_OK;
    }
    creg_value value = call->args[index];
    if (creg_value_is(value, CREG_KIND_INT) || creg_value_is(value, CREG_KIND_BOOL)) {
        *ret_integer = value.as.integer;
        return CREG_OK;
    }
    if (creg_value_is(value, CREG_KIND_UNDEFINED))
        return jinja_fail_undefined(call->run, value);
    if (creg_value_is(value, CREG_KIND_BIGINT))
        return jinja_fail(call->run, "OverflowError",
                          "Python int too large to convert to C ssize_t");
    return jinja_fail(call->run, "TypeError", "'%s' object cannot be interpreted as an integer",
                      creg_value_type_name(value));
}

creg_status jinja_argument_index(jinja_call *call, size_t index, int64_t otherwise,
                                 int64_t *ret_integer)
{
    if (jinja_has(call, index) && creg_value_is(call->args[index], CREG_KIND_UNDEFINED))
        return jinja_fail(call->run, "TypeError",
                          "'%s' object cannot be interpreted as an integer",
                          creg_value_type_name(call->args[index]));
    return jinja_argument_int(call, index, otherwise, ret_integer);
}

creg_status jinja_argument_flag(jinja_call *call, size_t index, bool *ret_truth)
{
    int64_t integer = 0;
    if (jinja_has(call, index) && creg_value_is(call->args[index], CREG_KIND_BIGINT))
        return jinja_fail(call->run, "OverflowError",
                          "Python int too large to convert to C int");
    creg_status status = jinja_argument_index(call, index, 0, &integer);
    *ret_truth = status == CREG_OK && integer != 0;
    return status;
}

creg_status jinja_argument_bool(jinja_call *call, size_t index, bool otherwise, bool *ret_truth)
{
    if (!jinja_has(call, index)) {
        *ret_truth = otherwise;
        return CREG_OK;
    }
    return jinja_truthy(call->run, call->args[index], ret_truth);
}

creg_status jinja_argument_text(jinja_call *call, size_t index, creg_slice otherwise,
                                creg_slice *ret_text)
{
    if (!jinja_has(call, index)) {
        *ret_text = otherwise;
        return CREG_OK;
    }
    creg_value value = call->args[index];
    if (creg_value_is(value, CREG_KIND_STRING)) {
        *ret_text = creg_value_text(value);
        return CREG_OK;
    }
    if (creg_value_is(value, CREG_KIND_UNDEFINED))
        return jinja_fail_undefined(call->run, value);
    return jinja_fail(call->run, "TypeError", "expected str instance, %s found",
                      creg_value_type_name(value));
}

creg_status jinja_require_map(jinja_run *run, creg_value value)
{
    if (creg_value_is(value, CREG_KIND_MAP))
        return CREG_OK;
    if (creg_value_is(value, CREG_KIND_UNDEFINED))
        return jinja_fail_undefined(run, value);
    return jinja_fail(run, "AttributeError", "'%s' object has no attribute 'items'",
                      creg_value_type_name(value));
}
