/* SPDX-License-Identifier: MIT */
/*
 * Expressions: one function for each kind of node, and faster ones for the shapes that real
 * templates are made of (a variable, a dotted name, an item by a constant key, one operator).
 */
#include "jinja/eval.h"

#include <string.h>

/* ---- names and constants -------------------------------------------------------------- */

static creg_status eval_const(jinja_state *st, const jinja_node *node, creg_value *ret_value)
{
    (void)st;
    *ret_value = node->as.constant;
    return CREG_OK;
}

static creg_status eval_name(jinja_state *st, const jinja_node *node, creg_value *ret_value)
{
    creg_value value = st->slots[node->slot];
    *ret_value = jinja_is_missing(value) ? node->as.name.undefined : value;
    return CREG_OK;
}

static creg_status eval_name_outer(jinja_state *st, const jinja_node *node,
                                   creg_value *ret_value)
{
    creg_value value = *jinja_slot(st, node->slot, node->up);
    *ret_value = jinja_is_missing(value) ? node->as.name.undefined : value;
    return CREG_OK;
}

/* ---- containers ----------------------------------------------------------------------- */

static creg_status eval_list(jinja_state *st, const jinja_node *node, creg_value *ret_value)
{
    creg_status status = jinja_charge(&st->run, node->as.list.count);
    if (status != CREG_OK)
        return status;
    creg_list *list = creg_list_new(st->run.arena, node->as.list.count);
    if (list == NULL)
        return jinja_fail_arena(&st->run);
    for (uint32_t i = 0; i < node->as.list.count; i++) {
        creg_value item;
        status = jinja_evaluate_node(st, node->as.list.items[i], &item);
        if (status != CREG_OK)
            return status;
        if (!creg_list_append(st->run.arena, list, item))
            return jinja_fail_arena(&st->run);
    }
    *ret_value = node->kind == NODE_LIST ? creg_value_list(list) : creg_value_tuple(list);
    return CREG_OK;
}

static creg_status eval_pair(jinja_state *st, const jinja_node *node, uint32_t index,
                             creg_map *map)
{
    creg_value key;
    creg_value value;
    creg_status status = jinja_evaluate_node(st, node->as.list.items[2 * index], &key);
    if (status == CREG_OK)
        status = jinja_evaluate_node(st, node->as.list.items[2 * index + 1], &value);
    if (status != CREG_OK)
        return status;
    if (key.kind == CREG_KIND_UNDEFINED && jinja_undefined_mode(key) == JINJA_UNDEFINED_STRICT)
        return jinja_at_node(st, node, jinja_fail_undefined(&st->run, key));
    if (!creg_value_hashable(key))
        return jinja_at_node(st, node,
                             jinja_fail(&st->run, "TypeError", "unhashable type: '%s'",
                                        creg_value_type_name(key)));
    return creg_map_set(st->run.arena, map, key, value) ? CREG_OK : jinja_fail_arena(&st->run);
}

static creg_status eval_dict(jinja_state *st, const jinja_node *node, creg_value *ret_value)
{
    creg_status status = jinja_charge(&st->run, node->as.list.count);
    if (status != CREG_OK)
        return status;
    creg_map *map = creg_map_new(st->run.arena, node->as.list.count);
    if (map == NULL)
        return jinja_fail_arena(&st->run);
    for (uint32_t i = 0; i < node->as.list.count && status == CREG_OK; i++)
        status = eval_pair(st, node, i, map);
    *ret_value = creg_value_map(map);
    return status;
}

/* ---- operators ------------------------------------------------------------------------ */

static creg_status apply(jinja_run *run, jinja_operator op, creg_value left, creg_value right,
                         creg_value *ret_value)
{
    switch (op) {
    case OP_ADD:
        return jinja_add(run, left, right, ret_value);
    case OP_SUBTRACT:
        return jinja_subtract(run, left, right, ret_value);
    case OP_MULTIPLY:
        return jinja_multiply(run, left, right, ret_value);
    case OP_DIVIDE:
        return jinja_divide(run, left, right, ret_value);
    case OP_FLOOR_DIVIDE:
        return jinja_floor_divide(run, left, right, ret_value);
    case OP_MODULO:
        return jinja_modulo(run, left, right, ret_value);
    default:
        return jinja_power(run, left, right, ret_value);
    }
}

