#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The session of the original project's README, as a program.

    readme.py [STORE-URL]         lmdb:/path, http://consul:8500/v1/kv, etcd://host:2379 ...
"""
import pathlib
import sys

import registry

HERE = pathlib.Path(__file__).resolve().parent
TEMPLATE = (HERE.parent / "hadoop" / "template.json").read_text()
TEMPLATE_YAML = (HERE.parent / "hadoop" / "template.yaml").read_text()
OPTIONS = (HERE.parent / "hadoop" / "options.json").read_text()


def main():
    registry.connect(*sys.argv[1:])

    # Register a new service template using default template type: json+jinja2
    registry.register("cdh", "5.7.0", "Hadoop", TEMPLATE, OPTIONS)
    # using template type: yaml+jinja2
    registry.register("cdh-yaml", "5.7.0", "Hadoop", TEMPLATE_YAML, OPTIONS,
                      templatetype="yaml+jinja2")

    # Instantiate a new cluster from a given service template
    cluster = registry.instantiate("jlopez", "cdh", "5.7.0", {"slaves.number": 3})
    print("made", cluster)

    # Retrieve a previously instantiated cluster instance
    cluster = registry.get_cluster_instance(user="jlopez", framework="cdh", flavour="5.7.0",
                                            id="1")
    # Alternatively you can retrieve it by DN
    cluster = registry.get_cluster_instance(dn="jlopez/cdh/5.7.0/1")

    # Retrieve a previously registered Template object
    template = registry.get_service_template("cdh", "5.7.0")
    print("template of", len(template.template), "characters:", template.description)

    nodes = cluster.nodes
    nodes[0].status = "running"
    for node in nodes:
        print(node.name, node.status, [disk.name for disk in node.disks][:2])
    print("services:", ", ".join(service.name for service in cluster.services))

    # Deregister a service template (removes it)
    registry.deregister("cdh", "5.7.0")
    # Deinstantiate a cluster instance (removes it)
    registry.deinstantiate("jlopez", "cdh", "5.7.0")
    print("left:", registry.query_clusters())


if __name__ == "__main__":
    main()
