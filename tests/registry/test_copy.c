/* SPDX-License-Identifier: MIT */
/*
 * Copies: what B33 gets wrong, and the refusals.
 */
#include "suite.h"

static creg_slice dn;

static int open_web(void **state)
{
    int failed = suite_open(state);
    given_web();
    dn = given_instance("ann", "web", "1.0");
    return failed;
}

#define WEB(function) cmocka_unit_test_setup_teardown(function, open_web, suite_close)

static creg_status copy(const char *from, const char *to, const creg_copy_options *options)
{
    return creg_copy(registry, below(dn, from), below(dn, to), options, NULL, &err);
}

static creg_status set(const char *path, const char *value)
{
    creg_property property = {S(path), S(value)};
    return creg_set(registry, dn, &property, 1, NULL, &err);
}

/* B33 */
static void test_copy__renames_exactly(void **state)
{
    (void)state;
    ok(set("nodes/slave1/peers/slave1", ""));
    ok(set("nodes/slave1/peers/slave10", ""));
    ok(set("nodes/slave1/note",
           "slave1x slave10 slave1 /slave10/slave1-data /slave1/x/slave1"));
    ok(set("nodes/slave1/own", "slave1"));
    ok(set("nodes/slave1/cpu", "7"));
    const char *ten = tree_of(below(dn, "nodes/slave10"));
    size_t count = 0;
    ok(creg_copy(registry, below(dn, "nodes/slave1"), below(dn, "nodes/slave2"), NULL, &count,
                 &err));
    assert_int_equal(15, count);
    assert_string_equal(
        "{\"clustername\": \"instances-ann-web-1.0-1\", \"cpu\": \"7\", \"disks\": {\"disk1\": "
        "{\"origin\": \"/data/instances-ann-web-1.0-1/slave2/disk1\"}}, \"disks_required\": "
        "\"2\", "
        "\"host\": \"_\", \"name\": \"slave2\", \"networks\": {\"eth0\": {\"address\": "
        "\"dynamic\"}}, "
        "\"note\": \"slave1x slave10 slave1 /slave10/slave1-data /slave2/x/slave2\", "
        "\"own\": \"slave2\", \"peers\": [\"slave2\", \"slave10\"], \"services\": [\"http\"], "
        "\"status\": \"_\", \"tags\": [\"a\", \"b\"]}",
        tree_of(below(dn, "nodes/slave2")));
    assert_string_equal(ten, tree_of(below(dn, "nodes/slave10")));
    assert_int_equal(0, keys_below("instances/ann/web/1.0/1/nodes/slave20"));
}

static void test_copy__resets_what_was_reported(void **state)
{
    (void)state;
    ok(set("nodes/slave1/status", "running"));
    ok(set("nodes/slave1/host", "c13-1"));
    ok(set("nodes/slave1/id", "f00"));
    ok(set("nodes/slave1/nspid", "123"));
    ok(set("nodes/slave1/progress", "50"));
    ok(set("nodes/slave1/networks/eth0/address", "10.0.0.5"));
    ok(set("nodes/slave1/conf/deep/status", "kept"));
    ok(copy("nodes/slave1", "nodes/slave2", NULL));
    creg_slice node = below(dn, "nodes/slave2");
    assert_string_equal("_", property_of(node, "status"));
    assert_string_equal("_", property_of(node, "host"));
    assert_string_equal("_", property_of(node, "id"));
    assert_string_equal("_", property_of(node, "nspid"));
    assert_string_equal("0", property_of(node, "progress"));
    assert_string_equal("dynamic", property_of(node, "networks/eth0/address"));
    assert_string_equal("kept", property_of(node, "conf/deep/status"));
    creg_copy_options options = {.keep_runtime = true};
    ok(copy("nodes/slave1", "nodes/slave3", &options));
    assert_string_equal("running", property_of(dn, "nodes/slave3/status"));
    assert_string_equal("10.0.0.5", property_of(dn, "nodes/slave3/networks/eth0/address"));
}

static void test_copy__joins_services_when_asked(void **state)
{
    (void)state;
    ok(set("services/dns/nodes/slave1", ""));
    ok(set("services/mail/nodes/slave10", ""));
    ok(copy("nodes/slave1", "nodes/slave2", NULL));
    assert_string_equal("(NOT_FOUND)", property_of(dn, "services/http/nodes/slave2"));
    creg_copy_options options = {.membership = true};
    ok(copy("nodes/slave1", "nodes/slave3", &options));
    assert_string_equal("", property_of(dn, "services/http/nodes/slave3"));
    assert_string_equal("", property_of(dn, "services/dns/nodes/slave3"));
    assert_string_equal("(NOT_FOUND)", property_of(dn, "services/mail/nodes/slave3"));
    assert_string_equal("(NOT_FOUND)", property_of(dn, "services/http/nodes/slave2"));
}

