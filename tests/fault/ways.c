/* SPDX-License-Identifier: MIT */
/*
 * The ways; see ways.h. Instances are those of look.c, so that its judge knows their shape.
 */
#include "ways.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 30, LARGE_DIRECTORIES = 3, LARGE_KEYS = 520 };

static const char known[] = "instances/u/t/1/1";

void must(creg_status status, const scene *s, const char *what)
{
    if (status == CREG_OK)
        return;
    fprintf(stderr, "%s: %s: %s\n", what, creg_status_name(status), s->err.message);
    exit(2);
}

static void put(scene *s, const char *key, const char *value)
{
    must(creg_store_put(creg_registry_store(s->other), S(key), S(value), &s->err), s, key);
}

static bool is_there(scene *s, const char *key)
{
    creg_slice value;
    return creg_store_get(creg_registry_store(s->other), S(key), &s->kept, &value, NULL,
                          NULL) == CREG_OK;
}

static bool is_value(scene *s, const char *path, const char *wanted)
{
    creg_slice value;
    return creg_get(s->other, S(known), S(path), &s->kept, &value, NULL, NULL) == CREG_OK &&
           creg_slice_equal(value, S(wanted));
}

/* ---- what another client does: it may lose, as any may ---------------------------------- */

void other_creates(scene *s)
{
    static unsigned number;
    char token[24];
    creg_instance made;
    snprintf(token, sizeof token, "other%u", number++);
    (void)create(s->other, token, &s->kept, &made, NULL);
}

void other_repeats(scene *s)
{
    creg_instance made;
    (void)create(s->other, "fresh", &s->kept, &made, NULL);
}

void other_removes(scene *s)
{
    (void)creg_deinstantiate(s->other, S(known), NULL);
}

static creg_status set_many(creg_registry *registry, creg_arena *arena, const char *value,
                            const creg_version *expected, creg_error *err)
{
    creg_property many[MANY + 1];
    for (int i = 0; i < MANY; i++) {
        char path[24];
        snprintf(path, sizeof path, "nodes/node%d/extra%d", i % NODES, i / NODES);
        many[i] = (creg_property){creg_arena_copy(arena, S(path)), S(value)};
        if (many[i].path.data == NULL)
            return CREG_NO_MEMORY;
    }
    many[MANY] = (creg_property){S("empty"), S("")};
    return creg_set(registry, S(known), many, MANY + 1, expected, err);
}

void other_changes(scene *s)
{
    (void)set_many(s->other, &s->kept, "others", NULL, NULL);
}

void other_sweeps(scene *s)
{
    creg_report report;
    (void)creg_sweep(s->other, &s->kept, &report, NULL);
}

void other_begins_removal(scene *s)
{
    put(s, "_confreg/v1/i/u,t,1,1", "{\"f\":1,\"r\":\"known\",\"op\":\"delete\",\"n\":42}");
}

void other_takes_keys_away(scene *s)
{
    creg_operation removals[] = {
        {.kind = CREG_OPERATION_DELETE_TREE, .key = S("instances/u/t/1/4")},
        {.kind = CREG_OPERATION_DELETE, .key = S("instances/u/t/1/4")}};
    creg_transaction transaction = {.operations = removals, .operation_count = 2};
    must(creg_store_apply(creg_registry_store(s->other), &transaction, NULL, &s->err), s,
         "take away");
}

/* ---- creating --------------------------------------------------------------------------- */

static void tell(void *user_data, size_t done, size_t total)
{
    scene *s = user_data;
    if (done > total)
        violated(&s->notes, "progress: %zu of %zu", done, total);
}

static creg_status run_create(scene *s)
{
    creg_value options;
    creg_status status = creg_json_parse(S("{\"token\": \"fresh\"}"), "options", 0, &s->arena,
                                         &options, &s->err);
    if (status != CREG_OK)
        return status;
    creg_instance_spec spec = {.user = S("u"),
                               .name = S("t"),
                               .version = S("1"),
                               .options = options,
                               .request_id = S("fresh"),
                               .progress = tell,
                               .user_data = s,
                               .cancel = &s->cancel};
    creg_instance made;
    return creg_instantiate(s->registry, &spec, &s->arena, &made, &s->err);
}

