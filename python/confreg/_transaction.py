# SPDX-License-Identifier: MIT
"""Collects the checks and operations of one transaction for KV.apply()."""
from types import TracebackType
from typing import TYPE_CHECKING, Optional, Union

from ._records import Version

if TYPE_CHECKING:
    from ._native import KV

# The numbers of the library's creg_check_kind and creg_operation_kind.
_ABSENT, _PRESENT, _VERSION, _EMPTY = range(4)
_PUT, _DELETE, _DELETE_TREE = range(3)

Value = Union[str, bytes, int, float]


class Transaction:
    """All checks hold and all operations happen, or nothing does.

    Use it as `with registry.kv.transaction() as t:`; it is applied when the block ends, and
    dropped when the block raises. ConflictError: a check did not hold.
    """

    def __init__(self, kv: "KV") -> None:
        self._kv = kv
        self._checks: list[tuple[int, str, Optional[Version]]] = []
        self._operations: list[tuple[int, str, Union[str, bytes]]] = []

    def check_absent(self, key: str) -> None:
        """The key shall not exist."""
        self._checks.append((_ABSENT, key, None))

    def check_present(self, key: str) -> None:
        """The key shall exist."""
        self._checks.append((_PRESENT, key, None))

    def check_version(self, key: str, version: Optional[Version]) -> None:
        """The key shall be as it was read; None is "absent"."""
        self._checks.append((_VERSION, key, version))

    def check_empty(self, prefix: str) -> None:
        """Nothing shall lie below the prefix."""
        self._checks.append((_EMPTY, prefix, None))

    def put(self, key: str, value: Value) -> None:
        """Write a key."""
        text = value if isinstance(value, (str, bytes)) else str(value)
        self._operations.append((_PUT, key, text))

    def delete(self, key: str) -> None:
        """Remove a key; a missing one is fine."""
        self._operations.append((_DELETE, key, ""))

    def delete_tree(self, prefix: str) -> None:
        """Remove everything below the prefix; not the key itself."""
        self._operations.append((_DELETE_TREE, prefix, ""))

    def apply(self) -> None:
        """Apply it now, without a `with` block."""
        self._kv.apply(self._checks, self._operations)

    def __enter__(self) -> "Transaction":
        return self

    def __exit__(self, kind: Optional[type[BaseException]], error: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        if kind is None:
            self.apply()
