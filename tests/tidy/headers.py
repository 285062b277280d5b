#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Public headers stand alone, as strict C99 and as C++, and every function in them is documented.

Compiled stricter than our own code: other people's projects include them.
"""
import os
import re
import subprocess
import sys
import tempfile

from project import ROOT, Report, files, read

STRICT = ["-Wall", "-Wextra", "-pedantic", "-Werror", "-Wshadow", "-Wstrict-aliasing",
          "-fsyntax-only", "-I", os.path.join(ROOT, "include")]
LANGUAGES = {
    "C99": ["cc", "-std=c99", "-x", "c", "-Wstrict-prototypes"],
    "C17": ["cc", "-std=c17", "-x", "c"],
    "C++11": ["c++", "-std=c++11", "-x", "c++"],
    "C++17": ["c++", "-std=c++17", "-x", "c++"],
}


def headers():
    return [path[len("include/"):] for path in files(".h") if path.startswith("include/")]


def compile_complaints(command):
    for header in headers():
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as source:
            # Twice: the guard must hold, too.
            source.write(f'#include "{header}"\n#include "{header}"\nint unused_symbol;\n')
            source.flush()
            run = subprocess.run(command[:1] + STRICT + command[1:] + [source.name],
                                 capture_output=True, text=True, check=False)
        if run.returncode:
            yield f"{header}: " + run.stderr.strip().split("\n")[0]


def declarations(text):
    """(position, name) of each exported function."""
    for match in re.finditer(r"^CREG_API\b[^;]*?\b(\w+)\(", text, re.M):
        yield match.start(), match.group(1)


def comment_complaints():
    """Each function has a contract, or stands in a run of functions below a shared one."""
    for header in headers():
        text = read("include/" + header)
        for at, name in declarations(text):
            before = text[:at].rstrip()
            if not before.endswith(("*/", ";")):
                yield f"{header}: {name} has no comment"
                continue
            block = re.split(r"\n\s*\n", text[:at])[-1]
            if "/**" not in block and "*/" not in block:
                yield f"{header}: {name} has no comment"


def install_complaints():
    """One that is left out is missed only by who compiles against what was installed."""
    listed = set(re.findall(r"'\.\./include/([\w/]+\.h)'", read("src/meson.build")))
    for header in sorted(set(headers()) - listed):
        yield f"{header}: src/meson.build does not install it"


report = Report()
report.check("public headers are installed", install_complaints())
for language, command in LANGUAGES.items():
    report.check(f"public headers compile alone as {language}", compile_complaints(command))
report.check("public functions have contracts", comment_complaints())
report.finish()
