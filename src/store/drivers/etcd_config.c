/* SPDX-License-Identifier: MIT */
/*
 * Where the etcd driver learns what to send: the URL's query first, then etcdctl's variables.
 */
#include "net/secret.h"
#include "store/drivers/etcd.h"
#include "store/setting.h"

/* "user:password" in one, as etcdctl takes it, or the user alone. */
static creg_status split_user(creg_driver_state *state, const char *text, creg_error *err)
{
    const char *colon = strchr(text, ':');
    size_t size = colon == NULL ? strlen(text) : (size_t)(colon - text);
    state->user = creg_arena_copy(&state->arena, creg_slice_make(text, size)).data;
    if (colon != NULL)
        state->password = creg_arena_copy(&state->arena, creg_slice_of(colon + 1)).data;
    return state->user == NULL ? creg_fail_arena(err, &state->arena) : CREG_OK;
}

static creg_status read_credentials(creg_driver_state *state, const creg_store_url *url,
                                    creg_error *err)
{
    creg_status status = CREG_OK;
    if (url->user.data != NULL) {
        state->user = creg_arena_copy(&state->arena, url->user).data;
        if (url->password.data != NULL)
            state->password = creg_arena_copy(&state->arena, url->password).data;
    } else {
        const char *user = creg_setting(url, "user", "ETCDCTL_USER");
        if (user != NULL)
            status = split_user(state, user, err);
    }
    const char *file = creg_setting(url, "password_file", NULL);
    if (status == CREG_OK && file != NULL)
        status = creg_secret_read_file(file, &state->arena, &state->password, err);
    const char *password = creg_secret_environment("ETCDCTL_PASSWORD");
    if (status == CREG_OK && state->password == NULL && password != NULL)
        state->password = creg_arena_copy(&state->arena, creg_slice_of(password)).data;
    if (status == CREG_OK && state->user != NULL && state->password == NULL)
        return creg_fail(err, CREG_USAGE,
                         "etcd user '%s' has no password: give password_file "
                         "or ETCDCTL_PASSWORD",
                         state->user);
    return status;
}

creg_status creg_etcd_configure(creg_driver_state *state, const creg_store_url *url,
                                creg_error *err)
{
    creg_http_options http = {.service = "etcd",
                              .authority = url->authority,
                              .default_port = 2379,
                              .is_http2 = true,
                              .timeout_ms = state->timeout_ms,
                              .body_max = (size_t)256 * 1024 * 1024};
    http.ca_file = creg_setting(url, "ca_file", "ETCDCTL_CACERT");
    http.cert_file = creg_setting(url, "cert_file", "ETCDCTL_CERT");
    http.key_file = creg_setting(url, "key_file", "ETCDCTL_KEY");
    http.server_name = creg_setting(url, "server_name", NULL);
    http.is_insecure =
        creg_setting_is_true(creg_setting(url, "insecure", "ETCDCTL_INSECURE_SKIP_TLS_VERIFY"));
    http.is_tls = creg_slice_equal(url->scheme, creg_slice_of("etcds")) ||
                  creg_setting_is_true(creg_setting(url, "tls", NULL));
    const char *consistency = creg_setting(url, "consistency", NULL);
    state->is_serializable = consistency != NULL && strcmp(consistency, "serializable") == 0;
    if (consistency != NULL && !state->is_serializable &&
        strcmp(consistency, "linearizable") != 0)
        return creg_fail(err, CREG_USAGE,
                         "store URL: consistency is linearizable or serializable");
    creg_status status = read_credentials(state, url, err);
    return status == CREG_OK ? creg_http_new(&http, &state->http, err) : status;
}
