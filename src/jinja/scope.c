/* SPDX-License-Identifier: MIT */
/*
 * Symbol tables; see scope.h.
 */
#include "jinja/scope.h"

#include <string.h>

jinja_scope *jinja_scope_new(jinja_parser *p, jinja_scope *parent, jinja_unit *unit)
{
    jinja_scope *scope = creg_arena_calloc(p->scratch, 1, sizeof *scope);
    if (scope == NULL)
        return jinja_parse_fail_arena(p, p->scratch);
    scope->parent = parent;
    scope->unit = unit;
    return scope;
}

static jinja_symbol *find_here(const jinja_scope *scope, const jinja_name *name)
{
    for (uint32_t i = 0; i < scope->count; i++)
        if (scope->symbols[i].ref->name == name)
            return &scope->symbols[i];
    return NULL;
}

jinja_ref *jinja_scope_find(const jinja_scope *scope, const jinja_name *name)
{
    for (; scope != NULL; scope = scope->parent) {
        jinja_symbol *symbol = find_here(scope, name);
        if (symbol != NULL)
            return symbol->ref;
    }
    return NULL;
}

static jinja_symbol *define(jinja_parser *p, jinja_scope *scope, const jinja_name *name,
                            jinja_load_kind load, const jinja_ref *outer)
{
    if (scope->count == scope->capacity) {
        uint32_t capacity = scope->capacity == 0 ? 8 : scope->capacity * 2;
        void *grown =
            creg_arena_grow(p->scratch, scope->symbols, scope->capacity * sizeof(jinja_symbol),
                            capacity * sizeof(jinja_symbol));
        if (grown == NULL)
            return jinja_parse_fail_arena(p, p->scratch);
        scope->symbols = grown;
        scope->capacity = capacity;
    }
    jinja_ref *ref = creg_arena_new(p->scratch, jinja_ref);
    if (ref == NULL)
        return jinja_parse_fail_arena(p, p->scratch);
    *ref = (jinja_ref){.name = name,
                       .unit = scope->unit,
                       .outer = outer,
                       .slot = scope->unit->slot_count++,
                       .load = (uint8_t)load};
    jinja_symbol *symbol = &scope->symbols[scope->count++];
    *symbol = (jinja_symbol){.ref = ref};
    return symbol;
}

bool jinja_scope_load(jinja_parser *p, jinja_scope *scope, const jinja_name *name)
{
    if (name == NULL)
        return false;
    return jinja_scope_find(scope, name) != NULL ||
           define(p, scope, name, LOAD_RESOLVE, NULL) != NULL;
}

static const jinja_ref *find_outer(const jinja_scope *scope, const jinja_name *name)
{
    return scope->parent == NULL ? NULL : jinja_scope_find(scope->parent, name);
}

bool jinja_scope_store(jinja_parser *p, jinja_scope *scope, const jinja_name *name)
{
    if (name == NULL)
        return false;
    jinja_symbol *symbol = find_here(scope, name);
    if (symbol == NULL) {
        const jinja_ref *outer = find_outer(scope, name);
        symbol = define(p, scope, name, outer == NULL ? LOAD_UNDEFINED : LOAD_ALIAS, outer);
    }
    if (symbol == NULL)
        return false;
    if (symbol->stored == 0)
        symbol->stored = ++scope->stores;
    return true;
}

jinja_ref *jinja_scope_parameter(jinja_parser *p, jinja_scope *scope, const jinja_name *name)
{
    if (name == NULL)
        return NULL;
    jinja_symbol *symbol = find_here(scope, name);
    if (symbol == NULL)
        symbol = define(p, scope, name, LOAD_PARAMETER, NULL);
    if (symbol == NULL)
        return NULL;
    symbol->ref->load = LOAD_PARAMETER;
    if (symbol->stored == 0)
        symbol->stored = ++scope->stores;
    return symbol->ref;
}

void jinja_scope_branches(jinja_scope *scope, uint32_t stores)
{
    for (uint32_t i = 0; i < scope->count; i++) {
        jinja_symbol *symbol = &scope->symbols[i];
        if (symbol->stored <= stores)
            continue;
        const jinja_ref *outer = find_outer(scope, symbol->ref->name);
        symbol->ref->outer = outer;
        symbol->ref->load = outer == NULL ? LOAD_RESOLVE : LOAD_ALIAS;
    }
}

