/* SPDX-License-Identifier: MIT */
/*
 * {% for %}, the `loop` variable, loop filters and recursive loops.
 *
 * A loop that never mentions `loop` walks a plain iterator. One that does has a loop object,
 * made once for the whole loop; asking it for last, nextitem or length reads ahead, as
 * Jinja2's does.
 */
#include "jinja/eval.h"

#include <string.h>
#include <time.h>

#include "base/interrupt.h"

enum { TURNS_A_LOOK = 64 }; /* at the clock, which costs as much as a turn */

typedef struct loop_object {
    creg_object base;
    jinja_state *st;
    const jinja_stmt *stmt;
    jinja_frame *outer; /* recursive: the frame that the loop's unit stands in */
    jinja_context *context;
    const jinja_template *owner;
    jinja_iterator iterator;
    creg_value iterable;
    int64_t index0;   /* -1 before the first turn */
    int64_t length;   /* -1: not known yet */
    creg_value after; /* read ahead; MISSING: nothing is */
    creg_value before, current;
    creg_value last_changed; /* MISSING: changed() was not called */
    uint32_t depth0;
} loop_object;

static const jinja_class loop_class;

/* ---- walking -------------------------------------------------------------------------- */

static creg_status step(loop_object *loop, creg_value *ret_item, bool *ret_more)
{
    if (!jinja_is_missing(loop->after)) {
        *ret_item = loop->after;
        *ret_more = true;
        loop->after = jinja_missing();
    } else {
        creg_status status = jinja_next(&loop->st->run, &loop->iterator, ret_item, ret_more);
        if (status != CREG_OK || !*ret_more)
            return status;
    }
    loop->index0++;
    loop->before = loop->current;
    loop->current = *ret_item;
    return CREG_OK;
}

static creg_status peek(loop_object *loop, creg_value *ret_item, bool *ret_more)
{
    creg_status status = CREG_OK;
    *ret_more = true;
    if (jinja_is_missing(loop->after))
        status = jinja_next(&loop->st->run, &loop->iterator, &loop->after, ret_more);
    if (status == CREG_OK && !*ret_more)
        loop->after = jinja_missing();
    *ret_item = loop->after;
    return status;
}

/* What has no length is read to its end first. */
static creg_status find_length(loop_object *loop)
{
    if (loop->length >= 0)
        return CREG_OK;
    jinja_run *run = &loop->st->run;
    size_t length;
    bool lazy = loop->iterable.kind == CREG_KIND_OBJECT &&
                jinja_class_of(loop->iterable)->length == NULL;
    if (!lazy) {
        creg_status status = jinja_length(run, loop->iterable, &length);
        loop->length = (int64_t)length;
        return status;
    }
    creg_list *rest = creg_list_new(run->arena, 8);
    if (rest == NULL)
        return jinja_fail_arena(run);
    for (;;) {
        creg_value item;
        bool more;
        creg_status status = jinja_next(run, &loop->iterator, &item, &more);
        if (status != CREG_OK)
            return status;
        if (!more)
            break;
        if (!creg_list_append(run->arena, rest, item))
            return jinja_fail_arena(run);
    }
    loop->length = (int64_t)rest->size + loop->index0 + 1 + !jinja_is_missing(loop->after);
    return jinja_iterate(run, creg_value_list(rest), &loop->iterator);
}

/* ---- attributes ----------------------------------------------------------------------- */

uint8_t jinja_loop_attribute_of(creg_slice name)
{
    static const char *const names[] = {
        [LOOP_INDEX] = "index",       [LOOP_INDEX0] = "index0",
        [LOOP_REVINDEX] = "revindex", [LOOP_REVINDEX0] = "revindex0",
        [LOOP_FIRST] = "first",       [LOOP_LAST] = "last",
        [LOOP_LENGTH] = "length",     [LOOP_DEPTH] = "depth",
        [LOOP_DEPTH0] = "depth0",     [LOOP_PREVITEM] = "previtem",
        [LOOP_NEXTITEM] = "nextitem", [LOOP_CYCLE] = "cycle",
        [LOOP_CHANGED] = "changed",
    };
    for (int i = LOOP_INDEX; i <= LOOP_CHANGED; i++)
        if (creg_slice_equal(name, creg_slice_of(names[i])))
            return (uint8_t)i;
    return LOOP_OTHER;
}

