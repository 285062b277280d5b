/* SPDX-License-Identifier: MIT */
/*
 * What all commands share: memory, text, pieces of results, the registry.
 */
#include "cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistr.h>

#include "base64.h"
#include "errors.h"

/* ---- memory ----------------------------------------------------------------------------- */

void *cli_alloc(cli_context *cli, size_t size)
{
    void *memory = creg_arena_alloc(&cli->arena, size);
    if (memory != NULL)
        return memory;
    /* Nothing sensible can be done without memory; the store is whole, whatever happens. */
    cli_fail(cli, CREG_NO_MEMORY, "out of memory");
    cli_error_print(cli);
    exit(creg_status_exit_code(CREG_NO_MEMORY));
}

const char *cli_format_text(cli_context *cli, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    size_t room = size < 0 ? 1 : (size_t)size + 1;
    char *text = cli_alloc(cli, room);
    text[0] = '\0';
    vsnprintf(text, room, format, again);
    va_end(again);
    return text;
}

const char *cli_text(cli_context *cli, creg_slice slice)
{
    char *text = cli_alloc(cli, slice.size + 1);
    if (slice.size > 0)
        memcpy(text, slice.data, slice.size);
    text[slice.size] = '\0';
    return text;
}

creg_slice cli_word(const cli_context *cli, size_t at)
{
    return creg_slice_of(at < cli->word_count ? cli->words[at] : NULL);
}

double cli_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

creg_status cli_check_cancel(cli_context *cli)
{
    if (!cli_cancel)
        return CREG_OK;
    return cli_fail(cli, CREG_CANCELLED, "stopped");
}

/* ---- values ----------------------------------------------------------------------------- */

static void need(cli_context *cli, bool made)
{
    if (!made)
        cli_alloc(cli, SIZE_MAX); /* ends the program */
}

creg_map *cli_map(cli_context *cli)
{
    creg_map *map = creg_map_new(&cli->arena, 8);
    need(cli, map != NULL);
    return map;
}

creg_list *cli_list(cli_context *cli)
{
    creg_list *list = creg_list_new(&cli->arena, 8);
    need(cli, list != NULL);
    return list;
}

void cli_map_put(cli_context *cli, creg_map *map, const char *key, creg_value value)
{
    need(cli, creg_map_set_text(&cli->arena, map, creg_slice_of(key), value));
}

void cli_map_put_slice(cli_context *cli, creg_map *map, const char *key, creg_slice text)
{
    cli_map_put(cli, map, key, cli_bytes(cli, text));
}

void cli_list_add(cli_context *cli, creg_list *list, creg_value item)
{
    need(cli, creg_list_append(&cli->arena, list, item));
}

creg_value cli_bytes(cli_context *cli, creg_slice bytes)
{
    if (bytes.size == 0)
        return creg_value_cstring("");
    if (u8_check((const uint8_t *)bytes.data, bytes.size) == NULL)
        return creg_value_string(bytes);
    char *encoded = cli_alloc(cli, cli_base64_size(bytes.size));
    size_t size = cli_base64_encode(bytes, encoded);
    creg_map *map = cli_map(cli);
    cli_map_put(cli, map, "b64", creg_value_string(creg_slice_make(encoded, size)));
    return creg_value_map(map);
}

/* ---- the registry ----------------------------------------------------------------------- */

/* A secret on a command line is in everybody's process list, and in the shell's history. */
static bool has_secret_parameter(const char *query)
{
    static const char *const names[] = {"token=",  "password=", "pass=",         "passwd=",
                                        "secret=", "auth=",     "key_password=", "digest="};
    for (; query != NULL; query = strpbrk(query, "&")) {
        query++;
        for (size_t at = 0; at < sizeof names / sizeof names[0]; at++)
            if (strncmp(query, names[at], strlen(names[at])) == 0)
                return true;
    }
    return false;
}

static bool has_credentials(const char *url)
{
    const char *authority = strstr(url, "://");
    if (authority != NULL) {
        authority += 3;
        const char *end = authority + strcspn(authority, "/?");
        for (const char *at = authority; at < end; at++)
            if (*at == '@')
                return true;
    }
    return has_secret_parameter(strchr(url, '?'));
}

creg_status cli_store_word(cli_context *cli, const char *word, const char **ret_url)
{
    static const char from_environment[] = "env:";
    size_t size = sizeof from_environment - 1;
    if (strncmp(word, from_environment, size) == 0) {
        *ret_url = getenv(word + size);
        if (*ret_url != NULL && (*ret_url)[0] != '\0')
            return CREG_OK;
        return cli_fail(cli, CREG_USAGE, "the environment has no variable %s", word + size);
    }
    *ret_url = word;
    if (!has_credentials(word))
        return CREG_OK;
    cli_fail(cli, CREG_USAGE,
             "a store URL on the command line must not hold credentials: every user of this "
             "machine can read a command line");
    cli_hint(cli,
             "put the URL into an environment variable and write env:NAME, or the secret into "
             "the store's own (see: confreg help environment)");
    return CREG_USAGE;
}

static creg_status refuse_credentials(cli_context *cli)
{
    cli_fail(cli, CREG_USAGE,
             "--store must not hold credentials: every user of this machine can "
             "read a command line");
    cli_hint(cli,
             "put the URL into the environment variable CONFREG_STORE, or the secret into the "
             "store's own (see: confreg help environment)");
    return CREG_USAGE;
}

static creg_status choose_store(cli_context *cli)
{
    if (cli->store_word != NULL)
        return cli_store_word(cli, cli->store_word, &cli->store_url);
    const char *given = cli_option_value(cli, OPT_STORE);
    if (given != NULL && has_credentials(given))
        return refuse_credentials(cli);
    const char *url = given != NULL ? given : getenv("CONFREG_STORE");
    cli->store_url = url == NULL || url[0] == '\0' ? NULL : url;
    return CREG_OK;
}

static void hint_no_store(cli_context *cli)
{
    if (cli->err.status == CREG_NOT_FOUND && cli->err.hint[0] == '\0')
        cli_hint(
            cli,
            "the first 'confreg template register' makes it; --store and CONFREG_STORE choose "
            "another");
}

creg_status cli_open(cli_context *cli, cli_open_mode mode)
{
    if (cli->registry != NULL)
        return CREG_OK;
    creg_status status = choose_store(cli);
    if (status != CREG_OK)
        return status;
    creg_open_options options = {.store = {.timeout_ms = cli->timeout_ms,
                                           .read_only = mode == CLI_OPEN_READ,
                                           .no_create = mode != CLI_OPEN_CREATE}};
    const char *url = cli->store_url;
    cli_damage_expect(url);
    if (cli->verbose > 1)
        url = cli_format_text(cli, "trace+%s", url == NULL ? "lmdb:" : url);
    status = creg_open(url, &options, &cli->registry, &cli->err);
    if (status != CREG_OK)
        hint_no_store(cli);
    return status;
}

creg_store *cli_store(cli_context *cli)
{
    return creg_registry_store(cli->registry);
}
