/* SPDX-License-Identifier: MIT */
/*
 * Where the time of an instantiate goes, and what reading and changing cost afterwards.
 *
 *     bench-instantiate EXAMPLE-FOLDER [STORE-FOLDER]
 *
 * Each size runs in a process of its own. "MiB" is what one instantiate adds to the resident
 * memory at its peak, pages of the store's map included; "tree" is the same instance as
 * creg_tree() gives it. The steps are timed one by one through the inner calls, the total
 * through creg_instantiate() on LMDB with every transaction on the disk. fdatasync is ours, to
 * tell how much of the total the disk has. Times are the medians of the rounds, in
 * milliseconds; "cpu" and "best" are the smallest ones of the whole call, which a busy machine
 * disturbs least.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "confreg/confreg.h"
#include "registry/body.h"
#include "registry/options.h"
#include "registry/tree.h"

enum { ROUNDS = 9, GETS = 200000, SETS = 200, LISTED = 1000 };

typedef enum step { RENDER, PARSE, LINT, FLATTEN, DIGEST, TOTAL, FSYNC, CPU, STEPS } step;

static double fsync_ms;
static creg_error err;

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* What this process has computed, by itself and inside the kernel. */
static double cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Stands before the C library's, for liblmdb, too: so it has to be seen from outside. */
CREG_API int fdatasync(int file)
{
    double start = now_ms();
    int result = (int)syscall(SYS_fdatasync, file);
    fsync_ms += now_ms() - start;
    return result;
}

static void must(creg_status status, const char *what)
{
    if (status == CREG_OK)
        return;
    fprintf(stderr, "%s: %s: %s\n", what, creg_status_name(status), err.message);
    exit(1);
}

static creg_slice read_file(const char *folder, const char *name, creg_arena *arena)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    char *text = creg_arena_alloc(arena, 1 << 20);
    if (file == NULL || text == NULL) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(1);
    }
    size_t size = fread(text, 1, 1 << 20, file);
    fclose(file);
    return creg_slice_make(text, size);
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Sorts them, too: the best one is the first. */
static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

static creg_value slaves(int number, creg_arena *arena)
{
    creg_map *map = creg_map_new(arena, 1);
    creg_map_set(arena, map, creg_value_cstring("slaves.number"), creg_value_int(number));
    return creg_value_map(map);
}

/* The steps from options to pairs, once. Returns the number of keys. */
static size_t time_steps(const creg_template *template_, const jinja_template *compiled,
                         creg_body_kind kind, int number, double times[STEPS])
{
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 32);
    creg_slice dn = creg_slice_of("instances/jlopez/hadoop/1.0/1");
    creg_body body = {.compiled = compiled, .source = template_->body, .kind = kind};
    creg_body_names names = {creg_slice_of("jlopez"), template_->name, template_->version,
                             creg_slice_of("1"), dn};
    creg_options declared;
    creg_value options, context;
    creg_body_result result = {.text = {NULL, 0}};
    char digest[CREG_TREE_DIGEST_SIZE];

    double at[STEPS];
    at[0] = now_ms();
    must(creg_options_parse(template_->options, &arena, &declared, &err), "options");
    must(creg_options_merge(&declared, slaves(number, &arena), &arena, &options, &err),
         "merge");
    must(creg_body_context(&names, options, &arena, &context, &err), "context");
    must(creg_body_render(&body, context, &arena, &result, &err), "render");
    at[1] = now_ms();
    must(creg_body_parse(&body, &arena, &result, &err), "parse");
    at[2] = now_ms();
    must(creg_body_lint(&body, &arena, &result, &err), "lint");
    at[3] = now_ms();
    must(creg_body_flatten(&body, dn, &arena, &result, &err), "flatten");
    at[4] = now_ms();
    creg_tree_digest(&result.pairs, dn.size + 1, digest);
    at[5] = now_ms();
    for (size_t i = RENDER; i <= DIGEST; i++)
        times[i] = at[i + 1] - at[i];
    size_t keys = result.pairs.size;
    creg_arena_clear(&arena);
    return keys;
}

static void time_total(creg_registry *registry, int number, double times[STEPS])
{
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 32);
    creg_instance_spec spec = {.user = creg_slice_of("jlopez"),
                               .name = creg_slice_of("hadoop"),
                               .version = creg_slice_of("1.0"),
                               .options = slaves(number, &arena)};
    creg_instance instance;
    fsync_ms = 0;
    double cpu = cpu_ms();
    double start = now_ms();
    must(creg_instantiate(registry, &spec, &arena, &instance, &err), "instantiate");
    times[TOTAL] = now_ms() - start;
    times[CPU] = cpu_ms() - cpu;
    times[FSYNC] = fsync_ms;
    must(creg_deinstantiate(registry, instance.dn, &err), "deinstantiate");
    creg_arena_clear(&arena);
}

