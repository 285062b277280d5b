/* SPDX-License-Identifier: MIT */
/*
 * jinja-case: run cases of Jinja2's behaviour through the engine.
 *
 * Reads JSON lines {id, kind, templates, main, env, context, globals} on stdin, writes one
 * JSON line {id, output | value | error} for each. The judge is tests/oracle/run_corpus.py.
 * Python values that JSON lacks are one-key objects: {"__tuple__": [..]} and so on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "base/utf8.h"
#include "dump.h"
#include "failing.h"
#include "jinja/builtins.h"
#include "value/integer.h"

enum { MEMORY = 512 * 1024 * 1024 };

/* ---- values of Python ------------------------------------------------------------------ */

static creg_value to_value(creg_arena *arena, yyjson_val *json);

static creg_slice slice_of(yyjson_val *json)
{
    return creg_slice_make(yyjson_get_str(json), yyjson_get_len(json));
}

static creg_list *to_list(creg_arena *arena, yyjson_val *json)
{
    creg_list *list = creg_list_new(arena, yyjson_arr_size(json));
    yyjson_arr_iter iter = yyjson_arr_iter_with(json);
    for (yyjson_val *item; (item = yyjson_arr_iter_next(&iter)) != NULL;)
        if (!creg_list_append(arena, list, to_value(arena, item)))
            abort();
    return list;
}

static creg_value to_set(creg_arena *arena, yyjson_val *json)
{
    creg_list *items = to_list(arena, json);
    creg_map *map = creg_map_new(arena, items->size);
    for (size_t i = 0; i < items->size; i++)
        creg_map_set(arena, map, items->items[i], creg_value_none());
    creg_value value = creg_value_map(map);
    value.kind = CREG_KIND_SET;
    return value;
}

static creg_value to_dict(creg_arena *arena, yyjson_val *json)
{
    creg_map *map = creg_map_new(arena, yyjson_arr_size(json));
    yyjson_arr_iter iter = yyjson_arr_iter_with(json);
    for (yyjson_val *pair; (pair = yyjson_arr_iter_next(&iter)) != NULL;)
        creg_map_set(arena, map, to_value(arena, yyjson_arr_get(pair, 0)),
                     to_value(arena, yyjson_arr_get(pair, 1)));
    return creg_value_map(map);
}

static creg_value to_range(creg_arena *arena, yyjson_val *json)
{
    creg_range *range = creg_arena_alloc(arena, sizeof *range);
    range->start = to_value(arena, yyjson_arr_get(json, 0)).as.integer;
    range->stop = to_value(arena, yyjson_arr_get(json, 1)).as.integer;
    range->step = to_value(arena, yyjson_arr_get(json, 2)).as.integer;
    int64_t span = range->step > 0 ? range->stop - range->start : range->start - range->stop;
    int64_t stride = range->step > 0 ? range->step : -range->step;
    range->size = span <= 0 ? 0 : (span - 1) / stride + 1;
    creg_value value = creg_value_of_kind(CREG_KIND_RANGE);
    value.as.range = range;
    return value;
}

static creg_value to_bytes(creg_arena *arena, yyjson_val *json)
{
    creg_slice text = slice_of(json);
    char *bytes = creg_arena_alloc(arena, text.size + 1);
    size_t count = 0;
    for (size_t at = 0; at < text.size;) {
        size_t size;
        bytes[count++] = (char)creg_utf8_decode(text.data + at, &size);
        at += size;
    }
    creg_value value = creg_value_string(creg_slice_make(bytes, count));
    value.kind = CREG_KIND_BYTES;
    return value;
}

static creg_value to_float(yyjson_val *json)
{
    double infinity = strtod("inf", NULL);
    const char *text = yyjson_get_str(json);
    if (strcmp(text, "inf") == 0)
        return creg_value_float(infinity);
    if (strcmp(text, "-inf") == 0)
        return creg_value_float(-infinity);
    return creg_value_float(strtod("nan", NULL));
}

/* A one-shot iterator. */
typedef struct one_shot {
    creg_object base;
    creg_list *items;
    size_t at;
} one_shot;

