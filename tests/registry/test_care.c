/* SPDX-License-Identifier: MIT */
/*
 * fsck, sweep and adopt; and creating and removing in pieces, which they clean up after.
 *
 * `transaction_operations` makes any store one that takes few operations at once, so that the
 * way in pieces is walked on stores that would never need it.
 */
#include "suite.h"

static creg_report fsck(bool repair)
{
    creg_report report;
    ok(creg_fsck(registry, repair, &arena, &report, &err));
    return report;
}

static void expect_clean(void)
{
    creg_report report = fsck(false);
    for (size_t i = 0; i < report.findings.size; i++)
        print_error("%.*s: %.*s\n", SHOW(report.findings.items[i].rule),
                    SHOW(report.findings.items[i].message));
    assert_int_equal(0, report.findings.size);
}

/* A fault is found, and told once; a repair mends it. */
static void expect_fault(const char *rule, bool is_error, bool is_mended)
{
    creg_report report = fsck(false);
    assert_int_equal(0, report.changed);
    if (findings_of(&report.findings, rule) != 1)
        for (size_t i = 0; i < report.findings.size; i++)
            print_error("%.*s: %.*s\n", SHOW(report.findings.items[i].rule),
                        SHOW(report.findings.items[i].message));
    assert_int_equal(1, findings_of(&report.findings, rule));
    for (size_t i = 0; i < report.findings.size; i++)
        if (creg_slice_equal(report.findings.items[i].rule, S(rule)))
            assert_int_equal(is_error, report.findings.items[i].is_error);
    report = fsck(true);
    assert_int_equal(is_mended, report.changed > 0);
    if (is_mended)
        expect_clean();
}

/* ---- fsck ------------------------------------------------------------------------------------ */

static void test_fsck__sound_store_is_clean(void **state)
{
    (void)state;
    expect_clean();
    given_web();
    creg_slice dn = given_instance("ann", "web", "1.0");
    given_instance("ann", "web", "1.0");
    expect_clean();
    assert_int_equal(2, fsck(false).checked);
    creg_property property = {S("status"), S("running")};
    ok(creg_set(registry, dn, &property, 1, NULL, &err));
    ok(creg_copy(registry, S("ann/web/1.0/2/nodes/slave1"), S("ann/web/1.0/2/nodes/slave2"),
                 NULL, NULL, &err));
    expect_clean();
    ok(creg_deinstantiate(registry, dn, &err));
    expect_clean();
}

static void test_fsck__changed_behind_our_back(void **state)
{
    (void)state;
    given_web();
    given_instance("ann", "web", "1.0");
    put_raw("instances/ann/web/1.0/1/status", "???");
    expect_fault("digest-differs", true, false);
}

static void test_fsck__lost_key(void **state)
{
    (void)state;
    given_web();
    given_instance("ann", "web", "1.0");
    delete_raw("instances/ann/web/1.0/1/nodes/slave1/cpu");
    expect_fault("digest-differs", true, false);
}

static void test_fsck__edits_are_no_damage(void **state)
{
    (void)state;
    given_web();
    creg_slice dn = given_instance("ann", "web", "1.0");
    ok(creg_unset(registry, dn, S("nodes"), true, &err));
    expect_clean();
    ok(creg_unset(registry, dn, S("services"), true, &err));
    ok(creg_unset(registry, dn, S("status"), true, &err));
    ok(creg_unset(registry, dn, S("step"), true, &err));
    expect_clean();
}

static void test_fsck__record_without_data(void **state)
{
    (void)state;
    given_template("t", "1", "{\"a\": 1}", "");
    given_instance("ann", "t", "1");
    delete_raw("instances/ann/t/1/1/a");
    expect_fault("record-without-data", true, true);
    creg_instance instance;
    expect(CREG_NOT_FOUND,
           creg_instance_get(registry, S("ann/t/1/1"), &arena, &instance, &err));
}

static void test_fsck__unreadable_record(void **state)
{
    (void)state;
    given_web();
    given_instance("ann", "web", "1.0");
    put_raw("_confreg/v1/c/ann,web,1.0,1", "garbage");
    creg_report report = fsck(false);
    assert_int_equal(1, findings_of(&report.findings, "record-unreadable"));
    assert_int_equal(1, fsck(true).changed);
    creg_instance instance;
    ok(creg_instance_get(registry, S("ann/web/1.0/1"), &arena, &instance, &err));
    assert_int_equal(WEB_KEYS, instance.key_count);
    expect_clean();
}

