/* SPDX-License-Identifier: MIT */
/*
 * The format mini-language: [[fill]align][sign][z][#][0][width][grouping][.precision][type].
 *
 * Width and precision come from the template and may be anything: they are charged before
 * any padding is made.
 */
#include <math.h>

#include "base/number.h"
#include "base/utf8.h"
#include "jinja/builtins.h"
#include "jinja/formatting.h"
#include "value/integer.h"
#include "value/print.h"

typedef struct spec {
    uint32_t fill;
    char align; /* < > = ^, or 0 */
    char sign;  /* + - blank, or 0 */
    bool no_negative_zero;
    bool alternate;
    char grouping; /* , _ or 0 */
    int64_t width; /* -1: none */
    int64_t precision;
    uint32_t type; /* 0: none */
} spec;

/* ---- small helpers, shared with the other files ----------------------------------------- */

void jinja_append_fill(creg_text *text, uint32_t fill, size_t count)
{
    if (fill < 0x80) {
        creg_text_fill(text, (char)fill, count);
        return;
    }
    for (size_t i = 0; i < count && text->failed == CREG_OK; i++)
        creg_text_code_point(text, fill);
}

creg_status jinja_append_printed(jinja_run *run, creg_text *text, creg_value value,
                                 bool as_repr)
{
    if (!as_repr && !creg_value_is(value, CREG_KIND_UNDEFINED))
        return jinja_print(run, text, value, false);
    if (as_repr)
        return jinja_print(run, text, value, true);
    creg_slice printed;
    creg_status status = jinja_str(run, value, &printed);
    if (status == CREG_OK)
        creg_text_slice(text, printed);
    return status;
}

creg_status jinja_append_ascii(jinja_run *run, creg_text *text, creg_value value)
{
    creg_text whole;
    creg_value repr;
    jinja_text_init(run, &whole);
    creg_status status = jinja_print(run, &whole, value, true);
    if (status == CREG_OK)
        status = jinja_text_value(run, &whole, &repr);
    if (status != CREG_OK)
        return status;
    creg_slice printed = creg_value_text(repr);
    for (size_t at = 0; at < printed.size;) {
        size_t width;
        uint32_t code_point = creg_utf8_decode(printed.data + at, &width);
        if (code_point < 0x80)
            creg_text_byte(text, (char)code_point);
        else if (code_point < 0x100)
            creg_text_format(text, "\\x%02x", (unsigned)code_point);
        else if (code_point < 0x10000)
            creg_text_format(text, "\\u%04x", (unsigned)code_point);
        else
            creg_text_format(text, "\\U%08x", (unsigned)code_point);
        at += width;
    }
    return CREG_OK;
}

creg_status jinja_fail_key(jinja_run *run, creg_value key)
{
    creg_slice shown = jinja_repr(run, key);
    return jinja_fail(run, "KeyError", "%.*s", CREG_SHOW(shown));
}

/* ---- reading a spec --------------------------------------------------------------------- */

static bool is_align(char byte)
{
    return byte == '<' || byte == '>' || byte == '=' || byte == '^';
}

/* Digits at `*at`; -1 when there are none, -2 when they are too many. */
static int64_t read_number(creg_slice text, size_t *at)
{
    int64_t number = -1;
    for (; *at < text.size && text.data[*at] >= '0' && text.data[*at] <= '9'; ++*at) {
        if (number > (INT64_MAX - 9) / 10)
            return -2;
        number = (number < 0 ? 0 : number) * 10 + (text.data[*at] - '0');
    }
    return number;
}

static bool take(creg_slice text, size_t *at, char wanted)
{
    if (*at >= text.size || text.data[*at] != wanted)
        return false;
    ++*at;
    return true;
}

