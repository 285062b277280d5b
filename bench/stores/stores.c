/* SPDX-License-Identifier: MIT */
/*
 * The registry on one store beside a client that does nothing but send.
 *
 *     bench-stores EXAMPLE-FOLDER URL ROUNDS SLAVES [original]
 *
 * Prints a line of JSON for each operation: medians in milliseconds, ours and the bare
 * client's, and with "original" a PUT for each key. "cpu" is what ours has computed in this
 * process; the rest of its time it waited, for a server or for the disk. Both write the same keys and values, in
 * turns, so that a noisy machine is noisy to both.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bare.h"

enum { ROUNDS_MAX = 99, SMALL_ROUNDS = 50 };

static creg_error err;

double bench_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Two clocks that were started together. */
typedef struct stopwatch {
    double wall, cpu;
} stopwatch;

static stopwatch start_watch(void)
{
    return (stopwatch){bench_now_ms(), cpu_ms()};
}

static void stop_watch(stopwatch since, double *ret_ms, double *ret_cpu)
{
    *ret_ms = bench_now_ms() - since.wall;
    *ret_cpu = cpu_ms() - since.cpu;
}

void bench_fail(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static void must(creg_status status, const char *what)
{
    if (status != CREG_OK)
        bench_fail(what, err.message);
}

static creg_slice read_file(const char *folder, const char *name, creg_arena *arena)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    char *text = creg_arena_alloc(arena, 1 << 20);
    if (file == NULL || text == NULL)
        bench_fail(path, "cannot be read");
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

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

/* ---- one store -------------------------------------------------------------------------- */

typedef struct contest {
    creg_registry *registry;
    const bare *bare;
    void *client;
    creg_instance_spec spec;
    creg_arena arena;      /* lives as long as all rounds */
    creg_instance planned; /* keys and values, by a dry run */
    size_t rounds;
    bool with_original;
} contest;

static const bare *find_bare(const char *scheme, size_t size)
{
    static const bare *const all[] = {
#ifdef BENCH_CONSUL
        &bare_consul,
#endif
#ifdef BENCH_ETCD
        &bare_etcd,
#endif
#ifdef BENCH_ZOOKEEPER
        &bare_zookeeper,
#endif
        NULL};
    for (size_t i = 0; all[i] != NULL; i++)
        if (strlen(all[i]->scheme) == size && strncmp(all[i]->scheme, scheme, size) == 0)
            return all[i];
    return NULL;
}

static void tell(const contest *work, const char *name, double ours, double cpu, double bare_ms,
                 double original)
{
    printf("{\"operation\": \"%s\", \"keys\": %zu, \"ours\": %.3f, \"cpu\": %.3f", name,
           work->planned.pairs.size, ours, cpu);
    if (bare_ms > 0)
        printf(", \"bare\": %.3f", bare_ms);
    if (original > 0)
        printf(", \"original\": %.3f", original);
    printf("}\n");
    fflush(stdout);
}

/* Make and remove, in turns with the bare client. The last one stays, on both sides. */
static creg_slice bench_writes(contest *work)
{
    double ours[ROUNDS_MAX], bares[ROUNDS_MAX], away[ROUNDS_MAX];
    double bare_away[ROUNDS_MAX] = {0};
    double cpus[ROUNDS_MAX], away_cpus[ROUNDS_MAX];
    creg_instance instance;
    size_t removed = 0;
    creg_slice top = work->planned.dn;
    double original = 0;
    for (size_t i = 0; i < work->rounds; i++) {
        stopwatch since = start_watch();
        must(creg_instantiate(work->registry, &work->spec, &work->arena, &instance, &err),
             "instantiate");
        stop_watch(since, &ours[i], &cpus[i]);
        bares[i] =
            work->bare == NULL ? 0 : work->bare->create(work->client, &work->planned.pairs);
        if (i + 1 == work->rounds && i > 0)
            break;
        /* Who goes first pays for what the creates left to the disk: they take turns. */
        bool is_bare_first = i % 2 == 1 && work->bare != NULL;
        if (is_bare_first)
            bare_away[removed] = work->bare->remove(work->client, &work->planned.pairs, top);
        since = start_watch();
        must(creg_deinstantiate(work->registry, instance.dn, &err), "deinstantiate");
        stop_watch(since, &away[removed], &away_cpus[removed]);
        if (!is_bare_first && work->bare != NULL)
            bare_away[removed] = work->bare->remove(work->client, &work->planned.pairs, top);
        removed++;
    }
    if (work->rounds == 1) {
        must(creg_instantiate(work->registry, &work->spec, &work->arena, &instance, &err),
             "instantiate");
        if (work->bare != NULL)
            work->bare->create(work->client, &work->planned.pairs);
    }
    if (work->with_original && work->bare != NULL && work->bare->one_by_one != NULL)
        original = work->bare->one_by_one(work->client, &work->planned.pairs);
    tell(work, "instantiate", median(ours, work->rounds), median(cpus, work->rounds),
         median(bares, work->rounds), original);
    tell(work, "delete", median(away, removed), median(away_cpus, removed),
         median(bare_away, removed), 0);
    return instance.dn;
}

static void bench_tree(contest *work, creg_slice dn)
{
    double ours[ROUNDS_MAX], bares[ROUNDS_MAX], cpus[ROUNDS_MAX];
    for (size_t i = 0; i < work->rounds; i++) {
        creg_arena arena;
        creg_value tree;
        creg_arena_init(&arena, (size_t)1 << 32);
        stopwatch since = start_watch();
        must(creg_tree(work->registry, dn, 0, &arena, &tree, &err), "tree");
        stop_watch(since, &ours[i], &cpus[i]);
        creg_arena_clear(&arena);
        bares[i] = work->bare == NULL ? 0 : work->bare->tree(work->client, work->planned.dn);
    }
    tell(work, "tree", median(ours, work->rounds), median(cpus, work->rounds),
         median(bares, work->rounds), 0);
}

static void bench_nodes(contest *work, creg_slice dn)
{
    double ours[ROUNDS_MAX], bares[ROUNDS_MAX], cpus[ROUNDS_MAX];
    for (size_t i = 0; i < work->rounds; i++) {
        creg_arena arena;
        creg_names names;
        creg_arena_init(&arena, (size_t)1 << 32);
        stopwatch since = start_watch();
        must(creg_parts(work->registry, dn, CREG_PART_NODES, &arena, &names, &err), "nodes");
        stop_watch(since, &ours[i], &cpus[i]);
        creg_arena_clear(&arena);
        bares[i] = work->bare == NULL ? 0 : work->bare->nodes(work->client, work->planned.dn);
    }
    tell(work, "nodes", median(ours, work->rounds), median(cpus, work->rounds),
         median(bares, work->rounds), 0);
}

static creg_slice bare_key(const contest *work, const char *path, creg_arena *arena)
{
    creg_slice dn = work->planned.dn;
    char *key = creg_arena_alloc(arena, dn.size + strlen(path) + 2);
    int size = sprintf(key, "%.*s/%s", (int)dn.size, dn.data, path);
    return creg_slice_make(key, (size_t)size);
}

static void bench_property(contest *work, creg_slice dn)
{
    static const char path[] = "nodes/slave1/status";
    double ours[ROUNDS_MAX], bares[ROUNDS_MAX], cpus[ROUNDS_MAX];
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 30);
    creg_slice key = bare_key(work, path, &work->arena);
    for (size_t i = 0; i < SMALL_ROUNDS; i++) {
        creg_slice value;
        stopwatch since = start_watch();
        must(creg_get(work->registry, dn, creg_slice_of(path), &arena, &value, NULL, &err),
             "get");
        stop_watch(since, &ours[i], &cpus[i]);
        bares[i] = work->bare == NULL ? 0 : work->bare->get(work->client, key);
        creg_arena_reset(&arena);
    }
    tell(work, "get", median(ours, SMALL_ROUNDS), median(cpus, SMALL_ROUNDS),
         median(bares, SMALL_ROUNDS), 0);
    for (size_t i = 0; i < SMALL_ROUNDS; i++) {
        char text[16];
        snprintf(text, sizeof text, "state%zu", i);
        creg_property property = {creg_slice_of(path), creg_slice_of(text)};
        stopwatch since = start_watch();
        must(creg_set(work->registry, dn, &property, 1, NULL, &err), "set");
        stop_watch(since, &ours[i], &cpus[i]);
        bares[i] = work->bare == NULL ? 0 : work->bare->set(work->client, key, property.value);
    }
    tell(work, "set", median(ours, SMALL_ROUNDS), median(cpus, SMALL_ROUNDS),
         median(bares, SMALL_ROUNDS), 0);
    creg_arena_clear(&arena);
}

