/* SPDX-License-Identifier: MIT */
/*
 * The methods of dict, and its views keys(), values() and items().
 */
#include "base/hash.h"
#include "jinja/formatting.h"
#include "jinja/methods.h"
#include "value/compare.h"
#include "value/map.h"
#include "value/print.h"

static creg_map *map_of(jinja_call *call)
{
    return call->args[0].as.map;
}

static creg_status give_none(creg_value *ret_value)
{
    *ret_value = creg_value_none();
    return CREG_OK;
}

creg_status jinja_map_put(jinja_run *run, creg_map *map, creg_value key, creg_value value)
{
    creg_status status = jinja_check_key(run, key);
    if (status == CREG_OK)
        status = jinja_charge(run, 1);
    if (status == CREG_OK && !creg_map_set(run->arena, map, key, value))
        status = jinja_fail_arena(run);
    return status;
}

/* ---- looking ---------------------------------------------------------------------------- */

static creg_status method_get(jinja_call *call, creg_value *ret_value)
{
    creg_status status = jinja_check_key(call->run, call->args[1]);
    if (status != CREG_OK)
        return status;
    const creg_value *found = creg_map_get(map_of(call), call->args[1]);
    *ret_value = found != NULL ? *found : jinja_argument(call, 2, creg_value_none());
    return CREG_OK;
}

static creg_status method_copy(jinja_call *call, creg_value *ret_value)
{
    creg_status status = jinja_charge(call->run, map_of(call)->size);
    if (status != CREG_OK)
        return status;
    creg_map *copy = creg_map_copy(call->run->arena, map_of(call));
    if (copy == NULL)
        return jinja_fail_arena(call->run);
    *ret_value = creg_value_map(copy);
    return CREG_OK;
}

/* ---- changing --------------------------------------------------------------------------- */

static creg_status method_clear(jinja_call *call, creg_value *ret_value)
{
    creg_map_clear(map_of(call));
    return give_none(ret_value);
}

static creg_status method_pop(jinja_call *call, creg_value *ret_value)
{
    creg_value key = call->args[1];
    bool empty = map_of(call)->size == 0; /* then Python does not look at the key */
    creg_status status = empty ? CREG_OK : jinja_check_key(call->run, key);
    if (status != CREG_OK)
        return status;
    const creg_value *found = empty ? NULL : creg_map_get(map_of(call), key);
    if (found == NULL && !jinja_has(call, 2))
        return jinja_fail_key(call->run, key);
    *ret_value = found != NULL ? *found : call->args[2];
    if (found != NULL)
        creg_map_remove(map_of(call), key);
    return CREG_OK;
}

static creg_status method_popitem(jinja_call *call, creg_value *ret_value)
{
    const creg_entry *last = creg_map_last(map_of(call));
    if (last == NULL)
        return jinja_fail(call->run, "KeyError", "'popitem(): dictionary is empty'");
    creg_value key = last->key;
    creg_status status = jinja_make_pair(call->run, key, last->value, ret_value);
    if (status == CREG_OK)
        creg_map_remove(map_of(call), key);
    return status;
}

static creg_status method_setdefault(jinja_call *call, creg_value *ret_value)
{
    creg_status status = jinja_check_key(call->run, call->args[1]);
    if (status != CREG_OK)
        return status;
    const creg_value *found = creg_map_get(map_of(call), call->args[1]);
    *ret_value = found != NULL ? *found : jinja_argument(call, 2, creg_value_none());
    if (found != NULL)
        return CREG_OK;
    return jinja_map_put(call->run, map_of(call), call->args[1], *ret_value);
}

static creg_status update_from_map(jinja_run *run, creg_map *map, const creg_map *source)
{
    creg_status status = CREG_OK;
    if (source == map)
        return CREG_OK;
    for (size_t i = 0; i < source->filled && status == CREG_OK; i++)
        if (source->entries[i].used)
            status = jinja_map_put(run, map, source->entries[i].key, source->entries[i].value);
    return status;
}

static bool is_iterable(creg_value value)
{
    if (creg_value_is(value, CREG_KIND_OBJECT))
        return jinja_class_of(value)->next != NULL || jinja_class_of(value)->iterate != NULL;
    return value.kind >= CREG_KIND_STRING || creg_value_is(value, CREG_KIND_UNDEFINED);
}

