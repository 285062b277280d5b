/* SPDX-License-Identifier: MIT */
/*
 * A tree of values as flat key/value pairs, and back.
 *
 *     {"nodes": {"slave0": {"cpu": 2, "tags": ["a", "b"]}}}
 *
 *     nodes/slave0/cpu     = 2
 *     nodes/slave0/tags/a  =
 *     nodes/slave0/tags/b  =
 *
 * The stores have no lists, so a list of scalars becomes one key an element with an empty
 * value. Read back, that is the rule: *a node whose children are all leaves with empty values
 * is a list, every other node is a map.* From pairs to a tree to pairs nothing changes, ever.
 * From a tree to pairs to a tree these things do, and only these:
 *   - scalars come back as text, as they are stored (True, 5.10)
 *   - order becomes natural (slave2 before slave10), in lists, too
 *   - an element that a list has twice is there once; empty maps and lists are gone
 *   - a map whose values are all empty text comes back as the list of its keys
 */
#ifndef CREG_REGISTRY_TREE_H
#define CREG_REGISTRY_TREE_H

#include "confreg/base.h"
#include "confreg/error.h"
#include "confreg/store.h"
#include "confreg/value.h"
#include "format/place.h"

/** Hex digits of a digest, with the closing NUL. */
enum { CREG_TREE_DIGEST_SIZE = 33 };

/**
 * Flatten a MAP into pairs, sorted by the bytes of their keys.
 *
 * `prefix` (a DN, without a closing '/'; may be empty) is put before every key and counts for
 * the limit of a key. Keys are in the arena; values are in the arena or where the tree keeps
 * them, so they live as long as both. Versions are zero.
 *
 * On a failure `ret_where` (may be NULL) tells the place in the tree, its steps in the arena,
 * for the caller to find the line; the message begins with that path already.
 *
 * CREG_INVALID           the root is no map, or two keys of a map have the same text
 * CREG_INVALID_NAME      a key or list element that may not be a segment: empty, ".", "..", a
 *                        control byte in it, over 255 bytes
 * CREG_UNSUPPORTED_TYPE  null, a date, bytes, or another thing that has no text
 * CREG_NESTED_LISTS      a list or map inside a list
 * CREG_LIMIT             key, value, number of keys or nesting; or the arena
 */
creg_status creg_tree_flatten(creg_value tree, creg_slice prefix, creg_arena *arena,
                              creg_pairs *ret_pairs, creg_path *ret_where, creg_error *err);

/**
 * Build the tree of pairs that lie below `prefix`: a MAP, keys decoded, in natural order.
 *
 * `pairs` must be sorted by the bytes of their keys (as every store lists them) and all lie
 * below `prefix` + '/'; with an empty prefix the whole key counts. Text of the result is in
 * the arena or in the pairs. Also:
 *   - the root is always a MAP, also when it looks like a list
 *   - a key with a closing '/' (a listing cut at a depth) becomes an empty MAP
 *   - a key that has both a value and children (foreign trees only) becomes a MAP with its
 *     own value under the empty name
 *   - a segment that is not in our escape, or whose name is taken, is kept as it is stored
 *   - a value that is not UTF-8 becomes CREG_KIND_BYTES
 *
 * CREG_LIMIT, CREG_NO_MEMORY  the arena has no more room
 */
creg_status creg_tree_build(const creg_pairs *pairs, creg_slice prefix, creg_arena *arena,
                            creg_value *ret_tree, creg_error *err);

/**
 * The digest of a tree: XXH3-128 over key, NUL, length of the value (8 bytes, little endian)
 * and value of each pair, as 32 hex digits and a NUL.
 *
 * `pairs` must be sorted by key bytes. The first `strip` bytes of each key do not count: pass
 * the length of the DN and its '/', so that equal trees have equal digests under any DN. It
 * tells damage and difference, not tampering. Threads: any.
 */
void creg_tree_digest(const creg_pairs *pairs, size_t strip,
                      char ret_digest[CREG_TREE_DIGEST_SIZE]);

/**
 * The text that a scalar is stored as: True, False, numbers as written (or as Python prints
 * them), strings unchanged. In the arena or borrowed from the value.
 *
 * CREG_UNSUPPORTED_TYPE  null, a date, a container, an object; the message does not name a place
 */
creg_status creg_tree_scalar(creg_value value, creg_arena *arena, creg_slice *ret_text,
                             creg_error *err);

#endif
