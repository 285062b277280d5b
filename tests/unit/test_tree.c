/* SPDX-License-Identifier: MIT */
/*
 * Trees to pairs and back: what is stored, what is refused with its path, what comes back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/limits.h"
#include "case.h"
#include "registry/tree.h"
#include "store/pairs.h"

/* YAML, because it can say more than JSON: dates, keys that are numbers. */
static creg_value yaml(const char *text)
{
    creg_value value = creg_value_none();
    creg_status status = creg_yaml_parse(creg_slice_of(text), "in.yaml",
                                         CREG_PARSE_NUMBERS_AS_WRITTEN | CREG_PARSE_YAML_1_1,
                                         &arena, &value, &err);
    if (status != CREG_OK)
        print_error("%s\n", err.message);
    assert_int_equal(status, CREG_OK);
    return value;
}

/* "key=value;" of all pairs. */
static const char *shown(const creg_pairs *pairs)
{
    static char text[8192];
    size_t size = 0;
    text[0] = '\0';
    for (size_t i = 0; i < pairs->size && size < sizeof text; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "%.*s=%.*s;",
                                 (int)pairs->items[i].key.size, pairs->items[i].key.data,
                                 (int)pairs->items[i].value.size, pairs->items[i].value.data);
    return text;
}

static creg_pairs flatten(creg_value tree, const char *prefix)
{
    creg_pairs pairs = {NULL, 0};
    creg_status status =
        creg_tree_flatten(tree, creg_slice_of(prefix), &arena, &pairs, NULL, &err);
    if (status != CREG_OK)
        print_error("%s\n", err.message);
    assert_int_equal(status, CREG_OK);
    return pairs;
}

static void assert_flat(const char *text, const char *expected)
{
    creg_pairs pairs = flatten(yaml(text), "");
    assert_string_equal(shown(&pairs), expected);
}

static void assert_refused(const char *text, creg_status status, const char *message,
                           const char *path, bool on_key)
{
    creg_pairs pairs;
    creg_path where;
    creg_value tree = yaml(text);
    assert_int_equal(creg_tree_flatten(tree, creg_slice_of("dn"), &arena, &pairs, &where, &err),
                     status);
    if (strstr(err.message, message) == NULL)
        fail_msg("'%s' is not in '%s'", message, err.message);
    creg_slice found = creg_path_text(where, &arena);
    assert_int_equal(found.size, strlen(path));
    assert_memory_equal(found.data, path, found.size);
    assert_int_equal(where.on_key, on_key);
}

/* ---- flatten --------------------------------------------------------------------------- */

static void test_tree__maps_nest_and_lists_become_keys(void **state)
{
    (void)state;
    assert_flat("nodes: {slave0: {cpu: 2, tags: [b, a]}}\nstatus: x\n",
                "nodes/slave0/cpu=2;nodes/slave0/tags/a=;nodes/slave0/tags/b=;status=x;");
}

static void test_tree__values_are_stored_as_written(void **state)
{
    (void)state;
    assert_flat("{a: 5.10, b: 0755, c: true, d: no, e: \"no\", f: 1_000, g: 22:22, h: ''}",
                "a=5.10;b=0755;c=True;d=False;e=no;f=1_000;g=22:22;h=;");
}

static void test_tree__numbers_of_any_kind_print_as_python(void **state)
{
    (void)state;
    creg_value tree;
    creg_slice text = creg_slice_of("{\"a\": 1180591620717411303424, \"b\": 1e22, \"c\": 0.1}");
    assert_int_equal(creg_json_parse(text, NULL, 0, &arena, &tree, &err), CREG_OK);
    creg_pairs pairs = flatten(tree, "");
    assert_string_equal(shown(&pairs), "a=1180591620717411303424;b=1e+22;c=0.1;");
}

static void test_tree__empty_containers_store_nothing(void **state)
{
    (void)state;
    assert_flat("{a: {}, b: [], c: {d: {e: {}}}}", "");
    assert_flat("{a: {}, b: 1}", "b=1;");
}

static void test_tree__repeated_elements_are_stored_once(void **state)
{
    (void)state;
    assert_flat("list: [1, 1, '1', 10, 1]", "list/1=;list/10=;");
}

