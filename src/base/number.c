/* SPDX-License-Identifier: MIT */
/*
 * Doubles as text and back.
 *
 * Shortest digits come from Raffaello Giulietti's Schubfach method ("The Schubfach way to
 * render doubles", 2020): one table look-up and three multiplications, no loops. Digits to a
 * given precision come from the C library, which rounds exactly; its locale can only touch
 * the decimal point, and that is put right here. Reading back is exact for up to 19 digits by
 * one multiplication or division where the operands are exact, else by strtod() on a numeral
 * without any point.
 */
#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/unicode.h"
#include "base/utf8.h"

__extension__ typedef unsigned __int128 wide;

typedef struct power {
    uint64_t high;
    uint64_t low;
} power;

enum { POWERS_FIRST = -292 };
static const power powers[] = {
#include "base/number_powers.h"
};

/* ---- shortest digits ------------------------------------------------------------------ */

typedef struct decimal {
    uint64_t digits;
    int exponent;
} decimal;

/* floor(log2(10**e)) and the like by multiplication: exact in the range of doubles. Shifting
 * a negative number right must round down, which every compiler we build with does. */
static int floor_log2_of_pow10(int e)
{
    return (e * 1741647) >> 19;
}

static int floor_log10_of_pow2(int e)
{
    return (e * 1262611) >> 22;
}

static int floor_log10_of_three_quarters_pow2(int e)
{
    return (e * 1262611 - 524031) >> 22;
}

