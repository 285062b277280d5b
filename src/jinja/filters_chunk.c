/* SPDX-License-Identifier: MIT */
/*
 * Lazy filters that regroup or thin out a sequence: batch, slice, unique, items.
 */
#include "jinja/builtins.h"
#include "jinja/eval.h"

/* ---- batch ------------------------------------------------------------------------------ */

typedef struct lazy_batch {
    jinja_lazy lazy;
    creg_value size; /* any type: Python only compares it */
    creg_value fill;
    creg_list *row;
    bool ended;
} lazy_batch;

static creg_status fill_row(jinja_run *run, lazy_batch *batch)
{
    bool shorter;
    creg_value size = creg_value_int((int64_t)batch->row->size);
    creg_status status = jinja_is_less(run, size, batch->size, &shorter);
    if (status != CREG_OK || !shorter)
        return status;
    creg_value missing;
    status = jinja_subtract(run, batch->size, size, &missing);
    if (status != CREG_OK)
        return status;
    if (!creg_value_is(missing, CREG_KIND_INT))
        return jinja_fail(run, "TypeError", "can't multiply sequence by non-int of type '%s'",
                          creg_value_type_name(missing));
    status = jinja_charge_bytes(run, (size_t)missing.as.integer, sizeof(creg_value));
    for (int64_t i = 0; status == CREG_OK && i < missing.as.integer; i++)
        if (!creg_list_append(run->arena, batch->row, batch->fill))
            return jinja_fail_arena(run);
    return status;
}

static creg_status is_full(jinja_run *run, const lazy_batch *batch, bool *ret_full)
{
    if (creg_value_is(batch->size, CREG_KIND_INT)) {
        *ret_full = (int64_t)batch->row->size == batch->size.as.integer;
        return CREG_OK;
    }
    return jinja_equal(run, creg_value_int((int64_t)batch->row->size), batch->size, ret_full);
}

static creg_status last_row(jinja_run *run, lazy_batch *batch, creg_value *ret_item,
                            bool *ret_more)
{
    batch->ended = true;
    *ret_more = batch->row->size > 0;
    *ret_item = creg_value_list(batch->row);
    if (!*ret_more || creg_value_is(batch->fill, CREG_KIND_NONE))
        return CREG_OK;
    return fill_row(run, batch);
}

static creg_status batch_step(jinja_run *run, jinja_lazy *lazy, creg_value *ret_item,
                              bool *ret_more)
{
    lazy_batch *batch = (lazy_batch *)(void *)lazy;
    *ret_more = !batch->ended;
    while (!batch->ended) {
        creg_value item;
        bool more = false;
        bool full = false;
        creg_status status = jinja_next(run, &lazy->iterator, &item, &more);
        if (status != CREG_OK)
            return status;
        if (!more)
            return last_row(run, batch, ret_item, ret_more);
        status = is_full(run, batch, &full);
        if (status != CREG_OK)
            return status;
        creg_list *row = full ? creg_list_new(run->arena, batch->row->size) : batch->row;
        creg_list *before = batch->row;
        if (row == NULL || !creg_list_append(run->arena, row, item))
            return jinja_fail_arena(run);
        batch->row = row;
        if (full) {
            *ret_item = creg_value_list(before);
            return CREG_OK;
        }
    }
    return CREG_OK;
}

static creg_status filter_batch(jinja_call *call, creg_value *ret_value)
{
    jinja_lazy *lazy;
    creg_status status =
        jinja_lazy_new(call->run, sizeof(lazy_batch), "generator object do_batch",
                       jinja_lazy_iterate, batch_step, call->args[0], &lazy);
    if (status != CREG_OK)
        return status;
    lazy_batch *batch = (lazy_batch *)(void *)lazy;
    batch->size = call->args[1];
    batch->fill = jinja_argument(call, 2, creg_value_none());
    batch->row = creg_list_new(call->run->arena, 4);
    *ret_value = jinja_lazy_value(lazy);
    return batch->row == NULL ? jinja_fail_arena(call->run) : CREG_OK;
}

