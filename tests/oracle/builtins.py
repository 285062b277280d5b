#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Compare every stock filter and test, with its arguments, on every kind of value, with what
Debian's python3-jinja2 answers.

    builtins.py --program build/tests/jinja/jinja-case [--only NAME] [--messages] [--show N]

The cases are all combinations of a zoo of values and a list of calls, plain and with
autoescape, so that a case that differs is small already.
"""
import argparse
import collections
import sys

import jinja2

import engine
import known
import oracle
from generate import describe

# One value of each kind and of each edge that filters care about: Jinja expressions over CONTEXT.
ZOO = """
none | true | false | 0 | 1 | -7 | 42 | 12345678901234567890123 | -(2**64) | 2.5 | -0.0 | 1e16 | 1e-7 | 0.1 + 0.2
nan | inf | '' | 'a' | 'Hello World' | 'foo bar-baz (qux) [x] <y>' | '  pad\\t' | '42' | '-7.5' | '0x1F' | '1_000'
'a,b;c' | 'line1\\nline2\\n\\nline4' | '<b>&amp; "q" \\'s\\'</b>' | 'Ünïcødé ß ǆ İ ŉ' | 'ΑΣ Σ' | '日本語 text' | '%s and %s'
m | [] | [1, 2, 3] | ['b', 'A', 'c', 'a', 'B'] | [3, 1.5, true, 2] | [1, 'a', none] | [[1, 2], [3]] | (1, 'x') | ()
{} | {'b': 1, 'A': 2, 'a': 0} | {'x': {'y': [1, 2]}, 'n': none} | {1: 'one', 'two': 2} | users | users[0] | r | s
missing | missing2|default({}) | [missing] | iso | [m, '<i>'] | pairs | words | long | deep | lines | many
""".replace("\n", " | ")
CONTEXT = {
    "nan": {"__float__": "nan"}, "inf": {"__float__": "inf"}, "m": {"__markup__": "<b>&amp;</b> x"},
    "r": {"__range__": [0, 5, 1]}, "s": {"__set__": [3]}, "iso": "2024-01-02",
    "users": [{"name": "jo", "age": 30, "tags": ["x"], "on": True, "addr": {"city": "Rome"}},
              {"name": "Al", "age": 9, "tags": [], "on": False, "addr": {"city": "bern"}},
              {"name": "jo", "age": 12, "tags": ["y", "x"], "on": True, "addr": {}}],
    "pairs": [["a", 1], ["b c", "ä/&"]],
    "words": "the quick brown fox jumps over the lazy-dog, well-known--really? " * 3,
    "long": "https://example.com/" + "a" * 90 + " end",
    "deep": {"key%d" % n: {"list": list(range(n)), "text": "v" * n} for n in range(12)},
    "lines": "one\r\ntwo\rthree\x0bfour\x85five\u2028six\n",
    "many": [{"id": n, "group": "G%d" % (n % 3)} for n in range(20)],
}

# What is called on each of them; '' alone is the bare filter.
FILTERS = {
    "abs": [""],
    "attr": ["('name')", "('items')", "('upper') is callable", "(1)", "('x.y')"],
    "batch": ["(2)|list", "(3, 'x')|list", "(0)|list", "(linecount=2, fill_with=none)|list",
              "('a')|list", "(2.0)|list"],
    "capitalize": [""],
    "center": ["", "(20)", "(width=5)", "(0)", "('a')"],
    "count": [""],
    "d": ["", "('x')", "('x', true)", "(boolean=true)"],
    "default": ["(7)", "(default_value=none, boolean=true)"],
    "dictsort": ["", "(true)", "(by='value')", "(false, 'value', true)", "(by='x')",
                 "(reverse=true)"],
    "e": [""], "escape": [""],
    "filesizeformat": ["", "(true)", "(binary=true)"],
    "first": [""],
    "float": ["", "(1)", "('x')", "(default=none)"],
    "forceescape": [""],
    "format": ["", "(1)", "(1, 2)", "(a=1)", "(1, a=1)"],
    "groupby": ["('name')", "('age')", "('addr.city')", "('addr.city', default='zz')",
                "(0)", "('name', case_sensitive=true)", "(attribute='on')", "('group')",
                "('name')|map(attribute='grouper')|list", "('group')|map('last')|map('length')|list"],
    "indent": ["", "(2)", "(2, true)", "(2, false, true)", "('> ')", "(first=true, blank=true)",
               "(width=0)", "('<', true)", "(-3)", "(1.5)"],
    "int": ["", "(5)", "(0, 16)", "(base=8)", "(default=none)", "(base=0)", "(0, 2)", "(0, 1)"],
    "items": ["|list", "|first"],
    "join": ["", "(',')", "('<')", "(m)", "(', ', 'name')", "(attribute='age')", "(d='|')", "(1)",
             "('-', attribute=0)"],
    "last": [""], "length": [""], "list": [""], "lower": [""],
    "map": ["('upper')|list", "(attribute='name')|list", "(attribute='addr.city', default='?')|list",
            "('default', 'x')|list", "|list", "(attribute=0)|list", "('nope')|list",
            "('int', 3)|list", "(attribute='name', x=1)|list", "('string')|join", "(1)|list",
            "('batch', 2)|map('list')|list", "(attribute=none)|list"],
    "max": ["", "(true)", "(attribute='age')", "(attribute='name')"],
    "min": ["", "(case_sensitive=true)", "(attribute='age')", "(false, 'addr.city')"],
    "pprint": [""],
    "reject": ["|list", "('odd')|list", "('gt', 1)|list", "('nope')|list", "('string')|list"],
    "rejectattr": ["('on')|list", "('age', 'gt', 10)|list", "|list", "('x', 'defined')|list"],
    "replace": ["('a', 'b')", "('a', 'b', 1)", "('', '-')", "('<', m)", "(m, 'x')", "(1, 2)",
                "('l', '', count=1)", "('o', '<o>')", "('a', 'b', none)", "('a', 'b', -1)"],
    "reverse": ["|list", ""],
    "round": ["", "(1)", "(1, 'floor')", "(method='ceil')", "(-1)", "(2, 'ceil')", "(method='x')",
              "(-1, 'floor')", "(400)", "(none)", "('a')"],
    "safe": [""],
    "select": ["|list", "('odd')|list", "('lessthan', 3)|list", "('in', [1, 'a'])|list",
               "('nope')|list", "('defined')|list", "('divisibleby', 3)|list", "(1)|list",
               "('divisibleby', num=3)|list", "('eq', none)|list"],
    "selectattr": ["('on')|list", "('age', '>', 10)|list", "('name', 'equalto', 'jo')|list",
                   "|list", "('addr.city', 'defined')|list", "(0)|list", "('name', 'nope')|list"],
    "slice": ["(2)|list", "(3, 'x')|list", "(0)|list", "(-1)|list", "('a')|list", "(true)|list",
              "(slices=4)|list"],
    "sort": ["", "(true)", "(case_sensitive=true)", "(attribute='name')", "(attribute='name,age')",
             "(reverse=true, attribute='age')", "(attribute='addr.city')", "(attribute=0)",
             "(attribute='group,id')"],
    "string": [""],
    "striptags": [""],
    "sum": ["", "(start=10)", "('age')", "(attribute='age', start=1.5)", "(start='')",
            "(start=[])"],
    "title": [""],
    "tojson": ["", "(2)", "(indent=0)", "('--')", "(indent=none)", "(true)"],
    "trim": ["", "('a')", "(chars=' dH')", "('')", "(none)", "(1)"],
    "truncate": ["", "(5)", "(9, true)", "(11, false, '..', 0)", "(length=3, end='')", "(2)",
                 "(6, leeway=2)", "(5, true, m)", "('a')", "(5, leeway=-1)"],
    "unique": ["|list", "(true)|list", "(attribute='name')|list", "(case_sensitive=true)|list"],
    "upper": [""],
    "urlencode": [""],
    "urlize": ["", "(10)", "(10, true)", "(target='_blank')", "(rel='a b', nofollow=true)",
               "(extra_schemes=['ftp:'])", "(extra_schemes=['x'])"],
    "wordcount": [""],
    "wordwrap": ["", "(10)", "(5, false)", "(10, wrapstring='|')", "(7, true, '|', false)", "(1)",
                 "(0)", "(20, break_on_hyphens=false)"],
    "xmlattr": ["", "(false)", "(autospace=true)"],
}

TESTS = {
    "boolean": [""], "callable": [""], "defined": [""], "escaped": [""], "even": [""], "false": [""],
    "filter": [""], "float": [""], "integer": [""], "iterable": [""], "lower": [""], "mapping": [""],
    "none": [""], "number": [""], "odd": [""], "sequence": [""], "string": [""], "test": [""],
    "true": [""], "undefined": [""], "upper": [""],
    "divisibleby": ["(3)", "(0)", "('a')", "(2.5)"],
    "in": ["([1, 'a', none])", "('Hello World')", "({'a': 1})", "(5)", "(r)"],
    "sameas": ["(none)", "(true)", "(1)"],
}
for _name in "eq == equalto ne != lt < lessthan le <= gt > greaterthan ge >=".split():
    if _name[0].isalpha():
        TESTS[_name] = ["(1)", "('a')", "(2.5)", "([1, 2])", "(none)"]

# Where autoescape, or Markup in the output, makes a difference.
ESCAPING = set("""attr capitalize center default e escape first forceescape format indent join last
    list lower map pprint replace reverse safe sort string striptags sum title tojson trim truncate
    unique upper urlencode urlize wordwrap xmlattr""".split())

# Texts that only some filters look into.
SPECIAL = {
    "urlize": """see http://a.com/x?y=1&z=2. | (www.example.org) | mail me@x.org, please | mailto:a@b.cd
        | ftp://x.y | http://[::1]:80/ | <http://x.com> | a@b | www.a.b.c.museum/( | foo.com:80000 | http://1.2.3.4:99
        | https://x.com). | http://x.com/a_(b) | HTTP://X.COM | info@x.y.z! | x.com/path | ..com | www. | http:// a-b.net
        | http://xn--abc.com | http://x.xn--p1ai | (http://x.com/(y)) | &lt;http://x.com&gt; | me@x.org> | x.y.info#f
        | http://ex%20ample.com | http://1.2.3 | http://[1:2:3:4:5:6:7:8]/ | http://[1:2:3:4:5:6:7:8:9]/ | '"http://x.com" '""",
    "striptags": """<p>a</p> b | a <!-- c --> d | a <b | a > b | &lt;x&gt; &amp;amp; &copy; &notit; &#65;&#x42; &#0; &#150;
        | <a  href='x>y'>z</a> | <!-- a > --> b | <<b>> | &CounterClockwiseContourIntegral; &fjlig; &#xD800; &#1114112; &#;""",
    "wordwrap": """aaaa-bbbb-cccc dd | a--b c---d | 1-2-3 x-y | the-quick---brown  fox | hello,world-wide 'quo-ted' |
        supercalifragilistic-expiali-docious word | x  y   z    w | ünï-cödé-wörd | -lead -- mid- | a\\tb  c""",
    "int": "0b101 | 0o17 | 0x_f | ' 12 ' | 1e3 | ١٢ | 1__0 | +5 | - 5 | 1e400 | infinity | 0x | 007 | 1_0.5",
    "float": "1e400 | -inf | nan | 1_0.5 | ' 2.5e3 ' | .5 | 5. | 1e | 0x10 | ١.٥ | 1e5_0 | +infinity",
    "round": "2.675 | 0.5 | 1.5 | 2.5 | 1234.5678 | 25 | 35 | 5e-324 | 1.7976931348623157e308 | 15.0 | 0.05 | 1e22",
    "filesizeformat": "999 | 1000 | 1023 | 1024 | 1e6 | 999999 | 1.5e9 | 1e27 | 1e30 | -5 | 0.5 | 1048575",
    "title": "foo-bar | it's | (a)[b]{c}<d | a_b | x\\u00a0y | ßtraße o'neil | 3rd 4TH | ǆa",
    "urlencode": "a b/c?d=e&f | ü~_.- | %41 | \\n",
    "truncate": "foo bar baz qux | foobarbazquxquux | a b",
    "tojson": "</script> | \\u2028 | \\x7f | \\\\ | \\U0001f600",
    "center": "ab | abc | ü", "wordcount": "a b-c d_e | ü ß1 | ... | it's",
    "indent": "a\\n | \\na | a\\r\\nb | a\\x0cb\\x1cc | a\\u2029b | \\n\\n | a\\r",
    "splitlines": "", "capitalize": "ǆX | ŉx | hELLO | ßa", "upper": "ŉ ß ǆ ﬁ", "lower": "İ ΑΣ ΑΣΑ Σ",
}


