/* SPDX-License-Identifier: MIT */
/*
 * object[start:stop:step], by Python's rules for negative and overlong indexes.
 */
#include "base/utf8.h"
#include "jinja/builtins.h"
#include "jinja/eval.h"
#include "value/integer.h"

/* Which items: start, start + step, ... `count` of them. */
typedef struct picked {
    int64_t start;
    int64_t stop;
    int64_t step;
    size_t count;
} picked;

/* One of the three numbers. What does not fit into 64 bits is as good as the largest. */
static creg_status read_index(jinja_run *run, creg_value value, int64_t otherwise,
                              int64_t *ret_index)
{
    *ret_index = otherwise;
    if (creg_value_is(value, CREG_KIND_NONE) || jinja_is_missing(value))
        return CREG_OK;
    if (!creg_value_is_integer(value))
        return jinja_fail(run, "TypeError",
                          "slice indices must be integers or None or have an __index__ method");
    creg_integer integer = creg_value_to_integer(value);
    if (integer.big != NULL)
        *ret_index = creg_integer_sign(integer) < 0 ? -INT64_MAX : INT64_MAX;
    else
        *ret_index = integer.small == INT64_MIN ? -INT64_MAX : integer.small;
    return CREG_OK;
}

static int64_t clamp(int64_t index, int64_t size, bool backwards)
{
    int64_t low = backwards ? -1 : 0;
    int64_t high = backwards ? size - 1 : size;
    if (index < 0)
        index += size;
    return index < low ? low : index > high ? high : index;
}

static creg_status pick(jinja_run *run, creg_value start, creg_value stop, creg_value step,
                        size_t items, picked *ret)
{
    int64_t size = (int64_t)items;
    int64_t from;
    int64_t to;
    creg_status status = read_index(run, step, 1, &ret->step);
    if (status != CREG_OK)
        return status;
    if (ret->step == 0)
        return jinja_fail(run, "ValueError", "slice step cannot be zero");
    bool backwards = ret->step < 0;
    status = read_index(run, start, backwards ? INT64_MAX : 0, &from);
    if (status == CREG_OK)
        status = read_index(run, stop, backwards ? -INT64_MAX : INT64_MAX, &to);
    if (status != CREG_OK)
        return status;
    from = clamp(from, size, backwards);
    to = clamp(to, size, backwards);
    ret->start = from;
    ret->stop = to;
    int64_t distance = backwards ? from - to : to - from;
    int64_t stride = backwards ? -ret->step : ret->step;
    ret->count = distance <= 0 ? 0 : (size_t)((distance - 1) / stride) + 1;
    return CREG_OK;
}

static creg_status slice_list(jinja_run *run, creg_value value, picked which,
                              creg_value *ret_value)
{
    creg_status status = jinja_charge(run, which.count);
    if (status != CREG_OK)
        return status;
    creg_list *list = creg_list_new(run->arena, which.count);
    if (list == NULL)
        return jinja_fail_arena(run);
    for (size_t i = 0; i < which.count; i++)
        list->items[i] = value.as.list->items[which.start + (int64_t)i * which.step];
    list->size = which.count;
    *ret_value =
        creg_value_is(value, CREG_KIND_LIST) ? creg_value_list(list) : creg_value_tuple(list);
    return CREG_OK;
}

/* Every item is a byte. A run of bytes stays where it is. */
static creg_status slice_bytes(jinja_run *run, creg_value value, picked which,
                               creg_value *ret_value)
{
    *ret_value = value;
    ret_value->size = (uint32_t)which.count;
    if (which.step == 1 || which.count == 0) {
        ret_value->as.text = which.count == 0 ? "" : value.as.text + which.start;
        return CREG_OK;
    }
    creg_status status = jinja_charge(run, which.count / 8);
    if (status != CREG_OK)
        return status;
    char *bytes = creg_arena_take(run->arena, which.count);
    if (bytes == NULL)
        return jinja_fail_arena(run);
    for (size_t i = 0; i < which.count; i++)
        bytes[i] = value.as.text[which.start + (int64_t)i * which.step];
    ret_value->as.text = bytes;
    return CREG_OK;
}

