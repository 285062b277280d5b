/* SPDX-License-Identifier: MIT */
/*
 * What a plain scalar means: YAML 1.2's core schema, and YAML 1.1 as PyYAML has it.
 *
 * The forms are small, so each is a function over a cursor; no regular expressions. Under
 * 1.1 surprising things are numbers and truths (no, 0755, 22:22, 1_000): that is what old
 * bodies count on, and why it is not the default.
 */
#include "format/yaml.h"

#include <math.h>

#include "base/fail.h"
#include "base/number.h"
#include "base/text.h"
#include "format/numeral.h"

/* ---- matching -------------------------------------------------------------------------- */

typedef struct cursor {
    const char *at;
    const char *end;
} cursor;

static cursor over(creg_slice text)
{
    return (cursor){text.data, text.data + text.size};
}

static bool at_end(const cursor *scan)
{
    return scan->at == scan->end;
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool take(cursor *scan, char byte)
{
    if (at_end(scan) || *scan->at != byte)
        return false;
    scan->at++;
    return true;
}

static bool take_one_of(cursor *scan, const char *bytes)
{
    if (at_end(scan) || *scan->at == '\0' || strchr(bytes, *scan->at) == NULL)
        return false;
    scan->at++;
    return true;
}

/* As many of these bytes as there are; how many there were. */
static size_t take_run(cursor *scan, const char *bytes)
{
    const char *start = scan->at;
    while (take_one_of(scan, bytes))
        continue;
    return (size_t)(scan->at - start);
}

static size_t take_digits(cursor *scan)
{
    const char *start = scan->at;
    while (!at_end(scan) && is_digit(*scan->at))
        scan->at++;
    return (size_t)(scan->at - start);
}

static bool take_word(cursor *scan, const char *word)
{
    size_t size = strlen(word);
    if ((size_t)(scan->end - scan->at) < size || memcmp(scan->at, word, size) != 0)
        return false;
    scan->at += size;
    return true;
}

static bool is_one_of(creg_slice text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (creg_slice_equal(text, creg_slice_of(*words)))
            return true;
    return false;
}

static const char digits_1_1[] = "0123456789_";

/* ---- words ----------------------------------------------------------------------------- */

static bool is_null(creg_slice text)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL", NULL};
    return is_one_of(text, words);
}

static bool is_true(creg_slice text, bool yaml_1_1)
{
    static const char *const core[] = {"true", "True", "TRUE", NULL};
    static const char *const more[] = {"yes", "Yes", "YES", "on", "On", "ON", NULL};
    return is_one_of(text, core) || (yaml_1_1 && is_one_of(text, more));
}

static bool is_false(creg_slice text, bool yaml_1_1)
{
    static const char *const core[] = {"false", "False", "FALSE", NULL};
    static const char *const more[] = {"no", "No", "NO", "off", "Off", "OFF", NULL};
    return is_one_of(text, core) || (yaml_1_1 && is_one_of(text, more));
}

static bool take_infinity(cursor *scan)
{
    return take_word(scan, ".inf") || take_word(scan, ".Inf") || take_word(scan, ".INF");
}

static bool is_infinity(creg_slice text)
{
    cursor scan = over(text);
    take_one_of(&scan, "-+");
    return take_infinity(&scan) && at_end(&scan);
}

static bool is_nan(creg_slice text)
{
    static const char *const words[] = {".nan", ".NaN", ".NAN", NULL};
    return is_one_of(text, words);
}

/* ---- numbers of 1.2 -------------------------------------------------------------------- */

static bool is_int_1_2(creg_slice text)
{
    cursor scan = over(text);
    if (take_word(&scan, "0o"))
        return take_run(&scan, "01234567") > 0 && at_end(&scan);
    if (take_word(&scan, "0x"))
        return take_run(&scan, "0123456789abcdefABCDEF") > 0 && at_end(&scan);
    take_one_of(&scan, "-+");
    return take_digits(&scan) > 0 && at_end(&scan);
}

