/* SPDX-License-Identifier: MIT */
/*
 * Read files, stdin and options.
 */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unistr.h>

#include "errors.h"

enum { FIRST_READ = 64 * 1024 };

/* Anything larger is a mistake: one value is at most 512 KiB, a whole export far below. */
static const size_t input_max = (size_t)512 * 1024 * 1024;

const char *cli_input_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "stdin" : path;
}

/* ---- files ------------------------------------------------------------------------------ */

static creg_status read_all(cli_context *cli, int descriptor, const char *name,
                            creg_slice *ret_bytes)
{
    size_t capacity = FIRST_READ;
    size_t size = 0;
    char *bytes = cli_alloc(cli, capacity);
    for (;;) {
        ssize_t got = read(descriptor, bytes + size, capacity - size);
        if (got < 0 && errno == EINTR && !cli_cancel)
            continue;
        if (got < 0)
            return cli_cancel ? cli_check_cancel(cli) : cli_fail_errno(cli, name, errno);
        if (got == 0)
            break;
        size += (size_t)got;
        if (size > input_max)
            return cli_fail(cli, CREG_LIMIT, "%s: more than 512 MiB", name);
        if (size < capacity)
            continue;
        bytes = creg_arena_grow(&cli->arena, bytes, capacity, capacity * 2);
        if (bytes == NULL)
            return cli_fail(cli, CREG_NO_MEMORY, "%s: out of memory", name);
        capacity *= 2;
    }
    *ret_bytes = creg_slice_make(bytes, size);
    return CREG_OK;
}

creg_status cli_read_file(cli_context *cli, const char *path, creg_slice *ret_bytes)
{
    if (strcmp(path, "-") == 0)
        return read_all(cli, STDIN_FILENO, "stdin", ret_bytes);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return cli_fail_errno(cli, path, errno);
    creg_status status = read_all(cli, descriptor, path, ret_bytes);
    close(descriptor);
    return status;
}

creg_status cli_read_value(cli_context *cli, const char *text, creg_slice *ret_bytes)
{
    if (strcmp(text, "-") == 0)
        return cli_read_file(cli, "-", ret_bytes);
    if (text[0] != '@') {
        *ret_bytes = creg_slice_of(text);
        return CREG_OK;
    }
    if (text[1] != '@')
        return cli_read_file(cli, text + 1, ret_bytes);
    *ret_bytes = creg_slice_of(text + 1);
    return CREG_OK;
}

/* ---- documents -------------------------------------------------------------------------- */

static bool ends_with(const char *text, size_t size, const char *ending)
{
    size_t length = strlen(ending);
    return size >= length && strncasecmp(text + size - length, ending, length) == 0;
}

/* Endings of templates (".j2", ".jinja2") say nothing about what they render to. */
static size_t size_without_template_ending(const char *path)
{
    static const char *const endings[] = {".j2", ".jinja", ".jinja2", ".tmpl"};
    size_t size = strlen(path);
    for (size_t at = 0; at < sizeof endings / sizeof endings[0]; at++)
        if (ends_with(path, size, endings[at]))
            return size - strlen(endings[at]);
    return size;
}

bool cli_is_yaml_name(const char *path)
{
    size_t size = size_without_template_ending(path);
    return ends_with(path, size, ".yaml") || ends_with(path, size, ".yml");
}

static bool looks_like_json(const char *path, creg_slice text)
{
    if (ends_with(path, strlen(path), ".json"))
        return true;
    size_t at = 0;
    while (at < text.size && strchr(" \t\r\n", text.data[at]) != NULL)
        at++;
    return at < text.size && (text.data[at] == '{' || text.data[at] == '[');
}

creg_status cli_read_document(cli_context *cli, const char *path, unsigned flags,
                              creg_value *ret_value)
{
    creg_slice text = {NULL, 0};
    creg_status status = cli_read_file(cli, path, &text);
    if (status != CREG_OK)
        return status;
    bool json = !cli_is_yaml_name(path) && looks_like_json(path, text);
    if (json)
        return creg_json_parse(text, cli_input_name(path), flags, &cli->arena, ret_value,
                               &cli->err);
    return creg_yaml_parse(text, cli_input_name(path), flags, &cli->arena, ret_value,
                           &cli->err);
}

/* ---- options ---------------------------------------------------------------------------- */

creg_status cli_split_pair(cli_context *cli, const char *pair, const char *what,
                           const char **ret_key, const char **ret_value)
{
    const char *equals = strchr(pair, '=');
    if (equals == NULL || equals == pair) {
        cli_fail(cli, CREG_USAGE, "%s: '%s' is not of the form name=value", what, pair);
        return CREG_USAGE;
    }
    *ret_key = cli_text(cli, creg_slice_make(pair, (size_t)(equals - pair)));
    *ret_value = equals + 1;
    return CREG_OK;
}

