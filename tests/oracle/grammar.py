# SPDX-License-Identifier: MIT
"""
Random templates, contexts and environments from the grammar of Jinja2.

The generator knows what type an expression should have, so that most templates get past their
first line and reach the depths; now and then it breaks its own rules, because errors must agree
as well. Everything comes from one random.Random: the same seed gives the same case.
"""
import random

NAMES = {
    "int": ["i", "j", "zero"],
    "float": ["f", "g"],
    "str": ["s", "t", "text", "empty"],
    "bool": ["yes", "no"],
    "list:int": ["numbers"],
    "list:str": ["words"],
    "list:dict": ["rows"],
    "list:any": ["mixed", "nothing"],
    "tuple": ["pair"],
    "dict": ["d", "nested"],
    "none": ["null"],
    "markup": ["html"],
    "undef": ["missing"],
}
WORDS = ["slave", "Master", "", "a b", "x,y,z", "ÄÖü", "<b>&'\"</b>", "line\nbreak", "10", " pad ",
         "tab\there", "3.5", "0x1f", "naïve café", "日本", "UPPER lower", "a-b_c.d", "100%", "{}",
         "-7", "True", "\u00df", "one two three four five six", "http://example.com/a?b=c&d"]
INTEGERS = [0, 1, 2, 3, 5, 7, 10, -1, -3, 12, 42, 100, 255, 1000, 2**31, 2**63 - 1, 2**63, -2**63,
            10**20]
FLOATS = [0.0, 0.5, 1.0, -1.5, 2.25, 3.14159, 1e16, 1e-7, 123456.789, 0.1, 2.675, -0.0, 1e22]
KEYS = ["name", "size", "a", "b", "items", "id"]


def value_of(rng, kind, depth=2):
    """A context value of a kind, in the corpus's JSON form (see decode in oracle.py)."""
    if kind == "int":
        return rng.choice(INTEGERS if rng.random() < 0.3 else INTEGERS[:10])
    if kind == "float":
        return rng.choice(FLOATS)
    if kind == "str":
        return rng.choice(WORDS)
    if kind == "bool":
        return rng.random() < 0.5
    if kind == "none":
        return None
    if kind == "markup":
        return {"__markup__": rng.choice(["<i>x</i>", "a &amp; b", "plain", ""])}
    if kind == "tuple":
        return {"__tuple__": [value_of(rng, "int"), value_of(rng, "str")]}
    if kind == "dict":
        return {key: value_of(rng, rng.choice(["int", "str", "float", "none", "bool"]))
                for key in rng.sample(KEYS, rng.randint(0, 4))}
    if kind == "list:int":
        return [value_of(rng, "int") for _ in range(rng.randint(0, 6))]
    if kind == "list:str":
        return [rng.choice(WORDS) for _ in range(rng.randint(0, 6))]
    if kind == "list:dict":
        return [{"name": rng.choice(WORDS[:8]), "size": rng.randint(-3, 12),
                 **({"a": {"b": rng.randint(0, 3)}} if rng.random() < 0.5 else {})}
                for _ in range(rng.randint(0, 5))]
    if kind == "list:any" and depth > 0:
        kinds = ["int", "str", "float", "none", "bool", "markup", "tuple", "list:int", "dict"]
        return [value_of(rng, rng.choice(kinds), depth - 1) for _ in range(rng.randint(0, 4))]
    return []


def context_of(rng):
    context = {}
    for kind, names in NAMES.items():
        if kind == "undef":
            continue
        for name in names:
            context[name] = value_of(rng, kind)
    context["empty"] = ""
    context["zero"] = 0
    context["nothing"] = []
    context["yes"], context["no"] = True, False
    context["nested"] = {"a": {"b": [1, {"c": "deep"}]}, "list": [3, 1, 2],
                         "map": value_of(rng, "dict")}
    return context


