/* SPDX-License-Identifier: MIT */
/*
 * Every allocation fails once on the ways through values, formats and the registry.
 *
 * For each path below: run it once to count its allocations, then again and again with another
 * one of them failing. A run must end out of memory, or as if nothing had been; the store must
 * hold what it held before, or the whole of the change; and everything must be given back.
 * The template engine has its own run over all fixtures (tests/jinja/torture.py).
 *
 * Usage: paths [MOST]: at most so many allocations of each path, at even distances; 0: all.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../jinja/failing.h"
#include "base/fail.h"
#include "confreg/confreg.h"

enum { URL_SIZE = 256, TEXT_SIZE = 64 * 1024 };

/* What a run works with. The first half is made before an allocation may fail. */
typedef struct world {
    creg_arena kept;
    creg_value value;
    creg_registry *registry; /* memory: open all the time; lmdb: opened by the run */
    char url[URL_SIZE];
    char folder[URL_SIZE];
    creg_error err;
} world;

typedef creg_status (*work)(world *w, creg_arena *arena, creg_registry *registry);

typedef struct path {
    const char *name;
    work run;
    bool uses_store;
    bool changes; /* the store, when it succeeds */
} path;

/* ---- documents ------------------------------------------------------------------------ */

static char json_text[TEXT_SIZE];
static char yaml_text[TEXT_SIZE];

static void write_documents(void)
{
    size_t json = (size_t)snprintf(json_text, TEXT_SIZE, "{\"list\": [1, 2.5, null, true");
    size_t yaml = (size_t)snprintf(yaml_text, TEXT_SIZE,
                                   "anchor: &a {x: 1}\nmerged: {<<: *a, y: 2}\nnames:\n");
    for (int i = 0; i < 150; i++) {
        json += (size_t)snprintf(json_text + json, TEXT_SIZE - json,
                                 ", {\"name%d\": \"a \\u00e4 text\", \"n\": [%d]}", i, i);
        yaml += (size_t)snprintf(
            yaml_text + yaml, TEXT_SIZE - yaml,
            "  node%d: {port: %d, tags: [a, 'b c', \"d\\te\"], on: true}\n", i, i);
    }
    snprintf(json_text + json, TEXT_SIZE - json, "], \"big\": 123456789012345678901234567890}");
}

/* ---- values and formats --------------------------------------------------------------- */

static creg_status build_value(world *w, creg_arena *arena, creg_registry *registry)
{
    (void)registry;
    creg_list *list = creg_list_new(arena, 0);
    creg_map *map = creg_map_new(arena, 0);
    bool fine = list != NULL && map != NULL;
    for (int i = 0; fine && i < 3000; i++) {
        char name[16];
        int size = snprintf(name, sizeof name, "name%d", i);
        fine = creg_list_append(arena, list, creg_value_int(i)) &&
               creg_map_set_text(arena, map, creg_slice_make(name, (size_t)size),
                                 creg_value_list(list));
    }
    if (!fine) /* as any caller has to */
        return creg_fail_arena(&w->err, arena);
    return CREG_OK;
}

static creg_status copy_and_show(world *w, creg_arena *arena, creg_registry *registry)
{
    (void)registry;
    creg_value copy;
    creg_slice text;
    creg_status status = creg_value_copy(arena, w->value, &copy, &w->err);
    if (status == CREG_OK)
        status = creg_value_str(copy, arena, &text, &w->err);
    return status == CREG_OK ? creg_value_repr(copy, arena, &text, &w->err) : status;
}

static creg_status large_integer(world *w, creg_arena *arena, creg_registry *registry)
{
    (void)registry;
    char digits[3000];
    memset(digits, '7', sizeof digits);
    creg_value value;
    creg_slice text;
    creg_status status =
        creg_value_integer(creg_slice_make(digits, sizeof digits), 10, arena, &value, &w->err);
    return status == CREG_OK ? creg_value_digits(value, 16, arena, &text, &w->err) : status;
}

static creg_status parse_json(world *w, creg_arena *arena, creg_registry *registry)
{
    (void)registry;
    creg_value value;
    return creg_json_parse(creg_slice_of(json_text), "document", 0, arena, &value, &w->err);
}

static creg_status print_json(world *w, creg_arena *arena, creg_registry *registry)
{
    (void)registry;
    creg_slice text;
    return creg_json_print(w->value, NULL, arena, &text, &w->err);
}

static creg_status parse_yaml(world *w, creg_arena *arena, creg_registry *registry)
{
    (void)registry;
    creg_value value;
    return creg_yaml_parse(creg_slice_of(yaml_text), "document", 0, arena, &value, &w->err);
}

