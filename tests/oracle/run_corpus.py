#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Feed a corpus of Jinja2's behaviour to jinja-case and compare.

    run_corpus.py PATH/TO/jinja-case CORPUS.jsonl [-n SHOWN] [-k SUBSTRING] [-m]

Output must be exact. An error's class must be exact where it is one of Jinja2's own, and
within the bases where it is one of Python's. With -m, messages and lines of errors are
compared as well. Exit status 1 when any case differs.
"""
import argparse
import json
import subprocess
import sys

OWN = {"TemplateError", "TemplateNotFound", "TemplatesNotFound", "TemplateSyntaxError",
       "TemplateAssertionError", "TemplateRuntimeError", "UndefinedError", "SecurityError",
       "FilterArgumentError"}


def same_error(expected, got):
    if got["type"] == expected["type"]:
        return True
    return expected["type"] not in OWN and got["type"] in expected.get("bases", [])


def judge(case, got, strict):
    """Why the answer is wrong, or None."""
    expect = case["expect"]
    for key in ("output", "value"):
        if key in expect:
            if got.get(key) == expect[key] and key in got:
                return None
            return "differs"
    if "error" not in got:
        return "no error"
    if not same_error(expect["error"], got["error"]):
        return "wrong class"
    if strict and got["error"]["message"] != expect["error"]["message"]:
        return "message"
    line = expect["error"].get("line")
    if strict and line is not None and got["error"]["line"] != line:
        return "line"
    template = expect["error"].get("template")
    if strict and template is not None and got["error"]["template"] != template:
        return "template"
    return None


def run(program, cases):
    """The answers by id; a crash ends the list, and the rest is run again without its case."""
    answers = {}
    left = cases
    while left:
        text = "".join(json.dumps(case) + "\n" for case in left)
        done = subprocess.run([program], input=text, capture_output=True, text=True,
                              timeout=300, check=False)
        lines = [line for line in done.stdout.split("\n") if line.strip()]
        for case, line in zip(left, lines):
            answers[case["id"]] = json.loads(line)
        if len(lines) >= len(left):
            break
        crashed = left[len(lines)]
        print(f"CRASH in {crashed['id']} ({done.returncode}): {done.stderr[-1500:]}")
        answers[crashed["id"]] = {"crash": done.returncode}
        left = left[len(lines) + 1:]
    return answers


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("corpus")
    parser.add_argument("-n", type=int, default=20, help="differences to show")
    parser.add_argument("-k", default="", help="only cases whose id has this in it")
    parser.add_argument("-m", action="store_true", help="compare messages and lines, too")
    options = parser.parse_args()
    with open(options.corpus, encoding="utf-8") as file:
        cases = [json.loads(line) for line in file if line.strip()]
    cases = [case for case in cases if options.k in case["id"]]
    answers = run(options.program, cases)
    wrong = 0
    for case in cases:
        got = answers.get(case["id"], {})
        why = judge(case, got, options.m)
        if why is None:
            continue
        wrong += 1
        if wrong <= options.n:
            print(f"--- {case['id']}: {why}")
            print("   ", json.dumps(case["templates"])[:600])
            print("    env", json.dumps(case.get("env", {})), "context",
                  json.dumps(case.get("context", {}))[:300])
            print("    expect", json.dumps(case["expect"])[:400])
            print("    got   ", json.dumps({k: v for k, v in got.items() if k != "id"})[:400])
    print(f"{len(cases) - wrong} of {len(cases)} cases agree")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
