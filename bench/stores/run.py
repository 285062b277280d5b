# SPDX-License-Identifier: MIT
"""The registry on each store, beside a bare client that sends the same with nothing else, and on
Consul beside the original's way: one PUT a key on eight connections.

Servers are started for the run (tests/services), each alone. Times are medians in milliseconds;
"x bare" is the median over the rounds of ours divided by the bare client's beside it; "cpu" is what
ours computed in its own process. An operation gets no further round after 20 s. The original's way
is left out at 2,000 slaves, where it takes a minute.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "services"))
import services  # noqa: E402

ROUNDS = {2: 51, 20: 31, 200: 15, 2000: 3}


def measure(program, url, slaves, original):
    words = [program, ROOT / "examples" / "hadoop", url, str(ROUNDS.get(slaves, 3)), str(slaves)]
    words += ["original"] if original else []
    result = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    return [json.loads(line) for line in result.stdout.splitlines()]


def show(store, slaves, rows):
    for row in rows:
        bare, original = row.get("bare"), row.get("original")
        print("%-10s %6d %7d  %-12s %10.2f %8.2f %10s %7s %11s %8s" % (
            store, slaves, row["keys"], row["operation"], row["ours"], row["cpu"],
            "%.2f" % bare if bare else "-", "%.2f" % row["ratio"] if bare else "-",
            "%.0f" % original if original else "-",
            "%.0fx" % (original / row["ours"]) if original else "-"), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--slaves", type=int, nargs="*", default=[2, 20, 200, 2000])
    parser.add_argument("--store", nargs="*", default=["lmdb", "consul", "etcd", "zookeeper"])
    options = parser.parse_args()
    subprocess.run(["ninja", "-C", options.build, "bench/bench-stores"], check=True,
                   stdout=subprocess.DEVNULL)
    program = pathlib.Path(options.build) / "bench" / "bench-stores"
    print("load at the start: %.1f" % os.getloadavg()[0])
    print("%-10s %6s %7s  %-12s %10s %8s %10s %7s %11s %8s" % (
        "store", "slaves", "keys", "operation", "ours ms", "cpu ms", "bare ms", "x bare", "original ms", "faster"))
    services.ZooKeeper.heap = "2g"
    for store in options.store:
        for slaves in options.slaves:
            original = store == "consul" and slaves <= 200
            try:
                if store == "lmdb":
                    with tempfile.TemporaryDirectory() as folder:
                        show(store, slaves, measure(program, "lmdb:%s/store" % folder, slaves, False))
                    continue
                with services.start(store) as service:
                    show(store, slaves, measure(program, service.url + "/bench", slaves, original))
            except FileNotFoundError as problem:
                print("%-10s left out: %s" % (store, problem))
                break


if __name__ == "__main__":
    main()
