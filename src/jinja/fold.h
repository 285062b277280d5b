/* SPDX-License-Identifier: MIT */
/*
 * Constants, while a template is compiled.
 *
 * Of the frame around a node only the escaping matters here: what a constant comes to may
 * depend on it, and under a computed one nothing that does is settled early.
 */
#ifndef JINJA_FOLD_H
#define JINJA_FOLD_H

#include "jinja/parser.h"

/** Nothing but constants below the node, and filters and tests of them; NULL is constant, too. */
bool jinja_is_constant(jinja_escape_mode escape, const jinja_node *node);

/**
 * Put what a node comes to in its place, once its children are resolved and when all of them
 * are constants. One that fails (1/0) is left alone: it fails when, and if, it is reached.
 * False when there is no memory.
 */
bool jinja_fold_node(jinja_parser *p, jinja_escape_mode escape, jinja_node *node);

#endif
