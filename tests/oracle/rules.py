#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Rules of Jinja2 and Python that are easily got wrong, judged by Debian's python3-jinja2.

    rules.py PATH/TO/jinja-case FILE...

A file has one template a line; `@ {...}` sets the options (Jinja2's names) of those below it,
`$ {...}` their context; # begins a comment. Output must be equal, an error of the same class.
Differences that docs/COMPATIBILITY.md explains (known.py) do not count.
"""
import json
import sys
import warnings

import engine
import known
import oracle


def read(path):
    env, context, cases = {}, {}, []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if line.startswith("@"):
                env = json.loads(line[1:])
            elif line.startswith("$"):
                context = json.loads(line[1:])
            elif line and not line.startswith("# "):
                cases.append({"id": f"{path}:{number}", "kind": "render", "main": "<string>",
                              "templates": {"<string>": line.replace("\\n", "\n")},
                              "env": env, "context": context})
    return cases


def main():
    warnings.simplefilter("ignore")  # Python's compiler warns of constants that are called
    cases = [case for path in sys.argv[2:] for case in read(path)]
    counts = {"same": 0, "known": 0, "silent": 0, "wrong": 0}
    for case, got in zip(cases, engine.answers(sys.argv[1], cases)):
        expected = oracle.answer(case)
        if expected is None:
            counts["silent"] += 1
        elif "crash" not in got and oracle.same(expected, got):
            counts["same"] += 1
        elif known.reason(case, expected, got):
            counts["known"] += 1
        else:
            counts["wrong"] += 1
            print(f"{case['id']}: {case['templates']['<string>']}\n  jinja2:  {expected}\n"
                  f"  confreg: {got}")
    print("{same} passed, {wrong} failed, {known} known, {silent} without an answer"
          .format(**counts))
    return 1 if counts["wrong"] or not counts["same"] else 0


if __name__ == "__main__":
    sys.exit(main())
