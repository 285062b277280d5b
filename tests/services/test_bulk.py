# SPDX-License-Identifier: MIT
"""
ZooKeeper's multi-reads go over a second connection. Where that cannot be had, or breaks at any
point, everything is as it is with it, only slower.
"""
import os
import pathlib
import subprocess
import time

import pytest

import services
from proxy import Proxy

PROGRAM = os.environ.get("CONFREG", "confreg")
EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "hadoop"
KEYS = 200
TIMEOUT_MS = 2000


class OneConnection(services.ZooKeeper):
    def command(self, index):
        words, environment = super().command(index)
        file = self.node_folder(index) / "zoo.cfg"
        file.write_text(file.read_text().replace("maxClientCnxns=0", "maxClientCnxns=1"))
        return words, environment


def run(url, *words, stdin=""):
    return subprocess.run([PROGRAM, *words], env={**os.environ, "CONFREG_STORE": url}, text=True,
                          input=stdin, capture_output=True, timeout=90, check=False)


def good(url, *words, stdin=""):
    result = run(url, *words, stdin=stdin)
    assert result.returncode == 0, (words, result.stderr)
    return result.stdout


def whole_life(url):
    """What an instance looks like from its making to its end."""
    good(url, "template", "register", "hadoop", "1.0", "--file", str(EXAMPLE / "template.json"),
         "--options", str(EXAMPLE / "options.json"), "-q")
    dn = good(url, "instance", "create", "ann", "hadoop", "1.0", "--set", "slaves.number=12",
              "-o", "name").strip()
    seen = [good(url, "instance", "tree", dn, "-o", "json"), good(url, "instance", "nodes", dn),
            good(url, "kv", "list", "instances", "-o", "name")]
    good(url, "instance", "rm", dn, "-q")
    return seen + [good(url, "kv", "list", "instances", "-o", "name")]


def test_bulk__a_server_that_allows_one_connection():
    with services.start("zookeeper") as usual:
        expected = whole_life(usual.url)
    with OneConnection(1) as service:
        assert whole_life(service.url) == expected
    assert expected[0].count("slave") > 12 and expected[-1] == ""


@pytest.fixture(scope="module")
def filled():
    with services.start("zookeeper") as service:
        for number in range(4):
            lines = "".join('{"key": "many/d%d/k%03d", "value": "eA=="}\n' % (number, i)
                            for i in range(KEYS // 4))
            good(service.url, "kv", "import", "-", "--format", "jsonl", stdin=lines)
        yield service


@pytest.mark.parametrize("then", ["reset", "silence", "close", "half-close"])
@pytest.mark.parametrize("lost", ["reply", "request"])
@pytest.mark.parametrize("which", ["many/d0/k000", "many/d3/k049"])
def test_bulk__a_multi_read_that_is_lost(filled, which, lost, then):
    with Proxy(filled.ports[0][0]) as proxy:
        url = "zookeeper://127.0.0.1:%d/?timeout_ms=%d" % (proxy.port, TIMEOUT_MS)
        rule = (proxy.lose_reply if lost == "reply" else proxy.lose_request)(which.encode(), then)
        start = time.monotonic()
        listed = good(url, "kv", "list", "many", "-o", "name").split()
        assert rule.met.is_set()
        assert time.monotonic() - start < 2 * TIMEOUT_MS / 1000 + 3
    assert sorted(listed) == ["many/d%d/k%03d" % (number, i) for number in range(4)
                              for i in range(KEYS // 4)]