static bool is_float_1_2(creg_slice text)
{
    cursor scan = over(text);
    take_one_of(&scan, "-+");
    size_t whole = take_digits(&scan);
    size_t part = take(&scan, '.') ? take_digits(&scan) : 0;
    if (whole + part == 0)
        return false;
    if (take_one_of(&scan, "eE")) {
        take_one_of(&scan, "-+");
        if (take_digits(&scan) == 0)
            return false;
    }
    return at_end(&scan);
}

/* ---- numbers and dates of 1.1 ---------------------------------------------------------- */

/* One or more ":0" to ":59". */
static bool take_sixtieths(cursor *scan)
{
    size_t groups = 0;
    while (take(scan, ':')) {
        const char *start = scan->at;
        size_t count = take_digits(scan);
        if (count == 0 || count > 2 || (count == 2 && *start > '5'))
            return false;
        groups++;
    }
    return groups > 0;
}

static bool is_sexagesimal_int(cursor scan)
{
    if (at_end(&scan) || *scan.at < '1' || *scan.at > '9')
        return false;
    take_run(&scan, digits_1_1);
    return take_sixtieths(&scan) && at_end(&scan);
}

static bool is_decimal_1_1(cursor scan)
{
    if (take(&scan, '0'))
        return at_end(&scan);
    return !at_end(&scan) && *scan.at != '_' && take_run(&scan, digits_1_1) > 0 &&
           at_end(&scan);
}

static bool is_int_1_1(creg_slice text)
{
    cursor scan = over(text);
    take_one_of(&scan, "-+");
    cursor rest = scan;
    if (take_word(&rest, "0b"))
        return take_run(&rest, "01_") > 0 && at_end(&rest);
    if (take_word(&rest, "0x"))
        return take_run(&rest, "0123456789abcdefABCDEF_") > 0 && at_end(&rest);
    if (take(&rest, '0') && take_run(&rest, "01234567_") > 0 && at_end(&rest))
        return true;
    return is_decimal_1_1(scan) || is_sexagesimal_int(scan);
}

/* An exponent needs its sign in 1.1. */
static bool ends_in_exponent(cursor *scan)
{
    if (take_one_of(scan, "eE"))
        return take_one_of(scan, "-+") && take_digits(scan) > 0 && at_end(scan);
    return at_end(scan);
}

static bool is_float_1_1(creg_slice text)
{
    cursor scan = over(text);
    bool has_sign = take_one_of(&scan, "-+");
    if (!at_end(&scan) && *scan.at == '.') {
        scan.at++;
        if (has_sign || at_end(&scan) || !is_digit(*scan.at))
            return false;
        take_run(&scan, digits_1_1);
        return ends_in_exponent(&scan);
    }
    if (at_end(&scan) || !is_digit(*scan.at))
        return false;
    take_run(&scan, digits_1_1);
    cursor sixty = scan;
    if (take_sixtieths(&sixty) && take(&sixty, '.')) {
        take_run(&sixty, digits_1_1);
        return at_end(&sixty);
    }
    if (!take(&scan, '.'))
        return false;
    take_run(&scan, digits_1_1);
    return ends_in_exponent(&scan);
}

static bool take_count(cursor *scan, size_t least, size_t most)
{
    size_t count = 0;
    while (count < most && !at_end(scan) && is_digit(*scan->at)) {
        scan->at++;
        count++;
    }
    return count >= least;
}

static bool take_zone(cursor *scan)
{
    take_run(scan, " \t");
    if (take(scan, 'Z'))
        return true;
    return take_one_of(scan, "-+") && take_count(scan, 1, 2) &&
           (at_end(scan) || (take(scan, ':') && take_count(scan, 2, 2)));
}

static bool take_time(cursor *scan)
{
    if (!take_one_of(scan, "Tt") && take_run(scan, " \t") == 0)
        return false;
    if (!take_count(scan, 1, 2) || !take(scan, ':') || !take_count(scan, 2, 2) ||
        !take(scan, ':') || !take_count(scan, 2, 2))
        return false;
    if (take(scan, '.'))
        take_digits(scan);
    return at_end(scan) || (take_zone(scan) && at_end(scan));
}

