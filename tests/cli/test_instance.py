# SPDX-License-Identifier: MIT
"""confreg instance: every verb, and what each refuses."""
import json

import pytest

from conftest import DN, FULL_DN
from test_output import on_terminal

CREATE = ["instance", "create", "jlopez", "hadoop", "1.0"]


def test_create__prints_the_dn_and_nothing_else(registered):
    result = registered(*CREATE, "--set", "slaves.number=2")
    assert result.out == FULL_DN + "\n"
    assert "created, " in result.err and " keys in " in result.err
    assert registered(*CREATE, "--set", "slaves.number=2", "-o", "name").out == FULL_DN[:-1] + "2\n"


def test_create__the_last_option_wins(registered):
    (registered.folder / "label").write_text("from file")
    registered(*CREATE, "--set", "slaves.number=1", "-f", "more.yaml", "--set-file", "label=label")
    options = registered("instance", "show", DN, "-o", "json").json()["options"]
    assert options == {"slaves.number": 4, "label": "from file"}
    registered(*CREATE, "--set-file", "label=label", "-f", "more.yaml", "--set-json", "slaves.number=1")
    options = registered("instance", "show", DN[:-1] + "2", "-o", "json").json()["options"]
    assert options == {"slaves.number": 1, "label": "from-a-file"}


def test_create__reads_options_from_stdin(registered):
    registered(*CREATE, "-f", "-", stdin=b'{"slaves.number": 3}')
    assert len(registered("instance", "nodes", DN, "-o", "json").json()) == 4


def test_create__numbers_keep_their_spelling(registered):
    (registered.folder / "o.yaml").write_text("slaves.number: 1\nlabel: 5.10\n")
    registered(*CREATE, "-f", "o.yaml")
    assert registered("instance", "get", DN, "nodes/slave0/tags").out == "slave,5.10\n"
    registered(*CREATE, "--set", "slaves.number=1", "--set-json", "label=1.50")
    assert registered("instance", "get", DN[:-1] + "2", "nodes/slave0/tags").out == "slave,1.50\n"


def test_create__dry_run_writes_nothing(registered):
    before = registered.snapshot()
    rows = registered(*CREATE, "--set", "slaves.number=1", "--dry-run", "-o", "json").json()
    assert registered.snapshot() == before
    values = {row["key"].split("/", 5)[-1]: row["value"] for row in rows}
    assert values["nodes/slave0/name"] == "slave0" and values["services/yarn/nodes/slave0"] == ""
    assert "nodes" in registered(*CREATE, "--set", "slaves.number=1", "--dry-run", "-o", "tree").out


def test_create__a_request_id_makes_one_instance(registered):
    words = [*CREATE, "--set", "slaves.number=1", "--request-id", "r-1"]
    first = registered(*words, "-o", "json").json()
    again = registered(*words, "-o", "json").json()
    assert (first["dn"], first["was_repeated"]) == (FULL_DN, False)
    assert (again["dn"], again["was_repeated"]) == (FULL_DN, True)
    assert len(registered("instance", "list", "-o", "name").lines()) == 1


@pytest.mark.parametrize("words,code,texts", [
    ([], 7, ["slaves.number"]),
    (["--set", "slaves.nubmer=2"], 7, ["slaves.number", "slaves.nubmer"]),
    (["--set", "slaves.number=two"], 7, ["slaves.number"]),
    (["--set-json", "slaves.number={"], 7, ["slaves.number"]),
    (["--set", "novalue"], 2, ["name=value"]),
    (["-f", "missing.yaml"], 3, ["missing.yaml"]),
    (["-f", "logo.bin"], 7, ["logo.bin"]),
    (["--set-file", "label=logo.bin", "--set", "slaves.number=1"], 7, ["UTF-8"]),
    (["--set", "slaves.number=1", "--set", b"label=\xff"], 7, ["UTF-8"]),
])
def test_create__refuses_bad_options(registered, words, code, texts):
    before = registered.snapshot()
    result = registered.fails(code, *CREATE, *words)
    assert all(text in result.err for text in texts), result
    assert registered.snapshot() == before


