#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""gcc -fanalyzer over the C files of src/, cli/, python/ and examples/, as the build compiles them.

    tests/tidy/analyze.py BUILD

Prints what it finds, and fails when there is anything. Without optimisation, since inlined code
gives the analyzer more to misunderstand; CREG_ANALYZER tells it (base/fail.h) that no failure is
CREG_OK, which it cannot see from one file.
"""
import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = [ROOT / name for name in ("src", "cli", "python", "examples")]


def commands(build):
    """(file, words): each file once, without its outputs and its optimisation."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = (build / entry["file"]).resolve()
        if not any(folder in path.parents for folder in FOLDERS):
            continue
        words = iter(shlex.split(entry["command"]))
        kept = []
        for word in words:
            if word in ("-o", "-MQ", "-MF"):
                next(words)
            elif word != "-MD" and not word.startswith("-O"):
                kept.append(word)
        found[path] = kept + ["-O0", "-DCREG_ANALYZER", "-fanalyzer", "-o", os.devnull]
    return found


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    work = commands(build)
    if not work:
        sys.exit("analyze: %s names no file of ours" % (build / "compile_commands.json"))

    def analyze(path):
        return subprocess.run(work[path], cwd=build, stderr=subprocess.PIPE, text=True)

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for result in pool.map(analyze, sorted(work)):
            failed += result.returncode != 0 or bool(result.stderr)
            sys.stderr.write(result.stderr)
    print("%d files analyzed, %d with findings" % (len(work), failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
