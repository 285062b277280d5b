#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
The chart of the benchmarks: docs/benchmarks.svg, drawn from the page that the same run wrote.

    chart.py PAGE.md CHART.svg

Reading the page, and not the benchmarks themselves, keeps picture and tables from telling
different things. A panel whose table is not on the page, or has no rows, is left out. The SVG
brings its colours for light and dark pages along and needs nothing from outside.
"""
import collections
import html
import math
import re
import sys

WIDTH, LEFT, RIGHT = 860, 190, 110
TOP, ROW, GAP, HEADING = 64, 15, 9, 44

STYLE = """
    :root { --paper: #ffffff; --ink: #1f2328; --faint: #59636e; --line: #d1d9e0;
            --first: #0969da; --second: #bc4c00; --third: #6e7781; }
    @media (prefers-color-scheme: dark) {
      :root { --paper: #0d1117; --ink: #f0f6fc; --faint: #9198a1; --line: #3d444d;
              --first: #4493f8; --second: #f0883e; --third: #8b949e; } }
    text { font: 12px system-ui, sans-serif; fill: var(--ink); }
    .title { font-size: 16px; font-weight: 600; }
    .heading { font-size: 14px; font-weight: 600; }
    .faint { fill: var(--faint); }
    .grid { stroke: var(--line); stroke-width: 1; }
    .first { fill: var(--first); } .second { fill: var(--second); } .third { fill: var(--third); }
"""

Bar = collections.namedtuple("Bar", "series value text")
Group = collections.namedtuple("Group", "label bars")
Panel = collections.namedtuple("Panel", "heading unit series groups")


# ---- from the page ------------------------------------------------------------------------------


def table_of(page, name):
    """The lines of the table below the heading of this name."""
    found = re.search(r"^## %s\n.*?^```\n(.*?)^```" % re.escape(name), page, re.M | re.S)
    return found.group(1).splitlines() if found else []


def renders(page):
    """How many times longer other engines take to render, a group for each template."""
    cases = collections.defaultdict(list)
    peers = []
    for line in table_of(page, "jinja"):
        row = re.match(r"(\S+)\s+(\S+) \S+\s+\d+\s+([\d.]+)\s+([\d.]+)x", line)
        if not row or row.group(2) == "confreg":
            continue
        case, engine, time, ratio = row.groups()
        if engine not in peers:
            peers.append(engine)
        cases[case].append(Bar(peers.index(engine), float(ratio), f"{ratio}x ({time} µs)"))
    groups = [Group(case, bars) for case, bars in cases.items()]
    return Panel("Rendering: time of other engines, confreg = 1", "x", peers, groups)


def rows_of(lines):
    """Each line below the header of the stores' table as {column: cell}; no cell holds a blank."""
    columns = []
    for line in lines:
        if line.startswith("store "):
            columns = re.findall(r"x bare|\w+ ms|\w+", line)
        elif columns and len(line.split()) == len(columns):
            yield dict(zip(columns, line.split()))


def instantiations(page):
    """The largest instantiation of each store, beside a bare client that sends the same."""
    largest = {}
    for row in rows_of(table_of(page, "stores")):
        if row["operation"] == "instantiate":
            size = int(row["slaves"])
            if size >= int(largest.get(row["store"], row)["slaves"]):
                largest[row["store"]] = row
    groups = []
    for store, row in largest.items():
        ours, bare, ratio = row["ours ms"], row["bare ms"], row["x bare"]
        bars = [Bar(0, float(ours), f"{ours} ms" + (f" ({ratio}x)" if ratio != "-" else ""))]
        if bare != "-":
            bars.append(Bar(1, float(bare), f"{bare} ms"))
        groups.append(Group(store, bars))
    keys = max((int(row["keys"]) for row in largest.values()), default=0)
    return Panel(f"Instantiating {keys:,} keys", "ms", ["confreg", "bare client: the floor"],
                 groups)


def starts(page):
    """From the start of the command to its end."""
    groups = []
    for line in table_of(page, "startup"):
        row = re.match(r"(\S.*?)\s{2,}([\d.]+)\s+([\d.]+)$", line)
        if row:
            name, median, _ = row.groups()
            groups.append(Group(name, [Bar(2 if "floor" in name else 0, float(median),
                                           f"{median} ms")]))
    return Panel("The command, from its start to its end", "ms", [], groups)


# ---- to the picture -----------------------------------------------------------------------------


def steps(largest, wanted=5):
    """Round marks from 0 to at least the largest value."""
    rough = largest / wanted if largest > 0 else 1.0
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    return [step * number for number in range(math.ceil(largest / step) + 1)]


def number(value):
    return f"{value:g}"


class Drawing:
    """Lines of SVG, and how far down the page they have come."""

    def __init__(self):
        self.lines = []
        self.down = TOP

    def text(self, x, y, words, kind="", anchor="start"):
        self.lines.append(f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">'
                          f"{html.escape(words)}</text>")

    def bar(self, y, width, series):
        kind = ("first", "second", "third")[series % 3]
        self.lines.append(f'<rect x="{LEFT}" y="{y:.1f}" width="{max(width, 1):.1f}" '
                          f'height="{ROW - 3}" class="{kind}"/>')

    def legend(self, series):
        x = LEFT
        for at, name in enumerate(series):
            self.lines.append(f'<rect x="{x}" y="{self.down - 9}" width="10" height="10" '
                              f'class="{("first", "second", "third")[at % 3]}"/>')
            self.text(x + 15, self.down, name, "faint")
            x += 30 + 7 * len(name)

    def axis(self, marks, unit, top):
        for mark in marks:
            x = LEFT + (WIDTH - LEFT - RIGHT) * mark / marks[-1]
            self.lines.insert(0, f'<line x1="{x:.1f}" y1="{top:.1f}" x2="{x:.1f}" '
                                 f'y2="{self.down:.1f}" class="grid"/>')
            self.text(x, self.down + 14, f"{number(mark)} {unit}".replace(" x", "x"), "faint",
                      "middle")

    def panel(self, panel):
        self.text(16, self.down, panel.heading, "heading")
        self.down += 20
        if panel.series:
            self.legend(panel.series)
            self.down += 10
        top = self.down
        marks = steps(max(bar.value for group in panel.groups for bar in group.bars))
        for group in panel.groups:
            middle = self.down + ROW * len(group.bars) / 2 + 3
            self.text(LEFT - 10, middle, group.label, anchor="end")
            for bar in group.bars:
                width = (WIDTH - LEFT - RIGHT) * bar.value / marks[-1]
                self.bar(self.down, width, bar.series)
                self.text(LEFT + width + 6, self.down + 10, bar.text, "faint")
                self.down += ROW
            self.down += GAP
        self.axis(marks, panel.unit, top)
        self.down += HEADING

    def document(self, about):
        body = "\n  ".join(self.lines)
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.down}" '
                f'width="{WIDTH}" height="{self.down}" role="img" aria-label="Benchmarks">\n'
                f"  <title>{html.escape(about)}</title>\n  <style>{STYLE}  </style>\n"
                f'  <rect width="{WIDTH}" height="{self.down}" style="fill: var(--paper)"/>\n'
                f'  <text x="16" y="28" class="title">confreg, as ./dev bench measured it</text>\n'
                f'  <text x="16" y="45" class="faint">{html.escape(about)}</text>\n'
                f"  {body}\n</svg>\n")


def chart(page):
    """The whole picture as text; ValueError when the page holds nothing to draw."""
    panels = [panel for panel in (renders(page), instantiations(page), starts(page))
              if panel.groups]
    if not panels:
        raise ValueError("the page has no table to draw")
    about = "; ".join(re.findall(r"^- (?:machine|commit): (.*)$", page, re.M))
    drawing = Drawing()
    drawing.down += 14
    for panel in panels:
        drawing.panel(panel)
    return drawing.document("medians; " + about)


def main():
    source, target = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        picture = chart(file.read())
    with open(target, "w", encoding="utf-8") as file:
        file.write(picture)


if __name__ == "__main__":
    main()