static creg_status update_pair(jinja_run *run, creg_map *map, size_t index, creg_value item)
{
    creg_list *pair;
    if (!is_iterable(item))
        return jinja_fail(
            run, "TypeError",
            "cannot convert dictionary update sequence element #%zu to a sequence", index);
    creg_status status = jinja_to_list(run, item, &pair);
    if (status != CREG_OK)
        return status;
    if (pair->size != 2)
        return jinja_fail(
            run, "ValueError",
            "dictionary update sequence element #%zu has length %zu; 2 is required", index,
            pair->size);
    return jinja_map_put(run, map, pair->items[0], pair->items[1]);
}

creg_status jinja_map_update(jinja_run *run, creg_map *map, creg_value source)
{
    if (creg_value_is(source, CREG_KIND_MAP))
        return update_from_map(run, map, source.as.map);
    if (creg_value_is(source, CREG_KIND_UNDEFINED))
        return jinja_fail_undefined(run, source); /* asked for its keys */
    jinja_iterator iterator;
    creg_status status = jinja_iterate(run, source, &iterator);
    for (size_t index = 0; status == CREG_OK; index++) {
        creg_value item;
        bool more;
        status = jinja_next(run, &iterator, &item, &more);
        if (status != CREG_OK || !more)
            break;
        status = update_pair(run, map, index, item);
    }
    return status;
}

static creg_status method_update(jinja_call *call, creg_value *ret_value)
{
    creg_status status = CREG_OK;
    if (call->rest_count > 1)
        return jinja_fail(call->run, "TypeError", "update expected at most 1 argument, got %zu",
                          call->rest_count);
    if (call->rest_count == 1)
        status = jinja_map_update(call->run, map_of(call), call->rest[0]);
    for (size_t i = 0; i < call->keyword_count && status == CREG_OK; i++)
        status = jinja_map_put(call->run, map_of(call), call->keywords[i].key,
                               call->keywords[i].value);
    return status == CREG_OK ? give_none(ret_value) : status;
}

static creg_status method_fromkeys(jinja_call *call, creg_value *ret_value)
{
    jinja_iterator iterator;
    creg_value value = jinja_argument(call, 2, creg_value_none());
    creg_map *map = creg_map_new(call->run->arena, 0);
    if (map == NULL)
        return jinja_fail_arena(call->run);
    creg_status status = jinja_iterate(call->run, call->args[1], &iterator);
    while (status == CREG_OK) {
        creg_value key;
        bool more;
        status = jinja_next(call->run, &iterator, &key, &more);
        if (status != CREG_OK || !more)
            break;
        status = jinja_map_put(call->run, map, key, value);
    }
    *ret_value = creg_value_map(map);
    return status;
}

/* ---- views: walking --------------------------------------------------------------------- */

/* An iterator over a view; used up as it goes. */
typedef struct view_iterator {
    creg_object base;
    const jinja_view *view;
    size_t at;
    size_t size; /* of the map when it began */
} view_iterator;

static creg_status next_of_view(jinja_run *run, creg_object *object, creg_value *ret_item)
{
    view_iterator *self = (view_iterator *)(void *)object;
    const creg_map *map = self->view->map;
    if (map->size != self->size)
        return jinja_fail(run, "RuntimeError", "dictionary changed size during iteration");
    while (self->at < map->filled && !map->entries[self->at].used)
        self->at++;
    if (self->at >= map->filled)
        return CREG_NOT_FOUND;
    const creg_entry *entry = &map->entries[self->at++];
    if (self->view->what == JINJA_VIEW_ITEMS)
        return jinja_make_pair(run, entry->key, entry->value, ret_item);
    *ret_item = self->view->what == JINJA_VIEW_KEYS ? entry->key : entry->value;
    return CREG_OK;
}

static const jinja_class view_iterator_classes[] = {
    [JINJA_VIEW_KEYS] = {.base = {.type_name = "dict_keyiterator"}, .next = next_of_view},
    [JINJA_VIEW_VALUES] = {.base = {.type_name = "dict_valueiterator"}, .next = next_of_view},
    [JINJA_VIEW_ITEMS] = {.base = {.type_name = "dict_itemiterator"}, .next = next_of_view},
};

