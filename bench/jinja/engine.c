/* SPDX-License-Identifier: MIT */
/*
 * Our engine as one of the peers of run.py: compile and render one case, print medians.
 *
 * Usage: bench-jinja CASE_FOLDER SECONDS OUTPUT_FILE. Uses the public headers only, as any
 * program would.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "confreg/confreg.h"

enum { TEMPLATES_MAX = 16, SAMPLES_MAX = 1000000 };

typedef struct bench_source {
    char name[64];
    creg_slice text;
} bench_source;

typedef struct bench_case {
    bench_source sources[TEMPLATES_MAX];
    size_t count;
    creg_value context;
    creg_arena arena;
} bench_case;

static void fail_with(const creg_error *err)
{
    fprintf(stderr, "bench-jinja: %s:%u: %s\n", err->source, err->line, err->message);
    exit(1);
}

static creg_slice read_file(creg_arena *arena, const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *data = creg_arena_alloc(arena, size + 1);
    if (data == NULL || fread(data, 1, size, file) != size)
        exit(1);
    fclose(file);
    return creg_slice_make(data, size);
}

static void read_case(bench_case *bench, const char *folder)
{
    creg_arena_init(&bench->arena, (size_t)1 << 30);
    DIR *entries = opendir(folder);
    if (entries == NULL) {
        perror(folder);
        exit(1);
    }
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        size_t length = strlen(entry->d_name);
        if (length < 4 || strcmp(entry->d_name + length - 3, ".j2") != 0 || length > 63 ||
            bench->count == TEMPLATES_MAX)
            continue;
        bench_source *source = &bench->sources[bench->count++];
        snprintf(source->name, sizeof source->name, "%s", entry->d_name);
        source->text = read_file(&bench->arena, folder, entry->d_name);
    }
    closedir(entries);
    creg_error err;
    creg_slice document = read_file(&bench->arena, folder, "context.json");
    if (creg_json_parse(document, "context.json", 0, &bench->arena, &bench->context, &err))
        fail_with(&err);
}

static creg_status load(void *user, creg_slice name, creg_arena *arena, creg_slice *ret_source,
                        creg_error *err)
{
    (void)arena;
    (void)err;
    const bench_case *bench = user;
    for (size_t i = 0; i < bench->count; i++) {
        if (creg_slice_equal(name, creg_slice_of(bench->sources[i].name))) {
            *ret_source = bench->sources[i].text;
            return CREG_OK;
        }
    }
    return CREG_NOT_FOUND;
}

/* Compile every template of the case afresh, as the peers do; gives main.j2. */
static const jinja_template *compile_all(bench_case *bench, jinja_engine **ret_engine)
{
    creg_error err;
    jinja_options options;
    jinja_options_init(&options);
    options.loader = load;
    options.loader_user = bench;
    if (jinja_engine_new(&options, ret_engine, &err))
        fail_with(&err);
    const jinja_template *main_template = NULL;
    for (size_t i = 0; i < bench->count; i++) {
        const jinja_template *loaded;
        if (jinja_load(*ret_engine, creg_slice_of(bench->sources[i].name), &loaded, &err))
            fail_with(&err);
        if (strcmp(bench->sources[i].name, "main.j2") == 0)
            main_template = loaded;
    }
    return main_template;
}

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static void sort_samples(double *samples, size_t count, double *ret_median, double *ret_least)
{
    qsort(samples, count, sizeof *samples, compare_doubles);
    *ret_median = samples[count / 2];
    *ret_least = samples[0];
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: bench-jinja CASE_FOLDER SECONDS OUTPUT_FILE\n");
        return 2;
    }
    static bench_case bench;
    read_case(&bench, argv[1]);
    double seconds = atof(argv[2]);
    double *samples = malloc(SAMPLES_MAX * sizeof *samples);
    if (samples == NULL)
        return 1;
    creg_error err;

    size_t count = 0;
    for (double end = now_us() + seconds / 2 * 1e6; now_us() < end && count < SAMPLES_MAX;) {
        jinja_engine *engine;
        double start = now_us();
        compile_all(&bench, &engine);
        jinja_engine_free(engine);
        samples[count++] = now_us() - start;
    }
    double compile_median, compile_least;
    sort_samples(samples, count, &compile_median, &compile_least);

    jinja_engine *engine;
    const jinja_template *main_template = compile_all(&bench, &engine);
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 30);
    creg_slice text = {NULL, 0};
    count = 0;
    for (double end = now_us() + seconds * 1e6; now_us() < end && count < SAMPLES_MAX;) {
        double start = now_us();
        creg_arena_reset(&arena);
        if (jinja_render(main_template, bench.context, NULL, &arena, &text, &err))
            fail_with(&err);
        samples[count++] = now_us() - start;
    }
    double render_median, render_least;
    sort_samples(samples, count, &render_median, &render_least);

    FILE *output = fopen(argv[3], "wb");
    if (output == NULL || fwrite(text.data, 1, text.size, output) != text.size)
        return 1;
    fclose(output);
    const char *name = strrchr(argv[1], '/');
    printf(
        "{\"engine\": \"confreg %s\", \"case\": \"%s\", \"bytes\": %zu, \"compile_us\": %.3f, "
        "\"compile_min_us\": %.3f, \"render_us\": %.3f, \"render_min_us\": %.3f}\n",
        creg_version_text(), name == NULL ? argv[1] : name + 1, text.size, compile_median,
        compile_least, render_median, render_least);
    creg_arena_clear(&arena);
    creg_arena_clear(&bench.arena);
    jinja_engine_free(engine);
    free(samples);
    return 0;
}
