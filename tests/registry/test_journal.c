/* SPDX-License-Identifier: MIT */
/*
 * Changes that one transaction of the store does not hold: the same promise as for small ones.
 *
 * `transaction_operations` makes any store one that takes few operations at once. What a
 * writer leaves who dies on the way is written by hand here.
 */
#include "suite.h"
/* A registry on the same store that takes a dozen operations at a time. */
static creg_registry *open_small(void)
{
    return suite_open_other("transaction_operations=12");
}

static void test_journal__large_set_is_whole(void **state)
{
    (void)state;
    given_web();
    creg_slice dn = given_instance("ann", "web", "1.0");
    creg_registry *small = open_small();
    creg_property many[100];
    for (int i = 0; i < 100; i++) {
        char *path = creg_arena_alloc(&arena, 32);
        snprintf(path, 32, "bulk/k%03d", i);
        many[i] = (creg_property){S(path), {"v\0\xff", 3}};
    }
    ok(creg_set(small, dn, many, 100, NULL, &err));
    creg_value tree;
    ok(creg_tree(registry, below(dn, "bulk"), 0, &arena, &tree, &err));
    assert_int_equal(100, tree.as.map->size);
    creg_slice value;
    ok(creg_get(small, dn, S("bulk/k099"), &arena, &value, NULL, &err));
    assert_int_equal(3, value.size);
    assert_int_equal(0, keys_below("_confreg/v1/i"));
    creg_close(small);
}

static void test_journal__checks_hold_for_large_sets(void **state)
{
    (void)state;
    given_web();
    creg_slice dn = given_instance("ann", "web", "1.0");
    creg_registry *small = open_small();
    creg_property many[40];
    for (int i = 0; i < 39; i++) {
        char *path = creg_arena_alloc(&arena, 32);
        snprintf(path, 32, "bulk/k%03d", i);
        many[i] = (creg_property){S(path), S("v")};
    }
    many[39] = (creg_property){S("nodes/slave1"), S("a value where a tree is")};
    const char *before = dump();
    expect(CREG_INVALID_NAME, creg_set(small, dn, many, 40, NULL, &err));
    many[39] = (creg_property){S("status/below"), S("below a property")};
    expect(CREG_INVALID_NAME, creg_set(small, dn, many, 40, NULL, &err));
    creg_version absent = {0};
    many[39] = (creg_property){S("last"), S("1")};
    many[0].path = S("status");
    expect(CREG_CONFLICT, creg_set(small, dn, many, 40, &absent, &err));
    expect(CREG_NOT_FOUND, creg_set(small, S("ann/web/1.0/7"), many, 40, NULL, &err));
    assert_string_equal(before, dump());
    creg_close(small);
}

static void test_journal__large_copy_is_the_copy_in_one_transaction(void **state)
{
    (void)state;
    given_web();
    creg_slice dn = given_instance("ann", "web", "1.0");
    creg_registry *small = suite_open_other("transaction_operations=8");
    creg_copy_options options = {.membership = true};
    size_t at_once, in_pieces;
    ok(creg_copy(registry, below(dn, "nodes/slave1"), below(dn, "nodes/one"), &options,
                 &at_once, &err));
    ok(creg_copy(small, below(dn, "nodes/slave1"), below(dn, "nodes/two"), &options, &in_pieces,
                 &err));
    assert_int_equal(at_once, in_pieces);
    const char *one = tree_of(below(dn, "nodes/one"));
    const char *two = tree_of(below(dn, "nodes/two"));
    assert_int_equal(strlen(one), strlen(two));
    expect(CREG_EXISTS, creg_copy(small, below(dn, "nodes/slave1"), below(dn, "nodes/two"),
                                  &options, NULL, &err));
    assert_string_equal("_", property_of(dn, "nodes/two/status"));
    creg_close(small);
}

/* What a writer leaves who dies right after his change has happened. */
static const char left_journal[] =
    "{\"f\":1,\"r\":\"r9\",\"op\":\"change\",\"n\":4,\"s\":\"active\",\"o\":["
    "[\"p\",\"instances/ann/web/1.0/1/status\",\"new=20text\"],"
    "[\"p\",\"instances/ann/web/1.0/1/nodes/slave2/status\",\"_\"],"
    "[\"d\",\"instances/ann/web/1.0/1/nodes/slave10/ports\",\"\"],"
    "[\"t\",\"instances/ann/web/1.0/1/nodes/slave1\",\"\"]]}";

