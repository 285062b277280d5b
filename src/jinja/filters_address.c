/* SPDX-License-Identifier: MIT */
/*
 * The configuration pack: IP addresses and networks. A value that is no address gives false;
 * of a list the addresses are kept.
 */
#include "jinja/builtins.h"

#include <arpa/inet.h>
#include <stdlib.h>

#define PACK JINJA_PACK_CONFIG

enum { ADDRESS_TEXT = 64 };

typedef struct address {
    int family;
    unsigned bits; /* 32 or 128 */
    unsigned prefix;
    unsigned char bytes[16];
} address;

/* ---- reading and writing ---------------------------------------------------------------- */

static bool parse_prefix(const char *text, address *a)
{
    struct in_addr mask;
    if (a->family == AF_INET && strchr(text, '.') != NULL) {
        if (inet_pton(AF_INET, text, &mask) != 1)
            return false;
        uint32_t bits = ntohl(mask.s_addr);
        for (a->prefix = 0; a->prefix < 32 && (bits >> (31 - a->prefix) & 1) != 0;)
            a->prefix++;
        return a->prefix == 32 || bits << a->prefix == 0;
    }
    if (text[0] == '\0' || strspn(text, "0123456789") != strlen(text) || strlen(text) > 3)
        return false;
    a->prefix = (unsigned)strtoul(text, NULL, 10);
    return a->prefix <= a->bits;
}

/* "10.0.0.1", "10.0.0.0/8", "10.0.0.0/255.0.0.0", "::1", "fe80::/10" */
static bool parse_address(creg_slice text, address *a)
{
    char copy[ADDRESS_TEXT];
    if (text.size == 0 || text.size >= sizeof copy ||
        memchr(text.data, '\0', text.size) != NULL)
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    char *slash = strchr(copy, '/');
    if (slash != NULL)
        *slash = '\0';
    memset(a, 0, sizeof *a);
    a->family = strchr(copy, ':') != NULL ? AF_INET6 : AF_INET;
    a->bits = a->family == AF_INET ? 32 : 128;
    a->prefix = a->bits;
    if (inet_pton(a->family, copy, a->bytes) != 1)
        return false;
    return slash == NULL || parse_prefix(slash + 1, a);
}

/* The address with all bits behind the prefix cleared, or set. */
static address edge_of(address a, bool set)
{
    for (unsigned bit = a.prefix; bit < a.bits; bit++) {
        unsigned char mask = (unsigned char)(0x80 >> bit % 8);
        a.bytes[bit / 8] =
            (unsigned char)(set ? a.bytes[bit / 8] | mask : a.bytes[bit / 8] & ~mask);
    }
    return a;
}

/* The bits of the prefix (or the others) as an address. */
static address mask_of(address a, bool inverted)
{
    memset(a.bytes, 0, sizeof a.bytes);
    for (unsigned bit = 0; bit < a.bits; bit++)
        if ((bit < a.prefix) != inverted)
            a.bytes[bit / 8] |= (unsigned char)(0x80 >> bit % 8);
    return a;
}

static bool is_single(const address *a)
{
    return a->prefix == a->bits;
}

static bool is_network(const address *a)
{
    address first = edge_of(*a, false);
    return memcmp(first.bytes, a->bytes, sizeof first.bytes) == 0;
}

static creg_status write_address(jinja_run *run, const address *a, bool with_prefix,
                                 creg_value *ret_value)
{
    char text[INET6_ADDRSTRLEN];
    creg_text out;
    jinja_text_init(run, &out);
    if (inet_ntop(a->family, a->bytes, text, sizeof text) == NULL)
        return jinja_fail(run, "ValueError", "cannot write an address");
    creg_text_string(&out, text);
    if (with_prefix)
        creg_text_format(&out, "/%u", a->prefix);
    return jinja_text_value(run, &out, ret_value);
}

/* ---- queries ---------------------------------------------------------------------------- */

