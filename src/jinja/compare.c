/* SPDX-License-Identifier: MIT */
/*
 * ==, <, in and len() for templates: value/compare.h's answers, with Python's complaints and
 * the engine's rules for what is undefined, paid for with fuel.
 */
#include "value/compare.h"
#include "base/search.h"
#include "base/utf8.h"
#include "jinja/builtins.h"
#include "jinja/eval.h"
#include "value/integer.h"

static bool is_kind(creg_value value, creg_kind kind)
{
    return value.kind == (uint8_t)kind;
}

/* By the value's own kind: an if-expression without else is lenient in a strict engine. */
static bool is_strict(creg_value value)
{
    return is_kind(value, CREG_KIND_UNDEFINED) &&
           jinja_undefined_mode(value) == JINJA_UNDEFINED_STRICT;
}

/* What lies in a container is equal to itself, before anybody asks it. */
static bool is_same_undefined(creg_value left, creg_value right)
{
    return is_kind(left, CREG_KIND_UNDEFINED) && is_kind(right, CREG_KIND_UNDEFINED) &&
           left.as.object == right.as.object;
}

/* ---- == ------------------------------------------------------------------------------- */

static creg_status equal_within(jinja_run *run, creg_value left, creg_value right,
                                unsigned depth, bool *ret_equal);

static creg_status equal_lists(jinja_run *run, const creg_list *left, const creg_list *right,
                               unsigned depth, bool *ret_equal)
{
    creg_status status = CREG_OK;
    *ret_equal = left->size == right->size;
    for (size_t i = 0; i < left->size && *ret_equal && status == CREG_OK; i++)
        status = equal_within(run, left->items[i], right->items[i], depth + 1, ret_equal);
    return status;
}

static creg_status equal_maps(jinja_run *run, const creg_map *left, const creg_map *right,
                              unsigned depth, bool *ret_equal)
{
    creg_status status = CREG_OK;
    *ret_equal = left->size == right->size;
    for (size_t i = 0; i < left->filled && *ret_equal && status == CREG_OK; i++) {
        const creg_entry *entry = &left->entries[i];
        if (!entry->used)
            continue;
        const creg_value *other = creg_map_get(right, entry->key);
        *ret_equal = other != NULL;
        if (other != NULL)
            status = equal_within(run, entry->value, *other, depth + 1, ret_equal);
    }
    return status;
}

/* What a strict engine does: a container may hold an undefined value, and comparing that one
 * fails. Deeper than anybody nests, value/compare.h's own answer has to do. */
static creg_status equal_within(jinja_run *run, creg_value left, creg_value right,
                                unsigned depth, bool *ret_equal)
{
    enum { DEPTH_MAX = 64 };
    creg_status status = jinja_charge(run, 1);
    if (status != CREG_OK)
        return status;
    *ret_equal = true;
    if (depth > 0 && is_same_undefined(left, right))
        return CREG_OK;
    if (is_strict(left))
        return jinja_fail_undefined(run, left);
    if (is_strict(right))
        return jinja_fail_undefined(run, right);
    if (depth < DEPTH_MAX && left.kind == right.kind && left.as.list != right.as.list) {
        if (is_kind(left, CREG_KIND_LIST) || is_kind(left, CREG_KIND_TUPLE))
            return equal_lists(run, left.as.list, right.as.list, depth, ret_equal);
        if (is_kind(left, CREG_KIND_MAP))
            return equal_maps(run, left.as.map, right.as.map, depth, ret_equal);
    }
    *ret_equal = creg_value_equal_within(left, right, &run->fuel);
    return run->fuel == 0 ? jinja_fail_fuel(run) : CREG_OK;
}

static bool is_container(creg_value value)
{
    return value.kind == CREG_KIND_LIST || value.kind == CREG_KIND_TUPLE ||
           value.kind == CREG_KIND_MAP;
}

