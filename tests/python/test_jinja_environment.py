# SPDX-License-Identifier: MIT
"""confreg.jinja.Environment: options, loaders, functions of Python, errors, threads."""
import asyncio
import collections
import gc
import gettext
import io
import pickle
import threading
import weakref

import jinja2
import pytest

import confreg
from confreg import jinja
from confreg.jinja import Environment


def render(source, environment=None, **context):
    return (environment or Environment()).from_string(source).render(context)


# ---- options -----------------------------------------------------------------------------------


@pytest.mark.parametrize("options, source, text", [
    ({"trim_blocks": True}, "{% if 1 %}\na{% endif %}", "a"),
    ({"lstrip_blocks": True}, "  {% if 1 %}a{% endif %}", "a"),
    ({"keep_trailing_newline": True}, "a\n", "a\n"),
    ({}, "a\n", "a"),
    ({"newline_sequence": "\r\n"}, "a\nb", "a\r\nb"),
    ({"block_start_string": "<%", "block_end_string": "%>", "variable_start_string": "<<",
      "variable_end_string": ">>", "comment_start_string": "<#", "comment_end_string": "#>"},
     "<% if 1 %><< 2 >><% endif %><# no #>", "2"),
    ({"line_statement_prefix": "%", "line_comment_prefix": "##"},
     "% for x in [1, 2]\n{{ x }} ## no\n% endfor", "1\n2\n"),
    ({"autoescape": True}, "{{ '<' }}", "&lt;"),
    ({"extensions": ["jinja2.ext.do", "jinja2.ext.loopcontrols"]},
     "{% for x in [1, 2] %}{% do x %}{{ x }}{% break %}{% endfor %}", "1"),
    ({"packs": ["config"]}, "{{ 'yes'|bool }}", "True"),
])
def test_options(options, source, text):
    assert render(source, Environment(**options)) == text


def test_positional_options_in_jinjas_order():
    environment = Environment("<%", "%>", "<<", ">>", "<#", "#>", "%", "##", True, True)
    assert (environment.block_start_string, environment.line_comment_prefix) == ("<%", "##")
    assert environment.trim_blocks and environment.lstrip_blocks


def test_options_can_be_changed_between_templates():
    environment = Environment()
    first = environment.from_string("{% if 1 %}\na{% endif %}")
    environment.trim_blocks = True
    assert render("{% if 1 %}\na{% endif %}", environment) == "a"
    assert first.render() == "\na"


@pytest.mark.parametrize("undefined", ["strict", "StrictUndefined", jinja.StrictUndefined,
                                       jinja2.StrictUndefined])
def test_undefined_by_kind_name_or_class(undefined):
    with pytest.raises(jinja.UndefinedError, match="'x' is undefined"):
        render("{{ x }}", Environment(undefined=undefined))


@pytest.mark.parametrize("undefined, text", [("default", ""), ("chainable", ""),
                                             ("debug", "{{ x }}")])
def test_kinds_of_undefined(undefined, text):
    assert render("{{ x }}", Environment(undefined=undefined)) == text
    if undefined == "chainable":
        assert render("{{ x.y.z }}", Environment(undefined=undefined)) == ""


@pytest.mark.parametrize("options", [{"undefined": "loud"}, {"sandbox": "soft"},
                                     {"extensions": ["my.ext"]}, {"packs": ["x"]},
                                     {"limits": {"time": 1}}])
def test_unknown_choices_are_refused(options):
    with pytest.raises(ValueError, match="there (is|are)"):
        Environment(**options)


def test_sandboxes():
    body = "{{ [].append(1) }}"
    assert render(body, Environment()) == "None"
    assert render(body, jinja.SandboxedEnvironment()) == "None"
    for environment in (Environment(sandbox="immutable"), jinja.ImmutableSandboxedEnvironment()):
        with pytest.raises(jinja.SecurityError, match="append"):
            render(body, environment)


def test_unsafe_callables_are_refused_in_a_sandbox():
    def wipe():
        raise AssertionError("called")
    wipe.alters_data = True
    with pytest.raises(jinja.SecurityError, match="not safely callable"):
        render("{{ wipe() }}", Environment(sandbox=True), wipe=wipe)


