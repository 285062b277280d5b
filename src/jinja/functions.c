/* SPDX-License-Identifier: MIT */
/*
 * The functions that every template has: range, dict, lipsum and the three that make objects
 * (cycler, joiner, namespace: function_objects.c); and gettext's family for the i18n
 * extension, without a catalogue: texts come back as they are.
 */
#include "jinja/builtins.h"
#include "jinja/methods.h"

/* ---- range ------------------------------------------------------------------------------ */

/* How many items; INT64_MAX for more than we can count. */
static int64_t range_size(int64_t start, int64_t stop, int64_t step)
{
    bool empty = step > 0 ? start >= stop : start <= stop;
    if (empty)
        return 0;
    uint64_t span =
        step > 0 ? (uint64_t)stop - (uint64_t)start : (uint64_t)start - (uint64_t)stop;
    uint64_t stride = step > 0 ? (uint64_t)step : 0 - (uint64_t)step;
    uint64_t size = (span - 1) / stride + 1;
    return size > INT64_MAX ? INT64_MAX : (int64_t)size;
}

static creg_status read_range(jinja_call *call, creg_range *range)
{
    range->start = 0;
    range->step = 1;
    if (!jinja_has(call, 1))
        return jinja_argument_index(call, 0, 0, &range->stop);
    creg_status status = jinja_argument_index(call, 0, 0, &range->start);
    if (status == CREG_OK)
        status = jinja_argument_index(call, 1, 0, &range->stop);
    if (status == CREG_OK)
        status = jinja_argument_index(call, 2, 1, &range->step);
    if (status == CREG_OK && range->step == 0)
        status = jinja_fail(call->run, "ValueError", "range() arg 3 must not be zero");
    return status;
}

static creg_status function_range(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_range *range = creg_arena_new(run->arena, creg_range);
    if (range == NULL)
        return jinja_fail_arena(run);
    creg_status status = read_range(call, range);
    if (status != CREG_OK)
        return status;
    range->size = range_size(range->start, range->stop, range->step);
    if (run->options->sandbox != JINJA_SANDBOX_NONE && range->size > run->limits.range_size)
        return jinja_fail(
            run, "OverflowError",
            "Range too big. The sandbox blocks ranges larger than MAX_RANGE (%u).",
            (unsigned)run->limits.range_size);
    if (range->size == INT64_MAX)
        return jinja_fail(run, "OverflowError", "Python int too large to convert to C ssize_t");
    *ret_value = creg_value_of_kind(CREG_KIND_RANGE);
    ret_value->as.range = range;
    return CREG_OK;
}

/* ---- dict ------------------------------------------------------------------------------- */

creg_status jinja_make_map(jinja_call *call, creg_map **ret_map)
{
    jinja_run *run = call->run;
    if (call->rest_count > 1)
        return jinja_fail(run, "TypeError", "dict expected at most 1 argument, got %zu",
                          call->rest_count);
    creg_map *map = creg_map_new(run->arena, call->keyword_count);
    if (map == NULL)
        return jinja_fail_arena(run);
    creg_status status = CREG_OK;
    if (call->rest_count == 1)
        status = jinja_map_update(run, map, call->rest[0]);
    for (size_t i = 0; i < call->keyword_count && status == CREG_OK; i++)
        status = jinja_map_put(run, map, call->keywords[i].key, call->keywords[i].value);
    *ret_map = map;
    return status;
}

static creg_status function_dict(jinja_call *call, creg_value *ret_value)
{
    creg_map *map;
    creg_status status = jinja_make_map(call, &map);
    if (status == CREG_OK)
        *ret_value = creg_value_map(map);
    return status;
}

/* ---- lipsum ----------------------------------------------------------------------------- */

