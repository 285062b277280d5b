# SPDX-License-Identifier: MIT
"""The modules as a user gets them: by `meson install`, and by pip into an environment of its own.

CONFREG_BUILD is the build folder. pip builds everything anew, without a network, so it is part of
the long tests only.
"""
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
assert not any("%(root)s" == p or p.startswith("%(build)s") for p in sys.path)
import confreg, confreg.jinja, kvstore, registry
for module in (confreg, kvstore, registry):
    assert module.__file__.startswith("%(place)s"), module.__file__
with confreg.open("lmdb:store") as reg:
    reg.register("web", "1.0", '{"status": "{{ user }}"}', {})
    assert reg.instantiate("me", "web", "1.0").status == "me"
registry.connect("lmdb:store")
assert registry.get_cluster("me", "web", "1.0", "1").status == "me"
assert confreg.jinja.Environment().from_string("{{ 6 * 7 }}").render() == "42"
print("good")
"""


def run(command, folder, **environment):
    clean = {name: value for name, value in os.environ.items()
             if name not in ("PYTHONPATH", "DESTDIR", "CONFREG_STORE")}
    done = subprocess.run([str(word) for word in command], cwd=folder, text=True, check=False,
                          env={**clean, **environment}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=900)
    assert done.returncode == 0, done.stdout
    return done.stdout


def check(python, place, folder, **environment):
    program = PROGRAM % {"root": ROOT, "build": os.environ["CONFREG_BUILD"], "place": place}
    assert run([python, "-P", "-c", program], folder, **environment).endswith("good\n")


def test_meson_install(tmp_path):
    root = tmp_path / "root"
    run(["meson", "install", "-C", os.environ["CONFREG_BUILD"], "--no-rebuild", "--destdir", root],
        tmp_path)
    extension, = root.rglob("_native.abi3.so")
    modules = extension.parent.parent
    for name in ("py.typed", "__init__.py", "_native.pyi", "jinja.py"):
        assert (extension.parent / name).exists()
    # It is where this interpreter looks when the prefix is its own; else PYTHONPATH says it.
    check(sys.executable, modules, tmp_path, PYTHONPATH=str(modules))


@pytest.mark.skipif(not os.environ.get("CONFREG_TEST_LONG"), reason="builds everything anew")
def test_pip_install(tmp_path):
    venv = tmp_path / "venv"
    run([sys.executable, "-m", "venv", "--system-site-packages", venv], tmp_path)
    run([venv / "bin/python", "-m", "pip", "install", "--no-build-isolation", "--no-deps",
         "--no-index", ROOT], tmp_path)
    check(venv / "bin/python", venv, tmp_path)
    assert "confreg" in run([venv / "bin/confreg", "--version"], tmp_path)
