/* SPDX-License-Identifier: MIT */
/*
 * Integers of any size: 64 bits where they do, libtommath past them.
 *
 *     creg_bigint   | negative | used | digit 0 | digit 1 | ... |      60 bits each
 *
 * A big integer in an arena is read by libtommath through a *view*: an mp_int on the stack
 * that borrows its digits. libtommath only writes to numbers of its own, which are copied
 * into the arena and freed before the function returns.
 */
#include "base/integer.h"

#include <math.h>
#include <tommath.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/number.h"
#include "base/unicode.h"
#include "base/utf8.h"

typedef struct creg_bigint {
    mp_sign sign;
    int used;
    mp_digit digits[];
} creg_bigint;

/* A read-only mp_int over a creg_integer. `digits` holds those of a small one. */
typedef struct view {
    mp_int number;
    mp_digit digits[3];
} view;

static uint64_t magnitude_of(int64_t small)
{
    return small < 0 ? 0 - (uint64_t)small : (uint64_t)small;
}

static const mp_int *open_view(view *opened, creg_integer integer)
{
    mp_int *number = &opened->number;
    if (integer.big != NULL) {
        number->used = integer.big->used;
        number->alloc = integer.big->used;
        number->sign = integer.big->sign;
        number->dp = integer.big->digits;
        return number;
    }
    uint64_t rest = magnitude_of(integer.small);
    number->used = 0;
    number->alloc = 3;
    number->sign = integer.small < 0 ? MP_NEG : MP_ZPOS;
    number->dp = opened->digits;
    for (; rest != 0; rest >>= MP_DIGIT_BIT)
        opened->digits[number->used++] = (mp_digit)(rest & MP_MASK);
    return number;
}

static creg_status too_many_digits(creg_integer_room room, creg_error *err)
{
    return creg_fail(err, CREG_LIMIT, "integer of more than %u digits",
                     (unsigned)room.digits_max);
}

static creg_status check_math(mp_err result, creg_error *err)
{
    if (result == MP_OKAY)
        return CREG_OK;
    if (result == MP_MEM)
        return creg_fail(err, CREG_NO_MEMORY, "out of memory");
    return creg_fail(err, CREG_INTERNAL, "integer arithmetic failed: %s",
                     mp_error_to_string(result));
}

/* 0.30103 decimal digits a bit; rounded up. */
static size_t digits_of_bits(size_t bits)
{
    return (size_t)((double)bits * 0.30103) + 1;
}

static bool fits_small(const mp_int *number)
{
    int bits = mp_count_bits(number);
    if (bits <= 63)
        return true;
    return bits == 64 && number->sign == MP_NEG && mp_cnt_lsb(number) == 63;
}

static uint64_t low_word(const mp_int *number)
{
    uint64_t word = 0;
    for (int i = number->used - 1; i >= 0; i--)
        word = word << (MP_DIGIT_BIT % 64) | number->dp[i];
    return word;
}

/* Bring a result of libtommath into the arena. Does not free it. */
static creg_status keep(creg_integer_room room, const mp_int *number, creg_integer *ret_integer,
                        creg_error *err)
{
    if (fits_small(number)) {
        uint64_t magnitude = low_word(number);
        uint64_t word = number->sign == MP_NEG ? 0 - magnitude : magnitude;
        *ret_integer = creg_integer_of((int64_t)word);
        return CREG_OK;
    }
    if (digits_of_bits((size_t)mp_count_bits(number)) > (size_t)room.digits_max + 1)
        return too_many_digits(room, err);
    size_t size = (size_t)number->used * sizeof(mp_digit);
    creg_bigint *big = creg_arena_take(room.arena, sizeof *big + size);
    if (big == NULL)
        return creg_fail_arena(err, room.arena);
    big->sign = number->sign;
    big->used = number->used;
    memcpy(big->digits, number->dp, size);
    *ret_integer = (creg_integer){.big = big, .small = 0};
    return CREG_OK;
}

/* ---- arithmetic ----------------------------------------------------------------------- */

typedef mp_err (*binary)(const mp_int *left, const mp_int *right, mp_int *result);

