/* SPDX-License-Identifier: MIT */
/*
 * Filters on sequences that answer at once: length, first, last, join, reverse, sum ... and
 * the two that choose a value, attr and default. Lazy ones are in filters_lazy.c, those that
 * compare items in filters_order.c.
 */
#include "jinja/builtins.h"
#include "jinja/eval.h"

#include "base/utf8.h"

static creg_status filter_length(jinja_call *call, creg_value *ret_value)
{
    size_t length;
    creg_status status = jinja_length(call->run, call->args[0], &length);
    if (status == CREG_OK)
        *ret_value = creg_value_int((int64_t)length);
    return status;
}

static creg_status filter_list(jinja_call *call, creg_value *ret_value)
{
    creg_list *list;
    creg_status status = jinja_to_list(call->run, call->args[0], &list);
    if (status == CREG_OK)
        *ret_value = creg_value_list(list);
    return status;
}

static creg_status filter_default(jinja_call *call, creg_value *ret_value)
{
    creg_value value = call->args[0];
    bool use_default = creg_value_is(value, CREG_KIND_UNDEFINED);
    bool boolean = false;
    creg_status status = CREG_OK;
    if (!use_default)
        status = jinja_argument_bool(call, 2, false, &boolean);
    if (status == CREG_OK && boolean) {
        bool truth = false;
        status = jinja_truthy(call->run, value, &truth);
        use_default = !truth;
    }
    *ret_value = use_default ? jinja_argument(call, 1, creg_value_cstring("")) : value;
    return status;
}

/* Only an attribute, never an item: what `.name` would find first. */
static creg_status filter_attr(jinja_call *call, creg_value *ret_value)
{
    creg_value object = call->args[0];
    creg_value name = call->args[1];
    if (jinja_is_strict_undefined(name))
        return jinja_fail_undefined(call->run, name);
    if (!creg_value_is(name, CREG_KIND_STRING))
        return jinja_fail(call->run, "TypeError", "attribute name must be string, not '%s'",
                          creg_value_type_name(name));
    creg_slice text = creg_value_text(name);
    if (creg_value_is(object, CREG_KIND_MAP) && jinja_find_method(object, text) == NULL) {
        creg_map *empty = creg_map_new(call->run->arena, 0); /* has no items to fall back on */
        if (empty == NULL)
            return jinja_fail_arena(call->run);
        object = creg_value_map(empty);
    }
    return jinja_get_attribute(call->run, object, text, ret_value);
}

/* ---- first, last, random, reverse ------------------------------------------------------- */

static creg_status filter_first(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    jinja_iterator iterator;
    bool more = false;
    creg_status status = jinja_iterate(run, call->args[0], &iterator);
    if (status == CREG_OK)
        status = jinja_next(run, &iterator, ret_value, &more);
    if (status == CREG_OK && !more)
        *ret_value = jinja_make_undefined_hint(run, "No first item, sequence was empty.");
    return status;
}

/* Kinds that Python's reversed() takes: sequences and dictionaries. */
static bool is_reversible(creg_value value)
{
    switch ((creg_kind)value.kind) {
    case CREG_KIND_UNDEFINED: /* as an empty sequence, where the engine allows that */
    case CREG_KIND_STRING:
    case CREG_KIND_BYTES:
    case CREG_KIND_LIST:
    case CREG_KIND_TUPLE:
    case CREG_KIND_MAP:
    case CREG_KIND_RANGE:
        return true;
    case CREG_KIND_OBJECT: /* the views of a dictionary */
        return jinja_class_of(value)->iterate != NULL && jinja_class_of(value)->length != NULL;
    default:
        return false;
    }
}

static creg_status filter_last(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_value source = call->args[0];
    if (!is_reversible(source))
        return jinja_fail(run, "TypeError", "'%s' object is not reversible",
                          creg_value_type_name(source));
    if (creg_value_is(source, CREG_KIND_LIST) || creg_value_is(source, CREG_KIND_TUPLE)) {
        const creg_list *items = source.as.list;
        *ret_value = items->size > 0
                         ? items->items[items->size - 1]
                         : jinja_make_undefined_hint(run, "No last item, sequence was empty.");
        return CREG_OK;
    }
    creg_list *list;
    creg_status status = jinja_to_list(run, source, &list);
    if (status != CREG_OK)
        return status;
    *ret_value = list->size > 0
                     ? list->items[list->size - 1]
                     : jinja_make_undefined_hint(run, "No last item, sequence was empty.");
    if (jinja_is_markup(source) && list->size > 0)
        ret_value->flags |= CREG_STRING_MARKUP; /* going backwards, Markup gives Markup */
    return CREG_OK;
}

