/* SPDX-License-Identifier: MIT */
/*
 * jinja-fixtures: run cases written as text, tests/jinja/NAME.txt.
 *
 *     # a comment
 *     @ packs=config autoescape undefined=strict memory=67108864      for all cases below it
 *     {{ 'a'|upper }}
 *     = A
 *     {{ 1|upper(2) }}
 *     ! TypeError: upper() takes 1 positional argument but 2 were given
 *
 * A template is one line; in "=" lines \n, \t and \\ are escapes. An error is the type, or the
 * name of the status where there is none (LIMIT), and what the message begins with.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "confreg/jinja.h"

typedef struct fixtures {
    const char *path;
    unsigned line;
    unsigned passed;
    unsigned failed;
    jinja_options options;
    char template_[4096];
} fixtures;

/* ---- settings --------------------------------------------------------------------------- */

static bool set_option(fixtures *f, const char *word)
{
    if (strcmp(word, "packs=config") == 0)
        f->options.packs = JINJA_PACK_CONFIG;
    else if (strcmp(word, "autoescape") == 0)
        f->options.autoescape = JINJA_AUTOESCAPE_HTML;
    else if (strcmp(word, "undefined=strict") == 0)
        f->options.undefined = JINJA_UNDEFINED_STRICT;
    else if (strcmp(word, "undefined=chainable") == 0)
        f->options.undefined = JINJA_UNDEFINED_CHAINABLE;
    else if (strcmp(word, "sandbox") == 0)
        f->options.sandbox = JINJA_SANDBOX_IMMUTABLE;
    else if (strcmp(word, "i18n") == 0)
        f->options.extensions = JINJA_EXTENSION_I18N;
    else if (strcmp(word, "newstyle") == 0)
        f->options.newstyle_gettext = true;
    else if (strncmp(word, "memory=", 7) == 0)
        f->options.limits.memory_bytes = (size_t)strtoul(word + 7, NULL, 10);
    else
        return false;
    return true;
}

static void read_settings(fixtures *f, char *line)
{
    jinja_options_init(&f->options);
    f->options.random_seed = 1;
    char *rest = NULL;
    for (char *word = strtok_r(line, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        if (!set_option(f, word)) {
            fprintf(stderr, "%s:%u: no setting '%s'\n", f->path, f->line, word);
            f->failed++;
        }
    }
}

/* ---- one case --------------------------------------------------------------------------- */

static void unescape(char *text)
{
    char *out = text;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\\' && at[1] != '\0') {
            at++;
            *out++ = *at == 'n' ? '\n' : *at == 't' ? '\t' : *at;
        } else {
            *out++ = *at;
        }
    }
    *out = '\0';
}

static creg_status render(fixtures *f, creg_arena *arena, creg_slice *ret_text, creg_error *err)
{
    jinja_engine *engine = NULL;
    jinja_template *compiled = NULL;
    creg_status status = jinja_engine_new(&f->options, &engine, err);
    if (status == CREG_OK)
        status = jinja_compile(engine, creg_slice_of(""), creg_slice_of(f->template_),
                               &compiled, err);
    if (status == CREG_OK)
        status = jinja_render(compiled, creg_value_none(), NULL, arena, ret_text, err);
    jinja_template_free(compiled);
    jinja_engine_free(engine);
    return status;
}

static void judge(fixtures *f, bool passed, const char *expected, const char *given)
{
    if (passed) {
        f->passed++;
        return;
    }
    f->failed++;
    fprintf(stderr, "%s:%u: %s\n  expected %s\n  given    %s\n", f->path, f->line, f->template_,
            expected, given);
}

static void check_output(fixtures *f, char *expected)
{
    creg_arena arena;
    creg_error err;
    creg_slice text = {0};
    creg_arena_init(&arena, (size_t)1 << 30);
    creg_error_clear(&err);
    unescape(expected);
    if (render(f, &arena, &text, &err) != CREG_OK) {
        judge(f, false, expected, err.message);
    } else {
        creg_slice copy = creg_arena_copy(&arena, text);
        judge(f, creg_slice_equal(text, creg_slice_of(expected)), expected, copy.data);
    }
    creg_arena_clear(&arena);
}

static void check_error(fixtures *f, const char *expected)
{
    creg_arena arena;
    creg_error err;
    creg_slice text = {0};
    char given[CREG_ERROR_MESSAGE_SIZE + 64] = "no error";
    creg_arena_init(&arena, (size_t)1 << 30);
    creg_error_clear(&err);
    creg_status status = render(f, &arena, &text, &err);
    if (status != CREG_OK)
        snprintf(given, sizeof given, "%s: %s",
                 err.type[0] != '\0' ? err.type : creg_status_name(status), err.message);
    judge(f, strncmp(given, expected, strlen(expected)) == 0, expected, given);
    creg_arena_clear(&arena);
}

static void run_line(fixtures *f, char *line)
{
    if (line[0] == '\0' || line[0] == '#')
        return;
    if (line[0] == '@')
        read_settings(f, line + 1);
    else if (line[0] == '=' && (line[1] == ' ' || line[1] == '\0'))
        check_output(f, line[1] == ' ' ? line + 2 : line + 1);
    else if (line[0] == '!' && line[1] == ' ')
        check_error(f, line + 2);
    else
        snprintf(f->template_, sizeof f->template_, "%s", line);
}

static int run_file(const char *path, unsigned *passed)
{
    fixtures f = {.path = path};
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    char nothing[] = "";
    read_settings(&f, nothing);
    char line[4096];
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        f.line++;
        run_line(&f, line);
    }
    fclose(file);
    *passed += f.passed;
    return f.failed > 0;
}

int main(int count, char **paths)
{
    int failed = 0;
    unsigned passed = 0;
    for (int i = 1; i < count; i++)
        failed |= run_file(paths[i], &passed);
    printf("%u passed\n", passed);
    return failed || passed == 0;
}