static void set_nested(cli_context *cli, creg_map *map, const char *name, creg_value value)
{
    for (;;) {
        size_t size = strcspn(name, ".");
        const char *part = cli_text(cli, creg_slice_make(name, size));
        if (name[size] == '\0') {
            cli_map_put(cli, map, part, value);
            return;
        }
        creg_value *child = creg_map_get_text(map, creg_slice_of(part));
        if (child != NULL && creg_value_is(*child, CREG_KIND_MAP)) {
            map = child->as.map;
        } else {
            creg_map *made = cli_map(cli);
            cli_map_put(cli, map, part, creg_value_map(made));
            map = made;
        }
        name += size + 1;
    }
}

/* Options keep the spelling of numbers (5.10 stays 5.10); a template calculates with them. */
static unsigned flags_for(cli_purpose purpose)
{
    return purpose == CLI_FOR_RENDER ? 0 : CREG_PARSE_NUMBERS_AS_WRITTEN;
}

static creg_status merge_file(cli_context *cli, unsigned flags, creg_map *options,
                              const char *path)
{
    creg_value document;
    creg_status status = cli_read_document(cli, path, flags, &document);
    if (status != CREG_OK)
        return status;
    if (!creg_value_is(document, CREG_KIND_MAP)) {
        cli_fail(cli, CREG_INVALID_OPTIONS, "%s holds a %s, not names and values",
                 cli_input_name(path), creg_value_type_name(document));
        return CREG_INVALID_OPTIONS;
    }
    const creg_map *map = document.as.map;
    for (size_t at = 0; at < map->filled; at++)
        if (map->entries[at].used &&
            !creg_map_set(&cli->arena, options, map->entries[at].key, map->entries[at].value))
            return cli_fail(cli, CREG_NO_MEMORY, "out of memory");
    return CREG_OK;
}

static creg_status value_of(cli_context *cli, const cli_given *given, const char *name,
                            const char *text, unsigned flags, creg_value *ret_value)
{
    if (given->id == OPT_SET_JSON)
        return creg_json_parse(creg_slice_of(text), cli_format_text(cli, "--set-json %s", name),
                               flags, &cli->arena, ret_value, &cli->err);
    creg_slice bytes = creg_slice_of(text);
    creg_status status = given->id == OPT_SET_FILE ? cli_read_file(cli, text, &bytes) : CREG_OK;
    if (status != CREG_OK)
        return status;
    if (u8_check((const uint8_t *)bytes.data, bytes.size) != NULL)
        return cli_fail(cli, CREG_INVALID_OPTIONS, "the value of '%s' is not UTF-8", name);
    *ret_value = creg_value_string(bytes);
    return CREG_OK;
}

static creg_status merge_pair(cli_context *cli, cli_purpose purpose, creg_map *options,
                              const cli_given *given)
{
    static const char *const options_shown[] = {"--set", "--set-json", "--set-file"};
    const char *shown = options_shown[given->id - OPT_SET];
    const char *name;
    const char *text;
    creg_value value;
    creg_status status = cli_split_pair(cli, given->value, shown, &name, &text);
    if (status == CREG_OK && u8_check((const uint8_t *)name, strlen(name)) != NULL)
        status = cli_fail(cli, CREG_INVALID_OPTIONS, "%s: the name is not UTF-8", shown);
    if (status == CREG_OK)
        status = value_of(cli, given, name, text, flags_for(purpose), &value);
    if (status != CREG_OK)
        return status;
    if (purpose == CLI_FOR_RENDER)
        set_nested(cli, options, name, value);
    else
        cli_map_put(cli, options, name, value);
    return CREG_OK;
}

creg_status cli_read_options(cli_context *cli, cli_purpose purpose, creg_value *ret_options)
{
    creg_map *options = cli_map(cli);
    for (size_t at = 0; at < cli->given_count; at++) {
        const cli_given *given = &cli->given[at];
        creg_status status = CREG_OK;
        if (given->id == OPT_MERGE || given->id == OPT_CONTEXT)
            status = merge_file(cli, flags_for(purpose), options, given->value);
        else if (given->id == OPT_SET || given->id == OPT_SET_JSON || given->id == OPT_SET_FILE)
            status = merge_pair(cli, purpose, options, given);
        if (status != CREG_OK)
            return status;
    }
    *ret_options = creg_value_map(options);
    return CREG_OK;
}
