/* SPDX-License-Identifier: MIT */
/*
 * What the files of the evaluator share: the state of one render.
 *
 *     state -> frame (activation of a unit: its slots) -> frame of the unit around it
 *           -> context (of a template: exported names, layers of maps, blocks)
 *           -> out (the buffer that is being written)
 *
 * Everything here lives in run.arena and dies with the render.
 */
#ifndef JINJA_EVAL_H
#define JINJA_EVAL_H

#include "jinja/ast.h"
#include "jinja/engine.h"
#include "jinja/output.h"

/** Slots of one running unit. Macros defined in it keep it by `outer`. */
typedef struct jinja_frame {
    struct jinja_frame *outer;
    creg_value slots[];
} jinja_frame;

/** Maps that names are looked up in, nearest first; none of them ever changes. */
typedef struct jinja_layer {
    const creg_map *map;
    const struct jinja_layer *next;
} jinja_layer;

/** One definition of a block, and the template it stands in. */
typedef struct jinja_block_entry {
    const jinja_block *block;
    const jinja_template *owner;
} jinja_block_entry;

/** All definitions of a block, the most derived first. */
typedef struct jinja_block_stack {
    creg_slice name;
    jinja_block_entry *entries;
    uint32_t count;
} jinja_block_stack;

/** The names that one template sees and exports while it runs. */
typedef struct jinja_context {
    creg_map *vars;     /* assigned at top level; NULL: none yet */
    creg_map *exported; /* names that an import offers; NULL: none yet */
    const jinja_layer *layers;
    jinja_block_stack *blocks;
    uint32_t block_count;
    const jinja_template *owner;
    bool autoescape;
} jinja_context;

typedef struct jinja_tracer {
    jinja_piece *pieces;
    size_t size, capacity;
} jinja_tracer;

/** Something that is no text was written: Jinja2 joins when all is there, and fails then. */
typedef struct jinja_odd {
    const char *type; /* NULL: nothing */
    const jinja_stmt *stmt;
    const jinja_template *owner;
} jinja_odd;

/** A buffer that output goes to: the result, or a macro's, a set block's ... */
typedef struct jinja_output {
    creg_text text;
    jinja_tracer *tracer; /* of the result only, when asked for */
    jinja_quote quote;
    bool untrusted; /* holds data outside of quotes: not template text any more */
    jinja_odd odd;
} jinja_output;

typedef struct jinja_module jinja_module;

struct jinja_state {
    jinja_run run; /* first: builtins get this part */
    creg_value *slots;
    jinja_frame *frame;
    jinja_output *out;
    jinja_context *context;
    const jinja_template *owner;   /* whose code is running */
    const jinja_template *parent;  /* set by extends, for the root function that is running */
    const jinja_stmt *extends;     /* the statement that did */
    bool folding;                  /* while compiling: a refused slice is undefined */
    const jinja_node *failed_node; /* where the failure came from, innermost */
    bool may_stop; /* by `cancel` or an interruption: each turn of a loop looks */
    const volatile int *cancel;
    uint32_t turns;
    int64_t
        asked_ms; /* when the caller's thread was asked last; 0: the clock did not run yet */
    const char *stack_base;
    const jinja_layer *globals;
    jinja_module *modules;         /* imported without context, once per render */
    char *frame_at, *frame_end;    /* free part of the stack of frames */
    bool structured;               /* JSON or YAML: outputs follow the quotes */
    bool collect;                  /* collect_undefined */
    bool owns_context;             /* the caller lets the template change it */
    bool context_is_ours;          /* copied, or owned: methods may change it */
    const creg_map *given_globals; /* of the caller; NULL: none */
    bool restart;                  /* failed only because it must begin again with a copy */
    creg_value given;              /* the caller's context */
};

static inline jinja_state *jinja_state_of(jinja_run *run)
{
    return (jinja_state *)(void *)run;
}

/* Ways to leave a body that are no failures; never seen outside of the evaluator. */
#define JINJA_FLOW_BREAK ((creg_status)1001)
#define JINJA_FLOW_CONTINUE ((creg_status)1002)

/* ---- eval_expression.c, eval_call.c --------------------------------------------------- */

/** The function for a node whose slots are known. */
jinja_eval jinja_choose_eval(jinja_node *node);

/** Evaluate a node of constants while compiling, with autoescape if `escapes`; false: leave it
 * to the render. */
bool jinja_fold(jinja_engine *engine, creg_arena *arena, const jinja_node *node, bool escapes,
                creg_value *ret_value);
/** The same, of a list; jinja_fold() leaves it, since one is made anew for each use. */
bool jinja_fold_list(jinja_engine *engine, creg_arena *arena, const jinja_node *node,
                     bool escapes, const creg_list **ret_list);
/** Its truth, whatever kind of value it is. */
bool jinja_fold_truth(jinja_engine *engine, creg_arena *arena, const jinja_node *node,
                      bool escapes, bool *ret_truth);
/** Whether it is strictly undefined; what to say of that goes to `err`. */
bool jinja_fold_undefined(jinja_engine *engine, creg_arena *arena, const jinja_node *node,
                          bool escapes, creg_error *err);
