# SPDX-License-Identifier: MIT
"""`confreg store check` finds what a server is set up to refuse.

CONFREG is the program. Each server here takes less than our driver believes: that is a broken
promise with the figure that was found, exit code 1, and nothing is left behind.
"""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import services  # noqa: E402

PROGRAM = os.environ.get("CONFREG", "confreg")
TAKES = 300000


class SmallEtcd(services.Etcd):
    def command(self, index):
        words, environment = super().command(index)
        return words + ["--max-request-bytes", str(TAKES)], environment


class SmallConsul(services.Consul):
    def command(self, index):
        words, environment = super().command(index)
        file = self.node_folder(index) / "consul.json"
        settings = json.loads(file.read_text())
        settings["limits"].update({"kv_max_value_size": TAKES, "txn_max_req_len": TAKES})
        file.write_text(json.dumps(settings))
        return words, environment


class SmallZooKeeper(services.ZooKeeper):
    def command(self, index):
        words, environment = super().command(index)
        return [words[0], "-Djute.maxbuffer=%d" % TAKES, *words[1:]], environment


def run(url, *words):
    return subprocess.run([PROGRAM, "--store", url, *words], capture_output=True, check=False,
                          timeout=120, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"})


@pytest.mark.parametrize("kind", [SmallConsul, SmallEtcd, SmallZooKeeper],
                         ids=lambda kind: kind.name)
def test_a_server_that_takes_less(kind):
    with kind(1) as service:
        url = service.url + "/check"
        result = run(url, "store", "check", "--quick", "-o", "json")
        left = run(url, "kv", "list", "-o", "name").stdout
    assert result.returncode == 1 and b"broken" in result.stderr, result
    rows = {row["name"]: row for row in json.loads(result.stdout)}
    for name in ("transaction_bytes", "value_bytes"):
        assert rows[name]["result"] == "broken" and "expected" in rows[name]["note"], rows[name]
        assert TAKES * 0.6 < rows[name]["value"] <= TAKES + 4096, rows[name]
    assert rows["compare_and_set"]["result"] == "ok" and left == b""