static bool is_created(scene *s)
{
    int id;
    int count = count_token(s->other, "fresh", &id, &s->notes);
    if (count > 1)
        violated(&s->notes, "one request made %d instances", count);
    return count == 1;
}

/* Without a request id of the caller's, without progress or cancel. */
static creg_status run_create_plain(scene *s)
{
    creg_instance_spec spec = {.user = S("u"), .name = S("t"), .version = S("1")};
    creg_instance made;
    return creg_instantiate(s->registry, &spec, &s->arena, &made, &s->err);
}

/* Nobody wants to know what went wrong. */
static creg_status run_create_silently(scene *s)
{
    creg_instance made;
    return create(s->registry, "fresh", &s->arena, &made, NULL);
}

/* A value that fits none of the pieces, on a store that counts bytes. */
static creg_status run_create_large(scene *s)
{
    char text[6000];
    memset(text, 'x', sizeof text);
    memcpy(text, "{\"token\": \"", 11);
    memcpy(text + sizeof text - 3, "\"}", 3);
    creg_value options;
    creg_status status = creg_json_parse(S(text), "options", 0, &s->arena, &options, &s->err);
    if (status != CREG_OK)
        return status;
    creg_instance_spec spec = {
        .user = S("u"), .name = S("t"), .version = S("1"), .options = options};
    creg_instance made;
    return creg_instantiate(s->registry, &spec, &s->arena, &made, &s->err);
}

static bool is_created_plain(scene *s)
{
    creg_instances made;
    creg_slice any = {NULL, 0};
    must(creg_instance_list(s->other, S("u"), S("t"), any, &s->kept, &made, &s->err), s,
         "list");
    bool is_others = true;
    for (size_t i = 0; i < made.size; i++)
        is_others = is_others && made.items[i].request_id.size < 32;
    return !is_others;
}

static void prepare_known(scene *s)
{
    creg_instance made;
    must(create(s->other, "known", &s->kept, &made, &s->err), s, "known");
}

/* No number is left behind the counter's; and a counter that another program set to nought. */
static void prepare_last_id(scene *s)
{
    put(s, "_confreg/v1/n/u,t,1", "999999999999999999");
}

static void prepare_nought(scene *s)
{
    put(s, "_confreg/v1/n/u,t,1", "0");
}

/* A writer of this very request died on the way. */
static void prepare_dead_create(scene *s)
{
    put(s, "_confreg/v1/n/u,t,1", "1");
    put(s, "_confreg/v1/r/fresh", "u,t,1,1");
    put(s, "_confreg/v1/i/u,t,1,1", "{\"f\":1,\"r\":\"fresh\",\"op\":\"create\",\"n\":42}");
    put(s, "instances/u/t/1/1/token", "fresh");
    put(s, "instances/u/t/1/1/nodes/node1/name", "node1");
}

/* Of another one only the request is left. */
static void prepare_dead_request(scene *s)
{
    put(s, "_confreg/v1/r/fresh", "u,t,1,1");
}

/* Ids that other programs took, words among them, without the counter's knowledge. */
static void prepare_foreign_ids(scene *s)
{
    put(s, "instances/u/t/1/word/token", "x");
    put(s, "instances/u/t/1/7", "a value of its own");
    put(s, "instances/u/t/1/123456789012345678901/token", "too long for a number");
}

static creg_status run_status(scene *s)
{
    creg_instance found;
    creg_status status =
        creg_instance_status(s->registry, S("known"), &s->arena, &found, &s->err);
    if (status == CREG_OK && !creg_slice_equal(found.dn, S(known)))
        violated(&s->notes, "the status is that of another instance");
    return status;
}

/* ---- removing --------------------------------------------------------------------------- */

static creg_status run_remove(scene *s)
{
    return creg_deinstantiate(s->registry, S(known), &s->err);
}