uint16_t jinja_scope_distance(const jinja_unit *unit, const jinja_ref *ref)
{
    uint16_t up = 0;
    for (; unit != ref->unit; unit = unit->outer)
        up++;
    return up;
}

/* What nothing in its scope assigns can only come from the context, which does not change
 * while the unit runs: look it up once, on entry of the unit. */
static bool add_to_unit(jinja_parser *p, const jinja_ref *ref)
{
    jinja_unit *unit = ref->unit;
    if (unit->resolve_count == unit->resolve_capacity) {
        uint32_t capacity = unit->resolve_capacity == 0 ? 4 : unit->resolve_capacity * 2;
        void *grown = creg_arena_grow(p->arena, unit->resolves,
                                      unit->resolve_capacity * sizeof(jinja_slot_load),
                                      capacity * sizeof(jinja_slot_load));
        if (grown == NULL) {
            jinja_parse_fail_arena(p, p->arena);
            return false;
        }
        unit->resolves = grown;
        unit->resolve_capacity = capacity;
    }
    unit->resolves[unit->resolve_count++] =
        (jinja_slot_load){.kind = LOAD_RESOLVE, .slot = ref->slot, .name = ref->name};
    return true;
}

static void add_load(const jinja_scope *scope, const jinja_ref *ref, jinja_scope_info *info)
{
    jinja_slot_load *load = &info->loads[info->load_count++];
    *load = (jinja_slot_load){.kind = ref->load, .slot = ref->slot, .name = ref->name};
    if (ref->load == LOAD_ALIAS) {
        load->from_slot = ref->outer->slot;
        load->from_up = jinja_scope_distance(scope->unit, ref->outer);
    }
}

static bool note_undeclared(jinja_parser *p, const jinja_name *name)
{
    for (uint32_t i = 0; i < p->undeclared.count; i++)
        if (p->undeclared.items[i] == (const void *)name)
            return true;
    return jinja_vector_push(p, &p->undeclared, (void *)(uintptr_t)name);
}

bool jinja_scope_finish(jinja_parser *p, const jinja_scope *scope, jinja_scope_info *ret_info)
{
    jinja_scope_info info = {0};
    if (scope->count > 0) {
        info.loads = jinja_parse_alloc(p, scope->count, sizeof(jinja_slot_load));
        info.own_slots = jinja_parse_alloc(p, scope->count, sizeof(uint32_t));
        if (info.loads == NULL || info.own_slots == NULL)
            return false;
    }
    for (uint32_t i = 0; i < scope->count; i++) {
        const jinja_symbol *symbol = &scope->symbols[i];
        if (symbol->ref->load == LOAD_RESOLVE && !note_undeclared(p, symbol->ref->name))
            return false;
        if (symbol->ref->load == LOAD_RESOLVE && symbol->stored == 0) {
            if (!add_to_unit(p, symbol->ref))
                return false;
            continue;
        }
        info.own_slots[info.own_count++] = symbol->ref->slot;
        if (symbol->ref->load != LOAD_PARAMETER)
            add_load(scope, symbol->ref, &info);
    }
    *ret_info = info;
    return true;
}

static bool is_listed(const jinja_vector *names, const jinja_name *name)
{
    for (uint32_t i = 0; i < names->count; i++)
        if (((jinja_ref *)names->items[i])->name == name)
            return true;
    return false;
}

bool jinja_scope_locals(jinja_parser *p, const jinja_scope *scope, jinja_locals *ret_locals)
{
    const jinja_unit *unit = scope->unit;
    jinja_vector found = {0};
    for (const jinja_scope *at = scope; at != NULL; at = at->parent)
        for (uint32_t i = 0; i < at->count; i++)
            if (at->symbols[i].stored > 0 && !is_listed(&found, at->symbols[i].ref->name) &&
                !jinja_vector_push(p, &found,
                                   jinja_scope_find(scope, at->symbols[i].ref->name)))
                return false;
    ret_locals->items = jinja_parse_alloc(p, found.count, sizeof(jinja_local));
    if (ret_locals->items == NULL)
        return false;
    for (uint32_t i = 0; i < found.count; i++) {
        const jinja_ref *ref = found.items[i];
        ret_locals->items[i] = (jinja_local){
            .name = ref->name, .slot = ref->slot, .up = jinja_scope_distance(unit, ref)};
    }
    ret_locals->count = found.count;
    return true;
}
