/* SPDX-License-Identifier: MIT */
/*
 * Places in errors, and names that were nearly right.
 */
#include "jinja/diagnostic.h"

#include <string.h>

#include "base/utf8.h"

/* Where a line of the source begins; the source's end when it has fewer. */
static size_t line_offset(creg_slice source, uint32_t line)
{
    size_t at = 0;
    for (uint32_t i = 1; i < line && at < source.size; i++) {
        const char *newline = memchr(source.data + at, '\n', source.size - at);
        at = newline == NULL ? source.size : (size_t)(newline - source.data) + 1;
    }
    return at;
}

static uint32_t code_points(creg_slice source, size_t from, size_t to)
{
    uint32_t count = 0;
    for (size_t i = from; i < to && i < source.size; i++)
        count += !creg_utf8_is_tail(source.data[i]);
    return count;
}

void jinja_diagnose(creg_error *err, creg_slice name, creg_slice source, uint32_t line,
                    uint32_t at, uint32_t size)
{
    char text[CREG_ERROR_NAME_SIZE];
    if (err == NULL)
        return;
    size_t shown = name.size < sizeof text - 1 ? name.size : sizeof text - 1;
    if (shown > 0)
        memcpy(text, name.data, shown);
    text[shown] = '\0';
    size_t begin = line_offset(source, line);
    const char *newline =
        begin < source.size ? memchr(source.data + begin, '\n', source.size - begin) : NULL;
    size_t end = newline == NULL ? source.size : (size_t)(newline - source.data);
    bool on_line = at >= begin && at <= end;
    uint32_t column = on_line ? code_points(source, begin, at) + 1 : 1;
    uint32_t length = on_line && size > 0 ? code_points(source, at, at + size) : 1;
    creg_error_place(err, text, line, column, length);
    creg_error_snippet(err, source);
}

/* ---- near names ----------------------------------------------------------------------- */

enum { NEAR_NAME_MAX = 64 };

void jinja_nearest_init(jinja_nearest *nearest, creg_slice name)
{
    *nearest = (jinja_nearest){.name = name, .distance = name.size / 3 + 1};
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t smaller = a < b ? a : b;
    return smaller < c ? smaller : c;
}

/* Levenshtein's distance, bytes for letters: good enough for a hint. */
static size_t distance(creg_slice left, creg_slice right)
{
    size_t row[NEAR_NAME_MAX + 1];
    for (size_t i = 0; i <= right.size; i++)
        row[i] = i;
    for (size_t i = 1; i <= left.size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t k = 1; k <= right.size; k++) {
            size_t above = row[k];
            row[k] = least(above + 1, row[k - 1] + 1,
                           diagonal + (left.data[i - 1] != right.data[k - 1]));
            diagonal = above;
        }
    }
    return row[right.size];
}

void jinja_nearest_offer(jinja_nearest *nearest, creg_slice candidate)
{
    if (candidate.size > NEAR_NAME_MAX || nearest->name.size > NEAR_NAME_MAX)
        return;
    size_t apart = distance(nearest->name, candidate);
    if (apart == 0 || apart >= nearest->distance)
        return;
    nearest->best = candidate;
    nearest->distance = apart;
}