static bool is_date_1_1(creg_slice text)
{
    cursor scan = over(text);
    if (!take_count(&scan, 4, 4) || !take(&scan, '-'))
        return false;
    const char *month = scan.at;
    if (!take_count(&scan, 1, 2) || !take(&scan, '-') || !take_count(&scan, 1, 2))
        return false;
    if (at_end(&scan))
        return scan.at - month == 5;
    return take_time(&scan);
}

/* ---- resolving ------------------------------------------------------------------------- */

static creg_yaml_type resolve_1_2(creg_slice plain)
{
    if (is_true(plain, false) || is_false(plain, false))
        return CREG_YAML_BOOL;
    if (is_int_1_2(plain))
        return CREG_YAML_INT;
    if (is_float_1_2(plain) || is_infinity(plain) || is_nan(plain))
        return CREG_YAML_FLOAT;
    return CREG_YAML_STRING;
}

static creg_yaml_type resolve_1_1(creg_slice plain)
{
    if (is_true(plain, true) || is_false(plain, true))
        return CREG_YAML_BOOL;
    if (is_float_1_1(plain) || is_infinity(plain) || is_nan(plain))
        return CREG_YAML_FLOAT;
    if (is_int_1_1(plain))
        return CREG_YAML_INT;
    if (is_date_1_1(plain))
        return CREG_YAML_DATE;
    return CREG_YAML_STRING;
}

/* Most scalars begin with a letter that begins no word and no number. */
static bool is_surely_text(char first)
{
    return (first >= 'a' && first <= 'z' && strchr("fnoty", first) == NULL) ||
           (first >= 'A' && first <= 'Z' && strchr("FNOTY", first) == NULL) || first == '/' ||
           first == '_';
}

creg_yaml_type creg_yaml_resolve(creg_slice plain, unsigned flags)
{
    if (plain.size > 0 && is_surely_text(plain.data[0]))
        return CREG_YAML_STRING;
    if (is_null(plain))
        return CREG_YAML_NULL;
    if (creg_slice_equal(plain, creg_slice_of("<<")))
        return CREG_YAML_MERGE;
    return (flags & CREG_PARSE_YAML_1_1) != 0 ? resolve_1_1(plain) : resolve_1_2(plain);
}

/* ---- values ---------------------------------------------------------------------------- */

static creg_value text_value(creg_kind kind, creg_slice text)
{
    creg_value value = creg_value_of_kind(kind);
    value.as.text = text.data;
    value.size = (uint32_t)text.size;
    return value;
}

static creg_status fail_form(creg_slice text, const char *what, creg_error *err)
{
    return creg_fail(err, CREG_INVALID, "'%.*s' is not %s", CREG_SHOW(text), what);
}

/* The numeral without underscores; most have none and stay where they are. */
static creg_slice without_underscores(creg_slice text, creg_arena *arena)
{
    if (memchr(text.data, '_', text.size) == NULL)
        return text;
    char *copy = creg_arena_alloc(arena, text.size);
    if (copy == NULL)
        return (creg_slice){NULL, 0};
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] != '_')
            copy[size++] = text.data[i];
    return creg_slice_make(copy, size);
}

static creg_slice skip_bytes(creg_slice text, size_t count)
{
    return creg_slice_make(text.data + count, text.size - count);
}

/* Sign and digits of a base whose prefix is `prefix` bytes long, as one numeral. */
static creg_status integer_of_base(creg_slice text, size_t prefix, unsigned base,
                                   creg_arena *arena, creg_value *ret_value, creg_error *err)
{
    bool has_sign = text.size > 0 && (text.data[0] == '-' || text.data[0] == '+');
    creg_slice digits = skip_bytes(text, prefix + (has_sign ? 1 : 0));
    if (digits.size == 0)
        return fail_form(text, "an integer", err);
    if (!has_sign || text.data[0] == '+')
        return creg_numeral_integer(digits, base, arena, ret_value, err);
    char *joined = creg_arena_alloc(arena, digits.size + 1);
    if (joined == NULL)
        return creg_fail_arena(err, arena);
    joined[0] = '-';
    memcpy(joined + 1, digits.data, digits.size);
    return creg_numeral_integer(creg_slice_make(joined, digits.size + 1), base, arena,
                                ret_value, err);
}

