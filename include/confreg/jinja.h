/* SPDX-License-Identifier: MIT */
/**
 * @file jinja.h
 * A complete Jinja2 3.1 template engine in C, usable without any registry.
 *
 *     jinja_engine *engine;   jinja_template *template;   creg_slice text;
 *     jinja_engine_new(NULL, &engine, &err);
 *     jinja_compile(engine, creg_slice_of("hello"), creg_slice_of("Hello {{ who }}!"), &template, &err);
 *     jinja_render(template, context, NULL, &arena, &text, &err);
 *
 * A template sees the values that the caller hands in and nothing else: no host objects, no
 * files, no environment. Steps (fuel), memory, output, depth, integer and string sizes are
 * bounded, so a stranger's template cannot hurt the process that renders it.
 *
 * Threads: set an engine up in one thread; from then on it and its compiled templates may be
 * used by any number of threads. A render belongs to the thread that called it.
 */
#ifndef CONFREG_JINJA_H
#define CONFREG_JINJA_H

#include "confreg/base.h"
#include "confreg/error.h"
#include "confreg/value.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct jinja_engine jinja_engine;
typedef struct jinja_template jinja_template;

/** What a name that nothing supplied does. */
typedef enum jinja_undefined {
    JINJA_UNDEFINED_DEFAULT,   /**< prints as '', looking into it is an error */
    JINJA_UNDEFINED_CHAINABLE, /**< looking into it gives undefined again */
    JINJA_UNDEFINED_DEBUG,     /**< prints as {{ name }} */
    JINJA_UNDEFINED_STRICT     /**< any use but `is defined` and `default` is an error */
} jinja_undefined;

/** How `{{ }}` output is made safe for the text around it. */
typedef enum jinja_autoescape {
    JINJA_AUTOESCAPE_OFF,
    JINJA_AUTOESCAPE_HTML, /**< Jinja2's autoescape=True */
    JINJA_AUTOESCAPE_JSON, /**< structure-safe: values inside a quoted JSON scalar are escaped
                                  for it; what stands outside is recorded in jinja_trace */
    JINJA_AUTOESCAPE_YAML  /**< the same for YAML's quoted scalars */
} jinja_autoescape;

/** Extensions of the language (bits); names as Jinja2 has them. */
enum {
    JINJA_EXTENSION_DO = 1,
    JINJA_EXTENSION_LOOPCONTROLS = 2,
    JINJA_EXTENSION_I18N = 4,
    JINJA_EXTENSION_DEBUG = 8
};

/** Packs of filters and tests beyond stock Jinja2 (bits). */
enum { JINJA_PACK_CONFIG = 1 /**< what Ansible's and Salt's templates expect */ };

/** Which of Jinja2's sandboxes the engine behaves like. Resource limits hold in all of them. */
typedef enum jinja_sandbox {
    JINJA_SANDBOX_NONE,     /**< jinja2.Environment */
    JINJA_SANDBOX_STANDARD, /**< jinja2.sandbox.SandboxedEnvironment */
    JINJA_SANDBOX_IMMUTABLE /**< jinja2.sandbox.ImmutableSandboxedEnvironment */
} jinja_sandbox;

/** Ceilings of one render. 0 in a field means the default of base/limits.h. */
typedef struct jinja_limits {
    uint64_t fuel;       /**< steps */
    size_t memory_bytes; /**< live memory of one render */
    size_t output_bytes;
    size_t source_bytes;
    uint32_t parse_depth;
    uint32_t call_depth; /**< macros, includes, recursive loops */
    uint32_t integer_digits;
    uint32_t range_size; /**< items of range() under a sandbox; 0: 100,000 */
} jinja_limits;

/**
 * The loader: give the source of template `name`.
 *
 * CREG_OK with the source in the arena, CREG_NOT_FOUND when there is no such template; any
 * other status fails the render and is handed on. Must be callable from any thread.
 */
typedef creg_status (*jinja_loader)(void *user, creg_slice name, creg_arena *arena,
                                    creg_slice *ret_source, creg_error *err);

/** Arguments of a host function. Everything is borrowed for the call. */
typedef struct jinja_arguments {
    const creg_value *positional; /**< of a filter or test, [0] is the value it applies to */
    size_t count;
    const creg_entry *keywords;
    size_t keyword_count;
} jinja_arguments;

/** A filter, test or function of the host. Results go into the arena. */
typedef creg_status (*jinja_host_function)(void *user, const jinja_arguments *arguments,
                                           creg_arena *arena, creg_value *ret_value,
                                           creg_error *err);