static creg_template load(const char *folder, const char *file, const char *type,
                          creg_arena *arena)
{
    return (creg_template){.name = creg_slice_of("hadoop"),
                           .version = creg_slice_of("1.0"),
                           .type = creg_slice_of(type),
                           .body = read_file(folder, file, arena),
                           .options = read_file(folder, "options.json", arena)};
}

static creg_registry *open_store(const char *store, const creg_template *template_)
{
    char url[1100];
    creg_registry *registry;
    snprintf(url, sizeof url, "lmdb:%s", store);
    must(creg_open(url, NULL, &registry, &err), "open");
    must(creg_template_register(registry, template_, true, &err), "register");
    return registry;
}

/* What one instantiate takes at its peak, and what the tree that it makes takes when read. */
typedef struct footprint {
    double peak, tree; /* MiB */
} footprint;

static footprint measure_memory(const creg_template *template_, const char *store, int number)
{
    creg_arena arena;
    creg_value tree;
    struct rusage before, after;
    creg_arena_init(&arena, (size_t)1 << 32);
    creg_registry *registry = open_store(store, template_);
    creg_instance_spec spec = {.user = creg_slice_of("jlopez"),
                               .name = creg_slice_of("hadoop"),
                               .version = creg_slice_of("1.0"),
                               .options = slaves(number, &arena)};
    creg_instance instance;
    getrusage(RUSAGE_SELF, &before);
    must(creg_instantiate(registry, &spec, &arena, &instance, &err), "instantiate");
    getrusage(RUSAGE_SELF, &after);
    creg_arena read;
    creg_arena_init(&read, (size_t)1 << 32);
    must(creg_tree(registry, instance.dn, 0, &read, &tree, &err), "tree");
    footprint result = {.peak = (double)(after.ru_maxrss - before.ru_maxrss) / 1024,
                        .tree = (double)read.taken / (1 << 20)};
    creg_arena_clear(&read);
    must(creg_deinstantiate(registry, instance.dn, &err), "deinstantiate");
    creg_close(registry);
    creg_arena_clear(&arena);
    return result;
}

/* In a process of its own, so that nothing else has raised the peak. */
static footprint memory_of(const creg_template *template_, const char *store, int number)
{
    int ends[2];
    footprint result = {0};
    if (pipe(ends) != 0)
        exit(1);
    pid_t child = fork();
    if (child == 0) {
        result = measure_memory(template_, store, number);
        _exit(write(ends[1], &result, sizeof result) == (ssize_t)sizeof result ? 0 : 1);
    }
    if (read(ends[0], &result, sizeof result) != (ssize_t)sizeof result)
        exit(1);
    close(ends[0]);
    close(ends[1]);
    waitpid(child, NULL, 0);
    return result;
}

/* One row of the table, in a process of its own. */
static void bench_size(const char *folder, const char *store, const char *file,
                       const char *type, int number)
{
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 30);
    creg_template template_ = load(folder, file, type, &arena);
    footprint memory = memory_of(&template_, store, number);
    creg_body_kind kind;
    jinja_options options;
    jinja_engine *engine;
    jinja_template *compiled;
    must(creg_body_kind_of(&template_, &kind, &err), "kind");
    creg_body_engine_options(kind, &options);
    must(jinja_engine_new(&options, &engine, &err), "engine");
    must(jinja_compile(engine, template_.name, template_.body, &compiled, &err), "compile");

    creg_registry *registry = open_store(store, &template_);
    static double all[STEPS][ROUNDS];
    size_t keys = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double times[STEPS];
        keys = time_steps(&template_, compiled, kind, number, times);
        time_total(registry, number, times);
        for (int i = 0; i < STEPS; i++)
            all[i][round] = times[i];
    }
    double mid[STEPS], best[STEPS];
    for (int i = 0; i < STEPS; i++) {
        mid[i] = median(all[i], ROUNDS);
        best[i] = all[i][0];
    }
    /* The steps are timed apart from the whole: only what disturbs neither can be subtracted. */
    double steps = best[RENDER] + best[PARSE] + best[LINT] + best[FLATTEN] + best[DIGEST];
    printf(
        "%-5s %6d %8zu %8.2f %8.2f %8.2f %8.2f %8.2f %8.2f %8.2f %9.2f %8.2f %8.2f %7.1f %7.1f "
        "%9.0f\n",
        kind.is_yaml ? "yaml" : "json", number, keys, best[RENDER], best[PARSE], best[LINT],
        best[FLATTEN], best[DIGEST], best[TOTAL] - steps - best[FSYNC], best[FSYNC], mid[TOTAL],
        best[TOTAL], best[CPU], memory.peak, memory.tree, (double)keys / mid[TOTAL] * 1000);
    creg_close(registry);
    jinja_template_free(compiled);
    jinja_engine_free(engine);
    creg_arena_clear(&arena);
}

