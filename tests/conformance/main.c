/* SPDX-License-Identifier: MIT */
/*
 * conformance [-v] [-k PART] URL...
 *
 * Runs every case on every URL, or those whose name holds PART. Exit code 0 when all checks
 * hold, 1 when not, 2 for wrong use, 77 when no store could be reached.
 *
 * "lmdb:" without a path gets a new folder, "memory:" a new name. On servers everything
 * happens below a random root and is removed afterwards.
 */
#include "suite.h"

#include <pthread.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t count_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long checks_done;
static unsigned long checks_failed;
static const char *current_case = "";
static const char *current_url = "";

bool suite_check(bool holds, const char *file, int line, const char *format, ...)
{
    pthread_mutex_lock(&count_lock);
    checks_done++;
    if (!holds) {
        checks_failed++;
        const char *base = strrchr(file, '/');
        fprintf(stderr, "FAILED %s on %s (%s:%d): ", current_case, current_url,
                base == NULL ? file : base + 1, line);
        va_list arguments;
        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
        fputc('\n', stderr);
    }
    pthread_mutex_unlock(&count_lock);
    return holds;
}

bool suite_check_status(creg_status is, creg_status wanted, const char *file, int line,
                        const char *what)
{
    return suite_check(is == wanted, file, line, "%s gave %s, not %s", what,
                       creg_status_name(is), creg_status_name(wanted));
}

/* ---- opening ---------------------------------------------------------------------------- */

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* scheme, path and query of the URL that was given, with what this run adds. */
const char *suite_url(suite *s, const char *root)
{
    static _Thread_local char url[1024];
    const char *bare = begins_with(s->url, "trace+") ? s->url + 6 : s->url;
    const char *trace = bare == s->url ? "" : "trace+";
    if (strcmp(bare, "memory:") == 0)
        snprintf(url, sizeof url, "%smemory:%s?root=%s", trace, s->folder, root);
    else if (strcmp(bare, "lmdb:") == 0)
        snprintf(url, sizeof url, "%slmdb:%s?root=%s", trace, s->folder, root);
    else if (begins_with(bare, "lmdb:") || begins_with(bare, "memory:"))
        snprintf(url, sizeof url, "%s%s%sroot=%s", trace, bare,
                 strchr(bare, '?') == NULL ? "?" : "&", root);
    else {
        size_t path = strcspn(bare, "?");
        const char *slash = path > 0 && bare[path - 1] == '/' ? "" : "/";
        snprintf(url, sizeof url, "%s%.*s%s%s%s", trace, (int)path, bare, slash, root,
                 bare + path);
    }
    return url;
}

creg_store *suite_open_root(suite *s, const char *root, const creg_store_options *options)
{
    creg_store *store = NULL;
    creg_status status = creg_store_open(suite_url(s, root), options, &store, &s->err);
    CHECK(status == CREG_OK, "opening gave %s: %s", creg_status_name(status), s->err.message);
    return status == CREG_OK ? store : NULL;
}

creg_store *suite_open(suite *s, const creg_store_options *options)
{
    return suite_open_root(s, s->root, options);
}

static uint64_t random_number(void)
{
    uint64_t number = 0;
    FILE *file = fopen("/dev/urandom", "rb");
    if (file == NULL || fread(&number, sizeof number, 1, file) != 1)
        number = (uint64_t)time(NULL) * 1000003u + (uint64_t)getpid();
    if (file != NULL)
        fclose(file);
    return number;
}

/* ---- one case --------------------------------------------------------------------------- */

static void remove_everything(suite *s)
{
    creg_read read = {.is_list = true, .depth = 1, .keys_only = true};
    if (creg_store_read(s->store, &read, 1, &s->arena, NULL, NULL) != CREG_OK)
        return;
    for (size_t i = 0; i < read.ret_pairs.size; i++) {
        creg_slice key = read.ret_pairs.items[i].key;
        creg_operation gone = {.kind = CREG_OPERATION_DELETE, .key = key};
        if (key.data[key.size - 1] == '/') {
            gone.kind = CREG_OPERATION_DELETE_TREE;
            gone.key.size--;
        }
        creg_transaction transaction = {.operations = &gone, .operation_count = 1};
        creg_store_apply(s->store, &transaction, NULL, NULL);
    }
}

