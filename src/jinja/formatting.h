/* SPDX-License-Identifier: MIT */
/*
 * Python's two ways to format, in three files: format_spec.c has the mini-language of
 * format(value, ">10.2f"), format_braces.c "{0.name!r:>{width}}", format_percent.c "%-5s".
 */
#ifndef JINJA_FORMATTING_H
#define JINJA_FORMATTING_H

#include "jinja/runtime.h"
#include "value/integer.h"

/** Append format(value, spec). ValueError and TypeError worded as Python does. */
creg_status jinja_format_value(jinja_run *run, creg_text *text, creg_value value,
                               creg_slice spec);

/** Where the replacement fields of a format string find their values. */
typedef struct jinja_format_source {
    const creg_value *positional;
    size_t count;
    const creg_entry *keywords;
    size_t keyword_count;
    creg_value mapping; /**< of format_map(): used instead, when not missing */
} jinja_format_source;

/** text.format(...) and text.format_map(...). Markup escapes what it inserts. */
creg_status jinja_format_fields(jinja_run *run, creg_value format,
                                const jinja_format_source *source, creg_value *ret_text);

/** Append `count` times a fill character; the caller has charged for it. */
void jinja_append_fill(creg_text *text, uint32_t fill, size_t count);

/** Append ascii(value): repr with everything outside ASCII escaped. */
creg_status jinja_append_ascii(jinja_run *run, creg_text *text, creg_value value);

/** Append repr(value) or str(value). */
creg_status jinja_append_printed(jinja_run *run, creg_text *text, creg_value value,
                                 bool as_repr);

/** What str(exception) shows of a missing key: repr. KeyError. */
creg_status jinja_fail_key(jinja_run *run, creg_value key);

/** Is a text that was made with `value` in it as trusted as one without? */
static inline bool jinja_keeps_trust(creg_value value)
{
    return (value.kind >= CREG_KIND_NONE && value.kind <= CREG_KIND_FLOAT) ||
           (value.kind == CREG_KIND_STRING && (value.flags & CREG_STRING_TRUSTED) != 0);
}

/** Charge what the digits of an integer cost. */
static inline creg_status jinja_charge_digits(jinja_run *run, creg_integer integer)
{
    return integer.big == NULL ? CREG_OK
                               : jinja_charge_words(run, 1 + creg_integer_bits(integer) / 64);
}

#endif