typedef struct loop_method {
    creg_object base;
    loop_object *loop;
} loop_method;

static creg_status call_cycle(jinja_run *run, creg_object *object, const creg_value *positional,
                              size_t count, const creg_entry *keywords, size_t keyword_count,
                              creg_value *ret_value)
{
    const loop_object *loop = ((loop_method *)(void *)object)->loop;
    if (keyword_count > 0)
        return jinja_fail(run, "TypeError",
                          "LoopContext.cycle() got an unexpected keyword argument '%.*s'",
                          CREG_SHOW(creg_value_text(keywords[0].key)));
    if (count == 0)
        return jinja_fail(run, "TypeError", "no items for cycling given");
    *ret_value = positional[(size_t)loop->index0 % count];
    return CREG_OK;
}

/* Item by item: an undefined name is another value in each turn, and is asked. */
static creg_status equal_values(jinja_run *run, const creg_list *left, const creg_list *right,
                                bool *ret_equal)
{
    creg_status status = CREG_OK;
    *ret_equal = left->size == right->size;
    for (size_t i = 0; i < left->size && *ret_equal && status == CREG_OK; i++)
        status = jinja_equal(run, left->items[i], right->items[i], ret_equal);
    return status;
}

static creg_status call_changed(jinja_run *run, creg_object *object,
                                const creg_value *positional, size_t count,
                                const creg_entry *keywords, size_t keyword_count,
                                creg_value *ret_value)
{
    loop_object *loop = ((loop_method *)(void *)object)->loop;
    if (keyword_count > 0)
        return jinja_fail(run, "TypeError",
                          "LoopContext.changed() got an unexpected keyword argument '%.*s'",
                          CREG_SHOW(creg_value_text(keywords[0].key)));
    creg_list *values = creg_list_new(run->arena, count);
    if (values == NULL)
        return jinja_fail_arena(run);
    for (size_t i = 0; i < count; i++)
        if (!creg_list_append(run->arena, values, positional[i]))
            return jinja_fail_arena(run);
    creg_value fresh = creg_value_tuple(values);
    bool same = false;
    creg_status status = CREG_OK;
    if (!jinja_is_missing(loop->last_changed))
        status = equal_values(run, loop->last_changed.as.list, values, &same);
    loop->last_changed = fresh;
    if (status == CREG_OK)
        *ret_value = creg_value_bool(!same);
    return status;
}

static const jinja_class cycle_class = {.base = {.type_name = "method"}, .call = call_cycle};
static const jinja_class changed_class = {.base = {.type_name = "method"},
                                          .call = call_changed};

static creg_status make_method(loop_object *loop, const jinja_class *class_,
                               creg_value *ret_value)
{
    loop_method *method = creg_arena_new(loop->st->run.arena, loop_method);
    if (method == NULL)
        return jinja_fail_arena(&loop->st->run);
    *method = (loop_method){.base = {&class_->base}, .loop = loop};
    *ret_value = creg_value_object(&method->base);
    return CREG_OK;
}

static creg_status neighbour(loop_object *loop, uint8_t which, creg_value *ret_value)
{
    bool more = loop->index0 > 0;
    creg_status status = CREG_OK;
    if (which == LOOP_NEXTITEM)
        status = peek(loop, ret_value, &more);
    else
        *ret_value = loop->before;
    if (status == CREG_OK && !more)
        *ret_value = jinja_make_undefined_hint(&loop->st->run, "there is no %s item",
                                               which == LOOP_NEXTITEM ? "next" : "previous");
    return status;
}

static creg_status measured(loop_object *loop, uint8_t which, creg_value *ret_value)
{
    creg_status status = find_length(loop);
    int64_t less = which == LOOP_LENGTH     ? 0
                   : which == LOOP_REVINDEX ? loop->index0
                                            : loop->index0 + 1;
    *ret_value = creg_value_int(loop->length - less);
    return status;
}

