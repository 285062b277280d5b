/* SPDX-License-Identifier: MIT */
/*
 * Store URLs: taken apart or refused with a reason that does not tell the password.
 */
#include <string.h>

#include "fuzz.h"
#include "net/url.h"

static void hosts(const creg_url *url)
{
    creg_url_host host;
    size_t count = 0;
    for (size_t at = 0; creg_url_next_host(url->authority, &at, 2379, &host); count++) {
        MUST(count <= url->authority.size && host.port != 0);
        MUST(host.host.size <= url->authority.size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    creg_arena arena;
    creg_arena_init(&arena, FUZZ_MEMORY);
    creg_error err;
    creg_url url;
    creg_status status = creg_url_parse(fuzz_slice(data, size), &arena, &url, &err);
    MUST_EXPLAIN(status, &err);
    if (status == CREG_OK) {
        MUST(url.scheme.size > 0);
        MUST(url.user.data != NULL || url.password.data == NULL);
        hosts(&url);
        for (size_t i = 0; i < url.parameter_count; i++)
            MUST(url.parameters[i].value.data[url.parameters[i].value.size] == '\0');
    }
    creg_arena_clear(&arena);
    return 0;
}