/* ---- slice ------------------------------------------------------------------------------ */

typedef struct lazy_slice {
    jinja_lazy lazy;
    creg_value slices;
    creg_value fill;
    creg_list *items;
    size_t count; /* slices to give */
    size_t at;    /* the next one */
    size_t used;  /* items given so far */
} lazy_slice;

static creg_status slice_begin(jinja_run *run, jinja_lazy *lazy, bool *ret_more)
{
    lazy_slice *slice = (lazy_slice *)(void *)lazy;
    *ret_more = true;
    creg_status status = jinja_to_list(run, lazy->source, &slice->items);
    if (status != CREG_OK)
        return status;
    creg_value quotient; /* for Python's complaints: type, division by zero */
    status = jinja_floor_divide(run, creg_value_int((int64_t)slice->items->size), slice->slices,
                                &quotient);
    if (status != CREG_OK)
        return status;
    if (!creg_value_is(slice->slices, CREG_KIND_INT) &&
        !creg_value_is(slice->slices, CREG_KIND_BOOL))
        return jinja_fail(run, "TypeError", "'%s' object cannot be interpreted as an integer",
                          creg_value_type_name(slice->slices));
    slice->count = slice->slices.as.integer < 0 ? 0 : (size_t)slice->slices.as.integer;
    return jinja_charge_bytes(run, slice->count, sizeof(creg_list) + sizeof(creg_value));
}

static creg_status slice_step(jinja_run *run, jinja_lazy *lazy, creg_value *ret_item,
                              bool *ret_more)
{
    lazy_slice *slice = (lazy_slice *)(void *)lazy;
    *ret_more = slice->at < slice->count;
    if (!*ret_more)
        return CREG_OK;
    size_t longer = slice->items->size % slice->count; /* the first ones get one item more */
    bool is_longer = slice->at < longer;
    size_t size = slice->items->size / slice->count + (is_longer ? 1 : 0);
    bool fills = !is_longer && !creg_value_is(slice->fill, CREG_KIND_NONE);

    creg_status status = jinja_charge(run, size + 1);
    creg_list *part = creg_list_new(run->arena, size + (fills ? 1 : 0));
    if (status != CREG_OK)
        return status;
    if (part == NULL)
        return jinja_fail_arena(run);
    for (size_t i = 0; i < size; i++)
        if (!creg_list_append(run->arena, part, slice->items->items[slice->used + i]))
            return jinja_fail_arena(run);
    if (fills && !creg_list_append(run->arena, part, slice->fill))
        return jinja_fail_arena(run);
    slice->used += size;
    slice->at++;
    *ret_item = creg_value_list(part);
    return CREG_OK;
}

static creg_status filter_slice(jinja_call *call, creg_value *ret_value)
{
    jinja_lazy *lazy;
    creg_status status =
        jinja_lazy_new(call->run, sizeof(lazy_slice), "generator object sync_do_slice",
                       slice_begin, slice_step, call->args[0], &lazy);
    if (status != CREG_OK)
        return status;
    lazy_slice *slice = (lazy_slice *)(void *)lazy;
    slice->slices = call->args[1];
    slice->fill = jinja_argument(call, 2, creg_value_none());
    *ret_value = jinja_lazy_value(lazy);
    return CREG_OK;
}

/* ---- unique ----------------------------------------------------------------------------- */

typedef struct lazy_unique {
    jinja_lazy lazy;
    creg_value attribute;
    creg_value case_sensitive;
    jinja_item_key key;
    creg_map *seen;
} lazy_unique;

static creg_status unique_begin(jinja_run *run, jinja_lazy *lazy, bool *ret_more)
{
    lazy_unique *unique = (lazy_unique *)(void *)lazy;
    bool case_sensitive = false;
    creg_status status = jinja_truthy(run, unique->case_sensitive, &case_sensitive);
    if (status == CREG_OK)
        status = jinja_item_key_init(run, unique->attribute, !case_sensitive, &unique->key);
    if (status != CREG_OK)
        return status;
    unique->seen = creg_map_new(run->arena, 8);
    return unique->seen == NULL ? jinja_fail_arena(run)
                                : jinja_lazy_iterate(run, lazy, ret_more);
}

