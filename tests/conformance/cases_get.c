/* SPDX-License-Identifier: MIT */
/* One key: values of every kind, absent and empty, lengths to the limits, versions, bad keys. */
#include "suite.h"

static void absent_key(suite *s)
{
    creg_slice value = creg_slice_of("untouched");
    creg_status status =
        creg_store_get(s->store, creg_slice_of("none"), &s->arena, &value, NULL, &s->err);
    CHECK_STATUS(status, CREG_NOT_FOUND);
    CHECK(strstr(s->err.message, "none") != NULL, "message '%s' names no key", s->err.message);
    CHECK(strstr(s->err.message, s->root) == NULL, "message '%s' shows the root",
          s->err.message);
    CHECK(creg_slice_equal(value, creg_slice_of("untouched")), "the value was touched");
}

static void value_round_trips(suite *s)
{
    put(s, "a", "one");
    CHECK(strcmp(value_of(s, "a"), "one") == 0, "got '%s'", value_of(s, "a"));
    put(s, "a", "another");
    CHECK(strcmp(value_of(s, "a"), "another") == 0, "got '%s'", value_of(s, "a"));
    put(s, "a", "1");
    CHECK(strcmp(value_of(s, "a"), "1") == 0, "a shorter value leaves a rest: '%s'",
          value_of(s, "a"));
}

static void empty_value_is_not_absent(suite *s)
{
    put(s, "empty", "");
    const char *value = value_of(s, "empty");
    REQUIRE(value != NULL, "an empty value is reported as absent");
    CHECK(*value == '\0', "got '%s'", value);
    CHECK(version_of(s, "empty").present, "an empty value has no version");
    put(s, "full", "x");
    put(s, "full", "");
    value = value_of(s, "full");
    CHECK(value != NULL && *value == '\0', "a value could not be emptied");
}

static void binary_values(suite *s)
{
    char bytes[512];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(unsigned char)(i & 0xFF);
    creg_slice given = creg_slice_make(bytes, sizeof bytes);
    CHECK_STATUS(creg_store_put(s->store, creg_slice_of("bytes"), given, &s->err), CREG_OK);
    creg_slice value = {NULL, 0};
    CHECK_STATUS(
        creg_store_get(s->store, creg_slice_of("bytes"), &s->arena, &value, NULL, &s->err),
        CREG_OK);
    CHECK(creg_slice_equal(value, given), "bytes changed on the way (%zu came back)",
          value.size);
    creg_pairs pairs;
    CHECK_STATUS(creg_store_list(s->store, creg_slice_of(""), &s->arena, &pairs, &s->err),
                 CREG_OK);
    CHECK(pairs.size == 1 && creg_slice_equal(pairs.items[0].value, given),
          "bytes changed in a list");
}

static void only_a_nul(suite *s)
{
    creg_slice nul = creg_slice_make("\0", 1);
    CHECK_STATUS(creg_store_put(s->store, creg_slice_of("nul"), nul, &s->err), CREG_OK);
    creg_slice value = {NULL, 0};
    creg_store_get(s->store, creg_slice_of("nul"), &s->arena, &value, NULL, &s->err);
    CHECK(value.size == 1 && value.data[0] == '\0', "a NUL came back as %zu bytes", value.size);
}

static void values_to_the_limit(suite *s)
{
    size_t most = s->limits.value_bytes == 0 ? 512 * 1024 : s->limits.value_bytes;
    if (s->limits.transaction_bytes != 0 && most > s->limits.transaction_bytes - 4096)
        most = s->limits.transaction_bytes - 4096;
    size_t sizes[] = {1, 100, 4000, 4096, 5000, 65536, most};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char *text = long_text(s, sizes[i], 'v');
        text[sizes[i] / 2] = 'w';
        put(s, "large", text);
        const char *back = value_of(s, "large");
        CHECK(back != NULL && strcmp(back, text) == 0, "a value of %zu bytes changed",
              sizes[i]);
    }
}

