#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
House rules that a machine can hold over the text of the tree; the rest is judgement.

  - every C file begins with the licence line and a comment that says why it exists
  - no function is longer than a screen, but for the flat tables listed in long_functions.txt
  - no tabs, no blanks at line ends, one newline at the end
  - no libc function that overruns, hides errors or keeps hidden state
  - nothing of one machine: no absolute home paths, no names of package mirrors
"""
import re

from project import Report, files, read, without_comments

SCREEN_LINES = 70
BANNED = {
    "strcpy", "strcat", "sprintf", "vsprintf", "gets", "strtok", "atoi", "atol", "atof",
    "alloca", "tmpnam", "mktemp", "setjmp", "longjmp", "rand", "srand", "strncpy",
    "localtime", "gmtime", "asctime", "ctime",
}
TEXT = (".c", ".h", ".py", ".md", ".sh", ".build", ".txt", ".json", ".yaml", ".proto", ".1")
# Pieces joined so that this file does not complain about itself.
MACHINE = re.compile("|".join([
    "/" + r"root/(\.|\w+/)", "/" + "work/", "/" + "tmp/bg", "/home/[a-z]+/",
    r"(deb|ftp|security)\." + r"debian\.org", r"registry\." + r"npmjs", r"pypi\." + "org",
    r"github" + r"usercontent",
]))
# Test data keeps its blanks and tabs: they are what is tested.
DATA = re.compile(r"^tests/.*\.(txt|json|jsonl|yaml)$")


def header_complaints():
    for path in files(".c", ".h"):
        text = read(path)
        if not text.startswith("/* SPDX-License-Identifier: MIT */\n"):
            yield f"{path}: does not begin with the licence line"
            continue
        rest = text.split("\n", 1)[1].lstrip()
        if not rest.startswith(("/*", "//")):
            yield f"{path}: no comment that says why the file exists"


def functions(path):
    """(line, name, number of lines) of each function body: an opening brace in column 0."""
    lines = without_comments(read(path)).split("\n")
    start = None
    for number, line in enumerate(lines, 1):
        if line.rstrip() == "{" and start is None:
            start = number
        elif line.startswith("}") and start is not None:
            if line.rstrip() == "}":
                head = " ".join(lines[max(0, start - 6):start - 1])
                names = re.findall(r"(\w+)\s*\(", head)
                signature = re.split(r"[;}]", head)[-1]
                names = re.findall(r"(\w+)\s*\(", signature) or names
                yield start, names[0] if names else "?", number - start + 1
            start = None


def length_complaints():
    listed = dict(line.split("#")[0].split() for line in
                  read("tests/tidy/long_functions.txt").splitlines()
                  if line.split("#")[0].strip())
    for path in files(".c"):
        if not path.startswith(("src/", "cli/", "server/", "python/")):
            continue
        for line, name, size in functions(path):
            ceiling = int(listed.get(f"{path}:{name}", SCREEN_LINES))
            if size > ceiling:
                yield f"{path}:{line}: {name} has {size} lines, more than {ceiling}"


def blank_complaints():
    for path in files(*TEXT):
        if DATA.match(path):
            continue
        text = read(path)
        if text and not text.endswith("\n"):
            yield f"{path}: no newline at the end"
        if text.endswith("\n\n"):
            yield f"{path}: empty lines at the end"
        for number, line in enumerate(text.split("\n"), 1):
            if line != line.rstrip():
                yield f"{path}:{number}: blanks at the end of the line"
            if "\t" in line and path.endswith((".c", ".h", ".py", ".sh", ".build")):
                yield f"{path}:{number}: a tab"


def banned_complaints():
    for path in files(".c", ".h"):
        if not path.startswith(("include/", "src/", "cli/", "server/", "python/")):
            continue
        text = without_comments(read(path))
        for match in re.finditer(r"(?<![\w.>])(\w+)\s*\(", text):
            if match.group(1) in BANNED:
                line = text.count("\n", 0, match.start()) + 1
                yield f"{path}:{line}: {match.group(1)} is not used here"


def machine_complaints():
    for path in files():
        try:
            text = read(path)
        except UnicodeDecodeError:
            continue  # test data
        for number, line in enumerate(text.split("\n"), 1):
            found = MACHINE.search(line)
            if found:
                yield f"{path}:{number}: names something of one machine: {found.group(0)}"


def assignment_complaints():
    for path in files(".c"):
        if not path.startswith(("src/", "cli/", "server/", "python/")):
            continue
        text = without_comments(read(path))
        for match in re.finditer(r"\b(?:if\s*\(\s*\(?|while\s*\()\s*\w+\s*=[^=]", text):
            line = text.count("\n", 0, match.start()) + 1
            yield f"{path}:{line}: an assignment hides in a condition"


report = Report()
report.check("every C file has its licence line and its reason", header_complaints())
report.check(f"no function is longer than {SCREEN_LINES} lines", length_complaints())
report.check("no tabs, no blanks at line ends", blank_complaints())
report.check("no banned libc function", banned_complaints())
report.check("no assignment in a condition", assignment_complaints())
report.check("nothing of one machine", machine_complaints())
report.finish()
