/* SPDX-License-Identifier: MIT */
/*
 * One line a store call on stderr: what, on which keys, the outcome, how long it took.
 *
 * Values are cut to a few bytes, and those of keys that sound like secrets are not shown at
 * all; of the URL nothing but scheme, servers and path is. Printing is what the user asked for with
 * "trace+" or CONFREG_TRACE; nothing else in the library prints.
 */
#include "store/drivers/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/fail.h"

enum {
    LINE_BYTES = 1024,
    VALUE_BYTES = 32, /* of a value that are shown */
    KEY_BYTES = 200
};

/* The inner driver's private bytes follow behind. */
struct creg_driver_state {
    const creg_store_driver *inner;
    max_align_t inner_state[];
};

static creg_driver_state *inner_of(creg_driver_state *state)
{
    return (creg_driver_state *)(void *)state->inner_state;
}

/* ---- one line --------------------------------------------------------------------------- */

typedef struct trace_line {
    struct timespec start;
    size_t size;
    char text[LINE_BYTES];
} trace_line;

CREG_PRINTF(2, 3) static void say(trace_line *line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int added = vsnprintf(line->text + line->size, LINE_BYTES - line->size, format, arguments);
    va_end(arguments);
    if (added > 0)
        line->size += (size_t)added;
    if (line->size > LINE_BYTES - 1)
        line->size = LINE_BYTES - 1;
}

/* Up to `most` bytes; what is not plain ASCII is shown as '?'. */
static void say_bytes(trace_line *line, creg_slice bytes, size_t most)
{
    size_t shown = bytes.size < most ? bytes.size : most;
    for (size_t i = 0; i < shown && line->size < LINE_BYTES - 1; i++) {
        char byte = bytes.data[i];
        line->text[line->size++] = byte >= 0x20 && byte < 0x7F ? byte : '?';
    }
    line->text[line->size] = '\0';
    if (shown < bytes.size)
        say(line, "...(%zu)", bytes.size);
}

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
}

static bool holds_word(creg_slice text, const char *word)
{
    size_t size = strlen(word);
    for (size_t i = 0; i + size <= text.size; i++) {
        size_t k = 0;
        while (k < size && lower(text.data[i + k]) == word[k])
            k++;
        if (k == size)
            return true;
    }
    return false;
}

/* Keys that people give to what must not stand in a log. */
static bool is_secret(creg_slice key)
{
    static const char *const words[] = {"password", "passwd",  "secret",
                                        "token",    "private", "credential",
                                        "apikey",   "api_key", "passphrase"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (holds_word(key, words[i]))
            return true;
    return false;
}

static void say_value(trace_line *line, creg_slice key, creg_slice value)
{
    if (is_secret(key)) {
        say(line, "=(hidden, %zu bytes)", value.size);
        return;
    }
    say(line, "=\"");
    say_bytes(line, value, VALUE_BYTES);
    say(line, "\"");
}

static void start(trace_line *line, const char *call)
{
    line->size = 0;
    say(line, "confreg store: %s", call);
    clock_gettime(CLOCK_MONOTONIC, &line->start);
}

static void start_key(trace_line *line, const char *call, creg_slice key)
{
    start(line, call);
    say(line, " ");
    say_bytes(line, key, KEY_BYTES);
}

/* One write a line, so that lines of several threads do not mix. */
static creg_status finish(trace_line *line, creg_status status)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double spent = (double)(now.tv_sec - line->start.tv_sec) * 1e3 +
                   (double)(now.tv_nsec - line->start.tv_nsec) / 1e6;
    char tail[64];
    int size = snprintf(tail, sizeof tail, " -> %s %.3f ms\n", creg_status_name(status), spent);
    size_t room = LINE_BYTES - 1 - (size_t)size;
    if (line->size > room)
        line->size = room;
    memcpy(line->text + line->size, tail, (size_t)size + 1);
    fputs(line->text, stderr);
    return status;
}

/* ---- the calls -------------------------------------------------------------------------- */

