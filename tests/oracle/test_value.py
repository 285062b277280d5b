# SPDX-License-Identifier: MIT
"""Numbers and characters of the base layer, against the Python that runs this test.

    test_value.py PATH_OF_value_probe [HOW_MANY]

Characters are compared when Python's Unicode version is 14.0, as libunistring's is.
"""

import random
import struct
import subprocess
import sys
import unicodedata

PROBE = sys.argv[1]
MANY = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
if hasattr(sys, "set_int_max_str_digits"):
    sys.set_int_max_str_digits(0)
random.seed(20260101)
failures = []


def bits(real):
    return struct.pack(">d", real).hex()


def attempt(function, *arguments):
    try:
        return function(*arguments)
    except (ValueError, OverflowError) as error:
        return type(error).__name__


def ask(questions):
    sent = "\n".join("\t".join(map(str, q)) for q in questions) + "\n"
    done = subprocess.run([PROBE], input=sent.encode(), stdout=subprocess.PIPE, timeout=300,
                          check=True)
    return done.stdout.decode().split("\n")[:-1]


def check(title, questions, expected):
    answers = ask(questions)
    wrong = [(q, e, a) for q, e, a in zip(questions, expected, answers) if str(e) != a]
    if len(answers) != len(expected):
        wrong.append(("count", len(expected), len(answers)))
    print("%-20s %7d checked %5d wrong" % (title, len(expected), len(wrong)))
    for question, wanted, got in wrong[:5]:
        print("   ", question, "wanted", wanted, "got", got)
    failures.extend(wrong)


def some_doubles():
    yield from (0.0, -0.0, 1e16, 1e15, 123456789012345680.0, 5e-324, 1.7976931348623157e308,
                2.2250738585072014e-308, 0.1, 1e-4, 1e-5, 9007199254740993.0, 1e22, 1e23,
                float("inf"), float("-inf"), float("nan"), 9.5, 0.5, 1.5, 2.5, 1e21, 4.35)
    for exponent in range(-1074, 1024):
        power = 2.0**exponent
        yield power
        below = struct.unpack(">Q", struct.pack(">d", power))[0] - 1
        yield struct.unpack(">d", struct.pack(">Q", below))[0]
        yield struct.unpack(">d", struct.pack(">Q", below + 2))[0]
    for exponent in range(-323, 309):
        yield float("1e%d" % exponent)
    for _ in range(MANY):
        yield struct.unpack(">d", struct.pack(">Q", random.getrandbits(64)))[0]
        yield round(random.uniform(-1e6, 1e6), random.randrange(0, 7))
        yield float(random.randrange(10**17)) * 10.0**random.randrange(-5, 5)


def some_integers():
    size = random.choice((3, 8, 20, 31, 53, 54, 62, 63, 64, 65, 100, 128, 300, 1000))
    number = random.getrandbits(size) + random.choice((0, 0, 1 << (size - 1)))
    if random.random() < 0.1:
        number = (1 << size) + random.randrange(-2, 3)
    return -number if random.random() < 0.5 else number


def check_doubles():
    doubles = list(some_doubles())
    check("repr", [("repr", bits(d)) for d in doubles], [repr(d) for d in doubles])
    finite = [d for d in doubles if d == d and abs(d) != float("inf")]
    questions, expected = [], []
    for real in random.sample(finite, min(len(finite), MANY)):
        kind = random.choice("efgr")
        precision = random.choice((-1, 0, 1, 2, 3, 6, 10, 17, 30))
        alternate, upper = random.choice(("", "#")), random.choice((False, True))
        spec = alternate + ("" if precision < 0 else ".%d" % precision)
        if kind == "r":
            spec = "" if precision < 0 else ".%d" % precision
            alternate, upper = "", False
        else:
            spec += kind.upper() if upper else kind
        questions.append(("format", kind, precision, alternate + "U" * upper, bits(real)))
        expected.append(format(abs(real), spec))
    check("format", questions, expected)
    texts = [repr(d) for d in doubles] + ["%.*e" % (random.randrange(0, 40), d) for d in finite]
    texts += ["%.*f" % (random.randrange(0, 400), d) for d in random.sample(finite, 2000)]
    texts += ["1_000.5", "1__0", "_1", "1_", "1_.5", "1._5", "1e1_0", " 1.5 ", "\u00a01\u2003", "١٢.٥",
              "1e400", "-1e400", "1e-400", "Infinity", "-iNF", "+nan", "nan ", "", " ", ".", ".5",
              "5.", "1e", "1e+", "e5", "+-1", "0x10", "1 2", "1.5.2", "½", "1e99999999999999999999",
              "0e99999999999999999999", "0." + "0" * 400 + "1e400", "9" * 20000, "--1", "infinit",
              "2.2250738585072011e-308", "2.47032822920623272e-324", "2.4703282292062328e-324",
              "4503599627370496.5", "4503599627370497.5", "9007199254740993" + "0" * 1000 + "1e-1001"]
    check("float()", [("float", t) for t in texts],
          [v if isinstance(v, str) else bits(v) for v in (attempt(float, t) for t in texts)])


