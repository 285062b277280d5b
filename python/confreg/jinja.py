# SPDX-License-Identifier: MIT
"""Jinja2's templates, rendered by confreg's engine in C, under Jinja2's own names.

    from confreg.jinja import Environment
    Environment().from_string("Hello {{ who }}!").render(who="world")

What a template is given is copied before the render, and the GIL is released while it runs.
Python's functions, generators and objects with attributes can be given, too; names that begin
with an underscore are never looked up in them. Steps, memory and output of a render are bounded
(`limits`), so that a stranger's template cannot hurt the process. docs/PYTHON.md has the list of
what differs from Jinja2.
"""

from __future__ import annotations

import builtins
import functools
import os
import weakref
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import IO, Any, ClassVar, TypeVar

from confreg import _native
from confreg._loaders import (
    BaseLoader,
    ChoiceLoader,
    DictLoader,
    FileSystemLoader,
    FunctionLoader,
    PackageLoader,
    PrefixLoader,
    is_not_found,
    loader_from,
)
from confreg._template_errors import (
    FilterArgumentError,
    SecurityError,
    TemplateAssertionError,
    TemplateError,
    TemplateNotFound,
    TemplateRuntimeError,
    TemplatesNotFound,
    TemplateSyntaxError,
    UndefinedError,
    make_error,
)
from confreg._undefined import (
    ChainableUndefined,
    DebugUndefined,
    Markup,
    StrictUndefined,
    Undefined,
    escape,
    undefined_class,
)

__all__ = [
    "BaseLoader", "ChainableUndefined", "ChoiceLoader", "DebugUndefined", "DictLoader",
    "Environment", "FileSystemLoader", "FilterArgumentError", "FunctionLoader",
    "ImmutableSandboxedEnvironment", "Markup", "PackageLoader", "PrefixLoader",
    "SandboxedEnvironment", "SecurityError", "StrictUndefined", "Template",
    "TemplateAssertionError", "TemplateError", "TemplateNotFound", "TemplateRuntimeError",
    "TemplateSyntaxError", "TemplatesNotFound", "Undefined", "UndefinedError", "escape",
    "find_referenced_templates", "find_undeclared_variables", "pass_context",
    "pass_environment", "pass_eval_context", "select_autoescape",
]  # fmt: skip

_Function = TypeVar("_Function", bound=Callable[..., Any])

_FILTERS, _TESTS, _FUNCTIONS = 0, 1, 2
_UNDEFINED_KINDS = (Undefined, ChainableUndefined, DebugUndefined, StrictUndefined)
_SANDBOXES = {"none": 0, "standard": 1, "immutable": 2}
_EXTENSIONS = {"do": 1, "loopcontrols": 2, "i18n": 4, "debug": 8, "autoescape": 0, "with_": 0}
_EXTENSION_CLASSES = {
    "ExprStmtExtension": "do",
    "LoopControlExtension": "loopcontrols",
    "InternationalizationExtension": "i18n",
    "DebugExtension": "debug",
    "AutoEscapeExtension": "autoescape",
    "WithExtension": "with_",
}
_PACKS = {"config": 1}
_LIMITS = (
    "fuel", "memory_bytes", "output_bytes", "source_bytes", "parse_depth", "call_depth",
    "integer_digits", "range_size",
)  # fmt: skip
_POLICIES: dict[str, Any] = {
    "compiler.ascii_str": True,
    "urlize.rel": "noopener",
    "urlize.target": None,
    "urlize.extra_schemes": None,
    "truncate.leeway": 5,
    "json.dumps_function": None,
    "json.dumps_kwargs": {"sort_keys": True},
    "ext.i18n.trimmed": False,
}


# ---- functions that want more than their arguments -------------------------------------------


def _passes(what: str) -> Callable[[_Function], _Function]:
    def mark(function: _Function) -> _Function:
        function.jinja_pass_arg = what  # type: ignore[attr-defined]
        return function

    return mark


pass_environment = _passes("environment")
"""The function gets the Environment as its first argument."""
pass_eval_context = _passes("eval_context")
"""The function gets an object with `environment`, `autoescape` and `volatile` first."""
pass_context = _passes("context")
"""Known, and refused when the function is used: a render's context does not exist in Python."""


class EvalContext:
    """What a function marked by pass_eval_context gets."""

    volatile = False

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.autoescape = environment.autoescape is True


