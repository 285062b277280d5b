/* SPDX-License-Identifier: MIT */
/*
 * JSON, as the rest of the library uses it beyond the public calls of confreg/value.h:
 * parsing that leaves the place of a fault open, and finding a value in the text.
 */
#ifndef CREG_FORMAT_JSON_H
#define CREG_FORMAT_JSON_H

#include "format/place.h"

/**
 * creg_json_parse, but the error has no line yet: `ret_fault` has the offsets, for a caller
 * who knows where the text came from. Written on failure only.
 */
creg_status creg_json_read(creg_slice text, unsigned flags, creg_arena *arena,
                           creg_value *ret_value, creg_fault *ret_fault, creg_error *err);

/**
 * Find a value (or with `on_key` the key) in JSON text that was parsed before. A step that is
 * no item and has an UNDEFINED key means member number `index`. False when it is not there.
 *
 * Walks the text from the start: for errors, not for loops.
 */
bool creg_json_locate(creg_slice text, creg_path path, creg_extent *ret_extent);

/** Is it a numeral as RFC 8259 has them? */
bool creg_json_is_number(creg_slice text);

#endif