/* Text of the template joined to text of the template is still its text. */
static void keep_trust(creg_value left, creg_value right, creg_value *value)
{
    if (value->kind == CREG_KIND_STRING && left.kind == CREG_KIND_STRING &&
        right.kind == CREG_KIND_STRING)
        value->flags |= left.flags & right.flags & CREG_STRING_TRUSTED;
}

static creg_status eval_binary(jinja_state *st, const jinja_node *node, creg_value *ret_value)
{
    creg_value left;
    creg_status status = jinja_charge(&st->run, node->as.chain.count);
    if (status == CREG_OK)
        status = jinja_evaluate_node(st, node->as.chain.first, &left);
    for (uint32_t i = 0; i < node->as.chain.count && status == CREG_OK; i++) {
        const jinja_operand *operand = &node->as.chain.rest[i];
        creg_value right;
        creg_value result;
        status = jinja_evaluate_node(st, operand->node, &right);
        if (status != CREG_OK)
            return status;
        status = jinja_at_node(st, node, apply(&st->run, operand->op, left, right, &result));
        if (status == CREG_OK && operand->op == OP_ADD)
            keep_trust(left, right, &result);
        left = result;
    }
    if (status == CREG_OK)
        *ret_value = left;
    return status;
}

/* a + b, a - b, a * b with small integers; everything else by the book. */
static creg_status eval_binary_one(jinja_state *st, const jinja_node *node,
                                   creg_value *ret_value)
{
    const jinja_operand *operand = node->as.chain.rest;
    creg_value left;
    creg_value right;
    creg_status status = jinja_evaluate_node(st, node->as.chain.first, &left);
    if (status == CREG_OK)
        status = jinja_evaluate_node(st, operand->node, &right);
    if (status == CREG_OK)
        status = jinja_charge(&st->run, 1);
    if (status != CREG_OK)
        return status;
    if (left.kind == CREG_KIND_INT && right.kind == CREG_KIND_INT) {
        int64_t result;
        bool overflow = operand->op == OP_ADD
                            ? __builtin_add_overflow(left.as.integer, right.as.integer, &result)
                        : operand->op == OP_SUBTRACT
                            ? __builtin_sub_overflow(left.as.integer, right.as.integer, &result)
                        : operand->op == OP_MULTIPLY
                            ? __builtin_mul_overflow(left.as.integer, right.as.integer, &result)
                            : true;
        if (!overflow) {
            *ret_value = creg_value_int(result);
            return CREG_OK;
        }
    }
    creg_value result;
    status = jinja_at_node(st, node, apply(&st->run, operand->op, left, right, &result));
    if (status != CREG_OK)
        return status;
    if (operand->op == OP_ADD)
        keep_trust(left, right, &result);
    *ret_value = result;
    return CREG_OK;
}

static creg_status compare(jinja_run *run, jinja_operator op, creg_value left, creg_value right,
                           bool *ret)
{
    creg_status status;
    if (left.kind == CREG_KIND_INT && right.kind == CREG_KIND_INT) {
        int64_t a = left.as.integer;
        int64_t b = right.as.integer;
        switch (op) {
        case OP_EQ:
            *ret = a == b;
            return CREG_OK;
        case OP_NE:
            *ret = a != b;
            return CREG_OK;
        case OP_LT:
            *ret = a < b;
            return CREG_OK;
        case OP_LE:
            *ret = a <= b;
            return CREG_OK;
        case OP_GT:
            *ret = a > b;
            return CREG_OK;
        case OP_GE:
            *ret = a >= b;
            return CREG_OK;
        default:
            break;
        }
    }
    switch (op) {
    case OP_EQ:
        return jinja_equal(run, left, right, ret);
    case OP_NE:
        status = jinja_equal(run, left, right, ret);
        *ret = !*ret;
        return status;
    case OP_LT:
        return jinja_compare(run, JINJA_LESS, left, right, ret);
    case OP_LE:
        return jinja_compare(run, JINJA_LESS_EQUAL, left, right, ret);
    case OP_GT:
        return jinja_compare(run, JINJA_GREATER, left, right, ret);
    case OP_GE:
        return jinja_compare(run, JINJA_GREATER_EQUAL, left, right, ret);
    case OP_IN:
        return jinja_contains(run, right, left, ret);
    default:
        status = jinja_contains(run, right, left, ret);
        *ret = !*ret;
        return status;
    }
}