static void test_copy__across_instances(void **state)
{
    (void)state;
    creg_slice other = given_instance("bob", "web", "1.0");
    ok(set("nodes/slave1/at", "instances/ann/web/1.0/1/nodes/slave1"));
    ok(set("nodes/slave1/short", "ann/web/1.0/1/nodes/slave1"));
    ok(set("nodes/slave1/other", "instances/ann/web/1.0/10/nodes/slave1"));
    creg_copy_options options = {.membership = true};
    ok(creg_copy(registry, below(dn, "nodes/slave1"), below(other, "nodes/slave2"), &options,
                 NULL, &err));
    creg_slice node = below(other, "nodes/slave2");
    assert_string_equal("instances/bob/web/1.0/1/nodes/slave2", property_of(node, "at"));
    assert_string_equal("bob/web/1.0/1/nodes/slave2", property_of(node, "short"));
    assert_string_equal("instances/ann/web/1.0/10/nodes/slave2", property_of(node, "other"));
    assert_string_equal("instances-bob-web-1.0-1", property_of(node, "clustername"));
    assert_string_equal("/data/instances-bob-web-1.0-1/slave2/disk1",
                        property_of(node, "disks/disk1/origin"));
    assert_string_equal("", property_of(other, "services/http/nodes/slave2"));
    assert_string_equal("(NOT_FOUND)", property_of(dn, "services/http/nodes/slave2"));
}

static void test_copy__other_parts(void **state)
{
    (void)state;
    ok(copy("nodes/slave1/disks/disk1", "nodes/slave1/disks/disk2", NULL));
    assert_string_equal("/data/instances-ann-web-1.0-1/slave1/disk2",
                        property_of(dn, "nodes/slave1/disks/disk2/origin"));
    ok(copy("services/http", "services/https", NULL));
    assert_string_equal("https", property_of(dn, "services/https/name"));
    assert_string_equal("", property_of(dn, "services/https/nodes/slave10"));
    ok(copy("nodes/slave1/tags", "nodes/slave10/tags", NULL));
    ok(copy("nodes/slave1/cpu", "nodes/slave10/cpu", NULL));
    assert_string_equal("2", property_of(dn, "nodes/slave10/cpu"));
}

static void test_copy__refusals_leave_everything(void **state)
{
    (void)state;
    const char *before = dump();
    expect(CREG_EXISTS, copy("nodes/slave1", "nodes/slave10", NULL));
    expect(CREG_EXISTS, copy("nodes/slave1", "nodes/slave1", NULL));
    expect(CREG_EXISTS, copy("nodes/slave1/cpu", "nodes/slave1/name", NULL));
    expect(CREG_NOT_FOUND, copy("nodes/slave2", "nodes/slave3", NULL));
    expect(CREG_INVALID_NAME, copy("nodes/slave1", "services/slave1", NULL));
    expect(CREG_INVALID_NAME, copy("nodes/slave1/disks/disk1", "nodes/slave2", NULL));
    expect(CREG_INVALID_NAME, copy("nodes/slave1/tags", "nodes/slave1/tags/x", NULL));
    expect(CREG_INVALID_NAME, creg_copy(registry, dn, S("ann/web/1.0/2"), NULL, NULL, &err));
    expect(CREG_NOT_FOUND, creg_copy(registry, below(dn, "nodes/slave1"),
                                     S("ann/web/1.0/2/nodes/slave1"), NULL, NULL, &err));
    expect(CREG_NOT_FOUND, creg_copy(registry, S("ann/web/1.0/2/nodes/slave1"),
                                     below(dn, "nodes/slave2"), NULL, NULL, &err));
    assert_string_equal(before, dump());
}

static void test_copy__below_a_property_is_refused(void **state)
{
    (void)state;
    ok(set("nodes/slave10/disks", "2"));
    const char *before = dump();
    expect(CREG_CONFLICT, copy("nodes/slave1/disks/disk1", "nodes/slave10/disks/disk1", NULL));
    assert_string_equal(before, dump());
}

static void test_copy__dry_run_counts_and_writes_nothing(void **state)
{
    (void)state;
    const char *before = dump();
    creg_copy_options options = {.dry_run = true, .membership = true};
    size_t planned = 0, done = 0;
    ok(creg_copy(registry, below(dn, "nodes/slave1"), below(dn, "nodes/slave2"), &options,
                 &planned, &err));
    assert_string_equal(before, dump());
    options.dry_run = false;
    ok(creg_copy(registry, below(dn, "nodes/slave1"), below(dn, "nodes/slave2"), &options,
                 &done, &err));
    assert_int_equal(planned, done);
    assert_int_equal(12, done);
}

int main(void)
{
    static const struct CMUnitTest copies[] = {
        WEB(test_copy__renames_exactly),
        WEB(test_copy__resets_what_was_reported),
        WEB(test_copy__joins_services_when_asked),
        WEB(test_copy__across_instances),
        WEB(test_copy__other_parts),
        WEB(test_copy__refusals_leave_everything),
        WEB(test_copy__below_a_property_is_refused),
        WEB(test_copy__dry_run_counts_and_writes_nothing),
    };
    return SUITE_RUN(copies);
}