def _bind(environment: Environment, function: Callable[..., Any]) -> Callable[..., Any]:
    wanted = getattr(function, "jinja_pass_arg", None)
    wanted = getattr(wanted, "name", wanted)
    if wanted is None:
        return function
    if wanted == "environment":
        return functools.partial(function, environment)
    if wanted == "eval_context":
        return functools.partial(function, EvalContext(environment))
    raise TypeError(
        f"{function!r} wants the context of the render (pass_context), which does not exist in "
        "Python: pass what it needs as an argument"
    )


# ---- names that templates can use ------------------------------------------------------------


class _Builtin:
    """A filter, test or function of the engine, callable from Python, too."""

    def __init__(self, kind: int, name: str, usage: str, text: str) -> None:
        self.kind = kind
        self.name = self.__name__ = name
        self.usage = usage
        self.__doc__ = f"{usage}\n\n{text}"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        context: dict[str, Any] = {"rest": args, "keywords": kwargs}
        if self.kind == _FUNCTIONS:
            expression = f"{self.name}(*rest, **keywords)"
        elif not args:
            raise TypeError(f"{self.name}() needs the value it applies to")
        else:
            context.update(subject=args[0], rest=args[1:])
            expression = f"subject|{self.name}(*rest, **keywords)"
            if self.kind == _TESTS:
                expression = f"subject is {self.name}(*rest, **keywords)"
        return _plain_engine().evaluate(expression, context)

    def __repr__(self) -> str:
        return f"<{('filter', 'test', 'function')[self.kind]} {self.usage}>"


@functools.cache
def _plain_engine() -> _native.JinjaEngine:
    return Environment()._engine_now()


@functools.cache
def _builtins(kind: int, packs: int) -> dict[str, Any]:
    rows = _native.jinja_builtins(kind, packs)
    return {name: _Builtin(kind, name, usage, text) for name, usage, text in rows}


