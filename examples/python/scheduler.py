#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Schedulers that share the disks of some hosts, and never give one away twice.

    scheduler.py STORE-URL [SCHEDULERS]

A disk is a key in the store: free, or the DN of the node that has it. A scheduler takes one by
compare-and-set: when two reach for the same disk, one of them gets ConflictError and looks for
another. `step` counts the nodes that are placed, atomically.
"""
import sys
import threading

import confreg

BODY = """{
  "status": "registered", "step": 0,
  "nodes": { {%- for n in range(opts['nodes']) %}
    {{ "," if not loop.first }}
    "node{{ n }}": {"name": "node{{ n }}", "status": "_", "host": "_",
                    "disks": {"disk1": {"name": "disk1", "origin": "_", "destination": "/data"}}}
    {%- endfor %} }
}"""
OPTIONS = {"required": {"nodes": 2}, "optional": {}, "advanced": {}}
HOSTS, DISKS = 4, 6


def add_hosts(reg):
    """The machines that there are, in keys of our own beside the registry's."""
    with reg.kv.transaction() as transaction:
        for host in range(HOSTS):
            for disk in range(DISKS):
                transaction.put(f"pool/host{host}/sd{disk}", "free")


def take_disk(reg, owner):
    """One free disk, ours alone: (host, disk)."""
    while True:
        free = [pair for pair in reg.kv.pairs("pool") if pair.value == "free"]
        if not free:
            raise RuntimeError("no disk is left")
        pair = free[hash(owner) % len(free)]
        try:
            reg.kv.put(pair.key, owner, expected=pair.version)
        except confreg.ConflictError:
            continue  # somebody else was faster: look again
        return pair.key.split("/")[1:]


def schedule(reg, cluster):
    """Place each node of a cluster."""
    for node in cluster.nodes:
        host, disk = take_disk(reg, node.dn)
        node.disks[0].origin = f"/dev/{disk}"
        node.update(host=host, status="queued")
        cluster.increment("step")
    cluster.status = "scheduled"


def main():
    url = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    with confreg.open(url) as reg:
        add_hosts(reg)
        reg.register("batch", "1.0", BODY, OPTIONS)
        clusters = [reg.instantiate("jlopez", "batch", "1.0", {"nodes": 5})
                    for _ in range(count)]
        threads = [threading.Thread(target=schedule, args=(reg, cluster)) for cluster in clusters]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        owners = [pair.value for pair in reg.kv.pairs("pool") if pair.value != "free"]
        for cluster in clusters:
            print(cluster.dn, cluster.status, cluster.get_int("step"))
        print(len(owners), "disks for", len(set(owners)), "nodes")


if __name__ == "__main__":
    main()
