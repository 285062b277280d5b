/* SPDX-License-Identifier: MIT */
/*
 * Copying a store into another: what there is, in which order, and the report.
 */
#include "registry/transfer.h"

#include "base/arena.h"
#include "base/fail.h"
#include "registry/query.h"
#include "registry/record.h"
#include "registry/report.h"
#include "registry/sweep.h"

enum { FINDINGS_MAX = 100, LOOSE_DEPTH = 3 };

/* ---- what its parts share --------------------------------------------------------------- */

static bool is_at_or_below(creg_slice key, creg_slice top)
{
    return top.size == 0 ||
           (key.size >= top.size && memcmp(key.data, top.data, top.size) == 0 &&
            (key.size == top.size || key.data[top.size] == '/'));
}

bool creg_transfer_covers(const creg_transfer *work, creg_slice key)
{
    return is_at_or_below(key, work->prefix);
}

bool creg_transfer_is_same(const creg_pairs *left, const creg_pairs *right)
{
    if (left->size != right->size)
        return false;
    for (size_t i = 0; i < left->size; i++)
        if (!creg_slice_equal(left->items[i].key, right->items[i].key) ||
            !creg_slice_equal(left->items[i].value, right->items[i].value))
            return false;
    return true;
}

static void add_pairs(creg_digest *digest, const creg_pairs *pairs)
{
    for (size_t i = 0; i < pairs->size; i++) {
        const creg_pair *pair = &pairs->items[i];
        unsigned char size[9] = {0}; /* a NUL, and the length of the value */
        for (size_t k = 0; k < 8; k++)
            size[k + 1] = (unsigned char)((uint64_t)pair->value.size >> (8 * k));
        creg_digest_add(digest, pair->key.data, pair->key.size);
        creg_digest_add(digest, size, sizeof size);
        creg_digest_add(digest, pair->value.data, pair->value.size);
    }
}

void creg_transfer_digest(creg_transfer *work, const creg_pairs *source,
                          const creg_pairs *destination)
{
    add_pairs(&work->source_digest, source);
    add_pairs(&work->destination_digest, destination);
}

creg_status creg_transfer_differs(creg_transfer *work, creg_slice name, creg_error *err)
{
    size_t *count = work->is_verify ? &work->report.unequal : &work->report.differing;
    (*count)++;
    if (work->report.findings.size >= FINDINGS_MAX)
        return CREG_OK;
    return creg_findings_add(&work->report.findings, work->arena,
                             work->is_verify ? "unequal" : "differs", true, err, "%.*s",
                             CREG_SHOW(name));
}

void creg_transfer_count(creg_transfer *work, size_t count, size_t written)
{
    if (work->is_verify)
        return;
    work->report.keys += count;
    work->report.written += written;
    if (work->expected < work->report.keys)
        work->expected = work->report.keys;
    if (work->options->progress != NULL)
        work->options->progress(work->options->user_data, work->report.keys, work->expected);
}

creg_status creg_transfer_check_cancel(const creg_transfer *work, creg_error *err)
{
    if (work->options->cancel == NULL || *work->options->cancel == 0)
        return CREG_OK;
    creg_fail(err, CREG_CANCELLED, "stopped; what was copied is whole");
    creg_error_hint(err, "the same command goes on where this one stopped");
    return CREG_CANCELLED;
}

/* ---- instances -------------------------------------------------------------------------- */

/* Their X, and how many keys they have together: a figure for the progress only. */
static creg_status list_instances(creg_transfer *work, creg_names *ret_names, creg_error *err)
{
    creg_arena listed;
    creg_arena_init(&listed, CREG_LIMIT_OPERATION_BYTES);
    creg_filter everything = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    creg_pairs records;
    creg_status status =
        creg_query_records(work->source, &everything, false, &listed, &records, err);
    if (status == CREG_OK) {
        ret_names->items =
            creg_arena_calloc(work->arena, records.size, sizeof *ret_names->items);
        if (ret_names->items == NULL)
            status = creg_fail_arena(err, work->arena);
    }
    for (size_t i = 0; status == CREG_OK && i < records.size; i++) {
        creg_slice x = creg_book_name(records.items[i].key);
        creg_dn dn;
        creg_instance record = {0};
        status = creg_dn_of_books(&work->source->layout, x, &dn, err);
        if (status != CREG_OK || !creg_transfer_covers(work, creg_dn_instance(&dn)))
            continue;
        status = creg_record_parse(records.items[i].key, records.items[i].value, &listed,
                                   &record, err);
        work->expected += record.key_count;
        creg_slice kept = creg_arena_copy(work->arena, x);
        if (status == CREG_OK && kept.data == NULL)
            status = creg_fail_arena(err, work->arena);
        ret_names->items[ret_names->size++] = kept;
    }
    creg_arena_clear(&listed);
    return status;
}

