/* SPDX-License-Identifier: MIT */
/*
 * Which keys may enter a store; the public part (encode, decode, names) is in confreg/store.h.
 *
 * Two doors of different width: what we *write* must be accepted by every store, so it is held
 * to the alphabet of creg_key_encode() and the ',' of bookkeeping keys. What we *read or
 * delete* may have been written by others, so it only has to be a path without surprises.
 */
#ifndef CREG_STORE_KEY_H
#define CREG_STORE_KEY_H

#include "confreg/base.h"
#include "confreg/error.h"

/**
 * May this key be read or deleted? Segments joined by '/', none empty, "." or "..", no control
 * byte. CREG_INVALID_NAME with the reason.
 */
creg_status creg_key_check_read(creg_slice key, creg_error *err);

/** May this key be written? As above, and only [A-Za-z0-9._,=-], no "..". CREG_INVALID_NAME. */
creg_status creg_key_check_write(creg_slice key, creg_error *err);

/**
 * creg_key_check_write, when the first `shared` bytes are known from another key that passed:
 * of sorted keys, most differ in their last segment only.
 */
creg_status creg_key_check_write_behind(creg_slice key, size_t shared, creg_error *err);

/** How many bytes two keys have in common at their beginning. */
size_t creg_key_shared(creg_slice left, creg_slice right);

/**
 * May this text become a segment of a key that a template made? Everything that
 * creg_name_check() asks, but a '/' is data here. CREG_INVALID_NAME; message begins with `what`.
 */
creg_status creg_key_text_check(creg_slice text, const char *what, creg_error *err);

#endif
