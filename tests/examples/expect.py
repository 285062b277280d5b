#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Run a program in an empty folder and compare what it prints.

    expect.py --text TEXT -- PROGRAM [ARGUMENT...]      @FOLDER@ in an argument is that folder
"""
import subprocess
import sys
import tempfile


def main():
    at = sys.argv.index("--")
    wanted = sys.argv[sys.argv.index("--text") + 1].replace("\\n", "\n")
    with tempfile.TemporaryDirectory() as folder:
        command = [word.replace("@FOLDER@", folder) for word in sys.argv[at + 1:]]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode == 0 and done.stdout == wanted:
        print("1 passed, 0 failed")
        return 0
    print(f"exit code {done.returncode}\n--- wanted\n{wanted}--- given\n{done.stdout}{done.stderr}")
    print("0 passed, 1 failed")
    return 1


if __name__ == "__main__":
    sys.exit(main())