/** Options of an engine; jinja_options_init() gives Jinja2's defaults. */
typedef struct jinja_options {
    size_t struct_size; /**< set by jinja_options_init(): lets the struct grow */
    const char *block_start, *block_end, *variable_start, *variable_end, *comment_start,
        *comment_end;                                        /**< NULL: {% %} {{ }} {# #} */
    const char *line_statement_prefix, *line_comment_prefix; /**< NULL: none */
    const char *newline_sequence;                            /**< NULL: "\n" */
    bool trim_blocks, lstrip_blocks, keep_trailing_newline;
    jinja_autoescape autoescape;
    jinja_undefined undefined;
    jinja_sandbox sandbox;
    unsigned extensions;
    unsigned packs;
    bool newstyle_gettext;
    uint64_t random_seed; /**< for `random` and `lipsum`; 0: from the system */
    jinja_limits limits;
    jinja_loader loader; /**< NULL: an include or import is a TypeError, as in Jinja2 */
    void *loader_user;
    /** Does the template of this name escape for HTML? Asked once, while compiling; takes the
        place of `autoescape` unless that is JSON or YAML. NULL: all templates alike */
    bool (*autoescape_for)(void *user, creg_slice name);
    void *autoescape_user;
    /** Jinja2's `finalize`: called with each value before it is printed. NULL: none */
    jinja_host_function finalize;
    void *finalize_user;
} jinja_options;

/** Fill in Jinja2's defaults, and the size of the struct that this program was built with. */
CREG_API void jinja_options_init(jinja_options *options);

/** Make an engine. `options` NULL: the defaults. Owned: jinja_engine_free(). */
CREG_API creg_status jinja_engine_new(const jinja_options *options, jinja_engine **ret_engine,
                                      creg_error *err);

/** Free; NULL is fine. Templates compiled by it must be freed first. */
CREG_API void jinja_engine_free(jinja_engine *engine);

/**
 * Compile a template. `name` is what errors and the loader's users see ("" for none); name
 * and source are copied.
 *
 * CREG_TEMPLATE_SYNTAX  with line, column, source line and what was expected
 * CREG_LIMIT            too large or nested too deep
 *
 * `*ret_template` is owned: jinja_template_free(). It is immutable.
 */
CREG_API creg_status jinja_compile(jinja_engine *engine, creg_slice name, creg_slice source,
                                   jinja_template **ret_template, creg_error *err);

/** Get a template through the loader, compiled and cached by the engine. Borrowed from it. */
CREG_API creg_status jinja_load(jinja_engine *engine, creg_slice name,
                                const jinja_template **ret_template, creg_error *err);

/** Free; NULL is fine. No render of it may be running. */
CREG_API void jinja_template_free(jinja_template *template_);

/**
 * Where each piece of the output came from: what maps a complaint about rendered text back to
 * the body, and what tells whether a value changed the structure. Pieces are in order and
 * cover the output without gaps.
 */
typedef struct jinja_piece {
    uint32_t output_at; /**< byte offset in the output where the piece begins */
    uint32_t line;      /**< line of the template it came from, from 1 */
    uint32_t column;
    bool is_literal; /**< the template's own text (then `line` is that of its first byte) */
    bool is_checked; /**< a value outside quotes, whose text must stay inside one scalar */
} jinja_piece;

typedef struct jinja_trace {
    jinja_piece *pieces; /**< in the arena of the render */
    size_t size;
} jinja_trace;

/** Options of one render; {0} or NULL gives the defaults. */
typedef struct jinja_render_options {
    jinja_trace *ret_trace;     /**< when not NULL: filled */
    const jinja_limits *limits; /**< tighter or wider than the engine's */
    const volatile int
        *cancel;            /**< when not NULL: non-zero stops the render (CREG_CANCELLED) */
    bool collect_undefined; /**< strict: list all undefined names of the body in one error */
    bool owns_context; /**< the context was made for this render: the template may change it,
                            and no copy is taken when it does */
    const creg_map *globals; /**< names that come before the engine's globals, also in templates
                                  that are imported without context. NULL: none */
} jinja_render_options;

/**
 * Render into the arena. `context` is a MAP with text keys (or NONE for an empty one); it is
 * borrowed and never changed, even when the template calls append() or update() on its parts.
 *
 * CREG_TEMPLATE_UNDEFINED, CREG_TEMPLATE_RUNTIME, CREG_TEMPLATE_SECURITY,
 * CREG_TEMPLATE_NOT_FOUND  as Jinja2 classes them; `type` has Python's name of the exception
 * CREG_LIMIT       fuel, memory, output, depth: says which, where, and how to raise it
 */
