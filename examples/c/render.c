/* SPDX-License-Identifier: MIT */
/*
 * The template engine alone: render a file against a JSON context, without any registry.
 *
 *     cc render.c $(pkg-config --cflags --libs confreg) && ./a.out letter.txt '{"who": "world"}'
 */
#include <stdio.h>

#include <confreg/confreg.h>

enum { SOURCE_MAX = 64 * 1024 };

static void explain(const creg_error *err)
{
    fprintf(stderr, "%s:%u:%u: %s: %s\n", err->source, (unsigned)err->line,
            (unsigned)err->column, creg_status_text(err->status), err->message);
    if (err->snippet[0] != '\0')
        fprintf(stderr, "    %s\n", err->snippet);
}

static creg_status render(jinja_engine *engine, const char *name, creg_slice source,
                          creg_slice context_json, creg_arena *arena, creg_error *err)
{
    creg_value context;
    creg_status status = creg_json_parse(context_json, "context", 0, arena, &context, err);
    if (status != CREG_OK)
        return status;

    jinja_template *compiled = NULL;
    status = jinja_compile(engine, creg_slice_of(name), source, &compiled, err);
    if (status != CREG_OK)
        return status;

    creg_slice text;
    status = jinja_render(compiled, context, NULL, arena, &text, err);
    if (status == CREG_OK)
        fwrite(text.data, 1, text.size, stdout);
    jinja_template_free(compiled);
    return status;
}

int main(int argc, char **argv)
{
    static char source[SOURCE_MAX];
    if (argc != 3) {
        fprintf(stderr, "usage: render FILE JSON\n");
        return 2;
    }
    FILE *file = fopen(argv[1], "rb");
    if (file == NULL) {
        perror(argv[1]);
        return 3;
    }
    size_t size = fread(source, 1, sizeof source, file);
    fclose(file);

    creg_arena arena;
    creg_arena_init(&arena, (size_t)64 * 1024 * 1024);
    creg_error err;
    jinja_engine *engine = NULL;
    creg_status status = jinja_engine_new(NULL, &engine, &err);
    if (status == CREG_OK)
        status = render(engine, argv[1], creg_slice_make(source, size), creg_slice_of(argv[2]),
                        &arena, &err);
    if (status != CREG_OK)
        explain(&err);
    jinja_engine_free(engine);
    creg_arena_clear(&arena);
    return creg_status_exit_code(status);
}