def test_underscore_names_are_never_looked_up():
    class Spy:
        def __getattribute__(self, name):
            assert name == "__class__" or not name.startswith("_"), name
            return object.__getattribute__(self, name)
    for sandbox in ("none", "standard"):
        assert render("{{ x._secret }}", Environment(sandbox=sandbox), x=Spy()) == ""


@pytest.mark.parametrize("limit, source", [
    ({"fuel": 1000}, "{% for x in range(100000) %}{{ x }}{% endfor %}"),
    ({"output_bytes": 100}, "{{ 'x' * 1000 }}"),
    ({"memory_bytes": 100000}, "{{ ('x' * 1000000)|length }}"),
    ({"call_depth": 5}, "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")])
def test_limits(limit, source):
    with pytest.raises(confreg.LimitExceeded):
        render(source, Environment(limits=limit))


def test_select_autoescape():
    environment = Environment(autoescape=jinja.select_autoescape(), loader={
        "a.html": "{{ x }}", "a.txt": "{{ x }}", "both.txt": "{{ x }}{% include 'a.html' %}"})
    names = {"a.html": "&lt;", "a.txt": "<", "both.txt": "<&lt;"}
    for name, text in names.items():
        assert environment.get_template(name).render(x="<") == text
    assert render("{{ x }}", environment, x="<") == "&lt;"


def test_finalize():
    environment = Environment(finalize=lambda value: "-" if value is None else value)
    assert render("{{ none }}{{ x }}{{ 1 }}{{ 'a'|e }}", environment, x=None) == "--1a"


def test_policies():
    environment = Environment()
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False}
    environment.policies["truncate.leeway"] = 0
    assert render("{{ {'b': 1, 'a': '<'}|tojson }}", environment) == \
        '{"b": 1, "a": "\\u003c"}'
    assert render("{{ 'abcdef'|truncate(5) }}", environment) == "ab..."
    environment.policies["urlize.rel"] = "nofollow"
    with pytest.raises(NotImplementedError, match="urlize.rel"):
        environment.from_string("x")


# ---- loaders -----------------------------------------------------------------------------------


