/* SPDX-License-Identifier: MIT */
/*
 * The second half of compiling: names to slots, constants folded, a function for each node.
 *
 * It walks the finished tree with a compile-time frame that knows what Jinja2's code
 * generator knows: the scope, whether this is top level, whether a missing filter is an error
 * already now (not inside an if, where it may never be reached), whether HTML is escaped.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "jinja/diagnostic.h"
#include "jinja/eval.h"
#include "jinja/scope.h"
#include "value/integer.h"

typedef struct frame {
    jinja_scope *scope;
    bool toplevel;      /* names set here are exported */
    bool soft;          /* inside an if: filters are looked for when they are used */
    bool check_extends; /* output stops once the template extends another */
    bool guarded;       /* undefined is expected here */
    bool in_loop;       /* break and continue have a loop of this unit to leave */
    jinja_escape_mode escape;
    bool escapes_constants; /* under a computed autoescape: as it was around it */
} frame;

static bool resolve_body(jinja_parser *p, const frame *fr, const jinja_body *body);
static bool resolve_node(jinja_parser *p, const frame *fr, jinja_node *node);

/* The frame of a scope inside: what Jinja2's Frame(parent) keeps. */
static frame inner_frame(const frame *outer, jinja_scope *scope)
{
    frame inner = *outer;
    inner.scope = scope;
    inner.toplevel = false;
    inner.soft = false;
    return inner;
}

/* ---- names ---------------------------------------------------------------------------- */

/* For the list of all that a strict render misses. */
static bool note_read(jinja_parser *p, const frame *fr, const jinja_node *node)
{
    jinja_read *read = jinja_parse_alloc(p, 1, sizeof *read);
    if (read == NULL)
        return false;
    *read = (jinja_read){.node = node, .guarded = fr->guarded};
    return jinja_vector_push(p, &p->reads, read);
}

static bool resolve_slot(jinja_parser *p, const frame *fr, jinja_node *node,
                         const jinja_name *name)
{
    const jinja_ref *ref = jinja_scope_find(fr->scope, name);
    if (ref == NULL) {
        jinja_parse_fail(p, "AssertionError", node->line, node->at,
                         "Tried to resolve a name to a reference that was unknown to the frame "
                         "('%.*s')",
                         CREG_SHOW(name->text));
        return false;
    }
    node->slot = ref->slot;
    node->up = jinja_scope_distance(fr->scope->unit, ref);
    bool reads = ref->load == LOAD_RESOLVE && node->kind == NODE_NAME && node->use == USE_LOAD;
    return !reads || note_read(p, fr, node);
}

static bool resolve_target(jinja_parser *p, const frame *fr, jinja_node *node)
{
    if (node->kind == NODE_NAME)
        return resolve_slot(p, fr, node, node->as.name.name);
    if (node->kind == NODE_NSREF)
        return resolve_slot(p, fr, node, node->as.nsref.name);
    for (uint32_t i = 0; i < node->as.list.count; i++)
        if (!resolve_target(p, fr, node->as.list.items[i]))
            return false;
    return true;
}

/* ---- constants ------------------------------------------------------------------------ */

static bool is_const(const jinja_node *node)
{
    return node == NULL || node->kind == NODE_CONST;
}

static bool is_const_chain(const jinja_node *node)
{
    if (!is_const(node->as.chain.first))
        return false;
    for (uint32_t i = 0; i < node->as.chain.count; i++)
        if (!is_const(node->as.chain.rest[i].node))
            return false;
    return true;
}

static bool is_const_list(const jinja_node *node)
{
    for (uint32_t i = 0; i < node->as.list.count; i++)
        if (!is_const(node->as.list.items[i]))
            return false;
    return true;
}

static bool can_fold(const jinja_node *node)
{
    switch ((jinja_node_kind)node->kind) {
    case NODE_NOT:
    case NODE_NEG:
    case NODE_POS:
        return is_const(node->as.operands.first);
    case NODE_BINARY:
    case NODE_AND:
    case NODE_OR:
    case NODE_COMPARE:
        return is_const_chain(node);
    case NODE_CONCAT:
        return node->escape == ESCAPE_OFF && is_const_chain(node);
    case NODE_TUPLE:
        return is_const_list(node);
    default:
        return false;
    }
}

/* ---- constant trees ------------------------------------------------------------------- */

/*
 * Jinja2 also evaluates lists, look-ups and filters of constants while it compiles. That shows
 * in two places only, so that we do it only there: a slice that its object does not allow
 * gives an undefined value then (`5[1:]`, where x[1:] raises), and what a constant prints is
 * settled before a computed autoescape is.
 */
static bool is_constant(const frame *fr, const jinja_node *node);

static bool all_constant(const frame *fr, jinja_node *const *nodes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!is_constant(fr, nodes[i]))
            return false;
    return true;
}

static bool is_constant_chain(const frame *fr, const jinja_node *node)
{
    if (!is_constant(fr, node->as.chain.first))
        return false;
    for (uint32_t i = 0; i < node->as.chain.count; i++)
        if (!is_constant(fr, node->as.chain.rest[i].node))
            return false;
    return true;
}

/* Filters that ask for the context are never applied early. */
static bool is_early_filter(const frame *fr, const jinja_node *node)
{
    static const char *const late[] = {"map",        "random", "reject",
                                       "rejectattr", "select", "selectattr"};
    const jinja_args *args = node->as.call.args;
    if (fr->escape == ESCAPE_VOLATILE || node->as.call.builtin == NULL ||
        node->as.call.builtin->pack != 0 || args->splat != NULL || args->keyword_splat != NULL)
        return false;
    for (size_t i = 0; i < sizeof late / sizeof late[0]; i++)
        if (creg_slice_equal(node->as.call.name->text, creg_slice_of(late[i])))
            return false;
    for (uint32_t i = 0; i < args->keyword_count; i++)
        if (!is_constant(fr, args->keywords[i].value))
            return false;
    return is_constant(fr, node->as.call.subject) &&
           all_constant(fr, args->positional, args->count);
}

