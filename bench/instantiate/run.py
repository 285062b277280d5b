# SPDX-License-Identifier: MIT
"""Instantiate on LMDB, step by step and by size, and what reading and changing cost after it.
"total" and keys/s are of the median of nine rounds; the steps, "best" and "cpu" of the best, and
"commit" is what the steps leave of that.
"""
import argparse
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    options = parser.parse_args()
    subprocess.run(["ninja", "-C", options.build, "bench/bench-instantiate"], check=True,
                   stdout=subprocess.DEVNULL)
    program = pathlib.Path(options.build) / "bench" / "bench-instantiate"
    subprocess.run([program, HERE.parent.parent / "examples" / "hadoop"], check=True)


if __name__ == "__main__":
    main()