@pytest.mark.parametrize("body,code,text", [
    ("not json", 7, "bad.json"), ('{"a": null}', 7, "null"), ('{"a": [[1]]}', 7, "list"),
    ('{"a": 1, "a": 2}', 7, "a"), ('{"a": {{ nothing }} }', 7, "nothing"),
    ('{"a": "{{ 1 // 0 }}"}', 7, "zero"),
    ('{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}{}', 10, ""),
    ('{"a": "{{ "x" * 999999999999 }}"}', 10, ""),
])
def test_create__refuses_bad_bodies(confreg, body, code, text):
    (confreg.folder / "bad.json").write_text(body)
    confreg("template", "register", "bad", "1", "--file", "bad.json")
    before = confreg.snapshot()
    result = confreg.fails(code, "instance", "create", "u", "bad", "1")
    assert text in result.err or "bad/1" in result.err, result
    assert confreg.snapshot() == before


def test_create__unknown_template_says_what_is_near(registered):
    assert "hadoop" in registered.fails(3, "instance", "create", "u", "hadop", "1.0").err


@pytest.mark.parametrize("user", ["", ".", "..", "a/b", "a\tb", "x" * 256, b"\xff"])
def test_create__refuses_bad_users(registered, user):
    before = registered.snapshot()
    registered.fails(7, "instance", "create", user, "hadoop", "1.0", "--set", "slaves.number=1")
    assert registered.snapshot() == before


def test_list__filters(instance):
    instance("instance", "create", "ada", "hadoop", "1.0", "--set", "slaves.number=1", "-q")
    names = instance("instance", "list", "-o", "name").lines()
    assert names == ["instances/ada/hadoop/1.0/1", FULL_DN]
    assert instance("instance", "list", "ada", "-o", "name").lines() == names[:1]
    assert instance("instance", "list", "jlopez", "hadoop", "1.0", "-o", "name").lines() == names[1:]
    assert instance("instance", "list", "nobody", "-o", "json").json() == []


def test_show__has_the_commit_record(instance):
    row = instance("instance", "show", FULL_DN, "-o", "json").json()
    assert row["dn"] == FULL_DN and row["request_id"] == "order-1" and row["keys"] > 20
    assert row["options"] == {"slaves.number": "2"} and len(row["digest"]) == 32
    assert row["created"].endswith("Z") and "@" in row["author"]


def test_tree__is_nested_and_cut_by_depth(instance):
    tree = instance("instance", "tree", DN, "-o", "json").json()
    assert tree["nodes"]["slave0"]["disks"]["disk1"]["mode"] == "rw"
    assert sorted(tree["services"]["yarn"]["nodes"]) == ["master0", "slave0", "slave1"]
    out = instance("instance", "tree", DN, "--depth", "1").out
    assert "nodes" in out and "slave0" not in out
    out = instance("instance", "tree", DN + "/nodes/slave0", "--values").out
    assert "cpu = 1" in out and "master0" not in out
    paths = instance("instance", "tree", DN, "-o", "name").lines()
    assert "nodes/slave0/disks/disk1/mode" in paths and "services/yarn/nodes/slave1" in paths


def test_get__one_many_and_joined(instance):
    assert instance("instance", "get", DN, "nodes/slave0/cpu").out == "1\n"
    assert instance("instance", "get", DN + "/nodes/slave0", "cpu").out == "1\n"
    assert instance("instance", "get", DN + "/nodes/slave0/cpu").out == "1\n"
    assert instance("instance", "get", FULL_DN + "/nodes/slave0/cpu").out == "1\n"
    rows = instance("instance", "get", DN, "name", "status", "-o", "json").json()
    assert [row["value"] for row in rows] == ["hadoop", "registered"]


