/* SPDX-License-Identifier: MIT */
/*
 * Between urlize and its scanners.
 */
#ifndef JINJA_URLIZE_H
#define JINJA_URLIZE_H

#include "jinja/builtins.h"

/** Is the whole word a URL, with http(s):// or www., or a plain name under a well-known top
 * level domain? */
bool jinja_is_url(creg_slice word);

/** Is the whole word an e-mail address? */
bool jinja_is_email(creg_slice word);

/** How many characters, when all of them are word characters or stand in `others`; else 0. */
size_t jinja_count_word(creg_slice text, const char *others);

#endif
