/* SPDX-License-Identifier: MIT */
/*
 * Properties and parts: read, change, compare and set, increment, remove, trees.
 */
#include "suite.h"

static creg_slice dn; /* of one instance of "web" */

static int open_web(void **state)
{
    int failed = suite_open(state);
    given_web();
    dn = given_instance("ann", "web", "1.0");
    return failed;
}

#define WEB(function) cmocka_unit_test_setup_teardown(function, open_web, suite_close)

static creg_status set(const char *path, const char *value)
{
    creg_property property = {S(path), S(value)};
    return creg_set(registry, dn, &property, 1, NULL, &err);
}

/* ---- reading ------------------------------------------------------------------------------- */

static void test_get__property(void **state)
{
    (void)state;
    assert_string_equal("2", property_of(dn, "nodes/slave1/cpu"));
    assert_string_equal("2", property_of(below(dn, "nodes/slave1"), "cpu"));
    assert_string_equal("2", property_of(below(dn, "nodes/slave1/cpu"), ""));
    assert_string_equal("", property_of(dn, "services/http/nodes/slave1"));
    assert_string_equal("64", property_of(below(dn, "services/http"), "dfs.blocksize"));
}

static void test_get__absent_property_says_so(void **state)
{
    (void)state;
    assert_string_equal("(NOT_FOUND)", property_of(dn, "nodes/slave1/cqu"));
    expect_said("did you mean 'cpu'");
    assert_string_equal("(NOT_FOUND)", property_of(dn, "nodes/slave1"));
    expect_said("collection");
    assert_string_equal("(NOT_FOUND)", property_of(dn, "nodes/slave"));
    expect_said("slave1");
    assert_string_equal("(NOT_FOUND)", property_of(S("ann/web/1.0/2"), "status"));
    expect_said("no instance");
    assert_string_equal("(NOT_FOUND)", property_of(dn, "nodes/slave1/cpu/x"));
}

static void test_get__bad_paths_are_refused(void **state)
{
    (void)state;
    static const char *const paths[] = {"/",   "a//b", "../x",    "nodes/..",
                                        "a b", "x=",   "/status", "status/"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_string_equal("(INVALID_NAME)", property_of(dn, paths[i]));
        expect(CREG_INVALID_NAME, set(paths[i], "x"));
        expect(CREG_INVALID_NAME, creg_unset(registry, dn, S(paths[i]), false, &err));
    }
}

/* Instances of the first access and of later ones are gone at once when they are removed. */
static void test_get__of_a_removed_instance(void **state)
{
    (void)state;
    creg_registry *other = suite_open_other("");
    assert_string_equal("registered", property_of(dn, "status"));
    ok(creg_deinstantiate(other, dn, &err));
    assert_string_equal("(NOT_FOUND)", property_of(dn, "status"));
    expect_said("no instance");
    creg_close(other);
}

static void test_get__version_changes_with_the_value(void **state)
{
    (void)state;
    creg_slice value;
    creg_version first, second;
    ok(creg_get(registry, dn, S("status"), &arena, &value, &first, &err));
    assert_true(first.present);
    ok(set("status", "running"));
    ok(creg_get(registry, dn, S("status"), &arena, &value, &second, &err));
    assert_true(first.major != second.major || first.minor != second.minor);
}

/* B8 */
static void test_get_list__reads_both_forms(void **state)
{
    (void)state;
    creg_names items;
    ok(creg_get_list(registry, dn, S("nodes/slave1/tags"), &arena, &items, &err));
    assert_string_equal("a b", names_of(items));
    ok(creg_get_list(registry, dn, S("nodes/slave10/ports"), &arena, &items, &err));
    assert_string_equal("80 443", names_of(items));
    ok(set("nodes/slave10/ports", ""));
    ok(creg_get_list(registry, dn, S("nodes/slave10/ports"), &arena, &items, &err));
    assert_int_equal(0, items.size);
    expect(CREG_NOT_FOUND,
           creg_get_list(registry, dn, S("nodes/slave10/tags"), &arena, &items, &err));
}

/* ---- parts ------------------------------------------------------------------------------------ */

static const char *parts(creg_slice owner, creg_part part)
{
    creg_names names;
    ok(creg_parts(registry, owner, part, &arena, &names, &err));
    for (size_t i = 0; i < names.size; i++) { /* show what lies below the instance */
        names.items[i].data += dn.size + 1;
        names.items[i].size -= dn.size + 1;
    }
    return names_of(names);
}