static creg_status compute(binary operation, creg_integer_room room, creg_integer left,
                           creg_integer right, creg_integer *ret_result, creg_error *err)
{
    view left_view;
    view right_view;
    mp_int result;
    creg_status status = check_math(mp_init(&result), err);
    if (status != CREG_OK)
        return status;
    status = check_math(
        operation(open_view(&left_view, left), open_view(&right_view, right), &result), err);
    if (status == CREG_OK)
        status = keep(room, &result, ret_result, err);
    mp_clear(&result);
    return status;
}

static bool both_small(creg_integer left, creg_integer right)
{
    return left.big == NULL && right.big == NULL;
}

creg_status creg_integer_add(creg_integer_room room, creg_integer left, creg_integer right,
                             creg_integer *ret_sum, creg_error *err)
{
    int64_t sum;
    if (both_small(left, right) && !__builtin_add_overflow(left.small, right.small, &sum)) {
        *ret_sum = creg_integer_of(sum);
        return CREG_OK;
    }
    return compute(mp_add, room, left, right, ret_sum, err);
}

creg_status creg_integer_subtract(creg_integer_room room, creg_integer left, creg_integer right,
                                  creg_integer *ret_difference, creg_error *err)
{
    int64_t difference;
    if (both_small(left, right) &&
        !__builtin_sub_overflow(left.small, right.small, &difference)) {
        *ret_difference = creg_integer_of(difference);
        return CREG_OK;
    }
    return compute(mp_sub, room, left, right, ret_difference, err);
}

creg_status creg_integer_multiply(creg_integer_room room, creg_integer left, creg_integer right,
                                  creg_integer *ret_product, creg_error *err)
{
    int64_t product;
    if (both_small(left, right) && !__builtin_mul_overflow(left.small, right.small, &product)) {
        *ret_product = creg_integer_of(product);
        return CREG_OK;
    }
    size_t bits = creg_integer_bits(left) + creg_integer_bits(right);
    if (bits > 64 && digits_of_bits(bits) > (size_t)room.digits_max + 2)
        return too_many_digits(room, err);
    return compute(mp_mul, room, left, right, ret_product, err);
}

creg_status creg_integer_negate(creg_integer_room room, creg_integer integer,
                                creg_integer *ret_negated, creg_error *err)
{
    return creg_integer_subtract(room, creg_integer_of(0), integer, ret_negated, err);
}

static void divide_small(int64_t left, int64_t right, int64_t *quotient, int64_t *remainder)
{
    *quotient = left / right;
    *remainder = left % right;
    if (*remainder != 0 && (*remainder < 0) != (right < 0)) {
        *quotient -= 1;
        *remainder += right;
    }
}

/* libtommath cuts towards zero; Python goes down, and the remainder takes the divisor's sign. */
static mp_err divide_floor(const mp_int *left, const mp_int *right, mp_int *quotient,
                           mp_int *remainder)
{
    mp_err result = mp_div(left, right, quotient, remainder);
    if (result != MP_OKAY || remainder->used == 0 || remainder->sign == right->sign)
        return result;
    result = mp_sub_d(quotient, 1, quotient);
    return result == MP_OKAY ? mp_add(remainder, right, remainder) : result;
}

static creg_status divide_big(creg_integer_room room, creg_integer left, creg_integer right,
                              creg_integer *ret_quotient, creg_integer *ret_remainder,
                              creg_error *err)
{
    view left_view;
    view right_view;
    mp_int quotient;
    mp_int remainder;
    creg_status status = check_math(mp_init_multi(&quotient, &remainder, NULL), err);
    if (status != CREG_OK)
        return status;
    status = check_math(divide_floor(open_view(&left_view, left), open_view(&right_view, right),
                                     &quotient, &remainder),
                        err);
    if (status == CREG_OK && ret_quotient != NULL)
        status = keep(room, &quotient, ret_quotient, err);
    if (status == CREG_OK && ret_remainder != NULL)
        status = keep(room, &remainder, ret_remainder, err);
    mp_clear_multi(&quotient, &remainder, NULL);
    return status;
}