static creg_status one_shot_next(jinja_run *run, creg_object *object, creg_value *ret_item)
{
    one_shot *self = (one_shot *)(void *)object;
    (void)run;
    if (self->at == self->items->size)
        return CREG_NOT_FOUND;
    *ret_item = self->items->items[self->at++];
    return CREG_OK;
}

static const jinja_class one_shot_class = {.base = {.type_name = "list_iterator"},
                                           .next = one_shot_next};

/* An object with attributes, and perhaps a text. */
typedef struct plain_object {
    creg_object base;
    creg_map *attributes;
    creg_slice text;
} plain_object;

static creg_status plain_attribute(jinja_run *run, creg_object *object, creg_slice name,
                                   creg_value *ret_value)
{
    const creg_value *found =
        creg_map_get_text(((plain_object *)(void *)object)->attributes, name);
    (void)run;
    if (found == NULL)
        return CREG_NOT_FOUND;
    *ret_value = *found;
    return CREG_OK;
}

static creg_status plain_print(const creg_object *object, bool as_repr, creg_arena *arena,
                               creg_slice *ret_text, creg_error *err)
{
    (void)as_repr;
    (void)arena;
    (void)err;
    *ret_text = ((const plain_object *)(const void *)object)->text;
    return CREG_OK;
}

static const jinja_class plain_class = {.base = {.type_name = "Obj", .print = plain_print},
                                        .attribute = plain_attribute};

static creg_value to_special(creg_arena *arena, const char *key, yyjson_val *json, bool *found)
{
    *found = true;
    if (strcmp(key, "__tuple__") == 0)
        return creg_value_tuple(to_list(arena, json));
    if (strcmp(key, "__set__") == 0)
        return to_set(arena, json);
    if (strcmp(key, "__dict__") == 0)
        return to_dict(arena, json);
    if (strcmp(key, "__range__") == 0)
        return to_range(arena, json);
    if (strcmp(key, "__bytes__") == 0)
        return to_bytes(arena, json);
    if (strcmp(key, "__float__") == 0)
        return to_float(json);
    if (strcmp(key, "__markup__") == 0) {
        creg_value value = creg_value_string(slice_of(json));
        value.flags = CREG_STRING_MARKUP;
        return value;
    }
    if (strcmp(key, "__iter__") == 0) {
        one_shot *self = creg_arena_calloc(arena, 1, sizeof *self);
        *self = (one_shot){.base = {&one_shot_class.base}, .items = to_list(arena, json)};
        return creg_value_object(&self->base);
    }
    if (strcmp(key, "__object__") == 0) {
        plain_object *self = creg_arena_calloc(arena, 1, sizeof *self);
        creg_value attributes = to_value(arena, yyjson_obj_get(json, "attrs"));
        yyjson_val *text = yyjson_obj_get(json, "str");
        *self = (plain_object){.base = {&plain_class.base},
                               .attributes = attributes.as.map,
                               .text = text == NULL ? creg_slice_of("<Obj>") : slice_of(text)};
        return creg_value_object(&self->base);
    }
    *found = false;
    return creg_value_none();
}

static creg_value to_map(creg_arena *arena, yyjson_val *json)
{
    yyjson_obj_iter iter = yyjson_obj_iter_with(json);
    yyjson_val *key = yyjson_obj_iter_next(&iter);
    if (yyjson_obj_size(json) == 1) {
        bool found;
        creg_value special =
            to_special(arena, yyjson_get_str(key), yyjson_obj_iter_get_val(key), &found);
        if (found)
            return special;
    }
    creg_map *map = creg_map_new(arena, yyjson_obj_size(json));
    for (; key != NULL; key = yyjson_obj_iter_next(&iter))
        creg_map_set(arena, map, creg_value_string(slice_of(key)),
                     to_value(arena, yyjson_obj_iter_get_val(key)));
    return creg_value_map(map);
}

