/* SPDX-License-Identifier: MIT */
/*
 * The tree of a compiled template.
 *
 * Every node and statement carries the function that runs it. The parser builds the tree,
 * resolve.h turns names into slots, folds constants and picks those functions (the special
 * ones where it knows enough); from then on the tree never changes and threads share it.
 *
 *     unit (a function: the root, a block, a macro ...)
 *       body -> statements -> expressions
 *       slots   one for each variable of each scope inside it
 *
 * A place is a byte offset into the source and a line; columns are computed when an error
 * needs one.
 */
#ifndef JINJA_AST_H
#define JINJA_AST_H

#include "jinja/runtime.h"

typedef struct jinja_state jinja_state;
typedef struct jinja_node jinja_node;
typedef struct jinja_stmt jinja_stmt;
typedef struct jinja_unit jinja_unit;

typedef creg_status (*jinja_eval)(jinja_state *st, const jinja_node *node,
                                  creg_value *ret_value);
typedef creg_status (*jinja_exec)(jinja_state *st, const jinja_stmt *stmt);

/** A name of the template; equal names are the same object. */
typedef struct jinja_name {
    creg_slice text;
    struct jinja_name *next; /* in its bucket of the name table */
    uint8_t mention;         /* one of the MENTION_ bits, or 0 */
    uint32_t seen;           /* resolve_expression.c: the last list of names that held it */
    bool changes;            /* a method of this name may change its object ("append") */
} jinja_name;

/* Names whose use inside a body changes how the body is compiled. */
enum {
    MENTION_LOOP = 1,
    MENTION_CALLER = 2,
    MENTION_KWARGS = 4,
    MENTION_VARARGS = 8,
    MENTION_SELF = 16,
    MENTION_SUPER = 32
};

typedef enum jinja_node_kind {
    NODE_CONST,
    NODE_NAME,
    NODE_NSREF, /* the target `ns.name` of a set */
    NODE_LIST,
    NODE_TUPLE,
    NODE_DICT,
    NODE_NOT,
    NODE_NEG,
    NODE_POS,
    NODE_BINARY, /* a chain of left-associative operators of one level */
    NODE_AND,
    NODE_OR,
    NODE_COMPARE,
    NODE_CONCAT,
    NODE_COND,
    NODE_GETATTR,
    NODE_GETITEM,
    NODE_SLICE,
    NODE_CALL,
    NODE_FILTER,
    NODE_TEST,
    NODE_MARK_SAFE /* what `trans` gives: Markup when autoescape is on */
} jinja_node_kind;

typedef enum jinja_operator {
    OP_ADD,
    OP_SUBTRACT,
    OP_MULTIPLY,
    OP_DIVIDE,
    OP_FLOOR_DIVIDE,
    OP_MODULO,
    OP_POWER,
    OP_EQ,
    OP_NE,
    OP_LT,
    OP_LE,
    OP_GT,
    OP_GE,
    OP_IN,
    OP_NOT_IN
} jinja_operator;

typedef enum jinja_name_use { USE_LOAD, USE_STORE, USE_PARAM } jinja_name_use;

/** Whether HTML escaping is on at a place of the template. */
typedef enum jinja_escape_mode { ESCAPE_OFF, ESCAPE_ON, ESCAPE_VOLATILE } jinja_escape_mode;

typedef struct jinja_operand {
    jinja_operator op;
    uint32_t line, at; /* of the operator */
    jinja_node *node;
} jinja_operand;

typedef struct jinja_keyword {
    const jinja_name *name;
    jinja_node *value;
} jinja_keyword;

/** Arguments of a call, filter or test. */
typedef struct jinja_args {
    jinja_node **positional;
    jinja_keyword *keywords;
    uint32_t count, keyword_count;
    jinja_node *splat, *keyword_splat; /* *args, **kwargs; NULL: none */
} jinja_args;

