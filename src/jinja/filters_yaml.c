/* SPDX-License-Identifier: MIT */
/*
 * The configuration pack: YAML in and out, laid out as PyYAML does it for Ansible.
 *
 * creg_yaml_print() writes the library's own YAML; templates in this dialect count on
 * PyYAML's: sorted keys, lists not indented, lines folded at 80, single quotes. libyaml's
 * emitter is the same program in C; this file feeds it.
 */
#include "jinja/builtins.h"

#include "base/integer.h"
#include "base/number.h"

#include <yaml.h>

#include <math.h>

#define PACK JINJA_PACK_CONFIG

typedef struct dumper {
    jinja_run *run;
    creg_text *out;
    yaml_emitter_t emitter;
    bool sort_keys;
    bool flow_leaves; /* collections of scalars only on one line, [a, b] */
    bool flow_all;
    bool explicit_start;
    bool explicit_end;
} dumper;

static creg_status dump_value(dumper *d, creg_value value, size_t depth);

static int write_bytes(void *user, unsigned char *bytes, size_t size)
{
    creg_text_append(user, (const char *)bytes, size);
    return ((creg_text *)user)->failed == CREG_OK;
}

static creg_status emit(dumper *d, yaml_event_t *event, int made)
{
    if (made == 0)
        return jinja_fail(d->run, "MemoryError", "out of memory while writing YAML");
    if (yaml_emitter_emit(&d->emitter, event) != 0)
        return CREG_OK;
    creg_value ignored;
    if (d->out->failed != CREG_OK)
        return jinja_text_value(d->run, d->out, &ignored);
    return jinja_fail(d->run, "ValueError", "cannot write YAML: %s",
                      d->emitter.problem == NULL ? "out of memory" : d->emitter.problem);
}

/* ---- scalars ---------------------------------------------------------------------------- */

/* Would YAML 1.1 read this plain text as anything but itself? */
static bool reads_as_itself(dumper *d, creg_slice text)
{
    char first = text.size == 0 ? '\0' : text.data[0];
    bool letter = (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z');
    if (letter && strchr("yYnNtTfFoO", first) == NULL)
        return true; /* no special word begins so */
    if (creg_slice_equal(text, creg_slice_of("=")) ||
        creg_slice_equal(text, creg_slice_of("<<")))
        return false; /* YAML 1.1's default value and merge key */
    creg_value read;
    return creg_yaml_parse(text, NULL, CREG_PARSE_YAML_1_1, d->run->arena, &read, NULL) ==
               CREG_OK &&
           creg_value_is(read, CREG_KIND_STRING) &&
           creg_slice_equal(creg_value_text(read), text);
}

static creg_status emit_scalar(dumper *d, creg_slice text, bool plain)
{
    yaml_event_t event;
    if (text.size > INT32_MAX)
        return jinja_charge_bytes(d->run, text.size, 64);
    const char *data = text.size == 0 ? "" : text.data;
    int made = yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)data,
                                            (int)text.size, plain, 1, YAML_ANY_SCALAR_STYLE);
    return emit(d, &event, made);
}

/* repr(), but with a point before the exponent: YAML 1.1 wants one. */
static creg_status emit_float(dumper *d, double real)
{
    char digits[CREG_FLOAT_REPR_MAX + 2];
    if (isnan(real))
        return emit_scalar(d, creg_slice_of(".nan"), true);
    if (isinf(real))
        return emit_scalar(d, creg_slice_of(real < 0 ? "-.inf" : ".inf"), true);
    size_t size = creg_float_repr(real, digits);
    char *exponent = memchr(digits, 'e', size);
    if (exponent != NULL && memchr(digits, '.', size) == NULL) {
        memmove(exponent + 2, exponent, size - (size_t)(exponent - digits));
        exponent[0] = '.';
        exponent[1] = '0';
        size += 2;
    }
    return emit_scalar(d, creg_slice_make(digits, size), true);
}

static creg_status emit_bigint(dumper *d, creg_value value)
{
    creg_text text;
    creg_value printed;
    jinja_text_init(d->run, &text);
    creg_status status = jinja_print(d->run, &text, value, false);
    if (status == CREG_OK)
        status = jinja_text_value(d->run, &text, &printed);
    return status == CREG_OK ? emit_scalar(d, creg_value_text(printed), true) : status;
}

static creg_status emit_int(dumper *d, int64_t integer)
{
    creg_text text;
    creg_text_init(&text, d->run->arena, 32);
    creg_text_int(&text, integer);
    return emit_scalar(d, creg_slice_make(text.data, text.size), true);
}

