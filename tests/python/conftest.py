# SPDX-License-Identifier: MIT
"""A fresh registry for each test of the package, by store URL.

CONFREG_TEST_STORE names a server's URL (tests/services/suites.py sets it); without it the tests
run in memory and on LMDB. On a server each test works below a root of its own.
"""
import os
import uuid

import pytest

import confreg

SERVER = os.environ.get("CONFREG_TEST_STORE")

OPTIONS = {
    "required": {},
    "optional": {"slaves": 3, "cpu": 2},
    "advanced": {},
    "descriptions": {"slaves": "How many slaves", "cpu": "Processors of each"},
}
BODY = """{
  "status": "new", "dns name": "{{ instancename }}",
  "nodes": { {%- for n in range(opts.slaves) %}
    "slave{{ n }}": {
      "name": "slave{{ n }}", "status": "pending", "cpu": {{ opts.cpu }}, "load": 0.5,
      "is_up": true, "tags": ["web", "db"], "check_ports": [22, 80], "host": "h{{ n }}",
      "disks": {"disk2": {"mode": "rw"}, "disk10": {"mode": "ro"}, "disk1": {"mode": "rw"}},
      "networks": {"eth0": {"address": "_"}},
      "services": ["hdfs"] } {{- "," if not loop.last }}{% endfor %} },
  "services": {"hdfs": {"status": "stopped", "dfs.blocksize": 1024, "nodes": [
    {%- for n in range(opts.slaves) %}"slave{{ n }}"{{ "," if not loop.last }}{% endfor %}]}}
}"""


def shared_url(folder):
    """A store that several handles can open: LMDB, or a root of its own on the server."""
    if SERVER:
        return "%s/%s" % (SERVER.rstrip("/"), uuid.uuid4().hex)
    return "lmdb:%s/store" % folder


@pytest.fixture(params=["server"] if SERVER else ["memory", "lmdb"])
def url(request, tmp_path):
    return "memory:" if request.param == "memory" else shared_url(tmp_path)


@pytest.fixture(name="shared_url")
def shared_url_fixture(tmp_path):
    return shared_url(tmp_path)


@pytest.fixture
def reg(url):
    with confreg.open(url) as opened:
        opened.register("web", "1.0", BODY, OPTIONS)
        yield opened


@pytest.fixture
def cluster(reg):
    return reg.instantiate("jlopez", "web", "1.0")
