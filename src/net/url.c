/* SPDX-License-Identifier: MIT */
/*
 * Store URLs, taken apart from left to right.
 *
 *     scheme : [ // [user[:password]@] host[:port][,host[:port]...] ] [path] [?name=value&...]
 */
#include "net/url.h"

#include "base/arena.h"
#include "base/fail.h"

/* What is not yet consumed, and who hears about mistakes. */
typedef struct url_reader {
    creg_slice rest;
    creg_arena *arena;
    creg_error *err;
} url_reader;

static bool is_alpha(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Position of the first of `set` in `text`, or its size. */
static size_t find_any(creg_slice text, const char *set)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] != '\0' && strchr(set, text.data[i]) != NULL)
            return i;
    return text.size;
}

static creg_slice take(url_reader *in, size_t size)
{
    creg_slice taken = creg_slice_make(in->rest.data, size);
    in->rest = creg_slice_make(in->rest.data + size, in->rest.size - size);
    return taken;
}

/* ---- percent-decoding ------------------------------------------------------------------- */

static int hex_value(char digit)
{
    if (is_digit(digit))
        return digit - '0';
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* `part` names what is decoded in a message; the text itself may be a secret. */
static creg_status decode(url_reader *in, creg_slice text, const char *part,
                          creg_slice *ret_text)
{
    char *out = creg_arena_take(in->arena, text.size + 1);
    if (out == NULL)
        return creg_fail_arena(in->err, in->arena);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (byte == '%') {
            int high = i + 2 < text.size ? hex_value(text.data[i + 1]) : -1;
            int low = i + 2 < text.size ? hex_value(text.data[i + 2]) : -1;
            if (high < 0 || low < 0)
                return creg_fail(in->err, CREG_USAGE,
                                 "store URL: a '%%' in the %s is not followed by two hex "
                                 "digits (a percent sign itself is %%25)",
                                 part);
            byte = (char)(unsigned char)(high * 16 + low);
            i += 2;
        }
        if (byte == '\0')
            return creg_fail(in->err, CREG_USAGE, "store URL: NUL byte in the %s", part);
        out[size++] = byte;
    }
    out[size] = '\0';
    *ret_text = creg_slice_make(out, size);
    return CREG_OK;
}

/* ---- scheme ----------------------------------------------------------------------------- */

static bool is_scheme(creg_slice text)
{
    if (text.size == 0 || !is_alpha(text.data[0]))
        return false;
    for (size_t i = 1; i < text.size; i++)
        if (!is_alpha(text.data[i]) && !is_digit(text.data[i]) &&
            strchr("+-.", text.data[i]) == NULL)
            return false;
    return true;
}

