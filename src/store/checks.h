/* SPDX-License-Identifier: MIT */
/*
 * What drivers look at in the checks of a transaction before they send it.
 */
#ifndef CREG_STORE_CHECKS_H
#define CREG_STORE_CHECKS_H

#include "confreg/store.h"

/**
 * For stores whose versions are one number that is never 0, and which take 0 for "absent": can
 * every version that is to be checked be one of theirs?
 *
 * CREG_CONFLICT  no: such a check cannot hold, and must not be sent; `*ret_failed_check` is it
 */
creg_status creg_checks_are_numbers(const creg_transaction *transaction,
                                    size_t *ret_failed_check, creg_error *err);

#endif
