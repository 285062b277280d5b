/* SPDX-License-Identifier: MIT */
/*
 * etcd by gRPC frames that are written by hand: protobuf's wire format and nothing else, over
 * the library's HTTP/2. Puts go in nested transactions, as many as a request holds.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bare.h"
#include "net/grpc.h"

enum { BRANCHES = 42, REQUEST_BYTES = 1400 * 1000, KEY_BYTES = 1024, WRITERS_MAX = 4 };

typedef struct message {
    char *data;
    size_t size, room;
} message;

static void add(message *to, const void *data, size_t size)
{
    if (to->size + size > to->room) {
        to->room = (to->size + size) * 2;
        to->data = realloc(to->data, to->room);
        if (to->data == NULL)
            bench_fail("request", "no memory");
    }
    if (size > 0)
        memcpy(to->data + to->size, data, size);
    to->size += size;
}

static void add_number(message *to, size_t number)
{
    for (; number > 127; number >>= 7) {
        unsigned char byte = (unsigned char)(number | 128);
        add(to, &byte, 1);
    }
    unsigned char byte = (unsigned char)number;
    add(to, &byte, 1);
}

/* A field of bytes or of a message. */
static void add_field(message *to, unsigned field, const void *data, size_t size)
{
    add_number(to, field << 3 | 2);
    add_number(to, size);
    add(to, data, size);
}

static void add_flag(message *to, unsigned field)
{
    add_number(to, field << 3);
    add_number(to, 1);
}

static void clear(message *message_)
{
    free(message_->data);
    *message_ = (message){NULL, 0, 0};
}

/* ---- requests --------------------------------------------------------------------------- */

static creg_http *http;

static void *open_client(const char *hosts)
{
    creg_error err;
    creg_http_options options = {.service = "etcd",
                                 .authority = creg_slice_of(hosts),
                                 .default_port = 2379,
                                 .is_http2 = true,
                                 .timeout_ms = 60000,
                                 .body_max = (size_t)256 << 20};
    if (creg_http_new(&options, &http, &err) != CREG_OK)
        bench_fail("etcd", err.message);
    return http;
}

static void close_client(void *client)
{
    (void)client;
    creg_http_free(http);
}

static void send_message(const char *method, const message *message_)
{
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 30);
    creg_error err = {0};
    creg_grpc_request request = {.method = method,
                                 .message = creg_slice_make(message_->data, message_->size)};
    creg_grpc_answer answer;
    creg_status status = creg_grpc_call(http, &request, &arena, &answer, &err);
    if (status != CREG_OK || answer.status != 0)
        bench_fail(method, status != CREG_OK ? err.message : answer.reason.data);
    creg_arena_clear(&arena);
}

static double send_timed(const char *method, message *message_)
{
    double start = bench_now_ms();
    send_message(method, message_);
    double took = bench_now_ms() - start;
    clear(message_);
    return took;
}

static size_t whole_key(char *buffer, creg_slice key, const char *behind)
{
    return (size_t)snprintf(buffer, KEY_BYTES, "bare/%.*s%s", (int)key.size, key.data, behind);
}

/* ---- writing ---------------------------------------------------------------------------- */

static size_t packed_size(const creg_pair *pair)
{
    return pair->key.size + pair->value.size + 16;
}

/* RequestOp of a put: {2: {1: key, 2: value}} as a `success` (2) of the transaction. */
static void add_put(message *to, const creg_pair *pair)
{
    message put = {NULL, 0, 0};
    message operation = {NULL, 0, 0};
    char key[KEY_BYTES];
    add_field(&put, 1, key, whole_key(key, pair->key, ""));
    add_field(&put, 2, pair->value.data, pair->value.size);
    add_field(&operation, 2, put.data, put.size);
    add_field(to, 2, operation.data, operation.size);
    clear(&put);
    clear(&operation);
}

/* Operations that are whole transactions: {4: TxnRequest} as a `success`. */
static void add_transaction(message *to, const message *inner)
{
    message operation = {NULL, 0, 0};
    add_field(&operation, 4, inner->data, inner->size);
    add_field(to, 2, operation.data, operation.size);
    clear(&operation);
}

/* So many levels of nesting as the count needs. */
static void add_puts(message *to, const creg_pair *pairs, size_t count)
{
    size_t each = 1;
    while (each * BRANCHES < count)
        each *= BRANCHES;
    for (size_t at = 0; at < count; at += each) {
        size_t size = count - at < each ? count - at : each;
        if (each == 1) {
            add_put(to, &pairs[at]);
            continue;
        }
        message inner = {NULL, 0, 0};
        add_puts(&inner, pairs + at, size);
        add_transaction(to, &inner);
        clear(&inner);
    }
}

