/* SPDX-License-Identifier: MIT */
/*
 * Service templates: plain keys below templates/NAME/VERSION, as upstream has them.
 *
 * The properties that upstream does not know (undefined, yaml, autoescape) are keys only where
 * they differ from the default, so a tree that we wrote looks like one that upstream wrote.
 * Nothing is written that could not be instantiated: the body is compiled and the options are
 * read first.
 */
#include "registry/template.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base/fail.h"
#include "registry/options.h"
#include "registry/query.h"

/* One property: its key, and its place in creg_template. */
typedef struct field {
    const char *key;
    size_t offset;
    bool is_optional; /* no key at all when it is empty */
    bool is_listed;   /* small: part of a list */
    bool is_digested; /* what is rendered depends on it */
} field;

static const field fields[] = {
    {.key = "name", .offset = offsetof(creg_template, name)},
    {.key = "version", .offset = offsetof(creg_template, version)},
    {.key = "description", .offset = offsetof(creg_template, description), .is_listed = true},
    {.key = "template", .offset = offsetof(creg_template, body), .is_digested = true},
    {.key = "templatetype",
     .offset = offsetof(creg_template, type),
     .is_listed = true,
     .is_digested = true},
    {.key = "options", .offset = offsetof(creg_template, options), .is_digested = true},
    {.key = "orchestrator", .offset = offsetof(creg_template, orchestrator)},
    {.key = "logo_url", .offset = offsetof(creg_template, logo_url), .is_listed = true},
    {.key = "undefined",
     .offset = offsetof(creg_template, undefined),
     .is_optional = true,
     .is_listed = true,
     .is_digested = true},
    {.key = "yaml",
     .offset = offsetof(creg_template, yaml),
     .is_optional = true,
     .is_listed = true,
     .is_digested = true},
    {.key = "autoescape",
     .offset = offsetof(creg_template, autoescape),
     .is_optional = true,
     .is_listed = true,
     .is_digested = true},
};

enum { FIELDS = sizeof fields / sizeof fields[0] };

static creg_slice *field_of(creg_template *template_, const field *field_)
{
    return (creg_slice *)(void *)((char *)template_ + field_->offset);
}

static creg_slice value_of_field(const creg_template *template_, const field *field_)
{
    return *(const creg_slice *)(const void *)((const char *)template_ + field_->offset);
}

static const field *find_field(creg_slice key)
{
    for (size_t i = 0; i < FIELDS; i++)
        if (creg_slice_equal(key, creg_slice_of(fields[i].key)))
            return &fields[i];
    return NULL;
}

static void set_defaults(creg_template *template_)
{
    if (template_->type.size == 0)
        template_->type = creg_slice_of("json+jinja2");
}

/* Every property with its length, so that no two templates run into one text. */
static creg_status set_digest(creg_template *template_, creg_arena *arena, creg_error *err)
{
    creg_digest digest;
    creg_digest_begin(&digest);
    for (size_t i = 0; i < FIELDS; i++) {
        if (!fields[i].is_digested)
            continue;
        creg_slice value = value_of_field(template_, &fields[i]);
        unsigned char size[8];
        for (size_t k = 0; k < sizeof size; k++)
            size[k] = (unsigned char)((uint64_t)value.size >> (8 * k));
        creg_digest_add(&digest, size, sizeof size);
        creg_digest_add(&digest, value.data == NULL ? "" : value.data, value.size);
    }
    char text[CREG_DIGEST_SIZE];
    creg_digest_finish(&digest, text);
    template_->digest = creg_arena_copy(arena, creg_slice_of(text));
    return template_->digest.data == NULL ? creg_fail_arena(err, arena) : CREG_OK;
}

/* ---- near misses --------------------------------------------------------------------------------- */

/* The names one level below a key, decoded where they are ours. */
static creg_status names_below(creg_registry *registry, creg_slice key, creg_arena *arena,
                               creg_names *ret_names, creg_error *err)
{
    creg_read read = {.is_list = true, .key = key, .depth = 1, .keys_only = true};
    creg_status status = creg_store_read(registry->store, &read, 1, arena, NULL, err);
    if (status != CREG_OK)
        return status;
    ret_names->items = creg_arena_calloc(arena, read.ret_pairs.size, sizeof *ret_names->items);
    if (ret_names->items == NULL)
        return creg_fail_arena(err, arena);
    ret_names->size = 0;
    for (size_t i = 0; i < read.ret_pairs.size; i++) {
        creg_slice entry = read.ret_pairs.items[i].key;
        if (entry.data[entry.size - 1] != '/')
            continue;
        entry.size--;
        creg_slice *name = &ret_names->items[ret_names->size++];
        if (creg_key_decode(creg_dn_last(entry), arena, name, NULL) != CREG_OK)
            *name = creg_dn_last(entry);
    }
    creg_names_sort(ret_names);
    return CREG_OK;
}

