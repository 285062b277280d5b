# SPDX-License-Identifier: MIT
"""Key layout, variables of a body, options, flattening, order: what lies in the store."""
import json

import pytest

import registry
from upstream_support import NO_OPTIONS, cluster, small, store, store_url  # noqa: F401


def rendered(store, body, kind="json+jinja2", options=None, given=None, **more):
    """The keys below an instance of such a body."""
    store.register("t", "1.0", "", body, json.dumps(options or NO_OPTIONS), templatetype=kind,
                   replace=True, **more)
    made = store.instantiate("u", "t", "1.0", given or {})
    start = made.dn + "/"
    return {key[len(start):]: value for key, value in store._kv.recurse(made.dn).items()}


def test_key_layout(store, cluster):
    keys = store._kv.recurse(cluster.dn)
    below = cluster.dn + "/"
    assert keys[below + "nodes/master0/disks/disk1/origin"] == "/data/1"
    assert keys[below + "nodes/master0/networks/eth0/address"] == "dynamic"
    assert keys[below + "nodes/master0/services/hdfs"] == ""
    assert keys[below + "services/hdfs/nodes/slave2"] == ""
    assert keys[below + "services/hdfs/dfs.blocksize"] == "134217728"
    assert keys[below + "dnsname"] == "instances--jlopez--cdh--5__7__0--1"


def test_variables_of_both_generations(store):
    names = ("user servicename product version instancedn clusterdn instancename clusterid "
             "instanceid").split()
    keys = rendered(store, json.dumps({name: "{{ %s }}" % name for name in names}))
    dn = "instances/u/t/1.0/1"
    assert keys == {"user": "u", "servicename": "t", "product": "t", "version": "1.0",
                    "instancedn": dn, "clusterdn": dn, "instancename": dn.replace("/", "-"),
                    "clusterid": "instances--u--t--1__0--1", "instanceid": "1"}


def test_constructs_that_templates_use(store):
    body = """{% set x = joiner(",") %}{
      {%- for n in range(1, 3) %}{{ x() }} "a{{ n }}": "{{ opts['dotted.key'] }}"{% endfor %},
      "list": "{{ opts['l']|join(',') }}" }"""
    options = {"required": {}, "optional": {"dotted.key": "v", "l": ["p", "q"]}, "advanced": {}}
    assert rendered(store, body, options=options) == {"a1": "v", "a2": "v", "list": "p,q"}


def test_options_document(store, cluster):
    options = json.loads(store.get_product("cdh", "5.7.0").options)
    assert set(options) == {"required", "optional", "advanced", "descriptions"}
    with pytest.raises(store.InvalidOptionsError):  # required, though a value is written there
        store.instantiate("u", "cdh", "5.7.0", {})


@pytest.mark.parametrize("value, text", [
    ('"text"', "text"), ('"caña"', "caña"), ("12", "12"),
    ("1180591620717411303424", "1180591620717411303424"), ("true", "True"), ("false", "False"),
    ("5.10", "5.10"), ("1234567890123.45", "1234567890123.45"), ("1e22", "1e22"), ('""', ""),
    ('"_"', "_")])
def test_scalars(store, value, text):
    assert rendered(store, '{"k": %s}' % value) == {"k": text}


def test_lists(store):
    assert rendered(store, '{"l": ["b", 1, 1, "a"], "e": [], "m": {}}') == {
        "l/b": "", "l/1": "", "l/a": ""}


def test_slash_in_a_key_is_data(store):
    keys = rendered(store, '{"a/b": 1, "l": ["c/d"]}')
    assert keys == {"a=2Fb": "1", "l/c=2Fd": ""}


@pytest.mark.parametrize("body, error", [
    ('{"l": [[1]]}', "NestedListsNotSupportedError"),
    ('{"l": [{"a": 1}]}', "NestedListsNotSupportedError"),
    ('{"k": null}', "UnsupportedTypeError")])
def test_refused(store, body, error):
    with pytest.raises(getattr(registry, error)):
        rendered(store, body)
    assert store.query_clusters() is None


def test_empty_element_is_refused(store):
    with pytest.raises(ValueError):
        rendered(store, '{"l": [""]}')


@pytest.mark.parametrize("text, by_1_2, by_1_1", [
    ("5.10", "5.10", "5.10"), ("no", "no", "False"), ("0755", "0755", "0755"),
    ("1_000", "1_000", "1_000"), ("true", "True", "True"), ("08", "08", "08"), ("_", "_", "_")])
def test_yaml_scalars(store, text, by_1_2, by_1_1):
    assert rendered(store, f"k: {text}\n", "yaml+jinja2")["k"] == by_1_2
    assert rendered(store, f"k: {text}\n", "yaml+jinja2", yaml="1.1")["k"] == by_1_1


def test_yaml_dates(store):
    assert rendered(store, "k: 2016-05-19\n", "yaml+jinja2") == {"k": "2016-05-19"}
    with pytest.raises(registry.UnsupportedTypeError):
        rendered(store, "k: 2016-05-19\n", "yaml+jinja2", yaml="1.1")


def test_populate():
    result = {}
    registry._populate(result, {"a": {"b": 1, "l": ["x", 2]}, "t": True, "e": {}}, "p")
    assert result == {"p/a/b": 1, "p/a/l/x": "", "p/a/l/2": "", "p/t": True}
    with pytest.raises(registry.NestedListsNotSupportedError):
        registry._populate({}, {"l": [[1]]})
    with pytest.raises(registry.UnsupportedTypeError):
        registry._populate({}, {"n": None})
    top = {}
    registry._populate(top, "scalar", "dn")
    assert top == {"dn": "scalar"}


def test_order_is_natural(store):
    nodes = ", ".join('"slave%d": {"networks": {"eth%d": {"a": 1}, "eth0": {"a": 1}}}' % (n, 10)
                      for n in (10, 9, 2, 1))
    small(store, name="order", body='{"nodes": {%s}}' % nodes)
    made = store.instantiate("u", "order", "1.0")
    assert [n.name for n in made.nodes] == ["slave1", "slave2", "slave9", "slave10"]
    assert [n.name for n in made.nodes[0].networks] == ["eth0", "eth10"]
    for _ in range(10):
        store.instantiate("u", "order", "1.0")
    assert [c.name for c in store.query_clusters()] == [str(n) for n in range(1, 12)]


def test_placeholders_stay(store):
    assert rendered(store, '{"a": "_", "b": "X", "c": ""}') == {"a": "_", "b": "X", "c": ""}
