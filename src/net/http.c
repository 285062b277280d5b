/* SPDX-License-Identifier: MIT */
/*
 * Requests with tries: choose a server, send, tell what a failure means, choose the next.
 *
 * The server that answered last is asked first the next time; a try on another one waits a
 * little longer each round, with jitter, until the deadline of the call.
 */
#include "net/http.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/interrupt.h"
#include "base/memory.h"
#include "net/url.h"

enum {
    POOL_MAX = 64,
    SERVERS_MAX = 32,
    BACKOFF_FIRST_MS = 20,
    BACKOFF_MAX_MS = 1000,
    GRPC_STATUS_MAX = 65535,
    GRPC_STATUS_UNKNOWN = 2 /* what gRPC itself makes of a status that it cannot read */
};

/*
 * libcurl 7.88 sleeps up to a second in the middle of an HTTP/2 transfer that is larger than
 * its buffers. These are the largest that it takes; requests of ours end below the first.
 */
#define UPLOAD_BYTES (2L * 1024 * 1024)
#define DOWNLOAD_BYTES (512L * 1024)

/* One request at a time, on a connection that stays with the server that it was made to. The
 * multi handle holds the connection, and lets us look around while an answer is awaited. */
typedef struct connection {
    CURL *handle;
    CURLM *multi;
    size_t server;
} connection;

struct creg_http {
    creg_arena arena; /* everything below lives here */
    creg_http_options options;
    const char *servers[SERVERS_MAX]; /* "http://127.0.0.1:8500" */
    size_t server_count;
    atomic_size_t preferred;
    struct curl_slist *headers;
    pthread_mutex_t lock; /* guards the pool */
    connection pool[POOL_MAX];
    size_t pool_size;
};

/* What the callbacks of one transfer write to. */
typedef struct transfer {
    const creg_http_request *request;
    creg_arena *arena;
    creg_http_answer answer;
    char *body;
    size_t size;
    size_t capacity;
    size_t limit;
    bool is_too_large;
    bool is_out_of_memory;
    bool is_stopped;     /* by the taker of the body */
    bool is_interrupted; /* by the caller's thread */
} transfer;

creg_slice creg_http_escape(creg_slice text, bool keep_slash, creg_arena *arena)
{
    static const char digits[] = "0123456789ABCDEF";
    char *escaped = creg_arena_alloc(arena, text.size * 3 + 1);
    if (escaped == NULL)
        return creg_slice_make(NULL, 0);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                        (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' ||
                        byte == '_' || byte == '~' || (byte == '/' && keep_slash);
        if (is_plain) {
            escaped[size++] = (char)byte;
        } else {
            escaped[size++] = '%';
            escaped[size++] = digits[byte >> 4];
            escaped[size++] = digits[byte & 15];
        }
    }
    escaped[size] = '\0';
    return creg_slice_make(escaped, size);
}

/* ---- making ----------------------------------------------------------------------------- */

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static CURLcode curl_started;

