/* SPDX-License-Identifier: MIT */
/*
 * What the files of the etcd driver share: etcd.c is the driver, etcd_rpc.c makes its calls,
 * etcd_config.c reads URL and environment, etcd.proto has the messages.
 */
#ifndef CREG_STORE_DRIVERS_ETCD_H
#define CREG_STORE_DRIVERS_ETCD_H

#include <pthread.h>

#include "base/arena.h"
#include "base/fail.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "confreg/sys/store_driver.h"
#include "etcd.pb-c.h"
#include "net/grpc.h"
#include "store/pairs.h"

enum {
    CREG_ETCD_REQUEST_MAX = 1500 * 1000, /* of --max-request-bytes, 1.5 MiB by default */
    CREG_ETCD_TOKEN_MAX = 4096
};

struct creg_driver_state {
    creg_arena arena;
    creg_http *http;
    const char *user; /* NULL: no authentication */
    const char *password;
    creg_slice somewhere; /* a key below our root: a role may allow no other */
    bool is_serializable; /* reads from the member at hand, perhaps old */
    uint32_t timeout_ms;
    pthread_mutex_t lock; /* guards the token */
    char token[CREG_ETCD_TOKEN_MAX];
};

/** Fill the state from URL, query and etcd's own variables, and make its HTTP client. */
creg_status creg_etcd_configure(creg_driver_state *state, const creg_store_url *url,
                                creg_error *err);

/** protobuf-c's allocator over an arena, so that its budget bounds hostile answers, too. */
void creg_etcd_allocator(creg_arena *arena, ProtobufCAllocator *ret_allocator);

/** One call: packed, sent (with a fresh token where the old one expired), unpacked. */
typedef struct creg_etcd_call {
    const char *method;
    const ProtobufCMessage *request;
    const ProtobufCMessageDescriptor *answer; /* what to unpack */
    bool is_write;                            /* unanswered, it may have been done */
} creg_etcd_call;

/**
 * `*ret_answer` is in the arena.
 *
 * CREG_PERMISSION, CREG_NO_SPACE, CREG_LIMIT, CREG_NOT_FOUND  as etcd said
 * CREG_CONFLICT         a revision that was compacted: read afresh
 * CREG_UNAVAILABLE      (reads) no answer within the deadline
 * CREG_UNKNOWN_OUTCOME  (writes) sent, and no answer that says what became of it
 */
creg_status creg_etcd_send(creg_driver_state *state, const creg_etcd_call *call,
                           creg_arena *arena, void *ret_answer, creg_error *err);

/** A packed message in the arena. */
creg_status creg_etcd_pack(const ProtobufCMessage *message, creg_arena *arena,
                           creg_slice *ret_packed, creg_error *err);

/** Get the first token. CREG_PERMISSION for a wrong password. */
creg_status creg_etcd_authenticate(creg_driver_state *state, creg_error *err);

/** The token for a call, in the arena; NULL without authentication. */
const char *creg_etcd_token(creg_driver_state *state, creg_arena *arena);

#endif
