/* SPDX-License-Identifier: MIT */
/*
 * What the builtins share among themselves: tables, lazy sequences, item keys and sorting.
 * The rest of the engine needs runtime.h only.
 */
#ifndef JINJA_BUILTINS_H
#define JINJA_BUILTINS_H

#include "jinja/runtime.h"

/* Further tables beside those that runtime.h names; builtins.c lists all of them. */
extern const jinja_builtin jinja_filters_lazy[]; /* filters_lazy.c: map, select ... */
extern const jinja_builtin
    jinja_filters_chunk[]; /* filters_chunk.c: batch, slice, unique ... */
extern const jinja_builtin jinja_filters_order[];  /* filters_order.c: sort, groupby, min ... */
extern const jinja_builtin jinja_filters_wrap[];   /* filters_wrap.c: wordwrap */
extern const jinja_builtin jinja_filters_json[];   /* filters_json.c: tojson */
extern const jinja_builtin jinja_filters_pprint[]; /* filters_pprint.c */
extern const jinja_builtin jinja_filters_urlize[]; /* filters_urlize.c */

/* The configuration pack, beside jinja_filters_config. */
extern const jinja_builtin jinja_filters_address[]; /* filters_address.c: ipaddr */
extern const jinja_builtin jinja_filters_codec[];   /* filters_codec.c: base64, hashes, JSON */
extern const jinja_builtin jinja_filters_product[]; /* filters_product.c: zip, product */
extern const jinja_builtin jinja_filters_regex[];   /* filters_regex.c */
extern const jinja_builtin jinja_filters_sets[];    /* filters_sets.c: union, combine ... */
extern const jinja_builtin jinja_filters_yaml[];    /* filters_yaml.c */
extern const jinja_builtin jinja_tests_config[];    /* tests_config.c */
extern const jinja_builtin jinja_tests_regex[];     /* filters_regex.c */

/** Is it this word, in letters of ASCII of either case? `word`: in small ones. (tests_config.c) */
bool jinja_is_any_case(creg_slice text, const char *word);

/* The row that ends every table. */
#define JINJA_ROW_END                                                                          \
    {                                                                                          \
        NULL, NULL, NULL, NULL, 0, 0                                                           \
    }

/* ---- lazy sequences (lazy.c) ---------------------------------------------------------- */

/**
 * A generator: nothing happens before the first item is asked for, and it runs once.
 *
 * `begin` (may be NULL) checks the arguments, as Python's generators do, on the first step
 * and may finish it at once; `step` gives the next item, or `*ret_more` false.
 */
typedef struct jinja_lazy jinja_lazy;
typedef creg_status (*jinja_lazy_begin)(jinja_run *run, jinja_lazy *lazy, bool *ret_more);
typedef creg_status (*jinja_lazy_step)(jinja_run *run, jinja_lazy *lazy, creg_value *ret_item,
                                       bool *ret_more);

struct jinja_lazy {
    creg_object base;
    jinja_lazy_begin begin;
    jinja_lazy_step step;
    const char *label; /* "generator object do_map": what print shows between < and > */
    creg_value source;
    jinja_iterator iterator; /* over `source`, for the use of begin and step */
    uint8_t state;
};

/** A lazy sequence of `size` bytes that begins with a jinja_lazy; the rest is zero. */
creg_status jinja_lazy_new(jinja_run *run, size_t size, const char *label,
                           jinja_lazy_begin begin, jinja_lazy_step step, creg_value source,
                           jinja_lazy **ret_lazy);

static inline creg_value jinja_lazy_value(jinja_lazy *lazy)
{
    return creg_value_object(&lazy->base);
}

/** Begin by iterating over `source`. */
creg_status jinja_lazy_iterate(jinja_run *run, jinja_lazy *lazy, bool *ret_more);

/* ---- item keys (item_key.c) ----------------------------------------------------------- */

