# SPDX-License-Identifier: MIT
"""What is made is dropped: cycles of instantiate, query, watch and errors do not grow."""
import gc
import os

import confreg

CYCLES = 100000 if os.environ.get("CONFREG_TEST_LONG") else 1500
WARM = 300


def resident_kib():
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def cycle(reg):
    cluster = reg.instantiate("u", "web", "1.0", {"slaves": 1, "cpu": "4"})
    with cluster.watch(snapshot=True, timeout=0) as watch:
        node = cluster.nodes[0]
        node.update(status="running", extra=1.5)
        assert [event for event in watch]
        watch.cursor()
    assert reg.query("u")[0].dn == cluster.dn and cluster.tree() and node.to_dict()
    assert not hasattr(node, "missing") and node.get_list("tags") and reg.templates()
    for wrong in (lambda: reg.instantiate("u", "web", "1.0", {"wrong": [1, {"a": None}]}),
                  lambda: reg.register("b", "1", "{{ x"), lambda: node.set("a", None),
                  lambda: reg.kv.apply([(0, "a", None), 1], []), lambda: reg.at("a")):
        try:
            wrong()
        except (confreg.RegistryError, TypeError):
            continue
        raise AssertionError("no error")
    with reg.kv.transaction() as t:
        t.check_absent("x")
        t.put("y", b"1")
    reg.kv.read(["y"], ["instances"])
    cluster.deinstantiate()


def test_cycles_do_not_grow():
    from conftest import BODY, OPTIONS
    with confreg.open("memory:") as reg:
        reg.register("web", "1.0", BODY, OPTIONS)
        for _ in range(WARM):
            cycle(reg)
        gc.collect()
        before = resident_kib()
        for _ in range(CYCLES):
            cycle(reg)
        gc.collect()
        grown = resident_kib() - before
    # One leaked error object or DN a cycle would be 100 bytes and more.
    assert grown < 1024 + CYCLES * 0.02, "%d KiB after %d cycles" % (grown, CYCLES)


def test_no_references_are_left(reg, cluster):
    import sys
    token = "a-text-that-nobody-else-holds"
    default = object()
    counts = sys.getrefcount(token), sys.getrefcount(default), sys.getrefcount(reg)
    for _ in range(200):
        cluster.get("missing", default)
        cluster.set("status", token)
        assert cluster.status == token
        list(cluster.nodes)
        reg.kv.get("missing", default=default)
        cluster.update({token: token})
    assert (sys.getrefcount(token), sys.getrefcount(default), sys.getrefcount(reg)) == counts


def test_opening_and_closing_does_not_grow(shared_url):
    confreg.open(shared_url).close()
    for round_ in range(3):
        for _ in range(60):
            with confreg.open(shared_url) as reg, reg.kv.watch() as watch:
                watch.fileno()
        descriptors = len(os.listdir("/proc/self/fd"))
        if round_ == 0:
            first = descriptors
    assert descriptors <= first