static double per_call_us(double start_ms, int calls)
{
    return (now_ms() - start_ms) * 1000 / calls;
}

/* What comes after: reading, changing, listing. */
static void bench_use(const char *folder, const char *store)
{
    creg_arena arena, scratch;
    creg_arena_init(&arena, (size_t)1 << 30);
    creg_arena_init(&scratch, (size_t)1 << 30);
    creg_template template_ = load(folder, "template.json", "json+jinja2", &arena);
    creg_registry *registry = open_store(store, &template_);
    creg_instance_spec spec = {.user = creg_slice_of("jlopez"),
                               .name = creg_slice_of("hadoop"),
                               .version = creg_slice_of("1.0"),
                               .options = slaves(200, &arena)};
    creg_instance instance;
    must(creg_instantiate(registry, &spec, &arena, &instance, &err), "instantiate");

    creg_slice value;
    creg_slice path = creg_slice_of("nodes/slave150/status");
    double start = now_ms();
    for (int i = 0; i < GETS; i++) {
        must(creg_get(registry, instance.dn, path, &scratch, &value, NULL, &err), "get");
        creg_arena_reset(&scratch);
    }
    printf("get of one property          %9.3f us\n", per_call_us(start, GETS));

    creg_property property = {path, creg_slice_of("running")};
    start = now_ms();
    for (int i = 0; i < SETS; i++)
        must(creg_set(registry, instance.dn, &property, 1, NULL, &err), "set");
    printf("set of one property, durable %9.1f us\n", per_call_us(start, SETS));

    creg_value tree;
    start = now_ms();
    must(creg_tree(registry, instance.dn, 0, &scratch, &tree, &err), "tree");
    printf("tree of %zu keys          %9.2f ms\n", instance.key_count, now_ms() - start);
    creg_arena_clear(&scratch);

    template_.name = creg_slice_of("small");
    template_.body = creg_slice_of("{\"status\": \"running\"}");
    template_.options = creg_slice_of("");
    must(creg_template_register(registry, &template_, true, &err), "register");
    spec.name = template_.name;
    spec.options = creg_value_none();
    start = now_ms();
    for (int i = 0; i < LISTED; i++)
        must(creg_instantiate(registry, &spec, &scratch, &instance, &err), "instantiate");
    printf("instantiate of one key       %9.1f us\n", per_call_us(start, LISTED));
    creg_arena_clear(&scratch);

    creg_instances instances;
    creg_slice any = {NULL, 0};
    start = now_ms();
    must(creg_instance_list(registry, spec.user, spec.name, any, &scratch, &instances, &err),
         "list");
    printf("list of %zu instances       %9.2f ms\n", instances.size, now_ms() - start);
    creg_close(registry);
    creg_arena_clear(&scratch);
    creg_arena_clear(&arena);
}

/* Runs `number` slaves (0: the uses) in a child with a fresh store. */
static void in_child(const char *folder, const char *base, const char *file, const char *type,
                     int number)
{
    char store[1024];
    snprintf(store, sizeof store, "%.900s/confreg-bench-XXXXXX", base);
    if (mkdtemp(store) == NULL)
        exit(1);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (number == 0)
            bench_use(folder, store);
        else
            bench_size(folder, store, file, type, number);
        fflush(stdout);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    char command[1200];
    snprintf(command, sizeof command, "rm -rf '%s'", store);
    if (system(command) != 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        exit(1);
}

int main(int count, char **arguments)
{
    if (count < 2) {
        fprintf(stderr, "usage: bench-instantiate EXAMPLE-FOLDER [STORE-FOLDER]\n");
        return 2;
    }
    const char *base = count > 2 ? arguments[2] : getenv("TMPDIR");
    if (base == NULL)
        base = "/tmp";
    static const int sizes[] = {2, 20, 200, 2000};
    printf("%-5s %6s %8s %8s %8s %8s %8s %8s %8s %8s %9s %8s %8s %7s %7s %9s\n", "body",
           "slaves", "keys", "render", "parse", "lint", "flatten", "digest", "commit", "fsync",
           "total ms", "best", "cpu", "MiB", "tree", "keys/s");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        in_child(arguments[1], base, "template.json", "json+jinja2", sizes[i]);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        in_child(arguments[1], base, "template.yaml", "yaml+jinja2", sizes[i]);
    in_child(arguments[1], base, "", "", 0);
    return 0;
}
