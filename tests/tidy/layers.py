#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Hold the table of docs/ARCHITECTURE.md, "who may include whom", over every #include line.

The table exists twice on purpose: there for people, here for the machine. Change both.
"""
import os
import re

from project import Report, files, read

# layer -> layers whose private headers it may include. Public headers are judged by LAYER_OF.
MAY_INCLUDE = {
    "base": {"base"},
    "value": {"value", "base"},
    "format": {"format", "value", "base"},
    "jinja": {"jinja", "format", "value", "base"},
    "net": {"net", "base"},
    "store": {"store", "net", "format", "value", "base"},
    "registry": {"registry", "store", "jinja", "format", "value", "base"},
}
# Which layer makes what a public header promises.
LAYER_OF = {
    "confreg/base.h": "base",
    "confreg/error.h": "base",
    "confreg/value.h": "value",
    "confreg/jinja.h": "jinja",
    "confreg/store.h": "store",
    "confreg/sys/store_driver.h": "store",
    "confreg/registry.h": "registry",
    "confreg/interrupt.h": "base",
    "confreg/transfer.h": "registry",
}
PUBLIC_ONLY = ("cli/", "python/", "server/", "examples/")
# What a layer may take of a folder that it otherwise may not see.
ONLY_HEADERS = {
    ("jinja", "format"): {"format/json.h"},
    ("store", "format"): {"format/json.h"},
}
# Third-party headers, and the one folder that each belongs to.
SYSTEM_OWNER = {
    "yyjson.h": ("src/format/", "src/store/drivers/"),
    "yaml.h": ("src/format/", "src/jinja/filters_yaml.c"),
    "lmdb.h": ("src/store/drivers/",),
    "curl/curl.h": ("src/net/",),
    "zookeeper/zookeeper.h": ("src/store/drivers/",),
    "tommath.h": ("src/base/",),
    "xxhash.h": ("src/base/",),
    "pcre2.h": ("src/jinja/",),
    "nettle/md5.h": ("src/jinja/digest.c",),
    "nettle/nettle-meta.h": ("src/jinja/digest.c",),
    "nettle/sha1.h": ("src/jinja/digest.c",),
    "nettle/sha2.h": ("src/jinja/digest.c",),
    "Python.h": ("python/",),
}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)


def includes():
    for path in files(".c", ".h"):
        text = read(path)
        for match in INCLUDE.finditer(text):
            line = text.count("\n", 0, match.start(2)) + 1
            yield path, line, match.group(1), match.group(2)


def layer_of_path(path):
    match = re.match(r"src/(\w+)/", path)
    return match.group(1) if match else None


def private_target(path, name):
    """The path below src/ that a quoted include of a source file means, or None."""
    if name.startswith("confreg/"):
        return None
    beside = os.path.normpath(os.path.join(os.path.dirname(path), name))
    if beside.startswith("src/"):
        return beside[len("src/"):]
    return name


def layer_complaints():
    for path, line, quote, name in includes():
        layer = layer_of_path(path)
        if layer is None or quote != '"':
            continue
        target = private_target(path, name)
        wanted = LAYER_OF.get(name) if target is None else target.split("/")[0]
        if wanted is None or wanted not in MAY_INCLUDE.get(layer, {layer}):
            yield f"{path}:{line}: {layer} may not include {name}"
        elif target and target not in ONLY_HEADERS.get((layer, wanted), {target}):
            yield f"{path}:{line}: of {wanted}, {layer} may include only " \
                  f"{' '.join(ONLY_HEADERS[layer, wanted])}"


def public_only_complaints():
    for path, line, quote, name in includes():
        if not path.startswith(PUBLIC_ONLY) or quote != '"' or name.startswith("confreg/"):
            continue
        folder = path.split("/")[0]
        target = os.path.normpath(os.path.join(os.path.dirname(path), name))
        if not target.startswith(folder + "/") and not name.startswith(folder + "/"):
            yield f"{path}:{line}: {folder} sees include/confreg/ only, not {name}"


def public_header_complaints():
    for path, line, quote, name in includes():
        if path.startswith("include/") and quote == '"' and not name.startswith("confreg/"):
            yield f"{path}:{line}: a public header may include public headers only, not {name}"


def driver_complaints():
    drivers = {os.path.basename(path)[:-2] for path in files(".c")
               if path.startswith("src/store/drivers/")}
    for path, line, quote, name in includes():
        if not path.startswith("src/store/drivers/") or quote != '"':
            continue
        mine = os.path.basename(path).rsplit(".", 1)[0]
        theirs = os.path.basename(name)[:-2]
        # etcd and etcd_rpc are one driver in two files.
        related = mine.split("_")[0] == theirs.split("_")[0]
        if theirs in drivers and "driver" in name and not related:
            yield f"{path}:{line}: drivers never include each other"


def system_complaints():
    for path, line, quote, name in includes():
        owners = SYSTEM_OWNER.get(name)
        if owners and not path.startswith(owners + ("tests/", "bench/")):
            yield f"{path}:{line}: <{name}> belongs to {' '.join(owners)}"


def guard_complaints():
    """A header that one file takes in as a table needs no guard."""
    included = [os.path.basename(name) for _, _, quote, name in includes() if quote == '"']
    for path in files(".h"):
        if not path.startswith(("include/", "src/", "cli/")):
            continue
        text = read(path)
        guard = re.search(r"^#ifndef (\w+)\n#define \1$", text, re.M)
        if not guard and included.count(os.path.basename(path)) > 1:
            yield f"{path}: no include guard"


report = Report()
report.check("each layer includes only what the table allows", layer_complaints())
report.check("cli, python, server and examples see public headers only",
             public_only_complaints())
report.check("public headers include public headers only", public_header_complaints())
report.check("drivers never include each other", driver_complaints())
report.check("each third-party library is used by its layer only", system_complaints())
report.check("every header has an include guard", guard_complaints())
report.finish()