static bool is_removed(scene *s)
{
    return !is_there(s, "_confreg/v1/c/u,t,1,1");
}

/* One that another program wrote: directories too large for one delete, and a value of its own. */
static void prepare_large(scene *s)
{
    creg_operation *puts =
        creg_arena_calloc(&s->kept, LARGE_DIRECTORIES * LARGE_KEYS + 1, sizeof *puts);
    size_t count = 0;
    puts[count++] = (creg_operation){.key = S(known), .value = S("its own value")};
    for (int directory = 0; directory < LARGE_DIRECTORIES; directory++)
        for (int i = 0; i < LARGE_KEYS; i++) {
            char key[64];
            if (directory == 1)
                snprintf(key, sizeof key, "%s/large1/deeper%d/k%03d", known, i % 3, i);
            else
                snprintf(key, sizeof key, "%s/large%d/k%03d", known, directory, i);
            puts[count++] = (creg_operation){.key = creg_arena_copy(&s->kept, S(key))};
        }
    creg_transaction transaction = {.operations = puts};
    for (size_t at = 0; at < count; at += transaction.operation_count) {
        transaction.operations = puts + at;
        transaction.operation_count = count - at < 8 ? count - at : 8;
        must(creg_store_apply(creg_registry_store(s->other), &transaction, NULL, &s->err), s,
             "large");
    }
    creg_report report;
    must(creg_adopt(s->other, false, &s->kept, &report, &s->err), s, "adopt");
}

/* A record of another program's, without a request. */
static void prepare_foreign_record(scene *s)
{
    put(s, "instances/u/t/1/1/token", "x");
    put(s, "_confreg/v1/n/u,t,1", "1");
    put(s, "_confreg/v1/c/u,t,1,1", "{\"f\":1,\"r\":\"\",\"n\":0,\"d\":\"\"}");
}

/* The same, and it says that it has more keys than go at once; and one without any folder. */
static void prepare_foreign_claim(scene *s)
{
    prepare_foreign_record(s);
    put(s, "_confreg/v1/c/u,t,1,1", "{\"f\":1,\"r\":\"\",\"n\":420,\"d\":\"\"}");
}

static void prepare_flat(scene *s)
{
    for (int i = 0; i < 40; i++) {
        char key[48];
        snprintf(key, sizeof key, "%s/k%02d", known, i);
        put(s, key, "");
    }
    creg_report report;
    must(creg_adopt(s->other, false, &s->kept, &report, &s->err), s, "adopt");
}

/* ---- changing --------------------------------------------------------------------------- */

static creg_status run_set_many(scene *s)
{
    return set_many(s->registry, &s->arena, "as many", NULL, &s->err);
}

static void prepare_many(scene *s)
{
    prepare_known(s);
    must(set_many(s->other, &s->kept, "before", NULL, &s->err), s, "many");
}

/* Where the keys are absent, as they must be; and where they are of another version. */
static creg_status run_set_absent(scene *s)
{
    creg_version absent = {0};
    return set_many(s->registry, &s->arena, "as many", &absent, &s->err);
}

static creg_status run_set_other(scene *s)
{
    creg_version of_another;
    creg_slice value;
    creg_status status =
        creg_get(s->registry, S(known), S("poke"), &s->arena, &value, &of_another, &s->err);
    return status == CREG_OK ? set_many(s->registry, &s->arena, "as many", &of_another, &s->err)
                             : status;
}

/* The first is of the version that is expected, or nearly; each other has a folder of its own. */
static creg_status set_mixed(scene *s, uint64_t minor)
{
    creg_version expected;
    creg_slice value;
    creg_property mixed[MANY];
    creg_status status =
        creg_get(s->registry, S(known), S("poke"), &s->arena, &value, &expected, &s->err);
    for (int i = 0; status == CREG_OK && i < MANY; i++) {
        char path[24];
        snprintf(path, sizeof path, "folder%02d/x", i);
        mixed[i] = (creg_property){creg_arena_copy(&s->arena, S(path)), S("1")};
        if (mixed[i].path.data == NULL)
            return CREG_NO_MEMORY;
    }
    mixed[0].path = S("poke");
    expected.minor += minor;
    return status == CREG_OK ? creg_set(s->registry, S(known), mixed, MANY, &expected, &s->err)
                             : status;
}