static bool is_constant(const frame *fr, const jinja_node *node)
{
    if (node == NULL)
        return true;
    switch ((jinja_node_kind)node->kind) {
    case NODE_CONST:
        return true;
    case NODE_LIST:
    case NODE_TUPLE:
        return all_constant(fr, node->as.list.items, node->as.list.count);
    case NODE_DICT:
        return all_constant(fr, node->as.list.items, node->as.list.count * 2);
    case NODE_NOT:
    case NODE_NEG:
    case NODE_POS:
    case NODE_COND:
        return is_constant(fr, node->as.operands.first) &&
               is_constant(fr, node->as.operands.second) &&
               is_constant(fr, node->as.operands.third);
    case NODE_BINARY:
    case NODE_AND:
    case NODE_OR:
    case NODE_COMPARE:
    case NODE_CONCAT:
        return is_constant_chain(fr, node);
    case NODE_GETATTR:
        return is_constant(fr, node->as.attribute.object);
    case NODE_GETITEM:
        return is_constant(fr, node->as.item.object) && is_constant(fr, node->as.item.key);
    case NODE_SLICE:
        return is_constant(fr, node->as.slice.object) &&
               is_constant(fr, node->as.slice.start) && is_constant(fr, node->as.slice.stop) &&
               is_constant(fr, node->as.slice.step);
    case NODE_FILTER:
    case NODE_TEST:
        return node->as.call.subject != NULL && is_early_filter(fr, node);
    default:
        return false;
    }
}

/* ---- folding -------------------------------------------------------------------------- */

static void become_constant(jinja_node *node, creg_value value)
{
    node->kind = NODE_CONST;
    node->as.constant = value;
    node->eval = jinja_choose_eval(node);
}

static bool fold_into(jinja_parser *p, const frame *fr, jinja_node *into,
                      const jinja_node *node)
{
    creg_value value;
    if (!jinja_fold(p->engine, p->arena, node, fr->escape == ESCAPE_ON, &value))
        return false;
    if (value.kind == CREG_KIND_STRING)
        value.flags |= CREG_STRING_TRUSTED;
    become_constant(into, value);
    return true;
}

static bool is_negative(const jinja_node *node)
{
    creg_value value = node->as.constant;
    if (node->kind != NODE_CONST || value.kind < CREG_KIND_INT || value.kind > CREG_KIND_FLOAT)
        return false;
    if (value.kind == CREG_KIND_FLOAT)
        return signbit(value.as.real) != 0;
    return creg_integer_sign(creg_value_to_integer(value)) < 0;
}

/* The constants that a chain begins with become one: -2 ** 3 ** x is -8 ** x. */
static void fold_beginning(jinja_parser *p, const frame *fr, jinja_node *node)
{
    jinja_node *first = node->as.chain.first;
    uint32_t count = 0;
    while (count < node->as.chain.count && is_constant(fr, node->as.chain.rest[count].node))
        count++;
    if (!is_const(first) || count == 0)
        return;
    jinja_node part = *node;
    part.as.chain.count = count;
    part.eval = jinja_choose_eval(&part);
    if (!fold_into(p, fr, first, &part))
        return;
    if (count == node->as.chain.count) {
        become_constant(node, first->as.constant);
        return;
    }
    node->as.chain.rest += count;
    node->as.chain.count -= count;
    node->eval = jinja_choose_eval(node);
}

/*
 * Jinja2 writes a folded -7 into Python code as it prints, and there ** binds tighter than the
 * sign: `-7 ** x` gives -(7 ** x), though `-y ** x` is (-y) ** x.
 */
static bool move_sign(jinja_parser *p, const frame *fr, jinja_node *node)
{
    if (node->kind != NODE_BINARY || node->as.chain.rest[0].op != OP_POWER)
        return true;
    fold_beginning(p, fr, node);
    if (node->kind == NODE_CONST)
        return true;
    jinja_node *first = node->as.chain.first;
    if (!is_negative(first) || is_constant(fr, node->as.chain.rest[0].node))
        return true;
    jinja_node *power = jinja_parse_alloc(p, 1, sizeof *power);
    jinja_node *sign = jinja_parse_alloc(p, 1, sizeof *sign);
    if (power == NULL || sign == NULL)
        return false;
    *sign = *first;
    sign->kind = NODE_NEG;
    sign->as.operands.first = first;
    sign->as.operands.second = sign->as.operands.third = NULL;
    sign->eval = jinja_choose_eval(sign);
    jinja_node positive = *first;
    if (!fold_into(p, fr, &positive, sign))
        return true;
    *first = positive;
    *power = *node;
    power->as.chain.count = 1;
    power->eval = jinja_choose_eval(power);
    sign->as.operands.first = power;
    if (node->as.chain.count == 1) {
        *node = *sign;
        return true;
    }
    node->as.chain.first = sign;
    node->as.chain.rest++;
    node->as.chain.count--;
    node->eval = jinja_choose_eval(node);
    return true;
}

/* No character, or one of Latin-1: two bytes then, the first of them 0xC2 or 0xC3. */
static bool is_small_text(creg_slice text)
{
    return text.size <= 1 || (text.size == 2 && ((unsigned char)text.data[0] & 0xFE) == 0xC2);
}

/* Of two equal constants, Python keeps one object only where they are small. */
static bool is_one_object(creg_value left, creg_value right)
{
    enum { SMALL_MIN = -5, SMALL_MAX = 256 };
    if (left.kind != right.kind || !creg_value_equal(left, right))
        return false;
    if (creg_value_is(left, CREG_KIND_INT))
        return left.as.integer >= SMALL_MIN && left.as.integer <= SMALL_MAX;
    if (creg_value_is(left, CREG_KIND_STRING))
        return is_small_text(creg_value_text(left));
    if (creg_value_is(left, CREG_KIND_TUPLE))
        return left.as.list->size == 0;
    return creg_value_is(left, CREG_KIND_NONE) || creg_value_is(left, CREG_KIND_BOOL);
}

static bool is_constant_sameas(const frame *fr, const jinja_node *node)
{
    return node->kind == NODE_TEST && fr->escape != ESCAPE_VOLATILE &&
           node->as.call.builtin != NULL && node->as.call.args->count == 1 &&
           node->as.call.args->keyword_count == 0 &&
           creg_slice_equal(node->as.call.name->text, creg_slice_of("sameas")) &&
           is_const(node->as.call.subject) && is_const(node->as.call.args->positional[0]);
}

