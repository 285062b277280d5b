/* SPDX-License-Identifier: MIT */
/*
 * Where the Consul driver learns what to send: the URL's query first, then Consul's own
 * environment variables.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/fail.h"
#include "net/secret.h"
#include "store/drivers/consul.h"
#include "store/setting.h"

static bool is_false(const char *text)
{
    return text != NULL && (strcmp(text, "0") == 0 || strcmp(text, "false") == 0);
}

static creg_status read_consistency(const creg_store_url *url, creg_consul_config *config,
                                    creg_error *err)
{
    const char *wanted = creg_setting(url, "consistency", NULL);
    if (wanted == NULL || strcmp(wanted, "consistent") == 0)
        config->consistency = "&consistent";
    else if (strcmp(wanted, "default") == 0)
        config->consistency = "";
    else if (strcmp(wanted, "stale") == 0)
        config->consistency = "&stale";
    else
        return creg_fail(err, CREG_USAGE,
                         "store URL: consistency is consistent, default or stale");
    return CREG_OK;
}

static creg_status read_scope(const creg_store_url *url, creg_arena *arena,
                              creg_consul_config *config, creg_error *err)
{
    const struct {
        const char *name;
        const char *variable;
        const char *query;
    } parts[] = {
        {"dc", NULL, "dc"},
        {"ns", "CONSUL_NAMESPACE", "ns"},
        {"partition", "CONSUL_PARTITION", "partition"},
    };
    enum { PARTITION = 2 };
    size_t used = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const char *value = creg_setting(url, parts[i].name, parts[i].variable);
        if (value == NULL)
            continue;
        creg_slice escaped = creg_http_escape(creg_slice_of(value), false, arena);
        if (escaped.data == NULL)
            return creg_fail_arena(err, arena);
        size_t room = sizeof config->scope - used;
        int written =
            snprintf(config->scope + used, room, "&%s=%s", parts[i].query, escaped.data);
        if (written < 0 || (size_t)written >= room)
            return creg_fail(err, CREG_USAGE, "store URL: %s is too long", parts[i].name);
        used += (size_t)written;
        config->has_partition = config->has_partition || i == PARTITION;
    }
    return CREG_OK;
}

static creg_status find_token(const creg_store_url *url, creg_arena *arena,
                              const char **ret_token, creg_error *err)
{
    *ret_token = NULL;
    const char *file = creg_setting(url, "token_file", NULL);
    if (file == NULL && url->password.data != NULL && url->user.size == 0) {
        *ret_token = url->password.data;
        return CREG_OK;
    }
    if (file == NULL)
        *ret_token = creg_secret_environment("CONSUL_HTTP_TOKEN");
    if (file == NULL && *ret_token == NULL)
        file = creg_secret_environment("CONSUL_HTTP_TOKEN_FILE");
    return file == NULL ? CREG_OK : creg_secret_read_file(file, arena, ret_token, err);
}

static creg_status add_header(creg_consul_config *config, const char *name, const char *value,
                              creg_arena *arena, creg_error *err)
{
    for (const char *at = value; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7F)
            return creg_fail(err, CREG_USAGE, "the secret for %s holds a control byte", name);
    creg_text text;
    creg_text_init(&text, arena, 8192);
    creg_text_format(&text, "%s: %s", name, value);
    creg_slice line;
    creg_status status = creg_text_finish(&text, &line, err);
    if (status != CREG_OK)
        return status;
    size_t at = 0;
    while (config->headers[at] != NULL)
        at++;
    config->headers[at] = line.data;
    return CREG_OK;
}

static creg_status read_basic_auth(const creg_store_url *url, creg_arena *arena,
                                   creg_slice *ret_plain, creg_error *err)
{
    *ret_plain = creg_slice_make(NULL, 0);
    if (url->user.size == 0) {
        *ret_plain = creg_slice_of(creg_secret_environment("CONSUL_HTTP_AUTH"));
        return CREG_OK;
    }
    creg_text text;
    creg_text_init(&text, arena, 4096);
    creg_text_slice(&text, url->user);
    creg_text_byte(&text, ':');
    creg_text_slice(&text, url->password);
    return creg_text_finish(&text, ret_plain, err);
}

static creg_status read_headers(const creg_store_url *url, creg_arena *arena,
                                creg_consul_config *config, creg_error *err)
{
    const char *token;
    creg_status status = find_token(url, arena, &token, err);
    if (status == CREG_OK && token != NULL)
        status = add_header(config, "X-Consul-Token", token, arena, err);
    creg_slice plain;
    if (status == CREG_OK)
        status = read_basic_auth(url, arena, &plain, err);
    if (status != CREG_OK || plain.size == 0)
        return status;
    creg_text text;
    creg_text_init(&text, arena, 8192);
    creg_text_string(&text, "Basic ");
    creg_consul_write_base64(&text, plain);
    creg_slice value;
    status = creg_text_finish(&text, &value, err);
    return status == CREG_OK ? add_header(config, "Authorization", value.data, arena, err)
                             : status;
}

creg_status creg_consul_config_read(const creg_store_url *url, uint32_t timeout_ms,
                                    creg_arena *arena, creg_consul_config *ret_config,
                                    creg_error *err)
{
    memset(ret_config, 0, sizeof *ret_config);
    creg_http_options *http = &ret_config->http;
    http->service = "consul";
    http->authority = url->authority;
    http->default_port = 8500;
    http->is_tls = creg_slice_equal(url->scheme, creg_slice_of("https")) ||
                   creg_setting_is_true(creg_setting(url, "tls", "CONSUL_HTTP_SSL"));
    http->is_insecure = creg_setting_is_true(creg_setting(url, "insecure", NULL)) ||
                        is_false(creg_secret_environment("CONSUL_HTTP_SSL_VERIFY"));
    http->ca_file = creg_setting(url, "ca_file", "CONSUL_CACERT");
    http->ca_path = creg_setting(url, "ca_path", "CONSUL_CAPATH");
    http->cert_file = creg_setting(url, "cert_file", "CONSUL_CLIENT_CERT");
    http->key_file = creg_setting(url, "key_file", "CONSUL_CLIENT_KEY");
    http->server_name = creg_setting(url, "server_name", "CONSUL_TLS_SERVER_NAME");
    http->timeout_ms = timeout_ms;
    http->body_max = (size_t)256 * 1024 * 1024;
    http->headers = ret_config->headers;

    creg_status status = read_consistency(url, ret_config, err);
    if (status == CREG_OK)
        status = read_scope(url, arena, ret_config, err);
    if (status == CREG_OK)
        status = read_headers(url, arena, ret_config, err);
    return status;
}
