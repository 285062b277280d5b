/* SPDX-License-Identifier: MIT */
/** @file confreg.h Everything: the registry, its store, its values and its template engine. */
#ifndef CONFREG_CONFREG_H
#define CONFREG_CONFREG_H

#include "confreg/base.h"
#include "confreg/error.h"
#include "confreg/interrupt.h"
#include "confreg/jinja.h"
#include "confreg/registry.h"
#include "confreg/store.h"
#include "confreg/transfer.h"
#include "confreg/value.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CREG_VERSION_MAJOR 0
#define CREG_VERSION_MINOR 1
#define CREG_VERSION_PATCH 0

/** The version of the library at run time, "0.1.0". Static text. */
CREG_API const char *creg_version_text(void);

#ifdef __cplusplus
}
#endif
#endif
