/* SPDX-License-Identifier: MIT */
/*
 * Filters that apply a filter or a test to each item, lazily: map, select, reject and the
 * attribute forms. Arguments are judged when the first item is asked for, as Python's
 * generators do it. Other lazy filters are in filters_chunk.c.
 */
#include "jinja/builtins.h"
#include "jinja/engine.h"
#include "jinja/methods.h"

/* The arguments of a call outlive it: copy them out of the evaluator's stack. */
static creg_status keep_arguments(jinja_call *call, creg_value **ret_rest,
                                  creg_entry **ret_keywords)
{
    jinja_run *run = call->run;
    creg_value *rest = creg_arena_calloc(run->arena, call->rest_count, sizeof *rest);
    creg_entry *keywords = creg_arena_calloc(run->arena, call->keyword_count, sizeof *keywords);
    if (rest == NULL || keywords == NULL)
        return jinja_fail_arena(run);
    for (size_t i = 0; i < call->rest_count; i++)
        rest[i] = call->rest[i];
    for (size_t i = 0; i < call->keyword_count; i++)
        keywords[i] = call->keywords[i];
    *ret_rest = rest;
    *ret_keywords = keywords;
    return CREG_OK;
}

/* A filter or test that is applied to many items: found at the first one, as Jinja does. */
typedef struct applied {
    jinja_builtin_kind kind;
    const jinja_host *host;
    const jinja_builtin *builtin;
    const creg_value *name; /* followed by the arguments */
    size_t count;           /* with the name */
    const creg_entry *keywords;
    size_t keyword_count;
} applied;

static creg_status find_applied(jinja_run *run, applied *what)
{
    if (what->host != NULL || what->builtin != NULL)
        return CREG_OK;
    if (creg_value_is(*what->name, CREG_KIND_STRING)) {
        creg_slice name = creg_value_text(*what->name);
        what->host = jinja_find_host(run->engine, what->kind, name);
        what->builtin = jinja_find_builtin(run->engine, what->kind, name);
        if (what->host != NULL || what->builtin != NULL)
            return CREG_OK;
    }
    creg_status status = jinja_check_key(run, *what->name);
    if (status != CREG_OK)
        return status;
    return jinja_fail(run, "TemplateRuntimeError", "No %s named %.*s.",
                      what->kind == JINJA_FILTERS ? "filter" : "test",
                      CREG_SHOW(jinja_repr(run, *what->name)));
}

/* Apply it to `item`: the item takes the place of the name in front of the arguments. */
static creg_status apply(jinja_run *run, applied *what, creg_value item, creg_value *ret_value)
{
    creg_status status = find_applied(run, what);
    if (status != CREG_OK)
        return status;
    creg_value few[4];
    creg_value *positional = few;
    if (what->count > sizeof few / sizeof few[0]) {
        positional = creg_arena_calloc(run->arena, what->count, sizeof *positional);
        if (positional == NULL)
            return jinja_fail_arena(run);
    }
    positional[0] = item;
    for (size_t i = 1; i < what->count; i++)
        positional[i] = what->name[i];
    if (what->host != NULL)
        return jinja_call_host(run, what->host, positional, what->count, what->keywords,
                               what->keyword_count, ret_value);
    return jinja_invoke(run, what->builtin, positional, what->count, what->keywords,
                        what->keyword_count, ret_value);
}

/* ---- map -------------------------------------------------------------------------------- */

typedef struct lazy_map {
    jinja_lazy lazy;
    creg_value *rest;
    creg_entry *keywords;
    size_t rest_count;
    size_t keyword_count;
    jinja_item_key key; /* of map(attribute=...) */
    applied filter;
} lazy_map;

static creg_status map_attribute_step(jinja_run *run, jinja_lazy *lazy, creg_value *ret_item,
                                      bool *ret_more)
{
    lazy_map *map = (lazy_map *)(void *)lazy;
    creg_value item;
    creg_status status = jinja_next(run, &lazy->iterator, &item, ret_more);
    if (status != CREG_OK || !*ret_more)
        return status;
    return jinja_item_key_get(run, &map->key, item, ret_item);
}