static creg_status run_set_mixed(scene *s)
{
    return set_mixed(s, 0);
}

static creg_status run_set_nearly(scene *s)
{
    return set_mixed(s, 1);
}

static bool is_many_set(scene *s)
{
    int count = 0;
    for (int i = 0; i < MANY; i++) {
        char path[24];
        snprintf(path, sizeof path, "nodes/node%d/extra%d", i % NODES, i / NODES);
        count += is_value(s, path, "as many");
    }
    if (count != 0 && count != MANY)
        violated(&s->notes, "%d of %d properties are set", count, MANY);
    return count != 0;
}

static creg_status run_set_one(scene *s)
{
    creg_property one = {S("poke"), S("1")};
    return creg_set(s->registry, S(known), &one, 1, NULL, &s->err);
}

static creg_status run_set_silently(scene *s)
{
    creg_property one = {S("poke"), S("1")};
    return creg_set(s->registry, S(known), &one, 1, NULL, NULL);
}

static creg_status run_swap(scene *s)
{
    return creg_compare_and_set(s->registry, S(known), S("poke"), S("0"), S("1"), &s->err);
}

static creg_status run_increment(scene *s)
{
    int64_t value;
    return creg_increment(s->registry, S(known), S("poke"), 1, &value, &s->err);
}

static bool is_poked(scene *s)
{
    return is_value(s, "poke", "1");
}

/* The value stays what it was; the version that is expected is another one. */
static creg_status run_set_expected(scene *s)
{
    creg_property one[] = {{S("poke"), S("1")}};
    creg_version absent = {0};
    return creg_set(s->registry, S(known), one, 1, &absent, &s->err);
}

static creg_status run_copy(scene *s)
{
    return creg_copy(s->registry, S("instances/u/t/1/1/nodes"), S("instances/u/t/1/1/copies"),
                     NULL, NULL, &s->err);
}

static bool is_copied(scene *s)
{
    return is_value(s, "copies/node7/name", "node7");
}

static creg_status run_unset(scene *s)
{
    return creg_unset(s->registry, S(known), S("nodes/node5"), true, &s->err);
}

static bool is_unset(scene *s)
{
    return !is_value(s, "nodes/node5/name", "node5");
}

/* ---- journals that are there ------------------------------------------------------------ */

static const char active[] =
    "{\"f\":1,\"r\":\"r9\",\"op\":\"change\",\"n\":3,\"s\":\"active\",\"o\":["
    "[\"p\",\"instances/u/t/1/1/nodes/node1/journal\",\"new=20text\"],"
    "[\"p\",\"instances/u/t/1/1/nodes/node2/journal\",\"\"],"
    "[\"d\",\"instances/u/t/1/1/absent\",\"\"],"
    "[\"t\",\"instances/u/t/1/1/nodes/node9\",\"\"]]}";

void other_leaves_journal(scene *s)
{
    put(s, "_confreg/v1/e/u,t,1,1", ""); /* as any change does */
    put(s, "_confreg/v1/i/u,t,1,1", active);
}

static void prepare_active(scene *s)
{
    prepare_known(s);
    other_leaves_journal(s);
}

static void prepare_open(scene *s)
{
    prepare_known(s);
    put(s, "_confreg/v1/i/u,t,1,1",
        "{\"f\":1,\"r\":\"r9\",\"op\":\"change\",\"n\":0,\"s\":\"open\"}");
}