creg_status creg_integer_divide(creg_integer_room room, creg_integer left, creg_integer right,
                                creg_integer *ret_quotient, creg_integer *ret_remainder,
                                creg_error *err)
{
    bool overflows = left.small == INT64_MIN && right.small == -1;
    if (!both_small(left, right) || overflows)
        return divide_big(room, left, right, ret_quotient, ret_remainder, err);
    int64_t quotient;
    int64_t remainder;
    divide_small(left.small, right.small, &quotient, &remainder);
    if (ret_quotient != NULL)
        *ret_quotient = creg_integer_of(quotient);
    if (ret_remainder != NULL)
        *ret_remainder = creg_integer_of(remainder);
    return CREG_OK;
}

static bool power_small(int64_t base, int64_t exponent, int64_t *ret_power)
{
    int64_t power = 1;
    while (exponent > 0) {
        if ((exponent & 1) != 0 && __builtin_mul_overflow(power, base, &power))
            return false;
        exponent >>= 1;
        if (exponent > 0 && __builtin_mul_overflow(base, base, &base))
            return false;
    }
    *ret_power = power;
    return true;
}

static creg_status power_big(creg_integer_room room, creg_integer base, uint32_t exponent,
                             creg_integer *ret_power, creg_error *err)
{
    view base_view;
    mp_int result;
    creg_status status = check_math(mp_init(&result), err);
    if (status != CREG_OK)
        return status;
    status = check_math(mp_expt_u32(open_view(&base_view, base), exponent, &result), err);
    if (status == CREG_OK)
        status = keep(room, &result, ret_power, err);
    mp_clear(&result);
    return status;
}

creg_status creg_integer_power(creg_integer_room room, creg_integer base, creg_integer exponent,
                               creg_integer *ret_power, creg_error *err)
{
    int64_t power;
    bool trivial = base.big == NULL && base.small >= -1 && base.small <= 1;
    if (trivial) {
        bool odd = creg_integer_is_odd(exponent);
        bool zero = exponent.big == NULL && exponent.small == 0;
        *ret_power = creg_integer_of(zero ? 1 : odd ? base.small : base.small * base.small);
        return CREG_OK;
    }
    if (both_small(base, exponent) && power_small(base.small, exponent.small, &power)) {
        *ret_power = creg_integer_of(power);
        return CREG_OK;
    }
    if (exponent.big != NULL || exponent.small > (int64_t)room.digits_max * 4)
        return too_many_digits(room, err);
    size_t least_bits = (creg_integer_bits(base) - 1) * (size_t)exponent.small;
    if (digits_of_bits(least_bits) > (size_t)room.digits_max + 1)
        return too_many_digits(room, err);
    return power_big(room, base, (uint32_t)exponent.small, ret_power, err);
}

/* ---- questions ------------------------------------------------------------------------ */

int creg_integer_sign(creg_integer integer)
{
    if (integer.big != NULL)
        return integer.big->sign == MP_NEG ? -1 : 1;
    return (integer.small > 0) - (integer.small < 0);
}

bool creg_integer_is_odd(creg_integer integer)
{
    if (integer.big != NULL)
        return (integer.big->digits[0] & 1) != 0;
    return (integer.small & 1) != 0;
}

size_t creg_integer_bits(creg_integer integer)
{
    view opened;
    return (size_t)mp_count_bits(open_view(&opened, integer));
}

size_t creg_integer_ones(creg_integer integer)
{
    view opened;
    const mp_int *number = open_view(&opened, integer);
    size_t ones = 0;
    for (int i = 0; i < number->used; i++)
        ones += (size_t)__builtin_popcountll((unsigned long long)number->dp[i]);
    return ones;
}

int creg_integer_compare(creg_integer left, creg_integer right)
{
    if (both_small(left, right))
        return (left.small > right.small) - (left.small < right.small);
    view left_view;
    view right_view;
    return mp_cmp(open_view(&left_view, left), open_view(&right_view, right));
}

uint64_t creg_bigint_hash(const creg_bigint *big)
{
    uint64_t hash = creg_hash_bytes(big->digits, (size_t)big->used * sizeof(mp_digit));
    return creg_hash_number(hash, (uint64_t)big->sign + 0xB16);
}

