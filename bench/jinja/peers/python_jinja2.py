# SPDX-License-Identifier: MIT
"""Debian's python3-jinja2 as a peer: compile and render one case, print medians as JSON.

Usage: python_jinja2.py CASE_FOLDER SECONDS OUTPUT_FILE
"""
import json
import pathlib
import statistics
import sys
import time

import jinja2


def measure(function, seconds):
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter_ns()
        function()
        times.append(time.perf_counter_ns() - start)
    return statistics.median(times) / 1000, min(times) / 1000


def main():
    folder, seconds, output = pathlib.Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
    sources = {file.name: file.read_text() for file in folder.glob("*.j2")}
    context = json.loads((folder / "context.json").read_text())

    def compile_all():
        environment = jinja2.Environment(loader=jinja2.DictLoader(sources), cache_size=50)
        for name in sources:
            environment.get_template(name)
        return environment

    template = compile_all().get_template("main.j2")
    text = template.render(context)
    pathlib.Path(output).write_text(text)
    compile_us = measure(compile_all, seconds / 2)
    render_us = measure(lambda: template.render(context), seconds)
    print(json.dumps({"engine": "jinja2 " + jinja2.__version__, "case": folder.name,
                      "bytes": len(text.encode()), "compile_us": compile_us[0],
                      "compile_min_us": compile_us[1], "render_us": render_us[0],
                      "render_min_us": render_us[1]}))


if __name__ == "__main__":
    main()