static void test_fsck__counter_too_low(void **state)
{
    (void)state;
    given_web();
    given_instance("ann", "web", "1.0");
    given_instance("ann", "web", "1.0");
    put_raw("_confreg/v1/n/ann,web,1.0", "1");
    expect_fault("counter-low", true, true);
    expect_text("instances/ann/web/1.0/3", given_instance("ann", "web", "1.0"));
}

static void test_instance__low_counter_never_overwrites(void **state)
{
    (void)state;
    given_web();
    given_instance("ann", "web", "1.0");
    given_instance("ann", "web", "1.0");
    put_raw("_confreg/v1/n/ann,web,1.0", "0");
    expect_text("instances/ann/web/1.0/3", given_instance("ann", "web", "1.0"));
    put_raw("_confreg/v1/n/ann,web,1.0", "many");
    creg_instance instance;
    creg_instance_spec spec = spec_of("ann", "web", "1.0");
    expect(CREG_DAMAGED, creg_instantiate(registry, &spec, &arena, &instance, &err));
}

static void test_fsck__books_that_lead_nowhere(void **state)
{
    (void)state;
    given_web();
    given_instance("ann", "web", "1.0");
    put_raw("_confreg/v1/r/lost", "ann,web,1.0,9");
    expect_fault("stale-request", false, true);
    put_raw("_confreg/v1/e/ann,web,1.0,9", "2016-05-19T00:00:00Z");
    expect_fault("stale-edit", false, true);
    creg_instance instance;
    ok(creg_instance_get(registry, S("ann/web/1.0/1"), &arena, &instance, &err));
    char key[64];
    snprintf(key, sizeof key, "_confreg/v1/r/%.*s", SHOW(instance.request_id));
    delete_raw(key);
    expect_fault("request-missing", false, true);
    ok(creg_instance_status(registry, instance.request_id, &arena, &instance, &err));
}

static const char intent[] = "{\"f\":1,\"r\":\"r9\",\"op\":\"create\",\"n\":3}";

static void test_fsck__intent_beside_record(void **state)
{
    (void)state;
    given_web();
    given_instance("ann", "web", "1.0");
    put_raw("_confreg/v1/i/ann,web,1.0,1", intent);
    creg_report report = fsck(false);
    assert_int_equal(1, findings_of(&report.findings, "intent-beside-record"));
    fsck(true);
    expect_clean();
    assert_int_equal(WEB_KEYS, keys_below("instances/ann/web/1.0/1"));
}

static void test_fsck__unrecorded_data_is_left_alone(void **state)
{
    (void)state;
    put_raw("instances/ann/web/1.0/1/status", "x");
    expect_fault("unrecorded", false, false);
    assert_int_equal(1, keys_below("instances/ann/web/1.0/1"));
}

/* ---- sweep ------------------------------------------------------------------------------------- */

static void test_sweep__undoes_what_the_dead_left(void **state)
{
    (void)state;
    given_web();
    given_instance("ann", "web", "1.0");
    given_instance("ann", "web", "1.0");
    put_raw("_confreg/v1/i/ann,web,1.0,10", intent);
    put_raw("_confreg/v1/r/r9", "ann,web,1.0,10");
    put_raw("instances/ann/web/1.0/10/a", "1");
    put_raw("instances/ann/web/1.0/10/b/c", "1");
    put_raw("instances/ann/web/1.0/100/a", "1"); /* not ours to touch */
    creg_report report;
    ok(creg_sweep(registry, &arena, &report, &err));
    assert_int_equal(1, report.checked);
    assert_int_equal(1, report.changed);
    assert_int_equal(0, keys_below("instances/ann/web/1.0/10"));
    assert_int_equal(1, keys_below("instances/ann/web/1.0/100"));
    assert_int_equal(WEB_KEYS, keys_below("instances/ann/web/1.0/1"));
    assert_int_equal(0, keys_below("_confreg/v1/i"));
    assert_int_equal(2, keys_below("_confreg/v1/r"));
    ok(creg_sweep(registry, &arena, &report, &err));
    assert_int_equal(0, report.checked);
}

