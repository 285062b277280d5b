/* SPDX-License-Identifier: MIT */
/*
 * From a URL to an open store, and back.
 *
 * Everything that the URL says is looked at here, so that a mistyped parameter is an error on
 * every store and never silently ignored. Messages never show the URL itself: it may hold a
 * password.
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/memory.h"
#include "store/driver_table.h"
#include "store/drivers/fault.h"
#include "store/drivers/trace.h"
#include "store/key.h"
#include "store/store_internal.h"

/* ---- fork ------------------------------------------------------------------------------- */

static pthread_once_t fork_once = PTHREAD_ONCE_INIT;
static volatile unsigned long fork_generation;

static void count_fork(void)
{
    fork_generation++;
}

static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, count_fork);
}

unsigned long creg_fork_generation(void)
{
    pthread_once(&fork_once, watch_forks);
    return fork_generation;
}

/* ---- parameters ------------------------------------------------------------------------- */

static const char *const common_parameters[] = {"root",   "timeout_ms", "read_only",
                                                "layout", "visibility", NULL};

static bool is_among(creg_slice name, const char *const *names)
{
    for (; names != NULL && *names != NULL; names++)
        if (creg_slice_equal(name, creg_slice_of(*names)))
            return true;
    return false;
}

static creg_status check_parameters(const creg_store *store, creg_error *err)
{
    const char *const *own = store->driver->parameters;
    for (size_t i = 0; own != NULL && i < store->url.parameter_count; i++) {
        creg_slice name = store->url.parameters[i].name;
        if (!is_among(name, common_parameters) && !is_among(name, own))
            return creg_fail(err, CREG_USAGE, "store URL: %s takes no parameter '%.*s'",
                             store->driver->name, CREG_SHOW(name));
    }
    return CREG_OK;
}

static creg_status read_timeout(creg_store *store, creg_error *err)
{
    const creg_slice *text = creg_url_find(&store->url, "timeout_ms");
    if (text == NULL || store->options.timeout_ms != 0)
        return CREG_OK;
    char *end;
    unsigned long value = strtoul(text->data, &end, 10);
    bool is_number =
        text->size > 0 && text->data[0] >= '0' && text->data[0] <= '9' && *end == '\0';
    if (!is_number || value == 0 || value > 24ul * 3600 * 1000)
        return creg_fail(err, CREG_USAGE,
                         "store URL: timeout_ms is not a number of milliseconds up to a day");
    store->options.timeout_ms = (uint32_t)value;
    return CREG_OK;
}

static creg_status read_flag(const creg_store *store, const char *name, bool *flag,
                             creg_error *err)
{
    const creg_slice *text = creg_url_find(&store->url, name);
    if (text == NULL)
        return CREG_OK;
    if (text->size != 1 || (text->data[0] != '0' && text->data[0] != '1'))
        return creg_fail(err, CREG_USAGE, "store URL: %s is neither 0 nor 1", name);
    *flag = *flag || text->data[0] == '1';
    return CREG_OK;
}

static creg_status read_options(creg_store *store, creg_error *err)
{
    creg_status status = check_parameters(store, err);
    if (status == CREG_OK)
        status = read_timeout(store, err);
    if (status == CREG_OK)
        status = read_flag(store, "read_only", &store->options.read_only, err);
    if (store->options.timeout_ms == 0)
        store->options.timeout_ms = DEFAULT_TIMEOUT_MS;
    return status;
}

/* ---- root ------------------------------------------------------------------------------- */

static creg_slice trim_slashes(creg_slice text)
{
    while (text.size > 0 && text.data[0] == '/')
        text = creg_slice_make(text.data + 1, text.size - 1);
    while (text.size > 0 && text.data[text.size - 1] == '/')
        text.size--;
    return text;
}

/* Upstream wrote Consul's address as that of its HTTP interface, whose path is not a root. */
static creg_slice without_api_path(creg_slice scheme, creg_slice path)
{
    creg_slice api = creg_slice_of("v1/kv");
    bool is_http = creg_slice_equal(scheme, creg_slice_of("http")) ||
                   creg_slice_equal(scheme, creg_slice_of("https"));
    bool has_api = path.size >= api.size && memcmp(path.data, api.data, api.size) == 0 &&
                   (path.size == api.size || path.data[api.size] == '/');
    if (!is_http || !has_api)
        return path;
    return trim_slashes(creg_slice_make(path.data + api.size, path.size - api.size));
}

static creg_status read_root(creg_store *store, creg_error *err)
{
    const creg_slice *given = creg_url_find(&store->url, "root");
    bool has_file_path = store->driver->has_file_path;
    if (given != NULL && !has_file_path)
        return creg_fail(err, CREG_USAGE,
                         "store URL: the root of %s is the path of the URL, not a parameter",
                         store->driver->name);
    creg_slice root = creg_slice_make("", 0);
    if (has_file_path && given != NULL)
        root = trim_slashes(*given);
    if (!has_file_path)
        root = without_api_path(store->url.scheme, trim_slashes(store->url.path));
    store->root = creg_slice_make("", 0);
    if (root.size == 0)
        return CREG_OK;

    creg_status status = creg_key_check_write(root, err);
    if (status != CREG_OK) {
        creg_error_prefix(err, "root of the store URL: ");
        return status;
    }
    char *whole = creg_arena_alloc(&store->arena, root.size + 2);
    if (whole == NULL)
        return creg_fail_arena(err, &store->arena);
    memcpy(whole, root.data, root.size);
    memcpy(whole + root.size, "/", 2);
    store->root = creg_slice_make(whole, root.size + 1);
    return CREG_OK;
}

/* ---- the URL, for the driver ------------------------------------------------------------ */