/* a < b < c: b is evaluated once, and nothing behind the first false. */
static creg_status eval_compare(jinja_state *st, const jinja_node *node, creg_value *ret_value)
{
    creg_value left;
    bool truth = true;
    creg_status status = jinja_charge(&st->run, node->as.chain.count);
    if (status == CREG_OK)
        status = jinja_evaluate_node(st, node->as.chain.first, &left);
    for (uint32_t i = 0; i < node->as.chain.count && status == CREG_OK && truth; i++) {
        const jinja_operand *operand = &node->as.chain.rest[i];
        creg_value right;
        truth = false;
        status = jinja_evaluate_node(st, operand->node, &right);
        if (status != CREG_OK)
            return status;
        status = jinja_at_node(st, node, compare(&st->run, operand->op, left, right, &truth));
        left = right;
    }
    if (status == CREG_OK)
        *ret_value = creg_value_bool(truth);
    return status;
}

static creg_status eval_and_or(jinja_state *st, const jinja_node *node, creg_value *ret_value)
{
    bool stop_at = node->kind == NODE_OR;
    creg_value value;
    creg_status status = jinja_evaluate_node(st, node->as.chain.first, &value);
    for (uint32_t i = 0; i < node->as.chain.count && status == CREG_OK; i++) {
        bool truth;
        status = jinja_at_node(st, node, jinja_truthy(&st->run, value, &truth));
        if (status != CREG_OK)
            return status;
        if (truth == stop_at)
            break;
        status = jinja_evaluate_node(st, node->as.chain.rest[i].node, &value);
    }
    if (status == CREG_OK)
        *ret_value = value;
    return status;
}

static creg_status eval_not(jinja_state *st, const jinja_node *node, creg_value *ret_value)
{
    creg_value value;
    bool truth;
    creg_status status = jinja_evaluate_node(st, node->as.operands.first, &value);
    if (status != CREG_OK)
        return status;
    status = jinja_at_node(st, node, jinja_truthy(&st->run, value, &truth));
    if (status == CREG_OK)
        *ret_value = creg_value_bool(!truth);
    return status;
}

static creg_status eval_sign(jinja_state *st, const jinja_node *node, creg_value *ret_value)
{
    creg_value value;
    creg_value result;
    creg_status status = jinja_evaluate_node(st, node->as.operands.first, &value);
    if (status != CREG_OK)
        return status;
    status = node->kind == NODE_NEG ? jinja_negate(&st->run, value, &result)
                                    : jinja_positive(&st->run, value, &result);
    if (status == CREG_OK)
        *ret_value = result;
    return jinja_at_node(st, node, status);
}

/* Always Jinja2's plain Undefined, even when the engine is strict. */
static creg_value no_else(jinja_state *st, const jinja_node *node)
{
    creg_slice name = st->owner == NULL ? creg_slice_make("", 0) : st->owner->name;
    creg_text hint;
    creg_slice text;
    creg_text_init(&hint, st->run.arena, CREG_ERROR_MESSAGE_SIZE);
    creg_text_format(&hint, "the inline if-expression on line %u", (unsigned)node->line);
    if (name.size > 0)
        creg_text_format(&hint, " in '%.*s'", CREG_SHOW(name));
    creg_text_string(&hint, " evaluated to false and no else section was defined.");
    if (creg_text_finish(&hint, &text, NULL) != CREG_OK)
        text = creg_slice_of("the inline if-expression has no else");
    return jinja_make_lenient(&st->run, text);
}

static creg_status eval_condition(jinja_state *st, const jinja_node *node,
                                  creg_value *ret_value)
{
    creg_value test;
    bool truth;
    creg_status status = jinja_evaluate_node(st, node->as.operands.first, &test);
    if (status != CREG_OK)
        return status;
    status = jinja_at_node(st, node, jinja_truthy(&st->run, test, &truth));
    if (status != CREG_OK)
        return status;
    if (truth)
        return jinja_evaluate_node(st, node->as.operands.second, ret_value);
    if (node->as.operands.third != NULL)
        return jinja_evaluate_node(st, node->as.operands.third, ret_value);
    *ret_value = no_else(st, node);
    return CREG_OK;
}

/* ---- ~ -------------------------------------------------------------------------------- */