static void test_parts__of_each_kind(void **state)
{
    (void)state;
    creg_slice node = below(dn, "nodes/slave1");
    creg_slice service = below(dn, "services/http");
    assert_string_equal("nodes/slave1 nodes/slave10", parts(dn, CREG_PART_NODES));
    assert_string_equal("services/http", parts(dn, CREG_PART_SERVICES));
    assert_string_equal("nodes/slave1/disks/disk1", parts(node, CREG_PART_DISKS));
    assert_string_equal("nodes/slave1/networks/eth0", parts(node, CREG_PART_NETWORKS));
    assert_string_equal("services/http", parts(node, CREG_PART_SERVICES));
    assert_string_equal("nodes/slave1 nodes/slave10", parts(service, CREG_PART_NODES));
    assert_string_equal("", parts(below(dn, "nodes/slave10"), CREG_PART_DISKS));
}

static void test_parts__wrong_owners_are_refused(void **state)
{
    (void)state;
    creg_names names;
    expect(CREG_INVALID_NAME, creg_parts(registry, dn, CREG_PART_DISKS, &arena, &names, &err));
    expect(CREG_INVALID_NAME, creg_parts(registry, below(dn, "nodes/slave1"), CREG_PART_NODES,
                                         &arena, &names, &err));
    expect(CREG_INVALID_NAME, creg_parts(registry, below(dn, "services/http"), CREG_PART_DISKS,
                                         &arena, &names, &err));
    expect(CREG_INVALID_NAME, creg_parts(registry, below(dn, "nodes/slave1/disks/disk1"),
                                         CREG_PART_DISKS, &arena, &names, &err));
    expect(CREG_NOT_FOUND, creg_parts(registry, below(dn, "nodes/slave2"), CREG_PART_DISKS,
                                      &arena, &names, &err));
    expect_said("slave1");
    expect(CREG_NOT_FOUND,
           creg_parts(registry, S("ann/web/1.0/7"), CREG_PART_NODES, &arena, &names, &err));
}

/* B5, B6: neighbours that share a prefix, and a scalar where a collection could be */
static void test_parts__are_not_disturbed_by_neighbours(void **state)
{
    (void)state;
    ok(set("nodes_total", "2"));
    ok(set("nodes-x/a/b", "2"));
    ok(set("nodes/slave1/networks_mode", "x"));
    ok(set("nodes/slave10/disks", "2"));
    ok(set("nodes/count", "2"));
    creg_slice node = below(dn, "nodes/slave1");
    assert_string_equal("nodes/slave1 nodes/slave10", parts(dn, CREG_PART_NODES));
    assert_string_equal("nodes/slave1/disks/disk1", parts(node, CREG_PART_DISKS));
    assert_string_equal("nodes/slave1/networks/eth0", parts(node, CREG_PART_NETWORKS));
    assert_string_equal("", parts(below(dn, "nodes/slave10"), CREG_PART_DISKS));
    assert_string_equal("2", property_of(dn, "nodes/slave10/disks"));
}

static void test_parts__are_in_natural_order(void **state)
{
    (void)state;
    for (int i = 2; i < 10; i++) {
        char path[64];
        snprintf(path, sizeof path, "nodes/slave%d/cpu", i);
        ok(set(path, "1"));
        snprintf(path, sizeof path, "nodes/slave1/networks/eth%d/address", i + 1);
        ok(set(path, "x"));
    }
    assert_string_equal("nodes/slave1 nodes/slave2 nodes/slave3 nodes/slave4 nodes/slave5 "
                        "nodes/slave6 nodes/slave7 nodes/slave8 nodes/slave9 nodes/slave10",
                        parts(dn, CREG_PART_NODES));
    assert_non_null(strstr(parts(below(dn, "nodes/slave1"), CREG_PART_NETWORKS),
                           "eth9 nodes/slave1/networks/eth10"));
}

static void test_instance_of__any_part(void **state)
{
    (void)state;
    creg_slice of;
    ok(creg_instance_of(registry, S("ann/web/1.0/1/nodes/slave1/disks/d"), &arena, &of, &err));
    expect_text("instances/ann/web/1.0/1", of);
    ok(creg_instance_of(registry, dn, &arena, &of, &err));
    expect_text("instances/ann/web/1.0/1", of);
    expect(CREG_INVALID_NAME, creg_instance_of(registry, S("ann/web"), &arena, &of, &err));
}