/* While it compiles, Jinja2 joins constants with ~ as plain texts, Markup or not. */
static void fold_concat(jinja_parser *p, const frame *fr, jinja_node *node)
{
    if (node->kind != NODE_CONCAT || node->escape != ESCAPE_ON || !is_constant(fr, node))
        return;
    jinja_node plain = *node;
    plain.escape = ESCAPE_OFF;
    plain.eval = jinja_choose_eval(&plain);
    (void)fold_into(p, fr, node, &plain);
}

/* A failing constant (1/0) is left alone: it fails when, and if, it is reached. */
static bool fold(jinja_parser *p, const frame *fr, jinja_node *node)
{
    if (is_constant_sameas(fr, node)) {
        bool same = is_one_object(node->as.call.subject->as.constant,
                                  node->as.call.args->positional[0]->as.constant);
        become_constant(node, creg_value_bool(same));
        return true;
    }
    if (node->kind == NODE_SLICE && is_constant(fr, node))
        p->folds_more = true;
    fold_concat(p, fr, node);
    if (can_fold(node) || (p->folds_more && node->kind != NODE_CONST && is_constant(fr, node)))
        (void)fold_into(p, fr, node, node);
    return node->kind == NODE_CONST || move_sign(p, fr, node);
}

/* ---- expressions ---------------------------------------------------------------------- */

static bool resolve_all(jinja_parser *p, const frame *fr, jinja_node **nodes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!resolve_node(p, fr, nodes[i]))
            return false;
    return true;
}

static bool resolve_chain(jinja_parser *p, const frame *fr, jinja_node *node)
{
    if (!resolve_node(p, fr, node->as.chain.first))
        return false;
    for (uint32_t i = 0; i < node->as.chain.count; i++)
        if (!resolve_node(p, fr, node->as.chain.rest[i].node))
            return false;
    return true;
}

/* Note that a list holds a name; `list` is its number. */
static void note_name(jinja_parser *p, uint32_t list, const jinja_name *name, bool keyword,
                      uint32_t line, uint32_t at)
{
    jinja_name *own = (jinja_name *)(uintptr_t)name; /* interned by this parser */
    if (own->seen == list && p->twice_name == NULL) {
        p->twice_keyword = keyword;
        p->twice_name = name;
        p->twice_line = line;
        p->twice_at = at;
    }
    own->seen = list;
}

static void note_keywords(jinja_parser *p, const jinja_args *args)
{
    if (args->keyword_count < 2)
        return;
    uint32_t list = ++p->name_lists;
    for (uint32_t i = 0; i < args->keyword_count; i++)
        note_name(p, list, args->keywords[i].name, true, args->keywords[i].value->line,
                  args->keywords[i].value->at);
}

/* What Jinja2 lets pass and Python's compiler then refuses. */
static bool refuse_as_python(jinja_parser *p)
{
    if (p->sliced_line != 0) {
        jinja_parse_fail(p, "SyntaxError", p->sliced_line, p->sliced_at, "invalid syntax");
        return false;
    }
    if (p->twice_name == NULL)
        return true;
    jinja_parse_fail(p, "SyntaxError", p->twice_line, p->twice_at,
                     p->twice_keyword ? "keyword argument repeated: %.*s"
                                      : "duplicate argument '%.*s' in function definition",
                     CREG_SHOW(p->twice_name->text));
    return false;
}

static bool resolve_arguments(jinja_parser *p, const frame *fr, const jinja_args *args)
{
    note_keywords(p, args);
    if (!resolve_all(p, fr, args->positional, args->count))
        return false;
    for (uint32_t i = 0; i < args->keyword_count; i++)
        if (!resolve_node(p, fr, args->keywords[i].value))
            return false;
    return resolve_node(p, fr, args->splat) && resolve_node(p, fr, args->keyword_splat);
}

/* The row of a filter or test, or the host's; unknown ones wait when the frame is soft. */
static bool find_callee(jinja_parser *p, const frame *fr, jinja_node *node)
{
    bool is_filter = node->kind == NODE_FILTER;
    jinja_builtin_kind kind = is_filter ? JINJA_FILTERS : JINJA_TESTS;
    creg_slice name = node->as.call.name->text;
    node->as.call.host = jinja_find_host(p->engine, kind, name);
    if (node->as.call.host != NULL)
        return true;
    node->as.call.builtin = jinja_find_builtin(p->engine, kind, name);
    if (node->as.call.builtin != NULL || fr->soft)
        return true;
    /* With more memory a constant before it might have been found to settle the matter. */
    if (p->arena->failed != CREG_OK)
        return jinja_parse_fail_arena(p, p->arena) != NULL;
    jinja_parse_fail(p, "TemplateAssertionError", node->line, node->at, "No %s named '%.*s'.",
                     is_filter ? "filter" : "test", CREG_SHOW(name));
    return false;
}

static bool plan_call(jinja_parser *p, jinja_node *node)
{
    const jinja_args *args = node->as.call.args;
    creg_slice keywords[JINJA_PLAN_MAX];
    if (node->as.call.builtin == NULL || args->splat != NULL || args->keyword_splat != NULL ||
        args->keyword_count > JINJA_PLAN_MAX)
        return true;
    for (uint32_t i = 0; i < args->keyword_count; i++)
        keywords[i] = args->keywords[i].name->text;
    jinja_plan plan;
    size_t subject = node->kind == NODE_CALL ? 0 : 1;
    if (!jinja_plan_call(node->as.call.builtin, args->count + subject, keywords,
                         args->keyword_count, &plan))
        return true;
    node->as.call.plan = jinja_parse_alloc(p, 1, sizeof plan);
    if (node->as.call.plan == NULL)
        return false;
    *node->as.call.plan = plan;
    return true;
}

