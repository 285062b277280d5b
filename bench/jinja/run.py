# SPDX-License-Identifier: MIT
"""The template engines side by side, in one run.

Every engine handles every case in turn, several rounds over, each round in a process of its own, so
that a machine whose speed drifts treats all alike. Outputs are compared byte for byte first. Prints
a table of the medians over the rounds, and the median of each round's ratio to ours; --json writes
the rows.

    run.py --build build [--minijinja BINARY] [--rounds 15] [--seconds 0.2]

minijinja's peer (peers/minijinja) is built by `./dev bench`, which names it in MINIJINJA.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import turns  # noqa: E402


def run_peer(command, case, seconds, output):
    done = subprocess.run([*command, str(case), str(seconds), str(output)],
                          capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        sys.exit("%s failed on %s: %s" % (command[-1], case.name, done.stderr.strip()[-500:]))
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--minijinja", default=os.environ.get("MINIJINJA"))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.2)
    parser.add_argument("--json")
    options = parser.parse_args()
    peers = {"confreg": [options.build + "/bench/bench-jinja"],
             "jinja2": ["/usr/bin/python3", str(HERE / "peers/python_jinja2.py")]}
    if options.minijinja:
        peers["minijinja"] = [options.minijinja]
    else:
        print("minijinja is left out: name its binary with --minijinja (bench/jinja/peers/minijinja)")

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        subprocess.run([sys.executable, str(HERE / "cases.py"), str(folder / "cases")], check=True)
        rows = {}
        for number in range(options.rounds):
            order = list(peers.items())[::1 if number % 2 == 0 else -1]
            for case in sorted((folder / "cases").iterdir()):
                outputs = {}
                for name, command in order:
                    output = folder / ("out-" + name)
                    row = run_peer(command, case, options.seconds, output)
                    outputs[name] = output.read_bytes()
                    rows.setdefault(case.name, {}).setdefault(name, []).append(row)
                if len(set(outputs.values())) != 1:
                    sys.exit("outputs differ on %s: no figures" % case.name)

    table = []
    for case, engines in rows.items():
        for name in peers:
            samples = engines[name]
            line = {"case": case, "engine": samples[0]["engine"], "bytes": samples[0]["bytes"]}
            for what in ("render", "compile"):
                theirs, ours = ([row[what + "_us"] for row in engines[engine]]
                                for engine in (name, "confreg"))
                line[what + "_us"] = round(statistics.median(theirs), 1)
                line[what + "_ratio"] = round(turns.ratio(theirs, ours), 2)
            table.append(line)
    print("%-16s %-18s %9s %12s %8s %12s %8s" % ("case", "engine", "bytes", "render us", "ratio",
                                                 "compile us", "ratio"))
    for row in table:
        print("%-16s %-18s %9d %12.1f %7.2fx %12.1f %7.2fx" % (
            row["case"], row["engine"], row["bytes"], row["render_us"], row["render_ratio"],
            row["compile_us"], row["compile_ratio"]))
    for name in peers:
        if name != "confreg":
            ratios = [row["render_ratio"] for row in table if row["engine"].startswith(name)]
            print("render, %s / confreg: median %.2fx, least %.2fx" % (
                name, statistics.median(ratios), min(ratios)))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
