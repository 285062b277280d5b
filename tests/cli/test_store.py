# SPDX-License-Identifier: MIT
"""confreg store and doctor, and the ways in which a store can be bad."""
import os
import shutil
import subprocess
import tempfile

import pytest

from conftest import DN, PROGRAM, STORE

lmdb_only = pytest.mark.skipif(STORE != "lmdb", reason="damages a file of LMDB")


def store_folder(confreg):
    return confreg.folder.parent / "store"


def largest_file(confreg):
    return max(store_folder(confreg).iterdir(), key=lambda path: path.stat().st_size)


def test_info__has_driver_and_limits(instance):
    facts = instance("store", "info", "-o", "json").json()
    assert facts["driver"] == STORE.split(":")[0]
    assert facts["max_value_bytes"] >= 500000
    assert instance("store", "info").lines()[0].split() == ["FACT", "VALUE"]


def test_check_fsck_sweep_adopt__of_a_sound_store(instance):
    before = instance.snapshot()
    assert "sound" in instance("store", "check", "--read-only").err
    report = instance("store", "fsck", "-o", "json").json()
    assert report == {"checked": 1, "changed": 0, "findings": []}
    instance("store", "fsck", "--repair")
    assert instance("store", "sweep", "-o", "json").json()["findings"] == []
    instance("store", "adopt")
    assert instance.snapshot() == before


def measures(result):
    return {row["name"]: row for row in result.json()}


def test_check__measures_and_leaves_nothing(instance):
    before = instance.snapshot()
    result = instance("store", "check", "--quick", "-o", "json")
    rows = measures(result)
    assert "sound" in result.err and rows["driver"]["value"] == STORE.split(":")[0]
    assert [row for row in rows.values() if row["result"] == "broken"] == []
    for name in ("transaction_bytes", "value_bytes", "key_bytes"):
        assert rows[name]["unit"] == "bytes" and rows[name]["value"]
    assert rows["value_bytes"]["value"] == 512 * 1024
    for name in ("compare_and_set", "no_lost_updates", "reads_of_one_moment", "read_sees_every_write"):
        assert rows[name]["value"] == "yes"
    assert rows["liveness_runs_out"]["result"] == "left out"
    assert rows["put"]["unit"] == "us" and rows["put"]["value"] > 0
    assert instance.snapshot() == before


def test_check__tells_limits_that_info_tells(instance):
    facts = instance("store", "info", "-o", "json").json()
    rows = measures(instance("store", "check", "--quick", "-o", "json"))
    for name in ("transaction_operations", "transaction_bytes", "value_bytes", "key_bytes"):
        row, told = rows[name], facts["max_" + name]
        is_full = row["note"] == f"the bytes are full first; {told} are published"
        assert row["result"] != "broken"
        assert row["value"] < told if is_full else row["value"] == told
        assert not is_full or name == "transaction_operations"


@lmdb_only
def test_check__waits_for_a_liveness_to_run_out(instance):
    row = measures(instance("store", "check", "-o", "json"))["liveness_runs_out"]
    assert 900 <= row["value"] <= 3000 and row["result"] == ""


def test_check__takes_a_url_instead_of_the_store(confreg):
    rows = measures(confreg("store", "check", "memory:", "--quick", "-o", "json"))
    assert rows["driver"]["value"] == "memory"
    assert rows["reads_of_one_moment"]["result"] == "left out"
    rows = measures(confreg("store", "check", "env:OTHER", "--quick", "-o", "json", env={"OTHER": "memory:"}))
    assert rows["driver"]["value"] == "memory"
    assert "OTHER" in confreg.fails(2, "store", "check", "env:OTHER").err
    result = confreg.fails(2, "store", "check", "etcd://u:hunter2@host")
    assert "hunter2" not in result.err and "env:NAME" in result.err


def test_check__read_only_writes_nothing(instance):
    assert instance("store", "check", "--read-only").out == ""
    url = instance.url + ("&" if "?" in instance.url else "?") + "read_only=1"
    assert instance("store", "check", url).out == ""


def test_fsck__finds_a_tree_that_was_changed_behind_its_back(instance):
    instance("kv", "put", f"instances/{DN}/nodes/slave0/cpu", "99")
    result = instance.run("store", "fsck")
    assert result.code == 9 and DN in result.out and "1 finding left" in result.err
    assert instance.run("store", "fsck", "-o", "json").json()["findings"][0]["severity"] == "error"


def test_fsck__mends_what_can_be_mended(instance):
    counter = "_confreg/v1/n/jlopez,hadoop,1.0"
    assert instance("kv", "get", counter).out == "1"
    instance("kv", "put", counter, "0")
    result = instance.run("store", "fsck")
    assert result.code == 9 and "--repair" in result.err
    instance("store", "fsck", "--repair")
    assert instance("store", "fsck", "-o", "json").json()["findings"] == []
    assert instance("kv", "get", counter).out == "1"