static creg_status append_joined(jinja_state *st, creg_text *text, creg_value value,
                                 bool escapes)
{
    creg_value part;
    creg_status status = escapes ? jinja_escape(&st->run, value, &part)
                                 : jinja_str_value(&st->run, value, &part);
    if (status == CREG_OK)
        creg_text_slice(text, creg_value_text(part));
    return status;
}

static const jinja_node *operand_node(const jinja_node *node, uint32_t index)
{
    return index == 0 ? node->as.chain.first : node->as.chain.rest[index - 1].node;
}

/* With autoescape, one Markup among the operands makes the others be escaped. */
static creg_status join(jinja_state *st, const jinja_node *node, const creg_value *values,
                        uint32_t count, creg_value *ret_value)
{
    bool markup = false;
    uint8_t trusted = CREG_STRING_TRUSTED;
    for (uint32_t i = 0; i < count; i++) {
        bool is_string = values[i].kind == CREG_KIND_STRING;
        markup = markup || (is_string && (values[i].flags & CREG_STRING_MARKUP) != 0);
        /* A number or a boolean brings no text of the data either. */
        if (is_string
                ? (values[i].flags & CREG_STRING_TRUSTED) == 0
                : values[i].kind == CREG_KIND_UNDEFINED || values[i].kind > CREG_KIND_NUMBER)
            trusted = 0;
    }
    bool escapes = node->escape == ESCAPE_ON && markup;
    creg_text text;
    jinja_text_init(&st->run, &text);
    for (uint32_t i = 0; i < count; i++) {
        creg_status status = append_joined(st, &text, values[i], escapes);
        if (status != CREG_OK)
            return jinja_at_node(st, node, status);
    }
    creg_status status = jinja_text_value(&st->run, &text, ret_value);
    if (status == CREG_OK)
        ret_value->flags |= (uint8_t)(trusted | (escapes ? CREG_STRING_MARKUP : 0));
    return status;
}

static creg_status eval_concat(jinja_state *st, const jinja_node *node, creg_value *ret_value)
{
    creg_value local[4];
    creg_value *values = local;
    uint32_t count = node->as.chain.count + 1;
    creg_status status = jinja_charge(&st->run, count);
    if (status == CREG_OK && count > sizeof local / sizeof local[0]) {
        values = creg_arena_calloc(st->run.arena, count, sizeof *values);
        if (values == NULL)
            return jinja_fail_arena(&st->run);
    }
    for (uint32_t i = 0; i < count && status == CREG_OK; i++)
        status = jinja_evaluate_node(st, operand_node(node, i), &values[i]);
    return status == CREG_OK ? join(st, node, values, count, ret_value) : status;
}

/* ---- look-ups ------------------------------------------------------------------------- */

static creg_status eval_attribute(jinja_state *st, const jinja_node *node,
                                  creg_value *ret_value)
{
    creg_value object;
    creg_status status = jinja_evaluate_node(st, node->as.attribute.object, &object);
    if (status == CREG_OK)
        status = jinja_charge(&st->run, 1);
    if (status != CREG_OK)
        return status;
    creg_slice name = node->as.attribute.name->text;
    if (node->use && object.kind == CREG_KIND_MAP) {
        const creg_value *found = creg_map_get_text(object.as.map, name);
        *ret_value = found != NULL
                         ? *found
                         : jinja_make_undefined_in(&st->run, object, creg_value_string(name));
        return CREG_OK;
    }
    return jinja_at_node(st, node, jinja_get_attribute(&st->run, object, name, ret_value));
}

static creg_status eval_item(jinja_state *st, const jinja_node *node, creg_value *ret_value)
{
    creg_value object;
    creg_value key;
    creg_status status = jinja_evaluate_node(st, node->as.item.object, &object);
    if (status == CREG_OK)
        status = jinja_evaluate_node(st, node->as.item.key, &key);
    if (status == CREG_OK)
        status = jinja_charge(&st->run, 1);
    if (status != CREG_OK)
        return status;
    return jinja_at_node(st, node, jinja_get_item(&st->run, object, key, ret_value));
}