struct jinja_node {
    jinja_eval eval;
    uint8_t kind;   /* jinja_node_kind */
    uint8_t use;    /* NAME: jinja_name_use; SLICE, GETITEM: unused */
    uint8_t escape; /* CONCAT, FILTER, MARK_SAFE: jinja_escape_mode */
    uint8_t detail; /* GETATTR on loop: which attribute; FILTER: subject is the buffer */
    uint16_t depth; /* of the expression below, bounded by the parse depth */
    uint16_t up;    /* NAME, NSREF: how many activations out */
    uint32_t slot;  /* NAME, NSREF */
    uint32_t line, at, size; /* place in the source, bytes to underline */
    union {
        creg_value constant;
        struct {
            const jinja_name *name;
            creg_value undefined; /* what it gives when nothing set it */
        } name;
        struct {
            const jinja_name *name, *attribute;
        } nsref;
        struct {
            jinja_node **items; /* DICT: key, value, key, value ... */
            uint32_t count;
        } list;
        struct {
            jinja_node *first, *second, *third; /* COND: test, then, else */
        } operands;
        struct {
            jinja_node *first;
            jinja_operand *rest;
            uint32_t count;
        } chain;
        struct {
            jinja_node *object;
            const jinja_name *name;
        } attribute;
        struct {
            jinja_node *object, *key;
        } item;
        struct {
            jinja_node *object, *start, *stop, *step;
        } slice;
        struct {
            jinja_node *subject; /* the callee, or what a filter or test applies to */
            const jinja_name *name;
            jinja_args *args;
            const jinja_builtin *builtin;  /* FILTER, TEST: NULL when a host's or unknown */
            const struct jinja_host *host; /* FILTER, TEST: of the host program */
            jinja_plan *plan;              /* when the shape of the call is known */
        } call;
    } as;
};

/* ---- statements ----------------------------------------------------------------------- */

typedef struct jinja_body {
    jinja_stmt **items;
    uint32_t count;
} jinja_body;

typedef enum jinja_load_kind {
    LOAD_PARAMETER, /* somebody else puts it there */
    LOAD_RESOLVE,   /* look the name up in the context */
    LOAD_ALIAS,     /* begin with the value of the outer variable */
    LOAD_UNDEFINED  /* begin as missing */
} jinja_load_kind;

typedef struct jinja_slot_load {
    uint8_t kind;
    uint16_t from_up; /* ALIAS */
    uint32_t slot, from_slot;
    const jinja_name *name; /* RESOLVE */
} jinja_slot_load;

/** What entering a scope does to its slots. */
typedef struct jinja_scope_info {
    jinja_slot_load *loads;
    uint32_t load_count;
    uint32_t *own_slots; /* all but those that the unit looks up once, on its entry */
    uint32_t own_count;
} jinja_scope_info;

/** A variable visible at a place, for handing locals to other templates. */
typedef struct jinja_local {
    const jinja_name *name;
    uint32_t slot;
    uint16_t up;
} jinja_local;

typedef struct jinja_locals {
    jinja_local *items;
    uint32_t count;
} jinja_locals;

/** A function of the template: it has its own activation when it runs. */
struct jinja_unit {
    jinja_body body;
    jinja_scope_info scope;
    uint32_t slot_count;
    jinja_slot_load *resolves; /* names of all scopes inside that only the context can give */
    uint32_t resolve_count, resolve_capacity;
    bool captured; /* something inside may outlive the activation: keep it in the arena */
    jinja_unit *outer;
    const jinja_name *block_name;   /* of a block: which */
    uint32_t self_slot, super_slot; /* JINJA_NO_SLOT: not mentioned */
};

enum { JINJA_NO_SLOT = 0xFFFFFFFF };

/** One piece of an output statement: text of the template, or an expression (text NULL). */
typedef struct jinja_output_item {
    creg_slice text;
    jinja_node *node;
    uint32_t line, at;
    bool
        escapes; /* the value is escaped as HTML: {{ x|e }} writes x that way, without a copy */
    struct jinja_quote_memo *memo; /* structure-safe output; else NULL */
} jinja_output_item;

typedef struct jinja_parameter {
    const jinja_name *name;
    jinja_node *value; /* default; NULL: none */
    uint32_t slot;
    uint32_t line, at;
} jinja_parameter;