static const char *const latin[] = {
    "ab",        "accusantium", "ad",        "adipisci",  "alias",   "amet",     "animi",
    "aperiam",   "architecto",  "at",        "atque",     "aut",     "beatae",   "blanditiis",
    "commodi",   "consequatur", "corporis",  "culpa",     "cumque",  "debitis",  "delectus",
    "deleniti",  "dicta",       "dolor",     "dolorem",   "ducimus", "ea",       "eaque",
    "eius",      "eligendi",    "enim",      "error",     "est",     "et",       "eum",
    "ex",        "excepturi",   "explicabo", "facere",    "fuga",    "harum",    "hic",
    "id",        "illo",        "in",        "inventore", "ipsa",    "iste",     "iure",
    "labore",    "laudantium",  "libero",    "magnam",    "maiores", "maxime",   "minima",
    "modi",      "molestiae",   "natus",     "nemo",      "nihil",   "nisi",     "nobis",
    "nulla",     "odio",        "officia",   "omnis",     "optio",   "pariatur", "perferendis",
    "placeat",   "porro",       "quae",      "quas",      "quia",    "quisquam", "quo",
    "ratione",   "recusandae",  "rem",       "repellat",  "rerum",   "saepe",    "sapiente",
    "sed",       "sequi",       "similique", "sint",      "sunt",    "suscipit", "tempora",
    "tenetur",   "totam",       "ullam",     "unde",      "ut",      "vel",      "velit",
    "veritatis", "vero",        "vitae",     "voluptas",
};

typedef struct lipsum {
    int64_t paragraphs;
    int64_t least;
    int64_t most;
    bool html;
} lipsum;

static void append_capitalized(creg_text *out, const char *word)
{
    creg_text_byte(out, (char)(word[0] - 'a' + 'A'));
    creg_text_string(out, word + 1);
}

/* One paragraph of `words` words: a comma every few words, a full stop every ten or so. */
static void append_paragraph(jinja_run *run, creg_text *out, int64_t words)
{
    size_t last = SIZE_MAX;
    bool starts = true;
    int64_t comma = 0;
    int64_t stop = 0;
    for (int64_t i = 0; i < words; i++) {
        size_t pick = (size_t)jinja_random(run, sizeof latin / sizeof latin[0]);
        if (pick == last)
            pick = (pick + 1) % (sizeof latin / sizeof latin[0]);
        last = pick;
        if (i > 0)
            creg_text_byte(out, ' ');
        if (starts)
            append_capitalized(out, latin[pick]);
        else
            creg_text_string(out, latin[pick]);
        starts = false;
        if (i + 1 == words)
            break;
        if (i - 10 - (int64_t)jinja_random(run, 10) > stop) {
            creg_text_byte(out, '.');
            stop = comma = i;
            starts = true;
        } else if (i - 3 - (int64_t)jinja_random(run, 5) > comma) {
            creg_text_byte(out, ',');
            comma = i;
            stop += 2;
        }
    }
    creg_text_byte(out, '.');
}

static creg_status append_paragraphs(jinja_run *run, const lipsum *wish, creg_text *out)
{
    creg_status status = CREG_OK;
    for (int64_t i = 0; i < wish->paragraphs && status == CREG_OK; i++) {
        int64_t words =
            wish->least + (int64_t)jinja_random(run, (uint64_t)(wish->most - wish->least));
        status = jinja_charge(run, words > 0 ? (uint64_t)words : 1);
        if (status != CREG_OK)
            return status;
        if (i > 0)
            creg_text_string(out, wish->html ? "\n" : "\n\n");
        creg_text_string(out, wish->html ? "<p>" : "");
        append_paragraph(run, out, words);
        creg_text_string(out, wish->html ? "</p>" : "");
        if (out->failed != CREG_OK)
            break;
    }
    return status;
}

static creg_status function_lipsum(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    lipsum wish;
    creg_status status = jinja_argument_int(call, 0, 5, &wish.paragraphs);
    if (status == CREG_OK)
        status = jinja_argument_bool(call, 1, true, &wish.html);
    if (status == CREG_OK)
        status = jinja_argument_int(call, 2, 20, &wish.least);
    if (status == CREG_OK)
        status = jinja_argument_int(call, 3, 100, &wish.most);
    if (status != CREG_OK)
        return status;
    if (wish.paragraphs > 0 && wish.most <= wish.least)
        return jinja_fail(run, "ValueError", "empty range for randrange() (%lld, %lld, %lld)",
                          (long long)wish.least, (long long)wish.most,
                          (long long)((uint64_t)wish.most - (uint64_t)wish.least));
    creg_text out;
    jinja_text_init(run, &out);
    status = append_paragraphs(run, &wish, &out);
    if (status == CREG_OK)
        status = jinja_text_value(run, &out, ret_value);
    if (status == CREG_OK && wish.html)
        ret_value->flags |= CREG_STRING_MARKUP;
    return status;
}

/* ---- gettext ---------------------------------------------------------------------------- */