static creg_value to_number(creg_arena *arena, yyjson_val *json)
{
    creg_slice text = creg_slice_make(yyjson_get_raw(json), yyjson_get_len(json));
    if (memchr(text.data, '.', text.size) || memchr(text.data, 'e', text.size) ||
        memchr(text.data, 'E', text.size))
        return creg_value_float(strtod(text.data, NULL));
    creg_integer_room room = {.arena = arena, .digits_max = 100000};
    creg_integer integer;
    if (creg_integer_parse(room, text, 10, &integer, NULL) != CREG_OK)
        abort();
    return creg_value_of_integer(integer);
}

static creg_value to_value(creg_arena *arena, yyjson_val *json)
{
    switch (yyjson_get_type(json)) {
    case YYJSON_TYPE_BOOL:
        return creg_value_bool(yyjson_get_bool(json));
    case YYJSON_TYPE_RAW:
        return to_number(arena, json);
    case YYJSON_TYPE_STR:
        return creg_value_string(slice_of(json));
    case YYJSON_TYPE_ARR:
        return creg_value_list(to_list(arena, json));
    case YYJSON_TYPE_OBJ:
        return to_map(arena, json);
    default:
        return creg_value_none();
    }
}

/* ---- the environment -------------------------------------------------------------------- */

static const char *text_or(yyjson_val *env, const char *key, const char *otherwise)
{
    yyjson_val *value = yyjson_obj_get(env, key);
    return yyjson_is_str(value) ? yyjson_get_str(value) : otherwise;
}

static bool flag(yyjson_val *env, const char *key)
{
    return yyjson_get_bool(yyjson_obj_get(env, key));
}

static jinja_undefined undefined_of(const char *name)
{
    if (strcmp(name, "StrictUndefined") == 0)
        return JINJA_UNDEFINED_STRICT;
    if (strcmp(name, "ChainableUndefined") == 0)
        return JINJA_UNDEFINED_CHAINABLE;
    return strcmp(name, "DebugUndefined") == 0 ? JINJA_UNDEFINED_DEBUG
                                               : JINJA_UNDEFINED_DEFAULT;
}

static unsigned extensions_of(yyjson_val *names)
{
    unsigned bits = 0;
    yyjson_arr_iter iter = yyjson_arr_iter_with(names);
    for (yyjson_val *name; (name = yyjson_arr_iter_next(&iter)) != NULL;) {
        const char *text = yyjson_get_str(name);
        bits |= strstr(text, ".do") ? JINJA_EXTENSION_DO : 0u;
        bits |= strstr(text, "loopcontrols") ? JINJA_EXTENSION_LOOPCONTROLS : 0u;
        bits |= strstr(text, "i18n") ? JINJA_EXTENSION_I18N : 0u;
        bits |= strstr(text, "debug") ? JINJA_EXTENSION_DEBUG : 0u;
    }
    return bits;
}

static creg_status load(void *user, creg_slice name, creg_arena *arena, creg_slice *ret_source,
                        creg_error *err)
{
    (void)arena;
    (void)err;
    yyjson_val *source = yyjson_obj_getn(user, name.data, name.size);
    if (source == NULL || creg_slice_equal(name, creg_slice_of("<string>")))
        return CREG_NOT_FOUND;
    *ret_source = slice_of(source);
    return CREG_OK;
}

