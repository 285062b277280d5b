/* SPDX-License-Identifier: MIT */
/*
 * HTTP requests over libcurl to one of several equal servers.
 *
 * The point of this file is what a failed request means. A request that never reached a server
 * (refused, unresolved, no TLS) was *not done* and goes to the next server by itself; one
 * that was sent and not answered may have been done, and says so. Nothing above has to know
 * curl's codes.
 *
 * Connections are kept in a pool of easy handles, one thread each at a time. Redirects are
 * never followed and no protocol but http and https is spoken. Bodies have a ceiling.
 */
#ifndef CREG_NET_HTTP_H
#define CREG_NET_HTTP_H

#include "confreg/base.h"
#include "confreg/error.h"

typedef struct creg_http creg_http;

/** How to reach the servers. Texts are NUL-terminated or NULL, copied by creg_http_new. */
typedef struct creg_http_options {
    const char *service;  /* what messages call it: "consul" */
    creg_slice authority; /* "h1:8500,h2:8500", as creg_url checked it */
    uint16_t default_port;
    bool is_tls;
    bool is_http2; /* for gRPC: HTTP/2, without an upgrade when it is plaintext */
    const char *ca_file, *ca_path, *cert_file, *key_file;
    const char *server_name;    /* name in the certificate, when the host is not it */
    bool is_insecure;           /* no verification; the caller has warned */
    const char *unix_socket;    /* in place of TCP */
    const char *const *headers; /* "Name: value", NULL-ended, sent with each request */
    uint32_t timeout_ms;        /* deadline of one call, all its tries included */
    size_t body_max;            /* largest answer that is taken */
} creg_http_options;

typedef struct creg_http_request {
    const char *method;         /* "GET", "PUT", ... */
    const char *path;           /* with query, from '/' on, escaped already */
    creg_slice body;            /* data NULL: none */
    const char *const *headers; /* further ones, NULL-ended; may be NULL */
    uint32_t timeout_ms;        /* 0: that of the options */
    bool is_repeatable;         /* a read: an unanswered one is sent again */
    bool is_long_poll;          /* the server may keep silent until the deadline */
    /* When not NULL the body goes here piece by piece, and not into the answer; false ends the
     * request, which counts as answered. Must not block. */
    bool (*take)(void *user, const char *data, size_t size);
    void *take_user;
} creg_http_request;

/** In the arena of the call. */
typedef struct creg_http_answer {
    long status;
    creg_slice body;
    uint64_t consul_index; /* X-Consul-Index, 0 when there was none */
    long grpc_status;      /* grpc-status, -1 when there was none */
    creg_slice grpc_message;
} creg_http_answer;

/**
 * Nothing is sent yet. `*ret_http` is owned: creg_http_free().
 *
 * CREG_USAGE  a file of the options cannot be read, or this curl cannot speak HTTP/2 or TLS
 */
creg_status creg_http_new(const creg_http_options *options, creg_http **ret_http,
                          creg_error *err);
void creg_http_free(creg_http *http);

/** In a child of fork(): drop the memory, touch no connection of the parent. */
void creg_http_abandon(creg_http *http);

/**
 * Send one request. CREG_OK for any answer, whatever its status.
 *
 * CREG_UNAVAILABLE      no server could be reached; nothing was done
 * CREG_TIMEOUT          a repeatable request got no answer in time
 * CREG_UNKNOWN_OUTCOME  the request was sent, the answer did not come
 * CREG_CANCELLED        interrupted (confreg/interrupt.h) when nothing was done
 * CREG_LIMIT            the answer is larger than body_max
 */
creg_status creg_http_send(creg_http *http, const creg_http_request *request, creg_arena *arena,
                           creg_http_answer *ret_answer, creg_error *err);

/** Sleep before try number `round` (from 0): doubling, with jitter, at most `left_ms`. False
 * when the caller's thread gives up meanwhile. */
bool creg_http_pause(unsigned round, uint64_t left_ms);

/** `text` percent-encoded for a path ('/' stays when `keep_slash`), NUL-terminated, in the arena. */
creg_slice creg_http_escape(creg_slice text, bool keep_slash, creg_arena *arena);

#endif