/* object['key'] with the key in the template */
static creg_status eval_item_text(jinja_state *st, const jinja_node *node,
                                  creg_value *ret_value)
{
    creg_value object;
    creg_status status = jinja_evaluate_node(st, node->as.item.object, &object);
    if (status == CREG_OK)
        status = jinja_charge(&st->run, 1);
    if (status != CREG_OK)
        return status;
    creg_value key = node->as.item.key->as.constant;
    if (object.kind == CREG_KIND_MAP) {
        const creg_value *found = creg_map_get_text(object.as.map, creg_value_text(key));
        if (found != NULL) {
            *ret_value = *found;
            return CREG_OK;
        }
    }
    return jinja_at_node(st, node, jinja_get_item(&st->run, object, key, ret_value));
}

static creg_status eval_part(jinja_state *st, const jinja_node *node, creg_value *ret_value)
{
    if (node != NULL)
        return jinja_evaluate_node(st, node, ret_value);
    *ret_value = creg_value_none();
    return CREG_OK;
}

/* slice(1, None, None), as DebugUndefined prints the key that was not found. */
typedef struct slice_key {
    creg_object base;
    creg_value parts[3];
} slice_key;

static creg_status print_slice(const creg_object *object, bool as_repr, creg_arena *arena,
                               creg_slice *ret_text, creg_error *err)
{
    const slice_key *key = (const slice_key *)(const void *)object;
    creg_text text;
    (void)as_repr;
    creg_text_init(&text, arena, SIZE_MAX);
    for (size_t i = 0; i < 3; i++) {
        creg_slice part;
        creg_status status = creg_value_repr(key->parts[i], arena, &part, err);
        if (status != CREG_OK)
            return status;
        creg_text_format(&text, "%s%.*s", i == 0 ? "slice(" : ", ", CREG_SHOW(part));
    }
    creg_text_byte(&text, ')');
    return creg_text_finish(&text, ret_text, err);
}

static const jinja_class slice_class = {.base = {.type_name = "slice", .print = print_slice}};

static creg_status refused_slice(jinja_state *st, creg_value object, creg_value start,
                                 creg_value stop, creg_value step, creg_value *ret_value)
{
    slice_key *key = creg_arena_new(st->run.arena, slice_key);
    if (key == NULL)
        return jinja_fail_arena(&st->run);
    *key = (slice_key){.base = {&slice_class.base}, .parts = {start, stop, step}};
    *ret_value = jinja_make_undefined_in(&st->run, object, creg_value_object(&key->base));
    return CREG_OK;
}

static creg_status eval_slice(jinja_state *st, const jinja_node *node, creg_value *ret_value)
{
    creg_value object, start, stop, step;
    creg_status status = jinja_evaluate_node(st, node->as.slice.object, &object);
    if (status == CREG_OK)
        status = eval_part(st, node->as.slice.start, &start);
    if (status == CREG_OK)
        status = eval_part(st, node->as.slice.stop, &stop);
    if (status == CREG_OK)
        status = eval_part(st, node->as.slice.step, &step);
    if (status != CREG_OK)
        return status;
    status = jinja_slice(&st->run, object, start, stop, step, ret_value);
    if (status == CREG_TEMPLATE_RUNTIME && st->folding && object.kind != CREG_KIND_UNDEFINED &&
        !(step.kind == CREG_KIND_INT && step.as.integer == 0))
        return refused_slice(st, object, start, stop, step, ret_value);
    return jinja_at_node(st, node, status);
}

static creg_status eval_mark_safe(jinja_state *st, const jinja_node *node,
                                  creg_value *ret_value)
{
    creg_status status = jinja_evaluate_node(st, node->as.operands.first, ret_value);
    if (status == CREG_OK && st->run.autoescape && ret_value->kind == CREG_KIND_STRING)
        ret_value->flags |= CREG_STRING_MARKUP;
    return status;
}

/* ---- which function? ------------------------------------------------------------------ */

static bool has_text_key(const jinja_node *node)
{
    return node->as.item.key->kind == NODE_CONST &&
           node->as.item.key->as.constant.kind == CREG_KIND_STRING;
}

