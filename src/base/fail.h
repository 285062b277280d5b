/* SPDX-License-Identifier: MIT */
/*
 * How code inside the library reports a failure: the one who detects it writes the message
 * once, everyone above returns the status unchanged and adds only what it alone knows.
 */
#ifndef CREG_BASE_FAIL_H
#define CREG_BASE_FAIL_H

#include "confreg/error.h"

/** Fill `err` (may be NULL) afresh with status and message; returns the status. */
CREG_PRINTF(3, 4)
creg_status creg_fail(creg_error *err, creg_status status, const char *format, ...);

/** Say what to do about it. Only after creg_fail. `err` may be NULL. */
CREG_PRINTF(2, 3) void creg_error_hint(creg_error *err, const char *format, ...);

/** Add what the store itself said. `err` may be NULL. */
CREG_PRINTF(2, 3) void creg_error_detail(creg_error *err, const char *format, ...);

/** Put something before the message: "options.json: ...". `err` may be NULL. */
CREG_PRINTF(2, 3) void creg_error_prefix(creg_error *err, const char *format, ...);

/** Name the place: source name (may be NULL: keep), line, column, length to underline. */
void creg_error_place(creg_error *err, const char *source, uint32_t line, uint32_t column,
                      uint32_t length);

/** Cut line `err->line` out of `text` into the snippet. */
void creg_error_snippet(creg_error *err, creg_slice text);

/** The finer class, as Python names it. `type` is static text. */
void creg_error_type(creg_error *err, const char *type);

/** The status and message for an arena that gave NULL: over its budget, or no memory. */
creg_status creg_fail_arena(creg_error *err, const creg_arena *arena);

static inline int creg_show_size(creg_slice slice)
{
    return slice.size > 200 ? 200 : (int)slice.size;
}

static inline const char *creg_show_text(creg_slice slice)
{
    return slice.data == NULL ? "" : slice.data;
}

#ifdef CREG_ANALYZER
/* an analyzer looks into one file at a time: what it cannot see is that no failure is OK. */
#define creg_fail(err, status, ...)                                                            \
    ({                                                                                         \
        (creg_fail)((err), (status), __VA_ARGS__);                                             \
        (creg_status)(status);                                                                 \
    })
#define creg_fail_arena(err, arena)                                                            \
    (creg_status)((creg_fail_arena)((err), (arena)) == CREG_LIMIT ? CREG_LIMIT : CREG_NO_MEMORY)
#endif

/** For "%.*s": precision and pointer of a slice, cut to 200 bytes so that no name floods a message. */
#define CREG_SHOW(slice) creg_show_size(slice), creg_show_text(slice)

#endif