/* The upper 64 bits of g * c / 2**64, with the lowest bit set when anything was cut off. */
static uint64_t multiply_round_to_odd(power g, uint64_t c)
{
    wide low = (wide)g.low * c;
    wide high = (wide)g.high * c + (uint64_t)(low >> 64);
    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/*
 * The interval of reals that round to c * 2**q is [lower, upper] in units of a quarter of
 * 10**k; take the multiple of 10**(k+1) in it when there is just one, else the nearest
 * multiple of 10**k.
 */
static decimal shortest(uint64_t c, int q, bool lower_is_closer)
{
    bool odd = (c & 1) != 0;
    int k = lower_is_closer ? floor_log10_of_three_quarters_pow2(q) : floor_log10_of_pow2(q);
    int h = q + floor_log2_of_pow10(-k) + 1;
    power g = powers[-k - POWERS_FIRST];
    uint64_t lower = multiply_round_to_odd(g, (4 * c - 2 + lower_is_closer) << h) + odd;
    uint64_t middle = multiply_round_to_odd(g, (4 * c) << h);
    uint64_t upper = multiply_round_to_odd(g, (4 * c + 2) << h) - odd;

    uint64_t s = middle / 4;
    if (s >= 10) {
        uint64_t tens = s / 10;
        bool below = lower <= 40 * tens;
        bool above = 40 * tens + 40 <= upper;
        if (below != above)
            return (decimal){tens + above, k + 1};
    }
    bool below = lower <= 4 * s;
    bool above = 4 * s + 4 <= upper;
    if (below != above)
        return (decimal){s + above, k};
    uint64_t half = 4 * s + 2;
    bool up = middle > half || (middle == half && (s & 1) != 0);
    return (decimal){s + up, k};
}

static decimal shortest_of(double positive)
{
    uint64_t bits;
    memcpy(&bits, &positive, sizeof bits);
    uint64_t fraction = bits & 0xFFFFFFFFFFFFFu;
    int exponent = (int)(bits >> 52 & 0x7FF);
    if (exponent == 0)
        return shortest(fraction, -1074, false);
    /* The neighbour below a power of two is only half as far away. */
    return shortest(fraction | 0x10000000000000u, exponent - 1075,
                    fraction == 0 && exponent > 1);
}

static size_t write_digits(uint64_t number, char *out)
{
    char reversed[20];
    size_t count = 0;
    do {
        reversed[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    for (size_t i = 0; i < count; i++)
        out[i] = reversed[count - 1 - i];
    return count;
}

size_t creg_float_shortest(double positive, char digits[20], int *ret_point)
{
    if (positive == 0) {
        digits[0] = '0';
        *ret_point = 1;
        return 1;
    }
    decimal found = shortest_of(positive);
    size_t count = write_digits(found.digits, digits);
    *ret_point = (int)count + found.exponent;
    while (count > 1 && digits[count - 1] == '0')
        count--;
    return count;
}

/* ---- layout --------------------------------------------------------------------------- */

static char *put(char *out, const char *bytes, size_t size)
{
    memcpy(out, bytes, size);
    return out + size;
}

static char *put_exponent(char *out, int exponent, char letter)
{
    *out++ = letter;
    *out++ = exponent < 0 ? '-' : '+';
    unsigned magnitude = (unsigned)(exponent < 0 ? -exponent : exponent);
    if (magnitude < 10)
        *out++ = '0';
    return out + write_digits(magnitude, out);
}

static size_t repr_digits(double positive, char *out)
{
    char digits[20];
    int point;
    size_t count = creg_float_shortest(positive, digits, &point);
    char *at = out;
    if (point <= -4 || point > 16) {
        *at++ = digits[0];
        if (count > 1) {
            *at++ = '.';
            at = put(at, digits + 1, count - 1);
        }
        at = put_exponent(at, point - 1, 'e');
    } else if (point <= 0) {
        at = put(at, "0.", 2);
        at = put(at, "000", (size_t)-point);
        at = put(at, digits, count);
    } else if ((size_t)point >= count) {
        at = put(at, digits, count);
        at = put(at, "000000000000000", (size_t)point - count);
        at = put(at, ".0", 2);
    } else {
        at = put(at, digits, (size_t)point);
        *at++ = '.';
        at = put(at, digits + point, count - (size_t)point);
    }
    return (size_t)(at - out);
}

size_t creg_float_repr(double real, char out[CREG_FLOAT_REPR_MAX])
{
    if (isnan(real)) {
        memcpy(out, "nan", 3);
        return 3;
    }
    size_t sign = signbit(real) ? 1 : 0;
    if (sign != 0)
        out[0] = '-';
    double positive = fabs(real);
    if (isinf(real)) {
        memcpy(out + sign, "inf", 3);
        return sign + 3;
    }
    /* Most floats of a configuration are small whole numbers. */
    if (positive < 1e15 && positive == (double)(uint64_t)positive) {
        size_t size = write_digits((uint64_t)positive, out + sign);
        memcpy(out + sign + size, ".0", 2);
        return sign + size + 2;
    }
    return sign + repr_digits(positive, out + sign);
}

/* Append what printf makes of it, with the locale's decimal point replaced by ours. */
static void append_printed(creg_text *text, double positive, char type, int precision)
{
    size_t room = (size_t)precision + 330;
    if (!creg_text_reserve(text, room))
        return;
    char *at = text->data + text->size;
    int printed = type == 'f' ? snprintf(at, room, "%.*f", precision, positive)
                              : snprintf(at, room, "%.*e", precision, positive);
    if (printed < 0 || (size_t)printed >= room) {
        text->failed = CREG_LIMIT;
        return;
    }
    size_t size = (size_t)printed;
    size_t whole = 0;
    while (whole < size && at[whole] >= '0' && at[whole] <= '9')
        whole++;
    size_t fraction = whole;
    while (fraction < size && at[fraction] != 'e' && (at[fraction] < '0' || at[fraction] > '9'))
        fraction++;
    if (fraction > whole) {
        at[whole] = '.';
        memmove(at + whole + 1, at + fraction, size - fraction);
        size -= fraction - whole - 1;
    }
    text->size += size;
}

/* The digits of a number and where its point goes: 0.DIGITS * 10**point. */
typedef struct digit_run {
    const char *digits;
    size_t count;
    int point;
} digit_run;

static void append_exponent(creg_text *text, int exponent)
{
    char bytes[16];
    char *end = put_exponent(bytes, exponent, 'e');
    creg_text_append(text, bytes, (size_t)(end - bytes));
}

static void append_scientific(creg_text *text, digit_run run, bool keep_point)
{
    creg_text_byte(text, run.digits[0]);
    if (run.count > 1 || keep_point)
        creg_text_byte(text, '.');
    creg_text_append(text, run.digits + 1, run.count - 1);
    append_exponent(text, run.point - 1);
}

static void append_positional(creg_text *text, digit_run run, bool keep_point, bool dot_zero)
{
    size_t whole = run.point > 0 ? (size_t)run.point : 0;
    size_t shown = whole < run.count ? whole : run.count;
    if (whole == 0)
        creg_text_byte(text, '0');
    creg_text_append(text, run.digits, shown);
    creg_text_fill(text, '0', whole - shown);
    if (shown < run.count || keep_point || dot_zero)
        creg_text_byte(text, '.');
    if (shown < run.count) {
        creg_text_fill(text, '0', run.point < 0 ? (size_t)-run.point : 0);
        creg_text_append(text, run.digits + shown, run.count - shown);
    } else if (dot_zero && !keep_point) {
        creg_text_byte(text, '0');
    }
}

/* "1.50e+07" -> digits "150", point 8; in place. */
static digit_run split_scientific(char *printed, size_t size)
{
    size_t at = 0;
    size_t count = 0;
    while (at < size && printed[at] != 'e') {
        if (printed[at] != '.')
            printed[count++] = printed[at];
        at++;
    }
    int exponent = 0;
    for (size_t i = at + 2; i < size; i++)
        exponent = exponent * 10 + (printed[i] - '0');
    if (at + 1 < size && printed[at + 1] == '-')
        exponent = -exponent;
    return (digit_run){.digits = printed, .count = count, .point = exponent + 1};
}

/* 'g', and 'r' with a precision: that many significant digits, whichever form is shorter. */
static void append_general(creg_text *text, double positive, creg_float_layout layout)
{
    int precision = layout.precision == 0 ? 1 : layout.precision;
    creg_text printed;
    creg_text_init(&printed, text->arena, text->limit);
    append_printed(&printed, positive, 'e', precision - 1);
    if (printed.failed != CREG_OK) {
        text->failed = printed.failed;
        return;
    }
    digit_run run = split_scientific(printed.data, printed.size);
    bool dot_zero = layout.type == 'r';
    bool scientific = run.point <= -4 || run.point > precision - (dot_zero ? 1 : 0);
    while (!layout.alternate && run.count > 1 && run.digits[run.count - 1] == '0')
        run.count--;
    if (scientific)
        append_scientific(text, run, layout.alternate);
    else
        append_positional(text, run, layout.alternate, dot_zero);
}

static void append_shortest(creg_text *text, double positive, bool alternate)
{
    char digits[20];
    digit_run run = {.digits = digits};
    run.count = creg_float_shortest(positive, digits, &run.point);
    if (run.point <= -4 || run.point > 16)
        append_scientific(text, run, alternate);
    else
        append_positional(text, run, false, true);
}

static void append_finite(creg_text *text, double positive, creg_float_layout layout)
{
    if (layout.type == 'r' && layout.precision < 0) {
        append_shortest(text, positive, layout.alternate);
        return;
    }
    if (layout.precision < 0)
        layout.precision = 6;
    if (layout.type == 'g' || layout.type == 'r') {
        append_general(text, positive, layout);
        return;
    }
    size_t start = text->size;
    append_printed(text, positive, layout.type, layout.precision);
    if (!layout.alternate || layout.precision > 0 || text->failed != CREG_OK)
        return;
    /* "3e+00" -> "3.e+00": the point that '#' keeps. */
    size_t whole = start;
    while (whole < text->size && text->data[whole] != 'e')
        whole++;
    creg_text_byte(text, '.');
    if (text->failed != CREG_OK)
        return;
    memmove(text->data + whole + 1, text->data + whole, text->size - 1 - whole);
    text->data[whole] = '.';
}

void creg_float_format(creg_text *text, double real, creg_float_layout layout)
{
    size_t start = text->size;
    if (isnan(real))
        creg_text_string(text, "nan");
    else if (isinf(real))
        creg_text_string(text, "inf");
    else
        append_finite(text, fabs(real), layout);
    if (!layout.upper || text->failed != CREG_OK)
        return;
    for (size_t at = start; at < text->size; at++)
        if (text->data[at] >= 'a' && text->data[at] <= 'z')
            text->data[at] = (char)(text->data[at] - 'a' + 'A');
}

/* ---- reading -------------------------------------------------------------------------- */

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

enum { KEPT_DIGITS = 780 }; /* 767 decide every double; one more tells "and a bit" */

/* A numeral taken apart: DIGITS * 10**exponent, without leading zeros. */
typedef struct numeral {
    char digits[KEPT_DIGITS + 1];
    size_t count;
    int64_t exponent;
    bool negative;
} numeral;

static void take_digit(numeral *number, char digit, bool behind_point)
{
    bool leading_zero = number->count == 0 && digit == '0';
    if (!leading_zero && number->count < KEPT_DIGITS)
        number->digits[number->count++] = digit;
    else if (!leading_zero) {
        number->exponent++;
        if (digit != '0')
            number->digits[KEPT_DIGITS - 1] = '1';
    }
    if (behind_point)
        number->exponent--;
}

static bool take_exponent(creg_slice text, size_t at, numeral *number)
{
    bool negative = at < text.size && text.data[at] == '-';
    if (at < text.size && (text.data[at] == '-' || text.data[at] == '+'))
        at++;
    if (at == text.size)
        return false;
    int64_t exponent = 0;
    for (; at < text.size; at++) {
        if (!is_digit(text.data[at]))
            return false;
        if (exponent < 100000000)
            exponent = exponent * 10 + (text.data[at] - '0');
    }
    number->exponent += negative ? -exponent : exponent;
    return true;
}

static bool take_apart(creg_slice text, numeral *number)
{
    size_t at = 0;
    if (at < text.size && (text.data[at] == '-' || text.data[at] == '+'))
        number->negative = text.data[at++] == '-';
    bool any = false;
    bool point = false;
    for (; at < text.size; at++) {
        char byte = text.data[at];
        if (is_digit(byte)) {
            take_digit(number, byte, point);
            any = true;
        } else if (byte == '.' && !point) {
            point = true;
        } else {
            break;
        }
    }
    if (!any)
        return false;
    if (at == text.size)
        return true;
    return (text.data[at] == 'e' || text.data[at] == 'E') &&
           take_exponent(text, at + 1, number);
}

/* Both factors exact, one rounding: the result is right. */
static bool multiply_exact(const numeral *number, double *ret_real)
{
    static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (number->count > 19 || number->exponent < -22 || number->exponent > 22)
        return false;
    uint64_t digits = 0;
    for (size_t i = 0; i < number->count; i++)
        digits = digits * 10 + (uint64_t)(number->digits[i] - '0');
    if (digits > (uint64_t)1 << 53)
        return false;
    *ret_real = number->exponent < 0 ? (double)digits / tens[-number->exponent]
                                     : (double)digits * tens[number->exponent];
    return true;
}

static double multiply_any(const numeral *number)
{
    int64_t magnitude = number->exponent + (int64_t)number->count;
    if (number->count == 0 || magnitude < -400)
        return 0;
    if (magnitude > 400)
        return HUGE_VAL;
    char printed[KEPT_DIGITS + 32];
    memcpy(printed, number->digits, number->count);
    snprintf(printed + number->count, 32, "e%d", (int)number->exponent);
    return strtod(printed, NULL);
}

bool creg_float_read(creg_slice text, double *ret_real)
{
    numeral number;
    number.count = 0;
    number.exponent = 0;
    number.negative = false;
    if (!take_apart(text, &number))
        return false;
    double real;
    if (!multiply_exact(&number, &real))
        real = multiply_any(&number);
    *ret_real = number.negative ? -real : real;
    return true;
}

static creg_slice trim_blanks(creg_slice text)
{
    while (text.size > 0) {
        size_t size;
        if (!creg_unicode_is_space(creg_utf8_decode(text.data, &size)))
            break;
        text.data += size;
        text.size -= size;
    }
    while (text.size > 0) {
        size_t size;
        size_t at = creg_utf8_before(text, text.size);
        if (!creg_unicode_is_space(creg_utf8_decode(text.data + at, &size)))
            break;
        text.size = at;
    }
    return text;
}

static char clean_code_point(uint32_t code_point)
{
    if (code_point < 0x80)
        return (char)code_point;
    int digit = creg_unicode_decimal(code_point);
    return digit < 0 ? '?' : (char)('0' + digit);
}

/* An underscore may only stand between two digits. */
static bool drop_underscores(char *bytes, size_t *size)
{
    size_t kept = 0;
    for (size_t at = 0; at < *size; at++) {
        if (bytes[at] != '_') {
            bytes[kept++] = bytes[at];
            continue;
        }
        if (at == 0 || at + 1 == *size || !is_digit(bytes[at - 1]) || !is_digit(bytes[at + 1]))
            return false;
    }
    *size = kept;
    return true;
}

bool creg_number_clean(creg_slice text, bool underscores, char *out, size_t capacity,
                       size_t *ret_size)
{
    text = trim_blanks(text);
    size_t size = 0;
    bool any_underscore = false;
    for (size_t at = 0; at < text.size;) {
        size_t width;
        uint32_t code_point = creg_utf8_decode(text.data + at, &width);
        if (size == capacity)
            return false;
        any_underscore = any_underscore || code_point == '_';
        out[size++] = clean_code_point(code_point);
        at += width;
    }
    *ret_size = size;
    return !underscores || !any_underscore || drop_underscores(out, ret_size);
}

/* `word` is lower-case ASCII. */
static bool is_word(const char *bytes, size_t size, const char *word)
{
    if (size != strlen(word))
        return false;
    for (size_t i = 0; i < size; i++)
        if ((bytes[i] | 0x20) != word[i])
            return false;
    return true;
}

static bool read_special(const char *bytes, size_t size, double *ret_real)
{
    bool negative = size > 0 && bytes[0] == '-';
    if (size > 0 && (bytes[0] == '-' || bytes[0] == '+')) {
        bytes++;
        size--;
    }
    if (is_word(bytes, size, "inf") || is_word(bytes, size, "infinity"))
        *ret_real = negative ? -HUGE_VAL : HUGE_VAL;
    else if (is_word(bytes, size, "nan"))
        *ret_real = (double)NAN;
    else
        return false;
    return true;
}

/* Plain numerals are read where they stand, whatever their length; this is the room for one
 * with underscores or with digits of another script. */
enum { CLEANED_MAX = 8192 };

bool creg_float_parse(creg_slice text, double *ret_real)
{
    text = trim_blanks(text);
    if (creg_float_read(text, ret_real))
        return true;
    char clean[CLEANED_MAX];
    size_t size;
    if (!creg_number_clean(text, true, clean, sizeof clean, &size))
        return false;
    if (creg_float_read(creg_slice_make(clean, size), ret_real))
        return true;
    return read_special(clean, size, ret_real);
}
