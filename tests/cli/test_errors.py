# SPDX-License-Identifier: MIT
"""Exit codes: each one of the list, from a command that earns it."""
import json
import os
import re

import pytest

from conftest import DN, HERE, STORE

HEADER = HERE.parent.parent / "include" / "confreg" / "error.h"


def test_codes__the_topic_lists_those_of_the_header(confreg):
    header = {int(code) for code in re.findall(r"X\(\w+, \d+, (\d+),", HEADER.read_text())}
    listed = {int(row["code"]) for row in confreg("help", "exit-codes", "-o", "json").json()}
    assert listed == header - {70}


@pytest.mark.parametrize("code,words,stdin", [
    (0, ["instance", "list"], b""),
    (2, ["instance", "lst"], b""),
    (3, ["instance", "show", "a/b/c/1"], b""),
    (4, ["template", "register", "hadoop", "1.0", "--file", "template.json"], b""),
    (4, ["instance", "set", DN, "status=x", "--if-value", "never"], b""),
    (7, ["render", "-"], b"{% for %}"),
    (7, ["instance", "create", "u", "hadoop", "1.0"], b""),
    (10, ["render", "-"], b"{{ 'x' * 99999999999 }}"),
])
def test_codes__earned(instance, code, words, stdin):
    result = instance.run(*words, stdin=stdin)
    assert result.code == code, result


@pytest.mark.parametrize("code,status,words", [
    (2, "USAGE", ["kv", "lst"]), (3, "NOT_FOUND", ["kv", "get", "nothing"]),
    (4, "EXISTS", ["template", "register", "hadoop", "1.0", "--file", "template.json"]),
    (7, "INVALID_OPTIONS", ["instance", "create", "u", "hadoop", "1.0"]),
    (7, "INVALID_NAME", ["instance", "show", "a/b"]),
])
def test_codes__are_named_in_json(instance, code, status, words):
    result = instance.run("--error-format=json", *words)
    error = json.loads(result.err.splitlines()[-1])["error"]
    assert (error["exit_code"], error["status"], result.code) == (code, status, code)
    assert error["message"]


def test_unreachable__is_5(confreg):
    url = "consul://127.0.0.1:1"
    result = confreg.run("--store", url, "--timeout", "1s", "kv", "list")
    if result.code == 2 and "not in this build" in result.err:
        pytest.skip("built without consul")
    assert result.code == 5 and result.out == "", result


@pytest.mark.skipif(STORE != "lmdb", reason="about a file")
def test_permission__is_8(confreg):
    if os.geteuid() == 0:
        confreg.env["CONFREG_STORE"] = "lmdb:/proc/nothing/here"
    else:
        os.chmod(confreg.folder, 0o555)
        confreg.env["CONFREG_STORE"] = f"lmdb:{confreg.folder}/store"
    assert confreg.run("kv", "put", "a", "b").code in (3, 5, 8)


def test_messages__are_one_line_whatever_the_argument(confreg):
    result = confreg.fails(3, "render", "a\nconfreg: error: fake\x1b[31m")
    assert len(result.err.splitlines()) == 1 and "\x1b" not in result.err


def test_messages__are_utf8_whatever_the_argument(confreg):
    result = confreg.run("kv", "get", b"\xff\xfe", env={"LC_ALL": "C"})
    assert result.code in (3, 7)
    assert "\ufffd" not in result.err
    (confreg.folder / "x").write_text("")
    error = confreg.run("--error-format=json", b"\xff\xfe").err
    assert json.loads(error)["error"]["exit_code"] == 2


def test_prefix__a_property_beside_a_collection(registered):
    """disks_required shares a prefix with disks, and is not part of it."""
    (registered.folder / "p.json").write_text(
        '{"nodes": {"a": {"name": "a", "disks_required": "2", "disks": {"d1": {"name": "d1"}}}}}')
    registered("template", "register", "p", "1", "--file", "p.json")
    dn = registered("instance", "create", "u", "p", "1").out.strip()
    assert [row["name"] for row in registered("instance", "disks", dn + "/nodes/a", "-o", "json").json()] == ["d1"]
    registered("instance", "unset", dn, "nodes/a/disks", "--tree")
    assert registered("instance", "get", dn, "nodes/a/disks_required").out == "2\n"
