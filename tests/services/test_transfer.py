# SPDX-License-Identifier: MIT
"""`confreg store copy` between LMDB and each server, and between servers, with 16,491 keys.

CONFREG is the program. A copy that is killed in the middle of a large instance leaves nothing
that anybody sees, and the next run does all that is missing.
"""
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import services  # noqa: E402

PROGRAM = os.environ.get("CONFREG", "confreg")
EXAMPLES = HERE.parents[1] / "examples/hadoop"
SLAVES = 200


def command(folder, *words, code=0, **more):
    result = subprocess.run([PROGRAM, *words], capture_output=True, check=False, timeout=200,
                            cwd=EXAMPLES, env={"PATH": os.environ["PATH"], "HOME": str(folder),
                                               "LC_ALL": "C.UTF-8", **more})
    assert result.returncode == code, (words, result.returncode, result.stderr)
    return result.stdout


def copy(folder, source, destination, *words, code=0):
    """The URLs come from the environment, as one would do with credentials in them."""
    text = command(folder, "store", "copy", "env:FROM", "env:TO", "-o", "json", *words, code=code,
                   FROM=source, TO=destination)
    return json.loads(text)


def export(folder, url):
    return command(folder, "kv", "export", "--store", url)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    folder = tmp_path_factory.mktemp("transfer")
    url = "lmdb:%s/large" % folder
    command(folder, "template", "register", "hadoop", "1.0", "--file", "template.json",
            "--options", "options.json", "-q", "--store", url)
    for slaves in (3, SLAVES):
        command(folder, "instance", "create", "bob", "hadoop", "1.0", "-q", "--store", url,
                "--set", "slaves.number=%d" % slaves)
    command(folder, "instance", "set", "bob/hadoop/1.0/2", "status=running", "-q", "--store", url)
    command(folder, "kv", "put", "plain/key", "value", "-q", "--store", url)
    return url


@pytest.fixture(params=sorted(services.KINDS))
def server(request):
    with services.start(request.param) as service:
        yield service


def test_there_and_back(server, large, tmp_path):
    there, back = server.url + "/there", "lmdb:%s/back" % tmp_path
    first = copy(tmp_path, large, there, "--verify")
    assert first["written"] == first["keys"] > 16000 and first["unequal"] == 0
    second = copy(tmp_path, large, there, "--verify")
    assert second["written"] == 0 and second["source_digest"] == first["source_digest"]
    third = copy(tmp_path, there, back, "--verify")
    assert third["written"] == first["keys"] and third["source_digest"] == first["source_digest"]
    assert export(tmp_path, back) == export(tmp_path, large)
    assert json.loads(command(tmp_path, "store", "fsck", "-o", "json", "--store", there))["findings"] == []


def stop_while_copying(folder, source, destination, keys):
    """Kill -9 once so many keys were written; the figure that was reached."""
    run = subprocess.Popen([PROGRAM, "store", "copy", "env:FROM", "env:TO", "--progress", "json"],
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=EXAMPLES,
                           env={"PATH": os.environ["PATH"], "HOME": str(folder), "FROM": source,
                                "TO": destination})
    done = 0
    for line in run.stderr:
        done = json.loads(line)["progress"]["done"] if '"progress"' in line else done
        if done > keys:
            run.kill()
            break
    run.stderr.read()
    run.wait(timeout=60)
    return done


def test_killed_and_run_again(server, large, tmp_path):
    there = server.url + "/killed?liveness_ms=2000"
    stop_while_copying(tmp_path, large, there, 6000)
    for row in json.loads(command(tmp_path, "instance", "list", "-o", "json", "--store", there)):
        tree = ("instance", "tree", row["dn"], "-o", "json")
        assert command(tmp_path, *tree, "--store", there) == command(tmp_path, *tree, "--store", large)
    begun = time.monotonic()
    report = copy(tmp_path, large, there, "--verify")
    assert report["unequal"] == 0 and report["differing"] == 0
    assert time.monotonic() - begun < 120
    assert export(tmp_path, there) == export(tmp_path, large)


def test_between_two_servers(large, tmp_path):
    with services.start("etcd") as one, services.start("consul") as other:
        copy(tmp_path, large, one.url)
        assert copy(tmp_path, one.url, other.url + "/x", "--verify")["unequal"] == 0
        assert export(tmp_path, other.url + "/x") == export(tmp_path, large)


def test_remove_of_an_uneven_instance(tmp_path):
    """One part of it is larger than a multi of ZooKeeper: it goes by its keys."""
    with services.start("zookeeper") as service:
        url = service.url + "/uneven"
        command(tmp_path, "template", "register", "hadoop", "1.0", "--file", "template.json",
                "--options", "options.json", "-q", "--store", url)
        command(tmp_path, "instance", "create", "bob", "hadoop", "1.0", "-q", "--store", url,
                "--set", "slaves.number=70")
        for part in range(7):
            command(tmp_path, "instance", "set", "bob/hadoop/1.0/1", "-q", "--store", url, "--timeout", "60s",
                    *("bulk/deep/a-rather-long-name-of-a-property-%d-%d=v" % (part, i) for i in range(1900)))
        command(tmp_path, "instance", "rm", "bob/hadoop/1.0/1", "-q", "--store", url, "--timeout", "60s")
        left = command(tmp_path, "kv", "list", "instances", "-o", "name", "--store", url)
        assert left == b""
        assert json.loads(command(tmp_path, "store", "fsck", "-o", "json", "--store", url))["findings"] == []
