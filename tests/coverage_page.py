#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
docs/COVERAGE.md, from what gcovr counted: `./dev check coverage` calls this.

    coverage_page.py SUMMARY.json PAGE.md RUN

SUMMARY.json is gcovr's --json-summary, RUN says in one line what was run and at which commit.
Folders come with their sums; then each file below the bar, because a sum hides a single file;
then the commit engine, whose branches are the ones that lose data.
"""
import collections
import json
import os
import sys

LINES_WANTED = 95.0
ENGINE = ["src/registry/" + name + ".c"
          for name in ("adopt", "chunks", "commit", "journal", "record", "remove", "send",
                       "sweep")]

Sum = collections.namedtuple("Sum", "lines lines_all branches branches_all")


def added(sums):
    return Sum(*(sum(column) for column in zip(*sums)))


def of_file(entry):
    return Sum(entry["line_covered"], entry["line_total"], entry["branch_covered"],
               entry["branch_total"])


def share(part, whole):
    """Rounded down: 100.0 % is all of them."""
    return "-" if whole == 0 else f"{part * 1000 // whole / 10:.1f} %"


def row(name, counts):
    return (f"| {name} | {counts.lines} of {counts.lines_all} | "
            f"{share(counts.lines, counts.lines_all)} | "
            f"{counts.branches} of {counts.branches_all} | "
            f"{share(counts.branches, counts.branches_all)} |")


def table(rows):
    return ["| | lines | | branches | |", "|---|---|---|---|---|", *rows, ""]


def page(summary, run):
    files = {entry["filename"]: of_file(entry) for entry in summary["files"]
             if entry["line_total"] > 0}
    folders = collections.defaultdict(list)
    for name, counts in files.items():
        folders[os.path.dirname(name)].append(counts)
    sources = [counts for name, counts in files.items() if name.startswith("src/")]
    below = sorted(name for name, counts in files.items() if name.startswith("src/")
                   and counts.lines * 100 < LINES_WANTED * counts.lines_all)
    lines = ["# Coverage", "", "Written by `./dev check coverage`: " + run, ""]
    lines += table([row(name, added(folders[name])) for name in sorted(folders)]
                   + [row("**src/ in all**", added(sources))])
    lines += ["## The commit engine", ""]
    lines += table([row(name, files[name]) for name in ENGINE if name in files])
    left = [name for name in ENGINE if name in files
            and files[name].branches < files[name].branches_all]
    lines += ["Branches that no test takes are left in " + ", ".join(left) + ": each wants a test, or goes."
              if left else "Every branch is taken.", ""]
    lines += [f"## Files of src/ below {LINES_WANTED:.0f} % of lines", ""]
    lines += table([row(name, files[name]) for name in below])
    return "\n".join(lines)


def main():
    source, target, run = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        text = page(json.load(file), run)
    with open(target, "w", encoding="utf-8") as file:
        file.write(text)
    print(text.split("## ")[0])


if __name__ == "__main__":
    main()
