/* SPDX-License-Identifier: MIT */
/*
 * What the files of the Consul driver share.
 *
 * consul.c is the driver; consul_config.c reads URL and environment; consul_json.c turns
 * Consul's JSON into pairs and transactions into Consul's JSON.
 */
#ifndef CREG_STORE_DRIVERS_CONSUL_H
#define CREG_STORE_DRIVERS_CONSUL_H

#include "base/text.h"
#include "confreg/sys/store_driver.h"
#include "net/http.h"
#include "store/pairs.h"

/** Consul refuses a transaction body above 512 KiB; the rest is room for its own framing. */
enum { CREG_CONSUL_BODY_MAX = 512 * 1024 };

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