def check_integers():
    pairs = [(some_integers(), some_integers()) for _ in range(MANY)]
    pairs += [(a, b) for a in (2**63, 2**63 - 1, -2**63, -2**63 - 1, 0, 1, -1, 2**64)
              for b in (2**63, 2**63 - 1, -2**63, -2**63 - 1, 1, -1, 2**64)]
    check("add", [("add", a, b) for a, b in pairs], [a + b for a, b in pairs])
    check("sub", [("sub", a, b) for a, b in pairs], [a - b for a, b in pairs])
    check("mul", [("mul", a, b) for a, b in pairs], [a * b for a, b in pairs])
    check("cmp", [("cmp", a, b) for a, b in pairs], [(a > b) - (a < b) for a, b in pairs])
    divisions = [(a, b) for a, b in pairs if b]
    answers = ask([("div", a, b) for a, b in divisions])
    wanted = [str(x) for a, b in divisions for x in divmod(a, b)]
    print("%-20s %7d checked %5d wrong" % ("div", len(wanted), sum(map(str.__ne__, wanted, answers))))
    if wanted != answers:
        failures.append("div")
    ratios = divisions + [(random.getrandbits(100), random.getrandbits(1150) | 1)
                          for _ in range(2000)]
    check("ratio", [("ratio", a, b) for a, b in ratios],
          [v if isinstance(v, str) else bits(v)
           for v in (attempt(lambda a, b: a / b, a, b) for a, b in ratios)])
    numbers = [a for a, _ in pairs] + [2**1024 - 2**970, 2**1024 - 2**970 - 1, 2**1024]
    check("to double", [("dbl", a) for a in numbers],
          [v if isinstance(v, str) else bits(v) for v in (attempt(float, a) for a in numbers)])
    doubles = [d for d in some_doubles() if d == d and abs(d) != float("inf")]
    check("from double", [("trunc", bits(d)) for d in doubles], [int(d) for d in doubles])
    mixed = [(a, float(attempt(float, a)) if random.random() < 0.5 and abs(a) < 2**1000
              else random.choice(doubles)) for a in numbers]
    mixed += [(int(d) + random.randrange(-1, 2), d) for d in doubles]
    check("cmp double", [("cmpf", a, bits(d)) for a, d in mixed],
          [(a > d) - (a < d) for a, d in mixed])
    powers = [(random.randrange(-40, 40), random.randrange(0, 200)) for _ in range(500)]
    check("pow", [("pow", a, b) for a, b in powers], [a**b for a, b in powers])
    check("limits", [("pow", 10, 10**9), ("pow", 2, 10**30), ("pow", -1, 10**30 + 1),
                     ("mul", 10**15000, 10**15000), ("int", 10, "9" * 30000)],
          ["LIMIT", "LIMIT", -1, "LIMIT", "LIMIT"])
    for base in (2, 3, 8, 10, 16, 36):
        check("base %d" % base, [("base", base, a) for a, _ in pairs[:300]],
              [in_base(a, base) for a, _ in pairs[:300]])
    texts = [in_base(a, base) for a, _ in pairs[:300] for base in (2, 10, 16, 36)]
    texts += ["0x10", "0X1f", "0b101", "0o17", "1_000", "1__0", "_1", "1_", "0x_f", "0x", "-0x1F",
              "+5", "-", "", " 42 ", "\u00a07", "١٢٣", "010", "00", "0_0", "0b2", "12.0", "1e3", "z",
              "0x1_f", "--1", "+-1", "12 3", "0xg", "9" * 400, "-" + "9" * 30]
    questions = [(base, t) for t in texts for base in (0, 2, 10, 16, 36)]
    check("int()", [("int", base, t) for base, t in questions],
          ["INVALID" if v == "ValueError" else v
           for v in (attempt(int, t, base) for base, t in questions)])


def in_base(number, base):
    if number == 0:
        return "0"
    digits, rest = "", abs(number)
    while rest:
        rest, digit = divmod(rest, base)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return "-" * (number < 0) + digits


def classes_of(character):
    flags = (character.isspace(), character.isprintable(), character.isalpha(),
             character.isdigit(), character.isnumeric(), character.isalnum(),
             character.islower(), character.isupper(),
             character.isupper() is False and unicodedata.category(character) == "Lt",
             character.isidentifier(), ("a" + character).isidentifier())
    return "%d%d%d%d%d%d%d%d%d%d%d %d" % (flags + (unicodedata.decimal(character, -1),))


def mapped(character):
    around = (character, "a" + character, character + "a", "A" + character + "B")
    mappings = (str.upper, str.lower, str.title, str.capitalize, str.casefold, str.swapcase)
    return "".join("".join(m(t) for t in around).encode().hex() + " " for m in mappings)


def check_characters():
    if unicodedata.unidata_version != "14.0.0":
        print("characters skipped: this Python has Unicode", unicodedata.unidata_version)
        return
    every = [chr(c) for c in range(0x110000)]
    answers = ask([("classes",)])
    # A title-case letter is both istitle() and, for islower()/isupper(), neither.
    wrong = [(hex(ord(c)), classes_of(c), a) for c, a in zip(every, answers) if classes_of(c) != a]
    print("%-20s %7d checked %5d wrong" % ("classes", len(every), len(wrong)))
    for line in wrong[:10]:
        print("   ", *line)
    failures.extend(wrong)
    real = [c for c in every if not 0xD800 <= ord(c) <= 0xDFFF]
    answers = ask([("case",)])
    wrong = [(hex(ord(c)), mapped(c), a) for c, a in zip(real, answers) if mapped(c) != a]
    print("%-20s %7d checked %5d wrong" % ("case", len(real), len(wrong)))
    for line in wrong[:10]:
        print("   ", *line)
    failures.extend(wrong)
    words = ["ΑΣ", "ΑΣ Β", "Σ", "ΑΣ.", "Α.Σ", "ΑΣ'Α", "they're bill's", "ǅ ǆ", "ﬁn ﬃ", "ß straße",
             "İI ıi", "hello world-foo_bar 3d", "ΆΣ\u0301", "1ΑΣ2"]
    check("words", [("caseof", w) for w in words], [mapped(w) for w in words])


check_doubles()
check_integers()
check_characters()
sys.exit(1 if failures else 0)