static void start_curl(void)
{
    curl_started = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static const char *keep_text(creg_http *http, const char *text)
{
    return text == NULL ? NULL : creg_arena_copy(&http->arena, creg_slice_of(text)).data;
}

static creg_status check_file(const char *what, const char *path, creg_error *err)
{
    if (path == NULL || access(path, R_OK) == 0)
        return CREG_OK;
    return creg_fail(err, CREG_USAGE, "the %s '%s' cannot be read", what, path);
}

static creg_status keep_options(creg_http *http, const creg_http_options *options,
                                creg_error *err)
{
    http->options = *options;
    creg_http_options *kept = &http->options;
    kept->service = keep_text(http, options->service);
    kept->ca_file = keep_text(http, options->ca_file);
    kept->ca_path = keep_text(http, options->ca_path);
    kept->cert_file = keep_text(http, options->cert_file);
    kept->key_file = keep_text(http, options->key_file);
    kept->server_name = keep_text(http, options->server_name);
    kept->unix_socket = keep_text(http, options->unix_socket);
    creg_status status = check_file("CA file", kept->ca_file, err);
    if (status == CREG_OK)
        status = check_file("client certificate", kept->cert_file, err);
    if (status == CREG_OK)
        status = check_file("client key", kept->key_file, err);
    if (http->arena.failed != CREG_OK)
        status = creg_fail_arena(err, &http->arena);
    return status;
}

static creg_status keep_servers(creg_http *http, creg_error *err)
{
    const creg_http_options *options = &http->options;
    creg_url_host host;
    for (size_t at = 0;
         creg_url_next_host(options->authority, &at, options->default_port, &host);) {
        if (http->server_count == SERVERS_MAX)
            return creg_fail(err, CREG_USAGE, "store URL: more than %d servers", SERVERS_MAX);
        char *text = creg_arena_alloc(&http->arena, host.host.size + 32);
        if (text == NULL)
            return creg_fail_arena(err, &http->arena);
        snprintf(text, host.host.size + 32, host.is_ipv6 ? "%s://[%.*s]:%u" : "%s://%.*s:%u",
                 options->is_tls ? "https" : "http", (int)host.host.size, host.host.data,
                 (unsigned)host.port);
        http->servers[http->server_count++] = text;
    }
    return http->server_count > 0 ? CREG_OK
                                  : creg_fail(err, CREG_USAGE, "store URL: it names no server");
}

static creg_status keep_headers(creg_http *http, const char *const *headers, creg_error *err)
{
    for (; headers != NULL && *headers != NULL; headers++) {
        struct curl_slist *longer = curl_slist_append(http->headers, *headers);
        if (longer == NULL)
            return creg_fail(err, CREG_NO_MEMORY, "out of memory");
        http->headers = longer;
    }
    return CREG_OK;
}

creg_status creg_http_new(const creg_http_options *options, creg_http **ret_http,
                          creg_error *err)
{
    pthread_once(&curl_once, start_curl);
    if (curl_started != CURLE_OK)
        return creg_fail(err, CREG_UNSUPPORTED, "%s needs libcurl: %s", options->service,
                         curl_easy_strerror(curl_started));
    creg_http *http = creg_memory_calloc(1, sizeof *http);
    if (http == NULL)
        return creg_fail(err, CREG_NO_MEMORY, "out of memory");
    creg_arena_init(&http->arena, 1024 * 1024);
    pthread_mutex_init(&http->lock, NULL);

    creg_status status = keep_options(http, options, err);
    if (status == CREG_OK)
        status = keep_servers(http, err);
    if (status == CREG_OK)
        status = keep_headers(http, options->headers, err);
    if (status != CREG_OK) {
        creg_http_free(http);
        return status;
    }
    http->options.authority = creg_slice_make("", 0); /* was borrowed */
    http->options.headers = NULL;
    *ret_http = http;
    return CREG_OK;
}

static void close_connection(const connection *closed)
{
    if (closed->handle != NULL)
        curl_easy_cleanup(closed->handle);
    if (closed->multi != NULL)
        curl_multi_cleanup(closed->multi);
}

void creg_http_free(creg_http *http)
{
    if (http == NULL)
        return;
    for (size_t i = 0; i < http->pool_size; i++)
        close_connection(&http->pool[i]);
    creg_http_abandon(http);
}

void creg_http_abandon(creg_http *http)
{
    if (http == NULL)
        return;
    curl_slist_free_all(http->headers);
    pthread_mutex_destroy(&http->lock);
    creg_arena_clear(&http->arena);
    creg_memory_free(http);
}

/* ---- handles ---------------------------------------------------------------------------- */

/* A connection without handles when there is no memory for them; close_connection() takes that, too. */
static connection take_connection(creg_http *http, size_t server, bool *ret_fresh)
{
    connection taken = {.server = server};
    pthread_mutex_lock(&http->lock);
    for (size_t i = http->pool_size; i-- > 0 && taken.handle == NULL;) {
        if (http->pool[i].server != server)
            continue;
        taken = http->pool[i];
        http->pool[i] = http->pool[--http->pool_size];
    }
    pthread_mutex_unlock(&http->lock);
    *ret_fresh = taken.handle == NULL;
    if (*ret_fresh) {
        taken.handle = curl_easy_init();
        taken.multi = curl_multi_init();
    }
    return taken;
}

static void give_connection(creg_http *http, const connection *given)
{
    pthread_mutex_lock(&http->lock);
    bool is_kept = http->pool_size < POOL_MAX;
    if (is_kept)
        http->pool[http->pool_size++] = *given;
    pthread_mutex_unlock(&http->lock);
    if (!is_kept)
        close_connection(given);
}

/* Only copies and returns: a callback that blocks would stall every stream of a connection. */
static size_t take_body(char *data, size_t size, size_t count, void *user)
{
    transfer *into = user;
    size_t bytes = size * count;
    if (into->request->take != NULL) {
        into->is_stopped = !into->request->take(into->request->take_user, data, bytes);
        return into->is_stopped ? 0 : bytes;
    }
    if (bytes > into->limit - into->size) {
        into->is_too_large = true;
        return 0;
    }
    if (bytes > into->capacity - into->size) {
        size_t wanted = into->capacity < 4096 ? 4096 : into->capacity * 2;
        wanted = wanted < into->size + bytes ? into->size + bytes : wanted;
        char *grown = creg_arena_grow(into->arena, into->body, into->size, wanted);
        if (grown == NULL) {
            into->is_out_of_memory = true;
            return 0;
        }
        into->body = grown;
        into->capacity = wanted;
    }
    memcpy(into->body + into->size, data, bytes);
    into->size += bytes;
    return bytes;
}

/* The value of a header line when it is the one named (lower case), else data NULL. */
static creg_slice header_value(const char *line, size_t size, const char *name)
{
    size_t length = strlen(name);
    if (size <= length || line[length] != ':')
        return creg_slice_make(NULL, 0);
    for (size_t i = 0; i < length; i++) {
        char byte = line[i];
        if (byte >= 'A' && byte <= 'Z')
            byte = (char)(byte - 'A' + 'a');
        if (byte != name[i])
            return creg_slice_make(NULL, 0);
    }
    size_t start = length + 1;
    while (start < size && (line[start] == ' ' || line[start] == '\t'))
        start++;
    while (size > start && (line[size - 1] == '\r' || line[size - 1] == '\n'))
        size--;
    return creg_slice_make(line + start, size - start);
}

/* A number that is nothing but digits and no larger than `most`; else `otherwise`. */
static uint64_t decimal(creg_slice text, uint64_t most, uint64_t otherwise)
{
    uint64_t number = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || number > most / 10)
            return otherwise;
        number = number * 10 + (uint64_t)(text.data[i] - '0');
    }
    return text.size > 0 && number <= most ? number : otherwise;
}