static void test_tree__a_slash_is_data(void **state)
{
    (void)state;
    assert_flat("{a/b: 1, a: {b: 2}, l: [/data/1]}", "a/b=2;a=2Fb=1;l/=2Fdata=2F1=;");
}

static void test_tree__pairs_are_sorted_by_key_bytes(void **state)
{
    (void)state;
    creg_pairs pairs = flatten(
        yaml("{b: 1, a: {z: 1, b: {c: 1}}, a-b: 2, a.b: 3, a0: 4, é: 5, a_: {x: 1}, a b: 6}"),
        "dn");
    for (size_t i = 1; i < pairs.size; i++) {
        creg_slice left = pairs.items[i - 1].key;
        creg_slice right = pairs.items[i].key;
        size_t shorter = left.size < right.size ? left.size : right.size;
        int order = memcmp(left.data, right.data, shorter);
        assert_true(order < 0 || (order == 0 && left.size < right.size));
    }
    assert_string_equal(shown(&pairs),
                        "dn/=C3=A9=5;dn/a-b=2;dn/a.b=3;dn/a/b/c=1;dn/a/z=1;dn/a0=4;dn/a=20b=6;"
                        "dn/a_/x=1;dn/b=1;");
}

static void test_tree__siblings_that_share_a_prefix_stay_apart(void **state)
{
    (void)state;
    assert_flat("nodes: {n: {disks: {disk1: {name: d}}, disks_required: 2}}",
                "nodes/n/disks/disk1/name=d;nodes/n/disks_required=2;");
}

static void test_tree__types_without_text_are_refused(void **state)
{
    (void)state;
    assert_refused("nodes:\n  slave0: {cpu: null}", CREG_UNSUPPORTED_TYPE,
                   "nodes/slave0/cpu: null cannot", "nodes/slave0/cpu", false);
    assert_refused("{a: 1, when: 2016-05-19}", CREG_UNSUPPORTED_TYPE, "when: a date", "when",
                   false);
    assert_refused("list: [a, ~]", CREG_UNSUPPORTED_TYPE, "list[1]", "list[1]", false);
    assert_refused("~: 1", CREG_UNSUPPORTED_TYPE, "null", "None", true);
}

static void test_tree__lists_do_not_nest(void **state)
{
    (void)state;
    assert_refused("a: {b: [1, [2]]}", CREG_NESTED_LISTS, "a list inside a list", "a/b[1]",
                   false);
    assert_refused("a: [{}]", CREG_NESTED_LISTS, "a map inside a list", "a[0]", false);
    assert_refused("a: [[]]", CREG_NESTED_LISTS, "a list inside a list", "a[0]", false);
}

static void test_tree__names_are_refused_at_the_door(void **state)
{
    (void)state;
    assert_refused("a: {'': 1}", CREG_INVALID_NAME, "empty", "a/", true);
    assert_refused("a: {..: 1}", CREG_INVALID_NAME, "", "a/..", true);
    assert_refused("a: ['']", CREG_INVALID_NAME, "empty", "a[0]", false);
    assert_refused("a: [.]", CREG_INVALID_NAME, "", "a[0]", false);
    assert_refused("{\"a\\tb\": 1}", CREG_INVALID_NAME, "", "a\tb", true);
    char text[400] = "{";
    memset(text + 1, 'k', 256);
    strcpy(text + 257, ": 1}");
    creg_pairs pairs;
    assert_int_equal(
        creg_tree_flatten(yaml(text), creg_slice_of(""), &arena, &pairs, NULL, &err),
        CREG_INVALID_NAME);
}

static void test_tree__the_root_must_be_a_map(void **state)
{
    (void)state;
    assert_refused("[a]", CREG_INVALID, "a list; it must be a map", "", false);
    assert_refused("text", CREG_INVALID, "must be a map", "", false);
    assert_refused("~", CREG_INVALID, "null", "", false);
}

static void test_tree__keys_of_one_text_are_refused(void **state)
{
    (void)state;
    assert_refused("a: {1: x, 1-x: y, '1': {z: 1}}", CREG_INVALID, "same text", "a/1", true);
}