@pytest.mark.parametrize("words,code", [
    (["get", DN, "nothing"], 3), (["get", DN[:-1] + "9", "name"], 3), (["get", DN], 2),
    (["get", "jlopez/hadoop", "name"], 7), (["show", "a/b/c/d"], 3), (["show", DN + "/nodes/slave0"], 7),
    (["tree", "a/b/c/9"], 3), (["nodes", DN + "/nodes/slave0"], 7), (["disks", DN], 7),
    (["disks", DN + "/nodes/slave7"], 3), (["nodes", "a/b/c/9"], 3), (["show", "a//c/1"], 7),
    (["set", DN[:-1] + "9", "a=1"], 3), (["unset", DN, "nothing"], 3), (["rm", "a/b/c/1"], 3),
    (["copy", DN + "/nodes/slave7", DN + "/nodes/slave8"], 3),
    (["copy", DN + "/nodes/slave0", DN + "/nodes/slave1"], 4),
    (["status", "--request", "never"], 3), (["tags", DN + "/nodes/slave7"], 3),
])
def test_refused__with_the_right_code_and_nothing_changed(instance, words, code):
    before = instance.snapshot()
    instance.fails(code, "instance", *words)
    assert instance.snapshot() == before


def test_set__changes_all_or_nothing(instance):
    instance("instance", "set", DN, "nodes/slave0/status=running", "nodes/slave1/status=down", "extra=a=b")
    assert instance("instance", "get", DN, "nodes/slave1/status").out == "down\n"
    assert instance("instance", "get", DN, "extra").out == "a=b\n"
    before = instance.snapshot()
    assert instance.run("instance", "set", DN, "status=x", "nodes//bad=y").code == 7
    assert instance.snapshot() == before


def test_set__values_from_files_and_stdin(instance):
    (instance.folder / "v").write_text("two\nlines\n")
    instance("instance", "set", DN, "a=@v", "b=@-", "c=@@literal", "d=-", stdin=b"from stdin")
    value = [instance("instance", "get", DN, name, "-o", "json").json()["value"] for name in "abcd"]
    assert value == ["two\nlines\n", "from stdin", "@literal", "-"]


def test_set__conditions(instance):
    instance("instance", "set", DN, "status=running", "--if-value", "registered")
    assert instance.fails(4, "instance", "set", DN, "status=x", "--if-value", "registered")
    instance("instance", "set", DN, "owner=me", "--if-absent")
    instance.fails(4, "instance", "set", DN, "owner=you", "--if-absent")
    assert instance("instance", "get", DN, "owner").out == "me\n"


def test_set__increment_prints_the_sum(instance):
    assert instance("instance", "set", DN, "progress", "--increment", "5").out == "5\n"
    assert instance("instance", "set", DN, "progress", "--increment", "-7").out == "-2\n"
    assert instance("instance", "set", DN, "fresh", "--increment", "1", "-o", "json").json()["value"] == 1
    instance.fails(7, "instance", "set", DN, "name", "--increment", "1")


def test_unset__one_or_a_tree(instance):
    instance("instance", "unset", DN, "nodes/slave0/cpu")
    instance.fails(3, "instance", "get", DN, "nodes/slave0/cpu")
    instance("instance", "unset", DN, "nodes/slave1", "--tree")
    assert [row["name"] for row in instance("instance", "nodes", DN, "-o", "json").json()] == ["master0", "slave0"]


def test_parts__in_natural_order(registered):
    registered(*CREATE, "--set", "slaves.number=11", "-q")
    nodes = [row["name"] for row in registered("instance", "nodes", DN, "-o", "json").json()]
    assert nodes == ["master0"] + [f"slave{n}" for n in range(11)]
    disks = registered("instance", "disks", DN + "/nodes/slave10", "-o", "name").lines()
    assert disks == [f"{FULL_DN}/nodes/slave10/disks/disk{n}" for n in (1, 2)]
    assert registered("instance", "services", DN + "/nodes/slave3", "-o", "name").lines() == \
        [FULL_DN + "/services/yarn"]
    assert registered("instance", "nodes", DN + "/services/yarn", "--no-headers").lines()[-1].split()[0] == "slave10"


def test_tags__of_text_and_of_keys(instance):
    assert instance("instance", "tags", DN + "/nodes/slave0", "-o", "name").lines() == ["slave", "hadoop"]
    assert instance("instance", "tags", DN + "/nodes/master0", "check_ports", "-o", "name").lines() == ["22", "8088"]