static creg_status read_scheme(url_reader *in, creg_url *url)
{
    size_t colon = find_any(in->rest, ":/?#");
    bool has_colon = colon < in->rest.size && in->rest.data[colon] == ':';
    if (!has_colon || !is_scheme(creg_slice_make(in->rest.data, colon))) {
        creg_fail(in->err, CREG_USAGE, "store URL: it does not begin with a scheme");
        creg_error_hint(in->err, "write lmdb:/path/to/folder, or consul://host:8500, ...");
        return CREG_USAGE;
    }
    creg_slice scheme = take(in, colon);
    take(in, 1);
    char *lower = creg_arena_take(in->arena, scheme.size + 1);
    if (lower == NULL)
        return creg_fail_arena(in->err, in->arena);
    for (size_t i = 0; i < scheme.size; i++) {
        char byte = scheme.data[i];
        lower[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
    }
    lower[scheme.size] = '\0';
    url->scheme = creg_slice_make(lower, scheme.size);
    return CREG_OK;
}

/* ---- authority -------------------------------------------------------------------------- */

static bool is_host_byte(char byte)
{
    return is_alpha(byte) || is_digit(byte) || byte == '.' || byte == '-' || byte == '_';
}

static bool is_ipv6_byte(char byte)
{
    return hex_value(byte) >= 0 || byte == ':' || byte == '.' || byte == '%';
}

/* Size of the host at the start of `entry` (brackets included), 0 when it is not one. */
static size_t host_size(creg_slice entry)
{
    size_t i = 0;
    if (entry.size > 0 && entry.data[0] == '[') {
        for (i = 1; i < entry.size && is_ipv6_byte(entry.data[i]);)
            i++;
        return i > 2 && i < entry.size && entry.data[i] == ']' ? i + 1 : 0;
    }
    while (i < entry.size && is_host_byte(entry.data[i]))
        i++;
    return i;
}

/* A port number, or 0 when the digits are none. */
static uint16_t parse_port(creg_slice digits)
{
    uint32_t port = 0;
    for (size_t i = 0; i < digits.size; i++) {
        if (!is_digit(digits.data[i]) || port > 65535)
            return 0;
        port = port * 10 + (uint32_t)(digits.data[i] - '0');
    }
    return port <= 65535 ? (uint16_t)port : 0;
}

static creg_status check_host(url_reader *in, creg_slice entry)
{
    size_t size = host_size(entry);
    if (size == 0)
        return creg_fail(in->err, CREG_USAGE,
                         entry.size == 0 ? "store URL: a server name is missing%.*s"
                                         : "store URL: '%.*s' is not a server",
                         CREG_SHOW(entry));
    creg_slice port = creg_slice_make(entry.data + size, entry.size - size);
    if (port.size == 0)
        return CREG_OK;
    if (port.data[0] != ':')
        return creg_fail(in->err, CREG_USAGE, "store URL: '%.*s' is not a server",
                         CREG_SHOW(entry));
    if (parse_port(creg_slice_make(port.data + 1, port.size - 1)) == 0)
        return creg_fail(in->err, CREG_USAGE,
                         "store URL: '%.*s' has no port between 1 and 65535", CREG_SHOW(entry));
    return CREG_OK;
}

static creg_status check_hosts(url_reader *in, creg_slice authority)
{
    size_t start = 0;
    for (size_t i = 0; i <= authority.size; i++) {
        if (i < authority.size && authority.data[i] != ',')
            continue;
        creg_status status = check_host(in, creg_slice_make(authority.data + start, i - start));
        if (status != CREG_OK)
            return status;
        start = i + 1;
    }
    return CREG_OK;
}

static creg_status read_credentials(url_reader *in, creg_slice text, creg_url *url)
{
    size_t colon = find_any(text, ":");
    creg_status status = decode(in, creg_slice_make(text.data, colon), "user name", &url->user);
    if (status != CREG_OK || colon == text.size)
        return status;
    creg_slice password = creg_slice_make(text.data + colon + 1, text.size - colon - 1);
    return decode(in, password, "password", &url->password);
}

static creg_status read_authority(url_reader *in, creg_url *url)
{
    if (in->rest.size < 2 || memcmp(in->rest.data, "//", 2) != 0)
        return CREG_OK;
    url->has_authority = true;
    take(in, 2);
    creg_slice authority = take(in, find_any(in->rest, "/?#"));

    /* The last '@' splits: one inside a password that nobody escaped must not leak as host. */
    size_t at = authority.size;
    while (at > 0 && authority.data[at - 1] != '@')
        at--;
    if (at > 0) {
        creg_status status = read_credentials(in, creg_slice_make(authority.data, at - 1), url);
        if (status != CREG_OK)
            return status;
        authority = creg_slice_make(authority.data + at, authority.size - at);
    }
    if (authority.size == 0)
        return at == 0 ? CREG_OK
                       : creg_fail(in->err, CREG_USAGE,
                                   "store URL: no server behind the credentials");
    creg_status status = check_hosts(in, authority);
    if (status != CREG_OK)
        return status;
    url->authority = creg_arena_copy(in->arena, authority);
    return url->authority.data == NULL ? creg_fail_arena(in->err, in->arena) : CREG_OK;
}

bool creg_url_next_host(creg_slice authority, size_t *at, uint16_t default_port,
                        creg_url_host *ret_host)
{
    if (*at >= authority.size)
        return false;
    creg_slice rest = creg_slice_make(authority.data + *at, authority.size - *at);
    creg_slice entry = creg_slice_make(rest.data, find_any(rest, ","));
    size_t size = host_size(entry);
    *at += entry.size + 1;

    ret_host->is_ipv6 = entry.size > 0 && entry.data[0] == '[';
    ret_host->host = ret_host->is_ipv6 ? creg_slice_make(entry.data + 1, size - 2)
                                       : creg_slice_make(entry.data, size);
    ret_host->port = default_port;
    if (size < entry.size)
        ret_host->port =
            parse_port(creg_slice_make(entry.data + size + 1, entry.size - size - 1));
    return true;
}

/* ---- query ------------------------------------------------------------------------------ */

static size_t count_parameters(creg_slice query)
{
    size_t count = query.size > 0;
    for (size_t i = 0; i < query.size; i++)
        count += query.data[i] == '&';
    return count;
}

static creg_status read_parameter(url_reader *in, creg_slice text, creg_url *url,
                                  creg_url_parameter *parameter)
{
    size_t equals = find_any(text, "=");
    creg_status status =
        decode(in, creg_slice_make(text.data, equals), "name of a parameter", &parameter->name);
    if (status != CREG_OK)
        return status;
    if (parameter->name.size == 0)
        return creg_fail(in->err, CREG_USAGE, "store URL: a parameter has no name");
    if (creg_url_find(url, parameter->name.data) != NULL)
        return creg_fail(in->err, CREG_USAGE, "store URL: parameter '%.*s' is given twice",
                         CREG_SHOW(parameter->name));
    size_t skip = equals < text.size ? equals + 1 : equals;
    return decode(in, creg_slice_make(text.data + skip, text.size - skip),
                  "value of a parameter", &parameter->value);
}

static creg_status read_query(url_reader *in, creg_url *url)
{
    if (in->rest.size == 0)
        return CREG_OK;
    take(in, 1);
    creg_url_parameter *parameters =
        creg_arena_calloc(in->arena, count_parameters(in->rest), sizeof *parameters);
    if (parameters == NULL)
        return creg_fail_arena(in->err, in->arena);
    url->parameters = parameters;
    while (in->rest.size > 0) {
        creg_slice text = take(in, find_any(in->rest, "&"));
        if (in->rest.size > 0)
            take(in, 1);
        creg_status status = read_parameter(in, text, url, &parameters[url->parameter_count]);
        if (status != CREG_OK)
            return status;
        url->parameter_count++;
    }
    return CREG_OK;
}

const creg_slice *creg_url_find(const creg_url *url, const char *name)
{
    for (size_t i = 0; i < url->parameter_count; i++)
        if (creg_slice_equal(url->parameters[i].name, creg_slice_of(name)))
            return &url->parameters[i].value;
    return NULL;
}

/* ---- the whole -------------------------------------------------------------------------- */

static creg_status check_bytes(url_reader *in)
{
    for (size_t i = 0; i < in->rest.size; i++) {
        unsigned char byte = (unsigned char)in->rest.data[i];
        if (byte < 0x20 || byte == 0x7F)
            return creg_fail(in->err, CREG_USAGE, "store URL: control character in it");
        if (byte == '#')
            return creg_fail(in->err, CREG_USAGE, "store URL: write '#' as %%23");
    }
    return CREG_OK;
}

creg_status creg_url_parse(creg_slice text, creg_arena *arena, creg_url *ret_url,
                           creg_error *err)
{
    url_reader in = {.rest = text, .arena = arena, .err = err};
    creg_url url;
    memset(&url, 0, sizeof url);
    creg_status status = check_bytes(&in);
    if (status == CREG_OK)
        status = read_scheme(&in, &url);
    if (status == CREG_OK)
        status = read_authority(&in, &url);
    if (status == CREG_OK)
        status = decode(&in, take(&in, find_any(in.rest, "?")), "path", &url.path);
    if (status == CREG_OK)
        status = read_query(&in, &url);
    if (status == CREG_OK)
        *ret_url = url;
    return status;
}
