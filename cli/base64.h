/* SPDX-License-Identifier: MIT */
/*
 * Base64 (RFC 4648), for values that are not text: exports in Consul's form, and JSON.
 */
#ifndef CLI_BASE64_H
#define CLI_BASE64_H

#include "confreg/base.h"

/** Room that the encoding of so many bytes needs, with a NUL. */
size_t cli_base64_size(size_t size);

/** Encode; returns the number of characters, without the NUL behind them. */
size_t cli_base64_encode(creg_slice bytes, char *to);

/** Decode into `to` (room for 3/4 of the text and 3 more); false when it is not base64. */
bool cli_base64_decode(creg_slice text, char *to, size_t *ret_size);

#endif
