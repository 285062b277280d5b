/* SPDX-License-Identifier: MIT */
/*
 * libcurl, loaded when the first store that needs it is opened.
 *
 * libcurl brings some thirty libraries along, and loading them takes longer than everything
 * else that `confreg instance get` does on a store in a file. So the library carries these
 * functions under libcurl's names; each finds the real one in libcurl.so.4 at its first call.
 * They are hidden: libcurl itself never sees them.
 *
 * No header of libcurl is included, because its functions with "..." are macros there. What is
 * used of its ABI has not changed since libcurl.so.4 exists (2006): opaque pointers, ints for
 * enums, and the kind of a value told by the thousands of its option number.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    FAILED_INIT = 2, /* CURLE_FAILED_INIT */
    BAD_HANDLE = 1,  /* CURLM_BAD_HANDLE */
    KIND = 10000,    /* option / KIND: long, pointer, function, 64-bit offset, blob */
    KIND_LONG = 0,
    KIND_FUNCTION = 2,
    KIND_OFFSET = 3
};

void *curl_easy_init(void);
void curl_easy_cleanup(void *handle);
void curl_easy_reset(void *handle);
int curl_easy_setopt(void *handle, int option, ...);
int curl_easy_getinfo(void *handle, int info, ...);
const char *curl_easy_strerror(int code);
int curl_global_init(long flags);
void *curl_slist_append(void *list, const char *text);
void curl_slist_free_all(void *list);
void *curl_multi_init(void);
int curl_multi_cleanup(void *multi);
int curl_multi_add_handle(void *multi, void *handle);
int curl_multi_remove_handle(void *multi, void *handle);
int curl_multi_perform(void *multi, int *ret_running);
int curl_multi_poll(void *multi, void *more, unsigned count, int timeout_ms, int *ret_ready);
void *curl_multi_info_read(void *multi, int *ret_left);

static struct {
    void *(*easy_init)(void);
    void (*easy_cleanup)(void *handle);
    void (*easy_reset)(void *handle);
    int (*easy_setopt)(void *handle, int option, ...);
    int (*easy_getinfo)(void *handle, int info, ...);
    const char *(*easy_strerror)(int code);
    int (*global_init)(long flags);
    void *(*slist_append)(void *list, const char *text);
    void (*slist_free_all)(void *list);
    void *(*multi_init)(void);
    int (*multi_cleanup)(void *multi);
    int (*multi_add_handle)(void *multi, void *handle);
    int (*multi_remove_handle)(void *multi, void *handle);
    int (*multi_perform)(void *multi, int *ret_running);
    int (*multi_poll)(void *multi, void *more, unsigned count, int timeout_ms, int *ret_ready);
    void *(*multi_info_read)(void *multi, int *ret_left);
} curl;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int is_loaded;

/* POSIX promises that dlsym's pointer is one to a function; C alone has no cast for it. */
static int find(void *library, const char *name, void *ret_function)
{
    void *symbol = dlsym(library, name);
    memcpy(ret_function, &symbol, sizeof symbol);
    return symbol != NULL;
}

static void load(void)
{
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return;
    is_loaded = find(library, "curl_easy_init", &curl.easy_init) &&
                find(library, "curl_easy_cleanup", &curl.easy_cleanup) &&
                find(library, "curl_easy_reset", &curl.easy_reset) &&
                find(library, "curl_easy_setopt", &curl.easy_setopt) &&
                find(library, "curl_easy_getinfo", &curl.easy_getinfo) &&
                find(library, "curl_easy_strerror", &curl.easy_strerror) &&
                find(library, "curl_global_init", &curl.global_init) &&
                find(library, "curl_slist_append", &curl.slist_append) &&
                find(library, "curl_slist_free_all", &curl.slist_free_all) &&
                find(library, "curl_multi_init", &curl.multi_init) &&
                find(library, "curl_multi_cleanup", &curl.multi_cleanup) &&
                find(library, "curl_multi_add_handle", &curl.multi_add_handle) &&
                find(library, "curl_multi_remove_handle", &curl.multi_remove_handle) &&
                find(library, "curl_multi_perform", &curl.multi_perform) &&
                find(library, "curl_multi_poll", &curl.multi_poll) &&
                find(library, "curl_multi_info_read", &curl.multi_info_read);
}

static int loaded(void)
{
    pthread_once(&once, load);
    return is_loaded;
}

int curl_global_init(long flags)
{
    return loaded() ? curl.global_init(flags) : FAILED_INIT;
}

void *curl_easy_init(void)
{
    return loaded() ? curl.easy_init() : NULL;
}

/* Nobody has a handle or a list without the library; the checks cost nothing. */
void curl_easy_cleanup(void *handle)
{
    if (loaded())
        curl.easy_cleanup(handle);
}

void curl_easy_reset(void *handle)
{
    if (loaded())
        curl.easy_reset(handle);
}

int curl_easy_setopt(void *handle, int option, ...)
{
    if (!loaded())
        return FAILED_INIT;
    va_list arguments;
    va_start(arguments, option);
    int code;
    switch (option / KIND) {
    case KIND_LONG:
        code = curl.easy_setopt(handle, option, va_arg(arguments, long));
        break;
    case KIND_FUNCTION:
        code = curl.easy_setopt(handle, option, va_arg(arguments, void (*)(void)));
        break;
    case KIND_OFFSET:
        code = curl.easy_setopt(handle, option, va_arg(arguments, int64_t));
        break;
    default:
        code = curl.easy_setopt(handle, option, va_arg(arguments, void *));
        break;
    }
    va_end(arguments);
    return code;
}

/* Every answer is written through a pointer. */
int curl_easy_getinfo(void *handle, int info, ...)
{
    if (!loaded())
        return FAILED_INIT;
    va_list arguments;
    va_start(arguments, info);
    int code = curl.easy_getinfo(handle, info, va_arg(arguments, void *));
    va_end(arguments);
    return code;
}

const char *curl_easy_strerror(int code)
{
    return loaded() ? curl.easy_strerror(code) : "libcurl.so.4 cannot be loaded";
}

void *curl_slist_append(void *list, const char *text)
{
    return loaded() ? curl.slist_append(list, text) : NULL;
}

void curl_slist_free_all(void *list)
{
    if (loaded())
        curl.slist_free_all(list);
}

void *curl_multi_init(void)
{
    return loaded() ? curl.multi_init() : NULL;
}

int curl_multi_cleanup(void *multi)
{
    return loaded() ? curl.multi_cleanup(multi) : BAD_HANDLE;
}

int curl_multi_add_handle(void *multi, void *handle)
{
    return loaded() ? curl.multi_add_handle(multi, handle) : BAD_HANDLE;
}

int curl_multi_remove_handle(void *multi, void *handle)
{
    return loaded() ? curl.multi_remove_handle(multi, handle) : BAD_HANDLE;
}

int curl_multi_perform(void *multi, int *ret_running)
{
    return loaded() ? curl.multi_perform(multi, ret_running) : BAD_HANDLE;
}

int curl_multi_poll(void *multi, void *more, unsigned count, int timeout_ms, int *ret_ready)
{
    return loaded() ? curl.multi_poll(multi, more, count, timeout_ms, ret_ready) : BAD_HANDLE;
}

void *curl_multi_info_read(void *multi, int *ret_left)
{
    return loaded() ? curl.multi_info_read(multi, ret_left) : NULL;
}
