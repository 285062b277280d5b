/* SPDX-License-Identifier: MIT */
/**
 * @file value.h
 * The dynamic value: what options, contexts, rendered trees and query results are made of.
 *
 * A creg_value is sixteen bytes and is passed by value. Scalars live inside it; text,
 * containers and big integers live in an arena and are dropped with it, so a value is never
 * freed. Equality, order, truth and printing follow Python (the Jinja2 templates that our
 * users write expect it): 1 == 1.0 == True, dictionaries keep the order of insertion, lists
 * are shared by reference.
 *
 *     +------+-------+----+----------+------------------------+
 *     | kind | flags | -- | size     | number, or pointer     |
 *     +------+-------+----+----------+------------------------+
 *       1 B     1 B   2 B   4 B        8 B
 *
 * Threads: values that nobody changes may be read by any number of threads. Changing a
 * container needs the only access to it.
 */
#ifndef CONFREG_VALUE_H
#define CONFREG_VALUE_H

#include "confreg/base.h"
#include "confreg/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a value is. The numbers are not part of the ABI's promises; use the names. */
typedef enum creg_kind {
    CREG_KIND_UNDEFINED, /**< a name that nothing supplied; `object` may tell which (engine) */
    CREG_KIND_NONE,
    CREG_KIND_BOOL,
    CREG_KIND_INT,    /**< 64 bits */
    CREG_KIND_BIGINT, /**< an integer outside 64 bits, never one that would fit */
    CREG_KIND_FLOAT,
    CREG_KIND_NUMBER, /**< a numeral as it was written; only from parsers asked to keep it */
    CREG_KIND_DATE,   /**< a YAML 1.1 timestamp as written; only from parsers asked for it */
    CREG_KIND_STRING, /**< UTF-8, valid, may hold NUL */
    CREG_KIND_BYTES,
    CREG_KIND_LIST,
    CREG_KIND_TUPLE,
    CREG_KIND_SET, /**< stored as a map whose values are None */
    CREG_KIND_MAP, /**< insertion order, any hashable key */
    CREG_KIND_RANGE,
    CREG_KIND_OBJECT /**< an engine or host object: a function, a macro, an iterator ... */
} creg_kind;

/** Flags of CREG_KIND_STRING (bits). */
enum {
    CREG_STRING_MARKUP = 1,  /**< Python's Markup: already escaped for HTML */
    CREG_STRING_TRUSTED = 2, /**< text of the template itself, not of its data */
    CREG_STRING_RAW = 4,     /**< |raw_fragment: goes to structured output as it is */
    CREG_STRING_ASCII = 8    /**< known to hold bytes below 0x80 only; a hint for speed */
};

typedef struct creg_list creg_list;
typedef struct creg_map creg_map;
typedef struct creg_range creg_range;
typedef struct creg_bigint creg_bigint;
typedef struct creg_object creg_object;

typedef struct creg_value {
    uint8_t kind; /**< a creg_kind */
    uint8_t flags;
    uint16_t aux;  /**< zero, except where the engine says otherwise */
    uint32_t size; /**< bytes of STRING, BYTES, NUMBER and DATE */
    union {
        int64_t integer;  /**< BOOL (0 or 1), INT */
        double real;      /**< FLOAT */
        const char *text; /**< STRING, BYTES, NUMBER, DATE: not NUL-terminated by promise */
        creg_list *list;  /**< LIST, TUPLE */
        creg_map *map;    /**< MAP, SET */
        creg_range *range;
        creg_bigint *big;
        creg_object *object; /**< OBJECT; UNDEFINED (may be NULL) */
    } as;
} creg_value;

/** Items of a LIST or TUPLE. Read the fields as you like; change through the functions. */
struct creg_list {
    creg_value *items;
    size_t size;
    size_t capacity;
};

/** range(start, stop, step): `size` items, step never 0. */
struct creg_range {
    int64_t start;
    int64_t stop;
    int64_t step;
    int64_t size;
};

/** One entry of a map. A removed entry stays as a hole: `used` is false; skip it. */
typedef struct creg_entry {
    creg_value key;
    creg_value value;
    uint64_t hash;
    bool used;
} creg_entry;

/**
 * A dictionary in the order of insertion.
 *
 *     entries  [ k v | k v | hole | k v | ... ]      in order; walk 0 .. filled-1
 *     index    [ 2, -, 0, -, -, 1, ... ]             hash -> entry, absent below 9 entries
 *
 * Read `size` and walk `entries` up to `filled`; change through the functions.
 */
struct creg_map {
    creg_entry *entries;
    uint32_t *index;
    size_t size;      /**< entries in use */
    size_t filled;    /**< entries and holes */
    size_t capacity;  /**< room in `entries` */
    size_t slots;     /**< room in `index`, a power of two, or 0 */
    uint64_t version; /**< grows with each change of the key set: iterators notice */
};

