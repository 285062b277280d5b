/* SPDX-License-Identifier: MIT */
/*
 * Which version of the library this is, at run time.
 */
#include "confreg/confreg.h"

#define TEXT_OF(number) #number
#define JOIN(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

const char *creg_version_text(void)
{
    return JOIN(CREG_VERSION_MAJOR, CREG_VERSION_MINOR, CREG_VERSION_PATCH);
}
