# SPDX-License-Identifier: MIT
"""What ran last, from the logs of small build folders."""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import counts_page  # noqa: E402
import keep_run  # noqa: E402


def entry(suite, name, stdout="", result="OK", commit="abc"):
    return {"name": f"confreg:{suite} / {name}", "stdout": stdout, "stderr": "", "result": result,
            "duration": 60.0, "commit": commit}


def write_run(folder, *entries):
    folder.mkdir()
    (folder / "last-runs.json").write_text("".join(json.dumps(each) + "\n" for each in entries))


def test_tests_are_summed_by_suite_and_build(tmp_path):
    write_run(tmp_path / "build",
              entry("unit", "one", "[  PASSED  ] 1200 test(s).\n"), entry("unit", "two"),
              entry("jinja", "three", "3 passed, 2 failed\n", "FAIL"),
              entry("jinja", "four", "", "SKIP", "abd"))
    write_run(tmp_path / "build-asan", entry("unit", "one", "[  PASSED  ] 7 test(s).\n"))
    lines = counts_page.tests_table(tmp_path)
    assert lines[0] == "| suite | programs | `./dev test` | ASan, UBSan |"
    assert "| unit | 2 | 1,201 | 7 |" in lines
    assert "| jinja | 2 | 3, **2 failed**, 1 skipped | - |" in lines
    assert "| **all** | 4 | 1,204, **2 failed**, 1 skipped | 7 |" in lines
    assert "| minutes of the programs | | 4.0 | 1.0 |" in lines
    assert "| programs at commits | | 3 at abc, 1 at abd | 1 at abc |" in lines


def test_a_later_run_of_some_takes_their_place():
    kept = [entry("unit", "one", "old"), entry("unit", "two"), entry("unit", "gone")]
    fresh = [{**entry("unit", "one", "new"), "env": {"HOME": "/"}}]
    lines = keep_run.merge(kept, fresh, "abd", {"confreg:unit / one", "confreg:unit / two"})
    assert lines == [entry("unit", "one", "new", commit="abd"), entry("unit", "two")]


def test_the_table_of_the_faults_is_taken_as_it_was_left(tmp_path):
    assert counts_page.faults_table(tmp_path)[0] == "The fault tests on every store did not run."
    (tmp_path / "build").mkdir()
    (tmp_path / "build/faults.md").write_text("| store | points |\n|---|---|\n| lmdb | 618 cases |\n")
    lines = "\n".join(counts_page.faults_table(tmp_path))
    assert "\n\n| store | points |\n|---|---|\n| lmdb | 618 cases |\n" in lines


def test_what_a_killed_leader_cost_is_read_from_its_test(tmp_path):
    assert counts_page.leaders_table(tmp_path) == []
    write_run(tmp_path / "build", entry("unit", "one"), entry("servers", "cluster consul", (
        "kills: 4 instances live at the end\nload: 12 created, 8 removed, 0 told as failed, 0 cut short or unknown; "
        "15 looks, 0 violations, 5.9 s\nconsul: 10 kills; a new leader after 3.44 s (at most 3.50), the next create "
        "0.11 s (at most 0.12) behind it\n.\n1 passed in 7.70s\n")))
    assert counts_page.leaders_table(tmp_path)[2:] == [
        "| consul | 10 | 3.44 s, at most 3.50 s | 0.11 s, at most 0.12 s | 12 | 0 |", ""]


def test_what_never_ran_is_a_dash(tmp_path):
    (tmp_path / "tests/fuzz/corpus/json").mkdir(parents=True)
    assert counts_page.tests_table(tmp_path) == ["No build folder holds a run of the tests.", ""]
    assert "| json | 0 | - | - | - |" in counts_page.fuzz_table(tmp_path)
    assert counts_page.random_lines(tmp_path)[0].startswith("No random templates")


def test_a_fuzzers_log_gives_runs_and_findings(tmp_path):
    (tmp_path / "tests/fuzz/corpus/json").mkdir(parents=True)
    (tmp_path / "build-fuzz").mkdir()
    log = tmp_path / "build-fuzz/fuzz-json.log"
    log.write_text("Done 5000 runs in 601 second(s)\nstat::number_of_executed_units: 5000\n")
    assert "| json | 0 | 5,000 | 601 | 0 |" in counts_page.fuzz_table(tmp_path)
    log.write_text("SUMMARY: AddressSanitizer: heap-use-after-free\n")
    assert "| json | 0 | - | - | 1 |" in counts_page.fuzz_table(tmp_path)


def test_seeds_are_summed(tmp_path):
    (tmp_path / "build-fuzz").mkdir()
    (tmp_path / "build-fuzz/random.log").write_text(
        "known: complex numbers are refused: 18\nseed a: 900 passed, 0 failed\n"
        "known: other: 2\nseed b: 1000 passed, 1 failed\n")
    text = " ".join(counts_page.random_lines(tmp_path))
    assert "2 seeds, 1,900 answers are the same, 20 differ as docs/COMPATIBILITY.md says, 1 differ" in text


def test_only_the_section_changes(tmp_path, monkeypatch):
    page = tmp_path / "PAGE.md"
    page.write_text(f"before\n{counts_page.BEGIN}stale\n{counts_page.END}after\n")
    monkeypatch.setattr(sys, "argv", ["counts_page.py", str(page), "abc"])
    counts_page.main()
    text = page.read_text()
    assert text.startswith(f"before\n{counts_page.BEGIN}\nAt abc.\n")
    assert text.endswith(f"\n{counts_page.END}after\n") and "stale" not in text
