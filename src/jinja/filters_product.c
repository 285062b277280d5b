/* SPDX-License-Identifier: MIT */
/*
 * The configuration pack: zip, zip_longest and product. They answer with lists of tuples.
 */
#include "jinja/builtins.h"

#define PACK JINJA_PACK_CONFIG

/* The subject and all further arguments, each as a list. */
static creg_status read_lists(jinja_call *call, creg_list ***ret_lists, size_t *ret_count)
{
    jinja_run *run = call->run;
    size_t count = call->rest_count + 1;
    creg_list **lists = creg_arena_calloc(run->arena, count, sizeof(creg_list *));
    if (lists == NULL)
        return jinja_fail_arena(run);
    creg_status status = jinja_to_list(run, call->args[0], &lists[0]);
    for (size_t i = 1; i < count && status == CREG_OK; i++)
        status = jinja_to_list(run, call->rest[i - 1], &lists[i]);
    *ret_lists = lists;
    *ret_count = count;
    return status;
}

static creg_status append_row(jinja_run *run, creg_list *result, creg_list *row)
{
    creg_status status = jinja_charge(run, row->size + 1);
    if (status == CREG_OK && !creg_list_append(run->arena, result, creg_value_tuple(row)))
        status = jinja_fail_arena(run);
    return status;
}

/* One tuple: item `at` of each list, or `fill` where a list is shorter. */
static creg_status zip_row(jinja_run *run, creg_list *const *lists, size_t count, size_t at,
                           creg_value fill, creg_list *result)
{
    creg_list *row = creg_list_new(run->arena, count);
    for (size_t i = 0; row != NULL && i < count; i++) {
        creg_value item = at < lists[i]->size ? lists[i]->items[at] : fill;
        if (!creg_list_append(run->arena, row, item))
            row = NULL;
    }
    return row == NULL ? jinja_fail_arena(run) : append_row(run, result, row);
}

static creg_status zip(jinja_call *call, bool longest, creg_value fill, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_list **lists;
    size_t count;
    creg_list *result = creg_list_new(run->arena, 8);
    if (result == NULL)
        return jinja_fail_arena(run);
    creg_status status = read_lists(call, &lists, &count);
    if (status != CREG_OK)
        return status;
    size_t rows = lists[0]->size;
    for (size_t i = 1; i < count; i++)
        if (longest ? lists[i]->size > rows : lists[i]->size < rows)
            rows = lists[i]->size;
    for (size_t at = 0; at < rows && status == CREG_OK; at++)
        status = zip_row(run, lists, count, at, fill, result);
    *ret_value = creg_value_list(result);
    return status;
}

static creg_status filter_zip(jinja_call *call, creg_value *ret_value)
{
    return zip(call, false, creg_value_none(), ret_value);
}

static creg_status filter_zip_longest(jinja_call *call, creg_value *ret_value)
{
    return zip(call, true, jinja_argument(call, 1, creg_value_none()), ret_value);
}

/* Advance the indexes like an odometer, the last one fastest; false after the last row. */
static bool next_combination(creg_list *const *lists, size_t *at, size_t count)
{
    for (size_t i = count; i > 0; i--) {
        if (++at[i - 1] < lists[i - 1]->size)
            return true;
        at[i - 1] = 0;
    }
    return false;
}

static creg_status multiply(jinja_run *run, creg_list *const *lists, size_t count,
                            creg_list *result)
{
    size_t *at = creg_arena_calloc(run->arena, count, sizeof *at);
    if (at == NULL)
        return jinja_fail_arena(run);
    for (size_t i = 0; i < count; i++)
        if (lists[i]->size == 0)
            return CREG_OK;
    creg_status status;
    do {
        creg_list *row = creg_list_new(run->arena, count);
        for (size_t i = 0; row != NULL && i < count; i++)
            if (!creg_list_append(run->arena, row, lists[i]->items[at[i]]))
                row = NULL;
        status = row == NULL ? jinja_fail_arena(run) : append_row(run, result, row);
    } while (status == CREG_OK && next_combination(lists, at, count));
    return status;
}

static creg_status filter_product(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_list **lists;
    size_t count;
    creg_list *result = creg_list_new(run->arena, 8);
    if (result == NULL)
        return jinja_fail_arena(run);
    *ret_value = creg_value_list(result);
    creg_status status = read_lists(call, &lists, &count);
    return status == CREG_OK ? multiply(run, lists, count, result) : status;
}

const jinja_builtin jinja_filters_product[] = {
    {"product", filter_product, "product(*args)", "All combinations of items, as tuples.", PACK,
     0},
    {"zip", filter_zip, "zip(*args)", "Tuples of the first items, the second ones ...", PACK,
     0},
    {"zip_longest", filter_zip_longest, "zip_longest(*args, fillvalue=none)",
     "As zip, but up to the longest list.", PACK, 0},
    JINJA_ROW_END,
};
