/* SPDX-License-Identifier: MIT */
/*
 * The shape of trees: each rule where it applies, and silence where it does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "case.h"
#include "registry/lint.h"

static creg_lint_findings lint(const char *text)
{
    creg_value tree;
    creg_status status = creg_yaml_parse(creg_slice_of(text), "in.yaml",
                                         CREG_PARSE_NUMBERS_AS_WRITTEN, &arena, &tree, &err);
    if (status != CREG_OK)
        print_error("%s\n", err.message);
    assert_int_equal(status, CREG_OK);
    creg_lint_findings findings;
    assert_int_equal(creg_lint_tree(tree, &arena, &findings, &err), CREG_OK);
    return findings;
}

/* All findings as "rule! path;" with '!' for errors. */
static void assert_findings(const char *text, const char *expected)
{
    creg_lint_findings findings = lint(text);
    char shown[2048] = "";
    size_t size = 0;
    for (size_t i = 0; i < findings.size; i++) {
        const creg_lint_finding *one = &findings.items[i];
        creg_slice path = creg_path_text(one->path, &arena);
        size += (size_t)snprintf(shown + size, sizeof shown - size, "%.*s%s %.*s;",
                                 (int)one->finding.rule.size, one->finding.rule.data,
                                 one->finding.is_error ? "!" : "", (int)path.size, path.data);
    }
    assert_string_equal(shown, expected);
}

static const char good[] = "nodes:\n"
                           "  master0:\n"
                           "    name: master0\n"
                           "    disks_required: 2\n"
                           "    disks: {disk1: {name: disk1}}\n"
                           "    networks: {eth0: {address: _}}\n"
                           "    services: [hdfs]\n"
                           "    tags: [a, b]\n"
                           "services:\n"
                           "  hdfs:\n"
                           "    name: hdfs\n"
                           "    nodes: [master0]\n"
                           "    disks: 4\n"
                           "status: _\n";

static void test_lint__a_good_tree_has_no_findings(void **state)
{
    (void)state;
    assert_findings(good, "");
    assert_findings("{}", "");
    assert_findings("a: {b: {c: [1]}}", "");
}

static void test_lint__the_seeds_indentation_is_found(void **state)
{
    (void)state;
    assert_findings("nodes:\n"
                    "  master0:\n"
                    "    disks:\n"
                    "      disk1:\n"
                    "        name: disk1\n"
                    "        networks: {eth0: {device: eth0}}\n"
                    "        services: [hdfs]\n"
                    "services: {hdfs: {nodes: [master0]}}\n",
                    "shape-networks-under-node! nodes/master0/disks/disk1/networks;"
                    "shape-services-under-node! nodes/master0/disks/disk1/services;");
}

static void test_lint__parts_beside_nodes_are_misplaced(void **state)
{
    (void)state;
    assert_findings("nodes: {n: {disks: {networks: {eth0: {a: 1}}}, services: [s]}, "
                    "services: {s: {nodes: [n]}}}\nservices: {s: {nodes: [n]}}",
                    "shape-networks-under-node! nodes/n/disks/networks;"
                    "shape-services-under-node! nodes/services;");
}

static void test_lint__parts_at_the_top(void **state)
{
    (void)state;
    assert_findings("networks: {eth0: {address: 1}}", "shape-networks-under-node! networks;");
    assert_findings("disks: [a, b]", "shape-disks-under-node disks;");
    assert_findings("disks: 4", "");
    assert_findings("networks: {}", "");
}

static void test_lint__elsewhere_it_may_be_data(void **state)
{
    (void)state;
    assert_findings("services: {s: {conf: {networks: {a: {b: 1}}}}}",
                    "shape-networks-under-node services/s/conf/networks;");
    assert_findings("nodes: {n: {nodes: {x: {}}}}", "shape-nodes-place nodes/n/nodes;");
}

static void test_lint__dangling_names(void **state)
{
    (void)state;
    assert_findings("nodes: {a: {services: [s, t]}}\nservices: {s: {nodes: [a, b]}}",
                    "shape-unknown-service nodes/a/services[1];"
                    "shape-unknown-node! services/s/nodes[1];");
    assert_findings("services: {s: {nodes: [a]}}", "shape-unknown-node! services/s/nodes[0];");
    assert_findings("nodes: {1: {x: 1}}\nservices: {s: {nodes: ['1', 1]}}",
                    "duplicate-element services/s/nodes[1];");
}

static void test_lint__scalars_where_parts_are_looked_for(void **state)
{
    (void)state;
    assert_findings("nodes: {n: {disks: 2, services: hdfs}, m: up}\nservices: [a]",
                    "shape-not-a-collection nodes/n/disks;"
                    "shape-not-a-collection nodes/n/services;"
                    "shape-not-a-collection nodes/m;"
                    "shape-not-a-collection services;");
}

static void test_lint__names_that_differ(void **state)
{
    (void)state;
    assert_findings("nodes: {a: {name: b}, c: {name: _}, d: {name: ''}}",
                    "shape-name-differs nodes/a/name;");
}

static void test_lint__repeated_elements(void **state)
{
    (void)state;
    assert_findings("a: [x, y, x]", "duplicate-element a[2];");
}

static void test_lint__findings_are_bounded(void **state)
{
    (void)state;
    char text[8192] = "services: {s: {nodes: [";
    for (int i = 0; i < 500; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "n%d,", i);
    strcat(text, "]}}");
    assert_int_equal(lint(text).size, CREG_LINT_FINDINGS_MAX);
}

static void test_lint__what_is_no_map_is_somebody_elses_complaint(void **state)
{
    (void)state;
    assert_findings("[a]", "");
    assert_findings("a: [[1], {b: 1}, ~]", "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_lint__a_good_tree_has_no_findings),
        TEST(test_lint__the_seeds_indentation_is_found),
        TEST(test_lint__parts_beside_nodes_are_misplaced),
        TEST(test_lint__parts_at_the_top),
        TEST(test_lint__elsewhere_it_may_be_data),
        TEST(test_lint__dangling_names),
        TEST(test_lint__scalars_where_parts_are_looked_for),
        TEST(test_lint__names_that_differ),
        TEST(test_lint__repeated_elements),
        TEST(test_lint__findings_are_bounded),
        TEST(test_lint__what_is_no_map_is_somebody_elses_complaint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
