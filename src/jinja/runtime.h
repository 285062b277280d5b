/* SPDX-License-Identifier: MIT */
/*
 * What the parts of a running template share: the evaluator offers it, builtins (filters,
 * tests, functions, methods) and objects (loop, macros, cyclers, lazy iterators) use it.
 *
 * Everything made during a render lies in run->arena. Every function here charges fuel for
 * the work it does and returns a status; on failure the error is filled in already, the
 * evaluator adds the place. A builtin just hands the status on.
 */
#ifndef JINJA_RUNTIME_H
#define JINJA_RUNTIME_H

#include "base/arena.h"
#include "base/fail.h"
#include "base/limits.h"
#include "base/text.h"
#include "confreg/jinja.h"

/** One render. jinja/eval.c owns the rest of it (jinja/eval.h); builtins see this head. */
typedef struct jinja_run {
    creg_arena *arena;
    const jinja_engine *engine;
    const jinja_options *options; /* of the engine */
    jinja_limits limits;          /* in force, no zeros */
    uint64_t fuel;                /* steps left */
    creg_error *err;              /* may be NULL */
    uint32_t call_depth;
    bool autoescape; /* HTML autoescape is on at this place of the template */
    uint64_t random_state;
} jinja_run;

/** `aux` of a TUPLE that groupby made: it answers `.grouper` and `.list`, too. */
enum { JINJA_TUPLE_GROUP = 1 };

/** A parameter that the caller did not give. Never seen by templates. */
enum { JINJA_KIND_MISSING = 255 };

static inline bool jinja_is_missing(creg_value value)
{
    return value.kind == JINJA_KIND_MISSING;
}

/**
 * One call of a builtin, its arguments already bound to the names in `usage`.
 *
 * `args[i]` is the i-th parameter of the usage line, or JINJA_KIND_MISSING. For filters and
 * tests args[0] is the value they apply to and is not named in the usage line. What a usage
 * line with `*args` or `**kwargs` takes beyond the named ones is in `rest` and `keywords`.
 * Too many, unknown or repeated arguments were refused (TypeError) before the call.
 */
typedef struct jinja_call {
    jinja_run *run;
    const struct jinja_builtin *builtin;
    creg_value *args;
    size_t count;
    const creg_value *rest;
    size_t rest_count;
    const creg_entry *keywords; /* key: STRING */
    size_t keyword_count;
} jinja_call;

typedef creg_status (*jinja_function)(jinja_call *call, creg_value *ret_value);

/** One row of a builtin table. Adding a filter is one function, one row, one fixture. */
typedef struct jinja_builtin {
    const char *name;
    jinja_function function;
    const char *usage; /* "indent(width=4, first=false, blank=false)"; binds the arguments */
    const char *text;  /* one line for help and the manual */
    unsigned pack;     /* 0: stock Jinja2 */
    unsigned flags;    /* JINJA_ROW_ bits */
} jinja_builtin;

enum {
    JINJA_ROW_NO_SUBJECT = 1, /* a function: the usage line names every argument */
    JINJA_ROW_I18N = 2        /* only with the i18n extension */
};

/* The tables, each ending with a row whose name is NULL, sorted by name. Their files are
 * filters_*.c, tests.c, functions.c; builtins.c finds rows by name. */
extern const jinja_builtin jinja_filters_text[];     /* filters_text.c */
extern const jinja_builtin jinja_filters_sequence[]; /* filters_sequence.c */
extern const jinja_builtin jinja_filters_number[];   /* filters_number.c */
extern const jinja_builtin
    jinja_filters_markup[]; /* filters_markup.c: escape, tojson, urlize, xmlattr ... */
extern const jinja_builtin
    jinja_filters_config[];                     /* filters_config.c: the configuration pack */
extern const jinja_builtin jinja_tests_table[]; /* tests.c */
extern const jinja_builtin jinja_functions_table[];   /* functions.c */
extern const jinja_builtin jinja_functions_gettext[]; /* functions.c: for the i18n extension */