def pieces(text):
    return [part.strip() for part in text.split("|") if part.strip()]


def zoo():
    # A filter inside an expression of the zoo is kept whole.
    return pieces(ZOO.replace("missing2|default({})", "missing2"))


def quoted(text):
    if text[0] == "'":
        return text
    return "'" + text.replace("'", "\\'") + "'"


def expressions(name):
    """Every value to try with a filter."""
    extra = [part if name in ("round", "filesizeformat") else quoted(part)
             for part in pieces(SPECIAL.get(name, ""))]
    return zoo() + extra


def calls(only):
    """(name, value, what is applied to it)"""
    for name, variants in FILTERS.items():
        if only in (None, name):
            for value in expressions(name):
                for call in variants:
                    yield name, value, "|%s%s" % (name, call)
    for name, variants in TESTS.items():
        if only in (None, name):
            for value in zoo():
                for call in variants:
                    yield name, value, " is %s%s" % (name, call)


class Judge:
    """Jinja2, compiling each value and each call once: that is what takes its time."""

    def __init__(self, autoescape):
        self.env = jinja2.Environment(autoescape=autoescape, cache_size=0)
        self.values = {}
        self.calls = {}

    def render(self, value, call):
        if value not in self.values:
            self.values[value] = self.env.compile_expression(f"({value})", False)
        if call not in self.calls:
            self.calls[call] = self.env.from_string("{{ value%s }}" % call)
        subject = self.values[value](**oracle.decode(CONTEXT))
        return self.calls[call].render(oracle.decode(CONTEXT), value=subject)

    def answer(self, value, call):
        return oracle.outcome(lambda: self.render(value, call))


