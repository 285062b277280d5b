# SPDX-License-Identifier: MIT
"""The page of the coverage, from a small count."""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import coverage_page  # noqa: E402


def entry(name, lines, lines_all, branches=0, branches_all=0):
    return {"filename": name, "line_covered": lines, "line_total": lines_all,
            "branch_covered": branches, "branch_total": branches_all}


FILES = {"files": [entry("src/base/a.c", 100, 100, 7, 10), entry("src/base/b.c", 80, 100, 1, 10),
                   entry("src/registry/commit.c", 1999, 2000, 3, 3), entry("cli/main.c", 1, 2),
                   entry("src/empty.h", 0, 0)]}


def test_folders_are_summed():
    text = coverage_page.page(FILES, "all tests.")
    assert "| src/base | 180 of 200 | 90.0 % | 8 of 20 | 40.0 % |" in text
    assert "| **src/ in all** | 2179 of 2200 | 99.0 % | 11 of 23 | 47.8 % |" in text
    assert "| cli | 1 of 2 | 50.0 % | 0 of 0 | - |" in text
    assert "src/empty.h" not in text and "all tests." in text


def test_only_all_is_a_hundred():
    assert coverage_page.share(1999, 2000) == "99.9 %"
    assert coverage_page.share(2000, 2000) == "100.0 %"


def test_files_below_the_bar_and_the_engine_are_named():
    _, engine, below = coverage_page.page(FILES, "").split("## ")
    assert "src/registry/commit.c" in engine
    assert "src/base/b.c" in below
    assert "src/base/a.c" not in below and "cli/main.c" not in below


def test_a_branch_of_the_engine_that_is_not_taken_is_named():
    assert "Every branch is taken." in coverage_page.page(FILES, "")
    more = {"files": [*FILES["files"], entry("src/registry/sweep.c", 9, 9, 4, 5)]}
    assert "are left in src/registry/sweep.c:" in coverage_page.page(more, "")
