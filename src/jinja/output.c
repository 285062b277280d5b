/* SPDX-License-Identifier: MIT */
/*
 * Writing output: text of the template, and values as {{ }} prints them.
 *
 * Plain and HTML output go straight into one buffer. Structure-safe output (JSON, YAML)
 * follows the quotes of what is written, so that a value can be made to fit where it stands:
 *
 *     "cpu": "{{ x }}"      inside a quoted scalar: escaped for that scalar, whatever it holds
 *     "cpu": {{ x }}        outside: a number, a boolean, none, or text of the template goes
 *                           as it is; other text goes too, but its piece of the trace is
 *                           marked, and the registry checks that it stayed inside one scalar
 *
 * Whether text is the template's own is a flag of the string (CREG_STRING_TRUSTED): literals
 * have it, what is joined from such has it, and so has the result of a macro or set block
 * whose buffer took no data outside of quotes. Nothing that came with the context ever gets
 * it. A buffer that is not the result has no trace; data outside of quotes makes all of it
 * untrusted instead, and the place where it is printed answers for it.
 */
#include "jinja/output.h"

#include <string.h>

#include "jinja/eval.h"
#include "value/print.h"

void jinja_output_init(jinja_state *st, jinja_output *out, size_t limit)
{
    memset(out, 0, sizeof *out);
    creg_text_init(&out->text, st->run.arena, limit);
    jinja_quote_init(&out->quote);
}

static creg_status fail_output(jinja_state *st)
{
    jinja_output *out = st->out;
    if (out->text.failed == CREG_NO_MEMORY || st->run.arena->failed != CREG_OK)
        return jinja_fail_arena(&st->run);
    st->failed_node = NULL;
    creg_status status =
        creg_fail(st->run.err, CREG_LIMIT, "the output is longer than %zu bytes",
                  st->run.limits.output_bytes);
    creg_error_hint(st->run.err, "render less at once, or raise output_bytes in jinja_limits");
    return status;
}

static inline creg_status check_output(jinja_state *st)
{
    return st->out->text.failed == CREG_OK ? CREG_OK : fail_output(st);
}

/* ---- the trace ------------------------------------------------------------------------ */

static creg_status trace(jinja_state *st, uint32_t line, uint32_t at, bool is_literal,
                         bool is_checked)
{
    jinja_tracer *tracer = st->out->tracer;
    if (tracer->size == tracer->capacity) {
        size_t capacity = tracer->capacity == 0 ? 256 : tracer->capacity * 2;
        void *grown = creg_arena_grow(st->run.arena, tracer->pieces,
                                      tracer->capacity * sizeof(jinja_piece),
                                      capacity * sizeof(jinja_piece));
        if (grown == NULL)
            return jinja_fail_arena(&st->run);
        tracer->pieces = grown;
        tracer->capacity = capacity;
    }
    tracer->pieces[tracer->size++] = (jinja_piece){.output_at = (uint32_t)st->out->text.size,
                                                   .line = line,
                                                   .column = at, /* an offset until the end */
                                                   .is_literal = is_literal,
                                                   .is_checked = is_checked};
    return CREG_OK;
}

/* ---- plain and HTML ------------------------------------------------------------------- */

static creg_status write_other(jinja_state *st, creg_value value)
{
    if (value.kind == CREG_KIND_UNDEFINED) {
        creg_slice text;
        creg_status status = jinja_undefined_text(&st->run, value, &text);
        if (status == CREG_OK)
            creg_text_slice(&st->out->text, text);
        return status;
    }
    return jinja_print(&st->run, &st->out->text, value, false);
}

enum { INTEGER_ROOM = 20, SHORT_TEXT = 16 };

/* Most texts are short: two moves that overlap are cheaper than a call. */
static inline void put_text(creg_text *text, const char *data, size_t size)
{
    if (size > SHORT_TEXT || size < 4 || !creg_text_reserve(text, size)) {
        creg_text_append(text, data, size);
        return;
    }
    char *out = text->data + text->size;
    if (size >= 8) {
        uint64_t first;
        uint64_t last;
        memcpy(&first, data, sizeof first);
        memcpy(&last, data + size - sizeof last, sizeof last);
        memcpy(out, &first, sizeof first);
        memcpy(out + size - sizeof last, &last, sizeof last);
    } else {
        uint32_t first;
        uint32_t last;
        memcpy(&first, data, sizeof first);
        memcpy(&last, data + size - sizeof last, sizeof last);
        memcpy(out, &first, sizeof first);
        memcpy(out + size - sizeof last, &last, sizeof last);
    }
    text->size += size;
}

