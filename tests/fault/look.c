/* SPDX-License-Identifier: MIT */
/*
 * The checks of the fault tests; see look.h.
 */
#include "look.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char body[] =
    "{\"token\": \"{{ opts.token }}\", \"poke\": \"0\",\n"
    " \"nodes\": {\n"
    "  {% for n in range(10) %}\n"
    "  \"node{{ n }}\": {\"name\": \"node{{ n }}\", \"home\": \"{{ instancedn }}\",\n"
    "    \"cpu\": " BEFORE ", \"mem\": " BEFORE "}{% if not loop.last %},{% endif %}\n"
    "  {% endfor %}\n"
    " }}\n";

void violated(shared *notes, const char *format, ...)
{
    int at = atomic_fetch_add(&notes->violations, 1);
    if (at >= SAYINGS)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(notes->sayings[at], SAYING_SIZE, format, arguments);
    va_end(arguments);
}

void register_body(creg_registry *registry)
{
    creg_error err;
    creg_template template_ = {.name = S("t"),
                               .version = S("1"),
                               .body = S(body),
                               .options =
                                   S("{\"required\": {}, \"optional\": {\"token\": \"\"}}")};
    if (creg_template_register(registry, &template_, true, &err) == CREG_OK)
        return;
    fprintf(stderr, "register: %s\n", err.message);
    exit(3);
}

creg_status create(creg_registry *registry, const char *token, creg_arena *arena,
                   creg_instance *ret_instance, creg_error *err)
{
    char text[96];
    snprintf(text, sizeof text, "{\"token\": \"%s\"}", token);
    creg_value options;
    creg_status status = creg_json_parse(S(text), "options", 0, arena, &options, err);
    if (status != CREG_OK)
        return status;
    creg_instance_spec spec = {.user = S("u"),
                               .name = S("t"),
                               .version = S("1"),
                               .options = options,
                               .request_id = S(token)};
    return creg_instantiate(registry, &spec, arena, ret_instance, err);
}

/* ---- raw keys ---------------------------------------------------------------------------- */

static const char data_prefix[] = "instances/u/t/1/";

/* The number behind a prefix; 0 when it is none. `*ret_rest`: what follows it. */
static int id_behind(creg_slice key, const char *prefix, creg_slice *ret_rest)
{
    size_t at = strlen(prefix);
    if (key.size < at || memcmp(key.data, prefix, at) != 0)
        return 0;
    int id = 0;
    for (; at < key.size && key.data[at] >= '0' && key.data[at] <= '9'; at++)
        id = id * 10 + (key.data[at] - '0');
    *ret_rest = creg_slice_make(key.data + at, key.size - at);
    return id < ID_MAX ? id : 0;
}

static bool holds(creg_slice text, const char *part)
{
    size_t size = strlen(part);
    for (size_t i = 0; i + size <= text.size; i++)
        if (memcmp(text.data + i, part, size) == 0)
            return true;
    return false;
}

typedef struct census {
    int keys[ID_MAX];
    int wrong[ID_MAX]; /* values that belong elsewhere */
    char record[ID_MAX];
    char intent[ID_MAX]; /* 'c'reate, 'd'elete, a 'j'ournal */
    unsigned long counter;
} census;

static void count_data(census *count, const creg_pair *pair)
{
    creg_slice rest;
    int id = id_behind(pair->key, data_prefix, &rest);
    char home[64];
    snprintf(home, sizeof home, "instances/u/t/1/%d", id);
    count->keys[id]++;
    bool is_home = rest.size > 5 && memcmp(rest.data + rest.size - 5, "/home", 5) == 0;
    if (id == 0 || (is_home && !creg_slice_equal(pair->value, S(home))))
        count->wrong[id]++;
}

