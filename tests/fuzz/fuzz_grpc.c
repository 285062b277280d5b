/* SPDX-License-Identifier: MIT */
/*
 * gRPC's frames in pieces of any size, and etcd's messages in them.
 *
 * The first byte says how large the pieces are; the rest is the stream. However it is cut, the
 * same messages come out of it. The framing has no entry of its own, so its file is part of this
 * one.
 */
#include "net/grpc.c"

#include "fuzz.h"
#include "store/drivers/etcd.h"

typedef struct sink {
    size_t messages;
    size_t bytes;
} sink;

static void read_message(const ProtobufCMessageDescriptor *kind, creg_slice message)
{
    creg_arena arena;
    creg_arena_init(&arena, FUZZ_MEMORY);
    ProtobufCAllocator allocator;
    creg_etcd_allocator(&arena, &allocator);
    ProtobufCMessage *found = protobuf_c_message_unpack(kind, &allocator, message.size,
                                                        (const uint8_t *)message.data);
    creg_slice packed;
    creg_error err;
    if (found != NULL && protobuf_c_message_get_packed_size(found) < CREG_ETCD_REQUEST_MAX)
        MUST(creg_etcd_pack(found, &arena, &packed, &err) == CREG_OK);
    creg_arena_clear(&arena);
}

static bool take(void *user, creg_slice message)
{
    sink *into = user;
    into->messages++;
    into->bytes += message.size;
    read_message(&creg_pb__range_response__descriptor, message);
    read_message(&creg_pb__txn_response__descriptor, message);
    read_message(&creg_pb__watch_response__descriptor, message);
    return true;
}

static sink feed(creg_slice stream_bytes, size_t piece)
{
    creg_arena arena;
    creg_arena_init(&arena, FUZZ_MEMORY);
    sink into = {0, 0};
    creg_grpc_request request = {.take = take, .take_user = &into};
    stream incoming = {.request = &request, .arena = &arena};
    bool goes_on = true;
    for (size_t at = 0; goes_on && at < stream_bytes.size; at += piece) {
        size_t left = stream_bytes.size - at;
        goes_on = take_piece(&incoming, stream_bytes.data + at, left < piece ? left : piece);
    }
    MUST(goes_on || incoming.is_broken);
    creg_arena_clear(&arena);
    return into;
}

static void single(creg_slice body)
{
    creg_error err;
    creg_grpc_answer answer = {.status = CREG_GRPC_OK};
    creg_status status = take_message(body, &answer, &err);
    MUST_EXPLAIN(status, &err);
    if (status == CREG_OK)
        MUST(answer.message.size == body.size - FRAME_HEADER);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    creg_slice body = fuzz_slice(data + 1, size - 1);
    sink whole = feed(body, size);
    sink pieces = feed(body, (size_t)data[0] + 1);
    MUST(whole.messages == pieces.messages && whole.bytes == pieces.bytes);
    single(body);
    return 0;
}
