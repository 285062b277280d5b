/* SPDX-License-Identifier: MIT */
/*
 * Reads documents from its input and tells what our parsers make of them, for test_format.py.
 *
 *     MODE SIZE\n BYTES        mode: json, yaml or yaml11, with "-written" behind it if wanted
 *
 * One line a document: "OK VALUE PRINTED", both as JSON, VALUE with a letter for each type, so
 * that 1, 1.0, "1" and true stay apart, PRINTED as creg_yaml_print writes it; or
 * "STATUS LINE COLUMN MESSAGE".
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "confreg/value.h"

static creg_arena arena;

static void put_string(creg_text *out, creg_slice string)
{
    static const creg_json_style style = {.ascii = true};
    creg_slice text = creg_slice_of("\"?\"");
    creg_json_print(creg_value_string(string), &style, &arena, &text, NULL);
    creg_text_slice(out, text);
}

static void put_tagged(creg_text *out, char tag, creg_slice text)
{
    creg_text_format(out, "[\"%c\", ", tag);
    put_string(out, text);
    creg_text_byte(out, ']');
}

static void put_float(creg_text *out, double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    creg_text_format(out, "[\"f\", \"%016" PRIx64 "\"]", bits);
}

static void put_value(creg_text *out, creg_value value);

/* Only documents that the parsers took come here, so the depth is bounded. */
static void put_list(creg_text *out, const creg_list *list)
{
    creg_text_string(out, "[\"l\"");
    for (size_t i = 0; i < list->size; i++) {
        creg_text_string(out, ", ");
        put_value(out, list->items[i]);
    }
    creg_text_byte(out, ']');
}

static void put_map(creg_text *out, const creg_map *map)
{
    creg_text_string(out, "[\"m\"");
    for (size_t i = 0; i < map->filled; i++) {
        creg_text_string(out, ", [");
        put_value(out, map->entries[i].key);
        creg_text_string(out, ", ");
        put_value(out, map->entries[i].value);
        creg_text_byte(out, ']');
    }
    creg_text_byte(out, ']');
}

static void put_value(creg_text *out, creg_value value)
{
    creg_slice text = creg_slice_of("?");
    switch ((creg_kind)value.kind) {
    case CREG_KIND_NONE:
        creg_text_string(out, "[\"n\"]");
        break;
    case CREG_KIND_BOOL:
        creg_text_format(out, "[\"b\", %d]", (int)value.as.integer);
        break;
    case CREG_KIND_INT:
    case CREG_KIND_BIGINT:
        creg_value_str(value, &arena, &text, NULL);
        put_tagged(out, 'i', text);
        break;
    case CREG_KIND_FLOAT:
        put_float(out, value.as.real);
        break;
    case CREG_KIND_NUMBER:
        put_tagged(out, 'w', creg_value_text(value));
        break;
    case CREG_KIND_DATE:
        put_tagged(out, 'd', creg_value_text(value));
        break;
    case CREG_KIND_STRING:
        put_tagged(out, 's', creg_value_text(value));
        break;
    case CREG_KIND_LIST:
        put_list(out, value.as.list);
        break;
    case CREG_KIND_MAP:
        put_map(out, value.as.map);
        break;
    default:
        put_tagged(out, '?', text);
        break;
    }
}

static void answer(const char *mode, creg_slice text)
{
    bool is_yaml = strncmp(mode, "yaml", 4) == 0;
    unsigned flags = strstr(mode, "-written") != NULL ? CREG_PARSE_NUMBERS_AS_WRITTEN : 0;
    if (strncmp(mode, "yaml11", 6) == 0)
        flags |= CREG_PARSE_YAML_1_1;
    creg_value value;
    creg_error err;
    creg_error_clear(&err);
    creg_status status = is_yaml ? creg_yaml_parse(text, NULL, flags, &arena, &value, &err)
                                 : creg_json_parse(text, NULL, flags, &arena, &value, &err);
    if (status != CREG_OK) {
        printf("%s %u %u %s\n", creg_status_name(status), err.line, err.column, err.message);
        return;
    }
    creg_text out;
    creg_slice line = {NULL, 0};
    creg_slice printed = creg_slice_of("");
    creg_text_init(&out, &arena, (size_t)256 * 1024 * 1024);
    creg_text_byte(&out, '[');
    put_value(&out, value);
    creg_text_string(&out, ", ");
    status = creg_yaml_print(value, &arena, &printed, &err);
    put_string(&out, status == CREG_OK ? printed : creg_slice_of(err.message));
    creg_text_byte(&out, ']');
    if (creg_text_finish(&out, &line, &err) == CREG_OK)
        printf("OK %s\n", line.data);
    else
        printf("FAILED %s\n", err.message);
}

int main(void)
{
    char mode[32];
    size_t size;
    while (scanf("%31s %zu", mode, &size) == 2 && getchar() == '\n') {
        char *text = malloc(size + 1);
        if (text == NULL || fread(text, 1, size, stdin) != size)
            return 1;
        creg_arena_init(&arena, (size_t)1024 * 1024 * 1024);
        answer(mode, creg_slice_make(text, size));
        creg_arena_clear(&arena);
        free(text);
    }
    return 0;
}
