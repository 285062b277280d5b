# SPDX-License-Identifier: MIT
"""Jinja2's kinds of undefined, as options of an Environment and as what Python functions get."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn

from confreg._template_errors import UndefinedError

__all__ = ["ChainableUndefined", "DebugUndefined", "Markup", "StrictUndefined", "Undefined",
           "escape", "undefined_class"]  # fmt: skip

if TYPE_CHECKING:
    from markupsafe import Markup, escape
else:
    try:
        from markupsafe import Markup, escape
    except ImportError:  # markupsafe is not needed by us; without it Markup is a plain str
        import html

        class Markup(str):
            """Text that is HTML already."""

            def __html__(self):
                return self

        def escape(s):
            """The text of `s` with & < > and quotes as entities."""
            if hasattr(s, "__html__"):
                return Markup(s.__html__())
            text = html.escape(str(s))
            return Markup(text.replace("&quot;", "&#34;").replace("&#x27;", "&#39;"))


class Undefined:
    """A name that nothing supplied: prints as nothing, and cannot be looked into."""

    __slots__ = ()
    _confreg_undefined = True

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def _fail(self, *_: object, **__: object) -> NoReturn:
        raise UndefinedError("a value that the template did not define was used")

    def __getattr__(self, name: str) -> Any:
        if name[:2] == "__":
            raise AttributeError(name)
        self._fail()

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _fail
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _fail
    __pos__ = __neg__ = __call__ = __getitem__ = __lt__ = __le__ = __gt__ = __ge__ = _fail
    __int__ = __float__ = __pow__ = __rpow__ = _fail

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return id(type(self))

    def __str__(self) -> str:
        return ""

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "Undefined"


class ChainableUndefined(Undefined):
    """Looking into it gives undefined again."""

    __slots__ = ()

    def __getattr__(self, name: str) -> ChainableUndefined:
        if name[:2] == "__":
            raise AttributeError(name)
        return self

    def __getitem__(self, _: Any) -> ChainableUndefined:  # type: ignore[override]
        return self

    def __html__(self) -> str:
        return ""


class DebugUndefined(Undefined):
    """Prints as the place that it stands in: {{ name }}."""

    __slots__ = ()


class StrictUndefined(Undefined):
    """Any use but `is defined` and `default` is an error."""

    __slots__ = ()
    __iter__ = __str__ = __len__ = __bool__ = Undefined._fail
    __eq__ = __ne__ = Undefined._fail
    __hash__ = Undefined._fail


_KINDS: dict[str, type[Undefined]] = {
    "default": Undefined,
    "lenient": Undefined,
    "chainable": ChainableUndefined,
    "debug": DebugUndefined,
    "strict": StrictUndefined,
}
_CLASSES = {kind.__name__: kind for kind in _KINDS.values()}


def undefined_class(chosen: str | type) -> type[Undefined]:
    """The class for a kind ('strict'), a class name ('StrictUndefined'), or Jinja2's own class."""
    name = chosen if isinstance(chosen, str) else chosen.__name__
    found = _KINDS.get(name) or _CLASSES.get(name)
    if found is None:
        raise ValueError(f"no undefined {name!r}: there are {', '.join(_KINDS)} and their classes")
    return found
