/* SPDX-License-Identifier: MIT */
/*
 * Packets to and from a ZooKeeper server; see the header for what this is for.
 *
 * Whatever goes wrong here is told as "false" and nothing else: who reads this way can always
 * ask again in the ordinary way, which then says what is wrong.
 */
#include "store/drivers/zookeeper_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "store/drivers/zookeeper.h"

enum {
    PACKET_MAX = 1 << 28, /* more than answers are let grow to (zookeeper_bulk.c) */
    KEPT_MAX = 4 << 20,   /* buffers up to this size are kept for the next packet */
    PASSWORD_SIZE = 16,
    AUTH_XID = -4,
    TYPE_AUTH = 100,
    TYPE_CLOSE = -11
};

/* ---- bytes ------------------------------------------------------------------------------ */

static char *grow(creg_wire_out *out, size_t size)
{
    if (out->failed)
        return NULL;
    if (out->room - out->size < size) {
        size_t room = (out->room + size) * 2;
        char *grown = creg_memory_realloc(out->bytes, room);
        out->failed = grown == NULL;
        if (out->failed)
            return NULL;
        out->bytes = grown;
        out->room = room;
    }
    out->size += size;
    return out->bytes + out->size - size;
}

static void write_int(char *at, uint32_t bits)
{
    for (int i = 3; i >= 0; i--, bits >>= 8)
        at[i] = (char)(bits & 0xFF);
}

size_t creg_wire_begin(creg_wire_out *out)
{
    size_t begin = out->size;
    creg_wire_put_int(out, 0);
    return begin;
}

void creg_wire_end(creg_wire_out *out, size_t begin)
{
    if (!out->failed)
        write_int(out->bytes + begin, (uint32_t)(out->size - begin - 4));
}

void creg_wire_put_byte(creg_wire_out *out, bool value)
{
    char *at = grow(out, 1);
    if (at != NULL)
        *at = value ? 1 : 0;
}

void creg_wire_put_int(creg_wire_out *out, int32_t value)
{
    char *at = grow(out, 4);
    if (at != NULL)
        write_int(at, (uint32_t)value);
}

void creg_wire_put_long(creg_wire_out *out, int64_t value)
{
    uint64_t bits = (uint64_t)value;
    creg_wire_put_int(out, (int32_t)(uint32_t)(bits >> 32));
    creg_wire_put_int(out, (int32_t)(uint32_t)(bits & 0xFFFFFFFF));
}

void creg_wire_put_bytes(creg_wire_out *out, const char *bytes, size_t size)
{
    creg_wire_put_int(out, (int32_t)size);
    char *at = grow(out, size);
    if (at != NULL && size > 0)
        memcpy(at, bytes, size);
}

static const unsigned char *take(creg_wire_in *in, size_t size)
{
    in->failed = in->failed || in->size < size;
    if (in->failed)
        return NULL;
    const char *at = in->bytes;
    in->bytes += size;
    in->size -= size;
    return (const unsigned char *)at;
}

bool creg_wire_get_byte(creg_wire_in *in)
{
    const unsigned char *at = take(in, 1);
    return at != NULL && *at != 0;
}

