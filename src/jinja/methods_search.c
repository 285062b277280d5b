/* SPDX-License-Identifier: MIT */
/*
 * The methods of str and bytes that look for something: find, count, replace, split,
 * partition, strip and their kin.
 *
 * Both kinds are runs of bytes here. Only positions differ: those of a str are counted in
 * code points, so they are turned into byte offsets on the way in and back on the way out.
 */
#include "base/search.h"
#include "base/unicode.h"
#include "base/utf8.h"
#include "jinja/methods.h"

static bool is_text(creg_value self)
{
    return creg_value_is(self, CREG_KIND_STRING);
}

static creg_status charge_self(jinja_call *call)
{
    return jinja_charge(call->run, call->args[0].size / 64);
}

/* An argument of the same kind as self. */
static creg_status same_kind(jinja_call *call, size_t index, creg_slice *ret_slice)
{
    creg_value argument = call->args[index];
    if (argument.kind == call->args[0].kind) {
        *ret_slice = creg_value_text(argument);
        return CREG_OK;
    }
    const char *name = creg_value_type_name(argument);
    if (!is_text(call->args[0]))
        return jinja_fail(call->run, "TypeError", "a bytes-like object is required, not '%s'",
                          name);
    return jinja_fail(call->run, "TypeError", "must be str, not %s", name);
}

/* ---- positions -------------------------------------------------------------------------- */

/* The part of self that the arguments `start` and `end` leave. */
typedef struct window {
    creg_slice part;
    size_t index; /* of its first item */
    bool valid;   /* false: start lies behind the end */
} window;

static creg_status read_window(jinja_call *call, size_t first, window *ret)
{
    creg_value self = call->args[0];
    creg_slice all = creg_value_text(self);
    *ret = (window){.part = all, .valid = true};
    if (!jinja_has(call, first) && !jinja_has(call, first + 1))
        return CREG_OK;
    int64_t start;
    int64_t stop;
    creg_status status = jinja_argument_bound(call, first, 0, &start);
    if (status == CREG_OK)
        status = jinja_argument_bound(call, first + 1, INT64_MAX, &stop);
    if (status != CREG_OK)
        return status;
    size_t size = is_text(self) ? creg_utf8_count(all) : all.size;
    jinja_clip_bounds((int64_t)size, &start, &stop);
    ret->valid = start <= stop && start <= (int64_t)size;
    if (!ret->valid)
        return CREG_OK;
    bool by_bytes = size == all.size;
    size_t from = by_bytes ? (size_t)start : creg_utf8_offset(all, (size_t)start);
    size_t to = by_bytes ? (size_t)stop : creg_utf8_offset(all, (size_t)stop);
    ret->part = creg_slice_make(all.data + from, to - from);
    ret->index = (size_t)start;
    return CREG_OK;
}

/* find() and its kin take an integer as one byte of bytes. */
static creg_status read_needle(jinja_call *call, char *byte, creg_slice *ret_needle)
{
    creg_value argument = call->args[1];
    bool number =
        creg_value_is(argument, CREG_KIND_INT) || creg_value_is(argument, CREG_KIND_BOOL);
    if (is_text(call->args[0]) || !number)
        return same_kind(call, 1, ret_needle);
    if (argument.as.integer < 0 || argument.as.integer > 255)
        return jinja_fail(call->run, "ValueError", "byte must be in range(0, 256)");
    *byte = (char)argument.as.integer;
    *ret_needle = creg_slice_make(byte, 1);
    return CREG_OK;
}

/* The position of the first or last needle, or -1. */
static creg_status find(jinja_call *call, bool last, int64_t *ret_index)
{
    char byte;
    creg_slice needle;
    window where;
    creg_status status = read_needle(call, &byte, &needle);
    if (status == CREG_OK)
        status = read_window(call, 2, &where);
    if (status == CREG_OK)
        status = charge_self(call);
    if (status != CREG_OK)
        return status;
    size_t at = SIZE_MAX;
    if (where.valid)
        at = last ? creg_search_last(where.part, needle, where.part.size)
                  : creg_search(where.part, needle, 0);
    if (at == SIZE_MAX) {
        *ret_index = -1;
        return CREG_OK;
    }
    creg_slice before = creg_slice_make(where.part.data, at);
    size_t count = is_text(call->args[0]) ? creg_utf8_count(before) : at;
    *ret_index = (int64_t)(where.index + count);
    return CREG_OK;
}

