# SPDX-License-Identifier: MIT
"""The key/value client of the original project, on every store that confreg knows.

    import kvstore
    kv = kvstore.Client("http://consul:8500/v1/kv")       # or lmdb:, etcd://, zookeeper://
    kv.set("a/b", 1)
    kv.get("a/b")                                         # '1'
    kv.get("a/b", wait=True, wait_index=kv.index("a/b"), timeout="5m")

Programs written for the original run as they are. What is new: prefixes are whole path segments
(deleting `a/1` leaves `a/10`), any character may stand in a key, calls have a deadline, and the
client follows its process through fork().
"""

from __future__ import annotations

import os
import re
import threading
import time
from typing import Any, Union

import confreg
from confreg import KeyDoesNotExist, StoreError

__all__ = ["Client", "KVStoreError", "KeyDoesNotExist"]

KVStoreError = StoreError
"""What the store itself has against a call; see confreg for its subclasses."""

ENDPOINT = None
"""What Client() opens: $CONFREG_STORE, else the embedded store in the user's data folder."""

_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
_PLAIN_KEY = re.compile(r"[A-Za-z0-9._\-/]*\Z")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}
_DURATION = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|)\s*\Z")

_opened: dict[tuple[str | None, int], confreg.Registry] = {}
_opening = threading.Lock()

Value = Union[str, bytes, int, float, bool, None]


# ---- keys ----------------------------------------------------------------------------------------


def _is_escape(segment: bytes, at: int) -> bool:
    """Does an escape stand there that escaping would have written?"""
    try:
        code = int(segment[at + 1 : at + 3], 16)
    except ValueError:
        return False
    return segment[at + 1 : at + 3] == b"%02X" % code and (code not in _SAFE or code == 0x2E)


def escape_segment(text: str) -> str:
    """One name as it stands in a key: bytes outside A-Z a-z 0-9 . _ - become =HH."""
    raw = text.encode("utf-8")
    if raw in (b".", b".."):
        return raw.decode().replace(".", "=2E")
    return "".join(chr(byte) if byte in _SAFE else f"={byte:02X}" for byte in raw)


def _escape_key_segment(text: str) -> str:
    """The same, for a segment that may be escaped already."""
    raw = text.encode("utf-8")
    if raw in (b".", b".."):
        return raw.decode().replace(".", "=2E")
    pieces = []
    for at, byte in enumerate(raw):
        keep = byte in _SAFE or (byte == 0x3D and _is_escape(raw, at))
        pieces.append(chr(byte) if keep else f"={byte:02X}")
    return "".join(pieces)


def _escape_key(key: str) -> str:
    """A key as the store has it; no leading and closing '/', no empty segments."""
    key = key.strip("/")
    segments = key.split("/")
    if key and "" in segments:
        raise confreg.InvalidName(f"key {key!r} has an empty segment")
    if _PLAIN_KEY.match(key) and "." not in segments and ".." not in segments:
        return key
    return "/".join(_escape_key_segment(segment) for segment in segments)


def unescape_segment(segment: str) -> str:
    """What escape_segment() was given."""
    if "=" not in segment:
        return segment
    raw = re.sub(rb"=([0-9A-F]{2})", lambda m: bytes([int(m[1], 16)]), segment.encode())
    return raw.decode("utf-8", "replace")


def _unescape_key(key: str) -> str:
    """For reading. A segment whose text would not come back from _escape_key() stays as it is."""
    if "=" not in key:
        return key
    segments = []
    for segment in key.split("/"):
        text = unescape_segment(segment)
        same = "/" not in text and _escape_key_segment(text) == segment
        segments.append(text if same else segment)
    return "/".join(segments)


def _seconds(timeout: str | float) -> float:
    """'5m', '10s', '500ms', or a number of seconds."""
    if isinstance(timeout, (int, float)):
        return float(timeout)
    match = _DURATION.match(timeout)
    if match is None:
        raise ValueError(f"not a duration: {timeout!r}; write 10s, 5m or 1h")
    return float(match[1]) * _UNITS[match[2]]


# ---- the client ----------------------------------------------------------------------------------


def _open(endpoint: str | None) -> confreg.Registry:
    """One open registry an endpoint and process. A child after fork() gets its own."""
    with _opening:
        key = (endpoint, os.getpid())
        registry = _opened.get(key)
        if registry is None or registry.closed:
            registry = confreg.open(endpoint)
            _opened[key] = registry
        return registry


def _after_fork() -> None:
    """The parent may have held the lock."""
    global _opening
    _opening = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)