static creg_status get(loop_object *loop, uint8_t which, creg_value *ret_value)
{
    bool more;
    creg_status status;
    switch (which) {
    case LOOP_INDEX:
        *ret_value = creg_value_int(loop->index0 + 1);
        return CREG_OK;
    case LOOP_INDEX0:
        *ret_value = creg_value_int(loop->index0);
        return CREG_OK;
    case LOOP_FIRST:
        *ret_value = creg_value_bool(loop->index0 == 0);
        return CREG_OK;
    case LOOP_DEPTH:
        *ret_value = creg_value_int((int64_t)loop->depth0 + 1);
        return CREG_OK;
    case LOOP_DEPTH0:
        *ret_value = creg_value_int(loop->depth0);
        return CREG_OK;
    case LOOP_LENGTH:
    case LOOP_REVINDEX:
    case LOOP_REVINDEX0:
        return measured(loop, which, ret_value);
    case LOOP_LAST:
        status = peek(loop, ret_value, &more);
        *ret_value = creg_value_bool(!more);
        return status;
    case LOOP_PREVITEM:
    case LOOP_NEXTITEM:
        return neighbour(loop, which, ret_value);
    case LOOP_CYCLE:
        return make_method(loop, &cycle_class, ret_value);
    case LOOP_CHANGED:
        return make_method(loop, &changed_class, ret_value);
    default:
        return CREG_NOT_FOUND;
    }
}

static creg_status loop_attribute(jinja_run *run, creg_object *object, creg_slice name,
                                  creg_value *ret_value)
{
    (void)run;
    return get((loop_object *)(void *)object, jinja_loop_attribute_of(name), ret_value);
}

creg_status jinja_eval_loop_attribute(jinja_state *st, const jinja_node *node,
                                      creg_value *ret_value)
{
    creg_value object;
    creg_status status = jinja_evaluate_node(st, node->as.attribute.object, &object);
    if (status == CREG_OK)
        status = jinja_charge(&st->run, 1);
    if (status != CREG_OK)
        return status;
    bool is_loop = object.kind == CREG_KIND_OBJECT && jinja_class_of(object) == &loop_class;
    status = is_loop ? get((loop_object *)(void *)object.as.object, node->detail, ret_value)
                     : jinja_get_attribute(&st->run, object, node->as.attribute.name->text,
                                           ret_value);
    return jinja_at_node(st, node, status);
}

/* ---- loop filters: {% for x in y if test %} -------------------------------------------- */

typedef struct filtered {
    creg_object base;
    jinja_state *st;
    const jinja_for *loop;
    jinja_frame *frame;
    jinja_iterator iterator;
} filtered;

static creg_status next_that_passes(jinja_run *run, filtered *self, creg_value *ret_item)
{
    jinja_state *st = self->st;
    for (;;) {
        bool more;
        creg_value value;
        bool truth = false;
        creg_status status = jinja_next(run, &self->iterator, ret_item, &more);
        if (status == CREG_OK && !more)
            return CREG_NOT_FOUND;
        if (status == CREG_OK)
            status = jinja_assign(st, self->loop->test_target, *ret_item);
        if (status == CREG_OK)
            status = jinja_evaluate_node(st, self->loop->test, &value);
        if (status == CREG_OK)
            status = jinja_truthy(run, value, &truth);
        if (status != CREG_OK || truth)
            return status;
    }
}

/* A macro may ask for loop.length while its own frame is current: the test has the loop's. */
static creg_status filtered_next(jinja_run *run, creg_object *object, creg_value *ret_item)
{
    filtered *self = (filtered *)(void *)object;
    jinja_state *st = self->st;
    jinja_frame *before = st->frame;
    st->frame = self->frame;
    st->slots = st->frame->slots;
    creg_status status = next_that_passes(run, self, ret_item);
    st->frame = before;
    st->slots = before->slots;
    return status;
}

static const jinja_class filtered_class = {.base = {.type_name = "generator"},
                                           .next = filtered_next};