static creg_status give_position(jinja_call *call, bool last, bool must, creg_value *ret_value)
{
    int64_t index = -1;
    creg_status status = find(call, last, &index);
    if (status != CREG_OK)
        return status;
    if (must && index < 0)
        return jinja_fail(call->run, "ValueError", "%s not found",
                          is_text(call->args[0]) ? "substring" : "subsection");
    *ret_value = creg_value_int(index);
    return CREG_OK;
}

creg_status jinja_method_find(jinja_call *call, creg_value *ret_value)
{
    return give_position(call, false, false, ret_value);
}

creg_status jinja_method_rfind(jinja_call *call, creg_value *ret_value)
{
    return give_position(call, true, false, ret_value);
}

creg_status jinja_method_index(jinja_call *call, creg_value *ret_value)
{
    return give_position(call, false, true, ret_value);
}

creg_status jinja_method_rindex(jinja_call *call, creg_value *ret_value)
{
    return give_position(call, true, true, ret_value);
}

static size_t count_needles(creg_slice text, creg_slice needle)
{
    size_t count = 0;
    size_t at = creg_search(text, needle, 0);
    while (at != SIZE_MAX) {
        count++;
        at = creg_search(text, needle, at + needle.size);
    }
    return count;
}

creg_status jinja_method_count(jinja_call *call, creg_value *ret_value)
{
    char byte;
    creg_slice needle;
    window where;
    creg_status status = read_needle(call, &byte, &needle);
    if (status == CREG_OK)
        status = read_window(call, 2, &where);
    if (status == CREG_OK)
        status = charge_self(call);
    if (status != CREG_OK)
        return status;
    size_t count = 0;
    if (where.valid && needle.size > 0)
        count = count_needles(where.part, needle);
    else if (where.valid)
        count = (is_text(call->args[0]) ? creg_utf8_count(where.part) : where.part.size) + 1;
    *ret_value = creg_value_int((int64_t)count);
    return CREG_OK;
}

/* ---- ends ------------------------------------------------------------------------------- */

static bool has_end(creg_slice text, creg_slice end, bool at_start)
{
    if (end.size > text.size)
        return false;
    const char *at = at_start ? text.data : text.data + (text.size - end.size);
    return end.size == 0 || memcmp(at, end.data, end.size) == 0;
}

static creg_status fail_end(jinja_call *call, creg_value wrong)
{
    const char *kind = is_text(call->args[0]) ? "str" : "bytes";
    if (creg_value_is(call->args[1], CREG_KIND_TUPLE))
        return jinja_fail(call->run, "TypeError", "tuple for %s must only contain %s, not %s",
                          call->builtin->name, kind, creg_value_type_name(wrong));
    return jinja_fail(call->run, "TypeError",
                      "%s first arg must be %s or a tuple of %s, not %s", call->builtin->name,
                      kind, kind, creg_value_type_name(wrong));
}

/* Any of them: the argument is one text or a tuple of some. */
static creg_status check_ends(jinja_call *call, bool at_start, creg_value *ret_value)
{
    window where;
    creg_status status = read_window(call, 2, &where);
    if (status != CREG_OK)
        return status;
    creg_value argument = call->args[1];
    bool many = creg_value_is(argument, CREG_KIND_TUPLE);
    const creg_value *ends = many ? argument.as.list->items : &call->args[1];
    size_t count = many ? argument.as.list->size : 1;
    *ret_value = creg_value_bool(false);
    for (size_t i = 0; i < count; i++) {
        if (ends[i].kind != call->args[0].kind)
            return fail_end(call, ends[i]);
        if (where.valid && has_end(where.part, creg_value_text(ends[i]), at_start)) {
            *ret_value = creg_value_bool(true);
            break;
        }
    }
    return CREG_OK;
}

