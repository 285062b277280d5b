# SPDX-License-Identifier: MIT
"""How far two runs of the benchmarks agree; and what the ratio of a contest is."""
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
import compare  # noqa: E402
import turns  # noqa: E402

PAGE = """# Benchmarks

## jinja

```
case   engine          bytes    render us    ratio   compile us    ratio
page   confreg 0.1.0      10        100.0    1.00x         50.5    1.00x
page   jinja2 3.1.2       10       1400.0   14.00x      11674.6  231.21x
render, jinja2 / confreg: median 16.50x, least 4.29x
```

## python

```
consul                         confreg µs python3-consul µs
kv.get                             272.41          1463.64   5.37x
cluster.nodes (22)                1039.63

etcd                           confreg µs python3-etcd3 µs
kv.get                            1039.84          1017.38   0.98x
```

## stores

```
store   slaves    keys  operation       ours ms   cpu ms    bare ms  x bare original ms   faster
lmdb         2     255  get                0.00     0.00          -       -           -        -
consul      20    1731  instantiate       46.70     9.38      39.58    1.21         612      11x
etcd       200   16491  delete            85.50     0.65      71.01    1.20           -        -
```
"""


def test_every_ratio_of_a_page_is_found_by_its_row():
    assert compare.ratios(PAGE) == {
        ("jinja", "page confreg", 0): 1.0,
        ("jinja", "page confreg", 1): 1.0,
        ("jinja", "page jinja2", 0): 14.0,
        ("jinja", "page jinja2", 1): 231.21,
        ("jinja", "render, jinja2 / confreg: median", 0): 16.5,
        ("jinja", "render, jinja2 / confreg: median", 1): 4.29,
        ("python", "consul kv.get", 0): 5.37,
        ("python", "etcd kv.get", 0): 0.98,
        ("stores", "consul 20 1731 instantiate", 0): 1.21,
        ("stores", "etcd 200 16491 delete", 0): 1.2}


@pytest.mark.parametrize("changed, told", [
    (("1.21         612", "1.38         612"), []),
    (("1.21         612", "1.40         612"), [("consul 20 1731 instantiate", 1.21, 1.4)]),
    (("5.37x", "4.60x"), [("consul kv.get", 5.37, 4.6)]),
    (("   5.37x", ""), [("consul kv.get", 5.37, None)]),
    (("46.70", "146.70"), [])])
def test_what_differs_is_told(changed, told):
    assert [(row[1], a, b) for row, a, b in compare.differences(PAGE, PAGE.replace(*changed))] == told


def test_the_exit_code_says_whether_they_agree(tmp_path):
    one, other = tmp_path / "one.md", tmp_path / "other.md"
    one.write_text(PAGE, encoding="utf-8")
    other.write_text(PAGE.replace("0.98x", "2.00x"), encoding="utf-8")
    for pages, code, last in (((one, one), 0, "10 ratios, 0 differ"), ((one, other), 1, "10 ratios, 1 differ")):
        done = subprocess.run([sys.executable, ROOT / "bench/compare.py", *pages], check=False,
                              stdout=subprocess.PIPE, text=True)
        assert done.returncode == code
        assert done.stdout.splitlines()[-1].startswith(last)


def test_a_round_that_was_disturbed_does_not_move_the_ratio():
    assert turns.ratio([2, 2, 20, 2, 200], [1, 1, 10, 1, 100]) == 2
    assert turns.ratio([2, 2, 2], [1, 1, 50]) == 2