/** What every engine or host object begins with. The template engine extends the class. */
typedef struct creg_object_class {
    const char *type_name; /**< as Python prints it: "function", "Cycler" */
    /** str() and repr(), in the arena; may be NULL: "<TYPE object>" */
    creg_status (*print)(const creg_object *object, bool as_repr, creg_arena *arena,
                         creg_slice *ret_text, creg_error *err);
    /** ==; may be NULL: the same object. Equal objects must have equal `hash` */
    bool (*equal)(const creg_object *left, creg_value right);
    /** may be NULL: by address */
    uint64_t (*hash)(const creg_object *object);
    /** may be NULL: always true */
    bool (*truthy)(const creg_object *object);
    /** may not be a key, nor in a set */
    bool unhashable;
} creg_object_class;

struct creg_object {
    const creg_object_class *object_class;
};

/* ---- making scalars ------------------------------------------------------------------- */

static inline creg_value creg_value_of_kind(creg_kind kind)
{
    creg_value value;
    value.kind = (uint8_t)kind;
    value.flags = 0;
    value.aux = 0;
    value.size = 0;
    value.as.integer = 0;
    return value;
}

static inline creg_value creg_value_undefined(void)
{
    return creg_value_of_kind(CREG_KIND_UNDEFINED);
}
static inline creg_value creg_value_none(void)
{
    return creg_value_of_kind(CREG_KIND_NONE);
}

static inline creg_value creg_value_bool(bool truth)
{
    creg_value value = creg_value_of_kind(CREG_KIND_BOOL);
    value.as.integer = truth ? 1 : 0;
    return value;
}

static inline creg_value creg_value_int(int64_t integer)
{
    creg_value value = creg_value_of_kind(CREG_KIND_INT);
    value.as.integer = integer;
    return value;
}

static inline creg_value creg_value_float(double real)
{
    creg_value value = creg_value_of_kind(CREG_KIND_FLOAT);
    value.as.real = real;
    return value;
}

/**
 * A string over bytes that somebody else keeps: they must be valid UTF-8, outlive the value,
 * and be fewer than 4 GiB (limits keep every string of ours far below).
 */
static inline creg_value creg_value_string(creg_slice text)
{
    creg_value value = creg_value_of_kind(CREG_KIND_STRING);
    value.size = (uint32_t)text.size;
    value.as.text = text.data;
    return value;
}

static inline creg_value creg_value_cstring(const char *text)
{
    return creg_value_string(creg_slice_of(text));
}

static inline creg_value creg_value_list(creg_list *list)
{
    creg_value value = creg_value_of_kind(CREG_KIND_LIST);
    value.as.list = list;
    return value;
}

static inline creg_value creg_value_tuple(creg_list *items)
{
    creg_value value = creg_value_of_kind(CREG_KIND_TUPLE);
    value.as.list = items;
    return value;
}

static inline creg_value creg_value_map(creg_map *map)
{
    creg_value value = creg_value_of_kind(CREG_KIND_MAP);
    value.as.map = map;
    return value;
}

static inline creg_value creg_value_object(creg_object *object)
{
    creg_value value = creg_value_of_kind(CREG_KIND_OBJECT);
    value.as.object = object;
    return value;
}

/** The bytes of a STRING, BYTES, NUMBER or DATE. Borrowed from the value's arena. */
static inline creg_slice creg_value_text(creg_value value)
{
    return creg_slice_make(value.as.text, value.size);
}

static inline bool creg_value_is(creg_value value, creg_kind kind)
{
    return value.kind == (uint8_t)kind;
}

/* ---- containers ----------------------------------------------------------------------- */

/** An empty list with room for `capacity` items, in the arena. NULL: see arena->failed. */
CREG_API creg_list *creg_list_new(creg_arena *arena, size_t capacity);

/** Append; false when the arena has no more room (the list is unchanged). */
CREG_API bool creg_list_append(creg_arena *arena, creg_list *list, creg_value item);

/** An empty map with room for `capacity` entries, in the arena. NULL: see arena->failed. */
CREG_API creg_map *creg_map_new(creg_arena *arena, size_t capacity);

/**
 * Set key to value; an existing key keeps its place.
 *
 * The key must be hashable (see creg_value_hashable). False when the arena has no more room.
 */
CREG_API bool creg_map_set(creg_arena *arena, creg_map *map, creg_value key, creg_value value);

/** The value of a key, or NULL. In the map: valid until the map changes. */
CREG_API creg_value *creg_map_get(const creg_map *map, creg_value key);

/** The value of a text key, or NULL. The fast way. */
CREG_API creg_value *creg_map_get_text(const creg_map *map, creg_slice key);

/** creg_map_set with a text key that is copied into the arena. */
CREG_API bool creg_map_set_text(creg_arena *arena, creg_map *map, creg_slice key,
                                creg_value value);

