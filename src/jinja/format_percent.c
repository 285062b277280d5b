/* SPDX-License-Identifier: MIT */
/*
 * text % arguments: printf formatting, complete.
 *
 *     %(key)#0- +5.2f
 *
 * Markup escapes what it inserts; as in markupsafe an argument of it stands behind a helper
 * that is no number itself but turns into one, so '%d' takes '5' there.
 */
#include <math.h>

#include "base/number.h"
#include "base/utf8.h"
#include "jinja/builtins.h"
#include "jinja/formatting.h"
#include "value/integer.h"

typedef struct printer {
    jinja_run *run;
    creg_value arguments;
    const creg_value *items; /* positional ones */
    size_t count;
    size_t next;
    bool is_mapping; /* "%(key)s" is possible, and left-over arguments are no error */
    bool is_markup;
    bool trusted;
    creg_text text;
} printer;

typedef struct conversion {
    bool left, plus, blank, alternate, zero;
    int64_t width;     /* -1: none */
    int64_t precision; /* -1: none */
    uint32_t type;
    bool has_key;
    creg_value value; /* found by key */
} conversion;

static creg_status take_argument(printer *self, creg_value *ret_value)
{
    if (self->next >= self->count)
        return jinja_fail(self->run, "TypeError", "not enough arguments for format string");
    *ret_value = self->items[self->next++];
    return CREG_OK;
}

/* ---- reading a conversion --------------------------------------------------------------- */

static creg_status get_key(printer *self, creg_slice name, creg_value *ret_value)
{
    creg_value key = creg_value_string(name);
    creg_value object = self->arguments;
    if (creg_value_is(object, CREG_KIND_MAP)) {
        const creg_value *found = creg_map_get(object.as.map, key);
        if (found == NULL)
            return jinja_fail_key(self->run, key);
        *ret_value = *found;
        return CREG_OK;
    }
    if (creg_value_is(object, CREG_KIND_OBJECT) || creg_value_is(object, CREG_KIND_UNDEFINED))
        return jinja_get_item(self->run, object, key, ret_value);
    if (creg_value_is(object, CREG_KIND_BYTES))
        return jinja_fail(self->run, "TypeError",
                          "byte indices must be integers or slices, not str");
    return jinja_fail(self->run, "TypeError", "%s indices must be integers or slices, not str",
                      creg_value_type_name(object));
}

/* "(key)": brackets inside must balance. `*at` is behind the first one. */
static creg_status read_key(printer *self, creg_slice format, size_t *at, conversion *ret)
{
    size_t start = *at;
    size_t open = 1;
    if (!self->is_mapping)
        return jinja_fail(self->run, "TypeError", "format requires a mapping");
    while (*at < format.size && open > 0) {
        open += format.data[*at] == '(';
        open -= format.data[*at] == ')';
        ++*at;
    }
    if (open > 0)
        return jinja_fail(self->run, "ValueError", "incomplete format key");
    ret->has_key = true;
    self->next = self->count; /* a plain "%s" behind it finds nothing left */
    return get_key(self, creg_slice_make(format.data + start, *at - 1 - start), &ret->value);
}

static void read_flags(creg_slice format, size_t *at, conversion *ret)
{
    for (; *at < format.size; ++*at) {
        switch (format.data[*at]) {
        case '-':
            ret->left = true;
            break;
        case '+':
            ret->plus = true;
            break;
        case ' ':
            ret->blank = true;
            break;
        case '#':
            ret->alternate = true;
            break;
        case '0':
            ret->zero = true;
            break;
        default:
            return;
        }
    }
}

static creg_status take_star(printer *self, int64_t *ret_number)
{
    creg_value value = creg_value_none();
    creg_status status = take_argument(self, &value);
    if (status != CREG_OK)
        return status;
    if (!creg_value_is_integer(value) || self->is_markup)
        return jinja_fail(self->run, "TypeError", "* wants int");
    if (creg_value_is(value, CREG_KIND_BIGINT))
        return jinja_fail(self->run, "OverflowError",
                          "Python int too large to convert to C ssize_t");
    *ret_number = value.as.integer;
    return CREG_OK;
}