/* [[fill]align] */
static void read_align(creg_slice text, size_t *at, spec *ret, bool *ret_has_fill)
{
    size_t width = 0;
    *ret_has_fill = false;
    if (text.size == 0)
        return;
    uint32_t first = creg_utf8_decode(text.data, &width);
    if (width < text.size && is_align(text.data[width])) {
        ret->fill = first;
        ret->align = text.data[width];
        *at = width + 1;
        *ret_has_fill = true;
    } else if (is_align(text.data[0])) {
        ret->align = text.data[0];
        *at = 1;
    }
}

static creg_status read_grouping(jinja_run *run, creg_slice text, size_t *at, spec *ret)
{
    if (take(text, at, ','))
        ret->grouping = ',';
    bool second = *at < text.size && text.data[*at] == '_';
    if (second && ret->grouping == 0) {
        ret->grouping = '_';
        ++*at;
        second = *at < text.size && text.data[*at] == ',';
    }
    if (second)
        return jinja_fail(run, "ValueError", "Cannot specify both ',' and '_'.");
    return CREG_OK;
}

static creg_status fail_digits(jinja_run *run)
{
    return jinja_fail(run, "ValueError", "Too many decimal digits in format string");
}

static creg_status read_precision(jinja_run *run, creg_slice text, size_t *at, spec *ret)
{
    if (!take(text, at, '.'))
        return CREG_OK;
    ret->precision = read_number(text, at);
    if (ret->precision == -2)
        return fail_digits(run);
    if (ret->precision < 0)
        return jinja_fail(run, "ValueError", "Format specifier missing precision");
    return CREG_OK;
}

static creg_status check_grouping(jinja_run *run, const spec *read)
{
    if (read->grouping == 0 || read->type == 0)
        return CREG_OK;
    if (read->type < 0x80 && strchr("defgEG%F", (int)read->type) != NULL)
        return CREG_OK;
    if (read->grouping == '_' && read->type < 0x80 && strchr("boxX", (int)read->type) != NULL)
        return CREG_OK;
    char shown[4] = {0};
    size_t size = creg_utf8_encode(read->type, shown);
    return jinja_fail(run, "ValueError", "Cannot specify '%c' with '%.*s'.", read->grouping,
                      (int)size, shown);
}

static creg_status read_type(jinja_run *run, creg_slice text, size_t at, creg_value value,
                             spec *ret)
{
    if (at == text.size)
        return CREG_OK;
    size_t width;
    ret->type = creg_utf8_decode(text.data + at, &width);
    if (at + width < text.size)
        return jinja_fail(run, "ValueError",
                          "Invalid format specifier '%.*s' for object of type '%s'",
                          CREG_SHOW(text), creg_value_type_name(value));
    return CREG_OK;
}

static creg_status read_spec(jinja_run *run, creg_slice text, creg_value value,
                             char default_align, spec *ret)
{
    *ret = (spec){.fill = ' ', .width = -1, .precision = -1};
    size_t at = 0;
    bool has_fill;
    read_align(text, &at, ret, &has_fill);
    if (at < text.size &&
        (text.data[at] == '+' || text.data[at] == '-' || text.data[at] == ' '))
        ret->sign = text.data[at++];
    ret->no_negative_zero = take(text, &at, 'z');
    ret->alternate = take(text, &at, '#');
    if (!has_fill && take(text, &at, '0')) {
        ret->fill = '0';
        if (ret->align == 0 && default_align == '>')
            ret->align = '=';
    }
    ret->width = read_number(text, &at);
    if (ret->width == -2)
        return fail_digits(run);
    creg_status status = read_grouping(run, text, &at, ret);
    if (status == CREG_OK)
        status = read_precision(run, text, &at, ret);
    if (status == CREG_OK)
        status = read_type(run, text, at, value, ret);
    if (status == CREG_OK)
        status = check_grouping(run, ret);
    if (status == CREG_OK && ret->width > 0)
        status = jinja_charge_bytes(run, (size_t)ret->width, 1);
    if (ret->align == 0)
        ret->align = default_align;
    return status;
}

