# SPDX-License-Identifier: MIT
"""confreg template: every verb, and what each refuses."""
import json

import pytest


def test_register__prints_the_name_and_counts_options(confreg):
    result = confreg("template", "register", "hadoop", "1.0", "--file", "template.json", "--options",
                     "options.json")
    assert result.out == "templates/hadoop/1.0\n"
    assert "registered hadoop 1.0 (4 options, 1 required)" in result.err


def test_register__reads_stdin_and_takes_the_type_from_the_name(confreg):
    confreg("template", "register", "a", "1", "--file", "-", stdin=b'{"x": 1}')
    confreg("template", "register", "b", "1", "--file", "template.yaml", "--options", "options.json")
    types = {row["name"]: row["type"] for row in confreg("template", "list", "-o", "json").json()}
    assert types == {"a": "json+jinja2", "b": "yaml+jinja2"}


def test_register__keeps_every_property(confreg):
    (confreg.folder / "orc.sh").write_text("#!/bin/sh\n")
    confreg("template", "register", "a", "1", "--file", "template.yaml", "--options", "options.json",
            "--description", "text", "--logo-url", "http://x/y.png", "--orchestrator", "orc.sh",
            "--undefined", "lenient", "--yaml", "1.1", "--autoescape", "off", "--type", "yaml+jinja2")
    shown = confreg("template", "show", "a", "1", "-o", "json").json()
    wanted = {"description": "text", "logo_url": "http://x/y.png", "orchestrator": "#!/bin/sh\n",
              "undefined": "lenient", "yaml": "1.1", "autoescape": "off", "type": "yaml+jinja2",
              "body": (confreg.folder / "template.yaml").read_text()}
    assert {key: shown[key] for key in wanted} == wanted


def test_register__refuses_what_is_there_unless_replacing(registered):
    before = registered.snapshot()
    words = ["template", "register", "hadoop", "1.0", "--file", "template.yaml", "--options", "options.json"]
    result = registered.fails(4, *words)
    assert "--replace" in result.err
    assert registered.snapshot() == before
    registered(*words, "--replace")
    assert registered("template", "show", "hadoop", "1.0", "-o", "json").json()["type"] == "yaml+jinja2"


@pytest.mark.parametrize("body,options,code,text", [
    ("{% for %}", "{}", 7, "bad.json:1:"),
    ("ok {{ x | nofilter }}", "{}", 7, "nofilter"),
    ("{}", "not json", 7, ""),
    ("{}", "[1]", 7, ""),
    ("{}", '{"require": {}}', 7, "required"),
])
def test_register__refuses_bad_bodies_and_options(confreg, body, options, code, text):
    (confreg.folder / "bad.json").write_text(body)
    (confreg.folder / "bad-options.json").write_text(options)
    confreg("kv", "put", "a", "b", "-q")
    before = confreg.snapshot()
    result = confreg.fails(code, "template", "register", "a", "1", "--file", "bad.json", "--options",
                           "bad-options.json")
    assert text in result.err
    assert confreg.snapshot() == before


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\nb", "x" * 256, b"\xff\xfe"])
def test_register__refuses_bad_names(confreg, name):
    for words in ([name, "1"], ["a", name]):
        result = confreg.fails(7, "template", "register", *words, "--file", "template.json")
        assert "template" in result.err
    assert not (confreg.folder.parent / "store").exists()


def test_register__missing_files_are_not_found(confreg):
    assert "nothing.json" in confreg.fails(3, "template", "register", "a", "1", "--file", "nothing.json").err


def test_list__is_in_natural_order(confreg):
    for version in ("10.0", "9.1", "9.0"):
        confreg("template", "register", "a", version, "--file", "-", stdin=b"{}")
    assert confreg("template", "list", "a", "-o", "name").lines() == [
        "templates/a/9.0", "templates/a/9.1", "templates/a/10.0"]
    assert confreg("template", "list", "b", "-o", "json").json() == []


def test_show__body_and_options_are_byte_for_byte(registered):
    assert registered("template", "show", "hadoop", "1.0", "--body").out_bytes == \
        (registered.folder / "template.json").read_bytes()
    assert json.loads(registered("template", "show", "hadoop", "1.0", "--options").out) == \
        json.loads((registered.folder / "options.json").read_text())


def test_show__describes_the_options(registered):
    out = registered("template", "show", "hadoop", "1.0").out
    assert "How many slaves" in out and "slaves.number" in out and "required" in out


def test_show__says_what_is_near(registered):
    assert "hadoop" in registered.fails(3, "template", "show", "hadop", "1.0").err


def test_options__are_rows_of_the_document(registered):
    rows = registered("template", "options", "hadoop", "1.0", "-o", "json").json()
    assert [(row["name"], row["group"], row["type"], row["default"]) for row in rows] == [
        ("slaves.number", "required", "integer", 2), ("slaves.cpu", "optional", "integer", 1),
        ("label", "optional", "string", "hadoop"), ("master.cpu", "advanced", "integer", 2)]


def test_lint__of_a_file_needs_no_store(confreg):
    result = confreg("template", "lint", "--file", "template.json", "--options", "options.json")
    assert result.out == "" and "no findings" in result.err
    assert not (confreg.folder.parent / "store").exists()


def test_lint__names_file_line_and_rule(confreg):
    (confreg.folder / "bad.yaml").write_text(
        "nodes:\n  a:\n    name: a\n    disks:\n      d1:\n        name: d1\n        networks:\n"
        "          eth0: {name: eth0}\n")
    result = confreg.run("template", "lint", "--file", "bad.yaml")
    assert result.code == 7
    assert any(line.startswith("bad.yaml:7:") and ": error: " in line for line in result.lines()), result
    rows = confreg.run("template", "lint", "--file", "bad.yaml", "-o", "json").json()
    assert rows[0]["file"] == "bad.yaml" and rows[0]["line"] == 7 and rows[0]["rule"]


def test_lint__takes_options(registered):
    registered("template", "lint", "hadoop", "1.0", "--set", "slaves.number=5")
    assert registered.run("template", "lint", "hadoop", "1.0", "--set", "slaves.nmber=5").code == 7


def test_rm__names_the_instances_that_stay(instance):
    result = instance("template", "rm", "hadoop", "1.0", "-o", "json")
    assert result.json()["instances"] == ["instances/jlopez/hadoop/1.0/1"]
    assert "instances/jlopez/hadoop/1.0/1 still comes from it" in result.err
    assert instance("instance", "get", "jlopez/hadoop/1.0/1", "name").out == "hadoop\n"
    instance.fails(3, "template", "rm", "hadoop", "1.0")
