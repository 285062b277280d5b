# SPDX-License-Identifier: MIT
"""`./dev test PATTERN...` in a house of its own: what it asks meson to run, and what it says."""
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Everything is installed, every build is good, and a test that is run passes.
PROGRAMS = {
    "dpkg-query": """while [ $# -gt 0 ]; do echo "installed $1"; shift; done""",
    "ninja": ":",
    "consul": ":", "etcd": ":",
    "meson": """case "$1 $*" in
setup*|configure*) mkdir -p build/meson-logs; : >build/build.ninja ;;
*--list*) printf 'confreg:jinja / jinja fixtures\\nconfreg:jinja / jinja_docs\\nconfreg:unit / json\\n' ;;
*) while [ "$1" != --num-processes ]; do shift; done
   shift 2
   printf '%s\\n' "$@" >called
   for name; do echo "{\\"name\\": \\"$name\\", \\"result\\": \\"OK\\"}"; done >build/meson-logs/testlog.json ;;
esac"""}


@pytest.fixture
def dev(tmp_path):
    """Runs dev there: (exit code, what it printed, what meson was told to run)."""
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "dev", tmp_path)
    shutil.copy(ROOT / "tests/summary.py", tmp_path / "tests")
    (tmp_path / "bin").mkdir()
    for name, text in PROGRAMS.items():
        program = tmp_path / "bin" / name
        program.write_text("#!/bin/sh\n" + text + "\n", encoding="utf-8")
        program.chmod(0o755)

    def run(*words):
        called = tmp_path / "called"
        called.unlink(missing_ok=True)
        environment = {**os.environ, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
        environment.pop("CONFREG_BUILD", None)
        done = subprocess.run(["sh", tmp_path / "dev", *words], env=environment, check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout, called.read_text().splitlines() if called.exists() else None

    return run


@pytest.mark.parametrize("patterns, names", [
    (["jinja"], ["jinja fixtures", "jinja_docs"]),
    (["jinja fixtures"], ["jinja fixtures"]),
    (["json", "docs"], ["jinja_docs", "json"]),
    (["jso", "son"], ["json"])])
def test_a_pattern_runs_the_tests_that_hold_it(dev, patterns, names):
    code, said, called = dev("test", *patterns)
    assert (code, called) == (0, names), said
    assert said.splitlines().count(f"{len(names)} passed, 0 failed") == 1


@pytest.mark.parametrize("patterns", [["squee"], ["json", "squee"], ["squee", "json"], ["j*n"]])
def test_a_pattern_that_no_test_holds_runs_none(dev, patterns):
    code, said, called = dev("test", *patterns)
    assert (code, called) == (1, None), said
    assert "in its name" in said


def test_a_run_without_tests_is_no_success(dev, tmp_path):
    assert dev("test", "json")[0] == 0
    meson = tmp_path / "bin/meson"
    meson.write_text(meson.read_text().replace("*) while", "*) exit 0; while"))
    code, said, _ = dev("test", "json")
    assert code == 1 and "0 passed, 0 failed" in said


def test_an_unknown_command_is_refused(dev):
    code, said, called = dev("tests")
    assert (code, called) == (2, None)
    assert said.startswith("./dev COMMAND")
