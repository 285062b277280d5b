/* SPDX-License-Identifier: MIT */
/* Liveness: bound keys, fences, and that a lost one never comes back. */
#include "suite.h"

static creg_liveness *open_liveness(suite *s, uint32_t ttl_ms)
{
    creg_liveness *liveness = NULL;
    creg_status status =
        creg_liveness_open(s->store, creg_slice_of("case"), ttl_ms, &liveness, &s->err);
    if (status == CREG_UNSUPPORTED) {
        s->skipped = "no liveness";
        return NULL;
    }
    CHECK(status == CREG_OK, "opening gave %s: %s", creg_status_name(status), s->err.message);
    return status == CREG_OK ? liveness : NULL;
}

static creg_status apply_fenced(suite *s, creg_liveness *fence, const creg_operation *operation,
                                size_t *failed)
{
    creg_transaction transaction = {
        .operations = operation, .operation_count = operation == NULL ? 0 : 1, .fence = fence};
    return creg_store_apply(s->store, &transaction, failed, &s->err);
}

static bool is_alive(suite *s, const char *key)
{
    bool alive = true;
    CHECK_STATUS(creg_liveness_check(s->store, creg_slice_of(key), &alive, &s->err), CREG_OK);
    return alive;
}

static void a_ttl_is_granted(suite *s)
{
    creg_liveness *liveness = open_liveness(s, 30000);
    if (liveness == NULL)
        return;
    CHECK(creg_liveness_ttl(liveness) >= 1000, "%u ms were granted",
          creg_liveness_ttl(liveness));
    CHECK_STATUS(creg_liveness_renew(liveness, &s->err), CREG_OK);
    creg_liveness_release(liveness);
    creg_liveness_release(NULL);
}

static void a_default_ttl(suite *s)
{
    creg_liveness *liveness = open_liveness(s, 0);
    if (liveness == NULL)
        return;
    CHECK(creg_liveness_ttl(liveness) >= 1000, "%u ms were granted",
          creg_liveness_ttl(liveness));
    creg_liveness_release(liveness);
}

static void keys_without_owner_are_not_alive(suite *s)
{
    creg_liveness *liveness = open_liveness(s, 30000);
    if (liveness == NULL)
        return;
    put(s, "plain", "1");
    CHECK(!is_alive(s, "none"), "an absent key is alive");
    CHECK(!is_alive(s, "plain"), "a plain key is alive");
    creg_liveness_release(liveness);
}

static void a_bound_key_lives_until_release(suite *s)
{
    creg_liveness *liveness = open_liveness(s, 30000);
    if (liveness == NULL)
        return;
    creg_operation bound = op_put("i/x", "mine");
    bound.bind_liveness = true;
    CHECK_STATUS(apply_fenced(s, liveness, &bound, NULL), CREG_OK);
    CHECK(is_alive(s, "i/x"), "its owner is said to be gone");
    CHECK(strcmp(value_of(s, "i/x"), "mine") == 0, "the value is lost");
    CHECK_STATUS(creg_liveness_renew(liveness, &s->err), CREG_OK);
    CHECK(is_alive(s, "i/x"), "its owner is said to be gone after a renewal");
    creg_liveness_release(liveness);
    CHECK(!is_alive(s, "i/x"), "its owner is said to live after the release");
}

static void two_owners_are_two(suite *s)
{
    creg_liveness *one = open_liveness(s, 30000);
    if (one == NULL)
        return;
    creg_liveness *two = open_liveness(s, 30000);
    REQUIRE(two != NULL, "no second one");
    creg_operation bound = op_put("i/1", "");
    bound.bind_liveness = true;
    CHECK_STATUS(apply_fenced(s, one, &bound, NULL), CREG_OK);
    bound.key = creg_slice_of("i/2");
    CHECK_STATUS(apply_fenced(s, two, &bound, NULL), CREG_OK);
    creg_liveness_release(one);
    CHECK(!is_alive(s, "i/1"), "the released owner lives");
    CHECK(is_alive(s, "i/2"), "the other owner is gone");
    creg_liveness_release(two);
}

static void a_fence_lets_pass(suite *s)
{
    creg_liveness *liveness = open_liveness(s, 30000);
    if (liveness == NULL)
        return;
    creg_operation bound = op_put("i/x", "");
    bound.bind_liveness = true;
    CHECK_STATUS(apply_fenced(s, liveness, &bound, NULL), CREG_OK);
    creg_operation plain = op_put("data", "1");
    CHECK_STATUS(apply_fenced(s, liveness, &plain, NULL), CREG_OK);
    CHECK(!is_alive(s, "data"), "a key that was not bound is");
    CHECK(strcmp(value_of(s, "data"), "1") == 0, "the write is lost");
    creg_liveness_release(liveness);
}

static void a_put_unbinds(suite *s)
{
    creg_liveness *liveness = open_liveness(s, 30000);
    if (liveness == NULL)
        return;
    if ((s->capabilities & CREG_STORE_NEEDS_FENCE) != 0) {
        creg_liveness_release(liveness);
        SKIP("servers keep the binding of a key");
    }
    creg_operation bound = op_put("i/x", "");
    bound.bind_liveness = true;
    CHECK_STATUS(apply_fenced(s, liveness, &bound, NULL), CREG_OK);
    put(s, "i/x", "plain");
    CHECK(!is_alive(s, "i/x"), "a key that was put again is still bound");
    creg_liveness_release(liveness);
}

