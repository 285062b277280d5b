/* SPDX-License-Identifier: MIT */
/*
 * Changes of a committed instance that do not fit one transaction of the store.
 *
 * Consul takes 64 operations at a time, etcd 128 conditions, and copying a node or setting many
 * properties needs more. So the whole change is
 * first written down as one value, in the book of intents, and that one write is the moment in
 * which it happens: from then on every reader lays it over what it reads, and whoever wants to
 * write carries it out first. Its own writer does so at once, in pieces; if he dies, the next
 * one or a sweep does. It is always carried on, never undone.
 *
 *     open    { i/X absent } -> { put i/X "open" }          nobody else may write to X
 *             look at every condition of the change
 *     active  { i/X as written } -> { put i/X "active", with all operations }
 *     pieces  { i/X as written } -> { some of the operations }            several at once
 *     done    { i/X as written } -> { delete i/X }
 *
 * A journal that stays open for long has lost its writer; it is deleted by whoever meets it.
 */
#ifndef CREG_REGISTRY_JOURNAL_H
#define CREG_REGISTRY_JOURNAL_H

#include "registry/registry.h"

/** May instances of this store have journals, so that readers have to look for them? */
bool creg_journal_is_used(const creg_registry *registry);

/**
 * creg_store_apply for a change of an instance, whatever its size; waits for the journal of
 * somebody else, or carries it out. The transaction has no fence and its first checks are of
 * the books. `dn` is a DN of the instance.
 *
 * CREG_CONFLICT  as for creg_store_apply; nothing was done
 * CREG_LIMIT     too large even for a journal, or for a store without any; nothing was done
 */
creg_status creg_journal_apply(creg_registry *registry, const creg_dn *dn,
                               const creg_transaction *transaction, size_t *ret_failed_check,
                               creg_error *err);

/**
 * creg_store_read of one instance: the first reads are those of creg_sight_reads(). An active
 * journal is laid over the results, and is not seen itself.
 */
creg_status creg_journal_read(creg_registry *registry, creg_read *reads, size_t count,
                              creg_arena *arena, creg_error *err);

/** Carry out, or give up, the journal of an instance if there is one. */
creg_status creg_journal_settle(creg_registry *registry, const creg_dn *dn, creg_error *err);

#endif