static creg_status print_yaml(world *w, creg_arena *arena, creg_registry *registry)
{
    (void)registry;
    creg_slice text;
    return creg_yaml_print(w->value, arena, &text, &w->err);
}

/* ---- the registry --------------------------------------------------------------------- */

static const char body[] =
    "{\"nodes\": { {% for i in range(opts.count) %}\"node{{ i }}\": {\"cpu\": "
    "\"{{ opts.cpu }}\", \"disks\": {\"disk1\": {\"size\": {{ i }}}}, "
    "\"tags\": [\"a\", \"b\"]}{% if not loop.last %},{% endif %}"
    "{% endfor %}}, \"services\": {}}";
static const char options_json[] =
    "{\"required\": {}, \"optional\": {\"count\": 12, \"cpu\": \"two <2>\"}, \"advanced\": {}, "
    "\"descriptions\": {\"cpu\": \"how many\"}}";

static creg_template make_template(const char *name)
{
    return (creg_template){.name = creg_slice_of(name),
                           .version = creg_slice_of("1.0"),
                           .description = creg_slice_of("for a test"),
                           .body = creg_slice_of(body),
                           .options = creg_slice_of(options_json)};
}

static creg_status register_new(world *w, creg_arena *arena, creg_registry *registry)
{
    (void)arena;
    creg_template fresh = make_template("fresh");
    return creg_template_register(registry, &fresh, false, &w->err);
}

static creg_status read_template(world *w, creg_arena *arena, creg_registry *registry)
{
    creg_template read;
    creg_options options;
    creg_templates all;
    creg_status status = creg_template_get(registry, creg_slice_of("known"),
                                           creg_slice_of("1.0"), arena, &read, &w->err);
    if (status == CREG_OK)
        status = creg_template_options(&read, arena, &options, &w->err);
    if (status == CREG_OK)
        status = creg_template_list(registry, creg_slice_make(NULL, 0), arena, &all, &w->err);
    return status;
}

static creg_status deregister(world *w, creg_arena *arena, creg_registry *registry)
{
    creg_names left;
    return creg_template_deregister(registry, creg_slice_of("known"), creg_slice_of("1.0"),
                                    arena, &left, &w->err);
}

static creg_status instantiate(world *w, creg_arena *arena, creg_registry *registry)
{
    creg_instance_spec spec = {.user = creg_slice_of("user"),
                               .name = creg_slice_of("known"),
                               .version = creg_slice_of("1.0"),
                               .options = creg_value_none()};
    creg_instance made;
    return creg_instantiate(registry, &spec, arena, &made, &w->err);
}

static const char known_dn[] = "instances/user/known/1.0/1";

static creg_status query(world *w, creg_arena *arena, creg_registry *registry)
{
    const creg_slice any = {NULL, 0};
    creg_instances all;
    creg_instance one;
    creg_value tree;
    creg_slice value;
    creg_version version;
    creg_names nodes;
    creg_slice dn = creg_slice_of(known_dn);
    creg_status status = creg_instance_list(registry, any, any, any, arena, &all, &w->err);
    if (status == CREG_OK && all.size != 1)
        return creg_fail(&w->err, CREG_INTERNAL, "%zu instances are listed", all.size);
    if (status == CREG_OK)
        status = creg_instance_get(registry, dn, arena, &one, &w->err);
    if (status == CREG_OK)
        status = creg_tree(registry, dn, 0, arena, &tree, &w->err);
    if (status == CREG_OK)
        status = creg_get(registry, dn, creg_slice_of("nodes/node3/cpu"), arena, &value,
                          &version, &w->err);
    if (status == CREG_OK && !creg_slice_equal(value, creg_slice_of("two <2>")))
        return creg_fail(&w->err, CREG_INTERNAL, "another value was read");
    if (status == CREG_OK)
        status = creg_parts(registry, dn, CREG_PART_NODES, arena, &nodes, &w->err);
    return status;
}

static creg_status set_properties(world *w, creg_arena *arena, creg_registry *registry)
{
    (void)arena;
    creg_property properties[2] = {
        {.path = creg_slice_of("nodes/node1/cpu"), .value = creg_slice_of("9")},
        {.path = creg_slice_of("extra/new"), .value = creg_slice_of("x")}};
    return creg_set(registry, creg_slice_of(known_dn), properties, 2, NULL, &w->err);
}

static creg_status copy_node(world *w, creg_arena *arena, creg_registry *registry)
{
    (void)arena;
    size_t count;
    return creg_copy(registry, creg_slice_of("instances/user/known/1.0/1/nodes/node1"),
                     creg_slice_of("instances/user/known/1.0/1/nodes/node99"), NULL, &count,
                     &w->err);
}

