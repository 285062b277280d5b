/* SPDX-License-Identifier: MIT */
/*
 * What the files of the Consul driver share.
 *
 * consul.c is the driver; consul_config.c reads URL and environment; consul_request.c sends
 * requests and knows what answers mean, for consul_read.c, consul_write.c and
 * consul_liveness.c; consul_json.c turns Consul's JSON into pairs and transactions into
 * Consul's JSON.
 */
#ifndef CREG_STORE_DRIVERS_CONSUL_H
#define CREG_STORE_DRIVERS_CONSUL_H

#include <stdatomic.h>

#include "base/limits.h"
#include "base/text.h"
#include "confreg/sys/store_driver.h"
#include "net/http.h"
#include "store/pairs.h"

enum {
    /** Consul refuses a larger body of a transaction. */
    CREG_CONSUL_BODY_MAX = 512 * 1024,
    CREG_CONSUL_SESSION_ID = 64
};

typedef struct creg_consul_config {
    creg_http_options http; /* texts in the arena of the read */
    const char *headers[4]; /* what http.headers points to */
    char scope[512];        /* "&dc=...&ns=..." to add to every query, escaped */
    bool has_partition;
    const char *consistency; /* "", "&consistent" or "&stale" */
} creg_consul_config;

/**
 * URL, query and environment (CONSUL_HTTP_ADDR is not asked: the URL names the servers) into
 * a configuration. `ret_config` points into itself and into the arena.
 *
 * CREG_USAGE  a parameter or file that cannot be used
 */
creg_status creg_consul_config_read(const creg_store_url *url, uint32_t timeout_ms,
                                    creg_arena *arena, creg_consul_config *ret_config,
                                    creg_error *err);

struct creg_driver_state {
    creg_arena arena;
    creg_consul_config config;
    creg_http *http;
    uint32_t timeout_ms;
    bool is_doubtful;         /* reading just below the root is denied: lists may hide keys */
    atomic_size_t operations; /* 0: not asked yet */
};

/** The handle of a liveness. */
typedef struct creg_consul_session {
    char id[CREG_CONSUL_SESSION_ID];
    char key[CREG_LIMIT_KEY + 1]; /* the key that it locks; "" before the first */
} creg_consul_session;

/* ---- requests --------------------------------------------------------------------------- */

bool creg_consul_has_text(creg_slice haystack, const char *needle);

/** Does the text say that an operation of a transaction was denied? */
bool creg_consul_is_denial(creg_slice reason);

/** The error of an answer that is none of those that the caller expects. */
creg_status creg_consul_fail_answer(const creg_http_answer *answer, bool is_write,
                                    creg_error *err);

/** What is answered, but not by Consul: a proxy's page, or something else on its port. */
creg_status creg_consul_fail_stranger(bool is_write, creg_error *err);

/** Reads are tried again while the servers elect a leader, until the deadline of the call. */
creg_status creg_consul_send_read(creg_driver_state *state, creg_http_request *request,
                                  creg_arena *arena, creg_http_answer *ret_answer,
                                  creg_error *err);

/** "/v1/kv/KEY?QUERY" with the scope of the URL, and its consistency for a read. */
creg_status creg_consul_make_path(const creg_driver_state *state, creg_slice key,
                                  const char *query, bool is_read, creg_arena *arena,
                                  const char **ret_path, creg_error *err);

/**
 * GET below /v1/kv. CREG_OK for 200 and 404; the answer's status tells. Consul's own "not
 * found" has an index, which tells it from that of another server.
 */
creg_status creg_consul_get_kv(creg_driver_state *state, creg_slice key, const char *query,
                               creg_arena *arena, creg_http_answer *ret_answer,
                               creg_error *err);

/**
 * Consul leaves out of a list what the token must not see, so that "denied" looks like
 * "nothing there". A single key is refused aloud: whether it exists does not matter.
 * CREG_PERMISSION.
 */
creg_status creg_consul_check_access(creg_driver_state *state, creg_slice prefix,
                                     creg_arena *arena, creg_error *err);

/** PUT /v1/txn. CREG_OK for whatever is answered but a denial and the like: see its status. */
creg_status creg_consul_send_transaction(creg_driver_state *state, creg_slice body,
                                         bool is_write, creg_arena *arena,
                                         creg_http_answer *ret_answer, creg_error *err);

/* ---- the driver's functions, as sys/store_driver.h tells -------------------------------- */

creg_status creg_consul_get(creg_driver_state *state, creg_slice key, creg_arena *arena,
                            creg_slice *ret_value, creg_version *ret_version, creg_error *err);
creg_status creg_consul_read(creg_driver_state *state, creg_read *reads, size_t count,
                             creg_arena *arena, uint64_t *ret_revision, creg_error *err);
creg_status creg_consul_apply(creg_driver_state *state, const creg_transaction *transaction,
                              size_t *ret_failed_check, creg_error *err);
creg_status creg_consul_liveness_open(creg_driver_state *state, creg_slice name,
                                      uint32_t *ttl_ms, void **ret_handle, creg_error *err);
creg_status creg_consul_liveness_renew(creg_driver_state *state, void *handle, creg_error *err);
void creg_consul_liveness_release(creg_driver_state *state, void *handle);
creg_status creg_consul_liveness_check(creg_driver_state *state, creg_slice key,
                                       bool *ret_alive, creg_error *err);

/* ---- Consul's JSON ---------------------------------------------------------------------- */

/** One entry of an answer: a key with what Consul knows of it. */
typedef struct creg_consul_entry {
    creg_pair pair;     /* version.major is ModifyIndex */
    creg_slice session; /* id of the session that holds it; or empty */
} creg_consul_entry;

typedef struct creg_consul_entries {
    creg_consul_entry *items;
    size_t size;
} creg_consul_entries;

/** The entries of GET /v1/kv/... (with `is_transaction`: of a transaction's Results). */
creg_status creg_consul_parse_entries(creg_slice body, bool is_transaction, creg_arena *arena,
                                      creg_consul_entries *ret_entries, creg_error *err);

/** The names of GET /v1/kv/...?keys, without values and versions. */
creg_status creg_consul_parse_names(creg_slice body, creg_arena *arena,
                                    creg_consul_entries *ret_entries, creg_error *err);

/** CREG_OK when the body (HTTP 200) is what Consul says of a transaction that was done. */
creg_status creg_consul_parse_done(creg_slice body, creg_arena *arena, creg_error *err);

/** The lowest OpIndex of a refused transaction (HTTP 409) and what Consul says of it. */
creg_status creg_consul_parse_refusal(creg_slice body, creg_arena *arena, size_t *ret_index,
                                      creg_slice *ret_text, creg_error *err);

/** A text in an answer, by JSON pointer: "/ID", or "" for an answer that is nothing else. */
creg_status creg_consul_parse_text(creg_slice body, const char *place, creg_arena *arena,
                                   creg_slice *ret_text, creg_error *err);

/** Append bytes as base64 (RFC 4648, padded). */
void creg_consul_write_base64(creg_text *text, creg_slice bytes);

/** One operation of a transaction, as Consul's API writes it. */
typedef struct creg_consul_verb {
    const char *verb;
    creg_slice key;
    creg_slice value;   /* "set", "lock" */
    uint64_t index;     /* "cas", "check-index" */
    creg_slice session; /* "lock", "check-session" */
} creg_consul_verb;

/** Append one verb to the JSON array of a transaction; `*is_first` keeps the commas. */
void creg_consul_write_verb(creg_text *text, const creg_consul_verb *verb, bool *is_first);

#endif
