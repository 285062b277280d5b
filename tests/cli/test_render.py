# SPDX-License-Identifier: MIT
"""confreg render: the engine alone."""
import pytest


def render(confreg, body, *words, **more):
    return confreg("render", "-", *words, stdin=body.encode(), **more).out


def test_render__file_with_context(confreg):
    assert confreg("render", "body.j2", "--context", "context.json").out == "Hello Ada: 1+2+3 = 6"


def test_render__names_in_place_and_the_last_wins(confreg):
    words = ["-c", "context.json", "--set", "who.name=Grace", "--set-json", "items=[4]"]
    assert confreg("render", "body.j2", *words).out == "Hello Grace: 4 = 4"
    assert confreg("render", "body.j2", "--set", "who.name=Grace", "-c", "context.json").out.startswith("Hello Ada")


def test_render__set_is_text_and_set_json_is_not(confreg):
    assert render(confreg, "{{ n * 2 }}", "--set", "n=2") == "22"
    assert render(confreg, "{{ n * 2 }}", "--set-json", "n=2") == "4"
    (confreg.folder / "n").write_text("file")
    assert render(confreg, "{{ n }}", "--set-file", "n=n") == "file"


def test_render__context_as_yaml_and_stdin(confreg):
    (confreg.folder / "c.yaml").write_text("a: [1, {b: x}]\n")
    assert render(confreg, "{{ a[1].b }}", "-c", "c.yaml") == "x"
    (confreg.folder / "b").write_text("{{ a }}")
    assert confreg("render", "b", "-c", "-", stdin=b'{"a": 5}').out == "5"


@pytest.mark.parametrize("how,out", [("default", "[]"), ("debug", "[{{ x }}]"), ("chainable", "[]")])
def test_render__undefined(confreg, how, out):
    assert render(confreg, "[{{ x }}]", "--undefined", how) == out
    assert confreg.run("render", "-", "--undefined", "default", stdin=b"{{ x.y }}").code == 7
    assert render(confreg, "{{ x.y.z }}", "--undefined", "chainable") == ""


def test_render__strict_is_the_default_and_names_all(confreg):
    result = confreg.fails(7, "render", "-", stdin=b"{{ one }}\n{{ two }}\n")
    assert "one" in result.err and "two" in result.err and "stdin" in result.err


def test_render__white_space(confreg):
    body = "a\n  {% if true %}\nb\n  {% endif %}\nc\n"
    assert render(confreg, body) == "a\n  \nb\n  \nc"
    assert render(confreg, body, "--trim-blocks", "--lstrip-blocks") == "a\nb\nc"
    assert render(confreg, "a\n", "--keep-trailing-newline") == "a\n"


def test_render__includes_from_a_folder_and_never_from_outside(confreg):
    folder = confreg.folder / "parts"
    folder.mkdir()
    (folder / "part.j2").write_text("part {{ x }}")
    (confreg.folder / "outside.j2").write_text("outside")
    words = ["--templates", "parts", "--set", "x=1"]
    assert render(confreg, '<{% include "part.j2" %}>', *words) == "<part 1>"
    for name in ("../outside.j2", "parts/../../outside.j2", str(confreg.folder / "outside.j2"), "..", ""):
        result = confreg.fails(7, "render", "-", *words, stdin=f'{{% include "{name}" %}}'.encode())
        assert "outside\n" not in result.err
    confreg.fails(7, "render", "-", stdin=b'{% include "part.j2" %}')


def test_render__autoescape(confreg):
    assert render(confreg, "{{ x }}", "--set", "x=<a>", "--autoescape", "html") == "&lt;a&gt;"
    assert render(confreg, "{{ x }}", "--set", "x=<a>") == "<a>"
    assert render(confreg, '"{{ x }}"', "--set", 'x=a"b', "--autoescape", "json") == '"a\\"b"'


def test_render__extensions_and_packs(confreg):
    body = "{% for i in range(9) %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}"
    assert confreg.run("render", "-", stdin=body.encode()).code == 7
    assert render(confreg, body, "--extensions", "loopcontrols,do") == "01"
    assert confreg.run("render", "-", "--extensions", "nonsense", stdin=b"").code == 2


@pytest.mark.parametrize("body,code", [
    ("{% for %}", 7), ("{{ 1 / 0 }}", 7), ("{{ x", 7), ("{% raw %} x", 7), ("\xff", 7),
    ("{% for i in range(99999999) %}{% endfor %}", 10), ("{{ 'x' * 9999999999 }}", 10),
    ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", 10), ("{{ [" + "[" * 500 + "]" * 500 + "] }}", 10),
])
def test_render__bad_bodies(confreg, body, code):
    result = confreg.run("render", "-", stdin=body.encode("latin-1"))
    assert result.code in (code, 7 if code == 7 else 10), result
    assert result.out == ""


def test_render__bad_contexts(confreg):
    confreg.fails(7, "render", "body.j2", "-c", "body.j2")
    confreg.fails(7, "render", "-", "--set-json", "a=[", stdin=b"")
    confreg.fails(3, "render", "-", "-c", "missing.json", stdin=b"")
    confreg.fails(3, "render", "missing.j2")


def test_render__as_json(confreg):
    assert confreg("render", "-", "-o", "json", stdin=b"a\nb").json() == {"text": "a\nb"}
