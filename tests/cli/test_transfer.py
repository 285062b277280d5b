# SPDX-License-Identifier: MIT
"""confreg store copy: from one store to another, as often as it takes."""
import json
import signal
import subprocess
import time

import pytest

from conftest import DN, PROGRAM

OTHER = "bob/hadoop/1.0/1"


@pytest.fixture
def target(confreg, tmp_path):
    return f"lmdb:{tmp_path}/target"


@pytest.fixture
def filled(instance):
    """Two users, a removed id, an edited instance, plain keys, keys of another program."""
    for slaves in (1, 3):
        instance("instance", "create", "bob", "hadoop", "1.0", "--set", f"slaves.number={slaves}", "-q")
    instance("instance", "rm", "bob/hadoop/1.0/2", "-q")
    instance("instance", "set", OTHER, "status=running", "-q")
    for key in ("site/a", "site/b/c", "top", "instances/old/prod/1/7/name", "instances/loose"):
        instance("kv", "put", key, "value of " + key, "-q")
    return instance


def copy(confreg, target, *more, code=0):
    result = confreg.run("store", "copy", "env:CONFREG_STORE", target, "-o", "json", *more)
    assert result.code == code, result
    return result.json()


def export(confreg, url):
    return json.loads(confreg("kv", "export", "--store", url).out)


def test_copy__everything_and_then_nothing(filled, target):
    before = filled.snapshot()
    first = copy(filled, target, "--verify")
    assert first["written"] == first["keys"] > 100 and first["instances"] == 2
    assert first["source_digest"] == first["destination_digest"] and first["unequal"] == 0
    assert export(filled, target) == json.loads(before)
    again = copy(filled, target, "--verify")
    assert again["written"] == 0 and again["keys"] == first["keys"]
    assert again["source_digest"] == first["source_digest"]
    assert filled.snapshot() == before
    assert "unrecorded" in filled("store", "fsck", "--store", target).out


def test_copy__goes_on_with_ids_where_the_source_was(filled, target):
    copy(filled, target)
    made = filled("instance", "create", "bob", "hadoop", "1.0", "-o", "name", "--store", target,
                  "--set", "slaves.number=1")
    assert made.lines() == ["instances/bob/hadoop/1.0/3"]
    status = filled("instance", "status", "--request", "order-1", "-o", "json", "--store", target).json()
    assert status["dn"] == f"instances/{DN}"


def test_copy__never_lowers_a_counter(filled, target):
    copy(filled, target)
    filled("instance", "create", "bob", "hadoop", "1.0", "--set", "slaves.number=1", "-q", "--store", target)
    copy(filled, target)
    assert filled("kv", "get", "_confreg/v1/n/bob,hadoop,1.0", "--store", target).out == "3"


def test_copy__leaves_what_differs_unless_forced(filled, target):
    copy(filled, target)
    filled("instance", "set", DN, "nodes/slave0/status=broken", "-q", "--store", target)
    filled("kv", "put", "site/a", "mine", "-q", "--store", target)
    filled("kv", "put", "site/extra", "mine", "-q", "--store", target)
    filled("template", "register", "hadoop", "1.0", "--replace", "--file", "template.json", "--options",
           "options.json", "--description", "changed", "-q", "--store", target)
    before = export(filled, target)
    report = copy(filled, target, code=4)
    assert report["differing"] == 3 and report["written"] == 0
    assert {row["key"] for row in report["findings"]} == {
        f"instances/{DN}", "site/a", "templates/hadoop/1.0"}
    assert export(filled, target) == before
    assert copy(filled, target, "--verify", code=4)["unequal"] == 3
    assert copy(filled, target, "--force", "--dry-run")["written"] > 0
    assert export(filled, target) == before
    assert copy(filled, target, "--force", "--verify")["unequal"] == 0
    after = {row["key"]: row["value"] for row in export(filled, target)}
    expected = {row["key"]: row["value"] for row in json.loads(filled.snapshot())}
    extra = {key for key in after if key not in expected}
    assert extra == {"site/extra", "_confreg/v1/e/jlopez,hadoop,1.0,1"}
    assert all(after[key] == value for key, value in expected.items())


