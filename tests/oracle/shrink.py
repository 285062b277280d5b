# SPDX-License-Identifier: MIT
"""
Make a failing case small: drop pieces of its templates, its context and its environment for as
long as it still fails in the same way. All candidates of a round go to the program in one batch.
"""
import copy
import re
import time

TOKEN = re.compile(r"\{%[-+]?|[-+]?%\}|\{\{-?|-?\}\}|\{#|#\}|\w+|\s+|'(?:\\.|[^'\\])*'"
                   r'|"(?:\\.|[^"\\])*"|.', re.S)
# Whole constructs first: they take the most away in one step.
CONSTRUCT = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|[^{]+|.", re.S)


def spans(length):
    """(start, end) of runs to try dropping, long runs first."""
    size = length
    while size >= 1:
        for start in range(0, length, max(1, size // 2) if size > 1 else 1):
            yield start, min(start + size, length)
        size //= 2


def without(pieces, span):
    return "".join(pieces[:span[0]] + pieces[span[1]:])


def bracket_pairs(pieces):
    """Spans of pieces that can go while what they enclose stays: `(x)` to `x`."""
    stack = []
    for at, piece in enumerate(pieces):
        if piece in "([{" and piece:
            stack.append(at)
        elif piece in (")", "]", "}") and stack:
            yield stack.pop(), at


def template_candidates(text):
    for rule in (CONSTRUCT, TOKEN):
        pieces = rule.findall(text)
        limit = 400
        for span in spans(len(pieces)):
            if span != (0, len(pieces)):
                yield without(pieces, span)
                limit -= 1
                if limit == 0:
                    break
        if rule is TOKEN:
            for opened, closed in bracket_pairs(pieces):
                yield "".join(pieces[:opened] + pieces[opened + 1:closed] + pieces[closed + 1:])


def candidates(case):
    """Smaller variants of a case, the boldest first."""
    for name in list(case["templates"]):
        if name != case["main"]:
            smaller = copy.deepcopy(case)
            del smaller["templates"][name]
            yield smaller
    for name in case.get("env", {}):
        smaller = copy.deepcopy(case)
        del smaller["env"][name]
        yield smaller
    for name, text in case["templates"].items():
        for shorter in template_candidates(text):
            smaller = copy.deepcopy(case)
            smaller["templates"][name] = shorter
            yield smaller


def used_context(case):
    """Only what the templates name: the rest is noise to the reader."""
    text = " ".join(case["templates"].values())
    smaller = copy.deepcopy(case)
    smaller["context"] = {name: value for name, value in case["context"].items()
                          if re.search(rf"\b{re.escape(name)}\b", text)}
    return smaller


def size_of(case):
    return sum(len(text) for text in case["templates"].values()) + 5 * len(case.get("env", {}))


def shrink(case, fails, deadline, rounds=12):
    """`fails(cases)` gives one truth a case: does it still fail in the same way?"""
    trimmed = used_context(case)
    if fails([trimmed])[0]:
        case = trimmed
    for _ in range(rounds):
        if time.monotonic() > deadline:
            break
        tries = [one for one in candidates(case) if size_of(one) < size_of(case)][:500]
        failing = [one for one, bad in zip(tries, fails(tries)) if bad]
        if not failing:
            break
        case = min(failing, key=size_of)
    trimmed = used_context(case)
    return trimmed if fails([trimmed])[0] else case
