# SPDX-License-Identifier: MIT
"""What every house check needs: where the tree is, which files it has, how to report."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SKIPPED_FOLDERS = re.compile(r"^(build[^/]*|\.git|subprojects)(/|$)|__pycache__")


def files(*suffixes):
    """Paths of the project below ROOT, sorted: what git tracks, or all when there is no git."""
    try:
        listed = subprocess.run(
            ["git", "-C", ROOT, "-c", "safe.directory=*", "ls-files", "-z"],
            check=True, capture_output=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        listed = [os.path.relpath(os.path.join(folder, name), ROOT)
                  for folder, _, names in os.walk(ROOT) for name in names]
    return sorted(path for path in listed
                  if path and not SKIPPED_FOLDERS.search(path) and path.endswith(suffixes or "")
                  and os.path.isfile(os.path.join(ROOT, path)))


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def without_comments(text):
    """C source with comments and literals blanked, every newline kept."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text,
                  flags=re.S)


class Report:
    """Collects the complaints of named checks; finish() prints them and the count."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, name, complaints):
        complaints = list(complaints)
        if complaints:
            self.failed += 1
            print(f"not ok: {name}")
            for complaint in complaints:
                print(f"    {complaint}")
        else:
            self.passed += 1
            print(f"ok: {name}")

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed else 0)