/** The text that it prints as; escaped as HTML if `escapes`. */
bool jinja_fold_text(jinja_engine *engine, creg_arena *arena, const jinja_node *node,
                     bool escapes, creg_slice *ret_text);

static inline creg_status jinja_evaluate_node(jinja_state *st, const jinja_node *node,
                                              creg_value *ret_value)
{
    return node->eval(st, node, ret_value);
}

/** Remember where a failure came from (the first to call wins); gives the status back. */
static inline creg_status jinja_at_node(jinja_state *st, const jinja_node *node,
                                        creg_status status)
{
    if (status != CREG_OK && st->failed_node == NULL)
        st->failed_node = node;
    return status;
}

/** Put the place into the error, once. `line` is what Jinja2 would tell. */
creg_status jinja_at_line(jinja_state *st, uint32_t line, uint32_t at, uint32_t size,
                          creg_status status);

creg_status jinja_eval_call(jinja_state *st, const jinja_node *node, creg_value *ret_value);
creg_status jinja_eval_call_method(jinja_state *st, const jinja_node *node,
                                   creg_value *ret_value);
creg_status jinja_eval_filter(jinja_state *st, const jinja_node *node, creg_value *ret_value);
creg_status jinja_eval_filter_planned(jinja_state *st, const jinja_node *node,
                                      creg_value *ret_value);
creg_status jinja_eval_test(jinja_state *st, const jinja_node *node, creg_value *ret_value);
creg_status jinja_eval_test_planned(jinja_state *st, const jinja_node *node,
                                    creg_value *ret_value);
/** A call with one more keyword: what a call block does. */
creg_status jinja_eval_call_with_caller(jinja_state *st, const jinja_node *node,
                                        creg_value caller, creg_value *ret_value);
/** Filters over the text of a buffer: the innermost FILTER has no subject. */
creg_status jinja_eval_buffer_filters(jinja_state *st, const jinja_node *node, creg_value text,
                                      creg_value *ret_value);

/* ---- eval_statement.c ----------------------------------------------------------------- */

jinja_exec jinja_choose_exec(const jinja_stmt *stmt);
creg_status jinja_exec_body(jinja_state *st, const jinja_body *body);

/** Enter a unit: a frame with its slots missing, names of the context looked up. */
jinja_frame *jinja_enter_unit(jinja_state *st, const jinja_unit *unit, jinja_frame *outer);
/** Give the frame back when nothing can have kept it. */
void jinja_leave_unit(jinja_state *st, const jinja_unit *unit, jinja_frame *frame);
void jinja_enter_scope(jinja_state *st, const jinja_scope_info *scope);
void jinja_clear_scope(jinja_state *st, const jinja_scope_info *scope);

/** Assign to a NAME, NSREF or TUPLE. */
creg_status jinja_assign(jinja_state *st, const jinja_node *target, creg_value value);
/** Make the names of a target known to the context: they are set at top level. */
creg_status jinja_export(jinja_state *st, const jinja_node *target, bool offer);

static inline creg_value *jinja_slot(jinja_state *st, uint32_t slot, uint16_t up)
{
    if (up == 0)
        return &st->slots[slot];
    jinja_frame *frame = st->frame;
    for (; up > 0; up--)
        frame = frame->outer;
    return &frame->slots[slot];
}

/* ---- loop.c --------------------------------------------------------------------------- */

creg_status jinja_exec_for(jinja_state *st, const jinja_stmt *stmt);
enum {
    LOOP_OTHER,
    LOOP_INDEX,
    LOOP_INDEX0,
    LOOP_REVINDEX,
    LOOP_REVINDEX0,
    LOOP_FIRST,
    LOOP_LAST,
    LOOP_LENGTH,
    LOOP_DEPTH,
    LOOP_DEPTH0,
    LOOP_PREVITEM,
    LOOP_NEXTITEM,
    LOOP_CYCLE,
    LOOP_CHANGED
};
uint8_t jinja_loop_attribute_of(creg_slice name);
creg_status jinja_eval_loop_attribute(jinja_state *st, const jinja_node *node,
                                      creg_value *ret_value);

/* ---- macro.c -------------------------------------------------------------------------- */

/** Count one more level of calls; every success needs run.call_depth-- later. */
creg_status jinja_enter_call(jinja_state *st);
creg_status jinja_make_macro(jinja_state *st, const jinja_macro_def *def,
                             creg_value *ret_macro);

/* ---- inherit.c ------------------------------------------------------------------------ */

creg_status jinja_exec_block(jinja_state *st, const jinja_stmt *stmt);
creg_status jinja_exec_extends(jinja_state *st, const jinja_stmt *stmt);
creg_status jinja_exec_include(jinja_state *st, const jinja_stmt *stmt);
creg_status jinja_exec_import(jinja_state *st, const jinja_stmt *stmt);
creg_status jinja_exec_from_import(jinja_state *st, const jinja_stmt *stmt);

/** A context for `owner` that sees `layers`. NULL: see run.arena. */
jinja_context *jinja_context_new(jinja_state *st, const jinja_template *owner,
                                 const jinja_layer *layers);