/** A macro, or the body of a call block. */
typedef struct jinja_macro_def {
    jinja_unit unit;
    const jinja_name *name; /* NULL: the caller of a call block */
    jinja_parameter *parameters;
    uint32_t count;
    bool takes_kwargs, takes_varargs, takes_caller, names_caller;
    uint32_t caller_slot, kwargs_slot, varargs_slot;
    uint32_t line;
    uint8_t mentions;
} jinja_macro_def;

typedef enum jinja_stmt_kind {
    STMT_OUTPUT,
    STMT_FOR,
    STMT_IF,
    STMT_SET,
    STMT_SET_BLOCK,
    STMT_MACRO,
    STMT_CALL_BLOCK,
    STMT_FILTER_BLOCK,
    STMT_WITH,
    STMT_AUTOESCAPE,
    STMT_BLOCK,
    STMT_EXTENDS,
    STMT_INCLUDE,
    STMT_IMPORT,
    STMT_FROM_IMPORT,
    STMT_DO,
    STMT_BREAK,
    STMT_CONTINUE,
    STMT_DEBUG
} jinja_stmt_kind;

typedef struct jinja_if_branch {
    jinja_node *test;
    jinja_body body;
    uint32_t line, at;
} jinja_if_branch;

typedef struct jinja_for {
    jinja_node *target, *iter, *test;
    jinja_body body, otherwise;
    bool recursive, extended;
    uint32_t loop_store_line, loop_store_at; /* 0: nothing inside assigns `loop` */
    jinja_scope_info scope, test_scope, else_scope;
    jinja_node *test_target; /* the target again, in the slots of the test's scope */
    uint32_t loop_slot;
    jinja_unit *unit; /* of a recursive loop: it is a function of its own */
} jinja_for;

typedef struct jinja_block {
    const jinja_name *name;
    bool scoped, required;
    jinja_unit unit;
    jinja_locals locals; /* when scoped */
    uint8_t mentions;
    uint32_t line, at;
} jinja_block;

typedef struct jinja_import_name {
    const jinja_name *name, *alias;
    jinja_node *target; /* a NAME node that stores the alias */
} jinja_import_name;

struct jinja_stmt {
    jinja_exec exec;
    uint8_t kind;       /* jinja_stmt_kind */
    uint8_t escape;     /* jinja_escape_mode */
    bool toplevel;      /* SET, MACRO, IMPORT: the name is exported; BLOCK: may be replaced */
    bool check_extends; /* OUTPUT, BLOCK: silent once the template extends another */
    bool clears;        /* a closure may see the scope's slots: clear them at the end */
    uint32_t line, at, size;
    uint32_t cost; /* fuel for one run of it */
    union {
        struct {
            jinja_output_item *items;
            uint32_t count;
            size_t room; /* that the text and small values take: reserved at once */
        } output;
        jinja_for *loop;
        struct {
            jinja_if_branch *branches;
            uint32_t count;
            jinja_body otherwise;
        } cond;
        struct {
            jinja_node *target, *value;
        } set;
        struct {
            jinja_node *target, *filter; /* filter: NULL or a FILTER chain over the buffer */
            jinja_body body;
            jinja_scope_info scope;
        } set_block; /* FILTER_BLOCK too, target NULL */
        struct {
            jinja_macro_def *def;
            jinja_node *target; /* MACRO: where it is stored */
            jinja_node *call;   /* CALL_BLOCK */
        } macro;
        struct {
            jinja_node **targets, **values; /* AUTOESCAPE: values[0], one */
            uint32_t count;
            jinja_body body;
            jinja_scope_info scope;
        } with;
        jinja_block *block;
        struct {
            jinja_node *name;
            bool ignore_missing, with_context;
            jinja_node *target;       /* IMPORT */
            jinja_import_name *names; /* FROM_IMPORT */
            uint32_t count;
            jinja_locals locals;
        } other;          /* EXTENDS, INCLUDE, IMPORT, FROM_IMPORT */
        jinja_node *node; /* DO */
    } as;
};

#endif