creg_status jinja_same(jinja_run *run, creg_value left, creg_value right, bool *ret_same)
{
    *ret_same = true;
    if (is_same_undefined(left, right))
        return CREG_OK;
    bool by_parts = run->options->undefined == JINJA_UNDEFINED_STRICT &&
                    (is_container(left) || is_strict(left) || is_strict(right));
    if (by_parts)
        return equal_within(run, left, right, 0, ret_same);
    *ret_same = creg_value_same_within(left, right, &run->fuel);
    return run->fuel == 0 ? jinja_fail_fuel(run) : CREG_OK;
}

creg_status jinja_equal(jinja_run *run, creg_value left, creg_value right, bool *ret_equal)
{
    if (is_kind(left, CREG_KIND_INT) && is_kind(right, CREG_KIND_INT)) {
        *ret_equal = left.as.integer == right.as.integer;
        return CREG_OK;
    }
    if (run->options->undefined == JINJA_UNDEFINED_STRICT && is_container(left))
        return equal_within(run, left, right, 0, ret_equal);
    if (is_strict(left))
        return jinja_fail_undefined(run, left);
    if (is_strict(right))
        return jinja_fail_undefined(run, right);
    *ret_equal = creg_value_equal_within(left, right, &run->fuel);
    return run->fuel == 0 ? jinja_fail_fuel(run) : CREG_OK;
}

/* ---- order ---------------------------------------------------------------------------- */

static creg_status fail_order(jinja_run *run, const char *sign, creg_value left,
                              creg_value right)
{
    if (run->fuel == 0)
        return jinja_fail_fuel(run);
    if (is_kind(left, CREG_KIND_UNDEFINED))
        return jinja_fail_undefined(run, left);
    if (is_kind(right, CREG_KIND_UNDEFINED))
        return jinja_fail_undefined(run, right);
    return jinja_fail(run, "TypeError", "'%s' not supported between instances of '%s' and '%s'",
                      sign, creg_value_type_name(left), creg_value_type_name(right));
}

static bool is_like_set(creg_value value)
{
    return is_kind(value, CREG_KIND_SET) ||
           (is_kind(value, CREG_KIND_OBJECT) && jinja_is_set_view(value));
}

static creg_status set_of(jinja_run *run, creg_value value, creg_map **ret_set)
{
    *ret_set = value.as.map;
    return is_kind(value, CREG_KIND_SET) ? CREG_OK : jinja_to_set(run, value, ret_set);
}

/* Among sets, less means: a true subset. */
static bool compare_sets(jinja_comparison comparison, const creg_map *left,
                         const creg_map *right)
{
    bool reversed = comparison == JINJA_GREATER || comparison == JINJA_GREATER_EQUAL;
    const creg_map *small = reversed ? right : left;
    const creg_map *large = reversed ? left : right;
    bool may_equal = comparison == JINJA_LESS_EQUAL || comparison == JINJA_GREATER_EQUAL;
    if (small->size > large->size || (small->size == large->size && !may_equal))
        return false;
    return creg_map_keys_within(small, large);
}

/* The first pair that differs decides; a strictly undefined item on the way there fails. */
static creg_status check_items(jinja_run *run, const creg_list *left, const creg_list *right)
{
    size_t shorter = left->size < right->size ? left->size : right->size;
    creg_status status = CREG_OK;
    bool same = true;
    for (size_t i = 0; i < shorter && same && status == CREG_OK; i++)
        status = jinja_same(run, left->items[i], right->items[i], &same);
    return status;
}