def cases(only):
    number = 0
    judges = {False: Judge(False), True: Judge(True)}
    for name, value, call in calls(only):
        for autoescape, judge in judges.items():
            if autoescape and name not in ESCAPING:
                continue
            number += 1
            case = {"id": number, "kind": "render", "main": "<string>", "context": CONTEXT,
                    "templates": {"<string>": "{{ (%s)%s }}" % (value, call)},
                    "env": {"autoescape": True} if autoescape else {}}
            yield name, case, judge.answer(value, call)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--program", required=True, help="path of jinja-case")
    parser.add_argument("--only", help="one filter or test")
    parser.add_argument("--messages", action="store_true", help="error messages must agree, too")
    parser.add_argument("--show", type=int, default=40, help="how many differences to print")
    arguments = parser.parse_args()

    named = list(cases(arguments.only))
    counts = collections.Counter()
    by_name = collections.Counter()
    answers = engine.answers(arguments.program, [case for _, case, _ in named])
    for (name, case, expected), got in zip(named, answers):
        if expected is None:
            counts["silent"] += 1
        elif "crash" not in got and oracle.same(expected, got, arguments.messages):
            counts["same"] += 1
        elif known.reason(case, expected, got):
            counts["known"] += 1
        else:
            counts["different"] += 1
            by_name[name] += 1
            if counts["different"] <= arguments.show:
                print(describe({**case, "context": None}, expected, got))
    for name, count in by_name.most_common():
        print(f"{count} x {name}")
    print(f"{counts['same']} same, {counts['different']} different, {counts['known']} known, "
          f"{counts['silent']} without an answer")
    return 1 if counts["different"] else 0


if __name__ == "__main__":
    sys.exit(main())
