/* SPDX-License-Identifier: MIT */
/**
 * @file error.h
 * The one list of statuses, and the error object that carries the words.
 *
 * Every call that can fail returns a creg_status and, when the caller passed one, fills a
 * creg_error. The error is the caller's memory, is written only on failure, and owns all its
 * text: there is nothing to free and no hidden last-error state. The message is one plain
 * line that says what happened and where; `hint` says what to do about it.
 */
#ifndef CONFREG_ERROR_H
#define CONFREG_ERROR_H

#include "confreg/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** May the same call be tried again? */
typedef enum creg_retry {
    CREG_RETRY_NO,     /**< it would fail the same way */
    CREG_RETRY_SAFE,   /**< nothing was done: try again when you like */
    CREG_RETRY_UNKNOWN /**< it may have been done: ask with the request id first */
} creg_retry;

/**
 * X(name, number, exit code of the command, retry class, Python exception, text)
 *
 * Numbers are part of the ABI and never change. Exit codes: 0 ok, 1 the answer is "no",
 * 2 usage, 3 not found, 4 exists or conflict, 5 store unreachable (nothing done), 6 outcome
 * unknown, 7 invalid template, options or data, 8 permission, 9 store damaged, 10 limit.
 */
#define CREG_STATUS_LIST(X)                                                                    \
    X(OK, 0, 0, NO, "", "ok")                                                                  \
    X(NO, 1, 1, NO, "RegistryError", "the answer is no")                                       \
    X(USAGE, 2, 2, NO, "UsageError", "wrong use of the call or command")                       \
    X(NOT_FOUND, 3, 3, NO, "KeyDoesNotExist", "not found")                                     \
    X(EXISTS, 4, 4, NO, "AlreadyExists", "already exists")                                     \
    X(CONFLICT, 5, 4, NO, "ConflictError", "changed by somebody else, or still in use")        \
    X(UNAVAILABLE, 6, 5, SAFE, "StoreUnreachable", "store unreachable, nothing was done")      \
    X(TIMEOUT, 7, 5, SAFE, "StoreTimeout", "no answer in time, nothing was done")              \
    X(UNKNOWN_OUTCOME, 8, 6, UNKNOWN, "OutcomeUnknown", "the outcome is unknown")              \
    X(INVALID, 9, 7, NO, "InvalidError", "invalid data")                                       \
    X(INVALID_NAME, 10, 7, NO, "InvalidName", "invalid name or key")                           \
    X(INVALID_OPTIONS, 11, 7, NO, "InvalidOptionsError", "invalid options")                    \
    X(NESTED_LISTS, 12, 7, NO, "NestedListsNotSupportedError", "nested lists not supported")   \
    X(UNSUPPORTED_TYPE, 13, 7, NO, "UnsupportedTypeError", "unsupported type of value")        \
    X(UNSUPPORTED_FORMAT, 14, 7, NO, "UnsupportedTemplateFormatError",                         \
      "unsupported template type")                                                             \
    X(TEMPLATE_SYNTAX, 15, 7, NO, "TemplateSyntaxError", "template syntax error")              \
    X(TEMPLATE_UNDEFINED, 16, 7, NO, "UndefinedError", "undefined name in template")           \
    X(TEMPLATE_RUNTIME, 17, 7, NO, "TemplateRuntimeError", "template failed while rendering")  \
    X(TEMPLATE_NOT_FOUND, 18, 7, NO, "TemplateNotFound", "template not found by the loader")   \
    X(TEMPLATE_SECURITY, 19, 7, NO, "SecurityError", "refused by the template sandbox")        \
    X(PERMISSION, 20, 8, NO, "PermissionDenied", "permission denied")                          \
    X(DAMAGED, 21, 9, NO, "StoreDamaged", "the store is damaged")                              \
    X(LIMIT, 22, 10, NO, "LimitExceeded", "limit exceeded")                                    \
    X(NO_MEMORY, 23, 10, SAFE, "MemoryError", "out of memory")                                 \
    X(NO_SPACE, 24, 10, SAFE, "StoreFull", "no space left for the store")                      \
    X(IO, 25, 5, SAFE, "StoreIOError", "input or output failed, nothing was done")             \
    X(FORKED, 26, 2, NO, "ForkedError", "handle was opened before fork; open it again")        \
    X(CANCELLED, 27, 130, SAFE, "CancelledError", "cancelled, nothing was done")               \
    X(UNSUPPORTED, 28, 2, NO, "NotSupportedError", "not supported by this store")              \
    X(INTERNAL, 29, 70, NO, "InternalError", "internal error; please report it")

typedef enum creg_status {
#define CREG_STATUS_ENUM(name, number, exit_code, retry, python, text) CREG_##name = number,
    CREG_STATUS_LIST(CREG_STATUS_ENUM)
#undef CREG_STATUS_ENUM
} creg_status;

enum {
    CREG_ERROR_MESSAGE_SIZE = 1024,
    CREG_ERROR_DETAIL_SIZE = 512,
    CREG_ERROR_NAME_SIZE = 256,
    CREG_ERROR_DN_SIZE = 1280
};

/** What went wrong. Plain data: copy it, keep it, drop it. All texts are NUL-terminated UTF-8. */
typedef struct creg_error {
    creg_status status;
    char message[CREG_ERROR_MESSAGE_SIZE]; /**< one line: what, and about which thing */
    char hint[CREG_ERROR_DETAIL_SIZE];     /**< what to do; may be empty */
    char type[48]; /**< finer class, as Python names it ("ZeroDivisionError"); may be empty */
    char source[CREG_ERROR_NAME_SIZE]; /**< name of the template or file; may be empty */
    uint32_t line;                     /**< counted from 1; 0 when there is no place */
    uint32_t column;                   /**< counted from 1 in code points; 0 when unknown */
    uint32_t length;                   /**< code points to underline; 0 when unknown */
    char snippet[256];                 /**< the source line itself, cut to fit; may be empty */
    char detail[CREG_ERROR_DETAIL_SIZE]; /**< what the store itself said; may be empty */
    char dn[CREG_ERROR_DN_SIZE];         /**< of UNKNOWN_OUTCOME: which instance */
    char request_id[40];                 /**< of UNKNOWN_OUTCOME: what to ask with */
} creg_error;

/** The fixed one-line text of a status ("not found"). Never NULL. Threads: any. */
CREG_API const char *creg_status_text(creg_status status);

/** The name of a status ("NOT_FOUND"). Never NULL. Threads: any. */
CREG_API const char *creg_status_name(creg_status status);

/** The exit code that the command uses for a status. Threads: any. */
CREG_API int creg_status_exit_code(creg_status status);

/** Whether a call that failed so may be repeated. Threads: any. */
CREG_API creg_retry creg_status_retry(creg_status status);

/** The name of the Python exception for a status. Never NULL. Threads: any. */
CREG_API const char *creg_status_python(creg_status status);

/** Forget whatever the error says. `err` may be NULL. */
CREG_API void creg_error_clear(creg_error *err);

#ifdef __cplusplus
}
#endif
#endif