static void test_journal__readers_see_what_has_happened(void **state)
{
    (void)state;
    given_web();
    creg_slice dn = given_instance("ann", "web", "1.0");
    creg_registry *usual = registry;
    put_raw("_confreg/v1/i/ann,web,1.0,1", left_journal);
    registry = open_small();
    assert_string_equal("new text", property_of(dn, "status"));
    assert_string_equal("(NOT_FOUND)", property_of(dn, "nodes/slave10/ports"));
    assert_string_equal("(NOT_FOUND)", property_of(dn, "nodes/slave1/name"));
    creg_names nodes;
    ok(creg_parts(registry, dn, CREG_PART_NODES, &arena, &nodes, &err));
    assert_string_equal("instances/ann/web/1.0/1/nodes/slave2 "
                        "instances/ann/web/1.0/1/nodes/slave10",
                        names_of(nodes));
    creg_instance instance;
    ok(creg_instance_get(registry, dn, &arena, &instance, &err));
    expect_text("new text", instance.status);
    const char *seen = tree_of(dn);
    assert_int_equal(1, keys_below("_confreg/v1/i")); /* readers write nothing */
    creg_report report;
    ok(creg_sweep(registry, &arena, &report, &err));
    assert_int_equal(1, report.changed);
    assert_int_equal(0, keys_below("_confreg/v1/i"));
    assert_string_equal(seen, tree_of(dn));
    creg_close(registry);
    registry = usual;
    assert_string_equal(seen, tree_of(dn));
}

/* Lists and watches show it, too, and nothing of its pieces. */
static void test_journal__lists_and_watches_see_what_has_happened(void **state)
{
    (void)state;
    given_web();
    creg_slice dn = given_instance("ann", "web", "1.0");
    creg_registry *usual = registry;
    put_raw("_confreg/v1/i/ann,web,1.0,1", left_journal);
    registry = open_small();
    creg_slice any = {NULL, 0};
    creg_instances listed;
    ok(creg_instance_list(registry, S("ann"), any, any, &arena, &listed, &err));
    assert_int_equal(1, listed.size);
    expect_text("new text", listed.items[0].status);

    creg_watch_options options = {.scope = CREG_WATCH_DN, .with_snapshot = true};
    creg_watch *watch = NULL;
    ok(creg_watch_open(registry, dn, &options, &watch, &err));
    creg_event event = {0};
    bool has_status = false;
    do {
        ok(creg_watch_next(watch, 5000, &arena, &event, &err));
        bool is_value = event.kind == CREG_EVENT_SNAPSHOT;
        has_status = has_status || (is_value && creg_slice_equal(event.path, S("status")) &&
                                    creg_slice_equal(event.value, S("new text")));
        assert_false(is_value && creg_slice_equal(event.path, S("nodes/slave1/name")));
    } while (event.kind != CREG_EVENT_SNAPSHOT_END);
    assert_true(has_status);
    /* Carrying it out changes nothing that was not told. */
    creg_report report;
    ok(creg_sweep(registry, &arena, &report, &err));
    assert_int_equal(CREG_TIMEOUT, creg_watch_next(watch, 700, &arena, &event, &err));
    creg_watch_close(watch);
    creg_close(registry);
    registry = usual;
}

/*
 * The journal is a book, and no watch of an instance waits for books: the first piece is what
 * wakes it. Of a writer who died before that it hears when it looks again by itself.
 */
static void test_journal__a_watch_hears_of_it_without_its_writer(void **state)
{
    (void)state;
    given_web();
    creg_slice dn = given_instance("ann", "web", "1.0");
    creg_registry *usual = registry;
    registry = open_small();
    creg_watch_options options = {.scope = CREG_WATCH_DN};
    creg_watch *watch = NULL;
    ok(creg_watch_open(registry, dn, &options, &watch, &err));
    creg_event event = {0};
    assert_int_equal(CREG_TIMEOUT, creg_watch_next(watch, 100, &arena, &event, &err));
    put_raw("_confreg/v1/i/ann,web,1.0,1", left_journal);
    bool has_status = false;
    do {
        ok(creg_watch_next(watch, 20000, &arena, &event, &err));
        has_status = has_status || (event.kind == CREG_EVENT_PUT &&
                                    creg_slice_equal(event.path, S("status")) &&
                                    creg_slice_equal(event.value, S("new text")));
    } while (event.more);
    assert_true(has_status);
    creg_watch_close(watch);
    creg_close(registry);
    registry = usual;
}