static creg_status integer_1_2(creg_slice text, creg_arena *arena, creg_value *ret_value,
                               creg_error *err)
{
    if (text.size > 2 && text.data[0] == '0' && text.data[1] == 'o')
        return creg_numeral_integer(skip_bytes(text, 2), 8, arena, ret_value, err);
    if (text.size > 2 && text.data[0] == '0' && text.data[1] == 'x')
        return creg_numeral_integer(skip_bytes(text, 2), 16, arena, ret_value, err);
    return creg_numeral_integer(text, 10, arena, ret_value, err);
}

/* Groups to the base of sixty: 1:30:00 is 5400. Past 64 bits nobody means it. */
static creg_status sexagesimal_int(creg_slice text, creg_value *ret_value, creg_error *err)
{
    cursor scan = over(text);
    bool negative = take(&scan, '-');
    if (!negative)
        take(&scan, '+');
    int64_t total = 0;
    int64_t group = 0;
    for (; !at_end(&scan); scan.at++) {
        if (*scan.at == ':') {
            total = (total + group) * 60;
            group = 0;
        } else
            group = group * 10 + (*scan.at - '0');
        if (total > INT64_MAX / 128 || group > INT64_MAX / 128)
            return creg_fail(err, CREG_LIMIT, "the number %.*s is too large", CREG_SHOW(text));
    }
    total += group;
    *ret_value = creg_value_int(negative ? -total : total);
    return CREG_OK;
}

/* From the last group to the first, as PyYAML adds them up, so that the last bit is the same. */
static creg_status sexagesimal_float(creg_slice text, creg_value *ret_value, creg_error *err)
{
    bool has_sign = text.data[0] == '-' || text.data[0] == '+';
    size_t first = has_sign ? 1 : 0;
    size_t end = text.size;
    if (text.data[end - 1] == '.')
        end--;
    double total = 0;
    for (double base = 1; end > first; base *= 60) {
        size_t start = end;
        while (start > first && text.data[start - 1] != ':')
            start--;
        double group;
        if (!creg_float_read(creg_slice_make(text.data + start, end - start), &group))
            return fail_form(text, "a number", err);
        total += group * base;
        end = start > first ? start - 1 : first;
    }
    *ret_value = creg_value_float(text.data[0] == '-' ? -total : total);
    return CREG_OK;
}

static creg_status integer_1_1(creg_slice written, creg_arena *arena, creg_value *ret_value,
                               creg_error *err)
{
    creg_slice text = without_underscores(written, arena);
    if (text.data == NULL)
        return creg_fail_arena(err, arena);
    if (memchr(text.data, ':', text.size) != NULL)
        return sexagesimal_int(text, ret_value, err);
    size_t sign = text.size > 0 && (text.data[0] == '-' || text.data[0] == '+') ? 1 : 0;
    if (text.size > sign + 1 && text.data[sign] == '0') {
        char letter = text.data[sign + 1];
        if (letter == 'b')
            return integer_of_base(text, 2, 2, arena, ret_value, err);
        if (letter == 'x')
            return integer_of_base(text, 2, 16, arena, ret_value, err);
        return integer_of_base(text, 1, 8, arena, ret_value, err);
    }
    return creg_numeral_integer(text, 10, arena, ret_value, err);
}