/* ---- setting ------------------------------------------------------------------------------------ */

static void test_set__several_at_once(void **state)
{
    (void)state;
    creg_property properties[] = {
        {S("status"), S("running")},
        {S("nodes/slave1/host"), S("c13-1")},
        {S("nodes/slave1/new/er/property"), S("x")},
        {S("empty"), S("")},
    };
    ok(creg_set(registry, dn, properties, 4, NULL, &err));
    assert_string_equal("running", property_of(dn, "status"));
    assert_string_equal("c13-1", property_of(dn, "nodes/slave1/host"));
    assert_string_equal("x", property_of(dn, "nodes/slave1/new/er/property"));
    assert_string_equal("", property_of(dn, "empty"));
    ok(creg_set(registry, dn, NULL, 0, NULL, &err));
}

static void test_set__all_or_nothing(void **state)
{
    (void)state;
    const char *before = dump();
    creg_property properties[] = {{S("status"), S("running")}, {S("nodes"), S("x")}};
    expect(CREG_INVALID_NAME, creg_set(registry, dn, properties, 2, NULL, &err));
    assert_string_equal(before, dump());
}

static void test_set__keeps_the_tree_a_tree(void **state)
{
    (void)state;
    const char *before = dump();
    static const char *const paths[] = {"nodes", "nodes/slave1", "services/http/nodes",
                                        "status/x", "nodes/slave1/cpu/a/b"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        expect(CREG_INVALID_NAME, set(paths[i], "x"));
    creg_property both[] = {{S("a"), S("1")}, {S("a-b"), S("1")}, {S("a/b"), S("2")}};
    expect(CREG_INVALID_NAME, creg_set(registry, dn, both, 3, NULL, &err));
    creg_property twice[] = {{S("a"), S("1")}, {S("a"), S("2")}};
    expect(CREG_INVALID, creg_set(registry, dn, twice, 2, NULL, &err));
    assert_string_equal(before, dump());
}

static void test_set__never_brings_an_instance_back(void **state)
{
    (void)state;
    assert_string_equal("registered", property_of(dn, "status"));
    ok(set("status", "running")); /* the handle knows the instance, and that it was edited */
    creg_registry *other = suite_open_other("");
    ok(creg_deinstantiate(other, dn, &err));
    creg_close(other);
    const char *before = dump();
    int64_t value;
    expect(CREG_NOT_FOUND, set("status", "running"));
    expect(CREG_NOT_FOUND, creg_increment(registry, dn, S("step"), 1, &value, &err));
    expect(CREG_NOT_FOUND, creg_unset(registry, dn, S("status"), false, &err));
    expect(CREG_NOT_FOUND,
           creg_compare_and_set(registry, dn, S("a"), (creg_slice){NULL, 0}, S("x"), &err));
    assert_string_equal(before, dump());
}

static void test_set__under_an_expected_version(void **state)
{
    (void)state;
    creg_slice value;
    creg_version version;
    ok(creg_get(registry, dn, S("status"), &arena, &value, &version, &err));
    /* the first property's version counts, wherever it lies in the order of keys */
    creg_property mine[] = {{S("status"), S("mine")}, {S("a"), S("1")}};
    ok(creg_set(registry, dn, mine, 2, &version, &err));
    creg_property late = {S("status"), S("late")};
    expect(CREG_CONFLICT, creg_set(registry, dn, &late, 1, &version, &err));
    assert_string_equal("mine", property_of(dn, "status"));
    creg_version absent = {0};
    creg_property fresh = {S("fresh"), S("1")};
    ok(creg_set(registry, dn, &fresh, 1, &absent, &err));
    expect(CREG_CONFLICT, creg_set(registry, dn, &fresh, 1, &absent, &err));
}

static void test_set__large_and_odd_values(void **state)
{
    (void)state;
    /* What each store takes beside the conditions: Consul's requests are base64. */
    enum { LARGE = 370000 };
    char *large = creg_arena_calloc(&arena, 1, LARGE + 1);
    memset(large, 'x', LARGE);
    ok(set("stdout", large));
    assert_string_equal(large, property_of(dn, "stdout"));
    creg_property odd = {S("odd"), {"a\0b\xff\n", 5}};
    ok(creg_set(registry, dn, &odd, 1, NULL, &err));
    creg_slice value;
    ok(creg_get(registry, dn, S("odd"), &arena, &value, NULL, &err));
    assert_int_equal(5, value.size);
    assert_memory_equal("a\0b\xff\n", value.data, 5);
}

/* ---- compare and set, increment --------------------------------------------------------------------- */

static void test_compare_and_set__only_from_the_old_value(void **state)
{
    (void)state;
    const creg_slice absent = {NULL, 0};
    ok(creg_compare_and_set(registry, dn, S("status"), S("registered"), S("queued"), &err));
    expect(CREG_CONFLICT,
           creg_compare_and_set(registry, dn, S("status"), S("registered"), S("x"), &err));
    expect_said("queued");
    expect(CREG_CONFLICT,
           creg_compare_and_set(registry, dn, S("status"), absent, S("x"), &err));
    expect(CREG_CONFLICT, creg_compare_and_set(registry, dn, S("none"), S("a"), S("x"), &err));
    ok(creg_compare_and_set(registry, dn, S("none"), absent, S("x"), &err));
    assert_string_equal("queued", property_of(dn, "status"));
    assert_string_equal("x", property_of(dn, "none"));
    ok(creg_compare_and_set(registry, dn, S("none"), S("x"), S(""), &err));
    ok(creg_compare_and_set(registry, dn, S("none"), S(""), S("y"), &err));
    expect(CREG_NOT_FOUND,
           creg_compare_and_set(registry, S("ann/web/1.0/9"), S("a"), S("b"), S("c"), &err));
    expect(CREG_INVALID_NAME,
           creg_compare_and_set(registry, dn, S("nodes"), absent, S("c"), &err));
}

static void test_increment__counts(void **state)
{
    (void)state;
    int64_t value = 0;
    ok(creg_increment(registry, dn, S("step"), 1, &value, &err));
    assert_int_equal(1, value);
    ok(creg_increment(registry, dn, S("fresh"), -5, &value, &err));
    assert_int_equal(-5, value);
    assert_string_equal("-5", property_of(dn, "fresh"));
    ok(creg_increment(registry, dn, S("fresh"), 5, NULL, &err));
    assert_string_equal("0", property_of(dn, "fresh"));
}

static void test_increment__refuses_what_is_no_integer(void **state)
{
    (void)state;
    static const char *const values[] = {"",
                                         "x",
                                         "1.5",
                                         "1 ",
                                         "-",
                                         "0x10",
                                         "9223372036854775807",
                                         "9223372036854775808",
                                         "99999999999999999999999"};
    int64_t value;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        ok(set("n", values[i]));
        expect(CREG_INVALID, creg_increment(registry, dn, S("n"), 1, &value, &err));
        assert_string_equal(values[i], property_of(dn, "n"));
    }
    ok(set("n", "-9223372036854775808"));
    expect(CREG_INVALID, creg_increment(registry, dn, S("n"), -1, &value, &err));
    ok(creg_increment(registry, dn, S("n"), 1, &value, &err));
    assert_true(value == INT64_MIN + 1);
    expect(CREG_INVALID_NAME, creg_increment(registry, dn, S("nodes"), 1, &value, &err));
}