static creg_status fail_type(jinja_run *run, const spec *read, creg_value value)
{
    const char *name = creg_value_type_name(value);
    if (creg_value_is(value, CREG_KIND_STRING))
        name = "str";
    if (read->type > 32 && read->type < 127)
        return jinja_fail(run, "ValueError", "Unknown format code '%c' for object of type '%s'",
                          (char)read->type, name);
    return jinja_fail(run, "ValueError", "Unknown format code '\\x%x' for object of type '%s'",
                      (unsigned)read->type, name);
}

/* ---- text ------------------------------------------------------------------------------- */

/* `count` is the length of `content` in code points. */
static void append_padded(creg_text *text, creg_slice content, size_t count, const spec *read)
{
    size_t width = read->width < 0 ? 0 : (size_t)read->width;
    size_t padding = width > count ? width - count : 0;
    size_t left = read->align == '<' ? 0 : read->align == '^' ? padding / 2 : padding;
    jinja_append_fill(text, read->fill, left);
    creg_text_slice(text, content);
    jinja_append_fill(text, read->fill, padding - left);
}

static creg_status check_text_spec(jinja_run *run, const spec *read, creg_value value)
{
    const char *refused = NULL;
    if (read->sign == ' ')
        refused = "Space";
    else if (read->sign != 0)
        refused = "Sign";
    else if (read->no_negative_zero)
        refused = "Negative zero coercion (z)";
    else if (read->alternate)
        refused = "Alternate form (#)";
    else if (read->align == '=')
        refused = "'=' alignment";
    if (refused != NULL)
        return jinja_fail(run, "ValueError", "%s not allowed in string format specifier",
                          refused);
    if (read->type != 0 && read->type != 's')
        return fail_type(run, read, value);
    return CREG_OK;
}

static creg_status format_text(jinja_run *run, creg_text *text, creg_value value,
                               creg_slice spec_text)
{
    spec read;
    creg_status status = read_spec(run, spec_text, value, '<', &read);
    if (status == CREG_OK && read.grouping != 0)
        status = jinja_fail(run, "ValueError", "Cannot specify '%c' with 's'.", read.grouping);
    if (status == CREG_OK)
        status = check_text_spec(run, &read, value);
    if (status != CREG_OK)
        return status;
    creg_slice content = creg_value_text(value);
    size_t count = creg_utf8_count(content);
    if (read.precision >= 0 && (uint64_t)read.precision < count) {
        count = (size_t)read.precision;
        content.size = creg_utf8_offset(content, count);
    }
    append_padded(text, content, count, &read);
    return CREG_OK;
}

/* ---- numbers ---------------------------------------------------------------------------- */

/* A number in pieces, all ASCII: "-" "0x" "ff" "" or "-" "" "1234" ".50". */
typedef struct parts {
    char sign; /* 0: none */
    creg_slice prefix;
    creg_slice digits;
    creg_slice rest;
} parts;

/* How many digits, zeros in front counted, so that with separators they fill `room`. */
static size_t digits_with_zeros(size_t digits, size_t room, size_t group, bool grouped)
{
    if (!grouped)
        return digits > room ? digits : room;
    while (digits + (digits - 1) / group < room)
        digits++;
    return digits;
}

static void append_digits(creg_text *text, creg_slice digits, size_t total, size_t group,
                          char separator)
{
    size_t zeros = total - digits.size;
    for (size_t i = 0; i < total; i++) {
        if (separator != 0 && i > 0 && (total - i) % group == 0)
            creg_text_byte(text, separator);
        creg_text_byte(text, i < zeros ? '0' : digits.data[i - zeros]);
    }
}