def test_copy__a_node(instance):
    result = instance("instance", "copy", DN + "/nodes/slave0", DN + "/nodes/slave00", "--membership")
    assert result.out == DN + "/nodes/slave00\n"
    assert instance("instance", "get", DN, "nodes/slave00/name").out == "slave00\n"
    assert len(instance("instance", "nodes", DN + "/services/yarn", "-o", "json").json()) == 4
    before = instance.snapshot()
    instance("instance", "copy", DN + "/nodes/slave0", DN + "/nodes/slave9", "--dry-run")
    assert instance.snapshot() == before


def test_status__tells_what_became_of_a_request(instance):
    assert instance("instance", "status", "--request", "order-1", "-o", "name").out == FULL_DN + "\n"


def test_rm__exactly_one(registered):
    for _ in range(10):
        registered(*CREATE, "--set", "slaves.number=1", "-q")
    result = registered("instance", "rm", DN)
    assert result.out == "" and f"removed {FULL_DN}" in result.err
    names = registered("instance", "list", "-o", "name").lines()
    assert FULL_DN not in names and FULL_DN + "0" in names and len(names) == 9


def test_rm__three_words_take_the_only_one(instance):
    instance("instance", "rm", "jlopez", "hadoop", "1.0")
    instance.fails(3, "instance", "rm", "jlopez", "hadoop", "1.0")


def test_rm__three_words_refuse_several_and_list_them(instance):
    instance(*CREATE, "--set", "slaves.number=1", "-q")
    result = instance.run("instance", "rm", "jlopez", "hadoop", "1.0")
    assert result.code == 4 and FULL_DN in result.err and "--all" in result.err
    assert len(instance("instance", "list", "-o", "name").lines()) == 2


def test_rm__several_need_yes_without_a_terminal(instance):
    instance(*CREATE, "--set", "slaves.number=1", "-q")
    for words in (["jlopez", "hadoop", "1.0", "--all"], [DN, DN[:-1] + "2"]):
        result = instance.run("instance", "rm", *words)
        assert result.code == 2 and "--yes" in result.err
    removed = instance("instance", "rm", "jlopez", "hadoop", "1.0", "--all", "--yes", "-o", "name").lines()
    assert removed == [FULL_DN, FULL_DN[:-1] + "2"]
    assert instance("instance", "list", "-o", "json").json() == []


@pytest.mark.parametrize("answer,wanted,left", [(b"n\n", 1, 2), (b"\n", 1, 2), (b"\x04", 1, 2), (b"\x03", 130, 2),
                                                (b"y\n", 0, 0)])
def test_rm__several_ask_on_a_terminal(instance, answer, wanted, left):
    instance(*CREATE, "--set", "slaves.number=1", "-q")
    code, output = on_terminal(instance, "instance", "rm", "jlopez", "hadoop", "1.0", "--all", columns=100,
                               answer=answer)
    assert "remove 2 instances? [y/N]" in output
    assert code == wanted
    assert len(instance("instance", "list", "-o", "json").json()) == left


def test_rm__a_typo_in_the_last_dn_removes_nothing(instance):
    instance.fails(3, "instance", "rm", DN, DN[:-1] + "7", "--yes")
    assert instance("instance", "list", "-o", "name").lines() == [FULL_DN]


def test_rm__an_id_is_never_used_again(instance):
    instance("instance", "rm", DN)
    assert instance(*CREATE, "--set", "slaves.number=1").out == FULL_DN[:-1] + "2\n"


def test_names__are_escaped_in_dns(registered):
    dn = registered("instance", "create", "a user", "hadoop", "1.0", "--set", "slaves.number=1").out.strip()
    assert dn == "instances/a=20user/hadoop/1.0/1"
    assert registered("instance", "list", "a user", "-o", "json").json()[0]["user"] == "a user"
    registered("instance", "rm", "a user", "hadoop", "1.0")


def test_types__yaml_gives_the_same_tree(instance):
    instance("template", "register", "hadoop", "y", "--file", "template.yaml", "--options", "options.json")
    instance("instance", "create", "jlopez", "hadoop", "y", "--set", "slaves.number=2")
    assert instance("instance", "tree", "jlopez/hadoop/y/1", "-o", "json").json() == \
        instance("instance", "tree", DN, "-o", "json").json()
    assert json.dumps(instance("instance", "nodes", "jlopez/hadoop/y/1", "-o", "json").json())
