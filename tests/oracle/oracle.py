# SPDX-License-Identifier: MIT
"""What Debian's python3-jinja2 answers to a case, and when our answer counts as the same."""
import re
import signal

import jinja2
import jinja2.sandbox
from markupsafe import Markup

SANDBOXES = {
    None: jinja2.Environment,
    "sandboxed": jinja2.sandbox.SandboxedEnvironment,
    "immutable": jinja2.sandbox.ImmutableSandboxedEnvironment,
}
# Text that holds an address, or names a class of the interpreter, is nobody's contract.
PRIVATE = re.compile(r"0x[0-9a-f]{6,}|<(generator|function|bound|built-in|method|filter|map) |"
                     r"<class |object at", re.I)
# Ends of the interpreter, not of the language.
LIMITS = (RecursionError, MemoryError, TimeoutError)


def decode(value):
    """The JSON form of a context value, as the corpus writes it, to the Python value."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (key, inside), = value.items()
        if key == "__markup__":
            return Markup(inside)
        if key == "__tuple__":
            return tuple(decode(item) for item in inside)
        if key == "__set__":
            return {decode(item) for item in inside}
        if key == "__dict__":
            return {decode(name): decode(item) for name, item in inside}
        if key == "__range__":
            return range(*inside)
        if key == "__iter__":
            return iter(decode(inside))
        if key == "__float__":
            return float(inside)
        if key == "__bytes__":
            return inside.encode("latin-1")
    return {key: decode(item) for key, item in value.items()}


def environment(case):
    settings = dict(case.get("env", {}))
    kind = SANDBOXES[settings.pop("sandbox", None)]
    if "undefined" in settings:
        settings["undefined"] = getattr(jinja2, settings["undefined"])
    named = {name: text for name, text in case["templates"].items() if name != "<string>"}
    loader = jinja2.DictLoader(named) if named else None  # as jinja-case
    return kind(loader=loader, cache_size=0, **settings)


def too_slow(*_):
    raise TimeoutError


def render(case):
    env = environment(case)
    if case["main"] == "<string>":
        template = env.from_string(case["templates"]["<string>"])
    else:
        template = env.get_template(case["main"])
    return template.render(decode(case["context"]))


def answer(case, seconds=2):
    """{"output": text} or {"error": {...}}, or None when the case says nothing."""
    return outcome(lambda: render(case), seconds)


def outcome(produce, seconds=2):
    """The same of whatever `produce` renders."""
    signal.signal(signal.SIGALRM, too_slow)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        text = produce()
    except LIMITS:
        return None
    except Exception as error:  # whatever a template can raise is an answer
        names = [kind.__name__ for kind in type(error).__mro__]
        return {"error": {"type": names[0], "bases": names[1:-1],
                          "message": str(error), "line": getattr(error, "lineno", None),
                          "own": isinstance(error, jinja2.TemplateError)}}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    # Filters may have turned it round.
    if PRIVATE.search(text) or PRIVATE.search(text[::-1]) or len(text) > 200_000:
        return None
    return {"output": text}


def same(expected, got, messages=False):
    """
    Output must be equal byte for byte. Of an error, Jinja2's own classes must be equal; of
    Python's, ours may be one of the bases (LookupError for KeyError), but not plain Exception.
    """
    if "output" in expected:
        return got.get("output") == expected["output"]
    want, have = expected["error"], got.get("error")
    if not have:
        return False
    if want["own"]:
        agree = have.get("type") == want["type"]
    else:
        agree = have.get("type") in [want["type"]] + want["bases"][:-2]
    return agree and (not messages or have.get("message") == want["message"])


def signature(expected, got):
    """What kind of difference it is: groups failures for the reader."""
    def name(result):
        if "error" in result:
            return result["error"].get("type") or "error without a type"
        return "crash" if "crash" in result else "output"
    return f"{name(expected)} expected, {name(got)} given"
