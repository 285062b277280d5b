/* SPDX-License-Identifier: MIT */
/*
 * Backslashes in string literals.
 */
#ifndef JINJA_STRING_ESCAPES_H
#define JINJA_STRING_ESCAPES_H

#include "base/text.h"

/**
 * Append what `body`, the literal between its quotes, stands for. What is wrong with an escape,
 * in the words of Python's codec, or NULL.
 */
const char *jinja_unescape(creg_slice body, creg_text *text);

#endif
