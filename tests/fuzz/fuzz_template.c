/* SPDX-License-Identifier: MIT */
/*
 * Compile any bytes as a template: lexer, parser, name resolution, and what a template tells
 * about itself. The first byte chooses the environment.
 */
#include "fuzz.h"

static void choose(jinja_options *options, uint8_t bits)
{
    jinja_options_init(options);
    options->trim_blocks = bits & 1;
    options->lstrip_blocks = bits & 2;
    options->keep_trailing_newline = bits & 4;
    options->extensions = bits & 8 ? JINJA_EXTENSION_DO | JINJA_EXTENSION_LOOPCONTROLS |
                                         JINJA_EXTENSION_I18N | JINJA_EXTENSION_DEBUG
                                   : 0;
    options->packs = bits & 16 ? JINJA_PACK_CONFIG : 0;
    options->sandbox = bits & 32 ? JINJA_SANDBOX_IMMUTABLE : JINJA_SANDBOX_NONE;
    if (bits & 64) {
        options->line_statement_prefix = "#";
        options->line_comment_prefix = "##";
    }
    if (bits & 128) {
        options->block_start = "<%";
        options->block_end = "%>";
        options->variable_start = "${";
        options->variable_end = "}";
    }
}

static void ask(const jinja_template *compiled)
{
    creg_arena arena;
    creg_arena_init(&arena, FUZZ_MEMORY);
    creg_value names;
    creg_error err;
    creg_status status = jinja_undeclared(compiled, &arena, &names, &err);
    MUST_EXPLAIN(status, &err);
    status = jinja_referenced(compiled, &arena, &names, &err);
    MUST_EXPLAIN(status, &err);
    creg_arena_clear(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    jinja_options options;
    choose(&options, data[0]);
    jinja_engine *engine = NULL;
    jinja_template *compiled = NULL;
    creg_error err;
    MUST(jinja_engine_new(&options, &engine, &err) == CREG_OK);
    creg_status status = jinja_compile(engine, creg_slice_of("fuzz"),
                                       fuzz_slice(data + 1, size - 1), &compiled, &err);
    MUST_EXPLAIN(status, &err);
    if (status == CREG_OK)
        ask(compiled);
    jinja_template_free(compiled);
    jinja_engine_free(engine);
    return 0;
}