def test_adopt__takes_in_what_others_wrote(registered):
    for name in ("name", "nodes/a/name", "nodes/a/status"):
        registered("kv", "put", f"instances/old/prod/1/7/{name}", "x", "-q")
    assert registered("instance", "list", "-o", "json").json() == []
    before = registered.snapshot()
    assert registered("store", "adopt", "--dry-run", "-o", "json").json()["changed"] == 1
    assert registered.snapshot() == before
    registered("store", "adopt")
    assert registered("instance", "list", "-o", "name").lines() == ["instances/old/prod/1/7"]


def test_doctor__of_a_sound_store(instance):
    rows = {row["check"]: row for row in instance("doctor", "-o", "json").json()}
    assert rows["store"]["result"] == rows["books"]["result"] == rows["contents"]["result"] == "ok"
    assert "1 service templates, 1 instances" in rows["contents"]["text"]


@lmdb_only
def test_doctor__without_a_store_makes_none(confreg):
    rows = {row["check"]: row for row in confreg("doctor", "-o", "json").json()}
    assert rows["store"]["result"] == "warn" and "register" in rows["store"]["hint"]
    assert not store_folder(confreg).exists()


@lmdb_only
@pytest.mark.parametrize("words", [["template", "list"], ["instance", "list"], ["kv", "list"], ["kv", "get", "a"],
                                   ["kv", "export"], ["store", "info"], ["store", "fsck", "--repair"],
                                   ["instance", "rm", "a/b/c/1"], ["kv", "rm", "a"],
                                   ["instance", "create", "a", "b", "1"]])
def test_missing__is_not_found_and_not_made(confreg, words):
    assert "confreg template register" in confreg.fails(3, *words).err
    assert not store_folder(confreg).exists()


@lmdb_only
def test_foreign__file_is_refused(confreg):
    store_folder(confreg).mkdir()
    for name in ("data.mdb", "confreg.mdb"):
        (store_folder(confreg) / name).write_bytes(b"this is no database" * 1000)
    assert confreg.run("kv", "put", "a", "b").code in (7, 9)


@lmdb_only
@pytest.mark.parametrize("part", [0.5, 0.9])
def test_truncated__file_is_damaged(registered, part):
    for number in range(30):
        registered("kv", "put", f"fill/{number}", "x" * 20000, "-q")
    path = largest_file(registered)
    os.truncate(path, int(path.stat().st_size * part) // 4096 * 4096)
    for words in (["kv", "list", "--values"], ["store", "check"], ["kv", "put", "a", "b"]):
        result = registered.run(*words, "-q")
        assert result.code == 9, result
    doctor = registered.run("doctor")
    assert doctor.code == 9 and "fail" in doctor.out


@pytest.fixture
def other_user():
    """The words before a command that run it as somebody without rights to our files."""
    if os.geteuid() != 0:
        return []
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    if subprocess.run([*user, "test", "-x", PROGRAM], check=False).returncode != 0:
        pytest.skip("cannot run the program as another user here")
    return user


@lmdb_only
def test_read_only__folder_is_permission_denied(instance, other_user):
    """Readers of LMDB, too, must write into its table of readers: better refused than unsafe."""
    with tempfile.TemporaryDirectory() as place:
        shutil.copytree(store_folder(instance), place + "/store")
        subprocess.run(["chmod", "-R", "u=rwX,a+rX" if other_user else "a=rX", place], check=True)
        instance.env["CONFREG_STORE"] = f"lmdb:{place}/store"
        for words in (["instance", "list"], ["kv", "put", "a", "b"]):
            run = subprocess.run([*other_user, PROGRAM, *words], capture_output=True, text=True,
                                 env=instance.env, check=False)
            assert run.returncode == 8 and place in run.stderr, run
        subprocess.run(["chmod", "-R", "u=rwX", place], check=True)


@pytest.mark.parametrize("url", ["nonsense:", "://", "redis://localhost", "lmdb:/tmp/x?nonsense=1", "x"])
def test_url__wrong_is_usage(confreg, url):
    confreg.fails(2, "--store", url, "kv", "list")


@pytest.mark.parametrize("url", ["consul://user:hunter2@localhost", "etcd://u:hunter2@h1,h2/root",
                                 "consul://localhost?token=hunter2", "zookeeper://h?dc=x&password=hunter2"])
def test_url__with_credentials_is_refused_without_showing_them(confreg, url):
    result = confreg.fails(2, "--store", url, "kv", "list")
    assert "hunter2" not in result.err and "CONFREG_STORE" in result.err


def test_memory__lives_as_long_as_a_command(confreg):
    confreg("--store", "memory:", "kv", "put", "a", "b")
    assert confreg("--store", "memory:", "kv", "list", "-o", "json").json() == []


def test_store__option_wins_over_the_environment(confreg):
    confreg("kv", "put", "here", "1")
    assert confreg("kv", "list", "-o", "name", "--store", "memory:").lines() == []


@lmdb_only
def test_store__the_default_lies_in_the_data_folder(confreg):
    env = {"CONFREG_STORE": "", "XDG_DATA_HOME": str(confreg.folder / "data")}
    confreg("kv", "put", "a", "b", env=env)
    assert (confreg.folder / "data" / "confreg").is_dir()
    assert confreg("kv", "get", "a", env=env).out == "b"