def test_copy__replaces_another_instance_of_the_same_name(filled, target):
    filled("template", "register", "hadoop", "1.0", "--file", "template.json", "--options",
           "options.json", "-q", "--store", target)
    filled("instance", "create", "jlopez", "hadoop", "1.0", "--set", "slaves.number=5", "-q", "--store", target)
    report = copy(filled, target, code=4)
    assert f"instances/{DN}" in {row["key"] for row in report["findings"]}
    copy(filled, target, "--force", "--verify")
    tree = ("instance", "tree", DN, "-o", "json")
    assert filled(*tree, "--store", target).out == filled(*tree).out
    assert filled("instance", "show", DN, "-o", "json", "--store", target).json()["request_id"] == "order-1"


def test_copy__by_prefix(filled, target):
    assert copy(filled, target, "--prefix", "instances/bob")["instances"] == 1
    assert filled("instance", "list", "-o", "name", "--store", target).lines() == [f"instances/{OTHER}"]
    assert copy(filled, target, "--prefix", "templates/hadoop/")["templates"] == 1
    assert copy(filled, target, "--prefix", "site/b")["written"] == 1
    keys = {row["key"].split("/")[0] for row in export(filled, target)}
    assert keys == {"instances", "templates", "site", "_confreg"}
    assert filled("store", "fsck", "--store", target, "-o", "json").json()["findings"] == []


@pytest.mark.parametrize("prefix", ["_confreg", "_confreg/v1/c", f"instances/{DN}/nodes", "templates/hadoop/1.0/body"])
def test_copy__refuses_parts_of_a_whole(filled, target, prefix):
    filled.fails(2, "store", "copy", "env:CONFREG_STORE", target, "--prefix", prefix)
    assert export(filled, target) == []


def test_copy__refuses_credentials_and_missing_sources(filled, target, tmp_path):
    for words in (["etcd://u:hunter2@h", target], ["env:CONFREG_STORE", "consul://h?token=hunter2"]):
        result = filled.fails(2, "store", "copy", *words)
        assert "hunter2" not in result.err and "env:NAME" in result.err
    filled.fails(2, "store", "copy", "env:CONFREG_STORE", "env:NOT_THERE")
    filled.fails(3, "store", "copy", f"lmdb:{tmp_path}/nowhere", target)
    assert not (tmp_path / "target").exists() and not (tmp_path / "nowhere").exists()


def test_copy__dry_run_writes_nothing(filled, target):
    assert copy(filled, target, "--dry-run")["written"] > 100
    assert export(filled, target) == []


def test_copy__a_hidden_instance_stays_behind(instance, target):
    """Without its record nobody sees it; so nobody gets it, but as keys of another program."""
    instance("kv", "put", "_confreg/v1/i/jlopez,hadoop,1.0,9", '{"f":1,"r":"x","op":"create","n":1}', "-q")
    instance("kv", "put", "instances/jlopez/hadoop/1.0/9/half", "x", "-q")
    copy(instance, target)
    assert not [row for row in export(instance, target) if "1.0/9" in row["key"] or "1.0,9" in row["key"]]


def crowd(confreg, count):
    for _ in range(count):
        confreg("instance", "create", "crowd", "hadoop", "1.0", "--set", "slaves.number=8", "-q")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_copy__goes_on_after_it_was_stopped(registered, target, how):
    """However it is stopped, what is there is whole, and the next run does the rest only."""
    crowd(registered, 25)
    words = [PROGRAM, "store", "copy", "env:CONFREG_STORE", target, "--progress", "json"]
    run = subprocess.Popen(words, cwd=registered.folder, env=registered.env, stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE, text=True)
    seen = 0
    for line in run.stderr:
        seen = json.loads(line)["progress"]["done"] if "progress" in line else seen
        if seen > 2000:
            run.send_signal(how)
            break
    run.stderr.read()
    code = run.wait(timeout=30)
    time.sleep(0.1)
    assert code in (130, -9, 0)
    sound = registered("store", "fsck", "--store", target, "-o", "json").json()
    assert sound["findings"] == []
    rest = copy(registered, target, "--verify")
    assert rest["unequal"] == 0 and rest["written"] < rest["keys"]
    assert export(registered, target) == json.loads(registered.snapshot())
