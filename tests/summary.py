#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Count test cases over all programs of a `meson test` run, and print the closing line.

meson knows only programs. Most of ours hold many cases and say so in their last lines: cmocka,
pytest and the fixture runners each in their own words. A program that says nothing counts as
one case; a program that failed counts at least one failure, whatever its own count says, so
that a crash after the last "ok" is never lost.
"""
import json
import pathlib
import re
import sys

CMOCKA_PASSED = re.compile(r"^\[  PASSED  \] (\d+) test", re.M)
CMOCKA_FAILED = re.compile(r"^\[  FAILED  \] (\d+) test", re.M)
CMOCKA_SKIPPED = re.compile(r"^\[  SKIPPED \] (\d+) test", re.M)
# "12 passed, 1 failed, 2 skipped in 0.3s" of pytest; "12 passed, 0 failed" of our own runners.
WORDS = re.compile(r"\b(\d+) (passed|failed|errors?|skipped|xfailed)\b")


def cases_of(text):
    """(passed, failed, skipped) as the program itself counted, or None when it did not."""
    cmocka = [sum(map(int, rule.findall(text)))
              for rule in (CMOCKA_PASSED, CMOCKA_FAILED, CMOCKA_SKIPPED)]
    if any(cmocka):
        return tuple(cmocka)
    for line in reversed(text.splitlines()):
        found = WORDS.findall(line)
        if not found:
            continue
        count = {"passed": 0, "failed": 0, "skipped": 0}
        for number, word in found:
            word = "failed" if word.startswith("error") else word
            word = "skipped" if word == "xfailed" else word
            count[word] += int(number)
        return count["passed"], count["failed"], count["skipped"]
    return None


def count_program(entry):
    """(passed, failed, skipped) of one line of testlog.json."""
    result = entry["result"]
    text = (entry.get("stdout") or "") + "\n" + (entry.get("stderr") or "")
    passed, failed, skipped = cases_of(text) or (0, 0, 0)
    if result == "SKIP":
        return passed, failed, max(skipped, 1)
    if result in ("OK", "EXPECTEDFAIL"):
        if failed:
            print(f"summary: {entry['name']} counts {failed} failures but exits with 0")
            return passed, failed, skipped
        return max(passed, 0 if skipped else 1), 0, skipped
    return passed, max(failed, 1), skipped


def main():
    total = [0, 0, 0]
    programs = 0
    seconds = 0.0
    failed_programs = []
    skipped_programs = []
    log = pathlib.Path(sys.argv[1])
    if not log.exists():
        print("no test was run: 0 passed, 0 failed")
        return 1
    for line in log.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        count = count_program(entry)
        programs += 1
        seconds += entry.get("duration", 0.0)
        total = [sum(pair) for pair in zip(total, count)]
        name = entry["name"].split(" / ")[-1]
        if count[1]:
            failed_programs.append(name)
        if count[2]:
            skipped_programs.append(f"{name} ({count[2]})")
    print(f"{programs} test programs, {seconds:.0f} s of their time")
    if skipped_programs:
        print(f"skipped {total[2]} cases: {', '.join(skipped_programs)}")
    if failed_programs:
        print(f"failed: {', '.join(failed_programs)}")
    print(f"{total[0]} passed, {total[1]} failed")
    return 1 if total[1] or not programs else 0


if __name__ == "__main__":
    sys.exit(main())