static size_t take_header(char *line, size_t size, size_t count, void *user)
{
    transfer *into = user;
    size_t bytes = size * count;
    creg_slice value = header_value(line, bytes, "x-consul-index");
    if (value.data != NULL)
        into->answer.consul_index = decimal(value, INT64_MAX, 0);
    value = header_value(line, bytes, "grpc-status");
    if (value.data != NULL)
        into->answer.grpc_status = (long)decimal(value, GRPC_STATUS_MAX, GRPC_STATUS_UNKNOWN);
    value = header_value(line, bytes, "grpc-message");
    if (value.data != NULL)
        into->answer.grpc_message = creg_arena_copy(into->arena, value);
    return bytes;
}

static void set_tls(CURL *handle, const creg_http_options *options)
{
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, options->is_insecure ? 0L : 1L);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, options->is_insecure ? 0L : 2L);
    if (options->ca_file != NULL)
        curl_easy_setopt(handle, CURLOPT_CAINFO, options->ca_file);
    if (options->ca_path != NULL)
        curl_easy_setopt(handle, CURLOPT_CAPATH, options->ca_path);
    if (options->cert_file != NULL)
        curl_easy_setopt(handle, CURLOPT_SSLCERT, options->cert_file);
    if (options->key_file != NULL)
        curl_easy_setopt(handle, CURLOPT_SSLKEY, options->key_file);
}

static void set_request(CURL *handle, const creg_http *http, const creg_http_request *request,
                        struct curl_slist *headers, long timeout_ms, transfer *into)
{
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(handle, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request->method);
    if (request->body.data != NULL) {
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request->body.data);
    } else {
        curl_easy_setopt(handle, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request->method);
    }
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms < 2000 ? timeout_ms : 2000L);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, into);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, into);
    if (http->options.unix_socket != NULL)
        curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, http->options.unix_socket);
    if (http->options.is_tls)
        set_tls(handle, &http->options);
}

