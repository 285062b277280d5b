#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
The attempts to break out of a template (tests/jinja/hostile/escape.txt), judged by Jinja2's own
immutable sandbox: what it refuses or leaves empty, we do, too.

    escapes.py build/tests/jinja/jinja-case tests/jinja/hostile/escape.txt

hostile.c runs the same file for time, memory and our own expectations.
"""
import sys
import warnings

import engine
import known
import oracle

EXTENSIONS = ["jinja2.ext.do", "jinja2.ext.loopcontrols"]

# Parts of the templates that end otherwise here; docs/COMPATIBILITY.md says why.
ON_PURPOSE = [
    "_TemplateReference__context",  # no object to refuse
    "encode('idna')",
]


def settings_of(line):
    env = {"extensions": EXTENSIONS}
    for word in line[1:].split():
        if word == "sandbox":
            env["sandbox"] = "immutable"
        elif word == "undefined=strict":
            env["undefined"] = "StrictUndefined"
        elif word.startswith("autoescape"):
            env["autoescape"] = True
        else:
            raise ValueError(f"unknown setting {word}")
    return env


def read(path):
    env, parts, cases, expects = settings_of("@"), {"another": ""}, [], False
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if expects or not line or line.startswith("# "):
                expects = False
            elif line.startswith("@"):
                env = settings_of(line)
            elif line.startswith("> "):
                name, text = line[2:].split(" ", 1)
                parts[name] = text
            else:
                expects = True  # the next line says what hostile.c expects
                cases.append({"id": f"{path}:{number}", "kind": "render", "main": "<string>",
                              "templates": {**parts, "<string>": line.replace("\\n", "\n")},
                              "env": env, "context": {}})
                parts = {"another": ""}
    return cases


def main():
    warnings.simplefilter("ignore")
    program, path = sys.argv[1:]
    cases = read(path)
    counts = {"same": 0, "purpose": 0, "silent": 0, "wrong": 0}
    for case, got in zip(cases, engine.answers(program, cases)):
        expected = oracle.answer(case)
        text = case["templates"]["<string>"]
        if expected is None:
            counts["silent"] += 1
        elif "crash" not in got and oracle.same(expected, got):
            counts["same"] += 1
        elif any(part in text for part in ON_PURPOSE) or known.reason(case, expected, got):
            counts["purpose"] += 1
        else:
            counts["wrong"] += 1
            print(f"{case['id']}: {text}\n  jinja2:  {expected}\n  confreg: {got}")
    print("{same} passed, {wrong} failed, {purpose} differ on purpose, {silent} without an answer"
          .format(**counts))
    return 1 if counts["wrong"] or not counts["same"] else 0


if __name__ == "__main__":
    sys.exit(main())
