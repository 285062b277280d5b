# SPDX-License-Identifier: MIT
"""Formats: each is what a program or a person can use, on stdout and nowhere else."""
import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import termios

import pytest
import yaml

from conftest import DN, FULL_DN, PROGRAM

READERS = [
    ["template", "list"], ["template", "show", "hadoop", "1.0"], ["template", "options", "hadoop", "1.0"],
    ["template", "lint", "hadoop", "1.0"],
    ["instance", "list"], ["instance", "show", DN], ["instance", "tree", DN],
    ["instance", "get", DN, "name"], ["instance", "get", DN, "name", "status"],
    ["instance", "nodes", DN], ["instance", "services", DN], ["instance", "disks", DN + "/nodes/slave0"],
    ["instance", "networks", DN + "/nodes/slave0"], ["instance", "tags", DN + "/nodes/slave0"],
    ["instance", "status", "--request", "order-1"],
    ["instance", "create", "jlopez", "hadoop", "1.0", "--set", "slaves.number=1", "--dry-run"],
    ["kv", "list"], ["kv", "list", "--values"], ["kv", "get", "templates/hadoop/1.0/version"],
    ["store", "info"], ["store", "fsck"], ["store", "sweep"], ["store", "adopt", "--dry-run"],
    ["version"], ["help", "exit-codes"], ["doctor"],
]