/* Other versions of that name; without any, names that look like it. */
static void hint_near_misses(creg_registry *registry, creg_slice name, creg_slice version,
                             creg_error *err)
{
    if (err == NULL)
        return;
    creg_arena scratch;
    creg_arena_init(&scratch, CREG_LIMIT_OPERATION_BYTES);
    creg_key key;
    creg_names names;
    creg_status status = creg_template_key(&registry->layout, name, version, &key, NULL);
    if (status == CREG_OK)
        status =
            names_below(registry, creg_dn_parent(creg_key_slice(&key)), &scratch, &names, NULL);
    if (status == CREG_OK && names.size == 1)
        creg_error_hint(err, "%.*s has version %.*s", CREG_SHOW(name),
                        CREG_SHOW(names.items[0]));
    else if (status == CREG_OK && names.size > 1)
        creg_error_hint(err, "%.*s has versions from %.*s to %.*s", CREG_SHOW(name),
                        CREG_SHOW(names.items[0]), CREG_SHOW(names.items[names.size - 1]));
    else if (status == CREG_OK && names_below(registry, registry->layout.templates, &scratch,
                                              &names, NULL) == CREG_OK)
        creg_query_hint(name, &names, err);
    creg_arena_clear(&scratch);
}

static creg_status fail_absent(creg_registry *registry, creg_slice name, creg_slice version,
                               creg_error *err)
{
    creg_fail(err, CREG_NOT_FOUND, "there is no service template %.*s %.*s", CREG_SHOW(name),
              CREG_SHOW(version));
    hint_near_misses(registry, name, version, err);
    return CREG_NOT_FOUND;
}

/* ---- reading -------------------------------------------------------------------------------------- */

creg_status creg_template_of_pairs(creg_registry *registry, creg_slice name, creg_slice version,
                                   const creg_pairs *pairs, creg_arena *arena,
                                   creg_template *ret_template, creg_error *err)
{
    if (pairs->size == 0)
        return fail_absent(registry, name, version, err);
    creg_template template_ = {0};
    for (size_t i = 0; i < pairs->size; i++) {
        creg_slice key = pairs->items[i].key;
        const field *field_ = find_field(creg_dn_segment(key, 3));
        if (field_ != NULL && creg_dn_segment(key, 4).size == 0)
            *field_of(&template_, field_) = pairs->items[i].value;
    }
    /* The key is the truth: programs have copied templates and left these two as they were. */
    template_.name = creg_arena_copy(arena, name);
    template_.version = creg_arena_copy(arena, version);
    if (template_.name.data == NULL || template_.version.data == NULL)
        return creg_fail_arena(err, arena);
    set_defaults(&template_);
    creg_status status = set_digest(&template_, arena, err);
    if (status == CREG_OK)
        *ret_template = template_;
    return status;
}

creg_status creg_template_get(creg_registry *registry, creg_slice name, creg_slice version,
                              creg_arena *arena, creg_template *ret_template, creg_error *err)
{
    creg_key key;
    creg_status status = creg_template_key(&registry->layout, name, version, &key, err);
    if (status != CREG_OK)
        return status;
    creg_pairs pairs;
    status = creg_store_list(registry->store, creg_key_slice(&key), arena, &pairs, err);
    if (status != CREG_OK)
        return status;
    return creg_template_of_pairs(registry, name, version, &pairs, arena, ret_template, err);
}

creg_status creg_template_options(const creg_template *template_, creg_arena *arena,
                                  creg_options *ret_options, creg_error *err)
{
    return creg_options_parse(template_->options, arena, ret_options, err);
}

/* ---- listing -------------------------------------------------------------------------------------- */

/* A list in the making: which reads belong to which template. */
typedef struct listing {
    creg_templates templates;
    creg_read *reads;
    size_t *owners; /* of each read: the template's index */
    size_t read_count;
} listing;

static creg_slice decoded(creg_slice segment, creg_arena *arena)
{
    creg_slice text;
    return creg_key_decode(segment, arena, &text, NULL) == CREG_OK ? text : segment;
}

/* One key "templates/NAME/VERSION/FIELD": a new template when the first two are new. */
static void list_key(listing *list, creg_slice key, creg_slice *previous, creg_arena *arena)
{
    creg_slice field_name = creg_dn_segment(key, 3);
    if (field_name.size == 0)
        return; /* not of a service template */
    creg_slice owner = creg_dn_parent(key);
    if (!creg_slice_equal(owner, *previous)) {
        creg_template *fresh = &list->templates.items[list->templates.size++];
        *fresh = (creg_template){.name = decoded(creg_dn_segment(key, 1), arena),
                                 .version = decoded(creg_dn_segment(key, 2), arena)};
        *previous = owner;
    }
    const field *field_ = find_field(field_name);
    if (field_ == NULL || !field_->is_listed)
        return;
    list->owners[list->read_count] = list->templates.size - 1;
    list->reads[list->read_count++] = (creg_read){.key = key};
}