static creg_status copy_instances(creg_transfer *work, const creg_names *names, creg_error *err)
{
    creg_status status = CREG_OK;
    for (size_t i = 0; status == CREG_OK && i < names->size; i++) {
        creg_arena_reset(&work->scratch);
        status = creg_transfer_check_cancel(work, err);
        if (status == CREG_OK)
            status = creg_transfer_instance(work, names->items[i], err);
        if (status != CREG_OK)
            creg_error_prefix(err, "%.*s: ", CREG_SHOW(names->items[i]));
    }
    return status;
}

/* ---- everything else -------------------------------------------------------------------- */

/* Entries of a cut list: subtrees with their '/' taken off, and single keys. */
typedef creg_status (*visit)(creg_transfer *work, creg_slice key, bool is_subtree,
                             creg_error *err);

static creg_status visit_entries(creg_transfer *work, creg_slice top, uint32_t depth,
                                 visit call, creg_error *err)
{
    creg_arena listed;
    creg_arena_init(&listed, CREG_LIMIT_OPERATION_BYTES);
    creg_read read = {.is_list = true, .key = top, .depth = depth, .keys_only = true};
    creg_status status = creg_store_read(work->source->store, &read, 1, &listed, NULL, err);
    for (size_t i = 0; status == CREG_OK && i < read.ret_pairs.size; i++) {
        creg_slice key = read.ret_pairs.items[i].key;
        bool is_subtree = key.data[key.size - 1] == '/';
        key.size -= is_subtree;
        creg_arena_reset(&work->scratch);
        status = creg_transfer_check_cancel(work, err);
        if (status == CREG_OK)
            status = call(work, key, is_subtree, err);
    }
    creg_arena_clear(&listed);
    return status;
}

static creg_status visit_template(creg_transfer *work, creg_slice key, bool is_subtree,
                                  creg_error *err)
{
    if (!creg_transfer_covers(work, key))
        return CREG_OK;
    if (is_subtree && !work->is_verify)
        work->report.templates++;
    creg_status status = creg_transfer_unit(work, key, is_subtree, err);
    if (status != CREG_OK)
        creg_error_prefix(err, "%.*s: ", CREG_SHOW(key));
    return status;
}

static creg_status visit_loose(creg_transfer *work, creg_slice key, bool is_subtree,
                               creg_error *err)
{
    bool is_wanted = !is_subtree && creg_transfer_covers(work, key);
    return is_wanted ? creg_transfer_unit(work, key, false, err) : CREG_OK;
}

static bool is_ours(const creg_transfer *work, creg_slice key)
{
    const creg_slice tops[] = {creg_slice_of("_confreg"), work->source->layout.templates,
                               work->source->layout.instances};
    for (size_t i = 0; i < sizeof tops / sizeof tops[0]; i++)
        if (is_at_or_below(key, tops[i]))
            return true;
    return false;
}

static creg_status visit_top(creg_transfer *work, creg_slice key, bool is_subtree,
                             creg_error *err)
{
    if (!is_subtree)
        return creg_transfer_unit(work, key, false, err);
    return is_ours(work, key) ? CREG_OK : creg_transfer_keys(work, key, err);
}

/* What other programs wrote among the instances, without any book: to be adopted, or not. */
static creg_status copy_foreign(creg_transfer *work, creg_error *err)
{
    creg_arena listed;
    creg_arena_init(&listed, CREG_LIMIT_OPERATION_BYTES);
    creg_names names = {NULL, 0};
    creg_status status = creg_query_unrecorded(work->source, &listed, &names, err);
    for (size_t i = 0; status == CREG_OK && i < names.size; i++) {
        creg_arena_reset(&work->scratch);
        if (!creg_transfer_covers(work, names.items[i]))
            continue;
        status = creg_transfer_unit(work, names.items[i], false, err);
        if (status == CREG_OK)
            status = creg_transfer_keys(work, names.items[i], err);
    }
    creg_arena_clear(&listed);
    return status;
}

static creg_status copy_others(creg_transfer *work, creg_error *err)
{
    if (work->prefix.size == 0)
        return visit_entries(work, creg_slice_make("", 0), 1, visit_top, err);
    if (is_ours(work, work->prefix))
        return CREG_OK;
    creg_arena_reset(&work->scratch);
    creg_status status = creg_transfer_unit(work, work->prefix, false, err);
    return status == CREG_OK ? creg_transfer_keys(work, work->prefix, err) : status;
}

/* ---- the whole -------------------------------------------------------------------------- */