/*
 * libcurl 7.88.1 fails the second request on a plaintext HTTP/2 connection that was opened
 * with prior knowledge (curl issue 10634): prior knowledge is for the first request of a
 * handle, later ones must ask for plain HTTP/2 and find the live connection.
 */
static void set_http2(CURL *handle, const creg_http *http, bool is_fresh)
{
    if (!http->options.is_http2)
        return;
    long version = http->options.is_tls ? CURL_HTTP_VERSION_2TLS
                   : is_fresh           ? CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
                                        : CURL_HTTP_VERSION_2_0;
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, version);
    curl_easy_setopt(handle, CURLOPT_PIPEWAIT, 1L);
    curl_easy_setopt(handle, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BYTES);
    curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, DOWNLOAD_BYTES);
}

/* ---- one try ---------------------------------------------------------------------------- */

typedef enum try_result {
    TRY_ANSWERED,
    TRY_NOT_SENT,
    TRY_UNTRUSTED, /* nothing was sent: its certificate is not one that we accept */
    TRY_UNANSWERED,
    TRY_REFUSED, /* by us: too large, or no memory */
    TRY_STALE    /* a kept HTTP/2 connection was gone; nothing was done */
} try_result;

/* A kept connection that is gone makes curl ask a plaintext server for an upgrade over HTTP/1,
 * which no gRPC server grants: nothing was done. */
static bool is_other_protocol(CURL *handle, const creg_http *http)
{
    long version = 0;
    curl_easy_getinfo(handle, CURLINFO_HTTP_VERSION, &version);
    return http->options.is_http2 && version != 0 && version != CURL_HTTP_VERSION_2_0;
}

static try_result judge(CURL *handle, const creg_http *http, CURLcode code,
                        const transfer *into)
{
    if (is_other_protocol(handle, http))
        return TRY_STALE;
    if (code == CURLE_OK || into->is_stopped)
        return TRY_ANSWERED;
    if (into->is_too_large || into->is_out_of_memory)
        return TRY_REFUSED;
    curl_off_t sent_at = 0;
    long request_bytes = 0;
    curl_easy_getinfo(handle, CURLINFO_PRETRANSFER_TIME_T, &sent_at);
    curl_easy_getinfo(handle, CURLINFO_REQUEST_SIZE, &request_bytes);
    bool is_sent = sent_at > 0 || request_bytes > 0;
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
        return TRY_NOT_SENT;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
        return TRY_UNTRUSTED;
    default:
        return is_sent ? TRY_UNANSWERED : TRY_NOT_SENT;
    }
}

static struct curl_slist *request_headers(const creg_http *http,
                                          const creg_http_request *request, bool *ret_ok)
{
    struct curl_slist *list = NULL;
    *ret_ok = true;
    for (const struct curl_slist *at = http->headers; at != NULL && *ret_ok; at = at->next) {
        struct curl_slist *longer = curl_slist_append(list, at->data);
        *ret_ok = longer != NULL;
        list = longer != NULL ? longer : list;
    }
    /* No "Expect: 100-continue": it costs a round trip, and gRPC does not know it. */
    static const char *const always[] = {"Expect:", NULL};
    const char *const *groups[] = {always, request->headers};
    for (size_t group = 0; group < 2; group++)
        for (const char *const *at = groups[group]; at != NULL && *at != NULL && *ret_ok;
             at++) {
            struct curl_slist *longer = curl_slist_append(list, *at);
            *ret_ok = longer != NULL;
            list = longer != NULL ? longer : list;
        }
    return list;
}

