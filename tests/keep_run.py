# SPDX-License-Identifier: MIT
"""
Keep how each test of a build folder ran last, for the page of counts.

    keep_run.py FOLDER COMMIT

Lays meson's log of a run over FOLDER/last-runs.json: a line a program, with the commit it ran
at. Tests that the folder no longer has are dropped.
"""
import json
import pathlib
import subprocess
import sys


def read_lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def merge(kept, fresh, commit, names):
    """`kept` with the lines of a run in the place of older ones; only of tests in `names`."""
    lines = {entry["name"]: entry for entry in kept}
    for entry in fresh:
        entry.pop("env", None)
        lines[entry["name"]] = {**entry, "commit": commit}
    return [entry for name, entry in lines.items() if name in names]


def main():
    folder, commit = pathlib.Path(sys.argv[1]), sys.argv[2]
    tests = json.loads(subprocess.run(["meson", "introspect", "--tests", str(folder)], check=True,
                                      capture_output=True).stdout)
    names = {f"{suite} / {test['name']}" for test in tests for suite in test["suite"]}
    file = folder / "last-runs.json"
    lines = merge(read_lines(file) if file.exists() else [],
                  read_lines(folder / "meson-logs/testlog.json"), commit, names)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()
