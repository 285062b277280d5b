# SPDX-License-Identifier: MIT
"""Where an Environment finds its templates: Jinja2's loaders, under Jinja2's names.

Jinja2's own loader objects work in their place; only get_source() and list_templates() are used.
"""

from __future__ import annotations

import importlib.util
import os
import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from confreg._template_errors import TemplateNotFound

Source = tuple[str, str | None, Callable[[], bool] | None]


def is_not_found(error: Exception) -> bool:
    """Ours, or Jinja2's, of a loader that is Jinja2's."""
    return any(base.__name__ == "TemplateNotFound" for base in type(error).__mro__)


class BaseLoader:
    """Subclass it and give get_source(): (source, file name or None, still-fresh or None)."""

    has_source_access = True

    def get_source(self, environment: Any, template: str) -> Source:
        raise TemplateNotFound(template)

    def list_templates(self) -> list[str]:
        raise TypeError("this loader cannot iterate over all templates")


class DictLoader(BaseLoader):
    """Templates from a dict of texts."""

    def __init__(self, mapping: Mapping[str, str]) -> None:
        self.mapping = mapping

    def get_source(self, environment: Any, template: str) -> Source:
        if template not in self.mapping:
            raise TemplateNotFound(template)
        source = self.mapping[template]
        return source, None, lambda: self.mapping.get(template) == source

    def list_templates(self) -> list[str]:
        return sorted(self.mapping)


def _split(template: str) -> list[str]:
    """The parts of a name; one that would leave the folder names no template."""
    parts = [part for part in template.split("/") if part and part != "."]
    bad = {os.sep, os.altsep, os.pardir} - {"/", None}
    if any(part == os.pardir or any(mark in part for mark in bad if mark) for part in parts):
        raise TemplateNotFound(template)
    return parts


class FileSystemLoader(BaseLoader):
    """Templates from a folder, or from the first of several that has them."""

    def __init__(
        self,
        searchpath: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        encoding: str = "utf-8",
        followlinks: bool = False,
    ) -> None:
        if isinstance(searchpath, (str, os.PathLike)):
            searchpath = [searchpath]
        self.searchpath = [os.fspath(path) for path in searchpath]
        self.encoding = encoding
        self.followlinks = followlinks

    def get_source(self, environment: Any, template: str) -> Source:
        parts = _split(template)
        for folder in self.searchpath:
            path = posixpath.join(folder, *parts)
            try:
                with open(path, encoding=self.encoding, newline="") as file:
                    written = os.fstat(file.fileno()).st_mtime_ns
                    return file.read(), path, lambda: _written(path) == written
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                continue
        raise TemplateNotFound(template)

    def list_templates(self) -> list[str]:
        found: set[str] = set()
        for folder in self.searchpath:
            for path, _, files in os.walk(folder, followlinks=self.followlinks):
                below = os.path.relpath(path, folder).replace(os.sep, "/")
                found.update(posixpath.normpath(posixpath.join(below, name)) for name in files)
        return sorted(found)


def _written(path: str) -> int | None:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return None


class PackageLoader(FileSystemLoader):
    """Templates from a folder of an installed package."""

    def __init__(
        self, package_name: str, package_path: str = "templates", encoding: str = "utf-8"
    ) -> None:
        spec = importlib.util.find_spec(package_name)
        places = list(spec.submodule_search_locations or ()) if spec is not None else []
        folders = [os.path.join(place, package_path) for place in places]
        folders = [folder for folder in folders if os.path.isdir(folder)]
        if not folders:
            raise ValueError(
                f"The {package_name!r} package has no folder {package_path!r} of templates."
            )
        super().__init__(folders, encoding)
        self.package_name = package_name
        self.package_path = package_path


class FunctionLoader(BaseLoader):
    """Templates from a function: a text, (text, file name, still-fresh), or None."""

    def __init__(self, load_func: Callable[[str], str | Source | None]) -> None:
        self.load_func = load_func

    def get_source(self, environment: Any, template: str) -> Source:
        found = self.load_func(template)
        if found is None:
            raise TemplateNotFound(template)
        return (found, None, None) if isinstance(found, str) else found


class ChoiceLoader(BaseLoader):
    """The first loader that has the template."""

    def __init__(self, loaders: Sequence[Any]) -> None:
        self.loaders = [loader_from(loader) for loader in loaders]

    def get_source(self, environment: Any, template: str) -> Source:
        for loader in self.loaders:
            try:
                source: Source = loader.get_source(environment, template)
                return source
            except Exception as error:
                if not is_not_found(error):
                    raise
        raise TemplateNotFound(template)

    def list_templates(self) -> list[str]:
        names: set[str] = set()
        for loader in self.loaders:
            names.update(loader.list_templates() if loader is not None else ())
        return sorted(names)


class PrefixLoader(BaseLoader):
    """Loaders by the first part of the name."""

    def __init__(self, mapping: Mapping[str, Any], delimiter: str = "/") -> None:
        self.mapping = {prefix: loader_from(loader) for prefix, loader in mapping.items()}
        self.delimiter = delimiter

    def get_source(self, environment: Any, template: str) -> Source:
        prefix, delimiter, rest = template.partition(self.delimiter)
        loader = self.mapping.get(prefix)
        if loader is None or not delimiter:
            raise TemplateNotFound(template)
        try:
            source: Source = loader.get_source(environment, rest)
            return source
        except Exception as error:
            if is_not_found(error):
                raise TemplateNotFound(template) from error
            raise

    def list_templates(self) -> list[str]:
        return sorted(
            prefix + self.delimiter + name
            for prefix, loader in self.mapping.items()
            if loader is not None
            for name in loader.list_templates()
        )


def loader_from(given: Any) -> Any:
    """A loader as it is, a dict as DictLoader, a folder as FileSystemLoader, None as none."""
    if given is None or hasattr(given, "get_source"):
        return given
    if isinstance(given, Mapping):
        return DictLoader(given)
    if isinstance(given, (str, os.PathLike)):
        return FileSystemLoader(given)
    if isinstance(given, Iterable):
        return ChoiceLoader(list(given))
    raise TypeError(f"a loader has get_source(), or is a dict or a folder, not {given!r}")
