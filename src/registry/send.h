/* SPDX-License-Identifier: MIT */
/*
 * One transaction on its way to the store: how large it may be, how often it is sent, and what
 * is said of one whose answer never came.
 */
#ifndef CREG_REGISTRY_SEND_H
#define CREG_REGISTRY_SEND_H

#include "registry/registry.h"

/**
 * Send one transaction until the answer is clear.
 *
 * A refusal after an unclear answer is handed up as what it is, CREG_CONFLICT; any other
 * failure after one is CREG_UNKNOWN_OUTCOME. `is_patient`: a store that cannot be reached is
 * tried again, too, for as long as an election of its servers takes. `ret_was_unclear` (may be
 * NULL): a refusal may be of our own first try's making.
 */
creg_status creg_send_clearly(creg_store *store, const creg_transaction *transaction,
                              bool is_patient, size_t *ret_failed_check, bool *ret_was_unclear,
                              creg_error *err);

/** How large a transaction may be: what the store says, or a test's smaller figure. */
creg_status creg_send_limits(creg_registry *registry, creg_limits *ret_limits, creg_error *err);

/** Put the DN and request id of an unknown outcome into the error; returns the status. */
creg_status creg_send_unknown(const creg_dn *dn, creg_slice request, creg_error *err);

#endif
