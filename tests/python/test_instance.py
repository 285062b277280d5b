# SPDX-License-Identifier: MIT
"""Live objects: what an instance and its parts are, read and change."""
import pytest

import confreg


def names(parts):
    return [part.name for part in parts]


def test_parts_in_natural_order(reg):
    cluster = reg.instantiate("jlopez", "web", "1.0", {"slaves": 12})
    assert names(cluster.nodes) == ["slave%d" % i for i in range(12)]
    node = cluster.nodes[0]
    assert names(node.disks) == ["disk1", "disk2", "disk10"] and names(node.networks) == ["eth0"]
    assert node.services == cluster.services == [cluster.service("hdfs")]
    assert cluster.services[0].nodes == cluster.nodes
    assert [type(p).__name__ for p in (cluster, node, node.disks[0], node.networks[0],
                                       cluster.services[0], reg.at(cluster.dn + "/nodes"))] == \
        ["Instance", "Node", "Disk", "Network", "Service", "Entity"]
    assert node.disks[0].instance == cluster and node.registry is reg
    assert (cluster.user, cluster.name, cluster.version, cluster.id) == ("jlopez", "web", "1.0", "1")


def test_attributes_are_properties(cluster):
    node = cluster.node("slave0")
    assert node.status == "pending" and node.get("status") == "pending"
    node.status = "running"
    node.port = 8080
    node.is_up = False
    assert (node.status, node.port, node.is_up) == ("running", "8080", "False")
    del node.port
    with pytest.raises(AttributeError) as caught:
        node.port
    assert isinstance(caught.value, confreg.KeyDoesNotExist) and "port" in caught.value.message
    with pytest.raises(AttributeError):
        del node.port
    assert not hasattr(node, "port") and getattr(node, "port", 7) == 7
    service = cluster.service("hdfs")
    assert getattr(service, "dfs.blocksize") == service.get("dfs.blocksize") == "1024"
    assert getattr(cluster, "dns name") == cluster.get("dns=20name")


def test_names_of_python_never_reach_the_store(cluster):
    before = cluster.registry.kv.list()
    node = cluster.node("slave0")
    for name in ("__wrapped__", "__len__", "__array_struct__"):
        with pytest.raises(AttributeError) as caught:
            getattr(node, name)
        assert not isinstance(caught.value, confreg.KeyDoesNotExist)
        with pytest.raises(AttributeError):
            setattr(node, name, "x")
    for name in ("dn", "get", "disks", "tags"):
        with pytest.raises(AttributeError, match="set\\(\\)"):
            setattr(node, name, "x")
    assert cluster.registry.kv.list() == before
    node.set("get", "x")
    assert node.get("get") == "x"


@pytest.mark.parametrize("value", [None, ["a"], {"a": 1}, object()])
def test_values_without_a_text(cluster, value):
    node = cluster.node("slave0")
    with pytest.raises(confreg.UnsupportedTypeError):
        node.status = value
    assert node.status == "pending"


def test_typed_getters(cluster):
    node = cluster.node("slave0")
    assert node.get_int("cpu") == 2 and node.get_float("load") == 0.5
    assert node.get_bool("is_up") is True and node.get_list("tags") == ["db", "web"]
    assert node.tags == ["db", "web"] and node.check_ports == [22, 80]
    node.set("csv", "b, a,,c")
    assert node.get_list("csv") == ["b", "a", "c"]
    for read in (node.get_int, node.get_float, node.get_bool):
        with pytest.raises(confreg.InvalidError, match="status"):
            read("status")
        assert read("missing", None) is None
        with pytest.raises(confreg.KeyDoesNotExist):
            read("missing")
    assert node.get_list("missing", []) == []
    assert cluster.get_int("nodes/slave1/cpu") == 2