static size_t count_digits(uint64_t number)
{
    size_t count = 1;
    for (; number >= 10000; number /= 10000)
        count += 4;
    return count + (number >= 10) + (number >= 100) + (number >= 1000);
}

/* Straight into the buffer, two digits at a time, the last ones first. */
static void write_integer(creg_text *text, int64_t integer)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    if (!creg_text_reserve(text, INTEGER_ROOM))
        return;
    uint64_t rest = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
    char *out = text->data + text->size;
    if (integer < 0)
        *out++ = '-';
    char *end = out + count_digits(rest);
    text->size = (size_t)(end - text->data);
    for (; rest >= 100; rest /= 100) {
        end -= 2;
        memcpy(end, pairs + rest % 100 * 2, 2);
    }
    if (rest >= 10)
        memcpy(end - 2, pairs + rest * 2, 2);
    else
        end[-1] = (char)('0' + rest);
}

static inline creg_status write_plain(jinja_state *st, creg_value value)
{
    if (value.kind == CREG_KIND_STRING) {
        put_text(&st->out->text, value.as.text, value.size);
        return value.size < 64 ? CREG_OK : jinja_charge(&st->run, value.size / 64);
    }
    if (value.kind == CREG_KIND_INT) {
        write_integer(&st->out->text, value.as.integer);
        return CREG_OK;
    }
    return write_other(st, value);
}

static creg_status write_html(jinja_state *st, creg_value value)
{
    if (value.kind >= CREG_KIND_NONE && value.kind <= CREG_KIND_FLOAT)
        return write_plain(st, value);
    creg_status status = jinja_str_value(&st->run, value, &value);
    if (status != CREG_OK)
        return status;
    if ((value.flags & CREG_STRING_MARKUP) != 0)
        creg_text_append(&st->out->text, value.as.text, value.size);
    else
        jinja_escape_into(&st->out->text, creg_value_text(value));
    return value.size < 64 ? CREG_OK : jinja_charge(&st->run, value.size / 64);
}

static bool escapes_now(const jinja_state *st, jinja_escape_mode escape)
{
    return escape == ESCAPE_ON || (escape == ESCAPE_VOLATILE && st->run.autoescape);
}

/* ---- structure-safe ------------------------------------------------------------------- */

static bool is_data(creg_value value)
{
    switch (value.kind) {
    case CREG_KIND_NONE:
    case CREG_KIND_BOOL:
    case CREG_KIND_INT:
    case CREG_KIND_BIGINT:
    case CREG_KIND_FLOAT:
    case CREG_KIND_NUMBER:
        return false;
    case CREG_KIND_STRING:
        return (value.flags & (CREG_STRING_TRUSTED | CREG_STRING_RAW)) == 0;
    default:
        return true;
    }
}

static creg_status fail_quote(jinja_state *st, const char *problem)
{
    creg_status status = jinja_fail(&st->run, "ValueError", "%s", problem);
    creg_error_hint(st->run.err, "use a double-quoted scalar, or |tojson without quotes");
    return status;
}

/* Data that stands outside of quotes does not move the state: were it to open a quote, the
 * check of its piece refuses it anyway. */
static void write_outside(jinja_state *st, creg_slice text, bool data)
{
    creg_text_slice(&st->out->text, text);
    if (!data)
        jinja_quote_follow(st->run.options->autoescape, &st->out->quote, text);
    else
        jinja_quote_data(st->run.options->autoescape, &st->out->quote, text);
    if (data && st->out->tracer == NULL)
        st->out->untrusted = true;
}

