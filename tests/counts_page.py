#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
The section "What ran last" of docs/TESTING.md, from what the runs left in their build folders:
`./dev check counts` calls this.

    counts_page.py PAGE.md COMMIT

The tests by suite, plain, under the sanitizers and with failing allocations (last-runs.json, see
keep_run.py), the faults by store (faults.md, see services/faults.py), leaders that were killed, the
fuzz targets (libFuzzer's logs), the random templates (their last lines). What did not run is a dash;
nothing is carried over from an older page.
"""
import collections
import json
import pathlib
import re
import sys

import summary

BEGIN = "<!-- counts: written by ./dev check counts -->\n"
END = "<!-- counts: end -->\n"
BUILDS = (("build", "`./dev test`"), ("build-asan", "ASan, UBSan"), ("build-tsan", "TSan"),
          ("build-torture", "torture"))
DONE = re.compile(r"^Done (\d+) runs in (\d+) second", re.M)
UNITS = re.compile(r"^stat::number_of_executed_units: (\d+)", re.M)
BROKEN = re.compile(r"^(SUMMARY: .*|.*does not hold.*|.*Test unit written to .*)$", re.M)
SEED = re.compile(r"^seed (\S+): (\d+) passed, (\d+) failed", re.M)
LEADER = re.compile(r"(\d+) created, .*? (\d+) violations, .*\n(\w+): (\d+) kills; a new leader after ([\d.]+) s "
                    r"\(at most ([\d.]+)\), the next create ([\d.]+) s \(at most ([\d.]+)\)")
KNOWN = re.compile(r"^known: .*: (\d+)$", re.M)

Run = collections.namedtuple("Run", "commits suites seconds")


def read_run(folder):
    """How the tests of a build folder ran last, by suite: [programs, passed, failed, skipped]."""
    log = folder / "last-runs.json"
    if not log.exists():
        return None
    suites = collections.defaultdict(lambda: [0, 0, 0, 0])
    commits = collections.Counter()
    seconds = 0.0
    for line in log.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        suite = entry["name"].split(" / ")[0].split(":")[-1]
        counts = (1, *summary.count_program(entry))
        suites[suite] = [sum(pair) for pair in zip(suites[suite], counts)]
        commits[entry["commit"]] += 1
        seconds += entry["duration"]
    return Run(commits, suites, seconds)


def told(counts):
    """`1,234`, and what failed or was skipped beside it."""
    if counts is None:
        return "-"
    _, passed, failed, skipped = counts
    return (f"{passed:,}" + (f", **{failed} failed**" if failed else "")
            + (f", {skipped} skipped" if skipped else ""))


def tests_table(root):
    runs = [(title, read_run(root / name)) for name, title in BUILDS]
    runs = [(title, run) for title, run in runs if run is not None]
    if not runs:
        return ["No build folder holds a run of the tests.", ""]
    lines = ["| suite | programs | " + " | ".join(title for title, _ in runs) + " |",
             "|---|---|" + "---|" * len(runs)]
    suites = sorted({suite for _, run in runs for suite in run.suites})
    for suite in suites:
        programs = max(run.suites[suite][0] if suite in run.suites else 0 for _, run in runs)
        lines.append(f"| {suite} | {programs} | " + " | ".join(
            told(run.suites.get(suite)) for _, run in runs) + " |")
    sums = [[sum(column) for column in zip(*run.suites.values())] for _, run in runs]
    lines.append(f"| **all** | {max(each[0] for each in sums)} | "
                 + " | ".join(told(each) for each in sums) + " |")
    lines.append("| minutes of the programs | | "
                 + " | ".join(f"{run.seconds / 60:.1f}" for _, run in runs) + " |")
    lines.append("| programs at commits | | " + " | ".join(
        ", ".join(f"{count} at {commit}" for commit, count in run.commits.most_common())
        for _, run in runs) + " |")
    return [*lines, ""]


def faults_table(root):
    table = root / "build" / "faults.md"
    if not table.exists():
        return ["The fault tests on every store did not run.", ""]
    return ["The fault tests on every store:", "", table.read_text(encoding="utf-8")]


def leaders_table(root):
    """Of test_cluster.py, as `./dev check --long faults` or `./dev test` ran it last."""
    log = root / "build" / "last-runs.json"
    entries = map(json.loads, log.read_text(encoding="utf-8").splitlines()) if log.exists() else ()
    found = filter(None, (LEADER.search(entry["stdout"]) for entry in entries))
    rows = ["| %s | %s | %s s, at most %s s | %s s, at most %s s | %s | %s |" % (
        store, kills, leader, leader_most, create, create_most, created, violations)
            for created, violations, store, kills, leader, leader_most, create, create_most
            in (match.groups() for match in found)]
    return ["| leaders killed under load | kills | a new leader, median | the next create after it, median "
            "| creates | violations |", "|---|---|---|---|---|---|", *sorted(rows), ""] if rows else []


def fuzz_table(root):
    lines = ["| fuzz target, under ASan and UBSan | inputs kept | runs | seconds | findings |",
             "|---|---|---|---|---|"]
    for corpus in sorted((root / "tests/fuzz/corpus").iterdir()):
        log = root / "build-fuzz" / f"fuzz-{corpus.name}.log"
        text = log.read_text(errors="replace") if log.exists() else ""
        done, units = DONE.search(text), UNITS.search(text)
        count = f"{int(units.group(1)):,}" if units else "-"
        findings = len(BROKEN.findall(text)) if text else "-"
        lines.append(f"| {corpus.name} | {len(list(corpus.iterdir()))} | {count} | "
                     f"{done.group(2) if done else '-'} | {findings} |")
    return [*lines, ""]


def random_lines(root):
    log = root / "build-fuzz" / "random.log"
    text = log.read_text(errors="replace") if log.exists() else ""
    seeds = SEED.findall(text)
    if not seeds:
        return ["No random templates ran beside python3-jinja2.", ""]
    same = sum(int(passed) for _, passed, _ in seeds)
    different = sum(int(failed) for _, _, failed in seeds)
    known = sum(map(int, KNOWN.findall(text)))
    return [f"Random templates beside python3-jinja2: {len(seeds)} seeds, {same:,} answers are the same, "
            f"{known:,} differ as", f"docs/COMPATIBILITY.md says, {different} differ otherwise.", ""]


def main():
    page = pathlib.Path(sys.argv[1])
    root = pathlib.Path(__file__).resolve().parent.parent
    text = page.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        sys.exit(f"{page}: the two lines that the counts stand between are missing")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    section = "\n".join([f"At {sys.argv[2]}.", "", *tests_table(root), *faults_table(root), *leaders_table(root),
                         *fuzz_table(root), *random_lines(root)])
    page.write_text(before + BEGIN + "\n" + section + "\n" + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