static void test_tree__long_keys_and_values_are_refused(void **state)
{
    (void)state;
    creg_map *root = creg_map_new(&arena, 1);
    creg_map *map = root;
    char name[201];
    memset(name, 'n', 200);
    name[200] = '\0';
    for (int i = 0; i < 11; i++) {
        creg_map *below = creg_map_new(&arena, 1);
        creg_map_set_text(&arena, map, creg_slice_of(name), creg_value_map(below));
        map = below;
    }
    creg_map_set_text(&arena, map, creg_slice_of("x"), creg_value_int(1));
    creg_pairs pairs;
    assert_int_equal(
        creg_tree_flatten(creg_value_map(root), creg_slice_of(""), &arena, &pairs, NULL, &err),
        CREG_LIMIT);
    char *large = creg_arena_calloc(&arena, CREG_LIMIT_VALUE + 1, 1);
    memset(large, 'v', CREG_LIMIT_VALUE + 1);
    creg_map *one = creg_map_new(&arena, 1);
    creg_map_set_text(&arena, one, creg_slice_of("x"),
                      creg_value_string(creg_slice_make(large, CREG_LIMIT_VALUE + 1)));
    assert_int_equal(
        creg_tree_flatten(creg_value_map(one), creg_slice_of(""), &arena, &pairs, NULL, &err),
        CREG_LIMIT);
    creg_map_get_text(one, creg_slice_of("x"))->size = CREG_LIMIT_VALUE;
    assert_int_equal(
        creg_tree_flatten(creg_value_map(one), creg_slice_of(""), &arena, &pairs, NULL, &err),
        CREG_OK);
}

static void test_tree__a_tree_that_contains_itself_ends(void **state)
{
    (void)state;
    creg_map *loop = creg_map_new(&arena, 1);
    creg_map_set_text(&arena, loop, creg_slice_of("a"), creg_value_map(loop));
    creg_pairs pairs;
    creg_path where;
    assert_int_equal(creg_tree_flatten(creg_value_map(loop), creg_slice_of(""), &arena, &pairs,
                                       &where, &err),
                     CREG_LIMIT);
    assert_int_equal(where.size, CREG_LIMIT_DEPTH);
}

/* ---- build ----------------------------------------------------------------------------- */

static int by_key(const void *left, const void *right)
{
    return creg_slice_compare(((const creg_pair *)left)->key, ((const creg_pair *)right)->key);
}

static creg_pairs pairs_of(const char *const *rows)
{
    size_t count = 0;
    while (rows[2 * count] != NULL)
        count++;
    creg_pairs pairs = {creg_arena_calloc(&arena, count, sizeof(creg_pair)), count};
    for (size_t i = 0; i < count; i++) {
        pairs.items[i].key = creg_slice_of(rows[2 * i]);
        pairs.items[i].value = creg_slice_of(rows[2 * i + 1]);
    }
    qsort(pairs.items, count, sizeof *pairs.items, by_key);
    return pairs;
}

static void assert_built(const char *const *rows, const char *prefix, const char *expected)
{
    creg_pairs pairs = pairs_of(rows);
    creg_value tree;
    assert_int_equal(creg_tree_build(&pairs, creg_slice_of(prefix), &arena, &tree, &err),
                     CREG_OK);
    creg_slice text;
    assert_int_equal(creg_json_print(tree, NULL, &arena, &text, &err), CREG_OK);
    assert_string_equal(text.data, expected);
}

static void test_tree__order_is_natural(void **state)
{
    (void)state;
    const char *rows[] = {"dn/nodes/slave10/cpu",
                          "1",
                          "dn/nodes/slave2/cpu",
                          "2",
                          "dn/tags/t10",
                          "",
                          "dn/tags/t9",
                          "",
                          NULL};
    assert_built(rows, "dn",
                 "{\"nodes\": {\"slave2\": {\"cpu\": \"2\"}, \"slave10\": {\"cpu\": \"1\"}}, "
                 "\"tags\": [\"t9\", \"t10\"]}");
}