static void read_options(yyjson_val *test, jinja_options *options)
{
    yyjson_val *env = yyjson_obj_get(test, "env");
    jinja_options_init(options);
    options->block_start = text_or(env, "block_start_string", NULL);
    options->block_end = text_or(env, "block_end_string", NULL);
    options->variable_start = text_or(env, "variable_start_string", NULL);
    options->variable_end = text_or(env, "variable_end_string", NULL);
    options->comment_start = text_or(env, "comment_start_string", NULL);
    options->comment_end = text_or(env, "comment_end_string", NULL);
    options->line_statement_prefix = text_or(env, "line_statement_prefix", NULL);
    options->line_comment_prefix = text_or(env, "line_comment_prefix", NULL);
    options->newline_sequence = text_or(env, "newline_sequence", NULL);
    options->trim_blocks = flag(env, "trim_blocks");
    options->lstrip_blocks = flag(env, "lstrip_blocks");
    options->keep_trailing_newline = flag(env, "keep_trailing_newline");
    options->autoescape =
        flag(env, "autoescape") ? JINJA_AUTOESCAPE_HTML : JINJA_AUTOESCAPE_OFF;
    options->undefined = undefined_of(text_or(env, "undefined", ""));
    const char *sandbox = text_or(env, "sandbox", "");
    options->sandbox = strcmp(sandbox, "immutable") == 0   ? JINJA_SANDBOX_IMMUTABLE
                       : strcmp(sandbox, "sandboxed") == 0 ? JINJA_SANDBOX_STANDARD
                                                           : JINJA_SANDBOX_NONE;
    options->extensions = extensions_of(yyjson_obj_get(env, "extensions"));
    options->newstyle_gettext = flag(env, "newstyle_gettext");
    options->packs = strcmp(text_or(env, "packs", ""), "config") == 0 ? JINJA_PACK_CONFIG : 0;
    options->random_seed = 1;
    yyjson_val *templates = yyjson_obj_get(test, "templates");
    bool alone = yyjson_obj_size(templates) == 1 && yyjson_obj_get(templates, "<string>");
    options->loader = alone ? NULL : load;
    options->loader_user = templates;
}

/* ---- one case --------------------------------------------------------------------------- */

static creg_status compile_main(jinja_engine *engine, yyjson_val *test,
                                jinja_template **ret_own, const jinja_template **ret,
                                creg_error *err)
{
    yyjson_val *name = yyjson_obj_get(test, "main");
    if (yyjson_is_arr(name)) {
        creg_status status = CREG_NOT_FOUND;
        yyjson_arr_iter iter = yyjson_arr_iter_with(name);
        for (yyjson_val *one;
             status == CREG_NOT_FOUND && (one = yyjson_arr_iter_next(&iter)) != NULL;)
            status = jinja_load(engine, slice_of(one), ret, err);
        return status;
    }
    if (!yyjson_equals_str(name, "<string>"))
        return jinja_load(engine, slice_of(name), ret, err);
    yyjson_val *source = yyjson_obj_get(yyjson_obj_get(test, "templates"), "<string>");
    creg_status status =
        jinja_compile(engine, creg_slice_of(""), slice_of(source), ret_own, err);
    *ret = *ret_own;
    return status;
}

static creg_status run(jinja_engine *engine, yyjson_val *test, creg_arena *arena,
                       const char **ret_key, creg_value *ret_value, creg_error *err)
{
    const char *kind = yyjson_get_str(yyjson_obj_get(test, "kind"));
    if (kind == NULL)
        kind = "render";
    failing_pause();
    creg_value context = to_value(arena, yyjson_obj_get(test, "context"));
    failing_resume();
    *ret_key = "value";
    if (strcmp(kind, "tokens") == 0 || strcmp(kind, "tree") == 0) {
        yyjson_val *source = yyjson_obj_get(yyjson_obj_get(test, "templates"), "<string>");
        *ret_key = "output";
        return strcmp(kind, "tree") == 0
                   ? dump_tree(engine, slice_of(source), arena, ret_value, err)
                   : dump_tokens(engine, slice_of(source), arena, ret_value, err);
    }
    if (strcmp(kind, "expression") == 0) {
        yyjson_val *source = yyjson_obj_get(yyjson_obj_get(test, "templates"), "<string>");
        return jinja_evaluate(engine, slice_of(source), context, arena, ret_value, err);
    }
    jinja_template *own = NULL;
    const jinja_template *compiled = NULL;
    creg_status status = compile_main(engine, test, &own, &compiled, err);
    if (status == CREG_OK && strcmp(kind, "undeclared") == 0) {
        status = jinja_undeclared(compiled, arena, ret_value, err);
    } else if (status == CREG_OK && strcmp(kind, "referenced") == 0) {
        status = jinja_referenced(compiled, arena, ret_value, err);
    } else if (status == CREG_OK) {
        creg_slice text;
        status = jinja_render(compiled, context, NULL, arena, &text, err);
        *ret_value = creg_value_string(text);
        *ret_key = "output";
    }
    jinja_template_free(own);
    return status;
}