creg_status jinja_method_startswith(jinja_call *call, creg_value *ret_value)
{
    return check_ends(call, true, ret_value);
}

creg_status jinja_method_endswith(jinja_call *call, creg_value *ret_value)
{
    return check_ends(call, false, ret_value);
}

/* markupsafe leaves these to str: what comes back is no Markup. */
static creg_status remove_end(jinja_call *call, bool at_start, creg_value *ret_value)
{
    creg_value self = call->args[0];
    creg_slice all = creg_value_text(self);
    if (call->args[1].kind != self.kind)
        return is_text(self)
                   ? jinja_fail(call->run, "TypeError", "%s() argument must be str, not %s",
                                call->builtin->name, creg_value_type_name(call->args[1]))
                   : same_kind(call, 1, &all);
    creg_slice end = creg_value_text(call->args[1]);
    size_t cut = has_end(all, end, at_start) ? end.size : 0;
    *ret_value = jinja_part(self, all.data + (at_start ? cut : 0), all.size - cut);
    ret_value->flags &= (uint8_t)~CREG_STRING_MARKUP;
    return CREG_OK;
}

creg_status jinja_method_removeprefix(jinja_call *call, creg_value *ret_value)
{
    return remove_end(call, true, ret_value);
}

creg_status jinja_method_removesuffix(jinja_call *call, creg_value *ret_value)
{
    return remove_end(call, false, ret_value);
}

/* ---- strip ------------------------------------------------------------------------------ */

/* Which characters go: blanks when `chars` is absent. */
typedef struct strip_set {
    bool blanks;
    bool bytes;
    creg_slice chars;
} strip_set;