static creg_status run_read(scene *s)
{
    creg_slice value;
    creg_value tree;
    creg_names parts;
    creg_instances all;
    creg_instance one;
    creg_slice any = {NULL, 0};
    creg_status status = creg_instance_get(s->registry, S(known), &s->arena, &one, &s->err);
    if (status == CREG_OK)
        status = creg_get(s->registry, S(known), S("nodes/node1/journal"), &s->arena, &value,
                          NULL, &s->err);
    if (status == CREG_OK && !creg_slice_equal(value, S("new text")))
        violated(&s->notes, "the journal is not read");
    if (status == CREG_OK)
        status = creg_tree(s->registry, S(known), 0, &s->arena, &tree, &s->err);
    if (status == CREG_OK)
        status = creg_parts(s->registry, S(known), CREG_PART_NODES, &s->arena, &parts, &s->err);
    if (status == CREG_OK && parts.size != NODES - 1 && !s->has_company)
        violated(&s->notes, "%zu nodes were read", parts.size);
    if (status == CREG_OK)
        status = creg_instance_list(s->registry, any, any, any, &s->arena, &all, &s->err);
    if (status == CREG_OK && all.size != 1 && !s->has_company)
        violated(&s->notes, "%zu instances are listed", all.size);
    return status;
}

/* ---- care ------------------------------------------------------------------------------- */

/* What writers can leave: of a create, of a removal, and beside a record. */
static void prepare_debris(scene *s)
{
    prepare_known(s);
    put(s, "_confreg/v1/i/u,t,1,2", "{\"f\":1,\"r\":\"r2\",\"op\":\"create\",\"n\":42}");
    put(s, "_confreg/v1/r/r2", "u,t,1,2");
    put(s, "instances/u/t/1/2/token", "x");
    put(s, "_confreg/v1/i/u,t,1,3", "{\"f\":1,\"r\":\"r3\",\"op\":\"delete\",\"n\":42}");
    put(s, "instances/u/t/1/3/nodes/node1/name", "node1");
    put(s, "_confreg/v1/n/u,t,1", "4");
    creg_instance made;
    must(create(s->other, "whole", &s->kept, &made, &s->err), s, "whole");
    put(s, "_confreg/v1/i/u,t,1,5", "{\"f\":1,\"r\":\"whole\",\"op\":\"create\",\"n\":42}");
}

static creg_status run_sweep(scene *s)
{
    creg_report report;
    return creg_sweep(s->registry, &s->arena, &report, &s->err);
}

static bool is_swept(scene *s)
{
    return count_intents(s->other) == 0;
}

static void prepare_foreign(scene *s)
{
    put(s, "instances/u/t/1/4", "a value of its own");
    put(s, "instances/u/t/1/4/token", "x");
    put(s, "instances/u/t/1/word/token", "x");
    put(s, "instances/u/t/1/3", "nothing but a value");
    put(s, "instances/u/t/1/1234567890123456789/token", "an id of too many digits");
    put(s, "instances/u/t/1/=41bc/token", "a name that this registry spells otherwise");
    put(s, "instances/u/t/1/4/=41bc", "a key that it spells otherwise");
    put(s, "instances/u/note", "a value where no instance can be");
    for (int i = 0; i < 22; i++) {
        char key[64];
        snprintf(key, sizeof key, "instances/u/t/1/4/=%02d/x", i); /* so is this key */
        put(s, key, "");
    }
}

static creg_status run_adopt(scene *s)
{
    creg_report report;
    creg_status status = creg_adopt(s->registry, false, &s->arena, &report, &s->err);
    for (size_t i = 0; status == CREG_OK && i < report.findings.size; i++)
        if (creg_slice_equal(report.findings.items[i].rule, S("busy")))
            return CREG_CONFLICT; /* told as a finding */
    return status;
}

static creg_status run_adopt_dry(scene *s)
{
    creg_report report;
    return creg_adopt(s->registry, true, &s->arena, &report, &s->err);
}

static bool is_adopted(scene *s)
{
    return is_there(s, "_confreg/v1/c/u,t,1,4") && is_there(s, "_confreg/v1/c/u,t,1,word") &&
           is_there(s, "_confreg/v1/c/u,t,1,3");
}

static creg_status run_repair(scene *s)
{
    creg_report report;
    return creg_fsck(s->registry, true, &s->arena, &report, &s->err);
}