static void value_over_the_limit(suite *s)
{
    if (s->limits.value_bytes == 0)
        SKIP("no limit");
    char *text = long_text(s, s->limits.value_bytes + 1, 'v');
    creg_status status =
        creg_store_put(s->store, creg_slice_of("too/large"), creg_slice_of(text), &s->err);
    CHECK_STATUS(status, CREG_LIMIT);
    CHECK(strstr(s->err.message, "too/large") != NULL, "message '%s' names no key",
          s->err.message);
    CHECK(is_absent(s, "too/large"), "it was stored all the same");
}

static void keys_to_the_limit(suite *s)
{
    size_t most = s->limits.key_bytes;
    size_t sizes[] = {1, 100, 250, 493, 494, 495, 510, 511, 512, 1000, most};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (most != 0 && sizes[i] > most)
            continue;
        char *key = long_text(s, sizes[i] == 0 ? 1500 : sizes[i], 'k');
        for (size_t at = 200; at + 1 < strlen(key); at += 200)
            key[at] = '/';
        put(s, key, "there");
        const char *value = value_of(s, key);
        CHECK(value != NULL && strcmp(value, "there") == 0, "a key of %zu bytes is lost",
              strlen(key));
        delete_key(s, key);
        CHECK(is_absent(s, key), "a key of %zu bytes cannot be deleted", strlen(key));
    }
}

static void key_over_the_limit(suite *s)
{
    if (s->limits.key_bytes == 0)
        SKIP("no limit");
    char *key = long_text(s, s->limits.key_bytes + 1, 'k');
    CHECK_STATUS(creg_store_put(s->store, creg_slice_of(key), creg_slice_of(""), &s->err),
                 CREG_LIMIT);
    CHECK(strcmp(shown_keys(s, ""), "") == 0, "something was stored all the same");
}

static void long_keys_that_share_their_start(suite *s)
{
    if (s->limits.key_bytes != 0 && s->limits.key_bytes < 700)
        SKIP("no keys that long");
    char *one = long_text(s, 600, 'k');
    char *two = long_text(s, 600, 'k');
    char *part = long_text(s, 599, 'k');
    two[599] = 'z';
    put(s, one, "one");
    put(s, two, "two");
    CHECK(strcmp(value_of(s, one), "one") == 0 && strcmp(value_of(s, two), "two") == 0,
          "long keys are mixed up");
    CHECK(is_absent(s, part), "the start of a long key is taken for it");
    delete_key(s, one);
    CHECK(is_absent(s, one) && !is_absent(s, two), "the wrong long key was deleted");
}

static void every_allowed_character(suite *s)
{
    static const char key[] = "ABCXYZ/abcxyz/0189/_-.=,/=2F=3D/a.b/.c/d./-e/_f/,g/=00";
    put(s, key, "all");
    const char *value = value_of(s, key);
    CHECK(value != NULL && strcmp(value, "all") == 0, "the key was changed");
    CHECK(strcmp(shown_keys(s, ""),
                 "ABCXYZ/abcxyz/0189/_-.=,/=2F=3D/a.b/.c/d./-e/_f/,g/=00 ") == 0,
          "listed as '%s'", shown_keys(s, ""));
}

static void case_matters(suite *s)
{
    put(s, "Key", "upper");
    put(s, "key", "lower");
    CHECK(strcmp(value_of(s, "Key"), "upper") == 0, "got '%s'", value_of(s, "Key"));
    CHECK(strcmp(value_of(s, "key"), "lower") == 0, "got '%s'", value_of(s, "key"));
}

static void a_key_may_have_keys_below(suite *s)
{
    put(s, "a", "itself");
    put(s, "a/b", "below");
    put(s, "a/b/c", "deeper");
    CHECK(strcmp(value_of(s, "a"), "itself") == 0, "the value above is lost");
    CHECK(strcmp(value_of(s, "a/b"), "below") == 0, "the value between is lost");
    CHECK(strcmp(value_of(s, "a/b/c"), "deeper") == 0, "the value below is lost");
}

