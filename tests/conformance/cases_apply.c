/* SPDX-License-Identifier: MIT */
/* Transactions: every check, every operation, all or nothing, and what is refused. */
#include "suite.h"

enum { NO_CHECK = 12345 };

static void several_operations(suite *s)
{
    put(s, "gone", "1");
    put(s, "kept", "1");
    creg_operation operations[] = {op_put("new", "n"), op_delete("gone"), op_put("kept", "2")};
    CHECK_STATUS(apply(s, NULL, 0, operations, 3, NULL), CREG_OK);
    CHECK(strcmp(shown(s, (creg_read){.key = creg_slice_of("")}), "kept=2 new=n ") == 0,
          "the store holds '%s'", shown(s, (creg_read){.key = creg_slice_of("")}));
}

static void empty_transaction(suite *s)
{
    CHECK_STATUS(apply(s, NULL, 0, NULL, 0, NULL), CREG_OK);
}

static void only_checks(suite *s)
{
    put(s, "a", "1");
    creg_check holds = check_of(CREG_CHECK_PRESENT, "a");
    creg_check fails = check_of(CREG_CHECK_ABSENT, "a");
    CHECK_STATUS(apply(s, &holds, 1, NULL, 0, NULL), CREG_OK);
    CHECK_STATUS(apply(s, &fails, 1, NULL, 0, NULL), CREG_CONFLICT);
}

static void deleting_what_is_not_there(suite *s)
{
    creg_operation operations[] = {op_delete("none"), op_delete_tree("none"),
                                   op_delete("no/such/key"), op_delete_tree("no/such/tree")};
    CHECK_STATUS(apply(s, NULL, 0, operations, 4, NULL), CREG_OK);
}

static void delete_takes_one_key(suite *s)
{
    static const char *const keys[] = {"a", "a/b", "a/b/c", "ab", NULL};
    put_many(s, keys);
    delete_key(s, "a/b");
    CHECK(strcmp(shown_keys(s, ""), "a a/b/c ab ") == 0, "left: '%s'", shown_keys(s, ""));
    delete_key(s, "a");
    CHECK(strcmp(shown_keys(s, ""), "a/b/c ab ") == 0, "left: '%s'", shown_keys(s, ""));
}

static void delete_tree_takes_what_is_below(suite *s)
{
    static const char *const keys[] = {"i/1",   "i/1/a", "i/1/b/c", "i/10/a", "i/1-x/a",
                                       "i/1.5", "i/1a",  "i/2/a",   NULL};
    put_many(s, keys);
    creg_operation gone = op_delete_tree("i/1");
    CHECK_STATUS(apply(s, NULL, 0, &gone, 1, NULL), CREG_OK);
    CHECK(strcmp(shown_keys(s, ""), "i/1 i/1-x/a i/1.5 i/10/a i/1a i/2/a ") == 0, "left: '%s'",
          shown_keys(s, ""));
}

static void delete_tree_and_its_key(suite *s)
{
    static const char *const keys[] = {"a", "a/b", "a/c", "ab", NULL};
    put_many(s, keys);
    creg_operation operations[] = {op_delete("a"), op_delete_tree("a")};
    CHECK_STATUS(apply(s, NULL, 0, operations, 2, NULL), CREG_OK);
    CHECK(strcmp(shown_keys(s, ""), "ab ") == 0, "left: '%s'", shown_keys(s, ""));
}

static void put_a_key_and_delete_below_it(suite *s)
{
    static const char *const keys[] = {"a/b", "a/c/d", NULL};
    put_many(s, keys);
    creg_operation operations[] = {op_delete_tree("a"), op_put("a", "now")};
    CHECK_STATUS(apply(s, NULL, 0, operations, 2, NULL), CREG_OK);
    CHECK(strcmp(shown_keys(s, ""), "a ") == 0, "left: '%s'", shown_keys(s, ""));
}

