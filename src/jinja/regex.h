/* SPDX-License-Identifier: MIT */
/*
 * Regular expressions for the configuration pack: Python's dialect on PCRE2, bounded.
 *
 * The engine itself never uses them; only templates that switch the pack on do. Steps and
 * heap of each match are limited and the just-in-time compiler stays off, so the worst
 * pattern ends in a limit error.
 */
#ifndef JINJA_REGEX_H
#define JINJA_REGEX_H

#include "jinja/builtins.h"

typedef struct jinja_regex jinja_regex;

enum { JINJA_REGEX_IGNORECASE = 1, JINJA_REGEX_MULTILINE = 2 };

/** One match: byte offsets of the groups, group 0 the whole; SIZE_MAX for what took no part. */
typedef struct jinja_match {
    const size_t *offsets; /* 2 a group */
    size_t groups;         /* with group 0 */
} jinja_match;

/**
 * Compile a pattern. Owned: jinja_regex_free(), which takes NULL.
 *
 * ValueError  not a regular expression: what, and at which offset
 */
creg_status jinja_regex_new(jinja_run *run, creg_slice pattern, unsigned flags,
                            jinja_regex **ret_regex);
void jinja_regex_free(jinja_regex *regex);

/** The next match of a walk over `text`, as re.finditer goes; `*ret_found` false at the end. */
typedef struct jinja_regex_walk {
    creg_slice text;
    size_t at;
    bool after_empty; /* the last match was empty: the next one must not be, here */
    bool anchored;    /* re.match: at the start only */
} jinja_regex_walk;

creg_status jinja_regex_next(jinja_run *run, jinja_regex *regex, jinja_regex_walk *walk,
                             jinja_match *ret_match, bool *ret_found);

/** The number of a named group, or SIZE_MAX. */
size_t jinja_regex_group(const jinja_regex *regex, creg_slice name);

static inline creg_slice jinja_match_group(const jinja_match *match, creg_slice text,
                                           size_t group)
{
    size_t start = match->offsets[2 * group];
    if (start == SIZE_MAX)
        return creg_slice_make("", 0);
    return creg_slice_make(text.data + start, match->offsets[2 * group + 1] - start);
}

#endif