static creg_status list_keys(const creg_pairs *keys, creg_arena *arena, listing *ret_list,
                             creg_error *err)
{
    listing list = {
        .templates = {creg_arena_calloc(arena, keys->size, sizeof(creg_template)), 0},
        .reads = creg_arena_calloc(arena, keys->size, sizeof(creg_read)),
        .owners = creg_arena_calloc(arena, keys->size, sizeof(size_t))};
    if (list.templates.items == NULL || list.reads == NULL || list.owners == NULL)
        return creg_fail_arena(err, arena);
    creg_slice previous = {NULL, 0};
    for (size_t i = 0; i < keys->size; i++) {
        creg_slice key = keys->items[i].key;
        if (key.data[key.size - 1] != '/')
            list_key(&list, key, &previous, arena);
    }
    *ret_list = list;
    return CREG_OK;
}

static int compare_templates(const void *left, const void *right)
{
    const creg_template *a = left;
    const creg_template *b = right;
    int order = creg_name_compare(a->name, b->name);
    return order != 0 ? order : creg_name_compare(a->version, b->version);
}

static creg_status fill_list(creg_registry *registry, listing *list, creg_arena *arena,
                             creg_error *err)
{
    creg_status status = creg_query_many(registry, list->reads, list->read_count, arena, err);
    if (status != CREG_OK)
        return status;
    for (size_t i = 0; i < list->read_count; i++) {
        creg_read *read = &list->reads[i];
        creg_template *owner = &list->templates.items[list->owners[i]];
        if (read->ret_pairs.size != 0)
            *field_of(owner, find_field(creg_dn_last(read->key))) =
                read->ret_pairs.items[0].value;
    }
    for (size_t i = 0; i < list->templates.size; i++)
        set_defaults(&list->templates.items[i]);
    if (list->templates.size > 1)
        qsort(list->templates.items, list->templates.size, sizeof(creg_template),
              compare_templates);
    return CREG_OK;
}

creg_status creg_template_list(creg_registry *registry, creg_slice name, creg_arena *arena,
                               creg_templates *ret_templates, creg_error *err)
{
    creg_filter filter;
    creg_slice any = {NULL, 0};
    creg_status status = creg_filter_make(any, name, any, arena, &filter, err);
    if (status != CREG_OK)
        return status;
    creg_key prefix = {.size = 0};
    creg_key_append(&prefix, registry->layout.templates);
    if (filter.name.size != 0) {
        creg_key_append(&prefix, creg_slice_of("/"));
        creg_key_append(&prefix, filter.name);
    }
    creg_read read = {.is_list = true,
                      .key = creg_key_slice(&prefix),
                      .depth = filter.name.size != 0 ? 2 : 3,
                      .keys_only = true};
    status = creg_store_read(registry->store, &read, 1, arena, NULL, err);
    listing list = {.read_count = 0};
    if (status == CREG_OK)
        status = list_keys(&read.ret_pairs, arena, &list, err);
    if (status == CREG_OK)
        status = fill_list(registry, &list, arena, err);
    if (status == CREG_OK)
        *ret_templates = list.templates;
    return status;
}

/* ---- registering ----------------------------------------------------------------------------------- */

/* Everything that could be wrong with it, found out before it is stored. */
static creg_status check_template(creg_registry *registry, creg_template *template_,
                                  creg_arena *arena, creg_error *err)
{
    creg_body_kind kind;
    creg_status status = creg_body_kind_of(template_, &kind, err);
    if (status != CREG_OK)
        return status;
    set_defaults(template_);
    status = creg_options_to_json(template_->options, arena, &template_->options, err);
    if (status != CREG_OK)
        return status;
    jinja_template *compiled;
    status = creg_bodies_compile(registry->bodies, template_, &compiled, err);
    if (status == CREG_OK)
        jinja_template_free(compiled);
    return status == CREG_OK ? set_digest(template_, arena, err) : status;
}

