/* SPDX-License-Identifier: MIT */
/*
 * What the method files share. methods.c finds a method by type and name; methods_text.c
 * and methods_search.c have those of str and bytes, methods_list.c, methods_map.c,
 * methods_set.c and methods_number.c the others.
 *
 * Tables end with JINJA_ROW_END and are sorted by name.
 */
#ifndef JINJA_METHODS_H
#define JINJA_METHODS_H

#include "jinja/builtins.h"

extern const jinja_builtin jinja_methods_text[];
extern const jinja_builtin jinja_methods_markup[]; /* those that str does not have */
extern const jinja_builtin jinja_methods_bytes[];
extern const jinja_builtin jinja_methods_list[];
extern const jinja_builtin jinja_methods_tuple[];
extern const jinja_builtin jinja_methods_map[];
extern const jinja_builtin jinja_methods_set[];
extern const jinja_builtin jinja_methods_int[];
extern const jinja_builtin jinja_methods_float[];
extern const jinja_builtin jinja_methods_range[];

/* ---- methods_search.c: of str and bytes alike ------------------------------------------- */

creg_status jinja_method_count(jinja_call *call, creg_value *ret_value);
creg_status jinja_method_endswith(jinja_call *call, creg_value *ret_value);
creg_status jinja_method_find(jinja_call *call, creg_value *ret_value);
creg_status jinja_method_index(jinja_call *call, creg_value *ret_value);
creg_status jinja_method_lstrip(jinja_call *call, creg_value *ret_value);
creg_status jinja_method_partition(jinja_call *call, creg_value *ret_value);
creg_status jinja_method_removeprefix(jinja_call *call, creg_value *ret_value);
creg_status jinja_method_removesuffix(jinja_call *call, creg_value *ret_value);
creg_status jinja_method_replace(jinja_call *call, creg_value *ret_value);
creg_status jinja_method_rfind(jinja_call *call, creg_value *ret_value);
creg_status jinja_method_rindex(jinja_call *call, creg_value *ret_value);
creg_status jinja_method_rpartition(jinja_call *call, creg_value *ret_value);
creg_status jinja_method_rsplit(jinja_call *call, creg_value *ret_value);
creg_status jinja_method_rstrip(jinja_call *call, creg_value *ret_value);
creg_status jinja_method_split(jinja_call *call, creg_value *ret_value);
creg_status jinja_method_splitlines(jinja_call *call, creg_value *ret_value);
creg_status jinja_method_startswith(jinja_call *call, creg_value *ret_value);
creg_status jinja_method_strip(jinja_call *call, creg_value *ret_value);

/* ---- helpers (methods.c) ---------------------------------------------------------------- */

/** The flags of `self` that a text made from it keeps. */
uint8_t jinja_kept_flags(creg_value self);

/** Part of `self`, which it shares its bytes with. */
creg_value jinja_part(creg_value self, const char *data, size_t size);

/** Finish a text made from `self`: the same kind, flags kept. */
creg_status jinja_text_of_self(jinja_call *call, creg_text *text, creg_value *ret_value);

/** Markup's methods escape their text arguments; does nothing for others. */
creg_status jinja_escape_argument(jinja_call *call, size_t index);

/** A slice bound: integer, None or not given; too large ones are cut to 64 bits. */
creg_status jinja_argument_bound(jinja_call *call, size_t index, int64_t otherwise,
                                 int64_t *ret_bound);

/** Cut a pair of slice bounds to 0..size, negative ones counted from the end. */
void jinja_clip_bounds(int64_t size, int64_t *start, int64_t *stop);

/** unhashable type; CREG_OK for what may be a key. */
creg_status jinja_check_key(jinja_run *run, creg_value key);

/* ---- maps (methods_map.c) --------------------------------------------------------------- */

/** Set one entry, paid for. TypeError for a key that is unhashable. */
creg_status jinja_map_put(jinja_run *run, creg_map *map, creg_value key, creg_value value);

/** What dict(source) and update(source) do: from a map, or from pairs of anything iterable. */
creg_status jinja_map_update(jinja_run *run, creg_map *map, creg_value source);

/* ---- dict views (methods_map.c) --------------------------------------------------------- */

typedef enum jinja_view_of {
    JINJA_VIEW_KEYS,
    JINJA_VIEW_VALUES,
    JINJA_VIEW_ITEMS
} jinja_view_of;

/** What keys(), values() and items() give: it follows the map as it changes. */
typedef struct jinja_view {
    creg_object base;
    creg_map *map;
    jinja_view_of what;
} jinja_view;

/** The view behind a value, or NULL: for loops that walk the map themselves. */
const jinja_view *jinja_as_view(creg_value value);

#endif
