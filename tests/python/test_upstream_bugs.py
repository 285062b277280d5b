# SPDX-License-Identifier: MIT
"""The original's bugs and traps, B1 to B33 of docs/COMPATIBILITY.md: each is not here."""
import copy
import json
import multiprocessing
import pickle
import sys
import threading

import pytest

import confreg
import kvstore
import registry
from upstream_support import (BODY, EXAMPLES, NO_OPTIONS, OPTIONS, SMALL, cluster,  # noqa: F401
                              small, store, store_url)

HADOOP = json.loads((EXAMPLES / "hadoop/options.json").read_text())


def example(name):
    return (EXAMPLES / "hadoop" / name).read_text()


def test_b01_yaml_never_fails_by_order(store):
    """The seed's FIXME: the first node was another one each time, and one had no networks."""
    store.register("h", "1", "", example("template.yaml"), json.dumps(HADOOP), "yaml+jinja2")
    for _ in range(12):
        made = store.instantiate("u", "h", "1", {"slaves.number": 2})
        assert made.nodes[0].name == "master0"
        assert made.nodes[0].networks[0].networkname == "admin"


def test_b01_the_slip_itself_is_found(store):
    store.register("h", "1", "", example("misindented.yaml"), json.dumps(HADOOP), "yaml+jinja2")
    with pytest.raises(confreg.InvalidError, match="networks"):
        store.instantiate("u", "h", "1", {"slaves.number": 2})


def test_b02_services_under_nodes_are_found(store):
    small(store, body='{"nodes": {"services": {"hdfs": {"status": "x"}}}, "services": {}}')
    with pytest.raises(confreg.InvalidError):
        store.instantiate("u", "small", "1.0")


def test_b03_deletes_stop_at_the_segment(store):
    for version in ("1.0", "1.0-beta", "1.0.5"):
        small(store, version=version)
        for _ in range(11 if version == "1.0" else 1):
            store.instantiate("u", "small", version)
    store.deinstantiate("u", "small", "1.0", "1")
    assert len(store.query_clusters("u", "small", "1.0")) == 10
    store.deinstantiate("u", "small", "1.0", all=True)
    assert [c.dn.split("/")[3] for c in store.query_clusters()] == ["1.0-beta", "1.0.5"]
    store.deregister("small", "1.0")
    assert len(store.query_products("small")) == 2


def test_b04_queries_stop_at_the_segment(store):
    small(store, name="cdh")
    small(store, name="cdh-extra")
    for user in ("u", "u2"):
        store.instantiate(user, "cdh", "1.0")
    assert [c.dn.split("/")[1] for c in store.query_clusters("u")] == ["u"]
    assert [p.name for p in store.query_products("cdh")] == ["cdh"]


def test_b05_siblings_that_share_a_beginning(store):
    small(store, body='{"nodes_total": 1, "nodes": {"n": {"disks_required": 2, "networks_mode":'
                      ' "x", "disks": {"d1": {"a": 1}}, "networks": {"e0": {"a": 1}}}}}')
    made = store.instantiate("u", "small", "1.0")
    node = made.nodes[0]
    assert [n.name for n in made.nodes] == ["n"]
    assert [d.name for d in node.disks] == ["d1"] and [n.name for n in node.networks] == ["e0"]


def test_b06_a_scalar_in_the_place_of_disks(store):
    small(store, body='{"nodes": {"n": {"disks": 2}}}')
    assert store.instantiate("u", "small", "1.0").nodes[0].disks == "2"


def test_b07_no_python_reprs_are_stored(store, cluster):
    service, node = cluster.services[0], cluster.nodes[0]
    with pytest.raises(registry.ReadOnlyAttributeError):
        service.nodes = [node]
    with pytest.raises(registry.ReadOnlyAttributeError):
        node.disks = [{"name": "d"}]
    with pytest.raises(registry.UnsupportedTypeError):
        node.anything = [node]
    node.tags = ["a", "b"]
    assert "Node(" not in json.dumps(store._kv.recurse(cluster.dn))
    assert len(service.nodes) == 4


def test_b08_tags_and_ports_of_lists(cluster):
    assert sorted(cluster.nodes[0].tags) == ["db", "web"]
    assert cluster.nodes[0].check_ports == [22, 80]
    cluster.nodes[0].check_ports = [8080]
    assert cluster.nodes[0].check_ports == [8080]


def test_b09_all_or_nothing(store):
    small(store, body='{"nodes": {"n": {"a": "%s", "b": {{ [1]|tojson }}, "c": null}}}')
    with pytest.raises(registry.UnsupportedTypeError):
        store.instantiate("u", "small", "1.0")
    with pytest.raises(registry.KeyDoesNotExist):
        store._kv.recurse("instances")


def test_b10_no_two_callers_get_one_id(store):
    small(store)
    names = []

    def make():
        for _ in range(5):
            names.append(store.instantiate("u", "small", "1.0").name)
    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(int, names)) == list(range(1, 31))


def test_b11_ids_are_never_used_again(store):
    small(store)
    store.instantiate("u", "small", "1.0")
    store.deinstantiate("u", "small", "1.0", "1")
    assert store.instantiate("u", "small", "1.0").name == "2"