static creg_status dump_scalar(dumper *d, creg_value value)
{
    switch ((creg_kind)value.kind) {
    case CREG_KIND_NONE:
        return emit_scalar(d, creg_slice_of("null"), true);
    case CREG_KIND_BOOL:
        return emit_scalar(d, creg_slice_of(value.as.integer != 0 ? "true" : "false"), true);
    case CREG_KIND_INT:
        return emit_int(d, value.as.integer);
    case CREG_KIND_BIGINT:
        return emit_bigint(d, value);
    case CREG_KIND_FLOAT:
        return emit_float(d, value.as.real);
    case CREG_KIND_NUMBER:
    case CREG_KIND_DATE:
        return emit_scalar(d, creg_value_text(value), true);
    case CREG_KIND_STRING:
        return emit_scalar(d, creg_value_text(value),
                           reads_as_itself(d, creg_value_text(value)));
    case CREG_KIND_UNDEFINED:
        return jinja_fail_undefined(d->run, value);
    default:
        return jinja_fail(d->run, "RepresenterError",
                          "cannot represent a value of type %s as YAML",
                          creg_value_type_name(value));
    }
}

/* ---- collections ------------------------------------------------------------------------ */

static bool is_collection(creg_value value)
{
    return creg_value_is(value, CREG_KIND_LIST) || creg_value_is(value, CREG_KIND_TUPLE) ||
           creg_value_is(value, CREG_KIND_MAP);
}

static bool list_is_flow(const dumper *d, const creg_list *list)
{
    for (size_t i = 0; d->flow_leaves && i < list->size; i++)
        if (is_collection(list->items[i]))
            return false;
    return d->flow_leaves || d->flow_all;
}

static bool map_is_flow(const dumper *d, const creg_map *map)
{
    for (size_t i = 0; d->flow_leaves && i < map->filled; i++)
        if (map->entries[i].used && is_collection(map->entries[i].value))
            return false;
    return d->flow_leaves || d->flow_all;
}

static creg_status dump_list(dumper *d, const creg_list *list, size_t depth)
{
    yaml_event_t event;
    yaml_sequence_style_t style =
        list_is_flow(d, list) ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE;
    int made = yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, style);
    creg_status status = emit(d, &event, made);
    for (size_t i = 0; i < list->size && status == CREG_OK; i++)
        status = dump_value(d, list->items[i], depth + 1);
    return status == CREG_OK ? emit(d, &event, yaml_sequence_end_event_initialize(&event))
                             : status;
}

/* Sorted when the keys can be ordered, else as they come: as PyYAML does it. */
static creg_status entries_of(dumper *d, const creg_map *map, jinja_sort_item **ret_items)
{
    jinja_run *run = d->run;
    creg_status status = jinja_sort_items_of(run, map, ret_items);
    if (status != CREG_OK || !d->sort_keys)
        return status;
    creg_error *err = run->err;
    run->err = NULL; /* that they cannot be ordered is no failure */
    status = jinja_sort(run, *ret_items, map->size, false, jinja_is_less);
    run->err = err;
    if (status == CREG_TEMPLATE_RUNTIME)
        return jinja_sort_items_of(run, map, ret_items);
    return status == CREG_OK ? CREG_OK
                             : jinja_sort(run, *ret_items, map->size, false, jinja_is_less);
}

static creg_status dump_map(dumper *d, const creg_map *map, size_t depth)
{
    yaml_event_t event;
    jinja_sort_item *items = NULL;
    yaml_mapping_style_t style =
        map_is_flow(d, map) ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE;
    creg_status status = entries_of(d, map, &items);
    if (status == CREG_OK)
        status =
            emit(d, &event, yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, style));
    for (size_t i = 0; i < map->size && status == CREG_OK; i++) {
        status = dump_value(d, items[i].key, depth + 1);
        if (status == CREG_OK)
            status = dump_value(d, items[i].value, depth + 1);
    }
    return status == CREG_OK ? emit(d, &event, yaml_mapping_end_event_initialize(&event))
                             : status;
}

static creg_status dump_value(dumper *d, creg_value value, size_t depth)
{
    creg_status status = jinja_charge(d->run, 4);
    if (status != CREG_OK)
        return status;
    if (depth > CREG_LIMIT_DEPTH)
        return jinja_fail(d->run, "RecursionError", "the value nests too deep for YAML");
    if (creg_value_is(value, CREG_KIND_MAP))
        return dump_map(d, value.as.map, depth);
    if (is_collection(value))
        return dump_list(d, value.as.list, depth);
    return dump_scalar(d, value);
}

/* ---- documents -------------------------------------------------------------------------- */