typedef struct crew {
    message *messages;
    size_t count, next;
    pthread_mutex_t lock;
} crew;

static void *work(void *argument)
{
    crew *crew_ = argument;
    for (;;) {
        pthread_mutex_lock(&crew_->lock);
        size_t at = crew_->next++;
        pthread_mutex_unlock(&crew_->lock);
        if (at >= crew_->count)
            return NULL;
        send_message("/etcdserverpb.KV/Txn", &crew_->messages[at]);
    }
}

static double send_all(crew *crew_)
{
    pthread_t threads[WRITERS_MAX];
    size_t writers = crew_->count < WRITERS_MAX ? crew_->count : WRITERS_MAX;
    double start = bench_now_ms();
    for (size_t i = 1; i < writers; i++)
        if (pthread_create(&threads[i], NULL, work, crew_) != 0)
            bench_fail("thread", "not started");
    work(crew_);
    for (size_t i = 1; i < writers; i++)
        pthread_join(threads[i], NULL);
    return bench_now_ms() - start;
}

static double create(void *client, const creg_pairs *pairs)
{
    (void)client;
    crew crew_ = {.lock = PTHREAD_MUTEX_INITIALIZER};
    size_t bytes = 0;
    for (size_t i = 0; i < pairs->size; i++)
        bytes += packed_size(&pairs->items[i]);
    crew_.messages = calloc(bytes / REQUEST_BYTES * 2 + 2, sizeof *crew_.messages);
    for (size_t at = 0; at < pairs->size;) {
        size_t size = 0;
        size_t sum = 0;
        while (at + size < pairs->size &&
               sum + packed_size(&pairs->items[at + size]) < REQUEST_BYTES)
            sum += packed_size(&pairs->items[at + size++]);
        add_puts(&crew_.messages[crew_.count++], pairs->items + at, size);
        at += size;
    }
    double took = send_all(&crew_);
    for (size_t i = 0; i < crew_.count; i++)
        clear(&crew_.messages[i]);
    free(crew_.messages);
    return took;
}

static double set(void *client, creg_slice key, creg_slice value)
{
    (void)client;
    message put = {NULL, 0, 0};
    char whole[KEY_BYTES];
    add_field(&put, 1, whole, whole_key(whole, key, ""));
    add_field(&put, 2, value.data, value.size);
    return send_timed("/etcdserverpb.KV/Put", &put);
}

static double remove_tree(void *client, const creg_pairs *pairs, creg_slice top)
{
    (void)client;
    (void)pairs;
    message range = {NULL, 0, 0};
    char whole[KEY_BYTES];
    add_field(&range, 1, whole, whole_key(whole, top, "/"));
    add_field(&range, 2, whole, whole_key(whole, top, "0"));
    return send_timed("/etcdserverpb.KV/DeleteRange", &range);
}

/* ---- reading ---------------------------------------------------------------------------- */

static double get(void *client, creg_slice key)
{
    (void)client;
    message range = {NULL, 0, 0};
    char whole[KEY_BYTES];
    add_field(&range, 1, whole, whole_key(whole, key, ""));
    return send_timed("/etcdserverpb.KV/Range", &range);
}

static double range_of(creg_slice top, const char *from, const char *to, bool keys_only)
{
    message range = {NULL, 0, 0};
    char whole[KEY_BYTES];
    add_field(&range, 1, whole, whole_key(whole, top, from));
    add_field(&range, 2, whole, whole_key(whole, top, to));
    if (keys_only)
        add_flag(&range, 8);
    return send_timed("/etcdserverpb.KV/Range", &range);
}

static double tree(void *client, creg_slice top)
{
    (void)client;
    return range_of(top, "/", "0", false);
}

/* etcd knows no levels: the keys of all nodes have to come. */
static double nodes(void *client, creg_slice top)
{
    (void)client;
    return range_of(top, "/nodes/", "/nodes0", true);
}

const bare bare_etcd = {.scheme = "etcd",
                        .open = open_client,
                        .close = close_client,
                        .create = create,
                        .tree = tree,
                        .nodes = nodes,
                        .get = get,
                        .set = set,
                        .remove = remove_tree,
                        .one_by_one = NULL};