creg_bigint *creg_bigint_copy(creg_arena *arena, const creg_bigint *big)
{
    size_t size = sizeof *big + (size_t)big->used * sizeof(mp_digit);
    creg_bigint *copy = creg_arena_take(arena, size);
    if (copy != NULL)
        memcpy(copy, big, size);
    return copy;
}

/* ---- doubles -------------------------------------------------------------------------- */

/* The bits of a magnitude from `shift` on; there must be 64 of them or fewer. */
static uint64_t bits_from(const mp_int *number, size_t shift)
{
    uint64_t word = 0;
    size_t skip = shift / MP_DIGIT_BIT;
    size_t inside = shift % MP_DIGIT_BIT;
    size_t filled = 0;
    for (size_t i = skip; i < (size_t)number->used && filled < 64; i++) {
        uint64_t digit = (uint64_t)number->dp[i] >> (i == skip ? inside : 0);
        word |= digit << filled;
        filled += MP_DIGIT_BIT - (i == skip ? inside : 0);
    }
    return word;
}

static bool any_bit_below(const mp_int *number, size_t shift)
{
    size_t whole = shift / MP_DIGIT_BIT;
    for (size_t i = 0; i < whole; i++)
        if (number->dp[i] != 0)
            return true;
    mp_digit mask = ((mp_digit)1 << shift % MP_DIGIT_BIT) - 1;
    return whole < (size_t)number->used && (number->dp[whole] & mask) != 0;
}

static int bits_of_word(uint64_t word)
{
    return word == 0 ? 0 : 64 - __builtin_clzll(word);
}

/*
 * word * 2**exponent, rounded once, to even. The lowest bit of `word` also stands for
 * everything that was cut off below it, so it must have more than 54 bits when that is used.
 * False past the largest double.
 */
static bool round_to_double(uint64_t word, int exponent, double *ret_real)
{
    int top = bits_of_word(word) + exponent;
    if (top > 1024)
        return false;
    int kept = top < -1021 ? top + 1074 : 53;
    int cut = bits_of_word(word) - (kept < 0 ? 0 : kept);
    if (kept < 0 || cut > 63) {
        *ret_real = 0;
        return true;
    }
    if (cut > 0) {
        uint64_t half = (uint64_t)1 << (cut - 1);
        uint64_t low = word & (half * 2 - 1);
        word >>= cut;
        exponent += cut;
        if (low > half || (low == half && (word & 1) != 0))
            word++;
    }
    *ret_real = ldexp((double)word, exponent);
    return !isinf(*ret_real);
}

static bool magnitude_to_double(const mp_int *number, double *ret_real)
{
    size_t bits = (size_t)mp_count_bits(number);
    if (bits > 1024)
        return false;
    size_t shift = bits > 64 ? bits - 64 : 0;
    uint64_t word = bits_from(number, shift);
    if (any_bit_below(number, shift))
        word |= 1;
    return round_to_double(word, (int)shift, ret_real);
}

bool creg_integer_to_double(creg_integer integer, double *ret_real)
{
    if (integer.big == NULL) {
        *ret_real = (double)integer.small;
        return true;
    }
    view opened;
    const mp_int *number = open_view(&opened, integer);
    if (!magnitude_to_double(number, ret_real))
        return false;
    if (number->sign == MP_NEG)
        *ret_real = -*ret_real;
    return true;
}

/* Scale so that the quotient has 62 or 63 bits, divide, and let the last bit stand for the
 * remainder. */
static mp_err ratio_of(const mp_int *left, const mp_int *right, double *ret_ratio,
                       bool *ret_fits)
{
    int shift = 62 - (mp_count_bits(left) - mp_count_bits(right));
    mp_int top;
    mp_int bottom;
    mp_int quotient;
    mp_int remainder;
    mp_err result = mp_init_multi(&top, &bottom, &quotient, &remainder, NULL);
    if (result != MP_OKAY)
        return result;
    result = shift > 0 ? mp_mul_2d(left, shift, &top) : mp_copy(left, &top);
    if (result == MP_OKAY)
        result = shift < 0 ? mp_mul_2d(right, -shift, &bottom) : mp_copy(right, &bottom);
    if (result == MP_OKAY)
        result = mp_div(&top, &bottom, &quotient, &remainder);
    if (result == MP_OKAY) {
        uint64_t word = low_word(&quotient) | (remainder.used != 0);
        *ret_fits = round_to_double(word, -shift, ret_ratio);
    }
    mp_clear_multi(&top, &bottom, &quotient, &remainder, NULL);
    return result;
}