/** A builtin by name (aliases included), among the packs of the engine; NULL: none. */
const jinja_builtin *jinja_find_builtin(const jinja_engine *engine, jinja_builtin_kind kind,
                                        creg_slice name);

/**
 * Bind the arguments to the usage line of `builtin` and call it.
 *
 * For filters, tests and methods positional[0] is the subject, which the usage line does not
 * name; rows with JINJA_ROW_NO_SUBJECT have none. A usage line is Python's: `name` is
 * required, `name=default` is not, `*args` and `**kwargs` take what is left, names before a
 * `/` are positional only and names behind a bare `*` are keyword only.
 *
 * TypeError  too many, unknown, repeated or missing arguments, worded as Python does
 */
creg_status jinja_invoke(jinja_run *run, const jinja_builtin *builtin,
                         const creg_value *positional, size_t count, const creg_entry *keywords,
                         size_t keyword_count, creg_value *ret_value);

enum { JINJA_PARAMETERS_MAX = 12, JINJA_PLAN_MAX = 24 };

/**
 * A call whose shape is known at parse time: which slot each argument belongs to.
 *
 *     x|indent(first=true)   slots: [ x | missing | true ]   slot = {0, 2}, count 3
 *
 * The evaluator keeps the plan in its tree, fills `count` slots (with the missing value where
 * `has_gaps` says so) and calls jinja_invoke_planned: no names are compared while rendering.
 */
typedef struct jinja_plan {
    const jinja_builtin *builtin;
    uint8_t count; /* slots to reserve */
    uint8_t named; /* of them bound to names (with the subject); the others are *args */
    bool has_gaps; /* some slot has no argument: fill all with missing first */
    uint8_t slot[JINJA_PLAN_MAX]; /* of argument i: positional ones, then the keywords */
} jinja_plan;

/**
 * Plan a call with `positional` arguments (the subject counted) and these keywords.
 *
 * False when the shape cannot be planned: it does not fit the usage line, or has too many
 * arguments, or some go to **kwargs. Then use jinja_invoke, which also words the TypeError.
 */
bool jinja_plan_call(const jinja_builtin *builtin, size_t positional,
                     const creg_slice *keywords, size_t keyword_count, jinja_plan *ret_plan);

/** Call by plan; `slots` are `plan->count` values. */
creg_status jinja_invoke_planned(jinja_run *run, const jinja_plan *plan, creg_value *slots,
                                 creg_value *ret_value);

static inline creg_value jinja_missing(void)
{
    return creg_value_of_kind((creg_kind)JINJA_KIND_MISSING);
}

/* ---- failing -------------------------------------------------------------------------- */

/**
 * Fail as Python would: `type` is the exception's name ("TypeError", "UndefinedError",
 * "FilterArgumentError"), static text. The status follows from it.
 */
CREG_PRINTF(3, 4)
creg_status jinja_fail(jinja_run *run, const char *type, const char *format, ...);

/** The failure for an allocation that gave NULL in run->arena: names the memory limit. */
creg_status jinja_fail_arena(jinja_run *run);

#ifdef CREG_ANALYZER /* as in base/fail.h */
#define jinja_fail(run, ...)                                                                   \
    (creg_status)((jinja_fail)((run), __VA_ARGS__) == CREG_LIMIT ? CREG_LIMIT : CREG_INVALID)
#define jinja_fail_arena(run)                                                                  \
    (creg_status)((jinja_fail_arena)(run) == CREG_LIMIT ? CREG_LIMIT : CREG_NO_MEMORY)
#endif

creg_status jinja_fail_fuel(jinja_run *run);

/** Charge `steps` of work: about one for each item, node or 64 bytes handled. */
static inline creg_status jinja_charge(jinja_run *run, uint64_t steps)
{
    if (steps > run->fuel)
        return jinja_fail_fuel(run);
    run->fuel -= steps;
    return CREG_OK;
}

