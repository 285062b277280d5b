/* SPDX-License-Identifier: MIT */
/*
 * The check of single values: which pieces of the rendered text are scalars by themselves.
 */
#include "registry/body_check.h"

static creg_extent extent_of(creg_slice text, const jinja_trace *trace, size_t index)
{
    size_t begin = trace->pieces[index].output_at;
    size_t end = index + 1 < trace->size ? trace->pieces[index + 1].output_at : text.size;
    return (creg_extent){begin, end};
}

/* ---- JSON ------------------------------------------------------------------------------ */

static bool is_json_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* The bytes of numbers and words. No quotes: a quote here could pair with another value's. */
static bool is_word_byte(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '+' || byte == '-' || byte == '.';
}

/* A run of such bytes is one token together with what stands next to it; spaces around it add nothing. */
static bool is_one_word(creg_slice text, creg_extent piece)
{
    while (piece.begin < piece.end && is_json_space(text.data[piece.begin]))
        piece.begin++;
    while (piece.begin < piece.end && is_json_space(text.data[piece.end - 1]))
        piece.end--;
    while (piece.begin < piece.end && is_word_byte(text.data[piece.begin]))
        piece.begin++;
    return piece.begin == piece.end;
}

bool creg_body_check_json(creg_slice text, const jinja_trace *trace, creg_extent *ret_piece)
{
    for (size_t i = 0; i < trace->size; i++) {
        if (!trace->pieces[i].is_checked)
            continue;
        *ret_piece = extent_of(text, trace, i);
        if (!is_one_word(text, *ret_piece))
            return true;
    }
    return false;
}

/* ---- YAML ------------------------------------------------------------------------------ */

/* A break to libyaml: LF, CR, NEL, LS, PS. */
static bool has_line_break(creg_slice text, creg_extent piece)
{
    for (size_t i = piece.begin; i < piece.end; i++) {
        const char *at = text.data + i;
        size_t left = piece.end - i;
        if (*at == '\n' || *at == '\r' || (left >= 2 && memcmp(at, "\xC2\x85", 2) == 0) ||
            (left >= 3 &&
             (memcmp(at, "\xE2\x80\xA8", 3) == 0 || memcmp(at, "\xE2\x80\xA9", 3) == 0)))
            return true;
    }
    return false;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* Is there a '#' before the piece, on its line and behind the scalar before it? */
static bool is_in_comment(creg_slice text, creg_extent piece, size_t behind)
{
    if (has_line_break(text, piece))
        return false;
    for (size_t at = piece.begin; at > behind && text.data[at - 1] != '\n'; at--) {
        bool opens = text.data[at - 1] == '#' &&
                     (at == 1 || is_blank(text.data[at - 2]) || text.data[at - 2] == '\n');
        if (opens)
            return true;
    }
    return false;
}

/* The piece may be part of a scalar, but not what makes it one: a quote, a '|', a "<<". */
static bool lies_inside(creg_extent piece, const creg_yaml_extent *scalar)
{
    if (scalar->extent.begin > piece.begin || scalar->extent.end < piece.end)
        return false;
    bool opens = scalar->style != CREG_YAML_PLAIN && scalar->extent.begin == piece.begin;
    bool closes = scalar->style == CREG_YAML_QUOTED && scalar->extent.end == piece.end;
    return !opens && !closes && !scalar->is_merge;
}

bool creg_body_check_yaml(creg_slice text, const jinja_trace *trace,
                          const creg_yaml_extents *extents, creg_extent *ret_piece)
{
    size_t next = 0; /* the first scalar that ends at or behind the piece's end */
    for (size_t i = 0; i < trace->size; i++) {
        creg_extent piece = extent_of(text, trace, i);
        if (!trace->pieces[i].is_checked || piece.begin == piece.end)
            continue;
        while (next < extents->size && extents->items[next].extent.end < piece.end)
            next++;
        if (next < extents->size && lies_inside(piece, &extents->items[next]))
            continue;
        size_t behind = next == 0 ? 0 : extents->items[next - 1].extent.end;
        if (is_in_comment(text, piece, behind))
            continue;
        *ret_piece = piece;
        return true;
    }
    return false;
}