static void test_sweep__leaves_the_living(void **state)
{
    (void)state;
    given_web();
    creg_store *store = creg_registry_store(registry);
    creg_liveness *liveness;
    const char *key = "_confreg/v1/i/ann,web,1.0,1";
    ok(creg_liveness_open(store, S(key), 20000, &liveness, &err));
    creg_operation put = {
        .kind = CREG_OPERATION_PUT, .key = S(key), .value = S(intent), .bind_liveness = true};
    creg_transaction transaction = {
        .operations = &put, .operation_count = 1, .fence = liveness};
    ok(creg_store_apply(store, &transaction, NULL, &err));
    put_raw("instances/ann/web/1.0/1/a", "1");
    creg_report report;
    ok(creg_sweep(registry, &arena, &report, &err));
    assert_int_equal(1, report.checked);
    assert_int_equal(0, report.changed);
    assert_int_equal(1, keys_below("instances"));
    creg_liveness_release(liveness);
    ok(creg_sweep(registry, &arena, &report, &err));
    assert_int_equal(1, report.changed);
    assert_int_equal(0, keys_below("instances"));
}

/* What lies beside the intents: a driver's own keys, and what is no intent of ours. */
static void test_sweep__passes_by_what_is_no_intent(void **state)
{
    (void)state;
    put_raw("_confreg/v1/i/.keep", "");
    put_raw("_confreg/v1/i/ann,web,1.0,10/owner", "a driver's");
    creg_report report;
    ok(creg_sweep(registry, &arena, &report, &err));
    assert_int_equal(0, report.checked);
    assert_int_equal(2, keys_below("_confreg/v1/i"));
    put_raw("_confreg/v1/i/nobody", intent);
    expect(CREG_DAMAGED, creg_sweep(registry, &arena, &report, &err));
    assert_int_equal(3, keys_below("_confreg/v1/i"));
}

/* ---- books that cannot be read --------------------------------------------------------- */

static void test_records__damaged_ones_are_told(void **state)
{
    (void)state;
    static const char *const damaged[] = {
        "",
        "[]",
        "{\"f\":1}",
        "{\"n\":1}",
        "{\"f\":\"1\",\"n\":1}",
        "{\"f\":1.5,\"n\":1}",
        "{\"f\":1e0,\"n\":1}",
        "{\"f\":0,\"n\":1}",
        "{\"f\":1,\"n\":-1}",
        "{\"f\":1,\"n\":1234567890123456}",
    };
    given_web();
    creg_slice dn = given_instance("ann", "web", "1.0");
    creg_instance instance;
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        put_raw("_confreg/v1/c/ann,web,1.0,1", damaged[i]);
        expect(CREG_DAMAGED, creg_instance_get(registry, dn, &arena, &instance, &err));
        expect_said("fsck");
    }
    put_raw("_confreg/v1/c/ann,web,1.0,1", "{\"f\":2,\"n\":1}");
    expect(CREG_UNSUPPORTED, creg_instance_get(registry, dn, &arena, &instance, &err));
    expect_said("newer");
    put_raw("_confreg/v1/c/ann,web,1.0,1", "{\"f\":1,\"n\":1,\"r\":5,\"o\":{}}");
    ok(creg_instance_get(registry, dn, &arena, &instance, &err));
    expect_text("", instance.request_id);
    expect_text("{}", instance.options);
}

/* Too little room is told as that, not as damage. */
static void test_records__want_their_room(void **state)
{
    (void)state;
    given_web();
    creg_slice dn = given_instance("ann", "web", "1.0");
    creg_status status = CREG_LIMIT;
    unsigned refused = 0;
    for (size_t budget = 64; status == CREG_LIMIT; budget += 64) {
        creg_arena small;
        creg_arena_init(&small, budget);
        creg_instance instance;
        status = creg_instance_get(registry, dn, &small, &instance, &err);
        refused += status == CREG_LIMIT;
        creg_arena_clear(&small);
    }
    ok(status);
    assert_true(refused > 3);
}

/* ---- adopt ---------------------------------------------------------------------------------------- */

static void test_adopt__gives_records_to_foreign_instances(void **state)
{
    (void)state;
    given_web();
    put_raw("instances/ann/web/1.0/7/status", "running");
    put_raw("instances/ann/web/1.0/7/nodes/n/name", "n");
    put_raw("instances/ann/web/1.0/word/status", "running");
    creg_report report;
    ok(creg_adopt(registry, true, &arena, &report, &err));
    assert_int_equal(2, report.checked);
    assert_int_equal(0, report.changed);
    assert_int_equal(0, keys_below("_confreg"));
    ok(creg_adopt(registry, false, &arena, &report, &err));
    assert_int_equal(2, report.changed);
    assert_int_equal(2, findings_of(&report.findings, "adopted"));
    creg_instance instance;
    ok(creg_instance_get(registry, S("ann/web/1.0/7"), &arena, &instance, &err));
    assert_int_equal(2, instance.key_count);
    expect_text("running", instance.status);
    ok(creg_instance_get(registry, S("ann/web/1.0/word"), &arena, &instance, &err));
    expect_clean();
    expect_text("instances/ann/web/1.0/8", given_instance("ann", "web", "1.0"));
    ok(creg_adopt(registry, false, &arena, &report, &err));
    assert_int_equal(0, report.checked);
}

