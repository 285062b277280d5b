/* SPDX-License-Identifier: MIT */
/*
 * Values: containers, equality, hash, order, printing, copying, and what happens when the
 * arena has no more room.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/limits.h"
#include "value/compare.h"
#include "value/integer.h"
#include "value/map.h"

static creg_arena arena;

static int begin(void **state)
{
    (void)state;
    creg_arena_init(&arena, (size_t)64 * 1024 * 1024);
    return 0;
}

static int end(void **state)
{
    (void)state;
    creg_arena_clear(&arena);
    return 0;
}

static creg_value big_of(const char *digits)
{
    creg_integer integer = {0};
    creg_integer_room room = {&arena, 10000};
    assert_int_equal(creg_integer_parse(room, creg_slice_of(digits), 10, &integer, NULL),
                     CREG_OK);
    return creg_value_of_integer(integer);
}

static creg_value list_of(size_t count, const creg_value *items)
{
    creg_list *list = creg_list_new(&arena, count);
    for (size_t i = 0; i < count; i++)
        assert_true(creg_list_append(&arena, list, items[i]));
    return creg_value_list(list);
}

static void assert_repr(creg_value value, const char *expected)
{
    creg_slice text;
    creg_error err = {0};
    assert_int_equal(creg_value_repr(value, &arena, &text, &err), CREG_OK);
    assert_string_equal(text.data, expected);
}

static void assert_str(creg_value value, const char *expected)
{
    creg_slice text;
    assert_int_equal(creg_value_str(value, &arena, &text, NULL), CREG_OK);
    assert_int_equal(text.size, strlen(expected));
    assert_memory_equal(text.data, expected, text.size);
}

/* ---- maps ------------------------------------------------------------------------------- */

static creg_value numbered(size_t number)
{
    char name[32];
    int size = snprintf(name, sizeof name, "key%zu", number);
    return creg_value_string(creg_arena_copy(&arena, creg_slice_make(name, (size_t)size)));
}

/* Sets and removals against an array that says what must be there. */
static void test_map__agrees_with_a_plain_model(void **state)
{
    (void)state;
    enum { KEYS = 60, STEPS = 20000 };
    int64_t model[KEYS];
    for (size_t i = 0; i < KEYS; i++)
        model[i] = -1;
    creg_map *map = creg_map_new(&arena, 0);
    uint32_t random = 1;
    for (int64_t step = 0; step < STEPS; step++) {
        random = random * 1664525u + 1013904223u;
        size_t key = (random >> 16) % KEYS;
        if ((random >> 8) % 3 == 0) {
            assert_int_equal(creg_map_remove(map, numbered(key)), model[key] >= 0);
            model[key] = -1;
        } else {
            assert_true(creg_map_set(&arena, map, numbered(key), creg_value_int(step)));
            model[key] = step;
        }
        size_t size = 0;
        for (size_t i = 0; i < KEYS && step % 50 == 0; i++) {
            const creg_value *found = creg_map_get(map, numbered(i));
            assert_int_equal(found != NULL, model[i] >= 0);
            if (found != NULL)
                assert_int_equal(found->as.integer, model[i]);
            size += found != NULL;
        }
        if (step % 50 == 0)
            assert_int_equal(map->size, size);
    }
}

static void test_map__keeps_the_order_of_insertion(void **state)
{
    (void)state;
    creg_map *map = creg_map_new(&arena, 0);
    for (size_t i = 0; i < 100; i++)
        creg_map_set(&arena, map, numbered(i * 37 % 100), creg_value_int((int64_t)i));
    creg_map_set(&arena, map, numbered(37), creg_value_int(-1));
    size_t at = 0;
    for (size_t i = 0; i < map->filled; i++, at++)
        assert_true(creg_value_equal(map->entries[i].key, numbered(at * 37 % 100)));
    assert_int_equal(at, 100);
    assert_int_equal(creg_map_get(map, numbered(37))->as.integer, -1);
}