static bool exact_in_double(creg_integer integer)
{
    return integer.big == NULL && magnitude_of(integer.small) <= (uint64_t)1 << 53;
}

creg_status creg_integer_ratio(creg_integer left, creg_integer right, double *ret_ratio,
                               bool *ret_fits, creg_error *err)
{
    *ret_fits = true;
    if (exact_in_double(left) && exact_in_double(right)) {
        *ret_ratio = (double)left.small / (double)right.small;
        return CREG_OK;
    }
    if (left.big == NULL && left.small == 0) {
        *ret_ratio = creg_integer_sign(right) < 0 ? -0.0 : 0.0;
        return CREG_OK;
    }
    view left_view;
    view right_view;
    const mp_int *top = open_view(&left_view, left);
    const mp_int *bottom = open_view(&right_view, right);
    creg_status status = check_math(ratio_of(top, bottom, ret_ratio, ret_fits), err);
    if (status == CREG_OK && top->sign != bottom->sign)
        *ret_ratio = -*ret_ratio;
    return status;
}

static bool double_fits_small(double whole)
{
    return whole >= -9223372036854775808.0 && whole < 9223372036854775808.0;
}

creg_status creg_integer_from_double(creg_integer_room room, double real,
                                     creg_integer *ret_integer, creg_error *err)
{
    double whole = trunc(real);
    if (double_fits_small(whole)) {
        *ret_integer = creg_integer_of((int64_t)whole);
        return CREG_OK;
    }
    int exponent;
    double fraction = frexp(fabs(whole), &exponent);
    mp_int number;
    creg_status status = check_math(mp_init_u64(&number, (uint64_t)ldexp(fraction, 53)), err);
    if (status != CREG_OK)
        return status;
    status = check_math(mp_mul_2d(&number, exponent - 53, &number), err);
    if (status == CREG_OK) {
        number.sign = whole < 0 ? MP_NEG : MP_ZPOS;
        status = keep(room, &number, ret_integer, err);
    }
    mp_clear(&number);
    return status;
}

static int compare_small_double(int64_t left, double right)
{
    if (!double_fits_small(right))
        return right > 0 ? -1 : 1;
    int64_t whole = (int64_t)right;
    if (left != whole)
        return left < whole ? -1 : 1;
    double rest = right - (double)whole;
    return rest > 0 ? -1 : rest < 0 ? 1 : 0;
}

/* |left| against |right|, both at least 2**63. */
static int compare_magnitudes(const mp_int *left, double right)
{
    int exponent;
    uint64_t top = (uint64_t)ldexp(frexp(right, &exponent), 53);
    int bits = mp_count_bits(left);
    if (bits != exponent)
        return bits < exponent ? -1 : 1;
    size_t shift = (size_t)(exponent - 53);
    uint64_t word = bits_from(left, shift);
    if (word != top)
        return word < top ? -1 : 1;
    return any_bit_below(left, shift) ? 1 : 0;
}

int creg_integer_compare_double(creg_integer left, double right)
{
    if (isnan(right))
        return 2;
    if (left.big == NULL)
        return compare_small_double(left.small, right);
    int sign = creg_integer_sign(left);
    if (isinf(right))
        return right > 0 ? -1 : 1;
    bool right_is_small = fabs(right) < 9223372036854775808.0;
    if (right_is_small || (right < 0) != (sign < 0))
        return sign;
    view opened;
    return sign * compare_magnitudes(open_view(&opened, left), fabs(right));
}

/* ---- text ----------------------------------------------------------------------------- */