def test_changes_of_several_properties(cluster):
    node = cluster.node("slave0")
    node.update({"a/b": 1}, status="up", cpu=16)
    assert node.tree()["a"] == {"b": "1"} and node.cpu == "16" and node.status == "up"
    with pytest.raises(confreg.UnsupportedTypeError):
        node.update(status="down", cpu=None)
    assert node.status == "up"
    node.update()
    node.unset("a", tree=True)
    assert "a" not in node.tree()
    with pytest.raises(confreg.KeyDoesNotExist):
        node.unset("a")


def test_compare_and_set(cluster):
    node = cluster.node("slave0")
    node.compare_and_set("status", "pending", "taken")
    with pytest.raises(confreg.ConflictError):
        node.compare_and_set("status", "pending", "mine")
    node.compare_and_set("owner", None, "me")
    with pytest.raises(confreg.ConflictError):
        node.compare_and_set("owner", None, "you")
    pair = node.get_pair("status")
    node.set("status", "x", expected=pair.version)
    with pytest.raises(confreg.ConflictError):
        node.set("status", "y", expected=pair.version)
    assert (node.status, node.owner) == ("x", "me")


def test_increment(cluster):
    assert cluster.increment("step") == 1 and cluster.increment("step", 41) == 42
    assert cluster.increment("step", by=-2) == 40
    with pytest.raises(confreg.InvalidError):
        cluster.increment("status")
    with pytest.raises(OverflowError):
        cluster.increment("step", 2**70)


def test_plain_data(cluster):
    tree = cluster.tree()
    assert list(tree["nodes"]) == ["slave0", "slave1", "slave2"]
    assert tree["nodes"]["slave0"]["disks"]["disk1"] == {"mode": "rw"}
    assert tree["nodes"]["slave0"]["services"] == ["hdfs"]
    flat = cluster.node("slave0").to_dict()
    assert flat["dn"] == cluster.dn + "/nodes/slave0" and flat["cpu"] == "2"
    assert "disks" not in flat


def test_copy(cluster):
    node = cluster.node("slave0")
    new = node.copy("slave77", membership=True)
    assert new.name == "slave77" and new.get("name") == "slave77" and new.cpu == "2"
    assert new in cluster.service("hdfs").nodes and new in cluster.nodes
    with pytest.raises(confreg.AlreadyExists):
        node.copy("slave77")
    assert node.copy(cluster.dn + "/nodes/a=20b").name == "a b"
    assert cluster.registry.copy(node.dn, cluster.dn + "/nodes/none", dry_run=True) > 0
    assert names(cluster.nodes) == ["a b", "slave0", "slave1", "slave2", "slave77"]


def test_equality_hash_and_order(reg, cluster):
    a, b = cluster.node("slave2"), reg.at("jlopez/web/1.0/1/nodes/slave2/")
    assert a == b and hash(a) == hash(b) and a is not b and len({a, b}) == 1
    assert a < cluster.node("slave10") and not a > b and a <= b and a >= b
    assert a != a.dn and a != 1
    with pytest.raises(TypeError):
        a < "x"
    assert repr(a) == "Node('instances/jlopez/web/1.0/1/nodes/slave2')" and str(a) == a.dn


def test_what_is_not_there(reg, cluster):
    ghost = reg.at("jlopez/web/1.0/77")
    for read in (lambda: ghost.status, lambda: ghost.nodes, ghost.tree, ghost.record,
                 ghost.deinstantiate, lambda: ghost.set("a", "b")):
        with pytest.raises(confreg.KeyDoesNotExist):
            read()
    for dn in ("", "a", "a/b//c", "a/b/c"):
        with pytest.raises(confreg.InvalidName):
            reg.at(dn)
    for name in ("", "..", "a/b"):
        with pytest.raises(confreg.InvalidName):
            cluster.node(name)
    with pytest.raises(TypeError):
        reg.at(None)


def test_a_removed_instance_is_not_brought_back(reg, cluster):
    node = cluster.node("slave0")
    cluster.deinstantiate()
    with pytest.raises(confreg.KeyDoesNotExist):
        node.status = "zombie"
    assert reg.kv.list("instances") == {}