static creg_status run_templates(scene *s)
{
    creg_template read;
    creg_templates all;
    creg_names left;
    creg_slice any = {NULL, 0};
    creg_template fresh = {.name = S("fresh"), .version = S("1"), .body = S("{\"a\": 1}")};
    creg_status status = creg_template_register(s->registry, &fresh, false, &s->err);
    if (status == CREG_OK)
        status = creg_template_get(s->registry, S("t"), S("1"), &s->arena, &read, &s->err);
    if (status == CREG_OK)
        status = creg_template_list(s->registry, any, &s->arena, &all, &s->err);
    if (status == CREG_OK && all.size != 2 && !s->has_company)
        violated(&s->notes, "%zu service templates are listed", all.size);
    if (status == CREG_OK)
        status =
            creg_template_deregister(s->registry, S("t"), S("1"), &s->arena, &left, &s->err);
    return status;
}

static bool is_replaced(scene *s)
{
    return is_there(s, "templates/fresh/1/template") && !is_there(s, "templates/t/1/template");
}

/* ---- from store to store ---------------------------------------------------------------- */

static void prepare_source(scene *s)
{
    static unsigned number;
    char url[48];
    creg_instance made;
    creg_property changed = {S("poke"), S("1")};
    snprintf(url, sizeof url, "memory:source%u", number++);
    must(creg_open(url, NULL, &s->source, &s->err), s, "open the source");
    register_body(s->source);
    must(create(s->source, "known", &s->kept, &made, &s->err), s, "known");
    must(creg_set(s->source, S(known), &changed, 1, NULL, &s->err), s, "poke");
    must(creg_store_put(creg_registry_store(s->source), S("other/key"), S("value"), &s->err), s,
         "put");
}

/* The destination has one that is older, with more to take away than fits at once, and a key of
 * another value. */
static void prepare_older(scene *s)
{
    prepare_source(s);
    creg_transfer_report report;
    must(creg_store_copy(s->source, s->other, NULL, &s->kept, &report, &s->err), s, "copy");
    creg_property older[] = {{S("poke"), S("0")}, {S("gone/by/then"), S("x")}};
    must(creg_set(s->other, S(known), older, 2, NULL, &s->err), s, "older");
    must(set_many(s->other, &s->kept, "older", NULL, &s->err), s, "older");
    put(s, "other/key", "older");
}

static creg_status transfer(scene *s, const creg_transfer_options *options)
{
    creg_transfer_report report;
    creg_status status =
        creg_store_copy(s->source, s->registry, options, &s->arena, &report, &s->err);
    if (status == CREG_OK && report.unequal != 0 && !s->has_company)
        violated(&s->notes, "%zu things are unequal", report.unequal);
    return status;
}

static creg_status run_transfer(scene *s)
{
    creg_transfer_options options = {
        .verify = true, .progress = tell, .user_data = s, .cancel = &s->cancel};
    return transfer(s, &options);
}

static creg_status run_force(scene *s)
{
    creg_transfer_options options = {.force = true};
    return transfer(s, &options);
}

static bool is_transferred(scene *s)
{
    creg_slice value;
    return is_poked(s) && is_value(s, "nodes/node9/name", "node9") &&
           !is_value(s, "gone/by/then", "x") &&
           creg_store_get(creg_registry_store(s->other), S("other/key"), &s->kept, &value, NULL,
                          NULL) == CREG_OK &&
           creg_slice_equal(value, S("value"));
}