static void append_number(creg_text *text, const parts *number, const spec *read, size_t group)
{
    size_t width = read->width < 0 ? 0 : (size_t)read->width;
    size_t fixed = (number->sign != 0) + number->prefix.size + number->rest.size;
    bool grouped = read->grouping != 0;
    size_t total = number->digits.size;
    if (total > 0 && read->fill == '0' && read->align == '=' && width > fixed)
        total = digits_with_zeros(total, width - fixed, group, grouped);
    size_t length = fixed + total + (grouped && total > 0 ? (total - 1) / group : 0);
    size_t padding = width > length ? width - length : 0;
    size_t left = read->align == '<' || read->align == '=' ? 0
                  : read->align == '^'                     ? padding / 2
                                                           : padding;
    jinja_append_fill(text, read->fill, left);
    if (number->sign != 0)
        creg_text_byte(text, number->sign);
    creg_text_slice(text, number->prefix);
    if (read->align == '=')
        jinja_append_fill(text, read->fill, padding);
    append_digits(text, number->digits, total, group, read->grouping);
    creg_text_slice(text, number->rest);
    if (read->align != '=')
        jinja_append_fill(text, read->fill, padding - left);
}

static char sign_of(bool negative, const spec *read)
{
    if (negative)
        return '-';
    return read->sign == '+' || read->sign == ' ' ? read->sign : 0;
}

static creg_status format_character(jinja_run *run, creg_text *text, creg_value value,
                                    const spec *read)
{
    if (read->sign != 0)
        return jinja_fail(run, "ValueError",
                          "Sign not allowed with integer format specifier 'c'");
    if (read->alternate)
        return jinja_fail(run, "ValueError",
                          "Alternate form (#) not allowed with integer format specifier 'c'");
    creg_integer integer = creg_value_to_integer(value);
    if (integer.big != NULL || integer.small < 0 || integer.small > 0x10FFFF)
        return jinja_fail(run, "OverflowError", "%%c arg not in range(0x110000)");
    if (integer.small >= 0xD800 && integer.small <= 0xDFFF)
        return jinja_fail(run, "ValueError", "surrogates are not allowed");
    char bytes[4];
    size_t size = creg_utf8_encode((uint32_t)integer.small, bytes);
    append_padded(text, creg_slice_make(bytes, size), 1, read);
    return CREG_OK;
}

static unsigned base_of(uint32_t type)
{
    return type == 'b' ? 2 : type == 'o' ? 8 : type == 'x' || type == 'X' ? 16 : 10;
}

static void upper_ascii(creg_slice text, char *bytes)
{
    for (size_t i = 0; i < text.size; i++)
        bytes[i] = text.data[i] >= 'a' && text.data[i] <= 'z' ? (char)(text.data[i] - 0x20)
                                                              : text.data[i];
}

static creg_status print_integer(jinja_run *run, creg_integer integer, const spec *read,
                                 parts *ret)
{
    creg_text printed;
    jinja_text_init(run, &printed);
    creg_status status = jinja_charge_digits(run, integer);
    if (status == CREG_OK)
        creg_integer_print(&printed, integer, base_of(read->type));
    if (status == CREG_OK)
        status = jinja_charge_bytes(run, printed.size, 4);
    if (status == CREG_OK)
        status = creg_text_finish(&printed, &ret->digits, run->err);
    if (status != CREG_OK)
        return status;
    if (creg_integer_sign(integer) < 0) {
        ret->digits.data++;
        ret->digits.size--;
    }
    if (read->type == 'X')
        upper_ascii(creg_slice_make(printed.data, printed.size), printed.data);
    return CREG_OK;
}

static creg_slice prefix_of(const spec *read)
{
    if (!read->alternate || base_of(read->type) == 10)
        return creg_slice_of("");
    return creg_slice_of(read->type == 'b'   ? "0b"
                         : read->type == 'o' ? "0o"
                         : read->type == 'x' ? "0x"
                                             : "0X");
}