static creg_status filter_items(jinja_state *st, const jinja_for *loop, creg_value *iterable)
{
    filtered *self = creg_arena_new(st->run.arena, filtered);
    if (self == NULL)
        return jinja_fail_arena(&st->run);
    *self =
        (filtered){.base = {&filtered_class.base}, .st = st, .loop = loop, .frame = st->frame};
    creg_status status = jinja_iterate(&st->run, *iterable, &self->iterator);
    jinja_enter_scope(st, &loop->test_scope);
    *iterable = creg_value_object(&self->base);
    return status;
}

/* ---- turns ---------------------------------------------------------------------------- */

/* The caller is asked by the clock, and the clock is read every so many turns. */
static bool is_interrupted(jinja_state *st)
{
    if (++st->turns % TURNS_A_LOOK != 0)
        return false;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    bool is_due = st->asked_ms != 0 && now_ms - st->asked_ms >= CREG_INTERRUPT_MS;
    if (is_due || st->asked_ms == 0)
        st->asked_ms = now_ms;
    return is_due && creg_is_interrupted();
}

static creg_status check_cancel(jinja_state *st)
{
    bool is_cancelled = st->cancel != NULL && *st->cancel != 0;
    if (!is_cancelled && !is_interrupted(st))
        return CREG_OK;
    st->failed_node = NULL;
    return creg_fail(st->run.err, CREG_CANCELLED, "the render was cancelled");
}

/* One turn: *ret_go false when the loop is to be left. *ran becomes true when the body was run
 * to its end: Jinja2 runs the else part as long as that never happened, break or not. */
static creg_status turn(jinja_state *st, const jinja_stmt *stmt, creg_value item, bool *ret_go,
                        bool *ran)
{
    const jinja_for *loop = stmt->as.loop;
    creg_status status = st->may_stop ? check_cancel(st) : CREG_OK;
    if (loop->target->kind == NODE_NAME)
        st->slots[loop->target->slot] = item;
    else if (status == CREG_OK)
        status = jinja_assign(st, loop->target, item);
    if (status != CREG_OK)
        return jinja_at_line(st, stmt->line, stmt->at, stmt->size, status);
    if (loop->scope.load_count > 0)
        jinja_enter_scope(st, &loop->scope);
    status = loop->body.count == 1 ? loop->body.items[0]->exec(st, loop->body.items[0])
                                   : jinja_exec_body(st, &loop->body);
    *ret_go = status != JINJA_FLOW_BREAK;
    *ran = *ran || status == CREG_OK;
    return status == JINJA_FLOW_BREAK || status == JINJA_FLOW_CONTINUE ? CREG_OK : status;
}

static creg_status run_else(jinja_state *st, const jinja_stmt *stmt)
{
    const jinja_for *loop = stmt->as.loop;
    if (loop->otherwise.count == 0)
        return CREG_OK;
    jinja_enter_scope(st, &loop->else_scope);
    return jinja_exec_body(st, &loop->otherwise);
}

static creg_status next_item(jinja_state *st, const jinja_stmt *stmt, jinja_iterator *iterator,
                             creg_value *ret_item, bool *ret_more)
{
    creg_status status = jinja_next(&st->run, iterator, ret_item, ret_more);
    return status == CREG_OK ? CREG_OK
                             : jinja_at_line(st, stmt->line, stmt->at, stmt->size, status);
}

/* Lists and ranges are what most loops walk: no iterator between them and the turn. */
static bool next_of_sequence(creg_value source, size_t at, creg_value *ret_item)
{
    if (source.kind == CREG_KIND_RANGE) {
        *ret_item =
            creg_value_int(source.as.range->start + (int64_t)at * source.as.range->step);
        return at < (size_t)source.as.range->size;
    }
    if (at >= source.as.list->size)
        return false;
    *ret_item = source.as.list->items[at];
    return true;
}

static creg_status run_sequence(jinja_state *st, const jinja_stmt *stmt, creg_value source)
{
    creg_status status = CREG_OK;
    creg_value item;
    bool go = true;
    bool ran = false;
    size_t at = 0;
    for (; go && next_of_sequence(source, at, &item); at++) {
        status = jinja_charge(&st->run, 1);
        if (status != CREG_OK)
            return jinja_at_line(st, stmt->line, stmt->at, stmt->size, status);
        status = turn(st, stmt, item, &go, &ran);
        if (status != CREG_OK)
            return status;
    }
    return ran ? CREG_OK : run_else(st, stmt);
}

