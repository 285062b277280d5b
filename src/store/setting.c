/* SPDX-License-Identifier: MIT */
/*
 * Settings of drivers; see setting.h.
 */
#include "store/setting.h"

#include "net/secret.h"

const char *creg_setting(const creg_store_url *url, const char *parameter, const char *variable)
{
    for (size_t i = 0; i < url->query_count; i++)
        if (creg_slice_equal(url->query[i].key, creg_slice_of(parameter)))
            return url->query[i].value.data;
    return variable == NULL ? NULL : creg_secret_environment(variable);
}

bool creg_setting_is_true(const char *text)
{
    return text != NULL && (strcmp(text, "1") == 0 || strcmp(text, "true") == 0);
}