static uint32_t read_int(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

int32_t creg_wire_get_int(creg_wire_in *in)
{
    const unsigned char *at = take(in, 4);
    return at == NULL ? 0 : (int32_t)read_int(at);
}

int64_t creg_wire_get_long(creg_wire_in *in)
{
    const unsigned char *at = take(in, 8);
    return at == NULL ? 0 : (int64_t)((uint64_t)read_int(at) << 32 | read_int(at + 4));
}

int32_t creg_wire_get_bytes(creg_wire_in *in, const char **ret_bytes)
{
    int32_t size = creg_wire_get_int(in);
    *ret_bytes = size < 0 ? NULL : (const char *)take(in, (size_t)size);
    return in->failed || size < 0 ? -1 : size;
}

/* ---- the socket ------------------------------------------------------------------------- */

/* Until the socket can be read (or written), or time is up. */
static bool wait_for(const creg_wire *wire, short events, uint64_t deadline_ms)
{
    for (;;) {
        uint64_t now = creg_clock_ms();
        if (now >= deadline_ms)
            return false;
        struct pollfd entry = {.fd = wire->socket, .events = events};
        uint64_t slice = creg_is_interruptible() ? CREG_INTERRUPT_MS : 60000;
        uint64_t left = deadline_ms - now;
        int count = poll(&entry, 1, (int)(left > slice ? slice : left));
        if (count > 0)
            return true;
        if ((count < 0 && errno != EINTR) || creg_is_interrupted())
            return false;
    }
}

static bool is_not_yet(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

bool creg_wire_send(creg_wire *wire, uint64_t deadline_ms)
{
    creg_wire_out *out = &wire->out;
    size_t size = out->failed ? 0 : out->size;
    bool is_fine = !out->failed;
    for (size_t at = 0; is_fine && at < size;) {
        ssize_t sent = send(wire->socket, out->bytes + at, size - at, MSG_NOSIGNAL);
        if (sent > 0)
            at += (size_t)sent;
        else
            is_fine = sent < 0 && is_not_yet() && wait_for(wire, POLLOUT, deadline_ms);
    }
    out->size = 0;
    out->failed = false;
    wire->used_ms = creg_clock_ms();
    return is_fine;
}

static bool receive_all(const creg_wire *wire, char *bytes, size_t size, uint64_t deadline_ms)
{
    for (size_t at = 0; at < size;) {
        ssize_t got = recv(wire->socket, bytes + at, size - at, 0);
        if (got > 0)
            at += (size_t)got;
        else if (got == 0 || !is_not_yet() || !wait_for(wire, POLLIN, deadline_ms))
            return false;
    }
    return true;
}

bool creg_wire_receive(creg_wire *wire, uint64_t deadline_ms, creg_wire_in *ret_packet)
{
    char head[4];
    if (!receive_all(wire, head, sizeof head, deadline_ms))
        return false;
    creg_wire_in in = {.bytes = head, .size = sizeof head};
    int32_t size = creg_wire_get_int(&in);
    if (size < 0 || size > PACKET_MAX)
        return false;
    bool is_other = (size_t)size > wire->packet_room || wire->packet_room > KEPT_MAX;
    if (is_other) {
        creg_memory_free(wire->packet);
        wire->packet_room = 0;
        wire->packet = creg_memory_alloc((size_t)size + 1);
        if (wire->packet == NULL)
            return false;
        wire->packet_room = (size_t)size + 1;
    }
    *ret_packet = (creg_wire_in){.bytes = wire->packet, .size = (size_t)size};
    return receive_all(wire, wire->packet, (size_t)size, deadline_ms);
}

/* ---- the session ------------------------------------------------------------------------ */

static bool connect_to(creg_wire *wire, const struct sockaddr *server, socklen_t server_size,
                       uint64_t deadline_ms)
{
    int on = 1;
    wire->socket = socket(server->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (wire->socket < 0)
        return false;
    setsockopt(wire->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(wire->socket, server, server_size) == 0)
        return true;
    int code = 0;
    socklen_t code_size = sizeof code;
    return errno == EINPROGRESS && wait_for(wire, POLLOUT, deadline_ms) &&
           getsockopt(wire->socket, SOL_SOCKET, SO_ERROR, &code, &code_size) == 0 && code == 0;
}

static bool begin_session(creg_wire *wire, uint32_t session_ms, uint64_t deadline_ms)
{
    static const char no_password[PASSWORD_SIZE] = {0};
    size_t begin = creg_wire_begin(&wire->out);
    creg_wire_put_int(&wire->out, 0);  /* version of the protocol */
    creg_wire_put_long(&wire->out, 0); /* the newest change that was seen: none */
    creg_wire_put_int(&wire->out, (int32_t)session_ms);
    creg_wire_put_long(&wire->out, 0); /* a new session */
    creg_wire_put_bytes(&wire->out, no_password, sizeof no_password);
    creg_wire_put_byte(&wire->out, false); /* a server that can only read will not do */
    creg_wire_end(&wire->out, begin);
    creg_wire_in packet;
    if (!creg_wire_send(wire, deadline_ms) || !creg_wire_receive(wire, deadline_ms, &packet))
        return false;
    (void)creg_wire_get_int(&packet);
    int32_t granted = creg_wire_get_int(&packet);
    wire->session_ms = (uint32_t)granted;
    return !packet.failed && granted > 0;
}

static bool tell_who(creg_wire *wire, const char *digest, uint64_t deadline_ms)
{
    static const char scheme[] = "digest";
    size_t begin = creg_wire_begin(&wire->out);
    creg_wire_put_int(&wire->out, AUTH_XID);
    creg_wire_put_int(&wire->out, TYPE_AUTH);
    creg_wire_put_int(&wire->out, 0);
    creg_wire_put_bytes(&wire->out, scheme, sizeof scheme - 1);
    creg_wire_put_bytes(&wire->out, digest, strlen(digest));
    creg_wire_end(&wire->out, begin);
    creg_wire_in packet;
    if (!creg_wire_send(wire, deadline_ms) || !creg_wire_receive(wire, deadline_ms, &packet))
        return false;
    int32_t xid = creg_wire_get_int(&packet);
    (void)creg_wire_get_long(&packet);
    int32_t code = creg_wire_get_int(&packet);
    return !packet.failed && xid == AUTH_XID && code == 0;
}

bool creg_wire_open(creg_wire *wire, const struct sockaddr *server, socklen_t server_size,
                    uint32_t session_ms, const char *digest, uint64_t deadline_ms)
{
    memset(&wire->server, 0, sizeof wire->server);
    memcpy(&wire->server, server, server_size);
    bool is_open = connect_to(wire, server, server_size, deadline_ms) &&
                   begin_session(wire, session_ms, deadline_ms) &&
                   (digest == NULL || tell_who(wire, digest, deadline_ms));
    if (!is_open)
        creg_wire_close(wire);
    return is_open;
}

void creg_wire_close(creg_wire *wire)
{
    if (wire->socket >= 0) {
        /* Not waited for: else the session ends when it was silent for long enough. */
        wire->out.size = 0;
        size_t begin = creg_wire_begin(&wire->out);
        creg_wire_put_int(&wire->out, ++wire->xid);
        creg_wire_put_int(&wire->out, TYPE_CLOSE);
        creg_wire_end(&wire->out, begin);
        creg_wire_send(wire, creg_clock_ms());
        close(wire->socket);
    }
    creg_memory_free(wire->out.bytes);
    creg_memory_free(wire->packet);
    *wire = (creg_wire){.socket = -1};
}
