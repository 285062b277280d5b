/* SPDX-License-Identifier: MIT */
/*
 * Sending one transaction; see send.h.
 */
#include "registry/send.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/interrupt.h"

enum {
    RESENDS = 3,        /* of one transaction with an unclear outcome, at least */
    PATIENCE_MS = 12000 /* servers elect a leader within this time */
};

creg_status creg_send_clearly(creg_store *store, const creg_transaction *transaction,
                              bool is_patient, size_t *ret_failed_check, bool *ret_was_unclear,
                              creg_error *err)
{
    bool was_unclear = false;
    creg_status status = CREG_OK;
    uint64_t end = creg_clock_ms() + PATIENCE_MS;
    for (unsigned tries = 0;; tries++) {
        status = creg_store_apply(store, transaction, ret_failed_check, err);
        if (ret_was_unclear != NULL)
            *ret_was_unclear = was_unclear;
        if (status == CREG_OK || status == CREG_CONFLICT)
            return status;
        was_unclear = was_unclear || status == CREG_UNKNOWN_OUTCOME;
        bool is_worth_it = was_unclear || is_patient;
        if (creg_status_retry(status) == CREG_RETRY_NO || !is_worth_it || creg_is_interrupted())
            break;
        if (tries >= RESENDS && creg_clock_ms() >= end)
            break;
        creg_registry_pause(tries + 3);
    }
    if (!was_unclear || status == CREG_UNKNOWN_OUTCOME)
        return status;
    return creg_fail(err, CREG_UNKNOWN_OUTCOME, "the store did not answer clearly");
}

creg_status creg_send_limits(creg_registry *registry, creg_limits *ret_limits, creg_error *err)
{
    creg_status status = creg_store_limits(registry->store, ret_limits, err);
    if (status == CREG_OK && registry->transaction_operations != 0)
        ret_limits->transaction_operations = registry->transaction_operations;
    return status;
}

creg_status creg_send_unknown(const creg_dn *dn, creg_slice request, creg_error *err)
{
    if (err == NULL)
        return CREG_UNKNOWN_OUTCOME;
    err->status = CREG_UNKNOWN_OUTCOME;
    creg_slice name = creg_dn_instance(dn);
    snprintf(err->dn, sizeof err->dn, "%.*s", (int)name.size, name.data);
    snprintf(err->request_id, sizeof err->request_id, "%.*s", (int)request.size,
             request.data == NULL ? "" : request.data);
    creg_error_hint(err, "ask what became of it with 'confreg instance status', or repeat the "
                         "call with the same request id");
    return CREG_UNKNOWN_OUTCOME;
}