/**
 * May a text of `size` bytes (or a sequence of so many bytes) be made now? Call it before
 * multiplying, padding, joining. LIMIT when it would pass the memory limit; charges size/64.
 */
creg_status jinja_charge_bytes(jinja_run *run, size_t count, size_t each);

/** Charge what printing or reading an integer costs: by the square of its size. */
static inline creg_status jinja_charge_words(jinja_run *run, uint64_t words)
{
    return jinja_charge(run, words * words / 5 + words);
}

/** Charge a builtin for the text that it is applied to: most look at all of it. */
static inline creg_status jinja_charge_text(jinja_run *run, creg_value text)
{
    enum { FREE = 256 };
    if (text.kind != CREG_KIND_STRING || text.size < FREE)
        return CREG_OK;
    return jinja_charge(run, text.size / 6);
}

/* ---- reading values ------------------------------------------------------------------- */

/** Python's bool(); strict undefined is an UndefinedError. */
creg_status jinja_truthy(jinja_run *run, creg_value value, bool *ret_truth);

/** Python's str(), by the rules of the engine's Undefined; a string gives itself. */
creg_status jinja_str(jinja_run *run, creg_value value, creg_slice *ret_text);

/** Append str() or repr(), charging for it. Running out of room sticks in `text`. */
creg_status jinja_print(jinja_run *run, creg_text *text, creg_value value, bool as_repr);

/** str() as a value: a string keeps its flags (Markup stays Markup). */
creg_status jinja_str_value(jinja_run *run, creg_value value, creg_value *ret_text);

/** markupsafe.escape(): Markup stays, everything else is str()-ed and escaped to Markup. */
creg_status jinja_escape(jinja_run *run, creg_value value, creg_value *ret_markup);

/** Python's ==, < and so on; unlike types under < are a TypeError. */
creg_status jinja_equal(jinja_run *run, creg_value left, creg_value right, bool *ret_equal);

/** The same or equal: what `in`, count() and index() ask of each item. */
creg_status jinja_same(jinja_run *run, creg_value left, creg_value right, bool *ret_same);

/** The four comparisons that order; == and in have calls of their own. */
typedef enum jinja_comparison {
    JINJA_LESS,
    JINJA_LESS_EQUAL,
    JINJA_GREATER,
    JINJA_GREATER_EQUAL
} jinja_comparison;

/** `left < right` and so on, NaN and subsets of sets included; TypeError names the operator. */
creg_status jinja_compare(jinja_run *run, jinja_comparison comparison, creg_value left,
                          creg_value right, bool *ret_truth);

/** keys() and items() are as good as sets: of anything, they can be taken away, and they are
 * compared like sets. */
bool jinja_is_set_view(creg_value value);

/** What set() makes of it; *ret_set stays as it was when it fails. */
creg_status jinja_to_set(jinja_run *run, creg_value value, creg_map **ret_set);

/** `needle in haystack`. */
creg_status jinja_contains(jinja_run *run, creg_value haystack, creg_value needle,
                           bool *ret_contains);

/** len(): code points, items, entries. TypeError for what has none. */
creg_status jinja_length(jinja_run *run, creg_value value, size_t *ret_length);

/** The one look-up path for `.name` (attribute first, then item). Missing gives undefined. */
creg_status jinja_get_attribute(jinja_run *run, creg_value object, creg_slice name,
                                creg_value *ret_value);

/** The one look-up path for `[key]` (item first, then attribute). Missing gives undefined. */
creg_status jinja_get_item(jinja_run *run, creg_value object, creg_value key,
                           creg_value *ret_value);

/** An undefined value with a message of its own. `hint` is printf-like. */
CREG_PRINTF(2, 3) creg_value jinja_make_undefined_hint(jinja_run *run, const char *hint, ...);

/** Using undefined where the engine forbids it: fills the UndefinedError of this value. */
creg_status jinja_fail_undefined(jinja_run *run, creg_value undefined);

