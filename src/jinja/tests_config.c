/* SPDX-License-Identifier: MIT */
/*
 * The configuration pack's tests: versions, truth, sets, membership.
 */
#include "jinja/builtins.h"

#define PACK JINJA_PACK_CONFIG

/* ---- version ---------------------------------------------------------------------------- */

/* One part of a version: a number, or a run of letters, or whatever else stands there. */
typedef struct version_part {
    creg_slice text;
    bool is_number;
} version_part;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int kind_of(char c)
{
    if (is_digit(c))
        return 1;
    if (c >= 'a' && c <= 'z')
        return 2;
    return c == '.' ? 3 : 0;
}

/* The next part behind `*at`; false at the end. Dots only separate. */
static bool next_part(creg_slice version, size_t *at, version_part *ret_part)
{
    while (*at < version.size && version.data[*at] == '.')
        ++*at;
    if (*at == version.size)
        return false;
    int kind = kind_of(version.data[*at]);
    size_t start = *at;
    while (*at < version.size && kind_of(version.data[*at]) == kind)
        ++*at;
    ret_part->text = creg_slice_make(version.data + start, *at - start);
    ret_part->is_number = kind == 1;
    return true;
}

static int compare_bytes(creg_slice left, creg_slice right)
{
    size_t common = left.size < right.size ? left.size : right.size;
    int order = common == 0 ? 0 : memcmp(left.data, right.data, common);
    return order != 0 ? order : (left.size > right.size) - (left.size < right.size);
}

/* Numbers of any length: without leading zeros the longer one is larger. */
static int compare_digits(creg_slice left, creg_slice right)
{
    while (left.size > 1 && left.data[0] == '0')
        left = creg_slice_make(left.data + 1, left.size - 1);
    while (right.size > 1 && right.data[0] == '0')
        right = creg_slice_make(right.data + 1, right.size - 1);
    if (left.size != right.size)
        return left.size < right.size ? -1 : 1;
    return compare_bytes(left, right);
}

static creg_status compare_versions(jinja_run *run, creg_slice left, creg_slice right,
                                    int *ret_order)
{
    size_t left_at = 0;
    size_t right_at = 0;
    for (;;) {
        version_part a;
        version_part b;
        bool has_a = next_part(left, &left_at, &a);
        bool has_b = next_part(right, &right_at, &b);
        *ret_order = (int)has_a - (int)has_b;
        if (!has_a || !has_b)
            return CREG_OK;
        if (a.is_number != b.is_number)
            return jinja_fail(run, "FilterArgumentError",
                              "Version comparison failed: '%.*s' and '%.*s' differ in form",
                              CREG_SHOW(left), CREG_SHOW(right));
        *ret_order =
            a.is_number ? compare_digits(a.text, b.text) : compare_bytes(a.text, b.text);
        if (*ret_order != 0)
            return CREG_OK;
    }
}

/* Does `order` (<0, 0, >0) satisfy the operator? False in `*ret_known`: no such operator. */
static bool satisfies(creg_slice name, int order, bool *ret_known)
{
    static const struct {
        const char *name;
        bool less, equal, greater;
    } operators[] = {
        {"==", 0, 1, 0}, {"=", 0, 1, 0},  {"eq", 0, 1, 0}, {"<", 1, 0, 0},  {"lt", 1, 0, 0},
        {"<=", 1, 1, 0}, {"le", 1, 1, 0}, {">", 0, 0, 1},  {"gt", 0, 0, 1}, {">=", 0, 1, 1},
        {"ge", 0, 1, 1}, {"!=", 1, 0, 1}, {"<>", 1, 0, 1}, {"ne", 1, 0, 1},
    };
    *ret_known = true;
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++)
        if (creg_slice_equal(name, creg_slice_of(operators[i].name)))
            return order < 0    ? operators[i].less
                   : order == 0 ? operators[i].equal
                                : operators[i].greater;
    *ret_known = false;
    return false;
}

static creg_status read_versions(jinja_call *call, creg_slice *ret_left, creg_slice *ret_right)
{
    jinja_run *run = call->run;
    creg_status status = jinja_str(run, call->args[0], ret_left);
    if (status == CREG_OK)
        status = jinja_str(run, call->args[1], ret_right);
    if (status == CREG_OK)
        status = jinja_charge(run, (ret_left->size + ret_right->size) / 16 + 1);
    if (status == CREG_OK && (ret_left->size == 0 || ret_right->size == 0))
        status = jinja_fail(run, "FilterArgumentError",
                            "Version parameter to compare against cannot be empty");
    return status;
}

static creg_status test_version(jinja_call *call, creg_value *ret_value)
{
    creg_slice left;
    creg_slice right;
    creg_slice operator_name;
    int order;
    bool known;
    creg_status status = read_versions(call, &left, &right);
    if (status == CREG_OK)
        status = jinja_argument_text(call, 2, creg_slice_of("eq"), &operator_name);
    if (status == CREG_OK)
        status = compare_versions(call->run, left, right, &order);
    if (status != CREG_OK)
        return status;
    *ret_value = creg_value_bool(satisfies(operator_name, order, &known));
    return known ? CREG_OK
                 : jinja_fail(
                       call->run, "FilterArgumentError",
                       "Invalid operator type (%.*s). Must be one of ==, =, eq, <, lt, <=, "
                       "le, >, gt, >=, ge, !=, <>, ne",
                       CREG_SHOW(operator_name));
}

/* ---- truthy, falsy ---------------------------------------------------------------------- */

bool jinja_is_any_case(creg_slice text, const char *word)
{
    if (text.size != strlen(word))
        return false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if ((c >= 'A' && c <= 'Z' ? (char)(c + 32) : c) != word[i])
            return false;
    }
    return true;
}

