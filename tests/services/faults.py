# SPDX-License-Identifier: MIT
"""Run the fault tests on stores, and print what was run as a table of docs/TESTING.md.

    faults.py FAULT [--every K] [--jobs N] [--only points,kills,crowd] [--table FILE] STORE...

FAULT is the program tests/fault/fault; STORE is lmdb, memory, consul, etcd or zookeeper. With
--every K each Kth case of the points is taken; --table writes the table for `./dev check counts`.
Ends with 1 when something was violated.
"""
import argparse
import contextlib
import pathlib
import re
import subprocess
import sys
import time

import services

KINDS = ("points", "kills", "crowd")
RUN = {"points": [], "kills": ["--count", "50"], "crowd": ["--processes", "16", "--each", "25"]}


@contextlib.contextmanager
def url_of(store):
    if store in services.KINDS:
        with services.start(store) as service:
            yield service.url
    else:
        yield store + ":"


def short(kind, text):
    """The closing lines of a run in one cell."""
    numbers = {
        "points": r"points: (\d+) looks in ([\d.]+) s; (\d+) passed, (\d+) failed",
        "kills": r"kills: (\d+) created.*?(\d+) looks, (\d+) violations, ([\d.]+) s",
        "crowd": r"crowd: (\d+) processes x (\d+), (\d+) violations, ([\d.]+) s",
    }[kind]
    found = re.search(numbers, text, re.S)
    if found is None:
        return "no result"
    a, b, c, d = found.groups()
    if kind == "points":
        return "%d cases, %s looks, %s violated, %s s" % (int(c) + int(d), a, d, b)
    if kind == "kills":
        return "50 writers, %s created, %s looks, %s violated, %s s" % (a, b, c, d)
    return "%d ids, %s violated, %s s" % (int(a) * int(b), c, d)


def run(fault, kind, store, extra):
    with url_of(store) as url:
        command = [fault, kind, "--store", url, *RUN[kind], *extra]
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                check=False, text=True, errors="replace")
    if result.returncode != 0:
        print("---- %s on %s: exit %d\n%s" % (kind, store, result.returncode, result.stdout))
    return result.returncode == 0, short(kind, result.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("fault")
    parser.add_argument("--every", default="1")
    parser.add_argument("--jobs", default="8")
    parser.add_argument("--only", default=",".join(KINDS))
    parser.add_argument("--table", type=pathlib.Path)
    parser.add_argument("stores", nargs="+", metavar="STORE")
    options = parser.parse_args()
    kinds = [kind for kind in KINDS if kind in options.only.split(",")]
    rows, good = [], 0
    for store in options.stores:
        cells = []
        for kind in kinds:
            if store == "memory" and kind != "points":
                cells.append("-")
                continue
            extra = ["--every", options.every, "--jobs", options.jobs, "--seed", "1"]
            is_good, cell = run(options.fault, kind, store, extra if kind == "points" else [])
            good += is_good
            cells.append(cell)
            print("%s %s %s: %s" % (time.strftime("%H:%M:%S"), store, kind, cell), flush=True)
        rows.append([store] + cells)
    table = ["| store | %s |" % " | ".join(kinds), "|" + "---|" * (len(kinds) + 1),
             *("| %s |" % " | ".join(row) for row in rows)]
    print("", *table, sep="\n")
    if options.table is not None:
        options.table.write_text("\n".join(table) + "\n", encoding="utf-8")
    all_runs = sum(cell != "-" for row in rows for cell in row[1:])
    print("\n%d passed, %d failed" % (good, all_runs - good))
    return 0 if good == all_runs else 1


if __name__ == "__main__":
    sys.exit(main())