static void deletes_below_a_deleted_tree(suite *s)
{
    static const char *const keys[] = {"a/b", "a/c/d", "a/c/e", "z", NULL};
    put_many(s, keys);
    creg_operation operations[] = {op_delete("a/b"), op_delete_tree("a"), op_delete_tree("a/c"),
                                   op_delete("a/c/d"), op_put("y", "")};
    CHECK_STATUS(apply(s, NULL, 0, operations, 5, NULL), CREG_OK);
    CHECK(strcmp(shown_keys(s, ""), "y z ") == 0, "left: '%s'", shown_keys(s, ""));
}

static void deep_trees_come_and_go(suite *s)
{
    static const char *const keys[] = {"t/1/2/3/4/5/6/7/8", "t/1/2/3/4/5", "t/1/2", NULL};
    put_many(s, keys);
    creg_operation gone = op_delete_tree("t/1/2/3");
    CHECK_STATUS(apply(s, NULL, 0, &gone, 1, NULL), CREG_OK);
    CHECK(strcmp(shown_keys(s, ""), "t/1/2 ") == 0, "left: '%s'", shown_keys(s, ""));
    put(s, "t/1/2/3/4", "again");
    CHECK(strcmp(shown_keys(s, "t"), "t/1/2 t/1/2/3/4 ") == 0, "left: '%s'",
          shown_keys(s, "t"));
}

/* ---- checks ----------------------------------------------------------------------------- */

/* Applies a put of "mark" under the checks; tells the status and whether it happened. */
static void expect_outcome(suite *s, const creg_check *checks, size_t count, creg_status wanted,
                           size_t wanted_index, int line)
{
    size_t failed = NO_CHECK;
    creg_operation operation = op_put("mark", "x");
    creg_status status = apply(s, checks, count, &operation, 1, &failed);
    CHECK(status == wanted, "line %d gave %s, not %s", line, creg_status_name(status),
          creg_status_name(wanted));
    CHECK(is_absent(s, "mark") == (wanted != CREG_OK), "line %d: done and told differ", line);
    if (wanted == CREG_CONFLICT) {
        CHECK(failed == wanted_index || failed == SIZE_MAX,
              "line %d: check %zu is said to fail", line, failed);
        CHECK(s->err.message[0] != '\0', "line %d: no message", line);
    } else {
        CHECK(failed == NO_CHECK, "line %d: a check is said to fail", line);
    }
    delete_key(s, "mark");
}
#define EXPECT(wanted, index, ...)                                                             \
    do {                                                                                       \
        creg_check checks_[] = {__VA_ARGS__};                                                  \
        expect_outcome(s, checks_, sizeof checks_ / sizeof checks_[0], (wanted), (index),      \
                       __LINE__);                                                              \
    } while (0)

static void check_absent(suite *s)
{
    put(s, "a/b", "1");
    EXPECT(CREG_OK, 0, check_of(CREG_CHECK_ABSENT, "none"));
    EXPECT(CREG_OK, 0, check_of(CREG_CHECK_ABSENT, "a"));
    EXPECT(CREG_OK, 0, check_of(CREG_CHECK_ABSENT, "a/b/c"));
    EXPECT(CREG_CONFLICT, 0, check_of(CREG_CHECK_ABSENT, "a/b"));
    put(s, "e", "");
    EXPECT(CREG_CONFLICT, 0, check_of(CREG_CHECK_ABSENT, "e"));
}

static void check_present(suite *s)
{
    put(s, "a/b", "1");
    put(s, "e", "");
    EXPECT(CREG_OK, 0, check_of(CREG_CHECK_PRESENT, "a/b"));
    EXPECT(CREG_OK, 0, check_of(CREG_CHECK_PRESENT, "e"));
    EXPECT(CREG_CONFLICT, 0, check_of(CREG_CHECK_PRESENT, "none"));
    EXPECT(CREG_CONFLICT, 0, check_of(CREG_CHECK_PRESENT, "a"));
    EXPECT(CREG_CONFLICT, 0, check_of(CREG_CHECK_PRESENT, "a/b/c"));
}

