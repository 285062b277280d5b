/* SPDX-License-Identifier: MIT */
/*
 * Consul by libcurl alone: 64 operations a transaction, eight connections; and the way that
 * the original went, a PUT for each key on eight connections (which it did not even keep).
 */
#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bare.h"

enum { CONNECTIONS = 8, OPERATIONS = 64, URL_BYTES = 1024 };

typedef struct client {
    char base[256];
    CURL *handles[CONNECTIONS];
} client;

/* One request, ready to go. */
typedef struct request {
    const char *method;
    char url[URL_BYTES];
    char *body;
    size_t size;
} request;

typedef struct crew {
    client *client;
    request *requests;
    size_t count;
    atomic_size_t next;
} crew;

typedef struct worker {
    crew *crew;
    CURL *handle;
    pthread_t thread;
} worker;

static size_t drop(char *data, size_t size, size_t count, void *user)
{
    (void)data;
    *(size_t *)user += size * count;
    return size * count;
}

static void send_request(CURL *handle, const request *one)
{
    size_t received = 0;
    long status = 0;
    curl_easy_setopt(handle, CURLOPT_URL, one->url);
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, one->method);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, drop);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &received);
    if (one->body != NULL) {
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, one->body);
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, (long)one->size);
    } else {
        curl_easy_setopt(handle, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, one->method);
    }
    CURLcode code = curl_easy_perform(handle);
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK || status != 200)
        bench_fail(one->url, code != CURLE_OK ? curl_easy_strerror(code) : "no 200");
}

static void *work(void *argument)
{
    const worker *self = argument;
    crew *crew_ = self->crew;
    for (;;) {
        size_t at = atomic_fetch_add(&crew_->next, 1);
        if (at >= crew_->count)
            return NULL;
        send_request(self->handle, &crew_->requests[at]);
    }
}

/* All requests, on all connections; they are freed. */
static double send_all(client *client_, request *requests, size_t count)
{
    crew crew_ = {.client = client_, .requests = requests, .count = count};
    worker workers[CONNECTIONS];
    double start = bench_now_ms();
    for (size_t i = 0; i < CONNECTIONS; i++) {
        workers[i] = (worker){.crew = &crew_, .handle = client_->handles[i]};
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            bench_fail("thread", "not started");
    }
    for (size_t i = 0; i < CONNECTIONS; i++)
        pthread_join(workers[i].thread, NULL);
    double took = bench_now_ms() - start;
    for (size_t i = 0; i < count; i++)
        free(requests[i].body);
    free(requests);
    return took;
}

static void *open_client(const char *hosts)
{
    client *client_ = calloc(1, sizeof *client_);
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    if (client_ == NULL || headers == NULL)
        bench_fail("client", "no memory");
    snprintf(client_->base, sizeof client_->base, "http://%.*s/v1", (int)strcspn(hosts, ","),
             hosts);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        client_->handles[i] = curl_easy_init();
        curl_easy_setopt(client_->handles[i], CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(client_->handles[i], CURLOPT_HTTPHEADER, headers);
    }
    return client_;
}

static void close_client(void *handle)
{
    client *client_ = handle;
    for (size_t i = 0; i < CONNECTIONS; i++)
        curl_easy_cleanup(client_->handles[i]);
    free(client_);
}

static size_t encode(creg_slice value, char *out)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *at = out;
    for (size_t i = 0; i < value.size; i += 3) {
        unsigned long bits = 0;
        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (i + k < value.size ? (unsigned char)value.data[i + k] : 0U);
        for (size_t k = 0; k < 4; k++)
            *at++ = i + k > value.size ? '=' : digits[bits >> (18 - 6 * k) & 63];
    }
    return (size_t)(at - out);
}

static void fill_transaction(request *one, const creg_pair *pairs, size_t count)
{
    size_t room = 16;
    for (size_t i = 0; i < count; i++)
        room += pairs[i].key.size + pairs[i].value.size * 2 + 80;
    one->body = malloc(room);
    if (one->body == NULL)
        bench_fail("request", "no memory");
    char *at = one->body;
    for (size_t i = 0; i < count; i++) {
        at += sprintf(at, "%c{\"KV\":{\"Verb\":\"set\",\"Key\":\"bare/%.*s\",\"Value\":\"",
                      i == 0 ? '[' : ',', (int)pairs[i].key.size, pairs[i].key.data);
        at += encode(pairs[i].value, at);
        at += sprintf(at, "\"}}");
    }
    *at++ = ']';
    one->size = (size_t)(at - one->body);
}

static double create(void *handle, const creg_pairs *pairs)
{
    client *client_ = handle;
    size_t count = (pairs->size + OPERATIONS - 1) / OPERATIONS;
    request *requests = calloc(count, sizeof *requests);
    for (size_t i = 0; requests != NULL && i < count; i++) {
        size_t left = pairs->size - i * OPERATIONS;
        requests[i].method = "PUT";
        snprintf(requests[i].url, URL_BYTES, "%s/txn", client_->base);
        fill_transaction(&requests[i], pairs->items + i * OPERATIONS,
                         left < OPERATIONS ? left : OPERATIONS);
    }
    return send_all(client_, requests, count);
}

static double one_by_one(void *handle, const creg_pairs *pairs)
{
    client *client_ = handle;
    request *requests = calloc(pairs->size, sizeof *requests);
    for (size_t i = 0; requests != NULL && i < pairs->size; i++) {
        creg_slice value = pairs->items[i].value;
        requests[i].method = "PUT";
        snprintf(requests[i].url, URL_BYTES, "%s/kv/single/%.*s", client_->base,
                 (int)pairs->items[i].key.size, pairs->items[i].key.data);
        requests[i].body = malloc(value.size + 1);
        if (value.size > 0)
            memcpy(requests[i].body, value.data, value.size);
        requests[i].size = value.size;
    }
    return send_all(client_, requests, pairs->size);
}

static double one(client *client_, const char *method, creg_slice key, const char *query,
                  creg_slice value)
{
    char text[256];
    request request_ = {.method = method};
    snprintf(request_.url, URL_BYTES, "%s/kv/bare/%.*s%s", client_->base, (int)key.size,
             key.data, query);
    if (value.data != NULL) {
        snprintf(text, sizeof text, "%.*s", (int)value.size, value.data);
        request_.body = text;
        request_.size = value.size;
    }
    double start = bench_now_ms();
    send_request(client_->handles[0], &request_);
    return bench_now_ms() - start;
}

static const creg_slice none = {NULL, 0};

static double tree(void *handle, creg_slice top)
{
    return one(handle, "GET", top, "/?recurse&consistent", none);
}

static double nodes(void *handle, creg_slice top)
{
    return one(handle, "GET", top, "/nodes/?keys&separator=/&consistent", none);
}

static double get(void *handle, creg_slice key)
{
    return one(handle, "GET", key, "?consistent", none);
}

static double set(void *handle, creg_slice key, creg_slice value)
{
    return one(handle, "PUT", key, "", value);
}

static double remove_tree(void *handle, const creg_pairs *pairs, creg_slice top)
{
    (void)pairs;
    return one(handle, "DELETE", top, "/?recurse", none);
}

const bare bare_consul = {.scheme = "consul",
                          .open = open_client,
                          .close = close_client,
                          .create = create,
                          .tree = tree,
                          .nodes = nodes,
                          .get = get,
                          .set = set,
                          .remove = remove_tree,
                          .one_by_one = one_by_one};
