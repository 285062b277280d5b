# SPDX-License-Identifier: MIT
"""
Where we differ from Debian's Jinja2 3.1.2 on purpose. Each row is explained in
docs/COMPATIBILITY.md; a difference that no row covers is a failure.
"""
import re


def error_type(answer):
    return answer.get("error", {}).get("type")


def message(answer):
    return answer.get("error", {}).get("message") or ""


def is_complex(text, expected, got):
    return "**" in text and message(got).startswith("negative number cannot be raised")


def is_counted_method(text, expected, got):
    """The text of a method has no address here, so what is made of that text may differ."""
    named = r"(\.|\[')(items|format|get|keys|values|update|append)\b('\])?(?! *\()"
    return re.search(named, text) and ("output" in expected or "output" in got)


def is_counted_iterator(text, expected, got):
    """The same of what `reverse` gives for a list, and of the filters that are generators."""
    made = r"\|\s*(reverse|map|select|reject|selectattr|rejectattr|unique|batch|slice|items)\b"
    counted = r"(wordcount|wordwrap|center|truncate|length|count)\b"
    measured = made + r"[^}%]*\|\s*" + counted
    filtered = r"filter\s+" + counted + r".*" + made + r"[^}%]*}}"
    return (re.search(measured, text) or re.search(filtered, text, re.S)) and \
        "output" in expected and "output" in got and \
        re.search(r"object|gene", expected["output"])


def is_counted_object(text, expected, got):
    """The same of a joiner or a cycler, whose text has also more words in Python."""
    made = r"\b(joiner|cycler)\("
    counted = r"\|\s*(wordcount|wordwrap|center|truncate|length|count|list)\b|\.r?split\("
    return re.search(made, text) and re.search(counted, text) and \
        "output" in expected and "output" in got


def is_items_of_cycler(text, expected, got):
    """Jinja2's Cycler happens to have a tuple of that name."""
    return "cycler" in text and re.search(r"dictsort|xmlattr", text) and \
        error_type(expected) == "TypeError" and "'tuple' object is not callable" in \
        message(expected) and error_type(got) == "AttributeError"


def is_value_first(text, expected, got):
    """`set x.y = z` with an x that is no namespace and an undefined z: z is looked at first."""
    return message(expected) == "cannot assign attribute on non-namespace object" and \
        error_type(got) == "UndefinedError"


def is_unknown_name_first(text, expected, got):
    """In one `{{ }}`: an unknown filter or test is told before a constant that is strictly undefined."""
    return error_type(expected) == "UndefinedError" and \
        error_type(got) == "TemplateAssertionError" and \
        re.match(r"No (filter|test) named", message(got))


def is_newly_unsafe(text, expected, got):
    """The immutable sandbox refuses clear and pop of a list, as in 3.1.6."""
    return error_type(got) == "SecurityError" and \
        re.match(r"access to attribute '(clear|pop)' of 'list' object", message(got))


def is_unreached_key(text, expected, got):
    """`{[]: 1}|list` fails while Jinja2 compiles, even where nothing reaches it."""
    return message(expected).startswith("unhashable type") and "output" in got and \
        re.search(r"[{,]\s*[\[{(].*:", text)


def is_uncaptured(text, expected, got):
    """What is included without context is written past the macro or block that it stands in."""
    return re.search(r"include[^%]*\bwithout\s+context\b", text) and "output" in got and \
        re.search(r"\b(macro|call|set|filter|recursive)\b", text)


# (reason, test of (templates as one text, expected, got))
ROWS = [
    ("int of a text that says infinity gives the default, as in 3.1.6",
     lambda text, expected, got: "|int" in text and "output" in got
     and error_type(expected) == "OverflowError"),
    ("clear and pop of a list are unsafe, as in 3.1.6", is_newly_unsafe),
    ("complex numbers are refused", is_complex),
    ("a method prints without an address", is_counted_method),
    ("an iterator prints without an address", is_counted_iterator),
    ("an object of the engine prints without an address", is_counted_object),
    ("a cycler is no map", is_items_of_cycler),
    ("the value of a set comes before its target", is_value_first),
    ("an unknown name comes before an undefined constant", is_unknown_name_first),
    ("an include without context is captured", is_uncaptured),
    ("a key that cannot be one fails when it is reached", is_unreached_key),
]


def reason(case, expected, got):
    text = "\n".join(case["templates"].values())
    for why, test in ROWS:
        if test(text, expected, got):
            return why
    return None
