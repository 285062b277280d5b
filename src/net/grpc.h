/* SPDX-License-Identifier: MIT */
/*
 * gRPC calls over HTTP/2: one message out, one or a stream of messages back.
 *
 * Only framing and headers are here (gRPC over HTTP2, the protocol's own page): five bytes
 * before each message, one of flags and four of length, and the status in the trailers. What
 * is inside a message, and what a status means, is the caller's affair.
 */
#ifndef CREG_NET_GRPC_H
#define CREG_NET_GRPC_H

#include "net/http.h"

/** Status codes of gRPC that callers tell apart. */
enum {
    CREG_GRPC_NONE = -1, /* the answer ended without a status: nothing is known */
    CREG_GRPC_OK = 0,
    CREG_GRPC_UNKNOWN = 2,
    CREG_GRPC_INVALID_ARGUMENT = 3,
    CREG_GRPC_DEADLINE_EXCEEDED = 4,
    CREG_GRPC_NOT_FOUND = 5,
    CREG_GRPC_PERMISSION_DENIED = 7,
    CREG_GRPC_RESOURCE_EXHAUSTED = 8,
    CREG_GRPC_FAILED_PRECONDITION = 9,
    CREG_GRPC_OUT_OF_RANGE = 11,
    CREG_GRPC_UNIMPLEMENTED = 12,
    CREG_GRPC_UNAVAILABLE = 14,
    CREG_GRPC_UNAUTHENTICATED = 16
};

/** One message of a stream; false ends the call. Must not block. */
typedef bool (*creg_grpc_taker)(void *user, creg_slice message);

typedef struct creg_grpc_request {
    const char *method; /* "/etcdserverpb.KV/Range" */
    creg_slice message; /* packed */
    const char *token;  /* authorisation metadata; NULL: none */
    bool is_repeatable;
    uint32_t timeout_ms;  /* 0: that of the connection */
    creg_grpc_taker take; /* NULL: one message is expected, and is in the answer */
    void *take_user;
} creg_grpc_request;

typedef struct creg_grpc_answer {
    long status;        /* CREG_GRPC_... */
    creg_slice reason;  /* grpc-message */
    creg_slice message; /* in the arena */
} creg_grpc_answer;

/**
 * Make a call. CREG_OK for any answer of the server, whatever its status; else as
 * creg_http_send. A stream that ended by its taker or by the timeout has CREG_GRPC_NONE.
 */
creg_status creg_grpc_call(creg_http *http, const creg_grpc_request *request, creg_arena *arena,
                           creg_grpc_answer *ret_answer, creg_error *err);

#endif