static void parents_are_not_keys(suite *s)
{
    put(s, "x/y/z", "deep");
    CHECK(is_absent(s, "x"), "a parent appeared");
    CHECK(is_absent(s, "x/y"), "a parent appeared");
    CHECK(strcmp(shown_keys(s, ""), "x/y/z ") == 0, "listed: '%s'", shown_keys(s, ""));
    put(s, "x/y", "");
    CHECK(!is_absent(s, "x/y"), "an empty value on a parent is lost");
    delete_key(s, "x/y");
    CHECK(is_absent(s, "x/y"), "a deleted parent is still there");
    CHECK(!is_absent(s, "x/y/z"), "deleting the parent took the child along");
}

static bool same_version(creg_version left, creg_version right)
{
    return left.present == right.present && left.major == right.major &&
           left.minor == right.minor;
}

static void versions_tell_changes(suite *s)
{
    put(s, "a", "1");
    creg_version first = version_of(s, "a");
    CHECK(first.present, "no version");
    CHECK(same_version(first, version_of(s, "a")), "reading changes the version");
    put(s, "b", "1");
    CHECK(same_version(first, version_of(s, "a")), "another key changes the version");
    put(s, "a", "1");
    creg_version second = version_of(s, "a");
    bool is_same = same_version(first, second);
    bool may_be_same =
        (creg_store_capabilities(s->store) & CREG_STORE_SAME_VALUE_IS_NO_CHANGE) != 0;
    CHECK(is_same == may_be_same, "the same value again: the version is %s",
          is_same ? "kept" : "new");
    delete_key(s, "a");
    put(s, "a", "1");
    creg_version third = version_of(s, "a");
    CHECK(!same_version(first, third) && !same_version(second, third),
          "deleting and making anew brings an old version back");
}

static void results_outlive_changes(suite *s)
{
    put(s, "a", "before");
    creg_slice value;
    creg_store_get(s->store, creg_slice_of("a"), &s->arena, &value, NULL, &s->err);
    put(s, "a", "after!");
    delete_key(s, "a");
    CHECK(creg_slice_equal(value, creg_slice_of("before")), "a result was overwritten");
}

static void no_error_object_is_fine(suite *s)
{
    creg_slice value;
    CHECK_STATUS(creg_store_get(s->store, creg_slice_of("no"), &s->arena, &value, NULL, NULL),
                 CREG_NOT_FOUND);
    CHECK_STATUS(creg_store_get(s->store, creg_slice_of("/"), &s->arena, &value, NULL, NULL),
                 CREG_INVALID_NAME);
}

static void arena_without_room(suite *s)
{
    put(s, "a", long_text(s, 10000, 'x'));
    creg_arena small;
    creg_arena_init(&small, 5000);
    creg_slice value;
    CHECK_STATUS(creg_store_get(s->store, creg_slice_of("a"), &small, &value, NULL, &s->err),
                 CREG_LIMIT);
    creg_pairs pairs;
    creg_arena_reset(&small);
    CHECK_STATUS(creg_store_list(s->store, creg_slice_of(""), &small, &pairs, &s->err),
                 CREG_LIMIT);
    creg_arena_clear(&small);
    CHECK(!is_absent(s, "a"), "the store does not work any more");
}