/* The largest power of `base` that is one digit of libtommath, and its exponent. */
static mp_digit largest_power(unsigned base, size_t *ret_exponent)
{
    mp_digit power = base;
    size_t exponent = 1;
    while (power <= MP_MASK / base) {
        power *= base;
        exponent++;
    }
    *ret_exponent = exponent;
    return power;
}

static void append_word(creg_text *text, uint64_t word, unsigned base, size_t width)
{
    char digits[64];
    size_t at = sizeof digits;
    while (word != 0 || sizeof digits - at < width) {
        digits[--at] = "0123456789abcdefghijklmnopqrstuvwxyz"[word % base];
        word /= base;
    }
    creg_text_append(text, digits + at, sizeof digits - at);
}

/* Cut off one digit of libtommath's size after the other; they come lowest first. */
static mp_err split(mp_int *number, mp_digit power, mp_digit *words, size_t *ret_count)
{
    size_t count = 0;
    mp_err result = MP_OKAY;
    while (number->used > 0 && result == MP_OKAY)
        result = mp_div_d(number, power, number, &words[count++]);
    *ret_count = count;
    return result;
}

static mp_err print_big(creg_text *text, creg_integer integer, unsigned base)
{
    size_t width;
    mp_digit power = largest_power(base, &width);
    view opened;
    const mp_int *number = open_view(&opened, integer);
    /* A word takes away more than half of a digit's bits, in every base. */
    mp_digit *words = creg_arena_alloc(text->arena, (size_t)number->used * 2 * sizeof *words);
    if (words == NULL) {
        text->failed = (creg_status)text->arena->failed;
        return MP_OKAY;
    }
    mp_int rest;
    mp_err result = mp_init_copy(&rest, number);
    if (result != MP_OKAY)
        return result;
    size_t count;
    rest.sign = MP_ZPOS;
    result = split(&rest, power, words, &count);
    mp_clear(&rest);
    if (result != MP_OKAY)
        return result;
    append_word(text, words[count - 1], base, 1);
    while (--count > 0)
        append_word(text, words[count - 1], base, width);
    return MP_OKAY;
}

void creg_integer_print(creg_text *text, creg_integer integer, unsigned base)
{
    if (integer.big == NULL && base == 10) {
        creg_text_int(text, integer.small);
        return;
    }
    if (creg_integer_sign(integer) < 0)
        creg_text_byte(text, '-');
    if (integer.big == NULL)
        append_word(text, magnitude_of(integer.small), base, 1);
    else if (print_big(text, integer, base) != MP_OKAY)
        text->failed = CREG_NO_MEMORY;
}

/* ---- parsing -------------------------------------------------------------------------- */

static unsigned digit_of(char byte)
{
    if (byte >= '0' && byte <= '9')
        return (unsigned)(byte - '0');
    char lower = (char)(byte | 0x20);
    return lower >= 'a' && lower <= 'z' ? (unsigned)(lower - 'a') + 10 : 99;
}

static unsigned prefix_base(const char *at, size_t size)
{
    if (size < 2 || at[0] != '0')
        return 0;
    char letter = (char)(at[1] | 0x20);
    return letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
}

/* Turn "1_000" into digit values without underscores, in place; false when it is malformed. */
static bool take_digits(char *at, size_t *size, unsigned base, bool after_prefix)
{
    size_t kept = 0;
    bool may_underscore = after_prefix;
    for (size_t i = 0; i < *size; i++) {
        if (at[i] == '_') {
            if (!may_underscore)
                return false;
            may_underscore = false;
            continue;
        }
        unsigned digit = digit_of(at[i]);
        if (digit >= base)
            return false;
        at[kept++] = (char)digit;
        may_underscore = true;
    }
    bool ends_well = *size > 0 && may_underscore;
    *size = kept;
    return ends_well && kept > 0;
}

static bool all_zero(const char *digits, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (digits[i] != 0)
            return false;
    return true;
}

/* A number in text taken apart: digit values, base and sign. */
typedef struct integer_text {
    char *digits;
    size_t size;
    unsigned base;
    bool negative;
} integer_text;