/* Host number `index` of the network, counted from its end when negative; false past it. */
static bool nth_address(const address *a, int64_t index, address *ret_address)
{
    bool from_end = index < 0;
    uint64_t rest = from_end ? (uint64_t) - (index + 1) : (uint64_t)index;
    unsigned host_bits = a->bits - a->prefix;
    if (host_bits < 64 && rest >> host_bits != 0)
        return false;
    *ret_address = edge_of(*a, from_end);
    for (unsigned byte = a->bits / 8; byte > 0 && rest != 0; byte--, rest >>= 8) {
        unsigned char part = (unsigned char)(rest & 0xFF);
        /* Behind the prefix all bits are 0 (or 1, counting down): no carry can occur. */
        ret_address->bytes[byte - 1] =
            (unsigned char)(from_end ? ret_address->bytes[byte - 1] - part
                                     : ret_address->bytes[byte - 1] + part);
    }
    return true;
}

static bool is_private(const address *a)
{
    const unsigned char *b = a->bytes;
    if (a->family == AF_INET6)
        return (b[0] & 0xFE) == 0xFC;
    return b[0] == 10 || (b[0] == 172 && (b[1] & 0xF0) == 16) || (b[0] == 192 && b[1] == 168);
}

static creg_status write_size(const address *a, creg_value *ret_value, jinja_run *run)
{
    creg_value two = creg_value_int(2);
    return jinja_power(run, two, creg_value_int((int64_t)(a->bits - a->prefix)), ret_value);
}

static bool is_query(creg_slice query, const char *name)
{
    return creg_slice_equal(query, creg_slice_of(name));
}

/* Queries that give one address; false: another query. `*ret_found` false: no such part. */
static bool find_address(const address *a, creg_slice query, address *ret_address,
                         bool *ret_found)
{
    *ret_address = *a;
    *ret_found = true;
    if (is_query(query, "address") || is_query(query, "ip"))
        *ret_found = is_single(a) || !is_network(a);
    else if (is_query(query, "network"))
        *ret_address = edge_of(*a, false);
    else if (is_query(query, "netmask"))
        *ret_address = mask_of(*a, false);
    else if (is_query(query, "hostmask") || is_query(query, "wildcard"))
        *ret_address = mask_of(*a, true);
    else if (is_query(query, "broadcast")) {
        *ret_address = edge_of(*a, true);
        *ret_found = a->family == AF_INET && a->bits - a->prefix > 1;
    } else
        return false;
    return true;
}

/* Queries that give an address with its prefix. */
static bool find_with_prefix(const address *a, creg_slice query, address *ret_address,
                             bool *ret_found)
{
    *ret_address = *a;
    *ret_found = true;
    if (is_query(query, "host") || is_query(query, "host/prefix") ||
        is_query(query, "address/prefix") || is_query(query, "ip/prefix"))
        *ret_found = is_single(a) || !is_network(a);
    else if (is_query(query, "subnet") || is_query(query, "network/prefix"))
        *ret_address = edge_of(*a, false);
    else if (is_query(query, "net"))
        *ret_found = !is_single(a) && is_network(a);
    else
        return false;
    return true;
}

static creg_status answer_query(jinja_run *run, const address *a, creg_value whole,
                                creg_slice query, creg_value *ret_value)
{
    address found;
    bool has;
    *ret_value = creg_value_bool(false);
    if (find_address(a, query, &found, &has))
        return has ? write_address(run, &found, false, ret_value) : CREG_OK;
    if (find_with_prefix(a, query, &found, &has))
        return has ? write_address(run, &found, true, ret_value) : CREG_OK;
    if (is_query(query, "prefix"))
        *ret_value = creg_value_int((int64_t)a->prefix);
    else if (is_query(query, "version"))
        *ret_value = creg_value_int(a->family == AF_INET ? 4 : 6);
    else if (is_query(query, "bool"))
        *ret_value = creg_value_bool(true);
    else if (is_query(query, "size"))
        return write_size(a, ret_value, run);
    else if (is_query(query, "type"))
        *ret_value = creg_value_cstring(is_single(a) || !is_network(a) ? "address" : "network");
    else if (is_query(query, "private") || is_query(query, "public"))
        *ret_value = is_private(a) == is_query(query, "private") ? whole : *ret_value;
    else if (query.size == 0)
        *ret_value = whole;
    else
        return jinja_fail(run, "FilterArgumentError", "ipaddr: unknown filter type: %.*s",
                          CREG_SHOW(query));
    return CREG_OK;
}