static void start(contest *work, const char *folder, const char *url, int slaves)
{
    creg_arena_init(&work->arena, (size_t)1 << 33);
    creg_template template_ = {.name = creg_slice_of("hadoop"),
                               .version = creg_slice_of("1.0"),
                               .type = creg_slice_of("json+jinja2"),
                               .body = read_file(folder, "template.json", &work->arena),
                               .options = read_file(folder, "options.json", &work->arena)};
    creg_open_options options = {.store = {.timeout_ms = 120000}};
    must(creg_open(url, &options, &work->registry, &err), url);
    must(creg_template_register(work->registry, &template_, true, &err), "register");
    creg_map *given = creg_map_new(&work->arena, 1);
    creg_map_set(&work->arena, given, creg_value_cstring("slaves.number"),
                 creg_value_int(slaves));
    work->spec = (creg_instance_spec){.user = creg_slice_of("jlopez"),
                                      .name = template_.name,
                                      .version = template_.version,
                                      .options = creg_value_map(given),
                                      .dry_run = true};
    must(creg_instantiate(work->registry, &work->spec, &work->arena, &work->planned, &err),
         "dry run");
    work->spec.dry_run = false;
    const char *colon = strchr(url, ':');
    work->bare = find_bare(url, (size_t)(colon - url));
    if (work->bare == NULL)
        return;
    char hosts[512];
    snprintf(hosts, sizeof hosts, "%.*s", (int)strcspn(colon + 3, "/?"), colon + 3);
    work->client = work->bare->open(hosts);
}

int main(int argc, char **argv)
{
    if (argc < 5)
        bench_fail("usage", "bench-stores EXAMPLE-FOLDER URL ROUNDS SLAVES [original]");
    contest work = {.rounds = strtoul(argv[3], NULL, 10), .with_original = argc > 5};
    if (work.rounds == 0 || work.rounds > ROUNDS_MAX)
        bench_fail("ROUNDS", "1 to 99");
    start(&work, argv[1], argv[2], (int)strtol(argv[4], NULL, 10));
    creg_slice dn = bench_writes(&work);
    bench_tree(&work, dn);
    bench_nodes(&work, dn);
    bench_property(&work, dn);
    must(creg_deinstantiate(work.registry, dn, &err), "deinstantiate");
    if (work.bare != NULL)
        work.bare->close(work.client);
    creg_close(work.registry);
    creg_arena_clear(&work.arena);
    return 0;
}
