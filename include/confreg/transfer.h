/* SPDX-License-Identifier: MIT */
/**
 * @file transfer.h
 * From one store to another: everything, or what lies below a prefix.
 *
 * What is equal already is not written, so a copy that was interrupted goes on where it
 * stopped when it is called again; nothing has to be remembered for that. Readers of the
 * destination never see half of anything:
 *
 *     counters    first, and only upwards: an id that was given out in the source is not given
 *                 out again in the destination
 *     templates   each in one transaction
 *     instances   each through the commit protocol of creg_instantiate(), with the request id
 *                 and the record that it has in the source: its record comes last
 *     other keys  in byte order, some at a time
 *
 * An instance is read in one moment, with changes that are under way laid over it; what nobody
 * can see in the source (half-made, half-removed) is not copied. Nothing is removed from the
 * destination that the source does not have, but for keys inside an instance or a service
 * template that is replaced. Memory is that of the largest instance, and of the instances' names.
 */
#ifndef CONFREG_TRANSFER_H
#define CONFREG_TRANSFER_H

#include "confreg/registry.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Options of creg_store_copy; {0} copies everything, and overwrites nothing. */
typedef struct creg_transfer_options {
    creg_slice prefix; /**< only keys at and below it: "templates", "instances/bob"; it does not
                            end inside an instance or a service template. Empty: everything */
    bool force;        /**< replace what differs, instead of leaving it and saying so */
    bool verify;       /**< read both stores once more at the end, and compare digests */
    bool dry_run;      /**< compare only; `written` counts what would be */
    void (*progress)(void *user_data, size_t done, size_t total); /**< keys; may be NULL */
    void *user_data;
    const volatile int *cancel; /**< when not NULL: non-zero stops after what is under way */
} creg_transfer_options;

/** What was copied; in the arena. */
typedef struct creg_transfer_report {
    size_t instances, templates; /**< looked at */
    size_t keys;                 /**< of the source, looked at; without the books */
    size_t written;              /**< keys of these that were written */
    size_t differing;            /**< instances, templates and keys that differ and were left */
    size_t unequal;              /**< the same, found by `verify` */
    creg_slice source_digest, destination_digest; /**< of `verify`: 32 hex digits; or empty */
    creg_findings findings; /**< what differs, by name; of many the first hundred */
} creg_transfer_report;

/**
 * Copy between two open registries. Both have one layout, and neither `visibility=all`.
 * `options` may be NULL.
 *
 * CREG_OK           also with `differing` things: `ret_report` tells
 * CREG_USAGE        a prefix that cannot be copied, or two layouts
 * CREG_CONFLICT     the destination was changed by somebody else meanwhile: call again
 * CREG_CANCELLED    `cancel` was set; call again to go on
 * CREG_LIMIT        something does not fit the destination; the message names it
 */
CREG_API creg_status creg_store_copy(creg_registry *source, creg_registry *destination,
                                     const creg_transfer_options *options, creg_arena *arena,
                                     creg_transfer_report *ret_report, creg_error *err);

#ifdef __cplusplus
}
#endif
#endif
