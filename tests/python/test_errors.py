# SPDX-License-Identifier: MIT
"""The tree of exceptions: its names are those of the status list, its bases are Python's."""
import pathlib
import re

import pytest

import confreg

HEADER = pathlib.Path(__file__).resolve().parents[2] / "include/confreg/error.h"


def test_every_status_has_its_class():
    rows = re.findall(r'X\((\w+), \d+, \d+, \w+,\s*"(\w*)"', HEADER.read_text(encoding="utf-8"))
    assert len(rows) == 30
    for status, name in rows:
        if status not in ("OK", "NO_MEMORY"):
            assert issubclass(getattr(confreg, name), confreg.RegistryError), status


@pytest.mark.parametrize("name, base", [
    ("KeyDoesNotExist", LookupError), ("NoSuchProperty", AttributeError), ("StoreError", OSError),
    ("StoreTimeout", TimeoutError), ("PermissionDenied", PermissionError),
    ("UsageError", ValueError), ("InvalidName", ValueError), ("InvalidOptionsError", ValueError),
    ("UnsupportedTypeError", TypeError), ("TemplateSyntaxError", ValueError),
    ("TemplateNotFound", LookupError), ("NotSupportedError", NotImplementedError),
    ("ForkedError", RuntimeError), ("InternalError", RuntimeError)])
def test_standard_bases(name, base):
    assert issubclass(getattr(confreg, name), base)


def test_a_hand_made_one_has_every_attribute():
    error = confreg.OutcomeUnknown("what happened")
    assert error.message == str(error) == "what happened"
    assert (error.dn, error.request_id, error.hint, error.line) == ("", "", "", 0)
    assert confreg.KeyDoesNotExist().message == ""
    assert confreg.RegistryError.__doc__ and confreg.TemplateError.__module__ == "confreg"


def test_message_and_hint_are_the_librarys(reg):
    with pytest.raises(confreg.KeyDoesNotExist) as caught:
        reg.template("web", "1.1")
    error = caught.value
    assert "web" in error.message and "1.0" in error.hint and error.status == "NOT_FOUND"
    assert any(error.hint in note for note in error.__notes__)


def test_a_failed_render_has_its_place(reg):
    reg.register("bad", "1", '{\n "a": "{{ 1 // 0 }}"\n}')
    with pytest.raises(confreg.TemplateRuntimeError) as caught:
        reg.instantiate("u", "bad", "1")
    error = caught.value
    assert error.line == 2 and error.type == "ZeroDivisionError" and "1 // 0" in error.snippet
    reg.register("gap", "1", '{"a": "{{ nobody }}"}')
    with pytest.raises(confreg.UndefinedError, match="nobody"):
        reg.instantiate("u", "gap", "1")


def test_an_unreachable_store():
    with pytest.raises(confreg.StoreError) as caught:
        with confreg.open("consul://127.0.0.1:1", timeout=1) as reg:
            reg.kv.get("a")
    assert isinstance(caught.value, OSError) and caught.value.retry == "safe"


def test_texts_that_are_no_utf8(reg):
    with pytest.raises(UnicodeEncodeError):
        reg.kv.get("\udcff")
    with pytest.raises((confreg.InvalidName, ValueError)):
        reg.kv.get("a\0b")