/* One value: false when it is no address of the wanted family (0: any). */
static creg_status query_one(jinja_run *run, creg_value value, creg_value query, int family,
                             creg_value *ret_value)
{
    address a;
    *ret_value = creg_value_bool(false);
    if (!creg_value_is(value, CREG_KIND_STRING) || !parse_address(creg_value_text(value), &a) ||
        (family != 0 && a.family != family))
        return CREG_OK;
    if (creg_value_is(query, CREG_KIND_INT)) {
        address nth;
        bool inside = nth_address(&a, query.as.integer, &nth);
        return inside ? write_address(run, &nth, true, ret_value) : CREG_OK;
    }
    creg_slice text = {0};
    if (creg_value_is(query, CREG_KIND_STRING))
        text = creg_value_text(query);
    return answer_query(run, &a, value, text, ret_value);
}

static creg_status query_all(jinja_call *call, int family, creg_value *ret_value)
{
    jinja_run *run = call->run;
    creg_value query = jinja_argument(call, 1, creg_value_cstring(""));
    creg_value source = call->args[0];
    if (!creg_value_is(source, CREG_KIND_LIST) && !creg_value_is(source, CREG_KIND_TUPLE))
        return query_one(run, source, query, family, ret_value);
    creg_list *kept = creg_list_new(run->arena, source.as.list->size);
    if (kept == NULL)
        return jinja_fail_arena(run);
    creg_status status = jinja_charge(run, source.as.list->size);
    for (size_t i = 0; i < source.as.list->size && status == CREG_OK; i++) {
        creg_value one;
        status = query_one(run, source.as.list->items[i], query, family, &one);
        bool found = !creg_value_is(one, CREG_KIND_BOOL) || one.as.integer != 0;
        if (status == CREG_OK && found && !creg_list_append(run->arena, kept, one))
            status = jinja_fail_arena(run);
    }
    *ret_value = creg_value_list(kept);
    return status;
}

static creg_status filter_ipaddr(jinja_call *call, creg_value *ret_value)
{
    return query_all(call, 0, ret_value);
}

static creg_status filter_ipv4(jinja_call *call, creg_value *ret_value)
{
    return query_all(call, AF_INET, ret_value);
}

static creg_status filter_ipv6(jinja_call *call, creg_value *ret_value)
{
    return query_all(call, AF_INET6, ret_value);
}

/* An IPv6 address in brackets, as URLs want it; everything else as it is. */
static creg_status filter_ipwrap(jinja_call *call, creg_value *ret_value)
{
    address a;
    *ret_value = call->args[0];
    creg_slice text = creg_value_text(call->args[0]);
    if (!creg_value_is(call->args[0], CREG_KIND_STRING) || !parse_address(text, &a) ||
        a.family != AF_INET6)
        return CREG_OK;
    const char *slash = memchr(text.data, '/', text.size);
    size_t size = slash == NULL ? text.size : (size_t)(slash - text.data);
    creg_text out;
    jinja_text_init(call->run, &out);
    creg_text_byte(&out, '[');
    creg_text_append(&out, text.data, size);
    creg_text_byte(&out, ']');
    creg_text_append(&out, text.data + size, text.size - size);
    return jinja_text_value(call->run, &out, ret_value);
}

const jinja_builtin jinja_filters_address[] = {
    {"ipaddr", filter_ipaddr, "ipaddr(query='')",
     "The IP address or network, or a part of it: address, network, netmask, prefix, "
     "broadcast, "
     "subnet, host, size, version, private ... or a number; false for anything else.",
     PACK, 0},
    {"ipv4", filter_ipv4, "ipv4(query='')", "As ipaddr, for IPv4 only.", PACK, 0},
    {"ipv6", filter_ipv6, "ipv6(query='')", "As ipaddr, for IPv6 only.", PACK, 0},
    {"ipwrap", filter_ipwrap, "ipwrap()", "An IPv6 address in brackets.", PACK, 0},
    JINJA_ROW_END,
};