def on_terminal(confreg, *words, columns=60, env=None, answer=None):
    """Run with stdin, stdout and stderr on a terminal of so many columns."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    # A session of its own with the terminal in control, so that ^C becomes a signal.
    process = subprocess.Popen(["setsid", "--ctty", PROGRAM, *words], stdin=follower, stdout=follower,
                               stderr=follower, cwd=confreg.folder, start_new_session=False,
                               env={**confreg.env, "TERM": "xterm", **(env or {})})
    os.close(follower)
    output = b""
    while True:
        if not select.select([leader], [], [], 60)[0]:
            process.kill()
            pytest.fail("nothing more was said for a minute, after %r" % output)
        try:
            part = os.read(leader, 65536)
        except OSError:
            break
        if not part:
            break
        output += part
        if answer is not None and b"[y/N] " in output:
            os.write(leader, answer)
            answer = None
    os.close(leader)
    return process.wait(timeout=30), output.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("words", READERS, ids=lambda words: "_".join(words[:2]) + str(len(words)))
def test_formats__every_reader_speaks_all_of_them(instance, words):
    as_json = instance(*words, "-o", "json")
    value = as_json.json()
    assert yaml.safe_load(instance(*words, "-o", "yaml").out) is not None or value in ([], {})
    for line in instance(*words, "-o", "jsonl").lines():
        json.loads(line)
    for form in ("table", "wide", "name", "tree"):
        instance(*words, "-o", form)


def test_yaml__is_the_same_value_as_json(instance):
    for words in (["instance", "tree", DN], ["template", "options", "hadoop", "1.0"], ["instance", "list"]):
        assert yaml.safe_load(instance(*words, "-o", "yaml").out) == instance(*words, "-o", "json").json()


def test_jsonl__has_one_row_a_line(instance):
    rows = instance("template", "options", "hadoop", "1.0", "-o", "json").json()
    lines = instance("template", "options", "hadoop", "1.0", "-o", "jsonl").lines()
    assert [json.loads(line) for line in lines] == rows


def test_name__feeds_other_commands(instance):
    name = instance("instance", "list", "-o", "name").out.strip()
    assert name == FULL_DN
    assert instance("instance", "get", name, "name").out == "hadoop\n"
    template = instance("template", "list", "-o", "name").out.strip()
    assert template == "templates/hadoop/1.0"
    assert instance("template", "show", template, "-o", "name").out.strip() == template


def test_table__has_headers_unless_told(instance):
    head, row = instance("instance", "list").lines()
    assert head.split() == ["DN", "STATUS", "KEYS", "CREATED", "AUTHOR"]
    assert row.startswith(FULL_DN)
    (bare,) = instance("instance", "list", "--no-headers").lines()
    assert bare.split() == row.split()


def test_table__is_never_cut_in_a_pipe(confreg):
    long = "x" * 500
    confreg("kv", "put", "k", long)
    assert long in confreg("kv", "list", "--values", env={"COLUMNS": "40"}).out


def test_table__fits_the_terminal(confreg):
    confreg("kv", "put", "k", "x" * 500)
    code, output = on_terminal(confreg, "kv", "list", "--values", columns=40)
    assert code == 0
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in output.splitlines()]
    assert max(map(len, lines)) == 40 and lines[1].endswith("…")


def test_table__counts_wide_characters(confreg):
    confreg("kv", "put", "a", "日本")
    confreg("kv", "put", "b", "x")
    lines = confreg("kv", "list", "-o", "wide").lines()
    # Two characters of two columns each stand as far as four letters.
    assert lines[1].index("日") == lines[2].index("x")
    gap = [len(line) - len(line.rstrip("0123456789.")) for line in lines[1:]]
    assert len(lines[1]) - gap[0] + 2 == len(lines[2]) - gap[1]


def test_table__shows_no_control_bytes(confreg):
    confreg("kv", "put", "k", "a\x1b[31mred\nline\x7f\x9b")
    for form in ("table", "wide", "tree", "name"):
        out = confreg("kv", "list", "--values", "-o", form).out
        assert "\x1b" not in out and "\x7f" not in out
    assert r"a\x1b[31mred\nline\x7f" in confreg("kv", "list", "--values").out


def test_color__only_on_a_terminal(instance):
    assert "\x1b" not in instance("instance", "list").out
    assert "\x1b[" in on_terminal(instance, "instance", "list")[1]
    assert "\x1b[" not in on_terminal(instance, "instance", "list", env={"NO_COLOR": "1"})[1]
    assert "\x1b[" not in on_terminal(instance, "instance", "list", env={"TERM": "dumb"})[1]
    assert "\x1b[" not in on_terminal(instance, "--color=never", "instance", "list")[1]
    assert "\x1b[" in instance("--color=always", "instance", "list").out
    assert "\x1b[" in on_terminal(instance, "instance", "list", env={"NO_COLOR": ""})[1]


def test_tree__lines_or_ascii_by_the_locale(instance):
    assert "├── " in instance("instance", "tree", DN).out
    plain = instance("instance", "tree", DN, env={"LC_ALL": "C"}).out
    assert "|-- nodes" in plain and plain.isascii()


def test_tree__of_a_list_is_folded_from_names(instance):
    out = instance("instance", "list", "-o", "tree").out
    assert out.splitlines()[0].endswith("instances") and out.splitlines()[-1].endswith("1")


def test_notes__are_on_stderr_and_silent_with_q(confreg):
    loud = confreg("kv", "put", "k", "v")
    assert loud.out == "" and "wrote k" in loud.err
    quiet = confreg("kv", "put", "k", "v", "-q")
    assert quiet.out == quiet.err == ""


def test_verbose__tells_the_time(confreg):
    assert re.search(r"took [0-9.]+ ms", confreg("kv", "put", "k", "v", "-v").err)


def test_verbose__twice_traces_the_store(confreg):
    result = confreg("kv", "put", "k", "v", "-vv")
    assert len(result.err.splitlines()) > 2 and result.out == ""


def test_output__failure_is_an_error(instance):
    with open("/dev/full", "wb") as full:
        run = subprocess.run([PROGRAM, "instance", "list"], stdout=full, stderr=subprocess.PIPE, text=True,
                             env=instance.env, check=False)
    assert run.returncode == 10 and "No space left" in run.stderr


def test_output__failure_after_a_change_is_outcome_unknown(registered):
    with open("/dev/full", "wb") as full:
        run = subprocess.run([PROGRAM, "instance", "create", "u", "hadoop", "1.0", "--set", "slaves.number=1"],
                             stdout=full, stderr=subprocess.PIPE, text=True, env=registered.env, check=False)
    assert run.returncode == 6
    assert len(registered("instance", "list", "-o", "name").lines()) == 1


def test_output__closed_stdout_does_not_hit_the_store(registered):
    before = registered.snapshot()
    subprocess.run(["bash", "-c", f"{PROGRAM} instance list >&-"], env=registered.env, check=False)
    assert registered.snapshot() == before


def test_error_format__json(confreg):
    result = confreg.run("--error-format=json", "kv", "list", "--depht", "2")
    error = json.loads(result.err)["error"]
    assert result.code == error["exit_code"] == 2
    assert error["status"] == "USAGE" and "--depth" in error["hint"] and error["retry"] == "no"


def test_error_format__json_has_the_place(confreg):
    (confreg.folder / "bad.j2").write_text("one\ntwo {{ x | nofilter }}\n")
    error = json.loads(confreg.run("render", "bad.j2", "--error-format", "json").err)["error"]
    assert (error["status"], error["exit_code"], error["line"]) == ("TEMPLATE_SYNTAX", 7, 2)
    assert error["source"] == "bad.j2" and error["snippet"].startswith("two")


def test_error__shows_place_and_underline(confreg):
    (confreg.folder / "bad.j2").write_text("one\n日本 {{ x | nofilter }}\n")
    lines = confreg.fails(7, "render", "bad.j2").err.splitlines()
    assert re.fullmatch(r"  bad\.j2:2:\d+", lines[1])
    source, underline = lines[2], lines[3]
    assert source.endswith("日本 {{ x | nofilter }}")
    # Under wide characters the mark stands two columns further for each.
    place = source.index("nofilter") + 2
    assert underline.index("^") in range(place - 3, place + 1)
