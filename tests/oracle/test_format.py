# SPDX-License-Identifier: MIT
"""Our YAML and JSON against PyYAML and Python's json, and the fixtures of tests/format.

    test_format.py PATH_OF_format_probe FIXTURES [HOW_MANY]

A fixture is NAME.yaml or NAME.json with one of
    NAME.expect   the value, as Python writes it (numbers, True, None; 1.2's view of YAML)
    NAME.refused  "STATUS LINE COLUMN part of the message"; a line "mode yaml11" may come first
Every YAML fixture that we take is also read with yaml=1.1 and compared with PyYAML.
"""

import ast
import datetime
import json
import math
import pathlib
import random
import struct
import subprocess
import sys

import yaml

PROBE, FIXTURES = sys.argv[1], pathlib.Path(sys.argv[2])
MANY = int(sys.argv[3]) if len(sys.argv) > 3 else 6000
random.seed(20260101)
failures = []


def ask(documents):
    """[(mode, bytes)] -> one answer each."""
    sent = b"".join(b"%s %d\n%s" % (mode.encode(), len(text), text) for mode, text in documents)
    done = subprocess.run([PROBE], input=sent, stdout=subprocess.PIPE, timeout=300, check=True)
    answers = done.stdout.decode().split("\n")[:-1]
    assert len(answers) == len(documents), "%d answers to %d questions" % (len(answers),
                                                                          len(documents))
    return answers


def tagged(value):
    """A Python value as the probe writes it."""
    if value is None:
        return ["n"]
    if isinstance(value, bool):
        return ["b", int(value)]
    if isinstance(value, int):
        return ["i", str(value)]
    if isinstance(value, float):
        return ["f", "nan" if math.isnan(value) else struct.pack(">d", value).hex()]
    if isinstance(value, str):
        return ["s", value]
    if isinstance(value, (datetime.date, datetime.datetime)):
        return ["d"]
    if isinstance(value, list):
        return ["l"] + [tagged(item) for item in value]
    return ["m"] + [[tagged(key), tagged(item)] for key, item in value.items()]


def loosened(value):
    """The probe's value, with what Python does not keep taken off: NaN's bits, a date's text."""
    if value[0] == "d":
        return ["d"]
    if value[0] == "f" and int(value[1], 16) & ~(1 << 63) > 0x7FF << 52:
        return ["f", "nan"]
    if value[0] == "l":
        return ["l"] + [loosened(item) for item in value[1:]]
    if value[0] == "m":
        return ["m"] + [[loosened(key), loosened(item)] for key, item in value[1:]]
    return value


def parsed(answer):
    return json.loads(answer[3:]) if answer.startswith("OK ") else None


def complain(title, document, wanted, got):
    failures.append(title)
    if len(failures) < 15:
        print("%s: %r\n  wanted %s\n  got    %s" % (title, document, wanted, got))


def report(title, count, before):
    print("%-28s %6d checked %4d wrong" % (title, count, len(failures) - before))


# ---- fixtures ------------------------------------------------------------------------------


def check_fixtures():
    before, count = len(failures), 0
    for source in sorted(FIXTURES.glob("*.*")):
        if source.suffix not in (".yaml", ".json"):
            continue
        count += 1
        text, kind = source.read_bytes(), source.suffix[1:]
        refused, expected = source.with_suffix(".refused"), source.with_suffix(".expect")
        if refused.exists():
            check_refused(source.name, kind, text, refused.read_text().strip())
        else:
            check_expected(source.name, kind, text, expected.read_text())
    report("fixtures", count, before)


def check_refused(name, kind, text, wanted):
    mode, _, rest = wanted.rpartition("\n")
    answer = ask([(mode[5:] if mode else kind, text)])[0]
    status, line, column, message = rest.split(" ", 3)
    if not answer.startswith("%s %s %s " % (status, line, column)) or message not in answer:
        complain(name, text[:200], rest, answer)


def check_expected(name, kind, text, wanted):
    answer = ask([(kind, text)])[0]
    value = parsed(answer)
    wanted = tagged(ast.literal_eval(wanted))
    if value is None or loosened(value[0]) != wanted:
        complain(name, text[:200], wanted, answer)
    if kind == "yaml":
        compare_with_pyyaml(name, [text])


# ---- against PyYAML ------------------------------------------------------------------------


def read_with_pyyaml(text):
    try:
        return tagged(yaml.safe_load(text.decode() if isinstance(text, bytes) else text))
    except (yaml.YAMLError, ValueError, TypeError, IndexError, AttributeError, RecursionError):
        return None


def compare_with_pyyaml(title, documents):
    """Documents that both take must mean the same. Each refuses some that the other takes."""
    before = len(failures)
    answers = ask([("yaml11", text) for text in documents])
    taken = 0
    for text, answer in zip(documents, answers):
        ours, theirs = parsed(answer), read_with_pyyaml(text)
        if ours is None:
            continue
        taken += 1
        if theirs is not None and loosened(ours[0]) != theirs:
            complain(title, text, theirs, ours[0])
    if len(documents) > 1:
        report(title, taken, before)