static creg_status delete_instance(world *w, creg_arena *arena, creg_registry *registry)
{
    (void)arena;
    return creg_deinstantiate(registry, creg_slice_of(known_dn), &w->err);
}

static creg_status check_store(world *w, creg_arena *arena, creg_registry *registry)
{
    creg_report report;
    creg_status status = creg_fsck(registry, false, arena, &report, &w->err);
    if (status == CREG_OK && report.findings.size != 0)
        return creg_fail(&w->err, CREG_INTERNAL, "fsck complains of a whole store");
    return status;
}

static const path paths[] = {
    {"value: build", build_value, false, false},
    {"value: copy, str, repr", copy_and_show, false, false},
    {"value: large integer", large_integer, false, false},
    {"json: parse", parse_json, false, false},
    {"json: print", print_json, false, false},
    {"yaml: parse", parse_yaml, false, false},
    {"yaml: print", print_yaml, false, false},
    {"registry: register", register_new, true, true},
    {"registry: read templates", read_template, true, false},
    {"registry: deregister", deregister, true, true},
    {"registry: instantiate", instantiate, true, true},
    {"registry: query", query, true, false},
    {"registry: set", set_properties, true, true},
    {"registry: copy", copy_node, true, true},
    {"registry: delete", delete_instance, true, true},
    {"registry: fsck", check_store, true, false},
};

/* ---- the world around a run ----------------------------------------------------------- */

static void must(creg_status status, const world *w, const char *what)
{
    if (status == CREG_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, w->err.message);
    exit(2);
}

static void fill_store(world *w)
{
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 30);
    creg_template known = make_template("known");
    must(creg_open(w->url, NULL, &w->registry, &w->err), w, "open");
    must(creg_template_register(w->registry, &known, false, &w->err), w, "register");
    must(instantiate(w, &arena, w->registry), w, "instantiate");
    creg_arena_clear(&arena);
}

static bool is_lmdb(const world *w)
{
    return w->folder[0] != '\0';
}

/* `scheme` NULL: a path without a store. LMDB is closed again: the run opens it. */
static void begin_world(world *w, const char *scheme)
{
    static unsigned number;
    memset(w, 0, sizeof *w);
    creg_arena_init(&w->kept, (size_t)1 << 30);
    must(creg_json_parse(creg_slice_of(json_text), "document", 0, &w->kept, &w->value, &w->err),
         w, "document");
    if (scheme == NULL)
        return;
    if (strcmp(scheme, "lmdb:") == 0) {
        snprintf(w->folder, sizeof w->folder, "/tmp/confreg-failing-XXXXXX");
        if (mkdtemp(w->folder) == NULL)
            must(creg_fail(&w->err, CREG_IO, "no folder"), w, "mkdtemp");
        snprintf(w->url, sizeof w->url, "lmdb:%.200s", w->folder);
    } else {
        snprintf(w->url, sizeof w->url, "memory:failing%u", number++);
    }
    fill_store(w);
    if (is_lmdb(w)) {
        creg_close(w->registry);
        w->registry = NULL;
    }
}

static void remove_folder(const char *folder)
{
    DIR *handle = opendir(folder);
    for (struct dirent *entry; handle != NULL && (entry = readdir(handle)) != NULL;) {
        char inside[2 * URL_SIZE];
        snprintf(inside, sizeof inside, "%s/%s", folder, entry->d_name);
        unlink(inside); /* of . and .. it changes nothing */
    }
    if (handle != NULL)
        closedir(handle);
    rmdir(folder);
}

static void end_world(world *w)
{
    creg_close(w->registry);
    if (is_lmdb(w))
        remove_folder(w->folder);
    creg_arena_clear(&w->kept);
}

/* ---- what is in the store ------------------------------------------------------------- */

typedef struct dump {
    creg_pairs pairs;
    size_t findings;
} dump;

static void take_dump(world *w, dump *ret)
{
    if (w->url[0] == '\0')
        return;
    if (w->registry == NULL)
        must(creg_open(w->url, NULL, &w->registry, &w->err), w, "open again");
    creg_report report;
    must(creg_store_list(creg_registry_store(w->registry), creg_slice_of(""), &w->kept,
                         &ret->pairs, &w->err),
         w, "list");
    must(creg_fsck(w->registry, false, &w->kept, &report, &w->err), w, "fsck");
    ret->findings = report.findings.size;
    if (is_lmdb(w)) {
        creg_close(w->registry);
        w->registry = NULL;
    }
}

