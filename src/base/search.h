/* SPDX-License-Identifier: MIT */
/*
 * Finding bytes in bytes, in time that grows with the sum of their lengths, never with the
 * product: needles come from templates. Threads: any.
 */
#ifndef CREG_BASE_SEARCH_H
#define CREG_BASE_SEARCH_H

#include "confreg/base.h"

/** The offset of the first `needle` at or behind `from`, or SIZE_MAX. */
size_t creg_search(creg_slice text, creg_slice needle, size_t from);

/** The offset of the last `needle` that ends at or before `to`, or SIZE_MAX. */
size_t creg_search_last(creg_slice text, creg_slice needle, size_t to);

#endif