static creg_status iterate_view(jinja_run *run, creg_object *object, creg_value *ret_iterable)
{
    const jinja_view *view = (const jinja_view *)(const void *)object;
    view_iterator *iterator = creg_arena_new(run->arena, view_iterator);
    if (iterator == NULL)
        return jinja_fail_arena(run);
    iterator->base.object_class = &view_iterator_classes[view->what].base;
    iterator->view = view;
    iterator->at = 0;
    iterator->size = view->map->size;
    *ret_iterable = creg_value_object(&iterator->base);
    return CREG_OK;
}

static creg_status length_of_view(jinja_run *run, creg_object *object, size_t *ret_length)
{
    (void)run;
    *ret_length = ((const jinja_view *)(const void *)object)->map->size;
    return CREG_OK;
}

/* ---- views: in and == ------------------------------------------------------------------- */

static creg_status contains_value(jinja_run *run, const creg_map *map, creg_value needle,
                                  bool *ret_contains)
{
    *ret_contains = false;
    for (size_t i = 0; i < map->filled && !*ret_contains; i++) {
        if (map->entries[i].used)
            *ret_contains = creg_value_same_within(map->entries[i].value, needle, &run->fuel);
        creg_status status = jinja_charge(run, 1);
        if (status != CREG_OK)
            return status;
    }
    return CREG_OK;
}

static creg_status contains_item(jinja_run *run, const creg_map *map, creg_value needle,
                                 bool *ret_contains)
{
    *ret_contains = false;
    if (!creg_value_is(needle, CREG_KIND_TUPLE) || needle.as.list->size != 2)
        return CREG_OK;
    creg_status status = jinja_check_key(run, needle.as.list->items[0]);
    if (status != CREG_OK)
        return status;
    const creg_value *found = creg_map_get(map, needle.as.list->items[0]);
    *ret_contains =
        found != NULL && creg_value_same_within(*found, needle.as.list->items[1], &run->fuel);
    return jinja_charge(run, 1);
}

static creg_status view_contains(jinja_run *run, creg_object *object, creg_value needle,
                                 bool *ret_contains)
{
    const jinja_view *view = (const jinja_view *)(const void *)object;
    if (view->what == JINJA_VIEW_VALUES)
        return contains_value(run, view->map, needle, ret_contains);
    if (view->what == JINJA_VIEW_ITEMS)
        return contains_item(run, view->map, needle, ret_contains);
    return jinja_contains(run, creg_value_map(view->map), needle, ret_contains);
}

/* keys() and items() are like sets; values() equals nothing but itself. */
static bool equal_views(const creg_object *left, creg_value right)
{
    const jinja_view *view = (const jinja_view *)(const void *)left;
    if (creg_value_is(right, CREG_KIND_SET) && view->what == JINJA_VIEW_KEYS)
        return right.as.map->size == view->map->size &&
               creg_map_keys_within(view->map, right.as.map);
    const jinja_view *other = jinja_as_view(right);
    if (other == NULL || other->what != view->what || view->what == JINJA_VIEW_VALUES)
        return false;
    if (view->what == JINJA_VIEW_ITEMS)
        return creg_value_equal(creg_value_map(view->map), creg_value_map(other->map));
    return view->map->size == other->map->size && creg_map_keys_within(view->map, other->map);
}

static uint64_t hash_view(const creg_object *object)
{
    return creg_hash_number((uint64_t)(uintptr_t)object, 0x71E3);
}

static bool is_view_truthy(const creg_object *object)
{
    return ((const jinja_view *)(const void *)object)->map->size > 0;
}

/* ---- views: printing -------------------------------------------------------------------- */

static creg_status print_item(creg_text *text, const jinja_view *view, const creg_entry *entry,
                              creg_error *err)
{
    bool both = view->what == JINJA_VIEW_ITEMS;
    if (both)
        creg_text_byte(text, '(');
    creg_value first = view->what == JINJA_VIEW_VALUES ? entry->value : entry->key;
    creg_status status = creg_value_print(text, first, true, err);
    if (status != CREG_OK || !both)
        return status;
    creg_text_string(text, ", ");
    status = creg_value_print(text, entry->value, true, err);
    creg_text_byte(text, ')');
    return status;
}

