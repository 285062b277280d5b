# SPDX-License-Identifier: MIT
"""How long the command takes from its start to its end, beside a program that does nothing."""
import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLE = HERE.parent.parent / "examples" / "mongodb"
ROUNDS = 101


def times(command, environment):
    """Milliseconds of each run, output read as a pipeline would."""
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
        taken.append((time.perf_counter() - start) * 1e3)
    return taken


def set_up(program, environment):
    """A store with a service template and three instances."""
    body = EXAMPLE / "template.json"
    subprocess.run([program, "-q", "template", "register", "mongodb", "1.0", "--file", body,
                    "--options", EXAMPLE / "options.json"], env=environment, check=True,
                   stdout=subprocess.DEVNULL)
    for _ in range(3):
        subprocess.run([program, "-q", "instance", "create", "jlopez", "mongodb", "1.0",
                        "--set", "members=3", "--set", "replicaset=rs0"],
                       env=environment, check=True, stdout=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    options = parser.parse_args()
    subprocess.run(["ninja", "-C", options.build, "cli/confreg"], check=True,
                   stdout=subprocess.DEVNULL)
    program = str(pathlib.Path(options.build).resolve() / "cli" / "confreg")
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "CONFREG_STORE": f"lmdb:{folder}/store"}
        set_up(program, environment)
        rows = [
            ("true (the floor)", ["true"]),
            ("confreg --version", [program, "--version"]),
            ("confreg instance list", [program, "instance", "list"]),
            ("confreg instance list -o json", [program, "instance", "list", "-o", "json"]),
        ]
        print(f"{'command':<32}{'median ms':>12}{'least ms':>12}")
        for name, command in rows:
            taken = times(command, environment)
            print(f"{name:<32}{statistics.median(taken):>12.2f}{min(taken):>12.2f}")


if __name__ == "__main__":
    main()
