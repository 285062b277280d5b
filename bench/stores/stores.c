/* SPDX-License-Identifier: MIT */
/*
 * The registry on one store beside a client that does nothing but send.
 *
 *     bench-stores EXAMPLE-FOLDER URL ROUNDS SLAVES [original]
 *
 * Prints a line of JSON for each operation: medians in milliseconds, ours and the bare
 * client's, and with "original" a PUT for each key. "cpu" is what ours has computed in this
 * process; the rest of its time it waited, for a server or for the disk. Both do the same to
 * the same keys and values, in turns, and change who goes first, so that a noisy machine is noisy
 * to both; "ratio" is the median of the rounds' ratios.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bare.h"

enum { ROUNDS_MAX = 200 };

/* Milliseconds after which an operation gets no further round. */
static const double enough_ms = 20e3;

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

static double median(const double *values, size_t count)
{
    double sorted[ROUNDS_MAX];
    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, compare);
    return sorted[count / 2];
}

/* ---- one store -------------------------------------------------------------------------- */

typedef struct contest {
    creg_registry *registry;
    const bare *bare;
    void *client;
    creg_instance_spec spec;
    creg_arena arena;      /* lives as long as all rounds */
    creg_arena scratch;    /* of one operation; the pages of the one before, as in a server */
    creg_instance planned; /* keys and values, by a dry run */
    creg_slice dn;         /* of the instance that is there */
    char dn_text[256];
    creg_slice bare_key; /* of the property, on the bare side */
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

/* ---- operations, in turns --------------------------------------------------------------- */

/* One operation on both sides; the bare client measures itself. */
typedef struct operation {
    const char *name;
    void (*ours)(contest *work, size_t number);
    double (*bare)(contest *work, size_t number);
} operation;

/* What its rounds took. */
typedef struct series {
    double ours[ROUNDS_MAX], cpu[ROUNDS_MAX], bare[ROUNDS_MAX];
    double spent;
    size_t count;
} series;

static bool wants_more(const series *times, size_t rounds)
{
    return times->count < rounds && (times->count == 0 || times->spent < enough_ms);
}

static void run_round(contest *work, const operation *what, series *times)
{
    size_t number = times->count++;
    bool is_bare_first = number % 2 == 1;
    times->bare[number] = 0;
    if (work->bare != NULL && is_bare_first)
        times->bare[number] = what->bare(work, number);
    double wall = bench_now_ms();
    double cpu = cpu_ms();
    what->ours(work, number);
    times->cpu[number] = cpu_ms() - cpu;
    times->ours[number] = bench_now_ms() - wall;
    if (work->bare != NULL && !is_bare_first)
        times->bare[number] = what->bare(work, number);
    times->spent += times->ours[number] + times->bare[number];
}

static void tell(const contest *work, const operation *what, const series *times,
                 double original)
{
    double ours = median(times->ours, times->count);
    printf("{\"operation\": \"%s\", \"keys\": %zu, \"ours\": %.3f, \"cpu\": %.3f", what->name,
           work->planned.pairs.size, ours, median(times->cpu, times->count));
    if (work->bare != NULL) {
        double ratios[ROUNDS_MAX];
        for (size_t i = 0; i < times->count; i++)
            ratios[i] = times->ours[i] / times->bare[i];
        printf(", \"bare\": %.3f, \"ratio\": %.3f", median(times->bare, times->count),
               median(ratios, times->count));
    }
    if (original > 0)
        printf(", \"original\": %.3f", original);
    printf("}\n");
    fflush(stdout);
}

static void our_create(contest *work, size_t number)
{
    (void)number;
    creg_instance instance;
    creg_arena_reset(&work->scratch);
    must(creg_instantiate(work->registry, &work->spec, &work->scratch, &instance, &err),
         "instantiate");
    memcpy(work->dn_text, instance.dn.data, instance.dn.size);
    work->dn = creg_slice_make(work->dn_text, instance.dn.size);
}

static double bare_create(contest *work, size_t number)
{
    (void)number;
    return work->bare->create(work->client, &work->planned.pairs);
}

static void our_remove(contest *work, size_t number)
{
    (void)number;
    must(creg_deinstantiate(work->registry, work->dn, &err), "deinstantiate");
}

static double bare_remove(contest *work, size_t number)
{
    (void)number;
    return work->bare->remove(work->client, &work->planned.pairs, work->planned.dn);
}

static void our_tree(contest *work, size_t number)
{
    (void)number;
    creg_value tree;
    must(creg_tree(work->registry, work->dn, 0, &work->scratch, &tree, &err), "tree");
}

static double bare_tree(contest *work, size_t number)
{
    (void)number;
    return work->bare->tree(work->client, work->planned.dn);
}

static void our_nodes(contest *work, size_t number)
{
    (void)number;
    creg_names names;
    must(creg_parts(work->registry, work->dn, CREG_PART_NODES, &work->scratch, &names, &err),
         "nodes");
}

static double bare_nodes(contest *work, size_t number)
{
    (void)number;
    return work->bare->nodes(work->client, work->planned.dn);
}

static const char property_path[] = "nodes/slave1/status";

static void our_get(contest *work, size_t number)
{
    (void)number;
    creg_slice value;
    must(creg_get(work->registry, work->dn, creg_slice_of(property_path), &work->scratch,
                  &value, NULL, &err),
         "get");
}

static double bare_get(contest *work, size_t number)
{
    (void)number;
    return work->bare->get(work->client, work->bare_key);
}

/* Another value in each round. */
static creg_slice new_value(size_t number)
{
    static char text[24];
    snprintf(text, sizeof text, "state%zu", number);
    return creg_slice_of(text);
}

static void our_set(contest *work, size_t number)
{
    creg_property property = {creg_slice_of(property_path), new_value(number)};
    must(creg_set(work->registry, work->dn, &property, 1, NULL, &err), "set");
}

static double bare_set(contest *work, size_t number)
{
    return work->bare->set(work->client, work->bare_key, new_value(number));
}

/* Makes and removes; the last one stays, on both sides. */
static void bench_writes(contest *work)
{
    static const operation create = {"instantiate", our_create, bare_create};
    static const operation delete = {"delete", our_remove, bare_remove};
    static series created, removed;
    double original = 0;
    run_round(work, &create, &created);
    do {
        run_round(work, &delete, &removed);
        run_round(work, &create, &created);
    } while (wants_more(&created, work->rounds));
    if (work->with_original && work->bare != NULL && work->bare->one_by_one != NULL)
        original = work->bare->one_by_one(work->client, &work->planned.pairs);
    tell(work, &create, &created, original);
    tell(work, &delete, &removed, 0);
}

static void bench_rest(contest *work)
{
    static const operation reads_and_set[] = {{"tree", our_tree, bare_tree},
                                              {"nodes", our_nodes, bare_nodes},
                                              {"get", our_get, bare_get},
                                              {"set", our_set, bare_set}};
    for (size_t i = 0; i < sizeof reads_and_set / sizeof *reads_and_set; i++) {
        series times = {.count = 0};
        while (wants_more(&times, ROUNDS_MAX)) {
            run_round(work, &reads_and_set[i], &times);
            creg_arena_reset(&work->scratch);
        }
        tell(work, &reads_and_set[i], &times, 0);
    }
}

static void start(contest *work, const char *folder, const char *url, int slaves)
{
    creg_arena_init(&work->arena, (size_t)1 << 33);
    creg_arena_init(&work->scratch, (size_t)1 << 32);
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
    char key[512];
    int size = snprintf(key, sizeof key, "%.*s/%s", (int)work->planned.dn.size,
                        work->planned.dn.data, property_path);
    work->bare_key = creg_arena_copy(&work->arena, creg_slice_make(key, (size_t)size));
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
        bench_fail("ROUNDS", "1 to 200");
    start(&work, argv[1], argv[2], (int)strtol(argv[4], NULL, 10));
    bench_writes(&work);
    bench_rest(&work);
    our_remove(&work, 0);
    if (work.bare != NULL)
        work.bare->close(work.client);
    creg_close(work.registry);
    creg_arena_clear(&work.scratch);
    creg_arena_clear(&work.arena);
    return 0;
}
