/* SPDX-License-Identifier: MIT */
/*
 * Away again: one instance by DN, or those of a user, name and version as the seed had it.
 *
 * Which instances go is decided here, by whole names; how one goes is remove.c's business.
 */
#include "base/fail.h"
#include "registry/query.h"
#include "registry/registry.h"
#include "registry/remove.h"

creg_status creg_deinstantiate(creg_registry *registry, creg_slice dn, creg_error *err)
{
    creg_dn parsed;
    creg_status status = creg_registry_dn(registry, dn, creg_slice_make(NULL, 0), &parsed, err);
    if (status != CREG_OK)
        return status;
    if (parsed.kind != CREG_DN_INSTANCE) {
        creg_fail(err, CREG_INVALID_NAME, "'%.*s' is the DN of %s, not of an instance",
                  CREG_SHOW(dn), creg_dn_kind_text(parsed.kind));
        creg_error_hint(err, "to remove a part of an instance, unset it with its tree");
        return CREG_INVALID_NAME;
    }
    status = creg_remove_instance(registry, &parsed, err);
    return status == CREG_NOT_FOUND ? creg_query_fail_absent(registry, &parsed, err) : status;
}

static creg_status fail_count(const creg_names *dns, bool all, creg_slice user, creg_slice name,
                              creg_slice version, creg_error *err)
{
    if (dns->size == 0)
        return creg_fail(err, CREG_NOT_FOUND, "%.*s has no instance of %.*s %.*s",
                         CREG_SHOW(user), CREG_SHOW(name), CREG_SHOW(version));
    if (dns->size == 1 || all)
        return CREG_OK;
    creg_fail(err, CREG_CONFLICT, "%.*s has %zu instances of %.*s %.*s", CREG_SHOW(user),
              dns->size, CREG_SHOW(name), CREG_SHOW(version));
    creg_error_hint(err, "name one by its DN (%.*s ...), or ask for all",
                    CREG_SHOW(dns->items[0]));
    return CREG_CONFLICT;
}

creg_status creg_deinstantiate_all(creg_registry *registry, creg_slice user, creg_slice name,
                                   creg_slice version, bool all, creg_arena *arena,
                                   creg_names *ret_instances, creg_error *err)
{
    /* In a filter an empty name means any; here it would remove what nobody named. */
    creg_status status = creg_name_check(user, "user", err);
    if (status == CREG_OK)
        status = creg_name_check(name, "service template name", err);
    if (status == CREG_OK)
        status = creg_name_check(version, "service template version", err);
    creg_filter filter;
    creg_names dns;
    if (status == CREG_OK)
        status = creg_filter_make(user, name, version, arena, &filter, err);
    if (status == CREG_OK)
        status = creg_query_dns(registry, &filter, arena, &dns, err);
    if (status != CREG_OK)
        return status;
    if (ret_instances != NULL)
        *ret_instances = dns;
    status = fail_count(&dns, all, user, name, version, err);
    for (size_t i = 0; status == CREG_OK && i < dns.size; i++) {
        status = creg_deinstantiate(registry, dns.items[i], err);
        if (status == CREG_NOT_FOUND && dns.size > 1)
            status = CREG_OK; /* somebody else removed it meanwhile: that is what was asked */
    }
    return status;
}