static creg_status check_shape(const creg_store *store, creg_error *err)
{
    bool has_server = store->url.authority.size > 0;
    if (store->driver->has_file_path && (has_server || store->url.user.data != NULL)) {
        creg_fail(err, CREG_USAGE, "store URL: %s has no server", store->driver->name);
        creg_error_hint(err, "one slash before the path, or none: %s:/path",
                        store->driver->name);
        return CREG_USAGE;
    }
    if (!store->driver->has_file_path && !has_server)
        return creg_fail(err, CREG_USAGE, "store URL: it names no server; write %s://host",
                         store->driver->schemes[0]);
    return CREG_OK;
}

static creg_slice not_null(creg_slice text)
{
    return text.data == NULL ? creg_slice_make("", 0) : text;
}

static creg_status make_driver_url(creg_store *store, creg_store_url *ret_url, creg_error *err)
{
    const creg_url *url = &store->url;
    creg_pair *query = creg_arena_calloc(&store->arena, url->parameter_count, sizeof *query);
    if (query == NULL)
        return creg_fail_arena(err, &store->arena);
    for (size_t i = 0; i < url->parameter_count; i++) {
        query[i].key = url->parameters[i].name;
        query[i].value = url->parameters[i].value;
    }
    *ret_url = (creg_store_url){.scheme = url->scheme,
                                .authority = not_null(url->authority),
                                .path = creg_slice_make("", 0),
                                .user = url->user,
                                .password = url->password,
                                .root = store->root,
                                .query = query,
                                .query_count = url->parameter_count};
    if (store->driver->has_file_path)
        ret_url->path = not_null(url->path);
    return CREG_OK;
}

/* ---- open and close --------------------------------------------------------------------- */

static creg_status find_driver(creg_store *store, creg_error *err)
{
    creg_slice scheme = store->url.scheme;
    store->driver = creg_driver_find(scheme);
    if (store->driver != NULL)
        return CREG_OK;
    if (creg_driver_is_known(scheme))
        return creg_fail(err, CREG_USAGE, "the driver for '%.*s' is not in this build",
                         CREG_SHOW(scheme));
    creg_fail(err, CREG_USAGE, "store URL: there is no store '%.*s'", CREG_SHOW(scheme));
    creg_error_hint(err, "lmdb, memory, consul, etcd, zookeeper");
    return CREG_USAGE;
}

static creg_status read_url(creg_store *store, creg_slice text, creg_error *err)
{
    creg_status status = creg_url_parse(text, &store->arena, &store->url, err);
    if (status == CREG_OK)
        status = find_driver(store, err);
    if (status == CREG_OK)
        status = check_shape(store, err);
    if (status == CREG_OK)
        status = read_options(store, err);
    if (status == CREG_OK)
        status = read_root(store, err);
    return status;
}

/* "trace+" in front of the URL, or the environment, asks for a line a call on stderr. */
static bool take_trace(creg_slice *text)
{
    static const char prefix[] = "trace+";
    size_t size = sizeof prefix - 1;
    if (text->size >= size && memcmp(text->data, prefix, size) == 0) {
        *text = creg_slice_make(text->data + size, text->size - size);
        return true;
    }
    const char *wanted = getenv("CONFREG_TRACE");
    return wanted != NULL && strcmp(wanted, "store") == 0;
}

/* What is put around a driver: faults in the fault tests, else lines on stderr. */
#ifdef CREG_FAILPOINTS
#define WRAP creg_fault_wrap
#define WRAP_BIND creg_fault_bind
#else
#define WRAP creg_trace_wrap
#define WRAP_BIND creg_trace_bind
#endif

static creg_status start_driver(creg_store *store, bool is_traced, creg_error *err)
{
#ifdef CREG_FAILPOINTS
    is_traced = true; /* in the fault tests: by faults, see below */
#endif
    creg_store_url url;
    creg_status status = make_driver_url(store, &url, err);
    if (status != CREG_OK)
        return status;
    const creg_store_driver *inner = store->driver;
    if (is_traced) {
        WRAP(&store->traced, inner);
        store->driver = &store->traced;
    }
    size_t size = store->driver->private_size;
    store->state = creg_memory_calloc(1, size == 0 ? 1 : size);
    if (store->state == NULL)
        return creg_fail(err, CREG_NO_MEMORY, "out of memory");
    if (is_traced)
        WRAP_BIND(store->state, inner);
    return store->driver->open(store->state, &url, &store->options, err);
}

static void free_store(creg_store *store)
{
    creg_memory_free(store->state);
    creg_arena_clear(&store->arena);
    creg_memory_free(store);
}

creg_status creg_store_open(const char *url, const creg_store_options *options,
                            creg_store **ret_store, creg_error *err)
{
    creg_store *store = creg_memory_calloc(1, sizeof *store);
    if (store == NULL)
        return creg_fail(err, CREG_NO_MEMORY, "out of memory");
    creg_arena_init(&store->arena, URL_BYTES_MAX);
    if (options != NULL)
        store->options = *options;
    store->generation = creg_fork_generation();
    store->pid = getpid();

    creg_slice text = creg_slice_of(url == NULL || *url == '\0' ? "lmdb:" : url);
    bool is_traced = take_trace(&text);
    creg_status status = read_url(store, text, err);
    if (status == CREG_OK)
        status = start_driver(store, is_traced, err);
    if (status != CREG_OK) {
        free_store(store);
        return status;
    }
    *ret_store = store;
    return CREG_OK;
}

void creg_store_close(creg_store *store)
{
    if (store == NULL)
        return;
    if (creg_store_enter(store, NULL) == CREG_OK)
        store->driver->close(store->state);
    else if (store->driver->abandon != NULL)
        store->driver->abandon(store->state);
    free_store(store);
}
