# SPDX-License-Identifier: MIT
"""The session of the original's README, start to end; nothing but `print` is written anew."""
import json

import pytest

import registry
from upstream_support import EXAMPLES, store_url  # noqa: F401


@pytest.mark.parametrize("kind", ["json", "yaml"])
def test_readme_session(store_url, kind, capsys):
    with open(EXAMPLES / "hadoop" / f"template.{kind}") as source:
        template = source.read()
    with open(EXAMPLES / "hadoop" / "options.json") as source:
        options = source.read()
    name, version, description = "cdh", "5.7.0", "Cloudera's Hadoop"
    before = registry._kv
    try:
        session(store_url, kind, name, version, description, template, options)
    finally:
        opened, registry._kv = registry._kv, before
        opened.registry.close()
    printed = capsys.readouterr().out.split()
    assert printed == ["_"] * 6


def session(url, kind, name, version, description, template, options):
    registry.connect(url)

    # Register a new service template using default template type: json+jinja2
    if kind == "json":
        registry.register(name, version, description, template, options)
    # using template type: yaml+jinja2
    else:
        registry.register(name, version, description, template, options,
                          templatetype="yaml+jinja2")

    # Instantiate a new cluster from a given service template
    cluster = registry.instantiate("jlopez", name, version, {"slaves.number": 4})

    # Retrieve a previously instantiated cluster instance
    same = registry.get_cluster_instance(user="jlopez", framework="cdh", flavour="5.7.0", id="1")
    assert same == cluster
    # Alternatively you can retrieve it by DN
    cluster = registry.get_cluster_instance(dn="jlopez/cdh/5.7.0/1")
    assert cluster == same

    # Retrieve a previously registered Template object
    templateProxy = registry.get_service_template(name, version)
    assert templateProxy.template == template
    assert json.loads(templateProxy.options) == json.loads(options)
    assert templateProxy.description == description

    nodes = cluster.nodes
    services = cluster.services
    assert len(services) > 0

    for node in nodes:
        print(node.status)

    nodes[0].status = "running"
    assert cluster.nodes[0].status == "running"
    assert nodes[0].networks[0].networkname == "admin"

    # Copy recursively an instance into a new one (the README's recipe)
    kv = registry._kv
    slave0 = kv.recurse("instances/jlopez/cdh/5.7.0/1/nodes/slave0")
    slave9 = {k.replace("slave0", "slave9"): slave0[k] for k in slave0.keys()}
    for k in slave9.keys():
        kv.set(k, slave9[k])
    assert "slave9" in [node.name for node in cluster.nodes]

    # Deregister a service template (removes it)
    registry.deregister(name, version)
    assert registry.query_products() is None

    # Deinstantiate a cluster instance (removes it)
    registry.deinstantiate("jlopez", "cdh", "5.7.0")
    assert registry.query_clusters() is None
