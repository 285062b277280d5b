/* SPDX-License-Identifier: MIT */
/*
 * What a driver is told: by the URL's query, or by the variables that its server's own tools
 * read.
 */
#ifndef CREG_STORE_SETTING_H
#define CREG_STORE_SETTING_H

#include "confreg/sys/store_driver.h"

/**
 * A parameter of the query, else an environment variable (NULL: none), else NULL. Lives as
 * long as the URL, or the environment.
 */
const char *creg_setting(const creg_store_url *url, const char *parameter,
                         const char *variable);

/** "1" or "true"; not NULL. */
bool creg_setting_is_true(const char *text);

#endif
