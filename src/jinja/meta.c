/* SPDX-License-Identifier: MIT */
/*
 * What can be told about a template without rendering it, and what a strict render misses.
 */
#include "jinja/missing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jinja/diagnostic.h"
#include "jinja/eval.h"

/* ---- undeclared and referenced --------------------------------------------------------- */

static int by_text(const void *left, const void *right)
{
    creg_slice a = creg_value_text(*(const creg_value *)left);
    creg_slice b = creg_value_text(*(const creg_value *)right);
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size == 0 ? 0 : memcmp(a.data, b.data, size);
    return order != 0 ? order : a.size < b.size ? -1 : a.size > b.size;
}

/* The tree may go before the answer does. */
static creg_status append_text(creg_arena *arena, creg_list *list, creg_slice text,
                               creg_error *err)
{
    creg_slice copy = creg_arena_copy(arena, text);
    bool fine = copy.data != NULL && creg_list_append(arena, list, creg_value_string(copy));
    return fine ? CREG_OK : creg_fail_arena(err, arena);
}

creg_status jinja_undeclared(const jinja_template *template_, creg_arena *arena,
                             creg_value *ret_names, creg_error *err)
{
    creg_list *list = creg_list_new(arena, template_->undeclared_count);
    creg_status status = list == NULL ? creg_fail_arena(err, arena) : CREG_OK;
    for (uint32_t i = 0; i < template_->undeclared_count && status == CREG_OK; i++) {
        creg_slice name = template_->undeclared[i]->text;
        if (creg_map_get_text(template_->engine->globals, name) == NULL)
            status = append_text(arena, list, name, err);
    }
    if (status != CREG_OK)
        return status;
    if (list->size > 1)
        qsort(list->items, list->size, sizeof *list->items, by_text);
    *ret_names = creg_value_list(list);
    return CREG_OK;
}

static creg_status append_name(creg_arena *arena, creg_list *list, const jinja_node *node,
                               creg_error *err)
{
    if (node->kind != NODE_CONST)
        return creg_list_append(arena, list, creg_value_none()) ? CREG_OK
                                                                : creg_fail_arena(err, arena);
    if (node->as.constant.kind != CREG_KIND_STRING)
        return CREG_OK;
    return append_text(arena, list, creg_value_text(node->as.constant), err);
}

static creg_status append_constant(creg_arena *arena, creg_list *list, creg_value names,
                                   creg_error *err)
{
    creg_status status = CREG_OK;
    for (size_t i = 0; i < names.as.list->size && status == CREG_OK; i++)
        if (names.as.list->items[i].kind == CREG_KIND_STRING)
            status = append_text(arena, list, creg_value_text(names.as.list->items[i]), err);
    return status;
}

static creg_status append_reference(creg_arena *arena, creg_list *list, const jinja_node *node,
                                    creg_error *err)
{
    if (node->kind == NODE_CONST && node->as.constant.kind == CREG_KIND_TUPLE)
        return append_constant(arena, list, node->as.constant, err);
    if (node->kind != NODE_LIST && node->kind != NODE_TUPLE)
        return append_name(arena, list, node, err);
    creg_status status = CREG_OK;
    for (uint32_t i = 0; i < node->as.list.count && status == CREG_OK; i++)
        status = append_name(arena, list, node->as.list.items[i], err);
    return status;
}

creg_status jinja_referenced(const jinja_template *template_, creg_arena *arena,
                             creg_value *ret_names, creg_error *err)
{
    creg_list *list = creg_list_new(arena, template_->other_count);
    creg_status status = list == NULL ? creg_fail_arena(err, arena) : CREG_OK;
    for (uint32_t i = 0; i < template_->other_count && status == CREG_OK; i++)
        status = append_reference(arena, list, template_->others[i]->as.other.name, err);
    if (status == CREG_OK)
        *ret_names = creg_value_list(list);
    return status;
}

/* ---- all that is missing --------------------------------------------------------------- */

typedef struct missing {
    const jinja_template *template_;
    const creg_map *context; /* NULL: empty */
    char text[CREG_ERROR_MESSAGE_SIZE];
    size_t size;
    unsigned count;
    jinja_nearest nearest; /* to the first one */
} missing;

/* The name that a read begins with, and the key that it looks up there (none: empty). */
static creg_slice name_of(const jinja_node *node, creg_slice *ret_key)
{
    *ret_key = creg_slice_make(NULL, 0);
    if (node->kind == NODE_NAME)
        return node->as.name.name->text;
    const jinja_node *object =
        node->kind == NODE_GETATTR ? node->as.attribute.object : node->as.item.object;
    if (node->kind == NODE_GETATTR)
        *ret_key = node->as.attribute.name->text;
    else if (node->as.item.key->as.constant.kind == CREG_KIND_STRING)
        *ret_key = creg_value_text(node->as.item.key->as.constant);
    return object->as.name.name->text;
}

