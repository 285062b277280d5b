/* SPDX-License-Identifier: MIT */
/*
 * Open and close: the parts of the URL that are the registry's, the author, what is remembered.
 *
 * The registry's parameters are cut out of the URL's query before the store sees it, so that
 * a store can refuse every parameter that it does not know.
 */
#include "registry/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/failpoint.h"
#include "base/hash.h"
#include "base/memory.h"

enum {
    PAUSE_MAX_US = 50000,
    DIGITS_MAX = 9,
    LIVENESS_MIN_MS = 1000,
    LIVENESS_MS = 30000, /* an election and a slow server are shorter than a third of it */
    LIVENESS_MAX_MS = 3600 * 1000
};

/* ---- the URL ------------------------------------------------------------------------------ */

static bool is_text(creg_slice slice, const char *text)
{
    return creg_slice_equal(slice, creg_slice_of(text));
}

static creg_status set_layout(creg_registry *registry, creg_slice value, creg_error *err)
{
    if (is_text(value, "products") || is_text(value, "clusters"))
        registry->layout = creg_layout_products;
    else if (is_text(value, "instances") || is_text(value, "templates"))
        registry->layout = creg_layout_instances;
    else
        return creg_fail(err, CREG_USAGE, "layout=%.*s is not known: instances or products",
                         CREG_SHOW(value));
    return CREG_OK;
}

static creg_status set_visibility(creg_registry *registry, creg_slice value, creg_error *err)
{
    if (!is_text(value, "all") && !is_text(value, "committed"))
        return creg_fail(err, CREG_USAGE, "visibility=%.*s is not known: committed or all",
                         CREG_SHOW(value));
    registry->shows_all = is_text(value, "all");
    return CREG_OK;
}

/* Decimal digits only; false when it is no number. */
static bool read_number(creg_slice value, size_t *ret_number)
{
    *ret_number = 0;
    bool is_number = value.size > 0 && value.size <= DIGITS_MAX;
    for (size_t i = 0; is_number && i < value.size; i++) {
        is_number = value.data[i] >= '0' && value.data[i] <= '9';
        *ret_number = *ret_number * 10 + (size_t)(value.data[i] - '0');
    }
    return is_number;
}

/* For tests: take the store for one that holds no more operations in a transaction. */
static creg_status set_operations(creg_registry *registry, creg_slice value, creg_error *err)
{
    if (!read_number(value, &registry->transaction_operations) ||
        registry->transaction_operations < 8)
        return creg_fail(err, CREG_USAGE, "transaction_operations must be a number from 8 on");
    return CREG_OK;
}

static creg_status set_liveness(creg_registry *registry, creg_slice value, creg_error *err)
{
    size_t duration;
    if (!read_number(value, &duration) || duration < LIVENESS_MIN_MS ||
        duration > LIVENESS_MAX_MS)
        return creg_fail(err, CREG_USAGE, "liveness_ms is a number from %d to %d",
                         LIVENESS_MIN_MS, LIVENESS_MAX_MS);
    registry->liveness_ms = (uint32_t)duration;
    return CREG_OK;
}

/* Takes one "name=value" if it is ours. */
static creg_status take_parameter(creg_registry *registry, creg_slice parameter, bool *ret_ours,
                                  creg_error *err)
{
    const char *equals = memchr(parameter.data, '=', parameter.size);
    size_t name_size = equals == NULL ? parameter.size : (size_t)(equals - parameter.data);
    creg_slice name = creg_slice_make(parameter.data, name_size);
    creg_slice value = equals == NULL
                           ? creg_slice_make("", 0)
                           : creg_slice_make(equals + 1, parameter.size - name_size - 1);
    *ret_ours = true;
    if (is_text(name, "layout"))
        return set_layout(registry, value, err);
    if (is_text(name, "visibility"))
        return set_visibility(registry, value, err);
    if (is_text(name, "transaction_operations"))
        return set_operations(registry, value, err);
    if (is_text(name, "liveness_ms"))
        return set_liveness(registry, value, err);
    *ret_ours = false;
    return CREG_OK;
}

/* Copies `url` to `out` (as large) without the registry's parameters. */
static creg_status take_parameters(creg_registry *registry, const char *url, char *out,
                                   creg_error *err)
{
    const char *question = strchr(url, '?');
    size_t base = question == NULL ? strlen(url) : (size_t)(question - url);
    memcpy(out, url, base);
    char *end = out + base;
    char joint = '?';
    for (const char *at = question; at != NULL && at[1] != '\0';) {
        const char *next = strchr(at + 1, '&');
        creg_slice parameter =
            creg_slice_make(at + 1, next == NULL ? strlen(at + 1) : (size_t)(next - at - 1));
        bool is_ours;
        creg_status status = take_parameter(registry, parameter, &is_ours, err);
        if (status != CREG_OK)
            return status;
        if (!is_ours) {
            *end++ = joint;
            memcpy(end, parameter.data, parameter.size);
            end += parameter.size;
            joint = '&';
        }
        at = next;
    }
    *end = '\0';
    return CREG_OK;
}

/* ---- open and close ------------------------------------------------------------------------ */

