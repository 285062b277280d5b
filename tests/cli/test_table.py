# SPDX-License-Identifier: MIT
"""The table: help, examples, man pages and did-you-mean, for every command there is."""
import json
import os
import re
import subprocess

import pytest

from conftest import HERE, PROGRAM

TABLE = json.loads(subprocess.run([PROGRAM, "__table"], capture_output=True, check=True).stdout)
COMMANDS = [row for row in TABLE if row["title"]]
EXAMPLES = [(row["title"], example) for row in TABLE for example in row["examples"]]
MANUAL = HERE.parent.parent / "docs" / "man"


def test_table__names_the_commands_of_the_manual():
    titles = {row["title"] for row in COMMANDS}
    for title in ("template register", "instance create", "instance rm", "kv import", "store fsck",
                  "render", "doctor", "completion"):
        assert title in titles


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["title"] or "confreg")
def test_help__has_what_usage_options_and_examples(confreg, row):
    words = row["title"].split()
    page = confreg(*words, "--help").out
    assert page.startswith(f"confreg {row['title']} - " if words else "confreg - ")
    for part in ("\nUsage:\n", "\nExamples:\n", "--store"):
        assert part in page
    assert len(row["examples"]) >= 2
    for name in row["options"]:
        assert f"--{name}" in page
    for name in row["arguments"]:
        assert f"  {name}" in page
    assert max(map(len, page.split("\nExamples:\n")[0].splitlines())) <= 80


@pytest.mark.parametrize("row", COMMANDS, ids=lambda row: row["title"])
def test_help__is_the_same_by_option_letter_and_verb(confreg, row):
    words = row["title"].split()
    page = confreg("help", *words).out
    assert page == confreg(*words, "--help").out == confreg("-h", *words).out


@pytest.mark.parametrize("title,example", EXAMPLES, ids=[title + ":" + example for title, example in EXAMPLES])
def test_examples__run_as_they_stand(instance, title, example):
    if "kv" in title or "store" in title or not title:
        instance("kv", "import", "export.json", "-q")
    run = subprocess.run(["bash", "-euo", "pipefail", "-c", example], cwd=instance.folder,
                         env=instance.env, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr + run.stdout
    assert "error" not in run.stderr


def test_man__every_page_is_up_to_date(confreg, tmp_path):
    confreg("__man", tmp_path / "man")
    made = {page.name: page.read_text() for page in (tmp_path / "man").iterdir()}
    kept = {page.name: page.read_text() for page in MANUAL.glob("*.1")}
    assert sorted(made) == sorted(kept), "run: confreg __man docs/man"
    for name, text in made.items():
        assert kept[name] == text, f"{name} is stale; run: confreg __man docs/man"


def test_man__there_is_a_page_for_every_command_and_noun():
    names = {page.stem for page in MANUAL.glob("*.1")}
    assert names == {"confreg"} | {"confreg-" + row["title"].replace(" ", "-") for row in COMMANDS}


@pytest.mark.parametrize("page", sorted(MANUAL.glob("*.1")), ids=lambda page: page.stem)
def test_man__pages_are_sound(page):
    run = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", str(page)], capture_output=True,
                         text=True, check=False)
    # The date is left out on purpose: pages must not change from day to day.
    complaints = [line for line in run.stdout.splitlines() if "date" not in line]
    assert (complaints, run.stderr) == ([], "")


def test_man__shows_the_options_and_examples_as_typed():
    run = subprocess.run(["man", "-l", str(MANUAL / "confreg-instance-create.1")], capture_output=True,
                         text=True, check=True, env={**os.environ, "MANWIDTH": "90", "LC_ALL": "C.UTF-8"})
    assert "confreg instance create jlopez hadoop 1.0 --set slaves.number=3" in run.stdout
    assert "--request-id ID" in run.stdout


@pytest.mark.parametrize("words,wanted", [
    (["instnace", "list"], "confreg instance"),
    (["list"], "confreg template list"),
    (["template", "regster", "a", "b"], "confreg template register"),
    (["instance", "craete"], "confreg instance create"),
    (["template", "register", "a", "1", "--fiel", "x"], "--file"),
    (["--stor", "x", "kv", "list"], "--store"),
    (["kv", "list", "-o", "jason"], "'json'"),
    (["help", "exitcodes"], "confreg help exit-codes"),
    (["doctr"], "confreg doctor"),
    (["completion", "bsh"], "'bash'"),
    (["--set", "a=1", "instance", "create"], "template lint"),
])
def test_mistyped__says_what_was_meant(confreg, words, wanted):
    result = confreg.fails(2, *words)
    assert "hint: " in result.err and wanted in result.err


@pytest.mark.parametrize("words", [
    [], ["template"], ["kv", "get"], ["kv", "get", "a", "b"], ["instance", "create", "u", "n"],
    ["template", "register", "a", "1"], ["kv", "list", "--depth"], ["kv", "list", "--depth", "x"],
    ["kv", "list", "--depth", "-1"], ["kv", "list", "--values=yes"], ["kv", "list", "-Z"],
    ["--timeout", "soon", "kv", "list"], ["--timeout", "0", "kv", "list"],
    ["instance", "set", "u/n/1/1", "novalue"], ["instance", "set", "u/n/1/1", "=x"],
    ["instance", "status"], ["template", "lint"], ["template", "show", "only-a-name"],
    ["instance", "rm", "u/n/1/1", "--all"], ["kv", "rm", "", "--recurse"], ["kv", "put", "k", "v", "--cas", "x"],
    ["instance", "set", "u/n/1/1", "a=1", "--increment", "2"], ["render", "-", "-c", "-"],
    ["help", "nothing-like-this"], ["help", "template", "nothing"],
])
def test_mistyped__exits_2_and_prints_nothing_on_stdout(confreg, words):
    result = confreg.fails(2, *words)
    assert result.out == ""


def test_options__may_stand_before_or_after_the_verb(confreg):
    confreg("kv", "put", "a", "1")
    for words in (["-o", "json", "kv", "list"], ["kv", "-o", "json", "list"], ["kv", "list", "-ojson"],
                  ["kv", "list", "--output=json"]):
        assert confreg(*words).json() == [{"key": "a"}]


def test_options__end_at_two_dashes(confreg):
    confreg("kv", "put", "-q", "--", "key", "--value")
    assert confreg("kv", "get", "key").out == "--value"


def test_aliases__nouns_and_verbs_have_them(instance):
    names = instance("instance", "list", "-o", "name").out
    assert instance("inst", "ls", "-o", "name").out == names == instance("instances", "ls", "-o", "name").out
    assert instance("tmpl", "ls", "-o", "name").out == "templates/hadoop/1.0\n"
    instance("tmpl", "delete", "hadoop", "1.0")


def test_version__is_the_same_everywhere(confreg):
    text = confreg("version").out
    assert re.fullmatch(r"confreg \d+\.\d+\.\d+\n", text)
    assert confreg("--version").out == confreg("-V").out == text
    assert text == f"confreg {confreg('version', '-o', 'json').json()['version']}\n"


@pytest.mark.parametrize("topic", ["filters", "tests", "functions", "exit-codes", "environment", "options"])
def test_topics__are_tables_and_json(confreg, topic):
    rows = confreg("help", topic, "-o", "json").json()
    assert len(rows) > 3
    assert len(confreg("help", topic).lines()) == len(rows) + 1


def test_topics__filters_are_those_of_the_engine(confreg):
    rows = {row["name"]: row for row in confreg("help", "filters", "-o", "json").json()}
    assert "join" in rows and rows["join"]["usage"].startswith("join(")
    assert all(row["text"] for row in rows.values())
