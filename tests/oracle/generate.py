#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Compare our template engine with Debian's python3-jinja2 on random templates.

    generate.py --program build/tests/jinja/jinja-case [--cases N] [--seed S] [--messages]
                [--one NUMBER] [--findings FILE]

Every failure is shrunk to a small template and printed with what was expected and given; the
differences that docs/COMPATIBILITY.md explains (known.py) are counted apart. Case NUMBER of a
seed is always the same case: `--seed S --one NUMBER` shows one again.
"""
import argparse
import collections
import json
import sys
import time

import engine
import known
import oracle
from grammar import make_case
from shrink import shrink

BATCH = 500


class Comparison:
    def __init__(self, program, messages):
        self.program = program
        self.messages = messages
        self.counts = collections.Counter()
        self.failures = collections.defaultdict(list)

    def judge(self, case, got):
        """(verdict, expected): 'same', 'known: WHY', 'silent' or 'different'."""
        expected = oracle.answer(case)
        if expected is None:
            return "silent", None
        if "crash" not in got and oracle.same(expected, got, self.messages):
            return "same", expected
        reason = known.reason(case, expected, got)
        return (f"known: {reason}" if reason else "different"), expected

    def run(self, cases):
        for case, got in zip(cases, engine.answers(self.program, cases)):
            verdict, expected = self.judge(case, got)
            self.counts[verdict] += 1
            if verdict == "different":
                self.failures[oracle.signature(expected, got)].append(case)

    def small(self, case, deadline):
        """The smallest case found that differs in the same way, with both answers."""
        (got,) = engine.answers(self.program, [case])
        _, expected = self.judge(case, got)
        wanted = oracle.signature(expected, got)

        def fails(cases):
            found = []
            for one, answer in zip(cases, engine.answers(self.program, cases)):
                verdict, truth = self.judge(one, answer)
                found.append(verdict == "different"
                             and oracle.signature(truth, answer) == wanted)
            return found

        case = shrink(case, fails, deadline)
        (got,) = engine.answers(self.program, [case])
        return case, oracle.answer(case), got


def brief(answer):
    if answer is None:
        return "nothing"
    if "output" in answer:
        return json.dumps(answer["output"], ensure_ascii=False)
    if "error" in answer:
        return f"{answer['error'].get('type')}: {answer['error'].get('message')}"
    return str(answer)


def describe(case, expected, got):
    lines = [f"case {case['id']}"]
    for name, text in case["templates"].items():
        lines.append(f"  {name if name != '<string>' else 'template'}: "
                     f"{json.dumps(text, ensure_ascii=False)}")
    if case.get("env"):
        lines.append(f"  env: {json.dumps(case['env'])}")
    if case.get("context"):
        lines.append(f"  context: {json.dumps(case['context'], ensure_ascii=False)}")
    lines += [f"  jinja2: {brief(expected)}", f"  confreg: {brief(got)}"]
    return "\n".join(lines)


def report(comparison, examples, seconds, out):
    for kind, cases in sorted(comparison.failures.items(), key=lambda row: -len(row[1])):
        print(f"\n{len(cases)} x {kind}", file=out)
        seen = set()
        deadline = time.monotonic() + seconds / len(comparison.failures)
        for case in cases[:examples]:
            text = describe(*comparison.small(case, deadline))
            key = text.split("\n", 1)[1]
            if key not in seen:
                seen.add(key)
                print(text, file=out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--program", required=True, help="path of jinja-case")
    parser.add_argument("--cases", type=int, default=10000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--one", type=int, help="only this case, shown in full")
    parser.add_argument("--messages", action="store_true", help="error messages must agree, too")
    parser.add_argument("--examples", type=int, default=3, help="shrunk examples a kind")
    parser.add_argument("--shrink-seconds", type=float, default=30)
    parser.add_argument("--findings", help="write the failures to this file as well")
    arguments = parser.parse_args()

    comparison = Comparison(arguments.program, arguments.messages)
    if arguments.one is not None:
        case = make_case(arguments.seed, arguments.one)
        (got,) = engine.answers(arguments.program, [case])
        verdict, expected = comparison.judge(case, got)
        print(describe(case, expected, got) + f"\n  {verdict}")
        return 0 if verdict != "different" else 1

    for start in range(0, arguments.cases, BATCH):
        numbers = range(start, min(start + BATCH, arguments.cases))
        comparison.run([make_case(arguments.seed, number) for number in numbers])
    different = comparison.counts["different"]
    report(comparison, arguments.examples, arguments.shrink_seconds, sys.stdout)
    if arguments.findings:
        with open(arguments.findings, "w", encoding="utf-8") as file:
            report(comparison, 12, arguments.shrink_seconds, file)
    for verdict, count in sorted(comparison.counts.items()):
        if verdict.startswith(("known", "silent")):
            print(f"{verdict}: {count}")
    print(f"seed {arguments.seed}: {comparison.counts['same']} passed, {different} failed")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