static bool is_byte_blank(uint32_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static bool strips(const strip_set *set, const char *at, size_t width)
{
    if (!set->blanks)
        return creg_search(set->chars, creg_slice_make(at, width), 0) != SIZE_MAX;
    size_t size;
    return set->bytes ? is_byte_blank((unsigned char)*at)
                      : creg_unicode_is_space(creg_utf8_decode(at, &size));
}

static creg_slice strip_left(creg_slice text, const strip_set *set)
{
    size_t at = 0;
    while (at < text.size) {
        size_t width = set->bytes ? 1 : creg_utf8_width(text.data[at]);
        if (!strips(set, text.data + at, width))
            break;
        at += width;
    }
    return creg_slice_make(text.data + at, text.size - at);
}

static creg_slice strip_right(creg_slice text, const strip_set *set)
{
    while (text.size > 0) {
        size_t at = set->bytes ? text.size - 1 : creg_utf8_before(text, text.size);
        if (!strips(set, text.data + at, text.size - at))
            break;
        text.size = at;
    }
    return text;
}

static creg_status read_strip_set(jinja_call *call, strip_set *ret)
{
    *ret = (strip_set){.bytes = !is_text(call->args[0])};
    ret->blanks = !jinja_has(call, 1) || creg_value_is(call->args[1], CREG_KIND_NONE);
    if (ret->blanks)
        return CREG_OK;
    creg_status status = jinja_escape_argument(call, 1);
    if (status != CREG_OK)
        return status;
    if (call->args[1].kind != call->args[0].kind && is_text(call->args[0]))
        return jinja_fail(call->run, "TypeError", "%s arg must be None or str",
                          call->builtin->name);
    status = same_kind(call, 1, &ret->chars);
    if (status != CREG_OK)
        return status;
    return jinja_charge(call->run, (uint64_t)call->args[0].size * ret->chars.size / 256);
}

static creg_status strip(jinja_call *call, bool left, bool right, creg_value *ret_value)
{
    strip_set set;
    creg_status status = read_strip_set(call, &set);
    if (status == CREG_OK)
        status = charge_self(call);
    if (status != CREG_OK)
        return status;
    creg_slice text = creg_value_text(call->args[0]);
    if (left)
        text = strip_left(text, &set);
    if (right)
        text = strip_right(text, &set);
    *ret_value = jinja_part(call->args[0], text.data, text.size);
    return CREG_OK;
}

creg_status jinja_method_strip(jinja_call *call, creg_value *ret_value)
{
    return strip(call, true, true, ret_value);
}

creg_status jinja_method_lstrip(jinja_call *call, creg_value *ret_value)
{
    return strip(call, true, false, ret_value);
}

creg_status jinja_method_rstrip(jinja_call *call, creg_value *ret_value)
{
    return strip(call, false, true, ret_value);
}

/* ---- replace ---------------------------------------------------------------------------- */

/* An empty needle stands before every character and at the end. */
static void replace_gaps(creg_text *text, creg_slice source, creg_slice with, size_t most,
                         bool by_bytes)
{
    size_t at = 0;
    for (; most > 0 && text->failed == CREG_OK; most--) {
        creg_text_slice(text, with);
        if (at == source.size)
            return;
        size_t width = by_bytes ? 1 : creg_utf8_width(source.data[at]);
        creg_text_append(text, source.data + at, width);
        at += width;
    }
    creg_text_append(text, source.data + at, source.size - at);
}

static void replace_needles(creg_text *text, creg_slice source, creg_slice needle,
                            creg_slice with, size_t most)
{
    size_t at = 0;
    for (; most > 0 && text->failed == CREG_OK; most--) {
        size_t found = creg_search(source, needle, at);
        if (found == SIZE_MAX)
            break;
        creg_text_append(text, source.data + at, found - at);
        creg_text_slice(text, with);
        at = found + needle.size;
    }
    creg_text_append(text, source.data + at, source.size - at);
}

static creg_status read_replace(jinja_call *call, size_t index, creg_slice *ret_slice)
{
    creg_status status = jinja_escape_argument(call, index);
    if (status != CREG_OK)
        return status;
    if (is_text(call->args[0]) && !creg_value_is(call->args[index], CREG_KIND_STRING))
        return jinja_fail(call->run, "TypeError", "replace() argument %zu must be str, not %s",
                          index, creg_value_type_name(call->args[index]));
    return same_kind(call, index, ret_slice);
}

creg_status jinja_method_replace(jinja_call *call, creg_value *ret_value)
{
    creg_value self = call->args[0];
    creg_slice needle;
    creg_slice with = {NULL, 0};
    int64_t most = -1;
    creg_status status = read_replace(call, 1, &needle);
    if (status == CREG_OK)
        status = read_replace(call, 2, &with);
    if (status == CREG_OK)
        status = jinja_argument_index(call, 3, -1, &most);
    if (status == CREG_OK)
        status = charge_self(call);
    if (status != CREG_OK)
        return status;
    creg_slice source = creg_value_text(self);
    *ret_value = jinja_part(self, source.data, source.size);
    if (most == 0 || (needle.size > 0 && creg_search(source, needle, 0) == SIZE_MAX))
        return CREG_OK;
    size_t times = most < 0 ? SIZE_MAX : (size_t)most;
    creg_text text;
    jinja_text_init(call->run, &text);
    if (needle.size == 0)
        replace_gaps(&text, source, with, times, !is_text(self));
    else
        replace_needles(&text, source, needle, with, times);
    status = jinja_charge(call->run, text.size / 64);
    if (status == CREG_OK)
        status = jinja_text_of_self(call, &text, ret_value);
    if ((call->args[2].flags & CREG_STRING_TRUSTED) == 0)
        ret_value->flags &= (uint8_t)~CREG_STRING_TRUSTED;
    return status;
}

/* ---- split ------------------------------------------------------------------------------ */

/* Where the pieces of a split go. */
typedef struct pieces {
    jinja_call *call;
    creg_list *list;
} pieces;

static creg_status add_piece(pieces *self, const char *data, size_t size)
{
    creg_value piece = jinja_part(self->call->args[0], data, size);
    if (!creg_list_append(self->call->run->arena, self->list, piece))
        return jinja_fail_arena(self->call->run);
    return jinja_charge(self->call->run, 1);
}

static bool blank_at(creg_value self, const char *at, size_t *ret_width)
{
    if (!is_text(self)) {
        *ret_width = 1;
        return is_byte_blank((unsigned char)*at);
    }
    return creg_unicode_is_space(creg_utf8_decode(at, ret_width));
}

static size_t skip_while(creg_value self, creg_slice text, size_t at, bool blank)
{
    while (at < text.size) {
        size_t width;
        if (blank_at(self, text.data + at, &width) != blank)
            break;
        at += width;
    }
    return at;
}

static creg_status split_blanks(pieces *out, size_t most)
{
    creg_value self = out->call->args[0];
    creg_slice text = creg_value_text(self);
    size_t at = skip_while(self, text, 0, true);
    for (; at < text.size && most > 0; most--) {
        size_t end = skip_while(self, text, at, false);
        creg_status status = add_piece(out, text.data + at, end - at);
        if (status != CREG_OK)
            return status;
        at = skip_while(self, text, end, true);
    }
    /* What maxsplit leaves keeps the blanks at its far end. */
    return at == text.size ? CREG_OK : add_piece(out, text.data + at, text.size - at);
}

static creg_status split_at(pieces *out, creg_slice needle, size_t most)
{
    creg_slice text = creg_value_text(out->call->args[0]);
    size_t at = 0;
    for (; most > 0; most--) {
        size_t found = creg_search(text, needle, at);
        if (found == SIZE_MAX)
            break;
        creg_status status = add_piece(out, text.data + at, found - at);
        if (status != CREG_OK)
            return status;
        at = found + needle.size;
    }
    return add_piece(out, text.data + at, text.size - at);
}

/* The same from the right; pieces come last first. */
static size_t skip_back_while(creg_value self, creg_slice text, size_t end, bool blank)
{
    while (end > 0) {
        size_t width;
        size_t at = is_text(self) ? creg_utf8_before(text, end) : end - 1;
        if (blank_at(self, text.data + at, &width) != blank)
            break;
        end = at;
    }
    return end;
}

static creg_status rsplit_blanks(pieces *out, size_t most)
{
    creg_value self = out->call->args[0];
    creg_slice text = creg_value_text(self);
    size_t end = skip_back_while(self, text, text.size, true);
    for (; end > 0 && most > 0; most--) {
        size_t start = skip_back_while(self, text, end, false);
        creg_status status = add_piece(out, text.data + start, end - start);
        if (status != CREG_OK)
            return status;
        end = skip_back_while(self, text, start, true);
    }
    return end == 0 ? CREG_OK : add_piece(out, text.data, end);
}

static creg_status rsplit_at(pieces *out, creg_slice needle, size_t most)
{
    creg_slice text = creg_value_text(out->call->args[0]);
    size_t end = text.size;
    for (; most > 0; most--) {
        size_t found = creg_search_last(text, needle, end);
        if (found == SIZE_MAX)
            break;
        size_t start = found + needle.size;
        creg_status status = add_piece(out, text.data + start, end - start);
        if (status != CREG_OK)
            return status;
        end = found;
    }
    return add_piece(out, text.data, end);
}

static void turn_round(creg_list *list)
{
    for (size_t i = 0, j = list->size; i + 1 < j; i++) {
        creg_value swapped = list->items[i];
        list->items[i] = list->items[--j];
        list->items[j] = swapped;
    }
}

static creg_status read_separator(jinja_call *call, creg_slice *ret_separator, bool *ret_blanks)
{
    *ret_blanks = !jinja_has(call, 1) || creg_value_is(call->args[1], CREG_KIND_NONE);
    if (*ret_blanks)
        return CREG_OK;
    if (is_text(call->args[0]) && !is_text(call->args[1]))
        return jinja_fail(call->run, "TypeError", "must be str or None, not %s",
                          creg_value_type_name(call->args[1]));
    creg_status status = same_kind(call, 1, ret_separator);
    if (status == CREG_OK && ret_separator->size == 0)
        return jinja_fail(call->run, "ValueError", "empty separator");
    return status;
}

static creg_status split(jinja_call *call, bool from_right, creg_value *ret_value)
{
    creg_slice separator;
    bool blanks;
    int64_t most;
    creg_status status = read_separator(call, &separator, &blanks);
    if (status == CREG_OK)
        status = jinja_argument_index(call, 2, -1, &most);
    if (status == CREG_OK)
        status = charge_self(call);
    if (status != CREG_OK)
        return status;
    pieces out = {.call = call, .list = creg_list_new(call->run->arena, 0)};
    if (out.list == NULL)
        return jinja_fail_arena(call->run);
    size_t times = most < 0 ? SIZE_MAX : (size_t)most;
    if (from_right)
        status = blanks ? rsplit_blanks(&out, times) : rsplit_at(&out, separator, times);
    else
        status = blanks ? split_blanks(&out, times) : split_at(&out, separator, times);
    if (from_right)
        turn_round(out.list);
    *ret_value = creg_value_list(out.list);
    return status;
}

creg_status jinja_method_split(jinja_call *call, creg_value *ret_value)
{
    return split(call, false, ret_value);
}

creg_status jinja_method_rsplit(jinja_call *call, creg_value *ret_value)
{
    return split(call, true, ret_value);
}

static size_t byte_line_break(const char *at, const char *end)
{
    if (*at == '\n')
        return 1;
    if (*at != '\r')
        return 0;
    return at + 1 < end && at[1] == '\n' ? 2 : 1;
}

creg_status jinja_method_splitlines(jinja_call *call, creg_value *ret_value)
{
    bool keep;
    creg_status status = jinja_argument_flag(call, 1, &keep);
    if (status == CREG_OK)
        status = charge_self(call);
    if (status != CREG_OK)
        return status;
    pieces out = {.call = call, .list = creg_list_new(call->run->arena, 0)};
    if (out.list == NULL)
        return jinja_fail_arena(call->run);
    creg_slice text = creg_value_text(call->args[0]);
    const char *end = text.data + text.size;
    const char *start = text.data;
    for (const char *at = text.data; at < end && status == CREG_OK;) {
        size_t size =
            is_text(call->args[0]) ? jinja_line_break(at, end) : byte_line_break(at, end);
        at += size == 0 ? 1 : size;
        if (size == 0 && at < end)
            continue;
        status = add_piece(&out, start, (size_t)(at - start) - (keep ? 0 : size));
        start = at;
    }
    *ret_value = creg_value_list(out.list);
    return status;
}

/* ---- partition -------------------------------------------------------------------------- */

static creg_status give_three(jinja_call *call, creg_value first, creg_value second,
                              creg_value third, creg_value *ret_value)
{
    creg_list *parts = creg_list_new(call->run->arena, 3);
    if (parts == NULL)
        return jinja_fail_arena(call->run);
    parts->items[0] = first;
    parts->items[1] = second;
    parts->items[2] = third;
    parts->size = 3;
    *ret_value = creg_value_tuple(parts);
    return CREG_OK;
}

static creg_status partition(jinja_call *call, bool from_right, creg_value *ret_value)
{
    creg_value self = call->args[0];
    creg_slice text = creg_value_text(self);
    creg_slice separator;
    creg_status status = CREG_OK;
    if (jinja_is_markup(self)) /* Markup escapes whatever it is given */
        status = jinja_escape(call->run, call->args[1], &call->args[1]);
    if (status == CREG_OK)
        status = same_kind(call, 1, &separator);
    if (status == CREG_OK && separator.size == 0)
        status = jinja_fail(call->run, "ValueError", "empty separator");
    if (status == CREG_OK)
        status = charge_self(call);
    if (status != CREG_OK)
        return status;
    size_t at = from_right ? creg_search_last(text, separator, text.size)
                           : creg_search(text, separator, 0);
    creg_value nothing = jinja_part(self, "", 0);
    if (at == SIZE_MAX)
        return from_right ? give_three(call, nothing, nothing, self, ret_value)
                          : give_three(call, self, nothing, nothing, ret_value);
    size_t end = at + separator.size;
    return give_three(call, jinja_part(self, text.data, at),
                      jinja_part(self, text.data + at, separator.size),
                      jinja_part(self, text.data + end, text.size - end), ret_value);
}

creg_status jinja_method_partition(jinja_call *call, creg_value *ret_value)
{
    return partition(call, false, ret_value);
}

creg_status jinja_method_rpartition(jinja_call *call, creg_value *ret_value)
{
    return partition(call, true, ret_value);
}