/** MISSING when nobody knows the name. */
creg_value jinja_context_find(const jinja_context *context, creg_slice name);
const jinja_layer *jinja_layer_new(jinja_state *st, const creg_map *map,
                                   const jinja_layer *next);
/** Everything the context knows, as layers that stay as they are now. NULL on failure. */
const jinja_layer *jinja_context_layers(jinja_state *st, const jinja_context *context);

/** Run the root function of a template in a context; output goes to st->out. */
creg_status jinja_run_root(jinja_state *st, const jinja_template *template_,
                           jinja_context *context);
/** Load a template for an expression's value; CREG_TEMPLATE_NOT_FOUND as Jinja2 words it. */
creg_status jinja_get_template(jinja_state *st, creg_slice name, const jinja_template **ret);

/* ---- output.c ------------------------------------------------------------------------- */

jinja_exec jinja_choose_output(const jinja_options *options, jinja_stmt *stmt);
creg_status jinja_exec_output_traced(jinja_state *st, const jinja_stmt *stmt);
void jinja_output_init(jinja_state *st, jinja_output *out, size_t limit);
/** A value that a statement other than {{ }} gives: a call block's, a filter block's. */
creg_status jinja_write_value(jinja_state *st, const jinja_stmt *stmt, creg_value value);
/** Finish a buffer into a string: Markup when `markup`, trusted when it is. */
creg_status jinja_output_value(jinja_state *st, jinja_output *out, bool markup,
                               creg_value *ret_value);
/** Append text with & < > and quotes as entities (runtime.c). */
void jinja_escape_into(creg_text *text, creg_slice slice);

/* ---- undefined.c, lookup.c ------------------------------------------------------------ */

typedef struct jinja_undefined_info {
    creg_object base;
    creg_slice hint;   /* data NULL: none */
    creg_value object; /* where it was looked up; MISSING: in the context */
    creg_value key;    /* its name */
    const char *type;  /* the exception */
    uint8_t mode;      /* jinja_undefined */
} jinja_undefined_info;

/** Jinja2's plain Undefined whatever the options say: the missing else of `a if b`. */
creg_value jinja_make_lenient(jinja_run *run, creg_slice hint);

/** Looked up `key` in `object` and found nothing. */
creg_value jinja_make_undefined_in(jinja_run *run, creg_value object, creg_value key);
/** Found, but the sandbox forbids it. */
creg_value jinja_make_unsafe(jinja_run *run, creg_value object, creg_slice name);
creg_status jinja_undefined_text(jinja_run *run, creg_value undefined, creg_slice *ret_text);
static inline const jinja_undefined_info *jinja_undefined_of(creg_value value)
{
    return (const jinja_undefined_info *)(const void *)value.as.object;
}
static inline jinja_undefined jinja_undefined_mode(creg_value value)
{
    const jinja_undefined_info *info = jinja_undefined_of(value);
    return info == NULL ? JINJA_UNDEFINED_DEFAULT : (jinja_undefined)info->mode;
}
/** Has it a `__html__`? Markup does, and a chainable undefined value, which has everything. */
static inline bool jinja_has_html(creg_value value)
{
    return value.kind == CREG_KIND_UNDEFINED
               ? jinja_undefined_mode(value) == JINJA_UNDEFINED_CHAINABLE
               : value.kind == CREG_KIND_STRING && (value.flags & CREG_STRING_MARKUP) != 0;
}
static inline bool jinja_is_strict_undefined(creg_value value)
{
    return value.kind == CREG_KIND_UNDEFINED &&
           jinja_undefined_mode(value) == JINJA_UNDEFINED_STRICT;
}
/** "dict object", "None", "jinja2.runtime.Macro object": Jinja2's object_type_repr. */
void jinja_type_repr(creg_value value, char *out, size_t size);
/** "jinja2.runtime.", "markupsafe.": where Python keeps the type; "" for its own. */
const char *jinja_type_module(creg_value value);

/** `.__class__` and operators by name, for templates without a sandbox; CREG_NOT_FOUND: not
 * one of those. */
creg_status jinja_object_model(jinja_run *run, creg_value object, creg_slice name,
                               creg_value *ret_value);

/** A method bound to its object, as a value. */
creg_status jinja_bind_method(jinja_run *run, creg_value self, const jinja_builtin *method,
                              creg_value *ret_value);
/** The sandbox's word on `object.name`: may it be used? */
bool jinja_is_safe(const jinja_run *run, creg_value object, creg_slice name);
/** A method that changes its object is about to be used: restart with a copy if needed. */
creg_status jinja_about_to_change(jinja_run *run, creg_slice name);
bool jinja_name_changes(creg_slice name);
/** A global function of the engine (range, cycler ...) as a value; in the engine's arena. */
creg_value jinja_make_function(creg_arena *arena, const jinja_builtin *builtin);
const jinja_builtin *jinja_function_of(creg_value value); /* NULL: not one */

/** Is so much of the C stack used that calling on would be dangerous? LIMIT then. */
creg_status jinja_check_stack(jinja_state *st);

#endif