SCALARS = """~ null Null NULL nul true True TRUE tRue false False FALSE yes Yes YES yES no No NO on
On ON off Off OFF y n Y N 0 -0 +0 1 +1 -1 12 012 0o12 0755 08 0x1F 0xg -0x1f +0x1F 0b101 -0b11 0b12
1_000 _1 1__0 1_ 0_7 1.5 -1.5 +1.5 .5 -.5 5. 1e3 1E3 1.0e3 1.0e+3 1.5e-3 1.e+3 .5e+1 1_0.5_0 . .. +
- -- .inf -.inf +.Inf .INF .nan .NaN .NAN -.nan 22:22 1:60 1:5 1:05 190:20:30 190:20:30.15 -1:30 0:30
01:30 1:30.5 12:30: :30 2016-05-19 2016-5-9 2016-05-19T10:20:30Z 2001-12-14t21:59:43.10-05:00
9223372036854775807 9223372036854775808 -9223372036854775808 123456789012345678901234567890
0.1 1234567890123.45 1e400 1.0e+300 4.9406564584124654e-324 a b_c a-b /x é 日本 a:b a#b << 1.2.3
0x 0b 0o 0X1F 1,000 12e03 685.230_15e+03 685_230.15 0.0 -0.0 00 0_ 1e+3 +.5 1.5.2""".split()


def random_numeral():
    return "".join(random.choice("0123456789_.:eE+-xob") for _ in range(random.randint(1, 8)))


def check_scalars():
    words = SCALARS + [random_numeral() for _ in range(MANY)]
    words = [w for w in words if w not in ("<<", "=", "-", "?", ":") and read_with_pyyaml(w)]
    documents = [("- %s\n- %s: 1\n" % (word, word)).encode() for word in words]
    compare_with_pyyaml("scalars of YAML 1.1", documents)


PIECES = ["a: ", "b: ", "- ", "? ", ": ", "\n", "\n  ", "\n    ", "[", "]", "{", "}", ", ", "|\n",
          ">\n", "|-\n  x\n", ">+\n  x\n\n  y\n", "&x ", "*x", "<<: ", "'q'", '"d\\n"', "plain",
          "two words", "12", "!!str ", "!!int ", "# note\n", "---\n", "...\n", "~", "é", '"\\u00e9"']


def check_random_documents():
    documents = ["".join(random.choice(PIECES) for _ in range(random.randint(1, 14))).encode()
                 for _ in range(MANY)]
    compare_with_pyyaml("random documents", documents)


# ---- printing ------------------------------------------------------------------------------


def random_text():
    letters = "ab 0.:#-'\"\\\n\t{}[]&*!|>%@`,?=~é日\x07\x7f\u2028\ufeff/_"
    if random.random() < 0.3:
        return random.choice(SCALARS)
    return "".join(random.choice(letters) for _ in range(random.randint(0, 9)))


def random_value(depth):
    kind = random.randint(0, 9 if depth > 0 else 6)
    if kind < 4:
        return random_text()
    if kind == 4:
        return random.choice([0, -1, 2**70, 12345])
    if kind == 5:
        return random.choice([0.1, -0.0, 1e22, 1.5e-7, float("inf"), 2.0])
    if kind == 6:
        return random.choice([None, True, False])
    if kind == 7:
        return [random_value(depth - 1) for _ in range(random.randint(0, 3))]
    return {random_text(): random_value(depth - 1) for _ in range(random.randint(0, 3))}


def check_printing():
    """What we print reads back as the same value, by us (1.2) and by PyYAML (1.1)."""
    before = len(failures)
    values = [random_value(3) for _ in range(MANY)] + [{"k" * 2000: 1, "é" * 300: [{}, [[]]]}]
    sources = [json.dumps(v).replace("Infinity", "1e308").encode() for v in values]
    first = [parsed(answer) for answer in ask([("json", text) for text in sources])]
    printed = [value[1].encode() for value in first]
    second = ask([("yaml", text) for text in printed])
    for source, value, text, answer in zip(sources, first, printed, second):
        again = parsed(answer)
        if again is None or again[0] != value[0]:
            complain("printing, our reader", text, value[0], answer)
        theirs = read_with_pyyaml(text)
        if theirs != value[0]:
            complain("printing, PyYAML", text, value[0], theirs)
    report("printed YAML", len(values), before)


# ---- JSON ----------------------------------------------------------------------------------


def no_constant(name):
    raise ValueError(name)


def no_infinity(numeral):
    if math.isinf(float(numeral)):
        raise ValueError(numeral)
    return float(numeral)


def no_repeats(pairs):
    if len(dict(pairs)) < len(pairs):
        raise ValueError("duplicate")
    return dict(pairs)


def check_json():
    pieces = ["{", "}", "[", "]", ",", ":", '"a"', '"b"', '"\\u00e9"', '"\\ud800"', "1", "-0", "1.5",
              "1e5", "true", "null", "NaN", " ", "\n", "01", "1.", '"\\x"', "18446744073709551616",
              '"\\ud83d\\ude00"']
    starts = [["[", "1", ","], ["{", '"a"', ":"], ["["], []]
    documents = []
    for _ in range(MANY):
        middle = [random.choice(pieces) for _ in range(random.randint(1, 6))]
        documents.append("".join(random.choice(starts) + middle + random.choice([[], ["]"], ["}"]])))
    before = len(failures)
    for text, answer in zip(documents, ask([("json", text.encode()) for text in documents])):
        try:
            wanted = tagged(json.loads(text, parse_constant=no_constant,
                                       parse_float=no_infinity, object_pairs_hook=no_repeats))
            json.dumps(wanted, ensure_ascii=False).encode()
        except ValueError:
            wanted = None
        got = parsed(answer)
        if (got[0] if got else None) != wanted:
            complain("JSON", text, wanted, answer)
    report("JSON", len(documents), before)


check_fixtures()
check_scalars()
check_random_documents()
check_printing()
check_json()
sys.exit(1 if failures else 0)