static void run_case(suite *s, const suite_case *one, bool is_verbose)
{
    static unsigned number;
    unsigned long failed_before = checks_failed;
    current_case = one->name;
    snprintf(s->root, sizeof s->root, "conformance-%08x-%u",
             (unsigned)(random_number() & 0xFFFFFFFF), number++);
    s->skipped = NULL;
    s->store = suite_open(s, NULL);
    if (s->store == NULL)
        return;
    s->capabilities = creg_store_capabilities(s->store);
    CHECK_STATUS(creg_store_limits(s->store, &s->limits, &s->err), CREG_OK);
    uint64_t start = clock_ms();
    one->run(s);
    remove_everything(s);
    creg_store_close(s->store);
    creg_arena_clear(&s->arena);
    if (is_verbose)
        printf("%-7s %s (%llu ms)%s%s\n",
               checks_failed != failed_before ? "FAILED"
               : s->skipped                   ? "skipped"
                                              : "ok",
               one->name, (unsigned long long)(clock_ms() - start), s->skipped ? ": " : "",
               s->skipped ? s->skipped : "");
    fflush(stdout);
}

/* ---- one URL ---------------------------------------------------------------------------- */

static bool prepare(suite *s, const char *url)
{
    memset(s, 0, sizeof *s);
    s->url = url;
    creg_arena_init(&s->arena, (size_t)1 << 30);
    const char *bare = begins_with(url, "trace+") ? url + 6 : url;
    if (strcmp(bare, "lmdb:") == 0) {
        const char *base = getenv("TMPDIR");
        snprintf(s->folder, sizeof s->folder, "%s/conformance-XXXXXX",
                 base == NULL ? "/tmp" : base);
        if (mkdtemp(s->folder) == NULL)
            return false;
    } else {
        snprintf(s->folder, sizeof s->folder, "conformance-%llx",
                 (unsigned long long)random_number());
    }
    creg_store *store;
    creg_status status = creg_store_open(suite_url(s, "conformance"), NULL, &store, &s->err);
    if (status != CREG_OK) {
        fprintf(stderr, "%s: %s\n", url, s->err.message);
        return false;
    }
    creg_store_close(store);
    return true;
}

static void clean_up(suite *s)
{
    const char *bare = begins_with(s->url, "trace+") ? s->url + 6 : s->url;
    if (strcmp(bare, "lmdb:") != 0)
        return;
    static const char *const files[] = {"data.mdb", "lock.mdb"};
    char path[512];
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", s->folder, files[i]);
        unlink(path);
    }
    rmdir(s->folder);
}

static bool run_url(const char *url, const char *part, bool is_verbose)
{
    static const suite_case *const groups[] = {cases_get,     cases_list,     cases_apply,
                                               cases_wait,    cases_liveness, cases_threads,
                                               cases_process, cases_open};
    suite s;
    if (!prepare(&s, url))
        return false;
    current_url = url;
    unsigned long done = checks_done;
    unsigned long failed = checks_failed;
    unsigned cases = 0;
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++)
        for (const suite_case *one = groups[g]; one->name != NULL; one++)
            if (part == NULL || strstr(one->name, part) != NULL) {
                run_case(&s, one, is_verbose);
                cases++;
            }
    clean_up(&s);
    printf("%s: %u cases, %lu checks, %lu failed\n", url, cases, checks_done - done,
           checks_failed - failed);
    return true;
}

int main(int argc, char **argv)
{
    const char *part = NULL;
    bool is_verbose = false;
    int option;
    while ((option = getopt(argc, argv, "vk:")) != -1) {
        if (option == 'v')
            is_verbose = true;
        else if (option == 'k')
            part = optarg;
        else
            return 2;
    }
    if (optind == argc) {
        fprintf(stderr, "usage: conformance [-v] [-k PART] URL...\n");
        return 2;
    }
    int reached = 0;
    for (int i = optind; i < argc; i++)
        reached += run_url(argv[i], part, is_verbose);
    if (checks_failed > 0)
        return 1;
    return reached < argc - optind ? 77 : 0;
}