static creg_status filter_random(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    size_t length;
    creg_status status = jinja_length(run, call->args[0], &length);
    if (status != CREG_OK)
        return status;
    if (length == 0) {
        *ret_value = jinja_make_undefined_hint(run, "No random item, sequence was empty.");
        return CREG_OK;
    }
    creg_value index = creg_value_int((int64_t)jinja_random(run, length));
    if (creg_value_is(call->args[0], CREG_KIND_MAP)) {
        const creg_value *found = creg_map_get(call->args[0].as.map, index);
        if (found == NULL)
            return jinja_fail(run, "KeyError", "%lld", (long long)index.as.integer);
        *ret_value = *found;
        return CREG_OK;
    }
    status = jinja_get_item(run, call->args[0], index, ret_value);
    if (status == CREG_OK && creg_value_is(*ret_value, CREG_KIND_UNDEFINED) &&
        creg_value_is(call->args[0], CREG_KIND_SET))
        return jinja_fail(run, "TypeError", "'set' object is not subscriptable");
    return status;
}

static creg_status reverse_text(jinja_run *run, creg_value source, creg_value *ret_value)
{
    creg_slice text = creg_value_text(source);
    creg_status status = jinja_charge_bytes(run, text.size, 1);
    if (status != CREG_OK)
        return status;
    char *reversed = creg_arena_take(run->arena, text.size);
    if (reversed == NULL)
        return jinja_fail_arena(run);
    size_t out = text.size;
    for (size_t at = 0; at < text.size;) {
        size_t width = creg_utf8_width(text.data[at]);
        out -= width;
        memcpy(reversed + out, text.data + at, width);
        at += width;
    }
    *ret_value = creg_value_string(creg_slice_make(reversed, text.size));
    ret_value->flags = source.flags & CREG_STRING_MARKUP;
    return CREG_OK;
}

static creg_status reversed_step(jinja_run *run, jinja_lazy *lazy, creg_value *ret_item,
                                 bool *ret_more)
{
    return jinja_next(run, &lazy->iterator, ret_item, ret_more);
}

static const char *reversed_label(creg_value source)
{
    switch ((creg_kind)source.kind) {
    case CREG_KIND_LIST:
        return "list_reverseiterator object";
    case CREG_KIND_MAP:
        return "dict_reversekeyiterator object";
    case CREG_KIND_RANGE:
        return "range_iterator object";
    default:
        return "reversed object";
    }
}

static creg_status filter_reverse(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_value source = call->args[0];
    if (creg_value_is(source, CREG_KIND_STRING))
        return reverse_text(run, source, ret_value);

    creg_list *list;
    creg_status status = jinja_to_list(run, source, &list);
    if (status == CREG_TEMPLATE_RUNTIME && run->err != NULL &&
        strcmp(run->err->type, "TypeError") == 0)
        return jinja_fail(run, "FilterArgumentError", "argument must be iterable");
    if (status != CREG_OK)
        return status;
    for (size_t i = 0; i + 1 < list->size - i; i++) {
        creg_value other = list->items[i];
        list->items[i] = list->items[list->size - 1 - i];
        list->items[list->size - 1 - i] = other;
    }
    *ret_value = creg_value_list(list);
    if (!is_reversible(source)) /* Python turns what has no order of its own into a list */
        return CREG_OK;
    jinja_lazy *lazy;
    status = jinja_lazy_new(run, sizeof *lazy, reversed_label(source), jinja_lazy_iterate,
                            reversed_step, *ret_value, &lazy);
    if (status == CREG_OK)
        *ret_value = jinja_lazy_value(lazy);
    return status;
}

/* ---- join ------------------------------------------------------------------------------- */

static creg_status append_plain(jinja_run *run, creg_text *text, creg_value item)
{
    if (creg_value_is(item, CREG_KIND_STRING)) {
        creg_text_append(text, item.as.text, item.size);
        return CREG_OK;
    }
    if (creg_value_is(item, CREG_KIND_INT)) {
        creg_text_int(text, item.as.integer);
        return CREG_OK;
    }
    creg_slice printed;
    creg_status status = jinja_str(run, item, &printed);
    if (status == CREG_OK)
        creg_text_slice(text, printed);
    return status;
}

static creg_status append_escaped(jinja_run *run, creg_text *text, creg_value item)
{
    creg_value escaped;
    creg_status status = jinja_escape(run, item, &escaped);
    if (status == CREG_OK)
        creg_text_append(text, escaped.as.text, escaped.size);
    return status;
}

typedef creg_status (*append_item)(jinja_run *run, creg_text *text, creg_value item);