/* With convert_bool the words for yes and no count as what they say. */
static bool convert_bool(creg_value value, bool *ret_truth)
{
    static const char *const yes[] = {"y", "yes", "on", "1", "true", "t"};
    static const char *const no[] = {"n", "no", "off", "0", "false", "f"};
    if (!creg_value_is(value, CREG_KIND_STRING))
        return false;
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        *ret_truth = jinja_is_any_case(creg_value_text(value), yes[i]);
        if (*ret_truth || jinja_is_any_case(creg_value_text(value), no[i]))
            return true;
    }
    return false;
}

static creg_status truth_of(jinja_call *call, bool *ret_truth)
{
    bool converts;
    creg_status status = jinja_argument_bool(call, 1, false, &converts);
    if (status == CREG_OK && converts && convert_bool(call->args[0], ret_truth))
        return CREG_OK;
    return status == CREG_OK ? jinja_truthy(call->run, call->args[0], ret_truth) : status;
}

static creg_status test_truthy(jinja_call *call, creg_value *ret_value)
{
    bool truth = false;
    creg_status status = truth_of(call, &truth);
    *ret_value = creg_value_bool(truth);
    return status;
}

static creg_status test_falsy(jinja_call *call, creg_value *ret_value)
{
    bool truth = false;
    creg_status status = truth_of(call, &truth);
    *ret_value = creg_value_bool(!truth);
    return status;
}

/* ---- sets ------------------------------------------------------------------------------- */

static creg_status put_all(jinja_run *run, const creg_list *list, creg_map *map)
{
    creg_status status = jinja_charge(run, list->size + 1);
    for (size_t i = 0; i < list->size && status == CREG_OK; i++) {
        if (!creg_value_hashable(list->items[i]))
            status = jinja_fail(run, "TypeError", "unhashable type: '%s'",
                                creg_value_type_name(list->items[i]));
        else if (!creg_map_set(run->arena, map, list->items[i], creg_value_none()))
            status = jinja_fail_arena(run);
    }
    return status;
}

/* Are all items of `inner` in `outer`? */
static creg_status is_subset(jinja_run *run, creg_value inner, creg_value outer,
                             creg_value *ret_value)
{
    creg_list *inner_list;
    creg_list *outer_list;
    creg_map *inner_set = creg_map_new(run->arena, 8);
    creg_map *outer_set = creg_map_new(run->arena, 8);
    if (inner_set == NULL || outer_set == NULL)
        return jinja_fail_arena(run);
    creg_status status = jinja_to_list(run, inner, &inner_list);
    if (status == CREG_OK)
        status = put_all(run, inner_list, inner_set);
    if (status == CREG_OK)
        status = jinja_to_list(run, outer, &outer_list);
    if (status == CREG_OK)
        status = put_all(run, outer_list, outer_set);
    bool all = true;
    for (size_t i = 0; status == CREG_OK && all && i < inner_list->size; i++)
        all = creg_map_get(outer_set, inner_list->items[i]) != NULL;
    *ret_value = creg_value_bool(all);
    return status;
}

static creg_status test_subset(jinja_call *call, creg_value *ret_value)
{
    return is_subset(call->run, call->args[0], call->args[1], ret_value);
}

static creg_status test_superset(jinja_call *call, creg_value *ret_value)
{
    return is_subset(call->run, call->args[1], call->args[0], ret_value);
}

static creg_status test_contains(jinja_call *call, creg_value *ret_value)
{
    bool contains = false;
    creg_status status = jinja_contains(call->run, call->args[0], call->args[1], &contains);
    *ret_value = creg_value_bool(contains);
    return status;
}

/* Is the truth of some item (or, for all: of every item) `wanted`? */
static creg_status any_item(jinja_call *call, bool wanted, bool *ret_any)
{
    jinja_iterator iterator;
    *ret_any = false;
    creg_status status = jinja_iterate(call->run, call->args[0], &iterator);
    while (status == CREG_OK && !*ret_any) {
        creg_value item;
        bool more;
        bool truth = !wanted;
        status = jinja_next(call->run, &iterator, &item, &more);
        if (status != CREG_OK || !more)
            break;
        status = jinja_truthy(call->run, item, &truth);
        *ret_any = truth == wanted;
    }
    return status;
}

static creg_status test_any(jinja_call *call, creg_value *ret_value)
{
    bool any;
    creg_status status = any_item(call, true, &any);
    *ret_value = creg_value_bool(any);
    return status;
}

static creg_status test_all(jinja_call *call, creg_value *ret_value)
{
    bool any_false;
    creg_status status = any_item(call, false, &any_false);
    *ret_value = creg_value_bool(!any_false);
    return status;
}

const jinja_builtin jinja_tests_config[] = {
    {"all", test_all, "all()", "Are all items true?", PACK, 0},
    {"any", test_any, "any()", "Is some item true?", PACK, 0},
    {"contains", test_contains, "contains(value)", "Is the value in it?", PACK, 0},
    {"falsy", test_falsy, "falsy(convert_bool=false)", "Is it false, empty or zero?", PACK, 0},
    {"subset", test_subset, "subset(b)", "Are all its items in b?", PACK, 0},
    {"superset", test_superset, "superset(b)", "Are all items of b in it?", PACK, 0},
    {"truthy", test_truthy, "truthy(convert_bool=false)", "Is it true as a condition?", PACK,
     0},
    {"version", test_version, "version(version, operator='eq', strict=none, version_type=none)",
     "Compare version numbers: '1.10' is version('1.9', '>').", PACK, 0},
    JINJA_ROW_END,
};