creg_status jinja_compare(jinja_run *run, jinja_comparison comparison, creg_value left,
                          creg_value right, bool *ret_truth)
{
    static const char *const signs[] = {"<", "<=", ">", ">="};
    if (is_like_set(left) && is_like_set(right)) {
        creg_map *one = NULL;
        creg_map *other = NULL;
        creg_status status = set_of(run, left, &one);
        if (status == CREG_OK)
            status = set_of(run, right, &other);
        if (status != CREG_OK)
            return status;
        *ret_truth = compare_sets(comparison, one, other);
        return jinja_charge(run, one->size);
    }
    bool is_row = is_kind(left, CREG_KIND_LIST) || is_kind(left, CREG_KIND_TUPLE);
    if (is_row && right.kind == left.kind &&
        run->options->undefined == JINJA_UNDEFINED_STRICT) {
        creg_status status = check_items(run, left.as.list, right.as.list);
        if (status != CREG_OK)
            return status;
    }
    creg_value first = left;
    creg_value second = right;
    creg_order order = creg_value_order(left, right, &run->fuel, &first, &second);
    if (order == CREG_ORDER_IMPOSSIBLE)
        return fail_order(run, signs[comparison], first, second);
    if (comparison == JINJA_LESS)
        *ret_truth = order == CREG_ORDER_LESS;
    else if (comparison == JINJA_LESS_EQUAL)
        *ret_truth = order == CREG_ORDER_LESS || order == CREG_ORDER_EQUAL;
    else if (comparison == JINJA_GREATER)
        *ret_truth = order == CREG_ORDER_GREATER;
    else
        *ret_truth = order == CREG_ORDER_GREATER || order == CREG_ORDER_EQUAL;
    return CREG_OK;
}

/* ---- in ------------------------------------------------------------------------------- */

static creg_status is_in_string(jinja_run *run, creg_value haystack, creg_value needle,
                                bool *ret_contains)
{
    if (!is_kind(needle, CREG_KIND_STRING))
        return jinja_fail(run, "TypeError",
                          "'in <string>' requires string as left operand, not %s",
                          creg_value_type_name(needle));
    *ret_contains =
        creg_search(creg_value_text(haystack), creg_value_text(needle), 0) != SIZE_MAX;
    return jinja_charge(run, haystack.size / 64);
}

static creg_status is_in_list(jinja_run *run, const creg_list *list, creg_value needle,
                              bool *ret_contains)
{
    *ret_contains = false;
    for (size_t i = 0; i < list->size && !*ret_contains; i++) {
        creg_status status = jinja_charge(run, 1);
        if (status != CREG_OK)
            return status;
        status = jinja_same(run, list->items[i], needle, ret_contains);
        if (status != CREG_OK)
            return status;
    }
    return CREG_OK;
}

static creg_status is_in_map(jinja_run *run, const creg_map *map, creg_value needle,
                             bool *ret_contains)
{
    if (is_strict(needle))
        return jinja_fail_undefined(run, needle);
    if (!creg_value_hashable(needle))
        return jinja_fail(run, "TypeError", "unhashable type: '%s'",
                          creg_value_type_name(needle));
    *ret_contains = creg_map_get(map, needle) != NULL;
    return CREG_OK;
}

static bool is_in_range(const creg_range *range, int64_t number)
{
    if (range->size == 0)
        return false;
    bool inside = range->step > 0 ? number >= range->start && number < range->stop
                                  : number <= range->start && number > range->stop;
    if (!inside)
        return false;
    /* The distance may need 64 bits without a sign. */
    uint64_t distance = range->step > 0 ? (uint64_t)number - (uint64_t)range->start
                                        : (uint64_t)range->start - (uint64_t)number;
    uint64_t step = range->step > 0 ? (uint64_t)range->step : 0 - (uint64_t)range->step;
    return distance % step == 0;
}

static bool is_in_range_value(const creg_range *range, creg_value needle)
{
    if (is_kind(needle, CREG_KIND_INT) || is_kind(needle, CREG_KIND_BOOL))
        return is_in_range(range, needle.as.integer);
    if (!is_kind(needle, CREG_KIND_FLOAT))
        return false;
    double real = needle.as.real;
    if (!(real >= -9223372036854775808.0 && real < 9223372036854775808.0))
        return false;
    int64_t whole = (int64_t)real;
    return (double)whole == real && is_in_range(range, whole);
}

static creg_status is_in_bytes(jinja_run *run, creg_value haystack, creg_value needle,
                               bool *ret_contains)
{
    if (is_kind(needle, CREG_KIND_BYTES)) {
        creg_slice bytes = creg_value_text(needle);
        *ret_contains = creg_search(creg_value_text(haystack), bytes, 0) != SIZE_MAX;
        return jinja_charge(run, haystack.size / 64);
    }
    if (!creg_value_is_integer(needle))
        return jinja_fail(run, "TypeError", "a bytes-like object is required, not '%s'",
                          creg_value_type_name(needle));
    if (needle.as.integer < 0 || needle.as.integer > 255 || is_kind(needle, CREG_KIND_BIGINT))
        return jinja_fail(run, "ValueError", "byte must be in range(0, 256)");
    *ret_contains = haystack.size > 0 &&
                    memchr(haystack.as.text, (int)needle.as.integer, haystack.size) != NULL;
    return CREG_OK;
}

