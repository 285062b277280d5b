# SPDX-License-Identifier: MIT
"""confreg: a configuration registry over LMDB, Consul, etcd or ZooKeeper.

    import confreg
    with confreg.open("lmdb:/var/lib/registry") as reg:
        reg.register("hadoop", "1.0", body, options)
        cluster = reg.instantiate("jlopez", "hadoop", "1.0", {"slaves.number": 200})
        for node in cluster.nodes:
            print(node.name, node.status)
        cluster.nodes[0].status = "running"

Live objects hold no data: reading an attribute reads the store, assigning writes it. Any number
of threads may share what open() gives. docs/PYTHON.md is the manual.
"""
from ._native import (
    AlreadyExists,
    CancelledError,
    ConflictError,
    Disk,
    Entity,
    ForkedError,
    Instance,
    InternalError,
    InvalidError,
    InvalidName,
    InvalidOptionsError,
    KV,
    KeyDoesNotExist,
    LimitExceeded,
    NestedListsNotSupportedError,
    Network,
    Node,
    NoSuchProperty,
    NotSupportedError,
    OutcomeUnknown,
    PermissionDenied,
    Registry,
    RegistryError,
    SecurityError,
    Service,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreIOError,
    StoreTimeout,
    StoreUnreachable,
    TemplateError,
    TemplateNotFound,
    TemplateRuntimeError,
    TemplateSyntaxError,
    UndefinedError,
    UnsupportedTemplateFormatError,
    UnsupportedTypeError,
    UsageError,
    Watch,
    __version__,
    escape,
    open,
    unescape,
)
from ._records import (
    Event,
    EventKind,
    Finding,
    InstanceRecord,
    Limits,
    Option,
    Pair,
    Plan,
    Report,
    Snapshot,
    Template,
    Version,
    Waited,
)
from ._transaction import Transaction

__all__ = [
    "AlreadyExists", "CancelledError", "ConflictError", "Disk", "Entity", "Event", "EventKind",
    "Finding", "ForkedError", "Instance", "InstanceRecord", "InternalError", "InvalidError",
    "InvalidName", "InvalidOptionsError", "KV", "KeyDoesNotExist", "LimitExceeded", "Limits",
    "NestedListsNotSupportedError", "Network", "NoSuchProperty", "Node", "NotSupportedError",
    "Option", "OutcomeUnknown", "Pair", "PermissionDenied", "Plan", "Registry", "RegistryError",
    "Report", "SecurityError", "Service", "Snapshot", "StoreDamaged", "StoreError", "StoreFull",
    "StoreIOError", "StoreTimeout", "StoreUnreachable", "Template", "TemplateError",
    "TemplateNotFound", "TemplateRuntimeError", "TemplateSyntaxError", "Transaction",
    "UndefinedError", "UnsupportedTemplateFormatError", "UnsupportedTypeError", "UsageError",
    "Version", "Waited", "Watch", "__version__", "escape", "open", "unescape",
]
