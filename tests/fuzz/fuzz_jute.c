/* SPDX-License-Identifier: MIT */
/*
 * ZooKeeper's answer to many reads at once, as our own connection takes it apart.
 *
 * The first byte says what was asked and of how many znodes. Whatever comes, no name has a '/',
 * no node has more children than it has room for, and the packet is never left. The reader has no
 * entry of its own, so its file is part of this one.
 */
#include "store/drivers/zookeeper_bulk.c"

#include "fuzz.h"

enum { NODES = 4 };

static void check_node(const creg_zookeeper_node *node)
{
    for (size_t i = 0; i < node->child_count; i++)
        MUST(node->children[i][0] != '\0' && strchr(node->children[i], '/') == NULL);
    if (node->data_code == ZOK && node->has_data)
        MUST(node->stat.dataLength >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    creg_arena arena;
    creg_arena_init(&arena, FUZZ_MEMORY);
    creg_driver_state state = {.timeout_ms = 1};
    creg_zookeeper_batch batch;
    creg_zookeeper_batch_init(&batch, &state, &arena);
    creg_wire_in in = {.bytes = (const char *)data + 1, .size = size - 1};
    creg_zookeeper_node nodes[NODES] = {0};
    for (size_t i = 0; i < NODES && !in.failed; i++) {
        nodes[i].batch = &batch;
        nodes[i].path = "/a/b";
        take_read(&in, &nodes[i], (data[0] & 1) != 0, (data[0] & 2) != 0);
        if (!in.failed)
            check_node(&nodes[i]);
    }
    MUST(in.size <= size - 1);
    creg_zookeeper_batch_clear(&batch);
    creg_arena_clear(&arena);
    return 0;
}
