/* SPDX-License-Identifier: MIT */
/*
 * jinja-hostile: templates that want to hurt the process, tests/jinja/hostile/NAME.txt.
 *
 *     # a comment
 *     @ sandbox undefined=strict          settings for all cases below it
 *     > part {{ 1 }}                      a template that the next case's loader knows
 *     {{ 'x' * 10**9 }}[[3*{% if 1 %}]]   the template; [[N*text]] stands for N times text
 *     ! LIMIT                             must fail so: the type, or the status without one
 *     = text                              must give this text
 *     ~                                   completes or ends with a limit, both are fine
 *
 * Each case runs in a child, on a thread with 512 KiB of stack, with 56 MiB of memory and a
 * four million steps. Whatever happens, it must be over within 250 ms of
 * CPU time and 64 MiB, and a limit must say its name, its line and how to raise it.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confreg/jinja.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* Arenas whose blocks are allocations of their own: malloc's memory and time come on top. */
#ifdef CREG_ARENA_DEBUG
#define SMALL_BLOCKS 1
#else
#define SMALL_BLOCKS 0
#endif

enum {
    FUEL = 4000000,
    MEMORY = 56 * 1024 * 1024,
    MEMORY_MAX_KB = (SMALL_BLOCKS ? 96 : 64) * 1024,
    CPU_MAX_MS = SMALL_BLOCKS ? 500 : 250,
    STACK = SANITIZED ? 8 * 1024 * 1024 : 512 * 1024,
    ATTEMPTS = 4, /* another process on the same core can slow ours: the best one counts */
    PARTS_MAX = 8
};

typedef struct hostile {
    const char *path;
    unsigned line;
    unsigned passed, failed;
    double slowest_ms;
    char slowest[80];
    jinja_options options;
    char *parts[PARTS_MAX]; /* "name text" */
    size_t part_count;
    char *source;
} hostile;

/* What a child tells. */
typedef struct outcome {
    creg_status status;
    unsigned line;
    double cpu_ms;
    long memory_kb;
    bool text_matches;
    char type[64];
    char message[CREG_ERROR_MESSAGE_SIZE];
    char hint[512];
    char text[200];
} outcome;

/* ---- one render --------------------------------------------------------------------------- */

static creg_status load(void *user, creg_slice name, creg_arena *arena, creg_slice *ret_source,
                        creg_error *err)
{
    const hostile *h = user;
    (void)arena;
    (void)err;
    for (size_t i = 0; i < h->part_count; i++) {
        size_t size = strcspn(h->parts[i], " ");
        if (creg_slice_equal(name, creg_slice_make(h->parts[i], size))) {
            *ret_source = creg_slice_of(h->parts[i] + size + (h->parts[i][size] == ' '));
            return CREG_OK;
        }
    }
    return CREG_NOT_FOUND;
}

static creg_value make_context(creg_arena *arena)
{
    creg_map *map = creg_map_new(arena, 4);
    creg_list *list = creg_list_new(arena, 3);
    creg_map *inner = creg_map_new(arena, 2);
    if (map == NULL || list == NULL || inner == NULL)
        abort();
    for (int64_t i = 3; i > 0; i--)
        creg_list_append(arena, list, creg_value_int(i));
    creg_map_set(arena, inner, creg_value_cstring("k"), creg_value_int(1));
    creg_map_set(arena, map, creg_value_cstring("l"), creg_value_list(list));
    creg_map_set(arena, map, creg_value_cstring("d"), creg_value_map(inner));
    creg_map_set(arena, map, creg_value_cstring("s"), creg_value_cstring("a <b> c"));
    return creg_value_map(map);
}

typedef struct job {
    hostile *h;
    const char *expected; /* text; NULL: any */
    outcome result;
} job;

static creg_status render(hostile *h, creg_arena *arena, creg_slice *ret_text, creg_error *err)
{
    jinja_engine *engine = NULL;
    jinja_template *compiled = NULL;
    creg_status status = jinja_engine_new(&h->options, &engine, err);
    if (status == CREG_OK)
        status = jinja_compile(engine, creg_slice_of("body"), creg_slice_of(h->source),
                               &compiled, err);
    if (status == CREG_OK)
        status = jinja_render(compiled, make_context(arena), NULL, arena, ret_text, err);
    jinja_template_free(compiled);
    jinja_engine_free(engine);
    return status;
}

