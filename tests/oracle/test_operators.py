# SPDX-License-Identifier: MIT
"""Operators, methods and formatting by pairs of types, against the Jinja2 that is installed.

    test_operators.py PATH_OF_jinja-case [-v]

Each expression is rendered by both. Outputs must be the same; of errors the type must be, and
the message where OWN_WORDS does not know better. Everything is written as a literal, so a
difference can be pasted into a template.
"""

import itertools
import json
import os
import sys

import jinja2
import markupsafe

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import engine  # noqa: E402

VALUES = """none true false 0 1 -7 3 12345678901234567890123 -9223372036854775808 2.5 -0.0 1e16 inf
'' 'abc' '3' 'é😀' 'a-b_c' [] [1,'a'] [1.0,2] () (1,) (1,'b') {} {'a':1} {1:2,'b':[3]} range(3)
range(0,10,3) m undef""".split()

BINARY = "+ - * / // % ** ~ == != < <= > >= in and or".split() + ["not in"]

METHODS = r"""
'Hello World'.capitalize()|'ǆabc'.title()|'ß'.upper()|'ΑΣ'.lower()|'Straße'.casefold()|'aBcÉ'.swapcase()
'ab'.center(7)|'abc'.center(6,'*')|'ab'.center(5,'é')|'abc'.center(2)|'ab'.center(4,'xy')|'ab'.center(4,1)|'ab'.center('a')|'abc'.center(7)|'abcd'.center(7)
'banana'.count('a')|'banana'.count('an',2)|'banana'.count('')|'banana'.count('',3,2)|'é😀é'.count('é')|'abc'.count(1)|'aaaa'.count('aa')|'abc'.count('',4)
'abc'.encode()|'é'.encode()|'é'.encode('latin-1')|'é'.encode('ascii')|'é'.encode('ascii','ignore')|'é'.encode('ascii','replace')|'x'.encode('nope')|'é€😀'.encode('ascii','backslashreplace')|'é'.encode('ascii','xmlcharrefreplace')|'€'.encode('latin-1')
'abc'.endswith('c')|'abc'.endswith(('x','c'))|'abc'.endswith(1)|'abc'.endswith(('x',1))|'abc'.endswith('b',0,2)|'abc'.endswith('')|'abc'.endswith('',4)|'abc'.startswith('b',1)|'abc'.startswith('bc',-2)|'abc'.startswith(())|'abc'.startswith(['a'])|'abc'.startswith('',3)
'a\tb'.expandtabs()|'a\tbc\td'.expandtabs(4)|'a\n\tb'.expandtabs(tabsize=2)|'\t'.expandtabs(0)|'é\tb'.expandtabs(3)|'\t'.expandtabs(-1)
'abcabc'.find('c')|'abcabc'.find('c',3)|'abcabc'.find('c',3,5)|'abc'.find('')|'abc'.find('',3)|'abc'.find('',4)|'é😀x'.find('x')|'é😀x'.find('x',-1)|'abc'.find(1)|'abc'.find('c',none,none)|'abc'.find('c','a')|'abc'.find('b',-100,100)|'abc'.find('b',10**30)
'abcabc'.rfind('c')|'abcabc'.rfind('c',0,5)|'abc'.rfind('')|'é😀x😀'.rfind('😀')|'abc'.index('c')|'abc'.index('z')|'abcabc'.rindex('a')|'abc'.rindex('z')
'{} {}'.format(1,'a')|'{0}{1}{0}'.format('x','y')|'{a}'.format(a=5)|'{a[0]}'.format(a=[7])|'{a[k]}'.format(a={'k':7})|'{0!r:>{1}}'.format('x',6)|'{:,}'.format(1234567)|'{:+.2f}'.format(3.14159)|'{:08.3f}'.format(-3.14159)|'{:x} {:#o} {:b}'.format(255,8,5)|'{:%}'.format(0.25)|'{:e}'.format(12345.678)|'{:g}'.format(1e10)|'{:^10}'.format('mid')|'{:*<10}'.format('left')|'{:é>5}'.format('é')|'{:.2}'.format('abcdef')|'{:10.4}|'.format('abcdef')|'{:5}|'.format(true)|'{}'.format(none)|'{}'.format([1,'a'])|'{:>5}'.format(none)|'{!s:>5}'.format(none)|'{!a}'.format('é')|'{{}}'.format()|'{'.format(1)|'}'.format(1)|'{0'.format(1)|'{} {0}'.format(1)|'{0} {}'.format(1)|'{x}'.format()|'{}'.format()|'{0.x}'.format(5)|'{0[5]}'.format([1])|'{0[a]}'.format([1])|'{:d}'.format('a')|'{:d}'.format(1.5)|'{:s}'.format(1)|'{:zz}'.format(1)|'{:.2}'.format(1)|'{:_}'.format(12345678)|'{:_x}'.format(12345678)|'{:,x}'.format(1)|'{:c}'.format(233)|'{:n}'.format(1234567)|'{:010,}'.format(1234)|'{:=+8d}'.format(5)|'{:#.3g}'.format(1.0)|'{:.0f}'.format(2.5)|'{:.3}'.format(10.0)|'{:}'.format(1e16)|'{:,.2f}'.format(1234567.891)|'{:z.1f}'.format(-0.01)|'{:#x}'.format(255)|'{:#X}'.format(255)|'{:<5}|{:>5}|{:^5}'.format(1,2,3)|'{:5}{:<5}'.format('a',1)|'{:05}'.format(-3)|'{:05}'.format('a')|'{:=5}'.format('a')|'{0:{1}.{2}f}'.format(3.14159,8,2)|'{:{}}'.format('a',5)|'{0!x}'.format(1)|'{0!r'.format(1)|'{:{:{}}}'.format(1,2,3)|'{:.400f}'.format(1.5)|'{:d}'.format(10**30)|'{:,}'.format(10**30)|'{:f}'.format(10**30)|'{:e}'.format(10**400)|'{:.2f}'.format(inf)|'{:010}'.format(inf)|'{:g}'.format(-inf)
'{a}'.format_map({'a':1})|'{b}'.format_map({'a':1})|'{}'.format_map({'a':1})|'{a.b}'.format_map({'a':1})
'ab1'.isalnum()|''.isalnum()|'é'.isalpha()|'é'.isascii()|''.isascii()|'١'.isdecimal()|'²'.isdigit()|'½'.isnumeric()|'四'.isnumeric()|'a1'.isidentifier()|'1a'.isidentifier()|''.isidentifier()|'abc'.islower()|'aBc'.islower()|'1'.islower()|'ABC'.isupper()|'Ab Cd'.istitle()|'AB'.istitle()|''.istitle()|' \t\n'.isspace()|'\u2003'.isspace()|'a\x00'.isprintable()|''.isprintable()|'ǅ'.istitle()|'ǅ'.isupper()
','.join(['a','b'])|','.join('abc')|','.join([])|','.join(['a',1])|','.join(5)|','.join({'a':1,'b':2})|','.join(('x',))|','.join(none)|','.join([m,'<'])|m.join(['<',1])|','.join(undef)|''.join(range(3))
'ab'.ljust(5)|'ab'.ljust(5,'.')|'ab'.rjust(5,'é')|'ab'.zfill(5)|'-5'.zfill(4)|'+5'.zfill(4)|'--5'.zfill(5)|''.zfill(3)|'é'.zfill(3)
'  ab '.strip()|'xxabx'.strip('x')|'abcba'.strip('ab')|'  ab '.lstrip()|'  ab '.rstrip()|'ab'.strip(1)|'éaé'.strip('é')|' a '.strip(none)|'\u2003a\u00a0'.strip()|'abc'.strip('')
'a,b,c'.split(',')|'a,b,c'.split(',',1)|' a  b '.split()|' a  b '.split(none,1)|'a b c'.split(maxsplit=1)|'abc'.split('')|''.split()|''.split(',')|'a,b'.split(1)|'a--b'.split('--')|'a\u2003b'.split()|'abc'.split('c')|'a b'.split(sep=' ')|' a b  c  '.split(none,1)|'a b c '.split(none,5)
'a,b,c'.rsplit(',',1)|' a  b '.rsplit(none,1)|'abc'.rsplit('b')|'a b c'.rsplit()|'  a b  c '.rsplit(none,1)|''.rsplit(',')|'aXXXb'.rsplit('XX')
'a\nb\r\nc'.splitlines()|'a\nb\n'.splitlines(true)|''.splitlines()|'\n'.splitlines()|'a\x0bb\x0cc\x1cd\x85e\u2028f'.splitlines()|'a\r\rb'.splitlines(keepends=true)
'a-b-c'.partition('-')|'abc'.partition('-')|'a-b-c'.rpartition('-')|'abc'.rpartition('-')|'abc'.partition('')|'abc'.partition(1)
'abc'.removeprefix('a')|'abc'.removeprefix('x')|'abc'.removesuffix('bc')|'abc'.removeprefix(1)|'abc'.removesuffix('')
'aaa'.replace('a','b')|'aaa'.replace('a','b',2)|'abc'.replace('','-')|'abc'.replace('','-',2)|''.replace('','-')|'aaa'.replace('aa','b')|'abc'.replace(1,'a')|'abc'.replace('a',1)|'é😀'.replace('','-')|'abc'.replace('a','b','c')|'aaa'.replace('a','b',0)|'aaa'.replace('a','b',-5)
'abc'.translate({97:'x'})|'abc'.translate({97:none,98:233})|'abc'.translate('abc'.maketrans('ab','xy'))|'abc'.translate('abc'.maketrans('ab','xy','c'))|'abc'.maketrans({'a':'b'})|'abc'.maketrans('a','bc')|'abc'.maketrans({'ab':1})|'abc'.maketrans(5)
m.upper()|m.capitalize()|m.title()|m.replace('b','<')|m.split('>')|m.strip('<')|m.center(20,'<')|m.partition('<')|m.join('<>')|m.find('b')|m.unescape()|m.striptags()|m.escape('<')|m.splitlines()|m.format()|m.zfill(20)|m.removeprefix('<')|m.casefold()|m.startswith('<b')|m.count('<')|m.rsplit('<',1)|m.swapcase()|m.ljust(20,'&')|m.expandtabs()|m.encode()|m[0]|m[1:3]|m[::-1]
(m~'{} {x}').format('<',x='>')|(m~'{0:>5}').format('<')|(m~'{}').format(m)|(m~'{:5}').format(m)|(m~'%s')%'<'|(m~'%s %d')%('<',5)|(m~'%(a)s')%{'a':'<'}|(m~'%r')%'<'|(m~'%5s')%'<'|(m~'%.2s')%'<'|(m~'%d')%'5'|(m~'%f')%'1.5'|(m~'%c')%'a'|(m~'%x')%5|(m~'%s')%[1,'<']|(m~'%%')%()|(m~'{a}').format_map({'a':'<'})|(m~'%(a)d')%{'a':3}
[3,1,2].sort()|[1,2].append(3)|[1,2].pop()|[].pop()|[1,2].pop(5)|[1,2].pop(0)|[1,2,1].count(1)|[1,2].index(2)|[1,2].index(5)|[1,2,1].index(1,1)|[1,2].index(1,-1)|[1,2].remove(5)|[1].insert(0,2)|[1].extend(5)|[1].extend('ab')|[2,'a'].sort()|[1,2].copy()|[1].reverse()|[1].clear()|(1,2,1).count(1)|(1,2).index(2)|(1,2).index(5)|[1,2].pop('a')|[1].insert('a',1)|[[1],[2]].index([2])|[true].index(1)
{'a':1}.get('a')|{'a':1}.get('b')|{'a':1}.get('b',5)|{}.get([])|{}.get()|{'a':1}.items()|{'a':1}.keys()|{'a':1}.values()|{'a':1}.pop('a')|{'a':1}.pop('b')|{'a':1}.pop('b',2)|{}.popitem()|{'a':1,'b':2}.popitem()|{'a':1}.setdefault('a',2)|{}.setdefault('x')|{}.setdefault('x',[])|{'a':1}.copy()|{'a':1}.update(b=2)|{'a':1}.update([('b',2)])|{}.update(5)|{}.update([1])|{}.update([(1,2,3)])|{}.update(['ab'])|{}.fromkeys('ab',1)|{}.fromkeys([1])|{'a':1}.clear()|{1:2}.pop(1.0)|{'a':1}.items()|list|{'a':1}.keys()|list|{'a':1}.items()|length|('a',1) in {'a':1}.items()|1 in {'a':1}.values()|'a' in {'a':1}.keys()|{'a':1}.keys()=={'a':2}.keys()|{'a':1}.items()=={'a':1.0}.items()|{'a':1}.values()=={'a':1}.values()|{}.keys() or 'empty'|{'a':1}.items()|first|{'a':1}.keys()[0]|{'a':1}.items()|string|[{'a':1}.items()]|{}.items()
(5).bit_length()|(255).to_bytes(2,'big')|(1).to_bytes(4,'little')|(-128).to_bytes(1,'big',signed=true)|(-129).to_bytes(1,'big',signed=true)|(256).to_bytes(1,'big')|(-1).to_bytes(2,'big')|(10**20).to_bytes(10,'big')|(-(10**20)).to_bytes(10,'little',signed=true)|(5).to_bytes()|(5).to_bytes(-1,'big')|(5).to_bytes(1,'x')|(0).to_bytes(0,'big')|(127).to_bytes(1,'big',signed=true)|(128).to_bytes(1,'big',signed=true)|(-5).bit_length()|(2**100).bit_length()|(255).bit_count()|(5).conjugate()|true.bit_length()|(5).as_integer_ratio()|(2.5).is_integer()|(2.0).is_integer()|(2.5).hex()|(0.1).hex()|(-0.0).hex()|(inf).hex()|(0.1).as_integer_ratio()|(5e-324).hex()|(5e-324).as_integer_ratio()|(1e300).as_integer_ratio()|(inf).as_integer_ratio()|(2.5).conjugate()|true.conjugate()|(0.0).as_integer_ratio()
range(5).index(3)|range(5).index(7)|range(5).count(3)|range(5).count('a')|range(0,10,3).index(6)|range(5)[1:3]|range(10)[::-1]|range(10)[::2]|range(0,10,3)[1:3]|range(10)[-3:]|range(5)==range(0,5,1)|3.0 in range(5)|'a' in range(5)|range(5)|list|range(5,0,-2)|list|range(0)[:]|range(5)[5]
'héllo'.encode().decode()|'abc'.encode().decode('ascii')|'é'.encode().decode('ascii')|'abc'.encode().hex()|'abc'.encode()[0]|'abc'.encode()[1:]|'a,b'.encode().split(','.encode())|'abc'.encode().upper()|'abc'.encode().find('c'.encode())|'abc'.encode() + 'd'.encode()|'abc'.encode() + 'd'|'ab'.encode()*2|98 in 'abc'.encode()|'b'.encode() in 'abc'.encode()|'b' in 'abc'.encode()|300 in 'abc'.encode()|' a '.encode().strip()|'abc'.encode().replace('b'.encode(),'x'.encode())|'é'.encode('latin-1').decode('utf-8')|'é'.encode('latin-1').decode('utf-8','replace')|'é€😀'.encode()[:4].decode('utf-8','replace')|'é€😀'.encode()[1:].decode('utf-8','replace')|'€€'.encode()[:5].decode()|'é'.encode('latin-1').decode('utf-8','ignore')|('é'.encode('latin-1')+'ab'.encode()).decode()|'😀'.encode()[:3].decode()|'abc'.encode()|list|'abc'.encode()=='abc'
"""

