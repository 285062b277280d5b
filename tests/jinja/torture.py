#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Every fixture of the template engine, again and again with one allocation failing.

    torture.py PATH/TO/jinja-case MOST FILE-OR-FOLDER...

Each allocation in turn fails (or MOST of them at even distances; 0: all). A run must end out of
memory, or as if nothing had been, and give everything back. Folders hold fixtures as
run_fixtures.py reads them, files one template a line. In a plain build an arena asks for its
memory in large pieces; -Dtorture=true -Darena_debug=true makes each block an allocation.
"""
import json
import pathlib
import subprocess
import sys

from run_fixtures import read_case

SECONDS = 600


def lines_of(path):
    """One template a line, as rules.txt and arguments.txt have them; settings need not fit."""
    config = "config" in path.name
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if line and not line.startswith(("# ", "= ", "! ", "@", "$")) and line not in "=!~":
            yield {"id": f"{path.name}:{number}", "kind": "render", "main": "<string>",
                   "templates": {"<string>": line.replace("\\n", "\n")}, "context": {},
                   "env": {"packs": "config"} if config else {}}


def read(path):
    if path.is_dir():
        return [read_case(one) for kind in ("render", "errors")
                for one in sorted(path.glob(f"{kind}/*.j2"))]
    return list(lines_of(path))


def main():
    program, most = sys.argv[1:3]
    cases = [case for name in sys.argv[3:] for case in read(pathlib.Path(name))]
    text = "".join(json.dumps(case) + "\n" for case in cases)
    done = subprocess.run([program, "--torture", most], input=text, capture_output=True,
                          text=True, timeout=SECONDS, check=False)
    if done.returncode == 3:
        print(done.stderr.strip())
        return 77
    answers = [json.loads(line) for line in done.stdout.split("\n") if line]
    failed = 0
    for case, answer in zip(cases, answers):
        if answer["wrong"]:
            failed += 1
            print(f"{case['id']}: allocation {answer['at']} of {answer['asked']}: "
                  f"{answer['wrong']} ({answer['status']}, {answer['held']} blocks kept)\n"
                  f"  {case['templates']['<string>']}")
    if len(answers) < len(cases):
        failed += 1
        print(f"crashed in {cases[len(answers)]['id']}: {done.returncode}\n"
              f"  {cases[len(answers)]['templates']['<string>']}\n{done.stderr[-2000:]}")
    runs = sum(answer["runs"] for answer in answers)
    print(f"{runs} runs: {len(answers) - failed} passed, {failed} failed")
    return 1 if failed or not runs else 0


if __name__ == "__main__":
    sys.exit(main())
