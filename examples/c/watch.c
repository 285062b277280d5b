/* SPDX-License-Identifier: MIT */
/*
 * Follow what happens to the instances of a registry: what is there, then each that comes or
 * goes. A program of its own would sit in the loop; here the same program makes one come and go.
 *
 *     cc watch.c $(pkg-config --cflags --libs confreg) && ./a.out lmdb:/tmp/confreg-watch
 */
#include <stdio.h>

#include <confreg/confreg.h>

/* Print events up to the first of this kind, for two seconds each at most. */
static creg_status print_until(creg_watch *watch, creg_event_kind last, creg_error *err)
{
    creg_event event;
    do {
        creg_arena arena; /* one event at a time */
        creg_arena_init(&arena, (size_t)1024 * 1024);
        creg_status status = creg_watch_next(watch, 2000, &arena, &event, err);
        if (status == CREG_OK)
            printf("%s %.*s\n", creg_event_kind_text(event.kind), (int)event.dn.size,
                   event.dn.data);
        creg_arena_clear(&arena);
        if (status != CREG_OK)
            return status;
    } while (event.kind != last);
    return CREG_OK;
}

static creg_status come_and_go(creg_registry *registry, creg_watch *watch, creg_arena *arena,
                               creg_error *err)
{
    creg_template shop = {0};
    shop.name = creg_slice_of("webshop");
    shop.version = creg_slice_of("1.0");
    shop.body = creg_slice_of("{\"status\": \"registered\"}");
    creg_instance_spec spec = {0};
    spec.user = creg_slice_of("jlopez");
    spec.name = shop.name;
    spec.version = shop.version;
    creg_map *none = creg_map_new(arena, 0);
    if (none == NULL)
        return CREG_NO_MEMORY;
    spec.options = creg_value_map(none);
    creg_instance instance;

    creg_status status = creg_template_register(registry, &shop, true, err);
    if (status == CREG_OK)
        status = creg_instantiate(registry, &spec, arena, &instance, err);
    if (status == CREG_OK)
        status = print_until(watch, CREG_EVENT_CREATED, err);
    if (status == CREG_OK)
        status = creg_deinstantiate(registry, instance.dn, err);
    if (status == CREG_OK)
        status = print_until(watch, CREG_EVENT_REMOVED, err);
    return status;
}

int main(int argc, char **argv)
{
    creg_arena arena;
    creg_arena_init(&arena, (size_t)64 * 1024 * 1024);
    creg_error err;
    creg_registry *registry = NULL;
    creg_watch *watch = NULL;
    creg_watch_options options = {0};
    options.scope = CREG_WATCH_INSTANCES;
    options.with_snapshot = true;

    creg_status status = creg_open(argc > 1 ? argv[1] : "memory:", NULL, &registry, &err);
    if (status == CREG_OK)
        status = creg_watch_open(registry, creg_slice_of(""), &options, &watch, &err);
    if (status == CREG_OK)
        status = print_until(watch, CREG_EVENT_SNAPSHOT_END, &err);
    if (status == CREG_OK)
        status = come_and_go(registry, watch, &arena, &err);
    if (status != CREG_OK)
        fprintf(stderr, "watch: %s: %s\n", creg_status_text(status), err.message);
    creg_watch_close(watch);
    creg_close(registry);
    creg_arena_clear(&arena);
    return creg_status_exit_code(status);
}