/* What another program wrote in a spelling that is not ours: =41 is A, and A is written as it is. */
static void test_adopt__tells_what_cannot_be_named(void **state)
{
    (void)state;
    put_raw("instances/ann/web/1.0/7/status", "running");
    put_raw("instances/ann/web/1.0/7/=41", "listed, but not named");
    put_raw("instances/ann/=41/1.0/1/status", "left alone");
    creg_report report;
    ok(creg_adopt(registry, false, &arena, &report, &err));
    assert_int_equal(1, report.changed);
    assert_int_equal(1, findings_of(&report.findings, "foreign-key"));
    assert_int_equal(1, findings_of(&report.findings, "foreign-name"));
    creg_instance instance;
    ok(creg_instance_get(registry, S("ann/web/1.0/7"), &arena, &instance, &err));
    assert_int_equal(2, instance.key_count);
    assert_int_equal(1, keys_below("instances/ann/=41"));
}

/* ---- in pieces --------------------------------------------------------------------------------------- */

static void test_pieces__create_and_remove(void **state)
{
    (void)state;
    creg_registry *usual = registry;
    registry = suite_open_other("transaction_operations=10");
    given_web();
    creg_instance_spec spec = spec_of("ann", "web", "1.0");
    spec.request_id = S("r1");
    creg_instance instance, again;
    ok(creg_instantiate(registry, &spec, &arena, &instance, &err));
    assert_int_equal(WEB_KEYS, keys_below("instances/ann/web/1.0/1"));
    assert_int_equal(0, keys_below("_confreg/v1/i"));
    expect_clean();
    ok(creg_instantiate(registry, &spec, &arena, &again, &err));
    assert_true(again.was_repeated);
    expect_text("instances/ann/web/1.0/2", given_instance("ann", "web", "1.0"));
    ok(creg_deinstantiate(registry, instance.dn, &err));
    assert_int_equal(0, keys_below("instances/ann/web/1.0/1"));
    assert_int_equal(WEB_KEYS, keys_below("instances/ann/web/1.0/2"));
    assert_int_equal(0, keys_below("_confreg/v1/i"));
    expect_clean();
    creg_close(registry);
    registry = usual;
}

/* Stops in the middle: the first chunk is in when the progress is told a second time. */
static volatile int cancel;

static void cancel_in_the_middle(void *user_data, size_t done, size_t total)
{
    (void)user_data;
    (void)total;
    if (done > 0)
        cancel = 1;
}

static void test_pieces__cancelled_leaves_nothing(void **state)
{
    (void)state;
    creg_registry *usual = registry;
    registry = suite_open_other("transaction_operations=10");
    /* So many pieces that this thread has its share, whatever the other writers take. */
    given_template("many", "1.0",
                   "{\"status\": \"_\"{% for i in range(300) %}, \"p{{ i }}\": {{ i }}"
                   "{% endfor %}}",
                   "");
    cancel = 0;
    creg_instance_spec spec = spec_of("ann", "many", "1.0");
    spec.progress = cancel_in_the_middle;
    spec.cancel = &cancel;
    spec.request_id = S("r1");
    creg_instance instance;
    expect(CREG_CANCELLED, creg_instantiate(registry, &spec, &arena, &instance, &err));
    assert_int_equal(0, keys_below("instances"));
    assert_int_equal(1, keys_below("_confreg")); /* the counter */
    expect(CREG_NOT_FOUND, creg_instance_status(registry, S("r1"), &arena, &instance, &err));
    spec.progress = NULL;
    cancel = 0;
    ok(creg_instantiate(registry, &spec, &arena, &instance, &err));
    expect_text("2", instance.id); /* the id of the attempt is spent */
    creg_close(registry);
    registry = usual;
}

/* While the pieces come in, nobody sees the instance; the id is taken. */
static creg_registry *watcher;
static size_t looks;

