# SPDX-License-Identifier: MIT
"""The original's live objects: attributes, collections, text forms, orders."""
import json

import pytest

import registry
from upstream_support import cluster, small, store, store_url  # noqa: F401


def test_reading_and_writing_is_the_store(store, cluster):
    node = cluster.nodes[0]
    assert node.status == "pending"
    node.status = "running"
    assert store._kv.get("instances/jlopez/cdh/5.7.0/1/nodes/master0/status") == "running"
    store._kv.set("instances/jlopez/cdh/5.7.0/1/nodes/master0/status", "stopped")
    assert node.status == "stopped", "nothing is kept"


def test_values_are_text(cluster):
    node = cluster.nodes[0]
    assert (node.cpu, node.mem) == ("2", "2048")
    node.cpu = 8
    assert node.cpu == "8"
    node.flag = True
    assert node.flag == "True"


def test_text_forms(cluster):
    node = registry.Node(cluster.dn + "/nodes/master0/")
    assert str(node) == "instances/jlopez/cdh/5.7.0/1/nodes/master0"
    assert repr(node) == "Node(instances/jlopez/cdh/5.7.0/1/nodes/master0)"
    assert node.dn == node._endpoint == str(node)


def test_equality_and_order(cluster):
    nodes = cluster.nodes
    assert nodes[0] == registry.Node(nodes[0].dn)
    assert nodes[0] != nodes[1]
    assert sorted([nodes[2], nodes[0]]) == [nodes[0], nodes[2]]


def test_name_is_the_last_field(store, cluster):
    assert (cluster.name, cluster.nodes[1].name) == ("1", "slave0")
    assert store.get_product("cdh", "5.7.0").name == "cdh"


@pytest.mark.parametrize("name", ["dn", "name", "nodes", "services"])
def test_cluster_read_only(cluster, name):
    with pytest.raises(registry.ReadOnlyAttributeError, match=name):
        setattr(cluster, name, "x")


@pytest.mark.parametrize("name", ["services", "disks", "networks", "cluster"])
def test_node_read_only(cluster, name):
    with pytest.raises(registry.ReadOnlyAttributeError):
        setattr(cluster.nodes[0], name, [])


def test_get_with_default(cluster):
    hdfs = cluster.services[0]
    assert hdfs.get("dfs.blocksize") == "134217728"
    assert getattr(hdfs, "dfs.blocksize") == "134217728"
    assert hdfs.get("no") is None
    assert hdfs.get("no", "4G") == "4G"
    assert cluster.nodes[0].get("tags") is None, "a list has no text of its own"


def test_set_by_any_name(cluster):
    cluster.services[0].set("dfs.replication", 3)
    assert cluster.services[0].get("dfs.replication") == "3"


def test_missing_attribute(cluster):
    with pytest.raises(registry.KeyDoesNotExist) as caught:
        cluster.nodes[0].nothing
    assert "nothing" in caught.value.message
    assert not hasattr(cluster.nodes[0], "nothing")
    assert getattr(cluster.nodes[0], "nothing", 5) == 5


def test_collections(cluster):
    assert [n.name for n in cluster.nodes] == ["master0", "slave0", "slave1", "slave2"]
    assert [s.name for s in cluster.services] == ["hdfs", "yarn"]
    master = cluster.nodes[0]
    assert [s.dn for s in master.services] == [s.dn for s in cluster.services]
    assert [(d.name, d.mode) for d in master.disks] == [("disk1", "rw"), ("disk2", "ro")]
    assert [n.name for n in master.networks] == ["eth0", "eth1"]
    assert master.networks[0].networkname == "admin"
    assert [n.name for n in cluster.services[1].nodes] == ["master0"]
    assert cluster.services[0].nodes == cluster.nodes
    assert master.cluster == cluster
    kinds = [type(x).__name__ for x in (master, master.disks[0], master.networks[0],
                                        master.services[0], master.cluster)]
    assert kinds == ["Node", "Disk", "Network", "Service", "Cluster"]


def test_empty_collections(cluster):
    slave = cluster.nodes[1]
    assert slave.disks == [] and slave.networks == []
    with pytest.raises(registry.KeyDoesNotExist):
        registry.Node(cluster.dn + "/nodes/nobody").disks
    with pytest.raises(registry.KeyDoesNotExist):
        registry.Cluster("instances/no/such/1/1").nodes


def test_tags_and_check_ports_in_both_forms(cluster):
    node = cluster.nodes[0]
    assert sorted(node.tags) == ["db", "web"] and node.check_ports == [22, 80]
    node.tags = ["a", "b"]
    assert node.tags == ["a", "b"] and node.get("tags") == "a,b"
    node.check_ports = [1, 2]
    assert node.check_ports == [1, 2]
    assert cluster.nodes[1].tags == []


def test_set_attributes_disks_and_networks(cluster):
    cluster.set_attributes({"progress": 50, "step": 2})
    assert (cluster.progress, cluster.step) == ("50", "2")
    slave = cluster.nodes[1]
    slave.set_disks([{"name": "d1", "origin": "/x", "mode": "rw"}])
    assert [(d.name, d.origin) for d in slave.disks] == [("d1", "/x")]
    slave.set_networks([{"name": "eth0", "address": "10.0.0.1"}])
    assert slave.networks[0].address == "10.0.0.1"


def test_to_dict(store, cluster):
    assert cluster.nodes[0].to_dict() == {
        "dn": cluster.dn + "/nodes/master0", "name": "master0", "cpu": "2", "mem": "2048",
        "host": "", "status": "pending"}
    assert cluster.nodes[1].to_dict()["cpu"] is None
    assert cluster.to_dict() == {"dn": cluster.dn, "name": "1", "status": "registered"}
    assert cluster.nodes[0].networks[0].to_dict() == {
        "dn": cluster.dn + "/nodes/master0/networks/eth0", "name": "eth0", "device": "eth0",
        "bridge": "br0", "address": "dynamic", "netmask": "255.0.0.0", "gateway": "10.0.0.1"}
    assert set(cluster.nodes[0].disks[0].to_dict()) == {"dn", "name", "type", "mode", "origin",
                                                        "destination"}
    product = store.get_product("cdh", "5.7.0")
    assert product.to_dict() == {"dn": "templates/cdh/5.7.0", "name": "cdh", "version": "5.7.0",
                                 "description": "Hadoop", "logo_url": ""}
    assert json.loads(cluster.to_JSON()) == cluster.to_dict()


def test_compare_and_set_and_increment(cluster):
    assert cluster.increment("step") == 1
    cluster.compare_and_set("status", "registered", "scheduled")
    with pytest.raises(Exception, match="status"):
        cluster.compare_and_set("status", "registered", "scheduled")
    assert cluster.status == "scheduled"


def test_names_with_other_characters(store):
    small(store, name="c++", version="1.0")
    made = store.instantiate("jo@site", "c++", "1.0")
    assert made.status == "new"
    assert store.query_clusters("jo@site", "c++") == [made]
    assert store.query_products("c++")[0].name == "c++"
    made.nodes[0].set("a key/with slash?", "x")
    assert made.nodes[0].get("a key/with slash?") == "x"
    store.deinstantiate("jo@site", "c++", "1.0", made.name)
    assert store.query_clusters() is None
