# SPDX-License-Identifier: MIT
"""The chart of the benchmarks, drawn from a small page, and from docs/BENCHMARKS.md as it stands."""
import pathlib
import subprocess
import sys
import xml.etree.ElementTree as tree

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
import chart  # noqa: E402

PAGE = """# Benchmarks

- machine: 2 processors, "A" & B <fast>
- commit: abc

## jinja

The engines.

```
case   engine          bytes    render us    ratio   compile us    ratio
page   confreg 0.1.0      10        100.0    1.00x         50.5    1.00x
page   jinja2 3.1.2       10       1400.0   14.00x      11674.6  231.21x
page   other 2.5.0        10        350.0    3.50x         42.6    0.84x
```

## stores

```
store   slaves    keys  operation       ours ms    bare ms  x bare original ms   faster
lmdb         2     255  instantiate        0.71          -       -           -        -
lmdb       200   16491  instantiate       39.39          -       -           -        -
etcd       200   16491  instantiate      300.00     200.00    1.50           -        -
etcd       200   16491  delete            85.50      71.01    1.20           -        -
```
"""


def drawn(page):
    return tree.fromstring(chart.chart(page))


def texts(picture):
    return ["".join(node.itertext()) for node in picture.iter() if node.tag.endswith("}text")]


def widths(picture):
    return [float(node.get("width")) for node in picture.iter()
            if node.tag.endswith("}rect") and node.get("height") == str(chart.ROW - 3)]


def test_every_row_has_its_bar_and_its_figure():
    picture = drawn(PAGE)
    words = texts(picture)
    for figure in ("14.00x (1400.0 µs)", "3.50x (350.0 µs)", "39.39 ms", "300.00 ms (1.50x)",
                   "200.00 ms", "page", "etcd", "Instantiating 16,491 keys"):
        assert figure in words
    assert len(widths(picture)) == 5


def test_bars_are_as_long_as_their_values():
    jinja2, other, lmdb, ours, bare = widths(drawn(PAGE))
    assert jinja2 / other == pytest.approx(4, rel=0.01)
    assert ours / bare == pytest.approx(1.5, rel=0.01)
    assert ours / lmdb == pytest.approx(300 / 39.39, rel=0.01)


def test_axes_are_labelled_and_end_above_the_largest_value():
    words = texts(drawn(PAGE))
    assert {"0x", "5x", "15x", "0 ms", "300 ms"} <= set(words)
    for largest in (0.003, 0.7, 1, 9.99, 10, 8345):
        marks = chart.steps(largest)
        assert marks[0] == 0 and marks[-1] >= largest and len(marks) <= 7


def test_the_machine_is_named_and_escaped():
    assert any('2 processors, "A" & B <fast>; abc' in text for text in texts(drawn(PAGE)))


def test_light_and_dark():
    text = chart.chart(PAGE)
    light, dark = text.split("@media (prefers-color-scheme: dark)")
    names = ("paper", "ink", "faint", "line", "first", "second", "third")
    for name in names:
        assert f"--{name}: #" in light and f"--{name}: #" in dark


def test_a_column_more_changes_nothing():
    wider = "\n".join(line.replace("bare ms", "cpu ms    bare ms", 1) if line.startswith("store ")
                      else line.replace("-       -           -        -",
                                        "7.77    -       -           -        -")
                      if line.startswith("lmdb") else line for line in PAGE.split("\n"))
    wider = wider.replace("300.00     200.00", "300.00  9.99  200.00").replace(
        "85.50      71.01", "85.50  1.00  71.01")
    assert "cpu ms" in wider and chart.chart(wider) == chart.chart(PAGE)


def test_a_panel_without_rows_is_left_out():
    without = PAGE.split("## stores")[0]
    assert not any("Instantiating" in text for text in texts(drawn(without)))


def test_a_page_with_nothing_to_draw_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no table"):
        chart.chart("# Benchmarks\n")
    page, picture = tmp_path / "page.md", tmp_path / "chart.svg"
    page.write_text("nothing", encoding="utf-8")
    done = subprocess.run([sys.executable, ROOT / "bench/chart.py", page, picture], check=False,
                          capture_output=True)
    assert done.returncode != 0 and not picture.exists()


def test_the_chart_in_the_documents_is_that_of_the_page_beside_it():
    page = (ROOT / "docs/BENCHMARKS.md").read_text(encoding="utf-8")
    assert chart.chart(page) == (ROOT / "docs/benchmarks.svg").read_text(encoding="utf-8")