static creg_status join_items(jinja_run *run, creg_value source, const jinja_item_key *key,
                              creg_slice separator, append_item append, creg_value *ret_value)
{
    creg_text text;
    jinja_text_init(run, &text);
    jinja_iterator iterator;
    creg_status status = jinja_iterate(run, source, &iterator);
    for (bool first = true; status == CREG_OK; first = false) {
        creg_value item;
        bool more;
        status = jinja_next(run, &iterator, &item, &more);
        if (status != CREG_OK || !more)
            break;
        if (!first)
            creg_text_slice(&text, separator);
        if (key->count > 0)
            status = jinja_item_key_get(run, key, item, &item);
        if (status == CREG_OK)
            status = append(run, &text, item);
        if (status == CREG_OK && text.failed != CREG_OK)
            break;
    }
    if (status == CREG_OK)
        status = jinja_charge(run, text.size / 64);
    return status == CREG_OK ? jinja_text_value(run, &text, ret_value) : status;
}

/* Under autoescape one item that is Markup makes the result Markup, all else escaped. */
static creg_status look_for_markup(jinja_run *run, const jinja_item_key *key, creg_value source,
                                   creg_list **ret_items, bool *ret_any)
{
    creg_status status = jinja_to_list(run, source, ret_items);
    *ret_any = false;
    for (size_t i = 0; status == CREG_OK && i < (*ret_items)->size; i++) {
        creg_value *item = &(*ret_items)->items[i];
        if (key->count > 0)
            status = jinja_item_key_get(run, key, *item, item);
        *ret_any = *ret_any || jinja_has_html(*item);
    }
    return status;
}

static creg_status join_escaping(jinja_run *run, creg_value source, const jinja_item_key *key,
                                 creg_value separator, creg_value *ret_value)
{
    creg_list *items;
    bool markup;
    creg_status status = look_for_markup(run, key, source, &items, &markup);
    markup = markup || jinja_is_markup(separator);
    if (status == CREG_OK && markup)
        status = jinja_escape(run, separator, &separator);
    else if (status == CREG_OK)
        status = jinja_str_value(run, separator, &separator);
    if (status != CREG_OK)
        return status;
    static const jinja_item_key whole = {0};
    status = join_items(run, creg_value_list(items), &whole, creg_value_text(separator),
                        markup ? append_escaped : append_plain, ret_value);
    if (status == CREG_OK && markup)
        ret_value->flags |= CREG_STRING_MARKUP;
    return status;
}

static creg_status filter_join(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    jinja_item_key key;
    creg_value separator = jinja_argument(call, 1, creg_value_cstring(""));
    creg_status status =
        jinja_item_key_init(run, jinja_argument(call, 2, creg_value_none()), false, &key);
    if (status != CREG_OK)
        return status;
    if (run->autoescape)
        return join_escaping(run, call->args[0], &key, separator, ret_value);
    creg_slice text;
    status = jinja_str(run, separator, &text);
    if (status != CREG_OK)
        return status;
    return join_items(run, call->args[0], &key, text, append_plain, ret_value);
}

/* ---- sum -------------------------------------------------------------------------------- */

static creg_status filter_sum(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    jinja_item_key key;
    jinja_iterator iterator;
    creg_value total = jinja_argument(call, 2, creg_value_int(0));
    creg_status status =
        jinja_item_key_init(run, jinja_argument(call, 1, creg_value_none()), false, &key);
    if (status == CREG_OK)
        status = jinja_iterate(run, call->args[0], &iterator);
    if (status == CREG_OK && creg_value_is(total, CREG_KIND_STRING))
        status =
            jinja_fail(run, "TypeError", "sum() can't sum strings [use ''.join(seq) instead]");
    while (status == CREG_OK) {
        creg_value item;
        bool more;
        status = jinja_next(run, &iterator, &item, &more);
        if (status != CREG_OK || !more)
            break;
        status = jinja_item_key_get(run, &key, item, &item);
        if (status == CREG_OK)
            status = jinja_add(run, total, item, &total);
    }
    if (status == CREG_OK)
        *ret_value = total;
    return status;
}

const jinja_builtin jinja_filters_sequence[] = {
    {"attr", filter_attr, "attr(name)", "An attribute by name, never an item.", 0, 0},
    {"count", filter_length, "count()", "Alias of length.", 0, 0},
    {"d", filter_default, "d(default_value='', boolean=false)", "Alias of default.", 0, 0},
    {"default", filter_default, "default(default_value='', boolean=false)",
     "The value, or this one when it is undefined (with boolean=true: or false).", 0, 0},
    {"first", filter_first, "first()", "The first item.", 0, 0},
    {"join", filter_join, "join(d='', attribute=none)",
     "The items as one text, with `d` between them.", 0, 0},
    {"last", filter_last, "last()", "The last item.", 0, 0},
    {"length", filter_length, "length()", "How many items or characters.", 0, 0},
    {"list", filter_list, "list()", "The items as a list; a text gives its characters.", 0, 0},
    {"random", filter_random, "random()", "One item by chance.", 0, 0},
    {"reverse", filter_reverse, "reverse()", "The other way round.", 0, 0},
    {"sum", filter_sum, "sum(attribute=none, start=0)", "The sum of numbers.", 0, 0},
    JINJA_ROW_END,
};
