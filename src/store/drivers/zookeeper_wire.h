/* SPDX-License-Identifier: MIT */
/*
 * A second connection to the ZooKeeper server that the client library is connected to, in
 * ZooKeeper's own protocol ("jute": big-endian numbers, strings with their length in front).
 *
 * It exists for the one request that the client library cannot send, see zookeeper_bulk.c, and
 * knows no more of the protocol than that takes: begin a session, say who one is, exchange
 * packets. It sends no pings: a session that was not used for long is begun anew.
 */
#ifndef CREG_STORE_DRIVERS_ZOOKEEPER_WIRE_H
#define CREG_STORE_DRIVERS_ZOOKEEPER_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Bytes that grow at the end. `failed`: there was no memory, and some are missing. */
typedef struct creg_wire_out {
    char *bytes;
    size_t size;
    size_t room;
    bool failed;
} creg_wire_out;

/** Begin a packet; creg_wire_end() fills in its length. More than one may follow each other. */
size_t creg_wire_begin(creg_wire_out *out);
void creg_wire_end(creg_wire_out *out, size_t begin);
void creg_wire_put_byte(creg_wire_out *out, bool value);
void creg_wire_put_int(creg_wire_out *out, int32_t value);
void creg_wire_put_long(creg_wire_out *out, int64_t value);
void creg_wire_put_bytes(creg_wire_out *out, const char *bytes, size_t size);

/* What is left of a packet that was received. `failed`: it was shorter than it should be. */
typedef struct creg_wire_in {
    const char *bytes;
    size_t size;
    bool failed;
} creg_wire_in;

bool creg_wire_get_byte(creg_wire_in *in);
int32_t creg_wire_get_int(creg_wire_in *in);
int64_t creg_wire_get_long(creg_wire_in *in);
/** The length of the bytes, which are in the packet; -1: NULL, which is not the same as none. */
int32_t creg_wire_get_bytes(creg_wire_in *in, const char **ret_bytes);

typedef struct creg_wire {
    int socket; /* -1: none */
    int32_t xid;
    struct sockaddr_storage server;
    uint64_t used_ms;
    uint32_t session_ms; /* what the server granted */
    creg_wire_out out;
    char *packet; /* the last one that was received */
    size_t packet_room;
} creg_wire;

/** Begin a session. `digest` may be NULL. All of it until `deadline_ms`; false: no session. */
bool creg_wire_open(creg_wire *wire, const struct sockaddr *server, socklen_t server_size,
                    uint32_t session_ms, const char *digest, uint64_t deadline_ms);
/** End the session and give all memory back. */
void creg_wire_close(creg_wire *wire);
/** Send what is in `wire->out`, and empty it. */
bool creg_wire_send(creg_wire *wire, uint64_t deadline_ms);
/** The next packet; it is good until the next call. */
bool creg_wire_receive(creg_wire *wire, uint64_t deadline_ms, creg_wire_in *ret_packet);

#endif