static creg_status is_in_object(jinja_run *run, creg_value haystack, creg_value needle,
                                bool *ret_contains)
{
    const jinja_class *class = jinja_class_of(haystack);
    if (class->contains != NULL)
        return class->contains(run, haystack.as.object, needle, ret_contains);
    if (class->next == NULL && class->iterate == NULL)
        return jinja_fail(run, "TypeError", "argument of type '%s' is not iterable",
                          creg_value_type_name(haystack));
    jinja_iterator iterator;
    creg_status status = jinja_iterate(run, haystack, &iterator);
    *ret_contains = false;
    bool more = true;
    while (status == CREG_OK && !*ret_contains) {
        creg_value item;
        status = jinja_next(run, &iterator, &item, &more);
        if (status != CREG_OK || !more)
            return status;
        status = jinja_same(run, item, needle, ret_contains);
    }
    return status;
}

creg_status jinja_contains(jinja_run *run, creg_value haystack, creg_value needle,
                           bool *ret_contains)
{
    switch ((creg_kind)haystack.kind) {
    case CREG_KIND_STRING:
        return is_in_string(run, haystack, needle, ret_contains);
    case CREG_KIND_LIST:
    case CREG_KIND_TUPLE:
        return is_in_list(run, haystack.as.list, needle, ret_contains);
    case CREG_KIND_MAP:
    case CREG_KIND_SET:
        return is_in_map(run, haystack.as.map, needle, ret_contains);
    case CREG_KIND_RANGE:
        if (is_strict(needle) && haystack.as.range->size > 0)
            return jinja_fail_undefined(run, needle);
        *ret_contains = is_in_range_value(haystack.as.range, needle);
        return CREG_OK;
    case CREG_KIND_BYTES:
        return is_in_bytes(run, haystack, needle, ret_contains);
    case CREG_KIND_OBJECT:
        return is_in_object(run, haystack, needle, ret_contains);
    case CREG_KIND_UNDEFINED:
        *ret_contains = false;
        return is_strict(haystack) ? jinja_fail_undefined(run, haystack) : CREG_OK;
    default:
        return jinja_fail(run, "TypeError", "argument of type '%s' is not iterable",
                          creg_value_type_name(haystack));
    }
}

/* ---- len() ---------------------------------------------------------------------------- */

static creg_status fail_length(jinja_run *run, creg_value value)
{
    return jinja_fail(run, "TypeError", "object of type '%s' has no len()",
                      creg_value_type_name(value));
}

creg_status jinja_length(jinja_run *run, creg_value value, size_t *ret_length)
{
    switch ((creg_kind)value.kind) {
    case CREG_KIND_STRING:
        *ret_length = creg_utf8_count(creg_value_text(value));
        return jinja_charge(run, value.size / 64);
    case CREG_KIND_BYTES:
        *ret_length = value.size;
        return CREG_OK;
    case CREG_KIND_LIST:
    case CREG_KIND_TUPLE:
        *ret_length = value.as.list->size;
        return CREG_OK;
    case CREG_KIND_MAP:
    case CREG_KIND_SET:
        *ret_length = value.as.map->size;
        return CREG_OK;
    case CREG_KIND_RANGE:
        *ret_length = (size_t)value.as.range->size;
        return CREG_OK;
    case CREG_KIND_UNDEFINED:
        *ret_length = 0;
        return is_strict(value) ? jinja_fail_undefined(run, value) : CREG_OK;
    case CREG_KIND_OBJECT:
        if (jinja_class_of(value)->length == NULL)
            return fail_length(run, value);
        return jinja_class_of(value)->length(run, value.as.object, ret_length);
    default:
        return fail_length(run, value);
    }
}
