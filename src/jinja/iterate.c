/* SPDX-License-Identifier: MIT */
/*
 * Walking over anything that Python could iterate.
 *
 * A jinja_iterator is a plain struct on the caller's stack. Lists are walked by index, so that
 * appending while walking is seen, as in Python; a map that changes size meanwhile is an
 * error, as in Python.
 */
#include "base/utf8.h"
#include "jinja/eval.h"

static creg_status not_iterable(jinja_run *run, creg_value value)
{
    return jinja_fail(run, "TypeError", "'%s' object is not iterable",
                      creg_value_type_name(value));
}

static creg_status iterate_object(jinja_run *run, creg_value value, jinja_iterator *ret)
{
    const jinja_class *class_ = jinja_class_of(value);
    if (class_->next != NULL)
        return CREG_OK;
    if (class_->iterate == NULL)
        return not_iterable(run, value);
    creg_value inner;
    creg_status status = class_->iterate(run, value.as.object, &inner);
    return status == CREG_OK ? jinja_iterate(run, inner, ret) : status;
}

creg_status jinja_iterate(jinja_run *run, creg_value iterable, jinja_iterator *ret_iterator)
{
    *ret_iterator = (jinja_iterator){.source = iterable, .size = SIZE_MAX};
    switch (iterable.kind) {
    case CREG_KIND_LIST:
    case CREG_KIND_TUPLE:
        ret_iterator->size = iterable.as.list->size;
        return CREG_OK;
    case CREG_KIND_MAP:
    case CREG_KIND_SET:
        ret_iterator->size = iterable.as.map->size;
        ret_iterator->version = iterable.as.map->version;
        return CREG_OK;
    case CREG_KIND_RANGE:
        ret_iterator->size = (size_t)iterable.as.range->size;
        return CREG_OK;
    case CREG_KIND_STRING:
        return CREG_OK;
    case CREG_KIND_BYTES:
        ret_iterator->size = iterable.size;
        return CREG_OK;
    case CREG_KIND_UNDEFINED:
        if (jinja_undefined_mode(iterable) == JINJA_UNDEFINED_STRICT)
            return jinja_fail_undefined(run, iterable);
        ret_iterator->size = 0;
        return CREG_OK;
    case CREG_KIND_OBJECT:
        return iterate_object(run, iterable, ret_iterator);
    default:
        return not_iterable(run, iterable);
    }
}

static creg_status next_of_map(jinja_run *run, jinja_iterator *it, creg_value *ret, bool *more)
{
    const creg_map *map = it->source.as.map;
    if (map->version != it->version)
        return jinja_fail(run, "RuntimeError", "%s changed size during iteration",
                          it->source.kind == CREG_KIND_SET ? "Set" : "dictionary");
    while (it->at < map->filled && !map->entries[it->at].used)
        it->at++;
    *more = it->at < map->filled;
    if (*more)
        *ret = map->entries[it->at++].key;
    return CREG_OK;
}

/* The characters of Markup are plain text, as str.__iter__ gives them. */
static void next_of_text(jinja_iterator *it, creg_value *ret, bool *more)
{
    *more = it->at < it->source.size;
    if (!*more)
        return;
    size_t width = creg_utf8_width(it->source.as.text[it->at]);
    *ret = creg_value_string(creg_slice_make(it->source.as.text + it->at, width));
    it->at += width;
}

static creg_status next_of_object(jinja_run *run, jinja_iterator *it, creg_value *ret,
                                  bool *more)
{
    const jinja_class *class_ = jinja_class_of(it->source);
    creg_status status = class_->next(run, it->source.as.object, ret);
    *more = status == CREG_OK;
    return status == CREG_NOT_FOUND ? CREG_OK : status;
}

creg_status jinja_next(jinja_run *run, jinja_iterator *iterator, creg_value *ret_item,
                       bool *ret_more)
{
    creg_status status = jinja_charge(run, 1);
    if (status != CREG_OK)
        return status;
    switch (iterator->source.kind) {
    case CREG_KIND_LIST:
    case CREG_KIND_TUPLE:
        *ret_more = iterator->at < iterator->source.as.list->size;
        if (*ret_more)
            *ret_item = iterator->source.as.list->items[iterator->at++];
        return CREG_OK;
    case CREG_KIND_RANGE:
        *ret_more = iterator->at < iterator->size;
        if (*ret_more)
            *ret_item =
                creg_value_int(iterator->source.as.range->start +
                               (int64_t)iterator->at++ * iterator->source.as.range->step);
        return CREG_OK;
    case CREG_KIND_MAP:
    case CREG_KIND_SET:
        return next_of_map(run, iterator, ret_item, ret_more);
    case CREG_KIND_STRING:
        next_of_text(iterator, ret_item, ret_more);
        return CREG_OK;
    case CREG_KIND_BYTES:
        *ret_more = iterator->at < iterator->source.size;
        if (*ret_more)
            *ret_item = creg_value_int((unsigned char)iterator->source.as.text[iterator->at++]);
        return CREG_OK;
    case CREG_KIND_OBJECT:
        return next_of_object(run, iterator, ret_item, ret_more);
    default:
        *ret_more = false;
        return CREG_OK;
    }
}

creg_status jinja_to_list(jinja_run *run, creg_value iterable, creg_list **ret_list)
{
    jinja_iterator iterator;
    creg_status status = jinja_iterate(run, iterable, &iterator);
    if (status != CREG_OK)
        return status;
    size_t capacity = iterator.size == SIZE_MAX ? 0 : iterator.size;
    status = jinja_charge_bytes(run, capacity, sizeof(creg_value));
    if (status != CREG_OK)
        return status;
    creg_list *list = creg_list_new(run->arena, capacity);
    if (list == NULL)
        return jinja_fail_arena(run);
    for (;;) {
        creg_value item;
        bool more = false;
        status = jinja_next(run, &iterator, &item, &more);
        if (status != CREG_OK || !more)
            break;
        if (!creg_list_append(run->arena, list, item))
            return jinja_fail_arena(run);
    }
    *ret_list = list;
    return status;
}