/* ---- removing ------------------------------------------------------------------------------------------- */

static void test_unset__property(void **state)
{
    (void)state;
    ok(creg_unset(registry, dn, S("nodes/slave1/cpu"), false, &err));
    assert_string_equal("(NOT_FOUND)", property_of(dn, "nodes/slave1/cpu"));
    assert_int_equal(WEB_KEYS - 1, keys_below(dn.data));
    expect(CREG_NOT_FOUND, creg_unset(registry, dn, S("nodes/slave1/cpu"), false, &err));
}

static void test_unset__tree_only_when_asked(void **state)
{
    (void)state;
    expect(CREG_NOT_FOUND, creg_unset(registry, dn, S("nodes/slave1"), false, &err));
    expect_said("collection");
    assert_int_equal(WEB_KEYS, keys_below(dn.data));
    ok(creg_unset(registry, dn, S("nodes/slave1"), true, &err));
    assert_string_equal("nodes/slave10", parts(dn, CREG_PART_NODES));
    assert_string_equal("slave10", property_of(dn, "nodes/slave10/name"));
    expect(CREG_NOT_FOUND, creg_unset(registry, dn, S("nodes/slave1"), true, &err));
}

static void test_unset__not_a_whole_instance(void **state)
{
    (void)state;
    expect(CREG_INVALID_NAME, creg_unset(registry, dn, S(""), true, &err));
    expect(CREG_NOT_FOUND, creg_unset(registry, S("ann/web/1.0/9"), S("a"), true, &err));
    assert_int_equal(WEB_KEYS, keys_below(dn.data));
}