static void test_journal__next_writer_carries_it_out(void **state)
{
    (void)state;
    given_web();
    creg_slice dn = given_instance("ann", "web", "1.0");
    creg_registry *usual = registry;
    registry = open_small();
    put_raw("_confreg/v1/i/ann,web,1.0,1", left_journal);
    creg_property mine = {S("status"), S("mine")};
    ok(creg_set(registry, dn, &mine, 1, NULL, &err));
    assert_string_equal("mine", property_of(dn, "status")); /* later than the journal's */
    assert_string_equal("(NOT_FOUND)", property_of(dn, "nodes/slave1/name"));
    put_raw("_confreg/v1/i/ann,web,1.0,1", left_journal);
    ok(creg_compare_and_set(registry, dn, S("status"), S("new text"), S("swapped"), &err));
    assert_string_equal("swapped", property_of(dn, "status"));
    assert_int_equal(0, keys_below("_confreg/v1/i"));
    put_raw("_confreg/v1/i/ann,web,1.0,1", left_journal);
    ok(creg_unset(registry, dn, S("nodes"), true, &err));
    assert_string_equal("(NOT_FOUND)", property_of(dn, "nodes/slave2/status"));
    put_raw("_confreg/v1/i/ann,web,1.0,1", left_journal);
    ok(creg_deinstantiate(registry, dn, &err));
    assert_int_equal(0, keys_below("_confreg/v1/i"));
    assert_int_equal(0, keys_below("instances"));
    creg_close(registry);
    registry = usual;
}

static void test_journal__that_never_happened_is_given_up(void **state)
{
    (void)state;
    given_web();
    creg_slice dn = given_instance("ann", "web", "1.0");
    creg_registry *small = open_small();
    put_raw("_confreg/v1/i/ann,web,1.0,1",
            "{\"f\":1,\"r\":\"r9\",\"op\":\"change\",\"n\":0,\"s\":\"open\"}");
    creg_property mine = {S("status"), S("mine")};
    ok(creg_set(small, dn, &mine, 1, NULL, &err));
    assert_string_equal("mine", property_of(dn, "status"));
    assert_int_equal(0, keys_below("_confreg/v1/i"));
    creg_close(small);
}

static void test_journal__damaged_ones_are_told(void **state)
{
    (void)state;
    static const char *const damaged[] = {
        "",
        ",\"o\":{}",
        ",\"o\":[1]",
        ",\"o\":[[]]",
        ",\"o\":[[\"p\"]]",
        ",\"o\":[[\"p\",1,\"\"]]",
        ",\"o\":[[\"p\",\"\",\"\"]]",
        ",\"o\":[[\"x\",\"k\",\"\"]]",
    };
    given_web();
    creg_slice dn = given_instance("ann", "web", "1.0");
    creg_registry *small = open_small();
    creg_property mine = {S("status"), S("mine")};
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        char text[160];
        snprintf(text, sizeof text,
                 "{\"f\":1,\"r\":\"r9\",\"op\":\"change\",\"n\":1,\"s\":\"active\"%s}",
                 damaged[i]);
        put_raw("_confreg/v1/i/ann,web,1.0,1", text);
        expect(CREG_DAMAGED, creg_set(small, dn, &mine, 1, NULL, &err));
        creg_value tree;
        expect(CREG_DAMAGED, creg_tree(small, dn, 0, &arena, &tree, &err));
    }
    creg_close(small);
}

/* With visibility=all nobody else's intent may be in the way, and one's own journal is one. */
static void test_journal__large_set_of_an_unrecorded_instance(void **state)
{
    (void)state;
    put_raw("instances/ann/web/1.0/7/status", "running");
    creg_registry *all = suite_open_other("transaction_operations=12&visibility=all");
    creg_property many[30];
    for (int i = 0; i < 30; i++) {
        char *path = creg_arena_alloc(&arena, 32);
        snprintf(path, 32, "bulk/k%03d", i);
        many[i] = (creg_property){S(path), S("v")};
    }
    creg_slice dn = S("ann/web/1.0/7");
    ok(creg_set(all, dn, many, 30, NULL, &err));
    creg_slice value;
    ok(creg_get(all, dn, S("bulk/k029"), &arena, &value, NULL, &err));
    assert_int_equal(31, keys_below("instances/ann/web/1.0/7"));
    assert_int_equal(0, keys_below("_confreg/v1/i"));
    creg_close(all);
}

int main(void)
{
    static const struct CMUnitTest journals[] = {
        TEST(test_journal__large_set_is_whole),
        TEST(test_journal__checks_hold_for_large_sets),
        TEST(test_journal__large_copy_is_the_copy_in_one_transaction),
        TEST(test_journal__readers_see_what_has_happened),
        TEST(test_journal__lists_and_watches_see_what_has_happened),
        TEST(test_journal__a_watch_hears_of_it_without_its_writer),
        TEST(test_journal__next_writer_carries_it_out),
        TEST(test_journal__that_never_happened_is_given_up),
        TEST(test_journal__damaged_ones_are_told),
        TEST(test_journal__large_set_of_an_unrecorded_instance),
    };
    return SUITE_RUN(journals);
}