static creg_status trace_open(creg_driver_state *state, const creg_store_url *url,
                              const creg_store_options *options, creg_error *err)
{
    trace_line line;
    start_key(&line, "open", url->scheme);
    say(&line, ":");
    if (url->authority.size > 0) {
        say(&line, "//");
        say_bytes(&line, url->authority, KEY_BYTES);
    }
    say_bytes(&line, url->path, KEY_BYTES);
    if (url->root.size > 0) {
        say(&line, " root ");
        say_bytes(&line, url->root, KEY_BYTES);
    }
    return finish(&line, state->inner->open(inner_of(state), url, options, err));
}

static void trace_close(creg_driver_state *state)
{
    trace_line line;
    start(&line, "close");
    state->inner->close(inner_of(state));
    finish(&line, CREG_OK);
}

static void trace_abandon(creg_driver_state *state)
{
    trace_line line;
    start(&line, "abandon");
    state->inner->abandon(inner_of(state));
    finish(&line, CREG_OK);
}

static creg_status trace_get(creg_driver_state *state, creg_slice key, creg_arena *arena,
                             creg_slice *ret_value, creg_version *ret_version, creg_error *err)
{
    trace_line line;
    start_key(&line, "get", key);
    creg_status status =
        state->inner->get(inner_of(state), key, arena, ret_value, ret_version, err);
    if (status == CREG_OK)
        say_value(&line, key, *ret_value);
    return finish(&line, status);
}

static void say_read(trace_line *line, const creg_read *read)
{
    say(line, read->is_list ? " list " : " key ");
    say_bytes(line, read->key, KEY_BYTES);
    if (read->depth != 0)
        say(line, " depth=%u", read->depth);
    if (read->keys_only)
        say(line, " keys");
    if (read->limit != 0)
        say(line, " limit=%zu", read->limit);
    if (read->after.size > 0) {
        say(line, " after=");
        say_bytes(line, read->after, KEY_BYTES);
    }
}

static creg_status trace_read(creg_driver_state *state, creg_read *reads, size_t count,
                              creg_arena *arena, uint64_t *ret_revision, creg_error *err)
{
    trace_line line;
    start(&line, "read");
    for (size_t i = 0; i < count; i++)
        say_read(&line, &reads[i]);
    creg_status status =
        state->inner->read(inner_of(state), reads, count, arena, ret_revision, err);
    size_t pairs = 0;
    for (size_t i = 0; status == CREG_OK && i < count; i++)
        pairs += reads[i].ret_pairs.size;
    if (status == CREG_OK)
        say(&line, " (%zu pairs, revision %llu)", pairs, (unsigned long long)*ret_revision);
    return finish(&line, status);
}

static void say_checks(trace_line *line, const creg_transaction *transaction)
{
    static const char *const names[] = {[CREG_CHECK_ABSENT] = "absent",
                                        [CREG_CHECK_PRESENT] = "present",
                                        [CREG_CHECK_VERSION] = "version",
                                        [CREG_CHECK_SUBTREE_EMPTY] = "empty-below"};
    for (size_t i = 0; i < transaction->check_count && i < 4; i++) {
        say(line, " %s? ", names[transaction->checks[i].kind]);
        say_bytes(line, transaction->checks[i].key, KEY_BYTES);
    }
    if (transaction->check_count > 4)
        say(line, " ...%zu checks", transaction->check_count);
    if (transaction->fence != NULL)
        say(line, " fenced");
}

static void say_operations(trace_line *line, const creg_transaction *transaction)
{
    static const char *const names[] = {[CREG_OPERATION_PUT] = "put",
                                        [CREG_OPERATION_DELETE] = "delete",
                                        [CREG_OPERATION_DELETE_TREE] = "delete-tree"};
    for (size_t i = 0; i < transaction->operation_count && i < 4; i++) {
        const creg_operation *operation = &transaction->operations[i];
        say(line, " %s ", names[operation->kind]);
        say_bytes(line, operation->key, KEY_BYTES);
        if (operation->kind == CREG_OPERATION_PUT)
            say_value(line, operation->key, operation->value);
    }
    if (transaction->operation_count > 4)
        say(line, " ...%zu operations", transaction->operation_count);
}

