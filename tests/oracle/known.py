# SPDX-License-Identifier: MIT
"""
Where we differ from Debian's Jinja2 3.1.2 on purpose. Each row is explained in
docs/COMPATIBILITY.md; a difference that no row covers is a failure.
"""


def error_type(answer):
    return answer.get("error", {}).get("type")


# (reason, test of (templates as one text, expected, got))
ROWS = [
]


def reason(case, expected, got):
    text = "\n".join(case["templates"].values())
    for why, test in ROWS:
        if test(text, expected, got):
            return why
    return None
