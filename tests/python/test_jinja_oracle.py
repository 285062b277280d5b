# SPDX-License-Identifier: MIT
"""confreg.jinja beside Debian's python3-jinja2: the same random templates, the same Python data.

The cases, the oracle and the list of known differences are those of tests/oracle; here they go
through the face that Python programs use, with contexts that are Python objects.
"""
import os
import pathlib
import re
import sys

import jinja2
import pytest

import confreg.jinja

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "oracle"))
import grammar  # noqa: E402
import known  # noqa: E402
import oracle  # noqa: E402

CASES = 10000 if os.environ.get("CONFREG_TEST_LONG") else 2500
SANDBOXES = {None: "none", "sandboxed": "standard", "immutable": "immutable"}


def environment_of(case):
    settings = dict(case.get("env", {}))
    sandbox = SANDBOXES[settings.pop("sandbox", None)]
    named = {name: text for name, text in case["templates"].items() if name != "<string>"}
    return confreg.jinja.Environment(loader=named or None, sandbox=sandbox, **settings)


def render(case):
    environment = environment_of(case)
    if case["main"] == "<string>":
        template = environment.from_string(case["templates"]["<string>"])
    else:
        template = environment.get_template(case["main"])
    return template.render(oracle.decode(case.get("context") or {}))


def difference(case):
    """None when both say the same, or the case says nothing."""
    expected = oracle.answer(case)
    if expected is None:
        return None
    got = oracle.outcome(lambda: render(case))
    if got is None or got.get("error", {}).get("type") == "LimitExceeded":
        return None
    if oracle.same(expected, got) or known.reason(case, expected, got):
        return None
    return f"{case['id']}: {case['templates']!r} {case.get('context')!r}\n" \
           f"  jinja2:  {expected}\n  confreg: {got}"


# The seeds of tests/oracle: what differs here and not there is of the face, not of the engine.
@pytest.mark.parametrize("seed", ["1", "2"])
def test_random_templates(seed):
    found = [text for number in range(CASES // 2)
             if (text := difference(grammar.make_case(seed, number))) is not None]
    assert not found, f"{len(found)} of {CASES // 2} differ:\n" + "\n".join(found[:5])


CALLS = [
    ("{{ f(1, b=2) }}", {"f": lambda a, b: (a, b)}),
    ("{{ f() is none }}", {"f": lambda: None}),
    ("{% for a, b in g %}{{ a }}{{ b }}{% endfor %}", {"g": [(1, 2), (3, 4)]}),
    ("{{ xs|map('upper')|list }}", {"xs": ("a", "b")}),
    ("{{ m.items()|list }} {{ m['a'] }} {{ m.a }}", {"m": {"a": 1, 2: "b", None: [True]}}),
    ("{{ s|sort }} {{ 1 in s }}", {"s": {3, 1, 2}}),
    ("{{ b }} {{ t }} {{ n }} {{ x }}", {"b": b"raw", "t": (1,), "n": None, "x": 1e300}),
    ("{{ big + 1 }} {{ big }}", {"big": 2 ** 200}),
    ("{{ -big }} {{ huge }}", {"big": 2 ** 63, "huge": -(2 ** 63)}),
    ("{{ r }} {{ r|list }} {{ r[1] }}", {"r": range(0, 9, 3)}),
    ("{{ x|e }}{{ x }}", {"x": jinja2.filters.Markup("<b>")}),
    ("{{ o.a }} {{ o.m(2) }} {{ o }} {{ o.missing }}", {"o": "object"}),
    ("{{ o['k'] }} {{ o|length }} {{ 'k' in o }}", {"o": "container"}),
    ("{% for x in it %}{{ loop.index }}{{ x }}{% endfor %}", {"it": "generator"}),
    ("{{ d.year }} {{ d }} {{ d == d }}", {"d": "date"}),
    ("{{ a.b.c }}", {"a": "chain"}),
    ("{{ 'ñ€😀' ~ x }}{{ x|length }}", {"x": "ü😀"}),
]


class Thing:
    a = 1

    def m(self, by):
        return self.a + by

    def __str__(self):
        return "a thing"


class Container:
    def __getitem__(self, key):
        return {"k": "v"}[key]

    def __len__(self):
        return 3

    def __contains__(self, key):
        return key == "k"


class Chain:
    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return self

    def __str__(self):
        return "chained"


def fresh(context):
    """Objects of one render: an iterator is used up by it."""
    import datetime
    made = {"object": Thing, "container": Container, "generator": lambda: (c for c in "xyz"),
            "date": lambda: datetime.date(2026, 1, 2), "chain": Chain}
    return {name: made[value]() if isinstance(value, str) and value in made else value
            for name, value in context.items()}


@pytest.mark.parametrize("sandbox", ["none", "standard", "immutable"])
@pytest.mark.parametrize("source, context", CALLS)
def test_python_values(source, context, sandbox):
    kinds = {"none": jinja2.Environment, "standard": jinja2.sandbox.SandboxedEnvironment,
             "immutable": jinja2.sandbox.ImmutableSandboxedEnvironment}
    wanted = kinds[sandbox]().from_string(source).render(fresh(context))
    ours = confreg.jinja.Environment(sandbox=sandbox).from_string(source)
    assert ours.render(fresh(context)) == wanted


@pytest.mark.parametrize("context", [
    {}, {"deep": {"a": {"b": {"c": 1}}, "l": [[[[1]]]], "t": ((1,), ())}},
    {"long": list(range(60)), "words": ["word%d" % i * (i % 7) for i in range(40)]},
    {"mixed": [1, "x" * 90, [1, 2], "y" * 70, 2, ["z" * 60] * 3, 3]},
    {"text": "a long text of many words " * 8, "map": {str(i): ["v" * i] for i in range(30)}}])
def test_debug_prints_as_jinja2(context):
    """Depth 3 and as many items a line as fit. The filters are left out: we have one more."""
    texts = []
    for environment in (jinja2.Environment, confreg.jinja.Environment):
        made = environment(extensions=["jinja2.ext.debug"])
        text = made.from_string("{% set z = 1 %}{% debug %}").render(context)
        text = re.sub(r" at 0x[0-9a-f]+", "", text)
        before, _, behind = text.partition(" 'filters'")
        texts.append((before, behind.partition(" 'tests'")[2]))
    assert texts[0] == texts[1]
    assert "'greaterthan'" in texts[0][1]
