/* SPDX-License-Identifier: MIT */
/*
 * See checks.h. A version may come from another store, or from a program that made it up.
 */
#include "store/checks.h"

#include "base/fail.h"

creg_status creg_checks_are_numbers(const creg_transaction *transaction,
                                    size_t *ret_failed_check, creg_error *err)
{
    for (size_t i = 0; i < transaction->check_count; i++) {
        const creg_check *check = &transaction->checks[i];
        bool is_possible = check->kind != CREG_CHECK_VERSION || !check->version.present ||
                           (check->version.major > 0 && check->version.minor == 0);
        if (is_possible)
            continue;
        *ret_failed_check = i;
        return creg_fail(err, CREG_CONFLICT, "'%.*s' is not as it was expected",
                         CREG_SHOW(check->key));
    }
    return CREG_OK;
}