const way ways[] = {
    {"create", NULL, run_create, is_created, "", CREG_OK, false, false},
    {"create silently", NULL, run_create_silently, is_created, "", CREG_OK, false, false},
    {"create a large value", NULL, run_create_large, is_created_plain, "", CREG_LIMIT, false,
     false},
    {"create the last", prepare_last_id, run_create, is_created, "", CREG_LIMIT, false, false},
    {"create the first", prepare_nought, run_create, is_created, "", CREG_OK, false, false},
    {"create beside others", NULL, run_create, is_created, "", CREG_OK, false, false,
     other_creates},
    {"create without a request", NULL, run_create_plain, is_created_plain, "", CREG_OK, false,
     false},
    {"create after a dead one", prepare_dead_create, run_create, is_created, "", CREG_OK, false,
     false},
    {"create after a lost one", prepare_dead_request, run_create, is_created, "stale-request",
     CREG_OK, false, false},
    {"create beside foreign ids", prepare_foreign_ids, run_create, is_created, "unrecorded",
     CREG_OK, false, false},
    {"status", prepare_known, run_status, NULL, "", CREG_OK, false, false},
    {"remove", prepare_known, run_remove, is_removed, "", CREG_OK, false, false},
    {"remove a large one", prepare_large, run_remove, is_removed, "", CREG_OK, false, false},
    {"remove a foreign one", prepare_foreign_record, run_remove, is_removed, "digest-differs",
     CREG_OK, false, false},
    {"remove one that claims more", prepare_foreign_claim, run_remove, is_removed,
     "digest-differs", CREG_OK, false, false},
    {"remove a flat one", prepare_flat, run_remove, is_removed, "", CREG_OK, false, false},
    {"remove over a journal", prepare_active, run_remove, is_removed, "", CREG_OK, false, true},
    {"set many", prepare_known, run_set_many, is_many_set, "", CREG_OK, false, false},
    {"set many over a journal", prepare_active, run_set_many, is_many_set, "", CREG_OK, false,
     true},
    {"set many absent ones", prepare_known, run_set_absent, is_many_set, "", CREG_OK, false,
     false},
    {"set many others", prepare_many, run_set_other, is_many_set, "", CREG_CONFLICT, false,
     false},
    {"set many that are gone", prepare_known, run_set_other, is_many_set, "", CREG_CONFLICT,
     false, false},
    {"set many, the first as expected", prepare_known, run_set_mixed, is_poked, "", CREG_OK,
     false, false},
    {"set many, the first nearly so", prepare_known, run_set_nearly, is_poked, "",
     CREG_CONFLICT, false, false},
    {"set one silently", prepare_known, run_set_silently, is_poked, "", CREG_OK, false, false},
    {"set one", prepare_known, run_set_one, is_poked, "", CREG_OK, false, false},
    {"set one over a journal", prepare_active, run_set_one, is_poked, "", CREG_OK, false, true},
    {"set one over an open one", prepare_open, run_set_one, is_poked, "", CREG_OK, false, true},
    {"set what is expected", prepare_known, run_set_expected, is_poked, "", CREG_CONFLICT,
     false, false},
    {"swap", prepare_known, run_swap, is_poked, "", CREG_OK, false, false},
    {"increment", prepare_known, run_increment, is_poked, "", CREG_OK, false, false},
    {"copy", prepare_known, run_copy, is_copied, "", CREG_OK, false, false},
    {"unset", prepare_known, run_unset, is_unset, "", CREG_OK, false, false},
    {"read over a journal", prepare_active, run_read, NULL, "", CREG_OK, false, true},
    {"sweep", prepare_debris, run_sweep, is_swept, "", CREG_OK, true, false},
    {"sweep a journal", prepare_active, run_sweep, is_swept, "", CREG_OK, true, true},
    {"sweep an open one", prepare_open, run_sweep, is_swept, "", CREG_OK, true, true},
    {"adopt", prepare_foreign, run_adopt, is_adopted, "unrecorded", CREG_OK, true, false},
    {"adopt, dry", prepare_foreign, run_adopt_dry, NULL, "unrecorded", CREG_OK, true, false},
    {"repair", prepare_debris, run_repair, is_swept, "", CREG_OK, true, false},
    /* Broken off before the mark of later edits; the next copy sets it. */
    {"transfer", prepare_source, run_transfer, is_transferred, "digest-differs", CREG_OK, true,
     false},
    {"transfer over an older one", prepare_older, run_force, is_transferred, "digest-differs",
     CREG_OK, true, false},
    {"service templates", NULL, run_templates, is_replaced, "", CREG_OK, true, false},
};
const size_t way_count = sizeof ways / sizeof ways[0];
