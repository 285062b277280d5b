# SPDX-License-Identifier: MIT
"""Every example of docs/PYTHON.md and of README.md is run, section by section, as it stands there.

A section is what stands below one heading of level two; its ```python blocks run in order and
share their names. Lines of the form `expression  # -> value` are compared: repr(expression) must
be that value.
"""
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = [ROOT / "README.md", ROOT / "docs" / "PYTHON.md"]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)
CLAIM = re.compile(r"^(\S.*?)\s+# -> (.*)$")


def sections():
    for document in DOCS:
        text = document.read_text(encoding="utf-8")
        for part in re.split(r"^## ", text, flags=re.M)[1:]:
            title, _, rest = part.partition("\n")
            blocks = BLOCK.findall(rest)
            if blocks:
                yield pytest.param(blocks, id=f"{document.name}: {title.strip()}")


def checked(block):
    """The block with its claims as calls of `_claim`."""
    lines = []
    for line in block.split("\n"):
        claim = CLAIM.match(line)
        lines.append(f"_claim({claim[1]}, {claim[2]!r})" if claim else line)
    return "\n".join(lines)


def claim(value, expected):
    assert repr(value) == expected


@pytest.mark.parametrize("blocks", sections())
def test_section(blocks, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("CONFREG_STORE", f"lmdb:{tmp_path}/store")
    names = {"_claim": claim, "__name__": "docs"}
    for number, block in enumerate(blocks, 1):
        exec(compile(checked(block), f"block {number}", "exec"), names)
