/* SPDX-License-Identifier: MIT */
/*
 * Answers questions about numbers and characters, one a line, for test_value.py: what the
 * base layer says, so that Python can say whether it would say the same.
 *
 *     repr BITS | format TYPE PRECISION FLAGS BITS | float TEXT | int BASE TEXT
 *     add|sub|mul|div|pow|cmp|ratio A B | cmpf A BITS | dbl A | base B A | classes | case
 *
 * BITS is a double in hexadecimal; fields are separated by tabs.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/integer.h"
#include "base/number.h"
#include "base/unicode.h"
#include "base/utf8.h"

static creg_arena arena;
static creg_integer_room room = {&arena, 20000};

static double double_of(const char *hex)
{
    uint64_t bits = strtoull(hex, NULL, 16);
    double real;
    memcpy(&real, &bits, sizeof real);
    return real;
}

static void show_double(double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    printf("%016" PRIx64 "\n", bits);
}

static void show_text(creg_text *text)
{
    creg_slice slice = {0};
    if (creg_text_finish(text, &slice, NULL) != CREG_OK)
        printf("FAILED\n");
    else
        printf("%.*s\n", (int)slice.size, slice.data);
}

static creg_text new_text(void)
{
    creg_text text;
    creg_text_init(&text, &arena, arena.budget);
    return text;
}

static void show_integer(creg_status status, creg_integer integer)
{
    if (status != CREG_OK) {
        printf("%s\n", creg_status_name(status));
        return;
    }
    creg_text text = new_text();
    creg_integer_print(&text, integer, 10);
    show_text(&text);
}

static creg_integer integer_of(const char *text)
{
    creg_integer integer = {0};
    if (creg_integer_parse(room, creg_slice_of(text), 10, &integer, NULL) != CREG_OK)
        printf("UNREADABLE ");
    return integer;
}

static void answer_repr(char **fields)
{
    char out[CREG_FLOAT_REPR_MAX];
    size_t size = creg_float_repr(double_of(fields[1]), out);
    printf("%.*s\n", (int)size, out);
}

static void answer_format(char **fields)
{
    creg_float_layout layout = {.type = fields[1][0], .precision = atoi(fields[2])};
    layout.alternate = strchr(fields[3], '#') != NULL;
    layout.upper = strchr(fields[3], 'U') != NULL;
    creg_text text = new_text();
    creg_float_format(&text, double_of(fields[4]), layout);
    show_text(&text);
}

static void answer_float(char **fields)
{
    double real;
    if (creg_float_parse(creg_slice_of(fields[1]), &real))
        show_double(real);
    else
        printf("ValueError\n");
}

static void answer_int(char **fields)
{
    creg_integer integer = {0};
    creg_status status = creg_integer_parse(room, creg_slice_of(fields[2]),
                                            (unsigned)atoi(fields[1]), &integer, NULL);
    show_integer(status, integer);
}

static void answer_binary(char **fields)
{
    creg_integer left = integer_of(fields[1]);
    creg_integer right = integer_of(fields[2]);
    creg_integer result = {0};
    creg_status status = CREG_OK;
    if (strcmp(fields[0], "add") == 0)
        status = creg_integer_add(room, left, right, &result, NULL);
    else if (strcmp(fields[0], "sub") == 0)
        status = creg_integer_subtract(room, left, right, &result, NULL);
    else if (strcmp(fields[0], "mul") == 0)
        status = creg_integer_multiply(room, left, right, &result, NULL);
    else if (strcmp(fields[0], "pow") == 0)
        status = creg_integer_power(room, left, right, &result, NULL);
    else if (strcmp(fields[0], "cmp") == 0)
        result = creg_integer_of(creg_integer_compare(left, right));
    show_integer(status, result);
}

static void answer_division(char **fields)
{
    creg_integer quotient = {0};
    creg_integer remainder = {0};
    creg_status status = creg_integer_divide(room, integer_of(fields[1]), integer_of(fields[2]),
                                             &quotient, &remainder, NULL);
    show_integer(status, quotient);
    show_integer(status, remainder);
}

static void answer_ratio(char **fields)
{
    double real = 0;
    bool fits = false;
    creg_status status =
        creg_integer_ratio(integer_of(fields[1]), integer_of(fields[2]), &real, &fits, NULL);
    if (status != CREG_OK || !fits)
        printf("OverflowError\n");
    else
        show_double(real);
}

static void answer_to_double(char **fields)
{
    double real;
    if (creg_integer_to_double(integer_of(fields[1]), &real))
        show_double(real);
    else
        printf("OverflowError\n");
}

static void answer_from_double(char **fields)
{
    creg_integer integer = {0};
    show_integer(creg_integer_from_double(room, double_of(fields[1]), &integer, NULL), integer);
}

static void answer_base(char **fields)
{
    creg_text text = new_text();
    creg_integer_print(&text, integer_of(fields[2]), (unsigned)atoi(fields[1]));
    show_text(&text);
}

static void answer_classes(char **fields)
{
    (void)fields;
    for (uint32_t c = 0; c <= 0x10FFFF; c++)
        printf("%d%d%d%d%d%d%d%d%d%d%d %d\n", creg_unicode_is_space(c),
               creg_unicode_is_printable(c), creg_unicode_is_alpha(c), creg_unicode_is_digit(c),
               creg_unicode_is_numeric(c), creg_unicode_is_alnum(c), creg_unicode_is_lower(c),
               creg_unicode_is_upper(c), creg_unicode_is_title(c),
               creg_unicode_is_name_start(c), creg_unicode_is_name_part(c),
               creg_unicode_decimal(c));
}

static void (*const mappings[])(creg_text *, creg_slice) = {
    creg_unicode_upper,      creg_unicode_lower,    creg_unicode_title,
    creg_unicode_capitalize, creg_unicode_casefold, creg_unicode_swapcase,
};

/* Alone, behind a letter, and in front of one: the places that change a mapping. */
static void show_mapped(const char *character, size_t size)
{
    static const char *const around[][2] = {{"", ""}, {"a", ""}, {"", "a"}, {"A", "B"}};
    for (size_t m = 0; m < sizeof mappings / sizeof mappings[0]; m++) {
        creg_text mapped = new_text();
        for (size_t i = 0; i < 4; i++) {
            creg_text source = new_text();
            creg_text_string(&source, around[i][0]);
            creg_text_append(&source, character, size);
            creg_text_string(&source, around[i][1]);
            mappings[m](&mapped, creg_slice_make(source.data, source.size));
        }
        for (size_t i = 0; i < mapped.size; i++)
            printf("%02x", (unsigned)(unsigned char)mapped.data[i]);
        printf(" ");
    }
    printf("\n");
}