/* ---- trees ------------------------------------------------------------------------------------------------ */

static void test_tree__of_parts_and_properties(void **state)
{
    (void)state;
    assert_string_equal(
        "{\"name\": \"slave10\", \"ports\": \"80, 443\", \"services\": [\"http\"], "
        "\"status\": \"_\"}",
        tree_of(below(dn, "nodes/slave10")));
    assert_string_equal("\"slave10\"", tree_of(below(dn, "nodes/slave10/name")));
    creg_value tree;
    expect(CREG_NOT_FOUND,
           creg_tree(registry, below(dn, "nodes/slave2"), 0, &arena, &tree, &err));
}

static void test_tree__cut_at_a_depth(void **state)
{
    (void)state;
    creg_value tree;
    creg_slice text;
    ok(creg_tree(registry, dn, 1, &arena, &tree, &err));
    ok(creg_json_print(tree, NULL, &arena, &text, &err));
    expect_text(
        "{\"nodes\": {}, \"services\": {}, \"status\": \"registered\", \"step\": \"0\"}", text);
}

static void test_tree__of_an_instance_without_keys(void **state)
{
    (void)state;
    given_template("empty", "1", "{}", "");
    creg_slice empty = given_instance("ann", "empty", "1");
    assert_string_equal("{}", tree_of(empty));
    creg_names names;
    ok(creg_parts(registry, empty, CREG_PART_NODES, &arena, &names, &err));
    assert_int_equal(0, names.size);
}

static void test_tree__names_that_need_escapes(void **state)
{
    (void)state;
    given_template("odd", "1",
                   "{\"a/b\": 1, \"a\": {\"b\": 2}, \"c d\": [\"/data/1\", \"x=y\"]}", "");
    creg_slice odd = given_instance("ann", "odd", "1");
    assert_string_equal(
        "{\"a\": {\"b\": \"2\"}, \"a/b\": \"1\", \"c d\": [\"/data/1\", \"x=y\"]}",
        tree_of(odd));
    assert_string_equal("1", property_of(odd, "a=2Fb"));
    creg_names items;
    ok(creg_get_list(registry, odd, S("c=20d"), &arena, &items, &err));
    assert_string_equal("/data/1 x=y", names_of(items));
}

int main(void)
{
    static const struct CMUnitTest properties[] = {
        WEB(test_get__property),
        WEB(test_get__absent_property_says_so),
        WEB(test_get__bad_paths_are_refused),
        WEB(test_get__of_a_removed_instance),
        WEB(test_get__version_changes_with_the_value),
        WEB(test_get_list__reads_both_forms),
        WEB(test_parts__of_each_kind),
        WEB(test_parts__wrong_owners_are_refused),
        WEB(test_parts__are_not_disturbed_by_neighbours),
        WEB(test_parts__are_in_natural_order),
        WEB(test_instance_of__any_part),
        WEB(test_set__several_at_once),
        WEB(test_set__all_or_nothing),
        WEB(test_set__keeps_the_tree_a_tree),
        WEB(test_set__never_brings_an_instance_back),
        WEB(test_set__under_an_expected_version),
        WEB(test_set__large_and_odd_values),
        WEB(test_compare_and_set__only_from_the_old_value),
        WEB(test_increment__counts),
        WEB(test_increment__refuses_what_is_no_integer),
        WEB(test_unset__property),
        WEB(test_unset__tree_only_when_asked),
        WEB(test_unset__not_a_whole_instance),
        WEB(test_tree__of_parts_and_properties),
        WEB(test_tree__cut_at_a_depth),
        WEB(test_tree__of_an_instance_without_keys),
        WEB(test_tree__names_that_need_escapes),
    };
    return SUITE_RUN(properties);
}
