/* SPDX-License-Identifier: MIT */
/*
 * All builtins in one place: found by name while parsing, listed for help.
 *
 * The rows live beside their functions, in one table a subject. On first use they are merged
 * into one sorted index for each kind; the index never changes after that.
 */
#include "jinja/builtins.h"
#include "jinja/engine.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

enum { KINDS = 3, ROWS_MAX = 256 };

typedef struct row_index {
    const jinja_builtin *rows[ROWS_MAX];
    jinja_builtin_info infos[ROWS_MAX];
    size_t count;
} row_index;

static const jinja_builtin *const filter_tables[] = {
    jinja_filters_text,
    jinja_filters_sequence,
    jinja_filters_number,
    jinja_filters_markup,
    jinja_filters_lazy,
    jinja_filters_chunk,
    jinja_filters_order,
    jinja_filters_wrap,
    jinja_filters_json,
    jinja_filters_pprint,
    jinja_filters_urlize,
    jinja_filters_config,
    jinja_filters_codec,
    jinja_filters_product,
    jinja_filters_regex,
    jinja_filters_sets,
    jinja_filters_yaml,
    jinja_filters_address,
    NULL,
};
static const jinja_builtin *const test_tables[] = {jinja_tests_table, jinja_tests_config,
                                                   jinja_tests_regex, NULL};
static const jinja_builtin *const function_tables[] = {jinja_functions_table,
                                                       jinja_functions_gettext, NULL};

static const jinja_builtin *const *const tables[KINDS] = {
    [JINJA_FILTERS] = filter_tables,
    [JINJA_TESTS] = test_tables,
    [JINJA_FUNCTIONS] = function_tables,
};

static row_index indexes[KINDS];
static pthread_once_t merged = PTHREAD_ONCE_INIT;

static int compare_rows(const void *left, const void *right)
{
    const jinja_builtin *const *a = left;
    const jinja_builtin *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

static void merge_kind(const jinja_builtin *const *kind_tables, row_index *index)
{
    for (; *kind_tables != NULL; kind_tables++) {
        for (const jinja_builtin *row = *kind_tables; row->name != NULL; row++) {
            assert(index->count < ROWS_MAX);
            index->rows[index->count++] = row;
        }
    }
    qsort(index->rows, index->count, sizeof(const jinja_builtin *), compare_rows);
    for (size_t i = 0; i < index->count; i++) {
        const jinja_builtin *row = index->rows[i];
        index->infos[i] = (jinja_builtin_info){
            .name = row->name, .usage = row->usage, .text = row->text, .pack = row->pack};
    }
}

static void merge_tables(void)
{
    for (size_t kind = 0; kind < KINDS; kind++)
        merge_kind(tables[kind], &indexes[kind]);
}

/* <0, 0, >0 as the name sorts before, at, or behind the row's. */
static int compare_name(creg_slice name, const char *row_name)
{
    int order = strncmp(name.data, row_name, name.size);
    return order != 0 ? order : -(row_name[name.size] != '\0');
}

/* Do the options of the engine switch the row on? */
static bool is_offered(const jinja_engine *engine, const jinja_builtin *row)
{
    const jinja_options *options = &engine->options;
    bool extension =
        (row->flags & JINJA_ROW_I18N) == 0 || (options->extensions & JINJA_EXTENSION_I18N) != 0;
    return extension && (row->pack & ~options->packs) == 0;
}

const jinja_builtin *jinja_find_builtin(const jinja_engine *engine, jinja_builtin_kind kind,
                                        creg_slice name)
{
    if (name.size == 0 || memchr(name.data, '\0', name.size) != NULL)
        return NULL;
    pthread_once(&merged, merge_tables);
    const row_index *index = &indexes[kind];
    size_t low = 0;
    size_t high = index->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const jinja_builtin *row = index->rows[middle];
        int order = compare_name(name, row->name);
        if (order == 0)
            return is_offered(engine, row) ? row : NULL;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const jinja_builtin_info *jinja_builtins(jinja_builtin_kind kind, size_t *ret_size)
{
    pthread_once(&merged, merge_tables);
    *ret_size = indexes[kind].count;
    return indexes[kind].infos;
}

/* ---- what several builtins need --------------------------------------------------------- */

creg_status jinja_call_method(jinja_run *run, creg_value self, const char *name,
                              const creg_value *arguments, size_t count, creg_value *ret_value)
{
    const jinja_builtin *method = jinja_find_method(self, creg_slice_of(name));
    if (method == NULL && creg_value_is(self, CREG_KIND_UNDEFINED))
        return jinja_fail_undefined(run, self);
    if (method == NULL)
        return jinja_fail(run, "AttributeError", "'%s' object has no attribute '%s'",
                          creg_value_type_name(self), name);

    creg_value positional[4] = {self};
    assert(count < 4);
    for (size_t i = 0; i < count; i++)
        positional[i + 1] = arguments[i];
    return jinja_invoke(run, method, positional, count + 1, NULL, 0, ret_value);
}

creg_slice jinja_repr(jinja_run *run, creg_value value)
{
    creg_slice text;
    if (creg_value_repr(value, run->arena, &text, NULL) != CREG_OK)
        return creg_slice_of("?");
    return text;
}

size_t jinja_line_break(const char *at, const char *end)
{
    size_t left = (size_t)(end - at);
    const unsigned char *bytes = (const unsigned char *)at;
    if (left == 0)
        return 0;
    if (bytes[0] == '\r')
        return left > 1 && bytes[1] == '\n' ? 2 : 1;
    if ((bytes[0] >= '\n' && bytes[0] <= '\f') || (bytes[0] >= 0x1C && bytes[0] <= 0x1E))
        return 1;
    if (left > 1 && bytes[0] == 0xC2 && bytes[1] == 0x85)
        return 2;
    bool separator = left > 2 && bytes[0] == 0xE2 && bytes[1] == 0x80 &&
                     (bytes[2] == 0xA8 || bytes[2] == 0xA9);
    return separator ? 3 : 0;
}

/* One step of splitmix64. */
uint64_t jinja_random(jinja_run *run, uint64_t bound)
{
    run->random_state += 0x9E3779B97F4A7C15U;
    uint64_t mixed = run->random_state;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBU;
    return (mixed ^ mixed >> 31) % bound;
}
