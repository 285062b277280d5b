/* SPDX-License-Identifier: MIT */
/*
 * The symbol table of one scope, while a template is compiled.
 *
 * Jinja2 decides at compile time where each name of a scope comes from: a parameter, the
 * context, the same name of an outer scope (whose value it begins with), or nowhere. Those
 * rules make `{% set %}` inside a loop not leak and `{{ x }}{% set x = 1 %}` read the context,
 * so this table follows them step by step.
 */
#ifndef JINJA_SCOPE_H
#define JINJA_SCOPE_H

#include "jinja/parser.h"

/** One variable of one scope: its slot, and where its first value comes from. */
typedef struct jinja_ref {
    const jinja_name *name;
    jinja_unit *unit;
    const struct jinja_ref *outer; /* LOAD_ALIAS */
    uint32_t slot;
    uint8_t load; /* jinja_load_kind */
} jinja_ref;

typedef struct jinja_symbol {
    jinja_ref *ref;
    uint32_t stored; /* when it was first assigned here, counted from 1; 0: never */
} jinja_symbol;

typedef struct jinja_scope {
    struct jinja_scope *parent;
    jinja_unit *unit;
    jinja_symbol *symbols;
    uint32_t count, capacity;
    uint32_t stores; /* counts assignments */
} jinja_scope;

/** A scope below `parent` (may be NULL) in `unit`; NULL after failing. Scratch memory. */
jinja_scope *jinja_scope_new(jinja_parser *p, jinja_scope *parent, jinja_unit *unit);

jinja_ref *jinja_scope_find(const jinja_scope *scope, const jinja_name *name);

/* What reading, assigning and declaring a name does to the table; false after failing. */
bool jinja_scope_load(jinja_parser *p, jinja_scope *scope, const jinja_name *name);
bool jinja_scope_store(jinja_parser *p, jinja_scope *scope, const jinja_name *name);
jinja_ref *jinja_scope_parameter(jinja_parser *p, jinja_scope *scope, const jinja_name *name);

/** Everything assigned since `stores` was read is assigned on some ways only. */
void jinja_scope_branches(jinja_scope *scope, uint32_t stores);

/** How many activations out of `unit` the variable lives. */
uint16_t jinja_scope_distance(const jinja_unit *unit, const jinja_ref *ref);

/** What entering the scope must do, into the template's memory. */
bool jinja_scope_finish(jinja_parser *p, const jinja_scope *scope, jinja_scope_info *ret_info);

/** Every variable visible in the scope that something assigned. */
bool jinja_scope_locals(jinja_parser *p, const jinja_scope *scope, jinja_locals *ret_locals);

/* The visits that fill a table: scope_visit.c. */
bool jinja_visit_expression(jinja_parser *p, jinja_scope *scope, const jinja_node *node);
bool jinja_visit_target(jinja_parser *p, jinja_scope *scope, const jinja_node *node);
bool jinja_visit_parameters(jinja_parser *p, jinja_scope *scope, const jinja_node *target);
bool jinja_visit_body(jinja_parser *p, jinja_scope *scope, const jinja_body *body);

#endif