static void bad_keys_are_refused(suite *s)
{
    static const char *const bad[] = {"",    "/",      "/a",   "a/",   "a//b",
                                      ".",   "..",     "a/.",  "a/..", "../a",
                                      "./a", "a/../b", "a\nb", "\x01", "a\x7F"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        creg_slice key = creg_slice_of(bad[i]);
        creg_slice value;
        creg_operation operations[] = {op_put(bad[i], "x"), op_delete(bad[i]),
                                       op_delete_tree(bad[i])};
        creg_status status = creg_store_get(s->store, key, &s->arena, &value, NULL, &s->err);
        CHECK(status == CREG_INVALID_NAME, "get '%s' gave %s", bad[i],
              creg_status_name(status));
        for (size_t k = 0; k < 3; k++) {
            status = apply(s, NULL, 0, &operations[k], 1, NULL);
            CHECK(status == CREG_INVALID_NAME, "operation %zu on '%s' gave %s", k, bad[i],
                  creg_status_name(status));
        }
        creg_check check = check_of(CREG_CHECK_ABSENT, bad[i]);
        status = apply(s, &check, 1, NULL, 0, NULL);
        CHECK(status == CREG_INVALID_NAME, "check of '%s' gave %s", bad[i],
              creg_status_name(status));
    }
    CHECK(strcmp(shown_keys(s, ""), "") == 0, "something was stored all the same");
}

static void keys_that_not_every_store_holds(suite *s)
{
    static const char *const bad[] = {"a b", "a%20b", "caf\xC3\xA9", "a..b", "...",
                                      "a:b", "a?b",   "a*",          "a\\b", "\xFF"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        creg_status status =
            creg_store_put(s->store, creg_slice_of(bad[i]), creg_slice_of("x"), &s->err);
        CHECK(status == CREG_INVALID_NAME, "put of bad key %zu gave %s", i,
              creg_status_name(status));
        CHECK(s->err.hint[0] != '\0', "no hint for bad key %zu", i);
    }
}

static void any_name_fits_when_encoded(suite *s)
{
    static const char *const names[] = {"a b",          "100%", ".",        "..",
                                        "...",          "a/b",  "=",        "a=2Fb",
                                        "\xE6\xBC\xA2", "a\\b", "zookeeper"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        creg_slice key = creg_key_encode(creg_slice_of(names[i]), &s->arena);
        put(s, key.data, names[i]);
    }
    creg_pairs pairs = {NULL, 0};
    CHECK_STATUS(creg_store_list(s->store, creg_slice_of(""), &s->arena, &pairs, &s->err),
                 CREG_OK);
    CHECK(pairs.size == sizeof names / sizeof names[0], "%zu keys came back", pairs.size);
    for (size_t i = 0; i < pairs.size; i++) {
        creg_slice name = {NULL, 0};
        CHECK_STATUS(creg_key_decode(pairs.items[i].key, &s->arena, &name, &s->err), CREG_OK);
        CHECK(creg_slice_equal(name, pairs.items[i].value), "a name changed on the way");
    }
}

const suite_case cases_get[] = {
    {"get__absent_key", absent_key},
    {"get__value_round_trips", value_round_trips},
    {"get__empty_value_is_not_absent", empty_value_is_not_absent},
    {"get__binary_values", binary_values},
    {"get__only_a_nul", only_a_nul},
    {"get__values_to_the_limit", values_to_the_limit},
    {"get__value_over_the_limit", value_over_the_limit},
    {"get__keys_to_the_limit", keys_to_the_limit},
    {"get__key_over_the_limit", key_over_the_limit},
    {"get__long_keys_that_share_their_start", long_keys_that_share_their_start},
    {"get__every_allowed_character", every_allowed_character},
    {"get__case_matters", case_matters},
    {"get__a_key_may_have_keys_below", a_key_may_have_keys_below},
    {"get__parents_are_not_keys", parents_are_not_keys},
    {"get__versions_tell_changes", versions_tell_changes},
    {"get__results_outlive_changes", results_outlive_changes},
    {"get__no_error_object_is_fine", no_error_object_is_fine},
    {"get__arena_without_room", arena_without_room},
    {"get__bad_keys_are_refused", bad_keys_are_refused},
    {"get__keys_that_not_every_store_holds", keys_that_not_every_store_holds},
    {"get__any_name_fits_when_encoded", any_name_fits_when_encoded},
    {NULL, NULL},
};