static void answer_case(char **fields)
{
    (void)fields;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        char bytes[4];
        size_t size = creg_utf8_encode(c, bytes);
        show_mapped(bytes, size);
        creg_arena_reset(&arena);
    }
}

static void answer_case_of(char **fields)
{
    show_mapped(fields[1], strlen(fields[1]));
}

static void answer_compare_double(char **fields)
{
    printf("%d\n", creg_integer_compare_double(integer_of(fields[1]), double_of(fields[2])));
}

static const struct {
    const char *name;
    void (*answer)(char **fields);
} questions[] = {
    {"repr", answer_repr},         {"format", answer_format},       {"float", answer_float},
    {"int", answer_int},           {"add", answer_binary},          {"sub", answer_binary},
    {"mul", answer_binary},        {"pow", answer_binary},          {"cmp", answer_binary},
    {"div", answer_division},      {"ratio", answer_ratio},         {"dbl", answer_to_double},
    {"trunc", answer_from_double}, {"cmpf", answer_compare_double}, {"base", answer_base},
    {"classes", answer_classes},   {"case", answer_case},           {"caseof", answer_case_of},
};

static void answer(char *line)
{
    char *fields[8] = {0};
    size_t count = 0;
    fields[count++] = line;
    for (char *at = line; *at != '\0'; at++)
        if (*at == '\t' && count < 7) {
            *at = '\0';
            fields[count++] = at + 1;
        }
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++)
        if (strcmp(questions[i].name, fields[0]) == 0)
            questions[i].answer(fields);
}

int main(void)
{
    creg_arena_init(&arena, (size_t)256 * 1024 * 1024);
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    while ((size = getline(&line, &capacity, stdin)) > 0) {
        if (line[size - 1] == '\n')
            line[size - 1] = '\0';
        answer(line);
        creg_arena_reset(&arena);
    }
    free(line);
    creg_arena_clear(&arena);
    return 0;
}