static creg_status add_globals(jinja_engine *engine, yyjson_val *test, creg_arena *arena,
                               creg_error *err)
{
    creg_status status = CREG_OK;
    yyjson_obj_iter iter = yyjson_obj_iter_with(yyjson_obj_get(test, "globals"));
    for (yyjson_val *key; status == CREG_OK && (key = yyjson_obj_iter_next(&iter)) != NULL;) {
        failing_pause();
        creg_value value = to_value(arena, yyjson_obj_iter_get_val(key));
        failing_resume();
        status = jinja_add_global(engine, yyjson_get_str(key), value, err);
    }
    return status;
}

/* ---- writing ---------------------------------------------------------------------------- */

static yyjson_mut_val *to_json(yyjson_mut_doc *doc, creg_value value)
{
    yyjson_mut_val *list;
    switch (value.kind) {
    case CREG_KIND_BOOL:
        return yyjson_mut_bool(doc, value.as.integer != 0);
    case CREG_KIND_INT:
        return yyjson_mut_sint(doc, value.as.integer);
    case CREG_KIND_FLOAT:
        return yyjson_mut_real(doc, value.as.real);
    case CREG_KIND_STRING:
        return yyjson_mut_strn(doc, value.as.text, value.size);
    case CREG_KIND_LIST:
    case CREG_KIND_TUPLE:
        list = yyjson_mut_arr(doc);
        for (size_t i = 0; i < value.as.list->size; i++)
            yyjson_mut_arr_append(list, to_json(doc, value.as.list->items[i]));
        return list;
    case CREG_KIND_MAP:
        list = yyjson_mut_obj(doc);
        for (size_t i = 0; i < value.as.map->filled; i++)
            if (value.as.map->entries[i].used)
                yyjson_mut_obj_add(list, to_json(doc, value.as.map->entries[i].key),
                                   to_json(doc, value.as.map->entries[i].value));
        return list;
    default:
        return yyjson_mut_null(doc);
    }
}

static yyjson_mut_val *error_json(yyjson_mut_doc *doc, const creg_error *err)
{
    yyjson_mut_val *json = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, json, "type",
                           err->type[0] ? err->type : creg_status_name(err->status));
    yyjson_mut_obj_add_str(doc, json, "message", err->message);
    yyjson_mut_obj_add_uint(doc, json, "line", err->line);
    yyjson_mut_obj_add_uint(doc, json, "column", err->column);
    yyjson_mut_obj_add_uint(doc, json, "length", err->length);
    yyjson_mut_obj_add_str(doc, json, "snippet", err->snippet);
    yyjson_mut_obj_add_str(doc, json, "hint", err->hint);
    yyjson_mut_obj_add_str(doc, json, "template", err->source);
    return json;
}

/* Everything that the library does for a case; the engine and the arena stay for a look. */
static creg_status attempt(yyjson_val *test, jinja_engine **ret_engine, creg_arena *arena,
                           const char **ret_key, creg_value *ret_value, creg_error *err)
{
    jinja_options options;
    creg_error_clear(err);
    creg_arena_init(arena, MEMORY);
    read_options(test, &options);
    creg_status status = jinja_engine_new(&options, ret_engine, err);
    if (status == CREG_OK)
        status = add_globals(*ret_engine, test, arena, err);
    if (status == CREG_OK)
        status = run(*ret_engine, test, arena, ret_key, ret_value, err);
    return status;
}

static void run_case(yyjson_val *test)
{
    static creg_error err; /* 5 KB; the JSON below points into it */
    creg_arena arena;
    jinja_engine *engine = NULL;
    creg_value value = creg_value_none();
    const char *key = "value";
    creg_status status = attempt(test, &engine, &arena, &key, &value, &err);
    err.status = status;

    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_strn(doc, root, "id", yyjson_get_str(yyjson_obj_get(test, "id")),
                            yyjson_get_len(yyjson_obj_get(test, "id")));
    if (status == CREG_OK)
        yyjson_mut_obj_add(root, yyjson_mut_str(doc, key), to_json(doc, value));
    else
        yyjson_mut_obj_add(root, yyjson_mut_str(doc, "error"), error_json(doc, &err));
    char *line = yyjson_mut_write(doc, YYJSON_WRITE_ALLOW_INF_AND_NAN, NULL);
    puts(line == NULL ? "{}" : line);
    free(line);
    yyjson_mut_doc_free(doc);
    creg_arena_clear(&arena);
    jinja_engine_free(engine);
}