static void check_versions(suite *s)
{
    creg_version absent = {false, 0, 0};
    put(s, "a", "1");
    creg_version first = version_of(s, "a");
    EXPECT(CREG_OK, 0, check_version("a", first));
    EXPECT(CREG_CONFLICT, 0, check_version("a", absent));
    EXPECT(CREG_OK, 0, check_version("none", absent));
    EXPECT(CREG_CONFLICT, 0, check_version("none", first));
    put(s, "a", "2");
    EXPECT(CREG_CONFLICT, 0, check_version("a", first));
    EXPECT(CREG_OK, 0, check_version("a", version_of(s, "a")));
    delete_key(s, "a");
    EXPECT(CREG_CONFLICT, 0, check_version("a", first));
    EXPECT(CREG_OK, 0, check_version("a", absent));
    put(s, "a", "1");
    EXPECT(CREG_CONFLICT, 0, check_version("a", first));
}

/* 0 is a number like others: it never means "any" or "absent". */
static void version_zero_is_no_joker(suite *s)
{
    creg_version zero = {true, 0, 0};
    put(s, "a", "1");
    EXPECT(CREG_CONFLICT, 0, check_version("a", zero));
    EXPECT(CREG_CONFLICT, 0, check_version("none", zero));
    creg_version other = version_of(s, "a");
    other.major++;
    EXPECT(CREG_CONFLICT, 0, check_version("a", other));
    other = version_of(s, "a");
    other.minor++;
    EXPECT(CREG_CONFLICT, 0, check_version("a", other));
}

static void absent_ignores_the_numbers(suite *s)
{
    creg_version odd = {false, 77, 5};
    EXPECT(CREG_OK, 0, check_version("none", odd));
    put(s, "a", "1");
    EXPECT(CREG_CONFLICT, 0, check_version("a", odd));
}

static void check_subtree_empty(suite *s)
{
    static const char *const keys[] = {"i/1", "i/10/a", "i/1-x/a", NULL};
    EXPECT(CREG_OK, 0, check_of(CREG_CHECK_SUBTREE_EMPTY, "i"));
    put_many(s, keys);
    EXPECT(CREG_OK, 0, check_of(CREG_CHECK_SUBTREE_EMPTY, "i/1"));
    EXPECT(CREG_CONFLICT, 0, check_of(CREG_CHECK_SUBTREE_EMPTY, "i"));
    EXPECT(CREG_CONFLICT, 0, check_of(CREG_CHECK_SUBTREE_EMPTY, "i/10"));
    EXPECT(CREG_OK, 0, check_of(CREG_CHECK_SUBTREE_EMPTY, "none"));
    put(s, "i/1/deep/key", "");
    EXPECT(CREG_CONFLICT, 0, check_of(CREG_CHECK_SUBTREE_EMPTY, "i/1"));
    delete_key(s, "i/1/deep/key");
    EXPECT(CREG_OK, 0, check_of(CREG_CHECK_SUBTREE_EMPTY, "i/1"));
}

static void subtree_of_everything(suite *s)
{
    size_t failed = NO_CHECK;
    creg_check all = check_of(CREG_CHECK_SUBTREE_EMPTY, "");
    CHECK_STATUS(apply(s, &all, 1, NULL, 0, &failed), CREG_OK);
    put(s, "a", "1");
    CHECK_STATUS(apply(s, &all, 1, NULL, 0, &failed), CREG_CONFLICT);
    CHECK(failed == 0 || failed == SIZE_MAX, "check %zu is said to fail", failed);
}

static void the_failed_check_is_named(suite *s)
{
    put(s, "a", "1");
    put(s, "b", "1");
    put(s, "t/x", "1");
    creg_check good_a = check_of(CREG_CHECK_PRESENT, "a");
    creg_check good_none = check_of(CREG_CHECK_ABSENT, "none");
    creg_check good_b = check_version("b", version_of(s, "b"));
    EXPECT(CREG_OK, 0, good_a, good_none, good_b);
    EXPECT(CREG_CONFLICT, 0, check_of(CREG_CHECK_ABSENT, "b"), good_a, good_none);
    EXPECT(CREG_CONFLICT, 1, good_a, check_of(CREG_CHECK_ABSENT, "b"), good_none);
    EXPECT(CREG_CONFLICT, 2, good_a, good_none, check_of(CREG_CHECK_PRESENT, "no"));
    EXPECT(CREG_CONFLICT, 2, good_a, good_b, check_of(CREG_CHECK_SUBTREE_EMPTY, "t"));
    EXPECT(CREG_CONFLICT, 1, good_b, check_version("a", (creg_version){true, 1, 9}), good_a);
}