static size_t step_over(creg_slice text, size_t at, int64_t step)
{
    for (; step > 0 && at < text.size; step--)
        at += creg_utf8_width(text.data[at]);
    for (; step < 0 && at > 0; step++)
        at = creg_utf8_before(text, at);
    return at;
}

static creg_status slice_unicode(jinja_run *run, creg_value value, picked which,
                                 creg_value *ret_value)
{
    creg_slice text = creg_value_text(value);
    creg_status paid = jinja_charge(run, text.size / 16);
    if (paid != CREG_OK)
        return paid;
    size_t at = creg_utf8_offset(text, (size_t)which.start);
    *ret_value = value;
    if (which.step == 1) {
        creg_slice rest = creg_slice_make(text.data + at, text.size - at);
        ret_value->as.text = rest.data;
        ret_value->size = (uint32_t)creg_utf8_offset(rest, which.count);
        return CREG_OK;
    }
    creg_status status = jinja_charge(run, which.count / 4);
    if (status != CREG_OK)
        return status;
    creg_text built;
    jinja_text_init(run, &built);
    for (size_t i = 0; i < which.count; i++) {
        creg_text_append(&built, text.data + at, creg_utf8_width(text.data[at]));
        if (i + 1 < which.count)
            at = step_over(text, at, which.step);
    }
    creg_value sliced;
    status = jinja_text_value(run, &built, &sliced);
    ret_value->as.text = sliced.as.text;
    ret_value->size = sliced.size;
    return status;
}

/* The end may lie one step past what 64 bits hold; nothing reads that far. */
static int64_t range_item(const creg_range *range, int64_t index)
{
    return (int64_t)((uint64_t)range->start + (uint64_t)index * (uint64_t)range->step);
}

static creg_status slice_range(jinja_run *run, const creg_range *source, picked which,
                               creg_value *ret_value)
{
    creg_range *range = creg_arena_new(run->arena, creg_range);
    if (range == NULL)
        return jinja_fail_arena(run);
    range->start = range_item(source, which.start);
    range->stop = range_item(source, which.stop);
    range->step = (int64_t)((uint64_t)source->step * (uint64_t)which.step);
    range->size = (int64_t)which.count;
    *ret_value = creg_value_of_kind(CREG_KIND_RANGE);
    ret_value->as.range = range;
    return CREG_OK;
}

static creg_status count_items(jinja_run *run, creg_value object, size_t *ret_count)
{
    switch ((creg_kind)object.kind) {
    case CREG_KIND_STRING:
    case CREG_KIND_BYTES:
    case CREG_KIND_LIST:
    case CREG_KIND_TUPLE:
    case CREG_KIND_RANGE:
        return jinja_length(run, object, ret_count);
    case CREG_KIND_UNDEFINED:
        return jinja_fail_undefined(run, object);
    case CREG_KIND_MAP:
        return jinja_fail(run, "TypeError", "unhashable type: 'slice'");
    default:
        return jinja_fail(run, "TypeError", "'%s' object is not subscriptable",
                          creg_value_type_name(object));
    }
}

creg_status jinja_slice(jinja_run *run, creg_value object, creg_value start, creg_value stop,
                        creg_value step, creg_value *ret_value)
{
    if (creg_value_is(object, CREG_KIND_UNDEFINED) &&
        jinja_undefined_mode(object) == JINJA_UNDEFINED_CHAINABLE) {
        *ret_value = object;
        return CREG_OK;
    }
    size_t count;
    picked which = {0};
    creg_status status = count_items(run, object, &count);
    if (status == CREG_OK)
        status = pick(run, start, stop, step, count, &which);
    if (status != CREG_OK)
        return status;
    if (creg_value_is(object, CREG_KIND_RANGE))
        return slice_range(run, object.as.range, which, ret_value);
    if (creg_value_is(object, CREG_KIND_LIST) || creg_value_is(object, CREG_KIND_TUPLE))
        return slice_list(run, object, which, ret_value);
    if (creg_value_is(object, CREG_KIND_BYTES) || count == object.size)
        return slice_bytes(run, object, which, ret_value);
    if (which.count == 0) {
        which.start = 0;
        return slice_bytes(run, object, which, ret_value);
    }
    return slice_unicode(run, object, which, ret_value);
}