static creg_status print_view(const creg_object *object, bool as_repr, creg_arena *arena,
                              creg_slice *ret_text, creg_error *err)
{
    (void)as_repr;
    const jinja_view *view = (const jinja_view *)(const void *)object;
    creg_text text;
    creg_text_init(&text, arena, arena->budget);
    creg_text_string(&text, object->object_class->type_name);
    creg_text_string(&text, "([");
    bool first = true;
    for (size_t i = 0; i < view->map->filled && text.failed == CREG_OK; i++) {
        if (!view->map->entries[i].used)
            continue;
        if (!first)
            creg_text_string(&text, ", ");
        first = false;
        creg_status status = print_item(&text, view, &view->map->entries[i], err);
        if (status != CREG_OK)
            return status;
    }
    creg_text_string(&text, "])");
    return creg_text_finish(&text, ret_text, err);
}

/* Python refuses keys() and items() as keys, being equal to others like sets are. */
#define VIEW_CLASS(name, no_key)                                                               \
    {                                                                                          \
        .base = {.type_name = (name),                                                          \
                 .print = print_view,                                                          \
                 .equal = equal_views,                                                         \
                 .hash = hash_view,                                                            \
                 .truthy = is_view_truthy,                                                     \
                 .unhashable = (no_key)},                                                      \
        .iterate = iterate_view, .length = length_of_view, .contains = view_contains           \
    }

static const jinja_class view_classes[] = {
    [JINJA_VIEW_KEYS] = VIEW_CLASS("dict_keys", true),
    [JINJA_VIEW_VALUES] = VIEW_CLASS("dict_values", false),
    [JINJA_VIEW_ITEMS] = VIEW_CLASS("dict_items", true),
};

const jinja_view *jinja_as_view(creg_value value)
{
    if (!creg_value_is(value, CREG_KIND_OBJECT) ||
        value.as.object->object_class->print != print_view)
        return NULL;
    return (const jinja_view *)(const void *)value.as.object;
}

static creg_status make_view(jinja_call *call, jinja_view_of what, creg_value *ret_value)
{
    jinja_view *view = creg_arena_new(call->run->arena, jinja_view);
    if (view == NULL)
        return jinja_fail_arena(call->run);
    view->base.object_class = &view_classes[what].base;
    view->map = map_of(call);
    view->what = what;
    *ret_value = creg_value_object(&view->base);
    return CREG_OK;
}

static creg_status method_keys(jinja_call *call, creg_value *ret_value)
{
    return make_view(call, JINJA_VIEW_KEYS, ret_value);
}

static creg_status method_values(jinja_call *call, creg_value *ret_value)
{
    return make_view(call, JINJA_VIEW_VALUES, ret_value);
}

static creg_status method_items(jinja_call *call, creg_value *ret_value)
{
    return make_view(call, JINJA_VIEW_ITEMS, ret_value);
}

/* ---- table ------------------------------------------------------------------------------ */

const jinja_builtin jinja_methods_map[] = {
    {"clear", method_clear, "clear()", "Remove all entries.", 0, 0},
    {"copy", method_copy, "copy()", "A new dict of the same entries.", 0, 0},
    {"fromkeys", method_fromkeys, "fromkeys(iterable, value=None, /)", "A dict of these keys.",
     0, 0},
    {"get", method_get, "get(key, default=None, /)", "The value of a key, or the default.", 0,
     0},
    {"items", method_items, "items()", "Pairs of key and value.", 0, 0},
    {"keys", method_keys, "keys()", "The keys.", 0, 0},
    {"pop", method_pop, "pop(key, default=..., /)", "Remove a key and give its value.", 0, 0},
    {"popitem", method_popitem, "popitem()", "Remove the newest entry and give it.", 0, 0},
    {"setdefault", method_setdefault, "setdefault(key, default=None, /)",
     "The value of a key, set first when missing.", 0, 0},
    {"update", method_update, "update(*args, **kwargs)", "Take in other entries.", 0, 0},
    {"values", method_values, "values()", "The values.", 0, 0},
    JINJA_ROW_END,
};
