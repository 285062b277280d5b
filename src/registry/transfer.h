/* SPDX-License-Identifier: MIT */
/*
 * Between the files of a copy from store to store: transfer.c goes through the source and says
 * in which order, transfer_instance.c and transfer_keys.c copy or compare one thing.
 */
#ifndef CREG_REGISTRY_TRANSFER_H
#define CREG_REGISTRY_TRANSFER_H

#include "base/digest.h"
#include "confreg/transfer.h"
#include "registry/registry.h"

typedef struct creg_transfer {
    creg_registry *source, *destination;
    const creg_transfer_options *options;
    creg_slice prefix;  /* without a closing '/' */
    bool is_verify;     /* the second time through: compare, write nothing */
    size_t expected;    /* keys, as far as the records tell */
    creg_arena *arena;  /* of the report */
    creg_arena scratch; /* of one thing */
    creg_digest source_digest, destination_digest;
    creg_transfer_report report;
} creg_transfer;

/** Is the key at or below the prefix of this copy? */
bool creg_transfer_covers(const creg_transfer *work, creg_slice key);

/** Same keys and values in the same order? */
bool creg_transfer_is_same(const creg_pairs *left, const creg_pairs *right);

/** Add pairs to the digests of both sides. */
void creg_transfer_digest(creg_transfer *work, const creg_pairs *source,
                          const creg_pairs *destination);

/** Note that something differs: by name, in the report. */
creg_status creg_transfer_differs(creg_transfer *work, creg_slice name, creg_error *err);

/** `count` keys were looked at; with `written` of them written. Tells progress. */
void creg_transfer_count(creg_transfer *work, size_t count, size_t written);

/** CREG_CANCELLED when the caller wants to stop. */
creg_status creg_transfer_check_cancel(const creg_transfer *work, creg_error *err);

/** One committed instance, by its X. */
creg_status creg_transfer_instance(creg_transfer *work, creg_slice x, creg_error *err);

/** A key and, with `with_tree`, all below it, in one transaction. */
creg_status creg_transfer_unit(creg_transfer *work, creg_slice key, bool with_tree,
                               creg_error *err);

/** All keys below a prefix, page by page; not the key at the prefix itself. */
creg_status creg_transfer_keys(creg_transfer *work, creg_slice prefix, creg_error *err);

/** Raise the destination's counters to those of the source. */
creg_status creg_transfer_counters(creg_transfer *work, creg_error *err);

#endif