/* ---- failing allocations ---------------------------------------------------------------- */

/* What one run with (or without) a failing allocation came to. */
typedef struct tortured {
    creg_status status;
    char *text; /* what was rendered; NULL: nothing, or no text */
    unsigned long asked;
    long held;
} tortured;

/* With malloc by name: libc's strndup need not call ours. */
static char *copy_text(creg_slice text)
{
    char *copy = malloc(text.size + 1);
    if (copy == NULL)
        abort();
    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return copy;
}

static tortured torture_once(yyjson_val *test, unsigned long nth)
{
    static creg_error err;
    creg_arena arena;
    jinja_engine *engine = NULL;
    creg_value value = creg_value_none();
    const char *key = "value";
    tortured result = {0};
    failing_begin(nth);
    result.status = attempt(test, &engine, &arena, &key, &value, &err);
    failing_pause();
    char *text = NULL;
    if (result.status == CREG_OK && creg_value_is(value, CREG_KIND_STRING))
        text = copy_text(creg_value_text(value));
    creg_arena_clear(&arena);
    jinja_engine_free(engine);
    result.asked = failing_end(&result.held);
    result.held -= failing_counts() && text != NULL;
    result.text = text;
    return result;
}

/* Fine are: out of memory, or as if nothing had been; nothing kept in both. */
static const char *judge_tortured(const tortured *healthy, const tortured *now)
{
    if (now->held != 0)
        return "memory was not given back";
    if (now->status == CREG_NO_MEMORY)
        return NULL;
    if (now->status != healthy->status)
        return "another status";
    bool same = (now->text == NULL) == (healthy->text == NULL) &&
                (now->text == NULL || strcmp(now->text, healthy->text) == 0);
    return same ? NULL : "another text";
}

/* One run for each allocation, or for `most` of them at even distances. */
static void torture_case(yyjson_val *test, unsigned long most)
{
    tortured healthy = torture_once(test, 0);
    unsigned long step = most == 0 ? 1 : healthy.asked / most + 1;
    unsigned long runs = 0;
    const char *wrong = judge_tortured(&healthy, &healthy);
    unsigned long at = 0;
    creg_status status = healthy.status;
    for (unsigned long nth = 1; nth <= healthy.asked && wrong == NULL; nth += step) {
        tortured now = torture_once(test, nth);
        wrong = judge_tortured(&healthy, &now);
        at = nth;
        status = now.status;
        free(now.text);
        runs++;
    }
    free(healthy.text);
    printf("{\"runs\": %lu, \"asked\": %lu, \"at\": %lu, \"held\": %ld, \"status\": \"%s\", "
           "\"wrong\": "
           "\"%s\"}\n",
           runs, healthy.asked, at, healthy.held, creg_status_name(status),
           wrong == NULL ? "" : wrong);
}

/* jinja-case [--torture MOST]: MOST failing allocations a case; 0: each one of them. */
int main(int argc, char **argv)
{
    bool tortures = argc == 3 && strcmp(argv[1], "--torture") == 0;
    unsigned long most = tortures ? strtoul(argv[2], NULL, 10) : 0;
    if (tortures && !failing_possible()) {
        fprintf(stderr,
                "jinja-case: under a sanitizer this needs a build with -Dtorture=true\n");
        return 3;
    }
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    while ((size = getline(&line, &capacity, stdin)) > 0) {
        yyjson_doc *doc = yyjson_read(line, (size_t)size, YYJSON_READ_NUMBER_AS_RAW);
        if (doc == NULL) {
            fprintf(stderr, "jinja-case: a line is not JSON\n");
            return 2;
        }
        if (tortures)
            torture_case(yyjson_doc_get_root(doc), most);
        else
            run_case(yyjson_doc_get_root(doc));
        yyjson_doc_free(doc);
        fflush(stdout);
    }
    free(line);
    return 0;
}
