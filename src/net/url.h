/* SPDX-License-Identifier: MIT */
/*
 * A URL of ours, taken apart: scheme, credentials, a list of servers, a path, a query.
 *
 * More than RFC 3986 in one way (several servers, "h1:2379,h2:2379") and less in others (no
 * fragment, '+' is a plus). No message of this file shows credentials or values of the query:
 * a URL with a mistake in it must not put a password into a log.
 */
#ifndef CREG_NET_URL_H
#define CREG_NET_URL_H

#include "confreg/base.h"
#include "confreg/error.h"

typedef struct creg_url_parameter {
    creg_slice name;
    creg_slice value;
} creg_url_parameter;

/** All slices are in the arena, decoded and NUL-terminated. */
typedef struct creg_url {
    creg_slice scheme;    /**< lower case: "etcd" */
    bool has_authority;   /**< there was a "//" */
    creg_slice user;      /**< data NULL when the URL names none */
    creg_slice password;  /**< data NULL when the URL names none */
    creg_slice authority; /**< "h1:2379,h2:2379", checked, without credentials */
    creg_slice path;      /**< as written behind the authority, "/root" */
    const creg_url_parameter *parameters;
    size_t parameter_count;
} creg_url;

/** One server of an authority. */
typedef struct creg_url_host {
    creg_slice host; /**< borrowed from the authority; an IPv6 address without its brackets */
    uint16_t port;
    bool is_ipv6;
} creg_url_host;

/**
 * Take a URL apart. `text` is borrowed, the result is in the arena.
 *
 * CREG_USAGE  with what is wrong with it
 */
creg_status creg_url_parse(creg_slice text, creg_arena *arena, creg_url *ret_url,
                           creg_error *err);

/**
 * The next server of a checked authority. `*at` starts at 0 and is moved on. False at the end.
 */
bool creg_url_next_host(creg_slice authority, size_t *at, uint16_t default_port,
                        creg_url_host *ret_host);

/** The value of a parameter, NULL when the URL has none of that name. In the URL's arena. */
const creg_slice *creg_url_find(const creg_url *url, const char *name);

#endif
