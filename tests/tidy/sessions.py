#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Run the sessions of the documents: every ```console block of the pages given, line by line, in an
empty store. A command must succeed, and what the page shows below it must be what it prints.

    sessions.py CONFREG PAGE...

A block continues the one before it on the same page. A page that shows a failing command says
so with a line "(exit code N)".
"""
import os
import re
import subprocess
import sys
import tempfile

from project import ROOT, Report, read

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)
EXIT_CODE = re.compile(r"^\(exit code (\d+)\)$")


def steps(block):
    """(command, lines shown below it) of a block; a backslash continues a command."""
    command, shown, continued = None, [], False
    for line in block.splitlines():
        if continued:
            command += "\n" + line
        elif line.startswith("$ "):
            if command is not None:
                yield command, shown
            command, shown = line[2:], []
        else:
            shown.append(line)
            continue
        continued = line.endswith("\\")
    if command is not None:
        yield command, shown


def run_step(command, shown, environment):
    expected_code = 0
    if shown and EXIT_CODE.match(shown[-1]):
        expected_code = int(EXIT_CODE.match(shown[-1]).group(1))
        shown = shown[:-1]
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, env=environment, timeout=60,
                          capture_output=True, text=True, check=False)
    if done.returncode != expected_code:
        yield f"$ {command}: exit code {done.returncode}, {done.stderr.strip()}"
    elif shown and done.stdout.splitlines() != shown:
        yield f"$ {command}\n      shown: {shown}\n      given: {done.stdout.splitlines()}"


def page_complaints(page, program):
    blocks = BLOCK.findall(read(page))
    if not blocks:
        yield f"{page} has no session"
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "CONFREG_STORE": f"lmdb:{folder}/store", "LC_ALL": "C.UTF-8",
                       "PATH": os.path.dirname(program) + ":" + os.environ["PATH"]}
        for block in blocks:
            for command, shown in steps(block):
                yield from run_step(command, shown, environment)


report = Report()
for page in sys.argv[2:]:
    report.check(f"the sessions of {page} run as shown",
                 page_complaints(page, os.path.abspath(sys.argv[1])))
report.finish()