/* Digits or "*"; `ret_number` stays as it is when there are none. */
static creg_status read_number(printer *self, creg_slice format, size_t *at, const char *what,
                               int64_t *ret_number)
{
    if (*at < format.size && format.data[*at] == '*') {
        ++*at;
        return take_star(self, ret_number);
    }
    int64_t number = 0;
    bool any = false;
    for (; *at < format.size && format.data[*at] >= '0' && format.data[*at] <= '9'; ++*at) {
        if (number > (INT64_MAX - 9) / 10)
            return jinja_fail(self->run, "ValueError", "%s too big", what);
        number = number * 10 + (format.data[*at] - '0');
        any = true;
    }
    if (any)
        *ret_number = number;
    return CREG_OK;
}

static creg_status read_sizes(printer *self, creg_slice format, size_t *at, conversion *ret)
{
    creg_status status = read_number(self, format, at, "width", &ret->width);
    if (status != CREG_OK)
        return status;
    if (ret->width < -1) {
        ret->left = true;
        ret->width = ret->width == INT64_MIN ? INT64_MAX : -ret->width;
    }
    if (*at < format.size && format.data[*at] == '.') {
        ++*at;
        ret->precision = 0;
        status = read_number(self, format, at, "precision", &ret->precision);
        if (ret->precision < 0)
            ret->precision = 0;
    }
    return status;
}

/* `*at` is behind the "%". */
static creg_status read_conversion(printer *self, creg_slice format, size_t *at,
                                   conversion *ret)
{
    *ret = (conversion){.width = -1, .precision = -1};
    creg_status status = CREG_OK;
    if (*at < format.size && format.data[*at] == '(') {
        ++*at;
        status = read_key(self, format, at, ret);
    }
    if (status != CREG_OK)
        return status;
    read_flags(format, at, ret);
    status = read_sizes(self, format, at, ret);
    if (status != CREG_OK)
        return status;
    char size_mark = *at < format.size ? format.data[*at] : 0;
    if (size_mark == 'h' || size_mark == 'l' || size_mark == 'L')
        ++*at;
    if (*at >= format.size)
        return jinja_fail(self->run, "ValueError", "incomplete format");
    size_t width;
    ret->type = creg_utf8_decode(format.data + *at, &width);
    *at += width;
    if (ret->width > 0)
        status = jinja_charge_bytes(self->run, (size_t)ret->width, 1);
    if (status == CREG_OK && ret->precision > 0 && ret->type != 's' && ret->type != 'r')
        status = jinja_charge_bytes(self->run, (size_t)ret->precision, 1);
    return status;
}

/* ---- text ------------------------------------------------------------------------------- */

static void append_padded(printer *self, const conversion *how, creg_slice content)
{
    size_t width = how->width < 0 ? 0 : (size_t)how->width;
    size_t count = width == 0 ? 0 : creg_utf8_count(content);
    size_t padding = width > count ? width - count : 0;
    creg_text_fill(&self->text, ' ', how->left ? 0 : padding);
    creg_text_slice(&self->text, content);
    creg_text_fill(&self->text, ' ', how->left ? padding : 0);
}

static creg_status print_plain(printer *self, uint32_t type, creg_value value, creg_value *ret)
{
    creg_text printed;
    jinja_text_init(self->run, &printed);
    creg_status status = type == 'a'
                             ? jinja_append_ascii(self->run, &printed, value)
                             : jinja_append_printed(self->run, &printed, value, type == 'r');
    return status == CREG_OK ? jinja_text_value(self->run, &printed, ret) : status;
}