def test_dict_and_folder(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.txt").write_text("ñ {{ x }}", encoding="utf-8")
    for loader in (str(tmp_path), tmp_path, jinja.FileSystemLoader(tmp_path),
                   jinja2.FileSystemLoader(tmp_path)):
        environment = Environment(loader=loader)
        template = environment.get_template("sub/a.txt")
        assert template.render(x=1) == "ñ 1"
        assert template.filename == str(tmp_path / "sub" / "a.txt")
        assert environment.list_templates() == ["sub/a.txt"]
    assert Environment(loader={"a": "b"}).get_template("a").render() == "b"


@pytest.mark.parametrize("name", ["../secret", "sub/../../secret", "/etc/passwd", ".."])
def test_no_way_out_of_the_folder(tmp_path, name):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret").write_text("secret")
    with pytest.raises(jinja.TemplateNotFound):
        Environment(loader=tmp_path / "in").get_template(name)


def test_changed_files_are_read_again(tmp_path):
    import os
    file = tmp_path / "a"
    file.write_text("one")
    (tmp_path / "outer").write_text("{% include 'a' %}!")
    environment = Environment(loader=tmp_path)
    kept = environment.get_template("outer")
    assert kept.render() == "one!" and environment.get_template("outer") is kept
    file.write_text("two")
    os.utime(file, ns=(1, 1))
    assert environment.get_template("outer").render() == "two!"
    assert Environment(loader=tmp_path, auto_reload=False).get_template("a").render() == "two"


def test_choice_prefix_and_function_loaders():
    environment = Environment(loader=jinja.ChoiceLoader([
        jinja.DictLoader({"a": "first"}),
        jinja.PrefixLoader({"p": jinja.DictLoader({"b": "second"})}),
        jinja.FunctionLoader(lambda name: "third" if name == "c" else None)]))
    names = {"a": "first", "p/b": "second", "c": "third"}
    for name, text in names.items():
        assert environment.get_template(name).render() == text
    for missing in ("d", "p/d", "q/b"):
        with pytest.raises(jinja.TemplateNotFound, match=missing):
            environment.get_template(missing)


def test_missing_templates():
    environment = Environment(loader={"a": "{% include ['x', 'y'] %}", "ok": "fine",
                                      "quiet": "{% include 'x' ignore missing %}."})
    with pytest.raises(jinja.TemplateNotFound) as caught:
        environment.get_template("none")
    assert (caught.value.name, caught.value.message) == ("none", "none")
    assert isinstance(caught.value, (LookupError, OSError))
    with pytest.raises(jinja.TemplatesNotFound, match="x, y") as caught:
        environment.get_template("a").render()
    assert caught.value.templates == ["x", "y"]
    assert environment.get_template("quiet").render() == "."
    assert environment.select_template(["x", "ok"]).render() == "fine"
    assert environment.get_or_select_template("ok").name == "ok"
    with pytest.raises(jinja.TemplatesNotFound):
        environment.select_template(["x", "y"])
    with pytest.raises(TypeError, match="no loader"):
        Environment().get_template("a")


def test_a_loader_that_fails_says_so():
    def broken(name):
        raise PermissionError(13, "not for you")
    environment = Environment(loader=jinja.FunctionLoader(broken))
    with pytest.raises(PermissionError):
        environment.get_template("a")
    with pytest.raises(PermissionError) as caught:
        render("a\n{% include 'x' %}", environment)
    assert any("line 2" in note for note in caught.value.__notes__)


# ---- functions of Python -----------------------------------------------------------------------


def test_filters_tests_and_globals():
    environment = Environment()
    environment.filters["twice"] = lambda value, times=2: value * times
    environment.tests["small"] = lambda value, than=10: value < than
    environment.globals["now"] = lambda: "noon"
    environment.globals["site"] = {"name": "here"}
    source = ("{{ 'a'|twice }}{{ 'a'|twice(times=3) }} {{ 3 is small }}{{ 3 is small(1) }} "
              "{{ now() }} {{ site.name }} {{ ['a']|map('twice')|list }} "
              "{{ [1, 20]|select('small')|list }}")
    assert render(source, environment) == "aaaaa TrueFalse noon here ['aa'] [1]"


def test_a_changed_filter_counts_for_new_templates():
    environment = Environment()
    environment.filters["f"] = lambda value: 1
    old = environment.from_string("{{ 0|f }}")
    environment.filters["f"] = lambda value: 2
    assert (old.render(), render("{{ 0|f }}", environment)) == ("1", "2")
    del environment.filters["upper"]
    with pytest.raises(jinja.TemplateError, match="upper"):
        render("{{ 'a'|upper }}", environment)
    assert "lower" in environment.filters and environment.filters["lower"]("A") == "a"
    assert environment.tests["odd"](3) is True
    assert environment.globals["range"](3) == range(3)


def test_globals_are_seen_by_imports():
    environment = Environment(loader={"lib": "{% macro m() %}{{ g }}{% endmacro %}"})
    environment.globals["g"] = "global"
    source = "{% import 'lib' as lib %}{{ lib.m() }}"
    assert render(source, environment, g="context") == "global"
    template = environment.from_string(source, globals={"g": "of the template"})
    assert template.render() == "of the template"
    environment.globals["g"] = "changed"
    assert render(source, environment) == "changed"


def test_functions_that_want_the_environment():
    environment = Environment(autoescape=True)
    environment.filters["env"] = jinja.pass_environment(lambda env, value: env is environment)
    environment.filters["env2"] = jinja2.pass_environment(lambda env, value: env is environment)
    environment.globals["evaluation"] = jinja.pass_eval_context(lambda context: context.autoescape)
    assert render("{{ 1|env }}{{ 1|env2 }}{{ evaluation() }}", environment) == "TrueTrueTrue"
    with pytest.raises(TypeError, match="pass_context"):
        environment.filters["bad"] = jinja.pass_context(lambda context, value: value)
        environment.from_string("{{ 1|bad }}")


def test_undefined_and_markup_reach_python():
    environment = Environment(autoescape=True)
    seen = []
    environment.filters["see"] = lambda value: seen.append(value) or ""
    render("{{ nothing|see }}{{ '<b>'|safe|see }}{{ (1, 2)|see }}{{ range(3)|see }}"
           "{{ [3]|map('string')|see }}{{ {'a': 1}.items()|see }}", environment)
    assert isinstance(seen[0], jinja.Undefined) and not seen[0] and str(seen[0]) == ""
    assert seen[1].__html__() == "<b>"
    assert seen[2:] == [(1, 2), range(3), ["3"], [("a", 1)]]


def test_macros_reach_python_as_text():
    assert "m" in render("{% macro m() %}{% endmacro %}{{ f(m) }}", f=lambda value: value)


def test_exceptions_of_python_come_through():
    class Mine(Exception):
        pass

    def fail(*_):
        raise Mine("inside")
    environment = Environment()
    environment.filters["fail"] = environment.tests["fail"] = fail
    for source in ("\n{{ 1|fail }}", "\n{{ 1 is fail }}", "\n{{ f() }}",
                   "\n{{ [1]|map('fail')|list }}", "\n{{ o.a }}", "\n{% for x in g %}{% endfor %}",
                   "\n{{ o }}"):
        class Bad:
            a = property(fail)
            __str__ = fail
        with pytest.raises(Mine, match="inside") as caught:
            render(source, environment, f=fail, o=Bad(), g=(fail() for _ in [1]))
        assert "line 2" in caught.value.__notes__[0]
    assert render("{{ 1 }}", environment) == "1", "nothing is left behind"


def test_a_filter_may_render():
    environment = Environment()
    environment.filters["render"] = lambda source: environment.from_string(source).render(x=1)
    assert render("{{ '{{ x }}{{ y }}'|render }}", environment) == "1"


def test_deep_recursion_through_python_ends():
    environment = Environment()
    environment.globals["again"] = lambda: render("{{ again() }}", environment)
    with pytest.raises(RecursionError):
        render("{{ again() }}", environment)


# ---- what is given -----------------------------------------------------------------------------


def test_render_takes_what_dict_takes():
    template = Environment().from_string("{{ a }}{{ b }}")
    assert template.render({"a": 1}, b=2) == template.render(a=1, b=2) == "12"
    assert template.render([("a", 1)], b=2) == "12"


def test_the_context_is_not_changed():
    data = {"xs": [1]}
    assert render("{{ xs.append(2) }}{{ xs }}", **data) == "None[1, 2]"
    assert data == {"xs": [1]}


def test_mappings_and_sequences():
    Point = collections.namedtuple("Point", "x y")
    context = {"o": collections.OrderedDict(a=1), "u": collections.UserDict(b=2),
               "c": collections.ChainMap({"d": 4}), "q": collections.deque([1, 2]),
               "p": Point(3, 4), "f": frozenset([5])}
    source = ("{{ o.a }}{{ u.b }}{{ c.d }} {{ q|join('-') }} {{ p.x }}{{ p[1] }} "
              "{{ p|length }} {{ f|first }}")
    assert render(source, **context) == "124 1-2 34 2 5"


def test_a_cycle_is_refused():
    data = []
    data.append(data)
    with pytest.raises(confreg.LimitExceeded, match="contains itself"):
        render("{{ x }}", x=data)


def test_lone_surrogates_are_refused():
    with pytest.raises(UnicodeEncodeError):
        render("{{ x }}", x="\ud800")


def test_huge_integers_go_both_ways():
    for number in (2 ** 63, -(2 ** 63) - 1, 10 ** 5000, -(16 ** 999)):
        assert Environment().compile_expression("x")(x=number) == number


# ---- other faces -------------------------------------------------------------------------------


def test_template_constructor_and_repr():
    assert jinja.Template("{{ a }}\n", keep_trailing_newline=True).render(a=1) == "1\n"
    assert repr(Environment(loader={"n": ""}).get_template("n")) == "<Template 'n'>"


def test_compile_expression():
    call = Environment().compile_expression("a.b + 1")
    assert call(a={"b": 41}) == 42
    assert Environment().compile_expression("nothing")() is None
    with pytest.raises(jinja.TemplateSyntaxError):
        Environment().compile_expression("1 +")


def test_generate_stream_and_async(tmp_path):
    template = Environment().from_string("{{ x }}")
    assert list(template.generate(x="ab")) == ["ab"]
    out = io.StringIO()
    template.stream(x="cd").dump(out)
    assert out.getvalue() == "cd"
    template.stream(x="ñ").dump(tmp_path / "f", encoding="latin-1")
    assert (tmp_path / "f").read_bytes() == b"\xf1"
    assert asyncio.run(template.render_async(x=1)) == "1"


def test_meta():
    environment = Environment()
    parsed = environment.parse("{% extends 'base' %}{% include x %}{{ y }}{{ range(3) }}")
    assert jinja.find_undeclared_variables(parsed) == {"x", "y"}
    assert list(jinja.find_referenced_templates(parsed)) == ["base", None]


def test_overlay_shares_filters():
    environment = Environment()
    other = environment.overlay(trim_blocks=True, autoescape=True)
    environment.filters["f"] = lambda value: "<f>"
    assert render("{% if 1 %}\n{{ 1|f }}{% endif %}", other) == "&lt;f&gt;"
    assert not environment.trim_blocks
    with pytest.raises(TypeError, match="no option"):
        environment.overlay(colour="red")


def test_translations():
    class Spanish(gettext.NullTranslations):
        def gettext(self, message):
            return {"Hello %(who)s": "Hola %(who)s"}.get(message, message)
    environment = Environment(extensions=["jinja2.ext.i18n"])
    environment.install_gettext_translations(Spanish())
    source = "{% trans who='mundo' %}Hello {{ who }}{% endtrans %}"
    assert render(source, environment) == "Hola mundo"
    environment.install_null_translations()
    assert render(source, environment) == "Hello mundo"


def test_nothing_can_be_pickled():
    for thing in (Environment(), Environment().from_string("x")):
        with pytest.raises(TypeError, match="pickled"):
            pickle.dumps(thing)
    with pytest.raises(NotImplementedError):
        Environment().from_string("x").module


# ---- errors ------------------------------------------------------------------------------------


def test_syntax_errors():
    environment = Environment(loader={"page": "fine\n{% for %}"})
    with pytest.raises(jinja.TemplateSyntaxError) as caught:
        environment.get_template("page")
    error = caught.value
    assert (error.lineno, error.name, error.line) == (2, "page", 2)
    assert error.message and isinstance(error, confreg.TemplateError)
    with pytest.raises(jinja.TemplateAssertionError, match="No filter named 'no'"):
        environment.from_string("{{ 1|no }}")


@pytest.mark.parametrize("source, kind", [
    ("{{ 1 / 0 }}", ZeroDivisionError), ("{{ 1 + 'a' }}", TypeError),
    ("{{ 'a'.index('b') }}", ValueError), ("{{ [].pop() }}", IndexError),
    ("{{ {}.pop('k') }}", KeyError)])
def test_errors_of_python_are_both(source, kind):
    with pytest.raises(kind) as caught:
        render("\n\n" + source)
    assert isinstance(caught.value, jinja.TemplateRuntimeError)
    assert caught.value.lineno == 3


def test_error_classes():
    assert issubclass(jinja.TemplateAssertionError, jinja.TemplateSyntaxError)
    assert issubclass(jinja.TemplatesNotFound, jinja.TemplateNotFound)
    for kind in (jinja.UndefinedError, jinja.SecurityError, jinja.FilterArgumentError):
        assert issubclass(kind, jinja.TemplateRuntimeError)
    for name in ("TemplateError", "TemplateSyntaxError", "TemplateRuntimeError", "UndefinedError",
                 "SecurityError"):
        assert getattr(jinja, name) is getattr(confreg, name)


# ---- threads and memory ------------------------------------------------------------------------


def test_threads_share_a_template():
    environment = Environment(loader={"part": "{{ f(x) }}"})
    template = environment.from_string("{% for i in range(50) %}{% include 'part' %}{% endfor %}")
    wrong = []

    def work(number):
        for _ in range(20):
            if template.render(x=number, f=lambda x: x) != str(number) * 50:
                wrong.append(number)
    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_gil_is_free_during_a_render():
    body = "{% for a in range(2000) %}{% for b in range(300) %}{% endfor %}{% endfor %}"
    template = Environment().from_string(body)
    ticks = []
    done = threading.Event()

    def count():
        while not done.wait(0.001):
            ticks.append(1)
    thread = threading.Thread(target=count)
    thread.start()
    for _ in range(5):
        template.render()
    done.set()
    thread.join()
    assert len(ticks) > 3


def test_an_environment_is_collected():
    environment = Environment()
    environment.filters["f"] = lambda value: environment  # a cycle
    template = environment.from_string("{{ 1|f }}")
    gone = weakref.ref(environment)
    del environment, template
    gc.collect()
    assert gone() is None


def test_a_template_outlives_its_environment():
    def make():
        environment = Environment(loader={"a": "{{ x|f }}"})
        environment.filters["f"] = lambda value: value + 1
        return environment.get_template("a")
    template = make()
    gc.collect()
    assert template.render(x=1) == "2"
