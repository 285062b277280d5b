/* SPDX-License-Identifier: MIT */
/*
 * Printing into a growing text: for those who build larger texts out of values.
 */
#ifndef CREG_VALUE_PRINT_H
#define CREG_VALUE_PRINT_H

#include "base/text.h"
#include "confreg/value.h"

/**
 * Append str() or repr() of a value.
 *
 * Running out of room sticks in `text` and is reported by creg_text_finish(); what comes
 * back here is nesting too deep, or an object's own failure.
 */
creg_status creg_value_print(creg_text *text, creg_value value, bool as_repr, creg_error *err);

/**
 * The same, taking what it costs from `*work`: about one for a leaf or 64 bytes, more for big
 * integers. LIMIT with `*work` 0 when that does not suffice.
 */
creg_status creg_value_print_within(creg_text *text, creg_value value, bool as_repr,
                                    uint64_t *work, creg_error *err);

/** Append repr() of bytes: b'...'. */
void creg_value_print_bytes(creg_text *text, creg_slice bytes);

#endif
