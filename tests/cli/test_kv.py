# SPDX-License-Identifier: MIT
"""confreg kv: raw keys, any bytes, export and import in Consul's form."""
import base64
import json

import pytest
import yaml

VALUES = {"a/text": b"hello", "a/empty": b"", "a/binary": bytes(range(256)), "a/unicode": "日本 é".encode(),
          "a/lines": b"one\ntwo\n", "b/10": b"ten", "b/1": b"one", "b/1/deep/er": b"x"}


@pytest.fixture
def filled(confreg):
    for key, value in VALUES.items():
        confreg("kv", "put", key, "-", "-q", stdin=value)
    return confreg


def test_get__is_byte_for_byte(filled):
    for key, value in VALUES.items():
        assert filled("kv", "get", key).out_bytes == value


def test_get__as_json_is_text_or_base64(filled):
    row = filled("kv", "get", "a/binary", "-o", "json").json()
    assert base64.b64decode(row["value"]["b64"]) == VALUES["a/binary"]
    assert filled("kv", "get", "a/unicode", "-o", "json").json()["value"] == "日本 é"
    assert filled("kv", "get", "a/empty", "-o", "json").json()["value"] == ""


def test_get__missing_is_not_empty(filled):
    assert "a/nothing" in filled.fails(3, "kv", "get", "a/nothing").err
    filled.fails(3, "kv", "get", "a")
    assert filled("kv", "get", "a/empty").out == ""


def test_put__literal_file_and_escape(confreg):
    confreg("kv", "put", "k", "@logo.bin")
    assert confreg("kv", "get", "k").out_bytes == (confreg.folder / "logo.bin").read_bytes()
    confreg("kv", "put", "k", "@@at")
    assert confreg("kv", "get", "k").out == "@at"
    confreg.fails(3, "kv", "put", "k", "@missing")
    assert confreg("kv", "get", "k").out == "@at"


@pytest.mark.parametrize("key", ["", "a//b", "/a", "a/", "a/../b", "x" * 3000, "a\nb"])
def test_put__refuses_bad_keys(filled, key):
    before = filled.snapshot()
    assert filled.run("kv", "put", key, "v").code in (7, 10)
    assert filled.snapshot() == before


def test_put__refuses_a_value_that_is_too_large(filled):
    before = filled.snapshot()
    filled.fails(10, "kv", "put", "big", "-", stdin=b"x" * (600 * 1024))
    assert filled.snapshot() == before


def test_put__compare_and_set(confreg):
    confreg("kv", "put", "k", "1", "--cas", "absent")
    confreg.fails(4, "kv", "put", "k", "2", "--cas", "absent")
    version = confreg("kv", "get", "k", "-o", "json").json()["version"]
    confreg("kv", "put", "k", "2", "--cas", version)
    result = confreg.fails(4, "kv", "put", "k", "3", "--cas", version)
    assert "hint" in result.err and confreg("kv", "get", "k").out == "2"


def test_list__sorted_by_prefix_of_segments(filled):
    assert filled("kv", "list", "-o", "name").lines() == sorted(VALUES)
    assert filled("kv", "list", "b/1", "-o", "name").lines() == ["b/1/deep/er"]
    assert filled("kv", "list", "b/", "-o", "name").lines() == ["b/1", "b/1/deep/er", "b/10"]
    assert filled("kv", "list", "c", "-o", "json").json() == []


def test_list__depth_limit_and_after(filled):
    assert filled("kv", "list", "--depth", "1", "-o", "name").lines() == ["a/", "b/"]
    first = filled("kv", "list", "--limit", "3", "-o", "name")
    assert first.lines() == sorted(VALUES)[:3] and "--after a/lines" not in first.out
    rest = filled("kv", "list", "--after", first.lines()[-1], "-o", "name").lines()
    assert first.lines() + rest == sorted(VALUES)


def test_rm__one_key_and_not_its_neighbours(filled):
    filled("kv", "rm", "b/1")
    assert filled("kv", "list", "b", "-o", "name").lines() == ["b/1/deep/er", "b/10"]
    filled.fails(3, "kv", "rm", "b/1")


def test_rm__recurse_takes_the_key_and_what_is_below(filled):
    result = filled("kv", "rm", "b/1", "--recurse")
    assert "removed 2 keys" in result.err
    assert filled("kv", "list", "b", "-o", "name").lines() == ["b/10"]
    filled.fails(3, "kv", "rm", "b/1", "-r")


def test_rm__everything_needs_force(filled):
    before = filled.snapshot()
    for prefix in ("", "/"):
        assert "--force" in filled.fails(2, "kv", "rm", prefix, "--recurse").err
    assert filled.snapshot() == before
    filled("kv", "rm", "", "--recurse", "--force")
    assert filled("kv", "list", "-o", "json").json() == []


