/* SPDX-License-Identifier: MIT */
/*
 * Names and expressions, while a template is compiled: see resolve.h.
 */
#include "jinja/resolve.h"

#include "jinja/eval.h"
#include "jinja/fold.h"

/* ---- names ---------------------------------------------------------------------------- */

/* For the list of all that a strict render misses. */
static bool note_read(jinja_parser *p, const jinja_static_frame *fr, const jinja_node *node)
{
    jinja_read *read = jinja_parse_alloc(p, 1, sizeof *read);
    if (read == NULL)
        return false;
    *read = (jinja_read){.node = node, .guarded = fr->guarded};
    return jinja_vector_push(p, &p->reads, read);
}

static bool resolve_slot(jinja_parser *p, const jinja_static_frame *fr, jinja_node *node,
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

bool jinja_resolve_target(jinja_parser *p, const jinja_static_frame *fr, jinja_node *node)
{
    if (node->kind == NODE_NAME)
        return resolve_slot(p, fr, node, node->as.name.name);
    if (node->kind == NODE_NSREF)
        return resolve_slot(p, fr, node, node->as.nsref.name);
    for (uint32_t i = 0; i < node->as.list.count; i++)
        if (!jinja_resolve_target(p, fr, node->as.list.items[i]))
            return false;
    return true;
}

/* ---- expressions ---------------------------------------------------------------------- */

static bool resolve_all(jinja_parser *p, const jinja_static_frame *fr, jinja_node **nodes,
                        uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!jinja_resolve_node(p, fr, nodes[i]))
            return false;
    return true;
}

static bool resolve_chain(jinja_parser *p, const jinja_static_frame *fr, jinja_node *node)
{
    if (!jinja_resolve_node(p, fr, node->as.chain.first))
        return false;
    for (uint32_t i = 0; i < node->as.chain.count; i++)
        if (!jinja_resolve_node(p, fr, node->as.chain.rest[i].node))
            return false;
    return true;
}

/* Note that a list holds a name; `list` is its number. */
void jinja_note_in_list(jinja_parser *p, uint32_t list, const jinja_name *name, bool keyword,
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
        jinja_note_in_list(p, list, args->keywords[i].name, true, args->keywords[i].value->line,
                           args->keywords[i].value->at);
}

/* What Jinja2 lets pass and Python's compiler then refuses. */
bool jinja_refuse_as_python(jinja_parser *p)
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

static bool resolve_arguments(jinja_parser *p, const jinja_static_frame *fr,
                              const jinja_args *args)
{
    note_keywords(p, args);
    if (!resolve_all(p, fr, args->positional, args->count))
        return false;
    for (uint32_t i = 0; i < args->keyword_count; i++)
        if (!jinja_resolve_node(p, fr, args->keywords[i].value))
            return false;
    return jinja_resolve_node(p, fr, args->splat) &&
           jinja_resolve_node(p, fr, args->keyword_splat);
}

/* The row of a filter or test, or the host's; unknown ones wait when the frame is soft. */
static bool find_callee(jinja_parser *p, const jinja_static_frame *fr, jinja_node *node)
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

static bool resolve_filter_or_test(jinja_parser *p, const jinja_static_frame *fr,
                                   jinja_node *node)
{
    jinja_static_frame inner = *fr;
    inner.guarded = fr->guarded || expects_undefined(node->as.call.name);
    node->escape = (uint8_t)fr->escape;
    return find_callee(p, fr, node) && jinja_resolve_node(p, &inner, node->as.call.subject) &&
           resolve_arguments(p, fr, node->as.call.args) && plan_call(p, node);
}

static bool resolve_call(jinja_parser *p, const jinja_static_frame *fr, jinja_node *node)
{
    const jinja_node *subject = node->as.call.subject;
    if (subject->kind == NODE_GETATTR && subject->as.attribute.name->changes)
        p->result->changes = true;
    if (subject->kind == NODE_NAME) /* a guess, checked when it is called: range, joiner ... */
        node->as.call.builtin =
            jinja_find_builtin(p->engine, JINJA_FUNCTIONS, subject->as.name.name->text);
    return jinja_resolve_node(p, fr, node->as.call.subject) &&
           resolve_arguments(p, fr, node->as.call.args) && plan_call(p, node);
}

static bool note_item(jinja_parser *p, const jinja_static_frame *fr, const jinja_node *node)
{
    const jinja_node *object =
        node->kind == NODE_GETATTR ? node->as.attribute.object : node->as.item.object;
    bool constant = node->kind == NODE_GETATTR || node->as.item.key->kind == NODE_CONST;
    return !constant || object->kind != NODE_NAME || note_read(p, fr, node);
}

static bool resolve_attribute(jinja_parser *p, const jinja_static_frame *fr, jinja_node *node)
{
    const jinja_node *object = node->as.attribute.object;
    creg_slice name = node->as.attribute.name->text;
    bool on_loop = object->kind == NODE_NAME && object->as.name.name->mention == MENTION_LOOP;
    node->detail = on_loop ? jinja_loop_attribute_of(name) : 0;
    /* Of no dict an attribute: then `.name` on a map is a plain look-up. */
    creg_value map = creg_value_map(NULL);
    node->use = jinja_find_method(map, name) == NULL && name.data[0] != '_';
    return jinja_resolve_node(p, fr, node->as.attribute.object) && note_item(p, fr, node);
}