static void count_book(census *count, const creg_pair *pair)
{
    creg_slice rest;
    int id = id_behind(pair->key, "_confreg/v1/c/u,t,1,", &rest);
    if (id != 0 && rest.size == 0)
        count->record[id] = 1;
    id = id_behind(pair->key, "_confreg/v1/i/u,t,1,", &rest);
    if (id != 0 && rest.size == 0)
        count->intent[id] = holds(pair->value, "\"op\":\"create\"")   ? 'c'
                            : holds(pair->value, "\"op\":\"change\"") ? 'j'
                                                                      : 'd';
    char number[24];
    if (creg_slice_equal(pair->key, S("_confreg/v1/n/u,t,1")) &&
        pair->value.size < sizeof number) {
        snprintf(number, sizeof number, "%.*s", (int)pair->value.size, pair->value.data);
        count->counter = strtoul(number, NULL, 10);
    }
}

/* All of one moment; false when the store could not give one. */
static bool take_census(creg_registry *registry, creg_arena *arena, census *count)
{
    creg_read reads[] = {
        {.is_list = true, .key = S("_confreg/v1/c")},
        {.is_list = true, .key = S("_confreg/v1/i")},
        {.key = S("_confreg/v1/n/u,t,1")},
        {.is_list = true, .key = S("instances/u/t/1")},
    };
    memset(count, 0, sizeof *count);
    if (creg_store_read(creg_registry_store(registry), reads, 4, arena, NULL, NULL) != CREG_OK)
        return false;
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < reads[i].ret_pairs.size; k++)
            count_book(count, &reads[i].ret_pairs.items[k]);
    for (size_t k = 0; k < reads[3].ret_pairs.size; k++)
        count_data(count, &reads[3].ret_pairs.items[k]);
    return true;
}

static bool is_whole(int keys)
{
    return keys == KEYS || keys == KEYS + COPIED_KEYS;
}

static void judge_id(const census *count, int id, memory *before, bool may_vanish,
                     shared *notes)
{
    if (count->record[id] && !is_whole(count->keys[id]))
        violated(notes, "I1: id %d is committed with %d keys", id, count->keys[id]);
    if (count->wrong[id] != 0)
        violated(notes, "I5: id %d has %d values of another one", id, count->wrong[id]);
    if (count->keys[id] != 0 && !count->record[id] && count->intent[id] == 0)
        violated(notes, "I2: id %d has %d keys, and no book", id, count->keys[id]);
    if (count->record[id] && count->intent[id] != 0 && count->intent[id] != 'j')
        violated(notes, "I3: id %d has a record and an intent", id);
    if ((count->keys[id] != 0 || count->record[id]) && (unsigned long)id > count->counter &&
        id != before->witness)
        violated(notes, "I4: id %d is used, the counter says %lu", id, count->counter);
    if (before->seen[id] && !count->record[id] && (!may_vanish || id == before->witness))
        violated(notes, "I6: id %d was committed and is gone", id);
    before->seen[id] = (unsigned char)count->record[id];
    if ((count->keys[id] != 0 || count->record[id]) && id != before->witness &&
        atomic_load(&notes->highest) < id)
        atomic_store(&notes->highest, id);
}

static void look_raw(creg_registry *registry, creg_arena *arena, memory *before,
                     bool may_vanish, shared *notes)
{
    census *count = creg_arena_alloc(arena, sizeof *count);
    if (count == NULL || !take_census(registry, arena, count))
        return;
    for (int id = 1; id < ID_MAX; id++)
        judge_id(count, id, before, may_vanish, notes);
    if (count->counter < before->counter)
        violated(notes, "I4: the counter went from %lu to %lu", before->counter,
                 count->counter);
    before->counter = count->counter;
    atomic_fetch_add(&notes->looks, 1);
}

/* ---- through the registry ------------------------------------------------------------------- */

static size_t leaves(creg_value tree)
{
    if (!creg_value_is(tree, CREG_KIND_MAP))
        return 1;
    size_t count = 0;
    for (size_t i = 0; i < tree.as.map->filled; i++)
        count += leaves(tree.as.map->entries[i].value);
    return count;
}