static void test_tree__only_leaves_with_empty_values_make_a_list(void **state)
{
    (void)state;
    const char *rows[] = {"a/x", "", "a/y",   "",  "b/x",   "", "b/y", "1",
                          "c/x", "", "c/z/y", "1", "d/e/f", "", NULL};
    assert_built(rows, "",
                 "{\"a\": [\"x\", \"y\"], \"b\": {\"x\": \"\", \"y\": \"1\"}, "
                 "\"c\": {\"x\": \"\", \"z\": {\"y\": \"1\"}}, \"d\": {\"e\": [\"f\"]}}");
}

static void test_tree__the_root_is_always_a_map(void **state)
{
    (void)state;
    const char *rows[] = {"dn/a", "", "dn/b", "", NULL};
    assert_built(rows, "dn", "{\"a\": \"\", \"b\": \"\"}");
    const char *none[] = {NULL};
    assert_built(none, "dn", "{}");
}

static void test_tree__segments_are_decoded(void **state)
{
    (void)state;
    const char *rows[] = {"a=2Fb", "1", "l/=2Fdata=2F1", "", "bad=zz", "2", "a.=2Eb",
                          "3",     NULL};
    assert_built(rows, "",
                 "{\"a/b\": \"1\", \"a..b\": \"3\", \"bad=zz\": \"2\", \"l\": [\"/data/1\"]}");
}

static void test_tree__a_listing_cut_at_a_depth_shows_maps(void **state)
{
    (void)state;
    const char *rows[] = {"nodes/", "", "status", "x", NULL};
    assert_built(rows, "", "{\"nodes\": {}, \"status\": \"x\"}");
}

static void test_tree__a_value_with_children_keeps_both(void **state)
{
    (void)state;
    const char *rows[] = {"disks", "2",   "disks-x", "3", "disks/disk1/name", "d", "t",
                          "1",     "t/a", "",        NULL};
    assert_built(rows, "",
                 "{\"disks\": {\"\": \"2\", \"disk1\": {\"name\": \"d\"}}, \"disks-x\": \"3\", "
                 "\"t\": {\"\": \"1\", \"a\": \"\"}}");
}

static void assert_round_trip(const char *text)
{
    creg_pairs before = flatten(yaml(text), "dn");
    creg_value tree;
    assert_int_equal(creg_tree_build(&before, creg_slice_of("dn"), &arena, &tree, &err),
                     CREG_OK);
    creg_pairs after = flatten(tree, "dn");
    char first[8192];
    snprintf(first, sizeof first, "%s", shown(&before));
    assert_string_equal(shown(&after), first);
}

static void test_tree__pairs_round_trip_exactly(void **state)
{
    (void)state;
    assert_round_trip("{a: [x, y/z, a.b, a..b, ü], b: {c: '', d: ''}, e: {f: {g: {h: 5.10}}}}");
    assert_round_trip("{a=b: 1, 'a b': {c: [1, 2, 10]}, 'a,b': [=, '.a', a.]}");
    assert_round_trip("{}");
}

/* ---- digest ---------------------------------------------------------------------------- */

static void test_tree__digest_does_not_depend_on_the_dn(void **state)
{
    (void)state;
    creg_pairs one = flatten(yaml("{a: 1, b: {c: 2}}"), "instances/u/p/1/1");
    creg_pairs two = flatten(yaml("{b: {c: 2}, a: 1}"), "x");
    creg_pairs three = flatten(yaml("{b: {c: 2}, a: 3}"), "x");
    char digests[3][CREG_TREE_DIGEST_SIZE];
    creg_tree_digest(&one, strlen("instances/u/p/1/1/"), digests[0]);
    creg_tree_digest(&two, strlen("x/"), digests[1]);
    creg_tree_digest(&three, strlen("x/"), digests[2]);
    assert_int_equal(strlen(digests[0]), 32);
    assert_string_equal(digests[0], digests[1]);
    assert_string_not_equal(digests[0], digests[2]);
}

static void test_tree__digest_is_the_same_for_ever(void **state)
{
    (void)state;
    creg_pairs pairs = flatten(yaml("{a: 1, b: {c: two}}"), "");
    char digest[CREG_TREE_DIGEST_SIZE];
    creg_tree_digest(&pairs, 0, digest);
    assert_string_equal(digest, "35df733c0a7090f1002c6b0da1b69c78");
}

