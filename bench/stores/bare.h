/* SPDX-License-Identifier: MIT */
/*
 * The yardstick: a client that sends the same transactions and does nothing else. It knows no
 * template, checks nothing, and has its requests ready before the clock starts.
 */
#ifndef BENCH_STORES_BARE_H
#define BENCH_STORES_BARE_H

#include "confreg/confreg.h"

/* Each call but open and close returns milliseconds. `pairs` are sorted by bytes. */
typedef struct bare {
    const char *scheme;
    void *(*open)(const char *hosts);
    void (*close)(void *client);
    double (*create)(void *client, const creg_pairs *pairs);
    double (*tree)(void *client, creg_slice top);
    double (*nodes)(void *client, creg_slice top);
    double (*get)(void *client, creg_slice key);
    double (*set)(void *client, creg_slice key, creg_slice value);
    double (*remove)(void *client, const creg_pairs *pairs, creg_slice top);
    double (*one_by_one)(void *client,
                         const creg_pairs *pairs); /* the original's way; or NULL */
} bare;

#ifdef BENCH_CONSUL
extern const bare bare_consul;
#endif
#ifdef BENCH_ETCD
extern const bare bare_etcd;
#endif
#ifdef BENCH_ZOOKEEPER
extern const bare bare_zookeeper;
#endif

double bench_now_ms(void);

/* Ends the program, with what failed. */
void bench_fail(const char *what, const char *why);

#endif