/* How many of the nodes' two figures say this. */
static int count_figures(creg_value tree, const char *wanted)
{
    int count = 0;
    for (int i = 0; i < 2 * NODES; i++) {
        char name[24];
        snprintf(name, sizeof name, "node%d", i / 2);
        const creg_value *at = creg_map_get_text(tree.as.map, S("nodes"));
        if (at != NULL && creg_value_is(*at, CREG_KIND_MAP))
            at = creg_map_get_text(at->as.map, S(name));
        if (at != NULL && creg_value_is(*at, CREG_KIND_MAP))
            at = creg_map_get_text(at->as.map, i % 2 == 0 ? S("cpu") : S("mem"));
        count += at != NULL && creg_value_is(*at, CREG_KIND_STRING) &&
                 creg_slice_equal(creg_value_text(*at), S(wanted));
    }
    return count;
}

bool is_changed(creg_value tree)
{
    return count_figures(tree, AFTER) == 2 * NODES;
}

static void look_listed(creg_registry *registry, creg_arena *arena, bool may_vanish,
                        shared *notes)
{
    creg_slice any = {NULL, 0};
    creg_instances instances = {NULL, 0};
    creg_error err;
    if (creg_instance_list(registry, S("u"), any, any, arena, &instances, &err) != CREG_OK)
        return;
    for (size_t i = 0; i < instances.size; i++) {
        creg_value tree;
        creg_slice dn = instances.items[i].dn;
        creg_status status = creg_tree(registry, dn, 0, arena, &tree, &err);
        if (status == CREG_NOT_FOUND && !may_vanish)
            violated(notes, "I8: %.*s is listed and not found", (int)dn.size, dn.data);
        if (status == CREG_OK && !is_whole((int)leaves(tree)))
            violated(notes, "I1: the tree of %.*s has %zu leaves", (int)dn.size, dn.data,
                     leaves(tree));
        int changed = status == CREG_OK ? count_figures(tree, AFTER) : 0;
        int unchanged = status == CREG_OK ? count_figures(tree, BEFORE) : 2 * NODES;
        if (changed + unchanged != 2 * NODES || (changed != 0 && unchanged != 0))
            violated(notes, "half a change of %.*s: %d after, %d before", (int)dn.size, dn.data,
                     changed, unchanged);
    }
}

void look(creg_registry *registry, memory *before, bool may_vanish, shared *notes)
{
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 28);
    look_raw(registry, &arena, before, may_vanish, notes);
    look_listed(registry, &arena, may_vanish, notes);
    creg_arena_clear(&arena);
}

int count_token(creg_registry *registry, const char *token, int *ret_id, shared *notes)
{
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 28);
    creg_slice any = {NULL, 0};
    creg_instances instances = {NULL, 0};
    creg_error err;
    int count = 0;
    if (creg_instance_list(registry, S("u"), any, any, &arena, &instances, &err) != CREG_OK)
        violated(notes, "cannot list: %s", err.message);
    for (size_t i = 0; i < instances.size; i++) {
        creg_slice found;
        if (creg_get(registry, instances.items[i].dn, S("token"), &arena, &found, NULL, &err) !=
                CREG_OK ||
            !creg_slice_equal(found, S(token)))
            continue;
        count++;
        *ret_id = atoi(creg_arena_copy(&arena, instances.items[i].id).data);
    }
    creg_arena_clear(&arena);
    return count;
}

static int count_listed(creg_registry *registry, const char *prefix, bool intents_only)
{
    creg_arena arena;
    creg_arena_init(&arena, (size_t)1 << 28);
    creg_read read = {.is_list = true, .key = S(prefix), .keys_only = true};
    int count = 0;
    if (creg_store_read(creg_registry_store(registry), &read, 1, &arena, NULL, NULL) != CREG_OK)
        count = -1;
    for (size_t i = 0; count >= 0 && i < read.ret_pairs.size; i++)
        count += !intents_only || holds(read.ret_pairs.items[i].key, ",");
    creg_arena_clear(&arena);
    return count;
}

int count_intents(creg_registry *registry)
{
    return count_listed(registry, "_confreg/v1/i", true);
}

int count_keys(creg_registry *registry, int id)
{
    char prefix[64];
    snprintf(prefix, sizeof prefix, "instances/u/t/1/%d", id);
    return count_listed(registry, prefix, false);
}