/* Where the time is ours to choose: a lost liveness is refused, and stays lost. */
static void a_lost_fence_is_refused_for_ever(suite *s)
{
    if ((s->capabilities & CREG_STORE_NEEDS_FENCE) != 0)
        SKIP("a server takes its time; tests/services does this");
    creg_liveness *liveness = open_liveness(s, 100);
    if (liveness == NULL)
        return;
    creg_operation bound = op_put("i/x", "1");
    bound.bind_liveness = true;
    CHECK_STATUS(apply_fenced(s, liveness, &bound, NULL), CREG_OK);
    sleep_ms(200);
    CHECK(!is_alive(s, "i/x"), "the owner lives past its time");
    size_t failed = 0;
    creg_operation late = op_put("late", "1");
    CHECK_STATUS(apply_fenced(s, liveness, &late, &failed), CREG_CONFLICT);
    CHECK(failed == SIZE_MAX, "check %zu is said to fail", failed);
    CHECK(is_absent(s, "late"), "a zombie wrote");
    CHECK_STATUS(creg_liveness_renew(liveness, &s->err), CREG_CONFLICT);
    CHECK_STATUS(apply_fenced(s, liveness, &late, NULL), CREG_CONFLICT);
    CHECK_STATUS(apply_fenced(s, liveness, NULL, NULL), CREG_CONFLICT);
    creg_liveness_release(liveness);
    CHECK(!is_alive(s, "i/x"), "the owner is back");
}

static void renewing_keeps_it(suite *s)
{
    if ((s->capabilities & CREG_STORE_NEEDS_FENCE) != 0)
        SKIP("a server takes its time; tests/services does this");
    creg_liveness *liveness = open_liveness(s, 400);
    if (liveness == NULL)
        return;
    for (int i = 0; i < 6; i++) {
        sleep_ms(100);
        CHECK_STATUS(creg_liveness_renew(liveness, &s->err), CREG_OK);
    }
    creg_operation late = op_put("late", "1");
    CHECK_STATUS(apply_fenced(s, liveness, &late, NULL), CREG_OK);
    creg_liveness_release(liveness);
}

static void a_fence_with_a_failing_check(suite *s)
{
    creg_liveness *liveness = open_liveness(s, 30000);
    if (liveness == NULL)
        return;
    creg_operation bound = op_put("i/x", "");
    bound.bind_liveness = true;
    CHECK_STATUS(apply_fenced(s, liveness, &bound, NULL), CREG_OK);
    creg_check check = check_of(CREG_CHECK_PRESENT, "none");
    creg_operation operation = op_put("a", "1");
    creg_transaction transaction = {&check, 1, &operation, 1, liveness};
    size_t failed = 77;
    CHECK_STATUS(creg_store_apply(s->store, &transaction, &failed, &s->err), CREG_CONFLICT);
    CHECK(failed == 0 || failed == SIZE_MAX, "check %zu is said to fail", failed);
    CHECK(is_absent(s, "a"), "it happened all the same");
    creg_liveness_release(liveness);
}

static void a_fence_of_another_store(suite *s)
{
    creg_store *other = suite_open(s, NULL);
    REQUIRE(other != NULL, "no second handle");
    creg_liveness *foreign = NULL;
    creg_status status =
        creg_liveness_open(other, creg_slice_of("case"), 30000, &foreign, &s->err);
    if (status == CREG_OK) {
        creg_operation operation = op_put("a", "1");
        CHECK_STATUS(apply_fenced(s, foreign, &operation, NULL), CREG_USAGE);
        CHECK(is_absent(s, "a"), "it happened all the same");
        creg_liveness_release(foreign);
    } else {
        CHECK_STATUS(status, CREG_UNSUPPORTED);
    }
    creg_store_close(other);
}

static void seen_from_another_handle(suite *s)
{
    creg_liveness *liveness = open_liveness(s, 30000);
    if (liveness == NULL)
        return;
    creg_operation bound = op_put("i/x", "");
    bound.bind_liveness = true;
    CHECK_STATUS(apply_fenced(s, liveness, &bound, NULL), CREG_OK);
    creg_store *other = suite_open(s, NULL);
    REQUIRE(other != NULL, "no second handle");
    bool alive = false;
    CHECK_STATUS(creg_liveness_check(other, creg_slice_of("i/x"), &alive, &s->err), CREG_OK);
    CHECK(alive, "another handle says the owner is gone");
    creg_liveness_release(liveness);
    CHECK_STATUS(creg_liveness_check(other, creg_slice_of("i/x"), &alive, &s->err), CREG_OK);
    CHECK(!alive, "another handle says the owner lives");
    creg_store_close(other);
}

const suite_case cases_liveness[] = {
    {"liveness__a_ttl_is_granted", a_ttl_is_granted},
    {"liveness__a_default_ttl", a_default_ttl},
    {"liveness__keys_without_owner_are_not_alive", keys_without_owner_are_not_alive},
    {"liveness__a_bound_key_lives_until_release", a_bound_key_lives_until_release},
    {"liveness__two_owners_are_two", two_owners_are_two},
    {"liveness__a_fence_lets_pass", a_fence_lets_pass},
    {"liveness__a_put_unbinds", a_put_unbinds},
    {"liveness__a_lost_fence_is_refused_for_ever", a_lost_fence_is_refused_for_ever},
    {"liveness__renewing_keeps_it", renewing_keeps_it},
    {"liveness__a_fence_with_a_failing_check", a_fence_with_a_failing_check},
    {"liveness__a_fence_of_another_store", a_fence_of_another_store},
    {"liveness__seen_from_another_handle", seen_from_another_handle},
    {NULL, NULL},
};
