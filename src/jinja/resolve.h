/* SPDX-License-Identifier: MIT */
/*
 * The second half of compiling: names to slots, constants folded, a function for each node.
 *
 *     resolve.c              statements, units, the template
 *     resolve_expression.c   expressions
 *     fold.c                 constants
 *
 * It walks the finished tree with a static frame that knows what Jinja2's code generator knows:
 * the scope, whether this is top level, whether a missing filter is an error already now (not
 * inside an if, where it may never be reached), whether HTML is escaped.
 */
#ifndef JINJA_RESOLVE_H
#define JINJA_RESOLVE_H

#include "jinja/scope.h"

typedef struct jinja_static_frame {
    jinja_scope *scope;
    bool toplevel;      /* names set here are exported */
    bool soft;          /* inside an if: filters are looked for when they are used */
    bool check_extends; /* output stops once the template extends another */
    bool guarded;       /* undefined is expected here */
    bool in_loop;       /* break and continue have a loop of this unit to leave */
    jinja_escape_mode escape;
    bool escapes_constants; /* under a computed autoescape: as it was around it */
} jinja_static_frame;

/** An expression and all below it. NULL is fine: what is not there needs nothing. */
bool jinja_resolve_node(jinja_parser *p, const jinja_static_frame *fr, jinja_node *node);

/** What is assigned to: a name, an attribute of a namespace, or a tuple of such. */
bool jinja_resolve_target(jinja_parser *p, const jinja_static_frame *fr, jinja_node *node);

/** Note that a list holds a name; `list` is its number. The first name that a list holds twice
 * is kept for jinja_refuse_as_python(). */
void jinja_note_in_list(jinja_parser *p, uint32_t list, const jinja_name *name, bool keyword,
                        uint32_t line, uint32_t at);

/** What Jinja2 lets pass and Python's compiler then refuses: false, and why. */
bool jinja_refuse_as_python(jinja_parser *p);

#endif