static void test_tree__where_a_value_ends_changes_the_digest(void **state)
{
    (void)state;
    creg_pair one[] = {{.key = {"a", 1}, .value = {"b\0c", 3}}};
    creg_pair two[] = {{.key = {"a", 1}, .value = {"b", 1}},
                       {.key = {"c", 1}, .value = {"", 0}}};
    char digests[2][CREG_TREE_DIGEST_SIZE];
    creg_tree_digest(&(creg_pairs){one, 1}, 0, digests[0]);
    creg_tree_digest(&(creg_pairs){two, 2}, 0, digests[1]);
    assert_string_not_equal(digests[0], digests[1]);
}

/* ---- size ------------------------------------------------------------------------------ */

static creg_value large_tree(size_t nodes)
{
    creg_map *all = creg_map_new(&arena, nodes);
    for (size_t i = 0; i < nodes; i++) {
        creg_map *node = creg_map_new(&arena, 0);
        for (size_t p = 0; p < 71; p++) {
            char name[64];
            snprintf(name, sizeof name, "yarn.scheduler.property-%zu", p * 37 % 71);
            creg_map_set_text(&arena, node, creg_slice_of(name), creg_value_cstring("value"));
        }
        char name[32];
        snprintf(name, sizeof name, "slave%zu", i);
        creg_map_set_text(&arena, all, creg_slice_of(name), creg_value_map(node));
    }
    creg_map *root = creg_map_new(&arena, 1);
    creg_map_set_text(&arena, root, creg_slice_of("nodes"), creg_value_map(all));
    return creg_value_map(root);
}

static double milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void test_tree__large_trees_round_trip(void **state)
{
    (void)state;
    creg_value tree = large_tree(201);
    double begin = milliseconds();
    creg_pairs pairs = flatten(tree, "instances/jlopez/cdh/5.7.0/1");
    double flat = milliseconds();
    creg_value back;
    assert_int_equal(creg_tree_build(&pairs, creg_slice_of("instances/jlopez/cdh/5.7.0/1"),
                                     &arena, &back, &err),
                     CREG_OK);
    double built = milliseconds();
    char digest[CREG_TREE_DIGEST_SIZE];
    creg_tree_digest(&pairs, 0, digest);
    double hashed = milliseconds();
    print_message("%zu keys: flatten %.2f ms, build %.2f ms, digest %.2f ms\n", pairs.size,
                  flat - begin, built - flat, hashed - built);
    assert_int_equal(pairs.size, 201 * 71);
    assert_true(creg_value_equal(tree, back));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_tree__maps_nest_and_lists_become_keys),
        TEST(test_tree__values_are_stored_as_written),
        TEST(test_tree__numbers_of_any_kind_print_as_python),
        TEST(test_tree__empty_containers_store_nothing),
        TEST(test_tree__repeated_elements_are_stored_once),
        TEST(test_tree__a_slash_is_data),
        TEST(test_tree__pairs_are_sorted_by_key_bytes),
        TEST(test_tree__siblings_that_share_a_prefix_stay_apart),
        TEST(test_tree__types_without_text_are_refused),
        TEST(test_tree__lists_do_not_nest),
        TEST(test_tree__names_are_refused_at_the_door),
        TEST(test_tree__the_root_must_be_a_map),
        TEST(test_tree__keys_of_one_text_are_refused),
        TEST(test_tree__long_keys_and_values_are_refused),
        TEST(test_tree__a_tree_that_contains_itself_ends),
        TEST(test_tree__order_is_natural),
        TEST(test_tree__only_leaves_with_empty_values_make_a_list),
        TEST(test_tree__the_root_is_always_a_map),
        TEST(test_tree__segments_are_decoded),
        TEST(test_tree__a_listing_cut_at_a_depth_shows_maps),
        TEST(test_tree__a_value_with_children_keeps_both),
        TEST(test_tree__pairs_round_trip_exactly),
        TEST(test_tree__digest_does_not_depend_on_the_dn),
        TEST(test_tree__digest_is_the_same_for_ever),
        TEST(test_tree__where_a_value_ends_changes_the_digest),
        TEST(test_tree__large_trees_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