#ifdef CREG_ANALYZER /* as in base/fail.h */
#define jinja_fail_undefined(run, undefined)                                                   \
    (creg_status)((jinja_fail_undefined)((run), (undefined)) == CREG_LIMIT ? CREG_LIMIT        \
                                                                           : CREG_INVALID)
#endif

/* ---- operators (also for filters such as sum) ----------------------------------------- */

creg_status jinja_add(jinja_run *run, creg_value left, creg_value right, creg_value *ret_value);
creg_status jinja_subtract(jinja_run *run, creg_value left, creg_value right,
                           creg_value *ret_value);
creg_status jinja_multiply(jinja_run *run, creg_value left, creg_value right,
                           creg_value *ret_value);
creg_status jinja_divide(jinja_run *run, creg_value left, creg_value right,
                         creg_value *ret_value);
creg_status jinja_floor_divide(jinja_run *run, creg_value left, creg_value right,
                               creg_value *ret_value);
creg_status jinja_modulo(jinja_run *run, creg_value left, creg_value right,
                         creg_value *ret_value);
creg_status jinja_power(jinja_run *run, creg_value left, creg_value right,
                        creg_value *ret_value);
creg_status jinja_negate(jinja_run *run, creg_value value, creg_value *ret_value);
creg_status jinja_positive(jinja_run *run, creg_value value, creg_value *ret_value);

/** `object[start:stop:step]`, a part being None (or missing) where the template has nothing. */
creg_status jinja_slice(jinja_run *run, creg_value object, creg_value start, creg_value stop,
                        creg_value step, creg_value *ret_value);

/** Python's `text % arguments` (printf formatting); Markup escapes the arguments. formatting.c */
creg_status jinja_format_percent(jinja_run *run, creg_value format, creg_value arguments,
                                 creg_value *ret_text);

/** Python's text.format(*args, **kwargs), attribute look-ups by the sandbox's rule. formatting.c */
creg_status jinja_format_braces(jinja_run *run, creg_value format, const creg_value *positional,
                                size_t count, const creg_entry *keywords, size_t keyword_count,
                                creg_value *ret_text);

/* ---- iterating ------------------------------------------------------------------------ */

/** Iteration over anything Python could iterate. A plain struct: put it on the stack. */
typedef struct jinja_iterator {
    creg_value source;
    size_t at;   /* index, entry or byte offset */
    size_t size; /* items in all where known without running it, else SIZE_MAX */
    uint64_t version;
} jinja_iterator;

/** TypeError "'int' object is not iterable"; undefined is empty or an UndefinedError. */
creg_status jinja_iterate(jinja_run *run, creg_value iterable, jinja_iterator *ret_iterator);

/** The next item. `*ret_more` false at the end. Charges one step. */
creg_status jinja_next(jinja_run *run, jinja_iterator *iterator, creg_value *ret_item,
                       bool *ret_more);

/** list(iterable): a fresh list in the arena. */
creg_status jinja_to_list(jinja_run *run, creg_value iterable, creg_list **ret_list);

/* ---- calling -------------------------------------------------------------------------- */

/** Call a function, macro, bound method or host function. */
creg_status jinja_call_value(jinja_run *run, creg_value callable, const creg_value *positional,
                             size_t count, const creg_entry *keywords, size_t keyword_count,
                             creg_value *ret_value);

/** Apply a filter by name: what map('upper') does. TemplateRuntimeError when there is none. */
creg_status jinja_apply_filter(jinja_run *run, creg_slice name, creg_value value,
                               const creg_value *positional, size_t count,
                               const creg_entry *keywords, size_t keyword_count,
                               creg_value *ret_value);

/* ---- objects -------------------------------------------------------------------------- */

/**
 * The class of an engine object; every member but base may be NULL, which means Python's
 * answer for an object that cannot do it (TypeError, undefined attribute).
 */
