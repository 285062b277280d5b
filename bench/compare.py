#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
How far two runs of the benchmarks agree: the ratios of two pages, row by row.

    ./dev bench; cp docs/BENCHMARKS.md first.md; ./dev bench; bench/compare.py first.md docs/BENCHMARKS.md

Prints the ratios that differ by more than 15 %, and how many were looked at; exit code 1 when there is one.
Only ratios are compared: times follow the machine, ratios should not. A ratio that stands in one page
only is told, too.
"""
import re
import sys

MOST = 1.15

# The rows of bench/stores have their ratio without an x: store, slaves, keys, operation, three times, it.
STORES_ROW = re.compile(r"(\w+ +\d+ +\d+ +\w+)(?: +[\d.]+){3} +([\d.]+) ")


def label_of(line):
    """What a row begins with until its first figure with a decimal point."""
    return " ".join(re.split(r"\s+[\d.]*\.\d", line)[0].split())


def ratios(page):
    """(section, row, which ratio of the row) -> the ratio."""
    found = {}
    section = part = ""
    for line in page.splitlines():
        if line.startswith("## "):
            section, part = line[3:], ""
        heading = re.match(r"(\w+) .*µs", line)
        if heading:
            part = heading.group(1)
        bare = STORES_ROW.match(line)
        if bare:
            found[section, " ".join(bare.group(1).split()), 0] = float(bare.group(2))
            continue
        label = " ".join(filter(None, (part, label_of(line))))
        for number, ratio in enumerate(re.findall(r"(?<![\w.])(\d+\.\d+)x", line)):
            found[section, label, number] = float(ratio)
    return found


def differences(first, second):
    """(row, first ratio or None, second ratio or None) of those that differ."""
    one, other = ratios(first), ratios(second)
    for row in sorted(one.keys() | other.keys()):
        a, b = one.get(row), other.get(row)
        if a is None or b is None or max(a, b) > MOST * min(a, b):
            yield row, a, b


def main():
    first, second = (open(path, encoding="utf-8").read() for path in sys.argv[1:3])
    found = list(differences(first, second))
    for (section, row, number), a, b in found:
        print("%-12s %-44s %s %8s %8s" % (section, row, number, a, b))
    print("%d ratios, %d differ by more than %.0f %%" % (
        len(ratios(first).keys() | ratios(second).keys()), len(found), (MOST - 1) * 100))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