class _Names(dict[str, Any]):
    """filters, tests, globals or policies: a dict that tells its environments when it changes."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._owners: weakref.WeakSet[Environment] = weakref.WeakSet()

    def _changed(self) -> None:
        for owner in self._owners:
            owner._forget()

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        self._changed()

    def __delitem__(self, key: str) -> None:
        super().__delitem__(key)
        self._changed()

    def __ior__(self, other: Any) -> _Names:  # type: ignore[override, misc]
        super().update(other)
        self._changed()
        return self

    def update(self, *args: Any, **kwargs: Any) -> None:
        super().update(*args, **kwargs)
        self._changed()

    def setdefault(self, key: str, default: Any = None) -> Any:
        found = super().setdefault(key, default)
        self._changed()
        return found

    def pop(self, *args: Any) -> Any:
        found = super().pop(*args)
        self._changed()
        return found

    def popitem(self) -> tuple[str, Any]:
        found = super().popitem()
        self._changed()
        return found

    def clear(self) -> None:
        super().clear()
        self._changed()


# ---- what the engine asks of Python ------------------------------------------------------------


class _Hooks:
    """The methods that the engine calls (native/jinja.h). One for each engine."""

    finalize: Callable[[Any], Any] | None
    source: Callable[[str], str | None] | None
    escapes: Callable[[str], bool] | None

    def __init__(self, environment: Environment) -> None:
        self._environment = weakref.ref(environment)
        self._undefined = environment.undefined
        self._is_sandboxed = environment.sandbox != "none"
        self._loader = environment.loader
        self._autoescape = environment.autoescape
        self.loaded: dict[str, tuple[str | None, Callable[[], bool] | None]] = {}
        finalize = environment.finalize
        self.finalize = None if finalize is None else _bind(environment, finalize)
        self.source = None if self._loader is None else self._source
        self.escapes = self._escapes if callable(self._autoescape) else None

    def _source(self, name: str) -> str | None:
        assert self._loader is not None
        try:
            source, filename, uptodate = self._loader.get_source(self._environment(), name)
        except Exception as error:
            if is_not_found(error):
                return None
            raise
        self.loaded[name] = (filename, uptodate)
        return source

    def is_fresh(self) -> bool:
        return all(check is None or check() for _, check in self.loaded.values())

    def _escapes(self, name: str) -> bool:
        assert callable(self._autoescape)
        return bool(self._autoescape(name or None))

    def callable(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if self._is_sandboxed and (
            getattr(function, "unsafe_callable", False)
            or getattr(function, "alters_data", False)
        ):
            raise SecurityError(f"{function!r} is not safely callable")
        if getattr(function, "jinja_pass_arg", None) is None:
            return function
        environment = self._environment()
        if environment is None:
            raise RuntimeError("the environment of this template is gone")
        return _bind(environment, function)

    def undefined(self) -> Undefined:
        return self._undefined()

    def markup(self, text: str) -> Markup:
        return Markup(text)

    def error(self, *described: Any) -> Exception:
        filename = self.loaded.get(described[3], (None, None))[0]
        return make_error(*described, filename=filename)


# ---- the environment ----------------------------------------------------------------------------


def _extension_bits(extensions: Iterable[str | type]) -> int:
    bits = 0
    for extension in extensions:
        name = extension if isinstance(extension, str) else extension.__name__
        short = name.rpartition(".")[2]
        short = _EXTENSION_CLASSES.get(short, short)
        if short not in _EXTENSIONS:
            raise ValueError(
                f"no extension {name!r}: there are jinja2.ext.do, loopcontrols, i18n and debug"
            )
        bits |= _EXTENSIONS[short]
    return bits


def _sandbox_name(sandbox: str | bool | None) -> str:
    name = sandbox if isinstance(sandbox, str) else "standard" if sandbox else "none"
    if name not in _SANDBOXES:
        raise ValueError(f"no sandbox {sandbox!r}: there are 'none', 'standard', 'immutable'")
    return name


class Environment:
    """Jinja2's Environment. Its options may be changed until, and between, templates.

    Beyond Jinja2's options:

    sandbox   'standard' or 'immutable': the rules of Jinja2's two sandboxes
    packs     ('config',): filters and tests that Ansible's and Salt's templates expect
    limits    {'fuel': 1000000, 'output_bytes': ...}: ceilings of one render
    """

    sandboxed: ClassVar[str] = "none"
    template_class: type[Template]
    filters: MutableMapping[str, Callable[..., Any]]
    tests: MutableMapping[str, Callable[..., Any]]
    globals: MutableMapping[str, Any]
    policies: MutableMapping[str, Any]

    def __init__(
        self,
        block_start_string: str = "{%",
        block_end_string: str = "%}",
        variable_start_string: str = "{{",
        variable_end_string: str = "}}",
        comment_start_string: str = "{#",
        comment_end_string: str = "#}",
        line_statement_prefix: str | None = None,
        line_comment_prefix: str | None = None,
        trim_blocks: bool = False,
        lstrip_blocks: bool = False,
        newline_sequence: str = "\n",
        keep_trailing_newline: bool = False,
        extensions: Sequence[str | type] = (),
        optimized: bool = True,
        undefined: str | type = Undefined,
        finalize: Callable[..., Any] | None = None,
        autoescape: bool | Callable[[str | None], bool] = False,
        loader: Any = None,
        cache_size: int = 400,
        auto_reload: bool = True,
        bytecode_cache: object = None,
        enable_async: bool = False,
        *,
        sandbox: str | bool | None = None,
        packs: Sequence[str] = (),
        limits: Mapping[str, int] | None = None,
    ) -> None:
        self._engine: _native.JinjaEngine | None = None
        self._hooks: _Hooks | None = None
        self._templates: dict[str, Template] = {}
        self._own_globals: dict[str, Any] | None = None
        self.block_start_string = block_start_string
        self.block_end_string = block_end_string
        self.variable_start_string = variable_start_string
        self.variable_end_string = variable_end_string
        self.comment_start_string = comment_start_string
        self.comment_end_string = comment_end_string
        self.line_statement_prefix = line_statement_prefix
        self.line_comment_prefix = line_comment_prefix
        self.trim_blocks = trim_blocks
        self.lstrip_blocks = lstrip_blocks
        self.newline_sequence = newline_sequence
        self.keep_trailing_newline = keep_trailing_newline
        self.extensions = tuple(extensions)
        _extension_bits(self.extensions)
        self.optimized = optimized
        self.undefined = undefined_class(undefined)
        self.finalize = finalize
        self.autoescape = autoescape
        self.loader: BaseLoader | None = loader_from(loader)
        self.cache_size = cache_size
        self.auto_reload = auto_reload
        self.bytecode_cache = bytecode_cache
        self.is_async = enable_async
        self.newstyle_gettext = False
        self.sandbox = _sandbox_name(self.sandboxed if sandbox is None else sandbox)
        self.packs = tuple(packs)
        self.limits = dict(limits or {})
        self.policies = dict(_POLICIES)
        bits = self._pack_bits()
        self.filters = dict(_builtins(_FILTERS, bits))
        self.tests = dict(_builtins(_TESTS, bits))
        self.globals = dict(_builtins(_FUNCTIONS, bits))
        self._forget()
        self._engine_now()

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("filters", "tests", "globals", "policies"):
            if not isinstance(value, _Names):
                value = _Names(value)
            value._owners.add(self)
        object.__setattr__(self, name, value)
        if not name.startswith("_"):
            self._forget()

    def _forget(self) -> None:
        """An option changed: templates made from now on get an engine of their own."""
        self._engine = None
        self._own_globals = None
        self._templates = {}

    def _pack_bits(self) -> int:
        unknown = [pack for pack in self.packs if pack not in _PACKS]
        if unknown:
            raise ValueError(f"no pack {unknown[0]!r}: there is 'config'")
        return sum(_PACKS[pack] for pack in set(self.packs))

    def _options(self) -> dict[str, Any]:
        unknown = sorted(set(self.limits) - set(_LIMITS))
        if unknown:
            raise ValueError(f"no limit {unknown[0]!r}: there are {', '.join(_LIMITS)}")
        names = (
            "block_start_string", "block_end_string", "variable_start_string",
            "variable_end_string", "comment_start_string", "comment_end_string",
            "line_statement_prefix", "line_comment_prefix", "newline_sequence", "trim_blocks",
            "lstrip_blocks", "keep_trailing_newline", "newstyle_gettext",
        )  # fmt: skip
        options: dict[str, Any] = {name: getattr(self, name) for name in names}
        options.update(
            autoescape=1 if self.autoescape is True else 0,
            undefined=_UNDEFINED_KINDS.index(undefined_class(self.undefined)),
            sandbox=_SANDBOXES[self.sandbox],
            extensions=_extension_bits(self.extensions),
            packs=self._pack_bits(),
            **self.limits,
        )
        return options

    def _own_functions(
        self, kind: int, given: Mapping[str, Callable[..., Any]]
    ) -> dict[str, Callable[..., Any]]:
        builtin = _builtins(kind, self._pack_bits())
        own = {
            name: _bind(self, function)
            for name, function in given.items()
            if builtin.get(name) is not function
        }
        word = "filter" if kind == _FILTERS else "test"
        for name in builtin.keys() - given.keys():
            own[name] = functools.partial(_refuse_removed, word, name)
        for name, function in own.items():
            if not callable(function):
                raise TypeError(f"{word} {name!r} is not callable: {function!r}")
        return own

    def _engine_now(self) -> _native.JinjaEngine:
        engine = self._engine
        if engine is None:
            filters = {**_policy_filters(self.policies), **self._own_functions(_FILTERS, self.filters)}
            tests = self._own_functions(_TESTS, self.tests)
            self._hooks = _Hooks(self)
            engine = _native.JinjaEngine(self._hooks, self._options(), filters, tests)
            self._engine = engine
        return engine

    def _globals_now(self) -> dict[str, Any]:
        """The globals that are not the engine's own."""
        own = self._own_globals
        if own is None:
            builtin = _builtins(_FUNCTIONS, self._pack_bits())
            own = {
                name: value
                for name, value in self.globals.items()
                if builtin.get(name) is not value
            }
            own.update({name: Undefined() for name in builtin.keys() - self.globals.keys()})
            self._own_globals = own
        return own

    # -- templates

    def from_string(
        self,
        source: str,
        globals: Mapping[str, Any] | None = None,
        template_class: type[Template] | None = None,
    ) -> Template:
        """A template from its text."""
        native = self._engine_now().compile(source, "")
        return Template._of(self, native, None, None, globals, template_class)

    def get_template(
        self,
        name: str | Template,
        parent: str | None = None,
        globals: Mapping[str, Any] | None = None,
    ) -> Template:
        """A template by the loader; read again when its source changed (auto_reload)."""
        if isinstance(name, Template):
            return name
        if self.loader is None:
            raise TypeError("no loader for this environment specified")
        if parent is not None:
            name = self.join_path(name, parent)
        if self.cache_size == 0 or (
            self.auto_reload and self._hooks is not None and not self._hooks.is_fresh()
        ):
            self._forget()
        engine = self._engine_now()
        found = self._templates.get(name)
        if found is None or globals:
            native = engine.load(name)
            assert self._hooks is not None
            filename = self._hooks.loaded.get(name, (None, None))[0]
            found = Template._of(self, native, name, filename, globals, None)
            if not globals:
                self._templates[name] = found
        return found

    def select_template(
        self,
        names: Iterable[str | Template],
        parent: str | None = None,
        globals: Mapping[str, Any] | None = None,
    ) -> Template:
        """The first template that exists."""
        tried = list(names)
        for name in tried:
            try:
                return self.get_template(name, parent, globals)
            except TemplateNotFound:
                continue
        raise TemplatesNotFound(names=[str(name) for name in tried])

    def get_or_select_template(
        self,
        template_name_or_list: str | Template | list[str | Template],
        parent: str | None = None,
        globals: Mapping[str, Any] | None = None,
    ) -> Template:
        """get_template for a name, select_template for a list."""
        if isinstance(template_name_or_list, (str, Template)):
            return self.get_template(template_name_or_list, parent, globals)
        return self.select_template(template_name_or_list, parent, globals)

    def join_path(self, template: str, parent: str) -> str:
        return template

    def list_templates(
        self,
        extensions: Iterable[str] | None = None,
        filter_func: Callable[[str], bool] | None = None,
    ) -> list[str]:
        """The names that the loader knows."""
        if self.loader is None:
            raise TypeError("no loader for this environment specified")
        names = list(self.loader.list_templates())
        if extensions is not None:
            endings = tuple("." + extension for extension in extensions)
            names = [name for name in names if name.endswith(endings)]
        return [name for name in names if filter_func is None or filter_func(name)]

    def parse(self, source: str, name: str | None = None, filename: str | None = None) -> Template:
        """Compile only; for find_undeclared_variables() and find_referenced_templates()."""
        native = self._engine_now().compile(source, name or "")
        return Template._of(self, native, name, filename, None, None)

    def compile_expression(
        self, source: str, undefined_to_none: bool = True
    ) -> Callable[..., Any]:
        """A callable that evaluates one expression ("a.b + 1") with the context it is given."""
        if not undefined_to_none:
            raise NotImplementedError("an undefined result is always None")
        engine = self._engine_now()
        engine.compile(
            f"{self.variable_start_string} ({source}) {self.variable_end_string}", ""
        )

        def evaluate(*args: Any, **kwargs: Any) -> Any:
            context: dict[str, Any] = {**self._globals_now(), **dict(*args, **kwargs)}
            return engine.evaluate(source, context)

        return evaluate

    def overlay(self, **options: Any) -> Environment:
        """An environment with some options changed; filters, tests and globals are shared."""
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__)
        made._engine = made._hooks = None
        if "enable_async" in options:
            made.is_async = options.pop("enable_async")
        for name, value in options.items():
            if name not in made.__dict__ or name.startswith("_"):
                raise TypeError(f"an environment has no option {name!r}")
            setattr(made, name, loader_from(value) if name == "loader" else value)
        for shared in (self.filters, self.tests, self.globals, self.policies):
            assert isinstance(shared, _Names)
            shared._owners.add(made)
        made.sandbox = _sandbox_name(made.sandbox)
        made._forget()
        made._engine_now()
        return made

    # -- extensions

    def add_extension(self, extension: str | type) -> None:
        _extension_bits([extension])
        self.extensions = (*self.extensions, extension)

    def extend(self, **attributes: Any) -> None:
        for name, value in attributes.items():
            if name not in self.__dict__:
                setattr(self, name, value)

    def install_gettext_callables(
        self,
        gettext: Callable[[str], str],
        ngettext: Callable[[str, str, int], str],
        newstyle: bool | None = None,
        pgettext: Callable[[str, str], str] | None = None,
        npgettext: Callable[[str, str, str, int], str] | None = None,
    ) -> None:
        """The functions that {% trans %} calls."""
        if newstyle is not None:
            self.newstyle_gettext = newstyle
        given: dict[str, Callable[..., str] | None] = {
            "gettext": gettext, "ngettext": ngettext, "pgettext": pgettext,
            "npgettext": npgettext,
        }  # fmt: skip
        for name, function in given.items():
            if function is not None:
                self.globals[name] = _newstyle(function) if self.newstyle_gettext else function
        self.globals["_"] = self.globals["gettext"]

    def install_gettext_translations(
        self, translations: Any, newstyle: bool | None = None
    ) -> None:
        """The same, from an object as the gettext module makes it."""
        self.install_gettext_callables(
            translations.gettext,
            translations.ngettext,
            newstyle,
            getattr(translations, "pgettext", None),
            getattr(translations, "npgettext", None),
        )

    def install_null_translations(self, newstyle: bool | None = None) -> None:
        import gettext

        self.install_gettext_translations(gettext.NullTranslations(), newstyle)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {id(self):#x}>"

    def __reduce__(self) -> Any:
        raise TypeError("an Environment cannot be pickled: make one where it is needed")


def _newstyle(function: Callable[..., str]) -> Callable[..., Any]:
    """What Jinja2's newstyle gettext does: the function formats, not the template."""

    def call(*args: Any, **variables: Any) -> Any:
        names = ("num",) if len(args) > 2 else ()
        if names:
            variables.setdefault("num", args[-1])
        return Markup(function(*args)) % variables if variables.pop("__markup", False) else (
            function(*args) % variables
        )

    return call


def _refuse_removed(word: str, name: str, *_: Any, **__: Any) -> Any:
    raise TemplateRuntimeError(f"No {word} named {name!r}.")


class SandboxedEnvironment(Environment):
    """Environment(sandbox='standard')."""

    sandboxed = "standard"


class ImmutableSandboxedEnvironment(SandboxedEnvironment):
    """Environment(sandbox='immutable'): templates may not change what they are given."""

    sandboxed = "immutable"


# ---- policies -----------------------------------------------------------------------------------


def _dump_json(function: Callable[..., str], options: dict[str, Any]) -> Callable[..., Any]:
    def tojson(value: Any, indent: int | None = None) -> Markup:
        chosen = options if indent is None else {**options, "indent": indent}
        text = function(value, **chosen)
        for character, code in (("<", "3c"), (">", "3e"), ("&", "26"), ("'", "27")):
            text = text.replace(character, f"\\u00{code}")
        return Markup(text)

    return tojson


def _policy_filters(policies: Mapping[str, Any]) -> dict[str, Callable[..., Any]]:
    """Filters for policies that are not Jinja2's defaults."""
    changed = {name for name, value in policies.items() if _POLICIES.get(name) != value}
    made: dict[str, Callable[..., Any]] = {}
    if changed & {"json.dumps_function", "json.dumps_kwargs"}:
        import json

        function = policies["json.dumps_function"] or json.dumps
        made["tojson"] = _dump_json(function, policies["json.dumps_kwargs"])
    if "truncate.leeway" in changed:
        truncate = _builtins(_FILTERS, 0)["truncate"]
        made["truncate"] = functools.partial(_truncate, truncate, policies["truncate.leeway"])
    unknown = changed - {"json.dumps_function", "json.dumps_kwargs", "truncate.leeway"}
    unknown -= {"compiler.ascii_str"}
    if unknown:
        raise NotImplementedError(f"policy {sorted(unknown)[0]!r} cannot be changed")
    return made


def _truncate(
    builtin: Callable[..., Any],
    default_leeway: int,
    value: str,
    length: int = 255,
    killwords: bool = False,
    end: str = "...",
    leeway: int | None = None,
) -> Any:
    return builtin(value, length, killwords, end, default_leeway if leeway is None else leeway)


# ---- templates ----------------------------------------------------------------------------------


@functools.lru_cache(maxsize=10)
def _shared_environment(**options: Any) -> Environment:
    return Environment(**options)


class Template:
    """A compiled template. Template(text) makes one with an environment of its own."""

    environment: Environment
    name: str | None
    filename: str | None
    environment_class: ClassVar[type[Environment]] = Environment

    def __new__(cls, source: str, **options: Any) -> Template:
        if "extensions" in options:
            options["extensions"] = tuple(options["extensions"])
        return _shared_environment(**options).from_string(source, template_class=cls)

    @classmethod
    def _of(
        cls,
        environment: Environment,
        native: _native.JinjaTemplate,
        name: str | None,
        filename: str | None,
        globals: Mapping[str, Any] | None,
        template_class: type[Template] | None,
    ) -> Template:
        made: Template = object.__new__(template_class or cls)
        made.environment = environment
        made._native = native
        made._render = native.render
        made.name = name
        made.filename = filename
        made._globals = None if not globals else dict(globals)
        return made

    _native: _native.JinjaTemplate
    _render: Callable[[dict[str, Any], dict[str, Any] | None], str]
    _globals: dict[str, Any] | None

    @property
    def globals(self) -> MutableMapping[str, Any]:
        """The template's own globals over those of the environment."""
        if self._globals is None:
            self._globals = {}
        return ChainMap(self._globals, self.environment.globals)

    def render(self, *args: Any, **kwargs: Any) -> str:
        """The text. Takes what dict() takes."""
        shared = self.environment._own_globals
        if shared is None:
            shared = self.environment._globals_now()
        if self._globals:
            shared = {**shared, **self._globals}
        if args:
            kwargs = dict(*args, **kwargs)
        return self._render(kwargs, shared or None)

    async def render_async(self, *args: Any, **kwargs: Any) -> str:
        """render(), in a thread."""
        import asyncio

        return await asyncio.to_thread(self.render, *args, **kwargs)

    def generate(self, *args: Any, **kwargs: Any) -> Iterator[str]:
        """The text in pieces; there is one."""
        text = self.render(*args, **kwargs)
        if text:
            yield text

    def stream(self, *args: Any, **kwargs: Any) -> TemplateStream:
        return TemplateStream(self.generate(*args, **kwargs))

    def undeclared_variables(self) -> set[str]:
        """The names that only the context can give."""
        return set(self._native.undeclared())

    def referenced_templates(self) -> list[str | None]:
        """The templates it extends, includes and imports; None where the name is computed."""
        return self._native.referenced()

    @property
    def is_up_to_date(self) -> bool:
        hooks = self.environment._hooks
        check = None
        if self.name is not None and hooks is not None:
            check = hooks.loaded.get(self.name, (None, None))[1]
        return check is None or check()

    @property
    def module(self) -> Any:
        raise NotImplementedError(
            "what a template exports does not exist in Python: render it, or import it from "
            "another template"
        )

    def __repr__(self) -> str:
        name = "memory:" + format(id(self), "x") if self.name is None else repr(self.name)
        return f"<{type(self).__name__} {name}>"

    def __reduce__(self) -> Any:
        raise TypeError("a Template cannot be pickled: compile its source where it is needed")


Environment.template_class = Template


class TemplateStream:
    """What Template.stream() gives."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[str]:
        return self._pieces

    def __next__(self) -> str:
        return next(self._pieces)

    def enable_buffering(self, size: int = 5) -> None:
        """Nothing to do: the text is one piece."""

    def disable_buffering(self) -> None:
        """Nothing to do: the text is one piece."""

    def dump(
        self, fp: str | os.PathLike[str] | IO[Any], encoding: str | None = None,
        errors: str | None = "strict",
    ) -> None:
        """Write the text to a file, or to the file of that name."""
        text = "".join(self._pieces)
        if isinstance(fp, (str, os.PathLike)):
            with builtins.open(fp, "wb") as file:
                file.write(text.encode(encoding or "utf-8", errors or "strict"))
        else:
            fp.write(text if encoding is None else text.encode(encoding, errors or "strict"))


def find_undeclared_variables(template: Template) -> set[str]:
    """jinja2.meta's, of what Environment.parse() gave."""
    return template.undeclared_variables()


def find_referenced_templates(template: Template) -> Iterator[str | None]:
    """jinja2.meta's, of what Environment.parse() gave."""
    return iter(template.referenced_templates())


def select_autoescape(
    enabled_extensions: Iterable[str] = ("html", "htm", "xml"),
    disabled_extensions: Iterable[str] = (),
    default_for_string: bool = True,
    default: bool = False,
) -> Callable[[str | None], bool]:
    """A rule for `autoescape=`: by the ending of the template's name."""
    on = tuple("." + extension.lstrip(".").lower() for extension in enabled_extensions)
    off = tuple("." + extension.lstrip(".").lower() for extension in disabled_extensions)

    def autoescape(template_name: str | None) -> bool:
        if template_name is None:
            return default_for_string
        name = template_name.lower()
        if name.endswith(on):
            return True
        return False if name.endswith(off) else default

    return autoescape
