/* SPDX-License-Identifier: MIT */
/*
 * A consumer of events.
 */
#include "watching.h"

#include <time.h>

uint64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void mirror_init(mirror *copy)
{
    *copy = (mirror){0};
    creg_arena_init(&copy->arena, (size_t)1 << 30);
}

void mirror_clear(mirror *copy)
{
    creg_arena_clear(&copy->arena);
}

static size_t find(const mirror *copy, creg_slice key)
{
    size_t at = 0;
    while (at < copy->size && !creg_slice_equal(copy->items[at].key, key))
        at++;
    return at;
}

static void put(mirror *copy, creg_slice key, creg_slice value)
{
    size_t at = find(copy, key);
    if (at == copy->room) {
        size_t room = copy->room == 0 ? 64 : 2 * copy->room;
        copy->items =
            creg_arena_grow(&copy->arena, copy->items, copy->room * sizeof *copy->items,
                            room * sizeof *copy->items);
        assert_non_null(copy->items);
        copy->room = room;
    }
    if (at == copy->size) {
        copy->items[at].key = creg_arena_copy(&copy->arena, key);
        copy->size++;
    }
    copy->items[at].value = creg_arena_copy(&copy->arena, value);
}

static void check_old(const mirror *copy, const creg_event *event, creg_slice key)
{
    size_t at = find(copy, key);
    bool had = at < copy->size;
    if (event->kind == CREG_EVENT_PUT && had == event->was_absent)
        fail_msg("PUT of %.*s says that it was %s", SHOW(key), had ? "absent" : "there");
    if (event->kind == CREG_EVENT_DELETE && !had)
        fail_msg("DELETE of %.*s, which is not there", SHOW(key));
    if (had && !creg_slice_equal(copy->items[at].value, event->old_value))
        fail_msg("%.*s was '%.*s', not '%.*s'", SHOW(key), SHOW(copy->items[at].value),
                 SHOW(event->old_value));
}

void mirror_take(mirror *copy, const creg_event *event)
{
    creg_slice key = event->path.size > 0 ? event->path : event->dn;
    copy->events[event->kind]++;
    switch (event->kind) {
    case CREG_EVENT_PUT:
        check_old(copy, event, key);
        put(copy, key, event->value);
        break;
    case CREG_EVENT_SNAPSHOT:
    case CREG_EVENT_CREATED:
        put(copy, key, event->value);
        break;
    case CREG_EVENT_DELETE:
    case CREG_EVENT_REMOVED: {
        if (event->kind == CREG_EVENT_DELETE)
            check_old(copy, event, key);
        size_t at = find(copy, key);
        if (at < copy->size)
            copy->items[at] = copy->items[--copy->size];
        break;
    }
    case CREG_EVENT_SNAPSHOT_END:
    case CREG_EVENT_RESYNC:
        break;
    }
}

size_t mirror_drain(mirror *copy, creg_watch *watch, uint32_t quiet_ms)
{
    for (size_t count = 0;; count++) {
        creg_event event;
        creg_status status = creg_watch_next(watch, quiet_ms, &arena, &event, &err);
        if (status == CREG_TIMEOUT || status == CREG_UNAVAILABLE)
            return count; /* ZooKeeper under load may not hold still for so long */
        ok(status);
        mirror_take(copy, &event);
    }
}

creg_pairs mirror_pairs(const mirror *copy)
{
    return (creg_pairs){copy->items, copy->size};
}

void mirror_check_keys(const mirror *copy, const char *prefix)
{
    creg_pairs pairs;
    ok(creg_store_list(creg_registry_store(registry), S(prefix), &arena, &pairs, &err));
    for (size_t i = 0; i < pairs.size; i++) {
        size_t at = find(copy, pairs.items[i].key);
        if (at == copy->size)
            fail_msg("%.*s is missing", SHOW(pairs.items[i].key));
        if (!creg_slice_equal(copy->items[at].value, pairs.items[i].value))
            fail_msg("%.*s is '%.*s', not '%.*s'", SHOW(pairs.items[i].key),
                     SHOW(copy->items[at].value), SHOW(pairs.items[i].value));
    }
    assert_int_equal(copy->size, pairs.size);
}

const char *mirror_value(const mirror *copy, const char *path)
{
    size_t at = find(copy, S(path));
    return at == copy->size ? "(none)" : copy->items[at].value.data;
}

const char *next_line(creg_watch *watch, uint32_t timeout_ms)
{
    creg_event event;
    enum { LINE = 4096 };
    char *line = creg_arena_alloc(&arena, LINE);
    creg_status status = creg_watch_next(watch, timeout_ms, &arena, &event, &err);
    if (status != CREG_OK) {
        snprintf(line, LINE, "(%s)", creg_status_name(status));
        return line;
    }
    const char *kind = creg_event_kind_text(event.kind);
    creg_slice name = event.path.size > 0 ? event.path : event.dn;
    if (event.kind == CREG_EVENT_PUT && !event.was_absent)
        snprintf(line, LINE, "%s %.*s=%.*s (was %.*s)", kind, SHOW(name), SHOW(event.value),
                 SHOW(event.old_value));
    else if (event.kind == CREG_EVENT_PUT || event.kind == CREG_EVENT_SNAPSHOT)
        snprintf(line, LINE, "%s %.*s=%.*s", kind, SHOW(name), SHOW(event.value));
    else if (event.kind == CREG_EVENT_SNAPSHOT_END || event.kind == CREG_EVENT_RESYNC)
        snprintf(line, LINE, "%s", kind);
    else
        snprintf(line, LINE, "%s %.*s", kind, SHOW(name));
    return line;
}

creg_watch *given_watch(const char *target, creg_watch_scope scope, bool with_snapshot)
{
    creg_watch_options options = {.scope = scope, .with_snapshot = with_snapshot};
    creg_watch *watch = NULL;
    ok(creg_watch_open(registry, S(target), &options, &watch, &err));
    return watch;
}
