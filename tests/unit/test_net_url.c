/* SPDX-License-Identifier: MIT */
/* Store URLs: every part, every mistake, and that no message shows a secret. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "case.h"
#include "net/url.h"

static creg_url parse(const char *text)
{
    creg_url url;
    if (creg_url_parse(creg_slice_of(text), &arena, &url, &err) != CREG_OK)
        fail_msg("'%s': %s", text, err.message);
    return url;
}

static void check_slice(creg_slice is, const char *wanted)
{
    if (wanted == NULL) {
        assert_null(is.data);
        return;
    }
    if (!creg_slice_equal(is, creg_slice_of(wanted)))
        fail_msg("'%.*s' is not '%s'", (int)is.size, is.data, wanted);
}

static void test_url__files(void **state)
{
    (void)state;
    creg_url url = parse("lmdb:/var/lib/confreg");
    check_slice(url.scheme, "lmdb");
    check_slice(url.path, "/var/lib/confreg");
    assert_false(url.has_authority);
    check_slice(parse("lmdb:").path, "");
    check_slice(parse("lmdb:relative/path").path, "relative/path");
    check_slice(parse("lmdb:///abs").path, "/abs");
    check_slice(parse("lmdb:/with%20space").path, "/with space");
    check_slice(parse("memory:NAME").path, "NAME");
    check_slice(parse("LMDB:/x").scheme, "lmdb");
    check_slice(parse("trace+lmdb:/x").scheme, "trace+lmdb");
}

static void test_url__servers(void **state)
{
    (void)state;
    creg_url url = parse("etcd://h1:2379,h-2.example:1,h3/root/a?x=1");
    check_slice(url.authority, "h1:2379,h-2.example:1,h3");
    check_slice(url.path, "/root/a");
    size_t at = 0;
    creg_url_host host;
    assert_true(creg_url_next_host(url.authority, &at, 2379, &host));
    check_slice(host.host, "h1");
    assert_int_equal(host.port, 2379);
    assert_true(creg_url_next_host(url.authority, &at, 2379, &host));
    check_slice(host.host, "h-2.example");
    assert_int_equal(host.port, 1);
    assert_true(creg_url_next_host(url.authority, &at, 2379, &host));
    check_slice(host.host, "h3");
    assert_int_equal(host.port, 2379);
    assert_false(creg_url_next_host(url.authority, &at, 2379, &host));
}

static void test_url__ipv6(void **state)
{
    (void)state;
    creg_url url = parse("consul://[::1]:8500,[fe80::1]/r");
    size_t at = 0;
    creg_url_host host;
    assert_true(creg_url_next_host(url.authority, &at, 1, &host));
    check_slice(host.host, "::1");
    assert_true(host.is_ipv6);
    assert_int_equal(host.port, 8500);
    assert_true(creg_url_next_host(url.authority, &at, 1, &host));
    check_slice(host.host, "fe80::1");
    assert_int_equal(host.port, 1);
}

static void test_url__credentials(void **state)
{
    (void)state;
    creg_url url = parse("etcd://user:p%40ss%3Aword@h/r");
    check_slice(url.user, "user");
    check_slice(url.password, "p@ss:word");
    check_slice(url.authority, "h");
    url = parse("etcd://user@h");
    check_slice(url.user, "user");
    check_slice(url.password, NULL);
    url = parse("etcd://user:@h");
    check_slice(url.password, "");
    url = parse("etcd://user:a@b@h"); /* the last '@' splits */
    check_slice(url.password, "a@b");
    check_slice(url.authority, "h");
    check_slice(parse("etcd://h").user, NULL);
}

static void test_url__query(void **state)
{
    (void)state;
    creg_url url = parse("consul://h?dc=eu&token=a%26b+c%3D&empty=&bare");
    assert_int_equal(url.parameter_count, 4);
    check_slice(*creg_url_find(&url, "dc"), "eu");
    check_slice(*creg_url_find(&url, "token"), "a&b+c=");
    check_slice(*creg_url_find(&url, "empty"), "");
    check_slice(*creg_url_find(&url, "bare"), "");
    assert_null(creg_url_find(&url, "none"));
    assert_int_equal(parse("lmdb:/x?").parameter_count, 0);
}

static void check_refused(const char *text, const char *part)
{
    creg_url url;
    creg_status status = creg_url_parse(creg_slice_of(text), &arena, &url, &err);
    if (status != CREG_USAGE)
        fail_msg("'%s' gave %s", text, creg_status_name(status));
    if (strstr(err.message, part) == NULL)
        fail_msg("'%s' gave '%s', which does not say '%s'", text, err.message, part);
    if (strstr(err.message, "hush") != NULL || strstr(err.hint, "hush") != NULL ||
        strstr(err.detail, "hush") != NULL)
        fail_msg("'%s' gave '%s', which shows a secret", text, err.message);
}

static void test_url__mistakes_are_named(void **state)
{
    (void)state;
    check_refused("", "scheme");
    check_refused("/path", "scheme");
    check_refused("path", "scheme");
    check_refused("1x:", "scheme");
    check_refused(":x", "scheme");
    check_refused("etcd://h:0", "port");
    check_refused("etcd://h:65536", "port");
    check_refused("etcd://h:", "port");
    check_refused("etcd://h:12x", "port");
    check_refused("etcd://h1,,h2", "missing");
    check_refused("etcd://h1,", "missing");
    check_refused("etcd://,h1", "missing");
    check_refused("etcd://h 1", "not a server");
    check_refused("etcd://[::1", "not a server");
    check_refused("etcd://[]:1", "not a server");
    check_refused("etcd://[::1]x", "not a server");
    check_refused("lmdb:/a%2", "%");
    check_refused("lmdb:/a%zz", "%");
    check_refused("lmdb:/a%00b", "NUL");
    check_refused("lmdb:/a#b", "%23");
    check_refused("lmdb:/a\nb", "control");
    check_refused("consul://h?a=1&a=2", "twice");
    check_refused("consul://h?=1", "no name");
    check_refused("consul://h?&a=1", "no name");
}

static void test_url__secrets_stay_secret(void **state)
{
    (void)state;
    check_refused("etcd://user:hush%zz@h", "password");
    check_refused("etcd://hush%zz:x@h", "user name");
    check_refused("etcd://user:hush@", "no server");
    check_refused("etcd://user:hush@h:99999", "port");
    check_refused("etcd://user:hush@h@bad host", "not a server");
    check_refused("consul://h?token=hush%zz", "value of a parameter");
    check_refused("hush//user:hush@h", "scheme");
    check_refused("consul://h?token=hush#x", "%23");
    check_refused("consul://h?token=hush&token=hush", "twice");
}

static void test_url__little_memory_is_told(void **state)
{
    (void)state;
    creg_arena small;
    creg_arena_init(&small, 32);
    creg_url url;
    assert_int_equal(
        creg_url_parse(creg_slice_of("etcd://h1,h2,h3/root?a=1"), &small, &url, &err),
        CREG_LIMIT);
    creg_arena_clear(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_url__files),
        cmocka_unit_test(test_url__servers),
        cmocka_unit_test(test_url__ipv6),
        cmocka_unit_test(test_url__credentials),
        cmocka_unit_test(test_url__query),
        cmocka_unit_test(test_url__mistakes_are_named),
        cmocka_unit_test(test_url__secrets_stay_secret),
        cmocka_unit_test(test_url__little_memory_is_told),
    };
    return cmocka_run_group_tests_name("net/url", tests, set_up, tear_down);
}
