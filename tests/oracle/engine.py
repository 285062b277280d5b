# SPDX-License-Identifier: MIT
"""
Our side: feed cases to the program tests/jinja/jinja-case, one JSON object a line, and read one
answer a line. A case that kills or hangs the program is an answer of its own ({"crash": ...});
the program is started again behind it, so that one crash costs one case.
"""
import json
import subprocess


def run_batch(program, cases, seconds):
    """(answers so far, reason why the program stopped or None)"""
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    try:
        done = subprocess.run([program], input=lines.encode(), capture_output=True,
                              timeout=seconds, check=False)
        out, reason = done.stdout, None
        if done.returncode:
            words = done.stderr.decode("utf-8", "replace").strip().splitlines()
            summary = next((line for line in words if "ERROR:" in line or "runtime error" in line
                            or "Assertion" in line), words[-1] if words else "")
            reason = f"exit status {done.returncode} {summary}".strip()
    except subprocess.TimeoutExpired as error:
        out, reason = error.stdout or b"", "no answer in time"
    complete = out[:out.rfind(b"\n") + 1].decode("utf-8", "surrogatepass")
    answers = [json.loads(line) for line in complete.split("\n") if line]
    return answers[:len(cases)], reason


def answers(program, cases, seconds=60):
    """One answer for each case, whatever happens to the program."""
    cases = list(cases)
    found = []
    while len(found) < len(cases):
        rest = cases[len(found):]
        some, reason = run_batch(program, rest, seconds)
        found += some
        if len(some) < len(rest):
            found.append({"crash": reason or "the program stopped without an answer"})
    return found