static creg_status run_plain(jinja_state *st, const jinja_stmt *stmt, creg_value iterable)
{
    jinja_iterator iterator;
    bool ran = false;
    bool go = true;
    if (iterable.kind == CREG_KIND_LIST || iterable.kind == CREG_KIND_TUPLE ||
        iterable.kind == CREG_KIND_RANGE)
        return run_sequence(st, stmt, iterable);
    creg_status status = jinja_iterate(&st->run, iterable, &iterator);
    if (status != CREG_OK)
        return jinja_at_line(st, stmt->line, stmt->at, stmt->size, status);
    while (go) {
        creg_value item;
        bool more;
        status = next_item(st, stmt, &iterator, &item, &more);
        if (status != CREG_OK || !more)
            break;
        status = turn(st, stmt, item, &go, &ran);
        if (status != CREG_OK)
            break;
    }
    return status == CREG_OK && !ran ? run_else(st, stmt) : status;
}

static loop_object *make_loop(jinja_state *st, const jinja_stmt *stmt, creg_value iterable,
                              jinja_frame *outer, uint32_t depth0)
{
    loop_object *loop = creg_arena_new(st->run.arena, loop_object);
    if (loop == NULL)
        return NULL;
    *loop = (loop_object){.base = {&loop_class.base},
                          .st = st,
                          .stmt = stmt,
                          .outer = outer,
                          .context = st->context,
                          .owner = st->owner,
                          .iterable = iterable,
                          .index0 = -1,
                          .length = -1,
                          .depth0 = depth0,
                          .after = jinja_missing(),
                          .before = jinja_missing(),
                          .current = jinja_missing(),
                          .last_changed = jinja_missing()};
    return loop;
}

static creg_status run_extended(jinja_state *st, const jinja_stmt *stmt, creg_value iterable,
                                jinja_frame *outer, uint32_t depth0)
{
    loop_object *loop = make_loop(st, stmt, iterable, outer, depth0);
    bool ran = false;
    bool go = true;
    if (loop == NULL)
        return jinja_at_line(st, stmt->line, stmt->at, 0, jinja_fail_arena(&st->run));
    creg_status status = jinja_iterate(&st->run, iterable, &loop->iterator);
    while (status == CREG_OK && go) {
        creg_value item;
        bool more;
        status = step(loop, &item, &more);
        if (status != CREG_OK || !more)
            break;
        st->slots[stmt->as.loop->loop_slot] = creg_value_object(&loop->base);
        status = turn(st, stmt, item, &go, &ran);
    }
    if (status != CREG_OK)
        return jinja_at_line(st, stmt->line, stmt->at, stmt->size, status);
    return ran ? CREG_OK : run_else(st, stmt);
}

static creg_status run_loop(jinja_state *st, const jinja_stmt *stmt, creg_value iterable,
                            jinja_frame *outer, uint32_t depth0)
{
    const jinja_for *loop = stmt->as.loop;
    creg_status status = CREG_OK;
    if (loop->test != NULL)
        status = filter_items(st, loop, &iterable);
    if (status != CREG_OK)
        return jinja_at_line(st, stmt->line, stmt->at, stmt->size, status);
    status = loop->extended ? run_extended(st, stmt, iterable, outer, depth0)
                            : run_plain(st, stmt, iterable);
    if (stmt->clears)
        jinja_clear_scope(st, &loop->scope);
    return status;
}

/* ---- recursive loops ------------------------------------------------------------------ */

