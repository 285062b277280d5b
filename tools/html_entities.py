#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write src/jinja/html_entities.h: HTML5's named character references as one sorted table.

Run it from the top folder when a newer Python knows more of them:
    python3 tools/html_entities.py > src/jinja/html_entities.h
"""
from html.entities import html5

HEAD = """/* SPDX-License-Identifier: MIT */
/* clang-format off */
/*
 * HTML5's named character references, sorted by name for a binary search.
 * Made by tools/html_entities.py; do not edit.
 *
 * Entry i begins at html_entity_at[i]: the name without '&', a NUL, and what it stands for in
 * UTF-8, up to the next entry. One text and 16-bit offsets: nothing to relocate at start-up.
 */
#ifndef JINJA_HTML_ENTITIES_H
#define JINJA_HTML_ENTITIES_H

#include <stdint.h>
"""


def c_text(data):
    out = ""
    for byte in data:
        out += chr(byte) if 32 <= byte < 127 and byte not in b'"\\?' else "\\%03o" % byte
    return out


def main():
    names = sorted(html5, key=lambda name: name.encode())
    print(HEAD)
    print("enum { HTML_ENTITY_NAME_MAX = %d };\n" % max(map(len, names)))
    offsets = [0]
    print("static const char html_entity_text[] =")
    for name in names:
        value = html5[name].encode()
        print('    "%s\\0" "%s"' % (c_text(name.encode()), c_text(value)))
        offsets.append(offsets[-1] + len(name) + 1 + len(value))
    assert offsets[-1] < 65536
    print("    ;\n")
    print("enum { HTML_ENTITIES = %d };\n" % len(names))
    print("static const uint16_t html_entity_at[HTML_ENTITIES + 1] = {")
    for start in range(0, len(offsets), 12):
        print("    " + " ".join("%d," % at for at in offsets[start:start + 12]))
    print("};\n")
    print("#endif")


main()