static creg_status remember(jinja_run *run, lazy_unique *unique, creg_value item, bool *ret_new)
{
    creg_value key;
    creg_status status = jinja_item_key_get(run, &unique->key, item, &key);
    if (status != CREG_OK)
        return status;
    if (jinja_is_strict_undefined(key))
        return jinja_fail_undefined(run, key); /* its hash() is a use */
    if (!creg_value_hashable(key))
        return jinja_fail(run, "TypeError", "unhashable type: '%s'", creg_value_type_name(key));
    size_t before = unique->seen->size;
    if (!creg_map_set(run->arena, unique->seen, key, creg_value_none()))
        return jinja_fail_arena(run);
    *ret_new = unique->seen->size > before;
    return CREG_OK;
}

static creg_status unique_step(jinja_run *run, jinja_lazy *lazy, creg_value *ret_item,
                               bool *ret_more)
{
    for (;;) {
        bool is_new = false;
        creg_status status = jinja_next(run, &lazy->iterator, ret_item, ret_more);
        if (status != CREG_OK || !*ret_more)
            return status;
        status = remember(run, (lazy_unique *)(void *)lazy, *ret_item, &is_new);
        if (status != CREG_OK || is_new)
            return status;
    }
}

static creg_status filter_unique(jinja_call *call, creg_value *ret_value)
{
    jinja_lazy *lazy;
    creg_status status =
        jinja_lazy_new(call->run, sizeof(lazy_unique), "generator object do_unique",
                       unique_begin, unique_step, call->args[0], &lazy);
    if (status != CREG_OK)
        return status;
    lazy_unique *unique = (lazy_unique *)(void *)lazy;
    unique->case_sensitive = jinja_argument(call, 1, creg_value_bool(false));
    unique->attribute = jinja_argument(call, 2, creg_value_none());
    *ret_value = jinja_lazy_value(lazy);
    return CREG_OK;
}

/* ---- items ------------------------------------------------------------------------------ */

static creg_status items_begin(jinja_run *run, jinja_lazy *lazy, bool *ret_more)
{
    *ret_more = false;
    if (creg_value_is(lazy->source, CREG_KIND_UNDEFINED))
        return CREG_OK;
    if (!creg_value_is(lazy->source, CREG_KIND_MAP))
        return jinja_fail(run, "TypeError", "Can only get item pairs from a mapping.");
    creg_status status = jinja_call_method(run, lazy->source, "items", NULL, 0, &lazy->source);
    return status == CREG_OK ? jinja_lazy_iterate(run, lazy, ret_more) : status;
}

static creg_status items_step(jinja_run *run, jinja_lazy *lazy, creg_value *ret_item,
                              bool *ret_more)
{
    return jinja_next(run, &lazy->iterator, ret_item, ret_more);
}

static creg_status filter_items(jinja_call *call, creg_value *ret_value)
{
    jinja_lazy *lazy;
    creg_status status = jinja_lazy_new(call->run, sizeof *lazy, "generator object do_items",
                                        items_begin, items_step, call->args[0], &lazy);
    if (status == CREG_OK)
        *ret_value = jinja_lazy_value(lazy);
    return status;
}

const jinja_builtin jinja_filters_chunk[] = {
    {"batch", filter_batch, "batch(linecount, fill_with=none)",
     "Lists of `linecount` items each, the last one filled up.", 0, 0},
    {"items", filter_items, "items()",
     "The (key, value) pairs of a mapping; none of undefined.", 0, 0},
    {"slice", filter_slice, "slice(slices, fill_with=none)",
     "So many lists of almost the same length.", 0, 0},
    {"unique", filter_unique, "unique(case_sensitive=false, attribute=none)",
     "The items without those that came before.", 0, 0},
    JINJA_ROW_END,
};