class Client:
    """Keys and values, as the original's client gives them. Nothing is opened before the first call."""

    def __init__(self, endpoint: str | None = None) -> None:
        given = endpoint or os.environ.get("CONFREG_STORE") or ENDPOINT
        self.endpoint = given
        self._pid = 0
        self._registry: confreg.Registry | None = None
        self._is_private = given is not None and given.startswith("memory:")

    @property
    def registry(self) -> confreg.Registry:
        """The confreg.Registry below, opened by the first call."""
        registry = self._registry
        if registry is None or self._pid != os.getpid() or registry.closed:
            registry = self._open_private() if self._is_private else _open(self.endpoint)
            self._registry = registry
            self._pid = os.getpid()
        return registry

    def _open_private(self) -> confreg.Registry:
        """A store of this client alone: of its threads one opens it, the others take the same."""
        with _opening:
            registry = self._registry
            if registry is None or self._pid != os.getpid() or registry.closed:
                registry = self._registry = confreg.open(self.endpoint)
                self._pid = os.getpid()
            return registry

    @property
    def _keys(self) -> confreg.KV:
        return self.registry.kv

    def set(self, k: str, v: Value) -> None:
        """Add or change a key. Everything but bytes is written as its text."""
        self._keys.put(_escape_key(k), v if isinstance(v, bytes) else str(v))

    def get(
        self,
        k: str,
        wait: bool = False,
        wait_index: str | int | bool | None = False,
        timeout: str | float = "5m",
    ) -> str:
        """The value of a key. With `wait`, when it changed since `wait_index`, or `timeout` later."""
        key = _escape_key(k)
        if wait:
            self._wait(key, k, wait_index, timeout, recursive=False)
        found = self._keys.get(key, None)
        if found is None:
            raise KeyDoesNotExist(f"Key {k.lstrip('/')} does not exist")
        return found

    def recurse(
        self,
        k: str,
        wait: bool = False,
        wait_index: str | int | bool | None = None,
        timeout: str | float = "5m",
    ) -> dict[str, str]:
        """The key and everything below it, as {key: text}."""
        key = _escape_key(k)
        if wait:
            self._wait(key, k, wait_index, timeout, recursive=True)
        found = {_unescape_key(name): value for name, value in self._subtree(key).items()}
        if not found:
            raise KeyDoesNotExist(f"Key {k.lstrip('/')} does not exist")
        return found

    def index(self, k: str, recursive: bool = False) -> str:
        """Where the key (the tree) stands now, for `wait_index`."""
        key = _escape_key(k)
        prefixes = [key] if recursive else []
        return str(self._keys.read(keys=[key] if key else [], prefixes=prefixes).revision)

    def delete(self, k: str, recursive: bool = False) -> None:
        """Remove a key; with `recursive`, what lies below it, too. A missing key is fine.

        A whole instance, or all of a user, goes with its record, so that no reader sees a part.
        """
        key = _escape_key(k)
        if recursive:
            self._deinstantiate_below(key)
        self._keys.delete(key, tree=recursive)

    # -- inside

    def _subtree(self, key: str) -> dict[str, str]:
        found = dict(self._keys.read(keys=[key] if key else [], prefixes=[key]).values)
        return {name: value for name, value in found.items() if not name.startswith("_confreg/")}

    def _wait(
        self,
        key: str,
        name: str,
        wait_index: str | int | bool | None,
        timeout: str | float,
        recursive: bool,
    ) -> None:
        """Until it may have changed since the index; stores can tell that of folders only."""
        deadline = time.monotonic() + _seconds(timeout)
        given = wait_index if wait_index not in (False, None, "") else None
        now = int(self.index(name, recursive))
        if given is not None and int(given) < now:
            return
        folder = key if recursive else key.rpartition("/")[0]
        before = self._keys.get_pair(key, None)
        left = deadline - time.monotonic()
        while left > 0:
            waited = self._keys.wait(folder, now, left)
            if waited.changed and (recursive or self._keys.get_pair(key, None) != before):
                return
            now = max(now, waited.revision)
            left = deadline - time.monotonic()

    def _instance_root(self) -> str:
        return "clusters" if "layout=products" in (self.endpoint or "") else "instances"

    def _deinstantiate_below(self, key: str) -> None:
        segments = [unescape_segment(segment) for segment in key.split("/")]
        if segments[0] != self._instance_root() or len(segments) > 5:
            return
        for record in self.registry.query(*segments[1:4]):
            if len(segments) < 5 or record.id == segments[4]:
                try:
                    self.registry.deinstantiate(record.dn)
                except KeyDoesNotExist:
                    continue  # somebody was faster

    def __repr__(self) -> str:
        return f"Client({self.endpoint!r})"