static creg_status map_filter_step(jinja_run *run, jinja_lazy *lazy, creg_value *ret_item,
                                   bool *ret_more)
{
    lazy_map *map = (lazy_map *)(void *)lazy;
    creg_value item;
    creg_status status = jinja_next(run, &lazy->iterator, &item, ret_more);
    if (status != CREG_OK || !*ret_more)
        return status;
    return apply(run, &map->filter, item, ret_item);
}

static const creg_entry *find_keyword(const lazy_map *map, const char *name)
{
    for (size_t i = 0; i < map->keyword_count; i++)
        if (creg_slice_equal(creg_value_text(map->keywords[i].key), creg_slice_of(name)))
            return &map->keywords[i];
    return NULL;
}

static creg_status refuse_other_keywords(jinja_run *run, const lazy_map *map,
                                         const creg_entry *attribute,
                                         const creg_entry *otherwise)
{
    for (size_t i = 0; i < map->keyword_count; i++) {
        const creg_entry *keyword = &map->keywords[i];
        if (keyword != attribute && keyword != otherwise)
            return jinja_fail(run, "FilterArgumentError", "Unexpected keyword argument '%.*s'",
                              CREG_SHOW(creg_value_text(keyword->key)));
    }
    return CREG_OK;
}

static creg_status prepare_map(jinja_run *run, lazy_map *map)
{
    const creg_entry *attribute = find_keyword(map, "attribute");
    if (map->rest_count == 0 && attribute != NULL) {
        const creg_entry *otherwise = find_keyword(map, "default");
        creg_status status = refuse_other_keywords(run, map, attribute, otherwise);
        if (status == CREG_OK)
            status = jinja_item_key_init(run, attribute->value, false, &map->key);
        if (otherwise != NULL && !creg_value_is(otherwise->value, CREG_KIND_NONE))
            map->key.otherwise = otherwise->value;
        map->lazy.step = map_attribute_step;
        return status;
    }
    if (map->rest_count == 0)
        return jinja_fail(run, "FilterArgumentError", "map requires a filter argument");
    map->filter = (applied){.kind = JINJA_FILTERS,
                            .name = map->rest,
                            .count = map->rest_count,
                            .keywords = map->keywords,
                            .keyword_count = map->keyword_count};
    return CREG_OK;
}

/* Jinja says nothing about the arguments when the value is false. */
static creg_status map_begin(jinja_run *run, jinja_lazy *lazy, bool *ret_more)
{
    creg_status status = jinja_truthy(run, lazy->source, ret_more);
    if (status == CREG_OK && *ret_more)
        status = prepare_map(run, (lazy_map *)(void *)lazy);
    return status == CREG_OK && *ret_more ? jinja_lazy_iterate(run, lazy, ret_more) : status;
}

static creg_status filter_map(jinja_call *call, creg_value *ret_value)
{
    jinja_lazy *lazy;
    creg_status status =
        jinja_lazy_new(call->run, sizeof(lazy_map), "generator object sync_do_map", map_begin,
                       map_filter_step, call->args[0], &lazy);
    if (status != CREG_OK)
        return status;
    lazy_map *map = (lazy_map *)(void *)lazy;
    map->rest_count = call->rest_count;
    map->keyword_count = call->keyword_count;
    *ret_value = jinja_lazy_value(lazy);
    return keep_arguments(call, &map->rest, &map->keywords);
}

/* ---- select, reject, selectattr, rejectattr --------------------------------------------- */

typedef struct lazy_select {
    jinja_lazy lazy;
    creg_value *rest;
    creg_entry *keywords;
    size_t rest_count;
    size_t keyword_count;
    jinja_item_key key;
    applied test;
    bool by_attribute;
    bool wanted; /* keep the items for which the test says this */
} lazy_select;