/* Every way in which some of four checks of four kinds can fail: only "none" lets it happen. */
static void every_combination_of_checks(suite *s)
{
    put(s, "p", "1");
    put(s, "v", "1");
    put(s, "full/x", "1");
    creg_version version = version_of(s, "v");
    creg_version wrong = {true, version.major + 1000, version.minor};
    for (unsigned bits = 0; bits < 16; bits++) {
        creg_check checks[] = {check_of(CREG_CHECK_ABSENT, bits & 1 ? "p" : "no"),
                               check_of(CREG_CHECK_PRESENT, bits & 2 ? "no" : "p"),
                               check_version("v", bits & 4 ? wrong : version),
                               check_of(CREG_CHECK_SUBTREE_EMPTY, bits & 8 ? "full" : "p")};
        size_t failed = NO_CHECK;
        creg_operation operation = op_put("mark", "x");
        creg_status status = apply(s, checks, 4, &operation, 1, &failed);
        CHECK(status == (bits == 0 ? CREG_OK : CREG_CONFLICT), "bits %u gave %s", bits,
              creg_status_name(status));
        CHECK(is_absent(s, "mark") == (bits != 0), "bits %u: done and told differ", bits);
        if (bits != 0)
            CHECK(failed == SIZE_MAX || (failed < 4 && (bits >> failed & 1) != 0),
                  "bits %u: check %zu is said to fail", bits, failed);
        delete_key(s, "mark");
    }
}

static void nothing_happens_when_a_check_fails(suite *s)
{
    static const char *const keys[] = {"a", "b/c", "b/d", NULL};
    put_many(s, keys);
    creg_version before = version_of(s, "a");
    creg_operation operations[] = {op_put("a", "changed"), op_put("new/x", "1"),
                                   op_delete("b/c"), op_delete_tree("b"), op_put("z", "")};
    creg_check fails = check_of(CREG_CHECK_PRESENT, "none");
    CHECK_STATUS(apply(s, &fails, 1, operations, 5, NULL), CREG_CONFLICT);
    CHECK(strcmp(shown(s, (creg_read){.key = creg_slice_of("")}), "a=a b/c=b/c b/d=b/d ") == 0,
          "the store holds '%s'", shown(s, (creg_read){.key = creg_slice_of("")}));
    creg_version after = version_of(s, "a");
    CHECK(before.major == after.major && before.minor == after.minor, "the version changed");
}

static void checks_see_the_state_before(suite *s)
{
    put(s, "old", "1");
    creg_check checks[] = {check_of(CREG_CHECK_ABSENT, "new"),
                           check_of(CREG_CHECK_PRESENT, "old")};
    creg_operation operations[] = {op_put("new", "1"), op_delete("old")};
    CHECK_STATUS(apply(s, checks, 2, operations, 2, NULL), CREG_OK);
    CHECK(!is_absent(s, "new") && is_absent(s, "old"), "the operations did not happen");
}

static void a_counter_by_compare_and_set(suite *s)
{
    creg_version seen = {false, 0, 0};
    for (int i = 1; i <= 5; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        creg_check check = check_version("n", seen);
        creg_operation operation = op_put("n", number);
        CHECK_STATUS(apply(s, &check, 1, &operation, 1, NULL), CREG_OK);
        CHECK_STATUS(apply(s, &check, 1, &operation, 1, NULL), CREG_CONFLICT);
        seen = version_of(s, "n");
    }
    CHECK(strcmp(value_of(s, "n"), "5") == 0, "the counter is %s", value_of(s, "n"));
}

static void keys_of_one_transaction_share_a_moment(suite *s)
{
    creg_operation operations[] = {op_put("x", "1"), op_put("y", "1")};
    CHECK_STATUS(apply(s, NULL, 0, operations, 2, NULL), CREG_OK);
    creg_check checks[] = {check_version("x", version_of(s, "x")),
                           check_version("y", version_of(s, "y"))};
    creg_operation changes[] = {op_put("x", "2"), op_put("y", "2")};
    CHECK_STATUS(apply(s, checks, 2, changes, 2, NULL), CREG_OK);
    CHECK_STATUS(apply(s, checks, 2, changes, 2, NULL), CREG_CONFLICT);
}