typedef struct jinja_class {
    creg_object_class base;
    /** `.name`; CREG_NOT_FOUND (no error filled) when there is no such attribute */
    creg_status (*attribute)(jinja_run *run, creg_object *object, creg_slice name,
                             creg_value *ret_value);
    /** `[key]`; CREG_NOT_FOUND likewise */
    creg_status (*item)(jinja_run *run, creg_object *object, creg_value key,
                        creg_value *ret_value);
    /** `.name = value`: only namespaces */
    creg_status (*set_attribute)(jinja_run *run, creg_object *object, creg_slice name,
                                 creg_value value);
    creg_status (*call)(jinja_run *run, creg_object *object, const creg_value *positional,
                        size_t count, const creg_entry *keywords, size_t keyword_count,
                        creg_value *ret_value);
    /** an iterator by itself, used up as it goes: CREG_NOT_FOUND at the end */
    creg_status (*next)(jinja_run *run, creg_object *object, creg_value *ret_item);
    /** a collection that can be walked many times: gives something iterable */
    creg_status (*iterate)(jinja_run *run, creg_object *object, creg_value *ret_iterable);
    creg_status (*length)(jinja_run *run, creg_object *object, size_t *ret_length);
    creg_status (*contains)(jinja_run *run, creg_object *object, creg_value needle,
                            bool *ret_contains);
} jinja_class;

static inline const jinja_class *jinja_class_of(creg_value value)
{
    return (const jinja_class *)(const void *)value.as.object->object_class;
}

/**
 * A method of str, list, dict, int, float, tuple, range, bytes or Markup, by Python's name:
 * methods.c. `self` is args[0], not named in the usage line. NULL: that type has no such method.
 */
const jinja_builtin *jinja_find_method(creg_value self, creg_slice name);

/** Does the immutable sandbox refuse it ("append" on list ...)? */
bool jinja_method_changes(creg_value self, creg_slice name);

/* ---- arguments of builtins ------------------------------------------------------------ */

/** Was argument `index` given? */
static inline bool jinja_has(const jinja_call *call, size_t index)
{
    return index < call->count && !jinja_is_missing(call->args[index]);
}

/** Argument `index`, or `otherwise` when it was not given. */
static inline creg_value jinja_argument(const jinja_call *call, size_t index,
                                        creg_value otherwise)
{
    return jinja_has(call, index) ? call->args[index] : otherwise;
}

/** An integer argument (bool counts, as in Python); TypeError otherwise. */
creg_status jinja_argument_int(jinja_call *call, size_t index, int64_t otherwise,
                               int64_t *ret_integer);

/** The same where Python converts by itself: an undefined value is of the wrong type there. */
creg_status jinja_argument_index(jinja_call *call, size_t index, int64_t otherwise,
                                 int64_t *ret_integer);

/** A flag that C reads from an integer (sort's reverse): text has no truth there. */
creg_status jinja_argument_flag(jinja_call *call, size_t index, bool *ret_truth);

/** The truth of an argument. */
creg_status jinja_argument_bool(jinja_call *call, size_t index, bool otherwise,
                                bool *ret_truth);

/** A text argument; TypeError for what is not a string. */
creg_status jinja_argument_text(jinja_call *call, size_t index, creg_slice otherwise,
                                creg_slice *ret_text);

/** Has it entries? Else Python's error of `value.items()`. */
creg_status jinja_require_map(jinja_run *run, creg_value value);

/** The tuple (first, second). */
creg_status jinja_make_pair(jinja_run *run, creg_value first, creg_value second,
                            creg_value *ret_pair);

/** A buffer for a result text, under the memory limit. */
static inline void jinja_text_init(jinja_run *run, creg_text *text)
{
    creg_text_init(text, run->arena, run->limits.memory_bytes);
}

/** Finish the buffer into a string value; a limit names itself. */
creg_status jinja_text_value(jinja_run *run, creg_text *text, creg_value *ret_value);

#endif