static creg_status judge(jinja_run *run, lazy_select *select, creg_value item, bool *ret_truth)
{
    creg_value verdict = item;
    creg_status status = CREG_OK;
    if (select->by_attribute)
        status = jinja_item_key_get(run, &select->key, item, &verdict);
    if (status == CREG_OK && select->test.count > 0)
        status = apply(run, &select->test, verdict, &verdict);
    return status == CREG_OK ? jinja_truthy(run, verdict, ret_truth) : status;
}

static creg_status select_step(jinja_run *run, jinja_lazy *lazy, creg_value *ret_item,
                               bool *ret_more)
{
    lazy_select *select = (lazy_select *)(void *)lazy;
    for (;;) {
        bool truth = false;
        creg_status status = jinja_next(run, &lazy->iterator, ret_item, ret_more);
        if (status != CREG_OK || !*ret_more)
            return status;
        status = judge(run, select, *ret_item, &truth);
        if (status != CREG_OK || truth == select->wanted)
            return status;
    }
}

static creg_status prepare_select(jinja_run *run, lazy_select *select)
{
    size_t at = select->by_attribute ? 1 : 0;
    creg_status status = CREG_OK;
    if (at > select->rest_count)
        return jinja_fail(run, "FilterArgumentError", "Missing parameter for attribute name");
    if (select->by_attribute)
        status = jinja_item_key_init(run, select->rest[0], false, &select->key);
    select->test = (applied){.kind = JINJA_TESTS,
                             .name = select->rest + at,
                             .count = select->rest_count - at,
                             .keywords = select->keywords,
                             .keyword_count = select->keyword_count};
    return status;
}

static creg_status select_begin(jinja_run *run, jinja_lazy *lazy, bool *ret_more)
{
    creg_status status = jinja_truthy(run, lazy->source, ret_more);
    if (status == CREG_OK && *ret_more)
        status = prepare_select(run, (lazy_select *)(void *)lazy);
    return status == CREG_OK && *ret_more ? jinja_lazy_iterate(run, lazy, ret_more) : status;
}

static creg_status make_select(jinja_call *call, bool by_attribute, bool wanted,
                               creg_value *ret_value)
{
    jinja_lazy *lazy;
    creg_status status =
        jinja_lazy_new(call->run, sizeof(lazy_select), "generator object select_or_reject",
                       select_begin, select_step, call->args[0], &lazy);
    if (status != CREG_OK)
        return status;
    lazy_select *select = (lazy_select *)(void *)lazy;
    select->by_attribute = by_attribute;
    select->wanted = wanted;
    select->rest_count = call->rest_count;
    select->keyword_count = call->keyword_count;
    *ret_value = jinja_lazy_value(lazy);
    return keep_arguments(call, &select->rest, &select->keywords);
}

static creg_status filter_select(jinja_call *call, creg_value *ret_value)
{
    return make_select(call, false, true, ret_value);
}

static creg_status filter_reject(jinja_call *call, creg_value *ret_value)
{
    return make_select(call, false, false, ret_value);
}

static creg_status filter_selectattr(jinja_call *call, creg_value *ret_value)
{
    return make_select(call, true, true, ret_value);
}

static creg_status filter_rejectattr(jinja_call *call, creg_value *ret_value)
{
    return make_select(call, true, false, ret_value);
}

const jinja_builtin jinja_filters_lazy[] = {
    {"map", filter_map, "map(*args, **kwargs)",
     "Apply a filter to each item, map('upper'), or take an attribute, "
     "map(attribute='a.b', default=x).",
     0, 0},
    {"reject", filter_reject, "reject(*args, **kwargs)",
     "The items for which a test (or their truth) fails.", 0, 0},
    {"rejectattr", filter_rejectattr, "rejectattr(*args, **kwargs)",
     "The items for whose attribute a test (or its truth) fails.", 0, 0},
    {"select", filter_select, "select(*args, **kwargs)",
     "The items for which a test (or their truth) holds.", 0, 0},
    {"selectattr", filter_selectattr, "selectattr(*args, **kwargs)",
     "The items for whose attribute a test (or its truth) holds.", 0, 0},
    JINJA_ROW_END,
};
