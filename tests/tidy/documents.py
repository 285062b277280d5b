#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
The documents tell the truth where a machine can tell: links lead somewhere, the files that they
name exist, and the exit codes in the manual are those of the one status list.
"""
import os
import re

from project import ROOT, Report, files, read

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
# `src/registry/instance.c` in running text. Names with a placeholder in capitals are patterns.
PATH = re.compile(r"`((?:src|include|cli|tests|docs|examples|bench|python)/[\w./-]+\.\w+)`")


def link_complaints():
    for path in files(".md"):
        for target in LINK.findall(read(path)):
            if "://" in target or target.startswith("mailto:"):
                continue
            where = os.path.normpath(os.path.join(ROOT, os.path.dirname(path), target))
            if not os.path.exists(where):
                yield f"{path}: the link to {target} leads nowhere"


def path_complaints():
    for path in files(".md"):
        if path == "CHANGELOG.md":
            continue
        for name in PATH.findall(read(path)):
            if not os.path.exists(os.path.join(ROOT, name)) and not re.search(r"[A-Z]{4}", name):
                yield f"{path}: names {name}, which is not there"


def exit_codes_of_header():
    rows = re.findall(r"X\((\w+), (\d+), (\d+), \w+,", read("include/confreg/error.h"))
    return {int(code) for _, _, code in rows}


def exit_code_complaints():
    """docs/ERRORS.md or README.md: the table's first column holds every code of the list."""
    wanted = exit_codes_of_header() - {70, 130}
    text = read("docs/ARCHITECTURE.md")
    table = re.findall(r"^\| (\d+) \|", text, re.M)
    documented = {int(code) for code in table}
    for code in sorted(wanted - documented):
        yield f"docs/ARCHITECTURE.md: exit code {code} is missing from the table"
    for code in sorted(documented - wanted - {70, 130}):
        yield f"docs/ARCHITECTURE.md: exit code {code} is not one of error.h"


report = Report()
report.check("links lead somewhere", link_complaints())
report.check("files that the documents name exist", path_complaints())
report.check("the documented exit codes are those of the status list", exit_code_complaints())
report.finish()
