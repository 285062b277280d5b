# SPDX-License-Identifier: MIT
"""Ends test servers whose test was killed.

    guard.py FOLDER

Reads "+PID" and "-PID" from standard input, which only the test holds open. At its end,
whatever ended it, the processes that are left are killed and the folder is removed.
"""
import os
import shutil
import signal
import sys


def main():
    left = set()
    for line in sys.stdin:
        (left.add if line[0] == "+" else left.discard)(int(line[1:]))
    for pid in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    shutil.rmtree(sys.argv[1], ignore_errors=True)


if __name__ == "__main__":
    main()