/** Remove a key; false when it was not there. */
CREG_API bool creg_map_remove(creg_map *map, creg_value key);

/* ---- what Python would say ------------------------------------------------------------ */

/** False, None, 0, 0.0, empty text and empty containers are false. Undefined is false. */
CREG_API bool creg_value_truthy(creg_value value);

/** Python's ==. Depth is counted; past the limit the answer is false. */
CREG_API bool creg_value_equal(creg_value left, creg_value right);

/** May it be a map key? Lists, maps, sets and tuples that hold such may not. */
CREG_API bool creg_value_hashable(creg_value value);

/** Equal values have equal hashes; seeded per process. The value must be hashable. */
CREG_API uint64_t creg_value_hash(creg_value value);

/** Python's type(value).__name__: "str", "NoneType", "dict" ... Static text. */
CREG_API const char *creg_value_type_name(creg_value value);

/** A deep copy into the arena, containers and text included; objects stay shared. */
CREG_API creg_status creg_value_copy(creg_arena *arena, creg_value value, creg_value *ret_copy,
                                     creg_error *err);

/**
 * The text that Python's str() gives ("True", "1e+16", "['a', 1]"), in the arena.
 * A string gives itself, borrowed.
 *
 * CREG_LIMIT, CREG_NO_MEMORY  the arena has no more room, or the value nests too deep
 */
CREG_API creg_status creg_value_str(creg_value value, creg_arena *arena, creg_slice *ret_text,
                                    creg_error *err);

/** The text that Python's repr() gives ("'a'", "[Undefined]"), in the arena. */
CREG_API creg_status creg_value_repr(creg_value value, creg_arena *arena, creg_slice *ret_text,
                                     creg_error *err);

/* ---- integers of any size ------------------------------------------------------------- */

/**
 * Python's int(text, base): an INT, or a BIGINT in the arena. Base 2 to 36, or 0 for what the
 * prefix says ("0xff").
 *
 * CREG_INVALID  not an integer; CREG_LIMIT, CREG_NO_MEMORY  too long for the arena
 */
CREG_API creg_status creg_value_integer(creg_slice text, unsigned base, creg_arena *arena,
                                        creg_value *ret_value, creg_error *err);

/** The digits of a BOOL, INT or BIGINT in base 2 to 36, without prefix, in the arena. */
CREG_API creg_status creg_value_digits(creg_value value, unsigned base, creg_arena *arena,
                                       creg_slice *ret_text, creg_error *err);

/* ---- JSON and YAML -------------------------------------------------------------------- */

/** How documents are read. Bits; 0 is the strict default. */
enum {
    CREG_PARSE_NUMBERS_AS_WRITTEN = 1, /**< numerals become CREG_KIND_NUMBER, spelling kept */
    CREG_PARSE_YAML_1_1 = 2 /**< YAML as PyYAML's SafeLoader reads it (yes/no, 0755, dates) */
};

/**
 * Read a JSON document (RFC 8259). Duplicate keys, NaN and Infinity are refused.
 *
 * `name` is what errors call the text ("options.json"); may be NULL. `text` is borrowed; the
 * value is in the arena and does not point into it.
 *
 * CREG_INVALID  not JSON; the error has line and column, for a duplicate key of both places
 * CREG_LIMIT    nested too deep, too large
 */
CREG_API creg_status creg_json_parse(creg_slice text, const char *name, unsigned flags,
                                     creg_arena *arena, creg_value *ret_value, creg_error *err);

/** How JSON is written. */
typedef struct creg_json_style {
    int indent; /**< spaces a level; 0 writes one line */
    bool sort_keys;
    bool ascii;   /**< escape everything outside ASCII */
    bool compact; /**< "," and ":" instead of Python's ", " and ": " */
} creg_json_style;

/** Write a value as JSON, in the arena. CREG_UNSUPPORTED_TYPE for what JSON cannot say. */
CREG_API creg_status creg_json_print(creg_value value, const creg_json_style *style,
                                     creg_arena *arena, creg_slice *ret_text, creg_error *err);

/**
 * Read one YAML document (1.2 core schema unless CREG_PARSE_YAML_1_1).
 *
 * Anchors, aliases (bounded), merge keys and all scalar styles; duplicate keys are refused
 * with both places. Statuses and ownership as creg_json_parse.
 */
CREG_API creg_status creg_yaml_parse(creg_slice text, const char *name, unsigned flags,
                                     creg_arena *arena, creg_value *ret_value, creg_error *err);

/** Write a value as block-style YAML that reads back as the same value, in the arena. */
CREG_API creg_status creg_yaml_print(creg_value value, creg_arena *arena, creg_slice *ret_text,
                                     creg_error *err);

#ifdef __cplusplus
}
#endif
#endif
