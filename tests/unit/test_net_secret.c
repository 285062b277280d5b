/* SPDX-License-Identifier: MIT */
/*
 * Secret files: read when they are one, refused with a word that names neither line nor letter.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "case.h"
#include "net/secret.h"

static char path[64];

static int make_file(void **state)
{
    set_up(state);
    snprintf(path, sizeof path, "/tmp/confreg-secret-XXXXXX");
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    return 0;
}

static int remove_file(void **state)
{
    unlink(path);
    return tear_down(state);
}

static void write_secret(const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(0, chmod(path, mode));
}

static void test_secret__is_the_first_line(void **state)
{
    (void)state;
    const char *secret = NULL;
    write_secret("s3cret\r\nsecond line\n", 0600);
    assert_int_equal(CREG_OK, creg_secret_read_file(path, &arena, &secret, &err));
    assert_string_equal("s3cret", secret);
    write_secret("no newline", 0400);
    assert_int_equal(CREG_OK, creg_secret_read_file(path, &arena, &secret, &err));
    assert_string_equal("no newline", secret);
}

static void test_secret__that_others_may_read_is_refused(void **state)
{
    (void)state;
    const char *secret = NULL;
    static const mode_t modes[] = {0640, 0604, 0620, 0601};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        write_secret("s3cret", modes[i]);
        assert_int_equal(CREG_PERMISSION, creg_secret_read_file(path, &arena, &secret, &err));
        assert_null(secret);
        assert_non_null(strstr(err.hint, "chmod 600"));
        assert_null(strstr(err.message, "s3cret"));
    }
}

static void test_secret__that_is_none_is_refused(void **state)
{
    (void)state;
    const char *secret = NULL;
    write_secret("\nbehind an empty line", 0600);
    assert_int_equal(CREG_USAGE, creg_secret_read_file(path, &arena, &secret, &err));
    assert_non_null(strstr(err.message, "empty"));
    assert_int_equal(CREG_USAGE, creg_secret_read_file("/tmp", &arena, &secret, &err));
    assert_non_null(strstr(err.message, "regular"));
    assert_int_equal(CREG_USAGE,
                     creg_secret_read_file("/nonexistent/secret", &arena, &secret, &err));
    assert_non_null(strstr(err.message, "cannot be read"));
    assert_null(secret);
}

static void test_secret__wants_room(void **state)
{
    (void)state;
    creg_arena small;
    const char *secret = NULL;
    creg_arena_init(&small, 64);
    write_secret("s3cret", 0600);
    assert_int_equal(CREG_LIMIT, creg_secret_read_file(path, &small, &secret, &err));
    creg_arena_clear(&small);
}

static void test_secret__of_the_environment(void **state)
{
    (void)state;
    unsetenv("CONFREG_TEST_SECRET");
    assert_null(creg_secret_environment("CONFREG_TEST_SECRET"));
    setenv("CONFREG_TEST_SECRET", "", 1);
    assert_null(creg_secret_environment("CONFREG_TEST_SECRET"));
    setenv("CONFREG_TEST_SECRET", "s3cret", 1);
    assert_string_equal("s3cret", creg_secret_environment("CONFREG_TEST_SECRET"));
    unsetenv("CONFREG_TEST_SECRET");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_file, remove_file)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_secret__is_the_first_line),
        TEST(test_secret__that_others_may_read_is_refused),
        TEST(test_secret__that_is_none_is_refused),
        TEST(test_secret__wants_room),
        TEST(test_secret__of_the_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