static creg_status dump_document(dumper *d, creg_value value)
{
    yaml_event_t event;
    creg_status status =
        emit(d, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
    if (status == CREG_OK)
        status = emit(
            d, &event,
            yaml_document_start_event_initialize(&event, NULL, NULL, NULL, !d->explicit_start));
    if (status == CREG_OK)
        status = dump_value(d, value, 0);
    if (status == CREG_OK)
        status = emit(d, &event, yaml_document_end_event_initialize(&event, !d->explicit_end));
    return status == CREG_OK ? emit(d, &event, yaml_stream_end_event_initialize(&event))
                             : status;
}

/* A plain scalar alone ends in "...": libyaml leaves that out in some versions. */
static void close_scalar(const dumper *d, creg_value value)
{
    creg_text *out = d->out;
    if (is_collection(value) || out->size == 0 || strchr("'\"", out->data[0]) != NULL)
        return;
    creg_slice text = creg_slice_make(out->data, out->size);
    bool closed = text.size >= 5 && memcmp(text.data + text.size - 5, "\n...\n", 5) == 0;
    if (!closed)
        creg_text_string(out, "...\n");
}

static creg_status read_dumper(jinja_call *call, dumper *d, int64_t indent)
{
    int64_t width = 80;
    bool flow = false;
    bool has_flow = jinja_has(call, 4) && !creg_value_is(call->args[4], CREG_KIND_NONE);
    creg_status status = CREG_OK;
    if (jinja_has(call, 1) && !creg_value_is(call->args[1], CREG_KIND_NONE))
        status = jinja_argument_int(call, 1, indent, &indent);
    if (status == CREG_OK && jinja_has(call, 2) &&
        !creg_value_is(call->args[2], CREG_KIND_NONE))
        status = jinja_argument_int(call, 2, width, &width);
    if (status == CREG_OK)
        status = jinja_argument_bool(call, 3, true, &d->sort_keys);
    if (status == CREG_OK && has_flow)
        status = jinja_argument_bool(call, 4, false, &flow);
    if (status == CREG_OK)
        status = jinja_argument_bool(call, 5, false, &d->explicit_start);
    if (status == CREG_OK)
        status = jinja_argument_bool(call, 6, false, &d->explicit_end);
    if (has_flow) {
        d->flow_all = flow;
        d->flow_leaves = false;
    }
    yaml_emitter_set_indent(&d->emitter, indent > 1 && indent < 10 ? (int)indent : 2);
    yaml_emitter_set_width(&d->emitter,
                           width > 2 * indent && width < INT32_MAX ? (int)width : 80);
    return status;
}

static creg_status dump(jinja_call *call, int64_t indent, bool flow_leaves,
                        creg_value *ret_value)
{
    creg_text out;
    jinja_text_init(call->run, &out);
    dumper d = {.run = call->run, .out = &out, .flow_leaves = flow_leaves};
    if (yaml_emitter_initialize(&d.emitter) == 0)
        return jinja_fail(call->run, "MemoryError", "out of memory while writing YAML");
    yaml_emitter_set_output(&d.emitter, write_bytes, &out);
    yaml_emitter_set_unicode(&d.emitter, 1);
    creg_status status = read_dumper(call, &d, indent);
    if (status == CREG_OK)
        status = dump_document(&d, call->args[0]);
    yaml_emitter_delete(&d.emitter);
    if (status == CREG_OK)
        close_scalar(&d, call->args[0]);
    return status == CREG_OK ? jinja_text_value(call->run, &out, ret_value) : status;
}

static creg_status filter_to_yaml(jinja_call *call, creg_value *ret_value)
{
    return dump(call, 2, true, ret_value);
}

static creg_status filter_to_nice_yaml(jinja_call *call, creg_value *ret_value)
{
    return dump(call, 4, false, ret_value);
}

static creg_status filter_from_yaml(jinja_call *call, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_error err = {0};
    creg_value source = call->args[0];
    *ret_value = source;
    if (creg_value_is(source, CREG_KIND_UNDEFINED))
        return jinja_fail_undefined(run, source);
    if (!creg_value_is(source, CREG_KIND_STRING)) /* as Ansible: what is no text stays */
        return CREG_OK;
    creg_status status = jinja_charge(run, source.size / 4 + 1);
    if (status != CREG_OK)
        return status;
    status = creg_yaml_parse(creg_value_text(source), NULL, CREG_PARSE_YAML_1_1, run->arena,
                             ret_value, &err);
    if (status == CREG_INVALID)
        return jinja_fail(run, "YAMLError", "%s: line %u column %u", err.message,
                          (unsigned)err.line, (unsigned)err.column);
    if (status == CREG_LIMIT && run->arena->failed == CREG_LIMIT)
        return jinja_fail_arena(run);
    return status == CREG_OK ? CREG_OK : creg_fail(run->err, status, "%s", err.message);
}

const jinja_builtin jinja_filters_yaml[] = {
    {"from_yaml", filter_from_yaml, "from_yaml()", "The value that a YAML text says.", PACK, 0},
    {"to_nice_yaml", filter_to_nice_yaml,
     "to_nice_yaml(indent=4, width=80, sort_keys=true, default_flow_style=false, "
     "explicit_start=false, explicit_end=false)",
     "As YAML for people, one item a line.", PACK, 0},
    {"to_yaml", filter_to_yaml,
     "to_yaml(indent=2, width=80, sort_keys=true, default_flow_style=none, "
     "explicit_start=false, explicit_end=false)",
     "As YAML; innermost lists and mappings on one line.", PACK, 0},
    JINJA_ROW_END,
};
