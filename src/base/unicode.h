/* SPDX-License-Identifier: MIT */
/*
 * What Python's str knows about characters: classes and case, for Unicode 14 as in CPython
 * 3.11. libunistring has the tables; the rules that CPython adds are here.
 *
 * Text is valid UTF-8. Threads: any.
 */
#ifndef CREG_BASE_UNICODE_H
#define CREG_BASE_UNICODE_H

#include "base/text.h"

/** str.isspace() of one character. */
bool creg_unicode_is_space(uint32_t code_point);

/** str.isprintable() of one character: what repr() shows as it is. */
bool creg_unicode_is_printable(uint32_t code_point);

bool creg_unicode_is_alpha(uint32_t code_point);
bool creg_unicode_is_digit(uint32_t code_point);
bool creg_unicode_is_numeric(uint32_t code_point);
bool creg_unicode_is_alnum(uint32_t code_point);
bool creg_unicode_is_lower(uint32_t code_point);
bool creg_unicode_is_upper(uint32_t code_point);
bool creg_unicode_is_title(uint32_t code_point);
bool creg_unicode_is_cased(uint32_t code_point);

/** May it begin, or stand inside, a name? '_' may do both. */
bool creg_unicode_is_name_start(uint32_t code_point);
bool creg_unicode_is_name_part(uint32_t code_point);

/** The value of a decimal digit of any script, or -1. */
int creg_unicode_decimal(uint32_t code_point);

/** repr(str): in quotes, the single ones unless only those stand inside, what does not print
 * escaped. */
void creg_unicode_repr(creg_text *text, creg_slice source);

/** str.upper() and so on, appended to `text`. Failures stick in `text`. */
void creg_unicode_upper(creg_text *text, creg_slice source);
void creg_unicode_lower(creg_text *text, creg_slice source);
void creg_unicode_title(creg_text *text, creg_slice source);
void creg_unicode_capitalize(creg_text *text, creg_slice source);
void creg_unicode_casefold(creg_text *text, creg_slice source);
void creg_unicode_swapcase(creg_text *text, creg_slice source);

#endif