# Names, not literals: a slice of a literal is taken while compiling, where Jinja2 turns errors
# into undefined.
NAMES = {"word": "abcdef", "mixed": "aé😀d", "items": [1, 2, 3, 4], "empty": "", "five": 5, "nothing": None,
         "table": {"a": 1}}
SLICES = list(NAMES) + ["range(5)", "m", "undef"]
BOUNDS = ["::", "1:", ":2", "1:3", "-2:", ":-1", "::-1", "::2", "::-2", "3:1", "3:1:-1", "-100:100", "5:", ":0", "::0",
          "'a':", ":1.5", "none:none", "10:0:-3", "-1::-1", "true:", "1:10**30", "-10**30:2"]

PERCENT = r"""
'%s'%1|'%s'%'a'|'%s'%none|'%s'%[1]|'%s'%(1,)|'%s %s'%(1,'b')|'%s %s'%(1,)|'%s'%(1,2)|'a'%1|'a'%[1]|'a'%{}|'a'%()|'%d'%3|'%d'%3.7|'%d'%'3'|'%d'%true|'%d'%none|'%i'%5|'%u'%5|'%5d|'%42|'%-5d|'%42|'%05d'%42|'%+d'%42|'% d'%42|'%05d'%-42|'%.5d'%42|'%x'%255|'%X'%255|'%#x'%255|'%o'%8|'%#o'%8|'%x'%-255|'%#X'%255|'%x'%1.5|'%x'%'a'|'%.3x'%5|'%#010x'%255
'%f'%1|'%.2f'%3.14159|'%8.3f|'%3.14159|'%-8.3f|'%3.14159|'%08.3f'%-3.14159|'%+.1f'%2.25|'%.0f'%0.5|'%.0f'%1.5|'%#.0f'%1|'%e'%12345.678|'%.3E'%0.00012|'%g'%1e-5|'%g'%123456789|'%G'%1e-10|'%#g'%1|'%.3g'%1234.5|'%F'%inf|'%f'%inf|'%f'%'a'|'%f'%none|'%.50f'%0.1|'%5.1f%%'%99.5|'%f'%10**30
'%c'%65|'%c'%'é'|'%c'%'ab'|'%c'%1114112|'%c'%1.5|'%5c|'%'x'|'%r'%'a'|'%r'%'é'|'%a'%'é'|'%5r|'%'a'|'%.2r'%'abc'|'%5s|'%'é'|'%-5s|'%'é'|'%.2s'%'é😀x'|'%05s'%'a'|'%*d'%(5,42)|'%-*d|'%(5,42)|'%.*f'%(2,3.14159)|'%*d'%('a',1)|'%*d'%(-5,42)|'%(a)s'%{'a':1}|'%(a)s %(b)d'%{'a':1,'b':2}|'%(a)s'%{}|'%(a)s'%1|'%(a)s'%[1]|'%(a)s'%(1,)|'%(a(b))s'%{'a(b)':1}|'%(a'%{}|'%(a)'%{'a':1}|'%'%1|'%%'%()|'%%'%1|'%5%'%()|'%y'%1|'%é'%1|'%ld'%5|'%s%'%1|'%s'%undef|'%d'%undef|'%s'%m|'%s'%range(3)|'a'%range(3)|'a'%'b'|'a'%none|'%(a)s %s'%{'a':1}|'%s'%{'a':1}|'%d %s'%(10**30,'x')|'%-+5d|'%3|'%+-5d|'%3|'%+ d'%3|'%0+5d'%3
"""

