# SPDX-License-Identifier: MIT
"""
Where we differ from Debian's Jinja2 3.1.2 on purpose. Each row is explained in
docs/COMPATIBILITY.md; a difference that no row covers is a failure.
"""
import html
import re


def error_type(answer):
    return answer.get("error", {}).get("type")


def message(answer):
    return answer.get("error", {}).get("message") or ""


def is_complex(text, expected, got):
    return "**" in text and message(got).startswith("negative number cannot be raised")


def is_late_join(text, expected, got):
    """Python joins when the whole unit has run, so an error behind the block comes first."""
    return "filter" in text and "error" in expected and \
        message(got).startswith("sequence item 0: expected str instance")


def is_folded_slice(text, expected, got):
    """Jinja2's folding swallows the TypeError of a slice that its run time raises."""
    return ":" in text and "output" in expected and message(got).endswith(
        ("object is not subscriptable", "unhashable type: 'slice'"))


def is_constant_escaped(text, expected, got):
    """Under `autoescape NAME` Jinja2 does not escape what it folded."""
    return re.search(r"autoescape (?!true|false)", text) and "output" in expected and \
        "output" in got and html.unescape(got["output"]) == html.unescape(expected["output"])


# (reason, test of (templates as one text, expected, got))
ROWS = [
    ("int of a text that says infinity gives the default, as in 3.1.6",
     lambda text, expected, got: "|int" in text and "output" in got
     and error_type(expected) == "OverflowError"),
    ("complex numbers are refused", is_complex),
    ("a constant that can not be sliced is an error, folded or not", is_folded_slice),
    ("constants are escaped under a computed autoescape, too", is_constant_escaped),
    ("a filter block that gives no text fails at its end", is_late_join),
]


def reason(case, expected, got):
    text = "\n".join(case["templates"].values())
    for why, test in ROWS:
        if test(text, expected, got):
            return why
    return None