static creg_status go_through(creg_transfer *work, const creg_names *instances, creg_error *err)
{
    const creg_layout *layout = &work->source->layout;
    creg_status status = CREG_OK;
    if (!work->is_verify)
        status = creg_transfer_counters(work, err);
    if (status == CREG_OK)
        status = visit_entries(work, layout->templates, 2, visit_template, err);
    if (status == CREG_OK)
        status = copy_instances(work, instances, err);
    if (status == CREG_OK)
        status = visit_entries(work, layout->instances, LOOSE_DEPTH, visit_loose, err);
    if (status == CREG_OK)
        status = copy_foreign(work, err);
    return status == CREG_OK ? copy_others(work, err) : status;
}

/* Segments of the prefix that may be named below a root: a whole template, a whole instance. */
static creg_status check_prefix(const creg_transfer *work, creg_error *err)
{
    const creg_layout *layout = &work->source->layout;
    creg_slice prefix = work->prefix;
    if (prefix.size > 0 && is_at_or_below(prefix, creg_slice_of("_confreg")))
        return creg_fail(err, CREG_USAGE,
                         "the books are copied with what they are about, not by themselves");
    if (prefix.size > 0 && is_at_or_below(prefix, layout->instances) &&
        creg_dn_segment(prefix, 5).size > 0)
        return creg_fail(err, CREG_USAGE, "'%.*s' lies inside an instance: copy it as a whole",
                         CREG_SHOW(prefix));
    if (prefix.size > 0 && is_at_or_below(prefix, layout->templates) &&
        creg_dn_segment(prefix, 3).size > 0)
        return creg_fail(err, CREG_USAGE,
                         "'%.*s' lies inside a service template: copy it as a whole",
                         CREG_SHOW(prefix));
    return CREG_OK;
}

static creg_status check_layouts(const creg_transfer *work, creg_error *err)
{
    if (!creg_slice_equal(work->source->layout.instances, work->destination->layout.instances))
        return creg_fail(err, CREG_USAGE, "the two stores have different layouts");
    if (work->source->shows_all || work->destination->shows_all)
        return creg_fail(err, CREG_USAGE,
                         "visibility=all shows what nobody has committed; "
                         "leave it out to copy");
    return CREG_OK;
}

static creg_status finish_digest(creg_transfer *work, const creg_digest *digest,
                                 creg_slice *ret_text, creg_error *err)
{
    char text[CREG_DIGEST_SIZE];
    creg_digest_finish(digest, text);
    *ret_text = creg_arena_copy(work->arena, creg_slice_of(text));
    return ret_text->data == NULL ? creg_fail_arena(err, work->arena) : CREG_OK;
}

static creg_status verify(creg_transfer *work, const creg_names *instances, creg_error *err)
{
    work->is_verify = true;
    creg_digest_begin(&work->source_digest);
    creg_digest_begin(&work->destination_digest);
    creg_status status = go_through(work, instances, err);
    if (status == CREG_OK)
        status = finish_digest(work, &work->source_digest, &work->report.source_digest, err);
    if (status == CREG_OK)
        status = finish_digest(work, &work->destination_digest,
                               &work->report.destination_digest, err);
    return status;
}

static creg_status copy_all(creg_transfer *work, creg_error *err)
{
    creg_names instances = {NULL, 0};
    creg_report swept;
    creg_status status = CREG_OK;
    /* What a killed copy left in the destination must not be in the way of this one. */
    if (!work->options->dry_run)
        status = creg_sweep(work->destination, &work->scratch, &swept, err);
    if (status == CREG_OK)
        status = list_instances(work, &instances, err);
    if (status == CREG_OK)
        status = go_through(work, &instances, err);
    if (status == CREG_OK && work->options->verify && !work->options->dry_run)
        status = verify(work, &instances, err);
    return status;
}

creg_status creg_store_copy(creg_registry *source, creg_registry *destination,
                            const creg_transfer_options *options, creg_arena *arena,
                            creg_transfer_report *ret_report, creg_error *err)
{
    static const creg_transfer_options defaults = {.prefix = {NULL, 0}};
    creg_transfer work = {.source = source,
                          .destination = destination,
                          .options = options == NULL ? &defaults : options,
                          .arena = arena};
    work.report.source_digest = work.report.destination_digest = creg_slice_make("", 0);
    work.prefix = work.options->prefix;
    while (work.prefix.size > 0 && work.prefix.data[work.prefix.size - 1] == '/')
        work.prefix.size--;
    creg_status status = check_layouts(&work, err);
    if (status == CREG_OK)
        status = check_prefix(&work, err);
    if (status != CREG_OK)
        return status;
    creg_arena_init(&work.scratch, CREG_LIMIT_OPERATION_BYTES);
    status = copy_all(&work, err);
    creg_arena_clear(&work.scratch);
    *ret_report = work.report;
    return status;
}