/* Bring ".5" and "5." into the one form that the number reader takes. */
static creg_status plain_float(creg_slice text, creg_arena *arena, creg_value *ret_value,
                               creg_error *err)
{
    creg_text numeral;
    creg_text_init(&numeral, arena, text.size + 2);
    for (size_t i = 0; i < text.size; i++) {
        bool digit_before = i > 0 && is_digit(text.data[i - 1]);
        bool digit_behind = i + 1 < text.size && is_digit(text.data[i + 1]);
        if (text.data[i] == '.' && !digit_before)
            creg_text_byte(&numeral, '0');
        creg_text_byte(&numeral, text.data[i]);
        if (text.data[i] == '.' && !digit_behind)
            creg_text_byte(&numeral, '0');
    }
    creg_slice finished;
    creg_status status = creg_text_finish(&numeral, &finished, err);
    return status == CREG_OK ? creg_numeral_float(finished, ret_value, err) : status;
}

static creg_status float_value(creg_slice written, creg_arena *arena, creg_value *ret_value,
                               creg_error *err)
{
    if (is_nan(written)) {
        *ret_value = creg_value_float((double)NAN);
        return CREG_OK;
    }
    if (is_infinity(written)) {
        *ret_value = creg_value_float(written.data[0] == '-' ? -HUGE_VAL : HUGE_VAL);
        return CREG_OK;
    }
    creg_slice text = without_underscores(written, arena);
    if (text.data == NULL)
        return creg_fail_arena(err, arena);
    if (memchr(text.data, ':', text.size) != NULL)
        return sexagesimal_float(text, ret_value, err);
    return plain_float(text, arena, ret_value, err);
}

static bool is_form_of(creg_slice text, creg_yaml_type type, unsigned flags)
{
    creg_yaml_type form = creg_yaml_resolve(text, flags);
    return form == type || (type == CREG_YAML_FLOAT && form == CREG_YAML_INT);
}

static creg_status number_value(creg_slice text, creg_yaml_type type, unsigned flags,
                                creg_arena *arena, creg_value *ret_value, creg_error *err)
{
    if (!is_form_of(text, type, flags))
        return fail_form(text, type == CREG_YAML_INT ? "an integer" : "a number", err);
    if ((flags & CREG_PARSE_NUMBERS_AS_WRITTEN) != 0) {
        *ret_value = text_value(CREG_KIND_NUMBER, text);
        return CREG_OK;
    }
    if (type == CREG_YAML_FLOAT)
        return float_value(text, arena, ret_value, err);
    if ((flags & CREG_PARSE_YAML_1_1) != 0)
        return integer_1_1(text, arena, ret_value, err);
    return integer_1_2(text, arena, ret_value, err);
}

creg_status creg_yaml_scalar(creg_slice text, creg_yaml_type type, unsigned flags,
                             creg_arena *arena, creg_value *ret_value, creg_error *err)
{
    bool yaml_1_1 = (flags & CREG_PARSE_YAML_1_1) != 0;
    switch (type) {
    case CREG_YAML_NULL:
        *ret_value = creg_value_none();
        return is_null(text) ? CREG_OK : fail_form(text, "null", err);
    case CREG_YAML_BOOL:
        *ret_value = creg_value_bool(is_true(text, yaml_1_1));
        if (is_true(text, yaml_1_1) || is_false(text, yaml_1_1))
            return CREG_OK;
        return fail_form(text, "a truth value", err);
    case CREG_YAML_INT:
    case CREG_YAML_FLOAT:
        return number_value(text, type, flags, arena, ret_value, err);
    case CREG_YAML_DATE:
        *ret_value = text_value(CREG_KIND_DATE, text);
        return CREG_OK;
    default:
        *ret_value = text_value(CREG_KIND_STRING, text);
        return CREG_OK;
    }
}

creg_status creg_yaml_number(creg_slice numeral, creg_arena *arena, creg_value *ret_value,
                             creg_error *err)
{
    unsigned flags = 0;
    creg_yaml_type type = creg_yaml_resolve(numeral, flags);
    if (type != CREG_YAML_INT && type != CREG_YAML_FLOAT) {
        flags = CREG_PARSE_YAML_1_1;
        type = creg_yaml_resolve(numeral, flags);
    }
    if (type != CREG_YAML_INT && type != CREG_YAML_FLOAT)
        return fail_form(numeral, "a number", err);
    return creg_yaml_scalar(numeral, type, flags, arena, ret_value, err);
}
