#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""confreg.jinja beside Debian's python3-jinja2: the cases of bench/jinja, from Python to text.

    PYTHONPATH=build/python bench/python/render.py [--seconds S] [--json]

Both render the same template object with the same Python context, so that our figure holds the
conversion of the context, and of the text into a str. `fresh` is from_string().render() in one,
as a program does it that keeps no template. Outputs are compared byte for byte first. Engines
take turns in rounds; a figure is the median of the rounds' medians, a ratio the median of theirs.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import jinja2

import confreg.jinja

BENCH = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(BENCH))
import turns  # noqa: E402

CASES = BENCH / "jinja" / "cases.py"
ENGINES = {"jinja2": jinja2.Environment, "confreg": confreg.jinja.Environment}
ROUNDS = 21


def load(folder):
    sources = {file.name: file.read_text() for file in folder.glob("*.j2")}
    options = folder / "options.json"
    settings = json.loads(options.read_text()) if options.exists() else {}
    return sources, settings, json.loads((folder / "context.json").read_text())


def loader_of(engine, sources):
    return jinja2.DictLoader(sources) if engine == "jinja2" else sources


def environment_of(engine, sources, settings):
    return ENGINES[engine](loader=loader_of(engine, sources), auto_reload=False, **settings)


def median_of(call, seconds):
    """Microseconds of one call."""
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter_ns()
        call()
        times.append((time.perf_counter_ns() - start) / 1000)
    return statistics.median(times)


def calls_of(sources, settings, context):
    """By (what, engine): a call that renders once."""
    calls = {}
    for engine in ENGINES:
        environment = environment_of(engine, sources, settings)
        template = environment.get_template("main.j2")
        calls["render", engine] = lambda template=template: template.render(context)
        calls["fresh", engine] = lambda environment=environment: environment.from_string(
            sources["main.j2"]).render(context)
    return calls


def measure(folder, seconds):
    sources, settings, context = load(folder)
    calls = calls_of(sources, settings, context)
    texts = {key: call() for key, call in calls.items()}
    if len(set(texts.values())) != 1:
        raise SystemExit(f"{folder.name}: the outputs differ")
    times = {key: [] for key in calls}
    for number in range(ROUNDS):
        for key, call in list(calls.items())[::1 if number % 2 == 0 else -1]:
            times[key].append(median_of(call, seconds / ROUNDS))
    row = {"case": folder.name, "bytes": len(next(iter(texts.values())).encode())}
    for what in ("render", "fresh"):
        for engine in ENGINES:
            row[f"{what}_{engine}_us"] = round(statistics.median(times[what, engine]), 1)
        row[f"{what}_ratio"] = round(turns.ratio(times[what, "jinja2"], times[what, "confreg"]), 2)
    return row


def rows(seconds):
    """One row a case."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, str(CASES), folder], check=True, stdout=subprocess.DEVNULL)
        return [measure(path, seconds) for path in sorted(pathlib.Path(folder).iterdir())
                if path.is_dir()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="a figure")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = rows(options.seconds)
    if options.json:
        print(json.dumps(found, indent=1))
        return
    print(f"{'case':16} {'bytes':>8} {'jinja2 µs':>10} {'confreg µs':>11} {'':>7}"
          f" {'fresh: jinja2':>14} {'confreg':>9} {'':>7}".rstrip())
    for row in found:
        print(f"{row['case']:16} {row['bytes']:8} {row['render_jinja2_us']:10}"
              f" {row['render_confreg_us']:11} {row['render_ratio']:6.2f}x"
              f" {row['fresh_jinja2_us']:14} {row['fresh_confreg_us']:9} {row['fresh_ratio']:6.2f}x")
    ratios = statistics.median(row["render_ratio"] for row in found)
    fresh = statistics.median(row["fresh_ratio"] for row in found)
    print(f"median: render {ratios:.2f}x, fresh {fresh:.2f}x")


if __name__ == "__main__":
    main()