static creg_status insert_text(printer *self, const conversion *how, creg_value value)
{
    creg_value printed = value;
    creg_status status = CREG_OK;
    if (how->type != 's' || !creg_value_is(value, CREG_KIND_STRING))
        status = print_plain(self, how->type, value, &printed);
    if (status == CREG_OK && self->is_markup)
        status = jinja_escape(self->run, printed, &printed);
    if (status != CREG_OK)
        return status;
    creg_slice content = creg_value_text(printed);
    if (how->precision >= 0)
        content.size = creg_utf8_offset(content, (size_t)how->precision);
    append_padded(self, how, content);
    return jinja_charge(self->run, content.size / 64);
}

static creg_status insert_character(printer *self, const conversion *how, creg_value value)
{
    bool is_text = creg_value_is(value, CREG_KIND_STRING) && !self->is_markup;
    if (is_text && creg_utf8_count(creg_value_text(value)) == 1) {
        append_padded(self, how, creg_value_text(value));
        return CREG_OK;
    }
    if (!creg_value_is_integer(value) || self->is_markup)
        return jinja_fail(self->run, "TypeError", "%%c requires int or char");
    creg_integer integer = creg_value_to_integer(value);
    if (integer.big != NULL || integer.small < 0 || integer.small > 0x10FFFF)
        return jinja_fail(self->run, "OverflowError", "%%c arg not in range(0x110000)");
    if (integer.small >= 0xD800 && integer.small <= 0xDFFF)
        return jinja_fail(self->run, "ValueError", "surrogates are not allowed");
    char bytes[4];
    append_padded(self, how,
                  creg_slice_make(bytes, creg_utf8_encode((uint32_t)integer.small, bytes)));
    return CREG_OK;
}

/* ---- numbers ---------------------------------------------------------------------------- */

static void append_number(printer *self, const conversion *how, bool negative,
                          const char *prefix, creg_slice digits)
{
    char sign = negative ? '-' : how->plus ? '+' : how->blank ? ' ' : 0;
    size_t least = how->precision < 0 ? 0 : (size_t)how->precision;
    bool is_float = strchr("eEfFgG", (int)how->type) != NULL;
    size_t zeros = !is_float && least > digits.size ? least - digits.size : 0;
    size_t size = (sign != 0) + strlen(prefix) + zeros + digits.size;
    size_t width = how->width < 0 ? 0 : (size_t)how->width;
    size_t padding = width > size ? width - size : 0;
    bool zero_filled = how->zero && !how->left;
    if (!how->left && !zero_filled)
        creg_text_fill(&self->text, ' ', padding);
    if (sign != 0)
        creg_text_byte(&self->text, sign);
    creg_text_string(&self->text, prefix);
    creg_text_fill(&self->text, '0', zero_filled ? padding + zeros : zeros);
    creg_text_slice(&self->text, digits);
    if (how->left)
        creg_text_fill(&self->text, ' ', padding);
}

static const char *prefix_of(const conversion *how)
{
    if (!how->alternate)
        return "";
    return how->type == 'x' ? "0x" : how->type == 'X' ? "0X" : how->type == 'o' ? "0o" : "";
}

static creg_integer_room room_of(const jinja_run *run)
{
    return (creg_integer_room){.arena = run->arena, .digits_max = run->limits.integer_digits};
}

static creg_status whole_part(jinja_run *run, double real, creg_integer *ret_integer)
{
    if (isinf(real))
        return jinja_fail(run, "OverflowError", "cannot convert float infinity to integer");
    if (isnan(real))
        return jinja_fail(run, "ValueError", "cannot convert float NaN to integer");
    return creg_integer_from_double(room_of(run), real, ret_integer, run->err);
}