jinja_eval jinja_choose_eval(jinja_node *node)
{
    switch ((jinja_node_kind)node->kind) {
    case NODE_CONST:
        return eval_const;
    case NODE_NAME:
    case NODE_NSREF:
        return node->up == 0 ? eval_name : eval_name_outer;
    case NODE_LIST:
    case NODE_TUPLE:
        return eval_list;
    case NODE_DICT:
        return eval_dict;
    case NODE_NOT:
        return eval_not;
    case NODE_NEG:
    case NODE_POS:
        return eval_sign;
    case NODE_BINARY:
        return node->as.chain.count == 1 ? eval_binary_one : eval_binary;
    case NODE_AND:
    case NODE_OR:
        return eval_and_or;
    case NODE_COMPARE:
        return eval_compare;
    case NODE_CONCAT:
        return eval_concat;
    case NODE_COND:
        return eval_condition;
    case NODE_GETATTR:
        return node->detail != LOOP_OTHER ? jinja_eval_loop_attribute : eval_attribute;
    case NODE_GETITEM:
        return has_text_key(node) ? eval_item_text : eval_item;
    case NODE_SLICE:
        return eval_slice;
    case NODE_CALL:
        return node->as.call.subject->kind == NODE_GETATTR ? jinja_eval_call_method
                                                           : jinja_eval_call;
    case NODE_FILTER:
        return node->as.call.plan != NULL ? jinja_eval_filter_planned : jinja_eval_filter;
    case NODE_TEST:
        return node->as.call.plan != NULL ? jinja_eval_test_planned : jinja_eval_test;
    case NODE_MARK_SAFE:
        return eval_mark_safe;
    }
    return eval_const;
}

/* ---- while compiling ------------------------------------------------------------------ */

/* A constant may not make the tree large: 'x' * 1000000 waits for the render. */
static bool evaluate_early(jinja_state *st, jinja_engine *engine, creg_arena *arena,
                           const jinja_node *node, bool escapes, creg_value *ret_value)
{
    enum { FOLD_FUEL = 1000, FOLD_BYTES = 4096 };
    *st = (jinja_state){.run = {.arena = arena,
                                .engine = engine,
                                .options = &engine->options,
                                .limits = engine->limits,
                                .fuel = FOLD_FUEL},
                        .stack_base = (const char *)st,
                        .folding = true,
                        .context_is_ours = true};
    st->run.limits.memory_bytes = FOLD_BYTES;
    st->run.autoescape = escapes; /* xmlattr and others give Markup then */
    return node->eval(st, node, ret_value) == CREG_OK;
}

bool jinja_fold(jinja_engine *engine, creg_arena *arena, const jinja_node *node, bool escapes,
                creg_value *ret_value)
{
    jinja_state st;
    creg_value value;
    if (!evaluate_early(&st, engine, arena, node, escapes, &value))
        return false;
    switch ((creg_kind)value.kind) {
    case CREG_KIND_OBJECT:
    case CREG_KIND_UNDEFINED:
    case CREG_KIND_LIST: /* a list or map is made anew each time: a method may change it */
    case CREG_KIND_MAP:
    case CREG_KIND_SET:
        return false;
    default:
        *ret_value = value;
        return true;
    }
}

bool jinja_fold_list(jinja_engine *engine, creg_arena *arena, const jinja_node *node,
                     bool escapes, const creg_list **ret_list)
{
    jinja_state st;
    creg_value value;
    if (!evaluate_early(&st, engine, arena, node, escapes, &value) ||
        value.kind != CREG_KIND_LIST)
        return false;
    *ret_list = value.as.list;
    return true;
}

bool jinja_fold_undefined(jinja_engine *engine, creg_arena *arena, const jinja_node *node,
                          bool escapes, creg_error *err)
{
    jinja_state st;
    creg_value value;
    if (!evaluate_early(&st, engine, arena, node, escapes, &value) ||
        !jinja_is_strict_undefined(value))
        return false;
    st.run.err = err;
    (void)jinja_fail_undefined(&st.run, value);
    return true;
}

bool jinja_fold_truth(jinja_engine *engine, creg_arena *arena, const jinja_node *node,
                      bool escapes, bool *ret_truth)
{
    jinja_state st;
    creg_value value;
    return evaluate_early(&st, engine, arena, node, escapes, &value) &&
           jinja_truthy(&st.run, value, ret_truth) == CREG_OK;
}

bool jinja_fold_text(jinja_engine *engine, creg_arena *arena, const jinja_node *node,
                     bool escapes, creg_slice *ret_text)
{
    jinja_state st;
    creg_value value;
    creg_value text;
    if (!evaluate_early(&st, engine, arena, node, escapes, &value))
        return false;
    creg_status status =
        escapes ? jinja_escape(&st.run, value, &text) : jinja_str_value(&st.run, value, &text);
    *ret_text = creg_value_text(text);
    return status == CREG_OK;
}