static creg_status make_operations(const creg_template *template_, const creg_key *prefix,
                                   creg_arena *arena, creg_operation *operations,
                                   creg_error *err)
{
    for (size_t i = 0; i < FIELDS; i++) {
        creg_key key = *prefix;
        if (!creg_key_append(&key, creg_slice_of("/")) ||
            !creg_key_append(&key, creg_slice_of(fields[i].key)))
            return creg_fail(err, CREG_INVALID_NAME,
                             "the name of the service template is too long");
        creg_slice value = value_of_field(template_, &fields[i]);
        bool is_gone = fields[i].is_optional && value.size == 0;
        operations[i] = (creg_operation){
            .kind = is_gone ? CREG_OPERATION_DELETE : CREG_OPERATION_PUT,
            .key = creg_arena_copy(arena, creg_key_slice(&key)),
            .value = value,
        };
        if (operations[i].key.data == NULL)
            return creg_fail_arena(err, arena);
    }
    return CREG_OK;
}

static creg_status fail_exists(const creg_template *template_, creg_error *err)
{
    creg_fail(err, CREG_EXISTS, "service template %.*s %.*s is registered already",
              CREG_SHOW(template_->name), CREG_SHOW(template_->version));
    creg_error_hint(err, "give it another version, or ask to replace it");
    return CREG_EXISTS;
}

/* After an unclear answer: is what lies there what we wrote? */
static bool is_stored(creg_registry *registry, const creg_template *template_,
                      creg_arena *arena)
{
    creg_template stored;
    return creg_template_get(registry, template_->name, template_->version, arena, &stored,
                             NULL) == CREG_OK &&
           creg_slice_equal(stored.digest, template_->digest);
}

static creg_status store_template(creg_registry *registry, const creg_template *template_,
                                  const creg_key *key, bool replace, creg_arena *arena,
                                  creg_error *err)
{
    creg_operation operations[FIELDS];
    creg_status status = make_operations(template_, key, arena, operations, err);
    if (status != CREG_OK)
        return status;
    creg_check is_free = {.kind = CREG_CHECK_SUBTREE_EMPTY, .key = creg_key_slice(key)};
    creg_transaction transaction = {.checks = &is_free,
                                    .check_count = replace ? 0 : 1,
                                    .operations = operations,
                                    .operation_count = FIELDS};
    status = creg_store_apply(registry->store, &transaction, NULL, err);
    if (status == CREG_CONFLICT)
        return fail_exists(template_, err);
    if (status == CREG_UNKNOWN_OUTCOME && is_stored(registry, template_, arena))
        return CREG_OK;
    return status;
}

creg_status creg_template_register(creg_registry *registry, const creg_template *template_,
                                   bool replace, creg_error *err)
{
    creg_arena arena;
    creg_arena_init(&arena, CREG_LIMIT_OPERATION_BYTES);
    creg_template checked = *template_;
    creg_key key;
    creg_status status =
        creg_template_key(&registry->layout, template_->name, template_->version, &key, err);
    if (status == CREG_OK)
        status = check_template(registry, &checked, &arena, err);
    if (status == CREG_OK)
        status = store_template(registry, &checked, &key, replace, &arena, err);
    creg_arena_clear(&arena);
    return status;
}

/* ---- deregistering ---------------------------------------------------------------------------------- */

static creg_status remove_template(creg_registry *registry, creg_slice name, creg_slice version,
                                   creg_error *err)
{
    creg_key key;
    creg_status status = creg_template_key(&registry->layout, name, version, &key, err);
    if (status != CREG_OK)
        return status;
    creg_arena scratch;
    creg_arena_init(&scratch, CREG_LIMIT_OPERATION_BYTES);
    creg_read first = {
        .is_list = true, .key = creg_key_slice(&key), .keys_only = true, .limit = 1};
    status = creg_store_read(registry->store, &first, 1, &scratch, NULL, err);
    if (status == CREG_OK && first.ret_pairs.size == 0)
        status = fail_absent(registry, name, version, err);
    if (status == CREG_OK) {
        creg_check is_there = {.kind = CREG_CHECK_PRESENT, .key = first.ret_pairs.items[0].key};
        creg_operation tree = {.kind = CREG_OPERATION_DELETE_TREE, .key = creg_key_slice(&key)};
        creg_transaction transaction = {
            .checks = &is_there, .check_count = 1, .operations = &tree, .operation_count = 1};
        status = creg_store_apply(registry->store, &transaction, NULL, err);
        if (status == CREG_CONFLICT) /* somebody else removed it just now */
            status = fail_absent(registry, name, version, err);
    }
    creg_arena_clear(&scratch);
    return status;
}

creg_status creg_template_deregister(creg_registry *registry, creg_slice name,
                                     creg_slice version, creg_arena *arena,
                                     creg_names *ret_instances, creg_error *err)
{
    creg_status status = remove_template(registry, name, version, err);
    if (status != CREG_OK || ret_instances == NULL)
        return status;
    creg_filter filter;
    creg_slice any = {NULL, 0};
    status = creg_filter_make(any, name, version, arena, &filter, err);
    if (status == CREG_OK)
        status = creg_query_dns(registry, &filter, arena, ret_instances, err);
    return status;
}