/* The integer of %d and its kin; %x takes no floats. */
static creg_status to_integer(printer *self, const conversion *how, creg_value value,
                              creg_integer *ret_integer)
{
    bool hex = how->type == 'x' || how->type == 'X' || how->type == 'o';
    if (hex && (!creg_value_is_integer(value) || self->is_markup))
        return jinja_fail(self->run, "TypeError", "%%%c format: an integer is required, not %s",
                          (char)how->type,
                          self->is_markup ? "_MarkupEscapeHelper"
                                          : creg_value_type_name(value));
    if (creg_value_is_integer(value)) {
        *ret_integer = creg_value_to_integer(value);
        return CREG_OK;
    }
    if (creg_value_is(value, CREG_KIND_FLOAT))
        return whole_part(self->run, value.as.real, ret_integer);
    if (self->is_markup && creg_value_is(value, CREG_KIND_STRING))
        return creg_integer_parse(room_of(self->run), creg_value_text(value), 10, ret_integer,
                                  self->run->err);
    if (creg_value_is(value, CREG_KIND_UNDEFINED))
        return jinja_fail_undefined(self->run, value);
    return jinja_fail(self->run, "TypeError", "%%%c format: a real number is required, not %s",
                      (char)how->type, creg_value_type_name(value));
}

static creg_status insert_integer(printer *self, const conversion *how, creg_value value)
{
    creg_integer integer = {0};
    creg_status status = to_integer(self, how, value, &integer);
    if (status != CREG_OK)
        return status;
    creg_text printed;
    jinja_text_init(self->run, &printed);
    unsigned base = how->type == 'o' ? 8 : how->type == 'x' || how->type == 'X' ? 16 : 10;
    status = jinja_charge_digits(self->run, integer);
    if (status == CREG_OK)
        creg_integer_print(&printed, integer, base);
    creg_slice digits;
    if (status == CREG_OK)
        status = jinja_charge_bytes(self->run, printed.size, 4);
    if (status == CREG_OK)
        status = creg_text_finish(&printed, &digits, self->run->err);
    if (status != CREG_OK)
        return status;
    bool negative = digits.data[0] == '-';
    for (size_t i = 0; how->type == 'X' && i < printed.size; i++)
        if (printed.data[i] >= 'a' && printed.data[i] <= 'z')
            printed.data[i] = (char)(printed.data[i] - 0x20);
    digits = creg_slice_make(digits.data + negative, digits.size - negative);
    append_number(self, how, negative, prefix_of(how), digits);
    return CREG_OK;
}

static creg_status to_double(printer *self, creg_value value, double *ret_real)
{
    if (creg_value_is(value, CREG_KIND_FLOAT)) {
        *ret_real = value.as.real;
        return CREG_OK;
    }
    if (creg_value_is_integer(value)) {
        if (creg_integer_to_double(creg_value_to_integer(value), ret_real))
            return CREG_OK;
        return jinja_fail(self->run, "OverflowError", "int too large to convert to float");
    }
    if (creg_value_is(value, CREG_KIND_UNDEFINED))
        return jinja_fail_undefined(self->run, value);
    if (self->is_markup && creg_value_is(value, CREG_KIND_STRING)) {
        if (creg_float_parse(creg_value_text(value), ret_real))
            return CREG_OK;
        creg_slice shown = jinja_repr(self->run, value);
        return jinja_fail(self->run, "ValueError", "could not convert string to float: %.*s",
                          CREG_SHOW(shown));
    }
    return jinja_fail(self->run, "TypeError", "must be real number, not %s",
                      creg_value_type_name(value));
}

static creg_status insert_float(printer *self, const conversion *how, creg_value value)
{
    double real = 0;
    creg_status status = to_double(self, value, &real);
    if (status != CREG_OK)
        return status;
    if (how->precision > 1000000000)
        return jinja_fail(self->run, "ValueError", "precision too big");
    creg_float_layout layout = {.type = (char)(how->type | 0x20), .alternate = how->alternate};
    layout.upper = how->type < 'a';
    layout.precision = how->precision < 0 ? 6 : (int)how->precision;
    creg_text printed;
    jinja_text_init(self->run, &printed);
    creg_float_format(&printed, real, layout);
    creg_slice digits;
    status = creg_text_finish(&printed, &digits, self->run->err);
    if (status == CREG_OK)
        append_number(self, how, signbit(real) && !isnan(real), "", digits);
    return status;
}

/* ---- the whole format ------------------------------------------------------------------- */

