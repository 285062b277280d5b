/* SPDX-License-Identifier: MIT */
/*
 * Which bug is asked for; see failpoint.h. Compiled for the fault tests only.
 */
#include "base/failpoint.h"

#include <stdlib.h>

bool creg_bug_is(creg_bug bug)
{
    const char *wanted = getenv("CONFREG_BUG");
    return wanted != NULL && strtol(wanted, NULL, 10) == (long)bug;
}