def test_b11_strange_ids_and_names_do_no_harm(store):
    small(store, name="c++", version="1.0")
    small(store, name="c++", version="1x0")
    store._kv.set("instances/u/c++/1.0/old-name/status", "x")
    assert store.generate_id("instances/u/c=2B=2B/1.0") == 1
    assert store.instantiate("u", "c++", "1.0").status == "new"
    assert store.query_clusters("u", "c++", "1x0") is None, "a dot is a dot"


def test_b12_the_first_id_is_1(store):
    assert store.generate_id("instances/nobody/no/1") == 1


def test_b13_nothing_is_none_here_and_empty_in_confreg(store):
    assert store.query_products() is None and store.query_clusters() is None
    assert store._kv.registry.templates() == [] and store._kv.registry.query() == []


@pytest.mark.parametrize("name", ["__unittests__", "a--b", "x__y", "a.b--c"])
def test_b14_dn_from_is_exact(store, name):
    small(store, name=name)
    made = store.instantiate("u", name, "1.0")
    for proxy in (made, made.nodes[0]):
        assert store.dn_from(store.id_from(str(proxy))) == str(proxy)
        assert store.decode_id(store.encode_id(str(proxy))) == str(proxy)


@pytest.mark.parametrize("user", ["myclusters", "clusters", "nodes", "services", "instances"])
def test_b15_any_user_name(store, user):
    small(store)
    made = store.instantiate(user, "small", "1.0")
    assert made.nodes[0].cluster == made
    assert store._parse_cluster_dn(made.nodes[0].dn) == made.dn
    assert [n.status for n in made.nodes] == ["x"]
    assert store.get_cluster(dn=f"{user}/small/1.0/1").dn in (made.dn, f"{user}/small/1.0/1")


def test_b16_what_the_readme_says(store):
    small(store)
    made = store.instantiate("jlopez", "small", "1.0")
    assert store.get_cluster_instance(dn="jlopez/small/1.0/1") == made
    again = store.instantiate("jlopez", "small", "1.0")
    with pytest.raises(confreg.ConflictError) as caught:
        store.deinstantiate("jlopez", "small", "1.0")
    assert store.query_clusters() == [made, again], "refused, and nothing is gone"
    assert "2" in caught.value.message
    store.deinstantiate("jlopez", framework="small", flavour="1.0", all=True)
    assert store.query_clusters() is None


def test_b17_no_silent_overwrite(store):
    small(store)
    with pytest.raises(confreg.AlreadyExists):
        store.register("small", "1.0", "wiped")
    assert store.get_product("small", "1.0").template == SMALL
    small(store, body='{"a": 2}', replace=True)
    assert store.get_product("small", "1.0").template == '{"a": 2}'


def test_b18_one_class_of_missing_keys(store, cluster):
    for call in (lambda: store.get_cluster("no", "no", "1", "1").nodes, lambda: cluster.nothing,
                 lambda: store._kv.get("no"), lambda: store.instantiate("u", "no", "1", {})):
        with pytest.raises(kvstore.KeyDoesNotExist) as caught:
            call()
        assert isinstance(caught.value, registry.KeyDoesNotExist) and caught.value.message


def test_b19_options_as_dict_and_none(store):
    store.register("d", "1", "", SMALL, OPTIONS)
    assert json.loads(store.get_product("d", "1").options) == OPTIONS
    store.register("e", "1", "", SMALL)
    assert store.instantiate("u", "e", "1").status == "new"
    with pytest.raises(registry.InvalidOptionsError):
        store.register("f", "1", "", SMALL, "{'not': json}")


def test_b20_options_are_checked(store):
    assert registry.valid({}, {}) is True
    assert registry._merge({"required": {"a": 1}}) == {"a": 1}
    store.register("cdh", "1", "", BODY, json.dumps(OPTIONS))
    with pytest.raises(registry.InvalidOptionsError, match="slaves.number"):
        store.instantiate("u", "cdh", "1", None)
    with pytest.raises(registry.InvalidOptionsError, match="slave.number"):
        store.instantiate("u", "cdh", "1", {"slave.number": 1, "slaves.number": 1})
    with pytest.raises(registry.InvalidOptionsError):
        store.instantiate("u", "cdh", "1", {"slaves.number": "many"})
    made = store.instantiate("u", "cdh", "1", {"slaves.number": "2"})
    assert len(made.nodes) == 3, "text that is exactly a number is one"


def test_b21_undefined_names_are_errors(store):
    small(store, body='{"a": "{{ nowhere }}", "b": "{{ neither }}"}')
    with pytest.raises(confreg.UndefinedError, match="(?s)nowhere.*neither"):
        store.instantiate("u", "small", "1.0")
    small(store, name="old", body='{"a": "x{{ nowhere }}"}', undefined="lenient")
    assert store.instantiate("u", "old", "1.0").a == "x"


