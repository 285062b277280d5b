/* SPDX-License-Identifier: MIT */
/*
 * Render any bytes as a template against a context that has one of everything, with little
 * fuel. The first byte chooses autoescape and undefined; two renders must give the same.
 */
#include "fuzz.h"

static const char context_json[] =
    "{\"i\": 7, \"j\": -3, \"big\": 123456789012345678901234567890, \"f\": 2.5, \"s\": \"a <b> "
    "c\","
    " \"t\": \"\", \"yes\": true, \"no\": false, \"null\": null, \"l\": [3, 1, 2],"
    " \"w\": [\"b\", \"A\", \"\"], \"d\": {\"a\": 1, \"b\": \"x\", \"c\": {\"d\": [1, {\"e\": "
    "2}]}},"
    " \"rows\": [{\"name\": \"x\", \"size\": 2}, {\"name\": \"Y\", \"size\": 1}],"
    " \"opts\": {\"slaves.number\": 2, \"name\": \"q\\\"uote\"}}";

static creg_status part(void *user, creg_slice name, creg_arena *arena, creg_slice *ret_source,
                        creg_error *err)
{
    (void)user;
    (void)err;
    if (name.size != 1 || (name.data[0] != 'p' && name.data[0] != 'q'))
        return CREG_NOT_FOUND;
    *ret_source = creg_arena_copy(
        arena,
        creg_slice_of(name.data[0] == 'p'
                          ? "{% macro m(a, b=1) %}{{ a }}{{ b }}{% endmacro %}{% set v = 1 %}"
                          : "{% block b %}{{ i }}{% endblock %}{% block c %}{% endblock %}"));
    return ret_source->data == NULL ? CREG_NO_MEMORY : CREG_OK;
}

static void choose(jinja_options *options, uint8_t bits)
{
    jinja_options_init(options);
    options->autoescape = (jinja_autoescape)(bits & 3);
    options->undefined = (jinja_undefined)((bits >> 2) & 3);
    options->sandbox = bits & 16 ? JINJA_SANDBOX_IMMUTABLE : JINJA_SANDBOX_NONE;
    options->trim_blocks = bits & 32;
    options->extensions =
        JINJA_EXTENSION_DO | JINJA_EXTENSION_LOOPCONTROLS | JINJA_EXTENSION_I18N;
    options->packs = bits & 64 ? JINJA_PACK_CONFIG : 0;
    options->random_seed = 1;
    options->loader = part;
    options->limits.fuel = 200000;
    options->limits.memory_bytes = 16 * 1024 * 1024;
    options->limits.output_bytes = 1024 * 1024;
}

static creg_status render(const jinja_template *compiled, creg_value context, creg_arena *arena,
                          creg_slice *ret_text)
{
    creg_error err;
    jinja_trace trace = {0};
    const jinja_render_options options = {.ret_trace = &trace};
    creg_status status = jinja_render(compiled, context, &options, arena, ret_text, &err);
    MUST_EXPLAIN(status, &err);
    if (status != CREG_OK)
        return status;
    /* Pieces are in order and lie inside the output. */
    for (size_t at = 0; at < trace.size; at++)
        MUST(trace.pieces[at].output_at <= ret_text->size &&
             (at == 0 || trace.pieces[at].output_at >= trace.pieces[at - 1].output_at));
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    creg_arena arena;
    creg_arena_init(&arena, FUZZ_MEMORY);
    jinja_options options;
    choose(&options, data[0]);
    jinja_engine *engine = NULL;
    jinja_template *compiled = NULL;
    creg_error err;
    creg_value context;
    MUST(jinja_engine_new(&options, &engine, &err) == CREG_OK);
    MUST(creg_json_parse(creg_slice_of(context_json), NULL, 0, &arena, &context, &err) ==
         CREG_OK);
    creg_status status = jinja_compile(engine, creg_slice_of("fuzz"),
                                       fuzz_slice(data + 1, size - 1), &compiled, &err);
    if (status == CREG_OK) {
        creg_slice first = {0}, second = {0};
        status = render(compiled, context, &arena, &first);
        MUST(render(compiled, context, &arena, &second) == status);
        MUST(status != CREG_OK || creg_slice_equal(first, second));
    }
    jinja_template_free(compiled);
    jinja_engine_free(engine);
    creg_arena_clear(&arena);
    return 0;
}