static creg_status set_default(jinja_run *run, creg_map *map, const char *name,
                               creg_value value)
{
    if (creg_map_get_text(map, creg_slice_of(name)) != NULL)
        return CREG_OK;
    return creg_map_set_text(run->arena, map, creg_slice_of(name), value)
               ? CREG_OK
               : jinja_fail_arena(run);
}

/* Newstyle: the text is a format for the variables. Else the template formats it. */
static creg_status translate(jinja_call *call, creg_value text, const creg_value *context,
                             const creg_value *number, creg_value *ret_value)
{
    jinja_run *run = call->run;
    *ret_value = text;
    if (!run->options->newstyle_gettext)
        return CREG_OK;
    creg_map *variables;
    creg_status status = jinja_make_map(call, &variables);
    if (status == CREG_OK && context != NULL)
        status = set_default(run, variables, "context", *context);
    if (status == CREG_OK && number != NULL)
        status = set_default(run, variables, "num", *number);
    if (status == CREG_OK)
        status = jinja_str_value(run, text, &text);
    if (status != CREG_OK)
        return status;
    if (run->autoescape)
        text.flags |= CREG_STRING_MARKUP;
    return jinja_format_percent(run, text, creg_value_map(variables), ret_value);
}

static creg_status function_gettext(jinja_call *call, creg_value *ret_value)
{
    return translate(call, call->args[0], NULL, NULL, ret_value);
}

static creg_status function_pgettext(jinja_call *call, creg_value *ret_value)
{
    return translate(call, call->args[1], &call->args[0], NULL, ret_value);
}

/* Without a catalogue the plural is English's: everything but 1. */
static creg_status choose(jinja_call *call, size_t at, creg_value *ret_text)
{
    bool one = false;
    creg_status status = jinja_equal(call->run, call->args[at + 2], creg_value_int(1), &one);
    *ret_text = call->args[one ? at : at + 1];
    return status;
}

static creg_status function_ngettext(jinja_call *call, creg_value *ret_value)
{
    creg_value text;
    creg_status status = choose(call, 0, &text);
    return status == CREG_OK ? translate(call, text, NULL, &call->args[2], ret_value) : status;
}

static creg_status function_npgettext(jinja_call *call, creg_value *ret_value)
{
    creg_value text;
    creg_status status = choose(call, 1, &text);
    return status == CREG_OK ? translate(call, text, &call->args[0], &call->args[3], ret_value)
                             : status;
}

#define FUNCTION JINJA_ROW_NO_SUBJECT
#define TRANSLATION (JINJA_ROW_NO_SUBJECT | JINJA_ROW_I18N)

const jinja_builtin jinja_functions_table[] = {
    {"cycler", jinja_function_cycler, "cycler(*items)",
     "An object whose next() gives the items in turn; current, reset().", 0, FUNCTION},
    {"dict", function_dict, "dict(*args, **kwargs)", "A mapping from pairs and keywords.", 0,
     FUNCTION},
    {"joiner", jinja_function_joiner, "joiner(sep=', ')",
     "A function that gives '' the first time and `sep` from then on.", 0, FUNCTION},
    {"lipsum", function_lipsum, "lipsum(n=5, html=true, min=20, max=100)",
     "Paragraphs of pretended Latin.", 0, FUNCTION},
    {"namespace", jinja_function_namespace, "namespace(*args, **kwargs)",
     "An object whose attributes {% set ns.x = ... %} may change from inner scopes.", 0,
     FUNCTION},
    {"range", function_range, "range(start, stop=none, step=1, /)",
     "Whole numbers from start (0) up to, not including, stop.", 0, FUNCTION},
    JINJA_ROW_END,
};

const jinja_builtin jinja_functions_gettext[] = {
    {"_", function_gettext, "_(message, /, **variables)", "Alias of gettext.", 0, TRANSLATION},
    {"gettext", function_gettext, "gettext(message, /, **variables)", "A text, translated.", 0,
     TRANSLATION},
    {"ngettext", function_ngettext, "ngettext(singular, plural, num, /, **variables)",
     "A text for one thing or for many, translated.", 0, TRANSLATION},
    {"npgettext", function_npgettext,
     "npgettext(context, singular, plural, num, /, **variables)", "ngettext in a context.", 0,
     TRANSLATION},
    {"pgettext", function_pgettext, "pgettext(context, message, /, **variables)",
     "gettext in a context.", 0, TRANSLATION},
    JINJA_ROW_END,
};