MARKUP = markupsafe.Markup("<b>&amp;</b>")
INFINITE = float("inf")

UNARY = ["-(%s)", "+(%s)", "not (%s)", "(%s)|string", "(%s)|length", "[%s]", "{'k':%s}", "(%s,)", "(%s)|list",
         "(%s)|int", "(%s)|float", "(%s)|abs", "(%s)|string|length", "'%%s'|format(%s)"]

# Where Python would make a complex number, we refuse.
OWN_WORDS = ("fractional power",)


# What Jinja2 3.1.6 refuses in an immutable sandbox and older ones let through.
NEWER = (".pop(", ".clear(") if jinja2.__version__ < "3.1.5" else ()


def split_cases(text):
    """One expression between bars; a bar inside quotes or before a filter's name stays."""
    for line in text.strip().split("\n"):
        part, quote, at = "", None, 0
        while at < len(line):
            c = line[at]
            if quote:
                quote = None if c == quote else quote
            elif c in "'\"":
                quote = c
            filters = ("list", "length", "first", "string")
            if c == "|" and quote is None and not line[at + 1:].split("|")[0] in filters:
                yield part
                part = ""
            else:
                part += c
            at += 1
        yield part


def expressions():
    yield from split_cases(METHODS)
    yield from split_cases(PERCENT)
    for value, form in itertools.product(VALUES, UNARY):
        yield form % value
    for left, operator, right in itertools.product(VALUES, BINARY, VALUES):
        if operator == "**" and (len(left) > 8 or len(right) > 8):
            continue
        if operator == "**" and left[0] == "-" and right == "inf":
            continue  # Jinja2 writes the folded -7 without brackets: Python sees -(7 ** inf)
        if operator == "*" and (len(left) > 20 or len(right) > 20):
            continue
        yield "%s %s %s" % (left, operator, right)
    for value, bound in itertools.product(SLICES, BOUNDS):
        yield "%s[%s]" % (value, bound)


