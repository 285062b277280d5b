# SPDX-License-Identifier: MIT
"""A fresh store for each test of the original's modules, by store URL.

CONFREG_TEST_STORE names a server's URL (tests/services/suites.py sets it); without it the tests
run in memory and on LMDB. On a server each test works below a root of its own.
"""
import json
import os
import pathlib
import uuid

import pytest

import registry

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
SERVER = os.environ.get("CONFREG_TEST_STORE")

NO_OPTIONS = {"required": {}, "optional": {}, "advanced": {}}
OPTIONS = {
    "required": {"slaves.number": 3},
    "optional": {"cpu": 2, "disks.use": True, "heap": "4G"},
    "advanced": {"dfs.blocksize": 134217728},
    "descriptions": {"slaves.number": "How many slaves"},
}
BODY = """{
  "name": "{{ instancename }}", "status": "registered", "dnsname": "{{ clusterid }}", "step": 0,
  "nodes": {
    "master0": {
      "name": "master0", "status": "pending", "cpu": {{ opts['cpu'] }}, "mem": 2048, "host": "",
      "docker_image": "img:1", "tags": ["web", "db"], "check_ports": [22, 80], "csv": "a, b ,c",
      "disks": {"disk1": {"name": "disk1", "type": "ssd", "origin": "/data/1",
                          "destination": "/d1", "mode": "rw"},
                "disk2": {"name": "disk2", "type": "sata", "origin": "/data/2",
                          "destination": "/d2", "mode": "ro"}},
      "networks": {"eth1": {"networkname": "storage", "device": "eth1", "address": "_"},
                   "eth0": {"networkname": "admin", "device": "eth0", "bridge": "br0",
                            "address": "dynamic", "netmask": "255.0.0.0", "gateway": "10.0.0.1"}},
      "services": ["hdfs", "yarn"]
    }{% for n in range(opts['slaves.number']) %},
    "slave{{ n }}": {"name": "slave{{ n }}", "status": "pending",
                     "use_custom_disks": {{ opts['disks.use']|tojson }}, "services": ["hdfs"]}
    {%- endfor %}
  },
  "services": {
    "yarn": {"status": "pending", "nodes": ["master0"]},
    "hdfs": {"status": "pending", "dfs.blocksize": {{ opts['dfs.blocksize'] }},
             "heap": "{{ opts['heap'] }}",
             "nodes": ["master0"{% for n in range(opts['slaves.number']) %}, "slave{{ n }}"
                       {%- endfor %}]}
  }
}"""
SMALL = '{"status": "new", "nodes": {"n1": {"name": "n1", "status": "x"}}}'


def url_of(kind, folder):
    """A URL whose store nobody used before."""
    if kind == "memory":
        return "memory:"
    if kind == "lmdb":
        return f"lmdb:{folder}/store"
    base, mark, query = SERVER.partition("?")
    return f"{base.rstrip('/')}/t{uuid.uuid4().hex[:12]}{mark}{query}"


KINDS = ["server"] if SERVER else ["memory", "lmdb"]


@pytest.fixture(params=KINDS)
def store_url(request, tmp_path):
    """The URL of a fresh store."""
    return url_of(request.param, tmp_path)


@pytest.fixture
def store(store_url):
    """The module `registry`, connected to a fresh store."""
    before = registry._kv
    registry.connect(store_url)
    yield registry
    opened = registry._kv
    registry._kv = before
    if opened._registry is not None:
        opened._registry.close()


@pytest.fixture
def cluster(store):
    """An instance with a master, three slaves and two services."""
    store.register("cdh", "5.7.0", "Hadoop", BODY, json.dumps(OPTIONS))
    return store.instantiate("jlopez", "cdh", "5.7.0", {"slaves.number": 3})


def small(store, name="small", version="1.0", body=SMALL, **more):
    """Register a small service template."""
    return store.register(name, version, "", body, json.dumps(NO_OPTIONS), **more)
