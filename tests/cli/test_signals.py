# SPDX-License-Identifier: MIT
"""Ctrl-C, SIGTERM, SIGPIPE: nothing is left half done, and nobody is bothered."""
import json
import os
import signal
import subprocess
import time

import pytest

from conftest import PROGRAM
from test_output import on_terminal

BIG = """{"nodes": {
{% for n in range(opts['n']) %}"n{{ n }}": {"name": "n{{ n }}", "status": "_", "disks": {
{% for d in range(8) %}"d{{ d }}": {"name": "d{{ d }}", "mode": "rw"}{{ "," if not loop.last else "" }}{% endfor %}
}}{{ "," if not loop.last else "" }}
{% endfor %}}}"""


@pytest.fixture
def big(confreg):
    (confreg.folder / "big.json").write_text(BIG)
    (confreg.folder / "big-options.json").write_text('{"required": {"n": 1}}')
    confreg("template", "register", "big", "1", "--file", "big.json", "--options", "big-options.json", "-q")
    return confreg


def start(confreg, *words, **more):
    return subprocess.Popen([PROGRAM, *words], cwd=confreg.folder, env=confreg.env, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, **more)


def until_it_listens(process, then=0.1):
    """Wait until the program has set up its handlers, however slow the machine is."""
    for _ in range(500):
        with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
            caught = [int(line.split()[1], 16) for line in status if line.startswith("SigCgt")][0]
        if caught >> (signal.SIGINT - 1) & 1:
            break
        time.sleep(0.01)
    time.sleep(then)


@pytest.mark.parametrize("number,code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupt__during_a_big_create_leaves_nothing(big, number, code):
    before = big.snapshot()
    interrupted = 0
    for delay in (0.005, 0.02, 0.05, 0.1, 0.2, 0.4):
        process = start(big, "instance", "create", "u", "big", "1", "--set", "n=2500")
        time.sleep(delay)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        if process.returncode == 0:
            # It was done before the signal came: then it is there, whole.
            big("store", "fsck")
            big("instance", "rm", out.strip(), "-q")
            continue
        interrupted += 1
        # A signal may even come before the program has set up its handlers.
        assert process.returncode in (code, -number), (process.returncode, err)
        assert big("instance", "list", "-o", "json").json() == []
        assert [line for line in big("kv", "list", "instances", "-o", "name").lines()] == []
    assert interrupted > 0
    templates = [row for row in json.loads(before) if row["key"].startswith("templates/")]
    assert [row for row in json.loads(big.snapshot()) if row["key"].startswith("templates/")] == templates
    assert big("instance", "create", "u", "big", "1", "--set", "n=1").out.startswith("instances/u/big/1/")


def test_interrupt__stops_a_long_render(confreg):
    (confreg.folder / "long.json").write_text(
        "{% for i in range(90000) %}{% for j in range(500) %}{% endfor %}{% endfor %}{}")
    confreg("template", "register", "long", "1", "--file", "long.json", "-q")
    interrupted = 0
    for then in (0.1, 0.05, 0.02, 0.01):
        process = start(confreg, "instance", "create", "u", "long", "1")
        until_it_listens(process, then)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=5)
        # A fast machine reaches the limit of steps before a slow signal reaches it.
        assert process.returncode in (130, 10) and "confreg: error: " in err, err
        interrupted += process.returncode == 130
    assert interrupted > 0


def test_interrupt__while_reading_stdin(confreg):
    process = start(confreg, "kv", "put", "k", "-", stdin=subprocess.PIPE)
    until_it_listens(process)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=5) == 130
    process.communicate()
    assert confreg.run("kv", "get", "k").code == 3


def test_interrupt__a_reader_leaves_at_once(confreg):
    process = start(confreg, "render", "-", stdin=subprocess.PIPE)
    until_it_listens(process)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=5) == 130
    process.communicate()


def test_pipe__to_head_is_quiet(big):
    big("instance", "create", "u", "big", "1", "--set", "n=1000", "-q")
    script = f"set -o pipefail; {PROGRAM} kv list | head -n 2; echo ${{PIPESTATUS[0]}}"
    run = subprocess.run(["bash", "-c", script], env=big.env, capture_output=True, text=True, check=False)
    lines = run.stdout.splitlines()
    assert len(lines) == 3 and lines[-1] == "141"
    assert run.stderr == ""


def test_progress__json_lines_on_stderr(big):
    result = big("instance", "create", "u", "big", "1", "--set", "n=100", "--progress=json")
    steps = [json.loads(line)["progress"] for line in result.err.splitlines() if line.startswith('{"progress"')]
    assert steps and steps[-1]["done"] == steps[-1]["total"] > 1000


def test_progress__none_in_a_pipe_or_when_quiet(big):
    assert "/s," not in big("instance", "create", "u", "big", "1", "--set", "n=500").err
    assert big("instance", "create", "u", "big", "1", "--set", "n=50", "-q", "--progress=json").err == ""


def test_progress__quick_work_shows_none_on_a_terminal(big):
    code, output = on_terminal(big, "instance", "create", "u", "big", "1", "--set", "n=5", columns=100)
    assert code == 0 and "left" not in output


def test_start__loads_no_library_of_a_remote_store():
    """libcurl and what it brings along would cost more than all the rest of a start."""
    run = subprocess.run(["readelf", "-d", PROGRAM], capture_output=True, text=True, check=True)
    assert "libcurl" not in run.stdout