/* The loop as the function that it is: its own frame, its text as the result. */
static creg_status run_recursive(jinja_state *st, const jinja_stmt *stmt, creg_value iterable,
                                 jinja_frame *outer, uint32_t depth0, creg_value *ret_text)
{
    const jinja_for *loop = stmt->as.loop;
    creg_status status = jinja_enter_call(st);
    if (status != CREG_OK)
        return status;
    jinja_frame *before = st->frame;
    jinja_output *out_before = st->out;
    jinja_output out;
    jinja_frame *frame = jinja_enter_unit(st, loop->unit, outer);
    if (frame == NULL) {
        st->run.call_depth--;
        return jinja_fail_arena(&st->run);
    }
    jinja_output_init(st, &out, st->run.limits.output_bytes);
    st->frame = frame;
    st->slots = frame->slots;
    st->out = &out;
    status = run_loop(st, stmt, iterable, outer, depth0);
    st->frame = before;
    st->slots = before->slots;
    st->out = out_before;
    jinja_leave_unit(st, loop->unit, frame);
    st->run.call_depth--;
    bool markup =
        stmt->escape == ESCAPE_ON || (stmt->escape == ESCAPE_VOLATILE && st->run.autoescape);
    return status == CREG_OK ? jinja_output_value(st, &out, markup, ret_text) : status;
}

static creg_status call_loop(jinja_run *run, creg_object *object, const creg_value *positional,
                             size_t count, const creg_entry *keywords, size_t keyword_count,
                             creg_value *ret_value)
{
    loop_object *loop = (loop_object *)(void *)object;
    bool by_name =
        count == 0 && keyword_count == 1 &&
        creg_slice_equal(creg_value_text(keywords[0].key), creg_slice_of("iterable"));
    if (!loop->stmt->as.loop->recursive)
        return jinja_fail(run, "TypeError",
                          "The loop must have the 'recursive' marker to be "
                          "called recursively.");
    if (count == 0 && !by_name)
        return jinja_fail(run, "TypeError",
                          "LoopContext.__call__() missing 1 required positional argument: "
                          "'iterable'");
    if (count + keyword_count > 1)
        return jinja_fail(run, "TypeError",
                          "LoopContext.__call__() takes 2 positional arguments but %zu were "
                          "given",
                          count + keyword_count + 1);
    creg_value iterable = by_name ? keywords[0].value : positional[0];
    jinja_state *st = jinja_state_of(run);
    jinja_context *context = st->context;
    const jinja_template *owner = st->owner;
    st->context = loop->context;
    st->owner = loop->owner;
    creg_status status =
        run_recursive(st, loop->stmt, iterable, loop->outer, loop->depth0 + 1, ret_value);
    st->context = context;
    st->owner = owner;
    return status;
}

static creg_status loop_length(jinja_run *run, creg_object *object, size_t *ret_length)
{
    loop_object *loop = (loop_object *)(void *)object;
    (void)run;
    creg_status status = find_length(loop);
    *ret_length = (size_t)loop->length;
    return status;
}

static creg_status print_loop(const creg_object *object, bool as_repr, creg_arena *arena,
                              creg_slice *ret_text, creg_error *err)
{
    /* Counting what is left reads ahead, which printing may do in Jinja2, too. */
    loop_object copy = *(const loop_object *)(const void *)object;
    creg_status status = find_length(&copy);
    creg_text text;
    (void)as_repr;
    if (status != CREG_OK)
        return status;
    creg_text_init(&text, arena, SIZE_MAX);
    creg_text_format(&text, "<LoopContext %lld/%lld>", (long long)copy.index0 + 1,
                     (long long)copy.length);
    return creg_text_finish(&text, ret_text, err);
}

static const jinja_class loop_class = {
    .base = {.type_name = "LoopContext", .print = print_loop},
    .attribute = loop_attribute,
    .call = call_loop,
    .length = loop_length,
};

creg_status jinja_exec_for(jinja_state *st, const jinja_stmt *stmt)
{
    creg_value iterable;
    creg_status status = jinja_charge(&st->run, 1);
    if (status == CREG_OK)
        status = jinja_evaluate_node(st, stmt->as.loop->iter, &iterable);
    if (status != CREG_OK)
        return jinja_at_line(st, stmt->line, stmt->at, stmt->size, status);
    if (!stmt->as.loop->recursive)
        return run_loop(st, stmt, iterable, NULL, 0);
    creg_value text;
    status = run_recursive(st, stmt, iterable, st->frame, 0, &text);
    if (status == CREG_OK)
        status = jinja_write_value(st, stmt, text);
    return status == CREG_OK ? CREG_OK
                             : jinja_at_line(st, stmt->line, stmt->at, stmt->size, status);
}
