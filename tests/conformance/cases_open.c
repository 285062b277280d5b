/* SPDX-License-Identifier: MIT */
/* Handles: roots, read-only, parameters, facts. */
#include "suite.h"

static void roots_are_apart(suite *s)
{
    char root[128];
    snprintf(root, sizeof root, "%s0", s->root); /* "x" and "x0": one begins like the other */
    creg_store *other = suite_open_root(s, root, NULL);
    REQUIRE(other != NULL, "no second root");
    put(s, "a", "mine");
    CHECK_STATUS(creg_store_put(other, creg_slice_of("a"), creg_slice_of("theirs"), &s->err),
                 CREG_OK);
    CHECK(strcmp(value_of(s, "a"), "mine") == 0, "the roots are mixed");
    creg_pairs pairs = {NULL, 0};
    creg_store_list(s->store, creg_slice_of(""), &s->arena, &pairs, &s->err);
    CHECK(pairs.size == 1, "%zu keys below the root", pairs.size);
    creg_operation gone = op_delete("a");
    CHECK_STATUS(apply(s, NULL, 0, &gone, 1, NULL), CREG_OK);
    creg_slice value = {NULL, 0};
    CHECK_STATUS(creg_store_get(other, creg_slice_of("a"), &s->arena, &value, NULL, &s->err),
                 CREG_OK);
    creg_transaction clean = {NULL, 0, &gone, 1, NULL};
    creg_store_apply(other, &clean, NULL, NULL);
    creg_store_close(other);
}

static void a_root_within_a_root(suite *s)
{
    char root[128];
    snprintf(root, sizeof root, "%s/in/ner", s->root);
    creg_store *inner = suite_open_root(s, root, NULL);
    REQUIRE(inner != NULL, "no inner root");
    CHECK_STATUS(creg_store_put(inner, creg_slice_of("a/b"), creg_slice_of("1"), &s->err),
                 CREG_OK);
    CHECK(strcmp(shown_keys(s, ""), "in/ner/a/b ") == 0, "seen from outside: '%s'",
          shown_keys(s, ""));
    put(s, "in/ner/c", "2");
    creg_read read = {.is_list = true, .keys_only = true};
    CHECK_STATUS(creg_store_read(inner, &read, 1, &s->arena, NULL, &s->err), CREG_OK);
    CHECK(read.ret_pairs.size == 2 &&
              creg_slice_equal(read.ret_pairs.items[1].key, creg_slice_of("c")),
          "%zu keys seen from inside", read.ret_pairs.size);
    creg_store_close(inner);
}

static void two_handles_see_each_other(suite *s)
{
    creg_store *other = suite_open(s, NULL);
    REQUIRE(other != NULL, "no second handle");
    put(s, "a", "1");
    creg_slice value = {NULL, 0};
    CHECK_STATUS(creg_store_get(other, creg_slice_of("a"), &s->arena, &value, NULL, &s->err),
                 CREG_OK);
    CHECK(creg_slice_equal(value, creg_slice_of("1")), "the other handle sees something else");
    creg_store_close(other);
    CHECK(strcmp(value_of(s, "a"), "1") == 0, "closing one handle broke the other");
    put(s, "a", "2");
}

static void what_is_written_stays(suite *s)
{
    put(s, "a", "kept");
    creg_store *other = suite_open(s, NULL);
    creg_store_close(s->store);
    s->store = suite_open(s, NULL);
    REQUIRE(s->store != NULL, "it cannot be opened again");
    const char *value = value_of(s, "a");
    CHECK(value != NULL && strcmp(value, "kept") == 0, "the value is gone");
    creg_store_close(other);
}

static void read_only_refuses_changes(suite *s)
{
    put(s, "a", "1");
    creg_store_options options = {.read_only = true};
    creg_store *reader = suite_open(s, &options);
    REQUIRE(reader != NULL, "it cannot be opened to read only");
    creg_slice value = {NULL, 0};
    CHECK_STATUS(creg_store_get(reader, creg_slice_of("a"), &s->arena, &value, NULL, &s->err),
                 CREG_OK);
    CHECK_STATUS(creg_store_put(reader, creg_slice_of("a"), creg_slice_of("2"), &s->err),
                 CREG_PERMISSION);
    creg_liveness *liveness;
    creg_status status =
        creg_liveness_open(reader, creg_slice_of("case"), 1000, &liveness, &s->err);
    CHECK(status == CREG_PERMISSION || status == CREG_UNSUPPORTED, "liveness gave %s",
          creg_status_name(status));
    bool alive = true;
    status = creg_liveness_check(reader, creg_slice_of("a"), &alive, &s->err);
    CHECK(status == CREG_UNSUPPORTED || (status == CREG_OK && !alive),
          "asking for liveness gave %s", creg_status_name(status));
    CHECK(strcmp(value_of(s, "a"), "1") == 0, "it was changed all the same");
    put(s, "a", "3");
    creg_store_get(reader, creg_slice_of("a"), &s->arena, &value, NULL, &s->err);
    CHECK(creg_slice_equal(value, creg_slice_of("3")), "the reader does not see changes");
    creg_store_close(reader);
}