static creg_status format_integer(jinja_run *run, creg_text *text, creg_value value,
                                  const spec *read)
{
    if (read->precision >= 0)
        return jinja_fail(run, "ValueError",
                          "Precision not allowed in integer format specifier");
    if (read->no_negative_zero)
        return jinja_fail(run, "ValueError",
                          "Negative zero coercion (z) not allowed in integer format specifier");
    if (read->type == 'c')
        return format_character(run, text, value, read);
    creg_integer integer = creg_value_to_integer(value);
    parts number = {.sign = sign_of(creg_integer_sign(integer) < 0, read)};
    number.prefix = prefix_of(read);
    creg_status status = print_integer(run, integer, read, &number);
    if (status == CREG_OK)
        append_number(text, &number, read, base_of(read->type) == 10 ? 3 : 4);
    return status;
}

static bool all_zeros(creg_slice text)
{
    for (size_t i = 0; i < text.size && text.data[i] != 'e' && text.data[i] != 'E'; i++)
        if (text.data[i] >= '1' && text.data[i] <= '9')
            return false;
    return true;
}

static creg_float_layout layout_of(const spec *read)
{
    creg_float_layout layout = {.precision = (int)read->precision};
    layout.alternate = read->alternate;
    layout.upper = read->type == 'E' || read->type == 'F' || read->type == 'G';
    layout.type = read->type == 0     ? 'r'
                  : read->type == '%' ? 'f'
                  : read->type == 'n' ? 'g'
                                      : (char)(read->type | 0x20);
    return layout;
}

static creg_status format_double(jinja_run *run, creg_text *text, double real, const spec *read)
{
    if (read->precision > 1000000000)
        return jinja_fail(run, "ValueError", "precision too big");
    creg_status status = CREG_OK;
    if (read->precision > 0)
        status = jinja_charge_bytes(run, (size_t)read->precision, 8);
    if (status != CREG_OK)
        return status;
    creg_text printed;
    jinja_text_init(run, &printed);
    creg_float_format(&printed, read->type == '%' ? real * 100 : real, layout_of(read));
    if (read->type == '%')
        creg_text_byte(&printed, '%');
    creg_slice all;
    status = creg_text_finish(&printed, &all, run->err);
    if (status != CREG_OK)
        return status;
    size_t whole = 0;
    while (whole < all.size && all.data[whole] >= '0' && all.data[whole] <= '9')
        whole++;
    bool negative = signbit(real) && !isnan(real);
    if (read->no_negative_zero && all_zeros(all) && whole > 0)
        negative = false;
    parts number = {.sign = sign_of(negative, read)};
    number.digits = creg_slice_make(all.data, whole);
    number.rest = creg_slice_make(all.data + whole, all.size - whole);
    append_number(text, &number, read, 3);
    return CREG_OK;
}

static bool is_type(uint32_t type, const char *types)
{
    return type == 0 || (type < 0x80 && strchr(types, (int)type) != NULL);
}

static creg_status format_number(jinja_run *run, creg_text *text, creg_value value,
                                 creg_slice spec_text)
{
    spec read;
    creg_status status = read_spec(run, spec_text, value, '>', &read);
    if (status != CREG_OK)
        return status;
    bool is_float = creg_value_is(value, CREG_KIND_FLOAT);
    if (!is_float && is_type(read.type, "bcdoxXn"))
        return format_integer(run, text, value, &read);
    if (!is_type(read.type, "eEfFgGn%"))
        return fail_type(run, &read, value);
    double real = value.as.real;
    if (!is_float && !creg_integer_to_double(creg_value_to_integer(value), &real))
        return jinja_fail(run, "OverflowError", "int too large to convert to float");
    return format_double(run, text, real, &read);
}

creg_status jinja_format_value(jinja_run *run, creg_text *text, creg_value value,
                               creg_slice spec_text)
{
    if (spec_text.size == 0)
        return jinja_append_printed(run, text, value, false);
    if (creg_value_is(value, CREG_KIND_STRING))
        return format_text(run, text, value, spec_text);
    if (creg_value_is_number(value))
        return format_number(run, text, value, spec_text);
    return jinja_fail(run, "TypeError", "unsupported format string passed to %s.__format__",
                      creg_value_type_name(value));
}