static creg_status trace_apply(creg_driver_state *state, const creg_transaction *transaction,
                               size_t *ret_failed_check, creg_error *err)
{
    trace_line line;
    start(&line, "apply");
    say_checks(&line, transaction);
    say_operations(&line, transaction);
    creg_status status =
        state->inner->apply(inner_of(state), transaction, ret_failed_check, err);
    if (status == CREG_CONFLICT && *ret_failed_check != SIZE_MAX)
        say(&line, " (check %zu)", *ret_failed_check);
    return finish(&line, status);
}

static creg_status trace_wait(creg_driver_state *state, creg_slice prefix, uint64_t revision,
                              uint32_t timeout_ms, uint64_t *ret_revision, creg_error *err)
{
    trace_line line;
    start_key(&line, "wait", prefix);
    say(&line, " revision %llu, at most %u ms", (unsigned long long)revision, timeout_ms);
    return finish(&line, state->inner->wait(inner_of(state), prefix, revision, timeout_ms,
                                            ret_revision, err));
}

static creg_status trace_liveness_open(creg_driver_state *state, creg_slice name,
                                       uint32_t *ttl_ms, void **ret_handle, creg_error *err)
{
    trace_line line;
    start_key(&line, "liveness open", name);
    creg_status status =
        state->inner->liveness_open(inner_of(state), name, ttl_ms, ret_handle, err);
    say(&line, " ttl %u ms", *ttl_ms);
    return finish(&line, status);
}

static creg_status trace_liveness_renew(creg_driver_state *state, void *handle, creg_error *err)
{
    trace_line line;
    start(&line, "liveness renew");
    return finish(&line, state->inner->liveness_renew(inner_of(state), handle, err));
}

static void trace_liveness_release(creg_driver_state *state, void *handle)
{
    trace_line line;
    start(&line, "liveness release");
    state->inner->liveness_release(inner_of(state), handle);
    finish(&line, CREG_OK);
}

static creg_status trace_liveness_check(creg_driver_state *state, creg_slice key,
                                        bool *ret_alive, creg_error *err)
{
    trace_line line;
    start_key(&line, "liveness check", key);
    creg_status status = state->inner->liveness_check(inner_of(state), key, ret_alive, err);
    if (status == CREG_OK)
        say(&line, *ret_alive ? " alive" : " gone");
    return finish(&line, status);
}

static creg_status trace_learn_limits(creg_driver_state *state, creg_limits *ret_limits,
                                      creg_error *err)
{
    return state->inner->learn_limits(inner_of(state), ret_limits, err);
}

static creg_status trace_info(creg_driver_state *state, creg_arena *arena,
                              creg_pairs *ret_facts, creg_error *err)
{
    return state->inner->info(inner_of(state), arena, ret_facts, err);
}

static creg_status trace_check(creg_driver_state *state, creg_error *err)
{
    trace_line line;
    start(&line, "check");
    return finish(&line, state->inner->check(inner_of(state), err));
}

/* ---- the table -------------------------------------------------------------------------- */

void creg_trace_wrap(creg_store_driver *table, const creg_store_driver *inner)
{
    *table = *inner;
    table->private_size = sizeof(struct creg_driver_state) + inner->private_size;
    table->open = trace_open;
    table->close = trace_close;
    table->get = trace_get;
    table->read = trace_read;
    table->apply = trace_apply;
    /* What the inner one cannot do stays NULL, so that store.c falls back all the same. */
    table->abandon = inner->abandon == NULL ? NULL : trace_abandon;
    table->wait = inner->wait == NULL ? NULL : trace_wait;
    table->learn_limits = inner->learn_limits == NULL ? NULL : trace_learn_limits;
    table->info = inner->info == NULL ? NULL : trace_info;
    table->check = inner->check == NULL ? NULL : trace_check;
    if (inner->liveness_open == NULL)
        return;
    table->liveness_open = trace_liveness_open;
    table->liveness_renew = trace_liveness_renew;
    table->liveness_release = trace_liveness_release;
    table->liveness_check = trace_liveness_check;
}

void creg_trace_bind(creg_driver_state *state, const creg_store_driver *inner)
{
    state->inner = inner;
}
