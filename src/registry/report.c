/* SPDX-License-Identifier: MIT */
/*
 * Findings, in an array in the arena that doubles.
 */
#include "registry/report.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/fail.h"

enum { FIRST = 8, MESSAGE_SIZE = 1024 };

/* Room for one more: the array is full whenever its size is a power of two. */
static creg_finding *add_one(creg_findings *findings, creg_arena *arena)
{
    size_t size = findings->size;
    bool is_full = size == 0 || (size >= FIRST && (size & (size - 1)) == 0);
    if (is_full) {
        size_t room = size < FIRST ? FIRST : size * 2;
        creg_finding *larger = creg_arena_grow(arena, findings->items, size * sizeof *larger,
                                               room * sizeof *larger);
        if (larger == NULL)
            return NULL;
        findings->items = larger;
    }
    creg_finding *finding = &findings->items[findings->size++];
    *finding = (creg_finding){.line = 0};
    return finding;
}

creg_status creg_findings_add(creg_findings *findings, creg_arena *arena, const char *rule,
                              bool is_error, creg_error *err, const char *format, ...)
{
    char text[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    creg_finding *finding = add_one(findings, arena);
    if (finding == NULL)
        return creg_fail_arena(err, arena);
    finding->rule = creg_slice_of(rule);
    finding->message = creg_arena_copy(arena, creg_slice_of(text));
    finding->is_error = is_error;
    return finding->message.data == NULL ? creg_fail_arena(err, arena) : CREG_OK;
}

creg_status creg_findings_append(creg_findings *findings, creg_arena *arena,
                                 const creg_finding *finding, creg_error *err)
{
    creg_finding *added = add_one(findings, arena);
    if (added == NULL)
        return creg_fail_arena(err, arena);
    *added = *finding;
    return CREG_OK;
}

creg_status creg_findings_add_error(creg_findings *findings, creg_arena *arena,
                                    const char *rule, const creg_error *found, creg_error *err)
{
    creg_status status =
        creg_findings_add(findings, arena, rule, true, err, "%s%s%s", found->message,
                          found->hint[0] == '\0' ? "" : "; ", found->hint);
    if (status != CREG_OK)
        return status;
    findings->items[findings->size - 1].line = found->line;
    findings->items[findings->size - 1].column = found->column;
    return CREG_OK;
}
