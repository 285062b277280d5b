/* SPDX-License-Identifier: MIT */
/*
 * gRPC's framing: incremental, since a frame may come in pieces and several in one piece.
 */
#include "net/grpc.h"

#include "base/arena.h"
#include "base/fail.h"
#include "base/text.h"

enum { FRAME_HEADER = 5, MESSAGE_MAX = 256 * 1024 * 1024 };

static uint32_t read_length(const char *header)
{
    const unsigned char *bytes = (const unsigned char *)header;
    return (uint32_t)bytes[1] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 8 |
           bytes[4];
}

static creg_status frame(creg_slice message, creg_arena *arena, creg_slice *ret_framed,
                         creg_error *err)
{
    char *framed = creg_arena_alloc(arena, message.size + FRAME_HEADER);
    if (framed == NULL)
        return creg_fail_arena(err, arena);
    framed[0] = 0; /* not compressed */
    framed[1] = (char)(message.size >> 24);
    framed[2] = (char)(message.size >> 16);
    framed[3] = (char)(message.size >> 8);
    framed[4] = (char)message.size;
    if (message.size > 0)
        memcpy(framed + FRAME_HEADER, message.data, message.size);
    *ret_framed = creg_slice_make(framed, message.size + FRAME_HEADER);
    return CREG_OK;
}

/* ---- streams ---------------------------------------------------------------------------- */

typedef struct stream {
    const creg_grpc_request *request;
    creg_arena *arena;
    char *data;
    size_t size;
    size_t capacity;
    bool is_broken; /* a frame that cannot be: compressed, or too long */
} stream;

/* Hand on each whole message at the front; false when the taker has enough. */
static bool hand_on(stream *incoming)
{
    size_t at = 0;
    bool goes_on = true;
    while (goes_on && incoming->size - at >= FRAME_HEADER) {
        uint32_t length = read_length(incoming->data + at);
        if (incoming->data[at] != 0 || length > MESSAGE_MAX) {
            incoming->is_broken = true;
            return false;
        }
        if (incoming->size - at - FRAME_HEADER < length)
            break;
        creg_slice message = creg_slice_make(incoming->data + at + FRAME_HEADER, length);
        goes_on = incoming->request->take(incoming->request->take_user, message);
        at += FRAME_HEADER + length;
    }
    memmove(incoming->data, incoming->data + at, incoming->size - at);
    incoming->size -= at;
    return goes_on;
}

static bool take_piece(void *user, const char *data, size_t size)
{
    stream *incoming = user;
    if (size > incoming->capacity - incoming->size) {
        size_t wanted = incoming->size + size + 4096;
        char *grown = creg_arena_grow(incoming->arena, incoming->data, incoming->size, wanted);
        if (grown == NULL) {
            incoming->is_broken = true;
            return false;
        }
        incoming->data = grown;
        incoming->capacity = wanted;
    }
    memcpy(incoming->data + incoming->size, data, size);
    incoming->size += size;
    return hand_on(incoming);
}

/* ---- calls ------------------------------------------------------------------------------ */

static creg_status take_message(creg_slice body, creg_grpc_answer *answer, creg_error *err)
{
    answer->message = creg_slice_make("", 0);
    if (body.size == 0 && answer->status != CREG_GRPC_OK)
        return CREG_OK; /* only trailers */
    if (body.size < FRAME_HEADER || body.data[0] != 0 ||
        read_length(body.data) != body.size - FRAME_HEADER)
        return creg_fail(err, CREG_UNKNOWN_OUTCOME, "the server's answer is no gRPC message");
    answer->message = creg_slice_make(body.data + FRAME_HEADER, read_length(body.data));
    return CREG_OK;
}

static creg_status token_header(const char *token, creg_arena *arena, const char **ret_header,
                                creg_error *err)
{
    creg_text text;
    creg_text_init(&text, arena, 64 * 1024);
    creg_text_format(&text, "token: %s", token);
    creg_slice header;
    creg_status status = creg_text_finish(&text, &header, err);
    if (status == CREG_OK)
        *ret_header = header.data;
    return status;
}

creg_status creg_grpc_call(creg_http *http, const creg_grpc_request *request, creg_arena *arena,
                           creg_grpc_answer *ret_answer, creg_error *err)
{
    const char *headers[] = {"content-type: application/grpc", "te: trailers", NULL, NULL};
    stream incoming = {.request = request, .arena = arena};
    creg_http_request sent = {.method = "POST",
                              .path = request->method,
                              .headers = headers,
                              .is_repeatable = request->is_repeatable,
                              .timeout_ms = request->timeout_ms};
    if (request->take != NULL) {
        sent.take = take_piece;
        sent.take_user = &incoming;
        sent.is_long_poll = true;
        sent.is_repeatable = false;
    }
    creg_status status = frame(request->message, arena, &sent.body, err);
    if (status == CREG_OK && request->token != NULL)
        status = token_header(request->token, arena, &headers[2], err);
    creg_http_answer answer;
    if (status == CREG_OK)
        status = creg_http_send(http, &sent, arena, &answer, err);
    if (status != CREG_OK)
        return status;
    if (incoming.is_broken)
        return creg_fail(err, CREG_UNAVAILABLE, "the server's stream is no gRPC");
    ret_answer->status = answer.grpc_status;
    ret_answer->reason = answer.grpc_message;
    if (answer.status != 200 && answer.grpc_status == CREG_GRPC_NONE)
        return creg_fail(err, CREG_UNKNOWN_OUTCOME, "HTTP %ld in place of a gRPC answer",
                         answer.status);
    ret_answer->message = creg_slice_make("", 0);
    return request->take != NULL ? CREG_OK : take_message(answer.body, ret_answer, err);
}