static bool expects_undefined(const jinja_name *name)
{
    static const char *const names[] = {"default", "d", "defined", "undefined"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (creg_slice_equal(name->text, creg_slice_of(names[i])))
            return true;
    return false;
}

static bool resolve_filter_or_test(jinja_parser *p, const frame *fr, jinja_node *node)
{
    frame inner = *fr;
    inner.guarded = fr->guarded || expects_undefined(node->as.call.name);
    node->escape = (uint8_t)fr->escape;
    return find_callee(p, fr, node) && resolve_node(p, &inner, node->as.call.subject) &&
           resolve_arguments(p, fr, node->as.call.args) && plan_call(p, node);
}

static bool resolve_call(jinja_parser *p, const frame *fr, jinja_node *node)
{
    const jinja_node *subject = node->as.call.subject;
    if (subject->kind == NODE_GETATTR && subject->as.attribute.name->changes)
        p->result->changes = true;
    if (subject->kind == NODE_NAME) /* a guess, checked when it is called: range, joiner ... */
        node->as.call.builtin =
            jinja_find_builtin(p->engine, JINJA_FUNCTIONS, subject->as.name.name->text);
    return resolve_node(p, fr, node->as.call.subject) &&
           resolve_arguments(p, fr, node->as.call.args) && plan_call(p, node);
}

static bool note_item(jinja_parser *p, const frame *fr, const jinja_node *node)
{
    const jinja_node *object =
        node->kind == NODE_GETATTR ? node->as.attribute.object : node->as.item.object;
    bool constant = node->kind == NODE_GETATTR || node->as.item.key->kind == NODE_CONST;
    return !constant || object->kind != NODE_NAME || note_read(p, fr, node);
}

static bool resolve_attribute(jinja_parser *p, const frame *fr, jinja_node *node)
{
    const jinja_node *object = node->as.attribute.object;
    creg_slice name = node->as.attribute.name->text;
    bool on_loop = object->kind == NODE_NAME && object->as.name.name->mention == MENTION_LOOP;
    node->detail = on_loop ? jinja_loop_attribute_of(name) : 0;
    /* Of no dict an attribute: then `.name` on a map is a plain look-up. */
    creg_value map = creg_value_map(NULL);
    node->use = jinja_find_method(map, name) == NULL && name.data[0] != '_';
    return resolve_node(p, fr, node->as.attribute.object) && note_item(p, fr, node);
}

/*
 * `a and b` with a constant a that is false is a, `a or b` with a true one too. Jinja2 finds that
 * before it looks at b, so that a filter there need not exist.
 */
static bool resolve_logic(jinja_parser *p, const frame *fr, jinja_node *node)
{
    jinja_node *operand = node->as.chain.first;
    bool settled = fr->escape != ESCAPE_VOLATILE; /* by all operands so far */
    for (uint32_t i = 0;; operand = node->as.chain.rest[i++].node) {
        bool truth;
        if (!resolve_node(p, fr, operand))
            return false;
        settled =
            settled && is_constant(fr, operand) &&
            jinja_fold_truth(p->engine, p->arena, operand, fr->escape == ESCAPE_ON, &truth);
        if (settled && truth == (node->kind == NODE_OR)) {
            *node = *operand;
            return true;
        }
        if (i == node->as.chain.count)
            return true;
    }
}

/* The comparisons up to the one at `last` are constant, and false: so is the whole chain. */
static bool is_settled_false(jinja_parser *p, const frame *fr, jinja_node *node, uint32_t last)
{
    uint32_t count = node->as.chain.count;
    bool truth;
    node->as.chain.count = last + 1;
    node->eval = jinja_choose_eval(node);
    bool is_false =
        jinja_fold_truth(p->engine, p->arena, node, fr->escape == ESCAPE_ON, &truth) && !truth;
    if (!is_false)
        node->as.chain.count = count;
    return is_false;
}

/* `2 < 1 < x` is false whatever x is. Jinja2, too, finds that before it looks at x. */
static bool resolve_compare(jinja_parser *p, const frame *fr, jinja_node *node)
{
    if (!resolve_node(p, fr, node->as.chain.first))
        return false;
    bool settled = fr->escape != ESCAPE_VOLATILE && is_constant(fr, node->as.chain.first);
    for (uint32_t i = 0; i < node->as.chain.count; i++) {
        if (!resolve_node(p, fr, node->as.chain.rest[i].node))
            return false;
        settled = settled && is_constant(fr, node->as.chain.rest[i].node);
        if (settled && i + 1 < node->as.chain.count && is_settled_false(p, fr, node, i))
            return true;
    }
    return true;
}

static bool resolve_condition(jinja_parser *p, const frame *fr, jinja_node *node)
{
    frame soft = *fr;
    soft.soft = true;
    return resolve_node(p, &soft, node->as.operands.second) &&
           resolve_node(p, &soft, node->as.operands.first) &&
           resolve_node(p, &soft, node->as.operands.third);
}

static bool resolve_children(jinja_parser *p, const frame *fr, jinja_node *node)
{
    switch ((jinja_node_kind)node->kind) {
    case NODE_CONST:
        return true;
    case NODE_NAME:
        return resolve_slot(p, fr, node, node->as.name.name);
    case NODE_NSREF:
        return resolve_slot(p, fr, node, node->as.nsref.name);
    case NODE_LIST:
    case NODE_TUPLE:
        return resolve_all(p, fr, node->as.list.items, node->as.list.count);
    case NODE_DICT:
        return resolve_all(p, fr, node->as.list.items, node->as.list.count * 2);
    case NODE_MARK_SAFE:
        node->escape = (uint8_t)fr->escape; /* fall through */
    case NODE_NOT:
    case NODE_NEG:
    case NODE_POS:
        return resolve_node(p, fr, node->as.operands.first);
    case NODE_COND:
        return resolve_condition(p, fr, node);
    case NODE_CONCAT:
        node->escape = (uint8_t)fr->escape;
        return resolve_chain(p, fr, node);
    case NODE_AND:
    case NODE_OR:
        return resolve_logic(p, fr, node);
    case NODE_BINARY:
        return resolve_chain(p, fr, node);
    case NODE_COMPARE:
        return resolve_compare(p, fr, node);
    case NODE_GETATTR:
        return resolve_attribute(p, fr, node);
    case NODE_GETITEM:
        return resolve_node(p, fr, node->as.item.object) &&
               resolve_node(p, fr, node->as.item.key) && note_item(p, fr, node);
    case NODE_SLICE:
        return resolve_node(p, fr, node->as.slice.object) &&
               resolve_node(p, fr, node->as.slice.start) &&
               resolve_node(p, fr, node->as.slice.stop) &&
               resolve_node(p, fr, node->as.slice.step);
    case NODE_CALL:
        return resolve_call(p, fr, node);
    case NODE_FILTER:
    case NODE_TEST:
        return resolve_filter_or_test(p, fr, node);
    }
    return true;
}

/* NULL is fine: what is not there needs nothing. */
static bool resolve_node(jinja_parser *p, const frame *fr, jinja_node *node)
{
    if (node == NULL)
        return true;
    if (!resolve_children(p, fr, node))
        return false;
    node->eval = jinja_choose_eval(node);
    return fold(p, fr, node);
}

/* ---- output --------------------------------------------------------------------------- */

static bool is_structured(const jinja_parser *p)
{
    return p->options->autoescape == JINJA_AUTOESCAPE_JSON ||
           p->options->autoescape == JINJA_AUTOESCAPE_YAML;
}

/* What Jinja2 prints of a constant tree: settled now, whatever will be true later. */
static void early_text(jinja_parser *p, const frame *fr, jinja_output_item *item)
{
    bool early = fr->escape == ESCAPE_VOLATILE || p->folds_more;
    bool escapes =
        fr->escape == ESCAPE_VOLATILE ? fr->escapes_constants : fr->escape == ESCAPE_ON;
    creg_slice text;
    if (!early || item->node == NULL || is_structured(p) || !is_constant(fr, item->node) ||
        !jinja_fold_text(p->engine, p->arena, item->node, escapes, &text))
        return;
    item->text = text.data == NULL ? creg_slice_make("", 0) : text;
    item->node = NULL;
}

/* The text that a constant prints as, when the text around it does not matter. */
static bool const_text(jinja_parser *p, const frame *fr, jinja_output_item *item)
{
    if (item->node == NULL || item->node->kind != NODE_CONST || is_structured(p) ||
        fr->escape != ESCAPE_OFF || p->options->finalize != NULL)
        return true;
    creg_slice text;
    if (creg_value_str(item->node->as.constant, p->arena, &text, NULL) != CREG_OK)
        return true; /* it will say so when it is printed */
    item->text = text.data == NULL ? creg_slice_make("", 0) : text;
    item->node = NULL;
    return true;
}

/* {{ x|e }}: x itself, written with entities. */
static void write_escaped(const jinja_parser *p, jinja_output_item *item)
{
    const jinja_node *node = item->node;
    if (node == NULL || node->kind != NODE_FILTER || node->as.call.builtin == NULL ||
        node->as.call.args->count + node->as.call.args->keyword_count > 0 ||
        node->as.call.plan == NULL || is_structured(p) || p->options->finalize != NULL)
        return;
    creg_slice name = creg_slice_of(node->as.call.builtin->name);
    if (!creg_slice_equal(name, creg_slice_of("e")) &&
        !creg_slice_equal(name, creg_slice_of("escape")))
        return;
    item->escapes = true;
    item->node = node->as.call.subject;
}

static bool resolve_output(jinja_parser *p, const frame *fr, jinja_stmt *stmt)
{
    enum { VALUE_ROOM = 32 };
    size_t cost = 1;
    for (uint32_t i = 0; i < stmt->as.output.count; i++) {
        jinja_output_item *item = &stmt->as.output.items[i];
        if (!resolve_node(p, fr, item->node) || !const_text(p, fr, item))
            return false;
        early_text(p, fr, item);
        write_escaped(p, item);
        if (item->node == NULL && is_structured(p)) {
            item->memo = jinja_parse_alloc(p, 1, sizeof *item->memo);
            if (item->memo == NULL)
                return false;
        }
        cost += 1 + item->text.size / 64;
        stmt->as.output.room += item->node == NULL ? item->text.size : VALUE_ROOM;
    }
    stmt->cost = cost > UINT32_MAX ? UINT32_MAX : (uint32_t)cost;
    stmt->check_extends = fr->check_extends;
    return true;
}

/* ---- for ------------------------------------------------------------------------------ */

static jinja_node *clone_target(jinja_parser *p, const jinja_node *target)
{
    jinja_node *copy = jinja_parse_alloc(p, 1, sizeof *copy);
    if (copy == NULL)
        return NULL;
    *copy = *target;
    if (target->kind != NODE_TUPLE)
        return copy;
    copy->as.list.items = jinja_parse_alloc(p, target->as.list.count, sizeof(jinja_node *));
    if (copy->as.list.items == NULL)
        return NULL;
    for (uint32_t i = 0; i < target->as.list.count; i++) {
        copy->as.list.items[i] = clone_target(p, target->as.list.items[i]);
        if (copy->as.list.items[i] == NULL)
            return NULL;
    }
    return copy;
}

static bool resolve_for_test(jinja_parser *p, const frame *fr, jinja_for *loop,
                             jinja_unit *unit)
{
    jinja_scope *scope = jinja_scope_new(p, fr->scope, unit);
    if (scope == NULL || !jinja_visit_parameters(p, scope, loop->target) ||
        !jinja_visit_expression(p, scope, loop->test))
        return false;
    frame inner = inner_frame(fr, scope);
    loop->test_target = clone_target(p, loop->target);
    return loop->test_target != NULL && resolve_target(p, &inner, loop->test_target) &&
           resolve_node(p, &inner, loop->test) &&
           jinja_scope_finish(p, scope, &loop->test_scope);
}

static bool resolve_for_else(jinja_parser *p, const frame *fr, jinja_for *loop,
                             jinja_unit *unit)
{
    jinja_scope *scope = jinja_scope_new(p, fr->scope, unit);
    if (scope == NULL || !jinja_visit_body(p, scope, &loop->otherwise))
        return false;
    frame inner = inner_frame(fr, scope);
    return jinja_scope_finish(p, scope, &loop->else_scope) &&
           resolve_body(p, &inner, &loop->otherwise);
}

static bool resolve_for_body(jinja_parser *p, const frame *fr, jinja_for *loop,
                             jinja_unit *unit)
{
    jinja_scope *scope = jinja_scope_new(p, fr->scope, unit);
    if (scope == NULL)
        return false;
    if (loop->extended) {
        jinja_name *name = jinja_intern(p, creg_slice_of("loop"));
        jinja_ref *ref = jinja_scope_parameter(p, scope, name);
        if (ref == NULL)
            return false;
        loop->loop_slot = ref->slot;
    }
    if (!jinja_visit_parameters(p, scope, loop->target) ||
        !jinja_visit_body(p, scope, &loop->body))
        return false;
    frame inner = inner_frame(fr, scope);
    inner.in_loop = true;
    return resolve_target(p, &inner, loop->target) &&
           jinja_scope_finish(p, scope, &loop->scope) && resolve_body(p, &inner, &loop->body);
}

static bool resolve_for(jinja_parser *p, const frame *fr, jinja_stmt *stmt)
{
    jinja_for *loop = stmt->as.loop;
    jinja_unit *unit = fr->scope->unit;
    if (loop->recursive) {
        loop->unit = jinja_parse_alloc(p, 1, sizeof(jinja_unit));
        if (loop->unit == NULL)
            return false;
        loop->unit->outer = unit;
        loop->unit->captured = true;
        unit->captured = true;
        unit = loop->unit;
    }
    /* `stmt->escape`: what the text of a recursive call becomes. */
    stmt->escape = (uint8_t)fr->escape;
    if (!resolve_node(p, fr, loop->iter) ||
        (loop->test != NULL && !resolve_for_test(p, fr, loop, unit)))
        return false;
    if (loop->loop_store_line > 0) {
        jinja_parse_fail(p, "TemplateAssertionError", loop->loop_store_line,
                         loop->loop_store_at,
                         "Can't assign to special loop variable in for-loop target");
        return false;
    }
    if (!resolve_for_body(p, fr, loop, unit) || !resolve_for_else(p, fr, loop, unit))
        return false;
    stmt->clears = unit->captured;
    return true;
}

/* ---- other scopes --------------------------------------------------------------------- */

static bool resolve_if(jinja_parser *p, const frame *fr, jinja_stmt *stmt)
{
    frame soft = *fr;
    soft.soft = true;
    for (uint32_t i = 0; i < stmt->as.cond.count; i++)
        if (!resolve_node(p, &soft, stmt->as.cond.branches[i].test) ||
            !resolve_body(p, &soft, &stmt->as.cond.branches[i].body))
            return false;
    return resolve_body(p, &soft, &stmt->as.cond.otherwise);
}

static bool resolve_set_block(jinja_parser *p, const frame *fr, jinja_stmt *stmt)
{
    jinja_scope *scope = jinja_scope_new(p, fr->scope, fr->scope->unit);
    if (scope == NULL || !jinja_visit_body(p, scope, &stmt->as.set_block.body))
        return false;
    /* The filter's arguments are not part of the body that Jinja2 looks through. */
    frame inner = inner_frame(fr, scope);
    inner.check_extends = false;
    bool fine = jinja_visit_expression(p, scope, stmt->as.set_block.filter) &&
                jinja_scope_finish(p, scope, &stmt->as.set_block.scope) &&
                resolve_body(p, &inner, &stmt->as.set_block.body) &&
                resolve_target(p, fr, stmt->as.set_block.target) &&
                resolve_node(p, &inner, stmt->as.set_block.filter);
    stmt->toplevel = fr->toplevel;
    stmt->escape = (uint8_t)fr->escape;
    return fine;
}

static bool resolve_filter_block(jinja_parser *p, const frame *fr, jinja_stmt *stmt)
{
    jinja_scope *scope = jinja_scope_new(p, fr->scope, fr->scope->unit);
    if (scope == NULL || !jinja_visit_body(p, scope, &stmt->as.set_block.body) ||
        !jinja_visit_expression(p, scope, stmt->as.set_block.filter))
        return false;
    frame inner = inner_frame(fr, scope);
    stmt->escape = (uint8_t)fr->escape;
    return jinja_scope_finish(p, scope, &stmt->as.set_block.scope) &&
           resolve_body(p, &inner, &stmt->as.set_block.body) &&
           resolve_node(p, &inner, stmt->as.set_block.filter);
}

static bool resolve_with(jinja_parser *p, const frame *fr, jinja_stmt *stmt)
{
    jinja_scope *scope = jinja_scope_new(p, fr->scope, fr->scope->unit);
    if (scope == NULL)
        return false;
    for (uint32_t i = 0; i < stmt->as.with.count; i++)
        if (!jinja_visit_target(p, scope, stmt->as.with.targets[i]))
            return false;
    if (!jinja_visit_body(p, scope, &stmt->as.with.body))
        return false;
    frame inner = inner_frame(fr, scope);
    for (uint32_t i = 0; i < stmt->as.with.count; i++)
        if (!resolve_target(p, &inner, stmt->as.with.targets[i]) ||
            !resolve_node(p, fr, stmt->as.with.values[i]))
            return false;
    return jinja_scope_finish(p, scope, &stmt->as.with.scope) &&
           resolve_body(p, &inner, &stmt->as.with.body);
}

static bool resolve_autoescape(jinja_parser *p, const frame *fr, jinja_stmt *stmt)
{
    jinja_scope *scope = jinja_scope_new(p, fr->scope, fr->scope->unit);
    jinja_node *value = stmt->as.with.values[0];
    if (scope == NULL || !jinja_visit_expression(p, scope, value) ||
        !jinja_visit_body(p, scope, &stmt->as.with.body))
        return false;
    frame inner = inner_frame(fr, scope);
    if (!resolve_node(p, &inner, value) || !jinja_scope_finish(p, scope, &stmt->as.with.scope))
        return false;
    if (fr->escape != ESCAPE_VOLATILE)
        inner.escapes_constants = fr->escape == ESCAPE_ON;
    if (value->kind != NODE_CONST)
        inner.escape = ESCAPE_VOLATILE;
    else
        inner.escape = creg_value_truthy(value->as.constant) ? ESCAPE_ON : ESCAPE_OFF;
    return resolve_body(p, &inner, &stmt->as.with.body);
}

/* ---- macros --------------------------------------------------------------------------- */

static bool declare_special(jinja_parser *p, jinja_scope *scope, const char *text,
                            uint32_t *ret_slot)
{
    jinja_name *name = jinja_intern(p, creg_slice_of(text));
    jinja_ref *ref = jinja_scope_parameter(p, scope, name);
    if (ref == NULL)
        return false;
    *ret_slot = ref->slot;
    return true;
}

static jinja_parameter *find_parameter(const jinja_macro_def *def, const char *text)
{
    for (uint32_t i = 0; i < def->count; i++)
        if (creg_slice_equal(def->parameters[i].name->text, creg_slice_of(text)))
            return &def->parameters[i];
    return NULL;
}

/* caller, kwargs and varargs exist where the body mentions them. */
static bool declare_specials(jinja_parser *p, jinja_scope *scope, jinja_macro_def *def)
{
    const jinja_parameter *caller = find_parameter(def, "caller");
    def->names_caller = caller != NULL;
    if ((def->mentions & MENTION_CALLER) != 0) {
        if (caller != NULL && caller->value == NULL) {
            jinja_parse_fail(p, "TemplateAssertionError", def->line, caller->at,
                             "When defining macros or call blocks the special \"caller\" "
                             "argument must be omitted or be given a default.");
            return false;
        }
        def->takes_caller = true;
        if (caller == NULL && !declare_special(p, scope, "caller", &def->caller_slot))
            return false;
    }
    def->takes_kwargs =
        (def->mentions & MENTION_KWARGS) != 0 && find_parameter(def, "kwargs") == NULL;
    def->takes_varargs =
        (def->mentions & MENTION_VARARGS) != 0 && find_parameter(def, "varargs") == NULL;
    return (!def->takes_kwargs || declare_special(p, scope, "kwargs", &def->kwargs_slot)) &&
           (!def->takes_varargs || declare_special(p, scope, "varargs", &def->varargs_slot));
}

static bool declare_parameters(jinja_parser *p, jinja_scope *scope, jinja_macro_def *def)
{
    uint32_t list = ++p->name_lists;
    for (uint32_t i = 0; i < def->count; i++) {
        note_name(p, list, def->parameters[i].name, false, def->parameters[i].line,
                  def->parameters[i].at);
        jinja_ref *ref = jinja_scope_parameter(p, scope, def->parameters[i].name);
        if (ref == NULL)
            return false;
        def->parameters[i].slot = ref->slot;
    }
    for (uint32_t i = 0; i < def->count; i++)
        if (!jinja_visit_expression(p, scope, def->parameters[i].value))
            return false;
    return true;
}

static bool resolve_macro_def(jinja_parser *p, const frame *fr, jinja_macro_def *def)
{
    def->unit.outer = fr->scope->unit;
    fr->scope->unit->captured = true;
    jinja_scope *scope = jinja_scope_new(p, fr->scope, &def->unit);
    if (scope == NULL || !declare_parameters(p, scope, def) ||
        !declare_specials(p, scope, def) || !jinja_visit_body(p, scope, &def->unit.body))
        return false;
    frame inner = inner_frame(fr, scope);
    inner.check_extends = false;
    inner.in_loop = false;
    for (uint32_t i = 0; i < def->count; i++)
        if (!resolve_node(p, &inner, def->parameters[i].value))
            return false;
    return jinja_scope_finish(p, scope, &def->unit.scope) &&
           resolve_body(p, &inner, &def->unit.body);
}

static bool resolve_macro(jinja_parser *p, const frame *fr, jinja_stmt *stmt)
{
    stmt->toplevel = fr->toplevel;
    stmt->escape = (uint8_t)fr->escape;
    if (!resolve_macro_def(p, fr, stmt->as.macro.def))
        return false;
    if (stmt->kind == STMT_MACRO)
        return resolve_target(p, fr, stmt->as.macro.target);
    return resolve_node(p, fr, stmt->as.macro.call);
}

/* ---- blocks and other templates ------------------------------------------------------- */

static bool resolve_block_stmt(jinja_parser *p, const frame *fr, jinja_stmt *stmt)
{
    stmt->toplevel = fr->toplevel;
    stmt->as.block->unit.block_name = stmt->as.block->name;
    return !stmt->as.block->scoped || jinja_scope_locals(p, fr->scope, &stmt->as.block->locals);
}

static bool resolve_other(jinja_parser *p, const frame *fr, jinja_stmt *stmt)
{
    stmt->toplevel = fr->toplevel;
    if (stmt->kind == STMT_EXTENDS && !fr->toplevel) {
        jinja_parse_fail(p, "TemplateAssertionError", stmt->line, stmt->at,
                         "cannot use extend from a non top-level scope");
        return false;
    }
    if (!resolve_node(p, fr, stmt->as.other.name))
        return false;
    if (stmt->kind == STMT_IMPORT && !resolve_target(p, fr, stmt->as.other.target))
        return false;
    for (uint32_t i = 0; stmt->kind == STMT_FROM_IMPORT && i < stmt->as.other.count; i++)
        if (!resolve_target(p, fr, stmt->as.other.names[i].target))
            return false;
    return !stmt->as.other.with_context ||
           jinja_scope_locals(p, fr->scope, &stmt->as.other.locals);
}

static bool resolve_leave_loop(jinja_parser *p, const frame *fr, const jinja_stmt *stmt)
{
    if (fr->in_loop)
        return true;
    jinja_parse_fail(p, "SyntaxError", stmt->line, stmt->at,
                     stmt->kind == STMT_BREAK ? "'break' outside loop"
                                              : "'continue' not properly in loop");
    return false;
}

static bool resolve_set(jinja_parser *p, const frame *fr, jinja_stmt *stmt)
{
    stmt->toplevel = fr->toplevel;
    return resolve_node(p, fr, stmt->as.set.value) &&
           resolve_target(p, fr, stmt->as.set.target);
}

static bool resolve_stmt(jinja_parser *p, const frame *fr, jinja_stmt *stmt)
{
    stmt->cost = 1;
    stmt->exec = jinja_choose_exec(stmt);
    switch ((jinja_stmt_kind)stmt->kind) {
    case STMT_OUTPUT:
        stmt->escape = (uint8_t)fr->escape;
        if (!resolve_output(p, fr, stmt))
            return false;
        stmt->exec = jinja_choose_output(p->options, stmt);
        return true;
    case STMT_FOR:
        return resolve_for(p, fr, stmt);
    case STMT_IF:
        return resolve_if(p, fr, stmt);
    case STMT_SET:
        return resolve_set(p, fr, stmt);
    case STMT_SET_BLOCK:
        return resolve_set_block(p, fr, stmt);
    case STMT_FILTER_BLOCK:
        return resolve_filter_block(p, fr, stmt);
    case STMT_MACRO:
    case STMT_CALL_BLOCK:
        return resolve_macro(p, fr, stmt);
    case STMT_WITH:
        return resolve_with(p, fr, stmt);
    case STMT_AUTOESCAPE:
        return resolve_autoescape(p, fr, stmt);
    case STMT_BLOCK:
        return resolve_block_stmt(p, fr, stmt);
    case STMT_EXTENDS:
    case STMT_INCLUDE:
    case STMT_IMPORT:
    case STMT_FROM_IMPORT:
        return resolve_other(p, fr, stmt);
    case STMT_DO:
        return resolve_node(p, fr, stmt->as.node);
    case STMT_BREAK:
    case STMT_CONTINUE:
        return resolve_leave_loop(p, fr, stmt);
    case STMT_DEBUG:
        stmt->escape = (uint8_t)fr->escape;
        return true;
    }
    return true;
}

static bool resolve_body(jinja_parser *p, const frame *fr, const jinja_body *body)
{
    for (uint32_t i = 0; i < body->count; i++)
        if (!resolve_stmt(p, fr, body->items[i]))
            return false;
    return true;
}

/* ---- units ---------------------------------------------------------------------------- */

static int by_place(const void *left, const void *right)
{
    const jinja_stmt *a = *(const jinja_stmt *const *)left;
    const jinja_stmt *b = *(const jinja_stmt *const *)right;
    return a->at < b->at ? -1 : a->at > b->at;
}

static int by_name_and_place(const void *left, const void *right)
{
    const jinja_stmt *a = *(const jinja_stmt *const *)left;
    const jinja_stmt *b = *(const jinja_stmt *const *)right;
    if (a->as.block->name != b->as.block->name)
        return a->as.block->name < b->as.block->name ? -1 : 1;
    return by_place(left, right);
}

static bool check_blocks(jinja_parser *p, jinja_stmt **blocks, uint32_t count)
{
    qsort(blocks, count, sizeof(jinja_stmt *), by_name_and_place);
    const jinja_stmt *twice = NULL;
    for (uint32_t i = 1; i < count; i++)
        if (blocks[i]->as.block->name == blocks[i - 1]->as.block->name &&
            (twice == NULL || blocks[i]->at < twice->at))
            twice = blocks[i];
    qsort(blocks, count, sizeof(jinja_stmt *), by_place);
    if (twice == NULL)
        return true;
    jinja_parse_fail(p, "TemplateAssertionError", twice->line, twice->as.block->at,
                     "block '%.*s' defined twice", CREG_SHOW(twice->as.block->name->text));
    return false;
}

static bool resolve_unit(jinja_parser *p, frame *fr, jinja_unit *unit, uint8_t mentions,
                         bool has_super)
{
    unit->self_slot = unit->super_slot = JINJA_NO_SLOT;
    fr->scope = jinja_scope_new(p, NULL, unit);
    if (fr->scope == NULL)
        return false;
    if ((mentions & MENTION_SELF) != 0 &&
        !declare_special(p, fr->scope, "self", &unit->self_slot))
        return false;
    if (has_super && (mentions & MENTION_SUPER) != 0 &&
        !declare_special(p, fr->scope, "super", &unit->super_slot))
        return false;
    return jinja_visit_body(p, fr->scope, &unit->body) &&
           jinja_scope_finish(p, fr->scope, &unit->scope) && resolve_body(p, fr, &unit->body);
}

static jinja_escape_mode first_escape(const jinja_parser *p)
{
    return p->result->escapes ? ESCAPE_ON : ESCAPE_OFF;
}

static bool keep_lists(jinja_parser *p)
{
    jinja_template *result = p->result;
    result->others = (jinja_stmt **)jinja_vector_keep(p, &p->others);
    result->other_count = p->others.count;
    result->undeclared = (const jinja_name **)jinja_vector_keep(p, &p->undeclared);
    result->undeclared_count = p->undeclared.count;
    result->reads = (jinja_read **)jinja_vector_keep(p, &p->reads);
    result->read_count = p->reads.count;
    return p->status == CREG_OK;
}

bool jinja_resolve_template(jinja_parser *p, jinja_body body, uint8_t mentions)
{
    jinja_template *result = p->result;
    result->blocks = (jinja_stmt **)jinja_vector_keep(p, &p->blocks);
    result->block_count = p->blocks.count;
    if (result->blocks == NULL || !check_blocks(p, result->blocks, result->block_count))
        return false;
    result->root.body = body;
    frame root = {
        .toplevel = true, .check_extends = result->has_extends, .escape = first_escape(p)};
    if (!resolve_unit(p, &root, &result->root, mentions, false))
        return false;
    for (uint32_t i = 0; i < result->block_count; i++) {
        jinja_block *block = result->blocks[i]->as.block;
        frame fr = {.escape = first_escape(p)};
        if (!resolve_unit(p, &fr, &block->unit, block->mentions, true))
            return false;
    }
    return refuse_as_python(p) && keep_lists(p);
}

bool jinja_resolve_expression(jinja_parser *p, jinja_node *node)
{
    jinja_unit *unit = &p->result->root;
    unit->self_slot = unit->super_slot = JINJA_NO_SLOT;
    frame root = {.scope = jinja_scope_new(p, NULL, unit), .escape = first_escape(p)};
    return root.scope != NULL && jinja_visit_expression(p, root.scope, node) &&
           jinja_scope_finish(p, root.scope, &unit->scope) && resolve_node(p, &root, node) &&
           refuse_as_python(p) && keep_lists(p);
}