def environment(options):
    chosen = dict(options)
    kind = chosen.pop("sandbox", None)
    if kind == "immutable":
        from jinja2.sandbox import ImmutableSandboxedEnvironment
        return ImmutableSandboxedEnvironment(**chosen)
    return jinja2.Environment(**chosen)


def expected(env, source):
    try:
        return {"output": env.from_string(source).render(m=MARKUP, inf=INFINITE, **NAMES)}
    except RecursionError:
        return None
    except Exception as error:  # every one that Jinja2 lets through
        return {"error": {"type": type(error).__name__, "message": str(error)}}


def differs(want, got):
    if "output" in want:
        return got.get("output") != want["output"]
    if "error" not in got:
        return True
    return got["error"]["type"] != want["error"]["type"]


def main():
    verbose = "-v" in sys.argv
    failed = words = total = 0
    for options in ({}, {"autoescape": True}, {"sandbox": "immutable"}):
        env = environment(options)
        cases, wanted = [], []
        for number, expression in enumerate(expressions()):
            if options and number % 5 and len(expression) < 30 and number > 900:
                continue
            source = "{{ %s }}" % expression
            if options.get("sandbox") and any(part in source for part in NEWER):
                continue
            want = expected(env, source)
            if want is None:
                continue
            wanted.append(want)
            cases.append({"id": str(number), "kind": "render", "templates": {"<string>": source},
                          "main": "<string>", "env": options,
                          "context": dict(NAMES, m={"__markup__": str(MARKUP)},
                                          inf={"__float__": "inf"})})
        for case, want, got in zip(cases, wanted, engine.answers(sys.argv[1], cases)):
            total += 1
            source = case["templates"]["<string>"]
            if differs(want, got):
                message = got.get("error", {}).get("message", "")
                if any(own in message for own in OWN_WORDS):
                    continue
                failed += 1
                if verbose or failed <= 20:
                    print("WRONG", options or "", source, "\n   want", want, "\n   got ", got)
            elif "error" in want and got["error"]["message"] != want["error"]["message"]:
                words += 1
                if verbose:
                    print("WORDS", options or "", source, "\n   want", want["error"]["message"],
                          "\n   got ", got["error"]["message"])
    print("%d compared, %d wrong, %d with other words" % (total, failed, words))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