def test_b22_zero_rounds_of_a_loop(store):
    store.register("cdh", "1", "", BODY, json.dumps(OPTIONS))
    assert [n.name for n in store.instantiate("u", "cdh", "1", {"slaves.number": 0}).nodes] == [
        "master0"]
    small(store, name="comma", body='{\n"a": 1,{% for n in [] %}"x": 1{% endfor %}\n}')
    with pytest.raises(confreg.InvalidError, match="trailing comma") as caught:
        store.instantiate("u", "comma", "1.0")
    assert caught.value.line in (2, 3), "the place in the body"


@pytest.mark.parametrize("body, kind", [('{"a": 1, "a": 2}', "json+jinja2"),
                                        ("a: 1\na: 2\n", "yaml+jinja2")])
def test_b23_duplicate_keys(store, body, kind):
    small(store, body=body, templatetype=kind)
    with pytest.raises(confreg.InvalidError, match="duplicate"):
        store.instantiate("u", "small", "1.0")


@pytest.mark.parametrize("body, kind", [('{"a": "{{ opts.x }}"}', "json+jinja2"),
                                        ('a: "{{ opts.x }}"\n', "yaml+jinja2")])
def test_b24_an_option_stays_a_value(store, body, kind):
    evil = 'v", "added": "1'
    options = {"required": {"x": ""}, "optional": {}, "advanced": {}}
    store.register("t", "1", "", body, json.dumps(options), templatetype=kind)
    made = store.instantiate("u", "t", "1", {"x": evil})
    assert made.a == evil and not hasattr(made, "added")


@pytest.mark.parametrize("body, kind", [
    ('{"a": "{{ \'\'.__class__.__mro__[1].__subclasses__() }}"}', "json+jinja2"),
    ("a: !!python/object/apply:os.getpid []\n", "yaml+jinja2")])
def test_b25_a_template_runs_nothing_of_ours(store, body, kind):
    with pytest.raises(confreg.RegistryError):
        small(store, body=body, templatetype=kind)
        store.instantiate("u", "small", "1.0")


def test_b26_keys_are_escaped(store):
    store._kv.set("k/a?recurse#x", "1")
    store._kv.set("k/a", "2")
    assert store._kv.get("k/a") == "2" and store._kv.get("k/a?recurse#x") == "1"
    store._kv.set("k/..", "3")
    assert len(store._kv.recurse("k")) == 3


def test_b27_waits_are_bounded(store):
    store._kv.set("w", "1")
    index = store._kv.index("w")
    assert store._kv.get("w", wait=True, wait_index=index, timeout="200ms") == "1"


def test_b28_proxies_are_values(store, cluster):
    node = cluster.nodes[0]
    assert not hasattr(node, "__no_such_protocol__") and not hasattr(node, "missing")
    assert copy.deepcopy(node) == node and copy.copy(node).status == "pending"
    assert pickle.loads(pickle.dumps(node)) == node
    assert node is not None and (node == None) is False  # noqa: E711
    same = registry.Node(node.dn)
    assert not node != same and hash(node) == hash(same) and len({node, same}) == 1
    with pytest.raises(registry.ReadOnlyAttributeError):
        node.set("name", "other")


def test_b29_booleans_have_a_reader(store):
    small(store, body='{"nodes": {"n": {"a": false, "b": true, "c": "no"}}}')
    node = store.instantiate("u", "small", "1.0").nodes[0]
    assert node.get("a") == "False"
    assert [node.get_bool(name) for name in "abcd"] == [False, True, False, False]
    assert node.get_bool("d", True) is True


def _child(store_url, queue):
    queue.put(registry.query_clusters()[0].status)


def test_b30_a_child_gets_a_connection_of_its_own(store, store_url):
    if store_url.startswith("memory:"):
        return  # what is in memory is the parent's alone
    small(store)
    store.instantiate("u", "small", "1.0")
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_child, args=(store_url, queue))
    child.start()
    assert queue.get(timeout=30) == "new"
    child.join(30)
    assert child.exitcode == 0


def test_b31_this_python(store):
    assert sys.version_info >= (3, 11)
    assert registry.parse_endpoint_last_element("a/b") == "b"
    with pytest.raises(registry.KeyDoesNotExist) as caught:
        store._kv.get("no")
    assert caught.value.message == str(caught.value)


def test_b32_what_an_instance_came_from_is_known(store):
    small(store)
    made = store.instantiate("u", "small", "1.0")
    below = store._kv.registry
    record = below.query()[0]
    assert record.template_digest == below.template("small", "1.0").digest
    assert json.loads(record.options) == {}
    assert below.deregister("small", "1.0") == [made.dn]
    assert made.status == "new"


def test_b33_copy_is_exact(store):
    store.register("cdh", "1", "", BODY, json.dumps(OPTIONS))
    made = store.instantiate("u", "cdh", "1", {"slaves.number": 11})
    below = store._kv.registry
    below.copy(made.dn + "/nodes/slave1", made.dn + "/nodes/slave99", membership=True)
    names = [n.name for n in made.nodes]
    assert "slave99" in names and "slave990" not in names and len(names) == 13
    fresh = registry.Node(made.dn + "/nodes/slave99")
    assert fresh.get("name") == "slave99"
    assert fresh in made.services[0].nodes
