# SPDX-License-Identifier: MIT
"""
What all tests of the command share: a runner, a store of its own for each test, and the files
of examples/ in a scratch folder.

CONFREG is the program; CONFREG_TEST_STORE another store than LMDB (a server's URL: each test
then gets a root of its own below it).
"""
import json
import os
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
PROGRAM = os.environ.get("CONFREG", "confreg")
STORE = os.environ.get("CONFREG_TEST_STORE", "lmdb")


class Result:
    """How one run ended. Bytes, because values may be any."""

    def __init__(self, arguments, run):
        self.arguments = arguments
        self.code = run.returncode
        self.out_bytes = run.stdout
        self.out = run.stdout.decode("utf-8", "replace")
        self.err = run.stderr.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.out)

    def lines(self):
        return self.out.splitlines()

    def __repr__(self):
        return f"confreg {' '.join(map(str, self.arguments))}\nexit {self.code}\n{self.out}{self.err}"


class Command:
    """Runs the command in a folder, against a store."""

    def __init__(self, folder, url):
        self.folder = folder
        self.url = url
        self.env = {"PATH": os.path.dirname(PROGRAM) + os.pathsep + os.environ["PATH"],
                    "HOME": str(folder), "LC_ALL": "C.UTF-8", "CONFREG_STORE": url}
        for name in ("LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def run(self, *arguments, stdin=b"", env=None, timeout=60):
        """Run, whatever the exit code."""
        words = [a if isinstance(a, bytes) else str(a) for a in arguments]
        run = subprocess.run([PROGRAM, *words], input=stdin, capture_output=True, timeout=timeout,
                             cwd=self.folder, env={**self.env, **(env or {})}, check=False)
        return Result(arguments, run)

    def __call__(self, *arguments, **more):
        """Run; exit code 0 expected."""
        result = self.run(*arguments, **more)
        assert result.code == 0, result
        return result

    def fails(self, code, *arguments, **more):
        """Run; this exit code expected, a message on stderr and nothing on stdout."""
        result = self.run(*arguments, **more)
        assert result.code == code, result
        assert result.err.startswith("confreg: error: "), result
        return result

    def snapshot(self):
        """Every key and value, to see that nothing changed."""
        result = self.run("kv", "export")
        return result.out if result.code == 0 else result.code


def new_url(folder):
    if STORE == "lmdb":
        return f"lmdb:{folder}/store"
    head, _, query = STORE.partition("?")
    return f"{head.rstrip('/')}/test-{uuid.uuid4().hex}" + ("?" + query if query else "")


@pytest.fixture
def folder(tmp_path):
    work = tmp_path / "work"
    shutil.copytree(HERE / "examples", work)
    return work


@pytest.fixture
def confreg(folder, tmp_path):
    command = Command(folder, new_url(tmp_path))
    yield command
    if STORE != "lmdb":
        command.run("kv", "rm", "", "--recurse", "--force")


@pytest.fixture
def registered(confreg):
    """A store with the service template hadoop 1.0."""
    confreg("template", "register", "hadoop", "1.0", "--file", "template.json",
            "--options", "options.json", "--description", "Two slaves and a master", "-q")
    return confreg


@pytest.fixture
def instance(registered):
    """And with jlopez/hadoop/1.0/1, two slaves."""
    registered("instance", "create", "jlopez", "hadoop", "1.0", "--set", "slaves.number=2",
               "--request-id", "order-1", "-q")
    return registered


@pytest.fixture
def program():
    return PROGRAM


DN = "jlopez/hadoop/1.0/1"
FULL_DN = "instances/" + DN


@pytest.fixture
def dn():
    return DN
