/* SPDX-License-Identifier: MIT */
/*
 * Constants, while a template is compiled: what they come to takes their place.
 *
 * Jinja2 folds, too, and some of its answers come from there: see constant trees below.
 */
#include "jinja/fold.h"

#include <math.h>

#include "jinja/eval.h"
#include "value/integer.h"

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
static bool all_constant(jinja_escape_mode escape, jinja_node *const *nodes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!jinja_is_constant(escape, nodes[i]))
            return false;
    return true;
}

static bool is_constant_chain(jinja_escape_mode escape, const jinja_node *node)
{
    if (!jinja_is_constant(escape, node->as.chain.first))
        return false;
    for (uint32_t i = 0; i < node->as.chain.count; i++)
        if (!jinja_is_constant(escape, node->as.chain.rest[i].node))
            return false;
    return true;
}

/* Filters that ask for the context are never applied early. */
static bool is_early_filter(jinja_escape_mode escape, const jinja_node *node)
{
    static const char *const late[] = {"map",        "random", "reject",
                                       "rejectattr", "select", "selectattr"};
    const jinja_args *args = node->as.call.args;
    if (escape == ESCAPE_VOLATILE || node->as.call.builtin == NULL ||
        node->as.call.builtin->pack != 0 || args->splat != NULL || args->keyword_splat != NULL)
        return false;
    for (size_t i = 0; i < sizeof late / sizeof late[0]; i++)
        if (creg_slice_equal(node->as.call.name->text, creg_slice_of(late[i])))
            return false;
    for (uint32_t i = 0; i < args->keyword_count; i++)
        if (!jinja_is_constant(escape, args->keywords[i].value))
            return false;
    return jinja_is_constant(escape, node->as.call.subject) &&
           all_constant(escape, args->positional, args->count);
}

