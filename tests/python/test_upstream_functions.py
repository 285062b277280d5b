# SPDX-License-Identifier: MIT
"""Every public function of the original, in both generations of its names."""
import inspect
import json

import pytest

import confreg
import kvstore
import registry
from upstream_support import (BODY, NO_OPTIONS, OPTIONS, SMALL, cluster, small, store,  # noqa: F401
                              store_url)


def test_connect_contacts_nobody():
    before = registry._kv
    try:
        registry.connect("http://127.0.0.1:1/v1/kv")
        assert registry._kv.endpoint == "http://127.0.0.1:1/v1/kv"
    finally:
        registry._kv = before


def test_connect_without_argument_is_the_embedded_default(tmp_path, monkeypatch):
    monkeypatch.delenv("CONFREG_STORE", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    before = registry._kv
    try:
        assert registry.connect() is None
        small(registry)
        assert registry._kv.registry.driver == "lmdb"
        assert list(tmp_path.rglob("*.mdb")), "the store lies in the data folder"
        registry._kv._registry.close()
    finally:
        registry._kv = before


def test_connect_takes_the_store_of_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("CONFREG_STORE", "memory:")
    assert kvstore.Client().endpoint == "memory:"


def test_connect_replaces_the_client(store):
    first = registry._kv
    registry.connect("memory:")
    assert registry._kv is not first


def test_second_generation_layout(tmp_path):
    before = registry._kv
    try:
        registry.connect(f"lmdb:{tmp_path}/s?layout=products")
        assert (registry.PREFIX, registry.TMPLPREFIX) == ("clusters", "products")
        small(registry)
        made = registry.instantiate("u", "small", "1.0")
        assert made.dn == "clusters/u/small/1.0/1"
        assert registry._kv.get("products/small/1.0/template") == SMALL
        assert registry.query_clusters() == [made]
        assert made.nodes[0].cluster == made
        registry._kv._registry.close()
    finally:
        registry.connect("memory:")
        registry._kv = before


def test_register_first_generation_signature(store):
    made = store.register("a", "1", "text", SMALL, json.dumps(NO_OPTIONS), "yaml+jinja2")
    assert isinstance(made, store.Product)
    assert made.templatetype == "yaml+jinja2" and made.orchestrator == ""


def test_register_second_generation_signature(store):
    made = store.register("a", "1", "text", template=SMALL, options=json.dumps(NO_OPTIONS),
                          orchestrator="def run(): pass", templatetype="json+jinja2",
                          logo_url="http://logo")
    assert (made.orchestrator, made.logo_url) == ("def run(): pass", "http://logo")
    assert (made.name, made.version, made.description) == ("a", "1", "text")


def test_register_writes_the_documented_keys(store):
    small(store)
    keys = store._kv.recurse("templates/small/1.0")
    assert keys["templates/small/1.0/template"] == SMALL
    assert keys["templates/small/1.0/templatetype"] == "json+jinja2"
    assert {key.rpartition("/")[2] for key in keys} >= {
        "name", "version", "description", "template", "templatetype", "options"}


def test_register_with_defaults_and_attributes_later(store):
    made = store.register("later", "1", "assigned in pieces")
    made.template = SMALL
    made.options = json.dumps(NO_OPTIONS)
    made.templatetype = "json+jinja2"
    assert store.instantiate("u", "later", "1", {}).status == "new"


def test_get_service_template_and_get_product_ask_nothing(store):
    assert repr(store.get_service_template("no", "1")) == "Template(templates/no/1)"
    assert repr(store.get_product("no", "1")) == "Product(templates/no/1)"
    assert store.get_product(dn="templates/no/1").dn == "templates/no/1"


def test_deregister_removes_exactly_one(store):
    small(store, version="1.0")
    small(store, version="1.0.1")
    store.deregister("small", "1.0")
    assert [p.version for p in store.query_products()] == ["1.0.1"]
    store.deregister("small", "1.0")  # a missing one is fine, as it was


@pytest.mark.parametrize("keywords", [
    {"framework": "small", "flavour": "1.0"}, {"product": "small", "version": "1.0"},
    {"service": "small", "version": "1.0"}, {"servicename": "small", "version": "1.0"}])
def test_instantiate_takes_both_generations_keywords(store, keywords):
    small(store)
    assert store.instantiate(user="u", options={}, **keywords).dn == "instances/u/small/1.0/1"


def test_instantiate_positional(cluster):
    assert isinstance(cluster, registry.Cluster)
    assert cluster.dn == "instances/jlopez/cdh/5.7.0/1"


def test_instantiate_refuses_a_word_twice(store):
    with pytest.raises(TypeError, match="twice"):
        store.instantiate("u", "small", "1.0", {}, framework="other")
    with pytest.raises(TypeError, match="colour"):
        store.instantiate("u", "small", "1.0", {}, colour="red")


def test_deinstantiate_removes_one_id(store):
    small(store)
    for _ in range(11):
        store.instantiate("u", "small", "1.0")
    store.deinstantiate("u", "small", "1.0", "1")
    assert [c.name for c in store.query_clusters()] == [str(n) for n in range(2, 12)]


def test_deinstantiate_first_generation_form(store):
    small(store)
    store.instantiate("u", "small", "1.0")
    store.deinstantiate("u", "small", "1.0")
    assert store.query_clusters() is None


def test_save_writes_all(store):
    store.save({f"x/{n}": n for n in range(200)})
    assert len(store._kv.recurse("x")) == 200


def test_get_cluster_instance_forms(store, cluster):
    by_names = store.get_cluster_instance(user="jlopez", framework="cdh", flavour="5.7.0", id="1")
    short = store.get_cluster_instance(dn="jlopez/cdh/5.7.0/1")
    assert cluster == by_names == short == store.get_cluster("jlopez", "cdh", "5.7.0", 1)
    assert store.get_cluster(dn=cluster.dn).status == "registered"
    assert store.get_cluster("no", "such", "1", "1").dn == "instances/no/such/1/1"


def test_query_clusters_filters(store):
    small(store)
    small(store, version="2.0")
    small(store, name="other")
    made = [store.instantiate(*names) for names in (
        ("u", "small", "1.0"), ("u", "small", "2.0"), ("u", "other", "1.0"), ("v", "small", "1.0"))]
    assert sorted(store.query_clusters()) == sorted(made)
    assert sorted(store.query_clusters("u")) == sorted(made[:3])
    assert store.query_clusters("u", "small", "2.0") == [made[1]]
    assert store.query_clusters(user="u", service="other") == [made[2]]
    assert len(store.query_clusters(service="other")) == 4, "only with the user, as it was"
    assert store.query_clusters("w") is None
    assert store.get_cluster_instances("v") == [made[3]]


def test_query_products_filters(store):
    assert store.query_products() is None
    for names in (("a", "1"), ("a", "2"), ("b", "1")):
        small(store, *names)
    assert [p.dn for p in store.query_products("a")] == ["templates/a/1", "templates/a/2"]
    assert store.query_products("a", "2")[0].dn == "templates/a/2"
    assert store.query_products("c") is None
    assert [p.name for p in store.get_products()] == ["a", "a", "b"]
    assert len(store.get_product_versions("a")) == 2
    assert store.get_services is store.get_products


def test_generate_id(store):
    small(store)
    assert store.generate_id("instances/u/small/1.0") == 1
    for _ in range(10):
        store.instantiate("u", "small", "1.0")
    assert store.generate_id("instances/u/small/1.0") == 11
    assert store._generate_id is store.generate_id


def test_valid_and_merge(store):
    declared = {"required": {"a": 1, "b": 2}, "optional": {"c": 3}, "advanced": {"d": 4}}
    assert store.valid({"a": 2, "b": 4}, declared) is True
    assert store.valid({"a": 2}, declared) is False
    assert store._merge(declared) == {"a": 1, "b": 2, "c": 3, "d": 4}


@pytest.mark.parametrize("value, expected", [
    ("x", "value"), (1, "value"), (1.5, "value"), (True, "value"), ([1], "list"), ((1,), "list"),
    ({1}, "list"), ({"a": 1}, "dict"), (None, None), (object(), None)])
def test_type_tests(value, expected):
    assert registry.isvalue(value) is (expected == "value")
    assert registry.islist(value) is (expected == "list")
    assert registry.isdict(value) is (expected == "dict")
    assert registry.isdumpable(value) is (expected in ("list", "dict"))


DN = "instances/jlopez/cdh/5.7.0/99/nodes/n0/disks/d1/mode"


def test_parse_functions():
    assert registry._parse_id(DN, "instances/jlopez/cdh/5.7.0") == 99
    assert registry._parse_id("x", "instances") == 0
    assert registry._parse_cluster_dn(DN) == "instances/jlopez/cdh/5.7.0/99"
    assert registry._parse_product_dn("templates/cdh/5.7.0/options") == "templates/cdh/5.7.0"
    assert registry._parse_node(DN) == "instances/jlopez/cdh/5.7.0/99/nodes/n0"
    assert registry._parse_disk(DN).endswith("/disks/d1")
    assert registry._parse_network("a/networks/eth0/address") == "a/networks/eth0"
    assert registry._parse_service("a/services/hdfs/nodes/x") == "a/services/hdfs"
    assert registry.parse_product_name("templates/cdh/5.7.0/x") == "cdh"
    assert registry.parse_product_version("templates/cdh/5.7.0/x", "cdh") == "5.7.0"
    for function in (registry.parse_name, registry.parse_last_field,
                     registry.parse_endpoint_last_element, registry._parse_endpoint_last_element):
        assert function(DN + "/") == "mode"
    assert registry.parse_next_to_last_field(DN) == "d1"
    node = "instances/u/p/1/1/nodes/n"
    assert registry.extract_clusterdn_from_nodedn(node) == "instances/u/p/1/1"


def test_id_from_and_dn_from():
    dn = "instances/jlopez/cdh/5.7.0/1/nodes/n0"
    assert registry.id_from(dn) == "instances--jlopez--cdh--5__7__0--1--nodes--n0"
    assert registry.dn_from(registry.id_from(dn)) == dn
    assert (registry.SLASH, registry.DOT) == ("--", "__")


def test_names_of_both_generations_exist():
    for name in ("connect register get_service_template get_product deregister instantiate "
                 "deinstantiate save get_cluster_instance get_cluster query_clusters "
                 "query_products generate_id _generate_id valid _merge _populate isvalue "
                 "isdumpable islist isdict id_from dn_from Cluster Node Service Disk Network "
                 "Template Product Proxy PREFIX TMPLPREFIX SLASH DOT ENDPOINT _kv").split():
        assert hasattr(registry, name), name


def test_positional_orders():
    def order(function):
        return [name for name, parameter in inspect.signature(function).parameters.items()
                if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
    assert order(registry.register) == ["name", "version", "description", "template", "options",
                                        "orchestrator", "templatetype", "logo_url"]
    assert order(registry.deinstantiate) == ["user", "framework", "flavour", "instanceid"]
    assert order(registry.get_cluster_instance) == ["user", "framework", "flavour", "id", "dn"]
    assert order(registry.get_cluster) == ["user", "product", "version", "id", "dn"]
    assert order(registry.query_clusters) == ["user", "service", "version"]


def test_exceptions():
    assert registry.KeyDoesNotExist is kvstore.KeyDoesNotExist is confreg.KeyDoesNotExist
    for name in ("InvalidOptionsError", "NestedListsNotSupportedError", "UnsupportedTypeError",
                 "UnsupportedTemplateFormatError", "KeyDoesNotExist", "ReadOnlyAttributeError"):
        error = getattr(registry, name)("what happened")
        assert error.message == "what happened" and str(error) == "what happened", name


class Fake:
    """What a program's own tests put into registry._kv."""

    def __init__(self):
        self.data = {}

    def get(self, key):
        if key not in self.data:
            raise registry.KeyDoesNotExist(key)
        return self.data[key]

    def set(self, key, value):
        self.data[key] = str(value)

    def recurse(self, key):
        found = {k: v for k, v in self.data.items() if k == key or k.startswith(key + "/")}
        if not found:
            raise registry.KeyDoesNotExist(key)
        return found

    def delete(self, key, recursive=False):
        for name in [k for k in self.data if k == key or recursive and k.startswith(key + "/")]:
            del self.data[name]


def test_the_kv_seam(monkeypatch):
    monkeypatch.setattr(registry, "_kv", Fake())
    registry.register("cdh", "1", "", BODY, json.dumps(OPTIONS))
    with pytest.raises(registry.InvalidOptionsError, match="slaves.number"):
        registry.instantiate("u", "cdh", "1", {})
    made = registry.instantiate("u", "cdh", "1", {"slaves.number": 2})
    assert [n.name for n in made.nodes] == ["master0", "slave0", "slave1"]
    made.nodes[0].status = "running"
    assert registry._kv.data[made.dn + "/nodes/master0/status"] == "running"
    assert [s.name for s in made.services] == ["hdfs", "yarn"]
    assert [n.name for n in made.services[0].nodes] == ["master0", "slave0", "slave1"]
    assert registry.instantiate("u", "cdh", "1", {"slaves.number": 0}).name == "2"
    assert [c.name for c in registry.query_clusters("u")] == ["1", "2"]
    registry.deinstantiate("u", "cdh", "1", 1)
    assert [c.name for c in registry.query_clusters("u")] == ["2"]
    assert [p.name for p in registry.query_products()] == ["cdh"]
    registry.deregister("cdh", "1")
    assert registry.query_products() is None
