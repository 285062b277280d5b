#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What leaves the shared library: exactly the functions of the public headers.

Called with the path of libconfreg.so. A symbol that no header declares is a leak of our
insides; a declared one that is not there is a promise not kept. And what it needs: libcurl is
loaded by the first remote store, since loading it takes longer than a call on a local one.
"""
import re
import subprocess
import sys

from project import Report, files, read


def exported(library):
    lines = subprocess.run(["nm", "-D", "--defined-only", library], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    names = {line.split()[-1].split("@")[0] for line in lines if line.split()[-2] in "TDBRVWi"}
    return names - {"_init", "_fini", "__bss_start", "_edata", "_end"}


def needed(library):
    lines = subprocess.run(["readelf", "-d", library], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    return [line.split("[")[-1].rstrip("]") for line in lines if "(NEEDED)" in line]


def declared():
    names = set()
    for path in files(".h"):
        if not path.startswith("include/"):
            continue
        for match in re.finditer(r"^CREG_API\b[^;{]*;", read(path), re.M):
            name = re.search(r"\b(\w+)\s*(?:\(|;|\[)", match.group(0).replace("CREG_API", ""))
            functions = re.search(r"\b((?:creg|jinja)_\w+)\s*\(", match.group(0))
            names.add(functions.group(1) if functions else name.group(1))
    return names


def packaged():
    """What Debian's tools hold the library to, and in which version each symbol came."""
    return set(re.findall(r"^ (\w+)@CONFREG_0 \d", read("debian/libconfreg0.symbols"), re.M))


symbols = exported(sys.argv[1])
promised = declared()
report = Report()
report.check("exported symbols begin with creg_ or jinja_",
             sorted(name for name in symbols if not name.startswith(("creg_", "jinja_"))))
report.check("no symbol is exported that no public header declares",
             sorted(name for name in symbols - promised if name.startswith(("creg_", "jinja_"))))
report.check("every declared function is in the library", sorted(promised - symbols))
report.check("debian/libconfreg0.symbols has a row for each: ' NAME@CONFREG_0 VERSION'",
             sorted(promised ^ (packaged() - {"CONFREG_0"})))
report.check("libcurl is not loaded before it is needed",
             [name for name in needed(sys.argv[1]) if name.startswith("libcurl")])
report.finish()
