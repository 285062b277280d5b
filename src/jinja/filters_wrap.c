/* SPDX-License-Identifier: MIT */
/*
 * wordwrap: Python's textwrap, line by line, in one pass over the text.
 *
 * A line is cut into chunks (words, parts of hyphenated words, dashes between words, runs of
 * blanks); lines are then filled with as many chunks as fit.
 */
#include <math.h>

#include "jinja/builtins.h"

#include "base/unicode.h"
#include "base/utf8.h"

/* One line to wrap, as code points: `offsets` has one more entry than there are of them. */
typedef struct paragraph {
    const char *text;
    const uint32_t *points;
    const uint32_t *offsets;
    size_t size;
    size_t dashes_end; /* of the run of dashes that was measured last */
} paragraph;

typedef struct chunk {
    size_t start;
    size_t end;
} chunk;

typedef struct wrapping {
    jinja_run *run;
    size_t width;
    bool fraction; /* the width came as a float, which Python compares but does not cut at */
    bool break_long_words;
    bool break_on_hyphens;
    creg_slice separator;
    creg_text out;
    bool any; /* something was written: the separator comes before the next line */
} wrapping;

/* ---- chunks ----------------------------------------------------------------------------- */

/* textwrap's blanks; other spaces of Unicode do not part words. */
static bool is_wrap_blank(uint32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_word(uint32_t c)
{
    return c == '_' || creg_unicode_is_alnum(c);
}

/* A letter as textwrap has it: '_' is one. */
static bool is_letter(uint32_t c)
{
    return is_word(c) && creg_unicode_decimal(c) < 0;
}

/* What may stand before a dash between words. */
static bool is_word_or_mark(uint32_t c)
{
    return c < 0x80 && c != 0 && strchr("!\"'&.,?", (int)c) != NULL ? true : is_word(c);
}

static bool letter_at(const paragraph *p, size_t at)
{
    return at < p->size && is_letter(p->points[at]);
}

/* The end of the dashes from `at` when there are two or more and a word follows; else 0. */
static size_t dashes_before_word(paragraph *p, size_t at)
{
    if (p->points[at] != '-')
        return 0;
    if (p->dashes_end <= at) {
        size_t end = at;
        while (end < p->size && p->points[end] == '-')
            end++;
        p->dashes_end = end;
    }
    size_t end = p->dashes_end;
    return end - at >= 2 && end < p->size && is_word(p->points[end]) ? end : 0;
}

/* Does a part of a hyphenated word end behind the '-' at `at`? */
static bool is_hyphen_end(const paragraph *p, size_t at)
{
    if (p->points[at] != '-' || at < 2 || !letter_at(p, at - 1))
        return false;
    bool before =
        letter_at(p, at - 2) || (at >= 3 && p->points[at - 2] == '-' && letter_at(p, at - 3));
    bool after = letter_at(p, at + 1) &&
                 (letter_at(p, at + 2) ||
                  (at + 2 < p->size && p->points[at + 2] == '-' && letter_at(p, at + 3)));
    return before && after;
}

static size_t word_end(paragraph *p, size_t start, bool hyphens)
{
    size_t at = start + 1;
    for (; at < p->size && !is_wrap_blank(p->points[at]); at++) {
        if (!hyphens)
            continue;
        if (is_hyphen_end(p, at))
            return at + 1;
        if (is_word_or_mark(p->points[at - 1]) && dashes_before_word(p, at) != 0)
            return at;
    }
    return at;
}

static chunk next_chunk(paragraph *p, size_t start, bool hyphens)
{
    chunk part = {.start = start, .end = start + 1};
    if (is_wrap_blank(p->points[start])) {
        while (part.end < p->size && is_wrap_blank(p->points[part.end]))
            part.end++;
        return part;
    }
    size_t dashes = 0;
    if (hyphens && start > 0 && is_word_or_mark(p->points[start - 1]))
        dashes = dashes_before_word(p, start);
    part.end = dashes != 0 ? dashes : word_end(p, start, hyphens);
    return part;
}

static bool is_space_only(const paragraph *p, chunk part)
{
    for (size_t i = part.start; i < part.end; i++)
        if (!creg_unicode_is_space(p->points[i]))
            return false;
    return true;
}

/* ---- filling lines ---------------------------------------------------------------------- */

static void write_line(wrapping *wrap, const paragraph *p, size_t start, size_t end)
{
    if (wrap->any)
        creg_text_slice(&wrap->out, wrap->separator);
    wrap->any = true;
    creg_text_append(&wrap->out, p->text + p->offsets[start],
                     p->offsets[end] - p->offsets[start]);
}

/* Where to break a chunk that is too long for `room`: behind its last hyphen, or at `room`. */
static size_t break_long(const wrapping *wrap, const paragraph *p, chunk part, size_t room)
{
    if (wrap->break_on_hyphens && part.end - part.start > room) {
        for (size_t at = part.start + room; at > part.start + 1; at--) {
            if (p->points[at - 1] != '-')
                continue;
            for (size_t i = part.start; i < at - 1; i++)
                if (p->points[i] != '-')
                    return at;
            break;
        }
    }
    return part.start + room;
}

/* The state of one paragraph: what comes next, and the line being filled. */
typedef struct filling {
    paragraph *p;
    size_t at;  /* where the next chunk begins */
    chunk part; /* the next chunk, when `have` */
    bool have;
    bool lines;   /* this paragraph has given a line */
    size_t start; /* of the line */
    chunk last;   /* its last piece */
} filling;

static chunk peek_chunk(const wrapping *wrap, filling *fill)
{
    if (!fill->have)
        fill->part = next_chunk(fill->p, fill->at, wrap->break_on_hyphens);
    fill->have = true;
    return fill->part;
}

static void take_chunk(filling *fill)
{
    fill->last = fill->part;
    fill->at = fill->part.end;
    fill->have = false;
}

static void take_what_fits(const wrapping *wrap, filling *fill)
{
    fill->start = fill->at;
    fill->last = (chunk){fill->at, fill->at};
    while (fill->at < fill->p->size && peek_chunk(wrap, fill).end - fill->start <= wrap->width)
        take_chunk(fill);
}

/* A chunk longer than a line: cut it, or let it stand alone. */
static creg_status take_long_chunk(const wrapping *wrap, filling *fill)
{
    if (!fill->have || fill->part.end - fill->part.start <= wrap->width)
        return CREG_OK;
    if (wrap->break_long_words && wrap->fraction && wrap->width > 0)
        return jinja_fail(wrap->run, "TypeError",
                          "slice indices must be integers or None or have an __index__ method");
    if (wrap->break_long_words) {
        size_t room = wrap->width == 0 ? 1 : wrap->width - (fill->at - fill->start);
        size_t end = break_long(wrap, fill->p, fill->part, room);
        fill->last = (chunk){fill->at, end};
        fill->at = end;
        fill->part.start = end;
    } else if (fill->at == fill->start) {
        take_chunk(fill);
    }
    return CREG_OK;
}

/* textwrap drops the last piece of a line when it is blank; the empty piece of a word that
 * was broken where no room was left counts as such, and then blanks before it stay. */
static void finish_line(wrapping *wrap, filling *fill)
{
    size_t end = fill->at;
    if (is_space_only(fill->p, fill->last))
        end = fill->last.start;
    if (end > fill->start) {
        write_line(wrap, fill->p, fill->start, end);
        fill->lines = true;
    }
}

/*
 * Wrap one paragraph. Chunks follow each other without gaps, so a line is a range of the
 * paragraph; only blanks at its ends are left out.
 */
static creg_status wrap_paragraph(wrapping *wrap, paragraph *p)
{
    filling fill = {.p = p};
    while (fill.at < p->size && wrap->out.failed == CREG_OK) {
        creg_status status = jinja_charge(wrap->run, 1);
        if (status != CREG_OK)
            return status;
        if (fill.lines && is_space_only(p, peek_chunk(wrap, &fill)))
            take_chunk(&fill);
        take_what_fits(wrap, &fill);
        status = take_long_chunk(wrap, &fill);
        if (status != CREG_OK)
            return status;
        finish_line(wrap, &fill);
    }
    return CREG_OK;
}

/* Decode a line; the caller sized the arrays for the longest one. */
static void decode(paragraph *p, creg_slice line, uint32_t *points, uint32_t *offsets)
{
    size_t count = 0;
    for (size_t at = 0; at < line.size; count++) {
        size_t width;
        points[count] = creg_utf8_decode(line.data + at, &width);
        offsets[count] = (uint32_t)at;
        at += width;
    }
    offsets[count] = (uint32_t)line.size;
    *p = (paragraph){.text = line.data, .points = points, .offsets = offsets, .size = count};
}

static creg_status wrap_text(wrapping *wrap, creg_slice text)
{
    uint32_t *points = creg_arena_calloc(wrap->run->arena, text.size + 1, 2 * sizeof *points);
    if (points == NULL)
        return jinja_fail_arena(wrap->run);
    uint32_t *offsets = points + text.size + 1;

    creg_status status = CREG_OK;
    const char *end = text.data + text.size;
    bool first = true;
    for (const char *at = text.data; at < end && status == CREG_OK; first = false) {
        const char *stop = at;
        while (stop < end && jinja_line_break(stop, end) == 0)
            stop++;
        if (!first) /* each line begins anew, an empty one too */
            creg_text_slice(&wrap->out, wrap->separator);
        wrap->any = false;
        paragraph p;
        decode(&p, creg_slice_make(at, (size_t)(stop - at)), points, offsets);
        status = wrap_paragraph(wrap, &p);
        at = stop + jinja_line_break(stop, end);
    }
    return status;
}

/* A float is as good as an integer, as long as no word has to be cut there. */
static creg_status read_width(jinja_call *call, wrapping *wrap)
{
    bool wraps = call->args[0].size > 0; /* Python only looks at it then */
    if (jinja_has(call, 1) && creg_value_is(call->args[1], CREG_KIND_FLOAT)) {
        double width = call->args[1].as.real;
        wrap->fraction = true;
        if (isnan(width) || (width <= 0 && wraps))
            return jinja_fail(call->run, "ValueError", "invalid width %g (must be > 0)", width);
        wrap->width = width < 0x1p32 ? (size_t)fmax(width, 0) : UINT32_MAX;
        return CREG_OK;
    }
    int64_t width;
    creg_status status = jinja_argument_int(call, 1, 79, &width);
    if (status != CREG_OK)
        return status;
    if (width <= 0 && wraps)
        return jinja_fail(call->run, "ValueError", "invalid width %lld (must be > 0)",
                          (long long)width);
    wrap->width = width < 0 ? 0 : (size_t)width;
    return CREG_OK;
}

static creg_status read_wrapping(jinja_call *call, wrapping *wrap)
{
    jinja_run *run = call->run;
    const char *newline = run->options->newline_sequence;
    wrap->separator = creg_slice_of(newline == NULL ? "\n" : newline);
    creg_status status = read_width(call, wrap);
    if (status == CREG_OK)
        status = jinja_argument_bool(call, 2, true, &wrap->break_long_words);
    if (status == CREG_OK && jinja_has(call, 3) &&
        !creg_value_is(call->args[3], CREG_KIND_NONE))
        status = jinja_argument_text(call, 3, wrap->separator, &wrap->separator);
    if (status == CREG_OK)
        status = jinja_argument_bool(call, 4, true, &wrap->break_on_hyphens);
    return status;
}

static creg_status filter_wordwrap(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_value source = call->args[0];
    if (creg_value_is(source, CREG_KIND_UNDEFINED))
        return jinja_fail_undefined(run, source);
    if (!creg_value_is(source, CREG_KIND_STRING))
        return jinja_fail(run, "AttributeError", "'%s' object has no attribute 'splitlines'",
                          creg_value_type_name(source));
    wrapping wrap = {.run = run};
    jinja_text_init(run, &wrap.out);
    creg_status status = read_wrapping(call, &wrap);
    if (status == CREG_OK)
        status = wrap_text(&wrap, creg_value_text(source));
    return status == CREG_OK ? jinja_text_value(run, &wrap.out, ret_value) : status;
}

const jinja_builtin jinja_filters_wrap[] = {
    {"wordwrap", filter_wordwrap,
     "wordwrap(width=79, break_long_words=true, wrapstring=none, break_on_hyphens=true)",
     "Wrap each line to a width, between words.", 0, 0},
    JINJA_ROW_END,
};
