# SPDX-License-Identifier: MIT
"""Run test programs against a real server, one after the other.

    suites.py KIND [--nodes N] [--url] PROGRAM ... [-- PYTEST-FILE ...]

Each program sees CONFREG_TEST_STORE; with --url it gets the URL as its argument. Files behind
"--" are run by pytest. A server that is not installed is a failure that says how to get it.
"""
import argparse
import os
import subprocess
import sys

import services


def run(command, url):
    result = subprocess.run(command, env={**os.environ, "CONFREG_TEST_STORE": url}, check=False,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode != 0:
        sys.stdout.write("---- %s: exit %d\n" % (" ".join(command), result.returncode))
        sys.stdout.write(result.stdout.decode(errors="replace"))
        sys.stdout.flush()
    return result.returncode == 0


def main():
    words = sys.argv[1:]
    cut = words.index("--") if "--" in words else len(words)
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=sorted(services.KINDS))
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--url", action="store_true")
    parser.add_argument("programs", nargs="*")
    options = parser.parse_args(words[:cut])
    commands = [[program] for program in options.programs]
    commands += [[sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", file]
                 for file in words[cut + 1:]]
    with services.start(options.kind, options.nodes) as service:
        good = [run(command + ([service.url] if options.url else []), service.url)
                for command in commands]
    print("%d of %d programs passed on %s" % (sum(good), len(good), options.kind))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
