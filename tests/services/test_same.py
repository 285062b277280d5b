# SPDX-License-Identifier: MIT
"""The same work on every store leaves the same store: exports are equal byte for byte.

CONFREG is the program. Times, request ids and the author are the same by their nature or given;
the one thing that differs from run to run, the time in records, is replaced by a word.
"""
import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import services  # noqa: E402

PROGRAM = os.environ.get("CONFREG", "confreg")
EXAMPLES = HERE.parents[1] / "examples/hadoop"
TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def value_of(row):
    """The bytes of a key's value; base64 in an export."""
    value = row["value"] if "value" in row else row["Value"]
    return base64.b64decode(value or "")


def work(url, folder):
    """Everything that changes a store, once; the export and all that readers print."""
    printed = []

    def run(*words, code=0):
        result = subprocess.run([PROGRAM, *words], capture_output=True, check=False, timeout=120,
                                cwd=EXAMPLES, env={"PATH": os.environ["PATH"], "HOME": str(folder),
                                                   "LC_ALL": "C.UTF-8", "CONFREG_STORE": url})
        assert result.returncode == code, (words, result.stderr)
        printed.append(TIME.sub(b"TIME", result.stdout))

    run("template", "register", "hadoop", "1.0", "--file", "template.json",
        "--options", "options.json", "-q")
    for number, slaves in enumerate((2, 12, 3), 1):
        run("instance", "create", "bob", "hadoop", "1.0", "--set", "slaves.number=%d" % slaves,
            "--request-id", "order-%d" % number, "-q")
    run("instance", "set", "bob/hadoop/1.0/1", "status=running", "nodes/slave0/status=up")
    run("instance", "set", "bob/hadoop/1.0/1", *("bulk/k%d=v%d" % (i, i) for i in range(150)))
    run("instance", "copy", "bob/hadoop/1.0/1/nodes/slave0", "bob/hadoop/1.0/1/nodes/slave7")
    run("instance", "unset", "bob/hadoop/1.0/2", "nodes/slave11", "--tree")
    run("instance", "rm", "bob/hadoop/1.0/3", "-q")
    run("kv", "put", "plain/key", "value")
    run("instance", "list", "-o", "json")
    run("instance", "tree", "bob/hadoop/1.0/1", "-o", "json")
    run("instance", "show", "bob/hadoop/1.0/2", "-o", "json")
    run("instance", "status", "--request", "order-2", "-o", "json")
    run("instance", "get", "bob/hadoop/1.0/1", "nodes/slave11/status", code=3)
    run("store", "fsck", "-q")
    run("kv", "export")
    printed[-1] = [(row["key"] if "key" in row else row["Key"], TIME.sub(b"TIME", value_of(row)))
                   for row in json.loads(printed[-1])]
    return printed


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lmdb")
    return work("lmdb:%s/store" % folder, folder)


@pytest.mark.parametrize("kind", sorted(services.KINDS))
def test_same_work_same_store(kind, expected, tmp_path):
    with services.start(kind) as service:
        found = work(service.url + "/same", tmp_path)
    for wanted, got in zip(expected, found):
        assert wanted == got