CREG_API creg_status jinja_render(const jinja_template *template_, creg_value context,
                                  const jinja_render_options *options, creg_arena *arena,
                                  creg_slice *ret_text, creg_error *err);

/** Evaluate one expression ("a.b + 1") to a value in the arena. */
CREG_API creg_status jinja_evaluate(jinja_engine *engine, creg_slice expression,
                                    creg_value context, creg_arena *arena,
                                    creg_value *ret_value, creg_error *err);

/** The names that the template reads and nothing in it sets: a sorted LIST in the arena. */
CREG_API creg_status jinja_undeclared(const jinja_template *template_, creg_arena *arena,
                                      creg_value *ret_names, creg_error *err);

/** The templates it names (extends, include, import); None where the name is computed. */
CREG_API creg_status jinja_referenced(const jinja_template *template_, creg_arena *arena,
                                      creg_value *ret_names, creg_error *err);

/** One documented builtin, for help and manuals. Static text. */
typedef struct jinja_builtin_info {
    const char *name;
    const char *usage; /**< "indent(width=4, first=false, blank=false)" */
    const char *text;  /**< one line */
    unsigned pack;     /**< 0: stock Jinja2; else the JINJA_PACK_ bit it needs */
} jinja_builtin_info;

typedef enum jinja_builtin_kind {
    JINJA_FILTERS,
    JINJA_TESTS,
    JINJA_FUNCTIONS
} jinja_builtin_kind;

/** The rows of one kind, sorted by name. Static; `*ret_size` rows. */
CREG_API const jinja_builtin_info *jinja_builtins(jinja_builtin_kind kind, size_t *ret_size);

/** Register before the first compile. `name` is copied. */
CREG_API creg_status jinja_add_filter(jinja_engine *engine, const char *name,
                                      jinja_host_function function, void *user,
                                      creg_error *err);
CREG_API creg_status jinja_add_test(jinja_engine *engine, const char *name,
                                    jinja_host_function function, void *user, creg_error *err);
CREG_API creg_status jinja_add_function(jinja_engine *engine, const char *name,
                                        jinja_host_function function, void *user,
                                        creg_error *err);
/** A global value, copied into the engine. */
CREG_API creg_status jinja_add_global(jinja_engine *engine, const char *name, creg_value value,
                                      creg_error *err);

/* ---- objects of the host --------------------------------------------------------------- */

/**
 * What templates may do with an object of the host: nothing but what is here. Every member may
 * be NULL, which means what Python says of an object that cannot do it. `user` is what
 * jinja_object_new() was given. Names that the sandbox forbids are never asked for.
 */
typedef struct jinja_object_class {
    /** str() or repr(), in the arena */
    creg_status (*print)(void *user, bool as_repr, creg_arena *arena, creg_slice *ret_text,
                         creg_error *err);
    /** ==, with another object made with the same `equal`; equal objects have equal hashes */
    bool (*equal)(void *user, void *other);
    uint64_t (*hash)(void *user);
    bool (*truthy)(void *user);
    /** `.name`; CREG_NOT_FOUND when there is no such attribute */
    creg_status (*attribute)(void *user, creg_slice name, creg_arena *arena,
                             creg_value *ret_value, creg_error *err);
    /** `[key]`; CREG_NOT_FOUND likewise */
    creg_status (*item)(void *user, creg_value key, creg_arena *arena, creg_value *ret_value,
                        creg_error *err);
    jinja_host_function call;
    /** something that can be iterated over: a list, or an object with `next` */
    creg_status (*iterate)(void *user, creg_arena *arena, creg_value *ret_iterable,
                           creg_error *err);
    /** the next item of what is an iterator itself; CREG_NOT_FOUND at the end */
    creg_status (*next)(void *user, creg_arena *arena, creg_value *ret_item, creg_error *err);
    creg_status (*length)(void *user, size_t *ret_length, creg_error *err);
    creg_status (*contains)(void *user, creg_value needle, bool *ret_contains, creg_error *err);
} jinja_object_class;

/**
 * A value that stands for an object of the host, in the arena. `object_class` is copied,
 * `type_name` (what errors call it) and `user` must live as long as the arena.
 */
CREG_API creg_status jinja_object_new(const jinja_object_class *object_class,
                                      const char *type_name, void *user, creg_arena *arena,
                                      creg_value *ret_value, creg_error *err);

/** The `user` of such a value; NULL for every other one. */
CREG_API void *jinja_object_user(creg_value value);

#ifdef __cplusplus
}
#endif
#endif