static bool take_integer(char *at, size_t size, unsigned base, integer_text *ret)
{
    ret->negative = size > 0 && at[0] == '-';
    if (size > 0 && (at[0] == '-' || at[0] == '+')) {
        at++;
        size--;
    }
    unsigned prefix = prefix_base(at, size);
    bool has_prefix = prefix != 0 && (base == 0 || base == prefix);
    bool must_be_zero = base == 0 && !has_prefix && size > 0 && at[0] == '0';
    if (has_prefix) {
        at += 2;
        size -= 2;
    }
    ret->base = base != 0 ? base : has_prefix ? prefix : 10;
    if (!take_digits(at, &size, ret->base, has_prefix))
        return false;
    ret->digits = at;
    ret->size = size;
    return !must_be_zero || all_zero(at, size);
}

static bool read_small(const integer_text *source, int64_t *ret_small)
{
    int64_t small = 0;
    for (size_t i = 0; i < source->size; i++) {
        int64_t digit = source->negative ? -(int64_t)source->digits[i] : source->digits[i];
        if (__builtin_mul_overflow(small, (int64_t)source->base, &small) ||
            __builtin_add_overflow(small, digit, &small))
            return false;
    }
    *ret_small = small;
    return true;
}

/* As many digits at a time as fit into one of libtommath's. */
static mp_err read_big(const integer_text *source, mp_int *number)
{
    size_t width;
    largest_power(source->base, &width);
    mp_err result = MP_OKAY;
    for (size_t at = 0; at < source->size && result == MP_OKAY;) {
        mp_digit word = 0;
        mp_digit power = 1;
        for (size_t i = 0; i < width && at < source->size; i++, at++) {
            word = word * source->base + (mp_digit)source->digits[at];
            power *= source->base;
        }
        result = mp_mul_d(number, power, number);
        if (result == MP_OKAY)
            result = mp_add_d(number, word, number);
    }
    number->sign = source->negative && number->used > 0 ? MP_NEG : MP_ZPOS;
    return result;
}

static creg_status keep_big(creg_integer_room room, const integer_text *source,
                            creg_integer *ret_integer, creg_error *err)
{
    size_t zeros = 0;
    while (zeros < source->size && source->digits[zeros] == 0)
        zeros++;
    double bits = (double)(source->size - zeros) * log2((double)source->base);
    if (bits * 0.30103 > (double)room.digits_max + 1)
        return too_many_digits(room, err);
    mp_int number;
    creg_status status = check_math(mp_init(&number), err);
    if (status != CREG_OK)
        return status;
    status = check_math(read_big(source, &number), err);
    if (status == CREG_OK)
        status = keep(room, &number, ret_integer, err);
    mp_clear(&number);
    return status;
}

static creg_status not_an_integer(creg_integer_room room, creg_slice text, unsigned base,
                                  creg_error *err)
{
    if (err == NULL)
        return CREG_INVALID;
    creg_text shown;
    creg_slice slice = {0};
    if (text.size > 200)
        text.size = creg_utf8_before(text, 201);
    creg_text_init(&shown, room.arena, 4096);
    creg_unicode_repr(&shown, text);
    if (creg_text_finish(&shown, &slice, err) != CREG_OK)
        return err->status;
    creg_fail(err, CREG_INVALID, "invalid literal for int() with base %u: %.*s", base,
              (int)slice.size, slice.data);
    creg_error_type(err, "ValueError");
    return CREG_INVALID;
}

creg_status creg_integer_parse(creg_integer_room room, creg_slice text, unsigned base,
                               creg_integer *ret_integer, creg_error *err)
{
    char few[64];
    char *clean = few;
    size_t capacity = sizeof few;
    if (text.size > capacity) {
        capacity = text.size;
        clean = creg_arena_take(room.arena, capacity);
        if (clean == NULL)
            return creg_fail_arena(err, room.arena);
    }
    size_t size;
    integer_text source;
    if (!creg_number_clean(text, false, clean, capacity, &size) ||
        !take_integer(clean, size, base, &source))
        return not_an_integer(room, text, base, err);
    int64_t small;
    if (!read_small(&source, &small))
        return keep_big(room, &source, ret_integer, err);
    *ret_integer = creg_integer_of(small);
    return CREG_OK;
}