static void parameters_are_looked_at(suite *s)
{
    char root[256];
    creg_store *store = NULL;
    snprintf(root, sizeof root, "%s", suite_url(s, s->root));
    const char *join = strchr(root, '?') == NULL ? "?" : "&";
    char url[512];
    snprintf(url, sizeof url, "%s%slayout=products&read_only=1&timeout_ms=1234", root, join);
    CHECK_STATUS(creg_store_open(url, NULL, &store, &s->err), CREG_OK);
    REQUIRE(store != NULL, "not opened: %s", s->err.message);
    const char *layout = creg_store_parameter(store, "layout");
    CHECK(layout != NULL && strcmp(layout, "products") == 0, "layout is '%s'",
          layout == NULL ? "(none)" : layout);
    CHECK(creg_store_parameter(store, "visibility") == NULL, "a parameter out of nothing");
    CHECK_STATUS(creg_store_put(store, creg_slice_of("a"), creg_slice_of(""), &s->err),
                 CREG_PERMISSION);
    creg_store_close(store);

    static const char *const bad[] = {"no_such_parameter=1",
                                      "timeout_ms=soon",
                                      "timeout_ms=0",
                                      "timeout_ms=-5",
                                      "read_only=yes",
                                      "layout=a&layout=b",
                                      "=x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(url, sizeof url, "%s%s%s", root, join, bad[i]);
        store = NULL;
        creg_status status = creg_store_open(url, NULL, &store, &s->err);
        CHECK(status == CREG_USAGE, "'%s' gave %s", bad[i], creg_status_name(status));
        creg_store_close(store);
    }
}

static void bad_roots_are_refused(suite *s)
{
    static const char *const bad[] = {"a//b", "..", "a/../b", "a%20b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        creg_store *store = NULL;
        creg_status status = creg_store_open(suite_url(s, bad[i]), NULL, &store, &s->err);
        CHECK(status == CREG_INVALID_NAME, "root '%s' gave %s", bad[i],
              creg_status_name(status));
        creg_store_close(store);
    }
}

static void facts(suite *s)
{
    creg_pairs pairs = {NULL, 0};
    CHECK_STATUS(creg_store_info(s->store, &s->arena, &pairs, &s->err), CREG_OK);
    bool has_driver = false;
    bool has_root = false;
    for (size_t i = 0; i < pairs.size; i++) {
        has_driver |= creg_slice_equal(pairs.items[i].key, creg_slice_of("driver")) &&
                      creg_slice_equal(pairs.items[i].value,
                                       creg_slice_of(creg_store_driver_name(s->store)));
        has_root |= creg_slice_equal(pairs.items[i].key, creg_slice_of("root")) &&
                    creg_slice_equal(pairs.items[i].value, creg_slice_of(s->root));
    }
    CHECK(has_driver, "the driver is not among %zu facts", pairs.size);
    CHECK(has_root, "the root is not among %zu facts", pairs.size);
}

static void a_sound_store_is_sound(suite *s)
{
    put(s, "a/b", "1");
    creg_status status = creg_store_check(s->store, &s->err);
    CHECK(status == CREG_OK, "the check gave %s: %s", creg_status_name(status), s->err.message);
    put(s, "a/b", "2");
}

static void limits_are_told(suite *s)
{
    creg_limits limits = {1, 1, 1, 1};
    CHECK_STATUS(creg_store_limits(s->store, &limits, &s->err), CREG_OK);
    CHECK(limits.key_bytes == 0 || limits.key_bytes >= 500, "keys of %zu bytes",
          limits.key_bytes);
    CHECK(limits.value_bytes == 0 || limits.value_bytes >= 100000, "values of %zu bytes",
          limits.value_bytes);
    CHECK(limits.transaction_operations == 0 || limits.transaction_operations >= 64,
          "transactions of %zu operations", limits.transaction_operations);
}

const suite_case cases_open[] = {
    {"open__roots_are_apart", roots_are_apart},
    {"open__a_root_within_a_root", a_root_within_a_root},
    {"open__two_handles_see_each_other", two_handles_see_each_other},
    {"open__what_is_written_stays", what_is_written_stays},
    {"open__read_only_refuses_changes", read_only_refuses_changes},
    {"open__parameters_are_looked_at", parameters_are_looked_at},
    {"open__bad_roots_are_refused", bad_roots_are_refused},
    {"open__facts", facts},
    {"open__a_sound_store_is_sound", a_sound_store_is_sound},
    {"open__limits_are_told", limits_are_told},
    {NULL, NULL},
};