bool jinja_is_constant(jinja_escape_mode escape, const jinja_node *node)
{
    if (node == NULL)
        return true;
    switch ((jinja_node_kind)node->kind) {
    case NODE_CONST:
        return true;
    case NODE_LIST:
    case NODE_TUPLE:
        return all_constant(escape, node->as.list.items, node->as.list.count);
    case NODE_DICT:
        return all_constant(escape, node->as.list.items, node->as.list.count * 2);
    case NODE_NOT:
    case NODE_NEG:
    case NODE_POS:
    case NODE_COND:
        return jinja_is_constant(escape, node->as.operands.first) &&
               jinja_is_constant(escape, node->as.operands.second) &&
               jinja_is_constant(escape, node->as.operands.third);
    case NODE_BINARY:
    case NODE_AND:
    case NODE_OR:
    case NODE_COMPARE:
    case NODE_CONCAT:
        return is_constant_chain(escape, node);
    case NODE_GETATTR:
        return jinja_is_constant(escape, node->as.attribute.object);
    case NODE_GETITEM:
        return jinja_is_constant(escape, node->as.item.object) &&
               jinja_is_constant(escape, node->as.item.key);
    case NODE_SLICE:
        return jinja_is_constant(escape, node->as.slice.object) &&
               jinja_is_constant(escape, node->as.slice.start) &&
               jinja_is_constant(escape, node->as.slice.stop) &&
               jinja_is_constant(escape, node->as.slice.step);
    case NODE_FILTER:
    case NODE_TEST:
        return node->as.call.subject != NULL && is_early_filter(escape, node);
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

static bool fold_into(jinja_parser *p, jinja_escape_mode escape, jinja_node *into,
                      const jinja_node *node)
{
    creg_value value;
    if (!jinja_fold(p->engine, p->arena, node, escape == ESCAPE_ON, &value))
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
static void fold_beginning(jinja_parser *p, jinja_escape_mode escape, jinja_node *node)
{
    jinja_node *first = node->as.chain.first;
    uint32_t count = 0;
    while (count < node->as.chain.count &&
           jinja_is_constant(escape, node->as.chain.rest[count].node))
        count++;
    if (!is_const(first) || count == 0)
        return;
    jinja_node part = *node;
    part.as.chain.count = count;
    part.eval = jinja_choose_eval(&part);
    if (!fold_into(p, escape, first, &part))
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
static bool move_sign(jinja_parser *p, jinja_escape_mode escape, jinja_node *node)
{
    if (node->kind != NODE_BINARY || node->as.chain.rest[0].op != OP_POWER)
        return true;
    fold_beginning(p, escape, node);
    if (node->kind == NODE_CONST)
        return true;
    jinja_node *first = node->as.chain.first;
    if (!is_negative(first) || jinja_is_constant(escape, node->as.chain.rest[0].node))
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
    if (!fold_into(p, escape, &positive, sign))
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

static bool is_constant_sameas(jinja_escape_mode escape, const jinja_node *node)
{
    return node->kind == NODE_TEST && escape != ESCAPE_VOLATILE &&
           node->as.call.builtin != NULL && node->as.call.args->count == 1 &&
           node->as.call.args->keyword_count == 0 &&
           creg_slice_equal(node->as.call.name->text, creg_slice_of("sameas")) &&
           is_const(node->as.call.subject) && is_const(node->as.call.args->positional[0]);
}

/* While it compiles, Jinja2 joins constants with ~ as plain texts, Markup or not. */
static void fold_concat(jinja_parser *p, jinja_escape_mode escape, jinja_node *node)
{
    if (node->kind != NODE_CONCAT || node->escape != ESCAPE_ON ||
        !jinja_is_constant(escape, node))
        return;
    jinja_node plain = *node;
    plain.escape = ESCAPE_OFF;
    plain.eval = jinja_choose_eval(&plain);
    (void)fold_into(p, escape, node, &plain);
}

/* Of scalars and such lists: then it may stand there as if it had been written. */
static bool is_plain_list(const creg_list *list, int depth)
{
    for (size_t i = 0; i < list->size; i++) {
        creg_value item = list->items[i];
        bool is_plain = creg_value_is(item, CREG_KIND_LIST)
                            ? depth < 4 && is_plain_list(item.as.list, depth + 1)
                            : item.kind >= CREG_KIND_NONE && item.kind <= CREG_KIND_STRING;
        if (!is_plain)
            return false;
    }
    return true;
}

static bool become_list(jinja_parser *p, jinja_node *node, const creg_list *list)
{
    jinja_node **items = jinja_parse_alloc(p, list->size, sizeof *items);
    jinja_node *each = jinja_parse_alloc(p, list->size, sizeof *each);
    if (items == NULL || each == NULL)
        return false;
    for (size_t i = 0; i < list->size; i++) {
        each[i] = *node; /* the place */
        items[i] = &each[i];
        if (!creg_value_is(list->items[i], CREG_KIND_LIST))
            become_constant(&each[i], list->items[i]);
        else if (!become_list(p, &each[i], list->items[i].as.list))
            return false;
    }
    node->kind = NODE_LIST;
    node->as.list.items = items;
    node->as.list.count = (uint32_t)list->size;
    node->eval = jinja_choose_eval(node);
    return true;
}

/* What a filter makes of a constant slice: see constant trees above. */
static bool fold_list(jinja_parser *p, jinja_escape_mode escape, jinja_node *node)
{
    const creg_list *list;
    if (!p->folds_more || node->kind != NODE_FILTER || !jinja_is_constant(escape, node) ||
        !jinja_fold_list(p->engine, p->arena, node, escape == ESCAPE_ON, &list) ||
        !is_plain_list(list, 0))
        return true;
    return become_list(p, node, list);
}

/* A failing constant (1/0) is left alone: it fails when, and if, it is reached. */
bool jinja_fold_node(jinja_parser *p, jinja_escape_mode escape, jinja_node *node)
{
    if (is_constant_sameas(escape, node)) {
        bool same = is_one_object(node->as.call.subject->as.constant,
                                  node->as.call.args->positional[0]->as.constant);
        become_constant(node, creg_value_bool(same));
        return true;
    }
    if (node->kind == NODE_SLICE && jinja_is_constant(escape, node))
        p->folds_more = true;
    fold_concat(p, escape, node);
    if (can_fold(node) ||
        (p->folds_more && node->kind != NODE_CONST && jinja_is_constant(escape, node)))
        (void)fold_into(p, escape, node, node);
    return node->kind == NODE_CONST ||
           (fold_list(p, escape, node) && move_sign(p, escape, node));
}