static creg_status write_structured(jinja_state *st, jinja_escape_mode escape, creg_value value,
                                    bool *ret_checked)
{
    jinja_output *out = st->out;
    *ret_checked = false;
    if (value.kind == CREG_KIND_INT && out->quote.mode != MODE_ESCAPE) {
        /* Digits fit everywhere. */
        if (jinja_quote_style_of(&out->quote) == QUOTE_STYLE_NONE)
            jinja_quote_data(st->run.options->autoescape, &out->quote, creg_slice_make("0", 1));
        write_integer(&out->text, value.as.integer);
        return CREG_OK;
    }
    bool data = is_data(value);
    bool raw = value.kind == CREG_KIND_STRING && (value.flags & CREG_STRING_RAW) != 0;
    creg_status status = escapes_now(st, escape) ? jinja_escape(&st->run, value, &value)
                                                 : jinja_str_value(&st->run, value, &value);
    if (status != CREG_OK)
        return status;
    creg_slice text = creg_value_text(value);
    status = jinja_charge(&st->run, text.size / 32);
    if (status != CREG_OK || text.size == 0)
        return status;
    jinja_quote_style style = jinja_quote_style_of(&out->quote);
    if (raw || style == QUOTE_STYLE_NONE) {
        *ret_checked = data;
        write_outside(st, text, data);
        return CREG_OK;
    }
    const char *problem =
        jinja_quote_escape(st->run.options->autoescape, &out->quote, text, &out->text);
    return problem == NULL ? CREG_OK : fail_quote(st, problem);
}

static void write_literal_structured(jinja_state *st, const jinja_output_item *item)
{
    creg_text_slice(&st->out->text, item->text);
    jinja_quote_literal(st->run.options->autoescape, &st->out->quote, item->text, item->memo);
}

static creg_status write_item_structured(jinja_state *st, const jinja_stmt *stmt,
                                         const jinja_output_item *item)
{
    bool is_literal = item->node == NULL;
    bool checked = false;
    creg_value value;
    if (is_literal) {
        creg_status status =
            st->out->tracer == NULL ? CREG_OK : trace(st, item->line, item->at, true, false);
        if (status == CREG_OK)
            write_literal_structured(st, item);
        return status;
    }
    creg_status status = jinja_evaluate_node(st, item->node, &value);
    if (status == CREG_OK && st->out->tracer != NULL)
        status = trace(st, item->line, item->at, false, false);
    if (status == CREG_OK)
        status = write_structured(st, (jinja_escape_mode)stmt->escape, value, &checked);
    if (status == CREG_OK && checked && st->out->tracer != NULL)
        st->out->tracer->pieces[st->out->tracer->size - 1].is_checked = true;
    return jinja_at_node(st, item->node, status);
}

static creg_status exec_structured(jinja_state *st, const jinja_stmt *stmt)
{
    if (stmt->check_extends && st->parent != NULL)
        return CREG_OK;
    creg_status status = jinja_charge(&st->run, stmt->cost);
    if (status != CREG_OK)
        return jinja_at_line(st, stmt->line, stmt->at, 0, status);
    for (uint32_t i = 0; i < stmt->as.output.count; i++) {
        const jinja_output_item *item = &stmt->as.output.items[i];
        status = write_item_structured(st, stmt, item);
        if (status == CREG_OK)
            status = check_output(st);
        if (status != CREG_OK)
            return jinja_at_line(st, item->line, item->at, 0, status);
    }
    return CREG_OK;
}

/* ---- statements ----------------------------------------------------------------------- */

static creg_status finalize(jinja_state *st, creg_value value, creg_value *ret_value)
{
    const jinja_options *options = st->run.options;
    return jinja_call_function(&st->run, options->finalize, options->finalize_user, &value, 1,
                               NULL, 0, ret_value);
}

static creg_status write_item(jinja_state *st, const jinja_stmt *stmt,
                              const jinja_output_item *item)
{
    creg_value value;
    creg_status status = jinja_evaluate_node(st, item->node, &value);
    if (status == CREG_OK && st->run.options->finalize != NULL)
        status = finalize(st, value, &value);
    if (status != CREG_OK)
        return status;
    bool html = item->escapes || escapes_now(st, (jinja_escape_mode)stmt->escape);
    status = html ? write_html(st, value) : write_plain(st, value);
    return jinja_at_node(st, item->node, status);
}

