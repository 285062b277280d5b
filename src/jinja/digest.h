/* SPDX-License-Identifier: MIT */
/*
 * The digests that templates of the configuration pack ask for. MD5 and SHA-1 are there
 * because configuration files name them, not because they protect anything.
 */
#ifndef JINJA_DIGEST_H
#define JINJA_DIGEST_H

#include "confreg/base.h"

enum { JINJA_DIGEST_MAX = 64 };

/**
 * The digest of `data` by "md5", "sha1", "sha224", "sha256", "sha384" or "sha512": its size,
 * or 0 for another name. Threads: any.
 */
size_t jinja_digest(creg_slice name, creg_slice data, unsigned char out[JINJA_DIGEST_MAX]);

#endif