static void set_author(creg_registry *registry, const char *author)
{
    if (author != NULL) {
        snprintf(registry->author, sizeof registry->author, "%s", author);
        return;
    }
    char host[256] = "";
    if (gethostname(host, sizeof host - 1) != 0)
        host[0] = '\0';
    char buffer[4096];
    struct passwd entry;
    struct passwd *found = NULL;
    if (getpwuid_r(geteuid(), &entry, buffer, sizeof buffer, &found) == 0 && found != NULL)
        snprintf(registry->author, sizeof registry->author, "%.60s@%s", found->pw_name, host);
    else
        snprintf(registry->author, sizeof registry->author, "%lu@%s", (unsigned long)geteuid(),
                 host);
}

static creg_status open_store(creg_registry *registry, const char *url,
                              const creg_store_options *options, creg_error *err)
{
    size_t size = strlen(url) + 1;
    char *store_url = creg_memory_alloc(size);
    if (store_url == NULL)
        return creg_fail(err, CREG_NO_MEMORY, "out of memory");
    creg_status status = take_parameters(registry, url, store_url, err);
    if (status == CREG_OK)
        status = creg_store_open(store_url, options, &registry->store, err);
    creg_memory_free(store_url);
    return status;
}

creg_status creg_open(const char *url, const creg_open_options *options,
                      creg_registry **ret_registry, creg_error *err)
{
    creg_registry *registry = creg_memory_calloc(1, sizeof *registry);
    if (registry == NULL)
        return creg_fail(err, CREG_NO_MEMORY, "out of memory");
    registry->layout = creg_layout_instances;
    registry->liveness_ms = LIVENESS_MS;
    registry->shows_all = CREG_BUG(CREG_BUG_READERS_TRUST_KEYS);
    set_author(registry, options == NULL ? NULL : options->author);

    creg_status status = CREG_OK;
    registry->bodies = creg_bodies_new();
    if (registry->bodies == NULL)
        status = creg_fail(err, CREG_NO_MEMORY, "out of memory");
    else
        status = open_store(registry, url == NULL ? "" : url,
                            options == NULL ? NULL : &options->store, err);
    if (status != CREG_OK) {
        creg_close(registry);
        return status;
    }
    *ret_registry = registry;
    return CREG_OK;
}

void creg_close(creg_registry *registry)
{
    if (registry == NULL)
        return;
    creg_bodies_free(registry->bodies);
    creg_store_close(registry->store);
    creg_memory_free(registry);
}

creg_store *creg_registry_store(creg_registry *registry)
{
    return registry->store;
}

creg_status creg_registry_dn(const creg_registry *registry, creg_slice text, creg_slice path,
                             creg_dn *ret_dn, creg_error *err)
{
    return creg_dn_parse(&registry->layout, text, path, ret_dn, err);
}

/* ---- what is remembered -------------------------------------------------------------------- */

/* Never 0, which is an empty slot. */
static uint64_t hash_of(const creg_dn *dn)
{
    return creg_hash_bytes(dn->key.data + dn->head_size, dn->instance_size - dn->head_size) | 1;
}

static size_t slot_of(uint64_t hash)
{
    return (size_t)(hash >> 32) % CREG_REMEMBERED;
}

bool creg_instance_set_holds(const creg_instance_set *set, const creg_dn *dn)
{
    uint64_t hash = hash_of(dn);
    return atomic_load_explicit(&set->slots[slot_of(hash)], memory_order_relaxed) == hash;
}

void creg_instance_set_add(creg_instance_set *set, const creg_dn *dn)
{
    uint64_t hash = hash_of(dn);
    atomic_store_explicit(&set->slots[slot_of(hash)], hash, memory_order_relaxed);
}

/* ---- time and chance ------------------------------------------------------------------------ */

creg_slice creg_registry_now(creg_arena *arena)
{
    char text[32];
    time_t now = time(NULL);
    struct tm parts;
    if (gmtime_r(&now, &parts) == NULL)
        return creg_arena_copy(arena, creg_slice_of("1970-01-01T00:00:00Z"));
    size_t size = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return creg_arena_copy(arena, creg_slice_make(text, size));
}

static bool read_random(unsigned char *bytes, size_t size)
{
    int file = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    ssize_t got;
    do
        got = read(file, bytes, size);
    while (got < 0 && errno == EINTR);
    close(file);
    return got == (ssize_t)size;
}

creg_status creg_request_make(char ret_request[CREG_REQUEST_SIZE], creg_error *err)
{
    unsigned char bytes[16];
    if (!read_random(bytes, sizeof bytes))
        return creg_fail(err, CREG_IO, "the system gives no random bytes for a request id");
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(ret_request + 2 * i, 3, "%02x", bytes[i]);
    return CREG_OK;
}

void creg_registry_pause(unsigned losses)
{
    static _Atomic uint64_t pauses;
    long most = losses < 8 ? 1000L << losses : PAUSE_MAX_US;
    if (most > PAUSE_MAX_US)
        most = PAUSE_MAX_US;
    /* The seed differs from process to process, the count from thread to thread. */
    uint64_t chance = creg_hash_number(atomic_fetch_add(&pauses, 1), (uint64_t)getpid());
    struct timespec pause = {.tv_nsec = (long)(chance % (uint64_t)most) * 1000};
    nanosleep(&pause, NULL);
}