class Grammar:
    """One case: templates that include and extend one another, an environment, a context."""

    def __init__(self, rng):
        self.rng = rng
        self.extensions = set()
        self.loops = 0
        self.macros = []
        self.scope = [dict(pair for kind, names in NAMES.items()
                           for pair in ((name, kind) for name in names))]
        self.budget = rng.randint(3, 40)
        self.wrong = rng.choice([0.0, 0.0, 0.01, 0.05])
        self.line_statements = False
        self.partials = []
        self.fresh = 0

    # ---- helpers --------------------------------------------------------------------------

    def pick(self, *choices):
        return self.rng.choice(choices)

    def chance(self, probability):
        return self.rng.random() < probability

    def names_of(self, kind):
        found = {}
        for scope in self.scope:
            found.update(scope)
        return [name for name, its in found.items() if its == kind]

    def new_name(self):
        if self.chance(0.3):
            return self.pick("s", "i", "numbers", "d", "x", "loop_", "word")
        self.fresh += 1
        return f"v{self.fresh}"

    def new_names(self):
        """Two different ones: what CPython makes of `a, a = 1, 2` is its own affair."""
        first, second = self.new_name(), self.new_name()
        return (first, second) if first != second else (first, second + "_")

    def tag(self, inside):
        left = self.rng.choices(["", "-", "+"], [10, 2, 1])[0]
        right = self.rng.choices(["", "-", "+"], [10, 2, 1])[0]
        blank = self.pick(" ", " ", " ", "  ", "\n ")
        return "{%" + left + blank + inside + self.pick(" ", " ", "\t ") + right + "%}"

    def output(self, expression):
        left = self.rng.choices(["", "-"], [10, 1])[0]
        right = self.rng.choices(["", "-"], [10, 1])[0]
        space = self.pick(" ", " ", "")
        # "{{{" and "-}}" after an operator would read differently; blanks keep them apart.
        return "{{" + left + " " + expression + (" " if right or not space else space) + right + "}}"

    # ---- expressions ----------------------------------------------------------------------

    def expr(self, kind="any", depth=3):
        if self.chance(self.wrong):
            kind = "any"
        if kind == "any":
            kind = self.pick("int", "int", "float", "str", "str", "bool", "list:int", "list:str",
                             "list:dict", "list:any", "dict", "tuple", "none", "markup", "undef")
        self.budget -= 1
        if depth <= 0 or self.budget <= 0:
            return self.atom(kind)
        if self.chance(0.06):
            return self.generic(kind, depth)
        method = getattr(self, "expr_" + kind.replace(":", "_"))
        text = method(depth - 1)
        return f"({text})" if self.chance(0.35) else text

    def primary(self, kind, depth):
        """An expression that `.name` and `[key]` may follow; seldom one that they tear apart."""
        text = self.expr(kind, depth)
        if text.isidentifier() or self.chance(0.04):
            return text
        return f"({text})"

    def generic(self, kind, depth):
        """Forms that any type may take."""
        depth -= 1
        return self.pick(
            lambda: f"({self.expr(kind, depth)} if {self.expr('bool', depth)} else "
                    f"{self.expr(kind, depth)})",
            lambda: f"({self.expr(kind, depth)} if {self.expr('bool', depth)})",
            lambda: f"({self.expr('bool', depth)} and {self.expr(kind, depth)})",
            lambda: f"({self.expr(kind, depth)} or {self.expr(kind, depth)})",
            lambda: f"missing|default({self.expr(kind, depth)})",
            lambda: f"({self.expr(kind, depth)})|default({self.atom(kind)}, true)",
            lambda: f"[{self.expr(kind, depth)}][0]",
            lambda: f"{{'k': {self.expr(kind, depth)}}}.k",
            lambda: f"{{'k': {self.expr(kind, depth)}}}['k']",
        )()

    def atom(self, kind):
        names = self.names_of(kind)
        if names and self.chance(0.65):
            return self.rng.choice(names)
        return self.literal(kind)

    def literal(self, kind):
        rng = self.rng
        if kind == "int":
            number = value_of(rng, "int")
            if number >= 0 and self.chance(0.05):
                return self.pick(hex(number), oct(number), bin(number), f"{number:_}")
            return str(number) if number >= 0 else f"({number})"
        if kind == "float":
            number = rng.choice(FLOATS)
            text = repr(number)
            return text if number >= 0 and text[0] != "-" else f"({text})"
        if kind == "str":
            return self.string(rng.choice(WORDS))
        if kind == "bool":
            return self.pick("true", "false", "True", "False")
        if kind == "none":
            return self.pick("none", "None")
        if kind == "markup":
            return f"({self.string(rng.choice(WORDS))}|safe)"
        if kind == "tuple":
            return self.pick("(1, 'x')", "()", "('a',)", "(none, 2.5, true)", "(3, 1, 2)")
        if kind == "dict":
            return self.pick("{}", "{'a': 1, 'b': 'x'}", "{1: 2, 'name': none}",
                             "dict(a=1, size=3)", "{'b': [1, 2], 'a': {'c': 3}}", "{'a': 1,}")
        if kind == "list:int":
            return self.pick("[]", "[3, 1, 2]", "[1, 1, 2, 5,]", "range(4)", "range(5, 0, -2)",
                             "[10, -3, 0, 10]", "range(1, 8, 3)")
        if kind == "list:str":
            return self.pick("['b', 'A', 'c']", "['x']", "'a,b,c'.split(',')", "['', ' ', 'Zz']",
                             "['foo', 'Foo', 'bar', 'foo']")
        if kind == "list:dict":
            return self.pick("[{'name': 'x', 'size': 2}, {'name': 'Y', 'size': 1}]", "[{}]",
                             "[{'name': 'a'}, {'name': 'B', 'size': none}]")
        if kind == "undef":
            return self.pick("missing", "d.no_such", "nested.a.zz", "words[99]", "rows[0].no",
                             "missing.deep")
        return self.pick("[1, 'a', none]", "[[1, 2], [3]]", "[true, 1, 1.0, '1']", "[]",
                         "[(1, 'b'), (2, 'a')]", "mixed")

    def string(self, text):
        if "'" not in text and self.chance(0.7):
            quote = "'"
        elif '"' not in text:
            quote = '"'
        else:
            quote = "'"
        text = text.replace("\\", "\\\\").replace(quote, "\\" + quote)
        if self.chance(0.8):
            text = text.replace("\n", "\\n").replace("\t", "\\t")
        return quote + text + quote

    def small(self):
        return str(self.rng.randint(0, 8))

    def expr_int(self, depth):
        e = self.expr
        return self.pick(
            lambda: f"{e('int', depth)} {self.pick('+', '-', '*', '//', '%')} {e('int', depth)}",
            lambda: f"{e('int', depth)} {self.pick('+', '-', '*')} {e('bool', depth)}",
            lambda: f"{e('int', 0)} ** {self.small()}",
            lambda: f"-{e('int', depth)}",
            lambda: f"+{e('int', depth)}",
            lambda: f"{e('str', depth)}|{self.pick('length', 'count', 'wordcount')}",
            lambda: f"{e('list:any', depth)}|length",
            lambda: f"{e(self.pick('str', 'float', 'int', 'bool'), depth)}|int",
            lambda: f"{e('str', depth)}|int({self.small()})",
            lambda: f"{e('str', depth)}|int(default={self.small()}, base={self.pick(16, 8, 2)})",
            lambda: f"{e('int', depth)}|abs",
            lambda: f"{e('list:int', depth)}|{self.pick('sum', 'first', 'last', 'min', 'max')}",
            lambda: f"{e('list:int', depth)}|sum(start={self.small()})",
            lambda: f"{e('list:dict', depth)}|sum('size')",
            lambda: f"{self.primary('list:int', depth)}[{e('int', 0)}]",
            lambda: f"{self.primary('str', depth)}.{self.pick('find', 'count', 'rfind')}({e('str', 0)})",
            lambda: f"{self.primary('list:int', depth)}.count({e('int', 0)})",
            lambda: self.loop_number(),
            lambda: f"({e('int', depth)})|round|int",
            lambda: f"nested.a.b[0] + {e('int', depth)}",
        )()

    def loop_number(self):
        if not self.loops:
            return self.atom("int")
        return "loop." + self.pick("index", "index0", "revindex", "revindex0", "length", "depth",
                                   "depth0")

    def expr_float(self, depth):
        e = self.expr
        return self.pick(
            lambda: f"{e('int', depth)} / {e('int', depth)}",
            lambda: f"{e('float', depth)} {self.pick('+', '-', '*', '/', '//', '%')} "
                    f"{e(self.pick('float', 'int'), depth)}",
            lambda: f"{e('float', depth)}|round({self.pick('', '1', '2', '0', '3', '-1')})",
            lambda: f"{e('float', depth)}|round({self.small()}, "
                    f"'{self.pick('ceil', 'floor', 'common')}')",
            lambda: f"{e(self.pick('str', 'int'), depth)}|float",
            lambda: f"{e('str', depth)}|float(default={self.pick('1.5', 'none', '0')})",
            lambda: f"-{e('float', depth)}",
            lambda: f"{e('float', depth)}|abs",
            lambda: f"{e('float', 0)} ** {self.pick(2, 3, -1, 0.5)}",
        )()

    def expr_str(self, depth):
        e = self.expr
        options = (self.str_operator, self.str_operator, self.str_filter, self.str_filter,
                   self.str_filter, self.str_filter_long, self.str_method, self.str_method,
                   self.str_format)
        if self.macros and self.chance(0.15):
            return self.macro_call(depth)
        if self.loops and self.chance(0.1):
            return f"loop.cycle({e('str', 0)}, {e('str', 0)})"
        return self.rng.choice(options)(depth)

    def str_operator(self, depth):
        e = self.expr
        return self.pick(
            lambda: f"{e('any', depth)} ~ {e('any', depth)}",
            lambda: f"{e('str', depth)} + {e('str', depth)}",
            lambda: f"{e('str', depth)} * {self.small()}",
            lambda: f"{self.primary('str', depth)}[{self.slice()}]",
            lambda: f"{self.primary('str', depth)}[{self.rng.randint(-4, 4)}]",
            lambda: f"{self.primary('list:str', depth)}[{self.rng.randint(-3, 3)}]",
            lambda: f"{self.primary('dict', depth)}.{self.rng.choice(KEYS)}",
            lambda: f"{self.primary('dict', depth)}['{self.rng.choice(KEYS)}']",
            lambda: f"{self.primary('dict', depth)}.get('{self.rng.choice(KEYS)}', {e('str', 0)})",
        )()

    def slice(self):
        part = lambda: self.pick("", "", str(self.rng.randint(-5, 6)))
        return self.pick(f"{part()}:{part()}", f"{part()}:{part()}:{self.pick('', 1, 2, -1, -2)}")

    def str_filter(self, depth):
        e = self.expr
        name = self.pick("upper", "lower", "title", "capitalize", "trim", "string", "escape", "e",
                         "striptags", "urlencode", "forceescape", "safe", "reverse", "first",
                         "last", "indent", "wordwrap", "center", "tojson", "pprint", "urlize",
                         "filesizeformat", "xmlattr", "join")
        if name in ("tojson", "pprint", "string", "join"):
            return f"{e('any', depth)}|{name}"
        if name == "filesizeformat":
            return f"{e(self.pick('int', 'float'), depth)}|{name}{self.pick('', '(true)')}"
        if name == "xmlattr":
            return f"{e('dict', depth)}|{name}"
        return f"{e('str', depth)}|{name}"

    def str_filter_long(self, depth):
        e = self.expr
        return self.pick(
            lambda: f"{e('str', depth)}|replace({e('str', 0)}, {e('str', 0)})",
            lambda: f"{e('str', depth)}|replace({e('str', 0)}, {e('str', 0)}, {self.small()})",
            lambda: f"{e('str', depth)}|truncate({self.rng.randint(3, 12)}"
                    f"{self.pick('', ', true', ', false', ', leeway=0', ', end=' + repr('..'))})",
            lambda: f"{e('str', depth)}|truncate({self.rng.randint(3, 12)}, true, '…', 0)",
            lambda: f"{e('str', depth)}|indent({self.pick('2', '4, true', 'width=3, blank=true', repr('> '))})",
            lambda: f"{e('str', depth)}|wordwrap({self.rng.randint(1, 12)}"
                    f"{self.pick('', ', false', ', true, ' + repr('|'), ', break_on_hyphens=false')})",
            lambda: f"{e('str', depth)}|center({self.rng.randint(0, 30)})",
            lambda: f"{e('str', depth)}|trim({e('str', 0)})",
            lambda: f"{e(self.pick('list:str', 'list:int', 'list:any', 'str'), depth)}"
                    f"|join({e('str', 0)})",
            lambda: f"{e('list:dict', depth)}|join(', ', attribute='{self.pick('name', 'size')}')",
            lambda: f"{e('any', depth)}|tojson({self.pick('2', 'indent=1', '')})",
            lambda: f"{e('any', depth)}|default({e('str', 0)}{self.pick('', ', true')})",
            lambda: f"{e('dict', depth)}|xmlattr(false)",
            lambda: f"{e('str', depth)}|urlize({self.pick('5', 'nofollow=true', 'target=' + repr('_x'))})",
            lambda: f"{e('str', depth)}|{self.pick('upper', 'lower')}|"
                    f"{self.pick('trim', 'title', 'reverse', 'escape')}",
        )()

    def str_method(self, depth):
        e = self.expr
        return f"{self.primary('str', depth)}." + self.pick(
            lambda: self.pick("upper", "lower", "title", "capitalize", "swapcase", "strip",
                              "lstrip", "rstrip", "casefold", "expandtabs") + "()",
            lambda: f"{self.pick('strip', 'lstrip', 'rstrip')}({e('str', 0)})",
            lambda: f"replace({e('str', 0)}, {e('str', 0)})",
            lambda: f"{self.pick('zfill', 'ljust', 'rjust', 'center')}({self.rng.randint(0, 14)})",
            lambda: f"join({e('list:str', depth)})",
            lambda: f"{self.pick('removeprefix', 'removesuffix')}({e('str', 0)})",
            lambda: f"{self.pick('partition', 'rpartition')}({self.pick(repr(' '), repr(','))})[0]",
        )()

    def str_format(self, depth):
        e = self.expr
        return self.pick(
            lambda: f"'%s-%d' % ({e('any', depth)}, {e('int', depth)})",
            lambda: f"'%{self.pick('5', '-6', '06', '+', ' ', '#', '')}"
                    f"{self.pick('d', 'x', 'o', 's', 'r')}|' % {e('int', depth)}",
            lambda: f"'%{self.pick('', '8', '-9', '+', '08')}{self.pick('', '.2', '.0', '.5')}"
                    f"{self.pick('f', 'e', 'g')}|' % {e('float', depth)}",
            lambda: f"'{{}}/{{}}'.format({e('any', depth)}, {e('int', depth)})",
            lambda: f"'{{:{self.pick('>8', '<8', '^9', '05', '+', ',', 'x', '#b', '*^7')}}}'"
                    f".format({e('int', depth)})",
            lambda: f"'{{0:{self.pick('.2f', '10.3e', '.1%', 'g', ',.1f')}}}'"
                    f".format({e('float', depth)})",
            lambda: f"'{{a!r}} {{b[0]}}'.format(a={e('any', depth)}, b={e('list:int', depth)})",
            lambda: f"'%s/%s'|format({e('any', depth)}, {e('str', depth)})",
            lambda: f"'%(a)s'|format(a={e('any', depth)})",
        )()

    def expr_bool(self, depth):
        e = self.expr
        comparison = self.pick("==", "!=", "<", ">", "<=", ">=")
        return self.pick(
            lambda: f"{e('int', depth)} {comparison} {e('int', depth)}",
            lambda: f"{e('float', depth)} {comparison} {e('int', depth)}",
            lambda: f"{e('str', depth)} {comparison} {e('str', depth)}",
            lambda: f"{e('any', depth)} {self.pick('==', '!=')} {e('any', depth)}",
            lambda: f"{e('int', 0)} < {e('int', depth)} <= {e('int', 0)}",
            lambda: f"not {e('any', depth)}",
            lambda: f"{e('bool', depth)} {self.pick('and', 'or')} {e('bool', depth)}",
            lambda: f"{e('int', depth)} {self.pick('in', 'not in')} {e('list:int', depth)}",
            lambda: f"{e('str', depth)} {self.pick('in', 'not in')} {e('str', depth)}",
            lambda: f"{e('str', depth)} in {e('dict', depth)}",
            lambda: self.test(depth),
            lambda: self.test(depth),
            lambda: f"{self.primary('str', depth)}.{self.pick('startswith', 'endswith')}({e('str', 0)})",
            lambda: f"{self.primary('str', depth)}.{self.pick('isdigit', 'isalpha', 'isupper', 'islower', 'isspace', 'isalnum', 'istitle')}()",
            lambda: f"loop.{self.pick('first', 'last')}" if self.loops else "yes",
            lambda: f"loop.changed({e('any', 0)})" if self.loops else "no",
        )()

    def test(self, depth):
        e = self.expr
        which = self.pick("is", "is", "is not")
        return self.pick(
            lambda: f"{e('any', depth)} {which} " + self.pick(
                "defined", "undefined", "none", "string", "number", "mapping", "sequence",
                "iterable", "callable", "boolean", "integer", "float", "true", "false", "escaped"),
            lambda: f"{e('int', depth)} {which} {self.pick('odd', 'even')}",
            lambda: f"{e('int', depth)} {which} divisibleby {self.rng.randint(1, 5)}",
            lambda: f"{e('str', depth)} {which} {self.pick('upper', 'lower')}",
            lambda: f"{e('int', depth)} {which} {self.pick('eq', 'ne', 'lt', 'le', 'gt', 'ge', 'equalto', 'greaterthan', 'lessthan')}({e('int', 0)})",
            lambda: f"{e('any', depth)} {which} in({e('list:any', depth)})",
            lambda: f"{e('any', depth)} {which} sameas({self.pick('none', 'true', 'false')})",
            lambda: f"'{self.pick('upper', 'nope', 'join')}' {which} filter",
            lambda: f"'{self.pick('odd', 'nope')}' {which} test",
        )()

    def expr_list_int(self, depth):
        e = self.expr
        return self.pick(
            lambda: f"range({e('int', 0)} % 7)",
            lambda: f"{e('list:int', depth)}|list",
            lambda: f"{e('list:int', depth)}|sort{self.pick('', '(true)', '(reverse=true)')}",
            lambda: f"{e('list:int', depth)}|unique|list",
            lambda: f"{e('list:int', depth)}|reverse|list",
            lambda: f"{e('list:int', depth)}|{self.pick('select', 'reject')}('{self.pick('odd', 'even')}')|list",
            lambda: f"{e('list:int', depth)}|select('{self.pick('gt', 'lt', 'eq', 'divisibleby')}', {self.rng.randint(1, 5)})|list",
            lambda: f"{e('list:str', depth)}|map('length')|list",
            lambda: f"{e('list:dict', depth)}|map(attribute='size')|list",
            lambda: f"{e('list:dict', depth)}|map(attribute='size', default=0)|list",
            lambda: f"({e('list:int', depth)}|list + {e('list:int', depth)}|list)",
            lambda: f"({e('list:int', depth)}|list)[{self.slice()}]",
            lambda: f"[{e('int', depth)}, {e('int', depth)}]",
            lambda: f"[{e('int', depth)}] * {self.small()}",
        )()

    def expr_list_str(self, depth):
        e = self.expr
        return self.pick(
            lambda: f"{self.primary('str', depth)}.split({self.pick('', repr(','), repr(' '), repr(' ') + ', 1')})",
            lambda: f"{e('str', depth)}|list",
            lambda: f"{e('list:str', depth)}|map('{self.pick('upper', 'lower', 'trim', 'title', 'string', 'e')}')|list",
            lambda: f"{e('list:str', depth)}|map('replace', {e('str', 0)}, {e('str', 0)})|list",
            lambda: f"{e('list:str', depth)}|sort{self.pick('', '(case_sensitive=true)', '(reverse=true)')}",
            lambda: f"{e('list:str', depth)}|unique{self.pick('', '(true)')}|list",
            lambda: f"{e('list:dict', depth)}|map(attribute='name')|list",
            lambda: f"{e('list:str', depth)}|select|list",
            lambda: f"{e('list:str', depth)}|{self.pick('select', 'reject')}('{self.pick('upper', 'lower', 'string')}')|list",
            lambda: f"{self.primary('dict', depth)}.keys()|list",
            lambda: f"{e('dict', depth)}|list",
            lambda: f"{self.primary('str', depth)}.splitlines()",
            lambda: f"[{e('str', depth)}, {e('str', depth)}]",
        )()

    def expr_list_dict(self, depth):
        e = self.expr
        return self.pick(
            lambda: f"{e('list:dict', depth)}|sort(attribute='{self.pick('name', 'size', 'size,name')}')",
            lambda: f"{e('list:dict', depth)}|{self.pick('selectattr', 'rejectattr')}('{self.pick('name', 'size', 'a.b')}')|list",
            lambda: f"{e('list:dict', depth)}|selectattr('size', '{self.pick('gt', 'eq', 'odd', 'defined')}'"
                    f"{self.pick(', 2', '')})|list",
            lambda: f"{e('list:dict', depth)}|unique(attribute='name')|list",
            lambda: f"{self.primary('list:dict', depth)}[{self.slice()}]",
            lambda: f"[{e('dict', depth)}]",
        )()

    def expr_list_any(self, depth):
        e = self.expr
        return self.pick(
            lambda: f"[{e('any', depth)}, {e('any', depth)}, {e('any', depth)}]",
            lambda: f"{e('list:any', depth)}|batch({self.rng.randint(1, 4)}{self.pick('', ', none', ', 0')})|list",
            lambda: f"{e('list:any', depth)}|slice({self.rng.randint(1, 4)}{self.pick('', ', 0')})|list",
            lambda: f"{self.primary('dict', depth)}.{self.pick('items', 'values')}()|list",
            lambda: f"{e('dict', depth)}|items|list",
            lambda: f"{e('dict', depth)}|dictsort{self.pick('', '(true)', '(by=' + repr('value') + ')', '(reverse=true)')}",
            lambda: f"{e('list:dict', depth)}|groupby('{self.pick('size', 'name', 'a.b')}'"
                    f"{self.pick('', ', default=0')})|list",
            lambda: f"{e('list:any', depth)}|map('{self.pick('string', 'list', 'first', 'length', 'abs')}')|list",
            lambda: f"{e('list:any', depth)}|select('{self.pick('defined', 'number', 'string', 'none')}')|list",
            lambda: f"{e('list:any', depth)}|list",
            lambda: f"{e('list:any', depth)} + {e('list:any', depth)}",
            lambda: f"{self.primary('list:any', depth)}[{self.slice()}]",
        )()

    def expr_dict(self, depth):
        e = self.expr
        return self.pick(
            lambda: f"{{'a': {e('any', depth)}, {e('str', 0)}: {e('any', depth)}}}",
            lambda: f"dict({e('dict', depth)}, a={e('any', depth)})",
            lambda: f"dict({self.pick('[]', '[(1, 2)]', '[[' + repr('k') + ', 3]]')})",
            lambda: f"{self.primary('dict', depth)}.copy()",
            lambda: f"{e('list:dict', depth)}|first",
            lambda: f"nested.{self.pick('a', 'map', 'zz')}",
            lambda: f"nested['a']",
        )()

    def expr_tuple(self, depth):
        e = self.expr
        return self.pick(
            lambda: f"({e('any', depth)}, {e('any', depth)})",
            lambda: f"({e('any', depth)},)",
            lambda: f"{self.primary('tuple', depth)}[{self.slice()}]",
            lambda: f"{e('tuple', depth)} + {e('tuple', depth)}",
            lambda: f"{self.primary('str', depth)}.partition({self.pick(repr(' '), repr('a'))})",
        )()

    def expr_none(self, depth):
        return self.pick("none", "null", "d.update({'z': 1})", "nothing|first|default(none)")

    def expr_markup(self, depth):
        e = self.expr
        return self.pick(
            lambda: f"{e('str', depth)}|{self.pick('safe', 'escape', 'forceescape')}",
            lambda: f"{e('markup', depth)} ~ {e('str', depth)}",
            lambda: f"{e('markup', depth)} + {e('str', depth)}",
            lambda: f"{e('markup', depth)}|{self.pick('upper', 'trim', 'string', 'striptags', 'e')}",
            lambda: f"({e('markup', depth)} % {e('str', depth)})",
            lambda: f"[{e('markup', depth)}, {e('str', depth)}]|join({e('str', 0)})",
        )()

    def expr_undef(self, depth):
        return self.literal("undef")

    def macro_call(self, depth):
        name, parameters = self.rng.choice(self.macros)
        arguments = []
        for parameter in parameters:
            if self.chance(0.2):
                break
            arguments.append(self.expr("any", 0))
        if self.chance(0.2):
            arguments.append(f"{self.rng.choice(parameters or ['extra'])}={self.expr('any', 0)}")
        return f"{name}({', '.join(arguments)})"

    # ---- statements -----------------------------------------------------------------------

    def text(self):
        return self.rng.choice(["\n", " ", "text", "\n  ", "a\n", "  \n\n", "<p>", "tail\n", ": ",
                                ",", "\t", "é", "# not a comment\n", "%", "}"])

    def body(self, depth):
        parts = []
        for _ in range(self.rng.randint(1, 4)):
            if self.budget <= 0:
                break
            parts.append(self.statement(depth))
            if self.chance(0.5):
                parts.append(self.text())
        return "".join(parts) or self.text()

    def scoped(self, depth, names=None):
        self.scope.append(dict(names or {}))
        inside = self.body(depth)
        self.scope.pop()
        return inside

    def statement(self, depth):
        self.budget -= 1
        if depth <= 0:
            return self.output(self.expr("any", 2))
        return self.rng.choices(
            [self.print, self.text_statement, self.for_loop, self.if_chain, self.set, self.set_block,
             self.macro, self.with_block, self.filter_block, self.raw, self.comment,
             self.call_block, self.namespace, self.include, self.autoescape, self.do,
             self.joiner],
            [30, 6, 10, 9, 8, 3, 4, 3, 3, 1, 2, 2, 2, 2, 1, 1, 1])[0](depth)

    def print(self, depth):
        return self.output(self.expr("any", 3))

    def text_statement(self, depth):
        return self.text()

    def for_loop(self, depth):
        kind, item = self.pick(("list:int", "int"), ("list:str", "str"), ("list:dict", "dict"),
                               ("list:any", "any"), ("dict", "str"))
        name = self.new_name()
        names = {name: item if item != "any" else "str"}
        target, source = name, self.expr(kind, 2)
        if self.chance(0.15):
            name, other = self.new_names()
            target, source = f"{name}, {other}", self.pick(
                f"{self.expr('dict', 1)}.items()", f"{self.expr('dict', 1)}|dictsort",
                f"{self.expr('list:dict', 1)}|groupby('size')", "[(1, 'a'), (2, 'b')]")
            names = {name: "str", other: "str"}
        condition = ""
        if self.chance(0.2):
            self.scope.append(names)
            condition = f" if {self.expr('bool', 2)}"
            self.scope.pop()
        recursive = ""
        if self.chance(0.04):
            recursive = " recursive"
        self.loops += 1
        inside = self.scoped(depth - 1, names)
        if recursive:
            inside += "{% if loop.depth < 3 %}" + self.output("loop(numbers[:2])") + "{% endif %}"
        if self.chance(0.08):
            self.extensions.add("jinja2.ext.loopcontrols")
            inside += "{% if " + self.expr("bool", 1) + " %}" + \
                self.tag(self.pick("break", "continue")) + "{% endif %}" + self.text()
        if self.chance(0.1):
            inside += self.output("loop." + self.pick("previtem", "nextitem"))
        self.loops -= 1
        otherwise = ""
        if self.chance(0.2):
            loops, self.loops = self.loops, 0
            otherwise = self.tag("else") + self.scoped(depth - 1)
            self.loops = loops
        return self.tag(f"for {target} in {source}{condition}{recursive}") + inside + otherwise + \
            self.tag("endfor")

    def if_chain(self, depth):
        parts = [self.tag("if " + self.expr("bool", 3)), self.body(depth - 1)]
        while self.chance(0.25):
            parts += [self.tag("elif " + self.expr("bool", 2)), self.body(depth - 1)]
        if self.chance(0.5):
            parts += [self.tag("else"), self.body(depth - 1)]
        return "".join(parts) + self.tag("endif")

    def set(self, depth):
        kind = self.pick("int", "str", "list:int", "dict", "float")
        if self.chance(0.1):
            a, b = self.new_names()
            made = self.tag(f"set {a}, {b} = {self.expr('int', 1)}, {self.expr('str', 1)}")
            self.scope[-1].update({a: "int", b: "str"})
            return made
        value = self.expr(kind, 3)
        name = self.new_name()
        self.scope[-1][name] = kind
        return self.tag(f"set {name} = {value}")

    def set_block(self, depth):
        name = self.new_name()
        filters = self.pick("", "", "|upper", " | trim | length", "|replace('a', 'b')")
        inside = self.scoped(depth - 1)
        self.scope[-1][name] = "str"
        return self.tag(f"set {name}{filters}") + inside + self.tag("endset")

    def macro(self, depth):
        self.fresh += 1
        name = f"m{self.fresh}"
        parameters = ["p", "q", "r"][:self.rng.randint(0, 3)]
        heads = []
        for at, parameter in enumerate(parameters):
            default = at >= 1 and self.chance(0.7) or (heads and "=" in heads[-1])
            heads.append(f"{parameter}={self.expr('any', 1)}" if default else parameter)
        loops, self.loops = self.loops, 0
        macros, self.macros = self.macros, []
        inside = self.scoped(depth - 1, {parameter: "str" for parameter in parameters})
        if self.chance(0.25):
            inside += self.output(self.pick("varargs", "kwargs", "caller is defined", "p"))
        if self.chance(0.3):
            inside += "{% if caller %}" + self.output("caller()") + "{% endif %}"
        self.loops, self.macros = loops, macros
        # A name that only lives in this scope: callable from what follows here.
        if len(self.scope) == 1:
            self.macros.append((name, parameters))
        return self.tag(f"macro {name}({', '.join(heads)})") + inside + \
            self.tag("endmacro" + (f" {name}" if self.chance(0.01) else ""))

    def call_block(self, depth):
        if not self.macros:
            return self.output(self.expr("str", 2))
        loops, self.loops = self.loops, 0
        made = self.tag(f"call{self.pick('', '', '(x)', '(x=1)')} {self.macro_call(1)}") + \
            self.scoped(depth - 1) + self.tag("endcall")
        self.loops = loops
        return made

    def with_block(self, depth):
        name = self.new_name()
        value = self.expr("int", 2)
        more = f", w = {self.expr('str', 1)}" if self.chance(0.3) else ""
        inside = self.scoped(depth - 1, {name: "int"})
        return self.tag(f"with {name} = {value}{more}") + inside + self.tag("endwith")

    def filter_block(self, depth):
        inside = self.scoped(depth - 1)
        name = self.pick("upper", "trim", "indent(2)", "replace('a', 'o')", "length", "e",
                         "title|reverse", "wordwrap(5)", "striptags")
        return self.tag(f"filter {name}") + inside + self.tag("endfilter")

    def raw(self, depth):
        return self.tag("raw").replace("+%}", "%}") + self.pick(
            " {{ x }} ", "{% if %}", "\n  {# c #}\n", "") + self.tag("endraw")

    def comment(self, depth):
        return "{#" + self.pick("", "-", "+") + self.pick(" note ", " {{ x }} ", "\n") + \
            self.pick("", "-") + "#}"

    def namespace(self, depth):
        name = self.new_name()
        return self.tag(f"set {name} = namespace(n={self.expr('int', 1)})") + \
            self.tag("for q in " + self.expr("list:int", 1)) + \
            self.tag(f"set {name}.n = {name}.n {self.pick('+', '-', '*')} {self.pick('1', 'q')}") + \
            self.tag("endfor") + self.output(f"{name}.n")

    def joiner(self, depth):
        name = self.new_name()
        maker = self.pick("joiner()", "joiner('|')", "cycler(1, 'b', none)")
        call = f"{name}.next()" if maker.startswith("cycler") else f"{name}()"
        return self.tag(f"set {name} = {maker}") + self.tag("for q in range(3)") + \
            self.output(call) + "q" + self.tag("endfor")

    def autoescape(self, depth):
        return self.tag(f"autoescape {self.pick('true', 'false', 'yes')}") + \
            self.scoped(depth - 1) + self.tag("endautoescape")

    def do(self, depth):
        self.extensions.add("jinja2.ext.do")
        action = self.pick("numbers.append(9)", "d.update({'a': 2})", "words.insert(0, 'x')",
                           "d.pop('a', none)", "mixed.extend([1, 2])", "numbers.sort()",
                           "words.reverse()", "d.setdefault('b', 5)")
        return self.tag("do " + action) + self.output(self.pick("numbers", "d", "words", "mixed"))

    def include(self, depth):
        if not self.partials:
            return self.output(self.expr("str", 2))
        name = self.rng.choice(self.partials)
        return self.pick(
            lambda: self.tag(f"include '{name}'" + self.pick("", " with context",
                                                             " without context")),
            lambda: self.tag(f"include ['none.txt', '{name}']"),
            lambda: self.tag("include 'none.txt' ignore missing"),
            lambda: self.tag("include 'none.txt'"),
            lambda: self.tag(f"import '{name}' as lib{self.pick('', ' with context')}") +
            self.output(self.pick("lib.shared()", "lib.value", "lib.nope", "lib.shared(1)")),
            lambda: self.tag(f"from '{name}' import {self.pick('shared', 'value', 'nope')} as it"
                             f"{self.pick('', ' with context')}") + self.output("it is defined"),
        )()

    # ---- whole cases ----------------------------------------------------------------------

    def partial(self):
        self.scope.append({})
        macros, self.macros = self.macros, []
        loops, self.loops = self.loops, 0
        text = self.tag("set value = " + self.expr("any", 1)) + \
            self.tag("macro shared(p=1)") + self.output("p") + self.output(self.expr("any", 1)) + \
            self.tag("endmacro") + self.body(1)
        self.loops, self.macros = loops, macros
        self.scope.pop()
        return text

    def parent(self):
        return self.body(1) + self.tag("block one" + self.pick("", " scoped")) + self.body(1) + \
            self.tag("endblock" + self.pick("", " one")) + self.text() + \
            "{% for q in [1, 2] %}" + self.tag("block two" + self.pick("", " scoped")) + \
            self.output(self.pick("q", "loop.index", "self.one()", "i")) + \
            self.tag("endblock") + "{% endfor %}"

    def child(self):
        parts = ["{% extends 'parent.txt' %}", self.text()]
        for name in ("one", "two"):
            if self.chance(0.6):
                inside = self.body(2)
                if self.chance(0.4):
                    inside += self.output("super()")
                if self.chance(0.1):
                    inside += self.output("self.two()" if name == "one" else "q")
                parts += [self.tag("block " + name), inside, self.tag("endblock")]
        if self.chance(0.3):
            parts.append(self.tag("set i = 77"))
        return "".join(parts)

    def case(self, number):
        templates = {}
        main = "<string>"
        if self.chance(0.18):
            main = "main.txt"
            if self.chance(0.6):
                templates["part.txt"] = self.partial()
                self.partials.append("part.txt")
            if self.chance(0.5):
                templates["parent.txt"] = self.parent()
                templates[main] = self.child()
        if main not in templates:
            templates[main] = self.body(3)
        if self.chance(0.05):
            templates[main] = self.damaged(templates[main])
        made = {"id": f"gen:{number}", "kind": "render", "templates": templates, "main": main,
                "context": context_of(self.rng)}
        env = self.environment()
        if env:
            made["env"] = env
        return made

    def damaged(self, text):
        """One slip of the pen: what a syntax error looks like."""
        if not text:
            return "{{"
        at = self.rng.randrange(len(text))
        return self.pick(
            lambda: text[:at] + text[at + 1:],
            lambda: text[:at] + self.pick("{%", "}}", "%}", "'", "(", "]", "|", ".", "{{", "{#",
                                          " if ", ",") + text[at:],
            lambda: text[:at],
            lambda: text[:at] + text[at:at + 3] + text[at:],
        )()

    def environment(self):
        env = {}
        for name, probability in (("trim_blocks", 0.2), ("lstrip_blocks", 0.2),
                                  ("keep_trailing_newline", 0.15), ("autoescape", 0.2)):
            if self.chance(probability):
                env[name] = True
        if self.chance(0.03):
            env["newline_sequence"] = self.pick("\r\n", "\r")
        kind = self.rng.choices([None, "ChainableUndefined", "DebugUndefined", "StrictUndefined"],
                                [6, 1, 1, 2])[0]
        if kind:
            env["undefined"] = kind
        if self.chance(0.15):
            env["sandbox"] = self.pick("sandboxed", "immutable")
        if self.extensions:
            env["extensions"] = sorted(self.extensions)
        return env


def make_case(seed, number):
    """Case `number` of a seed; each is independent of the others."""
    return Grammar(random.Random(f"{seed}:{number}")).case(number)