static void test_map__one_is_one_point_zero_is_true(void **state)
{
    (void)state;
    for (size_t more = 0; more < 20; more += 19) {
        creg_map *map = creg_map_new(&arena, 0);
        for (size_t i = 0; i < more; i++)
            creg_map_set(&arena, map, numbered(i), creg_value_none());
        creg_map_set(&arena, map, creg_value_int(1), creg_value_cstring("int"));
        creg_map_set(&arena, map, creg_value_float(1.0), creg_value_cstring("float"));
        creg_map_set(&arena, map, creg_value_bool(true), creg_value_cstring("bool"));
        assert_int_equal(map->size, more + 1);
        assert_str(*creg_map_get(map, creg_value_float(1.0)), "bool");
        assert_null(creg_map_get(map, creg_value_cstring("1")));
        creg_map_set(&arena, map, creg_value_float((double)NAN), creg_value_int(7));
        assert_non_null(creg_map_get(map, creg_value_float((double)NAN)));
        creg_map_set(&arena, map, big_of("1267650600228229401496703205376"), creg_value_int(8));
        assert_int_equal(creg_map_get(map, creg_value_float(0x1p100))->as.integer, 8);
    }
}

static void test_map__text_keys_are_copied_on_request(void **state)
{
    (void)state;
    char name[] = "name";
    creg_map *map = creg_map_new(&arena, 0);
    assert_true(creg_map_set_text(&arena, map, creg_slice_of(name), creg_value_int(1)));
    name[0] = 'g';
    assert_non_null(creg_map_get_text(map, creg_slice_of("name")));
    assert_null(creg_map_get_text(map, creg_slice_of("game")));
    assert_null(creg_map_get_text(map, creg_slice_make(NULL, 0)));
}