static double used_ms(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

static void tell_error(outcome *result, const creg_error *err)
{
    snprintf(result->type, sizeof result->type, "%s",
             err->type[0] != '\0' ? err->type : creg_status_name(result->status));
    snprintf(result->message, sizeof result->message, "%s", err->message);
    snprintf(result->hint, sizeof result->hint, "%s", err->hint);
    result->line = err->line;
}

static void *run_job(void *argument)
{
    job *work = argument;
    outcome *result = &work->result;
    creg_arena arena;
    static creg_error err;
    creg_slice text = {0};
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    long memory = usage.ru_maxrss;
    double start = used_ms();
    creg_error_clear(&err);
    creg_arena_init(&arena, (size_t)1 << 30);
    result->status = render(work->h, &arena, &text, &err);
    result->cpu_ms = used_ms() - start;
    getrusage(RUSAGE_SELF, &usage);
    result->memory_kb = usage.ru_maxrss - memory;
    if (result->status == CREG_OK) {
        snprintf(result->text, sizeof result->text, "%.*s",
                 (int)(text.size < 190 ? text.size : 190), text.size == 0 ? "" : text.data);
        result->text_matches =
            work->expected != NULL && creg_slice_equal(text, creg_slice_of(work->expected));
    } else {
        tell_error(result, &err);
    }
    creg_arena_clear(&arena);
    return NULL;
}

static void run_child(job *work, int to)
{
    struct rlimit cpu = {SANITIZED ? 60 : 2, SANITIZED ? 60 : 2};
    pthread_attr_t attributes;
    pthread_t thread;
    setrlimit(RLIMIT_CPU, &cpu);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    if (pthread_create(&thread, &attributes, run_job, work) != 0)
        _exit(3);
    pthread_join(thread, NULL);
    ssize_t written = write(to, &work->result, sizeof work->result);
    _exit(written == (ssize_t)sizeof work->result ? 0 : 3);
}

/* False when the child died; `how` tells. */
static bool run_forked(job *work, char *how, size_t how_size)
{
    int ends[2];
    if (pipe(ends) != 0)
        abort();
    pid_t child = fork();
    if (child == 0)
        run_child(work, ends[1]);
    close(ends[1]);
    ssize_t size = read(ends[0], &work->result, sizeof work->result);
    close(ends[0]);
    int ended = 0;
    waitpid(child, &ended, 0);
    if (WIFSIGNALED(ended))
        snprintf(how, how_size, "died of signal %d", WTERMSIG(ended));
    else
        snprintf(how, how_size, "ended with %d", WEXITSTATUS(ended));
    return size == (ssize_t)sizeof work->result && WIFEXITED(ended) && WEXITSTATUS(ended) == 0;
}

/* ---- judging ------------------------------------------------------------------------------ */

static const char *judge_error(const outcome *result, const char *expected)
{
    if (expected != NULL && strncmp(result->type, expected, strlen(expected)) != 0)
        return "another error than expected";
    if (result->message[0] == '\0')
        return "an error without a message";
    if (result->status != CREG_LIMIT)
        return expected == NULL ? "neither completed nor a limit" : NULL;
    if (result->line == 0)
        return "a limit that names no line";
    return result->hint[0] == '\0' ? "a limit that does not say how to raise it" : NULL;
}

/* NULL when all is well. `line` is the expectation as written. */
static const char *judge(const outcome *result, const char *line)
{
    bool failed = result->status != CREG_OK;
    if (!SANITIZED && result->cpu_ms > CPU_MAX_MS)
        return "too slow";
    if (!SANITIZED && result->memory_kb > MEMORY_MAX_KB)
        return "too much memory";
    if (line[0] == '!')
        return failed ? judge_error(result, line + 2) : "no error";
    if (line[0] == '=')
        return failed ? "an error" : result->text_matches ? NULL : "another text";
    return failed ? judge_error(result, NULL) : NULL;
}

static void report(hostile *h, const job *work, const char *complaint, const char *expected)
{
    const outcome *r = &work->result;
    fprintf(stderr, "%s:%u: %s\n  template  %.200s\n  expected  %s\n", h->path, h->line,
            complaint, h->source, expected);
    fprintf(stderr,
            "  given     %s %s line %u hint: %s\n  text      %s\n  cpu %.0f ms, %ld KiB\n",
            r->type, r->message, r->line, r->hint, r->text, r->cpu_ms, r->memory_kb);
}

static void check(hostile *h, const char *expectation)
{
    job work = {.h = h};
    char how[64];
    const char *complaint = NULL;
    double best = 0;
    if (expectation[0] == '=')
        work.expected = expectation[1] == ' ' ? expectation + 2 : "";
    for (int i = 0; i < ATTEMPTS; i++) {
        work.result = (outcome){0};
        complaint = run_forked(&work, how, sizeof how) ? judge(&work.result, expectation) : how;
        best = i == 0 || work.result.cpu_ms < best ? work.result.cpu_ms : best;
        bool is_measured = complaint != NULL && strncmp(complaint, "too ", 4) == 0;
        if (!is_measured || best > 2 * CPU_MAX_MS)
            break;
    }
    if (best > h->slowest_ms) {
        h->slowest_ms = best;
        snprintf(h->slowest, sizeof h->slowest, "%.70s", h->source);
    }
    if (getenv("HOSTILE_SHOW") != NULL)
        printf("%7.1f ms %6ld KiB %-16s %.100s\n", work.result.cpu_ms, work.result.memory_kb,
               work.result.status == CREG_OK ? "ok" : work.result.type, h->source);
    if (complaint == NULL) {
        h->passed++;
        return;
    }
    h->failed++;
    report(h, &work, complaint, expectation);
}

/* ---- reading ------------------------------------------------------------------------------ */

static void append(char **text, size_t *size, const char *piece, size_t piece_size)
{
    *text = realloc(*text, *size + piece_size + 1);
    if (*text == NULL)
        abort();
    memcpy(*text + *size, piece, piece_size);
    *size += piece_size;
    (*text)[*size] = '\0';
}

/* [[N*text]] becomes N times text; owned by the caller. */
static char *expand(const char *line)
{
    char *text = NULL;
    size_t size = 0;
    append(&text, &size, "", 0);
    while (*line != '\0') {
        char *star;
        unsigned long count = strncmp(line, "[[", 2) == 0 ? strtoul(line + 2, &star, 10) : 0;
        const char *end = count > 0 && *star == '*' ? strstr(star, "]]") : NULL;
        if (end == NULL) {
            append(&text, &size, line++, 1);
            continue;
        }
        for (; count > 0; count--)
            append(&text, &size, star + 1, (size_t)(end - star - 1));
        line = end + 2;
    }
    return text;
}

static bool set_option(jinja_options *options, const char *word)
{
    if (strcmp(word, "sandbox") == 0)
        options->sandbox = JINJA_SANDBOX_IMMUTABLE;
    else if (strcmp(word, "standard") == 0)
        options->sandbox = JINJA_SANDBOX_STANDARD;
    else if (strcmp(word, "undefined=strict") == 0)
        options->undefined = JINJA_UNDEFINED_STRICT;
    else if (strcmp(word, "autoescape") == 0)
        options->autoescape = JINJA_AUTOESCAPE_HTML;
    else if (strcmp(word, "json") == 0)
        options->autoescape = JINJA_AUTOESCAPE_JSON;
    else
        return false;
    return true;
}

static void read_settings(hostile *h, char *line)
{
    jinja_options *options = &h->options;
    jinja_options_init(options);
    options->packs = JINJA_PACK_CONFIG;
    options->extensions = JINJA_EXTENSION_DO | JINJA_EXTENSION_LOOPCONTROLS |
                          JINJA_EXTENSION_I18N | JINJA_EXTENSION_DEBUG;
    options->random_seed = 1;
    options->limits.fuel = FUEL;
    options->limits.memory_bytes = MEMORY;
    options->loader = load;
    options->loader_user = h;
    char *rest = NULL;
    for (char *word = strtok_r(line, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest))
        if (!set_option(options, word)) {
            fprintf(stderr, "%s:%u: no setting '%s'\n", h->path, h->line, word);
            h->failed++;
        }
}

static void forget_case(hostile *h)
{
    for (size_t i = 0; i < h->part_count; i++)
        free(h->parts[i]);
    h->part_count = 0;
    free(h->source);
    h->source = NULL;
}

static void run_line(hostile *h, char *line)
{
    bool judged = (line[0] == '!' && line[1] == ' ') || line[0] == '~' ||
                  (line[0] == '=' && (line[1] == ' ' || line[1] == '\0'));
    if (line[0] == '\0' || strncmp(line, "# ", 2) == 0)
        return;
    if (line[0] == '@' && line[1] == ' ') {
        read_settings(h, line + 1);
    } else if (line[0] == '>' && h->part_count < PARTS_MAX) {
        h->parts[h->part_count++] = expand(line + 2);
    } else if (judged && h->source != NULL) {
        check(h, line);
        forget_case(h);
    } else {
        if (h->source != NULL) {
            fprintf(stderr, "%s:%u: the case before has no expectation\n", h->path, h->line);
            h->failed++;
        }
        free(h->source);
        h->source = expand(line);
    }
}

static bool run_file(const char *path, unsigned *passed)
{
    hostile h = {.path = path};
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        return false;
    }
    char nothing[] = "";
    char *line = NULL;
    size_t capacity = 0;
    read_settings(&h, nothing);
    while (getline(&line, &capacity, file) > 0) {
        line[strcspn(line, "\n")] = '\0';
        h.line++;
        run_line(&h, line);
    }
    forget_case(&h);
    free(line);
    fclose(file);
    printf("%s: %u passed, %u failed, slowest %.0f ms: %s\n", path, h.passed, h.failed,
           h.slowest_ms, h.slowest);
    *passed += h.passed;
    return h.failed == 0;
}

int main(int count, char **paths)
{
    bool good = true;
    unsigned passed = 0;
    setvbuf(stdout, NULL, _IOLBF, 0); /* children must not print it again */
    for (int i = 1; i < count; i++)
        good = run_file(paths[i], &passed) && good;
    printf("%u passed\n", passed);
    return good && passed > 0 ? 0 : 1;
}