/* ---- what is refused -------------------------------------------------------------------- */

static void one_key_twice(suite *s)
{
    creg_operation pairs[][2] = {
        {op_put("a", "1"), op_put("a", "2")},      {op_put("a", "1"), op_delete("a")},
        {op_delete("a"), op_put("a", "1")},        {op_delete("a"), op_delete("a")},
        {op_put("a/b", "1"), op_delete_tree("a")}, {op_delete_tree("a"), op_put("a/b/c", "")},
        {op_delete_tree("a"), op_delete_tree("a")}};
    put(s, "a", "before");
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        creg_status status = apply(s, NULL, 0, pairs[i], 2, NULL);
        CHECK(status == CREG_USAGE, "pair %zu gave %s", i, creg_status_name(status));
        CHECK(strstr(s->err.message, "'a") != NULL, "message '%s' names no key",
              s->err.message);
    }
    CHECK(strcmp(shown(s, (creg_read){.key = creg_slice_of("")}), "a=before ") == 0,
          "the store holds '%s'", shown(s, (creg_read){.key = creg_slice_of("")}));
}

static void twice_among_many(suite *s)
{
    creg_operation operations[40];
    char keys[40][16];
    for (int i = 0; i < 40; i++) {
        snprintf(keys[i], sizeof keys[i], "k%d", i == 39 ? 3 : i);
        operations[i] = op_put(keys[i], "");
    }
    CHECK_STATUS(apply(s, NULL, 0, operations, 40, NULL), CREG_USAGE);
    CHECK_STATUS(apply(s, NULL, 0, operations, 39, NULL), CREG_OK);
}

static void siblings_of_a_deleted_tree_may_be_put(suite *s)
{
    creg_operation operations[] = {op_delete_tree("i/1"), op_put("i/10/a", ""),
                                   op_put("i/1-x", ""), op_put("i/1.x", ""), op_put("i/1", "")};
    CHECK_STATUS(apply(s, NULL, 0, operations, 5, NULL), CREG_OK);
    CHECK(strcmp(shown_keys(s, ""), "i/1 i/1-x i/1.x i/10/a ") == 0, "left: '%s'",
          shown_keys(s, ""));
}

static void a_bad_key_among_good_ones(suite *s)
{
    creg_operation operations[] = {op_put("a", "1"), op_put("b/", "1")};
    CHECK_STATUS(apply(s, NULL, 0, operations, 2, NULL), CREG_INVALID_NAME);
    CHECK(is_absent(s, "a"), "the good one happened");
}

static void binding_needs_a_fence(suite *s)
{
    creg_operation operation = op_put("a", "1");
    operation.bind_liveness = true;
    CHECK_STATUS(apply(s, NULL, 0, &operation, 1, NULL), CREG_USAGE);
    CHECK(is_absent(s, "a"), "it was put all the same");
}

static void too_many_operations(suite *s)
{
    size_t most = s->limits.transaction_operations;
    if (most == 0 || most > 100000)
        SKIP("no limit");
    creg_operation *operations = creg_arena_calloc(&s->arena, most + 1, sizeof *operations);
    for (size_t i = 0; i <= most; i++) {
        char key[32];
        snprintf(key, sizeof key, "many/k%zu", i);
        operations[i] = op_put(creg_arena_copy(&s->arena, creg_slice_of(key)).data, "");
    }
    CHECK_STATUS(apply(s, NULL, 0, operations, most + 1, NULL), CREG_LIMIT);
    CHECK(strcmp(shown_keys(s, ""), "") == 0, "something was stored all the same");
    CHECK_STATUS(apply(s, NULL, 0, operations, most, NULL), CREG_OK);
}