/*
 * Jinja2 asks constants for their truth, and joins them, while it compiles. Of one that is
 * strictly undefined that fails, whether it is ever reached or not.
 */
static bool refuse_undefined(jinja_parser *p, const jinja_static_frame *fr,
                             const jinja_node *node)
{
    creg_error error = {0};
    if (p->engine->options.undefined != JINJA_UNDEFINED_STRICT ||
        fr->escape == ESCAPE_VOLATILE || /* then Jinja2 folds nothing */
        !jinja_is_constant(fr->escape, node) ||
        !jinja_fold_undefined(p->engine, p->arena, node, fr->escape == ESCAPE_ON, &error))
        return true;
    jinja_parse_fail(p, "UndefinedError", node->line, node->at, "%s", error.message);
    p->status = CREG_TEMPLATE_UNDEFINED;
    if (p->err != NULL)
        p->err->status = CREG_TEMPLATE_UNDEFINED;
    return false;
}

static bool refuse_undefined_parts(jinja_parser *p, const jinja_static_frame *fr,
                                   const jinja_node *node)
{
    const jinja_node *part = node->as.chain.first;
    creg_slice text;
    for (uint32_t i = 0; jinja_is_constant(fr->escape, part); i++) {
        if (!refuse_undefined(p, fr, part))
            return false;
        if (i == node->as.chain.count ||
            !jinja_fold_text(p->engine, p->arena, part, false, &text)) /* it fails first */
            break;
        part = node->as.chain.rest[i].node;
    }
    return true;
}

/*
 * `a and b` with a constant a that is false is a, `a or b` with a true one too. Jinja2 finds that
 * before it looks at b, so that a filter there need not exist.
 */
static bool resolve_logic(jinja_parser *p, const jinja_static_frame *fr, jinja_node *node)
{
    jinja_node *operand = node->as.chain.first;
    bool settled = fr->escape != ESCAPE_VOLATILE; /* by all operands so far */
    for (uint32_t i = 0;; operand = node->as.chain.rest[i++].node) {
        bool truth;
        if (!jinja_resolve_node(p, fr, operand))
            return false;
        if (settled && i < node->as.chain.count && !refuse_undefined(p, fr, operand))
            return false;
        settled =
            settled && jinja_is_constant(fr->escape, operand) &&
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
static bool is_settled_false(jinja_parser *p, const jinja_static_frame *fr, jinja_node *node,
                             uint32_t last)
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
static bool resolve_compare(jinja_parser *p, const jinja_static_frame *fr, jinja_node *node)
{
    if (!jinja_resolve_node(p, fr, node->as.chain.first))
        return false;
    bool settled =
        fr->escape != ESCAPE_VOLATILE && jinja_is_constant(fr->escape, node->as.chain.first);
    for (uint32_t i = 0; i < node->as.chain.count; i++) {
        if (!jinja_resolve_node(p, fr, node->as.chain.rest[i].node))
            return false;
        settled = settled && jinja_is_constant(fr->escape, node->as.chain.rest[i].node);
        if (settled && i + 1 < node->as.chain.count && is_settled_false(p, fr, node, i))
            return true;
    }
    return true;
}

static bool resolve_condition(jinja_parser *p, const jinja_static_frame *fr, jinja_node *node)
{
    jinja_static_frame soft = *fr;
    soft.soft = true;
    return jinja_resolve_node(p, &soft, node->as.operands.second) &&
           jinja_resolve_node(p, &soft, node->as.operands.first) &&
           refuse_undefined(p, fr, node->as.operands.first) &&
           jinja_resolve_node(p, &soft, node->as.operands.third);
}

static bool resolve_children(jinja_parser *p, const jinja_static_frame *fr, jinja_node *node)
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
        return jinja_resolve_node(p, fr, node->as.operands.first);
    case NODE_COND:
        return resolve_condition(p, fr, node);
    case NODE_CONCAT:
        node->escape = (uint8_t)fr->escape;
        return resolve_chain(p, fr, node) && refuse_undefined_parts(p, fr, node);
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
        return jinja_resolve_node(p, fr, node->as.item.object) &&
               jinja_resolve_node(p, fr, node->as.item.key) && note_item(p, fr, node);
    case NODE_SLICE:
        return jinja_resolve_node(p, fr, node->as.slice.object) &&
               jinja_resolve_node(p, fr, node->as.slice.start) &&
               jinja_resolve_node(p, fr, node->as.slice.stop) &&
               jinja_resolve_node(p, fr, node->as.slice.step);
    case NODE_CALL:
        return resolve_call(p, fr, node);
    case NODE_FILTER:
    case NODE_TEST:
        return resolve_filter_or_test(p, fr, node);
    }
    return true;
}

/* NULL is fine: what is not there needs nothing. */
bool jinja_resolve_node(jinja_parser *p, const jinja_static_frame *fr, jinja_node *node)
{
    if (node == NULL)
        return true;
    if (!resolve_children(p, fr, node))
        return false;
    node->eval = jinja_choose_eval(node);
    return jinja_fold_node(p, fr->escape, node);
}