static creg_status set_target(CURL *handle, const creg_http *http, size_t server,
                              const char *path, struct curl_slist **ret_connect,
                              creg_error *err)
{
    const char *base = http->servers[server];
    size_t room = strlen(base) + strlen(path) + 512;
    char *url = creg_memory_alloc(room);
    if (url == NULL)
        return creg_fail(err, CREG_NO_MEMORY, "out of memory");
    *ret_connect = NULL;
    if (http->options.server_name != NULL && http->options.is_tls) {
        /* The certificate's name goes into the URL, the address into CONNECT_TO. */
        const char *address = base + strlen("https://");
        const char *port = strrchr(address, ':') + 1;
        snprintf(url, room, "::%s", address);
        *ret_connect = curl_slist_append(NULL, url);
        snprintf(url, room, "https://%.255s:%s%s", http->options.server_name, port, path);
        curl_easy_setopt(handle, CURLOPT_CONNECT_TO, *ret_connect);
    } else {
        snprintf(url, room, "%s%s", base, path);
    }
    CURLcode code = curl_easy_setopt(handle, CURLOPT_URL, url);
    creg_memory_free(url);
    return code == CURLE_OK ? CREG_OK : creg_fail(err, CREG_NO_MEMORY, "out of memory");
}

/* Until curl is done, or the caller's thread gives up. */
static CURLMcode drive(const connection *used, transfer *into)
{
    int slice_ms = creg_is_interruptible() ? CREG_INTERRUPT_MS : 1000;
    for (;;) {
        int running = 0;
        int ready = 0;
        CURLMcode code = curl_multi_perform(used->multi, &running);
        if (code != CURLM_OK || running == 0)
            return code;
        code = curl_multi_poll(used->multi, NULL, 0, slice_ms, &ready);
        into->is_interrupted = ready == 0 && creg_is_interrupted();
        if (code != CURLM_OK || into->is_interrupted)
            return code;
    }
}

/* What curl_easy_perform() does, but for the interruption. */
static CURLcode perform_on(const connection *used, transfer *into)
{
    if (curl_multi_add_handle(used->multi, used->handle) != CURLM_OK)
        return CURLE_FAILED_INIT;
    CURLcode result = CURLE_ABORTED_BY_CALLBACK;
    CURLMcode code = drive(used, into);
    if (code != CURLM_OK)
        result = code == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_FAILED_INIT;
    int left;
    const CURLMsg *message = curl_multi_info_read(used->multi, &left);
    if (message != NULL && message->msg == CURLMSG_DONE) {
        result = message->data.result;
        into->is_interrupted = false; /* the answer came just then */
    }
    curl_multi_remove_handle(used->multi, used->handle);
    return result;
}

static creg_status perform(creg_http *http, size_t server, const creg_http_request *request,
                           long timeout_ms, transfer *into, try_result *ret_result,
                           creg_error *err)
{
    bool is_fresh;
    connection used = take_connection(http, server, &is_fresh);
    CURL *handle = used.handle;
    bool has_headers;
    struct curl_slist *headers = request_headers(http, request, &has_headers);
    struct curl_slist *connect = NULL;
    creg_status status = handle == NULL || used.multi == NULL || !has_headers
                             ? creg_fail(err, CREG_NO_MEMORY, "out of memory")
                             : CREG_OK;
    if (status == CREG_OK) {
        curl_easy_reset(handle);
        set_request(handle, http, request, headers, timeout_ms, into);
        set_http2(handle, http, is_fresh);
        status = set_target(handle, http, server, request->path, &connect, err);
    }
    if (status == CREG_OK) {
        CURLcode code = perform_on(&used, into);
        *ret_result = judge(handle, http, code, into);
        if (*ret_result == TRY_STALE && is_fresh)
            *ret_result = TRY_NOT_SENT; /* it is no such server */
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &into->answer.status);
        if (code != CURLE_OK)
            creg_error_detail(err, "%s: %s", http->servers[server], curl_easy_strerror(code));
    }
    if (status == CREG_OK && *ret_result == TRY_ANSWERED && !into->is_stopped)
        give_connection(http, &used);
    else
        close_connection(&used);
    curl_slist_free_all(headers);
    curl_slist_free_all(connect);
    return status;
}

/* ---- tries ------------------------------------------------------------------------------ */

/* Full jitter: anything between half and the whole of a pause that doubles each round. */
static uint64_t backoff(unsigned round)
{
    uint64_t pause = (uint64_t)BACKOFF_FIRST_MS << (round > 6 ? 6 : round);
    if (pause > BACKOFF_MAX_MS)
        pause = BACKOFF_MAX_MS;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return pause / 2 + (uint64_t)now.tv_nsec / 1000 % (pause / 2 + 1);
}