def test_copy__one_key_or_a_subtree(filled):
    filled("kv", "copy", "b/1", "b/2")
    assert filled("kv", "list", "b/2", "-o", "name").lines() == []
    assert filled("kv", "get", "b/2").out == "one"
    filled("kv", "copy", "a", "z/a", "--recurse")
    for name in ("text", "empty", "binary"):
        assert filled("kv", "get", f"z/a/{name}").out_bytes == VALUES[f"a/{name}"]


def test_copy__writes_over_nothing_unless_forced(filled):
    before = filled.snapshot()
    filled.fails(4, "kv", "copy", "a/text", "b/10")
    filled.fails(4, "kv", "copy", "a", "b", "--recurse")
    filled.fails(3, "kv", "copy", "nothing", "new")
    filled.fails(2, "kv", "copy", "a", "a/b", "--recurse")
    assert filled.snapshot() == before
    filled("kv", "copy", "a/text", "b/10", "--force")
    assert filled("kv", "get", "b/10").out == "hello"


def test_export__is_the_form_of_consul(filled):
    out = filled("kv", "export").out
    entries = json.loads(out)
    assert {entry["key"]: base64.b64decode(entry["value"]) for entry in entries} == VALUES
    assert all(entry["flags"] == 0 and list(entry) == ["key", "flags", "value"] for entry in entries)
    # The very bytes that `consul kv export` prints: Go's MarshalIndent with a tab.
    assert out == json.dumps(entries, indent="\t", ensure_ascii=False) + "\n"
    assert filled("kv", "export", "b/1").json()[0]["key"] == "b/1"
    assert filled("kv", "export", "nothing").out == "[]\n"


@pytest.mark.parametrize("form,ending", [("json", "json"), ("jsonl", "jsonl"), ("yaml", "yaml")])
def test_import__brings_back_what_was_exported(filled, form, ending):
    out = filled("kv", "export", "--format", form).out
    if form == "yaml":
        assert {entry["key"]: base64.b64decode(entry["value"]) for entry in yaml.safe_load(out)} == VALUES
    (filled.folder / f"backup.{ending}").write_text(out)
    before = filled.snapshot()
    filled("kv", "rm", "", "--recurse", "--force")
    result = filled("kv", "import", f"backup.{ending}")
    assert "imported 8 keys" in result.err
    assert filled.snapshot() == before
    filled("kv", "rm", "", "--recurse", "--force")
    filled("kv", "import", "-", "--format", form, stdin=out.encode())
    assert filled.snapshot() == before


def test_import__takes_what_consul_writes(confreg):
    text = '[{"key": "a", "flags": 42, "value": "aGk="}, {"key": "b", "flags": 0, "value": null}]'
    confreg("kv", "import", "-", stdin=text.encode())
    assert confreg("kv", "get", "a").out == "hi" and confreg("kv", "get", "b").out == ""


@pytest.mark.parametrize("text", [
    "", "{", "{}", "[1]", '[{"flags": 0}]', '[{"key": ""}]', '[{"key": "a"}]', '[{"key": "a", "value": 1}]',
    '[{"key": "a", "value": "a"}]', '[{"key": "a", "value": "aGk"}]', '[{"key": "a", "value": "aGk=="}]',
    '[{"key": "a", "value": "aGl="}]', '[{"key": "a", "value": "a Gk"}]', '[{"key": "a", "value": "====" }]',
    '[{"key": "a", "value": "aGk="}, {"key": "a", "value": "aGk="}]',
    '[{"key": "good", "value": "aGk="}, {"key": "a//b", "value": "aGk="}]',
])
def test_import__refuses_bad_files_and_writes_nothing(filled, text):
    before = filled.snapshot()
    filled.fails(7, "kv", "import", "-", stdin=text.encode())
    assert filled.snapshot() == before


def test_import__names_the_line_of_bad_json_lines(confreg):
    good = '{"key": "a", "flags": 0, "value": ""}\n'
    (confreg.folder / "x.jsonl").write_text(good + "\n" + "{oops\n")
    assert "x.jsonl:3" in confreg.fails(7, "kv", "import", "x.jsonl").err


def test_import__dry_run_writes_nothing(confreg):
    result = confreg("kv", "import", "export.json", "--dry-run")
    assert "2 keys" in result.err
    assert not (confreg.folder.parent / "store").exists()


def test_import__fourteen_thousand_keys(confreg):
    entries = [{"key": f"n/{n % 100}/{n}", "flags": 0, "value": "dg=="} for n in range(14000)]
    confreg("kv", "import", "-", stdin=json.dumps(entries).encode())
    assert len(confreg("kv", "list", "-o", "name").lines()) == 14000
