/* SPDX-License-Identifier: MIT */
/*
 * confreg render: the template engine alone, without any store.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistr.h>

#include "cli.h"
#include "errors.h"
#include "input.h"
#include "output.h"

/* ---- the loader of --templates ---------------------------------------------------------- */

typedef struct template_folder {
    cli_context *cli;
    const char *path;
} template_folder;

/* No name leads out of the folder: not by "..", not by an absolute path, not by a NUL. */
static bool is_safe_name(creg_slice name)
{
    if (name.size == 0 || name.data[0] == '/' || memchr(name.data, '\0', name.size) != NULL)
        return false;
    for (size_t at = 0; at <= name.size;) {
        const char *slash = at < name.size ? memchr(name.data + at, '/', name.size - at) : NULL;
        size_t size = slash == NULL ? name.size - at : (size_t)(slash - name.data) - at;
        if (size == 2 && memcmp(name.data + at, "..", 2) == 0)
            return false;
        at += size + 1;
    }
    return true;
}

static creg_status fail_read(creg_error *err, creg_status status, const char *path,
                             const char *why)
{
    if (err != NULL) {
        creg_error_clear(err);
        err->status = status;
        snprintf(err->message, sizeof err->message, "%s: %s", path, why);
    }
    return status;
}

static creg_status read_stream(FILE *stream, const char *path, creg_arena *arena,
                               creg_slice *ret_source, creg_error *err)
{
    enum { PART = 16 * 1024, MOST = 16 * 1024 * 1024 };
    char *bytes = NULL;
    size_t size = 0;
    for (;;) {
        char *grown = creg_arena_grow(arena, bytes, size, size + PART);
        if (grown == NULL || size > MOST)
            return fail_read(err, CREG_LIMIT, path, "too large");
        bytes = grown;
        size_t got = fread(bytes + size, 1, PART, stream);
        size += got;
        if (got < PART)
            break;
    }
    if (ferror(stream))
        return fail_read(err, CREG_IO, path, strerror(errno));
    *ret_source = creg_slice_make(bytes, size);
    return CREG_OK;
}

/* The engine may call from any thread; this program has one. */
static creg_status load(void *user, creg_slice name, creg_arena *arena, creg_slice *ret_source,
                        creg_error *err)
{
    const template_folder *folder = user;
    if (!is_safe_name(name))
        return CREG_NOT_FOUND;
    const char *path =
        cli_format_text(folder->cli, "%s/%s", folder->path, cli_text(folder->cli, name));
    FILE *stream = fopen(path, "rb");
    if (stream == NULL)
        return errno == ENOENT || errno == ENOTDIR
                   ? CREG_NOT_FOUND
                   : fail_read(err, CREG_PERMISSION, path, strerror(errno));
    creg_status status = read_stream(stream, path, arena, ret_source, err);
    fclose(stream);
    return status;
}

/* ---- options ---------------------------------------------------------------------------- */

static int index_of(const char *const *names, const char *name)
{
    for (int at = 0; names[at] != NULL; at++)
        if (strcmp(names[at], name) == 0)
            return at;
    return 0;
}

static unsigned bits_of(const char *const *names, const char *list)
{
    unsigned bits = 0;
    for (; list != NULL && *list != '\0'; list += *list == ',') {
        size_t size = strcspn(list, ",");
        for (unsigned at = 0; names[at] != NULL; at++)
            if (strlen(names[at]) == size && memcmp(names[at], list, size) == 0)
                bits |= 1u << at;
        list += size;
    }
    return bits;
}

static void read_engine_options(cli_context *cli, jinja_options *options,
                                template_folder *folder)
{
    static const char *const undefined[] = {"default", "chainable", "debug", "strict", NULL};
    static const char *const autoescape[] = {"off", "html", "json", "yaml", NULL};
    static const char *const extensions[] = {"do", "loopcontrols", "i18n", "debug", NULL};
    static const char *const packs[] = {"config", NULL};
    const char *how = cli_option_value(cli, OPT_UNDEFINED);
    const char *escape = cli_option_value(cli, OPT_AUTOESCAPE);

    jinja_options_init(options);
    options->undefined = (jinja_undefined)index_of(undefined, how == NULL ? "strict" : how);
    options->autoescape =
        (jinja_autoescape)index_of(autoescape, escape == NULL ? "off" : escape);
    options->trim_blocks = cli_option_given(cli, OPT_TRIM_BLOCKS);
    options->lstrip_blocks = cli_option_given(cli, OPT_LSTRIP_BLOCKS);
    options->keep_trailing_newline = cli_option_given(cli, OPT_KEEP_TRAILING_NEWLINE);
    options->extensions = bits_of(extensions, cli_option_value(cli, OPT_EXTENSIONS));
    options->packs = bits_of(packs, cli_option_value(cli, OPT_PACKS));
    folder->cli = cli;
    folder->path = cli_option_value(cli, OPT_TEMPLATES);
    if (folder->path != NULL) {
        options->loader = load;
        options->loader_user = folder;
    }
}

/* ---- the command ------------------------------------------------------------------------ */

static creg_status compile_and_render(cli_context *cli, jinja_engine *engine, creg_slice source,
                                      creg_value context, creg_slice *ret_text)
{
    jinja_template *template_ = NULL;
    const char *name = cli_input_name(cli->words[0]);
    creg_status status =
        jinja_compile(engine, creg_slice_of(name), source, &template_, &cli->err);
    jinja_render_options options = {.cancel = &cli_cancel, .collect_undefined = true};
    if (status == CREG_OK)
        status = jinja_render(template_, context, &options, &cli->arena, ret_text, &cli->err);
    jinja_template_free(template_);
    return status;
}

static creg_status stdin_twice(cli_context *cli)
{
    bool body = strcmp(cli->words[0], "-") == 0;
    for (size_t at = 0; at < cli->given_count; at++)
        if (body && cli->given[at].id == OPT_CONTEXT && strcmp(cli->given[at].value, "-") == 0)
            return cli_fail(cli, CREG_USAGE, "render: BODY and --context cannot both be stdin");
    return CREG_OK;
}

creg_status cmd_render(cli_context *cli)
{
    creg_slice source;
    creg_slice text;
    creg_value context;
    jinja_options options;
    template_folder folder;
    jinja_engine *engine = NULL;
    creg_status status = stdin_twice(cli);
    if (status == CREG_OK)
        status = cli_read_file(cli, cli->words[0], &source);
    if (status == CREG_OK)
        status = cli_read_options(cli, CLI_FOR_RENDER, &context);
    if (status != CREG_OK)
        return status;
    if (u8_check((const uint8_t *)source.data, source.size) != NULL)
        return cli_fail(cli, CREG_INVALID, "%s: the template is not UTF-8",
                        cli_input_name(cli->words[0]));

    read_engine_options(cli, &options, &folder);
    status = jinja_engine_new(&options, &engine, &cli->err);
    if (status == CREG_OK)
        status = compile_and_render(cli, engine, source, context, &text);
    jinja_engine_free(engine);
    return status == CREG_OK ? cli_print_text(cli, "text", text) : status;
}
