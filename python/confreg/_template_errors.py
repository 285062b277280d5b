# SPDX-License-Identifier: MIT
"""The exceptions of templates under Jinja2's names.

What a template does wrong in Python's own terms (TypeError, ZeroDivisionError ...) is raised as
a class that is both that and TemplateRuntimeError.
"""

from __future__ import annotations

import builtins
import functools
from collections.abc import Sequence

from confreg import _native

TemplateError = _native.TemplateError
TemplateSyntaxError = _native.TemplateSyntaxError
TemplateRuntimeError = _native.TemplateRuntimeError
UndefinedError = _native.UndefinedError
SecurityError = _native.SecurityError


class TemplateAssertionError(TemplateSyntaxError):
    """The template is well formed, and names a filter, test or block that it may not."""


class FilterArgumentError(TemplateRuntimeError):
    """A filter was called with arguments that do not fit."""


class TemplateNotFound(_native.TemplateNotFound, OSError):
    """The loader knows no such template: `name`."""

    def __init__(self, name: str | None = None, message: str | None = None) -> None:
        super().__init__(name if message is None else message)
        self.name = name
        self.templates = [name]

    def __str__(self) -> str:
        return self.message


class TemplatesNotFound(TemplateNotFound):
    """None of several templates: `templates`, and the last one as `name`."""

    def __init__(self, names: Sequence[str] = (), message: str | None = None) -> None:
        text = ", ".join(names)
        super().__init__(
            names[-1] if names else None,
            message or f"none of the templates given were found: {text}",
        )
        self.templates = list(names)


_CLASSES: dict[str, type[Exception]] = {
    "TemplateError": TemplateError,
    "TemplateSyntaxError": TemplateSyntaxError,
    "TemplateAssertionError": TemplateAssertionError,
    "TemplateRuntimeError": TemplateRuntimeError,
    "UndefinedError": UndefinedError,
    "SecurityError": SecurityError,
    "FilterArgumentError": FilterArgumentError,
}


@functools.cache
def _class_of(status: str, kind: str) -> type[Exception]:
    found = _CLASSES.get(kind)
    if found is not None:
        return found
    base = getattr(builtins, kind, None)
    if isinstance(base, type) and issubclass(base, Exception):
        doc = f"A template's {kind}."
        return type(kind, (TemplateRuntimeError, base), {"__module__": __name__, "__doc__": doc})
    return _CLASSES.get(status, TemplateRuntimeError)


def make_error(
    status: str,
    kind: str,
    message: str,
    source: str,
    snippet: str,
    hint: str,
    line: int,
    column: int,
    *,
    filename: str | None,
) -> Exception:
    """The exception for a failure of the engine."""
    error: Exception
    if kind == "TemplatesNotFound":
        names = message.rpartition(": ")[2].split(", ")
        error = TemplatesNotFound(names, message)
    elif status == "TemplateNotFound":
        error = TemplateNotFound(message)
    else:
        error = _class_of(status, kind)(message)
    given = {"line": line, "column": column, "source": source, "snippet": snippet, "type": kind}
    given.update(lineno=line or None, filename=filename, hint=hint)
    if not isinstance(error, TemplateNotFound):
        given["name"] = source or None
    for name, value in given.items():
        setattr(error, name, value)
    if line:
        place = f"in template {source or '<template>'!s}, line {line}"
        error.add_note(place if not snippet else f"{place}:\n    {snippet.strip()}")
    if hint:
        error.add_note(f"hint: {hint}")
    return error