bool creg_http_pause(unsigned round, uint64_t left_ms)
{
    uint64_t pause = backoff(round);
    return creg_interrupt_sleep(pause < left_ms ? pause : left_ms);
}

static creg_status fail_last(const creg_http *http, try_result last, bool is_repeatable,
                             const char *detail, creg_error *err)
{
    const char *service = http->options.service;
    creg_status status;
    if (last == TRY_UNTRUSTED)
        status = creg_fail(err, CREG_UNAVAILABLE, "no %s server could be trusted", service);
    else if (last == TRY_NOT_SENT)
        status = creg_fail(err, CREG_UNAVAILABLE, "no %s server could be reached", service);
    else if (is_repeatable)
        status = creg_fail(err, CREG_TIMEOUT, "%s did not answer in time", service);
    else
        status = creg_fail(err, CREG_UNKNOWN_OUTCOME,
                           "%s did not answer; the change may have been made", service);
    creg_error_detail(err, "%s", detail);
    return status;
}

static creg_status fail_interrupted(const creg_http *http, try_result last, bool is_repeatable,
                                    creg_error *err)
{
    if (is_repeatable || last == TRY_NOT_SENT)
        return creg_fail_interrupted(err);
    return creg_fail(err, CREG_UNKNOWN_OUTCOME,
                     "interrupted before %s had answered; the change may have been made",
                     http->options.service);
}

static creg_status fail_refused(const creg_http *http, const transfer *into, creg_error *err)
{
    if (into->is_too_large)
        return creg_fail(err, CREG_LIMIT, "%s answered with more than %zu bytes",
                         http->options.service, into->limit);
    return creg_fail_arena(err, into->arena);
}

creg_status creg_http_send(creg_http *http, const creg_http_request *request, creg_arena *arena,
                           creg_http_answer *ret_answer, creg_error *err)
{
    uint32_t allowed =
        request->timeout_ms != 0 ? request->timeout_ms : http->options.timeout_ms;
    uint64_t deadline = creg_clock_ms() + allowed;
    creg_error attempt = {0};
    try_result result = TRY_NOT_SENT;
    size_t untrusted = 0;
    size_t first = atomic_load(&http->preferred);
    for (unsigned round = 0;; round++) {
        size_t server = (first + round) % http->server_count;
        uint64_t now = creg_clock_ms();
        if (now >= deadline)
            return fail_last(http, result, request->is_repeatable, attempt.detail, err);
        /* A read does not spend its whole deadline on one silent server when there are more. */
        uint64_t try_ms = deadline - now;
        if (request->is_repeatable && !request->is_long_poll && http->server_count > 1)
            try_ms = try_ms / 2 + 1;
        transfer into = {.request = request, .arena = arena, .limit = http->options.body_max};
        into.answer.grpc_status = -1;
        creg_status status =
            perform(http, server, request, (long)try_ms, &into, &result, &attempt);
        if (status != CREG_OK) {
            if (err != NULL)
                *err = attempt;
            return status;
        }
        if (result == TRY_ANSWERED) {
            atomic_store(&http->preferred, server);
            *ret_answer = into.answer;
            ret_answer->body = creg_slice_make(into.body == NULL ? "" : into.body, into.size);
            return CREG_OK;
        }
        if (into.is_interrupted)
            return fail_interrupted(http, result, request->is_repeatable, err);
        if (result == TRY_STALE) {
            round--; /* the same server, on a new connection */
            continue;
        }
        if (result == TRY_REFUSED)
            return fail_refused(http, &into, err);
        if (result == TRY_UNANSWERED && !request->is_repeatable)
            return fail_last(http, result, false, attempt.detail, err);
        untrusted += result == TRY_UNTRUSTED;
        if (untrusted == http->server_count) /* certificates do not change by waiting */
            return fail_last(http, result, request->is_repeatable, attempt.detail, err);
        /* One round over all servers without a pause, then with. */
        if ((round + 1) % http->server_count == 0) {
            uint64_t pause = backoff((unsigned)((round + 1) / http->server_count - 1));
            now = creg_clock_ms();
            if (now + pause >= deadline)
                return fail_last(http, result, request->is_repeatable, attempt.detail, err);
            if (!creg_interrupt_sleep(pause))
                return creg_fail_interrupted(err);
        }
    }
}
