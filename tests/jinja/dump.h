/* SPDX-License-Identifier: MIT */
/*
 * What the lexer and the parser made of a template, as text for the fixtures.
 */
#ifndef TESTS_JINJA_DUMP_H
#define TESTS_JINJA_DUMP_H

#include "confreg/jinja.h"

/** One line a token: line, kind, text. */
creg_status dump_tokens(jinja_engine *engine, creg_slice source, creg_arena *arena,
                        creg_value *ret_text, creg_error *err);

/** The resolved tree, one statement a line, expressions in prefix form. */
creg_status dump_tree(jinja_engine *engine, creg_slice source, creg_arena *arena,
                      creg_value *ret_text, creg_error *err);

#endif
