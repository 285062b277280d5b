# SPDX-License-Identifier: MIT
"""The extension in several interpreters of one process, at once and one after the other."""
import _xxsubinterpreters as interpreters

import pytest

import confreg

PROGRAM = """
import sys
sys.path[:] = %r
import confreg
with confreg.open(%r) as reg:
    cluster = reg.instance(%r)
    cluster.increment("visits")
    assert cluster.nodes[0].cpu == "2"
    try:
        cluster.missing
    except confreg.NoSuchProperty:
        pass
    with cluster.watch(timeout=0) as watch:
        assert list(watch) == []
"""


def test_subinterpreters(shared_url):
    import sys
    from conftest import BODY, OPTIONS
    with confreg.open(shared_url) as reg:
        reg.register("web", "1.0", BODY, OPTIONS)
        cluster = reg.instantiate("jlopez", "web", "1.0")
        program = PROGRAM % (sys.path, shared_url, cluster.dn)
        for _ in range(5):
            first, second = interpreters.create(), interpreters.create()
            interpreters.run_string(first, program)
            interpreters.run_string(second, program)
            interpreters.destroy(first)
            interpreters.run_string(second, program)
            interpreters.destroy(second)
        assert cluster.get_int("visits") == 15
        assert type(cluster) is confreg.Instance


def test_a_second_import_is_another_module(url):
    import sys
    from importlib import import_module
    held = {name: sys.modules.pop(name) for name in list(sys.modules)
            if name.partition(".")[0] == "confreg"}
    try:
        other = import_module("confreg")
        assert other.Registry is not confreg.Registry
        with other.open(url) as reg:
            with pytest.raises(other.KeyDoesNotExist):
                reg.kv.get("a")
    finally:
        for name in [n for n in sys.modules if n.partition(".")[0] == "confreg"]:
            del sys.modules[name]
        sys.modules.update(held)