static creg_status fail_type(printer *self, uint32_t type, size_t index)
{
    char shown = type >= 32 && type <= 126 ? (char)type : '?';
    return jinja_fail(self->run, "ValueError",
                      "unsupported format character '%c' (0x%x) at index %zu", shown,
                      (unsigned)type, index);
}

/* `before`: the format string up to the end of this conversion. */
static creg_status insert(printer *self, const conversion *how, creg_value value,
                          creg_slice before)
{
    switch (how->type) {
    case 's':
    case 'r':
    case 'a':
        return insert_text(self, how, value);
    case 'd':
    case 'i':
    case 'u':
    case 'o':
    case 'x':
    case 'X':
        return insert_integer(self, how, value);
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
        return insert_float(self, how, value);
    case 'c':
        return insert_character(self, how, value);
    default:
        return fail_type(self, how->type, creg_utf8_count(before) - 1);
    }
}

static creg_status convert(printer *self, creg_slice format, size_t *at)
{
    conversion how;
    creg_status status = jinja_charge(self->run, 1);
    if (status == CREG_OK)
        status = read_conversion(self, format, at, &how);
    if (status != CREG_OK)
        return status;
    if (how.type == '%' && *at >= 2 && format.data[*at - 2] == '%') {
        creg_text_byte(&self->text, '%');
        return CREG_OK;
    }
    creg_value value = how.value;
    if (!how.has_key)
        status = take_argument(self, &value);
    if (status != CREG_OK)
        return status;
    self->trusted = self->trusted && jinja_keeps_trust(value);
    return insert(self, &how, value, creg_slice_make(format.data, *at));
}

static creg_status print_all(printer *self, creg_slice format)
{
    for (size_t at = 0; at < format.size;) {
        const char *sign = memchr(format.data + at, '%', format.size - at);
        size_t literal = sign == NULL ? format.size - at : (size_t)(sign - (format.data + at));
        creg_text_append(&self->text, format.data + at, literal);
        at += literal + 1;
        if (sign == NULL)
            break;
        creg_status status = convert(self, format, &at);
        if (status != CREG_OK)
            return status;
        if (self->text.failed != CREG_OK)
            return CREG_OK; /* whoever takes the text says so */
    }
    if (self->next < self->count && !self->is_mapping)
        return jinja_fail(self->run, "TypeError",
                          "not all arguments converted during string formatting");
    return CREG_OK;
}

/* What Python calls a mapping here: anything with [] that is neither tuple nor text. */
static bool has_items(creg_value value)
{
    switch ((creg_kind)value.kind) {
    case CREG_KIND_MAP:
    case CREG_KIND_LIST:
    case CREG_KIND_RANGE:
    case CREG_KIND_BYTES:
    case CREG_KIND_UNDEFINED:
        return true;
    case CREG_KIND_OBJECT:
        return jinja_class_of(value)->item != NULL;
    default:
        return false;
    }
}

creg_status jinja_format_percent(jinja_run *run, creg_value format, creg_value arguments,
                                 creg_value *ret_text)
{
    printer self = {.run = run, .arguments = arguments};
    bool is_tuple = creg_value_is(arguments, CREG_KIND_TUPLE);
    self.items = is_tuple ? arguments.as.list->items : &self.arguments;
    self.count = is_tuple ? arguments.as.list->size : 1;
    self.is_mapping = has_items(arguments);
    self.is_markup = jinja_is_markup(format);
    self.trusted = (format.flags & CREG_STRING_TRUSTED) != 0;
    jinja_text_init(run, &self.text);
    creg_status status = jinja_charge(run, format.size / 64);
    if (status == CREG_OK)
        status = print_all(&self, creg_value_text(format));
    if (status == CREG_OK)
        status = jinja_text_value(run, &self.text, ret_text);
    if (status == CREG_OK)
        ret_text->flags = (uint8_t)((self.is_markup ? CREG_STRING_MARKUP : 0) |
                                    (self.trusted ? CREG_STRING_TRUSTED : 0));
    return status;
}
