# SPDX-License-Identifier: MIT
"""What calls give back when it is plain data: named tuples, made by the extension."""
from enum import StrEnum
from typing import NamedTuple, Optional


class Version(NamedTuple):
    """Which state of a key a reader saw. Compare only versions of one key in one store."""

    present: bool
    major: int
    minor: int


class Pair(NamedTuple):
    """One key with its value and version."""

    key: str
    value: str
    version: Version


class Snapshot(NamedTuple):
    """Keys and values of one moment; `revision` is what KV.wait() takes."""

    revision: int
    values: dict[str, str]


class Waited(NamedTuple):
    """What KV.wait() saw: the revision now, and whether something may have changed."""

    revision: int
    changed: bool


class Limits(NamedTuple):
    """What one transaction of the store can take; 0 is no limit."""

    transaction_operations: int
    transaction_bytes: int
    key_bytes: int
    value_bytes: int
    operation_bytes: int
    writers: int


class Template(NamedTuple):
    """A registered service template."""

    name: str
    version: str
    description: str
    body: str
    type: str
    options: str
    orchestrator: str
    logo_url: str
    undefined: str
    yaml: str
    autoescape: str
    digest: str


class Option(NamedTuple):
    """One option that a service template takes."""

    name: str
    group: str
    value: object
    type: str
    description: str


class Finding(NamedTuple):
    """One complaint of a check; `line` and `column` count from 1, 0 is "no place"."""

    rule: str
    message: str
    line: int
    column: int
    is_error: bool


class InstanceRecord(NamedTuple):
    """What the commit record tells of an instance."""

    dn: str
    user: str
    name: str
    version: str
    id: str
    status: str
    key_count: int
    digest: str
    template_digest: str
    request_id: str
    created: str
    author: str
    options: str
    was_repeated: bool


class Plan(NamedTuple):
    """What instantiate(dry_run=True) would write: the record, and every key with its value."""

    record: InstanceRecord
    values: dict[str, str]


class Report(NamedTuple):
    """What fsck(), sweep() and adopt() found and did."""

    findings: list[Finding]
    checked: int
    changed: int


class EventKind(StrEnum):
    """The kinds of events that a watch tells."""

    SNAPSHOT = "snapshot"
    SNAPSHOT_END = "snapshot-end"
    PUT = "put"
    DELETE = "delete"
    RESYNC = "resync"
    CREATED = "created"
    REMOVED = "removed"


class Event(NamedTuple):
    """One thing that a watch saw.

    `path` is below `dn`; for keys it is the whole key and `dn` is empty. `more` says that
    further events of the same look follow at once.
    """

    kind: EventKind
    dn: str
    path: str
    value: Optional[str]
    old_value: Optional[str]
    was_absent: bool
    more: bool
    revision: int


# In the order of the library's creg_event_kind.
EVENT_KINDS = tuple(EventKind)
