# SPDX-License-Identifier: MIT
"""The stubs: mypy --strict accepts the package, stubtest finds them to be what is there."""
import inspect
import os
import pathlib
import subprocess
import sys

import pytest

import confreg

HERE = pathlib.Path(__file__).resolve().parent
PACKAGE = pathlib.Path(confreg.__file__).resolve().parent.parent
PROGRAM = '''
import confreg

def count(url: str) -> int:
    with confreg.open(url, timeout=5.0) as reg:
        made = reg.instantiate("u", "web", "1.0", {"slaves": 2})
        plan = reg.instantiate("u", "web", "1.0", dry_run=True)
        status: str = made.nodes[0].status
        made.nodes[0].status = "up"
        number: int = made.get_int("step", 0)
        maybe: str | None = reg.kv.get("a", None)
        for event in made.watch(timeout=1):
            status = event.value or maybe or status
        return len(plan.values) + number
'''


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """One cache of mypy for the file: reading the standard library is most of the work."""
    os.environ["MYPY_CACHE_DIR"] = str(tmp_path_factory.mktemp("mypy"))
    yield
    del os.environ["MYPY_CACHE_DIR"]


def run(folder, *arguments):
    environment = {**os.environ, "MYPYPATH": str(PACKAGE), "PYTHONPATH": str(PACKAGE)}
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=folder, env=environment,
                          capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy_strict(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    run(tmp_path, "mypy", "--strict", "program.py")
    for name in ("confreg", "confreg.jinja", "registry", "kvstore"):
        run(tmp_path, "mypy", "--strict", "-m", name)


def test_mypy_finds_mistakes(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM.replace('"up"', "None"), encoding="utf-8")
    with pytest.raises(AssertionError, match="Incompatible types|incompatible type"):
        run(tmp_path, "mypy", "--strict", "program.py")


def test_stubtest(tmp_path):
    run(tmp_path, "mypy.stubtest", "confreg._native", "--allowlist",
        str(HERE / "stubtest_allow.txt"))


def test_everything_is_documented():
    for name in confreg.__all__:
        thing = getattr(confreg, name)
        if name == "__version__":
            continue
        assert inspect.getdoc(thing), name
        if inspect.isclass(thing) and thing.__module__ == "confreg":
            for member, value in vars(thing).items():
                if not member.startswith("_"):
                    assert inspect.getdoc(value), (name, member)
                    if callable(value):
                        inspect.signature(value)
