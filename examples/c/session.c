/* SPDX-License-Identifier: MIT */
/*
 * The whole job from C: register a service template, instantiate it, read and change a
 * property, copy a node, remove the instance. Ends with 0, or says what failed.
 *
 *     cc session.c $(pkg-config --cflags --libs confreg) && ./a.out lmdb:/tmp/confreg-session
 */
#include <stdio.h>

#include <confreg/confreg.h>

static const char body[] = "{\"status\": \"registered\","
                           " \"nodes\": {"
                           "  {% for n in range(opts['nodes']) %}"
                           "   \"web{{ n }}\": {\"name\": \"web{{ n }}\", \"status\": \"_\","
                           "                  \"port\": {{ opts['port'] }}}"
                           "   {{- ',' if not loop.last }}"
                           "  {% endfor %}}}";
static const char options[] = "{\"required\": {\"nodes\": 1}, \"optional\": {\"port\": 8080}}";

static creg_status register_template(creg_registry *registry, creg_error *err)
{
    creg_template shop = {0};
    shop.name = creg_slice_of("webshop");
    shop.version = creg_slice_of("1.0");
    shop.body = creg_slice_of(body);
    shop.options = creg_slice_of(options);
    return creg_template_register(registry, &shop, true, err);
}

static creg_status instantiate(creg_registry *registry, creg_arena *arena,
                               creg_instance *ret_instance, creg_error *err)
{
    creg_map *given = creg_map_new(arena, 1);
    if (given == NULL ||
        !creg_map_set_text(arena, given, creg_slice_of("nodes"), creg_value_int(3)))
        return CREG_NO_MEMORY;
    creg_instance_spec spec = {0};
    spec.user = creg_slice_of("jlopez");
    spec.name = creg_slice_of("webshop");
    spec.version = creg_slice_of("1.0");
    spec.options = creg_value_map(given);
    return creg_instantiate(registry, &spec, arena, ret_instance, err);
}

/* Set a property and read it back; then make one node more, as a copy. */
static creg_status change(creg_registry *registry, creg_slice dn, creg_arena *arena,
                          creg_error *err)
{
    creg_slice path = creg_slice_of("nodes/web0/status");
    const creg_property running = {path, creg_slice_of("running")};
    creg_status status = creg_set(registry, dn, &running, 1, NULL, err);
    if (status != CREG_OK)
        return status;

    creg_slice value;
    status = creg_get(registry, dn, path, arena, &value, NULL, err);
    if (status != CREG_OK)
        return status;
    printf("%.*s is %.*s\n", (int)path.size, path.data, (int)value.size, value.data);

    char from[256], to[256];
    snprintf(from, sizeof from, "%.*s/nodes/web0", (int)dn.size, dn.data);
    snprintf(to, sizeof to, "%.*s/nodes/web3", (int)dn.size, dn.data);
    const creg_copy_options plain = {0};
    return creg_copy(registry, creg_slice_of(from), creg_slice_of(to), &plain, NULL, err);
}

static creg_status print_nodes(creg_registry *registry, creg_slice dn, creg_arena *arena,
                               creg_error *err)
{
    creg_names nodes;
    creg_status status = creg_parts(registry, dn, CREG_PART_NODES, arena, &nodes, err);
    if (status != CREG_OK)
        return status;
    for (size_t at = 0; at < nodes.size; at++)
        printf("%.*s\n", (int)nodes.items[at].size, nodes.items[at].data);
    return CREG_OK;
}

int main(int argc, char **argv)
{
    creg_arena arena; /* everything that the calls below give us lives here */
    creg_arena_init(&arena, (size_t)256 * 1024 * 1024);
    creg_error err;
    creg_registry *registry = NULL;
    creg_instance instance = {0};

    creg_status status = creg_open(argc > 1 ? argv[1] : "memory:", NULL, &registry, &err);
    if (status != CREG_OK)
        goto done;
    status = register_template(registry, &err);
    if (status != CREG_OK)
        goto done;
    status = instantiate(registry, &arena, &instance, &err);
    if (status != CREG_OK)
        goto done;
    printf("%.*s has %zu keys\n", (int)instance.dn.size, instance.dn.data, instance.key_count);
    status = change(registry, instance.dn, &arena, &err);
    if (status == CREG_OK)
        status = print_nodes(registry, instance.dn, &arena, &err);
    if (status == CREG_OK)
        status = creg_deinstantiate(registry, instance.dn, &err);
done:
    if (status != CREG_OK)
        fprintf(stderr, "session: %s: %s\n", creg_status_text(status), err.message);
    creg_close(registry);
    creg_arena_clear(&arena);
    return creg_status_exit_code(status);
}