static creg_status exec_plain(jinja_state *st, const jinja_stmt *stmt)
{
    if (stmt->check_extends && st->parent != NULL)
        return CREG_OK;
    if (st->out->tracer != NULL)
        return jinja_exec_output_traced(st, stmt);
    creg_status status = jinja_charge(&st->run, stmt->cost);
    if (status != CREG_OK)
        return jinja_at_line(st, stmt->line, stmt->at, 0, status);
    const jinja_output_item *item = stmt->as.output.items;
    const jinja_output_item *end = item + stmt->as.output.count;
    creg_text_reserve(&st->out->text, stmt->as.output.room);
    for (; item < end; item++) {
        if (item->node == NULL) {
            put_text(&st->out->text, item->text.data, item->text.size);
            continue;
        }
        status = write_item(st, stmt, item);
        if (status != CREG_OK)
            return jinja_at_line(st, item->line, item->at, 0, status);
    }
    status = check_output(st);
    return status == CREG_OK ? CREG_OK : jinja_at_line(st, stmt->line, stmt->at, 0, status);
}

creg_status jinja_exec_output_traced(jinja_state *st, const jinja_stmt *stmt)
{
    creg_status status = jinja_charge(&st->run, stmt->cost);
    for (uint32_t i = 0; i < stmt->as.output.count && status == CREG_OK; i++) {
        const jinja_output_item *item = &stmt->as.output.items[i];
        status = trace(st, item->line, item->at, item->node == NULL, false);
        if (status == CREG_OK && item->node == NULL)
            creg_text_slice(&st->out->text, item->text);
        else if (status == CREG_OK)
            status = write_item(st, stmt, item);
        if (status == CREG_OK)
            status = check_output(st);
        if (status != CREG_OK)
            return jinja_at_line(st, item->line, item->at, 0, status);
    }
    return jinja_at_line(st, stmt->line, stmt->at, 0, status);
}

jinja_exec jinja_choose_output(const jinja_options *options, jinja_stmt *stmt)
{
    (void)stmt;
    bool structured = options->autoescape == JINJA_AUTOESCAPE_JSON ||
                      options->autoescape == JINJA_AUTOESCAPE_YAML;
    return structured ? exec_structured : exec_plain;
}

/* ---- for other statements ------------------------------------------------------------- */

static void note_odd(jinja_state *st, const jinja_stmt *stmt, creg_value value)
{
    if (st->out->odd.type == NULL)
        st->out->odd = (jinja_odd){creg_value_type_name(value), stmt, st->owner};
}

static creg_status fail_odd(jinja_state *st, const jinja_odd *odd)
{
    const jinja_template *owner = st->owner;
    const jinja_stmt *stmt = odd->stmt;
    st->owner = odd->owner;
    creg_status status = jinja_fail(
        &st->run, "TypeError", "sequence item 0: expected str instance, %s found", odd->type);
    status = jinja_at_line(st, stmt->line, stmt->at, stmt->size, status);
    st->owner = owner;
    return status;
}

creg_status jinja_write_value(jinja_state *st, const jinja_stmt *stmt, creg_value value)
{
    bool checked = false;
    creg_status status = CREG_OK;
    if (value.kind != CREG_KIND_STRING) { /* Jinja2 does not make text of it either */
        note_odd(st, stmt, value);
        return CREG_OK;
    }
    if (st->out->tracer != NULL)
        status = trace(st, stmt->line, stmt->at, false, false);
    if (status == CREG_OK && st->structured) {
        status = write_structured(st, ESCAPE_OFF, value, &checked);
        if (checked && st->out->tracer != NULL)
            st->out->tracer->pieces[st->out->tracer->size - 1].is_checked = true;
    } else if (status == CREG_OK) {
        status = write_plain(st, value);
    }
    return status == CREG_OK ? check_output(st) : status;
}

creg_status jinja_output_value(jinja_state *st, jinja_output *out, bool markup,
                               creg_value *ret_value)
{
    creg_slice text;
    if (out->odd.type != NULL)
        return fail_odd(st, &out->odd);
    if (out->text.failed != CREG_OK || creg_text_finish(&out->text, &text, NULL) != CREG_OK) {
        jinja_output *current = st->out;
        st->out = out;
        creg_status status = fail_output(st);
        st->out = current;
        return status;
    }
    *ret_value = creg_value_string(text);
    if (markup)
        ret_value->flags |= CREG_STRING_MARKUP;
    if (st->structured && !out->untrusted)
        ret_value->flags |= CREG_STRING_TRUSTED;
    return jinja_charge(&st->run, text.size / 64);
}