static const creg_value *find(const missing *m, creg_slice name)
{
    const creg_value *found = m->context == NULL ? NULL : creg_map_get_text(m->context, name);
    return found != NULL ? found : creg_map_get_text(m->template_->engine->globals, name);
}

static bool is_undeclared(const missing *m, creg_slice name)
{
    for (uint32_t i = 0; i < m->template_->undeclared_count; i++)
        if (creg_slice_equal(m->template_->undeclared[i]->text, name))
            return true;
    return false;
}

static bool same_read(const jinja_node *left, const jinja_node *right)
{
    creg_slice left_key;
    creg_slice right_key;
    creg_slice left_name = name_of(left, &left_key);
    creg_slice right_name = name_of(right, &right_key);
    return creg_slice_equal(left_name, right_name) && creg_slice_equal(left_key, right_key);
}

/* A name that is asked for by `is defined` or given a default anywhere may well be missing. */
static bool is_guarded(const missing *m, const jinja_node *node)
{
    for (uint32_t i = 0; i < m->template_->read_count; i++)
        if (m->template_->reads[i]->guarded && same_read(m->template_->reads[i]->node, node))
            return true;
    return false;
}

static bool was_listed(const missing *m, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++)
        if (same_read(m->template_->reads[i]->node, m->template_->reads[index]->node))
            return true;
    return false;
}

static bool is_missing(const missing *m, const jinja_node *node)
{
    creg_slice key;
    creg_slice name = name_of(node, &key);
    if (!is_undeclared(m, name))
        return false; /* the template sets it itself, at least on some ways */
    const creg_value *value = find(m, name);
    if (node->kind == NODE_NAME)
        return value == NULL;
    bool plain = node->kind == NODE_GETITEM || node->use;
    return value != NULL && value->kind == CREG_KIND_MAP && key.data != NULL && plain &&
           creg_map_get_text(value->as.map, key) == NULL;
}

static uint32_t column_of(const missing *m, uint32_t at)
{
    creg_slice source = m->template_->source;
    size_t begin = at;
    while (begin > 0 && source.data[begin - 1] != '\n')
        begin--;
    uint32_t column = 1;
    for (size_t i = begin; i < at; i++)
        column += ((unsigned char)source.data[i] & 0xC0) != 0x80;
    return column;
}

static void offer_near(missing *m, creg_slice name, creg_slice key)
{
    const creg_map *map = m->context;
    jinja_nearest_init(&m->nearest, key.data == NULL ? name : key);
    if (key.data != NULL) {
        const creg_value *value = find(m, name);
        map = value == NULL ? NULL : value->as.map;
    }
    for (size_t i = 0; map != NULL && i < map->filled; i++)
        if (map->entries[i].used && map->entries[i].key.kind == CREG_KIND_STRING)
            jinja_nearest_offer(&m->nearest, creg_value_text(map->entries[i].key));
}

static void list_one(missing *m, const jinja_node *node)
{
    creg_slice key;
    creg_slice name = name_of(node, &key);
    if (m->count++ == 0)
        offer_near(m, name, key);
    size_t left = sizeof m->text - m->size;
    int wrote = snprintf(m->text + m->size, left, "%s%.*s%s%.*s%s (line %u:%u)",
                         m->count == 1 ? "" : ", ", CREG_SHOW(name), key.data ? "['" : "",
                         CREG_SHOW(key), key.data ? "']" : "", (unsigned)node->line,
                         (unsigned)column_of(m, node->at));
    m->size = wrote < 0 || (size_t)wrote >= left ? sizeof m->text - 1 : m->size + (size_t)wrote;
}

void jinja_list_missing(const jinja_template *template_, creg_value context, creg_error *err)
{
    missing m = {.template_ = template_,
                 .context = context.kind == CREG_KIND_MAP ? context.as.map : NULL};
    if (err == NULL)
        return;
    for (uint32_t i = 0; i < template_->read_count; i++) {
        const jinja_node *node = template_->reads[i]->node;
        if (!was_listed(&m, i) && is_missing(&m, node) && !is_guarded(&m, node))
            list_one(&m, node);
    }
    if (m.count > 1) {
        char first[CREG_ERROR_MESSAGE_SIZE];
        memcpy(first, err->message, sizeof first);
        snprintf(err->message, sizeof err->message, "%.400s; undefined in all: %.*s", first,
                 (int)(sizeof err->message - 500), m.text);
    }
    if (m.count > 0 && m.nearest.best.data != NULL)
        creg_error_hint(err, "did you mean '%.*s'?", CREG_SHOW(m.nearest.best));
}