static void test_map__out_of_budget_leaves_it_as_it_was(void **state)
{
    (void)state;
    creg_arena small;
    creg_arena_init(&small, 8 * 1024);
    creg_map *map = creg_map_new(&small, 0);
    size_t count = 0;
    while (creg_map_set(&small, map, numbered(count), creg_value_int((int64_t)count)))
        count++;
    assert_int_equal(small.failed, CREG_LIMIT);
    assert_true(count > 20);
    assert_int_equal(map->size, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(creg_map_get(map, numbered(i))->as.integer, (int64_t)i);
    assert_null(creg_map_get(map, numbered(count)));
    creg_arena_clear(&small);
}

static void test_list__out_of_budget_leaves_it_as_it_was(void **state)
{
    (void)state;
    creg_arena small;
    creg_arena_init(&small, 8 * 1024);
    creg_list *list = creg_list_new(&small, 0);
    size_t count = 0;
    while (creg_list_append(&small, list, creg_value_int((int64_t)count)))
        count++;
    assert_int_equal(list->size, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(list->items[i].as.integer, (int64_t)i);
    creg_arena_clear(&small);
}

/* ---- equality, hash, order -------------------------------------------------------------- */

static void test_equal__numbers_by_value(void **state)
{
    (void)state;
    assert_true(creg_value_equal(creg_value_int(1), creg_value_float(1.0)));
    assert_true(creg_value_equal(creg_value_bool(true), creg_value_int(1)));
    assert_false(creg_value_equal(creg_value_int(9007199254740993), creg_value_float(0x1p53)));
    assert_false(
        creg_value_equal(creg_value_float((double)NAN), creg_value_float((double)NAN)));
    assert_true(creg_value_equal(big_of("18446744073709551616"), creg_value_float(0x1p64)));
    assert_false(creg_value_equal(big_of("18446744073709551617"), creg_value_float(0x1p64)));
    assert_false(creg_value_equal(creg_value_int(0), creg_value_none()));
    assert_false(creg_value_equal(creg_value_int(0), creg_value_bool(true)));
    assert_false(creg_value_equal(creg_value_cstring("1"), creg_value_int(1)));
}

static void test_equal__containers_by_content(void **state)
{
    (void)state;
    creg_value items[] = {creg_value_int(1), creg_value_cstring("a")};
    creg_value floats[] = {creg_value_float(1), creg_value_cstring("a")};
    creg_value list = list_of(2, items);
    assert_true(creg_value_equal(list, list_of(2, floats)));
    assert_false(creg_value_equal(list, creg_value_tuple(list.as.list)));
    assert_false(creg_value_equal(list, list_of(1, items)));

    creg_value nan = creg_value_float((double)NAN);
    creg_value with_nan = list_of(1, &nan);
    assert_true(creg_value_equal(with_nan, with_nan));
    creg_map *left = creg_map_new(&arena, 0);
    creg_map *right = creg_map_new(&arena, 0);
    creg_map_set(&arena, left, items[0], list);
    creg_map_set(&arena, left, items[1], list);
    creg_map_set(&arena, right, floats[1], list_of(2, floats));
    creg_map_set(&arena, right, floats[0], list_of(2, floats));
    assert_true(creg_value_equal(creg_value_map(left), creg_value_map(right)));
    creg_map_set(&arena, right, floats[0], creg_value_none());
    assert_false(creg_value_equal(creg_value_map(left), creg_value_map(right)));
}

/* Forty times twice the same list is a trillion leaves: it must end, and say that it did. */
static void test_equal__work_is_bounded(void **state)
{
    (void)state;
    creg_value left = creg_value_int(1);
    creg_value right = creg_value_int(1);
    for (int i = 0; i < 40; i++) {
        creg_value twice[] = {left, left};
        creg_value again[] = {right, right};
        left = list_of(2, twice);
        right = list_of(2, again);
    }
    uint64_t work = 100000;
    creg_value_equal_within(left, right, &work);
    assert_int_equal(work, 0);
    left.kind = right.kind = CREG_KIND_TUPLE;
    creg_value_hash(left);
    creg_value_hashable(left);
}

static void test_equal__a_list_that_holds_itself_ends(void **state)
{
    (void)state;
    creg_list *left = creg_list_new(&arena, 0);
    creg_list *right = creg_list_new(&arena, 0);
    creg_list_append(&arena, left, creg_value_list(left));
    creg_list_append(&arena, right, creg_value_list(right));
    assert_false(creg_value_equal(creg_value_list(left), creg_value_list(right)));
}

static void test_hash__equal_values_have_equal_hashes(void **state)
{
    (void)state;
    assert_true(creg_value_hash(creg_value_int(-3)) == creg_value_hash(creg_value_float(-3)));
    assert_true(creg_value_hash(creg_value_bool(false)) ==
                creg_value_hash(creg_value_float(-0.0)));
    assert_true(creg_value_hash(big_of("18446744073709551616")) ==
                creg_value_hash(creg_value_float(0x1p64)));
    creg_value ints[] = {creg_value_int(1), creg_value_int(2)};
    creg_value floats[] = {creg_value_float(1), creg_value_float(2)};
    creg_value left = creg_value_tuple(list_of(2, ints).as.list);
    creg_value right = creg_value_tuple(list_of(2, floats).as.list);
    assert_true(creg_value_hash(left) == creg_value_hash(right));
}

static void test_hashable__lists_inside_tuples_are_found(void **state)
{
    (void)state;
    creg_value inner = list_of(0, NULL);
    creg_value tuple = creg_value_tuple(list_of(1, &inner).as.list);
    creg_value number = creg_value_int(1);
    assert_false(creg_value_hashable(inner));
    assert_false(creg_value_hashable(tuple));
    assert_true(creg_value_hashable(creg_value_tuple(list_of(1, &number).as.list)));
    assert_false(creg_value_hashable(creg_value_map(creg_map_new(&arena, 0))));
}

static void test_order__names_the_values_that_have_none(void **state)
{
    (void)state;
    creg_value ints[] = {creg_value_int(1), creg_value_int(2)};
    creg_value mixed[] = {creg_value_int(1), creg_value_cstring("b")};
    creg_value left;
    creg_value right;
    creg_order order =
        creg_value_order(list_of(2, ints), list_of(2, mixed), NULL, &left, &right);
    assert_int_equal(order, CREG_ORDER_IMPOSSIBLE);
    assert_string_equal(creg_value_type_name(left), "int");
    assert_string_equal(creg_value_type_name(right), "str");
    assert_int_equal(creg_value_order(list_of(1, ints), list_of(2, ints), NULL, NULL, NULL),
                     CREG_ORDER_LESS);
    assert_int_equal(
        creg_value_order(creg_value_float((double)NAN), creg_value_int(1), NULL, NULL, NULL),
        CREG_ORDER_NEITHER);
    assert_int_equal(
        creg_value_order(creg_value_cstring("é"), creg_value_cstring("z"), NULL, NULL, NULL),
        CREG_ORDER_GREATER);
}

/* ---- printing --------------------------------------------------------------------------- */

static void test_print__scalars(void **state)
{
    (void)state;
    assert_str(creg_value_none(), "None");
    assert_str(creg_value_bool(true), "True");
    assert_str(creg_value_int(INT64_MIN), "-9223372036854775808");
    assert_str(big_of("-123456789012345678901234567890"), "-123456789012345678901234567890");
    assert_str(creg_value_float(1e16), "1e+16");
    assert_str(creg_value_float(-0.0), "-0.0");
    assert_str(creg_value_undefined(), "");
    assert_repr(creg_value_undefined(), "Undefined");
    creg_value bytes = creg_value_cstring("a'\n\xFF");
    bytes.kind = CREG_KIND_BYTES;
    assert_str(bytes, "b\"a'\\n\\xff\"");
}

static void test_print__strings_as_python_quotes_them(void **state)
{
    (void)state;
    assert_repr(creg_value_cstring("it's"), "\"it's\"");
    assert_repr(creg_value_cstring("it's \"x\""), "'it\\'s \"x\"'");
    assert_repr(creg_value_cstring("\\\n\r\t\x01\x7F"), "'\\\\\\n\\r\\t\\x01\\x7f'");
    assert_repr(creg_value_cstring("é\u00a0\u200b😀"), "'é\\xa0\\u200b😀'");
    creg_value markup = creg_value_cstring("<b>");
    markup.flags = CREG_STRING_MARKUP;
    assert_repr(markup, "Markup('<b>')");
    assert_str(markup, "<b>");
}

static void test_print__containers(void **state)
{
    (void)state;
    creg_value items[] = {creg_value_int(1), creg_value_cstring("a"), creg_value_none()};
    assert_repr(list_of(3, items), "[1, 'a', None]");
    assert_repr(creg_value_tuple(list_of(1, items).as.list), "(1,)");
    assert_repr(creg_value_tuple(list_of(0, items).as.list), "()");
    creg_map *map = creg_map_new(&arena, 0);
    assert_repr(creg_value_map(map), "{}");
    creg_value set = creg_value_map(map);
    set.kind = CREG_KIND_SET;
    assert_repr(set, "set()");
    creg_map_set(&arena, map, items[0], items[1]);
    creg_map_set(&arena, map, items[1], items[2]);
    assert_repr(creg_value_map(map), "{1: 'a', 'a': None}");
    creg_map_remove(map, items[0]);
    assert_repr(creg_value_map(map), "{'a': None}");
    creg_range range = {0, 9, 3, 3};
    creg_value value = creg_value_of_kind(CREG_KIND_RANGE);
    value.as.range = &range;
    assert_repr(value, "range(0, 9, 3)");
}

static void test_print__what_holds_itself(void **state)
{
    (void)state;
    creg_list *list = creg_list_new(&arena, 0);
    creg_map *map = creg_map_new(&arena, 0);
    creg_list_append(&arena, list, creg_value_map(map));
    creg_list_append(&arena, list, creg_value_list(list));
    creg_map_set(&arena, map, creg_value_int(1), creg_value_map(map));
    assert_repr(creg_value_list(list), "[{1: {...}}, [...]]");
}

static creg_value nested(size_t depth)
{
    creg_value value = creg_value_int(1);
    for (size_t i = 0; i < depth; i++)
        value = list_of(1, &value);
    return value;
}

static void test_print__too_deep_is_a_limit(void **state)
{
    (void)state;
    creg_slice text;
    creg_error err;
    assert_int_equal(creg_value_str(nested(CREG_LIMIT_DEPTH), &arena, &text, &err), CREG_OK);
    assert_int_equal(creg_value_str(nested(CREG_LIMIT_DEPTH + 1), &arena, &text, &err),
                     CREG_LIMIT);
    assert_string_equal(err.message, "value nested deeper than 200 levels");
}

/* An object that prints what it holds, which may be itself. */
typedef struct holder {
    creg_object base;
    creg_value held;
} holder;

static creg_status print_holder(const creg_object *object, bool as_repr, creg_arena *into,
                                creg_slice *ret_text, creg_error *err)
{
    (void)as_repr;
    return creg_value_repr(((const holder *)(const void *)object)->held, into, ret_text, err);
}

static void test_print__objects_cannot_hide_the_depth(void **state)
{
    (void)state;
    static const creg_object_class class_of_holder = {.type_name = "holder",
                                                      .print = print_holder};
    holder self = {.base = {&class_of_holder}};
    creg_value object = creg_value_object(&self.base);
    creg_slice text;
    creg_error err;
    self.held = list_of(1, &object);
    assert_int_equal(creg_value_str(object, &arena, &text, &err), CREG_LIMIT);
    self.held = creg_value_int(5);
    assert_repr(list_of(1, &object), "[5]");
}

static void test_print__out_of_budget_is_reported(void **state)
{
    (void)state;
    creg_arena small;
    creg_arena_init(&small, 1000);
    creg_slice text;
    creg_error err;
    creg_value value = nested(3);
    for (int i = 0; i < 12; i++) {
        creg_value twice[] = {value, value};
        value = list_of(2, twice);
    }
    assert_int_equal(creg_value_str(value, &small, &text, &err), CREG_LIMIT);
    creg_arena_clear(&small);
}

/* ---- copying ---------------------------------------------------------------------------- */

static void test_copy__shares_nothing(void **state)
{
    (void)state;
    creg_arena other;
    creg_arena_init(&other, 1 << 20);
    creg_map *map = creg_map_new(&arena, 0);
    char text[] = "text";
    creg_value items[] = {creg_value_cstring(text), big_of("99999999999999999999")};
    creg_map_set(&arena, map, creg_value_cstring("k"), list_of(2, items));
    creg_value copy;
    assert_int_equal(creg_value_copy(&other, creg_value_map(map), &copy, NULL), CREG_OK);
    assert_true(creg_value_equal(copy, creg_value_map(map)));
    text[0] = 'n';
    creg_list_append(&arena, creg_map_get(map, creg_value_cstring("k"))->as.list, copy);
    creg_slice printed;
    assert_int_equal(creg_value_repr(copy, &other, &printed, NULL), CREG_OK);
    assert_string_equal(printed.data, "{'k': ['text', 99999999999999999999]}");
    creg_arena_clear(&other);
}

static void test_copy__limits(void **state)
{
    (void)state;
    creg_value copy;
    creg_error err;
    assert_int_equal(creg_value_copy(&arena, nested(CREG_LIMIT_DEPTH), &copy, &err), CREG_OK);
    assert_int_equal(creg_value_copy(&arena, nested(CREG_LIMIT_DEPTH + 1), &copy, &err),
                     CREG_LIMIT);
    /* Every budget from nothing to enough: refused cleanly, or done. */
    creg_value items[] = {creg_value_cstring("abc"), nested(3), big_of("99999999999999999999")};
    creg_value value = list_of(3, items);
    for (size_t budget = 0; budget < 6000; budget += 64) {
        creg_arena small;
        creg_arena_init(&small, budget);
        creg_status status = creg_value_copy(&small, value, &copy, &err);
        assert_true(status == CREG_OK || status == CREG_LIMIT);
        if (status == CREG_OK)
            assert_true(creg_value_equal(copy, value));
        creg_arena_clear(&small);
    }
}

static void test_truthy__as_python(void **state)
{
    (void)state;
    assert_false(creg_value_truthy(creg_value_undefined()));
    assert_false(creg_value_truthy(creg_value_none()));
    assert_false(creg_value_truthy(creg_value_float(-0.0)));
    assert_true(creg_value_truthy(creg_value_float((double)NAN)));
    assert_false(creg_value_truthy(creg_value_cstring("")));
    assert_true(creg_value_truthy(creg_value_cstring("0")));
    assert_false(creg_value_truthy(list_of(0, NULL)));
    assert_false(creg_value_truthy(creg_value_map(creg_map_new(&arena, 0))));
}

static void assert_digits(const char *text, unsigned base, creg_kind kind, const char *hex)
{
    creg_value value;
    creg_slice digits;
    creg_error err = {0};
    assert_int_equal(creg_value_integer(creg_slice_of(text), base, &arena, &value, &err),
                     CREG_OK);
    assert_int_equal(value.kind, kind);
    assert_int_equal(creg_value_digits(value, 16, &arena, &digits, &err), CREG_OK);
    assert_int_equal(digits.size, strlen(hex));
    assert_memory_equal(digits.data, hex, digits.size);
}

static void test_integer__any_size_and_base(void **state)
{
    (void)state;
    assert_digits("255", 10, CREG_KIND_INT, "ff");
    assert_digits("-0xff", 0, CREG_KIND_INT, "-ff");
    assert_digits("9223372036854775807", 10, CREG_KIND_INT, "7fffffffffffffff");
    assert_digits("9223372036854775808", 10, CREG_KIND_BIGINT, "8000000000000000");
    assert_digits("-0x123456789abcdef0123456789", 0, CREG_KIND_BIGINT,
                  "-123456789abcdef0123456789");
}

static void test_integer__refuses_what_is_none(void **state)
{
    (void)state;
    creg_value value = creg_value_none();
    creg_slice digits;
    creg_error err = {0};
    assert_int_equal(creg_value_integer(creg_slice_of("12x"), 10, &arena, &value, &err),
                     CREG_INVALID);
    assert_int_equal(creg_value_integer(creg_slice_of("1"), 37, &arena, &value, &err),
                     CREG_USAGE);
    assert_int_equal(creg_value_digits(creg_value_float(1), 10, &arena, &digits, &err),
                     CREG_USAGE);
    assert_int_equal(creg_value_digits(creg_value_int(1), 1, &arena, &digits, &err),
                     CREG_USAGE);
    assert_int_equal(value.kind, CREG_KIND_NONE);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_map__agrees_with_a_plain_model),
        CASE(test_map__keeps_the_order_of_insertion),
        CASE(test_map__one_is_one_point_zero_is_true),
        CASE(test_map__text_keys_are_copied_on_request),
        CASE(test_map__out_of_budget_leaves_it_as_it_was),
        CASE(test_list__out_of_budget_leaves_it_as_it_was),
        CASE(test_equal__numbers_by_value),
        CASE(test_equal__containers_by_content),
        CASE(test_equal__work_is_bounded),
        CASE(test_equal__a_list_that_holds_itself_ends),
        CASE(test_hash__equal_values_have_equal_hashes),
        CASE(test_hashable__lists_inside_tuples_are_found),
        CASE(test_order__names_the_values_that_have_none),
        CASE(test_print__scalars),
        CASE(test_print__strings_as_python_quotes_them),
        CASE(test_print__containers),
        CASE(test_print__what_holds_itself),
        CASE(test_print__too_deep_is_a_limit),
        CASE(test_print__objects_cannot_hide_the_depth),
        CASE(test_print__out_of_budget_is_reported),
        CASE(test_copy__shares_nothing),
        CASE(test_copy__limits),
        CASE(test_truthy__as_python),
        CASE(test_integer__any_size_and_base),
        CASE(test_integer__refuses_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