/** How to get from an item to what a filter compares: attribute path, default, case. */
typedef struct jinja_item_key {
    const creg_value *parts; /* STRING or INT, or whatever the template passed */
    size_t count;            /* 0: the item itself */
    creg_value otherwise;    /* for undefined parts; missing: none */
    bool fold;               /* lower strings */
} jinja_item_key;

/** Read `attribute` (missing and None: the item itself). */
creg_status jinja_item_key_init(jinja_run *run, creg_value attribute, bool fold,
                                jinja_item_key *ret_key);

creg_status jinja_item_key_get(jinja_run *run, const jinja_item_key *key, creg_value item,
                               creg_value *ret_value);

/** A string in lower case; everything else, and what is lower already, is itself. */
creg_status jinja_fold_case(jinja_run *run, creg_value value, creg_value *ret_value);

/* ---- sorting (sort.c) ----------------------------------------------------------------- */

typedef struct jinja_sort_item {
    creg_value key;
    creg_value value;
} jinja_sort_item;

/** The entries of a map in their order, map->size of them, in the arena. */
creg_status jinja_sort_items_of(jinja_run *run, const creg_map *map,
                                jinja_sort_item **ret_items);

/** `*ret_less`: left < right. May fail. */
typedef creg_status (*jinja_less)(jinja_run *run, creg_value left, creg_value right,
                                  bool *ret_less);

/** Python's `<`. */
creg_status jinja_is_less(jinja_run *run, creg_value left, creg_value right, bool *ret_less);

/** Stable sort by key, in Python's order of comparisons for short runs; charges fuel. */
creg_status jinja_sort(jinja_run *run, jinja_sort_item *items, size_t count, bool reverse,
                       jinja_less less);

/* ---- JSON as Python writes it (filters_json.c) ----------------------------------------- */

typedef struct jinja_json_style {
    bool sort_keys;
    bool ascii;      /* escape everything beyond ASCII */
    bool html_safe;  /* escape < > & ' */
    bool has_indent; /* one item a line, `indent` for each level; else all on one line */
    creg_slice indent;
} jinja_json_style;

/** json.dumps(value). TypeError for what JSON cannot say. */
creg_status jinja_json_write(jinja_run *run, creg_value value, const jinja_json_style *style,
                             creg_value *ret_text);

/** Read argument `index` as json.dumps' indent: a number of spaces or a text; none: no change. */
creg_status jinja_json_indent(jinja_call *call, size_t index, jinja_json_style *style);

/* ---- text ------------------------------------------------------------------------------ */

/** Call a method of `self` ("strip") as a template would. */
creg_status jinja_call_method(jinja_run *run, creg_value self, const char *name,
                              const creg_value *arguments, size_t count, creg_value *ret_value);

/** repr() for messages; "?" when there is no memory for it. */
creg_slice jinja_repr(jinja_run *run, creg_value value);

/** pprint.pformat(value, depth=3, compact=True), which is how `{% debug %}` prints. */
creg_status jinja_pprint_for_debug(jinja_run *run, creg_value value, creg_value *ret_text);

/** Is it a string, and Markup? */
static inline bool jinja_is_markup(creg_value value)
{
    return creg_value_is(value, CREG_KIND_STRING) && (value.flags & CREG_STRING_MARKUP) != 0;
}

/** The length of the line break at `at` (0: none), as str.splitlines knows them. */
size_t jinja_line_break(const char *at, const char *end);

/** dict(*args, **kwargs), also for namespace: a fresh map. functions.c */
creg_status jinja_make_map(jinja_call *call, creg_map **ret_map);

/* function_objects.c */
creg_status jinja_function_cycler(jinja_call *call, creg_value *ret_value);
creg_status jinja_function_joiner(jinja_call *call, creg_value *ret_value);
creg_status jinja_function_namespace(jinja_call *call, creg_value *ret_value);

/** One random number below `bound` (not 0). */
uint64_t jinja_random(jinja_run *run, uint64_t bound);

/** HTML character references resolved, as html.unescape; appends to `out`. html_unescape.c */
void jinja_html_unescape(creg_slice text, creg_text *out);

#endif