static bool same_dump(const dump *left, const dump *right)
{
    if (left->pairs.size != right->pairs.size)
        return false;
    for (size_t i = 0; i < left->pairs.size; i++)
        if (!creg_slice_equal(left->pairs.items[i].key, right->pairs.items[i].key) ||
            !creg_slice_equal(left->pairs.items[i].value, right->pairs.items[i].value))
            return false;
    return true;
}

/* ---- one run -------------------------------------------------------------------------- */

typedef struct outcome {
    creg_status status;
    unsigned long asked;
    long held;
    bool changed;    /* another store than before */
    size_t keys;     /* in it */
    size_t findings; /* of fsck */
    char message[CREG_ERROR_MESSAGE_SIZE];
} outcome;

static creg_status run_open(world *w, const path *one)
{
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 30);
    creg_registry *registry = w->registry;
    creg_status status = CREG_OK;
    if (is_lmdb(w))
        status = creg_open(w->url, NULL, &registry, &w->err);
    if (status == CREG_OK) {
        status = one->run(w, &arena, registry);
        if (is_lmdb(w))
            creg_close(registry);
    }
    creg_arena_clear(&arena);
    return status;
}

static outcome run_once(const path *one, const char *scheme, unsigned long nth)
{
    world w;
    dump before = {{0}, 0};
    dump after = {{0}, 0};
    outcome ret = {0};
    failing_begin(nth);
    failing_pause();
    begin_world(&w, scheme);
    take_dump(&w, &before);
    creg_error_clear(&w.err);
    failing_resume();
    ret.status = run_open(&w, one);
    failing_pause();
    memcpy(ret.message, w.err.message, sizeof ret.message);
    take_dump(&w, &after);
    ret.changed = !same_dump(&before, &after);
    ret.keys = after.pairs.size;
    ret.findings = after.findings;
    end_world(&w);
    ret.asked = failing_end(&ret.held);
    return ret;
}

/* NULL, or what is wrong with a run whose allocation failed. `whole`: one that had all. */
static const char *judge(const outcome *run, const outcome *whole)
{
    bool done = run->changed == whole->changed && run->keys == whole->keys;
    if (run->held != 0)
        return "memory is not given back";
    if (run->findings != 0)
        return "fsck complains";
    if (run->status == CREG_OK)
        return done ? NULL : "it was not done, but said so";
    if (run->status != CREG_NO_MEMORY)
        return "another error than out of memory";
    return !run->changed || done ? NULL : "half of it is there";
}

static unsigned long failures, runs;

static void torture(const path *one, const char *scheme, unsigned long most)
{
    run_once(one, scheme, 0); /* what libraries keep for ever is made now */
    outcome whole = run_once(one, scheme, 0);
    unsigned long wrong = failures;
    if (whole.status != CREG_OK || whole.held != 0 || whole.findings != 0 || whole.asked == 0 ||
        whole.changed != one->changes) {
        printf("%s on %s, nothing failing: %s, %ld blocks kept\n", one->name,
               scheme == NULL ? "nothing" : scheme, whole.message, whole.held);
        failures++;
        runs++;
        return;
    }
    unsigned long count = most == 0 || whole.asked < most ? whole.asked : most;
    for (unsigned long i = 1; i <= count; i++) {
        unsigned long nth = count == whole.asked ? i : i * whole.asked / count;
        outcome run = run_once(one, scheme, nth);
        const char *problem = judge(&run, &whole);
        runs++;
        if (problem == NULL)
            continue;
        failures++;
        printf("%s on %s, allocation %lu of %lu: %s (%s: %s; %ld kept, %zu keys)\n", one->name,
               scheme == NULL ? "nothing" : scheme, nth, whole.asked, problem,
               creg_status_name(run.status), run.message, run.held, run.keys);
    }
    printf("%s: %s%s%s, %lu of %lu allocations\n", failures == wrong ? "ok" : "not ok",
           one->name, scheme == NULL ? "" : " on ", scheme == NULL ? "" : scheme, count,
           whole.asked);
}

int main(int argc, char **argv)
{
    unsigned long most = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    const char *longer = getenv("CONFREG_TEST_LONG");
    if (longer != NULL && longer[0] != '\0')
        most = 0;
    if (!failing_possible()) {
        printf("no allocation can fail here: a sanitizer needs -Dtorture=true\n");
        return 77;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    write_documents();
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (!paths[i].uses_store) {
            torture(&paths[i], NULL, most);
            continue;
        }
        torture(&paths[i], "memory:", most);
        torture(&paths[i], "lmdb:", most);
    }
    printf("%lu passed, %lu failed\n", runs - failures, failures);
    return failures > 0 ? 1 : 0;
}