static void look_in_the_middle(void *user_data, size_t done, size_t total)
{
    (void)user_data;
    if (done == 0 || done == total)
        return;
    creg_instances instances;
    creg_instance instance;
    creg_slice value;
    creg_error own = {.status = CREG_OK};
    looks++;
    assert_int_equal(
        CREG_OK, creg_instance_list(watcher, S(""), S(""), S(""), &arena, &instances, &own));
    assert_int_equal(0, instances.size);
    assert_int_equal(CREG_NOT_FOUND, creg_get(watcher, S("ann/web/1.0/1"), S("status"), &arena,
                                              &value, NULL, &own));
    assert_int_equal(CREG_CONFLICT,
                     creg_instance_status(watcher, S("r1"), &arena, &instance, &own));
    creg_report report;
    assert_int_equal(CREG_OK, creg_sweep(watcher, &arena, &report, &own));
    assert_int_equal(0, report.changed);
    assert_int_equal(CREG_OK, creg_adopt(watcher, false, &arena, &report, &own));
    assert_int_equal(0, report.changed);
}

/* So many keys that several writers at once do not have them all under way together. */
static void given_wide_web(void)
{
    given_template("web", "1.0",
                   "{ \"status\": \"_\", {% for i in range(400) %}\"k{{ i }}\": {{ i }}, "
                   "{% endfor %}\"last\": 1 }",
                   "");
}

static void test_pieces__are_invisible_until_the_last(void **state)
{
    (void)state;
    watcher = registry;
    registry = suite_open_other("transaction_operations=10");
    given_wide_web();
    creg_instance_spec spec = spec_of("ann", "web", "1.0");
    spec.progress = look_in_the_middle;
    spec.request_id = S("r1");
    creg_instance instance;
    looks = 0;
    ok(creg_instantiate(registry, &spec, &arena, &instance, &err));
    assert_true(looks >= 1); /* the other writers do not wait for us */
    ok(creg_instance_status(watcher, S("r1"), &arena, &instance, &err));
    creg_close(registry);
    registry = watcher;
}

/* A writer who is taken for dead cannot finish: its intent was swept under its hands. */
static void sweep_in_the_middle(void *user_data, size_t done, size_t total)
{
    (void)user_data;
    if (done == 0 || done == total || looks++ > 0)
        return;
    creg_operation operations[] = {
        {.kind = CREG_OPERATION_DELETE, .key = S("_confreg/v1/i/ann,web,1.0,1")},
        {.kind = CREG_OPERATION_DELETE_TREE, .key = S("instances/ann/web/1.0/1")},
    };
    creg_transaction transaction = {.operations = operations, .operation_count = 2};
    assert_int_equal(CREG_OK,
                     creg_store_apply(creg_registry_store(watcher), &transaction, NULL, NULL));
}

static void test_pieces__of_one_taken_for_dead_are_never_committed(void **state)
{
    (void)state;
    watcher = registry;
    registry = suite_open_other("transaction_operations=10");
    given_wide_web();
    creg_instance_spec spec = spec_of("ann", "web", "1.0");
    spec.progress = sweep_in_the_middle;
    creg_instance instance;
    looks = 0;
    expect(CREG_UNAVAILABLE, creg_instantiate(registry, &spec, &arena, &instance, &err));
    creg_instances instances;
    ok(creg_instance_list(watcher, S(""), S(""), S(""), &arena, &instances, &err));
    assert_int_equal(0, instances.size);
    creg_close(registry);
    registry = watcher;
}

int main(void)
{
    static const struct CMUnitTest care[] = {
        TEST(test_fsck__sound_store_is_clean),
        TEST(test_fsck__changed_behind_our_back),
        TEST(test_fsck__lost_key),
        TEST(test_fsck__edits_are_no_damage),
        TEST(test_fsck__record_without_data),
        TEST(test_fsck__unreadable_record),
        TEST(test_fsck__counter_too_low),
        TEST(test_instance__low_counter_never_overwrites),
        TEST(test_fsck__books_that_lead_nowhere),
        TEST(test_fsck__intent_beside_record),
        TEST(test_fsck__unrecorded_data_is_left_alone),
        TEST(test_sweep__undoes_what_the_dead_left),
        TEST(test_sweep__leaves_the_living),
        TEST(test_sweep__passes_by_what_is_no_intent),
        TEST(test_records__damaged_ones_are_told),
        TEST(test_records__want_their_room),
        TEST(test_adopt__gives_records_to_foreign_instances),
        TEST(test_adopt__tells_what_cannot_be_named),
        TEST(test_pieces__create_and_remove),
        TEST(test_pieces__cancelled_leaves_nothing),
        TEST(test_pieces__are_invisible_until_the_last),
        TEST(test_pieces__of_one_taken_for_dead_are_never_committed),
    };
    return SUITE_RUN(care);
}