static void as_many_as_fit(suite *s)
{
    size_t count = s->limits.transaction_operations;
    if (count == 0 || count > 5000)
        count = 5000;
    creg_operation *operations = creg_arena_calloc(&s->arena, count, sizeof *operations);
    for (size_t i = 0; i < count; i++) {
        char key[64];
        snprintf(key, sizeof key, "tree/node%zu/key%zu", i % 100, count - i);
        operations[i] = op_put(creg_arena_copy(&s->arena, creg_slice_of(key)).data, "value");
    }
    CHECK_STATUS(apply(s, NULL, 0, operations, count, NULL), CREG_OK);
    creg_pairs pairs = {NULL, 0};
    creg_store_list(s->store, creg_slice_of("tree"), &s->arena, &pairs, &s->err);
    CHECK(pairs.size == count, "%zu of %zu keys are there", pairs.size, count);
    creg_operation gone = op_delete_tree("tree");
    CHECK_STATUS(apply(s, NULL, 0, &gone, 1, NULL), CREG_OK);
    CHECK(strcmp(shown_keys(s, "tree"), "") == 0, "something is left");
}

static void too_many_bytes(suite *s)
{
    if (s->limits.transaction_bytes == 0 || s->limits.value_bytes == 0)
        SKIP("no limit");
    enum { MOST = 64 };
    /* One alone would be a bare put, which every store takes up to the limit of a value. */
    size_t count = s->limits.transaction_bytes / s->limits.value_bytes + 2;
    if (count > MOST)
        SKIP("too many values for a test");
    creg_operation operations[MOST];
    char keys[MOST][24];
    char *value = long_text(s, s->limits.value_bytes, 'v');
    for (size_t i = 0; i < count; i++) {
        snprintf(keys[i], sizeof keys[i], "k%zu", i);
        operations[i] = op_put(keys[i], value);
    }
    CHECK_STATUS(apply(s, NULL, 0, operations, count, NULL), CREG_LIMIT);
    CHECK(strcmp(shown_keys(s, ""), "") == 0, "something was stored all the same");
}

const suite_case cases_apply[] = {
    {"apply__several_operations", several_operations},
    {"apply__empty_transaction", empty_transaction},
    {"apply__only_checks", only_checks},
    {"apply__deleting_what_is_not_there", deleting_what_is_not_there},
    {"apply__delete_takes_one_key", delete_takes_one_key},
    {"apply__delete_tree_takes_what_is_below", delete_tree_takes_what_is_below},
    {"apply__delete_tree_and_its_key", delete_tree_and_its_key},
    {"apply__put_a_key_and_delete_below_it", put_a_key_and_delete_below_it},
    {"apply__deletes_below_a_deleted_tree", deletes_below_a_deleted_tree},
    {"apply__deep_trees_come_and_go", deep_trees_come_and_go},
    {"check__absent", check_absent},
    {"check__present", check_present},
    {"check__versions", check_versions},
    {"check__version_zero_is_no_joker", version_zero_is_no_joker},
    {"check__absent_ignores_the_numbers", absent_ignores_the_numbers},
    {"check__subtree_empty", check_subtree_empty},
    {"check__subtree_of_everything", subtree_of_everything},
    {"check__the_failed_one_is_named", the_failed_check_is_named},
    {"check__every_combination", every_combination_of_checks},
    {"check__nothing_happens_when_one_fails", nothing_happens_when_a_check_fails},
    {"check__sees_the_state_before", checks_see_the_state_before},
    {"check__a_counter_by_compare_and_set", a_counter_by_compare_and_set},
    {"check__keys_of_one_transaction", keys_of_one_transaction_share_a_moment},
    {"refuse__one_key_twice", one_key_twice},
    {"refuse__twice_among_many", twice_among_many},
    {"refuse__siblings_of_a_deleted_tree_are_fine", siblings_of_a_deleted_tree_may_be_put},
    {"refuse__a_bad_key_among_good_ones", a_bad_key_among_good_ones},
    {"refuse__binding_needs_a_fence", binding_needs_a_fence},
    {"refuse__too_many_operations", too_many_operations},
    {"apply__as_many_as_fit", as_many_as_fit},
    {"refuse__too_many_bytes", too_many_bytes},
    {NULL, NULL},
};
